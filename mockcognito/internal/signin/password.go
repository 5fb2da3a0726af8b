package signin

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Password signs somebody in by his password, or answers the challenge that comes next. It asks for no flow to be allowed:
// the pages of a domain sign in by passwords whatever an app client's flows are.
func (e *Engine) Password(ctx context.Context, c Caller, username, password string) (*Step, error) {
	u, err := e.provePassword(ctx, c, username, password)
	if err != nil {
		return nil, err
	}
	return e.proven(ctx, c, u, progress{flow: FlowPassword})
}

// Resume goes on with the sign-in of a user whose password was proven before he was confirmed, or who has just signed up
// with it. The caller answers for that.
func (e *Engine) Resume(ctx context.Context, c Caller, username string) (*Step, error) {
	u := c.Pool.Users.Find(username)
	if u == nil {
		return nil, notAuthorized(invalidSession)
	}
	return e.proven(ctx, c, u, progress{flow: FlowPassword})
}

// provePassword finds the user whose name and password these are.
func (e *Engine) provePassword(ctx context.Context, c Caller, username, password string) (*userpool.User, error) {
	u := c.Pool.Users.Find(username)
	if u == nil {
		var err error
		if u, err = e.migrate(ctx, c, username, password, "Authentication"); err != nil {
			return nil, err
		}
	}
	if err := e.preAuthentication(ctx, c, u, username); err != nil {
		return nil, err
	}
	if u == nil {
		return nil, e.nobody(ctx, c, username, password)
	}
	if err := e.locked(ctx, c, u.Username); err != nil {
		return nil, err
	}
	if err := mayUsePassword(u); err != nil {
		return nil, err
	}
	if !u.Password.Matches(password) {
		if u.Password == nil {
			e.waste(password)
			trace.Note(ctx, fmt.Sprintf("user %s has no password (status %s)", u.Username, u.Status))
		}
		return nil, e.passwordWrong(ctx, c, u.Username)
	}
	return u, e.succeeded(ctx, c, u.Username)
}

// mayUsePassword refuses one whose password was reset: the old one is good for nothing, whatever is sent.
func mayUsePassword(u *userpool.User) error {
	if u.Status == userpool.ResetRequired && !u.Disabled {
		return userpool.Errorf(PasswordResetRequired, "Password reset required for the user")
	}
	return nil
}

func (e *Engine) passwordWrong(ctx context.Context, c Caller, username string) error {
	if err := e.failed(ctx, c, username); err != nil {
		return err
	}
	return wrongPassword()
}

// preAuthentication runs the trigger of that name. It sees a name that nobody has only if the app client hides that.
func (e *Engine) preAuthentication(ctx context.Context, c Caller, u *userpool.User, username string) error {
	if u == nil && !c.hides() {
		return nil
	}
	_, err := e.run(ctx, &PreAuthentication{
		Base: NewBase(TriggerPreAuthentication, "Authentication", c, u, username), Validation: c.Validation, UserNotFound: u == nil,
	})
	return err
}

// nobody is the answer to a password for a name that nobody has. Where that is hidden, it costs what a wrong password costs,
// and locks out as one does.
func (e *Engine) nobody(ctx context.Context, c Caller, username, password string) error {
	trace.Note(ctx, fmt.Sprintf("user pool %s has no user %q", c.Pool.ID, username))
	if !c.hides() {
		return noUser()
	}
	if err := e.locked(ctx, c, username); err != nil {
		return err
	}
	e.waste(password)
	return e.passwordWrong(ctx, c, username)
}

// waste does the work of looking at a password.
func (e *Engine) waste(password string) {
	_ = (&userpool.Password{Salt: make([]byte, 16)}).Matches(password)
}

