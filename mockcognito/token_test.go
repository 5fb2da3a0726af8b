package mockcognito_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose/josetest"
)

const uuidPattern = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`

// Claims, their order and their JSON types.
func TestTokensOfAFederatedUser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	require.Equal(t, "application/json;charset=UTF-8", a.header.Get("Content-Type"))
	require.NotEmpty(t, a.header.Get("X-Amz-Cognito-Request-Id"))
	require.Contains(t, a.header.Get("Cache-Control"), "no-store")
	require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
	require.Len(t, a.json, 5)
	require.Equal(t, 3600.0, a.json["expires_in"])
	require.Equal(t, "Bearer", a.json["token_type"])

	header, _ := part(t, a.json["id_token"], 0)
	require.Regexp(t, `^\{"kid":"(?:[^"\\]|\\/){44}","alg":"RS256"\}$`, header)
	raw, id := part(t, a.json["id_token"], 1)
	require.Contains(t, raw, `"iss":"http:\/\/localhost:`, "slashes are escaped")
	require.Equal(t, []string{
		"at_hash", "sub", "cognito:groups", "email_verified", "iss", "cognito:username", "nonce", "origin_jti", "aud",
		"identities", "token_use", "auth_time", "exp", "iat", "jti", "email",
	}, josetest.Names(t, raw))
	require.Equal(t, map[string]any{
		"at_hash": josetest.HalfHash(a.json["access_token"].(string)), "sub": id["sub"], "cognito:groups": []any{poolID + "_" + provider},
		"email_verified": false, "iss": b.url + "/" + poolID, "cognito:username": provider + "_" + subject, "nonce": "app-nonce",
		"origin_jti": id["origin_jti"], "aud": clientID, "identities": []any{map[string]any{
			"userId": subject, "providerName": provider, "providerType": "OIDC", "issuer": nil, "primary": "true",
			"dateCreated": id["identities"].([]any)[0].(map[string]any)["dateCreated"],
		}},
		"token_use": "id", "auth_time": id["auth_time"], "exp": id["iat"].(float64) + 3600, "iat": id["iat"], "jti": id["jti"], "email": "john@example.com",
	}, id)
	require.Regexp(t, `"dateCreated":"\d{13}"`, raw)

	raw, access := part(t, a.json["access_token"], 1)
	require.Equal(t, []string{
		"sub", "cognito:groups", "iss", "version", "client_id", "origin_jti", "token_use", "scope", "auth_time", "exp", "iat", "jti", "username",
	}, josetest.Names(t, raw))
	require.Equal(t, id["sub"], access["sub"])
	require.Equal(t, 2.0, access["version"])
	require.Equal(t, "email openid", access["scope"])
	require.Equal(t, id["origin_jti"], access["origin_jti"])
	require.NotEqual(t, id["jti"], access["jti"])
	require.Regexp(t, "^"+uuidPattern+"$", access["jti"])

	idHeader, _ := part(t, a.json["id_token"], 0)
	accessHeader, _ := part(t, a.json["access_token"], 0)
	require.NotEqual(t, idHeader, accessHeader, "two keys")

	refresh := a.json["refresh_token"].(string)
	require.True(t, strings.HasPrefix(refresh, "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ."), refresh)
	jwe, err := jose.ParseEncryptedCompact(refresh, []jose.KeyAlgorithm{jose.RSA_OAEP}, []jose.ContentEncryption{jose.A256GCM})
	require.NoError(t, err)
	key, err := fixedKeys{}.RSA("cognito/" + poolID + "/refresh")
	require.NoError(t, err)
	_, err = jwe.Decrypt(key)
	require.NoError(t, err)
}

func TestTokensVerifyWithThePublishedKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal([]byte(b.get("/"+poolID+"/.well-known/jwks.json").body), &set))
	for _, name := range []string{"id_token", "access_token"} {
		parsed, err := jose.ParseSignedCompact(a.json[name].(string), []jose.SignatureAlgorithm{jose.RS256})
		require.NoError(t, err)
		keys := set.Key(parsed.Signatures[0].Header.KeyID)
		require.Len(t, keys, 1)
		_, err = parsed.Verify(keys[0].Key)
		require.NoError(t, err)
	}
}

func TestScopesAndTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens("scope", "openid")
	_, id := part(t, a.json["id_token"], 1)
	for _, name := range []string{"email", "email_verified", "given_name", "family_name", "name"} {
		require.Contains(t, id, name, "openid alone shows all that the client can read")
	}
	a = b.tokens("scope", "openid profile")
	_, id = part(t, a.json["id_token"], 1)
	require.NotContains(t, id, "email")
	require.Equal(t, "John", id["name"])
	a = b.tokens("scope", "email")
	require.NotContains(t, a.json, "id_token", "no openid, no ID token")
	a = b.tokens("scope", "")
	_, access := part(t, a.json["access_token"], 1)
	require.Equal(t, "email openid phone profile", access["scope"], "no scope means all of the client")
	a = b.tokens("resource", "https://api.example.com")
	_, access = part(t, a.json["access_token"], 1)
	require.Equal(t, "https://api.example.com", access["aud"])
}

func TestImplicitFlow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := b.signIn("client_id", "implicit", "response_type", "token")
	require.Empty(t, u.RawQuery)
	q, err := url.ParseQuery(u.EscapedFragment())
	require.NoError(t, err)
	require.Equal(t, "Bearer", q.Get("token_type"))
	require.Equal(t, "3600", q.Get("expires_in"))
	require.Equal(t, "app-state", q.Get("state"))
	require.NotEmpty(t, q.Get("id_token"))
	require.NotEmpty(t, q.Get("access_token"))
	require.False(t, q.Has("refresh_token"))
}

func TestNonceTrap(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, first := part(t, b.tokens("nonce", "").json["id_token"], 1)
	require.Len(t, first["nonce"], 171)
	_, second := part(t, b.tokens("nonce", "").json["id_token"], 1)
	require.NotContains(t, second, "nonce")
	_, third := part(t, b.tokens("nonce", "mine").json["id_token"], 1)
	require.Equal(t, "mine", third["nonce"])
}

func TestSessionIsReusedForAnHour(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	require.Equal(t, "localhost:3000", b.authorize().location.Host)
	require.Equal(t, "localhost:3000", b.authorize("login_hint", "jane@example.org").location.Host, "another hint changes nothing")
	require.Equal(t, "localhost:3000", b.authorize("identity_provider", "").location.Host)
	require.NotEqual(t, "localhost:3000", b.authorize("prompt", "login").location.Host)
	require.Equal(t, "localhost:3000", b.authorize("prompt", "none").location.Host)
	b.kit.Env.Advance(59 * time.Minute)
	require.Equal(t, "localhost:3000", b.authorize().location.Host)
	b.kit.Env.Advance(time.Minute)
	require.NotEqual(t, "localhost:3000", b.authorize().location.Host, "reuse does not extend it")
}

