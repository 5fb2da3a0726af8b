package report

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

//go:embed report.css
var reportCSS string

// htmlPage is what the page shows.
type htmlPage struct {
	*conformance.Report
	Overall   verdictLook
	Words     string
	Effort    string
	Verdicts  []htmlVerdict
	Groups    []htmlGroup
	Attention []htmlResult // failed or undecided
	Exchanges []htmlExchange
}

type htmlVerdict struct {
	Verdict conformance.Verdict
	Look    verdictLook
	Count   int
}

type htmlGroup struct {
	*group
	Words   string
	Results []htmlResult
}

type htmlResult struct {
	conformance.Result
	Name, Anchor string
	Look         verdictLook
	Open         bool
	Evidence     []htmlExchange
}

type htmlExchange struct {
	conformance.Exchange
	Number int
	Party  string
}

// exchanges numbers what was sent, each once: checks share the evidence of a sign-in.
type exchanges struct {
	target conformance.ReportTarget
	list   []htmlExchange
}

func (x *exchanges) number(e conformance.Exchange) htmlExchange {
	for _, known := range x.list {
		if reflect.DeepEqual(known.Exchange, e) {
			return known
		}
	}
	x.list = append(x.list, htmlExchange{e, len(x.list) + 1, partyAt(x.target, e.URL)})
	return x.list[len(x.list)-1]
}

// HTML writes a report as one page that loads nothing and has no scripts.
func HTML(w io.Writer, r *conformance.Report) error {
	return pageView(newHTMLPage(r)).Render(context.Background(), w)
}

func partyName(party string) string {
	return map[string]string{"app": "app", "cognito": "Cognito", "scalekit": "Scalekit", "idp": "IdP"}[party]
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// message writes a request or an answer as it stands on the wire.
func message(first string, header []string, body string) string {
	text := strings.Join(append([]string{first}, header...), "\n")
	if body != "" {
		text += "\n\n" + body
	}
	return text
}

// words is the count of a verdict in words.
func (v htmlVerdict) words() string {
	word := v.Look.Many
	if v.Count == 1 {
		word = v.Look.One
	}
	return fmt.Sprintf("%s %d %s", v.Look.Sign, v.Count, word)
}

func newHTMLPage(r *conformance.Report) htmlPage {
	p := htmlPage{Report: r, Overall: lookOf(overall(r.Summary)), Words: strings.Join(words(r.Summary), ", "), Effort: effort(r)}
	for _, v := range conformance.Verdicts() {
		if n := r.Summary.Of(v); n > 0 {
			p.Verdicts = append(p.Verdicts, htmlVerdict{v, lookOf(v), n})
		}
	}
	x := &exchanges{target: r.Target}
	for _, g := range groups(r) {
		h := htmlGroup{group: g, Words: strings.Join(words(g.Summary), ", ")}
		for _, res := range g.Results {
			one := htmlResult{Result: res, Name: name(res), Anchor: strings.ReplaceAll(name(res), " ", "-"), Look: lookOf(res.Verdict)}
			needs := slices.Contains([]conformance.Verdict{conformance.Fail, conformance.Errored}, res.Verdict)
			one.Open = needs || res.Verdict == conformance.Warn
			for _, e := range res.Evidence {
				one.Evidence = append(one.Evidence, x.number(e))
			}
			h.Results = append(h.Results, one)
			if needs {
				p.Attention = append(p.Attention, one)
			}
		}
		p.Groups = append(p.Groups, h)
	}
	p.Exchanges = x.list
	return p
}

// partyAt tells whose host a URL has; one that the target does not name is the identity provider's, or nobody's.
func partyAt(t conformance.ReportTarget, raw string) string {
	host := func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			return ""
		}
		return u.Host
	}
	switch at := host(raw); {
	case at == "":
		return ""
	case at == host(t.Issuer), t.Domain != "" && at == host(t.Domain):
		return "cognito"
	case t.Scalekit != "" && at == host(t.Scalekit):
		return "scalekit"
	}
	return "idp"
}
