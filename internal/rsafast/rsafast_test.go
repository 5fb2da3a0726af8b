package rsafast_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/rsafast"
)

func TestSignaturesAreThoseOfCryptoRSA(t *testing.T) {
	t.Parallel()
	for range 5 {
		key, err := rsafast.GenerateKey(rand.Reader)
		require.NoError(t, err)
		require.Equal(t, 2048, key.N.BitLen())
		require.Len(t, key.Primes, rsafast.Primes)
		for _, p := range key.Primes {
			require.True(t, p.ProbablyPrime(20))
			require.Equal(t, 256, p.BitLen())
		}
		require.NoError(t, key.Validate())
		signer, err := rsafast.New(key)
		require.NoError(t, err)
		for i := range 20 {
			digest := sha256.Sum256(fmt.Appendf(nil, "message %d", i))
			got, err := signer.Sign(nil, digest[:], crypto.SHA256)
			require.NoError(t, err)
			want, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.NoError(t, rsa.VerifyPKCS1v15(signer.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], got))
		}
	}
}

func TestConcurrentSigning(t *testing.T) {
	t.Parallel()
	key, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := rsafast.New(key)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			digest := sha256.Sum256([]byte{byte(i)})
			signature, err := signer.Sign(nil, digest[:], crypto.SHA256)
			if err != nil || rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
				t.Error("a signature does not verify")
			}
		})
	}
	wg.Wait()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	two, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	_, err = rsafast.New(two)
	require.ErrorContains(t, err, "2048 bits and 2 primes")
	key, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := rsafast.New(key)
	require.NoError(t, err)
	digest := sha256.Sum256(nil)
	_, err = signer.Sign(nil, digest[:], &rsa.PSSOptions{Hash: crypto.SHA256})
	require.Error(t, err)
	_, err = signer.Sign(nil, digest[:20], crypto.SHA256)
	require.Error(t, err)
	_, err = signer.Sign(nil, digest[:], crypto.SHA512)
	require.Error(t, err)
	broken := func(edit func(k *rsa.PrivateKey)) error {
		k := *key
		k.Primes = slices.Clone(key.Primes)
		edit(&k)
		_, err := rsafast.New(&k)
		return err
	}
	require.NoError(t, broken(func(*rsa.PrivateKey) {}))
	const primes = "not distinct ones of 256 bits"
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.Primes = k.Primes[:7] }), "7 primes")
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.Primes[7] = other.Primes[7] }), primes)
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.Primes[7] = k.Primes[6] }), primes)
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.Primes[7] = big.NewInt(1) }), primes)
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.N = other.N }), primes)
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.N = new(big.Int).Rsh(k.N, 1) }), "2047 bits")
	require.ErrorContains(t, broken(func(k *rsa.PrivateKey) { k.D = other.D }), "does not belong")
}

// Keys that are kept in files come back whole (RFC 8017 appendix A.1.2, multi-prime).
func TestEncodings(t *testing.T) {
	t.Parallel()
	key, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	pkcs8, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	pkcs1, err := x509.ParsePKCS1PrivateKey(x509.MarshalPKCS1PrivateKey(key))
	require.NoError(t, err)
	digest := sha256.Sum256([]byte("kept"))
	for _, read := range []any{pkcs8, pkcs1} {
		again, ok := read.(*rsa.PrivateKey)
		require.True(t, ok)
		require.True(t, key.Equal(again))
		signer, err := rsafast.New(again)
		require.NoError(t, err)
		signature, err := signer.Sign(nil, digest[:], crypto.SHA256)
		require.NoError(t, err)
		require.NoError(t, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature))
	}
}

func TestBrokenRandomness(t *testing.T) {
	t.Parallel()
	_, err := rsafast.GenerateKey(iotest.ErrReader(errors.New("no entropy")))
	require.ErrorContains(t, err, "no entropy")
}

func BenchmarkSign(b *testing.B) {
	digest := sha256.Sum256(nil)
	eight, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(b, err)
	fast, err := rsafast.New(eight)
	require.NoError(b, err)
	two, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	for name, signer := range map[string]crypto.Signer{"rsafast": fast, "crypto-rsa": two} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := signer.Sign(nil, digest[:], crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGenerateKey(b *testing.B) {
	for name, generate := range map[string]func() (*rsa.PrivateKey, error){
		"rsafast":    func() (*rsa.PrivateKey, error) { return rsafast.GenerateKey(rand.Reader) },
		"crypto-rsa": func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := generate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
