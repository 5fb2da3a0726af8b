package mockcognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// tokenParameters may each stand once (RFC 6749 §3.2).
var tokenParameters = []string{"grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "token"}

// token is POST /oauth2/token: authenticate the client, then run the grant (RFC 6749 §3.2).
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	form, err := backForm(r)
	if err != nil {
		return err
	}
	p, client, err := s.authenticate(r, form)
	if err != nil {
		return err
	}
	var answer jose.Object
	switch grantType := form.Get("grant_type"); grantType {
	case oauth2.GrantAuthorizationCode:
		answer, err = s.redeemCode(r.Context(), p, client, form)
	case oauth2.GrantRefreshToken:
		answer, err = s.redeemRefreshToken(r.Context(), p, client, form)
	case oauth2.GrantClientCredentials:
		answer, err = s.clientCredentials(r.Context(), p, client, form)
	case "":
		return &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no grant_type")}
	default:
		return &oauth2.Error{Code: oauth2.UnsupportedGrantType, Err: fmt.Errorf("grant_type %q", grantType)}
	}
	if err != nil {
		return err
	}
	s.kit.Faults.Document(r.Context(), "cognito.token.response", &answer)
	s.backHeaders(w)
	return web.JSON(w, http.StatusOK, "application/json;charset=UTF-8", answer)
}

// backForm reads the body of a back-channel request.
func backForm(r *http.Request) (url.Values, error) {
	form, err := web.Form(r)
	if err != nil {
		return nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: err}
	}
	if name := web.Duplicate(form, tokenParameters...); name != "" {
		return nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: fmt.Errorf("%s stands more than once", name)}
	}
	return form, nil
}

// authenticate finds the client of a back-channel request: client_secret_basic, client_secret_post, or the bare
// client_id of a public client (RFC 6749 §2.3.1). invalid_client has status 400 here, as observed.
func (s *Server) authenticate(r *http.Request, form url.Values) (*pool, *appClient, error) {
	id, secret, err := s.credentials(r, form)
	if err != nil {
		return nil, nil, err
	}
	if id == "" {
		return nil, nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no client_id")}
	}
	p, client := s.clientOf(r, id)
	if client == nil {
		return nil, nil, &oauth2.Error{Code: oauth2.InvalidClient, Err: fmt.Errorf("no app client %q", id)}
	}
	sent := "cognito.token.client_secret_sent"
	if form.Get("grant_type") == oauth2.GrantRefreshToken {
		sent = "cognito.refresh.client_secret_sent"
	}
	err = s.kit.Faults.Run(r.Context(),
		fault.Check{Point: sent, Run: func() error {
			if client.Confidential() && secret == "" {
				return &oauth2.Error{Code: oauth2.InvalidClient, Description: "invalid_client_secret", Err: fmt.Errorf("app client %s has a secret and none was sent; send it from the server, or use a client without one", id)}
			}
			return nil
		}},
		fault.Check{Point: "cognito.token.client_secret", Run: func() error {
			switch {
			case secret == "":
				return nil
			case !client.Confidential():
				return &oauth2.Error{Code: oauth2.InvalidClient, Description: "invalid_client_secret", Err: errors.New("a secret was sent for a public client")}
			case !client.HasSecret(secret):
				return &oauth2.Error{Code: oauth2.InvalidClient, Description: "invalid_client_secret", Err: fmt.Errorf("the secret is not that of app client %s", id)}
			}
			return nil
		}},
	)
	return p, client, err
}

// credentials reads the client's id and secret from the Authorization header, else from the body.
// Unverified: that a secret in both places is refused, as RFC 6749 §2.3 and §5.2 have it.
func (s *Server) credentials(r *http.Request, form url.Values) (id, secret string, err error) {
	id, secret = form.Get("client_id"), form.Get("client_secret")
	user, password, ok := r.BasicAuth()
	if !ok {
		return id, secret, nil
	}
	err = s.kit.Faults.Run(r.Context(), fault.Check{Point: "cognito.token.one_method", Run: func() error {
		if secret != "" {
			return &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("the client secret stands in the Authorization header and in the body; send it once")}
		}
		return nil
	}})
	if err != nil {
		return "", "", err
	}
	if user, err = url.QueryUnescape(user); err != nil {
		return "", "", &oauth2.Error{Code: oauth2.InvalidClient, Err: err}
	}
	if password, err = url.QueryUnescape(password); err != nil {
		return "", "", &oauth2.Error{Code: oauth2.InvalidClient, Err: err}
	}
	if id != "" && id != user {
		return "", "", &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("client_id in the body and in the Authorization header differ")}
	}
	return user, password, nil
}

