package mockcognito

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// hostNamePattern is a name of at least two labels.
var hostNamePattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// Validate reports every problem of the configuration, each with its place.
func (c Config) Validate() error {
	var errs []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || strings.HasSuffix(c.URL, "/") {
		errs = append(errs, fmt.Errorf("url: %q is not an absolute URL without trailing slash", c.URL))
	}
	errs = append(errs, c.Lambda.problems()...)
	seen := map[string]string{}
	unique := func(kind, value, place string) {
		if other, dup := seen[kind+value]; dup {
			errs = append(errs, fmt.Errorf("%s: %s %q is taken by %s", place, kind, value, other))
		}
		seen[kind+value] = place
	}
	for i, p := range c.UserPools {
		place := fmt.Sprintf("user_pools[%d]", i)
		unique("pool id", p.ID, place+".id")
		for j, client := range p.Clients {
			unique("client id", client.ID, fmt.Sprintf("%s.clients[%d].id", place, j))
		}
		if p.Domain != "" {
			region, _, _ := strings.Cut(p.ID, "_")
			unique("domain", region+"/"+p.Domain, place+".domain") // a prefix is unique in its region
		}
		for j, host := range p.CustomDomains {
			unique("domain", host, fmt.Sprintf("%s.custom_domains[%d]", place, j))
		}
		for _, err := range p.problems() {
			errs = append(errs, fmt.Errorf("%s%w", place, err))
		}
	}
	return errors.Join(errs...)
}

// problems are the pool's own, each beginning with the rest of its place.
func (p UserPool) problems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !isPoolID(p.ID) {
		bad(".id: %q is no user pool id; the form is <region>_<letters and digits>, at most 55 characters", p.ID)
	}
	if p.Domain != "" && (!isDomainPrefix(p.Domain) || strings.Contains(p.Domain, "aws") || strings.Contains(p.Domain, "amazon") || strings.Contains(p.Domain, "cognito")) {
		bad(".domain: %q is no domain prefix: 1–63 of a-z, 0-9 and -, not at the ends, and without aws, amazon, cognito", p.Domain)
	}
	for i, host := range p.CustomDomains {
		if !hostNamePattern.MatchString(host) {
			bad(".custom_domains[%d]: %q must be a host name such as auth.example.com: lower case, no scheme, no port", i, host)
		}
	}
	if p.ManagedLoginVersion < 0 || p.ManagedLoginVersion > 2 {
		bad(".managed_login_version: %d is neither 1 nor 2", p.ManagedLoginVersion)
	}
	for i, a := range p.Attributes {
		if name, custom := strings.CutPrefix(a.Name, "custom:"); custom {
			if name == "" || len(name) > 20 {
				bad(".attributes[%d].name: %q: the name of a custom attribute has 1–20 characters", i, a.Name)
			}
			if a.Required {
				bad(".attributes[%d].required: a custom attribute is never required", i)
			}
		} else if !userpool.IsStandard(a.Name) {
			bad(".attributes[%d].name: %q is no standard attribute; own ones begin with custom:", i, a.Name)
		}
	}
	providers := []string{CognitoProvider}
	identifiers := map[string]bool{}
	for i, idp := range p.Providers {
		place := fmt.Sprintf(".providers[%d]", i)
		if slices.Contains(providers, idp.Name) {
			bad("%s.name: a provider %q is there already", place, idp.Name)
		}
		providers = append(providers, idp.Name)
		for _, err := range idp.problems() {
			bad("%s%w", place, err)
		}
		for j, identifier := range idp.Identifiers {
			if identifiers[identifier] {
				bad("%s.identifiers[%d]: %q is an identifier of the pool already", place, j, identifier)
			}
			identifiers[identifier] = true
		}
	}
	for i, c := range p.Clients {
		for _, err := range c.problems(providers) {
			bad(".clients[%d]%w", i, err)
		}
	}
	return slices.Concat(errs, p.quotaProblems(), p.signInProblems(), p.triggerProblems(), p.apiProblems(), p.userProblems())
}

