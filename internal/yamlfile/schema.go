package yamlfile

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Schema is the JSON Schema (draft 2020-12) of the files that Decode reads into a T, made from its types: what it refuses
// Decode refuses, and what it accepts Decode accepts, but for what a schema cannot say (Rule.Open, ranges of durations, a key
// given twice) and for the caller's own checks. finish may add to the definitions, which are called as their types; nil adds
// nothing.
func Schema[T any](title, description string, finish func(defs map[string]any)) ([]byte, error) {
	s := &schema{defs: map[string]any{}, names: map[reflect.Type]string{}}
	root := s.structure(reflect.TypeFor[T]())
	if finish != nil {
		finish(s.defs)
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"], root["description"], root["$defs"] = title, description, s.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return b.Bytes(), nil
}

// object is a schema.
type object = map[string]any

type schema struct {
	defs  object
	names map[reflect.Type]string
}

// of is the schema of a type. Structs and types with a rule are defined once.
func (s *schema) of(t reflect.Type) object {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, ruled := ruleOf(t)
	if t.Kind() != reflect.Struct && !ruled {
		return s.plain(t)
	}
	name, known := s.names[t]
	if !known {
		name = s.define(t)
	}
	return object{"$ref": "#/$defs/" + name}
}

func (s *schema) define(t reflect.Type) string {
	name := t.Name()
	if named, ok := reflect.Zero(t).Interface().(Named); ok {
		name = named.SchemaName()
	}
	s.names[t] = name
	if words, ok := reflect.Zero(t).Interface().(Words); ok {
		s.defs[name] = words.Schema()
		return name
	}
	if t.Kind() != reflect.Struct {
		s.defs[name] = s.ruled(t)
		return name
	}
	mapping := s.structure(t)
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		s.defs[name] = object{"anyOf": []object{s.ruled(t), mapping}} // written as a word, or in full
		return name
	}
	s.defs[name] = mapping
	return name
}

// ruled is the schema of a scalar with a rule.
func (s *schema) ruled(t reflect.Type) object {
	rule, _ := ruleOf(t)
	out := object{}
	switch {
	case rule.Duration:
		out["type"], out["pattern"] = "string", anchored(durationPattern)
		out["description"] = fmt.Sprintf("a duration from %s to %s", short(time.Duration(rule.Min)), short(time.Duration(rule.Max)))
		return out
	case reflect.Zero(t).CanInt():
		out["type"] = "integer"
		if rule.Min != 0 || rule.Max != 0 {
			out["minimum"], out["maximum"] = rule.Min, rule.Max
		}
	default:
		out["type"] = "string"
		if rule.Enum != nil {
			out["enum"] = rule.Enum
		}
		if rule.Pattern != "" {
			out["pattern"] = anchored(rule.Pattern)
		}
		if rule.Without != "" {
			out["not"] = object{"pattern": rule.Without}
		}
		if rule.MaxLength > 0 {
			out["maxLength"] = rule.MaxLength
		}
	}
	if rule.Want != "" {
		out["description"] = rule.Want
	}
	return out
}

func (s *schema) plain(t reflect.Type) object {
	if words, ok := reflect.Zero(t).Interface().(Words); ok {
		return words.Schema()
	}
	switch {
	case isDuration(t):
		return object{"type": "string", "pattern": anchored(durationPattern)}
	case t.Kind() == reflect.String:
		return object{"type": "string"}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Zero(t).CanInt():
		return object{"type": "integer"}
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case t.Kind() == reflect.Map:
		out := object{"type": "object", "additionalProperties": s.of(t.Elem())}
		if _, ok := ruleOf(t.Key()); ok {
			out["propertyNames"] = s.of(t.Key())
		}
		return out
	}
	panic("yamlfile: no schema for " + t.String())
}

