package yamlfile

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Rule is what the values of a type must be like. Decode enforces it and Schema writes it down, so that an editor which
// follows the schema accepts what the program accepts.
type Rule struct {
	// Pattern is a regular expression that a whole string must match, in words that mean the same to Go's regexp and to
	// ECMAScript's with the flag u: no \w, \s, \d, \b, no class of Unicode but \p{…}.
	Pattern   string
	Without   string   // another, that nothing in the string may match
	MaxLength int      // in characters; 0: any
	Enum      []string // the only strings allowed
	Min       int64    // of a number, or of a duration in nanoseconds; both are 0 when there is no range
	Max       int64
	// Duration says that the number is a time.Duration, which is written with its units. Its range is beyond a schema.
	Duration bool
	Want     string // what it must be, for people: `a host name such as auth.example.com`; needed with Pattern
	Private  bool   // a secret: its value is not repeated in a problem
	// Open says that the value is checked beyond what the rule can say. The schema then accepts more than Decode.
	Open bool
}

// Ruled is a type with a rule: a string, an integer, or one with UnmarshalText.
type Ruled interface{ Rule() Rule }

// Shape is what the keys of a mapping must be like beyond their names.
type Shape struct {
	Needs map[string][]string // a key that is given needs these beside it
	// Excludes are keys of which at most one is given.
	Excludes [][]string
	// OneOf are keys of which exactly one is given.
	OneOf []string
	Never []Never
}

// Never says that a key is not true where another begins with a word.
type Never struct{ Key, If, Begins, Reason string }

// Named is a type with a name of its own in the schema.
type Named interface{ SchemaName() string }

// Matches tells whether a string is what the rule says, as far as it says it.
func (r Rule) Matches(value string) bool {
	d := &Document{patterns: map[string]*regexp.Regexp{}}
	return d.follows(r, value)
}

// Shaped is a struct with a shape. Keys without which a mapping is nothing have "required" in their tag:
// `yaml:"id,required"`; a list that must not be empty has `min:"1"`, one whose values differ `unique:"true"`.
type Shaped interface{ Shape() Shape }

// Words is a type that is written as a scalar of several kinds.
type Words interface{ Schema() map[string]any }

// field is a key of a struct.
type field struct {
	name     string
	index    int
	required bool
	doc      string // `doc:"…"`
	fallback string // `default:"…"`, for people
	min      int    // of a list
	unique   bool   // values of a list
}

// fieldsOf lists the keys of a struct in their order.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		f := field{name: name, index: i, required: options == "required", doc: tag.Get("doc"), fallback: tag.Get("default"), unique: tag.Get("unique") == "true"}
		f.min, _ = strconv.Atoi(tag.Get("min"))
		out = append(out, f)
	}
	return out
}

// ruleOf is the rule of a type, and whether it has one.
func ruleOf(t reflect.Type) (Rule, bool) {
	if r, ok := reflect.Zero(t).Interface().(Ruled); ok {
		return r.Rule(), true
	}
	if r, ok := reflect.New(t).Interface().(Ruled); ok {
		return r.Rule(), true
	}
	return Rule{}, false
}

func shapeOf(t reflect.Type) Shape {
	if s, ok := reflect.Zero(t).Interface().(Shaped); ok {
		return s.Shape()
	}
	return Shape{}
}

// text checks a string by the rule of its type.
func (d *Document) text(tk *token.Token, path, value string, t reflect.Type) {
	rule, ok := ruleOf(t)
	if !ok {
		return
	}
	shown := strconv.Quote(value)
	if rule.Private {
		shown = "no good value"
	}
	if rule.Enum != nil && !slices.Contains(rule.Enum, value) {
		meant := ""
		if best := closest(value, rule.Enum); best != "" && !rule.Private {
			meant = fmt.Sprintf("; did you mean %q?", best)
		}
		d.addAt(tk, path, "is %s, and must be %s%s", shown, cmpOr(rule.Want, oneOf(rule.Enum)), meant)
		return
	}
	if !d.follows(rule, value) {
		d.addAt(tk, path, "is %s, and must be %s", shown, rule.Want)
	}
}

