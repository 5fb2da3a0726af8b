package mockcognito

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// hosts says what is served under which name. The real service has two kinds of host: one serves issuers and the user
// pools API, the other, one or more for each pool, the OAuth endpoints and pages. A lab on one port has both in one.
type hosts struct {
	issuers  map[string]bool     // host with port
	domains  map[string][]string // host with port → ids of the pools whose domain it is
	combined bool                // some name serves both
}

func (s *Server) newHosts() hosts {
	h := hosts{issuers: map[string]bool{hostOf(s.cfg.URL): true}, domains: map[string][]string{}}
	for _, id := range sortedKeys(s.pools) {
		p := s.pools[id]
		h.issuers[hostOf(p.IssuerURL)] = true
		for _, base := range append([]string{p.DomainURL}, p.CustomDomains...) {
			h.domains[hostOf(base)] = append(h.domains[hostOf(base)], id)
		}
	}
	for host := range h.domains {
		h.combined = h.combined || h.issuers[host]
	}
	return h
}

// serve tells whether the request's path is served under its host.
func (h hosts) serve(r *http.Request) bool {
	if h.combined {
		return true
	}
	if r.URL.Path == "/" || strings.Contains(r.URL.Path, "/.well-known/") {
		return h.issuers[r.Host]
	}
	return h.domains[r.Host] != nil
}

// of tells whether the pool may be used under the request's host: a domain serves its own pool only.
func (h hosts) of(r *http.Request, p *pool) bool {
	return h.combined || slices.Contains(h.domains[r.Host], p.ID)
}

func (h hosts) describe() string {
	return fmt.Sprintf("Issuers (/<user pool id>/.well-known/openid-configuration) and the user pools API (POST /) are on %s;\n"+
		"/oauth2/authorize, /oauth2/token, /oauth2/userInfo, /oauth2/revoke, /login and /logout are on %s.",
		strings.Join(sortedKeys(h.issuers), ", "), strings.Join(sortedKeys(h.domains), ", "))
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
