package sampleapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// Config is what New needs.
type Config struct {
	Kit              *party.Kit
	URL              string   // the app's own origin, e.g. http://localhost:9403
	Issuer           string   // of the user pool; discovery is read from it at the first sign-in
	ClientID         string   // of the app client
	ClientSecret     string   // empty for a public client
	Scopes           []string // default: openid email
	IdentityProvider string   // name of the provider in the user pool, sent as identity_provider; empty sends none
	DomainURL        string   // of the user pool's domain, for /logout, which discovery does not name
	ConsoleURL       string   // of the lab's console; empty leaves out the links to recorded sign-ins
	TryEmails        []string // e-mails offered on the login page
}

func (c *Config) validate() error {
	var problems []error
	for name, value := range map[string]string{"URL": c.URL, "Issuer": c.Issuer, "DomainURL": c.DomainURL, "ConsoleURL": c.ConsoleURL} {
		if value == "" && name == "ConsoleURL" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			problems = append(problems, fmt.Errorf("%s is %q, not an absolute http or https URL", name, value))
		}
	}
	if c.Kit == nil {
		problems = append(problems, errors.New("no Kit"))
	}
	if c.ClientID == "" {
		problems = append(problems, errors.New("ClientID is missing"))
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid", "email"}
	}
	if !slices.Contains(c.Scopes, "openid") {
		problems = append(problems, fmt.Errorf("the Scopes are %q; without openid there is no ID token to verify", c.Scopes))
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	c.DomainURL = strings.TrimSuffix(c.DomainURL, "/")
	c.ConsoleURL = strings.TrimSuffix(c.ConsoleURL, "/")
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

const (
	cookieName   = "ssolab-app"
	pendingLives = 10 * time.Minute
	sessionLives = 8 * time.Hour
	callTimeout  = 10 * time.Second
)

type app struct {
	Config
	client   *http.Client
	provider *provider
	cookies  web.Cookies
	pending  store.Table[pending]
	sessions store.Table[session]
}

// pending is a sign-in that left for Cognito. Its key is the state.
type pending struct {
	Session  string // the browser that left
	Nonce    string
	Verifier string
}

// session is what the app knows of one browser. Its key is the value of the cookie.
type session struct {
	Previous string // the browser's id before it signed in, so that a second tab can still come back
	SignedIn bool
	Email    string
	UserInfo json.RawMessage
	IDToken  json.RawMessage // claims
	SignIn   string          // id of the recorded sign-in
}

// New returns the application's handler.
func New(c Config) (http.Handler, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("sample app: %w", err)
	}
	client := c.Kit.Client(trace.App, callTimeout)
	a := &app{
		Config: c, client: client, provider: &provider{issuer: c.Issuer, client: client},
		cookies:  party.Cookies(c.URL),
		pending:  store.NewTable[pending](c.Kit.Transient, "app.pending"),
		sessions: store.NewTable[session](c.Kit.Transient, "app.session"),
	}
	s := &web.Surface{Party: trace.App, Trace: c.Kit.Trace, Faults: c.Kit.Faults, Log: c.Kit.Log, NotFound: web.Endpoint(a.notFound)}
	s.Mount(
		web.Route{Path: "/{$}", Point: "app.home", Channel: trace.Front, Silent: true, Present: a.present, Serve: a.home},
		web.Route{Path: "/auth/login", Point: "app.login", Channel: trace.Front, Starts: true, Present: a.present, Serve: a.login},
		web.Route{Path: "/auth/callback", Point: "app.callback", Channel: trace.Front, Present: a.present, Serve: a.callback},
		web.Route{
			Methods: []string{http.MethodGet, http.MethodPost}, Path: "/auth/logout", Point: "app.logout", Channel: trace.Front,
			Present: a.present, Serve: a.logout,
		},
	)
	return s, nil
}

func (a *app) redirectURI() string { return a.URL + "/auth/callback" }

// oauth2 is the client's configuration. The authentication style is set, since x/oauth2 would otherwise try both, and
// a refused code is not there for the second try.
func (a *app) oauth2(endpoint oauth2.Endpoint) *oauth2.Config {
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if a.ClientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: a.ClientID, ClientSecret: a.ClientSecret, Endpoint: endpoint,
		RedirectURL: a.redirectURI(), Scopes: a.Scopes,
	}
}

// current returns the browser's session, and its id even where nobody has signed in with it.
func (a *app) current(r *http.Request) (string, session, error) {
	id := a.cookies.Get(r, cookieName)
	if id == "" {
		return "", session{}, nil
	}
	s, err := a.sessions.Get(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return "", session{}, nil // expired, or of another lab that ran on this port
	}
	return id, s, err
}

func (a *app) setSession(w http.ResponseWriter, r *http.Request, id string, s session) error {
	if err := a.sessions.Put(r.Context(), id, s, a.Kit.Env.Now().Add(sessionLives)); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	a.cookies.Set(w, cookieName, id, 0, http.SameSiteLaxMode)
	return nil
}
