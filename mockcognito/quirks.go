package mockcognito

import "github.com/ssolab/ssolab/internal/quirk"

const (
	quirkUnrequestedNonce  = "unrequested-nonce"
	quirkStringBooleans    = "userinfo-string-booleans"
	quirkSpecificCode      = "specific-code-in-description"
	quirkLoopbackIssuer    = "allow-loopback-issuer"
	quirkUnwritableSkipped = "unwritable-attributes-skipped"
	quirkUUIDCodes         = "uuid-codes"
	quirkPKCENotAdvertised = "pkce-not-advertised"
	quirkOpenIDShowsAll    = "openid-shows-all"
	quirkOwnLogout         = "own-logout-parameters"
	quirkReuseRevokesNone  = "code-reuse-revokes-nothing"
	quirkInvalidClient400  = "invalid-client-status-400"
	quirkBareChallenge     = "userinfo-challenge-without-scheme"
	quirkUserInfoGetOnly   = "userinfo-get-only"
	quirkMaxAgeIgnored     = "max-age-ignored"
	quirkNoScopeInResponse = "token-response-without-scope"
	quirkFailureConsumes   = "failed-exchange-consumes-code"
	quirkUnverifiedEmail   = "email-unverified-by-default"
	quirkJustLinked        = "just-linked-identity-refused"
)

const core = "OpenID Connect Core 1.0 section "

// Quirks are the surprising behaviours of Cognito that have a switch.
func Quirks() []quirk.Quirk {
	return append(standardQuirks(), []quirk.Quirk{{
		ID: quirkFailureConsumes, Party: "cognito", Default: true,
		Description: "An exchange with another redirect_uri, client or code_verifier uses the code up, so that a corrected request fails too. Off: the code stays good until it is exchanged. Unverified.",
		Sources:     []string{"not observed of live pools; the strict reading of RFC 6749 section 4.1.2"},
	}, {
		ID: quirkUnverifiedEmail, Party: "cognito", Default: true,
		Description: "A federated user has email_verified false until a mapped claim says otherwise, whatever the provider said in a claim that is not mapped. Off: the attribute is there only if it is mapped.",
		Sources:     []string{"Amazon Cognito developer guide, attribute mappings", "measured trigger events, which show \"false\" as a placeholder"},
	}, {
		ID: quirkUnwritableSkipped, Party: "cognito", Default: true,
		Description: "A mapped attribute that the app client may not write is left out and the sign-in goes on. Off: the sign-in fails.",
		Sources:     []string{"Amazon Cognito developer guide of 2024 and later, attribute mappings", "the API reference (CreateUserPoolClient, WriteAttributes) says that it throws; which of the two a live pool does was not observed"},
	}, {
		ID: quirkJustLinked, Party: "cognito", Default: false,
		Description: "An identity that the pre sign-up function links to a profile (AdminLinkProviderForUser) during its first sign-in is refused with “Already found an entry for username …”; the next sign-in succeeds. Off: the sign-in goes on as the profile. It was seen for years, and a measurement of September 2026 did not see it.",
		Sources:     []string{"four published error descriptions of live pools", "a live measurement of 2026-09, which did not reproduce it"},
	}, {
		ID: quirkLoopbackIssuer, Party: "cognito", Default: true,
		Description: "Identity providers on a loopback address may speak http and use any port. The real service wants https on port 443 and a public certificate; turn this off to be refused as there.",
		Sources:     []string{"Amazon Cognito developer guide, OIDC identity providers (what the lab departs from)"},
	}}...)
}

