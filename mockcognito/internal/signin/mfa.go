package signin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// second factors, in the order of lists.
var secondFactors = []string{SMSMFA, SoftwareTokenMFA, EmailOTP}

// contactOf is the attribute that a factor or medium sends to; empty: none.
func contactOf(factor string) string {
	switch factor {
	case SMSMFA, SMSOTP, userpool.MediumSMS:
		return "phone_number"
	case EmailOTP, userpool.MediumEmail:
		return "email"
	}
	return ""
}

// Factors are the second factors that a user is asked for one of, with the preferred one first. With MFA required, one who
// has set nothing up is asked through the address or number that he has.
func Factors(p *userpool.Pool, u *userpool.User) []string {
	if p.MFAMode() == userpool.MFAOff {
		return nil
	}
	usable := func(f string) bool {
		if !p.HasSecondFactor(f) {
			return false
		}
		if f == SoftwareTokenMFA {
			return u.MFA != nil && u.MFA.Verified && u.MFA.TOTPSecret != ""
		}
		return u.Attributes.Get(contactOf(f)) != ""
	}
	var out []string
	if u.MFA != nil {
		for _, f := range secondFactors {
			if slices.Contains(u.MFA.Enabled, f) && usable(f) {
				out = append(out, f)
			}
		}
		if slices.Contains(out, u.MFA.Preferred) {
			return append([]string{u.MFA.Preferred}, slices.DeleteFunc(out, func(f string) bool { return f == u.MFA.Preferred })...)
		}
	}
	if len(out) > 0 || p.MFAMode() != userpool.MFAOn {
		return out
	}
	for _, f := range secondFactors {
		if f != SoftwareTokenMFA && usable(f) {
			out = append(out, f)
		}
	}
	return out
}

// preferred tells whether one of a user's factors goes before the others.
func preferred(u *userpool.User, factors []string) bool {
	return len(factors) == 1 || u.MFA != nil && u.MFA.Preferred != "" && factors[0] == u.MFA.Preferred
}

// secondFactor asks for the second factor, if there is to be one.
func (e *Engine) secondFactor(ctx context.Context, c Caller, u *userpool.User, at progress) (*Step, error) {
	factors := Factors(c.Pool, u)
	switch {
	case c.Pool.MFAMode() == userpool.MFAOff:
		return e.done(ctx, c, u, at)
	case len(factors) == 0 && c.Pool.MFAMode() == userpool.MFAOn:
		return e.demandSetup(ctx, c, u, at)
	case len(factors) == 0:
		return e.done(ctx, c, u, at)
	case preferred(u, factors):
		return e.demandFactor(ctx, c, u, at, factors[0])
	}
	ch := about(c, u, at.flow, SelectMFAType)
	ch.Options, ch.After = factors, at.after
	session, err := e.open(ctx, c, ch)
	return &Step{Challenge: SelectMFAType, Session: session, Parameters: map[string]string{"MFAS_CAN_CHOOSE": jsonText(factors), "USER_ID_FOR_SRP": u.Username}}, err
}

// demandFactor asks for one second factor.
func (e *Engine) demandFactor(ctx context.Context, c Caller, u *userpool.User, at progress, factor string) (*Step, error) {
	ch := about(c, u, at.flow, factor)
	ch.After = at.after
	if factor != SoftwareTokenMFA {
		return e.sendFactor(ctx, c, u, ch, userpool.SecondFactor, u.Attributes.Get(contactOf(factor)))
	}
	session, err := e.open(ctx, c, ch)
	return &Step{Challenge: factor, Session: session, Parameters: map[string]string{"USER_ID_FOR_SRP": u.Username}}, err
}

// Lengths of codes. Unverified: that of codes which are a first factor.
const (
	codeDigits    = 6
	otpFirstDigit = 8
)

// sendFactor sends a code and asks for it.
func (e *Engine) sendFactor(ctx context.Context, c Caller, u *userpool.User, ch challenge, purpose userpool.Purpose, address string) (*Step, error) {
	digits := codeDigits
	if purpose == userpool.OneTimePassword {
		digits = otpFirstDigit
	}
	ch.Code, ch.Sent = e.code(digits), contactOf(ch.Name)
	delivery, err := e.send(ctx, c, u, outgoing{purpose: purpose, what: "Authentication", attribute: ch.Sent, address: address, code: ch.Code})
	if err != nil {
		return nil, err
	}
	session, err := e.open(ctx, c, ch)
	return &Step{Challenge: ch.Name, Session: session, Parameters: map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": delivery.Medium, "CODE_DELIVERY_DESTINATION": delivery.Destination, "USER_ID_FOR_SRP": u.Username,
	}}, err
}

// answerCode compares a code that was sent: SMS_MFA, EMAIL_OTP, SMS_OTP.
func (e *Engine) answerCode(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	if t.Name == SelectChallenge {
		return nil, e.again(ctx, t, notAuthorized(invalidSession)) // no code was sent
	}
	code := in[t.Name+"_CODE"]
	if code == "" {
		return nil, e.again(ctx, t, missing(t.Name+"_CODE"))
	}
	if t.Sub == "" || !same(code, t.Code) {
		return nil, e.wrong(ctx, t, userpool.Errorf(CodeMismatch, wrongSecondFactor))
	}
	u, err := t.user(c.Pool)
	if err != nil {
		return nil, err
	}
	at := progress{flow: t.Flow, after: t.After}
	if t.First {
		return e.codeProven(ctx, c, u, t, at)
	}
	if t.Address != "" {
		if u, err = e.enrolEmail(ctx, c, u, t.Address); err != nil {
			return nil, err
		}
	}
	return e.done(ctx, c, u, at)
}

