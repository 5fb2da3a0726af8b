package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	b := start(t)
	h, err := b.client.Health(t.Context())
	require.NoError(t, err)
	require.Equal(t, console.Health{Status: "ok", Version: "1.2.3"}, h)
	a := b.get("/api/v1/health")
	require.Equal(t, `{"status":"ok","version":"1.2.3","seq":0}`, a.body)
	require.Equal(t, "mock", a.Header.Get("X-Ssolab"))
	require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"))
	require.Empty(t, a.Header.Get("Access-Control-Allow-Origin"))
}

func TestEnv(t *testing.T) {
	t.Parallel()
	b := start(t)
	env, err := b.client.Env(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]string{"COGNITO_CLIENT_ID": "client", "COGNITO_CLIENT_SECRET": secret, "A_SENTENCE": `it's "$5"`}, env)
	require.True(t, strings.HasPrefix(b.get("/api/v1/env").body, `{"COGNITO_CLIENT_ID":`), "in the order given")
	dotenv, err := b.client.EnvText(t.Context(), "dotenv")
	require.NoError(t, err)
	require.Equal(t, "COGNITO_CLIENT_ID=client\nCOGNITO_CLIENT_SECRET="+secret+"\nA_SENTENCE=\"it's \\\"\\$5\\\"\"\n", dotenv)
	shell, err := b.client.EnvText(t.Context(), "shell")
	require.NoError(t, err)
	require.Equal(t, "export COGNITO_CLIENT_ID='client'\nexport COGNITO_CLIENT_SECRET='"+secret+"'\nexport A_SENTENCE='it'\\''s \"$5\"'\n", shell)
	require.Equal(t, "A='#b c'\n", console.Dotenv([]console.Variable{{Name: "A", Value: "#b c"}}))
	requireRefusal(t, b.get("/api/v1/env?format=xml"), http.StatusBadRequest, `"xml"`)
	requireRefusal(t, b.get("/api/v1/env?fromat=json"), http.StatusBadRequest, `unknown parameter "fromat"`)
	requireRefusal(t, b.get("/api/v1/env?format=%zz"), http.StatusBadRequest, "query")
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"resolve":{},"ca_pem":""}`, start(t).get("/api/v1/network").body)
	want := console.Network{Resolve: map[string]string{"idp.localhost:9443": "127.0.0.1:9443"}, CA: "-----BEGIN CERTIFICATE-----\n"}
	b := start(t, func(c *console.Config) {
		c.Info = func() console.Info { return console.Info{Resolve: want.Resolve, CA: want.CA} }
	})
	got, err := b.client.Network(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestSignIns(t *testing.T) {
	t.Parallel()
	b := start(t)
	list, err := b.client.SignIns(t.Context())
	require.NoError(t, err)
	require.Empty(t, list)
	require.Equal(t, `{"signins":[]}`, b.get("/api/v1/signins").body)
	requireRefusal(t, b.get("/api/v1/signins/latest"), http.StatusNotFound, "latest")

	good := b.signIn(secret)
	bad := b.signIn("wrong-secret-of-the-client")
	list, err = b.client.SignIns(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, []string{bad, good}, []string{list[0].ID, list[1].ID}, "newest first")
	require.Equal(t, trace.Failed, list[0].Outcome)
	require.Contains(t, list[0].Failure, "does not accept")
	require.Equal(t, trace.Completed, list[1].Outcome)
	require.Equal(t, 2, list[1].HopCount)
	require.Equal(t, "john@example.com", list[1].Email)

	v, err := b.client.SignIn(t.Context(), good)
	require.NoError(t, err)
	require.Equal(t, []string{"cognito.authorize", "cognito.token"}, []string{v.Hops[0].Point, v.Hops[1].Point})
	require.JSONEq(t, `{"sub":"1","email":"john@example.com"}`, string(v.Hops[1].Tokens[0].Claims))
	latest, err := b.client.SignIn(t.Context(), "latest")
	require.NoError(t, err)
	require.Equal(t, bad, latest.ID)
	requireRefusal(t, b.get("/api/v1/signins/none"), http.StatusNotFound, `"none"`)
}

func TestNothingSecretLeavesWithASignIn(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.signIn(secret)
	for _, path := range []string{"/api/v1/signins", "/api/v1/signins/" + id, "/signins/" + id} {
		body := b.get(path).body
		for _, s := range []string{secret, "a-code-nobody-may-see", "an-opaque-access-token", "c2lnbmF0dXJl"} {
			require.NotContains(t, body, s, path)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	b := start(t)
	ctx := t.Context()
	f, err := b.client.Faults(ctx)
	require.NoError(t, err)
	require.Empty(t, f.Rules)
	require.NotEmpty(t, f.Faults)
	for _, known := range f.Faults {
		require.NotEmpty(t, known.Kind, known.ID)
	}
	var points []string
	for _, p := range f.Points {
		points = append(points, p.Name)
	}
	require.Equal(t, []string{"cognito.authorize", "cognito.token"}, points, "the console has no points")

	rule, err := b.client.AddFault(ctx, fault.Rule{Fault: "route.status", At: "cognito.token", Times: 1, Match: map[string]string{"grant_type": "authorization_code"}, Params: fault.Params{"status": "503"}})
	require.NoError(t, err)
	require.NotEmpty(t, rule.ID)
	b.signIn(secret)
	f, err = b.client.Faults(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, f.Rules[0].Fired)
	require.Contains(t, b.get("/").body, `data-testid="fault-rules"`)
	require.NoError(t, b.client.RemoveFault(ctx, rule.ID))
	var e *client.Error
	require.ErrorAs(t, b.client.RemoveFault(ctx, rule.ID), &e)
	require.Equal(t, http.StatusNotFound, e.Status)
	for range 2 {
		_, err = b.client.AddFault(ctx, fault.Rule{Fault: "route.drop", At: "cognito.token"})
		require.NoError(t, err)
	}
	require.NoError(t, b.client.ClearFaults(ctx))
	require.Empty(t, b.kit.Faults.Rules())

	for body, want := range map[string]string{
		`{}`: `field "fault" is missing`, `{"fault":null}`: `field "fault" is missing`, `{"fault":"x"}`: `unknown fault "x"`,
		`{"fault":"route.drop","at":"x"}`: `unknown point "x"`, `{"fault":"route.drop"}`: "name one",
		`{"fault":"route.drop","at":"cognito.token","params":{"x":"y"}}`: `no parameter "x"`,
		`{"fault":"route.drop","at":"cognito.token","times":-1}`:         "times is -1",
	} {
		requireRefusal(t, b.do(http.MethodPost, "/api/v1/faults", body), http.StatusBadRequest, want)
	}
}

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	b := start(t)
	for body, want := range map[string]string{
		"":                                 "empty",
		"  \n":                             "empty",
		"{":                                "not JSON",
		`[]`:                               "no object",
		`null`:                             "no object",
		`"x"`:                              "no object",
		`{"fault":"route.drop"} {}`:        "follows",
		`{"fault":"route.drop"}]`:          "follows",
		`{"fault":"route.drop","x":1}`:     `unknown field "x"`,
		`{"Fault":"route.drop"}`:           `unknown field "Fault"`,
		`{"fault":"route.drop","fired":1}`: `unknown field "fired"`,
		`{"fault":1}`:                      `field "fault" is a number where a string belongs`,
		`{"fault":"x","times":"2"}`:        `field "times" is a string where a whole number belongs`,
		`{"fault":"x","times":1.5}`:        `field "times"`,
		`{"fault":"x","match":[]}`:         `field "match" is a array where a object of strings belongs`,
		`{"fault":"x","match":{"a":1}}`:    `field "match`,
	} {
		requireRefusal(t, b.do(http.MethodPost, "/api/v1/faults", body), http.StatusBadRequest, want)
	}
	requireRefusal(t, b.do(http.MethodPost, "/api/v1/faults", `{"fault":"`+strings.Repeat("x", 300<<10)+`"}`), http.StatusRequestEntityTooLarge, "too large")
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	b := start(t)
	list, err := b.client.Quirks(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.True(t, list[0].On)
	q, err := b.client.SwitchQuirk(t.Context(), "odd-one", false)
	require.NoError(t, err)
	require.False(t, q.On)
	require.False(t, b.kit.Quirks.On("odd-one"))
	requireRefusal(t, b.do(http.MethodPut, "/api/v1/quirks/none", `{"on":true}`), http.StatusNotFound, `"none"`)
	requireRefusal(t, b.do(http.MethodPut, "/api/v1/quirks/odd-one", `{}`), http.StatusBadRequest, `field "on" is missing`)
	requireRefusal(t, b.do(http.MethodPut, "/api/v1/quirks/odd-one", `{"on":"yes"}`), http.StatusBadRequest, `field "on" is a string where a boolean belongs`)
}

