package mockscalekit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// environment is the Scalekit party.
type environment struct {
	kit        *party.Kit
	url        string
	idpURL     string
	settings   atomic.Pointer[settings]
	directory  *directory.Directory
	pages      *look.Pages
	cookies    web.Cookies
	client     *http.Client
	surface    *web.Surface
	signingKey func() (*jose.Key, error)

	allowRedirectURI func(clientID, redirectURI string) bool // beside the clients' own

	flows  store.Table[flow]    // by the environment's state at the identity provider
	codes  store.Table[grant]   // by code
	tokens store.Table[session] // by the access token's jti
}

// settings are those of an environment as a whole; Reload replaces them.
type settings struct {
	name       string
	idTokenTTL time.Duration
}

// configure takes the settings of a configuration.
func (e *environment) configure(c Environment) {
	e.settings.Store(&settings{name: c.Name, idTokenTTL: c.IDTokenTTL})
}

func (e *environment) name() string { return e.settings.Load().name }

// fetchTimeout bounds each call to an identity provider.
const fetchTimeout = 5 * time.Second

func newEnvironment(ctx context.Context, cfg Config, pages *look.Pages) (*environment, error) {
	k := cfg.Kit
	dir, err := directory.Open(ctx, directory.Options{Env: k.Env, Store: k.Store, Name: "environment"})
	if err != nil {
		return nil, err
	}
	e := &environment{
		kit: k, url: cfg.URL, idpURL: cfg.IdPURL,
		directory: dir, pages: pages, cookies: party.Cookies(cfg.URL),
		client: k.Client(trace.Scalekit, fetchTimeout),
		flows:  store.NewTable[flow](k.Transient, "scalekit.flows"),
		codes:  store.NewTable[grant](k.Transient, "scalekit.codes"),
		tokens: store.NewTable[session](k.Transient, "scalekit.tokens"),
	}
	if e.allowRedirectURI = cfg.AllowRedirectURI; e.allowRedirectURI == nil {
		e.allowRedirectURI = func(string, string) bool { return false }
	}
	e.signingKey = sync.OnceValues(e.makeSigningKey)
	e.configure(cfg.Environment)
	e.mount()
	return e, nil
}

// mount is the map of the environment.
func (e *environment) mount() {
	both := []string{http.MethodGet, http.MethodPost}
	post := []string{http.MethodPost}
	e.surface = &web.Surface{
		Party: trace.Scalekit, Trace: e.kit.Trace, Faults: e.kit.Faults, Log: e.kit.Log,
		NotFound: notModelled,
		MethodNotAllowed: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeOAuth(w, http.StatusMethodNotAllowed, "invalid_request", err.Error())
		},
	}
	e.surface.Mount(
		web.Route{Path: "/.well-known/openid-configuration", Point: "scalekit.discovery", Channel: trace.Back, Present: presentOAuth, Serve: e.discovery},
		web.Route{Path: "/.well-known/oauth-authorization-server", Point: "scalekit.discovery", Channel: trace.Back, Present: presentOAuth, Serve: e.discovery},
		web.Route{Path: "/keys", Point: "scalekit.keys", Channel: trace.Back, Present: presentOAuth, Serve: e.keys},
		web.Route{Methods: both, Path: "/oauth/authorize", Point: "scalekit.authorize", Channel: trace.Front, Starts: true, Present: e.presentLogin, Serve: e.authorize},
		web.Route{Path: "/sso/v1/oidc/{connection}/callback", Point: "scalekit.callback", Channel: trace.Front, Present: e.presentLogin, Serve: e.callback},
		web.Route{Methods: post, Path: "/oauth/token", Point: "scalekit.token", Channel: trace.Back, Present: presentOAuth, Serve: e.token},
		web.Route{Methods: both, Path: "/userinfo", Point: "scalekit.userinfo", Channel: trace.Back, Present: presentBearer, Serve: e.userinfo},
		web.Route{Path: "/oidc/logout", Point: "scalekit.logout", Channel: trace.Front, Present: presentOAuth, Serve: e.logout},
	)
}

// notModelled answers every other path, so that nobody takes the mock's silence for the service's.
func notModelled(w http.ResponseWriter, r *http.Request) error {
	status, code := http.StatusNotFound, "not_found"
	for _, prefix := range []string{"/api/", "/scalekit.v1.", "/oauth/", "/revoke", "/sso/", "/magicLink/", "/a/", "/ui/", "/resources/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			status, code = http.StatusNotImplemented, "not_implemented"
		}
	}
	writeOAuth(w, status, code, "this Scalekit mock does not model "+r.Method+" "+r.URL.Path)
	return nil
}

func (e *environment) strip() string {
	return "mock Scalekit · environment " + e.name() + " · not Scalekit"
}

