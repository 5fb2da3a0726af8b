// Package rsafast makes and uses RSA keys for a mock, where a signature's cost counts and its timing gives nothing away.
//
// A 2048-bit key of eight primes verifies everywhere like any other. Signing with it by the Chinese remainder theorem
// takes eight exponentiations of 256 bits, a sixteenth of the multiplications of words that two of 1024 bits take, and
// making it takes some milliseconds. crypto/rsa has no such path and computes in constant time, which keys that never
// leave this machine do not need. The padding is that of crypto/rsa, byte for byte: the tests compare.
//
//	digest ─► EMSA-PKCS1-v1_5 (RFC 8017 §9.2) ─► m ─► m^d mod each prime ─► CRT ─► signature
//
// Not for keys that protect anything: factors of 256 bits are near what the elliptic-curve method has found.
package rsafast

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/bits"
)

const (
	keyBits   = 2048
	primeBits = 256
	// Primes is how many primes a key has.
	Primes = keyBits / primeBits
	e      = 65537
)

var one = big.NewInt(1)

// GenerateKey returns a 2048-bit RSA key of eight primes with the public exponent 65537.
func GenerateKey(random io.Reader) (*rsa.PrivateKey, error) {
	n, totient := big.NewInt(1), big.NewInt(1)
	var list []*big.Int
	for len(list) < Primes {
		p, err := prime(random)
		if err != nil {
			return nil, fmt.Errorf("generate RSA key: %w", err)
		}
		less := new(big.Int).Sub(p, one)
		if new(big.Int).Mod(less, big.NewInt(e)).Sign() == 0 || new(big.Int).Mod(n, p).Sign() == 0 {
			continue // e has no inverse then, or p is there already
		}
		list = append(list, p)
		n.Mul(n, p)
		totient.Mul(totient, less)
	}
	d := new(big.Int).ModInverse(big.NewInt(e), totient)
	return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: e}, D: d, Primes: list}, nil
}

// prime returns a prime between 15/16·2^256 and 2^256: the product of eight has exactly 2048 bits.
func prime(random io.Reader) (*big.Int, error) {
	var b [primeBits / 8]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, err
		}
		b[0] |= 0xf0
		b[len(b)-1] |= 1
		if hasSmallFactor(natOfBytes(b[:])) {
			continue
		}
		p := new(big.Int).SetBytes(b[:])
		// Fermat's test to the base 2 costs little here and few composite numbers pass it; the real test comes after it.
		f := newModulus(p)
		var two, power nat
		f.add(&two, &f.one, &f.one)
		if f.exp(&power, &two, newExponent(new(big.Int).Sub(p, one))); power == f.one && p.ProbablyPrime(8) {
			return p, nil
		}
	}
}

// smallPrimes are the odd primes below 400 in products that fit a word.
var smallPrimes = [...]uint64{
	3 * 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29 * 31 * 37 * 41 * 43 * 47 * 53,
	59 * 61 * 67 * 71 * 73 * 79 * 83 * 89 * 97,
	101 * 103 * 107 * 109 * 113 * 127 * 131 * 137 * 139,
	149 * 151 * 157 * 163 * 167 * 173 * 179 * 181,
	191 * 193 * 197 * 199 * 211 * 223 * 227 * 229,
	233 * 239 * 241 * 251 * 257 * 263 * 269,
	271 * 277 * 281 * 283 * 293 * 307 * 311,
	313 * 317 * 331 * 337 * 347 * 349 * 353,
	359 * 367 * 373 * 379 * 383 * 389 * 397,
}

// hasSmallFactor tells whether n shares a factor with smallPrimes.
func hasSmallFactor(n nat) bool {
	for _, product := range smallPrimes {
		rest := uint64(0)
		for i := len(n) - 1; i >= 0; i-- {
			_, rest = bits.Div64(rest, n[i], product)
		}
		a, b := product, rest
		for b != 0 {
			a, b = b, a%b
		}
		if a != 1 {
			return true
		}
	}
	return false
}

// Signer signs with a key of eight primes. It is safe for concurrent use.
type Signer struct {
	public *rsa.PublicKey
	n      number
	crt    [Primes]factor
}

const words = keyBits / 64

// number is a number of 2048 bits and a few more, least significant word first.
type number [words + 1]uint64

// factor is what the Chinese remainder theorem needs of a prime p.
type factor struct {
	*modulus
	padding  nat                          // what is above the digest, mod p, in Montgomery's form
	exponent exponent                     // d mod (p - 1)
	inverse  nat                          // (n/p)⁻¹ mod p
	rest     [words - primeBits/64]uint64 // n/p
}

