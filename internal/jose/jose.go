// Package jose signs, publishes and verifies what the parties exchange: JWS, JWK Sets and the JWE of a refresh token.
//
// Verification, JWK parsing and algorithms are go-jose's. Writing the compact form is ours, because the vendors' exact
// bytes (order of the header's members, escaped slashes) are part of what the lab reproduces and go-jose has its own.
//
//	claims (Object) ─► Draft ─► [fault point: header, claims, key] ─► Sign ─► compact JWS
//	compact JWS ─► Verify(JWK Set, accepted algorithms) ─► payload | ErrMalformed, ErrAlgorithm, ErrUnknownKey, ErrSignature
package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/rsafast"
)

// Algorithms of JWS signatures (RFC 7518 §3.1) that the parties use.
const (
	RS256 = string(jose.RS256)
	ES256 = string(jose.ES256)
	HS256 = string(jose.HS256)
)

// Key is a private signing key with its public name. Private is an *rsa.PrivateKey or an *rsafast.Signer for RS256, an
// *ecdsa.PrivateKey on P-256 for ES256.
type Key struct {
	ID        string // "kid"
	Algorithm string // RS256 or ES256
	Private   crypto.Signer
}

// NewRSAKey returns an RS256 key. One of eight primes is signed with by package rsafast, others by crypto/rsa.
func NewRSAKey(id string, private *rsa.PrivateKey) (*Key, error) {
	if len(private.Primes) != rsafast.Primes {
		return &Key{ID: id, Algorithm: RS256, Private: private}, nil
	}
	fast, err := rsafast.New(private)
	if err != nil {
		return nil, err
	}
	return &Key{ID: id, Algorithm: RS256, Private: fast}, nil
}

// JWK returns the public key as a JWK (RFC 7517 §4) with its members in the given order; unknown names are left out.
func (k *Key) JWK(order ...string) (Object, error) {
	members := map[string]string{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.Private.Public().(type) {
	case *rsa.PublicKey:
		members["kty"] = "RSA"
		members["n"] = b64(public.N.Bytes())
		members["e"] = b64(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 0x04 || X || Y, 32 bytes each on P-256
		if err != nil {
			return nil, fmt.Errorf("encode key %s: %w", k.ID, err)
		}
		members["kty"], members["crv"] = "EC", "P-256"
		members["x"], members["y"] = b64(point[1:33]), b64(point[33:65])
	default:
		return nil, fmt.Errorf("key %s: unsupported type %T", k.ID, public)
	}
	var o Object
	for _, name := range order {
		if v, ok := members[name]; ok {
			o.Set(name, v)
		}
	}
	return o, nil
}

// Draft is a JWT about to be signed. Faults bound to a token point change it between its making and Sign.
type Draft struct {
	Header        Object
	Claims        Object
	Key           *Key
	EscapeSlashes bool                // write "/" as "\/" in header and payload, as one of the vendors does
	After         func(string) string // changes the compact form after signing; nil leaves it
}

// Sign returns the compact JWS (RFC 7515 §7.1).
func (d *Draft) Sign() (string, error) {
	header, err := d.encode(d.Header)
	if err != nil {
		return "", fmt.Errorf("encode header: %w", err)
	}
	claims, err := d.encode(d.Claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	const most = 1 + 342 // a dot, and a signature of 2048 bits in base64url
	token := make([]byte, 0, base64.RawURLEncoding.EncodedLen(len(header))+1+base64.RawURLEncoding.EncodedLen(len(claims))+most)
	token = append(base64.RawURLEncoding.AppendEncode(token, header), '.')
	token = base64.RawURLEncoding.AppendEncode(token, claims)
	signature, err := d.Key.sign(token)
	if err != nil {
		return "", err
	}
	compact := string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature))
	if d.After != nil {
		compact = d.After(compact)
	}
	return compact, nil
}

func (d *Draft) encode(o Object) ([]byte, error) {
	b, err := o.Encode()
	if err == nil && d.EscapeSlashes {
		b = bytes.ReplaceAll(b, []byte("/"), []byte(`\/`)) // in JSON a slash stands inside strings only
	}
	return b, err
}

func (k *Key) sign(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	switch private := k.Private.(type) {
	case *rsa.PrivateKey, *rsafast.Signer:
		return private.Sign(rand.Reader, digest[:], crypto.SHA256)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, fmt.Errorf("sign with key %s: %w", k.ID, err)
		}
		signature := make([]byte, 64) // RFC 7518 §3.4: R || S, 32 bytes each
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature, nil
	}
	return nil, fmt.Errorf("key %s: cannot sign with %T", k.ID, k.Private)
}

