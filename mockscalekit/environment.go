package mockscalekit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/mgmt"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
	"github.com/ssolab/ssolab/mockscalekit/internal/webhook"
)

// environment is one Scalekit environment.
type environment struct {
	kit        *party.Kit
	id         string // env_…
	url        string // issuer: the custom domain's URL, if there is one
	oldURL     string // the URL without custom domain
	idpURL     string
	production bool
	settings   atomic.Pointer[Environment] // what Reload replaces
	directory  *directory.Directory
	cookies    web.Cookies
	client     *http.Client
	refusals   *refusal.Presenter
	signingKey func() (*jose.Key, error)
	samlKey    func() (*saml.Key, error)

	allowRedirectURI func(clientID, redirectURI string) bool // beside the clients' own

	flows    store.Table[flow]       // by the environment's state at the identity provider
	hosted   store.Table[hosted]     // sign-ins at the hosted login pages, by their id
	codes    store.Table[grant]      // by code
	tokens   store.Table[session]    // by the access token's jti
	sessions store.Table[envSession] // by sid
	browsers store.Table[string]     // sid, by the browser's id
	refresh  store.Table[refreshed]  // by digest of the refresh token

	assertions     store.Table[time.Time]     // until when, by connection and id of an assertion that was used
	portalLinks    store.Table[portalLink]    // by the last part of their addresses
	portalSessions store.Table[portalSession] // by the value of the portal's cookie
	management     *mgmt.API
	webhooks       *webhook.Dispatcher
}

// fetchTimeout bounds each call to an identity provider.
const fetchTimeout = 5 * time.Second

// newEnvironment opens an environment over the kit's store; its tables are named after its id.
func newEnvironment(ctx context.Context, cfg Config, env Environment) (*environment, error) {
	k := cfg.Kit
	dir, err := directory.Open(ctx, directory.Options{Env: k.Env, Store: k.Store, Name: env.ID, Production: env.Kind == Production})
	if err != nil {
		return nil, err
	}
	table := func(name string) string { return "scalekit." + env.ID + "." + name }
	e := &environment{
		kit: k, id: env.ID, url: cmp.Or(env.CustomURL, env.URL), oldURL: env.URL, idpURL: cfg.IdPURL, production: env.Kind == Production,
		directory: dir, refusals: refusal.NewPresenter(k), cookies: party.Cookies(env.URL), client: k.Client(trace.Scalekit, fetchTimeout),
		flows:    store.NewTable[flow](k.Transient, table("flows")),
		hosted:   store.NewTable[hosted](k.Transient, table("hosted")),
		codes:    store.NewTable[grant](k.Transient, table("codes")),
		tokens:   store.NewTable[session](k.Transient, table("tokens")),
		sessions: store.NewTable[envSession](k.Store, table("sessions")),
		browsers: store.NewTable[string](k.Store, table("browsers")),
		refresh:  store.NewTable[refreshed](k.Store, table("refresh_tokens")),

		assertions:     store.NewTable[time.Time](k.Transient, table("assertions")),
		portalLinks:    store.NewTable[portalLink](k.Transient, table("portal_links")),
		portalSessions: store.NewTable[portalSession](k.Transient, table("portal_sessions")),
	}
	if e.allowRedirectURI = cfg.AllowRedirectURI; e.allowRedirectURI == nil {
		e.allowRedirectURI = func(string, string) bool { return false }
	}
	e.signingKey = sync.OnceValues(e.makeSigningKey)
	e.samlKey = sync.OnceValues(e.makeSAMLKey)
	e.settings.Store(&env)
	e.management = newManagement(e)
	e.webhooks = webhook.New(k.Env, e.id, k.Client(trace.Scalekit, fetchTimeout), k.Log)
	dir.Observe(e.webhooks.Observe)
	return e, nil
}

// apply reconciles the environment with its configuration.
func (e *environment) apply(ctx context.Context, env Environment) error {
	if err := e.directory.Apply(ctx, env.declaration()); err != nil {
		return fmt.Errorf("apply the configuration to the scalekit environment %s: %w", e.id, err)
	}
	e.settings.Store(&env)
	e.webhooks.SetEndpoints(env.Webhooks)
	return nil
}

func (e *environment) conf() *Environment { return e.settings.Load() }

func (e *environment) fullStack() bool { return e.conf().Mode == FullStack }

func (e *environment) quirk(id string) bool { return e.kit.Quirks.On(id) }

func (e *environment) now() time.Time { return e.kit.Env.Now() }

