package idp

import (
	"context"
	"errors"
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

// grant is what a code stands for.
type grant struct {
	ConnectionID  string
	RedirectURI   string
	Nonce         string
	CodeChallenge string
	Methods       []string
	Profile       profile
}

// discovery serves OIDC Discovery §4 of one identity provider.
func (p provider) discovery(w http.ResponseWriter, r *http.Request) error {
	doc := jose.Object{
		{Name: "issuer", Value: p.url + p.issuer},
		{Name: "authorization_endpoint", Value: p.url + p.authorize},
		{Name: "token_endpoint", Value: p.url + p.token},
		{Name: "userinfo_endpoint", Value: p.url + p.userinfo},
		{Name: "jwks_uri", Value: p.url + p.keys},
	}
	if p.logout != "" {
		doc.Set("end_session_endpoint", p.url+p.logout)
	}
	doc = append(doc, jose.Object{
		{Name: "response_types_supported", Value: []string{"code"}},
		{Name: "grant_types_supported", Value: []string{"authorization_code"}},
		{Name: "subject_types_supported", Value: []string{"public"}},
		{Name: "id_token_signing_alg_values_supported", Value: []string{p.algorithm}},
		{Name: "scopes_supported", Value: scopes()},
		{Name: "token_endpoint_auth_methods_supported", Value: []string{"client_secret_basic", "client_secret_post"}},
		{Name: "code_challenge_methods_supported", Value: []string{"S256"}},
	}...)
	p.kit.Faults.Document(r.Context(), "idp.discovery.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

func scopes() []string { return []string{"openid", "profile", "email"} }

func (p provider) jwks(w http.ResponseWriter, r *http.Request) error {
	key, err := p.signingKey()
	if err != nil {
		return err
	}
	jwk, err := key.JWK("kty", "use", "alg", "kid", "crv", "x", "y", "n", "e")
	if err != nil {
		return err
	}
	doc := jose.Object{{Name: "keys", Value: []jose.Object{jwk}}}
	p.kit.Faults.Document(r.Context(), "idp.keys.document", &doc)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// authorizeRequest serves the authorization endpoint (OIDC Core §3.1.2): a session there answers, or the browser goes to the
// sign-in page.
func (p provider) authorizeRequest(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return refuse("invalid_request", "", "The parameters of the authorization request cannot be read.").Because(err)
	}
	app, ok := p.apps.ByClientID(q.Get("client_id"))
	if !ok || app.Provider != p.name || app.Protocol != OIDC {
		return refuse("invalid_client", "", "This identity provider knows no application \""+q.Get("client_id")+"\". The connection at Scalekit has another client id than the application here.")
	}
	if q.Get("redirect_uri") != app.RedirectURI {
		return refuse("invalid_redirect_uri", "", "This identity provider refused the redirect URI \""+q.Get("redirect_uri")+"\". Registered: "+app.RedirectURI+".")
	}
	req := request{
		Protocol: OIDC, ConnectionID: app.ConnectionID, LoginHint: q.Get("login_hint"), Prompt: oidc.Scopes(q.Get("prompt")),
		RedirectURI: app.RedirectURI, State: q.Get("state"), Nonce: q.Get("nonce"), CodeChallenge: q.Get("code_challenge"),
		App: shown{Name: q.Get("app_name"), EnvironmentURL: q.Get("environment_url"), ClientID: q.Get("app_client_id"), RedirectURI: q.Get("app_redirect_uri")},
	}
	if description := p.wrong(q); description != "" {
		return req.answer().Send(refuse("invalid_request", description, "This identity provider refused the request: "+description+"."))
	}
	done, err := p.answerFromSession(w, r, req, app)
	if err != nil {
		return req.answer().Send(err)
	}
	if done {
		return nil
	}
	location, err := p.open(ctx, req)
	if err != nil {
		return req.answer().Send(err)
	}
	web.Redirect(w, location)
	return nil
}

// wrong says what is wrong with an authorization request whose client is known.
func (p provider) wrong(q url.Values) string {
	switch {
	case q.Get("response_type") != "code":
		return "only response_type code is served"
	case !slices.Contains(oidc.Scopes(q.Get("scope")), "openid"):
		return "the scope lacks openid"
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != oauth2.MethodS256:
		return "only code_challenge_method S256 is taken"
	}
	return ""
}

// giveCode sends the browser back with a code. In the scenario of the simulator that nobody asked for it comes without state; the
// hop is the mock's own, since OpenID Connect knows no unsolicited answer.
func (p provider) giveCode(ctx context.Context, w http.ResponseWriter, req request, who profile) error {
	code := p.kit.Env.Token(32)
	g := grant{
		ConnectionID: req.ConnectionID, RedirectURI: req.RedirectURI, Nonce: req.Nonce, CodeChallenge: req.CodeChallenge, Methods: req.Methods, Profile: who,
	}
	if req.Unsolicited {
		g.Nonce, g.CodeChallenge = "", ""
	}
	if err := p.codes.Put(ctx, code, g, p.kit.Env.Now().Add(codeTTL)); err != nil {
		return err
	}
	trace.Note(ctx, "signed in "+who.username()+" as subject "+who.Subject)
	q := web.Params{{"code", code}}
	if req.Unsolicited {
		q.Add("idp_initiated", "true")
		q.AddIf("client_id", req.App.ClientID)
	} else {
		q.AddIf("state", req.State)
	}
	web.Redirect(w, q.WithQuery(req.RedirectURI))
	return nil
}

// tokenRequest serves the token endpoint (OIDC Core §3.1.3).
func (p provider) tokenRequest(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "the form cannot be read", Err: err}
	}
	app, err := p.authenticate(r, form)
	if err != nil {
		return err
	}
	if form.Get("grant_type") != oauth2.GrantAuthorizationCode {
		return oauth2.Errorf(oauth2.UnsupportedGrantType, "only authorization_code is served")
	}
	g, err := p.codes.Take(ctx, form.Get("code"))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrKeyTooLong):
		return err
	case err != nil || g.ConnectionID != app.ConnectionID:
		return oauth2.Errorf(oauth2.InvalidGrant, "the code is unknown, was used already or has expired")
	case form.Get("redirect_uri") != g.RedirectURI:
		return oauth2.Errorf(oauth2.InvalidGrant, "redirect_uri is not the one the code was issued for")
	case g.CodeChallenge == "" && form.Get("code_verifier") != "" || g.CodeChallenge != "" && !oauth2.VerifyS256(form.Get("code_verifier"), g.CodeChallenge):
		return oauth2.Errorf(oauth2.InvalidGrant, "code_verifier is not that of the request")
	}
	now := p.kit.Env.Now()
	access := p.kit.Env.Token(32)
	if err := p.tokens.Put(ctx, access, g.Profile, now.Add(tokenTTL)); err != nil {
		return err
	}
	idToken, err := p.makeIDToken(ctx, g, app, access, now)
	if err != nil {
		return err
	}
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", jose.Object{
		{Name: "access_token", Value: access},
		{Name: "token_type", Value: "Bearer"},
		{Name: "expires_in", Value: int(tokenTTL / time.Second)},
		{Name: "scope", Value: strings.Join(scopes(), " ")},
		{Name: "id_token", Value: idToken},
	})
}

