package mockscalekit_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockscalekit"
)

const megasoft = "org_60040666100000002"

// fullStack is an environment in full-stack mode, with users in every state.
func fullStack(c *mockscalekit.Config) {
	e := &c.Environment
	e.Mode = mockscalekit.FullStack
	e.Organizations[0].ExternalID = "ext-test"
	e.Organizations = append(e.Organizations,
		mockscalekit.Organization{ID: "org_plain", DisplayName: "Plain", Domains: []mockscalekit.Domain{{Name: "plain.test"}}},
		mockscalekit.Organization{ID: "org_open", DisplayName: "Open", Domains: []mockscalekit.Domain{{Name: "open.test", Type: mockscalekit.AllowedEmailDomain}}})
	e.Roles = []mockscalekit.Role{
		{Name: "admin", Permissions: []string{"read", "write"}}, {Name: "reader", Permissions: []string{"read"}}, {Name: "member", Default: true},
	}
	e.Users = []mockscalekit.User{
		{ID: "usr_1", Email: "one@plain.test", GivenName: "One", ExternalID: "x-1", Memberships: []mockscalekit.Membership{{Organization: "org_plain", Roles: []string{"admin", "reader"}}}},
		{ID: "usr_2", Email: "two@plain.test", Memberships: []mockscalekit.Membership{{Organization: "org_plain"}, {Organization: megasoft}}},
		{ID: "usr_3", Email: "off@plain.test", Inactive: true, Memberships: []mockscalekit.Membership{{Organization: "org_plain"}}},
		{ID: "usr_4", Email: "off@example.com", Inactive: true},
	}
	e.Clients[0].PostLogoutRedirectURIs = []string{"http://app.test/bye"}
	e.AccessTokenClaims = map[string]string{"plan": "gold"}
}

const offline = "openid email profile offline_access"

// signInAs goes through the hosted pages of an e-mail address.
func (s *setup) signInAs(b *browser, email string, edits ...string) page {
	s.t.Helper()
	p := b.get(s.authorizeURL(append([]string{"login_hint", email, "scope", offline}, edits...)...))
	for range 4 {
		if p.atApp {
			break
		}
		p = b.submit(p)
	}
	return p
}

func TestHostedSignIn(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", "one@plain.test", "scope", offline, "nonce", "n-1"))
	require.Equal(t, "/a/auth/login", p.url.Path)
	require.Equal(t, "one@plain.test", byTestID(t, p, "hosted-email"))
	p = b.submit(p)
	require.Regexp(t, `^\d{6}$`, byTestID(t, p, "hosted-code"))
	wrong := b.submit(p, "code", "no")
	require.Contains(t, byTestID(t, wrong, "hosted-problem"), "The code is wrong")
	p = b.submit(wrong)
	require.True(t, p.atApp, p.body)
	require.Equal(t, "the-state-of-the-app", p.url.Query().Get("state"))

	a := s.redeem(p.url.Query().Get("code"))
	require.Regexp(t, `^\{"access_token":"[^"]+","token_type":"Bearer","expires_in":299,"id_token":"[^"]+","refresh_token":"rt_[\w-]{43}"\}$`, a.body)
	tokens := a.json(t)
	iat := fixed().Unix()
	hash := `"[A-Za-z0-9_-]{22}"`
	require.Regexp(t, `^\{"amr":\["conn_\d+"\],"at_hash":`+hash+regexp.QuoteMeta(`,"aud":["`+clientID+`"],"azp":"`+clientID+`","c_hash":`)+hash+
		regexp.QuoteMeta(fmt.Sprintf(`,"client_id":"%s","email":"one@plain.test","email_verified":true,"exp":%d,"given_name":"One","iat":%d,"iss":"%s","name":"One","nonce":"n-1","oid":"org_plain","sid":"ses_`, clientID, iat+1800, iat, s.env))+
		`\d+","sub":"usr_1"\}$`, part(t, tokens["id_token"], 1))
	require.Regexp(t, "^"+regexp.QuoteMeta(fmt.Sprintf(`{"iss":"%s","sub":"usr_1","aud":["%s"],"exp":%d,"iat":%d,"nbf":%d,"client_id":"%s","jti":"tkn_`, s.env, clientID, iat+300, iat, iat, clientID))+
		`\d+","sid":"ses_\d+"`+regexp.QuoteMeta(`,"oid":"org_plain","roles":["admin","reader"],"permissions":["read","write"],"scope":"openid email profile offline_access","xuid":"x-1","plan":"gold"}`)+"$",
		part(t, tokens["access_token"], 1))
	info := s.userinfo(tokens["access_token"].(string)).json(t)
	require.Equal(t, "usr_1", info["sub"])
	require.Equal(t, true, info["email_verified"])

	// The next request of the same browser asks nobody, but for who wants to be asked.
	again := b.get(s.authorizeURL("login_hint", ""))
	require.True(t, again.atApp, again.body)
	second := claimsOf(t, s.redeem(again.url.Query().Get("code")).json(t)["id_token"])
	require.Equal(t, claimsOf(t, tokens["id_token"])["sid"], second["sid"])
	require.True(t, b.get(s.authorizeURL("login_hint", "", "prompt", "none")).atApp)
	for _, prompt := range []string{"login", "select_account", "create"} {
		require.False(t, b.get(s.authorizeURL("login_hint", "", "prompt", prompt)).atApp, prompt)
	}
	require.False(t, b.get(s.authorizeURL("login_hint", "somebody@else.test")).atApp)
	require.Equal(t, "user_login_required", b.get(s.authorizeURL("login_hint", "somebody@else.test", "prompt", "none")).url.Query().Get("error"))
}

