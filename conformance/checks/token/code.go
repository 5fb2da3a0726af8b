package token

import (
	"net/http"

	"github.com/ssolab/ssolab/conformance"
)

// codeLife is how long a code may be used, in seconds.
const codeLife = 5 * 60

// codeChecks look at what a code is bound to.
func codeChecks() []conformance.Check {
	pkce := func(quote string) conformance.Ref {
		return conformance.Ref{Doc: "RFC 7636", Section: "4.6", Quote: quote}
	}
	return []conformance.Check{{
		ID: "TOKEN-004", Title: "A code works once", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("4.1.2", "The client MUST NOT use the authorization code more than once. If an authorization code is used more than once, the authorization server MUST deny the request")},
		Hint: "Exchange each code once; on invalid_grant begin a new sign-in. Pages that render twice and prefetching are the usual causes.", Faults: []conformance.Fault{fault("code.reusable", "observed tokens")}, Run: run(singleUse),
	}, {
		ID: "TOKEN-005", Title: "Using a code again revokes the tokens that it brought", Level: conformance.Should, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("4.1.2", "and SHOULD revoke (when possible) all tokens previously issued based on that authorization code"), {Doc: "RFC 9700", Section: "4.5"}},
		Hint: "Treat a code that was used twice as stolen: end the session in the app and revoke its refresh token.", Faults: []conformance.Fault{fault("code.reusable", "brought tokens again")}, Run: run(reuseRevokes),
	}, {
		ID: "TOKEN-006", Title: "A code expires after five minutes", Level: conformance.Must, Basis: conformance.Vendor, Needs: []conformance.Need{conformance.NeedClock},
		Refs: []conformance.Ref{oauth("4.1.2", "The authorization code MUST expire shortly after it is issued"), {Doc: "Amazon Cognito developer guide", Section: "authorization endpoint", Summary: "codes are good for five minutes"}},
		Hint: "Exchange the code in the callback itself.", Faults: []conformance.Fault{fault("code.never_expires", "observed tokens")}, Run: run(codeExpires),
	}, {
		ID: "TOKEN-007", Title: "A code is bound to its client", Level: conformance.Must, Basis: conformance.Spec, Needs: []conformance.Need{conformance.NeedOtherClient},
		Refs: []conformance.Ref{oauth("4.1.3", "ensure that the authorization code was issued to the authenticated confidential client, or … to \"client_id\" in the request")},
		Hint: "Use the client id that began the sign-in.", Faults: []conformance.Fault{fault("code.any_client", "observed tokens")}, Run: run(codeClient),
	}, {
		ID: "TOKEN-008", Title: "A code is bound to its redirect_uri", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{oauth("4.1.3", "ensure that the \"redirect_uri\" parameter is present if the \"redirect_uri\" parameter was included in the initial authorization request … and if included ensure that their values are identical"), aws("a redirect_uri that differs gives unauthorized_client")},
		Hint: "Send the same bytes as in the authorization request; a trailing slash counts.", Faults: []conformance.Fault{fault("code.any_redirect", "observed tokens")}, Run: run(codeRedirect),
	}, {
		ID: "TOKEN-017", Title: "A wrong PKCE verifier gives invalid_grant", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{pkce("If the values are not equal, an error response indicating \"invalid_grant\" … MUST be returned")},
		Hint: "Keep the verifier with the state of the very request that carried its challenge.", Faults: []conformance.Fault{fault("pkce.verifier_unchecked", "observed tokens")},
		Run: run(verifier("a wrong code_verifier", conformance.Variant{}, "wrong-verifier-wrong-verifier-wrong-verifier-0")),
	}, {
		ID: "TOKEN-018", Title: "A missing verifier is refused when a challenge was sent", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{pkce("the server verifies it by calculating the code challenge from the received \"code_verifier\""), bcp("2.1.1", "the authorization server MUST enforce the correct usage of code_verifier at the token endpoint")},
		Hint: "Send the verifier; check that the session in which it is kept survives the redirects.", Faults: []conformance.Fault{fault("pkce.downgrade", "observed tokens")},
		Run: run(verifier("a missing code_verifier", conformance.Variant{}, "")),
	}, {
		ID: "TOKEN-019", Title: "A verifier without an earlier challenge is refused", Level: conformance.Must, Basis: conformance.Spec, Unproven: true,
		Refs: []conformance.Ref{bcp("2.1.1", "a token request containing a code_verifier parameter is accepted only if a code_challenge parameter was present in the authorization request")},
		Hint: "Send the challenge too, or neither of the two.", Faults: []conformance.Fault{fault("pkce.unsolicited_verifier_ok", "observed tokens")},
		Run: run(verifier("a code_verifier without a challenge", conformance.Variant{NoPKCE: true}, "unasked-verifier-unasked-verifier-unasked-ver-0")),
	}}
}

func singleUse(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	code := a.Code(t)
	redeemed(t, t.Redeem(a, code))
	refused(t, "a code that was used before", t.Redeem(a, code), "invalid_grant")
}

func reuseRevokes(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	code := a.Code(t)
	first := redeemed(t, t.Redeem(a, code)).AccessToken.Reveal()
	if resp := t.UserInfo(first); resp.Status != http.StatusOK {
		t.Skip("userInfo answers %d to a new access token, so nothing can be told from it (see UINFO-001)", resp.Status)
	}
	again := conformance.ReadTokens(t.Redeem(a, code))
	status := t.UserInfo(first).Status
	if again != nil {
		t.Require(false, "the tokens of the code revoked", "it brought tokens again, and userInfo answers %d to the first ones", status)
	}
	t.Require(status != http.StatusOK, "userInfo to refuse the access token after the code was used again", "the access token is still accepted")
}

func codeExpires(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	code := a.Code(t)
	t.Advance(codeLife + 1)
	refused(t, "a code of five minutes and a second", t.Redeem(a, code), "invalid_grant")
}

func codeClient(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	code := a.Code(t)
	other := *a
	other.Client = t.Target().OtherClient
	refused(t, "another client's code", t.Redeem(&other, code, set("redirect_uri", a.Client.RedirectURI)), "invalid_grant", "unauthorized_client")
}

func codeRedirect(t *conformance.T) {
	a := t.Authorize(conformance.Variant{})
	resp := t.Redeem(a, a.Code(t), set("redirect_uri", a.Client.RedirectURI+"/other"))
	refused(t, "another redirect_uri", resp, "invalid_grant", "unauthorized_client")
}

// verifier sends a given code_verifier, or none, whatever the challenge was.
func verifier(what string, v conformance.Variant, sent string) func(*conformance.T) {
	return func(t *conformance.T) {
		a := t.Authorize(v)
		refused(t, what, t.Redeem(a, a.Code(t), set("code_verifier", sent)), "invalid_grant", "invalid_request")
	}
}
