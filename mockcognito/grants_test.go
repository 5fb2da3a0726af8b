package mockcognito_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/jose/josetest"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

const challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func (b *bench) refresh(token any, pairs ...string) answer {
	b.t.Helper()
	s, _ := token.(string)
	return b.exchange("", append([]string{"grant_type", "refresh_token", "refresh_token", s, "redirect_uri", ""}, pairs...)...)
}

func rotating(grace time.Duration) func(*mockcognito.Config) {
	return func(c *mockcognito.Config) {
		c.UserPools[0].Clients[0].RotateRefreshTokens, c.UserPools[0].Clients[0].RotationGrace = true, grace
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	const gone = `{"error":"invalid_grant"}`
	t.Run("without grace the old one dies at once", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0))
		first := b.tokens()
		second := b.refresh(first.json["refresh_token"])
		require.Equal(t, 200, second.status, second.raw)
		require.NotEmpty(t, second.json["refresh_token"])
		require.NotEqual(t, first.json["refresh_token"], second.json["refresh_token"])
		require.JSONEq(t, gone, b.refresh(first.json["refresh_token"]).raw)
		require.Equal(t, 200, b.refresh(second.json["refresh_token"]).status)
	})
	t.Run("with grace it lives on for that long", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(30*time.Second))
		first := b.tokens().json["refresh_token"]
		require.Equal(t, 200, b.refresh(first).status)
		b.kit.Env.Advance(29 * time.Second)
		again := b.refresh(first)
		require.Equal(t, 200, again.status, "a client that lost the answer may ask again")
		b.kit.Env.Advance(time.Second)
		require.JSONEq(t, gone, b.refresh(first).raw, "counted from the first use")
		require.Equal(t, 200, b.refresh(again.json["refresh_token"]).status)
	})
	t.Run("the new one has what is left of the lifetime", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0))
		token := b.tokens().json["refresh_token"]
		b.kit.Env.Advance(29 * 24 * time.Hour)
		token = b.refresh(token).json["refresh_token"]
		require.NotEmpty(t, token)
		b.kit.Env.Advance(24 * time.Hour)
		require.JSONEq(t, gone, b.refresh(token).raw)
	})
	t.Run("one of several uses at once wins", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0))
		token := b.tokens().json["refresh_token"]
		var mu sync.Mutex
		wins := 0
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if b.refresh(token).status == 200 {
					mu.Lock()
					defer mu.Unlock()
					wins++
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, wins)
	})
	t.Run("origin_jti and auth_time stay, and are there without revocation", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0), func(c *mockcognito.Config) { c.UserPools[0].Clients[0].DisableTokenRevocation = true })
		first := b.tokens()
		b.kit.Env.Advance(time.Hour)
		second := b.refresh(first.json["refresh_token"])
		_, before := part(t, first.json["id_token"], 1)
		_, after := part(t, second.json["id_token"], 1)
		require.NotEmpty(t, before["origin_jti"])
		require.Equal(t, before["origin_jti"], after["origin_jti"])
		require.Equal(t, before["auth_time"], after["auth_time"])
	})
	t.Run("revocation ends the newest one", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0))
		second := b.refresh(b.tokens().json["refresh_token"])
		require.Equal(t, 200, b.post("/oauth2/revoke", url.Values{"token": {second.json["refresh_token"].(string)}, "client_id": {clientID}, "client_secret": {secret}}).status)
		require.JSONEq(t, gone, b.refresh(second.json["refresh_token"]).raw)
		require.Equal(t, 401, b.userInfo(second.json["access_token"].(string)).status)
	})
	t.Run("a failure of client authentication consumes nothing", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, rotating(0))
		token := b.tokens().json["refresh_token"]
		require.JSONEq(t, `{"error":"invalid_client","error_description":"invalid_client_secret"}`, b.refresh(token, "client_secret", "wrong").raw)
		require.JSONEq(t, gone, b.refresh(token, "client_id", publicID, "client_secret", "").raw)
		require.Equal(t, 200, b.refresh(token).status)
	})
}

