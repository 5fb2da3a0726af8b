// Package mockscalekit stands in for a Scalekit environment and for the customers' identity providers behind it.
//
// They are two parties on two origins that meet over HTTP only: the environment is an OpenID provider to its clients
// (Amazon Cognito, or an application) and an OpenID relying party to the identity providers.
//
//	browser            client (Cognito)       environment                            identity provider
//	   │  GET /oauth/authorize?login_hint=…       │                                        │
//	   ├─────────────────────────────────────────►│ route: provider > connection_id >      │
//	   │                                          │ organization_id > domain > login_hint  │
//	   │  302 /authorize?state&nonce&challenge    │                                        │
//	   ├──────────────────────────────────────────┼───────────────────────────────────────►│
//	   │  302 /login?authRequestID=req_…  page, POST form                                  │
//	   ├──────────────────────────────────────────┼───────────────────────────────────────►│
//	   │  302 /sso/v1/oidc/{conn}/callback?code&state                                      │
//	   ├─────────────────────────────────────────►│ POST token, GET keys, GET userinfo     │
//	   │                                          ├───────────────────────────────────────►│
//	   │                                          │ signature, iss, aud, exp, nonce,       │
//	   │                                          │ userinfo sub, domain of the e-mail     │
//	   │  302 redirect_uri?code&state             │                                        │
//	   ├──────────────────────►│ POST /oauth/token, GET /userinfo, GET /keys               │
//	   │                       ├─────────────────►│                                        │
//
// The environment serves:
//
//	/.well-known/openid-configuration, /.well-known/oauth-authorization-server, /keys
//	/oauth/authorize, /oauth/token, /userinfo, /oidc/logout
//	/sso/v1/oidc/{connection}/callback
//
// The identity providers share one origin. The IdP simulator's issuer is that origin, with /authorize, /login, /token,
// /userinfo and /keys; an Okta-like provider with a password and a TOTP code (RFC 6238) lives below /okta.
//
// What is written once and used once (the environment's state at the identity provider, a request at the identity
// provider, codes) is taken out of the store in one step. The browser is bound to its sign-in by one cookie of the
// environment.
//
// Where the live service's wording is not public, the mock says what zitadel/oidc says, on which the service appears
// to be built; comments mark such places with "Unverified:".
//
// Not modelled: Full-Stack authentication mode, and with it hosted login, refresh tokens and social providers; sessions
// at the environment (every authorization asks the identity provider again); SAML; IdP-initiated sign-in; redirect URI
// templates; the grants client_credentials and refresh_token; introspection, revocation; the management API.
package mockscalekit
