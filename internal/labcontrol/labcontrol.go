// Package labcontrol lets the conformance tester work on a running lab by its control API.
//
//	client.Client ─┬─► New         conformance.Control and Observer: clock, faults, recorded sign-ins
//	               ├─► Target      what is tested: issuer, clients, provider, Scalekit
//	               ├─► HTTPClient  reaches the lab's host names and trusts its CA
//	               └─► Clock       the lab's time
package labcontrol

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/lab"
)

// DefaultEmail is a person of the default lab.
const DefaultEmail = "john@example.com"

// unfederatedClient is the default lab's app client without a federated provider.
const unfederatedClient = "ssolabnoidp000000000000001"

const askTimeout = 5 * time.Second // for an answer of a lab

type control struct{ client *client.Client }

var _ conformance.Observer = control{}

// New returns the control of the lab whose console the client asks.
func New(c *client.Client) conformance.Control { return control{c} }

// Advance implements conformance.Control.
func (c control) Advance(ctx context.Context, seconds int) error {
	_, err := c.client.Advance(ctx, time.Duration(seconds)*time.Second)
	return err
}

// AddFault implements conformance.Control.
func (c control) AddFault(ctx context.Context, f conformance.Fault, times int) (func(context.Context) error, error) {
	rule, err := c.client.AddFault(ctx, fault.Rule{Fault: f.ID, At: f.At, Params: f.Params, Times: times})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return c.client.RemoveFault(ctx, rule.ID) }, nil
}

// Now implements conformance.Control.
func (c control) Now(ctx context.Context) (int64, error) {
	clock, err := c.client.Clock(ctx)
	return clock.Now.Unix(), err
}

// Hops implements conformance.Observer by the newest recorded sign-in.
func (c control) Hops(ctx context.Context) ([]conformance.ObservedHop, error) {
	view, err := c.client.SignIn(ctx, "latest")
	if err != nil {
		return nil, err
	}
	out := make([]conformance.ObservedHop, len(view.Hops))
	for i, h := range view.Hops {
		out[i] = conformance.ObservedHop{Method: h.Method, URL: h.URL, RequestHeader: h.RequestHeader, RequestBody: h.RequestBody, Status: h.Status}
	}
	return out, nil
}

// Clock is the lab's time, as far from the machine's as it is now.
func Clock(ctx context.Context, c *client.Client) (func() time.Time, error) {
	clock, err := c.Clock(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the lab for its time: %w", err)
	}
	machine := lab.New(lab.Options{}).Now
	ahead := clock.Now.Sub(machine())
	return func() time.Time { return machine().Add(ahead) }, nil
}

// Target describes the lab by the variables that it gives to any app, and where its host names are. The person is
// DefaultEmail unless one is named. It is valid; its HTTP client is HTTPClient, which trusts the lab's CA.
func Target(ctx context.Context, c *client.Client, email string) (*conformance.Target, error) {
	env, err := c.Env(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the lab for its variables: %w", err)
	}
	network, err := c.Network(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the lab for its network: %w", err)
	}
	app := env["SSOLAB_APP_URL"]
	scopes := []string{"openid", "email"}
	t := &conformance.Target{
		Issuer: env["COGNITO_ISSUER"], Domain: env["COGNITO_DOMAIN_URL"], Email: cmp.Or(email, DefaultEmail), AppURL: app,
		Client: conformance.Client{
			ID: env["COGNITO_CLIENT_ID"], Secret: conformance.Secret(env["COGNITO_CLIENT_SECRET"]),
			RedirectURI: env["COGNITO_REDIRECT_URI"], Scopes: scopes, LogoutURI: app + "/",
		},
		Provider: conformance.Provider{IdentityProvider: env["COGNITO_IDENTITY_PROVIDER"]},
		Scalekit: conformance.Scalekit{
			EnvironmentURL: env["SCALEKIT_ENVIRONMENT_URL"], ClientID: env["SCALEKIT_CLIENT_ID"],
			ClientSecret: conformance.Secret(env["SCALEKIT_CLIENT_SECRET"]),
		},
		Resolve: network.Resolve,
		// Submitting the first form as it stands signs in, at every identity provider of a lab.
		IdP: conformance.IdP{Steps: []conformance.Step{{Click: "form [type=submit], form button:not([type])"}}},
	}
	if id := env["COGNITO_PUBLIC_CLIENT_ID"]; id != "" && id != t.Client.ID {
		t.OtherClient = conformance.Client{ID: id, RedirectURI: app + "/auth/callback", Scopes: scopes, LogoutURI: app + "/"}
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	hc, err := HTTPClient(ctx, c, t, askTimeout)
	if err != nil {
		return nil, err
	}
	defer hc.CloseIdleConnections()
	d := describer{http: hc, endpoint: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"], pool: env["COGNITO_USER_POOL_ID"]}
	main, err := d.client(ctx, t.Client.ID)
	if err != nil {
		return nil, err
	}
	t.Client.AccessTokenValidity, t.Client.IDTokenValidity = main.validity("AccessToken"), main.validity("IdToken")
	other, err := d.client(ctx, unfederatedClient)
	if err != nil {
		return nil, err
	}
	if len(other.CallbackURLs) > 0 && !slices.Contains(other.SupportedIdentityProviders, t.Provider.IdentityProvider) {
		t.UnfederatedClient = conformance.Client{ID: unfederatedClient, RedirectURI: other.CallbackURLs[0], Scopes: scopes}
	}
	return t, t.Validate()
}

// HTTPClient is a client for the lab's parties and whomever they send a browser to: it trusts the lab's CA and dials the
// lab's host names where they are, past any proxy. It does not follow redirects; timeout bounds each request.
func HTTPClient(ctx context.Context, c *client.Client, t *conformance.Target, timeout time.Duration) (*http.Client, error) {
	network, err := c.Network(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the lab for its network: %w", err)
	}
	t.Resolve = network.Resolve
	hc, err := t.HTTPClient(timeout)
	if err != nil {
		return nil, err
	}
	transport := hc.Transport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{RootCAs: Roots([]byte(network.CA)), MinVersion: tls.VersionTLS12}
	transport.Proxy = func(req *http.Request) (*url.URL, error) {
		port := cmp.Or(req.URL.Port(), map[string]string{"https": "443", "http": "80"}[req.URL.Scheme])
		if _, ok := network.Resolve[net.JoinHostPort(req.URL.Hostname(), port)]; ok {
			return nil, nil
		}
		return http.ProxyFromEnvironment(req)
	}
	return hc, nil
}

// Roots are the system's, and the certificates in PEM.
func Roots(pem []byte) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(pem)
	return pool
}
