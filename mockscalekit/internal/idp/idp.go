package idp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

// Names of the private keys in the lab's Env.
const (
	ecKeyName  = "idp/signing"
	rsaKeyName = "idp/rsa"
)

// Party is every identity provider of the lab, on one origin.
type Party struct {
	kit      *party.Kit
	url      string
	apps     Applications
	refusals *refusal.Presenter
	cookies  web.Cookies
	client   *http.Client
	surface  *web.Surface

	samlKey func() (*saml.Key, error)
	rsaKey  func() (*jose.Key, error)

	people    store.Table[kept]      // by lower-case e-mail
	orders    store.Table[ordered]   // by lower-case e-mail
	consents  store.Table[time.Time] // by person and connection
	sessions  store.Table[browser]   // by the browser's id
	requests  store.Table[request]   // by authRequestID
	codes     store.Table[grant]     // by code
	tokens    store.Table[profile]   // by access token
	usedCodes store.Table[time.Time] // by person and TOTP counter
}

// Config is what New needs.
type Config struct {
	Kit          *party.Kit
	URL          string // base URL, without trailing slash
	Applications Applications
}

// provider is one identity provider.
type provider struct {
	*Party
	character
}

// New returns the party.
func New(c Config) (*Party, error) {
	k := c.Kit
	p := &Party{
		kit: k, url: c.URL, apps: c.Applications, refusals: refusal.NewPresenter(k), cookies: party.Cookies(c.URL), client: k.Client(trace.IdP, backChannelTimeout),
		people:    store.NewTable[kept](k.Store, "idp.people"),
		orders:    store.NewTable[ordered](k.Store, "idp.outcomes"),
		consents:  store.NewTable[time.Time](k.Store, "idp.consents"),
		sessions:  store.NewTable[browser](k.Store, "idp.sessions"),
		requests:  store.NewTable[request](k.Transient, "idp.requests"),
		codes:     store.NewTable[grant](k.Transient, "idp.codes"),
		tokens:    store.NewTable[profile](k.Transient, "idp.tokens"),
		usedCodes: store.NewTable[time.Time](k.Transient, "idp.used_codes"),
	}
	p.rsaKey = sync.OnceValues(p.makeRSAKey)
	p.samlKey = sync.OnceValues(p.makeSAMLKey)
	p.mount()
	return p, nil
}

// ServeHTTP implements http.Handler.
func (p *Party) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.surface.ServeHTTP(w, r) }

// Prepare makes the keys in the background that applications of the given identity providers need.
func (p *Party) Prepare(providers ...string) {
	for _, name := range providers {
		if name != Simulator && name != "" {
			p.kit.Env.Keys().Prepare(rsaKeyName)
			return
		}
	}
}

// mount is the map of the party.
func (p *Party) mount() {
	p.surface = &web.Surface{
		Party: trace.IdP, Trace: p.kit.Trace, Faults: p.kit.Faults, Log: p.kit.Log,
		NotFound: func(w http.ResponseWriter, r *http.Request) error {
			writeOAuth(w, http.StatusNotFound, "not_found", "these identity providers do not model "+r.Method+" "+r.URL.Path)
			return nil
		},
		MethodNotAllowed: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeOAuth(w, http.StatusMethodNotAllowed, "invalid_request", err.Error())
		},
	}
	routes := []web.Route{{Path: "/{$}", Point: "idp.home", Channel: trace.Front, Present: p.presentPage, Serve: p.home}}
	routes = append(routes, provider{p, simulator()}.oidcRoutes()...)
	for _, c := range characters() {
		one := provider{p, c}
		routes = append(append(routes, one.oidcRoutes()...), one.samlRoutes()...)
	}
	p.surface.Mount(routes...)
}

// oidcRoutes is the map of one identity provider as an OpenID provider.
func (p provider) oidcRoutes() []web.Route {
	both, post := []string{http.MethodGet, http.MethodPost}, []string{http.MethodPost}
	login := p.login
	if p.name == Simulator {
		login = p.simulator
	}
	routes := []web.Route{
		{Path: p.issuer + "/.well-known/openid-configuration", Point: "idp.discovery", Channel: trace.Back, Present: presentOAuth, Serve: p.discovery},
		{Path: p.keys, Point: "idp.keys", Channel: trace.Back, Present: presentOAuth, Serve: p.jwks},
		{Path: p.authorize, Point: "idp.authorize", Channel: trace.Front, Present: p.presentPage, Serve: p.authorizeRequest},
		{Methods: both, Path: p.loginPath(), Point: "idp.login", Channel: trace.Front, Present: p.presentPage, Serve: login},
		{Methods: post, Path: p.token, Point: "idp.token", Channel: trace.Back, Present: presentOAuth, Serve: p.tokenRequest},
		{Methods: both, Path: p.userinfo, Point: "idp.userinfo", Channel: trace.Back, Present: presentBearer, Serve: p.userinfoRequest},
	}
	if p.logout != "" {
		routes = append(routes, web.Route{Path: p.logout, Point: "idp.logout", Channel: trace.Front, Present: p.presentPage, Serve: p.logoutRequest})
	}
	return routes
}

