package mockcognito

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/web"
)

// endpointPoints are those of the documents and of the token, userInfo and revocation endpoints.
func endpointPoints() []fault.Point {
	points := []fault.Point{
		{Name: "cognito.other_method", Kind: fault.Route, Description: "a method that an endpoint does not serve"},
		{Name: "cognito.discovery.document", Kind: fault.Document, Description: "the discovery document"},
		{Name: "cognito.keys.document", Kind: fault.Document, Description: "the JWK Set"},
		{Name: "cognito.token.response", Kind: fault.Document, Description: "the token response"},
		{Name: "cognito.refresh.response", Kind: fault.Document, Description: "the token response to a refresh token"},
		{Name: "cognito.userinfo.document", Kind: fault.Document, Description: "the userInfo response"},
		{Name: "cognito.refresh.id_token", Kind: fault.Token, Description: "the ID token made for a refresh token"},
		{Name: "cognito.refresh.access_token", Kind: fault.Token, Description: "the access token made for a refresh token"},
	}
	for _, step := range [][2]string{
		{"cognito.code.expiry", "a code is given 5 minutes"},
		{"cognito.token.one_method", "the client authenticates in one way only"},
		{"cognito.token.client_secret_sent", "a confidential client sends its secret"},
		{"cognito.token.client_secret", "the client's secret"},
		{"cognito.token.code_unused", "the code is consumed by its first use"},
		{"cognito.token.code_client", "the code belongs to the client"},
		{"cognito.token.redirect_uri", "redirect_uri is the one of the authorize request"},
		{"cognito.token.pkce", "code_verifier matches the challenge"},
		{"cognito.token.pkce_sent", "a challenge is answered by a code_verifier"},
		{"cognito.token.pkce_unasked", "a code_verifier answers a challenge"},
		{"cognito.refresh.expiry", "a refresh token is given the client's validity"},
		{"cognito.refresh.client_secret_sent", "a confidential client sends its secret with a refresh token"},
		{"cognito.refresh.client", "the refresh token belongs to the client"},
		{"cognito.refresh.user", "the refresh token's user is not disabled"},
		{"cognito.refresh.signed_out", "the user did not sign out everywhere after the refresh token was issued"},
		{"cognito.refresh.rotation", "with rotation a used refresh token ends"},
		{"cognito.userinfo.signed_out", "the user did not sign out everywhere after the access token was issued"},
		{"cognito.revoke.setting", "the client's setting for token revocation is read"},
		{"cognito.revoke.enabled", "the client has token revocation on"},
		{"cognito.revoke.token_type", "only refresh tokens are revoked"},
		{"cognito.revoke.client", "the token to revoke belongs to the client"},
		{"cognito.revoke.refresh_token", "revocation ends the refresh token"},
		{"cognito.revoke.access_tokens", "revocation ends the access tokens of the grant"},
		{"cognito.userinfo.signature", "the access token is signed by the pool"},
		{"cognito.userinfo.exp", "the access token is not expired"},
		{"cognito.userinfo.revoked", "the access token's grant is not revoked"},
		{"cognito.userinfo.scope", "the access token has the scope openid"},
	} {
		points = append(points, fault.Point{Name: step[0], Kind: fault.Step, Description: step[1]})
	}
	return points
}

// endpointFaults are those of the token, userInfo and revocation endpoints.
func (s *Server) endpointFaults() []fault.Fault {
	return slices.Concat(s.exchangeFaults(), s.refreshFaults(), s.userInfoFaults())
}

