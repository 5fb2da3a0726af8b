package idtoken

import (
	"context"
	"crypto/subtle"

	"github.com/ssolab/ssolab/conformance"
)

func issueChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "IDT-003", Title: "iss is the issuer of the discovery document", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("3.1.3.7 (2)", "The Issuer Identifier for the OpenID Provider … MUST exactly match the value of the iss (issuer) Claim"),
		Hint:   "Configure the client with the issuer of the user pool, https://cognito-idp.<region>.amazonaws.com/<pool id>; the pool's domain, custom or not, is never the issuer.",
		Faults: []conformance.Fault{fault("idt.iss_domain", "observed https://ssolab.auth."), fault("idt.iss_other", "https://issuer.invalid")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			t.Require(claims["iss"] == t.Target().Issuer, t.Target().Issuer, "%v", claims["iss"])
		}),
	}, {
		ID: "IDT-004", Title: "aud is or contains the client id, and several values come with an azp", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("3.1.3.7 (3–5)", "The ID Token MUST be rejected if the ID Token does not list the Client as a valid audience, or if it contains additional audiences not trusted by the Client"),
		Hint:   "Compare aud with your own client id, and refuse tokens of other clients: another app of the same user pool gets tokens of the same issuer.",
		Faults: []conformance.Fault{fault("idt.aud_other", "anotherclient"), fault("idt.aud_extra", "azp")},
		Run:    on(audience),
	}, {
		ID: "IDT-008", Title: "nonce is the one that was sent", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("3.1.3.7 (11)", "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present and its value checked to verify that it is the same value"),
		Hint:   "Keep the nonce with the session that began the sign-in, and refuse an ID token without it: it may have been made for another sign-in.",
		Faults: []conformance.Fault{fault("idt.nonce_wrong", "not-the-nonce-of-this-request"), fault("idt.nonce_missing", "no nonce")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			nonce, there := claims["nonce"]
			t.Require(there, "the nonce that was sent", "no nonce")
			t.Require(nonce == e.Authorization.Nonce, "the nonce that was sent, "+e.Authorization.Nonce, "%v", nonce)
		}),
	}, {
		ID: "IDT-009", Title: "No nonce is returned when none was sent", Level: conformance.Should, Basis: conformance.Spec,
		Refs:   core("2 nonce", "… The value is passed through unmodified from the Authentication Request to the ID Token"),
		Hint:   "Always send a nonce. Without one Cognito invents one on the way to an identity provider, and strict clients refuse the first sign-in and take the second.",
		Faults: []conformance.Fault{fault("idt.nonce_invented", "by session")},
		Run:    noNonce,
	}, {
		ID: "IDT-010", Title: "at_hash, when present, is that of the access token", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("3.1.3.6", "Its value is the base64url encoding of the left-most half of the hash of the octets of the ASCII representation of the access_token value"),
		Hint:   "Refuse the pair: the two tokens come from different answers.",
		Faults: []conformance.Fault{fault("idt.at_hash_wrong", "at_hash")},
		Run:    on(atHash),
	}, {
		ID: "IDT-012", Title: "token_use is id", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   guide("verifying JSON web tokens", "if you accept only the ID token, token_use has to be id"),
		Hint:   "Compare token_use wherever tokens are taken, or the one works as the other.",
		Faults: []conformance.Fault{fault("idt.token_use_access", `"access"`)},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			t.Require(claims["token_use"] == "id", `token_use "id"`, "%q", claims["token_use"])
		}),
	}, {
		ID: "IDT-017", Title: "jti and origin_jti are present, and each ID token has its own jti", Level: conformance.Info, Basis: conformance.Vendor,
		Refs:   guide("understanding the ID token", "jti is the token's identifier; origin_jti, where revocation is on, that of the sign-in"),
		Hint:   "Use jti to notice a token that is used twice, and for nothing else. Both claims are missing where token revocation is off for the app client.",
		Faults: []conformance.Fault{fault("idt.jti_repeated", "twice")},
		Run:    tokenIDs,
	}}
}

func audience(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	id := t.Target().Client.ID
	switch aud := claims["aud"].(type) {
	case string:
		t.Require(aud == id, "aud "+id, "%s", aud)
	case []any:
		listed := false
		for _, one := range aud {
			listed = listed || one == id
		}
		t.Require(listed, "aud with "+id, "%q", aud)
		t.Require(len(aud) == 1 || claims["azp"] == id, "azp "+id+" beside several audiences", "azp is %v and aud %q", claims["azp"], aud)
	default:
		t.Require(false, "aud "+id, "%v", aud)
	}
}

// noNonce signs in twice without a nonce: once answered from the session, once through the identity provider.
func noNonce(_ context.Context, t *conformance.T) {
	t.Journey(usual) // so that there is a session
	for _, way := range []struct {
		name    string
		variant conformance.Variant
	}{{"by session", conformance.Variant{NoNonce: true}}, {"through the identity provider", conformance.Variant{NoNonce: true, Fresh: true}}} {
		e := t.Journey(way.variant)
		nonce, there := e.RequireIDToken(t).ClaimSet()["nonce"]
		text, _ := nonce.(string)
		name := way.name
		if !e.Authorization.Silent() {
			name = "through the identity provider"
		}
		t.Expect(!there, "no nonce after a sign-in without one", "%s: one of %d characters", name, len(text))
	}
}

func atHash(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
	got, there := claims["at_hash"]
	if !there {
		t.Infof("there is no at_hash, which is optional here")
		return
	}
	alg, _ := e.IDToken.HeaderSet()["alg"].(string)
	want := conformance.AtHash(alg, e.Tokens.AccessToken)
	if want == "" {
		t.Skip("%v", conformance.ErrAlgorithm)
	}
	text, _ := got.(string)
	t.Require(subtle.ConstantTimeCompare([]byte(text), []byte(want)) == 1, "at_hash "+want, "at_hash %v", got)
}

func tokenIDs(_ context.Context, t *conformance.T) {
	first := t.Journey(usual).RequireIDToken(t).ClaimSet()
	for _, name := range []string{"jti", "origin_jti"} {
		id, _ := first[name].(string)
		t.Expect(id != "", "a "+name, "%v", first[name])
	}
	second := t.Journey(conformance.Variant{NoNonce: true}).RequireIDToken(t).ClaimSet()
	t.Expect(first["jti"] == nil || first["jti"] != second["jti"], "a jti of its own in each ID token", "%v twice", first["jti"])
}
