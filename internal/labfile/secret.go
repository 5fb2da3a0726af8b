package labfile

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

// kind is what a secret is for, and what it must be like.
type kind interface {
	rule() yamlfile.Rule
	name() string
}

// Kinds of secrets.
type (
	appClientSecret struct{}
	otherSecret     struct{}
	passwordSecret  struct{}
	certificateText struct{} // is no secret, and stands in a file of its own for its length
	webhookSecret   struct{}
)

func (appClientSecret) rule() yamlfile.Rule {
	return pattern("a client secret: 24–64 letters, digits, _ and +", `[A-Za-z0-9_+]{24,64}`)
}
func (appClientSecret) name() string    { return "appClientSecret" }
func (otherSecret) rule() yamlfile.Rule { return pattern("a secret, not empty", `[^\x00]+`) }
func (otherSecret) name() string        { return "secret" }
func (passwordSecret) rule() yamlfile.Rule {
	return pattern("a password of 1–256 characters", `[^\x00]{1,256}`)
}
func (passwordSecret) name() string { return "password" }
func (certificateText) rule() yamlfile.Rule {
	const base64 = `[A-Za-z0-9+/ \t\r\n]+=?=?[ \t\r\n]*`
	return pattern("a certificate: PEM, or base64 alone", `-----BEGIN CERTIFICATE-----`+base64+`-----END CERTIFICATE-----[ \t\r\n]*|`+base64)
}
func (certificateText) name() string { return "certificate" }
func (webhookSecret) rule() yamlfile.Rule {
	return pattern("a webhook secret: whsec_ and standard base64", `whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)`)
}
func (webhookSecret) name() string { return "webhookSecret" }

// secret stands in the file, or the file says where it is: a variable of the environment, or a file of its own whose end of
// line is not part of it.
type secret[K kind] struct {
	value string
	Env   envName  `yaml:"env" doc:"name of an environment variable that holds it"`
	File  nonEmpty `yaml:"file" doc:"file that holds it, relative to the lab file"`
}

// UnmarshalText takes the secret itself.
func (s *secret[K]) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

// Rule implements yamlfile.Ruled.
func (secret[K]) Rule() yamlfile.Rule {
	var k K
	r := k.rule()
	r.Private = true
	return r
}

// Shape implements yamlfile.Shaped: in full it is one of the two.
func (secret[K]) Shape() yamlfile.Shape { return yamlfile.Shape{OneOf: []string{"env", "file"}} }

// SchemaName implements yamlfile.Named.
func (secret[K]) SchemaName() string {
	var k K
	return k.name()
}

// surroundings are what a lab file may refer to.
type surroundings struct {
	getenv func(string) string
	dir    string // of the lab file
}

// fetched is a secret that stands elsewhere.
type fetched interface {
	fetch(surroundings) error
}

func (s *secret[K]) fetch(from surroundings) error {
	switch {
	case s.Env != "":
		if s.value = from.getenv(string(s.Env)); s.value == "" {
			return fmt.Errorf("the environment variable %s is not set, or empty", s.Env)
		}
	case s.File != "":
		text, err := os.ReadFile(relative(from.dir, string(s.File)))
		if err != nil {
			return err
		}
		s.value = strings.TrimRight(string(text), "\r\n")
	default:
		return nil
	}
	var k K
	if r := k.rule(); !r.Matches(s.value) {
		return fmt.Errorf("what is there is no good value; it must be %s", r.Want)
	}
	return nil
}

func relative(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// fetchAll fetches every secret of a file that stands elsewhere.
func fetchAll(doc *yamlfile.Document, from surroundings, path string, v reflect.Value) {
	if v.Kind() == reflect.Struct && v.CanAddr() {
		if s, ok := v.Addr().Interface().(fetched); ok {
			if err := s.fetch(from); err != nil && doc.Has(path) {
				doc.Problem(path, "%v", err)
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fetchAll(doc, from, path, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			if name != "" {
				fetchAll(doc, from, strings.TrimPrefix(path+"."+name, "."), v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			fetchAll(doc, from, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	}
}
