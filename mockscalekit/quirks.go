package mockscalekit

import "github.com/ssolab/ssolab/internal/quirk"

// Quirks lists the surprising behaviours of this package, and what is not known of the real service, each at its most plausible
// default. The quirk set of the Kit must contain them.
func Quirks() []quirk.Quirk {
	list := []quirk.Quirk{{
		ID: "scalekit-scope-gating", Party: "scalekit", Default: true,
		Description: "The ID token and userinfo carry the e-mail only with scope email and the names and custom attributes only with " +
			"scope profile, so a client that asks for openid alone gets no e-mail. Off: they are always there. Unverified.",
		Sources: []string{"https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims", zitadel},
	}, {
		ID: "idp-random-subject", Party: "idp", Default: false,
		Description: "The IdP simulator gives a person a new random subject at every sign-in, as the real one was seen to do, so every " +
			"sign-in makes another user behind Cognito. Off: the same e-mail at the same connection always has the same subject.",
		Sources: []string{"two published sign-ins of one e-mail at the real simulator, three minutes apart, with different subjects"},
	}, {
		ID: "idp-mfa-one-step", Party: "idp", Default: true,
		Description: "The Okta-like identity provider asks for password and code on one page and fills in those of a known person, so that " +
			"submitting the page as it stands signs in. Off: a password page, then a code page, both empty, as the real one.",
		Sources: []string{"a convenience of this mock"},
	}, {
		ID: "idp-sessions", Party: "idp", Default: true,
		Description: "The identity providers with a character remember who signed in, so that the next sign-in of the browser asks nobody, unless it " +
			"hints at somebody else or wants a new sign-in. Off: they ask each time, as the simulator does.",
		Sources: []string{"https://developer.okta.com/docs/concepts/session/", "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow"},
	}, {
		ID: "simulator-prefill", Party: "idp", Default: true,
		Description: "The simulator's page fills in the person of the login hint, so that submitting it as it stands signs in. Off: the form is empty, as it was seen.",
		Sources:     []string{"a convenience of this mock", "screenshots of the real simulator show an empty form"},
	}, {
		ID: "simulator-own-error-codes", Party: "idp", Default: false,
		Description: "The simulator's scenario Error answers with codes of its own, invalid_credentials and user_not_found. Off: with access_denied. Unverified.",
		Sources:     []string{"not known of the real service"},
	}}
	return append(list, unknowns()...)
}

const zitadel = "https://github.com/zitadel/oidc"

// unknowns are switches over what nobody has published of the real service.
func unknowns() []quirk.Quirk {
	unknown := func(id, description string, sources ...string) quirk.Quirk {
		if len(sources) == 0 {
			sources = []string{"not known of the real service"}
		}
		return quirk.Quirk{ID: id, Party: "scalekit", Description: description + " Unverified.", Sources: sources}
	}
	return []quirk.Quirk{
		unknown("scalekit-introspection", "The environment serves /oauth/introspect and /revoke and names them in its discovery document. Off: they are not there.", zitadel),
		unknown("scalekit-formatted-descriptions", "error_description has the backticks that the documentation's table has. Off: it has none.",
			"https://docs.scalekit.com/sso/reference/sso-integration-errors/"),
		unknown("scalekit-unrouted-selector-error", "In modular mode a login_hint whose domain nobody has is answered with invalid_connection_selector. Off: with domain_not_found.",
			"https://docs.scalekit.com/sso/reference/sso-integration-errors/"),
		unknown("scalekit-plain-errors", "An authorization request with a bad client or redirect URI is answered with a line of plain text. Off: with a page that explains it.", zitadel),
		unknown("scalekit-error-to-bad-redirect", "An unregistered redirect URI is redirected to with invalid_redirect_uri, as the documentation's table can be read. Off: never.",
			"https://docs.scalekit.com/sso/reference/sso-integration-errors/"),
		unknown("scalekit-userinfo-full", "userinfo has the ID token's amr, azp, client_id and sid too. Off: it has sub, oid and what is known of the person."),
		unknown("scalekit-pkce-required", "Every client must use PKCE. Off: only public clients must."),
		unknown("scalekit-pkce-plain", "code_challenge_method plain is taken. Off: S256 only."),
		unknown("scalekit-saml-acs-is-entity", "The assertion consumer service of a connection is its entity id, /sso/v1/saml/{connection}. Off: /sso/v1/saml/{connection}/callback.",
			"https://github.com/scalekit-inc/scalekit-sdk-go"),
		unknown("scalekit-amr-methods", "amr names, after the connection, the methods that the identity provider named. Off: the connection alone."),
		unknown("scalekit-modular-session", "In modular mode too the environment keeps a session, and the next authorization request of the browser for the same connection asks nobody. Off: every request goes to the identity provider."),
		unknown("scalekit-login-required", "prompt=none without a session is answered with login_required, the word of OpenID Connect. Off: with user_login_required.",
			"https://openid.net/specs/openid-connect-core-1_0.html#AuthError"),
		unknown("scalekit-strict-parameters", "A parameter of the authorization request that is not documented fails it with invalid_request. Off: it is ignored."),
		unknown("scalekit-idp-error-replaced", "An error of an identity provider reaches the application as authentication_not_completed. Off: with the identity provider's own code and description."),
	}
}
