package ssolab

import (
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/localca"
	"github.com/ssolab/ssolab/mockcognito"
)

// The parties of a lab, in the order of their ports.
const (
	partyConsole = iota
	partyCognito
	partyScalekit
	partyApp
	partyIdP
)

var partyNames = [...]string{"console", "cognito", "scalekit", "app", "idp"}

// Names of the parties in production-like mode (Config.Names).
const (
	// NamesLocalhost gives each party a host below localhost: ssolab.auth.us-east-1.localhost. Browsers resolve them by
	// themselves; other programs need a hosts entry.
	NamesLocalhost = "localhost"
	// NamesVendor gives each party the vendor's own: ssolab.auth.us-east-1.amazoncognito.com. Everybody needs a hosts
	// entry or resolver rules.
	NamesVendor = "vendor"
)

// URLs are where the parties of a lab are reached, without trailing slash.
type URLs struct {
	Console  string
	Cognito  string // user pools API; every issuer of its region is below it
	Issuer   string // of the first user pool that is declared; empty without one
	Domain   string // OAuth endpoints of the first user pool; empty likewise
	Scalekit string // environment URL and issuer
	App      string // sample app
	IdP      string // identity providers

	region string // that the user pools API is in
}

// layout is how the parties are reached: a port each, or a host name each on one TLS port.
type layout struct {
	scheme  string
	names   string // "", NamesLocalhost or NamesVendor
	env     string // vendor names: first label of the Scalekit environment
	ports   [len(partyNames)]int
	tlsPort int
}

func (c Config) layoutAt(ports [len(partyNames)]int, tlsPort int) layout {
	l := layout{scheme: "http", names: c.Names, env: c.ScalekitEnvironment, ports: ports, tlsPort: tlsPort}
	if c.TLS || c.Names != "" {
		l.scheme = "https"
	}
	if l.env == "" {
		l.env = "ssolab"
	}
	return l
}

// at is the base URL of a party with its port.
func (l layout) at(party int) string {
	return fmt.Sprintf("%s://localhost:%d", l.scheme, l.ports[party])
}

// named is the base URL of a host on the TLS port.
func (l layout) named(host string) string {
	if l.tlsPort == 443 {
		return "https://" + host
	}
	return fmt.Sprintf("https://%s:%d", host, l.tlsPort)
}

// addresses are where Cognito's regions and domains are. Without names of their own all parties are on ports, and one
// origin stands for all of them.
func (l layout) addresses() mockcognito.Addresses {
	if l.names == "" {
		return mockcognito.Addresses{}
	}
	service, domains := ".amazonaws.com", ".amazoncognito.com"
	if l.names == NamesLocalhost {
		service, domains = ".localhost", ".localhost"
	}
	return mockcognito.Addresses{
		API: func(region string) string { return l.named("cognito-idp." + region + service) },
		Issuer: func(region string, updated bool) string {
			if updated {
				return l.named("issuer-cognito-idp." + region + service)
			}
			return l.named("cognito-idp." + region + service)
		},
		PrefixDomain: func(region, prefix string) string { return l.named(prefix + ".auth." + region + domains) },
		CustomDomain: l.named,
	}
}

// domainURLs are the bases of a declared pool's OAuth endpoints, the prefix first.
func (l layout) domainURLs(p mockcognito.UserPool) []string {
	a := l.addresses()
	if a.API == nil {
		return []string{l.at(partyCognito)}
	}
	var out []string
	if p.Domain != "" {
		out = append(out, a.PrefixDomain(regionOf(p), p.Domain))
	}
	for _, host := range p.CustomDomains {
		out = append(out, a.CustomDomain(host))
	}
	return out
}

// apiURL is the base of the user pools API in a region, issuerURL that of a declared pool's issuer.
func (l layout) apiURL(region string) string {
	if a := l.addresses(); a.API != nil {
		return a.API(region)
	}
	return l.at(partyCognito)
}

func (l layout) issuerURL(p mockcognito.UserPool) string {
	if a := l.addresses(); a.Issuer != nil {
		return a.Issuer(regionOf(p), p.UpdatedIssuer)
	}
	return l.at(partyCognito)
}

func regionOf(p mockcognito.UserPool) string {
	region, _, _ := strings.Cut(p.ID, "_")
	return region
}

// defaultRegion is that of a lab without declared pools.
const defaultRegion = "us-east-1"

// urls are the parties' URLs; first is the first user pool, nil where none is declared.
func (l layout) urls(first *mockcognito.UserPool) URLs {
	u := URLs{
		Console: fmt.Sprintf("http://localhost:%d", l.ports[partyConsole]), // always plain: the command finds a lab by it
		region:  defaultRegion,
	}
	if first != nil {
		u.region = regionOf(*first)
		u.Issuer = l.issuerURL(*first) + "/" + first.ID
		u.Domain = l.apiURL(u.region) // a pool without a domain has no OAuth endpoints
		if domains := l.domainURLs(*first); len(domains) > 0 {
			u.Domain = domains[0]
		}
	}
	u.Cognito = l.apiURL(u.region)
	if l.scheme == "https" && l.names == "" {
		u.Console = l.at(partyConsole)
	}
	switch l.names {
	case NamesLocalhost:
		u.Scalekit, u.App, u.IdP = l.named("scalekit.localhost"), l.named("app.localhost"), l.named("idp.localhost")
	case NamesVendor:
		u.Scalekit, u.App, u.IdP = l.named(l.env+".scalekit.dev"), l.named("app.localhost"), l.named("oidc.scalekit.dev")
	default:
		u.Scalekit, u.App, u.IdP = l.at(partyScalekit), l.at(partyApp), l.at(partyIdP)
	}
	return u
}

// consoleName is the console's host on the TLS port.
const consoleName = "console.localhost"

// consoleNames are the console's origins beside its plain one.
func (l layout) consoleNames() []string {
	if l.names == "" {
		return nil
	}
	return []string{l.named(consoleName)}
}

// hosts lists the parties' hosts on the TLS port but for Cognito's, which change while the lab runs; none without names.
func (l layout) hosts(u URLs) map[string]int {
	if l.names == "" {
		return nil
	}
	return map[string]int{consoleName: partyConsole, hostname(u.Scalekit): partyScalekit, hostname(u.App): partyApp, hostname(u.IdP): partyIdP}
}

// Hosts are the names under which the parties of such a lab are reached at its start, sorted; none without Names. The lab
// need not run.
func (c Config) Hosts() []string {
	plan := c.plan(c.layoutAt([len(partyNames)]int{}, 443))
	if c.Names == "" {
		return nil
	}
	names := plan.layout.hosts(plan.urls)
	for _, p := range plan.pools {
		for _, base := range append(plan.layout.domainURLs(p), plan.layout.apiURL(regionOf(p)), plan.layout.issuerURL(p)) {
			names[hostname(base)] = partyCognito
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func hostname(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// authority opens the CA of a lab that speaks TLS: the user's, or one in memory.
func (c Config) authority() (*localca.CA, error) {
	switch {
	case !c.TLS && c.Names == "":
		return nil, nil
	case c.CADir == "":
		return localca.New(nil)
	}
	return localca.Open(c.CADir, nil)
}

// roots are what the lab's own parties trust.
func roots(ca *localca.CA) *x509.CertPool {
	if ca == nil {
		return nil
	}
	return ca.Pool()
}
