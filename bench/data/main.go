// Command data measures what it costs to keep a lab's state in a data directory, beside a lab in memory: sign-ins per
// second of one person after the other and of many at once, the processor time of one, and how fast a lab is there again.
//
//	go run ./bench/data -ssolab bin/ssolab [-n 2000] [-dir DIR]
//
// A sign-in writes three records that must be on disk before it goes on: the user, the session, the refresh token. One by
// one each waits for the disk; many at once share its writes. -dir says on which disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab/bench/internal/measure"
	"github.com/ssolab/ssolab/conformance"
)

func main() {
	binary := flag.String("ssolab", "bin/ssolab", "the `binary` to measure, a release build")
	n := flag.Int("n", 2000, "how many `sign-ins`")
	dir := flag.String("dir", "", "where the data `directory` is made; empty: the system's place for temporary files")
	flag.Parse()
	if err := compare(*binary, *n, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench/data:", err)
		os.Exit(1)
	}
}

func compare(binary string, n int, where string) (err error) {
	dir, err := os.MkdirTemp(where, "ssolab-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := measure.NewTable(os.Stdout, fmt.Sprintf("%d sign-ins", n))
	if err := signIns(t, "in memory", binary, n); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if err := signIns(t, "with --data", binary, n, "--data", data); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(data, "ssolab.db"))
	if err != nil {
		return err
	}
	t.Row("size of the data file", float64(info.Size())/1e6, 0, "MB")
	return errors.Join(startAgain(t, binary, data), t.Close())
}

// atOnce are the numbers of people that sign in at a time.
var atOnce = []int{1, 4, 32}

func signIns(t *measure.Table, name, binary string, n int, flags ...string) (err error) {
	p, err := measure.StartLab(binary, flags...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	l, err := newLoad(p)
	if err != nil {
		return err
	}
	if err := l.run(50, 4); err != nil {
		return err
	}
	before, err := p.CPU()
	if err != nil {
		return err
	}
	for _, many := range atOnce {
		begun := time.Now()
		if err := l.run(n/len(atOnce), many); err != nil {
			return err
		}
		t.Row(fmt.Sprintf("%s, %d at a time", name, many), float64(n/len(atOnce))/time.Since(begun).Seconds(), 0, "sign-ins/s")
	}
	after, err := p.CPU()
	t.Row(name+", CPU per sign-in", (after-before).Seconds()*1000/float64(n), 0, "ms")
	return err
}

// startAgain measures how long a lab takes that finds its file, from the start to its first keys.
func startAgain(t *measure.Table, binary, data string) error {
	var took []time.Duration
	for range 5 {
		p, err := measure.StartLab(binary, "--data", data)
		if err != nil {
			return err
		}
		d, err := p.Await(p.URL(1, "/us-east-1_SsoLab001/.well-known/jwks.json"), 10*time.Second)
		if err := errors.Join(err, p.Stop()); err != nil {
			return err
		}
		took = append(took, d)
	}
	t.Row("start with that file to first JWKS, median of 5", measure.Median(took).Seconds()*1000, 0, "ms")
	return nil
}

// load signs in to a lab.
type load struct {
	target conformance.Target
	client *http.Client
	done   int
}

func newLoad(p *measure.Process) (*load, error) {
	if _, err := p.Await(p.URL(0, "/api/v1/health"), 10*time.Second); err != nil {
		return nil, err
	}
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
			Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// run signs n people in, so many at once. Each is a new one.
func (l *load) run(n, atOnce int) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for range n {
		l.done++
		target := l.target
		target.Email = "person" + strconv.Itoa(l.done) + "@example.com"
		group.Go(func() error {
			flow := conformance.Flow{Target: &target, Client: l.client, Driver: &conformance.HTTPDriver{Client: l.client}}
			_, err := flow.Run(context.Background())
			return err
		})
	}
	return group.Wait()
}
