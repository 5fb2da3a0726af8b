package mockscalekit

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// Validate reports everything that is wrong with c at once, each problem with the place where it stands.
func (c Config) Validate() error {
	var v problems
	v.baseURL("url", c.URL)
	v.baseURL("idp_url", c.IdPURL)
	e := c.Environment
	switch e.Mode {
	case "", Modular:
	case FullStack:
		v.add("environment.mode", "full-stack is not modelled; use %q", Modular)
	default:
		v.add("environment.mode", "%q is no authentication mode; use %q", e.Mode, Modular)
	}
	if e.IDTokenTTL < 0 {
		v.add("environment.id_token_ttl", "%s is negative", e.IDTokenTTL)
	}
	v.clients(e.Clients)
	v.organizations(e)
	v.users(e)
	v.people(e.People)
	return errors.Join(v...)
}

type problems []error

func (v *problems) add(place, format string, args ...any) {
	*v = append(*v, fmt.Errorf("%s: "+format, append([]any{place}, args...)...))
}

func (v *problems) oneOf(place, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		v.add(place, "%q is not one of %s", value, strings.Join(allowed, ", "))
	}
}

func (v *problems) id(place, id string, seen map[string]string, prefixes ...string) {
	if !slices.ContainsFunc(prefixes, func(p string) bool { return len(id) > len(p) && strings.HasPrefix(id, p) }) {
		v.add(place, "id %q does not begin with %s", id, strings.Join(prefixes, " or "))
	}
	v.unique(place, id, seen)
}

func (v *problems) unique(place, name string, seen map[string]string) {
	if other, dup := seen[name]; dup {
		v.add(place, "%q is taken by %s", name, other)
	}
	seen[name] = place
}

func (v *problems) baseURL(place, raw string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		v.add(place, "%v", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		v.add(place, "%q is no http or https URL", raw)
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		v.add(place, "%q has more than scheme, host and port; leave the slash out too", raw)
	}
}

func (v *problems) clients(list []Client) {
	seen := map[string]string{}
	for i, c := range list {
		place := fmt.Sprintf("environment.clients[%d]", i)
		v.id(place, c.ID, seen, "skc_", "prd_skc_")
		production := strings.HasPrefix(c.ID, "prd_")
		for j, uri := range c.RedirectURIs {
			v.redirectURI(fmt.Sprintf("%s.redirect_uris[%d]", place, j), uri, production)
		}
		for j, uri := range c.PostLogoutRedirectURIs {
			v.redirectURI(fmt.Sprintf("%s.post_logout_redirect_uris[%d]", place, j), uri, production)
		}
	}
}

// redirectURI applies the dashboard's rules for allowed URLs
// (https://docs.scalekit.com/guides/dashboard/redirects/).
func (v *problems) redirectURI(place, raw string, production bool) {
	if len(raw) > 256 {
		v.add(place, "has %d characters; 256 are allowed", len(raw))
	}
	if strings.Contains(raw, "{{") {
		v.add(place, "%q is a template; templates are not modelled", raw)
		return
	}
	u, err := url.Parse(strings.Replace(raw, "*", "wildcard", 1))
	switch {
	case err != nil:
		v.add(place, "%v", err)
		return
	case u.Scheme == "" || u.Host == "" && (u.Scheme == "http" || u.Scheme == "https"):
		v.add(place, "%q is no absolute URL", raw)
		return
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#"):
		v.add(place, "%q has a query or a fragment, which is not allowed", raw)
	}
	if strings.Contains(raw, "*") && !goodWildcard(raw) {
		v.add(place, "%q: one * is allowed, in the left-most label of a host name of three labels or more", raw)
	}
	if production && (u.Scheme == "http" || isLocal(u.Hostname()) || strings.Contains(raw, "*")) {
		v.add(place, "%q: a production client allows neither http, localhost nor a wildcard", raw)
	}
}

func isLocal(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1"
}

func goodWildcard(raw string) bool {
	_, rest, ok := strings.Cut(raw, "://")
	host, _, _ := strings.Cut(rest, "/")
	labels := strings.Split(host, ".")
	return ok && strings.Count(raw, "*") == 1 && len(labels) >= 3 && strings.Contains(labels[0], "*")
}

