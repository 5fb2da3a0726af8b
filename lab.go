package ssolab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/localca"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/store/bolt"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// Lab is a running sign-in chain.
type Lab struct {
	cfg Config // at the start; what a reload changes is in current

	kit    *party.Kit
	ca     *localca.CA // nil without TLS
	bundle string      // file with the system's roots and the CA's; empty for a CA in memory
	data   *bolt.File  // nil without Config.Data
	layout layout
	// current is what is declared at the moment.
	current   atomic.Pointer[declared]
	reloading sync.Mutex // one reload or reset at a time; guards faultIDs
	faultIDs  []string   // of the rules that the configuration declares
	// fixedHosts are the parties' hosts on the TLS port but for Cognito's.
	fixedHosts map[string]int
	cognito    *mockcognito.Server
	scalekit   *mockscalekit.Server

	stop    context.CancelFunc
	servers []*http.Server
	serving sync.WaitGroup
	close   func() error
}

// New returns a lab that is not started yet, or every problem of cfg.
func New(cfg Config) (*Lab, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Lab{cfg: cfg}, nil
}

// Start opens the lab's ports and serves. It returns when every party answers, or with a *PortError when a port is
// taken. An error that has a method Hint says by it what to do. ctx bounds the start only.
func (l *Lab) Start(ctx context.Context) error {
	if err := l.openData(); err != nil {
		return err
	}
	if err := l.start(ctx); err != nil {
		return errors.Join(err, l.closeData())
	}
	return nil
}

func (l *Lab) start(ctx context.Context) error {
	ca, err := l.cfg.authority()
	if err != nil {
		return err
	}
	l.ca = ca
	if ca != nil && ca.Dir() != "" {
		if l.bundle, err = ca.WriteBundle(); err != nil {
			return err
		}
	}
	listeners, err := listenAll(ctx, l.cfg)
	if err != nil {
		return err
	}
	l.layout = l.cfg.layoutAt(listeners.ports(), listeners.tlsPort())
	l.current.Store(&declared{l.cfg, l.cfg.plan(l.layout)})
	if err := l.build(); err != nil {
		return errors.Join(err, listeners.Close())
	}
	handlers, err := l.handlers()
	if err != nil {
		return errors.Join(err, listeners.Close(), l.kit.Close())
	}
	base, stop := context.WithCancel(context.Background())
	l.stop = stop
	for i, handler := range handlers {
		if len(listeners.parties[i]) > 0 {
			l.serve(base, handler, listeners.parties[i], l.cfg.TLS && l.cfg.Names == "")
		}
	}
	if len(listeners.tls) > 0 {
		l.serve(base, l.byHost(handlers), listeners.tls, true)
	}
	l.close = sync.OnceValue(l.shutdown)
	return nil
}

// maxHeader bounds the header of a request, in bytes; net/http adds 4 KiB. Browsers send the cookies of everything that
// runs on localhost to each of its ports, hence so much. Bodies are bounded by web.MaxBody.
const maxHeader = 64 << 10

// limits are how long a client may take. What waits on purpose (events of the control API, a delay made by a fault)
// lifts them for its own request.
type limits struct {
	header  time.Duration // to send a request's header, TLS handshake included
	request time.Duration // to send the whole request
	answer  time.Duration // from the header to the end of the answer
}

func (t limits) orDefault() limits {
	if t == (limits{}) {
		return limits{header: 10 * time.Second, request: 30 * time.Second, answer: time.Minute}
	}
	return t
}

// serve answers on a pair of listeners with one server.
func (l *Lab) serve(base context.Context, handler http.Handler, pair []net.Listener, secure bool) {
	limits := l.cfg.limits.orDefault()
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: limits.header, ReadTimeout: limits.request, WriteTimeout: limits.answer, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: maxHeader, BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog: slog.NewLogLogger(l.cfg.Log.Handler(), slog.LevelDebug), // TLS handshakes that a client broke off, mostly
	}
	l.servers = append(l.servers, server)
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	if secure {
		server.Protocols.SetHTTP2(true)
		server.TLSConfig = l.tlsConfig()
	} else {
		server.Protocols.SetUnencryptedHTTP2(true) // Scalekit's Node SDK speaks gRPC in it, with prior knowledge
	}
	for _, listener := range pair {
		l.serving.Go(func() { // Serve always ends with an error, at Close
			if secure {
				plain := &http.Server{Handler: handler, ReadHeaderTimeout: limits.header, ReadTimeout: limits.request, WriteTimeout: limits.answer, MaxHeaderBytes: maxHeader}
				_ = server.ServeTLS(plainToo{listener, l, plain}, "", "")
			} else {
				_ = server.Serve(listener)
			}
		})
	}
}

