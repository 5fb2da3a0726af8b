package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

type fixture struct {
	surface *web.Surface
	log     *bytes.Buffer
	handler http.Handler
}

func surface(t *testing.T) *fixture {
	t.Helper()
	log := &bytes.Buffer{}
	n := 0
	s := &web.Surface{
		Party: trace.Cognito, Faults: fault.NewPlan(), Log: slog.New(slog.NewTextHandler(log, nil)),
		Trace: trace.NewRecorder(trace.Options{Now: func() time.Time { return time.Unix(0, 0) }, ID: func() string { n++; return strconv.Itoa(n) }}),
	}
	present := func(w http.ResponseWriter, _ *http.Request, err error) {
		status := http.StatusBadRequest
		if errors.Is(err, web.ErrTooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, err.Error(), status)
	}
	s.Mount(
		web.Route{Path: "/echo", Point: "p.echo", Channel: trace.Back, Present: present, Methods: []string{http.MethodPost}, Serve: func(w http.ResponseWriter, r *http.Request) error {
			form, err := web.Form(r)
			if err != nil {
				return err
			}
			_, _ = io.WriteString(w, form.Encode())
			return nil
		}},
		web.Route{Path: "/page", Point: "p.page", Channel: trace.Front, Silent: true, Serve: func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "page")
			return nil
		}},
		web.Route{Path: "/page", Point: "p.page", Channel: trace.Front, Methods: []string{http.MethodDelete}, Serve: func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(204); return nil }},
		web.Route{Path: "/panic", Point: "p.panic", Channel: trace.Back, Serve: func(http.ResponseWriter, *http.Request) error { panic("boom") }},
		web.Route{Path: "/late", Point: "p.late", Channel: trace.Back, Serve: func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half")
			panic("boom")
		}},
		web.Route{Path: "/err", Point: "p.err", Channel: trace.Back, Serve: func(http.ResponseWriter, *http.Request) error { return errors.New("inner") }},
	)
	return &fixture{surface: s, log: log, handler: s}
}

