package mockcognito

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// authorizationRequest is a request whose client and redirect URI are trusted (RFC 6749 §4.1.1).
type authorizationRequest struct {
	pool   *pool
	client *appClient

	responseType string
	redirectURI  string
	scopes       []string // granted: those asked for, or all of the client
	state        string
	hasState     bool
	nonce        string
	challenge    string
	method       string
	loginHint    string
	prompt       []string
	provider     string // identity_provider
	identifier   string // idp_identifier
	resource     string // RFC 8707: the audience of the access token
	maxAge       string // looked at without the quirk max-age-ignored
	rawQuery     string
}

// authorizeParameters may each stand once (RFC 6749 §3.1).
var authorizeParameters = []string{
	"response_type", "client_id", "redirect_uri", "state", "scope", "identity_provider", "idp_identifier",
	"code_challenge", "code_challenge_method", "nonce", "login_hint", "lang", "prompt", "resource",
}

// authorize is GET /oauth2/authorize. Its order is the real service's: client, redirect URI, the rest of the request,
// a session that can be reused, the provider.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return badEncoding(err)
	}
	s.setXSRF(w, r, q.Get("client_id"))
	req, err := s.trustedRequest(r, q)
	if err != nil {
		return err
	}
	trace.Annotate(ctx, func(si *trace.SignIn) {
		si.ClientID, si.Provider = req.client.ID, req.provider
		if req.loginHint != "" {
			si.Email = req.loginHint
		}
	})
	return req.returned(s.answerRequest(w, r, q, req))
}

// answerRequest is the second phase of an authorization request: what fails now is told to the app.
func (s *Server) answerRequest(w http.ResponseWriter, r *http.Request, q url.Values, req *authorizationRequest) error {
	ctx := r.Context()
	if err := s.checkRequest(ctx, q, req); err != nil {
		return err
	}
	if s.managedLogin(r, req.pool) {
		s.setLanguage(w, req, q.Get("lang"))
	} else {
		req.prompt = nil // the hosted UI knows neither prompt nor lang
	}
	if done, err := s.reuseSession(ctx, w, r, req); done || err != nil {
		return err
	}
	if slices.Contains(req.prompt, "none") {
		return req.fail(oauth2.LoginRequired, "", "The app asked with prompt=none and there is no session, so Cognito may show nothing. Send the person through without prompt=none.")
	}
	if req.provider == "" && req.identifier == "" || req.ownDirectory() {
		trace.Note(ctx, "no identity provider was asked for: on to the login page")
		return req.toLogin(w)
	}
	idp := s.resolveProvider(ctx, req)
	if idp == nil {
		return req.toLogin(w)
	}
	return s.redirectToProvider(w, r, req, idp)
}

// trustedRequest is the first phase: until client and redirect URI are known to belong together, an error is a page of
// Cognito's own and never a redirect to the app (RFC 6749 §4.1.2.1).
func (s *Server) trustedRequest(r *http.Request, q url.Values) (*authorizationRequest, error) {
	clientID, redirectURI := q.Get("client_id"), q.Get("redirect_uri")
	p, client := s.clientOf(r, clientID)
	if client == nil {
		explain := s.noClient(clientID)
		return nil, &pageError{query: query("error", "invalid_request", "client_id", clientID), explain: explain}
	}
	if name := web.Duplicate(q, "client_id", "redirect_uri"); name != "" {
		return nil, &pageError{pool: p, query: query("error", "invalid_request", "client_id", clientID), explain: fmt.Sprintf("The request has %s more than once. Send it once.", name)}
	}
	if !client.OAuth || len(client.CallbackURLs) == 0 {
		return nil, &pageError{pool: p, query: query("error", "invalid_request"), explain: fmt.Sprintf(
			"App client %s may not use the OAuth endpoints: AllowedOAuthFlowsUserPoolClient is off or it has no callback URL. Enable OAuth on the client.", clientID)}
	}
	if redirectURI == "" {
		return nil, &pageError{pool: p, query: query("error", "Required String parameter 'redirect_uri' is not present", "client_id", clientID),
			explain: "The request has no redirect_uri. Cognito uses no default here: send one of " + quoteAll(client.CallbackURLs) + "."}
	}
	err := s.kit.Faults.Run(r.Context(), fault.Check{Point: "cognito.authorize.redirect_uri", Run: func() error {
		if slices.Contains(client.CallbackURLs, redirectURI) {
			return nil
		}
		return &pageError{pool: p, query: query("error", "redirect_mismatch", "client_id", clientID), explain: explainRedirect(redirectURI, client.CallbackURLs)}
	}})
	if err != nil {
		return nil, err
	}
	_, hasState := q["state"]
	return &authorizationRequest{
		pool: p, client: client, responseType: q.Get("response_type"), redirectURI: redirectURI,
		state: q.Get("state"), hasState: hasState, nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), method: q.Get("code_challenge_method"), loginHint: q.Get("login_hint"),
		prompt: strings.Fields(q.Get("prompt")), provider: q.Get("identity_provider"), identifier: q.Get("idp_identifier"),
		resource: q.Get("resource"),
		maxAge:   q.Get("max_age"),
		rawQuery: r.URL.RawQuery,
	}, nil
}

