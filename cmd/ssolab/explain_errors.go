package main

// wildError is an error that people meet with Cognito or Scalekit.
type wildError struct {
	Says    []string // texts that tell it, the most telling first
	From    string
	Seen    string
	Cause   string
	Cure    string
	Sources []string
}

const (
	authorizePage = "Amazon Cognito developer guide, authorization endpoint"
	tokenPage     = "Amazon Cognito developer guide, token endpoint"
	answersPage   = "Amazon Cognito developer guide, federation endpoint responses"
	livePools     = "answers of live user pools"
	scalekitPage  = "Scalekit documentation, SSO integration errors"
)

// wildErrors are the known ones, those at the app client first, then the provider, the token endpoint and Scalekit.
func wildErrors() []wildError {
	return append(append(appErrors(), federationErrors()...), append(tokenErrors(), scalekitErrors()...)...)
}

func appErrors() []wildError {
	return []wildError{{
		Says: []string{"redirect_mismatch"}, From: "Cognito", Seen: "400 page at /error?error=redirect_mismatch&client_id=…",
		Cause:   "The redirect_uri of the authorization request is not among the callback URLs of the app client. They are compared byte for byte: port, trailing slash, www, http or https.",
		Cure:    "Add the exact string to the callback URLs of the app client. UpdateUserPoolClient resets what a call leaves out, so callbacks that worked may have been wiped by a later change.",
		Sources: []string{livePools, authorizePage},
	}, {
		Says: []string{"invalid_scope"}, From: "Cognito", Seen: "at the app's callback as error=invalid_request&error_description=invalid_scope, before any sign-in page",
		Cause:   "A scope of the request is unknown, or not ticked for the app client; often profile, phone or offline_access. One is enough, and it is not named.",
		Cure:    "Tick the scope for the app client, or ask for less. Refresh tokens need no scope at Cognito.",
		Sources: []string{livePools, authorizePage + " (it shows the code in error)"},
	}, {
		Says: []string{"unauthorized_client"}, From: "Cognito", Seen: "at the callback in error or error_description; from the token endpoint in error",
		Cause:   "At authorize: the app client may not use this flow (response_type), or OAuth is off for it. At the token endpoint: the grant is off, or redirect_uri differs from that of the authorization request (invalid_redirect).",
		Cure:    "Enable the authorization code grant for the app client; send the same redirect_uri, byte for byte, in both requests.",
		Sources: []string{tokenPage, livePools},
	}, {
		Says: []string{"Login option is not available"}, From: "Cognito", Seen: "401 on /login: Login option is not available. Please try another one",
		Cause:   "identity_provider names a provider that does not exist, or that the app client may not use. The name is case-sensitive.",
		Cure:    "Add the provider to the app client's supported identity providers, and copy its name: an app with ScalekitOIDC123 in its code does not find ScalekitIdPRouter.",
		Sources: []string{livePools},
	}, {
		Says: []string{"Invalid state"}, From: "Cognito", Seen: "400 page at /error?error=Invalid%20state",
		Cause:   "The answer of an identity provider came without a state that Cognito gave in this browser: sign-in begun at the provider, a bookmarked or repeated /oauth2/idpresponse, the back button, more than five minutes, or lost cookies.",
		Cure:    "Begin at the app or at /oauth2/authorize. For sign-ins begun at the customer's provider, Scalekit sends the browser to the app's login URL, which starts a normal request with identity_provider and login_hint.",
		Sources: []string{"aws-amplify/amplify-js#6291", livePools},
	}, {
		Says: []string{"Login pages unavailable"}, From: "Cognito", Seen: "403: Login pages unavailable. Please contact an administrator.",
		Cause: "The domain uses managed login, and this app client has no branding style; clients made by the API have none. Shown for minutes after the branding version was switched, too.",
		Cure:  "Create a style for the client (CreateManagedLoginBranding), or set the domain to the classic hosted UI.", Sources: []string{livePools},
	}, {
		Says: []string{"Client does not exist"}, From: "Cognito", Seen: "page at /error?error=Client+does+not+exist",
		Cause: "No app client has this client_id at this domain: another pool, another region, or a blank value.", Cure: "Compare client_id, domain and region with the pool.", Sources: []string{livePools},
	}, {
		Says: []string{"Required String parameter 'redirect_uri' is not present"}, From: "Cognito", Seen: "400 page, often after /logout",
		Cause:   "/logout came without logout_uri and without redirect_uri. Cognito takes no post_logout_redirect_uri and no id_token_hint.",
		Cure:    "Send client_id and logout_uri, and register the latter among the sign-out URLs of the app client.",
		Sources: []string{"Amazon Cognito developer guide, logout endpoint", "reported widely"},
	}, {
		Says: []string{"nonce mismatch", "unexpected ID Token \"nonce\"", "nonce was not expected"}, From: "the app's library", Seen: "in the app at its first sign-in; a retry works",
		Cause:   "The app sends no nonce, but after a federated sign-in Cognito puts one of its own into the ID token; after a silent sign-in by session it does not. Strict clients refuse a nonce that they did not send. In a lab this is the quirk unrequested-nonce.",
		Cure:    "Send a nonce with every authorization request, and check it.",
		Sources: []string{"nextauthjs/next-auth#3403", "nextauthjs/next-auth#6865", "backstage/backstage#23773", "directus/directus#16563"},
	}, {
		Says: []string{"login_required"}, From: "Cognito", Seen: "at the app's callback", Cause: "prompt=none, and nobody is signed in in this browser.",
		Cure: "Send the request again without prompt=none.", Sources: []string{authorizePage, "OpenID Connect Core 1.0 section 3.1.2.6"},
	}}
}

