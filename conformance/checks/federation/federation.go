// Package federation checks Cognito as relying party of the identity provider behind it, Scalekit: what it sends the
// browser out with, what it accepts back, and how it treats what the provider says.
//
//	app ─► Cognito ──302 (FED-001…008)──► Scalekit
//	app ◄─ Cognito ◄─ /oauth2/idpresponse (FED-009…013) ── Scalekit
//	          ├─ token, keys, userInfo (FED-014…026) ─────►┘
//	          └─ profile (FED-027…032)
package federation

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Checks returns the checks of the topic.
func Checks() []conformance.Check {
	return slices.Concat(outward(), inward(), backChannel(), verification(), person())
}

func check(id, title string, level conformance.Level, basis conformance.Basis, ref conformance.Ref, hint string, run func(*conformance.T), faults ...conformance.Fault) conformance.Check {
	return conformance.Check{
		ID: id, Title: title, Level: level, Basis: basis, Refs: []conformance.Ref{ref}, Hint: hint, Faults: faults,
		Run: func(_ context.Context, t *conformance.T) { run(t) },
	}
}

func needs(c conformance.Check, needs ...conformance.Need) conformance.Check {
	c.Needs = needs
	return c
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

func ref(doc, section, quote string) conformance.Ref {
	return conformance.Ref{Doc: doc, Section: section, Quote: quote}
}

func aws(page, summary string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: page, Summary: summary}
}

const (
	rfc6749  = "RFC 6749"
	rfc9700  = "RFC 9700"
	core     = "OpenID Connect Core 1.0"
	oidcFlow = "OIDC user pool IdP authentication flow"
)

// outward are the checks of the redirect to the provider.
func outward() []conformance.Check {
	return []conformance.Check{
		needs(check("FED-001", "The upstream redirect goes to the authorization endpoint of the configured issuer", conformance.Must, conformance.Vendor,
			aws(oidcFlow, "the user pool sends the person to the provider's authorization endpoint, found by discovery or entered by hand"),
			"The issuer or the endpoints in the provider's settings are out of date: compare them with the issuer's discovery document.", authorizationEndpoint,
			fault("fed.stale_authorize_url", "/old/authorize")), conformance.NeedScalekit),
		needs(check("FED-002", "client_id sent upstream is that of the provider's settings", conformance.Must, conformance.Spec,
			ref(rfc6749, "4.1.1", "client_id REQUIRED. The client identifier"),
			"Put Scalekit's client id into the provider's settings, not the app client's.", clientID,
			fault("fed.client_id_of_app", "client_id is")), conformance.NeedScalekit),
		check("FED-003", "redirect_uri sent upstream is exactly <domain>/oauth2/idpresponse", conformance.Must, conformance.Vendor,
			aws("using OIDC identity providers", "register the user pool's domain with the path /oauth2/idpresponse as callback at the provider"),
			"This very URL must be an allowed callback in Scalekit, for each domain that people come in on.", redirectURI,
			fault("fed.redirect_trailing_slash", `/oauth2/idpresponse/"`)),
		check("FED-004", "response_type=code is used upstream", conformance.Must, conformance.Vendor,
			aws(oidcFlow, "the provider answers with an authorization code, which the user pool exchanges"),
			"Check that the provider is of type OIDC, and report it.", responseType,
			fault("fed.implicit", `"token"`)),
		check("FED-005", "Scopes sent upstream contain openid", conformance.Must, conformance.Spec,
			ref(core, "3.1.2.1", "OpenID Connect requests MUST contain the openid scope value"),
			"Set the provider's authorized scopes to openid email profile.", scopes,
			fault("fed.scope_dropped", "email profile")),
		check("FED-006", "The upstream state is opaque, long and fresh, and does not show the app's", conformance.Must, conformance.Spec,
			ref(rfc9700, "2.1", "one-time use CSRF tokens carried in the state parameter that are securely bound to the user agent MUST be used for CSRF protection"),
			"This is a fault of the service: report it.", state,
			fault("fed.state_static", "the same twice"), fault("fed.state_is_app_state", "the app's state")),
		check("FED-007", "login_hint is passed on unchanged", conformance.Must, conformance.Vendor,
			aws("authorize endpoint", "login_hint goes along to an OIDC provider"),
			"Encode a plus sign in login_hint as %2B; an unencoded one is a space by the rules of forms.", loginHint,
			fault("fed.login_hint_dropped", "no login_hint"), fault("fed.plus_becomes_space", `"jane sso@`)),
		check("FED-008", "Without login_hint none is invented", conformance.Should, conformance.Advice,
			ref("good practice", "", ""), "Look in the app for a hint that is left over from a test.", noLoginHint,
			fault("fed.login_hint_invented", "someone@example.com")),
	}
}

