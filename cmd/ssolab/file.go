package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/yamlfile"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// labFile is ssolab.yaml: what a lab consists of. A part that is left out is the default lab's.
type labFile struct {
	Listen    listenFile       `yaml:"listen"`
	UserPools []poolFile       `yaml:"user_pools"`
	Scalekit  scalekitFile     `yaml:"scalekit"`
	People    []personFile     `yaml:"people"`
	Quirks    map[string]onOff `yaml:"quirks"`
}

// listenFile says how the parties are reached. What is left out is the command's default; flags go before it.
type listenFile struct {
	TLS         bool   `yaml:"tls"`
	Names       string `yaml:"names"`
	TLSPort     *int   `yaml:"tls_port"`
	PortBase    *int   `yaml:"port_base"`
	Environment string `yaml:"scalekit_environment"`
}

// onOff is a switch: on, off, true or false.
type onOff bool

// UnmarshalText takes the words; true and false need none.
func (s *onOff) UnmarshalText(word []byte) error {
	switch string(word) {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return fmt.Errorf("is %q, and must be on or off", word)
	}
	return nil
}

type poolFile struct {
	ID              string            `yaml:"id"`
	Name            string            `yaml:"name"`
	Domain          string            `yaml:"domain"`         // prefix
	CustomDomains   []string          `yaml:"custom_domains"` // host names
	UpdatedIssuer   bool              `yaml:"updated_issuer"`
	CaseInsensitive bool              `yaml:"case_insensitive"`
	Attributes      []attributeFile   `yaml:"attributes"`
	Clients         []appClientFile   `yaml:"clients"`
	Providers       []providerFile    `yaml:"providers"`
	Subs            map[string]string `yaml:"subs"` // user name → sub

	ManagedLoginVersion int                  `yaml:"managed_login_version"` // default 2
	ResourceServers     []resourceServerFile `yaml:"resource_servers"`
	Groups              []groupFile          `yaml:"groups"`
}

type resourceServerFile struct {
	Identifier string            `yaml:"identifier"`
	Name       string            `yaml:"name"`
	Scopes     map[string]string `yaml:"scopes"` // name → description
}

type groupFile struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	RoleARN     string `yaml:"role_arn"`
	Precedence  *int   `yaml:"precedence"`
}

type attributeFile struct {
	Name      string `yaml:"name"`
	Required  bool   `yaml:"required"`
	Immutable bool   `yaml:"immutable"`
}

type appClientFile struct {
	ID                   string        `yaml:"id"`
	Name                 string        `yaml:"name"`
	Secret               string        `yaml:"secret"`
	CallbackURLs         []string      `yaml:"callback_urls"`
	LogoutURLs           []string      `yaml:"logout_urls"`
	Scopes               []string      `yaml:"scopes"`
	Flows                []string      `yaml:"flows"`
	IdentityProviders    []string      `yaml:"identity_providers"`
	ReadAttributes       []string      `yaml:"read_attributes"`
	AccessTokenValidity  time.Duration `yaml:"access_token_validity"`
	IDTokenValidity      time.Duration `yaml:"id_token_validity"`
	RefreshTokenValidity time.Duration `yaml:"refresh_token_validity"`
	TokenRevocation      *bool         `yaml:"token_revocation"` // default true
	OAuth                *bool         `yaml:"oauth"`            // default true
	WriteAttributes      []string      `yaml:"write_attributes"`
	RotateRefreshTokens  bool          `yaml:"rotate_refresh_tokens"`
	RotationGrace        time.Duration `yaml:"rotation_grace"`
	Branding             *bool         `yaml:"branding"` // default true
}

type providerFile struct {
	Name             string            `yaml:"name"`
	Issuer           string            `yaml:"issuer"` // default: the lab's Scalekit environment and its first client
	ClientID         string            `yaml:"client_id"`
	ClientSecret     string            `yaml:"client_secret"`
	Scopes           []string          `yaml:"scopes"`
	RequestMethod    string            `yaml:"attributes_request_method"`
	Identifiers      []string          `yaml:"identifiers"`
	AttributeMapping map[string]string `yaml:"attribute_mapping"` // pool attribute → claim
	AuthorizeURL     string            `yaml:"authorize_url"`
	TokenURL         string            `yaml:"token_url"`
	AttributesURL    string            `yaml:"attributes_url"`
	JWKSURI          string            `yaml:"jwks_uri"`
}

