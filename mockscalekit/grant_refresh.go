package mockscalekit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// refreshed is what a refresh token stands for. It is kept under a digest of the token.
type refreshed struct {
	ClientID string
	session
}

func refreshKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// newRefreshToken makes an opaque refresh token, good for as long as the session.
func (e *environment) newRefreshToken(ctx context.Context, g grant) (string, error) {
	token := "rt_" + e.kit.Env.Token(32)
	s, err := e.sessions.Get(ctx, g.ID)
	expires := s.Expires
	if errors.Is(err, store.ErrNotFound) {
		expires, err = e.now().Add(e.conf().SessionTTL), nil
	}
	if err != nil {
		return "", err
	}
	return token, e.refresh.Put(ctx, refreshKey(token), refreshed{ClientID: g.ClientID, session: g.session}, expires)
}

// grantRefresh serves the grant refresh_token (RFC 6749 §6). A token is good once: the answer brings the next one.
// Unverified: that a token that was used is refused rather than ending the session.
func (e *environment) grantRefresh(ctx context.Context, client directory.Client, form url.Values) (jose.Object, error) {
	token := form.Get("refresh_token")
	if token == "" {
		return nil, oauth2.Errorf(oauth2.InvalidRequest, "refresh_token missing")
	}
	old, err := e.refresh.Get(ctx, refreshKey(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && old.ClientID != client.ID {
		return nil, oauth2.Errorf(oauth2.InvalidGrant, "invalid refresh_token")
	}
	if err != nil {
		return nil, err
	}
	if err := narrow(&old.session, form.Get("scope")); err != nil {
		return nil, err
	}
	if err := e.stillIn(ctx, &old); err != nil {
		return nil, err
	}
	if _, err := e.refresh.Take(ctx, refreshKey(token)); err != nil {
		return nil, &oauth2.Error{Code: oauth2.InvalidGrant, Description: "invalid refresh_token", Err: err}
	}
	return e.issue(ctx, grant{ClientID: client.ID, session: old.session, Expires: time.Time{}}, "")
}

// narrow leaves the scopes that are asked for, which must have been granted (RFC 6749 §6).
func narrow(s *session, scope string) error {
	asked := oidc.Scopes(scope)
	if len(asked) == 0 {
		return nil
	}
	for _, name := range asked {
		if !slices.Contains(s.Scopes, name) {
			return oauth2.Errorf(oauth2.InvalidScope, "scope %s was not granted", name)
		}
	}
	s.Scopes = asked
	return nil
}

// stillIn checks that the session goes on and the user may still come in, and describes them as they are now.
func (e *environment) stillIn(ctx context.Context, r *refreshed) error {
	if _, err := e.sessions.Get(ctx, r.ID); err != nil {
		return &oauth2.Error{Code: oauth2.InvalidGrant, Description: "session ended", Err: err}
	}
	user, err := e.directory.Users.Get(r.UserID)
	if err != nil || user.Inactive {
		return &oauth2.Error{Code: oauth2.InvalidGrant, Description: "user not active", Err: err}
	}
	if m, ok := user.Membership(r.OrganizationID); !ok || m.Status != directory.Active {
		return oauth2.Errorf(oauth2.InvalidGrant, "user is no member of %s", strings.ToValidUTF8(r.OrganizationID, ""))
	}
	for name, value := range claimsOfUser(user) {
		r.Who.Claims[name] = value
	}
	return nil
}