// inward are the checks of the way back.
func inward() []conformance.Check {
	csrf := ref(rfc6749, "10.12", "The client MUST implement CSRF protection for its redirection URI")
	bound := ref(rfc9700, "2.1", "one-time use CSRF tokens carried in the state parameter that are securely bound to the user agent MUST be used for CSRF protection")
	again := "Start the sign-in again at the app. If it comes back, look for a bookmarked or cached callback URL."
	dagger := func(c conformance.Check) conformance.Check { c.Unproven = true; return c }
	return []conformance.Check{
		check("FED-009", "A return with an unknown state ends in an error, without a code for an app", conformance.Must, conformance.Spec, csrf, again, unknownState,
			fault("fed.state_unchecked", "was sent on to")),
		check("FED-010", "A return without state ends in an error, without a code for an app", conformance.Must, conformance.Spec, csrf, again, missingState,
			fault("fed.state_optional", "was sent on to")),
		needs(check("FED-011", "A used upstream state cannot be used again", conformance.Must, conformance.Spec, bound,
			"The back button is the usual trigger: start the sign-in again at the app.", replay,
			fault("fed.state_replay", "was sent on to")), conformance.NeedLab),
		dagger(check("FED-012", "A return in another browser is refused", conformance.Must, conformance.Spec, bound,
			"Sign-in links must be opened in the browser that began; embedded web views and blocked cookies are the usual causes.", otherBrowser,
			fault("fed.state_not_bound_to_browser", "was sent on to"))),
		needs(check("FED-013", "An error of the provider reaches the app as error and error_description with the app's state", conformance.Must, conformance.Vendor,
			ref(rfc6749, "4.1.2.1", "error REQUIRED … state REQUIRED if a \"state\" parameter was present in the client authorization request"),
			"Show the description to support staff; it is the provider's. For Scalekit see its list of integration errors.", upstreamError,
			fault("fed.upstream_error_swallowed", "no error")), conformance.NeedScalekit),
		needs(check("FED-033", "An attempt older than five minutes is refused", conformance.Should, conformance.Vendor,
			aws("managed login", "a person has five minutes to sign in"),
			"Ask the person to start again. Pages of the provider must not be bookmarked.", late,
			fault("fed.attempt_never_expires", "sent on to the app")), conformance.NeedClock),
		check("FED-034", "No code, token or secret of the provider stands in an address of the app", conformance.Must, conformance.Spec,
			ref(rfc9700, "4.2", "The contents of the authorization request URI or the authorization response URI can unintentionally be disclosed to attackers through the Referer HTTP header"),
			"This is a fault of the service: report it. Keep scripts of others off callback pages.", leak,
			fault("fed.leak_upstream_code", "the provider's code")),
		check("FED-035", "An answer that began at the provider is refused", conformance.Must, conformance.Spec, csrf,
			"For a sign-in that begins at the provider, send the person to the app's own sign-in address, which begins an ordinary request.", unsolicited,
			fault("fed.unsolicited_accepted", "was sent on to")),
	}
}

// redirect is where Cognito sends the browser for the shared fresh sign-in.
func redirect(t *conformance.T) url.Values { return sentTo(t).Query() }

func sentTo(t *conformance.T) *url.URL {
	a := t.Journey(fresh()).Authorization
	origin := t.DomainOrigin()
	for _, hop := range a.Visit.Hops {
		at, err := url.Parse(hop.URL)
		if err != nil || hop.Location == "" || at.Scheme+"://"+at.Host != origin {
			continue
		}
		if to, err := at.Parse(hop.Location); err == nil && to.Host != at.Host && !isApp(a, to) {
			return to
		}
	}
	t.Skip("Cognito sent the browser to no identity provider (see AUTHZ-001)")
	return nil
}

