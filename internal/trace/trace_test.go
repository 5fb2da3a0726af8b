package trace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/trace"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func recorder(keep int) *trace.Recorder {
	var mu sync.Mutex
	n := 0
	return trace.NewRecorder(trace.Options{Now: func() time.Time { return noon }, Keep: keep, ID: func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return "s" + strconv.Itoa(n)
	}})
}

// chain is a toy of the real chain: each point of a party answers by its function.
type chain struct {
	rec *trace.Recorder
	mux *http.ServeMux
}

func newChain(keep int) *chain { return &chain{rec: recorder(keep), mux: http.NewServeMux()} }

func (c *chain) on(e trace.Endpoint, f http.HandlerFunc) {
	c.mux.Handle("/"+e.Point, c.rec.Handler(e, f))
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", to); w.WriteHeader(302) }
}

func (c *chain) get(target string, header ...string) *httptest.ResponseRecorder {
	return c.send(http.MethodGet, target, nil, header...)
}

func (c *chain) send(method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.mux.ServeHTTP(w, r)
	return w
}

func points(s trace.SignIn) []string {
	var out []string
	for _, h := range s.Hops {
		out = append(out, h.Point)
	}
	return out
}

// standard mounts: the app's start, an authorization endpoint, a callback, a token endpoint and userInfo.
func standard(c *chain) {
	c.on(trace.Endpoint{Party: trace.App, Point: "app.login", Channel: trace.Front, Starts: true}, func(w http.ResponseWriter, r *http.Request) {
		redirect("http://op/authorize?state="+r.URL.Query().Get("with"))(w, r)
	})
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.authorize", Channel: trace.Front, Starts: true}, func(w http.ResponseWriter, r *http.Request) {
		redirect("http://app/cb?code="+r.URL.Query().Get("issue")+"&state="+r.URL.Query().Get("state"))(w, r)
	})
	c.on(trace.Endpoint{Party: trace.App, Point: "app.callback", Channel: trace.Front}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.token", Channel: trace.Back}, func(w http.ResponseWriter, r *http.Request) {
		trace.Annotate(r.Context(), func(s *trace.SignIn) { s.Outcome = trace.Completed })
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, `{"access_token":"access-%s","id_token":"id-%[1]s","refresh_token":"refresh-%[1]s"}`, r.PostForm.Get("code"))
	})
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.userinfo", Channel: trace.Back}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.keys", Channel: trace.Back}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
}

func TestJoinedByStateCodeAndToken(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.get("/app.login?with=state-value-1")
	c.get("/op.authorize?state=state-value-1&issue=code-value-000001")
	c.get("/app.callback?code=code-value-000001&state=state-value-1")
	c.send(http.MethodPost, "/op.token", url.Values{"code": {"code-value-000001"}})
	c.get("/op.userinfo", "Authorization", "Bearer access-code-value-000001")
	c.send(http.MethodPost, "/op.token", url.Values{"refresh_token": {"refresh-code-value-000001"}})
	c.get("/op.keys")
	require.Len(t, c.rec.SignIns(), 1)
	s := c.rec.SignIns()[0]
	require.Equal(t, []string{"app.login", "op.authorize", "app.callback", "op.token", "op.userinfo", "op.token"}, points(s))
	require.Equal(t, trace.Browser, s.Hops[0].From)
	require.Equal(t, trace.App, s.Hops[3].From)
	require.Equal(t, trace.Completed, s.Outcome)
	loose := c.rec.Loose()
	require.Len(t, loose, 1, "keys fetched by nobody in particular belong to no sign-in")
	require.Equal(t, "op.keys", loose[0].Point)
}

func TestTwoAtATimeStayApart(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	for _, step := range []string{"/app.login?with=state-%s", "/op.authorize?state=state-%s&issue=code-value-0000%s", "/app.callback?code=code-value-0000%s&state=state-%s"} {
		for _, who := range []string{"a", "b"} {
			c.get(strings.ReplaceAll(step, "%s", who))
		}
	}
	all := c.rec.SignIns()
	require.Len(t, all, 2)
	for _, s := range all {
		require.Equal(t, []string{"app.login", "op.authorize", "app.callback"}, points(s))
	}
	require.Contains(t, all[1].Hops[0].URL, "state-a")
	require.Contains(t, all[1].Hops[2].URL, "0000a")
}

