// Package revocation checks the user pool's revocation endpoint (RFC 7009). Each check signs in for the tokens that it
// destroys.
package revocation

import (
	"context"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func rfc(section, quote string) conformance.Ref {
	return conformance.Ref{Doc: "RFC 7009", Section: section, Quote: quote}
}

func aws(quote string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: "revoke endpoint", Summary: quote}
}

func run(f func(*conformance.T)) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) { f(t) }
}

// Checks returns the checks of revocation.
func Checks() []conformance.Check {
	write := []conformance.Need{conformance.NeedWrite}
	return []conformance.Check{{
		ID: "REVK-001", Title: "Revoking a refresh token gives 200 without a body, and the token works no more", Level: conformance.Must, Basis: conformance.Spec, Needs: write,
		Refs: []conformance.Ref{rfc("2.2", "The authorization server responds with HTTP status code 200 if the token has been revoked successfully"), rfc("2.1", "the authorization server invalidates the token")},
		Hint: "Look whether token revocation is on for the app client (EnableTokenRevocation).", Faults: []conformance.Fault{{ID: "revk.noop", Says: "observed tokens"}, settingOff("status 400")}, Run: run(refreshToken),
	}, {
		ID: "REVK-002", Title: "Access tokens of a revoked refresh token stop working at userInfo", Level: conformance.Must, Basis: conformance.Vendor, Needs: write,
		Refs: []conformance.Ref{aws("revoking a refresh token also revokes the access tokens that came from it, for Cognito's own endpoints")},
		Hint: "An API that verifies the JWT on its own cannot see this: keep access tokens short, or ask userInfo.", Faults: []conformance.Fault{{ID: "revk.at_survives", Says: "status 200"}}, Run: run(accessTokens),
	}, {
		ID: "REVK-003", Title: "An access token is refused with unsupported_token_type", Level: conformance.Must, Basis: conformance.Vendor, Needs: write,
		Refs: []conformance.Ref{aws("only refresh tokens can be revoked; anything else gives unsupported_token_type"), rfc("2.2.1", "unsupported_token_type: The authorization server does not support the revocation of the presented token type")},
		Hint: "Send the refresh token: it takes the access tokens with it.", Faults: []conformance.Fault{{ID: "revk.accept_at", Says: "status 200"}}, Run: run(accessTokenRefused),
	}, {
		ID: "REVK-004", Title: "Another client cannot revoke a refresh token", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedWrite, conformance.NeedOtherClient},
		Refs: []conformance.Ref{rfc("2.1", "verifies whether the token was issued to the client making the revocation request")},
		Hint: "Revoke as the app client that owns the token.", Faults: []conformance.Fault{{ID: "revk.any_client", Says: "works no more"}}, Run: run(otherClient),
	}, {
		ID: "REVK-005", Title: "An unknown token gives 200", Level: conformance.Should, Basis: conformance.Spec,
		Refs: []conformance.Ref{rfc("2.2", "invalid tokens do not cause an error response")},
		Hint: "Take any 200 as done.", Faults: []conformance.Fault{{ID: "revk.oracle", Says: "status 400"}}, Run: run(unknownToken),
	}, {
		ID: "REVK-006", Title: "An app client with token revocation off is answered with an error", Level: conformance.Should, Basis: conformance.Vendor, Needs: write,
		Refs: []conformance.Ref{aws("with token revocation off on the app client the answer is invalid_request"), {Doc: "Amazon Cognito user pools API", Section: "UpdateUserPoolClient", Summary: "EnableTokenRevocation switches revocation on and off"}},
		Hint: "Switch token revocation on (EnableTokenRevocation), or do not count on sign-out to end tokens.", Faults: []conformance.Fault{{ID: "revk.ignores_setting", Says: "status 200"}}, Run: run(off),
	}}
}

// settingOff is a lab whose app clients have token revocation off.
func settingOff(says string) conformance.Fault {
	return conformance.Fault{ID: "revk.setting_off", Says: says}
}

// revoke revokes the refresh token of a sign-in; where that does not work the check is skipped.
func revoke(t *conformance.T, g *conformance.Grant) {
	resp := t.Revoke(g.Authorization.Client, g.RequireRefreshToken(t).Reveal())
	if resp.Status != http.StatusOK {
		code, _ := resp.OAuthError()
		t.Skip("the revocation was answered with %d %s (see REVK-001)", resp.Status, code)
	}
}

