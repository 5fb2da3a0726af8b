package fidelity

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Event is a line of `go test -json` (cmd/test2json).
type Event struct {
	Action     string // start, run, output, pass, fail, skip, build-output, build-fail, …
	Package    string
	ImportPath string // instead of Package, of build events
	Test       string
	Output     string
	Elapsed    float64
}

// Run is what one run of tests showed, by package's import path and test.
type Run struct {
	module  string
	results map[string]map[string]string // package → test → pass, fail or skip; a package that began has an entry
}

// NewRun returns an empty run of the module's tests.
func NewRun(module string) *Run {
	return &Run{module: module, results: map[string]map[string]string{}}
}

// Record takes an event.
func (r *Run) Record(e Event) {
	if e.Package == "" {
		return
	}
	tests := r.results[e.Package]
	if tests == nil {
		tests = map[string]string{}
		r.results[e.Package] = tests
	}
	if e.Test != "" && slices.Contains([]string{"pass", "fail", "skip"}, e.Action) {
		tests[e.Test] = e.Action
	}
}

// Missing are sentences about the tests that entries name and that did not run or were skipped. In a run of some packages
// only, whole is false and tests of other packages are not missed. Tests that failed are the runner's business.
func (r *Run) Missing(entries []Entry, whole bool) []string {
	var out []string
	for _, e := range entries {
		for _, name := range e.Tests {
			t, err := ParseTest(name)
			if err != nil {
				out = append(out, fmt.Sprintf("%s: %v", e.ID, err))
				continue
			}
			tests, ran := r.results[r.importPath(t.Package)]
			switch result := tests[t.Name]; {
			case !ran && !whole, result == "pass", result == "fail":
			case !ran:
				out = append(out, fmt.Sprintf("%s: %s: the package was not tested", e.ID, t))
			case result == "":
				out = append(out, fmt.Sprintf("%s: %s did not run", e.ID, t))
			default:
				out = append(out, fmt.Sprintf("%s: %s was skipped", e.ID, t))
			}
		}
	}
	return out
}

func (r *Run) importPath(folder string) string {
	if folder == "." {
		return r.module
	}
	return r.module + "/" + folder
}

// Printer shows events as go test without -json and -v shows a run: a line for each package as it ends, and what
// failed tests wrote.
type Printer struct {
	w      io.Writer
	output map[string]map[string]*strings.Builder // package → test → what it wrote; "" is the package's own
	order  map[string][]string                    // package → tests in the order of their first line
	ended  map[string]map[string]string           // package → test → how it ended
	failed bool
}

// NewPrinter returns a printer that writes to w.
func NewPrinter(w io.Writer) *Printer {
	return &Printer{w: w, output: map[string]map[string]*strings.Builder{}, order: map[string][]string{}, ended: map[string]map[string]string{}}
}

// Failed tells whether anything failed so far.
func (p *Printer) Failed() bool { return p.failed }

// Print takes an event.
func (p *Printer) Print(e Event) {
	switch e.Action {
	case "build-output":
		_, _ = io.WriteString(p.w, e.Output)
	case "build-fail":
		p.failed = true
	case "output":
		p.keep(e)
	case "pass", "fail", "skip":
		if e.Test != "" {
			if p.ended[e.Package] == nil {
				p.ended[e.Package] = map[string]string{}
			}
			p.ended[e.Package][e.Test] = e.Action
			return
		}
		p.failed = p.failed || e.Action == "fail"
		p.flush(e.Package, e.Action == "fail")
	}
}

func (p *Printer) keep(e Event) {
	tests := p.output[e.Package]
	if tests == nil {
		tests = map[string]*strings.Builder{}
		p.output[e.Package] = tests
	}
	b := tests[e.Test]
	if b == nil {
		b = &strings.Builder{}
		tests[e.Test] = b
		p.order[e.Package] = append(p.order[e.Package], e.Test)
	}
	b.WriteString(e.Output)
}

// flush writes what a package that ended leaves to say. Of a failed package that is what the tests wrote that did not
// pass, those among them that never ended.
func (p *Printer) flush(pkg string, failed bool) {
	if failed {
		for _, test := range p.order[pkg] {
			if end := p.ended[pkg][test]; test != "" && end != "pass" && end != "skip" {
				p.write(p.output[pkg][test].String())
			}
		}
	}
	if own := p.output[pkg][""]; own != nil {
		p.write(own.String())
	}
	delete(p.output, pkg)
	delete(p.order, pkg)
	delete(p.ended, pkg)
}

// write leaves out the lines that only go test -v has.
func (p *Printer) write(text string) {
	for line := range strings.Lines(text) {
		if line == "PASS\n" || strings.HasPrefix(line, "=== ") {
			continue
		}
		_, _ = io.WriteString(p.w, line)
	}
}

// maxLine bounds a line of go test -json, in bytes: a test's own line with its escapes.
const maxLine = 16 << 20

// ReadEvents calls f for each event of r. A line that is none, as a tool writes it, is passed on as the output of no
// package.
func ReadEvents(r io.Reader, f func(Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = Event{Action: "build-output", Output: lines.Text() + "\n"}
		}
		f(e)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read test events: %w", err)
	}
	return nil
}
