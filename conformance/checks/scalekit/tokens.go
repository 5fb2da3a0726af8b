package scalekit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// tokens are the checks of the token endpoint and of the ID token.
func tokens() []conformance.Check {
	spec := func(doc, section, quote string) conformance.Ref {
		return conformance.Ref{Doc: doc, Section: section, Quote: quote}
	}
	return []conformance.Check{
		check("SK-012", "A code is single-use, short-lived and bound to its redirect URI and its PKCE challenge", conformance.Must, conformance.Spec,
			spec("RFC 6749", "4.1.2", "The client MUST NOT use the authorization code more than once. If an authorization code is used more than once, the authorization server MUST deny the request"),
			"This is a fault of the service: report it.", codes,
			fault("sk.code_reusable", "a second time"), fault("sk.code_any_redirect", "another redirect_uri"), fault("sk.code_never_expires", "11 minutes"), conformance.Fault{ID: "scalekit.skip", At: "scalekit.token.pkce", Says: "wrong code_verifier"}),
		check("SK-013", "The token endpoint refuses a wrong client secret", conformance.Must, conformance.Spec,
			spec("RFC 6749", "5.2 invalid_client", "Client authentication failed"),
			"Make a new secret and enter it in Cognito.", wrongSecret,
			fault("sk.secret_unchecked", "invalid_grant")),
		check("SK-014", "The token response has access_token, id_token, token_type and expires_in", conformance.Must, conformance.Spec,
			spec("OpenID Connect Core 1.0", "3.1.3.3 id_token", "ID Token value associated with the authenticated session"),
			"Ask for the scope openid.", members,
			fault("upstream.token_no_id_token", "no id_token")),
		check("SK-015", "The ID token verifies: RS256, iss is the environment's URL, aud has the client, exp, iat, nonce", conformance.Must, conformance.Spec,
			spec("OpenID Connect Core 1.0", "3.1.3.7", "The Issuer Identifier … MUST exactly match the value of the iss (issuer) Claim. … The Client MUST validate that the aud (audience) Claim contains its client_id"),
			"Enter the environment's URL as issuer in Cognito, without a slash at its end, and the client id of the same environment.", idToken,
			fault("upstream.idt_wrong_iss", "iss is"), fault("upstream.idt_wrong_aud", "aud is"), fault("upstream.idt_expired", "expired"),
			fault("upstream.idt_bad_signature", "signature"), fault("upstream.idt_alg_none", "alg \"none\""), fault("upstream.idt_wrong_nonce", "nonce is")),
	}
}

// codes signs in once for each way to misuse a code, since a code may be void after the first.
func codes(t *conformance.T) {
	first := t.ScalekitSignIn().Code(t)
	if resp := t.ScalekitRedeem(first); conformance.ReadTokens(resp) == nil {
		t.Skip("the token endpoint answers a good code with status %d and no tokens (see SK-014)", resp.Status)
	}
	expectRefused(t, "when it is used a second time", t.ScalekitRedeem(first))

	other := t.ScalekitRedeem(t.ScalekitSignIn().Code(t), func(form url.Values) { form.Set("redirect_uri", t.IdPResponse()+"/other") })
	expectRefused(t, "with another redirect_uri", other)

	challenge := sha256.Sum256([]byte(strings.Repeat("verifier-of-SK-012-", 3)))
	bound := t.ScalekitSignIn(func(q url.Values) {
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
		q.Set("code_challenge_method", "S256")
	})
	expectRefused(t, "with a wrong code_verifier", t.ScalekitRedeem(bound.Code(t), func(form url.Values) {
		form.Set("code_verifier", strings.Repeat("another-verifier-", 3))
	}))

	if t.OnLab() {
		late := t.ScalekitSignIn().Code(t)
		t.Advance(11 * 60)
		expectRefused(t, "after 11 minutes", t.ScalekitRedeem(late))
	}
}

func expectRefused(t *conformance.T, when string, resp *conformance.Response) {
	code, _ := resp.OAuthError()
	tokens := conformance.ReadTokens(resp) != nil
	t.Expect(!tokens, "the code is refused "+when, "status %d with tokens", resp.Status)
	t.Expect(tokens || code == "invalid_grant", "invalid_grant "+when, "%q", code)
}

// wrongSecret needs no code: clients are authenticated first.
func wrongSecret(t *conformance.T) {
	if e := t.ScalekitJourney(); e.Tokens == nil || e.Tokens.AccessToken == "" {
		t.Skip("the right secret brings no tokens either (see SK-014)")
	}
	resp := t.ScalekitRedeem("ssolab-check", func(form url.Values) { form.Set("client_secret", "ssolab-check-wrong-secret") })
	code, _ := resp.OAuthError()
	t.Require(code == "invalid_client", "invalid_client", "%q with status %d", code, resp.Status)
	t.Expect(resp.Status == http.StatusUnauthorized || resp.Status == http.StatusBadRequest, "status 401 or 400", "status %d", resp.Status)
}

func members(t *conformance.T) {
	resp := t.ScalekitJourney().Token
	t.Require(resp.Status == http.StatusOK, "status 200", "status %d", resp.Status)
	o := resp.Object()
	for _, name := range []string{"access_token", "id_token", "token_type"} {
		text, _ := o[name].(string)
		t.Expect(text != "", "a "+name, "no %s", name)
	}
	kind, _ := o["token_type"].(string)
	t.Expect(strings.EqualFold(kind, "Bearer"), "token_type Bearer", "%q", kind)
	seconds, _ := o["expires_in"].(float64)
	t.Expect(seconds > 0, "expires_in in seconds", "%v", o["expires_in"])
}

func idToken(t *conformance.T) {
	e := t.ScalekitJourney()
	if e.Tokens == nil || e.IDToken == nil {
		t.Skip("the token response holds no ID token that can be read (see SK-014)")
	}
	var header struct{ Alg string }
	_ = json.Unmarshal(e.IDToken.Header, &header) // an alg of another type is none
	t.Require(header.Alg == "RS256", "alg RS256", "alg %q", header.Alg)
	err := t.VerifyIDToken(e, t.Target().Scalekit.EnvironmentURL, t.Target().Scalekit.ClientID)
	t.Require(err == nil, "an ID token that verifies for "+t.Target().Scalekit.ClientID, "%v", err)
}