func fresh() conformance.Variant { return conformance.Variant{Fresh: true} }

// isApp tells whether u is the callback of the app.
func isApp(a *conformance.Authorization, u *url.URL) bool {
	return strings.HasPrefix(u.String(), a.Client.RedirectURI)
}

// probe asks for an upstream redirect without following it.
func probe(t *conformance.T, edit func(url.Values)) url.Values {
	to := t.Get(t.AuthorizeURL(conformance.Variant{}, edit)).Location()
	if to == nil || !to.Query().Has("client_id") || to.Scheme+"://"+to.Host == t.DomainOrigin() {
		t.Skip("Cognito sent the browser to no identity provider (see AUTHZ-001)")
	}
	return to.Query()
}

func authorizationEndpoint(t *conformance.T) {
	want, got := t.ScalekitDiscovery().AuthorizationEndpoint, sentTo(t)
	bare := *got
	bare.RawQuery, bare.Fragment = "", ""
	t.Require(bare.String() == want, want, "%s", bare.String())
}

func clientID(t *conformance.T) {
	want := t.Target().Scalekit.ClientID
	if want == "" {
		t.Skip("the target names no scalekit.client_id")
	}
	got := redirect(t).Get("client_id")
	t.Require(got == want, "client_id "+want, "client_id is %q", got)
}

func redirectURI(t *conformance.T) {
	want, got := t.IdPResponse(), redirect(t).Get("redirect_uri")
	t.Require(got == want, "redirect_uri "+want, "%q", got)
}

func responseType(t *conformance.T) {
	got := redirect(t).Get("response_type")
	t.Require(got == "code", "response_type code", "%q", got)
}

func scopes(t *conformance.T) {
	got := strings.Fields(redirect(t).Get("scope"))
	t.Require(slices.Contains(got, "openid"), "openid in scope", "%q", strings.Join(got, " "))
	if !slices.Contains(got, "email") {
		t.Infof("scope is %q: without email the provider may give no e-mail", strings.Join(got, " "))
	}
}

// minState is the length of 128 random bits in base64url.
const minState = 22

func state(t *conformance.T) {
	const own = "ssolab-check-state-of-the-app-0123456789"
	withState := func(q url.Values) { q.Set("state", own) }
	first, second := probe(t, withState).Get("state"), probe(t, withState).Get("state")
	t.Expect(len(first) >= minState, "a state of at least 22 characters", "%d characters", len(first))
	t.Expect(first != second, "a fresh state for each request", "the same twice")
	t.Expect(!strings.Contains(first, own) && !strings.Contains(decoded(first), own), "a state that does not show the app's", "the app's state %q stands in it", own)
}

func loginHint(t *conformance.T) {
	_, domain, _ := strings.Cut(t.Target().Email, "@")
	for _, local := range []string{"jane+sso", "jürgen.größe"} {
		hint := local + "@" + domain
		q := probe(t, func(q url.Values) { q.Set("login_hint", hint) })
		got, sent := q.Get("login_hint"), q.Has("login_hint")
		if t.Expect(sent, "login_hint "+hint, "no login_hint") {
			t.Expect(got == hint, "login_hint "+hint, "%q", got)
		}
	}
}

func noLoginHint(t *conformance.T) {
	q := probe(t, func(q url.Values) { q.Del("login_hint") })
	t.Require(q.Get("login_hint") == "", "no login_hint", "%q", q.Get("login_hint"))
}

// refused expects that an answer of /oauth2/idpresponse is an error of Cognito's own and leads to no app.
func refused(t *conformance.T, resp *conformance.Response) {
	to := resp.Location()
	if to != nil && to.Scheme+"://"+to.Host != t.DomainOrigin() {
		t.Require(false, "an error page of Cognito", "the browser was sent on to %s", conformance.MaskURL(to.String()))
	}
	t.Require(resp.Status >= http.StatusBadRequest || to != nil && (to.Path == "/error" || to.Path == "/login"), "an error page of Cognito", "status %d", resp.Status)
}

func unknownState(t *conformance.T) {
	refused(t, t.Get(t.IdPResponse()+"?code=ssolab-check&state=H4sIAAAAAAAA-not-a-state.of-this-service.4"))
}

