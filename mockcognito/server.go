package mockcognito

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/lambda"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/trigger"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Server is a Cognito service: the user pools API, the issuers and the domains of its pools on one handler.
type Server struct {
	cfg     Config
	kit     *party.Kit
	surface *web.Surface
	client  *http.Client // calls to identity providers

	directory *userpool.Directory
	lambda    atomic.Pointer[lambda.Client]
	engine    *signin.Engine // signs the pools' own users in
	api       *idp.Service
	current   atomic.Pointer[live]

	flows     store.Table[flow]
	codes     store.Table[grant]
	refresh   store.Table[refreshGrant]
	sessions  store.Table[session]
	revoked   store.Table[bool]
	used      store.Table[string] // code → origin_jti of the grant it was used for, without the quirk code-reuse-revokes-nothing
	signedOut store.Table[int]    // origin_jti → global sign-outs of its user before it was issued
	explained store.Table[string]
	attempts  store.Table[attempt]

	mu         sync.Mutex // guards the two below
	discovered map[string]discovered
	lastKeys   map[string][]byte // JWK Sets of providers, by jwks_uri
}

// New returns a server for cfg, or every problem of cfg.
func New(cfg Config) (*Server, error) {
	if cfg.Kit == nil {
		cfg.Kit = party.NewKit(lab.New(lab.Options{}), quirk.NewSet(Quirks()), nil)
	}
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	kit := cfg.Kit
	s := &Server{
		cfg: cfg, kit: kit, client: kit.Client(trace.Cognito, cfg.UpstreamTimeout),
		flows:      store.NewTable[flow](kit.Transient, "cognito.flows"),
		codes:      store.NewTable[grant](kit.Transient, "cognito.codes"),
		refresh:    store.NewTable[refreshGrant](kit.Store, "cognito.refresh_tokens"),
		sessions:   store.NewTable[session](kit.Store, "cognito.sessions"),
		revoked:    store.NewTable[bool](kit.Store, "cognito.revoked"),
		used:       store.NewTable[string](kit.Store, "cognito.used_codes"),
		signedOut:  store.NewTable[int](kit.Store, "cognito.signed_out"),
		explained:  store.NewTable[string](kit.Transient, "cognito.explanations"),
		attempts:   store.NewTable[attempt](kit.Transient, "cognito.page_attempts"),
		discovered: map[string]discovered{},
		lastKeys:   map[string][]byte{},
	}
	ctx := context.Background()
	var err error
	s.directory, err = userpool.Open(ctx, userpool.Options{Env: kit.Env, Store: kit.Store, Transient: kit.Transient, Changed: s.serveSnapshot})
	if err != nil {
		return nil, err
	}
	if err := s.directory.Apply(ctx, cfg.declaration()); err != nil {
		return nil, err
	}
	s.lambda.Store(cfg.lambdaClient())
	s.engine = signin.New(signin.Options{
		Env: kit.Env, Directory: s.directory, Store: kit.Transient, Log: kit.Log, Triggers: trigger.Runner{Invoker: functions{s}},
	})
	s.api = s.newAPI()
	s.client.CheckRedirect = s.followUpstream
	kit.Faults.Declare(faultPoints(), s.faults())
	s.mount()
	return s, nil
}

