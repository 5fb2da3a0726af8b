package mockcognito

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// booleanAttributes are booleans in tokens and strings everywhere else.
var booleanAttributes = []string{"email_verified", "phone_number_verified"}

// scopeAttributes are what each scope releases (OIDC Core §5.4, with Cognito's custom attributes under profile).
var scopeAttributes = map[string][]string{
	"email": {"email", "email_verified"},
	"phone": {"phone_number", "phone_number_verified"},
	"profile": {
		"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "address", "updated_at",
	},
}

// broad tells whether no scope names attributes: then openid shows all that is readable.
func broad(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(s string) bool { return scopeAttributes[s] != nil })
}

// readableAttributes are those of a user's that a client may read: what a sign-in by the API, which has no scopes, shows.
func readableAttributes(u *user, client *appClient) userpool.Attributes {
	return slices.DeleteFunc(slices.Clone(u.Attributes), func(a userpool.Attribute) bool { return !client.CanRead(a.Name) })
}

// released are the user's attributes that the scopes show to a client, as far as it may read them. openid alone shows all
// that is readable.
func (s *Server) released(u *user, scopes []string, client *appClient) userpool.Attributes {
	all := broad(scopes) && s.kit.Quirks.On(quirkOpenIDShowsAll)
	out := make(userpool.Attributes, 0, len(u.Attributes))
	for _, a := range u.Attributes {
		if !client.CanRead(a.Name) {
			continue
		}
		if all || slices.ContainsFunc(scopes, func(s string) bool {
			return slices.Contains(scopeAttributes[s], a.Name) || s == "profile" && userpool.IsCustom(a.Name)
		}) {
			out = append(out, a)
		}
	}
	return out
}
