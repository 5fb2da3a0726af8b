// Package authorize checks the authorization endpoint of the user pool's domain (RFC 6749 sections 3.1 and 4.1, OpenID
// Connect Core 1.0 section 3.1.2, RFC 7636).
//
//	request.go  what a request may say, and what must be refused: one GET each, without cookies, not followed to an end
//	answer.go   what comes back to the app, and sessions: shared sign-ins and silent ones
//
// A refusal is a status of 400 or more, a redirect with an error to the app where the app can be trusted, or a redirect
// to an error page of the same host. Not modelled: the implicit flow's tokens, which a code-only client never sees.
package authorize

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Checks returns the checks of the authorization endpoint.
func Checks() []conformance.Check {
	list := slices.Concat(requestChecks(), selectionChecks(), answerChecks())
	slices.SortFunc(list, func(a, b conformance.Check) int { return strings.Compare(a.ID, b.ID) })
	return list
}

const (
	must   = conformance.Must
	should = conformance.Should
	info   = conformance.Info
	spec   = conformance.Spec
	vendor = conformance.Vendor
)

func check(id, title string, level conformance.Level, basis conformance.Basis, refs []conformance.Ref, hint string, run func(*conformance.T), faults ...conformance.Fault) conformance.Check {
	return conformance.Check{
		ID: id, Title: title, Level: level, Basis: basis, Refs: refs, Hint: hint, Faults: faults,
		Run: func(_ context.Context, t *conformance.T) { run(t) },
	}
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

func refs(list ...conformance.Ref) []conformance.Ref { return list }

func oauth(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 6749", Section: section, Quote: quote}
}

func pkce(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 7636", Section: section, Quote: quote}
}

func practice(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 9700", Section: section, Quote: quote}
}

func core(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: section, Quote: quote}
}

func guide(quote string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: "authorize endpoint", Summary: quote}
}

// outcome is where an authorization request without cookies was sent.
type outcome struct {
	resp   *conformance.Response
	to     *url.URL   // nil: no redirect
	params url.Values // of to: the query, or the fragment where the query has no answer
	app    bool       // to is the app's callback
	own    bool       // to is on the host that answered
}

// ask sends an authorization request. with edits its parameters. Where the endpoint does not redirect a plain one either
// the check is skipped.
func ask(t *conformance.T, v conformance.Variant, with ...func(url.Values)) outcome {
	o := decide(t, t.Get(t.AuthorizeURL(v, with...)))
	if status := o.resp.Status; o.to == nil && (status < http.StatusBadRequest || status >= http.StatusInternalServerError) {
		if plain := t.Get(t.AuthorizeURL(conformance.Variant{})); plain.Location() == nil {
			t.Skip("the authorization endpoint answers %d to a plain request (see AUTHZ-001)", plain.Status)
		}
	}
	return o
}

func decide(t *conformance.T, resp *conformance.Response) outcome {
	o := outcome{resp: resp, to: resp.Location(), params: url.Values{}}
	if o.to == nil {
		return o
	}
	o.params = o.to.Query()
	if fragment, err := url.ParseQuery(o.to.EscapedFragment()); err == nil && !o.params.Has("code") && !o.params.Has("error") && len(fragment) > 0 {
		o.params = fragment
	}
	o.app = samePlace(o.to, t.Target().Client.RedirectURI)
	o.own = !o.app && o.to.Host == resp.Request.URL.Host
	return o
}

func samePlace(u *url.URL, redirectURI string) bool {
	want, err := url.Parse(redirectURI)
	return err == nil && u.Scheme == want.Scheme && u.Host == want.Host && u.Path == want.Path
}

// String says where the request led.
func (o outcome) String() string {
	switch {
	case o.to == nil:
		return "status " + strconv.Itoa(o.resp.Status)
	case o.app && o.params.Has("error"):
		return "the app is sent the error " + o.errorText()
	case o.app:
		return "the app is sent " + conformance.MaskURL(o.to.String())
	case o.own && o.to.Query().Has("error"):
		return "the browser is sent to the error page " + conformance.MaskURL(o.to.String())
	}
	return "the request was accepted: the browser is sent on to " + o.to.Scheme + "://" + o.to.Host + o.to.Path
}

func (o outcome) errorText() string {
	text := "\"" + o.params.Get("error") + "\""
	if d := o.params.Get("error_description"); d != "" {
		text += " (" + d + ")"
	}
	return text
}

// refusal is an error at the app.
func (o outcome) refusal() bool { return o.app && o.params.Get("error") != "" && !o.params.Has("code") }

// says tells whether the app is told the code, as error or, as the real service does, as error_description.
func (o outcome) says(code string) bool {
	return o.refusal() && (o.params.Get("error") == code || strings.HasPrefix(o.params.Get("error_description"), code))
}

// ownError tells whether the host shows an error of its own: at once, or on a page of the same host that it redirects
// to within two hops.
func (o outcome) ownError(t *conformance.T) bool {
	for range 3 {
		if o.to == nil {
			return o.resp.Status >= http.StatusBadRequest && o.resp.Status < http.StatusInternalServerError
		}
		if !o.own {
			return false
		}
		if o.to.Query().Has("error") {
			return true
		}
		if o = decide(t, t.Get(o.to.String())); o.resp.Status >= http.StatusInternalServerError {
			t.Skip("%s answers %d", o.resp.Request.URL.Path, o.resp.Status)
		}
	}
	return false
}

// healthy skips the check when the plain request is refused, so that a refusal says nothing about what was changed.
func healthy(t *conformance.T, v conformance.Variant) {
	if o := ask(t, v); o.refusal() || o.resp.Status >= http.StatusBadRequest || o.own && o.to.Query().Has("error") {
		t.Skip("a plain authorization request is refused (%s; see AUTHZ-001)", o)
	}
}
