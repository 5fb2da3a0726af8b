package mockscalekit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
)

// declaration is the environment as its directory takes it. What has no id in the configuration gets one that follows from
// what it is, so that a restart finds it again.
func (e Environment) declaration() directory.Declaration {
	d := directory.Declaration{
		Clients: mapped(e.Clients, Client.declare), Roles: mapped(e.Roles, Role.declare), Users: mapped(e.Users, User.declare),
		Attributes: declareAttributes(e.Attributes),
	}
	for _, o := range e.Organizations {
		d.Organizations = append(d.Organizations, o.declare())
		for _, m := range o.Domains {
			d.Domains = append(d.Domains, m.declare(o.ID))
		}
		for _, c := range o.Connections {
			d.Connections = append(d.Connections, c.declare(o.ID))
		}
	}
	for _, c := range e.Connections {
		d.Connections = append(d.Connections, c.declare(""))
	}
	return d
}

// derivedID is an id in the form of a Sonyflake of the second in which the default environment was made.
func derivedID(prefix string, of ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return fmt.Sprintf("%s_60040665%09d", prefix, binary.BigEndian.Uint64(sum[:])%1_000_000_000)
}

func (c Client) declare() directory.Client {
	out := directory.Client{
		ID: c.ID, Name: c.Name, Public: c.Secret == "", Inactive: c.Inactive,
		RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
	}
	if c.Secret != "" {
		s := directory.NewSecret(c.Secret)
		s.ID, s.Origin = derivedID("sks", c.ID), directory.Declared
		out.Secrets = []directory.Secret{s}
	}
	if c.InitiateLoginURI != "" {
		out.InitiateLoginURIs = []string{c.InitiateLoginURI}
	}
	if c.BackChannelLogoutURI != "" {
		out.BackChannelLogoutURIs = []string{c.BackChannelLogoutURI}
	}
	return out
}

func (o Organization) declare() directory.Organization {
	out := directory.Organization{
		ID: o.ID, DisplayName: o.DisplayName, ExternalID: o.ExternalID, Slug: o.Slug, Region: o.Region, Metadata: o.Metadata,
	}
	for _, name := range slices.Sorted(maps.Keys(o.Features)) {
		out.Features = append(out.Features, directory.Feature{Name: name, Enabled: o.Features[name]})
	}
	return out
}

func (m Domain) declare(organizationID string) directory.Domain {
	out := directory.Domain{ID: m.ID, OrganizationID: organizationID, Name: m.Name, Type: m.Type, Status: m.Status}
	if out.ID == "" {
		out.ID = derivedID("dom", organizationID, strings.ToLower(m.Name), m.Type)
	}
	if m.Status == Pending || m.Status == Failed {
		out.Method = directory.ByDNS
	}
	return out
}

func (c Connection) declare(organizationID string) directory.Connection {
	out := directory.Connection{
		ID: c.ID, OrganizationID: organizationID, Provider: c.Provider, Type: c.Type, Status: c.Status, Enabled: !c.Disabled, UIButtonTitle: c.Title,
		ConfigurationType: directory.Discovery, AttributeMapping: c.AttributeMapping, OldHost: c.OldHost, IdP: c.IdP, OIDC: c.OIDC, SAML: c.SAML,
	}
	if c.OIDC != nil && c.OIDC.AuthorizeURI != "" {
		out.ConfigurationType = directory.Manual
	}
	if out.IdP == "" && !c.elsewhere() {
		out.IdP = IdPOf(c.Provider)
	}
	return out
}

// elsewhere tells whether the connection leads to an identity provider that is not the lab's.
func (c Connection) elsewhere() bool {
	return c.OIDC != nil && c.OIDC.Issuer != "" || c.SAML != nil && (c.SAML.IdPMetadataURL != "" || c.SAML.IdPSSOURL != "")
}

// IdPOf is the identity provider of the lab in the manner of a provider of connections.
func IdPOf(provider string) string {
	switch provider {
	case IDPSimulator, "":
		return idp.Simulator
	case Okta:
		return idp.Okta
	case MicrosoftAD, Microsoft:
		return idp.Entra
	case Google:
		return idp.Google
	}
	return idp.Plain
}

func (u User) declare() directory.User {
	id := u.ID
	if id == "" {
		id = derivedID("usr", strings.ToLower(u.Email))
	}
	return directory.User{
		ID: id, Email: u.Email, ExternalID: u.ExternalID, Inactive: u.Inactive, Metadata: u.Metadata,
		Memberships: mapped(u.Memberships, func(m Membership) directory.Membership {
			return directory.Membership{OrganizationID: m.Organization, Roles: m.Roles}
		}),
		Profile: directory.Profile{
			ID: derivedID("usp", id), GivenName: u.GivenName, FamilyName: u.FamilyName,
			Name: strings.TrimSpace(u.GivenName + " " + u.FamilyName), EmailVerified: true,
		},
	}
}

func (r Role) declare() directory.Role {
	return directory.Role{
		ID: derivedID("role", r.Name), Name: r.Name, DisplayName: r.DisplayName, Permissions: r.Permissions, Default: r.Default,
	}
}

// declareAttributes is the list of SSO attributes: the four of a new environment, then the registered ones.
func declareAttributes(keys []string) []directory.Attribute {
	list := []directory.Attribute{
		{Key: "sub", Name: "ID", Fixed: true}, {Key: "email", Name: "Email Address", Fixed: true},
		{Key: "given_name", Name: "First Name"}, {Key: "family_name", Name: "Last Name"},
	}
	for _, key := range keys {
		if !slices.ContainsFunc(list, func(a directory.Attribute) bool { return a.Key == key }) {
			list = append(list, directory.Attribute{Key: key, Name: key})
		}
	}
	return list
}
