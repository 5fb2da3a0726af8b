package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const hashSHA256 = crypto.SHA256

// Received is a request as an identity provider received it.
type Received struct {
	AuthnRequest
	RelayState string

	root  *etree.Element // by POST
	query string         // by redirect
}

// ReadRedirect reads a request from the query of the HTTP-Redirect binding.
func ReadRedirect(rawQuery string) (*Received, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	deflated, err := base64.StdEncoding.DecodeString(q.Get("SAMLRequest"))
	if err != nil || len(deflated) == 0 {
		return nil, fmt.Errorf("%w: SAMLRequest is missing or not base64", ErrMalformed)
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), maxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("%w: SAMLRequest is not deflated: %w", ErrMalformed, err)
	}
	r, err := readRequest(raw)
	if err != nil {
		return nil, err
	}
	r.RelayState, r.query, r.root = q.Get("RelayState"), rawQuery, nil
	return r, nil
}

// ReadPost reads a request from the form of the HTTP-POST binding.
func ReadPost(encoded, relayState string) (*Received, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("%w: SAMLRequest is missing or not base64", ErrMalformed)
	}
	r, err := readRequest(raw)
	if err != nil {
		return nil, err
	}
	r.RelayState = relayState
	return r, nil
}

func readRequest(raw []byte) (*Received, error) {
	root, err := readTree(raw)
	if err != nil {
		return nil, err
	}
	if !is(root, nsProtocol, "AuthnRequest") || root.SelectAttrValue("ID", "") == "" {
		return nil, fmt.Errorf("%w: the root is %s, not an AuthnRequest with an ID", ErrMalformed, root.Tag)
	}
	r := &Received{root: root, AuthnRequest: AuthnRequest{
		ID: root.SelectAttrValue("ID", ""), Destination: root.SelectAttrValue("Destination", ""), ACS: root.SelectAttrValue("AssertionConsumerServiceURL", ""),
		ForceAuthn: truth(root.SelectAttrValue("ForceAuthn", "")), IsPassive: truth(root.SelectAttrValue("IsPassive", "")),
	}}
	if r.IssueInstant, err = parseStamp(root.SelectAttrValue("IssueInstant", "")); err != nil {
		return nil, fmt.Errorf("%w: IssueInstant: %w", ErrMalformed, err)
	}
	if r.Issuer, err = textOf(root, nsAssertion, "Issuer"); err != nil {
		return nil, err
	}
	if policy, err := child(root, nsProtocol, "NameIDPolicy"); err == nil && policy != nil {
		r.NameIDFormat = policy.SelectAttrValue("Format", "")
	}
	if subject, err := child(root, nsAssertion, "Subject"); err == nil && subject != nil {
		if r.Subject, err = textOf(subject, nsAssertion, "NameID"); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func truth(s string) bool { return s == "true" || s == "1" }

// Verify checks the signature of the request, by whichever binding it came.
func (r *Received) Verify(certificate *x509.Certificate, now time.Time) error {
	if r.root == nil {
		return verifyQuery(r.query, certificate)
	}
	ctx := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	ctx.Clock = dsig.NewFakeClockAt(now)
	_, err := verifyElement(ctx, r.root)
	return err
}

// verifyQuery checks the signature over the parameters as they were written (saml-bindings-2.0-os §3.4.4.1).
func verifyQuery(rawQuery string, certificate *x509.Certificate) error {
	written := map[string]string{}
	for part := range strings.SplitSeq(rawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if _, twice := written[name]; twice {
			return fmt.Errorf("%w: %s is there twice", ErrSignature, name)
		}
		written[name] = part
	}
	if written["Signature"] == "" || written["SigAlg"] == "" {
		return ErrUnsigned
	}
	signed := written["SAMLRequest"]
	if relay, ok := written["RelayState"]; ok {
		signed += "&" + relay
	}
	signed += "&" + written["SigAlg"]
	q, err := url.ParseQuery(rawQuery)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || q.Get("SigAlg") != sigRSA {
		return fmt.Errorf("%w: only %s is accepted", ErrSignature, sigRSA)
	}
	signature, err := base64.StdEncoding.DecodeString(q.Get("Signature"))
	if err != nil {
		return fmt.Errorf("%w: it is not base64", ErrSignature)
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