func (e *environment) strip() string {
	return "mock Scalekit · environment " + e.conf().Name + " · not Scalekit"
}

// keyName is the name of the signing key among the lab's.
func (e *environment) keyName() string {
	if e.id == defaultEnvironmentID {
		return signingKeyName
	}
	return signingKeyName + "/" + e.id
}

// makeSigningKey makes the environment's RSA key ready to sign. Its id has the service's form, snk_ and a decimal Sonyflake of the second
// in which the default environment was made, and follows from the key, so that it changes only with the key.
func (e *environment) makeSigningKey() (*jose.Key, error) {
	private, err := e.kit.Env.Keys().RSA(e.keyName())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(private.N.Bytes())
	id := fmt.Sprintf("snk_60040665%09d", binary.BigEndian.Uint64(sum[:])%1_000_000_000)
	return jose.NewRSAKey(id, private)
}

// keys serves the JWK Set, its members in the service's order.
func (e *environment) keys(w http.ResponseWriter, r *http.Request) error {
	doc, err := e.keySet()
	if err != nil {
		return err
	}
	e.kit.Faults.Document(r.Context(), "scalekit.keys.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

func (e *environment) keySet() (jose.Object, error) {
	key, err := e.signingKey()
	if err != nil {
		return nil, err
	}
	jwk, err := key.JWK("use", "kty", "kid", "alg", "n", "e")
	if err != nil {
		return nil, err
	}
	return jose.Object{{Name: "keys", Value: []jose.Object{jwk}}}, nil
}

// verifyOwn checks the signature of a token of this environment.
func (e *environment) verifyOwn(token string) (*jose.Verified, error) {
	key, err := e.signingKey()
	if err != nil {
		return nil, err
	}
	return jose.Verify(token, key.Set(), jose.RS256)
}

// discovery serves the metadata of OIDC Discovery §3 and RFC 8414 in the member order of zitadel/oidc.
// Unverified: the lists. Only what this mock serves is named.
func (e *environment) discovery(w http.ResponseWriter, r *http.Request) error {
	full, more := e.fullStack(), e.quirk("scalekit-introspection")
	var doc jose.Object
	add := func(when bool, name string, value any) {
		if when {
			doc.Set(name, value)
		}
	}
	add(true, "issuer", e.url)
	add(true, "authorization_endpoint", e.url+"/oauth/authorize")
	add(true, "token_endpoint", e.url+"/oauth/token")
	add(more, "introspection_endpoint", e.url+"/oauth/introspect")
	add(true, "userinfo_endpoint", e.url+"/userinfo")
	add(more, "revocation_endpoint", e.url+"/revoke")
	add(true, "end_session_endpoint", e.url+"/oidc/logout")
	add(true, "jwks_uri", e.url+"/keys")
	add(true, "scopes_supported", e.scopes())
	add(true, "response_types_supported", []string{"code"})
	add(full, "grant_types_supported", []string{"authorization_code", "refresh_token", "client_credentials"})
	add(!full, "grant_types_supported", []string{"authorization_code", "client_credentials"})
	add(true, "subject_types_supported", []string{"public"})
	add(true, "id_token_signing_alg_values_supported", []string{jose.RS256})
	add(true, "token_endpoint_auth_methods_supported", []string{"none", "client_secret_basic", "client_secret_post"})
	add(true, "claims_supported", []string{
		"sub", "aud", "exp", "iat", "iss", "amr", "nonce", "at_hash", "c_hash", "azp", "client_id", "sid", "oid",
		"preferred_username", "name", "family_name", "given_name", "locale", "picture", "email", "email_verified",
	})
	add(!e.quirk("scalekit-pkce-plain"), "code_challenge_methods_supported", []string{"S256"})
	add(e.quirk("scalekit-pkce-plain"), "code_challenge_methods_supported", []string{"S256", "plain"})
	add(true, "request_uri_parameter_supported", false)
	e.kit.Faults.Document(r.Context(), "scalekit.discovery.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// scopes are those that the environment grants. offline_access belongs to full-stack mode.
func (e *environment) scopes() []string {
	if e.fullStack() {
		return []string{"openid", "profile", "email", "offline_access"}
	}
	return []string{"openid", "profile", "email"}
}

// happened tells the directory's observers of a step of a sign-in.
func (e *environment) happened(ctx context.Context, name, organizationID, id string, details ...string) {
	event := directory.Event{Name: name, OrganizationID: organizationID, ID: id, By: directory.API, Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		event.Details[details[i]] = details[i+1]
	}
	e.directory.Happened(ctx, event)
}
