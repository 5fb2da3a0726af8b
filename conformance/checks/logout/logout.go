// Package logout checks the sign-out endpoint of the domain, which is Cognito's own and not the RP-Initiated Logout of
// OpenID Connect (Amazon Cognito developer guide, logout endpoint).
//
//	a browser of its own ─► sign in ─► /logout?client_id&logout_uri ─► sign in again     SignOut: 001, 002, 006, 009
//	no browser at all    ─► /logout with this and that ─► Location                       003, 004, 005, 007, 010
//
// Global sign-out (008) is the user pools API's, and looked at in labs only.
package logout

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

var writes = []conformance.Need{conformance.NeedLogout, conformance.NeedWrite}

var probes = []conformance.Need{conformance.NeedLogout}

func guide(says string) []conformance.Ref {
	return []conformance.Ref{{Doc: "Amazon Cognito developer guide", Section: "logout endpoint", Summary: says}}
}

func rpInitiated(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "OpenID Connect RP-Initiated Logout 1.0", Section: section, Quote: quote}
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

// Checks returns the checks in the order of their ids.
func Checks() []conformance.Check {
	return []conformance.Check{{
		ID: "LOGOUT-001", Title: "Sign-out with client_id and a registered logout_uri redirects there", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: guide("client_id with a registered logout_uri ends the session and redirects to logout_uri"), Needs: writes,
		Hint:   "Register the sign-out URL at the app client byte for byte, with or without the slash at its end as the app sends it.",
		Faults: []conformance.Fault{fault("logout.no_redirect", "stayed")}, Run: redirects,
	}, {
		ID: "LOGOUT-002", Title: "After sign-out a new sign-in is not silent", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: guide("the endpoint ends the browser's session at the user pool's domain"), Needs: writes,
		Hint:   "The person's browser has to visit the sign-out endpoint: a request of the app's server has not got the cookie.",
		Faults: []conformance.Fault{fault("logout.session_kept", "at once")}, Run: endsSession,
	}, {
		ID: "LOGOUT-003", Title: "A logout_uri that is not registered is not followed", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{
			rpInitiated("3", "The OP also MUST NOT perform post-logout redirection if the post_logout_redirect_uri value supplied does not exactly match one of the previously registered post_logout_redirect_uris values"),
			{Doc: "RFC 9700", Section: "1.2, 4.11", Quote: "An \"open redirector\" is an endpoint on a web server that forwards a user's browser to an arbitrary URI obtained from a query parameter"},
		},
		Needs: probes, Hint: "Register sign-out URLs exactly, and none that forwards to an address from its own parameters.",
		Faults: []conformance.Fault{fault("logout.open_redirect", "followed")}, Run: closedRedirect,
	}, {
		ID: "LOGOUT-004", Title: "A client_id that does not exist is refused", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: guide("client_id is required, and logout_uri has to be one of that app client's"), Needs: probes,
		Hint:   "Send the app client's id.",
		Faults: []conformance.Fault{fault("logout.client_unchecked", "followed")}, Run: unknownClient,
	}, {
		ID: "LOGOUT-005", Title: "Sign-out with redirect_uri and response_type leads to the sign-in page with the same parameters", Level: conformance.Should, Basis: conformance.Vendor,
		Refs:   guide("with redirect_uri and response_type instead of logout_uri the person is sent to sign in again, with the same parameters"),
		Hint:   "Send all parameters of an authorization request, but the provider: it is not passed on.",
		Faults: []conformance.Fault{fault("logout.relogin_drops_params", "state")}, Run: signInAgain,
	}, {
		ID: "LOGOUT-006", Title: "Sign-out ends Cognito's session only, not the one at the identity provider", Level: conformance.Info, Basis: conformance.Vendor,
		Refs: append(guide("the session at an OIDC identity provider is not ended"),
			conformance.Ref{Doc: "Scalekit documentation", Section: "single logout", Summary: "an app that wants the session at the provider ended has to send the person there too"}),
		Needs: writes, Hint: "Say so to the person, and send prompt=login or end the session at the identity provider too where that matters.",
		Faults: []conformance.Fault{fault("logout.claims_upstream_ended", "went on to")}, Run: upstreamStays,
	}, {
		ID: "LOGOUT-007", Title: "The parameters of RP-Initiated Logout are honoured, for registered URLs only", Level: conformance.Info, Basis: conformance.Spec,
		Refs:  []conformance.Ref{rpInitiated("2 post_logout_redirect_uri", "OPTIONAL. URI to which the RP is requesting that the End-User's User Agent be redirected after a logout has been performed")},
		Needs: writes, Hint: "Cognito has its own parameters: use client_id and logout_uri.",
		Faults: []conformance.Fault{fault("logout.pli_unregistered_followed", "which is not registered")}, Run: standardParameters,
	}, {
		ID: "LOGOUT-008", Title: "Global sign-out ends refresh tokens and access to userInfo", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   []conformance.Ref{{Doc: "Amazon Cognito user pools API", Section: "AdminUserGlobalSignOut", Summary: "ends the user's sessions everywhere: tokens that were issued before are accepted no more"}},
		Needs:  []conformance.Need{conformance.NeedLab},
		Hint:   "Use it for lost devices. Apps that verify tokens themselves take access tokens until they expire, and the browser's cookie at the domain stays.",
		Faults: []conformance.Fault{fault("logout.global_noop", "tokens")}, Run: globalSignOut,
	}, {
		ID: "LOGOUT-009", Title: "Sign-out deletes the session's cookie", Level: conformance.Should, Basis: conformance.Advice,
		Refs: []conformance.Ref{{Doc: "RFC 6265", Section: "3.1", Quote: "to remove a cookie, the server returns a Set-Cookie header with an expiration date in the past"}}, Needs: writes,
		Hint:   "The service is at fault: report it.",
		Faults: []conformance.Fault{fault("logout.cookie_kept", "none deleted")}, Run: deletesCookie,
	}, {
		ID: "LOGOUT-010", Title: "Sign-out is harmless when nobody is signed in", Level: conformance.Should, Basis: conformance.Advice,
		Refs: []conformance.Ref{{Doc: "good practice"}}, Needs: probes,
		Hint:   "The service is at fault: report it. People press the button twice.",
		Faults: []conformance.Fault{fault("logout.error_without_session", "/error")},
		Run: func(_ context.Context, t *conformance.T) {
			c := t.Target().Client
			to := t.Get(t.LogoutURL(url.Values{"client_id": {c.ID}, "logout_uri": {c.LogoutURI}})).Location()
			t.Require(to != nil && to.String() == c.LogoutURI, "a redirect to "+c.LogoutURI, "%v", shown(to))
		},
	}}
}

