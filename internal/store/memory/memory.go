// Package memory is the store backend that lives and dies with the process.
package memory

import (
	"bytes"
	"container/heap"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

var _ store.Backend = (*Backend)(nil)

// Backend keeps records in maps. Each write also removes the records that have expired since the last one, so memory
// is given back without a background task.
type Backend struct {
	now func() time.Time

	mu     sync.RWMutex // guards the fields below
	tables map[string]map[string]store.Record
	due    expiries
}

// New returns an empty backend that reads the time from now.
func New(now func() time.Time) *Backend {
	return &Backend{now: now, tables: map[string]map[string]store.Record{}}
}

// Get implements store.Backend.
func (b *Backend) Get(_ context.Context, table, key string) (store.Record, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r := b.live(table, key)
	if r == nil {
		return store.Record{}, store.ErrNotFound
	}
	return *clone(r), nil
}

// Put implements store.Backend.
func (b *Backend) Put(_ context.Context, table, key string, r store.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(table, key, clone(&r))
	return nil
}

// Delete implements store.Backend.
func (b *Backend) Delete(_ context.Context, table, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tables[table], key)
	return nil
}

// Take implements store.Backend.
func (b *Backend) Take(_ context.Context, table, key string) (store.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.live(table, key)
	if r == nil {
		return store.Record{}, store.ErrNotFound
	}
	delete(b.tables[table], key)
	return *r, nil
}

// Update implements store.Backend.
func (b *Backend) Update(_ context.Context, table, key string, f func(*store.Record) (*store.Record, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := f(clone(b.live(table, key)))
	switch {
	case err != nil:
		return err
	case r == nil:
		delete(b.tables[table], key)
	default:
		b.put(table, key, clone(r))
	}
	return nil
}

// Scan implements store.Backend.
func (b *Backend) Scan(_ context.Context, table string, f func(string, store.Record) error) error {
	b.mu.RLock()
	now := b.now()
	snapshot := maps.Clone(b.tables[table])
	b.mu.RUnlock()
	for _, key := range slices.Sorted(maps.Keys(snapshot)) {
		r := snapshot[key]
		if expired(r, now) {
			continue
		}
		if err := f(key, *clone(&r)); err != nil {
			return err
		}
	}
	return nil
}

// Clear implements store.Backend.
func (b *Backend) Clear(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.tables)
	b.due = nil
	return nil
}

// Close implements store.Backend.
func (b *Backend) Close() error { return b.Clear(context.Background()) }

func (b *Backend) live(table, key string) *store.Record {
	r, ok := b.tables[table][key]
	if !ok || expired(r, b.now()) {
		return nil
	}
	return &r
}

func (b *Backend) put(table, key string, r *store.Record) {
	b.sweep()
	if b.tables[table] == nil {
		b.tables[table] = map[string]store.Record{}
	}
	b.tables[table][key] = *r
	if !r.Expires.IsZero() {
		heap.Push(&b.due, expiry{at: r.Expires, table: table, key: key})
	}
}

// sweep drops what is due. A record that was replaced meanwhile has a later entry of its own in the heap.
func (b *Backend) sweep() {
	now := b.now()
	for len(b.due) > 0 && !b.due[0].at.After(now) {
		e := heap.Pop(&b.due).(expiry)
		if r, ok := b.tables[e.table][e.key]; ok && expired(r, now) {
			delete(b.tables[e.table], e.key)
		}
	}
}

func expired(r store.Record, now time.Time) bool {
	return !r.Expires.IsZero() && !r.Expires.After(now)
}

func clone(r *store.Record) *store.Record {
	if r == nil {
		return nil
	}
	return &store.Record{Value: bytes.Clone(r.Value), Expires: r.Expires}
}

type expiry struct {
	at         time.Time
	table, key string
}

// expiries is a heap, the earliest first.
type expiries []expiry

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiries) Push(x any)        { *e = append(*e, x.(expiry)) }
func (e *expiries) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
