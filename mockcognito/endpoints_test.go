package mockcognito_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/jose/josetest"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func TestUserInfoByScope(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string][]string{
		"openid":                               {"sub", "email_verified", "identities", "name", "given_name", "family_name", "email", "custom:x", "username"},
		"openid aws.cognito.signin.user.admin": {"sub", "email_verified", "identities", "name", "given_name", "family_name", "email", "custom:x", "username"},
		"openid email":                         {"sub", "email_verified", "email", "username"},
		"openid phone":                         {"sub", "username"},
		"openid profile":                       {"sub", "name", "given_name", "family_name", "custom:x", "username"},
		"openid email phone":                   {"sub", "email_verified", "email", "username"},
		"openid email profile":                 {"sub", "email_verified", "name", "given_name", "family_name", "email", "custom:x", "username"},
	} {
		t.Run(scope, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, withCustom("given_name"), func(c *mockcognito.Config) {
				c.UserPools[0].Clients[0].Scopes = []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"}
			})
			info := b.userInfo(b.tokens("scope", scope).json["access_token"].(string))
			require.Equal(t, want, josetest.Names(t, info.raw))
			for name, value := range info.json {
				require.IsType(t, "", value, name)
			}
		})
	}
}

func TestUserInfoHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	info := b.userInfo(b.tokens().json["access_token"].(string))
	for name, want := range map[string]string{
		"Content-Type": "application/json;charset=UTF-8", "X-Content-Type-Options": "nosniff", "X-XSS-Protection": "1; mode=block",
		"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache", "Expires": "0", "X-Frame-Options": "DENY",
		"Server": "Server", "Access-Control-Allow-Origin": "*",
	} {
		require.Equal(t, []string{want}, info.header.Values(name), name)
	}
	require.Regexp(t, "^"+uuidPattern+"$", info.header.Get("X-Amz-Cognito-Request-Id"))
}

func TestLogoutErrors(t *testing.T) {
	t.Parallel()
	out, in := url.QueryEscape("http://localhost:3000/"), url.QueryEscape(callback)
	for name, tc := range map[string]struct{ query, want string }{
		"unregistered logout_uri":            {"client_id=" + clientID + "&logout_uri=http%3A%2F%2Flocalhost%3A3000%2Fx", "/error?client_id=" + clientID + "&logout_uri=http%3A%2F%2Flocalhost%3A3000%2Fx"},
		"logout_uri without the slash":       {"client_id=" + clientID + "&logout_uri=http%3A%2F%2Flocalhost%3A3000", "/error?client_id=" + clientID + "&logout_uri=http%3A%2F%2Flocalhost%3A3000"},
		"a callback is no sign-out URL":      {"client_id=" + clientID + "&logout_uri=" + in, "/error?client_id=" + clientID + "&logout_uri=" + in},
		"neither URI":                        {"client_id=" + clientID, "/error?error=Required+String+parameter+%27redirect_uri%27+is+not+present&client_id=" + clientID},
		"no parameter":                       {"", "/error?error=invalid_request&client_id="},
		"unknown client":                     {"client_id=nobody&logout_uri=" + out, "/error?error=invalid_request&client_id=nobody"},
		"unregistered redirect_uri":          {"client_id=" + clientID + "&redirect_uri=" + out + "&response_type=code", "/error?error=redirect_mismatch&client_id=" + clientID},
		"RP-initiated logout":                {"post_logout_redirect_uri=" + out + "&id_token_hint=a.b.c&state=s", "/error?error=invalid_request&client_id="},
		"RP-initiated logout with client_id": {"client_id=" + clientID + "&post_logout_redirect_uri=" + out, "/error?error=Required+String+parameter+%27redirect_uri%27+is+not+present&client_id=" + clientID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.signIn()
			p := b.get("/logout?" + tc.query)
			require.Equal(t, http.StatusFound, p.status)
			require.Equal(t, tc.want, p.raw)
			p = b.get(p.location.String())
			require.Equal(t, http.StatusBadRequest, p.status)
			require.Contains(t, p.body, "An error was encountered with the requested page.")
			require.Equal(t, "localhost:3000", b.authorize().location.Host, "still signed in")
		})
	}
	t.Run("provider is not passed on", func(t *testing.T) {
		t.Parallel()
		p := newBench(t).get("/logout?client_id=" + clientID + "&redirect_uri=" + in + "&response_type=code&scope=openid&nonce=n&identity_provider=" + provider + "&idp_identifier=example.com")
		require.Equal(t, "/login?client_id="+clientID+"&redirect_uri="+in+"&response_type=code&scope=openid&nonce=n", p.raw)
	})
	t.Run("without a session", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "http://localhost:3000/", newBench(t).get("/logout?client_id="+clientID+"&logout_uri="+out+"&state=ignored").raw)
	})
}

func TestLogoutLeavesTokensAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	b.get("/logout?client_id=" + clientID + "&logout_uri=" + url.QueryEscape("http://localhost:3000/"))
	require.Equal(t, "/authorize", b.authorize().location.Path)
	require.Equal(t, 200, b.userInfo(a.json["access_token"].(string)).status)
	require.Equal(t, 200, b.refresh(a.json["refresh_token"]).status)
}

func TestNoBranding(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Clients[0].NoBranding = true })
	p := b.get("/login?" + params("identity_provider", ""))
	require.Equal(t, http.StatusForbidden, p.status)
	require.Contains(t, p.body, "Login pages unavailable. Please contact an administrator.")
	require.Equal(t, http.StatusOK, b.get("/login?"+params("identity_provider", "", "client_id", publicID)).status, "another client has a style")
	require.Equal(t, "/authorize", b.authorize().location.Path, "a provider that is asked for needs no page")

	classic := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Clients[0].NoBranding, c.UserPools[0].ManagedLoginVersion = true, 1
	})
	require.Equal(t, http.StatusOK, classic.get("/login?"+params("identity_provider", "")).status, "the hosted UI needs none")
}

// The classic hosted UI knows neither prompt nor lang, and has no place for a sign-in that took too long.
func TestClassicPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].ManagedLoginVersion = 1 })
	require.Equal(t, "/login", b.authorize("prompt", "none", "identity_provider", "").location.Path)
	p := b.authorize("prompt", "login", "lang", "de")
	require.Equal(t, "/authorize", p.location.Path)
	require.Empty(t, p.location.Query().Get("prompt"), "not passed on either")
	require.Empty(t, b.cookie("lang"))
	b.signIn()
	require.Equal(t, "localhost:3000", b.authorize("prompt", "login").location.Host, "the session is used whatever prompt says")

	b.browser = newBrowser(t)
	u := b.get(b.authorize().location.String()).location
	b.kit.Env.Advance(6 * 60 * 1e9)
	require.Equal(t, "/error?error=Invalid%20state", b.get(u.String()).raw)
}

// overTLS is a service under names of its own, with the vendor's cookies, asked without a network.
func overTLS(t *testing.T) (get func(path string, cookies ...*http.Cookie) *http.Response) {
	t.Helper()
	idp := newUpstream(t)
	pool := testPool(idp.url)
	server, _, _ := named(t, pool)
	return func(path string, cookies ...*http.Cookie) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "https://ssolab.auth.us-east-1.test"+path, nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w.Result()
	}
}

