package interop_test

import (
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab"
)

func start(t *testing.T, public bool) (*program, *browser) {
	t.Helper()
	lab := ssolab.Run(t)
	p, transport, err := newProgram(t.Context(), variables(lab), public)
	t.Cleanup(transport.CloseIdleConnections)
	require.NoError(t, err)
	return p, newBrowser(transport)
}

func TestGoOIDCSignsIn(t *testing.T) {
	t.Parallel()
	for name, public := range map[string]bool{"confidential client": false, "public client": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, b := start(t, public)
			got, err := p.signIn(b, "john@example.com", oidc.Nonce("the-nonce-of-this-program"))
			require.NoError(t, err)
			require.Equal(t, "the-nonce-of-this-program", got.idToken.Nonce)
			// Field for field and type for type: email_verified is a string in userInfo.
			require.Equal(t, map[string]any{
				"sub": "807c593c-d0c1-709c-598f-633ec61bcc8b", "email_verified": "false", "email": "john@example.com",
				"username": "ScalekitIdPRouter_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af",
			}, got.userInfo)
			var claims struct {
				EmailVerified bool     `json:"email_verified"`
				Email         string   `json:"email"`
				Username      string   `json:"cognito:username"`
				Groups        []string `json:"cognito:groups"`
				TokenUse      string   `json:"token_use"`
			}
			require.NoError(t, got.idToken.Claims(&claims), "in the ID token it is a boolean")
			require.Equal(t, "id", claims.TokenUse)
			require.Equal(t, got.userInfo["username"], claims.Username)
			require.Equal(t, "Bearer", got.token.TokenType)

			refreshed, err := p.config.TokenSource(p.ctx, &oauth2.Token{RefreshToken: got.token.RefreshToken}).Token()
			require.NoError(t, err)
			require.NotEqual(t, got.token.AccessToken, refreshed.AccessToken)
			again, err := p.verifier.Verify(p.ctx, refreshed.Extra("id_token").(string))
			require.NoError(t, err)
			require.Equal(t, got.idToken.Subject, again.Subject)
		})
	}
}

func TestMegasoftThroughTheOktaLikeProvider(t *testing.T) {
	t.Parallel()
	p, b := start(t, false)
	got, err := p.signIn(b, "john@megasoft.org", oidc.Nonce("n"))
	require.NoError(t, err, "the page of an IdP with MFA answers when it is submitted as it stands")
	require.Equal(t, "john@megasoft.org", got.userInfo["email"])
}

// An application that sends no nonce gets one all the same on the first federated sign-in, and libraries that compare
// it with "none sent" refuse; on the second, silent one there is none, so that "it works when I try again".
func TestTheNonceTrap(t *testing.T) {
	t.Parallel()
	p, b := start(t, false)
	first, err := p.signIn(b, "john@example.com")
	require.NoError(t, err)
	require.Equal(t, 1, b.pages)
	require.Len(t, first.idToken.Nonce, 171)
	second, err := p.signIn(b, "john@example.com")
	require.NoError(t, err)
	require.Equal(t, 1, b.pages, "the second sign-in shows no page")
	require.Empty(t, second.idToken.Nonce)
	require.Equal(t, first.idToken.Subject, second.idToken.Subject)
	sent, err := p.signIn(b, "john@example.com", oidc.Nonce("sent"))
	require.NoError(t, err)
	require.Equal(t, "sent", sent.idToken.Nonce, "who sends one is safe")
}

func TestACodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	p, b := start(t, false)
	verifier := oauth2.GenerateVerifier()
	address := p.config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("identity_provider", p.idp), oauth2.SetAuthURLParam("login_hint", "john@example.com"))
	back, err := b.follow(address, p.config.RedirectURL)
	require.NoError(t, err)
	_, err = p.config.Exchange(p.ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	_, err = p.config.Exchange(p.ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "invalid_grant", refused.ErrorCode)
}