// exchangeFaults are those of codes and of the token endpoint.
func (s *Server) exchangeFaults() []fault.Fault {
	const response, token = "cognito.token.response", "cognito.token"
	return []fault.Fault{
		{
			ID: "token.drop_member", Title: "The token response lacks a member", Points: []string{response}, Defaults: fault.Params{"member": "id_token"},
			Document: func(o *jose.Object, p fault.Params) { o.Delete(p["member"]) },
		},
		document(response, "token.expires_string", "expires_in is a string", func(o *jose.Object) { o.Set("expires_in", "3600") }),
		document(response, "token.expires_wrong", "expires_in is a minute, whatever the token's exp", func(o *jose.Object) { o.Set("expires_in", 60) }),
		route(token, "token.cacheable", "Token responses may be cached", rewriteAnswer(func(a *answer) {
			a.Header().Set("Cache-Control", "public, max-age=3600")
			a.Header().Del("Pragma")
			a.Header().Del("Expires")
		})),
		route(token, "token.html_error", "Errors of the token endpoint are HTML pages", rewriteAnswer(func(a *answer) {
			if a.status >= http.StatusBadRequest {
				a.Header().Set("Content-Type", "text/html; charset=utf-8")
				a.replace([]byte("<!doctype html><title>Error</title><h1>Something went wrong</h1>"))
			}
		})),
		route(token, "token.cors_credentials", "Any origin may call the token endpoint with credentials", rewriteAnswer(func(a *answer) {
			a.Header().Set("Access-Control-Allow-Credentials", "true")
		})),
		route(token, "token.basic_unsupported", "client_secret_basic is not read", editForm(func(r *http.Request, _ url.Values) { r.Header.Del("Authorization") })),
		route(token, "token.post_unsupported", "client_secret_post is not read", editForm(func(_ *http.Request, form url.Values) { form.Del("client_secret") })),
		route(token, "token.grant_default", "Any grant type that is not known is taken for authorization_code", editForm(func(_ *http.Request, form url.Values) {
			if !slices.Contains([]string{oauth2.GrantAuthorizationCode, oauth2.GrantRefreshToken, oauth2.GrantClientCredentials}, form.Get("grant_type")) {
				form.Set("grant_type", oauth2.GrantAuthorizationCode)
			}
		})),
		route(token, "token.json_body", "The token endpoint takes JSON", jsonAsForm),
		route(token, "token.cc_always", "Any client gets a token by client_credentials", clientCredentials),
		{
			ID: "token.timing_oracle", Title: "The token endpoint takes longer for a code that exists", Points: []string{token}, Defaults: fault.Params{"delay": "80ms"},
			Route: s.slowForKnownCodes,
		},
		route("cognito.other_method", "token.get_allowed", "The token endpoint takes GET", s.tokenByGet),
		skip("token.secret_unchecked", "Any client secret is taken", "cognito.token.client_secret"),
		skip("token.secret_optional", "A confidential client may leave its secret out", "cognito.token.client_secret_sent"),
		skip("token.two_auth", "A client may authenticate in two ways at once", "cognito.token.one_method"),
		skip("code.reusable", "An authorization code can be used again", "cognito.token.code_unused"),
		skip("code.never_expires", "An authorization code does not expire", "cognito.code.expiry"),
		skip("code.any_client", "An authorization code is taken from any client", "cognito.token.code_client"),
		skip("code.any_redirect", "redirect_uri is not compared at the token endpoint", "cognito.token.redirect_uri"),
		skip("pkce.verifier_unchecked", "Any code_verifier is taken", "cognito.token.pkce"),
		skip("pkce.downgrade", "A code_verifier may be left out", "cognito.token.pkce_sent"),
		skip("pkce.unsolicited_verifier_ok", "A code_verifier that answers no challenge is taken", "cognito.token.pkce_unasked"),
	}
}

// refreshFaults are those of refresh tokens and their revocation.
func (s *Server) refreshFaults() []fault.Fault {
	const response, id, access = "cognito.refresh.response", "cognito.refresh.id_token", "cognito.refresh.access_token"
	return []fault.Fault{
		document("cognito.token.response", "refr.same_token", "Every token response holds the same access token", func(o *jose.Object) { o.Set("access_token", "the.same.token") }),
		document(response, "refr.no_idt", "A refresh brings no ID token", func(o *jose.Object) { o.Delete("id_token") }),
		document(response, "refr.rotates_unasked", "A refresh brings a refresh token, though rotation is off", func(o *jose.Object) { o.Set("refresh_token", "another") }),
		claim(id, "refr.sub_other", "A refreshed ID token names another person", func(d *jose.Draft) { d.Claims.Set("sub", "00000000-0000-0000-0000-000000000000") }),
		claim(id, "refr.auth_time_new", "A refreshed ID token has another auth_time", func(d *jose.Draft) {
			if t, ok := d.Claims.Get("auth_time").(int64); ok {
				d.Claims.Set("auth_time", t+1)
			}
		}),
		claim(id, "refr.nonce_other", "A refreshed ID token has another nonce", func(d *jose.Draft) { d.Claims.Set("nonce", "not-the-nonce-of-the-sign-in") }),
		claim(access, "refr.scope_grows", "A refreshed access token has more scopes", func(d *jose.Draft) {
			scope, _ := d.Claims.Get("scope").(string)
			d.Claims.Set("scope", scope+" aws.cognito.signin.user.admin")
		}),
		skip("refr.disabled_user_ok", "A disabled user's refresh token is taken", "cognito.refresh.user"),
		skip("refr.old_lives_on", "A refresh token that was replaced is taken", "cognito.refresh.rotation"),
		skip("logout.global_noop", "Global sign-out ends no token", "cognito.refresh.signed_out", "cognito.userinfo.signed_out"),
		skip("refr.any_client", "A refresh token is taken from any client", "cognito.refresh.client"),
		skip("refr.no_auth", "A refresh needs no client secret", "cognito.refresh.client_secret_sent"),
		skip("refr.never_expires", "A refresh token does not expire", "cognito.refresh.expiry"),
		route("cognito.token", "refr.calls_upstream", "A refresh asks the identity provider", s.refreshAsksUpstream),
		skip("revk.noop", "Revocation leaves the refresh token alive", "cognito.revoke.refresh_token"),
		skip("revk.at_survives", "Revocation leaves the access tokens alive", "cognito.revoke.access_tokens"),
		skip("revk.accept_at", "Revoking an access token is answered like a success", "cognito.revoke.token_type"),
		skip("revk.any_client", "Any client can revoke any refresh token", "cognito.revoke.client"),
		skip("revk.setting_off", "Token revocation counts as off on every app client", "cognito.revoke.setting"),
		skip("revk.ignores_setting", "Tokens are revoked though the client has revocation off", "cognito.revoke.enabled"),
		route("cognito.revoke", "revk.oracle", "Revocation tells unknown tokens from known ones", s.revokeKnownOnly),
	}
}

