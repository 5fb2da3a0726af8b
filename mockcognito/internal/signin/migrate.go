package signin

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// migrate asks the pool's function for a user whom the pool does not have, and makes him. what is Authentication, with a
// password, or ForgotPassword. Without a function, or when it knows nobody, there is no user and no error.
func (e *Engine) migrate(ctx context.Context, c Caller, username, password, what string) (*userpool.User, error) {
	event := &UserMigration{Base: NewBase(TriggerUserMigration, what, c, nil, username), Password: password, Validation: c.Validation}
	ran, err := e.run(ctx, event)
	if err != nil || !ran || event.NewAttributes == nil {
		return nil, err
	}
	u := userpool.User{Username: username, Status: userpool.ResetRequired}
	for _, name := range slices.Sorted(maps.Keys(event.NewAttributes)) {
		value := event.NewAttributes[name]
		if name == "username" || name == "sub" || value == "" { // the guide's examples send the user name along
			continue
		}
		if err := c.Pool.CheckAttribute(name, value, true); err != nil {
			return nil, userpool.Errorf(UserLambdaValidation, "UserMigration answered an attribute that the pool refuses: %v", err) // Unverified: class and text
		}
		u.Attributes = u.Attributes.With(name, value)
	}
	if event.ForceAlias {
		for _, name := range contacts {
			if err := c.Pool.YieldAlias(ctx, name, u.Attributes.Get(name), nil); err != nil {
				return nil, err
			}
		}
	}
	// The password is known only at a sign-in, and kept only if the pool's policy takes it.
	keep := event.FinalStatus == userpool.Confirmed && password != "" && c.Pool.Passwords().Check(password) == nil
	if keep {
		u.Status = userpool.Confirmed
	}
	if what == "ForgotPassword" && event.FinalStatus == userpool.Confirmed {
		u.Status = userpool.Confirmed
	}
	made, err := c.Pool.CreateUser(ctx, u, func(u *userpool.User) (err error) {
		if keep {
			u.Password, err = e.directory.NewPassword(c.Pool, u, password)
		}
		return err
	})
	if userpool.IsCode(err, userpool.UsernameExists) { // somebody else's sign-in was first
		return c.Pool.Users.Find(username), nil
	}
	if err != nil {
		return nil, err
	}
	trace.Note(ctx, fmt.Sprintf("made the user %s that the pool's function brought", made.Username))
	return made, nil
}
