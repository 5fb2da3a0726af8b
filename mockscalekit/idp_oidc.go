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

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

const (
	idpRequestTTL = time.Hour   // how long the sign-in page may stand open
	idpCodeTTL    = time.Minute // RFC 6749 §4.1.2 allows up to ten minutes; identity providers give less
	idpTokenTTL   = time.Hour
)

func idpScopes() []string { return []string{"openid", "profile", "email"} }

// discovery serves OIDC Discovery §4 of one identity provider.
func (p idp) discovery(w http.ResponseWriter, r *http.Request) error {
	base := p.url + p.api
	doc := jose.Object{
		{Name: "issuer", Value: p.issuer},
		{Name: "authorization_endpoint", Value: base + "/authorize"},
		{Name: "token_endpoint", Value: base + "/token"},
		{Name: "userinfo_endpoint", Value: base + "/userinfo"},
		{Name: "jwks_uri", Value: base + "/keys"},
		{Name: "response_types_supported", Value: []string{"code"}},
		{Name: "grant_types_supported", Value: []string{"authorization_code"}},
		{Name: "subject_types_supported", Value: []string{"public"}},
		{Name: "id_token_signing_alg_values_supported", Value: []string{jose.ES256}},
		{Name: "scopes_supported", Value: idpScopes()},
		{Name: "token_endpoint_auth_methods_supported", Value: []string{"client_secret_basic", "client_secret_post"}},
		{Name: "code_challenge_methods_supported", Value: []string{"S256"}},
	}
	p.kit.Faults.Document(r.Context(), "idp.discovery.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

func (p idp) keys(w http.ResponseWriter, r *http.Request) error {
	key, err := p.signingKey()
	if err != nil {
		return err
	}
	jwk, err := key.JWK("kty", "use", "alg", "kid", "crv", "x", "y")
	if err != nil {
		return err
	}
	doc := jose.Object{{Name: "keys", Value: []jose.Object{jwk}}}
	p.kit.Faults.Document(r.Context(), "idp.keys.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// authorize serves the authorization endpoint (OIDC Core §3.1.2): it keeps the request and sends the browser to login.
func (p idp) authorize(login string) web.Endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx := r.Context()
		q, err := web.Query(r)
		if err != nil {
			return refuse("invalid_request", "The parameters of the authorization request cannot be read.").because(err)
		}
		client, ok := p.apps.find(q.Get("client_id"))
		if !ok || client.Provider != p.kind {
			return refuse("invalid_client", "This identity provider knows no application %q. The connection at Scalekit has another client id than the application here.", q.Get("client_id"))
		}
		if q.Get("redirect_uri") != client.RedirectURI {
			return refuse("invalid_redirect_uri", "This identity provider refused the redirect URI %q. Registered: %s.", q.Get("redirect_uri"), client.RedirectURI)
		}
		to := target{RedirectURI: client.RedirectURI, State: q.Get("state")}
		switch {
		case q.Get("response_type") != "code":
			return to.send(refuse("invalid_request", "This identity provider serves response_type code only, not %q.", q.Get("response_type")))
		case !slices.Contains(oidc.Scopes(q.Get("scope")), "openid"):
			return to.send(refuse("invalid_request", "The scope %q lacks openid.", q.Get("scope")))
		case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != oauth2.MethodS256:
			return to.send(refuse("invalid_request", "This identity provider takes code_challenge_method S256 only, not %q.", q.Get("code_challenge_method")))
		}
		req := idpRequest{
			ID: p.kit.Env.Sonyflake("req"), ClientID: client.ClientID, RedirectURI: to.RedirectURI, State: to.State,
			Nonce: q.Get("nonce"), CodeChallenge: q.Get("code_challenge"), LoginHint: q.Get("login_hint"),
			App: shownApp{
				Name: q.Get("app_name"), EnvironmentURL: q.Get("environment_url"),
				ClientID: q.Get("app_client_id"), RedirectURI: q.Get("app_redirect_uri"),
			},
		}
		if err := p.requests.Put(ctx, req.ID, req, p.kit.Env.Now().Add(idpRequestTTL)); err != nil {
			return to.send(err)
		}
		web.Redirect(w, web.Params{{"authRequestID", req.ID}}.WithQuery(p.url+login))
		return nil
	}
}

// request returns the sign-in under way that a login page belongs to.
func (p idp) request(ctx context.Context, id string) (idpRequest, registration, error) {
	req, err := p.requests.Get(ctx, id)
	if err != nil {
		return req, registration{}, gone(err)
	}
	client, ok := p.apps.find(req.ClientID)
	if !ok || client.Provider != p.kind {
		return req, client, gone(store.ErrNotFound)
	}
	return req, client, nil
}

func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return refuse("invalid_request", "This sign-in page was used already, has expired or never was. Start again from the application.").because(err)
	}
	return err
}

