package mockscalekit_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockscalekit"
)

// crowded adds organizations in every state.
func crowded(c *mockscalekit.Config) {
	add := func(o mockscalekit.Organization) {
		c.Environment.Organizations = append(c.Environment.Organizations, o)
	}
	add(mockscalekit.Organization{ID: "org_empty", DisplayName: "Empty", Domains: []mockscalekit.Domain{{Name: "empty.test"}}})
	add(mockscalekit.Organization{
		ID: "org_off", DisplayName: "Off", Domains: []mockscalekit.Domain{{Name: "off.test"}},
		Connections: []mockscalekit.Connection{{ID: "conn_off", Disabled: true}, {ID: "conn_draft", Status: mockscalekit.Draft}},
	})
	add(mockscalekit.Organization{
		ID: "org_several", DisplayName: "Several",
		Domains: []mockscalekit.Domain{
			{Name: "Several.Test"}, {Name: "allowed.test", Type: mockscalekit.AllowedEmailDomain}, {Name: "pending.test", Status: mockscalekit.Pending},
		},
		Connections: []mockscalekit.Connection{{ID: "conn_several0", Disabled: true}, {ID: "conn_several1"}, {ID: "conn_several2"}},
	})
	c.Environment.Clients = append(c.Environment.Clients,
		mockscalekit.Client{ID: "skc_public", RedirectURIs: []string{callback}},
		mockscalekit.Client{ID: "skc_inactive", Secret: "test_x", Inactive: true, RedirectURIs: []string{callback}},
		mockscalekit.Client{ID: "skc_wild", Secret: "test_y", RedirectURIs: []string{"https://auth-*.acme.test/cb"}},
	)
}

