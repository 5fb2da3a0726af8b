package signin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// second makes a pool with all second factors.
func second(mode userpool.MFAMode) func(*pool) {
	return func(p *pool) {
		on := true
		p.MFA, p.SoftwareTokenMFA, p.SMSMFA, p.EmailMFA = mode, &on, &userpool.SMSMFA{Message: "Say {####}"}, &userpool.EmailMFA{Subject: "Code", Message: "It is {####}"}
	}
}

func onlyTOTP(mode userpool.MFAMode) func(*pool) {
	return func(p *pool) { on := true; p.MFA, p.SoftwareTokenMFA = mode, &on }
}

// login begins a sign-in with the right password.
func (w *world) login(name string) (*signin.Step, error) {
	return w.initiate(signin.FlowPassword, "USERNAME", name, "PASSWORD", password)
}

// authenticator associates and verifies one, and returns its secret.
func (w *world) authenticator(name string) string {
	w.t.Helper()
	secret, err := w.engine.AssociateSoftwareToken(w.t.Context(), w.caller(), w.now(name))
	require.NoError(w.t, err)
	require.Len(w.t, secret, 52)
	require.NoError(w.t, w.engine.VerifySoftwareToken(w.t.Context(), w.caller(), w.now(name), totp(w.t, secret, w.env.Now())))
	return secret
}

func (w *world) prefer(name string, wanted map[string]*signin.Preference) error {
	return w.engine.SetMFAPreference(w.t.Context(), w.caller().Pool, name, wanted)
}

var (
	on        = &signin.Preference{Enabled: true}
	off       = &signin.Preference{}
	preferred = &signin.Preference{Enabled: true, Preferred: true}
)

type preferences = map[string]*signin.Preference

func TestSoftwareToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed)
	refused(t, w.engine.VerifySoftwareToken(t.Context(), w.caller(), w.now("jane"), "123456"), signin.SoftwareTokenMFANotFound, "Software Token MFA has not been associated.")
	refused(t, w.prefer("jane", preferences{signin.SoftwareTokenMFA: preferred}), userpool.InvalidParameter, "User has not verified software token mfa")
	secret := w.authenticator("jane")
	step, err := w.login("jane")
	signedIn(t, step, err, "jane") // verified and not asked for

	require.NoError(t, w.prefer("jane", preferences{signin.SoftwareTokenMFA: preferred}))
	require.Equal(t, &userpool.MFA{Preferred: "SOFTWARE_TOKEN_MFA", Enabled: []string{"SOFTWARE_TOKEN_MFA"}, TOTPSecret: secret, Verified: true, LastPeriod: w.env.Now().Unix() / 30}, w.now("jane").MFA)
	step, err = w.login("jane")
	step = challenged(t, step, err, signin.SoftwareTokenMFA)
	code := totp(t, secret, w.env.Now())
	_, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", code)
	refused(t, err, signin.ExpiredCode, "Your software token has already been used once.")
	_, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", otherCode(code))
	refused(t, err, signin.CodeMismatch, "Invalid code received for user")
	_, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane")
	refused(t, err, userpool.InvalidParameter, "Missing required parameter SOFTWARE_TOKEN_MFA_CODE")
	w.env.Advance(time.Minute)
	for _, drift := range []time.Duration{-time.Minute, time.Minute} {
		_, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", totp(t, secret, w.env.Now().Add(drift)))
		require.Error(t, err)
	}
	out, err := w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", totp(t, secret, w.env.Now().Add(-30*time.Second)))
	signedIn(t, out, err, "jane")

	// Another association counts when it is verified.
	_, err = w.engine.AssociateSoftwareToken(t.Context(), w.caller(), w.now("jane"))
	require.NoError(t, err)
	step, err = w.srp("jane", password)
	step = challenged(t, step, err, signin.SoftwareTokenMFA)
	out, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", totp(t, secret, w.env.Now()))
	signedIn(t, out, err, "jane")

	require.NoError(t, w.prefer("jane", preferences{signin.SoftwareTokenMFA: off}))
	step, err = w.login("jane")
	signedIn(t, step, err, "jane")
}

func TestASessionTakesFiveWrongCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: on}))
	step, err := w.login("jane")
	step = challenged(t, step, err, signin.EmailOTP)
	for range 5 {
		_, err = w.respond(step, signin.EmailOTP, "USERNAME", "jane", "EMAIL_OTP_CODE", otherCode(w.message().Code))
		refused(t, err, signin.CodeMismatch, "Invalid code received for user")
	}
	_, err = w.respond(step, signin.EmailOTP, "USERNAME", "jane", "EMAIL_OTP_CODE", w.message().Code)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
}

func TestCodesThatAreSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "phone_number", "+15551234567")
	for factor, c := range map[string]struct{ medium, shown, to, body string }{
		signin.EmailOTP: {"EMAIL", "j***@e***", "jane@example.com", "It is "},
		signin.SMSMFA:   {"SMS", "+*******4567", "+15551234567", "Say "},
	} {
		require.NoError(t, w.prefer("jane", preferences{factor: preferred}))
		step, err := w.srp("jane", password)
		step = challenged(t, step, err, factor)
		require.Equal(t, map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": c.medium, "CODE_DELIVERY_DESTINATION": c.shown, "USER_ID_FOR_SRP": "jane"}, step.Parameters)
		m := w.message()
		require.Equal(t, []string{c.medium, c.to, c.body + m.Code}, []string{m.Medium, m.Destination, m.Body})
		require.Equal(t, userpool.SecondFactor, m.Purpose)
		_, err = w.respond(step, factor, "USERNAME", "jane")
		refused(t, err, userpool.InvalidParameter, "Missing required parameter "+factor+"_CODE")
		out, err := w.respond(step, factor, "USERNAME", "jane", factor+"_CODE", m.Code)
		signedIn(t, out, err, "jane")
		_, err = w.respond(step, factor, "USERNAME", "jane", factor+"_CODE", m.Code)
		refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	}
}