// mount lists every endpoint; nothing else registers a route.
func (s *Server) mount() {
	s.surface = &web.Surface{
		Party: trace.Cognito, Trace: s.kit.Trace, Faults: s.kit.Faults, Log: s.kit.Log, NotFound: s.notFound,
		MethodNotAllowed: s.otherMethod, LimitPoint: "cognito.body_limit",
	}
	post := []string{http.MethodPost}
	preflight := []string{http.MethodOptions}
	page := func(path string, show func(http.ResponseWriter, *http.Request, *pageRequest) error) web.Route {
		return web.Route{Path: path, Point: "cognito.account", Channel: trace.Front, Present: s.presentFront, Serve: s.accountPage(s.ownUsers(show))}
	}
	form := func(path string, act func(http.ResponseWriter, *http.Request, *pageRequest) error) web.Route {
		return web.Route{Path: path, Methods: post, Point: "cognito.account_form", Channel: trace.Front, Present: s.presentFront, Serve: s.accountForm(s.ownUsers(act))}
	}
	s.surface.Mount(
		web.Route{Path: "/{pool}/.well-known/openid-configuration", Point: "cognito.discovery", Channel: trace.Back, Present: s.presentAPI, Serve: s.discovery},
		web.Route{Path: "/{pool}/.well-known/jwks.json", Point: "cognito.keys", Channel: trace.Back, Present: s.presentAPI, Serve: s.jwks},

		web.Route{Path: "/oauth2/authorize", Point: "cognito.authorize", Channel: trace.Front, Starts: true, Present: s.presentFront, Serve: s.authorize},
		web.Route{Path: "/authorize", Point: "cognito.authorize", Channel: trace.Front, Starts: true, Present: s.presentFront, Serve: s.authorize},
		web.Route{Path: "/oauth2/idpresponse", Methods: []string{http.MethodGet, http.MethodPost}, Point: "cognito.idpresponse", Channel: trace.Front, Present: s.presentFront, Serve: s.idpResponse},
		web.Route{Path: "/login", Point: "cognito.login", Channel: trace.Front, Starts: true, Present: s.presentFront, Serve: s.login},
		web.Route{Path: "/login", Methods: post, Point: "cognito.login_form", Channel: trace.Front, Present: s.presentFront, Serve: s.accountForm(s.loginForm)},
		page(pageSignUp, s.showSignUp), form(pageSignUp, s.signUpForm),
		page(pageConfirm, s.showConfirm), form(pageConfirm, s.confirmForm), form(pageResend, s.resendForm),
		page(pageForgot, s.showForgot), form(pageForgot, s.forgotForm),
		page(pageReset, s.showReset), form(pageReset, s.resetForm),
		page(pagePassword, s.showNewPassword), form(pagePassword, s.newPasswordForm),
		page(pageMFA, s.showMFA), form(pageMFA, s.mfaForm),
		web.Route{Path: "/logout", Point: "cognito.logout", Channel: trace.Front, Present: s.presentFront, Serve: s.logout},
		web.Route{Path: "/error", Point: "cognito.error", Channel: trace.Front, Present: s.presentFront, Serve: s.errorPage},

		web.Route{Path: "/oauth2/token", Methods: post, Point: "cognito.token", Channel: trace.Back, Present: s.presentToken, Serve: s.token},
		web.Route{Path: "/oauth2/userInfo", Point: "cognito.userinfo", Channel: trace.Back, Present: s.presentUserInfo, Serve: s.userInfo},
		web.Route{Path: "/oauth2/userInfo", Methods: post, Point: "cognito.userinfo", Channel: trace.Back, Present: s.presentUserInfo, Serve: s.postUserInfo},
		web.Route{Path: "/oauth2/revoke", Methods: post, Point: "cognito.revoke", Channel: trace.Back, Present: s.presentToken, Serve: s.revoke},
		web.Route{Path: "/oauth2/token", Methods: preflight, Point: "cognito.preflight", Silent: true, Serve: s.preflight},
		web.Route{Path: "/oauth2/userInfo", Methods: preflight, Point: "cognito.preflight", Silent: true, Serve: s.preflight},
		web.Route{Path: "/oauth2/revoke", Methods: preflight, Point: "cognito.preflight", Silent: true, Serve: s.preflight},

		web.Route{Path: "/{$}", Methods: post, Point: "cognito.api", Channel: trace.Back, Present: s.presentAPI, Serve: s.api.Serve},
		web.Route{Path: "/{$}", Methods: preflight, Point: "cognito.preflight", Silent: true, Serve: s.preflight},
	)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS != nil && !loopback(hostname(r.Host)) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000 ; includeSubDomains")
	}
	if !s.live().hosts.serve(r) {
		w.Header().Set("X-Ssolab", "mock")
		_ = s.notFound(w, r)
		return
	}
	s.surface.ServeHTTP(w, r)
}

// Reset goes back to what was declared: pools made by the API, changes of declared ones and users go. It expects the
// tables of sign-ins under way to have been cleared by the owner of the store.
func (s *Server) Reset(ctx context.Context) error {
	s.mu.Lock()
	clear(s.discovered)
	clear(s.lastKeys)
	s.mu.Unlock()
	return s.directory.Reset(ctx)
}

// Reload takes over another declaration of user pools: declared ones are made, changed and deleted to match it; what the
// API has made, users, sessions and tokens stay. So are the addresses of functions. A declaration with a problem changes
// nothing. The rest of cfg is read at New alone.
func (s *Server) Reload(ctx context.Context, cfg Config) error {
	next := s.cfg
	next.UserPools, next.Lambda = cfg.UserPools, cfg.Lambda
	next = next.withDefaults()
	if err := next.Validate(); err != nil {
		return err
	}
	if err := s.directory.Apply(ctx, next.declaration()); err != nil {
		return err
	}
	s.lambda.Store(next.lambdaClient())
	return nil
}

// Messages are the e-mails and text messages that the service would have sent, newest first.
func (s *Server) Messages(ctx context.Context) ([]Message, error) {
	list, err := s.directory.Outbox().List(ctx)
	return mapped(list, func(m userpool.Message) Message {
		return Message{At: m.At, PoolID: m.PoolID, Username: m.Username, Medium: m.Medium, Destination: m.Destination, Purpose: string(m.Purpose), Code: m.Code, Subject: m.Subject, Body: m.Body}
	}), err
}

// Message is an e-mail or text message that the service would have sent.
type Message struct {
	At          time.Time
	PoolID      string
	Username    string
	Medium      string // EMAIL or SMS
	Destination string // address or number
	Purpose     string // invitation, sign-up, forgot-password, verify-attribute, second-factor, one-time-password
	Code        string // or the temporary password
	Subject     string
	Body        string
}

// region is the lab's, that of the first pool: where requests that name none belong.
func (s *Server) region() string {
	if now := s.live(); now != nil && now.first() != nil {
		return now.first().Region()
	}
	return "us-east-1"
}

// notFound answers a path that is not served, or not on this host. The real service has others: docs/not-modelled.md.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) error {
	http.Error(w, fmt.Sprintf("mock Cognito serves no %s on %s.\n%s", r.URL.Path, r.Host, s.live().hosts.describe()), http.StatusNotFound)
	return nil
}

// otherMethod answers a method that an endpoint does not serve.
func (s *Server) otherMethod(w http.ResponseWriter, r *http.Request, _ error) {
	s.kit.Faults.Wrap("cognito.other_method", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	})).ServeHTTP(w, r)
}

// clientOf finds the app client of a request with its pool: by client id first, so that one origin can serve several
// pools, then by host, since a domain serves its own pool only.
func (s *Server) clientOf(r *http.Request, clientID string) (*pool, *appClient) {
	now := s.live()
	p, client := now.client(clientID)
	if p == nil || !now.hosts.of(r, p) {
		return nil, nil
	}
	return p, client
}
