package mockscalekit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// token serves the token endpoint (RFC 6749 §3.2).
// Unverified: the descriptions, which are those of zitadel/oidc.
func (e *environment) token(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	if name := web.Duplicate(form, "grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier", "refresh_token", "scope"); name != "" {
		return oauth2.Errorf(oauth2.InvalidRequest, "%s is there more than once", name)
	}
	grant, err := e.grantOf(form.Get("grant_type"))
	if err != nil {
		return err
	}
	client, err := e.authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	doc, err := grant(ctx, client, form)
	if err != nil {
		return err
	}
	e.kit.Faults.Document(ctx, "scalekit.token.response", &doc)
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// grantOf returns what serves a grant type.
func (e *environment) grantOf(grantType string) (func(context.Context, directory.Client, url.Values) (jose.Object, error), error) {
	switch {
	case grantType == oauth2.GrantAuthorizationCode:
		return e.grantCode, nil
	case grantType == oauth2.GrantClientCredentials:
		return e.grantClientCredentials, nil
	case grantType == oauth2.GrantRefreshToken && e.fullStack():
		return e.grantRefresh, nil
	case grantType == "":
		return nil, oauth2.Errorf(oauth2.InvalidRequest, "grant_type missing")
	}
	return nil, oauth2.Errorf(oauth2.UnsupportedGrantType, "%s not supported", grantType)
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
		if client.Public && secret == "" {
			return nil
		}
		if _, ok := client.Authenticates(secret, e.now()); !ok {
			return invalidClient(errors.New("wrong secret for " + id))
		}
		return nil
	}})
}

func invalidClient(cause error) error {
	return &oauth2.Error{Code: oauth2.InvalidClient, Description: "invalid client_id / client_secret", Status: http.StatusUnauthorized, Err: cause}
}

// issue makes the tokens of a person and the token response. expires_in is one second short of the access token's life, as
// observed. code is "" where there is none.
func (e *environment) issue(ctx context.Context, g grant, code string) (jose.Object, error) {
	now := e.now()
	id := e.kit.Env.Sonyflake("tkn")
	ttl := e.conf().AccessTokenTTL
	access, err := e.sign(ctx, "scalekit.access_token", e.accessTokenClaims(g, id, now))
	if err != nil {
		return nil, err
	}
	if err := e.tokens.Put(ctx, id, g.session, now.Add(ttl)); err != nil {
		return nil, err
	}
	idToken, err := e.sign(ctx, "scalekit.id_token", e.idTokenClaims(g, now, access, code))
	if err != nil {
		return nil, err
	}
	doc := jose.Object{
		{Name: "access_token", Value: access},
		{Name: "token_type", Value: "Bearer"},
		{Name: "expires_in", Value: lessOne(ttl)},
		{Name: "id_token", Value: idToken},
	}
	if e.fullStack() && slices.Contains(g.Scopes, "offline_access") {
		token, err := e.newRefreshToken(ctx, g)
		if err != nil {
			return nil, err
		}
		doc.Set("refresh_token", token)
	}
	trace.Note(ctx, "issued an ID token and an access token for "+g.subject()+" to "+g.ClientID)
	return doc, nil
}

// lessOne is expires_in of a life: whole seconds, of which one has passed, as observed of every grant.
func lessOne(ttl time.Duration) int { return int(ttl/time.Second) - 1 }

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
