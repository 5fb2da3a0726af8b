package mockcognito_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
)

// Each quirk that departs from a standard, off and on.
func TestQuirksThatDepartFromAStandard(t *testing.T) {
	t.Parallel()
	userInfoBy := func(b *bench, method, token string) answer {
		req, err := http.NewRequest(method, b.url+"/oauth2/userInfo", nil)
		require.NoError(b.t, err)
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		return b.do(req)
	}
	shows := map[string]func(b *bench) any{ // what is different
		"unrequested-nonce": func(b *bench) any {
			_, claims := part(b.t, b.tokens("nonce", "").json["id_token"], 1)
			return claims["nonce"] != nil
		},
		"userinfo-string-booleans": func(b *bench) any {
			return b.userInfo(b.tokens().json["access_token"].(string)).json["email_verified"] == "false"
		},
		"specific-code-in-description": func(b *bench) any {
			return b.authorize("scope", "nonsense").location.Query().Get("error") == "invalid_request"
		},
		"uuid-codes": func(b *bench) any { return len(b.signIn().Query().Get("code")) == 36 },
		"pkce-not-advertised": func(b *bench) any {
			return !strings.Contains(b.get("/"+poolID+"/.well-known/openid-configuration").body, `"code_challenge_methods_supported":["S256"]`)
		},
		"openid-shows-all": func(b *bench) any {
			a := b.tokens("scope", "openid")
			_, claims := part(b.t, a.json["id_token"], 1)
			info := b.userInfo(a.json["access_token"].(string)).json
			require.Equal(b.t, claims["email"], info["email"])
			return claims["email"] != nil && info["identities"] != nil
		},
		"own-logout-parameters": func(b *bench) any {
			return strings.HasPrefix(b.get("/logout?client_id="+clientID+"&post_logout_redirect_uri="+url.QueryEscape("http://localhost:3000/")).raw, "/error")
		},
		"code-reuse-revokes-nothing": func(b *bench) any {
			code := b.signIn().Query().Get("code")
			first := b.exchange(code)
			require.JSONEq(b.t, `{"error":"invalid_grant"}`, b.exchange(code).raw)
			access, refresh := b.userInfo(first.json["access_token"].(string)).status, b.refresh(first.json["refresh_token"]).status
			require.Equal(b.t, access == 200, refresh == 200)
			return access == 200
		},
		"invalid-client-status-400": func(b *bench) any {
			a := b.exchange("x", "client_secret", "wrong")
			require.Equal(b.t, a.status == 401, a.header.Get("WWW-Authenticate") != "")
			return a.status == 400
		},
		"userinfo-challenge-without-scheme": func(b *bench) any {
			none, bad := b.userInfo(""), b.userInfo("rubbish")
			strict := strings.HasPrefix(bad.header.Get("WWW-Authenticate"), "Bearer ")
			require.Equal(b.t, strict, none.status == 401 && none.header.Get("WWW-Authenticate") == "Bearer")
			return !strict
		},
		"userinfo-get-only": func(b *bench) any {
			return userInfoBy(b, http.MethodPost, b.tokens().json["access_token"].(string)).status == http.StatusMethodNotAllowed
		},
		"max-age-ignored": func(b *bench) any {
			b.signIn()
			b.kit.Env.Advance(time.Minute)
			require.Equal(b.t, "localhost:3000", b.authorize("max_age", "600").location.Host)
			return b.authorize("max_age", "30").location.Host == "localhost:3000"
		},
		"token-response-without-scope": func(b *bench) any {
			a := b.tokens("scope", "")
			if a.json["scope"] != nil {
				require.Equal(b.t, "email openid phone profile", a.json["scope"])
			}
			return a.json["scope"] == nil
		},
	}
	departing := 0
	for _, q := range mockcognito.Quirks() {
		if q.Breaks == "" {
			continue
		}
		departing++
		require.Contains(t, shows, q.ID, "no test shows it")
		t.Run(q.ID, func(t *testing.T) {
			t.Parallel()
			require.True(t, q.Default)
			require.Equal(t, true, shows[q.ID](newBench(t)), "on")
			b := newBench(t)
			require.NoError(t, b.kit.Quirks.Switch(quirk.StrictOIDC, true))
			require.Equal(t, false, shows[q.ID](b), "off")
		})
	}
	require.Len(t, shows, departing, "a quirk of the tests is none of the service")
}

