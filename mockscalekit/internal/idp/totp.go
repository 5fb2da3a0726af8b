package idp

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // HOTP (RFC 4226) is defined with HMAC-SHA-1
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/oauth2"
)

const totpStep = 30 // seconds (RFC 6238 §4.1)

// totpKey decodes the base32 secret that a person enters into an authenticator app.
func totpKey(secret string) ([]byte, error) {
	s := strings.TrimRight(strings.ToUpper(strings.ReplaceAll(secret, " ", "")), "=")
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
}

func totpCounter(now time.Time) int64 { return now.Unix() / totpStep }

// totp is the six-digit code of a counter (RFC 4226 §5.3).
func totp(key []byte, counter int64) string {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) //nolint:gosec // the bits are what is hashed
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// verifyTOTP finds the counter of a code, allowing one step to either side for clocks that differ (RFC 6238 §5.2).
func verifyTOTP(key []byte, code string, now time.Time) (counter int64, ok bool) {
	for _, skew := range []int64{0, -1, 1} {
		if c := totpCounter(now) + skew; oauth2.SameSecret(code, totp(key, c)) {
			return c, true
		}
	}
	return 0, false
}