// userInfoFaults are those of the userInfo endpoint.
func (s *Server) userInfoFaults() []fault.Fault {
	const doc, userInfo, otherMethod = "cognito.userinfo.document", "cognito.userinfo", "cognito.other_method"
	return []fault.Fault{
		document(doc, "uinfo.sub_other", "userInfo names another person than the ID token", func(o *jose.Object) { o.Set("sub", "00000000-0000-0000-0000-000000000000") }),
		document(doc, "uinfo.no_sub", "userInfo lacks sub", func(o *jose.Object) { o.Delete("sub") }),
		document(doc, "uinfo.no_username", "userInfo lacks username", func(o *jose.Object) { o.Delete("username") }),
		document(doc, "uinfo.email_verified_bool", "userInfo answers email_verified as a boolean", func(o *jose.Object) { o.Set("email_verified", o.Get("email_verified") == "true") }),
		document(doc, "uinfo.overshare", "userInfo answers a claim that no scope asked for", func(o *jose.Object) { o.Set("phone_number", "+15550100") }),
		document(doc, "uinfo.undershare", "userInfo lacks a claim of the granted scopes", func(o *jose.Object) { o.Delete("email") }),
		route(userInfo, "uinfo.open", "userInfo answers without a token", userInfoWithoutToken),
		route(userInfo, "uinfo.accept_idt", "userInfo takes an ID token", userInfoByIDToken),
		route(userInfo, "uinfo.no_challenge", "Errors of userInfo have no WWW-Authenticate", rewriteAnswer(func(a *answer) { a.Header().Del("WWW-Authenticate") })),
		route(userInfo, "uinfo.query_token", "userInfo takes the token from the query", editRequest(func(r *http.Request) {
			if token := r.URL.Query().Get("access_token"); token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
		})),
		route(otherMethod, "uinfo.post_wrong_user", "userInfo takes POST and answers somebody else's claims", s.userInfoByPost),
		skip("uinfo.sig_unchecked", "userInfo takes any signature", "cognito.userinfo.signature"),
		skip("uinfo.exp_unchecked", "userInfo takes expired tokens", "cognito.userinfo.exp"),
		skip("uinfo.ignores_revocation", "userInfo takes revoked tokens", "cognito.userinfo.revoked"),
		skip("uinfo.scope_unchecked", "userInfo takes tokens without the scope openid", "cognito.userinfo.scope"),
	}
}

type wrapper func(http.Handler, fault.Params) http.Handler

// route is a fault that acts around an endpoint.
func route(point, id, title string, wrap wrapper) fault.Fault {
	return fault.Fault{ID: id, Title: title, Points: []string{point}, Route: wrap}
}

// editRequest is a route fault that changes a request before it is served.
func editRequest(edit func(*http.Request)) wrapper {
	return func(next http.Handler, _ fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edit(r)
			next.ServeHTTP(w, r)
		})
	}
}

// editForm is editRequest with the form of the body.
func editForm(edit func(r *http.Request, form url.Values)) wrapper {
	return editRequest(func(r *http.Request) {
		if _, err := web.Form(r); err == nil { // else the endpoint says what is wrong
			edit(r, r.PostForm)
		}
	})
}

// rewriteAnswer is a route fault that changes an answer before it is sent.
func rewriteAnswer(change func(*answer)) wrapper {
	return func(next http.Handler, _ fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := &answer{ResponseWriter: w, status: http.StatusOK}
			next.ServeHTTP(a, r)
			change(a)
			w.Header().Del("Content-Length")
			w.WriteHeader(a.status)
			_, _ = w.Write(a.body.Bytes()) // the client is gone, or not
		})
	}
}

