package mockscalekit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockscalekit"
)

const (
	clientID   = "skc_60040666000000001"
	callback   = "http://app.test/callback"
	testConn   = "conn_60040666217971987"
	oktaConn   = "conn_60040666200000002"
	johnSub    = testConn + ";a2c49d97-d36f-460f-97c2-87eb295095af"
	johnSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	allScopes  = "openid email profile"
)

// fixed is the base clock of every test.
func fixed() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// sharedKeys are made once for all tests, since RSA keys are slow to make.
var sharedKeys = sync.OnceValue(func() keyMaker {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return keyMaker{r, e}
})

type keyMaker struct {
	r *rsa.PrivateKey
	e *ecdsa.PrivateKey
}

func (k keyMaker) RSA(string) (*rsa.PrivateKey, error)     { return k.r, nil }
func (k keyMaker) ECDSA(string) (*ecdsa.PrivateKey, error) { return k.e, nil }
func (k keyMaker) Secret(string) ([]byte, error)           { return make([]byte, 32), nil }

// setup is a running environment with its identity providers.
type setup struct {
	t      testing.TB
	kit    *party.Kit
	server *mockscalekit.Server
	env    string
	idp    string
}

// start serves both parties on ports of their own.
func start(t testing.TB, edits ...func(*mockscalekit.Config)) *setup {
	t.Helper()
	kit := party.NewKit(lab.New(lab.Options{Now: fixed, Keys: sharedKeys()}), quirk.NewSet(mockscalekit.Quirks()), nil)
	t.Cleanup(func() { _ = kit.Close() })
	envServer, idpServer := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	cfg := mockscalekit.Config{
		Kit: kit, URL: "http://" + envServer.Listener.Addr().String(), IdPURL: "http://" + idpServer.Listener.Addr().String(),
		Environment: mockscalekit.DefaultEnvironment(callback),
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	server, err := mockscalekit.New(cfg)
	require.NoError(t, err)
	envServer.Config.Handler, idpServer.Config.Handler = server.Environment(), server.IdP()
	envServer.Start()
	idpServer.Start()
	t.Cleanup(envServer.Close)
	t.Cleanup(idpServer.Close)
	return &setup{t: t, kit: kit, server: server, env: cfg.URL, idp: cfg.IdPURL}
}

// spoil sets a fault.
func (s *setup) spoil(r fault.Rule) {
	s.t.Helper()
	_, err := s.kit.Faults.Add(r)
	require.NoError(s.t, err)
}

// with returns s for another test.
func (s *setup) with(t testing.TB) *setup {
	other := *s
	other.t = t
	return &other
}

func (s *setup) secret() string { return mockscalekit.DefaultEnvironment().Clients[0].Secret }

// authorizeURL builds an authorization request; edits are name, value pairs, where an empty value takes a parameter out.
func (s *setup) authorizeURL(edits ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "scope": {allScopes},
		"state": {"the-state-of-the-app"}, "login_hint": {"john@example.com"},
	}
	for i := 0; i < len(edits); i += 2 {
		if edits[i+1] == "" {
			q.Del(edits[i])
		} else {
			q.Set(edits[i], edits[i+1])
		}
	}
	return s.env + "/oauth/authorize?" + q.Encode()
}

// browser follows redirects within the lab and stops at the application's callback.
type browser struct {
	t      testing.TB
	client *http.Client
}