// samlRoutes is the map of one identity provider as a SAML identity provider, and of the page at which people begin.
func (p provider) samlRoutes() []web.Route {
	both := []string{http.MethodGet, http.MethodPost}
	sso, _, _ := strings.Cut(p.sso, "?")
	return []web.Route{
		{Path: p.metadata, Point: "idp.saml_metadata", Channel: trace.Back, Present: p.presentPage, Serve: p.metadataDocument},
		{Methods: both, Path: sso, Point: "idp.saml_sso", Channel: trace.Front, Present: p.presentPage, Serve: p.samlRequest},
		{Path: "/" + p.name + "/apps", Point: "idp.apps", Channel: trace.Front, Present: p.presentPage, Serve: p.appsPage},
		{Path: "/" + p.name + "/apps/{connection}", Point: "idp.app", Channel: trace.Front, Starts: true, Present: p.presentPage, Serve: p.openApp},
	}
}

// loginPath is where the sign-in pages are.
func (p provider) loginPath() string {
	if p.name == Simulator {
		return "/login"
	}
	return "/" + p.name + "/login"
}

// signingKey signs ID tokens.
func (p provider) signingKey() (*jose.Key, error) {
	if p.algorithm == jose.RS256 {
		return p.rsaKey()
	}
	private, err := p.kit.Env.Keys().ECDSA(ecKeyName)
	if err != nil {
		return nil, err
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(public)
	return &jose.Key{ID: "idp-" + hex.EncodeToString(digest[:8]), Algorithm: jose.ES256, Private: private}, nil
}

func (p *Party) makeRSAKey() (*jose.Key, error) {
	private, err := p.kit.Env.Keys().RSA(rsaKeyName)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(private.N.Bytes())
	return jose.NewRSAKey("idp-"+hex.EncodeToString(digest[:8]), private)
}

// makeSAMLKey is the RSA key with a certificate. All identity providers of the lab share it.
func (p *Party) makeSAMLKey() (*saml.Key, error) {
	key, err := p.rsaKey()
	if err != nil {
		return nil, err
	}
	return saml.NewKey(key.Private, "ssolab identity providers")
}

// Issuer, EntityID and the like are what an administrator copies from an identity provider into Scalekit.
func Issuer(base, name string) string { return base + named(name).issuer }

// EntityID is the SAML entity id of an identity provider.
func EntityID(base, name string) string { return base + named(name).entityID }

// SSOURL is the SAML single sign-on URL of an identity provider.
func SSOURL(base, name string) string { return base + named(name).sso }

// MetadataURL is where the SAML metadata of an identity provider is.
func MetadataURL(base, name string) string { return base + named(name).metadata }

// Certificate signs the SAML responses of the identity providers.
func (p *Party) Certificate() (string, error) {
	key, err := p.samlKey()
	if err != nil {
		return "", err
	}
	return key.PEM(), nil
}

func named(name string) character {
	for _, c := range characters() {
		if c.name == name {
			return c
		}
	}
	return simulator()
}

// presentPage shows an error of the identity providers' own pages.
func (p *Party) presentPage(w http.ResponseWriter, r *http.Request, err error) {
	p.refusals.Present(w, r, look.Page{Party: "idp", Title: "Sign-in stopped · identity provider mock", Strip: "mock identity provider · not a real one"}, err)
}

// refuse ends a request that belongs to no sign-in that can be answered.
func refuse(code, description, sentence string) *refusal.Error {
	return &refusal.Error{Code: code, Description: description, Sentence: sentence}
}

func (p provider) strip(organization string) string {
	what := "mock " + p.title
	if organization != "" {
		what += " · " + organization
	}
	return what + " · not a real identity provider"
}

// parameters reads the parameters of a request from its query, or from its body when it is a POST.
func parameters(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodPost {
		return web.Form(r)
	}
	return web.Query(r)
}

// presentOAuth shows an error as the JSON of RFC 6749 §5.2.
func presentOAuth(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	note(r.Context(), "The "+r.URL.Path+" endpoint refused: "+e.Error()+".")
	if e.Status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="OAuth"`) // RFC 6749 §5.2
	}
	web.NoStore(w)
	writeOAuth(w, e.HTTPStatus(), string(e.Code), e.Description)
}

// presentBearer shows an error of userinfo in plain text.
func presentBearer(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	note(r.Context(), "userinfo refused: "+e.Error()+".")
	http.Error(w, e.Description, e.HTTPStatus())
}

// note marks the sign-in as failed, unless it was completed before.
func note(ctx context.Context, sentence string) {
	completed := false
	trace.Annotate(ctx, func(s *trace.SignIn) { completed = s.Outcome == trace.Completed })
	if completed {
		trace.Note(ctx, sentence)
		return
	}
	trace.Fail(ctx, sentence)
}

func writeOAuth(w http.ResponseWriter, status int, code, description string) {
	body := struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description}
	_ = web.JSON(w, status, "application/json", body) // two strings always encode
}

func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrKeyTooLong) {
		return refuse("invalid_request", "", "This sign-in page was used already, has expired or never was. Start again from the application.").Because(err)
	}
	return err
}
