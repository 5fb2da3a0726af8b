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
	Issuer   string // of the first user pool
	Domain   string // OAuth endpoints of the first user pool
	Scalekit string // environment URL and issuer
	App      string // sample app
	IdP      string // identity providers
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

// issuerURL and domainURL are a pool's two bases.
func (l layout) issuerURL(p mockcognito.UserPool) string {
	prefix := "cognito-idp."
	if p.UpdatedIssuer {
		prefix = "issuer-cognito-idp."
	}
	switch l.names {
	case NamesLocalhost:
		return l.named(prefix + regionOf(p) + ".localhost")
	case NamesVendor:
		return l.named(prefix + regionOf(p) + ".amazonaws.com")
	}
	return l.at(partyCognito)
}

func (l layout) domainURL(p mockcognito.UserPool) string {
	suffix := ".amazoncognito.com"
	if l.names == NamesLocalhost {
		suffix = ".localhost"
	}
	switch {
	case l.names == "":
		return l.at(partyCognito)
	case p.Domain == "":
		return l.issuerURL(p) // a pool without a domain has no OAuth endpoints of its own
	}
	return l.named(p.Domain + ".auth." + regionOf(p) + suffix)
}

// customDomain is the base URL of a custom domain given as a host name or as a base URL. Without names of their own all
// parties are on ports, and the pool's one origin stands for all of its domains.
func (l layout) customDomain(domain string) string {
	switch {
	case strings.Contains(domain, "://"):
		return domain
	case l.names == "":
		return l.at(partyCognito)
	}
	return l.named(domain)
}

func regionOf(p mockcognito.UserPool) string {
	region, _, _ := strings.Cut(p.ID, "_")
	return region
}

// urls are the parties' URLs; first is the first user pool.
func (l layout) urls(first mockcognito.UserPool) URLs {
	u := URLs{
		Console: fmt.Sprintf("http://localhost:%d", l.ports[partyConsole]), // always plain: the command finds a lab by it
		Domain:  l.domainURL(first),
	}
	if l.scheme == "https" && l.names == "" {
		u.Console = l.at(partyConsole)
	}
	plain := first
	plain.UpdatedIssuer = false
	u.Cognito = l.issuerURL(plain)
	u.Issuer = l.issuerURL(first) + "/" + first.ID
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

// hosts lists the parties' hosts on the TLS port; none without names.
func (l layout) hosts(u URLs, pools []mockcognito.UserPool) map[string]int {
	if l.names == "" {
		return nil
	}
	out := map[string]int{consoleName: partyConsole, hostname(u.Cognito): partyCognito, hostname(u.Scalekit): partyScalekit, hostname(u.App): partyApp, hostname(u.IdP): partyIdP}
	for _, p := range pools {
		for _, base := range append([]string{p.IssuerURL, p.DomainURL}, p.CustomDomains...) {
			out[hostname(base)] = partyCognito
		}
	}
	return out
}

// Hosts are the names under which the parties of such a lab are reached, sorted; none without Names. The lab need not
// run.
func (c Config) Hosts() []string {
	plan := c.plan(c.layoutAt([len(partyNames)]int{}, 443))
	return slices.Sorted(maps.Keys(plan.layout.hosts(plan.urls, plan.pools)))
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
