package mockscalekit_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/mockscalekit"
)

// idps are the identity providers with a character, by the provider of a connection to them.
func idps() map[string]string {
	return map[string]string{"okta": mockscalekit.Okta, "entra": mockscalekit.MicrosoftAD, "google": mockscalekit.Google, "plain": mockscalekit.Custom}
}

const annPassword = "ann-has-a-password"

// everyIdP has an organization for each identity provider and protocol, with its own domain and its own Ann.
func everyIdP(c *mockscalekit.Config) {
	e := &c.Environment
	e.Clients[0].InitiateLoginURI = "http://app.test/initiate"
	for name, provider := range idps() {
		for _, protocol := range []string{mockscalekit.OIDC, mockscalekit.SAML} {
			key := strings.ToLower(name + protocol)
			e.Organizations = append(e.Organizations, mockscalekit.Organization{
				ID: "org_" + key, DisplayName: key, Domains: []mockscalekit.Domain{{Name: key + ".test"}},
				Connections: []mockscalekit.Connection{{ID: "conn_" + key, Provider: provider, Type: protocol}},
			})
			e.People = append(e.People, mockscalekit.Person{
				Email: "ann@" + key + ".test", GivenName: "Ann", FamilyName: "Lee", Password: annPassword,
				Attributes: map[string]string{"department": "R&D", "badge": "7"}, Groups: []string{"staff", "admins"},
			})
		}
	}
}

// walk submits pages as they stand until the browser is at the application or stays; edits go into the first page that has
// such a field.
func (s *setup) walk(b *browser, p page, edits ...string) page {
	s.t.Helper()
	for range 8 {
		if p.atApp || !strings.Contains(p.body, "<form") {
			return p
		}
		var fit []string
		for i := 0; i < len(edits); i += 2 {
			if strings.Contains(p.body, `name="`+edits[i]+`"`) {
				fit = append(fit, edits[i], edits[i+1])
			}
		}
		p = b.submit(p, fit...)
	}
	s.t.Fatalf("no end at %s: %s", p.url, p.body)
	return p
}

func (s *setup) signInAnn(key string, edits ...string) page {
	s.t.Helper()
	b := newBrowser(s.t)
	return s.walk(b, b.get(s.authorizeURL("login_hint", "ann@"+key+".test")), edits...)
}

// each runs f for every identity provider and protocol.
func each(t *testing.T, s *setup, f func(t *testing.T, s *setup, name, protocol, key string)) {
	for name := range idps() {
		for _, protocol := range []string{"OIDC", "SAML"} {
			key := strings.ToLower(name + protocol)
			t.Run(key, func(t *testing.T) {
				t.Parallel()
				f(t, s.with(t), name, protocol, key)
			})
		}
	}
}

// Somebody signs in through every identity provider over both protocols, and the application learns what that provider tells.
func TestEveryIdPSignsIn(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	subjects := map[string]string{
		"oktaoidc": `00u[0-9a-zA-Z]{17}`, "entraoidc": `[\w-]{43}`, "googleoidc": `\d{21}`, "plainoidc": `[0-9a-f-]{36}`,
		"oktasaml": `ann@oktasaml\.test`, "entrasaml": `ann@entrasaml\.test`, "googlesaml": `ann@googlesaml\.test`, "plainsaml": `[0-9a-f-]{36}`,
	}
	each(t, s, func(t *testing.T, s *setup, name, protocol, key string) {
		p := s.signInAnn(key)
		require.True(t, p.atApp, p.body)
		require.Equal(t, "the-state-of-the-app", p.url.Query().Get("state"))
		tokens := s.redeem(p.url.Query().Get("code")).json(t)
		claims := claimsOf(t, tokens["id_token"])
		email := "ann@" + key + ".test"
		require.Regexp(t, `^conn_`+key+`;`+subjects[key]+`$`, claims["sub"])
		require.Equal(t, email, claims["email"])
		require.Equal(t, "Ann", claims["given_name"])
		require.Equal(t, "Lee", claims["family_name"])
		require.Equal(t, "org_"+key, claims["oid"])
		require.NotContains(t, claims, "badge", "it is not registered")
		verified := protocol == "OIDC" && name != "entra"
		require.Equal(t, verified, claims["email_verified"] == true, "Entra and SAML say nothing about it")
		if name != "google" || protocol == "SAML" { // Google's tokens have neither
			require.Equal(t, "R&D", claims["department"])
			require.Len(t, claims["groups"], 2)
			require.Equal(t, name != "entra", claims["groups"].([]any)[0] == "staff", "Entra's groups are object ids")
		}
		info := s.userinfo(tokens["access_token"].(string)).json(t)
		require.Equal(t, claims["sub"], info["sub"])

		again := claimsOf(t, s.redeem(s.signInAnn(key).url.Query().Get("code")).json(t)["id_token"])
		require.Equal(t, claims["sub"], again["sub"], "the subject is stable")
	})
}

