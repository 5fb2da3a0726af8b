// Package archtest holds the rules of who may import whom and what no source file may do, each with its reason. Its
// test applies them to the module; the rules are data, so that the test of the rules can feed them a violation.
//
//	cmd, e2e, interop, bench, internal/gendocs
//	   └─► ssolab (root)
//	         ├─► mockcognito ──┐
//	         ├─► mockscalekit ─┤
//	         ├─► console ──────┼─► internal/…
//	         └─► sampleapp ────┘
//	conformance ─► nothing of the above
//	internal/labfile ─► ssolab (root), mocks: it makes a lab's configuration of a file, for cmd
//	internal/labcontrol ─► conformance and the console's client: it stands between them, for cmd
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Module is the module the rules are written for.
const Module = "github.com/ssolab/ssolab"

// Package is what `go list -json` says of a package.
type Package struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string // imports of imports too
}

// List reads the packages of the module in dir.
func List(dir string) ([]Package, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var list []Package
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("go list: %w", err)
		}
		list = append(list, p)
	}
}

// Path is the package's path within the module; the root package's is ".".
func (p Package) Path() string {
	if p.ImportPath == Module {
		return "."
	}
	return strings.TrimPrefix(p.ImportPath, Module+"/")
}

// Rule says which packages must not import which.
type Rule struct {
	Name   string
	Reason string
	From   []string // patterns of packages of the module; "x/..." is x and all below it, a "!" before it takes out
	Not    []string // patterns of what they must not import; those that begin with "./" are packages of the module
	Tests  bool     // holds for test files too
	Deep   bool     // holds for what they import indirectly
}

// Violations are the sentences that say where the packages break the rule.
func (r Rule) Violations(packages []Package) []string {
	var out []string
	for _, p := range packages {
		if !matchAny(r.From, p.Path()) {
			continue
		}
		imports := slices.Clone(p.Imports)
		if r.Tests {
			imports = append(append(imports, p.TestImports...), p.XTestImports...)
		}
		if r.Deep {
			imports = append(imports, p.Deps...)
		}
		slices.Sort(imports)
		for _, imported := range slices.Compact(imports) {
			name := imported
			if imported == Module {
				name = "./."
			} else if inside, ok := strings.CutPrefix(imported, Module+"/"); ok {
				name = "./" + inside
			}
			if imported != p.ImportPath && matchAny(r.Not, name) {
				out = append(out, fmt.Sprintf("%s: %s imports %s: %s", r.Name, p.Path(), imported, r.Reason))
			}
		}
	}
	return out
}

func matchAny(patterns []string, name string) bool {
	found := false
	for _, pattern := range patterns {
		without, negative := strings.CutPrefix(pattern, "!")
		if match(without, name) {
			if negative {
				return false
			}
			found = true
		}
	}
	return found
}

func match(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == below || strings.HasPrefix(name, below+"/")
	}
	return pattern == name
}

