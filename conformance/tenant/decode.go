package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// A Problem is a value of a file that has the wrong type.
type Problem struct {
	File    string
	Path    string // UserPoolClient.CallbackURLs[1]
	Message string
}

// Error is file: path: message.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.File + ": " + p.Message
	}
	return p.File + ": " + p.Path + ": " + p.Message
}

// parseObject reads one JSON object. Its numbers stay as they are written.
func parseObject(data []byte) (map[string]any, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // PowerShell's redirection writes it
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line, column := position(data, syntax.Offset)
			return nil, fmt.Errorf("line %d, column %d: no JSON: %w", line, column, err)
		}
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON document")
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("is %s, and must be an object", kindOf(v))
	}
	return o, nil
}

func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// decoder fills structs from JSON values. Unknown members are left alone, wrong types are problems, each with its path.
type decoder struct {
	file     string
	problems []error
}

func (d *decoder) bad(path string, v any, want string) {
	d.problems = append(d.problems, Problem{d.file, path, "is " + kindOf(v) + ", and must be " + want})
}

func (d *decoder) value(path string, v any, into reflect.Value) {
	if v == nil {
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, v, into.Elem())
	case reflect.Struct:
		d.object(path, v, into)
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			d.bad(path, v, "an array")
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, item := range list {
			at := path + "[" + strconv.Itoa(i) + "]"
			if item == nil {
				d.bad(at, item, "there")
				continue
			}
			d.value(at, item, into.Index(i))
		}
	case reflect.Map:
		d.mapping(path, v, into)
	case reflect.String:
		if s, ok := v.(string); ok {
			into.SetString(s)
		} else {
			d.bad(path, v, "a string")
		}
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			into.SetBool(b)
		} else {
			d.bad(path, v, "true or false")
		}
	case reflect.Int:
		n, ok := v.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil {
			d.bad(path, v, "a whole number")
			return
		}
		into.SetInt(i)
	default: // any
		into.Set(reflect.ValueOf(v))
	}
}

func (d *decoder) object(path string, v any, into reflect.Value) {
	o, ok := v.(map[string]any)
	if !ok {
		d.bad(path, v, "an object")
		return
	}
	for i := range into.NumField() {
		field := into.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		name := field.Tag.Get("json")
		if name == "" {
			name = field.Name
		}
		d.value(path+"."+name, o[name], into.Field(i))
	}
}

func (d *decoder) mapping(path string, v any, into reflect.Value) {
	o, ok := v.(map[string]any)
	if !ok {
		d.bad(path, v, "an object")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for name, member := range o {
		item := reflect.New(into.Type().Elem()).Elem()
		d.value(path+"."+name, member, item)
		into.SetMapIndex(reflect.ValueOf(name), item)
	}
}

// kindOf names a JSON value without showing it: it may be a secret.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}

// required reports a member that identifies the thing and is not there.
func (d *decoder) required(path, value string) {
	if value == "" && !strings.Contains(fmt.Sprint(d.problems), path) {
		d.problems = append(d.problems, Problem{d.file, path, "is missing"})
	}
}
