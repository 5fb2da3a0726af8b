// Package console is the web console of a lab and its control API, on one origin.
//
//	browser ─┐                ┌─ GET /               the live page: parties, sign-ins, variables
//	curl     ├─► guard ─► mux ┼─ GET /signins/{id}   one sign-in, drawn and hop by hop
//	client   ┘   Host, Origin └─ /api/v1/…           health env signins faults quirks clock reset events
//
// The API hands out client secrets and changes the lab, so the guard comes first: requests for another Host are
// refused, which stops DNS rebinding, and so are writes that a page of another origin makes. There are no CORS headers.
// What is recorded of sign-ins leaves the process masked, whoever asks.
//
// Pages are whole without JavaScript. A small script reads the event stream and puts fresh parts of the same page in
// place of the old ones.
//
// The console is no party of the chain: its own requests are neither traced nor open to faults. It has no accounts:
// who reaches its loopback port may use it. Package client is the Go client of the API.
package console
