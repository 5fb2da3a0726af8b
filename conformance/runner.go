package conformance

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ssolab/ssolab/internal/lab"
)

// Options of a run.
type Options struct {
	Target  *Target
	Client  *http.Client  // nil: one made from the target. Its redirect policy and jar are not used
	Driver  func() SignIn // makes a driver with sessions of its own; nil: plain HTTP
	Control Control       // of a lab; nil: the target is no lab
	Now     func() time.Time

	ReadOnly bool    // leave out checks that change state
	Budget   int     // requests at most; 0: no limit. Front-channel requests count
	Rate     float64 // requests per second; 0: no limit

	Deviations []KnownDeviation
	QuirksOff  []string                        // quirks of a lab that are off: neither their deviations nor their checks apply
	Progress   func(done, total int, r Result) // after each check
	Version    string                          // of the tool, for the report
}

// ErrBudget says that the run's requests are used up.
var ErrBudget = errors.New("the request budget of this run is used up")

// runner is a run under way. Checks run one after the other, so its memories need no lock but for the driver's hops.
type runner struct {
	o        Options
	client   *http.Client
	limiter  *rate.Limiter
	driver   SignIn   // of the person who stays signed in
	opened   []SignIn // by the current check, to be closed after it
	requests int
	signIns  int
	advanced int // seconds that checks moved the clock by
	current  *Check
	seen     []ReportJourney

	doc      func(context.Context) (*Discovery, error)
	journeys map[string]shared
	signOut  func(context.Context) (*SignOut, error)
	mu       sync.Mutex // guards requests
}

type shared struct {
	evidence  *Evidence
	exchanges []Exchange
	err       error
}

// Run runs the checks in their order and returns the report. Its error means that there could be no run.
func Run(ctx context.Context, checks []Check, o Options) (*Report, error) {
	if err := o.Target.Validate(); err != nil {
		return nil, err
	}
	r, err := newRunner(o)
	if err != nil {
		return nil, err
	}
	report := newReport(r.o)
	for i := range checks {
		result := r.runCheck(ctx, &checks[i])
		report.Results = append(report.Results, result)
		if o.Progress != nil {
			o.Progress(i+1, len(checks), result)
		}
	}
	r.closeDrivers([]SignIn{r.driver})
	report.finish(r)
	return report, ctx.Err()
}

func newRunner(o Options) (*runner, error) {
	if o.Now == nil {
		o.Now = lab.New(lab.Options{}).Now
	}
	o.Deviations = withoutQuirks(o.Deviations, o.QuirksOff)
	if o.Target.Kind == KindOther {
		o.Deviations = nil // they are Cognito's
	}
	r := &runner{o: o, journeys: map[string]shared{}, limiter: rate.NewLimiter(rate.Inf, 1)}
	if o.Rate > 0 {
		r.limiter = rate.NewLimiter(rate.Limit(o.Rate), 1)
	}
	base := o.Client
	if base == nil {
		var err error
		if base, err = o.Target.HTTPClient(backTimeout); err != nil {
			return nil, err
		}
	}
	own := *base
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.client = &own
	if o.Driver == nil {
		r.o.Driver = func() SignIn { return &HTTPDriver{Client: base, Jar: NewJar(), Now: r.o.Now} }
	}
	r.driver = r.o.Driver()
	r.doc = r.readDiscovery()
	r.signOut = r.signOutOnce()
	return r, nil
}

// open makes a driver for the current check alone.
func (r *runner) open() SignIn {
	d := r.o.Driver()
	r.opened = append(r.opened, d)
	return d
}

// closeDrivers closes those of the current check that can be closed.
func (r *runner) closeDrivers(list []SignIn) {
	for _, d := range list {
		if c, ok := d.(io.Closer); ok {
			_ = c.Close() // it has no more to say
		}
	}
}

// runCheck runs one check and judges it.
func (r *runner) runCheck(ctx context.Context, c *Check) Result {
	begun := time.Now() // a duration of the machine
	t := &T{ctx: ctx, run: r, check: c}
	r.current = c
	if missing := r.unmet(c); missing != "" {
		t.skip = "needs " + string(missing)
	} else if c.Quirk != "" && slices.Contains(r.o.QuirksOff, c.Quirk) {
		t.skip = "the lab's quirk " + c.Quirk + " is off"
	} else if reason := r.o.Target.beside(c); reason != "" {
		t.skip = reason
	} else {
		t.guarded()
	}
	r.closeDrivers(r.opened)
	r.opened = nil
	if r.advanced != 0 { // each check finds the clock where the first did
		if err := r.o.Control.Advance(context.WithoutCancel(ctx), -r.advanced); err != nil && t.undecided == nil {
			t.undecided = fmt.Errorf("move the lab's clock back: %w", err)
		}
		r.advanced = 0
	}
	result := t.result(r.o)
	result.Duration = time.Since(begun)
	return result
}