// startSRP answers the client's public value with ours. custom is set when a custom authentication begins so.
func (e *Engine) startSRP(ctx context.Context, c Caller, username, srpA, flow string, custom *customState) (*Step, error) {
	a, err := parseSRPA(srpA)
	if err != nil {
		return nil, err
	}
	u := c.Pool.Users.Find(username)
	var ch challenge
	var salt, verifier []byte
	switch {
	case u == nil && !c.hides():
		return nil, noUser()
	case u != nil:
		if err := mayUsePassword(u); err != nil {
			return nil, err
		}
		ch = about(c, u, flow, PasswordVerifier)
	default:
		trace.Note(ctx, fmt.Sprintf("user pool %s has no user %q: the challenge is simulated", c.Pool.ID, username))
		ch = aboutNobody(c, username, flow, PasswordVerifier)
	}
	if err := e.locked(ctx, c, ch.Username); err != nil {
		return nil, err
	}
	name := ch.Username
	if u != nil && u.Password != nil {
		salt, verifier = u.Password.Salt, u.Password.Verifier
	} else if salt, verifier, name, err = e.simulatedVerifier(c, ch.Username); err != nil {
		return nil, err
	}
	if u != nil {
		name = u.Username
	}
	return e.openSRP(ctx, c, ch, newSRPExchange(a, verifier, name, e.env.Bytes(srpPrivate)), salt, custom)
}

// simulatedVerifier is what a name that nobody has, or a user without a password, has instead of a verifier: the same each
// time (RFC 5054 §2.5.1.3), and for no password. A pool whose users have a UUID for a name has one here too.
func (e *Engine) simulatedVerifier(c Caller, username string) (salt, verifier []byte, name string, err error) {
	salt, err = e.simulated(c, username, "salt")
	if err != nil {
		return nil, nil, "", err
	}
	if verifier, err = e.simulated(c, username, "verifier"); err != nil {
		return nil, nil, "", err
	}
	name = username
	if len(c.Pool.UsernameAttributes) > 0 {
		if name, err = e.simulatedSub(c, username); err != nil {
			return nil, nil, "", err
		}
	}
	return salt[:16], verifier, name, nil
}

// openSRP keeps an exchange under its secret block. USER_SRP_AUTH has no session, the other flows have one.
func (e *Engine) openSRP(ctx context.Context, c Caller, ch challenge, x srpExchange, salt []byte, custom *customState) (*Step, error) {
	ch.SRP, ch.Custom, ch.Block = &x, custom, e.env.Bytes(secretBlockBytes)
	if ch.Flow != FlowSRP {
		ch.Session = e.env.Token(sessionBytes)
	}
	block := base64.StdEncoding.EncodeToString(ch.Block)
	ch.Expires = e.env.Now().Add(lifetime(c.Client))
	if err := e.keep(ctx, hashed("block", block), ch); err != nil {
		return nil, err
	}
	return &Step{Challenge: PasswordVerifier, Session: ch.Session, Parameters: map[string]string{
		"SALT": hexNumber(salt), "SRP_B": hexNumber(x.B), "SECRET_BLOCK": block, "USERNAME": x.Name, "USER_ID_FOR_SRP": x.Name,
	}}, nil
}

// secretBlockBytes is how long a secret block is. The real service's, which holds its state, is longer.
const secretBlockBytes = 64

// answerSRP checks a client's claim to know the password.
func (e *Engine) answerSRP(ctx context.Context, c Caller, session string, in map[string]string) (*Step, error) {
	for _, name := range []string{"PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"} {
		if in[name] == "" {
			return nil, missing(name)
		}
	}
	if err := checkTimestamp(in["TIMESTAMP"]); err != nil {
		return nil, err
	}
	t, err := e.takeKey(ctx, hashed("block", in["PASSWORD_CLAIM_SECRET_BLOCK"]))
	if err != nil {
		return nil, err
	}
	if t.Name != PasswordVerifier || t.Session != "" && t.Session != session || !t.of(c, in["USERNAME"]) && in["USERNAME"] != t.SRP.Name {
		return nil, notAuthorized(invalidSession)
	}
	u, err := e.srpUser(ctx, c, t)
	if err != nil {
		return nil, err
	}
	right, err := t.proves(in)
	if err != nil {
		return nil, err
	}
	if u == nil || u.Password == nil || !right {
		if t.Custom != nil {
			return e.customAnswered(ctx, c, t, u, ChallengeResult{Name: PasswordVerifier})
		}
		return nil, e.passwordWrong(ctx, c, t.Username)
	}
	if err := e.succeeded(ctx, c, u.Username); err != nil {
		return nil, err
	}
	if t.Custom != nil {
		return e.customAnswered(ctx, c, t, u, ChallengeResult{Name: PasswordVerifier, Correct: true})
	}
	return e.proven(ctx, c, u, progress{flow: t.Flow})
}

