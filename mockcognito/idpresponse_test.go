package mockcognito_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/mockcognito"
)

func TestServerToServerCallsAreTheCapturedOnes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()

	requests, bodies := b.upstream.requests("/token")
	require.Len(t, requests, 1)
	require.Equal(t, "grant_type=authorization_code&redirect_uri="+url.QueryEscape(b.url+"/oauth2/idpresponse")+"&client_id=skc_1&client_secret=test_secret&code=upstream-code", bodies[0])
	require.Empty(t, requests[0].Header.Get("Authorization"), "client_secret_post only")
	require.Equal(t, "Amazon/Cognito", requests[0].Header.Get("User-Agent"))
	require.Equal(t, "HTTP/1.1", requests[0].Proto)

	requests, _ = b.upstream.requests("/userinfo")
	require.Len(t, requests, 1)
	require.Equal(t, http.MethodGet, requests[0].Method)
	require.Equal(t, "Bearer upstream-access-token", requests[0].Header.Get("Authorization"))
}

func TestKeysAreFetchedForEachIDToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for n := 1; n <= 3; n++ {
		b.browser = newBrowser(t)
		b.signIn()
		requests, _ := b.upstream.requests("/keys")
		require.Len(t, requests, n)
	}
	discovery, _ := b.upstream.requests("/.well-known/openid-configuration")
	require.Len(t, discovery, 1)
	b.kit.Env.Advance(time.Minute)
	b.browser = newBrowser(t)
	b.signIn()
	discovery, _ = b.upstream.requests("/.well-known/openid-configuration")
	require.Len(t, discovery, 2, "a change of the provider is noticed within a minute")
}

func TestUserInfoMethodIsTheConfiguredOne(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Providers[0].AttributesRequestMethod = "POST" })
	b.signIn()
	requests, _ := b.upstream.requests("/userinfo")
	require.Equal(t, http.MethodPost, requests[0].Method)
}

// Failures of the provider reach the app's callback, with its state.
func TestProviderFailuresReachTheApp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil       func(*upstream)
		description string
		code        string
	}{
		"OAuth error of the token endpoint": {func(u *upstream) {
			u.token = func(w http.ResponseWriter) bool {
				writeJSON(w, 401, map[string]string{"error": "invalid_client", "error_description": "invalid client_id / client_secret"})
				return true
			}
		}, provider + " Error - 401 invalid_client invalid client_id / client_secret", ""},
		"no parsable body": {func(u *upstream) {
			u.token = func(w http.ResponseWriter) bool { http.Error(w, "<html>", 502); return true }
		}, provider + " Error - 502 error getting token", ""},
		"no ID token": {func(u *upstream) {
			u.token = func(w http.ResponseWriter) bool {
				writeJSON(w, 200, map[string]string{"access_token": "a"})
				return true
			}
		}, provider + " Error - 200 error getting token", ""},
		"connection closed": {func(u *upstream) {
			u.token = func(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }
		}, "Connection reset", ""},
		"issuer mismatch":  {func(u *upstream) { u.claims["iss"] = "https://other.scalekit.com" }, "Bad id_token issuer https://other.scalekit.com", ""},
		"wrong audience":   {func(u *upstream) { u.claims["aud"] = []string{"skc_2"} }, "Bad id_token audience", ""},
		"expired":          {func(u *upstream) { u.claims["exp"] = 1 }, "Bad id_token expired", ""},
		"no exp":           {func(u *upstream) { u.claims["exp"] = nil }, "Bad id_token expired", ""},
		"no sub":           {func(u *upstream) { u.claims["sub"] = nil }, "Bad id_token sub", ""},
		"sub is no string": {func(u *upstream) { u.claims["sub"] = 42 }, "Bad id_token", ""},
		"HS256 with a wrong secret": {func(u *upstream) {
			u.sign = func(c map[string]any) string {
				return signWith(u.t, jose.HS256, []byte("another secret that is long enough"), "", c)
			}
		}, "invalid_token_signature: Error when verifying Symmetric MAC", ""},
		"foreign key": {func(u *upstream) {
			key, err := fixedKeys{}.RSA("foreign")
			require.NoError(u.t, err)
			u.sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, key, "k1", c) }
		}, `invalid_token_signature: signature does not verify: kid "k1"`, ""},
		"unknown kid": {func(u *upstream) {
			u.sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, u.key, "k2", c) }
		}, `invalid_token_signature: no key with that kid in the JWK Set: "k2"`, ""},
		"no kid": {func(u *upstream) {
			u.sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, u.key, "", c) }
		}, "invalid_token_signature: the ID token names no key (kid)", ""},
		"white space in the user name": {func(u *upstream) { u.claims["sub"] = "john doe" }, `1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`, ""},
		"alg none": {func(u *upstream) {
			u.sign = func(map[string]any) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iss":%q,"sub":"x","aud":"skc_1","exp":9999999999}`, u.url)) + "."
			}
		}, `invalid_token_signature: algorithm not accepted: "none"`, ""},
		"no JWT":        {func(u *upstream) { u.sign = func(map[string]any) string { return "rubbish" } }, "invalid_token_signature: not a JWT", ""},
		"userInfo down": {func(u *upstream) { u.userinfo = nil }, provider + " Error - 500 error getting userInfo", ""},
		"refused at the authorize stage": {func(u *upstream) {
			u.error = url.Values{"error": {"access_denied"}, "error_description": {"User is not assigned to the client application."}}
		}, "User is not assigned to the client application.", "access_denied"},
		"too long an attribute": {func(u *upstream) { u.userinfo["given_name"] = strings.Repeat("x", 2049) }, "Invalid user attributes: given_name: String must be no longer than 2048 characters.", ""},
		"too long a user name":  {func(u *upstream) { u.claims["sub"] = strings.Repeat("x", 128) }, "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(tc.spoil)
			back := b.signIn()
			code := tc.code
			if code == "" {
				code = "invalid_request"
			}
			require.Equal(t, "error_description="+url.QueryEscape(tc.description)+"&state=app-state&error="+code, back.RawQuery)
		})
	}
}

