package idp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// SerializationException is answered for a body that is no JSON object, or has a member of another type.
const SerializationException userpool.Code = "SerializationException"

// Shape is what a member may be.
type Shape interface {
	// convert returns the value in the type that operations see, or tells that it is of another type.
	convert(v any) (any, error)
	// constraints are the violations of a converted value: where in the value, and what it must satisfy.
	constraints(v any, report func(path string, v any, constraint string))
}

// Member is a member of a structure.
type Member struct {
	Name     string
	Required bool
	Shape    Shape
}

// Structure is an object with known members.
type Structure []Member

// required and optional are members.
func required(name string, s Shape) Member { return Member{name, true, s} }
func optional(name string, s Shape) Member { return Member{name, false, s} }

// Text is a string.
type Text struct {
	Min, Max  int // length in characters; Max 0: no bound
	Pattern   *pattern
	Enum      []string
	Sensitive bool // not repeated in errors
}

// Integer is a whole number within bounds, which stand for the model's.
type Integer struct{ Min, Max int }

// Boolean is true or false.
type Boolean struct{}

// List is an array.
type List struct {
	Of       Shape
	Min, Max int // 0: no bound
}

// Map is an object with free names.
type Map struct {
	Key, Value Text
	Max        int
}

// Document is any JSON value.
type Document struct{}

// pattern is a regular expression of the service model, which has to match all of a value. It is compiled at its first
// use: most programs use few.
type pattern struct {
	source string
	re     func() *regexp.Regexp
}

func matching(source string) *pattern {
	return &pattern{source, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + source + `)$`) })}
}

func str(minimum, maximum int) Text { return Text{Min: minimum, Max: maximum} }

func enum(values ...string) Text { return Text{Enum: values} }

func (t Text) like(p *pattern) Text { t.Pattern = p; return t }

func (t Text) secret() Text { t.Sensitive = true; return t }

func listOf(s Shape) List { return List{Of: s} }

func (l List) atMost(n int) List { l.Max = n; return l }

// members are the converted members of a structure: string, int, bool, []any, map[string]string, members, or for a Document
// what encoding/json makes of it.
type members map[string]any

// decode reads the body of a request: one JSON object, nothing behind it.
func (s Structure) decode(body []byte) (members, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var raw any
	if err := d.Decode(&raw); err != nil {
		return nil, userpool.Errorf(SerializationException, "%v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, userpool.Errorf(SerializationException, "The body goes on behind its JSON object.")
	}
	converted, err := s.convert(raw)
	if err != nil {
		return nil, err
	}
	in := converted.(members)
	var found []string
	s.constraints(in, func(path string, v any, constraint string) {
		found = append(found, fmt.Sprintf("Value %sat '%s' failed to satisfy constraint: %s", shown(v), path, constraint))
	})
	if len(found) == 0 {
		return in, nil
	}
	word := "errors"
	if len(found) == 1 {
		word = "error"
	}
	return nil, userpool.Errorf(userpool.InvalidParameter, "%d validation %s detected: %s", len(found), word, strings.Join(found, "; "))
}

// hidden stands for a value that is not repeated.
type hidden struct{}

func shown(v any) string {
	switch v := v.(type) {
	case hidden:
		return ""
	case nil:
		return "null "
	case []any:
		words := make([]string, len(v))
		for i, element := range v {
			words[i] = fmt.Sprint(element)
		}
		return "'[" + strings.Join(words, ", ") + "]' "
	}
	return fmt.Sprintf("'%v' ", v)
}

// kind names a JSON value as the service's deserializer does.
func kind(v any) string {
	switch v := v.(type) {
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)) + "_VALUE"
	case json.Number:
		return "NUMBER_VALUE"
	case string:
		return "STRING_VALUE"
	}
	return ""
}

func mismatch(v any, want string) error {
	switch v.(type) {
	case []any:
		return userpool.Errorf(SerializationException, "Start of list found where not expected")
	case map[string]any:
		return userpool.Errorf(SerializationException, "Start of structure or map found where not expected.")
	}
	return userpool.Errorf(SerializationException, "%s can not be converted to %s", kind(v), want)
}

