package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Level says how much a check counts.
type Level string

// A failing Must is a failure, a failing Should a warning; Info never changes the exit code.
const (
	Must   Level = "MUST"
	Should Level = "SHOULD"
	Info   Level = "INFO"
)

// Basis says who asks for it.
type Basis string

// Who asks: a standard, the vendor's documentation, or good practice.
const (
	Spec   Basis = "spec"
	Vendor Basis = "vendor"
	Advice Basis = "advice"
)

// Ref is a place where the requirement stands.
type Ref struct {
	Doc     string `json:"doc"`               // "RFC 6749", "OpenID Connect Core 1.0", "Amazon Cognito developer guide"
	Section string `json:"section,omitempty"` // "4.1.2", or the name of a page
	Quote   string `json:"quote,omitempty"`   // the requirement, word for word; … where some are left out
	Summary string `json:"summary,omitempty"` // or what the source says, in our words: vendors' pages change
}

// String is the reference in a line.
func (r Ref) String() string { return strings.TrimSpace(r.Doc + " " + r.Section) }

// Says is what stands there, in quotation marks where it is word for word; empty where neither is given.
func (r Ref) Says() string {
	switch {
	case r.Quote != "":
		return "“" + r.Quote + "”"
	case r.Summary != "":
		return "in short, " + r.Summary
	}
	return ""
}

// Need is a precondition of a check. Where it is not met the check is skipped, with that as the reason.
type Need string

// What a check may need.
const (
	NeedClock       Need = "a clock that can be moved"                             // a lab's
	NeedFaults      Need = "an upstream that can be made to fail"                  // a lab's
	NeedOtherClient Need = "a second app client (other_client in the target file)" //
	NeedUnfederated Need = "an app client without the provider (unfederated_client in the target file)"
	NeedValidity    Need = "the app client's setting (client.access_token_validity in the target file)"
	NeedWrite       Need = "permission to change state"                                   // revokes, signs out; not with ReadOnly
	NeedScalekit    Need = "the Scalekit environment (scalekit in the target file)"       //
	NeedSecret      Need = "a confidential app client (client.secret in the target file)" //
	NeedDomain      Need = "the domain's URL (domain in the target file)"                 //
	NeedLogout      Need = "a sign-out URL (client.logout_uri in the target file)"        //
	NeedLab         Need = "a lab, where everything may be tried"                         //
	NeedTrace       Need = "a lab that shows what its parties say to each other"          // an Observer
)

// Fault is a way of going wrong that must turn a check red. ID names a fault of the lab.
type Fault struct {
	ID     string
	At     string            // point, where the fault acts at several
	Params map[string]string // over the fault's defaults
	Says   string            // what the check's message must contain, so that it is red for the right reason
}

// Check is one expectation with the function that decides it. IDs are stable and never used again.
type Check struct {
	ID       string // GROUP-NNN
	Variant  string // tells checks of one ID apart that look at different parties; empty for one of a kind
	Title    string // true when the check passes
	Level    Level
	Basis    Basis
	Refs     []Ref
	Needs    []Need
	Quirk    string  // of a lab, that makes what the check expects, against a standard; where it is off the check is skipped
	Unproven bool    // not fully documented by the vendor: enforced on a lab, only observed elsewhere
	Faults   []Fault // each must turn the check red
	Hint     string  // what to do; the message of a finding adds the values of the run
	Run      func(ctx context.Context, t *T)
}

// Group is the part of the ID before the number.
func (c Check) Group() string {
	group, _, _ := strings.Cut(c.ID, "-")
	return group
}

// Verdict is the result of a check.
type Verdict string

// The verdicts. Errored means that the tester could not decide; it is never folded into another.
const (
	Pass      Verdict = "pass"
	Warn      Verdict = "warn"
	Fail      Verdict = "fail"
	Informed  Verdict = "info"
	Skip      Verdict = "skip"
	Deviation Verdict = "deviation"
	Errored   Verdict = "error"
)

// Verdicts are all verdicts, the worst first.
func Verdicts() []Verdict { return []Verdict{Fail, Errored, Warn, Deviation, Informed, Skip, Pass} }

// Finding is what a check has to say.
type Finding struct {
	Expected string `json:"expected,omitempty"`
	Observed string `json:"observed"`
}

// String is the finding in a line.
func (f Finding) String() string {
	if f.Expected == "" {
		return f.Observed
	}
	return fmt.Sprintf("expected %s; observed %s", f.Expected, f.Observed)
}

// KnownDeviation is a documented behaviour of the vendor that breaks a standard: it is expected, and when it stops
// happening that is reported too.
type KnownDeviation struct {
	Check   string // id
	Variant string // of the check
	Says    string // what the finding must contain; empty takes any
	Reason  string
	Source  string
	Seen    string // date it was last seen, YYYY-MM-DD
	Quirk   string // the quirk of a lab that makes it; empty where no switch does
}

// withoutQuirks leaves out the deviations that a lab does not have while these of its quirks are off.
func withoutQuirks(list []KnownDeviation, off []string) []KnownDeviation {
	return slices.DeleteFunc(slices.Clone(list), func(d KnownDeviation) bool { return d.Quirk != "" && slices.Contains(off, d.Quirk) })
}
