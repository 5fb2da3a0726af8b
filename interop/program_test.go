package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab"
)

// program is an application as its authors write it: go-oidc, x/oauth2 and the variables of `ssolab env`.
type program struct {
	config   oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	idp      string
	ctx      context.Context // carries the HTTP client
}

func variables(lab *ssolab.Lab) map[string]string {
	out := map[string]string{}
	for _, v := range lab.Variables() {
		out[v.Name] = v.Value
	}
	return out
}

func newProgram(ctx context.Context, env map[string]string, public bool) (*program, *http.Transport, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: transport, Timeout: 30 * time.Second})
	provider, err := oidc.NewProvider(ctx, env["COGNITO_ISSUER"])
	if err != nil {
		return nil, transport, err
	}
	p := &program{provider: provider, idp: env["COGNITO_IDENTITY_PROVIDER"], ctx: ctx, config: oauth2.Config{
		ClientID: env["COGNITO_CLIENT_ID"], ClientSecret: env["COGNITO_CLIENT_SECRET"], Endpoint: provider.Endpoint(),
		RedirectURL: env["COGNITO_REDIRECT_URI"], Scopes: []string{oidc.ScopeOpenID, "email"},
	}}
	if public {
		p.config.ClientID, p.config.ClientSecret = env["COGNITO_PUBLIC_CLIENT_ID"], ""
	}
	p.verifier = provider.Verifier(&oidc.Config{ClientID: p.config.ClientID})
	return p, transport, nil
}

// signedIn is what the program learns.
type signedIn struct {
	token    *oauth2.Token
	idToken  *oidc.IDToken
	userInfo map[string]any
	raw      []byte // userInfo as received
}

// signIn sends a browser to sign in, and exchanges, verifies and asks as the libraries' own examples do.
func (p *program) signIn(b *browser, email string, options ...oauth2.AuthCodeOption) (*signedIn, error) {
	verifier, state := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	options = append(options, oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("identity_provider", p.idp), oauth2.SetAuthURLParam("login_hint", email))
	back, err := b.follow(p.config.AuthCodeURL(state, options...), p.config.RedirectURL)
	if err != nil {
		return nil, err
	}
	if back.Get("state") != state || back.Get("code") == "" {
		return nil, fmt.Errorf("came back with %v", back)
	}
	out := &signedIn{}
	if out.token, err = p.config.Exchange(p.ctx, back.Get("code"), oauth2.VerifierOption(verifier)); err != nil {
		return nil, err
	}
	raw, ok := out.token.Extra("id_token").(string)
	if !ok {
		return nil, fmt.Errorf("no ID token")
	}
	if out.idToken, err = p.verifier.Verify(p.ctx, raw); err != nil {
		return nil, err
	}
	if err := out.idToken.VerifyAccessToken(out.token.AccessToken); err != nil {
		return nil, err
	}
	info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(out.token))
	if err != nil {
		return nil, err
	}
	var body json.RawMessage
	if err := info.Claims(&body); err != nil {
		return nil, err
	}
	out.raw = body
	return out, json.Unmarshal(body, &out.userInfo)
}