func TestTokenEndpointErrors(t *testing.T) {
	t.Parallel()
	const bare = `{"error":"invalid_grant"}`
	for name, tc := range map[string]struct {
		request func(b *bench) answer
		want    string
	}{
		"wrong secret":   {func(b *bench) answer { return b.exchange("x", "client_secret", "wrong") }, `{"error":"invalid_client","error_description":"invalid_client_secret"}`},
		"no secret":      {func(b *bench) answer { return b.exchange("x", "client_secret", "") }, `{"error":"invalid_client","error_description":"invalid_client_secret"}`},
		"unknown client": {func(b *bench) answer { return b.exchange("x", "client_id", "nobody") }, `{"error":"invalid_client"}`},
		"no client":      {func(b *bench) answer { return b.exchange("x", "client_id", "") }, `{"error":"invalid_request"}`},
		"unknown code":   {func(b *bench) answer { return b.exchange("x") }, bare},
		"no code":        {func(b *bench) answer { return b.exchange("") }, `{"error":"invalid_request"}`},
		"no redirect_uri": {func(b *bench) answer {
			return b.exchange(b.signIn().Query().Get("code"), "redirect_uri", "")
		}, `{"error":"invalid_request"}`},
		"used code": {func(b *bench) answer {
			code := b.signIn().Query().Get("code")
			require.Equal(b.t, 200, b.exchange(code).status)
			return b.exchange(code)
		}, bare},
		"code after five minutes": {func(b *bench) answer {
			code := b.signIn().Query().Get("code")
			b.kit.Env.Advance(5 * time.Minute)
			return b.exchange(code)
		}, bare},
		"other redirect_uri": {func(b *bench) answer {
			return b.exchange(b.signIn().Query().Get("code"), "redirect_uri", callback+"/")
		}, `{"error":"unauthorized_client","error_description":"invalid_redirect"}`},
		"no verifier": {func(b *bench) answer {
			return b.exchange(b.signIn("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256").Query().Get("code"))
		}, bare},
		"wrong verifier": {func(b *bench) answer {
			return b.exchange(b.signIn("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256").Query().Get("code"), "code_verifier", "wrong")
		}, bare},
		"another client's code": {func(b *bench) answer {
			return b.exchange(b.signIn().Query().Get("code"), "client_id", publicID, "client_secret", "")
		}, bare},
		"no grant_type":      {func(b *bench) answer { return b.exchange("x", "grant_type", "") }, `{"error":"invalid_request"}`},
		"unknown grant_type": {func(b *bench) answer { return b.exchange("x", "grant_type", "password") }, `{"error":"unsupported_grant_type"}`},
		"client_credentials": {func(b *bench) answer { return b.exchange("x", "grant_type", "client_credentials") }, `{"error":"unauthorized_client"}`},
		"unknown refresh token": {func(b *bench) answer {
			return b.exchange("", "grant_type", "refresh_token", "refresh_token", "x")
		}, bare},
		"a parameter twice": {func(b *bench) answer {
			return b.post("/oauth2/token", url.Values{"grant_type": {"authorization_code", "authorization_code"}, "client_id": {clientID}, "client_secret": {secret}})
		}, `{"error":"invalid_request"}`},
		"JSON body": {func(b *bench) answer {
			return b.post("/oauth2/token", nil, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") })
		}, `{"error":"invalid_request"}`},
		"two client ids": {func(b *bench) answer {
			return b.post("/oauth2/token", url.Values{"client_id": {publicID}}, basic(clientID, secret))
		}, `{"error":"invalid_request"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := tc.request(newBench(t))
			require.Equal(t, http.StatusBadRequest, a.status)
			require.JSONEq(t, tc.want, a.raw)
			require.Equal(t, "application/json;charset=UTF-8", a.header.Get("Content-Type"))
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := func(id string) string { return b.signIn("client_id", id).Query().Get("code") }
	grant := func(code string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	}
	require.Equal(t, 200, b.post("/oauth2/token", grant(code(clientID)), basic(clientID, secret)).status, "client_secret_basic")
	require.Equal(t, 200, b.exchange(code(clientID)).status, "client_secret_post")
	require.Equal(t, 200, b.exchange(code(publicID), "client_id", publicID, "client_secret", "").status, "public client")
}

func TestGetOnTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	p := newBench(t).get("/oauth2/token")
	require.Equal(t, http.StatusMethodNotAllowed, p.status)
	require.Contains(t, p.header.Get("Allow"), "POST")
}

func TestCodeHasOneWinner(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	code := b.signIn().Query().Get("code")
	require.Regexp(t, regexp.MustCompile("^"+uuidPattern+"$"), code)
	var wins, losses int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			a := b.exchange(code)
			mu.Lock()
			defer mu.Unlock()
			if a.status == 200 {
				wins++
			} else {
				losses++
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, wins)
	require.Equal(t, 15, losses)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.tokens()
	_, before := part(t, first.json["id_token"], 1)
	b.kit.Env.Advance(2 * time.Hour)
	b.upstream.change(func(u *upstream) { u.token = func(http.ResponseWriter) bool { panic("the provider is not asked") } })
	refresh := func() answer {
		return b.exchange("", "grant_type", "refresh_token", "refresh_token", first.json["refresh_token"].(string), "redirect_uri", "")
	}
	a := refresh()
	require.Equal(t, 200, a.status, a.raw)
	require.NotContains(t, a.json, "refresh_token")
	_, after := part(t, a.json["id_token"], 1)
	for _, same := range []string{"sub", "auth_time", "origin_jti", "cognito:username", "email"} {
		require.Equal(t, before[same], after[same], same)
	}
	for _, other := range []string{"iat", "exp", "jti", "at_hash"} {
		require.NotEqual(t, before[other], after[other], other)
	}
	require.NotContains(t, after, "nonce")
	require.Equal(t, 200, refresh().status, "the token stays valid")
	wrong := b.exchange("", "grant_type", "refresh_token", "refresh_token", first.json["refresh_token"].(string), "client_id", publicID, "client_secret", "")
	require.JSONEq(t, `{"error":"invalid_grant"}`, wrong.raw)
	b.kit.Env.Advance(30 * 24 * time.Hour)
	require.JSONEq(t, `{"error":"invalid_grant"}`, refresh().raw)
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	_, id := part(t, a.json["id_token"], 1)
	info := b.userInfo(a.json["access_token"].(string))
	require.Equal(t, 200, info.status)
	require.Equal(t, `{"sub":"`+id["sub"].(string)+`","email_verified":"false","email":"john@example.com","username":"`+provider+"_"+subject+`"}`, info.raw)
	require.Equal(t, "application/json;charset=UTF-8", info.header.Get("Content-Type"))
	require.Equal(t, "DENY", info.header.Get("X-Frame-Options"))
	require.Empty(t, info.header.Get("Strict-Transport-Security"), "never on localhost")

	info = b.userInfo(b.tokens("scope", "openid").json["access_token"].(string))
	require.Equal(t, "Doe", info.json["family_name"])
	require.Contains(t, info.json["identities"], `"primary":true,"dateCreated":1`)

	require.NoError(t, b.kit.Quirks.Switch("userinfo-string-booleans", false))
	require.Equal(t, false, b.userInfo(a.json["access_token"].(string)).json["email_verified"])
}

func TestUserInfoErrors(t *testing.T) {
	t.Parallel()
	const gone = `error="invalid_token", error_description="Access token is expired, disabled, or deleted, or the user has globally signed out."`
	for name, tc := range map[string]struct {
		token  func(b *bench) string
		status int
		header string
	}{
		"no token":       {func(*bench) string { return "" }, 400, `error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint"`},
		"rubbish":        {func(*bench) string { return "rubbish" }, 401, gone},
		"ID token":       {func(b *bench) string { return b.tokens().json["id_token"].(string) }, 401, gone},
		"without openid": {func(b *bench) string { return b.tokens("scope", "email").json["access_token"].(string) }, 401, `error="invalid_token", error_description="Access token does not contain openid scope"`},
		"expired": {func(b *bench) string {
			a := b.tokens()
			b.kit.Env.Advance(time.Hour)
			return a.json["access_token"].(string)
		}, 401, gone},
		"another key's": {func(b *bench) string {
			_, claims := part(b.t, b.tokens().json["access_token"], 1)
			return signWith(b.t, jose.RS256, b.upstream.key, "k1", claims)
		}, 401, gone},
		"changed": {func(b *bench) string {
			parts := strings.Split(b.tokens().json["access_token"].(string), ".")
			claims, err := base64.RawURLEncoding.DecodeString(parts[1])
			require.NoError(b.t, err)
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "email openid", "openid", 1)))
			return strings.Join(parts, ".")
		}, 401, gone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			a := b.userInfo(tc.token(b))
			require.Equal(t, tc.status, a.status)
			require.Equal(t, tc.header, a.header.Get("WWW-Authenticate"))
			require.Contains(t, tc.header, a.json["error_description"])
		})
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.tokens()
	auth := func(form url.Values) url.Values {
		form.Set("client_id", clientID)
		form.Set("client_secret", secret)
		return form
	}
	revoke := func(token string) answer { return b.post("/oauth2/revoke", auth(url.Values{"token": {token}})) }
	require.JSONEq(t, `{"error":"unsupported_token_type"}`, revoke(a.json["access_token"].(string)).raw)
	require.JSONEq(t, `{"error":"invalid_request"}`, revoke("").raw)
	refused := b.post("/oauth2/revoke", url.Values{"token": {"x"}, "client_id": {clientID}, "client_secret": {"wrong"}})
	require.Equal(t, http.StatusUnauthorized, refused.status)
	require.JSONEq(t, `{"error":"invalid_client"}`, refused.raw)
	off := b.post("/oauth2/revoke", url.Values{"token": {"x"}, "client_id": {"norevoke"}, "client_secret": {secret}})
	require.Equal(t, 400, off.status)
	require.JSONEq(t, `{"error":"invalid_request"}`, off.raw)

	require.Equal(t, 200, b.userInfo(a.json["access_token"].(string)).status)
	for range 2 { // the second time it is unknown, which is no error
		done := revoke(a.json["refresh_token"].(string))
		require.Equal(t, 200, done.status)
		require.Empty(t, done.raw)
	}
	require.Equal(t, 401, b.userInfo(a.json["access_token"].(string)).status)
	again := b.exchange("", "grant_type", "refresh_token", "refresh_token", a.json["refresh_token"].(string))
	require.JSONEq(t, `{"error":"invalid_grant"}`, again.raw)
}

