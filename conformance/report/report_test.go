package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test -update writes it")
	require.Equal(t, string(want), string(got))
}

// fixed is a report with every verdict, and texts that each format must escape.
func fixed() *conformance.Report {
	rfc := conformance.Ref{Doc: "RFC 6749", Section: "4.1.2", Quote: `The client MUST NOT use the authorization code <more than once>.`}
	vendor := conformance.Ref{Doc: "Amazon Cognito developer guide", Section: "token-endpoint"}
	exchange := conformance.Exchange{
		Method: "POST", URL: "https://ssolab.auth.us-east-1.localhost:9443/oauth2/token", RequestHeader: []string{"Authorization: Basic …"},
		RequestBody: "grant_type=authorization_code&code=…", Status: 200, ResponseHeader: []string{"Content-Type: application/json"},
		ResponseBody: `{"access_token":"…","note":"</pre><script>alert(1)</script>"}`, Duration: 3 * time.Millisecond,
	}
	lost := conformance.Exchange{Method: "GET", URL: "https://scalekit.localhost:9443/keys", Error: "connection refused"}
	result := func(id string, v conformance.Verdict, level conformance.Level, edit func(*conformance.Result)) conformance.Result {
		r := conformance.Result{
			ID: id, Title: "A code works once | and `only` once", Level: level, Basis: conformance.Spec, Refs: []conformance.Ref{rfc, vendor}, Verdict: v,
			Hint: "Exchange each code once; on invalid_grant start a new sign-in.", Duration: 12 * time.Millisecond, Evidence: []conformance.Exchange{exchange},
		}
		edit(&r)
		return r
	}
	long := "https://ssolab.auth.us-east-1.localhost:9443/a/path/that/is/longer/than/a/line/of/the/terminal/and/must/not/be/broken/in/two"
	r := &conformance.Report{
		APIVersion: conformance.APIVersion, Tool: "ssolab 1.2.3", Started: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC), Ended: time.Date(2026, 11, 2, 8, 0, 2, 0, time.UTC),
		Target: conformance.ReportTarget{
			Kind: "lab", Issuer: "https://cognito-idp.us-east-1.localhost:9443/us-east-1_SsoLab001", Domain: "https://ssolab.auth.us-east-1.localhost:9443",
			ClientID: "ssolabclient00000000000001", Provider: "ScalekitIdPRouter", Scalekit: "https://scalekit.localhost:9443",
		},
		Requests: 61, SignIns: 1, Duration: 84 * time.Millisecond,
		Results: []conformance.Result{
			result("TOKEN-004", conformance.Fail, conformance.Must, func(r *conformance.Result) {
				r.Findings = []conformance.Finding{
					{Expected: "400 invalid_grant for the second exchange", Observed: "200 with <tokens> & more at " + long},
					{Observed: "a second finding\x01 with a control character"},
				}
			}),
			result("TOKEN-005", conformance.Deviation, conformance.Should, func(r *conformance.Result) {
				r.Findings = []conformance.Finding{{Observed: "userInfo answered 200"}}
				r.Reason = "Cognito does not revoke what a reused code brought"
			}),
			result("TOKEN-006", conformance.Pass, conformance.Must, func(*conformance.Result) {}),
			result("DISC-010", conformance.Errored, conformance.Must, func(r *conformance.Result) {
				r.Variant, r.Reason, r.Evidence = "scalekit", "https://scalekit.localhost:9443/keys: connection refused", []conformance.Exchange{lost, exchange}
			}),
			result("DISC-008", conformance.Warn, conformance.Should, func(r *conformance.Result) {
				r.Variant, r.Findings = "cognito", []conformance.Finding{{Expected: "openid among scopes_supported", Observed: `["email"]`}}
			}),
			result("DISC-019", conformance.Informed, conformance.Info, func(r *conformance.Result) { r.Notes = []string{"no Access-Control-Allow-Origin"} }),
			result("FED-016", conformance.Skip, conformance.Must, func(r *conformance.Result) { r.Reason = "needs an upstream that can be made to fail" }),
			result("FED-017", conformance.Skip, conformance.Must, func(r *conformance.Result) { r.Reason = "needs an upstream that can be made to fail" }),
		},
		Journeys: []conformance.ReportJourney{{Check: "TOKEN-004", Callback: "http://localhost:3000/auth/callback?code=…", Hops: []conformance.ReportHop{
			{Method: "GET", URL: "https://ssolab.auth.us-east-1.localhost:9443/oauth2/authorize", Status: 302},
			{Method: "GET", URL: "https://scalekit.localhost:9443/oauth/authorize", Status: 302},
			{Method: "POST", URL: "https://idp.localhost:9443/simulator", Fields: []string{"email"}, Status: 302, Title: "IdP <simulator>"},
		}}},
		Summary: conformance.Summary{Total: 8, Pass: 1, Warn: 1, Fail: 1, Info: 1, Skip: 2, Deviation: 1, Error: 1},
	}
	return r
}

