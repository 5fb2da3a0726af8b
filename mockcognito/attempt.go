package mockcognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The pages for a pool's own users. Each belongs to an authorization request, whose query every address repeats; what is
// under way beside it is an attempt, kept here and found by the cookie page-data.
//
//	/oauth2/authorize ─► /login ─► /changePassword ─► /mfa ─► session cookie ─► the app, with a code
//	                       │  ▲
//	                       │  └─ /confirmforgotPassword ◄─ /forgotPassword
//	                       └──► /signup ─► /confirm (again: /resendcode) ─► as behind /login
//
// A form that is answered leads on by a redirect, so that going back or loading a page again sends nothing twice; one that
// is refused is shown again with the reason. The rules are those of package signin, the same as behind the user pools API.
const (
	pageLogin    = "/login"
	pageSignUp   = "/signup"
	pageConfirm  = "/confirm"
	pageResend   = "/resendcode"
	pageForgot   = "/forgotPassword"
	pageReset    = "/confirmforgotPassword" // so written in the developer guide
	pagePassword = "/changePassword"        // Unverified: the path
	pageMFA      = "/mfa"                   // Unverified: the path
)

// cookieAttempt leads to what is under way on the pages. What the real service keeps in it is not known.
const cookieAttempt = "page-data"

// attemptLifetime bounds how long the pages remember. A code that was mailed is good for longer: its page asks for the user
// name then.
const attemptLifetime = time.Hour

// attempt is a sign-in, sign-up or reset that is under way in a browser.
type attempt struct {
	ID       string `json:"-"`
	PoolID   string
	ClientID string
	Page     string // that comes next; empty: none in particular
	Username string // as it was typed
	Proven   string // sub of the user whose password was right, or who has just signed up; empty: nobody
	Sent     string // where a code went

	Challenge  string // of package signin, with the session to answer it by
	Session    string
	Parameters map[string]string
	Secret     string // of an authenticator that is being associated

	Said said // by the next page, once
}

// said is what a page tells the person above its form.
type said struct {
	Text    string // the real service's
	Code    string // machine-readable, for data-error
	Explain string // the mock's own sentence
	Bad     bool
}

// keepAttempt makes a the browser's attempt, in the place of another one.
func (s *Server) keepAttempt(ctx context.Context, w http.ResponseWriter, p *pool, a attempt) error {
	a.PoolID, a.ID = p.ID, s.kit.Env.Token(24)
	if err := s.attempts.Put(ctx, a.ID, a, s.kit.Env.Now().Add(attemptLifetime)); err != nil {
		return err
	}
	p.cookies.Set(w, cookieAttempt, a.ID, attemptLifetime, http.SameSiteLaxMode)
	return nil
}

// currentAttempt is the browser's, if it has one at this pool.
func (s *Server) currentAttempt(r *http.Request, p *pool) (attempt, bool) {
	id := p.cookies.Get(r, cookieAttempt)
	if id == "" {
		return attempt{}, false
	}
	a, err := s.attempts.Get(r.Context(), id)
	a.ID = id
	return a, err == nil && a.PoolID == p.ID
}

// endAttempt forgets the browser's attempt.
func (s *Server) endAttempt(w http.ResponseWriter, r *http.Request, p *pool) {
	if id := p.cookies.Get(r, cookieAttempt); id != "" {
		_ = s.attempts.Delete(r.Context(), id)
		p.cookies.Clear(w, cookieAttempt, http.SameSiteLaxMode)
	}
}

// pageRequest is a request for a page, or with a form of one.
type pageRequest struct {
	*authorizationRequest
	q       url.Values
	form    url.Values // nil: a page is asked for
	csrf    string
	attempt attempt // zero: none is under way
	classic bool    // the hosted UI, not managed login
}

func (req *pageRequest) caller() signin.Caller {
	return signin.Caller{Pool: req.pool.Pool, Client: req.client}
}

// accountPage serves a page of an app client that signs the pool's own users in.
func (s *Server) accountPage(show func(http.ResponseWriter, *http.Request, *pageRequest) error) web.Endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := web.Query(r)
		if err != nil {
			return badEncoding(err)
		}
		req := &pageRequest{q: q, csrf: s.setXSRF(w, r, q.Get("client_id"))}
		if req.authorizationRequest, err = s.trustedLogin(r, q); err != nil {
			return err
		}
		return req.returned(s.servePage(w, r, req, show))
	}
}

// accountForm serves a form of such a page.
func (s *Server) accountForm(act func(http.ResponseWriter, *http.Request, *pageRequest) error) web.Endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := web.Query(r)
		if err != nil {
			return badEncoding(err)
		}
		form, err := web.Form(r)
		if err != nil {
			return &bareError{status: http.StatusBadRequest, text: "Bad Request", explain: err.Error()}
		}
		req := &pageRequest{q: q, form: form}
		if req.authorizationRequest, err = s.trustedRequest(r, q); err != nil {
			return err
		}
		if req.csrf, err = s.ownForm(r, req.pool, form); err != nil {
			return err
		}
		return req.returned(s.servePage(w, r, req, act))
	}
}

// servePage is what pages and their forms have in common once the app client is known.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, req *pageRequest, serve func(http.ResponseWriter, *http.Request, *pageRequest) error) error {
	if err := s.checkRequest(r.Context(), req.q, req.authorizationRequest); err != nil {
		return err
	}
	if err := s.branded(r, req.authorizationRequest); err != nil {
		return err
	}
	req.classic = !s.managedLogin(r, req.pool)
	if a, ok := s.currentAttempt(r, req.pool); ok && (a.ClientID == req.client.ID || a.ClientID == "") {
		req.attempt = a
	}
	return serve(w, r, req)
}

