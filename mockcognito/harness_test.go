package mockcognito_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
)

const (
	poolID   = mockcognito.DefaultPoolID
	clientID = "testclient0000000000000001"
	publicID = "testpublic0000000000000001"
	secret   = "testsecret0000000000000000000000000000000000000001"
	callback = "http://localhost:3000/auth/callback"
	provider = "ScalekitIdPRouter"
	subject  = "conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af"
)

// fixedKeys makes RSA keys once for all tests: making them is what costs time.
type fixedKeys struct{}

var rsaKeys = struct {
	sync.Mutex
	made map[string]*rsa.PrivateKey
}{made: map[string]*rsa.PrivateKey{}}

func (fixedKeys) RSA(name string) (*rsa.PrivateKey, error) {
	rsaKeys.Lock()
	defer rsaKeys.Unlock()
	if k := rsaKeys.made[name]; k != nil {
		return k, nil
	}
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	rsaKeys.made[name] = k
	return k, err
}

func (fixedKeys) ECDSA(string) (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (fixedKeys) Secret(string) ([]byte, error) {
	return []byte("0123456789abcdef0123456789abcdef"), nil
}

// bench is a Cognito service with one identity provider behind it and a browser in front.
type bench struct {
	t        *testing.T
	url      string
	kit      *party.Kit
	server   *mockcognito.Server
	upstream *upstream
	browser  *http.Client
}

// newBench starts a service with one pool. edit may change the configuration.
func newBench(t *testing.T, edit ...func(*mockcognito.Config)) *bench {
	t.Helper()
	up := newUpstream(t)
	kit := party.NewKit(lab.New(lab.Options{Keys: fixedKeys{}}), quirk.NewSet(mockcognito.Quirks()), nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	base := "http://localhost:" + port
	cfg := mockcognito.Config{Kit: kit, URL: base, UserPools: []mockcognito.UserPool{testPool(up.url)}}
	for _, f := range edit {
		f(&cfg)
	}
	server, err := mockcognito.New(cfg)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(server)
	require.NoError(t, srv.Listener.Close())
	srv.Listener = listener
	srv.Start()
	t.Cleanup(func() { srv.Close(); require.NoError(t, kit.Close()) })
	up.now = kit.Env.Now
	return &bench{t: t, url: base, kit: kit, server: server, upstream: up, browser: newBrowser(t)}
}

func testPool(issuer string) mockcognito.UserPool {
	return mockcognito.UserPool{
		ID: poolID, Domain: "ssolab",
		Clients: []mockcognito.AppClient{
			{ID: clientID, Secret: secret, CallbackURLs: []string{callback}, LogoutURLs: []string{"http://localhost:3000/"}, IdentityProviders: []string{provider}},
			{ID: publicID, CallbackURLs: []string{callback}, LogoutURLs: []string{"http://localhost:3000/"}, IdentityProviders: []string{provider}},
			{ID: "norevoke", Secret: secret, CallbackURLs: []string{callback}, IdentityProviders: []string{"COGNITO"}, DisableTokenRevocation: true},
			{ID: "nocallback", IdentityProviders: []string{provider}},
			{ID: "nooauth", CallbackURLs: []string{callback}, DisableOAuth: true},
			{ID: "implicit", CallbackURLs: []string{callback}, IdentityProviders: []string{provider}, Flows: []string{"implicit"}},
			{ID: "few", CallbackURLs: []string{callback}, IdentityProviders: []string{provider}, Scopes: []string{"openid", "email"}},
		},
		Providers: []mockcognito.IdentityProvider{{
			Name: provider, Issuer: issuer, ClientID: "skc_1", ClientSecret: "test_secret", Scopes: "openid email profile", Identifiers: []string{"example.com"},
			AttributeMapping: map[string]string{"email": "email", "given_name": "given_name", "family_name": "family_name", "name": "given_name", "email_verified": "email_verified"},
		}},
	}
}

func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// page is an answer to the browser.
type page struct {
	status   int
	location *url.URL
	raw      string // Location as sent
	body     string
	header   http.Header
}

func (b *bench) get(target string) page {
	b.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.url + target
	}
	resp, err := b.browser.Get(target)
	require.NoError(b.t, err)
	return b.read(resp)
}

func (b *bench) read(resp *http.Response) page {
	b.t.Helper()
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	p := page{status: resp.StatusCode, raw: resp.Header.Get("Location"), body: string(body), header: resp.Header}
	if p.raw != "" {
		p.location, err = resp.Request.URL.Parse(p.raw)
		require.NoError(b.t, err)
	}
	return p
}

// params are the usual parameters of an authorize request, changed by pairs; an empty value leaves one out.
func params(pairs ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {"openid email"}, "state": {"app-state"},
		"identity_provider": {provider}, "login_hint": {"john@example.com"}, "nonce": {"app-nonce"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q.Encode()
}

func (b *bench) authorize(pairs ...string) page {
	return b.get("/oauth2/authorize?" + params(pairs...))
}

// signIn goes from the app's authorize request to the app's callback.
func (b *bench) signIn(pairs ...string) *url.URL {
	b.t.Helper()
	p := b.authorize(pairs...)
	for range 10 {
		require.Equal(b.t, http.StatusFound, p.status, p.body)
		if strings.HasPrefix(p.raw, callback) {
			return p.location
		}
		p = b.get(p.location.String())
	}
	b.t.Fatal("the callback was not reached")
	return nil
}

// answer is a JSON answer of a back-channel endpoint.
type answer struct {
	status int
	header http.Header
	raw    string
	json   map[string]any
}

func (b *bench) post(path string, form url.Values, edit ...func(*http.Request)) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range edit {
		f(req)
	}
	return b.do(req)
}

func (b *bench) do(req *http.Request) answer {
	b.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.json)
	return a
}

