// Package storetest is the suite that every store.Backend passes.
//
//	func TestBackend(t *testing.T) { storetest.Run(t, func(t *testing.T, now func() time.Time) store.Backend { … }) }
//
// It proves the contract written at store.Backend: live records only, single use by Take, no lost write by Update, a
// snapshot in order of keys by Scan, and values that are copied in and out. It says nothing about durability.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
)

// Open makes an empty backend whose clock is now, and closes it when the test ends.
type Open func(t *testing.T, now func() time.Time) store.Backend

// start is where the suite's clock begins: a time with a zone and a fraction, so that a backend that drops either fails.
var start = time.Date(2025, 3, 30, 1, 59, 59, 999_000_000, time.FixedZone("CET", 3600))

// Run runs the suite, each part against a backend of its own.
func Run(t *testing.T, open Open) {
	for name, part := range map[string]func(*testing.T, *fixture){
		"records":              records,
		"tables are apart":     tablesAreApart,
		"awkward keys":         awkwardKeys,
		"long keys":            longKeys,
		"large values":         largeValues,
		"expiry":               expiry,
		"time zones":           timeZones,
		"replaced expiry":      replacedExpiry,
		"take":                 take,
		"concurrent take":      concurrentTake,
		"update":               update,
		"concurrent update":    concurrentUpdate,
		"scan order":           scanOrder,
		"scan is a snapshot":   scanSnapshot,
		"scan stops":           scanStops,
		"values are copied":    valuesAreCopied,
		"clear":                clearAll,
		"typed tables":         typedTables,
		"typed tables refuse":  typedTablesRefuse,
		"everything at a time": everythingAtATime,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: start}
			part(t, &fixture{Backend: open(t, c.Now), clock: c})
		})
	}
}

type fixture struct {
	store.Backend
	clock *clock
}

type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func record(value string) store.Record { return store.Record{Value: []byte(value)} }

func (f *fixture) put(t *testing.T, table, key, value string, expires time.Time) {
	t.Helper()
	require.NoError(t, f.Put(t.Context(), table, key, store.Record{Value: []byte(value), Expires: expires}))
}

func (f *fixture) want(t *testing.T, table, key, value string) {
	t.Helper()
	r, err := f.Get(t.Context(), table, key)
	require.NoError(t, err)
	require.Equal(t, value, string(r.Value))
}

func (f *fixture) gone(t *testing.T, table, key string) {
	t.Helper()
	_, err := f.Get(t.Context(), table, key)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func records(t *testing.T, f *fixture) {
	f.gone(t, "t", "k")
	f.put(t, "t", "k", "one", time.Time{})
	f.want(t, "t", "k", "one")
	f.put(t, "t", "k", "two", time.Time{})
	f.want(t, "t", "k", "two")
	require.NoError(t, f.Delete(t.Context(), "t", "k"))
	f.gone(t, "t", "k")
	require.NoError(t, f.Delete(t.Context(), "t", "k"), "deleting what is not there is no error")
	f.put(t, "t", "empty", "", time.Time{})
	f.want(t, "t", "empty", "")
}

func tablesAreApart(t *testing.T, f *fixture) {
	f.put(t, "a", "k", "in a", time.Time{})
	f.put(t, "ab", "k", "in ab", time.Time{})
	f.gone(t, "b", "k")
	require.NoError(t, f.Delete(t.Context(), "a", "k"))
	f.want(t, "ab", "k", "in ab")
}

func awkwardKeys(t *testing.T, f *fixture) {
	keys := []string{"", "/", "a/b", "=", "\xff\xfe", "a\x00b", "ä", "a b", "..", string(bytes.Repeat([]byte("k"), 300))}
	for _, k := range keys {
		f.put(t, "t", k, "value of "+k, time.Time{})
	}
	for _, k := range keys {
		f.want(t, "t", k, "value of "+k)
	}
	slices.Sort(keys)
	require.Equal(t, keys, f.keys(t, "t"))
}

func longKeys(t *testing.T, f *fixture) {
	ctx := t.Context()
	longest := string(bytes.Repeat([]byte("k"), store.MaxKey))
	f.put(t, "t", longest, "value", time.Time{})
	f.want(t, "t", longest, "value")
	tooLong := longest + "k" // what a client sends as a code may be any length
	f.gone(t, "t", tooLong)
	_, err := f.Take(ctx, "t", tooLong)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, f.Delete(ctx, "t", tooLong))
	require.ErrorIs(t, f.Put(ctx, "t", tooLong, record("v")), store.ErrKeyTooLong)
	require.ErrorIs(t, f.Put(ctx, tooLong, "k", record("v")), store.ErrKeyTooLong)
	require.ErrorIs(t, f.Update(ctx, "t", tooLong, func(*store.Record) (*store.Record, error) { return nil, nil }), store.ErrKeyTooLong)
	require.Equal(t, []string{longest}, f.keys(t, "t"))
}

