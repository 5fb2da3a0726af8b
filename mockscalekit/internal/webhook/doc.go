// Package webhook tells a team's own endpoints what happens in a Scalekit environment.
//
//	directory ─► Event ─► eventsOf ─► envelope ─► one Delivery for each endpoint that wants the type
//	                                                  │ POST, signed; up to 4 attempts, further and further apart
//	                                                  ▼
//	                                             kept for inspection: body, attempts, outcome
//
// A delivery is signed as Standard Webhooks says (https://www.standardwebhooks.com, which the vendor's SDKs verify):
// webhook-id, webhook-timestamp and webhook-signature with v1,base64(HMAC-SHA256(secret, id.timestamp.body)).
//
// Unverified: how long the service waits between attempts, and members of data beyond those documented.
package webhook
