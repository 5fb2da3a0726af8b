package ssolab_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/web"
)

// patience is how long a test waits for what the server must do by itself.
const patience = 10 * time.Second

func dial(t *testing.T, l *ssolab.Lab, base string) net.Conn {
	t.Helper()
	u, err := url.Parse(base)
	require.NoError(t, err)
	at := u.Host
	if to, ok := l.Resolve()[at]; ok {
		at = to
	}
	c, err := net.DialTimeout("tcp", at, patience)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	if u.Scheme == "http" {
		return c
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(l.CA()))
	return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
}

// untilClosed reads until the server ends the connection. A test's deadline is no end.
func untilClosed(t *testing.T, c net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(c)
	var ne net.Error
	require.False(t, errors.As(err, &ne) && ne.Timeout(), "the server kept a slow client's connection")
	return string(b)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, edit, func(c *ssolab.Config) {
				c.SetLimits(300*time.Millisecond, 600*time.Millisecond, 5*time.Second)
			})
			u, err := url.Parse(l.URLs().Domain)
			require.NoError(t, err)
			for what, begin := range map[string]string{
				"silent":         "",
				"half a line":    "GET /oauth2/auth",
				"half a header":  "GET /login HTTP/1.1\r\nHost: " + u.Host + "\r\nX-A: b",
				"no end":         "GET /login HTTP/1.1\r\nHost: " + u.Host + "\r\nX-A: b\r\n",
				"half a body":    "POST /oauth2/token HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant_type=",
				"half a chunk":   "POST /oauth2/token HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n10\r\ngrant",
				"body nobody is": "POST /nowhere HTTP/1.1\r\nHost: " + u.Host + "\r\nContent-Length: 100\r\n\r\nx",
			} {
				c := dial(t, l, l.URLs().Domain)
				_, err := io.WriteString(c, begin)
				require.NoError(t, err, what)
				answer := untilClosed(t, c)
				require.NotContains(t, answer, "HTTP/1.1 5", what)
				require.NotContains(t, answer, "HTTP/1.1 200", what)
			}
		})
	}
}

// A header that comes byte by byte is cut off as well: each byte does not buy more time.
func TestADrippingHeaderIsCutOff(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) { c.SetLimits(300*time.Millisecond, time.Second, 5*time.Second) })
	c := dial(t, l, l.URLs().Domain)
	_, err := io.WriteString(c, "GET /login HTTP/1.1\r\nHost: localhost\r\n")
	require.NoError(t, err)
	drip := time.NewTicker(20 * time.Millisecond)
	defer drip.Stop()
	closed := make(chan string)
	go func() { b, _ := io.ReadAll(c); closed <- string(b) }()
	deadline := time.After(patience)
	for {
		select {
		case answer := <-closed:
			require.NotContains(t, answer, "200 OK")
			return
		case <-drip.C:
			_, _ = io.WriteString(c, "X-Drip: 1\r\n") // fails once the server has gone
		case <-deadline:
			require.Fail(t, "the server kept reading")
		}
	}
}

// A client that asks and never reads ties nothing up: the write gives up.
func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) { c.SetLimits(time.Second, 2*time.Second, 500*time.Millisecond) })
	c := dial(t, l, l.URLs().Domain)
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(4<<10))
	query := "client_id=" + l.Variable("COGNITO_CLIENT_ID") + "&response_type=code&redirect_uri=" + l.Variable("COGNITO_REDIRECT_URI")
	one := "GET /login?" + query + strings.Repeat("&a%3C=b", 4) + "&" + strings.Repeat("<", 50<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
	failed := make(chan struct{})
	go func() { // pipelined until the server does not take more, and then is gone
		defer close(failed)
		for {
			if _, err := io.WriteString(c, one); err != nil {
				return
			}
		}
	}()
	select {
	case <-failed:
	case <-time.After(patience):
		require.Fail(t, "the server waits for a client that does not read")
	}
}