func TestTimeoutsOfTheProvider(t *testing.T) {
	t.Parallel()
	for point, want := range map[string]string{
		"/token":    "Timeout occurred in calling IdP token endpoint",
		"/keys":     "Timeout in calling jwks uri",
		"/userinfo": "Read timed out",
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(c *mockcognito.Config) { c.UpstreamTimeout = 500 * time.Millisecond })
			released := make(chan struct{})
			t.Cleanup(func() { close(released) })
			b.upstream.change(func(u *upstream) {
				hang := func(http.ResponseWriter) bool { u.mu.Unlock(); <-released; u.mu.Lock(); return true }
				switch point {
				case "/token":
					u.token = hang
				case "/keys":
					u.jwks = hang
				default:
					u.hang = hang
				}
			})
			require.Equal(t, want, b.signIn().Query().Get("error_description"))
		})
	}
}

func TestHS256WithTheClientSecretIsAccepted(t *testing.T) {
	t.Parallel()
	const long = "test_secret_of_at_least_thirty_two_bytes"
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Providers[0].ClientSecret = long })
	b.upstream.change(func(u *upstream) {
		u.sign = func(c map[string]any) string { return signWith(u.t, jose.HS256, []byte(long), "", c) }
	})
	require.NotEmpty(t, b.signIn().Query().Get("code"))
}

func TestIDTokenClaimsWinOverUserInfo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.upstream.change(func(u *upstream) { u.claims["given_name"] = "Johnny" })
	_, claims := part(t, b.tokens("scope", "openid profile").json["id_token"], 1)
	require.Equal(t, "Johnny", claims["given_name"])
	require.Equal(t, "Doe", claims["family_name"])
}

