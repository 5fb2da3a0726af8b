package mockcognito_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

// Errors before client and redirect URI can be trusted never reach the app.
func TestAuthorizeErrorsThatStayAtCognito(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		params string
		want   string // Location
		reason string
	}{
		"unregistered redirect_uri": {params("redirect_uri", "http://localhost:3000/other"), "/error?error=redirect_mismatch&client_id=" + clientID, "redirect_mismatch"},
		"trailing slash":            {params("redirect_uri", callback+"/"), "/error?error=redirect_mismatch&client_id=" + clientID, "Remove the slash"},
		"other case in the path":    {params("redirect_uri", "http://localhost:3000/Auth/callback"), "/error?error=redirect_mismatch&client_id=" + clientID, "redirect_mismatch"},
		"added query":               {params("redirect_uri", callback+"?a=b"), "/error?error=redirect_mismatch&client_id=" + clientID, "redirect_mismatch"},
		"unknown client":            {params("client_id", "nosuchclient"), "/error?error=invalid_request&client_id=nosuchclient", "invalid_request"},
		"very long client":          {params("client_id", strings.Repeat("<", 30<<10)), "/error?error=invalid_request", "invalid_request"},
		"blank client":              {params("client_id", ""), "/error?error=invalid_request&client_id=", "invalid_request"},
		"client without OAuth":      {params("client_id", "nooauth"), "/error?error=invalid_request", "AllowedOAuthFlowsUserPoolClient"},
		"client without callbacks":  {params("client_id", "nocallback"), "/error?error=invalid_request", "no callback URL"},
		"missing redirect_uri":      {params("redirect_uri", ""), "/error?error=Required+String+parameter+%27redirect_uri%27+is+not+present&client_id=" + clientID, "is not present"},
		"redirect_uri twice":        {params() + "&redirect_uri=" + url.QueryEscape(callback), "/error?error=invalid_request&client_id=" + clientID, "more than once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := b.get("/oauth2/authorize?" + tc.params)
			require.Equal(t, http.StatusFound, p.status)
			require.Equal(t, tc.want, p.raw)
			p = b.get(p.location.String())
			require.Equal(t, http.StatusBadRequest, p.status)
			require.Contains(t, p.body, "An error was encountered with the requested page.")
			require.Contains(t, p.body, tc.reason)
		})
	}
}

func TestAuthorizeErrorsReturnedToTheApp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ params, want string }{
		"no response_type":              {params("response_type", ""), callback + "?state=app-state&error=invalid_request"},
		"response_type=id_token":        {params("response_type", "id_token"), callback + "?state=app-state&error=invalid_request"},
		"no state, none returned":       {params("response_type", "", "state", ""), callback + "?error=invalid_request"},
		"flow not allowed":              {params("response_type", "token"), callback + "#error_description=unauthorized_client&state=app-state&error=invalid_request"},
		"code not allowed":              {params("client_id", "implicit"), callback + "?error_description=unauthorized_client&state=app-state&error=invalid_request"},
		"scope not allowed":             {params("client_id", "few", "scope", "openid phone"), callback + "?error_description=invalid_scope&state=app-state&error=invalid_request"},
		"offline_access":                {params("scope", "openid offline_access"), callback + "?error_description=invalid_scope&state=app-state&error=invalid_request"},
		"bad scope before provider":     {params("scope", "nonsense", "identity_provider", "nonsense"), callback + "?error_description=invalid_scope&state=app-state&error=invalid_request"},
		"plain challenge":               {params("code_challenge", "abc", "code_challenge_method", "plain"), callback + "?state=app-state&error=invalid_request"},
		"challenge without method":      {params("code_challenge", "abc"), callback + "?state=app-state&error=invalid_request"},
		"method without challenge":      {params("code_challenge_method", "S256"), callback + "?state=app-state&error=invalid_request"},
		"prompt=none without a session": {params("prompt", "none"), callback + "?state=app-state&error=login_required"},
		"a parameter twice":             {params() + "&scope=openid", callback + "?state=app-state&error=invalid_request"},
		"resource over http":            {params("resource", "http://api.example.com"), callback + "?state=app-state&error=invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newBench(t).get("/oauth2/authorize?" + tc.params)
			require.Equal(t, http.StatusFound, p.status)
			require.Equal(t, tc.want, p.raw)
		})
	}
}

func TestSpecificCodeStandsInErrorWithoutTheQuirk(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.NoError(t, b.kit.Quirks.Switch("specific-code-in-description", false))
	require.Equal(t, callback+"?state=app-state&error=invalid_scope", b.authorize("scope", "openid nonsense").raw)
}

