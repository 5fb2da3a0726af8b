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
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// redeemRefreshToken is RFC 6749 §6. Without rotation the refresh token stays as it is, and no new one is answered. The
// identity provider is not asked, so somebody who lost access there keeps refreshing.
func (s *Server) redeemRefreshToken(ctx context.Context, p *pool, client *appClient, form url.Values) (jose.Object, error) {
	token := form.Get("refresh_token")
	if token == "" {
		return nil, &oauth2.Error{Code: oauth2.InvalidRequest, Err: errors.New("no refresh_token")}
	}
	made, next, scopes, err := s.useRefreshToken(ctx, p, client, token, refreshing{})
	if err != nil {
		return nil, refusedByFunction(err)
	}
	answer := s.tokenResponse(made, next, client, scopes)
	s.kit.Faults.Document(ctx, "cognito.refresh.response", &answer)
	return answer, nil
}

// refreshing is what a refresh by the user pools API has beside the token.
type refreshing struct {
	check    func(*user) error // before anything is changed; nil: none
	metadata map[string]string // for the pre token generation trigger
}

// refreshRefusal says why a refresh token is not taken: to the token endpoint's log, and in the words of the user pools API,
// which the endpoint does not use.
type refreshRefusal struct {
	why   string
	class userpool.Code
	text  string
}

func (e *refreshRefusal) Error() string { return e.why }

func refuseRefresh(class userpool.Code, text, why string) error {
	return &oauth2.Error{Code: oauth2.InvalidGrant, Err: &refreshRefusal{why, class, text}}
}

func refreshRevoked(why string) error {
	return refuseRefresh(signin.NotAuthorized, "Refresh Token has been revoked", why)
}

// refusedByFunction is the answer of the token endpoint when a function of the pool refuses. Unverified: the error code.
func refusedByFunction(err error) error {
	if e, ok := errors.AsType[*userpool.Error](err); ok {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: e.Message, Err: err}
	}
	return err
}

// useRefreshToken makes new tokens for a refresh token of the client, and with rotation the next refresh token.
func (s *Server) useRefreshToken(ctx context.Context, p *pool, client *appClient, token string, o refreshing) (made tokens, next string, scopes []string, err error) {
	rg, err := s.refreshGrantOf(ctx, client, token)
	if err != nil {
		return made, "", nil, err
	}
	u, err := s.refreshedUser(ctx, p, rg)
	if err == nil && o.check != nil {
		err = o.check(u)
	}
	if err != nil {
		return made, "", nil, err
	}
	if rotates(client) {
		if next, err = s.rotate(ctx, p, client, token, rg); err != nil {
			return made, "", nil, err
		}
	}
	// Unverified: that a refreshed ID token carries no nonce and has an at_hash of its own.
	made, err = s.mint(ctx, p, client, u, *rg, mintOptions{refreshed: true, source: "RefreshTokens", metadata: o.metadata})
	if err != nil {
		return made, "", nil, err
	}
	trace.Note(ctx, fmt.Sprintf("refreshed the tokens of %s without asking the identity provider", u.Username))
	return made, next, rg.Scopes, nil
}

// refreshGrantOf finds what a refresh token of the client stands for.
func (s *Server) refreshGrantOf(ctx context.Context, client *appClient, token string) (*refreshGrant, error) {
	const invalid = "Invalid Refresh Token"
	rg, err := s.refresh.Get(ctx, hashOf(token))
	if errors.Is(err, store.ErrNotFound) {
		return nil, refuseRefresh(signin.NotAuthorized, invalid, "the refresh token is unknown, or was replaced by a newer one")
	}
	if err != nil {
		return nil, err
	}
	err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.refresh.client", Run: func() error {
		if rg.ClientID != client.ID {
			return refuseRefresh(signin.NotAuthorized, invalid, "the refresh token is another client's")
		}
		return nil
	}})
	switch {
	case err != nil:
		return nil, err
	case !rg.Expires.IsZero() && !s.kit.Env.Now().Before(rg.Expires):
		return nil, refuseRefresh(signin.NotAuthorized, "Refresh Token has expired", "the refresh token has expired")
	}
	gone, err := s.grantEnded(ctx, &rg)
	if err == nil && gone {
		err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.revoke.refresh_token", Run: func() error { return refreshRevoked("the refresh token was revoked") }})
	}
	return &rg, err
}

// grantEnded tells whether a refresh token was revoked: itself, or with another token of its grant, or with its code.
func (s *Server) grantEnded(ctx context.Context, rg *refreshGrant) (bool, error) {
	if rg.Revoked || rg.OriginJTI == "" {
		return rg.Revoked, nil
	}
	gone, err := s.revoked.Get(ctx, rg.OriginJTI)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return gone, err
}

// refreshedUser is the user of a refresh token, if there still is one who may sign in and who did not sign out
// everywhere since.
func (s *Server) refreshedUser(ctx context.Context, p *pool, rg *refreshGrant) (*user, error) {
	u := p.Users.Get(rg.Username)
	err := s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.refresh.user", Run: func() error {
			if u != nil && u.Disabled {
				return refuseRefresh(signin.NotAuthorized, "User is disabled.", fmt.Sprintf("user %s is disabled", u.Username))
			}
			return nil
		}},
		fault.Check{Point: "cognito.refresh.signed_out", Run: func() error {
			if u != nil && rg.SignOuts != u.SignOuts {
				return refreshRevoked(fmt.Sprintf("user %s has signed out everywhere since", u.Username))
			}
			return nil
		}},
	)
	if err == nil && (u == nil || u.Sub != rg.Sub) {
		err = refuseRefresh(userpool.UserNotFound, "User does not exist.", "the user was deleted")
	}
	return u, err
}

// refreshTokenReuse is the user pools API's class for a refresh token that was replaced.
const refreshTokenReuse userpool.Code = "RefreshTokenReuseException"

func rotates(client *appClient) bool { return client.Rotation != nil && client.Rotation.Enabled }

// rotate replaces a refresh token. The new one has what is left of the old one's lifetime; the old one is good for the
// grace period, counted from its first use, and then no more (RFC 9700 §4.14.2). Without a grace period one of several
// uses at once wins.
func (s *Server) rotate(ctx context.Context, p *pool, client *appClient, token string, rg *refreshGrant) (string, error) {
	grace, now := client.Rotation.Grace, s.kit.Env.Now()
	replaced := refuseRefresh(refreshTokenReuse, "Refresh token has been reused.", "the refresh token was replaced by a newer one") // Unverified: the API's text
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.refresh.rotation", Run: func() error {
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
	if err != nil {
		return "", err
	}
	next := *rg
	next.Replaced = time.Time{}
	return s.putRefreshToken(ctx, p, client, next, rg.Expires)
}
