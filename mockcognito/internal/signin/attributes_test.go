package signin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func (w *world) update(name string, values ...string) ([]*signin.Delivery, error) {
	return w.engine.UpdateAttributes(w.t.Context(), w.caller(), w.now(name), pairs(values))
}

func (w *world) verify(name, attribute, code string) error {
	return w.engine.VerifyAttribute(w.t.Context(), w.caller(), w.now(name), attribute, code)
}

func TestUpdateOfAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail)
	w.user("jane", userpool.Confirmed, "email", "old@example.com", "email_verified", "true")
	delivered, err := w.update("jane", "email", "new@example.com", "given_name", "J", "phone_number", "+15551234567")
	require.NoError(t, err)
	require.Equal(t, []*signin.Delivery{{Medium: "EMAIL", Destination: "n***@e***", Attribute: "email"}}, delivered, "the pool verifies addresses alone")
	u := w.now("jane")
	require.Equal(t, []string{"new@example.com", "false", "J", "false"}, []string{
		u.Attributes.Get("email"), u.Attributes.Get("email_verified"), u.Attributes.Get("given_name"), u.Attributes.Get("phone_number_verified"),
	})
	code := w.message().Code
	refused(t, w.verify("jane", "email", otherCode(code)), signin.CodeMismatch, "Invalid verification code provided, please try again.")
	refused(t, w.verify("jane", "phone_number", code), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	require.NoError(t, w.verify("jane", "email", code))
	require.Equal(t, "true", w.now("jane").Attributes.Get("email_verified"))
	delivered, err = w.update("jane", "email", "new@example.com")
	require.NoError(t, err)
	require.Empty(t, delivered, "nothing has changed")
	require.Equal(t, "true", w.now("jane").Attributes.Get("email_verified"))
}

func TestUpdateThatWaitsForItsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, verifiesEmail, func(p *pool) { p.VerifyBeforeUpdate = []string{"email"} })
	w.user("jane", userpool.Confirmed, "email", "old@example.com", "email_verified", "true")
	_, err := w.update("jane", "email", "new@example.com")
	require.NoError(t, err)
	require.Equal(t, "new@example.com", w.message().Destination)
	require.Equal(t, "old@example.com", w.now("jane").Attributes.Get("email"))
	require.Equal(t, "true", w.now("jane").Attributes.Get("email_verified"))
	w.env.Advance(24 * time.Hour)
	refused(t, w.verify("jane", "email", w.message().Code), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	delivery, err := w.engine.SendVerification(t.Context(), w.caller(), w.now("jane"), "email")
	require.NoError(t, err)
	require.Equal(t, "n***@e***", delivery.Destination, "the address that waits")
	require.NoError(t, w.verify("jane", "email", w.message().Code))
	require.Equal(t, "new@example.com", w.now("jane").Attributes.Get("email"))
}

func TestVerificationWhenAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) { p.AliasAttributes = []string{"email"} })
	w.watch(signin.TriggerCustomMessage)
	w.user("first", userpool.Confirmed, "email", "shared@example.com", "email_verified", "true")
	w.user("jane", userpool.Confirmed, "email", "shared@example.com")
	_, err := w.engine.SendVerification(t.Context(), w.caller(), w.now("jane"), "email")
	require.NoError(t, err)
	require.Equal(t, []string{"CustomMessage_VerifyUserAttribute"}, w.sources())
	refused(t, w.verify("jane", "email", w.message().Code), userpool.AliasExists, "An account with the email already exists.")
	_, err = w.engine.SendVerification(t.Context(), w.caller(), w.now("jane"), "phone_number")
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%v", err)
	_, err = w.engine.SendVerification(t.Context(), w.caller(), w.now("jane"), "given_name")
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter), "%v", err)
	require.True(t, userpool.IsCode(w.verify("jane", "given_name", "x"), userpool.InvalidParameter))

	// The code was for the value that it was sent to.
	w.user("mary", userpool.Confirmed, "email", "mary@example.com")
	_, err = w.engine.SendVerification(t.Context(), w.caller(), w.now("mary"), "email")
	require.NoError(t, err)
	code := w.message().Code
	_, err = w.update("mary", "email", "other@example.com")
	require.NoError(t, err)
	refused(t, w.verify("mary", "email", code), signin.ExpiredCode, "Invalid code provided, please request a code again.")
	require.Equal(t, "other@example.com", w.now("mary").Attributes.Get("email"))
	for range 20 {
		_, err = w.engine.SendVerification(t.Context(), w.caller(), w.now("first"), "email")
		require.NoError(t, err)
	}
	_, err = w.engine.SendVerification(t.Context(), w.caller(), w.now("first"), "email")
	refused(t, err, userpool.LimitExceeded, "Attempt limit exceeded, please try after some time.")
}

func TestAttributesThatAUserMayNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(p *pool) {
		p.Attributes = []userpool.SchemaAttribute{{Name: "name", Required: true}, {Name: "custom:plan"}, {Name: "birthdate", Immutable: true}}
	}, func(c *client) { c.WriteAttributes = []string{"name", "email", "birthdate"} })
	w.user("jane", userpool.Confirmed, "name", "Jane", "birthdate", "2000-01-01", "email", "j@example.com", "email_verified", "true")
	for _, c := range []struct {
		name, value string
		code        userpool.Code
		text        string
	}{
		{"custom:plan", "x", signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
		{"nickname", "x", signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
		{"email_verified", "true", signin.NotAuthorized, "A client attempted to write unauthorized attribute"},
		{"birthdate", "2000-01-02", userpool.InvalidParameter, "user.birthdate: Attribute cannot be updated.\n"},
		{"sub", "x", userpool.InvalidParameter, "user.sub: Attribute cannot be updated.\n"},
		{"identities", "x", userpool.InvalidParameter, "user.identities: Attribute cannot be updated.\n"},
		{"shoe", "44", userpool.InvalidParameter, "user.shoe: Attribute does not exist in the schema.\n"},
		{"name", "", userpool.InvalidParameter, "user.name: A required attribute cannot be deleted.\n"},
	} {
		_, err := w.update("jane", c.name, c.value)
		refused(t, err, c.code, c.text)
	}
	require.Error(t, w.engine.DeleteAttributes(t.Context(), w.caller(), w.now("jane"), []string{"email", "name"}))
	require.Equal(t, "j@example.com", w.now("jane").Attributes.Get("email"), "all or nothing")
	require.NoError(t, w.engine.DeleteAttributes(t.Context(), w.caller(), w.now("jane"), []string{"email"}))
	require.Equal(t, userpool.AttributesOf(map[string]string{"name": "Jane", "birthdate": "2000-01-01"}), w.now("jane").Attributes)
}
