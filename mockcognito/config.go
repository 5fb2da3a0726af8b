package mockcognito

import (
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/mockcognito/internal/lambda"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Config describes a Cognito service.
type Config struct {
	Kit *party.Kit // shared with the other parties of a lab; nil makes one of its own

	// URL is the base of the user pools API and of every issuer, without trailing slash: http://localhost:9401 in plain
	// mode, https://cognito-idp.us-east-1.amazonaws.com with vendor names.
	URL string
	// Addresses say where what depends on a region or a domain is reached.
	Addresses Addresses
	// UpstreamTimeout bounds each call to an identity provider. Default 5 s; the real limit is not documented.
	UpstreamTimeout time.Duration
	// TrustedUpstreams are hosts (with port) of identity providers that belong to the lab, so that the rule of port 443 is
	// not held against them while the quirk allow-loopback-issuer is on.
	TrustedUpstreams []string
	// Lambda says where the functions of Lambda triggers are reached.
	Lambda Lambda
	// UserPools are the declared pools; nil means the default lab's, whose provider then has no issuer. The user pools API
	// makes and changes others.
	UserPools []UserPool
}

// Addresses are the bases, without trailing slash, under which parts of the service are reached. A function that is nil
// answers Config.URL: then one origin serves everything.
type Addresses struct {
	API          func(region string) string               // user pools API
	Issuer       func(region string, updated bool) string // issuers, without the pool's id; updated: of type UPDATED
	PrefixDomain func(region, prefix string) string       // OAuth endpoints of a domain of the service's
	CustomDomain func(host string) string                 // OAuth endpoints of a domain of one's own
}

// UserPool is a user pool with its app clients and identity providers.
type UserPool struct {
	ID                  string   // <region>_<letters and digits>
	Name                string   // default: the id
	Domain              string   // domain prefix; a pool without a domain has no OAuth endpoints
	CustomDomains       []string // host names: auth.example.com
	ManagedLoginVersion int      // of the domains: 1, the hosted UI, or 2 (default), managed login
	UpdatedIssuer       bool     // IssuerConfiguration.Type is UPDATED, not ORIGINAL

	CaseInsensitive    bool        // user names are compared and shown in lower case, as in pools made by the console
	UsernameAttributes []string    // email, phone_number: what user names are made of
	AliasAttributes    []string    // email, phone_number, preferred_username: what else signs a user in
	AutoVerified       []string    // email, phone_number: verified at sign-up
	MFA                string      // OFF (default), OPTIONAL or ON
	NoSignUp           bool        // users are made by administrators only
	Attributes         []Attribute // deviations from the standard schema, and custom attributes
	PasswordPolicy     *PasswordPolicy
	// Triggers are the pool's Lambda triggers, by their names in LambdaConfig: TriggerNames lists them.
	Triggers map[string]Trigger

	Clients         []AppClient
	Providers       []IdentityProvider
	ResourceServers []ResourceServer
	Groups          []Group
	Users           []User
	// Subs fixes the sub of the first profile made under a user name, so that an app's own database stays valid.
	Subs map[string]string
}

// PasswordPolicy is what the passwords of a pool's own users must be like; nil means the service's: 8 characters, upper
// and lower case, digits and symbols.
type PasswordPolicy struct {
	MinimumLength                          int // 6–99; default 8
	Uppercase, Lowercase, Numbers, Symbols bool
}

// ResourceServer is an API whose scopes, <identifier>/<name>, an app client may be allowed.
type ResourceServer struct {
	Identifier string
	Name       string            // default: the identifier
	Scopes     map[string]string // name → description
}

// Group is a group of users.
type Group struct {
	Name        string
	Description string
	RoleARN     string
	Precedence  *int // the lowest comes first; nil: last
}

// User is a user of the pool's own directory, made when the service starts and there is none of that name.
type User struct {
	Username   string
	Password   string            // empty: none, the user cannot sign in with one
	Temporary  bool              // the password has to be changed at the first sign-in
	Attributes map[string]string // email, email_verified, custom:… → value
	Groups     []string
}

// Attribute is an entry of a pool's schema.
type Attribute struct {
	Name      string // standard name, or custom:<name>
	Required  bool
	Immutable bool
}

// AppClient is an app client of a pool.
type AppClient struct {
	ID                string
	Name              string // default: the id
	Secret            string // empty: a public client
	CallbackURLs      []string
	LogoutURLs        []string
	Scopes            []string // AllowedOAuthScopes; nil means openid email phone profile
	Flows             []string // AllowedOAuthFlows; nil means code
	IdentityProviders []string // SupportedIdentityProviders: names of providers, and COGNITO
	ReadAttributes    []string // nil means all standard attributes
	WriteAttributes   []string // nil means all standard attributes

	DefaultRedirectURI  string   // one of CallbackURLs
	ExplicitAuthFlows   []string // ALLOW_USER_PASSWORD_AUTH, …; nil means refresh, SRP and custom authentication
	ShowUserExistence   bool     // PreventUserExistenceErrors LEGACY, not ENABLED
	RotateRefreshTokens bool     // RefreshTokenRotation ENABLED
	RotationGrace       time.Duration

	AccessTokenValidity  time.Duration // 5 min – 24 h; default 60 min
	IDTokenValidity      time.Duration // 5 min – 24 h; default 60 min
	RefreshTokenValidity time.Duration // 60 min – 10 years; default 30 days

	NoBranding             bool // no style for managed login, as for a client that the API made: its login page answers 403
	DisableTokenRevocation bool // EnableTokenRevocation false: no jti and origin_jti, /oauth2/revoke refuses
	DisableOAuth           bool // AllowedOAuthFlowsUserPoolClient false
}

// IdentityProvider is an OIDC provider of a pool.
type IdentityProvider struct {
	Name                    string
	Issuer                  string // oidc_issuer, without trailing slash
	ClientID                string
	ClientSecret            string
	Scopes                  string // authorize_scopes; default "openid"
	AttributesRequestMethod string // GET (default) or POST
	Identifiers             []string
	AttributeMapping        map[string]string // pool attribute → claim; username ← sub is added

	// Endpoints for manual set-up: all four or none. None means discovery from the issuer.
	AuthorizeURL, TokenURL, AttributesURL, JWKSURI string
}

// CognitoProvider is the name of the pool's own directory among an app client's identity providers.
const CognitoProvider = userpool.CognitoProvider

// Values of the default lab.
const (
	DefaultPoolID       = "us-east-1_SsoLab001"
	DefaultDomain       = "ssolab"
	DefaultClientID     = "ssolabclient00000000000001"
	DefaultPublicID     = "ssolabpublic00000000000001"
	DefaultNoIdPID      = "ssolabnoidp000000000000001"
	DefaultProviderName = "ScalekitIdPRouter"

	defaultSecret = "ssolab0client0secret0not0for0production0000000000001"
)

// DefaultUserPool is the pool of the default lab. Callback and sign-out URLs of the sample app depend on its port, so
// the lab adds them.
func DefaultUserPool(upstream IdentityProvider) UserPool {
	upstream.Name = DefaultProviderName
	upstream.Scopes = "openid email profile"
	upstream.AttributesRequestMethod = "GET"
	upstream.Identifiers = []string{"example.com", "example.org", "megasoft.org"}
	upstream.AttributeMapping = map[string]string{
		"email": "email", "given_name": "given_name", "family_name": "family_name", "name": "given_name",
		"email_verified": "email_verified", "username": "sub",
	}
	scopes := []string{"openid", "email", "phone", "profile"}
	return UserPool{
		ID: DefaultPoolID, Name: "ssolab", Domain: DefaultDomain,
		Clients: []AppClient{{
			ID: DefaultClientID, Name: "Sample app", Secret: defaultSecret, Scopes: scopes,
			CallbackURLs:      []string{"http://localhost:3000/auth/callback", "http://localhost:3000/api/auth/callback/cognito"},
			LogoutURLs:        []string{"http://localhost:3000/", "http://localhost:3000", "http://localhost:5173/"},
			IdentityProviders: []string{DefaultProviderName},
		}, {
			ID: DefaultPublicID, Name: "Browser app", Scopes: scopes,
			CallbackURLs:      []string{"http://localhost:3000/", "http://localhost:5173/"},
			LogoutURLs:        []string{"http://localhost:3000/", "http://localhost:3000", "http://localhost:5173/"},
			IdentityProviders: []string{DefaultProviderName},
		}, {
			ID: DefaultNoIdPID, Name: "Without federated provider", Secret: defaultSecret, Scopes: scopes,
			CallbackURLs:           []string{"http://localhost:3000/auth/callback"},
			LogoutURLs:             []string{"http://localhost:3000/"},
			IdentityProviders:      []string{CognitoProvider},
			DisableTokenRevocation: true,
		}},
		Providers: []IdentityProvider{upstream},
		Subs: map[string]string{
			DefaultProviderName + "_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af": "807c593c-d0c1-709c-598f-633ec61bcc8b",
		},
	}
}

func (c Config) withDefaults() Config {
	if c.UpstreamTimeout == 0 {
		c.UpstreamTimeout = 5 * time.Second
	}
	if c.Lambda.Timeout == 0 {
		c.Lambda.Timeout = lambda.Limit
	}
	if c.UserPools == nil {
		c.UserPools = []UserPool{DefaultUserPool(IdentityProvider{Issuer: "https://scalekit.invalid", ClientID: "unset", ClientSecret: "unset"})}
	}
	c.UserPools = slices.Clone(c.UserPools)
	for i := range c.UserPools {
		c.UserPools[i] = c.UserPools[i].withDefaults()
	}
	a := &c.Addresses
	if a.API == nil {
		a.API = func(string) string { return c.URL }
	}
	if a.Issuer == nil {
		a.Issuer = func(string, bool) string { return c.URL }
	}
	if a.PrefixDomain == nil {
		a.PrefixDomain = func(string, string) string { return c.URL }
	}
	if a.CustomDomain == nil {
		a.CustomDomain = func(string) string { return c.URL }
	}
	return c
}

func (p UserPool) withDefaults() UserPool {
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.ManagedLoginVersion == 0 {
		p.ManagedLoginVersion = 2
	}
	p.Clients = slices.Clone(p.Clients)
	for i := range p.Clients {
		c := &p.Clients[i]
		if c.Name == "" {
			c.Name = c.ID
		}
		if c.Scopes == nil {
			c.Scopes = []string{"openid", "email", "phone", "profile"}
		}
		if c.Flows == nil {
			c.Flows = []string{"code"}
		}
		for _, d := range []struct {
			v *time.Duration
			d time.Duration
		}{{&c.AccessTokenValidity, time.Hour}, {&c.IDTokenValidity, time.Hour}, {&c.RefreshTokenValidity, 30 * 24 * time.Hour}} {
			if *d.v == 0 {
				*d.v = d.d
			}
		}
	}
	p.Providers = slices.Clone(p.Providers)
	for i := range p.Providers {
		idp := &p.Providers[i]
		if idp.Scopes == "" {
			idp.Scopes = "openid"
		}
		if idp.AttributesRequestMethod == "" {
			idp.AttributesRequestMethod = "GET"
		}
		mapping := map[string]string{"username": "sub"}
		for attribute, claim := range idp.AttributeMapping {
			if attribute != "username" {
				mapping[attribute] = claim
			}
		}
		idp.AttributeMapping = mapping
	}
	return p
}
