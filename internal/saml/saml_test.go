package saml_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/rsafast"
	"github.com/ssolab/ssolab/internal/saml"
)

var keys = sync.OnceValue(func() [2]*saml.Key {
	var out [2]*saml.Key
	for i := range out {
		private, err := rsafast.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		fast, err := rsafast.New(private)
		if err != nil {
			panic(err)
		}
		if out[i], err = saml.NewKey(fast, fmt.Sprintf("idp %d", i)); err != nil {
			panic(err)
		}
	}
	return out
})

const (
	idpID = "https://idp.test/saml"
	spID  = "https://env.test/sso/v1/saml/conn_1"
	acs   = spID + "/callback"
)

func response(now time.Time) saml.Response {
	return saml.Response{
		ID: "_response", Issuer: idpID, IssueInstant: now, Destination: acs, InResponseTo: "_request",
		Status: saml.Status{Code: saml.StatusSuccess},
		Assertion: &saml.Assertion{
			ID: "_assertion", Issuer: idpID, IssueInstant: now, NameID: saml.NameID{Value: "ann@example.com", Format: saml.NameIDEmail},
			Recipient: acs, InResponseTo: "_request", ConfirmedUntil: now.Add(5 * time.Minute),
			NotBefore: now.Add(-time.Minute), NotOnOrAfter: now.Add(5 * time.Minute), Audiences: []string{spID},
			AuthnInstant: now, SessionIndex: "_session", AuthnContext: saml.ContextPassword,
			Attributes: []saml.Attribute{
				{Name: "email", Values: []string{"ann@example.com"}},
				{Name: "urn:oid:2.5.4.42", FriendlyName: "givenName", Values: []string{`<b>&"Ann"`}},
				{Name: "groups", Values: []string{"staff", "admins"}},
			},
		},
	}
}

func encode(t testing.TB, r saml.Response, sign saml.Sign) string {
	t.Helper()
	raw, err := r.Encode(sign)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(raw)
}

func verify(t testing.TB, encoded string, now time.Time, keys ...*saml.Key) (*saml.Response, error) {
	t.Helper()
	m, err := saml.Parse(encoded)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for _, k := range keys {
		certificates = append(certificates, k.Certificate)
	}
	return m.Verify(certificates, now)
}

// What is written is read, whichever part is signed.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	key := keys()[0]
	want := response(now)
	for name, sign := range map[string]saml.Sign{"assertion": {Assertion: key}, "response": {Response: key}, "both": {Assertion: key, Response: key}} {
		got, err := verify(t, encode(t, want, sign), now, keys()[1], key)
		require.NoError(t, err, name)
		require.Equal(t, &want, got, name)
	}
	require.Equal(t, []string{"staff", "admins"}, want.Assertion.Attribute("groups"))
	require.Equal(t, []string{`<b>&"Ann"`}, want.Assertion.Attribute("givenName"))
	require.Nil(t, want.Assertion.Attribute(""))

	m, err := saml.Parse(encode(t, want, saml.Sign{}))
	require.NoError(t, err)
	got, err := m.Unverified()
	require.NoError(t, err)
	require.Equal(t, &want, got)

	failed := saml.Response{ID: "_r", IssueInstant: now, Status: saml.Status{Code: saml.StatusResponder, Sub: saml.StatusAuthnFailed, Message: "no"}}
	m, err = saml.Parse(encode(t, failed, saml.Sign{}))
	require.NoError(t, err)
	got, err = m.Unverified()
	require.NoError(t, err)
	require.Equal(t, &failed, got)
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	key := keys()[0]
	again, err := saml.NewKey(key.Signer, "idp 0")
	require.NoError(t, err)
	require.True(t, key.Certificate.Equal(again.Certificate), "a restart gives the same certificate")
	for _, text := range []string{key.PEM(), base64.StdEncoding.EncodeToString(key.Certificate.Raw), " " + base64.StdEncoding.EncodeToString(key.Certificate.Raw)[:64] + "\n" + base64.StdEncoding.EncodeToString(key.Certificate.Raw)[64:]} {
		c, err := saml.ParseCertificate(text)
		require.NoError(t, err)
		require.True(t, c.Equal(key.Certificate))
	}
	for _, bad := range []string{"", "!", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		_, err := saml.ParseCertificate(bad)
		require.Error(t, err, bad)
	}
}

// An ECDSA key signs responses too.
func TestECDSA(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key, err := saml.NewKey(private, "ec")
	require.NoError(t, err)
	now := time.Now()
	_, err = verify(t, encode(t, response(now), saml.Sign{Assertion: key}), now, key)
	require.NoError(t, err)
	_, err = saml.AuthnRequest{ID: "_1", Destination: "https://idp.test/sso"}.Redirect("", key)
	require.ErrorContains(t, err, "RSA keys only")
}

