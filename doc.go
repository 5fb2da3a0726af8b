// Package ssolab runs a whole enterprise sign-in chain on one machine: an app, a mock of Amazon Cognito user pools, a
// mock of a Scalekit environment and the identity providers behind it, with a console that shows every hop.
//
//	browser ─► app ─► Cognito ─► Scalekit ─► identity provider
//	 e-mail ─────────────────────────────────────► claims
//
// In a Go test:
//
//	lab := ssolab.Run(t)                     // free ports, closed by the test
//	issuer := lab.URLs().Issuer              // give it to the code under test
//	clientID := lab.Variable("COGNITO_CLIENT_ID")
//
// Several labs run side by side in one process; they share nothing. The parties speak HTTP with each other, as the
// products do. The command cmd/ssolab runs the same lab from the shell.
package ssolab