func (s Structure) convert(v any) (any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, mismatch(v, "a structure")
	}
	out := members{}
	for _, m := range s {
		value := object[m.Name]
		if value == nil {
			continue
		}
		converted, err := m.Shape.convert(value)
		if err != nil {
			return nil, err
		}
		out[m.Name] = converted
	}
	return out, nil
}

func (s Structure) constraints(v any, report func(string, any, string)) {
	in := v.(members)
	for _, m := range s {
		name := lowerFirst(m.Name)
		value, have := in[m.Name]
		switch {
		case have:
			m.Shape.constraints(value, func(path string, v any, constraint string) { report(name+dotted(path), v, constraint) })
		case m.Required:
			report(name, nil, "Member must not be null")
		}
	}
}

func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func (Text) convert(v any) (any, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return nil, mismatch(v, "a String")
}

func (t Text) constraints(v any, report func(string, any, string)) {
	var value any = v
	if t.Sensitive {
		value = hidden{}
	}
	for _, c := range t.broken(v.(string)) {
		report("", value, c)
	}
}

// broken are the constraints that s does not satisfy.
func (t Text) broken(s string) []string {
	var out []string
	n := utf8.RuneCountInString(s)
	if t.Max > 0 && n > t.Max {
		out = append(out, fmt.Sprintf("Member must have length less than or equal to %d", t.Max))
	}
	if n < t.Min {
		out = append(out, fmt.Sprintf("Member must have length greater than or equal to %d", t.Min))
	}
	if t.Pattern != nil && !t.Pattern.re().MatchString(s) {
		out = append(out, "Member must satisfy regular expression pattern: "+t.Pattern.source)
	}
	if t.Enum != nil && !slices.Contains(t.Enum, s) {
		out = append(out, "Member must satisfy enum value set: ["+strings.Join(t.Enum, ", ")+"]")
	}
	return out
}

// all are the constraints in the order in which the service lists them.
func (t Text) all() string {
	var out []string
	if t.Max > 0 {
		out = append(out, fmt.Sprintf("Member must have length less than or equal to %d", t.Max), fmt.Sprintf("Member must have length greater than or equal to %d", t.Min))
	}
	if t.Pattern != nil {
		out = append(out, "Member must satisfy regular expression pattern: "+t.Pattern.source)
	}
	if t.Enum != nil {
		out = append(out, "Member must satisfy enum value set: ["+strings.Join(t.Enum, ", ")+"]")
	}
	return "Member must satisfy constraint: [" + strings.Join(out, ", ") + "]"
}

func (Integer) convert(v any) (any, error) {
	number, ok := v.(json.Number)
	if !ok {
		return nil, mismatch(v, "an Integer")
	}
	n, err := strconv.Atoi(number.String())
	if err != nil {
		// A fraction is cut off by the service; what no integer holds is refused.
		f, ferr := number.Float64()
		if ferr != nil || f < -1<<31 || f > 1<<31-1 {
			return nil, userpool.Errorf(SerializationException, "%s can not be converted to an Integer", number)
		}
		n = int(f)
	}
	return n, nil
}

func (i Integer) constraints(v any, report func(string, any, string)) {
	switch n := v.(int); {
	case n > i.Max:
		report("", n, fmt.Sprintf("Member must have value less than or equal to %d", i.Max))
	case n < i.Min:
		report("", n, fmt.Sprintf("Member must have value greater than or equal to %d", i.Min))
	}
}

func (Boolean) convert(v any) (any, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return nil, mismatch(v, "a Boolean")
}

func (Boolean) constraints(any, func(string, any, string)) {}

func (l List) convert(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, mismatch(v, "a list")
	}
	out := make([]any, 0, len(list))
	for _, element := range list {
		converted, err := l.Of.convert(element)
		if err != nil {
			return nil, err
		}
		out = append(out, converted)
	}
	return out, nil
}

