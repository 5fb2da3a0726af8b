package idp

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func providerOperations() map[string]operation {
	settings := Structure{optional("AttributeMapping", Map{Key: str(1, 32), Value: str(0, 131072)}), optional("IdpIdentifiers", listOf(idpIdentifier).atMost(50))}
	name := required("ProviderName", providerName)
	return map[string]operation{
		"CreateIdentityProvider": {serve: (*call).createIdentityProvider, input: slices.Concat(Structure{
			poolMember, required("ProviderName", newProviderName),
			required("ProviderType", enum("SAML", "Facebook", "Google", "LoginWithAmazon", "SignInWithApple", "OIDC")), required("ProviderDetails", stringMap),
		}, settings)},
		"DescribeIdentityProvider":        {serve: (*call).describeIdentityProvider, input: Structure{poolMember, name}},
		"UpdateIdentityProvider":          {serve: (*call).updateIdentityProvider, input: slices.Concat(Structure{poolMember, name, optional("ProviderDetails", stringMap)}, settings)},
		"ListIdentityProviders":           {serve: (*call).listIdentityProviders, input: Structure{poolMember, optional("MaxResults", Integer{0, 60}), optional("NextToken", nextToken)}},
		"DeleteIdentityProvider":          {serve: (*call).deleteIdentityProvider, input: Structure{poolMember, name}, noBody: true},
		"GetIdentityProviderByIdentifier": {serve: (*call).getIdentityProviderByIdentifier, input: Structure{poolMember, required("IdpIdentifier", idpIdentifier)}},
	}
}

// maxProviders is how many identity providers a pool has at most.
const maxProviders = 300

