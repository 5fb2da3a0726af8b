package checks_test

import (
	"flag"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/matrix"
)

var (
	runMatrix    = flag.Bool("matrix", false, "run every fault against every check and compare with the golden matrix: minutes")
	updateMatrix = flag.String("update", "", "with -matrix: write the golden matrix, for review: all of it, or the rows that are missing")
	explainFault = flag.String("explain", "", "with -matrix: only the faults that begin with this `prefix`, with what each check says; compares nothing")
)

// noSAML is why no check notices what goes wrong over SAML: the tests of mockscalekit do.
const noSAML = "the person of the checks signs in over OpenID Connect"

const golden = "testdata/matrix.txt"

// unnoticed says why no check notices a fault; aim: none that a person would notice.
func unnoticed(f matrix.Fault) string {
	for _, u := range []struct{ id, at, why string }{
		{"route.delay", "", "a slow answer is an answer as long as nobody gives up"},
		{"route.", "cognito.api", "the chain does not use the user pools API; ssolab doctor does, and says what answered"},
		{"route.", "cognito.login_form", "nobody signs in with a password here, and an error is a refusal for SEC-006"},
		{"route.", "cognito.account", "the pages for users of the pool's own are no part of this chain"},
		{"route.", "cognito.account_form", "the pages for users of the pool's own are no part of this chain"},
		{"route.", "cognito.preflight", "only a browser app asks, and what it would be refused is no requirement of a chain"},
		{"route.", "scalekit.logout", "nobody signs out of Scalekit in this chain"},
		{"route.", "scalekit.logout_callback", "nobody signs out of Scalekit in this chain"},
		{"route.", "scalekit.backchannel_logout", "nobody signs out of Scalekit in this chain"},
		{"route.", "scalekit.login", "Scalekit's own login page is no part of this chain"},
		{"route.", "scalekit.signup", "Scalekit's own sign-up is no part of this chain"},
		{"route.", "scalekit.api", "the chain does not use the management API"},
		{"route.", "scalekit.portal", "the admin portal is for an organization's administrator"},
		{"route.", "scalekit.test", "testing a connection is for its administrator"},
		{"route.", "scalekit.introspect", "Cognito does not introspect tokens"},
		{"route.", "scalekit.revoke", "Cognito does not revoke tokens of a provider"},
		{"route.", "idp.app", "an identity provider's own pages are no part of this chain"},
		{"route.", "idp.apps", "an identity provider's own pages are no part of this chain"},
		{"route.", "idp.home", "an identity provider's own pages are no part of this chain"},
		{"route.", "idp.logout", "nobody signs out of an identity provider in this chain"},
		{"route.", "idp.saml_metadata", noSAML},
		{"route.", "idp.saml_sso", noSAML},
		{"route.", "scalekit.saml_callback", noSAML},
		{"route.", "scalekit.saml_metadata", noSAML},
		{"route.", "scalekit.saml_request", noSAML},
		{"scalekit.skip", "scalekit.saml.audience", noSAML},
		{"scalekit.skip", "scalekit.saml.destination", noSAML},
		{"scalekit.skip", "scalekit.saml.expiry", noSAML},
		{"scalekit.skip", "scalekit.saml.in_response_to", noSAML},
		{"scalekit.skip", "scalekit.saml.issuer", noSAML},
		{"scalekit.skip", "scalekit.saml.recipient", noSAML},
		{"scalekit.skip", "scalekit.saml.replay", noSAML},
		{"scalekit.skip", "scalekit.saml.response_age", noSAML},
		{"scalekit.skip", "scalekit.saml.signature", noSAML},
		{"scalekit.skip", "scalekit.saml.subject", noSAML},
		{"idp.saml_", "", noSAML},
		{"idp.idt_claim", "", "a tool of checks: as it stands it takes a claim away that nobody needs"},
		{"idp.userinfo_claim", "", "a tool of checks: as it stands it takes a claim away that nobody needs"},
		{"upstream.idt_claim", "", "a tool of checks (FED-028, FED-031): as it stands it takes a claim away that nobody needs"},
		{"upstream.userinfo_claim", "", "a tool of checks: as it stands it takes a claim away that nobody needs"},
		{"pool.", "", "a setting that breaks nothing by itself: FED-028 and FED-031 need it"},
		{"scalekit.skip", "scalekit.idp_token.subject", "an ID token without sub still differs from userinfo, which is refused"},
		{"upstream.jwks_new_key", "", "a published key more breaks nothing; FED-023 uses it"},
		{"idp.userinfo_no_email", "", "the ID token of the identity provider has the e-mail too"},
	} {
		if strings.HasPrefix(f.ID, u.id) && (u.at == "" || u.at == f.At) {
			return u.why
		}
	}
	return ""
}

// faultsToRun are all faults of a lab: as the checks name them, and the rest at the points where they act.
func faultsToRun(t *testing.T) []matrix.Fault {
	t.Helper()
	catalogue, err := ssolab.NewCatalogue()
	require.NoError(t, err)
	seen := map[string]bool{}
	var out []matrix.Fault
	add := func(f matrix.Fault) {
		if !seen[f.String()] {
			seen[f.String()] = true
			out = append(out, f)
		}
	}
	for _, c := range checks.All() {
		for _, f := range c.Faults {
			add(matrix.Fault{ID: f.ID, At: f.At, Params: f.Params})
		}
	}
	named := func(id string) bool { return slices.ContainsFunc(out, func(f matrix.Fault) bool { return f.ID == id }) }
	for _, f := range catalogue.Faults {
		switch {
		case f.ID == "route.delay": // as long as nobody gives up, a slow answer is an answer
			add(matrix.Fault{ID: f.ID, At: "cognito.token", Params: map[string]string{"delay": "10ms"}})
		case f.ID == "scalekit.skip":
			for _, point := range f.Points {
				add(matrix.Fault{ID: f.ID, At: point})
			}
		case len(f.Points) == 0 && f.Kind() == fault.Route && f.ID != "route.redirect_307":
			for _, point := range catalogue.Points {
				if point.Kind == fault.Route {
					add(matrix.Fault{ID: f.ID, At: point.Name})
				}
			}
		case !named(f.ID):
			require.NotEmpty(t, f.Points, "no check says where %s acts", f.ID)
			add(matrix.Fault{ID: f.ID})
		}
	}
	return out
}

