package signin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// attributePrefix is before the names of attributes in challenge parameters and responses.
const attributePrefix = "userAttributes."

// demandPassword asks for a password of the user's own, and for required attributes that he lacks.
func (e *Engine) demandPassword(ctx context.Context, c Caller, u *userpool.User, at progress) (*Step, error) {
	ch := about(c, u, at.flow, NewPasswordRequired)
	session, err := e.open(ctx, c, ch)
	if err != nil {
		return nil, err
	}
	lacking := []string{}
	for _, name := range c.Pool.Lacking(u) {
		lacking = append(lacking, attributePrefix+name)
	}
	shown := map[string]string{}
	for _, a := range u.Attributes {
		if c.Client.CanRead(a.Name) {
			shown[a.Name] = a.Value
		}
	}
	return &Step{Challenge: NewPasswordRequired, Session: session, Parameters: map[string]string{
		"USER_ID_FOR_SRP": u.Username, "requiredAttributes": jsonText(lacking), "userAttributes": jsonText(shown),
	}}, nil
}

// jsonText writes a list or map of strings.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null" // strings do not fail
	}
	return string(b)
}

// answerNewPassword sets the password, and the attributes that came with it.
func (e *Engine) answerNewPassword(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	if in["NEW_PASSWORD"] == "" {
		return nil, e.again(ctx, t, missing("NEW_PASSWORD"))
	}
	if _, err := t.user(c.Pool); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name, value := range in {
		if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
			values[attribute] = value
		}
	}
	u, err := c.Pool.Users.Update(ctx, t.Username, func(u *userpool.User) error {
		if u.Sub != t.Sub || u.Status != userpool.ForceChangePassword {
			return notAuthorized(invalidSession)
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			// What is there already, clients send back as it was.
			if have, ok := u.Attributes.Lookup(name); ok && have == values[name] {
				continue
			}
			if err := writeOwn(c, u, name, values[name], u.Attributes.Get(name) == ""); err != nil {
				return err
			}
		}
		if lacking := c.Pool.Lacking(u); len(lacking) > 0 {
			return invalid("Invalid attributes given, %s is missing", lacking[0])
		}
		if err := e.setPassword(c.Pool, u, in["NEW_PASSWORD"]); err != nil {
			return err
		}
		u.Status = userpool.Confirmed
		return nil
	})
	if err != nil {
		return nil, e.again(ctx, t, err)
	}
	return e.secondFactor(ctx, c, u, progress{flow: t.Flow, after: "NewPasswordChallenge"})
}

// setPassword gives a user a password that the pool's policy accepts.
func (e *Engine) setPassword(p *userpool.Pool, u *userpool.User, clear string) error {
	policy := p.Passwords()
	if err := policy.Check(clear); err != nil {
		return err
	}
	if u.Password.Used(clear, policy) {
		return userpool.Errorf(userpool.PasswordHistory, "Password has previously been used.") // Unverified: the text
	}
	password, err := e.directory.NewPassword(p, u, clear)
	if err != nil {
		return err
	}
	u.Password = password
	return nil
}