// page is where a browser has arrived.
type page struct {
	status int
	url    *url.URL // of the page, or of the callback
	body   string
	atApp  bool
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			if req.URL.Hostname() == "app.test" || strings.HasSuffix(req.URL.Hostname(), ".acme.test") {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

func (b *browser) arrive(resp *http.Response, err error) page {
	b.t.Helper()
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	p := page{status: resp.StatusCode, url: resp.Request.URL, body: string(body)}
	if resp.StatusCode == http.StatusFound {
		p.url, err = resp.Location()
		require.NoError(b.t, err)
		p.atApp = true
	}
	return p
}

func (b *browser) get(u string) page {
	b.t.Helper()
	return b.arrive(b.client.Get(u))
}

// submit posts the first form of a page, with edits as name, value pairs over its defaults.
func (b *browser) submit(p page, edits ...string) page {
	b.t.Helper()
	require.False(b.t, p.atApp, "the browser is at the application already: %s", p.url)
	action, form := firstForm(b.t, p)
	for i := 0; i < len(edits); i += 2 {
		form.Set(edits[i], edits[i+1])
	}
	return b.arrive(b.client.PostForm(p.url.ResolveReference(action).String(), form))
}

// signIn goes from the authorization request to the callback, submitting the page as it stands.
func (s *setup) signIn(edits ...string) url.Values {
	s.t.Helper()
	b := newBrowser(s.t)
	p := b.submit(b.get(s.authorizeURL(edits...)))
	require.True(s.t, p.atApp, "status %d: %s", p.status, p.body)
	return p.url.Query()
}

// firstForm returns the action and the default values of the first form of a page.
func firstForm(t testing.TB, p page) (*url.URL, url.Values) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	require.NoError(t, err)
	form := find(doc, func(n *html.Node) bool { return n.Data == "form" })
	require.NotNil(t, form, "status %d, no form in: %s", p.status, p.body)
	action, err := url.Parse(attr(form, "action"))
	require.NoError(t, err)
	values, pressed := url.Values{}, false
	for n := range form.Descendants() {
		name := attr(n, "name")
		if n.Data == "button" && attr(n, "type") == "submit" && !pressed { // the first one is what the enter key presses
			pressed = true
			if name != "" {
				values.Set(name, attr(n, "value"))
			}
		}
		switch {
		case n.Data == "input" && (attr(n, "type") == "radio" || attr(n, "type") == "checkbox") && !has(n, "checked"):
		case n.Data == "input" && name != "":
			values.Set(name, attr(n, "value"))
		case n.Data == "select":
			values.Set(name, selected(n))
		}
	}
	return action, values
}

func selected(sel *html.Node) string {
	first, chosen := "", ""
	for n := range sel.Descendants() {
		if n.Data != "option" || has(n, "disabled") {
			continue
		}
		if first == "" {
			first = attr(n, "value")
		}
		if has(n, "selected") {
			chosen = attr(n, "value")
		}
	}
	if chosen == "" {
		return first
	}
	return chosen
}

// byTestID returns the text, or the value, of the element with that data-testid.
func byTestID(t testing.TB, p page, id string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	require.NoError(t, err)
	n := find(doc, func(n *html.Node) bool { return attr(n, "data-testid") == id })
	require.NotNil(t, n, "no %s in: %s", id, p.body)
	if n.Data == "input" {
		return attr(n, "value")
	}
	if n.Data == "select" {
		return selected(n)
	}
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(text.String())
}

func find(root *html.Node, match func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			return n
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// answer is what a back-channel endpoint said.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

func do(t testing.TB, req *http.Request) answer {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(body)}
}

func fetch(t testing.TB, u string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
	require.NoError(t, err)
	return do(t, req)
}

// redeem posts to the token endpoint with the secret in the body; edits as in authorizeURL.
func (s *setup) redeem(code string, edits ...string) answer {
	s.t.Helper()
	return do(s.t, s.tokenRequest(code, edits...))
}

func (s *setup) tokenRequest(code string, edits ...string) *http.Request {
	s.t.Helper()
	form := url.Values{
		"grant_type": {oauth2.GrantAuthorizationCode}, "code": {code}, "redirect_uri": {callback},
		"client_id": {clientID}, "client_secret": {s.secret()},
	}
	for i := 0; i < len(edits); i += 2 {
		if edits[i+1] == "" {
			form.Del(edits[i])
		} else {
			form.Set(edits[i], edits[i+1])
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.env+"/oauth/token", strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

func (s *setup) userinfo(token string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.env+"/userinfo", nil)
	require.NoError(s.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return do(s.t, req)
}

// part returns one decoded part of a JWT.
func part(t testing.TB, token any, i int) string {
	t.Helper()
	parts := strings.Split(token.(string), ".")
	require.Len(t, parts, 3)
	b, err := base64.RawURLEncoding.DecodeString(parts[i])
	require.NoError(t, err)
	return string(b)
}

func claimsOf(t testing.TB, token any) map[string]any {
	t.Helper()
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(part(t, token, 1)), &c))
	return c
}
