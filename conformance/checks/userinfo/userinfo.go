// Package userinfo checks the user pool's userInfo endpoint (OpenID Connect Core 1.0 section 5.3, RFC 6750).
package userinfo

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func core(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: section, Quote: quote}
}

func bearer(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 6750", Section: section, Quote: quote}
}

func aws(page, quote string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: page, Summary: quote}
}

func run(f func(*conformance.T)) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) { f(t) }
}

// Checks returns the checks of userInfo.
func Checks() []conformance.Check { return append(claimChecks(), tokenChecks()...) }

// claimChecks look at what userInfo answers.
func claimChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "UINFO-001", Title: "GET with a bearer token gives 200 and JSON with sub", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   []conformance.Ref{core("5.3.2", "The sub (subject) Claim MUST always be returned in the UserInfo Response")},
		Hint:   "Ask for the scope openid, and use the user pool's domain, not its issuer.",
		Faults: []conformance.Fault{{ID: "uinfo.no_sub", Says: "no sub"}, {ID: "route.html", At: "cognito.userinfo", Says: "text/html"}}, Run: run(answered),
	}, {
		ID: "UINFO-002", Title: "sub is that of the ID token", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{core("5.3.2", "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token")},
		Hint: "Discard the answer: it is about somebody else.", Faults: []conformance.Fault{{ID: "uinfo.sub_other", Says: "00000000-0000"}}, Run: run(sameSub),
	}, {
		ID: "UINFO-008", Title: "email_verified is the string true or false", Quirk: "userinfo-string-booleans", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("userInfo endpoint", "the values of all claims are strings"), core("5.1 email_verified", "boolean True if the End-User's e-mail address has been verified; otherwise false")},
		Hint: "Read both the string and the boolean in the app: the ID token has the boolean that OpenID Connect wants, and the text \"false\" counts as true in many languages.", Faults: []conformance.Fault{{ID: "uinfo.email_verified_bool", Says: "the boolean"}}, Run: run(stringBoolean),
	}, {
		ID: "UINFO-009", Title: "username is there, and is that of the ID token", Level: conformance.Should, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("userInfo endpoint", "the answer always holds sub and username")},
		Hint: "Know people by sub; the name of a federated person changes with the provider.", Faults: []conformance.Fault{{ID: "uinfo.no_username", Says: "no username"}}, Run: run(username),
	}, {
		ID: "UINFO-010", Title: "The claims are those of the granted scopes; openid alone gives all readable attributes", Quirk: "openid-shows-all", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   []conformance.Ref{aws("userInfo endpoint", "openid alone gives all attributes that the app client can read; with email, phone or profile only those of these scopes are given"), core("5.4 email", "This scope value requests access to the email and email_verified Claims")},
		Hint:   "Ask for the scopes that the app needs, and let the app client read only the attributes that it needs.",
		Faults: []conformance.Fault{{ID: "uinfo.overshare", Says: "phone_number"}, {ID: "uinfo.undershare", Says: "no email"}}, Run: run(scopedClaims),
	}, {
		ID: "UINFO-011", Title: "POST answers the same person as GET, or is refused", Level: conformance.Info, Basis: conformance.Spec,
		Refs: []conformance.Ref{core("5.3", "The UserInfo Endpoint MUST support the use of the HTTP GET and HTTP POST methods")},
		Hint: "Use GET, the one that Cognito documents.", Faults: []conformance.Fault{{ID: "uinfo.post_wrong_user", Says: "00000000-0000"}}, Run: run(post),
	}}
}

// claims are those of userInfo's answer to the shared sign-in.
func claims(t *conformance.T, v conformance.Variant) (*conformance.Evidence, map[string]any) {
	t.UserInfoEndpoint()
	e := t.Journey(v)
	return e, e.RequireUserInfo(t)
}

func answered(t *conformance.T) {
	t.UserInfoEndpoint()
	resp := t.Journey(conformance.Variant{}).RequireUserInfoResponse(t)
	t.Require(resp.Status == http.StatusOK, "status 200", "status %d", resp.Status)
	t.Require(resp.MediaType() == "application/json", "content type application/json", "%q", resp.Header.Get("Content-Type"))
	o := resp.Object()
	t.Require(o != nil, "a JSON object", "%.80q", string(resp.Body))
	sub, _ := o["sub"].(string)
	t.Require(sub != "", "the string sub", "no sub")
}