// What cannot be trusted to lead back to an app stays on Cognito's error page.
func TestStateThatIsNotOursEndsOnTheErrorPage(t *testing.T) {
	t.Parallel()
	const invalid = "/error?error=Invalid%20state"
	back := func(b *bench) *url.URL { // the provider's answer, not yet delivered
		return b.get(b.authorize().location.String()).location
	}
	requireInvalid := func(t *testing.T, p page) {
		t.Helper()
		require.Equal(t, http.StatusFound, p.status)
		require.Equal(t, invalid, p.raw)
	}
	t.Run("no state: IdP-initiated", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		requireInvalid(t, b.get("/oauth2/idpresponse?code=abc"))
		p := b.get(invalid)
		require.Equal(t, http.StatusBadRequest, p.status)
		require.Contains(t, p.body, "Invalid state")
	})
	t.Run("rubbish", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		for _, state := range []string{"x", "a.b.4", "H4sIAAAAAAAA.H4sIAAAAAAAA.4", strings.Repeat("A", 20000)} {
			requireInvalid(t, b.get("/oauth2/idpresponse?code=abc&state="+state))
		}
	})
	t.Run("changed on its way", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		u, other := back(b), openStateParts(b)
		q := u.Query()
		parts := strings.Split(q.Get("state"), ".")
		q.Set("state", other[0]+"."+parts[1]+"."+parts[2])
		requireInvalid(t, b.get("/oauth2/idpresponse?"+q.Encode()))
	})
	t.Run("used before", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		u := back(b)
		require.Equal(t, "localhost:3000", b.get(u.String()).location.Host)
		requireInvalid(t, b.get(u.String()))
	})
	t.Run("older than ten minutes", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		u := back(b)
		b.kit.Env.Advance(10 * time.Minute)
		requireInvalid(t, b.get(u.String()))
	})
	t.Run("another browser", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		u := back(b)
		b.browser = newBrowser(t)
		requireInvalid(t, b.get(u.String()))
	})
}

func openStateParts(b *bench) []string {
	return strings.Split(b.authorize().location.Query().Get("state"), ".")
}

func TestFormPostReturn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := b.get(b.authorize().location.String()).location
	resp, err := b.browser.PostForm(b.url+"/oauth2/idpresponse", u.Query())
	require.NoError(t, err)
	require.Equal(t, "localhost:3000", b.read(resp).location.Host)
}

func TestRequiredAttributes(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "given_name", Required: true}, {Name: "family_name", Required: true}, {Name: "email", Required: true}}
	})
	b.upstream.change(func(u *upstream) { u.userinfo = map[string]any{"sub": subject, "email": "john@example.com"} })
	require.Equal(t, "error_description=attributes+required%3A+%5Bgiven_name%2C+family_name%5D&state=app-state&error=invalid_request", b.signIn().RawQuery)
	b.upstream.change(func(u *upstream) { u.userinfo["given_name"], u.userinfo["family_name"] = "John", "Doe" })
	require.NotEmpty(t, b.signIn().Query().Get("code"))
}

func TestImmutableAttributeFailsTheSecondSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "email", Immutable: true}}
	})
	require.NotEmpty(t, b.signIn().Query().Get("code"))
	b.browser = newBrowser(t)
	require.Equal(t, "error_description=user.email%3A+Attribute+cannot+be+updated.%0A+&state=app-state&error=invalid_request", b.signIn().RawQuery)
}

func TestMappingAtEverySignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "custom:groups"}, {Name: "custom:n"}}
		m := c.UserPools[0].Providers[0].AttributeMapping
		m["custom:groups"], m["custom:n"], m["username"] = "groups", "n", "email"
		c.UserPools[0].Clients[0].ReadAttributes = []string{"email", "email_verified", "given_name", "custom:groups", "custom:n"}
		c.UserPools[0].Clients[0].WriteAttributes = []string{"email", "email_verified", "given_name", "custom:groups", "custom:n"}
	})
	b.upstream.change(func(u *upstream) {
		u.userinfo["groups"], u.userinfo["n"], u.userinfo["email_verified"] = []string{"Sales & Co", "a-b.c_d*"}, 12345678901234567, true
	})
	_, first := part(t, b.tokens("scope", "openid").json["id_token"], 1)
	require.Equal(t, "[Sales+%26+Co, a-b.c_d*]", first["custom:groups"])
	require.Equal(t, "12345678901234567", first["custom:n"])
	require.Equal(t, true, first["email_verified"])
	require.Equal(t, provider+"_"+subject, first["cognito:username"], "username comes from sub, whatever the mapping says")
	require.NotContains(t, first, "family_name", "the client cannot read it")

	b.upstream.change(func(u *upstream) { u.userinfo = map[string]any{"sub": subject, "given_name": "Jo"} })
	b.browser = newBrowser(t)
	_, second := part(t, b.tokens("scope", "openid").json["id_token"], 1)
	require.Equal(t, "Jo", second["given_name"])
	require.Equal(t, "john@example.com", second["email"], "what a claim does not bring stays")
	require.Equal(t, first["sub"], second["sub"])
}

func TestCaseInsensitivePoolLowersTheWholeUserName(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].CaseInsensitive = true })
	_, claims := part(t, b.tokens().json["id_token"], 1)
	require.Equal(t, strings.ToLower(provider+"_"+subject), claims["cognito:username"])
	identity := claims["identities"].([]any)[0].(map[string]any)
	require.Equal(t, provider, identity["providerName"])
	require.Equal(t, subject, identity["userId"])
	require.Equal(t, []any{poolID + "_" + provider}, claims["cognito:groups"])
}

func TestSubIsStableAcrossServicesAndCanBeFixed(t *testing.T) {
	t.Parallel()
	sub := func(edit ...func(*mockcognito.Config)) string {
		_, claims := part(t, newBench(t, edit...).tokens().json["id_token"], 1)
		return claims["sub"].(string)
	}
	one := sub()
	require.Equal(t, one, sub())
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-70[0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{12}$`, one)
	const fixed = "807c593c-d0c1-709c-598f-633ec61bcc8b"
	require.Equal(t, fixed, sub(func(c *mockcognito.Config) {
		c.UserPools[0].Subs = map[string]string{provider + "_" + subject: fixed}
	}))
}

func TestUpstreamThatAWSWouldRefuse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.NoError(t, b.kit.Quirks.Switch("allow-loopback-issuer", false))
	q := b.authorize().location.Query()
	require.Equal(t, "invalid_request", q.Get("error"))
	require.Contains(t, q.Get("error_description"), "is not https on port 443 or 80")
}

func TestSkippedVerificationsLetTheSpoiledSignInPass(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*upstream){
		"fed.iss_unchecked": func(u *upstream) { u.claims["iss"] = "https://other.scalekit.com" },
		"fed.aud_unchecked": func(u *upstream) { u.claims["aud"] = "skc_2" },
		"fed.exp_unchecked": func(u *upstream) { u.claims["exp"] = 1 },
		"fed.sig_unchecked": func(u *upstream) {
			u.sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, u.key, "k2", c) }
		},
	}
	for _, id := range slices.Sorted(maps.Keys(cases)) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(cases[id])
			require.Equal(t, "invalid_request", b.signIn().Query().Get("error"))
			_, err := b.kit.Faults.Add(fault.Rule{Fault: id, Times: 1})
			require.NoError(t, err)
			require.NotEmpty(t, b.signIn().Query().Get("code"))
			require.Equal(t, 1, b.kit.Faults.Rules()[0].Fired)
		})
	}
}

func TestSkippedStateChecks(t *testing.T) {
	t.Parallel()
	for id, spoil := range map[string]func(b *bench, u *url.URL){
		"fed.state_replay":               func(b *bench, u *url.URL) { b.get(u.String()) },
		"fed.state_not_bound_to_browser": func(b *bench, _ *url.URL) { b.browser = newBrowser(b.t) },
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			u := b.get(b.authorize().location.String()).location
			spoil(b, u)
			_, err := b.kit.Faults.Add(fault.Rule{Fault: id})
			require.NoError(t, err)
			require.Equal(t, "localhost:3000", b.get(u.String()).location.Host)
		})
	}
}
