package mockcognito

import "github.com/ssolab/ssolab/internal/quirk"

const (
	quirkUnrequestedNonce  = "unrequested-nonce"
	quirkStringBooleans    = "userinfo-string-booleans"
	quirkSpecificCode      = "specific-code-in-description"
	quirkLoopbackIssuer    = "allow-loopback-issuer"
	quirkUnwritableSkipped = "unwritable-attributes-skipped"
)

// Quirks are the surprising behaviours of Cognito that have a switch.
func Quirks() []quirk.Quirk {
	return []quirk.Quirk{{
		ID: quirkUnrequestedNonce, Party: "cognito", Default: true,
		Description: "When the app sends no nonce, the ID token of a sign-in that went to an identity provider carries one that Cognito made (128 random bytes, 171 characters); a sign-in by session cookie carries none. Strict clients fail the first and pass the second.",
		Sources:     []string{"nextauthjs/next-auth#3403", "nextauthjs/next-auth#6865", "backstage/backstage#23773", "directus/directus#16563"},
	}, {
		ID: quirkStringBooleans, Party: "cognito", Default: true,
		Description: `userInfo answers email_verified and phone_number_verified as the strings "true" and "false"; in the ID token they are booleans.`,
		Sources:     []string{"Amazon Cognito developer guide, userInfo endpoint", "scalekit-inc/scalekit-cognito-sso"},
	}, {
		ID: quirkSpecificCode, Party: "cognito", Default: true,
		Description: "A scope or flow that the app client may not use is answered with error=invalid_request, and the code that RFC 6749 names stands in error_description.",
		Sources:     []string{"answers of live pools; the developer guide shows the code in error"},
	}, {
		ID: quirkUnwritableSkipped, Party: "cognito", Default: true,
		Description: "A mapped attribute that the app client may not write is left out and the sign-in goes on. Off: the sign-in fails.",
		Sources:     []string{"Amazon Cognito developer guide of 2024 and later, attribute mappings", "the API reference (CreateUserPoolClient, WriteAttributes) says that it throws; which of the two a live pool does was not observed"},
	}, {
		ID: quirkLoopbackIssuer, Party: "cognito", Default: true,
		Description: "Identity providers on a loopback address may speak http and use any port. The real service wants https on port 443 and a public certificate; turn this off to be refused as there.",
		Sources:     []string{"Amazon Cognito developer guide, OIDC identity providers (what the lab departs from)"},
	}}
}
