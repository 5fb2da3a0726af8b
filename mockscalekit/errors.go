package mockscalekit

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// describe is the one table of error descriptions: those documented at
// https://docs.scalekit.com/sso/reference/sso-integration-errors/, without the formatting of that page.
// Unverified: that the live service sends exactly these strings.
func describe(code string) string {
	switch code {
	case "invalid_redirect_uri":
		return "Redirect URI is not part of the pre-approved list of redirect URIs"
	case "invalid_connection_selector":
		return "Missing organization_id (or) connection_id (or) domain (or) provider in the authorization URL"
	case "no_active_connections":
		return "There are no active SSO connections configured to process the single sign-on request"
	case "connection_not_active":
		return "The configured connection is not active"
	case "no_configured_connections":
		return "No active SSO connections configured"
	case "invalid_organization_id":
		return "Invalid organization ID"
	case "invalid_connection_id":
		return "Invalid connection ID"
	case "domain_not_found":
		return "No domain specified for the SSO connection(s)"
	case "invalid_user_domain":
		return "User's domain not allowed for this SSO connection"
	case "invalid_client":
		return "The client application is not recognized or not configured correctly"
	case "application_not_active":
		return "The application is inactive"
	case "invalid_request":
		return "The authorization request contains invalid or missing parameters"
	case "mandatory_attribute_missing":
		return "Missing mandatory user attributes"
	case "invalid_id_token":
		return "Invalid ID token"
	case "failed_to_exchange_token":
		return "Token exchange failure due to incorrect client_secret"
	case "user_info_retrieve_failed":
		return "User info retrieval failed, possibly due to an incorrect client_secret or other issues"
	case "user_login_required":
		return "User login is required to continue"
	}
	return ""
}

// loginError ends a sign-in: by a redirect to the client once its redirect URI is trusted, by a page before.
type loginError struct {
	Code        string
	Description string // what the client sees
	Sentence    string // what happened, why, what to do: for the page and the trace
	Err         error  // cause; logged, never sent
	to          *target
}

// target is where a trusted client wants its answer.
type target struct{ RedirectURI, State string }

// refuse makes a loginError with the description of the table.
func refuse(code, format string, args ...any) *loginError {
	return &loginError{Code: code, Description: describe(code), Sentence: fmt.Sprintf(format, args...)}
}

// because adds the cause.
func (e *loginError) because(err error) error {
	e.Err = err
	return e
}

// Error implements error.
func (e *loginError) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Sentence + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Sentence
}

// Unwrap returns the cause.
func (e *loginError) Unwrap() error { return e.Err }

// send makes err an answer to the client at t.
func (t target) send(err error) error {
	e := asLoginError(err)
	e.to = &t
	return e
}

func asLoginError(err error) *loginError {
	if e, ok := errors.AsType[*loginError](err); ok {
		return e
	}
	return &loginError{
		Code: string(oauth2.ServerError), Description: "Internal error", Err: err,
		Sentence: "The mock itself failed: " + err.Error() + ". This is a fault of the lab; its log says more.",
	}
}

// errorPage is the data of pages/error.html.
type errorPage struct {
	Heading, Sentence, Code, Description string
}

// presentLogin shows an error of the environment's own endpoints.
func (e *environment) presentLogin(w http.ResponseWriter, r *http.Request, err error) {
	page := look.Page{Party: "scalekit", Title: "Sign-in stopped · Scalekit mock", Strip: e.strip()}
	presentLoginError(w, r, e.kit, e.pages, page, err)
}

// presentLoginError shows a loginError: as a redirect to the client once that is known, until then as a page of the party.
func presentLoginError(w http.ResponseWriter, r *http.Request, kit *party.Kit, pages *look.Pages, page look.Page, err error) {
	failure := asLoginError(err)
	trace.Fail(r.Context(), failure.Sentence)
	kit.Log.Warn("sign-in refused", "party", page.Party, "error", failure)
	if failure.to != nil {
		p := web.Params{{"error", failure.Code}, {"error_description", failure.Description}}
		p.AddIf("state", failure.to.State)
		web.Redirect(w, p.WithQuery(failure.to.RedirectURI))
		return
	}
	status := http.StatusBadRequest
	if failure.Code == string(oauth2.ServerError) {
		status = http.StatusInternalServerError
	}
	page.Body = errorPage{"This sign-in cannot go on", failure.Sentence, failure.Code, failure.Description}
	if err := pages.Render(w, status, "error", page); err != nil {
		http.Error(w, failure.Sentence, http.StatusInternalServerError)
	}
}

// presentOAuth shows an error as the JSON of RFC 6749 §5.2.
func presentOAuth(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	stopped(r.Context(), "The "+r.URL.Path+" endpoint refused: "+e.Error()+".")
	if e.Status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="OAuth"`) // RFC 6749 §5.2
	}
	web.NoStore(w)
	writeOAuth(w, e.HTTPStatus(), string(e.Code), e.Description)
}

// stopped marks the sign-in as failed, unless it was completed before: a code that is sent again undoes nothing.
func stopped(ctx context.Context, sentence string) {
	completed := false
	trace.Annotate(ctx, func(s *trace.SignIn) { completed = s.Outcome == trace.Completed })
	if completed {
		trace.Note(ctx, sentence)
		return
	}
	trace.Fail(ctx, sentence)
}

// presentBearer shows an error of userinfo.
// Unverified: plain text without WWW-Authenticate, as zitadel/oidc does.
func presentBearer(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	stopped(r.Context(), "userinfo refused: "+e.Error()+". Send the access token of this sign-in, within its 15 minutes, as Authorization: Bearer.")
	http.Error(w, e.Description, e.HTTPStatus())
}

func writeOAuth(w http.ResponseWriter, status int, code, description string) {
	body := struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description}
	_ = web.JSON(w, status, "application/json", body) // two strings always encode
}
