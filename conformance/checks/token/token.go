// Package token checks the user pool's token endpoint (RFC 6749 sections 3.2, 4.1.3 and 5, RFC 7636 section 4.6).
package token

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func oauth(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 6749", Section: section, Quote: quote}
}

func core(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: section, Quote: quote}
}

func bcp(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 9700", Section: section, Quote: quote}
}

func aws(quote string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: "token endpoint", Summary: quote}
}

func fault(id, says string, params ...string) conformance.Fault {
	f := conformance.Fault{ID: id, Says: says, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		f.Params[params[i]] = params[i+1]
	}
	return f
}

func run(f func(*conformance.T)) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) { f(t) }
}

// Checks returns the checks of the token endpoint.
func Checks() []conformance.Check {
	return append(append(responseChecks(), codeChecks()...), append(clientChecks(), requestChecks()...)...)
}

// responseChecks look at the answer to a good request.
func responseChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "TOKEN-001", Title: "A code brings an access token, an ID token and token_type Bearer", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{
			oauth("5.1", "access_token REQUIRED … token_type REQUIRED"),
			core("3.1.3.3", "The OAuth 2.0 token_type response parameter value MUST be Bearer"),
		},
		Hint:   "Ask for the scope openid, and tick the authorization code grant of the app client.",
		Faults: []conformance.Fault{fault("token.drop_member", "no id_token"), fault("token.drop_member", "no access_token", "member", "access_token"), fault("token.drop_member", "no token_type", "member", "token_type")},
		Run:    run(members),
	}, {
		ID: "TOKEN-001", Variant: "vendor", Title: "A code brings a refresh token and expires_in", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   []conformance.Ref{aws("the answer to an authorization code holds a refresh token, and expires_in in seconds")},
		Hint:   "A provider other than Cognito may want the scope offline_access for a refresh token; Cognito wants no scope.",
		Faults: []conformance.Fault{fault("token.drop_member", "no refresh_token", "member", "refresh_token"), fault("token.drop_member", "no expires_in", "member", "expires_in")},
		Run:    run(vendorMembers),
	}, {
		ID: "TOKEN-002", Title: "The token response is JSON and must not be cached", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{
			oauth("5.1", `The authorization server MUST include the HTTP "Cache-Control" response header field [RFC2616] with a value of "no-store"`),
			core("3.1.3.3", "All Token Responses that contain tokens, secrets, or other sensitive information MUST include the following HTTP response header fields and values"),
		},
		Hint: "Look for a proxy that rewrites headers; answers to POST must not be cached.", Faults: []conformance.Fault{fault("token.cacheable", "max-age=3600")}, Run: run(uncached),
	}, {
		ID: "TOKEN-003", Title: "expires_in is a number and agrees with the token's exp within 5 s", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   []conformance.Ref{oauth("5.1", "expires_in RECOMMENDED. The lifetime in seconds of the access token")},
		Hint:   "Decide by exp; use expires_in to plan a refresh.",
		Faults: []conformance.Fault{fault("token.expires_string", "the string"), fault("token.expires_wrong", "60")}, Run: run(expiresIn),
	}}
}

// answer is the token response of the shared sign-in.
func answer(t *conformance.T) (*conformance.Evidence, map[string]any) {
	e := t.Journey(conformance.Variant{})
	return e, e.RequireTokenResponse(t).Object()
}

func members(t *conformance.T) {
	e, o := answer(t)
	code, description := e.Token.OAuthError()
	t.Require(e.Token.Status == http.StatusOK, "status 200", "status %d, error %q (%s)", e.Token.Status, code, description)
	t.Require(o != nil, "a JSON object", "%.80q", string(e.Token.Body))
	for _, name := range []string{"access_token", "id_token", "token_type"} {
		s, isString := o[name].(string)
		t.Expect(s != "", "the string "+name, "no %s%s", name, map[bool]string{true: ", only an empty one"}[isString])
	}
	if kind, _ := o["token_type"].(string); kind != "" {
		t.Expect(strings.EqualFold(kind, "Bearer"), "token_type Bearer", "%q", kind)
	}
}

