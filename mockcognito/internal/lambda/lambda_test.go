package lambda_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/lambda"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:pre-sign-up"

// sent keeps the requests that a client makes.
type sent struct {
	base http.RoundTripper
	list []*http.Request
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.list = append(s.list, r)
	return s.base.RoundTrip(r)
}

// serve is a Lambda endpoint, and a client that keeps what it sends there.
func serve(t *testing.T, answer http.HandlerFunc) (*lambda.Client, *sent) {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	kept := &sent{base: srv.Client().Transport}
	return &lambda.Client{HTTP: &http.Client{Transport: kept}, Endpoint: srv.URL}, kept
}

func TestInvokeIsTheLambdaAPI(t *testing.T) {
	t.Parallel()
	c, seen := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	answer, err := c.Invoke(t.Context(), arn, []byte(`{"version":"1"}`))
	require.NoError(t, err)
	require.Equal(t, `{"version":"1"}`, string(answer))
	require.Len(t, seen.list, 1)
	r := seen.list[0]
	require.Equal(t, "POST /2015-03-31/functions/pre-sign-up/invocations", r.Method+" "+r.URL.RequestURI())
	require.Equal(t, "RequestResponse", r.Header.Get("X-Amz-Invocation-Type"))
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
}

func TestAddressOfAFunction(t *testing.T) {
	t.Parallel()
	c := &lambda.Client{Endpoint: "http://127.0.0.1:3001", Functions: map[string]string{"own": "http://localhost:9000/own", arn + ":live": "http://localhost:9000/live"}}
	for name, want := range map[string]string{
		arn:           "http://127.0.0.1:3001/2015-03-31/functions/pre-sign-up/invocations",
		arn + ":prod": "http://127.0.0.1:3001/2015-03-31/functions/pre-sign-up/invocations?Qualifier=prod",
		arn + ":live": "http://localhost:9000/live",
		"own":         "http://localhost:9000/own",
		"arn:aws:lambda:eu-west-1:123456789012:function:own": "http://localhost:9000/own",
		"bare": "http://127.0.0.1:3001/2015-03-31/functions/bare/invocations",
	} {
		require.Equal(t, want, c.Address(name), name)
	}
	c.Endpoint = ""
	require.Empty(t, c.Address(arn))
	_, err := c.Invoke(t.Context(), arn, nil)
	require.ErrorContains(t, err, "ResourceNotFoundException: the lab has no address for the function "+arn)
}

func TestErrorsOfAnInvocation(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const thrown = `{"errorMessage":"no","errorType":"Error"}`
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   error
		tries  int
	}{
		"thrown":                     {answer(200, thrown, "X-Amz-Function-Error", "Unhandled"), &lambda.FunctionError{Type: "Error", Message: "no"}, 1},
		"thrown, without the header": {answer(200, thrown), &lambda.FunctionError{Type: "Error", Message: "no"}, 1},
		"crashed in the emulator":    {answer(502, thrown), &lambda.FunctionError{Type: "Error", Message: "no"}, 1},
		"timed out in the emulator":  {answer(200, "Task timed out after 3.00 seconds"), &lambda.FunctionError{Type: "Sandbox.Timedout", Message: "Task timed out after 3.00 seconds"}, 1},
		"marked, and no JSON":        {answer(200, "boom", "X-Amz-Function-Error", "Unhandled"), &lambda.FunctionError{Type: "Unhandled", Message: "boom"}, 1},
		"no such function":           {answer(404, `{"Type":"User"}`, "X-Amzn-Errortype", "ResourceNotFoundException:http://x"), &lambda.InvokeError{Reason: "ResourceNotFoundException"}, 1},
		"forbidden":                  {answer(403, ""), &lambda.InvokeError{Reason: "AccessDeniedException"}, 1},
		"5xx is not tried again":     {answer(500, "down"), &lambda.InvokeError{Reason: "ServiceException"}, 1},
		"throttled is tried again":   {answer(429, ""), &lambda.InvokeError{Reason: "TooManyRequestsException"}, 3},
		"redirect":                   {answer(302, "", "Location", "http://127.0.0.1:1/"), &lambda.InvokeError{Reason: "ServiceException"}, 1},
		"too large":                  {answer(200, strings.Repeat("x", 6<<20+1)), lambda.ErrTooLarge, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := serve(t, tc.answer)
			c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			_, err := c.Invoke(t.Context(), arn, []byte("{}"))
			if want, ok := tc.want.(*lambda.InvokeError); ok {
				var got *lambda.InvokeError
				require.ErrorAs(t, err, &got)
				require.Equal(t, want.Reason, got.Reason)
			} else {
				require.Equal(t, tc.want, err)
			}
			require.Len(t, seen.list, tc.tries)
		})
	}
}

func TestAnEventThatTalksOfErrorsIsNoError(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	const event = `{"triggerSource":"PreSignUp_SignUp","errorMessage":"kept"}`
	answer, err := c.Invoke(t.Context(), arn, []byte(event))
	require.NoError(t, err)
	require.Equal(t, event, string(answer))
}

func TestNoAnswerInTimeIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c, seen := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	c.HTTP.Timeout = 20 * time.Millisecond
	_, err := c.Invoke(t.Context(), arn, []byte("{}"))
	var got *lambda.InvokeError
	require.ErrorAs(t, err, &got)
	require.Equal(t, lambda.SocketTimeout, got.Reason)
	require.Len(t, seen.list, 3)
}

func TestTheSecondTryMaySucceed(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(w, r.Body)
	})
	answer, err := c.Invoke(t.Context(), arn, []byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, `{}`, string(answer))
	require.Len(t, seen.list, 2)
}
