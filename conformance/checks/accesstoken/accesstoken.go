// Package accesstoken checks the access token of a sign-in, a JWT that APIs read: who issued it to which client, for
// which scopes, and whose it is (Amazon Cognito developer guide; RFC 6749 section 3.3, RFC 9068).
//
//	one sign-in ─► Evidence ─► access token ─► checks, some beside the ID token
//
// One more token, made by session, shows that each has an id of its own.
package accesstoken

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

// usual is the sign-in that the checks read.
var usual = conformance.Variant{}

// skew is how far two clocks may be apart.
const skew = 60 * time.Second

// judge is a check's decision from the access token of the usual sign-in.
type judge func(t *conformance.T, e *conformance.Evidence, claims map[string]any)

// on runs a judge. Without an access token that is a JWT the check is skipped.
func on(f judge) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) {
		e := t.Journey(usual)
		f(t, e, e.RequireAccessToken(t).ClaimSet())
	}
}

func guide(says string) []conformance.Ref {
	return []conformance.Ref{{Doc: "Amazon Cognito developer guide", Section: "understanding the access token", Summary: says}}
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }

// Checks returns the checks in the order of their ids.
func Checks() []conformance.Check {
	return []conformance.Check{{
		ID: "AT-001", Title: "Signature, iss and exp of the access token are valid", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   []conformance.Ref{{Doc: "Amazon Cognito developer guide", Section: "verifying JSON web tokens", Summary: "verify the signature with the user pool's key, and compare iss and exp, of each token"}},
		Hint:   "Refresh the cache of keys and compare the clocks; if it still fails, treat the token as forged.",
		Faults: []conformance.Fault{fault("at.bad_sig", "does not verify"), fault("at.iss_other", "https://issuer.invalid"), fault("at.expired", "expired")},
		Run: func(_ context.Context, t *conformance.T) {
			e := t.Journey(usual)
			if wrong := conformance.Compact(e.RequireTokens(t).AccessToken); wrong != "" {
				t.Require(false, "a signed JWT", "%s", wrong)
			}
			valid(t, e, e.RequireAccessToken(t).ClaimSet())
		},
	}, {
		ID: "AT-002", Title: "token_use is access", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   guide("token_use is access"),
		Hint:   "An API has to compare token_use, or ID tokens work as access tokens.",
		Faults: []conformance.Fault{fault("at.token_use_id", `"id"`)},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			t.Require(claims["token_use"] == "access", `token_use "access"`, "%q", claims["token_use"])
		}),
	}, {
		ID: "AT-003", Title: "client_id names the client, and there is no aud that was not asked for", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   guide("client_id is the app client that the token was issued to; aud is there with resource binding only"),
		Hint:   "APIs compare client_id, since Cognito's access tokens have no aud by themselves.",
		Faults: []conformance.Fault{fault("at.client_id_other", "anotherclient"), fault("at.aud_other", "https://api.invalid")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			id := t.Target().Client.ID
			t.Expect(claims["client_id"] == id, "client_id "+id, "%v", claims["client_id"])
			switch aud := claims["aud"]; aud {
			case nil:
			case id:
				t.Infof("aud is the client id: a Lambda trigger set it")
			default:
				t.Expect(false, "no aud", "aud %v", aud)
			}
		}),
	}, {
		ID: "AT-004", Title: "scope is a string of what was granted", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: append(guide("scope is the list of granted OAuth scopes, separated by spaces"),
			conformance.Ref{Doc: "RFC 6749", Section: "3.3", Quote: "The value of the scope parameter is expressed as a list of space-delimited, case-sensitive strings"}),
		Hint:   "APIs compare the scope of each operation. A scope that nobody asked for comes from a Lambda trigger, if not from a mistake.",
		Faults: []conformance.Fault{fault("at.scope_widened", "aws.cognito.signin.user.admin")},
		Run:    on(scope),
	}, {
		ID: "AT-005", Title: "sub is that of the ID token", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   []conformance.Ref{{Doc: "OpenID Connect Core 1.0", Section: "5.3.2", Quote: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub Claim in the ID Token"}},
		Hint:   "Refuse the pair: the two tokens are of different people.",
		Faults: []conformance.Fault{fault("at.sub_other", "00000000-0000-0000-0000-000000000000")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			want := e.RequireIDToken(t).ClaimSet()["sub"]
			if want == nil {
				t.Skip("the ID token has no sub (see IDT-007)")
			}
			t.Require(claims["sub"] == want, "the ID token's sub", "%v, and the ID token's %v", claims["sub"], want)
		}),
	}, {
		ID: "AT-006", Title: "username is present and that of the ID token", Level: conformance.Should, Basis: conformance.Vendor,
		Refs:   guide("username is the user name of the person in the user pool"),
		Hint:   "Use sub as the key of the account.",
		Faults: []conformance.Fault{fault("at.no_username", "no username")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			t.Require(claims["username"] != nil, "username", "no username")
			if want := e.RequireIDToken(t).ClaimSet()["cognito:username"]; want != nil {
				t.Require(claims["username"] == want, "the ID token's cognito:username", "%v, and in the ID token %v", claims["username"], want)
			}
		}),
	}, {
		ID: "AT-007", Title: "There are no personal data beside identifiers", Level: conformance.Should, Basis: conformance.Advice,
		Refs:   []conformance.Ref{{Doc: "RFC 9068", Section: "6", Quote: "it now becomes possible for clients and potentially even end users to directly peek inside the token claims collection of unencrypted tokens"}},
		Hint:   "Leave personal data to the ID token and userInfo: access tokens are in the logs of every API.",
		Faults: []conformance.Fault{fault("at.email_inside", "email")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			for _, name := range []string{"email", "phone_number", "name", "given_name", "family_name", "birthdate", "address", "picture"} {
				t.Expect(claims[name] == nil, "identifiers only", "the token has %s", name)
			}
		}),
	}, {
		ID: "AT-008", Title: "The token lives as long as the app client says", Level: conformance.Should, Basis: conformance.Vendor, Needs: []conformance.Need{conformance.NeedValidity},
		Refs:   []conformance.Ref{{Doc: "Amazon Cognito user pools API", Section: "DescribeUserPoolClient", Summary: "AccessTokenValidity is the life of access tokens, in TokenValidityUnits"}},
		Hint:   "Compare AccessTokenValidity and TokenValidityUnits of the app client with client.access_token_validity of the target file.",
		Faults: []conformance.Fault{fault("at.ttl_ignored", "10h")},
		Run:    on(life),
	}, {
		ID: "AT-009", Title: "version and jti are present, and each access token has its own jti", Level: conformance.Info, Basis: conformance.Vendor,
		Refs:   guide("version is the token's version, jti its identifier"),
		Hint:   "To be known only. jti is missing where token revocation is off for the app client.",
		Faults: []conformance.Fault{fault("at.jti_repeated", "twice")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			for _, name := range []string{"version", "jti"} {
				t.Expect(claims[name] != nil, name, "no %s", name)
			}
			second := t.Journey(conformance.Variant{NoNonce: true}).RequireAccessToken(t).ClaimSet()
			t.Expect(claims["jti"] == nil || claims["jti"] != second["jti"], "a jti of its own in each access token", "%v twice", claims["jti"])
		}),
	}}
}

