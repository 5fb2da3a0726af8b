package signin

import (
	"context"
	"maps"
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// contacts are the attributes that can be verified.
var contacts = []string{"email", "phone_number"}

// UpdateAttributes writes attributes that a user gives himself. An address or number that changes is not verified any more,
// and gets a code where the pool verifies by itself; where the pool wants it verified first, it stays as it was until then.
func (e *Engine) UpdateAttributes(ctx context.Context, c Caller, u *userpool.User, values map[string]string) ([]*Delivery, error) {
	codes := map[string]string{}
	for _, name := range contacts {
		codes[name] = e.code(codeDigits)
	}
	var pending []userpool.PendingCode
	u, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		pending = nil
		for _, name := range slices.Sorted(maps.Keys(values)) {
			value, contact := values[name], slices.Contains(contacts, name)
			before := u.Attributes.Get(name)
			if err := writeOwn(c, u, name, value, before == ""); err != nil {
				return err
			}
			if !contact || value == before {
				continue
			}
			code := userpool.PendingCode{Purpose: userpool.VerifyAttribute, Attribute: name, Value: codes[name], New: value, Expires: e.now().Add(verifyCode)}
			u.Codes = without(u, userpool.VerifyAttribute, name)
			switch first := slices.Contains(c.Pool.VerifyBeforeUpdate, name); {
			case value == "":
				u.Attributes = u.Attributes.Without(name + "_verified")
				continue
			case first:
				u.Attributes = restored(u.Attributes, name, before)
			default:
				u.Attributes = u.Attributes.With(name+"_verified", "false")
				if !slices.Contains(c.Pool.AutoVerified, name) {
					continue
				}
			}
			pend(u, code)
			pending = append(pending, code)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []*Delivery
	for _, code := range pending {
		delivery, err := e.send(ctx, c, u, outgoing{purpose: userpool.VerifyAttribute, what: "UpdateUserAttribute", attribute: code.Attribute, address: code.New, code: code.Value})
		if err != nil {
			return nil, err
		}
		out = append(out, delivery)
	}
	return out, nil
}

func restored(a userpool.Attributes, name, before string) userpool.Attributes {
	if before == "" {
		return a.Without(name)
	}
	return a.With(name, before)
}

// DeleteAttributes deletes attributes of a user's own.
func (e *Engine) DeleteAttributes(ctx context.Context, c Caller, u *userpool.User, names []string) error {
	_, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		for _, name := range names {
			if err := writeOwn(c, u, name, "", false); err != nil {
				return err
			}
			if slices.Contains(contacts, name) {
				u.Attributes = u.Attributes.Without(name + "_verified")
				u.Codes = without(u, userpool.VerifyAttribute, name)
			}
		}
		return nil
	})
	return err
}

// SendVerification sends a code that verifies an address or number.
func (e *Engine) SendVerification(ctx context.Context, c Caller, u *userpool.User, attribute string) (*Delivery, error) {
	if !slices.Contains(contacts, attribute) {
		return nil, invalid("Invalid attribute name: %s. Only email and phone_number can be verified.", attribute) // Unverified: the text
	}
	code := userpool.PendingCode{Purpose: userpool.VerifyAttribute, Attribute: attribute, New: u.Attributes.Get(attribute), Expires: e.now().Add(verifyCode)}
	for _, have := range u.Codes {
		if have.Purpose == userpool.VerifyAttribute && have.Attribute == attribute {
			code.New = have.New // an update that waits for its code
		}
	}
	if code.New == "" {
		return nil, invalid("User does not have the attribute %s.", attribute) // Unverified: the text
	}
	if err := e.requested(ctx, c, u.Username, userpool.VerifyAttribute); err != nil {
		return nil, err
	}
	return e.sendPending(ctx, c, u, code, "VerifyUserAttribute", code.New)
}

// VerifyAttribute verifies an address or number by the code that was sent there.
func (e *Engine) VerifyAttribute(ctx context.Context, c Caller, u *userpool.User, attribute, code string) error {
	if !slices.Contains(contacts, attribute) {
		return invalid("Invalid attribute name: %s. Only email and phone_number can be verified.", attribute) // Unverified: the text
	}
	_, err := e.redeem(ctx, c.Pool, u.Username, userpool.VerifyAttribute, attribute, code, func(u *userpool.User, code userpool.PendingCode) error {
		// The code was for the value that it was sent to.
		u.Attributes = u.Attributes.With(attribute, code.New).With(attribute+"_verified", "true")
		return nil
	})
	return err
}