// quotaProblems are counts above the service's default quotas.
func (p UserPool) quotaProblems() []error {
	custom := 0
	for _, a := range p.Attributes {
		if userpool.IsCustom(a.Name) {
			custom++
		}
	}
	var errs []error
	for _, q := range []struct {
		key      string
		got, max int
	}{
		{"providers", len(p.Providers), 300}, {"attributes", custom, 50}, {"resource_servers", len(p.ResourceServers), 25},
	} {
		if q.got > q.max {
			errs = append(errs, fmt.Errorf(".%s: %d; a pool has at most %d", q.key, q.got, q.max))
		}
	}
	for i, r := range p.ResourceServers {
		if len(r.Scopes) > 100 {
			errs = append(errs, fmt.Errorf(".resource_servers[%d].scopes: %d; a resource server has at most 100", i, len(r.Scopes)))
		}
	}
	return errs
}

// signInProblems are those of how users are named and sign in.
func (p UserPool) signInProblems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	check := func(place string, list []string, allowed ...string) {
		for i, name := range list {
			if !slices.Contains(allowed, name) {
				bad(".%s[%d]: %q is none of %s", place, i, name, strings.Join(allowed, ", "))
			}
		}
	}
	check("username_attributes", p.UsernameAttributes, "email", "phone_number")
	check("alias_attributes", p.AliasAttributes, "email", "phone_number", "preferred_username")
	check("auto_verified", p.AutoVerified, "email", "phone_number")
	if len(p.UsernameAttributes) > 0 && len(p.AliasAttributes) > 0 {
		bad(".alias_attributes: a pool has either username_attributes or alias_attributes")
	}
	if p.MFA != "" {
		check("mfa", []string{p.MFA}, "OFF", "OPTIONAL", "ON")
	}
	if policy := p.PasswordPolicy; policy != nil && policy.MinimumLength != 0 && (policy.MinimumLength < 6 || policy.MinimumLength > 99) {
		bad(".password_policy.minimum_length: %d is outside of 6–99", policy.MinimumLength)
	}
	return errs
}

// apiProblems are those of resource servers.
func (p UserPool) apiProblems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	seen := map[string]bool{}
	for i, r := range p.ResourceServers {
		if !isScope(r.Identifier) || seen[r.Identifier] {
			bad(".resource_servers[%d].identifier: %q is no identifier of 1–256 characters without space, or is there already", i, r.Identifier)
		}
		seen[r.Identifier] = true
		for _, name := range sortedKeys(r.Scopes) {
			if !isScope(name) || strings.Contains(name, "/") {
				bad(".resource_servers[%d].scopes: %q is no scope name: no space, no /", i, name)
			}
		}
	}
	return errs
}

// userProblems are those of groups and users.
func (p UserPool) userProblems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	groups := map[string]bool{}
	for i, g := range p.Groups {
		if n := utf8.RuneCountInString(g.Name); n == 0 || n > 128 || strings.ContainsFunc(g.Name, unicode.IsSpace) || groups[g.Name] {
			bad(".groups[%d].name: %q has no 1–128 characters without space, or is there already", i, g.Name)
		}
		groups[g.Name] = true
	}
	policy, names := p.passwordPolicy(), map[string]bool{}
	for i, u := range p.Users {
		name := u.Username
		if p.CaseInsensitive {
			name = strings.ToLower(name)
		}
		if n := utf8.RuneCountInString(name); n == 0 || n > userpool.MaxUsername || strings.ContainsFunc(name, unicode.IsSpace) || names[name] {
			bad(".users[%d].username: %q has no 1–128 characters without space, or is there already", i, u.Username)
		}
		names[name] = true
		if u.Password != "" {
			if err := policy.Check(u.Password); err != nil {
				bad(".users[%d].password: %w", i, err)
			}
		}
		for j, g := range u.Groups {
			if !groups[g] {
				bad(".users[%d].groups[%d]: the pool has no group %q", i, j, g)
			}
		}
		for _, attribute := range sortedKeys(u.Attributes) {
			known := userpool.IsStandard(attribute) && attribute != "sub" || slices.ContainsFunc(p.Attributes, func(a Attribute) bool { return a.Name == attribute })
			if !known || utf8.RuneCountInString(u.Attributes[attribute]) > userpool.MaxAttributeValue {
				bad(".users[%d].attributes: %q is no attribute of the pool, or has more than %d characters", i, attribute, userpool.MaxAttributeValue)
			}
		}
	}
	return errs
}

