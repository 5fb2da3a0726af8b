package userpool

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// Password is what is kept of a password: enough to check one, in clear (Matches) or by the Secure Remote Password
// protocol (RFC 5054 §2.5.3 as the vendor's clients do it), and not the password.
type Password struct {
	Salt     []byte // 16 bytes, of both
	Hash     []byte // PBKDF2 with HMAC-SHA-256 and passwordIterations, 32 bytes, and one byte of 1; in older files without that, of olderIterations
	Verifier []byte // SRP: g^x mod N, 384 bytes big-endian
	Set      time.Time
	History  []PastPassword // newest first
}

// PastPassword is what is kept of a password that was replaced.
type PastPassword struct{ Salt, Hash []byte }

const (
	passwordSalt       = 16  // bytes
	passwordIterations = 512 // few: the SRP verifier beside it has none at all, and what counts in a lab is that a sign-in is cheap
	olderIterations    = 4096
	maxPassword        = 256 // characters
)

// NewPassword makes the record of a password set now for a user: by the pool's id and the user's own name, which SRP
// mixes in. It replaces old, which may be nil, and keeps as many former ones as the policy wants.
func NewPassword(salt []byte, poolID, username, clear string, policy PasswordPolicy, old *Password, now time.Time) (*Password, error) {
	hash, err := hashPassword(clear, salt)
	if err != nil {
		return nil, err
	}
	p := &Password{Salt: salt, Hash: hash, Verifier: srpVerifier(salt, poolID, username, clear), Set: now}
	if old != nil && policy.HistorySize > 0 {
		p.History = append([]PastPassword{{old.Salt, old.Hash}}, old.History...)
		if len(p.History) > policy.HistorySize {
			p.History = p.History[:policy.HistorySize]
		}
	}
	return p, nil
}

// Matches tells whether clear is the password.
func (p *Password) Matches(clear string) bool {
	return p != nil && matches(clear, p.Salt, p.Hash)
}

// Used tells whether clear is the password or one of those that the policy remembers.
func (p *Password) Used(clear string, policy PasswordPolicy) bool {
	if p == nil || policy.HistorySize == 0 {
		return false
	}
	if p.Matches(clear) {
		return true
	}
	for i, past := range p.History {
		if i < policy.HistorySize && matches(clear, past.Salt, past.Hash) {
			return true
		}
	}
	return false
}

func matches(clear string, salt, hash []byte) bool {
	hashed := hashPassword
	if len(hash) == sha256.Size {
		hashed = olderHash
	}
	got, err := hashed(clear, salt)
	return err == nil && subtle.ConstantTimeCompare(got, hash) == 1
}

func hashPassword(clear string, salt []byte) ([]byte, error) {
	hash, err := pbkdf2.Key(sha256.New, clear, salt, passwordIterations, sha256.Size)
	return append(hash, 1), err
}

func olderHash(clear string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, clear, salt, olderIterations, sha256.Size)
}

// Check tells what a password lacks.
func (p PasswordPolicy) Check(clear string) error {
	lacks := ""
	class := func(is func(rune) bool) bool { return strings.ContainsFunc(clear, is) }
	minimum := p.MinimumLength
	if minimum == 0 {
		minimum = DefaultPasswordPolicy().MinimumLength
	}
	switch n := utf8.RuneCountInString(clear); {
	case n < minimum:
		lacks = "Password not long enough"
	case n > maxPassword:
		lacks = fmt.Sprintf("Password must not have more than %d characters", maxPassword)
	case p.Numbers && !class(func(r rune) bool { return r >= '0' && r <= '9' }):
		lacks = "Password must have numeric characters"
	case p.Symbols && !class(isSymbol):
		lacks = "Password must have symbol characters"
	case p.Uppercase && !class(func(r rune) bool { return r >= 'A' && r <= 'Z' }):
		lacks = "Password must have uppercase characters"
	case p.Lowercase && !class(func(r rune) bool { return r >= 'a' && r <= 'z' }):
		lacks = "Password must have lowercase characters"
	case strings.HasPrefix(clear, " ") || strings.HasSuffix(clear, " "):
		lacks = "Password must not begin or end with a space"
	default:
		return nil
	}
	return Errorf(InvalidPassword, "Password did not conform with policy: %s", lacks)
}

// isSymbol tells whether the service counts r as a symbol; a space within a password is one.
func isSymbol(r rune) bool {
	return strings.ContainsRune("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ", r) || r > unicode.MaxASCII && (unicode.IsSymbol(r) || unicode.IsPunct(r))
}

// The SRP group of the vendor's clients: the 3072-bit group of RFC 5054 appendix A (RFC 3526 §4), with generator 2.
const srpPrime = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"

var srpN = sync.OnceValue(func() *big.Int {
	n, _ := new(big.Int).SetString(srpPrime, 16) // a constant that parses
	return n
})

// SRPGroup is the group N, g by which verifiers are made.
func SRPGroup() (n, g *big.Int) { return new(big.Int).Set(srpN()), big.NewInt(2) }

// srpVerifier is g^x mod N with x = H(salt | H(pool name | user name | ":" | password)), where the pool name is the part
// of the id behind "_" and the salt is hashed as a number that is never negative: with a zero byte before a first byte
// of 0x80 and more, and without leading zero bytes.
func srpVerifier(salt []byte, poolID, username, clear string) []byte {
	_, name, _ := strings.Cut(poolID, "_")
	inner := sha256.Sum256([]byte(name + username + ":" + clear))
	x := sha256.Sum256(append(PadSRP(new(big.Int).SetBytes(salt)), inner[:]...))
	n, g := SRPGroup()
	return g.Exp(g, new(big.Int).SetBytes(x[:]), n).FillBytes(make([]byte, (n.BitLen()+7)/8))
}

// PadSRP writes a number as the vendor's clients hash it: big-endian, the first bit never set.
func PadSRP(v *big.Int) []byte {
	b := v.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}