func (c *call) createIdentityProvider() (object, error) {
	idp := userpool.IdentityProvider{
		Name: c.in.str("ProviderName"), Type: c.in.str("ProviderType"), Details: maps.Clone(c.in.strings("ProviderDetails")),
		AttributeMapping: maps.Clone(c.in.strings("AttributeMapping")), Identifiers: c.in.list("IdpIdentifiers"),
	}
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	if err := c.completeProvider(p, &idp, true); err != nil {
		return nil, err
	}
	err = c.edit(func(d *userpool.Draft) error {
		switch {
		case d.Provider(idp.Name) != nil, strings.EqualFold(idp.Name, userpool.CognitoProvider):
			return userpool.Errorf(userpool.DuplicateProvider, "A provider already exists with the name %s.", idp.Name)
		case len(d.Providers()) >= maxProviders:
			return userpool.Errorf(userpool.LimitExceeded, "A user pool has at most %d identity providers.", maxProviders) // Unverified: the text
		}
		if err := checkIdentifiers(d.Pool, &idp); err != nil {
			return err
		}
		d.PutProvider(idp)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.provider(idp.Name)
}

// completeProvider checks a provider as far as it depends on nothing else that the pool has, and fills in what the service
// does. fetch: the details are new, so the issuer's metadata has to be there.
func (c *call) completeProvider(p *userpool.Pool, idp *userpool.IdentityProvider, fetch bool) error {
	if idp.Type != userpool.OIDC {
		return userpool.Errorf(userpool.UnsupportedIdPType, "This mock of Cognito offers identity providers of type OIDC; %s is not modelled.", idp.Type)
	}
	if fetch {
		if err := c.checkDetails(c.ctx, idp.Details); err != nil {
			return err
		}
	}
	if _, ok := idp.Details["attributes_url_add_attributes"]; !ok {
		idp.Details["attributes_url_add_attributes"] = "false"
	}
	if idp.AttributeMapping == nil {
		idp.AttributeMapping = map[string]string{}
	}
	idp.AttributeMapping["username"] = "sub" // for OIDC always
	for _, attribute := range slices.Sorted(maps.Keys(idp.AttributeMapping)) {
		if _, ok := p.Attribute(attribute); attribute != "username" && (!ok || attribute == "sub") {
			return userpool.Errorf(userpool.InvalidParameter, "Invalid attribute mapping: the user pool has no attribute %s.", attribute) // Unverified: the text
		}
	}
	return nil
}

// Keys of the details of an OIDC provider.
var (
	requiredDetails = []string{"client_id", "attributes_request_method", "oidc_issuer", "authorize_scopes"}
	endpointDetails = []string{"authorize_url", "token_url", "attributes_url", "jwks_uri"}
)

// checkDetails holds the details of an OIDC provider against the service's rules. Unverified: the texts but the last.
func (c *call) checkDetails(ctx context.Context, details map[string]string) error {
	refuse := func(format string, args ...any) error {
		return userpool.Errorf(userpool.InvalidParameter, format, args...)
	}
	known := slices.Concat(requiredDetails, endpointDetails, []string{"client_secret", "attributes_url_add_attributes"})
	for _, key := range slices.Sorted(maps.Keys(details)) {
		if !slices.Contains(known, key) {
			return refuse("Unsupported provider detail: %s.", key)
		}
	}
	for _, key := range requiredDetails {
		if details[key] == "" {
			return refuse("Missing required provider detail: %s.", key)
		}
	}
	switch method := details["attributes_request_method"]; {
	case method != "GET" && method != "POST":
		return refuse("Invalid attributes_request_method: %s. Valid values are GET and POST.", method)
	case !slices.Contains(strings.Fields(details["authorize_scopes"]), "openid"):
		return refuse("Invalid authorize_scopes: openid is required.")
	}
	issuer := details["oidc_issuer"]
	if u, err := url.Parse(issuer); err != nil || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(issuer, "/") {
		return refuse("Invalid oidc_issuer: %s. It is an https URL without trailing slash.", issuer)
	}
	given := slices.DeleteFunc(slices.Clone(endpointDetails), func(key string) bool { return details[key] == "" })
	switch len(given) {
	case 0:
		if err := c.Reachable(ctx, issuer); err != nil {
			return refuse("Unable to contact well-known endpoint: %v", err)
		}
	case len(endpointDetails):
	default:
		return refuse("%s go together; %s of them given.", strings.Join(endpointDetails, ", "), plural(len(given), "member"))
	}
	return nil
}

// checkIdentifiers wants identifiers that no other provider of the pool has.
func checkIdentifiers(p *userpool.Pool, idp *userpool.IdentityProvider) error {
	for i, identifier := range idp.Identifiers {
		other := p.ProviderOfIdentifier(identifier)
		if other != nil && other.Name != idp.Name || slices.Contains(idp.Identifiers[:i], identifier) {
			return userpool.Errorf(userpool.InvalidParameter, "Identity provider identifier %s is in use already.", identifier) // Unverified: the text
		}
	}
	return nil
}

func noProvider(name string) error {
	return userpool.Errorf(userpool.ResourceNotFound, "Identity provider %s does not exist.", name)
}

// provider is the answer that shows a provider as it is now.
func (c *call) provider(name string) (object, error) {
	p := c.Directory.Snapshot().Pool(c.in.str("UserPoolId"))
	if p == nil || p.Provider(name) == nil {
		return nil, noProvider(name)
	}
	return object{"IdentityProvider": describeProvider(p.Provider(name))}, nil
}

func describeProvider(idp *userpool.IdentityProvider) object {
	out := object{
		"UserPoolId": idp.PoolID, "ProviderName": idp.Name, "ProviderType": idp.Type, "ProviderDetails": idp.Details,
		"AttributeMapping": idp.AttributeMapping, "CreationDate": epoch(idp.Created), "LastModifiedDate": epoch(idp.Modified),
	}
	setList(out, "IdpIdentifiers", idp.Identifiers)
	return out
}

func (c *call) describeIdentityProvider() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return c.provider(c.in.str("ProviderName"))
}

// updateIdentityProvider leaves alone what is left out, unlike the updates of pools and clients.
func (c *call) updateIdentityProvider() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	name := c.in.str("ProviderName")
	if p.Provider(name) == nil {
		return nil, noProvider(name)
	}
	// The issuer is asked before the pool is changed, and only then: nobody waits for it.
	if _, err := c.changedProvider(p, p.Provider(name), c.in.has("ProviderDetails")); err != nil {
		return nil, err
	}
	err = c.edit(func(d *userpool.Draft) error {
		if d.Provider(name) == nil {
			return noProvider(name)
		}
		changed, err := c.changedProvider(d.Pool, d.Provider(name), false)
		if err != nil {
			return err
		}
		if err := checkIdentifiers(d.Pool, changed); err != nil {
			return err
		}
		d.PutProvider(*changed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.provider(name)
}

// changedProvider is old with what the request gives.
func (c *call) changedProvider(p *userpool.Pool, old *userpool.IdentityProvider, fetch bool) (*userpool.IdentityProvider, error) {
	changed := *old
	if c.in.has("ProviderDetails") {
		changed.Details = maps.Clone(c.in.strings("ProviderDetails"))
	}
	changed.AttributeMapping = maps.Clone(old.AttributeMapping)
	if c.in.has("AttributeMapping") {
		changed.AttributeMapping = maps.Clone(c.in.strings("AttributeMapping"))
	}
	if c.in.has("IdpIdentifiers") {
		changed.Identifiers = c.in.list("IdpIdentifiers")
	}
	return &changed, c.completeProvider(p, &changed, fetch)
}

func (c *call) listIdentityProviders() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return page(c, p.Providers(), "ListIdentityProviders/"+p.ID, "Providers", "MaxResults", 60, func(idp *userpool.IdentityProvider) object {
		return object{"ProviderName": idp.Name, "ProviderType": idp.Type, "CreationDate": epoch(idp.Created), "LastModifiedDate": epoch(idp.Modified)}
	})
}

// deleteIdentityProvider leaves the provider's users in the pool, where nobody can sign in as one of them any more.
func (c *call) deleteIdentityProvider() (object, error) {
	name := c.in.str("ProviderName")
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.Provider(name) == nil {
			return noProvider(name)
		}
		d.DeleteProvider(name)
		return nil
	})
}

func (c *call) getIdentityProviderByIdentifier() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	idp := p.ProviderOfIdentifier(c.in.str("IdpIdentifier"))
	if idp == nil {
		return nil, userpool.Errorf(userpool.ResourceNotFound, "Identity provider with identifier %s does not exist.", c.in.str("IdpIdentifier")) // Unverified: the text
	}
	return object{"IdentityProvider": describeProvider(idp)}, nil
}
