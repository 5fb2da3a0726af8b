package conformance_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// fakeOP is a small OpenID provider with one page, whose answers a test may spoil.
type fakeOP struct {
	*httptest.Server
	key  *ecdsa.PrivateKey
	page string // body of the page at /login; its form must reach /done

	mu       sync.Mutex
	request  url.Values // of the authorization request
	posted   url.Values // what /done got
	auth     string     // how the token endpoint was authenticated
	claims   func(map[string]any)
	token    func(map[string]any)
	userInfo func(map[string]any)
	callback func(url.Values)
	alg      jose.SignatureAlgorithm
	kid      string
}

const plainPage = `<form method="post" action="/done"><input name="email" value="john@example.com"><button name="go" value="1">Continue</button></form>`

func newFakeOP(t *testing.T) *fakeOP {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	op := &fakeOP{key: key, page: plainPage, alg: jose.ES256, kid: "k1"}
	mux := http.NewServeMux()
	op.Server = httptest.NewServer(mux)
	t.Cleanup(op.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{
			"issuer": op.URL, "authorization_endpoint": op.URL + "/authorize?fixed=1", "token_endpoint": op.URL + "/token",
			"jwks_uri": op.URL + "/keys", "userinfo_endpoint": op.URL + "/userinfo",
		})
	})
	mux.HandleFunc("GET /authorize", op.authorize)
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if c, err := r.Cookie("seen"); err != nil || c.Value != "1" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `<p data-error="no_cookie">The cookie is missing.</p>`)
			return
		}
		_, _ = fmt.Fprint(w, op.page)
	})
	mux.HandleFunc("/done", op.done)
	mux.HandleFunc("/done/", op.done)
	mux.HandleFunc("POST /token", op.exchange)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at-1" {
			w.WriteHeader(http.StatusUnauthorized)
			writeJSON(w, map[string]any{"error": "invalid_token"})
			return
		}
		info := map[string]any{"sub": "s1", "email_verified": "false"}
		if op.userInfo != nil {
			op.userInfo(info)
		}
		writeJSON(w, info)
	})
	return op
}

func (op *fakeOP) authorize(w http.ResponseWriter, r *http.Request) {
	op.mu.Lock()
	op.request = r.URL.Query()
	op.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
	http.Redirect(w, r, "login", http.StatusFound)
}

func (op *fakeOP) done(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseMultipartForm(1 << 20)
	_ = r.ParseForm()
	op.mu.Lock()
	op.posted = r.Form
	q := url.Values{"code": {"c1"}, "state": {op.request.Get("state")}}
	to := op.request.Get("redirect_uri")
	op.mu.Unlock()
	if op.callback != nil {
		op.callback(q)
	}
	http.Redirect(w, r, to+"?"+q.Encode(), http.StatusSeeOther)
}

func (op *fakeOP) exchange(w http.ResponseWriter, r *http.Request) {
	op.mu.Lock()
	defer op.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != op.request.Get("code_challenge") || r.FormValue("code") != "c1" {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]any{"error": "invalid_grant", "error_description": "no such code"})
		return
	}
	switch id, secret, basic := r.BasicAuth(); {
	case basic:
		op.auth = "basic " + id + " " + secret
	default:
		op.auth = "post " + r.FormValue("client_id") + " " + r.FormValue("client_secret")
	}
	hash := sha256.Sum256([]byte("at-1"))
	claims := map[string]any{
		"iss": op.URL, "sub": "s1", "aud": "web", "exp": noon.Add(time.Hour).Unix(), "iat": noon.Unix(),
		"nonce": op.request.Get("nonce"), "at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	if op.claims != nil {
		op.claims(claims)
	}
	answer := map[string]any{"access_token": "at-1", "id_token": op.sign(claims), "token_type": "Bearer", "expires_in": 3600}
	if op.token != nil {
		op.token(answer)
	}
	writeJSON(w, answer)
}

func (op *fakeOP) sign(claims map[string]any) string {
	var key any = op.key
	if op.alg == jose.HS256 {
		key = []byte("0123456789abcdef0123456789abcdef")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: op.alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", op.kid))
	if err != nil {
		panic(err)
	}
	payload, _ := json.Marshal(claims)
	jws, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	out, _ := jws.CompactSerialize()
	return out
}

func (op *fakeOP) target() *conformance.Target {
	return &conformance.Target{
		Issuer: op.URL, Email: "john@example.com",
		Client: conformance.Client{ID: "web", Secret: "s3cret:", RedirectURI: "http://localhost:1/cb", Scopes: []string{"openid", "email"}},
	}
}

func (op *fakeOP) run(t *testing.T, edit ...func(*conformance.Flow)) (*conformance.Journey, error) {
	t.Helper()
	f := &conformance.Flow{Target: op.target(), Now: func() time.Time { return noon.Add(time.Minute) }}
	for _, e := range edit {
		e(f)
	}
	return f.Run(t.Context())
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