func (p IdentityProvider) problems() []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !isProviderName(p.Name) {
		bad(".name: %q is no provider name: 3–32 characters, no space, no underscore at the ends", p.Name)
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || u.RawQuery != "" || strings.HasSuffix(p.Issuer, "/") {
		bad(".issuer: %q is not an https URL without trailing slash", p.Issuer)
	}
	if p.ClientID == "" {
		bad(".client_id: missing")
	}
	if p.ClientSecret == "" {
		bad(".client_secret: missing; Cognito needs one for an OIDC provider")
	}
	if !slices.Contains(strings.Fields(p.Scopes), "openid") && p.Scopes != "" {
		bad(".scopes: %q lacks openid", p.Scopes)
	}
	if m := p.AttributesRequestMethod; m != "" && m != "GET" && m != "POST" {
		bad(".attributes_request_method: %q is neither GET nor POST", m)
	}
	if len(p.Identifiers) > 50 {
		bad(".identifiers: %d; a provider has at most 50", len(p.Identifiers))
	}
	for i, identifier := range p.Identifiers {
		if !isIdentifier(identifier) {
			bad(".identifiers[%d]: %q: 1–40 characters of letters, digits, space and + = . @ -", i, identifier)
		}
	}
	manual := []string{p.AuthorizeURL, p.TokenURL, p.AttributesURL, p.JWKSURI}
	if n := len(slices.DeleteFunc(manual, func(s string) bool { return s == "" })); n != 0 && n != 4 {
		bad(": authorize_url, token_url, attributes_url and jwks_uri go together; %d of 4 are given", n)
	}
	return errs
}

func (c AppClient) problems(providers []string) []error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !isClientID(c.ID) {
		bad(".id: %q is no client id: 1–128 letters, digits, _ and +", c.ID)
	}
	if c.Secret != "" && !isClientSecret(c.Secret) {
		bad(".secret: a client secret has 24–64 letters, digits, _ and +")
	}
	for i, u := range c.CallbackURLs {
		if err := CheckRedirectURL(u); err != nil {
			bad(".callback_urls[%d]: %w", i, err)
		}
	}
	for i, u := range c.LogoutURLs {
		if err := CheckRedirectURL(u); err != nil {
			bad(".logout_urls[%d]: %w", i, err)
		}
	}
	for i, s := range c.Scopes {
		if !isScope(s) {
			bad(".scopes[%d]: %q is no scope", i, s)
		}
	}
	for i, f := range c.Flows {
		if f != "code" && f != "implicit" && f != "client_credentials" {
			bad(".flows[%d]: %q is none of code, implicit, client_credentials", i, f)
		}
	}
	for i, name := range c.IdentityProviders {
		if !slices.Contains(providers, name) {
			bad(".identity_providers[%d]: the pool has no provider %q; it has %s", i, name, strings.Join(providers, ", "))
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		bad(".default_redirect_uri: %q is none of the callback URLs", c.DefaultRedirectURI)
	}
	for i, flow := range c.ExplicitAuthFlows {
		if !slices.Contains(userpool.ExplicitAuthFlows, flow) {
			bad(".explicit_auth_flows[%d]: %q is none of %s", i, flow, strings.Join(userpool.ExplicitAuthFlows, ", "))
		}
	}
	const day = 24 * time.Hour
	for _, v := range []struct {
		key                  string
		got, lowest, highest time.Duration
		says                 string
	}{
		{"access_token_validity", c.AccessTokenValidity, 5 * time.Minute, day, "5 minutes to 24 hours"},
		{"id_token_validity", c.IDTokenValidity, 5 * time.Minute, day, "5 minutes to 24 hours"},
		{"refresh_token_validity", c.RefreshTokenValidity, time.Hour, 3650 * day, "60 minutes to 10 years"},
	} {
		if v.got != 0 && (v.got < v.lowest || v.got > v.highest) {
			bad(".%s: %s is outside of %s", v.key, v.got, v.says)
		}
	}
	for _, q := range []struct {
		key      string
		got, max int
	}{{"callback_urls", len(c.CallbackURLs), 100}, {"logout_urls", len(c.LogoutURLs), 100}, {"scopes", len(c.Scopes), 50}} {
		if q.got > q.max {
			bad(".%s: %d; a client has at most %d", q.key, q.got, q.max)
		}
	}
	if c.RotationGrace < 0 || c.RotationGrace > time.Minute {
		bad(".rotation_grace: %s is outside of 0–60 s", c.RotationGrace)
	}
	return errs
}

// CheckRedirectURL applies Cognito's rules for callback and sign-out URLs: absolute, no fragment, at most 1024
// characters, https, or http for a loopback host, or a scheme of the app's own.
func CheckRedirectURL(raw string) error { return userpool.CheckRedirectURL(raw) }

func loopback(host string) bool { return userpool.Loopback(host) }