type scalekitFile struct {
	ID             string            `yaml:"id"`
	Name           string            `yaml:"name"`
	Kind           string            `yaml:"kind"`
	Mode           string            `yaml:"mode"`
	IDTokenTTL     time.Duration     `yaml:"id_token_ttl"`
	AccessTokenTTL time.Duration     `yaml:"access_token_ttl"`
	SessionTTL     time.Duration     `yaml:"session_ttl"`
	AccessClaims   map[string]string `yaml:"access_token_claims"`

	Attributes    []string             `yaml:"attributes"` // registered SSO attributes
	Clients       []scalekitClientFile `yaml:"clients"`
	Organizations []organizationFile   `yaml:"organizations"`
	Connections   []connectionFile     `yaml:"connections"` // social ones
	Users         []userFile           `yaml:"users"`
	Roles         []roleFile           `yaml:"roles"`
}

type scalekitClientFile struct {
	ID                     string   `yaml:"id"`
	Secret                 string   `yaml:"secret"`
	Name                   string   `yaml:"name"`
	RedirectURIs           []string `yaml:"redirect_uris"` // default: Cognito's and the sample app's
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"`
	InitiateLoginURI       string   `yaml:"initiate_login_uri"`
	BackChannelLogoutURI   string   `yaml:"back_channel_logout_uri"`
	Inactive               bool     `yaml:"inactive"`
}

type organizationFile struct {
	ID          string            `yaml:"id"`
	DisplayName string            `yaml:"display_name"`
	ExternalID  string            `yaml:"external_id"`
	Slug        string            `yaml:"slug"`
	Region      string            `yaml:"region"`
	Metadata    map[string]string `yaml:"metadata"`
	Features    map[string]onOff  `yaml:"features"`
	Domains     []domainFile      `yaml:"domains"`
	Connections []connectionFile  `yaml:"connections"`
}

// domainFile is written as a name alone, or as a mapping.
type domainFile struct {
	ID     string `yaml:"id"`
	Name   string `yaml:"name"`
	Type   string `yaml:"type"`
	Status string `yaml:"status"`
}

// UnmarshalText takes a name alone.
func (d *domainFile) UnmarshalText(name []byte) error {
	d.Name = string(name)
	return nil
}

type connectionFile struct {
	ID       string `yaml:"id"`
	Provider string `yaml:"provider"`
	Status   string `yaml:"status"`
	Disabled bool   `yaml:"disabled"`

	AttributeMapping map[string]string `yaml:"attribute_mapping"` // Scalekit's name → the identity provider's
}

type userFile struct {
	ID          string            `yaml:"id"`
	Email       string            `yaml:"email"`
	GivenName   string            `yaml:"given_name"`
	FamilyName  string            `yaml:"family_name"`
	ExternalID  string            `yaml:"external_id"`
	Inactive    bool              `yaml:"inactive"`
	Metadata    map[string]string `yaml:"metadata"`
	Memberships []membershipFile  `yaml:"memberships"`
}

type membershipFile struct {
	Organization string   `yaml:"organization"`
	Roles        []string `yaml:"roles"`
}

type roleFile struct {
	Name        string   `yaml:"name"`
	DisplayName string   `yaml:"display_name"`
	Permissions []string `yaml:"permissions"`
	Default     bool     `yaml:"default"`
}

type personFile struct {
	Email      string            `yaml:"email"`
	GivenName  string            `yaml:"given_name"`
	FamilyName string            `yaml:"family_name"`
	Subject    string            `yaml:"subject"`
	Password   string            `yaml:"password"`
	TOTPSecret string            `yaml:"totp_secret"`
	Attributes map[string]string `yaml:"attributes"`
}

// readLabFile reads a lab file over the defaults in base. All that is wrong is reported at once, with file, line and
// column.
func readLabFile(path string, base ssolab.Config) (ssolab.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ssolab.Config{}, fmt.Errorf("read the lab file: %w", err)
	}
	return parseLabFile(path, data, base)
}

