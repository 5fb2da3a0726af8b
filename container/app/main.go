// Command app is a small relying party for a container: it is set up by the variables of `ssolab env`, signs one person
// in with go-oidc and x/oauth2, and prints the claims of userInfo.
//
//	app ─► discovery ─► authorization request ─► browser: redirects and forms ─► callback ─► exchange ─► verify ─► userInfo
//
// A browser and a person are not there, so it plays them too: it follows redirects, keeps cookies and submits the first
// form of each page as it stands. It knows nothing of the lab. Exit code 0: signed in.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

// run signs in and writes userInfo as one line of JSON.
func run(ctx context.Context, getenv func(string) string, out io.Writer) error {
	for _, name := range []string{"COGNITO_ISSUER", "COGNITO_CLIENT_ID", "COGNITO_REDIRECT_URI", "EMAIL"} {
		if getenv(name) == "" {
			return fmt.Errorf("the variable %s is missing", name)
		}
	}
	ctx = oidc.ClientContext(ctx, &http.Client{Timeout: 15 * time.Second})
	provider, err := oidc.NewProvider(ctx, getenv("COGNITO_ISSUER"))
	if err != nil {
		return err
	}
	config := oauth2.Config{
		ClientID: getenv("COGNITO_CLIENT_ID"), ClientSecret: getenv("COGNITO_CLIENT_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: getenv("COGNITO_REDIRECT_URI"), Scopes: []string{oidc.ScopeOpenID, "email"},
	}
	token, err := signIn(ctx, provider, config, getenv("COGNITO_IDENTITY_PROVIDER"), getenv("EMAIL"))
	if err != nil {
		return err
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	var claims json.RawMessage
	if err := info.Claims(&claims); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, strings.TrimSpace(string(claims)))
	return err
}

// signIn is the authorization code flow with PKCE, state and nonce.
func signIn(ctx context.Context, provider *oidc.Provider, config oauth2.Config, idp, email string) (*oauth2.Token, error) {
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce), oauth2.SetAuthURLParam("login_hint", email)}
	if idp != "" {
		options = append(options, oauth2.SetAuthURLParam("identity_provider", idp))
	}
	back, err := newBrowser().follow(ctx, config.AuthCodeURL(state, options...), config.RedirectURL)
	if err != nil {
		return nil, err
	}
	if back.Get("state") != state || back.Get("code") == "" {
		return nil, fmt.Errorf("the sign-in came back with error %q: %s", back.Get("error"), back.Get("error_description"))
	}
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(ctx, raw)
	switch {
	case err != nil:
		return nil, err
	case id.Nonce != nonce:
		return nil, errors.New("the ID token's nonce is not the one that was sent")
	}
	return token, id.VerifyAccessToken(token.AccessToken)
}
