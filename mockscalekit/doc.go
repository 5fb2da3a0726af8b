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
// An environment serves:
//
//	/.well-known/openid-configuration, /.well-known/oauth-authorization-server, /keys
//	/oauth/authorize, /oauth/token, /userinfo, /oidc/logout
//	/sso/v1/oidc/{connection}/callback, /test, /logout/callback, /backchannel-logout; /sso/v1/oauth/{connection}/callback
//	/a/auth/login, /a/auth/signup (full-stack mode)
//
// In modular mode an environment has no users: every authorization request goes to an identity provider, and the subject is
// conn_…;<subject there>. In full-stack mode it has users (usr_…) with memberships, roles and sessions, refresh tokens, and
// login pages of its own, to which everybody goes whose domain leads nowhere.
//
// A server may hold several environments on one listener; the Host of a request says whose it is. What an environment consists
// of is in package directory.
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
package mockscalekit