// noClient says why there is no app client for a request.
func (s *Server) noClient(clientID string) string {
	p, client := s.live().client(clientID)
	switch {
	case client == nil:
		return fmt.Sprintf("No user pool of this service has an app client %q. Compare client_id with the app clients of the pool.", clientID)
	case p.domainURL == "":
		return fmt.Sprintf("App client %s belongs to user pool %s, which has no domain, and so no OAuth endpoints. Give it one: CreateUserPoolDomain, or domain in the lab file.", clientID, p.ID)
	}
	return fmt.Sprintf("App client %s belongs to user pool %s, whose OAuth endpoints are at %s.", clientID, p.ID, strings.Join(p.domains, ", "))
}

// checkRequest is the second phase: errors go to the app.
func (s *Server) checkRequest(ctx context.Context, q url.Values, req *authorizationRequest) error {
	req.scopes = oidc.Scopes(q.Get("scope"))
	return s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.authorize.scope_default", Run: func() error {
			if len(req.scopes) == 0 {
				req.scopes = req.client.Scopes
			}
			return nil
		}},
		fault.Check{Point: "cognito.authorize.parameters", Run: func() error {
			if name := web.Duplicate(q, authorizeParameters...); name != "" {
				return req.fail(oauth2.InvalidRequest, "", fmt.Sprintf("The request has %s more than once. Send it once.", name))
			}
			return nil
		}},
		fault.Check{Point: "cognito.authorize.response_type", Run: func() error {
			if req.responseType != "code" && req.responseType != "token" {
				return req.fail(oauth2.InvalidRequest, "", fmt.Sprintf("response_type is %q; Cognito knows code and token only.", req.responseType))
			}
			return nil
		}},
		fault.Check{Point: "cognito.authorize.resource", Run: func() error {
			if req.resource == "" || strings.HasPrefix(req.resource, "https://") || strings.HasPrefix(req.resource, "http://localhost") {
				return nil
			}
			if u, err := url.Parse(req.resource); err == nil && u.Scheme != "" && u.Scheme != "http" {
				return nil
			}
			return req.fail(oauth2.InvalidRequest, "", fmt.Sprintf("resource is %q; it begins with https://, http://localhost or a scheme of one's own.", req.resource))
		}},
		fault.Check{Point: "cognito.authorize.pkce", Run: func() error {
			if req.challenge == "" && req.method == "" {
				return nil
			}
			if req.method != oauth2.MethodS256 || req.challenge == "" {
				return req.fail(oauth2.InvalidRequest, "", fmt.Sprintf("code_challenge_method is %q and code_challenge has %d characters; Cognito takes S256 only, and both together.", req.method, len(req.challenge)))
			}
			return nil
		}},
		fault.Check{Point: "cognito.authorize.flow", Run: func() error {
			flow := map[string]string{"code": "code", "token": "implicit"}[req.responseType]
			if !slices.Contains(req.client.Flows, flow) {
				return s.coded(req, oauth2.UnauthorizedClient, fmt.Sprintf("App client %s may not use the %s flow; allowed: %s. Enable it on the client, or ask with response_type=code.", req.client.ID, flow, strings.Join(req.client.Flows, ", ")))
			}
			return nil
		}},
		fault.Check{Point: "cognito.authorize.scope", Run: func() error {
			for _, scope := range req.scopes {
				if !slices.Contains(req.client.Scopes, scope) {
					return s.coded(req, oauth2.InvalidScope, fmt.Sprintf("App client %s may not ask for scope %q; allowed: %s. One such scope fails the whole request. Allow it on the client, or stop asking for it.", req.client.ID, scope, strings.Join(req.client.Scopes, " ")))
				}
			}
			return nil
		}},
	)
}

// coded is an error whose specific code the real service puts into error_description, under error=invalid_request.
func (s *Server) coded(req *authorizationRequest, code oauth2.Code, explain string) error {
	if s.kit.Quirks.On(quirkSpecificCode) {
		return req.fail(oauth2.InvalidRequest, string(code), explain)
	}
	return req.fail(code, "", explain)
}