func TestHostedSignUp(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", "", "prompt", "create"))
	require.Equal(t, "/a/auth/signup", p.url.Path)
	require.Contains(t, byTestID(t, b.submit(p, "email", "nobody"), "hosted-problem"), "whole e-mail address")
	p = b.submit(b.submit(p, "email", "new@fresh.test", "given_name", "Nina", "family_name", "Neu"))
	require.True(t, p.atApp, p.body)
	claims := claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])
	require.Regexp(t, `^usr_\d+$`, claims["sub"])
	require.Regexp(t, `^org_\d+$`, claims["oid"], "who belongs to no organization gets one")
	require.Equal(t, "Nina Neu", claims["name"])

	same := s.signInAs(newBrowser(t), "new@fresh.test")
	require.Equal(t, claims["sub"], claimsOf(t, s.redeem(same.url.Query().Get("code")).json(t)["id_token"])["sub"])

	open := claimsOf(t, s.redeem(s.signInAs(newBrowser(t), "anna@open.test").url.Query().Get("code")).json(t)["id_token"])
	require.Equal(t, "org_open", open["oid"], "an allowed e-mail domain takes everybody of it")
}

func TestHostedOrganizations(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	p := b.submit(b.submit(b.get(s.authorizeURL("login_hint", "two@plain.test"))))
	require.False(t, p.atApp)
	require.Contains(t, p.body, "Choose an organization")
	require.Contains(t, byTestID(t, b.submit(p, "organization", "org_open"), "hosted-problem"), "Choose one")
	p = b.submit(p, "organization", megasoft)
	require.True(t, p.atApp, p.body)
	require.Equal(t, megasoft, claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])["oid"])
	// The session moves to another organization of the user, not to a foreign one.
	p = b.get(s.authorizeURL("login_hint", "", "organization_id", "org_plain"))
	require.True(t, p.atApp, p.body)
	require.Equal(t, "org_plain", claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])["oid"])
	require.False(t, b.get(s.authorizeURL("login_hint", "", "organization_id", "org_open")).atApp)

	refused := func(email string, edits ...string) string {
		return s.signInAs(newBrowser(t), email, edits...).url.Query().Get("error")
	}
	require.Equal(t, "unauthorized", refused("one@plain.test", "organization_id", "org_open"))
	require.Equal(t, "user_not_active", refused("off@plain.test"))
	require.Equal(t, "user_not_active", refused("off@example.com"), "through single sign-on too")
}

// A domain with a connection leads there from the hosted page as well, and makes users as they come.
func TestFullStackSSO(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	direct := s.signInAs(newBrowser(t), "john@example.com")
	first := claimsOf(t, s.redeem(direct.url.Query().Get("code")).json(t)["id_token"])
	require.Regexp(t, `^usr_\d+$`, first["sub"])
	require.Equal(t, "ext-test", first["xoid"])
	require.Equal(t, []any{testConn}, first["amr"])
	require.Equal(t, "John Doe", first["name"])

	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", ""))
	require.Equal(t, "/a/auth/login", p.url.Path)
	p = b.submit(p, "email", "john@example.com")
	require.Equal(t, s.idp, "http://"+p.url.Host)
	p = b.submit(p)
	tokens := s.redeem(p.url.Query().Get("code")).json(t)
	require.Equal(t, first["sub"], claimsOf(t, tokens["id_token"])["sub"])
	require.Equal(t, []any{"member"}, claimsOf(t, tokens["access_token"])["roles"], "just-in-time members have the default role")

	for _, edits := range [][]string{{"connection_id", "conn_unknown"}, {"organization_id", "org_unknown"}} {
		require.NotEmpty(t, b.get(s.authorizeURL(edits...)).url.Query().Get("error"), "%v", edits)
	}
}

