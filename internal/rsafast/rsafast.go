// Package rsafast makes and uses RSA keys for a mock, where a signature's cost counts and its timing gives nothing away.
//
// A 2048-bit key of four primes verifies everywhere like any other. Signing with it by the Chinese remainder theorem
// takes four exponentiations of 512 bits, about a third of the work of two of 1024 bits; crypto/rsa has no such path and
// computes in constant time, which keys that never leave this machine do not need. The padding is that of crypto/rsa,
// byte for byte: the tests compare.
//
//	digest ─► EMSA-PKCS1-v1_5 (RFC 8017 §9.2) ─► m ─► m^d mod each prime ─► Garner (§5.1.2) ─► signature
//
// Not for keys that protect anything.
package rsafast

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
)

const (
	bits   = 2048
	primes = 4
	e      = 65537
)

var one = big.NewInt(1)

// GenerateKey returns a 2048-bit RSA key of four primes with the public exponent 65537.
func GenerateKey(random io.Reader) (*rsa.PrivateKey, error) {
	for {
		key, err := candidate(random)
		if err != nil {
			return nil, err
		}
		if key != nil {
			return key, nil
		}
	}
}

// candidate is one try: nil when the primes do not make a key of the right length, or share something they must not.
func candidate(random io.Reader) (*rsa.PrivateKey, error) {
	var list []*big.Int
	n, totient, exponent := big.NewInt(1), big.NewInt(1), big.NewInt(e)
	for range primes {
		p, err := rand.Prime(random, bits/primes)
		if err != nil {
			return nil, fmt.Errorf("generate RSA key: %w", err)
		}
		for _, other := range list {
			if p.Cmp(other) == 0 {
				return nil, nil
			}
		}
		list = append(list, p)
		n.Mul(n, p)
		totient.Mul(totient, new(big.Int).Sub(p, one))
	}
	d := new(big.Int).ModInverse(exponent, totient)
	if n.BitLen() != bits || d == nil {
		return nil, nil
	}
	return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: e}, D: d, Primes: list}, nil
}

// Signer signs with a key of three or more primes. It is safe for concurrent use.
type Signer struct {
	public *rsa.PublicKey
	size   int
	crt    []factor
}

// factor is what the Chinese remainder theorem needs of a prime.
type factor struct {
	prime       *big.Int
	exponent    *big.Int // d mod (prime - 1)
	product     *big.Int // of the primes before this one
	coefficient *big.Int // product^-1 mod prime; nil for the first
}

// New returns a signer for key, which must have at least three primes; with two, crypto/rsa is as good.
func New(key *rsa.PrivateKey) (*Signer, error) {
	if len(key.Primes) < 3 {
		return nil, errors.New("rsafast: the key has fewer than three primes")
	}
	s := &Signer{public: &key.PublicKey, size: key.Size()}
	product := big.NewInt(1)
	for i, p := range key.Primes {
		f := factor{prime: p, exponent: new(big.Int).Mod(key.D, new(big.Int).Sub(p, one)), product: new(big.Int).Set(product)}
		if i > 0 {
			if f.coefficient = new(big.Int).ModInverse(product, p); f.coefficient == nil {
				return nil, errors.New("rsafast: the key's primes are not distinct")
			}
		}
		s.crt = append(s.crt, f)
		product.Mul(product, p)
	}
	if product.Cmp(key.N) != 0 {
		return nil, errors.New("rsafast: the key's modulus is not the product of its primes")
	}
	return s, nil
}

// Public implements crypto.Signer.
func (s *Signer) Public() crypto.PublicKey { return s.public }

// digestInfo is the DER prefix of a SHA-256 DigestInfo (RFC 8017 §9.2, note 1).
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// Sign implements crypto.Signer for SHA-256 and PKCS #1 v1.5; the source of randomness is not used.
func (s *Signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss || opts.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("rsafast: only PKCS #1 v1.5 signatures of SHA-256 digests")
	}
	padded := make([]byte, s.size)
	padded[1] = 1
	tail := s.size - len(digestInfo) - len(digest)
	for i := 2; i < tail-1; i++ {
		padded[i] = 0xff
	}
	copy(padded[tail:], digestInfo)
	copy(padded[tail+len(digestInfo):], digest)
	return s.power(new(big.Int).SetBytes(padded)).FillBytes(padded), nil
}

// power is m^d mod n by Garner's formula.
func (s *Signer) power(m *big.Int) *big.Int {
	var residue, h big.Int
	out := new(big.Int)
	for i, f := range s.crt {
		residue.Mod(m, f.prime)
		residue.Exp(&residue, f.exponent, f.prime)
		if i == 0 {
			out.Set(&residue)
			continue
		}
		h.Sub(&residue, out)
		h.Mul(&h, f.coefficient)
		h.Mod(&h, f.prime)
		h.Mul(&h, f.product)
		out.Add(out, &h)
	}
	return out
}
