package sampleapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// login starts a sign-in (OIDC Core §3.1.2.1). identity_provider sends the person past Cognito's own login page;
// login_hint travels on to the provider, which picks the organization by its domain.
func (a *app) login(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return &failure{Code: "invalid_request", Status: http.StatusBadRequest, Sentence: "The address of this page cannot be read.", Err: err}
	}
	email := strings.TrimSpace(q.Get("email"))
	trace.Annotate(ctx, func(s *trace.SignIn) { s.Email, s.ClientID, s.Provider = email, a.ClientID, a.IdentityProvider })
	found, _, err := a.provider.discover(ctx)
	if err != nil {
		return &failure{
			Code: "discovery_failed", Status: http.StatusBadGateway, Err: err,
			Sentence: "The app could not read Cognito's discovery document at " + a.Issuer + "/.well-known/openid-configuration.",
		}
	}
	id, _, err := a.current(r)
	if err != nil {
		return err
	}
	if id == "" {
		id = a.Kit.Env.Token(24)
		if err := a.setSession(w, r, id, session{}); err != nil {
			return err
		}
	}
	env := a.Kit.Env
	state, p := env.Token(24), pending{Session: id, Nonce: env.Token(24), Verifier: env.Token(48)}
	if err := a.pending.Put(ctx, state, p, env.Now().Add(pendingLives)); err != nil {
		return fmt.Errorf("keep the state: %w", err)
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)}
	if a.IdentityProvider != "" {
		options = append(options, oauth2.SetAuthURLParam("identity_provider", a.IdentityProvider))
	}
	if email != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", email))
	}
	web.NoStore(w)
	web.Redirect(w, a.oauth2(found.Endpoint()).AuthCodeURL(state, options...))
	return nil
}

// callback takes the person back (OIDC Core §3.1.2.5 to §3.1.3.7).
func (a *app) callback(w http.ResponseWriter, r *http.Request) error {
	p, code, err := a.returned(r)
	if err != nil {
		return err
	}
	s, err := a.redeem(r.Context(), code, p)
	if err != nil {
		return err
	}
	// A new id, so that whoever knew the old one does not find a signed-in session under it.
	previous := a.cookies.Get(r, cookieName)
	id := a.Kit.Env.Token(24)
	s.Previous = previous
	if err := a.setSession(w, r, id, s); err != nil {
		return err
	}
	if err := a.sessions.Delete(r.Context(), previous); err != nil {
		return fmt.Errorf("end the session before: %w", err)
	}
	web.NoStore(w)
	web.Redirect(w, a.URL+"/")
	return nil
}

// returned checks that this browser left with this state, and did so once.
func (a *app) returned(r *http.Request) (pending, string, error) {
	q, err := web.Query(r)
	if err != nil {
		return pending{}, "", &failure{Code: "invalid_request", Status: http.StatusBadRequest, Sentence: "The address Cognito sent you back to cannot be read.", Err: err}
	}
	back := &failure{Status: http.StatusBadRequest, RawError: q.Get("error"), RawDescription: q.Get("error_description")}
	id, s, err := a.current(r)
	if err != nil {
		return pending{}, "", err
	}
	if id == "" {
		back.Code = "no_session"
		back.Sentence = "This browser has no sign-in under way here: it came without the app's cookie, or the session has expired. Start again from the login page, in the same browser and on the same host name."
		return pending{}, "", back
	}
	p, err := a.pending.Take(r.Context(), q.Get("state"))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return pending{}, "", err
	}
	if err != nil || p.Session != id && p.Session != s.Previous {
		back.Code = "state_mismatch"
		back.Sentence = "The state that came back is not one this browser left with: it was changed on the way, used before, or is older than ten minutes. Start again from the login page."
		return pending{}, "", back
	}
	if web.Duplicate(q, "code", "error") != "" || q.Get("error") == "" && q.Get("code") == "" {
		back.Code = "invalid_request"
		back.Sentence = "Cognito sent you back with neither one code nor one error."
		return pending{}, "", back
	}
	if back.RawError != "" {
		back.Code, back.Sentence = back.RawError, explain(back.RawError, back.RawDescription)
		return pending{}, "", back
	}
	return p, q.Get("code"), nil
}