func crewjamSP(t testing.TB, metadata []byte) *crewjam.ServiceProvider {
	t.Helper()
	entity := &crewjam.EntityDescriptor{}
	require.NoError(t, xml.Unmarshal(metadata, entity))
	acsURL, err := url.Parse(acs)
	require.NoError(t, err)
	metadataURL, err := url.Parse(spID)
	require.NoError(t, err)
	return &crewjam.ServiceProvider{EntityID: spID, AcsURL: *acsURL, MetadataURL: *metadataURL, IDPMetadata: entity}
}

func idpMetadata() saml.IdPMetadata {
	return saml.IdPMetadata{
		EntityID: idpID, SSO: map[string]string{saml.BindingRedirect: "https://idp.test/sso", saml.BindingPost: "https://idp.test/sso"},
		Certificates: []*x509.Certificate{keys()[0].Certificate}, NameIDFormats: []string{saml.NameIDEmail},
	}
}

// An independent service provider accepts our metadata and our responses, and refuses those of another key.
func TestCrewjamAcceptsOurResponses(t *testing.T) {
	t.Parallel()
	metadata, err := idpMetadata().Encode()
	require.NoError(t, err)
	sp := crewjamSP(t, metadata)
	now := time.Now()
	accept := func(sign saml.Sign) error {
		form := url.Values{"SAMLResponse": {encode(t, response(now), sign)}}
		r := httptest.NewRequest(http.MethodPost, acs, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		require.NoError(t, r.ParseForm())
		assertion, err := sp.ParseResponse(r, []string{"_request"})
		if err == nil {
			require.Equal(t, "ann@example.com", assertion.Subject.NameID.Value)
			require.Equal(t, `<b>&"Ann"`, assertion.AttributeStatements[0].Attributes[1].Values[0].Value)
		}
		return err
	}
	key, other := keys()[0], keys()[1]
	require.NoError(t, accept(saml.Sign{Assertion: key}))
	require.NoError(t, accept(saml.Sign{Response: key}))
	require.NoError(t, accept(saml.Sign{Response: key, Assertion: key}))
	require.Error(t, accept(saml.Sign{Assertion: other}))
	require.Error(t, accept(saml.Sign{}))
}

// We accept the responses and read the metadata of an independent identity provider.
func TestWeAcceptCrewjamsResponses(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	certified, err := saml.NewKey(private, "crewjam")
	require.NoError(t, err)
	ssoURL, err := url.Parse("https://idp.test/sso")
	require.NoError(t, err)
	metadataURL, err := url.Parse(idpID)
	require.NoError(t, err)
	idp := &crewjam.IdentityProvider{Key: private, Certificate: certified.Certificate, SSOURL: *ssoURL, MetadataURL: *metadataURL}
	raw, err := xml.Marshal(idp.Metadata())
	require.NoError(t, err)
	known, err := saml.ParseIdPMetadata(raw)
	require.NoError(t, err)
	require.Equal(t, idpID, known.EntityID)
	require.Equal(t, "https://idp.test/sso", known.SSO[saml.BindingRedirect])

	// Our request is one it can read.
	to, err := saml.AuthnRequest{ID: "_request", Issuer: spID, IssueInstant: time.Now(), Destination: "https://idp.test/sso", ACS: acs}.Redirect("relay", nil)
	require.NoError(t, err)
	req, err := crewjam.NewIdpAuthnRequest(idp, httptest.NewRequest(http.MethodGet, to, nil))
	require.NoError(t, err)
	sp, err := saml.SPMetadata{EntityID: spID, ACS: acs}.Encode()
	require.NoError(t, err)
	spDescriptor := &crewjam.EntityDescriptor{}
	require.NoError(t, xml.Unmarshal(sp, spDescriptor))
	idp.ServiceProviderProvider = provider{spDescriptor}
	require.NoError(t, req.Validate())
	require.Equal(t, "relay", req.RelayState)

	maker := crewjam.DefaultAssertionMaker{}
	require.NoError(t, maker.MakeAssertion(req, &crewjam.Session{ID: "s", NameID: "ann@example.com", NameIDFormat: saml.NameIDEmail, UserEmail: "ann@example.com", UserGivenName: "Ann", CreateTime: time.Now(), ExpireTime: time.Now().Add(time.Hour)}))
	require.NoError(t, req.MakeResponse())
	form, err := req.PostBinding()
	require.NoError(t, err)
	m, err := saml.Parse(form.SAMLResponse)
	require.NoError(t, err)
	got, err := m.Verify(known.Certificates, time.Now())
	require.NoError(t, err)
	require.Equal(t, "ann@example.com", got.Assertion.NameID.Value)
	require.Equal(t, []string{spID}, got.Assertion.Audiences)
	require.Equal(t, "_request", got.Assertion.InResponseTo)
	require.Equal(t, []string{"Ann"}, got.Assertion.Attribute("givenName"))
}

type provider struct{ descriptor *crewjam.EntityDescriptor }

func (p provider) GetServiceProvider(*http.Request, string) (*crewjam.EntityDescriptor, error) {
	return p.descriptor, nil
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	want := idpMetadata()
	want.WantRequestSigned = true
	raw, err := want.Encode()
	require.NoError(t, err)
	got, err := saml.ParseIdPMetadata(raw)
	require.NoError(t, err)
	require.Equal(t, want.EntityID, got.EntityID)
	require.Equal(t, want.SSO, got.SSO)
	require.True(t, got.WantRequestSigned)
	require.True(t, got.Certificates[0].Equal(want.Certificates[0]))
	several := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntityDescriptor entityID="other"/>` + string(raw) + `</md:EntitiesDescriptor>`
	got, err = saml.ParseIdPMetadata([]byte(several))
	require.NoError(t, err)
	require.Equal(t, idpID, got.EntityID)
	for name, bad := range map[string]string{
		"no XML": "{}", "another root": "<a/>", "no role": `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>`,
		"no certificate": strings.ReplaceAll(string(raw), "KeyDescriptor", "KeyDescriptions"), "bad certificate": strings.Replace(string(raw), "<ds:X509Certificate>MII", "<ds:X509Certificate>AAA", 1),
		"no service": strings.ReplaceAll(string(raw), "SingleSignOnService", "SingleSignOnServices"), "no entity id": strings.Replace(string(raw), `entityID="`+idpID+`"`, "", 1),
		"too long": string(raw) + strings.Repeat(" ", 1<<20),
	} {
		_, err := saml.ParseIdPMetadata([]byte(bad))
		require.ErrorIs(t, err, saml.ErrMalformed, name)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	want := saml.AuthnRequest{
		ID: "_1", Issuer: spID, IssueInstant: now, Destination: "https://idp.test/sso?tenant=1", ACS: acs, NameIDFormat: saml.NameIDEmail, ForceAuthn: true, IsPassive: true, Subject: "ann@example.com",
	}
	key, other := keys()[0], keys()[1]
	to, err := want.Redirect("relay & state", key)
	require.NoError(t, err)
	query := strings.TrimPrefix(to, "https://idp.test/sso?tenant=1&")
	got, err := saml.ReadRedirect(query)
	require.NoError(t, err)
	require.Equal(t, want, got.AuthnRequest)
	require.Equal(t, "relay & state", got.RelayState)
	require.NoError(t, got.Verify(key.Certificate, now))
	require.ErrorIs(t, got.Verify(other.Certificate, now), saml.ErrSignature)
	changed, err := saml.ReadRedirect(strings.Replace(query, "relay", "other", 1))
	require.NoError(t, err)
	require.ErrorIs(t, changed.Verify(key.Certificate, now), saml.ErrSignature)
	twice, err := saml.ReadRedirect(query + "&RelayState=x")
	require.NoError(t, err)
	require.ErrorIs(t, twice.Verify(key.Certificate, now), saml.ErrSignature)
	unsigned, err := want.Redirect("", nil)
	require.NoError(t, err)
	got, err = saml.ReadRedirect(strings.SplitN(unsigned, "&", 2)[1])
	require.NoError(t, err)
	require.ErrorIs(t, got.Verify(key.Certificate, now), saml.ErrUnsigned)

	raw, err := want.Encode(key)
	require.NoError(t, err)
	got, err = saml.ReadPost(base64.StdEncoding.EncodeToString(raw), "r")
	require.NoError(t, err)
	require.Equal(t, want, got.AuthnRequest)
	require.NoError(t, got.Verify(key.Certificate, now))
	require.ErrorIs(t, got.Verify(other.Certificate, now), saml.ErrSignature)

	for _, bad := range []string{"", "SAMLRequest=!", "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("<a/>"))), "%zz"} {
		_, err := saml.ReadRedirect(bad)
		require.ErrorIs(t, err, saml.ErrMalformed, bad)
	}
	for _, bad := range []string{"", "!", base64.StdEncoding.EncodeToString([]byte("<a/>")), base64.StdEncoding.EncodeToString([]byte(`<!DOCTYPE a><a/>`))} {
		_, err := saml.ReadPost(bad, "")
		require.ErrorIs(t, err, saml.ErrMalformed, bad)
	}
}
