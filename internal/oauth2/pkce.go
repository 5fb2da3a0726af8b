package oauth2

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// ChallengeS256 is the code_challenge of a code_verifier under S256 (RFC 7636 §4.2).
func ChallengeS256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// VerifyS256 compares a verifier with a challenge (RFC 7636 §4.6).
func VerifyS256(verifier, challenge string) bool {
	return SameSecret(ChallengeS256(verifier), challenge)
}

// SameSecret compares two strings in a time that does not depend on where they differ.
func SameSecret(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
