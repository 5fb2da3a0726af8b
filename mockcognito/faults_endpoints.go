package mockcognito

import (
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// endpointPoints are those of the documents and of the token, userInfo and revocation endpoints.
func endpointPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.discovery.document", Kind: fault.Document, Description: "the discovery document"},
		{Name: "cognito.keys.document", Kind: fault.Document, Description: "the JWK Set"},
		{Name: "cognito.token.response", Kind: fault.Document, Description: "the token response"},
		{Name: "cognito.userinfo.document", Kind: fault.Document, Description: "the userInfo response"},
		{Name: "cognito.token.client_secret", Kind: fault.Step, Description: "the client's secret"},
		{Name: "cognito.token.code_unused", Kind: fault.Step, Description: "the code is consumed by its first use"},
		{Name: "cognito.token.code_client", Kind: fault.Step, Description: "the code belongs to the client"},
		{Name: "cognito.token.redirect_uri", Kind: fault.Step, Description: "redirect_uri is the one of the authorize request"},
		{Name: "cognito.token.pkce", Kind: fault.Step, Description: "code_verifier matches the challenge"},
	}
}

// endpointFaults are those of the token, userInfo and revocation endpoints.
func endpointFaults() []fault.Fault {
	return []fault.Fault{
		{
			ID: "token.no_id_token", Title: "The token response lacks the ID token", Points: []string{"cognito.token.response"},
			Document: func(o *jose.Object, _ fault.Params) { o.Delete("id_token") },
		},
		document("cognito.userinfo.document", "uinfo.sub_other", "userInfo names another person than the ID token", func(o *jose.Object) { o.Set("sub", "00000000-0000-0000-0000-000000000000") }),
		skip("pkce.verifier_unchecked", "Any code_verifier is taken", "cognito.token.pkce"),
		skip("token.redirect_unchecked", "redirect_uri is not compared at the token endpoint", "cognito.token.redirect_uri"),
		skip("token.client_auth_unchecked", "Any client secret is taken", "cognito.token.client_secret"),
		skip("token.code_reusable", "An authorization code can be used again", "cognito.token.code_unused"),
	}
}
