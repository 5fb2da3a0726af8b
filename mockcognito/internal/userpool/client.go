package userpool

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// CognitoProvider is the name of the pool's own directory among an app client's identity providers.
const CognitoProvider = "COGNITO"

// AppClient is an app client of a pool. A nil list is one that was not set.
type AppClient struct {
	Meta
	PoolID  string
	ID      string
	Name    string
	Secrets []ClientSecret // none: a public client; two while a secret is being replaced

	CallbackURLs       []string
	LogoutURLs         []string
	DefaultRedirectURI string
	OAuth              bool     // AllowedOAuthFlowsUserPoolClient
	Flows              []string // AllowedOAuthFlows: code, implicit, client_credentials
	Scopes             []string // AllowedOAuthScopes
	IdentityProviders  []string // SupportedIdentityProviders: names of providers, and COGNITO

	ReadAttributes  []string // nil: all standard attributes
	WriteAttributes []string // nil: all standard attributes

	ExplicitAuthFlows    []string // nil: refresh, SRP and custom authentication
	PreventUserExistence string   // PreventUserExistenceErrors: LEGACY, ENABLED; empty: not set, which means LEGACY
	TokenRevocation      bool     // EnableTokenRevocation
	PropagateUserContext bool     // EnablePropagateAdditionalUserContextData
	AuthSessionMinutes   int      // AuthSessionValidity, 3–15; 0: 3
	AccessTokenValidity  Validity // 5 min – 1 day; zero: 1 hour
	IDTokenValidity      Validity // 5 min – 1 day; zero: 1 hour
	RefreshTokenValidity Validity // 1 hour – 10 years; zero: 30 days
	Rotation             *RefreshTokenRotation
	Analytics            map[string]any // AnalyticsConfiguration, which has no effect
}

// ExplicitAuthFlows are the words of the API for the authentication flows of an app client, the older ones first.
var ExplicitAuthFlows = []string{
	"ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH",
	"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH",
}

// ClientSecret is one of an app client's secrets.
type ClientSecret struct {
	ID      string
	Value   string
	Created time.Time
}

// Validity is how long a token is good for. The zero value is the service's default.
type Validity struct {
	N    int
	Unit string // seconds, minutes, hours, days; empty: not set, which means hours, for refresh tokens days
}

// RefreshTokenRotation says whether a refresh brings a new refresh token.
type RefreshTokenRotation struct {
	Enabled bool
	Grace   time.Duration // for which the old one is still taken, 0–60 s
}

var units = map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}

func (v Validity) duration(unit string, fallback time.Duration) time.Duration {
	if v.N == 0 {
		return fallback
	}
	if v.Unit != "" {
		unit = v.Unit
	}
	return time.Duration(v.N) * units[unit]
}

// AccessTokenLifetime is how long an access token is good for.
func (c *AppClient) AccessTokenLifetime() time.Duration {
	return c.AccessTokenValidity.duration("hours", time.Hour)
}

// IDTokenLifetime is how long an ID token is good for.
func (c *AppClient) IDTokenLifetime() time.Duration {
	return c.IDTokenValidity.duration("hours", time.Hour)
}

// RefreshTokenLifetime is how long a refresh token is good for.
func (c *AppClient) RefreshTokenLifetime() time.Duration {
	return c.RefreshTokenValidity.duration("days", 30*24*time.Hour)
}

// Confidential tells whether the client has a secret.
func (c *AppClient) Confidential() bool { return len(c.Secrets) > 0 }

// Secret is the client's first secret; empty for a public client.
func (c *AppClient) Secret() string {
	if len(c.Secrets) == 0 {
		return ""
	}
	return c.Secrets[0].Value
}

// HasSecret tells whether secret is one of the client's, in a time that does not tell how much of it is right.
func (c *AppClient) HasSecret(secret string) bool {
	found := 0
	for _, s := range c.Secrets {
		found |= subtle.ConstantTimeCompare([]byte(s.Value), []byte(secret))
	}
	return found == 1
}

// CanRead tells whether the client may read the attribute. Without a list of its own it reads the standard ones.
func (c *AppClient) CanRead(attribute string) bool { return allows(c.ReadAttributes, attribute) }

// CanWrite tells whether the client may write the attribute. Without a list of its own it writes the standard ones.
func (c *AppClient) CanWrite(attribute string) bool { return allows(c.WriteAttributes, attribute) }

func allows(list []string, attribute string) bool {
	if list == nil {
		return IsStandard(attribute)
	}
	return slices.Contains(list, attribute)
}

// AllowsFlow tells whether an authentication flow of the API, by its name without ALLOW_, is on. Without a list of its
// own a client has refresh, SRP and custom authentication; the names without ALLOW_ add to that, but for
// CUSTOM_AUTH_FLOW_ONLY, which takes SRP away.
func (c *AppClient) AllowsFlow(flow string) bool {
	if slices.ContainsFunc(c.ExplicitAuthFlows, func(f string) bool { return strings.HasPrefix(f, "ALLOW_") }) {
		return slices.Contains(c.ExplicitAuthFlows, "ALLOW_"+flow)
	}
	switch flow {
	case "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH":
		return true
	case "USER_SRP_AUTH":
		return !slices.Contains(c.ExplicitAuthFlows, "CUSTOM_AUTH_FLOW_ONLY")
	case "ADMIN_USER_PASSWORD_AUTH":
		return slices.Contains(c.ExplicitAuthFlows, "ADMIN_NO_SRP_AUTH")
	}
	return slices.Contains(c.ExplicitAuthFlows, flow)
}

// HidesUsers tells whether an unknown user is answered like a wrong password.
func (c *AppClient) HidesUsers() bool { return c.PreventUserExistence == "ENABLED" }
