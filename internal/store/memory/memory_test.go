package memory_test

import (
	"strconv"
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
