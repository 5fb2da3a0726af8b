package userpool

import (
	"errors"
	"fmt"
)

// Code is the exception class by which the user pools API names an error.
type Code string

// The classes that this package's rules answer.
const (
	AliasExists        Code = "AliasExistsException"
	DuplicateProvider  Code = "DuplicateProviderException"
	GroupExists        Code = "GroupExistsException"
	InvalidOAuthFlow   Code = "InvalidOAuthFlowException"
	InvalidParameter   Code = "InvalidParameterException"
	InvalidPassword    Code = "InvalidPasswordException"
	LimitExceeded      Code = "LimitExceededException"
	PasswordHistory    Code = "PasswordHistoryPolicyViolationException"
	ResourceNotFound   Code = "ResourceNotFoundException"
	ScopeDoesNotExist  Code = "ScopeDoesNotExistException"
	UserNotFound       Code = "UserNotFoundException"
	UsernameExists     Code = "UsernameExistsException"
	UnsupportedState   Code = "UnsupportedUserStateException"
	UnsupportedIdPType Code = "UnsupportedIdentityProviderException"
)

// Error is a rule of the service that a request breaks, with the service's text.
type Error struct {
	Code    Code
	Message string
}

// Error implements error.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf returns an *Error.
func Errorf(code Code, format string, args ...any) error {
	return &Error{code, fmt.Sprintf(format, args...)}
}

// IsCode tells whether err is an *Error of that class.
func IsCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// errUserNotFound is the answer for a user who is not there.
var errUserNotFound error = &Error{UserNotFound, "User does not exist."}
