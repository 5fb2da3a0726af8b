package memory_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/internal/store/storetest"
)

func TestBackend(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Backend {
		b := memory.New(now)
		t.Cleanup(func() { require.NoError(t, b.Close()) })
		return b
	})
}

// Two keys may have one hash.
func TestCrowdedBackend(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(_ *testing.T, now func() time.Time) store.Backend { return memory.NewCrowded(now) })
}

func fixed() time.Time { return time.Unix(1_000_000, 0) }

// Against a map: many records of all sizes, written again and again, deleted, expiring.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(func() time.Time) *memory.Backend{"hashed": memory.New, "crowded": memory.NewCrowded} {
		now := fixed()
		b := open(func() time.Time { return now })
		model := map[string]string{}
		state := uint64(1)
		random := func(n int) int { // Knuth's MMIX generator: the same steps in every run
			state = state*6364136223846793005 + 1442695040888963407
			return int(state>>33) % n
		}
		for step := range 30_000 {
			key := strconv.Itoa(random(500))
			switch random(10) {
			case 0, 1, 2:
				require.NoError(t, b.Delete(t.Context(), "t", key))
				delete(model, key)
			case 3: // expires at once
				require.NoError(t, b.Put(t.Context(), "t", key, store.Record{Value: []byte("late"), Expires: now}))
				delete(model, key)
			default:
				size := random(200)
				if random(200) == 0 {
					size = random(100_000)
				}
				value := strings.Repeat(strconv.Itoa(step%10), size)
				require.NoError(t, b.Put(t.Context(), "t", key, store.Record{Value: []byte(value)}))
				model[key] = value
			}
			got, err := b.Get(t.Context(), "t", key)
			if want, ok := model[key]; ok {
				require.NoError(t, err)
				require.Equal(t, want, string(got.Value), "%s, step %d", name, step)
			} else {
				require.ErrorIs(t, err, store.ErrNotFound, "%s, step %d", name, step)
			}
		}
		seen := map[string]string{}
		require.NoError(t, b.Scan(t.Context(), "t", func(key string, r store.Record) error { seen[key] = string(r.Value); return nil }))
		require.Equal(t, model, seen)
	}
}

// What is deleted, replaced, taken or expired is given back.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	const records, size, round = 2000, 100, 20
	value := store.Record{Value: make([]byte, size)}
	now := fixed()
	b := memory.New(func() time.Time { return now })
	for range round {
		for i := range records {
			key := strconv.Itoa(i)
			require.NoError(t, b.Put(t.Context(), "kept", key, value))
			require.NoError(t, b.Put(t.Context(), "taken", key, value))
			require.NoError(t, b.Put(t.Context(), "expired", key, store.Record{Value: value.Value, Expires: now.Add(time.Second)}))
			if i >= 10 {
				_, err := b.Take(t.Context(), "taken", strconv.Itoa(i-10))
				require.NoError(t, err)
			}
		}
		now = now.Add(time.Minute)
	}
	bytes, n := b.Held("kept")
	require.Equal(t, records, n)
	require.Less(t, bytes, 3*records*size, "no more than half is dead, and keys take a little")
	bytes, n = b.Held("taken")
	require.Equal(t, 10, n)
	require.Less(t, bytes, 100<<10)
	bytes, n = b.Held("expired")
	require.Less(t, n, 4*records)
	require.Less(t, bytes, 8*records*size)
	for i := range 10 * records { // sweeps
		require.NoError(t, b.Put(t.Context(), "other", strconv.Itoa(i%10), value))
	}
	bytes, n = b.Held("expired")
	require.Zero(t, n)
	require.Less(t, bytes, 100<<10)
}

// BenchmarkPutExpiring shows that writing gives back what has expired: the time and memory per write stay the same
// however long it runs.
func BenchmarkPutExpiring(b *testing.B) {
	now := time.Unix(0, 0)
	backend := memory.New(func() time.Time { now = now.Add(time.Second); return now })
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r := store.Record{Value: []byte("grant"), Expires: now.Add(5 * time.Minute)}
		require.NoError(b, backend.Put(b.Context(), "codes", strconv.Itoa(n), r))
	}
}
