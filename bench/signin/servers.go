package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/bench/internal/measure"
)

// serveLab is a lab as ssolab up serves it, of a kind that its flags need not know. It runs until it is told to end, and
// does what is asked before it does.
func serveLab(cfg ssolab.Config, atEnd ...func() error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	lab, err := ssolab.New(cfg)
	if err != nil {
		return err
	}
	if err := lab.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	for _, f := range atEnd {
		err = errors.Join(err, f())
	}
	return errors.Join(err, lab.Close())
}

// newFloor returns the barest server that does what a sign-in cannot do without, warmed up.
func newFloor(p *measure.Process) (*subject, error) {
	base := p.URL(0, "")
	if _, err := p.Await(base+"/", 10*time.Second); err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	get := func(path string) error {
		resp, err := client.Get(base + path)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return errors.Join(err, resp.Body.Close())
	}
	s := &subject{p: p, share: 5, run: func(n int) error {
		var group errgroup.Group
		group.SetLimit(4)
		for range n {
			group.Go(func() error {
				for _, path := range []string{"/", "/sign", "/sign", "/sign", "/sign"} {
					if err := get(path); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return group.Wait()
	}}
	return s, s.run(100)
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