// answer is an answer that is held back.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) replace(body []byte) {
	a.body.Reset()
	a.body.Write(body)
}

const jsonType = "application/json;charset=UTF-8"

// jsonAsForm reads a JSON body as if it were a form.
func jsonAsForm(next http.Handler, p fault.Params) http.Handler {
	return editRequest(func(r *http.Request) {
		var members map[string]string
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.NewDecoder(r.Body).Decode(&members) != nil {
			return
		}
		r.PostForm = url.Values{}
		for name, value := range members {
			r.PostForm.Set(name, value)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	})(next, p)
}

// clientCredentials answers the grant without looking at the client.
func clientCredentials(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form, err := web.Form(r); err != nil || form.Get("grant_type") != oauth2.GrantClientCredentials {
			next.ServeHTTP(w, r)
			return
		}
		_ = web.JSON(w, http.StatusOK, jsonType, jose.Object{{Name: "access_token", Value: "a.machine.token"}, {Name: "expires_in", Value: 3600}, {Name: "token_type", Value: "Bearer"}})
	})
}

// tokenByGet serves GET /oauth2/token with the parameters of the query.
func (s *Server) tokenByGet(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/oauth2/token" {
			next.ServeHTTP(w, r)
			return
		}
		r.PostForm = r.URL.Query()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		web.Handle(s.presentToken, s.token).ServeHTTP(w, r)
	})
}

// slowForKnownCodes waits before it serves the exchange of a code that was issued and not used yet.
func (s *Server) slowForKnownCodes(next http.Handler, p fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, err := web.Form(r)
		if err != nil {
			next.ServeHTTP(w, r) // which says what is wrong
			return
		}
		delay, err := time.ParseDuration(p["delay"])
		if _, unknown := s.codes.Get(r.Context(), form.Get("code")); unknown == nil && err == nil {
			timer := time.NewTimer(delay)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// refreshAsksUpstream refuses a refresh while an identity provider's metadata cannot be had.
func (s *Server) refreshAsksUpstream(next http.Handler, _ fault.Params) http.Handler {
	reachable := func(r *http.Request, issuer string) bool {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, issuer+"/.well-known/openid-configuration", nil)
		if err != nil {
			return false
		}
		resp, err := s.client.Do(req)
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form, err := web.Form(r); err == nil && form.Get("grant_type") == oauth2.GrantRefreshToken {
			p := s.live().first()
			for _, provider := range p.Providers() {
				if !reachable(r, provider.Issuer()) {
					s.presentToken(w, r, &oauth2.Error{Code: oauth2.InvalidGrant, Err: errors.New("the identity provider was asked and did not answer")})
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// revokeKnownOnly answers an error for a token that is not known.
func (s *Server) revokeKnownOnly(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form, err := web.Form(r); err == nil && form.Get("token") != "" {
			if _, err := s.refresh.Get(r.Context(), hashOf(form.Get("token"))); errors.Is(err, store.ErrNotFound) {
				s.presentToken(w, r, &oauth2.Error{Code: oauth2.InvalidToken, Err: errors.New("the token is unknown")})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// userInfoWithoutToken answers somebody's claims to a request without credentials.
func userInfoWithoutToken(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			next.ServeHTTP(w, r)
			return
		}
		_ = web.JSON(w, http.StatusOK, jsonType, jose.Object{{Name: "sub", Value: "00000000-0000-0000-0000-000000000000"}, {Name: "username", Value: "somebody"}})
	})
}

// userInfoByIDToken answers the sub of an ID token to whoever has the token.
func userInfoByIDToken(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var claims struct {
			Sub string `json:"sub"`
			Use string `json:"token_use"`
		}
		payload, err := unverifiedPayload(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Use != "id" {
			next.ServeHTTP(w, r)
			return
		}
		_ = web.JSON(w, http.StatusOK, jsonType, jose.Object{{Name: "sub", Value: claims.Sub}})
	})
}

// userInfoByPost serves POST /oauth2/userInfo with another sub.
func (s *Server) userInfoByPost(next http.Handler, p fault.Params) http.Handler {
	wrong := rewriteAnswer(func(a *answer) {
		var doc map[string]any
		if json.Unmarshal(a.body.Bytes(), &doc) != nil {
			return
		}
		doc["sub"] = "00000000-0000-0000-0000-000000000000"
		if body, err := json.Marshal(doc); err == nil {
			a.replace(body)
		}
	})(web.Handle(s.presentUserInfo, s.userInfo), p)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/oauth2/userInfo" {
			wrong.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
