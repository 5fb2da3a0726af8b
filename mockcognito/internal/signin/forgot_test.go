package signin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func (w *world) forgot(name string) (*signin.Delivery, error) {
	return w.engine.ForgotPassword(w.t.Context(), w.caller(), name)
}

func (w *world) reset(name, code, clear string) error {
	return w.engine.ConfirmForgotPassword(w.t.Context(), w.caller(), name, code, clear)
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watch(signin.TriggerPostConfirmation)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "email_verified", "true")
	delivery, err := w.forgot("jane")
	require.NoError(t, err)
	require.Equal(t, &signin.Delivery{Medium: "EMAIL", Destination: "j***@e***", Attribute: "email"}, delivery)
	code := w.message().Code
	step, err := w.srp("jane", password)
	signedIn(t, step, err, "jane") // the old one is good until another is set

	refused(t, w.reset("jane", otherCode(code), "Another0!"), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	refused(t, w.reset("jane", code, "weak"), userpool.InvalidPassword, "Password did not conform with policy: Password not long enough")
	require.NoError(t, w.reset("jane", code, "Another0!"))
	require.Equal(t, []string{"PostConfirmation_ConfirmForgotPassword"}, w.sources())
	refused(t, w.reset("jane", code, "Another1!"), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	step, err = w.srp("jane", "Another0!")
	signedIn(t, step, err, "jane")

	_, err = w.forgot("jane")
	require.NoError(t, err)
	w.env.Advance(time.Hour)
	refused(t, w.reset("jane", w.message().Code, "Another1!"), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	for range 20 {
		_, err = w.forgot("jane")
		require.NoError(t, err)
	}
	_, err = w.forgot("jane")
	refused(t, err, userpool.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	_, err = w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", "Another0!")
	require.NoError(t, err)
}

func TestWhoCannotResetHisPassword(t *testing.T) {
	t.Parallel()
	make := func(edit ...any) *world {
		w := newWorld(t, edit...)
		w.user("unverified", userpool.Confirmed, "email", "u@example.com", "email_verified", "false")
		w.user("temporary", userpool.ForceChangePassword, "email", "t@example.com", "email_verified", "true")
		w.user("disabled", userpool.Confirmed, "email", "d@example.com", "email_verified", "true")
		w.change("disabled", func(u *userpool.User) { u.Disabled = true })
		w.user("federated", userpool.ExternalProvider, "email", "f@example.com", "email_verified", "true")
		w.change("federated", func(u *userpool.User) {
			u.Identities = []userpool.Identity{{Provider: "P", Subject: "s", Primary: true}}
		})
		return w
	}
	w, hiding := make(legacy), make()
	for name, c := range map[string]struct {
		code userpool.Code
		text string
	}{
		"nobody":     {userpool.UserNotFound, "User does not exist."},
		"unverified": {userpool.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number"},
		"temporary":  {signin.NotAuthorized, "User password cannot be reset in the current state."},
		"federated":  {signin.NotAuthorized, "User password cannot be reset in the current state."},
		"disabled":   {signin.NotAuthorized, "User is disabled."},
	} {
		_, err := w.forgot(name)
		refused(t, err, c.code, c.text)
		first, err := hiding.forgot(name)
		require.NoError(t, err, name)
		second, err := hiding.forgot(name)
		require.NoError(t, err)
		require.Equal(t, first, second)
	}
	require.Zero(t, hiding.messages())
	refused(t, w.reset("nobody", "123456", "Another0!"), userpool.UserNotFound, "User does not exist.")
	refused(t, w.reset("disabled", "123456", "Another0!"), signin.NotAuthorized, "User is disabled.")
	for _, name := range []string{"nobody", "disabled"} {
		refused(t, hiding.reset(name, "123456", "Another0!"), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	}
	only := make(legacy, func(p *pool) { p.AccountRecovery = []userpool.RecoveryOption{{Priority: 1, Name: "admin_only"}} })
	_, err := only.forgot("unverified")
	refused(t, err, signin.NotAuthorized, "Contact administrator to reset password.")
}

func TestRecoveryGoesByPriority(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) {
		p.AccountRecovery = []userpool.RecoveryOption{{Priority: 2, Name: "verified_email"}, {Priority: 1, Name: "verified_phone_number"}}
	})
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "email_verified", "true", "phone_number", "+15551234567", "phone_number_verified", "true")
	delivery, err := w.forgot("jane")
	require.NoError(t, err)
	require.Equal(t, "SMS", delivery.Medium)
}

func TestAdminReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "email_verified", "true")
	w.user("new", userpool.ForceChangePassword, "email", "n@example.com", "email_verified", "true")
	w.user("unreachable", userpool.Confirmed)
	require.NoError(t, w.engine.AdminResetUserPassword(t.Context(), w.admin(), "jane"))
	_, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	refused(t, err, signin.PasswordResetRequired, "Password reset required for the user")
	_, err = w.initiate(signin.FlowChoice, "USERNAME", "jane")
	refused(t, err, signin.PasswordResetRequired, "Password reset required for the user")
	require.NoError(t, w.reset("jane", w.message().Code, "Another0!"))
	step, err := w.srp("jane", "Another0!")
	signedIn(t, step, err, "jane")
	refused(t, w.engine.AdminResetUserPassword(t.Context(), w.admin(), "new"), signin.NotAuthorized, "User password cannot be reset in the current state.")
	refused(t, w.engine.AdminResetUserPassword(t.Context(), w.admin(), "unreachable"), userpool.InvalidParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
	refused(t, w.engine.AdminResetUserPassword(t.Context(), w.admin(), "nobody"), userpool.UserNotFound, "User does not exist.")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) {
		policy := userpool.DefaultPasswordPolicy()
		policy.HistorySize = 2
		p.PasswordPolicy = &policy
	})
	u := w.user("jane", userpool.Confirmed)
	change := func(from, to string) error {
		return w.engine.ChangePassword(t.Context(), w.caller(), w.now("jane"), from, to)
	}
	refused(t, change("wrong", "Another0!"), signin.NotAuthorized, "Incorrect username or password.")
	refused(t, change(password, "weak"), userpool.InvalidPassword, "Password did not conform with policy: Password not long enough")
	refused(t, change(password, password), userpool.PasswordHistory, "Password has previously been used.")
	require.NoError(t, change(password, "Another0!"))
	refused(t, change("Another0!", password), userpool.PasswordHistory, "Password has previously been used.")
	refused(t, w.engine.ChangePassword(t.Context(), w.caller(), u, password, "Another1!"), signin.NotAuthorized, "Incorrect username or password.")
	step, err := w.srp("jane", "Another0!")
	signedIn(t, step, err, "jane")
	for range 5 {
		refused(t, change("wrong", "Another1!"), signin.NotAuthorized, "Incorrect username or password.")
	}
	refused(t, change("Another0!", "Another1!"), userpool.LimitExceeded, "Attempt limit exceeded, please try after some time.")
}

