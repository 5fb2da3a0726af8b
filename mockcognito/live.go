package mockcognito

import (
	"net/http"
	"regexp"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// live is the service as it is configured at one moment: the pools with what follows from the lab's addresses. It never
// changes; a request takes the current one and keeps to it.
type live struct {
	pools map[string]*pool // by id
	list  []*pool          // in the order in which they were made
	of    *userpool.Snapshot
	hosts hosts
}

// pool is a user pool as it is served.
type pool struct {
	*userpool.Pool
	issuer    string
	domainURL string // base of the OAuth endpoints, at the first domain; empty: the pool has none
	domains   []string
	keys      *poolKeys
	cookies   web.Cookies
}

// user and appClient are the domain's; the exported types of those names are what a lab declares.
type (
	user      = userpool.User
	appClient = userpool.AppClient
	provider  = userpool.IdentityProvider
)

// live returns the service as it is now.
func (s *Server) live() *live { return s.current.Load() }

// serveSnapshot makes a changed configuration the one that is served. The directory calls it, one change after the other.
func (s *Server) serveSnapshot(snapshot *userpool.Snapshot) {
	before := s.current.Load()
	now := &live{pools: map[string]*pool{}, of: snapshot}
	for _, up := range snapshot.Pools() {
		var old *pool
		if before != nil {
			old = before.pools[up.ID]
		}
		if old == nil || old.Pool != up {
			old = s.servedPool(up, old)
		}
		now.pools[up.ID] = old
		now.list = append(now.list, old)
	}
	now.hosts = s.newHosts(now.list)
	s.current.Store(now)
}

// servedPool is up with its addresses; the keys are those of old if there is one.
func (s *Server) servedPool(up *userpool.Pool, old *pool) *pool {
	region := up.Region()
	p := &pool{Pool: up, issuer: s.cfg.Addresses.Issuer(region, up.Issuer == userpool.IssuerUpdated) + "/" + up.ID}
	for _, d := range up.Domains() {
		p.domains = append(p.domains, s.domainURL(region, d))
	}
	if len(p.domains) > 0 {
		p.domainURL = p.domains[0]
	}
	p.cookies = party.Cookies(firstNonEmpty(p.domainURL, s.cfg.URL))
	p.cookies.Quoted = true
	if old != nil {
		p.keys = old.keys
	} else {
		p.keys = newPoolKeys(s.kit.Env.Keys(), up.ID)
	}
	// Keys are made when a domain makes a sign-in possible, or else when somebody asks for them.
	if p.domainURL != "" && (old == nil || old.domainURL == "") {
		s.kit.Env.Keys().Prepare(p.keys.names()...)
	}
	return p
}

// domainURL is the base of the OAuth endpoints at a domain.
func (s *Server) domainURL(region string, d *userpool.Domain) string {
	if d.Custom {
		return s.cfg.Addresses.CustomDomain(d.Name)
	}
	return s.cfg.Addresses.PrefixDomain(region, d.Name)
}

// managedLogin tells whether the domain that the request came to has managed login; otherwise its pages are those of the
// hosted UI. Where one origin serves several domains it is the pool's first one.
func (s *Server) managedLogin(r *http.Request, p *pool) bool {
	for i, d := range p.Domains() {
		if hostOf(p.domains[i]) == r.Host {
			return d.ManagedLoginVersion != 1
		}
	}
	return len(p.Domains()) == 0 || p.Domains()[0].ManagedLoginVersion != 1
}

// first is the pool that was made first, or nil.
func (l *live) first() *pool {
	if len(l.list) == 0 {
		return nil
	}
	return l.list[0]
}

// firstClient is the app client that was made first in the first pool, or nil.
func (l *live) firstClient() *appClient {
	if p := l.first(); p != nil {
		for _, c := range p.Clients() {
			return c
		}
	}
	return nil
}

// client returns an app client with its pool, wherever it is; nil without one.
func (l *live) client(id string) (*pool, *appClient) {
	up := l.of.PoolOfClient(id)
	if up == nil {
		return nil, nil
	}
	return l.pools[up.ID], up.Client(id)
}

// Main is the app client that stands for the whole service, with its pool. What there is not is empty.
type Main struct {
	PoolID, Issuer, Domain string // Domain is the base of the OAuth endpoints
	ClientID, ClientSecret string
	PublicClientID         string // the first client without a secret
	Provider               string // the first identity provider
}

// Main is the app client that was made first, in the pool that was made first.
func (s *Server) Main() Main {
	now := s.live()
	p := now.first()
	if p == nil {
		return Main{}
	}
	out := Main{PoolID: p.ID, Issuer: p.issuer, Domain: p.domainURL}
	if c := now.firstClient(); c != nil {
		out.ClientID, out.ClientSecret = c.ID, c.Secret()
	}
	for _, c := range p.Clients() {
		if !c.Confidential() {
			out.PublicClientID = c.ID
			break
		}
	}
	for _, idp := range p.Providers() {
		out.Provider = idp.Name
		break
	}
	return out
}

// Hosts are the host names, without port, under which the service is known to be reached, sorted: the user pools API and
// issuer of each region that has a pool, and every domain.
func (s *Server) Hosts() []string { return sortedKeys(s.live().hosts.names) }

// ServesHost tells whether the service answers under a host name, without port: those of Hosts, and the user pools API of
// any region.
func (s *Server) ServesHost(name string) bool {
	if s.live().hosts.names[name] {
		return true
	}
	region := regionPattern.FindString(name)
	return region != "" && hostname(hostOf(s.cfg.Addresses.API(region))) == name
}

// DomainURLs are the bases of the OAuth endpoints of every domain of every pool.
func (s *Server) DomainURLs() []string {
	var out []string
	for _, p := range s.live().list {
		out = append(out, p.domains...)
	}
	return out
}

// regionPattern is the form of a region: us-east-1, us-gov-west-1.
var regionPattern = regexp.MustCompile(`[a-z]{2}(-[a-z]+)+-[0-9]`)
