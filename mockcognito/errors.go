package mockcognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// pageError sends the browser to the domain's own error page: neither the app nor its redirect URI can be trusted.
type pageError struct {
	pool    *pool  // nil when unknown
	query   string // of /error, as the real service writes it
	explain string // what happened, why, what to do; shown by the mock and the trace only
}

func (e *pageError) Error() string { return "error page: " + e.query + ": " + e.explain }

// appError is returned to the app's callback (RFC 6749 §4.1.2.1).
type appError struct {
	redirectURI string
	fragment    bool // response_type=token
	state       string
	hasState    bool
	code        oauth2.Code
	description string
	explain     string
	err         error // cause; logged, never sent
}

func (e *appError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.code, e.description, e.explain)
}

func (e *appError) Unwrap() error { return e.err }

// bareError is an answer of the edge in front of the service: a status and a line of text.
type bareError struct {
	status  int
	text    string
	explain string
}

func (e *bareError) Error() string { return e.text + ": " + e.explain }

// presentable tells whether err says itself how it is shown to a browser.
func presentable(err error) bool {
	_, app := errors.AsType[*appError](err)
	_, page := errors.AsType[*pageError](err)
	_, bare := errors.AsType[*bareError](err)
	_, unbranded := errors.AsType[*noBranding](err)
	return app || page || bare || unbranded
}

// location is the app's callback with the error. The order of the parameters is the real service's.
func (e *appError) location() string {
	var params web.Params
	params.AddIf("error_description", e.description)
	if e.hasState {
		params.Add("state", e.state)
	}
	params.Add("error", string(e.code))
	if e.fragment {
		return params.WithFragment(e.redirectURI)
	}
	return params.WithQuery(e.redirectURI)
}

// presentFront shows errors of the endpoints that a browser visits.
func (s *Server) presentFront(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	if e, ok := errors.AsType[*appError](err); ok {
		if e.code == oauth2.ServerError {
			s.kit.Log.ErrorContext(ctx, "internal failure", "path", r.URL.Path, "error", e.err)
		}
		trace.Fail(ctx, sentence(e.explain, e.description))
		web.Redirect(w, e.location())
		return
	}
	if e, ok := errors.AsType[*noBranding](err); ok {
		trace.Fail(ctx, e.Error())
		_ = s.renderError(w, http.StatusForbidden, errorBody{Message: pagesUnavailable, Code: "login_pages_unavailable", Explain: e.Error()})
		return
	}
	if e, ok := errors.AsType[*expiredAttempt](err); ok {
		s.loginAgain(w, r, e)
		return
	}
	if e, ok := errors.AsType[*bareError](err); ok {
		trace.Fail(ctx, sentence(e.explain, e.text))
		http.Error(w, e.text, e.status)
		return
	}
	if e, ok := errors.AsType[*pageError](err); ok {
		trace.Fail(ctx, e.explain)
		if len(e.query) > maxOwnQuery {
			e.query = "error=invalid_request"
		}
		s.explainPage(ctx, e)
		web.Redirect(w, "/error?"+e.query)
		return
	}
	s.kit.Log.ErrorContext(ctx, "internal failure", "path", r.URL.Path, "error", err)
	trace.Fail(ctx, "mock Cognito failed: "+err.Error())
	http.Error(w, "Internal Server Error", http.StatusInternalServerError)
}

// maxOwnQuery bounds the addresses of this service's own pages. They repeat what was sent, which escaping makes up to
// three times as long: longer than this server takes.
const maxOwnQuery = 32 << 10

// maxExplanation bounds what is kept for the error page, in bytes.
const maxExplanation = 4 << 10

func sentence(explain, fallback string) string {
	if explain != "" {
		return explain
	}
	return "Cognito refused: " + fallback + "."
}

// explainPage keeps the sentence for the error page that the browser is being sent to. Its address has to stay as the
// real service's, so the sentence cannot travel in it.
func (s *Server) explainPage(ctx context.Context, e *pageError) {
	explain := e.explain
	if len(explain) > maxExplanation {
		explain = strings.ToValidUTF8(explain[:maxExplanation], "") + "…"
	}
	_ = s.explained.Put(ctx, e.query, explain, s.kit.Env.Now().Add(time.Minute))
}

// errorPage is /error: status 400 and the reason from the query.
func (s *Server) errorPage(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return badEncoding(err)
	}
	s.setXSRF(w, r, q.Get("client_id"))
	explain, _ := s.explained.Get(r.Context(), r.URL.RawQuery)
	return s.renderError(w, http.StatusBadRequest, errorBody{
		Message: "An error was encountered with the requested page.",
		Reason:  q.Get("error"), Description: q.Get("error_description"), Code: firstNonEmpty(q.Get("error"), "error"), Explain: explain,
	})
}

type errorBody struct {
	Message     string // the real service's text
	Reason      string // its reason, from the query
	Description string
	Code        string // machine-readable, for data-error
	Explain     string // the mock's own sentence
}

func (s *Server) renderError(w http.ResponseWriter, status int, body errorBody) error {
	return look.Render(w, status, look.Page{Party: "cognito", Title: "Error · mock Cognito", Strip: s.strip(nil)}, errorView(body))
}

func badEncoding(err error) error {
	return &bareError{status: http.StatusBadRequest, text: "Bad Request", explain: fmt.Sprintf(
		"Cognito's edge refused the request before anything read it: %v. Encode the parameters with your language's URL library; keep state to letters, digits, - and _.", err)}
}

func (s *Server) strip(p *pool) string {
	if p == nil {
		return "mock Cognito · not AWS"
	}
	return "mock Cognito · pool " + p.ID + " · not AWS"
}

// presentToken shows errors of the token and revocation endpoints (RFC 6749 §5.2). invalid_client has status 400 at
// the token endpoint, as observed.
func (s *Server) presentToken(w http.ResponseWriter, r *http.Request, err error) {
	e := s.oauthError(r, err)
	body := struct {
		Error       oauth2.Code `json:"error"`
		Description string      `json:"error_description,omitempty"`
	}{e.Code, e.Description}
	s.backHeaders(w)
	if e.Code == oauth2.InvalidClient && !s.kit.Quirks.On(quirkInvalidClient400) {
		e.Status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="mock Cognito"`)
	}
	_ = web.JSON(w, e.HTTPStatus(), "application/json;charset=UTF-8", body)
}

func (s *Server) oauthError(r *http.Request, err error) *oauth2.Error {
	e := oauth2.AsError(err)
	if e.Code == oauth2.ServerError {
		s.kit.Log.ErrorContext(r.Context(), "internal failure", "path", r.URL.Path, "error", err)
	}
	note := fmt.Sprintf("Cognito answered %s", e.Code)
	if e.Description != "" {
		note += " (" + e.Description + ")"
	}
	if e.Err != nil {
		note += ": " + e.Err.Error()
	}
	trace.Fail(r.Context(), note)
	return e
}

// backHeaders are on every answer of the back-channel endpoints.
func (s *Server) backHeaders(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Amz-Cognito-Request-Id", s.kit.Env.UUID())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Xss-Protection", "1; mode=block")
	h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "0")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Server", "Server")
}

func firstNonEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// query writes parameters in order, for the addresses of our own pages.
func query(pairs ...string) string {
	var p web.Params
	for i := 0; i+1 < len(pairs); i += 2 {
		p.Add(pairs[i], pairs[i+1])
	}
	return p.Encode()
}
