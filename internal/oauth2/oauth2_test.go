package oauth2_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	xoauth2 "golang.org/x/oauth2"

	"github.com/ssolab/ssolab/internal/oauth2"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	err := oauth2.Errorf(oauth2.InvalidGrant, "code %d", 7)
	require.EqualError(t, err, "invalid_grant: code 7")
	wrapped := fmt.Errorf("exchange: %w", err)
	e := oauth2.AsError(wrapped)
	require.Equal(t, oauth2.InvalidGrant, e.Code)
	require.Equal(t, 400, e.HTTPStatus())
	require.Equal(t, 401, (&oauth2.Error{Code: oauth2.InvalidClient, Status: 401}).HTTPStatus())
}

func TestUnknownErrorsBecomeServerErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("password of the database")
	e := oauth2.AsError(cause)
	require.Equal(t, oauth2.ServerError, e.Code)
	require.Equal(t, 500, e.HTTPStatus())
	require.Empty(t, e.Description, "what went wrong inside is not shown")
	require.ErrorIs(t, e, cause)
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Error("failed", "err", e)
	require.Contains(t, out.String(), "server_error: password of the database", "the log has the cause")
}

func TestS256(t *testing.T) {
	t.Parallel()
	// RFC 7636 Appendix B.
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	require.Equal(t, challenge, oauth2.ChallengeS256(verifier))
	require.Equal(t, xoauth2.S256ChallengeFromVerifier(verifier), oauth2.ChallengeS256(verifier))
	require.True(t, oauth2.VerifyS256(verifier, challenge))
	require.False(t, oauth2.VerifyS256(verifier+"x", challenge))
	require.False(t, oauth2.VerifyS256("", challenge))
	require.False(t, oauth2.VerifyS256(verifier, ""))
	require.False(t, oauth2.SameSecret("a", "ab"))
	require.True(t, oauth2.SameSecret("", ""))
}
