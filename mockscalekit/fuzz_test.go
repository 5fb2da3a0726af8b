package mockscalekit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/mockscalekit"
)

const fuzzSecret = "test_never0to0be0told0never0to0be0told"

// fuzzServer is an environment with a wildcard among its redirect URIs. Its identity provider cannot be reached.
func fuzzServer(f *testing.F) *mockscalekit.Server {
	s, err := mockscalekit.New(mockscalekit.Config{
		URL: "http://localhost:9402", IdPURL: "http://localhost:1",
		Environment: mockscalekit.Environment{Clients: []mockscalekit.Client{{
			ID: "skc_1", Secret: fuzzSecret, RedirectURIs: []string{"http://localhost:3000/cb", "https://*.app.example.com/cb"}, PostLogoutRedirectURIs: []string{"http://localhost:3000/"},
		}}},
	})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	return s
}

func fuzzed(t *testing.T, h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Less(t, w.Code, 500, w.Body.String())
	require.NotContains(t, w.Body.String(), fuzzSecret)
	if to := w.Header().Get("Location"); to != "" {
		u, err := url.Parse(to)
		require.NoError(t, err)
		if u.Host != "localhost:3000" && u.Host != "localhost:1" && u.Host != "localhost:9402" && u.Host != "" {
			require.Equal(t, "https", u.Scheme)
			name, ok := strings.CutSuffix(u.Host, ".app.example.com")
			require.True(t, ok && name != "" && !strings.ContainsAny(name, ".:@"), "a wildcard is one label: %s", to)
		}
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		require.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
	}
	return w
}

// FuzzFront sends parameters to the endpoints of the environment that a browser visits.
func FuzzFront(f *testing.F) {
	s := fuzzServer(f)
	good := "client_id=skc_1&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcb&response_type=code&scope=openid&state=s"
	for i, seed := range []string{
		good + "&prompt=none", good + "&provider=google", good + "&login_hint=a@nowhere.example", good + "&connection_id=a&state=b", good + "&code_challenge_method=plain", "", "%zz",
		strings.Replace(good, "http%3A%2F%2Flocalhost%3A3000", "https%3A%2F%2Fx.app.example.com", 1) + "&prompt=none", strings.Replace(good, "http%3A%2F%2Flocalhost%3A3000", "https%3A%2F%2Fevil%2F.app.example.com", 1),
		"idp_initiated=true&code=a&client_id=skc_1", "post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A3000%2F&client_id=skc_1&state=%0d%0a", "id_token_hint=a.b.c", "state=%00&code=a",
	} {
		f.Add(uint8(i), seed)
	}
	paths := []string{"/oauth/authorize", "/sso/v1/oidc/conn_60040666217971987/callback", "/oidc/logout"}
	f.Fuzz(func(t *testing.T, where uint8, rawQuery string) {
		if q, err := url.ParseQuery(rawQuery); err == nil {
			for _, name := range []string{"login_hint", "domain", "domain_hint", "organization_id", "connection_id"} {
				if strings.Contains(strings.ToLower(q.Get(name)), "example.") || strings.Contains(q.Get(name), "megasoft") || strings.HasPrefix(q.Get(name), "org_") || strings.HasPrefix(q.Get(name), "conn_") {
					return // routed: the identity provider would be asked, and there is none
				}
			}
		}
		r := httptest.NewRequest(http.MethodGet, paths[int(where)%len(paths)], nil)
		r.URL.RawQuery = rawQuery
		w := fuzzed(t, s.Environment(), r)
		if to, err := url.Parse(w.Header().Get("Location")); err == nil && to.Query().Has("error") {
			require.NotEmpty(t, to.Query().Get("error_description"))
		}
	})
}

// FuzzBack sends bodies and credentials to the endpoints that servers call. Nobody has the secret, so nobody gets a token.
func FuzzBack(f *testing.F) {
	s := fuzzServer(f)
	f.Add("grant_type=authorization_code&code=a&client_id=skc_1&client_secret=b", "")
	f.Add("access_token=a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add("grant_type=authorization_code&code=a&code=b", "Basic JXp6OiV6eg==")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		if strings.Contains(body, fuzzSecret) {
			return
		}
		for _, target := range []struct {
			handler http.Handler
			path    string
		}{{s.Environment(), "/oauth/token"}, {s.Environment(), "/userinfo"}, {s.IdP(), "/token"}, {s.IdP(), "/userinfo"}, {s.IdP(), "/okta/oauth2/v1/token"}} {
			r := httptest.NewRequest(http.MethodPost, target.path, strings.NewReader(body))
			r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {authorization}}
			w := fuzzed(t, target.handler, r)
			require.Contains(t, []int{400, 401}, w.Code, target.path)
		}
	})
}

