// Package sampleapp is an example application that signs people in through Amazon Cognito and Scalekit: the custom
// login page of Scalekit's Cognito integration guide, on go-oidc and x/oauth2, with state, nonce and PKCE.
//
//	GET  /                home: the login form, or the claims of whoever is signed in
//	GET  /auth/login      keeps state, nonce and verifier, redirects to Cognito's authorization endpoint
//	GET  /auth/callback   state ─► code for tokens ─► ID token ─► nonce ─► userInfo ─► session ─► home
//	any  /auth/logout     ends the session here, redirects to Cognito's /logout
//
// It is a client like any other: it learns everything from Cognito's discovery document and knows none of the lab's
// insides. Beyond what an application would do it only shows more (raw userInfo, decoded ID token, the provider's raw
// error) and links to the recorded sign-in in the console.
//
// The browser holds one cookie with an opaque session id. State, nonce and verifier stand in the store for ten minutes
// and are taken from it on return, so a callback works once.
//
// Not modelled: refreshing tokens, more than one provider, accounts of the application's own. Signing out ends the
// session here and at Cognito; Scalekit's and the identity provider's sessions live on, as in the guide.
//
// Sources: https://docs.scalekit.com/guides/integrations/auth-systems/aws-cognito/,
// https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html,
// https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html, OIDC Core §3.1, RFC 7636.
package sampleapp
