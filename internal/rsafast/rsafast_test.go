package rsafast_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/rsafast"
)

func TestSignaturesAreThoseOfCryptoRSA(t *testing.T) {
	t.Parallel()
	for range 5 {
		key, err := rsafast.GenerateKey(rand.Reader)
		require.NoError(t, err)
		require.Equal(t, 2048, key.N.BitLen())
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
	require.ErrorContains(t, err, "fewer than three primes")
	key, err := rsafast.GenerateKey(rand.Reader)
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
	broken := *key
	broken.Primes = []*big.Int{key.Primes[0], key.Primes[1], key.Primes[2]}
	_, err = rsafast.New(&broken)
	require.ErrorContains(t, err, "not the product")
}

func BenchmarkSign(b *testing.B) {
	digest := sha256.Sum256(nil)
	four, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(b, err)
	fast, err := rsafast.New(four)
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