// answerTOTP compares the code of an authenticator. Each is taken once (RFC 6238 §5.2).
func (e *Engine) answerTOTP(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	code := in["SOFTWARE_TOKEN_MFA_CODE"]
	if code == "" {
		return nil, e.again(ctx, t, missing("SOFTWARE_TOKEN_MFA_CODE"))
	}
	if _, err := t.user(c.Pool); err != nil {
		return nil, err
	}
	u, err := c.Pool.Users.Update(ctx, t.Username, func(u *userpool.User) error {
		if u.Sub != t.Sub || u.MFA == nil || !u.MFA.Verified {
			return userpool.Errorf(SoftwareTokenMFANotFound, "Software Token MFA has not been set up for the user.") // Unverified: the text
		}
		return useTOTP(u.MFA, code, e)
	})
	switch {
	case userpool.IsCode(err, CodeMismatch), userpool.IsCode(err, ExpiredCode):
		return nil, e.wrong(ctx, t, err)
	case err != nil:
		return nil, err
	}
	return e.done(ctx, c, u, progress{flow: t.Flow, after: t.After})
}

// useTOTP takes a code of an authenticator, or tells why not.
func useTOTP(m *userpool.MFA, code string, e *Engine) error {
	period, ok := matchTOTP(m.TOTPSecret, code, e.env.Now())
	switch {
	case !ok:
		return userpool.Errorf(CodeMismatch, wrongSecondFactor)
	case period <= m.LastPeriod:
		return userpool.Errorf(ExpiredCode, "Your software token has already been used once.")
	}
	m.LastPeriod = period
	return nil
}

// answerSelectMFA asks for the factor that was chosen.
func (e *Engine) answerSelectMFA(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	answer := in["ANSWER"]
	if answer == "" {
		return nil, e.again(ctx, t, missing("ANSWER"))
	}
	u, err := t.user(c.Pool)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(t.Options, answer) || !slices.Contains(Factors(c.Pool, u), answer) {
		return nil, e.again(ctx, t, invalid("%s is not one of %s.", answer, strings.Join(t.Options, ", "))) // Unverified: the text
	}
	return e.demandFactor(ctx, c, u, progress{flow: t.Flow, after: t.After}, answer)
}

// demandSetup asks a user to set a second factor up.
func (e *Engine) demandSetup(ctx context.Context, c Caller, u *userpool.User, at progress) (*Step, error) {
	var options []string
	for _, f := range secondFactors {
		if c.Pool.HasSecondFactor(f) && f != SMSMFA { // a number is verified otherwise: the service has no set-up by text message
			options = append(options, f)
		}
	}
	if len(options) == 0 {
		trace.Note(ctx, fmt.Sprintf("user pool %s requires MFA by text message, and user %s has no phone number", c.Pool.ID, u.Username))
		return nil, userpool.Errorf(MFAMethodNotFound, "User does not have delivery config set to turn on SMS_MFA") // Unverified: the class
	}
	ch := about(c, u, at.flow, MFASetup)
	ch.Options, ch.After = options, at.after
	session, err := e.open(ctx, c, ch)
	return &Step{Challenge: MFASetup, Session: session, Parameters: map[string]string{"MFAS_CAN_SETUP": jsonText(options), "USER_ID_FOR_SRP": u.Username}}, err
}

// answerSetup ends the set-up: of an authenticator that was verified in this session, or, with EMAIL, of an address that
// gets a code first.
func (e *Engine) answerSetup(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	u, err := t.user(c.Pool)
	if err != nil {
		return nil, err
	}
	if address := in["EMAIL"]; address != "" && slices.Contains(t.Options, EmailOTP) {
		if err := c.Pool.CheckAttribute("email", address, false); err != nil {
			return nil, e.again(ctx, t, err)
		}
		ch := about(c, u, t.Flow, EmailOTP)
		ch.Address, ch.After = address, t.After
		return e.sendFactor(ctx, c, u, ch, userpool.SecondFactor, address)
	}
	if t.Setup == nil || !t.Setup.Verified {
		return nil, e.again(ctx, t, invalid("Software token has not been verified in this session.")) // Unverified: class and text
	}
	u, err = c.Pool.Users.Update(ctx, t.Username, func(u *userpool.User) error {
		if u.Sub != t.Sub {
			return notAuthorized(invalidSession)
		}
		m := factorsOf(u)
		m.TOTPSecret, m.Verified, m.LastPeriod = t.Setup.TOTPSecret, true, t.Setup.LastPeriod
		m.Enable(SoftwareTokenMFA)
		u.MFA = m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e.done(ctx, c, u, progress{flow: t.Flow, after: t.After})
}

// factorsOf is what a user has set up, to be changed.
func factorsOf(u *userpool.User) *userpool.MFA {
	if u.MFA == nil {
		return &userpool.MFA{}
	}
	return u.MFA
}

// enrolEmail gives a user the address that has proven to be his, as a second factor.
func (e *Engine) enrolEmail(ctx context.Context, c Caller, u *userpool.User, address string) (*userpool.User, error) {
	return c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		u.Attributes = u.Attributes.With("email", address).With("email_verified", "true")
		m := factorsOf(u)
		m.Enable(EmailOTP)
		u.MFA = m
		return nil
	})
}
