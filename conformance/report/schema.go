package report

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/conformance"
)

// Schema is the JSON Schema (draft 2020-12) of the JSON report, made from its types.
func Schema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[conformance.Report]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Report of ssolab check"
	s["description"] = "Members may be added within a version; those here stay."
	s["properties"].(map[string]any)["api_version"] = map[string]any{"const": conformance.APIVersion}
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

func schemaOf(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "integer", "description": "nanoseconds", "minimum": 0}
	case reflect.TypeFor[conformance.Verdict]():
		return map[string]any{"enum": conformance.Verdicts()}
	case reflect.TypeFor[conformance.Level]():
		return map[string]any{"enum": []conformance.Level{conformance.Must, conformance.Should, conformance.Info}}
	case reflect.TypeFor[conformance.Basis]():
		return map[string]any{"enum": []conformance.Basis{conformance.Spec, conformance.Vendor, conformance.Advice}}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Struct:
		return schemaOfStruct(t)
	}
	panic("the report's model has a " + t.String() + ", of which the schema knows nothing")
}

func schemaOfStruct(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		properties[name] = schemaOf(t.Field(i).Type)
		if !slices.Contains(strings.Split(options, ","), "omitempty") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}
