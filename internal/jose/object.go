package jose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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
func (o Object) MarshalJSON() ([]byte, error) { return o.append(make([]byte, 0, 512)) }

// Encode writes o as Object.MarshalJSON does; json.Marshal would escape <, > and & on its way out.
func (o Object) Encode() ([]byte, error) { return o.MarshalJSON() }

func (o Object) append(b []byte) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendString(b, m.Name); err != nil {
			return nil, err
		}
		if b, err = appendValue(append(b, ':'), m.Value); err != nil {
			return nil, fmt.Errorf("member %q: %w", m.Name, err)
		}
	}
	return append(b, '}'), nil
}

// appendValue writes what documents and claims are made of; encoding/json writes the rest.
func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case Object:
		return v.append(b)
	case []string:
		return appendList(b, v, appendString)
	case []Object:
		return appendList(b, v, func(b []byte, o Object) ([]byte, error) { return o.append(b) })
	}
	return appendOther(b, v)
}

func appendList[T any](b []byte, list []T, add func([]byte, T) ([]byte, error)) ([]byte, error) {
	if list == nil {
		return append(b, "null"...), nil
	}
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = add(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendString writes a string of plain characters as it is.
func appendString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendOther(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

func appendOther(b []byte, v any) ([]byte, error) {
	out := bytes.NewBuffer(b)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), nil // Encode ends with a newline
}