// withMachine declares a resource server and a client that may act for itself.
func withMachine(c *mockcognito.Config) {
	c.UserPools[0].ResourceServers = []mockcognito.ResourceServer{{Identifier: "https://api.example.com", Scopes: map[string]string{"read": "Read", "write": "Write"}}}
	c.UserPools[0].Clients = append(c.UserPools[0].Clients,
		mockcognito.AppClient{ID: "machine", Secret: secret, Flows: []string{"client_credentials"}, Scopes: []string{"https://api.example.com/read", "https://api.example.com/write"}},
		mockcognito.AppClient{ID: "reader", Secret: secret, Flows: []string{"client_credentials"}, Scopes: []string{"https://api.example.com/read"}},
	)
	c.UserPools[0].Clients[0].Scopes = []string{"openid", "email", "phone", "profile", "https://api.example.com/read"}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	b := newBench(t, withMachine)
	ask := func(client, scope string) answer {
		form := url.Values{"grant_type": {"client_credentials"}}
		if scope != "" {
			form.Set("scope", scope)
		}
		return b.post("/oauth2/token", form, basic(client, secret))
	}
	a := ask("machine", "https://api.example.com/write")
	require.Equal(t, 200, a.status, a.raw)
	require.Equal(t, []string{"access_token", "expires_in", "token_type"}, josetest.Names(t, a.raw), "no ID token, no refresh token")
	raw, claims := part(t, a.json["access_token"], 1)
	require.Equal(t, []string{"sub", "token_use", "scope", "auth_time", "iss", "exp", "iat", "version", "jti", "client_id"}, josetest.Names(t, raw))
	require.Equal(t, "machine", claims["sub"])
	require.Equal(t, "machine", claims["client_id"])
	require.Equal(t, "https://api.example.com/write", claims["scope"])
	info := b.userInfo(a.json["access_token"].(string))
	require.Equal(t, 401, info.status)
	require.Equal(t, "Access token does not contain openid scope", info.json["error_description"])

	_, claims = part(t, ask("machine", "").json["access_token"], 1)
	require.Equal(t, "https://api.example.com/read https://api.example.com/write", claims["scope"], "without scope all custom scopes of the client")

	for name, refused := range map[string]struct{ client, scope, want string }{
		"unknown scope":             {"machine", "https://api.example.com/delete", "invalid_scope"},
		"another client's scope":    {"reader", "https://api.example.com/write", "invalid_scope"},
		"openid":                    {"machine", "openid", "invalid_scope"},
		"one bad scope of two":      {"machine", "https://api.example.com/read nonsense", "invalid_scope"},
		"client without that grant": {clientID, "https://api.example.com/read", "unauthorized_client"},
	} {
		got := ask(refused.client, refused.scope)
		require.Equal(t, 400, got.status, name)
		require.JSONEq(t, `{"error":"`+refused.want+`"}`, got.raw, name)
	}
	public := b.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {publicID}})
	require.JSONEq(t, `{"error":"unauthorized_client"}`, public.raw)
}

// A scope of a resource server may be asked for in a sign-in too.
func TestCustomScopesInASignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, withMachine)
	_, access := part(t, b.tokens("scope", "openid https://api.example.com/read").json["access_token"], 1)
	require.Equal(t, "https://api.example.com/read openid", access["scope"])
	require.Equal(t, "invalid_scope", b.authorize("scope", "openid https://api.example.com/write").location.Query().Get("error_description"))
}

