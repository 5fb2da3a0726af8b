package saml_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/saml"
)

// signedXML is a good response whose assertion is signed.
func signedXML(t testing.TB, now time.Time) string {
	t.Helper()
	raw, err := response(now).Encode(saml.Sign{Assertion: keys()[0]})
	require.NoError(t, err)
	return string(raw)
}

func between(t testing.TB, s, from, to string) string {
	t.Helper()
	a, b := strings.Index(s, from), strings.Index(s, to)
	require.True(t, a >= 0 && b > a, "%s…%s in %s", from, to, s)
	return s[a : b+len(to)]
}

// Everything that makes a signed document mean something else is refused.
func TestAttacks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	good := signedXML(t, now)
	assertion := between(t, good, "<saml:Assertion", "</saml:Assertion>")
	signature := between(t, assertion, "<ds:Signature", "</ds:Signature>")
	evil := strings.ReplaceAll(strings.Replace(assertion, signature, "", 1), "ann@example.com", "admin@example.com")
	evil = strings.Replace(evil, `ID="_assertion"`, `ID="_evil"`, 1)
	body := func(inside string) string { return strings.Replace(good, assertion, inside, 1) }
	whole, err := response(now).Encode(saml.Sign{Response: keys()[0]})
	require.NoError(t, err)
	other, err := response(now).Encode(saml.Sign{Assertion: keys()[1]})
	require.NoError(t, err)
	unsigned, err := response(now).Encode(saml.Sign{})
	require.NoError(t, err)

	for name, c := range map[string]struct {
		xml  string
		want error
	}{
		"unsigned":                         {string(unsigned), saml.ErrUnsigned},
		"wrong key":                        {string(other), saml.ErrSignature},
		"changed after signing":            {strings.ReplaceAll(good, "ann@example.com", "eve@example.com"), saml.ErrSignature},
		"changed response after signing":   {strings.Replace(string(whole), "Success", "Failure", 1), saml.ErrSignature},
		"wrapped: evil before good":        {body(evil + assertion), saml.ErrMalformed},
		"wrapped: evil after good":         {body(assertion + evil), saml.ErrMalformed},
		"wrapped: good within evil":        {body(strings.Replace(evil, "</saml:Assertion>", assertion+"</saml:Assertion>", 1)), saml.ErrMalformed},
		"wrapped: good in an extension":    {body("<samlp:Extensions>" + assertion + "</samlp:Extensions>" + evil), saml.ErrMalformed},
		"wrapped: good in the signature":   {body(strings.Replace(evil, "</saml:Issuer>", "</saml:Issuer>"+strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+assertion+"</ds:Object></ds:Signature>", 1), 1)), saml.ErrMalformed},
		"signature of another element":     {body(strings.Replace(evil, "</saml:Issuer>", "</saml:Issuer>"+signature, 1)), saml.ErrSignature},
		"signature moved to the response":  {strings.Replace(body(evil), "</saml:Issuer><samlp:Status>", "</saml:Issuer>"+signature+"<samlp:Status>", 1), saml.ErrSignature},
		"same ID twice":                    {body(strings.Replace(assertion, "<saml:Subject>", `<saml:Subject ID="_assertion">`, 1)), saml.ErrMalformed},
		"response in response":             {strings.Replace(good, "</samlp:Response>", good+"</samlp:Response>", 1), saml.ErrMalformed},
		"two references":                   {strings.Replace(good, "</ds:SignedInfo>", between(t, good, "<ds:Reference", "</ds:Reference>")+"</ds:SignedInfo>", 1), saml.ErrSignature},
		"empty reference":                  {strings.Replace(good, `URI="#_assertion"`, `URI=""`, 1), saml.ErrSignature},
		"two signatures":                   {strings.Replace(good, signature, signature+signature, 1), saml.ErrMalformed},
		"signature by HMAC":                {strings.Replace(good, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", 1), saml.ErrSignature},
		"signature by RSA-SHA1":            {strings.Replace(good, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", 1), saml.ErrSignature},
		"digest by SHA-1":                  {strings.Replace(good, "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1", 1), saml.ErrSignature},
		"comment in the name":              {strings.Replace(good, ">ann@example.com<", ">ann@example.com<!---->.evil.test<", 1), saml.ErrMalformed},
		"comment elsewhere":                {strings.Replace(good, "<samlp:Status>", "<!-- --><samlp:Status>", 1), saml.ErrMalformed},
		"processing instruction":           {strings.Replace(good, "<samlp:Status>", "<?php x?><samlp:Status>", 1), saml.ErrMalformed},
		"document type":                    {`<!DOCTYPE samlp:Response>` + good, saml.ErrMalformed},
		"XXE":                              {`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + strings.Replace(good, ">ann@example.com<", ">&x;<", 1), saml.ErrMalformed},
		"billion laughs":                   {`<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>` + strings.Replace(good, ">ann@example.com<", ">&b;<", 1), saml.ErrMalformed},
		"undeclared entity":                {strings.Replace(good, ">ann@example.com<", ">&x;<", 1), saml.ErrMalformed},
		"element in the name":              {strings.Replace(string(unsigned), ">ann@example.com<", "><b>ann</b>@example.com<", 1), saml.ErrUnsigned},
		"deep":                             {strings.Replace(good, "<samlp:Status>", strings.Repeat("<a>", 40)+strings.Repeat("</a>", 40)+"<samlp:Status>", 1), saml.ErrMalformed},
		"long":                             {strings.Replace(good, "<samlp:Status>", strings.Repeat("<a/>", 3000)+"<samlp:Status>", 1), saml.ErrMalformed},
		"two roots":                        {good + good, saml.ErrMalformed},
		"another root":                     {`<a/>`, saml.ErrMalformed},
		"SAML 1.1":                         {strings.Replace(good, `Version="2.0"`, `Version="1.1"`, 1), saml.ErrMalformed},
		"no status":                        {strings.ReplaceAll(string(unsigned), "samlp:Status", "samlp:State"), saml.ErrUnsigned},
		"empty":                            {"", saml.ErrMalformed},
		"namespace trick":                  {strings.Replace(good, "<samlp:Status>", `<samlp:Status xmlns::x="y">`, 1), saml.ErrMalformed},
		"certificate of the attacker only": {strings.Replace(string(other), between(t, string(other), "<ds:KeyInfo>", "</ds:KeyInfo>"), "", 1), saml.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verify(t, base64.StdEncoding.EncodeToString([]byte(c.xml)), now, keys()[0])
			require.Nil(t, got)
			require.ErrorIs(t, err, c.want, "%v", err)
		})
	}
	_, err = saml.Parse("not base64!")
	require.ErrorIs(t, err, saml.ErrMalformed)
	_, err = saml.Parse(strings.Repeat("A", 1<<20))
	require.ErrorIs(t, err, saml.ErrMalformed)
	_, err = verify(t, base64.StdEncoding.EncodeToString([]byte(good)), time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC), keys()[0])
	require.ErrorIs(t, err, saml.ErrSignature, "the certificate has ended")
	_, err = verify(t, base64.StdEncoding.EncodeToString([]byte(good)), now, keys()[0])
	require.NoError(t, err)
}

// What Unverified and Verify read of a strange message is an error or a value, never a panic; and what verifies says what was signed.
func FuzzResponse(f *testing.F) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	good := signedXML(f, now)
	whole, err := response(now).Encode(saml.Sign{Response: keys()[0]})
	require.NoError(f, err)
	for _, seed := range []string{good, string(whole), strings.Replace(good, ">ann@example.com<", ">ann@example.com<!---->.evil.test<", 1), "<a/>", strings.ReplaceAll(good, "ann@", "eve@")} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := saml.ParseXML(raw)
		if err != nil {
			require.ErrorIs(t, err, saml.ErrMalformed)
			return
		}
		if r, err := m.Unverified(); err != nil {
			require.ErrorIs(t, err, saml.ErrMalformed)
			require.Nil(t, r)
		}
		if r, err := verify(t, base64.StdEncoding.EncodeToString(raw), now, keys()[0]); err == nil {
			require.NotNil(t, r.Assertion)
			require.Equal(t, *response(now).Assertion, *r.Assertion)
		}
	})
}

// FuzzRequest reads requests by both bindings.
func FuzzRequest(f *testing.F) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	request := saml.AuthnRequest{ID: "_1", Issuer: spID, IssueInstant: now, Destination: "https://idp.test/sso", ACS: acs}
	to, err := request.Redirect("r", keys()[0])
	require.NoError(f, err)
	raw, err := request.Encode(keys()[0])
	require.NoError(f, err)
	f.Add(strings.SplitN(to, "?", 2)[1])
	f.Add("SAMLRequest=" + base64.StdEncoding.EncodeToString(raw))
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, in string) {
		if r, err := saml.ReadRedirect(in); err == nil {
			if r.Verify(keys()[0].Certificate, now) == nil {
				require.Equal(t, request, r.AuthnRequest)
			}
		} else {
			require.ErrorIs(t, err, saml.ErrMalformed)
		}
		if r, err := saml.ReadPost(strings.TrimPrefix(in, "SAMLRequest="), ""); err == nil {
			_ = r.Verify(keys()[0].Certificate, now)
		} else {
			require.ErrorIs(t, err, saml.ErrMalformed)
		}
	})
}

// FuzzMetadata reads metadata of identity providers.
func FuzzMetadata(f *testing.F) {
	raw, err := idpMetadata().Encode()
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte("<a/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if m, err := saml.ParseIdPMetadata(raw); err == nil {
			require.NotEmpty(t, m.EntityID)
			require.NotEmpty(t, m.Certificates)
		} else {
			require.ErrorIs(t, err, saml.ErrMalformed)
		}
	})
}

func BenchmarkSAML(b *testing.B) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := response(now).Encode(saml.Sign{Assertion: keys()[0]}); err != nil {
				b.Fatal(err)
			}
		}
	})
	encoded := encode(b, response(now), saml.Sign{Assertion: keys()[0]})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := verify(b, encoded, now, keys()[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