func federationErrors() []wildError {
	return []wildError{{
		Says: []string{"attributes required"}, From: "Cognito", Seen: "at the app's callback: error=invalid_request&error_description=attributes required: [email]",
		Cause:   "The pool requires an attribute that the provider's answer does not give: the scope is missing (Cognito's default for a provider is openid alone), the mapping is missing, or the person has no such value at the customer's provider.",
		Cure:    "Authorize openid email profile for the provider, map the attribute, and see that the customer's provider releases it. Required attributes cannot be changed after a pool is made.",
		Sources: []string{livePools, answersPage},
	}, {
		Says: []string{"Attribute cannot be updated"}, From: "Cognito", Seen: "at the app's callback at the second sign-in: user.email: Attribute cannot be updated.",
		Cause:   "A mapped attribute is immutable in the pool's schema. The first sign-in writes it, every later one tries to write it again.",
		Cure:    "Map to a mutable attribute. Mutability cannot be changed in place: a new attribute or a new pool is needed.",
		Sources: []string{livePools, "Amazon Cognito developer guide, specifying attribute mapping"},
	}, {
		Says: []string{"Bad id_token issuer"}, From: "Cognito", Seen: "at the app's callback: Bad id_token issuer <iss of the token>",
		Cause:   "oidc_issuer in the provider's settings is not the iss of its ID tokens: a trailing slash, .scalekit.dev against .scalekit.com, or a custom domain.",
		Cure:    "Copy issuer from the provider's discovery document into oidc_issuer, without a change.",
		Sources: []string{livePools},
	}, {
		Says: []string{"error getting token", "Error - 401", "Error - 400"}, From: "Cognito", Seen: "at the app's callback: <Provider> Error - <status> <error> <description>",
		Cause:   "The provider's token endpoint refused Cognito: a wrong or rotated client secret, credentials of another environment, or a provider that takes client_secret_basic only. Cognito sends client_secret_post.",
		Cure:    "Copy client id and secret again from the same Scalekit environment, and allow client_secret_post.",
		Sources: []string{answersPage},
	}, {
		Says: []string{"Timeout occurred in calling IdP token endpoint", "Timeout in calling jwks uri", "Read timed out", "Connection reset"}, From: "Cognito", Seen: "at the app's callback in error_description",
		Cause: "Cognito could not reach the provider in time.", Cure: "Offer the person a retry; watch the provider's endpoints. They must be https on port 443 (or 80) with a public certificate.", Sources: []string{answersPage},
	}, {
		Says: []string{"Already found an entry for username"}, From: "Cognito", Seen: "at the app's callback at a first sign-in",
		Cause: "A PreSignUp trigger linked this identity to an existing user during the same sign-in.", Cure: "Sign in once more; or link before the first sign-in.", Sources: []string{livePools + ", intermittent"},
	}, {
		Says: []string{"Invalid ProviderName/Username combination"}, From: "Cognito", Seen: "at the app's callback after a link was made",
		Cause: "AdminLinkProviderForUser was given the subject in another case or form than the provider sends it.", Cure: "Link with the exact subject of the provider; case-insensitive pools lower the case of user names, not of subjects.", Sources: []string{livePools},
	}, {
		Says: []string{"failed with error"}, From: "Cognito", Seen: "at the app's callback: PreSignUp failed with error <message>.",
		Cause: "A Lambda trigger threw, or took longer than five seconds. The word before tells which, the message is the trigger's own.", Cure: "Read the trigger's log; keep its messages fit for users.", Sources: []string{livePools, "Amazon Cognito developer guide, Lambda triggers"},
	}}
}