// How each outcome ends, by identity provider and protocol: an error of the application, or "stays" at the provider's page.
func TestEveryOutcome(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	const stays = "stays"
	want := map[string]map[mockscalekit.Outcome]string{
		"oktaoidc":   {"denied": "access_denied", "not_assigned": "access_denied", "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"oktasaml":   {"denied": stays, "not_assigned": stays, "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"entraoidc":  {"denied": stays, "not_assigned": stays, "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"entrasaml":  {"denied": stays, "not_assigned": stays, "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"googleoidc": {"denied": stays, "not_assigned": stays, "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"googlesaml": {"denied": stays, "not_assigned": stays, "locked": stays, "disabled": stays, "mfa_denied": stays, "consent_denied": "access_denied"},
		"plainoidc":  {"denied": "access_denied", "not_assigned": "access_denied", "locked": "access_denied", "disabled": "access_denied", "mfa_denied": "access_denied", "consent_denied": "access_denied"},
		"plainsaml":  {"denied": "access_denied", "not_assigned": "access_denied", "locked": "authentication_not_completed", "disabled": "authentication_not_completed", "mfa_denied": "authentication_not_completed", "consent_denied": "access_denied"},
	}
	for _, outcomes := range want { // what all have in common
		outcomes["password_expired"], outcomes["consent"], outcomes["foreign_email"] = "", "", "invalid_user_domain"
		outcomes["not_completed"], outcomes["server_error"], outcomes["no_email"] = "authentication_not_completed", "server_error", "mandatory_attribute_missing"
	}
	for key := range want {
		if strings.HasSuffix(key, "saml") {
			want[key]["server_error"] = "invalid_status"
		}
	}
	each(t, s, func(t *testing.T, s *setup, _, _, key string) {
		require.Len(t, want[key], len(mockscalekit.Outcomes()), "every outcome has a row")
		for _, o := range mockscalekit.Outcomes() {
			how, ok := want[key][o.Outcome]
			require.True(t, ok, o.Outcome)
			for _, way := range []string{"chosen on the page", "ordered"} {
				var edits []string
				if way == "ordered" {
					require.NoError(t, s.server.NextSignIn(t.Context(), "ann@"+key+".test", o.Outcome, 1))
				} else {
					edits = []string{"outcome", string(o.Outcome)}
				}
				p := s.signInAnn(key, edits...)
				got := p.url.Query().Get("error")
				if !p.atApp {
					require.NotEmpty(t, byTestID(t, p, "idp-message"))
					require.Equal(t, http.StatusForbidden, p.status)
					got = stays
				}
				require.Equal(t, how, got, "%s, %s", o.Outcome, way)
			}
		}
		require.NotEmpty(t, s.signInAnn(key).url.Query().Get("code"), "an order is used up")
	})
}

// The states of people are policies that last.
func TestStatesOfPeople(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) {
		for i := range c.Environment.People {
			who := &c.Environment.People[i]
			switch who.Email {
			case "ann@plainoidc.test":
				who.State = mockscalekit.Locked
			case "ann@oktaoidc.test":
				who.Unassigned = true
			case "ann@plainsaml.test":
				who.State = mockscalekit.PasswordExpired
			case "ann@googleoidc.test":
				who.Consent = true
			case "ann@entraoidc.test":
				who.MFA = mockscalekit.Push
			}
		}
	})
	require.Equal(t, "The account is locked", s.signInAnn("plainoidc").url.Query().Get("error_description"))
	require.Equal(t, "User is not assigned to the client application.", s.signInAnn("oktaoidc").url.Query().Get("error_description"))

	b := newBrowser(t)
	p := b.submit(b.get(s.authorizeURL("login_hint", "ann@plainsaml.test")))
	require.Contains(t, p.body, "Your password has expired")
	require.Contains(t, byTestID(t, b.submit(p, "new_password", "another-password"), "idp-problem"), "not the same")
	require.Contains(t, byTestID(t, b.submit(p, "new_password", "x", "repeat_password", "x"), "idp-problem"), "at least 8")
	p = s.walk(b, b.submit(p, "new_password", "another-password", "repeat_password", "another-password"))
	require.NotEmpty(t, p.url.Query().Get("code"))
	require.NoError(t, s.kit.Quirks.Switch("idp-mfa-one-step", false))
	b = newBrowser(t)
	p = b.get(s.authorizeURL("login_hint", "ann@plainsaml.test"))
	require.Contains(t, byTestID(t, b.submit(p, "password", annPassword), "idp-problem"), "wrong")
	require.NotEmpty(t, s.walk(b, b.submit(p, "password", "another-password")).url.Query().Get("code"), "the new password stays")
	require.NoError(t, s.kit.Quirks.Switch("idp-mfa-one-step", true))

	b = newBrowser(t)
	p = b.submit(b.get(s.authorizeURL("login_hint", "ann@googleoidc.test")))
	require.Contains(t, p.body, "asks for your data")
	require.Equal(t, "access_denied", b.submit(p, "consent", "deny").url.Query().Get("error"))
	p = b.submit(b.get(s.authorizeURL("login_hint", "ann@googleoidc.test")))
	require.NotEmpty(t, b.submit(p, "consent", "allow").url.Query().Get("code"))
	b = newBrowser(t)
	require.NotEmpty(t, b.submit(b.get(s.authorizeURL("login_hint", "ann@googleoidc.test"))).url.Query().Get("code"), "consent was given")

	b = newBrowser(t)
	p = b.submit(b.get(s.authorizeURL("login_hint", "ann@entraoidc.test")))
	require.Regexp(t, `^\d\d$`, byTestID(t, p, "idp-number"))
	require.Contains(t, byTestID(t, b.submit(p, "push", ""), "idp-problem"), "not answered yet")
	require.NotEmpty(t, b.submit(p, "push", "approve").url.Query().Get("code"))
	p = b.submit(b.get(s.authorizeURL("login_hint", "ann@entraoidc.test", "prompt", "login")))
	require.Contains(t, byTestID(t, b.submit(p, "push", "deny"), "idp-message"), "AADSTS500121")
}

// The identity providers remember who signed in.
func TestIdPSessions(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	each(t, s, func(t *testing.T, s *setup, name, protocol, key string) {
		b := newBrowser(t)
		hint := "ann@" + key + ".test"
		require.True(t, s.walk(b, b.get(s.authorizeURL("login_hint", hint))).atApp)
		again := b.get(s.authorizeURL("login_hint", hint))
		if protocol == "SAML" { // there is the page that posts the answer
			require.Contains(t, again.body, "saml-post")
			again = b.submit(again)
		}
		require.True(t, again.atApp, again.body)
		require.Contains(t, b.get(s.authorizeURL("login_hint", hint, "prompt", "login")).body, "idp-password")
		require.Contains(t, b.get(s.authorizeURL("login_hint", "", "domain", key+".test")).body, map[bool]string{true: "saml-post", false: ""}[protocol == "SAML"], "without a hint the session is good too")
		require.Contains(t, b.get(s.authorizeURL("login_hint", "bob@"+key+".test")).body, "idp-password")
		require.NoError(t, s.server.NextSignIn(t.Context(), hint, "denied", 1))
		require.Contains(t, b.get(s.authorizeURL("login_hint", hint)).body, "idp-password", "an order wants a sign-in")
		require.NoError(t, s.server.NextSignIn(t.Context(), hint, "", 0))
		require.NoError(t, s.server.SignOut(t.Context(), hint))
		require.Contains(t, b.get(s.authorizeURL("login_hint", hint)).body, "idp-password")
	})
}

// The environment sends the browser to the identity provider's logout, where the connection asks for that.
func TestIdPLogout(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) {
		for i := range c.Environment.Organizations {
			if o := &c.Environment.Organizations[i]; o.ID == "org_oktaoidc" {
				o.Connections[0].OIDC = &mockscalekit.OIDCConfig{IdPLogoutRequired: true}
			}
		}
		c.Environment.Mode = mockscalekit.FullStack
		c.Environment.Clients[0].PostLogoutRedirectURIs = []string{"http://app.test/bye"}
	})
	b := newBrowser(t)
	p := s.walk(b, b.get(s.authorizeURL("login_hint", "ann@oktaoidc.test")))
	idToken := s.redeem(p.url.Query().Get("code")).json(t)["id_token"].(string)
	out := b.get(s.env + "/oidc/logout?" + url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {"http://app.test/bye"}, "state": {"s"}}.Encode())
	require.Equal(t, "http://app.test/bye?state=s", out.url.String())
	require.Contains(t, b.get(s.authorizeURL("login_hint", "ann@oktaoidc.test")).body, "idp-password", "the identity provider has forgotten too")
	require.Equal(t, http.StatusBadRequest, fetch(t, s.env+"/sso/v1/oidc/conn_oktaoidc/logout/callback?state=x").status)
	require.Equal(t, http.StatusBadRequest, fetch(t, s.idp+"/okta/oauth2/v1/logout?client_id=x&post_logout_redirect_uri=http://evil.test").status)
}

