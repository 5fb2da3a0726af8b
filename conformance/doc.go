// Package conformance drives and judges a sign-in chain from outside: this lab, or the real tenants.
//
//	Target (YAML) ─► Flow.Run ─► Journey: everything seen on the way, for checks to read
//	                   │
//	                   ├ 1 discovery      GET  <issuer>/.well-known/openid-configuration
//	                   ├ 2 authorize URL  state, nonce, PKCE S256, identity_provider, login_hint
//	                   ├ 3 sign-in        SignIn driver: HTTPDriver here, a real browser elsewhere
//	                   ├ 4 callback       state compared, error or code taken out
//	                   ├ 5 exchange       POST token_endpoint, basic, post or public
//	                   ├ 6 ID token       JWK Set, signature, iss, aud, azp, exp, nonce, at_hash
//	                   └ 7 userInfo       Bearer access token, sub compared
//
// The package has wire structs of its own and takes go-jose directly: if it shared code with the mocks, one mistyped
// member would be wrong on both sides and every check would pass.
//
// Not here: checks and reports, refresh, sign-out, answers in a fragment or by form_post, encrypted ID tokens.
package conformance
