package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Discovery is the part of an OpenID Connect discovery document that a sign-in needs (OpenID Connect Discovery 1.0
// section 3). Raw is the whole.
type Discovery struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	SigningAlgs           []string `json:"id_token_signing_alg_values_supported"`

	Raw json.RawMessage `json:"-"`
}

// Tokens is an answer of the token endpoint (RFC 6749 section 5.1). Raw is the whole, with the tokens.
type Tokens struct {
	AccessToken  Secret `json:"access_token"`
	IDToken      Secret `json:"id_token"`
	RefreshToken Secret `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`

	raw json.RawMessage
}

// Raw is the whole answer, with the tokens in it.
func (t *Tokens) Raw() json.RawMessage { return t.raw }

// oauthError is an error answer (RFC 6749 section 5.2).
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e oauthError) String() string {
	if e.Description == "" {
		return e.Code
	}
	return e.Code + ": " + e.Description
}

// idClaims are the claims of an ID token that are verified (OpenID Connect Core 1.0 section 3.1.3.7).
type idClaims struct {
	Issuer  string    `json:"iss"`
	Subject string    `json:"sub"`
	Aud     audience  `json:"aud"`
	Azp     string    `json:"azp"`
	Expires *unixTime `json:"exp"`
	Issued  *unixTime `json:"iat"`
	Before  *unixTime `json:"nbf"`
	Nonce   string    `json:"nonce"`
	AtHash  string    `json:"at_hash"`
}

// audience is a string or a list of strings (RFC 7519 section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte{'"'}) {
		*a = []string{""}
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

func (a audience) has(id string) bool { return slices.Contains(a, id) }

// unixTime is a NumericDate, which may have a fraction (RFC 7519 section 2).
type unixTime struct{ time.Time }

func (t *unixTime) UnmarshalJSON(b []byte) error {
	var seconds float64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return fmt.Errorf("a time must be a number of seconds, not %s", b)
	}
	t.Time = time.Unix(0, int64(seconds*1e9)).UTC()
	return nil
}