// serves tells whether a certificate may be made for host.
func (l *Lab) serves(host string) bool {
	if l.layout.names == "" {
		ip := net.ParseIP(host)
		return host == "localhost" || ip != nil && ip.IsLoopback()
	}
	_, ok := l.partyAt(host)
	return ok
}

// partyAt finds the party of a host name on the TLS port: one of the fixed ones, or any that Cognito has at the moment.
func (l *Lab) partyAt(host string) (party int, ok bool) {
	if party, ok = l.fixedHosts[host]; ok {
		return party, true
	}
	return partyCognito, l.cognito.ServesHost(host)
}

// hosts are the parties' host names on the TLS port at the moment, sorted; none without names.
func (l *Lab) hosts() []string {
	if l.layout.names == "" {
		return nil
	}
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(l.fixedHosts)), l.cognito.Hosts())))
}

// byHost gives each request on the TLS port to the party whose name it is for.
func (l *Lab) byHost(handlers [len(partyNames)]http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(r.Host); err == nil {
			host = name
		}
		party, ok := l.partyAt(strings.ToLower(host))
		if !ok {
			w.Header().Set("X-Ssolab", "mock")
			http.Error(w, fmt.Sprintf("this lab has no party called %q; it has %s", host, strings.Join(l.hosts(), ", ")), http.StatusMisdirectedRequest)
			return
		}
		handlers[party].ServeHTTP(w, r)
	})
}

// build makes the kit and the mocks at the lab's addresses.
func (l *Lab) build() error {
	env, err := l.env()
	if err != nil {
		return err
	}
	l.kit = party.NewKit(env, l.cfg.quirkSet(), l.cfg.Log)
	declareTLSFaults(l.kit.Faults)
	if l.data != nil {
		l.kit.Keep(l.data.Space(spaceState, env.Now))
	}
	plan := l.plan()
	l.fixedHosts = l.layout.hosts(plan.urls)
	l.kit.Reach(l.resolve, roots(l.ca))
	urls := plan.urls
	// Cognito comes first: its keys are the first that anybody asks for.
	l.cognito, err = mockcognito.New(mockcognito.Config{
		Kit: l.kit, URL: urls.Cognito, Addresses: l.layout.addresses(), UserPools: plan.pools, Lambda: plan.lambda, UpstreamTimeout: l.cfg.UpstreamTimeout,
		TrustedUpstreams: []string{strings.TrimPrefix(urls.Scalekit, "https://")},
	})
	if err != nil {
		return err
	}
	l.scalekit, err = mockscalekit.New(mockscalekit.Config{Kit: l.kit, URL: urls.Scalekit, IdPURL: urls.IdP, Environment: plan.env, AllowRedirectURI: l.allowRedirectURI})
	if err != nil {
		return err
	}
	return l.applySwitches()
}

// Resolve says where the lab's host names are, for clients that do not resolve them: host:port to address:port. It is
// empty without names.
func (l *Lab) Resolve() map[string]string {
	out := map[string]string{}
	for _, host := range l.hosts() {
		port := strconv.Itoa(l.layout.tlsPort)
		out[net.JoinHostPort(host, port)] = net.JoinHostPort("127.0.0.1", port)
	}
	return out
}

// resolve is Resolve for one address, host:port; one that is not the lab's stays as it is.
func (l *Lab) resolve(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || l.layout.names == "" || port != strconv.Itoa(l.layout.tlsPort) {
		return addr
	}
	if _, ok := l.partyAt(host); !ok {
		return addr
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// allowRedirectURI lets the Scalekit clients whose redirect URIs are the lab's own send people back to every domain that
// a user pool has at the moment.
func (l *Lab) allowRedirectURI(clientID, uri string) bool {
	own := slices.ContainsFunc(l.current.Load().cfg.Scalekit.Clients, func(c mockscalekit.Client) bool { return c.ID == clientID && c.RedirectURIs != nil })
	return !own && slices.ContainsFunc(l.cognito.DomainURLs(), func(base string) bool { return uri == base+idpResponsePath })
}

// CA is the certificate of the lab's CA in PEM; nil without TLS.
func (l *Lab) CA() []byte {
	if l.ca == nil {
		return nil
	}
	return l.ca.PEM()
}

// CAKeyHash is the base64 SHA-256 of the CA's public key, for Chromium's --ignore-certificate-errors-spki-list.
func (l *Lab) CAKeyHash() string {
	if l.ca == nil {
		return ""
	}
	return l.ca.SPKIHash()
}

// HTTPClient returns a client that trusts the lab's CA and finds its host names. It keeps no cookies.
func (l *Lab) HTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots(l.ca), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, l.resolve(addr))
		},
	}}
}

