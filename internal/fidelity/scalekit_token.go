package fidelity

func scalekitTokens() []Section {
	return []Section{{ID: "SK-4", Title: "token endpoint", Entries: []Entry{
		{"SK-4-01", Yes, Documented, "authorization_code, refresh_token and client_credentials", sSDK, "", tests("mockscalekit:TestTokenErrors", "mockscalekit:TestRefresh", "mockscalekit:TestClientCredentials")},
		{"SK-4-02", No, Documented, "The JWT bearer grant of MCP", "Scalekit documentation, MCP", "no part of a sign-in", nil},
		{"SK-4-03", Yes, Inferred, "Secrets in the body or by HTTP Basic, not both", sOP, "", tests("mockscalekit:TestClientAuthentication")},
		{"SK-4-04", Yes, Observed, "A stale Bearer header beside a client secret is ignored", "the Go SDK's transport", "", tests("mockscalekit:TestClientAuthentication")},
		{"SK-4-05", Yes, Observed, "Modular: {access_token, token_type, expires_in 899, id_token}, no refresh token", sTokens, "", tests("mockscalekit:TestTokensExactly")},
		{"SK-4-06", Yes, Documented, "Full-stack: a refresh token, expires_in 299", sLogin, "", tests("mockscalekit:TestFullStackSSO", "mockscalekit:TestRefresh")},
		{"SK-4-07", Yes, Documented, "client_credentials: expires_in 86399, scope", sM2M, "", tests("mockscalekit:TestClientCredentials")},
		{"SK-4-08", Yes, Inferred, "Errors and their descriptions are those of the OpenID library", sOP, "", tests("mockscalekit:TestTokenErrors")},
		{"SK-4-09", Yes, Inferred, "A wrong secret is 401 invalid_client", sOP, "", tests("mockscalekit:TestTokenErrors")},
	}}, {ID: "SK-5.1", Title: "ID token", Entries: []Entry{
		{"SK-5.1-01", Yes, Observed, "Claims in alphabetical order: amr, at_hash, aud, azp, c_hash, client_id, email, exp, family_name, given_name, iat, iss, oid, preferred_username, sid, sub", sTokens, "", tests("mockscalekit:TestTokensExactly")},
		{"SK-5.1-02", Yes, Observed, "aud is an array", sTokens, "", tests("mockscalekit:TestTokensExactly")},
		{"SK-5.1-03", Yes, Observed, "It lives for 72 h in modular mode, 30 min in full-stack mode", sTokens, "", tests("mockscalekit:TestTokensExactly", "mockscalekit:TestFullStackSSO")},
		{"SK-5.1-04", Yes, Observed, "at_hash and c_hash are those of access token and code", sTokens, "", tests("mockscalekit:TestSignInWithGoOIDC", "conformance/checks:TestHealthyLab")},
		{"SK-5.1-05", Yes, Inferred, "email_verified is left out when false", "no simulator token has it", "", tests("mockscalekit:TestTokensExactly", "mockscalekit:TestEveryIdPSignsIn")},
		{"SK-5.1-06", Yes, Documented, "Other identity providers' subjects follow the connection's id, | and addresses among them", sClaims, "", tests("mockscalekit:TestEveryIdPSignsIn")},
		{"SK-5.1-07", Yes, Unknown, "amr is the connection alone; a switch adds the methods that the identity provider names", "", "", tests("mockscalekit:TestUnknownsAreSwitches/scalekit-amr-methods")},
		{"SK-5.1-08", Yes, Documented, "Full-stack: sub is usr_…, xoid the external id of the organization", sLogin, "", tests("mockscalekit:TestFullStackSSO", "mockscalekit:TestSAMLElsewhere")},
	}}, {ID: "SK-5.3", Title: "access token", Entries: []Entry{
		{"SK-5.3-01", Yes, Observed, "Modular: iss, sub, aud, exp, iat, nbf, client_id, jti in that order, 900 s", sTokens, "", tests("mockscalekit:TestTokensExactly")},
		{"SK-5.3-02", Yes, Documented, "Full-stack: sid, oid, roles, permissions, scope, xoid, xuid as well, 300 s", sSession, "", tests("mockscalekit:TestFullStackSSO")},
		{"SK-5.3-03", Yes, Documented, "Custom claims, but for the reserved names", sSession, "", tests("mockscalekit:TestValidateReportsEverythingAtOnce")},
		{"SK-5.3-04", Yes, Documented, "Machine clients: scopes as an array, and scope as text", sM2M, "pinned by no test yet: machine clients are made by the management API", nil},
	}}, {ID: "SK-5.5", Title: "attributes and userinfo", Entries: []Entry{
		{"SK-5.5-01", Yes, Documented, "A custom attribute travels as a claim of its name, once it is registered", sAttributes, "", tests("mockscalekit:TestRegisteredAttributesOnly")},
		{"SK-5.5-02", Yes, Documented, "roles, permissions, email, email_verified, name, given_name, family_name, sub, oid and sid cannot be custom attributes", sAttributes, "", tests("mockscalekit/internal/directory:TestAttributeKeys")},
		{"SK-5.5-03", Yes, Documented, "A connection maps names of attributes", sAttributes, "", tests("mockscalekit:TestSAMLSettings")},
		{"SK-5.5-04", Yes, Inferred, "groups is a claim where it is registered", sAttributes, "", tests("mockscalekit:TestEveryIdPSignsIn")},
		{"SK-5.5-05", Yes, Unknown, "userinfo is the ID token's claims about the person; a switch adds those about the sign-in", "", "", tests("mockscalekit:TestTokensExactly", "mockscalekit:TestUnknownsAreSwitches/scalekit-userinfo-full")},
		{"SK-5.5-06", Yes, Inferred, "A bad token is 401 with a plain text", sOP, "", tests("mockscalekit:TestExpiry")},
		{"SK-5.5-07", Yes, Inferred, "email and profile gate the claims; a switch opens them", sOP, "", tests("mockscalekit:TestScopeGating")},
		{"SK-5.5-08", No, Documented, "identities, with the provider's raw attributes", "Scalekit documentation, user profile", "in no published token", nil},
	}}, {ID: "SK-6", Title: "IdP-initiated sign-in", Entries: []Entry{
		{"SK-6-01", Yes, Documented, "It comes to the initiate-login URL as idp_initiated_login; errors come there too", sIdPInit, "", tests("mockscalekit:TestIdPInitiated", "mockscalekit:TestSAMLIdPInitiated")},
		{"SK-6-02", Yes, Observed, "Without an initiate-login URL it comes to the callback", sShots, "", tests("mockscalekit:TestIdPInitiated")},
		{"SK-6-03", Yes, Observed, "The token has organization_id, connection_id, login_hint, exp, nbf, iat, iss in that order, for 300 s, signed by the environment's key", "a published token", "", tests("mockscalekit:TestIdPInitiated")},
		{"SK-6-04", Yes, Documented, "relay_state is in it when the identity provider sent one", sIdPInit, "", tests("mockscalekit:TestSAMLIdPInitiated")},
	}}, {ID: "SK-9", Title: "with Cognito", Entries: []Entry{
		{"SK-9-01", Yes, Observed, "email_verified is false at Cognito when the identity provider says nothing", sCognito, "", tests(".:TestDefaultLabSignsJohnIn")},
		{"SK-9-02", Yes, Observed, "The user name is <provider>_<connection>;<subject>", sCognito, "", tests(".:TestDefaultLabSignsJohnIn", "interop:TestGoOIDCSignsIn")},
		{"SK-9-03", Yes, Documented, "Cognito's callback has to be among the allowed ones", "the guides for Auth0 and Firebase", "", tests("conformance/checks:TestDetection")},
		{"SK-9-04", Yes, Documented, "The example application signs in unmodified", "scalekit-inc/scalekit-cognito-sso", "make interop-vendor runs its parameters, beside make test", nil},
	}}, {ID: "SK-10", Title: "sessions and sign-out", Entries: []Entry{
		{"SK-10-01", Yes, Documented, "Full-stack: a session answers later requests, prompt=login asks again", sLogin, "", tests("mockscalekit:TestFullStackSSO", "mockscalekit:TestHostedSignIn")},
		{"SK-10-02", Yes, Unknown, "Modular: there is no session; a switch makes one", "", "", tests("mockscalekit:TestUnknownsAreSwitches/scalekit-modular-session")},
		{"SK-10-03", Yes, Documented, "/oidc/logout ends the session and goes to a registered post-logout URL", sLogout, "", tests("mockscalekit:TestFullStackLogout", "mockscalekit:TestLogout")},
		{"SK-10-04", Yes, Documented, "The identity provider's session is ended too where the connection asks for it", sLogout, "", tests("mockscalekit:TestIdPLogout")},
		{"SK-10-05", Yes, Documented, "A logout at the identity provider ends sessions by the back channel", sSDK, "", tests("mockscalekit:TestSignedOutByTheIdP", "mockscalekit:TestBackChannelLogoutIsChecked")},
		{"SK-10-06", Yes, Documented, "The application is told of ended sessions by the back channel", sLogout, "", tests("mockscalekit:TestFullStackLogout")},
	}}}
}
