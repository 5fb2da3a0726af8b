package mockcognito

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// faultPoints are the points beside the routes, which the surface declares itself.
func faultPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.discovery.document", Kind: fault.Document, Description: "the discovery document"},
		{Name: "cognito.keys.document", Kind: fault.Document, Description: "the JWK Set"},
		{Name: "cognito.token.response", Kind: fault.Document, Description: "the token response"},
		{Name: "cognito.userinfo.document", Kind: fault.Document, Description: "the userInfo response"},
		{Name: "cognito.id_token", Kind: fault.Token, Description: "the ID token"},
		{Name: "cognito.access_token", Kind: fault.Token, Description: "the access token"},

		{Name: "cognito.authorize.redirect_uri", Kind: fault.Step, Description: "redirect_uri is registered"},
		{Name: "cognito.authorize.parameters", Kind: fault.Step, Description: "no parameter stands twice"},
		{Name: "cognito.authorize.response_type", Kind: fault.Step, Description: "response_type is known"},
		{Name: "cognito.authorize.resource", Kind: fault.Step, Description: "resource is well-formed"},
		{Name: "cognito.authorize.pkce", Kind: fault.Step, Description: "the PKCE challenge is S256"},
		{Name: "cognito.authorize.flow", Kind: fault.Step, Description: "the client may use the flow"},
		{Name: "cognito.authorize.scope", Kind: fault.Step, Description: "the client may ask for the scopes"},

		{Name: "cognito.idpresponse.state_authentic", Kind: fault.Step, Description: "the returned state is Cognito's own"},
		{Name: "cognito.idpresponse.state_age", Kind: fault.Step, Description: "the returned state is not older than 5 minutes"},
		{Name: "cognito.idpresponse.state_unused", Kind: fault.Step, Description: "the returned state was not used before"},
		{Name: "cognito.idpresponse.state_browser", Kind: fault.Step, Description: "the browser is the one that was sent out"},
		{Name: "cognito.idpresponse.signature", Kind: fault.Step, Description: "the provider's ID token is signed by its key"},
		{Name: "cognito.idpresponse.iss", Kind: fault.Step, Description: "iss is the configured issuer"},
		{Name: "cognito.idpresponse.aud", Kind: fault.Step, Description: "aud names Cognito's client"},
		{Name: "cognito.idpresponse.exp", Kind: fault.Step, Description: "the ID token is not expired"},
		{Name: "cognito.idpresponse.sub", Kind: fault.Step, Description: "the ID token has a sub"},

		{Name: "cognito.token.client_secret", Kind: fault.Step, Description: "the client's secret"},
		{Name: "cognito.token.code_unused", Kind: fault.Step, Description: "the code is consumed by its first use"},
		{Name: "cognito.token.code_client", Kind: fault.Step, Description: "the code belongs to the client"},
		{Name: "cognito.token.redirect_uri", Kind: fault.Step, Description: "redirect_uri is the one of the authorize request"},
		{Name: "cognito.token.pkce", Kind: fault.Step, Description: "code_verifier matches the challenge"},
	}
}