// A person who is signed out everywhere at the identity provider has no session at the environment any more.
func TestSignedOutByTheIdP(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) { c.Environment.Mode = mockscalekit.FullStack })
	b := newBrowser(t)
	require.True(t, s.walk(b, b.get(s.authorizeURL("login_hint", "ann@plainoidc.test"))).atApp)
	require.True(t, b.get(s.authorizeURL("login_hint", "")).atApp)
	require.NoError(t, s.server.SignOut(t.Context(), "ann@plainoidc.test"))
	require.False(t, b.get(s.authorizeURL("login_hint", "")).atApp)
	require.Error(t, s.server.SignOut(t.Context(), "nobody@plainoidc.test"))
}

// A SAML sign-in that begins at the identity provider reaches the application as a token that says who wants to sign in.
func TestSAMLIdPInitiated(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) {
		for i := range c.Environment.Organizations {
			if o := &c.Environment.Organizations[i]; o.ID == "org_plainsaml" {
				o.Connections = append(o.Connections, mockscalekit.Connection{ID: "conn_closed", Provider: mockscalekit.Custom, Type: mockscalekit.SAML, SAML: &mockscalekit.SAMLConfig{IdPInitiatedOff: true}},
					mockscalekit.Connection{ID: "conn_disabled", Provider: mockscalekit.Custom, Type: mockscalekit.SAML, Disabled: true})
			}
		}
	})
	for name := range idps() {
		key := name + "saml"
		b := newBrowser(t)
		require.Contains(t, b.get(s.idp+"/"+name+"/apps").body, "/"+name+"/apps/conn_"+key)
		p := s.walk(b, b.get(s.idp+"/"+name+"/apps/conn_"+key+"?RelayState=the-page&login_hint=ann@"+key+".test"))
		require.True(t, p.atApp, p.body)
		require.Equal(t, "/initiate", p.url.Path, p.url)
		claims := claimsOf(t, p.url.Query().Get("idp_initiated_login"))
		require.Equal(t, "conn_"+key, claims["connection_id"])
		require.Equal(t, "ann@"+key+".test", claims["login_hint"])
		require.Equal(t, "the-page", claims["relay_state"])
		p = s.walk(b, b.get(s.authorizeURL("connection_id", "conn_"+key, "login_hint", claims["login_hint"].(string), "state", "the-page")))
		require.NotEmpty(t, p.url.Query().Get("code"))
	}
	for id, want := range map[string]string{"conn_closed": "invalid_saml_response", "conn_disabled": "connection_not_active"} {
		b := newBrowser(t)
		p := s.walk(b, b.get(s.idp+"/plain/apps/"+id+"?login_hint=ann@plainsaml.test"))
		require.Equal(t, want, p.url.Query().Get("error"), id)
		require.Equal(t, "/initiate", p.url.Path)
	}
	require.Equal(t, http.StatusBadRequest, fetch(t, s.idp+"/okta/apps/conn_oktaoidc").status, "OpenID Connect knows no unsolicited answer")
	require.Equal(t, http.StatusBadRequest, fetch(t, s.idp+"/okta/apps/conn_plainsaml").status)
}