// Some apps send the same state every time, so it must not lead back into an earlier sign-in.
func TestAStaticStateInManySignIns(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	for i := range 3 {
		code := fmt.Sprintf("code-value-00000%d", i)
		c.get("/op.authorize?state=static&issue=" + code)
		c.get("/app.callback?code=" + code + "&state=static")
		c.send(http.MethodPost, "/op.token", url.Values{"code": {code}})
	}
	all := c.rec.SignIns()
	require.Len(t, all, 3)
	for _, s := range all {
		require.Equal(t, []string{"op.authorize", "app.callback", "op.token"}, points(s))
	}
}

// One left at another party's page and begun again with the same state is two sign-ins.
func TestAStaticStateOfAnAbandonedSignIn(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.on(trace.Endpoint{Party: trace.IdP, Point: "idp.login", Channel: trace.Front}, func(http.ResponseWriter, *http.Request) {})
	c.get("/op.authorize?state=static&issue=code-value-000001")
	c.get("/idp.login?state=static")
	c.get("/op.authorize?state=static&issue=code-value-000002")
	all := c.rec.SignIns()
	require.Len(t, all, 2)
	require.Equal(t, []string{"op.authorize", "idp.login"}, points(all[1]))
	require.Equal(t, []string{"op.authorize"}, points(all[0]))
}

func TestANewStartAfterTheEndIsAnother(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.fail", Channel: trace.Front}, func(w http.ResponseWriter, r *http.Request) {
		trace.Fail(r.Context(), "Refused, because.")
		trace.Fail(r.Context(), "Again.")
		w.WriteHeader(400)
	})
	c.get("/op.authorize?state=first-state&issue=code-value-000001")
	c.get("/op.fail?state=first-state")
	c.get("/op.authorize?state=first-state&issue=code-value-000002")
	all := c.rec.SignIns()
	require.Len(t, all, 2)
	require.Equal(t, trace.Failed, all[1].Outcome)
	require.Equal(t, "Refused, because.", all[1].Failure, "the first reason is the reason")
	require.Equal(t, []string{"op.authorize", "op.fail"}, points(all[1]))
	require.Equal(t, trace.Open, all[0].Outcome)
}

func TestShortValuesJoinNothing(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.get("/op.authorize?issue=short")
	c.get("/app.callback?code=short")
	require.Equal(t, []string{"op.authorize"}, points(c.rec.SignIns()[0]))
}

// A call made while serving is joined by the connection it comes over; nothing is added to the wire.
func TestBackChannelCallsAreJoined(t *testing.T) {
	t.Parallel()
	rec := recorder(0)
	var wire http.Header
	inner := httptest.NewServer(rec.Handler(trace.Endpoint{Party: trace.Scalekit, Point: "sk.keys", Channel: trace.Back}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire = r.Header.Clone()
		trace.Note(r.Context(), "gave the keys")
	})))
	t.Cleanup(inner.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: rec.Transport(trace.Cognito, transport)}
	outer := rec.Handler(trace.Endpoint{Party: trace.Cognito, Point: "op.callback", Channel: trace.Front, Starts: true}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, inner.URL, nil)
		if err == nil {
			if resp, err := client.Do(req); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
		trace.Annotate(r.Context(), func(s *trace.SignIn) { s.Email = r.URL.Query().Get("login_hint") })
	}))
	for i := range 3 { // over one kept-alive connection
		w := httptest.NewRecorder()
		outer.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/?login_hint=p%d@example.com", i), nil))
	}
	resp, err := client.Get(inner.URL) // outside of any request
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	all := rec.SignIns()
	require.Len(t, all, 3)
	for i, s := range all {
		require.Equal(t, fmt.Sprintf("p%d@example.com", 2-i), s.Email)
		require.Equal(t, []string{"op.callback", "sk.keys"}, points(s))
		require.Equal(t, trace.Cognito, s.Hops[1].From)
		require.Equal(t, []string{"gave the keys"}, s.Hops[1].Notes)
	}
	require.Len(t, rec.Loose(), 1)
	require.Equal(t, trace.Cognito, rec.Loose()[0].From)
	for name := range wire {
		require.Contains(t, []string{"Accept-Encoding", "User-Agent"}, name)
	}
}

