package directory

import "time"

// Origin says who made an object.
type Origin string

// Origins.
const (
	Declared Origin = "declared" // by the configuration or the lab file
	API      Origin = "api"      // by the management API, the portal, or somebody signing up
)

// Meta is what every object has.
type Meta struct {
	Origin  Origin
	Created time.Time
	Updated time.Time
	Order   int64 // of lists: declared objects in the order of their declaration, then the others in the order they were made
}

// Client is an application of the environment (skc_…, prd_skc_…), or a machine client of an organization (m2morg_…).
type Client struct {
	Meta
	ID             string
	OrganizationID string // of machine clients
	Name           string
	Description    string
	Secrets        []Secret
	Public         bool // has no secret and must use PKCE
	Inactive       bool

	RedirectURIs           []string // allowed callback URLs
	InitiateLoginURIs      []string // the first is where a sign-in begun by an identity provider is sent
	PostLogoutRedirectURIs []string
	BackChannelLogoutURIs  []string

	// Of machine clients (https://docs.scalekit.com/guides/m2m/api-auth-m2m-clients/):
	Audience     []string
	Scopes       []string
	CustomClaims map[string]string
	Expiry       time.Duration // of access tokens; 0 means the environment's 24 h
}

// Secret is a client secret. Only its digest is kept: the value is shown once, when it is made.
type Secret struct {
	ID       string // sks_…
	Origin   Origin
	Digest   []byte // SHA-256 of the value
	Suffix   string // its last characters, to tell secrets apart
	Inactive bool
	Created  time.Time
	Expires  time.Time // zero: never
}

// Organization is one customer.
type Organization struct {
	Meta
	ID          string // org_…
	DisplayName string
	ExternalID  string // the team's own id; unique when given
	Slug        string // unique when given
	LogoURL     string
	Region      string // US or EU
	Metadata    map[string]string
	Features    []Feature // settings: sso, dir_sync, domain_verification, …
}

// Feature is a switch in the settings of an organization.
type Feature struct {
	Name    string
	Enabled bool
}

// Feature returns whether the named feature is on.
func (o Organization) Feature(name string) bool {
	for _, f := range o.Features {
		if f.Name == name {
			return f.Enabled
		}
	}
	return false
}

// Regions of organizations.
const (
	US = "US"
	EU = "EU"
)

// Domain is a domain of an organization.
type Domain struct {
	Meta
	ID              string // dom_…
	OrganizationID  string
	Name            string // lower case
	Type            string
	Status          string // of the verification
	Method          string // of the verification
	TXTRecordKey    string
	TXTRecordSecret string
}

// Types, states and methods of domains.
const (
	OrganizationDomain = "ORGANIZATION_DOMAIN"
	AllowedEmailDomain = "ALLOWED_EMAIL_DOMAIN"

	Pending      = "PENDING"
	Verified     = "VERIFIED"
	Failed       = "FAILED"
	AutoVerified = "AUTO_VERIFIED"

	ByAdmin       = "ADMIN"
	ByDNS         = "DNS"
	NotApplicable = "NOT_APPLICABLE"
)

// Routes tells whether the domain leads a sign-in to its organization: only a verified one of type ORGANIZATION_DOMAIN does
// (https://docs.scalekit.com/authenticate/manage-users-orgs/organization-domains/).
func (d Domain) Routes() bool { return d.Type == OrganizationDomain && d.verified() }

func (d Domain) verified() bool { return d.Status == Verified || d.Status == AutoVerified }

// Verified tells whether the organization has shown that the domain is its own.
func (d Domain) Verified() bool { return d.verified() }

// Connection leads to an identity provider: of an organization, or, without one, a social connection of the environment.
type Connection struct {
	Meta
	ID                string // conn_…
	OrganizationID    string
	Provider          string
	Type              string
	Status            string
	Enabled           bool
	DebugEnabled      bool
	ConfigurationType string // DISCOVERY or MANUAL
	UIButtonTitle     string
	ProviderKey       string
	KeyID             string
	OldHost           bool // made before the environment had its custom domain: its URLs keep the host

	// AttributeMapping maps the name of a user's attribute at Scalekit to the identity provider's name for it.
	AttributeMapping map[string]string

	// IdP names an identity provider of the lab. The settings that its administrator would copy into the connection then
	// follow from where that provider is; those given below win.
	IdP  string
	OIDC *OIDCConfig
	SAML *SAMLConfig
}

// Active tells whether people can sign in through the connection.
func (c Connection) Active() bool { return c.Enabled && c.Status == Completed }

