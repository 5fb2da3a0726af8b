// Package scalekit checks the Scalekit environment as OpenID provider, as Cognito meets it: how it routes people to
// their organization's identity provider, what it answers on bad requests, and the tokens it issues. The checks speak to
// it directly, as Cognito's client, and stop at Cognito's callback.
//
//	tester ─► /oauth/authorize (SK-001…011) ─► identity provider ─► Cognito's callback, not requested
//	   ├────► /oauth/token     (SK-012…020, SK-027: the ID token and whom it names)
//	   ├────► /userinfo        (SK-023, SK-024)
//	   └────► what it makes of the identity provider's answer (SK-021, SK-022, SK-025, SK-026, SK-028, SK-029)
package scalekit

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
	return slices.Concat(routing(), requests(), tokens(), person(), providers(), outside())
}

func check(id, title string, level conformance.Level, basis conformance.Basis, ref conformance.Ref, hint string, run func(*conformance.T), faults ...conformance.Fault) conformance.Check {
	return conformance.Check{
		ID: id, Title: title, Level: level, Basis: basis, Refs: []conformance.Ref{ref}, Hint: hint, Faults: faults,
		Needs: []conformance.Need{conformance.NeedScalekit},
		Run:   func(_ context.Context, t *conformance.T) { run(t) },
	}
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

func vendor(page, summary string) conformance.Ref {
	return conformance.Ref{Doc: "Scalekit documentation", Section: page, Summary: summary}
}

const errorsPage = "SSO integration errors"

// routing are the checks of which identity provider a request leads to.
func routing() []conformance.Check {
	unproven := func(c conformance.Check) conformance.Check { c.Unproven = true; return c }
	onLab := func(c conformance.Check) conformance.Check {
		c.Needs = append(c.Needs, conformance.NeedFaults)
		return c
	}
	return []conformance.Check{
		check("SK-001", "Authorize takes Cognito's request and routes by the domain of login_hint", conformance.Must, conformance.Vendor,
			vendor("AWS Cognito guide", "Cognito hands login_hint on, and its domain selects the organization's connection"),
			"The domain must belong to an organization with an active connection.", routesByHint,
			fault("sk.hint_ignored", "invalid_connection_selector")),
		check("SK-002", "example.com and example.org lead to the IdP simulator in a development environment", conformance.Must, conformance.Vendor,
			vendor("IdP simulator", "a development environment has a Test Organization with these domains and the simulator"),
			"The simulator is there in development environments only; look whether Test Organization was changed.", simulator,
			fault("sk.simulator_off", "no_active_connections")),
		check("SK-003", "A domain is the part after the last @, without regard to case", conformance.Must, conformance.Vendor,
			vendor("organization domains", "the text after @ is compared with the domains of the organizations"),
			"Compare domains in lower case.", domainCase,
			fault("sk.domain_case", "domain_not_found")),
		check("SK-004", "Look-alike and sub-domains lead elsewhere", conformance.Must, conformance.Advice,
			vendor("organization domains", "a sub-domain is another domain than its parent"),
			"Compare whole domains: whoever owns a look-alike must not reach this organization's connection.", lookAlikes,
			fault("sk.domain_suffix_match", "@sub.")),
		unproven(check("SK-005", "An unknown domain gives an error at the redirect URI, no guess", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "errors are sent to the redirect URI as error and error_description"),
			"Add the domain to the organization, and to the provider's identifiers in Cognito.", unknownDomain,
			fault("sk.domain_fallback", "no error"))),
		check("SK-006", "A request that selects no connection is refused with invalid_connection_selector", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "invalid_connection_selector: organization_id, connection_id, domain or provider is missing"),
			"Send login_hint, connection_id, organization_id or domain.", noSelector,
			fault("sk.selector_default", "no error")),
		onLab(check("SK-007", "An inactive connection is refused with connection_not_active or no_active_connections", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "no_active_connections, connection_not_active: no connection that could be used is active"),
			"Enable the connection.", inactive,
			fault("sk.inactive_used", "no error"))),
		check("SK-008", "An unknown connection_id or organization_id is refused with the error of its kind", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "invalid_connection_id, invalid_organization_id"),
			"Copy the id from the dashboard of this environment.", unknownIDs,
			fault("sk.id_unchecked", "no error")),
	}
}

