package fidelity

func cognitoIssuer() []Section {
	return []Section{{ID: "COG-1.1", Title: "hosts and paths", Entries: []Entry{
		{"COG-1.1-01", Yes, Documented, "The issuer is https://cognito-idp.<region>.amazonaws.com/<pool id>, without a slash at its end", gVerify, "", tests(".:TestVendorNames")},
		{"COG-1.1-02", Yes, Documented, "A pool whose issuer is of type UPDATED has https://issuer-cognito-idp.<region>.amazonaws.com/<pool id>", model, "", tests(".:TestPoolsDomainsAndIssuers")},
		{"COG-1.1-03", Yes, Documented, "A prefix domain is https://<prefix>.auth.<region>.amazoncognito.com", gManaged, "", tests(".:TestVendorNames")},
		{"COG-1.1-04", Yes, Observed, "A prefix has 1–63 of a-z, 0-9 and -, not at the ends, and does not contain aws, amazon or cognito", "validators of published templates", "", tests("mockcognito:TestConfigReportsEveryProblem")},
		{"COG-1.1-05", Yes, Documented, "A custom domain serves the same endpoints under a name of the customer's", gManaged, "", tests(".:TestCustomDomain")},
		{"COG-1.1-06", No, Documented, "A custom domain needs a certificate in us-east-1 and is fronted by CloudFront; an account has four in a region", gManaged, "certificates and accounts of AWS are outside of the lab", nil},
		{"COG-1.1-07", Yes, Documented, "A pool id is <region>_<letters and digits>, at most 55 characters", model, "", tests("mockcognito:TestConfigReportsEveryProblem")},
		{"COG-1.1-08", Yes, Documented, "A client id matches [\\w+]+ with at most 128 characters, a secret [\\w+]+ with at most 64", model, "", tests("mockcognito:TestConfigReportsEveryProblem")},
		{"COG-1.1-09", Yes, Observed, "Discovery and keys are under the issuer only, the OAuth endpoints and pages on the domain only", "probe of a live domain", "", tests(".:TestVendorNames")},
		{"COG-1.1-10", Yes, Documented, "The domain serves /oauth2/authorize, /login, /logout, /oauth2/token, /oauth2/userInfo, /oauth2/revoke, /oauth2/idpresponse and /error", "guide, user pool endpoints", "", tests("internal/badinput:TestEveryEndpoint")},
		{"COG-1.1-11", Yes, Documented, "/authorize is the same as /oauth2/authorize", gAuthorize, "", tests("mockcognito:TestEndpoints/bare_authorize")},
		{"COG-1.1-12", Yes, Observed, "The login page is /login; there is no /oauth2/login, which the guide writes in places", "answers of live pools", "", tests("mockcognito:TestEndpoints/no_oauth2_login")},
		{"COG-1.1-13", No, Documented, "/saml2/idpresponse and /saml2/logout serve SAML providers", "guide, user pool endpoints", noSAML, nil},
		{"COG-1.1-14", No, Documented, "A new domain, a changed provider or branding takes up to 60 s, 5 min, 1 min or 4 min to be seen", gManaged + "; " + gFederation, "settings of a lab are in force at once, so that tests need not wait; discovery of a provider is kept for a minute", nil},
	}}, {ID: "COG-1.2", Title: "discovery document", Entries: []Entry{
		{"COG-1.2-01", Yes, Observed, "It is compact JSON with its members in alphabetical order", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-02", Yes, Observed, "authorization_endpoint, token_endpoint and userinfo_endpoint are on the domain, issuer and jwks_uri on the issuer's host", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-03", Yes, Observed, "response_types_supported is [code, token], subject_types_supported [public], id_token_signing_alg_values_supported [RS256]", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-04", Yes, Observed, "scopes_supported is [openid, email, phone, profile] in every pool, whatever the app client may ask for", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-05", Yes, Observed, "token_endpoint_auth_methods_supported is [client_secret_basic, client_secret_post]", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-06", Yes, Reported, "end_session_endpoint is /logout and revocation_endpoint /oauth2/revoke on the domain", "several projects", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-07", Yes, Observed, "code_challenge_methods_supported, grant_types_supported, claims_supported, introspection_endpoint and prompt_values_supported are absent, though S256 works", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys", "conformance/checks:TestHealthyLab")},
		{"COG-1.2-08", Yes, Observed, "Custom scopes and aws.cognito.signin.user.admin are not advertised", "a published document", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.2-09", Yes, Unknown, "Of several domains the prefix domain is advertised", "", "", tests(".:TestCustomDomain")},
		{"COG-1.2-10", No, Unknown, "What a pool without a domain advertises", "", "every pool of a lab has a domain", nil},
	}}, {ID: "COG-1.3", Title: "keys", Entries: []Entry{
		{"COG-1.3-01", Yes, Observed, "The JWK Set has exactly two RSA keys", "five published sets; " + gVerify, "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.3-02", Yes, Observed, "A key has alg, e, kid, kty, n, use in that order, and no x5c or x5t", "five published sets", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.3-03", Yes, Observed, "kid is the standard base64 of 32 bytes: 44 characters with / and + among them, = at the end", "five published sets", "", tests("mockcognito:TestDiscoveryAndKeys")},
		{"COG-1.3-04", Yes, Observed, "ID tokens and access tokens are signed by different keys", dump + "; " + gAccess, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-1.3-05", Yes, Observed, "The keys have 2048 bits", dump, "", tests("mockcognito:TestKeysAndCaching")},
		{"COG-1.3-06", Yes, Unknown, "Discovery and keys carry no cache headers", "", "", tests("mockcognito:TestKeysAndCaching")},
	}}}
}