// FuzzSAML sends forms to the assertion consumer service. Nobody but the identity provider has its key, so nobody is signed in.
func FuzzSAML(f *testing.F) {
	s, err := mockscalekit.New(mockscalekit.Config{
		URL: "http://localhost:9402", IdPURL: "http://localhost:1",
		Environment: mockscalekit.Environment{
			Clients: []mockscalekit.Client{{ID: "skc_1", Secret: fuzzSecret, RedirectURIs: []string{"http://localhost:3000/cb"}}},
			Organizations: []mockscalekit.Organization{{ID: "org_1", Connections: []mockscalekit.Connection{{
				ID: "conn_1", Provider: mockscalekit.Custom, Type: mockscalekit.SAML, SAML: &mockscalekit.SAMLConfig{
					IdPEntityID: "https://idp.test", IdPSSOURL: "https://idp.test/sso", IdPCertificates: []mockscalekit.Certificate{{PEM: fuzzCertificate(f)}},
				},
			}}}},
		},
	})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	for _, seed := range []string{
		`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="_2"><saml:Subject/></saml:Assertion></samlp:Response>`,
		`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/></samlp:Status></samlp:Response>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, ``,
	} {
		f.Add(seed, "relay")
	}
	f.Fuzz(func(t *testing.T, xml, relay string) {
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(xml))}, "RelayState": {relay}}
		r := httptest.NewRequest(http.MethodPost, "/sso/v1/saml/conn_1/callback", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := fuzzed(t, s.Environment(), r)
		require.NotContains(t, w.Header().Get("Location"), "idp_initiated_login=")
		require.NotContains(t, w.Header().Get("Location"), "code=")
	})
}

func fuzzCertificate(f *testing.F) string {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	key, err := saml.NewKey(private, "fuzz")
	require.NoError(f, err)
	return key.PEM()
}

// FuzzSignIn fills in the pages of an identity provider with a character, in every step.
func FuzzSignIn(f *testing.F) {
	const email, password = "ann@plain.test", "ann-has-a-password"
	s, err := mockscalekit.New(mockscalekit.Config{
		URL: "http://localhost:9402", IdPURL: "http://localhost:1",
		Environment: mockscalekit.Environment{
			Organizations: []mockscalekit.Organization{{ID: "org_1", Connections: []mockscalekit.Connection{{ID: "conn_1", Provider: mockscalekit.Custom}}}},
			People:        []mockscalekit.Person{{Email: email, Password: password, MFA: mockscalekit.Push, Consent: true}},
		},
	})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	for _, seed := range []string{"username=ann%40plain.test&password=x", "outcome=denied", "push=approve", "push=deny&consent=allow", "consent=deny", "new_password=%00&repeat_password=%00", "%zz", "username=%3Ccanary%3E"} {
		f.Add(seed, seed)
	}
	start := "/plain/authorize?client_id=scalekit-1&redirect_uri=" + url.QueryEscape("http://localhost:9402/sso/v1/oidc/conn_1/callback") + "&response_type=code&scope=openid&state=s"
	f.Fuzz(func(t *testing.T, first, second string) {
		w := fuzzed(t, s.IdP(), httptest.NewRequest(http.MethodGet, start, nil))
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		id := to.Query().Get("authRequestID")
		require.NotEmpty(t, id, "%d %s", w.Code, w.Body)
		for _, form := range []string{first, url.Values{"username": {email}, "password": {password}}.Encode(), second, first} {
			r := httptest.NewRequest(http.MethodPost, "/plain/login", strings.NewReader("authRequestID="+id+"&"+form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w = fuzzed(t, s.IdP(), r)
			require.NotContains(t, w.Body.String(), "<canary", "a page shows what was sent, it does not run it")
			if w.Code == http.StatusFound {
				back, err := url.Parse(w.Header().Get("Location"))
				require.NoError(t, err)
				require.Equal(t, "s", back.Query().Get("state"))
				return
			}
		}
	})
}

// FuzzIdPForm fills in the page of the simulator.
func FuzzIdPForm(f *testing.F) {
	s := fuzzServer(f)
	for _, seed := range []string{"email=john&domain=example.com", "scenario=error&error=x", "scenario=idp_initiated", "email=%3Ccanary%3E&domain=a", "email=a&domain=b.c&attr_name_0=%00&attr_value_0=x", "attr_value_3=a&email=a&domain=b", "%zz", "domain=%e2%80%ae"} {
		f.Add(seed)
	}
	start := "/authorize?client_id=conn_60040666217971987&redirect_uri=" + url.QueryEscape("http://localhost:9402/sso/v1/oidc/conn_60040666217971987/callback") +
		"&response_type=code&scope=openid&state=s&nonce=n&code_challenge=" + strings.Repeat("a", 43) + "&code_challenge_method=S256"
	f.Fuzz(func(t *testing.T, form string) {
		w := fuzzed(t, s.IdP(), httptest.NewRequest(http.MethodGet, start, nil))
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		id := to.Query().Get("authRequestID")
		require.NotEmpty(t, id, "%d %s", w.Code, w.Body)
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("authRequestID="+id+"&"+form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w = fuzzed(t, s.IdP(), r)
		if w.Code != http.StatusFound {
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.NotContains(t, w.Body.String(), "<canary", "a page shows what was sent, it does not run it")
			return
		}
		back, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "s", back.Query().Get("state"))
		require.True(t, back.Query().Has("code") != back.Query().Has("error"), "either a code or an error")
	})
}
