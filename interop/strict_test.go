package interop_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// A relying party as frameworks for servers have it (Spring Security with Nimbus, and others of that strictness): it makes
// of the discovery document what the standard lets it, sends a hashed nonce and S256, and verifies everything of the ID
// token and of userInfo that OpenID Connect Core §3.1.3.7 and §5.3 name.
func TestAStrictRelyingParty(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = ssolab.NamesVendor })
	env := variables(lab)
	client := lab.HTTPClient()
	rp := &strictParty{t: t, client: client, issuer: env["COGNITO_ISSUER"], id: env["COGNITO_CLIENT_ID"], secret: env["COGNITO_CLIENT_SECRET"], callback: env["COGNITO_REDIRECT_URI"], now: lab.Now}
	rp.discover()
	nonce := base64.RawURLEncoding.EncodeToString(hash("a nonce that stays on the server"))
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	q := url.Values{
		"response_type": {"code"}, "client_id": {rp.id}, "redirect_uri": {rp.callback}, "scope": {"openid email profile"}, "state": {"s-._~1="},
		"nonce": {nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(hash(verifier))}, "code_challenge_method": {"S256"},
		"identity_provider": {env["COGNITO_IDENTITY_PROVIDER"]}, "login_hint": {"john@example.com"},
	}
	b := newBrowser(client.Transport)
	answer, err := b.follow(rp.metadata.AuthorizationEndpoint+"?"+q.Encode(), rp.callback)
	require.NoError(t, err)
	require.Equal(t, []string{"s-._~1="}, answer["state"], "once, and as it was sent")
	require.Len(t, answer["code"], 1)
	require.Len(t, answer, 2, "nothing else")

	claims := rp.redeem(answer.Get("code"), verifier)
	require.Equal(t, nonce, claims["nonce"])
	require.Equal(t, "john@example.com", claims["email"])
}

// strictParty is an OAuth client that believes nothing.
type strictParty struct {
	t                            *testing.T
	client                       *http.Client
	issuer, id, secret, callback string
	now                          func() time.Time
	metadata                     providerMetadata
}

type providerMetadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	Scopes                []string `json:"scopes_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
}

func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// ask wants status 200 and a JSON object of the right type.
func (p *strictParty) ask(req *http.Request, into any) http.Header {
	p.t.Helper()
	resp, err := p.client.Do(req)
	require.NoError(p.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, resp.StatusCode, "%s: %s", req.URL, body)
	media, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	require.NoError(p.t, err)
	require.Equal(p.t, "application/json", media)
	require.Contains(p.t, []string{"", "utf-8"}, strings.ToLower(params["charset"]))
	require.NoError(p.t, json.Unmarshal(body, into))
	return resp.Header
}

func (p *strictParty) get(target, bearer string) *http.Request {
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, target, nil)
	require.NoError(p.t, err)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return req
}

// discover reads the provider's metadata (OpenID Connect Discovery §3): required members, of the right types, over TLS.
func (p *strictParty) discover() {
	p.t.Helper()
	p.ask(p.get(p.issuer+"/.well-known/openid-configuration", ""), &p.metadata)
	m := p.metadata
	require.Equal(p.t, p.issuer, m.Issuer)
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint, m.UserInfoEndpoint, m.JWKSURI, m.EndSessionEndpoint, m.RevocationEndpoint} {
		u, err := url.Parse(endpoint)
		require.NoError(p.t, err)
		require.Equal(p.t, "https", u.Scheme)
		require.Empty(p.t, u.Fragment)
	}
	require.Contains(p.t, m.ResponseTypes, "code")
	require.NotEmpty(p.t, m.SubjectTypes)
	require.Contains(p.t, m.Algorithms, "RS256")
	require.NotContains(p.t, m.Algorithms, "none")
	require.Contains(p.t, m.Scopes, "openid")
	require.Contains(p.t, m.AuthMethods, "client_secret_basic")
}

// redeem exchanges the code and verifies all that came.
func (p *strictParty) redeem(code, verifier string) map[string]any {
	p.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.callback}, "code_verifier": {verifier}}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.metadata.TokenEndpoint, strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(p.id), url.QueryEscape(p.secret))
	var tokens struct {
		Access    string `json:"access_token"`
		ID        string `json:"id_token"`
		Refresh   string `json:"refresh_token"`
		Type      string `json:"token_type"`
		ExpiresIn int    `json:"expires_in"`
	}
	header := p.ask(req, &tokens)
	require.Contains(p.t, header.Get("Cache-Control"), "no-store")
	require.Equal(p.t, "no-cache", header.Get("Pragma"))
	require.True(p.t, strings.EqualFold("Bearer", tokens.Type))
	require.Positive(p.t, tokens.ExpiresIn)

	claims := p.verify(tokens.ID)
	require.Equal(p.t, "id", claims["token_use"])
	p.audience(claims)
	half := hash(tokens.Access)[:16]
	require.Equal(p.t, base64.RawURLEncoding.EncodeToString(half), claims["at_hash"])
	access := p.verify(tokens.Access)
	require.Equal(p.t, p.id, access["client_id"])

	var info map[string]any
	p.ask(p.get(p.metadata.UserInfoEndpoint, tokens.Access), &info)
	require.Equal(p.t, claims["sub"], info["sub"], "OIDC Core §5.3.2")
	return claims
}

// audience is OIDC Core §3.1.3.7, steps 3 to 5.
func (p *strictParty) audience(claims map[string]any) {
	p.t.Helper()
	list, ok := claims["aud"].([]any)
	if !ok {
		list = []any{claims["aud"]}
	}
	require.Contains(p.t, list, any(p.id))
	if azp, has := claims["azp"]; has || len(list) > 1 {
		require.Equal(p.t, p.id, azp)
	}
}

// verify checks signature and times with no more than a minute of skew. Keys are taken by kid, and only RS256.
func (p *strictParty) verify(token string) map[string]any {
	p.t.Helper()
	var keys jose.JSONWebKeySet
	p.ask(p.get(p.metadata.JWKSURI, ""), &keys)
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	require.NoError(p.t, err)
	matching := keys.Key(parsed.Signatures[0].Header.KeyID)
	require.Len(p.t, matching, 1)
	require.Equal(p.t, "sig", matching[0].Use)
	payload, err := parsed.Verify(matching[0])
	require.NoError(p.t, err)
	var claims map[string]any
	require.NoError(p.t, json.Unmarshal(payload, &claims))
	require.Equal(p.t, p.issuer, claims["iss"])
	require.NotEmpty(p.t, claims["sub"])
	at := func(name string) time.Time {
		seconds, ok := claims[name].(float64)
		require.True(p.t, ok, "%s is a number", name)
		return time.Unix(int64(seconds), 0)
	}
	const skew = time.Minute
	require.True(p.t, p.now().Before(at("exp").Add(skew)))
	require.True(p.t, at("iat").Before(p.now().Add(skew)))
	require.False(p.t, at("auth_time").After(at("iat")))
	return claims
}
