package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/e2e"
)

// browserOptions are the flags of signing in with a real browser.
type browserOptions struct {
	browser  bool
	visible  bool
	evidence string
}

func (o *browserOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.browser, "browser", false, "sign in with Chrome or Chromium and the\ntarget's idp.steps")
	f.BoolVar(&o.visible, "visible", false, "show the browser: what idp.steps do not do\nis left to you (implies --browser)")
	f.StringVar(&o.evidence, "evidence", "", "`DIR` for picture, page and requests (HAR)\nof failed sign-ins (default: a new one)")
	_ = cmd.MarkFlagDirname("evidence")
}

func (o *browserOptions) used() bool { return o.browser || o.visible }

// patience is how long a person may take to sign in.
const patience = 5 * time.Minute

// drivers makes a driver with a tab of its own for each who signs in. ca are certificates in PEM to trust beside those that
// the target names.
func (o *browserOptions) drivers(io streams, target *conformance.Target, ca []byte, now func() time.Time) (newDriver func() conformance.SignIn, stop func(), err error) {
	if !o.used() {
		return nil, func() {}, nil
	}
	options, err := e2e.OptionsFor(target)
	if err != nil {
		return nil, nil, misuse("", "%v", err)
	}
	keys, err := e2e.KeysOf(ca)
	if err != nil {
		return nil, nil, misuse("", "the lab's CA: %v", err)
	}
	options.TrustedKeys = append(options.TrustedKeys, keys...)
	options.Visible = o.visible
	browser, err := e2e.StartBrowser(options)
	if err != nil {
		return nil, nil, misuse("", "%v", err)
	}
	var mu sync.Mutex // guards the line on standard error
	return func() conformance.SignIn {
		tab, err := browser.NewTab()
		if err != nil {
			return noDriver{err}
		}
		d := &e2e.Driver{Tab: tab, Now: now}
		if o.visible {
			d.Person = patience
			d.Asked = func(what string) {
				mu.Lock()
				defer mu.Unlock()
				_, _ = fmt.Fprintln(io.Err, what)
			}
		}
		return d
	}, browser.Close, nil
}

// noDriver is a driver that could not be made.
type noDriver struct{ err error }

// SignIn implements conformance.SignIn.
func (d noDriver) SignIn(context.Context, string, *conformance.Target) (*conformance.Visit, error) {
	return &conformance.Visit{}, d.err
}

// keep writes the evidence of failed sign-ins and notes in the report where it is.
func (o *browserOptions) keep(io streams, r *conformance.Report) error {
	dir := o.evidence
	var errs []error
	for i := range r.Results {
		res := &r.Results[i]
		if len(res.Files) == 0 {
			continue
		}
		if dir == "" {
			var err error
			if dir, err = os.MkdirTemp("", "ssolab-evidence-"); err != nil {
				return misuse("", "keep the evidence: %v", err)
			}
		}
		own := filepath.Join(dir, strings.TrimSuffix(res.ID+"-"+res.Variant, "-"))
		if err := os.MkdirAll(own, 0o750); err != nil {
			return misuse("", "keep the evidence: %v", err)
		}
		seen := map[string]int{}
		for _, f := range res.Files {
			seen[f.Name]++
			name := f.Name
			if n := seen[f.Name]; n > 1 {
				name = fmt.Sprintf("%d-%s", n, f.Name)
			}
			errs = append(errs, os.WriteFile(filepath.Join(own, name), f.Data, 0o600))
		}
		res.Notes = append(res.Notes, "screenshot, page and requests are in "+own)
		_, _ = fmt.Fprintf(io.Err, "evidence of %s: %s\n", res.ID, own)
	}
	if err := errors.Join(errs...); err != nil {
		return misuse("", "keep the evidence: %v", err)
	}
	return nil
}