// requests are the checks of clients, redirect URIs and state.
func requests() []conformance.Check {
	return []conformance.Check{
		check("SK-009", "A redirect URI that is not registered is refused without a redirect", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "RFC 6749", Section: "3.1.2.4", Quote: "the authorization server SHOULD inform the resource owner of the error and MUST NOT automatically redirect the user-agent to the invalid redirection URI"},
			"Add https://<domain>/oauth2/idpresponse to the allowed callback URLs, character by character, for each of the pool's domains.", foreignRedirects,
			fault("sk.redirect_any", "was sent to")),
		check("SK-010", "An unknown client is refused without a redirect", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "RFC 6749", Section: "4.1.2.1", Quote: "if the client identifier is missing or invalid, the authorization server … MUST NOT automatically redirect the user-agent"},
			"Copy the client id from the dashboard.", unknownClient,
			fault("sk.redirect_on_bad_client", "was sent to")),
		check("SK-011", "state returns unchanged, a long one too", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "RFC 6749", Section: "4.1.2", Quote: "state REQUIRED if the \"state\" parameter was present in the client authorization request. The exact value received from the client"},
			"Something on the way cuts long URLs: look at the limits of servers and proxies. Cognito's state is long.", longState,
			fault("sk.state_limit", "500 characters")),
	}
}

// answer asks the authorization endpoint without following it.
func answer(t *conformance.T, edit ...func(url.Values)) *conformance.Response {
	return t.Get(t.ScalekitURL(edit...))
}

func hint(value string) func(url.Values) {
	return func(q url.Values) { q.Set("login_hint", value) }
}

// refusal is the error that an answer hands to Cognito's callback; to is where it leads if it is none.
func refusal(t *conformance.T, resp *conformance.Response) (code, to string) {
	location := resp.Location()
	switch {
	case location == nil:
		return "", "a page"
	case strings.HasPrefix(location.String(), t.IdPResponse()+"?"):
		return location.Query().Get("error"), "Cognito's callback"
	}
	return "", location.Scheme + "://" + location.Host + location.Path
}

// domain is that of the target's person, whose organization has a connection.
func domain(t *conformance.T) string {
	email := t.Target().Email
	return email[strings.LastIndexByte(email, '@')+1:]
}

// refusedWith expects one of several errors at Cognito's callback, with the state that was sent.
func refusedWith(t *conformance.T, resp *conformance.Response, codes ...string) {
	want := strings.Join(codes, " or ")
	code, to := refusal(t, resp)
	if !t.Expect(code != "", "the error "+want, "no error: the browser is sent to %s", to) {
		return
	}
	t.Expect(slices.Contains(codes, code), "the error "+want, "%s", code)
	sent, got := resp.Request.URL.Query().Get("state"), resp.Location().Query().Get("state")
	t.Expect(got == sent, "the state "+sent, "%q", got)
}

// works skips the check where the target's person cannot be routed at all.
func works(t *conformance.T) *conformance.Response {
	resp := answer(t)
	if code, to := refusal(t, resp); code != "" || resp.Location() == nil {
		t.Skip("the target's person is not routed: %s, %s (see SK-001)", code, to)
	}
	return resp
}

func routesByHint(t *conformance.T) {
	d := t.ScalekitDiscovery()
	resp := answer(t)
	code, _ := refusal(t, resp)
	t.Require(code == "", "a redirect to the identity provider of "+t.Target().Email, "the error %s", code)
	t.Require(resp.Location() != nil, "a redirect to the identity provider", "status %d at %s", resp.Status, d.AuthorizationEndpoint)
}

// simulator goes as far as the simulator's page, which it knows by its parameter.
func simulator(t *conformance.T) {
	environment, err := url.Parse(t.Target().Scalekit.EnvironmentURL)
	if err != nil {
		t.Undecided(err)
	}
	if strings.HasSuffix(environment.Hostname(), ".scalekit.com") {
		t.Skip("%s is a production environment, where there is no simulator", environment.Host)
	}
	for _, of := range []string{"example.com", "example.org"} {
		resp := answer(t, hint("somebody@"+of))
		for range 3 {
			to := resp.Location()
			if to == nil || to.Query().Has("authRequestID") || strings.HasPrefix(to.String(), t.IdPResponse()) {
				break
			}
			resp = t.Get(to.String())
		}
		code, where := refusal(t, resp)
		to := resp.Location()
		t.Expect(to != nil && to.Query().Has("authRequestID") && to.Host != environment.Host, "the simulator's page for "+of, "%s (%s)", where, code)
	}
}

