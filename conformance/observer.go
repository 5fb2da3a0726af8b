package conformance

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// Observer is a Control that can also show what the parties of a lab said to each other.
type Observer interface {
	// Hops are the exchanges of the newest sign-in, back channel included, in their order.
	Hops(ctx context.Context) ([]ObservedHop, error)
}

// ObservedHop is a request between two parties as recorded by a lab. Secrets in it are masked, their names are not.
type ObservedHop struct {
	Method        string
	URL           string
	RequestHeader []string // "Name: value"
	RequestBody   string
	Status        int
}

// Header is the value of a request header; empty without one.
func (h ObservedHop) Header(name string) string {
	for _, line := range h.RequestHeader {
		if got, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(got, name) {
			return value
		}
	}
	return ""
}

// Form is the request body read as a form.
func (h ObservedHop) Form() url.Values {
	form, _ := url.ParseQuery(h.RequestBody) // what cannot be read is not there
	return form
}

// Hops are the exchanges of the newest sign-in with an endpoint. The check has NeedTrace, so there is an Observer.
func (t *T) Hops(endpoint string) []ObservedHop {
	observer, ok := t.Control().(Observer)
	if !ok {
		t.Skip("needs %s", NeedTrace)
	}
	all, err := observer.Hops(t.ctx)
	if err != nil {
		t.Undecided(fmt.Errorf("read the lab's trace: %w", err))
	}
	var out []ObservedHop
	for _, h := range all {
		if base, _, _ := strings.Cut(h.URL, "?"); base == endpoint {
			out = append(out, h)
		}
	}
	t.seen++
	return out
}
