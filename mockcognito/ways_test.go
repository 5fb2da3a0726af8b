package mockcognito_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The ways in which a sign-in goes wrong, as people report them: each causes one and looks for the symptom by which it is
// known. Those that another party causes alone are tested where that party is: the root package, package interop.
func TestWays(t *testing.T) {
	t.Parallel()
	code := func(b *bench, pairs ...string) string { return b.signIn(pairs...).Query().Get("code") }
	for name, way := range map[string]struct {
		edit func(*mockcognito.Config)
		run  func(t *testing.T, b *bench)
	}{
		"01 callback not registered exactly": {nil, func(t *testing.T, b *bench) {
			for _, uri := range []string{callback + "/", strings.Replace(callback, "3000", "3001", 1), strings.Replace(callback, "http:", "https:", 1)} {
				p := b.get(b.authorize("redirect_uri", uri).location.String())
				require.Equal(t, 400, p.status)
				require.Contains(t, p.body, "An error was encountered with the requested page.")
			}
		}},
		"03 provider not enabled, or its name in another case": {nil, func(t *testing.T, b *bench) {
			for _, q := range [][]string{{"identity_provider", strings.ToLower(provider)}, {"client_id", "norevoke"}} {
				p := b.get(b.authorize(q...).location.String())
				require.Equal(t, 401, p.status)
				require.Contains(t, p.body, "Login option is not available. Please try another one")
			}
		}},
		"04 scope that the client lacks": {nil, func(t *testing.T, b *bench) {
			for _, scope := range []string{"profile", "phone", "offline_access"} {
				require.Equal(t, callback+"?error_description=invalid_scope&state=app-state&error=invalid_request", b.authorize("client_id", "few", "scope", "openid "+scope).raw)
			}
		}},
		"05 required attribute that the provider does not send": {func(c *mockcognito.Config) {
			c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "email", Required: true}}
		}, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { delete(u.userinfo, "email") })
			require.Equal(t, "attributes required: [email]", b.refusal())
		}},
		"06 no nonce: the first fails, the second works": {nil, func(t *testing.T, b *bench) {
			_, first := part(t, b.tokens("nonce", "").json["id_token"], 1)
			require.NotEmpty(t, first["nonce"], "a client that sent none and compares refuses")
			_, second := part(t, b.tokens("nonce", "").json["id_token"], 1)
			require.NotContains(t, second, "nonce")
		}},
		"07 immutable attribute: the first works, the second fails": {func(c *mockcognito.Config) {
			c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "email", Immutable: true}}
		}, func(t *testing.T, b *bench) {
			require.NotEmpty(t, code(b))
			require.Equal(t, "user.email: Attribute cannot be updated.\n ", b.refusal())
		}},
		"08 issuer of the settings is not the token's": {nil, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { u.claims["iss"] = u.url + "/" })
			require.Equal(t, "Bad id_token issuer "+b.upstream.url+"/", b.refusal())
		}},
		"09 wrong client secret at the provider": {nil, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) {
				u.token = func(w http.ResponseWriter) bool {
					writeJSON(w, 401, map[string]string{"error": "invalid_client"})
					return true
				}
			})
			require.Equal(t, provider+" Error - 401 invalid_client", b.refusal())
			b.upstream.change(func(u *upstream) {
				u.token = func(w http.ResponseWriter) bool { w.WriteHeader(401); return true }
			})
			require.Equal(t, provider+" Error - 401 error getting token", b.refusal())
		}},
		"10 token request without the secret": {nil, func(t *testing.T, b *bench) {
			a := b.exchange(code(b), "client_secret", "")
			require.Equal(t, 400, a.status)
			require.JSONEq(t, `{"error":"invalid_client","error_description":"invalid_client_secret"}`, a.raw)
		}},
		"11 another redirect_uri at the token endpoint": {nil, func(t *testing.T, b *bench) {
			require.JSONEq(t, `{"error":"unauthorized_client","error_description":"invalid_redirect"}`, b.exchange(code(b), "redirect_uri", callback+"/").raw)
		}},
		"12 code used twice, or late": {nil, func(t *testing.T, b *bench) {
			first := code(b)
			require.Equal(t, 200, b.exchange(first).status)
			require.JSONEq(t, `{"error":"invalid_grant"}`, b.exchange(first).raw)
			second := code(b)
			b.kit.Env.Advance(5 * time.Minute)
			require.JSONEq(t, `{"error":"invalid_grant"}`, b.exchange(second).raw)
		}},
		"13 flow or OAuth not enabled": {nil, func(t *testing.T, b *bench) {
			require.Contains(t, b.authorize("client_id", "implicit").raw, "error_description=unauthorized_client")
			require.Equal(t, "/error?error=invalid_request", b.authorize("client_id", "nooauth").raw)
		}},
		"14 state with a stray percent sign": {nil, func(t *testing.T, b *bench) {
			p := b.get("/oauth2/authorize?" + params("state", "") + `&state={"rate":"5%"}`)
			require.Equal(t, 400, p.status)
			require.Empty(t, p.raw)
			require.NotContains(t, p.body, "An error was encountered", "the edge answers, not the service")
		}},
		"15 begun at the provider, bookmarked, back button, late, cookies blocked": {nil, func(t *testing.T, b *bench) {
			require.Equal(t, "/error?error=Invalid%20state", b.get("/oauth2/idpresponse?code=x").raw)
			u := b.get(b.authorize().location.String()).location
			require.Equal(t, "localhost:3000", b.get(u.String()).location.Host)
			require.Equal(t, "/error?error=Invalid%20state", b.get(u.String()).raw, "back button")
			b.browser = newBrowser(t)
			u = b.get(b.authorize().location.String()).location
			b.browser = newBrowser(t)
			require.Equal(t, "/error?error=Invalid%20state", b.get(u.String()).raw, "cookies blocked")
			u = b.get(b.authorize().location.String()).location
			b.kit.Env.Advance(6 * time.Minute)
			require.Contains(t, b.get(b.get(u.String()).location.String()).body, "Something went wrong")
		}},
		"16 managed login without branding": {func(c *mockcognito.Config) { c.UserPools[0].Clients[0].NoBranding = true }, func(t *testing.T, b *bench) {
			p := b.get("/login?" + params("identity_provider", ""))
			require.Equal(t, 403, p.status)
			require.Contains(t, p.body, "Login pages unavailable. Please contact an administrator.")
		}},
		"17 sign-out URL not registered, or none": {nil, func(t *testing.T, b *bench) {
			require.Equal(t, "/error?client_id="+clientID+"&logout_uri=https%3A%2F%2Fapp.example%2F", b.get("/logout?client_id="+clientID+"&logout_uri=https://app.example/").raw)
			p := b.get(b.get("/logout?client_id=" + clientID).location.String())
			require.Contains(t, p.body, "Required String parameter &#39;redirect_uri&#39; is not present")
		}},
		"18 sign-out of the app alone does nothing": {nil, func(t *testing.T, b *bench) {
			b.signIn()
			require.Equal(t, "localhost:3000", b.authorize().location.Host, "silently signed in again")
			b.get("/logout?client_id=" + clientID + "&logout_uri=" + url.QueryEscape("http://localhost:3000/"))
			require.Equal(t, "/authorize", b.authorize().location.Path, "and the provider's own session goes on")
		}},
		"19 email_verified not mapped": {func(c *mockcognito.Config) { delete(c.UserPools[0].Providers[0].AttributeMapping, "email_verified") }, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { u.userinfo["email_verified"] = true })
			require.Equal(t, false, b.claims()["email_verified"])
		}},
		"20 email_verified is a string in userInfo": {nil, func(t *testing.T, b *bench) {
			require.Contains(t, b.userInfo(b.tokens().json["access_token"].(string)).raw, `"email_verified":"false"`)
		}},
		"21 user names in lower case": {func(c *mockcognito.Config) { c.UserPools[0].CaseInsensitive = true; withLocalUser(c) }, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { u.claims["sub"] = "conn_1;AbC" })
			require.Equal(t, strings.ToLower(provider)+"_conn_1;abc", b.claims()["cognito:username"])
			_, err := b.users().Delete(t.Context(), provider+"_conn_1;abc")
			require.NoError(t, err)
			b.link(userpool.Identity{Subject: "conn_1;abc"})
			require.Equal(t, "Invalid ProviderName/Username combination", b.refusal())
		}},
		"24 provider slow or down": {func(c *mockcognito.Config) { c.UpstreamTimeout = 300 * time.Millisecond }, func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { u.token = func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) } })
			require.Equal(t, "Connection reset", b.refusal())
			released := make(chan struct{})
			t.Cleanup(func() { close(released) })
			b.upstream.change(func(u *upstream) {
				u.token = func(http.ResponseWriter) bool { u.mu.Unlock(); <-released; u.mu.Lock(); return true }
			})
			require.Equal(t, "Timeout occurred in calling IdP token endpoint", b.refusal())
		}},
		"25 provider on an odd port, or without TLS": {nil, func(t *testing.T, b *bench) {
			require.NoError(t, b.kit.Quirks.Switch("allow-loopback-issuer", false))
			require.Contains(t, b.refusal(), "is not https on port 443 or 80")
		}},
		"26 key changed before it was published": {nil, func(t *testing.T, b *bench) {
			next, err := fixedKeys{}.RSA("next")
			require.NoError(t, err)
			b.upstream.change(func(u *upstream) {
				u.sign = func(c map[string]any) string { return signWith(u.t, "RS256", next, "k2", c) }
			})
			require.Contains(t, b.refusal(), "invalid_token_signature")
		}},
		"27 custom attribute without read or write access": {withCustom("given_name"), func(t *testing.T, b *bench) {
			require.Equal(t, "John", b.claims("scope", "openid")["custom:x"])
			b.edit(func(d *userpool.Draft) {
				client := *d.Client(clientID)
				client.ReadAttributes = nil
				d.PutClient(client)
			})
			require.NotContains(t, b.claims("scope", "openid"), "custom:x")
		}},
		"28 claim too long, or of several values": {withCustom("groups"), func(t *testing.T, b *bench) {
			b.upstream.change(func(u *upstream) { u.userinfo["groups"] = []string{"GROUPID1", "GROUPID2"} })
			require.Equal(t, "[GROUPID1, GROUPID2]", b.claims("scope", "openid")["custom:x"])
			b.upstream.change(func(u *upstream) { u.userinfo["groups"] = strings.Repeat("g", 2049) })
			require.Equal(t, "Invalid user attributes: custom:x: String must be no longer than 2048 characters.", b.refusal())
		}},
		"29 the wrong token": {nil, func(t *testing.T, b *bench) {
			a := b.tokens()
			_, access := part(t, a.json["access_token"], 1)
			require.NotContains(t, access, "aud")
			require.NotContains(t, access, "email")
			require.Equal(t, []any{poolID + "_" + provider}, access["cognito:groups"], "a group that is no role of the app")
			require.Equal(t, 401, b.userInfo(a.json["id_token"].(string)).status)
		}},
		"30 domain among no identifiers, or no login_hint": {nil, func(t *testing.T, b *bench) {
			require.Equal(t, "/login", b.authorize("identity_provider", "", "idp_identifier", "customer.example").location.Path)
			require.False(t, b.authorize("identity_provider", "", "idp_identifier", "example.com", "login_hint", "").location.Query().Has("login_hint"), "the provider does not learn the domain")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var edits []func(*mockcognito.Config)
			if way.edit != nil {
				edits = append(edits, way.edit)
			}
			way.run(t, newBench(t, edits...))
		})
	}
}

