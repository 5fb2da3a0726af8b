// Package report writes a conformance.Report: for a terminal, as JSON, as JUnit for CI, as Markdown for a pull request,
// and as one HTML page that needs nothing else.
//
//	conformance.Run ─► Report ─┬─► text      what is wrong, what was seen, what to do
//	                           ├─► json      the model itself; Schema describes it
//	                           ├─► junit     a testsuite per group
//	                           ├─► markdown  failures first, the rest folded
//	                           └─► html      evidence, and the hops of each sign-in
//
// A report holds no secrets: what it is made of is masked before it is recorded. The writers add nothing to it.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

// Format is a way to write a report.
type Format string

// The formats.
const (
	FormatText     Format = "text"
	FormatJSON     Format = "json"
	FormatJUnit    Format = "junit"
	FormatMarkdown Format = "markdown"
	FormatHTML     Format = "html"
)

// Formats are all formats.
func Formats() []Format {
	return []Format{FormatText, FormatJSON, FormatJUnit, FormatMarkdown, FormatHTML}
}

// FormatOf tells the format by the name of a file.
func FormatOf(file string) (Format, bool) {
	f, ok := map[string]Format{
		".txt": FormatText, ".json": FormatJSON, ".xml": FormatJUnit, ".md": FormatMarkdown, ".html": FormatHTML, ".htm": FormatHTML,
	}[strings.ToLower(filepath.Ext(file))]
	return f, ok
}

// Write writes a report in a format; text without colours, with every check.
func Write(w io.Writer, f Format, r *conformance.Report) error {
	switch f {
	case FormatText:
		return Text(w, r, TextOptions{All: true})
	case FormatJSON:
		return JSON(w, r)
	case FormatJUnit:
		return JUnit(w, r)
	case FormatMarkdown:
		return Markdown(w, r)
	case FormatHTML:
		return HTML(w, r)
	}
	return fmt.Errorf("unknown format %q", f)
}

// JSON writes the model.
func JSON(w io.Writer, r *conformance.Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// GroupTitle says what a group of checks is about.
func GroupTitle(group string) string {
	return map[string]string{
		"DISC": "discovery and keys", "AUTHZ": "Cognito's authorize endpoint", "FED": "Cognito as relying party of Scalekit",
		"TOKEN": "Cognito's token endpoint", "IDT": "ID token", "AT": "access token", "UINFO": "userInfo", "REFR": "refresh tokens",
		"REVK": "revocation", "LOGOUT": "sign-out", "SEC": "security", "SK": "Scalekit environment", "TENANT": "configuration of the tenants",
		"APP": "the application under test",
	}[group]
}

// group is the results of one topic.
type group struct {
	ID, Title string
	Results   []conformance.Result
	Summary   conformance.Summary
	Duration  time.Duration
}

// groups are in the order in which they first come.
func groups(r *conformance.Report) []*group {
	var out []*group
	for _, res := range r.Results {
		id, _, _ := strings.Cut(res.ID, "-")
		i := slices.IndexFunc(out, func(g *group) bool { return g.ID == id })
		if i < 0 {
			i = len(out)
			out = append(out, &group{ID: id, Title: GroupTitle(id)})
		}
		out[i].Results = append(out[i].Results, res)
		out[i].Duration += res.Duration
		out[i].Summary.Count(res.Verdict)
	}
	return out
}

// verdictLook is how a verdict is shown: always a sign and a word.
type verdictLook struct{ Sign, Word, One, Many, ansi string }

func lookOf(v conformance.Verdict) verdictLook {
	return map[conformance.Verdict]verdictLook{
		conformance.Fail:      {"✕", "FAIL", "failed", "failed", "31"},
		conformance.Errored:   {"?", "ERROR", "undecided", "undecided", "31"},
		conformance.Warn:      {"!", "WARN", "warning", "warnings", "33"},
		conformance.Deviation: {"~", "DEVIATION", "known deviation", "known deviations", "33"},
		conformance.Informed:  {"i", "INFO", "for information", "for information", "36"},
		conformance.Skip:      {"–", "SKIP", "skipped", "skipped", "90"},
		conformance.Pass:      {"✓", "PASS", "passed", "passed", "32"},
	}[v]
}

// words are the counts that are not zero, the worst first: "1 failed", "2 warnings".
func words(s conformance.Summary) []string {
	var out []string
	for _, v := range conformance.Verdicts() {
		n, look := s.Of(v), lookOf(v)
		if n == 1 {
			out = append(out, "1 "+look.One)
		} else if n > 1 {
			out = append(out, fmt.Sprintf("%d %s", n, look.Many))
		}
	}
	if len(out) == 0 {
		out = append(out, "no checks")
	}
	return out
}

// overall is the verdict of the whole run: fail, error, or pass.
func overall(s conformance.Summary) conformance.Verdict {
	switch s.ExitCode() {
	case 1:
		return conformance.Fail
	case 2:
		return conformance.Errored
	}
	return conformance.Pass
}

// effort is what a run cost.
func effort(r *conformance.Report) string {
	return fmt.Sprintf("%s, %s, %s", plural(r.Requests, "request"), plural(r.SignIns, "sign-in"), seconds(r.Duration))
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// name is a check's id with what tells it apart from others of the same id.
func name(r conformance.Result) string { return strings.TrimSpace(r.ID + " " + r.Variant) }

// requirement is what is required and where that stands, a line per reference.
func requirement(r conformance.Result) []string {
	var out []string
	for _, ref := range r.Refs {
		text := fmt.Sprintf("%s by %s", r.Level, ref)
		if says := ref.Says(); says != "" {
			text += ": " + says
		}
		out = append(out, text)
	}
	return out
}

var (
	rfc     = regexp.MustCompile(`^RFC (\d+)$`)
	section = regexp.MustCompile(`^[A-Z]?[0-9][0-9.]*`)
	page    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
)

// Link is the address of a reference, or nothing where it has none of its own.
func Link(ref conformance.Ref) string {
	if m := rfc.FindStringSubmatch(ref.Doc); m != nil {
		link := "https://www.rfc-editor.org/rfc/rfc" + m[1]
		if s := strings.TrimRight(section.FindString(ref.Section), "."); s != "" {
			link += "#section-" + s
		}
		return link
	}
	for doc, name := range map[string]string{
		"OpenID Connect Core 1.0": "connect-core-1_0", "OpenID Connect Discovery 1.0": "connect-discovery-1_0",
		"OpenID Connect RP-Initiated Logout 1.0": "connect-rpinitiated-1_0",
	} {
		if ref.Doc == doc {
			return "https://openid.net/specs/openid-" + name + ".html"
		}
	}
	if strings.EqualFold(ref.Doc, "Amazon Cognito developer guide") && page.MatchString(ref.Section) {
		return "https://docs.aws.amazon.com/cognito/latest/developerguide/" + ref.Section + ".html"
	}
	return ""
}
