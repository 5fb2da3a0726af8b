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
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/labcontrol"
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

// options describe a lab as a target, by what it tells of itself.
func options(t *testing.T, l *ssolab.Lab) conformance.Options {
	t.Helper()
	console := client.New(l.URLs().Console, nil)
	target, err := labcontrol.Target(t.Context(), console, "")
	require.NoError(t, err)
	quirks, err := console.Quirks(t.Context())
	require.NoError(t, err)
	o := conformance.Options{Target: target, Client: l.HTTPClient(), Control: control{l}, Now: l.Now, Deviations: checks.Deviations()}
	for _, q := range quirks {
		if !q.On {
			o.QuirksOff = append(o.QuirksOff, q.ID)
		}
	}
	return o
}

// allApply is a lab on which every check applies: it has TLS, and names for which a browser heeds HSTS. Its clock stands
// still but for what checks move it by, so that no verdict hangs on where a second begins.
func allApply(c *ssolab.Config) {
	begun := time.Now().Truncate(time.Second)
	c.Names, c.Now = ssolab.NamesVendor, func() time.Time { return begun }
}

// On a healthy lab nothing fails, warns or stays undecided.
func TestHealthyLab(t *testing.T) {
	t.Parallel()
	for _, names := range []string{ssolab.NamesLocalhost, ssolab.NamesVendor} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, func(c *ssolab.Config) {
				if allApply(c); names == ssolab.NamesLocalhost {
					c.Names, c.Now = names, nil // and a clock that goes
				}
			})
			report, err := conformance.Run(t.Context(), checks.All(), options(t, l))
			require.NoError(t, err)
			for _, r := range report.Results {
				switch r.Verdict {
				case conformance.Fail, conformance.Warn, conformance.Errored:
					t.Errorf("%s %s: %s: %s", r.ID, r.Variant, r.Verdict, r.Message())
				case conformance.Skip:
					if r.ID != "SEC-003" || names == ssolab.NamesVendor { // HSTS means nothing below localhost
						t.Errorf("%s %s is skipped: %s", r.ID, r.Variant, r.Reason)
					}
				}
			}
		})
	}
}

// With no departure from the standards, nothing is a known deviation: what is left is what the vendor does not have, and
// that is told for information.
func TestStrictLab(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, allApply, func(c *ssolab.Config) { c.Quirks = map[string]bool{"strict-oidc": true} })
	o := options(t, l)
	for _, d := range checks.Deviations() {
		require.Contains(t, o.QuirksOff, d.Quirk, "%s: which quirk makes it?", d.Check)
	}
	report, err := conformance.Run(t.Context(), checks.All(), o)
	require.NoError(t, err)
	for _, r := range report.Results {
		switch r.Verdict {
		case conformance.Fail, conformance.Warn, conformance.Errored, conformance.Deviation:
			t.Errorf("%s %s: %s: %s", r.ID, r.Variant, r.Verdict, r.Message())
		case conformance.Skip:
			if !strings.Contains(r.Reason, "is off") {
				t.Errorf("%s %s is skipped: %s", r.ID, r.Variant, r.Reason)
			}
		}
	}
}

// Each check goes red for each of its faults, and for the right reason.
func TestDetection(t *testing.T) {
	t.Parallel()
	labs := make(chan *ssolab.Lab, 4)
	for range cap(labs) {
		labs <- ssolab.Run(t, allApply)
	}
	for _, check := range checks.All() {
		for _, fault := range check.Faults {
			t.Run(strings.Join([]string{check.ID, check.Variant, fault.ID}, " "), func(t *testing.T) {
				t.Parallel()
				l := <-labs
				defer func() { labs <- l }()
				require.NoError(t, l.Reset(t.Context()))
				o := options(t, l) // before the fault: it may leave nothing to describe
				_, err := l.AddFault(ssolab.FaultRule{Fault: fault.ID, At: fault.At, Params: fault.Params})
				require.NoError(t, err)
				report, err := conformance.Run(t.Context(), []conformance.Check{check}, o)
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
		for _, r := range c.Refs {
			standard := regexp.MustCompile(`^(RFC \d+|OpenID Connect .* 1\.0|Fetch standard|OWASP .* Cheat Sheet)$`).MatchString(r.Doc)
			require.True(t, r.Quote == "" || standard && r.Summary == "", "%s quotes %s: its words may change, give a summary", c.ID, r.Doc)
			require.LessOrEqual(t, len(r.Quote), 320, c.ID)
			require.NotContains(t, r.Says(), "  ", c.ID)
		}
		require.NotEmpty(t, c.Faults, "%s has no fault that turns it red", c.ID)
		require.NotNil(t, c.Run, c.ID)
		for _, f := range c.Faults {
			require.NotEmpty(t, f.Says, "%s %s: what must the message say?", c.ID, f.ID)
		}
	}
}
