package signin

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/big"

	"github.com/ssolab/ssolab/internal/lab"
)

// What is answered for a name that nobody has is derived from the name and a secret of the lab, so that asking twice tells
// nothing, and nobody else can make it up.

func (e *Engine) simulated(c Caller, username, what string) ([]byte, error) {
	key, err := e.secret()
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", c.Pool.ID, c.Pool.Users.Fold(username), what)
	return mac.Sum(nil), nil
}

// simulatedSub looks like the user name of a user in a pool with UsernameAttributes.
func (e *Engine) simulatedSub(c Caller, username string) (string, error) {
	sum, err := e.simulated(c, username, "sub")
	if err != nil {
		return "", err
	}
	sum[6] = 0x70 // as in userpool's subs
	return lab.FormatUUID(sum), nil
}

// hexNumber writes a number in hexadecimal digits, without leading zeros.
func hexNumber(b []byte) string { return fmt.Sprintf("%x", new(big.Int).SetBytes(b)) }
