package mockcognito

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// codeLifetime is how long an authorization code is good for.
const codeLifetime = 5 * time.Minute

// grant is what an authorization code stands for. The tokens are made before the code is handed out, so iat may
// precede the exchange.
type grant struct {
	PoolID      string
	ClientID    string
	RedirectURI string
	Challenge   string
	Tokens      tokens
	Refresh     refreshGrant
}

// tokens are an issued pair; IDToken is empty without the openid scope.
type tokens struct {
	IDToken     string
	AccessToken string
}

// refreshGrant is what a refresh token stands for. It is found by the token's hash; the token is never decrypted.
type refreshGrant struct {
	PoolID    string    `json:"p"`
	ClientID  string    `json:"c"`
	Username  string    `json:"u"`
	Sub       string    `json:"s"`
	Scopes    []string  `json:"g"`
	AuthTime  time.Time `json:"t"`
	OriginJTI string    `json:"o,omitempty"`
	Resource  string    `json:"r,omitempty"`
	SignOuts  int       `json:"q,omitempty"` // of the user when it was issued
	Expires   time.Time `json:"e"`           // zero: never, of a fault's making
	Replaced  time.Time `json:"x,omitzero"`  // when it was first used under rotation
	Revoked   bool      `json:"v,omitempty"`
	API       bool      `json:"a,omitempty"` // of a sign-in by the user pools API
	EventID   string    `json:"i,omitempty"` // of such a one
}

// issueRequest is an authenticated person and the app that waits for them.
type issueRequest struct {
	pool         *pool
	client       *appClient
	user         *user
	redirectURI  string
	responseType string
	scopes       []string
	state        string
	hasState     bool
	nonce        string
	challenge    string
	authTime     time.Time
	resource     string
}

// issue makes the tokens, keeps them under a new code and sends the browser to the app with it (RFC 6749 §4.1.2); under
// response_type=token the tokens themselves go into the fragment (§4.2.2), never a refresh token.
func (s *Server) issue(ctx context.Context, w http.ResponseWriter, req issueRequest) error {
	rg := refreshGrant{
		PoolID: req.pool.ID, ClientID: req.client.ID, Username: req.user.Username, Sub: req.user.Sub, Scopes: req.scopes,
		AuthTime: req.authTime, Resource: req.resource, SignOuts: req.user.SignOuts,
	}
	if req.client.TokenRevocation || rotates(req.client) {
		rg.OriginJTI = s.kit.Env.UUID()
	}
	made, err := s.mint(ctx, req.pool, req.client, req.user, rg, mintOptions{nonce: req.nonce})
	if err != nil {
		return err
	}
	if req.responseType == "token" {
		trace.Annotate(ctx, func(si *trace.SignIn) { si.Outcome = trace.Completed })
		web.Redirect(w, implicitAnswer(req, made).WithFragment(req.redirectURI))
		return nil
	}
	answer := jose.Object{{Name: "code", Value: s.newCode()}}
	s.kit.Faults.Document(ctx, "cognito.code", &answer)
	code, _ := answer.Get("code").(string)
	err = s.codes.Put(ctx, code, grant{
		PoolID: req.pool.ID, ClientID: req.client.ID, RedirectURI: req.redirectURI, Challenge: req.challenge, Tokens: made, Refresh: rg,
	}, s.expiry(ctx, "cognito.code.expiry", codeLifetime))
	if err != nil {
		return err
	}
	params := web.Params{{"code", code}}
	if req.hasState {
		params.Add("state", req.state)
	}
	trace.Annotate(ctx, func(si *trace.SignIn) { si.Outcome = trace.Code })
	web.Redirect(w, params.WithQuery(req.redirectURI))
	return nil
}

// newCode is a new authorization code.
func (s *Server) newCode() string {
	if s.kit.Quirks.On(quirkUUIDCodes) {
		return s.kit.Env.UUID()
	}
	return s.kit.Env.Token(32)
}

func implicitAnswer(req issueRequest, made tokens) web.Params {
	params := web.Params{{"access_token", made.AccessToken}}
	params.AddIf("id_token", made.IDToken)
	params.Add("token_type", "Bearer")
	params.Add("expires_in", strconv.Itoa(int(req.client.AccessTokenLifetime()/time.Second)))
	if req.hasState {
		params.Add("state", req.state)
	}
	return params
}

