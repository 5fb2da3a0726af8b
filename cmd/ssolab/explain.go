package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/conformance/tenant"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/quirk"
)

func newExplainCmd(io streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Explain a check, a fault, a quirk, or an error seen in the wild",
		Long: `Print the whole text of a check (TOKEN-004), a group of checks (TOKEN), a fault
(idt.iss_other) or a quirk (unrequested-nonce), or the cause and the cure of an
error that Cognito or Scalekit gave: its code, its description, or the address
of the page that shows it.`,
		Example: `  ssolab explain TOKEN-004
  ssolab explain unrequested-nonce
  ssolab explain redirect_mismatch
  ssolab explain "attributes required: [email]"`,
		Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			e, err := newExplainer(palette{})
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return e.names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return runExplain(io, strings.Join(args, " ")) },
	}
}

func runExplain(io streams, what string) error {
	e, err := newExplainer(paletteFor(io.Out, io.Getenv))
	if err != nil {
		return misuse("", "%v", err)
	}
	text := e.explain(strings.TrimSpace(what))
	if text == "" {
		return misuse(didYouMean(closest(what, e.names())), "nothing is known of %q", what)
	}
	return writeOut(io, text)
}

// explainer knows all that has a text.
type explainer struct {
	p      palette
	checks []conformance.Check
	lab    ssolab.Catalogue
}

func newExplainer(p palette) (*explainer, error) {
	catalogue, err := ssolab.NewCatalogue()
	return &explainer{p, append(checks.All(), tenant.Catalogue()...), catalogue}, err
}

// names are what can be explained: checks, groups, faults, quirks, errors.
func (e *explainer) names() []string {
	out := checkNames()
	for _, f := range e.lab.Faults {
		out = append(out, f.ID)
	}
	for _, q := range e.lab.Quirks {
		out = append(out, q.ID)
	}
	for _, w := range wildErrors() {
		out = append(out, w.Says...)
	}
	return out
}

// explain is the text for a name or an error, or nothing.
func (e *explainer) explain(what string) string {
	var out []string
	upper := strings.ToUpper(what)
	for _, c := range e.checks {
		if c.ID == upper {
			out = append(out, e.check(c))
		}
	}
	if len(out) == 0 {
		out = append(out, e.group(upper))
	}
	for _, f := range e.lab.Faults {
		if strings.EqualFold(f.ID, what) {
			out = append(out, e.fault(f))
		}
	}
	for _, q := range e.lab.Quirks {
		if strings.EqualFold(q.ID, what) {
			out = append(out, e.quirk(q))
		}
	}
	out = slices.DeleteFunc(out, func(s string) bool { return s == "" })
	if len(out) > 0 {
		return strings.Join(out, "\n")
	}
	for _, w := range matching(what) {
		out = append(out, e.wild(w))
	}
	return strings.Join(out, "\n")
}

// section writes a name and a text beside it, folded.
func (e *explainer) section(b *strings.Builder, name, text string) {
	const column = 14
	indent := strings.Repeat(" ", column)
	lines := wrap(strings.Fields(text), indent, " ", screen)
	b.WriteString(e.p.dim(pad(name, column)) + strings.TrimPrefix(lines, indent))
}

func (e *explainer) check(c conformance.Check) string {
	var b strings.Builder
	b.WriteString(e.p.bold(strings.TrimSpace(c.ID+" "+c.Variant)) + "  " + c.Title + "\n\n")
	for _, ref := range c.Refs {
		text := fmt.Sprintf("%s by %s", c.Level, ref)
		if says := ref.Says(); says != "" {
			text += ": " + says
		}
		if link := report.Link(ref); link != "" {
			text += " " + link
		}
		e.section(&b, "requirement", text)
	}
	e.section(&b, "basis", map[conformance.Basis]string{
		conformance.Spec: "a standard", conformance.Vendor: "the vendor's documentation or observed behaviour", conformance.Advice: "good practice",
	}[c.Basis])
	e.section(&b, "counts", map[conformance.Level]string{
		conformance.Must: "a finding fails the run", conformance.Should: "a finding is a warning", conformance.Info: "a finding is for information",
	}[c.Level])
	for _, need := range c.Needs {
		e.section(&b, "needs", string(need))
	}
	if c.Unproven {
		e.section(&b, "unproven", "the vendor does not document it in full: enforced on a lab, only observed elsewhere")
	}
	e.section(&b, "fix", c.Hint)
	for _, f := range c.Faults {
		text := f.ID
		if f.At != "" {
			text += " at " + f.At
		}
		for _, name := range slices.Sorted(maps.Keys(f.Params)) {
			text += " " + name + "=" + f.Params[name]
		}
		e.section(&b, "red for", text)
	}
	for _, d := range checks.Deviations() {
		if d.Check == c.ID && d.Variant == c.Variant {
			e.section(&b, "deviation", d.Reason+" ("+d.Source+"; last seen "+d.Seen+")")
		}
	}
	return b.String()
}

