package mockcognito

import "slices"

// standardAttributes are the standard attributes of a user pool, in the order of the service's schema.
var standardAttributes = []string{
	"sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
	"website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
	"phone_number_verified", "address", "updated_at",
}

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

// released returns the names of the user's attributes that the scopes show to a client that can read readable.
// openid alone shows all that is readable.
func released(u *user, scopes, readable []string) []string {
	all := !slices.ContainsFunc(scopes, func(s string) bool { return scopeAttributes[s] != nil })
	var out []string
	for _, name := range u.attributeNames() {
		if !slices.Contains(readable, name) {
			continue
		}
		if all || slices.ContainsFunc(scopes, func(s string) bool {
			return slices.Contains(scopeAttributes[s], name) || s == "profile" && isCustom(name)
		}) {
			out = append(out, name)
		}
	}
	return out
}

func isCustom(name string) bool { return len(name) > 7 && name[:7] == "custom:" }
