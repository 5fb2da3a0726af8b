package fidelity

func cognitoEndpoints() []Section {
	return []Section{{ID: "COG-7.1", Title: "userInfo", Entries: []Entry{
		{"COG-7.1-01", Yes, Documented, "GET /oauth2/userInfo takes a bearer access token with openid", gUserInfo, "", tests("mockcognito:TestUserInfo")},
		{"COG-7.1-02", Yes, Documented, "Every value is a string, email_verified and phone_number_verified too", gUserInfo + "; scalekit-inc/scalekit-cognito-sso", "", tests("mockcognito:TestUserInfo")},
		{"COG-7.1-03", Yes, Documented, "sub and username are always there, custom attributes too", gUserInfo, "", tests("mockcognito:TestUserInfo", "mockcognito:TestUserInfoByScope")},
		{"COG-7.1-04", Yes, Documented, "Headers: Content-Type application/json;charset=UTF-8, x-amz-cognito-request-id, nosniff, X-XSS-Protection, Cache-Control, Pragma, Expires, Strict-Transport-Security, X-Frame-Options, Server", gUserInfo, "", tests("mockcognito:TestUserInfoHeaders")},
		{"COG-7.1-05", Yes, Documented, "openid alone shows all that the client can read; profile its set and custom attributes, email and phone their pairs; aws.cognito.signin.user.admin changes nothing", gUserInfo, "", tests("mockcognito:TestUserInfoByScope")},
		{"COG-7.1-06", Yes, Reported, "identities, a string, is there with openid alone", "several reports", "", tests("mockcognito:TestUserInfo")},
		{"COG-7.1-07", Yes, Observed, "identities is not there with openid email phone", "scalekit-inc/scalekit-cognito-sso", "", tests("mockcognito:TestUserInfoByScope")},
		{"COG-7.1-08", Yes, Documented, "Without a token: 400, WWW-Authenticate: error=\"invalid_request\", error_description=\"Bad OAuth2 request at UserInfo Endpoint\"", gUserInfo, "", tests("mockcognito:TestUserInfoErrors/no_token")},
		{"COG-7.1-09", Yes, Documented, "With a bad one: 401, invalid_token, “Access token is expired, disabled, or deleted, or the user has globally signed out.”", gUserInfo, "", tests("mockcognito:TestUserInfoErrors")},
		{"COG-7.1-10", Yes, Documented, "The header has no word Bearer", gUserInfo, "", tests("mockcognito:TestUserInfoErrors")},
		{"COG-7.1-11", Yes, Observed, "Without openid: 401, invalid_token, “Access token does not contain openid scope”", "a published answer", "", tests("mockcognito:TestUserInfoErrors/without_openid")},
		{"COG-7.1-12", Yes, Reported, "The body of an error is JSON with the same two members", "several projects", "", tests("mockcognito:TestUserInfoErrors")},
		{"COG-7.1-13", Yes, Unknown, "POST is answered 405", "", "", tests("mockcognito:TestEndpoints/POST_to_userInfo")},
	}}, {ID: "COG-7.2", Title: "revocation", Entries: []Entry{
		{"COG-7.2-01", Yes, Documented, "200 with an empty body, also for an unknown or revoked token", gRevoke, "", tests("mockcognito:TestRevoke")},
		{"COG-7.2-02", Yes, Documented, "400 invalid_request without a token, or with token revocation off", gRevoke, "", tests("mockcognito:TestRevoke")},
		{"COG-7.2-03", Yes, Documented, "400 unsupported_token_type for another token than a refresh token", gRevoke, "", tests("mockcognito:TestRevoke")},
		{"COG-7.2-04", Yes, Documented, "401 invalid_client", gRevoke, "", tests("mockcognito:TestRevoke")},
		{"COG-7.2-05", Yes, Documented, "It ends the access tokens of the grant for Cognito's own endpoints; their signatures still verify", gRevoke, "", tests("mockcognito:TestRevoke")},
	}}, {ID: "COG-7.3", Title: "logout", Entries: []Entry{
		{"COG-7.3-01", Yes, Documented, "client_id and a registered logout_uri: 302 to it, all else ignored; it wins over redirect_uri", gLogout, "", tests("mockcognito:TestLogout")},
		{"COG-7.3-02", Yes, Documented, "client_id, redirect_uri and response_type: the cookie is cleared, 302 to /login with state, scope and nonce", gLogout, "", tests("mockcognito:TestLogout")},
		{"COG-7.3-03", Yes, Documented, "A missing scope is filled in with all of the client's", gLogout, "", tests("mockcognito:TestLogout")},
		{"COG-7.3-04", Yes, Documented, "identity_provider and idp_identifier are not supported there", gLogout, "", tests("mockcognito:TestLogoutErrors/provider_is_not_passed_on")},
		{"COG-7.3-05", Yes, Observed, "Unregistered logout_uri: /error?client_id=…&logout_uri=…, 400, no reason in the address", "a published address", "", tests("mockcognito:TestLogoutErrors/unregistered_logout_uri")},
		{"COG-7.3-06", Yes, Reported, "Neither URI: “Required String parameter 'redirect_uri' is not present”", "many reports", "", tests("mockcognito:TestLogoutErrors/neither_URI")},
		{"COG-7.3-07", Yes, Documented, "The provider's session goes on", gLogout, "", tests("mockcognito:TestLogout", "conformance/checks:TestHealthyLab")},
		{"COG-7.3-08", Yes, Documented, "id_token_hint and post_logout_redirect_uri are not supported", gLogout, "", tests("mockcognito:TestLogoutErrors/RP-initiated_logout")},
		{"COG-7.3-09", Yes, Documented, "No token is revoked", gLogout, "", tests("mockcognito:TestLogoutLeavesTokensAlone")},
		{"COG-7.3-10", Yes, Documented, "GlobalSignOut revokes tokens and leaves the cookie alive", gLogout, "", tests("mockcognito:TestGlobalSignOut")},
	}}, {ID: "COG-7.4", Title: "login page", Entries: []Entry{
		{"COG-7.4-01", Yes, Documented, "GET /login takes the parameters of authorize but those of the provider", gLogin, "", tests("mockcognito:TestLoginPage/without_identity_provider:_same_query,_one_button")},
		{"COG-7.4-02", Yes, Documented, "It has a button for each provider of the client", gNaming, "", tests("mockcognito:TestLoginPage/several_providers,_one_without_identifiers:_buttons")},
		{"COG-7.4-03", Yes, Documented, "If every provider has identifiers it has an e-mail box instead; with one provider only, a button", gNaming, "", tests("mockcognito:TestLoginPage/several_providers_with_identifiers:_an_e-mail_box", "mockcognito:TestLoginPage/without_identity_provider:_same_query,_one_button")},
		{"COG-7.4-04", Yes, Observed, "Within an hour after a federated sign-in it offers “Continue with <provider>” and “Sign in as a different user?”", "measured with an Entra provider, 2026-08", "", tests("mockcognito:TestLoginPage/after_a_federated_sign-in:_continue,_or_somebody_else")},
		{"COG-7.4-05", Yes, Observed, "The form has _csrf, the value of the XSRF-TOKEN cookie, username, password, signInSubmitButton, optionally cognitoAsfData", "a published form", "", tests("mockcognito:TestLoginPage/the_pool's_own_directory_has_nobody")},
	}}, {ID: "COG-7.5", Title: "SAML", Entries: []Entry{
		{"COG-7.5-01", No, Documented, "/saml2/idpresponse and /saml2/logout exist on the domain", "guide, user pool endpoints", noSAML, nil},
	}}, {ID: "COG-7.6", Title: "cookies", Entries: []Entry{
		{"COG-7.6-01", Yes, Observed, "All are for the host only", gManaged + "; published Set-Cookie lines", "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-02", Yes, Observed, "XSRF-TOKEN=<uuid>; Path=/; Secure; HttpOnly; SameSite=Lax on every answer of pages", "published Set-Cookie lines", "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-03", Yes, Observed, "csrf-state (Secure, HttpOnly, SameSite=None) and csrf-state-legacy (without SameSite) during the way to a provider", "published Set-Cookie lines", "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-04", Yes, Observed, "They are cleared by an empty value \"\" and an Expires of the past", "published Set-Cookie lines", "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-05", Yes, Documented, "cognito is the session, for one hour", gManaged, "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-06", Yes, Documented, "lang keeps the language", gManaged, "", tests("mockcognito:TestLang")},
		{"COG-7.6-07", Partly, Documented, "page-data is a cookie of the pages", gManaged, "what it holds is not known; the lab keeps an id of what is under way on the pages", tests("mockcognito:TestASignInThatTookTooLong")},
		{"COG-7.6-08", Yes, Observed, "cognito-fl=\"W10=\" (an empty JSON list in base64) is set on the login page", "published Set-Cookie lines", "", tests("mockcognito:TestCookiesOfTLSMode")},
		{"COG-7.6-09", Yes, Inferred, "A lost csrf-state cookie (blocked, another browser, a web view) ends as an invalid state", "reports", "", tests("mockcognito:TestStateThatIsNotOursEndsOnTheErrorPage/another_browser", "e2e:TestALostStateCookie")},
		{"COG-7.6-10", Yes, Unknown, "The value of the cognito cookie is an opaque id", "", "", tests("mockcognito:TestCookiesOfTLSMode")},
	}}}
}