func TestChoiceOfSecondFactors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	secret := w.authenticator("jane")
	require.NoError(t, w.prefer("jane", preferences{signin.SoftwareTokenMFA: on, signin.EmailOTP: on}))
	step, err := w.login("jane")
	step = challenged(t, step, err, signin.SelectMFAType)
	require.Equal(t, `["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, step.Parameters["MFAS_CAN_CHOOSE"])
	_, err = w.respond(step, signin.SelectMFAType, "USERNAME", "jane", "ANSWER", signin.SMSMFA)
	refused(t, err, userpool.InvalidParameter, "SMS_MFA is not one of SOFTWARE_TOKEN_MFA, EMAIL_OTP.")
	step, err = w.respond(step, signin.SelectMFAType, "USERNAME", "jane", "ANSWER", signin.SoftwareTokenMFA)
	step = challenged(t, step, err, signin.SoftwareTokenMFA)
	w.env.Advance(time.Minute)
	out, err := w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", totp(t, secret, w.env.Now()))
	signedIn(t, out, err, "jane")

	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: preferred}))
	step, err = w.login("jane")
	challenged(t, step, err, signin.EmailOTP)
	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: on}))
	step, err = w.login("jane")
	challenged(t, step, err, signin.SelectMFAType)
}

func TestPreferencesAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	refused(t, w.prefer("jane", preferences{signin.SMSMFA: on}), userpool.InvalidParameter, "User does not have delivery config set to turn on SMS_MFA")
	for name, p := range map[string]preferences{
		"two preferred":         {signin.EmailOTP: preferred, signin.SoftwareTokenMFA: preferred},
		"preferred and not on":  {signin.EmailOTP: {Preferred: true}},
		"an absent user's":      nil,
		"without authenticator": {signin.SoftwareTokenMFA: on},
	} {
		who := "jane"
		if p == nil {
			who = "nobody"
		}
		require.Error(t, w.prefer(who, p), name)
	}
	require.Nil(t, w.now("jane").MFA)
	plain := newWorld(t)
	plain.user("jane", userpool.Confirmed, "email", "jane@example.com")
	require.Error(t, plain.prefer("jane", preferences{signin.EmailOTP: on}))
	refused(t, plain.prefer("jane", preferences{signin.SoftwareTokenMFA: on}), signin.SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool.")
	_, err := plain.engine.AssociateSoftwareToken(t.Context(), plain.caller(), plain.now("jane"))
	refused(t, err, signin.SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool.")
}

// Required MFA: whoever has nothing set up does so during the sign-in.
func TestSetUpDuringASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, onlyTOTP(userpool.MFAOn))
	w.user("jane", userpool.ForceChangePassword)
	step, err := w.srp("jane", password)
	step = challenged(t, step, err, signin.NewPasswordRequired)
	step, err = w.respond(step, signin.NewPasswordRequired, "USERNAME", "jane", "NEW_PASSWORD", "Another0!")
	step = challenged(t, step, err, signin.MFASetup)
	require.Equal(t, `["SOFTWARE_TOKEN_MFA"]`, step.Parameters["MFAS_CAN_SETUP"])
	_, err = w.respond(step, signin.MFASetup, "USERNAME", "jane")
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%v", err)
	_, err = w.engine.VerifyInSession(t.Context(), step.Session, "123456")
	require.True(t, userpool.IsCode(err, signin.SoftwareTokenMFANotFound), "%v", err)

	secret, session, err := w.engine.AssociateInSession(t.Context(), step.Session)
	require.NoError(t, err)
	_, _, err = w.engine.AssociateInSession(t.Context(), step.Session)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	code := totp(t, secret, w.env.Now())
	_, err = w.engine.VerifyInSession(t.Context(), session, otherCode(code))
	refused(t, err, signin.EnableSoftwareToken, "Code mismatch")
	session, err = w.engine.VerifyInSession(t.Context(), session, code)
	require.NoError(t, err)
	out, err := w.engine.Respond(t.Context(), w.caller(), signin.MFASetup, session, pairs([]string{"USERNAME", "jane"}))
	signedIn(t, out, err, "jane")
	require.Equal(t, "NewPasswordChallenge", out.Source)
	require.Equal(t, []string{"SOFTWARE_TOKEN_MFA"}, w.now("jane").MFA.Enabled)
	step, err = w.srp("jane", "Another0!")
	step = challenged(t, step, err, signin.SoftwareTokenMFA)
	_, err = w.respond(step, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", code)
	refused(t, err, signin.ExpiredCode, "Your software token has already been used once.")

	_, err = w.engine.VerifyInSession(t.Context(), step.Session, code)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
}

func TestRequiredFactorsFromContacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOn))
	w.user("number", userpool.Confirmed, "phone_number", "+15551234567")
	w.user("both", userpool.Confirmed, "phone_number", "+15551234567", "email", "b@example.com")
	w.user("none", userpool.Confirmed)
	step, err := w.login("number")
	challenged(t, step, err, signin.SMSMFA)
	step, err = w.login("both")
	step = challenged(t, step, err, signin.SelectMFAType)
	require.Equal(t, `["SMS_MFA","EMAIL_OTP"]`, step.Parameters["MFAS_CAN_CHOOSE"])
	step, err = w.login("none")
	step = challenged(t, step, err, signin.MFASetup)
	require.Equal(t, `["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, step.Parameters["MFAS_CAN_SETUP"])
	_, err = w.respond(step, signin.MFASetup, "USERNAME", "none", "EMAIL", "no address")
	refused(t, err, userpool.InvalidParameter, "Invalid email address format.")
	step, err = w.respond(step, signin.MFASetup, "USERNAME", "none", "EMAIL", "n@example.com")
	step = challenged(t, step, err, signin.EmailOTP)
	require.Empty(t, w.now("none").Attributes.Get("email"), "not before the code")
	out, err := w.respond(step, signin.EmailOTP, "USERNAME", "none", "EMAIL_OTP_CODE", w.message().Code)
	signedIn(t, out, err, "none")
	require.Equal(t, "true", w.now("none").Attributes.Get("email_verified"))
	require.Equal(t, "n@example.com", w.now("none").Attributes.Get("email"))

	sms := newWorld(t, func(p *pool) { p.MFA, p.SMSMFA = userpool.MFAOn, &userpool.SMSMFA{} })
	sms.user("none", userpool.Confirmed)
	_, err = sms.login("none")
	require.True(t, userpool.IsCode(err, signin.MFAMethodNotFound), "%v", err)
}

func TestTriggersOfASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed, "email", "jane@example.com")
	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: on}))
	w.watch(signin.TriggerPreAuthentication, signin.TriggerPostAuthentication, signin.TriggerCustomMessage)
	c := w.caller()
	c.Validation = map[string]string{"v": "1"}
	step, err := w.engine.Initiate(t.Context(), c, signin.FlowPassword, pairs([]string{"USERNAME", "jane", "PASSWORD", password}), "")
	step = challenged(t, step, err, signin.EmailOTP)
	require.Equal(t, []string{"PreAuthentication_Authentication", "CustomMessage_Authentication"}, w.sources())
	before := event[*signin.PreAuthentication](t, w, 0)
	require.Equal(t, map[string]string{"v": "1"}, before.Validation)
	require.False(t, before.UserNotFound)
	require.Equal(t, w.now("jane").Sub, before.Attributes["sub"])
	c = w.caller()
	c.Metadata = map[string]string{"m": "1"}
	out, err := w.engine.Respond(t.Context(), c, signin.EmailOTP, step.Session, pairs([]string{"USERNAME", "jane", "EMAIL_OTP_CODE", w.message().Code}))
	signedIn(t, out, err, "jane")
	require.Equal(t, "PostAuthentication_Authentication", w.sources()[2])
	require.Equal(t, map[string]string{"m": "1"}, event[*signin.PostAuthentication](t, w, 2).Metadata)

	_, err = w.initiate(signin.FlowPassword, "USERNAME", "nobody", "PASSWORD", password)
	refused(t, err, signin.NotAuthorized, "Incorrect username or password.")
	require.True(t, event[*signin.PreAuthentication](t, w, 3).UserNotFound)
	answer(w, signin.TriggerPreAuthentication, func(e *signin.PreAuthentication) error { return signin.Thrown(e.Trigger, "closed on Sundays") })
	for _, attempt := range []func() (*signin.Step, error){
		func() (*signin.Step, error) { return w.login("jane") },
		func() (*signin.Step, error) { return w.srp("jane", password) },
	} {
		_, err = attempt()
		refused(t, err, signin.UserLambdaValidation, "PreAuthentication failed with error closed on Sundays.")
	}
	w.watch(signin.TriggerPreAuthentication)
	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: off}))
	answer(w, signin.TriggerPostAuthentication, func(e *signin.PostAuthentication) error { return signin.Thrown(e.Trigger, "no") })
	_, err = w.login("jane")
	refused(t, err, signin.UserLambdaValidation, "PostAuthentication failed with error no.")
}
