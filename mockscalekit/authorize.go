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
	ClientID      string
	RedirectURI   string
	State         string
	Nonce         string
	Scopes        []string
	CodeChallenge string

	OrganizationID string
	ConnectionID   string

	Provider         oidc.ProviderMetadata
	Browser          string // the cookie of the browser that began
	UpstreamNonce    string
	UpstreamVerifier string // PKCE towards the identity provider
}

// flowTTL is how long a person may take at the identity provider.
// Unverified: an hour.
const flowTTL = time.Hour

// authorize serves the authorization endpoint (https://docs.scalekit.com/sso/guides/authorization-url/).
func (e *environment) authorize(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := params(r)
	if err != nil {
		return refuse("invalid_request", "The parameters of the authorization request cannot be read. Encode them as a query string.").because(err)
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
	location, err := e.begin(w, r, client, to, v)
	if err != nil {
		return to.send(err)
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
	if errors.Is(err, directory.ErrNotFound) {
		return client, target{}, refuse("invalid_client", "Scalekit knows no client %q. Use the client id of this environment, or add the client to it.", id)
	}
	if err != nil {
		return client, target{}, err
	}
	err = e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.authorize.redirect_uri", Run: func() error {
		if slices.ContainsFunc(client.RedirectURIs, func(pattern string) bool { return matchRedirect(pattern, uri) }) || e.allowRedirectURI(client.ID, uri) {
			return nil
		}
		return refuse("invalid_redirect_uri", "Scalekit refused the redirect URI %q. Allowed for %s: %s. Make the two the same, character by character.",
			uri, client.ID, listed(client.RedirectURIs))
	}})
	if err != nil {
		return client, target{}, err
	}
	return client, target{RedirectURI: uri, State: v.Get("state")}, nil
}

// matchRedirect compares a redirect URI with a registered one: exactly, but for one * in the left-most label of the
// host (https://docs.scalekit.com/guides/dashboard/redirects/).
func matchRedirect(pattern, uri string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == uri && uri != ""
	}
	if len(uri) <= len(before)+len(after) || !strings.HasPrefix(uri, before) || !strings.HasSuffix(uri, after) {
		return false
	}
	for _, c := range []byte(uri[len(before) : len(uri)-len(after)]) { // what a label of a host name is made of (RFC 1123 §2.1)
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// begin checks the rest of the request, routes it, and answers where the browser goes.
func (e *environment) begin(w http.ResponseWriter, r *http.Request, client directory.Client, to target, v url.Values) (string, error) {
	ctx := r.Context()
	f, err := e.parse(client, to, v)
	if err != nil {
		return "", err
	}
	connection, err := e.route(ctx, v)
	if err != nil {
		return "", err
	}
	f.OrganizationID, f.ConnectionID = connection.OrganizationID, connection.ID
	up, err := e.upstream(connection)
	if err != nil {
		return "", err
	}
	if f.Provider, err = e.discover(ctx, up.Issuer); err != nil {
		return "", (&loginError{
			Code: string(oauth2.ServerError), Description: "Identity provider discovery failed",
			Sentence: "Scalekit could not read the discovery document of " + up.Issuer + ": " + err.Error() + ". Check that the identity provider is up and its issuer is right.",
		}).because(err)
	}
	if f.Browser, err = e.bindBrowser(w, r); err != nil {
		return "", err
	}
	f.UpstreamNonce, f.UpstreamVerifier = e.kit.Env.Token(16), e.kit.Env.Token(32)
	state := e.kit.Env.Token(24)
	if err := e.flows.Put(ctx, state, f, e.kit.Env.Now().Add(flowTTL)); err != nil {
		return "", err
	}
	p := web.Params{
		{"client_id", up.ClientID}, {"redirect_uri", up.RedirectURI}, {"response_type", "code"}, {"scope", "openid email profile"},
		{"state", state}, {"nonce", f.UpstreamNonce},
		{"code_challenge", oauth2.ChallengeS256(f.UpstreamVerifier)}, {"code_challenge_method", oauth2.MethodS256},
	}
	p.AddIf("login_hint", v.Get("login_hint"))
	if connection.Provider == IDPSimulator { // the simulator shows these; another provider is not told
		p = append(p, web.Params{
			{"app_name", client.Name + " (" + e.name() + ")"}, {"environment_url", e.url},
			{"app_client_id", client.ID}, {"app_redirect_uri", to.RedirectURI},
		}...)
	}
	return p.WithQuery(f.Provider.AuthorizationEndpoint), nil
}

// parse checks the parameters that do not select a connection.
func (e *environment) parse(client directory.Client, to target, v url.Values) (flow, error) {
	f := flow{
		ClientID: client.ID, RedirectURI: to.RedirectURI, State: to.State,
		Nonce: v.Get("nonce"), CodeChallenge: v.Get("code_challenge"),
	}
	if client.Inactive {
		return f, refuse("application_not_active", "The client %s is inactive. Activate it in the environment.", client.ID)
	}
	if got := v.Get("response_type"); got != "code" {
		return f, refuse("invalid_request", "The response_type is %q. Scalekit serves code only.", got)
	}
	asked := oidc.Scopes(v.Get("scope"))
	if !slices.Contains(asked, "openid") {
		return f, refuse("invalid_request", "The scope %q lacks openid. Ask for openid email profile.", v.Get("scope"))
	}
	for _, scope := range asked { // unknown ones are dropped, as zitadel/oidc does
		if slices.Contains(supportedScopes(), scope) {
			f.Scopes = append(f.Scopes, scope)
		}
	}
	// Unverified: that plain, which a missing method means (RFC 7636 §4.3), is refused.
	if method := v.Get("code_challenge_method"); (f.CodeChallenge != "" || method != "") && method != oauth2.MethodS256 {
		return f, refuse("invalid_request", "The code_challenge_method is %q. Use S256.", method)
	}
	if f.CodeChallenge == "" && (client.Public || v.Get("code_challenge_method") != "") {
		return f, refuse("invalid_request", "The request has no code_challenge, which the client %s needs. Send one with method S256.", client.ID)
	}
	// Unverified: the code for prompt=none. There is no session in modular mode, so it can never succeed.
	if v.Get("prompt") == "none" {
		return f, refuse("user_login_required", "The request says prompt=none, but somebody has to sign in at the identity provider. Leave prompt out.")
	}
	return f, nil
}

func listed(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