func TestCookiesOfTLSMode(t *testing.T) {
	t.Parallel()
	get := overTLS(t)
	lines := func(r *http.Response) []string { return r.Header.Values("Set-Cookie") }

	out := get("/oauth2/authorize?" + params("identity_provider", ""))
	require.Len(t, lines(out), 1)
	require.Regexp(t, "^XSRF-TOKEN="+uuidPattern+"; Path=/; HttpOnly; Secure; SameSite=Lax$", lines(out)[0])

	page := get("/login?" + params("identity_provider", ""))
	require.Len(t, lines(page), 2)
	require.Equal(t, `cognito-fl="W10="; Path=/; HttpOnly; Secure; SameSite=Lax`, lines(page)[1])

	out = get("/oauth2/authorize?" + params())
	require.Len(t, lines(out), 3)
	require.Regexp(t, `^csrf-state=[\w-]+; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=None$`, lines(out)[1])
	require.Regexp(t, `^csrf-state-legacy=[\w-]+; Path=/; Max-Age=300; HttpOnly; Secure$`, lines(out)[2])

	to, err := out.Location()
	require.NoError(t, err)
	back := get("/oauth2/idpresponse?"+url.Values{"code": {"x"}, "state": {to.Query().Get("state")}}.Encode(), out.Cookies()...)
	require.Len(t, lines(back), 4)
	require.Regexp(t, "^XSRF-TOKEN=", lines(back)[0])
	require.Equal(t, `csrf-state=""; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None`, lines(back)[1])
	require.Equal(t, `csrf-state-legacy=""; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure`, lines(back)[2])
	require.Regexp(t, `^cognito=[\w-]{32,}; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$`, lines(back)[3])

	session := back.Cookies()[3]
	left := get("/logout?client_id="+clientID+"&logout_uri="+url.QueryEscape("http://localhost:3000/"), session)
	require.Len(t, lines(left), 2)
	require.Equal(t, `cognito=""; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax`, lines(left)[1])
	for _, r := range []*http.Response{out, page, back, left} {
		for _, line := range lines(r) {
			require.NotContains(t, line, "Domain=", "for the host only")
		}
	}
}

func TestIdentifierLimits(t *testing.T) {
	t.Parallel()
	with := func(identifiers ...string) error {
		pool := testPool("https://idp.example.com")
		pool.Providers[0].Identifiers = identifiers
		_, err := mockcognito.New(mockcognito.Config{URL: "http://localhost:1", UserPools: []mockcognito.UserPool{pool}})
		return err
	}
	domains := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf("customer-%d.example", i)
		}
		return out
	}
	require.NoError(t, with())
	require.NoError(t, with(domains(50)...))
	require.ErrorContains(t, with(domains(51)...), "at most 50")
	require.NoError(t, with(strings.Repeat("x", 40)))
	require.Error(t, with(strings.Repeat("x", 41)))
	require.Error(t, with(""))
	require.NoError(t, with("A b+c=d.e@f-g_h"))
	require.Error(t, with("a/b"))
	require.Error(t, with("same", "same"))
	pool := testPool("https://idp.example.com")
	second := pool.Providers[0]
	second.Name = "SecondIdP"
	pool.Providers = append(pool.Providers, second)
	_, err := mockcognito.New(mockcognito.Config{URL: "http://localhost:1", UserPools: []mockcognito.UserPool{pool}})
	require.ErrorContains(t, err, "identifier of the pool already")
}

func TestIdentifierCase(t *testing.T) {
	t.Parallel()
	b := newBench(t, withSecondProvider, func(c *mockcognito.Config) {
		c.UserPools[0].Providers[1].Identifiers = []string{"example.org"}
	})
	require.Equal(t, "/authorize", b.authorize("identity_provider", "", "idp_identifier", "example.org").location.Path)
	require.Equal(t, "/login", b.authorize("identity_provider", "", "idp_identifier", "Example.org").location.Path)
	p := b.get("/login?" + params("identity_provider", "", "idp_email", "Jane@EXAMPLE.org"))
	require.Equal(t, "SecondIdP", p.location.Query().Get("identity_provider"))
	require.Equal(t, "Jane@EXAMPLE.org", p.location.Query().Get("login_hint"), "the address goes on as it was typed")
}

