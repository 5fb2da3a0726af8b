package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSA-OAEP of RFC 7518 §4.3 is defined with SHA-1
	"fmt"
)

// EncryptCompact returns payload as a compact JWE (RFC 7516 §7.1) with RSA-OAEP and A256GCM. The protected header is
// given as bytes, since its order of members is visible in the token's first characters.
func EncryptCompact(header []byte, payload []byte, to *rsa.PublicKey) (string, error) {
	random := make([]byte, 32+12)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	contentKey, nonce := random[:32], random[32:]
	encryptedKey, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, to, contentKey, nil)
	if err != nil {
		return "", fmt.Errorf("encrypt content key: %w", err)
	}
	block, err := aes.NewCipher(contentKey)
	if err != nil {
		return "", err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	protected := b64(header)
	sealed := aead.Seal(nil, nonce, payload, []byte(protected))
	text, tag := sealed[:len(payload)], sealed[len(payload):]
	return protected + "." + b64(encryptedKey) + "." + b64(nonce) + "." + b64(text) + "." + b64(tag), nil
}