func refreshToken(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.RequireRefreshToken(t)
	resp := t.Revoke(g.Authorization.Client, token.Reveal())
	code, description := resp.OAuthError()
	t.Require(resp.Status == http.StatusOK, "status 200 for a refresh token", "status %d, error %q (%s)", resp.Status, code, description)
	t.Expect(strings.TrimSpace(string(resp.Body)) == "", "an empty body", "%.80q", string(resp.Body))
	resp = t.Refresh(g.Authorization.Client, token)
	t.Require(conformance.ReadTokens(resp) == nil, "no tokens for a revoked refresh token", "tokens, with status %d", resp.Status)
	if resp.Status >= 400 && resp.Status < 500 && resp.Object() == nil {
		t.Infof("the refusal of the refresh is no JSON (see TOKEN-020), so its code was not looked at")
		return
	}
	code, _ = resp.OAuthError()
	t.Expect(code == "invalid_grant", "invalid_grant for a revoked refresh token", "error %q, status %d", code, resp.Status)
}

func accessTokens(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	if before := t.UserInfo(g.Tokens.AccessToken.Reveal()); before.Status != http.StatusOK || before.Object() == nil {
		t.Skip("userInfo answers %d, %s, to a new access token, so nothing can be told from it (see UINFO-001)", before.Status, before.MediaType())
	}
	revoke(t, g)
	resp := t.UserInfo(g.Tokens.AccessToken.Reveal())
	t.Require(resp.Status == http.StatusUnauthorized, "status 401 from userInfo after the revocation", "status %d", resp.Status)
}

// switchedOn skips the check where the endpoint refuses whatever it is asked: invalid_request for an app client with
// revocation off, or no answer of the protocol at all.
func switchedOn(t *conformance.T, resp *conformance.Response) {
	code, _ := resp.OAuthError()
	if resp.Status != http.StatusOK && (code == "invalid_request" || code == "") {
		t.Skip("the revocation endpoint answers %d %s (see REVK-001)", resp.Status, code)
	}
}

func accessTokenRefused(t *conformance.T) {
	g := t.Grant(conformance.Variant{}) // of its own: another provider may revoke it
	resp := t.Revoke(g.Authorization.Client, g.Tokens.AccessToken.Reveal())
	switchedOn(t, resp)
	code, description := resp.OAuthError()
	t.Require(resp.Status == http.StatusBadRequest && code == "unsupported_token_type", "status 400 with unsupported_token_type for an access token", "status %d, error %q (%s)", resp.Status, code, description)
}

func otherClient(t *conformance.T) {
	g := t.Grant(conformance.Variant{})
	token := g.RequireRefreshToken(t)
	resp := t.Revoke(t.Target().OtherClient, token.Reveal())
	after := t.Refresh(g.Authorization.Client, token)
	t.Require(conformance.ReadTokens(after) != nil, "the refresh token to outlive another client's revocation", "it works no more: a refresh is answered with status %d", after.Status)
	if resp.Status == http.StatusOK {
		t.Infof("the other client is answered 200, as for an unknown token; RFC 7009 section 2.1 would tell it of the error")
	}
}

func unknownToken(t *conformance.T) {
	resp := t.Revoke(t.Target().Client, "not-a-token-that-anybody-was-given")
	switchedOn(t, resp)
	code, description := resp.OAuthError()
	t.Require(resp.Status == http.StatusOK, "status 200 for an unknown token", "status %d, error %q (%s)", resp.Status, code, description)
}

// off wants a client with token revocation off: in a lab any can be made one; elsewhere the other client may be one,
// which shows in access tokens without origin_jti.
func off(t *conformance.T) {
	var resp *conformance.Response
	if t.OnLab() {
		g := t.Grant(conformance.Variant{})
		token := g.RequireRefreshToken(t)
		t.WithFault(settingOff(""), func() { resp = t.Revoke(g.Authorization.Client, token.Reveal()) })
	} else {
		if t.Target().OtherClient.ID == "" {
			t.Skip("needs %s, with token revocation off", conformance.NeedOtherClient)
		}
		g := t.Grant(conformance.Variant{OtherClient: true})
		if g.AccessToken == nil || g.AccessToken.ClaimSet()["origin_jti"] != nil {
			t.Skip("token revocation is on for other_client, as far as its access token shows")
		}
		resp = t.Revoke(g.Authorization.Client, g.RequireRefreshToken(t).Reveal())
	}
	if resp.Status >= http.StatusInternalServerError {
		t.Skip("the revocation endpoint answers %d (see REVK-001)", resp.Status)
	}
	code, description := resp.OAuthError()
	t.Require(resp.Status == http.StatusBadRequest && code == "invalid_request", "status 400 with invalid_request while revocation is off", "status %d, error %q (%s)", resp.Status, code, description)
}
