package mockcognito

import (
	"net/url"

	"github.com/ssolab/ssolab/internal/fault"
)

// frontPoints are those of the endpoints that a browser visits.
func frontPoints() []fault.Point {
	return []fault.Point{
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
	}
}

// frontFaults are those of authorize, login, logout and the return from an identity provider.
func frontFaults() []fault.Fault {
	return []fault.Fault{
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
		skip("fed.state_replay", "A used upstream state is taken again", "cognito.idpresponse.state_unused"),
		skip("fed.state_not_bound_to_browser", "The return of another browser is taken", "cognito.idpresponse.state_browser"),
		skip("fed.attempt_never_expires", "A sign-in may take for ever", "cognito.idpresponse.state_age"),
		skip("fed.sig_unchecked", "The provider's signature is not verified", "cognito.idpresponse.signature"),
		skip("fed.iss_unchecked", "The provider's iss is not compared", "cognito.idpresponse.iss"),
		skip("fed.aud_unchecked", "The provider's aud is not compared", "cognito.idpresponse.aud"),
		skip("fed.exp_unchecked", "An expired ID token of the provider is taken", "cognito.idpresponse.exp"),
	}
}
