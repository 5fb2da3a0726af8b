// Package directory holds what a Scalekit environment knows: clients, organizations with their connections and domains,
// users with their memberships, roles, and the list of SSO attributes. It speaks no protocol; the issuer routes by it, the
// management API changes it.
//
//	Config, lab file ─► Apply ──┐                         ┌─► memory: objects by id, indexes for routing (constant time)
//	                            ├─► write: check ─► store ─┤
//	management API ─► Create, ──┘   (one at a time)        └─► observers: webhooks, audit log
//	                  Update, Delete
//	issuer ◄── View, OfDomain, OfConnection, Get (one read lock, whole answers)
//
// Objects in memory are never changed: a write puts another one in their place, so whatever a reader was given stays as it
// was. A reader must not change it either; writers copy what they are given.
//
// Every object records its Origin. Apply reconciles the declared ones with a declaration, by a comparison of three: what was
// declared last, what is declared now, and what there is. Where the declaration of an object has not changed, what the API did
// to that object stays, its deletion too. What the API made is left alone.
//
// Everything is written to tables of internal/store before it can be seen, so a backend that keeps its data gives the same
// directory after a restart: Open, then Apply.
package directory
