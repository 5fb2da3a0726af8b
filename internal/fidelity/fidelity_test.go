package fidelity_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fidelity"
)

func TestLedgers(t *testing.T) {
	t.Parallel()
	require.NoError(t, fidelity.Validate(fidelity.Ledgers()))
}

// Every test that a ledger names exists: the function, and the subtest's name as a string somewhere in the package's
// tests. That it also ran is what testrun looks at.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	known := map[string]names{}
	for _, e := range fidelity.Entries() {
		for _, name := range e.Tests {
			test, err := fidelity.ParseTest(name)
			require.NoError(t, err, e.ID)
			have, read := known[test.Package]
			if !read {
				have = readNames(t, filepath.Join(root, filepath.FromSlash(test.Package)))
				known[test.Package] = have
			}
			assert.Empty(t, have.missing(test), e.ID)
		}
	}
}

// names are what the test files of a package declare and write.
type names struct {
	functions map[string]bool
	literals  map[string]bool // as subtests are called: spaces as _
}

func readNames(t *testing.T, dir string) names {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "%s has no tests", dir)
	out := names{functions: map[string]bool{}, literals: map[string]bool{}}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				out.functions[f.Name.Name] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					out.literals[strings.ReplaceAll(s, " ", "_")] = true
				}
			}
			return true
		})
	}
	return out
}

// missing says what of the test is not there.
func (n names) missing(test fidelity.Test) string {
	if !n.functions[test.Function()] {
		return test.String() + ": no such function"
	}
	_, sub, has := strings.Cut(test.Name, "/")
	if !has || n.literals[sub] {
		return ""
	}
	for _, part := range strings.Split(sub, "/") {
		if !n.literals[part] {
			return test.String() + ": no subtest is called " + part
		}
	}
	return ""
}

func TestMissingTestsAreNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x_test.go"), []byte("package x\nfunc TestA() { _ = []string{\"one case\", \"a/b\"} }\n"), 0o600))
	have := readNames(t, dir)
	for name, want := range map[string]string{
		"x:TestA":          "",
		"x:TestA/one_case": "",
		"x:TestA/a/b":      "",
		"x:TestB":          "x:TestB: no such function",
		"x:TestA/other":    "x:TestA/other: no subtest is called other",
	} {
		test, err := fidelity.ParseTest(name)
		require.NoError(t, err)
		require.Equal(t, want, have.missing(test))
	}
}

func TestValidateFindsEveryProblem(t *testing.T) {
	t.Parallel()
	good := fidelity.Entry{ID: "COG-1.1-01", Modelled: fidelity.Yes, Confidence: fidelity.Observed, Statement: "s", Source: "x", Tests: []string{"a:TestB/c"}}
	with := func(change func(*fidelity.Entry)) []fidelity.Ledger {
		e := good
		change(&e)
		return []fidelity.Ledger{{Sections: []fidelity.Section{{ID: "COG-1.1", Title: "t", Entries: []fidelity.Entry{e}}}}}
	}
	require.NoError(t, fidelity.Validate(with(func(*fidelity.Entry) {})))
	for want, change := range map[string]func(*fidelity.Entry){
		"stands in section":             func(e *fidelity.Entry) { e.ID = "COG-1.2-01" },
		"another form":                  func(e *fidelity.Entry) { e.ID = "COG-1.1-1" },
		"one line":                      func(e *fidelity.Entry) { e.Statement = "a\nb" },
		"no source":                     func(e *fidelity.Entry) { e.Source = "" },
		"unknown confidence":            func(e *fidelity.Entry) { e.Confidence = "sure" },
		"neither a test nor a reason":   func(e *fidelity.Entry) { e.Tests = nil },
		"no word about the rest":        func(e *fidelity.Entry) { e.Modelled = fidelity.Partly },
		"not modelled, and no reason":   func(e *fidelity.Entry) { e.Modelled = fidelity.No },
		"modelled is yes, partly or no": func(e *fidelity.Entry) { e.Modelled = "" },
		"is no test":                    func(e *fidelity.Entry) { e.Tests = []string{"a:testB"} },
		"twice":                         func(e *fidelity.Entry) { e.Tests = []string{"a:TestB", "a:TestB"} },
	} {
		require.ErrorContains(t, fidelity.Validate(with(change)), want)
	}
	require.ErrorContains(t, fidelity.Validate([]fidelity.Ledger{{Sections: []fidelity.Section{{ID: "COG1"}}}}), "id of another form")
}
