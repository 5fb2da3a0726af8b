package sampleapp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/sampleapp"
	"github.com/ssolab/ssolab/internal/trace"
)

func requireError(t *testing.T, a answer, status int, code string) {
	t.Helper()
	require.Equal(t, status, a.StatusCode, a.body)
	require.Contains(t, a.body, `data-testid="app-error" data-error="`+code+`"`)
}

func TestSignInFromLoginPageToClaimsAndOut(t *testing.T) {
	t.Parallel()
	b := start(t)
	home := b.get("/")
	require.Contains(t, home.body, `data-testid="app-page"`)
	require.Contains(t, home.body, `href="/auth/login?email=john%40example.com"`)
	require.Empty(t, home.Cookies(), "looking is no session")

	sent := b.leave()
	require.Equal(t, "code", sent.Get("response_type"))
	require.Equal(t, "openid email", sent.Get("scope"))
	require.Equal(t, "ScalekitIdPRouter", sent.Get("identity_provider"))
	require.Equal(t, "john@example.com", sent.Get("login_hint"))
	require.Equal(t, "S256", sent.Get("code_challenge_method"))
	require.Equal(t, b.app.URL+"/auth/callback", sent.Get("redirect_uri"))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		require.GreaterOrEqual(t, len(sent.Get(name)), 32, name)
	}

	back := b.comeBack(sent.Get("state"))
	require.Equal(t, http.StatusFound, back.StatusCode, back.body)
	require.Equal(t, b.app.URL+"/", back.Header.Get("Location"))
	page := b.get("/").body
	require.Contains(t, page, `data-testid="claims-page"`)
	require.Contains(t, page, `data-testid="signed-in-as">john@example.com<`)
	require.Contains(t, page, `data-testid="userinfo-email_verified">false</td><td class="hint">string</td>`)
	require.Contains(t, page, `data-testid="userinfo-username">P_conn;1<`)
	require.Less(t, strings.Index(page, "userinfo-sub"), strings.Index(page, "userinfo-email_verified"), "the order of the answer is kept")
	require.Contains(t, page, "&#34;nonce&#34;: &#34;"+sent.Get("nonce"))

	signIns := b.kit.Trace.SignIns()
	require.Len(t, signIns, 1)
	require.Contains(t, page, `href="http://localhost:9400/signins/`+signIns[0].ID+`"`)

	out := b.get("/auth/logout")
	require.Equal(t, http.StatusFound, out.StatusCode)
	require.Equal(t, b.op.URL+"/logout?client_id=client&logout_uri="+url.QueryEscape(b.app.URL+"/"), out.Header.Get("Location"))
	require.Contains(t, b.get("/").body, `data-testid="app-page"`)
}

func TestBackChannelCallsJoinTheSignInThatMadeThem(t *testing.T) {
	t.Parallel()
	b := start(t)
	points := func() []string {
		var out []string
		for _, h := range b.kit.Trace.SignIns()[0].Hops {
			out = append(out, h.Point)
		}
		return out
	}
	require.Equal(t, http.StatusFound, b.comeBack(b.leave().Get("state")).StatusCode)
	require.Equal(t, []string{"app.login", "cognito.discovery", "app.callback", "cognito.token", "cognito.jwks", "cognito.userinfo"}, points())
	require.Empty(t, b.kit.Trace.Loose())

	b.mu.Lock()
	b.keyID = "two" // rotation: the new key is fetched, by the sign-in that needs it
	b.mu.Unlock()
	require.Equal(t, http.StatusFound, b.comeBack(b.leave().Get("state")).StatusCode)
	require.Equal(t, []string{"app.login", "app.callback", "cognito.token", "cognito.jwks", "cognito.userinfo"}, points())
	require.Equal(t, http.StatusFound, b.comeBack(b.leave().Get("state")).StatusCode)
	require.NotContains(t, points(), "cognito.jwks", "keys are kept")
	require.Equal(t, 1, b.hit("/.well-known/openid-configuration"))
}

