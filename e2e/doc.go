// Package e2e signs in with a real browser.
//
//	Browser ── one process of Chrome, headless
//	   └─ Tab ── cookies of its own (a browser context), a console log
//	        ├─ LoginPage, SimulatorPage, OktaPage, ClaimsPage, CognitoLoginPage, ConsolePage, ErrorPage
//	        │     verbs of a person; every selector is in pages.go
//	        └─ Driver ── conformance.SignIn: follows the steps of a target file
//
// The tests are scenarios in those verbs. Journeys run against any target, described by a file with the schema of
// conformance.Target:
//
//	go test ./e2e                            labs of its own, all scenarios in all forms
//	go test ./e2e -args -form localhost      the same in one form: plain, localhost or vendor
//	go test ./e2e -args -target tenant.yaml  the journeys that endpoints described by a file can serve
//
// The forms are those of ssolab.Config.Names: http on a port per party, which is kinder than AWS, and https with a host name
// per party, below localhost or the vendors' own. There is one browser process for each; it finds the hosts by resolver
// rules and trusts one CA by the hash of its key. All other certificates are judged as ever.
//
// A failure leaves a screenshot, the DOM, the console log and the lab's record of the sign-in in a directory that its
// message names.
//
// Not here: other browsers than Chromium and its kin, which chromedp does not drive; SAML.
package e2e
