package conformance

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ClaimSet are the claims, with numbers as they are written (json.Number). It is empty when they are no object.
func (t *Token) ClaimSet() map[string]any { return members(t.Claims) }

// HeaderSet are the members of the header, with numbers as they are written.
func (t *Token) HeaderSet() map[string]any { return members(t.Header) }

func members(raw json.RawMessage) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var o map[string]any
	if dec.Decode(&o) != nil {
		return map[string]any{}
	}
	return o
}

// Duplicate names a member that stands twice in one JSON object of raw, however deep; "" when none does (RFC 7519
// section 4 forbids it, and encoding/json keeps the last).
func Duplicate(raw json.RawMessage) string {
	name, _ := duplicate(json.NewDecoder(bytes.NewReader(raw)))
	return name
}

// duplicate reads one value.
func duplicate(dec *json.Decoder) (string, error) {
	token, err := dec.Token()
	if err != nil {
		return "", err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return "", nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return "", err
			}
			name, _ := key.(string)
			if seen[name] {
				return name, nil
			}
			seen[name] = true
		}
		if name, err := duplicate(dec); name != "" || err != nil {
			return name, err
		}
	}
	_, err = dec.Token() // the closing delimiter
	return "", err
}

// Errors of Evidence.VerifySignature that are the matter of other checks.
var (
	ErrNoKeySet   = errors.New("there is no JWK Set (see DISC-010)")
	ErrUnknownKey = errors.New("the token's kid is not in the JWK Set (see DISC-014)")
	ErrCompact    = errors.New("the token is no compact JWS (see IDT-020)")
	ErrAlgorithm  = errors.New("the token's alg is no signature by a public key (see IDT-002)")
)

// VerifySignature verifies a compact JWS with the key of the JWK Set that its kid names, and no other.
func (e *Evidence) VerifySignature(raw Secret) error {
	keys, err := e.keysOf(raw)
	if err != nil {
		return err
	}
	jws, err := jose.ParseSignedCompact(raw.Reveal(), asymmetric())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCompact, err)
	}
	for _, key := range keys {
		if _, err = jws.Verify(key); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the signature does not verify with the key %q: %w", jws.Signatures[0].Header.KeyID, err)
}

func (e *Evidence) keysOf(raw Secret) ([]jose.JSONWebKey, error) {
	token := ReadToken(raw.Reveal())
	if token == nil {
		return nil, ErrCompact
	}
	alg, _ := token.HeaderSet()["alg"].(string)
	if !slices.Contains(asymmetric(), jose.SignatureAlgorithm(alg)) {
		return nil, ErrAlgorithm
	}
	list, err := e.keySet()
	if err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, one := range list {
		var key jose.JSONWebKey
		if kid, _ := members(one)["kid"].(string); kid == token.KeyID && kid != "" && json.Unmarshal(one, &key) == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, ErrUnknownKey
	}
	return keys, nil
}

// KeyIDs are the kids of the JWK Set; nil when there is none that can be read.
func (e *Evidence) KeyIDs() []string {
	list, err := e.keySet()
	if err != nil {
		return nil
	}
	ids := []string{}
	for _, one := range list {
		if kid, _ := members(one)["kid"].(string); kid != "" {
			ids = append(ids, kid)
		}
	}
	return ids
}

func (e *Evidence) keySet() ([]json.RawMessage, error) {
	var set struct{ Keys []json.RawMessage }
	if e.Keys == nil || e.Keys.Status != http.StatusOK || json.Unmarshal(e.Keys.Body, &set) != nil {
		return nil, ErrNoKeySet
	}
	return set.Keys, nil
}

// AtHash is the at_hash of an access token under the algorithm of the ID token's header (OpenID Connect Core 1.0
// section 3.1.3.6), "" under one that is no signature by a public key.
func AtHash(alg string, accessToken Secret) string {
	if !slices.Contains(asymmetric(), jose.SignatureAlgorithm(alg)) {
		return ""
	}
	return atHash(alg, accessToken.Reveal())
}

// Compact names what is wrong with the compact form of a JWS (RFC 7515 section 7.1), header and claims included; "" when
// nothing is.
func Compact(raw Secret) string {
	parts := strings.Split(raw.Reveal(), ".")
	if len(parts) != 3 {
		return fmt.Sprintf("%d parts", len(parts))
	}
	for i, name := range []string{"header", "payload", "signature"} {
		if strings.Contains(parts[i], "=") {
			return "a " + name + " with padding"
		}
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return fmt.Sprintf("a %s that is no base64url: %v", name, err)
		}
		if i == 2 {
			break
		}
		if !object(decoded) {
			return "a " + name + " that is no JSON object"
		}
		if twice := Duplicate(decoded); twice != "" {
			return fmt.Sprintf("a %s with %q twice", name, twice)
		}
	}
	return ""
}

// object tells whether raw is one JSON object and nothing more.
func object(raw []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(raw))
	var o map[string]json.RawMessage
	if dec.Decode(&o) != nil || o == nil {
		return false
	}
	_, err := dec.Token()
	return errors.Is(err, io.EOF)
}

// now is the clock that tokens are judged by: the lab's, or the run's.
func (r *runner) now(ctx context.Context) (time.Time, error) {
	if r.o.Control == nil {
		return r.o.Now().UTC(), nil
	}
	seconds, err := r.o.Control.Now(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the lab for its time: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// QueryOf are the parameters of a URL.
func QueryOf(raw string) (url.Values, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	return u.Query(), nil
}