func TestTwoSecrets(t *testing.T) {
	t.Parallel()
	const second = "anothersecret000000000000000000000000000000000000002"
	b := newBench(t)
	code := func() string { return b.signIn().Query().Get("code") }
	setSecrets := func(secrets ...string) {
		b.edit(func(d *userpool.Draft) {
			client := *d.Client(clientID)
			client.Secrets = nil
			for _, s := range secrets {
				client.Secrets = append(client.Secrets, userpool.ClientSecret{ID: s, Value: s})
			}
			d.PutClient(client)
		})
	}
	setSecrets(secret, second)
	require.Equal(t, 200, b.exchange(code()).status)
	require.Equal(t, 200, b.exchange(code(), "client_secret", second).status)
	require.Equal(t, 400, b.exchange(code(), "client_secret", "neither").status)
	setSecrets(second)
	require.JSONEq(t, `{"error":"invalid_client","error_description":"invalid_client_secret"}`, b.exchange(code()).raw)
	require.Equal(t, 200, b.exchange(code(), "client_secret", second).status)
}

func TestScopeOfAnUnreadableAttribute(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Clients[0].ReadAttributes = []string{"email", "given_name"}
	})
	a := b.exchange(b.signIn("scope", "openid email").Query().Get("code"))
	require.Equal(t, 400, a.status)
	require.JSONEq(t, `{"error":"invalid_grant"}`, a.raw, "email_verified cannot be read")
	require.Equal(t, 200, b.exchange(b.signIn("scope", "openid").Query().Get("code")).status)
}

// What a failed exchange leaves of the code. Unverified but for its use by a stranger.
func TestWhatAFailureConsumes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pairs    []string
		consumed bool
	}{
		"wrong secret":     {[]string{"client_secret", "wrong"}, false},
		"no secret":        {[]string{"client_secret", ""}, false},
		"unknown client":   {[]string{"client_id", "nobody"}, false},
		"no redirect_uri":  {[]string{"redirect_uri", ""}, false},
		"another grant":    {[]string{"grant_type", "password"}, false},
		"another client":   {[]string{"client_id", publicID, "client_secret", ""}, true},
		"other redirect":   {[]string{"redirect_uri", callback + "/"}, true},
		"no verifier":      {[]string{"code_verifier", ""}, true},
		"another verifier": {[]string{"code_verifier", "wrong"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			code := b.signIn("code_challenge", challenge, "code_challenge_method", "S256").Query().Get("code")
			require.Equal(t, 400, b.exchange(code, append([]string{"code_verifier", verifier}, tc.pairs...)...).status)
			again := b.exchange(code, "code_verifier", verifier)
			if tc.consumed {
				require.JSONEq(t, `{"error":"invalid_grant"}`, again.raw)
				return
			}
			require.Equal(t, 200, again.status, again.raw)
		})
	}
}

func TestTokensAreMadeBeforeTheCode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.signIn().Query().Get("code")
	began := b.kit.Env.Now().Unix()
	b.kit.Env.Advance(4 * time.Minute)
	_, claims := part(t, b.exchange(code).json["id_token"], 1)
	require.InDelta(t, began, claims["iat"], 2)
}

func TestLifetimes(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		client := &c.UserPools[0].Clients[0]
		client.AccessTokenValidity, client.IDTokenValidity, client.RefreshTokenValidity = 5*time.Minute, 24*time.Hour, time.Hour
	})
	a := b.tokens()
	require.Equal(t, 300.0, a.json["expires_in"], "the access token's")
	_, access := part(t, a.json["access_token"], 1)
	_, id := part(t, a.json["id_token"], 1)
	require.Equal(t, 300.0, access["exp"].(float64)-access["iat"].(float64))
	require.Equal(t, 86400.0, id["exp"].(float64)-id["iat"].(float64))
	b.kit.Env.Advance(59 * time.Minute)
	require.Equal(t, 200, b.refresh(a.json["refresh_token"]).status)
	b.kit.Env.Advance(time.Minute)
	require.Equal(t, 400, b.refresh(a.json["refresh_token"]).status)
	for name, edit := range map[string]func(*mockcognito.AppClient){
		"access token of 4 minutes":         func(c *mockcognito.AppClient) { c.AccessTokenValidity = 4 * time.Minute },
		"access token of 25 hours":          func(c *mockcognito.AppClient) { c.AccessTokenValidity = 25 * time.Hour },
		"ID token of 4 minutes":             func(c *mockcognito.AppClient) { c.IDTokenValidity = 4 * time.Minute },
		"refresh token of 59 minutes":       func(c *mockcognito.AppClient) { c.RefreshTokenValidity = 59 * time.Minute },
		"refresh token of eleven years":     func(c *mockcognito.AppClient) { c.RefreshTokenValidity = 11 * 365 * 24 * time.Hour },
		"grace period of more than 60 s":    func(c *mockcognito.AppClient) { c.RotationGrace = 61 * time.Second },
		"grace period of less than nothing": func(c *mockcognito.AppClient) { c.RotationGrace = -1 },
	} {
		pool := testPool("https://idp.example.com")
		edit(&pool.Clients[0])
		_, err := mockcognito.New(mockcognito.Config{URL: "http://localhost:1", UserPools: []mockcognito.UserPool{pool}})
		require.Error(t, err, name)
	}
}