// OIDCConfig is how Scalekit, as a client, uses an OpenID provider.
type OIDCConfig struct {
	Issuer            string
	DiscoveryEndpoint string // default: issuer/.well-known/openid-configuration
	AuthorizeURI      string // the endpoints are the discovered ones unless configured by hand
	TokenURI          string
	UserInfoURI       string
	JWKSURI           string
	ClientID          string
	ClientSecret      string
	Scopes            []string
	TokenAuthType     string // URL_PARAMS or BASIC_AUTH
	PKCEDisabled      bool
	IdPLogoutRequired bool

	SyncProfileDisabled bool // sync_user_profile_on_login is off
	JITDisabled         bool // jit_provisioning_with_sso_enabled is off
}

// SAMLConfig is how Scalekit, as a service provider, uses a SAML identity provider.
type SAMLConfig struct {
	IdPMetadataURL  string
	IdPEntityID     string
	IdPSSOURL       string
	IdPSLOURL       string
	IdPCertificates []Certificate

	NameIDFormat       string // UNSPECIFIED, EMAIL, TRANSIENT or PERSISTENT
	SSORequestBinding  string // HTTP_POST or HTTP_REDIRECT
	SigningOption      string // what the identity provider signs
	ForceAuthn         bool
	WantRequestSigned  bool
	AssertionEncrypted bool
	DefaultRedirectURI string // where an IdP-initiated sign-in goes without an initiate-login URL
	IdPInitiatedOff    bool   // allow_idp_initiated_login is off
	SLORequired        bool

	SPEntityID     string // default: environment URL/sso/v1/saml/{connection}
	SPAssertionURL string // default: …/callback
}

// Certificate is a certificate of a SAML identity provider.
type Certificate struct {
	ID  string // cer_…
	PEM string
}

// Providers of connections.
const (
	IDPSimulator = "IDP_SIMULATOR"
	Okta         = "OKTA"
	Google       = "GOOGLE"
	MicrosoftAD  = "MICROSOFT_AD"
	Microsoft    = "MICROSOFT"
	Auth0        = "AUTH0"
	OneLogin     = "ONELOGIN"
	PingIdentity = "PING_IDENTITY"
	JumpCloud    = "JUMPCLOUD"
	ADFS         = "ADFS"
	Custom       = "CUSTOM"
	GitHub       = "GITHUB"
	GitLab       = "GITLAB"
	LinkedIn     = "LINKEDIN"
	Salesforce   = "SALESFORCE"
)

// Types, states and settings of connections.
const (
	OIDC  = "OIDC"
	SAML  = "SAML"
	OAuth = "OAUTH"

	Draft      = "DRAFT"
	InProgress = "IN_PROGRESS"
	Completed  = "COMPLETED"

	Discovery = "DISCOVERY"
	Manual    = "MANUAL"

	URLParams = "URL_PARAMS"
	BasicAuth = "BASIC_AUTH"

	HTTPPost     = "HTTP_POST"
	HTTPRedirect = "HTTP_REDIRECT"
)

// User is a person of the environment in full-stack mode.
type User struct {
	Meta
	ID          string // usr_…
	Email       string // unique, compared without regard to case
	ExternalID  string // unique when given
	Inactive    bool
	Memberships []Membership
	Profile     Profile
	Metadata    map[string]string
	LastLogin   time.Time
}

// Membership is a user's place in an organization.
type Membership struct {
	OrganizationID string
	Joined         time.Time
	Status         string
	Roles          []string // names
	Metadata       map[string]string

	// Of an invitation:
	InviterEmail  string
	Invited       time.Time
	InviteExpires time.Time
	InviteResent  time.Time
	InvitesResent int
}

// States of memberships.
const (
	Active        = "ACTIVE"
	Inactive      = "INACTIVE"
	PendingInvite = "PENDING_INVITE"
	InviteExpired = "INVITE_EXPIRED"
)

// Profile describes a user.
type Profile struct {
	ID                  string // usp_…
	GivenName           string
	FamilyName          string
	Name                string
	Locale              string
	EmailVerified       bool
	PhoneNumber         string
	PhoneNumberVerified bool
	PreferredUsername   string
	Picture             string
	Gender              string
	Groups              []string
	Metadata            map[string]string
	CustomAttributes    map[string]string
}

// Membership returns the user's membership of an organization.
func (u User) Membership(organizationID string) (Membership, bool) {
	for _, m := range u.Memberships {
		if m.OrganizationID == organizationID {
			return m, true
		}
	}
	return Membership{}, false
}

// Role is a set of permissions under a name that memberships give.
type Role struct {
	Meta
	ID          string // role_…
	Name        string
	DisplayName string
	Description string
	Permissions []string
	Default     bool // given to members who get none
}

// Attribute is an entry of the environment's list of SSO attributes: only what is listed travels from an identity provider
// to an application (https://docs.scalekit.com/sso/guides/sso-user-attributes/).
type Attribute struct {
	Meta
	Key   string
	Name  string // shown
	Fixed bool   // sub and email, which cannot be taken out
}