// ownDirectory tells whether the request asks for the pool's own directory, which the client may use.
func (req *authorizationRequest) ownDirectory() bool {
	return req.provider == CognitoProvider && req.signsOwnUsersIn()
}

// returned is err as it is told to the app: an internal failure becomes server_error (RFC 6749 §4.1.2.1).
func (req *authorizationRequest) returned(err error) error {
	if err == nil || presentable(err) {
		return err
	}
	if e, ok := errors.AsType[*userpool.Error](err); ok { // a function of the pool refused
		return req.fail(oauth2.InvalidRequest, e.Message, "Cognito refused the sign-in: "+e.Message)
	}
	fail, _ := errors.AsType[*appError](req.fail(oauth2.ServerError, "", "mock Cognito failed: "+err.Error()))
	fail.err = err
	return fail
}

func (req *authorizationRequest) fail(code oauth2.Code, description, explain string) error {
	return &appError{
		redirectURI: req.redirectURI, fragment: req.responseType == "token", state: req.state, hasState: req.hasState,
		code: code, description: description, explain: explain,
	}
}

// resolveProvider finds the provider that the request names, if the client may use it. nil sends the person to the
// login page, which answers 401.
func (s *Server) resolveProvider(ctx context.Context, req *authorizationRequest) *provider {
	idp, explain := req.find()
	if idp == nil {
		trace.Fail(ctx, explain)
		return nil
	}
	enabled := fault.Check{Point: "cognito.authorize.provider_enabled", Run: func() error { return req.enabled(idp) }}
	if err := s.kit.Faults.Run(ctx, enabled); err != nil {
		trace.Fail(ctx, err.Error())
		return nil
	}
	return idp
}

// resolve finds the provider that the request names, if the client may use it, or says why there is none.
func (req *authorizationRequest) resolve() (*provider, string) {
	idp, explain := req.find()
	if idp == nil {
		return nil, explain
	}
	if err := req.enabled(idp); err != nil {
		return nil, err.Error()
	}
	return idp, ""
}

// find looks the provider up that the request names, or says why there is none.
func (req *authorizationRequest) find() (*provider, string) {
	if req.provider != "" {
		idp := req.pool.Provider(req.provider)
		if idp == nil {
			return nil, fmt.Sprintf("User pool %s has no identity provider %q; it has %s. Names are compared exactly, with case.", req.pool.ID, req.provider, quoteAll(names(req.pool.Providers())))
		}
		return idp, ""
	}
	idp := req.pool.ProviderOfIdentifier(req.identifier)
	if idp == nil {
		return nil, fmt.Sprintf("No identity provider of user pool %s has the identifier %q. Add it to the provider's identifiers, or send identity_provider.", req.pool.ID, req.identifier)
	}
	return idp, ""
}

// enabled is an error, a text for a person, unless the client may use the provider.
func (req *authorizationRequest) enabled(idp *provider) error {
	if slices.Contains(req.client.IdentityProviders, idp.Name) {
		return nil
	}
	return &notEnabled{fmt.Sprintf("Identity provider %q is not enabled on app client %s; enabled: %s. Add it to SupportedIdentityProviders.", idp.Name, req.client.ID, quoteAll(req.client.IdentityProviders))}
}

type notEnabled struct{ explain string }

func (e *notEnabled) Error() string { return e.explain }

// toLogin sends the person to the login page with the request's own query.
func (req *authorizationRequest) toLogin(w http.ResponseWriter) error {
	to := printable(req.rawQuery)
	if len(to) > len(req.rawQuery) && len(to) > maxOwnQuery {
		return &bareError{status: http.StatusRequestURITooLong, text: "Request-URI Too Long", explain: fmt.Sprintf("The address of the login page would have %d bytes. Send shorter parameters, percent-encoded.", len(to))}
	}
	web.Redirect(w, "/login?"+to)
	return nil
}

// printable keeps a query as it was sent but for bytes that no URL may hold: they are percent-encoded.
func printable(rawQuery string) string {
	var b strings.Builder
	for i := range len(rawQuery) {
		if c := rawQuery[i]; c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func names(list []*provider) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.Name
	}
	return out
}

func explainRedirect(got string, registered []string) string {
	s := fmt.Sprintf("Cognito refused the callback %q. Registered: %s.", got, quoteAll(registered))
	for _, have := range registered {
		switch {
		case strings.TrimSuffix(got, "/") == have:
			return s + " Remove the slash at its end in the app, or register it with the slash."
		case got == strings.TrimSuffix(have, "/"):
			return s + " Add the slash at its end in the app, or register it without."
		}
	}
	return s + " Use one of them in the app, or register this one; in a lab, start it with --callback " + got + "."
}

func quoteAll(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(quoted, ", ")
}
