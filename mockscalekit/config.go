package mockscalekit

import (
	"time"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
	"github.com/ssolab/ssolab/mockscalekit/internal/webhook"
)

// Config describes Scalekit environments and the identity providers behind them.
type Config struct {
	Kit *party.Kit // shared with the other parties of a lab; nil makes one of its own

	URL    string // environment URL and issuer, without trailing slash, e.g. http://localhost:9402
	IdPURL string // base URL of the identity providers, e.g. http://localhost:9404

	Environment Environment
	// More are further environments on the same listener, told apart by the host of their URL.
	More []Environment

	// AllowRedirectURI allows further redirect URIs of clients, beside those that they have; nil allows none.
	AllowRedirectURI func(clientID, redirectURI string) bool
}

// Environment is what a team has set up at Scalekit.
type Environment struct {
	ID   string // env_…; follows from the name when empty
	URL  string // of one of Config.More; of the first environment it is Config.URL
	Name string // shown by the simulator; default "ssolab"
	Kind string // Development (default) or Production, which has stricter redirect URIs and no IdP simulator
	Mode string // Modular (default) or FullStack

	// CustomURL is the base URL of the environment's custom domain, which then is the issuer; the environment answers at
	// both. Only a production environment has one.
	CustomURL string

	IDTokenTTL     time.Duration // default 72 h in modular mode, 30 min in full-stack mode, as observed
	AccessTokenTTL time.Duration // default 15 min in modular mode, 5 min in full-stack mode
	SessionTTL     time.Duration // of sessions, and of refresh tokens; default 7 days
	// AccessTokenClaims are further claims of access tokens: name → value. Names of the protocol cannot be taken.
	AccessTokenClaims map[string]string

	Attributes    []string       // registered SSO attributes beside sub, email, given_name and family_name; only registered ones travel; nil means the default lab's
	Clients       []Client       // API clients; nil means the default lab's
	Organizations []Organization // nil means the default lab's
	Connections   []Connection   // social connections, which belong to the environment
	Users         []User         // people with an account in full-stack mode
	Roles         []Role         // that memberships of users name
	People        []Person       // people known to the identity providers; nil means the default lab's
	Webhooks      []Webhook      // endpoints that are told what happens
}

// Webhook is an endpoint of the team that is told what happens in the environment.
type Webhook = webhook.Endpoint

// Kinds and authentication modes of environments.
const (
	Development = "development"
	Production  = "production"

	Modular   = "modular"
	FullStack = "full-stack"
)

// Client is an application of the environment.
type Client struct {
	ID                     string   // skc_… or prd_skc_…
	Secret                 string   // test_… or live_…; empty: a public client, which must use PKCE
	Name                   string   // shown by the simulator; default "ssolab"
	RedirectURIs           []string // allowed callback URLs, compared exactly; * and {{org_slug}}, {{external_id}}, {{metadata key}} stand for parts of them
	PostLogoutRedirectURIs []string
	InitiateLoginURI       string // where a sign-in that an identity provider began is sent
	BackChannelLogoutURI   string // is told when a session ends
	Inactive               bool
}

// Organization is one customer.
type Organization struct {
	ID          string // org_…
	DisplayName string
	ExternalID  string            // the team's own id; unique
	Slug        string            // unique
	Region      string            // US (default) or EU
	Metadata    map[string]string // for the team's own use
	Features    map[string]bool   // settings by name: sso, dir_sync, domain_verification
	Domains     []Domain
	Connections []Connection
}

// Domain is a domain of an organization.
type Domain struct {
	ID     string // dom_…; follows from organization and name when empty
	Name   string // example.com
	Type   string // OrganizationDomain (default) or AllowedEmailDomain, which never routes
	Status string // Verified (default), Pending or Failed; only verified domains route
}

// Types and states of domains.
const (
	OrganizationDomain = directory.OrganizationDomain
	AllowedEmailDomain = directory.AllowedEmailDomain

	Verified = directory.Verified
	Pending  = directory.Pending
	Failed   = directory.Failed
)

// Connection leads from an organization to an identity provider: one of the lab, or, with OIDC or SAML settings of its own, one
// elsewhere.
type Connection struct {
	ID       string // conn_…
	Provider string // IDPSimulator (default), Okta, MicrosoftAD, Google, …
	Type     string // OIDC (default) or SAML; the simulator has OIDC only
	Status   string // Completed (default), InProgress or Draft
	Disabled bool
	Title    string // of the button for it

	// AttributeMapping maps the name of an attribute at Scalekit to the identity provider's name for it.
	AttributeMapping map[string]string
	// OldHost says that the connection is older than the environment's custom domain, so that its URLs keep the old host.
	OldHost bool

	// IdP names the identity provider of the lab; default the one in the manner of Provider.
	IdP string
	// OIDC and SAML are settings as they would be entered at Scalekit. With an issuer, metadata or a sign-on URL in them the
	// connection leads to an identity provider elsewhere.
	OIDC *OIDCConfig
	SAML *SAMLConfig
}

// OIDCConfig and SAMLConfig are the settings of a connection.
type (
	OIDCConfig = directory.OIDCConfig
	SAMLConfig = directory.SAMLConfig
	// Certificate is one of a SAML identity provider.
	Certificate = directory.Certificate
)

// Providers, types and states of connections.
const (
	IDPSimulator = directory.IDPSimulator
	Okta         = directory.Okta
	Google       = directory.Google
	Microsoft    = directory.Microsoft
	MicrosoftAD  = directory.MicrosoftAD
	Custom       = directory.Custom

	OIDC = directory.OIDC
	SAML = directory.SAML

	Completed  = directory.Completed
	InProgress = directory.InProgress
	Draft      = directory.Draft

	URLParams = directory.URLParams
	BasicAuth = directory.BasicAuth

	HTTPPost     = directory.HTTPPost
	HTTPRedirect = directory.HTTPRedirect
)

// Providers are those that a connection may name.
func Providers() []string { return directory.Providers() }

// NameIDFormats are those that a SAML connection may ask for.
func NameIDFormats() []string { return []string{"UNSPECIFIED", "EMAIL", "TRANSIENT", "PERSISTENT"} }

// IdPs are the identity providers of a lab.
func IdPs() []string { return idp.Names() }

// User is somebody with an account in full-stack mode.
type User struct {
	ID          string // usr_…; follows from the e-mail when empty
	Email       string
	GivenName   string
	FamilyName  string
	ExternalID  string
	Inactive    bool
	Metadata    map[string]string
	Memberships []Membership
}

// Membership is a user's place in an organization.
type Membership struct {
	Organization string   // org_…
	Roles        []string // names
}

// Role is a set of permissions under a name.
type Role struct {
	Name        string
	DisplayName string
	Permissions []string
	Default     bool // for members without a role
}

// Person is someone an identity provider knows. The simulator lets anybody in; a person given here has fixed values.
type Person = idp.Person

// Second factors and states of people.
const (
	TOTP  = idp.TOTP
	Push  = idp.Push
	NoMFA = idp.NoMFA

	Active          = idp.Active
	Locked          = idp.Locked
	AccountDisabled = idp.Disabled
	PasswordExpired = idp.PasswordExpired
)

// Outcome is how a sign-in at an identity provider ends.
type Outcome = idp.Outcome

// OutcomeInfo describes an outcome.
type OutcomeInfo = idp.OutcomeInfo
