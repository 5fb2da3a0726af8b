package mgmt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// rule says how a method is spoken over REST. Segments of the path in braces are fields of the request; body names the field
// that the body is, "*" the request as a whole; every other field may be in the query.
type rule struct {
	method, path, body string
	status             int // of success; 0 means 200
}

func get(path string) rule         { return rule{method: http.MethodGet, path: path} }
func remove(path string) rule      { return rule{method: http.MethodDelete, path: path} }
func replace(path string) rule     { return rule{method: http.MethodPut, path: path} }
func patch(path, body string) rule { return rule{method: http.MethodPatch, path: path, body: body} }
func create(path, body string) rule {
	return rule{method: http.MethodPost, path: path, body: body, status: http.StatusCreated}
}

// route is a rule ready to match.
type route struct {
	rule
	rpc
	segments []segment
}

// segment of a path: literal text, or a field with an optional verb behind it, as in {id}:enable.
type segment struct {
	literal, field, verb string
}

const restPrefix = "/api/v1/"

func newRoute(r rule, m rpc) route {
	out := route{rule: r, rpc: m}
	for part := range strings.SplitSeq(r.path, "/") {
		if field, verb, ok := strings.Cut(strings.TrimPrefix(part, "{"), "}"); ok {
			out.segments = append(out.segments, segment{field: field, verb: verb})
		} else {
			out.segments = append(out.segments, segment{literal: part})
		}
	}
	return out
}

// sortRoutes puts the more particular first: organizations/-/connections before organizations/{organization_id}/connections.
func sortRoutes(routes []route) {
	particular := func(r route) (n int) {
		for _, s := range r.segments {
			if s.literal != "" {
				n += 2
			} else if s.verb != "" {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(routes, func(a, b route) int { return cmp.Compare(particular(b), particular(a)) })
}

// match returns the values of the path's fields.
func (r route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.segments) {
		return nil, false
	}
	fields := map[string]string{}
	for i, s := range r.segments {
		value, err := url.PathUnescape(parts[i])
		if err != nil {
			return nil, false
		}
		if s.literal != "" {
			if value != s.literal {
				return nil, false
			}
			continue
		}
		value, ok := strings.CutSuffix(value, s.verb)
		if !ok || value == "" {
			return nil, false
		}
		fields[s.field] = value
	}
	return fields, true
}

// ServeREST serves the paths below /api/v1/.
func (a *API) ServeREST(w http.ResponseWriter, r *http.Request) {
	status, answer, err := a.transcode(r)
	if err == nil {
		err = writeJSON(w, status, answer)
	}
	if err != nil {
		writeError(w, err)
	}
}

func (a *API) transcode(r *http.Request) (int, proto.Message, error) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), restPrefix), "/")
	known := false
	for _, route := range a.rest {
		fields, ok := route.match(parts)
		if !ok {
			continue
		}
		if known = true; route.method != r.Method {
			continue
		}
		if err := a.authorize(r.Context(), r.Header); err != nil {
			return 0, nil, err
		}
		request, err := route.read(r, fields)
		if err != nil {
			return 0, nil, err
		}
		answer, err := route.call(r.Context(), request)
		return cmp.Or(route.status, http.StatusOK), answer, err
	}
	if known {
		return 0, nil, Errorf(connect.CodeUnimplemented, "Method Not Allowed")
	}
	return 0, nil, Errorf(connect.CodeUnimplemented, "this Scalekit mock does not model %s %s", r.Method, r.URL.Path)
}

