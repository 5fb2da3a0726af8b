package signin

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238's default, and what authenticator apps use
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"
)

// Time-based one-time passwords (RFC 6238) as the service's are: HMAC-SHA-1, 30 seconds, six digits.
const (
	totpSecret = 32 // bytes: 52 characters of base32
	totpPeriod = 30 * time.Second
	totpDigits = 6
	totpDrift  = 1 // periods to either side (RFC 6238 §5.2)
)

var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpCode is the code of a period (RFC 4226 §5.3).
func totpCode(secret []byte, period int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, period) // a hash does not fail
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// matchTOTP returns the period whose code it is, near a time.
func matchTOTP(secret, code string, now time.Time) (period int64, ok bool) {
	key, err := base32Secret.DecodeString(secret)
	if err != nil || len(code) != totpDigits {
		return 0, false
	}
	at := now.Unix() / int64(totpPeriod/time.Second)
	for p := at - totpDrift; p <= at+totpDrift; p++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(key, p)), []byte(code)) == 1 {
			return p, true
		}
	}
	return 0, false
}
