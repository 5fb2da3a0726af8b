package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/web"
)

const contentJSON = "application/json"

// errorBody is every error of the API.
type errorBody struct {
	Error    string    `json:"error"`
	Hint     string    `json:"hint"`
	Problems []Problem `json:"problems,omitempty"`
}

// apiError is an error that says what happened and what to do about it.
type apiError struct {
	Status   int
	Message  string
	Hint     string
	Problems []Problem // of the lab file
}

// Error implements error.
func (e *apiError) Error() string { return e.Message }

func refused(status int, message, hint string) error {
	return &apiError{Status: status, Message: message, Hint: hint}
}

func (c *console) presentAPI(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		c.Kit.Log.ErrorContext(r.Context(), "control API failed", "path", r.URL.Path, "error", err)
		e = &apiError{Status: http.StatusInternalServerError, Message: "the console failed: " + err.Error(), Hint: "The lab's log says more."}
	}
	_ = web.JSON(w, e.Status, contentJSON, errorBody{e.Message, e.Hint, e.Problems}) // strings always encode
}

func ok(w http.ResponseWriter, v any) error { return web.JSON(w, http.StatusOK, contentJSON, v) }

// read decodes the body strictly into dst, a pointer to a struct of pointers, slices and maps: one JSON object, only
// fields that dst has, spelled as dst spells them.
func read(r *http.Request, dst any) error {
	known := fields(dst)
	hint := "The body is one JSON object with the fields: " + strings.Join(known, ", ") + "."
	bad := func(format string, args ...any) error {
		return refused(http.StatusBadRequest, fmt.Sprintf(format, args...), hint)
	}
	b, err := io.ReadAll(r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refused(http.StatusRequestEntityTooLarge, "the body is too large", hint)
	}
	if err != nil {
		return bad("the body cannot be read: %v", err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return bad("the body is empty")
	}
	var members map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&members); err != nil || members == nil {
		if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); wrongType || err == nil {
			return bad("the body is JSON but no object")
		}
		return bad("the body is not JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("something follows the JSON object in the body")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return bad("unknown field %q", name)
		}
	}
	if err := json.Unmarshal(b, dst); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return bad("field %q is a %s where a %s belongs", wrong.Field, wrong.Value, describe(wrong.Type))
		}
		return bad("the body cannot be read: %v", err)
	}
	return nil
}

func fields(dst any) []string {
	t := reflect.TypeOf(dst).Elem()
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.Int:
		return "whole number"
	case reflect.Map:
		return "object of strings"
	}
	return t.Kind().String()
}

// query parses the query and refuses parameters that are not known.
func query(r *http.Request, known ...string) (map[string][]string, error) {
	hint := "Parameters: " + strings.Join(known, ", ") + "."
	q, err := web.Query(r)
	if err != nil {
		return nil, refused(http.StatusBadRequest, "the query cannot be read: "+err.Error(), hint)
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(known, name) {
			return nil, refused(http.StatusBadRequest, fmt.Sprintf("unknown parameter %q", name), hint)
		}
	}
	return q, nil
}