func TestHostedPagesAreBound(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", "one@plain.test"))
	other := newBrowser(t).get(p.url.String())
	require.Equal(t, http.StatusBadRequest, other.status)
	require.Contains(t, byTestID(t, other, "error-sentence"), "another browser")
	p = b.submit(p)
	for range 5 {
		require.Equal(t, http.StatusUnauthorized, b.submit(p, "code", "no").status)
	}
	exhausted := b.submit(p)
	require.Contains(t, byTestID(t, exhausted, "hosted-problem"), "not good any more")
	p = b.submit(exhausted)
	s.kit.Env.Advance(10 * time.Minute)
	require.Contains(t, byTestID(t, b.submit(p), "hosted-problem"), "not good any more")
	s.kit.Env.Advance(time.Hour)
	require.Contains(t, byTestID(t, b.submit(p), "error-sentence"), "has expired")
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	refresh := func(token any, edits ...string) answer {
		return s.redeem("", append([]string{"grant_type", "refresh_token", "refresh_token", token.(string), "redirect_uri", ""}, edits...)...)
	}
	fresh := func() map[string]any {
		return s.redeem(s.signInAs(b, "one@plain.test").url.Query().Get("code")).json(t)
	}
	first := fresh()
	a := refresh(first["refresh_token"])
	require.Equal(t, http.StatusOK, a.status, a.body)
	next := a.json(t)
	require.NotEqual(t, first["refresh_token"], next["refresh_token"])
	id := claimsOf(t, next["id_token"])
	require.Equal(t, "usr_1", id["sub"])
	require.NotContains(t, id, "c_hash")
	require.NotContains(t, id, "nonce")
	require.JSONEq(t, `{"error":"invalid_grant","error_description":"invalid refresh_token"}`, refresh(first["refresh_token"]).body, "a token is good once")
	require.Equal(t, "invalid_request", refresh("").json(t)["error"])
	require.Equal(t, "invalid_scope", refresh(next["refresh_token"], "scope", "openid phone").json(t)["error"])
	narrowed := refresh(next["refresh_token"], "scope", "openid").json(t)
	require.NotContains(t, claimsOf(t, narrowed["id_token"]), "email")
	require.NotContains(t, narrowed, "refresh_token")

	second := fresh()
	require.NoError(t, s.server.Reload(t.Context(), s.config(fullStack, func(c *mockscalekit.Config) { c.Environment.Users[0].Inactive = true })))
	require.Equal(t, "user not active", refresh(second["refresh_token"]).json(t)["error_description"])
	require.NoError(t, s.server.Reload(t.Context(), s.config(fullStack, func(c *mockscalekit.Config) { c.Environment.Users[0].Memberships = nil })))
	require.Contains(t, refresh(second["refresh_token"]).json(t)["error_description"], "no member")
	require.NoError(t, s.server.Reload(t.Context(), s.config(fullStack)))
	s.kit.Env.Advance(8 * 24 * time.Hour)
	require.Equal(t, "invalid_grant", refresh(second["refresh_token"]).json(t)["error"])

	require.NotContains(t, s.redeem(s.signInAs(newBrowser(t), "one@plain.test", "scope", "openid").url.Query().Get("code")).json(t), "refresh_token")
}

// Logout ends the session, its refresh tokens, and tells the clients of it.
func TestFullStackLogout(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, r.PostFormValue("logout_token"))
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(app.Close)
	s := start(t, fullStack, func(c *mockscalekit.Config) { c.Environment.Clients[0].BackChannelLogoutURI = app.URL })
	b := newBrowser(t)
	tokens := s.redeem(s.signInAs(b, "one@plain.test").url.Query().Get("code")).json(t)
	q := url.Values{"id_token_hint": {tokens["id_token"].(string)}, "post_logout_redirect_uri": {"http://app.test/bye"}, "state": {"s"}}
	p := b.get(s.env + "/oidc/logout?" + q.Encode())
	require.Equal(t, "http://app.test/bye?state=s", p.url.String())
	require.False(t, b.get(s.authorizeURL("login_hint", "")).atApp)
	a := s.redeem("", "grant_type", "refresh_token", "refresh_token", tokens["refresh_token"].(string), "redirect_uri", "")
	require.Equal(t, "session ended", a.json(t)["error_description"])

	mu.Lock()
	defer mu.Unlock()
	require.Len(t, told, 1)
	claims := claimsOf(t, told[0])
	require.Equal(t, "usr_1", claims["sub"])
	require.Equal(t, claimsOf(t, tokens["id_token"])["sid"], claims["sid"])
	require.Equal(t, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}, claims["events"])
}

// Social connections belong to the environment; in modular mode the provider's selector leads to them.
func TestSocialConnections(t *testing.T) {
	t.Parallel()
	social := func(c *mockscalekit.Config) {
		c.Environment.Connections = []mockscalekit.Connection{{ID: "conn_social", Provider: mockscalekit.Okta}}
	}
	s := start(t, fullStack, social)
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", ""))
	require.NotEmpty(t, byTestID(t, p, "hosted-social"))
	p = b.submit(p, "email", "", "connection", "conn_social")
	require.Equal(t, s.idp, "http://"+p.url.Host)
	p = b.submit(p, "username", "john@megasoft.org", "password", "correct-horse-battery", "code", "000000")
	p = b.submit(p) // the page now has the person's code
	require.True(t, p.atApp, p.body)
	require.Empty(t, p.url.Query().Get("error"), p.url)
	claims := claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])
	require.Equal(t, "john@megasoft.org", claims["email"])
	require.Regexp(t, `^usr_`, claims["sub"])
}
