package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The names of challenges.
const (
	PasswordVerifier    = "PASSWORD_VERIFIER"
	NewPasswordRequired = "NEW_PASSWORD_REQUIRED"
	CustomChallenge     = "CUSTOM_CHALLENGE"
	SelectChallenge     = "SELECT_CHALLENGE"
	PasswordChallenge   = "PASSWORD"
	PasswordSRP         = "PASSWORD_SRP"
	SMSOTP              = "SMS_OTP"
	EmailOTP            = "EMAIL_OTP" // a first factor, and a second one
	SMSMFA              = "SMS_MFA"
	SoftwareTokenMFA    = "SOFTWARE_TOKEN_MFA"
	SelectMFAType       = "SELECT_MFA_TYPE"
	MFASetup            = "MFA_SETUP"

	signUpSession = "SIGN_UP" // no challenge: a session of a sign-up, which a USER_AUTH goes on with
)

// challenge is a question that is open. It is kept under the hash of its session, or of its secret block.
type challenge struct {
	Name     string
	PoolID   string
	ClientID string
	Username string // the user's own; as it was given when nobody has it
	Sub      string // empty: nobody has the name, and all is simulated
	Flow     string
	Expires  time.Time
	Wrong    int // answers that were wrong

	Session string        // that has to come with a secret block; empty: none
	SRP     *srpExchange  // PASSWORD_VERIFIER
	Block   []byte        // its secret block
	Custom  *customState  // of CUSTOM_AUTH
	Code    string        // that was sent: SMS_MFA, EMAIL_OTP, SMS_OTP
	Sent    string        // attribute that the code was sent to
	Address string        // EMAIL_OTP of MFA_SETUP: the address that gets the user's when the code is right
	First   bool          // EMAIL_OTP, SMS_OTP: the first factor
	Options []string      // SELECT_CHALLENGE, SELECT_MFA_TYPE, MFA_SETUP: what may be chosen
	Setup   *userpool.MFA // MFA_SETUP: the authenticator that is being associated
	After   string        // what the tokens will be made after, Step.Source
}

// keptExpired is how long a session that is over is told apart from one that never was.
const keptExpired = time.Hour

// maxWrong is how many wrong codes a session takes. Unverified: the number.
const maxWrong = 5

// sessionBytes make a session of 64 characters; the service takes 20–2048.
const sessionBytes = 48

func hashed(kind, value string) string {
	sum := sha256.Sum256([]byte(value))
	return kind + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// lifetime is how long a client's sessions live.
func lifetime(c *userpool.AppClient) time.Duration {
	if c == nil || c.AuthSessionMinutes == 0 {
		return 3 * time.Minute
	}
	return time.Duration(c.AuthSessionMinutes) * time.Minute
}

// open keeps a challenge under a new session, which it returns.
func (e *Engine) open(ctx context.Context, c Caller, ch challenge) (string, error) {
	session := e.env.Token(sessionBytes)
	ch.Expires = e.env.Now().Add(lifetime(c.Client))
	return session, e.keep(ctx, hashed("session", session), ch)
}

// keep keeps a challenge, and somewhat longer than it may be answered.
func (e *Engine) keep(ctx context.Context, key string, ch challenge) error {
	return e.challenges.Put(ctx, key, ch, ch.Expires.Add(keptExpired))
}

// taken is a challenge that somebody answers. It is his alone.
type taken struct {
	challenge
	key string
}

// take takes the challenge of a session.
func (e *Engine) take(ctx context.Context, session string) (*taken, error) {
	if session == "" {
		return nil, missing("Session")
	}
	return e.takeKey(ctx, hashed("session", session))
}

func (e *Engine) takeKey(ctx context.Context, key string) (*taken, error) {
	ch, err := e.challenges.Take(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, notAuthorized(invalidSession)
	}
	if err != nil {
		return nil, err
	}
	if !e.env.Now().Before(ch.Expires) {
		return nil, notAuthorized(expiredSession)
	}
	return &taken{ch, key}, nil
}

// again puts a challenge back that was not answered well, for another try with the same session, and returns why.
func (e *Engine) again(ctx context.Context, t *taken, why error) error {
	if err := e.keep(ctx, t.key, t.challenge); err != nil {
		return err
	}
	return why
}

// wrong is again for a wrong code; after too many the session is over.
func (e *Engine) wrong(ctx context.Context, t *taken, why error) error {
	if t.Wrong++; t.Wrong >= maxWrong {
		return why
	}
	return e.again(ctx, t, why)
}

// of tells whether the challenge is the caller's and about the name that came with the answer.
func (t *taken) of(c Caller, username string) bool {
	if t.PoolID != c.Pool.ID || c.Client == nil || t.ClientID != c.Client.ID {
		return false
	}
	if t.Sub == "" {
		return c.Pool.Users.Fold(username) == c.Pool.Users.Fold(t.Username)
	}
	u := c.Pool.Users.Find(username)
	return u != nil && u.Sub == t.Sub
}

// user is whom the challenge is about, as he is now.
func (t *taken) user(p *userpool.Pool) (*userpool.User, error) {
	u := p.Users.Get(t.Username)
	if u == nil || u.Sub != t.Sub {
		return nil, notAuthorized(invalidSession) // deleted meanwhile
	}
	if u.Disabled {
		return nil, disabled()
	}
	return u, nil
}

// about begins a challenge about a user.
func about(c Caller, u *userpool.User, flow, name string) challenge {
	return challenge{Name: name, PoolID: c.Pool.ID, ClientID: c.Client.ID, Username: u.Username, Sub: u.Sub, Flow: flow}
}

// aboutNobody begins a simulated challenge.
func aboutNobody(c Caller, username, flow, name string) challenge {
	return challenge{Name: name, PoolID: c.Pool.ID, ClientID: c.Client.ID, Username: username, Flow: flow}
}