func TestClock(t *testing.T) {
	t.Parallel()
	b := start(t)
	c, err := b.client.Advance(t.Context(), 90*time.Minute)
	require.NoError(t, err)
	require.Equal(t, "1h30m0s", c.Offset)
	require.Equal(t, 90*time.Minute, b.kit.Env.Offset())
	require.WithinDuration(t, b.kit.Env.Now(), c.Now, time.Minute)
	_, err = b.client.Advance(t.Context(), -30*time.Minute)
	require.NoError(t, err)
	c, err = b.client.Clock(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1h0m0s", c.Offset)
	c, err = b.client.ResetClock(t.Context())
	require.NoError(t, err)
	require.Equal(t, "0s", c.Offset)
	for body, want := range map[string]string{
		`{}`: "needed", `{"reset":false}`: "needed", `{"advance":"soon"}`: `"soon"`, `{"advance":"1h","reset":true}`: "exclude",
		`{"advance":"1000000h"}`: "20 years", `{"advance":5}`: `field "advance" is a number`,
	} {
		requireRefusal(t, b.do(http.MethodPost, "/api/v1/clock", body), http.StatusBadRequest, want)
	}
}

func TestResetPutsEverythingBack(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 2)
	b := start(t, func(c *console.Config) {
		clearStore := c.Kit.Store.Clear
		c.Reset = func(ctx context.Context) error { asked <- struct{}{}; return clearStore(ctx) }
	})
	ctx := t.Context()
	b.signIn(secret)
	records := store.NewTable[int](b.kit.Store, "x")
	require.NoError(t, records.Put(ctx, "k", 1, time.Time{}))
	b.kit.Env.Advance(time.Hour)
	require.NoError(t, b.kit.Quirks.Switch("odd-one", false))
	_, err := b.client.AddFault(ctx, fault.Rule{Fault: "route.drop", At: "cognito.token"})
	require.NoError(t, err)
	before, err := b.client.Health(ctx)
	require.NoError(t, err)

	require.NoError(t, b.client.Reset(ctx))
	require.Len(t, asked, 1)
	require.Empty(t, b.kit.Trace.SignIns())
	require.Empty(t, b.kit.Faults.Rules())
	require.True(t, b.kit.Quirks.On("odd-one"))
	require.Zero(t, b.kit.Env.Offset())
	_, err = records.Get(ctx, "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	e, err := b.client.WaitEvent(ctx, client.Wait{After: before.Seq})
	require.NoError(t, err)
	require.Equal(t, "reset", e.Name)

	require.Equal(t, http.StatusNoContent, b.do(http.MethodPost, "/api/v1/reset", "{}").StatusCode)
	requireRefusal(t, b.do(http.MethodPost, "/api/v1/reset", `{"all":true}`), http.StatusBadRequest, `unknown field "all"`)
}

func TestResetThatFails(t *testing.T) {
	t.Parallel()
	b := start(t, func(c *console.Config) {
		c.Reset = func(context.Context) error { return errors.New("the disk is full") }
	})
	requireRefusal(t, b.do(http.MethodPost, "/api/v1/reset", ""), http.StatusInternalServerError, "the disk is full")
}

func TestWaitEvent(t *testing.T) {
	t.Parallel()
	b := start(t)
	ctx := t.Context()
	type result struct {
		e   trace.Event
		err error
	}
	got := make(chan result, 1)
	go func() {
		e, err := b.client.WaitEvent(ctx, client.Wait{Names: []string{"other", "signin.comp*"}})
		got <- result{e, err}
	}()
	id := b.signIn(secret)
	r := <-got
	require.NoError(t, r.err)
	require.Equal(t, trace.Completed, strings.TrimPrefix(r.e.Name, "signin."))
	require.Equal(t, id, r.e.SignIn)

	e, err := b.client.WaitEvent(ctx, client.Wait{Names: []string{"cognito.token"}})
	require.NoError(t, err, "what was before counts too")
	require.Equal(t, http.StatusOK, e.Status)
	_, err = b.client.WaitEvent(ctx, client.Wait{After: e.Seq, Timeout: time.Millisecond})
	require.ErrorIs(t, err, client.ErrNoEvent)
	require.Equal(t, http.StatusNoContent, b.get("/api/v1/events?timeout=0s").StatusCode, "without after, the past does not count")
	for query, want := range map[string]string{
		"after=x": `"after" is "x"`, "timeout=soon": `"timeout" is "soon"`, "timeout=-1s": "timeout", "timeout=1h": "timeout", "names=x": `unknown parameter "names"`,
	} {
		requireRefusal(t, b.get("/api/v1/events?"+query), http.StatusBadRequest, want)
	}
}

func TestStreamSendsEventsAndResumes(t *testing.T) {
	t.Parallel()
	b := start(t)
	read := func(lastID string) (http.Header, string, trace.Event) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.srv.URL+"/api/v1/events/stream?after=0&name=cognito.*", nil)
		require.NoError(t, err)
		if lastID != "" {
			req.Header.Set("Last-Event-ID", lastID)
		}
		resp, err := b.srv.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		require.True(t, lines.Scan())
		require.True(t, strings.HasPrefix(lines.Text(), ":"), "headers and a comment come at once")
		if lastID == "" {
			b.signIn(secret)
		}
		var id string
		for lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = v
			}
			if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e trace.Event
				require.NoError(t, json.Unmarshal([]byte(v), &e))
				return resp.Header, id, e
			}
		}
		require.Fail(t, "the stream ended")
		return nil, "", trace.Event{}
	}
	h, id, e := read("")
	require.Equal(t, "text/event-stream", h.Get("Content-Type"))
	require.Equal(t, "cognito.authorize", e.Name)
	_, _, e = read(id)
	require.Equal(t, "cognito.token", e.Name)
	requireRefusal(t, b.get("/api/v1/events/stream?after=x"), http.StatusBadRequest, "after")
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := start(t)
	requireRefusal(t, b.get("/api/v1/nothing"), http.StatusNotFound, "/api/v1/nothing")
	requireRefusal(t, b.get("/api"), http.StatusNotFound, "/api")
	a := b.do(http.MethodDelete, "/api/v1/health", "")
	requireRefusal(t, a, http.StatusMethodNotAllowed, "DELETE")
	require.Equal(t, "GET, HEAD", a.Header.Get("Allow"))
	require.Equal(t, "DELETE, GET, HEAD, POST", b.do(http.MethodPut, "/api/v1/faults", "{}").Header.Get("Allow"))
}

