package userpool

import "sync"

// turns lets changes of different users be written at the same time, so that they share what waiting for a disk costs, and
// keeps apart those that concern the same user, or want the same name, alias or identity: one waits for the other.
//
//	plan (one at a time) ─► keys free? ──no──► wait for somebody's end, plan again
//	                            │
//	                            ▼ taken
//	                       write (many at a time) ─► done, keys given back
type turns struct {
	mu   *sync.Mutex // held while somebody plans, not while he writes; guards keys
	end  *sync.Cond  // of a turn
	keys map[any]bool
}

// turn is a change that is planned.
type turn struct {
	keys  []any        // that nobody else has during it
	write func() error // to the store
	done  func()       // makes it seen, once it is written
}

func newTurns() turns {
	mu := &sync.Mutex{}
	return turns{mu: mu, end: sync.NewCond(mu), keys: map[any]bool{}}
}

// take plans a change, waits until it meets no other, and makes it. plan may answer nil to be asked again when somebody
// else's change has ended; it runs again, too, when its keys are taken.
func (t turns) take(plan func() (*turn, error)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		planned, err := plan()
		if err != nil {
			return err
		}
		if planned == nil || t.taken(planned.keys...) {
			t.end.Wait()
			continue
		}
		return t.make(planned)
	}
}

func (t turns) make(planned *turn) error {
	for _, key := range planned.keys {
		t.keys[key] = true
	}
	defer func() {
		for _, key := range planned.keys {
			delete(t.keys, key)
		}
		t.end.Broadcast()
	}()
	if err := t.written(planned); err != nil {
		return err
	}
	planned.done()
	return nil
}

// written writes without holding up the others.
func (t turns) written(planned *turn) error {
	t.mu.Unlock()
	defer t.mu.Lock()
	return planned.write()
}

// taken tells whether somebody has one of the keys. It is for plans.
func (t turns) taken(keys ...any) bool {
	for _, key := range keys {
		if t.keys[key] {
			return true
		}
	}
	return false
}

// alone waits until nobody writes and keeps it so until the function that it returns is called.
func (t turns) alone() (release func()) {
	t.mu.Lock()
	for len(t.keys) > 0 {
		t.end.Wait()
	}
	return t.mu.Unlock
}
