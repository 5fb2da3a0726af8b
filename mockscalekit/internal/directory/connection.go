package directory

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Progress is how far the connection is set up: Completed once nothing is missing that a sign-in needs, Draft while it has no
// settings at all.
func (c Connection) Progress() string {
	switch {
	case c.IdP != "":
		return Completed
	case c.Type == OIDC && c.OIDC != nil:
		o := c.OIDC
		if o.ClientID == "" || o.ClientSecret == "" {
			return InProgress
		}
		if o.Issuer != "" || o.DiscoveryEndpoint != "" || o.AuthorizeURI != "" && o.TokenURI != "" && o.JWKSURI != "" {
			return Completed
		}
		return InProgress
	case c.Type == SAML && c.SAML != nil:
		s := c.SAML
		if s.IdPMetadataURL != "" || s.IdPEntityID != "" && s.IdPSSOURL != "" && len(s.IdPCertificates) > 0 {
			return Completed
		}
		return InProgress
	}
	return Draft
}

// ReadCertificate reads a certificate as administrators paste it: PEM, or the base64 of its DER alone.
func ReadCertificate(text string) (Certificate, error) {
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text))); block != nil {
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return Certificate{}, errors.New("it is neither PEM nor base64")
		}
	}
	if _, err := x509.ParseCertificate(der); err != nil {
		return Certificate{}, fmt.Errorf("it is no X.509 certificate: %w", err)
	}
	sum := sha256.Sum256(der)
	return Certificate{
		ID:  "cer_" + new(big.Int).SetBytes(sum[:7]).String(),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}

// Parse returns the certificate.
func (c Certificate) Parse() (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(c.PEM))
	if block == nil {
		return nil, errors.New("the certificate is no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
