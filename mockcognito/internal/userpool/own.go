package userpool

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// CheckAttribute holds a value that is given for an attribute against the schema; a blank one is to delete it. made: the
// user is being made, or has no value yet, so that what is immutable may be given.
func (p *Pool) CheckAttribute(name, value string, made bool) error {
	entry, ok := p.Attribute(name)
	switch {
	case !ok:
		return Errorf(InvalidParameter, "user.%s: Attribute does not exist in the schema.\n", name)
	case name == "sub" || entry.Immutable && !made:
		return Errorf(InvalidParameter, "user.%s: Attribute cannot be updated.\n", name)
	case value == "":
		return nil
	case IsBoolean(name) && value != "true" && value != "false":
		return Errorf(InvalidParameter, "Attribute value for %s must be true or false.", name) // Unverified: the text
	}
	return CheckValue(entry, value)
}

// WriteAttribute writes an attribute of a user who is being changed; a blank value deletes it. A code that was sent to verify
// another value of it is good no more.
func (p *Pool) WriteAttribute(u *User, name, value string) error {
	if value != u.Attributes.Get(name) {
		u.Codes = slices.DeleteFunc(slices.Clone(u.Codes), func(c PendingCode) bool { return c.Purpose == VerifyAttribute && c.Attribute == name })
	}
	if value != "" {
		u.Attributes = u.Attributes.With(name, value)
		return nil
	}
	if slices.Contains(p.Required(), name) {
		return Errorf(InvalidParameter, "user.%s: A required attribute cannot be deleted.\n", name) // Unverified: the text
	}
	u.Attributes = u.Attributes.Without(name)
	return nil
}

// Lacking are the required attributes that a user has not.
func (p *Pool) Lacking(u *User) []string {
	var out []string
	for _, name := range p.Required() {
		if u.Attributes.Get(name) == "" {
			out = append(out, name)
		}
	}
	return out
}

// CheckNewUsername refuses a name that no user of the pool's own may be made with.
func (p *Pool) CheckNewUsername(name string) error {
	if len(p.UsernameAttributes) > 0 {
		_, err := p.usernameAttribute(name)
		return err
	}
	switch {
	case slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@"):
		return Errorf(InvalidParameter, "Username cannot be of email format, since user pool is configured for email alias.")
	case slices.Contains(p.AliasAttributes, "phone_number") && phoneForm.MatchString(name):
		return Errorf(InvalidParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias.")
	}
	return nil
}

// NameAttribute is the attribute that a user name is the value of, in a pool whose names are addresses; empty: none.
func (p *Pool) NameAttribute(name string) string {
	if len(p.UsernameAttributes) == 0 {
		return ""
	}
	attribute, _ := p.usernameAttribute(name) // no attribute for a name of another form
	return attribute
}

// YieldAlias takes an address or number away, as an alias, from whoever has it, but for one user, who may be nil: it is not
// verified there any more.
func (p *Pool) YieldAlias(ctx context.Context, attribute, value string, except *User) error {
	if value == "" || !slices.Contains(p.AliasAttributes, attribute) {
		return nil
	}
	holder := p.Users.Find(value)
	if holder == nil || except != nil && holder.Sub == except.Sub || p.Users.Fold(holder.Attributes.Get(attribute)) != p.Users.Fold(value) {
		return nil
	}
	_, err := p.Users.Update(ctx, holder.Username, func(h *User) error {
		h.Attributes = h.Attributes.With(attribute+"_verified", "false")
		return nil
	})
	return err
}

// FirstFactors are AllowedFirstAuthFactors: what a user may choose of in USER_AUTH.
func (p *UserPool) FirstFactors() []string {
	if len(p.SignInPolicy) == 0 {
		return []string{"PASSWORD"}
	}
	return p.SignInPolicy
}

// Passwordless tells whether users may sign up without a password.
func (p *UserPool) Passwordless() bool {
	return slices.Contains(p.FirstFactors(), "EMAIL_OTP") || slices.Contains(p.FirstFactors(), "SMS_OTP")
}

// HasSecondFactor tells whether the pool has a factor, by its name as a challenge: SMS_MFA, SOFTWARE_TOKEN_MFA, EMAIL_OTP. A
// declared pool that asks for a second factor and names none has authenticators.
func (p *UserPool) HasSecondFactor(factor string) bool {
	sms := p.SMSMFA != nil || p.Other["SmsConfiguration"] != nil
	switch factor {
	case "SMS_MFA":
		return sms
	case "EMAIL_OTP":
		return p.EmailMFA != nil
	case "SOFTWARE_TOKEN_MFA":
		if p.SoftwareTokenMFA != nil {
			return *p.SoftwareTokenMFA
		}
		return p.Origin == Declared && p.MFAMode() != MFAOff && !sms && p.EmailMFA == nil
	}
	return false
}

// RecoveryOptions are the ways to recover an account, the first one first.
func (p *UserPool) RecoveryOptions() []string {
	if p.AccountRecovery == nil {
		return []string{"verified_email", "verified_phone_number"}
	}
	ways := slices.SortedStableFunc(slices.Values(p.AccountRecovery), func(a, b RecoveryOption) int { return a.Priority - b.Priority })
	out := make([]string, len(ways))
	for i, way := range ways {
		out[i] = way.Name
	}
	return out
}

// Enable adds a factor to those that a user is asked for.
func (m *MFA) Enable(factor string) {
	if !slices.Contains(m.Enabled, factor) {
		m.Enabled = append(slices.Clip(m.Enabled), factor)
	}
}

// Disable takes a factor out.
func (m *MFA) Disable(factor string) {
	m.Enabled = slices.DeleteFunc(slices.Clone(m.Enabled), func(f string) bool { return f == factor })
	if m.Preferred == factor {
		m.Preferred = ""
	}
}

// identityJSON is an element of the attribute identities, in the service's order.
type identityJSON struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"` // null but for SAML, whose entity id it is
	Primary      bool    `json:"primary"`
	DateCreated  int64   `json:"dateCreated"` // milliseconds since 1970
}

// IdentitiesJSON is the attribute identities: a string of JSON with booleans and numbers.
func (u *User) IdentitiesJSON() string {
	list := make([]identityJSON, len(u.Identities))
	for i, identity := range u.Identities {
		list[i] = identityJSON{UserID: identity.Subject, ProviderName: identity.Provider, ProviderType: identity.Type, Primary: identity.Primary, DateCreated: identity.Created.UnixMilli()}
		if identity.Issuer != "" {
			list[i].Issuer = &identity.Issuer
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "[]" // strings, booleans and numbers alone: it does not fail
	}
	return string(b)
}
