package mockscalekit_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	xoauth2 "golang.org/x/oauth2"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockscalekit"
)

// A client made of coreos/go-oidc and x/oauth2 signs in with state, nonce and PKCE.
func TestSignInWithGoOIDC(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, s.env)
	require.NoError(t, err)
	for _, style := range []xoauth2.AuthStyle{xoauth2.AuthStyleInHeader, xoauth2.AuthStyleInParams} {
		endpoint := provider.Endpoint()
		endpoint.AuthStyle = style
		client := xoauth2.Config{ClientID: clientID, ClientSecret: s.secret(), Endpoint: endpoint, RedirectURL: callback, Scopes: []string{"openid", "email", "profile"}}
		verifier := xoauth2.GenerateVerifier()
		b := newBrowser(t)
		p := b.submit(b.get(client.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), xoauth2.S256ChallengeOption(verifier), xoauth2.SetAuthURLParam("login_hint", "jane@example.com"))))
		require.True(t, p.atApp, p.body)
		require.Equal(t, "state-1", p.url.Query().Get("state"))

		token, err := client.Exchange(ctx, p.url.Query().Get("code"), xoauth2.VerifierOption(verifier))
		require.NoError(t, err)
		raw, _ := token.Extra("id_token").(string)
		idToken, err := provider.Verifier(&oidc.Config{ClientID: clientID, Now: s.kit.Env.Now}).Verify(ctx, raw)
		require.NoError(t, err)
		require.Equal(t, "nonce-1", idToken.Nonce)
		require.NoError(t, idToken.VerifyAccessToken(token.AccessToken))
		info, err := provider.UserInfo(ctx, xoauth2.StaticTokenSource(&xoauth2.Token{AccessToken: token.AccessToken}))
		require.NoError(t, err)
		require.Equal(t, idToken.Subject, info.Subject)
		require.Equal(t, "jane@example.com", info.Email)
	}
}

// Header, claims, their order and types are those of tokens seen from the real service.
func TestTokensExactly(t *testing.T) {
	t.Parallel()
	s := start(t)
	q := s.signIn("nonce", "n-1")
	require.Equal(t, "the-state-of-the-app", q.Get("state"))
	require.GreaterOrEqual(t, len(q.Get("code")), 50)
	a := s.redeem(q.Get("code"))
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Regexp(t, `^\{"access_token":"[^"]+","token_type":"Bearer","expires_in":899,"id_token":"[^"]+"\}$`, a.body)
	tokens := a.json(t)

	require.Regexp(t, `^\{"alg":"RS256","kid":"snk_\d{17}","typ":"JWT"\}$`, part(t, tokens["id_token"], 0))
	iat := fixed().Unix()
	hash := `"[A-Za-z0-9_-]{22}"`
	require.Regexp(t, "^"+regexp.QuoteMeta(`{"amr":["`+testConn+`"],"at_hash":`)+hash+
		regexp.QuoteMeta(`,"aud":["`+clientID+`"],"azp":"`+clientID+`","c_hash":`)+hash+
		regexp.QuoteMeta(fmt.Sprintf(`,"client_id":"%s","email":"john@example.com","exp":%d,"family_name":"Doe","given_name":"John","iat":%d,"iss":"%s","nonce":"n-1","oid":"org_60040666100000001","preferred_username":"john@example.com","sid":"`, clientID, iat+259200, iat, s.env))+
		`ses_\d+`+regexp.QuoteMeta(`","sub":"`+johnSub+`"}`)+"$", part(t, tokens["id_token"], 1))
	require.Regexp(t, "^"+regexp.QuoteMeta(fmt.Sprintf(`{"iss":"%s","sub":"%s","aud":["%s"],"exp":%d,"iat":%d,"nbf":%d,"client_id":"%s","jti":"`, s.env, johnSub, clientID, iat+900, iat, iat, clientID))+
		`tkn_\d+"\}$`, part(t, tokens["access_token"], 1))

	info := s.userinfo(tokens["access_token"].(string))
	require.Equal(t, http.StatusOK, info.status)
	require.Equal(t, `{"email":"john@example.com","family_name":"Doe","given_name":"John","oid":"org_60040666100000001","preferred_username":"john@example.com","sub":"`+johnSub+`"}`, info.body)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.env+"/userinfo", strings.NewReader(url.Values{"access_token": {tokens["access_token"].(string)}}.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, info.body, do(t, req).body)
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	s := start(t)
	keys := fetch(t, s.env+"/keys")
	require.Regexp(t, `^\{"keys":\[\{"use":"sig","kty":"RSA","kid":"snk_\d{17}","alg":"RS256","n":"[A-Za-z0-9_-]{342}","e":"AQAB"\}\]\}$`, keys.body)
	doc := fetch(t, s.env+"/.well-known/openid-configuration")
	require.True(t, strings.HasPrefix(doc.body, `{"issuer":"`+s.env+`","authorization_endpoint":"`+s.env+`/oauth/authorize","token_endpoint":`), doc.body)
	require.NotContains(t, doc.body, "introspection")
	require.NotContains(t, doc.body, "offline_access")
	require.Equal(t, doc.body, fetch(t, s.env+"/.well-known/oauth-authorization-server").body)
	require.Equal(t, "mock", doc.header.Get("X-Ssolab"))

	unknown := fetch(t, s.env+"/api/v1/roles")
	require.Equal(t, http.StatusNotImplemented, unknown.status)
	require.Contains(t, unknown.json(t)["message"], "does not model GET /api/v1/roles")
	require.Equal(t, http.StatusUnauthorized, fetch(t, s.env+"/api/v1/organizations").status)
	require.Equal(t, http.StatusNotFound, fetch(t, s.env+"/nothing").status)
	require.Equal(t, http.StatusMethodNotAllowed, fetch(t, s.env+"/oauth/token").status)
}