// A caller's note is taken back when the call ends, also when nobody of the lab was called: a later caller from the
// same port must not be filed under it.
func TestCallsToOthersLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	rec := recorder(0)
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(foreign.Close)
	var mu sync.Mutex
	var remembered []string
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: rec.Transport(trace.Cognito, noteLocal{transport, &mu, &remembered})}
	serve := rec.Handler(trace.Endpoint{Party: trace.Cognito, Point: "op.start", Channel: trace.Front, Starts: true}, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, foreign.URL, nil)
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}))
	serve.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	require.NotEmpty(t, remembered)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = remembered[0]
	rec.Handler(trace.Endpoint{Party: trace.App, Point: "app.other", Channel: trace.Front}, http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	require.Len(t, rec.Loose(), 1)
	require.Equal(t, trace.Browser, rec.Loose()[0].From)
}

// noteLocal asks for the local address of each connection, as the foreign server would see it.
type noteLocal struct {
	base  http.RoundTripper
	mu    *sync.Mutex
	local *[]string
}

func (n noteLocal) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := n.base.RoundTrip(withConnNote(req, func(addr string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		*n.local = append(*n.local, addr)
	}))
	return resp, err
}

func TestEviction(t *testing.T) {
	t.Parallel()
	c := newChain(2)
	standard(c)
	for i := range 5 {
		code := fmt.Sprintf("code-value-00000%d", i)
		c.get(fmt.Sprintf("/op.authorize?state=state-%d&issue=%s", i, code))
	}
	all := c.rec.SignIns()
	require.Len(t, all, 2)
	require.Equal(t, []string{"s5", "s4"}, []string{all[0].ID, all[1].ID})
	_, ok := c.rec.SignIn("s1")
	require.False(t, ok)
	c.get("/app.callback?code=code-value-000000&state=state-0")
	c.get("/app.callback?code=code-value-000004&state=state-4")
	require.Len(t, c.rec.Loose(), 1, "the values of an evicted sign-in lead nowhere")
	s, ok := c.rec.SignIn("s5")
	require.True(t, ok)
	require.Len(t, s.Hops, 2)
	c.rec.Reset()
	require.Empty(t, c.rec.SignIns())
	require.Empty(t, c.rec.Loose())
	c.get("/app.callback?code=code-value-000004&state=state-4")
	require.Len(t, c.rec.Loose(), 1)
}

func TestLooseAndHopsAreBounded(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.get("/op.authorize?state=the-state&issue=code-value-000001")
	for range 150 {
		c.get("/op.keys")
		c.get("/app.callback?code=code-value-000001")
	}
	require.Len(t, c.rec.Loose(), 50)
	require.Len(t, c.rec.SignIns()[0].Hops, 100)
}

func TestBodies(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	var seen int
	c.on(trace.Endpoint{Party: trace.App, Point: "in", Channel: trace.Back}, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen = len(b)
		_, _ = io.WriteString(w, strings.Repeat("y", 40<<10))
	})
	c.on(trace.Endpoint{Party: trace.App, Point: "page", Channel: trace.Front}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<p>page</p>")
	})
	c.on(trace.Endpoint{Party: trace.App, Point: "abort", Channel: trace.Back}, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	w := c.send(http.MethodPost, "/in", url.Values{"x": {strings.Repeat("z", 40<<10)}})
	require.Equal(t, 40<<10, w.Body.Len(), "what is kept is cut, what is served is not")
	require.Equal(t, 40<<10+2, seen)
	require.Equal(t, "<p>page</p>", c.get("/page").Body.String())
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { c.get("/abort") })
	r := httptest.NewRequest(http.MethodOptions, "/in", nil)
	c.mux.ServeHTTP(httptest.NewRecorder(), r)
	loose := c.rec.Loose()
	require.Len(t, loose, 3, "a preflight is not recorded")
	require.Len(t, loose[0].RequestBody, 16<<10)
	require.Len(t, loose[0].ResponseBody, 16<<10)
	require.Empty(t, loose[1].ResponseBody, "pages are not kept")
	require.Equal(t, 200, loose[1].Status)
	require.Equal(t, "the connection was closed without an answer", loose[2].Failure)
}