// HalfHash is at_hash and c_hash (OIDC Core §3.1.3.6, §3.3.2.11) under a SHA-256 algorithm.
func HalfHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return b64(sum[:16])
}

// Why Verify refused a token.
var (
	ErrMalformed  = errors.New("not a compact JWS")
	ErrAlgorithm  = errors.New("algorithm not accepted")
	ErrUnknownKey = errors.New("no key with that kid in the JWK Set")
	ErrSignature  = errors.New("signature does not verify")
)

// Verified is what a verified token said.
type Verified struct {
	Algorithm string
	KeyID     string
	Payload   []byte
}

// Peek parses a compact JWS without verifying it. Callers must not trust what it returns.
func Peek(token string, accept ...string) (*Verified, error) {
	parsed, err := parse(token, accept)
	if err != nil {
		return nil, err
	}
	h := parsed.Signatures[0].Header
	return &Verified{Algorithm: h.Algorithm, KeyID: h.KeyID, Payload: parsed.UnsafePayloadWithoutVerification()}, nil
}

// Verify checks the signature of a compact JWS by the key of its kid in a JWK Set, accepting only the named algorithms.
func Verify(token string, keys *jose.JSONWebKeySet, accept ...string) (*Verified, error) {
	parsed, err := parse(token, accept)
	if err != nil {
		return nil, err
	}
	header := parsed.Signatures[0].Header
	candidates := keys.Key(header.KeyID)
	if len(candidates) == 0 {
		return nil, fmt.Errorf("%w: %q", ErrUnknownKey, header.KeyID)
	}
	for _, key := range candidates {
		if payload, err := parsed.Verify(key.Key); err == nil {
			return &Verified{Algorithm: header.Algorithm, KeyID: header.KeyID, Payload: payload}, nil
		}
	}
	return nil, fmt.Errorf("%w: kid %q", ErrSignature, header.KeyID)
}

// VerifyHMAC checks an HS256 token with a shared secret.
func VerifyHMAC(token string, secret []byte) (*Verified, error) {
	parsed, err := parse(token, []string{HS256})
	if err != nil {
		return nil, err
	}
	payload, err := parsed.Verify(secret)
	if err != nil {
		return nil, ErrSignature
	}
	return &Verified{Algorithm: HS256, KeyID: parsed.Signatures[0].Header.KeyID, Payload: payload}, nil
}

// Set is the key alone as a set to verify with.
func (k *Key) Set() *jose.JSONWebKeySet {
	return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: k.Private.Public(), KeyID: k.ID, Algorithm: k.Algorithm, Use: "sig"}}}
}

// ParseKeySet reads a JWK Set (RFC 7517 §5).
func ParseKeySet(b []byte) (*jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("parse JWK Set: %w", err)
	}
	return &set, nil
}

func parse(token string, accept []string) (*jose.JSONWebSignature, error) {
	algorithms := make([]jose.SignatureAlgorithm, len(accept))
	for i, a := range accept {
		algorithms[i] = jose.SignatureAlgorithm(a)
	}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if err == nil {
		return parsed, nil
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if first, _, ok := strings.Cut(token, "."); ok {
		if raw, decodeErr := base64.RawURLEncoding.DecodeString(first); decodeErr == nil && json.Unmarshal(raw, &header) == nil && strings.Count(token, ".") == 2 && !slices.Contains(accept, header.Algorithm) {
			return nil, fmt.Errorf("%w: %q", ErrAlgorithm, header.Algorithm)
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
