package mgmt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// Options are what New needs.
type Options struct {
	Directory     *directory.Directory
	Env           *lab.Env
	EnvironmentID string // env_…
	SimulatorIdP  string // name of the IdP simulator among the identity providers of the lab
	URL           string // of the environment, without trailing slash
	Production    bool   // client secrets begin with live_, not test_
	MaxBody       int    // bytes of a request, decompressed

	// Authorize tells why an access token does not give access to the API.
	Authorize func(ctx context.Context, token string) error
	// Portal makes and lists links to the admin portal.
	Portal Portal
	// Effective fills in what a connection leaves to the lab: the settings that its identity provider's administrator would
	// have copied. nil leaves them out.
	Effective func(directory.Connection) directory.Connection
}

// Portal is what the API asks of the admin portal.
type Portal interface {
	// Link makes a link to an organization's portal for the named features (sso, dir_sync); none means those of the organization.
	Link(ctx context.Context, organizationID string, features []string) (Link, error)
	// Links are the organization's links that can still be opened.
	Links(ctx context.Context, organizationID string) ([]Link, error)
	// Revoke takes a link back, or with an empty id all of the organization's.
	Revoke(ctx context.Context, organizationID, id string) error
}

// Link leads an administrator of an organization to its portal, once.
type Link struct {
	ID       string // lnk_…
	Location string
	Expires  time.Time // until when it can be opened
}

// API is the management API of one environment.
type API struct {
	Options
	rpcs map[string]rpc
	wire http.Handler // gRPC, gRPC-Web and Connect
	rest []route
}

// rpc is one method of a service.
type rpc struct {
	procedure string // /scalekit.v1.<package>.<Service>/<Method>
	request   func() proto.Message
	call      func(ctx context.Context, request proto.Message) (proto.Message, error)
	rules     []rule // of REST
}

// New returns the API.
func New(o Options) *API {
	a := &API{Options: o, rpcs: map[string]rpc{}}
	if a.Effective == nil {
		a.Effective = func(c directory.Connection) directory.Connection { return c }
	}
	for _, service := range [][]rpc{a.organizations(), a.connections(), a.domains(), a.users(), a.clients()} {
		for _, r := range service {
			a.rpcs[r.procedure] = r
			for _, rule := range r.rules {
				a.rest = append(a.rest, newRoute(rule, r))
			}
		}
	}
	sortRoutes(a.rest)
	a.wire = a.newWire()
	return a
}

// Services are the full names of the services that are served.
func Services() []string {
	return []string{
		"scalekit.v1.organizations.OrganizationService", "scalekit.v1.connections.ConnectionService", "scalekit.v1.domains.DomainService",
		"scalekit.v1.users.UserService", "scalekit.v1.clients.ClientService",
	}
}

// message is a pointer to a generated message.
type message[T any] interface {
	*T
	proto.Message
}

// unary makes a method of serve. Its request has been authorized and satisfies the constraints of its fields.
func unary[Req, Res any, PReq message[Req], PRes message[Res]](procedure string, serve func(context.Context, PReq) (PRes, error), rules ...rule) rpc {
	procedure = "/scalekit.v1." + procedure
	return rpc{
		procedure: procedure, rules: rules,
		request: func() proto.Message { return PReq(new(Req)) },
		call: func(ctx context.Context, m proto.Message) (proto.Message, error) {
			if err := validate(m); err != nil {
				return nil, err
			}
			answer, err := serve(ctx, m.(PReq))
			if err != nil {
				return nil, err
			}
			return answer, nil
		},
	}
}

// ServeRPC serves gRPC, gRPC-Web and Connect below /scalekit.v1.
func (a *API) ServeRPC(w http.ResponseWriter, r *http.Request) {
	if !spoken(r.Header.Get("Content-Type")) { // connect-go would answer 415 without a word
		w.Header().Set("Accept-Post", "application/grpc, application/grpc-web, application/json, application/proto")
		writeJSONError(w, http.StatusUnsupportedMediaType, connect.CodeInvalidArgument.String(), "the body is neither gRPC nor Connect: send application/grpc, application/proto or application/json")
		return
	}
	// Read here, since connect-go takes a body that breaks off for a failure of the server.
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(a.MaxBody)+1))
	if _, large := errors.AsType[*http.MaxBytesError](err); large || len(body) > a.MaxBody {
		writeJSONError(w, http.StatusRequestEntityTooLarge, connect.CodeResourceExhausted.String(), "the body is larger than is served here")
		return
	}
	if err != nil {
		writeJSONError(w, http.StatusBadRequest, connect.CodeInvalidArgument.String(), "the body could not be read")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a.wire.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), procedureKey{}, r.URL.Path)))
}

// spoken tells whether a content type is one of the protocols served.
func spoken(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	for _, protocol := range []string{"application/grpc", "application/grpc-web"} {
		for _, codec := range []string{"", "+proto", "+json"} {
			if mediaType == protocol+codec {
				return true
			}
		}
	}
	return mediaType == "application/json" || mediaType == "application/proto"
}

// authorize lets requests with a good access token pass.
func (a *API) authorize(ctx context.Context, h http.Header) error {
	token, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !ok || strings.TrimSpace(token) == "" {
		return Errorf(connect.CodeUnauthenticated, "Token empty")
	}
	if err := a.Authorize(ctx, strings.TrimSpace(token)); err != nil {
		return &Error{Code: connect.CodeUnauthenticated, Message: "Token invalid", Err: err}
	}
	return nil
}