// shown is a redirect for a message.
func shown(u *url.URL) string {
	if u == nil {
		return "no redirect"
	}
	return conformance.MaskURL(u.String())
}

func redirects(_ context.Context, t *conformance.T) {
	s, want := t.SignOut(), t.Target().Client.LogoutURI
	if s.Stuck != nil {
		t.Require(false, "a redirect to "+want, "the browser stayed at the sign-out: %v", s.Stuck)
	}
	t.Require(s.Visit.Callback == want, "a redirect to "+want, "%s", conformance.MaskURL(s.Visit.Callback))
}

func endsSession(_ context.Context, t *conformance.T) {
	s := t.SignOut()
	if s.Visit.Callback == "" && s.Stuck != nil && s.Stuck.Status >= http.StatusBadRequest {
		t.Skip("the sign-out was refused (see LOGOUT-001): %v", s.Stuck)
	}
	at := s.After
	t.Require(!at.Silent() || at.Params.Get("code") == "", "a page or the identity provider", "a code at once: the session goes on")
}

// unregistered are addresses near to a registered one, each of which a loose comparison takes.
func unregistered(registered string) []string {
	u, err := url.Parse(registered)
	if err != nil || u.Host == "" {
		return []string{"https://attacker.invalid/"}
	}
	longer := *u
	longer.Host = u.Hostname() + ".attacker.invalid"
	separator := "?"
	if u.RawQuery != "" {
		separator = "&"
	}
	return []string{
		"https://attacker.invalid/", longer.String(), strings.TrimSuffix(registered, "/") + "/ssolab-unregistered",
		registered + separator + "next=https%3A%2F%2Fattacker.invalid",
	}
}

func closedRedirect(_ context.Context, t *conformance.T) {
	c := t.Target().Client
	for _, candidate := range unregistered(c.LogoutURI) {
		expectOwn(t, candidate, url.Values{"client_id": {c.ID}, "logout_uri": {candidate}})
	}
}

func unknownClient(_ context.Context, t *conformance.T) {
	to := t.Target().Client.LogoutURI
	expectOwn(t, to, url.Values{"client_id": {"ssolab0no0such0client00000"}, "logout_uri": {to}})
}

// expectOwn asks for a sign-out that must not lead to an address: the answer stays on the endpoint's own host.
func expectOwn(t *conformance.T, candidate string, q url.Values) {
	resp := t.Get(t.LogoutURL(q))
	to := resp.Location()
	t.Expect(to == nil || to.Host == resp.Request.URL.Host, "an error, and no redirect to "+candidate, "%s was followed", shown(to))
}

func signInAgain(_ context.Context, t *conformance.T) {
	c := t.Target().Client
	scopes := strings.Join(c.Scopes, " ")
	if scopes == "" {
		scopes = "openid"
	}
	q := url.Values{
		"client_id": {c.ID}, "redirect_uri": {c.RedirectURI}, "response_type": {"code"},
		"scope": {scopes}, "state": {"ssolab-sign-out"}, "nonce": {"ssolab-sign-out"},
	}
	resp := t.Get(t.LogoutURL(q))
	to := resp.Location()
	t.Require(to != nil && to.Host == resp.Request.URL.Host && strings.HasSuffix(to.Path, "/login"), "a redirect to /login of the same host", "status %d, %s", resp.Status, shown(to))
	for name := range q {
		t.Expect(to.Query().Get(name) == q.Get(name), name+" as sent, "+q.Get(name), "%s is %q at the sign-in page", name, to.Query().Get(name))
	}
	page := t.Get(to.String())
	t.Expect(page.Status < http.StatusBadRequest, "a page to sign in at", "status %d", page.Status)
}

