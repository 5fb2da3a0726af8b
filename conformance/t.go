package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// T is what a check works with. Its methods end the check where it cannot go on: a host that does not answer makes it
// Errored, a precondition that does not hold makes it Skip, an expectation that does not hold makes it Fail or Warn.
//
// A T belongs to one run of one check and is not safe for concurrent use.
type T struct {
	ctx   context.Context
	run   *runner
	check *Check

	findings  []Finding
	infos     []string
	exchanges []Exchange
	files     []File
	seen      int // observations; a check that made none cannot pass
	skip      string
	undecided error
}

// stop ends a check.
type stop struct{}

// Target is the chain under test.
func (t *T) Target() *Target { return t.run.o.Target }

// OnLab tells whether the target is a lab.
func (t *T) OnLab() bool { return t.run.o.Control != nil }

// Require ends the check as failed unless ok holds. expected completes "expected …", observed tells what was seen
// instead, with the values.
func (t *T) Require(ok bool, expected, observed string, args ...any) {
	if !t.Expect(ok, expected, observed, args...) {
		panic(stop{})
	}
}

// Expect notes a finding unless ok holds, and lets the check go on. It returns ok.
func (t *T) Expect(ok bool, expected, observed string, args ...any) bool {
	t.seen++
	if !ok {
		t.findings = append(t.findings, Finding{Expected: expected, Observed: fmt.Sprintf(observed, args...)})
	}
	return ok
}

// Infof notes something worth telling that is no finding.
func (t *T) Infof(format string, args ...any) {
	t.seen++
	t.infos = append(t.infos, fmt.Sprintf(format, args...))
}

// Skip ends the check: it does not apply here, or what it builds on is not there.
func (t *T) Skip(format string, args ...any) {
	t.skip = fmt.Sprintf(format, args...)
	panic(stop{})
}

// Undecided ends the check: the tester could not find out.
func (t *T) Undecided(err error) {
	t.undecided = err
	panic(stop{})
}

// Do sends a request and returns its answer; redirects are not followed and no cookies kept. No answer is Undecided.
func (t *T) Do(req *http.Request) *Response {
	return t.do(t.run.client, req)
}

func (t *T) do(client *http.Client, req *http.Request) *Response {
	resp, err := t.Try(client, req)
	if err != nil {
		t.Undecided(err)
	}
	return resp
}

// Try is Do for a request that may get no answer. A nil client is Do's.
func (t *T) Try(client *http.Client, req *http.Request) (*Response, error) {
	if client == nil {
		client = t.run.client
	}
	resp, exchange, err := t.run.send(t.ctx, client, req)
	t.exchanges = append(t.exchanges, exchange)
	if err == nil {
		t.seen++
	}
	return resp, err
}

// Timed tells how long something took by the machine's clock.
func (t *T) Timed(f func()) time.Duration {
	begun := time.Now() // a duration of the machine
	f()
	return time.Since(begun)
}

// Get requests a URL.
func (t *T) Get(target string) *Response {
	return t.Do(t.request(http.MethodGet, target, nil))
}