func cognitoIdentifiers() []Section {
	return []Section{{ID: "COG-8.1", Title: "identifiers of providers", Entries: []Entry{
		{"COG-8.1-01", Yes, Documented, "A provider has up to 50, each of 1–40 characters of [\\w\\s+=.@-], unique in the pool", model, "", tests("mockcognito:TestIdentifierLimits")},
		{"COG-8.1-02", Yes, Documented, "idp_identifier selects the provider that has it", gNaming, "", tests("mockcognito:TestIdPIdentifierSelectsTheProvider")},
		{"COG-8.1-03", Yes, Documented, "The e-mail box takes the domain of the address and looks it up among the identifiers", gNaming, "", tests("mockcognito:TestLoginPage/several_providers_with_identifiers:_an_e-mail_box")},
		{"COG-8.1-04", Yes, Inferred, "Customers behind one provider share its 50 identifiers: the 51st domain cannot be added", gQuotas, "", tests("mockcognito:TestIdentifierLimits")},
		{"COG-8.1-05", Yes, Unknown, "idp_identifier is compared with case; the e-mail box lowers the domain first", "", "", tests("mockcognito:TestIdentifierCase")},
		{"COG-8.1-06", Yes, Inferred, "The identifier is not passed on to the provider, a login_hint is", "scalekit-inc/developer-docs", "", tests("mockcognito:TestIdPIdentifierSelectsTheProvider")},
		{"COG-8.1-07", Yes, Documented, "A provider's name has 3–32 characters, no white space, and no underscore at its ends", model, "", tests("mockcognito:TestConfigReportsEveryProblem")},
	}}}
}