// finish consumes the request and sends the browser back with a code.
func (p idp) finish(w http.ResponseWriter, r *http.Request, req idpRequest, who idpProfile) error {
	ctx := r.Context()
	if _, err := p.requests.Take(ctx, req.ID); err != nil {
		return gone(err)
	}
	now := p.kit.Env.Now()
	code := p.kit.Env.Token(32)
	c := idpCode{
		ClientID: req.ClientID, RedirectURI: req.RedirectURI, Nonce: req.Nonce, CodeChallenge: req.CodeChallenge,
		AuthTime: now, Profile: who,
	}
	if err := p.codes.Put(ctx, code, c, now.Add(idpCodeTTL)); err != nil {
		return err
	}
	trace.Note(ctx, "signed in "+who.Email+" as subject "+who.Subject)
	q := web.Params{{"code", code}}
	q.AddIf("state", req.State)
	web.Redirect(w, q.WithQuery(req.RedirectURI))
	return nil
}

// initiate consumes the request and sends the browser to the environment as if nobody had asked: without state, and with a code
// that belongs to no request. The hop is the mock's own: OpenID Connect knows no unsolicited answer.
func (p idp) initiate(w http.ResponseWriter, r *http.Request, req idpRequest, who idpProfile) error {
	ctx := r.Context()
	if _, err := p.requests.Take(ctx, req.ID); err != nil {
		return gone(err)
	}
	now := p.kit.Env.Now()
	code := p.kit.Env.Token(32)
	c := idpCode{ClientID: req.ClientID, RedirectURI: req.RedirectURI, AuthTime: now, Profile: who}
	if err := p.codes.Put(ctx, code, c, now.Add(idpCodeTTL)); err != nil {
		return err
	}
	trace.Note(ctx, "began a sign-in of "+who.Email+" as subject "+who.Subject)
	q := web.Params{{"code", code}, {"idp_initiated", "true"}}
	q.AddIf("client_id", req.App.ClientID)
	web.Redirect(w, q.WithQuery(req.RedirectURI))
	return nil
}

// fail consumes the request and sends the browser back with an error (OIDC Core §3.1.2.6).
func (p idp) fail(ctx context.Context, req idpRequest, code oauth2.Code, description string) error {
	if _, err := p.requests.Take(ctx, req.ID); err != nil {
		return gone(err)
	}
	return target{RedirectURI: req.RedirectURI, State: req.State}.send(&loginError{
		Code: string(code), Description: description,
		Sentence: "The identity provider was told to answer with an error: " + description + ". Choose the scenario User login via SSO to sign in.",
	})
}

// token serves the token endpoint (OIDC Core §3.1.3).
func (p idp) token(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "the form cannot be read", Err: err}
	}
	client, err := p.authenticate(r, form)
	if err != nil {
		return err
	}
	if form.Get("grant_type") != oauth2.GrantAuthorizationCode {
		return oauth2.Errorf(oauth2.UnsupportedGrantType, "only authorization_code is served")
	}
	c, err := p.codes.Take(ctx, form.Get("code"))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case err != nil || c.ClientID != client.ClientID:
		return oauth2.Errorf(oauth2.InvalidGrant, "the code is unknown, was used already or has expired")
	case form.Get("redirect_uri") != c.RedirectURI:
		return oauth2.Errorf(oauth2.InvalidGrant, "redirect_uri is not the one the code was issued for")
	}
	if err := checkVerifier(form.Get("code_verifier"), c.CodeChallenge, ""); err != nil {
		return err
	}
	now := p.kit.Env.Now()
	access := p.kit.Env.Token(32)
	if err := p.tokens.Put(ctx, access, c.Profile, now.Add(idpTokenTTL)); err != nil {
		return err
	}
	idToken, err := p.idToken(ctx, c, access, now)
	if err != nil {
		return err
	}
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", jose.Object{
		{Name: "access_token", Value: access},
		{Name: "token_type", Value: "Bearer"},
		{Name: "expires_in", Value: int(idpTokenTTL / time.Second)},
		{Name: "scope", Value: strings.Join(idpScopes(), " ")},
		{Name: "id_token", Value: idToken},
	})
}

