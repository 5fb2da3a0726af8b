package bolt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/bolt"
	"github.com/ssolab/ssolab/internal/store/storetest"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return noon }

func open(t *testing.T, dir string, o bolt.Options) *bolt.File {
	t.Helper()
	f, err := bolt.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func put(t *testing.T, b store.Backend, table, key, value string) {
	t.Helper()
	require.NoError(t, b.Put(t.Context(), table, key, store.Record{Value: []byte(value)}))
}

func want(t *testing.T, b store.Backend, table, key, value string) {
	t.Helper()
	r, err := b.Get(t.Context(), table, key)
	require.NoError(t, err)
	require.Equal(t, value, string(r.Value))
}

// together calls f for 0 … n-1 at the same time and returns their errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errs
}

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Backend {
		return open(t, t.TempDir(), bolt.Options{}).Space("state", now)
	})
}

// The suite on a file that has been used, closed and opened again, beside another space that it must leave alone.
func TestSuiteOnAUsedFile(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Backend {
		dir := t.TempDir()
		used, err := bolt.Open(dir, bolt.Options{})
		require.NoError(t, err)
		for i := range 200 {
			put(t, used.Space("state", now), "t", strconv.Itoa(i), "old")
		}
		put(t, used.Space("other", nil), "t", "k", "kept")
		require.NoError(t, used.Space("state", now).Clear(t.Context()))
		require.NoError(t, used.Close())
		f := open(t, dir, bolt.Options{})
		t.Cleanup(func() { want(t, f.Space("other", nil), "t", "k", "kept") })
		return f.Space("state", now)
	})
}

func TestWhatIsWrittenIsThereAgain(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), t.Context()
	f, err := bolt.Open(dir, bolt.Options{Holder: "process 1"})
	require.NoError(t, err)
	s := f.Space("state", fixed)
	put(t, s, "users", "ada", "1")
	put(t, s, "users", "bob", "2")
	require.NoError(t, s.Put(ctx, "tokens", "t", store.Record{Value: []byte("t"), Expires: noon.Add(time.Hour)}))
	require.NoError(t, s.Delete(ctx, "users", "bob"))
	require.NoError(t, f.Close())
	require.NoError(t, f.Close(), "closing twice is no error")
	require.ErrorIs(t, s.Put(ctx, "users", "eve", store.Record{}), bolt.ErrClosed)
	_, err = s.Get(ctx, "users", "ada")
	require.ErrorIs(t, err, bolt.ErrClosed)

	s = open(t, dir, bolt.Options{}).Space("state", fixed)
	want(t, s, "users", "ada", "1")
	r, err := s.Get(ctx, "tokens", "t")
	require.NoError(t, err)
	require.True(t, r.Expires.Equal(noon.Add(time.Hour)))
	for _, key := range []string{"bob", "eve"} {
		_, err = s.Get(ctx, "users", key)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
}

func TestFilesAreTheOwners(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "data")
	open(t, dir, bolt.Options{Holder: "process 1"})
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, bolt.FileName): 0o600, filepath.Join(dir, bolt.HolderName): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		if runtime.GOOS != "windows" {
			require.Equal(t, mode, info.Mode().Perm(), path)
		}
	}
}

func TestSpacesAreApart(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir(), bolt.Options{})
	state, keys := f.Space("state", fixed), f.Space("keys", nil)
	put(t, state, "t", "k", "state")
	put(t, keys, "t", "k", "keys")
	require.NoError(t, state.Clear(t.Context()))
	want(t, keys, "t", "k", "keys")
	_, err := state.Get(t.Context(), "t", "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, keys.Put(t.Context(), "t", "old", store.Record{Value: []byte("v"), Expires: noon.Add(-time.Hour)}))
	want(t, keys, "t", "old", "v") // a space without a clock forgets nothing
}

// Writers that wait share a transaction: while one is being written all others queue up for the next.
func TestWritersShareTransactions(t *testing.T) {
	t.Parallel()
	const writers = 64
	f := open(t, t.TempDir(), bolt.Options{})
	s := f.Space("state", fixed)
	put(t, s, "t", "first", "")
	before := f.Transactions()
	inside, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = s.Update(t.Context(), "t", "slow", func(*store.Record) (*store.Record, error) {
			close(inside)
			<-release
			return &store.Record{Value: []byte("slow")}, nil
		})
	})
	<-inside
	for i := range writers {
		all.Go(func() { _ = s.Put(t.Context(), "t", strconv.Itoa(i), store.Record{Value: []byte("v")}) })
	}
	bolt.AwaitQueue(f, writers)
	close(release)
	all.Wait()
	require.Equal(t, 2, f.Transactions()-before, "the slow one, and one for all others")
	for i := range writers {
		want(t, s, "t", strconv.Itoa(i), "v")
	}
}

func TestWhatChangesNothingWritesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir(), bolt.Options{})
	s, ctx := f.Space("state", fixed), t.Context()
	put(t, s, "t", "k", "v")
	before := f.Transactions()
	refused := errors.New("refused")
	_, err := s.Take(ctx, "t", "none")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Delete(ctx, "t", "none"))
	require.NoError(t, s.Delete(ctx, "none", "none"))
	require.ErrorIs(t, s.Update(ctx, "t", "k", func(*store.Record) (*store.Record, error) { return nil, refused }), refused)
	require.NoError(t, f.Space("empty", fixed).Clear(ctx))
	require.Equal(t, before, f.Transactions())
}