func (f *fixture) do(method, target, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

const formType = "application/x-www-form-urlencoded"

func TestFormIsStrict(t *testing.T) {
	t.Parallel()
	f := surface(t)
	for name, c := range map[string]struct {
		target, contentType, body string
		status                    int
		answer                    string
	}{
		"plain":               {"/echo", formType, "a=1&b=%20", 200, "a=1&b=+"},
		"charset and case":    {"/echo", "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "a=1", 200, "a=1"},
		"query is not form":   {"/echo?q=1", formType, "a=1", 200, "a=1"},
		"bad query, good":     {"/echo?%zz", formType, "a=1", 200, "a=1"},
		"empty":               {"/echo", formType, "", 200, ""},
		"JSON":                {"/echo", "application/json", "{}", 400, web.ErrContentType.Error()},
		"no content type":     {"/echo", "", "a=1", 400, web.ErrContentType.Error()},
		"multipart":           {"/echo", "multipart/form-data; boundary=x", "a=1", 400, web.ErrContentType.Error()},
		"bad escape":          {"/echo", formType, "a=%zz", 400, web.ErrMalformed.Error()},
		"semicolon":           {"/echo", formType, "a=1;b=2", 400, web.ErrMalformed.Error()},
		"exactly the limit":   {"/echo", formType, "a=" + strings.Repeat("x", web.MaxBody-2), 200, ""},
		"one over the limit":  {"/echo", formType, "a=" + strings.Repeat("x", web.MaxBody-1), 413, web.ErrTooLarge.Error()},
		"far over the limit":  {"/echo", formType, strings.Repeat("x", 11<<20), 413, web.ErrTooLarge.Error()},
		"bad query, too long": {"/echo?a=1", formType, "a=" + strings.Repeat("x", web.MaxBody), 413, ""},
	} {
		w := f.do(http.MethodPost, c.target, c.contentType, c.body)
		require.Equal(t, c.status, w.Code, name)
		require.Contains(t, w.Body.String(), c.answer, name)
	}
}

func TestQueryIsStrict(t *testing.T) {
	t.Parallel()
	q, err := web.Query(httptest.NewRequest(http.MethodGet, "/?a=1&a=2&b=", nil))
	require.NoError(t, err)
	require.Equal(t, url.Values{"a": {"1", "2"}, "b": {""}}, q)
	require.Equal(t, "a", web.Duplicate(q, "b", "a", "c"))
	require.Empty(t, web.Duplicate(q, "b", "c"))
	for _, raw := range []string{"a=%zz", "a=1;b=2", "%"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = raw
		_, err := web.Query(r)
		require.ErrorIs(t, err, web.ErrMalformed, raw)
	}
}

func TestAFaultThatMatchesLeavesTheFormReadable(t *testing.T) {
	t.Parallel()
	f := surface(t)
	_, err := f.surface.Faults.Add(fault.Rule{Fault: "route.drop", At: "p.echo", Match: map[string]string{"a": "2"}})
	require.NoError(t, err)
	require.Equal(t, "a=1", f.do(http.MethodPost, "/echo", formType, "a=1").Body.String())
}

func TestMethods(t *testing.T) {
	t.Parallel()
	f := surface(t)
	require.Equal(t, "page", f.do(http.MethodGet, "/page", "", "").Body.String())
	require.Equal(t, 200, f.do(http.MethodHead, "/page", "", "").Code)
	require.Equal(t, 204, f.do(http.MethodDelete, "/page", "", "").Code)
	w := f.do(http.MethodPost, "/page", "", "")
	require.Equal(t, 405, w.Code)
	require.Equal(t, "DELETE, GET, HEAD", w.Header().Get("Allow"))
	require.Equal(t, "POST", f.do(http.MethodGet, "/echo", "", "").Header().Get("Allow"))
	require.Equal(t, 404, f.do(http.MethodGet, "/nothing", "", "").Code)
	require.Equal(t, 404, f.do(http.MethodGet, "/", "", "").Code)
}

func TestOwn404And405(t *testing.T) {
	t.Parallel()
	s := &web.Surface{
		Party: trace.App, Faults: fault.NewPlan(),
		Trace:            trace.NewRecorder(trace.Options{Now: time.Now, ID: func() string { return "" }}),
		NotFound:         func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(418); return nil },
		MethodNotAllowed: func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, "own: "+err.Error(), 405) },
	}
	s.Mount(web.Route{Path: "/a", Point: "a.a", Serve: func(http.ResponseWriter, *http.Request) error { return nil }})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/b", nil))
	require.Equal(t, 418, w.Code)
	w = httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/a", nil))
	require.Equal(t, "own: PUT is not served here; allowed: GET, HEAD\n", w.Body.String())
}

func TestAPanicEndsTheRequestOnly(t *testing.T) {
	t.Parallel()
	f := surface(t)
	w := f.do(http.MethodGet, "/panic", "", "")
	require.Equal(t, 500, w.Code)
	require.NotContains(t, w.Body.String(), "boom", "what went wrong inside is not shown")
	require.Contains(t, f.log.String(), "value=boom")
	require.Equal(t, "half", f.do(http.MethodGet, "/late", "", "").Body.String())
	w = f.do(http.MethodGet, "/err", "", "")
	require.Equal(t, 500, w.Code)
	require.NotContains(t, w.Body.String(), "inner")
}

func TestADroppedConnectionIsDropped(t *testing.T) {
	t.Parallel()
	f := surface(t)
	srv := httptest.NewServer(f.handler)
	t.Cleanup(srv.Close)
	_, err := f.surface.Faults.Add(fault.Rule{Fault: "route.drop", At: "p.page", Times: 1})
	require.NoError(t, err)
	resp, err := srv.Client().Post(srv.URL+"/page", "", nil) // not retried by the client, being no GET
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, srv.URL+"/page", nil)
	require.NoError(t, err)
	resp, err = (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorIs(t, err, io.EOF)
}

