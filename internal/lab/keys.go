package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"

	"github.com/ssolab/ssolab/internal/rsafast"
)

// KeyMaker makes the private keys of a lab, by name. Tests pass fixed ones.
type KeyMaker interface {
	RSA(name string) (*rsa.PrivateKey, error)
	ECDSA(name string) (*ecdsa.PrivateKey, error)
	Secret(name string) ([]byte, error)
}

// Keys hands out private keys by name and makes each at its first use, once, however many ask at the same time.
// An RSA key costs milliseconds of CPU, one of two primes a hundred of them, so a server calls Prepare when it starts and
// listens meanwhile.
type Keys struct {
	maker KeyMaker

	mu    sync.Mutex // guards made
	made  map[string]func() (any, error)
	group sync.WaitGroup
	slots chan struct{} // one for each key that may be in the making in the background at a time
}

func newKeys(maker KeyMaker) *Keys {
	if maker == nil {
		maker = FreshKeys{}
	}
	// One processor is left to serve: a key in the making holds its own.
	slots := max(1, min(2, runtime.GOMAXPROCS(0)-1))
	return &Keys{maker: maker, made: map[string]func() (any, error){}, slots: make(chan struct{}, slots)}
}

// RSA returns the RSA-2048 key of that name, waiting while it is made.
func (k *Keys) RSA(name string) (*rsa.PrivateKey, error) {
	return ask(k, "rsa/"+name, func() (*rsa.PrivateKey, error) { return k.maker.RSA(name) })
}

// ECDSA returns the P-256 key of that name, waiting while it is made.
func (k *Keys) ECDSA(name string) (*ecdsa.PrivateKey, error) {
	return ask(k, "ecdsa/"+name, func() (*ecdsa.PrivateKey, error) { return k.maker.ECDSA(name) })
}

// Secret returns the 32 random bytes of that name, for use as a MAC key.
func (k *Keys) Secret(name string) ([]byte, error) {
	return ask(k, "secret/"+name, func() ([]byte, error) { return k.maker.Secret(name) })
}

// Prepare makes the named RSA keys in the background, in the order given, at most two at a time and fewer where there
// are few processors.
func (k *Keys) Prepare(names ...string) {
	queue := make(chan string, len(names))
	for _, name := range names {
		queue <- name
	}
	close(queue)
	for range cap(k.slots) {
		k.group.Go(func() {
			for name := range queue {
				k.slots <- struct{}{}
				_, _ = k.RSA(name) // an error is kept and given to whoever asks for the key
				<-k.slots
			}
		})
	}
}

// Wait returns when no key is being made in the background.
func (k *Keys) Wait() { k.group.Wait() }

func ask[T any](k *Keys, name string, makeKey func() (T, error)) (T, error) {
	k.mu.Lock()
	once, ok := k.made[name]
	if !ok {
		once = sync.OnceValues(func() (any, error) {
			key, err := makeKey()
			if err != nil {
				return nil, fmt.Errorf("make key %s: %w", name, err)
			}
			return key, nil
		})
		k.made[name] = once
	}
	k.mu.Unlock()
	var zero T
	key, err := once()
	if err != nil {
		return zero, err
	}
	return key.(T), nil
}

// FreshKeys makes new keys.
type FreshKeys struct {
	// TwoPrimes makes RSA keys of two primes, which crypto/rsa signs with. The default, eight, signs in a tenth of the
	// time (package rsafast) and verifies everywhere alike.
	TwoPrimes bool
}

// RSA implements KeyMaker.
func (f FreshKeys) RSA(string) (*rsa.PrivateKey, error) {
	if f.TwoPrimes {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return rsafast.GenerateKey(rand.Reader)
}

// ECDSA implements KeyMaker.
func (FreshKeys) ECDSA(string) (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// Secret implements KeyMaker.
func (FreshKeys) Secret(string) ([]byte, error) {
	b := make([]byte, sha256.Size)
	_, err := rand.Read(b)
	return b, err
}
