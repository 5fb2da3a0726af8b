package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab/bench/internal/measure"
	"github.com/ssolab/ssolab/conformance"
)

// load signs in to a lab.
type load struct {
	target conformance.Target
	client *http.Client
}

// newLoad waits for a lab and learns from it what to sign in with.
func newLoad(p *measure.Process) (*load, error) {
	if _, err := p.Await(p.URL(0, "/api/v1/health"), 10*time.Second); err != nil {
		return nil, err
	}
	env, err := p.Env()
	if err != nil {
		return nil, err
	}
	transport, err := transport(env["SSOLAB_CA_FILE"])
	if err != nil {
		return nil, err
	}
	return &load{
		target: conformance.Target{
			Issuer: env["COGNITO_ISSUER"], Domain: env["COGNITO_DOMAIN_URL"],
			Client: conformance.Client{
				ID: env["COGNITO_CLIENT_ID"], Secret: conformance.Secret(env["COGNITO_CLIENT_SECRET"]),
				RedirectURI: env["COGNITO_REDIRECT_URI"], Scopes: []string{"openid", "email"},
			},
			Provider: conformance.Provider{IdentityProvider: env["COGNITO_IDENTITY_PROVIDER"]},
		},
		client: &http.Client{
			Transport: transport, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// transport finds the names below localhost and trusts a lab's CA, if it has one.
func transport(caFile string) (*http.Transport, error) {
	t := &http.Transport{
		MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(addr); err == nil && strings.HasSuffix(host, ".localhost") {
				addr = net.JoinHostPort("127.0.0.1", port)
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New(caFile + " holds no certificate")
	}
	t.TLSClientConfig, t.ForceAttemptHTTP2 = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, true
	return t, nil
}

// signIns signs in n times, so many at once.
func (l *load) signIns(n, atOnce int) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return l.signIn(i, nil) })
	}
	return group.Wait()
}

// signIn signs one person in; seen is told of each hop.
func (l *load) signIn(i int, seen func(conformance.Hop)) error {
	target := l.target
	target.Email = "person" + strconv.Itoa(i%people) + "@example.com"
	flow := conformance.Flow{Target: &target, Client: l.client, Driver: &conformance.HTTPDriver{Client: l.client, Seen: seen}}
	_, err := flow.Run(context.Background())
	return err
}

// inFlight brings n sign-ins to the identity provider's page before the first of them goes on.
func (l *load) inFlight(n int) error {
	var waiting sync.WaitGroup
	waiting.Add(n)
	var stopped sync.Once
	stop := make(chan struct{})
	all := make(chan struct{})
	go func() { waiting.Wait(); close(all) }()
	var group errgroup.Group
	for i := range n {
		group.Go(func() error {
			var once sync.Once
			err := l.signIn(i, func(h conformance.Hop) {
				if h.Status != http.StatusOK {
					return
				}
				once.Do(func() {
					waiting.Done()
					select {
					case <-all:
					case <-stop:
					}
				})
			})
			if err != nil {
				stopped.Do(func() { close(stop) })
			}
			return err
		})
	}
	return group.Wait()
}