// What is wrong with a SAML response is refused with its own code, and each check can be left out by a fault.
func TestSAMLRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	for id, c := range map[string]struct{ code, skip string }{
		"idp.saml_unsigned":        {"signature_validation_failed", "signature"},
		"idp.saml_wrong_key":       {"signature_validation_failed", "signature"},
		"idp.saml_changed":         {"signature_validation_failed", "signature"},
		"idp.saml_wrong_issuer":    {"invalid_saml_response", "issuer"},
		"idp.saml_wrong_acs":       {"invalid_acs_url", "destination"},
		"idp.saml_wrong_recipient": {"invalid_assertion_url", "recipient"},
		"idp.saml_wrong_request":   {"invalid_saml_response", "in_response_to"},
		"idp.saml_old":             {"response_expired", "response_age"},
		"idp.saml_expired":         {"assertion_expired", "expiry"},
		"idp.saml_wrong_audience":  {"invalid_saml_response", "audience"},
		"idp.saml_no_subject":      {"invalid_saml_response", "subject"},
		"idp.saml_replayed":        {"invalid_saml_response", "replay"},
		"idp.saml_wrapped":         {"malformed_saml_response", ""},
		"idp.saml_comment":         {"malformed_saml_response", ""},
		"idp.saml_xxe":             {"malformed_saml_response", ""},
		"idp.saml_malformed":       {"malformed_saml_response", ""},
		"idp.saml_bad_status":      {"invalid_status", ""},
		"idp.saml_bad_request":     {"invalid_saml_request", ""},
		"idp.saml_no_passive":      {"user_login_required", ""},
		"idp.saml_nothing":         {"invalid_saml_form_params", ""},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			own := start(t, everyIdP)
			own.spoil(fault.Rule{Fault: id})
			if id == "idp.saml_replayed" {
				require.True(t, own.signInAnn("plainsaml").atApp)
			}
			p := own.signInAnn("plainsaml")
			require.True(t, p.atApp, p.body)
			require.Equal(t, c.code, p.url.Query().Get("error"), p.url)
			require.NotEmpty(t, p.url.Query().Get("error_description"))
			if c.skip == "" {
				return
			}
			own.spoil(fault.Rule{Fault: "scalekit.skip", At: "scalekit.saml." + c.skip})
			p = own.signInAnn("plainsaml")
			require.Empty(t, p.url.Query().Get("error"), "without the check the response is taken")
		})
	}
	metadata := func(rule fault.Rule) string {
		own := start(t, everyIdP)
		own.spoil(rule)
		return newBrowser(t).get(own.authorizeURL("login_hint", "ann@plainsaml.test")).url.Query().Get("error")
	}
	require.Equal(t, "invalid_saml_metadata", metadata(fault.Rule{Fault: "route.status", At: "idp.saml_metadata"}))
	require.Equal(t, "invalid_saml_metadata", metadata(fault.Rule{Fault: "route.html", At: "idp.saml_metadata"}))

	// The assertion consumer service itself.
	acs := s.env + "/sso/v1/saml/conn_plainsaml/callback"
	post := func(form url.Values) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, acs, strings.NewReader(form.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return do(t, req)
	}
	require.Contains(t, post(url.Values{}).header.Get("Location"), "error=invalid_saml_form_params")
	require.Contains(t, post(url.Values{"SAMLResponse": {"a", "b"}}).body, "invalid_saml_form_params")
	require.Contains(t, post(url.Values{"SAMLResponse": {"!"}}).header.Get("Location"), "error=malformed_saml_response")
	require.Equal(t, http.StatusBadRequest, fetch(t, s.env+"/sso/v1/saml/"+testConn).status, "no SAML connection")
	require.Contains(t, fetch(t, s.env+"/sso/v1/saml/conn_plainsaml").body, `Location="`+acs+`"`)
	require.Equal(t, http.StatusBadRequest, fetch(t, s.env+"/sso/v1/saml/conn_plainsaml/request?state=x").status)
}

