package signin

import (
	"context"
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// noAuthenticators is the answer where a pool has not the factor SOFTWARE_TOKEN_MFA.
func noAuthenticators() error {
	return userpool.Errorf(SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool.")
}

// wrongAuthenticator is the answer to a wrong code while an authenticator is associated.
func wrongAuthenticator() error { return userpool.Errorf(EnableSoftwareToken, "Code mismatch") }

// AssociateSoftwareToken makes the secret of an authenticator for a user who is signed in, which counts when it is verified.
func (e *Engine) AssociateSoftwareToken(ctx context.Context, c Caller, u *userpool.User) (secret string, err error) {
	if !c.Pool.HasSecondFactor(SoftwareTokenMFA) {
		return "", noAuthenticators()
	}
	secret = base32Secret.EncodeToString(e.env.Bytes(totpSecret))
	_, err = c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		m := factorsOf(u)
		m.Pending = secret
		u.MFA = m
		return nil
	})
	return secret, err
}

// VerifySoftwareToken verifies the authenticator that was associated last. It asks for codes when MFA preferences say so.
func (e *Engine) VerifySoftwareToken(ctx context.Context, c Caller, u *userpool.User, code string) error {
	if !c.Pool.HasSecondFactor(SoftwareTokenMFA) {
		return noAuthenticators()
	}
	_, err := c.Pool.Users.Update(ctx, u.Username, func(u *userpool.User) error {
		if u.MFA == nil || u.MFA.Pending == "" {
			return userpool.Errorf(SoftwareTokenMFANotFound, "Software Token MFA has not been associated.") // Unverified: class and text
		}
		period, ok := matchTOTP(u.MFA.Pending, code, e.env.Now())
		if !ok {
			return wrongAuthenticator()
		}
		u.MFA.TOTPSecret, u.MFA.Pending, u.MFA.Verified, u.MFA.LastPeriod = u.MFA.Pending, "", true, period
		return nil
	})
	return err
}

// AssociateInSession makes the secret of an authenticator in a sign-in that waits for one, and returns the next session.
func (e *Engine) AssociateInSession(ctx context.Context, session string) (secret, next string, err error) {
	c, t, err := e.setup(ctx, session)
	if err != nil {
		return "", "", err
	}
	secret = base32Secret.EncodeToString(e.env.Bytes(totpSecret))
	t.Setup = &userpool.MFA{TOTPSecret: secret}
	next, err = e.open(ctx, c, t.challenge)
	return secret, next, err
}

// VerifyInSession verifies the authenticator of such a sign-in, which then goes on by answering MFA_SETUP.
func (e *Engine) VerifyInSession(ctx context.Context, session, code string) (next string, err error) {
	c, t, err := e.setup(ctx, session)
	if err != nil {
		return "", err
	}
	if t.Setup == nil {
		return "", e.again(ctx, t, userpool.Errorf(SoftwareTokenMFANotFound, "Software Token MFA has not been associated.")) // Unverified: class and text
	}
	period, ok := matchTOTP(t.Setup.TOTPSecret, code, e.env.Now())
	if !ok {
		return "", e.wrong(ctx, t, wrongAuthenticator())
	}
	t.Setup.Verified, t.Setup.LastPeriod, t.Wrong = true, period, 0
	return e.open(ctx, c, t.challenge)
}

// setup takes the session of an MFA_SETUP in which an authenticator may be associated.
func (e *Engine) setup(ctx context.Context, session string) (Caller, *taken, error) {
	c, err := e.SessionOf(ctx, session)
	if err != nil {
		return c, nil, err
	}
	t, err := e.take(ctx, session)
	if err != nil {
		return c, nil, err
	}
	if t.Name != MFASetup {
		return c, nil, notAuthorized(invalidSession)
	}
	if !slices.Contains(t.Options, SoftwareTokenMFA) {
		return c, nil, e.again(ctx, t, noAuthenticators())
	}
	return c, t, nil
}

// Preference is what is to become of one second factor; nil in a map of them: it stays.
type Preference struct{ Enabled, Preferred bool }

// SetMFAPreference says which second factors a user is asked for, by their names as challenges.
func (e *Engine) SetMFAPreference(ctx context.Context, p *userpool.Pool, username string, wanted map[string]*Preference) error {
	preferred := ""
	for _, factor := range secondFactors {
		w := wanted[factor]
		switch {
		case w == nil || !w.Preferred:
		case !w.Enabled:
			return invalid("%s can not be preferred without being enabled.", factor) // Unverified: the text
		case preferred != "":
			return invalid("Only one MFA method can be set as preferred.") // Unverified: the text
		default:
			preferred = factor
		}
	}
	_, err := p.Users.Update(ctx, username, func(u *userpool.User) error {
		m := factorsOf(u)
		for _, factor := range secondFactors {
			w := wanted[factor]
			if w == nil {
				continue
			}
			if !w.Enabled {
				m.Disable(factor)
				continue
			}
			if err := mayEnable(p, u, factor); err != nil {
				return err
			}
			m.Enable(factor)
			if m.Preferred == factor && !w.Preferred {
				m.Preferred = ""
			}
		}
		if preferred != "" {
			m.Preferred = preferred
		}
		u.MFA = m
		return nil
	})
	return err
}

// mayEnable refuses a factor that the pool has not, or for which the user lacks what it needs.
func mayEnable(p *userpool.Pool, u *userpool.User, factor string) error {
	switch {
	case factor == SoftwareTokenMFA && !p.HasSecondFactor(factor):
		return noAuthenticators()
	case factor == SoftwareTokenMFA && (u.MFA == nil || !u.MFA.Verified):
		return invalid("User has not verified software token mfa")
	case !p.HasSecondFactor(factor):
		return invalid("%s is not enabled for the user pool.", factor) // Unverified: the text
	case contactOf(factor) != "" && u.Attributes.Get(contactOf(factor)) == "":
		return invalid("User does not have delivery config set to turn on %s", factor)
	}
	return nil
}