// redeemCode is RFC 6749 §4.1.3.
func (s *Server) redeemCode(ctx context.Context, p *pool, client *appClient, form url.Values) (jose.Object, error) {
	for _, name := range []string{"code", "redirect_uri"} {
		if form.Get(name) == "" {
			return nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no " + name)}
		}
	}
	// With the quirk the code is consumed before anything is compared, without it after everything was.
	early := s.kit.Quirks.On(quirkFailureConsumes)
	g, err := s.lookUpCode(ctx, form.Get("code"), early)
	if err != nil {
		return nil, err
	}
	if err := s.checkGrant(ctx, client, form, g); err != nil {
		return nil, err
	}
	if !early {
		if g, err = s.lookUpCode(ctx, form.Get("code"), true); err != nil {
			return nil, err
		}
	}
	refreshToken, err := s.newRefreshToken(ctx, p, client, g.Refresh)
	if err != nil {
		return nil, err
	}
	if err := s.rememberUse(ctx, form.Get("code"), g); err != nil {
		return nil, err
	}
	trace.Annotate(ctx, func(si *trace.SignIn) { si.Outcome = trace.Completed })
	return s.tokenResponse(g.Tokens, refreshToken, client, g.Refresh.Scopes), nil
}

// lookUpCode finds what a code stands for, and consumes it if asked to.
func (s *Server) lookUpCode(ctx context.Context, code string, consume bool) (grant, error) {
	find := s.codes.Get
	if consume {
		find = s.takeCode
	}
	g, err := find(ctx, code)
	if !errors.Is(err, store.ErrNotFound) {
		return g, err
	}
	if err := s.usedAgain(ctx, code); err != nil {
		return g, err
	}
	return g, &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New("the code is unknown, older than 5 minutes, or was used before")}
}

// checkGrant holds a token request against the sign-in that its code is of.
func (s *Server) checkGrant(ctx context.Context, client *appClient, form url.Values, g grant) error {
	err := s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.token.code_client", Run: func() error {
			if g.ClientID != client.ID {
				return &oauth2.Error{Code: oauth2.InvalidGrant, Err: fmt.Errorf("the code was issued to app client %s", g.ClientID)}
			}
			return nil
		}},
		fault.Check{Point: "cognito.token.redirect_uri", Run: func() error {
			if got := form.Get("redirect_uri"); got != g.RedirectURI {
				return &oauth2.Error{Code: oauth2.UnauthorizedClient, Description: "invalid_redirect", Err: fmt.Errorf("redirect_uri is %q, at /oauth2/authorize it was %q; send the same bytes", got, g.RedirectURI)}
			}
			return nil
		}},
	)
	if err != nil {
		return err
	}
	if err := s.checkVerifier(ctx, form.Get("code_verifier"), g.Challenge); err != nil {
		return err
	}
	return readable(client, g.Refresh.Scopes)
}

// rememberUse keeps which grant a code was used for, where a second use is to end it.
func (s *Server) rememberUse(ctx context.Context, code string, g grant) error {
	if s.kit.Quirks.On(quirkReuseRevokesNone) || g.Refresh.OriginJTI == "" {
		return nil
	}
	return s.used.Put(ctx, code, g.Refresh.OriginJTI, s.kit.Env.Now().Add(codeLifetime))
}

// usedAgain ends the grant of a code that was used before (RFC 6749 §4.1.2).
func (s *Server) usedAgain(ctx context.Context, code string) error {
	if s.kit.Quirks.On(quirkReuseRevokesNone) {
		return nil
	}
	originJTI, err := s.used.Get(ctx, code)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	trace.Note(ctx, "the code was used before: revoked the tokens of its first use")
	return s.revoked.Put(ctx, originJTI, true, time.Time{})
}

// readable refuses scopes of which the client cannot read every attribute.
func readable(client *appClient, scopes []string) error {
	for _, scope := range scopes {
		for _, name := range scopeAttributes[scope] {
			if !client.CanRead(name) {
				return &oauth2.Error{Code: oauth2.InvalidGrant, Err: fmt.Errorf("the scope %s implies the attribute %s, which app client %s has no read access to", scope, name, client.ID)}
			}
		}
	}
	return nil
}

