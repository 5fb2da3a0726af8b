package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Member is one name and value of an Object. Value is anything encoding/json can write.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object that remembers the order of its members, since the services we stand in for have one.
type Object []Member

// Get returns the value of the member called name, or nil.
func (o Object) Get(name string) any {
	if i := o.index(name); i >= 0 {
		return o[i].Value
	}
	return nil
}

// Has tells whether there is a member called name.
func (o Object) Has(name string) bool { return o.index(name) >= 0 }

// Set replaces the value of the member called name where it stands, or appends it.
func (o *Object) Set(name string, value any) {
	if i := o.index(name); i >= 0 {
		(*o)[i].Value = value
		return
	}
	*o = append(*o, Member{name, value})
}

// Delete removes the member called name.
func (o *Object) Delete(name string) {
	*o = slices.DeleteFunc(*o, func(m Member) bool { return m.Name == name })
}

// Clone returns a copy whose members can be changed without changing o.
func (o Object) Clone() Object { return slices.Clone(o) }

func (o Object) index(name string) int {
	return slices.IndexFunc(o, func(m Member) bool { return m.Name == name })
}

// MarshalJSON writes the members in their order, compact, without escaping HTML.
func (o Object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := enc.Encode(m.Name); err != nil {
			return nil, err
		}
		out.Truncate(out.Len() - 1) // Encode ends with a newline
		out.WriteByte(':')
		if err := enc.Encode(m.Value); err != nil {
			return nil, fmt.Errorf("member %q: %w", m.Name, err)
		}
		out.Truncate(out.Len() - 1)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Encode writes o as Object.MarshalJSON does; json.Marshal would escape <, > and & on its way out.
func (o Object) Encode() ([]byte, error) { return o.MarshalJSON() }
