package signin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// riddle is a custom authentication: three tries at a riddle.
func riddle(w *world) {
	answer(w, signin.TriggerDefineAuthChallenge, func(e *signin.DefineAuthChallenge) error {
		n := len(e.Session)
		switch {
		case n > 0 && e.Session[n-1].Correct && e.Session[n-1].Name == signin.CustomChallenge:
			e.IssueTokens = true
		case n >= 3:
			e.Fail = true
		default:
			e.ChallengeName = signin.CustomChallenge
		}
		return nil
	})
	answer(w, signin.TriggerCreateAuthChallenge, func(e *signin.CreateAuthChallenge) error {
		e.Public, e.Private, e.ChallengeMetadata = map[string]string{"question": "who?"}, map[string]string{"answer": "me"}, "RIDDLE"
		return nil
	})
	answer(w, signin.TriggerVerifyAuthChallenge, func(e *signin.VerifyAuthChallenge) error {
		e.Correct = e.Answer == e.Private["answer"]
		return nil
	})
}

func TestCustomAuthentication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	_, err := w.initiate(signin.FlowCustom, "USERNAME", "jane")
	refused(t, err, userpool.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	riddle(w)
	step, err := w.initiate(signin.FlowCustom, "USERNAME", "jane")
	step = challenged(t, step, err, signin.CustomChallenge)
	require.Equal(t, map[string]string{"question": "who?", "USERNAME": "jane"}, step.Parameters, "and nothing private")
	wrong, err := w.respond(step, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "you")
	wrong = challenged(t, wrong, err, signin.CustomChallenge)
	_, err = w.respond(step, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "me")
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	out, err := w.respond(wrong, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "me")
	signedIn(t, out, err, "jane")
	last := event[*signin.DefineAuthChallenge](t, w, len(w.triggers.events)-1)
	require.Equal(t, []signin.ChallengeResult{
		{Name: "CUSTOM_CHALLENGE", Metadata: "RIDDLE"}, {Name: "CUSTOM_CHALLENGE", Correct: true, Metadata: "RIDDLE"},
	}, last.Session)

	step, err = w.initiate(signin.FlowCustom, "USERNAME", "jane")
	for range 2 {
		step = challenged(t, step, err, signin.CustomChallenge)
		step, err = w.respond(step, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "you")
	}
	_, err = w.respond(challenged(t, step, err, signin.CustomChallenge), signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "you")
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}

func TestCustomAuthenticationOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	riddle(w)
	step, err := w.initiate(signin.FlowCustom, "USERNAME", "nobody")
	step = challenged(t, step, err, signin.CustomChallenge)
	require.True(t, event[*signin.DefineAuthChallenge](t, w, 0).UserNotFound)
	require.True(t, event[*signin.CreateAuthChallenge](t, w, 1).UserNotFound)
	_, err = w.respond(step, signin.CustomChallenge, "USERNAME", "nobody", "ANSWER", "me")
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	require.True(t, event[*signin.VerifyAuthChallenge](t, w, 2).UserNotFound)
}

// A password first, then the riddle.
func TestCustomAuthenticationBySRP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	riddle(w)
	plain := w.triggers.answers[signin.TriggerDefineAuthChallenge]
	answer(w, signin.TriggerDefineAuthChallenge, func(e *signin.DefineAuthChallenge) error {
		switch n := len(e.Session); {
		case n == 1 && e.Session[0] == (signin.ChallengeResult{Name: "SRP_A", Correct: true}):
			e.ChallengeName = signin.PasswordVerifier
			return nil
		case n == 2 && !e.Session[1].Correct:
			e.Fail = true
			return nil
		}
		return plain(e)
	})
	begin := func(name, clear string) (*signin.Step, error) {
		s := newSRPClient(w)
		step, err := w.initiate(signin.FlowCustom, "USERNAME", name, "CHALLENGE_NAME", "SRP_A", "SRP_A", s.srpA())
		step = challenged(t, step, err, signin.PasswordVerifier)
		require.NotEmpty(t, step.Session)
		_, err = w.engine.Respond(t.Context(), w.caller(), signin.PasswordVerifier, "another", pairs(s.claim(w, step, clear, w.env.Now())))
		refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
		step, err = w.initiate(signin.FlowCustom, "USERNAME", name, "CHALLENGE_NAME", "SRP_A", "SRP_A", s.srpA())
		step = challenged(t, step, err, signin.PasswordVerifier)
		return w.respond(step, signin.PasswordVerifier, s.claim(w, step, clear, w.env.Now())...)
	}
	step, err := begin("jane", password)
	step = challenged(t, step, err, signin.CustomChallenge)
	out, err := w.respond(step, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "me")
	signedIn(t, out, err, "jane")
	for name, clear := range map[string]string{"jane": "wrong", "nobody": password} {
		_, err = begin(name, clear)
		refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	}
	_, err = w.initiate(signin.FlowCustom, "USERNAME", "jane", "CHALLENGE_NAME", "SRP_A")
	refused(t, err, userpool.InvalidParameter, "Missing required parameter SRP_A")
}

func TestFunctionsThatDecideNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	w.watch(signin.TriggerDefineAuthChallenge)
	_, err := w.initiate(signin.FlowCustom, "USERNAME", "jane")
	require.True(t, userpool.IsCode(err, signin.InvalidLambdaResponse), "%v", err)
	answer(w, signin.TriggerDefineAuthChallenge, func(e *signin.DefineAuthChallenge) error { e.ChallengeName = signin.CustomChallenge; return nil })
	_, err = w.initiate(signin.FlowCustom, "USERNAME", "jane")
	refused(t, err, userpool.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	answer(w, signin.TriggerCreateAuthChallenge, func(*signin.CreateAuthChallenge) error { return nil })
	step, err := w.initiate(signin.FlowCustom, "USERNAME", "jane")
	step = challenged(t, step, err, signin.CustomChallenge)
	_, err = w.respond(step, signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "x")
	refused(t, err, userpool.InvalidParameter, "Custom auth lambda trigger is not configured for the user pool.")
	w.watch(signin.TriggerVerifyAuthChallenge)
	step, err = w.initiate(signin.FlowCustom, "USERNAME", "jane")
	n := 0
	for ; err == nil; n++ {
		require.Less(t, n, 100, "a function that asks for ever comes to an end")
		step, err = w.respond(challenged(t, step, err, signin.CustomChallenge), signin.CustomChallenge, "USERNAME", "jane", "ANSWER", "x")
	}
	require.True(t, userpool.IsCode(err, signin.InvalidLambdaResponse), "%v", err)
	w.change("jane", func(u *userpool.User) { u.Status = userpool.Unconfirmed })
	_, err = w.initiate(signin.FlowCustom, "USERNAME", "jane")
	refused(t, err, signin.UserNotConfirmed, "User is not confirmed.")
}
