package conformance_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

func TestJourney(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	j, err := op.run(t, func(f *conformance.Flow) {
		f.Target.Provider.IdentityProvider = "Router"
		f.Extra = url.Values{"lang": {"de"}}
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"sub":"s1","email_verified":"false"}`, string(j.UserInfo))
	require.Equal(t, "k1", j.IDToken.KeyID)
	require.Contains(t, string(j.IDToken.Claims), `"sub":"s1"`)
	require.Equal(t, "basic web s3cret%3A", op.auth) // form-encoded before Basic, RFC 6749 section 2.3.1
	require.Equal(t, url.Values{"email": {"john@example.com"}, "go": {"1"}}, op.posted)

	want := url.Values{
		"fixed": {"1"}, "response_type": {"code"}, "client_id": {"web"}, "redirect_uri": {"http://localhost:1/cb"},
		"scope": {"openid email"}, "login_hint": {"john@example.com"}, "identity_provider": {"Router"}, "lang": {"de"},
		"state": {j.State}, "nonce": {j.Nonce}, "code_challenge": op.request["code_challenge"], "code_challenge_method": {"S256"},
	}
	require.Equal(t, want, op.request)

	hops := []conformance.Hop{
		{Method: "GET", URL: j.AuthorizeURL, Status: 302, Location: "/login"},
		{Method: "GET", URL: op.URL + "/login", Status: 200, Title: "Continue"},
		{Method: "POST", URL: op.URL + "/done", Fields: []string{"email", "go"}, Status: 303, Location: j.Visit.Callback},
	}
	require.Equal(t, []conformance.Cookie{{Name: "seen", Value: "1"}}, j.Visit.Hops[0].Cookies)
	require.Contains(t, j.Visit.Hops[1].Page.Reveal(), "<form")
	seen := slices.Clone(j.Visit.Hops)
	for i := range seen {
		seen[i].Cookies, seen[i].Page = nil, ""
	}
	require.Equal(t, hops, seen)
	var back []string
	for _, h := range j.BackChannel {
		back = append(back, h.Method+" "+h.URL)
	}
	require.Equal(t, []string{"GET " + op.URL + "/.well-known/openid-configuration", "POST " + op.URL + "/token", "GET " + op.URL + "/keys", "GET " + op.URL + "/userinfo"}, back)
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		client conformance.Client
		want   string
	}{
		"post":   {conformance.Client{ID: "web", Secret: "x", Auth: conformance.AuthPost}, "post web x"},
		"public": {conformance.Client{ID: "web"}, "post web "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newFakeOP(t)
			_, err := op.run(t, func(f *conformance.Flow) {
				c.client.RedirectURI = f.Target.Client.RedirectURI
				f.Target.Client = c.client
			})
			require.NoError(t, err)
			require.Equal(t, c.want, op.auth)
			require.Equal(t, "openid", op.request.Get("scope"))
		})
	}
}

func TestWhatAFlowRefuses(t *testing.T) {
	t.Parallel()
	claim := func(name string, value any) func(*fakeOP) {
		return func(op *fakeOP) { op.claims = func(c map[string]any) { c[name] = value } }
	}
	for name, c := range map[string]struct {
		spoil      func(*fakeOP)
		step, want string
	}{
		"other iss":       {claim("iss", "https://other"), "id_token", `iss is "https://other"`},
		"other aud":       {claim("aud", []string{"a", "b"}), "id_token", `aud is ["a" "b"]`},
		"no azp":          {claim("aud", []string{"web", "b"}), "id_token", `azp is ""`},
		"other azp":       {claim("azp", "b"), "id_token", `azp is "b"`},
		"expired":         {claim("exp", noon.Add(-time.Hour).Unix()), "id_token", "expired at 2026-11-01T11:00:00Z"},
		"exp is a string": {claim("exp", "soon"), "id_token", "a time must be a number"},
		"from the future": {claim("iat", noon.Add(time.Hour).Unix()), "id_token", "issued at"},
		"not yet valid":   {claim("nbf", noon.Add(time.Hour).Unix()), "id_token", "valid from"},
		"no exp":          {func(op *fakeOP) { op.claims = func(c map[string]any) { delete(c, "exp") } }, "id_token", "lacks exp"},
		"other nonce":     {claim("nonce", "x"), "id_token", `nonce is "x"`},
		"no sub":          {claim("sub", ""), "id_token", "has no sub"},
		"other at_hash":   {claim("at_hash", "x"), "id_token", `at_hash is "x"`},
		"unknown kid":     {func(op *fakeOP) { op.kid = "k9" }, "id_token", `key "k9", which the JWK Set does not have; it has k1`},
		"HMAC":            {func(op *fakeOP) { op.alg = jose.HS256 }, "id_token", "is no JWS signed with"},
		"no id_token":     {func(op *fakeOP) { op.token = func(a map[string]any) { delete(a, "id_token") } }, "id_token", "no id_token"},
		"no access_token": {func(op *fakeOP) { op.token = func(a map[string]any) { delete(a, "access_token") } }, "exchange", "no access_token"},
		"mac token":       {func(op *fakeOP) { op.token = func(a map[string]any) { a["token_type"] = "mac" } }, "exchange", `token_type is "mac"`},
		"wrong code":      {func(op *fakeOP) { op.callback = func(q url.Values) { q.Set("code", "c2") } }, "exchange", `answered 400: "invalid_grant: no such code"`},
		"wrong state":     {func(op *fakeOP) { op.callback = func(q url.Values) { q.Set("state", "x") } }, "callback", `the state "x"`},
		"no code":         {func(op *fakeOP) { op.callback = func(q url.Values) { q.Del("code") } }, "callback", "neither a code nor an error"},
		"error":           {func(op *fakeOP) { op.callback = func(q url.Values) { q.Set("error", "access_denied") } }, "callback", `the error "access_denied"`},
		"other userInfo":  {func(op *fakeOP) { op.userInfo = func(m map[string]any) { m["sub"] = "s2" } }, "userinfo", `sub of userInfo is "s2"`},
		"token at userInfo": {func(op *fakeOP) {
			op.token = func(a map[string]any) { a["access_token"] = "at-2" }
			op.claims = func(c map[string]any) { delete(c, "at_hash") }
		}, "userinfo", `answered 401: "invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newFakeOP(t)
			c.spoil(op)
			j, err := op.run(t)
			require.ErrorContains(t, err, c.want)
			var step *conformance.StepError
			require.ErrorAs(t, err, &step)
			require.Equal(t, c.step, step.Step)
			require.False(t, step.Undecided)
			require.NotEmpty(t, j.Visit.Hops)
		})
	}
}