func (e *environment) callbackURL(connectionID string) string {
	return e.url + "/sso/v1/oidc/" + connectionID + "/callback"
}

// makeSigningKey makes the environment's RSA key ready to sign. Its id has the service's form, snk_ and a decimal Sonyflake of the second
// in which the default environment was made, and follows from the key, so that it changes only with the key.
func (e *environment) makeSigningKey() (*jose.Key, error) {
	private, err := e.kit.Env.Keys().RSA(signingKeyName)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(private.N.Bytes())
	id := fmt.Sprintf("snk_60040665%09d", binary.BigEndian.Uint64(sum[:])%1_000_000_000)
	return jose.NewRSAKey(id, private)
}

// keys serves the JWK Set, its members in the service's order.
func (e *environment) keys(w http.ResponseWriter, r *http.Request) error {
	doc, err := e.keySet()
	if err != nil {
		return err
	}
	e.kit.Faults.Document(r.Context(), "scalekit.keys.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

func (e *environment) keySet() (jose.Object, error) {
	key, err := e.signingKey()
	if err != nil {
		return nil, err
	}
	jwk, err := key.JWK("use", "kty", "kid", "alg", "n", "e")
	if err != nil {
		return nil, err
	}
	return jose.Object{{Name: "keys", Value: []jose.Object{jwk}}}, nil
}

// verifyOwn checks the signature of a token of this environment.
func (e *environment) verifyOwn(token string) (*jose.Verified, error) {
	key, err := e.signingKey()
	if err != nil {
		return nil, err
	}
	return jose.Verify(token, key.Set(), jose.RS256)
}

// discovery serves the metadata of OIDC Discovery §3 and RFC 8414 in the member order of zitadel/oidc.
// Unverified: the lists. Only what this mock serves is named.
func (e *environment) discovery(w http.ResponseWriter, r *http.Request) error {
	doc := jose.Object{
		{Name: "issuer", Value: e.url},
		{Name: "authorization_endpoint", Value: e.url + "/oauth/authorize"},
		{Name: "token_endpoint", Value: e.url + "/oauth/token"},
		{Name: "userinfo_endpoint", Value: e.url + "/userinfo"},
		{Name: "end_session_endpoint", Value: e.url + "/oidc/logout"},
		{Name: "jwks_uri", Value: e.url + "/keys"},
		{Name: "scopes_supported", Value: supportedScopes()},
		{Name: "response_types_supported", Value: []string{"code"}},
		{Name: "grant_types_supported", Value: []string{"authorization_code"}},
		{Name: "subject_types_supported", Value: []string{"public"}},
		{Name: "id_token_signing_alg_values_supported", Value: []string{jose.RS256}},
		{Name: "token_endpoint_auth_methods_supported", Value: []string{"none", "client_secret_basic", "client_secret_post"}},
		{Name: "claims_supported", Value: []string{
			"sub", "aud", "exp", "iat", "iss", "amr", "nonce", "at_hash", "c_hash", "azp", "client_id", "sid", "oid",
			"preferred_username", "name", "family_name", "given_name", "locale", "picture", "email", "email_verified",
		}},
		{Name: "code_challenge_methods_supported", Value: []string{"S256"}},
		{Name: "request_uri_parameter_supported", Value: false},
	}
	e.kit.Faults.Document(r.Context(), "scalekit.discovery.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

func supportedScopes() []string { return []string{"openid", "profile", "email"} }

// bindBrowser returns the value of the cookie that binds a sign-in to its browser, setting one unless the browser has
// one that this environment made.
func (e *environment) bindBrowser(w http.ResponseWriter, r *http.Request) (string, error) {
	if value := e.cookies.Get(r, browserCookie); value != "" {
		ok, err := e.madeHere(value)
		if err != nil {
			return "", err
		}
		if ok {
			return value, nil
		}
	}
	id := e.kit.Env.Token(9)
	mac, err := e.cookieMAC(id)
	if err != nil {
		return "", err
	}
	value := id + mac
	e.cookies.Set(w, browserCookie, value, 0, http.SameSiteLaxMode)
	return value, nil
}

const (
	browserCookie   = "ssolab-scalekit"
	browserIDLength = 12 // 9 bytes as base64url
)

func (e *environment) madeHere(value string) (bool, error) {
	if len(value) <= browserIDLength {
		return false, nil
	}
	mac, err := e.cookieMAC(value[:browserIDLength])
	return err == nil && value[browserIDLength:] == mac, err
}

func (e *environment) cookieMAC(id string) (string, error) {
	mac, err := derive(e.kit.Env, "scalekit/cookies", id)
	return mac[:min(16, len(mac))], err
}
