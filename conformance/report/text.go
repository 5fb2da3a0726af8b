package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssolab/ssolab/conformance"
)

// TextOptions say how a report is written for reading.
type TextOptions struct {
	Width int  // columns, 80 to 110; 0: 100
	Color bool // ANSI colours, which only a terminal understands
	All   bool // list the checks that passed too
}

type textWriter struct {
	strings.Builder
	o TextOptions
}

// Text writes a report for reading: by topic, each finding as requirement, expected, observed and fix.
func Text(w io.Writer, r *conformance.Report, o TextOptions) error {
	o.Width = min(max(cmp.Or(o.Width, 100), 80), 110)
	t := &textWriter{o: o}
	t.head(r)
	for _, g := range groups(r) {
		t.group(g)
	}
	t.foot(r)
	_, err := io.WriteString(w, t.String())
	return err
}

func (t *textWriter) paint(code, text string) string {
	if !t.o.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *textWriter) head(r *conformance.Report) {
	of := map[string]string{"lab": "a lab"}[r.Target.Kind]
	if of == "" {
		of = "a real deployment"
	}
	t.WriteString(t.paint("1", "Conformance of "+of) + "\n")
	client := r.Target.ClientID
	if r.Target.Provider != "" {
		client += ", provider " + r.Target.Provider
	}
	for _, line := range [][2]string{{"issuer", r.Target.Issuer}, {"domain", r.Target.Domain}, {"Scalekit", r.Target.Scalekit}, {"client", client}} {
		if line[1] != "" {
			t.field("  ", line[0], line[1])
		}
	}
}

// field writes a name in a column of 11 and a text beside it.
func (t *textWriter) field(indent, name, text string) {
	const column = 13
	first := indent + fmt.Sprintf("%-*s", column, name)
	hang := strings.Repeat(" ", utf8.RuneCountInString(first))
	for i, line := range fold(text, t.o.Width-len(hang)) {
		if i == 0 {
			t.WriteString(indent + t.paint("90", first[len(indent):]) + line + "\n")
		} else {
			t.WriteString(hang + line + "\n")
		}
	}
}

// visible shows characters that would control a terminal as what they are not.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// fold breaks a text at spaces into lines of at most width characters; a longer word has a line of its own.
func fold(text string, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(visible(text)) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			out = append(out, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(out, line)
}

func (t *textWriter) group(g *group) {
	t.WriteString("\n" + t.paint("1", g.ID) + "  " + g.Title + t.paint("90", ": "+strings.Join(words(g.Summary), ", ")) + "\n")
	skipped := map[string][]string{}
	var reasons []string
	for _, res := range g.Results {
		switch {
		case res.Verdict == conformance.Skip:
			if skipped[res.Reason] == nil {
				reasons = append(reasons, res.Reason)
			}
			skipped[res.Reason] = append(skipped[res.Reason], name(res))
		case res.Verdict == conformance.Pass && !t.o.All:
		default:
			t.result(res)
		}
	}
	for _, reason := range reasons {
		t.line(conformance.Skip, strings.Join(skipped[reason], ", ")+": "+reason)
	}
}

// line writes a verdict and a text, folded beside it.
func (t *textWriter) line(v conformance.Verdict, text string) {
	look := lookOf(v)
	head := fmt.Sprintf("%s %-9s  ", look.Sign, look.Word)
	for i, line := range fold(text, t.o.Width-2-utf8.RuneCountInString(head)) {
		if i == 0 {
			t.WriteString("  " + t.paint(look.ansi, head) + line + "\n")
		} else {
			t.WriteString(strings.Repeat(" ", 2+utf8.RuneCountInString(head)) + line + "\n")
		}
	}
}

func (t *textWriter) result(r conformance.Result) {
	t.line(r.Verdict, name(r)+"  "+r.Title)
	const indent = "      "
	red := slices.Contains([]conformance.Verdict{conformance.Fail, conformance.Warn}, r.Verdict)
	if red {
		for _, text := range requirement(r) {
			t.field(indent, "requirement", text)
		}
	}
	if r.Reason != "" {
		t.field(indent, "reason", r.Reason)
	}
	if r.Verdict != conformance.Deviation {
		for _, f := range r.Findings {
			if f.Expected != "" {
				t.field(indent, "expected", f.Expected)
			}
			t.field(indent, "observed", f.Observed)
		}
	}
	if r.Verdict != conformance.Pass {
		for _, note := range r.Notes {
			t.field(indent, "note", note)
		}
	}
	if red && len(r.Findings) > 0 && r.Hint != "" {
		t.field(indent, "fix", r.Hint)
	}
}

func (t *textWriter) foot(r *conformance.Report) {
	look := lookOf(overall(r.Summary))
	t.WriteString("\n")
	for i, line := range fold(fmt.Sprintf("%s %s: %s", look.Sign, plural(r.Summary.Total, "check"), strings.Join(words(r.Summary), ", ")), t.o.Width) {
		if i > 0 {
			line = "  " + line
		}
		t.WriteString(t.paint(look.ansi, line) + "\n")
	}
	t.WriteString("  " + effort(r) + "\n")
}
