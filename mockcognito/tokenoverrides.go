package mockcognito

import (
	"context"
	"slices"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
)

// fixedClaims cannot be set or suppressed by a pre token generation function.
var fixedClaims = []string{
	"acr", "amr", "aud", "at_hash", "auth_time", "azp", "cognito:username", "exp", "iat", "identities", "iss", "jti", "nbf", "nonce",
	"origin_jti", "sub", "token_use", "username", "client_id", "event_id", "version", "device_key", "scope",
}

// fixed tells whether a claim stays as it is. An access token may be given an aud, if it is the client's id.
func fixed(name string, o signin.ClaimOverrides, claims *jose.Object) bool {
	if clientID := claims.Get("client_id"); name == "aud" && clientID != nil && o.Set[name] == clientID {
		return false
	}
	return slices.Contains(fixedClaims, name)
}

// overrides asks the pool's function what is to be changed in the tokens of a sign-in.
func (s *Server) overrides(ctx context.Context, p *pool, c *appClient, u *user, rg refreshGrant, o mintOptions) (signin.TokenOverrides, error) {
	roles, preferred := rolesOf(p, u)
	caller := signin.Caller{Pool: p.Pool, Client: c, Metadata: o.metadata}
	event := &signin.PreTokenGeneration{
		Base:   signin.NewBase(signin.TriggerPreTokenGeneration, o.source, caller, u, ""),
		Groups: signin.GroupConfiguration{Groups: u.Groups, Roles: roles, PreferredRole: preferred},
		Scopes: slices.Clone(rg.Scopes),
	}
	_, err := s.engine.Triggers().Run(ctx, event)
	return event.Overrides, err
}

// override changes the claims of a token.
func override(claims *jose.Object, o signin.ClaimOverrides, groups *signin.GroupConfiguration, id bool) {
	if groups != nil {
		setOrDrop(claims, "cognito:groups", groups.Groups)
		if id {
			setOrDrop(claims, "cognito:roles", groups.Roles)
			claims.Delete("cognito:preferred_role")
			if groups.PreferredRole != "" {
				claims.Set("cognito:preferred_role", groups.PreferredRole)
			}
		}
	}
	for _, name := range o.Suppress {
		if !slices.Contains(fixedClaims, name) {
			claims.Delete(name)
		}
	}
	for _, name := range sortedKeys(o.Set) {
		if !fixed(name, o, claims) && !slices.Contains(o.Suppress, name) {
			claims.Set(name, o.Set[name])
		}
	}
}

func setOrDrop(claims *jose.Object, name string, list []string) {
	if len(list) == 0 {
		claims.Delete(name)
		return
	}
	claims.Set(name, list)
}

// overriddenScopes are the scopes of an access token after additions and suppressions.
func overriddenScopes(scopes []string, o signin.TokenOverrides) []string {
	out := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return slices.Contains(o.ScopesToSuppress, s) })
	for _, scope := range o.ScopesToAdd {
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	return out
}
