package mockcognito_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockcognito"
)

// What a path answers under each method, where nothing else is in question.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, target string
		status         int
	}{
		"bare authorize":    {http.MethodGet, "/authorize?" + params(), http.StatusFound},
		"no oauth2 login":   {http.MethodGet, "/oauth2/login?" + params(), http.StatusNotFound},
		"POST to authorize": {http.MethodPost, "/oauth2/authorize?" + params(), http.StatusMethodNotAllowed},
		"HEAD of authorize": {http.MethodHead, "/oauth2/authorize?" + params(), http.StatusFound},
		"POST to userInfo":  {http.MethodPost, "/oauth2/userInfo", http.StatusMethodNotAllowed},
		"POST to logout":    {http.MethodPost, "/logout", http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			req, err := http.NewRequest(tc.method, b.url+tc.target, nil)
			require.NoError(t, err)
			resp, err := b.browser.Do(req)
			require.NoError(t, err)
			require.Equal(t, tc.status, b.read(resp).status)
		})
	}
}

func TestLoginErrorsThatStayAtCognito(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ params, want string }{
		"unknown client":            {params("client_id", "nosuchclient"), "/error?error=Client+does+not+exist"},
		"unregistered redirect_uri": {params("redirect_uri", "http://localhost:3000/other"), "/error?error=redirect_mismatch&client_id=" + clientID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := b.get("/login?" + tc.params)
			require.Equal(t, tc.want, p.raw)
			require.Equal(t, http.StatusBadRequest, b.get(p.location.String()).status)
		})
	}
}

// The error page says what its query says, and whatever came in with an answer of a provider stays in the address.
func TestErrorPageEchoesTheQuery(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.get("/error?error_description=something+odd&error=invalid_request&code=abc")
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Contains(t, p.body, "An error was encountered with the requested page.")
	require.Contains(t, p.body, "invalid_request")
	require.Contains(t, p.body, "something odd")
	p = b.get("/error?code=abc&state=xyz")
	require.Equal(t, http.StatusBadRequest, p.status)
	require.NotContains(t, p.body, "abc", "nothing but error and error_description is shown")
}

func TestStateComesBack(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]string{
		"URL-safe":   "abc-._~123",
		"base64":     "ab+/cd==",
		"percent":    "100%25%20",
		"JSON":       `{"to":"/a?b=c&d"}`,
		"non-ASCII":  "größe 日本",
		"very long":  strings.Repeat("s", 2000),
		"empty":      "",
		"line break": "a\r\nb",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			q, err := url.ParseQuery(params())
			require.NoError(t, err)
			q.Set("state", state)
			for _, how := range []string{"provider", "session"} {
				p := b.get("/oauth2/authorize?" + q.Encode())
				for !strings.HasPrefix(p.raw, callback) {
					require.Equal(t, http.StatusFound, p.status, p.body)
					p = b.get(p.location.String())
				}
				require.Equal(t, []string{state}, p.location.Query()["state"], how)
			}
		})
	}
}

func TestSuccessRedirect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Regexp(t, "^code="+uuidPattern+"&state=app-state$", b.signIn().RawQuery, "through the provider, without any other page")
	require.Regexp(t, "^code="+uuidPattern+"&state=app-state$", b.signIn().RawQuery, "by the session")
	require.Regexp(t, "^code="+uuidPattern+"$", b.signIn("state", "").RawQuery)
	b.browser = newBrowser(t)
	require.Regexp(t, "^code="+uuidPattern+"$", b.signIn("state", "").RawQuery)
}

func TestUnknownParametersAreIgnored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, q := range [][]string{{"extra", "foobar"}, {"display", "page"}, {"acr_values", "1"}, {"max_age", "1"}, {"request", "a.b."}, {"claims", "{}"}, {"response_mode", "form_post"}} {
		require.NotEmpty(t, b.signIn(q...).Query().Get("code"), q)
	}
	p := b.authorize("extra", "foobar", "prompt", "login", "identity_provider", "")
	require.Equal(t, "foobar", p.location.Query().Get("extra"), "they are carried to the login page")
}

