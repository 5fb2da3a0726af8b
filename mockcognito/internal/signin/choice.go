package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// startChoice begins a USER_AUTH, in which the user chooses the first factor: at once by PREFERRED_CHALLENGE, or when asked.
// With the session of a sign-up that was confirmed nothing is asked.
func (e *Engine) startChoice(ctx context.Context, c Caller, username string, in map[string]string, session string) (*Step, error) {
	if session != "" {
		return e.afterSignUp(ctx, c, username, session)
	}
	u := c.Pool.Users.Find(username)
	if u == nil && !c.hides() {
		return nil, noUser()
	}
	ch := aboutNobody(c, username, FlowChoice, SelectChallenge)
	if u != nil {
		if err := mayUsePassword(u); err != nil {
			return nil, err
		}
		ch = about(c, u, FlowChoice, SelectChallenge)
	} else {
		trace.Note(ctx, fmt.Sprintf("user pool %s has no user %q: the challenge is simulated", c.Pool.ID, username))
	}
	ch.Options = firstFactors(c.Pool, u)
	wanted := in["PREFERRED_CHALLENGE"]
	if wanted != "" && slices.Contains(ch.Options, wanted) {
		step, err := e.chosen(ctx, c, ch, wanted, in)
		if step != nil {
			step.Available = ch.Options
		}
		return step, err
	}
	next, err := e.open(ctx, c, ch)
	return &Step{Challenge: SelectChallenge, Session: next, Parameters: map[string]string{}, Available: ch.Options}, err
}

// afterSignUp signs a user in who has just confirmed his sign-up.
func (e *Engine) afterSignUp(ctx context.Context, c Caller, username, session string) (*Step, error) {
	t, err := e.take(ctx, session)
	if err != nil {
		return nil, err
	}
	if t.Name != signUpSession || !t.of(c, username) {
		return nil, notAuthorized(invalidSession)
	}
	u, err := t.user(c.Pool)
	if err != nil {
		return nil, err
	}
	return e.proven(ctx, c, u, progress{flow: FlowChoice})
}

// firstFactors are those that a user may choose: the pool's, as far as he has what they need. One who is asked for a second
// factor has passwords only.
func firstFactors(p *userpool.Pool, u *userpool.User) []string {
	var out []string
	for _, f := range p.FirstFactors() {
		switch f {
		case "PASSWORD":
			out = append(out, PasswordChallenge, PasswordSRP)
		case EmailOTP, SMSOTP:
			if u == nil || u.Attributes.Get(contactOf(f)) != "" && len(Factors(p, u)) == 0 && p.MFAMode() != userpool.MFAOn {
				out = append(out, f)
			}
		}
	}
	return out
}

// ConfiguredFactors are the first factors that a user can sign in by.
func ConfiguredFactors(p *userpool.Pool, u *userpool.User) []string {
	var out []string
	if u.Password != nil {
		out = append(out, PasswordChallenge)
	}
	for _, f := range []string{EmailOTP, SMSOTP} {
		if slices.Contains(firstFactors(p, u), f) {
			out = append(out, f)
		}
	}
	return out
}

// chosen asks for the first factor that was chosen, or takes it where it came with the choice.
func (e *Engine) chosen(ctx context.Context, c Caller, ch challenge, factor string, in map[string]string) (*Step, error) {
	switch factor {
	case PasswordSRP:
		if in["SRP_A"] == "" {
			return nil, missing("SRP_A")
		}
		return e.startSRP(ctx, c, ch.Username, in["SRP_A"], FlowChoice, nil)
	case PasswordChallenge:
		if in["PASSWORD"] != "" {
			return e.Password(ctx, c, ch.Username, in["PASSWORD"])
		}
		ch.Name = PasswordChallenge
		session, err := e.open(ctx, c, ch)
		return &Step{Challenge: PasswordChallenge, Session: session, Parameters: map[string]string{}}, err
	}
	return e.sendFirst(ctx, c, ch, factor)
}

// sendFirst sends the code of a first factor, or seems to.
func (e *Engine) sendFirst(ctx context.Context, c Caller, ch challenge, factor string) (*Step, error) {
	ch.Name, ch.First, ch.Options = factor, true, nil
	if ch.Sub == "" {
		delivery, err := e.simulatedDelivery(c, ch.Username, contactOf(factor))
		if err != nil {
			return nil, err
		}
		session, err := e.open(ctx, c, ch)
		return &Step{Challenge: factor, Session: session, Parameters: map[string]string{
			"CODE_DELIVERY_DELIVERY_MEDIUM": delivery.Medium, "CODE_DELIVERY_DESTINATION": delivery.Destination,
		}}, err
	}
	u := c.Pool.Users.Get(ch.Username)
	if u == nil || u.Sub != ch.Sub {
		return nil, notAuthorized(invalidSession)
	}
	if err := e.preAuthentication(ctx, c, u, u.Username); err != nil {
		return nil, err
	}
	if u.Disabled {
		return nil, disabled()
	}
	return e.sendFactor(ctx, c, u, ch, userpool.OneTimePassword, u.Attributes.Get(contactOf(factor)))
}

// codeProven goes on behind a code that was the first factor. It verifies what it was sent to, and confirms a sign-up.
func (e *Engine) codeProven(ctx context.Context, c Caller, u *userpool.User, t *taken, at progress) (*Step, error) {
	confirmed := false
	u, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		u.Attributes = u.Attributes.With(t.Sent+"_verified", "true")
		if confirmed = u.Status == userpool.Unconfirmed; confirmed {
			u.Status, u.Codes = userpool.Confirmed, without(u, userpool.SignUp, "")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if confirmed {
		if err := e.confirmed(ctx, c, "ConfirmSignUp", u); err != nil {
			return nil, err
		}
	}
	return e.proven(ctx, c, u, at)
}

// answerSelect goes on with the first factor that was chosen.
func (e *Engine) answerSelect(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	answer := in["ANSWER"]
	if answer == "" {
		return nil, e.again(ctx, t, missing("ANSWER"))
	}
	if !slices.Contains(t.Options, answer) {
		return nil, e.again(ctx, t, invalid("%s is not one of %s.", answer, strings.Join(t.Options, ", "))) // Unverified: the text
	}
	return e.chosen(ctx, c, t.challenge, answer, in)
}

// answerPassword takes the password that a USER_AUTH has asked for.
func (e *Engine) answerPassword(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	if in["PASSWORD"] == "" {
		return nil, e.again(ctx, t, missing("PASSWORD"))
	}
	return e.Password(ctx, c, t.Username, in["PASSWORD"])
}

// answerPasswordSRP begins the exchange that a USER_AUTH has offered.
func (e *Engine) answerPasswordSRP(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	if in["SRP_A"] == "" {
		return nil, e.again(ctx, t, missing("SRP_A"))
	}
	return e.startSRP(ctx, c, t.Username, in["SRP_A"], FlowChoice, nil)
}
