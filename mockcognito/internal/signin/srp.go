package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The server's half of the Secure Remote Password protocol (RFC 5054 §2.5, RFC 2945) as the vendor's clients speak it:
// SHA-256, numbers hashed with a leading zero byte where their first bit is set, and a claim made with HKDF (RFC 5869).

// srpExchange is the state between the two messages. All numbers are big-endian.
type srpExchange struct {
	A        []byte // the client's public value
	B        []byte // ours
	Private  []byte // b
	Verifier []byte
	Name     string // under which the verifier was made: USER_ID_FOR_SRP
}

// srpPrivate is the length of b in bytes: RFC 5054 §2.5.3 wants 256 bits at least.
const srpPrivate = 32

// maxSRPHex bounds the client's value: N has 768 hexadecimal digits.
const maxSRPHex = 1024

// parseSRPA reads SRP_A, hexadecimal digits. A value that is 0 mod N would make the key known to everybody (RFC 5054 §2.5.4).
func parseSRPA(text string) (*big.Int, error) {
	if text == "" || len(text) > maxSRPHex || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		return nil, invalid("SRP_A is not a hexadecimal number.") // Unverified: the text
	}
	a, ok := new(big.Int).SetString(text, 16)
	n, _ := userpool.SRPGroup()
	if !ok || new(big.Int).Mod(a, n).Sign() == 0 {
		return nil, invalid("SRP_A is not a public value of the group.") // Unverified: the text
	}
	return a, nil
}

// newSRPExchange makes B = k*v + g^b (RFC 5054 §2.5.3) with a b of random bytes.
func newSRPExchange(a *big.Int, verifier []byte, name string, random []byte) srpExchange {
	n, g := userpool.SRPGroup()
	k := hashNumbers(n, g)
	b, v := new(big.Int).SetBytes(random), new(big.Int).SetBytes(verifier)
	public := new(big.Int).Add(k.Mul(k, v), new(big.Int).Exp(g, b, n))
	public.Mod(public, n)
	return srpExchange{A: a.Bytes(), B: public.Bytes(), Private: random, Verifier: verifier, Name: name}
}

// hashNumbers is the hash of numbers one after the other, as a number.
func hashNumbers(numbers ...*big.Int) *big.Int {
	h := sha256.New()
	for _, x := range numbers {
		h.Write(userpool.PadSRP(x))
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

var errSRP = errors.New("the values of the exchange lead to no key")

// claim is what a client that knows the password signs with: HMAC of pool name, user name, secret block and timestamp.
func (x srpExchange) claim(poolID string, secretBlock []byte, timestamp string) ([]byte, error) {
	n, _ := userpool.SRPGroup()
	a, b := new(big.Int).SetBytes(x.A), new(big.Int).SetBytes(x.B)
	u := hashNumbers(a, b)
	if u.Sign() == 0 {
		return nil, errSRP
	}
	base := new(big.Int).Exp(new(big.Int).SetBytes(x.Verifier), u, n)
	base.Mul(base, a).Mod(base, n)
	secret := base.Exp(base, new(big.Int).SetBytes(x.Private), n)
	const info = "Caldera Derived Key"
	key, err := hkdf.Key(sha256.New, userpool.PadSRP(secret), userpool.PadSRP(u), info, 16)
	if err != nil {
		return nil, err
	}
	_, poolName, _ := strings.Cut(poolID, "_")
	mac := hmac.New(sha256.New, key)
	for _, part := range [][]byte{[]byte(poolName), []byte(x.Name), secretBlock, []byte(timestamp)} {
		mac.Write(part)
	}
	return mac.Sum(nil), nil
}

// srpTimestamp is the form of TIMESTAMP, EEE MMM d HH:mm:ss z yyyy in UTC and without a leading zero in the day.
const srpTimestamp = "Mon Jan 2 15:04:05 MST 2006"

// checkTimestamp wants the form. How old it may be is not known, and clients have clocks of their own while the lab's may
// have been moved, so that any time will do; the secret block, which is signed too, serves once and for minutes.
func checkTimestamp(text string) error {
	at, err := time.Parse(srpTimestamp, text)
	if err != nil || at.UTC().Format(srpTimestamp) != text {
		return invalid("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	return nil
}
