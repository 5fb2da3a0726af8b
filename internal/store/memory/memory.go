// Package memory is the store backend that lives and dies with the process.
package memory

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

var _ store.Backend = (*Backend)(nil)

// Backend keeps records in maps. When as many records were written as there are, the expired ones are dropped: memory is
// given back without a background task, at a constant cost for each write.
type Backend struct {
	now func() time.Time

	mu     sync.RWMutex // guards the fields below
	tables map[string]map[string]entry
	live   int // records at the last sweep
	writes int // since the last sweep
}

// entry is a record, small, as a lab has many: its expiry in eight bytes (nanoseconds since 1970; math.MaxInt64 is never),
// then its value.
type entry string

func newEntry(r store.Record) entry {
	expires := int64(math.MaxInt64)
	if !r.Expires.IsZero() {
		expires = r.Expires.UnixNano()
	}
	var b strings.Builder
	b.Grow(8 + len(r.Value))
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(expires))
	b.Write(head[:])
	b.Write(r.Value)
	return entry(b.String())
}

func (e entry) expires() int64 { return int64(binary.BigEndian.Uint64([]byte(e[:8]))) }

func (e entry) expired(now time.Time) bool { return e.expires() <= now.UnixNano() }

func (e entry) record() *store.Record {
	r := &store.Record{Value: []byte(e[8:])}
	if at := e.expires(); at != math.MaxInt64 {
		r.Expires = time.Unix(0, at)
	}
	return r
}

// minSweep is how many writes are not worth a sweep.
const minSweep = 1024

// New returns an empty backend that reads the time from now.
func New(now func() time.Time) *Backend {
	return &Backend{now: now, tables: map[string]map[string]entry{}}
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
	delete(b.tables[table], key)
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
	delete(b.tables[table], key)
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
		delete(b.tables[table], key)
	default:
		b.put(table, key, *r)
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
		e := snapshot[key]
		if e.expired(now) {
			continue
		}
		if err := f(key, *e.record()); err != nil {
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
	e, ok := b.tables[table][key]
	if !ok || e.expired(b.now()) {
		return nil
	}
	return e.record()
}

func (b *Backend) put(table, key string, r store.Record) {
	b.sweep()
	if b.tables[table] == nil {
		b.tables[table] = map[string]entry{}
	}
	b.tables[table][key] = newEntry(r)
}

// sweep drops what has expired, when it is time.
func (b *Backend) sweep() {
	b.writes++
	if b.writes < max(minSweep, b.live) {
		return
	}
	now := b.now()
	b.live, b.writes = 0, 0
	for _, records := range b.tables {
		maps.DeleteFunc(records, func(_ string, e entry) bool { return e.expired(now) })
		b.live += len(records)
	}
}