// read puts the request together: the body first, then the query, then the path, which wins.
func (r route) read(req *http.Request, fields map[string]string) (proto.Message, error) {
	m := r.request()
	if r.body != "" {
		if err := r.readBody(req, m); err != nil {
			return nil, err
		}
	}
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, &Error{Code: connect.CodeInvalidArgument, Message: "the query is malformed", Err: err}
	}
	if r.body != "*" {
		for name, values := range query {
			if _, inPath := fields[name]; inPath || name == r.body {
				continue
			}
			if err := setField(m.ProtoReflect(), name, values); err != nil {
				return nil, err
			}
		}
	}
	for name, value := range fields {
		if err := setField(m.ProtoReflect(), name, []string{value}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (r route) readBody(req *http.Request, m proto.Message) error {
	body, err := io.ReadAll(req.Body)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return Errorf(connect.CodeResourceExhausted, "the body is larger than is served here")
	}
	if err != nil {
		return &Error{Code: connect.CodeInvalidArgument, Message: "the body could not be read", Err: err}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil // what is required is said by name later
	}
	if r.body != "*" {
		name, _ := json.Marshal(r.body) // a string can be encoded
		body = slices.Concat([]byte("{"), name, []byte(":"), body, []byte("}"))
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, m); err != nil {
		return &Error{Code: connect.CodeInvalidArgument, Message: readable(err)}
	}
	return nil
}

// readable is an error of protobuf, in whose text every other space is one that does not break, without those.
func readable(err error) string { return strings.ReplaceAll(err.Error(), "\u00a0", " ") }

// setField sets a field by its name in a query or path. Names that the request does not have are ignored, as the service's
// gateway ignores them.
func setField(m protoreflect.Message, name string, values []string) error {
	first, rest, nested := strings.Cut(name, ".")
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(first))
	if fd == nil {
		fd = m.Descriptor().Fields().ByJSONName(first)
	}
	if fd == nil || fd.IsMap() {
		return nil
	}
	if nested {
		if fd.Message() == nil || fd.IsList() {
			return nil
		}
		return setField(m.Mutable(fd).Message(), rest, values)
	}
	// A field's value as JSON: as it is where that is a number or a truth value, else as a string.
	part := func(value string) json.RawMessage {
		switch wellKnown(fd) {
		case protoreflect.StringKind, protoreflect.EnumKind, protoreflect.BytesKind, protoreflect.MessageKind:
			b, _ := json.Marshal(value) // a string can be encoded
			return b
		}
		return json.RawMessage(value)
	}
	var value any = part(values[0])
	if fd.IsList() {
		list := make([]json.RawMessage, len(values))
		for i, v := range values {
			list[i] = part(v)
		}
		value = list
	}
	doc, err := json.Marshal(map[string]any{string(fd.Name()): value})
	if err != nil {
		return Errorf(connect.CodeInvalidArgument, "parsing field %q: %q is no %s", name, values[0], fd.Kind())
	}
	one := m.New().Interface()
	if err := protojson.Unmarshal(doc, one); err != nil {
		return Errorf(connect.CodeInvalidArgument, "parsing field %q: %q is no %s", name, strings.Join(values, ", "), fd.Kind())
	}
	m.Set(fd, one.ProtoReflect().Get(fd))
	return nil
}

// wellKnown is the kind of a field's value, within its wrapper if it has one.
func wellKnown(fd protoreflect.FieldDescriptor) protoreflect.Kind {
	if md := fd.Message(); md != nil && strings.HasPrefix(string(md.FullName()), "google.protobuf.") && md.Fields().Len() == 1 {
		if value := md.Fields().ByName("value"); value != nil {
			return value.Kind()
		}
	}
	return fd.Kind()
}

// writeJSON writes a message with the names of its .proto file.
func writeJSON(w http.ResponseWriter, status int, m proto.Message) error {
	b, err := encode(m)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone
	return nil
}

// encode is compact JSON: protojson varies its spaces from build to build.
func encode(m proto.Message) ([]byte, error) {
	b, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Compact(&out, b)
	return out.Bytes(), err
}

// writeError writes an error as the service's gateway does: a google.rpc.Status in JSON.
func writeError(w http.ResponseWriter, err error) {
	e := asError(err)
	body := struct {
		Code    int               `json:"code"`
		Message string            `json:"message"`
		Details []json.RawMessage `json:"details"`
	}{int(e.Code), e.Message, []json.RawMessage{}}
	if details, err := e.details(); err == nil {
		for _, d := range details {
			if b, err := (protojson.MarshalOptions{UseProtoNames: true}).Marshal(d); err == nil {
				body.Details = append(body.Details, b)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(statuses[e.Code])
	_ = json.NewEncoder(w).Encode(body)
}

// writeJSONError writes an error as Connect does outside of a call.
func writeJSONError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, message})
}
