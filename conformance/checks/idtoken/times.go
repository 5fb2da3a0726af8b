package idtoken

import (
	"encoding/json"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

const (
	skew    = 60 * time.Second // how far two clocks may be apart
	recent  = 10 * time.Minute // how old a token may be when it comes: Cognito makes it before it hands out the code
	minLife = 5 * time.Minute  // of Cognito's tokens
	maxLife = 24 * time.Hour
)

func timeChecks() []conformance.Check {
	return []conformance.Check{{
		ID: "IDT-005", Title: "exp is in the future and within what Cognito can be configured to", Level: conformance.Must, Basis: conformance.Spec,
		Refs: append(core("3.1.3.7 (9)", "The current time MUST be before the time represented by the exp Claim"),
			guide("refresh tokens", "the life of an ID token is configured per app client, from 5 minutes to one day")...),
		Hint:   "Compare the clocks first. An exp thousands of years ahead is in milliseconds.",
		Faults: []conformance.Fault{fault("idt.expired", "expired"), fault("idt.exp_ms", "milliseconds")},
		Run:    on(expiry),
	}, {
		ID: "IDT-006", Title: "iat is present and recent", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   core("2 iat", "REQUIRED. Time at which the JWT was issued"),
		Hint:   "Compare the clocks of both machines; allow one minute.",
		Faults: []conformance.Fault{fault("idt.no_iat", "no iat"), fault("idt.iat_future", "ahead")},
		Run: on(func(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
			t.Require(claims["iat"] != nil, "iat", "no iat")
			iat := moment(t, claims, "iat")
			t.Require(!iat.After(e.At.Add(skew)), "an iat not after now, "+stamp(e.At), "%s, %s ahead", stamp(iat), iat.Sub(e.At))
			t.Require(!iat.Before(e.At.Add(-recent)), "an iat of the last 10 minutes before "+stamp(e.At), "%s", stamp(iat))
		}),
	}, {
		ID: "IDT-011", Title: "auth_time is present and not after iat", Level: conformance.Should, Basis: conformance.Vendor,
		Refs:   guide("understanding the ID token", "auth_time is when the person completed authentication"),
		Hint:   "Use auth_time to enforce an age of the sign-in of your own: Cognito ignores max_age.",
		Faults: []conformance.Fault{fault("idt.auth_time_future", "after iat")},
		Run: on(func(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
			t.Require(claims["auth_time"] != nil, "auth_time", "none")
			authenticated, issued := moment(t, claims, "auth_time"), moment(t, claims, "iat")
			t.Require(!authenticated.After(issued), "an auth_time not after iat, "+stamp(issued), "%s, %s after iat", stamp(authenticated), authenticated.Sub(issued))
		}),
	}, {
		ID: "IDT-019", Title: "Times are JSON numbers", Level: conformance.Must, Basis: conformance.Spec,
		Refs:   []conformance.Ref{{Doc: "RFC 7519", Section: "2 NumericDate", Quote: "A JSON numeric value representing the number of seconds from 1970-01-01T00:00:00Z UTC"}},
		Hint:   "Refuse tokens with times of another type: readers that convert them differ from each other.",
		Faults: []conformance.Fault{fault("idt.exp_string", "exp is a string")},
		Run:    on(timeTypes),
	}}
}

func expiry(t *conformance.T, e *conformance.Evidence, claims map[string]any) {
	t.Require(claims["exp"] != nil, "exp", "no exp")
	exp := moment(t, claims, "exp")
	t.Require(exp.Year() < 9999, "seconds since 1970", "exp %v, which would be the year %d: milliseconds", claims["exp"], exp.Year())
	t.Require(exp.After(e.At.Add(-skew)), "an exp after now, "+stamp(e.At), "expired at %s", stamp(exp))
	if claims["iat"] == nil {
		return // IDT-006 says so
	}
	life := exp.Sub(moment(t, claims, "iat"))
	if want := t.Target().Client.IDTokenValidity; want != 0 {
		t.Expect(life == want, "a life of "+want.String()+", the app client's setting", "%s", life)
		return
	}
	t.Expect(life >= minLife && life <= maxLife, "a life from 5 minutes to 24 hours", "%s", life)
}

func timeTypes(t *conformance.T, _ *conformance.Evidence, claims map[string]any) {
	for _, name := range []string{"exp", "iat", "auth_time", "nbf"} {
		switch v := claims[name].(type) {
		case nil:
		case json.Number:
			if _, err := v.Int64(); err != nil {
				t.Infof("%s is %s, with a fraction or an exponent: allowed, and not everywhere understood", name, v)
			}
		case string:
			t.Expect(false, "a number", "%s is a string, %q", name, v)
		default:
			t.Expect(false, "a number", "%s is %T", name, v)
		}
	}
	t.Expect(claims["exp"] != nil || claims["iat"] != nil, "times", "neither exp nor iat")
}

// moment is a claim as a time. One of another type is the matter of IDT-019.
func moment(t *conformance.T, claims map[string]any, name string) time.Time {
	n, ok := claims[name].(json.Number)
	if !ok {
		t.Skip("%s is no number (see IDT-019)", name)
	}
	seconds, err := n.Float64()
	if err != nil {
		t.Skip("%s is no time: %s", name, n)
	}
	return time.Unix(int64(seconds), 0).UTC()
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