func TestEveryAnswerSaysMockAndTheLogHasNoQuery(t *testing.T) {
	t.Parallel()
	f := surface(t)
	for _, target := range []string{"/page?code=secret-code", "/nothing", "/panic"} {
		w := f.do(http.MethodGet, target, "", "")
		require.Equal(t, "mock", w.Header().Get("X-Ssolab"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
	require.Equal(t, 3, strings.Count(f.log.String(), "msg=request"))
	require.NotContains(t, f.log.String(), "secret-code")
	require.Contains(t, f.log.String(), "level=ERROR msg=request party=cognito method=GET path=/panic status=500")
}

func TestRoutesAreTracedUnlessSilent(t *testing.T) {
	t.Parallel()
	f := surface(t)
	f.do(http.MethodGet, "/page", "", "")
	require.Empty(t, f.surface.Trace.Loose())
	f.do(http.MethodPost, "/echo", formType, "a=1")
	require.Len(t, f.surface.Trace.Loose(), 1)
	require.Equal(t, "p.echo", f.surface.Trace.Loose()[0].Point)
	names := []string{}
	for _, p := range f.surface.Faults.Points() {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"p.echo", "p.err", "p.late", "p.page", "p.panic"}, names)
}

func TestParams(t *testing.T) {
	t.Parallel()
	var p web.Params
	p.Add("z", "a b")
	p.AddIf("none", "")
	p.AddIf("a", "&=")
	require.Equal(t, "z=a+b&a=%26%3D", p.Encode())
	require.Equal(t, "https://x/?z=a+b&a=%26%3D", p.WithQuery("https://x/"))
	require.Equal(t, "https://x/?y=1&z=a+b&a=%26%3D", p.WithQuery("https://x/?y=1"))
	require.Equal(t, "https://x/#z=a+b&a=%26%3D", p.WithFragment("https://x/"))
}

func TestCookies(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	plain, tls := web.Cookies{Suffix: "-9401"}, web.Cookies{Secure: true}
	plain.Set(w, "s", "v", time.Hour, http.SameSiteNoneMode)
	tls.Set(w, "s", "v", 0, http.SameSiteNoneMode)
	plain.Clear(w, "s", http.SameSiteNoneMode)
	require.Equal(t, []string{
		"s-9401=v; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
		"s=v; Path=/; HttpOnly; Secure; SameSite=None",
		"s-9401=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; SameSite=Lax",
	}, w.Header()["Set-Cookie"])
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "s-9401", Value: "mine"})
	r.AddCookie(&http.Cookie{Name: "s", Value: "other's"})
	require.Equal(t, "mine", plain.Get(r, "s"))
	require.Empty(t, plain.Get(r, "nothing"))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	require.NoError(t, web.JSON(w, 201, "application/json", map[string]int{"a": 1}))
	require.Equal(t, `{"a":1}`, w.Body.String())
	require.Equal(t, 201, w.Code)
	w = httptest.NewRecorder()
	require.Error(t, web.JSON(w, 200, "application/json", make(chan int)))
	for _, o := range []jose.Object{nil, {{Name: "a", Value: "b"}}, {{Name: "<", Value: "&>\u2028"}}} { // one that encodes itself
		want, err := json.Marshal(o)
		require.NoError(t, err)
		answer := httptest.NewRecorder()
		require.NoError(t, web.JSON(answer, 200, "application/json", o))
		require.Equal(t, string(want), answer.Body.String())
	}
	require.Error(t, web.JSON(httptest.NewRecorder(), 200, "application/json", jose.Object{{Name: "a", Value: make(chan int)}}))
	require.Empty(t, w.Body.String())
	require.Empty(t, w.Header().Get("Content-Type"), "nothing is written before it is known to be writable")
	web.Redirect(w, "https://x/?a=b c")
	require.Equal(t, "https://x/?a=b c", w.Header().Get("Location"))
	w = httptest.NewRecorder()
	web.NoStore(w)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

func FuzzForm(f *testing.F) {
	f.Add("a=1&b=2", formType)
	f.Add("a=%", formType)
	f.Add("{}", "application/json")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		form, err := web.Form(r)
		if err != nil {
			return
		}
		want, parseErr := url.ParseQuery(body)
		require.NoError(t, parseErr, "Form takes only what parses whole")
		require.Equal(t, want.Encode(), form.Encode())
	})
}