func TestEventsAndWait(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "op.done", Channel: trace.Front, Starts: true}, func(_ http.ResponseWriter, r *http.Request) {
		trace.Annotate(r.Context(), func(s *trace.SignIn) { s.Outcome = trace.Completed })
		trace.Annotate(r.Context(), func(s *trace.SignIn) { s.Outcome = trace.Completed })
	})
	after := c.rec.Seq()
	got := make(chan trace.Event, 1)
	go func() {
		e, err := c.rec.Wait(t.Context(), after, func(e trace.Event) bool { return e.Name == "signin.completed" })
		if err == nil {
			got <- e
		}
	}()
	c.get("/op.keys")
	c.get("/op.done")
	e := <-got
	require.Equal(t, "s1", e.SignIn)
	require.Greater(t, e.Seq, after)
	e, err := c.rec.Wait(t.Context(), after, func(e trace.Event) bool { return e.Name == "op.done" })
	require.NoError(t, err, "what was, is found too")
	require.Equal(t, 200, e.Status)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.rec.Wait(ctx, e.Seq, func(trace.Event) bool { return true })
	require.ErrorIs(t, err, context.Canceled)
}

func TestOutsideOfARequest(t *testing.T) {
	t.Parallel()
	trace.Note(t.Context(), "n")
	trace.Fail(t.Context(), "f")
	trace.Annotate(t.Context(), func(*trace.SignIn) { t.Fatal("there is no sign-in") })
	require.Empty(t, trace.ID(t.Context()))
}

func TestConcurrentSignIns(t *testing.T) {
	t.Parallel()
	c := newChain(1000)
	standard(c)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			code := fmt.Sprintf("code-value-%06d", i)
			c.get(fmt.Sprintf("/op.authorize?state=state-%d&issue=%s", i, code))
			c.get("/app.callback?code=" + code)
			c.send(http.MethodPost, "/op.token", url.Values{"code": {code}})
			c.rec.SignIns()
		})
	}
	group.Wait()
	all := c.rec.SignIns()
	require.Len(t, all, 50)
	for _, s := range all {
		require.Equal(t, []string{"op.authorize", "app.callback", "op.token"}, points(s))
	}
}

func TestViewIsJSONWithoutNulls(t *testing.T) {
	t.Parallel()
	c := newChain(0)
	standard(c)
	c.get("/op.authorize?state=the-state&issue=code-value-000001")
	b, err := json.Marshal(c.rec.SignIns()[0].View())
	require.NoError(t, err)
	require.NotContains(t, string(b), "null")
	require.Contains(t, string(b), `"started":"2026-01-02T12:00:00Z"`)
	b, err = json.Marshal(trace.SignIn{}.View())
	require.NoError(t, err)
	require.Contains(t, string(b), `"hops":[]`)
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	c := newChain(3)
	c.on(trace.Endpoint{Party: trace.Cognito, Point: "start", Channel: trace.Front, Starts: true}, redirect("http://app/?state=the-same&fill="+strings.Repeat("r", 60<<10)))
	c.on(trace.Endpoint{Party: trace.App, Point: "next", Channel: trace.Front}, func(w http.ResponseWriter, r *http.Request) {
		trace.Note(r.Context(), strings.Repeat("n", 60<<10))
	})
	c.get("/start?state=the-same&fill="+strings.Repeat("q", 60<<10), "X-Large", strings.Repeat("h", 60<<10))
	for range 200 {
		c.get("/next?state=the-same&fill="+strings.Repeat("q", 60<<10), "X-Large", strings.Repeat("h", 60<<10))
	}
	all := c.rec.SignIns()
	require.Len(t, all, 1, "a long address still leads to its sign-in")
	view, err := json.Marshal(all[0].View())
	require.NoError(t, err)
	require.Greater(t, len(all[0].Hops), 10)
	require.Less(t, len(view), 2<<20)
	require.Contains(t, all[0].Hops[0].URL, "…", "what was cut says so")
}
