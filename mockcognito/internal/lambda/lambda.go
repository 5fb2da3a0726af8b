// Package lambda calls functions by the Invoke operation of the Lambda API, as the service does for the triggers of a user
// pool: synchronously, with 5 seconds for an answer, and again where another try may help.
//
//	event ─► POST /2015-03-31/functions/{name}/invocations ─┬─ 200 ──────────────────────► the function's answer
//	         (or the URL that was given for the function)   ├─ X-Amz-Function-Error ─────► *FunctionError: it threw
//	                                                        ├─ 4xx, 5xx ─────────────────► *InvokeError, at once
//	                                                        └─ 429, no answer in time ───► again, three times in all,
//	                                                                                       then *InvokeError
//
// `sam local start-lambda`, the runtime interface emulator and any HTTP server that takes the same request serve a function.
// The emulator leaves the header of an error out, so that an answer of the form of an error is one without it too.
//
// Sources: AWS Lambda API reference (Invoke), Amazon Cognito developer guide (Lambda triggers: things to know), source of the
// runtime interface emulator.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/trace"
)

// Limit is how long a function may take to answer, each time it is tried.
const Limit = 5 * time.Second

const (
	tries     = 3
	maxAnswer = 6 << 20 // bytes of an answer, the service's own limit for a synchronous call
)

// SocketTimeout is the reason of an InvokeError when no answer came in time.
const SocketTimeout = "Socket timeout while invoking Lambda function"

// FunctionError is what a function threw.
type FunctionError struct {
	Type    string // errorType
	Message string // errorMessage
}

func (e *FunctionError) Error() string { return "the function threw " + e.Type + ": " + e.Message }

// InvokeError tells that a function could not be run, or did not answer in time.
type InvokeError struct {
	Reason string // what the service names: an exception of the Lambda API, or SocketTimeout
	Err    error  // what happened, for the log
}

func (e *InvokeError) Error() string { return e.Reason + ": " + e.Err.Error() }
func (e *InvokeError) Unwrap() error { return e.Err }

// ErrTooLarge is an answer over the limit.
var ErrTooLarge = errors.New("the answer is larger than 6 MB")

// Client calls functions. HTTP gives each call its time and records it.
type Client struct {
	HTTP *http.Client
	// Endpoint is where the Lambda API is served, without trailing slash; empty: nowhere.
	Endpoint string
	// Functions have an address of their own: name or ARN → URL that takes the event.
	Functions map[string]string
}

// Address is where the function of an ARN takes its events; empty: the lab does not know.
func (c *Client) Address(arn string) string {
	name, qualifier := Name(arn)
	if to := c.Functions[arn]; to != "" {
		return to
	}
	if to := c.Functions[name]; to != "" {
		return to
	}
	if c.Endpoint == "" {
		return ""
	}
	to := c.Endpoint + "/2015-03-31/functions/" + url.PathEscape(name) + "/invocations"
	if qualifier != "" {
		to += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	return to
}

// Name is the name of the function that an ARN names, with its version or alias if there is one:
// arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]. What is no such ARN is a name.
func Name(arn string) (name, qualifier string) {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || parts[0] != "arn" || parts[5] != "function" {
		return arn, ""
	}
	if len(parts) > 7 {
		qualifier = parts[7]
	}
	return parts[6], qualifier
}

// Invoke runs the function of an ARN with an event and returns its answer.
func (c *Client) Invoke(ctx context.Context, arn string, event []byte) ([]byte, error) {
	to := c.Address(arn)
	if to == "" {
		err := fmt.Errorf("the lab has no address for the function %s: set lambda.endpoint, or name it in lambda.functions", arn)
		return nil, &InvokeError{"ResourceNotFoundException", err}
	}
	var last error
	for try := 1; try <= tries; try++ {
		answer, again, err := c.try(ctx, to, event)
		if !again || ctx.Err() != nil {
			return answer, err
		}
		last = err
		trace.Note(ctx, fmt.Sprintf("try %d of %d to call %s failed: %v", try, tries, arn, err))
	}
	return nil, last
}

// try calls a function once; again tells that another try may help.
func (c *Client) try(ctx context.Context, to string, event []byte) (answer []byte, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(event))
	if err != nil {
		return nil, false, &InvokeError{"ResourceNotFoundException", err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	req.Header.Set("User-Agent", "Amazon/Cognito")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, true, unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, true, unreachable(err)
	}
	if thrown := thrown(resp, body); thrown != nil {
		return nil, false, thrown
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		return nil, true, refusal(resp, body)
	case resp.StatusCode != http.StatusOK:
		return nil, false, refusal(resp, body)
	case len(body) > maxAnswer:
		return nil, false, ErrTooLarge
	}
	return body, false, nil
}

// unreachable is a call without an answer. Unverified: the reason where the connection broke; the real service's are to
// Lambda itself and were not seen to break.
func unreachable(err error) error {
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return &InvokeError{SocketTimeout, err}
	}
	return &InvokeError{"ServiceException", err}
}

// thrown is the error that a function threw, or nil.
func thrown(resp *http.Response, body []byte) error {
	var e struct {
		Message *string `json:"errorMessage"`
		Type    string  `json:"errorType"`
		Source  *string `json:"triggerSource"` // of an event: then it is the answer of one that did not throw
	}
	isError := json.Unmarshal(body, &e) == nil && e.Message != nil && e.Source == nil
	marked := resp.Header.Get("X-Amz-Function-Error")
	switch {
	case isError && (marked != "" || resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusBadGateway):
		return &FunctionError{e.Type, *e.Message}
	case marked != "":
		return &FunctionError{marked, strings.TrimSpace(string(body))}
	case resp.StatusCode == http.StatusOK && bytes.HasPrefix(body, []byte("Task timed out after ")): // the emulator's
		return &FunctionError{"Sandbox.Timedout", strings.TrimSpace(string(body))}
	}
	return nil
}

// refusal is an answer of the Lambda API's own.
func refusal(resp *http.Response, body []byte) error {
	reason, _, _ := strings.Cut(resp.Header.Get("X-Amzn-Errortype"), ":")
	if reason == "" {
		var e struct{ Type, Code string }
		if json.Unmarshal(body, &e) == nil {
			reason = e.Code
		}
	}
	if reason == "" {
		reason = defaultReason(resp.StatusCode)
	}
	return &InvokeError{reason, fmt.Errorf("the endpoint answered %d", resp.StatusCode)}
}

// defaultReason is the exception of the Lambda API with a status.
func defaultReason(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "InvalidRequestContentException"
	case http.StatusForbidden:
		return "AccessDeniedException"
	case http.StatusNotFound:
		return "ResourceNotFoundException"
	case http.StatusTooManyRequests:
		return "TooManyRequestsException"
	}
	return "ServiceException"
}
