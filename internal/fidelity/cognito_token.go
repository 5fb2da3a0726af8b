package fidelity

func cognitoTokenEndpoint() []Section {
	return []Section{{ID: "COG-5.1", Title: "token endpoint", Entries: []Entry{
		{"COG-5.1-01", Yes, Documented, "It takes POST with a form and answers application/json;charset=UTF-8", gToken, "", tests("mockcognito:TestTokensOfAFederatedUser", "mockcognito:TestTokenEndpointErrors/JSON_body")},
		{"COG-5.1-02", Yes, Documented, "Answers have x-amz-cognito-request-id and forbid storing", gToken, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-5.1-03", Yes, Documented, "Token, revocation and userInfo answer any origin (Access-Control-Allow-Origin: *)", gToken, "", tests("mockcognito:TestPreflightOfBrowserApps")},
		{"COG-5.1-04", Yes, Documented, "Clients authenticate by client_secret_basic or client_secret_post; public ones send client_id", gToken, "", tests("mockcognito:TestClientAuthentication")},
		{"COG-5.1-05", Yes, Documented, "A client may have two secrets at once", model, "", tests("mockcognito:TestTwoSecrets")},
		{"COG-5.1-06", Yes, Documented, "Grants are authorization_code, refresh_token and client_credentials", gToken, "", tests("mockcognito:TestTokenEndpointErrors", "mockcognito:TestClientCredentials")},
		{"COG-5.1-07", Yes, Documented, "client_credentials without scope grants all custom scopes of the client", gToken, "", tests("mockcognito:TestClientCredentials")},
		{"COG-5.1-08", Yes, Documented, "aws_client_metadata reaches a pre token generation trigger of version 3", gToken, "", tests("mockcognito:TestTokenGenerationOfClientCredentials")},
		{"COG-5.1-09", Yes, Documented, "A code is used once and lives five minutes", gToken, "", tests("mockcognito:TestCodeHasOneWinner", "mockcognito:TestTokenEndpointErrors/code_after_five_minutes")},
		{"COG-5.1-10", Yes, Documented, "The answer has id_token (absent without openid), access_token, refresh_token, expires_in as a number, token_type Bearer, and no scope", gToken, "", tests("mockcognito:TestTokensOfAFederatedUser", "mockcognito:TestScopesAndTokens")},
		{"COG-5.1-11", Yes, Documented, "expires_in is the lifetime of the access token", gToken, "", tests("mockcognito:TestLifetimes")},
	}}, {ID: "COG-5.2", Title: "refresh", Entries: []Entry{
		{"COG-5.2-01", Yes, Documented, "Without rotation a refresh gives ID and access token only, and the refresh token stays valid", gRefresh, "", tests("mockcognito:TestRefresh")},
		{"COG-5.2-02", Yes, Documented, "With rotation it gives a new refresh token, which has what is left of the first one's lifetime", gRefresh, "", tests("mockcognito:TestRotation")},
		{"COG-5.2-03", Yes, Documented, "The old one dies at once, or after a grace period of up to 60 s", gRefresh, "", tests("mockcognito:TestRotation")},
		{"COG-5.2-04", Yes, Documented, "Rotation and REFRESH_TOKEN_AUTH exclude each other", gRefresh, "", tests("mockcognito:TestRotation")},
		{"COG-5.2-05", Yes, Inferred, "The provider is not asked, so that a user who was disabled there keeps refreshing", gRefresh, "", tests("mockcognito:TestRefresh")},
	}}, {ID: "COG-5.3", Title: "token endpoint: errors", Entries: []Entry{
		{"COG-5.3-01", Yes, Observed, "Every error has status 400, invalid_client too", "four published answers", "", tests("mockcognito:TestTokenEndpointErrors")},
		{"COG-5.3-02", Yes, Observed, "Confidential client without its secret, or with a wrong one: {\"error\":\"invalid_client\",\"error_description\":\"invalid_client_secret\"}", "four published answers", "", tests("mockcognito:TestTokenEndpointErrors/no_secret", "mockcognito:TestTokenEndpointErrors/wrong_secret")},
		{"COG-5.3-03", Yes, Documented, "Unknown client: {\"error\":\"invalid_client\"}", gToken, "", tests("mockcognito:TestTokenEndpointErrors/unknown_client")},
		{"COG-5.3-04", Yes, Observed, "Code unknown, used or expired: {\"error\":\"invalid_grant\"}, without description", "published answers; amazon-archives/amazon-cognito-auth-js#118", "", tests("mockcognito:TestTokenEndpointErrors/unknown_code", "mockcognito:TestTokenEndpointErrors/used_code", "mockcognito:TestTokenEndpointErrors/code_after_five_minutes")},
		{"COG-5.3-05", Yes, Observed, "Refresh token unknown, expired or revoked: the same", "published answers", "", tests("mockcognito:TestTokenEndpointErrors/unknown_refresh_token", "mockcognito:TestRefresh", "mockcognito:TestRevoke")},
		{"COG-5.3-06", Yes, Documented, "redirect_uri other than at authorize: unauthorized_client with invalid_redirect; in 2018 without description", gToken, "", tests("mockcognito:TestTokenEndpointErrors/other_redirect_uri")},
		{"COG-5.3-07", Yes, Documented, "Grant that the client may not use: unauthorized_client", gToken, "", tests("mockcognito:TestTokenEndpointErrors/client_credentials")},
		{"COG-5.3-08", Yes, Documented, "Missing parameter: invalid_request", gToken, "", tests("mockcognito:TestTokenEndpointErrors/no_code", "mockcognito:TestTokenEndpointErrors/no_redirect_uri", "mockcognito:TestTokenEndpointErrors/no_grant_type")},
		{"COG-5.3-09", Yes, Documented, "Other grant: unsupported_grant_type", gToken, "", tests("mockcognito:TestTokenEndpointErrors/unknown_grant_type")},
		{"COG-5.3-10", Yes, Documented, "A scope that implies an attribute the client cannot read: invalid_grant", gToken, "", tests("mockcognito:TestScopeOfAnUnreadableAttribute")},
		{"COG-5.3-11", Yes, Reported, "PKCE verifier missing or wrong: invalid_grant", "several projects", "", tests("mockcognito:TestTokenEndpointErrors/no_verifier", "mockcognito:TestTokenEndpointErrors/wrong_verifier")},
		{"COG-5.3-12", Yes, Reported, "Code of another client: invalid_grant", "several projects", "", tests("mockcognito:TestTokenEndpointErrors/another_client's_code")},
		{"COG-5.3-13", Yes, Reported, "client_credentials with an unknown scope: invalid_scope", "several projects", "", tests("mockcognito:TestClientCredentials")},
		{"COG-5.3-14", Yes, Unknown, "A failed exchange consumes the code, but not one whose client was not authenticated", "", "", tests("mockcognito:TestWhatAFailureConsumes")},
		{"COG-5.3-15", Yes, Observed, "GET is answered 400 or 405 with HTML", "probe of a live domain", "", tests("mockcognito:TestGetOnTheTokenEndpoint")},
	}}}
}

func cognitoTokens() []Section {
	return []Section{{ID: "COG-6.1", Title: "form of the tokens", Entries: []Entry{
		{"COG-6.1-01", Yes, Observed, "The header of ID and access token is exactly kid and alg RS256, without typ", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.1-02", Yes, Observed, "Slashes are escaped in the payload: https:\\/\\/", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.1-03", Yes, Observed, "The refresh token is a JWE of five parts with the header {\"cty\":\"JWT\",\"enc\":\"A256GCM\",\"alg\":\"RSA-OAEP\"}", "the beginning of many published ones", "", tests("mockcognito:TestTokensOfAFederatedUser")},
	}}, {ID: "COG-6.2", Title: "ID token", Entries: []Entry{
		{"COG-6.2-01", Yes, Observed, "A federated user's has at_hash, sub, cognito:groups, email_verified, iss, cognito:username, nonce, origin_jti, aud, identities, token_use, auth_time, exp, iat, jti and the mapped attributes", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.2-02", Yes, Observed, "email_verified and phone_number_verified are booleans", dump, "", tests("mockcognito:TestEmailVerified", "mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.2-03", Yes, Observed, "aud is a string, the app client's id", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.2-04", Yes, Documented, "cognito:roles and cognito:preferred_role are there if a group has a role", gIDToken, "", tests("mockcognito:TestRolesOfGroups")},
		{"COG-6.2-05", Yes, Reported, "address is an object with formatted", "several reports", "", tests("mockcognito:TestAddressIsAnObject")},
		{"COG-6.2-06", Yes, Observed, "There is no event_id after a federated sign-in", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.2-07", Yes, Documented, "It shows the attributes of its scopes that the client can read; with openid alone all that the client can read", gUserInfo, "", tests("mockcognito:TestScopesAndTokens")},
		{"COG-6.2-08", Yes, Documented, "Without ReadAttributes a client reads the standard attributes only, no custom one", model, "", tests("mockcognito:TestCustomAttributesNeedAccess")},
	}}, {ID: "COG-6.3", Title: "access token", Entries: []Entry{
		{"COG-6.3-01", Yes, Observed, "It has sub, cognito:groups, iss, version 2, client_id, origin_jti, token_use, scope, auth_time, exp, iat, jti, username", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.3-02", Yes, Observed, "It has no email, nbf, identities or cognito:username", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.3-03", Yes, Documented, "aud is there with a resource only", gAccess, "", tests("mockcognito:TestResource", "mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.3-04", Yes, Observed, "The order of scope does not follow the request", dump, "", tests("mockcognito:TestTokensOfAFederatedUser")},
		{"COG-6.3-05", Yes, Reported, "That of client_credentials has sub = client id, no username and no groups", "several projects", "", tests("mockcognito:TestClientCredentials")},
	}}, {ID: "COG-6.4", Title: "lifetimes", Entries: []Entry{
		{"COG-6.4-01", Yes, Documented, "ID and access tokens live 5 min to 24 h, by default 60 min", model, "", tests("mockcognito:TestLifetimes")},
		{"COG-6.4-02", Yes, Documented, "Refresh tokens live 60 min to 10 years, by default 30 days", model, "", tests("mockcognito:TestRefresh", "mockcognito:TestLifetimes")},
		{"COG-6.4-03", Yes, Documented, "The session cookie lives one hour and is not extended by use", gManaged, "", tests("mockcognito:TestSessionIsReusedForAnHour")},
		{"COG-6.4-04", Yes, Documented, "origin_jti and jti are there if token revocation or rotation is on", gRefresh, "", tests("mockcognito:TestTokensWithoutRevocation")},
		{"COG-6.4-05", Yes, Documented, "origin_jti and auth_time stay over refreshes", gRefresh, "", tests("mockcognito:TestRefresh")},
		{"COG-6.4-06", Yes, Unknown, "A refreshed ID token has no nonce and an at_hash of its own", "", "", tests("mockcognito:TestRefresh")},
		{"COG-6.4-07", Yes, Inferred, "Tokens are made before the code is handed out, so that iat may precede the exchange", "answers with a failed trigger on the callback", "", tests("mockcognito:TestTokensAreMadeBeforeTheCode")},
		{"COG-6.4-08", Yes, Documented, "aws-jwt-verify takes both tokens: iss, token_use, exp, aud or client_id, groups", "npm aws-jwt-verify 5.2.1", "make interop-vendor runs the package itself, beside make test", tests("interop:TestAStrictRelyingParty")},
	}}}
}
