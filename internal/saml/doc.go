// Package saml holds the messages of SAML 2.0 web browser single sign-on for both of its roles: what a service provider asks
// (AuthnRequest), what an identity provider answers (Response with an Assertion), and the metadata by which they know each other.
// Signatures, canonicalization and XML trees are goxmldsig's and etree's.
//
//	service provider                                   identity provider
//	AuthnRequest.Redirect, .Encode ── browser ──►  ReadRequest ─► who is it? ─► Response.Encode
//	Parse ─► Message.Verify ─► Response            ◄── browser, form POST ──────────┘
//
// Reading is strict, since everything that makes a signed document mean something else begins with a lenient reader:
//
//   - no document type, no processing instruction, no comment, no entity but the five of XML;
//   - no name of several colons, no attribute twice: readers differ about them;
//   - a bounded depth and number of elements; each ID once;
//   - one assertion, in its place; what is read afterwards is the element that was signed and nothing else.
//
// Whether a response is the right one (audience, recipient, times, request, replay) is for the service provider to say: the
// values are in Response and Assertion.
package saml
