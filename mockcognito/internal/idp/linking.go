package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func linkOperations() map[string]operation {
	identity := Structure{optional("ProviderName", providerName), optional("ProviderAttributeName", str(0, 131072)), optional("ProviderAttributeValue", str(0, 131072))}
	pool := required("UserPoolId", str(0, 131072))
	return map[string]operation{
		"AdminLinkProviderForUser":    {serve: (*call).adminLinkProviderForUser, input: Structure{pool, required("DestinationUser", identity), required("SourceUser", identity)}},
		"AdminDisableProviderForUser": {serve: (*call).adminDisableProviderForUser, input: Structure{pool, required("User", identity)}},
	}
}

// Limits of linking.
const (
	maxLinks          = 5 // identities linked to a user
	maxLinkAttributes = 5 // claims of a provider by which identities are recognized
)

// subjectAttribute is the name by which the subject at a provider is meant, and not a claim.
const subjectAttribute = "Cognito_Subject"

// profile finds the profile of a ProviderUserIdentifierType: a user of the pool's own by its name, or by an identity.
func profile(p *userpool.Pool, id members) *userpool.User {
	if id.str("ProviderName") == userpool.Local {
		return p.Users.Get(id.str("ProviderAttributeValue"))
	}
	return p.Users.ByIdentity(id.str("ProviderName"), id.str("ProviderAttributeValue"), nil)
}

// adminLinkProviderForUser makes an identity at a provider a way to sign in to an existing profile. The identity must not
// have a profile yet.
func (c *call) adminLinkProviderForUser() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	source := c.in.structure("SourceUser")
	link, err := linkOf(p, source)
	if err != nil {
		return nil, err
	}
	destination := profile(p, c.in.structure("DestinationUser"))
	if destination == nil {
		return nil, noUser()
	}
	if holder := p.Users.ByIdentity(link.Provider, link.Subject, func(string) string { return "" }); holder != nil && link.Attribute == "" {
		switch {
		case holder.Sub == destination.Sub:
			return nil, userpool.Errorf(userpool.InvalidParameter, "SourceUser is already linked to DestinationUser")
		case holder.Primary() != nil && holder.Primary().Provider == link.Provider && holder.Primary().Subject == link.Subject:
			return nil, userpool.Errorf(userpool.InvalidParameter, "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
		}
	}
	_, err = p.Users.Update(c.ctx, destination.Username, func(u *userpool.User) error { return addLink(p, u, link) })
	return nil, err
}

// linkOf reads a source user: an identity at one of the pool's providers, named by its subject or by a claim that the
// provider's mapping has.
func linkOf(p *userpool.Pool, source members) (userpool.Identity, error) {
	name, attribute := source.str("ProviderName"), source.str("ProviderAttributeName")
	idp := p.Provider(name)
	switch {
	case idp == nil: // Unverified: class and text
		return userpool.Identity{}, userpool.Errorf(userpool.InvalidParameter, "SourceUser: the user pool has no identity provider %s.", name)
	case source.str("ProviderAttributeValue") == "" || attribute == "":
		return userpool.Identity{}, userpool.Errorf(userpool.InvalidParameter, "SourceUser: ProviderAttributeName and ProviderAttributeValue are required.") // Unverified: the text
	}
	link := userpool.Identity{Provider: name, Type: idp.Type, Subject: source.str("ProviderAttributeValue")}
	if attribute == subjectAttribute {
		return link, nil
	}
	mapped := false
	for _, claim := range idp.AttributeMapping {
		mapped = mapped || claim == attribute
	}
	if !mapped {
		return userpool.Identity{}, userpool.Errorf(userpool.InvalidParameter, "SourceUser: %s is neither %s nor a claim of the provider's attribute mapping.", attribute, subjectAttribute) // Unverified: the text
	}
	link.Attribute = attribute
	return link, nil
}

func addLink(p *userpool.Pool, u *userpool.User, link userpool.Identity) error {
	linked := 0
	for _, have := range u.Identities {
		if have.Provider == link.Provider && have.Subject == link.Subject && have.Attribute == link.Attribute {
			return userpool.Errorf(userpool.InvalidParameter, "SourceUser is already linked to DestinationUser")
		}
		if !have.Primary {
			linked++
		}
	}
	if linked >= maxLinks {
		return userpool.Errorf(userpool.LimitExceeded, "A user has at most %d linked identities.", maxLinks) // Unverified: the text
	}
	if names := p.Users.LinkAttributes(link.Provider); link.Attribute != "" && !slices.Contains(names, link.Attribute) && len(names) >= maxLinkAttributes {
		return userpool.Errorf(userpool.LimitExceeded, "Identities of a provider are linked by at most %d attributes.", maxLinkAttributes) // Unverified: the text
	}
	for _, a := range u.Attributes {
		if entry, ok := p.Attribute(a.Name); ok && entry.Immutable && entry.Custom() {
			return userpool.Errorf(userpool.InvalidParameter, "DestinationUser has the immutable custom attribute %s.", a.Name) // Unverified: the text
		}
	}
	link.Created = p.Users.Today()
	u.Identities = append(u.Identities, link)
	return nil
}

// adminDisableProviderForUser ends a link, or, for a user of the pool's own, sign-in with the password. Who signs in with
// the identity afterwards gets a profile of his own.
func (c *call) adminDisableProviderForUser() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	id := c.in.structure("User")
	if id.str("ProviderName") == userpool.Local {
		_, err := p.Users.Update(c.ctx, id.str("ProviderAttributeValue"), func(u *userpool.User) error {
			u.Password = nil
			return nil
		})
		return nil, err
	}
	attribute := id.str("ProviderAttributeName")
	if attribute == subjectAttribute {
		attribute = ""
	}
	same := func(i userpool.Identity) bool {
		return i.Provider == id.str("ProviderName") && i.Subject == id.str("ProviderAttributeValue") && (i.Attribute == attribute || attribute == "")
	}
	holder := p.Users.WithIdentity(same)
	if holder == nil {
		return nil, noUser()
	}
	_, err = p.Users.Update(c.ctx, holder.Username, func(u *userpool.User) error {
		u.Identities = slices.DeleteFunc(u.Identities, same)
		return nil
	})
	return nil, err
}