func (p provider) authenticate(r *http.Request, form url.Values) (Application, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(password) // a malformed one is a wrong one
	}
	app, ok := p.apps.ByClientID(id)
	want, err := Secret(p.kit.Env, id)
	if err != nil {
		return app, err
	}
	if !ok || app.Provider != p.name || !oauth2.SameSecret(secret, want) {
		return app, &oauth2.Error{Code: oauth2.InvalidClient, Description: "unknown client or wrong secret", Status: http.StatusUnauthorized}
	}
	return app, nil
}

// makeIDToken makes an ID token as providers of this kind do.
func (p provider) makeIDToken(ctx context.Context, g grant, app Application, access string, now time.Time) (string, error) {
	key, err := p.signingKey()
	if err != nil {
		return "", err
	}
	claims := jose.Object{
		{Name: "iss", Value: p.url + p.issuer},
		{Name: "sub", Value: g.Profile.Subject},
		{Name: "aud", Value: ClientID(p.name, app.ConnectionID)},
		{Name: "exp", Value: now.Add(tokenTTL).Unix()},
		{Name: "iat", Value: now.Unix()},
	}
	if g.Nonce != "" {
		claims.Set("nonce", g.Nonce)
	}
	join(&claims, p.idToken(p.claimer(g.Profile, app, g.Methods, access, now)))
	d := &jose.Draft{
		Header: jose.Object{{Name: "alg", Value: key.Algorithm}, {Name: "kid", Value: key.ID}, {Name: "typ", Value: "JWT"}},
		Claims: claims, Key: key,
	}
	p.kit.Faults.Token(ctx, "idp.id_token", d)
	return d.Sign()
}

