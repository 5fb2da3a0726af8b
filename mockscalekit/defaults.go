package mockscalekit

import (
	"fmt"
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
		Name: "ssolab",
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

// defaultEnvironmentID is the id of the first environment, unless it has one of its own.
const defaultEnvironmentID = "env_60040665900000001"

// all are the environments of a configuration with defaults, the first one first.
func (c Config) all() []Environment { return append([]Environment{c.Environment}, c.More...) }

// sameAddresses tells what of a new configuration cannot be taken while a server runs.
func (c Config) sameAddresses(next Config) error {
	old, all := c.all(), next.all()
	if c.IdPURL != next.IdPURL {
		return fmt.Errorf("the identity providers are at %s and stay there while the server runs", c.IdPURL)
	}
	if len(old) != len(all) {
		return fmt.Errorf("there are %d environments and stay so while the server runs", len(old))
	}
	for i := range old {
		a, b := old[i], all[i]
		if a.ID != b.ID || a.URL != b.URL || a.CustomURL != b.CustomURL || a.Kind != b.Kind {
			return fmt.Errorf("the environment %s keeps its id, kind and URLs while the server runs", a.ID)
		}
	}
	return nil
}

// withDefaults fills in what c leaves out and copies what it keeps.
func (c Config) withDefaults() Config {
	if c.Kit == nil {
		c.Kit = party.NewKit(lab.New(lab.Options{}), quirk.NewSet(Quirks()), nil)
	}
	standard := DefaultEnvironment()
	e := c.Environment
	e.URL = c.URL
	if e.ID == "" {
		e.ID = defaultEnvironmentID
	}
	if e.Clients == nil {
		e.Clients = standard.Clients
	}
	if e.Organizations == nil {
		e.Organizations = standard.Organizations
	}
	if e.People == nil {
		e.People = standard.People
	}
	c.Environment = e.withDefaults()
	c.More = mapped(c.More, Environment.withDefaults)
	return c
}

// withDefaults fills in what an environment leaves out, but for what is in it.
func (e Environment) withDefaults() Environment {
	if e.Name == "" {
		e.Name = "ssolab"
	}
	if e.ID == "" {
		e.ID = derivedID("env", e.Name, e.URL)
	}
	if e.Kind == "" {
		e.Kind = Development
	}
	if e.Mode == "" {
		e.Mode = Modular
	}
	idToken, access := 72*time.Hour, 15*time.Minute
	if e.Mode == FullStack {
		idToken, access = 30*time.Minute, 5*time.Minute
	}
	if e.IDTokenTTL == 0 {
		e.IDTokenTTL = idToken
	}
	if e.AccessTokenTTL == 0 {
		e.AccessTokenTTL = access
	}
	if e.SessionTTL == 0 {
		e.SessionTTL = 7 * 24 * time.Hour
	}
	if e.Attributes == nil {
		e.Attributes = []string{"department", "groups"}
	}
	e.Clients = mapped(e.Clients, Client.withDefaults)
	e.Organizations = mapped(e.Organizations, Organization.withDefaults)
	e.Connections = mapped(e.Connections, Connection.withDefaults)
	return e
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
	o.Connections = mapped(o.Connections, Connection.withDefaults)
	return o
}

func (c Connection) withDefaults() Connection {
	if c.Provider == "" {
		c.Provider = IDPSimulator
	}
	if c.Type == "" {
		c.Type = OIDC
	}
	if c.Status == "" {
		c.Status = Completed
	}
	return c
}

func mapped[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}