func TestMalformedPercentEncodingStaysAtTheEdge(t *testing.T) {
	t.Parallel()
	p := newBench(t).get("/oauth2/authorize?" + params("state", "") + "&state=%zz")
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Empty(t, p.raw)
}

func TestProviderThatIsNoOptionEndsOnTheLoginPage(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"unknown":                params("identity_provider", "Nobody"),
		"other case":             params("identity_provider", "scalekitidprouter"),
		"not enabled on client":  params("client_id", "norevoke"),
		"unknown idp_identifier": params("identity_provider", "", "idp_identifier", "nobody.example"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			p := b.get("/oauth2/authorize?" + query)
			require.Equal(t, http.StatusFound, p.status)
			require.Equal(t, "/login?"+query, p.raw)
			p = b.get(p.location.String())
			require.Equal(t, http.StatusUnauthorized, p.status)
			require.Contains(t, p.body, "Login option is not available. Please try another one")
		})
	}
}

func TestRedirectToProviderIsTheCapturedOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.authorize("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256", "prompt", "login select_account")
	require.Equal(t, http.StatusFound, p.status)
	state := p.location.Query().Get("state")
	want := b.upstream.url + "/authorize?client_id=skc_1&redirect_uri=" + url.QueryEscape(b.url+"/oauth2/idpresponse") +
		"&scope=openid+email+profile&response_type=code&state=" + state + "&login_hint=john%40example.com&prompt=login+select_account"
	require.Equal(t, want, p.raw, "order, no PKCE, no nonce, the provider's scopes")

	st := openState(t, state)
	require.Equal(t, map[string]any{
		"a": poolID, "b": provider, "c": clientID, "d": callback, "e": "code", "f": "OIDC", "g": []any{"openid", "email"}, "h": "app-state",
		"i": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "j": "S256", "k": "app-nonce", "l": strings.TrimPrefix(b.url, "http://"),
		"m": st["m"], "p": false, "r": st["r"], "v": []any{},
	}, st)
}

func TestIdPIdentifierSelectsTheProvider(t *testing.T) {
	t.Parallel()
	p := newBench(t).authorize("identity_provider", "", "idp_identifier", "example.com")
	require.Equal(t, "/authorize", p.location.Path)
	require.Equal(t, "john@example.com", p.location.Query().Get("login_hint"))
}

func TestUnrequestedNonceInState(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	st := openState(t, b.authorize("nonce", "").location.Query().Get("state"))
	require.Len(t, st["k"], 171)
	require.NoError(t, b.kit.Quirks.Switch("unrequested-nonce", false))
	st = openState(t, b.authorize("nonce", "", "state", "").location.Query().Get("state"))
	require.NotContains(t, st, "k")
	require.NotContains(t, st, "h")
}

// openState checks the three-part shape and returns the JSON.
func openState(t *testing.T, state string) map[string]any {
	t.Helper()
	parts := strings.Split(state, ".")
	require.Len(t, parts, 3)
	require.Equal(t, "4", parts[2])
	require.True(t, strings.HasPrefix(parts[0], "H4sIAAAAAAAA"), parts[0])
	require.Len(t, gunzip(t, parts[1]), 32)
	var st map[string]any
	require.NoError(t, json.Unmarshal(gunzip(t, parts[0]), &st))
	return st
}

