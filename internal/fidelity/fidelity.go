// Package fidelity is the ledger of what is known of the real services: one entry for each behaviour that a program could
// notice, with its source, how sure it is, whether the lab does the same, and the tests that pin it.
//
//	Ledgers() ─┬─► docs/fidelity.md          (internal/gendocs)
//	           ├─► every named test exists   (this package's test)
//	           └─► every named test ran      (internal/fidelity/testrun, which make test uses)
//
// The ledger is data and imports nothing of the lab: it says what is claimed, the tests say whether it is true. Ids are
// stable; a number is never used again.
package fidelity

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Confidence says how a behaviour of the real service is known.
type Confidence string

// From the surest to the least sure. Where documentation and observation disagree, the lab does what was observed.
const (
	Observed   Confidence = "observed"   // in an answer of a live service that somebody published
	Documented Confidence = "documented" // by the vendor, in a guide or an API model
	Inferred   Confidence = "inferred"   // follows from what is observed or documented
	Reported   Confidence = "reported"   // said by many, with no answer to show for it
	Unknown    Confidence = "unknown"    // the lab does the most plausible thing; its code says Unverified
)

// Modelled says whether the lab does what the real service does.
type Modelled string

// Partly and No want a reason.
const (
	Yes    Modelled = "yes"
	Partly Modelled = "partly"
	No     Modelled = "no"
)

// Entry is one behaviour.
type Entry struct {
	ID         string // COG-2.4-03: the service, the section, a number within it
	Modelled   Modelled
	Confidence Confidence
	Statement  string   // one line: what the real service does; for Unknown ones what the lab does
	Source     string   // vendor page, specification, or where it was observed
	Reason     string   // why it is not modelled, or not as a whole, or pinned by no test
	Tests      []string // package:Test or package:Test/subtest, the package's folder within the module, "." the root
}

// Section is a group of entries.
type Section struct {
	ID      string // COG-2.4; the ids of its entries begin with it and a dash
	Title   string
	Entries []Entry
}

// Ledger is what is known of one service.
type Ledger struct {
	Service  string // Amazon Cognito
	Sections []Section
}

// Ledgers are all ledgers, in the order of the page.
func Ledgers() []Ledger {
	return []Ledger{cognito(), scalekit()}
}

// Entries are the entries of all ledgers.
func Entries() []Entry {
	var out []Entry
	for _, l := range Ledgers() {
		for _, s := range l.Sections {
			out = append(out, s.Entries...)
		}
	}
	return out
}

// Test is the name of a test in a ledger.
type Test struct {
	Package string // folder within the module; "." is the root
	Name    string // TestSignIn, or TestSignIn/a_subtest
}

// String is the test as a ledger names it.
func (t Test) String() string { return t.Package + ":" + t.Name }

// Function is the test's name without subtests.
func (t Test) Function() string {
	name, _, _ := strings.Cut(t.Name, "/")
	return name
}

// ParseTest reads the name of a test as ledgers write it.
func ParseTest(name string) (Test, error) {
	pkg, test, ok := strings.Cut(name, ":")
	if !ok || pkg == "" || !testName.MatchString(test) {
		return Test{}, fmt.Errorf("%q is no test: write package:TestName or package:TestName/subtest, spaces as _", name)
	}
	return Test{Package: pkg, Name: test}, nil
}

var (
	testName  = regexp.MustCompile(`^(Test|Fuzz)[A-Z0-9]\w*(/\S+)?$`)
	sectionID = regexp.MustCompile(`^[A-Z]+-[0-9]+(\.[0-9]+)?$`)
	entryID   = regexp.MustCompile(`^[A-Z]+-[0-9]+(\.[0-9]+)?-[0-9]{2}$`)
)

// Validate reports every entry that is not as it must be.
func Validate(ledgers []Ledger) error {
	var errs []error
	seen := map[string]bool{}
	for _, l := range ledgers {
		for _, s := range l.Sections {
			if !sectionID.MatchString(s.ID) || s.Title == "" || seen[s.ID] {
				errs = append(errs, fmt.Errorf("section %q: id of another form, used twice, or no title", s.ID))
			}
			seen[s.ID] = true
			for _, e := range s.Entries {
				if !strings.HasPrefix(e.ID, s.ID+"-") || seen[e.ID] {
					errs = append(errs, fmt.Errorf("%s: stands in section %s, or twice", e.ID, s.ID))
				}
				seen[e.ID] = true
				errs = append(errs, e.problems()...)
			}
		}
	}
	return errors.Join(errs...)
}

func (e Entry) problems() []error {
	var errs []error
	bad := func(why string) { errs = append(errs, fmt.Errorf("%s: %s", e.ID, why)) }
	if !entryID.MatchString(e.ID) {
		bad("the id has another form than COG-2.4-03")
	}
	if e.Statement == "" || strings.Contains(e.Statement, "\n") {
		bad("the statement is one line")
	}
	if e.Source == "" && e.Confidence != Unknown {
		bad("no source")
	}
	if !slices.Contains([]Confidence{Observed, Documented, Inferred, Reported, Unknown}, e.Confidence) {
		bad("unknown confidence " + string(e.Confidence))
	}
	switch e.Modelled {
	case Yes:
		if len(e.Tests) == 0 && e.Reason == "" {
			bad("modelled, and neither a test nor a reason why there is none")
		}
	case Partly:
		if e.Reason == "" {
			bad("modelled in part, and no word about the rest")
		}
	case No:
		if e.Reason == "" {
			bad("not modelled, and no reason")
		}
	default:
		bad("modelled is yes, partly or no")
	}
	for i, name := range e.Tests {
		if _, err := ParseTest(name); err != nil {
			bad(err.Error())
		}
		if slices.Contains(e.Tests[:i], name) {
			bad("names " + name + " twice")
		}
	}
	return errs
}
