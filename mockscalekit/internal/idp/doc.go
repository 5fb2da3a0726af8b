// Package idp is the customers' identity providers: the IdP simulator of a Scalekit development environment, and four providers
// with a character, Okta-like, Entra-like, Google-like and a plain one, each over OpenID Connect and over SAML 2.0. They are one
// party on one origin, told apart by path.
//
//	OIDC: GET  …/authorize ─┐                                                    ┌─► 302 redirect_uri?code&state ─► token, userinfo
//	SAML: GET  …/sso       ─┼─► request kept ─► /{idp}/login: who is it? ─► policy ─┤
//	      GET  /{idp}/apps ─┘   identify, password, code or push, new password,   ├─► page that POSTs a signed response to the ACS
//	                            consent; or a session there already is            └─► the outcome: an error to the application, or a
//	                                                                                  page at which the person stays
//
// What becomes of a sign-in is decided by the person's state (locked, not assigned, …), by an outcome that was ordered for the
// next sign-in of a person, or by the choice on the sign-in page. How it is said is the provider's character: some send the
// browser back with an error, others keep it.
//
// People are known to all providers. Which applications there are, the wiring tells: one for each connection of an environment
// that points here, as if its administrator had entered it.
package idp