// mintOptions are what tells one making of tokens from another.
type mintOptions struct {
	nonce     string
	refreshed bool              // in exchange for a refresh token
	source    string            // what sets the pre token generation trigger off; empty: HostedAuth
	metadata  map[string]string // for that trigger
}

// mint makes the ID and the access token of a person for a client.
func (s *Server) mint(ctx context.Context, p *pool, c *appClient, u *user, rg refreshGrant, o mintOptions) (tokens, error) {
	keys, err := p.keys.signing()
	if err != nil {
		return tokens{}, err
	}
	if err := s.afterSignOut(ctx, u, rg.OriginJTI); err != nil {
		return tokens{}, err
	}
	if o.source == "" {
		o.source = "HostedAuth"
	}
	changes, err := s.overrides(ctx, p, c, u, rg, o)
	if err != nil {
		return tokens{}, err
	}
	access := s.accessDraft(p, c, u, rg, keys.access)
	access.Claims.Set("scope", joinScopes(overriddenScopes(rg.Scopes, changes)))
	override(&access.Claims, changes.Access, changes.Groups, false)
	s.kit.Faults.Token(ctx, "cognito.access_token", access)
	if o.refreshed {
		s.kit.Faults.Token(ctx, "cognito.refresh.access_token", access)
	}
	var out tokens
	if out.AccessToken, err = access.Sign(); err != nil {
		return tokens{}, fmt.Errorf("sign access token: %w", err)
	}
	if !rg.API && !slices.Contains(rg.Scopes, "openid") {
		return out, nil
	}
	id := s.idDraft(p, c, u, rg, keys.id, jose.HalfHash(out.AccessToken), o.nonce)
	override(&id.Claims, changes.ID, changes.Groups, true)
	s.kit.Faults.Token(ctx, "cognito.id_token", id)
	if o.refreshed {
		s.kit.Faults.Token(ctx, "cognito.refresh.id_token", id)
	}
	if out.IDToken, err = id.Sign(); err != nil {
		return tokens{}, fmt.Errorf("sign ID token: %w", err)
	}
	return out, nil
}

// header is exactly kid and alg; there is no typ.
func header(k *jose.Key) jose.Object {
	return jose.Object{{Name: "kid", Value: k.ID}, {Name: "alg", Value: k.Algorithm}}
}

func (s *Server) accessDraft(p *pool, c *appClient, u *user, rg refreshGrant, k *jose.Key) *jose.Draft {
	now := s.kit.Env.Now()
	claims := jose.Object{{Name: "sub", Value: u.Sub}}
	if len(u.Groups) > 0 {
		claims.Set("cognito:groups", u.Groups)
	}
	claims.Set("iss", p.issuer)
	if !rg.API {
		claims.Set("version", 2)
	}
	claims.Set("client_id", c.ID)
	if rg.OriginJTI != "" {
		claims.Set("origin_jti", rg.OriginJTI)
	}
	if rg.EventID != "" {
		claims.Set("event_id", rg.EventID)
	}
	if rg.Resource != "" {
		claims.Set("aud", rg.Resource)
	}
	claims.Set("token_use", "access")
	claims.Set("scope", joinScopes(rg.Scopes))
	claims.Set("auth_time", rg.AuthTime.Unix())
	claims.Set("exp", now.Add(c.AccessTokenLifetime()).Unix())
	claims.Set("iat", now.Unix())
	if rg.OriginJTI != "" {
		claims.Set("jti", s.kit.Env.UUID())
	}
	claims.Set("username", u.Username)
	return &jose.Draft{Header: header(k), Claims: claims, Key: k, EscapeSlashes: true}
}