func gunzip(t *testing.T, s string) []byte {
	t.Helper()
	packed, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	t.Run("without identity_provider: same query, one button", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		query := params("identity_provider", "")
		p := b.get("/oauth2/authorize?" + query)
		require.Equal(t, "/login?"+query, p.raw)
		p = b.get(p.location.String())
		require.Equal(t, http.StatusOK, p.status)
		require.Contains(t, p.body, "cognito-idp-"+provider)
		require.NotContains(t, p.body, `name="password"`)
	})
	t.Run("several providers with identifiers: an e-mail box", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(c *mockcognito.Config) {
			pool := &c.UserPools[0]
			second := pool.Providers[0]
			second.Name, second.Identifiers = "SecondIdP", []string{"example.org"}
			pool.Providers = append(pool.Providers, second)
			pool.Clients[0].IdentityProviders = []string{provider, "SecondIdP"}
		})
		p := b.get("/login?" + params("identity_provider", ""))
		require.Contains(t, p.body, `name="idp_email"`)
		p = b.get("/login?" + params("identity_provider", "", "idp_email", "jane@example.org"))
		require.Equal(t, http.StatusFound, p.status)
		require.Equal(t, "SecondIdP", p.location.Query().Get("identity_provider"))
		require.Equal(t, "jane@example.org", p.location.Query().Get("login_hint"))
		p = b.get("/login?" + params("identity_provider", "", "idp_email", "jane@nowhere.example"))
		require.Equal(t, http.StatusUnauthorized, p.status)
	})
	t.Run("several providers, one without identifiers: buttons", func(t *testing.T) {
		t.Parallel()
		p := newBench(t, withSecondProvider).get("/login?" + params("identity_provider", ""))
		require.NotContains(t, p.body, `name="idp_email"`)
		require.Contains(t, p.body, "cognito-idp-"+provider)
		require.Contains(t, p.body, "cognito-idp-SecondIdP")
	})
	t.Run("login_hint fills in the user name", func(t *testing.T) {
		t.Parallel()
		p := newBench(t).get("/login?" + params("identity_provider", "", "client_id", "norevoke", "login_hint", `jane"><b>`))
		require.Contains(t, p.body, `value="jane&#34;&gt;&lt;b&gt;"`)
	})
	t.Run("the pool's own directory has nobody", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		target := "/login?" + params("identity_provider", "", "client_id", "norevoke")
		p := b.get(target)
		require.Contains(t, p.body, `name="password"`)
		form := url.Values{"username": {"<em>jane</em>"}, "password": {"x"}}
		resp, err := b.browser.PostForm(b.url+target, form)
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, b.read(resp).status, "without the _csrf field")
		u, err := url.Parse(b.url)
		require.NoError(t, err)
		for _, c := range b.browser.Jar.Cookies(u) {
			if strings.HasPrefix(c.Name, "XSRF-TOKEN") {
				form.Set("_csrf", c.Value)
			}
		}
		resp, err = b.browser.PostForm(b.url+target, form)
		require.NoError(t, err)
		p = b.read(resp)
		require.Contains(t, p.body, "Incorrect username or password.")
		require.NotContains(t, p.body, "<em>")
	})
	t.Run("after a federated sign-in: continue, or somebody else", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.signIn()
		p := b.get("/login?" + params("identity_provider", ""))
		require.Contains(t, p.body, "Continue with "+provider)
		require.Contains(t, p.body, "Sign in as a different user?")
	})
}

func TestCookiesOfPlainModeCarryThePort(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.authorize()
	_, port, _ := strings.Cut(strings.TrimPrefix(b.url, "http://"), ":")
	var names []string
	for _, c := range p.header.Values("Set-Cookie") {
		name, rest, _ := strings.Cut(c, "=")
		names = append(names, name)
		require.Contains(t, rest, "Path=/; ")
		require.Contains(t, rest, "HttpOnly; SameSite=Lax")
		require.NotContains(t, rest, "Secure")
		require.NotContains(t, rest, "Domain")
	}
	require.Equal(t, []string{"XSRF-TOKEN-" + port, "csrf-state-" + port}, names)
}

func TestDiscoveryAndKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.get("/" + poolID + "/.well-known/openid-configuration")
	issuer := b.url + "/" + poolID
	require.Equal(t, `{"authorization_endpoint":"`+b.url+`/oauth2/authorize","end_session_endpoint":"`+b.url+`/logout","id_token_signing_alg_values_supported":["RS256"],"issuer":"`+issuer+`","jwks_uri":"`+issuer+`/.well-known/jwks.json","response_types_supported":["code","token"],"revocation_endpoint":"`+b.url+`/oauth2/revoke","scopes_supported":["openid","email","phone","profile"],"subject_types_supported":["public"],"token_endpoint":"`+b.url+`/oauth2/token","token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],"userinfo_endpoint":"`+b.url+`/oauth2/userInfo"}`, p.body)

	p = b.get("/" + poolID + "/.well-known/jwks.json")
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal([]byte(p.body), &set))
	require.Len(t, set.Keys, 2)
	for _, k := range set.Keys {
		require.Len(t, k, 6)
		require.Len(t, k["kid"], 44)
		require.True(t, strings.HasSuffix(k["kid"], "="))
		require.Equal(t, "AQAB", k["e"])
	}
	require.NotEqual(t, set.Keys[0]["kid"], set.Keys[1]["kid"])
	require.True(t, strings.HasPrefix(p.body, `{"keys":[{"alg":"RS256","e":"AQAB","kid":"`), p.body)

	p = b.get("/us-east-1_Nobody1/.well-known/openid-configuration")
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Contains(t, p.body, "ResourceNotFoundException")
	require.Equal(t, http.StatusNotFound, b.get("/.well-known/openid-configuration").status)
}
