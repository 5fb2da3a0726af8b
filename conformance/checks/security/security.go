// Package security checks what holds across endpoints: cookies, headers, pages, redirects and crafted credentials
// (RFC 9700, RFC 8725, RFC 6749 section 10).
//
//	browser.go      what a browser is given: cookies, headers and pages of one sign-in, and of pages asked for directly
//	credentials.go  what must be refused: tokens that somebody made, credentials in the wrong place, foreign origins
//	transport.go    TLS, and requests that are too large
package security

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Checks returns the security checks.
func Checks() []conformance.Check {
	list := slices.Concat(browserChecks(), pageChecks(), credentialChecks(), transportChecks())
	slices.SortFunc(list, func(a, b conformance.Check) int { return strings.Compare(a.ID, b.ID) })
	return list
}

const (
	must   = conformance.Must
	should = conformance.Should
	spec   = conformance.Spec
	advice = conformance.Advice
)

func check(id, title string, level conformance.Level, basis conformance.Basis, ref conformance.Ref, hint string, run func(*conformance.T), faults ...conformance.Fault) conformance.Check {
	return conformance.Check{
		ID: id, Title: title, Level: level, Basis: basis, Refs: []conformance.Ref{ref}, Hint: hint, Faults: faults,
		Run: func(_ context.Context, t *conformance.T) { run(t) },
	}
}

func needs(c conformance.Check, list ...conformance.Need) conformance.Check {
	c.Needs = list
	return c
}

func unproven(c conformance.Check) conformance.Check {
	c.Unproven = true
	return c
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

func rfc(number, section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC " + number, Section: section, Quote: quote}
}

// fresh is the sign-in of a new browser through the identity provider. It is shared.
func fresh(t *conformance.T) *conformance.Authorization {
	a := t.Journey(conformance.Variant{Fresh: true}).Authorization
	if a.Visit == nil || len(a.Visit.Hops) == 0 {
		t.Skip("the driver reports no hops")
	}
	return a
}

// domain is the scheme and host of the authorization endpoint.
func domain(t *conformance.T) *url.URL {
	u, err := url.Parse(t.Discovery().AuthorizationEndpoint)
	if err != nil {
		t.Undecided(err)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}
}

// loginPage asks for the sign-in page with parameters; without one the check is skipped.
func loginPage(t *conformance.T, with ...func(url.Values)) *conformance.Response {
	with = append([]func(url.Values){func(q url.Values) { q.Del("identity_provider"); q.Del("idp_identifier") }}, with...)
	resp := t.Get(t.AuthorizeURL(conformance.Variant{}, with...))
	for range 3 {
		to := resp.Location()
		if to == nil || to.Host != resp.Request.URL.Host {
			break
		}
		resp = t.Get(to.String())
	}
	if resp.MediaType() != "text/html" {
		t.Skip("without identity_provider there is no sign-in page to look at (status %d)", resp.Status)
	}
	return resp
}

// errorPage asks for the page that the domain shows when an app cannot be trusted.
func errorPage(t *conformance.T, params url.Values) *conformance.Response {
	u := domain(t)
	u.Path, u.RawQuery = "/error", params.Encode()
	resp := t.Get(u.String())
	if resp.MediaType() != "text/html" {
		t.Skip("%s is no page (status %d)", u.Path, resp.Status)
	}
	return resp
}

// header makes an edit of a request.
func header(name, value string) func(*http.Request) {
	return func(req *http.Request) { req.Header.Set(name, value) }
}

// do sends a request with another method than Get and Post, or with headers.
func do(t *conformance.T, method, target string, edit ...func(*http.Request)) *conformance.Response {
	req := t.Request(method, target, nil)
	for _, f := range edit {
		f(req)
	}
	return t.Do(req)
}
