package signin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func (w *world) signUp(name string, attributes ...string) (*signin.Registered, error) {
	return w.engine.SignUp(w.t.Context(), w.caller(), signin.Registration{Username: name, Password: password, Attributes: pairs(attributes)})
}

func (w *world) confirm(name, code string) error {
	_, err := w.engine.ConfirmSignUp(w.t.Context(), w.caller(), signin.Confirmation{Username: name, Code: code})
	return err
}

func TestSignUpAndConfirm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail)
	out, err := w.signUp("jane", "email", "jane@example.com", "given_name", "Jane")
	require.NoError(t, err)
	require.Equal(t, &signin.Delivery{Medium: "EMAIL", Destination: "j***@e***", Attribute: "email"}, out.Delivery)
	require.Equal(t, userpool.Unconfirmed, out.User.Status)
	require.Equal(t, "false", out.User.Attributes.Get("email_verified"))
	m := w.message()
	require.Regexp(t, `^[0-9]{6}$`, m.Code)
	require.Equal(t, userpool.SignUp, m.Purpose)
	require.Equal(t, "jane@example.com", m.Destination)
	require.Contains(t, m.Body, m.Code)

	_, err = w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	refused(t, err, signin.UserNotConfirmed, "User is not confirmed.")
	refused(t, w.confirm("jane", otherCode(m.Code)), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	require.NoError(t, w.confirm("jane", m.Code))
	require.Equal(t, "true", w.now("jane").Attributes.Get("email_verified"))
	step, err := w.srp("jane", password)
	signedIn(t, step, err, "jane")
	refused(t, w.confirm("jane", m.Code), signin.NotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
}

func TestSignUpIsRefused(t *testing.T) {
	t.Parallel()
	base := func(p *pool) {
		p.AliasAttributes = []string{"email", "phone_number"}
		p.Attributes = []userpool.SchemaAttribute{{Name: "name", Required: true}, {Name: "custom:plan"}}
	}
	w := newWorld(t, base)
	w.user("taken", userpool.Confirmed, "name", "T")
	for name, c := range map[string]struct {
		in   signin.Registration
		code userpool.Code
		text string
	}{
		"taken":            {signin.Registration{Username: "taken", Password: password, Attributes: pairs([]string{"name", "N"})}, userpool.UsernameExists, "User already exists"},
		"weak":             {signin.Registration{Username: "a", Password: "weak"}, userpool.InvalidPassword, "Password did not conform with policy: Password not long enough"},
		"lacks":            {signin.Registration{Username: "a", Password: password}, userpool.InvalidParameter, "Attributes did not conform to the schema: name: The attribute is required\n"},
		"an address":       {signin.Registration{Username: "a@example.com", Password: password}, userpool.InvalidParameter, "Username cannot be of email format, since user pool is configured for email alias."},
		"a number":         {signin.Registration{Username: "+15551234", Password: password}, userpool.InvalidParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias."},
		"unknown":          {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"nothing", "x"})}, userpool.InvalidParameter, "user.nothing: Attribute does not exist in the schema.\n"},
		"unwritable":       {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"custom:plan", "x"})}, signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"verifies himself": {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"email_verified", "true"})}, signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
		"sub":              {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"sub", "x"})}, userpool.InvalidParameter, "user.sub: Attribute cannot be updated.\n"},
		"identities":       {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"identities", "x"})}, userpool.InvalidParameter, "user.identities: Attribute cannot be updated.\n"},
		"bad address":      {signin.Registration{Username: "a", Password: password, Attributes: pairs([]string{"email", "x"})}, userpool.InvalidParameter, "Invalid email address format."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.engine.SignUp(t.Context(), w.caller(), c.in)
			refused(t, err, c.code, c.text)
		})
	}
	_, err := w.engine.SignUp(t.Context(), w.caller(), signin.Registration{Username: "a", Attributes: pairs([]string{"name", "N"})})
	require.True(t, userpool.IsCode(err, userpool.InvalidPassword), "%v", err)
	require.Nil(t, w.now("a"))
	closed := newWorld(t, func(p *pool) { p.AdminCreateUser.Only = true })
	_, err = closed.signUp("a")
	refused(t, err, signin.NotAuthorized, "SignUp is not permitted for this user pool")
	addresses := newWorld(t, func(p *pool) { p.UsernameAttributes = []string{"email"} })
	_, err = addresses.signUp("a")
	refused(t, err, userpool.InvalidParameter, "Username should be an email.")
	_, err = addresses.signUp("a@example.com")
	require.NoError(t, err)
	_, err = addresses.signUp("a@example.com")
	refused(t, err, userpool.UsernameExists, "User already exists")
}

func TestSignUpCodesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail)
	_, err := w.signUp("jane", "email", "jane@example.com")
	require.NoError(t, err)
	code := w.message().Code
	w.env.Advance(24 * time.Hour)
	refused(t, w.confirm("jane", code), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	delivery, err := w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	require.NoError(t, err)
	require.Equal(t, "j***@e***", delivery.Destination)
	second := w.message().Code
	for range 5 {
		refused(t, w.confirm("jane", otherCode(second)), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	}
	refused(t, w.confirm("jane", second), userpool.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	for range 19 {
		_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
		require.NoError(t, err)
	}
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	refused(t, err, userpool.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	w.env.Advance(time.Hour)
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	require.NoError(t, err)
	require.NoError(t, w.confirm("jane", w.message().Code))
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	refused(t, err, userpool.InvalidParameter, "User is already confirmed.")
}

func TestSignUpWithoutACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.signUp("jane", "email", "jane@example.com")
	require.NoError(t, err)
	require.Nil(t, out.Delivery)
	require.Zero(t, w.messages())
	refused(t, w.confirm("jane", "123456"), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	refused(t, err, userpool.InvalidParameter, "Cannot resend codes. Auto verification not turned on.")
	w.watch(signin.TriggerPostConfirmation)
	require.NoError(t, w.engine.AdminConfirmSignUp(t.Context(), w.admin(), "jane"))
	require.Equal(t, []string{"PostConfirmation_ConfirmSignUp"}, w.sources())
	require.Equal(t, "false", w.now("jane").Attributes.Get("email_verified"), "an administrator verifies no address")
	refused(t, w.engine.AdminConfirmSignUp(t.Context(), w.admin(), "jane"), signin.NotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	refused(t, w.engine.AdminConfirmSignUp(t.Context(), w.admin(), "nobody"), userpool.UserNotFound, "User does not exist.")
}

func TestANumberIsAskedBeforeAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.AutoVerified = []string{"email", "phone_number"} })
	out, err := w.signUp("jane", "email", "jane@example.com", "phone_number", "+15551234567")
	require.NoError(t, err)
	require.Equal(t, &signin.Delivery{Medium: "SMS", Destination: "+*******4567", Attribute: "phone_number"}, out.Delivery)
	require.Equal(t, "+15551234567", w.message().Destination)
}

func TestUnknownUsersAtSignUp(t *testing.T) {
	t.Parallel()
	hiding, open := newWorld(t, verifiesEmail), newWorld(t, verifiesEmail, legacy)
	refused(t, open.confirm("nobody", "123456"), userpool.UserNotFound, "User does not exist.")
	_, err := open.engine.ResendConfirmationCode(t.Context(), open.caller(), "nobody")
	refused(t, err, userpool.UserNotFound, "User does not exist.")
	refused(t, hiding.confirm("nobody", "123456"), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	first, err := hiding.engine.ResendConfirmationCode(t.Context(), hiding.caller(), "nobody")
	require.NoError(t, err)
	require.Regexp(t, `^[a-z]\*\*\*@[a-z]\*\*\*$`, first.Destination)
	second, err := hiding.engine.ResendConfirmationCode(t.Context(), hiding.caller(), "nobody")
	require.NoError(t, err)
	require.Equal(t, first, second)
	address, err := hiding.engine.ResendConfirmationCode(t.Context(), hiding.caller(), "nobody@example.com")
	require.NoError(t, err)
	require.Equal(t, "n***@e***", address.Destination)
	number, err := hiding.engine.ResendConfirmationCode(t.Context(), hiding.caller(), "+15551234567")
	require.NoError(t, err)
	require.Equal(t, "+*******4567", number.Destination)
	require.Zero(t, hiding.messages())
}

// An address that is somebody's alias stays his, unless the confirmation says otherwise.
func TestAliasAtConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.AliasAttributes, p.AutoVerified = []string{"email"}, []string{"email"} })
	w.user("first", userpool.Confirmed, "email", "shared@example.com", "email_verified", "true")
	_, err := w.signUp("second", "email", "shared@example.com")
	require.NoError(t, err)
	code := w.message().Code
	refused(t, w.confirm("second", code), userpool.AliasExists, "An account with the email already exists.")
	require.Equal(t, userpool.Unconfirmed, w.now("second").Status)
	_, err = w.engine.ConfirmSignUp(t.Context(), w.caller(), signin.Confirmation{Username: "second", Code: code, ForceAlias: true})
	require.NoError(t, err)
	require.Equal(t, "second", w.now("shared@example.com").Username)
	require.Equal(t, "false", w.now("first").Attributes.Get("email_verified"))
}

func TestPreSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail)
	w.watch(signin.TriggerPostConfirmation)
	answer(w, signin.TriggerPreSignUp, func(e *signin.PreSignUp) error {
		e.AutoConfirm, e.AutoVerifyEmail = true, true
		return nil
	})
	c := w.caller()
	c.Validation, c.Metadata = map[string]string{"invite": "42"}, map[string]string{"page": "a"}
	out, err := w.engine.SignUp(t.Context(), c, signin.Registration{Username: "jane", Password: password, Attributes: pairs([]string{"email", "j@example.com"})})
	require.NoError(t, err)
	require.Equal(t, userpool.Confirmed, out.User.Status)
	require.Equal(t, "true", out.User.Attributes.Get("email_verified"))
	require.Nil(t, out.Delivery)
	require.Zero(t, w.messages())
	require.Equal(t, []string{"PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"}, w.sources())
	e := event[*signin.PreSignUp](t, w, 0)
	require.Equal(t, map[string]string{"email": "j@example.com"}, e.Attributes, "neither sub nor status")
	require.Equal(t, map[string]string{"invite": "42"}, e.Validation)
	require.Equal(t, map[string]string{"page": "a"}, e.Metadata)
	require.Equal(t, clientID, e.ClientID)
	after := event[*signin.PostConfirmation](t, w, 1)
	require.Equal(t, "CONFIRMED", after.Attributes["cognito:user_status"])
	require.Equal(t, out.User.Sub, after.Attributes["sub"])

	answer(w, signin.TriggerPreSignUp, func(e *signin.PreSignUp) error { return signin.Thrown(e.Trigger, "not by invitation") })
	_, err = w.signUp("mary", "email", "m@example.com")
	refused(t, err, signin.UserLambdaValidation, "PreSignUp failed with error not by invitation.")
	require.Nil(t, w.now("mary"), "the last point at which nobody is made")
	answer(w, signin.TriggerPreSignUp, func(*signin.PreSignUp) error { return nil })
	answer(w, signin.TriggerPostConfirmation, func(e *signin.PostConfirmation) error { return signin.Thrown(e.Trigger, "no mail") })
	_, err = w.signUp("mary", "email", "m@example.com")
	require.NoError(t, err)
	refused(t, w.confirm("mary", w.message().Code), signin.UserLambdaValidation, "PostConfirmation failed with error no mail.")
	require.Equal(t, userpool.Confirmed, w.now("mary").Status, "which takes nothing back")
}

func TestCustomMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail, func(p *pool) { p.EmailVerificationMessage, p.EmailVerificationSubject = "pool {####}", "pool" })
	_, err := w.signUp("jane", "email", "j@example.com")
	require.NoError(t, err)
	require.Equal(t, "pool "+w.message().Code, w.message().Body)
	answer(w, signin.TriggerCustomMessage, func(e *signin.CustomMessage) error {
		e.EmailTitle, e.EmailMessage = "Hello", "Dear "+e.UsernameParameter+", "+e.CodeParameter+" from "+e.Source
		return nil
	})
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	require.NoError(t, err)
	m := w.message()
	require.Equal(t, "Hello", m.Subject)
	require.Equal(t, "Dear jane, "+m.Code+" from CustomMessage_ResendCode", m.Body)
	thrown := errors.New("down")
	answer(w, signin.TriggerCustomMessage, func(*signin.CustomMessage) error { return thrown })
	_, err = w.engine.ResendConfirmationCode(t.Context(), w.caller(), "jane")
	require.ErrorIs(t, err, thrown)
}

// A sign-up goes on with USER_AUTH without another question.
func TestSignUpGoesOnToASignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail)
	out, err := w.signUp("jane", "email", "j@example.com")
	require.NoError(t, err)
	require.NotEmpty(t, out.Session)
	in := signin.Confirmation{Username: "jane", Code: w.message().Code, Session: out.Session}
	session, err := w.engine.ConfirmSignUp(t.Context(), w.caller(), in)
	require.NoError(t, err)
	_, err = w.engine.Initiate(t.Context(), w.caller(), signin.FlowChoice, pairs([]string{"USERNAME", "nobody"}), session)
	refused(t, err, signin.NotAuthorized, "Invalid session for the user.")
	w2 := newWorld(t, verifiesEmail)
	out, err = w2.signUp("jane", "email", "j@example.com")
	require.NoError(t, err)
	_, err = w2.engine.Initiate(t.Context(), w2.caller(), signin.FlowChoice, pairs([]string{"USERNAME", "jane"}), out.Session)
	refused(t, err, signin.UserNotConfirmed, "User is not confirmed.")
	session, err = w2.engine.ConfirmSignUp(t.Context(), w2.caller(), signin.Confirmation{Username: "jane", Code: w2.message().Code})
	require.NoError(t, err)
	step, err := w2.engine.Initiate(t.Context(), w2.caller(), signin.FlowChoice, pairs([]string{"USERNAME", "jane"}), session)
	signedIn(t, step, err, "jane")
	without := newWorld(t, verifiesEmail, func(c *client) { c.ExplicitAuthFlows = nil })
	out, err = without.signUp("jane", "email", "j@example.com")
	require.NoError(t, err)
	require.Empty(t, out.Session)
}
