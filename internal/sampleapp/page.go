package sampleapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
)

const strip = "sample app · part of ssolab · nothing here is real"

type homePage struct {
	Emails           []string
	IdentityProvider string
}

type claimsPage struct {
	Email    string
	TraceURL string
	UserInfo string
	Claims   []member
	IDToken  string
}

type errorPage struct {
	*failure
	TraceURL string
}

func (a *app) home(w http.ResponseWriter, r *http.Request) error {
	_, s, err := a.current(r)
	if err != nil {
		return err
	}
	if !s.SignedIn {
		return look.Render(w, http.StatusOK, look.Page{Party: "app", Title: "Sign in · sample app", Strip: strip}, homeView(homePage{a.TryEmails, a.IdentityProvider}))
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "app", Title: "Signed in · sample app", Strip: strip, Width: "wide"}, claimsView(claimsPage{
		Email: s.Email, TraceURL: a.traceURL(s.SignIn),
		UserInfo: pretty(s.UserInfo), Claims: members(s.UserInfo), IDToken: pretty(s.IDToken),
	}))
}

func (a *app) notFound(w http.ResponseWriter, _ *http.Request) error {
	return look.Render(w, http.StatusNotFound, look.Page{Party: "app", Title: "No such page · sample app", Strip: strip},
		errorView(errorPage{failure: &failure{Code: "not_found", Sentence: "The app has no page at this address."}}))
}

// present writes any error as a page, and says so in the trace.
func (a *app) present(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{Code: "internal_error", Status: http.StatusInternalServerError, Sentence: "The app could not serve this page; its log says why."}
	}
	a.Kit.Log.WarnContext(r.Context(), "sign-in failed", "party", trace.App, "error", err)
	sentence := f.Sentence
	if f.RawError != "" {
		sentence += " Cognito said: " + strings.TrimSuffix(f.RawError+", "+f.RawDescription, ", ") + "."
	}
	trace.Fail(r.Context(), sentence)
	page := look.Page{Party: "app", Title: "Not signed in · sample app", Strip: strip}
	if err := look.Render(w, f.Status, page, errorView(errorPage{failure: f, TraceURL: a.traceURL(trace.ID(r.Context()))})); err != nil {
		http.Error(w, f.Sentence, f.Status)
	}
}

func (a *app) traceURL(id string) string {
	if a.ConsoleURL == "" || id == "" {
		return ""
	}
	return a.ConsoleURL + "/signins/" + id
}

func pretty(raw json.RawMessage) string {
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}
