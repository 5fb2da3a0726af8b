package mgmt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// procedureKey is the context's key of the path that a request was sent to.
type procedureKey struct{}

// envelope carries the messages of every method through connect-go. Its handlers are generic: one type for all methods means
// that they are compiled once, and not once for each method, which would take a megabyte of the program.
type envelope struct {
	data  []byte // of a request, as it was sent
	codec codec
	proto proto.Message // of an answer
}

// newWire serves gRPC, gRPC-Web and Connect.
func (a *API) newWire() http.Handler {
	return connect.NewUnaryHandler("/scalekit.v1", func(ctx context.Context, req *connect.Request[envelope]) (*connect.Response[envelope], error) {
		answer, err := a.receive(ctx, req.Header(), req.Msg)
		if err != nil {
			return nil, onWire(err)
		}
		return connect.NewResponse(&envelope{proto: answer}), nil
	}, connect.WithReadMaxBytes(a.MaxBody), connect.WithCodec(codec{"proto"}), connect.WithCodec(codec{"json"}), connect.WithCodec(codec{"json; charset=utf-8"}))
}

func (a *API) receive(ctx context.Context, h http.Header, e *envelope) (proto.Message, error) {
	path, _ := ctx.Value(procedureKey{}).(string)
	m, ok := a.rpcs[path]
	if !ok {
		return nil, Errorf(connect.CodeUnimplemented, "this Scalekit mock does not model %s", strings.TrimPrefix(path, "/"))
	}
	if err := a.authorize(ctx, h); err != nil {
		return nil, err
	}
	request := m.request()
	if err := e.codec.decode(e.data, request); err != nil {
		return nil, Errorf(connect.CodeInvalidArgument, "unmarshal message: %v", err)
	}
	return m.call(ctx, request)
}

// codec is an encoding of messages: proto or json.
type codec struct{ name string }

// Name implements connect.Codec.
func (c codec) Name() string { return c.name }

// Marshal implements connect.Codec for answers, and for the statuses that connect-go makes of errors.
func (c codec) Marshal(v any) ([]byte, error) {
	var m proto.Message
	switch v := v.(type) {
	case *envelope:
		m = v.proto
	case proto.Message:
		m = v
	default:
		return nil, fmt.Errorf("%T is no message", v)
	}
	if c.name == "proto" {
		return proto.Marshal(m)
	}
	return protojson.Marshal(m)
}

// Unmarshal implements connect.Codec: it keeps what was sent until the method is known.
func (c codec) Unmarshal(data []byte, v any) error {
	e, ok := v.(*envelope)
	if !ok {
		return fmt.Errorf("%T is no request", v)
	}
	e.data, e.codec = bytes.Clone(data), c // connect-go uses its buffer again
	return nil
}

// decode reads a request. connect-go asks no codec about an empty message of gRPC.
func (c codec) decode(data []byte, m proto.Message) error {
	if c.name == "proto" || c.name == "" {
		return proto.Unmarshal(data, m)
	}
	if len(data) == 0 {
		return errors.New("an empty body is no JSON object")
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, m)
}