func domainCase(t *conformance.T) {
	works(t)
	for _, email := range []string{"A@" + strings.ToUpper(domain(t)), `"a@b"@` + domain(t)} {
		code, _ := refusal(t, answer(t, hint(email)))
		t.Expect(code == "", "the identity provider for "+email, "the error %s", code)
	}
}

func lookAlikes(t *conformance.T) {
	_, own := refusal(t, works(t))
	for _, email := range []string{"x@" + domain(t) + ".ssolab.invalid", "x@sub." + domain(t), "x@not" + domain(t)} {
		_, to := refusal(t, answer(t, hint(email)))
		t.Expect(to != own, "another place than that of "+domain(t), "%s leads to %s too", email, to)
	}
}

func unknownDomain(t *conformance.T) {
	works(t)
	refusedWith(t, answer(t, hint("nobody@no-such-domain.ssolab.invalid")),
		"domain_not_found", "no_configured_connections", "no_active_connections", "invalid_connection_selector")
}

func noSelector(t *conformance.T) {
	works(t)
	refusedWith(t, answer(t, func(q url.Values) { q.Del("login_hint") }), "invalid_connection_selector")
}

func inactive(t *conformance.T) {
	works(t)
	t.WithFault(conformance.Fault{ID: "upstream.connection_disabled"}, func() {
		refusedWith(t, answer(t), "connection_not_active", "no_active_connections")
	})
}

func unknownIDs(t *conformance.T) {
	works(t)
	for _, unknown := range [][2]string{{"connection_id", "conn_60040666000000000"}, {"organization_id", "org_60040666000000000"}} {
		resp := answer(t, func(q url.Values) {
			q.Del("login_hint")
			q.Set(unknown[0], unknown[1])
		})
		refusedWith(t, resp, "invalid_"+unknown[0])
	}
}

// pageOnly expects a refusal that sends the browser nowhere, with a code that its page names.
func pageOnly(t *conformance.T, what, code string, resp *conformance.Response) {
	if to := resp.Location(); !t.Expect(to == nil, "a page for "+what, "the browser was sent to %s", locationText(to)) {
		return
	}
	t.Expect(resp.Status >= http.StatusBadRequest, "an error status for "+what, "status %d", resp.Status)
	if !strings.Contains(string(resp.Body), code) {
		t.Infof("the answer to %s does not say %s", what, code)
	}
}

func locationText(to *url.URL) string {
	if to == nil {
		return "nowhere"
	}
	return conformance.MaskURL(to.String())
}

func foreignRedirects(t *conformance.T) {
	works(t)
	own := t.IdPResponse()
	for _, uri := range []string{own + "/", own + "?extra=1", strings.Replace(own, "/oauth2/", "/OAUTH2/", 1), own + "/../../x", "https://attacker.ssolab.invalid/oauth2/idpresponse", ""} {
		resp := answer(t, func(q url.Values) { q.Set("redirect_uri", uri) })
		pageOnly(t, "redirect_uri "+uri, "invalid_redirect_uri", resp)
	}
}

func unknownClient(t *conformance.T) {
	works(t)
	resp := answer(t, func(q url.Values) { q.Set("client_id", "skc_10000000000000000") })
	pageOnly(t, "an unknown client", "invalid_client", resp)
}

// longState is as long as Cognito's can become, of the characters of base64.
func longState(t *conformance.T) {
	state := strings.Repeat("ssolab+/0123456789==", 100)
	a := t.ScalekitSignIn(func(q url.Values) { q.Set("state", state) })
	a.Code(t)
	got := a.Params.Get("state")
	t.Require(len(got) == len(state), "a state of 2000 characters", "%d characters", len(got))
	t.Require(got == state, "the state that was sent", "another")
}
