// Package quirk holds behaviour of the real services that surprises people, as data: an id, what happens, who saw it,
// and a switch. A mock asks its Set; the console, the command line and the lab file turn the switches.
package quirk

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Quirk describes one surprising behaviour.
type Quirk struct {
	ID          string   `json:"id"`          // stable, kebab-case
	Party       string   `json:"party"`       // "cognito", "scalekit" or "idp"
	Description string   `json:"description"` // what happens while it is on
	Sources     []string `json:"sources"`     // vendor pages, or public reports where it was observed
	Default     bool     `json:"default"`     // on when the real service does it
	// Breaks is the place in a standard that the behaviour departs from; empty for none. The preset StrictOIDC turns such
	// quirks off.
	Breaks string `json:"breaks,omitempty"`
}

// StrictOIDC is a preset: switched on, it turns off every quirk that departs from a standard; switched off, it puts them
// back to their defaults. It is on while none of them is.
const StrictOIDC = "strict-oidc"

// State is a quirk and whether it is on in a lab.
type State struct {
	Quirk
	On bool `json:"on"`
}

// Set is the switches of one lab. It is safe for concurrent use.
type Set struct {
	quirks []Quirk

	mu sync.RWMutex // guards on
	on map[string]bool
}

// NewSet returns the set of the given quirks, each at its default. Two quirks of one id are a programming error.
func NewSet(lists ...[]Quirk) *Set {
	s := &Set{on: map[string]bool{}}
	for _, list := range lists {
		for _, q := range list {
			if _, dup := s.on[q.ID]; dup {
				panic("quirk: two quirks are called " + q.ID)
			}
			s.on[q.ID] = q.Default
			s.quirks = append(s.quirks, q)
		}
	}
	if s.departing() != nil {
		s.quirks = append(s.quirks, Quirk{
			ID: StrictOIDC, Party: "lab",
			Description: "A preset: on, it turns off every quirk that departs from a standard (" + strings.Join(s.departing(), ", ") + "), for clients and suites that allow no departure. Single quirks can be turned on again after it.",
			Sources:     []string{"the standards that those quirks name"},
		})
		s.on[StrictOIDC] = false
	}
	return s
}

// departing are the ids of the quirks that depart from a standard.
func (s *Set) departing() []string {
	var out []string
	for _, q := range s.quirks {
		if q.Breaks != "" {
			out = append(out, q.ID)
		}
	}
	return out
}

// Apply turns switches, as a configuration has them: the preset first, whatever the order.
func (s *Set) Apply(switches map[string]bool) error {
	ids := slices.Sorted(maps.Keys(switches))
	if i := slices.Index(ids, StrictOIDC); i >= 0 {
		ids = append([]string{StrictOIDC}, slices.Delete(ids, i, i+1)...)
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, s.Switch(id, switches[id]))
	}
	return errors.Join(errs...)
}

// On tells whether the quirk is on. Asking for an unknown one is a programming error.
func (s *Set) On(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.isOn(id)
}

// isOn is On; the caller holds mu.
func (s *Set) isOn(id string) bool {
	if id == StrictOIDC {
		return !slices.ContainsFunc(s.quirks, func(q Quirk) bool { return q.Breaks != "" && s.on[q.ID] })
	}
	on, ok := s.on[id]
	if !ok {
		panic("quirk: unknown quirk " + id)
	}
	return on
}

// Switch turns a quirk on or off.
func (s *Set) Switch(id string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.on[id]; !ok {
		ids := make([]string, len(s.quirks))
		for i, q := range s.quirks {
			ids[i] = q.ID
		}
		slices.Sort(ids)
		return fmt.Errorf("unknown quirk %q; known: %s", id, strings.Join(ids, ", "))
	}
	if id == StrictOIDC {
		for _, q := range s.quirks {
			if q.Breaks != "" {
				s.on[q.ID] = !on && q.Default
			}
		}
		return nil
	}
	s.on[id] = on
	return nil
}

// Reset puts every quirk back to its default.
func (s *Set) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.quirks {
		s.on[q.ID] = q.Default
	}
}

// List returns every quirk with its state, in the order given to NewSet.
func (s *Set) List() []State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]State, len(s.quirks))
	for i, q := range s.quirks {
		out[i] = State{Quirk: q, On: s.isOn(q.ID)}
	}
	return out
}
