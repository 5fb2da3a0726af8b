package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Grant is a sign-in of a check's own, for what may be spent only once or is destroyed by the check.
type Grant struct {
	Authorization *Authorization
	Tokens        *Tokens
	IDToken       *Token // as read, not verified; nil: none
	AccessToken   *Token
}

// Grant signs in and redeems the code. Without tokens the check is skipped.
func (t *T) Grant(v Variant) *Grant {
	a := t.Authorize(v)
	resp := t.Redeem(a, a.Code(t))
	tokens := ReadTokens(resp)
	if tokens == nil {
		t.Skip("the token endpoint answered %d without tokens (see TOKEN-001)", resp.Status)
	}
	return &Grant{Authorization: a, Tokens: tokens, IDToken: ReadToken(tokens.IDToken.Reveal()), AccessToken: ReadToken(tokens.AccessToken.Reveal())}
}

// RequireRefreshToken skips the check when the sign-in brought no refresh token.
func (g *Grant) RequireRefreshToken(t *T) Secret {
	if g.Tokens.RefreshToken == "" {
		t.Skip("the token response holds no refresh token (see TOKEN-001)")
	}
	return g.Tokens.RefreshToken
}

// ReadTokens reads a token response; nil when it holds no access token.
func ReadTokens(resp *Response) *Tokens {
	tokens := &Tokens{raw: resp.Body}
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &looseTokens{tokens}) != nil || tokens.AccessToken == "" {
		return nil
	}
	return tokens
}

// AuthenticateAs is Authenticate for another client than the target's.
func (t *T) AuthenticateAs(c Client, form url.Values) func(*http.Request) {
	return authenticate(c, form)
}

// Refresh uses a refresh token as a client (RFC 6749 section 6). edit may change the form.
func (t *T) Refresh(c Client, token Secret, edit ...func(url.Values)) *Response {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.Reveal()}}
	for _, f := range edit {
		f(form)
	}
	return t.Post(t.Discovery().TokenEndpoint, form, authenticate(c, form))
}

// Revoke revokes a token as a client (RFC 7009 section 2.1). Without a revocation endpoint the check is skipped.
func (t *T) Revoke(c Client, token string) *Response {
	endpoint := t.Discovery().RevocationEndpoint
	if endpoint == "" && t.Target().Domain != "" {
		endpoint = strings.TrimSuffix(t.Target().Domain, "/") + "/oauth2/revoke"
	}
	if endpoint == "" {
		t.Skip("the discovery document names no revocation_endpoint (see DISC-017)")
	}
	form := url.Values{"token": {token}}
	return t.Post(endpoint, form, authenticate(c, form))
}

// UserInfoEndpoint is the userInfo endpoint; without one the check is skipped.
func (t *T) UserInfoEndpoint() string {
	endpoint := t.Discovery().UserInfoEndpoint
	if endpoint == "" {
		t.Skip("the discovery document names no userinfo_endpoint (see DISC-017)")
	}
	return endpoint
}

// UserInfo asks for the claims that belong to a token (OpenID Connect Core 1.0 section 5.3.1).
func (t *T) UserInfo(token string) *Response {
	req := t.Request(http.MethodGet, t.UserInfoEndpoint(), nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return t.Do(req)
}
