// Package oauth2 holds the words of RFC 6749 and its extensions that more than one party speaks: error codes, the
// Error value, grant types, and the names of parameters.
package oauth2

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
)

// Code is a value of the "error" parameter.
type Code string

// Error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1 and OIDC Core §3.1.2.6.
const (
	InvalidRequest       Code = "invalid_request"
	InvalidClient        Code = "invalid_client"
	InvalidGrant         Code = "invalid_grant"
	UnauthorizedClient   Code = "unauthorized_client"
	UnsupportedGrantType Code = "unsupported_grant_type"
	UnsupportedTokenType Code = "unsupported_token_type"
	InvalidScope         Code = "invalid_scope"
	InvalidToken         Code = "invalid_token"
	AccessDenied         Code = "access_denied"
	LoginRequired        Code = "login_required"
	ServerError          Code = "server_error"
)

// Grant types of RFC 6749.
const (
	GrantAuthorizationCode = "authorization_code" // §4.1.3
	GrantRefreshToken      = "refresh_token"      // §6
	GrantClientCredentials = "client_credentials" // §4.4.2
)

// Error is an OAuth error: what the client sees, and the cause that only the log sees.
type Error struct {
	Code        Code
	Description string // "error_description"; may be empty
	Status      int    // HTTP status where the answer is not a redirect; 0 means 400
	Err         error  // cause; logged, never sent
}

// Errorf returns an *Error as an error.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Description: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Description != "" {
		s += ": " + e.Description
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus is the status of a direct answer.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	return http.StatusBadRequest
}

// LogValue implements slog.LogValuer.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// AsError returns the *Error in err, or a server_error with status 500 that keeps err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: ServerError, Status: http.StatusInternalServerError, Err: err}
}

// PKCE (RFC 7636 §4.2).
const (
	MethodS256  = "S256"
	MethodPlain = "plain"
)
