package mockscalekit

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

const clientTokenTTL = 24 * time.Hour // as documented

// grantClientCredentials serves the grant client_credentials (RFC 6749 §4.4): a client of the environment gets the token that
// its management API takes, a machine client of an organization one for the team's own API
// (https://docs.scalekit.com/guides/m2m/api-auth-m2m-clients/).
func (e *environment) grantClientCredentials(ctx context.Context, client directory.Client, form url.Values) (jose.Object, error) {
	if client.Public {
		return nil, oauth2.Errorf(oauth2.UnauthorizedClient, "client_credentials needs a client with a secret")
	}
	scopes, err := clientScopes(client, oidc.Scopes(form.Get("scope")))
	if err != nil {
		return nil, err
	}
	ttl := clientTokenTTL
	if client.Expiry > 0 {
		ttl = client.Expiry
	}
	access, err := e.sign(ctx, "scalekit.client_token", e.clientTokenClaims(client, scopes, ttl))
	if err != nil {
		return nil, err
	}
	trace.Note(ctx, "issued an access token to the client "+client.ID)
	return jose.Object{
		{Name: "access_token", Value: access},
		{Name: "token_type", Value: "Bearer"},
		{Name: "expires_in", Value: lessOne(ttl)},
		{Name: "scope", Value: strings.Join(scopes, " ")},
	}, nil
}

// clientScopes are those that a client gets: a machine client all of its own, or those of them that it asks for; the others
// openid, as documented.
func clientScopes(client directory.Client, asked []string) ([]string, error) {
	if client.OrganizationID == "" {
		return []string{"openid"}, nil
	}
	if len(asked) == 0 {
		return append([]string{}, client.Scopes...), nil
	}
	for _, name := range asked {
		if !slices.Contains(client.Scopes, name) {
			return nil, oauth2.Errorf(oauth2.InvalidScope, "scope %s is not allowed for %s", name, client.ID)
		}
	}
	return asked, nil
}

// clientTokenClaims returns the claims in the order of other access tokens. Scopes are there twice: the vendor's SDKs look for
// them as an array and as a string.
func (e *environment) clientTokenClaims(client directory.Client, scopes []string, ttl time.Duration) jose.Object {
	now := e.now()
	audience := client.Audience
	if len(audience) == 0 {
		audience = []string{client.ID}
	}
	claims := jose.Object{
		{Name: "iss", Value: e.url},
		{Name: "sub", Value: client.ID},
		{Name: "aud", Value: audience},
		{Name: "exp", Value: now.Add(ttl).Unix()},
		{Name: "iat", Value: now.Unix()},
		{Name: "nbf", Value: now.Unix()},
		{Name: "client_id", Value: client.ID},
		{Name: "jti", Value: e.kit.Env.Sonyflake("tkn")},
	}
	if client.OrganizationID != "" {
		claims.Set("oid", client.OrganizationID)
		claims.Set("scopes", scopes)
		if len(client.CustomClaims) > 0 {
			claims.Set("custom_claims", client.CustomClaims)
		}
	}
	claims.Set("scope", strings.Join(scopes, " "))
	return claims
}
