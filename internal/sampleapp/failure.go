package sampleapp

import (
	"errors"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
)

// failure is an error with its page.
type failure struct {
	Code           string // data-error of the page: the OAuth code, or one of the app's own
	Status         int
	Sentence       string // what happened, for a person
	RawError       string // "error" as Cognito sent it
	RawDescription string // "error_description" as Cognito sent it
	Err            error  // what the library said
}

// Error implements error.
func (f *failure) Error() string {
	s := f.Code + ": " + f.Sentence
	if f.RawError != "" || f.RawDescription != "" {
		s += " (" + f.RawError + ": " + f.RawDescription + ")"
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.Err }

// Detail is the cause, for the page.
func (f *failure) Detail() string {
	if f.Err == nil {
		return ""
	}
	return f.Err.Error()
}

// tokenFailure reads the token endpoint's error (RFC 6749 §5.2) out of what x/oauth2 returns.
func tokenFailure(err error) *failure {
	f := &failure{Code: "token_request_failed", Status: http.StatusBadGateway, Err: err, Sentence: "The app could not change the code for tokens: Cognito's token endpoint gave no usable answer."}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || refused.ErrorCode == "" {
		return f
	}
	f.Code, f.RawError, f.RawDescription, f.Err = refused.ErrorCode, refused.ErrorCode, refused.ErrorDescription, nil
	switch refused.ErrorCode {
	case "invalid_client":
		f.Sentence = "Cognito's token endpoint does not accept the app's client id and secret."
	case "invalid_grant":
		f.Sentence = "Cognito's token endpoint refused the code: it was used before, has expired, or belongs to another client, callback or PKCE verifier."
	default:
		f.Sentence = "Cognito's token endpoint refused to change the code for tokens."
	}
	return f
}

// explain says what an error on the callback means. Cognito mostly sends invalid_request and puts the specific reason
// into error_description, whose text it does not promise to keep.
func explain(code, description string) string {
	switch {
	case strings.Contains(description, "invalid_scope"):
		return "Cognito refused the scopes: the app asked for one that its app client is not allowed. Allow it there, or ask for less."
	case strings.Contains(description, "unauthorized_client"):
		return "Cognito refused the flow: the app client is not allowed to use it."
	case code == "access_denied" || strings.Contains(description, "access_denied"):
		return "The sign-in was refused, or given up, at the identity provider."
	case strings.Contains(description, "attributes required"):
		return "Cognito could not make the user: the identity provider left out an attribute that the user pool requires."
	case code == "server_error" || code == "temporarily_unavailable":
		return "Cognito could not finish the sign-in because something behind it failed."
	}
	return "Cognito could not finish the sign-in and sent you back with an error."
}
