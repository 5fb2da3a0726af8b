package signin

import (
	"context"
	"fmt"
	"maps"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// customState is a custom authentication between two questions.
type customState struct {
	Session  []ChallengeResult
	Private  map[string]string // privateChallengeParameters of the open CUSTOM_CHALLENGE
	Metadata string            // its challengeMetadata
}

// maxCustom bounds the questions of one sign-in, so that a function that never decides comes to an end.
const maxCustom = 50

// startCustom begins an authentication that functions of the pool define, or one by SRP that they go on with
// (CHALLENGE_NAME SRP_A).
func (e *Engine) startCustom(ctx context.Context, c Caller, username string, in map[string]string) (*Step, error) {
	u := c.Pool.Users.Find(username)
	switch {
	case u == nil && !c.hides():
		return nil, noUser()
	case u == nil:
		trace.Note(ctx, fmt.Sprintf("user pool %s has no user %q: the functions are told so", c.Pool.ID, username))
	default:
		if err := e.maySignIn(c, u); err != nil {
			return nil, err
		}
	}
	if err := e.preAuthentication(ctx, c, u, username); err != nil {
		return nil, err
	}
	state := customState{}
	if in["CHALLENGE_NAME"] != "SRP_A" {
		return e.define(ctx, c, u, username, state)
	}
	if in["SRP_A"] == "" {
		return nil, missing("SRP_A")
	}
	state.Session = []ChallengeResult{{Name: "SRP_A", Correct: true}}
	next, err := e.decide(ctx, c, u, username, state)
	if err != nil {
		return nil, err
	}
	if next.ChallengeName != PasswordVerifier {
		return e.follow(ctx, c, u, username, state, next)
	}
	return e.startSRP(ctx, c, username, in["SRP_A"], FlowCustom, &state)
}

// define asks how the authentication goes on, and does so.
func (e *Engine) define(ctx context.Context, c Caller, u *userpool.User, username string, state customState) (*Step, error) {
	next, err := e.decide(ctx, c, u, username, state)
	if err != nil {
		return nil, err
	}
	return e.follow(ctx, c, u, username, state, next)
}

// decide runs DefineAuthChallenge.
func (e *Engine) decide(ctx context.Context, c Caller, u *userpool.User, username string, state customState) (*DefineAuthChallenge, error) {
	event := &DefineAuthChallenge{Base: NewBase(TriggerDefineAuthChallenge, "Authentication", c, u, username), Session: state.Session, UserNotFound: u == nil}
	ran, err := e.run(ctx, event)
	switch {
	case err != nil:
		return nil, err
	case !ran:
		return nil, invalid("Custom auth lambda trigger is not configured for the user pool.")
	case event.Fail:
		return nil, wrongPassword()
	}
	return event, nil
}

// follow does what DefineAuthChallenge has decided. A name that nobody has is never issued tokens.
func (e *Engine) follow(ctx context.Context, c Caller, u *userpool.User, username string, state customState, next *DefineAuthChallenge) (*Step, error) {
	switch {
	case next.IssueTokens && u == nil:
		return nil, wrongPassword()
	case next.IssueTokens:
		return e.done(ctx, c, u, progress{flow: FlowCustom})
	case next.ChallengeName != CustomChallenge || len(state.Session) >= maxCustom:
		return nil, userpool.Errorf(InvalidLambdaResponse, "Unrecognizable lambda output") // Unverified: the text
	}
	made := &CreateAuthChallenge{
		Base:          NewBase(TriggerCreateAuthChallenge, "Authentication", c, u, username),
		ChallengeName: CustomChallenge, Session: state.Session, UserNotFound: u == nil,
	}
	ran, err := e.run(ctx, made)
	if err != nil {
		return nil, err
	}
	if !ran {
		return nil, invalid("Custom auth lambda trigger is not configured for the user pool.")
	}
	state.Private, state.Metadata = made.Private, made.ChallengeMetadata
	ch := aboutNobody(c, username, FlowCustom, CustomChallenge)
	shown := username
	if u != nil {
		ch, shown = about(c, u, FlowCustom, CustomChallenge), u.Username
	}
	ch.Custom = &state
	session, err := e.open(ctx, c, ch)
	parameters := map[string]string{}
	maps.Copy(parameters, made.Public)
	parameters["USERNAME"] = shown
	return &Step{Challenge: CustomChallenge, Session: session, Parameters: parameters}, err
}

// answerCustom has an answer verified.
func (e *Engine) answerCustom(ctx context.Context, c Caller, t *taken, in map[string]string) (*Step, error) {
	answer, given := in["ANSWER"]
	if !given {
		return nil, e.again(ctx, t, missing("ANSWER"))
	}
	var u *userpool.User
	if t.Sub != "" {
		var err error
		if u, err = t.user(c.Pool); err != nil {
			return nil, err
		}
	}
	event := &VerifyAuthChallenge{
		Base:    NewBase(TriggerVerifyAuthChallenge, "Authentication", c, u, t.Username),
		Private: t.Custom.Private, Answer: answer, UserNotFound: u == nil,
	}
	ran, err := e.run(ctx, event)
	if err != nil {
		return nil, err
	}
	if !ran {
		return nil, invalid("Custom auth lambda trigger is not configured for the user pool.")
	}
	return e.customAnswered(ctx, c, t, u, ChallengeResult{Name: CustomChallenge, Correct: event.Correct, Metadata: t.Custom.Metadata})
}

// customAnswered goes on with the result of a question.
func (e *Engine) customAnswered(ctx context.Context, c Caller, t *taken, u *userpool.User, result ChallengeResult) (*Step, error) {
	state := customState{Session: append(t.Custom.Session, result)}
	if u != nil {
		if err := e.maySignIn(c, u); err != nil {
			return nil, err
		}
	}
	return e.define(ctx, c, u, t.Username, state)
}