// guarded runs the check's function; a panic of its own makes it Errored.
func (t *T) guarded() {
	defer func() {
		switch v := recover().(type) {
		case nil, stop:
		default:
			t.undecided = fmt.Errorf("the check itself failed: %v", v)
		}
	}()
	t.check.Run(t.ctx, t)
}

// result folds what a check noted into a verdict.
func (t *T) result(o Options) (res Result) {
	c := t.check
	res = Result{
		ID: c.ID, Variant: c.Variant, Title: c.Title, Level: c.Level, Basis: c.Basis, Refs: c.Refs, Hint: c.Hint,
		Findings: t.findings, Notes: t.infos, Evidence: t.exchanges, Verdict: Pass,
	}
	known := slices.IndexFunc(o.Deviations, func(d KnownDeviation) bool { return d.Check == c.ID && d.Variant == c.Variant })
	defer func() {
		if slices.Contains([]Verdict{Fail, Warn, Errored}, res.Verdict) {
			res.Files = t.files
		}
	}()
	switch {
	case t.undecided != nil:
		res.Verdict, res.Reason = Errored, t.undecided.Error()
	case len(t.findings) > 0 && known >= 0 && t.onlyMentions(o.Deviations[known].Says):
		res.Verdict, res.Reason = Deviation, o.Deviations[known].Reason
	case len(t.findings) > 0 && (c.Level == Info || c.Unproven && o.Control == nil):
		res.Verdict = Informed
	case len(t.findings) > 0 && c.Level == Should:
		res.Verdict = Warn
	case len(t.findings) > 0:
		res.Verdict = Fail
	case t.skip != "":
		res.Verdict, res.Reason = Skip, t.skip
	case t.seen == 0:
		res.Verdict, res.Reason = Errored, "the check looked at nothing"
	case known >= 0:
		res.Verdict, res.Reason = Warn, "a listed deviation does not happen any more: "+o.Deviations[known].Reason
	case len(t.infos) > 0 && c.Level == Info:
		res.Verdict = Informed
	}
	return res
}

// onlyMentions tells whether every finding is the known one: a second defect beside a deviation is no deviation.
func (t *T) onlyMentions(what string) bool {
	return !slices.ContainsFunc(t.findings, func(f Finding) bool { return !strings.Contains(f.String(), what) })
}

// beside says why a check is not about this kind of issuer; empty: it is.
func (t *Target) beside(c *Check) string {
	switch {
	case t.Kind != KindOther:
		return ""
	case c.Group() == "FED":
		return "it is about the provider behind Amazon Cognito, and the target is another OpenID provider"
	case c.Basis == Vendor:
		return "it asks what a vendor documents, and the target is another OpenID provider"
	}
	return ""
}

// unmet names the first need that is not met.
func (r *runner) unmet(c *Check) Need {
	t := r.o.Target
	_, observed := r.o.Control.(Observer)
	met := map[Need]bool{
		NeedTrace: observed,
		NeedClock: r.o.Control != nil, NeedFaults: r.o.Control != nil, NeedLab: r.o.Control != nil, NeedWrite: !r.o.ReadOnly,
		NeedOtherClient: t.OtherClient.ID != "", NeedScalekit: t.Scalekit.EnvironmentURL != "", NeedSecret: t.Client.Secret != "",
		NeedUnfederated: t.UnfederatedClient.ID != "", NeedValidity: t.Client.AccessTokenValidity != 0,
		NeedDomain: t.Domain != "", NeedLogout: t.Client.LogoutURI != "",
	}
	for _, need := range c.Needs {
		if !met[need] {
			return need
		}
	}
	return ""
}

// spend counts a request against budget and rate.
func (r *runner) spend(ctx context.Context, n int) error {
	r.mu.Lock()
	r.requests += n
	over := r.o.Budget > 0 && r.requests > r.o.Budget
	r.mu.Unlock()
	if over {
		return ErrBudget
	}
	return r.limiter.Wait(ctx)
}

