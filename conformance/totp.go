package conformance

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the default of RFC 6238
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// seed makes one-time codes (RFC 6238).
type seed struct {
	key    []byte
	hash   func() hash.Hash
	digits int
	period int64 // seconds
}

// readSeed reads base32, with or without spaces and padding, or an otpauth URI.
func readSeed(from Secret) (seed, error) {
	s := seed{hash: sha1.New, digits: 6, period: 30}
	text := strings.TrimSpace(from.Reveal())
	if strings.HasPrefix(text, "otpauth:") {
		u, err := url.Parse(text)
		if err != nil || u.Host != "totp" {
			return s, errors.New("the seed must be base32 or an otpauth://totp/ URI")
		}
		q := u.Query()
		text = q.Get("secret")
		if err := s.settings(q); err != nil {
			return s, err
		}
	}
	text = strings.TrimRight(strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text)), "=")
	var err error
	if s.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text); err != nil || len(s.key) == 0 {
		return s, errors.New("the seed of one-time codes is no base32") // which is a secret, so it is not shown
	}
	return s, nil
}

// settings reads the parameters of an otpauth URI.
func (s *seed) settings(q url.Values) error {
	if algorithm := strings.ToUpper(q.Get("algorithm")); algorithm != "" {
		hashes := map[string]func() hash.Hash{"SHA1": sha1.New, "SHA256": sha256.New, "SHA512": sha512.New}
		if s.hash = hashes[algorithm]; s.hash == nil {
			return fmt.Errorf("the seed's algorithm %q is none of SHA1, SHA256 and SHA512", algorithm)
		}
	}
	for name, limits := range map[string][2]int{"digits": {6, 8}, "period": {1, 3600}} {
		if !q.Has(name) {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < limits[0] || n > limits[1] {
			return fmt.Errorf("the seed's %s must be from %d to %d", name, limits[0], limits[1])
		}
		if name == "digits" {
			s.digits = n
		} else {
			s.period = int64(n)
		}
	}
	return nil
}

// code is that of a moment (RFC 4226 section 5.3).
func (s seed) code(now time.Time) string {
	mac := hmac.New(s.hash, s.key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/s.period))) //nolint:gosec // after 1970
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	value := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	modulus := uint32(1)
	for range s.digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", s.digits, value%modulus)
}