func written(t *testing.T, f report.Format, r *conformance.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, report.Write(&b, f, r))
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for f, file := range map[report.Format]string{
		report.FormatText: "report.txt", report.FormatJSON: "report.json", report.FormatJUnit: "report.xml", report.FormatMarkdown: "report.md",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			golden(t, file, written(t, f, fixed()))
			of, ok := report.FormatOf(file)
			require.True(t, ok)
			require.Equal(t, f, of)
		})
	}
	page := written(t, report.FormatHTML, fixed())
	_, after, _ := bytes.Cut(page, []byte("</style>"))
	lines := bytes.ReplaceAll(after, []byte("><"), []byte(">\n<")) // to read what changed
	golden(t, "report.html", append([]byte("<!-- without its stylesheet -->"), append(lines, '\n')...))
	require.Error(t, report.Write(&bytes.Buffer{}, "pdf", fixed()))
	_, ok := report.FormatOf("report.pdf")
	require.False(t, ok)
}

func TestTextFitsItsWidth(t *testing.T) {
	t.Parallel()
	for asked, width := range map[int]int{0: 100, 10: 80, 80: 80, 110: 110, 500: 110} {
		for _, color := range []bool{false, true} {
			var b bytes.Buffer
			require.NoError(t, report.Text(&b, fixed(), report.TextOptions{Width: asked, Color: color}))
			require.Equal(t, color, strings.Contains(b.String(), "\x1b["))
			if color {
				continue
			}
			for line := range strings.Lines(b.String()) {
				if !strings.Contains(line, "/that/is/longer/") {
					require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
				}
			}
			require.NotContains(t, b.String(), "TOKEN-006", "a check that passed is only counted")
		}
	}
}

func TestExitWords(t *testing.T) {
	t.Parallel()
	r := fixed()
	r.Results = r.Results[2:3]
	r.Summary = conformance.Summary{Total: 1, Pass: 1}
	require.Contains(t, string(written(t, report.FormatText, r)), "\n✓ 1 check: 1 passed\n")
	require.Contains(t, string(written(t, report.FormatMarkdown, r)), "### ✓ ssolab check: 1 passed\n")
}

