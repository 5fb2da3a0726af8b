package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// selfService is the scope of tokens with which a user may call the user pools API. Sign-ins by the API have it and no
// other.
const selfService = "aws.cognito.signin.user.admin"

// apiTokens makes, checks and ends tokens for the user pools API.
type apiTokens struct{ *Server }

var _ idp.Tokens = apiTokens{}

// Issue implements idp.Tokens.
func (s apiTokens) Issue(ctx context.Context, c signin.Caller, u *user, source string) (idp.Issued, error) {
	p := s.live().pools[c.Pool.ID]
	if p == nil || p.Client(c.Client.ID) == nil {
		return idp.Issued{}, noPool(c.Pool.ID) // deleted meanwhile
	}
	client := p.Client(c.Client.ID)
	rg := refreshGrant{
		PoolID: p.ID, ClientID: client.ID, Username: u.Username, Sub: u.Sub, Scopes: []string{selfService},
		AuthTime: s.kit.Env.Now(), SignOuts: u.SignOuts, API: true, EventID: s.kit.Env.UUID(),
	}
	if client.TokenRevocation || rotates(client) {
		rg.OriginJTI = s.kit.Env.UUID()
	}
	made, err := s.mint(ctx, p, client, u, rg, mintOptions{source: source, metadata: c.Metadata})
	if err != nil {
		return idp.Issued{}, err
	}
	refreshToken, err := s.newRefreshToken(ctx, p, client, rg)
	if err != nil {
		return idp.Issued{}, err
	}
	trace.Note(ctx, fmt.Sprintf("signed %s in and made the tokens", u.Username))
	return issued(client, made, refreshToken), nil
}

func issued(c *appClient, made tokens, refreshToken string) idp.Issued {
	return idp.Issued{AccessToken: made.AccessToken, IDToken: made.IDToken, RefreshToken: refreshToken, ExpiresIn: int(c.AccessTokenLifetime() / time.Second)}
}

// Refresh implements idp.Tokens.
func (s apiTokens) Refresh(ctx context.Context, c signin.Caller, token string, check func(*user) error) (idp.Issued, error) {
	p, client := s.live().client(c.Client.ID)
	if p == nil {
		return idp.Issued{}, noPool(c.Pool.ID)
	}
	made, next, _, err := s.useRefreshToken(ctx, p, client, token, refreshing{check: check, metadata: c.Metadata})
	if err != nil {
		return idp.Issued{}, refusedRefresh(err)
	}
	return issued(client, made, next), nil
}

// refusedRefresh is the API's word for a refresh token that is not taken.
func refusedRefresh(err error) error {
	if why, ok := errors.AsType[*refreshRefusal](err); ok {
		return userpool.Errorf(why.class, "%s", why.text)
	}
	if e, ok := errors.AsType[*oauth2.Error](err); ok && e.Code == oauth2.InvalidGrant {
		return userpool.Errorf(signin.NotAuthorized, "Invalid Refresh Token")
	}
	return err
}

// Revoke implements idp.Tokens.
func (s apiTokens) Revoke(ctx context.Context, c signin.Caller, token string) error {
	return s.revokeRefreshToken(ctx, c.Client, token)
}

// Access implements idp.Tokens: whose an access token is, if it is good and may call the API.
func (s apiTokens) Access(ctx context.Context, region, token string) (signin.Caller, *user, error) {
	refuse := func(text string) (signin.Caller, *user, error) {
		return signin.Caller{}, nil, userpool.Errorf(signin.NotAuthorized, "%s", text)
	}
	const invalid = "Invalid Access Token"
	payload, err := unverifiedPayload(token)
	if err != nil {
		return refuse(invalid)
	}
	var t accessToken
	if json.Unmarshal(payload, &t) != nil || t.TokenUse != "access" {
		return refuse(invalid)
	}
	p, client := s.live().client(t.ClientID)
	if p == nil || t.Issuer != p.issuer || region != "" && p.Region() != region {
		return refuse(invalid)
	}
	keys, err := p.keys.signing()
	if err != nil {
		return signin.Caller{}, nil, err
	}
	if _, err := jose.Verify(token, keys.set, jose.RS256); err != nil {
		return refuse("Could not verify signature for Access Token")
	}
	if !s.kit.Env.Now().Before(time.Unix(t.Expires, 0)) {
		return refuse("Access Token has expired")
	}
	if err := s.notRevoked(ctx, &t); err != nil {
		return signin.Caller{}, nil, err
	}
	if !slices.Contains(oidc.Scopes(t.Scope), selfService) {
		return refuse("Access Token does not have required scopes")
	}
	u := p.Users.Get(t.Username)
	switch {
	case u == nil || u.Sub != t.Subject:
		return signin.Caller{}, nil, userpool.Errorf(userpool.UserNotFound, "User does not exist.")
	case u.Disabled:
		return refuse("User is disabled.")
	}
	out, err := s.signedOutSince(ctx, u, &t)
	if err == nil && out {
		err = userpool.Errorf(signin.NotAuthorized, "Access Token has been revoked")
	}
	return signin.Caller{Pool: p.Pool, Client: client}, u, err
}

func (s apiTokens) notRevoked(ctx context.Context, t *accessToken) error {
	if t.OriginJTI == "" {
		return nil
	}
	gone, err := s.revoked.Get(ctx, t.OriginJTI)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err == nil && gone:
		return userpool.Errorf(signin.NotAuthorized, "Access Token has been revoked")
	}
	return err
}

// IsRefreshToken implements idp.Tokens: the form of a refresh token is a JWE of five parts, that of the others a JWS of
// three.
func (apiTokens) IsRefreshToken(token string) bool { return strings.Count(token, ".") != 2 }