// checkVerifier is RFC 7636 §4.6, and RFC 9700 §2.1.1 for a verifier that answers no challenge.
// Unverified: that a verifier without a challenge is refused.
func (s *Server) checkVerifier(ctx context.Context, verifier, challenge string) error {
	refuse := func(wrong bool, why string) error {
		if wrong {
			return &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New(why)}
		}
		return nil
	}
	return s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.token.pkce_unasked", Run: func() error {
			return refuse(challenge == "" && verifier != "", "there is a code_verifier and the authorize request had no code_challenge")
		}},
		fault.Check{Point: "cognito.token.pkce_sent", Run: func() error {
			return refuse(challenge != "" && verifier == "", "the authorize request had a code_challenge and there is no code_verifier")
		}},
		fault.Check{Point: "cognito.token.pkce", Run: func() error {
			return refuse(challenge != "" && verifier != "" && !oauth2.VerifyS256(verifier, challenge), "code_verifier does not match the code_challenge")
		}},
	)
}

func (s *Server) takeCode(ctx context.Context, code string) (grant, error) {
	g, err := s.codes.Get(ctx, code)
	if err != nil {
		return g, err
	}
	err = store.ErrNotFound
	return g, s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.token.code_unused", Run: func() error {
		g, err = s.codes.Take(ctx, code)
		return err
	}})
}

// tokenResponse is RFC 6749 §5.1. There is no id_token without the openid scope, and no scope member, which is a quirk.
func (s *Server) tokenResponse(t tokens, refreshToken string, client *appClient, scopes []string) jose.Object {
	var o jose.Object
	if t.IDToken != "" {
		o.Set("id_token", t.IDToken)
	}
	o.Set("access_token", t.AccessToken)
	if refreshToken != "" {
		o.Set("refresh_token", refreshToken)
	}
	o.Set("expires_in", int(client.AccessTokenLifetime()/time.Second))
	o.Set("token_type", "Bearer")
	if !s.kit.Quirks.On(quirkNoScopeInResponse) {
		o.Set("scope", joinScopes(scopes))
	}
	return o
}

// revoke is POST /oauth2/revoke (RFC 7009): it ends a refresh token and, for Cognito's own endpoints, every token of
// its grant. An unknown token is as good as revoked.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := backForm(r)
	if err != nil {
		return err
	}
	_, client, err := s.authenticate(r, form)
	if err != nil {
		if e, ok := errors.AsType[*oauth2.Error](err); ok && e.Code == oauth2.InvalidClient {
			e.Status, e.Description = http.StatusUnauthorized, ""
		}
		return err
	}
	token := form.Get("token")
	if token == "" {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no token")}
	}
	off := true
	err = s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.revoke.setting", Run: func() error {
			off = !client.TokenRevocation
			return nil
		}},
		fault.Check{Point: "cognito.revoke.enabled", Run: func() error {
			if off {
				return &oauth2.Error{Code: oauth2.InvalidRequest, Err: fmt.Errorf("token revocation is off on app client %s", client.ID)}
			}
			return nil
		}},
		fault.Check{Point: "cognito.revoke.token_type", Run: func() error {
			if strings.Count(token, ".") == 2 {
				return &oauth2.Error{Code: oauth2.UnsupportedTokenType, Err: errors.New("only refresh tokens can be revoked")}
			}
			return nil
		}},
	)
	if err != nil {
		return err
	}
	if err := s.revokeRefreshToken(ctx, client, token); err != nil {
		return err
	}
	s.backHeaders(w)
	w.WriteHeader(http.StatusOK)
	return nil
}

// maxAccessTokenValidity is the longest that an access token of a revoked grant can still live.
const maxAccessTokenValidity = 24 * time.Hour

func (s *Server) revokeRefreshToken(ctx context.Context, client *appClient, token string) error {
	rg, err := s.refresh.Get(ctx, hashOf(token))
	if err == nil {
		err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.revoke.client", Run: func() error {
			if rg.ClientID != client.ID {
				return store.ErrNotFound // Unverified: another client's token is answered like an unknown one
			}
			return nil
		}})
	}
	if errors.Is(err, store.ErrNotFound) {
		trace.Note(ctx, "the token is unknown, already revoked or another client's: nothing to do")
		return nil
	}
	if err != nil {
		return err
	}
	trace.Note(ctx, "revoked the refresh token of "+rg.Username+" and the access tokens of its grant")
	return s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.revoke.refresh_token", Run: func() error {
			return s.refresh.Update(ctx, hashOf(token), func(v *refreshGrant) (*refreshGrant, error) {
				if v != nil {
					v.Revoked = true
				}
				return v, nil
			})
		}},
		fault.Check{Point: "cognito.revoke.access_tokens", Run: func() error {
			return s.revoked.Put(ctx, rg.OriginJTI, true, s.kit.Env.Now().Add(maxAccessTokenValidity))
		}},
	)
}