// applySwitches turns the configured quirks and faults on.
func (l *Lab) applySwitches() error {
	var errs []error
	cfg := l.current.Load().cfg
	errs = append(errs, l.kit.Quirks.Apply(cfg.Quirks))
	return errors.Join(append(errs, l.addFaults(cfg.Faults))...)
}

// handlers are the parties' HTTP sides, in the order of their ports.
func (l *Lab) handlers() ([len(partyNames)]http.Handler, error) {
	var out [len(partyNames)]http.Handler
	web, err := console.New(console.Config{Kit: l.kit, URL: l.plan().urls.Console, Also: l.layout.consoleNames(), Info: l.info, Reset: l.Reset, Reload: l.reloadSource(), Messages: l.messages, Version: l.cfg.Version, Webhooks: webhooks{l.scalekit}})
	if err != nil {
		return out, fmt.Errorf("console: %w", err)
	}
	out[partyConsole], out[partyCognito], out[partyScalekit], out[partyApp], out[partyIdP] = web, l.cognito, l.scalekit.Environment(), &mainApp{lab: l}, l.scalekit.IdP()
	return out, nil
}

// messages are what Cognito would have sent, for the console.
func (l *Lab) messages(ctx context.Context) ([]console.Message, error) {
	list, err := l.cognito.Messages(ctx)
	out := make([]console.Message, len(list))
	for i, m := range list {
		out[i] = console.Message(m)
	}
	return out, err
}

// Close stops the lab at once: open requests are cut off, ports and memory are given back. It may be called more than
// once.
func (l *Lab) Close() error {
	if l.close == nil {
		return nil
	}
	return l.close()
}

func (l *Lab) shutdown() error {
	l.stop()
	var errs []error
	for _, s := range l.servers {
		errs = append(errs, s.Close())
	}
	l.serving.Wait()
	return errors.Join(append(errs, l.scalekit.Close(), l.kit.Close(), l.closeData())...)
}

// Reset puts everything back to the start: users, what the APIs made, sessions, codes, tokens, sign-ins, faults, quirks and
// the clock; in the data directory too. Keys stay.
func (l *Lab) Reset(ctx context.Context) error {
	l.reloading.Lock()
	defer l.reloading.Unlock()
	l.kit.Faults.Reset()
	l.kit.Quirks.Reset()
	l.kit.Env.ResetClock()
	if err := l.kit.Clear(ctx); err != nil {
		return err
	}
	l.kit.Trace.Reset()
	return errors.Join(l.cognito.Reset(ctx), l.scalekit.Reset(ctx), l.applySwitches())
}

// Advance moves the lab's clock by d: codes, tokens, cookies and sessions of every party age by it.
func (l *Lab) Advance(d time.Duration) { l.kit.Env.Advance(d) }

// ClockOffset is how far the lab's clock is from the machine's.
func (l *Lab) ClockOffset() time.Duration { return l.kit.Env.Offset() }

// DataDir is where the lab keeps what a restart must not lose; empty: in memory.
func (l *Lab) DataDir() string { return l.cfg.Data }

// AddFault switches a fault on and returns its rule with its id.
func (l *Lab) AddFault(rule FaultRule) (FaultRule, error) { return l.kit.Faults.Add(rule) }

// RemoveFault takes a rule back and tells whether it was there.
func (l *Lab) RemoveFault(id string) bool { return l.kit.Faults.Remove(id) }

// Now is the lab's time.
func (l *Lab) Now() time.Time { return l.kit.Env.Now() }

// URLs are where the parties are.
func (l *Lab) URLs() URLs { return l.plan().urls }

// Emails are addresses that can be tried: one or two of each organization's domains, people it knows first.
func (l *Lab) Emails() []string {
	var out []string
	for _, person := range l.plan().env.People {
		out = append(out, person.Email)
	}
	slices.Sort(out)
	return out
}

// PortError says that a port of the lab is taken.
type PortError struct {
	Party string // console, cognito, scalekit, app or idp
	Addr  string // host:port
	Err   error
}

// Error implements error.
func (e *PortError) Error() string {
	return fmt.Sprintf("the port of the %s, %s, cannot be opened: %v", e.Party, e.Addr, e.Err)
}

// Unwrap returns the cause.
func (e *PortError) Unwrap() error { return e.Err }
