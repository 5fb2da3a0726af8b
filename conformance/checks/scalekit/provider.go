package scalekit

import (
	"net/http"
	"net/url"

	"github.com/ssolab/ssolab/conformance"
)

// providers are the checks of what the environment makes of the customer's identity provider, and of its userinfo.
func providers() []conformance.Check {
	left := func(point, says string) conformance.Fault {
		return conformance.Fault{ID: "scalekit.skip", At: point, Says: says}
	}
	onLab := func(c conformance.Check) conformance.Check {
		c.Needs = append(c.Needs, conformance.NeedFaults)
		return c
	}
	return []conformance.Check{
		onLab(check("SK-021", "A person whose address is of no domain of the organization is refused", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "invalid_user_domain: the domain of the person is not allowed for this connection"),
			"Whoever runs an identity provider could else sign in as anybody: register the organization's domains, all of them.", foreignPerson,
			left("scalekit.user_domain", "a code"))),
		check("SK-023", "UserInfo is about the person of the ID token, with the claims of the scopes in their types", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: "5.3.2", Quote: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token"},
			"Discard the answer when sub is another; check what the identity provider releases when a claim is missing.", userInfo,
			fault("upstream.userinfo_sub_other", "somebody-else"), fault("upstream.userinfo_no_email", "no email")),
		onLab(check("SK-029", "A bad ID token or userinfo of the customer's identity provider is refused", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: "3.1.3.7", Quote: "Clients MUST validate the ID Token in the Token Response"},
			"A fault of the service: report it.", badProvider,
			left("scalekit.idp_token.signature", "idp.idt_bad_signature"), left("scalekit.idp_token.issuer", "idp.idt_wrong_iss"),
			left("scalekit.idp_token.audience", "idp.idt_wrong_aud"), left("scalekit.idp_token.expiry", "idp.idt_expired"),
			left("scalekit.idp_token.nonce", "idp.idt_wrong_nonce"), left("scalekit.idp_userinfo.subject", "idp.userinfo_sub_other"))),
	}
}

// foreignPerson goes to the organization's connection by its id, which the ID token names, and signs in there as somebody
// of another domain.
func foreignPerson(t *conformance.T) {
	e := t.ScalekitJourney()
	if e.IDToken == nil {
		t.Skip("the token response holds no ID token that can be read (see SK-014)")
	}
	methods, _ := e.IDToken.ClaimSet()["amr"].([]any)
	connection := ""
	if len(methods) > 0 {
		connection, _ = methods[0].(string)
	}
	if connection == "" {
		t.Skip("the ID token's amr names no connection")
	}
	a := t.ScalekitSignIn(func(q url.Values) {
		q.Set("connection_id", connection)
		q.Set("login_hint", "eve@ssolab-foreign.invalid")
	})
	if code := a.Params.Get("code"); code != "" {
		tokens := conformance.ReadTokens(t.ScalekitRedeem(code))
		if tokens == nil {
			t.Skip("the token endpoint gave no tokens (see SK-014)")
		}
		email := ""
		if token := conformance.ReadToken(tokens.IDToken.Reveal()); token != nil {
			email, _ = token.ClaimSet()["email"].(string)
		}
		if email != "eve@ssolab-foreign.invalid" {
			t.Skip("somebody else was signed in than the one asked for, %q (see SK-001, SK-008)", email)
		}
		t.Require(false, "no code for eve@ssolab-foreign.invalid at "+connection, "a code")
	}
	t.Expect(a.Params.Get("error") == "invalid_user_domain", "the error invalid_user_domain", "%s", ending(a))
}

// ending is how a sign-in without a code ended.
func ending(a *conformance.Authorization) string {
	switch {
	case a.Params.Get("error") != "":
		return a.Params.Get("error")
	case a.Stuck != nil:
		return a.Stuck.Error()
	}
	return "the callback says nothing"
}

func userInfo(t *conformance.T) {
	e := t.ScalekitJourney()
	endpoint := t.ScalekitDiscovery().UserInfoEndpoint
	if e.Tokens == nil || e.Tokens.AccessToken == "" || e.IDToken == nil {
		t.Skip("there are no tokens to ask and to compare with (see SK-014)")
	}
	if endpoint == "" {
		t.Skip("the discovery document names no userinfo_endpoint")
	}
	req := t.Request(http.MethodGet, endpoint, nil)
	req.Header.Set("Authorization", "Bearer "+e.Tokens.AccessToken.Reveal())
	resp := t.Do(req)
	o := resp.Object()
	t.Require(resp.Status == http.StatusOK && o != nil, "status 200 and a JSON object", "status %d, %q", resp.Status, resp.Header.Get("Content-Type"))
	want := e.IDToken.ClaimSet()["sub"]
	t.Expect(want == nil || o["sub"] == want, "the ID token's sub", "%v", o["sub"])
	email, there := o["email"]
	said := "no email"
	if there {
		said = "email that is no string"
	}
	text, _ := email.(string)
	t.Expect(text != "", "the string email for the scope email", "%s", said)
	if verified, there := o["email_verified"]; there {
		_, boolean := verified.(bool)
		t.Expect(boolean, "email_verified as a boolean", "%T", verified)
	}
}

// badProvider signs in once for each way in which the identity provider's answer is bad.
func badProvider(t *conformance.T) {
	t.ScalekitJourney() // the chain works otherwise
	for _, id := range []string{
		"idp.idt_bad_signature", "idp.idt_wrong_iss", "idp.idt_wrong_aud", "idp.idt_expired", "idp.idt_wrong_nonce", "idp.idt_no_sub", "idp.idt_alg_none",
		"idp.userinfo_sub_other",
	} {
		var a *conformance.Authorization
		t.WithFault(conformance.Fault{ID: id}, func() { a = t.ScalekitSignIn() })
		if t.Expect(a.Params.Get("code") == "", "no code with "+id, "a code") {
			t.Expect(a.Params.Get("error") != "", "an error at Cognito's callback with "+id, "%s", ending(a))
		}
	}
}
