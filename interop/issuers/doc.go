// Package issuers runs the conformance tester against OpenID providers that share no code with the lab, as they are
// installed: npm oidc-provider, and the example server of zitadel/oidc. What it says of them is written to
// docs/other-issuers.md and compared with it: a check that finds fault with them is either right, or wrong about the
// standard.
//
//	zitadel's server, in this process ─┐
//	oidc-provider, on Node ────────────┴─► target.yaml ─► ssolab check --target ─► JSON ─► docs/other-issuers.md
package issuers