func upstreamStays(_ context.Context, t *conformance.T) {
	s := t.SignOut()
	own, err := url.Parse(s.URL)
	if err != nil {
		t.Undecided(err)
	}
	for _, hop := range s.Visit.Hops {
		if u, err := url.Parse(hop.URL); err == nil {
			t.Expect(u.Host == own.Host, "the way straight from the sign-out to the app", "the sign-out went on to %s", conformance.MaskURL(hop.URL))
		}
	}
	if s.After == nil || s.After.Visit == nil || s.After.Silent() {
		return // LOGOUT-002
	}
	asked := slices.ContainsFunc(s.After.Visit.Hops, func(h conformance.Hop) bool { return h.Method == http.MethodPost })
	if asked || s.After.Callback == nil {
		t.Infof("after the sign-out the identity provider asked the person again")
		return
	}
	t.Infof("after the sign-out the identity provider let the person in again without asking: its session goes on")
}

// standardParameters asks the standard's way, first with the registered URL, then with another.
func standardParameters(_ context.Context, t *conformance.T) {
	c := t.Target().Client
	hint := t.Journey(conformance.Variant{}).RequireTokens(t).IDToken.Reveal()
	ask := func(to string) *url.URL {
		return t.Get(t.LogoutURL(url.Values{"client_id": {c.ID}, "id_token_hint": {hint}, "post_logout_redirect_uri": {to}, "state": {"ssolab-sign-out"}})).Location()
	}
	to := ask(c.LogoutURI)
	want, err := url.Parse(c.LogoutURI)
	if err != nil {
		t.Undecided(err)
	}
	t.Expect(to != nil && to.Host == want.Host && to.Path == want.Path, "a redirect to the registered post_logout_redirect_uri", "post_logout_redirect_uri is not honoured: %s", shown(to))
	other := "https://attacker.invalid/"
	to = ask(other)
	t.Expect(to == nil || to.Host != "attacker.invalid", "no redirect to "+other, "a redirect to %s, which is not registered", shown(to))
}

func deletesCookie(_ context.Context, t *conformance.T) {
	s := t.SignOut()
	if len(s.Visit.Hops) == 0 || s.Visit.Hops[0].Cookies == nil {
		t.Skip("this way of signing in does not show cookies")
	}
	if status := s.Visit.Hops[0].Status; status >= http.StatusBadRequest {
		t.Skip("the sign-out was refused with %d (see LOGOUT-001)", status)
	}
	kept := slices.ContainsFunc(s.Before.Visit.Hops, func(h conformance.Hop) bool {
		return slices.ContainsFunc(h.Cookies, func(c conformance.Cookie) bool { return !c.Deleted && session(c.Name) })
	})
	if !kept && !s.Before.Silent() {
		t.Skip("the sign-in before it left no session cookie (see AUTHZ-024)")
	}
	var seen []string
	for _, c := range s.Visit.Hops[0].Cookies {
		if c.Deleted && session(c.Name) {
			t.Infof("%s is deleted", c.Name)
			return
		}
		seen = append(seen, c.Name)
	}
	t.Require(false, "the session's cookie, cognito, deleted", "cookies set: %q, none deleted", seen)
}

// session tells the cookie of Cognito's session; a lab on plain ports puts its port behind the name.
func session(name string) bool {
	suffix, ok := strings.CutPrefix(name, "cognito")
	return ok && strings.Trim(suffix, "-0123456789") == ""
}

// globalSignOut signs the person out everywhere by the lab's user pools API.
func globalSignOut(_ context.Context, t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	if g.AccessToken == nil {
		t.Skip("the access token is no JWT that can be read (see AT-001)")
	}
	token, access := g.RequireRefreshToken(t), g.Tokens.AccessToken.Reveal()
	if resp := t.UserInfo(access); resp.Status != http.StatusOK || resp.Object() == nil {
		t.Skip("userInfo answered %d, %s, before the sign-out (see UINFO-001)", resp.Status, resp.MediaType())
	}
	t.LabAPI("AdminUserGlobalSignOut", map[string]any{"Username": g.AccessToken.ClaimSet()["username"]})
	resp := t.Refresh(g.Authorization.Client, token)
	t.Expect(conformance.ReadTokens(resp) == nil, "invalid_grant for a refresh token of before", "tokens, with status %d", resp.Status)
	resp = t.UserInfo(access)
	t.Expect(resp.Status == http.StatusUnauthorized, "status 401 of userInfo for an access token of before", "status %d", resp.Status)
}
