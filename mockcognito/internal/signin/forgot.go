package signin

import (
	"context"
	"fmt"
	"slices"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// ForgotPassword sends a code by which another password can be set.
func (e *Engine) ForgotPassword(ctx context.Context, c Caller, username string) (*Delivery, error) {
	u := c.Pool.Users.Find(username)
	if u == nil {
		var err error
		if u, err = e.migrate(ctx, c, username, "", "ForgotPassword"); err != nil {
			return nil, err
		}
	}
	if u == nil && !c.hides() {
		return nil, noUser()
	}
	key := username
	if u != nil {
		key = u.Username
	}
	if err := e.requested(ctx, c, key, userpool.ForgotPassword); err != nil {
		return nil, err
	}
	delivery, err := e.sendReset(ctx, c, u)
	if c.hides() && (u == nil || err != nil && !ownRefusal(err)) {
		trace.Note(ctx, fmt.Sprintf("no code was sent: user pool %s has no user %q who could get one; the delivery is simulated", c.Pool.ID, username))
		return e.simulatedDelivery(c, username, "")
	}
	return delivery, err
}

// ownRefusal tells whether an error is none that would tell of the user: a function's, or a failure of ours.
func ownRefusal(err error) bool {
	for _, code := range []userpool.Code{userpool.InvalidParameter, NotAuthorized, UserNotConfirmed} {
		if userpool.IsCode(err, code) {
			return false
		}
	}
	return true
}

// sendReset sends the code to a user who may reset his password, and can be reached.
func (e *Engine) sendReset(ctx context.Context, c Caller, u *userpool.User) (*Delivery, error) {
	if u == nil {
		return nil, noUser()
	}
	switch {
	case u.Disabled:
		return nil, disabled()
	case u.Federated(), u.Status == userpool.ForceChangePassword:
		return nil, notAuthorized("User password cannot be reset in the current state.")
	}
	attribute, err := recovery(c.Pool, u)
	if err != nil {
		return nil, err
	}
	code := userpool.PendingCode{Purpose: userpool.ForgotPassword, Attribute: attribute, Expires: e.now().Add(forgotCode)}
	return e.sendPending(ctx, c, u, code, "ForgotPassword", u.Attributes.Get(attribute))
}

// recovery is the attribute by which a user can recover his account: the first of the pool's ways that he has verified.
func recovery(p *userpool.Pool, u *userpool.User) (string, error) {
	for _, way := range p.RecoveryOptions() {
		switch way {
		case "admin_only":
			return "", notAuthorized("Contact administrator to reset password.")
		case "verified_email", "verified_phone_number":
			name := way[len("verified_"):]
			if u.Attributes.Get(name) != "" && u.Attributes.Get(name+"_verified") == "true" {
				return name, nil
			}
		}
	}
	return "", invalid(noContact)
}

// ConfirmForgotPassword sets another password by the code that was sent.
func (e *Engine) ConfirmForgotPassword(ctx context.Context, c Caller, username, code, password string) error {
	found := c.Pool.Users.Find(username)
	switch {
	case found == nil && !c.hides():
		return noUser()
	case found == nil, found.Disabled && c.hides():
		return userpool.Errorf(CodeMismatch, wrongVerificationCode)
	case found.Disabled:
		return disabled()
	}
	if err := c.Pool.Passwords().Check(password); err != nil {
		return err
	}
	u, err := e.redeem(ctx, c.Pool, found.Username, userpool.ForgotPassword, "", code, func(u *userpool.User, _ userpool.PendingCode) error {
		if err := e.setPassword(c.Pool, u, password); err != nil {
			return err
		}
		u.Status = userpool.Confirmed
		return nil
	})
	if err != nil {
		return err
	}
	if err := e.succeeded(ctx, c, u.Username); err != nil { // who proves an address is locked out no more
		return err
	}
	return e.confirmed(ctx, c, "ConfirmForgotPassword", u)
}

// AdminResetUserPassword takes a user's password away and sends him a code to set another.
func (e *Engine) AdminResetUserPassword(ctx context.Context, c Caller, username string) error {
	u := c.Pool.Users.Find(username)
	if u == nil {
		return noUser()
	}
	if !slices.Contains([]userpool.Status{userpool.Confirmed, userpool.ResetRequired}, u.Status) || u.Disabled {
		return notAuthorized("User password cannot be reset in the current state.")
	}
	attribute, err := recovery(c.Pool, u)
	if err != nil {
		return err
	}
	u, err = c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error { u.Status = userpool.ResetRequired; return nil })
	if err != nil {
		return err
	}
	code := userpool.PendingCode{Purpose: userpool.ForgotPassword, Attribute: attribute, Expires: e.now().Add(forgotCode)}
	_, err = e.sendPending(ctx, c, u, code, "ForgotPassword", u.Attributes.Get(attribute))
	return err
}

// ChangePassword replaces a password that the user knows. One who has none yet, as where the pool lets users sign in without,
// gives no former one.
func (e *Engine) ChangePassword(ctx context.Context, c Caller, u *userpool.User, previous, proposed string) error {
	if err := e.locked(ctx, c, u.Username); err != nil {
		return tooMany()
	}
	if u.Password != nil && !u.Password.Matches(previous) || u.Password == nil && (previous != "" || u.Federated()) {
		return e.passwordWrong(ctx, c, u.Username)
	}
	sub, set := u.Sub, u.Password
	_, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		if u.Sub != sub || u.Password != set {
			return wrongPassword() // another one was set meanwhile
		}
		return e.setPassword(c.Pool, u, proposed)
	})
	if err != nil {
		return err
	}
	return e.succeeded(ctx, c, u.Username)
}
