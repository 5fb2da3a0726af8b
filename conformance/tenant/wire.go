package tenant

import (
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// UserPool is what DescribeUserPool tells, as far as the checks read it.
type UserPool struct {
	ID           string `json:"Id"`
	Name         string
	Arn          string
	Domain       string // prefix
	CustomDomain string // host name
	// SchemaAttributes lists the standard attributes and the pool's own.
	SchemaAttributes      []SchemaAttribute
	AdminCreateUserConfig struct{ AllowAdminCreateUserOnly bool }
	LambdaConfig          map[string]any
	UserPoolTags          map[string]string
	IssuerConfiguration   struct{ Type string } // ORIGINAL or UPDATED

	raw map[string]any
}

// SchemaAttribute is an attribute of the pool's users.
type SchemaAttribute struct {
	Name     string
	Mutable  *bool // nil: not told
	Required bool
}

// Client is what DescribeUserPoolClient tells, as far as the checks read it.
type Client struct {
	UserPoolID                      string `json:"UserPoolId"`
	ClientID                        string `json:"ClientId"`
	ClientName                      string
	ClientSecret                    conformance.Secret
	CallbackURLs                    []string
	LogoutURLs                      []string
	AllowedOAuthFlows               []string
	AllowedOAuthFlowsUserPoolClient bool
	AllowedOAuthScopes              []string
	SupportedIdentityProviders      []string
	ReadAttributes                  []string
	WriteAttributes                 []string // nil: the standard attributes
	EnableTokenRevocation           *bool
	PreventUserExistenceErrors      string

	raw map[string]any // without the secret
}

// Provider is what DescribeIdentityProvider tells.
type Provider struct {
	UserPoolID       string `json:"UserPoolId"`
	ProviderName     string
	ProviderType     string
	ProviderDetails  map[string]string // without secrets
	AttributeMapping map[string]string // pool attribute → claim
	IdpIdentifiers   []string

	Secret conformance.Secret `json:"-"` // client_secret of ProviderDetails
}

// Domain is what DescribeUserPoolDomain tells.
type Domain struct {
	UserPoolID          string `json:"UserPoolId"`
	Domain              string
	Status              string
	ManagedLoginVersion int
}

// secretDetails are members of ProviderDetails that are kept apart.
var secretDetails = []string{"client_secret", "private_key"}

// keepSecrets moves secrets out of what may be printed.
func (p *Provider) keepSecrets() {
	p.Secret = conformance.Secret(p.ProviderDetails["client_secret"])
	for _, name := range secretDetails {
		delete(p.ProviderDetails, name)
	}
}

// attribute finds an entry of the schema.
func (p *UserPool) attribute(name string) (SchemaAttribute, bool) {
	for _, a := range p.SchemaAttributes {
		if a.Name == name {
			return a, true
		}
	}
	return SchemaAttribute{}, false
}

// required tells whether a user cannot be without the attribute.
func (p *UserPool) required(name string) bool {
	a, _ := p.attribute(name)
	return a.Required
}

// region is the part of a pool's id before the underscore.
func region(poolID string) string {
	r, _, ok := strings.Cut(poolID, "_")
	if !ok {
		return ""
	}
	return r
}

// host is the domain's host name: a custom domain is one, a prefix is completed.
func (d Domain) host() string { return domainHost(d.Domain, region(d.UserPoolID)) }

func domainHost(name, region string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".auth." + region + ".amazoncognito.com"
}
