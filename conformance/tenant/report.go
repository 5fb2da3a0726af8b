package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Report is the result of an examination. Secrets are not in it.
type Report struct {
	APIVersion string              `json:"api_version"`
	Tool       string              `json:"tool"`
	Source     string              `json:"source"` // where the configuration was read
	Pool       string              `json:"user_pool"`
	Clients    []string            `json:"app_clients"`
	Providers  []string            `json:"identity_providers"`
	Calls      []string            `json:"aws_calls"`         // each request to the AWS API
	Requests   []string            `json:"scalekit_requests"` // each request to Scalekit
	Results    []Result            `json:"results"`
	Summary    conformance.Summary `json:"summary"`
}

// NewReport examines the model.
func NewReport(m *Model, tool, source string, calls []string) *Report {
	r := &Report{
		APIVersion: conformance.APIVersion, Tool: tool, Source: source, Pool: m.poolID(), Clients: clientIDs(m.Clients), Providers: providerNames(m.Providers),
		Calls: calls, Results: Examine(m),
	}
	if m.Probed != nil {
		r.Requests = m.Probed.Requests
	}
	for _, list := range []*[]string{&r.Clients, &r.Providers, &r.Calls, &r.Requests} {
		if *list == nil {
			*list = []string{}
		}
	}
	for _, res := range r.Results {
		r.Summary.Count(res.Verdict)
	}
	return r
}

// Conformance is the report in the model of the conformance tester, whose writers print it.
func (r *Report) Conformance(t *conformance.Target) *conformance.Report {
	out := &conformance.Report{APIVersion: r.APIVersion, Tool: r.Tool, Requests: len(r.Calls) + len(r.Requests), Summary: r.Summary, Target: conformance.ReportTarget{Kind: conformance.TargetConfiguration}}
	if t != nil {
		out.Target = conformance.ReportTarget{Kind: conformance.TargetConfiguration, Issuer: t.Issuer, Domain: t.Domain, ClientID: t.Client.ID, Provider: t.Provider.IdentityProvider, Scalekit: t.Scalekit.EnvironmentURL}
	}
	hints := map[string]string{}
	for _, c := range checks() {
		hints[c.id] = c.hint
	}
	for _, res := range r.Results {
		c := conformance.Result{ID: res.ID, Title: res.Title, Level: res.Level, Basis: res.Basis, Refs: res.Refs, Verdict: res.Verdict, Reason: res.Reason, Notes: slices.Clone(res.Notes), Hint: hints[res.ID]}
		var fixes []string
		for _, f := range res.Findings {
			c.Findings = append(c.Findings, conformance.Finding{Expected: f.Want.String(), Observed: f.Have.String()})
			c.Notes = append(c.Notes, fmt.Sprintf("%s: %s", f.Subject, f.Consequence))
			fixes = append(fixes, f.Fix.String())
		}
		if len(fixes) > 0 {
			c.Hint = strings.Join(fixes, "\n")
		}
		out.Results = append(out.Results, c)
	}
	return out
}

// String has a line or more for each way.
func (f Fix) String() string {
	var lines []string
	for _, part := range []struct{ name, text string }{{"Console", f.Console}, {"AWS CLI", f.CLI}, {"Terraform", f.Terraform}, {"Note", f.Note}} {
		if part.text != "" {
			lines = append(lines, part.name+": "+part.text)
		}
	}
	return strings.Join(lines, "\n")
}
