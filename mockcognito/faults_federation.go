package mockcognito

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/web"
)

// federationPoints are the steps of a relying party towards an identity provider, beside those of the returned state
// and of the ID token's claims.
func federationPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.idpresponse.client_auth", Kind: fault.Step, Description: "the token request carries the client secret"},
		{Name: "cognito.idpresponse.token_redirect_uri", Kind: fault.Step, Description: "the token request repeats the redirect_uri of the authorization request"},
		{Name: "cognito.idpresponse.alg", Kind: fault.Step, Description: "the provider's ID token is signed at all"},
		{Name: "cognito.idpresponse.keys", Kind: fault.Step, Description: "the provider's keys are fetched for each ID token"},
		{Name: "cognito.idpresponse.userinfo_method", Kind: fault.Step, Description: "userInfo is asked with the configured method"},
		{Name: "cognito.idpresponse.userinfo", Kind: fault.Step, Description: "a failure of the provider's userInfo ends the sign-in"},
		{Name: "cognito.idpresponse.claims", Kind: fault.Document, Description: "claims that are put over those of the provider before they are mapped; empty"},
		{Name: "cognito.idpresponse.mapping", Kind: fault.Step, Description: "the provider's attribute mapping is applied"},
		{Name: "cognito.idpresponse.update", Kind: fault.Step, Description: "a later sign-in writes the mapped attributes again"},
		{Name: "cognito.idpresponse.immutable", Kind: fault.Step, Description: "an immutable attribute is not changed"},
		{Name: "cognito.idpresponse.required", Kind: fault.Step, Description: "a profile has every required attribute"},
		{Name: "cognito.schema", Kind: fault.Document, Description: "what a sign-in takes for required and immutable beside the pool's schema; empty"},
		{Name: "cognito.idpresponse.merge", Kind: fault.Step, Description: "claims of the ID token win over those of userInfo"},
	}
}

// federationFaults are the ways in which Cognito is a bad relying party.
func (s *Server) federationFaults() []fault.Fault {
	return append(s.returnFaults(),
		upstream("fed.stale_authorize_url", "The browser is sent to an authorization endpoint of the past", func(to *url.URL, _ url.Values, _ *http.Request) { to.Path = "/old/authorize" }),
		upstream("fed.client_id_of_app", "The app client's id goes upstream", func(_ *url.URL, q url.Values, r *http.Request) { q.Set("client_id", r.URL.Query().Get("client_id")) }),
		upstream("fed.redirect_trailing_slash", "The redirect_uri that goes upstream ends with a slash", func(_ *url.URL, q url.Values, _ *http.Request) { q.Set("redirect_uri", q.Get("redirect_uri")+"/") }),
		upstream("fed.implicit", "The implicit flow is used upstream", func(_ *url.URL, q url.Values, _ *http.Request) { q.Set("response_type", "token") }),
		upstream("fed.scope_dropped", "No openid is asked for upstream", func(_ *url.URL, q url.Values, _ *http.Request) { q.Set("scope", "email profile") }),
		upstream("fed.state_static", "Every upstream state is the same", func(_ *url.URL, q url.Values, _ *http.Request) { q.Set("state", strings.Repeat("static-", 8)) }),
		upstream("fed.state_is_app_state", "The app's state goes upstream as it is", func(_ *url.URL, q url.Values, r *http.Request) { q.Set("state", r.URL.Query().Get("state")) }),
		upstream("fed.login_hint_dropped", "login_hint does not go upstream", func(_ *url.URL, q url.Values, _ *http.Request) { q.Del("login_hint") }),
		upstream("fed.plus_becomes_space", "A plus sign in login_hint becomes a space", func(_ *url.URL, q url.Values, _ *http.Request) {
			q.Set("login_hint", strings.ReplaceAll(q.Get("login_hint"), "+", " "))
		}),
		upstream("fed.login_hint_invented", "A login_hint goes upstream that nobody sent", func(_ *url.URL, q url.Values, _ *http.Request) {
			if q.Get("login_hint") == "" {
				q.Set("login_hint", "someone@example.com")
			}
		}),
		upstream("fed.nonce_unchecked", "A nonce goes upstream, and the one that comes back is not compared", func(_ *url.URL, q url.Values, _ *http.Request) {
			q.Set("nonce", "a-nonce-that-is-forgotten")
		}),
		skip("fed.alg_none_accepted", "An unsigned ID token of the provider is taken", "cognito.idpresponse.alg"),
		skip("fed.sub_optional", "An ID token of the provider without sub is taken", "cognito.idpresponse.sub"),
		skip("fed.jwks_cached_forever", "The provider's keys are fetched once and never again", "cognito.idpresponse.keys"),
		skip("fed.no_client_auth", "The token request has no client secret", "cognito.idpresponse.client_auth"),
		skip("fed.redirect_changed", "The token request names another redirect_uri", "cognito.idpresponse.token_redirect_uri"),
		skip("fed.userinfo_method_ignored", "userInfo is asked with the other method", "cognito.idpresponse.userinfo_method"),
		skip("fed.userinfo_error_ignored", "A userInfo that fails does not end the sign-in", "cognito.idpresponse.userinfo"),
		skip("fed.mapping_ignored", "What the provider says of the person is dropped", "cognito.idpresponse.mapping"),
		skip("fed.attr_not_updated", "Later sign-ins leave the profile as it is", "cognito.idpresponse.update"),
		skip("fed.immutable_overwritten", "An immutable attribute is changed", "cognito.idpresponse.immutable"),
		skip("fed.required_attr_ignored", "A profile may lack required attributes", "cognito.idpresponse.required"),
		fault.Fault{ID: "fed.new_user_each_time", Title: "Each sign-in makes another user", Points: []string{"cognito.idpresponse.claims"}, Document: func(o *jose.Object, _ fault.Params) {
			o.Set("sub", s.kit.Env.UUID())
		}},
		claim("cognito.id_token", "fed.username_is_email", "The user name is the person's address", func(d *jose.Draft) {
			if email, ok := d.Claims.Get("email").(string); ok {
				d.Claims.Set("cognito:username", email)
			}
		}),
		claim("cognito.id_token", "idt.no_identities", "The ID token does not tell by which provider the person came", func(d *jose.Draft) { d.Claims.Delete("identities") }),
		fault.Fault{ID: "pool.required_attribute", Title: "The pool requires an attribute", Points: []string{"cognito.schema"}, Defaults: fault.Params{"name": "email"}, Document: func(o *jose.Object, p fault.Params) {
			o.Set("required", p["name"])
		}},
		fault.Fault{ID: "pool.immutable_attribute", Title: "An attribute of the pool is immutable", Points: []string{"cognito.schema"}, Defaults: fault.Params{"name": "family_name"}, Document: func(o *jose.Object, p fault.Params) {
			o.Set("immutable", p["name"])
		}},
		skip("fed.userinfo_sub_unchecked", "userInfo decides who signed in, whatever the ID token says", "cognito.idpresponse.merge"),
	)
}

