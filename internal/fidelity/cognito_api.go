package fidelity

// cognitoAPI is the user pools API.
func cognitoAPI() []Section {
	documented := func(id, statement string, names ...string) Entry {
		return Entry{id, Yes, Documented, statement, model, "", names}
	}
	reported := func(id, statement string, names ...string) Entry {
		return Entry{id, Yes, Reported, statement, "messages quoted in public issues", "", names}
	}
	unknown := func(id, statement string, names ...string) Entry {
		return Entry{id, Yes, Unknown, statement, "", "", names}
	}
	const t = "mockcognito:Test"
	return []Section{{ID: "COG-12.1", Title: "user pools API: the wire", Entries: []Entry{
		documented("COG-12.1-01", "POST / with X-Amz-Target, a JSON object, Content-Type application/x-amz-json-1.1; an empty body is {}", t+"DescribeOperations", t+"RequestsAsSDKsSendThem"),
		documented("COG-12.1-02", "Operations without output answer an empty body, those with an empty output {}", t+"AnswersWithoutOutput"),
		documented("COG-12.1-03", "Errors have __type, message, X-Amzn-ErrorType and X-Amzn-ErrorMessage, and status 400", t+"APIErrors"),
		reported("COG-12.1-04", "Constraints of the model are answered by InvalidParameterException, N validation errors detected: Value … at … failed to satisfy constraint: Member must …", t+"ConstraintsInTheServicesWords", t+"EveryOperationWantsItsMembers"),
		reported("COG-12.1-05", "A list of words that breaks a constraint is shown whole, with all constraints of its members; sensitive values are not shown", t+"ConstraintsInTheServicesWords"),
		reported("COG-12.1-06", "Another JSON type, and malformed JSON, are SerializationException", t+"WrongTypesAreSerializationExceptions"),
		documented("COG-12.1-07", "Timestamps are seconds since 1970 with a fraction", t+"DescribeOperations"),
		reported("COG-12.1-08", "Members that are not known are ignored, null is absent, an empty list is not absent", t+"RequestsAsSDKsSendThem", t+"EverySettingOfAUserPoolComesBack"),
		reported("COG-12.1-09", "Preflights of browsers are answered for any origin", t+"PreflightOfTheAPI"),
		documented("COG-12.1-10", "A request is for the region of its signature or host; a pool of another region is not there", t+"UserPoolsOfARegionInPages"),
		documented("COG-12.1-11", "Lists come in pages; their tokens are opaque and good for one list", t+"UserPoolsOfARegionInPages", t+"ListUsersInPages"),
		documented("COG-12.1-12", "Every operation of the model is known; what is not offered says so", t+"EveryOperationOfTheModelIsKnown"),
		{"COG-12.1-13", No, Documented, "Requests are signed, and refused with a wrong signature", "AWS Signature Version 4", "signatures are accepted and not verified", nil},
		{"COG-12.1-14", No, Documented, "Operations are throttled", gQuotas, noLimits, nil},
	}}, {ID: "COG-12.2", Title: "user pools API: pools and domains", Entries: []Entry{
		documented("COG-12.2-01", "CreateUserPool and DescribeUserPool answer all settings, with the service's defaults for those that were not set", t+"DefaultsOfAUserPool"),
		documented("COG-12.2-02", "What is set is answered as it was set", t+"EverySettingOfAUserPoolComesBack"),
		documented("COG-12.2-03", "Custom attributes are named without custom: at creation and come back with it, standard ones are listed all", t+"EverySettingOfAUserPoolComesBack", t+"CustomAttributesAndTags"),
		reported("COG-12.2-04", "A pool with a domain, or with deletion protection, is not deleted", t+"RefusedUserPools"),
		documented("COG-12.2-05", "AliasAttributes and UsernameAttributes exclude each other", t+"RefusedUserPools"),
		documented("COG-12.2-06", "GetUserPoolMfaConfig of a plain pool is MfaConfiguration OFF alone", t+"DefaultsOfAUserPool", t+"MFAConfiguration"),
		documented("COG-12.2-07", "DescribeUserPoolDomain of an unknown domain is an empty description, not an error", t+"Domains"),
		reported("COG-12.2-08", "A prefix is taken once in a region, has no aws, amazon or cognito in it, and a pool has one", t+"Domains"),
		{"COG-12.2-09", Partly, Documented, "A domain is in use within a minute, a custom one within minutes", gManaged, "in a lab at once", tests(".:TestADomainMadeWhileTheLabRunsSignsIn")},
		documented("COG-12.2-10", "Tags of a pool are those of TagResource", t+"CustomAttributesAndTags"),
	}}, {ID: "COG-12.3", Title: "user pools API: clients, providers, resource servers, branding", Entries: []Entry{
		documented("COG-12.3-01", "Defaults of a client: refresh tokens of 30 days, no OAuth, token revocation on, AuthSessionValidity 3; unset lists are absent", t+"DefaultsOfAnAppClient"),
		documented("COG-12.3-02", "What is set is answered as it was set, the secret in clear", t+"EverySettingOfAnAppClientComesBack"),
		documented("COG-12.3-03", "OAuth settings, URLs, scopes, providers, attributes and validities are held against the rules of the guide", t+"RefusedAppClients"),
		documented("COG-12.3-04", "Two secrets are valid at once, a third is refused; values are answered once", t+"TwoSecretsOfAClient"),
		documented("COG-12.3-05", "Tokens of a deleted client stop working", t+"ADeletedClientCanDoNothing"),
		documented("COG-12.3-06", "UpdateIdentityProvider leaves alone what is left out, and replaces ProviderDetails as a whole", t+"AnIdentityProviderComesBack"),
		{"COG-12.3-07", Yes, Observed, "attributes_url_add_attributes false and the mapping username ← sub are added; discovered endpoints are not stored", "measured with an Entra provider, 2026-08", "", tests(t + "AnIdentityProviderComesBack")},
		documented("COG-12.3-08", "GetIdentityProviderByIdentifier is the look-up of idp_identifier", t+"AnIdentityProviderComesBack"),
		reported("COG-12.3-09", "A deleted provider goes from the clients that had it", t+"ASetUpMadeByTheAPISignsIn"),
		documented("COG-12.3-10", "Scopes of resource servers can be allowed to clients; an update without scopes takes them away", t+"ResourceServers"),
		documented("COG-12.3-11", "A client has one managed login branding", t+"ManagedLoginBranding"),
		{"COG-12.3-12", No, Documented, "Branding changes how the pages look", gManaged, "settings and assets are kept, the pages stay as they are", nil},
		{"COG-12.3-13", No, Documented, "Providers of type SAML, Google, Facebook, LoginWithAmazon and SignInWithApple", model, noSAML + "; " + noSocial, nil},
	}}, {ID: "COG-12.4", Title: "user pools API: groups and users", Entries: []Entry{
		documented("COG-12.4-01", "Groups have description, role and precedence; 0 is not none", t+"Groups", t+"GroupsInPages"),
		documented("COG-12.4-02", "A user is found by user name, sub or alias", t+"AFederatedUserAsAnAdministratorSeesHim", t+"UsersMadeByAnAdministrator"),
		documented("COG-12.4-03", "identities is a string of JSON with a boolean and numbers", t+"AFederatedUserAsAnAdministratorSeesHim"),
		documented("COG-12.4-04", "A filter of ListUsers is one condition, = or ^=, on the documented attributes; case counts for username and status", t+"ListUsersFilters"),
		documented("COG-12.4-05", "AttributesToGet restricts the attributes", t+"ListUsersFilters"),
		documented("COG-12.4-06", "AdminCreateUser makes a user FORCE_CHANGE_PASSWORD and invites him, unless SUPPRESS; RESEND invites again", t+"UsersMadeByAnAdministrator", t+"Invitations"),
		documented("COG-12.4-07", "ForceAliasCreation moves an alias to the new user", t+"UsersMadeByAnAdministrator"),
		documented("COG-12.4-08", "With UsernameAttributes the user name is the sub, and the address an attribute that works in its place", t+"UsernamesThatAreAddresses"),
		documented("COG-12.4-09", "Passwords are held against the policy and the history", t+"SettingAPassword"),
		documented("COG-12.4-10", "sub, identities and immutable attributes cannot be updated; a changed address is not verified any more; a blank value deletes", t+"AttributesOfAUser"),
		documented("COG-12.4-11", "A disabled user cannot sign in or refresh", t+"ADisabledUserCannotSignIn"),
		documented("COG-12.4-12", "AdminUserGlobalSignOut ends refresh tokens and the service's taking of access tokens, not the domain's session", t+"AdminUserGlobalSignOut"),
		documented("COG-12.4-13", "AdminDisableProviderForUser ends a link; of a user of the pool's own, sign-in with the password", t+"ALinkedIdentityLandsOnTheProfile", t+"DisablingPasswordSignIn"),
		unknown("COG-12.4-14", "UpdateGroup leaves alone what is left out", t+"Groups"),
		unknown("COG-12.4-15", "An invitation whose request names no medium goes by SMS if there is a number, else by e-mail", t+"Invitations"),
	}}, cognitoAuthAPI()}
}

