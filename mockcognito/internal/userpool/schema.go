package userpool

import (
	"slices"
	"strings"
)

// SchemaAttribute is an entry of a pool's schema.
type SchemaAttribute struct {
	Name          string // standard name, or custom:<name>, or dev:custom:<name>
	DataType      string // String, Number, DateTime or Boolean; empty: the standard attribute's, String for a custom one
	DeveloperOnly bool
	Immutable     bool
	Required      bool
	// Constraints as the API writes them; nil means the service's.
	StringLength *Bounds // of characters
	NumberRange  *Bounds
}

// Bounds are two numbers as strings; an empty one is not set.
type Bounds struct{ Min, Max string }

// Custom tells whether the attribute is one of the pool's own.
func (a SchemaAttribute) Custom() bool { return IsCustom(a.Name) }

// IsCustom tells whether name is that of a pool's own attribute.
func IsCustom(name string) bool {
	return strings.HasPrefix(name, "custom:") || strings.HasPrefix(name, "dev:custom:")
}

// standardAttributes are the standard attributes in the order of the service's schema.
var standardAttributes = []string{
	"sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
	"website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
	"phone_number_verified", "address", "updated_at",
}

// StandardAttributes are the names of the standard attributes in the order of the service's schema.
func StandardAttributes() []string { return slices.Clone(standardAttributes) }

// IsStandard tells whether name is that of a standard attribute.
func IsStandard(name string) bool { return slices.Contains(standardAttributes, name) }

// IsBoolean tells whether the standard attribute is a boolean in tokens; it is a string everywhere else.
func IsBoolean(name string) bool { return name == "email_verified" || name == "phone_number_verified" }

// rank is an attribute's place in lists: the standard ones in the schema's order, then the others by name.
func rank(name string) int {
	if i := slices.Index(standardAttributes, name); i >= 0 {
		return i
	}
	return len(standardAttributes)
}

// standardAttribute is an entry of the standard schema.
func standardAttribute(name string) SchemaAttribute {
	a := SchemaAttribute{Name: name, DataType: "String"}
	switch {
	case IsBoolean(name):
		a.DataType = "Boolean"
	case name == "updated_at":
		a.DataType, a.NumberRange = "Number", &Bounds{Min: "0"}
	case name == "sub":
		a.Immutable, a.Required, a.StringLength = true, true, &Bounds{"1", "2048"}
	case name == "birthdate":
		a.StringLength = &Bounds{"10", "10"}
	default:
		a.StringLength = &Bounds{"0", "2048"}
	}
	return a
}

// completed is an entry of a pool with what was left out filled in.
func (a SchemaAttribute) completed() SchemaAttribute {
	if !a.Custom() {
		standard := standardAttribute(a.Name)
		standard.Immutable, standard.Required, standard.DeveloperOnly = a.Immutable, a.Required, a.DeveloperOnly
		if a.StringLength != nil {
			standard.StringLength = a.StringLength
		}
		if a.NumberRange != nil {
			standard.NumberRange = a.NumberRange
		}
		return standard
	}
	if a.DataType == "" {
		a.DataType = "String"
	}
	if a.DataType == "String" && a.StringLength == nil {
		a.StringLength = &Bounds{"0", "2048"}
	}
	if a.DataType == "Number" && a.NumberRange == nil {
		a.NumberRange = &Bounds{}
	}
	return a
}

// Schema is the whole schema: every standard attribute, then the pool's own in the order in which they were made.
func (p *UserPool) Schema() []SchemaAttribute {
	out := make([]SchemaAttribute, 0, len(standardAttributes)+len(p.Attributes))
	for _, name := range standardAttributes {
		entry := standardAttribute(name)
		for _, a := range p.Attributes {
			if a.Name == name {
				entry = a.completed()
			}
		}
		out = append(out, entry)
	}
	for _, a := range p.Attributes {
		if a.Custom() {
			out = append(out, a.completed())
		}
	}
	return out
}
