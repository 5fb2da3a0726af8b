package signin

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Registration is what somebody signs up with.
type Registration struct {
	Username   string
	Password   string // empty: none, where the pool lets users sign in without
	Attributes map[string]string
}

// Registered is a user who has signed up.
type Registered struct {
	User     *userpool.User
	Delivery *Delivery // of the code that confirms; nil: none was sent
	Session  string    // to go on with by USER_AUTH; empty: the app client has not that flow
}

// SignUp makes a user, who is not confirmed until a code, an administrator or a function of the pool's says so.
func (e *Engine) SignUp(ctx context.Context, c Caller, r Registration) (*Registered, error) {
	u, err := e.newcomer(c, r)
	if err != nil {
		return nil, err
	}
	if err := e.PreSignUp(ctx, c, "SignUp", u); err != nil {
		return nil, err
	}
	code := userpool.PendingCode{Purpose: userpool.SignUp, Attribute: autoVerified(c.Pool, u), Value: e.code(codeDigits), Expires: e.now().Add(signUpCode)}
	wanted := u.Status == userpool.Unconfirmed && code.Attribute != ""
	if wanted {
		pend(u, code)
	}
	made, err := c.Pool.CreateUser(ctx, *u, func(u *userpool.User) error {
		if lacking := c.Pool.Lacking(u); len(lacking) > 0 {
			return invalid("Attributes did not conform to the schema: %s: The attribute is required\n", lacking[0])
		}
		if r.Password == "" {
			return nil
		}
		return e.setPassword(c.Pool, u, r.Password)
	})
	if err != nil {
		return nil, takenName(c.Pool, err)
	}
	out := &Registered{User: made}
	if wanted {
		out.Delivery, err = e.send(ctx, c, made, outgoing{purpose: userpool.SignUp, what: "SignUp", attribute: code.Attribute, address: made.Attributes.Get(code.Attribute), code: code.Value})
	} else if made.Status == userpool.Confirmed {
		err = e.confirmed(ctx, c, "ConfirmSignUp", made)
	}
	if err != nil {
		return nil, err
	}
	out.Session, err = e.signUpSession(ctx, c, made)
	return out, err
}

// takenName words a name that is taken as a sign-up does.
func takenName(p *userpool.Pool, err error) error {
	switch {
	case len(p.UsernameAttributes) > 0 && (userpool.IsCode(err, userpool.AliasExists) || userpool.IsCode(err, userpool.UsernameExists)):
		return userpool.Errorf(userpool.UsernameExists, "User already exists")
	case userpool.IsCode(err, userpool.UsernameExists):
		return userpool.Errorf(userpool.UsernameExists, "User already exists")
	}
	return err
}

// newcomer is who wants to sign up, if the pool takes him.
func (e *Engine) newcomer(c Caller, r Registration) (*userpool.User, error) {
	p := c.Pool
	if p.AdminCreateUser.Only {
		return nil, notAuthorized("SignUp is not permitted for this user pool")
	}
	if err := p.CheckNewUsername(r.Username); err != nil {
		return nil, err
	}
	if r.Password == "" && !p.Passwordless() {
		return nil, userpool.Errorf(userpool.InvalidPassword, "Password did not conform with policy: Password not long enough") // Unverified: class and text
	}
	if r.Password != "" {
		if err := p.Passwords().Check(r.Password); err != nil {
			return nil, err
		}
	}
	u := &userpool.User{Username: r.Username, Status: userpool.Unconfirmed}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		if r.Attributes[name] == "" {
			continue
		}
		if err := writeOwn(c, u, name, r.Attributes[name], true); err != nil {
			return nil, err
		}
	}
	if name := p.NameAttribute(r.Username); name != "" && u.Attributes.Get(name) == "" {
		u.Attributes = u.Attributes.With(name, r.Username) // which is where the code goes
	}
	for _, name := range contacts {
		if u.Attributes.Get(name) != "" {
			u.Attributes = u.Attributes.With(name+"_verified", "false")
		}
	}
	return u, nil
}

// PreSignUp runs the function of that name before u is made, which is changed as the function says. what is SignUp,
// AdminCreateUser or ExternalProvider. The function sees neither sub nor status, as there are none yet.
func (e *Engine) PreSignUp(ctx context.Context, c Caller, what string, u *userpool.User) error {
	event := &PreSignUp{Base: NewBase(TriggerPreSignUp, what, c, nil, u.Username), Validation: c.Validation}
	event.Attributes = u.Attributes.Map()
	switch what {
	case "SignUp":
		for _, name := range contacts {
			delete(event.Attributes, name+"_verified")
		}
	case "ExternalProvider": // as measured
		event.Attributes["cognito:email_alias"], event.Attributes["cognito:phone_number_alias"] = "", ""
	}
	if _, err := e.run(ctx, event); err != nil {
		return err
	}
	if event.AutoConfirm && u.Status == userpool.Unconfirmed {
		u.Status = userpool.Confirmed
	}
	for name, verified := range map[string]bool{"email": event.AutoVerifyEmail, "phone_number": event.AutoVerifyPhone} {
		if verified && u.Attributes.Get(name) != "" {
			u.Attributes = u.Attributes.With(name+"_verified", "true")
		}
	}
	return nil
}

