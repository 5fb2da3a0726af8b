// Package labfile reads ssolab.yaml: one document that declares a lab.
//
//	bytes ─► yamlfile.Decode by the rules of File's types ─► secrets from variables and files ─► ssolab.Config ─► its Validate
//	              │                                                  │                                         │
//	              └──────────────── every problem with file, line and column, all at once ◄────────────────────┘
//
// What a type's rule says, docs/ssolab.schema.json says too, and docs/ssolab-yaml.md: both are made from File. What refers
// from one place to another (a client's provider, a user's group, two domains of one name) is checked by the parties, which
// name the place.
package labfile

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// Read reads the lab file at path over the defaults in base. Its errors are yamlfile.Problems, or one of the file system.
func Read(path string, base ssolab.Config, getenv func(string) string) (ssolab.Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return ssolab.Config{}, fmt.Errorf("read the lab file: %w", err)
	}
	return Parse(path, data, base, getenv)
}

// Parse is Read for data, the content of the file called name; what that refers to is looked for beside it.
func Parse(name string, data []byte, base ssolab.Config, getenv func(string) string) (ssolab.Config, error) {
	cfg, doc := parse(yamlfile.NewReader(), name, data, base, getenv)
	if err := doc.Err(); err != nil {
		return ssolab.Config{}, err
	}
	return cfg, nil
}

func parse(r *yamlfile.Reader, name string, data []byte, base ssolab.Config, getenv func(string) string) (ssolab.Config, *yamlfile.Document) {
	var f File
	doc := r.Decode(name, data, &f)
	from := surroundings{getenv: getenv, dir: filepath.Dir(name)}
	fetchAll(doc, from, "", reflect.ValueOf(&f).Elem())
	f.check(doc)
	cfg := f.config(base, from.dir)
	toValidate := cfg
	toValidate.Quirks = nil // their rule has seen them, where the place of each is known
	for _, err := range flatten(toValidate.Validate()) {
		place, message, ok := strings.Cut(err.Error(), ": ")
		if !ok {
			place, message = "", err.Error()
		}
		place = placeInFile(doc, place)
		if !told(doc, place) {
			doc.Problem(place, "%s", inFileWords(message))
		}
	}
	return cfg, doc
}

// told tells whether a problem of the parties follows from one that is reported already: with the same value, or with what
// is beside a key that is not there.
func told(doc *yamlfile.Document, place string) bool {
	if doc.Reported(place) {
		return true
	}
	i := strings.LastIndexAny(place, ".[")
	return i > 0 && !doc.Has(place) && doc.ReportedIn(place[:i])
}

// check finds what neither the rules nor the parties see.
func (f *File) check(doc *yamlfile.Document) {
	for i, a := range f.Listen.Bind {
		place := fmt.Sprintf("listen.bind[%d]", i)
		if _, err := netip.ParseAddr(string(a)); err != nil && !doc.Reported(place) {
			doc.Problem(place, "%q is no IP address", a)
		}
	}
	f.checkFaults(doc)
}

// checkFaults compares with what every lab has.
func (f *File) checkFaults(doc *yamlfile.Document) {
	if len(f.Faults) == 0 {
		return
	}
	catalogue, err := ssolab.NewCatalogue()
	if err != nil {
		doc.Problem("faults", "%v", err)
		return
	}
	first := map[faultName]int{}
	for i, rule := range f.Faults {
		place := fmt.Sprintf("faults[%d]", i)
		if j, dup := first[rule.ID]; dup && rule.ID != "" {
			doc.Problem(place+".id", "is the same as faults[%d].id", j)
		}
		first[rule.ID] = i
		if known := func(f fault.Fault) bool { return f.ID == string(rule.Fault) }; rule.Fault != "" && !slices.ContainsFunc(catalogue.Faults, known) {
			doc.Refuse(place+".fault", "is %q, and must be %s", rule.Fault, rule.Fault.Rule().Want)
		}
		if known := func(p fault.Point) bool { return p.Name == string(rule.At) }; doc.Has(place+".at") && !slices.ContainsFunc(catalogue.Points, known) {
			doc.Refuse(place+".at", "is %q, and must be %s", rule.At, rule.At.Rule().Want)
		}
		if doc.ReportedIn(place) {
			continue
		}
		if err := catalogue.CheckFault(rule.rule()); err != nil {
			doc.Problem(place, "%v", err)
		}
	}
}

// placeInFile is the path in the file of a place named by a party's check.
func placeInFile(doc *yamlfile.Document, place string) string {
	if key := map[string]string{
		"port base": "port_base", "TLS port": "tls_port", "names": "names", "scalekit environment": "scalekit_environment",
	}[place]; key != "" {
		return "listen." + key
	}
	for from, to := range map[string]string{"environment.people": "people", "environment": "scalekit", "sign-outs": "sign_outs", "bind": "listen.bind"} {
		if rest, ok := strings.CutPrefix(place, from); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') && (from != "environment" || !strings.HasPrefix(place, "environment.people")) {
			place = to + rest
			break
		}
	}
	if temporary := strings.TrimSuffix(place, ".password") + ".temporary_password"; strings.HasSuffix(place, ".password") && !doc.Has(place) && doc.Has(temporary) {
		return temporary
	}
	if doc.Has(place + ".name") { // a domain is a name alone, or a mapping
		return place + ".name"
	}
	return place
}

func inFileWords(message string) string {
	return strings.ReplaceAll(strings.ReplaceAll(message, "environment.people", "people"), "environment.", "scalekit.")
}

// flatten lists the errors of errors.Join.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

// Schema is the JSON Schema of lab files.
func Schema() ([]byte, error) {
	catalogue, err := ssolab.NewCatalogue()
	if err != nil {
		return nil, err
	}
	return yamlfile.Schema[File]("ssolab.yaml", "A lab: user pools, a Scalekit environment, people, and what surprises and goes wrong. https://github.com/ssolab/ssolab/blob/main/docs/ssolab-yaml.md",
		func(defs map[string]any) {
			defs["faultID"].(map[string]any)["enum"] = mapped(catalogue.Faults, func(f fault.Fault) string { return f.ID })
			defs["pointName"].(map[string]any)["enum"] = mapped(catalogue.Points, func(p fault.Point) string { return p.Name })
		})
}

// Keys are all keys of lab files.
func Keys() []yamlfile.Key { return yamlfile.Keys[File]() }
