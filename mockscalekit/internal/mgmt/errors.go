package mgmt

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/errdetails"
)

// Error is why a call fails.
type Error struct {
	Code       connect.Code
	Message    string
	Violations []Violation // of a request that does not satisfy the constraints of its fields
	Err        error       // cause; never sent
}

// Violation is a field that breaks a constraint.
type Violation struct {
	Field       string // path in the request: organization.display_name
	Description string
	Constraint  string // id of the rule: string.min_len
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a code and a message.
func Errorf(code connect.Code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// asError gives every error a code.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	for kind, code := range map[error]connect.Code{
		directory.ErrNotFound: connect.CodeNotFound, directory.ErrConflict: connect.CodeAlreadyExists, directory.ErrInvalid: connect.CodeInvalidArgument,
	} {
		if errors.Is(err, kind) {
			return &Error{Code: code, Message: err.Error()}
		}
	}
	return &Error{Code: connect.CodeInternal, Message: "mock Scalekit failed; see its log", Err: err}
}

// info is the detail that every error carries.
func (e *Error) info() *errdetails.ErrorInfo {
	info := &errdetails.ErrorInfo{ErrorCode: strings.ToUpper(e.Code.String())}
	if len(e.Violations) > 0 {
		info.ValidationErrorInfo = &errdetails.ValidationErrorInfo{}
		for _, v := range e.Violations {
			info.ValidationErrorInfo.FieldViolations = append(info.ValidationErrorInfo.FieldViolations,
				&errdetails.ValidationErrorInfo_FieldViolation{Field: v.Field, Description: v.Description, Constraint: v.Constraint})
		}
	}
	return info
}

// onWire is an error for connect-go, with its detail.
func onWire(err error) error {
	e := asError(err)
	out := connect.NewError(e.Code, errors.New(e.Message))
	if detail, err := connect.NewErrorDetail(e.info()); err == nil {
		out.AddDetail(detail)
	}
	return out
}

// details is the detail for REST.
func (e *Error) details() ([]*anypb.Any, error) {
	detail, err := anypb.New(e.info())
	return []*anypb.Any{detail}, err
}

// statuses maps codes of gRPC to HTTP (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
var statuses = map[connect.Code]int{
	connect.CodeCanceled: 499, connect.CodeUnknown: http.StatusInternalServerError, connect.CodeInvalidArgument: http.StatusBadRequest,
	connect.CodeDeadlineExceeded: http.StatusGatewayTimeout, connect.CodeNotFound: http.StatusNotFound,
	connect.CodeAlreadyExists: http.StatusConflict, connect.CodePermissionDenied: http.StatusForbidden,
	connect.CodeResourceExhausted: http.StatusTooManyRequests, connect.CodeFailedPrecondition: http.StatusBadRequest,
	connect.CodeAborted: http.StatusConflict, connect.CodeOutOfRange: http.StatusBadRequest, connect.CodeUnimplemented: http.StatusNotImplemented,
	connect.CodeInternal: http.StatusInternalServerError, connect.CodeUnavailable: http.StatusServiceUnavailable,
	connect.CodeDataLoss: http.StatusInternalServerError, connect.CodeUnauthenticated: http.StatusUnauthorized,
}