// New returns a signer for key, which must have eight primes of 256 bits, such as GenerateKey makes them.
func New(key *rsa.PrivateKey) (*Signer, error) {
	if len(key.Primes) != Primes || key.N.BitLen() != keyBits {
		return nil, fmt.Errorf("rsafast: the key has %d bits and %d primes, not %d and %d", key.N.BitLen(), len(key.Primes), keyBits, Primes)
	}
	s := &Signer{public: &key.PublicKey}
	setWords(s.n[:], key.N)
	padding := new(big.Int).SetBytes(encode(make([]byte, sha256.Size)))
	notFactors := errors.New("rsafast: the key's primes are not distinct ones of 256 bits whose product is its modulus")
	product := big.NewInt(1)
	for i, p := range key.Primes {
		rest, remainder := new(big.Int).QuoRem(key.N, p, new(big.Int))
		inverse := new(big.Int).ModInverse(rest, p)
		if p.BitLen() != primeBits || p.Bit(0) == 0 || remainder.Sign() != 0 || inverse == nil {
			return nil, notFactors
		}
		product.Mul(product, p)
		f := &s.crt[i]
		f.modulus = newModulus(p)
		f.padding = natOf(new(big.Int).Mod(new(big.Int).Lsh(padding, primeBits), p))
		f.exponent = newExponent(new(big.Int).Mod(key.D, new(big.Int).Sub(p, one)))
		f.inverse = natOf(inverse)
		setWords(f.rest[:], rest)
	}
	if product.Cmp(key.N) != 0 {
		return nil, notFactors
	}
	if err := s.prove(); err != nil {
		return nil, err
	}
	return s, nil
}

// prove signs once: a key whose exponents do not belong together, or whose primes are none, is refused here.
func (s *Signer) prove() error {
	digest := sha256.Sum256(nil)
	if rsa.VerifyPKCS1v15(s.public, crypto.SHA256, digest[:], s.sign(digest)) != nil {
		return errors.New("rsafast: the key's private exponent does not belong to its public one")
	}
	return nil
}

// setWords writes b, which must fit, least significant word first.
func setWords(w []uint64, b *big.Int) {
	bytes := b.FillBytes(make([]byte, 8*len(w)))
	for i := range w {
		w[i] = binary.BigEndian.Uint64(bytes[len(bytes)-8*i-8:])
	}
}

// Public implements crypto.Signer.
func (s *Signer) Public() crypto.PublicKey { return s.public }

// Sign implements crypto.Signer for SHA-256 and PKCS #1 v1.5; the source of randomness is not used.
func (s *Signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss || opts.HashFunc() != crypto.SHA256 || len(digest) != sha256.Size {
		return nil, errors.New("rsafast: only PKCS #1 v1.5 signatures of SHA-256 digests")
	}
	return s.sign([sha256.Size]byte(digest)), nil
}

// digestInfo is the DER prefix of a SHA-256 DigestInfo (RFC 8017 §9.2, note 1).
var digestInfo = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

// encode is EMSA-PKCS1-v1_5 for a SHA-256 digest and a 2048-bit key (RFC 8017 §9.2).
func encode(digest []byte) []byte {
	out := make([]byte, 0, keyBits/8)
	out = append(out, 0, 1)
	for len(out) < keyBits/8-1-len(digestInfo)-len(digest) {
		out = append(out, 0xff)
	}
	out = append(out, 0)
	out = append(out, digestInfo...)
	return append(out, digest...)
}

// sign returns m^d mod n, where m is the encoded digest: m is what is above the digest, known beforehand, plus the digest,
// which takes the lowest 256 bits.
func (s *Signer) sign(digest [sha256.Size]byte) []byte {
	low := natOfBytes(digest[:])
	var sum number
	for i := range s.crt {
		f := &s.crt[i]
		var m nat
		f.mul(&m, &low, &f.rr)
		f.add(&m, &m, &f.padding)
		f.exp(&m, &m, f.exponent)
		f.mul(&m, &m, &f.inverse) // and out of Montgomery's form, as inverse is not in it
		sum.addProduct(&m, &f.rest)
	}
	sum.reduce(&s.n)
	out := make([]byte, 0, keyBits/8)
	for i := words - 1; i >= 0; i-- {
		out = binary.BigEndian.AppendUint64(out, sum[i])
	}
	return out
}

// addProduct adds x·y to n.
func (n *number) addProduct(x *nat, y *[words - primeBits/64]uint64) {
	for i, a := range x {
		var carry uint64
		for k, b := range y {
			high, low := bits.Mul64(a, b)
			var c uint64
			low, c = bits.Add64(low, carry, 0)
			high += c
			n[i+k], c = bits.Add64(n[i+k], low, 0)
			carry = high + c
		}
		for k := i + len(y); carry != 0; k++ {
			n[k], carry = bits.Add64(n[k], carry, 0)
		}
	}
}

// reduce subtracts m until n is below it: a few times, as n is a sum of eight numbers below m.
func (n *number) reduce(m *number) {
	for {
		var t number
		var borrow uint64
		for i := range n {
			t[i], borrow = bits.Sub64(n[i], m[i], borrow)
		}
		if borrow != 0 {
			return
		}
		*n = t
	}
}
