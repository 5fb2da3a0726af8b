package fidelity

// cognitoWays are the ways in which a chain of Cognito and Scalekit goes wrong, as people report them. Each is caused in a
// lab by what its test does.
func cognitoWays() []Section {
	way := func(id, statement, test string) Entry {
		return Entry{"COG-11.1-" + id, Yes, Observed, statement, "reports; see the sections before", "", tests("mockcognito:TestWays/" + test)}
	}
	return []Section{{ID: "COG-11.1", Title: "ways in which a sign-in goes wrong", Entries: []Entry{
		way("01", "Callback not registered exactly (port, slash, scheme): /error?error=redirect_mismatch&client_id=…", "01_callback_not_registered_exactly"),
		{"COG-11.1-02", Yes, Observed, "/oauth2/idpresponse of the domain missing among Scalekit's redirect URIs: an error page at Scalekit, Cognito is never called", "reports; scalekit-inc/developer-docs", "", tests("mockscalekit:TestErrorPages")},
		way("03", "Provider not enabled on the client, or its name in another case: 401 “Login option is not available. Please try another one”", "03_provider_not_enabled,_or_its_name_in_another_case"),
		way("04", "Scope that the client lacks: error_description=invalid_scope&error=invalid_request", "04_scope_that_the_client_lacks"),
		way("05", "Required attribute not mapped or not sent: “attributes required: [email]”", "05_required_attribute_that_the_provider_does_not_send"),
		way("06", "App sends no nonce: strict clients fail the first sign-in and pass the second", "06_no_nonce:_the_first_fails,_the_second_works"),
		way("07", "Mapped attribute immutable: first sign-in fine, second “user.email: Attribute cannot be updated.”", "07_immutable_attribute:_the_first_works,_the_second_fails"),
		way("08", "oidc_issuer differs from the token's iss: “Bad id_token issuer <iss>”", "08_issuer_of_the_settings_is_not_the_token's"),
		way("09", "Wrong client secret at the provider: “<Provider> Error - 401 …” or “error getting token”", "09_wrong_client_secret_at_the_provider"),
		way("10", "Token request of a confidential client without its secret: 400 invalid_client", "10_token_request_without_the_secret"),
		way("11", "redirect_uri of the token request differs: unauthorized_client, invalid_redirect", "11_another_redirect_uri_at_the_token_endpoint"),
		way("12", "Code used twice or late: invalid_grant", "12_code_used_twice,_or_late"),
		way("13", "Flow or OAuth not enabled: unauthorized_client, or /error?error=invalid_request", "13_flow_or_OAuth_not_enabled"),
		way("14", "state with a stray percent sign: 400 of the edge", "14_state_with_a_stray_percent_sign"),
		way("15", "Begun at the provider, bookmarked, back button, late, cookies blocked: Invalid state, or “Something went wrong”", "15_begun_at_the_provider,_bookmarked,_back_button,_late,_cookies_blocked"),
		way("16", "Managed login for a client without branding: 403", "16_managed_login_without_branding"),
		way("17", "Sign-out URL not registered, or none: /error", "17_sign-out_URL_not_registered,_or_none"),
		way("18", "Sign-out of the app alone: silently signed in again", "18_sign-out_of_the_app_alone_does_nothing"),
		way("19", "email_verified not mapped: always false", "19_email_verified_not_mapped"),
		way("20", "userInfo decoded strictly: email_verified is a string", "20_email_verified_is_a_string_in_userInfo"),
		way("21", "User names in lower case in case-insensitive pools; a link by the folded subject fails", "21_user_names_in_lower_case"),
		{"COG-11.1-22", Yes, Observed, "A PreSignUp trigger links to an existing user: the first attempt fails (a quirk that is off, as the last measurement did not see it)", "reports", "", tests("mockcognito:TestPreSignUpLinksToAProfile")},
		{"COG-11.1-23", Yes, Observed, "A trigger that is slow or throws: “PreSignUp failed with error …”", "reports", "", tests("mockcognito:TestAThrowingTriggerReachesTheApp", "mockcognito:TestASlowTriggerIsTriedThreeTimesAndReachesTheApp")},
		way("24", "Provider slow or down: time-outs and resets are told on the callback", "24_provider_slow_or_down"),
		way("25", "Provider on an odd port, over http or with a private CA: every sign-in fails", "25_provider_on_an_odd_port,_or_without_TLS"),
		way("26", "Signing key changed before it was published, or no kid: signature failure on the callback", "26_key_changed_before_it_was_published"),
		way("27", "Custom attribute without read or write access: missing from the ID token, or never stored", "27_custom_attribute_without_read_or_write_access"),
		way("28", "Claim too long, or of several values: an error, or the string [a, b]", "28_claim_too_long,_or_of_several_values"),
		way("29", "An API checks the wrong token: an access token has client_id, no aud, no e-mail", "29_the_wrong_token"),
		way("30", "Domain among no identifiers, or no login_hint: the login page, or the provider's own choice", "30_domain_among_no_identifiers,_or_no_login_hint"),
	}}, {ID: "COG-11.2", Title: "further ways", Entries: []Entry{
		{"COG-11.2-01", Yes, Observed, "Discovery at the domain's host finds nothing", "reports", "", tests("mockcognito:TestMoreWays/discovery_at_the_domain's_host")},
		{"COG-11.2-02", Yes, Documented, "An update of a client that leaves out its callbacks wipes them: /error?error=invalid_request", "model", "", tests("mockcognito:TestMoreWays/an_update_that_wipes_the_callbacks")},
		{"COG-11.2-03", Yes, Inferred, "A connection made anew at Scalekit has another id, so another sub, so another user", "scalekit-inc/scalekit-cognito-sso", "", tests("mockcognito:TestMoreWays/a_connection_that_was_made_anew_has_another_subject")},
		{"COG-11.2-04", Yes, Inferred, "Somebody disabled at the provider keeps refreshing", gRefresh, "", tests("mockcognito:TestMoreWays/somebody_disabled_at_the_provider_keeps_refreshing")},
		{"COG-11.2-05", Yes, Documented, "A user name of more than 128 characters fails the sign-in", model, "", tests("mockcognito:TestProviderFailuresReachTheApp/too_long_a_user_name")},
		{"COG-11.2-06", Yes, Observed, "A changed issuer type moves the issuer to another host, and verifiers that know the old one fail", model, "", tests(".:TestPoolsDomainsAndIssuers")},
		{"COG-11.2-07", Yes, Documented, "The classic hosted UI ignores prompt=none", gAuthorize, "", tests("mockcognito:TestClassicPages")},
		{"COG-11.2-08", Yes, Documented, "A changed provider is noticed within a minute", gFederation, "", tests("mockcognito:TestMoreWays/a_changed_provider_is_noticed_within_a_minute", "mockcognito:TestKeysAreFetchedForEachIDToken")},
	}}}
}