// outcome is what a result says beyond the healthy lab's; false: nothing.
func outcome(r conformance.Result) (matrix.Outcome, bool) {
	switch {
	case r.Verdict == conformance.Fail:
		return matrix.Fail, true
	case r.Verdict == conformance.Warn:
		return matrix.Warn, true
	case r.Verdict == conformance.Informed && len(r.Findings) > 0:
		return matrix.Info, true
	case r.Verdict == conformance.Errored:
		return matrix.Error, true
	case r.Verdict == conformance.Skip:
		return matrix.Skip, true
	}
	return "", false
}

// TestMatrix runs every fault that a lab has against every check. What goes red beside the checks that name the fault is
// a golden file, which a person has reviewed: a check that has begun to look at something else shows in its diff.
func TestMatrix(t *testing.T) {
	t.Parallel()
	if !*runMatrix {
		t.Log("the golden matrix is held against the catalogue only; make matrix runs it")
		t.Run("golden", matchesCatalogue)
		return
	}
	require.Contains(t, []string{"", "all", "missing"}, *updateMatrix, "-update")
	want, _ := readMatrix(t) // with -update there may be none yet
	var got matrix.Matrix
	var mu sync.Mutex // guards got
	labs := make(chan *ssolab.Lab, runtime.GOMAXPROCS(0))
	for range cap(labs) {
		labs <- ssolab.Run(t, allApply)
	}
	add := func(row matrix.Row) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, row)
	}
	var g errgroup.Group
	g.SetLimit(cap(labs))
	for _, f := range faultsToRun(t) {
		if !strings.HasPrefix(f.String(), *explainFault) {
			continue
		}
		if known, ok := want.Of(f); ok && *updateMatrix == "missing" {
			add(known)
			continue
		}
		g.Go(func() error {
			l := <-labs
			defer func() { labs <- l }()
			row, err := runFault(t, l, f)
			if known, ok := want.Of(f); err == nil && ok && !same(row, known) { // a machine under load may have been slow
				row, err = runFault(t, l, f)
			}
			add(row)
			return err
		})
	}
	require.NoError(t, g.Wait())
	if *explainFault != "" {
		return
	}
	if *updateMatrix != "" {
		require.NoError(t, os.WriteFile(golden, got.Format(), 0o644))
		want, _ = readMatrix(t)
	}
	require.Equal(t, string(want.Format()), string(got.Format()), "review the difference, then: make matrix UPDATE=all")
	matchesCatalogue(t)
}

func same(a, b matrix.Row) bool {
	return string(matrix.Matrix{a}.Format()) == string(matrix.Matrix{b}.Format())
}

// runFault is what all checks say of a lab with one fault.
func runFault(t *testing.T, l *ssolab.Lab, f matrix.Fault) (matrix.Row, error) {
	row := matrix.Row{Fault: f, Outcome: map[matrix.Outcome][]string{}}
	if err := l.Reset(t.Context()); err != nil {
		return row, err
	}
	o := options(t, l)
	if _, err := l.AddFault(ssolab.FaultRule{Fault: f.ID, At: f.At, Params: f.Params}); err != nil {
		return row, err
	}
	report, err := conformance.Run(t.Context(), checks.All(), o)
	if err != nil {
		return row, err
	}
	for _, r := range report.Results {
		if o, differs := outcome(r); differs {
			row.Outcome[o] = append(row.Outcome[o], strings.TrimSpace(r.ID+" "+r.Variant))
			if *explainFault != "" {
				t.Logf("%s: %s %s %s: %s", f, o, r.ID, r.Variant, r.Message())
			}
		}
	}
	if !row.Noticed() {
		row.Reason = unnoticed(f)
	}
	return row, nil
}

func readMatrix(t *testing.T) (matrix.Matrix, error) {
	t.Helper()
	file, err := os.ReadFile(golden)
	if err != nil {
		return nil, err
	}
	return matrix.Parse(file)
}

// matchesCatalogue holds the golden matrix against the faults and the checks that there are.
func matchesCatalogue(t *testing.T) {
	m, err := readMatrix(t)
	require.NoError(t, err)
	names := map[string]bool{}
	for _, c := range checks.All() {
		name := strings.TrimSpace(c.ID + " " + c.Variant)
		names[name] = true
		for _, f := range c.Faults {
			row, ok := m.Of(matrix.Fault{ID: f.ID, At: f.At, Params: f.Params})
			require.True(t, ok, "the matrix has no row for %s of %s; run: make matrix UPDATE=missing", f.ID, name)
			require.Contains(t, row.Red(), name, "%s does not turn %s red", f.ID, name)
		}
	}
	var want []string
	for _, f := range faultsToRun(t) {
		want = append(want, f.String())
	}
	var have []string
	for _, row := range m {
		have = append(have, row.Fault.String())
		if !row.Noticed() {
			require.NotEmpty(t, row.Reason, "%s is noticed by no check, and no reason is given", row.Fault)
		}
		for _, list := range row.Outcome {
			for _, name := range list {
				require.True(t, names[name], "%s: there is no check %s", row.Fault, name)
			}
		}
	}
	require.ElementsMatch(t, want, have)
}
