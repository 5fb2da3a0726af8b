// Package checks joins the checks of all topics into one list, in the order of a report.
//
//	discovery ─┐
//	token ─────┼─► All() ─► conformance.Run ─► Report
//	… ─────────┘
package checks

import (
	"slices"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks/discovery"
)

// All returns every check.
func All() []conformance.Check {
	return slices.Concat(
		discovery.Checks(),
	)
}

// Deviations are behaviours of the real services, and so of the lab, that break a standard and are expected.
func Deviations() []conformance.KnownDeviation {
	return []conformance.KnownDeviation{{
		Check: "DISC-018", Variant: "cognito", Says: "no such member",
		Reason: "Cognito supports S256 without advertising it",
		Source: "discovery documents of live user pools", Seen: "2026-09-01",
	}}
}
