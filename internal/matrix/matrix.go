// Package matrix is the detection matrix as a file: what every check said while one fault of a lab was on.
//
//	lab with one fault ─► all checks ─► Row ─┐
//	lab with the next  ─► all checks ─► Row ─┴─► Matrix ─► the golden file, docs/checks.md, docs/faults.md
//
// A row has what differs from a healthy lab alone: what went red, what could not be decided, what was skipped. The file is
// text, one row after the other, so that a review reads it and a diff shows which check began to look at what.
package matrix

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Outcome is what a check said that it does not say of a healthy lab.
type Outcome string

// The outcomes. The first three are red: a MUST, a SHOULD, or an INFO that does not hold.
const (
	Fail  Outcome = "fail"
	Warn  Outcome = "warn"
	Info  Outcome = "info"
	Error Outcome = "error"
	Skip  Outcome = "skip"
)

// Outcomes are all, in the order of a row.
func Outcomes() []Outcome { return []Outcome{Fail, Warn, Info, Error, Skip} }

// Red tells whether a check found something.
func (o Outcome) Red() bool { return o == Fail || o == Warn || o == Info }

// Fault is a fault as it was switched on.
type Fault struct {
	ID     string
	At     string            // point; empty: the fault's own
	Params map[string]string // over the fault's defaults
}

// String is the fault in a line: id, @point, name=value. ParseFault reads it.
func (f Fault) String() string {
	out := f.ID
	if f.At != "" {
		out += " @" + f.At
	}
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		out += " " + name + "=" + f.Params[name]
	}
	return out
}

// ParseFault reads what String has written.
func ParseFault(line string) (Fault, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return Fault{}, fmt.Errorf("%q names no fault", line)
	}
	f := Fault{ID: words[0]}
	for _, word := range words[1:] {
		if point, ok := strings.CutPrefix(word, "@"); ok && f.At == "" {
			f.At = point
			continue
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return Fault{}, fmt.Errorf("%q is neither @point nor name=value", word)
		}
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		f.Params[name] = value
	}
	return f, nil
}

// Row is what one fault did. Checks are named by id, and variant where they have one.
type Row struct {
	Fault   Fault
	Outcome map[Outcome][]string
	Reason  string // why nobody noticed, where nobody did
}

// Red are the checks that found the fault.
func (r Row) Red() []string {
	return slices.Concat(r.Outcome[Fail], r.Outcome[Warn], r.Outcome[Info])
}

// Noticed tells whether a run does not end well: something is red, or undecided.
func (r Row) Noticed() bool { return len(r.Red()) > 0 || len(r.Outcome[Error]) > 0 }

// Matrix is all rows, by fault.
type Matrix []Row

// Of is the row of a fault.
func (m Matrix) Of(f Fault) (Row, bool) {
	for _, r := range m {
		if r.Fault.String() == f.String() {
			return r, true
		}
	}
	return Row{}, false
}

// Format writes the file.
func (m Matrix) Format() []byte {
	rows := slices.SortedFunc(slices.Values(m), func(a, b Row) int { return cmp.Compare(a.Fault.String(), b.Fault.String()) })
	var b bytes.Buffer
	for _, r := range rows {
		fmt.Fprintln(&b, r.Fault)
		for _, o := range Outcomes() {
			if names := r.Outcome[o]; len(names) > 0 {
				fmt.Fprintf(&b, "  %-5s  %s\n", o, strings.Join(names, ", "))
			}
		}
		if r.Reason != "" {
			fmt.Fprintf(&b, "  none   %s\n", r.Reason)
		}
	}
	return b.Bytes()
}

// Parse reads what Format has written.
func Parse(file []byte) (Matrix, error) {
	var m Matrix
	lines := bufio.NewScanner(bytes.NewReader(file))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if !strings.HasPrefix(line, " ") {
			f, err := ParseFault(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			m = append(m, Row{Fault: f, Outcome: map[Outcome][]string{}})
			continue
		}
		what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch {
		case len(m) == 0:
			return nil, fmt.Errorf("line %d: an outcome before any fault", n)
		case what == "none":
			m[len(m)-1].Reason = rest
		case slices.Contains(Outcomes(), Outcome(what)):
			m[len(m)-1].Outcome[Outcome(what)] = strings.Split(rest, ", ")
		default:
			return nil, fmt.Errorf("line %d: %q is no outcome", n, what)
		}
	}
	return m, lines.Err()
}