func (p idp) authenticate(r *http.Request, form url.Values) (registration, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(password) // a malformed one is a wrong one
	}
	client, ok := p.apps.find(id)
	want, err := upstreamSecret(p.kit.Env, id)
	if err != nil {
		return client, err
	}
	if !ok || client.Provider != p.kind || !oauth2.SameSecret(secret, want) {
		return client, &oauth2.Error{Code: oauth2.InvalidClient, Description: "unknown client or wrong secret", Status: http.StatusUnauthorized}
	}
	return client, nil
}

// idToken makes an ID token as providers of this kind do.
func (p idp) idToken(ctx context.Context, c idpCode, access string, now time.Time) (string, error) {
	key, err := p.signingKey()
	if err != nil {
		return "", err
	}
	claims := jose.Object{
		{Name: "iss", Value: p.issuer},
		{Name: "sub", Value: c.Profile.Subject},
		{Name: "aud", Value: c.ClientID},
		{Name: "exp", Value: now.Add(idpTokenTTL).Unix()},
		{Name: "iat", Value: now.Unix()},
		{Name: "at_hash", Value: jose.HalfHash(access)},
	}
	if c.Nonce != "" {
		claims.Set("nonce", c.Nonce)
	}
	if p.kind == Okta { // https://developer.okta.com/docs/reference/api/oidc/#id-token-payload
		claims.Set("ver", 1)
		claims.Set("auth_time", c.AuthTime.Unix())
		claims.Set("amr", []string{"mfa", "otp", "pwd"})
	}
	claims = append(claims, p.profile(c.Profile)...)
	d := &jose.Draft{
		Header: jose.Object{{Name: "alg", Value: key.Algorithm}, {Name: "kid", Value: key.ID}, {Name: "typ", Value: "JWT"}},
		Claims: claims, Key: key,
	}
	p.kit.Faults.Token(ctx, "idp.id_token", d)
	return d.Sign()
}

// profile is what a provider of this kind says of a person: the simulator knows neither name nor email_verified.
func (p idp) profile(who idpProfile) jose.Object {
	o := jose.Object{{Name: "email", Value: who.Email}}
	if p.kind == Okta {
		o.Set("email_verified", true)
		o.Set("name", strings.TrimSpace(who.GivenName+" "+who.FamilyName))
		o.Set("locale", "en_US")
	}
	for _, claim := range [][2]string{{"given_name", who.GivenName}, {"family_name", who.FamilyName}, {"preferred_username", who.Email}} {
		if claim[1] != "" {
			o.Set(claim[0], claim[1])
		}
	}
	return o
}

// userinfo serves OIDC Core §5.3: the profile and the custom attributes.
func (p idp) userinfo(w http.ResponseWriter, r *http.Request) error {
	raw, err := bearer(r)
	if err != nil {
		return err
	}
	who, err := p.tokens.Get(r.Context(), raw)
	if errors.Is(err, store.ErrNotFound) {
		return invalidToken("access token invalid", err)
	}
	if err != nil {
		return err
	}
	doc := append(jose.Object{{Name: "sub", Value: who.Subject}}, p.profile(who)...)
	for _, name := range slices.Sorted(maps.Keys(who.Attributes)) {
		if !doc.Has(name) {
			doc.Set(name, who.Attributes[name])
		}
	}
	p.kit.Faults.Document(r.Context(), "idp.userinfo.document", &doc)
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}