func (l List) constraints(v any, report func(string, any, string)) {
	list := v.([]any)
	text, plain := l.Of.(Text)
	var value any = list
	if plain && text.Sensitive || !plain {
		value = hidden{}
	}
	switch {
	case l.Max > 0 && len(list) > l.Max:
		report("", value, fmt.Sprintf("Member must have length less than or equal to %d", l.Max))
	case len(list) < l.Min:
		report("", value, fmt.Sprintf("Member must have length greater than or equal to %d", l.Min))
	}
	for i, element := range list {
		if plain { // the list as a whole is reported, with all constraints of its elements
			if len(text.broken(element.(string))) > 0 {
				report("", value, text.all())
				return
			}
			continue
		}
		l.Of.constraints(element, func(path string, v any, constraint string) {
			report(fmt.Sprintf(".%d.member%s", i+1, dotted(path)), v, constraint)
		})
	}
}

func dotted(path string) string {
	if path == "" || path[0] == '.' {
		return path
	}
	return "." + path
}

func (m Map) convert(v any) (any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, mismatch(v, "a map")
	}
	out := make(map[string]string, len(object))
	for key, value := range object {
		if value == nil {
			continue
		}
		converted, err := m.Value.convert(value)
		if err != nil {
			return nil, err
		}
		out[key] = converted.(string)
	}
	return out, nil
}

func (m Map) constraints(v any, report func(string, any, string)) {
	object := v.(map[string]string)
	if m.Max > 0 && len(object) > m.Max {
		report("", hidden{}, fmt.Sprintf("Member must have length less than or equal to %d", m.Max))
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		if len(m.Key.broken(key)) > 0 {
			report("", hidden{}, "Map keys must satisfy constraint: "+strings.TrimPrefix(m.Key.all(), "Member must satisfy constraint: "))
		}
		if len(m.Value.broken(object[key])) > 0 {
			report("", hidden{}, "Map value must satisfy constraint: "+strings.TrimPrefix(m.Value.all(), "Member must satisfy constraint: "))
		}
	}
}

func (Document) convert(v any) (any, error) { return v, nil }

func (Document) constraints(any, func(string, any, string)) {}

// Accessors: the shapes have seen to the types.

func (m members) has(name string) bool { _, ok := m[name]; return ok }

func (m members) str(name string) string { s, _ := m[name].(string); return s }

func (m members) strOr(name, fallback string) string {
	if s, ok := m[name].(string); ok {
		return s
	}
	return fallback
}

func (m members) integer(name string) int { n, _ := m[name].(int); return n }

// integerPtr keeps absent apart from 0.
func (m members) integerPtr(name string) *int {
	if n, ok := m[name].(int); ok {
		return &n
	}
	return nil
}

func (m members) boolOr(name string, fallback bool) bool {
	if b, ok := m[name].(bool); ok {
		return b
	}
	return fallback
}

// list keeps absent, which is nil, apart from empty.
func (m members) list(name string) []string {
	raw, ok := m[name].([]any)
	if !ok {
		return nil
	}
	out := make([]string, len(raw))
	for i, v := range raw {
		out[i] = v.(string)
	}
	return out
}

func (m members) structs(name string) []members {
	raw, ok := m[name].([]any)
	if !ok {
		return nil
	}
	out := make([]members, len(raw))
	for i, v := range raw {
		out[i] = v.(members)
	}
	return out
}

// structure is nil when absent; reading members of nil answers that they are absent.
func (m members) structure(name string) members { s, _ := m[name].(members); return s }

func (m members) strings(name string) map[string]string {
	s, _ := m[name].(map[string]string)
	return s
}

// plain is a structure as a document, for settings that are kept as they are.
func (m members) plain(name string) map[string]any {
	s, ok := m[name].(members)
	if !ok {
		return nil
	}
	return s.document()
}

func (m members) document() map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		switch v := v.(type) {
		case members:
			out[name] = v.document()
		case []any:
			list := make([]any, len(v))
			for i, element := range v {
				if e, ok := element.(members); ok {
					list[i] = e.document()
				} else {
					list[i] = element
				}
			}
			out[name] = list
		default:
			out[name] = v
		}
	}
	return out
}