func largeValues(t *testing.T, f *fixture) {
	for i, size := range []int{1, 4095, 4096, 100_000, 3 << 20} {
		f.put(t, "t", strconv.Itoa(i), string(bytes.Repeat([]byte{byte('a' + i)}, size)), time.Time{})
		f.want(t, "t", strconv.Itoa(i), string(bytes.Repeat([]byte{byte('a' + i)}, size)))
	}
	require.Len(t, f.keys(t, "t"), 5)
}

func expiry(t *testing.T, f *fixture) {
	f.put(t, "t", "minute", "m", f.clock.Now().Add(time.Minute))
	f.put(t, "t", "hour", "h", f.clock.Now().Add(time.Hour))
	f.put(t, "t", "ever", "e", time.Time{})
	f.put(t, "t", "past", "p", f.clock.Now().Add(-time.Second))
	f.gone(t, "t", "past")
	f.clock.Advance(time.Minute - time.Nanosecond)
	f.want(t, "t", "minute", "m")
	f.clock.Advance(time.Nanosecond)
	f.gone(t, "t", "minute") // Expires is the first moment at which it does not exist
	require.Equal(t, []string{"ever", "hour"}, f.keys(t, "t"))
	_, err := f.Take(t.Context(), "t", "minute")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, f.Update(t.Context(), "t", "minute", func(old *store.Record) (*store.Record, error) {
		require.Nil(t, old, "Update sees no expired record")
		return nil, nil
	}))
	f.clock.Advance(24 * time.Hour)
	require.Equal(t, []string{"ever"}, f.keys(t, "t"))
}

func timeZones(t *testing.T, f *fixture) {
	at := f.clock.Now().Add(time.Minute)
	f.put(t, "t", "utc", "u", at.UTC())
	f.put(t, "t", "east", "e", at.In(time.FixedZone("east", 9*3600)))
	r, err := f.Get(t.Context(), "t", "east")
	require.NoError(t, err)
	require.True(t, r.Expires.Equal(at), "the moment is kept: %s, not %s", at, r.Expires)
	f.clock.Advance(time.Minute)
	require.Empty(t, f.keys(t, "t"))
}

func replacedExpiry(t *testing.T, f *fixture) {
	now := f.clock.Now()
	f.put(t, "t", "longer", "1", now.Add(time.Minute))
	f.put(t, "t", "longer", "2", now.Add(time.Hour))
	f.put(t, "t", "ever", "1", now.Add(time.Minute))
	f.put(t, "t", "ever", "2", time.Time{})
	f.put(t, "t", "shorter", "1", now.Add(time.Hour))
	f.put(t, "t", "shorter", "2", now.Add(time.Minute))
	f.clock.Advance(2 * time.Minute)
	f.put(t, "t", "other", "x", time.Time{}) // a write may sweep; it must go by the newest expiry
	f.want(t, "t", "longer", "2")
	f.want(t, "t", "ever", "2")
	f.gone(t, "t", "shorter")
}

func take(t *testing.T, f *fixture) {
	_, err := f.Take(t.Context(), "t", "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	at := f.clock.Now().Add(time.Hour)
	f.put(t, "t", "k", "once", at)
	r, err := f.Take(t.Context(), "t", "k")
	require.NoError(t, err)
	require.Equal(t, "once", string(r.Value))
	require.True(t, r.Expires.Equal(at))
	f.gone(t, "t", "k")
	_, err = f.Take(t.Context(), "t", "k")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// together calls f for 0 … n-1 at the same time and returns their errors.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = f(i)
		})
	}
	done.Wait()
	return errs
}