func TestMigration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, legacy)
	known := func(e *signin.UserMigration) error {
		if e.Username != "jane" || e.Password != "" && e.Password != password {
			return signin.Thrown(e.Trigger, "nobody of that name")
		}
		e.NewAttributes, e.FinalStatus = map[string]string{"email": "jane@example.com", "email_verified": "true", "username": "jane"}, userpool.Confirmed
		return nil
	}
	answer(w, signin.TriggerUserMigration, known)
	_, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", "wrong")
	refused(t, err, signin.UserLambdaValidation, "UserMigration failed with error nobody of that name.")
	_, err = w.srp("jane", password)
	refused(t, err, userpool.UserNotFound, "User does not exist.")
	step, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", password)
	signedIn(t, step, err, "jane")
	require.Equal(t, "jane@example.com", step.User.Attributes.Get("email"))
	require.Equal(t, []string{"UserMigration_Authentication", "UserMigration_Authentication"}, w.sources())
	step, err = w.srp("jane", password)
	signedIn(t, step, err, "jane")

	forgetful := newWorld(t)
	answer(forgetful, signin.TriggerUserMigration, known)
	_, err = forgetful.forgot("jane")
	require.NoError(t, err)
	require.NoError(t, forgetful.reset("jane", forgetful.message().Code, "Another0!"))
	answer(forgetful, signin.TriggerUserMigration, func(e *signin.UserMigration) error {
		e.NewAttributes = map[string]string{"email": "m@example.com"}
		return nil
	})
	_, err = forgetful.initiate(signin.FlowPassword, "USERNAME", "mary", "PASSWORD", password)
	refused(t, err, signin.PasswordResetRequired, "Password reset required for the user")
	answer(forgetful, signin.TriggerUserMigration, func(e *signin.UserMigration) error {
		e.NewAttributes = map[string]string{"shoe": "44"}
		return nil
	})
	_, err = forgetful.initiate(signin.FlowPassword, "USERNAME", "anna", "PASSWORD", password)
	require.True(t, userpool.IsCode(err, signin.UserLambdaValidation), "%v", err)
	require.Nil(t, forgetful.now("anna"))
}
