// Package refresh checks the refresh token grant of the user pool (RFC 6749 section 6, OpenID Connect Core 1.0
// section 12).
//
// Each check signs in for a refresh token of its own, so that a client that rotates them spoils no other check.
package refresh

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func oauth(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 6749", Section: section, Quote: quote}
}

func aws(page, quote string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: page, Summary: quote}
}

func run(f func(*conformance.T)) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) { f(t) }
}

// longest is the longest validity of a refresh token, ten years with leap days, in seconds.
const longest = 3653 * 24 * 60 * 60

// Checks returns the checks of refresh tokens.
func Checks() []conformance.Check {
	return []conformance.Check{{
		ID: "REFR-001", Title: "A refresh brings a new access token and a new ID token", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   []conformance.Ref{oauth("6", "If valid and authorized, the authorization server issues an access token"), aws("refresh tokens", "a refresh token is exchanged for a new access token and a new ID token")},
		Hint:   "Enable the refresh token flow (ALLOW_REFRESH_TOKEN_AUTH) on the app client.",
		Faults: []conformance.Fault{{ID: "refr.same_token", Says: "the same access token"}, {ID: "refr.no_idt", Says: "no id_token"}}, Run: run(newTokens),
	}, {
		ID: "REFR-002", Title: "A refreshed ID token keeps iss, sub, aud and auth_time, and has no other nonce", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{
			{Doc: "OpenID Connect Core 1.0", Section: "12.2", Quote: "its sub Claim Value MUST be the same as in the ID Token issued when the original authentication occurred"},
			{Doc: "OpenID Connect Core 1.0", Section: "12.2", Quote: "if the ID Token contains an auth_time Claim, its value MUST represent the time of the original authentication"},
		},
		Hint:   "Refuse a refresh that changes the person: end the session.",
		Faults: []conformance.Fault{{ID: "refr.sub_other", Says: "sub"}, {ID: "refr.auth_time_new", Says: "auth_time"}, {ID: "refr.nonce_other", Says: "nonce"}}, Run: run(sameClaims),
	}, {
		ID: "REFR-003", Title: "Without rotation no new refresh token is returned", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: []conformance.Ref{aws("refresh tokens", "the answer to a refresh holds a refresh token only when rotation is on")},
		Hint: "Keep the first refresh token; with rotation, store the newest before it is used.", Faults: []conformance.Fault{{ID: "refr.rotates_unasked", Says: "refresh_token"}}, Run: run(noRotation),
	}, {
		ID: "REFR-004", Title: "With rotation a refresh brings a new refresh token, and the old one ends after the grace period", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:  []conformance.Ref{aws("refresh tokens", "with rotation each refresh answers a new refresh token with what is left of the lifetime, and the old one is good for the grace period"), {Doc: "RFC 9700", Section: "4.14.2", Quote: "the authorization server issues a new refresh token with every access token refresh response. The previous refresh token is invalidated"}},
		Needs: []conformance.Need{conformance.NeedLab, conformance.NeedClock},
		Hint:  "Store the newest refresh token before it is used, and let one refresh run at a time.", Faults: []conformance.Fault{{ID: "refr.old_lives_on", Says: "observed tokens"}}, Run: run(rotation),
	}, {
		ID: "REFR-009", Title: "The refresh token of a disabled user is refused", Level: conformance.Must, Basis: conformance.Vendor, Needs: []conformance.Need{conformance.NeedLab},
		Refs: []conformance.Ref{aws("refresh tokens", "a user who was disabled or deleted gets no new tokens"), {Doc: "Amazon Cognito user pools API", Section: "AdminDisableUser", Summary: "the user cannot sign in, and the user's access tokens are revoked"}},
		Hint: "Disable the user in the pool when the directory does: the identity provider is not asked.", Faults: []conformance.Fault{{ID: "refr.disabled_user_ok", Says: "observed tokens"}}, Run: run(disabledUser),
	}, {
		ID: "REFR-005", Title: "A refresh token is bound to its client", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedOtherClient},
		Refs: []conformance.Ref{oauth("6", "ensure that the refresh token was issued to the authenticated client"), oauth("10.4", "The authorization server MUST maintain the binding between a refresh token and the client to whom it was issued")},
		Hint: "Refresh with the app client that signed the person in.", Faults: []conformance.Fault{{ID: "refr.any_client", Says: "observed tokens"}}, Run: run(otherClient),
	}, {
		ID: "REFR-006", Title: "A refresh needs the client's authentication", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedSecret},
		Refs: []conformance.Ref{oauth("6", "If the client type is confidential or the client was issued client credentials …, the client MUST authenticate with the authorization server")},
		Hint: "Send the client secret with each refresh, from the server.", Faults: []conformance.Fault{{ID: "refr.no_auth", Says: "observed tokens"}}, Run: run(noSecret),
	}, {
		ID: "REFR-007", Title: "A refresh does not widen the scope", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("6", "The requested scope MUST NOT include any scope not originally granted by the resource owner")},
		Hint: "Begin a new sign-in for more scopes.", Faults: []conformance.Fault{{ID: "refr.scope_grows", Says: "aws.cognito.signin.user.admin"}}, Run: run(scope),
	}, {
		ID: "REFR-008", Title: "An expired refresh token gives invalid_grant", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedClock},
		Refs: []conformance.Ref{oauth("5.2 invalid_grant", "The provided authorization grant … or refresh token is invalid, expired, revoked")},
		Hint: "On invalid_grant begin a new sign-in.", Faults: []conformance.Fault{{ID: "refr.never_expires", Says: "observed tokens"}}, Run: run(expired),
	}, {
		ID: "REFR-010", Title: "A refresh does not ask the identity provider", Level: conformance.Info, Basis: conformance.Vendor, Needs: []conformance.Need{conformance.NeedFaults},
		Refs: []conformance.Ref{aws("refresh tokens", "Cognito answers a refresh itself")},
		Hint: "A person who was blocked at the identity provider keeps refreshing: disable or delete the user in the pool, or revoke the refresh token.", Faults: []conformance.Fault{{ID: "refr.calls_upstream", Says: "invalid_grant"}}, Run: run(withoutUpstream),
	}}
}

