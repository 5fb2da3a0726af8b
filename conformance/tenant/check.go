package tenant

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Value is a setting or a fact, with the place where it stands.
type Value struct {
	Place string `json:"place"`
	Text  string `json:"value"`
}

// String is the value and its place in a line.
func (v Value) String() string { return v.Text + " (" + v.Place + ")" }

// Fix says how to repair it. Where a way is empty, there is none.
type Fix struct {
	Console   string `json:"console,omitempty"`   // path through the vendor's console
	CLI       string `json:"aws_cli,omitempty"`   // a complete command, without secrets
	Terraform string `json:"terraform,omitempty"` // resource and attribute
	Note      string `json:"note,omitempty"`      // what to mind

	change *change // what CLI changes; nil: none that other findings could undo
}

// Finding is one thing that is wrong: two values that do not agree, what comes of it, and what to do.
type Finding struct {
	Level       conformance.Level `json:"level"`
	Subject     string            `json:"subject"` // what is configured wrong
	Have        Value             `json:"have"`
	Want        Value             `json:"want"`
	Consequence string            `json:"consequence"` // for a person who signs in
	Fix         Fix               `json:"fix"`
}

// Result is one check's.
type Result struct {
	ID       string              `json:"id"`
	Title    string              `json:"title"`
	Level    conformance.Level   `json:"level"`
	Basis    conformance.Basis   `json:"basis"`
	Refs     []conformance.Ref   `json:"refs,omitempty"`
	Verdict  conformance.Verdict `json:"verdict"`
	Reason   string              `json:"reason,omitempty"` // of a skip or an error: what could not be known, and why
	Findings []Finding           `json:"findings,omitempty"`
	Notes    []string            `json:"notes,omitempty"`
}

// check is one expectation of the group TENANT.
type check struct {
	id, title string
	level     conformance.Level
	basis     conformance.Basis
	refs      []conformance.Ref
	hint      string
	run       func(x *exam)
}

// Catalogue lists the checks for pages that explain them. Their Run is nil: Examine decides them.
func Catalogue() []conformance.Check {
	var out []conformance.Check
	for _, c := range checks() {
		out = append(out, conformance.Check{ID: c.id, Title: c.title, Level: c.level, Basis: c.basis, Refs: c.refs, Hint: c.hint})
	}
	return out
}

// checks are all, in the order of their ids.
func checks() []check {
	list := slices.Concat(poolChecks(), providerChecks(), mappingChecks(), clientChecks(), environmentChecks())
	slices.SortFunc(list, func(a, b check) int { return strings.Compare(a.id, b.id) })
	return list
}

// exam is the examination by one check.
type exam struct {
	*Model
	Result
	looked  bool
	unknown []string
}

// stop ends a check.
type stop struct{}

// find notes a finding. Its level is the check's unless it says another.
func (x *exam) find(f Finding) {
	x.looked = true
	if f.Level == "" {
		f.Level = x.Level
	}
	x.Findings = append(x.Findings, f)
}

// ok notes that something was looked at and is as it must be.
func (x *exam) ok() { x.looked = true }

// unless finds f where good does not hold.
func (x *exam) unless(good bool, f func() Finding) {
	x.ok()
	if !good {
		x.find(f())
	}
}

// notef tells something that is no finding.
func (x *exam) notef(format string, args ...any) {
	x.ok()
	x.Notes = append(x.Notes, fmt.Sprintf(format, args...))
}

// unknownf notes what a part of the check could not know.
func (x *exam) unknownf(format string, args ...any) {
	x.unknown = append(x.unknown, fmt.Sprintf(format, args...))
}

// skipf ends the check: the input does not tell what it needs.
func (x *exam) skipf(format string, args ...any) {
	x.unknownf(format, args...)
	panic(stop{})
}

// errorf ends the check: it was tried and could not be found out.
func (x *exam) errorf(format string, args ...any) {
	x.Verdict, x.Reason = conformance.Errored, fmt.Sprintf(format, args...)
	panic(stop{})
}

// guarded runs the check's function up to where it ends itself.
func (x *exam) guarded(run func(*exam)) {
	defer func() {
		if v := recover(); v != nil && v != (stop{}) {
			panic(v)
		}
	}()
	run(x)
}

// conclude folds what was noted into a verdict.
func (x *exam) conclude() Result {
	hard := slices.ContainsFunc(x.Findings, func(f Finding) bool { return f.Level == conformance.Must })
	switch {
	case hard:
		x.Verdict, x.Reason = conformance.Fail, ""
	case x.Verdict == conformance.Errored:
		return x.Result
	case len(x.Findings) > 0:
		x.Verdict = conformance.Warn
	case !x.looked:
		x.Verdict, x.Reason = conformance.Skip, strings.Join(x.unknown, "; ")
		return x.Result
	case x.Level == conformance.Info && len(x.Notes) > 0:
		x.Verdict = conformance.Informed
	default:
		x.Verdict = conformance.Pass
	}
	for _, u := range x.unknown {
		x.Notes = append(x.Notes, "Not known: "+u+".")
	}
	return x.Result
}

// Examine runs every check on the model.
func Examine(m *Model) []Result {
	var out []Result
	for _, c := range checks() {
		x := &exam{Model: m, Result: Result{ID: c.id, Title: c.title, Level: c.level, Basis: c.basis, Refs: c.refs}}
		x.guarded(c.run)
		out = append(out, x.conclude())
	}
	combine(out)
	return out
}

// needPool ends the check where the pool is not described.
func (x *exam) needPool() *UserPool {
	if x.Pool == nil {
		x.skipf("the user pool is not described (aws cognito-idp describe-user-pool)%s", x.because("DescribeUserPool"))
	}
	return x.Pool
}

// needClients ends the check where no app client is described.
func (x *exam) needClients() []*Client {
	list := x.clients()
	if len(list) == 0 {
		x.skipf("no app client is described (aws cognito-idp describe-user-pool-client)%s", x.because("DescribeUserPoolClient"))
	}
	return list
}

// needAppClient ends the check where the app's client is not told or not described.
func (x *exam) needAppClient() *Client {
	if x.Target == nil {
		x.skipf("what the app uses is not told (--target)")
	}
	c := x.appClient()
	if c == nil {
		x.needClients()
		x.skipf("the app's client %s is not described; described: %s", x.Target.Client.ID, listed(clientIDs(x.Clients)))
	}
	return c
}

// needProviders ends the check where no OIDC provider is described.
func (x *exam) needProviders() []*Provider {
	list := x.providers()
	if len(list) == 0 {
		x.skipf("no OIDC provider is described (aws cognito-idp describe-identity-provider)%s", x.because("DescribeIdentityProvider"))
	}
	return list
}

// because adds why a description is not there.
func (m *Model) because(operation string) string {
	for _, u := range m.Unread {
		if u.Operation == operation {
			return ": " + u.Reason
		}
	}
	return ""
}

func clientIDs(list []*Client) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.ClientID)
	}
	return out
}

func providerNames(list []*Provider) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.ProviderName)
	}
	return out
}

// listed writes a list, or that there is none.
func listed(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// given writes a value, or that there is none.
func given(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// quoted writes a value with its ends marked, so that spaces and slashes are seen.
func quoted(s string) string {
	if s == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", s)
}

// Places of the vendor's documentation.
func api(operation string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito user pools API", Section: operation}
}

func guide(page string) conformance.Ref {
	return conformance.Ref{Doc: "Amazon Cognito developer guide", Section: page}
}

func scalekitDocs(page string) conformance.Ref {
	return conformance.Ref{Doc: "Scalekit documentation", Section: page}
}
