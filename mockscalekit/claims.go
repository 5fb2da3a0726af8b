package mockscalekit

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
)

// accessTokenClaims returns the claims in the order of zitadel/oidc, as observed in modular mode. Full-stack mode adds session,
// organization, roles and permissions (https://docs.scalekit.com/authenticate/fsa/session-token-claims/).
// Unverified: the order of what full-stack mode adds.
func (e *environment) accessTokenClaims(g grant, id string, now time.Time) jose.Object {
	claims := jose.Object{
		{Name: "iss", Value: e.url},
		{Name: "sub", Value: g.subject()},
		{Name: "aud", Value: []string{g.ClientID}},
		{Name: "exp", Value: now.Add(e.conf().AccessTokenTTL).Unix()},
		{Name: "iat", Value: now.Unix()},
		{Name: "nbf", Value: now.Unix()},
		{Name: "client_id", Value: g.ClientID},
		{Name: "jti", Value: id},
	}
	if g.UserID != "" {
		roles, permissions := e.rolesOf(g.UserID, g.OrganizationID)
		claims.Set("sid", g.ID)
		claims.Set("oid", g.OrganizationID)
		claims.Set("roles", roles)
		claims.Set("permissions", permissions)
		claims.Set("scope", strings.Join(g.Scopes, " "))
		if o, err := e.directory.Organizations.Get(g.OrganizationID); err == nil && o.ExternalID != "" {
			claims.Set("xoid", o.ExternalID)
		}
		if u, err := e.directory.Users.Get(g.UserID); err == nil && u.ExternalID != "" {
			claims.Set("xuid", u.ExternalID)
		}
	}
	more := e.conf().AccessTokenClaims
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if !claims.Has(name) && !slices.Contains(reservedAccessTokenClaims(), name) {
			claims.Set(name, more[name])
		}
	}
	return claims
}

// reservedAccessTokenClaims are names that a custom claim of access tokens cannot take, as documented.
func reservedAccessTokenClaims() []string { return ReservedAccessTokenClaims() }

// ReservedAccessTokenClaims are the names that no custom claim of an access token can take.
func ReservedAccessTokenClaims() []string {
	return []string{"sub", "iss", "aud", "exp", "iat", "nbf", "jti", "oid", "sid", "xoid", "xuid", "roles", "permissions"}
}

// rolesOf are a user's roles in an organization and what they permit, both never nil.
func (e *environment) rolesOf(userID, organizationID string) (roles, permissions []string) {
	roles, permissions = []string{}, []string{}
	user, err := e.directory.Users.Get(userID)
	if err != nil {
		return roles, permissions
	}
	m, _ := user.Membership(organizationID)
	for _, name := range m.Roles {
		roles = append(roles, name)
		r, err := e.directory.RoleByName(name)
		if err != nil {
			continue // a role of which nothing but the name is known
		}
		for _, p := range r.Permissions {
			if !slices.Contains(permissions, p) {
				permissions = append(permissions, p)
			}
		}
	}
	return roles, permissions
}

// idTokenClaims returns the claims observed, sorted by name as there.
func (e *environment) idTokenClaims(g grant, now time.Time, access, code string) jose.Object {
	c := e.claims(g.session)
	maps.Copy(c, map[string]any{
		"amr": e.amr(g.session), "at_hash": jose.HalfHash(access), "aud": []string{g.ClientID}, "azp": g.ClientID,
		"client_id": g.ClientID, "exp": now.Add(e.conf().IDTokenTTL).Unix(), "iat": now.Unix(), "iss": e.url, "sid": g.ID,
	})
	if code != "" {
		c["c_hash"] = jose.HalfHash(code)
	}
	if g.Nonce != "" {
		c["nonce"] = g.Nonce
	}
	return sorted(c)
}

// amr names the connection.
// Unverified: that it names nothing else when the identity provider tells how it made sure.
func (e *environment) amr(s session) []string {
	list := []string{s.ConnectionID}
	if e.quirk("scalekit-amr-methods") {
		list = append(list, s.Methods...)
	}
	return list
}

// claims returns what is known of the person, as far as the scopes allow.
func (e *environment) claims(s session) map[string]any {
	out := map[string]any{"sub": s.subject()}
	if s.OrganizationID != "" {
		out["oid"] = s.OrganizationID
	}
	if s.UserID != "" {
		if o, err := e.directory.Organizations.Get(s.OrganizationID); err == nil && o.ExternalID != "" {
			out["xoid"] = o.ExternalID
		}
	}
	gated := e.quirk("scalekit-scope-gating")
	for name, value := range s.Who.Claims {
		scope := "profile"
		if strings.HasPrefix(name, "email") && slices.Contains(profileClaims(), name) {
			scope = "email"
		}
		if !gated || slices.Contains(s.Scopes, scope) {
			out[name] = value
		}
	}
	return out
}

func sorted(claims map[string]any) jose.Object {
	var out jose.Object
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		out.Set(name, claims[name])
	}
	return out
}
