package mockscalekit

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// Validate reports everything that is wrong with c at once, each problem with the place where it stands.
func (c Config) Validate() error {
	var v problems
	v.baseURL("url", c.URL)
	v.baseURL("idp_url", c.IdPURL)
	v.environment("environment", c.Environment)
	ids := map[string]string{c.Environment.ID: "environment"}
	hosts := map[string]string{c.URL: "url"}
	for i, e := range c.More {
		place := fmt.Sprintf("more[%d]", i)
		v.baseURL(place+".url", e.URL)
		v.unique(place+".url", e.URL, hosts)
		if e.ID != "" {
			v.unique(place, e.ID, ids)
		}
		if e.People != nil {
			v.add(place+".people", "people are known to the identity providers of all environments; name them in the first")
		}
		v.environment(place, e)
	}
	return errors.Join(v...)
}

// environment checks one environment; place is where it stands.
func (v *problems) environment(place string, e Environment) {
	v.oneOf(place+".kind", e.Kind, Development, Production)
	v.oneOf(place+".mode", e.Mode, Modular, FullStack)
	if e.ID != "" && (!strings.HasPrefix(e.ID, "env_") || len(e.ID) == len("env_")) {
		v.add(place+".id", "%q does not begin with env_", e.ID)
	}
	if e.CustomURL != "" {
		v.baseURL(place+".custom_url", e.CustomURL)
		if e.Kind != Production {
			v.add(place+".custom_url", "only a production environment has a custom domain")
		}
	}
	for _, ttl := range []struct {
		name string
		ttl  time.Duration
	}{{"id_token_ttl", e.IDTokenTTL}, {"access_token_ttl", e.AccessTokenTTL}, {"session_ttl", e.SessionTTL}} {
		if ttl.ttl < 0 {
			v.add(place+"."+ttl.name, "%s is negative", ttl.ttl)
		}
	}
	for name := range e.AccessTokenClaims {
		if slices.Contains(reservedAccessTokenClaims(), name) {
			v.add(place+".access_token_claims."+name, "is a name of the protocol, which no custom claim can take")
		}
	}
	v.clients(place, e)
	v.organizations(place, e)
	v.users(place, e)
	v.people(place, e.People)
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
	place += ".id"
	if !slices.ContainsFunc(prefixes, func(p string) bool { return len(id) > len(p) && strings.HasPrefix(id, p) }) {
		v.add(place, "%q does not begin with %s", id, strings.Join(prefixes, " or "))
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

func (v *problems) clients(of string, e Environment) {
	seen := map[string]string{}
	for i, c := range e.Clients {
		place := fmt.Sprintf("%s.clients[%d]", of, i)
		production := e.Kind == Production
		switch {
		case production:
			v.id(place, c.ID, seen, "prd_skc_")
		case e.Kind == Development:
			v.id(place, c.ID, seen, "skc_")
		default:
			v.id(place, c.ID, seen, "skc_", "prd_skc_")
			production = strings.HasPrefix(c.ID, "prd_")
		}
		for j, uri := range c.RedirectURIs {
			v.redirectURI(fmt.Sprintf("%s.redirect_uris[%d]", place, j), uri, production)
		}
		for j, uri := range c.PostLogoutRedirectURIs {
			v.redirectURI(fmt.Sprintf("%s.post_logout_redirect_uris[%d]", place, j), uri, production)
		}
		if c.InitiateLoginURI != "" {
			v.redirectURI(place+".initiate_login_uri", c.InitiateLoginURI, production)
		}
		if c.BackChannelLogoutURI != "" {
			v.redirectURI(place+".back_channel_logout_uri", c.BackChannelLogoutURI, production)
		}
	}
}

func (v *problems) organizations(of string, e Environment) {
	ids, connections, domains := map[string]string{}, map[string]string{}, map[string]string{}
	external, slugs := map[string]string{}, map[string]string{}
	for i, o := range e.Organizations {
		place := fmt.Sprintf("%s.organizations[%d]", of, i)
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
			v.connection(fmt.Sprintf("%s.connections[%d]", place, j), c, e, connections)
		}
	}
	for i, c := range e.Connections {
		v.connection(fmt.Sprintf("%s.connections[%d]", of, i), c, e, connections)
	}
}

func (v *problems) connection(at string, c Connection, e Environment, seen map[string]string) {
	v.id(at, c.ID, seen, "conn_")
	if e.Kind == Production && (c.Provider == "" || c.Provider == IDPSimulator) {
		v.add(at+".provider", "a production environment has no IdP simulator")
	}
	v.oneOf(at+".provider", c.Provider, IDPSimulator, Okta)
	v.oneOf(at+".status", c.Status, Completed, InProgress, Draft)
	for name, mapped := range c.AttributeMapping {
		if name == "" || mapped == "" {
			v.add(at+".attribute_mapping."+name, "maps %q to %q; both need a name", name, mapped)
		}
	}
}

func (v *problems) users(of string, e Environment) {
	emails, external, ids, roles := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for i, r := range e.Roles {
		place := fmt.Sprintf("%s.roles[%d]", of, i)
		if r.Name == "" {
			v.add(place+".name", "is empty")
		}
		v.unique(place+".name", r.Name, roles)
	}
	for i, u := range e.Users {
		place := fmt.Sprintf("%s.users[%d]", of, i)
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
				v.add(at+".organization", "there is no organization %q", m.Organization)
			}
			v.unique(at+".organization", m.Organization, joined)
			for k, name := range m.Roles {
				if _, ok := roles[name]; !ok {
					v.add(fmt.Sprintf("%s.roles[%d]", at, k), "there is no role %q", name)
				}
			}
		}
	}
}

func (v *problems) email(place, email string, seen map[string]string) {
	place += ".email"
	local, domain := splitEmail(email)
	if !localPart(local) || !domainName(domain) {
		v.add(place, "%q is no e-mail address", email)
	}
	v.unique(place, strings.ToLower(email), seen)
}

func domainName(s string) bool { return directory.DomainName(s) }

func (v *problems) people(of string, list []Person) {
	seen := map[string]string{}
	for i, p := range list {
		place := fmt.Sprintf("%s.people[%d]", of, i)
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