func TestOtherQuirks(t *testing.T) {
	t.Parallel()
	t.Run("failed-exchange-consumes-code", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		require.NoError(t, b.kit.Quirks.Switch("failed-exchange-consumes-code", false))
		code := b.signIn("code_challenge", challenge, "code_challenge_method", "S256").Query().Get("code")
		require.Equal(t, 400, b.exchange(code, "code_verifier", "wrong").status)
		require.Equal(t, 400, b.exchange(code, "code_verifier", verifier, "redirect_uri", callback+"/").status)
		require.Equal(t, 200, b.exchange(code, "code_verifier", verifier).status, "it was good still")
		require.JSONEq(t, `{"error":"invalid_grant"}`, b.exchange(code, "code_verifier", verifier).raw, "and is used now")
	})
	t.Run("email-unverified-by-default", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		require.NoError(t, b.kit.Quirks.Switch("email-unverified-by-default", false))
		require.NotContains(t, b.claims(), "email_verified")
	})
}

func TestRPInitiatedLogout(t *testing.T) {
	t.Parallel()
	out := url.QueryEscape("http://localhost:3000/")
	signedIn := func(t *testing.T) (*bench, string) {
		b := newBench(t)
		require.NoError(t, b.kit.Quirks.Switch("own-logout-parameters", false))
		return b, b.tokens().json["id_token"].(string)
	}
	t.Run("with a hint", func(t *testing.T) {
		t.Parallel()
		b, hint := signedIn(t)
		b.kit.Env.Advance(2 * time.Hour) // expired tokens are hints too
		require.Equal(t, "http://localhost:3000/?state=a%26b", b.get("/logout?id_token_hint="+hint+"&state=a%26b&post_logout_redirect_uri="+out).raw)
		require.Equal(t, "/authorize", b.authorize().location.Path)
	})
	t.Run("without a place to go", func(t *testing.T) {
		t.Parallel()
		b, hint := signedIn(t)
		p := b.get("/logout?id_token_hint=" + hint)
		require.Equal(t, http.StatusOK, p.status)
		require.Contains(t, p.body, "You are signed out.")
		require.Equal(t, "/authorize", b.authorize().location.Path)
	})
	for name, query := range map[string]func(hint string) string{
		"unregistered place": func(hint string) string {
			return "id_token_hint=" + hint + "&post_logout_redirect_uri=https://evil.example/"
		},
		"changed hint": func(hint string) string {
			return "id_token_hint=" + hint[:len(hint)-8] + "AAAAAAAA&post_logout_redirect_uri=" + out
		},
		"another client": func(hint string) string {
			return "client_id=" + publicID + "&id_token_hint=" + hint + "&post_logout_redirect_uri=" + out
		},
		"no client": func(string) string { return "post_logout_redirect_uri=" + out },
		"no token":  func(string) string { return "id_token_hint=rubbish&post_logout_redirect_uri=" + out },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, hint := signedIn(t)
			p := b.get("/logout?" + query(hint))
			require.Equal(t, "/error", p.location.Path)
			require.Equal(t, "localhost:3000", b.authorize().location.Host, "still signed in")
		})
	}
	t.Run("its own parameters work all the same", func(t *testing.T) {
		t.Parallel()
		b, _ := signedIn(t)
		require.Equal(t, "http://localhost:3000/", b.get("/logout?client_id="+clientID+"&logout_uri="+out).raw)
	})
}
