// Package badinput holds no code, only tests: a running lab, and everything that a broken or hostile client may send to
// every endpoint of every party.
//
//	endpoints (one table) × cases ─► raw bytes over TCP or TLS ─► answer ─► the endpoint's own error, or a clear one of ours
//	                                                             log    ─► no panic, no internal failure, no secret
//	after each party: a whole sign-in still works
//
// Requests are written byte by byte, since HTTP clients refuse to send most of them. What is held against every answer:
// no 5xx (but those listed in allowed5xx), an answer in time, the error shape of the endpoint, headers that any client
// can parse, nothing of the request in a page unescaped, no secret. A route that is not in the table fails the test.
//
// Not modelled: HTTP/2 frames (net/http's own matter), floods (limits_test.go of the root package measures memory and
// slow clients).
package badinput