func basic(id, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(id, secret) }
}

func (b *bench) exchange(code string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {clientID}, "client_secret": {secret}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if form.Del(pairs[i]); pairs[i+1] != "" {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return b.post("/oauth2/token", form)
}

// tokens signs in and exchanges the code.
func (b *bench) tokens(pairs ...string) answer {
	b.t.Helper()
	a := b.exchange(b.signIn(pairs...).Query().Get("code"))
	require.Equal(b.t, http.StatusOK, a.status, a.raw)
	return a
}

func (b *bench) userInfo(accessToken string) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.url+"/oauth2/userInfo", nil)
	require.NoError(b.t, err)
	if accessToken != "" {
		req.Header.Set("Authorization", "Bearer "+accessToken)
	}
	return b.do(req)
}

// part decodes a part of a compact token: 0 is the header, 1 the claims.
func part(t *testing.T, token any, i int) (raw string, claims map[string]any) {
	t.Helper()
	s, ok := token.(string)
	require.True(t, ok, "no token")
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(s, ".")[i])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &claims))
	return string(b), claims
}

// upstream is an OpenID provider that a test can spoil.
type upstream struct {
	t   *testing.T
	url string
	key *rsa.PrivateKey
	now func() time.Time

	mu       sync.Mutex // guards the fields below
	claims   map[string]any
	userinfo map[string]any
	error    url.Values                         // answered at the authorize endpoint
	token    func(w http.ResponseWriter) bool   // answers at the token endpoint, if it returns true
	sign     func(claims map[string]any) string // nil: RS256 with the published key
	jwks     func(w http.ResponseWriter) bool
	hang     func(w http.ResponseWriter) bool // of userInfo
	seen     map[string][]*http.Request
	bodies   map[string][]string
}

func newUpstream(t *testing.T) *upstream {
	key, err := fixedKeys{}.RSA("upstream")
	require.NoError(t, err)
	u := &upstream{
		t: t, key: key, now: time.Now, seen: map[string][]*http.Request{}, bodies: map[string][]string{},
		claims:   map[string]any{"sub": subject},
		userinfo: map[string]any{"sub": subject, "email": "john@example.com", "given_name": "John", "family_name": "Doe"},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", u.discovery)
	mux.HandleFunc("GET /authorize", u.authorize)
	mux.HandleFunc("POST /token", u.exchange)
	mux.HandleFunc("/userinfo", u.info)
	mux.HandleFunc("GET /keys", u.keys)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		u.mu.Lock()
		u.seen[r.URL.Path] = append(u.seen[r.URL.Path], r)
		u.bodies[r.URL.Path] = append(u.bodies[r.URL.Path], string(body))
		u.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	u.url = srv.URL
	return u
}

// change spoils the provider.
func (u *upstream) change(f func(*upstream)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f(u)
}

func (u *upstream) requests(path string) ([]*http.Request, []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen[path], u.bodies[path]
}

func (u *upstream) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": u.url, "authorization_endpoint": u.url + "/authorize", "token_endpoint": u.url + "/token",
		"userinfo_endpoint": u.url + "/userinfo", "jwks_uri": u.url + "/keys",
	})
}

func (u *upstream) authorize(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	q := url.Values{"code": {"upstream-code"}}
	if u.error != nil {
		q = maps.Clone(u.error)
	}
	q.Set("state", r.FormValue("state"))
	http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+q.Encode(), http.StatusFound)
}

func (u *upstream) exchange(w http.ResponseWriter, _ *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.token != nil && u.token(w) {
		return
	}
	now := u.now().Unix()
	claims := map[string]any{"iss": u.url, "aud": "skc_1", "iat": now, "exp": now + 3600}
	maps.Copy(claims, u.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	sign := u.sign
	if sign == nil {
		sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, u.key, "k1", c) }
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": "upstream-access-token", "token_type": "Bearer", "id_token": sign(claims)})
}

func (u *upstream) info(w http.ResponseWriter, _ *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hang != nil && u.hang(w) {
		return
	}
	if u.userinfo == nil {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	writeJSON(w, http.StatusOK, u.userinfo)
}

func (u *upstream) keys(w http.ResponseWriter, _ *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.jwks != nil && u.jwks(w) {
		return
	}
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &u.key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// signWith makes a JWS with go-jose, which shares nothing with the code under test.
func signWith(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	options := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}