func sameSub(t *conformance.T) {
	e, o := claims(t, conformance.Variant{})
	want, _ := e.RequireIDToken(t).ClaimSet()["sub"].(string)
	if want == "" || o["sub"] == nil {
		t.Skip("there are no two subs to compare (see IDT-006, UINFO-001)")
	}
	t.Require(o["sub"] == want, "the sub of the ID token, "+want, "%v", o["sub"])
}

func stringBoolean(t *conformance.T) {
	_, o := claims(t, conformance.Variant{})
	value, there := o["email_verified"]
	if !there {
		t.Skip("userInfo holds no email_verified: the scope email is not asked for, or the attribute cannot be read by the app client")
	}
	if b, ok := value.(bool); ok {
		t.Require(false, `the string "true" or "false"`, "the boolean %t", b)
	}
	t.Require(value == "true" || value == "false", `the string "true" or "false"`, "%v", value)
	t.Infof("email_verified is the string %q, where OpenID Connect Core 5.1 has a boolean", value)
}

func username(t *conformance.T) {
	e, o := claims(t, conformance.Variant{})
	name, _ := o["username"].(string)
	t.Require(name != "", "the string username", "no username")
	if e.IDToken != nil {
		if want, there := e.IDToken.ClaimSet()["cognito:username"]; there {
			t.Require(name == want, "cognito:username of the ID token", "username is %q, there it is %v", name, want)
		}
	}
}

// scopeClaims are the claims that each scope asks for (OpenID Connect Core 1.0 section 5.4).
var scopeClaims = map[string][]string{
	"email": {"email", "email_verified"},
	"phone": {"phone_number", "phone_number_verified"},
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "address", "updated_at",
	},
}

