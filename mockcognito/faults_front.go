package mockcognito

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/web"
)

// frontPoints are those of the endpoints that a browser visits.
func frontPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.authorize.redirect_uri", Kind: fault.Step, Description: "redirect_uri is registered"},
		{Name: "cognito.authorize.parameters", Kind: fault.Step, Description: "no parameter stands twice"},
		{Name: "cognito.authorize.response_type", Kind: fault.Step, Description: "response_type is known"},
		{Name: "cognito.authorize.scope_default", Kind: fault.Step, Description: "without scope the client's scopes are asked for"},
		{Name: "cognito.authorize.resource", Kind: fault.Step, Description: "resource is well-formed"},
		{Name: "cognito.authorize.pkce", Kind: fault.Step, Description: "the PKCE challenge is S256"},
		{Name: "cognito.authorize.flow", Kind: fault.Step, Description: "the client may use the flow"},
		{Name: "cognito.authorize.scope", Kind: fault.Step, Description: "the client may ask for the scopes"},
		{Name: "cognito.authorize.provider_enabled", Kind: fault.Step, Description: "the client may use the identity provider"},
		{Name: "cognito.login.csrf", Kind: fault.Step, Description: "the form of the login page is this browser's own"},
		{Name: "cognito.body_limit", Kind: fault.Step, Description: "request bodies are bounded"},
		{Name: "cognito.code", Kind: fault.Document, Description: "an authorization code that is made"},
		{Name: "cognito.idpresponse.state_authentic", Kind: fault.Step, Description: "the returned state is Cognito's own"},
		{Name: "cognito.idpresponse.state_age", Kind: fault.Step, Description: "the returned state is not older than 5 minutes"},
		{Name: "cognito.idpresponse.state_unused", Kind: fault.Step, Description: "the returned state was not used before"},
		{Name: "cognito.idpresponse.state_browser", Kind: fault.Step, Description: "the browser is the one that was sent out"},
		{Name: "cognito.idpresponse.signature", Kind: fault.Step, Description: "the provider's ID token is signed by its key"},
		{Name: "cognito.idpresponse.iss", Kind: fault.Step, Description: "iss is the configured issuer"},
		{Name: "cognito.idpresponse.aud", Kind: fault.Step, Description: "aud names Cognito's client"},
		{Name: "cognito.idpresponse.exp", Kind: fault.Step, Description: "the ID token is not expired"},
		{Name: "cognito.idpresponse.sub", Kind: fault.Step, Description: "the ID token has a sub"},
	}
}

// frontFaults are those of authorize, login and the return from an identity provider.
func (s *Server) frontFaults() []fault.Fault {
	return slices.Concat(s.requestFaults(), s.selectionFaults(), s.answerFaults(), s.browserFaults(), s.craftedFaults(), []fault.Fault{
		skip("fed.state_replay", "A used upstream state is taken again", "cognito.idpresponse.state_unused"),
		skip("fed.state_not_bound_to_browser", "The return of another browser is taken", "cognito.idpresponse.state_browser"),
		skip("fed.attempt_never_expires", "A sign-in may take for ever", "cognito.idpresponse.state_age"),
		skip("fed.sig_unchecked", "The provider's signature is not verified", "cognito.idpresponse.signature"),
		skip("fed.iss_unchecked", "The provider's iss is not compared", "cognito.idpresponse.iss"),
		skip("fed.aud_unchecked", "The provider's aud is not compared", "cognito.idpresponse.aud"),
		skip("fed.exp_unchecked", "An expired ID token of the provider is taken", "cognito.idpresponse.exp"),
	})
}

// asked is a fault that reads an authorization request in another way than it stands there.
func asked(id, title string, change func(q url.Values)) fault.Fault {
	return route("cognito.authorize", id, title, fault.ChangeQuery(change))
}

// requestClient is the app client that a request names, or nil.
func (s *Server) requestClient(q url.Values) *appClient {
	_, client := s.live().client(q.Get("client_id"))
	return client
}

// loosely is a fault that compares redirect_uri in another way: what same takes for a registered one is served as that.
func (s *Server) loosely(id, title string, same func(registered, got string) bool) fault.Fault {
	return asked(id, title, func(q url.Values) {
		client := s.requestClient(q)
		if client == nil {
			return
		}
		if slices.Contains(client.CallbackURLs, q.Get("redirect_uri")) {
			return
		}
		for _, registered := range client.CallbackURLs {
			if same(registered, q.Get("redirect_uri")) {
				q.Set("redirect_uri", registered)
				return
			}
		}
	})
}

