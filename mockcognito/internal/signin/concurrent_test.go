package signin_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// at runs f n times at once and counts those that succeed.
func at(n int, f func() error) int {
	var won atomic.Int64
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range n {
		all.Go(func() {
			<-begin
			if f() == nil {
				won.Add(1)
			}
		})
	}
	close(begin)
	all.Wait()
	return int(won.Load())
}

// Of any number of answers to one question one counts.
func TestOneAnswerWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional), verifiesEmail)
	w.user("jane", userpool.Confirmed, "email", "jane@example.com", "email_verified", "true")
	w.user("new", userpool.ForceChangePassword)
	s := newSRPClient(w)
	step, err := w.initiate(signin.FlowSRP, "USERNAME", "jane", "SRP_A", s.srpA())
	verifier := challenged(t, step, err, signin.PasswordVerifier)
	claim := s.claim(w, verifier, password, w.env.Now())
	require.Equal(t, 1, at(16, func() error { _, err := w.respond(verifier, signin.PasswordVerifier, claim...); return err }))

	step, err = w.login("new")
	demand := challenged(t, step, err, signin.NewPasswordRequired)
	require.Equal(t, 1, at(16, func() error {
		_, err := w.respond(demand, signin.NewPasswordRequired, "USERNAME", "new", "NEW_PASSWORD", "Another0!")
		return err
	}))

	require.NoError(t, w.prefer("jane", preferences{signin.EmailOTP: on}))
	step, err = w.login("jane")
	otp := challenged(t, step, err, signin.EmailOTP)
	code := w.message().Code
	require.Equal(t, 1, at(16, func() error {
		_, err := w.respond(otp, signin.EmailOTP, "USERNAME", "jane", "EMAIL_OTP_CODE", code)
		return err
	}))

	_, err = w.forgot("jane")
	require.NoError(t, err)
	reset := w.message().Code
	require.Equal(t, 1, at(16, func() error { return w.reset("jane", reset, "Another0!") }))
}

// A code of an authenticator serves one sign-in, whatever the number of sessions that wait for it.
func TestACodeOfAnAuthenticatorServesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, second(userpool.MFAOptional))
	w.user("jane", userpool.Confirmed)
	secret := w.authenticator("jane")
	require.NoError(t, w.prefer("jane", preferences{signin.SoftwareTokenMFA: on}))
	w.env.Advance(60e9)
	code := totp(t, secret, w.env.Now())
	steps := make(chan *signin.Step, 8)
	for range cap(steps) {
		step, err := w.login("jane")
		steps <- challenged(t, step, err, signin.SoftwareTokenMFA)
	}
	require.Equal(t, 1, at(cap(steps), func() error {
		_, err := w.respond(<-steps, signin.SoftwareTokenMFA, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", code)
		return err
	}))
}

// Every one of many failures at once is counted.
func TestFailuresAtOnceAreAllCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user("jane", userpool.Confirmed)
	require.Zero(t, at(5, func() error {
		_, err := w.initiate(signin.FlowPassword, "USERNAME", "jane", "PASSWORD", "wrong")
		return err
	}))
	_, err := w.login("jane")
	refused(t, err, signin.NotAuthorized, "Password attempts exceeded")
}