func TestQuotas(t *testing.T) {
	t.Parallel()
	many := func(n int, format string) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprintf(format, i)
		}
		return out
	}
	for name, tc := range map[string]struct {
		max  int
		edit func(pool *mockcognito.UserPool, n int)
	}{
		"callback URLs": {100, func(p *mockcognito.UserPool, n int) { p.Clients[0].CallbackURLs = many(n, "https://app.example/%d") }},
		"sign-out URLs": {100, func(p *mockcognito.UserPool, n int) { p.Clients[0].LogoutURLs = many(n, "https://app.example/%d") }},
		"identifiers":   {50, func(p *mockcognito.UserPool, n int) { p.Providers[0].Identifiers = many(n, "d%d.example") }},
		"custom attributes": {50, func(p *mockcognito.UserPool, n int) {
			for _, name := range many(n, "custom:a%d") {
				p.Attributes = append(p.Attributes, mockcognito.Attribute{Name: name})
			}
		}},
		"providers": {300, func(p *mockcognito.UserPool, n int) {
			first := p.Providers[0]
			first.Identifiers = nil
			p.Providers = p.Providers[:1]
			for _, name := range many(n-1, "Provider%d") {
				next := first
				next.Name = name
				p.Providers = append(p.Providers, next)
			}
		}},
		"resource servers": {25, func(p *mockcognito.UserPool, n int) {
			for _, name := range many(n, "api%d") {
				p.ResourceServers = append(p.ResourceServers, mockcognito.ResourceServer{Identifier: name, Scopes: map[string]string{"read": "Read"}})
			}
		}},
		"scopes of a resource server": {100, func(p *mockcognito.UserPool, n int) {
			scopes := map[string]string{}
			for _, name := range many(n, "s%d") {
				scopes[name] = name
			}
			p.ResourceServers = []mockcognito.ResourceServer{{Identifier: "api", Scopes: scopes}}
		}},
		"scopes of a client": {50, func(p *mockcognito.UserPool, n int) {
			scopes := map[string]string{}
			for _, name := range many(n, "s%d") {
				scopes[name] = name
				p.Clients[0].Scopes = append(p.Clients[0].Scopes, "api/"+name)
			}
			p.ResourceServers = []mockcognito.ResourceServer{{Identifier: "api", Scopes: scopes}}
		}},
		"characters of a callback URL": {1024, func(p *mockcognito.UserPool, n int) {
			base := "https://app.example/"
			p.Clients[0].CallbackURLs = []string{base + strings.Repeat("x", n-len(base))}
		}},
		"characters of a custom attribute's name": {20, func(p *mockcognito.UserPool, n int) {
			p.Attributes = append(p.Attributes, mockcognito.Attribute{Name: "custom:" + strings.Repeat("x", n)})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{tc.max, tc.max + 1} {
				pool := testPool("https://idp.example.com")
				tc.edit(&pool, n)
				_, err := mockcognito.New(mockcognito.Config{URL: "http://localhost:1", UserPools: []mockcognito.UserPool{pool}})
				require.Equal(t, n > tc.max, err != nil, "%d: %v", n, err)
			}
		})
	}
}

func TestCallbackURLs(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		"https://app.example/cb": true, "http://localhost/cb": true, "http://localhost:3000/cb": true, "http://127.0.0.1:8080": true,
		"http://[::1]:8080/": true, "com.example.app://cb": true, "myapp:/cb": true, "https://app.example/cb?a=b": true,
		"http://app.example/cb": false, "https://app.example/cb#x": false, "/cb": false, "app.example/cb": false, "https:///cb": false, "": false,
	} {
		require.Equal(t, ok, mockcognito.CheckRedirectURL(raw) == nil, raw)
	}
}

// The JWK Set and the discovery document say nothing about caching, and the keys are of 2048 bits.
func TestKeysAndCaching(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, name := range []string{"openid-configuration", "jwks.json"} {
		p := b.get("/" + poolID + "/.well-known/" + name)
		require.Empty(t, p.header.Get("Cache-Control"), name)
		require.Equal(t, "application/json", p.header.Get("Content-Type"), name)
	}
	var set struct{ Keys []struct{ N string } }
	require.NoError(t, json.Unmarshal([]byte(b.get("/"+poolID+"/.well-known/jwks.json").body), &set))
	for _, k := range set.Keys {
		require.Len(t, k.N, 342, "2048 bits in base64url")
	}
}

// A style that is taken away takes the pages away at once.
func TestBrandingIsLive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, http.StatusOK, b.get("/login?"+params("identity_provider", "")).status)
	b.edit(func(d *userpool.Draft) { d.DeleteBranding(d.BrandingOf(clientID).ID) })
	require.Equal(t, http.StatusForbidden, b.get("/login?"+params("identity_provider", "")).status)
}
