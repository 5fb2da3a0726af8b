package ssolab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/sampleapp"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// declared is the configuration that a lab has at the moment.
type declared struct {
	cfg  Config
	plan plan
}

func (l *Lab) plan() plan { return l.current.Load().plan }

// Reloaded tells what a reload has changed.
type Reloaded = console.Reloaded

// Reload replaces the configuration while the lab runs: what is declared differently, anew, or not at all any more changes;
// what the APIs made, users, sessions and tokens stay. Quirks and faults follow where their declaration changed. How the lab
// is reached and where it keeps its data stay as they are; what differs in that is told. After an error nothing has changed.
func (l *Lab) Reload(ctx context.Context, cfg Config) (Reloaded, error) {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	if err := cfg.Validate(); err != nil {
		return Reloaded{}, err
	}
	before := l.current.Load()
	after := &declared{cfg, cfg.plan(l.layout)}
	sameFaults := reflect.DeepEqual(before.cfg.Faults, cfg.Faults)
	if !sameFaults {
		if err := l.checkFaults(cfg.Faults); err != nil {
			return Reloaded{}, err
		}
	}
	if err := l.declare(ctx, before.plan, after.plan); err != nil {
		return Reloaded{}, err
	}
	l.current.Store(after)
	list := changes(before.plan, after.plan)
	quirks, err := l.requirk(before.cfg.Quirks, cfg.Quirks)
	list = append(list, quirks...)
	if !sameFaults {
		err = errors.Join(err, l.addFaults(cfg.Faults))
		list = append(list, console.Change{Op: console.Changed, What: "faults"})
	}
	return Reloaded{Changes: list, Restart: l.restarts(cfg)}, err
}

// declare brings both services into a declared form, or back into the one before.
func (l *Lab) declare(ctx context.Context, before, after plan) error {
	scalekit := func(p plan) error {
		return l.scalekit.Reload(ctx, mockscalekit.Config{URL: p.urls.Scalekit, IdPURL: p.urls.IdP, Environment: p.env, AllowRedirectURI: l.allowRedirectURI})
	}
	if err := scalekit(after); err != nil {
		return err
	}
	if err := l.cognito.Reload(ctx, mockcognito.Config{UserPools: after.pools, Lambda: after.lambda}); err != nil {
		return errors.Join(err, scalekit(before))
	}
	return nil
}

// requirk sets the quirks that are declared otherwise than before.
func (l *Lab) requirk(before, after map[string]bool) ([]console.Change, error) {
	was, is := l.cfg.quirkSet(), l.cfg.quirkSet()
	errs := []error{was.Apply(before), is.Apply(after)}
	var changed []console.Change
	old := was.List()
	for i, q := range is.List() {
		if q.On == old[i].On || q.ID == quirk.StrictOIDC { // which follows from the others
			continue
		}
		errs = append(errs, l.kit.Quirks.Switch(q.ID, q.On))
		changed = append(changed, console.Change{Op: console.Changed, What: "quirk " + q.ID})
	}
	return changed, errors.Join(errs...)
}

// addFaults sets the declared faults in the place of those that were declared before.
func (l *Lab) addFaults(rules []FaultRule) error {
	for _, id := range l.faultIDs {
		l.kit.Faults.Remove(id)
	}
	l.faultIDs = nil
	var errs []error
	for i, rule := range rules {
		added, err := l.kit.Faults.Add(rule)
		if err != nil {
			errs = append(errs, fmt.Errorf("faults[%d]: %w", i, err))
			continue
		}
		l.faultIDs = append(l.faultIDs, added.ID)
	}
	return errors.Join(errs...)
}

// checkFaults tells what addFaults would refuse.
func (l *Lab) checkFaults(rules []FaultRule) error {
	taken := map[string]bool{}
	for _, have := range l.kit.Faults.Rules() {
		taken[have.ID] = !slices.Contains(l.faultIDs, have.ID)
	}
	var errs []error
	for i, rule := range rules {
		err := l.kit.Faults.Check(rule)
		if err == nil && rule.ID != "" && taken[rule.ID] {
			err = fmt.Errorf("there is a rule %q already", rule.ID)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("faults[%d]: %w", i, err))
		}
		taken[rule.ID] = true
	}
	return errors.Join(errs...)
}