// A SAML answer counts in the browser that began, once.
func TestSAMLIsBound(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	b := newBrowser(t)
	p := b.submit(b.get(s.authorizeURL("login_hint", "ann@plainsaml.test")))
	require.Contains(t, p.body, "saml-post")
	other := newBrowser(t).submit(p)
	require.Equal(t, http.StatusBadRequest, other.status)
	require.Contains(t, byTestID(t, other, "error-sentence"), "another browser")

	p = b.submit(b.get(s.authorizeURL("login_hint", "ann@plainsaml.test", "prompt", "login")))
	require.True(t, b.submit(p).atApp)
	twice := b.submit(p)
	require.Equal(t, http.StatusBadRequest, twice.status)
	require.Contains(t, byTestID(t, twice, "error-sentence"), "answered already")
	_, form := firstForm(t, p)
	form.Del("RelayState")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.env+"/sso/v1/saml/conn_plainsaml/callback", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusBadRequest, do(t, req).status, "a response to a request does not pass for an unsolicited one")
}

// Settings of SAML connections: requests that are signed or posted, names of the service provider.
func TestSAMLSettings(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) {
		for i := range c.Environment.Organizations {
			o := &c.Environment.Organizations[i]
			switch o.ID {
			case "org_plainsaml":
				o.Connections[0].SAML = &mockscalekit.SAMLConfig{WantRequestSigned: true, SSORequestBinding: "HTTP_POST", SPEntityID: "urn:scalekit:plain", NameIDFormat: "PERSISTENT"}
			case "org_oktasaml":
				o.Connections[0].SAML = &mockscalekit.SAMLConfig{WantRequestSigned: true, ForceAuthn: true}
				o.Connections[0].AttributeMapping = map[string]string{"given_name": "lastName", "department": "badge"}
			}
		}
	})
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", "ann@plainsaml.test"))
	require.Contains(t, p.body, "saml-request")
	require.NotEmpty(t, s.walk(b, p, "username", "ann@plainsaml.test", "password", annPassword).url.Query().Get("code"))
	require.Contains(t, fetch(t, s.env+"/sso/v1/saml/conn_plainsaml").body, `entityID="urn:scalekit:plain"`)

	b = newBrowser(t)
	p = s.walk(b, b.get(s.authorizeURL("login_hint", "ann@oktasaml.test")))
	claims := claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])
	require.Equal(t, "Lee", claims["given_name"], "mapped")
	require.Equal(t, "7", claims["department"], "mapped")
	p = b.get(s.authorizeURL("login_hint", "ann@oktasaml.test"))
	require.Contains(t, p.body, "idp-password", "ForceAuthn asks again")

	location := fetch(t, s.authorizeURL("login_hint", "ann@oktasaml.test")).header.Get("Location")
	require.Contains(t, location, "&Signature=")
	require.Equal(t, http.StatusBadRequest, fetch(t, strings.Replace(location, "RelayState=", "RelayState=x", 1)).status, "a changed request does not verify")
	unsigned, _, _ := strings.Cut(location, "&SigAlg=")
	require.Equal(t, http.StatusBadRequest, fetch(t, unsigned).status)
	require.Equal(t, http.StatusBadRequest, fetch(t, s.idp+"/plain/saml/sso?SAMLRequest=x").status)
	require.Equal(t, http.StatusBadRequest, fetch(t, strings.Replace(location, "/okta/app/scalekit/sso/saml", "/plain/saml/sso", 1)).status, "the application of another provider")

	require.NoError(t, s.kit.Quirks.Switch("scalekit-saml-acs-is-entity", true))
	require.Contains(t, fetch(t, s.env+"/sso/v1/saml/conn_googlesaml").body, `Location="`+s.env+`/sso/v1/saml/conn_googlesaml"`)
	require.True(t, s.signInAnn("googlesaml").atApp)
}

