package conformance_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

// A listed deviation is expected; another defect beside it is not, and its absence is reported.
func TestDeviations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		findings []string
		want     conformance.Verdict
	}{
		"the known one":             {[]string{"a string"}, conformance.Deviation},
		"several of the known kind": {[]string{"a string", "another string"}, conformance.Deviation},
		"another":                   {[]string{"a number"}, conformance.Fail},
		"the known one and another": {[]string{"a string", "a number"}, conformance.Fail},
		"none":                      {nil, conformance.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := conformance.Check{ID: "X-001", Level: conformance.Must, Run: func(_ context.Context, t *conformance.T) {
				t.Expect(true, "", "")
				for _, f := range c.findings {
					t.Expect(false, "a boolean", "%s", f)
				}
			}}
			target := &conformance.Target{
				Issuer: "https://issuer.example", Email: "john@example.com",
				Client: conformance.Client{ID: "web", RedirectURI: "https://app.example/cb"},
			}
			report, err := conformance.Run(t.Context(), []conformance.Check{check}, conformance.Options{
				Target: target, Deviations: []conformance.KnownDeviation{{Check: "X-001", Says: "string", Reason: "known"}},
			})
			require.NoError(t, err)
			require.Equal(t, c.want, report.Results[0].Verdict)
		})
	}
}