// requestFaults are those of what an authorization request may say.
func (s *Server) requestFaults() []fault.Fault {
	plain := func(q url.Values) { // RFC 7636 §4.2: the challenge is the verifier
		q.Set("code_challenge", oauth2.ChallengeS256(q.Get("code_challenge")))
		q.Set("code_challenge_method", oauth2.MethodS256)
	}
	return []fault.Fault{
		skip("authz.redirect_any", "Any redirect_uri is taken", "cognito.authorize.redirect_uri"),
		s.loosely("authz.redirect_prefix", "What begins with a registered redirect_uri is taken for it", func(registered, got string) bool {
			return strings.HasPrefix(got, registered)
		}),
		s.loosely("authz.redirect_ignore_query", "The query of redirect_uri is not compared", func(registered, got string) bool {
			path, _, _ := strings.Cut(got, "?")
			return path == registered
		}),
		s.loosely("authz.redirect_case_fold", "Case does not count in redirect_uri", strings.EqualFold),
		asked("authz.redirect_default", "Without redirect_uri the client's first is taken", func(q url.Values) {
			if client := s.requestClient(q); !q.Has("redirect_uri") && client != nil && len(client.CallbackURLs) > 0 {
				q.Set("redirect_uri", client.CallbackURLs[0])
			}
		}),
		asked("authz.default_response_type", "Without response_type code is taken", func(q url.Values) {
			if q.Get("response_type") == "" {
				q.Set("response_type", "code")
			}
		}),
		asked("authz.accept_id_token", "response_type=id_token is taken for code", func(q url.Values) {
			if q.Get("response_type") == "id_token" {
				q.Set("response_type", "code")
			}
		}),
		skip("authz.flow_unchecked", "Any client may use any flow", "cognito.authorize.flow"),
		skip("authz.scope_unchecked", "Any scope is granted", "cognito.authorize.scope"),
		skip("authz.scope_default_empty", "Without scope nothing is granted", "cognito.authorize.scope_default"),
		asked("pkce.reject_s256", "A challenge with S256 is refused", func(q url.Values) {
			if q.Get("code_challenge_method") == oauth2.MethodS256 {
				q.Set("code_challenge_method", "S-256")
			}
		}),
		asked("pkce.accept_plain", "A challenge with the method plain is taken", func(q url.Values) {
			if q.Get("code_challenge_method") == "plain" {
				plain(q)
			}
		}),
		asked("pkce.method_default", "A challenge without a method is taken as plain", func(q url.Values) {
			if q.Has("code_challenge") && !q.Has("code_challenge_method") {
				plain(q)
			}
		}),
		route("cognito.authorize", "authz.reject_unknown", "A parameter that is not known fails the request", rejectUnknown),
		asked("authz.first_wins", "Of a parameter that stands twice the first is taken", func(q url.Values) {
			for name := range q {
				q.Set(name, q.Get(name))
			}
		}),
		route("cognito.other_method", "authz.post_accepted", "The authorization endpoint takes POST", s.authorizeByPost),
		skip("page.csrf_missing", "The login form is taken without the token of its page", "cognito.login.csrf"),
	}
}

// rejectUnknown answers invalid_request to what RFC 6749 §3.1 wants ignored.
func rejectUnknown(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		for name := range q {
			if !slices.Contains(authorizeParameters, name) && q.Get("redirect_uri") != "" {
				web.Redirect(w, web.Params{{"error_description", "unknown parameter " + name}, {"state", q.Get("state")}, {"error", "invalid_request"}}.WithQuery(q.Get("redirect_uri")))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// authorizeByPost serves POST /oauth2/authorize with the parameters of the body.
func (s *Server) authorizeByPost(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := web.Form(r)
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/oauth2/authorize" {
			next.ServeHTTP(w, r)
			return
		}
		own := r.Clone(r.Context())
		own.URL.RawQuery = form.Encode()
		web.Handle(s.presentFront, s.authorize).ServeHTTP(w, own)
	})
}

// selectionFaults are those of which provider is asked, and whether one is.
func (s *Server) selectionFaults() []fault.Fault {
	without := func(value string) func(url.Values) {
		return func(q url.Values) {
			if q.Get("prompt") == value {
				q.Del("prompt")
			}
		}
	}
	return []fault.Fault{
		asked("authz.show_login_page", "identity_provider does not lead to the provider", func(q url.Values) { q.Del("identity_provider") }),
		asked("authz.identifier_ignored", "idp_identifier is not looked at", func(q url.Values) { q.Del("idp_identifier") }),
		asked("authz.provider_fallback", "An unknown provider name leads to the client's first", func(q url.Values) {
			client := s.requestClient(q)
			if client == nil || len(client.IdentityProviders) == 0 || slices.Contains(client.IdentityProviders, q.Get("identity_provider")) {
				return
			}
			q.Set("identity_provider", client.IdentityProviders[0])
		}),
		skip("authz.provider_not_enforced", "Any client may use any identity provider of the pool", "cognito.authorize.provider_enabled"),
		asked("authz.prompt_none_page", "prompt=none is not looked at", without("none")),
		asked("authz.prompt_login_ignored", "prompt=login is not looked at", without("login")),
	}
}

