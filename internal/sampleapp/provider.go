package sampleapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	gojose "github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/jose"
)

const maxDocument = 1 << 20 // bytes of a JWK Set that are read

// provider is the OpenID provider as discovered. Discovery happens when it is first needed and again until it works.
type provider struct {
	issuer string
	client *http.Client

	mu    sync.Mutex // guards the fields below
	found *oidc.Provider
	keys  *keySet
}

// discover returns the provider. The document is fetched in the caller's context, so that the fetch is recorded with
// the sign-in that needed it; go-oidc keeps the HTTP client of that context and nothing else.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, *keySet, error) {
	p.mu.Lock()
	found, keys := p.found, p.keys
	p.mu.Unlock()
	if found != nil {
		return found, keys, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.issuer)
	if err != nil {
		return nil, nil, err
	}
	var document struct {
		JWKSURI string `json:"jwks_uri"`
	}
	if err := found.Claims(&document); err != nil {
		return nil, nil, fmt.Errorf("read jwks_uri: %w", err)
	}
	keys = &keySet{uri: document.JWKSURI, client: p.client}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil { // somebody else may have been quicker
		p.found, p.keys = found, keys
	}
	return p.found, p.keys, nil
}

var _ oidc.KeySet = (*keySet)(nil)

// keySet is oidc.RemoteKeySet but for the context of a fetch: go-oidc's keeps the context it was made with, this one
// uses that of the verification. Keys are kept and fetched again when they do not verify a token.
type keySet struct {
	uri    string
	client *http.Client

	mu   sync.Mutex // guards keys
	keys *gojose.JSONWebKeySet
}

// VerifySignature implements oidc.KeySet. Cognito signs with RS256 alone.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	k.mu.Lock()
	keys := k.keys
	k.mu.Unlock()
	if keys != nil {
		v, err := jose.Verify(token, keys, jose.RS256)
		if err == nil {
			return v.Payload, nil
		}
		if !errors.Is(err, jose.ErrUnknownKey) && !errors.Is(err, jose.ErrSignature) {
			return nil, err
		}
	}
	keys, err := k.fetch(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.keys = keys
	k.mu.Unlock()
	v, err := jose.Verify(token, keys, jose.RS256)
	if err != nil {
		return nil, err
	}
	return v.Payload, nil
}

func (k *keySet) fetch(ctx context.Context) (*gojose.JSONWebKeySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.uri, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch the keys: %w", err)
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch the keys: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the keys: %s answered %s", k.uri, resp.Status)
	}
	return jose.ParseKeySet(body)
}
