package mockcognito

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/party"
)

// Config describes a Cognito service.
type Config struct {
	Kit *party.Kit // shared with the other parties of a lab; nil makes one of its own

	// URL is the base of the user pools API and of every issuer, without trailing slash: http://localhost:9401 in plain
	// mode, https://cognito-idp.us-east-1.amazonaws.com with vendor names.
	URL string
	// UpstreamTimeout bounds each call to an identity provider. Default 5 s; the real limit is not documented.
	UpstreamTimeout time.Duration
	// TrustedUpstreams are hosts (with port) of identity providers that belong to the lab, so that the rule of port 443 is
	// not held against them while the quirk allow-loopback-issuer is on.
	TrustedUpstreams []string
	// UserPools are the pools at the start; nil means the default lab's, whose provider then has no issuer.
	UserPools []UserPool
}

// UserPool is a user pool with its app clients and identity providers.
type UserPool struct {
	ID        string // <region>_<letters and digits>
	Name      string // default: the id
	Domain    string // domain prefix
	DomainURL string // base URL of the OAuth endpoints, without trailing slash; default Config.URL
	// CustomDomains are further base URLs of the OAuth endpoints: https://auth.example.com.
	CustomDomains []string
	// IssuerURL is the base of the issuer, without the pool's id; default Config.URL. Pools of another region, or with
	// the UPDATED issuer, have another one.
	IssuerURL     string
	UpdatedIssuer bool // IssuerConfiguration.Type is UPDATED, not ORIGINAL

	CaseInsensitive bool        // user names are compared and shown in lower case, as in pools made by the console
	Attributes      []Attribute // deviations from the standard schema, and custom attributes
	Clients         []AppClient
	Providers       []IdentityProvider
	// Subs fixes the sub of the first profile made under a user name, so that an app's own database stays valid.
	Subs map[string]string
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

	AccessTokenValidity  time.Duration // 5 min – 24 h; default 60 min
	IDTokenValidity      time.Duration // 5 min – 24 h; default 60 min
	RefreshTokenValidity time.Duration // 60 min – 10 years; default 30 days

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
const CognitoProvider = "COGNITO"

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
	if c.UserPools == nil {
		c.UserPools = []UserPool{DefaultUserPool(IdentityProvider{Issuer: "https://scalekit.invalid", ClientID: "unset", ClientSecret: "unset"})}
	}
	c.UserPools = slices.Clone(c.UserPools)
	for i := range c.UserPools {
		c.UserPools[i] = c.UserPools[i].withDefaults(c.URL)
	}
	return c
}

