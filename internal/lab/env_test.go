package lab_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func fixed() time.Time { return noon }

func TestClock(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{Now: fixed})
	require.Equal(t, noon, env.Now())
	require.Equal(t, noon.Add(time.Hour), env.Advance(time.Hour))
	require.Equal(t, noon.Add(50*time.Minute), env.Advance(-10*time.Minute))
	require.Equal(t, 50*time.Minute, env.Offset())
	env.ResetClock()
	require.Equal(t, noon, env.Now())
	require.Zero(t, env.Offset())
}

func TestZeroOptionsAreTheRealThing(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{})
	before := time.Now()
	require.WithinRange(t, env.Now(), before, before.Add(time.Minute))
	require.NotEqual(t, env.Token(32), env.Token(32))
}

func TestClocksAreTheirOwn(t *testing.T) {
	t.Parallel()
	one, other := lab.New(lab.Options{Now: fixed}), lab.New(lab.Options{Now: fixed})
	one.Advance(time.Hour)
	require.Equal(t, noon, other.Now())
}

func TestUUID(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{Rand: bytes.NewReader(bytes.Repeat([]byte{0xff}, 16))})
	require.Equal(t, "ffffffff-ffff-4fff-bfff-ffffffffffff", env.UUID()) // RFC 9562 §5.4: version 4, variant 10
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	env = lab.New(lab.Options{})
	for range 1000 {
		id := env.UUID()
		require.Regexp(t, shape, id)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.Equal(t, "00010203-0405-0607-0809-0a0b0c0d0e0f", lab.FormatUUID([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}))
}

func TestToken(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{Rand: strings.NewReader("\xfb\xff\xfe0123456789")})
	require.Equal(t, "-__-", env.Token(3), "base64url without padding")
	require.Len(t, env.Bytes(10), 10)
	require.PanicsWithValue(t, "lab: the random source failed: EOF", func() { env.Bytes(1) })
}

// decode splits a Sonyflake number as https://github.com/sony/sonyflake lays it out with 16 bits of machine:
// time in units of 10 ms, 8 bits of sequence, 16 bits of machine.
func decode(t *testing.T, id, prefix string) (at time.Time, sequence, machine int64) {
	t.Helper()
	digits, ok := strings.CutPrefix(id, prefix+"_")
	require.True(t, ok, id)
	n, err := strconv.ParseInt(digits, 10, 64)
	require.NoError(t, err)
	epoch := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	return epoch.Add(time.Duration(n>>24) * 10 * time.Millisecond), n >> 16 & 0xff, n & 0xffff
}

func TestSonyflake(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{Now: fixed})
	for i := range int64(600) {
		at, sequence, _ := decode(t, env.Sonyflake("org"), "org")
		require.Equal(t, i%256, sequence)
		require.Equal(t, noon.Add(time.Duration(i/256)*10*time.Millisecond), at, "a full sequence borrows the next centisecond")
	}
	env.Advance(time.Hour)
	at, sequence, _ := decode(t, env.Sonyflake("conn"), "conn")
	require.Equal(t, noon.Add(time.Hour), at)
	require.Zero(t, sequence)
	env.Advance(-2 * time.Hour)
	at, sequence, _ = decode(t, env.Sonyflake("conn"), "conn")
	require.Equal(t, noon.Add(time.Hour), at, "a clock put back makes no id twice")
	require.EqualValues(t, 1, sequence)
}

// A published Scalekit identifier (conn_60040666217971987 of Scalekit's documentation) decodes to a time after the
// epoch and before it was published, so the layout is the one we use.
func TestSonyflakeLayoutFitsPublishedIDs(t *testing.T) {
	t.Parallel()
	at, _, _ := decode(t, "conn_60040666217971987", "conn")
	require.WithinRange(t, at, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
}

func TestSonyflakeConcurrently(t *testing.T) {
	t.Parallel()
	env := lab.New(lab.Options{})
	var seen sync.Map
	var group sync.WaitGroup
	var twice atomic.Int64
	for range 8 {
		group.Go(func() {
			for range 500 {
				if _, dup := seen.LoadOrStore(env.Sonyflake("x"), true); dup {
					twice.Add(1)
				}
				env.Advance(time.Microsecond)
			}
		})
	}
	group.Wait()
	require.Zero(t, twice.Load())
}

type countingKeys struct {
	calls atomic.Int64
	err   error
}

func (k *countingKeys) RSA(string) (*rsa.PrivateKey, error) {
	k.calls.Add(1)
	if k.err != nil {
		return nil, k.err
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

func (k *countingKeys) ECDSA(string) (*ecdsa.PrivateKey, error) {
	k.calls.Add(1)
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (k *countingKeys) Secret(string) ([]byte, error) {
	k.calls.Add(1)
	return []byte("secret"), nil
}

func TestKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	maker := &countingKeys{}
	keys := lab.New(lab.Options{Keys: maker}).Keys()
	keys.Prepare("one", "two", "one")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { _, _ = keys.RSA("one") })
		group.Go(func() { _, _ = keys.ECDSA("one") })
		group.Go(func() { _, _ = keys.Secret("one") })
	}
	group.Wait()
	keys.Wait()
	require.EqualValues(t, 4, maker.calls.Load(), "rsa/one, rsa/two, ecdsa/one, secret/one")
	first, err := keys.RSA("one")
	require.NoError(t, err)
	again, err := keys.RSA("one")
	require.NoError(t, err)
	require.Same(t, first, again)
	other, err := keys.RSA("two")
	require.NoError(t, err)
	require.False(t, first.Equal(other))
}

func TestFailedKeyIsToldToWhoeverAsks(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	keys := lab.New(lab.Options{Keys: &countingKeys{err: broken}}).Keys()
	keys.Prepare("k")
	keys.Wait()
	_, err := keys.RSA("k")
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "rsa/k")
}

func TestFreshKeys(t *testing.T) {
	t.Parallel()
	keys := lab.New(lab.Options{}).Keys()
	r, err := keys.RSA("k")
	require.NoError(t, err)
	require.Equal(t, 2048, r.N.BitLen())
	e, err := keys.ECDSA("k")
	require.NoError(t, err)
	require.Equal(t, elliptic.P256(), e.Curve)
	s, err := keys.Secret("k")
	require.NoError(t, err)
	require.Len(t, s, 32)
}
