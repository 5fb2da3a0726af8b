// Package idp is the user pools API (AWS JSON 1.1): POST / with X-Amz-Target and a JSON object.
//
//	request ─► operation by X-Amz-Target ─► types ─► constraints ─► pool, client, … ─► Directory ─► answer
//	              │ unknown: UnknownOperationException    │               │
//	              │ known, not modelled:                  │               └─► an exception class of the service
//	              │   UnsupportedOperationException       └─► InvalidParameterException: "N validation errors detected: …"
//	              ▼                                  └─► SerializationException
//	           presented with __type, message and X-Amzn-Errortype
//
// The shape of each operation's input is data (Shape), from which the types and constraints are checked in one place, in
// the service's words; an operation works with members that are of their type and within their bounds. There is a file
// for each family of operations. Members that no shape knows are ignored, as newer SDKs send new ones; null is absent.
//
// Request signatures are accepted and not verified; the region of a request is the one of its signature's credential
// scope, else of its host, else the lab's.
//
// Sources: the user pools API reference and service model. Texts marked Unverified are plausible and not observed.
package idp