// cognitoAuthAPI is the user pools API of the users themselves: sign-in, sign-up, tokens.
func cognitoAuthAPI() Section {
	const (
		t, in    = "mockcognito:Test", "mockcognito/internal/signin:Test"
		gFlows   = "developer guide, authentication flows"
		gMFA     = "developer guide, MFA"
		gHiding  = "developer guide, user existence errors"
		messages = "messages quoted in public issues"
	)
	yes := func(id string, c Confidence, statement, source string, names ...string) Entry {
		return Entry{id, Yes, c, statement, source, "", names}
	}
	return Section{ID: "COG-12.5", Title: "user pools API: sign-in, sign-up, tokens", Entries: []Entry{
		yes("COG-12.5-01", Documented, "USER_PASSWORD_AUTH and ADMIN_USER_PASSWORD_AUTH answer the tokens, or the challenge that comes first", gFlows, t+"TokensOfASignInByTheAPI", t+"SignInsThatFail", t+"NewPasswordByTheAPI"),
		yes("COG-12.5-02", Observed, "Tokens of a sign-in by the API have the scope aws.cognito.signin.user.admin, an event_id, no version and no at_hash", "published token dumps", t+"TokensOfASignInByTheAPI"),
		yes("COG-12.5-03", Documented, "USER_SRP_AUTH: PASSWORD_VERIFIER with SRP_B, SALT, SECRET_BLOCK and USER_ID_FOR_SRP, and no session", gFlows, in+"SRP", in+"SRPWhatIsSent"),
		yes("COG-12.5-04", Documented, "A flow wants its ALLOW_ in ExplicitAuthFlows; administrators' flows want a signed operation", model, in+"FlowsNeedToBeAllowed", t+"SignInsThatFail"),
		yes("COG-12.5-05", Reported, "A wrong password is NotAuthorizedException, Incorrect username or password.", messages, t+"SignInsThatFail", in+"Password"),
		yes("COG-12.5-06", Documented, "PreventUserExistenceErrors answers for a name that nobody has as for somebody's, the same each time", gHiding, in+"UnknownUserIsHidden", in+"UnknownUserOfALegacyClient", in+"UnknownUsersAtSignUp", in+"ChoiceOfNobody"),
		yes("COG-12.5-07", Documented, "NEW_PASSWORD_REQUIRED with userAttributes and requiredAttributes as strings of JSON", model, t+"NewPasswordByTheAPI", in+"NewPassword"),
		yes("COG-12.5-08", Documented, "Sessions end after the client's AuthSessionValidity and serve once; a wrong code leaves them", gFlows, t+"SessionsEndWithTheClientsValidity", in+"Sessions", in+"OneAnswerWins"),
		yes("COG-12.5-09", Documented, "CUSTOM_AUTH goes from DefineAuthChallenge to CUSTOM_CHALLENGE and on, by SRP first if asked", gFlows, in+"CustomAuthentication", in+"CustomAuthenticationBySRP"),
		yes("COG-12.5-10", Documented, "USER_AUTH offers the first factors of the pool that the user has, and takes a preferred one", gFlows, t+"ChoiceByTheAPI", in+"ChoiceOfFirstFactors", in+"OneTimePasswords"),
		yes("COG-12.5-11", Documented, "SECRET_HASH is wanted of a client with a secret, and is base64 of HMAC-SHA256 over user name and client id", "developer guide, computing secret hash values", t+"SecretHash"),
		yes("COG-12.5-12", Documented, "After five failures a user waits, a second at first and then twice as long each time", "developer guide, sign-in attempts", in+"Lockout", in+"SuccessForgetsFailures", in+"FailuresAtOnceAreAllCounted"),
		yes("COG-12.5-13", Documented, "SOFTWARE_TOKEN_MFA, SMS_MFA and EMAIL_OTP follow the password as the pool and the user have them, SELECT_MFA_TYPE where none is preferred", gMFA, in+"SoftwareToken", in+"CodesThatAreSent", in+"ChoiceOfSecondFactors", t+"SoftwareTokenByTheAPI", t+"FactorsByAnAdministrator"),
		yes("COG-12.5-14", Documented, "MFA_SETUP where the pool wants a second factor and the user has none; an authenticator is associated by its session", gMFA, t+"SetUpOfAnAuthenticatorDuringASignIn", in+"SetUpDuringASignIn"),
		yes("COG-12.5-15", Documented, "A code of an authenticator serves once", gMFA, in+"ACodeOfAnAuthenticatorServesOnce", t+"SoftwareTokenByTheAPI"),
		yes("COG-12.5-16", Documented, "SignUp makes an unconfirmed user and sends a code to the address that the pool verifies; ConfirmSignUp takes it", model, t+"SignUpByTheAPI", in+"SignUpAndConfirm", in+"SignUpCodesEnd"),
		yes("COG-12.5-17", Documented, "ForgotPassword sends a code to a verified address by the pool's order of recovery; ConfirmForgotPassword sets the password", "developer guide, password recovery", t+"ForgottenPasswordByTheAPI", in+"ForgottenPassword", in+"RecoveryGoesByPriority"),
		yes("COG-12.5-18", Documented, "AdminResetUserPassword makes sign-ins answer PasswordResetRequiredException", model, t+"ForgottenPasswordByTheAPI", in+"AdminReset"),
		yes("COG-12.5-19", Documented, "An operation by access token wants the scope aws.cognito.signin.user.admin, a token that is good, and a user who may sign in", model, t+"EveryOperationWithAnAccessToken", t+"GetUser", t+"RefreshTokensOfBothWays"),
		yes("COG-12.5-20", Documented, "GetUser shows what the client may read; users write what it may write, and verify addresses by code", model, t+"GetUser", t+"AttributesOfOnesOwn", in+"UpdateOfAnAddress"),
		yes("COG-12.5-21", Documented, "GlobalSignOut ends all tokens of the user, those of other sign-ins too", model, t+"GlobalSignOutOfOnesOwn"),
		yes("COG-12.5-22", Documented, "RevokeToken ends a refresh token and the access tokens issued with it, and takes no other kind", model, t+"RevokeToken"),
		yes("COG-12.5-23", Documented, "REFRESH_TOKEN_AUTH and GetTokensFromRefreshToken keep auth_time and origin_jti, and take tokens of the domain too", model, t+"RefreshByTheAPI", t+"RefreshTokensOfBothWays"),
		yes("COG-12.5-24", Documented, "With rotation GetTokensFromRefreshToken answers the next refresh token, and a replaced one is RefreshTokenReuseException", "developer guide, refresh tokens", t+"RotationByTheAPI"),
		{"COG-12.5-25", No, Documented, "Remembered devices, passkeys and threat protection", "developer guide", "not modelled; their operations say so", nil},
	}}
}
