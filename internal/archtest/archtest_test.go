package archtest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/archtest"
)

func TestModule(t *testing.T) {
	t.Parallel()
	packages, err := archtest.List("../..")
	require.NoError(t, err)
	require.Greater(t, len(packages), 10)
	for _, r := range archtest.Rules() {
		require.NotEmpty(t, r.Reason, r.Name)
		assert.Empty(t, r.Violations(packages), r.Name)
	}
	for _, r := range archtest.SourceRules() {
		require.NotEmpty(t, r.Reason, r.Name)
		found, err := r.Violations(packages)
		require.NoError(t, err)
		assert.Empty(t, found, r.Name)
	}
}

func violated(packages ...archtest.Package) map[string]int {
	out := map[string]int{}
	for _, r := range archtest.Rules() {
		if n := len(r.Violations(packages)); n > 0 {
			out[r.Name] += n
		}
	}
	return out
}

const m = archtest.Module + "/"

// Each rule finds the import it forbids, and lets pass the one beside it.
func TestRulesFindViolations(t *testing.T) {
	t.Parallel()
	type pkg = archtest.Package
	for name, c := range map[string]struct {
		p    pkg
		want []string
	}{
		"cognito → scalekit":         {pkg{ImportPath: m + "mockcognito", Imports: []string{m + "mockscalekit"}}, []string{"mocks meet over HTTP"}},
		"scalekit test → cognito":    {pkg{ImportPath: m + "mockscalekit", XTestImports: []string{m + "mockcognito/x"}}, []string{"mocks meet over HTTP"}},
		"cognito → root, indirectly": {pkg{ImportPath: m + "mockcognito", Deps: []string{archtest.Module}}, []string{"nothing points up"}},
		"root → conformance":         {pkg{ImportPath: archtest.Module, Imports: []string{m + "conformance"}}, []string{"nothing points up"}},
		"internal → mock":            {pkg{ImportPath: m + "internal/web", Imports: []string{m + "mockcognito"}}, []string{"foundations know no product"}},
		"internal → console":         {pkg{ImportPath: m + "internal/web", Imports: []string{m + "internal/console"}}, []string{"foundations know no product"}},
		"console → mock":             {pkg{ImportPath: m + "internal/console/client", Imports: []string{m + "mockcognito"}}, []string{"parties are apart"}},
		"app → console":              {pkg{ImportPath: m + "internal/sampleapp", Imports: []string{m + "internal/console"}}, []string{"parties are apart"}},
		"conformance → jose":         {pkg{ImportPath: m + "conformance", Imports: []string{m + "internal/jose"}}, []string{"the judge shares nothing with the judged"}},
		"checks → mock":              {pkg{ImportPath: m + "conformance/checks/token", Imports: []string{m + "mockcognito"}}, []string{"the judge shares nothing with the judged"}},
		"conformance → chromedp":     {pkg{ImportPath: m + "conformance", Imports: []string{"github.com/chromedp/chromedp"}}, []string{"the browser stays in e2e"}},
		"root test → chromedp":       {pkg{ImportPath: archtest.Module, TestImports: []string{"github.com/chromedp/cdproto/page"}}, []string{"the browser stays in e2e"}},
		"lab → testing":              {pkg{ImportPath: m + "internal/lab", Imports: []string{"testing"}}, []string{"testing is for tests"}},
		"cmd → testify":              {pkg{ImportPath: m + "cmd/ssolab", Imports: []string{"github.com/stretchr/testify/require"}}, []string{"testing is for tests"}},
		"interop test → internal":    {pkg{ImportPath: m + "interop", XTestImports: []string{m + "internal/oidc"}}, []string{"interop is an outsider"}},
		"math/rand in a test":        {pkg{ImportPath: m + "internal/lab", TestImports: []string{"math/rand/v2"}}, []string{"randomness comes from lab.Env"}},

		"lab → gendocs": {pkg{ImportPath: m + "cmd/ssolab", Imports: []string{m + "internal/gendocs"}}, []string{"programs are not libraries"}},

		"gendocs → mocks":        {pkg{ImportPath: m + "internal/gendocs", Imports: []string{m + "mockcognito", archtest.Module}}, nil},
		"root → mocks":           {pkg{ImportPath: archtest.Module, Imports: []string{m + "mockcognito", m + "mockscalekit", m + "internal/console"}}, nil},
		"cmd → all":              {pkg{ImportPath: m + "cmd/ssolab", Imports: []string{archtest.Module, m + "conformance", m + "e2e"}}, nil},
		"conformance test → lab": {pkg{ImportPath: m + "conformance", XTestImports: []string{archtest.Module, m + "mockcognito"}}, nil},
		"suite → testing":        {pkg{ImportPath: m + "internal/store/storetest", Imports: []string{"testing"}}, nil},
		"test → testing":         {pkg{ImportPath: m + "internal/lab", TestImports: []string{"testing"}}, nil},
		"similar names":          {pkg{ImportPath: m + "mockcognito", Imports: []string{m + "mockscalekitty", "github.com/ssolab/ssolabels"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := map[string]int{}
			for _, w := range c.want {
				want[w]++
			}
			got := violated(c.p)
			for rule := range got {
				require.Contains(t, want, rule)
			}
			require.Len(t, got, len(want))
		})
	}
}

func TestSourceRulesFindViolations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		test bool
		want string
	}{
		"a time":                {"func f() time.Time { return time.Now() }", false, "time comes from lab.Env"},
		"a function value":      {"var now = time.Now", false, "time comes from lab.Env"},
		"stored":                {"func f() { t := time.Now(); g(t); _ = time.Since(t) }", false, "time comes from lab.Env"},
		"since a time":          {"func f(t time.Time) bool { return time.Since(t) > 0 }", false, "time comes from lab.Env"},
		"until":                 {"func f(t time.Time) bool { return time.Until(t) > 0 }", false, "time comes from lab.Env"},
		"init":                  {"func init() {}", false, "no init"},
		"sleep":                 {"func f() { time.Sleep(1) }", false, "nothing sleeps"},
		"sleep in a test":       {"func f() { time.Sleep(1) }", true, "tests do not sleep"},
		"skip":                  {"func f(t *testing.T) { t.Skip() }", true, "tests do not skip"},
		"a measured duration":   {"func f() { begun := time.Now(); defer func() { log(time.Since(begun)) }() }", false, ""},
		"a method called init":  {"type T int; func (T) init() {}", false, ""},
		"a time in a test":      {"func f() time.Time { return time.Now() }", true, ""},
		"another package's Now": {"func f() any { return env.Now() }", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "f.go"), []byte("package f\n"+c.body+"\n"), 0o600))
			p := archtest.Package{ImportPath: m + "mockcognito", Dir: dir}
			if c.test {
				p.TestGoFiles = []string{"f.go"}
			} else {
				p.GoFiles = []string{"f.go"}
			}
			var got []string
			for _, r := range archtest.SourceRules() {
				found, err := r.Violations([]archtest.Package{p})
				require.NoError(t, err)
				if len(found) > 0 {
					got = append(got, r.Name)
				}
			}
			if c.want == "" {
				require.Empty(t, got)
				return
			}
			require.Equal(t, []string{c.want}, got)
		})
	}
}

func TestUnreadableSourceIsAnError(t *testing.T) {
	t.Parallel()
	p := archtest.Package{ImportPath: m + "mockcognito", Dir: t.TempDir(), GoFiles: []string{"missing.go"}}
	_, err := archtest.SourceRules()[0].Violations([]archtest.Package{p})
	require.Error(t, err)
	_, err = archtest.List(t.TempDir())
	require.Error(t, err)
}