func TestGuard(t *testing.T) {
	t.Parallel()
	b := start(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(b.srv.URL, "http://"), ":")
	for _, host := range []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port, "LocalHost:" + port} {
		require.Equal(t, http.StatusOK, b.get("/api/v1/health", func(r *http.Request) { r.Host = host }).StatusCode, host)
	}
	for _, host := range []string{"evil.example", "evil.example:" + port, "localhost", "localhost:1", "localhost.evil.example:" + port} {
		for _, path := range []string{"/", "/api/v1/env", "/api/v1/nothing"} {
			requireRefusal(t, b.get(path, func(r *http.Request) { r.Host = host }), http.StatusForbidden, "host")
		}
	}
	header := func(kv ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(kv); i += 2 {
				r.Header.Set(kv[i], kv[i+1])
			}
		}
	}
	post := func(edit func(*http.Request)) answer {
		return b.do(http.MethodPost, "/api/v1/clock", `{"advance":"1s"}`, edit)
	}
	for _, good := range []func(*http.Request){
		header(), header("Origin", b.srv.URL), header("Sec-Fetch-Site", "same-origin", "Origin", b.srv.URL), header("Sec-Fetch-Site", "none"),
	} {
		require.Equal(t, http.StatusOK, post(good).StatusCode)
	}
	for _, bad := range []func(*http.Request){
		header("Origin", "https://evil.example"), header("Origin", "null"), header("Origin", "http://localhost:9403"),
		header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site"), header("Sec-Fetch-Site", "none", "Origin", "https://evil.example"),
	} {
		requireRefusal(t, post(bad), http.StatusForbidden, "may not change the lab")
	}
	require.Equal(t, 4*time.Second, b.kit.Env.Offset())
	require.Equal(t, http.StatusOK, b.get("/", header("Sec-Fetch-Site", "cross-site")).StatusCode, "a link may lead here")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := console.New(console.Config{})
	require.ErrorContains(t, err, "Kit")
	b := start(t)
	_, err = console.New(console.Config{Kit: b.kit, URL: "localhost:9400"})
	require.ErrorContains(t, err, "URL")
}

func TestClientAgainstSomethingElse(t *testing.T) {
	t.Parallel()
	b := start(t)
	other := client.New(b.party.URL, nil)
	_, err := other.Health(t.Context())
	require.ErrorContains(t, err, "404")
	_, err = client.New("http://127.0.0.1:1", nil).Health(t.Context())
	require.Error(t, err)
	_, err = b.client.SignIn(t.Context(), "no/such")
	require.ErrorContains(t, err, "GET /api/v1/signins")
}
