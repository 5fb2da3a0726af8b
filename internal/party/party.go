// Package party holds what every party of a lab is given: the Kit. Each party gets the same one, and so one clock, one
// trace, one plan of faults and one set of quirks; its state is apart, in tables named after it.
package party

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// Kit is what a party shares with the others of its lab.
type Kit struct {
	Env       *lab.Env
	Store     store.Backend // what a restart must not lose: configuration, users, sessions, refresh tokens
	Transient store.Backend // what is good for minutes, and is begun anew after a restart: sign-ins under way, codes
	Trace     *trace.Recorder
	Faults    *fault.Plan
	Quirks    *quirk.Set
	Log       *slog.Logger

	transport *http.Transport
}

// NewKit returns a kit over env with an empty memory store, an empty trace and no fault. quirks may be nil only for
// parties that ask for none. A nil log discards.
func NewKit(env *lab.Env, quirks *quirk.Set, log *slog.Logger) *Kit {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	records := memory.New(env.Now)
	return &Kit{
		Env:   env,
		Store: records, Transient: records,
		Trace:  trace.NewRecorder(trace.Options{Now: env.Now, ID: func() string { return env.Token(9) }}),
		Faults: fault.NewPlan(), Quirks: quirks, Log: log,
		transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 32, IdleConnTimeout: 30 * time.Second,
			DisableCompression: true,
			// HTTP/1.1 only: the trace tells callers apart by connection.
		},
	}
}

// Reach tells the parties' clients how to reach each other: resolve answers where to dial an address (host:port, as in
// URLs, with the scheme's port where there is none), which is the address itself where the system's resolver is to be
// asked; and roots are trusted instead of the system's. Call it before the first Client.
func (k *Kit) Reach(resolve func(addr string) string, roots *x509.CertPool) {
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	k.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, resolve(addr))
	}
	k.transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// Client returns an HTTP client for a party's calls to other parties. Redirects are not followed; timeout bounds the
// whole call.
func (k *Kit) Client(from trace.Party, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     bounded{k.Trace.Transport(from, k.transport), timeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Outside returns an HTTP client for a party's calls to a server that is none of the lab's. They are recorded here, as
// nobody else records them. Redirects are not followed; timeout bounds the whole call.
func (k *Kit) Outside(from trace.Party, to trace.Endpoint, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     bounded{k.Trace.Outgoing(from, to, k.transport), timeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded gives each call a deadline, from the dial to the end of the answer's body. http.Client's own Timeout starts a
// goroutine for every call, unless its transport is net/http's.
type bounded struct {
	base    http.RoundTripper
	timeout time.Duration
}

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), b.timeout)
	resp, err := b.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = boundedBody{resp.Body, cancel}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b boundedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// Keep keeps what a restart must not lose in b, which Close closes. Call it before the first party is made.
func (k *Kit) Keep(b store.Backend) { k.Store = b }

// Clear removes every record.
func (k *Kit) Clear(ctx context.Context) error {
	return errors.Join(k.Transient.Clear(ctx), k.Store.Clear(ctx))
}

// Close ends idle connections and waits for keys that are being made.
func (k *Kit) Close() error {
	k.transport.CloseIdleConnections()
	k.Env.Keys().Wait()
	return errors.Join(k.Transient.Close(), k.Store.Close())
}

// Cookies returns the cookie rules of a party at base, its own URL: with a port of a shared host name the names carry
// the port.
func Cookies(base string) web.Cookies {
	u, err := url.Parse(base)
	if err != nil {
		return web.Cookies{}
	}
	c := web.Cookies{Secure: u.Scheme == "https"}
	if h := u.Hostname(); u.Port() != "" && (h == "localhost" || net.ParseIP(h) != nil) {
		c.Suffix = "-" + u.Port()
	}
	return c
}
