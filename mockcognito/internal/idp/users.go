package idp

import (
	"maps"
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func userOperations() map[string]operation {
	one := Structure{poolMember, required("Username", username)}
	return map[string]operation{
		"AdminGetUser": {serve: (*call).adminGetUser, input: one},
		"ListUsers": {serve: (*call).listUsers, input: Structure{
			poolMember, optional("AttributesToGet", listOf(attributeName)), optional("Limit", Integer{0, 60}), optional("PaginationToken", nextToken), optional("Filter", str(0, 256)),
		}},
		"AdminDeleteUser": {serve: (*call).adminDeleteUser, input: one, noBody: true},
		"AdminUpdateUserAttributes": {serve: (*call).adminUpdateUserAttributes, input: slices.Concat(one, Structure{
			required("UserAttributes", listOf(attributeType)), optional("ClientMetadata", metadata),
		})},
		"AdminDeleteUserAttributes": {serve: (*call).adminDeleteUserAttributes, input: slices.Concat(one, Structure{required("UserAttributeNames", listOf(attributeName))})},
		"AdminDisableUser":          {serve: (*call).adminDisableUser, input: one},
		"AdminEnableUser":           {serve: (*call).adminEnableUser, input: one},
		"AdminUserGlobalSignOut":    {serve: (*call).adminUserGlobalSignOut, input: one},
	}
}

func noUser() error { return userpool.Errorf(userpool.UserNotFound, "User does not exist.") }

// user is the user that a request names: by the user name, sub or an alias.
func (c *call) user() (*userpool.Pool, *userpool.User, error) {
	p, err := c.pool()
	if err != nil {
		return nil, nil, err
	}
	u := p.Users.Find(c.in.str("Username"))
	if u == nil {
		return nil, nil, noUser()
	}
	return p, u, nil
}

// updateUser changes the user that a request names.
func (c *call) updateUser(f func(*userpool.Pool, *userpool.User) error) error {
	p, err := c.pool()
	if err != nil {
		return err
	}
	_, err = p.Users.Update(c.ctx, c.in.str("Username"), func(u *userpool.User) error { return f(p, u) })
	return err
}

// attributeOut is AttributeType in an answer.
type attributeOut struct{ Name, Value string }

// attributes lists what a user has: sub first, identities last. only, unless it is nil, says which.
func attributes(u *userpool.User, only []string) []attributeOut {
	out := make([]attributeOut, 0, len(u.Attributes)+2)
	add := func(name, value string) {
		if only == nil || slices.Contains(only, name) {
			out = append(out, attributeOut{name, value})
		}
	}
	add("sub", u.Sub)
	for _, a := range u.Attributes {
		add(a.Name, a.Value)
	}
	if len(u.Identities) > 0 {
		add("identities", u.IdentitiesJSON())
	}
	return out
}

// describeUser is UserType.
func describeUser(u *userpool.User, only []string) object {
	out := object{
		"Username": u.Username, "Attributes": attributes(u, only), "UserCreateDate": epoch(u.Created), "UserLastModifiedDate": epoch(u.Modified),
		"Enabled": !u.Disabled, "UserStatus": string(u.Status),
	}
	return out
}

func describeUsers(users []*userpool.User, only []string) []object {
	out := make([]object, len(users))
	for i, u := range users {
		out[i] = describeUser(u, only)
	}
	return out
}

func (c *call) adminGetUser() (object, error) {
	_, u, err := c.user()
	if err != nil {
		return nil, err
	}
	out := describeUser(u, nil)
	out["UserAttributes"] = out["Attributes"]
	delete(out, "Attributes")
	setFactors(out, u)
	return out, nil
}

func (c *call) listUsers() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	only := c.in.list("AttributesToGet")
	if len(only) == 0 {
		only = nil
	}
	for _, name := range only {
		if _, ok := p.Attribute(name); !ok && name != "identities" {
			return nil, userpool.Errorf(userpool.InvalidParameter, "One or more requested attributes do not exist in user pool.")
		}
	}
	filter := c.in.str("Filter")
	match, err := parseFilter(filter)
	if err != nil {
		return nil, err
	}
	users, token, err := c.users(p, "ListUsers/"+p.ID+"/"+filter, "Limit", "PaginationToken", match)
	if err != nil {
		return nil, err
	}
	out := object{"Users": describeUsers(users, only)}
	setText(out, "PaginationToken", token)
	return out, nil
}

// adminDeleteUser deletes a profile. Who signs in again gets another one, with another sub.
func (c *call) adminDeleteUser() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	_, err = p.Users.Delete(c.ctx, c.in.str("Username"))
	return nil, err
}

// given are the attributes of a request's member.
func (c *call) given(member string) map[string]string {
	out := map[string]string{}
	for _, a := range c.in.structs(member) {
		out[a.str("Name")] = a.str("Value")
	}
	return out
}

// adminUpdateUserAttributes writes attributes; a blank value deletes one. An address that changes is not verified any more
// unless the request says so.
func (c *call) adminUpdateUserAttributes() (object, error) {
	values := c.given("UserAttributes")
	return nil, c.updateUser(func(p *userpool.Pool, u *userpool.User) error {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if name == "identities" {
				return userpool.Errorf(userpool.InvalidParameter, "user.identities: Attribute cannot be updated.\n")
			}
			if err := p.CheckAttribute(name, values[name], false); err != nil {
				return err
			}
			if err := p.WriteAttribute(u, name, values[name]); err != nil {
				return err
			}
		}
		for _, name := range []string{"email", "phone_number"} {
			_, changed := values[name]
			if _, told := values[name+"_verified"]; changed && !told && values[name] != "" {
				u.Attributes = u.Attributes.With(name+"_verified", "false")
			}
		}
		return nil
	})
}

func (c *call) adminDeleteUserAttributes() (object, error) {
	names := c.in.list("UserAttributeNames")
	return nil, c.updateUser(func(p *userpool.Pool, u *userpool.User) error {
		for _, name := range names {
			entry, ok := p.Attribute(name)
			switch {
			case !ok:
				return userpool.Errorf(userpool.InvalidParameter, "user.%s: Attribute does not exist in the schema.\n", name)
			case name == "sub" || entry.Immutable:
				return userpool.Errorf(userpool.InvalidParameter, "user.%s: Attribute cannot be updated.\n", name)
			}
			if err := p.WriteAttribute(u, name, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *call) adminDisableUser() (object, error) {
	return nil, c.updateUser(func(_ *userpool.Pool, u *userpool.User) error { u.Disabled = true; return nil })
}

func (c *call) adminEnableUser() (object, error) {
	return nil, c.updateUser(func(_ *userpool.Pool, u *userpool.User) error { u.Disabled = false; return nil })
}

// adminUserGlobalSignOut ends what was issued to the user so far: refresh tokens at once, access tokens for this service's
// own endpoints. The session cookie of a domain stays.
func (c *call) adminUserGlobalSignOut() (object, error) {
	return nil, c.updateUser(func(_ *userpool.Pool, u *userpool.User) error { return c.signOut(u) })
}