// Earlier checks answer when a request has several faults.
func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const challenge = "abc"
	all := []string{
		"client_id", "nosuchclient", "redirect_uri", "http://localhost:3000/other", "response_type", "id_token", "resource", "http://x.example",
		"code_challenge", challenge, "scope", "nonsense", "identity_provider", "Nobody", "prompt", "none",
	}
	without := func(names ...string) page {
		var rest []string
		for i := 0; i < len(all); i += 2 {
			skip := false
			for _, n := range names {
				skip = skip || n == all[i]
			}
			if !skip {
				rest = append(rest, all[i], all[i+1])
			}
		}
		return b.get("/oauth2/authorize?" + params(rest...))
	}
	description := func(p page) string { return p.location.Query().Get("error_description") }
	require.Equal(t, "/error?error=invalid_request&client_id=nosuchclient", without().raw, "the client first")
	require.Contains(t, without("client_id").raw, "redirect_mismatch", "then the redirect URI")
	for _, names := range [][]string{{}, {"response_type"}, {"response_type", "resource"}} {
		p := without(append(names, "client_id", "redirect_uri")...)
		require.Equal(t, callback+"?state=app-state&error=invalid_request", p.raw, "response_type, resource and PKCE have no description")
	}
	require.Contains(t, b.authorize("response_type", "token", "scope", "nonsense").location.Fragment, "unauthorized_client", "the flow before the scope")
	late := []string{"client_id", "redirect_uri", "response_type", "resource", "code_challenge"}
	require.Equal(t, "invalid_scope", description(without(late...)), "the scope before session and provider")
	require.Equal(t, "login_required", without(append(late, "scope")...).location.Query().Get("error"), "the session before the provider")
	require.Equal(t, "/login", without(append(late, "scope", "prompt")...).location.Path, "the provider last")
}

func TestIdentityProviderCOGNITO(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	query := params("client_id", "norevoke", "identity_provider", "COGNITO")
	p := b.get("/oauth2/authorize?" + query)
	require.Equal(t, "/login?"+query, p.raw)
	p = b.get(p.location.String())
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.body, `name="password"`)
	require.Equal(t, http.StatusUnauthorized, b.get("/login?"+params("identity_provider", "COGNITO")).status, "a client without the pool's own directory")
}

func TestPrompt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		prompt   string
		session  bool
		silent   bool   // answered by the session
		upstream string // prompt that the provider gets
	}{
		"none, with a session":                       {"none", true, true, ""},
		"login, with a session":                      {"login", true, false, "login"},
		"login, without a session":                   {"login", false, false, "login"},
		"select_account, with a session":             {"select_account", true, true, ""},
		"select_account, without a session":          {"select_account", false, false, "select_account"},
		"consent, with a session":                    {"consent", true, true, ""},
		"login select_account, without a session":    {"login select_account", false, false, "login select_account"},
		"login select_account, with a session":       {"login select_account", true, false, "login select_account"},
		"an unknown value, without a session":        {"create", false, false, "create"},
		"spaces are one, as they stand between them": {" login  consent ", false, false, "login consent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if tc.session {
				b.signIn()
			}
			p := b.authorize("prompt", tc.prompt)
			require.Equal(t, http.StatusFound, p.status)
			if tc.silent {
				require.Regexp(t, "^"+callback+`\?code=`, p.raw)
				return
			}
			require.Equal(t, "/authorize", p.location.Path)
			require.Equal(t, tc.upstream, p.location.Query().Get("prompt"))
		})
	}
	t.Run("none, without a session", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, callback+"?state=app-state&error=login_required", newBench(t).authorize("prompt", "none").raw)
	})
	t.Run("none with another value", func(t *testing.T) { // OIDC Core §3.1.2.1: an error
		t.Parallel()
		require.Equal(t, "login_required", newBench(t).authorize("prompt", "none login").location.Query().Get("error"))
	})
	t.Run("none, for another provider than the session's", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, withSecondProvider)
		b.signIn()
		require.Equal(t, "login_required", b.authorize("prompt", "none", "identity_provider", "SecondIdP").location.Query().Get("error"))
	})
}

// withSecondProvider gives the main client a second provider, behind which stands the same issuer.
func withSecondProvider(c *mockcognito.Config) {
	pool := &c.UserPools[0]
	second := pool.Providers[0]
	second.Name, second.Identifiers = "SecondIdP", nil
	pool.Providers = append(pool.Providers, second)
	pool.Clients[0].IdentityProviders = []string{provider, "SecondIdP"}
}

func TestPromptLoginKeepsTheSession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	first := b.cookie("cognito")
	p := b.authorize("prompt", "login")
	require.Equal(t, first, b.cookie("cognito"), "asking again ends nothing")
	require.Equal(t, "localhost:3000", b.authorize().location.Host, "the session is still good")
	for !strings.HasPrefix(p.raw, callback) {
		p = b.get(p.location.String())
	}
	require.NotEmpty(t, b.cookie("cognito"))
	require.NotEqual(t, first, b.cookie("cognito"), "the sign-in made a new cookie")
}

