package conformance_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// Of another OpenID provider nothing is asked that a vendor documents, no deviation of the vendor is looked for, and what
// stands behind it is left alone.
func TestAnotherOpenIDProvider(t *testing.T) {
	t.Parallel()
	op := newFakeOP(t)
	ran := []string{}
	check := func(id string, basis conformance.Basis) conformance.Check {
		return conformance.Check{ID: id, Level: conformance.Must, Basis: basis, Run: func(_ context.Context, t *conformance.T) {
			ran = append(ran, id)
			t.Expect(true, "", "")
		}}
	}
	list := []conformance.Check{check("A-001", conformance.Spec), check("A-002", conformance.Vendor), check("A-003", conformance.Advice), check("FED-001", conformance.Spec)}
	known := []conformance.KnownDeviation{{Check: "A-001", Reason: "a vendor's"}}
	run := func(kind string) []conformance.Verdict {
		target := op.target()
		target.Kind, ran = kind, nil
		r, err := conformance.Run(t.Context(), list, conformance.Options{Target: target, Deviations: known})
		require.NoError(t, err)
		var out []conformance.Verdict
		for _, res := range r.Results {
			out = append(out, res.Verdict)
		}
		return out
	}
	require.Equal(t, []conformance.Verdict{conformance.Pass, conformance.Skip, conformance.Pass, conformance.Skip}, run(conformance.KindOther))
	require.Equal(t, []string{"A-001", "A-003"}, ran)
	require.Equal(t, []conformance.Verdict{conformance.Warn, conformance.Pass, conformance.Pass, conformance.Pass}, run(""), "the deviation does not happen")
	target := op.target()
	target.Kind = "okta"
	require.ErrorContains(t, target.Validate(), "kind: \"okta\" must be cognito or openid-provider")
}
