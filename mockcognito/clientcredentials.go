package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
)

// clientCredentials is RFC 6749 §4.4: a token of the client's own for scopes of resource servers. There is no ID token
// and no refresh token.
func (s *Server) clientCredentials(ctx context.Context, p *pool, client *appClient, form url.Values) (jose.Object, error) {
	if !slices.Contains(client.Flows, "client_credentials") || !client.Confidential() {
		return nil, &oauth2.Error{Code: oauth2.UnauthorizedClient, Err: fmt.Errorf("app client %s may not use client_credentials", client.ID)}
	}
	scopes, err := clientScopes(p, client, oidc.Scopes(form.Get("scope")))
	if err != nil {
		return nil, err
	}
	keys, err := p.keys.signing()
	if err != nil {
		return nil, err
	}
	changes, err := s.clientOverrides(ctx, p, client, scopes, form.Get("aws_client_metadata"))
	if err != nil {
		return nil, refusedByFunction(err)
	}
	scopes = overriddenScopes(scopes, changes)
	draft := s.clientDraft(p, client, scopes, keys.access)
	override(&draft.Claims, changes.Access, nil, false)
	s.kit.Faults.Token(ctx, "cognito.access_token", draft)
	token, err := draft.Sign()
	if err != nil {
		return nil, fmt.Errorf("sign access token: %w", err)
	}
	trace.Note(ctx, fmt.Sprintf("made an access token of app client %s for %s", client.ID, joinScopes(scopes)))
	return s.tokenResponse(tokens{AccessToken: token}, "", client, scopes), nil
}

// clientOverrides asks the pool's function of version 3 what is to be changed in the token of a client. metadata is a JSON
// object of strings. Unverified: that another is invalid_request, and that the event has no attributes and no groups.
func (s *Server) clientOverrides(ctx context.Context, p *pool, client *appClient, scopes []string, metadata string) (signin.TokenOverrides, error) {
	caller := signin.Caller{Pool: p.Pool, Client: client}
	if metadata != "" {
		if err := json.Unmarshal([]byte(metadata), &caller.Metadata); err != nil {
			return signin.TokenOverrides{}, &oauth2.Error{Code: oauth2.InvalidRequest, Err: fmt.Errorf("aws_client_metadata is no JSON object of strings: %w", err)}
		}
	}
	event := &signin.PreTokenGeneration{Base: signin.NewBase(signin.TriggerPreTokenGeneration, "ClientCredentials", caller, nil, ""), Scopes: slices.Clone(scopes)}
	_, err := s.engine.Triggers().Run(ctx, event)
	return event.Overrides, err
}

// clientScopes are the scopes that a client gets for itself: those asked for, or all custom ones that it is allowed.
func clientScopes(p *pool, client *appClient, asked []string) ([]string, error) {
	refuse := func(format string, args ...any) error {
		return &oauth2.Error{Code: oauth2.InvalidScope, Err: fmt.Errorf(format, args...)}
	}
	var allowed []string
	for _, scope := range client.Scopes {
		if customScope(p, scope) {
			allowed = append(allowed, scope)
		}
	}
	for _, scope := range asked {
		if !slices.Contains(allowed, scope) {
			return nil, refuse("app client %s may not ask for scope %q for itself; it may for %s, scopes of resource servers only", client.ID, scope, quoteAll(allowed))
		}
	}
	switch {
	case len(asked) > 0:
		return asked, nil
	case len(allowed) == 0: // Unverified
		return nil, &oauth2.Error{Code: oauth2.InvalidScope, Err: errors.New("the client is allowed no scope of a resource server")}
	}
	return allowed, nil
}

// customScope tells whether a scope is one of the pool's resource servers: <identifier>/<name>.
func customScope(p *pool, scope string) bool {
	for _, server := range p.ResourceServers() {
		for _, own := range server.Scopes {
			if server.Identifier+"/"+own.Name == scope {
				return true
			}
		}
	}
	return false
}

// clientDraft is the access token of a client itself: sub is the client's id, and there is no user.
func (s *Server) clientDraft(p *pool, c *appClient, scopes []string, k *jose.Key) *jose.Draft {
	now := s.kit.Env.Now()
	claims := jose.Object{
		{Name: "sub", Value: c.ID}, {Name: "token_use", Value: "access"}, {Name: "scope", Value: joinScopes(scopes)},
		{Name: "auth_time", Value: now.Unix()}, {Name: "iss", Value: p.issuer}, {Name: "exp", Value: now.Add(c.AccessTokenLifetime()).Unix()},
		{Name: "iat", Value: now.Unix()}, {Name: "version", Value: 2}, {Name: "jti", Value: s.kit.Env.UUID()}, {Name: "client_id", Value: c.ID},
	}
	return &jose.Draft{Header: header(k), Claims: claims, Key: k, EscapeSlashes: true}
}