func (d *Document) follows(r Rule, value string) bool {
	switch {
	case r.MaxLength > 0 && utf8.RuneCountInString(value) > r.MaxLength:
		return false
	case r.Without != "" && d.regexp(r.Without).MatchString(value):
		return false
	}
	return r.Pattern == "" || d.pattern(r.Pattern).MatchString(value)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// oneOf lists words for people: a, b or c.
func oneOf(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}

// anchored is a pattern for the whole value, for Go and for ECMAScript.
func anchored(pattern string) string { return "^(?:" + pattern + ")$" }

func (d *Document) pattern(p string) *regexp.Regexp { return d.regexp(anchored(p)) }

func (d *Document) regexp(p string) *regexp.Regexp {
	re := d.patterns[p]
	if re == nil {
		re = regexp.MustCompile(p)
		d.patterns[p] = re
	}
	return re
}

// whole checks an integer by the rule of its type.
func (d *Document) whole(n ast.Node, path string, v int64, t reflect.Type) {
	rule, ok := ruleOf(t)
	if ok && (rule.Min != 0 || rule.Max != 0) && (v < rule.Min || v > rule.Max) {
		want := rule.Want
		if want == "" {
			want = "a whole number"
		}
		d.addAt(start(n), path, "is %d, and must be %s from %d to %d", v, want, rule.Min, rule.Max)
	}
}

// durationPattern is how durations are written: as time.ParseDuration reads them, bounded so that none overflows, and in
// days.
const durationPattern = `0|[0-9]{1,4}d|` + number + `(?:ms|s|m(?:` + number + `s)?|h(?:` + number + `m)?(?:` + number + `s)?)`

const number = `[0-9]{1,6}(?:\.[0-9]{1,3})?`

func isDuration(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Duration]() {
		return true
	}
	rule, ok := ruleOf(t)
	return ok && rule.Duration
}

// duration is the value of a string of durationPattern.
func duration(s string) time.Duration {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, _ := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour
	}
	v, _ := time.ParseDuration(s)
	return v
}

// span checks a duration by the rule of its type.
func (d *Document) span(n ast.Node, path string, v time.Duration, t reflect.Type) {
	rule, ok := ruleOf(t)
	if ok && (v < time.Duration(rule.Min) || v > time.Duration(rule.Max)) {
		d.beyond()
		d.addAt(start(n), path, "is %s, and must be a duration from %s to %s", short(v), short(time.Duration(rule.Min)), short(time.Duration(rule.Max)))
	}
}

// short writes a duration without the units that are 0: 24h, not 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// shape checks the keys that a mapping has.
func (d *Document) shape(path string, at *token.Token, v reflect.Value, given map[string]bool) {
	t := v.Type()
	for _, f := range fieldsOf(t) {
		if f.required && !given[f.name] {
			d.addAt(at, join(path, f.name), "is missing")
		}
	}
	s := shapeOf(t)
	for _, never := range s.Never {
		if valueOf(v, never.Key).Bool() && strings.HasPrefix(valueOf(v, never.If).String(), never.Begins) {
			d.found(join(path, never.Key), "%s", never.Reason)
		}
	}
	for _, f := range fieldsOf(t) {
		if !given[f.name] {
			continue
		}
		var missing []string
		for _, need := range s.Needs[f.name] {
			if !given[need] {
				missing = append(missing, need)
			}
		}
		if len(missing) > 0 {
			d.found(join(path, f.name), "needs %s beside it", and(missing))
		}
	}
	for _, group := range s.Excludes {
		if have := slices.DeleteFunc(slices.Clone(group), func(k string) bool { return !given[k] }); len(have) > 1 {
			d.found(join(path, have[1]), "does not go with %s", have[0])
		}
	}
	if s.OneOf == nil {
		return
	}
	have := slices.DeleteFunc(slices.Clone(s.OneOf), func(k string) bool { return !given[k] })
	if len(have) != 1 {
		d.addAt(at, path, "must have one of %s", oneOf(s.OneOf))
	}
}

// valueOf is the value of a key.
func valueOf(v reflect.Value, key string) reflect.Value {
	fields := fieldsOf(v.Type())
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == key })
	return v.Field(fields[i].index)
}

func and(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// list checks the length of a list, and that its values differ.
func (d *Document) list(path string, f field, v reflect.Value) {
	if v.Kind() != reflect.Slice || v.IsNil() {
		return
	}
	if v.Len() < f.min {
		d.found(path, "is empty, and must have at least %d; leave the key out for the default", f.min)
	}
	if !f.unique {
		return
	}
	first := map[any]int{}
	for i := range v.Len() {
		value := v.Index(i).Interface()
		if j, dup := first[value]; dup {
			d.found(fmt.Sprintf("%s[%d]", path, i), "is the same as %s[%d]", path, j)
			continue
		}
		first[value] = i
	}
}
