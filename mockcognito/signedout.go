package mockcognito

import (
	"context"
	"errors"
	"slices"

	"github.com/ssolab/ssolab/internal/store"
)

// Global sign-out ends every token that was issued before it. A user counts sign-outs; a refresh token's grant remembers
// the count. An access token has no room for one, and its iat is too coarse to tell before from after, so for the few
// users who ever signed out everywhere the count is kept by origin_jti.

// afterSignOut remembers that a grant is of a time after the user's last global sign-out.
func (s *Server) afterSignOut(ctx context.Context, u *user, originJTI string) error {
	if u.SignOuts == 0 || originJTI == "" {
		return nil
	}
	return s.signedOut.Put(ctx, originJTI, u.SignOuts, s.kit.Env.Now().Add(maxAccessTokenValidity))
}

// signedOutSince tells whether the user signed out everywhere after an access token was issued.
func (s *Server) signedOutSince(ctx context.Context, u *user, t *accessToken) (bool, error) {
	if u.SignOuts == 0 {
		return false, nil
	}
	if t.OriginJTI == "" { // of a client without token revocation
		return t.Issued <= u.SignedOut.Unix(), nil
	}
	count, err := s.signedOut.Get(ctx, t.OriginJTI)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return count != u.SignOuts, err
}

// rolesOf are the IAM roles of the user's groups, and the one of the group that comes first. Without a single first role
// none is preferred.
func rolesOf(p *pool, u *user) (roles []string, preferred string) {
	best, tied := 0, false
	for _, name := range u.Groups {
		g := p.Group(name)
		if g == nil || g.RoleARN == "" {
			continue
		}
		if !slices.Contains(roles, g.RoleARN) {
			roles = append(roles, g.RoleARN)
		}
		if g.Precedence == nil {
			continue
		}
		switch {
		case preferred == "" && !tied, *g.Precedence < best:
			preferred, best, tied = g.RoleARN, *g.Precedence, false
		case *g.Precedence == best && g.RoleARN != preferred:
			tied = true
		}
	}
	if tied {
		preferred = ""
	}
	return roles, preferred
}
