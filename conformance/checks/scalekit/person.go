package scalekit

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// person are the checks of what the ID token says of the person and of the sign-in.
func person() []conformance.Check {
	claim := func(name, value, says string) conformance.Fault {
		return conformance.Fault{ID: "upstream.idt_claim", Params: map[string]string{"claim": name, "value": value}, Says: says}
	}
	core := func(section, quote string) conformance.Ref {
		return conformance.Ref{Doc: "OpenID Connect Core 1.0", Section: section, Quote: quote}
	}
	claimsPage := vendor("ID token claims", "amr has the connection's id, oid the organization's, sub is connection id, semicolon, subject at the identity provider")
	of := func(run func(*conformance.T, *conformance.Evidence, map[string]any)) func(*conformance.T) {
		return func(t *conformance.T) {
			e := t.ScalekitJourney()
			if e.Tokens == nil || e.IDToken == nil {
				t.Skip("the token response holds no ID token that can be read (see SK-014)")
			}
			run(t, e, e.IDToken.ClaimSet())
		}
	}
	onLab := func(c conformance.Check) conformance.Check {
		c.Needs = append(c.Needs, conformance.NeedFaults)
		return c
	}
	return []conformance.Check{
		check("SK-016", "aud of the ID token is an array with the client alone", conformance.Must, conformance.Vendor,
			vendor("ID token claims", "the sample shows an array"),
			"Take both forms, a string and an array: the standard has both, and this service sends an array.", of(audience),
			claim("aud", "skc_60040666000000001", "is a string")),
		check("SK-017", "sub is the connection's id and the person's subject at the identity provider, and stable", conformance.Must, conformance.Vendor,
			claimsPage, "Key on sub, never on the e-mail; a connection that is made anew brings other subs.", of(subject),
			claim("sub", "john@example.com", "john@example.com"), fault("sk.sub_unstable", "another sub")),
		check("SK-018", "amr has the connection's id, oid the organization's", conformance.Should, conformance.Vendor,
			claimsPage, "Use oid to find the tenant.", of(connectionAndOrganization),
			claim("amr", "", "amr"), claim("oid", "", "oid")),
		check("SK-019", "at_hash and c_hash are those of access token and code", conformance.Must, conformance.Spec,
			core("3.1.3.6", "Its value is the base64url encoding of the left-most half of the hash of the octets of the ASCII representation of the access_token value"),
			"A fault of the service: report it.", of(hashes),
			claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA", "at_hash"), claim("c_hash", "AAAAAAAAAAAAAAAAAAAAAA", "c_hash")),
		check("SK-020", "The ID token has the person's e-mail", conformance.Must, conformance.Vendor,
			vendor("ID token claims", "email is in every ID token"),
			"Ask for the scope email; look at what the identity provider releases, and at the connection's attribute mapping.", of(email),
			claim("email", "", "no email"), claim("email", "somebody@ssolab-foreign.invalid", "somebody@ssolab-foreign.invalid")),
		onLab(check("SK-022", "Who signs in may be another than the hint says, and the ID token tells who it was", conformance.Must, conformance.Spec,
			core("3.1.2.1", "Hint to the Authorization Server about the login identifier the End-User might use to log in (if necessary)"),
			"Show who signed in, and offer to switch; a hint is no identity.", anotherThanHinted,
			conformance.Fault{ID: "upstream.idt_claim", Params: map[string]string{"claim": "email", "value": "john@example.com"}, Says: "the hint's"})),
		check("SK-027", "The nonce that was sent is in the ID token", conformance.Must, conformance.Spec,
			core("3.1.3.7", "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present and its value checked to verify that it is the same value as the one that was sent in the Authentication Request"),
			"A fault of the service: report it. Without it a stolen ID token can be replayed.", of(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
				t.Require(claims["nonce"] == e.Authorization.Nonce, "the nonce that was sent", "%v", claims["nonce"])
			}), claim("nonce", "", "nonce")),
	}
}

func audience(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	want := t.Target().Scalekit.ClientID
	list, array := claims["aud"].([]any)
	_, text := claims["aud"].(string)
	t.Require(!text, "an array", "aud is a string, %v", claims["aud"])
	t.Require(array && len(list) == 1 && list[0] == want, "aud with "+want+" alone", "%v", claims["aud"])
}

var subjectForm = regexp.MustCompile(`^conn_[0-9A-Za-z_]+;.+$`)

func subject(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	sub, _ := claims["sub"].(string)
	if !t.Expect(subjectForm.MatchString(sub), "conn_…;<subject at the identity provider>", "sub %q", sub) {
		return
	}
	tokens := conformance.ReadTokens(t.ScalekitRedeem(t.ScalekitSignIn().Code(t)))
	if tokens == nil {
		t.Skip("the token endpoint gave no tokens the second time (see SK-014)")
	}
	if again := conformance.ReadToken(tokens.IDToken.Reveal()); again != nil {
		t.Expect(again.ClaimSet()["sub"] == sub, "the same sub at the second sign-in", "another sub, %v", again.ClaimSet()["sub"])
	}
}

func connectionAndOrganization(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	sub, _ := claims["sub"].(string)
	connection, _, _ := strings.Cut(sub, ";")
	methods, _ := claims["amr"].([]any)
	t.Expect(slices.Contains(methods, any(connection)), "amr with "+connection, "amr %v", claims["amr"])
	organization, _ := claims["oid"].(string)
	t.Expect(strings.HasPrefix(organization, "org_"), "oid org_…", "oid %v", claims["oid"])
}

func hashes(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
	alg, _ := e.IDToken.HeaderSet()["alg"].(string)
	for name, of := range map[string]conformance.Secret{"at_hash": e.Tokens.AccessToken, "c_hash": conformance.Secret(e.Authorization.Params.Get("code"))} {
		want := conformance.AtHash(alg, of)
		if want == "" {
			t.Skip("%v", conformance.ErrAlgorithm)
		}
		t.Expect(claims[name] == want, name+" "+want, "%s %v", name, claims[name])
	}
}

func email(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	got, _ := claims["email"].(string)
	t.Require(got != "", "an email", "no email")
	t.Require(strings.EqualFold(got, t.Target().Email), "email "+t.Target().Email, "%q", got)
}

// anotherThanHinted lets the identity provider say that somebody else of the organization signed in.
func anotherThanHinted(t *conformance.T) {
	works(t)
	other := "somebody.else@" + domain(t)
	says := map[string]string{"claim": "email", "value": other}
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "idp.idt_claim", Params: says}, func() {
		t.WithFault(conformance.Fault{ID: "idp.userinfo_claim", Params: says}, func() { a = t.ScalekitSignIn() })
	})
	tokens := conformance.ReadTokens(t.ScalekitRedeem(a.Code(t)))
	if tokens == nil {
		t.Skip("the token endpoint gave no tokens (see SK-014)")
	}
	token := conformance.ReadToken(tokens.IDToken.Reveal())
	if token == nil {
		t.Skip("the token response holds no ID token that can be read (see SK-014)")
	}
	got, _ := token.ClaimSet()["email"].(string)
	t.Expect(!strings.EqualFold(got, t.Target().Email), "email "+other, "the hint's, %s", got)
	t.Expect(strings.EqualFold(got, other) || strings.EqualFold(got, t.Target().Email), "email "+other, "%q", got)
}
