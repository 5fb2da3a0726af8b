package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// KeptKeys makes keys that a restart does not lose: one that is in the store is taken from there, and one that is made is
// in the store before it is used.
//
//	RSA      PKCS #1, which has room for more than two primes (RFC 8017 A.1.2)
//	ECDSA    PKCS #8
//	Secret   as it is
type KeptKeys struct {
	Store store.Backend // readable by its owner only
	Maker KeyMaker      // makes those that are missing; nil means fresh keys
}

// keysTable holds the keys by kind and name: rsa/cognito/us-east-1_SsoLab001/id.
const keysTable = "keys"

// RSA implements KeyMaker.
func (k KeptKeys) RSA(name string) (*rsa.PrivateKey, error) {
	return kept(k, "rsa/"+name, func() (*rsa.PrivateKey, error) { return k.maker().RSA(name) }, func(key *rsa.PrivateKey) ([]byte, error) {
		return x509.MarshalPKCS1PrivateKey(key), nil
	}, x509.ParsePKCS1PrivateKey)
}

// ECDSA implements KeyMaker.
func (k KeptKeys) ECDSA(name string) (*ecdsa.PrivateKey, error) {
	return kept(k, "ecdsa/"+name, func() (*ecdsa.PrivateKey, error) { return k.maker().ECDSA(name) }, func(key *ecdsa.PrivateKey) ([]byte, error) {
		return x509.MarshalPKCS8PrivateKey(key)
	}, func(der []byte) (*ecdsa.PrivateKey, error) {
		key, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, err
		}
		if ec, ok := key.(*ecdsa.PrivateKey); ok {
			return ec, nil
		}
		return nil, fmt.Errorf("it is a %T", key)
	})
}

// Secret implements KeyMaker.
func (k KeptKeys) Secret(name string) ([]byte, error) {
	same := func(b []byte) ([]byte, error) { return b, nil }
	return kept(k, "secret/"+name, func() ([]byte, error) { return k.maker().Secret(name) }, same, same)
}

func (k KeptKeys) maker() KeyMaker {
	if k.Maker == nil {
		return FreshKeys{}
	}
	return k.Maker
}

func kept[T any](k KeptKeys, name string, makeKey func() (T, error), encode func(T) ([]byte, error), decode func([]byte) (T, error)) (T, error) {
	var zero T
	ctx := context.Background()
	r, err := k.Store.Get(ctx, keysTable, name)
	if err == nil {
		key, err := decode(r.Value)
		if err != nil {
			return zero, fmt.Errorf("read the kept key: %w", err)
		}
		return key, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return zero, err
	}
	key, err := makeKey()
	if err != nil {
		return zero, err
	}
	value, err := encode(key)
	if err != nil {
		return zero, err
	}
	if err := k.Store.Put(ctx, keysTable, name, store.Record{Value: value}); err != nil {
		return zero, fmt.Errorf("keep the key: %w", err)
	}
	return key, nil
}

// KeptClock is how far the lab's clock is from the machine's, kept so that a lab that is started again goes on in its own
// time: what had expired stays expired, and no token is from the future.
type KeptClock struct{ Store store.Backend }

const (
	clockTable = "clock"
	clockKey   = "offset"
)

// Offset is what was kept last.
func (k KeptClock) Offset() (time.Duration, error) {
	r, err := k.Store.Get(context.Background(), clockTable, clockKey)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var text string
	if err := json.Unmarshal(r.Value, &text); err != nil {
		return 0, fmt.Errorf("read the kept clock: %w", err)
	}
	return time.ParseDuration(text)
}

// Keep keeps an offset.
func (k KeptClock) Keep(offset time.Duration) error {
	if offset == 0 {
		return k.Store.Delete(context.Background(), clockTable, clockKey)
	}
	text, err := json.Marshal(offset.String())
	if err != nil {
		return err
	}
	return k.Store.Put(context.Background(), clockTable, clockKey, store.Record{Value: text})
}