func parseLabFile(name string, data []byte, base ssolab.Config) (ssolab.Config, error) {
	var f labFile
	doc := yamlfile.Decode(name, data, &f)
	f.check(doc)
	cfg := f.config(base)
	quirks := cfg.Quirks
	cfg.Quirks = nil // checked above, where the place of each is known
	for _, err := range flatten(cfg.Validate()) {
		place, message, ok := strings.Cut(err.Error(), ": ")
		if !ok {
			place, message = "", err.Error()
		}
		doc.Problem(placeInFile(place), "%s", inFileWords(message))
	}
	if err := doc.Err(); err != nil {
		return ssolab.Config{}, err
	}
	cfg.Quirks = quirks
	return cfg, nil
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// check finds what the parties' own checks cannot see.
func (f *labFile) check(doc *yamlfile.Document) {
	if doc.Has("user_pools") && len(f.UserPools) == 0 {
		doc.Problem("user_pools", "needs at least one user pool; leave the key out for the default one")
	}
	for i, p := range f.UserPools {
		if len(p.Clients) == 0 {
			doc.Problem(fmt.Sprintf("user_pools[%d]", i), "has no app client")
		}
		for j, domain := range p.CustomDomains {
			if !hostName.MatchString(domain) {
				doc.Problem(fmt.Sprintf("user_pools[%d].custom_domains[%d]", i, j), "%q must be a host name such as auth.example.com: lower case, no scheme, no port", domain)
			}
		}
		for j, idp := range p.Providers {
			place := fmt.Sprintf("user_pools[%d].providers[%d]", i, j)
			if idp.Issuer == "" && (idp.ClientID != "" || idp.ClientSecret != "") {
				doc.Problem(place, "has client_id or client_secret without issuer; without issuer it is connected to this lab's Scalekit as its first client")
			}
		}
	}
	if doc.Has("scalekit.clients") && len(f.Scalekit.Clients) == 0 {
		doc.Problem("scalekit.clients", "needs at least one client; leave the key out for the default one")
	}
	known := quirk.NewSet(mockcognito.Quirks(), mockscalekit.Quirks())
	for id, on := range f.Quirks {
		if err := known.Switch(id, bool(on)); err != nil {
			doc.Problem("quirks."+id, "%s", err)
		}
	}
}

// placeInFile is the path in the file of a place named by a party's check.
func placeInFile(place string) string {
	if key := map[string]string{
		"port base": "port_base", "TLS port": "tls_port", "names": "names", "scalekit environment": "scalekit_environment",
	}[place]; key != "" {
		return "listen." + key
	}
	if rest, ok := strings.CutPrefix(place, "environment.people"); ok {
		return "people" + rest
	}
	if rest, ok := strings.CutPrefix(place, "environment"); ok {
		return "scalekit" + rest
	}
	return place
}

func inFileWords(message string) string {
	return strings.ReplaceAll(strings.ReplaceAll(message, "environment.people", "people"), "environment.", "scalekit.")
}

// flatten lists the errors of errors.Join.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

func (f *labFile) config(cfg ssolab.Config) ssolab.Config {
	cfg.TLS, cfg.Names, cfg.ScalekitEnvironment = f.Listen.TLS, f.Listen.Names, f.Listen.Environment
	if f.Listen.PortBase != nil {
		cfg.PortBase = *f.Listen.PortBase
	}
	if f.Listen.TLSPort != nil {
		cfg.TLSPort = *f.Listen.TLSPort
	}
	cfg.UserPools = mapped(f.UserPools, poolFile.userPool)
	cfg.Scalekit = mockscalekit.Environment{
		ID: f.Scalekit.ID, Name: f.Scalekit.Name, Kind: f.Scalekit.Kind, Mode: f.Scalekit.Mode, IDTokenTTL: f.Scalekit.IDTokenTTL,
		AccessTokenTTL: f.Scalekit.AccessTokenTTL, SessionTTL: f.Scalekit.SessionTTL, AccessTokenClaims: f.Scalekit.AccessClaims, Attributes: f.Scalekit.Attributes,
		Clients:       mapped(f.Scalekit.Clients, func(c scalekitClientFile) mockscalekit.Client { return mockscalekit.Client(c) }),
		Organizations: mapped(f.Scalekit.Organizations, organizationFile.organization),
		Connections:   mapped(f.Scalekit.Connections, connectionFile.connection),
		Users:         mapped(f.Scalekit.Users, userFile.user),
		Roles:         mapped(f.Scalekit.Roles, func(r roleFile) mockscalekit.Role { return mockscalekit.Role(r) }),
		People:        mapped(f.People, func(p personFile) mockscalekit.Person { return mockscalekit.Person(p) }),
	}
	for id, on := range f.Quirks {
		if cfg.Quirks == nil {
			cfg.Quirks = map[string]bool{}
		}
		cfg.Quirks[id] = bool(on)
	}
	return cfg
}

func (p poolFile) userPool() mockcognito.UserPool {
	return mockcognito.UserPool{
		ID: p.ID, Name: p.Name, Domain: p.Domain, CustomDomains: p.CustomDomains, UpdatedIssuer: p.UpdatedIssuer,
		CaseInsensitive: p.CaseInsensitive, Subs: p.Subs,
		Attributes: mapped(p.Attributes, func(a attributeFile) mockcognito.Attribute { return mockcognito.Attribute(a) }),
		Clients:    mapped(p.Clients, appClientFile.appClient),
		Providers:  mapped(p.Providers, providerFile.provider),

		ManagedLoginVersion: p.ManagedLoginVersion,
		ResourceServers:     mapped(p.ResourceServers, func(r resourceServerFile) mockcognito.ResourceServer { return mockcognito.ResourceServer(r) }),
		Groups:              mapped(p.Groups, func(g groupFile) mockcognito.Group { return mockcognito.Group(g) }),
	}
}

func (c appClientFile) appClient() mockcognito.AppClient {
	return mockcognito.AppClient{
		ID: c.ID, Name: c.Name, Secret: c.Secret, CallbackURLs: c.CallbackURLs, LogoutURLs: c.LogoutURLs, Scopes: c.Scopes,
		Flows: c.Flows, IdentityProviders: c.IdentityProviders, ReadAttributes: c.ReadAttributes,
		AccessTokenValidity: c.AccessTokenValidity, IDTokenValidity: c.IDTokenValidity, RefreshTokenValidity: c.RefreshTokenValidity,
		DisableTokenRevocation: c.TokenRevocation != nil && !*c.TokenRevocation,
		DisableOAuth:           c.OAuth != nil && !*c.OAuth,
		WriteAttributes:        c.WriteAttributes, RotateRefreshTokens: c.RotateRefreshTokens, RotationGrace: c.RotationGrace,
		NoBranding: c.Branding != nil && !*c.Branding,
	}
}

func (p providerFile) provider() mockcognito.IdentityProvider {
	return mockcognito.IdentityProvider{
		Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Scopes: strings.Join(p.Scopes, " "),
		AttributesRequestMethod: p.RequestMethod, Identifiers: p.Identifiers, AttributeMapping: p.AttributeMapping,
		AuthorizeURL: p.AuthorizeURL, TokenURL: p.TokenURL, AttributesURL: p.AttributesURL, JWKSURI: p.JWKSURI,
	}
}

func (o organizationFile) organization() mockscalekit.Organization {
	return mockscalekit.Organization{
		ID: o.ID, DisplayName: o.DisplayName, ExternalID: o.ExternalID, Slug: o.Slug, Region: o.Region, Metadata: o.Metadata, Features: switched(o.Features),
		Domains:     mapped(o.Domains, func(d domainFile) mockscalekit.Domain { return mockscalekit.Domain(d) }),
		Connections: mapped(o.Connections, connectionFile.connection),
	}
}

// switched are switches as values of Go.
func switched(switches map[string]onOff) map[string]bool {
	if switches == nil {
		return nil
	}
	out := map[string]bool{}
	for name, on := range switches {
		out[name] = bool(on)
	}
	return out
}

func (c connectionFile) connection() mockscalekit.Connection {
	return mockscalekit.Connection{ID: c.ID, Provider: c.Provider, Status: c.Status, Disabled: c.Disabled, AttributeMapping: c.AttributeMapping}
}

func (u userFile) user() mockscalekit.User {
	return mockscalekit.User{
		ID: u.ID, Email: u.Email, GivenName: u.GivenName, FamilyName: u.FamilyName, ExternalID: u.ExternalID, Inactive: u.Inactive, Metadata: u.Metadata,
		Memberships: mapped(u.Memberships, func(m membershipFile) mockscalekit.Membership { return mockscalekit.Membership(m) }),
	}
}

// mapped keeps nil nil, which means the default, apart from empty.
func mapped[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}