// refreshed uses a new refresh token.
func refreshed(t *conformance.T, edit ...func(url.Values)) (*conformance.Grant, *conformance.Response) {
	g := t.Grant(conformance.Variant{})
	return g, t.Refresh(g.Authorization.Client, g.RequireRefreshToken(t), edit...)
}

// requireTokens skips the check when a refresh does not work at all, which is another check's matter.
func requireTokens(t *conformance.T, resp *conformance.Response) *conformance.Tokens {
	tokens := conformance.ReadTokens(resp)
	if tokens == nil {
		code, _ := resp.OAuthError()
		t.Skip("the refresh was answered with %d %s (see REFR-001)", resp.Status, code)
	}
	return tokens
}

// refused expects an error with one of the codes.
func refused(t *conformance.T, what string, resp *conformance.Response, codes ...string) {
	t.Require(conformance.ReadTokens(resp) == nil, "no tokens for "+what, "tokens, with status %d", resp.Status)
	if resp.Status >= 400 && resp.Status < 500 && resp.Object() == nil {
		t.Infof("the refusal of %s is no JSON (see TOKEN-020), so its code was not looked at", what)
		return
	}
	code, description := resp.OAuthError()
	t.Require(conformance.OneOf(code, codes...), strings.Join(codes, " or ")+" for "+what, "error %q (%s), status %d", code, description, resp.Status)
}

func newTokens(t *conformance.T) {
	g, resp := refreshed(t)
	code, description := resp.OAuthError()
	tokens := conformance.ReadTokens(resp)
	t.Require(tokens != nil, "tokens for a refresh token", "status %d, error %q (%s)", resp.Status, code, description)
	t.Expect(tokens.AccessToken != g.Tokens.AccessToken, "a new access token", "the same access token")
	t.Expect(tokens.IDToken != "", "a new ID token", "no id_token")
}

func sameClaims(t *conformance.T) {
	g, resp := refreshed(t)
	raw := requireTokens(t, resp).IDToken
	if g.IDToken == nil || raw == "" {
		t.Skip("there are no two ID tokens to compare (see TOKEN-001, REFR-001)")
	}
	again := conformance.ReadToken(raw.Reveal())
	if again == nil {
		t.Skip("the refreshed ID token cannot be read (see REFR-001)")
	}
	before, after := g.IDToken.ClaimSet(), again.ClaimSet()
	for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
		t.Expect(equal(before[name], after[name]), "the same "+name+" as after the sign-in", "%s is %v, it was %v", name, after[name], before[name])
	}
	if nonce, there := after["nonce"]; there {
		t.Expect(equal(nonce, before["nonce"]), "no nonce, or that of the sign-in", "nonce is %v", nonce)
	}
	t.Expect(number(after["iat"]) >= number(before["iat"]), "iat of the refresh", "iat is %v, before it was %v", after["iat"], before["iat"])
}

func noRotation(t *conformance.T) {
	_, resp := refreshed(t)
	tokens := requireTokens(t, resp)
	if tokens.RefreshToken != "" && !t.OnLab() {
		t.Infof("the answer holds a refresh token: rotation is on for this app client")
		return
	}
	t.Require(tokens.RefreshToken == "", "no refresh token in the answer to a refresh", "a refresh_token")
}

func otherClient(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	refused(t, "another client's refresh token", t.Refresh(t.Target().OtherClient, g.RequireRefreshToken(t)), "invalid_grant", "unauthorized_client")
}

