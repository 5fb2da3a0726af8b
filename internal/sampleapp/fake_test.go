package sampleapp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/sampleapp"
	"github.com/ssolab/ssolab/internal/trace"
)

const (
	clientID     = "client"
	clientSecret = "a-secret-of-the-client"
	subject      = "807c593c-d0c1-709c-598f-633ec61bcc8b"
	userInfo     = `{"sub":"` + subject + `","email_verified":"false","email":"john@example.com","username":"P_conn;1"}`
)

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// bench is the app beside a small OpenID provider whose answers a test can change, and a browser.
type bench struct {
	t       *testing.T
	kit     *party.Kit
	app, op *httptest.Server
	browser *http.Client

	mu        sync.Mutex // guards the fields below
	authorize url.Values // of the last authorization request
	keyID     string
	hits      map[string]int
	claims    func(map[string]any)
	override  map[string]http.HandlerFunc // by path
}

func start(t *testing.T, edit ...func(*sampleapp.Config)) *bench {
	t.Helper()
	b := &bench{t: t, keyID: "one", hits: map[string]int{}, override: map[string]http.HandlerFunc{}, claims: func(map[string]any) {}}
	b.kit = party.NewKit(lab.New(lab.Options{}), nil, nil)
	t.Cleanup(func() { require.NoError(t, b.kit.Close()) })
	b.op = httptest.NewServer(b.provider())
	t.Cleanup(b.op.Close)
	b.app = httptest.NewUnstartedServer(nil)
	c := sampleapp.Config{
		Kit: b.kit, URL: "http://" + b.app.Listener.Addr().String(), Issuer: b.op.URL, ClientID: clientID, ClientSecret: clientSecret,
		IdentityProvider: "ScalekitIdPRouter", DomainURL: b.op.URL, ConsoleURL: "http://localhost:9400", TryEmails: []string{"john@example.com"},
	}
	for _, f := range edit {
		f(&c)
	}
	h, err := sampleapp.New(c)
	require.NoError(t, err)
	b.app.Config.Handler = h
	b.app.Start()
	t.Cleanup(b.app.Close)
	b.browser = b.newBrowser()
	return b
}

func (b *bench) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (b *bench) provider() http.Handler {
	mux := http.NewServeMux()
	handle := func(path, point string, serve http.HandlerFunc) {
		mux.Handle(path, b.kit.Trace.Handler(trace.Endpoint{Party: trace.Cognito, Point: point, Channel: trace.Back}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.mu.Lock()
			b.hits[path]++
			other := b.override[path]
			b.mu.Unlock()
			if other != nil {
				other(w, r)
				return
			}
			serve(w, r)
		})))
	}
	handle("/.well-known/openid-configuration", "cognito.discovery", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{
			"issuer": b.op.URL, "authorization_endpoint": b.op.URL + "/oauth2/authorize", "token_endpoint": b.op.URL + "/oauth2/token",
			"userinfo_endpoint": b.op.URL + "/oauth2/userInfo", "jwks_uri": b.op.URL + "/jwks", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	handle("/jwks", "cognito.jwks", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		reply(w, gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{{Key: signingKey().Public(), KeyID: b.keyID, Algorithm: "RS256", Use: "sig"}}})
	})
	handle("/oauth2/token", "cognito.token", b.token)
	handle("/oauth2/userInfo", "cognito.userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer an-access-token-of-the-fake" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, userInfo)
	})
	return mux
}

func (b *bench) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	b.mu.Lock()
	sent := b.authorize
	b.mu.Unlock()
	switch {
	case id != clientID || secret != clientSecret:
		refuse(w, map[string]string{"error": "invalid_client", "error_description": "invalid_client_secret"})
	case r.FormValue("code") != "code-for-"+sent.Get("state") || !oauth2.VerifyS256(r.FormValue("code_verifier"), sent.Get("code_challenge")) || r.FormValue("redirect_uri") != sent.Get("redirect_uri"):
		refuse(w, map[string]string{"error": "invalid_grant"})
	default:
		reply(w, map[string]any{"access_token": "an-access-token-of-the-fake", "token_type": "Bearer", "expires_in": 3600, "id_token": b.idToken(sent.Get("nonce"))})
	}
}

func (b *bench) idToken(nonce string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.kit.Env.Now()
	claims := map[string]any{
		"iss": b.op.URL, "aud": clientID, "sub": subject, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "email": "john@example.com",
	}
	b.claims(claims)
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.RS256, Key: gojose.JSONWebKey{Key: signingKey(), KeyID: b.keyID}}, nil)
	if err != nil {
		panic(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		panic(err)
	}
	return raw
}

func refuse(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(v)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

var style = regexp.MustCompile(`(?s)<style>.*</style>`) // it makes failures unreadable

type answer struct {
	*http.Response
	body string
}

func (b *bench) get(address string) answer {
	b.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.app.URL + address
	}
	resp, err := b.browser.Get(address)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return answer{resp, style.ReplaceAllString(string(body), "")}
}

// leave starts a sign-in and returns the authorization request.
func (b *bench) leave() url.Values {
	b.t.Helper()
	a := b.get("/auth/login?email=john%40example.com")
	require.Equal(b.t, http.StatusFound, a.StatusCode, a.body)
	u, err := url.Parse(a.Header.Get("Location"))
	require.NoError(b.t, err)
	require.Equal(b.t, b.op.URL+"/oauth2/authorize", u.Scheme+"://"+u.Host+u.Path)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.authorize = u.Query()
	return b.authorize
}

// comeBack returns to the callback with a code.
func (b *bench) comeBack(state string) answer {
	b.t.Helper()
	return b.get("/auth/callback?" + url.Values{"code": {"code-for-" + state}, "state": {state}}.Encode())
}

func (b *bench) answers(path string, status int, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.override[path] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (b *bench) hit(path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hits[path]
}
