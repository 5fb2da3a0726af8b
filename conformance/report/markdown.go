package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Markdown writes a report for a comment on a pull request: what needs somebody first, the rest folded away.
func Markdown(w io.Writer, r *conformance.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s %s: %s\n\n", lookOf(overall(r.Summary)).Sign, command(r), strings.Join(words(r.Summary), ", "))
	fmt.Fprintf(&b, "%s, client %s · %s\n", code(r.Target.Issuer), code(r.Target.ClientID), effort(r))
	for _, v := range []conformance.Verdict{conformance.Fail, conformance.Errored} {
		for _, res := range with(r, v) {
			b.WriteString("\n")
			markdownResult(&b, res)
		}
	}
	for _, v := range []conformance.Verdict{conformance.Warn, conformance.Deviation, conformance.Informed, conformance.Skip} {
		list := with(r, v)
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n", words(only(r.Summary, v))[0])
		for _, res := range list {
			if v == conformance.Warn {
				markdownResult(&b, res)
				b.WriteString("\n")
				continue
			}
			fmt.Fprintf(&b, "- **%s** %s: %s\n", name(res), markdown(res.Title), markdown(short(res)))
		}
		b.WriteString("\n</details>\n")
	}
	b.WriteString("\n| | checks | |\n|---|---|---|\n")
	for _, g := range groups(r) {
		fmt.Fprintf(&b, "| %s %s | %s | %s |\n", lookOf(overall(g.Summary)).Sign, g.ID, markdown(g.Title), strings.Join(words(g.Summary), ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownResult(b *strings.Builder, r conformance.Result) {
	look := lookOf(r.Verdict)
	fmt.Fprintf(b, "%s **%s %s** %s\n\n", look.Sign, look.Word, name(r), markdown(r.Title))
	for _, ref := range r.Refs {
		from := markdown(ref.String())
		if link := Link(ref); link != "" {
			from = "[" + from + "](" + link + ")"
		}
		if says := ref.Says(); says != "" {
			from += ": " + markdown(says)
		}
		fmt.Fprintf(b, "- requirement: %s by %s\n", r.Level, from)
	}
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(b, "- %s: %s\n", name, markdown(text))
		}
	}
	line("reason", r.Reason)
	for _, f := range r.Findings {
		line("expected", f.Expected)
		line("observed", f.Observed)
	}
	if strings.Contains(r.Hint, "\n") { // with commands, which are to be copied
		fmt.Fprintf(b, "- fix:\n\n  ```\n  %s\n  ```\n", strings.ReplaceAll(r.Hint, "\n", "\n  "))
	} else {
		line("fix", r.Hint)
	}
}

// short is why a result has its verdict.
func short(r conformance.Result) string {
	if r.Reason != "" {
		return r.Reason
	}
	return r.Message()
}

// with are the results of a verdict.
func with(r *conformance.Report, v conformance.Verdict) []conformance.Result {
	var out []conformance.Result
	for _, res := range r.Results {
		if res.Verdict == v {
			out = append(out, res)
		}
	}
	return out
}

// only is a summary with the count of one verdict.
func only(s conformance.Summary, v conformance.Verdict) conformance.Summary {
	var out conformance.Summary
	for range s.Of(v) {
		out.Count(v)
	}
	return out
}

// markdown makes a text mean itself.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		switch {
		case strings.ContainsRune("\\`*_[]|#~", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code shows a value as it is; one with a backtick is escaped instead.
func code(text string) string {
	if strings.ContainsAny(text, "`\n") {
		return markdown(text)
	}
	return "`" + text + "`"
}

// command is what made the report.
func command(r *conformance.Report) string {
	if r.Target.Kind == conformance.TargetConfiguration {
		return "ssolab doctor"
	}
	return "ssolab check"
}