// restarts names what cfg says of the things that stay while a lab runs.
func (l *Lab) restarts(cfg Config) []string {
	var out []string
	for name, pair := range map[string][2]any{
		"listen.port_base": {l.cfg.PortBase, cfg.PortBase}, "listen.bind": {l.cfg.Bind, cfg.Bind}, "listen.tls": {l.cfg.TLS, cfg.TLS},
		"listen.names": {l.cfg.Names, cfg.Names}, "listen.tls_port": {l.cfg.TLSPort, cfg.TLSPort}, "listen.ca_dir": {l.cfg.CADir, cfg.CADir},
		"listen.scalekit_environment": {l.cfg.ScalekitEnvironment, cfg.ScalekitEnvironment}, "data": {l.cfg.Data, cfg.Data},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// reloadSource is what the control API reloads; nil where there is nothing to read again.
func (l *Lab) reloadSource() func(context.Context) (Reloaded, error) {
	if l.cfg.Source == nil {
		return nil
	}
	return l.ReloadSource
}

// CanReload tells whether there is something to read again.
func (l *Lab) CanReload() bool { return l.cfg.Source != nil }

// ReloadSource is Reload with what Config.Source reads.
func (l *Lab) ReloadSource(ctx context.Context) (Reloaded, error) {
	cfg, err := l.cfg.Source()
	if err != nil {
		return Reloaded{}, err
	}
	return l.Reload(ctx, cfg)
}

// changes lists what differs between two declarations, in the order of a lab file.
func changes(before, after plan) []console.Change {
	d := &difference{}
	diff(d, "user pool", before.pools, after.pools, func(p mockcognito.UserPool) string { return p.ID }, func(p mockcognito.UserPool) mockcognito.UserPool {
		p.Clients, p.Providers, p.ResourceServers, p.Groups, p.Users = nil, nil, nil, nil, nil
		return p
	})
	for _, p := range after.pools {
		old := mockcognito.UserPool{}
		if i := slices.IndexFunc(before.pools, func(o mockcognito.UserPool) bool { return o.ID == p.ID }); i >= 0 {
			old = before.pools[i]
		}
		diff(d, "app client", old.Clients, p.Clients, func(c mockcognito.AppClient) string { return c.ID }, whole)
		diff(d, "identity provider", old.Providers, p.Providers, func(c mockcognito.IdentityProvider) string { return c.Name }, whole)
		diff(d, "resource server", old.ResourceServers, p.ResourceServers, func(r mockcognito.ResourceServer) string { return r.Identifier }, whole)
		diff(d, "group", old.Groups, p.Groups, func(g mockcognito.Group) string { return g.Name }, whole)
		d.users(old.Users, p.Users)
	}
	d.one("Lambda functions", before.lambda, after.lambda)
	b, a := before.env, after.env
	alone := func(e mockscalekit.Environment) mockscalekit.Environment {
		e.Clients, e.Organizations, e.Connections, e.Users, e.People, e.Webhooks = nil, nil, nil, nil, nil, nil
		return e
	}
	d.one("Scalekit environment", alone(b), alone(a))
	diff(d, "Scalekit client", b.Clients, a.Clients, func(c mockscalekit.Client) string { return c.ID }, whole)
	diff(d, "organization", b.Organizations, a.Organizations, func(o mockscalekit.Organization) string { return o.ID }, whole)
	diff(d, "connection", b.Connections, a.Connections, func(c mockscalekit.Connection) string { return c.ID }, whole)
	diff(d, "Scalekit user", b.Users, a.Users, func(u mockscalekit.User) string { return u.Email }, whole)
	diff(d, "webhook", b.Webhooks, a.Webhooks, func(w mockscalekit.Webhook) string { return w.URL }, whole)
	diff(d, "person", b.People, a.People, func(p mockscalekit.Person) string { return p.Email }, whole)
	return d.list
}

type difference struct{ list []console.Change }

func (d *difference) add(op, what string) {
	d.list = append(d.list, console.Change{Op: op, What: what})
}

func (d *difference) one(what string, before, after any) {
	if !reflect.DeepEqual(before, after) {
		d.add(console.Changed, what)
	}
}

// users of a pool are made where they lack, and else left alone.
func (d *difference) users(before, after []mockcognito.User) {
	for _, u := range after {
		if !slices.ContainsFunc(before, func(o mockcognito.User) bool { return o.Username == u.Username }) {
			d.add(console.Added, "user "+u.Username)
		}
	}
}

// whole compares objects as they are.
func whole[T any](v T) T { return v }

// diff compares two lists of objects that have a name. part is what counts as the object itself.
func diff[T any](d *difference, kind string, before, after []T, name func(T) string, part func(T) T) {
	find := func(list []T, n string) int { return slices.IndexFunc(list, func(v T) bool { return name(v) == n }) }
	for _, v := range after {
		i := find(before, name(v))
		switch {
		case i < 0:
			d.add(console.Added, kind+" "+name(v))
		case !reflect.DeepEqual(part(before[i]), part(v)):
			d.add(console.Changed, kind+" "+name(v))
		}
	}
	for _, v := range before {
		if find(after, name(v)) < 0 {
			d.add(console.Removed, kind+" "+name(v))
		}
	}
}

// main is the app client that the lab's variables and its sample app are of: the first of the first declared pool, and where
// none is declared of the pool that was made first.
func (l *Lab) main() mockcognito.Main {
	p := l.plan()
	if len(p.pools) == 0 {
		return l.cognito.Main()
	}
	first := p.pools[0]
	main := mockcognito.Main{PoolID: first.ID, Issuer: p.urls.Issuer, Domain: p.urls.Domain, ClientID: first.Clients[0].ID, ClientSecret: first.Clients[0].Secret}
	for _, c := range first.Clients {
		if c.Secret == "" {
			main.PublicClientID = c.ID
			break
		}
	}
	if len(first.Providers) > 0 {
		main.Provider = first.Providers[0].Name
	}
	return main
}

// mainApp serves the sample app of the main app client, which may change.
type mainApp struct {
	lab *Lab

	mu    sync.Mutex // guards the fields below
	of    mockcognito.Main
	state *declared // in which it was made: it names people to try
	app   http.Handler
}

// ServeHTTP implements http.Handler.
func (m *mainApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	app, err := m.current()
	if err != nil {
		m.lab.cfg.Log.Error("the sample app cannot be set up", "error", err)
		w.Header().Set("X-Ssolab", "mock")
		web.NoStore(w)
		http.Error(w, "The sample app has no app client to sign in with: "+err.Error()+".\nMake a user pool with a domain and an app client; \"ssolab env\" then prints them.", http.StatusServiceUnavailable)
		return
	}
	app.ServeHTTP(w, r)
}

func (m *mainApp) current() (http.Handler, error) {
	main, state := m.lab.main(), m.lab.current.Load()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.app != nil && m.of == main && m.state == state {
		return m.app, nil
	}
	if main.ClientID == "" || main.Domain == "" {
		return nil, errors.New("there is no user pool with a domain and an app client")
	}
	u := state.plan.urls
	app, err := sampleapp.New(sampleapp.Config{
		Kit: m.lab.kit, URL: u.App, Issuer: main.Issuer, ClientID: main.ClientID, ClientSecret: main.ClientSecret,
		Scopes: []string{"openid", "email"}, IdentityProvider: main.Provider, DomainURL: main.Domain, ConsoleURL: u.Console,
		TryEmails: m.lab.Emails(),
	})
	if err != nil {
		return nil, fmt.Errorf("sample app: %w", err)
	}
	m.of, m.state, m.app = main, state, app
	return app, nil
}
