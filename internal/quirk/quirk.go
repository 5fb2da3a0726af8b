// Package quirk holds behaviour of the real services that surprises people, as data: an id, what happens, who saw it,
// and a switch. A mock asks its Set; the console, the command line and the lab file turn the switches.
package quirk

import (
	"fmt"
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
}

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
	return s
}

// On tells whether the quirk is on. Asking for an unknown one is a programming error.
func (s *Set) On(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
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
		out[i] = State{Quirk: q, On: s.on[q.ID]}
	}
	return out
}
