package party_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

func TestCookieNames(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]web.Cookies{
		"http://localhost:9401":                                {Suffix: "-9401"},
		"http://127.0.0.1:9401":                                {Suffix: "-9401"},
		"http://[::1]:9401":                                    {Suffix: "-9401"},
		"https://localhost:9443":                               {Suffix: "-9443", Secure: true},
		"https://ssolab.auth.us-east-1.localhost:9443":         {Secure: true},
		"https://ssolab.auth.us-east-1.amazoncognito.com":      {Secure: true},
		"http://localhost":                                     {},
		"https://ssolab.auth.us-east-1.amazoncognito.com:9443": {Secure: true},
		"://": {},
	} {
		require.Equal(t, want, party.Cookies(base), base)
	}
}

func TestClientDoesNotFollowRedirectsAndHasADeadline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			if r.URL.Path == "/slow-body" {
				_ = http.NewResponseController(w).Flush()
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	kit := party.NewKit(lab.New(lab.Options{}), nil, nil)
	t.Cleanup(func() { require.NoError(t, kit.Close()) })
	resp, err := kit.Client(trace.Cognito, 10*time.Second).Get(srv.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusFound, resp.StatusCode)
	resp, err = kit.Client(trace.Cognito, 10*time.Millisecond).Get(srv.URL + "/slow")
	if err == nil {
		_ = resp.Body.Close()
	}
	require.True(t, os.IsTimeout(err), "%v", err)
	resp, err = kit.Client(trace.Cognito, time.Second).Get(srv.URL + "/slow-body")
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.NoError(t, resp.Body.Close())
	require.True(t, os.IsTimeout(err), "%v", err)
}