// Post sends a form.
func (t *T) Post(target string, form url.Values, edit ...func(*http.Request)) *Response {
	req := t.request(http.MethodPost, target, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range edit {
		f(req)
	}
	return t.Do(req)
}

// Request makes a request; a URL that cannot be requested is Undecided.
func (t *T) Request(method, target string, body io.Reader) *http.Request {
	return t.request(method, target, body)
}

func (t *T) request(method, target string, body io.Reader) *http.Request {
	req, err := http.NewRequestWithContext(t.ctx, method, target, body)
	if err != nil {
		t.Undecided(fmt.Errorf("%s cannot be requested: %w", MaskURL(target), err))
	}
	req.Header.Set("User-Agent", "ssolab-check")
	return req
}

// Discovery is the user pool's discovery document, read once for all checks. Without a usable one the check is skipped.
func (t *T) Discovery() *Discovery {
	d, err := t.run.doc(t.ctx)
	if none, ok := errors.AsType[*noDocument](err); ok {
		t.Skip("there is no discovery document: %s (see DISC-001)", none.says)
	}
	if err != nil {
		t.Undecided(fmt.Errorf("the discovery document of %s could not be read: %w", t.Target().Issuer, err))
	}
	t.seen++
	if d.AuthorizationEndpoint == "" || d.TokenEndpoint == "" {
		t.Skip("the discovery document names no authorization_endpoint or token_endpoint (see DISC-003)")
	}
	return d
}

// Variant is a sign-in that differs from the usual one (scopes of the target, fresh state, nonce and PKCE).
type Variant struct {
	Scopes      string     // space separated; empty: the target's
	NoScope     bool       // send no scope
	NoNonce     bool       // send no nonce
	NoPKCE      bool       // send no challenge
	NoState     bool       // send no state
	State       string     // a given state; empty: a random one
	Fresh       bool       // in a browser without sessions, through the identity provider
	OtherClient bool       // as the target's other client
	Extra       url.Values // further parameters, and replacements
	Planted     string     // with Fresh: "name=value" of a cookie that the browser has for the authorization endpoint's host already
}

func (v Variant) key() string { return fmt.Sprintf("%+v", v) }

// Authorization is what came back to the app's callback.
type Authorization struct {
	URL      string // of the authorization request
	State    string // sent
	Nonce    string // sent
	Verifier Secret
	Client   Client
	Visit    *Visit
	Callback *url.URL   // nil: the callback was not reached
	Params   url.Values // of the callback: query, or fragment where the query has none
	Stuck    *StuckError
	silent   bool
	driver   SignIn // the browser
}

// Silent tells whether no page and no identity provider was seen: Cognito answered the first request itself.
func (a *Authorization) Silent() bool { return a.silent }

// Code is the authorization code; without one the check is skipped.
func (a *Authorization) Code(t *T) string {
	code := a.Params.Get("code")
	if code == "" {
		t.Skip("no sign-in, no code: %s (see AUTHZ-001)", a.problem())
	}
	return code
}

func (a *Authorization) problem() string {
	switch {
	case a.Stuck != nil:
		return a.Stuck.Error()
	case a.Params.Get("error") != "":
		return fmt.Sprintf("the app was sent the error %q (%s)", a.Params.Get("error"), a.Params.Get("error_description"))
	}
	return "the callback has no code"
}

// Authorize runs the front channel of a sign-in. It is not shared: codes are used once. The first of a run signs the
// person in; later ones are silent by the session, unless Fresh.
func (t *T) Authorize(v Variant) *Authorization {
	t.Discovery()
	a, err := t.run.authorize(t.ctx, v)
	if err != nil {
		t.Undecided(err)
	}
	t.keep(a)
	return a
}

// keep notes what a sign-in leaves behind for people to look at.
func (t *T) keep(a *Authorization) {
	t.seen++
	if a.Stuck != nil {
		t.files = append(t.files, a.Stuck.Files...)
	}
}

// AuthorizeURL is the URL of an authorization request; edit may change its parameters.
func (t *T) AuthorizeURL(v Variant, edit ...func(url.Values)) string {
	d := t.Discovery()
	_, q := t.run.authorizationRequest(v)
	for _, f := range edit {
		f(q)
	}
	return withQuery(d.AuthorizationEndpoint, q)
}

// Redeem exchanges a code as the client that got it. edit may change the form, and the request after it.
func (t *T) Redeem(a *Authorization, code string, edit ...func(url.Values)) *Response {
	d := t.Discovery()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.Client.RedirectURI}}
	if a.Verifier != "" {
		form.Set("code_verifier", a.Verifier.Reveal())
	}
	for _, f := range edit {
		f(form)
	}
	return t.Post(d.TokenEndpoint, form, authenticate(a.Client, form))
}