// standardQuirks are those that depart from a standard.
func standardQuirks() []quirk.Quirk {
	return []quirk.Quirk{{
		ID: quirkUnrequestedNonce, Party: "cognito", Default: true, Breaks: core + "3.1.3.7",
		Description: "When the app sends no nonce, the ID token of a sign-in that went to an identity provider carries one that Cognito made (128 random bytes, 171 characters); a sign-in by session cookie carries none. Strict clients fail the first and pass the second.",
		Sources:     []string{"nextauthjs/next-auth#3403", "nextauthjs/next-auth#6865", "backstage/backstage#23773", "directus/directus#16563"},
	}, {
		ID: quirkStringBooleans, Party: "cognito", Default: true, Breaks: core + "5.1",
		Description: `userInfo answers email_verified and phone_number_verified as the strings "true" and "false"; in the ID token they are booleans.`,
		Sources:     []string{"Amazon Cognito developer guide, userInfo endpoint", "scalekit-inc/scalekit-cognito-sso"},
	}, {
		ID: quirkSpecificCode, Party: "cognito", Default: true, Breaks: "RFC 6749 section 4.1.2.1",
		Description: "A scope or flow that the app client may not use is answered with error=invalid_request, and the code that RFC 6749 names stands in error_description.",
		Sources:     []string{"answers of live pools; the developer guide shows the code in error"},
	}, {
		ID: quirkUUIDCodes, Party: "cognito", Default: true, Breaks: "RFC 6749 section 10.10",
		Description: "Authorization codes are UUIDs, of which 122 bits are random; the standard wants 128. Off: 32 random bytes in base64url.",
		Sources:     []string{"Amazon Cognito developer guide, authorization endpoint", "codes in published addresses"},
	}, {
		ID: quirkPKCENotAdvertised, Party: "cognito", Default: true, Breaks: "RFC 8414 section 2",
		Description: "The discovery document has no code_challenge_methods_supported, so that clients which look for it use no PKCE, though S256 works.",
		Sources:     []string{"discovery documents of live pools"},
	}, {
		ID: quirkOpenIDShowsAll, Party: "cognito", Default: true, Breaks: core + "5.4",
		Description: "With the scope openid alone the ID token and userInfo have every attribute that the app client can read. Off: none but sub and the user name.",
		Sources:     []string{"Amazon Cognito developer guide, userInfo endpoint"},
	}, {
		ID: quirkOwnLogout, Party: "cognito", Default: true, Breaks: "OpenID Connect RP-Initiated Logout 1.0 section 2",
		Description: "Sign-out knows client_id and logout_uri, and neither id_token_hint nor post_logout_redirect_uri. Off: those work too, for the client's sign-out URLs.",
		Sources:     []string{"Amazon Cognito developer guide, logout endpoint"},
	}, {
		ID: quirkReuseRevokesNone, Party: "cognito", Default: true, Breaks: "RFC 6749 section 4.1.2",
		Description: "A code that is used again is refused, and the tokens of its first use stay good. Off: they are revoked.",
		Sources:     []string{"Amazon Cognito developer guide, token endpoint, which knows of no such revocation"},
	}, {
		ID: quirkInvalidClient400, Party: "cognito", Default: true, Breaks: "RFC 6749 section 5.2",
		Description: "The token endpoint answers invalid_client with status 400 and without WWW-Authenticate. Off: 401, with a challenge.",
		Sources:     []string{"four published answers of live pools"},
	}, {
		ID: quirkBareChallenge, Party: "cognito", Default: true, Breaks: "RFC 6750 section 3",
		Description: "WWW-Authenticate of userInfo has no word Bearer, and a missing token is answered 400 with an error. Off: the scheme is there, and a missing token is answered 401 without an error.",
		Sources:     []string{"Amazon Cognito developer guide, userInfo endpoint"},
	}, {
		ID: quirkUserInfoGetOnly, Party: "cognito", Default: true, Breaks: core + "5.3.1",
		Description: "userInfo takes GET only. Off: POST too.",
		Sources:     []string{"Amazon Cognito developer guide, userInfo endpoint, which names GET; what POST does was not observed"},
	}, {
		ID: quirkMaxAgeIgnored, Party: "cognito", Default: true, Breaks: core + "3.1.2.1",
		Description: "max_age is not looked at: an older session signs in silently. Off: the person is asked again.",
		Sources:     []string{"Amazon Cognito developer guide, authorization endpoint, which does not know the parameter"},
	}, {
		ID: quirkNoScopeInResponse, Party: "cognito", Default: true, Breaks: "RFC 6749 section 5.1",
		Description: "Token responses have no scope, even when the app asked for none and got all of its client. Off: scope is there.",
		Sources:     []string{"Amazon Cognito developer guide, token endpoint"},
	}}
}
