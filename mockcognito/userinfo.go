package mockcognito

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	jose4 "github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The descriptions of the userInfo endpoint's two errors.
const (
	badUserInfoRequest = "Bad OAuth2 request at UserInfo Endpoint"
	badAccessToken     = "Access token is expired, disabled, or deleted, or the user has globally signed out."
)

// postUserInfo is POST /oauth2/userInfo, which is served without a quirk.
func (s *Server) postUserInfo(w http.ResponseWriter, r *http.Request) error {
	if s.kit.Quirks.On(quirkUserInfoGetOnly) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		s.otherMethod(w, r, nil)
		return nil
	}
	return s.userInfo(w, r)
}

// userInfo is GET /oauth2/userInfo (OIDC Core §5.3). Every value is a string, the booleans too.
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: badUserInfoRequest, Err: errors.New("no bearer token in the Authorization header")}
	}
	access, err := s.verifiedToken(r, strings.TrimSpace(token))
	if err != nil {
		return err
	}
	scopes := oidc.Scopes(access.Scope)
	err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.userinfo.scope", Run: func() error {
		if !slices.Contains(scopes, "openid") {
			return &oauth2.Error{Code: oauth2.InvalidToken, Status: http.StatusUnauthorized, Description: "Access token does not contain openid scope", Err: fmt.Errorf("scope is %q", access.Scope)}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if err := s.findUser(ctx, access); err != nil {
		return err
	}
	doc := s.userInfoDocument(access, scopes)
	s.kit.Faults.Document(ctx, "cognito.userinfo.document", &doc)
	s.backHeaders(w)
	return web.JSON(w, http.StatusOK, "application/json;charset=UTF-8", doc)
}

// userInfoDocument is what the token's scopes show of the user to the token's client.
func (s *Server) userInfoDocument(access *accessToken, scopes []string) jose.Object {
	u := access.user
	doc := jose.Object{{Name: "sub", Value: u.Sub}}
	show := s.released(u, scopes, access.client)
	stringly := s.kit.Quirks.On(quirkStringBooleans)
	for _, name := range booleanAttributes {
		value, shown := show.Lookup(name)
		switch {
		case !shown:
		case stringly:
			doc.Set(name, value)
		default:
			doc.Set(name, value == "true")
		}
	}
	if broad(scopes) && s.kit.Quirks.On(quirkOpenIDShowsAll) && len(u.Identities) > 0 { // reported for openid without another scope of attributes, absent with openid email phone
		doc.Set("identities", u.IdentitiesJSON())
	}
	for _, a := range show {
		if !userpool.IsBoolean(a.Name) {
			doc.Set(a.Name, a.Value)
		}
	}
	doc.Set("username", u.Username)
	return doc
}

// accessToken is a verified access token with what it points at.
type accessToken struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	ClientID  string `json:"client_id"`
	TokenUse  string `json:"token_use"`
	Scope     string `json:"scope"`
	OriginJTI string `json:"origin_jti"`
	Username  string `json:"username"`
	Expires   int64  `json:"exp"`
	Issued    int64  `json:"iat"`

	pool   *pool
	client *appClient
	user   *user
}

// refusedToken is the answer to an access token that is not taken.
func refusedToken(format string, args ...any) error {
	return &oauth2.Error{Code: oauth2.InvalidToken, Status: http.StatusUnauthorized, Description: badAccessToken, Err: fmt.Errorf(format, args...)}
}

// findUser finds the user of a verified token, who must still exist, and must not have signed out everywhere since.
func (s *Server) findUser(ctx context.Context, t *accessToken) error {
	u := t.pool.Users.Get(t.Username)
	if u == nil || u.Sub != t.Subject || u.Disabled {
		return refusedToken("user %s was deleted or disabled", t.Username)
	}
	t.user = u
	return s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.userinfo.signed_out", Run: func() error {
		out, err := s.signedOutSince(ctx, u, t)
		if err == nil && out {
			err = refusedToken("user %s has signed out everywhere since", t.Username)
		}
		return err
	}})
}

// verifiedToken is an access token whose signature, time and grant are good. Its user is not looked for: a client's own
// token has none.
func (s *Server) verifiedToken(r *http.Request, token string) (*accessToken, error) {
	refusal := refusedToken
	refuse := func(format string, args ...any) (*accessToken, error) { return nil, refusal(format, args...) }
	ctx := r.Context()
	payload, err := unverifiedPayload(token)
	if err != nil {
		return refuse("%w", err)
	}
	var t accessToken
	if err := json.Unmarshal(payload, &t); err != nil {
		return refuse("%w", err)
	}
	p, client := s.clientOf(r, t.ClientID)
	if client == nil || t.Issuer != p.issuer {
		return refuse("it names app client %q of issuer %q, which this service does not have; an ID token is not accepted here", t.ClientID, t.Issuer)
	}
	keys, err := p.keys.signing()
	if err != nil {
		return nil, err
	}
	if t.TokenUse != "access" {
		return refuse("token_use is %q", t.TokenUse)
	}
	if err := s.checkAccessToken(ctx, token, &t, keys.set, refusal); err != nil {
		return nil, err
	}
	t.pool, t.client = p, client
	return &t, nil
}

// checkAccessToken holds a token against the pool's keys, the clock and the revoked grants.
func (s *Server) checkAccessToken(ctx context.Context, token string, t *accessToken, keys *jose4.JSONWebKeySet, refusal func(string, ...any) error) error {
	return s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.userinfo.signature", Run: func() error {
			if _, err := jose.Verify(token, keys, jose.RS256); err != nil {
				return refusal("%w", err)
			}
			return nil
		}},
		fault.Check{Point: "cognito.userinfo.exp", Run: func() error {
			if expires := time.Unix(t.Expires, 0); !s.kit.Env.Now().Before(expires) {
				return refusal("it expired at %s", expires.UTC().Format(time.RFC3339))
			}
			return nil
		}},
		fault.Check{Point: "cognito.userinfo.revoked", Run: func() error {
			if t.OriginJTI == "" {
				return nil
			}
			if gone, err := s.revoked.Get(ctx, t.OriginJTI); err == nil && gone {
				return refusal("its grant was revoked")
			}
			return nil
		}},
	)
}

// presentUserInfo shows errors of the userInfo endpoint. The header has no Bearer scheme word, as the vendor documents
// it, though RFC 6750 §3 wants one.
func (s *Server) presentUserInfo(w http.ResponseWriter, r *http.Request, err error) {
	e := oauth2.AsError(err)
	if strict := !s.kit.Quirks.On(quirkBareChallenge); strict && e.Code == oauth2.InvalidRequest && r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.backHeaders(w)
		w.WriteHeader(http.StatusUnauthorized)
		return
	} else if e.Code == oauth2.InvalidToken || e.Code == oauth2.InvalidRequest {
		challenge := fmt.Sprintf("error=%q, error_description=%q", e.Code, e.Description)
		if strict {
			challenge = "Bearer " + challenge
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	trace.Note(r.Context(), fmt.Sprintf("Cognito answered %s: %v", e.Code, e.Err))
	s.backHeaders(w)
	_ = web.JSON(w, e.HTTPStatus(), "application/json;charset=UTF-8", struct {
		Error       oauth2.Code `json:"error"`
		Description string      `json:"error_description,omitempty"`
	}{e.Code, e.Description})
}

// unverifiedPayload decodes the claims of a compact JWS before anything is known of its signature, so that the keys to
// verify it with can be found. No caller acts on them before the signature has been checked.
func unverifiedPayload(token string) ([]byte, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("not a JWT: %w", err)
	}
	return payload, nil
}
