package saml

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Key signs messages. Its certificate only carries the public key: who trusts it has it from metadata, not from an authority.
type Key struct {
	Signer      crypto.Signer
	Certificate *x509.Certificate
}

// NewKey makes a self-signed certificate for a private key. Name and key decide all of it, so a restart with the same key gives
// the same certificate where the signature scheme is deterministic (RSA PKCS #1 v1.5).
func NewKey(signer crypto.Signer, name string) (*Key, error) {
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", name, err)
	}
	serial := sha256.Sum256(append([]byte(name+"\x00"), public...))
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:8]), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2054, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", name, err)
	}
	return &Key{Signer: signer, Certificate: certificate}, nil
}

// PEM is the certificate as administrators copy it.
func (k *Key) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate.Raw}))
}

// ParseCertificate reads a certificate in PEM, or the base64 of metadata alone.
func ParseCertificate(s string) (*x509.Certificate, error) {
	if block, _ := pem.Decode([]byte(s)); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block of type %s is no certificate", block.Type)
		}
		return x509.ParseCertificate(block.Bytes)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, errors.New("a certificate is PEM, or base64 alone")
	}
	return x509.ParseCertificate(der)
}
