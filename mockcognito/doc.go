// Package mockcognito stands in for Amazon Cognito user pools: issuer, OAuth endpoints, managed login and the user pools
// API, by which pools, clients, providers, groups and users are set up and administered and people sign in (internal/idp,
// internal/signin).
//
//	app ──/oauth2/authorize──► client? redirect_uri? ──no──► /error (400), never the app
//	                           request ok? ──no──► app?error_description=…&state=…&error=invalid_request
//	                           session? ──yes──────────────────────────────────────────────► app?code=…&state=…
//	                           identity_provider? ──no──► /login ──button──► /oauth2/authorize
//	                           │ unknown, or not for this client ──► /login (401)
//	                           ▼
//	          identity provider's authorize endpoint (state in three authenticated parts, csrf-state cookie)
//	                           ▼
//	     /oauth2/idpresponse: state ─► code for tokens ─► keys ─► signature, iss, aud, exp ─► userInfo ─► mapping ─► user
//	                           │ failure ──► app?error_description=…&state=…&error=invalid_request
//	                           ▼
//	                  session cookie, app?code=… ──/oauth2/token──► ID token, access token, refresh token
//
// Pools, clients, providers and users are live state (internal/userpool). Config.UserPools declares the pools at the start;
// Reload declares others, Reset goes back to them.
//
// What surprises people is a quirk with a switch (Quirks); what goes wrong on request is a fault bound to a point.
//
// Not modelled here: passkeys and one-time codes as first factor, SAML and social providers, the two Lambda triggers that need
// KMS, and the operations of the user pools API that go with them; each answers with an error that says so. Request signatures are
// not verified.
//
// Sources: Amazon Cognito developer guide (authorization, token, userInfo, revocation, logout and login endpoints;
// OIDC identity providers; attribute mapping), the user pools API reference, and public reports of live pools, which
// win where they contradict the guide.
package mockcognito
