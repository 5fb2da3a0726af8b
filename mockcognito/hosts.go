package mockcognito

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// hosts says what is served under which name. The real service has two kinds of host: one serves issuers and the user
// pools API, the other, one or more for each pool, the OAuth endpoints and pages. A lab on one port has both in one.
type hosts struct {
	issuers  map[string]bool   // host with port
	domains  map[string]string // host with port → id of the pool whose domain it is
	names    map[string]bool   // of both, without port
	combined bool              // one name serves both, and all pools
	api      func(region string) string
}

func (s *Server) newHosts(pools []*pool) hosts {
	a := s.cfg.Addresses
	h := hosts{issuers: map[string]bool{hostOf(s.cfg.URL): true}, domains: map[string]string{}, names: map[string]bool{}, api: a.API}
	h.combined = hostOf(a.API("us-east-1")) == hostOf(a.PrefixDomain("us-east-1", "any")) // of whatever region and name
	for _, p := range pools {
		h.issuers[hostOf(p.issuer)] = true
		h.issuers[hostOf(a.API(p.Region()))] = true
		for _, base := range p.domains {
			h.domains[hostOf(base)] = p.ID
			h.names[hostname(hostOf(base))] = true
		}
	}
	for host := range h.issuers {
		h.names[hostname(host)] = true
	}
	return h
}

// serve tells whether the request's path is served under its host.
func (h hosts) serve(r *http.Request) bool {
	if h.combined {
		return true
	}
	if r.URL.Path == "/" || strings.Contains(r.URL.Path, "/.well-known/") {
		if h.issuers[r.Host] {
			return true
		}
		region := regionPattern.FindString(r.Host)
		return region != "" && hostOf(h.api(region)) == r.Host
	}
	return h.domains[r.Host] != ""
}

// of tells whether the pool's OAuth endpoints are under the request's host: a domain serves its own pool only, and a pool
// without a domain has none.
func (h hosts) of(r *http.Request, p *pool) bool {
	if h.combined {
		return p.domainURL != ""
	}
	return h.domains[r.Host] == p.ID
}

func (h hosts) describe() string {
	domains := "no host, as no pool has a domain"
	if len(h.domains) > 0 {
		domains = strings.Join(sortedKeys(h.domains), ", ")
	}
	return fmt.Sprintf("Issuers (/<user pool id>/.well-known/openid-configuration) and the user pools API (POST /) are on %s;\n"+
		"/oauth2/authorize, /oauth2/token, /oauth2/userInfo, /oauth2/revoke, /login and /logout are on %s.",
		strings.Join(sortedKeys(h.issuers), ", "), domains)
}

// hostOf is the host, with its port if it has one, of a URL.
func hostOf(raw string) string {
	if u, err := url.Parse(raw); err == nil && u.Host != "" {
		return u.Host
	}
	return raw
}

// hostname is host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