func concurrentTake(t *testing.T, f *fixture) {
	for round := range 20 {
		key := strconv.Itoa(round)
		f.put(t, "codes", key, "grant", time.Time{})
		won := 0
		for _, err := range together(16, func(int) error { _, err := f.Take(t.Context(), "codes", key); return err }) {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		require.Equal(t, 1, won, "exactly one caller gets the record")
	}
}

func update(t *testing.T, f *fixture) {
	ctx, at := t.Context(), f.clock.Now().Add(time.Hour)
	require.NoError(t, f.Update(ctx, "t", "k", func(old *store.Record) (*store.Record, error) {
		require.Nil(t, old)
		return &store.Record{Value: []byte("made"), Expires: at}, nil
	}))
	f.want(t, "t", "k", "made")
	refused := errors.New("refused")
	require.ErrorIs(t, f.Update(ctx, "t", "k", func(old *store.Record) (*store.Record, error) {
		require.Equal(t, "made", string(old.Value))
		require.True(t, old.Expires.Equal(at))
		old.Value[0] = 'X'
		return old, refused
	}), refused)
	f.want(t, "t", "k", "made")
	require.NoError(t, f.Update(ctx, "t", "k", func(*store.Record) (*store.Record, error) { return nil, nil }))
	f.gone(t, "t", "k")
}

func concurrentUpdate(t *testing.T, f *fixture) {
	const callers, times = 16, 20
	for _, err := range together(callers, func(int) error {
		for range times {
			if err := f.increment(t.Context(), "counter"); err != nil {
				return err
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
	f.want(t, "t", "counter", strconv.Itoa(callers*times))
}

func (f *fixture) increment(ctx context.Context, key string) error {
	return f.Update(ctx, "t", key, func(old *store.Record) (*store.Record, error) {
		n := 0
		if old != nil {
			var err error
			if n, err = strconv.Atoi(string(old.Value)); err != nil {
				return nil, err
			}
		}
		r := record(strconv.Itoa(n + 1))
		return &r, nil
	})
}

func (f *fixture) keys(t *testing.T, table string) []string {
	t.Helper()
	var keys []string
	require.NoError(t, f.Scan(t.Context(), table, func(key string, _ store.Record) error {
		keys = append(keys, key)
		return nil
	}))
	return keys
}

func scanOrder(t *testing.T, f *fixture) {
	require.Empty(t, f.keys(t, "t"), "a table that was never written is empty")
	for _, k := range []string{"b", "a", "10", "9", "B", "aa"} {
		f.put(t, "t", k, k, time.Time{})
	}
	require.Equal(t, []string{"10", "9", "B", "a", "aa", "b"}, f.keys(t, "t"))
}

func scanSnapshot(t *testing.T, f *fixture) {
	for i := range 10 {
		f.put(t, "t", fmt.Sprintf("k%d", i), "old", time.Time{})
	}
	var seen []string
	require.NoError(t, f.Scan(t.Context(), "t", func(key string, r store.Record) error {
		require.Equal(t, "old", string(r.Value))
		if len(seen) == 0 { // f may call the backend, and what it changes is not seen by this scan
			f.put(t, "t", "k5", "new", time.Time{})
			f.put(t, "t", "k99", "new", time.Time{})
			require.NoError(t, f.Delete(t.Context(), "t", "k7"))
		}
		seen = append(seen, key)
		return nil
	}))
	require.Len(t, seen, 10)
	f.want(t, "t", "k5", "new")
	f.gone(t, "t", "k7")
}

func scanStops(t *testing.T, f *fixture) {
	f.put(t, "t", "a", "", time.Time{})
	f.put(t, "t", "b", "", time.Time{})
	enough := errors.New("enough")
	calls := 0
	require.ErrorIs(t, f.Scan(t.Context(), "t", func(string, store.Record) error { calls++; return enough }), enough)
	require.Equal(t, 1, calls)
}

func valuesAreCopied(t *testing.T, f *fixture) {
	ctx := t.Context()
	in := []byte("value")
	require.NoError(t, f.Put(ctx, "t", "k", store.Record{Value: in}))
	in[0] = 'X'
	f.want(t, "t", "k", "value")
	out, err := f.Get(ctx, "t", "k")
	require.NoError(t, err)
	out.Value[0] = 'X'
	f.want(t, "t", "k", "value")
	require.NoError(t, f.Scan(ctx, "t", func(_ string, r store.Record) error { r.Value[0] = 'X'; return nil }))
	f.want(t, "t", "k", "value")
	kept := []byte("kept")
	require.NoError(t, f.Update(ctx, "t", "k", func(*store.Record) (*store.Record, error) { return &store.Record{Value: kept}, nil }))
	kept[0] = 'X'
	f.want(t, "t", "k", "kept")
}

func clearAll(t *testing.T, f *fixture) {
	f.put(t, "a", "k", "v", time.Time{})
	f.put(t, "b", "k", "v", f.clock.Now().Add(time.Minute))
	require.NoError(t, f.Clear(t.Context()))
	require.Empty(t, f.keys(t, "a"))
	require.Empty(t, f.keys(t, "b"))
	f.put(t, "b", "k", "again", time.Time{})
	f.clock.Advance(time.Hour)
	f.put(t, "b", "other", "v", time.Time{})
	f.want(t, "b", "k", "again") // the expiry of the record before Clear is forgotten too
}

type grant struct {
	Client string
	Used   int
	Until  time.Time
}

func typedTables(t *testing.T, f *fixture) {
	ctx := t.Context()
	table := store.NewTable[grant](f.Backend, "grants")
	_, err := table.Get(ctx, "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	g := grant{Client: "c", Until: start.UTC()}
	require.NoError(t, table.Put(ctx, "k", g, f.clock.Now().Add(time.Minute)))
	got, err := table.Get(ctx, "k")
	require.NoError(t, err)
	require.Equal(t, g, got)
	require.NoError(t, table.Update(ctx, "k", func(v *grant) (*grant, error) { v.Used++; return v, nil }))
	f.clock.Advance(time.Minute - time.Second)
	require.NoError(t, table.Scan(ctx, func(key string, v grant) error {
		require.Equal(t, "k", key)
		require.Equal(t, 1, v.Used)
		return nil
	}))
	f.clock.Advance(time.Second) // Update kept the expiry
	_, err = table.Take(ctx, "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, table.Update(ctx, "new", func(v *grant) (*grant, error) {
		require.Nil(t, v)
		return &grant{Client: "n"}, nil
	}))
	got, err = table.Take(ctx, "new")
	require.NoError(t, err)
	require.Equal(t, "n", got.Client)
	require.NoError(t, table.Delete(ctx, "new"))
}

func typedTablesRefuse(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.put(t, "grants", "broken", "{", time.Time{})
	table := store.NewTable[grant](f.Backend, "grants")
	_, err := table.Get(ctx, "broken")
	require.ErrorContains(t, err, "decode grants/broken")
	require.ErrorContains(t, table.Scan(ctx, func(string, grant) error { return nil }), "decode grants/broken")
	require.ErrorContains(t, table.Update(ctx, "broken", func(v *grant) (*grant, error) { return v, nil }), "decode grants/broken")
	f.want(t, "grants", "broken", "{")
	refused := errors.New("refused")
	require.ErrorIs(t, table.Update(ctx, "other", func(*grant) (*grant, error) { return &grant{}, refused }), refused)
	f.gone(t, "grants", "other")
	channels := store.NewTable[chan int](f.Backend, "channels")
	require.ErrorContains(t, channels.Put(ctx, "k", make(chan int), time.Time{}), "encode channels/k")
}

func everythingAtATime(t *testing.T, f *fixture) {
	ctx := t.Context()
	for _, err := range together(8, func(i int) error {
		for n := range 25 {
			key := strconv.Itoa((i + n) % 5)
			_, getErr := f.Get(ctx, "t", key)
			_, takeErr := f.Take(ctx, "u", key)
			f.clock.Advance(time.Millisecond)
			for _, err := range []error{
				f.increment(ctx, key),
				f.Put(ctx, "u", key, store.Record{Value: []byte("1"), Expires: f.clock.Now().Add(5 * time.Millisecond)}),
				f.Scan(ctx, "u", func(string, store.Record) error { return nil }),
				f.Delete(ctx, "u", strconv.Itoa(n%5)),
				orFound(getErr), orFound(takeErr),
			} {
				if err != nil {
					return err
				}
			}
		}
		return nil
	}) {
		require.NoError(t, err)
	}
}

func orFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
