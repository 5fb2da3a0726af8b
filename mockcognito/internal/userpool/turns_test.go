package userpool_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// slowStore holds the writes of users up until it is told, as a disk does.
type slowStore struct {
	store.Backend
	slow    atomic.Bool
	began   chan string   // keys of writes that wait
	release chan struct{} // lets one of them go on
}

func (s *slowStore) Put(ctx context.Context, table, key string, r store.Record) error {
	if s.slow.Load() && table == "cognito.users" {
		s.began <- key
		<-s.release
	}
	return s.Backend.Put(ctx, table, key, r)
}

func slowWorld(t *testing.T) (*userpool.Pool, *slowStore) {
	t.Helper()
	env := lab.New(lab.Options{})
	s := &slowStore{Backend: memory.New(env.Now), began: make(chan string, 100), release: make(chan struct{})}
	dir, err := userpool.Open(t.Context(), userpool.Options{Env: env, Store: s})
	require.NoError(t, err)
	require.NoError(t, dir.CreatePool(t.Context(), userpool.UserPool{ID: poolID, AliasAttributes: []string{"email"}}))
	return dir.Snapshot().Pool(poolID), s
}

func arrive(ctx context.Context, p *userpool.Pool, subject string) (*userpool.User, bool, error) {
	return p.Users.SignIn(ctx, userpool.Identity{Provider: "IdP", Type: userpool.OIDC, Subject: subject}, "IdP_"+subject, nil,
		func(username string, generation int) string { return p.Sub(username, "IdP", subject, generation) },
		func(u *userpool.User, _ bool) error {
			u.Attributes = u.Attributes.With("nickname", "n"+u.Attributes.Get("nickname"))
			return nil
		})
}

// Changes of different people wait for the disk together, and are seen when they are on it.
func TestPeopleAreWrittenAtTheSameTime(t *testing.T) {
	t.Parallel()
	p, disk := slowWorld(t)
	disk.slow.Store(true)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, _, err := arrive(t.Context(), p, strconv.Itoa(i)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 20 {
		<-disk.began
	}
	require.Zero(t, p.Users.Len(), "nobody is seen before it is written")
	close(disk.release)
	all.Wait()
	require.Equal(t, 20, p.Users.Len())
}

// One person who signs in many times at once is made once, and no change is lost.
func TestOnePersonManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	p, _ := slowWorld(t)
	var all sync.WaitGroup
	var madeNew atomic.Int64
	for range 16 {
		all.Go(func() {
			for range 10 {
				_, made, err := arrive(t.Context(), p, "ada")
				if err != nil {
					t.Error(err)
				}
				if made {
					madeNew.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, madeNew.Load())
	require.Equal(t, 160, len(p.Users.Get("IdP_ada").Attributes.Get("nickname")))
}

// Of many who want the same name, or the same alias, one gets it: also when the first is still being written.
func TestOneOfManyGetsTheName(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]func(i int) userpool.User{
		"name": func(int) userpool.User { return userpool.User{Username: "ada"} },
		"alias": func(i int) userpool.User {
			u := userpool.User{Username: fmt.Sprintf("ada%d", i), Status: userpool.Confirmed}
			u.Attributes = u.Attributes.With("email", "ada@example.com").With("email_verified", "true")
			return u
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, disk := slowWorld(t)
			disk.slow.Store(true)
			errs := make(chan error)
			for i := range 8 {
				go func() {
					_, err := p.CreateUser(t.Context(), user(i), nil)
					errs <- err
				}()
			}
			<-disk.began
			close(disk.release)
			got := 0
			for range 8 {
				if err := <-errs; err == nil {
					got++
				} else {
					require.ErrorContains(t, err, "xists")
				}
			}
			require.Equal(t, 1, got)
			require.Equal(t, 1, p.Users.Len())
		})
	}
}

// A write that fails gives the name back.
func TestAFailedWriteEndsItsTurn(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.backend.broken.Store(true)
	_, err := w.pool().CreateUser(t.Context(), userpool.User{Username: "ada"}, nil)
	require.ErrorIs(t, err, errDisk)
	w.backend.broken.Store(false)
	w.user("ada")
}

// Whoever is being made when a pool goes is in it no more afterwards.
func TestAPoolGoesWhileSomebodyIsMade(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{})
	disk := &slowStore{Backend: memory.New(env.Now), began: make(chan string, 1), release: make(chan struct{})}
	dir, err := userpool.Open(t.Context(), userpool.Options{Env: env, Store: disk})
	require.NoError(t, err)
	require.NoError(t, dir.CreatePool(t.Context(), userpool.UserPool{ID: poolID}))
	p := dir.Snapshot().Pool(poolID)
	disk.slow.Store(true)
	ended := make(chan error, 2)
	go func() {
		_, err := p.CreateUser(t.Context(), userpool.User{Username: "ada"}, nil)
		ended <- err
	}()
	<-disk.began
	go func() { ended <- dir.DeletePool(t.Context(), poolID, func(*userpool.Pool) error { return nil }) }()
	close(disk.release)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
	require.Zero(t, p.Users.Len())
	var left []string
	require.NoError(t, disk.Scan(t.Context(), "cognito.users", func(key string, _ store.Record) error { left = append(left, key); return nil }))
	require.Empty(t, left)
}
