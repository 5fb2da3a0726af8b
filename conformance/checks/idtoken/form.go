package idtoken

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func formChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "DISC-014", Title: "The kid of issued tokens is found in the JWK Set", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("10.1", "If there are multiple keys in the referenced JWK Set document, a kid value MUST be provided in the JOSE Header"),
		Hint:   "Read jwks_uri again: caches of keys may be minutes old after a rotation. If the kid is still missing, the token is not of this user pool.",
		Faults: []conformance.Fault{fault("idt.kid_unknown", "ID token: \"unpublished\""), fault("at.kid_unknown", "access token: \"unpublished\"")},
		Run:    keyKnown,
	}, {
		ID: "IDT-001", Title: "The signature of the ID token verifies with the key that its kid names", Level: conformance.Must, Basis: conformance.Spec,
		Refs: append(core("3.1.3.7 (6)", "The Client MUST validate the signature of all other ID Tokens according to JWS"),
			conformance.Ref{Doc: "RFC 7515", Section: "5.2"}),
		Hint:   "Refresh the cache of keys; if it still fails, treat the token as forged.",
		Faults: []conformance.Fault{fault("idt.bad_sig", "does not verify")},
		Run:    on(signature),
	}, {
		ID: "IDT-002", Title: "The ID token is signed with RS256", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("3.1.3.7 (7)", "The alg value SHOULD be the default of RS256 or the algorithm sent by the Client in the id_token_signed_response_alg parameter during Registration"),
		Hint:   "Pin RS256 in the client: a client that takes the algorithm from the token can be given a forged one.",
		Faults: []conformance.Fault{fault("idt.alg_hs256", `"HS256"`), fault("idt.alg_none", `"none"`)},
		Run: on(func(t *conformance.T, e *conformance.Evidence, _ map[string]any) {
			alg := e.IDToken.HeaderSet()["alg"]
			t.Require(alg == "RS256", `alg "RS256"`, "%q", alg)
		}),
	}, {
		ID: "IDT-020", Title: "The ID token is a compact JWS of three parts without padding, and no member stands twice", Level: conformance.Must, Basis: conformance.Spec,
		Refs: []conformance.Ref{
			{Doc: "RFC 7515", Section: "2", Quote: "Base64 encoding using the URL- and filename-safe character set … with all trailing '=' characters omitted"},
			{Doc: "RFC 7519", Section: "4", Quote: "The Claim Names within a JWT Claims Set MUST be unique"},
		},
		Hint:   "Use a strict JOSE library on both sides: two readers of one lenient token may see two different people.",
		Faults: []conformance.Fault{fault("idt.padded", "padding"), fault("idt.dup_claim", `"aud" twice`)},
		Run: func(_ context.Context, t *conformance.T) {
			tokens := t.Journey(usual).RequireTokens(t)
			if tokens.IDToken == "" {
				t.Skip("the token response holds no ID token (see TOKEN-001)")
			}
			wrong := conformance.Compact(tokens.IDToken)
			t.Require(wrong == "", "header.payload.signature, each base64url without padding, of JSON objects without repeated members", "%s", wrong)
		},
	}}
}

func keyKnown(_ context.Context, t *conformance.T) {
	e := t.Journey(usual)
	e.RequireTokens(t)
	known := e.KeyIDs()
	if known == nil {
		t.Skip("%v", conformance.ErrNoKeySet)
	}
	for _, token := range []struct {
		name string
		read *conformance.Token
	}{{"ID token", e.IDToken}, {"access token", e.AccessToken}} {
		if token.read != nil {
			t.Expect(slices.Contains(known, token.read.KeyID), "a kid among those of the JWK Set ("+strings.Join(known, ", ")+")", "%s: %q", token.name, token.read.KeyID)
		}
	}
}

func signature(t *conformance.T, e *conformance.Evidence, _ map[string]any) {
	err := e.VerifySignature(e.Tokens.IDToken)
	for _, other := range []error{conformance.ErrNoKeySet, conformance.ErrUnknownKey, conformance.ErrAlgorithm, conformance.ErrCompact} {
		if errors.Is(err, other) {
			t.Skip("%v", err)
		}
	}
	t.Require(err == nil, "a signature by that key", "%v", err)
}
