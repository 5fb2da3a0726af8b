package conformance

import (
	"time"
)

// TargetConfiguration is the kind of target of a report on settings, in which nobody signed in.
const TargetConfiguration = "configuration"

// APIVersion is the version of the report's model.
const APIVersion = "ssolab/v1"

// Report is the result of a run. Every format is written from it.
type Report struct {
	APIVersion string        `json:"api_version"`
	Tool       string        `json:"tool"` // "ssolab <version>"
	Target     ReportTarget  `json:"target"`
	Started    time.Time     `json:"started"`
	Ended      time.Time     `json:"ended"`
	Duration   time.Duration `json:"duration_ns"` // by the machine's monotonic clock: the sum over the checks
	Requests   int           `json:"requests"`
	SignIns    int           `json:"sign_ins"`
	Results    []Result      `json:"results"`
	// Journeys are the sign-ins that saw a page or an identity provider.
	Journeys []ReportJourney `json:"journeys,omitempty"`
	Summary  Summary         `json:"summary"`
}

// ReportJourney is what the browser of one sign-in saw. Codes, tokens and secrets in its URLs are masked.
type ReportJourney struct {
	Check    string      `json:"check"` // the first that needed it
	Variant  string      `json:"variant,omitempty"`
	Hops     []ReportHop `json:"hops"`
	Callback string      `json:"callback,omitempty"` // where it ended at the app; empty: it did not
	Problem  string      `json:"problem,omitempty"`
}

// ReportHop is one request of a browser.
type ReportHop struct {
	Method string   `json:"method"`
	URL    string   `json:"url"`
	Fields []string `json:"fields,omitempty"` // names in the form that was sent
	Status int      `json:"status"`
	Title  string   `json:"title,omitempty"` // of the page
}

func reportJourney(c *Check, v *Visit, stuck *StuckError) ReportJourney {
	j := ReportJourney{Callback: MaskURL(v.Callback), Hops: []ReportHop{}}
	if c != nil {
		j.Check, j.Variant = c.ID, c.Variant
	}
	if stuck != nil {
		j.Problem = stuck.Error()
	}
	for _, h := range v.Hops {
		j.Hops = append(j.Hops, ReportHop{Method: h.Method, URL: MaskURL(h.URL), Fields: h.Fields, Status: h.Status, Title: h.Title})
	}
	return j
}

// ReportTarget says what was tested, without secrets.
type ReportTarget struct {
	Kind     string `json:"kind"` // lab or real; TargetConfiguration where only settings were read
	Issuer   string `json:"issuer"`
	Domain   string `json:"domain,omitempty"`
	ClientID string `json:"client_id"`
	Provider string `json:"provider,omitempty"`
	Scalekit string `json:"scalekit,omitempty"`
}

// Result is one check's.
type Result struct {
	ID       string        `json:"id"`
	Variant  string        `json:"variant,omitempty"`
	Title    string        `json:"title"`
	Level    Level         `json:"level"`
	Basis    Basis         `json:"basis"`
	Refs     []Ref         `json:"refs"`
	Verdict  Verdict       `json:"verdict"`
	Reason   string        `json:"reason,omitempty"` // of a skip, an error or a deviation
	Findings []Finding     `json:"findings,omitempty"`
	Notes    []string      `json:"notes,omitempty"`
	Hint     string        `json:"hint,omitempty"`
	Evidence []Exchange    `json:"evidence,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	// Files are evidence of a sign-in with a browser that got stuck, of a result that is not good. They are in no report:
	// who runs the checks writes them.
	Files []File `json:"-"`
}

// Message is what a result says in a line.
func (r Result) Message() string {
	switch {
	case len(r.Findings) > 0:
		return r.Findings[0].String()
	case r.Reason != "":
		return r.Reason
	case len(r.Notes) > 0:
		return r.Notes[0]
	}
	return ""
}

// Summary counts the verdicts.
type Summary struct {
	Total     int `json:"total"`
	Pass      int `json:"pass"`
	Warn      int `json:"warn"`
	Fail      int `json:"fail"`
	Info      int `json:"info"`
	Skip      int `json:"skip"`
	Deviation int `json:"deviation"`
	Error     int `json:"error"`
}

// of is where a verdict is counted; nil for one that there is not.
func (s *Summary) of(v Verdict) *int {
	return map[Verdict]*int{
		Pass: &s.Pass, Warn: &s.Warn, Fail: &s.Fail, Informed: &s.Info, Skip: &s.Skip, Deviation: &s.Deviation, Errored: &s.Error,
	}[v]
}

// Count adds a result of that verdict.
func (s *Summary) Count(v Verdict) {
	s.Total++
	if n := s.of(v); n != nil {
		*n++
	}
}

// Of is how many results have a verdict.
func (s Summary) Of(v Verdict) int {
	if n := s.of(v); n != nil {
		return *n
	}
	return 0
}

// ExitCode is 0 when nothing failed, 1 when a check failed, 2 when something could not be decided.
func (s Summary) ExitCode() int {
	switch {
	case s.Fail > 0:
		return 1
	case s.Error > 0:
		return 2
	}
	return 0
}

func newReport(o Options) *Report {
	kind := "real"
	if o.Control != nil {
		kind = "lab"
	}
	version := o.Version
	if version == "" {
		version = "devel"
	}
	t := o.Target
	return &Report{
		APIVersion: APIVersion, Tool: "ssolab " + version, Started: o.Now().UTC(), Results: []Result{},
		Target: ReportTarget{Kind: kind, Issuer: t.Issuer, Domain: t.Domain, ClientID: t.Client.ID, Provider: t.Provider.IdentityProvider, Scalekit: t.Scalekit.EnvironmentURL},
	}
}

func (r *Report) finish(run *runner) {
	r.Ended = run.o.Now().UTC()
	r.Requests, r.SignIns, r.Journeys = run.requests, run.signIns, run.seen
	for _, res := range r.Results {
		r.Duration += res.Duration
		r.Summary.Count(res.Verdict)
	}
}