// proves tells whether the client's signature is that of who knows the password.
func (t *taken) proves(in map[string]string) (bool, error) {
	want, err := t.SRP.claim(t.PoolID, t.Block, in["TIMESTAMP"])
	if errors.Is(err, errSRP) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	got, err := base64.StdEncoding.DecodeString(in["PASSWORD_CLAIM_SIGNATURE"])
	return err == nil && hmac.Equal(got, want), nil
}

// srpUser is whom an exchange is about, nil for a simulated one, after what comes before a password is looked at.
func (e *Engine) srpUser(ctx context.Context, c Caller, t *taken) (*userpool.User, error) {
	var u *userpool.User
	if t.Sub != "" {
		if u = c.Pool.Users.Get(t.Username); u == nil || u.Sub != t.Sub {
			return nil, notAuthorized(invalidSession)
		}
	}
	if err := e.preAuthentication(ctx, c, u, t.Username); err != nil {
		return nil, err
	}
	return u, e.locked(ctx, c, t.Username)
}

// progress is what a sign-in has been through.
type progress struct {
	flow  string
	after string // what the tokens are made after; empty: Authentication
}

// proven goes on behind the first factor: who may not sign in is told so now, and a password that an administrator gave has
// to be replaced.
func (e *Engine) proven(ctx context.Context, c Caller, u *userpool.User, at progress) (*Step, error) {
	if err := e.maySignIn(c, u); err != nil {
		return nil, err
	}
	if u.Status == userpool.ForceChangePassword {
		return e.demandPassword(ctx, c, u, at)
	}
	return e.secondFactor(ctx, c, u, at)
}

// maySignIn refuses a user whose state does not let him sign in. Unverified: that it is told after the password was looked
// at, which is what hides the state from who does not know it.
func (e *Engine) maySignIn(c Caller, u *userpool.User) error {
	switch {
	case u.Disabled:
		return disabled()
	case u.Status == userpool.Unconfirmed:
		return userpool.Errorf(UserNotConfirmed, "User is not confirmed.")
	case u.Status == userpool.ResetRequired:
		return mayUsePassword(u)
	case u.Status == userpool.ForceChangePassword && u.Password != nil && e.expiredTemporary(c.Pool, u):
		return notAuthorized("Temporary password has expired and must be reset by an administrator.")
	}
	return nil
}

// expiredTemporary tells whether a temporary password is older than the pool's policy allows.
func (e *Engine) expiredTemporary(p *userpool.Pool, u *userpool.User) bool {
	days := p.Passwords().TemporaryValidityDays
	if p.PasswordPolicy == nil && p.AdminCreateUser.UnusedAccountValidity != nil {
		days = *p.AdminCreateUser.UnusedAccountValidity
	}
	return days > 0 && !e.env.Now().Before(u.Password.Set.AddDate(0, 0, days))
}

// done is the end of a sign-in.
func (e *Engine) done(ctx context.Context, c Caller, u *userpool.User, at progress) (*Step, error) {
	if _, err := e.run(ctx, &PostAuthentication{Base: NewBase(TriggerPostAuthentication, "Authentication", c, u, "")}); err != nil {
		return nil, err
	}
	if at.after == "" {
		at.after = "Authentication"
	}
	return &Step{User: u, Source: at.after}, nil
}

// now is the time as dates of users are kept.
func (e *Engine) now() time.Time { return e.env.Now().UTC().Round(0) }