// A function that panics takes neither the file nor the writers beside it with it.
func TestAPanicIsTheCallers(t *testing.T) {
	t.Parallel()
	f := open(t, t.TempDir(), bolt.Options{})
	s := f.Space("state", fixed)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			key := strconv.Itoa(i)
			if i%2 == 0 {
				_ = s.Put(t.Context(), "t", key, store.Record{Value: []byte("v")})
				return
			}
			defer func() {
				if recover() != "no" {
					t.Error("the panic did not reach its caller")
				}
			}()
			_ = s.Update(t.Context(), "t", key, func(*store.Record) (*store.Record, error) { panic("no") })
		})
	}
	all.Wait()
	var keys []string
	require.NoError(t, s.Scan(t.Context(), "t", func(key string, _ store.Record) error { keys = append(keys, key); return nil }))
	require.Equal(t, []string{"0", "2", "4", "6"}, keys)
}

func TestAFullDiskRefusesTheWriteAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, dir, bolt.Options{}.WithMaxSize(256<<10))
	s, ctx := f.Space("state", fixed), t.Context()
	put(t, s, "t", "small", "v")
	large := store.Record{Value: make([]byte, 64<<10)}
	var err error
	written := 0
	for ; err == nil && written < 100; written++ {
		err = s.Put(ctx, "t", fmt.Sprintf("large %d", written), large)
	}
	require.ErrorContains(t, err, "write the data file: ")
	want(t, s, "t", "small", "v")
	_, err = s.Get(ctx, "t", fmt.Sprintf("large %d", written-1))
	require.ErrorIs(t, err, store.ErrNotFound, "what was refused is not there")
	require.NoError(t, s.Clear(ctx), "and there is a way back")
	put(t, s, "t", "small", "again")
	require.NoError(t, f.Close())
	want(t, open(t, dir, bolt.Options{}).Space("state", fixed), "t", "small", "again")
}

// Expired records leave the file with later writes, and their room is used again.
func TestExpiredRecordsAreSwept(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), noon
	f := open(t, dir, bolt.Options{})
	s := f.Space("state", func() time.Time { return now })
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, bolt.FileName))
		require.NoError(t, err)
		return info.Size()
	}
	var after int64
	for round := range 6 {
		var all sync.WaitGroup
		for i := range 1500 {
			all.Go(func() {
				_ = s.Put(t.Context(), "t", fmt.Sprintf("%d/%d", round, i), store.Record{Value: make([]byte, 200), Expires: now.Add(time.Minute)})
			})
		}
		all.Wait()
		now = now.Add(time.Hour)
		if round == 2 {
			after = size()
		}
	}
	require.LessOrEqual(t, size(), after*3/2, "the file stopped growing")
	require.Less(t, bolt.Records(f), 4000)
}

// A file opened again is swept by its first write, so that a lab that is started often and writes little does not grow.
func TestTheFirstWriteSweeps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := bolt.Open(dir, bolt.Options{})
	require.NoError(t, err)
	for i := range 10 {
		require.NoError(t, f.Space("state", fixed).Put(t.Context(), "t", strconv.Itoa(i), store.Record{Expires: noon.Add(time.Minute)}))
	}
	require.NoError(t, f.Close())
	f = open(t, dir, bolt.Options{})
	s := f.Space("state", func() time.Time { return noon.Add(time.Hour) })
	require.Equal(t, 10, bolt.Records(f))
	put(t, s, "u", "k", "v")
	require.Equal(t, 1, bolt.Records(f))
}

func TestNothingIsLeftBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	f, err := bolt.Open(t.TempDir(), bolt.Options{})
	require.NoError(t, err)
	put(t, f.Space("state", fixed), "t", "k", "v")
	require.NoError(t, f.Close())
}

func TestClosingWhileOthersWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := bolt.Open(dir, bolt.Options{})
	require.NoError(t, err)
	s := f.Space("state", fixed)
	var acknowledged sync.Map
	var all sync.WaitGroup
	started := make(chan struct{}, 1000)
	for w := range 8 {
		all.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d/%d", w, i)
				if err := s.Put(t.Context(), "t", key, store.Record{Value: []byte(key)}); err != nil {
					if !errors.Is(err, bolt.ErrClosed) {
						t.Error(err)
					}
					return
				}
				acknowledged.Store(key, true)
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 100 {
		<-started
	}
	require.NoError(t, f.Close())
	all.Wait()
	s = open(t, dir, bolt.Options{}).Space("state", fixed)
	acknowledged.Range(func(key, _ any) bool {
		want(t, s, "t", key.(string), key.(string))
		return true
	})
}

// BenchmarkPut shows what sharing a transaction is worth: the more write at a time, the less each costs.
func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f, err := bolt.Open(b.TempDir(), bolt.Options{})
			require.NoError(b, err)
			s, value := f.Space("state", fixed), make([]byte, 400)
			b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
			var n atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Put(b.Context(), "t", strconv.FormatInt(n.Add(1), 10), store.Record{Value: value}); err != nil {
						b.Error(err)
					}
				}
			})
			require.NoError(b, f.Close())
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	f, err := bolt.Open(dir, bolt.Options{})
	require.NoError(b, err)
	s := f.Space("state", fixed)
	together(20_000, func(i int) error {
		return s.Put(b.Context(), "t", strconv.Itoa(i), store.Record{Value: make([]byte, 400)})
	})
	require.NoError(b, f.Close())
	for b.Loop() {
		f, err := bolt.Open(dir, bolt.Options{})
		require.NoError(b, err)
		require.NoError(b, f.Close())
	}
}