func (s *schema) structure(t reflect.Type) object {
	properties := object{}
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	var required []string
	for _, f := range fieldsOf(t) {
		property := s.of(t.Field(f.index).Type)
		if f.min > 0 {
			property["minItems"] = f.min
		}
		if f.unique {
			property["uniqueItems"] = true
		}
		if text := describe(f); text != "" {
			property["description"] = text
		}
		properties[f.name] = property
		if f.required {
			required = append(required, f.name)
		}
	}
	if required != nil {
		out["required"] = required
	}
	shape := shapeOf(t)
	if shape.Needs != nil {
		out["dependentRequired"] = shape.Needs
	}
	var all []object
	for _, group := range shape.Excludes {
		for i := range group {
			for j := range i {
				all = append(all, object{"not": object{"required": []string{group[j], group[i]}}})
			}
		}
	}
	for _, never := range shape.Never {
		all = append(all, object{
			"if":   object{"required": []string{never.If}, "properties": object{never.If: object{"pattern": "^" + never.Begins}}},
			"then": object{"properties": object{never.Key: object{"const": false}}},
		})
	}
	if shape.OneOf != nil {
		var ways []object
		for _, key := range shape.OneOf {
			ways = append(ways, object{"required": []string{key}})
		}
		all = append(all, object{"oneOf": ways})
	}
	if all != nil {
		out["allOf"] = all
	}
	return out
}

// describe is what an editor shows for a key.
func describe(f field) string {
	text := f.doc
	if f.fallback != "" {
		if text != "" {
			text += "; "
		}
		text += "default: " + f.fallback
	}
	return strings.ReplaceAll(text, "`", "")
}

// Key is a key that a file may have, for a page that lists them.
type Key struct {
	Path     string // user_pools[].clients[].id
	Kind     string // what a value is: string, list of …
	Doc      string // `doc:"…"` of the field
	Default  string // `default:"…"`
	Required bool
}

// Keys are all keys of the files that Decode reads into a T, in the order of its fields, each before those below it.
func Keys[T any]() []Key {
	return keysOf(reflect.TypeFor[T](), "", map[reflect.Type]bool{})
}

func keysOf(t reflect.Type, path string, within map[reflect.Type]bool) []Key {
	if within[t] {
		return nil
	}
	within[t] = true
	defer delete(within, t)
	var out []Key
	for _, f := range fieldsOf(t) {
		inner, suffix := t.Field(f.index).Type, ""
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		key := Key{Path: join(path, f.name), Kind: kindOf(inner), Doc: f.doc, Default: f.fallback, Required: f.required}
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map {
			if inner.Kind() == reflect.Slice {
				suffix += "[]"
			} else {
				suffix += ".*"
			}
			inner = inner.Elem()
		}
		out = append(out, key)
		if inner.Kind() == reflect.Struct && !isWord(inner) {
			out = append(out, keysOf(inner, join(path, f.name)+suffix, within)...)
		}
	}
	return out
}

// isWord tells whether a struct is explained by its rule, and needs no keys of its own.
func isWord(t reflect.Type) bool {
	rule, ok := ruleOf(t)
	return ok && rule.Want != "" && shapeOf(t).OneOf != nil
}

// kindOf says what a value of a type is.
func kindOf(t reflect.Type) string {
	if words, ok := reflect.Zero(t).Interface().(Words); ok {
		return oneOf(quoted(texts(words.Schema()["enum"])))
	}
	if rule, ok := ruleOf(t); ok && !rule.Duration && t.Kind() != reflect.Struct {
		switch {
		case rule.Want != "":
			return rule.Want
		case rule.Enum != nil:
			return oneOf(quoted(rule.Enum))
		case rule.Min != 0 || rule.Max != 0:
			return fmt.Sprintf("%d–%d", rule.Min, rule.Max)
		}
	}
	switch {
	case isDuration(t):
		if rule, ok := ruleOf(t); ok {
			return fmt.Sprintf("duration, %s–%s", short(time.Duration(rule.Min)), short(time.Duration(rule.Max)))
		}
		return "duration"
	case t.Kind() == reflect.Slice:
		return "list: " + kindOf(t.Elem())
	case t.Kind() == reflect.Map:
		return "mapping: " + kindOf(t.Elem())
	case t.Kind() == reflect.Struct:
		if rule, ok := ruleOf(t); ok && rule.Want != "" {
			return rule.Want
		}
		return "mapping"
	case t.Kind() == reflect.Bool:
		return "`true` or `false`"
	case reflect.Zero(t).CanInt():
		return "number"
	}
	return "string"
}

// texts are those of a list of values.
func texts(list any) []string {
	values, _ := list.([]any)
	out := []string{}
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "`" + w + "`"
	}
	return out
}
