package mockscalekit

import (
	"cmp"
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
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
)

// upstream is what a connection knows of its OpenID provider.
type upstream struct {
	Issuer      string
	ClientID    string
	Secret      string
	RedirectURI string
	Scopes      []string
	InBody      bool // the secret goes in the body, not in HTTP Basic
	NoPKCE      bool
	Metadata    string                 // URL of the discovery document
	Manual      *oidc.ProviderMetadata // endpoints that were configured by hand; nil: the document's
}

// upstream joins what is configured at a connection with what an identity provider of the lab tells its administrator.
func (e *environment) upstream(c directory.Connection) (upstream, error) {
	up := upstream{RedirectURI: e.callbackURL(c), Scopes: []string{"openid", "email", "profile"}}
	if c.IdP != "" {
		up.Issuer, up.ClientID = idp.Issuer(e.idpURL, c.IdP), idp.ClientID(c.IdP, c.ID)
		var err error
		if up.Secret, err = idp.Secret(e.kit.Env, up.ClientID); err != nil {
			return up, err
		}
	}
	if conf := c.OIDC; conf != nil {
		up.Issuer, up.ClientID, up.Secret = cmp.Or(conf.Issuer, up.Issuer), cmp.Or(conf.ClientID, up.ClientID), cmp.Or(conf.ClientSecret, up.Secret)
		up.Metadata, up.InBody, up.NoPKCE = conf.DiscoveryEndpoint, conf.TokenAuthType == directory.URLParams, conf.PKCEDisabled
		if len(conf.Scopes) > 0 {
			up.Scopes = conf.Scopes
		}
		if c.ConfigurationType == directory.Manual {
			up.Manual = &oidc.ProviderMetadata{
				Issuer: up.Issuer, AuthorizationEndpoint: conf.AuthorizeURI, TokenEndpoint: conf.TokenURI, UserInfoEndpoint: conf.UserInfoURI, JWKSURI: conf.JWKSURI,
			}
		}
	}
	up.Metadata = cmp.Or(up.Metadata, up.Issuer+"/.well-known/openid-configuration")
	return up, nil
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

// discover reads the discovery document of a provider and checks that it is that issuer's (OIDC Discovery §4.3).
// Unverified: that it is read at run time, and not only when the connection is set up. It is read once per sign-in, as
// the keys are, so that a change at the identity provider acts at once.
func (e *environment) discover(ctx context.Context, up upstream) (oidc.ProviderMetadata, error) {
	if up.Manual != nil {
		return *up.Manual, nil
	}
	var m oidc.ProviderMetadata
	if err := e.get(ctx, up.Metadata, "", &m); err != nil {
		return m, err
	}
	if m.Issuer != up.Issuer {
		return m, fmt.Errorf("its issuer is %q, expected %q", m.Issuer, up.Issuer)
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

// redeem exchanges an identity provider's code for tokens, authenticating by HTTP Basic or in the body (RFC 6749 §2.3.1).
func (e *environment) redeem(ctx context.Context, up upstream, endpoint, code, verifier string) (oidc.TokenResponse, error) {
	var tokens oidc.TokenResponse
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {up.RedirectURI}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	if up.InBody {
		form.Set("client_id", up.ClientID)
		form.Set("client_secret", up.Secret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !up.InBody {
		req.SetBasicAuth(url.QueryEscape(up.ClientID), url.QueryEscape(up.Secret))
	}
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
	body, err := e.fetch(req)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("the answer of %s is no JSON document: %w", req.URL, err)
	}
	return nil
}

// fetch sends a request and returns the body of an answer that says 200.
func (e *environment) fetch(req *http.Request) ([]byte, error) {
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", req.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s: %s", req.URL, resp.Status, strings.TrimSpace(string(body[:min(len(body), 200)])))
	}
	return body, nil
}