func valid(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
	t.Expect(claims["iss"] == t.Target().Issuer, "iss "+t.Target().Issuer, "%v", claims["iss"])
	n, _ := claims["exp"].(json.Number)
	seconds, err := n.Float64()
	if t.Expect(err == nil, "an exp that is a number", "%v", claims["exp"]) {
		exp := time.Unix(int64(seconds), 0).UTC()
		t.Expect(exp.After(e.At.Add(-skew)), "an exp after now, "+e.At.Format(time.RFC3339), "expired at %s", exp.Format(time.RFC3339))
	}
	err = e.VerifySignature(e.Tokens.AccessToken)
	if errors.Is(err, conformance.ErrNoKeySet) || errors.Is(err, conformance.ErrUnknownKey) {
		t.Skip("%v", err)
	}
	t.Expect(err == nil, "a signature by the key that kid names", "%v", err)
}

// life compares exp and iat, which are of one clock.
func life(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	var times [2]int64
	for i, name := range []string{"iat", "exp"} {
		n, _ := claims[name].(json.Number)
		var err error
		if times[i], err = n.Int64(); err != nil {
			t.Skip("the token has no %s that is a number of seconds (see AT-001)", name)
		}
	}
	want, got := t.Target().Client.AccessTokenValidity, time.Duration(times[1]-times[0])*time.Second
	t.Require(got == want, "a life of "+want.String(), "%s", got)
}

// scope compares with the token response where it has one (RFC 6749 section 5.1), else with the request.
func scope(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
	text, ok := claims["scope"].(string)
	t.Require(ok, "scope as a string", "%v", claims["scope"])
	granted := strings.Fields(e.Tokens.Scope)
	if len(granted) == 0 {
		q, err := conformance.QueryOf(e.Authorization.URL)
		if err != nil {
			t.Undecided(err)
		}
		granted = strings.Fields(q.Get("scope"))
	}
	got := strings.Fields(text)
	t.Expect(text == strings.Join(got, " "), "scopes with one space between them", "%q", text)
	slices.Sort(got)
	slices.Sort(granted)
	t.Expect(slices.Equal(got, granted), strings.Join(granted, " "), "%s", strings.Join(got, " "))
}
