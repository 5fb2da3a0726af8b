package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab"
)

// ownApp is somebody's application on another port of localhost, with cookies named as frameworks name theirs.
// Browsers do not tell ports apart, so every party of the lab sees them, and could overwrite or clear them.
type ownApp struct {
	*httptest.Server
	lab    *ssolab.Lab
	client *http.Client // trusts the lab

	mu   sync.Mutex // guards seen
	seen []string   // the cookies of each request
}

var ownCookies = map[string]string{"session": "own-session", "XSRF-TOKEN": "own-xsrf", "state": "own-state"}

func (a *ownApp) url(path string) string {
	return strings.Replace(a.Server.URL, "127.0.0.1", "localhost", 1) + path
}

func (a *ownApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.note(r)
	switch r.URL.Path {
	case "/":
		for name, value := range ownCookies {
			if _, err := r.Cookie(name); err != nil {
				http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/"})
			}
		}
		_, _ = fmt.Fprint(w, "<title>own</title><p data-testid=own-page>own app")
	case "/login":
		config, _, err := a.config(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, config.AuthCodeURL("own-state", oauth2.SetAuthURLParam("identity_provider", "ScalekitIdPRouter"),
			oauth2.SetAuthURLParam("login_hint", "john@example.com"), oidc.Nonce("own-nonce")), http.StatusFound)
	case "/callback":
		config, verifier, err := a.config(r.Context())
		if err == nil {
			var token *oauth2.Token
			if token, err = config.Exchange(oidc.ClientContext(r.Context(), a.client), r.URL.Query().Get("code")); err == nil {
				_, err = verifier.Verify(r.Context(), token.Extra("id_token").(string))
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = fmt.Fprint(w, "<title>own</title><p data-testid=signed-in-as>john@example.com")
	default:
		http.NotFound(w, r)
	}
}

func (a *ownApp) config(ctx context.Context) (*oauth2.Config, *oidc.IDTokenVerifier, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, a.client), a.lab.URLs().Issuer)
	if err != nil {
		return nil, nil, err
	}
	v := variables(a.lab)
	return &oauth2.Config{
		ClientID: v["COGNITO_CLIENT_ID"], ClientSecret: v["COGNITO_CLIENT_SECRET"], Endpoint: provider.Endpoint(),
		RedirectURL: a.url("/callback"), Scopes: []string{"openid", "email"},
	}, provider.Verifier(&oidc.Config{ClientID: v["COGNITO_CLIENT_ID"]}), nil
}

func (a *ownApp) note(r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, r.URL.Path+" "+r.Header.Get("Cookie"))
}

func (a *ownApp) last(t *testing.T, path string) map[string]string {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.seen) - 1; i >= 0; i-- {
		at, header, _ := strings.Cut(a.seen[i], " ")
		if at != path {
			continue
		}
		out := map[string]string{}
		for _, pair := range strings.Split(header, "; ") {
			name, value, _ := strings.Cut(pair, "=")
			out[name] = value
		}
		return out
	}
	t.Fatalf("%s was never requested: %v", path, a.seen)
	return nil
}

func TestAnAppOnAnotherPortKeepsItsCookies(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		app := &ownApp{}
		app.Server = httptest.NewServer(app)
		t.Cleanup(app.Close)
		app.lab = f.lab(t, func(c *ssolab.Config) {
			c.Callbacks, c.SignOuts = []string{app.url("/callback")}, []string{app.url("/")}
		})
		app.client = app.lab.HTTPClient()
		t.Cleanup(app.client.CloseIdleConnections)
		p := f.visitor(t, app.lab)
		keeps := func(path string) {
			t.Helper()
			got := app.last(t, path)
			for name, value := range ownCookies {
				require.Equal(t, value, got[name], "cookie %s at %s", name, path)
			}
			total := 0
			for name, value := range got {
				if _, own := ownCookies[name]; !own {
					total += len(name) + len(value) + 1
				}
			}
			require.Less(t, total, 1024, "the lab's own cookies stay small: %v", got)
		}
		p.Goes(app.url("/"))
		p.Goes(app.url("/login"))
		p.SeesSimulator().Submits()
		keeps("/callback")
		p.Goes(app.url("/login")) // silent
		keeps("/callback")
		q := url.Values{"client_id": {variables(app.lab)["COGNITO_CLIENT_ID"]}, "logout_uri": {app.url("/")}}
		p.Goes(app.lab.URLs().Domain + "/logout?" + q.Encode())
		require.Equal(t, app.url("/"), p.URL().String())
		keeps("/")
		p.Goes(app.url("/login"))
		p.SeesSimulator() // asked again, so the session really ended
	})
}