// signUpSession lets a sign-up be followed by a USER_AUTH without another question.
func (e *Engine) signUpSession(ctx context.Context, c Caller, u *userpool.User) (string, error) {
	if !c.Client.AllowsFlow(FlowChoice) {
		return "", nil
	}
	return e.open(ctx, c, about(c, u, FlowChoice, signUpSession))
}

// Confirmation is how a sign-up is confirmed.
type Confirmation struct {
	Username   string
	Code       string
	ForceAlias bool   // take the address away from who has it as an alias
	Session    string // of the sign-up; empty: none
}

// ConfirmSignUp confirms a sign-up by its code, and verifies what the code was sent to. The session that it returns is empty
// unless the app client has USER_AUTH.
func (e *Engine) ConfirmSignUp(ctx context.Context, c Caller, in Confirmation) (string, error) {
	found := c.Pool.Users.Find(in.Username)
	switch {
	case found == nil && c.hides():
		return "", userpool.Errorf(CodeMismatch, wrongVerificationCode) // Unverified: the class
	case found == nil:
		return "", noUser()
	case found.Disabled:
		return "", disabled()
	case found.Status != userpool.Unconfirmed:
		return "", cannotConfirm(found)
	}
	if in.Session != "" {
		t, err := e.take(ctx, in.Session)
		if err != nil {
			return "", err
		}
		if t.Name != signUpSession || t.Sub != found.Sub {
			return "", notAuthorized(invalidSession)
		}
	}
	if in.ForceAlias {
		if err := e.freeAlias(ctx, c.Pool, found); err != nil {
			return "", err
		}
	}
	u, err := e.redeem(ctx, c.Pool, found.Username, userpool.SignUp, "", in.Code, func(u *userpool.User, code userpool.PendingCode) error {
		if u.Status != userpool.Unconfirmed {
			return cannotConfirm(u)
		}
		u.Status = userpool.Confirmed
		u.Attributes = u.Attributes.With(code.Attribute+"_verified", "true")
		return nil
	})
	if err != nil {
		return "", err
	}
	if err := e.confirmed(ctx, c, "ConfirmSignUp", u); err != nil {
		return "", err
	}
	return e.signUpSession(ctx, c, u)
}

func cannotConfirm(u *userpool.User) error {
	return notAuthorized(fmt.Sprintf("User cannot be confirmed. Current status is %s", u.Status))
}

// freeAlias takes the address that a code was sent to away from who has it as an alias.
func (e *Engine) freeAlias(ctx context.Context, p *userpool.Pool, u *userpool.User) error {
	for _, code := range u.Codes {
		if code.Purpose != userpool.SignUp {
			continue
		}
		if err := p.YieldAlias(ctx, code.Attribute, u.Attributes.Get(code.Attribute), u); err != nil {
			return err
		}
	}
	return nil
}

// ResendConfirmationCode sends another code for a sign-up.
func (e *Engine) ResendConfirmationCode(ctx context.Context, c Caller, username string) (*Delivery, error) {
	u := c.Pool.Users.Find(username)
	key := username
	if u != nil {
		key = u.Username
	}
	if u == nil && !c.hides() {
		return nil, noUser()
	}
	if err := e.requested(ctx, c, key, userpool.SignUp); err != nil {
		return nil, err
	}
	switch {
	case u == nil, u.Disabled && c.hides():
		trace.Note(ctx, fmt.Sprintf("no code was sent: user pool %s has no user %q who may get one; the delivery is simulated", c.Pool.ID, username))
		return e.simulatedDelivery(c, username, "")
	case u.Disabled:
		return nil, disabled()
	case u.Status != userpool.Unconfirmed:
		return nil, invalid("User is already confirmed.")
	}
	attribute := autoVerified(c.Pool, u)
	if attribute == "" {
		return nil, invalid("Cannot resend codes. Auto verification not turned on.")
	}
	return e.sendPending(ctx, c, u, userpool.PendingCode{Purpose: userpool.SignUp, Attribute: attribute, Expires: e.now().Add(signUpCode)}, "ResendCode", u.Attributes.Get(attribute))
}

// sendPending keeps a new code with the user, and sends it.
func (e *Engine) sendPending(ctx context.Context, c Caller, u *userpool.User, code userpool.PendingCode, what, address string) (*Delivery, error) {
	code.Value = e.code(codeDigits)
	u, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error { pend(u, code); return nil })
	if err != nil {
		return nil, err
	}
	return e.send(ctx, c, u, outgoing{purpose: code.Purpose, what: what, attribute: code.Attribute, address: address, code: code.Value})
}

// AdminConfirmSignUp confirms a sign-up without a code. It verifies nothing.
func (e *Engine) AdminConfirmSignUp(ctx context.Context, c Caller, username string) error {
	u, err := c.Pool.Users.Update(ctx, username, func(u *userpool.User) error {
		if u.Status != userpool.Unconfirmed {
			return cannotConfirm(u)
		}
		u.Status = userpool.Confirmed
		u.Codes = without(u, userpool.SignUp, "")
		return nil
	})
	if err != nil {
		return err
	}
	return e.confirmed(ctx, c, "ConfirmSignUp", u)
}
