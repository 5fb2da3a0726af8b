// Command signin measures what a sign-in costs the lab's process, beside the budgets and beside the floor: four RS256
// signatures of crypto/rsa over five HTTP requests, measured in the same run on the same machine.
//
//	go run ./bench/signin -ssolab bin/ssolab [-n 10000]
//
// The clients run in this process; only the lab's processor time counts. Every sign-in is whole: discovery, all
// redirects, the simulator's form, code exchange, a verified ID token, userInfo.
package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab/bench/internal/measure"
	"github.com/ssolab/ssolab/conformance"
)

const (
	budgetCPU    = 4.6  // ms per sign-in
	budgetMemory = 60.0 // MB after 10,000 sign-ins
	people       = 1000
)

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	n := flag.Int("n", 10_000, "how many `sign-ins`")
	floor := flag.Int("floor", 0, "serve the floor on this `port`; used by this program itself")
	flag.Parse()
	run := func() error { return measureSignIns(*binary, *n) }
	if *floor != 0 {
		run = func() error { return serveFloor(*floor) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/signin:", err)
		os.Exit(1)
	}
}

func measureSignIns(binary string, n int) error {
	p, err := measure.StartLab(binary)
	if err != nil {
		return err
	}
	defer func() { _ = p.Stop() }()
	if _, err := p.Await(p.URL(2, "/keys"), 10*time.Second); err != nil {
		return err
	}
	l, err := newLoad(p)
	if err != nil {
		return err
	}
	if err := l.signIns(200, 2, nil); err != nil { // warm
		return err
	}
	before, err := p.CPU()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := l.signIns(n, 4, nil); err != nil {
		return err
	}
	took := time.Since(begun)
	after, err := p.CPU()
	if err != nil {
		return err
	}
	rss, err := p.RSS()
	if err != nil {
		return err
	}
	if err := l.signIns(256, 64, nil); err != nil {
		return fmt.Errorf("64 at once: %w", err)
	}
	if err := l.inFlight(1000); err != nil {
		return fmt.Errorf("1,000 in flight: %w", err)
	}
	crowded, err := p.RSS()
	if err != nil {
		return err
	}
	bare, err := floorCPU(2000)
	if err != nil {
		return err
	}
	cpu := ms(after-before) / float64(n)
	t := measure.NewTable(os.Stdout, fmt.Sprintf("%d sign-ins of %d people, 4 at a time, in %s", n, people, took.Round(time.Millisecond)))
	t.Row("server CPU per sign-in", cpu, budgetCPU, "ms")
	t.Row("the floor: 4 signatures, 5 requests", bare, 0, "ms")
	t.Row("CPU beyond the floor", cpu-bare, 0, "ms")
	memory := budgetMemory
	if n < 10_000 {
		memory = 0
	}
	t.Row(fmt.Sprintf("resident after %d", n), rss, memory, "MB")
	t.Row("resident with 1,000 in flight", crowded, 0, "MB")
	if err := t.Close(); err != nil {
		return err
	}
	fmt.Println("64 at once: no error. 1,000 in flight: no error.")
	return nil
}

// load signs in to a lab.
type load struct {
	target conformance.Target
	client *http.Client
}

func newLoad(p *measure.Process) (*load, error) {
	env, err := p.Env()
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
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64},
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// signIns signs in n times, so many at once. seen is told of each hop.
func (l *load) signIns(n, atOnce int, seen func(conformance.Hop)) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return l.signIn(i, seen) })
	}
	return group.Wait()
}

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

// floorCPU is the processor time of the barest server that does what a sign-in cannot do without.
func floorCPU(n int) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, err
	}
	p, err := measure.Start(self, "-floor", strconv.Itoa(port))
	if err != nil {
		return 0, err
	}
	defer func() { _ = p.Stop() }()
	base := "http://127.0.0.1:" + strconv.Itoa(port)
	if _, err := p.Await(base+"/", 10*time.Second); err != nil {
		return 0, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	round := func(n int) error {
		var group errgroup.Group
		group.SetLimit(4)
		for range n {
			group.Go(func() error {
				for _, path := range []string{"/", "/sign", "/sign", "/sign", "/sign"} {
					resp, err := client.Get(base + path)
					if err != nil {
						return err
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				return nil
			})
		}
		return group.Wait()
	}
	if err := round(100); err != nil {
		return 0, err
	}
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	if err := round(n); err != nil {
		return 0, err
	}
	after, err := p.CPU()
	return ms(after-before) / float64(n), err
}

func serveFloor(port int) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/sign", func(w http.ResponseWriter, r *http.Request) {
		digest := sha256.Sum256([]byte(r.RemoteAddr))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(signature)
	})
	server := &http.Server{Addr: "127.0.0.1:" + strconv.Itoa(port), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
