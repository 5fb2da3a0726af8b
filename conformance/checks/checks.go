// Package checks joins the checks of all topics into one list, in the order of a report.
//
//	discovery ─┐
//	token ─────┼─► All() ─► conformance.Run ─► Report
//	… ─────────┘
package checks

import (
	"slices"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks/accesstoken"
	"github.com/ssolab/ssolab/conformance/checks/authorize"
	"github.com/ssolab/ssolab/conformance/checks/discovery"
	"github.com/ssolab/ssolab/conformance/checks/federation"
	"github.com/ssolab/ssolab/conformance/checks/idtoken"
	"github.com/ssolab/ssolab/conformance/checks/logout"
	"github.com/ssolab/ssolab/conformance/checks/refresh"
	"github.com/ssolab/ssolab/conformance/checks/revocation"
	"github.com/ssolab/ssolab/conformance/checks/scalekit"
	"github.com/ssolab/ssolab/conformance/checks/security"
	"github.com/ssolab/ssolab/conformance/checks/token"
	"github.com/ssolab/ssolab/conformance/checks/userinfo"
)

// All returns every check.
func All() []conformance.Check {
	return slices.Concat(
		discovery.Checks(),
		authorize.Checks(),
		token.Checks(),
		idtoken.Checks(),
		accesstoken.Checks(),
		userinfo.Checks(),
		refresh.Checks(),
		revocation.Checks(),
		logout.Checks(),
		federation.Checks(),
		scalekit.Checks(),
		security.Checks(),
	)
}

// Deviations are behaviours of the real services, and so of the lab, that break a standard and are expected.
func Deviations() []conformance.KnownDeviation {
	return []conformance.KnownDeviation{{
		Check: "AUTHZ-030", Quirk: "uuid-codes", Says: "UUIDs of version 4",
		Reason: "Cognito's codes are UUIDs; of version 4 they have 122 random bits",
		Source: "Amazon Cognito developer guide, authorize endpoint: the form of a code", Seen: "2026-09-01",
	}, {
		Check: "DISC-018", Quirk: "pkce-not-advertised", Variant: "cognito", Says: "no such member",
		Reason: "Cognito supports S256 without advertising it",
		Source: "discovery documents of live user pools", Seen: "2026-09-01",
	}, {
		Check: "IDT-009", Quirk: "unrequested-nonce", Says: "through the identity provider",
		Reason: "Cognito makes a nonce of its own on the way to an identity provider when the app sends none, and puts it into the ID token",
		Source: "nextauthjs/next-auth#3403, backstage/backstage#23773, directus/directus#16563", Seen: "2026-09-01",
	}, {
		Check: "IDT-018", Quirk: "openid-shows-all", Says: "with openid alone",
		Reason: "With the scope openid alone Cognito puts every attribute that the app client can read into the ID token",
		Source: "Amazon Cognito developer guide, userInfo endpoint", Seen: "2026-09-01",
	}, {
		Check: "LOGOUT-007", Quirk: "own-logout-parameters", Says: "not honoured",
		Reason: "Cognito's sign-out has parameters of its own, client_id and logout_uri",
		Source: "Amazon Cognito developer guide, logout endpoint", Seen: "2026-09-01",
	}, {
		Check: "TOKEN-005", Quirk: "code-reuse-revokes-nothing", Says: "the access token is still accepted",
		Reason: "Cognito refuses a code that was used before and leaves the tokens of its first use alone",
		Source: "Amazon Cognito developer guide, token endpoint, which knows of no such revocation; not yet seen on a live user pool",
	}, {
		Check: "TOKEN-009", Quirk: "invalid-client-status-400", Says: "status 400",
		Reason: "Cognito answers invalid_client with status 400 and without WWW-Authenticate",
		Source: "answers of live user pools", Seen: "2026-09-01",
	}, {
		Check: "UINFO-003", Quirk: "userinfo-challenge-without-scheme", Says: "the scheme Bearer",
		Reason: "Cognito's WWW-Authenticate has error and error_description without the word Bearer, and a missing token is answered with 400",
		Source: "Amazon Cognito developer guide, userInfo endpoint", Seen: "2026-09-01",
	}}
}