func TestTokensWithoutRevocation(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Clients[0].DisableTokenRevocation = true })
	a := b.tokens()
	for _, name := range []string{"id_token", "access_token"} {
		_, claims := part(t, a.json[name], 1)
		require.NotContains(t, claims, "origin_jti", name)
		require.NotContains(t, claims, "jti", name)
	}
}

// signOut signs the user out everywhere, as GlobalSignOut and AdminUserGlobalSignOut do.
func (b *bench) signOut(username string) {
	b.t.Helper()
	_, err := b.users().Update(b.t.Context(), username, func(u *userpool.User) error {
		u.SignOuts++
		u.SignedOut = b.kit.Env.Now()
		return nil
	})
	require.NoError(b.t, err)
}

func TestGlobalSignOut(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*mockcognito.Config){
		"with revocation":    func(*mockcognito.Config) {},
		"without revocation": func(c *mockcognito.Config) { c.UserPools[0].Clients[0].DisableTokenRevocation = true },
		"with rotation":      rotating(0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, edit)
			before := b.tokens()
			require.Equal(t, 200, b.userInfo(before.json["access_token"].(string)).status)
			b.signOut(provider + "_" + subject)
			require.Equal(t, 401, b.userInfo(before.json["access_token"].(string)).status)
			require.JSONEq(t, `{"error":"invalid_grant"}`, b.refresh(before.json["refresh_token"]).raw)
			if name == "without revocation" {
				b.kit.Env.Advance(time.Second) // nothing but iat tells its tokens apart
			}
			require.Equal(t, "localhost:3000", b.authorize().location.Host, "the cookie is alive")
			after := b.tokens()
			require.Equal(t, 200, b.userInfo(after.json["access_token"].(string)).status, "tokens made since are good")
			require.Equal(t, 401, b.userInfo(before.json["access_token"].(string)).status)
			refreshed := b.refresh(after.json["refresh_token"])
			require.Equal(t, 200, refreshed.status)
			require.Equal(t, 200, b.userInfo(refreshed.json["access_token"].(string)).status)
		})
	}
}

func TestDisabledAndDeletedUsers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	disable := func(disabled bool) {
		_, err := b.users().Update(t.Context(), provider+"_"+subject, func(u *userpool.User) error { u.Disabled = disabled; return nil })
		require.NoError(t, err)
	}
	disable(true)
	require.JSONEq(t, `{"error":"invalid_grant"}`, b.refresh(a.json["refresh_token"]).raw)
	require.Equal(t, 401, b.userInfo(a.json["access_token"].(string)).status)
	require.Equal(t, "/authorize", b.authorize().location.Path, "the session is not reused")
	require.Equal(t, "User is disabled.", b.refusal())
	disable(false)
	require.Equal(t, 200, b.refresh(a.json["refresh_token"]).status)
	_, err := b.users().Delete(t.Context(), provider+"_"+subject)
	require.NoError(t, err)
	require.JSONEq(t, `{"error":"invalid_grant"}`, b.refresh(a.json["refresh_token"]).raw)
	require.Equal(t, http.StatusUnauthorized, b.userInfo(a.json["access_token"].(string)).status)
}
