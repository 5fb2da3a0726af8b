// Package oidc holds the words of OpenID Connect Core and Discovery that more than one party speaks as a client.
package oidc

import (
	"encoding/json"
	"slices"
	"strings"
)

// ProviderMetadata is what a relying party reads of a discovery document (OIDC Discovery §3).
type ProviderMetadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
}

// TokenResponse is what a relying party reads of a token response (RFC 6749 §5.1, OIDC Core §3.1.3.3).
type TokenResponse struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	IDToken     string `json:"id_token"`
}

// Audience is the aud claim: a string, or an array of strings (RFC 7519 §4.1.3).
type Audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *Audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// Contains tells whether the audience names clientID.
func (a Audience) Contains(clientID string) bool { return slices.Contains(a, clientID) }

// Scopes splits a scope parameter (RFC 6749 §3.3) and drops what is there twice, keeping the order.
func Scopes(s string) []string {
	var out []string
	for _, scope := range strings.Fields(s) {
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out
}
