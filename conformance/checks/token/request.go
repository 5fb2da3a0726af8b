package token

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

// requestChecks look at the form of requests and of errors.
func requestChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "TOKEN-014", Title: "An unknown grant type gives unsupported_grant_type, a missing one invalid_request", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("5.2 unsupported_grant_type", "The authorization grant type is not supported by the authorization server")},
		Hint: "Send grant_type authorization_code or refresh_token.", Faults: []conformance.Fault{fault("token.grant_default", "invalid_request")}, Run: run(grantTypes),
	}, {
		ID: "TOKEN-015", Title: "GET is refused", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("3.2", "The client MUST use the HTTP \"POST\" method when making access token requests")},
		Hint: "Use POST: codes and secrets in URLs end up in logs.", Faults: []conformance.Fault{fault("token.get_allowed", "observed tokens")}, Run: run(get),
	}, {
		ID: "TOKEN-016", Title: "A body of another content type is refused", Level: conformance.Should, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("the content type must be application/x-www-form-urlencoded"), oauth("4.1.3", "using the \"application/x-www-form-urlencoded\" format")},
		Hint: "Send a form, not JSON.", Faults: []conformance.Fault{fault("token.json_body", "observed tokens")}, Run: run(jsonBody),
	}, {
		ID: "TOKEN-020", Title: "An error is JSON with the member error, without HTML or a stack trace", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("5.2", "The parameters are included in the entity-body of the HTTP response using the \"application/json\" media type")},
		Hint: "Read the member error; look for a proxy that replaces error bodies.", Faults: []conformance.Fault{fault("token.html_error", "text/html")}, Run: run(errorBodies),
	}, {
		ID: "TOKEN-021", Title: "An invented code takes as long as one that exists", Level: conformance.Info, Basis: conformance.Advice, Needs: []conformance.Need{conformance.NeedLab},
		Refs: []conformance.Ref{{Doc: "OWASP Web Security Testing Guide", Section: "4.3.4", Summary: "responses that differ in time tell known names from unknown ones"}},
		Hint: "To be known only: codes cannot be guessed in their life of five minutes.", Faults: []conformance.Fault{fault("token.timing_oracle", "longer")}, Run: run(timing),
	}, {
		ID: "TOKEN-023", Title: "Cross-origin calls get no credentials", Level: conformance.Info, Basis: conformance.Advice,
		Refs: []conformance.Ref{{Doc: "RFC 9700", Section: "2.6"}},
		Hint: "Confidential clients call this endpoint from the server, where CORS plays no part.", Faults: []conformance.Fault{fault("token.cors_credentials", "Access-Control-Allow-Credentials")}, Run: run(crossOrigin),
	}}
}

func grantTypes(t *conformance.T) {
	works(t)
	unknown := url.Values{"grant_type": {"foo"}}
	refused(t, "grant_type foo", t.Post(t.Discovery().TokenEndpoint, unknown, t.Authenticate(unknown)), "unsupported_grant_type")
	none := url.Values{}
	refused(t, "no grant_type", t.Post(t.Discovery().TokenEndpoint, none, t.Authenticate(none)), "invalid_request")
}

func get(t *conformance.T) {
	a, form := codeForm(t)
	if a.Client.Secret == "" {
		form.Set("client_id", a.Client.ID)
	}
	target := t.Discovery().TokenEndpoint
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	req := t.Request(http.MethodGet, target+separator+form.Encode(), nil)
	basic(a.Client, req)
	refused(t, "GET", t.Do(req))
}

func jsonBody(t *conformance.T) {
	a, form := codeForm(t)
	if a.Client.Secret == "" {
		form.Set("client_id", a.Client.ID)
	}
	members := map[string]string{}
	for name := range form {
		members[name] = form.Get(name)
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Undecided(err)
	}
	req := t.Request(http.MethodPost, t.Discovery().TokenEndpoint, strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	basic(a.Client, req)
	refused(t, "a JSON body", t.Do(req))
}

var (
	leak      = regexp.MustCompile(`(?i)<html|<!doctype|\bat [\w.$]+\([\w.]+:\d+\)|traceback|goroutine \d+|exception in thread`)
	errorText = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 section 5.2
)

func errorBodies(t *conformance.T) {
	works(t)
	for _, bad := range []struct {
		what string
		form url.Values
	}{
		{"an unknown grant type", url.Values{"grant_type": {"foo"}}},
		{"an invented code", url.Values{"grant_type": {"authorization_code"}, "code": {"00000000-0000-0000-0000-000000000000"}, "redirect_uri": {t.Target().Client.RedirectURI}}},
		{"no code", url.Values{"grant_type": {"authorization_code"}}},
		{"an invented refresh token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"invented"}}},
	} {
		what, form := bad.what, bad.form
		resp := t.Post(t.Discovery().TokenEndpoint, form, t.Authenticate(form))
		t.Expect(resp.Status >= 400 && resp.Status < 500, "a status of 400 to 499 for "+what, "status %d", resp.Status)
		t.Expect(resp.MediaType() == "application/json", "application/json for "+what, "%q", resp.Header.Get("Content-Type"))
		code, description := resp.OAuthError()
		t.Expect(errorText.MatchString(code), "the member error for "+what, "%q in %.80q", code, string(resp.Body))
		t.Expect(description == "" || errorText.MatchString(description), "error_description of printable ASCII for "+what, "%q", description)
		t.Expect(!leak.Match(resp.Body), "no HTML and no stack trace for "+what, "%.80q", string(resp.Body))
	}
}

// timing redeems codes with a wrong verifier, in turn known and invented ones, and compares the middle durations.
func timing(t *conformance.T) {
	const rounds, notable = 9, 25 * time.Millisecond
	var known, invented []time.Duration
	for range rounds {
		a := t.Authorize(conformance.Variant{})
		known = append(known, t.Timed(func() { t.Redeem(a, a.Code(t), set("code_verifier", "wrong-verifier-wrong-verifier-wrong-verifier-0")) }))
		invented = append(invented, t.Timed(func() {
			t.Redeem(a, "00000000-0000-4000-8000-000000000000", set("code_verifier", "wrong-verifier-wrong-verifier-wrong-verifier-0"))
		}))
	}
	middle := func(list []time.Duration) time.Duration { slices.Sort(list); return list[len(list)/2] }
	more := middle(known) - middle(invented)
	t.Require(more.Abs() < notable, "answers within "+notable.String()+" of each other", "a code that exists takes %s longer", more.Round(time.Millisecond))
}

func crossOrigin(t *conformance.T) {
	form := url.Values{}
	resp := t.Post(t.Discovery().TokenEndpoint, form, t.Authenticate(form), func(req *http.Request) { req.Header.Set("Origin", "https://app.example") })
	origin, credentials := resp.Header.Get("Access-Control-Allow-Origin"), resp.Header.Get("Access-Control-Allow-Credentials")
	t.Require(credentials != "true", "no Access-Control-Allow-Credentials", "Access-Control-Allow-Origin %q with Access-Control-Allow-Credentials %q", origin, credentials)
	if origin == "" {
		t.Infof("there is no Access-Control-Allow-Origin: a browser app cannot exchange its code here")
		return
	}
	t.Infof("Access-Control-Allow-Origin is %q", origin)
}
