package fidelity

import "slices"

// scalekit is what is known of Scalekit environments. The numbers of the sections are the ledger's own.
func scalekit() Ledger {
	return Ledger{Service: "Scalekit", Sections: slices.Concat(scalekitEnvironment(), scalekitAuthorize(), scalekitTokens())}
}

// Sources that many entries have.
const (
	sErrors     = "Scalekit documentation, SSO integration errors"
	sAuthz      = "Scalekit documentation, authorization URL"
	sClaims     = "Scalekit documentation, ID token claims"
	sDomains    = "Scalekit documentation, organization domains"
	sRedirects  = "Scalekit documentation, redirects"
	sSim        = "Scalekit documentation, IdP simulator"
	sSDK        = "the vendor's SDKs for Node and Go"
	sTokens     = "two published sign-ins with their tokens"
	sOP         = "zitadel/oidc, on which the service seems to run"
	sIdPInit    = "Scalekit documentation, IdP-initiated SSO"
	sLogin      = "Scalekit documentation, full-stack login"
	sLogout     = "Scalekit documentation, full-stack logout"
	sM2M        = "Scalekit documentation, machine clients"
	sAttributes = "Scalekit documentation, SSO user attributes"
	sCustom     = "Scalekit documentation, custom domain"
	sShots      = "published screenshots"
	sSession    = "Scalekit documentation, claims of session tokens"
	sCognito    = "Scalekit documentation, AWS Cognito guide"
)

func scalekitEnvironment() []Section {
	return []Section{{ID: "SK-1.1", Title: "hosts", Entries: []Entry{
		{"SK-1.1-01", Yes, Documented, "An environment is https://<name>.scalekit.dev or .com, and its issuer that URL without path and slash", sCognito, "", tests(".:TestVendorNames")},
		{"SK-1.1-02", Yes, Documented, "A production environment may have a custom domain, which then is the issuer; connections made before keep the old host", sCustom, "", tests("mockscalekit:TestEnvironmentsByHost")},
		{"SK-1.1-03", Yes, Observed, "The IdP simulator has a host of its own, shared by environments: oidc.scalekit.dev", sShots, "", tests(".:TestVendorNames")},
		{"SK-1.1-04", No, Documented, "app.scalekit.com is the dashboard", sCognito, "the lab file, the control API and the management API set an environment up", nil},
	}}, {ID: "SK-1.2", Title: "identifiers", Entries: []Entry{
		{"SK-1.2-01", Yes, Observed, "An id is a prefix, _ and a decimal Sonyflake of centiseconds since 2024", "five documented ids with their times", "", tests("mockscalekit/internal/directory:TestAnIDTellsWhenItWasMade")},
		{"SK-1.2-02", Yes, Documented, "Prefixes: env, org, conn, skc or prd_skc, usr, ses, tkn, req, snk, dom, sks, m2morg", sSDK, "", tests("mockscalekit:TestTokensExactly", "mockscalekit/internal/directory:TestCreateFillsIn")},
		{"SK-1.2-03", Yes, Documented, "Client secrets of development begin with test_", sAuthz, "", tests(".:TestVariablesAreTheContract")},
	}}, {ID: "SK-1.3", Title: "endpoints", Entries: []Entry{
		{"SK-1.3-01", Yes, Documented, "/.well-known/openid-configuration, /oauth/authorize, /oauth/token, /userinfo, /keys, /oidc/logout", sClaims, "", tests("mockscalekit:TestDocuments", "internal/badinput:TestEveryEndpoint")},
		{"SK-1.3-02", Yes, Inferred, "/.well-known/oauth-authorization-server is the same document", "the metadata of MCP resources", "", tests("mockscalekit:TestDocuments")},
		{"SK-1.3-03", Yes, Documented, "A connection's callback at an OpenID provider is /sso/v1/oidc/{connection}/callback", sSDK, "", tests("mockscalekit:TestCallbackIsBound")},
		{"SK-1.3-04", Yes, Documented, "/sso/v1/oidc/{connection}/test tests a connection", sSDK, "", tests("mockscalekit:TestConnectionTest", "mockscalekit:TestSAMLElsewhere")},
		{"SK-1.3-05", Yes, Documented, "/sso/v1/oidc/{connection}/logout/callback and …/backchannel-logout", sSDK, "", tests("mockscalekit:TestIdPLogout", "mockscalekit:TestBackChannelLogoutIsChecked")},
		{"SK-1.3-06", Yes, Documented, "/sso/v1/saml/{connection} is entity id and metadata of the service provider", sSDK, "", tests("mockscalekit:TestSAMLRefusals", "mockscalekit:TestSAMLSettings")},
		{"SK-1.3-07", Yes, Unknown, "The assertion consumer service is /sso/v1/saml/{connection}/callback; a switch makes it the entity id", "", "", tests("mockscalekit:TestSAMLSettings")},
		{"SK-1.3-08", No, Documented, "/sso/v1/saml/{connection}/slo/callback", sSDK, "SAML single logout is not modelled", nil},
		{"SK-1.3-09", Yes, Inferred, "/oauth/introspect and /revoke exist; a switch serves them", sOP, "", tests("mockscalekit:TestUnknownsAreSwitches/scalekit-introspection")},
		{"SK-1.3-10", Yes, Documented, "/a/auth/signup is the hosted sign-up", sLogin, "", tests("mockscalekit:TestHostedSignUp")},
		{"SK-1.3-11", No, Documented, "/ui/ serves hosted widgets, /resources/… MCP", "Scalekit documentation, MCP", "neither is part of a sign-in", nil},
	}}, {ID: "SK-1.4", Title: "discovery and keys", Entries: []Entry{
		{"SK-1.4-01", Yes, Inferred, "The document has the members of the service's OpenID library in its order", sOP, "", tests("mockscalekit:TestDocuments")},
		{"SK-1.4-02", Yes, Documented, "The environment's document has no registration_endpoint", "Scalekit documentation, MCP", "", tests("mockscalekit:TestDocuments")},
		{"SK-1.4-03", Yes, Observed, "A key is {use, kty, kid, alg, n, e} in that order, RSA of 2048 bits, RS256, kid snk_…", "a published key set", "", tests("mockscalekit:TestDocuments")},
		{"SK-1.4-04", Yes, Observed, "The header of every token is {\"alg\":\"RS256\",\"kid\":\"snk_…\",\"typ\":\"JWT\"}", sTokens, "", tests("mockscalekit:TestTokensExactly")},
	}}}
}