func (v *problems) organizations(e Environment) {
	ids, connections, domains := map[string]string{}, map[string]string{}, map[string]string{}
	external, slugs := map[string]string{}, map[string]string{}
	for i, o := range e.Organizations {
		place := fmt.Sprintf("environment.organizations[%d]", i)
		v.id(place, o.ID, ids, "org_")
		v.oneOf(place+".region", o.Region, directory.US, directory.EU)
		if o.ExternalID != "" {
			v.unique(place+".external_id", o.ExternalID, external)
		}
		if o.Slug != "" {
			v.unique(place+".slug", o.Slug, slugs)
		}
		for j, d := range o.Domains {
			at := fmt.Sprintf("%s.domains[%d]", place, j)
			v.oneOf(at+".type", d.Type, OrganizationDomain, AllowedEmailDomain)
			v.oneOf(at+".status", d.Status, Verified, Pending, Failed)
			if !domainName(d.Name) {
				v.add(at, "%q is no domain name", d.Name)
			}
			if d.Type != AllowedEmailDomain && (d.Status == "" || d.Status == Verified) {
				v.unique(at, strings.ToLower(d.Name), domains)
			}
		}
		for j, c := range o.Connections {
			v.connection(fmt.Sprintf("%s.connections[%d]", place, j), c, connections)
		}
	}
	for i, c := range e.Connections {
		v.connection(fmt.Sprintf("environment.connections[%d]", i), c, connections)
	}
}

func (v *problems) connection(at string, c Connection, seen map[string]string) {
	v.id(at, c.ID, seen, "conn_")
	v.oneOf(at+".provider", c.Provider, IDPSimulator, Okta)
	v.oneOf(at+".status", c.Status, Completed, InProgress, Draft)
	for name, mapped := range c.AttributeMapping {
		if name == "" || mapped == "" {
			v.add(at+".attribute_mapping", "maps %q to %q; both need a name", name, mapped)
		}
	}
}

func (v *problems) users(e Environment) {
	emails, external, ids, roles := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for i, r := range e.Roles {
		place := fmt.Sprintf("environment.roles[%d]", i)
		if r.Name == "" {
			v.add(place, "has no name")
		}
		v.unique(place, r.Name, roles)
	}
	for i, u := range e.Users {
		place := fmt.Sprintf("environment.users[%d]", i)
		v.email(place, u.Email, emails)
		if u.ID != "" {
			v.id(place, u.ID, ids, "usr_")
		}
		if u.ExternalID != "" {
			v.unique(place+".external_id", u.ExternalID, external)
		}
		joined := map[string]string{}
		for j, m := range u.Memberships {
			at := fmt.Sprintf("%s.memberships[%d]", place, j)
			if !slices.ContainsFunc(e.Organizations, func(o Organization) bool { return o.ID == m.Organization }) {
				v.add(at, "there is no organization %q", m.Organization)
			}
			v.unique(at, m.Organization, joined)
			for _, name := range m.Roles {
				if _, ok := roles[name]; !ok {
					v.add(at, "there is no role %q", name)
				}
			}
		}
	}
}

func (v *problems) email(place, email string, seen map[string]string) {
	local, domain := splitEmail(email)
	if !localPart(local) || !domainName(domain) {
		v.add(place, "%q is no e-mail address", email)
	}
	v.unique(place, strings.ToLower(email), seen)
}

func domainName(s string) bool { return directory.DomainName(s) }

func (v *problems) people(list []Person) {
	seen := map[string]string{}
	for i, p := range list {
		place := fmt.Sprintf("environment.people[%d]", i)
		v.email(place, p.Email, seen)
		if p.TOTPSecret != "" {
			if _, err := totpKey(p.TOTPSecret); err != nil {
				v.add(place+".totp_secret", "is not base32") // the value stays out: it is a secret
			}
		}
	}
}

// splitEmail cuts at the last @; without one both parts are empty.
func splitEmail(s string) (local, domain string) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 {
		return "", ""
	}
	return s[:i], strings.ToLower(s[i+1:])
}

func localPart(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '@' || r == 0x7f })
}