// answerFaults are those of the redirect back to the app.
func (s *Server) answerFaults() []fault.Fault {
	back := func(id, title string, change func(q url.Values)) fault.Fault { // of an answer with a code
		return fault.Fault{ID: id, Title: title, Points: []string{"cognito.idpresponse", "cognito.authorize"}, Route: rewriteLocation(func(u *url.URL) {
			if q := u.Query(); q.Has("code") {
				change(q)
				u.RawQuery = q.Encode()
			}
		})}
	}
	atBoth := func(id, title string, change func(*url.URL)) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{"cognito.idpresponse", "cognito.authorize"}, Route: rewriteLocation(change)}
	}
	var made atomic.Int64
	return []fault.Fault{
		back("authz.no_code", "The app is sent no code", func(q url.Values) { q.Del("code") }),
		back("authz.state_truncated", "The state that comes back to the app lacks its last character", func(q url.Values) {
			if state := q.Get("state"); state != "" {
				q.Set("state", state[:len(state)-1])
			}
		}),
		back("authz.state_decoded_twice", "The state that comes back to the app was decoded once too often", func(q url.Values) {
			if state, err := url.QueryUnescape(q.Get("state")); err == nil && q.Has("state") {
				q.Set("state", state)
			}
		}),
		back("authz.state_invented", "A state comes back to the app that it did not send", func(q url.Values) {
			if !q.Has("state") {
				q.Set("state", "nobody-sent-this")
			}
		}),
		route("cognito.authorize", "authz.redirect_on_bad_client", "The error of an unknown client goes to the redirect_uri of its request", fault.ChangeLocation(func(to *url.URL, r *http.Request) {
			q := r.URL.Query()
			if app, err := url.Parse(q.Get("redirect_uri")); err == nil && s.requestClient(q) == nil {
				*to = *app
				to.RawQuery = "error=unauthorized_client"
			}
		})),
		back("authz.iss_wrong", "The answer to the app names another issuer", func(q url.Values) { q.Set("iss", "https://issuer.invalid") }),
		atBoth("authz.error_leaks_internal", "Errors that go to the app carry an internal exception", func(u *url.URL) {
			if q := u.Query(); q.Has("error") && u.Host != "" {
				q.Set("exception", "java.lang.IllegalStateException")
				u.RawQuery = q.Encode()
			}
		}),
		atBoth("authz.code_in_fragment", "The code stands in the fragment", func(u *url.URL) {
			if fragment, err := url.PathUnescape(u.RawQuery); err == nil && u.Query().Has("code") {
				u.Fragment, u.RawFragment, u.RawQuery = fragment, u.RawQuery, ""
			}
		}),
		atBoth("authz.token_in_query", "Answers of the implicit flow stand in the query", func(u *url.URL) {
			if u.Fragment != "" {
				u.RawQuery, u.Fragment, u.RawFragment = u.EscapedFragment(), "", ""
			}
		}),
		route("cognito.authorize", "authz.request_object_trusted", "An unsigned request object decides where the answer goes", fault.ChangeLocation(trustRequestObject)),
		document("cognito.token.response", "token.always_idt", "A token response without ID token gets one, a copy of the access token", func(o *jose.Object) {
			if !o.Has("id_token") {
				o.Set("id_token", o.Get("access_token"))
			}
		}),
		claim("cognito.id_token", "idt.no_auth_time", "The ID token lacks auth_time", func(d *jose.Draft) { d.Claims.Delete("auth_time") }),
		document("cognito.code", "code.sequential", "Codes are counted", func(o *jose.Object) { o.Set("code", fmt.Sprintf("00000000-0000-4000-8000-%012x", made.Add(1))) }),
		document("cognito.code", "code.short", "Codes have eight characters", func(o *jose.Object) {
			if code, ok := o.Get("code").(string); ok && len(code) > 8 {
				o.Set("code", code[:8])
			}
		}),
	}
}

// trustRequestObject sends the answer to the redirect_uri of the request object (OIDC Core §6.1).
func trustRequestObject(to *url.URL, r *http.Request) {
	q := r.URL.Query()
	payload, err := unverifiedPayload(q.Get("request"))
	if err != nil {
		return
	}
	var claims struct {
		RedirectURI string `json:"redirect_uri"`
	}
	base, _, _ := strings.Cut(to.String(), "?")
	if json.Unmarshal(payload, &claims) != nil || base != q.Get("redirect_uri") {
		return
	}
	if other, err := url.Parse(claims.RedirectURI); err == nil {
		other.RawQuery = to.RawQuery
		*to = *other
	}
}
