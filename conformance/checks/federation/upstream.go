package federation

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// decoded is what a state says to somebody who decodes its parts, without unpacking them.
func decoded(state string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(state, ".") {
		for _, encoding := range []*base64.Encoding{base64.RawURLEncoding, base64.RawStdEncoding} {
			if b, err := encoding.DecodeString(strings.TrimRight(part, "=")); err == nil {
				out.Write(b)
			}
		}
	}
	return out.String()
}

// backChannel are the checks of Cognito's own requests to the provider.
func backChannel() []conformance.Check {
	return []conformance.Check{
		needs(check("FED-014", "An error of the provider's token endpoint ends in an error at the app", conformance.Must, conformance.Spec,
			ref(rfc6749, "5.2", "The authorization server responds with an HTTP 400 (Bad Request) status code (unless specified otherwise)"),
			"Check the provider's client secret, and that Cognito can reach its token endpoint.", tokenErrors,
			fault("fed.token_error_ignored", "a code")), conformance.NeedFaults),
		needs(check("FED-015", "The upstream token request authenticates the client and repeats code and redirect URI", conformance.Must, conformance.Spec,
			ref(rfc6749, "4.1.3", "redirect_uri REQUIRED, if the \"redirect_uri\" parameter was included in the authorization request … and their values MUST be identical"),
			"Check client secret and callback URL in the provider's settings.", tokenRequest,
			fault("fed.no_client_auth", "no credentials"), fault("fed.redirect_changed", "/elsewhere")), conformance.NeedTrace, conformance.NeedScalekit),
		needs(check("FED-024", "UserInfo is asked with the configured method and a bearer token", conformance.Must, conformance.Vendor,
			aws("using OIDC identity providers", "the attribute request method says whether userInfo is asked by GET or POST"),
			"Switch the attribute request method of the provider to the other value.", userInfoRequest,
			fault("fed.userinfo_method_ignored", "POST")), conformance.NeedTrace, conformance.NeedScalekit),
	}
}

// spoiled is a check that a sign-in fails while the provider is spoiled.
func spoiled(id, title, section, quote, hint, upstream, skipped string) conformance.Check {
	return needs(check(id, title, conformance.Must, conformance.Spec, conformance.Ref{Doc: core, Section: section, Quote: quote}, hint,
		func(t *conformance.T) {
			t.Journey(fresh()).Authorization.Code(t) // the chain works otherwise
			refusedWith(t, conformance.Fault{ID: upstream})
		}, fault(skipped, "a code")), conformance.NeedFaults)
}

// verification are the checks of what Cognito makes of the provider's tokens.
func verification() []conformance.Check {
	return []conformance.Check{
		spoiled("FED-016", "An upstream ID token with a bad signature is refused", "3.1.3.7", "The Client MUST validate the signature of all other ID Tokens",
			"Check jwks_uri, and how the provider changes its keys.", "upstream.idt_bad_signature", "fed.sig_unchecked"),
		spoiled("FED-017", "An upstream ID token with another iss is refused", "3.1.3.7", "The Issuer Identifier for the OpenID Provider … MUST exactly match the value of the iss (issuer) Claim",
			"Cognito reports a bad id_token issuer; a slash at the end of the issuer in the provider's settings is the usual cause.", "upstream.idt_wrong_iss", "fed.iss_unchecked"),
		spoiled("FED-018", "An upstream ID token with another aud is refused", "3.1.3.7", "The Client MUST validate that the aud (audience) Claim contains its client_id value",
			"The client id in the provider's settings must be the audience of the provider's ID token.", "upstream.idt_wrong_aud", "fed.aud_unchecked"),
		spoiled("FED-019", "An expired upstream ID token is refused", "3.1.3.7", "The current time MUST be before the time represented by the exp Claim",
			"Compare the clocks on both sides.", "upstream.idt_expired", "fed.exp_unchecked"),
		spoiled("FED-020", "An unsigned upstream ID token is refused", "2", "ID Tokens MUST NOT use none as the alg value unless … the Client explicitly requested the use of none at Registration time",
			"Set a signing algorithm for Cognito's client at the provider.", "upstream.idt_alg_none", "fed.alg_none_accepted"),
		needs(check("FED-021", "A nonce that is sent upstream must come back", conformance.Must, conformance.Spec,
			ref(core, "3.1.3.7", "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present and its value checked"),
			"The provider must copy the nonce into its ID token; what does not compare it is open to replay.", nonce,
			fault("fed.nonce_unchecked", "a code")), conformance.NeedFaults),
		spoiled("FED-022", "An upstream ID token without sub is refused", "2", "sub REQUIRED. Subject Identifier",
			"The provider must send sub.", "upstream.idt_no_sub", "fed.sub_optional"),
		needs(check("FED-023", "A new key of the provider is found without waiting", conformance.Should, conformance.Spec,
			ref(core, "10.1.1", "The verifier knows to go back to the jwks_uri location to re-retrieve the keys when it sees an unfamiliar kid value"),
			"Publish the old and the new key together for a while when keys change.", rotation,
			fault("fed.jwks_cached_forever", "invalid_token_signature")), conformance.NeedFaults),
		needs(check("FED-025", "UserInfo with another sub does not change who signs in", conformance.Info, conformance.Spec,
			ref(core, "5.3.2", "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token"),
			"The provider mixes people up: report it to them. Cognito is not known to compare the two.", otherUserInfo,
			fault("fed.userinfo_sub_unchecked", "another person")), conformance.NeedFaults),
		needs(check("FED-026", "A failure of userInfo ends in an error at the app", conformance.Must, conformance.Vendor,
			aws(oidcFlow, "the user pool asks userInfo in every sign-in, and a failure ends it"),
			"Check the provider's userInfo endpoint, and the scopes of the provider's settings.", userInfoErrors,
			fault("fed.userinfo_error_ignored", "a code")), conformance.NeedFaults),
	}
}

