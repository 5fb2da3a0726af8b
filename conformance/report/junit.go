package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

// The elements of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitMessage `xml:"skipped"`
		Error   *junitMessage `xml:"error"`
		Failure *junitMessage `xml:"failure"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a report as JUnit's XML: a testsuite per group; a failure, an error and a skip are what they are there, and
// every other verdict passes, with what there is to say as its output.
func JUnit(w io.Writer, r *conformance.Report) error {
	s := r.Summary
	all := junitSuites{Name: command(r), Tests: s.Total, Failures: s.Fail, Errors: s.Error, Skipped: s.Skip, Time: junitTime(r.Duration)}
	for _, g := range groups(r) {
		suite := junitSuite{
			Name: g.ID, Tests: g.Summary.Total, Failures: g.Summary.Fail, Errors: g.Summary.Error, Skipped: g.Summary.Skip,
			Time: junitTime(g.Duration), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
			Properties: []junitProperty{{"title", g.Title}, {"target", r.Target.Kind}, {"issuer", r.Target.Issuer}, {"client_id", r.Target.ClientID}},
		}
		for _, res := range g.Results {
			suite.Cases = append(suite.Cases, junitCaseOf(g.ID, res))
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func junitCaseOf(group string, r conformance.Result) junitCase {
	c := junitCase{Class: group, Name: name(r) + ": " + r.Title, Time: junitTime(r.Duration)}
	said := &junitMessage{Message: r.Message(), Text: details(r)}
	switch r.Verdict {
	case conformance.Fail:
		said.Type = string(r.Level)
		c.Failure = said
	case conformance.Errored:
		said.Type = "undecided"
		c.Error = said
	case conformance.Skip:
		c.Skipped = &junitMessage{Message: r.Reason}
	case conformance.Pass:
	default:
		c.Output = lookOf(r.Verdict).Word + "\n" + said.Text
	}
	return c
}

// details is all that a result has to say, a line each.
func details(r conformance.Result) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, text)
		}
	}
	for _, text := range requirement(r) {
		line("requirement", text)
	}
	line("reason", r.Reason)
	for _, f := range r.Findings {
		line("expected", f.Expected)
		line("observed", f.Observed)
	}
	for _, note := range r.Notes {
		line("note", note)
	}
	line("fix", r.Hint)
	return b.String()
}