// JUnit's XML says the same when it is read by something else.
func TestJUnitParses(t *testing.T) {
	t.Parallel()
	type said struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Tests int    `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *said  `xml:"failure"`
				Error   *said  `xml:"error"`
				Skipped *said  `xml:"skipped"`
				Output  string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(written(t, report.FormatJUnit, fixed()), &suites))
	require.Equal(t, []int{8, 1, 1, 2}, []int{suites.Tests, suites.Failures, suites.Errors, suites.Skipped})
	var names []string
	for _, s := range suites.Suites {
		names = append(names, fmt.Sprint(s.Name, " ", s.Tests, " ", len(s.Cases)))
	}
	require.Equal(t, []string{"TOKEN 3 3", "DISC 3 3", "FED 2 2"}, names)
	failed := suites.Suites[0].Cases[0]
	require.Equal(t, "MUST", failed.Failure.Type)
	require.Contains(t, failed.Failure.Message, "expected 400 invalid_grant for the second exchange; observed 200 with <tokens> & more")
	require.Contains(t, failed.Failure.Text, "a second finding\uFFFD with a control character")
	require.True(t, strings.HasPrefix(suites.Suites[0].Cases[1].Output, "DEVIATION\n"))
	require.Empty(t, suites.Suites[0].Cases[2].Output)
	require.Equal(t, "undecided", suites.Suites[1].Cases[0].Error.Type)
	require.True(t, strings.HasPrefix(suites.Suites[1].Cases[1].Output, "WARN\n"))
	require.Nil(t, suites.Suites[1].Cases[1].Failure)
	require.Equal(t, "needs an upstream that can be made to fail", suites.Suites[2].Cases[0].Skipped.Message)
}

// The page is one file: it loads nothing, runs nothing, and what came over the wire stays text.
func TestHTMLIsSelfContained(t *testing.T) {
	t.Parallel()
	doc, err := html.Parse(bytes.NewReader(written(t, report.FormatHTML, fixed())))
	require.NoError(t, err)
	ids := map[string]bool{}
	var links []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		require.NotContains(t, []string{"script", "iframe", "img", "object", "form"}, n.Data)
		for _, a := range n.Attr {
			require.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
			switch a.Key {
			case "id":
				require.False(t, ids[a.Val], "the id %s stands twice", a.Val)
				ids[a.Val] = true
			case "src":
				require.Fail(t, "it loads "+a.Val)
			case "href":
				require.True(t, n.Data == "a" || a.Val == "data:,", a.Val)
				links = append(links, a.Val)
			}
		}
	}
	for _, link := range links {
		if anchor, ok := strings.CutPrefix(link, "#"); ok {
			require.True(t, ids[anchor], link)
		}
	}
	require.Contains(t, links, "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2")
	for _, v := range conformance.Verdicts() {
		require.True(t, ids["show-"+string(v)], "a filter for %s", v)
	}
	require.True(t, ids["x2"] && !ids["x3"], "an exchange that several checks read stands once")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	raw, err := report.Schema()
	require.NoError(t, err)
	var schema map[string]any
	require.NoError(t, json.Unmarshal(raw, &schema))
	var doc any
	require.NoError(t, json.Unmarshal(written(t, report.FormatJSON, fixed()), &doc))
	require.Empty(t, violations(schema, doc, "report"))
	doc.(map[string]any)["results"].([]any)[0].(map[string]any)["verdict"] = "good"
	delete(doc.(map[string]any), "summary")
	doc.(map[string]any)["surprise"] = 1
	require.Len(t, violations(schema, doc, "report"), 3)
}

// violations are where a document is not as its schema says, a member that the schema does not know among them.
func violations(schema map[string]any, doc any, at string) []string {
	var out []string
	if want, ok := schema["const"]; ok && want != doc {
		out = append(out, fmt.Sprintf("%s is %v", at, doc))
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, doc) {
		out = append(out, fmt.Sprintf("%s is %v", at, doc))
	}
	is := map[string]func() bool{
		"object":  func() bool { _, ok := doc.(map[string]any); return ok },
		"array":   func() bool { _, ok := doc.([]any); return ok },
		"string":  func() bool { _, ok := doc.(string); return ok },
		"integer": func() bool { n, ok := doc.(float64); return ok && n == float64(int64(n)) },
	}
	if kind, ok := schema["type"].(string); ok && !is[kind]() {
		return append(out, fmt.Sprintf("%s is no %s: %v", at, kind, doc))
	}
	properties, _ := schema["properties"].(map[string]any)
	if object, ok := doc.(map[string]any); ok {
		for _, name := range schema["required"].([]any) {
			if _, ok := object[name.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s has no %s", at, name))
			}
		}
		for name, value := range object {
			known, ok := properties[name].(map[string]any)
			if !ok {
				out = append(out, fmt.Sprintf("%s has %s", at, name))
				continue
			}
			out = append(out, violations(known, value, at+"."+name)...)
		}
	}
	if list, ok := doc.([]any); ok {
		for i, value := range list {
			out = append(out, violations(schema["items"].(map[string]any), value, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return out
}

func TestLink(t *testing.T) {
	t.Parallel()
	for ref, want := range map[conformance.Ref]string{
		{Doc: "RFC 7517", Section: "4.5"}:                                          "https://www.rfc-editor.org/rfc/rfc7517#section-4.5",
		{Doc: "RFC 7636", Section: "A."}:                                           "https://www.rfc-editor.org/rfc/rfc7636",
		{Doc: "OpenID Connect Core 1.0", Section: "3.1.2.5"}:                       "https://openid.net/specs/openid-connect-core-1_0.html",
		{Doc: "Amazon Cognito developer guide", Section: "authorization-endpoint"}: "https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html",
		{Doc: "Amazon Cognito developer guide", Section: "userInfo endpoint"}:      "",
		{Doc: "good practice"}:                                                     "",
	} {
		require.Equal(t, want, report.Link(ref), ref)
	}
}
