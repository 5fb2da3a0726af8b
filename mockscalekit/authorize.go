package mockscalekit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// flow is a sign-in between the authorization request and the identity provider's answer.
type flow struct {
	ClientID        string
	RedirectURI     string
	State           string
	Nonce           string
	Scopes          []string
	CodeChallenge   string
	ChallengeMethod string   `json:",omitempty"` // empty: S256
	Prompt          []string `json:",omitempty"`
	Test            string   `json:",omitempty"` // id of a connection's test, which has no client

	OrganizationID string
	ConnectionID   string

	SAML             *samlFlow `json:",omitempty"` // over SAML; the others are of OpenID Connect
	Provider         oidc.ProviderMetadata
	Browser          string // the cookie of the browser that began
	UpstreamNonce    string
	UpstreamVerifier string // PKCE towards the identity provider
}

// to is where the client wants its answer.
func (f flow) to() target { return target{RedirectURI: f.RedirectURI, State: f.State} }

func (f flow) prompts(what string) bool { return slices.Contains(f.Prompt, what) }

// flowTTL is how long a person may take at the identity provider.
// Unverified: an hour.
const flowTTL = time.Hour

// authorize serves the authorization endpoint (https://docs.scalekit.com/sso/guides/authorization-url/).
func (e *environment) authorize(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := params(r)
	if err != nil {
		return refuse("invalid_request", "The parameters of the authorization request cannot be read. Encode them as a query string.").Because(err)
	}
	v := url.Values(q)
	trace.Annotate(ctx, func(s *trace.SignIn) {
		if s.Email == "" {
			s.Email = v.Get("login_hint")
		}
		if s.ClientID == "" {
			s.ClientID = v.Get("client_id")
		}
	})
	client, to, err := e.trust(ctx, v)
	if err != nil {
		return err
	}
	e.happened(ctx, "authentication.initiated", v.Get("organization_id"), "", "client_id", client.ID, "email", v.Get("login_hint"))
	location, err := e.begin(w, r, client, to, v)
	if err != nil {
		return to.Send(err)
	}
	web.Redirect(w, location)
	return nil
}

// trust finds out whether the answer may be sent where the request says (RFC 6749 §3.1.2.4); until then a failure is a
// page.
// Unverified: the page. The documented error table lists these two codes among the redirects.
func (e *environment) trust(ctx context.Context, v url.Values) (directory.Client, target, error) {
	if name := web.Duplicate(v, "client_id", "redirect_uri", "state"); name != "" {
		return directory.Client{}, target{}, refuse("invalid_request", "The parameter %s stands in the request more than once. Send it once.", name)
	}
	id, uri := v.Get("client_id"), v.Get("redirect_uri")
	client, err := e.directory.Clients.Get(id)
	if err == nil && client.OrganizationID != "" {
		err = directory.ErrNotFound // a machine client signs nobody in
	}
	if errors.Is(err, directory.ErrNotFound) {
		return client, target{}, refuse("invalid_client", "Scalekit knows no client %q. Use the client id of this environment, or add the client to it.", id)
	}
	if err != nil {
		return client, target{}, err
	}
	to := target{RedirectURI: uri, State: v.Get("state")}
	err = e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.authorize.redirect_uri", Run: func() error {
		if allowed(client.RedirectURIs, uri, e.organizationOf(v)) || e.allowRedirectURI(client.ID, uri) {
			return nil
		}
		refused := refuse("invalid_redirect_uri", "Scalekit refused the redirect URI %q. Allowed for %s: %s. Make the two the same, character by character.",
			uri, client.ID, listed(client.RedirectURIs))
		if u, err := url.Parse(uri); err == nil && u.Host != "" && e.quirk("scalekit-error-to-bad-redirect") {
			return to.Send(refused)
		}
		return refused
	}})
	return client, to, err
}

// organizationOf is the organization that a request names by its id, or nil.
func (e *environment) organizationOf(v url.Values) *directory.Organization {
	id := v.Get("organization_id")
	if id == "" {
		return nil
	}
	o, err := e.directory.Organizations.Get(id)
	if err != nil {
		return nil
	}
	return &o
}

// begin checks the rest of the request, routes it, and answers where the browser goes.
func (e *environment) begin(w http.ResponseWriter, r *http.Request, client directory.Client, to target, v url.Values) (string, error) {
	ctx := r.Context()
	f, err := e.parse(client, to, v)
	if err != nil {
		return "", err
	}
	connection, err := e.route(ctx, v)
	hosted := e.fullStack() && (f.prompts("create") || belongsToHostedLogin(err))
	if err != nil && !hosted {
		return "", err
	}
	if s, ok, sessionErr := e.reusable(r, f, connection, v); ok || sessionErr != nil {
		if sessionErr != nil {
			return "", sessionErr
		}
		return e.resume(ctx, f, s)
	}
	if f.prompts("none") {
		code := "user_login_required"
		if e.quirk("scalekit-login-required") {
			code = string(oauth2.LoginRequired)
		}
		return "", refuse(code, "The request says prompt=none, but nobody is signed in here for it. Leave prompt out.")
	}
	if f.Browser, err = e.bindBrowser(w, r, connection.Type == directory.SAML); err != nil {
		return "", err
	}
	if hosted {
		return e.beginHosted(ctx, f, v)
	}
	return e.toProvider(ctx, f, connection, v.Get("login_hint"))
}

