package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// SourceRule says what the source files of some packages must not do.
type SourceRule struct {
	Name   string
	Reason string
	From   []string // patterns as in Rule
	Tests  bool     // holds for test files instead of the others
	Find   func(*ast.File) []ast.Node
}

// SourceRules are the rules on source files of this module.
func SourceRules() []SourceRule {
	return []SourceRule{{
		Name:   "time comes from lab.Env",
		Reason: "advancing the lab's clock must age everything; a measured duration (time.Since of a local variable) may use the machine's, and certificates are judged by browsers that do",
		From:   []string{"...", "!internal/lab", "!internal/localca", "!internal/store/storetest", "!bench/...", "!e2e/...", "!interop/..."},
		Find:   clockReads,
	}, {
		Name: "no init", Reason: "what happens at start is written in one place, where it can be read and left out",
		From: []string{"...", "!mockscalekit/internal/proto/..."}, Find: initFuncs, // generated code registers its messages
	}, {
		Name: "tests do not sleep", Reason: "they wait for events; a sleep is either too short or too long", Tests: true,
		From: []string{"..."}, Find: calls("time.Sleep"),
	}, {
		Name: "tests do not skip", Reason: "a check that did not run must not look like one that passed", Tests: true,
		From: []string{"..."}, Find: calls("t.Skip", "t.Skipf", "t.SkipNow", "b.Skip", "b.Skipf", "b.SkipNow", "f.Skip"),
	}, {
		Name: "nothing sleeps", Reason: "waiting ends with the request or the lab; a sleep does not",
		From: []string{"...", "!bench/..."}, Find: calls("time.Sleep"),
	}}
}

// Violations are the sentences that say where the packages break the rule.
func (r SourceRule) Violations(packages []Package) ([]string, error) {
	var out []string
	for _, p := range packages {
		if !matchAny(r.From, p.Path()) {
			continue
		}
		files := p.GoFiles
		if r.Tests {
			files = slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		}
		for _, name := range files {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("parse %s: %w", name, err)
			}
			for _, node := range r.Find(file) {
				out = append(out, fmt.Sprintf("%s: %s/%s:%d: %s", r.Name, p.Path(), name, set.Position(node.Pos()).Line, r.Reason))
			}
		}
	}
	return out, nil
}

// calls finds calls written as one of the given selectors.
func calls(names ...string) func(*ast.File) []ast.Node {
	return func(f *ast.File) []ast.Node {
		var out []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && slices.Contains(names, selector(c.Fun)) {
				out = append(out, n)
			}
			return true
		})
		return out
	}
}

func initFuncs(f *ast.File) []ast.Node {
	var out []ast.Node
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			out = append(out, d)
		}
	}
	return out
}

// clockReads finds readings of the machine's clock but those of the form begun := time.Now() where begun is used for
// nothing but time.Since(begun).
func clockReads(f *ast.File) []ast.Node {
	measured := map[ast.Node]bool{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			markMeasured(fn.Body, measured)
		}
	}
	var out []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		name := ""
		if e, ok := n.(ast.Expr); ok {
			name = selector(e)
		}
		if slices.Contains([]string{"time.Now", "time.Since", "time.Until"}, name) && !measured[n] {
			out = append(out, n)
		}
		return true
	})
	return out
}

func markMeasured(body ast.Node, measured map[ast.Node]bool) {
	started := map[string]ast.Node{} // variable → the time.Now it holds
	ast.Inspect(body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || a.Tok != token.DEFINE || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
			return true
		}
		if c, ok := a.Rhs[0].(*ast.CallExpr); ok && selector(c.Fun) == "time.Now" {
			started[a.Lhs[0].(*ast.Ident).Name] = c.Fun
		}
		return true
	})
	uses, since := map[string]int{}, map[string][]ast.Node{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			uses[n.Name]++
		case *ast.CallExpr:
			if selector(n.Fun) == "time.Since" && len(n.Args) == 1 {
				if id, ok := n.Args[0].(*ast.Ident); ok {
					since[id.Name] = append(since[id.Name], n.Fun)
				}
			}
		}
		return true
	})
	for name, now := range started {
		if uses[name] != len(since[name])+1 {
			continue
		}
		measured[now] = true
		for _, node := range since[name] {
			measured[node] = true
		}
	}
}

// selector writes x.y as "x.y", and anything else as nothing.
func selector(e ast.Expr) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := s.X.(*ast.Ident)
	if !ok {
		return ""
	}
	return strings.Join([]string{x.Name, s.Sel.Name}, ".")
}