func TestScopeGating(t *testing.T) {
	t.Parallel()
	s := start(t)
	names := func(scope string) (idToken, userinfo map[string]any) {
		tokens := s.redeem(s.signIn("scope", scope).Get("code")).json(t)
		return claimsOf(t, tokens["id_token"]), s.userinfo(tokens["access_token"].(string)).json(t)
	}
	id, info := names("openid")
	for _, claims := range []map[string]any{id, info} {
		require.Contains(t, claims, "sub")
		require.NotContains(t, claims, "email")
		require.NotContains(t, claims, "given_name")
	}
	_, info = names("openid email offline_access unknown")
	require.Contains(t, info, "email")
	require.NotContains(t, info, "given_name")

	require.NoError(t, s.kit.Quirks.Switch("scalekit-scope-gating", false))
	id, info = names("openid")
	require.Equal(t, "john@example.com", id["email"])
	require.Equal(t, "John", info["given_name"])
}

// The sign-in reads as one story, under one id, with each hop of both parties.
func TestTraceReadsWell(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.redeem(s.signIn().Get("code"))
	signIns := s.kit.Trace.SignIns()
	require.Len(t, signIns, 1)
	v := signIns[0].View()
	require.Equal(t, trace.Completed, v.Outcome)
	require.Equal(t, "john@example.com", v.Email)
	require.Equal(t, clientID, v.ClientID)
	points, notes := map[string]bool{}, ""
	for _, hop := range v.Hops {
		points[hop.Point] = true
		notes += strings.Join(hop.Notes, "\n") + "\n"
	}
	for _, want := range []string{"scalekit.authorize", "idp.discovery", "idp.authorize", "idp.login", "scalekit.callback", "idp.token", "idp.keys", "idp.userinfo", "scalekit.token"} {
		require.True(t, points[want], "no hop %s in %v", want, points)
	}
	require.Contains(t, notes, "routed john@example.com by domain example.com to "+testConn+" (Test Organization)")
	require.Contains(t, notes, "verified the IdP's ID token with key ")

	newBrowser(t).get(s.authorizeURL("login_hint", "a@nowhere.test"))
	failed := s.kit.Trace.SignIns()[0]
	require.Equal(t, trace.Failed, failed.Outcome)
	require.Equal(t, `Scalekit could not route a@nowhere.test by domain nowhere.test: no organization has the verified domain "nowhere.test". `+
		`Domains that route: example.com, example.org, megasoft.org. Use one of these, or add and verify the domain.`, failed.Failure)
}