func TestLogout(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	out := url.QueryEscape("http://localhost:3000/")
	p := b.get("/logout?client_id=" + clientID + "&logout_uri=" + url.QueryEscape("http://localhost:3000/x"))
	require.Equal(t, "/error?client_id="+clientID+"&logout_uri=http%3A%2F%2Flocalhost%3A3000%2Fx", p.raw)
	p = b.get(p.location.String())
	require.Equal(t, 400, p.status)
	require.Contains(t, p.body, "--signout")
	require.Equal(t, "localhost:3000", b.authorize().location.Host, "still signed in")

	p = b.get("/logout?client_id=" + clientID + "&logout_uri=" + out + "&redirect_uri=" + url.QueryEscape(callback) + "&response_type=code")
	require.Equal(t, "http://localhost:3000/", p.raw, "logout_uri wins")
	require.NotEqual(t, "localhost:3000", b.authorize().location.Host, "asked again")

	p = b.get("/logout?client_id=" + clientID + "&redirect_uri=" + url.QueryEscape(callback) + "&response_type=code&state=s")
	require.Equal(t, "/login?client_id="+clientID+"&redirect_uri="+url.QueryEscape(callback)+"&response_type=code&state=s&scope=openid+email+phone+profile", p.raw)
	require.Equal(t, 200, b.get(p.location.String()).status)

	p = b.get("/logout?client_id=" + clientID)
	require.Contains(t, p.raw, "Required+String+parameter+%27redirect_uri%27+is+not+present")
}

