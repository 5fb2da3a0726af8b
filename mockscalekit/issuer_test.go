package mockscalekit_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/mockscalekit"
)

// errorOf is the error that an authorization request is answered with at once.
func errorOf(t *testing.T, s *setup, edits ...string) string {
	t.Helper()
	u, err := url.Parse(fetch(t, s.authorizeURL(edits...)).header.Get("Location"))
	require.NoError(t, err)
	return u.Query().Get("error")
}

// Each switch over what is not known of the real service changes what it says it does.
func TestUnknownsAreSwitches(t *testing.T) {
	t.Parallel()
	for id, shows := range map[string]func(t *testing.T, s *setup, on bool){
		"scalekit-introspection": func(t *testing.T, s *setup, on bool) {
			require.Equal(t, on, strings.Contains(fetch(t, s.env+"/.well-known/openid-configuration").body, `"introspection_endpoint":"`+s.env+`/oauth/introspect"`))
			token := s.redeem(s.signIn().Get("code")).json(t)["access_token"].(string)
			req := s.tokenRequest("", "token", token)
			req.URL.Path = "/oauth/introspect"
			a := do(t, req)
			if !on {
				require.Equal(t, http.StatusNotImplemented, a.status)
				return
			}
			require.Equal(t, true, a.json(t)["active"])
			require.Equal(t, "john@example.com", a.json(t)["email"])
			req = s.tokenRequest("", "token", token)
			req.URL.Path = "/revoke"
			require.Equal(t, http.StatusOK, do(t, req).status)
			require.Equal(t, http.StatusUnauthorized, s.userinfo(token).status)
			req = s.tokenRequest("", "token", token)
			req.URL.Path = "/oauth/introspect"
			require.Equal(t, `{"active":false}`, do(t, req).body)
		},
		"scalekit-formatted-descriptions": func(t *testing.T, s *setup, on bool) {
			u, err := url.Parse(fetch(t, s.authorizeURL("login_hint", "")).header.Get("Location"))
			require.NoError(t, err)
			require.Equal(t, on, strings.Contains(u.Query().Get("error_description"), "`organization_id`"))
		},
		"scalekit-unrouted-selector-error": func(t *testing.T, s *setup, on bool) {
			require.Equal(t, on, errorOf(t, s, "login_hint", "a@nowhere.test") == "invalid_connection_selector")
		},
		"scalekit-plain-errors": func(t *testing.T, s *setup, on bool) {
			a := fetch(t, s.authorizeURL("client_id", "skc_unknown"))
			require.Equal(t, http.StatusBadRequest, a.status)
			require.Equal(t, on, a.body == "The client application is not recognized or not configured correctly\n", a.body)
		},
		"scalekit-error-to-bad-redirect": func(t *testing.T, s *setup, on bool) {
			a := fetch(t, s.authorizeURL("redirect_uri", "http://app.test/other"))
			require.Equal(t, on, strings.HasPrefix(a.header.Get("Location"), "http://app.test/other?error=invalid_redirect_uri&"))
			require.Empty(t, fetch(t, s.authorizeURL("redirect_uri", "not a url")).header.Get("Location"))
		},
		"scalekit-userinfo-full": func(t *testing.T, s *setup, on bool) {
			info := s.userinfo(s.redeem(s.signIn().Get("code")).json(t)["access_token"].(string)).json(t)
			require.Equal(t, on, info["sid"] != nil)
			require.Equal(t, on, info["amr"] != nil)
		},
		"scalekit-pkce-required": func(t *testing.T, s *setup, on bool) {
			require.Equal(t, on, errorOf(t, s) == "invalid_request")
		},
		"scalekit-pkce-plain": func(t *testing.T, s *setup, on bool) {
			if !on {
				require.Equal(t, "invalid_request", errorOf(t, s, "code_challenge", "the-verifier"))
				return
			}
			code := s.signIn("code_challenge", "the-verifier", "code_challenge_method", "plain").Get("code")
			require.Equal(t, "invalid_grant", s.redeem(code, "code_verifier", "another").json(t)["error"])
			require.Equal(t, http.StatusOK, s.redeem(code, "code_verifier", "the-verifier").status)
		},
		"scalekit-amr-methods": func(t *testing.T, s *setup, on bool) {
			claims := claimsOf(t, s.redeem(s.signIn("login_hint", "john@megasoft.org").Get("code")).json(t)["id_token"])
			require.Equal(t, on, len(claims["amr"].([]any)) > 1)
		},
		"scalekit-modular-session": func(t *testing.T, s *setup, on bool) {
			b := newBrowser(t)
			require.True(t, b.submit(b.get(s.authorizeURL())).atApp)
			require.Equal(t, on, b.get(s.authorizeURL()).atApp)
			require.Equal(t, on, b.get(s.authorizeURL("prompt", "none")).url.Query().Has("code"))
			require.False(t, b.get(s.authorizeURL("prompt", "login")).atApp)
			require.False(t, b.get(s.authorizeURL("login_hint", "jane@example.com")).atApp)
			require.False(t, b.get(s.authorizeURL("login_hint", "a@megasoft.org")).atApp)
			b.get(s.env + "/oidc/logout")
			require.False(t, b.get(s.authorizeURL()).atApp)
		},
		"scalekit-login-required": func(t *testing.T, s *setup, on bool) {
			require.Equal(t, on, errorOf(t, s, "prompt", "none") == "login_required")
		},
		"scalekit-strict-parameters": func(t *testing.T, s *setup, on bool) {
			require.Equal(t, on, errorOf(t, s, "idp_identifier", "x") == "invalid_request")
			require.Empty(t, errorOf(t, s, "nonce", "n", "domain_hint", "example.com", "prompt", "login"))
		},
		"scalekit-idp-error-replaced": func(t *testing.T, s *setup, on bool) {
			b := newBrowser(t)
			p := b.submit(b.get(s.authorizeURL()), "scenario", "error")
			require.Equal(t, on, p.url.Query().Get("error") == "authentication_not_completed")
		},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			shows(t, s, false)
			require.NoError(t, s.kit.Quirks.Switch(id, true))
			shows(t, s, true)
		})
	}
}

