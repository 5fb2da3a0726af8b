package directory

import (
	"context"
	"time"
)

// Kind names a type of object.
type Kind string

// Kinds of objects.
const (
	KindClient       Kind = "client"
	KindOrganization Kind = "organization"
	KindConnection   Kind = "connection"
	KindDomain       Kind = "domain"
	KindUser         Kind = "user"
	KindRole         Kind = "role"
	KindAttribute    Kind = "attribute"
)

// Action is what happened to an object.
type Action string

// Actions.
const (
	Created Action = "created"
	Updated Action = "updated"
	Deleted Action = "deleted"
	// Occurred is something that changed no object: a sign-in, say. The event's Name tells what.
	Occurred Action = "occurred"
)

// Event tells that an object changed or that something happened.
type Event struct {
	Action         Action
	Name           string // of what occurred, e.g. "user.login"
	Kind           Kind
	ID             string
	OrganizationID string
	Before, After  any    // the object, e.g. Organization; nil before it was created and after it was deleted
	By             Origin // Declared: by Apply
	At             time.Time
	Details        map[string]string // of what occurred
}

// Observer is told every event, in order, after the change can be seen. It is called while the writer waits: it must return
// at once and must not write to the directory.
type Observer func(ctx context.Context, e Event)

// Observe adds an observer.
func (d *Directory) Observe(o Observer) {
	d.observing.Lock()
	defer d.observing.Unlock()
	d.observers = append(d.observers, o)
}

// Happened tells the observers of something that changed no object. At is filled in.
func (d *Directory) Happened(ctx context.Context, e Event) {
	e.Action, e.At = Occurred, d.now()
	d.tell(ctx, []Event{e})
}

func (d *Directory) tell(ctx context.Context, events []Event) {
	if len(events) == 0 {
		return
	}
	d.observing.Lock()
	defer d.observing.Unlock()
	for _, e := range events {
		for _, o := range d.observers {
			o(ctx, e)
		}
	}
}