// join appends what is not there yet: a custom attribute does not take the place of a claim of the protocol.
func join(doc *jose.Object, more jose.Object) {
	for _, m := range more {
		if !doc.Has(m.Name) {
			doc.Set(m.Name, m.Value)
		}
	}
}

func (p provider) claimer(who profile, app Application, methods []string, access string, now time.Time) *claimer {
	who.Username, who.Issued = who.username(), now
	tenant := tenantName
	if p.name == Entra {
		tenant = entraTenant()
	}
	return &claimer{profile: who, app: app, tenant: tenant, methods: methods, access: access}
}

// userinfoRequest serves OIDC Core §5.3.
func (p provider) userinfoRequest(w http.ResponseWriter, r *http.Request) error {
	raw, err := bearer(r)
	if err != nil {
		return err
	}
	who, err := p.tokens.Get(r.Context(), raw)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrKeyTooLong) {
		return invalidToken("access token invalid", err)
	}
	if err != nil {
		return err
	}
	doc := jose.Object{{Name: "sub", Value: who.Subject}}
	join(&doc, p.userInfo(p.claimer(who, Application{}, nil, "", p.kit.Env.Now())))
	p.kit.Faults.Document(r.Context(), "idp.userinfo.document", &doc)
	web.NoStore(w)
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// bearer finds an access token where RFC 6750 §2.1 and §2.2 put it.
func bearer(r *http.Request) (string, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") && token != "" {
		return token, nil
	}
	if r.Method == http.MethodPost {
		if form, err := web.Form(r); err == nil && form.Get("access_token") != "" {
			return form.Get("access_token"), nil
		}
	}
	return "", invalidToken("access token missing", nil)
}

func invalidToken(description string, cause error) error {
	return &oauth2.Error{Code: oauth2.InvalidToken, Description: description, Status: http.StatusUnauthorized, Err: cause}
}

// logoutRequest serves RP-initiated logout: it ends the browser's session at this identity provider.
func (p provider) logoutRequest(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return refuse("invalid_request", "", "The parameters of the logout request cannot be read.").Because(err)
	}
	app, known := p.apps.ByClientID(q.Get("client_id"))
	uri := q.Get("post_logout_redirect_uri")
	if uri != "" && (!known || app.Provider != p.name || uri != app.PostLogoutURI) {
		return refuse("invalid_request", "", "This identity provider refused the post_logout_redirect_uri \""+uri+"\".")
	}
	if err := p.forget(r, p.name); err != nil {
		return err
	}
	trace.Note(r.Context(), "signed out of the identity provider")
	if uri == "" {
		return p.renderStopped(w, http.StatusOK, Application{Name: app.Name}, request{}, "Signed out", "This identity provider has forgotten this browser.")
	}
	var params web.Params
	params.AddIf("state", q.Get("state"))
	if len(params) > 0 {
		uri = params.WithQuery(uri)
	}
	web.Redirect(w, uri)
	return nil
}