// Templates of redirect URIs stand for the values of the organization that the request names.
func TestRedirectTemplates(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *mockscalekit.Config) {
		c.Environment.Organizations[0].Slug = "acme"
		c.Environment.Organizations[0].Metadata = map[string]string{"region": "eu", "evil": "x.evil.test/"}
		c.Environment.Clients[0].RedirectURIs = []string{"https://{{org_slug}}.app.test/cb/{{ region }}", "https://{{external_id}}.app.test/cb", "https://{{evil}}.app.test/cb"}
	})
	const uri, org = "https://acme.app.test/cb/eu", "org_60040666100000001"
	require.Equal(t, testConn, connectionOf(t, s, "redirect_uri", uri, "organization_id", org))
	for _, edits := range [][]string{
		{"redirect_uri", uri}, {"redirect_uri", uri, "organization_id", megasoft}, {"redirect_uri", uri, "organization_id", "org_unknown"},
		{"redirect_uri", "https://.app.test/cb", "organization_id", org}, {"redirect_uri", "https://x.evil.test/.app.test/cb", "organization_id", org},
		{"redirect_uri", "https://{{org_slug}}.app.test/cb/{{ region }}", "organization_id", org},
	} {
		require.Equal(t, http.StatusBadRequest, fetch(t, s.authorizeURL(edits...)).status, "%v", edits)
	}
}

