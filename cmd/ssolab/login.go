package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/labcontrol"
	"github.com/ssolab/ssolab/internal/trace"
)

type loginOptions struct {
	tlsOptions
	email  string
	target string
	scope  string
	client string
	json   bool
	tokens bool
}

func newLoginCmd(io streams) *cobra.Command {
	o := loginOptions{}
	cmd := &cobra.Command{
		Use:   "login --email EMAIL",
		Short: "Sign in once without a browser, and show every hop and the claims",
		Long: `Sign a person in by plain HTTP: follow redirects, keep cookies, submit the first
form of each page as it stands, exchange the code, verify the ID token, ask
userInfo. Print every hop, then the claims.

The running lab is used; without one, or with one of --tls, --names, --tls-port,
--ca-dir, --scalekit-environment and --crypto-rsa, a lab is started for this
sign-in alone. Host names of the lab need no hosts entries here.
With --target a deployment described by a file is used instead; of it only the
hops of the browser and of the app can be seen.

With --json one document is printed, also when the sign-in fails:
{"ok":true,"email":…,"issuer":…,"client_id":…,"scope":…,"trace":…,
"hops":[{"from":…,"to":…,"channel":…,"method":…,"url":…,"status":…,
"failure":…}],"userinfo":{…},"id_token":{"header":{…},"claims":{…}},
"access_token":{…},"expires_in":…,"error":{"step":…,"message":…}}
Codes and tokens in URLs are masked. With --tokens "tokens" holds the answer of
the token endpoint.

Exit codes: 0 signed in, 1 the sign-in failed, 2 it could not be decided.`,
		Example: `  ssolab login --email john@example.com
  ssolab login --email john@megasoft.org --scope "openid email profile" --json
  ssolab login --email jane@example.com --client public
  ssolab login --email john@example.com --names vendor
  ssolab login --target staging.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogin(cmd.Context(), io, o) },
	}
	f := cmd.Flags()
	o.tlsOptions.addFlags(cmd, 0)
	f.StringVar(&o.email, "email", "", "the person's `EMAIL`, sent as login_hint")
	f.StringVar(&o.target, "target", "", "target `FILE` of another deployment")
	f.StringVar(&o.scope, "scope", "", "`SCOPES`, separated by spaces\n(default \"openid email\")")
	f.StringVar(&o.client, "client", "main", "app `CLIENT`: main or public")
	f.BoolVar(&o.json, "json", false, "print one JSON document")
	f.BoolVar(&o.tokens, "tokens", false, "print the tokens themselves too")
	_ = cmd.MarkFlagFilename("target", "yaml", "yml")
	_ = cmd.RegisterFlagCompletionFunc("client", cobra.FixedCompletions([]string{"main", "public"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runLogin(ctx context.Context, io streams, o loginOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	target, lab, stop, err := o.prepare(ctx, io)
	if err != nil {
		return err
	}
	defer stop()
	flow := conformance.Flow{Target: target}
	bar := progressOn(io.Err)
	seen := func(h conformance.Hop) { bar.show("at " + short(h.URL)) }
	flow.Driver = &conformance.HTTPDriver{Seen: seen}
	if lab != nil {
		if flow.Client, err = lab.browser(ctx, target); err != nil {
			return err
		}
		defer flow.Client.CloseIdleConnections()
		flow.Driver = &conformance.HTTPDriver{Client: flow.Client, Seen: seen}
		clock, err := lab.Clock(ctx)
		if err != nil {
			return misuse("", "ask the lab for its time: %v", err)
		}
		flow.Now = func() time.Time { return clock.Now }
	}
	journey, flowErr := flow.Run(ctx)
	bar.clear()
	r := newReport(target, journey, flowErr)
	if lab != nil {
		r.readTrace(ctx, lab, journey)
	}
	if o.tokens && journey.Tokens != nil {
		r.Tokens = journey.Tokens.Raw()
	}
	if o.json {
		err = r.writeJSON(io.Out)
	} else {
		err = r.writeText(io.Out, paletteFor(io.Out, io.Getenv))
	}
	if err != nil {
		return misuse("", "write: %v", err)
	}
	return outcome(flowErr)
}

func (o loginOptions) check() error {
	switch {
	case o.email == "" && o.target == "":
		return misuse(`for example "ssolab login --email john@example.com"`, "--email is missing")
	case o.email != "" && !strings.Contains(strings.Trim(o.email, "@"), "@"):
		return misuse("", "--email %q must have the form name@domain", o.email)
	case o.client != "main" && o.client != "public":
		return misuse("", "--client %q must be main or public", o.client)
	case o.client != "main" && o.target != "":
		return misuse("", "--client chooses a client of the lab; a target file names its own")
	case o.target != "" && o.anyGiven():
		return misuse("", "--target is another deployment; --%s are for labs", strings.Join(lookFlags, ", --"))
	}
	if scopes := strings.Fields(o.scope); o.scope != "" && !slices.Contains(scopes, "openid") {
		return misuse("", "--scope %q must have openid; without it there is no ID token", o.scope)
	}
	return nil
}

// outcome is nil, exit code 1 for a sign-in that failed, or 2 for one that could not be decided.
func outcome(err error) error {
	if err == nil {
		return nil
	}
	if step, ok := errors.AsType[*conformance.StepError](err); ok && !step.Undecided {
		return &exitError{Code: exitFailed, Message: "the sign-in failed: " + err.Error()}
	}
	return misuse("", "the sign-in could not be decided: %v", err)
}

// prepare finds what to sign in to: the target of a file, the running lab, or one of its own. stop ends the latter.
func (o loginOptions) prepare(ctx context.Context, io streams) (t *conformance.Target, lab *running, stop func(), err error) {
	stop = func() {}
	if o.target != "" {
		if t, err = conformance.ReadTarget(o.target); err != nil {
			return nil, nil, stop, badFile(o.target, err)
		}
		if o.email != "" {
			t.Email = o.email
		}
		if o.scope != "" {
			t.Client.Scopes = strings.Fields(o.scope)
		}
		return t, nil, stop, nil
	}
	if lab, stop, err = o.findOrStart(ctx, io); err != nil {
		return nil, nil, func() {}, err
	}
	if t, err = o.labTarget(ctx, lab); err != nil {
		stop()
		return nil, nil, func() {}, err
	}
	return t, lab, stop, nil
}

// findOrStart returns the running lab, or one of its own. stop ends the latter.
func (o loginOptions) findOrStart(ctx context.Context, io streams) (lab *running, stop func(), err error) {
	return findOrStart(ctx, io, &o.tlsOptions, ssolab.Config{}, "this sign-in")
}

// findOrStart returns the running lab or, where none is there or flags ask for another kind, one like cfg of its own, for
// what. stop ends the latter.
func findOrStart(ctx context.Context, io streams, o *tlsOptions, cfg ssolab.Config, what string) (lab *running, stop func(), err error) {
	why := "a lab of its own is asked for"
	if !o.anyGiven() {
		lab, err = find(ctx, io)
		none, ok := errors.AsType[*errNoLab](err)
		if !ok {
			return lab, func() {}, err
		}
		if none.named || none.answers() {
			return nil, nil, none.misuse()
		}
		why = none.Error()
	}
	cfg.Version = version().Version
	if err := o.apply(&cfg); err != nil {
		return nil, nil, err
	}
	own, err := start(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	stop = func() { _ = own.Close() }
	_, _ = fmt.Fprintf(io.Err, "%s: started one on free ports for %s\n", why, what)
	lab, err = ask(ctx, own.URLs().Console, false, func() (*x509.CertPool, error) { return labcontrol.Roots(own.CA()), nil })
	if err != nil {
		stop()
		return nil, nil, misuse("", "the lab just started does not answer: %v", cause(err))
	}
	return lab, stop, nil
}

// browser is an HTTP client for the lab's parties and whomever they send a browser to.
func (r *running) browser(ctx context.Context, t *conformance.Target) (*http.Client, error) {
	hc, err := labcontrol.HTTPClient(ctx, r.Client, t, hopTimeout)
	if err != nil {
		return nil, misuse("", "%v", err)
	}
	return hc, nil
}

// hopTimeout bounds each request of a sign-in.
const hopTimeout = 15 * time.Second

// labTarget describes the lab by the variables it gives to any app.
func (o loginOptions) labTarget(ctx context.Context, lab *running) (*conformance.Target, error) {
	t, err := labcontrol.Target(ctx, lab.Client, o.email)
	if err != nil {
		return nil, misuse("", "the lab at %s cannot be signed in to: %v", lab.url, err)
	}
	if o.client == "public" {
		if t.OtherClient.ID == "" {
			return nil, misuse("", "the lab at %s has no public app client", lab.url)
		}
		t.Client = t.OtherClient
	}
	if o.scope != "" {
		t.Client.Scopes = strings.Fields(o.scope)
	}
	return t, nil
}

// findTrace looks for the sign-in whose authorization request had this state, which nobody else's has.
func findTrace(ctx context.Context, lab *running, state string) (trace.View, bool) {
	list, err := lab.SignIns(ctx)
	if err != nil {
		return trace.View{}, false
	}
	for _, s := range list {
		view, err := lab.SignIn(ctx, s.ID)
		if err != nil || !slices.ContainsFunc(view.Hops, func(h trace.Hop) bool { return hasState(h, state) }) {
			continue
		}
		return view, true
	}
	return trace.View{}, false
}

func hasState(h trace.Hop, state string) bool {
	u, err := url.Parse(h.URL)
	return err == nil && h.Method == http.MethodGet && u.Query().Get("state") == state
}

// short is an address without scheme and parameters.
func short(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	return u.Host + u.EscapedPath()
}