func scopedClaims(t *conformance.T) {
	asked := conformance.Variant{Scopes: "openid email"}
	if strings.Join(t.Target().Client.Scopes, " ") == asked.Scopes {
		asked = conformance.Variant{} // the shared sign-in
	}
	e, narrow := claims(t, asked)
	standard := map[string]bool{}
	for _, names := range scopeClaims {
		for _, name := range names {
			standard[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(narrow)) {
		foreign := standard[name] && !slices.Contains(scopeClaims["email"], name) || strings.HasPrefix(name, "custom:")
		t.Expect(!foreign, "no claim of a scope that was not asked for beside openid email", "%s", name)
	}
	_, wide := claims(t, conformance.Variant{Scopes: "openid"})
	var idToken map[string]any
	if e.IDToken != nil {
		idToken = e.IDToken.ClaimSet()
	}
	for _, name := range scopeClaims["email"] {
		if wide[name] != nil || idToken[name] != nil {
			t.Expect(narrow[name] != nil, name+" with the scopes openid email", "no %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(narrow)) {
		t.Expect(wide[name] != nil, name+" with openid alone, as all that the app client can read", "no %s", name)
	}
}

func post(t *conformance.T) {
	e, o := claims(t, conformance.Variant{})
	token := e.RequireTokens(t).AccessToken.Reveal()
	resp := t.Post(t.UserInfoEndpoint(), url.Values{}, func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+token) })
	if resp.Status == http.StatusOK {
		t.Require(resp.Object()["sub"] == o["sub"], "the sub that GET answers", "%v", resp.Object()["sub"])
	}
	t.Infof("POST is answered with status %d", resp.Status)
}

// tokenChecks look at which tokens userInfo takes.
func tokenChecks() []conformance.Check {
	challenge := bearer("3", "the resource server MUST include the HTTP \"WWW-Authenticate\" response header field … All challenges defined by this specification MUST use the auth-scheme value \"Bearer\"")
	invalid := bearer("3.1 invalid_token", "The access token provided is expired, revoked, malformed, or invalid for other reasons. The resource SHOULD respond with the HTTP 401 (Unauthorized) status code")
	return []conformance.Check{{
		ID: "UINFO-003", Title: "A request without a token is refused with a Bearer challenge", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{challenge},
		Hint: "Let the client begin a new sign-in on any 400 or 401 of userInfo, whatever the challenge says.", Faults: []conformance.Fault{{ID: "uinfo.open", Says: "status 200"}, {ID: "uinfo.no_challenge", Says: "no WWW-Authenticate"}}, Run: run(noToken),
	}, {
		ID: "UINFO-004", Title: "A token that is broken or invented gives 401 with invalid_token", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{invalid},
		Hint: "Nobody may be let in by a token that the pool did not sign.", Faults: []conformance.Fault{{ID: "uinfo.sig_unchecked", Says: "status 200"}}, Run: run(brokenToken),
	}, {
		ID: "UINFO-005", Title: "An ID token is not accepted", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("userInfo endpoint", "the request is authorized with an access token")},
		Hint: "Send the access token; the ID token is for the app itself.", Faults: []conformance.Fault{{ID: "uinfo.accept_idt", Says: "status 200"}}, Run: run(idToken),
	}, {
		ID: "UINFO-006", Title: "A token without the scope openid is refused", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("userInfo endpoint", "the access token must have the scope openid")},
		Hint: "Ask for openid.", Faults: []conformance.Fault{{ID: "uinfo.scope_unchecked", Says: "status 200"}}, Run: run(withoutOpenID),
	}, {
		ID: "UINFO-007", Title: "An expired token is refused", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedClock},
		Refs: []conformance.Ref{invalid},
		Hint: "Refresh the token before the call.", Faults: []conformance.Fault{{ID: "uinfo.exp_unchecked", Says: "status 200"}}, Run: expired,
	}, {
		ID: "UINFO-012", Title: "A token in the query is not accepted", Level: conformance.Should, Basis: conformance.Spec,
		Refs: []conformance.Ref{{Doc: "RFC 9700", Section: "4.3.2", Quote: "Clients MUST NOT pass access tokens in a URI query parameter"}, bearer("2.3", "it SHOULD NOT be used unless it is impossible to transport the access token in the \"Authorization\" request header field")},
		Hint: "Send the token in the Authorization header: URLs are written to logs.", Faults: []conformance.Fault{{ID: "uinfo.query_token", Says: "status 200"}}, Run: run(queryToken),
	}, {
		ID: "UINFO-013", Title: "A token whose refresh token was revoked is refused", Level: conformance.Must, Basis: conformance.Vendor, Needs: []conformance.Need{conformance.NeedWrite},
		Refs: []conformance.Ref{aws("userInfo endpoint", "a token that was revoked, or whose owner signed out everywhere, gives 401 with invalid_token"), aws("revoke endpoint", "revoking a refresh token also revokes its access tokens")},
		Hint: "Ask userInfo where the app must know that a session was revoked.", Faults: []conformance.Fault{{ID: "uinfo.ignores_revocation", Says: "status 200"}}, Run: run(revoked),
	}}
}

// refused expects 401 and invalid_token, in the header or in the body.
func refused(t *conformance.T, what string, resp *conformance.Response) {
	code, _ := resp.OAuthError()
	t.Require(resp.Status == http.StatusUnauthorized, "status 401 for "+what, "status %d, error %q", resp.Status, code)
	challenge := resp.Header.Get("WWW-Authenticate")
	if t.Target().Kind == conformance.KindOther && code == "" && !strings.Contains(challenge, "error=") {
		t.Infof("%s is refused without an error code, which RFC 6750 section 3 says SHOULD be there", what)
		return
	}
	t.Expect(code == "invalid_token" || strings.Contains(challenge, `"invalid_token"`), "invalid_token for "+what, "error %q, WWW-Authenticate %q", code, challenge)
}

func noToken(t *conformance.T) {
	resp := t.Get(t.UserInfoEndpoint())
	if resp.Status >= http.StatusInternalServerError || resp.Status == http.StatusOK && resp.Object() == nil {
		t.Skip("userInfo answers %d, %s, as to a good token (see UINFO-001)", resp.Status, resp.MediaType())
	}
	t.Require(resp.Status == http.StatusUnauthorized || resp.Status == http.StatusBadRequest, "status 401 or 400 without a token", "status %d", resp.Status)
	challenge := resp.Header.Get("WWW-Authenticate")
	t.Require(challenge != "", "WWW-Authenticate beside the refusal", "no WWW-Authenticate")
	scheme, _, _ := strings.Cut(challenge, " ")
	t.Expect(strings.EqualFold(scheme, "Bearer"), "the scheme Bearer in WWW-Authenticate", "%s, with status %d", challenge, resp.Status)
}

