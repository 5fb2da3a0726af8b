package mockscalekit

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// token serves the token endpoint (RFC 6749 §3.2) for the grant authorization_code.
// Unverified: the descriptions, which are those of zitadel/oidc.
func (e *environment) token(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	if name := web.Duplicate(form, "grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier"); name != "" {
		return oauth2.Errorf(oauth2.InvalidRequest, "%s is there more than once", name)
	}
	switch grantType := form.Get("grant_type"); grantType {
	case oauth2.GrantAuthorizationCode:
	case "":
		return oauth2.Errorf(oauth2.InvalidRequest, "grant_type missing")
	default:
		return oauth2.Errorf(oauth2.UnsupportedGrantType, "%s not supported", grantType)
	}
	client, err := e.authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	g, err := e.redeemCode(ctx, client, form)
	if err != nil {
		return err
	}
	doc, err := e.issue(ctx, g, form.Get("code"))
	if err != nil {
		return err
	}
	trace.Annotate(ctx, func(s *trace.SignIn) {
		if direct(s) {
			s.Outcome = trace.Completed
		}
	})
	trace.Note(ctx, "issued an ID token and an access token for "+g.subject()+" to "+client.ID)
	e.kit.Faults.Document(ctx, "scalekit.token.response", &doc)
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// authenticate finds the client: by HTTP Basic or in the body (RFC 6749 §2.3.1), without a secret for a public client.
// Any other Authorization header is ignored: the Go SDK sends an old Bearer token along.
func (e *environment) authenticate(ctx context.Context, r *http.Request, form url.Values) (directory.Client, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, basic := r.BasicAuth(); basic {
		if secret != "" {
			return directory.Client{}, oauth2.Errorf(oauth2.InvalidRequest, "client authentication must not use more than one method")
		}
		var err, err2 error
		user, err = url.QueryUnescape(user)
		secret, err2 = url.QueryUnescape(password)
		if err != nil || err2 != nil || id != "" && id != user {
			return directory.Client{}, invalidClient(errors.New("the Basic credentials are malformed or name another client than the body"))
		}
		id = user
	}
	client, err := e.directory.Clients.Get(id)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return client, invalidClient(errors.New("unknown client " + id))
	case err != nil:
		return client, err
	case client.Inactive:
		return client, invalidClient(errors.New("inactive client " + id))
	}
	return client, e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.token.client_secret", Run: func() error {
		if _, ok := client.Authenticates(secret, e.kit.Env.Now()); !ok && !(client.Public && secret == "") {
			return invalidClient(errors.New("wrong secret for " + id))
		}
		return nil
	}})
}

func invalidClient(cause error) error {
	return &oauth2.Error{Code: oauth2.InvalidClient, Description: "invalid client_id / client_secret", Status: http.StatusUnauthorized, Err: cause}
}

// redeemCode checks a code against the request and then consumes it (RFC 6749 §4.1.3, RFC 7636 §4.6): a request that
// is wrong otherwise leaves the code alone.
func (e *environment) redeemCode(ctx context.Context, client directory.Client, form url.Values) (grant, error) {
	code := form.Get("code")
	if code == "" {
		return grant{}, oauth2.Errorf(oauth2.InvalidRequest, "code missing")
	}
	g, err := e.codes.Get(ctx, code)
	if errors.Is(err, store.ErrNotFound) || err == nil && g.ClientID != client.ID {
		return g, oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
	}
	if err != nil {
		return g, err
	}
	return g, e.kit.Faults.Run(ctx,
		fault.Check{Point: "scalekit.token.code_age", Run: func() error {
			if !e.kit.Env.Now().Before(g.Expires) {
				return oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
			}
			return nil
		}},
		fault.Check{Point: "scalekit.token.redirect_uri", Run: func() error {
			if form.Get("redirect_uri") != g.RedirectURI {
				return oauth2.Errorf(oauth2.InvalidGrant, "redirect_uri does not correspond")
			}
			return nil
		}},
		fault.Check{Point: "scalekit.token.pkce", Run: func() error { return checkVerifier(form.Get("code_verifier"), g.CodeChallenge) }},
		fault.Check{Point: "scalekit.token.single_use", Run: func() error {
			_, err := e.codes.Take(ctx, code)
			if errors.Is(err, store.ErrNotFound) {
				return oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
			}
			return err
		}},
	)
}

