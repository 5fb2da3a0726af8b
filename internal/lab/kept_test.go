package lab_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/rsafast"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
)

// Keys come back as they were: a restart goes on with them. Those of many primes sign alike, by the fast way too.
func TestKeptKeys(t *testing.T) {
	t.Parallel()
	for name, maker := range map[string]lab.KeyMaker{"many primes": nil, "two primes": lab.FreshKeys{TwoPrimes: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := memory.New(fixed)
			keys := func() *lab.Keys {
				return lab.New(lab.Options{Keys: lab.KeptKeys{Store: b, Maker: maker}}).Keys()
			}
			first, again := keys(), keys()
			r1, err := first.RSA("a/b")
			require.NoError(t, err)
			r2, err := again.RSA("a/b")
			require.NoError(t, err)
			require.True(t, r1.Equal(r2))
			require.Equal(t, r1.Primes, r2.Primes)
			require.NoError(t, r2.Validate())
			if len(r2.Primes) > 2 {
				digest := sha256.Sum256(nil)
				signer, err := rsafast.New(r2)
				require.NoError(t, err)
				signature, err := signer.Sign(nil, digest[:], crypto.SHA256)
				require.NoError(t, err)
				require.NoError(t, rsa.VerifyPKCS1v15(&r1.PublicKey, crypto.SHA256, digest[:], signature))
			}

			e1, err := first.ECDSA("a/b")
			require.NoError(t, err)
			e2, err := again.ECDSA("a/b")
			require.NoError(t, err)
			require.True(t, e1.Equal(e2))

			s1, err := first.Secret("a/b")
			require.NoError(t, err)
			s2, err := again.Secret("a/b")
			require.NoError(t, err)
			require.Equal(t, s1, s2)

			other, err := again.RSA("b")
			require.NoError(t, err)
			require.False(t, r1.Equal(other))
		})
	}
}

// A key that was kept goes before what the lab would make now: tokens signed with it have to stay good.
func TestAKeptKeyStaysWhatItIs(t *testing.T) {
	t.Parallel()
	b := memory.New(fixed)
	many, err := lab.KeptKeys{Store: b}.RSA("k")
	require.NoError(t, err)
	two, err := lab.KeptKeys{Store: b, Maker: lab.FreshKeys{TwoPrimes: true}}.RSA("k")
	require.NoError(t, err)
	require.True(t, many.Equal(two))
}

func TestAKeptKeyThatCannotBeReadIsNotReplaced(t *testing.T) {
	t.Parallel()
	b := memory.New(fixed)
	rubbish := store.Record{Value: []byte("rubbish")}
	for _, name := range []string{"rsa/k", "ecdsa/k"} {
		require.NoError(t, b.Put(t.Context(), "keys", name, rubbish))
	}
	keys := lab.New(lab.Options{Keys: lab.KeptKeys{Store: b}}).Keys()
	_, err := keys.RSA("k")
	require.ErrorContains(t, err, "make key rsa/k: read the kept key: ")
	_, err = keys.ECDSA("k")
	require.ErrorContains(t, err, "read the kept key: ")
	r, err := b.Get(t.Context(), "keys", "rsa/k")
	require.NoError(t, err)
	require.Equal(t, rubbish, r)

	broken := errors.New("no entropy")
	_, err = lab.KeptKeys{Store: b, Maker: &countingKeys{err: broken}}.RSA("other")
	require.ErrorIs(t, err, broken)
	_, err = b.Get(t.Context(), "keys", "rsa/other")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestKeptClock(t *testing.T) {
	t.Parallel()
	b := memory.New(fixed)
	open := func() *lab.Env {
		kept := lab.KeptClock{Store: b}
		offset, err := kept.Offset()
		require.NoError(t, err)
		return lab.New(lab.Options{Now: fixed, Offset: offset, Moved: func(d time.Duration) { require.NoError(t, kept.Keep(d)) }})
	}
	env := open()
	require.Equal(t, noon, env.Now())
	env.Advance(48 * time.Hour)
	env.Advance(-time.Hour)
	require.Equal(t, noon.Add(47*time.Hour), open().Now())
	env.ResetClock()
	require.Equal(t, noon, open().Now())

	require.NoError(t, b.Put(t.Context(), "clock", "offset", store.Record{Value: []byte("{")}))
	_, err := lab.KeptClock{Store: b}.Offset()
	require.ErrorContains(t, err, "read the kept clock: ")
}

// However many move the clock at a time, what was told last is where it is.
func TestMovesAreToldInTheirOrder(t *testing.T) {
	t.Parallel()
	var told time.Duration
	env := lab.New(lab.Options{Now: fixed, Moved: func(d time.Duration) { told = d }})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				env.Advance(time.Second)
			}
		})
	}
	all.Wait()
	require.Equal(t, 800*time.Second, env.Offset())
	require.Equal(t, env.Offset(), told)
}
