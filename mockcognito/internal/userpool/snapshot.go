package userpool

import (
	"cmp"
	"maps"
	"slices"
)

// Snapshot is the configuration of every pool at one moment. It never changes, and may be read by anybody.
type Snapshot struct {
	pools   map[string]*Pool // by id
	ordered []*Pool
	clients map[string]*Pool // by app client id, which is unique in the service
	domains map[domainKey]*Pool
}

type domainKey struct{ region, name string }

// keyOf is where a domain is unique: a prefix in its region, a custom domain everywhere.
func keyOf(region string, d *Domain) domainKey {
	if d.Custom {
		return domainKey{"", d.Name}
	}
	return domainKey{region, d.Name}
}

// Pool is a pool's configuration at one moment. It never changes; Users is the pool's directory, which does.
type Pool struct {
	UserPool
	Users *Users

	domains   map[string]*Domain
	clients   map[string]*AppClient
	providers map[string]*IdentityProvider
	servers   map[string]*ResourceServer
	groups    map[string]*Group
	brandings map[string]*Branding

	// derived
	schema           map[string]SchemaAttribute
	required         []string
	orderedDomains   []*Domain // the prefix first
	orderedProviders []*IdentityProvider
	identifiers      map[string]*IdentityProvider
}

// Pool returns a pool by its id, or nil.
func (s *Snapshot) Pool(id string) *Pool { return s.pools[id] }

// Pools are all pools in the order in which they were made.
func (s *Snapshot) Pools() []*Pool { return s.ordered }

// PoolOfClient returns the pool that has the app client, or nil.
func (s *Snapshot) PoolOfClient(clientID string) *Pool { return s.clients[clientID] }

// Domain returns a domain and its pool by the domain's name: a prefix of the region, or a custom domain.
func (s *Snapshot) Domain(region, name string) (*Pool, *Domain) {
	for _, key := range []domainKey{{region, name}, {"", name}} {
		if p := s.domains[key]; p != nil {
			return p, p.domains[name]
		}
	}
	return nil, nil
}

// Client returns an app client, or nil.
func (p *Pool) Client(id string) *AppClient { return p.clients[id] }

// Clients are the app clients in the order in which they were made.
func (p *Pool) Clients() []*AppClient { return ordered(p.clients) }

// Provider returns an identity provider by its exact name, or nil.
func (p *Pool) Provider(name string) *IdentityProvider { return p.providers[name] }

// Providers are the identity providers in the order in which they were made.
func (p *Pool) Providers() []*IdentityProvider { return p.orderedProviders }

// ProviderOfIdentifier returns the provider that has the identifier, or nil.
func (p *Pool) ProviderOfIdentifier(identifier string) *IdentityProvider {
	return p.identifiers[identifier]
}

// Domains are the pool's domains, the prefix first.
func (p *Pool) Domains() []*Domain { return p.orderedDomains }

// Domain returns a domain by its name, or nil.
func (p *Pool) Domain(name string) *Domain { return p.domains[name] }

// ResourceServer returns a resource server by its identifier, or nil.
func (p *Pool) ResourceServer(identifier string) *ResourceServer { return p.servers[identifier] }

// ResourceServers are the resource servers in the order in which they were made.
func (p *Pool) ResourceServers() []*ResourceServer { return ordered(p.servers) }

// Group returns a group by its name, or nil.
func (p *Pool) Group(name string) *Group { return p.groups[name] }

// Groups are the groups in the order in which they were made.
func (p *Pool) Groups() []*Group { return ordered(p.groups) }

// Branding returns a style by its id, or nil.
func (p *Pool) Branding(id string) *Branding { return p.brandings[id] }

// BrandingOf returns the style of an app client's pages, or nil.
func (p *Pool) BrandingOf(clientID string) *Branding {
	for _, b := range ordered(p.brandings) {
		if b.ClientID == clientID {
			return b
		}
	}
	return nil
}

// Attribute returns an entry of the schema, and whether there is one.
func (p *Pool) Attribute(name string) (SchemaAttribute, bool) {
	a, ok := p.schema[name]
	return a, ok
}

// Required are the attributes that every user has to have, but for sub.
func (p *Pool) Required() []string { return p.required }

// derive fills in what follows from the rest.
func (p *Pool) derive() {
	p.schema, p.required = map[string]SchemaAttribute{}, nil
	for _, a := range p.Schema() {
		p.schema[a.Name] = a
		if a.Required && a.Name != "sub" {
			p.required = append(p.required, a.Name)
		}
	}
	p.orderedDomains = ordered(p.domains)
	slices.SortStableFunc(p.orderedDomains, func(a, b *Domain) int {
		return cmp.Compare(rankOf(a.Custom), rankOf(b.Custom))
	})
	p.orderedProviders, p.identifiers = ordered(p.providers), map[string]*IdentityProvider{}
	for _, idp := range p.orderedProviders {
		for _, identifier := range idp.Identifiers {
			p.identifiers[identifier] = idp
		}
	}
}

func rankOf(custom bool) int {
	if custom {
		return 1
	}
	return 0
}

// newSnapshot indexes pools.
func newSnapshot(pools map[string]*Pool) *Snapshot {
	s := &Snapshot{pools: pools, ordered: ordered(pools), clients: map[string]*Pool{}, domains: map[domainKey]*Pool{}}
	for _, p := range s.ordered {
		for id := range p.clients {
			s.clients[id] = p
		}
		for _, d := range p.domains {
			s.domains[keyOf(p.Region(), d)] = p
		}
	}
	return s
}

// with is the snapshot with a pool replaced, or with a nil one taken out.
func (s *Snapshot) with(id string, p *Pool) *Snapshot {
	pools := maps.Clone(s.pools)
	if p == nil {
		delete(pools, id)
	} else {
		pools[id] = p
	}
	return newSnapshot(pools)
}

// Position is the object's place in lists; it is greater than 0 and grows with each object that is made.
func (m *Meta) Position() int64 { return m.Order }

// ordered lists the objects of a map in the order in which they were made.
func ordered[T interface{ Position() int64 }](m map[string]T) []T {
	return slices.SortedFunc(maps.Values(m), func(a, b T) int { return cmp.Compare(a.Position(), b.Position()) })
}
