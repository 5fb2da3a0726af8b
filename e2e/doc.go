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
//	go test ./e2e                           a lab of its own, all scenarios
//	go test ./e2e -args -target tenant.yaml the journeys that endpoints described by a file can serve
//
// A failure leaves a screenshot, the DOM, the console log and the lab's record of the sign-in in a directory that its
// message names.
//
// Not here: other browsers than Chromium and its kin, which chromedp does not drive; SAML.
package e2e