func TestCookie(t *testing.T) {
	t.Parallel()
	b := start(t)
	first := b.get("/auth/login?email=a%40example.com").Cookies()
	require.Len(t, first, 1)
	u, err := url.Parse(b.app.URL)
	require.NoError(t, err)
	require.Equal(t, "ssolab-app-"+u.Port(), first[0].Name)
	require.True(t, first[0].HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, first[0].SameSite)
	require.Empty(t, b.get("/auth/login").Cookies(), "a second sign-in keeps the session")
	second := b.comeBack(b.leave().Get("state")).Cookies()
	require.Len(t, second, 1)
	require.NotEqual(t, first[0].Value, second[0].Value, "signing in changes the id")
}

func TestASecondTabComesBackToo(t *testing.T) {
	t.Parallel()
	b := start(t)
	one := b.leave().Get("state")
	two := b.leave().Get("state")
	require.Equal(t, http.StatusFound, b.comeBack(two).StatusCode)
	b.mu.Lock()
	b.override["/oauth2/token"] = func(w http.ResponseWriter, r *http.Request) { http.Error(w, "reached", http.StatusTeapot) }
	b.mu.Unlock()
	requireError(t, b.comeBack(one), http.StatusBadGateway, "token_request_failed")
}

func TestStateIsOneBrowsersOnceAndForTenMinutes(t *testing.T) {
	t.Parallel()
	b := start(t)
	state := b.leave().Get("state")
	requireError(t, b.comeBack(state+"x"), http.StatusBadRequest, "state_mismatch")
	require.Equal(t, http.StatusFound, b.comeBack(state).StatusCode)
	requireError(t, b.comeBack(state), http.StatusBadRequest, "state_mismatch")
	requireError(t, b.get("/auth/callback?code=x"), http.StatusBadRequest, "state_mismatch")

	state = b.leave().Get("state")
	b.kit.Env.Advance(10 * time.Minute)
	requireError(t, b.comeBack(state), http.StatusBadRequest, "state_mismatch")

	state = b.leave().Get("state")
	mine := b.browser
	b.browser = b.newBrowser()
	requireError(t, b.comeBack(state), http.StatusBadRequest, "no_session")
	b.leave()
	requireError(t, b.comeBack(state), http.StatusBadRequest, "state_mismatch")
	b.browser = mine
	require.Zero(t, strings.Count(b.kit.Trace.SignIns()[0].Failure, "john"), "no claims in a failure")
}

func TestErrorsFromCognitoAreShownAsSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ query, code, sentence string }{
		"scope":   {"error_description=invalid_scope&error=invalid_request", "invalid_request", "refused the scopes"},
		"flow":    {"error_description=unauthorized_client&error=invalid_request", "invalid_request", "refused the flow"},
		"denied":  {"error=access_denied", "access_denied", "given up"},
		"missing": {"error_description=attributes+required%3A+%5Bemail%5D&error=invalid_request", "invalid_request", "left out an attribute"},
		"server":  {"error=server_error", "server_error", "behind it failed"},
		"other":   {"error_description=%3Cb%3Eodd%3C%2Fb%3E&error=odd%22code", "odd&#34;code", "sent you back with an error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			a := b.get("/auth/callback?" + c.query + "&state=" + b.leave().Get("state"))
			requireError(t, a, http.StatusBadRequest, c.code)
			require.Contains(t, a.body, c.sentence)
			require.NotContains(t, a.body, "<b>odd")
			require.Contains(t, a.body, `data-testid="raw-error"`)
			s := b.kit.Trace.SignIns()[0]
			require.Contains(t, a.body, "/signins/"+s.ID)
			require.Equal(t, trace.Failed, s.Outcome)
			require.Contains(t, s.Failure, c.sentence)
		})
	}
}

func TestEveryRefusalOfTheAppHasItsPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit   func(b *bench)
		status int
		code   string
	}{
		"token 500":        {func(b *bench) { b.answers("/oauth2/token", 500, "oops") }, 502, "token_request_failed"},
		"token is no JSON": {func(b *bench) { b.answers("/oauth2/token", 200, "<p>") }, 502, "token_request_failed"},
		"invalid_grant":    {func(b *bench) { b.answers("/oauth2/token", 400, `{"error":"invalid_grant"}`) }, 502, "invalid_grant"},
		"other error":      {func(b *bench) { b.answers("/oauth2/token", 400, `{"error":"unauthorized_client"}`) }, 502, "unauthorized_client"},
		"no ID token":      {func(b *bench) { b.answers("/oauth2/token", 200, `{"access_token":"x","token_type":"Bearer"}`) }, 502, "id_token_missing"},
		"keys 500":         {func(b *bench) { b.answers("/jwks", 500, "") }, 502, "id_token_invalid"},
		"other keys":       {func(b *bench) { b.answers("/jwks", 200, `{"keys":[]}`) }, 502, "id_token_invalid"},
		"issuer":           {func(b *bench) { b.claims = func(c map[string]any) { c["iss"] = "https://other.example" } }, 502, "id_token_invalid"},
		"audience":         {func(b *bench) { b.claims = func(c map[string]any) { c["aud"] = "other" } }, 502, "id_token_invalid"},
		"expired":          {func(b *bench) { b.claims = func(c map[string]any) { c["exp"] = 1 } }, 502, "id_token_invalid"},
		"nonce":            {func(b *bench) { b.claims = func(c map[string]any) { c["nonce"] = "other" } }, 502, "nonce_mismatch"},
		"userInfo 401":     {func(b *bench) { b.answers("/oauth2/userInfo", 401, "") }, 502, "userinfo_failed"},
		"userInfo sub":     {func(b *bench) { b.answers("/oauth2/userInfo", 200, `{"sub":"other"}`) }, 502, "userinfo_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			c.edit(b)
			requireError(t, b.comeBack(b.leave().Get("state")), c.status, c.code)
			require.Contains(t, b.get("/").body, `data-testid="app-page"`, "nobody is signed in")
			require.Equal(t, trace.Failed, b.kit.Trace.SignIns()[0].Outcome)
			require.Equal(t, 1, b.hit("/oauth2/token"), "a code is tried once")
		})
	}
}

func TestWrongSecretIsNotTriedTwice(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *sampleapp.Config) { c.ClientSecret = "wrong" })
	a := b.comeBack(b.leave().Get("state"))
	requireError(t, a, http.StatusBadGateway, "invalid_client")
	require.Contains(t, a.body, "invalid_client_secret")
	require.Equal(t, 1, b.hit("/oauth2/token"))
}

func TestDiscoveryIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.answers("/.well-known/openid-configuration", 503, "")
	requireError(t, b.get("/auth/login?email=a%40example.com"), http.StatusBadGateway, "discovery_failed")
	b.mu.Lock()
	delete(b.override, "/.well-known/openid-configuration")
	b.mu.Unlock()
	require.Equal(t, http.StatusFound, b.comeBack(b.leave().Get("state")).StatusCode)
}

func TestTheAppLivesByTheLabsClock(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.kit.Env.Advance(-48 * time.Hour) // the tokens are long expired by the machine's clock
	require.Equal(t, http.StatusFound, b.comeBack(b.leave().Get("state")).StatusCode)
	require.Contains(t, b.get("/").body, "claims-page")
	b.kit.Env.Advance(8 * time.Hour)
	require.Contains(t, b.get("/").body, "app-page", "the session has ended")
}

func TestOddRequests(t *testing.T) {
	t.Parallel()
	b := start(t)
	requireError(t, b.get("/auth/login?email=%zz"), http.StatusBadRequest, "invalid_request")
	requireError(t, b.get("/auth/callback?code=%zz"), http.StatusBadRequest, "invalid_request")
	requireError(t, b.get("/auth/callback"), http.StatusBadRequest, "no_session")
	requireError(t, b.get("/nowhere"), http.StatusNotFound, "not_found")
	requireError(t, b.get("/auth/callback?state="+b.leave().Get("state")), http.StatusBadRequest, "invalid_request")
	requireError(t, b.get("/auth/callback?code=a&code=b&state="+b.leave().Get("state")), http.StatusBadRequest, "invalid_request")
	require.NotContains(t, b.get("/auth/login").Header.Get("Location"), "login_hint")
	resp, err := b.browser.Post(b.app.URL+"/auth/logout", "", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusFound, resp.StatusCode)
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := sampleapp.New(sampleapp.Config{URL: "localhost:9403", Scopes: []string{"email"}})
	for _, name := range []string{"Kit", "URL", "Issuer", "ClientID", "DomainURL", "openid"} {
		require.ErrorContains(t, err, name)
	}
}
