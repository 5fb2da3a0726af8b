package mockcognito

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// redeemRefreshToken is RFC 6749 §6. Without rotation the refresh token stays as it is, and no new one is answered. The
// identity provider is not asked, so somebody who lost access there keeps refreshing.
func (s *Server) redeemRefreshToken(ctx context.Context, p *pool, client *appClient, form url.Values) (jose.Object, error) {
	token := form.Get("refresh_token")
	if token == "" {
		return nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no refresh_token")}
	}
	answer, err := s.refreshTokens(ctx, p, client, token)
	if err != nil {
		return nil, err
	}
	s.kit.Faults.Document(ctx, "cognito.refresh.response", &answer)
	return answer, nil
}

// refreshTokens makes new tokens for a refresh token of the client.
func (s *Server) refreshTokens(ctx context.Context, p *pool, client *appClient, token string) (jose.Object, error) {
	rg, err := s.refreshGrantOf(ctx, client, token)
	if err != nil {
		return nil, err
	}
	u, err := s.refreshedUser(ctx, p, rg)
	if err != nil {
		return nil, err
	}
	next := ""
	if rotates(client) {
		if next, err = s.rotate(ctx, p, client, token, rg); err != nil {
			return nil, err
		}
	}
	// Unverified: that a refreshed ID token carries no nonce and has an at_hash of its own.
	made, err := s.mint(ctx, p, client, u, *rg, mintOptions{refreshed: true})
	if err != nil {
		return nil, err
	}
	trace.Note(ctx, fmt.Sprintf("refreshed the tokens of %s without asking the identity provider", u.Username))
	return s.tokenResponse(made, next, client, rg.Scopes), nil
}

// refreshGrantOf finds what a refresh token of the client stands for.
func (s *Server) refreshGrantOf(ctx context.Context, client *appClient, token string) (*refreshGrant, error) {
	refused := &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New("the refresh token is unknown, expired, revoked, replaced, or another client's")}
	rg, err := s.refresh.Get(ctx, hashOf(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.refresh.client", Run: func() error {
		if rg.ClientID != client.ID {
			return refused
		}
		return nil
	}})
	if err == nil && rg.OriginJTI != "" { // another token of the grant, or its code, may have ended it
		gone, lookup := s.revoked.Get(ctx, rg.OriginJTI)
		switch {
		case gone:
			err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.revoke.refresh_token", Run: func() error { return refused }})
		case !errors.Is(lookup, store.ErrNotFound):
			err = lookup
		}
	}
	return &rg, err
}

// refreshedUser is the user of a refresh token, if there still is one who may sign in and who did not sign out
// everywhere since.
func (s *Server) refreshedUser(ctx context.Context, p *pool, rg *refreshGrant) (*user, error) {
	u := p.Users.Get(rg.Username)
	err := s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.refresh.user", Run: func() error {
			if u != nil && u.Disabled {
				return &oauth2.Error{Code: oauth2.InvalidGrant, Err: fmt.Errorf("user %s is disabled", u.Username)}
			}
			return nil
		}},
		fault.Check{Point: "cognito.refresh.signed_out", Run: func() error {
			if u != nil && rg.SignOuts != u.SignOuts {
				return &oauth2.Error{Code: oauth2.InvalidGrant, Err: fmt.Errorf("user %s has signed out everywhere since", u.Username)}
			}
			return nil
		}},
	)
	if err == nil && (u == nil || u.Sub != rg.Sub) {
		err = &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New("the user was deleted")}
	}
	return u, err
}

func rotates(client *appClient) bool { return client.Rotation != nil && client.Rotation.Enabled }

// rotate replaces a refresh token. The new one has what is left of the old one's lifetime; the old one is good for the
// grace period, counted from its first use, and then no more (RFC 9700 §4.14.2). Without a grace period one of several
// uses at once wins.
func (s *Server) rotate(ctx context.Context, p *pool, client *appClient, token string, rg *refreshGrant) (string, error) {
	grace, now := client.Rotation.Grace, s.kit.Env.Now()
	replaced := &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New("the refresh token was replaced by a newer one")}
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.refresh.rotation", Run: func() error {
		if grace == 0 {
			_, err := s.refresh.Take(ctx, hashOf(token))
			return err
		}
		return s.refresh.Update(ctx, hashOf(token), func(v *refreshGrant) (*refreshGrant, error) {
			switch {
			case v == nil:
				return nil, replaced
			case v.Replaced.IsZero():
				v.Replaced = now
			case !now.Before(v.Replaced.Add(grace)):
				return nil, replaced
			}
			return v, nil
		})
	}})
	if errors.Is(err, store.ErrNotFound) {
		return "", replaced
	}
	if err != nil {
		return "", err
	}
	next := *rg
	next.Replaced = time.Time{}
	return s.putRefreshToken(ctx, p, client, next, rg.Expires)
}