// userInfoErrors spoils userInfo in several ways.
func userInfoErrors(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t)
	for _, f := range []conformance.Fault{
		{ID: "route.status", At: "scalekit.userinfo", Params: map[string]string{"status": "401"}},
		{ID: "route.status", At: "scalekit.userinfo", Params: map[string]string{"status": "500"}},
		{ID: "route.html", At: "scalekit.userinfo"},
		{ID: "route.drop", At: "scalekit.userinfo"},
	} {
		refusedWith(t, f)
	}
}

// refusedWith expects that a sign-in ends in an error at the app while a fault is on.
func refusedWith(t *conformance.T, f conformance.Fault) {
	var a *conformance.Authorization
	t.WithFault(f, func() { a = t.Authorize(fresh()) })
	what := f.ID
	if f.At != "" {
		what += " at " + f.At
	}
	if !t.Expect(a.Params.Get("code") == "", "no code for the app with "+what, "a code") {
		return
	}
	t.Expect(a.Params.Get("error") != "", "an error at the app's callback with "+what, "%s", ending(a))
}

// ending is how a sign-in without a code ended.
func ending(a *conformance.Authorization) string {
	switch {
	case a.Stuck != nil:
		return a.Stuck.Error()
	case a.Params.Get("error") != "":
		return a.Params.Get("error") + ": " + a.Params.Get("error_description")
	}
	return "the callback says nothing"
}

func tokenErrors(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t)
	for _, f := range []conformance.Fault{
		{ID: "upstream.token_error"},
		{ID: "upstream.token_error", Params: map[string]string{"error": "invalid_client", "status": "401"}},
		{ID: "route.status", At: "scalekit.token", Params: map[string]string{"status": "500"}},
		{ID: "route.html", At: "scalekit.token"},
		{ID: "route.drop", At: "scalekit.token"},
	} {
		refusedWith(t, f)
	}
}

// tokenRequest reads what the provider was asked for in a sign-in of its own.
func tokenRequest(t *conformance.T) {
	a := t.Authorize(fresh())
	hops := t.Hops(t.ScalekitDiscovery().TokenEndpoint)
	if len(hops) == 0 {
		t.Skip("Cognito sent no token request: %s (see AUTHZ-001)", ending(a))
	}
	hop, form := hops[0], hops[0].Form()
	t.Expect(hop.Method == http.MethodPost, "POST", "%s", hop.Method)
	t.Expect(form.Get("client_secret") != "" || strings.HasPrefix(hop.Header("Authorization"), "Basic "), "the client's credentials", "no credentials")
	t.Expect(form.Get("grant_type") == "authorization_code", "grant_type authorization_code", "%q", form.Get("grant_type"))
	t.Expect(form.Get("code") != "", "the code", "none")
	t.Expect(form.Get("redirect_uri") == t.IdPResponse(), "redirect_uri "+t.IdPResponse(), "%q", form.Get("redirect_uri"))
}

// userInfoRequest expects GET, the method that a lab's provider is configured with.
func userInfoRequest(t *conformance.T) {
	a := t.Authorize(fresh())
	hops := t.Hops(t.ScalekitDiscovery().UserInfoEndpoint)
	if len(hops) == 0 {
		t.Skip("Cognito sent no userInfo request: %s (see AUTHZ-001)", ending(a))
	}
	t.Expect(hops[0].Method == http.MethodGet, "GET", "%s", hops[0].Method)
	t.Expect(strings.HasPrefix(hops[0].Header("Authorization"), "Bearer "), "a bearer token in the header", "none")
}

// nonce applies only where Cognito sends one upstream; the real service does not.
func nonce(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t)
	if redirect(t).Get("nonce") == "" {
		t.Infof("Cognito sends no nonce upstream, so there is none to compare")
		return
	}
	refusedWith(t, conformance.Fault{ID: "upstream.idt_wrong_nonce"})
}

// rotation signs in before and after a key change.
func rotation(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t)
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "upstream.jwks_new_key"}, func() {
		t.WithFault(conformance.Fault{ID: "upstream.idt_new_key"}, func() { a = t.Authorize(fresh()) })
	})
	t.Require(a.Params.Get("code") != "", "a sign-in with the provider's new key", "%s", ending(a))
}

// otherUserInfo compares who signs in before and while userInfo is about somebody else.
func otherUserInfo(t *conformance.T) {
	want := subject(t.Journey(fresh()).RequireIDToken(t))
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "upstream.userinfo_sub_other"}, func() { a = t.Authorize(fresh()) })
	if a.Params.Get("code") == "" {
		t.Infof("the sign-in is refused: %s", ending(a))
		return
	}
	tokens := conformance.ReadTokens(t.Redeem(a, a.Params.Get("code")))
	if tokens == nil {
		t.Skip("the token endpoint gave no tokens (see TOKEN-001)")
	}
	got := subject(conformance.ReadToken(tokens.IDToken.Reveal()))
	t.Require(got == want, "the person of the ID token, "+want, "another person, %q", got)
	t.Infof("the sign-in goes on as the person of the ID token; the other sub of userInfo is not noticed")
}

func subject(token *conformance.Token) string {
	if token == nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	_ = json.Unmarshal(token.Claims, &claims) // a sub of another type is none
	return claims.Subject
}
