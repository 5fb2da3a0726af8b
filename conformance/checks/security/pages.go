package security

import (
	"net/http"
	"net/url"
	"regexp"

	"github.com/ssolab/ssolab/conformance"
)

func pageChecks() []conformance.Check {
	csrf := check("SEC-006", "The login form is taken only with the token of its own page", must, spec,
		rfc("6749", "10.12", "The authorization server MUST implement CSRF protection for its authorization endpoint"),
		"Put a token bound to the browser into each form.", crossSite, fault("page.csrf_missing", "taken"))
	csrf.Unproven = true
	return []conformance.Check{
		csrf,
		check("SEC-009", "Values of the request are escaped in pages", must, advice,
			rfc("6749", "10.14", "The authorization server and client MUST sanitize (and validate when possible) any value received -- in particular, the value of the \"state\" and \"redirect_uri\" parameters"),
			"Escape on output, and add a content security policy.", escaped,
			fault("page.xss_login_hint", "login_hint"), fault("page.xss_error", "error")),
		check("SEC-014", "Error answers leak no stack traces and no internals", must, advice,
			conformance.Ref{Doc: "OWASP Web Security Testing Guide", Section: "4.8", Summary: "error messages and stack traces help an attacker"},
			"Show a reference number, and log the rest.", noInternals, fault("page.stacktrace", "goroutine")),
	}
}

// crossSite posts the login form as another site would make a browser do it: without the page's token, and with one
// that belongs to another browser. No password of anybody is tried.
func crossSite(t *conformance.T) {
	page := loginPage(t)
	for name, form := range map[string]url.Values{
		"without a token":           {"username": {"ssolab-check-nobody"}, "password": {"ssolab-check"}},
		"with another page's token": {"username": {"ssolab-check-nobody"}, "password": {"ssolab-check"}, "_csrf": {"00000000-0000-4000-8000-000000000000"}},
	} {
		resp := t.Post(page.Request.URL.String(), form, header("Origin", "https://attacker.invalid"))
		t.Expect(resp.Status >= http.StatusBadRequest || resp.Location() != nil, "a refusal of the login form "+name, "it was taken: status %d", resp.Status)
	}
}

// probe is an element that no page has; it must come back escaped or not at all.
const probe = `"'><ssolab-probe a=1>`

var live = regexp.MustCompile(`(?i)<ssolab-probe\b`)

func escaped(t *conformance.T) {
	for _, name := range []string{"login_hint", "state"} {
		page := loginPage(t, func(q url.Values) { q.Set(name, probe) })
		t.Expect(!live.Match(page.Body), name+" escaped in the sign-in page", "%s makes an element of the page", name)
	}
	for _, name := range []string{"error", "error_description"} {
		page := errorPage(t, url.Values{"error": {"invalid_request"}, name: {probe}})
		t.Expect(!live.Match(page.Body), name+" escaped in the error page", "%s makes an element of the page", name)
	}
}

// internals are marks of stack traces and of failures of parts behind an endpoint.
var internals = regexp.MustCompile(`goroutine \d+ \[|panic: |\.go:\d+|\bat [\w.$]+\([\w.]+\.java:\d+\)|java\.(lang|util)\.\w+Exception|Traceback \(most recent call last\)|File "[^"]+", line \d+|at \S+ \(\S+\.[jt]s:\d+:\d+\)|System\.\w*Exception|SQLSTATE|ORA-\d{5}`)

func noInternals(t *conformance.T) {
	d := t.Discovery()
	at := func(path, query string) string {
		u := domain(t)
		u.Path, u.RawQuery = path, query
		return u.String()
	}
	answers := []*conformance.Response{
		errorPage(t, url.Values{"error": {"invalid_request"}}),
		t.Get(at("/ssolab-check/no-such-path", "")),
		t.Get(at("/oauth2/idpresponse", "code=x&state=y")),
		t.Get(d.AuthorizationEndpoint + "?client_id=%zz"),
		t.Post(d.TokenEndpoint, url.Values{"grant_type": {"\x00"}}),
	}
	if d.UserInfoEndpoint != "" {
		answers = append(answers, do(t, http.MethodGet, d.UserInfoEndpoint, header("Authorization", "Bearer a.b.c")))
	}
	for _, resp := range answers {
		found := internals.Find(resp.Body)
		t.Expect(found == nil, "errors without internals", "the answer of %s (status %d) holds %q", resp.Request.URL.Path, resp.Status, found)
	}
}