// Two environments share a listener and nothing else: the host of a request says whose it is.
func TestEnvironmentsByHost(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *mockscalekit.Config) {
		c.More = []mockscalekit.Environment{{
			URL: "https://acme.scalekit.com", CustomURL: "https://auth.acme.test", Name: "acme", Kind: mockscalekit.Production,
			Clients: []mockscalekit.Client{{ID: "prd_skc_1", Secret: "live_1", RedirectURIs: []string{"https://app.test/cb"}}},
			Organizations: []mockscalekit.Organization{{
				ID: "org_prod", DisplayName: "Prod", Domains: []mockscalekit.Domain{{Name: "prod.test"}},
				Connections: []mockscalekit.Connection{{ID: "conn_prod", Provider: mockscalekit.Okta}, {ID: "conn_old", Provider: mockscalekit.Okta, OldHost: true}},
			}},
		}}
	})
	ask := func(host, path string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.env+path, nil)
		require.NoError(t, err)
		req.Host = host
		return do(t, req)
	}
	main := fetch(t, s.env+"/.well-known/openid-configuration").json(t)
	require.Equal(t, s.env, main["issuer"])
	for _, host := range []string{"acme.scalekit.com", "AUTH.acme.test"} {
		doc := ask(host, "/.well-known/openid-configuration").json(t)
		require.Equal(t, "https://auth.acme.test", doc["issuer"], "the custom domain is the issuer")
		require.Equal(t, "https://auth.acme.test/oauth/token", doc["token_endpoint"])
	}
	require.Equal(t, main, ask("somebody.else", "/.well-known/openid-configuration").json(t))
	authorize := "/oauth/authorize?" + url.Values{
		"client_id": {"prd_skc_1"}, "redirect_uri": {"https://app.test/cb"}, "response_type": {"code"}, "scope": {"openid"},
	}.Encode()
	for _, id := range []string{"conn_prod", "conn_old"} {
		to, err := url.Parse(ask("auth.acme.test", authorize+"&connection_id="+id).header.Get("Location"))
		require.NoError(t, err)
		want := map[string]string{"conn_prod": "https://auth.acme.test", "conn_old": "https://acme.scalekit.com"}[id]
		require.Equal(t, want+"/sso/v1/oidc/"+id+"/callback", to.Query().Get("redirect_uri"))
	}
	require.Contains(t, ask("auth.acme.test", authorize+"&connection_id="+testConn).header.Get("Location"), "error=invalid_connection_id", "of another environment")
	require.Equal(t, http.StatusBadRequest, ask(strings.TrimPrefix(s.env, "http://"), authorize).status, "a client of another environment")
}

// The scenario IDP Initiated SSO ends at the initiate-login URL with a token that says who wants to sign in.
func TestIdPInitiated(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *mockscalekit.Config) { c.Environment.Clients[0].InitiateLoginURI = "http://app.test/initiate" })
	b := newBrowser(t)
	p := b.submit(b.get(s.authorizeURL()), "scenario", "idp_initiated")
	require.True(t, p.atApp, p.body)
	require.Equal(t, "/initiate", p.url.Path)
	token := p.url.Query().Get("idp_initiated_login")
	iat := fixed().Unix()
	require.JSONEq(t, part(t, token, 0), part(t, s.redeem(s.signIn().Get("code")).json(t)["id_token"], 0))
	require.Equal(t, strings.ReplaceAll(`{"organization_id":"org_60040666100000001","connection_id":"`+testConn+`","login_hint":"john@example.com","exp":EXP,"nbf":IAT,"iat":IAT,"iss":"`+s.env+`"}`,
		"IAT", num(iat)), strings.ReplaceAll(part(t, token, 1), num(iat+300), "EXP"), "members in the order of the real one")

	// The application begins again with what the token says.
	claims := claimsOf(t, token)
	again := b.submit(b.get(s.authorizeURL("connection_id", claims["connection_id"].(string), "login_hint", claims["login_hint"].(string))))
	require.Equal(t, johnSub, claimsOf(t, s.redeem(again.url.Query().Get("code")).json(t)["id_token"])["sub"])

	without := start(t)
	p = newBrowser(t).submit(newBrowser(t).get(without.authorizeURL()), "scenario", "idp_initiated")
	require.Equal(t, "/callback", p.url.Path, "without an initiate-login URL the callback URL stands in")

	foreign := b.submit(b.get(s.authorizeURL("connection_id", testConn, "login_hint", "eve@foreign.test")), "scenario", "idp_initiated")
	require.Equal(t, "invalid_user_domain", foreign.url.Query().Get("error"))
	require.Equal(t, "/initiate", foreign.url.Path)
	refused := fetch(t, s.env+"/sso/v1/oidc/"+oktaConn+"/callback?idp_initiated=true&code=x")
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, fetch(t, s.env+"/sso/v1/oidc/"+testConn+"/callback?idp_initiated=true&code=x").header.Get("Location"), "error=failed_to_exchange_token")
}

