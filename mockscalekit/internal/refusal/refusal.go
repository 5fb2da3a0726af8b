// Package refusal is how a sign-in ends badly, at an environment and at an identity provider alike: with a redirect to the client
// once it is known that the answer may go there, with a page before.
//
//	handler ─► Error ─┬─► Target.Send ─► 302 redirect_uri?error&error_description&state
//	                  └─► page: what happened, why, what to do next
package refusal

import (
	"errors"
	"net/http"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// Error ends a sign-in.
type Error struct {
	Code        string
	Description string  // what the client sees
	Sentence    string  // what happened, why, what to do: for the page and the trace
	Err         error   // cause; logged, never sent
	To          *Target // nil: a page
}

// Target is where a trusted client wants its answer.
type Target struct{ RedirectURI, State string }

// Because adds the cause.
func (e *Error) Because(err error) error {
	e.Err = err
	return e
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Sentence + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Sentence
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Status is that of the page.
func (e *Error) Status() int {
	if e.Code == string(oauth2.ServerError) {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// Send makes err an answer to the client at t; without a client it stays a page.
func (t Target) Send(err error) error {
	e := As(err)
	if t.RedirectURI != "" {
		e.To = &t
	}
	return e
}

// As returns the *Error in err; any other error is a fault of the lab.
func As(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{
		Code: string(oauth2.ServerError), Description: "Internal error", Err: err,
		Sentence: "The mock itself failed: " + err.Error() + ". This is a fault of the lab; its log says more.",
	}
}

// Presenter shows errors.
type Presenter struct {
	kit *party.Kit
}

// NewPresenter returns a presenter.
func NewPresenter(kit *party.Kit) *Presenter { return &Presenter{kit: kit} }

// Present shows an error: as a redirect to the client once that is known, until then as a page of the party.
func (p *Presenter) Present(w http.ResponseWriter, r *http.Request, page look.Page, err error) {
	failure := As(err)
	trace.Fail(r.Context(), failure.Sentence)
	p.kit.Log.Warn("sign-in refused", "party", page.Party, "error", failure)
	if failure.To != nil {
		q := web.Params{{"error", failure.Code}, {"error_description", failure.Description}}
		q.AddIf("state", failure.To.State)
		web.Redirect(w, q.WithQuery(failure.To.RedirectURI))
		return
	}
	render(w, page, failure.Status(), errorPage{"This sign-in cannot go on", failure.Sentence, failure.Code, failure.Description})
}

// Show shows a page that says why it is not what was asked for.
func Show(w http.ResponseWriter, page look.Page, status int, heading, sentence string) {
	render(w, page, status, errorPage{heading, sentence, http.StatusText(status), ""})
}

func render(w http.ResponseWriter, page look.Page, status int, body errorPage) {
	if err := look.Render(w, status, page, errorView(body)); err != nil {
		http.Error(w, body.Sentence, http.StatusInternalServerError)
	}
}
