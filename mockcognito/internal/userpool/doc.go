// Package userpool is the state of a Cognito service and its rules: user pools with their domains, app clients,
// identity providers, resource servers, groups and branding, and the users of each pool. It knows no wire format.
//
//	declared in the lab file ──Apply──┐                       ┌─► Snapshot, immutable ─► endpoints, user pools API (reads)
//	user pools API ──────────Edit─────┴─► Directory ──swap────┤
//	sign-ins, user pools API ──────────────► Users ───────────┴─► indexes in memory  ─► endpoints, user pools API (reads)
//	                                           │
//	                                           ▼
//	                          tables of internal/store: every change is written before it is acknowledged
//
// Configuration changes seldom and is read at every request, so that it is a Snapshot: whoever serves a request takes
// the current one, and neither locks nor decodes. Users change at every sign-in; a User that was handed out is never
// changed either, a change puts another in its place.
//
// Each object of the configuration knows its origin. Apply puts the declared ones into the declared form, makes those
// that lack and deletes those that are declared no more; it touches nothing that was made by the API, and no user. It
// runs at start, over what a persistent store holds, and when a lab file is read again.
//
// Open reads the tables. What an interrupted change has left behind in them (objects of a pool that is gone, references
// to a provider that is gone) is dropped then.
package userpool