// In full-stack mode SAML makes users too, and a connection test works over SAML.
func TestSAMLElsewhere(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP, func(c *mockscalekit.Config) { c.Environment.Mode = mockscalekit.FullStack })
	claims := claimsOf(t, s.redeem(s.signInAnn("entrasaml").url.Query().Get("code")).json(t)["id_token"])
	require.Regexp(t, "^usr_", claims["sub"])
	b := newBrowser(t)
	p := s.walk(b, b.get(s.env+"/sso/v1/saml/conn_entrasaml/test?login_hint=ann@entrasaml.test"))
	require.Contains(t, byTestID(t, p, "test-claims"), `"email": "ann@entrasaml.test"`)
}

// The page of the identity providers tells who they are and whom they know, and no secret.
func TestIdPHome(t *testing.T) {
	t.Parallel()
	s := start(t, everyIdP)
	home := fetch(t, s.idp+"/")
	for _, text := range []string{"Okta-like", "Entra-like", "Google-like", "IdP simulator", "conn_plainsaml", "ann@oktaoidc.test"} {
		require.Contains(t, home.body, text)
	}
	require.NotContains(t, home.body, annPassword)
	people, err := s.server.People(t.Context())
	require.NoError(t, err)
	require.Len(t, people, 12)
	require.Error(t, s.server.NextSignIn(t.Context(), "ann@oktaoidc.test", "abducted", 1))
	require.NoError(t, s.server.PutPerson(t.Context(), mockscalekit.Person{Email: "new@plainoidc.test", Password: "new-password"}))
	require.Error(t, s.server.PutPerson(t.Context(), mockscalekit.Person{Email: "new@plainoidc.test", MFA: "dna"}))
	b := newBrowser(t)
	require.NotEmpty(t, s.walk(b, b.get(s.authorizeURL("login_hint", "new@plainoidc.test"))).url.Query().Get("code"))
	require.NoError(t, s.server.Reload(t.Context(), s.config(everyIdP)))
	require.NoError(t, s.server.DeletePerson(t.Context(), "new@plainoidc.test"), "a reload leaves who was added")
	require.Error(t, s.server.DeletePerson(t.Context(), "new@plainoidc.test"))
}