func vendorMembers(t *conformance.T) {
	e, o := answer(t)
	e.RequireTokens(t)
	refresh, _ := o["refresh_token"].(string)
	t.Expect(refresh != "", "the string refresh_token", "no refresh_token")
	t.Expect(o["expires_in"] != nil, "expires_in", "no expires_in")
}

func uncached(t *conformance.T) {
	e, _ := answer(t)
	if e.Token.Status != http.StatusOK {
		t.Skip("the token endpoint answered %d (see TOKEN-001)", e.Token.Status)
	}
	t.Expect(e.Token.MediaType() == "application/json", "content type application/json", "%q", e.Token.Header.Get("Content-Type"))
	cache := strings.Join(e.Token.Header.Values("Cache-Control"), ", ")
	t.Expect(strings.Contains(strings.ToLower(cache), "no-store"), "Cache-Control with no-store", "%q", cache)
	pragma := e.Token.Header.Get("Pragma")
	t.Expect(strings.Contains(strings.ToLower(pragma), "no-cache"), "Pragma: no-cache beside Cache-Control", "Pragma %q with Cache-Control %q", pragma, cache)
}

func expiresIn(t *conformance.T) {
	e, o := answer(t)
	access := e.RequireAccessToken(t)
	value, there := o["expires_in"]
	if !there {
		t.Skip("the token response holds no expires_in (see TOKEN-001)")
	}
	if s, ok := value.(string); ok {
		t.Require(false, "a number", "the string %q", s)
	}
	seconds, ok := value.(float64)
	t.Require(ok, "a number", "%v", value)
	var times struct{ Iat, Exp float64 }
	if json.Unmarshal(access.Claims, &times) != nil || times.Exp == 0 || times.Iat == 0 {
		t.Skip("the access token holds no iat or no exp (see AT-001)")
	}
	lives := times.Exp - times.Iat
	t.Require(seconds-lives <= 5 && lives-seconds <= 5, "exp less iat of the access token within 5 s", "expires_in %.0f, and the token lives %.0f s", seconds, lives)
}

// works skips the check where the endpoint gives nobody tokens: a refusal then says nothing about what was refused.
func works(t *conformance.T) { t.Journey(conformance.Variant{}).RequireTokens(t) }

// refused expects an error answer with one of the codes and without tokens.
func refused(t *conformance.T, what string, resp *conformance.Response, codes ...string) {
	gave := resp.Object()["access_token"] != nil || resp.Object()["id_token"] != nil
	t.Require(!gave, "no tokens for "+what, "tokens, with status %d", resp.Status)
	works(t)
	if resp.Status >= 400 && resp.Status < 500 && resp.Object() == nil {
		t.Infof("the refusal of %s is no JSON (see TOKEN-020), so its code was not looked at", what)
		return
	}
	t.Require(resp.Status >= 400 && resp.Status < 500, "a status of 400 to 499 for "+what, "status %d", resp.Status)
	code, description := resp.OAuthError()
	if len(codes) > 0 {
		t.Require(conformance.OneOf(code, codes...), strings.Join(codes, " or ")+" for "+what, "error %q (%s), status %d", code, description, resp.Status)
	}
}

// redeemed expects tokens, or skips: what the check is about was not reached.
func redeemed(t *conformance.T, resp *conformance.Response) *conformance.Tokens {
	tokens := conformance.ReadTokens(resp)
	if tokens == nil {
		t.Skip("the token endpoint answered %d without tokens (see TOKEN-001)", resp.Status)
	}
	return tokens
}

// set returns what puts a value into a form; an empty value takes the member out.
func set(name, value string) func(url.Values) {
	return func(form url.Values) {
		if value == "" {
			form.Del(name)
			return
		}
		form.Set(name, value)
	}
}
