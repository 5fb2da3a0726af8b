package mockscalekit

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
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
	v.webhooks(place, e.Webhooks)
}

func (v *problems) webhooks(of string, list []Webhook) {
	seen := map[string]string{}
	for i, w := range list {
		place := fmt.Sprintf("%s.webhooks[%d]", of, i)
		w.Check(func(at, problem string) { v.add(place+"."+at, "%s", problem) })
		v.unique(place+".url", w.URL, seen)
	}
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
	v.oneOf(at+".provider", c.Provider, directory.Providers()...)
	v.oneOf(at+".type", c.Type, OIDC, SAML)
	v.oneOf(at+".idp", c.IdP, idp.Names()...)
	v.settings(at, c)
	v.oneOf(at+".status", c.Status, Completed, InProgress, Draft)
	for name, mapped := range c.AttributeMapping {
		if name == "" || mapped == "" {
			v.add(at+".attribute_mapping."+name, "maps %q to %q; both need a name", name, mapped)
		}
	}
}

// settings checks those of a connection that leads to an identity provider elsewhere, or that changes one of the lab's.
func (v *problems) settings(at string, c Connection) {
	simulated := c.Provider == "" || c.Provider == IDPSimulator || c.IdP == idp.Simulator
	if simulated && (c.Type == SAML || c.elsewhere()) {
		v.add(at+".provider", "the IdP simulator speaks OpenID Connect and is the lab's; name another provider")
	}
	if c.elsewhere() && c.IdP != "" {
		v.add(at+".idp", "the settings lead to an identity provider elsewhere; leave idp out")
	}
	if c.OIDC != nil && c.Type == SAML || c.SAML != nil && c.Type != SAML {
		v.add(at+".type", "is not what the settings are for")
	}
	if c.OIDC != nil {
		o := c.OIDC
		for name, value := range map[string]string{"client_id": o.ClientID, "client_secret": o.ClientSecret} {
			if o.Issuer != "" && value == "" {
				v.add(at+".oidc."+name, "is missing; an issuer needs it")
			}
		}
		for name, raw := range map[string]string{"issuer": o.Issuer, "discovery_endpoint": o.DiscoveryEndpoint, "authorize_uri": o.AuthorizeURI, "token_uri": o.TokenURI, "user_info_uri": o.UserInfoURI, "jwks_uri": o.JWKSURI} {
			v.httpURL(at+".oidc."+name, raw)
		}
		manual := []string{o.AuthorizeURI, o.TokenURI, o.UserInfoURI, o.JWKSURI}
		if n := len(slices.DeleteFunc(manual, func(s string) bool { return s == "" })); n != 0 && n != 4 {
			v.add(at+".oidc", "names %d of authorize_uri, token_uri, user_info_uri and jwks_uri; all four or none", n)
		}
		v.oneOf(at+".oidc.token_auth_type", o.TokenAuthType, directory.URLParams, directory.BasicAuth)
	}
	if c.SAML == nil {
		return
	}
	s := c.SAML
	for name, raw := range map[string]string{"idp_metadata_url": s.IdPMetadataURL, "idp_sso_url": s.IdPSSOURL, "default_redirect_uri": s.DefaultRedirectURI, "sp_assertion_url": s.SPAssertionURL} {
		v.httpURL(at+".saml."+name, raw)
	}
	if s.IdPSSOURL != "" && s.IdPMetadataURL == "" && (s.IdPEntityID == "" || len(s.IdPCertificates) == 0) {
		v.add(at+".saml.idp_sso_url", "needs idp_entity_id and idp_certificates beside it, or give idp_metadata_url")
	}
	for i, certificate := range s.IdPCertificates {
		if _, err := saml.ParseCertificate(certificate.PEM); err != nil {
			v.add(fmt.Sprintf("%s.saml.idp_certificates[%d]", at, i), "is no certificate: %v", err)
		}
	}
	v.oneOf(at+".saml.idp_name_id_format", s.NameIDFormat, NameIDFormats()...)
	v.oneOf(at+".saml.idp_sso_request_binding", s.SSORequestBinding, directory.HTTPPost, directory.HTTPRedirect)
	if s.AssertionEncrypted {
		v.add(at+".saml.assertion_encrypted", "encrypted assertions are not modelled")
	}
}

func (v *problems) httpURL(place, raw string) {
	if raw == "" {
		return
	}
	if u, err := url.Parse(raw); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		v.add(place, "%q is no http or https URL", raw)
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
		if err := p.Check(); err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				field, what, _ := strings.Cut(line, ": ")
				v.add(place+"."+field, "%s", what)
			}
		}
	}
}

func splitEmail(s string) (local, domain string) { return directory.SplitEmail(s) }

func localPart(s string) bool { return directory.LocalPart(s) }