func tokenErrors() []wildError {
	return []wildError{{
		Says: []string{"invalid_client_secret", "invalid_client"}, From: "Cognito's token endpoint", Seen: "400 with error invalid_client and error_description invalid_client_secret",
		Cause:   "A confidential app client sent no secret or a wrong one, or the client does not exist. The status is 400 where the standard has 401. From Scalekit the same code, with 401, means that its client id or secret is of another environment or was rotated.",
		Cure:    "Send the secret from the server, by HTTP Basic or in the form, not both; a browser app needs a client without a secret, and PKCE.",
		Sources: []string{livePools, tokenPage},
	}, {
		Says: []string{"invalid_redirect"}, From: "Cognito's token endpoint", Seen: "400 with error unauthorized_client and error_description invalid_redirect",
		Cause:   "redirect_uri is not that of the authorization request; most often a slash at the end. The code unauthorized_client makes people look at the grant types instead.",
		Cure:    "Send the same string in both requests.",
		Sources: []string{tokenPage},
	}, {
		Says: []string{"invalid_grant"}, From: "Cognito's token endpoint", Seen: "400 with error invalid_grant, without a description",
		Cause:   "The code was used before (React's StrictMode, a reload, a link preview), is older than five minutes, belongs to another client, or the PKCE verifier is not that of the challenge. For a refresh: the token is expired, revoked or rotated.",
		Cure:    "Exchange each code once, on the server; on invalid_grant start a new sign-in.",
		Sources: []string{tokenPage, livePools},
	}, {
		Says: []string{"Access token does not contain openid scope"}, From: "Cognito's userInfo", Seen: "401 with WWW-Authenticate: error=\"invalid_token\"",
		Cause: "The access token was issued without the scope openid, as those of the user pools API are.", Cure: "Ask for openid in the authorization request.", Sources: []string{livePools},
	}}
}

func scalekitErrors() []wildError {
	return []wildError{{
		Says: []string{"domain_not_found", "No domain specified for the SSO connection"}, From: "Scalekit", Seen: "at Cognito's /oauth2/idpresponse, and so at the app's callback",
		Cause:   "No organization has the domain of the address in login_hint. Domains match exactly: a sub-domain is not its parent. In full-stack mode there is no error but the hosted sign-in page.",
		Cure:    "Register the exact domain at the organization, as an organization domain that is verified.",
		Sources: []string{scalekitPage},
	}, {
		Says: []string{"invalid_redirect_uri"}, From: "Scalekit", Seen: "page of Scalekit; Cognito is never called back",
		Cause:   "Cognito's https://<domain>/oauth2/idpresponse is not among the allowed callback URLs of the Scalekit client; or one domain of the pool is, and people come in by another.",
		Cure:    "Register it for every active domain of the user pool, prefix and custom.",
		Sources: []string{scalekitPage},
	}, {
		Says: []string{"invalid_connection_selector"}, From: "Scalekit", Seen: "error redirect of the authorize endpoint",
		Cause: "The request has no organization, connection, domain, provider or login_hint to choose by: the app did not send login_hint.", Cure: "Send login_hint with the person's address to Cognito, which passes it on.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"no_active_connections", "connection_not_active", "no_configured_connections"}, From: "Scalekit", Seen: "error redirect of the authorize endpoint",
		Cause: "The organization was found, but has no connection that is enabled.", Cure: "Enable the organization's connection.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"invalid_user_domain"}, From: "Scalekit", Seen: "error redirect after the person signed in at the customer's provider",
		Cause: "The address that the provider gave is of no domain of the organization.", Cure: "Add the domain to the organization, or have the person sign in with another account.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"invalid_organization_id", "invalid_connection_id"}, From: "Scalekit", Seen: "error redirect of the authorize endpoint",
		Cause: "The id is unknown in this environment; ids of another environment look alike.", Cure: "Copy it from the environment that the app uses.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"mandatory_attribute_missing"}, From: "Scalekit", Seen: "error redirect after the person signed in at the customer's provider",
		Cause: "The customer's provider does not release an attribute that Scalekit needs, such as the address.", Cure: "Have the customer's administrator release it to the application.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"failed_to_exchange_token", "user_info_retrieve_failed"}, From: "Scalekit", Seen: "error redirect after the person signed in at the customer's OpenID provider",
		Cause: "The customer's provider refused Scalekit; most often the client secret of the connection has expired.", Cure: "Put a new secret into the connection.", Sources: []string{scalekitPage},
	}, {
		Says: []string{"access_denied", "User denied access"}, From: "Scalekit", Seen: "error redirect",
		Cause: "The person or the customer's provider refused: not assigned to the application, or cancelled.", Cure: "Have the customer's administrator assign the person.", Sources: []string{"Scalekit documentation"},
	}}
}