// The page fills in nothing where the quirk is off, as the real one.
func TestSimulatorWithoutPrefill(t *testing.T) {
	t.Parallel()
	s := start(t)
	require.NoError(t, s.kit.Quirks.Switch("simulator-prefill", false))
	p := newBrowser(t).get(s.authorizeURL())
	require.Empty(t, byTestID(t, p, "sim-email"))
	require.NoError(t, s.kit.Quirks.Switch("simulator-own-error-codes", true))
	b := newBrowser(t)
	require.Equal(t, "user_not_found", b.submit(b.get(s.authorizeURL()), "scenario", "error", "error", "user_not_found").url.Query().Get("error"))
	p = b.submit(b.get(s.authorizeURL()), "email", "x", "attr_name_0", "a", "attr_value_0", "b", "add_attribute", "1")
	require.Equal(t, "b", byTestID(t, p, "sim-attr-value-0"))
	require.NoError(t, s.server.NextSignIn(t.Context(), "x@example.com", "locked", 2))
	for range 2 {
		p = b.submit(b.get(s.authorizeURL()), "email", "x")
		require.Equal(t, "access_denied", p.url.Query().Get("error"))
	}
	require.NotEmpty(t, b.submit(b.get(s.authorizeURL()), "email", "x").url.Query().Get("code"))
}