func (p UserPool) withDefaults(base string) UserPool {
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.DomainURL == "" {
		p.DomainURL = base
	}
	if p.IssuerURL == "" {
		p.IssuerURL = base
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
		if c.ReadAttributes == nil {
			c.ReadAttributes = standardAttributes
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

// Formats of the service model.
var (
	poolIDPattern       = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+_[0-9a-zA-Z]+$`)
	clientIDPattern     = regexp.MustCompile(`^[\w+]{1,128}$`)
	secretPattern       = regexp.MustCompile(`^[\w+]{24,64}$`)
	domainPattern       = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	providerNamePattern = regexp.MustCompile(`^[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+$`)
	identifierPattern   = regexp.MustCompile(`^[\w\s+=.@-]{1,40}$`)
	scopePattern        = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`)
)

// Validate reports every problem of the configuration, each with its place.
func (c Config) Validate() error {
	var errs []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || strings.HasSuffix(c.URL, "/") {
		errs = append(errs, fmt.Errorf("url: %q is not an absolute URL without trailing slash", c.URL))
	}
	seen := map[string]string{}
	unique := func(kind, value, place string) {
		if other, dup := seen[kind+value]; dup {
			errs = append(errs, fmt.Errorf("%s: %s %q is taken by %s", place, kind, value, other))
		}
		seen[kind+value] = place
	}
	for i, p := range c.UserPools {
		place := fmt.Sprintf("user_pools[%d]", i)
		unique("pool id", p.ID, place)
		for _, client := range p.Clients {
			unique("client id", client.ID, place)
		}
		if p.Domain != "" {
			unique("domain", p.Domain, place)
		}
		for _, err := range p.problems() {
			errs = append(errs, fmt.Errorf("%s%w", place, err))
		}
	}
	return errors.Join(errs...)
}

// problems are the pool's own, each beginning with the rest of its place.
func (p UserPool) problems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !poolIDPattern.MatchString(p.ID) || len(p.ID) > 55 {
		bad(".id: %q is no user pool id; the form is <region>_<letters and digits>, at most 55 characters", p.ID)
	}
	if p.Domain != "" && (!domainPattern.MatchString(p.Domain) || strings.Contains(p.Domain, "aws") || strings.Contains(p.Domain, "amazon") || strings.Contains(p.Domain, "cognito")) {
		bad(".domain: %q is no domain prefix: 1–63 of a-z, 0-9 and -, not at the ends, and without aws, amazon, cognito", p.Domain)
	}
	for i, u := range p.CustomDomains {
		if of, err := url.Parse(u); err != nil || of.Host == "" || of.Path != "" {
			bad(".custom_domains[%d]: %q is no base URL: scheme and host, no path", i, u)
		}
	}
	for i, a := range p.Attributes {
		if name, custom := strings.CutPrefix(a.Name, "custom:"); custom {
			if name == "" || len(name) > 20 || a.Required {
				bad(".attributes[%d]: custom attribute %q: a name has 1–20 characters and is never required", i, a.Name)
			}
		} else if !slices.Contains(standardAttributes, a.Name) {
			bad(".attributes[%d]: %q is no standard attribute; own ones begin with custom:", i, a.Name)
		}
	}
	providers := []string{CognitoProvider}
	identifiers := map[string]bool{}
	for i, idp := range p.Providers {
		place := fmt.Sprintf(".providers[%d]", i)
		if slices.Contains(providers, idp.Name) {
			bad("%s.name: a provider %q is there already", place, idp.Name)
		}
		providers = append(providers, idp.Name)
		for _, err := range idp.problems() {
			bad("%s%w", place, err)
		}
		for j, identifier := range idp.Identifiers {
			if identifiers[identifier] {
				bad("%s.identifiers[%d]: %q is an identifier of the pool already", place, j, identifier)
			}
			identifiers[identifier] = true
		}
	}
	for i, c := range p.Clients {
		for _, err := range c.problems(providers) {
			bad(".clients[%d]%w", i, err)
		}
	}
	return errs
}

func (p IdentityProvider) problems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if n := len([]rune(p.Name)); n < 3 || n > 32 || !providerNamePattern.MatchString(p.Name) {
		bad(".name: %q is no provider name: 3–32 characters, no space, no underscore at the ends", p.Name)
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(p.Issuer, "/") {
		bad(".issuer: %q is not an https URL without trailing slash", p.Issuer)
	}
	if p.ClientID == "" {
		bad(".client_id: missing")
	}
	if p.ClientSecret == "" {
		bad(".client_secret: missing; Cognito needs one for an OIDC provider")
	}
	if !slices.Contains(strings.Fields(p.Scopes), "openid") && p.Scopes != "" {
		bad(".scopes: %q lacks openid", p.Scopes)
	}
	if m := p.AttributesRequestMethod; m != "" && m != "GET" && m != "POST" {
		bad(".attributes_request_method: %q is neither GET nor POST", m)
	}
	if len(p.Identifiers) > 50 {
		bad(".identifiers: %d; a provider has at most 50", len(p.Identifiers))
	}
	for i, identifier := range p.Identifiers {
		if !identifierPattern.MatchString(identifier) {
			bad(".identifiers[%d]: %q: 1–40 characters of letters, digits, space and + = . @ -", i, identifier)
		}
	}
	manual := []string{p.AuthorizeURL, p.TokenURL, p.AttributesURL, p.JWKSURI}
	if n := len(slices.DeleteFunc(manual, func(s string) bool { return s == "" })); n != 0 && n != 4 {
		bad(": authorize_url, token_url, attributes_url and jwks_uri go together; %d of 4 are given", n)
	}
	return errs
}

func (c AppClient) problems(providers []string) []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !clientIDPattern.MatchString(c.ID) {
		bad(".id: %q is no client id: 1–128 letters, digits, _ and +", c.ID)
	}
	if c.Secret != "" && !secretPattern.MatchString(c.Secret) {
		bad(".secret: a client secret has 24–64 letters, digits, _ and +")
	}
	for i, u := range c.CallbackURLs {
		if err := CheckRedirectURL(u); err != nil {
			bad(".callback_urls[%d]: %w", i, err)
		}
	}
	for i, u := range c.LogoutURLs {
		if err := CheckRedirectURL(u); err != nil {
			bad(".logout_urls[%d]: %w", i, err)
		}
	}
	for i, s := range c.Scopes {
		if !scopePattern.MatchString(s) {
			bad(".scopes[%d]: %q is no scope", i, s)
		}
	}
	for i, f := range c.Flows {
		if f != "code" && f != "implicit" && f != "client_credentials" {
			bad(".flows[%d]: %q is none of code, implicit, client_credentials", i, f)
		}
	}
	for i, name := range c.IdentityProviders {
		if !slices.Contains(providers, name) {
			bad(".identity_providers[%d]: the pool has no provider %q; it has %s", i, name, strings.Join(providers, ", "))
		}
	}
	return errs
}

// CheckRedirectURL applies Cognito's rules for callback and sign-out URLs: absolute, no fragment, at most 1024
// characters, https, or http for a loopback host, or a scheme of the app's own.
func CheckRedirectURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme == "":
		return fmt.Errorf("%q is no absolute URL", raw)
	case len(raw) > 1024:
		return fmt.Errorf("%q has more than 1024 characters", raw)
	case strings.Contains(raw, "#"):
		return fmt.Errorf("%q has a fragment", raw)
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return fmt.Errorf("%q has no host", raw)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%q is http; Cognito allows that for localhost, 127.0.0.1 and [::1] only", raw)
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
