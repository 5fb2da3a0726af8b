package idtoken

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/ssolab/ssolab/conformance"
)

func personChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "IDT-007", Title: "sub is a UUID of at most 255 ASCII characters", Level: conformance.Must, Basis: conformance.Spec,
		Refs: append(core("2 sub", "REQUIRED. … It MUST NOT exceed 255 ASCII [RFC20] characters in length"),
			guide("understanding the ID token", "sub is a UUID, unique in the user pool")...),
		Hint:   "Use sub as the key of the account in your app, with the issuer; never the e-mail address.",
		Faults: []conformance.Fault{fault("idt.no_sub", "no sub")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			sub, _ := claims["sub"].(string)
			t.Require(sub != "", "a sub", "no sub")
			ascii := !strings.ContainsFunc(sub, func(r rune) bool { return r > unicode.MaxASCII })
			t.Require(len(sub) <= 255 && ascii, "at most 255 ASCII characters", "%q", sub)
			if t.Target().Kind != conformance.KindOther {
				t.Require(uuid.MatchString(sub), "a UUID", "%q", sub)
			}
		}),
	}, {
		ID: "IDT-013", Title: "cognito:username is present and userInfo's username", Level: conformance.Must, Basis: conformance.Vendor,
		Refs:   guide("understanding the ID token", "cognito:username is the user name of the person in the user pool"),
		Hint:   "Of use to the people who give support: for a federated person it is the provider's name, an underscore and the provider's sub.",
		Faults: []conformance.Fault{fault("idt.no_username", "no cognito:username"), fault("idt.username_other", "somebody_else")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			username, _ := claims["cognito:username"].(string)
			t.Require(username != "", "cognito:username", "no cognito:username")
			if want, _ := e.RequireUserInfo(t)["username"].(string); want != "" {
				t.Require(username == want, "userInfo's username, "+want, "%s", username)
			}
		}),
	}, {
		ID: "IDT-014", Title: "email is the address that was signed in with", Level: conformance.Must, Basis: conformance.Vendor,
		Refs: append(guide("specifying attribute mappings", "the claim that is mapped to email becomes the profile's attribute at each sign-in"),
			conformance.Ref{Doc: "Scalekit documentation", Section: "Amazon Cognito", Summary: "the app receives the e-mail address of the person who signed in at the organization's identity provider"}),
		Hint:   "Somebody else signed in than the address that was sent as login_hint, or the attribute mapping takes email from another claim.",
		Faults: []conformance.Fault{fault("idt.email_other", "somebody.else@example.net")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			requireScope(t, e, "email")
			email, _ := claims["email"].(string)
			t.Require(strings.EqualFold(email, t.Target().Email), t.Target().Email, "%v", claims["email"])
		}),
	}, {
		ID: "IDT-015", Title: "email_verified is a JSON boolean", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("5.1 email_verified", "True if the End-User's e-mail address has been verified; otherwise false"),
		Hint:   `Only userInfo has strings in Cognito; a client that takes any non-empty value for true would trust "false".`,
		Faults: []conformance.Fault{fault("idt.email_verified_string", "string")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			requireScope(t, e, "email")
			value, there := claims["email_verified"]
			if !there {
				t.Skip("there is no email_verified")
			}
			_, boolean := value.(bool)
			t.Require(boolean, "true or false", "the %T %#v", value, value)
		}),
	}, {
		ID: "IDT-016", Title: "email_verified is what the profile says", Level: conformance.Should, Basis: conformance.Vendor,
		Refs:   guide("specifying attribute mappings", "email_verified of a federated person is false unless a claim of the provider is mapped to it"),
		Hint:   "Map email_verified from the provider, and do not join accounts by an address that is not verified.",
		Faults: []conformance.Fault{fault("idt.email_verified_always_true", "true in the ID token")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			requireScope(t, e, "email")
			profile, there := e.RequireUserInfo(t)["email_verified"]
			value, boolean := claims["email_verified"].(bool)
			if !there || !boolean {
				t.Skip("email_verified is not in both the ID token and userInfo")
			}
			verified := profile == true || profile == "true"
			t.Require(value == verified, "email_verified as in userInfo", "%t in the ID token, %v in userInfo", value, profile)
		}),
	}, {
		ID: "IDT-018", Title: "The ID token has no claims of scopes that were not granted", Level: conformance.Should, Basis: conformance.Spec,
		Refs:   core("5.4", "scopes can be used to request that specific sets of information be made available as Claim Values"),
		Hint:   "Restrict the attributes that the app client can read: with openid alone Cognito shows all of them.",
		Faults: []conformance.Fault{fault("idt.overshare", "phone_number")},
		Run:    scopedClaims,
	}}
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// scopeClaims are what each scope releases (OpenID Connect Core 1.0 section 5.4).
var scopeClaims = map[string][]string{
	"email": {"email", "email_verified"},
	"phone": {"phone_number", "phone_number_verified"},
	"profile": {
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
	},
	"address": {"address"},
}

// requireScope skips the check when the sign-in did not ask for a scope.
func requireScope(t *conformance.T, e *conformance.Evidence, scope string) {
	if !slices.Contains(asked(t, e), scope) {
		t.Skip("the target asks for no scope %s", scope)
	}
}

func asked(t *conformance.T, e *conformance.Evidence) []string {
	q, err := conformance.QueryOf(e.Authorization.URL)
	if err != nil {
		t.Undecided(err)
	}
	return strings.Fields(q.Get("scope"))
}

func scopedClaims(_ context.Context, t *conformance.T) {
	for _, way := range []struct {
		name    string
		variant conformance.Variant
	}{{"", usual}, {"with openid alone: ", conformance.Variant{Scopes: "openid"}}} {
		e := t.Journey(way.variant)
		claims := e.RequireIDToken(t).ClaimSet()
		granted := asked(t, e)
		var surplus []string
		for scope, names := range scopeClaims {
			for _, name := range names {
				if _, there := claims[name]; there && !slices.Contains(granted, scope) {
					surplus = append(surplus, name)
				}
			}
		}
		slices.Sort(surplus)
		t.Expect(len(surplus) == 0, "only claims of the scopes "+strings.Join(granted, " "), "%s%s", way.name, strings.Join(surplus, ", "))
	}
}
