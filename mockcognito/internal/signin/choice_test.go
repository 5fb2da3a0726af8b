package signin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func passwordless(p *pool) { p.SignInPolicy = []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP"} }

func TestChoiceOfFirstFactors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, passwordless)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	step, err := w.initiate(signin.FlowChoice, "USERNAME", "jane")
	step = challenged(t, step, err, signin.SelectChallenge)
	require.Equal(t, []string{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}, step.Available, "she has no number")
	_, err = w.respond(step, signin.SelectChallenge, "USERNAME", "jane", "ANSWER", "SMS_OTP")
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%v", err)
	_, err = w.respond(step, signin.SelectChallenge, "USERNAME", "jane")
	refused(t, err, userpool.InvalidParameter, "Missing required parameter ANSWER")
	out, err := w.respond(step, signin.SelectChallenge, "USERNAME", "jane", "ANSWER", "PASSWORD", "PASSWORD", password)
	signedIn(t, out, err, "jane")

	step, err = w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", "PASSWORD")
	step = challenged(t, step, err, signin.PasswordChallenge)
	_, err = w.respond(step, signin.PasswordChallenge, "USERNAME", "jane")
	refused(t, err, userpool.InvalidParameter, "Missing required parameter PASSWORD")
	out, err = w.respond(step, signin.PasswordChallenge, "USERNAME", "jane", "PASSWORD", password)
	signedIn(t, out, err, "jane")
	out, err = w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	signedIn(t, out, err, "jane")

	s := newSRPClient(w)
	step, err = w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", s.srpA())
	step = challenged(t, step, err, signin.PasswordVerifier)
	require.NotEmpty(t, step.Session)
	out, err = w.respond(step, signin.PasswordVerifier, s.claim(w, step, password, w.env.Now())...)
	signedIn(t, out, err, "jane")
	step, err = w.initiate(signin.FlowChoice, "USERNAME", "jane")
	step = challenged(t, step, err, signin.SelectChallenge)
	step, err = w.respond(step, signin.SelectChallenge, "USERNAME", "jane", "ANSWER", "PASSWORD_SRP", "SRP_A", s.srpA())
	step = challenged(t, step, err, signin.PasswordVerifier)
	out, err = w.respond(step, signin.PasswordVerifier, s.claim(w, step, password, w.env.Now())...)
	signedIn(t, out, err, "jane")

	// One that the user cannot have is asked about.
	step, err = w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", "WEB_AUTHN")
	challenged(t, step, err, signin.SelectChallenge)
	lite := newWorld(t, func(p *pool) { p.Tier = "LITE" })
	_, err = lite.initiate(signin.FlowChoice, "USERNAME", "jane")
	require.True(t, userpool.IsCode(err, signin.FeatureUnavailableInTier), "%v", err)
}

func TestOneTimePasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, passwordless)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "phone_number", "+15551234567")
	for factor, attribute := range map[string]string{signin.EmailOTP: "email", signin.SMSOTP: "phone_number"} {
		step, err := w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", factor)
		step = challenged(t, step, err, factor)
		m := w.message()
		require.Equal(t, userpool.OneTimePassword, m.Purpose)
		require.Regexp(t, `^[0-9]{8}$`, m.Code)
		_, err = w.respond(step, factor, "USERNAME", "jane", factor+"_CODE", otherCode(m.Code))
		refused(t, err, signin.CodeMismatch, "Invalid code received for user")
		out, err := w.respond(step, factor, "USERNAME", "jane", factor+"_CODE", m.Code)
		signedIn(t, out, err, "jane")
		require.Equal(t, "true", w.now("jane").Attributes.Get(attribute+"_verified"))
	}
	step, err := w.initiate(signin.FlowChoice, "USERNAME", "jane")
	step = challenged(t, step, err, signin.SelectChallenge)
	_, err = w.respond(step, signin.EmailOTP, "USERNAME", "jane", "EMAIL_OTP_CODE", "")
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.") // nothing was sent
	step, err = w.respond(step, signin.SelectChallenge, "USERNAME", "jane", "ANSWER", signin.EmailOTP)
	challenged(t, step, err, signin.EmailOTP)
}

// Whoever is asked for a second factor has passwords only as a first one.
func TestSecondFactorsLeavePasswords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, passwordless, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: on}))
	step, err := w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", signin.EmailOTP)
	step = challenged(t, step, err, signin.SelectChallenge)
	require.Equal(t, []string{"PASSWORD", "PASSWORD_SRP"}, step.Available)
	step, err = w.respond(step, signin.SelectChallenge, "USERNAME", "jane", "ANSWER", "PASSWORD", "PASSWORD", password)
	challenged(t, step, err, signin.EmailOTP)
}

func TestPasswordlessSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, passwordless, verifiesEmail)
	_, err := w.engine.SignUp(t.Context(), w.caller(), signin.Registration{Username: "jane", Attributes: pairs([]string{"email", "jane@example.com"})})
	require.NoError(t, err)
	step, err := w.initiate(signin.FlowChoice, "USERNAME", "jane", "PREFERRED_CHALLENGE", signin.EmailOTP)
	step = challenged(t, step, err, signin.EmailOTP)
	w.watch(signin.TriggerPostConfirmation)
	out, err := w.respond(step, signin.EmailOTP, "USERNAME", "jane", "EMAIL_OTP_CODE", w.message().Code)
	signedIn(t, out, err, "jane")
	require.Equal(t, userpool.Confirmed, out.User.Status)
	require.Equal(t, []string{"PostConfirmation_ConfirmSignUp"}, w.sources())
	_, err = w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", "x")
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	require.NoError(t, w.engine.ChangePassword(t.Context(), w.caller(), w.now("jane"), "", password))
	step, err = w.srp("jane", password)
	signedIn(t, step, err, "jane")
}

func TestChoiceOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, passwordless)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "phone_number", "+15551234567")
	known, err := w.initiate(signin.FlowChoice, "USERNAME", "jane")
	challenged(t, known, err, signin.SelectChallenge)
	step, err := w.initiate(signin.FlowChoice, "USERNAME", "nobody")
	step = challenged(t, step, err, signin.SelectChallenge)
	require.Equal(t, known.Available, step.Available)
	step, err = w.respond(step, signin.SelectChallenge, "USERNAME", "nobody", "ANSWER", signin.SMSOTP)
	step = challenged(t, step, err, signin.SMSOTP)
	require.Regexp(t, `^\+\*+[0-9]{4}$`, step.Parameters["CODE_DELIVERY_DESTINATION"])
	require.Zero(t, w.messages())
	_, err = w.respond(step, signin.SMSOTP, "USERNAME", "nobody", "SMS_OTP_CODE", "")
	refused(t, err, userpool.InvalidParameter, "Missing required parameter SMS_OTP_CODE")
	_, err = w.respond(step, signin.SMSOTP, "USERNAME", "nobody", "SMS_OTP_CODE", "12345678")
	refused(t, err, signin.CodeMismatch, "Invalid code received for user")
	step, err = w.initiate(signin.FlowChoice, "USERNAME", "nobody", "PREFERRED_CHALLENGE", "PASSWORD")
	step = challenged(t, step, err, signin.PasswordChallenge)
	_, err = w.respond(step, signin.PasswordChallenge, "USERNAME", "nobody", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
}
