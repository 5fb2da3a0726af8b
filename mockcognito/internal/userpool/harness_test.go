package userpool_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

const poolID = "us-east-1_Pool00001"

// world is a directory over a store that can be made to fail, and a clock.
type world struct {
	t       *testing.T
	env     *lab.Env
	backend *failing
	dir     *userpool.Directory
	seen    atomic.Int64 // snapshots that were announced
}

var errDisk = errors.New("disk full")

// failing refuses writes while broken.
type failing struct {
	store.Backend
	broken atomic.Bool
}

func (f *failing) Put(ctx context.Context, table, key string, r store.Record) error {
	if f.broken.Load() {
		return errDisk
	}
	return f.Backend.Put(ctx, table, key, r)
}

func (f *failing) Delete(ctx context.Context, table, key string) error {
	if f.broken.Load() {
		return errDisk
	}
	return f.Backend.Delete(ctx, table, key)
}

func (f *failing) Update(ctx context.Context, table, key string, change func(*store.Record) (*store.Record, error)) error {
	if f.broken.Load() {
		return errDisk
	}
	return f.Backend.Update(ctx, table, key, change)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	env := lab.New(lab.Options{})
	w := &world{t: t, env: env, backend: &failing{Backend: memory.New(env.Now)}}
	w.open()
	return w
}

// open reads the store again, as a restart does.
func (w *world) open() {
	w.t.Helper()
	dir, err := userpool.Open(w.t.Context(), userpool.Options{Env: w.env, Store: w.backend, Changed: func(*userpool.Snapshot) { w.seen.Add(1) }})
	require.NoError(w.t, err)
	w.dir = dir
}

func (w *world) pool() *userpool.Pool {
	w.t.Helper()
	p := w.dir.Snapshot().Pool(poolID)
	require.NotNil(w.t, p)
	return p
}

func (w *world) edit(f func(*userpool.Draft)) {
	w.t.Helper()
	require.NoError(w.t, w.dir.Edit(w.t.Context(), poolID, func(d *userpool.Draft) error { f(d); return nil }))
}

// made is a world with one pool made by the API.
func made(t *testing.T, edit ...func(*userpool.UserPool)) *world {
	t.Helper()
	w := newWorld(t)
	p := userpool.UserPool{ID: poolID, Name: "test"}
	for _, f := range edit {
		f(&p)
	}
	require.NoError(t, w.dir.CreatePool(t.Context(), p))
	return w
}

func (w *world) user(name string, attributes ...string) *userpool.User {
	w.t.Helper()
	u := userpool.User{Username: name, Status: userpool.Confirmed}
	for i := 0; i+1 < len(attributes); i += 2 {
		u.Attributes = u.Attributes.With(attributes[i], attributes[i+1])
	}
	created, err := w.pool().CreateUser(w.t.Context(), u, nil)
	require.NoError(w.t, err)
	return created
}

func (w *world) later() { w.env.Advance(time.Second) }

// benchWorld is a pool for a benchmark.
func benchWorld(b *testing.B) *userpool.Pool {
	b.Helper()
	env := lab.New(lab.Options{})
	dir, err := userpool.Open(b.Context(), userpool.Options{Env: env, Store: memory.New(env.Now)})
	require.NoError(b, err)
	require.NoError(b, dir.CreatePool(b.Context(), userpool.UserPool{ID: poolID}))
	return dir.Snapshot().Pool(poolID)
}