// ownUsers serves app clients that sign the pool's own users in; others are shown what they have.
func (s *Server) ownUsers(serve func(http.ResponseWriter, *http.Request, *pageRequest) error) func(http.ResponseWriter, *http.Request, *pageRequest) error {
	return func(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
		if !req.signsOwnUsersIn() {
			return s.toLoginWith(w, r, req, notOffered(req.noOwnUsers()))
		}
		return serve(w, r, req)
	}
}

func (req *authorizationRequest) noOwnUsers() string {
	return fmt.Sprintf("App client %s does not sign users of the pool's own in. Add COGNITO to its SupportedIdentityProviders.", req.client.ID)
}

// ownForm refuses a form that did not come from a page of this service in this browser.
func (s *Server) ownForm(r *http.Request, p *pool, form url.Values) (csrf string, err error) {
	cookie := p.cookies.Get(r, cookieXSRF)
	return cookie, s.kit.Faults.Run(r.Context(), fault.Check{Point: "cognito.login.csrf", Run: func() error {
		if cookie == "" || !oauth2.SameSecret(cookie, form.Get("_csrf")) {
			return &bareError{status: http.StatusForbidden, text: "Forbidden", explain: "The _csrf field is not the XSRF-TOKEN cookie's value: the cookie was lost, or the form did not come from this page."}
		}
		return nil
	}})
}

// branded refuses managed login to an app client that has no style.
func (s *Server) branded(r *http.Request, req *authorizationRequest) error {
	if s.managedLogin(r, req.pool) && req.pool.BrandingOf(req.client.ID) == nil {
		return &noBranding{req.client.ID}
	}
	return nil
}

// address is a page's, with the query of the authorization request.
func (req *authorizationRequest) address(page string) string {
	return page + "?" + printable(req.rawQuery)
}

// toPage keeps the attempt and sends the browser to its page.
func (s *Server) toPage(w http.ResponseWriter, r *http.Request, req *pageRequest, a attempt) error {
	to := req.address(a.Page)
	if len(to) > maxOwnQuery && len(to) > len(req.rawQuery)+len(a.Page)+1 {
		return &bareError{status: http.StatusRequestURITooLong, text: "Request-URI Too Long", explain: fmt.Sprintf("The address of the page would have %d bytes. Send shorter parameters, percent-encoded.", len(to))}
	}
	a.ClientID = req.client.ID
	if err := s.keepAttempt(r.Context(), w, req.pool, a); err != nil {
		return err
	}
	web.Redirect(w, to)
	return nil
}

// toLoginWith begins again at the login page, which says why.
func (s *Server) toLoginWith(w http.ResponseWriter, r *http.Request, req *pageRequest, what said) error {
	if what.Bad {
		trace.Fail(r.Context(), sentence(what.Explain, what.Text))
	}
	return s.toPage(w, r, req, attempt{Page: pageLogin, Username: req.attempt.Username, Said: what})
}

// lost begins again where a page is asked for that nothing is under way for.
func (s *Server) lost(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	return s.toLoginWith(w, r, req, said{Text: somethingWrong, Code: "something_went_wrong", Bad: true, Explain: "Nothing is under way in this browser that this page belongs to: it took too long, another tab began anew, or cookies are blocked. Sign in again."})
}

// refusal is what a page says of an error that package signin's rules make; ok is false for a failure of ours.
func refusal(err error) (said, bool) {
	e, ok := errors.AsType[*userpool.Error](err)
	if !ok {
		return said{}, false
	}
	return said{Text: e.Message, Code: string(e.Code), Bad: true}, true
}

// over tells whether a challenge cannot be answered any more, so that the sign-in begins again.
func over(err error) bool {
	return userpool.IsCode(err, signin.NotAuthorized)
}

// goOn leads to what comes next in a sign-in: the page of a challenge, or the app.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, req *pageRequest, username string, step *signin.Step) error {
	if step.User != nil {
		return s.signedIn(w, r, req, step)
	}
	a := attempt{Page: pageMFA, Username: username, Challenge: step.Challenge, Session: step.Session, Parameters: step.Parameters, Sent: step.Parameters["CODE_DELIVERY_DESTINATION"]}
	switch step.Challenge {
	case signin.NewPasswordRequired:
		a.Page = pagePassword
	case signin.MFASetup:
		var err error
		if a, err = s.beginSetUp(r.Context(), a); err != nil {
			return err
		}
	}
	return s.toPage(w, r, req, a)
}

// signedIn starts the session of the domain and hands the app its code.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request, req *pageRequest, step *signin.Step) error {
	ctx, u := r.Context(), step.User
	s.endAttempt(w, r, req.pool)
	if err := s.startSession(ctx, w, req.pool, u, CognitoProvider); err != nil {
		return err
	}
	trace.Annotate(ctx, func(si *trace.SignIn) {
		si.Username, si.Provider, si.Email = u.Username, CognitoProvider, firstNonEmpty(u.Attributes.Get("email"), si.Email)
	})
	trace.Note(ctx, fmt.Sprintf("signed %s in, of the pool's own directory", u.Username))
	return s.issue(ctx, w, issueRequest{
		pool: req.pool, client: req.client, user: u, redirectURI: req.redirectURI, responseType: req.responseType, scopes: req.scopes,
		state: req.state, hasState: req.hasState, nonce: req.nonce, challenge: req.challenge, authTime: s.kit.Env.Now(), resource: req.resource,
	})
}