// toProvider sends the browser on to the identity provider of a connection.
func (e *environment) toProvider(ctx context.Context, f flow, c directory.Connection, hint string) (string, error) {
	f.OrganizationID, f.ConnectionID = c.OrganizationID, c.ID
	if c.Type == directory.SAML {
		return e.toSAMLProvider(ctx, f, c, hint)
	}
	up, err := e.upstream(c)
	if err != nil {
		return "", err
	}
	if f.Provider, err = e.discover(ctx, up); err != nil {
		return "", (&loginError{
			Code: string(oauth2.ServerError), Description: "Identity provider discovery failed",
			Sentence: "Scalekit could not read the discovery document of " + up.Issuer + ": " + err.Error() + ". Check that the identity provider is up and its issuer is right.",
		}).Because(err)
	}
	f.UpstreamNonce = e.kit.Env.Token(16)
	if !up.NoPKCE {
		f.UpstreamVerifier = e.kit.Env.Token(32)
	}
	state := e.kit.Env.Token(24)
	if err := e.flows.Put(ctx, state, f, e.now().Add(flowTTL)); err != nil {
		return "", err
	}
	p := web.Params{
		{"client_id", up.ClientID}, {"redirect_uri", up.RedirectURI}, {"response_type", "code"}, {"scope", strings.Join(up.Scopes, " ")},
		{"state", state}, {"nonce", f.UpstreamNonce},
	}
	if f.UpstreamVerifier != "" {
		p = append(p, web.Params{{"code_challenge", oauth2.ChallengeS256(f.UpstreamVerifier)}, {"code_challenge_method", oauth2.MethodS256}}...)
	}
	p.AddIf("login_hint", hint)
	for _, prompt := range []string{"login", "select_account"} { // what concerns the identity provider too
		if f.prompts(prompt) {
			p.Add("prompt", prompt)
			break
		}
	}
	if c.Provider == IDPSimulator { // the simulator shows these; another provider is not told
		p = append(p, e.shownBySimulator(f)...)
	}
	e.happened(ctx, "authentication.pending", c.OrganizationID, state, "client_id", f.ClientID, "connection_id", c.ID)
	return p.WithQuery(f.Provider.AuthorizationEndpoint), nil
}

// shownBySimulator describes the application of a sign-in.
func (e *environment) shownBySimulator(f flow) web.Params {
	name := "Connection test"
	if client, err := e.directory.Clients.Get(f.ClientID); err == nil {
		name = client.Name
	}
	return web.Params{
		{"app_name", name + " (" + e.conf().Name + ")"}, {"environment_url", e.url},
		{"app_client_id", f.ClientID}, {"app_redirect_uri", f.RedirectURI},
	}
}

// parse checks the parameters that do not select a connection.
func (e *environment) parse(client directory.Client, to target, v url.Values) (flow, error) {
	f := flow{
		ClientID: client.ID, RedirectURI: to.RedirectURI, State: to.State,
		Nonce: v.Get("nonce"), CodeChallenge: v.Get("code_challenge"), Prompt: oidc.Scopes(v.Get("prompt")),
	}
	if client.Inactive {
		return f, refuse("application_not_active", "The client %s is inactive. Activate it in the environment.", client.ID)
	}
	if got := v.Get("response_type"); got != "code" {
		return f, refuse("invalid_request", "The response_type is %q. Scalekit serves code only.", got)
	}
	if f.prompts("none") && len(f.Prompt) > 1 {
		return f, refuse("invalid_request", "The prompt is %q. none stands alone.", v.Get("prompt"))
	}
	if name := undocumented(v); name != "" && e.quirk("scalekit-strict-parameters") {
		return f, refuse("invalid_request", "The parameter %s is not known. Leave it out.", name)
	}
	asked := oidc.Scopes(v.Get("scope"))
	if !slices.Contains(asked, "openid") {
		return f, refuse("invalid_request", "The scope %q lacks openid. Ask for openid email profile.", v.Get("scope"))
	}
	for _, scope := range asked { // unknown ones are dropped, as zitadel/oidc does
		if slices.Contains(e.scopes(), scope) {
			f.Scopes = append(f.Scopes, scope)
		}
	}
	err := e.parseChallenge(&f, client, v)
	return f, err
}

// parseChallenge checks the parameters of PKCE (RFC 7636 §4.3).
// Unverified: that plain, which a missing method means, is refused, and that confidential clients may leave PKCE out.
func (e *environment) parseChallenge(f *flow, client directory.Client, v url.Values) error {
	method := v.Get("code_challenge_method")
	if f.CodeChallenge != "" && (method == "" || method == oauth2.MethodPlain) && e.quirk("scalekit-pkce-plain") {
		f.ChallengeMethod = oauth2.MethodPlain
		return nil
	}
	if (f.CodeChallenge != "" || method != "") && method != oauth2.MethodS256 {
		return refuse("invalid_request", "The code_challenge_method is %q. Use S256.", method)
	}
	if f.CodeChallenge == "" && (client.Public || method != "" || e.quirk("scalekit-pkce-required")) {
		return refuse("invalid_request", "The request has no code_challenge, which the client %s needs. Send one with method S256.", client.ID)
	}
	return nil
}

// undocumented is a parameter that the documentation of the authorization URL does not know, or "".
func undocumented(v url.Values) string {
	known := []string{
		"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "connection_id", "organization_id", "domain", "domain_hint",
		"login_hint", "provider", "prompt", "code_challenge", "code_challenge_method",
	}
	var rest []string
	for name := range v {
		if !slices.Contains(known, name) {
			rest = append(rest, name)
		}
	}
	if len(rest) == 0 {
		return ""
	}
	return slices.Min(rest)
}

func listed(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
