// Package idtoken checks the ID token of a sign-in: its form and signature, who issued it to whom, its times, and what
// it says of the person (OpenID Connect Core 1.0 sections 2 and 3.1.3.7, RFC 7515, RFC 7519).
//
//	one sign-in ─► Evidence ─┬─ form.go    compact form, alg, kid, signature
//	                         ├─ issue.go   iss, aud, nonce, at_hash, token_use, jti
//	                         ├─ times.go   exp, iat, auth_time
//	                         └─ person.go  sub, user name, e-mail, claims of scopes
//
// Three facts need sign-ins of their own: an unrequested nonce (one by session, one through the identity provider) and
// the claims of openid alone (by session). Not looked at: event_id, which tokens of federated people do not have, and
// the configured life of the token, which only the cloud API tells.
package idtoken

import (
	"context"
	"slices"

	"github.com/ssolab/ssolab/conformance"
)

// Checks returns the checks in the order of their ids.
func Checks() []conformance.Check {
	list := slices.Concat(formChecks(), issueChecks(), timeChecks(), personChecks())
	slices.SortFunc(list, func(a, b conformance.Check) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

// usual is the sign-in that most checks read.
var usual = conformance.Variant{}

// judge is a check's decision from the ID token of the usual sign-in.
type judge func(t *conformance.T, e *conformance.Evidence, claims map[string]any)

// on runs a judge. Without an ID token the check is skipped.
func on(f judge) func(context.Context, *conformance.T) {
	return func(_ context.Context, t *conformance.T) {
		e := t.Journey(usual)
		f(t, e, e.RequireIDToken(t).ClaimSet())
	}
}

func core(section, quote string) []conformance.Ref {
	return []conformance.Ref{{Doc: "OpenID Connect Core 1.0", Section: section, Quote: quote}}
}

func guide(page, says string) []conformance.Ref {
	return []conformance.Ref{{Doc: "Amazon Cognito developer guide", Section: page, Summary: says}}
}

func fault(id, says string) conformance.Fault { return conformance.Fault{ID: id, Says: says} }
