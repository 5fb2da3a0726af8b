package token

import (
	"net/http"
	"net/url"

	"github.com/ssolab/ssolab/conformance"
)

const wrongSecret conformance.Secret = "not-the-secret-of-this-client"

// clientChecks look at how the client authenticates.
func clientChecks() []conformance.Check {
	secret := []conformance.Need{conformance.NeedSecret}
	return []conformance.Check{{
		ID: "TOKEN-009", Title: "A wrong client secret gives invalid_client and status 401", Level: conformance.Must, Basis: conformance.Spec, Needs: secret,
		Refs: []conformance.Ref{oauth("5.2", "If the client attempted to authenticate via the \"Authorization\" request header field, the authorization server MUST respond with an HTTP 401 (Unauthorized) status code")},
		Hint: "Read the error code, not the status, to tell a wrong secret from a bad code.", Faults: []conformance.Fault{fault("token.secret_unchecked", "observed tokens")}, Run: run(wrong),
	}, {
		ID: "TOKEN-010", Title: "A confidential client without its secret is refused", Level: conformance.Must, Basis: conformance.Spec, Needs: secret,
		Refs: []conformance.Ref{oauth("3.2.1", "Confidential clients or other clients issued client credentials MUST authenticate with the authorization server")},
		Hint: "Send the secret, or use an app client without one.", Faults: []conformance.Fault{fault("token.secret_optional", "observed tokens")}, Run: run(missing),
	}, {
		ID: "TOKEN-011", Title: "client_secret_basic works", Level: conformance.Must, Basis: conformance.Spec, Needs: secret,
		Refs: []conformance.Ref{oauth("2.3.1", "The authorization server MUST support the HTTP Basic authentication scheme for authenticating clients that were issued a client password")},
		Hint: "Form-encode the id and the secret before base64.", Faults: []conformance.Fault{fault("token.basic_unsupported", "client_secret_basic")}, Run: run(method(conformance.AuthBasic)),
	}, {
		ID: "TOKEN-012", Title: "client_secret_post works", Level: conformance.Must, Basis: conformance.Vendor, Needs: secret,
		Refs: []conformance.Ref{aws("the id and the secret of the client may stand in the body"), oauth("2.3.1", "the authorization server MAY support including the client credentials in the request-body")},
		Hint: "Prefer HTTP Basic; both must work.", Faults: []conformance.Fault{fault("token.post_unsupported", "client_secret_post")}, Run: run(method(conformance.AuthPost)),
	}, {
		ID: "TOKEN-013", Title: "Two ways of authentication at once are refused", Level: conformance.Should, Basis: conformance.Spec, Needs: secret, Unproven: true,
		Refs: []conformance.Ref{oauth("2.3", "The client MUST NOT use more than one authentication method in each request"), oauth("5.2 invalid_request", "The request … utilizes more than one mechanism for authenticating the client")},
		Hint: "Configure one method in the client library.", Faults: []conformance.Fault{fault("token.two_auth", "observed tokens")}, Run: run(twoMethods),
	}, {
		ID: "TOKEN-022", Title: "client_credentials is refused for a client without that flow", Level: conformance.Should, Basis: conformance.Vendor, Needs: secret,
		Refs: []conformance.Ref{aws("a client that may not use a grant is answered unauthorized_client; one app client cannot have both the code and the client_credentials grant")},
		Hint: "Enable the grant on machine clients only.", Faults: []conformance.Fault{fault("token.cc_always", "observed tokens")}, Run: run(clientCredentials),
	}}
}

func wrong(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	code := a.Code(t)
	as := *a
	as.Client.Secret, as.Client.Auth = wrongSecret, conformance.AuthBasic
	resp := t.Redeem(&as, code)
	refused(t, "a wrong client secret", resp, "invalid_client")
	t.Require(resp.Status == http.StatusUnauthorized, "status 401 to wrong HTTP Basic credentials", "status %d", resp.Status)
	t.Expect(resp.Header.Get("WWW-Authenticate") != "", "WWW-Authenticate beside status 401", "none")
}

func missing(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	refused(t, "a confidential client that sends its id only", t.Redeem(a, a.Code(t), set("client_id", a.Client.ID)), "invalid_client", "unauthorized_client", "invalid_request")
}

// method expects tokens for a way of authentication.
func method(auth string) func(*conformance.T) {
	return func(t *conformance.T) {
		a := t.Authorize(conformance.Variant{})
		code := a.Code(t)
		as := *a
		as.Client.Auth = auth
		resp := t.Redeem(&as, code)
		e, description := resp.OAuthError()
		if conformance.ReadTokens(resp) == nil && e == "" {
			t.Skip("the answer, with status %d, holds neither tokens nor an error (see TOKEN-001)", resp.Status)
		}
		t.Require(conformance.ReadTokens(resp) != nil, "tokens by "+auth, "status %d, error %q (%s)", resp.Status, e, description)
	}
}

// codeForm is a good token request but for the client's credentials.
func codeForm(t *conformance.T) (*conformance.Authorization, url.Values) {
	a := t.Authorize(conformance.Variant{})
	return a, url.Values{
		"grant_type": {"authorization_code"}, "code": {a.Code(t)}, "redirect_uri": {a.Client.RedirectURI}, "code_verifier": {a.Verifier.Reveal()},
	}
}

// basic authenticates a request as the client in the Authorization header; a public client is named in the form.
func basic(c conformance.Client, req *http.Request) {
	if c.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
}

func twoMethods(t *conformance.T) {
	a, form := codeForm(t)
	form.Set("client_id", a.Client.ID)
	form.Set("client_secret", a.Client.Secret.Reveal())
	resp := t.Post(t.Discovery().TokenEndpoint, form, func(req *http.Request) { basic(a.Client, req) })
	refused(t, "credentials in the header and in the body", resp, "invalid_request", "invalid_client")
}

func clientCredentials(t *conformance.T) {
	form := url.Values{"grant_type": {"client_credentials"}}
	refused(t, "client_credentials of a client that signs people in", t.Post(t.Discovery().TokenEndpoint, form, t.Authenticate(form)), "unauthorized_client")
}