// cookie is the value of one of the domain's cookies in the browser.
func (b *bench) cookie(name string) string {
	u, err := url.Parse(b.url)
	require.NoError(b.t, err)
	for _, c := range b.browser.Jar.Cookies(u) {
		if base, _, _ := strings.Cut(c.Name, "-"); base == name || strings.TrimSuffix(c.Name, "-"+u.Port()) == name {
			return c.Value
		}
	}
	return ""
}

func TestSessionIsOfOneMethod(t *testing.T) {
	t.Parallel()
	b := newBench(t, withSecondProvider)
	b.signIn()
	require.Equal(t, "localhost:3000", b.authorize().location.Host)
	require.Equal(t, "/authorize", b.authorize("identity_provider", "SecondIdP").location.Path, "another provider is asked")
	require.Equal(t, "/authorize", b.authorize("client_id", publicID, "identity_provider", provider, "prompt", "login").location.Path)
	require.Equal(t, "/login", b.authorize("client_id", "norevoke", "identity_provider", "").location.Path, "a client that may not use the session's provider")
	require.Equal(t, "localhost:3000", b.authorize("client_id", publicID).location.Host, "another client of the same provider shares it")
}

func TestASignInThatTookTooLong(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := b.get(b.authorize("nonce", "").location.String()).location
	b.kit.Env.Advance(5 * time.Minute)
	p := b.get(u.String())
	require.Equal(t, http.StatusFound, p.status)
	require.Equal(t, "/login?client_id="+clientID+"&redirect_uri="+url.QueryEscape(callback)+"&response_type=code&scope=openid+email&state=app-state", p.raw)
	page := b.get(p.location.String())
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.body, "Something went wrong")
	require.Contains(t, page.body, "Cognito waits 5 minutes")
	require.NotContains(t, b.get(p.location.String()).body, "Something went wrong", "it is said once")
	require.Equal(t, "/authorize", b.get("/oauth2/authorize?"+p.location.RawQuery+"&identity_provider="+provider).location.Path, "the sign-in goes on from there")
}

// failing is a store in which one table cannot be written.
type failing struct {
	store.Backend
	table string
}

func (f failing) Put(ctx context.Context, table, key string, r store.Record) error {
	if table == f.table {
		return errors.New("the disk is full")
	}
	return f.Backend.Put(ctx, table, key, r)
}

func TestInternalFailureReachesTheApp(t *testing.T) {
	t.Parallel()
	for table, path := range map[string]string{"cognito.flows": "on the way out", "cognito.codes": "on the way back"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(c *mockcognito.Config) { c.Kit.Transient = failing{c.Kit.Transient, table} })
			require.Equal(t, "state=app-state&error=server_error", b.signIn().RawQuery)
		})
	}
}

func TestLang(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.authorize("lang", "pt-BR")
	require.Equal(t, "pt-BR", b.cookie("lang"))
	b.get("/login?" + params("identity_provider", "", "lang", "de"))
	require.Equal(t, "de", b.cookie("lang"))
	b.authorize("lang", "<script>")
	require.Equal(t, "de", b.cookie("lang"), "what is no language tag is not kept")
}

func TestResource(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, resource := range []string{"https://api.example.com", "http://localhost:8080/api", "com.example.app://api"} {
		a := b.tokens("resource", resource)
		_, access := part(t, a.json["access_token"], 1)
		require.Equal(t, resource, access["aud"])
		_, id := part(t, a.json["id_token"], 1)
		require.Equal(t, clientID, id["aud"], "the ID token is the client's all the same")
		refreshed := b.exchange("", "grant_type", "refresh_token", "refresh_token", a.json["refresh_token"].(string))
		_, access = part(t, refreshed.json["access_token"], 1)
		require.Equal(t, resource, access["aud"], "after a refresh too")
	}
	for _, resource := range []string{"http://api.example.com", "api", "//x"} {
		require.Equal(t, "invalid_request", b.authorize("resource", resource).location.Query().Get("error"), resource)
	}
}

// The state towards a provider is as long as captured ones, and grows with the app's.
func TestLengthOfUpstreamState(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	usual := len(b.authorize("nonce", "", "state", b.kit.Env.Token(32), "code_challenge", b.kit.Env.Token(32), "code_challenge_method", "S256").location.Query().Get("state"))
	require.InDelta(t, 800, usual, 150)
	long := len(b.authorize("nonce", "", "state", b.kit.Env.Token(300)).location.Query().Get("state"))
	require.Greater(t, long, usual+300)
}