// redeem changes the code for tokens, verifies the ID token and asks userInfo.
func (a *app) redeem(ctx context.Context, code string, p pending) (session, error) {
	found, keys, err := a.provider.discover(ctx)
	if err != nil {
		return session{}, &failure{Code: "discovery_failed", Status: http.StatusBadGateway, Sentence: "The app could not read Cognito's discovery document.", Err: err}
	}
	calls := oidc.ClientContext(ctx, a.client)
	tokens, err := a.oauth2(found.Endpoint()).Exchange(calls, code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return session{}, tokenFailure(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return session{}, &failure{Code: "id_token_missing", Status: http.StatusBadGateway, Sentence: "Cognito's token endpoint answered without an ID token."}
	}
	verifier := oidc.NewVerifier(a.Issuer, keys, &oidc.Config{
		ClientID: a.ClientID, SupportedSigningAlgs: []string{oidc.RS256}, Now: a.Kit.Env.Now,
	})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return session{}, &failure{Code: "id_token_invalid", Status: http.StatusBadGateway, Sentence: "Cognito's ID token does not verify.", Err: err}
	}
	if token.Nonce != p.Nonce { // go-oidc leaves the nonce to its caller (OIDC Core §3.1.3.7, rule 11)
		return session{}, &failure{Code: "nonce_mismatch", Status: http.StatusBadGateway, Sentence: "The nonce in Cognito's ID token is not the one this sign-in was started with."}
	}
	trace.Note(ctx, "verified the ID token: signature, issuer, audience, expiry and nonce")
	s := session{SignedIn: true, SignIn: trace.ID(ctx)}
	if err := token.Claims(&s.IDToken); err != nil {
		return session{}, fmt.Errorf("read the ID token: %w", err)
	}
	info, err := found.UserInfo(calls, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return session{}, &failure{Code: "userinfo_failed", Status: http.StatusBadGateway, Sentence: "Cognito's userInfo endpoint refused the access token.", Err: err}
	}
	if info.Subject != token.Subject { // OIDC Core §5.3.2: then the answer MUST NOT be used
		return session{}, &failure{Code: "userinfo_mismatch", Status: http.StatusBadGateway, Sentence: "userInfo speaks of another person than the ID token: their sub differs."}
	}
	if err := info.Claims(&s.UserInfo); err != nil {
		return session{}, fmt.Errorf("read userInfo: %w", err)
	}
	s.Email = display(info, token)
	return s, nil
}

// display is what the person is called: the e-mail where there is one.
func display(info *oidc.UserInfo, token *oidc.IDToken) string {
	if info.Email != "" {
		return info.Email
	}
	var claims struct {
		Email    string `json:"email"`
		Username string `json:"cognito:username"`
	}
	_ = token.Claims(&claims) // a claim of another type is as good as none
	switch {
	case claims.Email != "":
		return claims.Email
	case claims.Username != "":
		return claims.Username
	}
	return token.Subject
}

// logout ends the session here and sends the browser to Cognito's /logout, which is not RP-initiated logout: it takes
// client_id and logout_uri, and no id_token_hint.
func (a *app) logout(w http.ResponseWriter, r *http.Request) error {
	if id := a.cookies.Get(r, cookieName); id != "" {
		if err := a.sessions.Delete(r.Context(), id); err != nil {
			return fmt.Errorf("end the session: %w", err)
		}
	}
	a.cookies.Clear(w, cookieName, http.SameSiteLaxMode)
	web.NoStore(w)
	web.Redirect(w, web.Params{{"client_id", a.ClientID}, {"logout_uri", a.URL + "/"}}.WithQuery(a.DomainURL+"/logout"))
	return nil
}

// member is one claim as it is shown.
type member struct{ Name, Value, Type string }

// members lists the members of a JSON object in the order they came in.
func members(object json.RawMessage) []member {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	var out []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return out
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return out
		}
		m := member{Name: fmt.Sprint(name), Value: string(raw), Type: jsonType(raw)}
		if m.Type == "string" {
			_ = json.Unmarshal(raw, &m.Value) // it is a string
		}
		out = append(out, m)
	}
	return out
}

func jsonType(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