func num(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// In full-stack mode the environment goes on by itself: the application's own sign-in asks nobody.
func TestIdPInitiatedInFullStackMode(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack, func(c *mockscalekit.Config) { c.Environment.Clients[0].InitiateLoginURI = "http://app.test/initiate" })
	b := newBrowser(t)
	p := b.submit(b.get(s.authorizeURL()), "scenario", "idp_initiated")
	require.Equal(t, "/initiate", p.url.Path)
	require.True(t, b.get(s.authorizeURL()).atApp)
}

// A connection can be tried before it is enabled.
func TestConnectionTest(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	b := newBrowser(t)
	p := b.get(s.env + "/sso/v1/oidc/conn_draft/test?login_hint=ann@off.test")
	p = b.submit(p)
	require.NotEmpty(t, byTestID(t, p, "test-passed"), p.body)
	require.Contains(t, byTestID(t, p, "test-claims"), `"email": "ann@off.test"`)
	p = b.submit(b.get(s.env+"/sso/v1/oidc/conn_draft/test"), "scenario", "error")
	require.Equal(t, "access_denied", byTestID(t, p, "error-code"))
	require.Equal(t, http.StatusBadRequest, fetch(t, s.env+"/sso/v1/oidc/conn_unknown/test").status)
}

// An answer of an identity provider that says nothing.
func TestAuthenticationNotCompleted(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := b.get(s.authorizeURL())
	p = b.get(s.env + "/sso/v1/oidc/" + testConn + "/callback?state=" + p.url.Query().Get("state"))
	require.Equal(t, "authentication_not_completed", p.url.Query().Get("error"))
}

// The pair of errors that a broken identity provider causes, and that of a lab that is broken itself.
func TestUpstreamErrorCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule fault.Rule
		code string
	}{
		"token endpoint down": {fault.Rule{Fault: "route.status", At: "idp.token"}, "failed_to_exchange_token"},
		"userinfo down":       {fault.Rule{Fault: "route.status", At: "idp.userinfo"}, "user_info_retrieve_failed"},
		"no e-mail":           {fault.Rule{Fault: "idp.userinfo_no_email"}, ""},
		"discovery down":      {fault.Rule{Fault: "route.status", At: "idp.discovery"}, "server_error"},
		"bad signature":       {fault.Rule{Fault: "idp.idt_bad_signature"}, "invalid_id_token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.spoil(c.rule)
			b := newBrowser(t)
			p := b.get(s.authorizeURL())
			if !p.atApp {
				p = b.submit(p)
			}
			require.Equal(t, c.code, p.url.Query().Get("error"))
		})
	}
}

// A logout of the person at the identity provider ends their sessions here.
func TestBackChannelLogoutIsChecked(t *testing.T) {
	t.Parallel()
	s := start(t, fullStack)
	b := newBrowser(t)
	require.True(t, s.signInAs(b, "john@example.com").atApp)
	post := func(connection, token string) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.env+"/sso/v1/oidc/"+connection+"/backchannel-logout", strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return do(t, req)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "."
	for _, token := range []string{"", "a.b.c", none} {
		require.Equal(t, http.StatusBadRequest, post(testConn, token).status, token)
	}
	require.Equal(t, http.StatusBadRequest, post("conn_unknown", "a.b.c").status)
	require.True(t, b.get(s.authorizeURL("login_hint", "")).atApp, "nothing has ended the session")
}