func TestWaitingForEventsOutlastsTheLimits(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.SetLimits(100*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond)
	})
	begun := time.Now()
	resp, err := http.Get(l.URLs().Console + "/api/v1/events?name=never&timeout=900ms")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.GreaterOrEqual(t, time.Since(begun), 900*time.Millisecond, "the wait is as long as it was asked for")

	stream, err := http.Get(l.URLs().Console + "/api/v1/events/stream?name=reset")
	require.NoError(t, err)
	defer func() { _ = stream.Body.Close() }()
	resp, err = http.Get(l.URLs().Console + "/api/v1/events?name=never&timeout=600ms") // well past the limits
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, l.Reset(t.Context()))
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"name":"reset"`) {
			return
		}
	}
	require.Fail(t, "the stream ended before the event")
}

func TestADelayingFaultOutlastsTheLimits(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.SetLimits(10*time.Second, 10*time.Second, 200*time.Millisecond)
		c.Faults = []ssolab.FaultRule{{Fault: "route.delay", At: "cognito.keys", Params: map[string]string{"delay": "700ms"}}}
	})
	resp, err := http.Get(l.URLs().Issuer + "/.well-known/jwks.json")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestLimitsOnHeadersAndBodies(t *testing.T) {
	t.Parallel()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, edit)
			client := l.HTTPClient()
			one := client.Transport.(*http.Transport) // HTTP/2's client knows the server's limit and does not even send
			one.ForceAttemptHTTP2, one.Protocols = false, new(http.Protocols)
			one.Protocols.SetHTTP1(true)
			for size, want := range map[int]int{32 << 10: http.StatusNotFound, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
				req, err := http.NewRequest(http.MethodGet, l.URLs().Domain+"/nowhere", nil)
				require.NoError(t, err)
				req.Header.Set("X-Large", strings.Repeat("a", size))
				resp, err := client.Do(req)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, want, resp.StatusCode)
			}
			for size, want := range map[int]string{web.MaxBody - 2: "invalid_request", 1 << 20: "invalid_request"} {
				resp, err := client.Post(l.URLs().Domain+"/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader("a="+strings.Repeat("x", size)))
				if err != nil { // the server may stop reading, and close, before all is sent
					require.Equal(t, 1<<20, size, "%v", err)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusBadRequest, resp.StatusCode)
				require.Contains(t, string(body), want)
			}
		})
	}
}

// Not parallel: it measures the process. Each of many clients sends a megabyte in its body, then one in its header.
func TestMemoryIsBounded(t *testing.T) {
	const clients, most = 200, 48 << 20
	l := ssolab.Run(t)
	megabyte := strings.Repeat("a", 1<<20)
	u, err := url.Parse(l.URLs().Domain)
	require.NoError(t, err)
	flood := func(begin, end string) {
		var all sync.WaitGroup
		for range clients {
			all.Go(func() {
				c, err := net.DialTimeout("tcp", u.Host, patience)
				if err != nil {
					return
				}
				defer func() { _ = c.Close() }()
				_ = c.SetDeadline(time.Now().Add(3 * patience))
				answered := make(chan struct{})
				go func() { defer close(answered); _, _ = io.Copy(io.Discard, c) }()
				_, _ = io.WriteString(c, begin)
				_, _ = io.WriteString(c, megabyte)
				_, _ = io.WriteString(c, end)
				<-answered
			})
		}
		all.Wait()
	}
	kept := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := kept()
	head := " HTTP/1.1\r\nHost: " + u.Host + "\r\nConnection: close\r\n"
	flood("POST /oauth2/token"+head+"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1048578\r\n\r\na=", "")
	flood("GET /oauth2/authorize"+head+"X-Large: ", "\r\n\r\n")
	flood("GET /oauth2/authorize?state=", head+"\r\n")
	after := kept()
	if after > before {
		require.Less(t, after-before, uint64(most))
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapSys, uint64(512<<20), "at the peak")
	signIn(t, l, "john@example.com", "openid", "email")
}