// working is the access token of the shared sign-in, which userInfo takes.
func working(t *conformance.T) (*conformance.Evidence, string) {
	e, _ := claims(t, conformance.Variant{})
	return e, e.Tokens.AccessToken.Reveal()
}

func brokenToken(t *conformance.T) {
	_, token := working(t)
	refused(t, "random text", t.UserInfo("not-a-token-that-anybody-was-given"))
	head, signature, ok := cutLast(token, ".")
	if !ok || len(signature) < 8 {
		t.Infof("the access token is no JWT, so no signature was broken")
		return
	}
	middle := len(signature) / 2
	other := "A"
	if signature[middle] == 'A' {
		other = "B"
	}
	refused(t, "a token with one character of the signature changed", t.UserInfo(head+"."+signature[:middle]+other+signature[middle+1:]))
}

func cutLast(s, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

func idToken(t *conformance.T) {
	e, _ := working(t)
	e.RequireIDToken(t)
	resp := t.UserInfo(e.Tokens.IDToken.Reveal())
	t.Require(resp.Status >= 400 && resp.Status < 500, "a status of 400 to 499 for an ID token", "status %d", resp.Status)
}

func withoutOpenID(t *conformance.T) {
	working(t)
	scopes := slices.DeleteFunc(slices.Clone(t.Target().Client.Scopes), func(s string) bool { return s == "openid" })
	if len(scopes) == 0 {
		t.Skip("the target's client asks for no scope beside openid")
	}
	e := t.Journey(conformance.Variant{Scopes: strings.Join(scopes, " ")})
	e.RequireTokens(t)
	if e.AccessToken != nil {
		if granted, _ := e.AccessToken.ClaimSet()["scope"].(string); slices.Contains(strings.Fields(granted), "openid") {
			t.Skip("openid was granted though it was not asked for, so there is no token without it")
		}
	}
	resp := e.RequireUserInfoResponse(t)
	t.Require(resp.Status >= 400 && resp.Status < 500, "a status of 400 to 499 for a token without openid", "status %d", resp.Status)
}

func expired(ctx context.Context, t *conformance.T) {
	e, token := working(t)
	exp, ok := e.RequireAccessToken(t).ClaimSet()["exp"].(json.Number)
	if !ok {
		t.Skip("the access token holds no exp (see AT-001)")
	}
	until, err := exp.Float64()
	if err != nil {
		t.Skip("the access token holds no exp that can be read (see AT-001)")
	}
	now, err := t.Control().Now(ctx)
	if err != nil {
		t.Undecided(err)
	}
	t.Advance(int(until) - int(now) + 1)
	refused(t, "an expired token", t.UserInfo(token))
}

func queryToken(t *conformance.T) {
	_, token := working(t)
	endpoint := t.UserInfoEndpoint()
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	if without := t.Get(endpoint); without.Status == http.StatusOK {
		t.Skip("userInfo answers without any token (see UINFO-003)")
	}
	resp := t.Get(endpoint + separator + url.Values{"access_token": {token}}.Encode())
	t.Require(resp.Status >= 400 && resp.Status < 500, "a status of 400 to 499 for a token in the query", "status %d", resp.Status)
}

// answers skips the check unless userInfo takes a new access token: nothing can be told from a refusal then.
func answers(t *conformance.T, token string) {
	if before := t.UserInfo(token); before.Status != http.StatusOK || before.Object() == nil {
		t.Skip("userInfo answers %d, %s, to a new access token (see UINFO-001)", before.Status, before.MediaType())
	}
}

func revoked(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.Tokens.AccessToken.Reveal()
	answers(t, token)
	if resp := t.Revoke(g.Authorization.Client, g.RequireRefreshToken(t).Reveal()); resp.Status != http.StatusOK {
		t.Skip("the revocation was answered with %d (see REVK-001)", resp.Status)
	}
	refused(t, "a revoked token", t.UserInfo(token))
}
