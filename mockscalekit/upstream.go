package mockscalekit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// upstream is what a connection knows of its identity provider.
type upstream struct {
	Issuer      string
	ClientID    string
	Secret      string
	RedirectURI string
}

func (e *environment) upstream(c directory.Connection) (upstream, error) {
	id := upstreamClientID(c)
	secret, err := upstreamSecret(e.kit.Env, id)
	return upstream{Issuer: issuerOf(e.idpURL, c.Provider), ClientID: id, Secret: secret, RedirectURI: e.callbackURL(c)}, err
}

// callbackURL is the redirect URI of a connection at its OpenID provider.
func (e *environment) callbackURL(c directory.Connection) string {
	if c.Type == directory.OAuth {
		return e.connectionURL(c, "oauth", "/callback")
	}
	return e.connectionURL(c, "oidc", "/callback")
}

// connectionURL is a URL of a connection at the environment. A connection that is older than the custom domain keeps the old
// host (https://docs.scalekit.com/guides/custom-domain/).
func (e *environment) connectionURL(c directory.Connection, protocol, path string) string {
	base := e.url
	if c.OldHost {
		base = e.oldURL
	}
	return base + "/sso/v1/" + protocol + "/" + c.ID + path
}

// upstreamClientID is the client id that an identity provider has given to a connection.
func upstreamClientID(c directory.Connection) string {
	if c.Provider == Okta {
		return "0oa" + alphanumeric("client", c.ID)
	}
	return c.ID
}

// upstreamSecret is the client secret that goes with it. Administrators copy it from the identity provider into
// Scalekit; here both sides derive it from one secret of the lab.
func upstreamSecret(env *lab.Env, clientID string) (string, error) {
	return derive(env, "idp/clients", clientID)
}

// derive returns a MAC of the given values under the named secret of the lab, as base64url.
func derive(env *lab.Env, secret string, values ...string) (string, error) {
	key, err := env.Keys().Secret(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(values, "\x00")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// discover reads the discovery document of an issuer and checks that it is that issuer's (OIDC Discovery §4.3).
// Unverified: that it is read at run time, and not only when the connection is set up. It is read once per sign-in, as
// the keys are, so that a change at the identity provider acts at once.
func (e *environment) discover(ctx context.Context, issuer string) (oidc.ProviderMetadata, error) {
	var m oidc.ProviderMetadata
	if err := e.get(ctx, issuer+"/.well-known/openid-configuration", "", &m); err != nil {
		return m, err
	}
	if m.Issuer != issuer {
		return m, fmt.Errorf("its issuer is %q, expected %q", m.Issuer, issuer)
	}
	return m, nil
}

// verifySignature checks a token by the key set at jwksURI.
func (e *environment) verifySignature(ctx context.Context, jwksURI, token string) error {
	var raw json.RawMessage
	if err := e.get(ctx, jwksURI, "", &raw); err != nil {
		return err
	}
	set, err := jose.ParseKeySet(raw)
	if err != nil {
		return err
	}
	_, err = jose.Verify(token, set, jose.ES256, jose.RS256)
	return err
}

// redeem exchanges an identity provider's code for tokens, authenticating by HTTP Basic (RFC 6749 §2.3.1).
func (e *environment) redeem(ctx context.Context, up upstream, endpoint, code, verifier string) (oidc.TokenResponse, error) {
	var tokens oidc.TokenResponse
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {up.RedirectURI}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(up.ClientID), url.QueryEscape(up.Secret))
	if err := e.do(req, &tokens); err != nil {
		return tokens, err
	}
	if tokens.IDToken == "" || tokens.AccessToken == "" {
		return tokens, fmt.Errorf("the answer of %s lacks an ID token or an access token", endpoint)
	}
	return tokens, nil
}

// get reads a JSON document, with a Bearer token unless it is empty.
func (e *environment) get(ctx context.Context, from, bearer string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return e.do(req, v)
}

const maxDocument = 1 << 20 // bytes read of an answer

func (e *environment) do(req *http.Request, v any) error {
	req.Header.Set("Accept", "application/json")
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", req.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", req.URL, resp.Status, strings.TrimSpace(string(body[:min(len(body), 200)])))
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("the answer of %s is no JSON document: %w", req.URL, err)
	}
	return nil
}