// Further ways, of set-up and of time.
func TestMoreWays(t *testing.T) {
	t.Parallel()
	t.Run("discovery at the domain's host", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, http.StatusNotFound, overTLS(t)("/"+poolID+"/.well-known/openid-configuration").StatusCode)
	})
	t.Run("an update that wipes the callbacks", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.edit(func(d *userpool.Draft) {
			client := *d.Client(clientID)
			client.CallbackURLs, client.IdentityProviders = nil, nil
			d.PutClient(client)
		})
		require.Equal(t, "/error?error=invalid_request", b.authorize().raw)
	})
	t.Run("a connection that was made anew has another subject", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		first := b.claims()
		b.upstream.change(func(u *upstream) { u.claims["sub"] = strings.Replace(subject, "conn_6", "conn_7", 1) })
		second := b.claims()
		require.NotEqual(t, first["sub"], second["sub"])
		require.Equal(t, first["email"], second["email"])
	})
	t.Run("somebody disabled at the provider keeps refreshing", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		token := b.tokens().json["refresh_token"]
		b.upstream.change(func(u *upstream) { u.error = url.Values{"error": {"access_denied"}} })
		require.Equal(t, 200, b.refresh(token).status)
	})
	t.Run("a changed provider is noticed within a minute", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.signIn()
		b.edit(func(d *userpool.Draft) {
			idp := *d.Provider(provider)
			details := map[string]string{}
			for k, v := range idp.Details {
				details[k] = v
			}
			details["client_id"] = "skc_2"
			idp.Details = details
			d.PutProvider(idp)
		})
		require.Equal(t, "Bad id_token audience", b.refusal())
	})
}