func TestSpoiledSignature(t *testing.T) {
	t.Parallel()
	op, other := newFakeOP(t), newFakeOP(t)
	op.token = func(a map[string]any) {
		other.request = op.request
		a["id_token"] = other.sign(map[string]any{"iss": op.URL, "sub": "s1", "aud": "web"})
	}
	_, err := op.run(t)
	require.ErrorContains(t, err, `signature does not verify with key "k1"`)
}

func TestOtherIssuerInDiscovery(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	_, err := op.run(t, func(f *conformance.Flow) { f.Target.Issuer = op.URL + "/" })
	require.ErrorContains(t, err, "names the issuer")
}

func TestUnreachableIsUndecided(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	target := op.target()
	op.Close()
	_, err := (&conformance.Flow{Target: target}).Run(t.Context())
	var step *conformance.StepError
	require.ErrorAs(t, err, &step)
	require.True(t, step.Undecided)
	require.Equal(t, conformance.StepDiscovery, step.Step)
}

func TestWithoutNonceAndPKCE(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	op.claims = func(c map[string]any) { c["nonce"] = "made by the provider" }
	j, err := op.run(t, func(f *conformance.Flow) { f.NoNonce, f.NoPKCE = true, true })
	// The fake provider insists on PKCE, so the flow ends at the exchange; what it sent is the point.
	require.ErrorContains(t, err, "invalid_grant")
	require.False(t, op.request.Has("nonce"))
	require.False(t, op.request.Has("code_challenge"))
	require.Empty(t, j.Nonce)
}

func TestTokensHideThemselves(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	j, err := op.run(t)
	require.NoError(t, err)
	b, err := json.Marshal(j.Tokens)
	require.NoError(t, err)
	require.NotContains(t, string(b), "at-1")
	require.Contains(t, string(j.Tokens.Raw()), "at-1")
	require.Equal(t, "at-1", j.Tokens.AccessToken.Reveal())
}

func TestStuckIsNotUndecided(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	op.page = `<h1>Sign in</h1><p data-error="unknown_user">There is no such user.</p>`
	_, err := op.run(t)
	var stuck *conformance.StuckError
	require.True(t, errors.As(err, &stuck))
	require.Equal(t, "unknown_user", stuck.Code)
	require.Equal(t, `the page has no form to submit: unknown_user: "There is no such user."`, stuck.Reason)
	var step *conformance.StepError
	require.ErrorAs(t, err, &step)
	require.False(t, step.Undecided)
}
