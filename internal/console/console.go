package console

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/web"
)

// Config is what New needs.
type Config struct {
	Kit    *party.Kit
	URL    string                                  // the console's own origin, e.g. http://localhost:9400
	Also   []string                                // further origins under which it is reached
	Info   func() Info                             // what the lab is; asked at each request, nil means nothing to tell
	Reset  func(context.Context) error             // puts parties and their records back to the start; nil clears the store
	Reload func(context.Context) (Reloaded, error) // reads the lab's configuration again; nil: there is none to read
	// Messages are what the lab would have mailed or texted, newest first; nil: nothing ever.
	Messages func(context.Context) ([]Message, error)
	Version  string   // of the program; default "dev"
	Webhooks Webhooks // of Scalekit; nil: none
}

// Info describes a running lab to people and programs.
type Info struct {
	Parties   []PartyInfo
	Variables []Variable
	Emails    []string          // to try
	Resolve   map[string]string // where host names of the lab are: host:port to address:port
	CA        string            // certificate of the lab's CA in PEM; empty without TLS
}

// PartyInfo is one party as it is shown.
type PartyInfo struct {
	Name        string // e.g. "Cognito"
	Party       string // app, cognito, scalekit, idp or console: its colour, and its data-testid "party-<party>"
	URL         string
	Description string
}

// Variable is one variable that an application of the lab needs.
type Variable struct {
	Name   string
	Value  string
	Secret bool // hidden on the page until asked for
}

//go:embed pages/live.js
var script string

type console struct {
	Config
}

// New returns the handler of the console and its API.
func New(c Config) (http.Handler, error) {
	if c.Kit == nil {
		return nil, errors.New("console: Kit is missing")
	}
	if c.Info == nil {
		c.Info = func() Info { return Info{} }
	}
	if c.Reset == nil {
		c.Reset = c.Kit.Clear
	}
	if c.Messages == nil {
		c.Messages = func(context.Context) ([]Message, error) { return nil, nil }
	}
	c.Version = cmp.Or(c.Version, "dev")
	g, err := newGuard(c.URL, c.Also...)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	t := &console{Config: c}
	s := &web.Surface{
		Party: "console", Trace: c.Kit.Trace, Log: c.Kit.Log,
		Faults:   fault.NewPlan(), // its own and for ever empty: a fault must not lock out who would take it back
		NotFound: t.notFound, MethodNotAllowed: t.methodNotAllowed,
	}
	s.Mount(t.routes()...)
	return g.wrap(s), nil
}

func (c *console) routes() []web.Route {
	page := func(path, point string, serve web.Endpoint) web.Route {
		return web.Route{Path: path, Point: "console." + point, Silent: true, Present: c.presentPage, Serve: serve}
	}
	api := func(method, path, point string, serve web.Endpoint) web.Route {
		return web.Route{Methods: []string{method}, Path: "/api/v1/" + path, Point: "console." + point, Silent: true, Present: c.presentAPI, Serve: noStore(serve)}
	}
	const get, post, put, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return []web.Route{
		page("/{$}", "home", c.home),
		page("/signins/{id}", "signin-page", c.signInPage),
		api(get, "health", "health", c.health),
		api(get, "env", "env", c.env),
		api(get, "network", "network", c.network),
		api(get, "messages", "messages", c.messages),
		api(get, "signins", "signins", c.signIns),
		api(get, "signins/{id}", "signin", c.signIn),
		api(get, "faults", "faults", c.faults),
		api(post, "faults", "fault-add", c.addFault),
		api(remove, "faults", "fault-clear", c.clearFaults),
		api(remove, "faults/{id}", "fault-remove", c.removeFault),
		api(get, "quirks", "quirks", c.quirks),
		api(put, "quirks/{id}", "quirk-switch", c.switchQuirk),
		api(get, "clock", "clock", c.clock),
		api(post, "clock", "clock-set", c.setClock),
		api(post, "reset", "reset", c.reset),
		api(post, "reload", "reload", c.reload),
		api(get, "webhooks", "webhooks", c.webhooks),
		api(post, "webhooks/{id}/again", "webhook-again", c.webhookAgain),
		api(get, "events", "events", c.waitEvent),
		api(get, "events/stream", "stream", c.streamEvents),
	}
}

func noStore(serve web.Endpoint) web.Endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		web.NoStore(w)
		return serve(w, r)
	}
}

func isAPI(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/api"
}

// clock writes a time for people: local, with its zone.
func clock(t time.Time) string { return t.Local().Format("2 Jan 15:04:05 MST") }

// iso writes a time for programs.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// acted tells how often a rule has acted, and of how many times.
func acted(fired, times int) string {
	if times == 0 {
		return fmt.Sprintf("acted %d times", fired)
	}
	return fmt.Sprintf("acted %d of %d times", fired, times)
}

// px writes a number of an attribute.
func px(n int) string { return strconv.Itoa(n) }

// statusOr is an HTTP status, or a word for none.
func statusOr(status int, none string) string {
	if status == 0 {
		return none
	}
	return strconv.Itoa(status)
}
