// Package memory is the store backend that lives and dies with the process.
package memory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

var _ store.Backend = (*Backend)(nil)

// Backend keeps records in slabs of bytes. When as many records were written as there are, the expired ones are dropped:
// memory is given back without a background task, at a constant cost for each write.
type Backend struct {
	now  func() time.Time
	hash func(key string) uint64

	mu     sync.RWMutex // guards the fields below
	tables map[string]*slab
	live   int // records at the last sweep
	writes int // since the last sweep
}

// minSweep is how many writes are not worth a sweep.
const minSweep = 1024

// New returns an empty backend that reads the time from now.
func New(now func() time.Time) *Backend {
	return &Backend{now: now, hash: newHash(), tables: map[string]*slab{}}
}

// Get implements store.Backend.
func (b *Backend) Get(_ context.Context, table, key string) (store.Record, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	r := b.get(table, key)
	if r == nil {
		return store.Record{}, store.ErrNotFound
	}
	return *r, nil
}

// Put implements store.Backend.
func (b *Backend) Put(_ context.Context, table, key string, r store.Record) error {
	if err := store.CheckKey(table, key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(table, key, r)
	return nil
}

// Delete implements store.Backend.
func (b *Backend) Delete(_ context.Context, table, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delete(table, key)
	return nil
}

// Take implements store.Backend.
func (b *Backend) Take(_ context.Context, table, key string) (store.Record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.get(table, key)
	if r == nil {
		return store.Record{}, store.ErrNotFound
	}
	b.delete(table, key)
	return *r, nil
}

// Update implements store.Backend.
func (b *Backend) Update(_ context.Context, table, key string, f func(*store.Record) (*store.Record, error)) error {
	if err := store.CheckKey(table, key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := f(b.get(table, key))
	switch {
	case err != nil:
		return err
	case r == nil:
		b.delete(table, key)
	default:
		b.put(table, key, *r)
	}
	return nil
}

// Scan implements store.Backend.
func (b *Backend) Scan(_ context.Context, table string, f func(string, store.Record) error) error {
	type kept struct {
		key    string
		record store.Record
	}
	var snapshot []kept
	b.mu.RLock()
	if s := b.tables[table]; s != nil {
		now := b.now()
		snapshot = make([]kept, 0, s.len())
		s.each(func(e entry) {
			if !e.expired(now) {
				snapshot = append(snapshot, kept{string(e.key), *e.record()})
			}
		})
	}
	b.mu.RUnlock()
	slices.SortFunc(snapshot, func(x, y kept) int { return strings.Compare(x.key, y.key) })
	for _, k := range snapshot {
		if err := f(k.key, k.record); err != nil {
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
	b.live, b.writes = 0, 0
	return nil
}

// Close implements store.Backend.
func (b *Backend) Close() error { return b.Clear(context.Background()) }

// get returns a copy of a live record, or nil.
func (b *Backend) get(table, key string) *store.Record {
	s := b.tables[table]
	if s == nil {
		return nil
	}
	e, ok := s.get(key)
	if !ok || e.expired(b.now()) {
		return nil
	}
	return e.record()
}

func (b *Backend) delete(table, key string) {
	if s := b.tables[table]; s != nil {
		s.delete(key)
	}
}

func (b *Backend) put(table, key string, r store.Record) {
	b.sweep()
	if b.tables[table] == nil {
		b.tables[table] = newSlab(b.hash)
	}
	b.tables[table].put(key, r)
}

// sweep drops what has expired, when it is time.
func (b *Backend) sweep() {
	b.writes++
	if b.writes < max(minSweep, b.live) {
		return
	}
	now := b.now()
	b.live, b.writes = 0, 0
	for _, s := range b.tables {
		s.sweep(now)
		b.live += s.len()
	}
}
