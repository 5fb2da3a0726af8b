package mockcognito

import (
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// declaration is the configuration in the terms of the directory. Defaults are filled in already.
func (c Config) declaration() userpool.Declaration {
	return userpool.Declaration{Pools: mapped(c.UserPools, UserPool.declaration)}
}

func (p UserPool) declaration() userpool.DeclaredPool {
	out := userpool.DeclaredPool{Settings: p.settings(), Clients: mapped(p.Clients, AppClient.declaration), Providers: mapped(p.Providers, IdentityProvider.declaration)}
	if p.Domain != "" {
		out.Domains = append(out.Domains, userpool.Domain{Name: p.Domain, ManagedLoginVersion: p.ManagedLoginVersion})
	}
	for _, host := range p.CustomDomains {
		out.Domains = append(out.Domains, userpool.Domain{
			Name: host, Custom: true, ManagedLoginVersion: p.ManagedLoginVersion,
			CertificateARN: "arn:aws:acm:us-east-1:" + idp.Account + ":certificate/" + derivedID(host),
		})
	}
	for _, r := range p.ResourceServers {
		server := userpool.ResourceServer{Identifier: r.Identifier, Name: firstNonEmpty(r.Name, r.Identifier)}
		for _, name := range sortedKeys(r.Scopes) {
			server.Scopes = append(server.Scopes, userpool.ResourceScope{Name: name, Description: r.Scopes[name]})
		}
		out.ResourceServers = append(out.ResourceServers, server)
	}
	for _, g := range p.Groups {
		out.Groups = append(out.Groups, userpool.Group{Name: g.Name, Description: g.Description, RoleARN: g.RoleARN, Precedence: g.Precedence})
	}
	for _, c := range p.Clients {
		if !c.NoBranding {
			out.Brandings = append(out.Brandings, userpool.Branding{ID: derivedID("branding of " + c.ID), ClientID: c.ID, Defaults: true})
		}
	}
	out.Users = mapped(p.Users, User.declaration)
	return out
}

func (p UserPool) settings() userpool.UserPool {
	s := userpool.UserPool{
		ID: p.ID, Name: p.Name, AutoVerified: p.AutoVerified, AliasAttributes: p.AliasAttributes, UsernameAttributes: p.UsernameAttributes,
		MFA: userpool.MFAMode(p.MFA), AdminCreateUser: userpool.AdminCreateUser{Only: p.NoSignUp}, FixedSubs: maps.Clone(p.Subs),
		Lambda: p.lambdaConfig(),
	}
	if s.MFAMode() != userpool.MFAOff {
		on := true
		s.SoftwareTokenMFA = &on
	}
	if p.CaseInsensitive {
		s.UsernameCase = userpool.CaseInsensitive
	}
	if p.UpdatedIssuer {
		s.Issuer = userpool.IssuerUpdated
	}
	if p.PasswordPolicy != nil {
		policy := p.passwordPolicy()
		s.PasswordPolicy = &policy
	}
	for _, a := range p.Attributes {
		s.Attributes = append(s.Attributes, userpool.SchemaAttribute{Name: a.Name, Required: a.Required, Immutable: a.Immutable})
	}
	return s
}

func (p UserPool) passwordPolicy() userpool.PasswordPolicy {
	policy := userpool.DefaultPasswordPolicy()
	if own := p.PasswordPolicy; own != nil {
		if own.MinimumLength != 0 {
			policy.MinimumLength = own.MinimumLength
		}
		policy.Uppercase, policy.Lowercase, policy.Numbers, policy.Symbols = own.Uppercase, own.Lowercase, own.Numbers, own.Symbols
	}
	return policy
}

func (c AppClient) declaration() userpool.AppClient {
	out := userpool.AppClient{
		ID: c.ID, Name: c.Name, CallbackURLs: c.CallbackURLs, LogoutURLs: c.LogoutURLs, DefaultRedirectURI: c.DefaultRedirectURI,
		OAuth: !c.DisableOAuth, Flows: c.Flows, Scopes: c.Scopes, IdentityProviders: c.IdentityProviders,
		ReadAttributes: c.ReadAttributes, WriteAttributes: c.WriteAttributes, ExplicitAuthFlows: c.ExplicitAuthFlows,
		PreventUserExistence: "ENABLED", TokenRevocation: !c.DisableTokenRevocation,
		AccessTokenValidity: validity(c.AccessTokenValidity), IDTokenValidity: validity(c.IDTokenValidity), RefreshTokenValidity: validity(c.RefreshTokenValidity),
	}
	if c.ShowUserExistence {
		out.PreventUserExistence = "LEGACY"
	}
	if c.Secret != "" {
		out.Secrets = []userpool.ClientSecret{{ID: derivedID(c.ID + "\x00" + c.Secret), Value: c.Secret}}
	}
	if c.RotateRefreshTokens {
		out.Rotation = &userpool.RefreshTokenRotation{Enabled: true, Grace: c.RotationGrace}
	}
	return out
}

// validity writes a duration in whole minutes, or else in seconds.
func validity(d time.Duration) userpool.Validity {
	if d%time.Minute == 0 {
		return userpool.Validity{N: int(d / time.Minute), Unit: "minutes"}
	}
	return userpool.Validity{N: int(d / time.Second), Unit: "seconds"}
}

func (p IdentityProvider) declaration() userpool.IdentityProvider {
	details := map[string]string{
		"client_id": p.ClientID, "client_secret": p.ClientSecret, "authorize_scopes": p.Scopes,
		"attributes_request_method": p.AttributesRequestMethod, "oidc_issuer": p.Issuer, "attributes_url_add_attributes": "false",
	}
	if p.AuthorizeURL != "" {
		details["authorize_url"], details["token_url"] = p.AuthorizeURL, p.TokenURL
		details["attributes_url"], details["jwks_uri"] = p.AttributesURL, p.JWKSURI
	}
	return userpool.IdentityProvider{Name: p.Name, Type: userpool.OIDC, Details: details, AttributeMapping: p.AttributeMapping, Identifiers: p.Identifiers}
}

func (u User) declaration() userpool.DeclaredUser {
	status := userpool.Confirmed
	if u.Temporary {
		status = userpool.ForceChangePassword
	}
	return userpool.DeclaredUser{
		User:  userpool.User{Username: u.Username, Status: status, Attributes: userpool.AttributesOf(u.Attributes), Groups: slices.Clone(u.Groups)},
		Clear: u.Password,
	}
}

// derivedID is a UUID-like id that is the same on every machine.
func derivedID(of string) string {
	sum := sha256.Sum256([]byte(of))
	return lab.FormatUUID(sum[:])
}

// mapped keeps nil nil, which means not set, apart from empty.
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
