package checks_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
)

// control lets the tester move a lab's clock and switch its faults.
type control struct{ lab *ssolab.Lab }

func (c control) Advance(_ context.Context, seconds int) error {
	c.lab.Advance(time.Duration(seconds) * time.Second)
	return nil
}

func (c control) AddFault(_ context.Context, f conformance.Fault, times int) (func(context.Context) error, error) {
	rule, err := c.lab.AddFault(ssolab.FaultRule{Fault: f.ID, At: f.At, Params: f.Params, Times: times})
	if err != nil {
		return nil, err
	}
	return func(context.Context) error {
		if !c.lab.RemoveFault(rule.ID) {
			return fmt.Errorf("rule %s is gone", rule.ID)
		}
		return nil
	}, nil
}

func (c control) Now(context.Context) (int64, error) { return c.lab.Now().Unix(), nil }

// Hops implements conformance.Observer by the newest recorded sign-in.
func (c control) Hops(context.Context) ([]conformance.ObservedHop, error) {
	recorded := c.lab.SignIns()
	if len(recorded) == 0 {
		return nil, errors.New("no sign-in is recorded")
	}
	var out []conformance.ObservedHop
	for _, h := range recorded[0].Hops {
		out = append(out, conformance.ObservedHop{Method: h.Method, URL: h.URL, RequestHeader: h.RequestHeader, RequestBody: h.RequestBody, Status: h.Status})
	}
	return out, nil
}

// options describe a production-like lab as a target.
func options(l *ssolab.Lab) conformance.Options {
	u := l.URLs()
	client := conformance.Client{
		ID: l.Variable("COGNITO_CLIENT_ID"), Secret: conformance.Secret(l.Variable("COGNITO_CLIENT_SECRET")),
		RedirectURI: l.Variable("COGNITO_REDIRECT_URI"), LogoutURI: "http://localhost:3000/", Scopes: []string{"openid", "email"},
	}
	return conformance.Options{
		Client: l.HTTPClient(), Control: control{l}, Now: l.Now, Deviations: checks.Deviations(),
		Target: &conformance.Target{
			Issuer: u.Issuer, Domain: u.Domain, Email: "john@example.com", Client: client,
			OtherClient: conformance.Client{ID: l.Variable("COGNITO_PUBLIC_CLIENT_ID"), RedirectURI: u.App + "/auth/callback", Scopes: []string{"openid", "email"}},
			Provider:    conformance.Provider{IdentityProvider: l.Variable("COGNITO_IDENTITY_PROVIDER")},
			Scalekit: conformance.Scalekit{
				EnvironmentURL: u.Scalekit, ClientID: l.Variable("SCALEKIT_CLIENT_ID"), ClientSecret: conformance.Secret(l.Variable("SCALEKIT_CLIENT_SECRET")),
			},
		},
	}
}

func productionLike(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost }

// On a healthy lab nothing fails, warns or stays undecided.
func TestHealthyLab(t *testing.T) {
	t.Parallel()
	report, err := conformance.Run(t.Context(), checks.All(), options(ssolab.Run(t, productionLike)))
	require.NoError(t, err)
	for _, r := range report.Results {
		switch r.Verdict {
		case conformance.Fail, conformance.Warn, conformance.Errored:
			t.Errorf("%s %s: %s: %s", r.ID, r.Variant, r.Verdict, r.Message())
		case conformance.Skip:
			t.Errorf("%s %s is skipped: %s", r.ID, r.Variant, r.Reason)
		}
	}
}

// Each check goes red for each of its faults, and for the right reason.
func TestDetection(t *testing.T) {
	t.Parallel()
	labs := make(chan *ssolab.Lab, 4)
	for range cap(labs) {
		labs <- ssolab.Run(t, productionLike)
	}
	for _, check := range checks.All() {
		for _, fault := range check.Faults {
			t.Run(strings.Join([]string{check.ID, check.Variant, fault.ID}, " "), func(t *testing.T) {
				t.Parallel()
				l := <-labs
				defer func() { labs <- l }()
				require.NoError(t, l.Reset(t.Context()))
				_, err := l.AddFault(ssolab.FaultRule{Fault: fault.ID, At: fault.At, Params: fault.Params})
				require.NoError(t, err)
				report, err := conformance.Run(t.Context(), []conformance.Check{check}, options(l))
				require.NoError(t, err)
				r := report.Results[0]
				require.NotEmpty(t, r.Findings, "%s: %s", r.Verdict, r.Message())
				want := map[conformance.Level]conformance.Verdict{conformance.Must: conformance.Fail, conformance.Should: conformance.Warn, conformance.Info: conformance.Informed}[check.Level]
				require.Equal(t, want, r.Verdict, r.Message())
				require.Condition(t, func() bool {
					for _, f := range r.Findings {
						if strings.Contains(f.String(), fault.Says) {
							return true
						}
					}
					return false
				}, "no finding says %q: %v", fault.Says, r.Findings)
			})
		}
	}
}

// The catalogue is well-formed.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	id := regexp.MustCompile(`^[A-Z]+-\d{3}$`)
	for _, c := range checks.All() {
		require.Regexp(t, id, c.ID)
		require.False(t, seen[c.ID+c.Variant], "%s %s stands twice", c.ID, c.Variant)
		seen[c.ID+c.Variant] = true
		require.NotEmpty(t, c.Title, c.ID)
		require.NotEmpty(t, c.Hint, c.ID)
		require.NotEmpty(t, c.Refs, c.ID)
		require.NotEmpty(t, c.Faults, "%s has no fault that turns it red", c.ID)
		require.NotNil(t, c.Run, c.ID)
		for _, f := range c.Faults {
			require.NotEmpty(t, f.Says, "%s %s: what must the message say?", c.ID, f.ID)
		}
	}
}