func missingState(t *conformance.T) { refused(t, t.Get(t.IdPResponse()+"?code=ssolab-check")) }

func unsolicited(t *conformance.T) {
	refused(t, t.Get(t.IdPResponse()+"?"+url.Values{"code": {"ssolab-check"}, "iss": {t.Target().Scalekit.EnvironmentURL}, "scope": {"openid"}}.Encode()))
}

// late comes back from the provider after five minutes, in the browser that went there.
func late(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t) // one that is not late comes back to the app
	a := t.SignInAt(t.AuthorizeURL(conformance.Variant{}), t.IdPResponse())
	a.Code(t)
	t.Advance(301)
	first := t.GoOn(a, a.Callback.String()).Visit.Hops[0]
	to, err := url.Parse(first.Location)
	t.Require(err != nil || !isApp(&conformance.Authorization{Client: t.Target().Client}, to), "an error, or the login page", "the browser was sent on to the app")
}

// leak looks for what the provider said in what the app was sent.
func leak(t *conformance.T) {
	a := t.Journey(fresh()).Authorization
	code := ""
	for _, hop := range a.Visit.Hops {
		if at, err := url.Parse(hop.URL); err == nil && strings.HasPrefix(hop.URL, t.IdPResponse()+"?") {
			code = at.Query().Get("code")
		}
	}
	if code == "" || a.Callback == nil {
		t.Skip("the sign-in did not come back by %s with a code", t.IdPResponse())
	}
	sent := a.Callback.String()
	t.Expect(!strings.Contains(sent, url.QueryEscape(code)), "nothing of the provider's at the app", "the provider's code stands in the callback's address")
	if secret := t.Target().Scalekit.ClientSecret; secret != "" {
		t.Expect(!strings.Contains(sent, secret.Reveal()), "nothing of the provider's at the app", "the provider's client secret stands in the callback's address")
	}
	for _, name := range []string{"access_token", "id_token", "refresh_token"} {
		t.Expect(!a.Params.Has(name), "nothing of the provider's at the app", "a parameter %s", name)
	}
}

// returned are the parameters with which the provider sent the browser back to Cognito.
func returned(t *conformance.T, a *conformance.Authorization) (url.Values, bool) {
	for _, hop := range a.Visit.Hops {
		if base, query, _ := strings.Cut(hop.URL, "?"); base == t.IdPResponse() {
			q, err := url.ParseQuery(query)
			return q, err == nil
		}
	}
	return nil, false
}

// replay visits the return URL of the shared sign-in once more.
func replay(t *conformance.T) {
	a := t.Journey(fresh()).Authorization
	a.Code(t)
	for _, hop := range a.Visit.Hops {
		if strings.HasPrefix(hop.URL, t.IdPResponse()+"?") {
			refused(t, t.Get(hop.URL))
			return
		}
	}
	t.Skip("the sign-in did not come back by %s", t.IdPResponse())
}

// otherBrowser signs in as far as Cognito's callback, and goes on without the cookies of that browser.
func otherBrowser(t *conformance.T) {
	a := t.SignInAt(t.AuthorizeURL(conformance.Variant{}), t.IdPResponse())
	a.Code(t)
	refused(t, t.Get(a.Callback.String()))
}

// upstreamError asks for a person of a domain that nobody has: Scalekit refuses before any page.
func upstreamError(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t) // the chain works otherwise
	a := t.Authorize(conformance.Variant{Fresh: true, Extra: url.Values{"login_hint": {"nobody@no-such-domain.ssolab.invalid"}}})
	if a.Callback == nil {
		t.Skip("the provider shows a page for an unknown domain instead of refusing: %v", a.Stuck)
	}
	if back, ok := returned(t, a); ok && !back.Has("error") {
		t.Skip("the provider did not refuse a domain that nobody has (see SK-005)")
	}
	t.Expect(a.Params.Get("code") == "", "no code", "a code")
	t.Expect(a.Params.Get("state") == a.State, "the app's state "+a.State, "%q", a.Params.Get("state"))
	t.Require(a.Params.Get("error") != "", "error", "no error at the app's callback")
	t.Require(a.Params.Get("error_description") != "", "error_description", "none beside the error %q", a.Params.Get("error"))
}
