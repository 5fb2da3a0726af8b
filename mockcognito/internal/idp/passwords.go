package idp

import (
	"maps"
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func passwordOperations() map[string]operation {
	return map[string]operation{
		"AdminCreateUser": {serve: (*call).adminCreateUser, input: Structure{
			poolMember, required("Username", username), optional("UserAttributes", listOf(attributeType)), optional("ValidationData", listOf(attributeType)),
			optional("TemporaryPassword", password), optional("ForceAliasCreation", flag), optional("MessageAction", enum("RESEND", "SUPPRESS")),
			optional("DesiredDeliveryMediums", listOf(enum("SMS", "EMAIL"))), optional("ClientMetadata", metadata),
		}},
		"AdminSetUserPassword": {serve: (*call).adminSetUserPassword, input: Structure{
			poolMember, required("Username", username), required("Password", password), optional("Permanent", flag),
		}},
	}
}

// adminCreateUser makes a user of the pool's own with a temporary password, and invites him.
func (c *call) adminCreateUser() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	clear, err := c.temporaryPassword(p)
	if err != nil {
		return nil, err
	}
	var u *userpool.User
	if c.in.str("MessageAction") == "RESEND" {
		u, err = c.invite(p, clear)
	} else {
		u, err = c.newUser(p, clear)
	}
	if err != nil {
		return nil, err
	}
	if c.in.str("MessageAction") != "SUPPRESS" {
		if err := c.Engine.Invite(c.ctx, c.creator(p), u, clear, c.in.list("DesiredDeliveryMediums")); err != nil {
			return nil, err
		}
	}
	return object{"User": describeUser(u, nil)}, nil
}

// temporaryPassword is the one that the request gives, or one that the policy accepts.
func (c *call) temporaryPassword(p *userpool.Pool) (string, error) {
	policy := p.Passwords()
	if clear := c.in.str("TemporaryPassword"); clear != "" {
		return clear, policy.Check(clear)
	}
	const each = 3
	made := randomText(c.Env.Bytes, "ABCDEFGHJKLMNPQRSTUVWXYZ", each) + randomText(c.Env.Bytes, "abcdefghijkmnopqrstuvwxyz", each) +
		randomText(c.Env.Bytes, "23456789", each) + randomText(c.Env.Bytes, "!#$%*-_?", each)
	if missing := policy.MinimumLength - len(made); missing > 0 {
		made += randomText(c.Env.Bytes, alphanumeric, missing)
	}
	return made, nil
}

func (c *call) newUser(p *userpool.Pool, clear string) (*userpool.User, error) {
	name, values := c.in.str("Username"), c.given("UserAttributes")
	if err := p.CheckNewUsername(name); err != nil {
		return nil, err
	}
	for _, attribute := range slices.Sorted(maps.Keys(values)) {
		if attribute == "identities" {
			return nil, userpool.Errorf(userpool.InvalidParameter, "user.identities: Attribute cannot be updated.\n")
		}
		if err := p.CheckAttribute(attribute, values[attribute], true); err != nil {
			return nil, err
		}
		if values[attribute] == "" {
			delete(values, attribute)
		}
	}
	u := userpool.User{Username: name, Status: userpool.ForceChangePassword, Attributes: userpool.AttributesOf(values)}
	if p.Users.Get(name) != nil {
		return nil, userpool.Errorf(userpool.UsernameExists, "User account already exists")
	}
	if err := c.Engine.PreSignUp(c.ctx, c.creator(p), "AdminCreateUser", &u); err != nil {
		return nil, err
	}
	if err := c.yieldAliases(p, &u); err != nil {
		return nil, err
	}
	return p.CreateUser(c.ctx, u, func(u *userpool.User) (err error) {
		if lacking := p.Lacking(u); len(lacking) > 0 {
			return userpool.Errorf(userpool.InvalidParameter, "Attributes did not conform to the schema: %s: The attribute is required\n", lacking[0])
		}
		u.Password, err = c.Directory.NewPassword(p, u, clear)
		return err
	})
}

// yieldAliases takes verified addresses away from whoever has them as an alias, if the request wants the new user to have
// them (ForceAliasCreation).
func (c *call) yieldAliases(p *userpool.Pool, u *userpool.User) error {
	if !c.in.boolOr("ForceAliasCreation", false) {
		return nil
	}
	for _, name := range []string{"email", "phone_number"} {
		if u.Attributes.Get(name+"_verified") != "true" {
			continue
		}
		if err := p.YieldAlias(c.ctx, name, u.Attributes.Get(name), nil); err != nil {
			return err
		}
	}
	return nil
}

// invite gives an invited user another temporary password.
func (c *call) invite(p *userpool.Pool, clear string) (*userpool.User, error) {
	return p.Users.Update(c.ctx, c.in.str("Username"), func(u *userpool.User) (err error) {
		if u.Status != userpool.ForceChangePassword {
			return userpool.Errorf(userpool.UnsupportedState, "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.Username)
		}
		u.Password, err = c.Directory.NewPassword(p, u, clear)
		return err
	})
}

// creator is the administrator who makes a user, as triggers see him.
func (c *call) creator(p *userpool.Pool) signin.Caller {
	return signin.Caller{Pool: p, Admin: true, Metadata: c.in.strings("ClientMetadata"), Validation: c.given("ValidationData")}
}

// adminSetUserPassword sets a password: one for good, or one that has to be changed at the next sign-in. A federated
// profile that gets one is confirmed from then on.
func (c *call) adminSetUserPassword() (object, error) {
	clear := c.in.str("Password")
	return nil, c.updateUser(func(p *userpool.Pool, u *userpool.User) (err error) {
		policy := p.Passwords()
		if err := policy.Check(clear); err != nil {
			return err
		}
		if u.Password.Used(clear, policy) {
			return userpool.Errorf(userpool.PasswordHistory, "Password has previously been used.") // Unverified: the text
		}
		if u.Password, err = c.Directory.NewPassword(p, u, clear); err != nil {
			return err
		}
		u.Status = userpool.ForceChangePassword
		if c.in.boolOr("Permanent", false) {
			u.Status = userpool.Confirmed
		}
		return nil
	})
}