func (e *explainer) group(id string) string {
	var list []conformance.Check
	for _, c := range e.checks {
		if c.Group() == id {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return ""
	}
	return e.p.bold(id) + "  " + report.GroupTitle(id) + "\n\n" + listed(list)
}

func (e *explainer) fault(f fault.Fault) string {
	var b strings.Builder
	b.WriteString(e.p.bold(f.ID) + "  a fault\n\n")
	e.section(&b, "what happens", f.Title)
	at := strings.Join(f.Points, ", ")
	if at == "" {
		at = "any " + string(f.Kind()) + " point, named by the rule"
	}
	e.section(&b, "where", at)
	for _, name := range slices.Sorted(maps.Keys(f.Defaults)) {
		e.section(&b, "parameter", name+" (default "+f.Defaults[name]+")")
	}
	for _, c := range e.checks {
		if slices.ContainsFunc(c.Faults, func(x conformance.Fault) bool { return x.ID == f.ID }) {
			e.section(&b, "found by", strings.TrimSpace(c.ID+" "+c.Variant)+"  "+c.Title)
		}
	}
	e.section(&b, "switched on", `POST /api/v1/faults {"fault": "`+f.ID+`"}, or Lab.AddFault in Go`)
	return b.String()
}

func (e *explainer) quirk(q quirk.State) string {
	var b strings.Builder
	state := map[bool]string{true: "on", false: "off"}[q.Default]
	b.WriteString(e.p.bold(q.ID) + "  a quirk of " + partyTitle(q.Party) + ", " + state + " by default\n\n")
	e.section(&b, "what happens", q.Description)
	if q.Breaks != "" {
		e.section(&b, "departs from", q.Breaks)
	}
	e.section(&b, "sources", strings.Join(q.Sources, "; "))
	e.section(&b, "switched", `"ssolab up --quirk `+q.ID+`=on|off", or quirks: in the lab file`)
	return b.String()
}

func (e *explainer) wild(w wildError) string {
	var b strings.Builder
	b.WriteString(e.p.bold(w.Says[0]) + "  an error of " + w.From + "\n\n")
	e.section(&b, "seen", w.Seen)
	e.section(&b, "cause", w.Cause)
	e.section(&b, "cure", w.Cure)
	e.section(&b, "sources", strings.Join(w.Sources, "; "))
	return b.String()
}

// matching are the known errors that a text names, or that name the text. Texts are compared without case, percent
// encoding and white space, as they are copied from addresses, pages and logs.
func matching(what string) []wildError {
	asked := plain(what)
	if len(asked) < 4 {
		return nil
	}
	for _, fits := range []func(known string) bool{
		func(known string) bool { return asked == known },
		func(known string) bool { return strings.Contains(asked, known) },
		func(known string) bool { return strings.Contains(known, asked) },
	} {
		var out []wildError
		for _, w := range wildErrors() {
			if slices.ContainsFunc(w.Says, func(s string) bool { return fits(plain(s)) }) {
				out = append(out, w)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func plain(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		text = decoded
	}
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

// closest are the names nearest to a word by edits, at most three.
func closest(word string, names []string) []string {
	word = strings.ToLower(strings.TrimSpace(word))
	type near struct {
		name     string
		distance int
	}
	var list []near
	for _, name := range names {
		if d := distance(word, strings.ToLower(name)); d <= max(2, len(word)/3) {
			list = append(list, near{name, d})
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return a.distance - b.distance })
	var out []string
	for _, n := range list {
		if !slices.Contains(out, n.name) && len(out) < 3 {
			out = append(out, n.name)
		}
	}
	return out
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return `"ssolab check --list" shows the checks; docs/quirks.md and docs/faults.md have the rest`
	}
	return "did you mean " + strings.Join(names, ", ") + "?"
}

// distance is how many characters must be put in, taken out or replaced to make b of a.
func distance(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = previous[j]
			if a[i] != b[j] {
				row[j+1] = 1 + min(previous[j], previous[j+1], row[j])
			}
		}
		previous = row
	}
	return previous[len(b)]
}