// authenticate adds a client's credentials the way the target says. A form that names a client already is left alone.
func authenticate(c Client, form url.Values) func(*http.Request) {
	return func(req *http.Request) {
		if form.Has("client_id") || form.Has("client_secret") {
			return
		}
		if c.Secret != "" && c.Auth != AuthPost {
			req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
			return
		}
		form.Set("client_id", c.ID)
		if c.Secret != "" {
			form.Set("client_secret", c.Secret.Reveal())
		}
		body := form.Encode()
		req.Body = io.NopCloser(strings.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		req.ContentLength = int64(len(body))
	}
}

// Authenticate returns what adds the credentials of the target's client to a form request, for Post.
func (t *T) Authenticate(form url.Values) func(*http.Request) {
	return authenticate(t.Target().Client, form)
}

// Evidence is one sign-in with everything that it brought, unjudged. What did not come is nil.
type Evidence struct {
	Authorization *Authorization
	Discovery     *Discovery
	Keys          *Response // of jwks_uri
	Token         *Response // of the token endpoint
	Tokens        *Tokens
	IDToken       *Token // as read, not verified
	AccessToken   *Token
	UserInfo      *Response
	At            time.Time // when the tokens came, by the clock they are judged by

	// Why a step got no answer. What builds on it is undecided; the rest of the evidence stands.
	keysErr, tokenErr, userInfoErr error
}

// Journey returns the evidence of a sign-in, shared by all checks of the run that ask for the same variant. Checks only
// read it.
func (t *T) Journey(v Variant) *Evidence {
	t.Discovery()
	e, exchanges, err := t.run.journey(t.ctx, v)
	t.exchanges = append(t.exchanges, exchanges...)
	if err != nil {
		t.Undecided(err)
	}
	t.keep(e.Authorization)
	return e
}

// RequireTokens skips the check when the sign-in brought no token response.
func (e *Evidence) RequireTokens(t *T) *Tokens {
	if e.Tokens == nil {
		t.Skip("the token endpoint answered %d without tokens (see TOKEN-001)", e.RequireTokenResponse(t).Status)
	}
	return e.Tokens
}

// RequireTokenResponse is the answer of the token endpoint, whatever it says. Without a code to exchange the check is
// skipped.
func (e *Evidence) RequireTokenResponse(t *T) *Response {
	e.Authorization.Code(t)
	if e.tokenErr != nil {
		t.Undecided(e.tokenErr)
	}
	return e.Token
}

// RequireUserInfoResponse is the answer of userInfo, whatever it says. Without tokens the check is skipped.
func (e *Evidence) RequireUserInfoResponse(t *T) *Response {
	e.RequireTokens(t)
	if e.userInfoErr != nil {
		t.Undecided(e.userInfoErr)
	}
	if e.UserInfo == nil {
		t.Skip("the discovery document names no userinfo_endpoint (see DISC-017)")
	}
	return e.UserInfo
}

// RequireIDToken skips the check when the sign-in brought no readable ID token.
func (e *Evidence) RequireIDToken(t *T) *Token {
	e.RequireTokens(t)
	if e.IDToken == nil {
		t.Skip("the token response holds no ID token that can be read (see TOKEN-001, IDT-020)")
	}
	return e.IDToken
}

// RequireAccessToken skips the check when the access token is no readable JWT.
func (e *Evidence) RequireAccessToken(t *T) *Token {
	e.RequireTokens(t)
	if e.AccessToken == nil {
		t.Skip("the access token is no JWT that can be read (see AT-001)")
	}
	return e.AccessToken
}

// RequireUserInfo skips the check when userInfo gave no JSON object.
func (e *Evidence) RequireUserInfo(t *T) map[string]any {
	resp := e.RequireUserInfoResponse(t)
	if resp.Status != http.StatusOK || resp.Object() == nil {
		t.Skip("userInfo gave no JSON object (see UINFO-001)")
	}
	return resp.Object()
}

// Control is what a lab lets the tester do beside the protocol.
type Control interface {
	// Advance moves the clock of every party by seconds.
	Advance(ctx context.Context, seconds int) error
	// AddFault switches a fault on and returns what takes it back.
	AddFault(ctx context.Context, f Fault, times int) (remove func(context.Context) error, err error)
	// Now is the lab's time, in seconds since 1970.
	Now(ctx context.Context) (int64, error)
}

// Control is the lab's. Checks that use it have NeedClock or NeedFaults, so it is there.
func (t *T) Control() Control { return t.run.o.Control }

// WithFault runs f while a fault of the lab is on.
func (t *T) WithFault(fault Fault, f func()) {
	remove, err := t.run.o.Control.AddFault(t.ctx, fault, 0)
	if err != nil {
		t.Undecided(fmt.Errorf("switch on the fault %s: %w", fault.ID, err))
	}
	defer func() {
		if err := remove(context.WithoutCancel(t.ctx)); err != nil {
			t.undecided = fmt.Errorf("take back the fault %s: %w", fault.ID, err)
		}
	}()
	f()
}

// Advance moves the lab's clock, and back when the check ends.
func (t *T) Advance(seconds int) {
	if err := t.run.o.Control.Advance(t.ctx, seconds); err != nil {
		t.Undecided(fmt.Errorf("move the lab's clock: %w", err))
	}
	t.run.advanced += seconds
}

func withQuery(base string, q url.Values) string {
	separator := "?"
	if strings.Contains(base, "?") {
		separator = "&"
	}
	return base + separator + q.Encode()
}

// OneOf is for messages and comparisons of codes.
func OneOf(got string, want ...string) bool { return slices.Contains(want, got) }