func TestResetRestoresTheConfiguredState(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	open := b.get(s.authorizeURL())
	require.NoError(t, s.kit.Store.Clear(t.Context()))
	require.NoError(t, s.server.Reset(t.Context()))
	require.Equal(t, http.StatusBadRequest, b.submit(open).status, "a sign-in under way is forgotten")
	require.NotEmpty(t, s.signIn().Get("code"))
}

// A server without a kit makes one of its own.
func TestOwnKit(t *testing.T) {
	t.Parallel()
	server, err := mockscalekit.New(mockscalekit.Config{URL: "http://localhost:9402", IdPURL: "http://localhost:9404"})
	require.NoError(t, err)
	require.IsType(t, &lab.Env{}, server.Kit().Env)
	require.NoError(t, server.Close())
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 8 {
		email := fmt.Sprintf("person%d@example.org", i)
		t.Run(email, func(t *testing.T) {
			t.Parallel()
			s := s.with(t)
			a := s.redeem(s.signIn("login_hint", email, "state", fmt.Sprintf("state-of-%d", i)).Get("code"))
			require.Equal(t, email, claimsOf(t, a.json(t)["id_token"])["email"])
		})
	}
	for i := range 4 { // one person, four times within one TOTP step
		t.Run(fmt.Sprintf("mfa%d", i), func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, s.with(t).signIn("login_hint", "john@megasoft.org").Get("code"))
		})
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s := start(t)
	code := s.signIn().Get("code")
	s.kit.Env.Advance(10*time.Minute - time.Second)
	tokens := s.redeem(code).json(t)
	access := tokens["access_token"].(string)
	s.kit.Env.Advance(15*time.Minute - time.Second)
	require.Equal(t, http.StatusOK, s.userinfo(access).status)
	s.kit.Env.Advance(time.Second)
	require.Equal(t, answerOf(http.StatusUnauthorized, "access token invalid\n"), answerWithout(s.userinfo(access)))
	require.Equal(t, answerOf(http.StatusUnauthorized, "access token missing\n"), answerWithout(s.userinfo("")))

	code = s.signIn().Get("code")
	s.kit.Env.Advance(10 * time.Minute)
	require.Equal(t, "invalid_grant", s.redeem(code).json(t)["error"])

	b := newBrowser(t)
	p := b.get(s.authorizeURL())
	s.kit.Env.Advance(time.Hour)
	p = b.submit(p)
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Contains(t, byTestID(t, p, "error-sentence"), "has expired")
}

func answerOf(status int, body string) answer { return answer{status: status, body: body} }

func answerWithout(a answer) answer { return answer{status: a.status, body: a.body} }

func TestLogout(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *mockscalekit.Config) {
		c.Environment.Clients[0].PostLogoutRedirectURIs = []string{"http://app.test/bye"}
	})
	idToken := s.redeem(s.signIn().Get("code")).json(t)["id_token"].(string)
	u := func(pairs ...string) string {
		q := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return s.env + "/oidc/logout?" + q.Encode()
	}
	s.kit.Env.Advance(100 * time.Hour) // an expired hint is good enough
	p := newBrowser(t).get(u("id_token_hint", idToken, "post_logout_redirect_uri", "http://app.test/bye", "state", "s1"))
	require.Equal(t, "http://app.test/bye?state=s1", p.url.String())
	require.Equal(t, http.StatusOK, newBrowser(t).get(u()).status)
	for _, bad := range []string{
		u("id_token_hint", idToken, "post_logout_redirect_uri", "http://app.test/other"),
		u("post_logout_redirect_uri", "http://app.test/bye"),
	} {
		a := fetch(t, bad)
		require.Equal(t, http.StatusBadRequest, a.status)
		require.Equal(t, "post_logout_redirect_uri invalid", a.json(t)["error_description"])
	}
	require.Equal(t, "id_token_hint invalid", fetch(t, u("id_token_hint", idToken+"x")).json(t)["error_description"])
}
