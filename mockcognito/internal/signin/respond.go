package signin

import (
	"context"
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Respond answers a challenge with its ChallengeResponses.
func (e *Engine) Respond(ctx context.Context, c Caller, name, session string, in map[string]string) (*Step, error) {
	if in["USERNAME"] == "" {
		return nil, missing("USERNAME")
	}
	if name == PasswordVerifier {
		return e.answerSRP(ctx, c, session, in)
	}
	answer := e.answers()[name]
	if answer == nil {
		return nil, invalid("Challenge name not supported: %s", name) // Unverified: the text
	}
	t, err := e.take(ctx, session)
	if err != nil {
		return nil, err
	}
	if t.Name != name && !(t.Name == SelectChallenge && slices.Contains(t.Options, name)) || !t.of(c, in["USERNAME"]) {
		return nil, notAuthorized(invalidSession)
	}
	return answer(ctx, c, t, in)
}

// answers are what becomes of the answers to challenges.
func (e *Engine) answers() map[string]func(context.Context, Caller, *taken, map[string]string) (*Step, error) {
	return map[string]func(context.Context, Caller, *taken, map[string]string) (*Step, error){
		NewPasswordRequired: e.answerNewPassword,
		CustomChallenge:     e.answerCustom,
		SelectChallenge:     e.answerSelect,
		PasswordChallenge:   e.answerPassword,
		PasswordSRP:         e.answerPasswordSRP,
		SMSOTP:              e.answerCode,
		EmailOTP:            e.answerCode,
		SMSMFA:              e.answerCode,
		SoftwareTokenMFA:    e.answerTOTP,
		SelectMFAType:       e.answerSelectMFA,
		MFASetup:            e.answerSetup,
	}
}

// SessionOf is the pool and app client of a session, which stays as it is: operations that name neither find them so.
func (e *Engine) SessionOf(ctx context.Context, session string) (Caller, error) {
	ch, err := e.challenges.Get(ctx, hashed("session", session))
	if err != nil {
		return Caller{}, notAuthorized(invalidSession)
	}
	p := e.directory.Snapshot().Pool(ch.PoolID)
	if p == nil || p.Client(ch.ClientID) == nil {
		return Caller{}, notAuthorized(invalidSession)
	}
	return Caller{Pool: p, Client: p.Client(ch.ClientID)}, nil
}

// writeOwn writes an attribute that a user gives himself through an app client; made: he has none yet, or is being made.
func writeOwn(c Caller, u *userpool.User, name, value string, made bool) error {
	if name == "identities" {
		return invalid("user.identities: Attribute cannot be updated.\n")
	}
	if err := c.Pool.CheckAttribute(name, value, made); err != nil {
		return err
	}
	if !c.Client.CanWrite(name) || userpool.IsBoolean(name) {
		return notAuthorized("A client attempted to write unauthorized attribute")
	}
	return c.Pool.WriteAttribute(u, name, value)
}
