package fidelity

func cognitoTriggers() []Section {
	const measured = "measured trigger events"
	yes := func(id string, c Confidence, statement, source string, names ...string) Entry {
		return Entry{id, Yes, c, statement, source, "", names}
	}
	const tokens = "mockcognito:TestTokenGenerationIsTheLastAndTheOnlyOneOfARefresh"
	const order = "mockcognito:TestTriggersOfAFirstAndOfALaterSignIn"
	return []Section{{ID: "COG-9.1", Title: "Lambda triggers of a federated sign-in", Entries: []Entry{
		yes("COG-9.1-01", Observed, "First sign-in: InboundFederation, PreSignUp, the user is stored, PostConfirmation, PreTokenGeneration", measured+"; Doyensec, 2026-05; "+gTriggers, order, tokens),
		yes("COG-9.1-02", Observed, "Returning: InboundFederation, PreAuthentication, PostAuthentication, PreTokenGeneration", measured, order),
		yes("COG-9.1-03", Observed, "PreSignUp is the last point at which a refusal leaves no user behind", "Doyensec, 2026-05", "mockcognito:TestAThrowingTriggerReachesTheApp"),
		yes("COG-9.1-04", Observed, "PreAuthentication and PostAuthentication do not run at the first sign-in", measured, order),
		yes("COG-9.1-05", Unknown, "When a session is reused, PreTokenGeneration runs and no other", "", order, tokens),
		yes("COG-9.1-06", Documented, "A refresh runs PreTokenGeneration only", gTriggers, tokens),
		yes("COG-9.1-07", Documented, "A trigger has 5 s, is synchronous and tried up to three times, but not after a 5xx; its message reaches the user", gTriggers,
			"mockcognito:TestASlowTriggerIsTriedThreeTimesAndReachesTheApp", "mockcognito:TestAFunctionThatIsNotThereReachesTheApp", "mockcognito/internal/lambda:TestErrorsOfAnInvocation", "mockcognito/internal/lambda:TestTheSecondTryMaySucceed"),
		yes("COG-9.1-08", Observed, "Every event has version, triggerSource, region, userPoolId, userName, callerContext, request, response", measured, order),
		yes("COG-9.1-09", Documented, "InboundFederation_ExternalProvider has the provider's answers, and a non-empty userAttributesToMap replaces everything", model+"; AWS security blog", "mockcognito:TestInboundFederationReplacesWhatTheProviderSaid", order),
		yes("COG-9.1-10", Observed, "PreSignUp_ExternalProvider has mapped values, cognito:email_alias, cognito:phone_number_alias and email_verified \"false\", no sub and no identities", measured, order),
		yes("COG-9.1-11", Observed, "PostConfirmation_ConfirmSignUp adds sub, identities and cognito:user_status", measured, order),
		yes("COG-9.1-12", Observed, "PreAuthentication_Authentication and PostAuthentication_Authentication have the same attributes, the latter newDeviceUsed", measured, order),
		yes("COG-9.1-13", Observed, "TokenGeneration_HostedAuth and TokenGeneration_RefreshTokens of version 1 have groupConfiguration and answer claimsOverrideDetails", measured+"; "+gTriggers, tokens, "mockcognito:TestClaimsOfVersion1"),
		yes("COG-9.1-14", Documented, "Versions 2 and 3 add scopes and answer claimsAndScopeOverrideDetails; version 3 runs for client_credentials too", gTriggers, tokens, "mockcognito:TestClaimsAndScopesOfVersion2", "mockcognito:TestTokenGenerationOfClientCredentials"),
		yes("COG-9.1-15", Documented, "acr, amr, aud, at_hash, auth_time, azp, cognito:username, exp, iat, identities, iss, jti, nbf, nonce, origin_jti, sub and token_use cannot be overridden", gTriggers, "mockcognito:TestClaimsOfVersion1", "mockcognito:TestClaimsAndScopesOfVersion2"),
		yes("COG-9.1-16", Documented, "Claims of version 1 are strings, from version 2 on any JSON", gTriggers, "mockcognito:TestAFailingTokenGeneration/a_claim_of_version_1_that_is_no_string", "mockcognito:TestClaimsAndScopesOfVersion2"),
		yes("COG-9.1-17", Observed, "No answer in time: “<Trigger> invocation failed due to error Socket timeout while invoking Lambda function.”; other failures name the exception of the Lambda API", "furaiev/amazon-cognito-identity-dart-2#204; anomalyco/sst#1815; published answers with AccessDeniedException and ResourceConflictException", "mockcognito:TestASlowTriggerIsTriedThreeTimesAndReachesTheApp", "mockcognito:TestAFunctionThatIsNotThereReachesTheApp"),
		yes("COG-9.1-18", Observed, "An answer that lacks members of the event, or whose response has another type: “Unrecognizable lambda output”", "published answers and the notes to a test of a live function", "mockcognito:TestAnAnswerThatIsNoEventReachesTheApp"),
		yes("COG-9.1-19", Unknown, "userName of InboundFederation is the provider's bare subject", "", order),
		yes("COG-9.1-20", Unknown, "Mapped attributes of somebody who returns are written before PreAuthentication", "", order),
		yes("COG-9.1-21", Inferred, "A pre token generation that fails does so at the callback, and not at the token endpoint; at a refresh it answers there", "published error redirects", "mockcognito:TestAFailingTokenGeneration"),
		yes("COG-9.1-22", Documented, "groupOverrideDetails that is empty or null takes the groups away; version 1 changes groups of access tokens and no other claim of them", gTriggers, "mockcognito:TestClaimsOfVersion1"),
		yes("COG-9.1-23", Documented, "A claim that is added and suppressed is suppressed; aud of an access token may be set, to the client's id", gTriggers, "mockcognito:TestClaimsAndScopesOfVersion2"),
	}}, {ID: "COG-9.2", Title: "Lambda triggers of the pool's own users", Entries: []Entry{
		yes("COG-9.2-01", Documented, "Sign-up: PreSignUp_SignUp, CustomMessage_SignUp, PostConfirmation_ConfirmSignUp, with validation data and client metadata", gTriggers, "mockcognito:TestTriggersOfASignUp"),
		yes("COG-9.2-02", Documented, "Sign-in by password: PreAuthentication, PostAuthentication, TokenGeneration_Authentication", gTriggers, "mockcognito:TestTriggersOfASignUp"),
		yes("COG-9.2-03", Observed, "Requests of an administrator have the client id CLIENT_ID_NOT_APPLICABLE", "a published event", "mockcognito:TestTriggersOfAUserMadeByAnAdministrator"),
		yes("COG-9.2-04", Documented, "A new password that was asked for: TokenGeneration_NewPasswordChallenge", gTriggers, "mockcognito:TestTriggersOfAUserMadeByAnAdministrator"),
		yes("COG-9.2-05", Documented, "A forgotten password: CustomMessage_ForgotPassword, PostConfirmation_ConfirmForgotPassword", gTriggers, "mockcognito:TestTriggersOfAForgottenPassword"),
		yes("COG-9.2-06", Documented, "CUSTOM_AUTH goes as DefineAuthChallenge, CreateAuthChallenge and VerifyAuthChallengeResponse say", gTriggers, "mockcognito:TestCustomAuthenticationByFunctions"),
		yes("COG-9.2-07", Documented, "UserMigration brings a user at the first sign-in by password", gTriggers, "mockcognito:TestAMigratedUserSignsIn"),
		yes("COG-9.2-08", Observed, "Failures are UserLambdaValidationException, UnexpectedLambdaException and InvalidLambdaResponseException", "published answers; model", "mockcognito:TestFailingTriggersOfTheAPI"),
		{"COG-9.2-09", No, Documented, "CustomSMSSender and CustomEmailSender get the code, encrypted with a key of KMS", gTriggers, "there is no KMS in the lab; their functions are kept in LambdaConfig and not run", nil},
	}}}
}