// Rules are the import rules of this module.
func Rules() []Rule {
	return []Rule{{
		Name: "mocks meet over HTTP", Tests: true, Deep: true,
		Reason: "the products meet over HTTP only; a shared type would hide what the wire does",
		From:   []string{"mockcognito/..."}, Not: []string{"./mockscalekit/..."},
	}, {
		Name: "mocks meet over HTTP", Tests: true, Deep: true,
		Reason: "the products meet over HTTP only; a shared type would hide what the wire does",
		From:   []string{"mockscalekit/..."}, Not: []string{"./mockcognito/..."},
	}, {
		Name: "nothing points up", Deep: true,
		Reason: "a party knows nothing of the lab that starts it, nor of the programs above",
		From:   []string{"mockcognito/...", "mockscalekit/...", "internal/...", "!internal/gendocs", "!internal/labcontrol", "!internal/labfile"},
		Not:    []string{"./.", "./cmd/...", "./e2e/...", "./interop/...", "./bench/...", "./conformance/..."},
	}, {
		Name: "nothing points up", Deep: true,
		Reason: "the lab does not need the programs that use it",
		From:   []string{"."}, Not: []string{"./cmd/...", "./e2e/...", "./interop/...", "./bench/...", "./conformance/..."},
	}, {
		Name: "foundations know no product", Deep: true,
		Reason: "internal/… is shared by both mocks and by the sample app",
		From:   []string{"internal/...", "!internal/console/...", "!internal/sampleapp/...", "!internal/gendocs", "!internal/labcontrol", "!internal/labfile"},
		Not:    []string{"./mockcognito/...", "./mockscalekit/...", "./internal/console/...", "./internal/sampleapp/..."},
	}, {
		Name: "parties are apart", Deep: true,
		Reason: "the sample app and the console use the products as anybody does",
		From:   []string{"internal/console/..."}, Not: []string{"./mockcognito/...", "./mockscalekit/...", "./internal/sampleapp/..."},
	}, {
		Name: "parties are apart", Deep: true,
		Reason: "the sample app and the console use the products as anybody does",
		From:   []string{"internal/sampleapp/..."}, Not: []string{"./mockcognito/...", "./mockscalekit/...", "./internal/console/..."},
	}, {
		Name: "the judge shares nothing with the judged", Deep: true,
		Reason: "one mistyped member in shared code would be wrong on both sides, and every check would pass",
		From:   []string{"conformance/..."},
		Not: []string{
			"./.", "./mockcognito/...", "./mockscalekit/...", "./internal/oauth2/...", "./internal/oidc/...",
			"./internal/jose/...", "./internal/saml/...", "./internal/console/...", "./internal/sampleapp/...",
		},
	}, {
		Name: "programs are not libraries", Tests: true,
		Reason: "internal/gendocs is the program that writes the generated documents; it stands above the lab",
		From:   []string{"..."}, Not: []string{"./internal/gendocs", "./cmd/..."},
	}, {
		Name: "the lab file is the programs'", Tests: true,
		Reason: "internal/labfile stands above the lab: it makes its configuration, which Go programs write themselves",
		From:   []string{"...", "!cmd/...", "!internal/gendocs", "!internal/labfile"}, Not: []string{"./internal/labfile"},
	}, {
		Name: "the browser stays in e2e", Tests: true,
		Reason: "who imports the lab or the checks must not get a browser with it",
		From:   []string{"...", "!e2e/..."}, Not: []string{"github.com/chromedp/..."},
	}, {
		Name: "the browser stays in e2e", Deep: true,
		Reason: "who imports the lab or the checks must not get a browser with it",
		From:   []string{".", "mockcognito/...", "mockscalekit/...", "conformance/...", "internal/..."}, Not: []string{"github.com/chromedp/..."},
	}, {
		Name:   "testing is for tests",
		Reason: "the command must not link it, and its flags",
		From:   []string{"...", "!internal/store/storetest", "!internal/jose/josetest"},
		Not:    []string{"testing", "testing/...", "net/http/httptest", "github.com/stretchr/testify/..."},
	}, {
		Name:   "pages are compiled",
		Reason: "an engine that reads templates while it runs calls methods by name, so the linker keeps every exported method of the program; write a .templ file",
		From:   []string{"...", "!internal/gendocs"}, Not: []string{"text/template", "html/template"},
	}, {
		Name: "the tester's hand on a lab", Deep: true,
		Reason: "internal/labcontrol speaks to a lab by its control API; it starts none and knows no mock",
		From:   []string{"internal/labcontrol"},
		Not:    []string{"./.", "./mockcognito/...", "./mockscalekit/...", "./internal/sampleapp/...", "./cmd/...", "./e2e/..."},
	}, {
		Name: "interop is an outsider", Tests: true,
		Reason: "it shows that a program which knows nothing of this module signs in",
		From:   []string{"interop/..."},
		Not:    []string{"./mockcognito/...", "./mockscalekit/...", "./conformance/...", "./internal/..."},
	}, {
		Name: "randomness comes from lab.Env", Tests: true,
		Reason: "ids and tokens must be unguessable, and repeatable where a test wants them so",
		From:   []string{"..."}, Not: []string{"math/rand", "math/rand/..."},
	}}
}
