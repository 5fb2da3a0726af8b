package labfile

import (
	"maps"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

const (
	minute = time.Minute
	hour   = time.Hour
)

// File is ssolab.yaml: what a lab consists of. A part that is left out is the default lab's.
type File struct {
	Listen    Listen            `yaml:"listen" doc:"how the parties are reached"`
	Data      nonEmpty          `yaml:"data" doc:"directory that keeps users, tokens and keys over a restart; relative to this file" default:"in memory"`
	Empty     bool              `yaml:"empty" doc:"what is left out is nothing, and not the default lab's: no pools, no organizations, no people" default:"false"`
	Callbacks []redirectURL     `yaml:"callbacks" doc:"callback URLs added to the main app client, the first of the first pool"`
	SignOuts  []redirectURL     `yaml:"sign_outs" doc:"sign-out URLs added to the main app client"`
	UserPools []Pool            `yaml:"user_pools" min:"1" doc:"Cognito's user pools; the first client of the first one is the main client" default:"the default lab's"`
	Lambda    Lambda            `yaml:"lambda" doc:"where the functions of Lambda triggers are reached"`
	Scalekit  Scalekit          `yaml:"scalekit" doc:"the Scalekit environment"`
	People    []Person          `yaml:"people" doc:"people whom the identity providers know" default:"the default lab's"`
	Quirks    map[quirkID]onOff `yaml:"quirks" doc:"behaviour of the real services that surprises people, on or off" default:"as the real services do"`
	Faults    []Fault           `yaml:"faults" doc:"what goes wrong from the start" default:"none"`
}

// Listen says how the parties are reached.
type Listen struct {
	TLS         bool        `yaml:"tls" doc:"https on the ports" default:"false"`
	Names       namesMode   `yaml:"names" doc:"a host name per party, with TLS on one port" default:"a port per party"`
	TLSPort     *portNumber `yaml:"tls_port" doc:"port of all names; 0 is a free one" default:"up: 9443, run: free"`
	PortBase    *firstPort  `yaml:"port_base" doc:"first of five ports, the console's; 0 is free ones" default:"up: 9400, run: free"`
	Bind        []ipAddress `yaml:"bind" doc:"addresses to listen on beside loopback; who reaches the lab may read its secrets and change it" default:"loopback alone"`
	CADir       nonEmpty    `yaml:"ca_dir" doc:"directory of the CA, relative to this file" default:"what ssolab ca path prints"`
	Environment firstLabel  `yaml:"scalekit_environment" doc:"first label of Scalekit's vendor name" default:"ssolab"`
}

// Pool is a user pool.
type Pool struct {
	ID                  poolID       `yaml:"id,required" doc:"user pool id"`
	Name                nonEmpty     `yaml:"name" default:"the id"`
	Domain              poolDomain   `yaml:"domain" doc:"domain prefix; a pool without a domain has no OAuth endpoints" default:"none"`
	CustomDomains       []hostName   `yaml:"custom_domains" unique:"true" doc:"domains beside the prefix; on plain ports all are the pool's one origin" default:"none"`
	ManagedLoginVersion loginVersion `yaml:"managed_login_version" doc:"of the domains: 1 is the hosted UI, 2 is managed login" default:"2"`
	UpdatedIssuer       bool         `yaml:"updated_issuer" doc:"the issuer's host is issuer-cognito-idp.<region>.…, as of pools whose issuer is of type UPDATED" default:"false"`

	CaseInsensitive    bool            `yaml:"case_insensitive" doc:"user names are compared and shown in lower case, as in pools made by the AWS console" default:"false"`
	UsernameAttributes []signInName    `yaml:"username_attributes" unique:"true" doc:"what user names are made of" default:"a name of its own"`
	AliasAttributes    []aliasName     `yaml:"alias_attributes" unique:"true" doc:"what else signs a user in, once verified" default:"none"`
	AutoVerified       []verifiedName  `yaml:"auto_verified" unique:"true" doc:"verified at sign-up" default:"none"`
	MFA                mfaMode         `yaml:"mfa" doc:"whether users of the pool's own need a second factor" default:"OFF"`
	NoSignUp           bool            `yaml:"no_sign_up" doc:"users are made by administrators only" default:"false"`
	PasswordPolicy     *PasswordPolicy `yaml:"password_policy" doc:"what passwords must be like" default:"8 characters, upper and lower case, digits and symbols"`
	Attributes         []Attribute     `yaml:"attributes" doc:"deviations from the standard schema, and custom attributes" default:"the standard schema"`
	Triggers           Triggers        `yaml:"triggers" doc:"Lambda triggers: LambdaConfig of the pool" default:"none"`

	Clients         []AppClient          `yaml:"clients,required" min:"1" doc:"app clients"`
	Providers       []Provider           `yaml:"providers" doc:"OIDC identity providers" default:"none"`
	ResourceServers []ResourceServer     `yaml:"resource_servers" doc:"APIs whose scopes, <identifier>/<name>, a client may be allowed" default:"none"`
	Groups          []Group              `yaml:"groups" default:"none"`
	Users           []User               `yaml:"users" doc:"users of the pool's own directory; made where there is none of that name" default:"none"`
	Subs            map[nonEmpty]subject `yaml:"subs" doc:"user name → sub of the first profile made under it" default:"derived"`
}

// Shape implements yamlfile.Shaped.
func (Pool) Shape() yamlfile.Shape {
	return yamlfile.Shape{Excludes: [][]string{{"username_attributes", "alias_attributes"}}}
}

// Lambda says where functions are reached.
type Lambda struct {
	Endpoint  endpointURL              `yaml:"endpoint" doc:"base of the Lambda API: POST <endpoint>/2015-03-31/functions/<name>/invocations; sam local start-lambda has http://127.0.0.1:3001" default:"none"`
	Functions map[nonEmpty]endpointURL `yaml:"functions" doc:"functions with a URL of their own, which takes the event: name or ARN → URL" default:"none"`
	Timeout   triggerTimeout           `yaml:"timeout" doc:"of each try; the real service's is fixed, a longer one is for the debugger" default:"5s"`
}

// Triggers are a pool's Lambda triggers.
type Triggers struct {
	InboundFederation  *Trigger          `yaml:"inbound_federation" doc:"after an identity provider answered, before anything is mapped" default:"none"`
	PreSignUp          *Trigger          `yaml:"pre_sign_up" doc:"before a user is made" default:"none"`
	PostConfirmation   *Trigger          `yaml:"post_confirmation" doc:"after a sign-up was confirmed" default:"none"`
	PreAuthentication  *Trigger          `yaml:"pre_authentication" doc:"before a known user signs in" default:"none"`
	PostAuthentication *Trigger          `yaml:"post_authentication" doc:"after a known user signed in" default:"none"`
	PreTokenGeneration *VersionedTrigger `yaml:"pre_token_generation" doc:"before tokens are made" default:"none"`
	Define             *Trigger          `yaml:"define_auth_challenge" doc:"of CUSTOM_AUTH: what comes next" default:"none"`
	Create             *Trigger          `yaml:"create_auth_challenge" doc:"of CUSTOM_AUTH: the question" default:"none"`
	Verify             *Trigger          `yaml:"verify_auth_challenge_response" doc:"of CUSTOM_AUTH: whether the answer is right" default:"none"`
	UserMigration      *Trigger          `yaml:"user_migration" doc:"for a user whom the pool does not have" default:"none"`
	CustomMessage      *Trigger          `yaml:"custom_message" doc:"words a message" default:"none"`
}

// Trigger is a function of a pool.
type Trigger struct {
	URL      endpointURL `yaml:"url" doc:"takes the events" default:"that of function"`
	Function nonEmpty    `yaml:"function" doc:"name or ARN, which lambda says where to reach" default:"a name that is made up"`
}

// Shape implements yamlfile.Shaped.
func (Trigger) Shape() yamlfile.Shape { return yamlfile.Shape{OneOf: []string{"url", "function"}} }

// VersionedTrigger is a function with the version of its event.
type VersionedTrigger struct {
	URL      endpointURL    `yaml:"url" doc:"takes the events" default:"that of function"`
	Function nonEmpty       `yaml:"function" doc:"name or ARN, which lambda says where to reach" default:"a name that is made up"`
	Version  triggerVersion `yaml:"version" doc:"of the event: V2_0 changes access tokens too, V3_0 runs for client_credentials too" default:"V1_0"`
}

// Shape implements yamlfile.Shaped.
func (VersionedTrigger) Shape() yamlfile.Shape { return Trigger{}.Shape() }

// PasswordPolicy is what passwords must be like.
type PasswordPolicy struct {
	MinimumLength passwordLength `yaml:"minimum_length" default:"8"`
	Uppercase     *bool          `yaml:"uppercase" doc:"one is needed" default:"true"`
	Lowercase     *bool          `yaml:"lowercase" doc:"one is needed" default:"true"`
	Numbers       *bool          `yaml:"numbers" doc:"one is needed" default:"true"`
	Symbols       *bool          `yaml:"symbols" doc:"one is needed" default:"true"`
}

// Attribute is an entry of a pool's schema.
type Attribute struct {
	Name      attributeName `yaml:"name,required"`
	Required  bool          `yaml:"required" doc:"not of custom attributes" default:"false"`
	Immutable bool          `yaml:"immutable" default:"false"`
}

// Shape implements yamlfile.Shaped.
func (Attribute) Shape() yamlfile.Shape {
	return yamlfile.Shape{Never: []yamlfile.Never{{Key: "required", If: "name", Begins: "custom:", Reason: "a custom attribute is never required"}}}
}

// AppClient is an app client of a pool.
type AppClient struct {
	ID                clientID                `yaml:"id,required"`
	Name              nonEmpty                `yaml:"name" default:"the id"`
	Secret            secret[appClientSecret] `yaml:"secret" doc:"none makes a public client" default:"none"`
	CallbackURLs      []redirectURL           `yaml:"callback_urls" unique:"true" doc:"the sample app's is added"`
	LogoutURLs        []redirectURL           `yaml:"logout_urls" unique:"true" doc:"the sample app's is added"`
	DefaultRedirect   redirectURL             `yaml:"default_redirect_uri" doc:"one of callback_urls" default:"none"`
	Scopes            []scopeName             `yaml:"scopes" unique:"true" default:"openid email phone profile"`
	Flows             []flowName              `yaml:"flows" unique:"true" default:"code"`
	IdentityProviders []providerOrOwn         `yaml:"identity_providers" unique:"true" doc:"names of the pool's providers, and COGNITO for its own users" default:"none"`
	ReadAttributes    []attributeName         `yaml:"read_attributes" unique:"true" default:"all standard ones"`
	WriteAttributes   []attributeName         `yaml:"write_attributes" unique:"true" default:"all standard ones"`

	ExplicitAuthFlows []authFlow `yaml:"explicit_auth_flows" unique:"true" doc:"authentication flows of the user pools API" default:"refresh, SRP and custom authentication"`
	ShowUserExistence bool       `yaml:"show_user_existence" doc:"an unknown user is told apart from a wrong password (PreventUserExistenceErrors LEGACY)" default:"false"`

	AccessTokenValidity  tokenValidity   `yaml:"access_token_validity" default:"1h"`
	IDTokenValidity      tokenValidity   `yaml:"id_token_validity" default:"1h"`
	RefreshTokenValidity refreshValidity `yaml:"refresh_token_validity" default:"30d"`
	RotateRefreshTokens  bool            `yaml:"rotate_refresh_tokens" doc:"a refresh brings a new refresh token" default:"false"`
	RotationGrace        gracePeriod     `yaml:"rotation_grace" doc:"for which the old refresh token is still taken" default:"0"`
	Branding             *bool           `yaml:"branding" doc:"a style for managed login; clients that the API made have none, and their login page answers 403" default:"true"`
	TokenRevocation      *bool           `yaml:"token_revocation" doc:"tokens have jti and origin_jti, and can be revoked" default:"true"`
	OAuth                *bool           `yaml:"oauth" doc:"the OAuth endpoints serve the client" default:"true"`
}

// Shape implements yamlfile.Shaped.
func (AppClient) Shape() yamlfile.Shape {
	return yamlfile.Shape{Needs: map[string][]string{"rotation_grace": {"rotate_refresh_tokens"}, "default_redirect_uri": {"callback_urls"}}}
}

// Provider is an OIDC identity provider of a pool.
type Provider struct {
	Name             providerName            `yaml:"name,required"`
	Issuer           issuerURL               `yaml:"issuer" doc:"of another OIDC provider" default:"this lab's Scalekit, as its first client"`
	ClientID         nonEmpty                `yaml:"client_id" doc:"at the issuer"`
	ClientSecret     secret[otherSecret]     `yaml:"client_secret" doc:"at the issuer"`
	Scopes           []scopeName             `yaml:"scopes" unique:"true" doc:"openid has to be among them" default:"openid"`
	RequestMethod    requestMethod           `yaml:"attributes_request_method" default:"GET"`
	Identifiers      []identifier            `yaml:"identifiers" unique:"true" doc:"at most 50: domains, for idp_identifier and the login page" default:"none"`
	AttributeMapping map[mappedName]nonEmpty `yaml:"attribute_mapping" doc:"pool attribute → claim; username ← sub is added"`
	AuthorizeURL     endpointURL             `yaml:"authorize_url" doc:"these four go together" default:"discovery"`
	TokenURL         endpointURL             `yaml:"token_url" default:"discovery"`
	AttributesURL    endpointURL             `yaml:"attributes_url" default:"discovery"`
	JWKSURI          endpointURL             `yaml:"jwks_uri" default:"discovery"`
}

// Shape implements yamlfile.Shaped.
func (Provider) Shape() yamlfile.Shape {
	needs := together("authorize_url", "token_url", "attributes_url", "jwks_uri")
	maps.Copy(needs, together("issuer", "client_id", "client_secret"))
	return yamlfile.Shape{Needs: needs}
}

// together are keys of which all are given or none.
func together(keys ...string) map[string][]string {
	needs := map[string][]string{}
	for i, key := range keys {
		needs[key] = slices.Delete(slices.Clone(keys), i, i+1)
	}
	return needs
}

// ResourceServer is an API with its scopes.
type ResourceServer struct {
	Identifier resourceID               `yaml:"identifier,required"`
	Name       nonEmpty                 `yaml:"name" default:"the identifier"`
	Scopes     map[resourceScope]string `yaml:"scopes" doc:"name → description" default:"none"`
}

// Group is a group of a pool's users.
type Group struct {
	Name        groupName   `yaml:"name,required"`
	Description string      `yaml:"description" default:"none"`
	RoleARN     nonEmpty    `yaml:"role_arn" default:"none"`
	Precedence  *precedence `yaml:"precedence" doc:"the lowest comes first" default:"last"`
}

// User is a user of a pool's own directory.
type User struct {
	Username   userName                         `yaml:"username,required"`
	Password   secret[passwordSecret]           `yaml:"password" default:"none: the user cannot sign in with one"`
	Temporary  secret[passwordSecret]           `yaml:"temporary_password" doc:"has to be changed at the first sign-in" default:"none"`
	Attributes map[userAttribute]attributeValue `yaml:"attributes" doc:"also email_verified: \"true\", and custom:… of the pool" default:"none"`
	Groups     []groupName                      `yaml:"groups" unique:"true" default:"none"`
}

// Shape implements yamlfile.Shaped.
func (User) Shape() yamlfile.Shape {
	return yamlfile.Shape{Excludes: [][]string{{"password", "temporary_password"}}}
}

// Scalekit is the Scalekit environment.
type Scalekit struct {
	ID             environmentID        `yaml:"id" default:"follows from the name"`
	Name           nonEmpty             `yaml:"name" doc:"shown by the simulator" default:"ssolab"`
	Kind           environmentKind      `yaml:"kind" doc:"production has stricter redirect URIs and no IdP simulator" default:"development"`
	Mode           scalekitMode         `yaml:"mode" doc:"authentication mode" default:"modular"`
	IDTokenTTL     time.Duration        `yaml:"id_token_ttl" default:"72h, in full-stack mode 30m"`
	AccessTokenTTL time.Duration        `yaml:"access_token_ttl" default:"15m, in full-stack mode 5m"`
	SessionTTL     time.Duration        `yaml:"session_ttl" doc:"of sessions, and of refresh tokens" default:"168h"`
	AccessClaims   map[claimName]string `yaml:"access_token_claims" doc:"further claims of access tokens: name → value" default:"none"`

	Attributes    []nonEmpty       `yaml:"attributes" unique:"true" doc:"registered SSO attributes beside sub, email, given_name, family_name; others do not travel" default:"department, groups"`
	Clients       []ScalekitClient `yaml:"clients" min:"1" doc:"API clients" default:"the default lab's"`
	Organizations []Organization   `yaml:"organizations" default:"the default lab's"`
	Connections   []Connection     `yaml:"connections" doc:"social connections, which belong to no organization" default:"none"`
	Users         []ScalekitUser   `yaml:"users" doc:"people with an account in full-stack mode" default:"none"`
	Roles         []Role           `yaml:"roles" doc:"that memberships of users name" default:"none"`
	Webhooks      []Webhook        `yaml:"webhooks" doc:"endpoints of the team that are told what happens" default:"none"`
}

// Webhook is an endpoint of the team that is told what happens in the environment.
type Webhook struct {
	URL    webhookURL            `yaml:"url,required"`
	Secret secret[webhookSecret] `yaml:"secret" doc:"signs what is sent" default:"follows from the URL; the control API's GET webhooks shows it"`
	Events []webhookEvent        `yaml:"events" unique:"true" doc:"types of events" default:"all"`
}

// ScalekitClient is an application of the environment.
type ScalekitClient struct {
	ID                     scalekitClientID    `yaml:"id,required"`
	Secret                 secret[otherSecret] `yaml:"secret" doc:"none makes a public client" default:"none"`
	Name                   nonEmpty            `yaml:"name" doc:"shown by the simulator" default:"ssolab"`
	RedirectURIs           []allowedURL        `yaml:"redirect_uris" unique:"true" default:"Cognito's and the sample app's"`
	PostLogoutRedirectURIs []allowedURL        `yaml:"post_logout_redirect_uris" unique:"true" default:"none"`
	InitiateLoginURI       allowedURL          `yaml:"initiate_login_uri" doc:"where a sign-in that an identity provider began is sent" default:"none"`
	BackChannelLogoutURI   allowedURL          `yaml:"back_channel_logout_uri" doc:"is told when a session ends" default:"none"`
	Inactive               bool                `yaml:"inactive" default:"false"`
}

// Organization is a customer.
type Organization struct {
	ID          organizationID     `yaml:"id,required"`
	DisplayName nonEmpty           `yaml:"display_name"`
	ExternalID  nonEmpty           `yaml:"external_id" doc:"the team's own id"`
	Slug        nonEmpty           `yaml:"slug"`
	Region      organizationArea   `yaml:"region" default:"US"`
	Metadata    map[string]string  `yaml:"metadata" doc:"for the team's own use"`
	Features    map[nonEmpty]onOff `yaml:"features" doc:"settings by name: sso, dir_sync, domain_verification"`
	Domains     []Domain           `yaml:"domains" doc:"names, or mappings" default:"none"`
	Connections []Connection       `yaml:"connections" default:"none"`
}

// Domain is a domain of an organization, written as a name alone or as a mapping.
type Domain struct {
	ID     domainID     `yaml:"id" default:"follows from organization and name"`
	Name   domainName   `yaml:"name,required"`
	Type   domainType   `yaml:"type" doc:"of an allowed e-mail domain nobody is routed" default:"ORGANIZATION_DOMAIN"`
	Status domainStatus `yaml:"status" doc:"only verified domains route" default:"VERIFIED"`
}

// UnmarshalText takes a name alone.
func (d *Domain) UnmarshalText(name []byte) error {
	d.Name = domainName(name)
	return nil
}

// Rule implements yamlfile.Ruled: that of the name alone.
func (Domain) Rule() yamlfile.Rule { return domainName("").Rule() }

// Connection leads from an organization to an identity provider.
type Connection struct {
	ID               connectionID          `yaml:"id,required"`
	Provider         providerKind          `yaml:"provider" doc:"as Scalekit names them" default:"IDP_SIMULATOR"`
	Type             connectionType        `yaml:"type" doc:"the simulator has OIDC only" default:"OIDC"`
	Status           connectionStatus      `yaml:"status" default:"COMPLETED"`
	Disabled         bool                  `yaml:"disabled" default:"false"`
	Title            nonEmpty              `yaml:"title" doc:"of the button for it" default:"none"`
	AttributeMapping map[nonEmpty]nonEmpty `yaml:"attribute_mapping" doc:"Scalekit's name of an attribute → the identity provider's"`
	IdP              idpName               `yaml:"idp" doc:"identity provider of the lab" default:"in the manner of provider"`
	OldHost          bool                  `yaml:"old_host" doc:"the connection is older than the environment's custom domain, so that its URLs keep the old host" default:"false"`
	OIDC             *OIDC                 `yaml:"oidc" doc:"settings; with an issuer or endpoints they lead to an OpenID provider elsewhere" default:"the lab's"`
	SAML             *SAML                 `yaml:"saml" doc:"settings; with metadata or a sign-on URL they lead to a SAML identity provider elsewhere" default:"the lab's"`
}

// Shape implements yamlfile.Shaped.
func (Connection) Shape() yamlfile.Shape {
	return yamlfile.Shape{Excludes: [][]string{{"oidc", "saml"}}, Needs: map[string][]string{"saml": {"type"}}}
}

// OIDC are settings of an OIDC connection under the names of Scalekit's API.
type OIDC struct {
	Issuer            issuerURL           `yaml:"issuer"`
	DiscoveryEndpoint endpointURL         `yaml:"discovery_endpoint" default:"below the issuer"`
	AuthorizeURI      endpointURL         `yaml:"authorize_uri" doc:"these four go together" default:"discovery"`
	TokenURI          endpointURL         `yaml:"token_uri" default:"discovery"`
	UserInfoURI       endpointURL         `yaml:"user_info_uri" default:"discovery"`
	JWKSURI           endpointURL         `yaml:"jwks_uri" default:"discovery"`
	ClientID          nonEmpty            `yaml:"client_id" doc:"at the identity provider"`
	ClientSecret      secret[otherSecret] `yaml:"client_secret" doc:"at the identity provider"`
	Scopes            []scopeName         `yaml:"scopes" unique:"true" default:"openid email profile"`
	TokenAuthType     tokenAuthType       `yaml:"token_auth_type" doc:"how the token endpoint is told the secret: in the form, or HTTP Basic" default:"BASIC_AUTH"`
	PKCE              *bool               `yaml:"pkce_enabled" default:"true"`
	IdPLogout         bool                `yaml:"idp_logout_required" doc:"signing out goes on to the identity provider" default:"false"`
	SyncProfile       *bool               `yaml:"sync_user_profile_on_login" doc:"in full-stack mode, a sign-in changes the profile" default:"true"`
	JIT               *bool               `yaml:"jit_provisioning_with_sso_enabled" doc:"in full-stack mode, a sign-in makes an account" default:"true"`
}

// Shape implements yamlfile.Shaped.
func (OIDC) Shape() yamlfile.Shape {
	needs := together("authorize_uri", "token_uri", "user_info_uri", "jwks_uri")
	needs["issuer"] = []string{"client_id", "client_secret"}
	return yamlfile.Shape{Needs: needs}
}

// SAML are settings of a SAML connection under the names of Scalekit's API.
type SAML struct {
	MetadataURL     endpointURL               `yaml:"idp_metadata_url" doc:"gives entity id, sign-on URL and certificates"`
	EntityID        nonEmpty                  `yaml:"idp_entity_id"`
	SSOURL          endpointURL               `yaml:"idp_sso_url" doc:"without metadata it needs idp_entity_id and idp_certificates"`
	Certificates    []secret[certificateText] `yaml:"idp_certificates" doc:"that the identity provider signs with"`
	NameIDFormat    nameIDFormat              `yaml:"idp_name_id_format" default:"UNSPECIFIED"`
	RequestBinding  requestBinding            `yaml:"idp_sso_request_binding" default:"HTTP_REDIRECT"`
	ForceAuthn      bool                      `yaml:"force_authn" doc:"the identity provider has to ask each time" default:"false"`
	RequestSigned   bool                      `yaml:"want_request_signed" doc:"requests are signed" default:"false"`
	DefaultRedirect endpointURL               `yaml:"default_redirect_uri" doc:"where an IdP-initiated sign-in goes when the client has no initiate_login_uri"`
	IdPInitiated    *bool                     `yaml:"allow_idp_initiated_login" default:"true"`
	SPEntityID      nonEmpty                  `yaml:"sp_entity_id" default:"the URL of the connection's metadata"`
	SPAssertionURL  endpointURL               `yaml:"sp_assertion_url" doc:"assertion consumer service" default:"below the entity id"`
}

// ScalekitUser is somebody with an account in full-stack mode.
type ScalekitUser struct {
	ID          userID            `yaml:"id" default:"follows from the e-mail"`
	Email       emailAddress      `yaml:"email,required"`
	GivenName   string            `yaml:"given_name"`
	FamilyName  string            `yaml:"family_name"`
	ExternalID  nonEmpty          `yaml:"external_id"`
	Inactive    bool              `yaml:"inactive" default:"false"`
	Metadata    map[string]string `yaml:"metadata"`
	Memberships []Membership      `yaml:"memberships" default:"none"`
}

// Membership is a user's place in an organization.
type Membership struct {
	Organization organizationID `yaml:"organization,required"`
	Roles        []nonEmpty     `yaml:"roles" unique:"true" default:"none"`
}

// Role is a set of permissions under a name.
type Role struct {
	Name        nonEmpty   `yaml:"name,required"`
	DisplayName string     `yaml:"display_name"`
	Permissions []nonEmpty `yaml:"permissions" unique:"true" default:"none"`
	Default     bool       `yaml:"default" doc:"for members without a role" default:"false"`
}

// Person is somebody whom the identity providers know.
type Person struct {
	Email      emailAddress           `yaml:"email,required"`
	GivenName  string                 `yaml:"given_name"`
	FamilyName string                 `yaml:"family_name"`
	Subject    nonEmpty               `yaml:"subject" doc:"at the identity provider" default:"derived from connection and e-mail"`
	Password   secret[passwordSecret] `yaml:"password" doc:"for identity providers that ask for one"`
	TOTPSecret totpSecret             `yaml:"totp_secret" doc:"for identity providers with MFA"`
	Attributes map[nonEmpty]string    `yaml:"attributes" doc:"custom attributes, released by name"`
	Groups     []nonEmpty             `yaml:"groups" unique:"true" doc:"names" default:"none"`
	MFA        secondFactor           `yaml:"mfa" doc:"second factor; totp needs a totp_secret" default:"totp with a totp_secret, else none"`
	State      personState            `yaml:"state" doc:"of the account" default:"active"`
	Unassigned bool                   `yaml:"unassigned" doc:"no application is assigned to the person" default:"false"`
	Consent    bool                   `yaml:"consent" doc:"the first sign-in to an application asks for consent" default:"false"`
}

// Fault is a rule that switches a way to go wrong on.
type Fault struct {
	ID     faultName           `yaml:"id" default:"rule-1, rule-2, …"`
	Fault  faultID             `yaml:"fault,required" doc:"what goes wrong"`
	At     pointName           `yaml:"at" doc:"where; needed when the fault acts anywhere"`
	Match  map[nonEmpty]string `yaml:"match" doc:"request parameters that must have these values" default:"any request"`
	Times  times               `yaml:"times" doc:"how often; 0 is until it is taken back" default:"0"`
	Params map[nonEmpty]string `yaml:"params" doc:"over the fault's defaults"`
}
