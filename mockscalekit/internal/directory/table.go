package directory

// table is a map with a writer's draft beside it. Readers see live only, under the directory's read lock; the one writer at a
// time sees what it has drafted over it. Nothing is visible until flush, and discard forgets the draft.
type table[V any] struct {
	live  map[string]V
	draft map[string]*V // nil: taken out
}

func newTable[V any]() *table[V] {
	return &table[V]{live: map[string]V{}, draft: map[string]*V{}}
}

// see is the writer's view.
func (t *table[V]) see(key string) (V, bool) {
	if v, drafted := t.draft[key]; drafted {
		if v == nil {
			var zero V
			return zero, false
		}
		return *v, true
	}
	v, ok := t.live[key]
	return v, ok
}

func (t *table[V]) put(key string, v V) { t.draft[key] = &v }

func (t *table[V]) drop(key string) { t.draft[key] = nil }

func (t *table[V]) flush() {
	for key, v := range t.draft {
		if v == nil {
			delete(t.live, key)
		} else {
			t.live[key] = *v
		}
	}
	clear(t.draft)
}

func (t *table[V]) discard() { clear(t.draft) }