func cognitoQuotas() []Section {
	return []Section{{ID: "COG-10.1", Title: "quotas", Entries: []Entry{
		{"COG-10.1-01", Yes, Documented, "100 callback URLs and 100 sign-out URLs of a client", gQuotas, "", tests("mockcognito:TestQuotas")},
		{"COG-10.1-02", Yes, Documented, "50 scopes of a client, 25 resource servers of a pool with 100 scopes each", gQuotas, "", tests("mockcognito:TestQuotas")},
		{"COG-10.1-03", Yes, Documented, "300 providers of a pool, 50 identifiers of a provider", gQuotas, "", tests("mockcognito:TestQuotas")},
		{"COG-10.1-04", Yes, Documented, "50 custom attributes, values of 2048 characters, names of 20", gQuotas, "", tests("mockcognito:TestQuotas")},
		{"COG-10.1-05", Yes, Documented, "1024 characters of a redirect URL, 256 of a scope", gQuotas, "", tests("mockcognito:TestQuotas")},
		{"COG-10.1-06", Yes, Documented, "100 groups of a user, 1000 app clients of a pool", gQuotas, "", tests("mockcognito:TestQuotasOfTheAPI")},
		{"COG-10.1-07", No, Documented, "Rates: 25 federations, 120 authentications and 120 token requests a second, 300 requests of an address, 500 of a domain", gQuotas, noLimits, nil},
		{"COG-10.1-08", No, Unknown, "How throttling looks on the domain", "", noLimits, nil},
		{"COG-10.1-09", No, Unknown, "The longest state", "", "what the server's limit for a request line lets through is taken", nil},
		{"COG-10.1-10", Yes, Documented, "UpdateUserPoolClient and UpdateUserPool put every omitted setting back to its default", gQuotas + "; model", "", tests("mockcognito:TestUpdateSetsWhatIsLeftOutToItsDefault", "mockcognito:TestEverySettingOfAnAppClientComesBack")},
		{"COG-10.1-11", No, Documented, "Federated users have a free tier of their own", "pricing page", "nothing is charged", nil},
	}}}
}