func TestPreflightOfBrowserApps(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke", "/"} {
		req, err := http.NewRequest(http.MethodOptions, b.url+path, nil)
		require.NoError(t, err)
		req.Header.Set("Origin", "http://localhost:5173")
		req.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		a := b.do(req)
		require.Equal(t, 200, a.status)
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, "authorization,content-type", a.header.Get("Access-Control-Allow-Headers"))
	}
}

// Every fault of a document or a token shows in what it spoils.
func TestFaultsOfDocumentsAndTokens(t *testing.T) {
	t.Parallel()
	idToken := func(b *bench, i int) map[string]any {
		_, claims := part(b.t, b.tokens().json["id_token"], i)
		return claims
	}
	document := func(b *bench, name string) map[string]any {
		var doc map[string]any
		require.NoError(b.t, json.Unmarshal([]byte(b.get("/"+poolID+"/.well-known/"+name).body), &doc))
		return doc
	}
	for id, show := range map[string]func(t *testing.T, b *bench){
		"disc.issuer_trailing_slash": func(t *testing.T, b *bench) {
			require.Equal(t, b.url+"/"+poolID+"/", document(b, "openid-configuration")["issuer"])
		},
		"disc.drop_member": func(t *testing.T, b *bench) {
			require.NotContains(t, document(b, "openid-configuration"), "token_endpoint")
		},
		"jwks.empty":      func(t *testing.T, b *bench) { require.Empty(t, document(b, "jwks.json")["keys"]) },
		"idt.kid_unknown": func(t *testing.T, b *bench) { require.Equal(t, "unpublished", idToken(b, 0)["kid"]) },
		"idt.iss_other":   func(t *testing.T, b *bench) { require.Equal(t, "https://issuer.invalid", idToken(b, 1)["iss"]) },
		"idt.aud_other":   func(t *testing.T, b *bench) { require.Equal(t, "anotherclient", idToken(b, 1)["aud"]) },
		"idt.expired": func(t *testing.T, b *bench) {
			claims := idToken(b, 1)
			require.Less(t, claims["exp"], claims["iat"])
		},
		"idt.nonce_wrong": func(t *testing.T, b *bench) { require.NotEqual(t, "app-nonce", idToken(b, 1)["nonce"]) },
		"idt.bad_sig": func(t *testing.T, b *bench) {
			key, err := fixedKeys{}.RSA("cognito/" + poolID + "/id")
			require.NoError(t, err)
			parsed, err := jose.ParseSignedCompact(b.tokens().json["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
			require.NoError(t, err)
			_, err = parsed.Verify(&key.PublicKey)
			require.Error(t, err)
		},
		"token.drop_member": func(t *testing.T, b *bench) { require.NotContains(t, b.tokens().json, "id_token") },
		"uinfo.sub_other": func(t *testing.T, b *bench) {
			a := b.tokens()
			_, claims := part(t, a.json["id_token"], 1)
			require.NotEqual(t, claims["sub"], b.userInfo(a.json["access_token"].(string)).json["sub"])
		},
		"authz.state_truncated": func(t *testing.T, b *bench) { require.Equal(t, "app-stat", b.signIn().Query().Get("state")) },
		"authz.redirect_any": func(t *testing.T, b *bench) {
			require.Equal(t, "/authorize", b.authorize("redirect_uri", "http://localhost:3000/other").location.Path)
		},
		"authz.scope_unchecked": func(t *testing.T, b *bench) {
			require.Equal(t, "/authorize", b.authorize("scope", "openid nonsense").location.Path)
		},
		"pkce.verifier_unchecked": func(t *testing.T, b *bench) {
			code := b.signIn("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256").Query().Get("code")
			require.Equal(t, 200, b.exchange(code, "code_verifier", "wrong").status)
		},
		"code.any_redirect": func(t *testing.T, b *bench) {
			require.Equal(t, 200, b.exchange(b.signIn().Query().Get("code"), "redirect_uri", callback+"/").status)
		},
		"token.secret_unchecked": func(t *testing.T, b *bench) {
			require.Equal(t, 200, b.exchange(b.signIn().Query().Get("code"), "client_secret", "wrong").status)
		},
		"code.reusable": func(t *testing.T, b *bench) {
			code := b.signIn().Query().Get("code")
			require.Equal(t, 200, b.exchange(code).status)
			require.Equal(t, 200, b.exchange(code).status)
		},
		"fed.attempt_never_expires": func(t *testing.T, b *bench) {
			u := b.get(b.authorize().location.String()).location
			b.kit.Env.Advance(6 * time.Minute)
			require.Equal(t, "localhost:3000", b.get(u.String()).location.Host)
		},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			at := map[string]string{"disc": "cognito.discovery.document", "jwks": "cognito.keys.document"}[strings.Split(id, ".")[0]]
			_, err := b.kit.Faults.Add(fault.Rule{Fault: id, At: at})
			require.NoError(t, err)
			show(t, b)
		})
	}
}