// faults are the ways in which this service goes wrong on request.
func faults() []fault.Fault {
	skip := func(id, title, point string) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{point}, Skip: true}
	}
	claim := func(id, title string, change func(*jose.Draft)) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{"cognito.id_token"}, Token: func(d *jose.Draft, _ fault.Params) { change(d) }}
	}
	document := func(id, title, point string, change func(*jose.Object)) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{point}, Document: func(o *jose.Object, _ fault.Params) { change(o) }}
	}
	return []fault.Fault{
		document("disc.issuer_trailing_slash", "The discovery document's issuer ends with a slash", "cognito.discovery.document", func(o *jose.Object) {
			if issuer, ok := o.Get("issuer").(string); ok {
				o.Set("issuer", issuer+"/")
			}
		}),
		{
			ID: "disc.drop_member", Title: "The discovery document lacks a member", Points: []string{"cognito.discovery.document"},
			Defaults: fault.Params{"member": "token_endpoint"}, Document: func(o *jose.Object, p fault.Params) { o.Delete(p["member"]) },
		},
		document("jwks.empty", "The JWK Set has no key", "cognito.keys.document", func(o *jose.Object) { o.Set("keys", []any{}) }),
		claim("idt.kid_unknown", "The ID token names a key that is not published", func(d *jose.Draft) { d.Header.Set("kid", "unpublished") }),
		claim("idt.iss_other", "The ID token has another issuer", func(d *jose.Draft) { d.Claims.Set("iss", "https://issuer.invalid") }),
		claim("idt.aud_other", "The ID token is for another client", func(d *jose.Draft) { d.Claims.Set("aud", "anotherclient") }),
		claim("idt.expired", "The ID token expired an hour ago", func(d *jose.Draft) {
			if iat, ok := d.Claims.Get("iat").(int64); ok {
				d.Claims.Set("exp", iat-3600)
			}
		}),
		claim("idt.nonce_other", "The ID token carries another nonce", func(d *jose.Draft) { d.Claims.Set("nonce", "not-the-nonce-of-this-request") }),
		claim("idt.bad_signature", "The ID token's signature does not verify", func(d *jose.Draft) { d.After = flipSignature }),
		{
			ID: "token.no_id_token", Title: "The token response lacks the ID token", Points: []string{"cognito.token.response"},
			Document: func(o *jose.Object, _ fault.Params) { o.Delete("id_token") },
		},
		document("uinfo.sub_other", "userInfo names another person than the ID token", "cognito.userinfo.document", func(o *jose.Object) { o.Set("sub", "00000000-0000-0000-0000-000000000000") }),
		{
			ID: "authz.state_truncated", Title: "The state that comes back to the app lacks its last character", Points: []string{"cognito.idpresponse", "cognito.authorize"},
			Route: rewriteLocation(func(u *url.URL) {
				q := u.Query()
				if state := q.Get("state"); q.Has("code") && state != "" {
					q.Set("state", state[:len(state)-1])
					u.RawQuery = q.Encode()
				}
			}),
		},
		skip("authz.redirect_any", "Any redirect_uri is taken", "cognito.authorize.redirect_uri"),
		skip("authz.scope_unchecked", "Any scope is granted", "cognito.authorize.scope"),
		skip("pkce.verifier_unchecked", "Any code_verifier is taken", "cognito.token.pkce"),
		skip("token.redirect_unchecked", "redirect_uri is not compared at the token endpoint", "cognito.token.redirect_uri"),
		skip("token.client_auth_unchecked", "Any client secret is taken", "cognito.token.client_secret"),
		skip("token.code_reusable", "An authorization code can be used again", "cognito.token.code_unused"),
		skip("fed.state_replay", "A used upstream state is taken again", "cognito.idpresponse.state_unused"),
		skip("fed.state_not_bound_to_browser", "The return of another browser is taken", "cognito.idpresponse.state_browser"),
		skip("fed.attempt_never_expires", "A sign-in may take for ever", "cognito.idpresponse.state_age"),
		skip("fed.sig_unchecked", "The provider's signature is not verified", "cognito.idpresponse.signature"),
		skip("fed.iss_unchecked", "The provider's iss is not compared", "cognito.idpresponse.iss"),
		skip("fed.aud_unchecked", "The provider's aud is not compared", "cognito.idpresponse.aud"),
		skip("fed.exp_unchecked", "An expired ID token of the provider is taken", "cognito.idpresponse.exp"),
	}
}

// flipSignature changes one bit of a compact JWS's signature.
func flipSignature(compact string) string {
	i := strings.LastIndexByte(compact, '.') + 1
	replacement := byte('A')
	if compact[i] == 'A' {
		replacement = 'B'
	}
	return compact[:i] + string(replacement) + compact[i+1:]
}

// rewriteLocation is a route fault that changes the redirect of an answer.
func rewriteLocation(change func(*url.URL)) func(http.Handler, fault.Params) http.Handler {
	return func(next http.Handler, _ fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&locationWriter{ResponseWriter: w, change: change}, r)
		})
	}
}

type locationWriter struct {
	http.ResponseWriter
	change func(*url.URL)
}

func (w *locationWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *locationWriter) WriteHeader(status int) {
	if location := w.Header().Get("Location"); location != "" {
		if u, err := url.Parse(location); err == nil {
			w.change(u)
			w.Header().Set("Location", u.String())
		}
	}
	w.ResponseWriter.WriteHeader(status)
}