func checkVerifier(verifier, challenge string) error {
	switch {
	case challenge == "" && verifier != "":
		return oauth2.Errorf(oauth2.InvalidRequest, "code_verifier unexpectedly provided")
	case challenge != "" && verifier == "":
		return oauth2.Errorf(oauth2.InvalidRequest, "code_verifier required")
	case challenge != "" && !oauth2.VerifyS256(verifier, challenge):
		return oauth2.Errorf(oauth2.InvalidGrant, "invalid code_verifier")
	}
	return nil
}

const accessTokenTTL = 15 * time.Minute // as observed in modular mode

// subject is the sub that clients see.
func (s session) subject() string { return s.ConnectionID + ";" + s.Who.Subject }

// issue makes the tokens and the token response. expires_in is one second short of the access token's life, as
// observed.
func (e *environment) issue(ctx context.Context, g grant, code string) (jose.Object, error) {
	now := e.kit.Env.Now()
	id := e.kit.Env.Sonyflake("tkn")
	access, err := e.sign(ctx, "scalekit.access_token", jose.Object{
		{Name: "iss", Value: e.url},
		{Name: "sub", Value: g.subject()},
		{Name: "aud", Value: []string{g.ClientID}},
		{Name: "exp", Value: now.Add(accessTokenTTL).Unix()},
		{Name: "iat", Value: now.Unix()},
		{Name: "nbf", Value: now.Unix()},
		{Name: "client_id", Value: g.ClientID},
		{Name: "jti", Value: id},
	})
	if err != nil {
		return nil, err
	}
	if err := e.tokens.Put(ctx, id, g.session, now.Add(accessTokenTTL)); err != nil {
		return nil, err
	}
	idToken, err := e.sign(ctx, "scalekit.id_token", e.idTokenClaims(g, now, access, code))
	if err != nil {
		return nil, err
	}
	return jose.Object{
		{Name: "access_token", Value: access},
		{Name: "token_type", Value: "Bearer"},
		{Name: "expires_in", Value: int(accessTokenTTL/time.Second) - 1},
		{Name: "id_token", Value: idToken},
	}, nil
}

// idTokenClaims returns the claims observed in modular mode, sorted by name as there.
func (e *environment) idTokenClaims(g grant, now time.Time, access, code string) jose.Object {
	c := e.claims(g.session)
	maps.Copy(c, map[string]any{
		"amr": []string{g.ConnectionID}, "at_hash": jose.HalfHash(access), "aud": []string{g.ClientID}, "azp": g.ClientID,
		"c_hash": jose.HalfHash(code), "client_id": g.ClientID, "exp": now.Add(e.settings.Load().idTokenTTL).Unix(), "iat": now.Unix(),
		"iss": e.url, "sid": g.ID,
	})
	if g.Nonce != "" {
		c["nonce"] = g.Nonce
	}
	return sorted(c)
}

// claims returns what is known of the person, as far as the scopes allow.
func (e *environment) claims(s session) map[string]any {
	out := map[string]any{"sub": s.subject(), "oid": s.OrganizationID}
	gated := e.kit.Quirks.On("scalekit-scope-gating")
	for name, value := range s.Who.Claims {
		scope := "profile"
		if strings.HasPrefix(name, "email") && slices.Contains(profileClaims(), name) {
			scope = "email"
		}
		if !gated || slices.Contains(s.Scopes, scope) {
			out[name] = value
		}
	}
	return out
}

func sorted(claims map[string]any) jose.Object {
	var out jose.Object
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		out.Set(name, claims[name])
	}
	return out
}

// sign lets the faults of point change the token and signs it.
func (e *environment) sign(ctx context.Context, point string, claims jose.Object) (string, error) {
	key, err := e.signingKey()
	if err != nil {
		return "", err
	}
	d := &jose.Draft{
		Header: jose.Object{{Name: "alg", Value: key.Algorithm}, {Name: "kid", Value: key.ID}, {Name: "typ", Value: "JWT"}},
		Claims: claims, Key: key,
	}
	e.kit.Faults.Token(ctx, point, d)
	return d.Sign()
}
