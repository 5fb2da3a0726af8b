package signin

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Options are what New needs.
type Options struct {
	Env       *lab.Env
	Directory *userpool.Directory
	Store     store.Backend // of challenges and counted attempts, which live for minutes
	Triggers  Triggers      // nil: no pool has a function
	Log       *slog.Logger  // nil: discard
}

// Engine signs users in. It is safe for concurrent use.
type Engine struct {
	env        *lab.Env
	directory  *userpool.Directory
	triggers   Triggers
	log        *slog.Logger
	challenges store.Table[challenge]
	attempts   store.Table[attempts]

	counting sync.Mutex // of those who read attempts and write them again
}

// New returns an engine.
func New(o Options) *Engine {
	if o.Triggers == nil {
		o.Triggers = NoTriggers{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{
		env: o.Env, directory: o.Directory, triggers: o.Triggers, log: o.Log,
		challenges: store.NewTable[challenge](o.Store, "cognito.challenges"),
		attempts:   store.NewTable[attempts](o.Store, "cognito.attempts"),
	}
}

// Triggers are the functions of the pools.
func (e *Engine) Triggers() Triggers { return e.triggers }

// Caller is who asks: an app client of a pool, or an administrator.
type Caller struct {
	Pool       *userpool.Pool
	Client     *userpool.AppClient // nil: none, as of an administrator who sets a user up
	Admin      bool                // the request is signed: flows of administrators are open, and nobody is hidden from it
	Metadata   map[string]string   // ClientMetadata, for triggers
	Validation map[string]string   // validation data, for triggers before a user is made or signs in
}

// hides tells whether an unknown user is answered like one who is there.
func (c Caller) hides() bool { return c.Client != nil && c.Client.HidesUsers() }

// Step is where a sign-in has got to: at its end, with the user, or at a challenge.
type Step struct {
	User *userpool.User
	// Source is what the tokens are made after: Authentication or NewPasswordChallenge (PreTokenGeneration's source).
	Source string

	Challenge  string            // ChallengeName; empty at the end
	Session    string            // to answer it by; empty for PASSWORD_VERIFIER of USER_SRP_AUTH
	Parameters map[string]string // ChallengeParameters
	Available  []string          // AvailableChallenges, of USER_AUTH
}

// run runs a pool's function.
func (e *Engine) run(ctx context.Context, event Event) (bool, error) {
	ran, err := e.triggers.Run(ctx, event)
	if err != nil {
		b := event.Common()
		e.log.InfoContext(ctx, "trigger refused", "source", b.Source, "username", b.Username, "error", err)
	}
	return ran, err
}

// confirmed runs PostConfirmation.
func (e *Engine) confirmed(ctx context.Context, c Caller, what string, u *userpool.User) error {
	_, err := e.run(ctx, &PostConfirmation{NewBase(TriggerPostConfirmation, what, c, u, "")})
	return err
}

// secret is random bytes of this lab that stay the same, for what is made up.
func (e *Engine) secret() ([]byte, error) {
	b, err := e.env.Keys().Secret("cognito/signin")
	if err != nil {
		return nil, fmt.Errorf("secret of simulated answers: %w", err)
	}
	return b, nil
}
