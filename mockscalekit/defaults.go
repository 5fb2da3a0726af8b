package mockscalekit

import (
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
)

// DefaultEnvironment is the environment of the default lab: a client whose allowed callback URLs are the given ones,
// Test Organization with the IdP simulator, and Megasoft with an Okta-like identity provider that asks for a second
// factor.
func DefaultEnvironment(callbacks ...string) Environment {
	return Environment{
		Name: "ssolab", Mode: Modular, IDTokenTTL: 72 * time.Hour, Attributes: []string{"department", "groups"},
		Clients: []Client{{
			ID: "skc_60040666000000001", Secret: "test_c3NvbGFiLWRlZmF1bHQtY2xpZW50LXNlY3JldA", Name: "ssolab",
			RedirectURIs: callbacks,
		}},
		Organizations: []Organization{{
			ID: "org_60040666100000001", DisplayName: "Test Organization",
			Domains:     []Domain{{ID: "dom_60040666150000001", Name: "example.com"}, {ID: "dom_60040666150000002", Name: "example.org"}},
			Connections: []Connection{{ID: "conn_60040666217971987", Provider: IDPSimulator}},
		}, {
			ID: "org_60040666100000002", DisplayName: "Megasoft",
			Domains:     []Domain{{ID: "dom_60040666150000003", Name: "megasoft.org"}},
			Connections: []Connection{{ID: "conn_60040666200000002", Provider: Okta}},
		}},
		People: []Person{
			{Email: "john@example.com", GivenName: "John", FamilyName: "Doe", Subject: "a2c49d97-d36f-460f-97c2-87eb295095af"},
			{Email: "jane@example.com", GivenName: "Jane", FamilyName: "Roe"},
			{Email: "enterpriseuser@example.org", GivenName: "Enterprise", FamilyName: "User"},
			{
				Email: "john@megasoft.org", GivenName: "John", FamilyName: "Megasoft",
				Password: "correct-horse-battery", TOTPSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
			},
		},
	}
}

// withDefaults fills in what c leaves out and copies what it keeps.
func (c Config) withDefaults() Config {
	if c.Kit == nil {
		c.Kit = party.NewKit(lab.New(lab.Options{}), quirk.NewSet(Quirks()), nil)
	}
	e, d := c.Environment, DefaultEnvironment()
	if e.Name == "" {
		e.Name = d.Name
	}
	if e.Mode == "" {
		e.Mode = d.Mode
	}
	if e.IDTokenTTL == 0 {
		e.IDTokenTTL = d.IDTokenTTL
	}
	if e.Attributes == nil {
		e.Attributes = d.Attributes
	}
	if e.Clients == nil {
		e.Clients = d.Clients
	}
	if e.Organizations == nil {
		e.Organizations = d.Organizations
	}
	if e.People == nil {
		e.People = d.People
	}
	e.Clients = mapped(e.Clients, Client.withDefaults)
	e.Organizations = mapped(e.Organizations, Organization.withDefaults)
	c.Environment = e
	return c
}

func (c Client) withDefaults() Client {
	if c.Name == "" {
		c.Name = "ssolab"
	}
	return c
}

func (o Organization) withDefaults() Organization {
	if o.DisplayName == "" {
		o.DisplayName = o.ID
	}
	o.Domains = mapped(o.Domains, func(d Domain) Domain {
		if d.Type == "" {
			d.Type = OrganizationDomain
		}
		if d.Status == "" {
			d.Status = Verified
		}
		return d
	})
	o.Connections = mapped(o.Connections, func(c Connection) Connection {
		if c.Provider == "" {
			c.Provider = IDPSimulator
		}
		if c.Status == "" {
			c.Status = Completed
		}
		return c
	})
	return o
}

func mapped[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// Quirks lists the surprising behaviours of this package. The quirk set of the Kit must contain them.
func Quirks() []quirk.Quirk {
	return []quirk.Quirk{{
		ID: "scalekit-scope-gating", Party: "scalekit", Default: true,
		Description: "The ID token and userinfo carry the e-mail only with scope email and the names and custom attributes only with " +
			"scope profile, so a client that asks for openid alone gets no e-mail. Off: they are always there. Unverified.",
		Sources: []string{"https://openid.net/specs/openid-connect-core-1_0.html#ScopeClaims", "https://github.com/zitadel/oidc"},
	}, {
		ID: "idp-random-subject", Party: "idp", Default: false,
		Description: "The IdP simulator gives a person a new random subject at every sign-in, as the real one was seen to do, so every " +
			"sign-in makes another user behind Cognito. Off: the same e-mail at the same connection always has the same subject.",
		Sources: []string{"two published sign-ins of one e-mail at the real simulator, three minutes apart, with different subjects"},
	}, {
		ID: "idp-mfa-one-step", Party: "idp", Default: true,
		Description: "The Okta-like identity provider asks for password and code on one page and fills in those of a known person, so that " +
			"submitting the page as it stands signs in. Off: a password page, then a code page, both empty, as the real one.",
		Sources: []string{"a convenience of this mock"},
	}}
}