// send makes a request and its evidence.
func (r *runner) send(ctx context.Context, client *http.Client, req *http.Request) (*Response, Exchange, error) {
	body := ""
	if req.GetBody != nil {
		if rc, err := req.GetBody(); err == nil {
			b, _ := io.ReadAll(rc)
			body = string(b)
		}
	}
	if err := r.spend(ctx, 1); err != nil {
		return nil, Exchange{Method: req.Method, URL: MaskURL(req.URL.String()), Error: err.Error()}, err
	}
	begun := time.Now() // a duration of the machine
	answer, err := client.Do(req)
	if err != nil {
		return nil, evidence(req, body, nil, err, time.Since(begun)), unwrapURL(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	resp := &Response{Request: req, Status: answer.StatusCode, Header: answer.Header, Body: b}
	if err != nil {
		return nil, evidence(req, body, nil, err, time.Since(begun)), unwrapURL(err)
	}
	return resp, evidence(req, body, resp, nil, time.Since(begun)), nil
}

// readDiscovery reads the document once.
func (r *runner) readDiscovery() func(context.Context) (*Discovery, error) {
	var known *Discovery
	return func(ctx context.Context) (*Discovery, error) {
		if known != nil {
			return known, nil
		}
		target := strings.TrimSuffix(r.o.Target.Issuer, "/") + "/.well-known/openid-configuration"
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
		resp, _, err := r.send(ctx, r.client, req)
		if err != nil {
			return nil, err
		}
		d := &Discovery{Raw: resp.Body}
		if resp.Status != http.StatusOK {
			return nil, &noDocument{fmt.Sprintf("%s answers %d", target, resp.Status)}
		}
		if err := json.Unmarshal(resp.Body, d); err != nil {
			return nil, &noDocument{fmt.Sprintf("%s is no JSON object: %v", target, err)}
		}
		known = d
		return d, nil
	}
}

// noDocument says that an issuer answers, and not with a discovery document.
type noDocument struct{ says string }

func (e *noDocument) Error() string { return e.says }

// authorizationRequest makes the parameters of a variant.
func (r *runner) authorizationRequest(v Variant) (*Authorization, url.Values) {
	target := r.o.Target
	a := &Authorization{Client: target.Client}
	if v.OtherClient {
		a.Client = target.OtherClient
	}
	scopes := v.Scopes
	if scopes == "" {
		scopes = strings.Join(target.Client.Scopes, " ")
	}
	if scopes == "" {
		scopes = "openid"
	}
	q := url.Values{"response_type": {"code"}, "client_id": {a.Client.ID}, "redirect_uri": {a.Client.RedirectURI}, "scope": {scopes}, "login_hint": {target.Email}}
	if v.NoScope {
		q.Del("scope")
	}
	if !v.NoState {
		if a.State = v.State; a.State == "" {
			a.State = random()
		}
		q.Set("state", a.State)
	}
	if !v.NoNonce {
		a.Nonce = random()
		q.Set("nonce", a.Nonce)
	}
	if !v.NoPKCE {
		verifier := random()
		a.Verifier = Secret(verifier)
		sum := sha256.Sum256([]byte(verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	if p := target.Provider; p.IdentityProvider != "" {
		q.Set("identity_provider", p.IdentityProvider)
	} else if p.IdPIdentifier != "" {
		q.Set("idp_identifier", p.IdPIdentifier)
	}
	for name, values := range v.Extra {
		q[name] = values
	}
	return a, q
}

func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// authorize runs the front channel of a variant.
func (r *runner) authorize(ctx context.Context, v Variant) (*Authorization, error) {
	if !v.Fresh {
		return r.authorizeIn(ctx, r.driver, v)
	}
	d, err := r.doc(ctx)
	if err != nil {
		return nil, err
	}
	driver := r.open()
	if err := plant(driver, d.AuthorizationEndpoint, v.Planted); err != nil {
		return nil, err
	}
	return r.authorizeIn(ctx, driver, v)
}

// authorizeIn is authorize in a given browser.
func (r *runner) authorizeIn(ctx context.Context, driver SignIn, v Variant) (*Authorization, error) {
	d, err := r.doc(ctx)
	if err != nil {
		return nil, err
	}
	a, q := r.authorizationRequest(v)
	a.URL = withQuery(d.AuthorizationEndpoint, q)
	target := *r.o.Target
	target.Client = a.Client
	return a, r.drive(ctx, driver, a, &target)
}

// drive goes from a's URL to the callback of the target's client and notes in a what came back.
func (r *runner) drive(ctx context.Context, driver SignIn, a *Authorization, target *Target) error {
	if err := r.spend(ctx, 1); err != nil {
		return err
	}
	a.driver = driver
	visit, err := driver.SignIn(ctx, a.URL, target)
	if stuck, ok := errors.AsType[*StuckError](err); ok {
		a.Stuck, err = stuck, nil
	}
	if err != nil {
		return err
	}
	a.Visit = visit
	if err := r.spend(ctx, max(0, len(visit.Hops)-1)); err != nil {
		return err
	}
	a.silent = len(visit.Hops) == 1
	if !a.silent {
		r.signIns++
		r.seen = append(r.seen, reportJourney(r.current, visit, a.Stuck))
	}
	if visit.Callback == "" {
		return nil
	}
	if a.Callback, err = url.Parse(visit.Callback); err != nil {
		return fmt.Errorf("the callback is no URL: %w", err)
	}
	a.Params = a.Callback.Query()
	if a.Params.Get("code") == "" && a.Params.Get("error") == "" {
		if fragment, err := url.ParseQuery(a.Callback.EscapedFragment()); err == nil && len(fragment) > 0 {
			a.Params = fragment
		}
	}
	return nil
}

// plant gives a driver's browser a cookie.
func plant(driver SignIn, at, cookie string) error {
	if cookie == "" {
		return nil
	}
	d, ok := driver.(Planter)
	u, err := url.Parse(at)
	if !ok || err != nil {
		return errors.New("this driver takes no cookie before it begins")
	}
	name, value, _ := strings.Cut(cookie, "=")
	return d.Plant(u, &http.Cookie{Name: name, Value: value, Path: "/", Secure: u.Scheme == "https", HttpOnly: true})
}

// journey makes or recalls the evidence of a variant.
func (r *runner) journey(ctx context.Context, v Variant) (*Evidence, []Exchange, error) {
	if s, ok := r.journeys[v.key()]; ok {
		return s.evidence, s.exchanges, s.err
	}
	var s shared
	s.evidence, s.err = r.collect(ctx, v, &s.exchanges)
	r.journeys[v.key()] = s
	return s.evidence, s.exchanges, s.err
}

// collect signs in and asks every endpoint for what belongs to the sign-in, judging nothing.
func (r *runner) collect(ctx context.Context, v Variant, exchanges *[]Exchange) (*Evidence, error) {
	d, err := r.doc(ctx)
	if err != nil {
		return nil, err
	}
	e := &Evidence{Discovery: d}
	if e.Authorization, err = r.authorize(ctx, v); err != nil {
		return nil, err
	}
	send := func(method, target string, form url.Values, bearer string) (*Response, error) {
		req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			authenticate(e.Authorization.Client, form)(req)
		}
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		resp, exchange, err := r.send(ctx, r.client, req)
		*exchanges = append(*exchanges, exchange)
		return resp, err
	}
	if d.JWKSURI != "" {
		if e.Keys, e.keysErr = send(http.MethodGet, d.JWKSURI, nil, ""); fatal(ctx, e.keysErr) {
			return nil, e.keysErr
		}
	}
	code := e.Authorization.Params.Get("code")
	if code == "" {
		return e, nil
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {e.Authorization.Client.RedirectURI}}
	if e.Authorization.Verifier != "" {
		form.Set("code_verifier", e.Authorization.Verifier.Reveal())
	}
	if e.Token, e.tokenErr = send(http.MethodPost, d.TokenEndpoint, form, ""); fatal(ctx, e.tokenErr) {
		return nil, e.tokenErr
	} else if e.tokenErr != nil {
		return e, nil
	}
	tokens := &Tokens{raw: e.Token.Body}
	if e.Token.Status != http.StatusOK || json.Unmarshal(e.Token.Body, &looseTokens{tokens}) != nil || tokens.AccessToken == "" {
		return e, nil
	}
	e.Tokens = tokens
	if e.At, err = r.now(ctx); err != nil {
		return nil, err
	}
	e.IDToken, e.AccessToken = ReadToken(tokens.IDToken.Reveal()), ReadToken(tokens.AccessToken.Reveal())
	if d.UserInfoEndpoint != "" {
		if e.UserInfo, e.userInfoErr = send(http.MethodGet, d.UserInfoEndpoint, nil, tokens.AccessToken.Reveal()); fatal(ctx, e.userInfoErr) {
			return nil, e.userInfoErr
		}
	}
	return e, nil
}

// fatal tells whether an error ends the run's requests, and not only the one that it came of.
func fatal(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, ErrBudget) || ctx.Err() != nil)
}

// looseTokens reads the tokens of an answer whatever the types of its other members.
type looseTokens struct{ into *Tokens }

// UnmarshalJSON implements json.Unmarshaler.
func (l looseTokens) UnmarshalJSON(b []byte) error {
	var o map[string]any
	if err := json.Unmarshal(b, &o); err != nil {
		return err
	}
	text := func(name string) string { s, _ := o[name].(string); return s }
	l.into.AccessToken, l.into.IDToken, l.into.RefreshToken = Secret(text("access_token")), Secret(text("id_token")), Secret(text("refresh_token"))
	l.into.TokenType, l.into.Scope = text("token_type"), text("scope")
	if n, ok := o["expires_in"].(float64); ok {
		l.into.ExpiresIn = int64(n)
	}
	return nil
}
