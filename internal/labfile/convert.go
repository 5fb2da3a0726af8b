package labfile

import (
	"strings"
	"time"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// config is the file's lab over base. Paths are relative to dir.
func (f *File) config(cfg ssolab.Config, dir string) ssolab.Config {
	cfg.TLS, cfg.Names, cfg.ScalekitEnvironment = f.Listen.TLS, string(f.Listen.Names), string(f.Listen.Environment)
	if f.Listen.PortBase != nil {
		cfg.PortBase = int(*f.Listen.PortBase)
	}
	if f.Listen.TLSPort != nil {
		cfg.TLSPort = int(*f.Listen.TLSPort)
	}
	cfg.Bind = plain(f.Listen.Bind)
	if f.Listen.CADir != "" {
		cfg.CADir = relative(dir, string(f.Listen.CADir))
	}
	if f.Data != "" {
		cfg.Data = relative(dir, string(f.Data))
	}
	cfg.Empty = f.Empty
	cfg.Callbacks, cfg.SignOuts = plain(f.Callbacks), plain(f.SignOuts)
	cfg.UserPools = mapped(f.UserPools, Pool.config)
	cfg.Lambda = mockcognito.Lambda{Endpoint: string(f.Lambda.Endpoint), Functions: texts[nonEmpty, endpointURL](f.Lambda.Functions), Timeout: time.Duration(f.Lambda.Timeout)}
	cfg.Scalekit = f.Scalekit.config(f.People)
	for id, on := range f.Quirks {
		if cfg.Quirks == nil {
			cfg.Quirks = map[string]bool{}
		}
		cfg.Quirks[string(id)] = bool(on)
	}
	cfg.Faults = mapped(f.Faults, Fault.rule)
	return cfg
}

func (p Pool) config() mockcognito.UserPool {
	return mockcognito.UserPool{
		ID: string(p.ID), Name: string(p.Name), Domain: string(p.Domain), CustomDomains: plain(p.CustomDomains),
		ManagedLoginVersion: int(p.ManagedLoginVersion), UpdatedIssuer: p.UpdatedIssuer, CaseInsensitive: p.CaseInsensitive,
		UsernameAttributes: plain(p.UsernameAttributes), AliasAttributes: plain(p.AliasAttributes), AutoVerified: plain(p.AutoVerified),
		MFA: string(p.MFA), NoSignUp: p.NoSignUp, PasswordPolicy: p.PasswordPolicy.config(), Subs: texts[nonEmpty, subject](p.Subs),
		Attributes: mapped(p.Attributes, func(a Attribute) mockcognito.Attribute {
			return mockcognito.Attribute{Name: string(a.Name), Required: a.Required, Immutable: a.Immutable}
		}),
		Clients: mapped(p.Clients, AppClient.config), Providers: mapped(p.Providers, Provider.config),
		ResourceServers: mapped(p.ResourceServers, func(r ResourceServer) mockcognito.ResourceServer {
			return mockcognito.ResourceServer{Identifier: string(r.Identifier), Name: string(r.Name), Scopes: texts[resourceScope, string](r.Scopes)}
		}),
		Groups: mapped(p.Groups, Group.config), Users: mapped(p.Users, User.config),
		Triggers: p.Triggers.config(),
	}
}

func (t Triggers) config() map[string]mockcognito.Trigger {
	var out map[string]mockcognito.Trigger
	add := func(name string, trigger mockcognito.Trigger) {
		if out == nil {
			out = map[string]mockcognito.Trigger{}
		}
		out[name] = trigger
	}
	for name, f := range map[string]*Trigger{
		"InboundFederation": t.InboundFederation, "PreSignUp": t.PreSignUp, "PostConfirmation": t.PostConfirmation,
		"PreAuthentication": t.PreAuthentication, "PostAuthentication": t.PostAuthentication, "DefineAuthChallenge": t.Define,
		"CreateAuthChallenge": t.Create, "VerifyAuthChallengeResponse": t.Verify, "UserMigration": t.UserMigration, "CustomMessage": t.CustomMessage,
	} {
		if f != nil {
			add(name, mockcognito.Trigger{URL: string(f.URL), Function: string(f.Function)})
		}
	}
	if f := t.PreTokenGeneration; f != nil {
		add("PreTokenGeneration", mockcognito.Trigger{URL: string(f.URL), Function: string(f.Function), Version: string(f.Version)})
	}
	return out
}

func (p *PasswordPolicy) config() *mockcognito.PasswordPolicy {
	if p == nil {
		return nil
	}
	needed := func(given *bool) bool { return given == nil || *given }
	return &mockcognito.PasswordPolicy{
		MinimumLength: int(p.MinimumLength), Uppercase: needed(p.Uppercase), Lowercase: needed(p.Lowercase), Numbers: needed(p.Numbers), Symbols: needed(p.Symbols),
	}
}

func (c AppClient) config() mockcognito.AppClient {
	return mockcognito.AppClient{
		ID: string(c.ID), Name: string(c.Name), Secret: c.Secret.value, CallbackURLs: plain(c.CallbackURLs), LogoutURLs: plain(c.LogoutURLs),
		DefaultRedirectURI: string(c.DefaultRedirect), Scopes: plain(c.Scopes), Flows: plain(c.Flows), IdentityProviders: plain(c.IdentityProviders),
		ReadAttributes: plain(c.ReadAttributes), WriteAttributes: plain(c.WriteAttributes), ExplicitAuthFlows: plain(c.ExplicitAuthFlows),
		ShowUserExistence: c.ShowUserExistence, RotateRefreshTokens: c.RotateRefreshTokens, RotationGrace: time.Duration(c.RotationGrace),
		AccessTokenValidity: time.Duration(c.AccessTokenValidity), IDTokenValidity: time.Duration(c.IDTokenValidity), RefreshTokenValidity: time.Duration(c.RefreshTokenValidity),
		NoBranding: isFalse(c.Branding), DisableTokenRevocation: isFalse(c.TokenRevocation), DisableOAuth: isFalse(c.OAuth),
	}
}

func (p Provider) config() mockcognito.IdentityProvider {
	return mockcognito.IdentityProvider{
		Name: string(p.Name), Issuer: string(p.Issuer), ClientID: string(p.ClientID), ClientSecret: p.ClientSecret.value,
		Scopes: strings.Join(plain(p.Scopes), " "), AttributesRequestMethod: string(p.RequestMethod), Identifiers: plain(p.Identifiers),
		AttributeMapping: texts[mappedName, nonEmpty](p.AttributeMapping),
		AuthorizeURL:     string(p.AuthorizeURL), TokenURL: string(p.TokenURL), AttributesURL: string(p.AttributesURL), JWKSURI: string(p.JWKSURI),
	}
}

func (g Group) config() mockcognito.Group {
	out := mockcognito.Group{Name: string(g.Name), Description: g.Description, RoleARN: string(g.RoleARN)}
	if g.Precedence != nil {
		n := int(*g.Precedence)
		out.Precedence = &n
	}
	return out
}

func (u User) config() mockcognito.User {
	out := mockcognito.User{Username: string(u.Username), Password: u.Password.value, Attributes: texts[userAttribute, attributeValue](u.Attributes), Groups: plain(u.Groups)}
	if u.Temporary.value != "" {
		out.Password, out.Temporary = u.Temporary.value, true
	}
	return out
}

func (s Scalekit) config(people []Person) mockscalekit.Environment {
	return mockscalekit.Environment{
		ID: string(s.ID), Name: string(s.Name), Kind: string(s.Kind), Mode: string(s.Mode), IDTokenTTL: s.IDTokenTTL, AccessTokenTTL: s.AccessTokenTTL,
		SessionTTL: s.SessionTTL, AccessTokenClaims: texts[claimName, string](s.AccessClaims), Attributes: plain(s.Attributes),
		Clients: mapped(s.Clients, func(c ScalekitClient) mockscalekit.Client {
			return mockscalekit.Client{
				ID: string(c.ID), Secret: c.Secret.value, Name: string(c.Name), RedirectURIs: plain(c.RedirectURIs),
				PostLogoutRedirectURIs: plain(c.PostLogoutRedirectURIs), InitiateLoginURI: string(c.InitiateLoginURI), BackChannelLogoutURI: string(c.BackChannelLogoutURI), Inactive: c.Inactive,
			}
		}),
		Organizations: mapped(s.Organizations, Organization.config), Connections: mapped(s.Connections, Connection.config),
		Users: mapped(s.Users, ScalekitUser.config),
		Roles: mapped(s.Roles, func(r Role) mockscalekit.Role {
			return mockscalekit.Role{Name: string(r.Name), DisplayName: r.DisplayName, Permissions: plain(r.Permissions), Default: r.Default}
		}),
		Webhooks: mapped(s.Webhooks, func(w Webhook) mockscalekit.Webhook {
			return mockscalekit.Webhook{URL: string(w.URL), Secret: w.Secret.value, Events: plain(w.Events)}
		}),
		People: mapped(people, func(p Person) mockscalekit.Person {
			return mockscalekit.Person{
				Email: string(p.Email), GivenName: p.GivenName, FamilyName: p.FamilyName, Subject: string(p.Subject), Password: p.Password.value,
				TOTPSecret: string(p.TOTPSecret), Attributes: texts[nonEmpty, string](p.Attributes), Groups: plain(p.Groups),
				MFA: string(p.MFA), State: string(p.State), Unassigned: p.Unassigned, Consent: p.Consent,
			}
		}),
	}
}

func (o Organization) config() mockscalekit.Organization {
	return mockscalekit.Organization{
		ID: string(o.ID), DisplayName: string(o.DisplayName), ExternalID: string(o.ExternalID), Slug: string(o.Slug), Region: string(o.Region),
		Metadata: o.Metadata, Features: switched(o.Features),
		Domains: mapped(o.Domains, func(d Domain) mockscalekit.Domain {
			return mockscalekit.Domain{ID: string(d.ID), Name: string(d.Name), Type: string(d.Type), Status: string(d.Status)}
		}),
		Connections: mapped(o.Connections, Connection.config),
	}
}

// switched are switches as values of Go.
func switched(switches map[nonEmpty]onOff) map[string]bool {
	if switches == nil {
		return nil
	}
	out := map[string]bool{}
	for name, on := range switches {
		out[string(name)] = bool(on)
	}
	return out
}

func (c Connection) config() mockscalekit.Connection {
	return mockscalekit.Connection{
		ID: string(c.ID), Provider: string(c.Provider), Type: string(c.Type), Status: string(c.Status), Disabled: c.Disabled, Title: string(c.Title),
		IdP: string(c.IdP), OldHost: c.OldHost, AttributeMapping: texts[nonEmpty, nonEmpty](c.AttributeMapping), OIDC: c.OIDC.config(), SAML: c.SAML.config(),
	}
}

func (o *OIDC) config() *mockscalekit.OIDCConfig {
	if o == nil {
		return nil
	}
	return &mockscalekit.OIDCConfig{
		Issuer: string(o.Issuer), DiscoveryEndpoint: string(o.DiscoveryEndpoint), AuthorizeURI: string(o.AuthorizeURI), TokenURI: string(o.TokenURI),
		UserInfoURI: string(o.UserInfoURI), JWKSURI: string(o.JWKSURI), ClientID: string(o.ClientID), ClientSecret: o.ClientSecret.value, Scopes: plain(o.Scopes),
		TokenAuthType: string(o.TokenAuthType), PKCEDisabled: isFalse(o.PKCE), IdPLogoutRequired: o.IdPLogout,
		SyncProfileDisabled: isFalse(o.SyncProfile), JITDisabled: isFalse(o.JIT),
	}
}

func isFalse(given *bool) bool { return given != nil && !*given }

func (s *SAML) config() *mockscalekit.SAMLConfig {
	if s == nil {
		return nil
	}
	return &mockscalekit.SAMLConfig{
		IdPMetadataURL: string(s.MetadataURL), IdPEntityID: string(s.EntityID), IdPSSOURL: string(s.SSOURL),
		IdPCertificates: mapped(s.Certificates, func(c secret[certificateText]) mockscalekit.Certificate {
			return mockscalekit.Certificate{PEM: c.value}
		}),
		NameIDFormat: string(s.NameIDFormat), SSORequestBinding: string(s.RequestBinding), ForceAuthn: s.ForceAuthn, WantRequestSigned: s.RequestSigned,
		DefaultRedirectURI: string(s.DefaultRedirect), IdPInitiatedOff: isFalse(s.IdPInitiated), SPEntityID: string(s.SPEntityID), SPAssertionURL: string(s.SPAssertionURL),
	}
}

func (u ScalekitUser) config() mockscalekit.User {
	return mockscalekit.User{
		ID: string(u.ID), Email: string(u.Email), GivenName: u.GivenName, FamilyName: u.FamilyName, ExternalID: string(u.ExternalID), Inactive: u.Inactive, Metadata: u.Metadata,
		Memberships: mapped(u.Memberships, func(m Membership) mockscalekit.Membership {
			return mockscalekit.Membership{Organization: string(m.Organization), Roles: plain(m.Roles)}
		}),
	}
}

func (f Fault) rule() ssolab.FaultRule {
	return ssolab.FaultRule{
		ID: string(f.ID), Fault: string(f.Fault), At: string(f.At), Times: int(f.Times), Match: texts[nonEmpty, string](f.Match), Params: texts[nonEmpty, string](f.Params),
	}
}

// mapped keeps nil nil, which means the default, apart from empty.
func mapped[A, B any](list []A, f func(A) B) []B {
	if list == nil {
		return nil
	}
	out := make([]B, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

// plain are strings without their form.
func plain[T ~string](list []T) []string {
	return mapped(list, func(v T) string { return string(v) })
}

// texts is a mapping without the form of its strings.
func texts[K, V ~string](m map[K]V) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[string(k)] = string(v)
	}
	return out
}
