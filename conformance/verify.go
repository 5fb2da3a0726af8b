package conformance

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Token is a JWT that was read. Header and Claims are as sent, so that their order and types can be judged.
type Token struct {
	Header json.RawMessage `json:"header"`
	Claims json.RawMessage `json:"claims"`
	KeyID  string          `json:"kid"`
}

// leeway is how far two clocks may be apart.
const leeway = 30 * time.Second

// asymmetric are the algorithms accepted where discovery names none of its own. HMAC and "none" never are.
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// expected is what an ID token is held against.
type expected struct {
	issuer, clientID, nonce, accessToken string
	algs                                 []string
	now                                  time.Time
}

// verifyIDToken follows OpenID Connect Core 1.0 section 3.1.3.7, and 3.1.3.6 for at_hash. The token is returned as far
// as it could be read.
func verifyIDToken(raw string, keys *jose.JSONWebKeySet, want expected) (*Token, error) {
	token := ReadToken(raw)
	algs := asymmetric()
	if len(want.algs) > 0 {
		algs = slices.DeleteFunc(algs, func(a jose.SignatureAlgorithm) bool { return !slices.Contains(want.algs, string(a)) })
	}
	if len(algs) == 0 {
		return token, fmt.Errorf("discovery lists no usable signing algorithm, only %s", strings.Join(want.algs, ", "))
	}
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		return token, fmt.Errorf("the ID token is no JWS signed with %s: %w", algs, err)
	}
	kid := jws.Signatures[0].Header.KeyID
	payload, err := verifySignature(jws, kid, keys)
	if err != nil {
		return token, err
	}
	var claims idClaims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return token, fmt.Errorf("the ID token's claims cannot be read: %w", err)
	}
	if err := claims.verify(want); err != nil {
		return token, err
	}
	return token, claims.verifyAtHash(jws.Signatures[0].Header.Algorithm, want.accessToken)
}

func verifySignature(jws *jose.JSONWebSignature, kid string, keys *jose.JSONWebKeySet) ([]byte, error) {
	candidates := keys.Key(kid)
	if kid == "" {
		candidates = keys.Keys
	}
	if len(candidates) == 0 {
		ids := make([]string, len(keys.Keys))
		for i, k := range keys.Keys {
			ids[i] = k.KeyID
		}
		return nil, fmt.Errorf("the ID token is signed with key %q, which the JWK Set does not have; it has %s", kid, strings.Join(ids, ", "))
	}
	var last error
	for _, key := range candidates {
		payload, err := jws.Verify(key)
		if err == nil {
			return payload, nil
		}
		last = err
	}
	return nil, fmt.Errorf("the ID token's signature does not verify with key %q: %w", kid, last)
}

func (c idClaims) verify(want expected) error {
	switch {
	case c.Issuer != want.issuer:
		return fmt.Errorf("the ID token's iss is %q, and must be %q", c.Issuer, want.issuer)
	case c.Subject == "":
		return fmt.Errorf("the ID token has no sub")
	case !c.Aud.has(want.clientID):
		return fmt.Errorf("the ID token's aud is %q, and must have %q", []string(c.Aud), want.clientID)
	case len(c.Aud) > 1 && c.Azp != want.clientID, c.Azp != "" && c.Azp != want.clientID:
		return fmt.Errorf("the ID token's azp is %q, and must be %q", c.Azp, want.clientID)
	case c.Expires == nil || c.Issued == nil:
		return fmt.Errorf("the ID token lacks exp or iat")
	case !want.now.Before(c.Expires.Add(leeway)):
		return fmt.Errorf("the ID token expired at %s, and it is %s", c.Expires.Format(time.RFC3339), want.now.UTC().Format(time.RFC3339))
	case c.Issued.After(want.now.Add(leeway)):
		return fmt.Errorf("the ID token was issued at %s, and it is only %s", c.Issued.Format(time.RFC3339), want.now.UTC().Format(time.RFC3339))
	case c.Before != nil && c.Before.After(want.now.Add(leeway)):
		return fmt.Errorf("the ID token is valid from %s, and it is only %s", c.Before.Format(time.RFC3339), want.now.UTC().Format(time.RFC3339))
	case want.nonce != "" && c.Nonce != want.nonce:
		return fmt.Errorf("the ID token's nonce is %q, and must be the one sent, %q", c.Nonce, want.nonce)
	}
	return nil
}

// verifyAtHash compares the left half of the hash of the access token. The claim is optional in the code flow.
func (c idClaims) verifyAtHash(alg, accessToken string) error {
	if c.AtHash == "" {
		return nil
	}
	hash := atHash(alg, accessToken)
	if subtle.ConstantTimeCompare([]byte(hash), []byte(c.AtHash)) != 1 {
		return fmt.Errorf("the ID token's at_hash is %q, and that of the access token is %q", c.AtHash, hash)
	}
	return nil
}

// atHash is the left half of the access token's hash, with the hash of the ID token's algorithm.
func atHash(alg, accessToken string) string {
	var sum []byte
	switch {
	case strings.HasSuffix(alg, "256"):
		s := sha256.Sum256([]byte(accessToken))
		sum = s[:]
	case strings.HasSuffix(alg, "384"):
		s := sha512.Sum384([]byte(accessToken))
		sum = s[:]
	default: // also EdDSA with Ed25519, which hashes with SHA-512
		s := sha512.Sum512([]byte(accessToken))
		sum = s[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// ReadToken decodes a JWT without verifying it; nil when it is none.
func ReadToken(raw string) *Token {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil
	}
	header, err1 := base64.RawURLEncoding.DecodeString(parts[0])
	claims, err2 := base64.RawURLEncoding.DecodeString(parts[1])
	if err1 != nil || err2 != nil || !json.Valid(header) || !json.Valid(claims) {
		return nil
	}
	var h struct {
		KeyID string `json:"kid"`
	}
	_ = json.Unmarshal(header, &h) // a kid of another type is shown by Header
	return &Token{Header: header, Claims: claims, KeyID: h.KeyID}
}