func (s *Server) idDraft(p *pool, c *appClient, u *user, rg refreshGrant, k *jose.Key, atHash, nonce string) *jose.Draft {
	now := s.kit.Env.Now()
	show, claims := s.released(u, rg.Scopes, c), jose.Object{{Name: "at_hash", Value: atHash}, {Name: "sub", Value: u.Sub}}
	if rg.API {
		show, claims = readableAttributes(u, c), jose.Object{{Name: "sub", Value: u.Sub}}
	}
	if len(u.Groups) > 0 {
		claims.Set("cognito:groups", u.Groups)
	}
	for _, name := range booleanAttributes {
		if value, shown := show.Lookup(name); shown {
			claims.Set(name, value == "true")
		}
	}
	roles, preferred := rolesOf(p, u)
	if preferred != "" {
		claims.Set("cognito:preferred_role", preferred)
	}
	claims.Set("iss", p.issuer)
	claims.Set("cognito:username", u.Username)
	if nonce != "" {
		claims.Set("nonce", nonce)
	}
	if rg.OriginJTI != "" {
		claims.Set("origin_jti", rg.OriginJTI)
	}
	if len(roles) > 0 {
		claims.Set("cognito:roles", roles)
	}
	claims.Set("aud", c.ID)
	if rg.EventID != "" {
		claims.Set("event_id", rg.EventID)
	}
	if len(u.Identities) > 0 {
		claims.Set("identities", identities(u))
	}
	claims.Set("token_use", "id")
	claims.Set("auth_time", rg.AuthTime.Unix())
	claims.Set("exp", now.Add(c.IDTokenLifetime()).Unix())
	claims.Set("iat", now.Unix())
	if rg.OriginJTI != "" {
		claims.Set("jti", s.kit.Env.UUID())
	}
	for _, a := range show {
		switch {
		case userpool.IsBoolean(a.Name):
		case a.Name == "address":
			claims.Set(a.Name, jose.Object{{Name: "formatted", Value: a.Value}})
		default:
			claims.Set(a.Name, a.Value)
		}
	}
	return &jose.Draft{Header: header(k), Claims: claims, Key: k, EscapeSlashes: true}
}

// joinScopes writes the scope claim. The real service's order does not follow the request; ours is sorted.
func joinScopes(scopes []string) string {
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return strings.Join(sorted, " ")
}

// refreshHeader is the protected header of a refresh token, in the vendor's order.
var refreshHeader = []byte(`{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`)

// newRefreshToken makes a refresh token for a grant, for the client's validity.
func (s *Server) newRefreshToken(ctx context.Context, p *pool, c *appClient, rg refreshGrant) (string, error) {
	return s.putRefreshToken(ctx, p, c, rg, s.expiry(ctx, "cognito.refresh.expiry", c.RefreshTokenLifetime()))
}

// putRefreshToken makes a refresh token for a grant and keeps its hash until it expires.
func (s *Server) putRefreshToken(ctx context.Context, p *pool, c *appClient, rg refreshGrant, expires time.Time) (string, error) {
	key, err := p.keys.env.RSA(p.keys.name("refresh"))
	if err != nil {
		return "", err
	}
	payload, err := jose.Object{
		{Name: "sub", Value: rg.Sub}, {Name: "iss", Value: p.issuer}, {Name: "client_id", Value: c.ID},
		{Name: "jti", Value: s.kit.Env.UUID()}, {Name: "origin_jti", Value: rg.OriginJTI},
	}.Encode()
	if err != nil {
		return "", err
	}
	token, err := jose.EncryptCompact(refreshHeader, payload, &key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("encrypt refresh token: %w", err)
	}
	rg.Expires = expires
	return token, s.refresh.Put(ctx, hashOf(token), rg, rememberedUntil(expires))
}

// rememberedUntil is until when a refresh token that has expired at a time is told apart from one that never was.
func rememberedUntil(expires time.Time) time.Time {
	if expires.IsZero() {
		return expires
	}
	return expires.Add(24 * time.Hour)
}

// expiry is when something that is handed out now ends: the zero time, never, where a fault leaves the limit out.
func (s *Server) expiry(ctx context.Context, point string, lifetime time.Duration) time.Time {
	var at time.Time
	_ = s.kit.Faults.Run(ctx, fault.Check{Point: point, Run: func() error { // which does not fail
		at = s.kit.Env.Now().Add(lifetime)
		return nil
	}})
	return at
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
