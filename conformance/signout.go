package conformance

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
)

// SignOut is the evidence of a browser of its own that signed in, visited the domain's sign-out endpoint and asked for
// a sign-in again.
//
//	browser ─► authorize … callback      Before
//	        ─► /logout … logout_uri      URL, Visit
//	        ─► authorize … callback      After
type SignOut struct {
	Before *Authorization
	URL    string      // of the sign-out request
	Visit  *Visit      // of the sign-out; its Callback is the logout_uri as reached
	Stuck  *StuckError // why logout_uri was not reached
	After  *Authorization
}

// SignOut returns the evidence of a sign-out, shared by all checks of the run. Checks only read it, and have NeedLogout
// and NeedWrite. Without a sign-in before it the check is skipped.
func (t *T) SignOut() *SignOut {
	t.LogoutURL(nil)
	s, err := t.run.signOut(t.ctx)
	if err != nil {
		t.Undecided(err)
	}
	t.seen++
	s.Before.Code(t)
	for _, hop := range s.Visit.Hops {
		t.exchanges = append(t.exchanges, hop.exchange())
	}
	return s
}

// LogoutURL is a URL of the sign-out endpoint with these parameters. Without an endpoint the check is skipped.
func (t *T) LogoutURL(q url.Values) string {
	endpoint := t.run.logoutEndpoint(t.Discovery())
	if endpoint == "" {
		t.Skip("no sign-out endpoint is known: discovery has no end_session_endpoint and the target file no domain")
	}
	return withQuery(endpoint, q)
}

// exchange is a browser's request as evidence.
func (h Hop) exchange() Exchange {
	e := Exchange{Method: h.Method, URL: MaskURL(h.URL), Status: h.Status}
	if h.Location != "" {
		e.ResponseHeader = append(e.ResponseHeader, "Location: "+MaskURL(h.Location))
	}
	for _, c := range h.Cookies {
		what := "=…"
		if c.Deleted {
			what = "= (deleted)"
		}
		e.ResponseHeader = append(e.ResponseHeader, "Set-Cookie: "+c.Name+what)
	}
	return e
}

func (r *runner) logoutEndpoint(d *Discovery) string {
	if d.EndSessionEndpoint != "" || r.o.Target.Domain == "" {
		return d.EndSessionEndpoint
	}
	return strings.TrimSuffix(r.o.Target.Domain, "/") + "/logout"
}

// signOutOnce makes the evidence when it is first asked for.
func (r *runner) signOutOnce() func(context.Context) (*SignOut, error) {
	var once sync.Once
	var s *SignOut
	var err error
	return func(ctx context.Context) (*SignOut, error) {
		once.Do(func() { s, err = r.collectSignOut(ctx) })
		return s, err
	}
}

func (r *runner) collectSignOut(ctx context.Context) (*SignOut, error) {
	d, err := r.doc(ctx)
	if err != nil {
		return nil, err
	}
	browser := r.open()
	s := &SignOut{}
	if s.Before, err = r.authorizeIn(ctx, browser, Variant{}); err != nil || s.Before.Params.Get("code") == "" {
		return s, err
	}
	c := r.o.Target.Client
	s.URL = withQuery(r.logoutEndpoint(d), url.Values{"client_id": {c.ID}, "logout_uri": {c.LogoutURI}})
	target := *r.o.Target
	target.Client.RedirectURI = c.LogoutURI // where the visit ends
	target.IdP.Steps = nil                  // those of signing in
	s.Visit, err = browser.SignIn(ctx, s.URL, &target)
	if stuck, ok := errors.AsType[*StuckError](err); ok {
		s.Stuck, err = stuck, nil
	}
	if err != nil {
		return nil, err
	}
	if err := r.spend(ctx, len(s.Visit.Hops)); err != nil {
		return nil, err
	}
	s.After, err = r.authorizeIn(ctx, browser, Variant{})
	return s, err
}