// returnFaults are those of the way back from an identity provider to the app.
func (s *Server) returnFaults() []fault.Fault {
	at := func(id, title string, route func(http.Handler, fault.Params) http.Handler) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{"cognito.idpresponse"}, Route: route}
	}
	return []fault.Fault{
		at("fed.state_unchecked", "Any upstream state is taken", s.takeReturn(s.foreignState)),
		at("fed.state_optional", "A return without state is taken", s.takeReturn(func(q url.Values) bool { return q.Get("state") == "" })),
		at("fed.unsolicited_accepted", "An answer that began at the provider is taken", s.takeReturn(func(q url.Values) bool { return q.Get("state") == "" && q.Has("iss") })),
		at("fed.leak_upstream_code", "The provider's code goes on to the app", fault.ChangeLocation(func(to *url.URL, r *http.Request) {
			if q := to.Query(); q.Has("code") {
				q.Set("upstream_code", r.URL.Query().Get("code"))
				to.RawQuery = q.Encode()
			}
		})),
		at("fed.upstream_error_swallowed", "The app is not told what the provider refused", onError(func(q url.Values) {
			q.Del("error")
			q.Del("error_description")
		})),
		at("fed.token_error_ignored", "An error of the provider ends in a code for the app", onError(func(q url.Values) {
			q.Del("error")
			q.Del("error_description")
			q.Set("code", s.kit.Env.UUID())
		})),
	}
}

// foreignState tells whether a return has a state that is not of this service.
func (s *Server) foreignState(q url.Values) bool {
	key, err := s.stateKey()
	if err != nil || q.Get("state") == "" {
		return false
	}
	_, authentic, err := parseState(q.Get("state"), key)
	return err != nil || !authentic
}

// upstream is a fault that changes the redirect to an identity provider.
func upstream(id, title string, change func(to *url.URL, q url.Values, r *http.Request)) fault.Fault {
	return fault.Fault{
		ID: id, Title: title, Points: []string{"cognito.authorize"},
		Route: fault.ChangeLocation(func(to *url.URL, r *http.Request) {
			q := to.Query()
			if !strings.HasSuffix(q.Get("redirect_uri"), "/oauth2/idpresponse") {
				return // not on the way to a provider
			}
			change(to, q, r)
			to.RawQuery = q.Encode()
		}),
	}
}

// onError changes the parameters of an error that goes to the app.
func onError(change func(q url.Values)) func(http.Handler, fault.Params) http.Handler {
	return fault.ChangeLocation(func(to *url.URL, _ *http.Request) {
		if q := to.Query(); q.Has("error") && to.Path != "/error" {
			change(q)
			to.RawQuery = q.Encode()
		}
	})
}

// takeReturn hands the first app a code for any return of that kind.
func (s *Server) takeReturn(when func(q url.Values) bool) func(http.Handler, fault.Params) http.Handler {
	return func(next http.Handler, _ fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client := s.live().firstClient()
			if client == nil || !when(r.URL.Query()) || len(client.CallbackURLs) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			web.Redirect(w, web.Params{{"code", s.kit.Env.UUID()}}.WithQuery(client.CallbackURLs[0]))
		})
	}
}