func noSecret(t *conformance.T) {
	id := t.Target().Client.ID
	_, resp := refreshed(t, func(form url.Values) { form.Set("client_id", id) })
	refused(t, "a refresh without the client secret", resp, "invalid_client", "invalid_request", "unauthorized_client")
}

func scope(t *conformance.T) {
	g, resp := refreshed(t, func(form url.Values) { form.Set("scope", "openid email phone profile aws.cognito.signin.user.admin") })
	tokens := conformance.ReadTokens(resp)
	if tokens == nil {
		refused(t, "a wider scope", resp, "invalid_scope", "invalid_request", "invalid_grant")
		return
	}
	access := conformance.ReadToken(tokens.AccessToken.Reveal())
	if g.AccessToken == nil || access == nil {
		t.Skip("the access tokens are no JWTs that can be read (see AT-001)")
	}
	granted := scopes(g.AccessToken)
	for _, s := range scopes(access) {
		t.Expect(slices.Contains(granted, s), "no scope beside "+strings.Join(granted, " "), "the scope %s was added", s)
	}
}

func expired(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.RequireRefreshToken(t)
	t.Advance(longest)
	refused(t, "an expired refresh token", t.Refresh(g.Authorization.Client, token), "invalid_grant")
}

func withoutUpstream(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.RequireRefreshToken(t)
	down := map[string]string{"status": "503"}
	var resp *conformance.Response
	t.WithFault(conformance.Fault{ID: "route.status", At: "scalekit.discovery", Params: down}, func() {
		t.WithFault(conformance.Fault{ID: "route.status", At: "scalekit.token", Params: down}, func() {
			t.WithFault(conformance.Fault{ID: "route.status", At: "scalekit.userinfo", Params: down}, func() {
				resp = t.Refresh(g.Authorization.Client, token)
			})
		})
	})
	code, _ := resp.OAuthError()
	t.Require(resp.Status == http.StatusOK, "tokens while the identity provider is down", "status %d, error %q", resp.Status, code)
	t.Infof("the refresh worked while the identity provider was down: blocking a person there does not end their session here")
}

func scopes(token *conformance.Token) []string {
	s, _ := token.ClaimSet()["scope"].(string)
	return strings.Fields(s)
}

// equal compares two values of JSON.
func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

// number is a claim's number; 0 when it is none.
func number(v any) float64 {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	return f
}

// rotation turns rotation on for the client of the run, without a grace period and with one of ten seconds.
func rotation(t *conformance.T) {
	old := clientSettings(t)
	defer t.LabAPI("UpdateUserPoolClient", old)
	for _, grace := range []int{0, 10} {
		set := clientSettings(t)
		set["RefreshTokenRotation"] = map[string]any{"Feature": "ENABLED", "RetryGracePeriodSeconds": grace}
		set["ExplicitAuthFlows"] = []string{"ALLOW_USER_SRP_AUTH"}
		t.LabAPI("UpdateUserPoolClient", set)
		g := t.Grant(conformance.Variant{})
		client, first := g.Authorization.Client, g.RequireRefreshToken(t)
		second := requireTokens(t, t.Refresh(client, first)).RefreshToken
		t.Require(second != "" && second != first, "a new refresh token", "none, or the same")
		if grace > 0 {
			t.Advance(grace - 1)
			t.Expect(conformance.ReadTokens(t.Refresh(client, first)) != nil, "the old token within its grace period", "it is refused")
			t.Advance(2)
		}
		refused(t, "a refresh token that was replaced", t.Refresh(client, first), "invalid_grant")
		t.Expect(conformance.ReadTokens(t.Refresh(client, second)) != nil, "the new refresh token", "it is refused")
	}
}

// clientSettings are the settings of the client, as an update takes them.
func clientSettings(t *conformance.T) map[string]any {
	c, _ := t.LabAPI("DescribeUserPoolClient", map[string]any{"ClientId": t.Target().Client.ID})["UserPoolClient"].(map[string]any)
	for _, name := range []string{"ClientSecret", "CreationDate", "LastModifiedDate"} {
		delete(c, name)
	}
	return c
}

// disabledUser disables the person of the run, and enables them again.
func disabledUser(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.RequireRefreshToken(t)
	name := username(t, g)
	t.LabAPI("AdminDisableUser", map[string]any{"Username": name})
	defer t.LabAPI("AdminEnableUser", map[string]any{"Username": name})
	refused(t, "a disabled user's refresh token", t.Refresh(g.Authorization.Client, token), "invalid_grant", "invalid_request")
}

func username(t *conformance.T, g *conformance.Grant) string {
	if g.AccessToken == nil {
		t.Skip("the access token is no JWT that can be read (see AT-001)")
	}
	name, _ := g.AccessToken.ClaimSet()["username"].(string)
	if name == "" {
		t.Skip("the access token has no username (see AT-006)")
	}
	return name
}