// connectionOf returns the connection of the callback that the identity provider was given.
func connectionOf(t *testing.T, s *setup, edits ...string) string {
	t.Helper()
	a := fetch(t, s.authorizeURL(edits...))
	require.Equal(t, http.StatusFound, a.status, a.body)
	u, err := url.Parse(a.header.Get("Location"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(u.String(), s.idp), "sent to %s", u)
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	require.NoError(t, err)
	return strings.TrimSuffix(strings.TrimPrefix(back.Path, "/sso/v1/oidc/"), "/callback")
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	for _, c := range []struct {
		name  string
		edits []string
		want  string
	}{
		{"login hint", nil, testConn},
		{"case of the domain does not matter", []string{"login_hint", "John@EXAMPLE.org"}, testConn},
		{"configured case does not matter", []string{"login_hint", "a@several.test"}, "conn_several1"},
		{"domain before login hint", []string{"domain", "megasoft.org"}, oktaConn},
		{"domain_hint is domain", []string{"domain_hint", "megasoft.org"}, oktaConn},
		{"organization before domain", []string{"organization_id", "org_several", "domain", "megasoft.org"}, "conn_several1"},
		{"organization, whatever the hint's domain", []string{"organization_id", "org_60040666100000002"}, oktaConn},
		{"connection before organization", []string{"connection_id", "conn_several2", "organization_id", "org_60040666100000002"}, "conn_several2"},
		{"selector without hint", []string{"connection_id", testConn, "login_hint", ""}, testConn},
		{"unknown parameters are ignored", []string{"idp_identifier", "x", "lang", "de"}, testConn},
	} {
		require.Equal(t, c.want, connectionOf(t, s, c.edits...), c.name)
	}
}

func TestErrorRedirects(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	for _, c := range []struct {
		edits             []string
		code, description string
	}{
		{[]string{"login_hint", ""}, "invalid_connection_selector", "Missing organization_id (or) connection_id (or) domain (or) provider in the authorization URL"},
		{[]string{"login_hint", "no-at-sign"}, "invalid_connection_selector", ""},
		{[]string{"login_hint", "a@sub.example.com"}, "domain_not_found", "No domain specified for the SSO connection(s)"},
		{[]string{"login_hint", "a@allowed.test"}, "domain_not_found", ""},
		{[]string{"login_hint", "a@pending.test"}, "domain_not_found", ""},
		{[]string{"domain", "nowhere.test"}, "domain_not_found", ""},
		{[]string{"domain", "empty.test"}, "no_configured_connections", "No active SSO connections configured"},
		{[]string{"organization_id", "org_off"}, "no_active_connections", "There are no active SSO connections configured to process the single sign-on request"},
		{[]string{"connection_id", "conn_off"}, "connection_not_active", "The configured connection is not active"},
		{[]string{"connection_id", "conn_draft"}, "connection_not_active", ""},
		{[]string{"connection_id", "conn_unknown", "organization_id", "org_several"}, "invalid_connection_id", "Invalid connection ID"},
		{[]string{"organization_id", "org_unknown"}, "invalid_organization_id", "Invalid organization ID"},
		{[]string{"provider", "google", "connection_id", testConn}, "no_configured_connections", ""},
		{[]string{"provider", "myspace"}, "invalid_request", "The authorization request contains invalid or missing parameters"},
		{[]string{"response_type", "token"}, "invalid_request", ""},
		{[]string{"response_type", ""}, "invalid_request", ""},
		{[]string{"scope", "email"}, "invalid_request", ""},
		{[]string{"code_challenge", "x", "code_challenge_method", "plain"}, "invalid_request", ""},
		{[]string{"code_challenge", "x"}, "invalid_request", ""},
		{[]string{"code_challenge_method", "S256"}, "invalid_request", ""},
		{[]string{"client_id", "skc_public"}, "invalid_request", ""},
		{[]string{"client_id", "skc_inactive"}, "application_not_active", "The application is inactive"},
		{[]string{"prompt", "none"}, "user_login_required", "User login is required to continue"},
	} {
		a := fetch(t, s.authorizeURL(c.edits...))
		require.Equal(t, http.StatusFound, a.status, "%v: %s", c.edits, a.body)
		location := a.header.Get("Location")
		require.True(t, strings.HasPrefix(location, callback+"?error="+c.code+"&error_description="), "%v: %s", c.edits, location)
		u, err := url.Parse(location)
		require.NoError(t, err)
		require.Equal(t, "the-state-of-the-app", u.Query().Get("state"))
		if c.description != "" {
			require.Equal(t, c.description, u.Query().Get("error_description"))
		}
	}
	require.NotContains(t, fetch(t, s.authorizeURL("state", "", "prompt", "none")).header.Get("Location"), "state=")
}

// What cannot be trusted is never redirected to.
func TestErrorPages(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	for _, c := range []struct{ query, code, sentence string }{
		{s.authorizeURL("client_id", "skc_unknown"), "invalid_client", `no client "skc_unknown"`},
		{s.authorizeURL("client_id", ""), "invalid_client", `no client ""`},
		{s.authorizeURL("redirect_uri", callback+"/"), "invalid_redirect_uri", "Allowed for " + clientID + ": " + callback},
		{s.authorizeURL("redirect_uri", ""), "invalid_redirect_uri", ""},
		{s.authorizeURL() + "&redirect_uri=http://evil.test", "invalid_request", "more than once"},
		{s.authorizeURL() + "&bad=%zz", "invalid_request", "cannot be read"},
		{s.authorizeURL("client_id", "skc_wild", "redirect_uri", "https://auth-1.evil.test/x.acme.test/cb"), "invalid_redirect_uri", ""},
		{s.authorizeURL("client_id", "skc_wild", "redirect_uri", "https://auth-.acme.test/cb"), "invalid_redirect_uri", ""},
		{s.env + "/sso/v1/oidc/" + testConn + "/callback?code=x&state=unknown", "invalid_request", "does not know the state"},
		{s.idp + "/authorize?client_id=unknown", "invalid_client", "no application"},
		{s.idp + "/authorize?client_id=" + testConn + "&redirect_uri=http://evil.test", "invalid_redirect_uri", "http://evil.test"},
		{s.idp + "/login?authRequestID=req_1", "invalid_request", "never was"},
	} {
		a := fetch(t, c.query)
		require.Equal(t, http.StatusBadRequest, a.status, c.query)
		require.Empty(t, a.header.Get("Location"))
		p := page{body: a.body}
		require.Equal(t, c.code, byTestID(t, p, "error-code"), c.query)
		require.Contains(t, byTestID(t, p, "error-sentence"), c.sentence)
	}
	require.Equal(t, testConn, connectionOf(t, s, "client_id", "skc_wild", "redirect_uri", "https://auth-eu.acme.test/cb"))
}

// The identity provider's answer counts once, at its own connection, in the browser that began.
func TestCallbackIsBound(t *testing.T) {
	t.Parallel()
	s := start(t)
	hold := func() (*browser, string) {
		b := newBrowser(t)
		p := b.get(s.authorizeURL())
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return b, b.submit(p).url.String()
	}
	refused := func(b *browser, u, why string) {
		t.Helper()
		p := b.get(u)
		require.Equal(t, http.StatusBadRequest, p.status, p.url)
		require.Contains(t, byTestID(t, p, "error-sentence"), why)
	}
	b, u := hold()
	require.True(t, b.get(u).atApp)
	refused(b, u, "does not know the state")

	_, u = hold()
	refused(newBrowser(t), u, "another browser")

	b, u = hold()
	refused(b, strings.Replace(u, testConn, oktaConn, 1), "Register the callback URL of the right connection")
}

// A cookie that the environment cannot authenticate is replaced, never an error.
func TestForeignCookieIsIgnored(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	u, err := url.Parse(s.env)
	require.NoError(t, err)
	for _, value := range []string{"x", strings.Repeat("A", 28)} {
		b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "ssolab-scalekit-" + u.Port(), Value: value}})
		require.True(t, b.submit(b.get(s.authorizeURL())).atApp)
	}
}

// A parallel sign-in in another tab of the same browser does not end the first.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	first := b.get(s.authorizeURL())
	second := b.get(s.authorizeURL("login_hint", "jane@example.com"))
	require.True(t, b.submit(second).atApp)
	require.True(t, b.submit(first).atApp)
}
