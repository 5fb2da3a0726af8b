package badinput_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/mockscalekit"
)

// allowed5xx are the answers above 499 that are right.
func allowed5xx(e endpoint, c badCase, a answer) bool {
	switch a.status {
	case http.StatusNotImplemented:
		// net/http: "Unsupported transfer encoding". Scalekit: a path of the real service that the mock does not model.
		return c.edge || e.party == "scalekit"
	case http.StatusHTTPVersionNotSupported:
		return c.edge
	case http.StatusBadGateway:
		return e.point == "app.callback" // Cognito refused the code: the app is a gateway to it
	}
	return false
}

// logged keeps what a lab logs.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.buf.String()
	l.buf.Reset()
	return s
}

func modes() map[string]func(*ssolab.Config) {
	return map[string]func(*ssolab.Config){
		"plain": func(*ssolab.Config) {},
		"names": func(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost },
		"full-stack": func(c *ssolab.Config) { // and every endpoint that is off in the others
			c.Scalekit.Mode = mockscalekit.FullStack
			c.Quirks = map[string]bool{"scalekit-introspection": true}
		},
	}
}

// secrets are what no answer, no recorded sign-in and no log line may hold.
func secrets(l *ssolab.Lab) []string {
	return []string{l.Variable("COGNITO_CLIENT_SECRET"), l.Variable("SCALEKIT_CLIENT_SECRET"), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", hunter}
}

func TestEveryEndpoint(t *testing.T) {
	t.Parallel()
	for name, edit := range modes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logged{}
			l := ssolab.Run(t, badIdPs, edit, func(c *ssolab.Config) {
				c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			b := newBench(t, l)
			checkComplete(t, b)
			sent, party, framed := 0, "", map[string]bool{}
			for _, e := range endpoints() {
				if name == "full-stack" && e.party != "scalekit" {
					continue // the others are the same in every mode
				}
				if e.party != party && party != "" {
					b.signIn()
				}
				party = e.party
				r := e.build(b)
				sent += b.spoilt(e, !framed[e.party+r.method])
				framed[e.party+r.method] = true
				checkLog(t, log.take(), e.name(r), secrets(l))
			}
			b.signIn()
			b.checkRecorded()
			t.Logf("%d requests", sent)
		})
	}
}

// spoilt sends every case of an endpoint. Cases that net/http answers before it looks for a handler are sent if framing.
func (b *bench) spoilt(e endpoint, framing bool) int {
	base := e.build(b)
	name := e.name(base)
	cases := append([]badCase{{"as it should be", false, func(*request) {}}}, casesOf(e.party, base)...)
	if framing {
		cases = append(cases, framingCases()...)
	}
	queue := make(chan badCase)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for c := range queue {
				r := e.build(b).clone()
				c.do(r)
				a, err := b.answer(e, r)
				if err == nil {
					err = b.check(e, c, r, a)
				}
				if err != nil {
					b.t.Errorf("%s, %s: %v", name, c.name, err)
				}
			}
		})
	}
	for _, c := range cases {
		queue <- c
	}
	close(queue)
	workers.Wait()
	return len(cases)
}

// answer sends r. Where the answer waits for something to happen, things happen meanwhile.
func (b *bench) answer(e endpoint, r *request) (answer, error) {
	if !e.waits {
		return b.send(r)
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			default:
				_, _ = b.send(b.get(b.urls.Scalekit, "/keys"))
			}
		}
	}()
	a, err := b.send(r)
	close(done)
	<-stopped
	return a, err
}

// check holds against one answer what holds for all.
func (b *bench) check(e endpoint, c badCase, r *request, a answer) error {
	if a.closed {
		if c.edge {
			return nil
		}
		return errors.New("the connection ended without an answer")
	}
	if a.status >= 500 && !allowed5xx(e, c, a) {
		return fmt.Errorf("answered %d: %.300q", a.status, a.body)
	}
	if err := b.checkHeader(c, a); err != nil {
		return err
	}
	isPage := strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
	if isPage && (strings.Contains(a.body, "<canary") || strings.Contains(a.body, "<CANARY")) {
		return fmt.Errorf("the page repeats markup of the request: %.300q", around(a.body, "<canary"))
	}
	for _, s := range secrets(b.lab) {
		if (!e.secrets || s == hunter) && strings.Contains(a.body+fmt.Sprint(a.header), s) {
			return fmt.Errorf("the answer holds the secret %.10s…", s)
		}
	}
	if a.status < 400 || a.body == "" && r.method == http.MethodHead {
		return nil
	}
	if c.edge && a.body == "" && slices.Contains([]int{http.StatusBadRequest, http.StatusExpectationFailed}, a.status) {
		return nil // net/http alone answers without a word
	}
	got, err := shapeOf(a)
	if err != nil {
		return fmt.Errorf("answered %d: %w", a.status, err)
	}
	atEdge := c.edge || slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed}, a.status)
	if !slices.Contains(e.errors, got) && !(atEdge && (got == plain || got == page || got == oauthJSON || got == apiJSON || got == awsJSON)) {
		return fmt.Errorf("answered %d with %s; its errors are %v: %.200q", a.status, got, e.errors, a.body)
	}
	return nil
}

func around(s, what string) string {
	i := max(0, strings.Index(s, what)-100)
	return s[i:min(len(s), i+300)]
}

func (b *bench) checkHeader(c badCase, a answer) error {
	if !c.edge && a.header.Get("X-Ssolab") != "mock" {
		return fmt.Errorf("answered %d %v %.100q without saying that it is a mock", a.status, a.header, a.body)
	}
	size := 0
	for name, values := range a.header {
		for _, v := range values {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				return fmt.Errorf("header %s is one that clients refuse: %.200q", name, v)
			}
			if name != "Location" {
				size += len(name) + len(v) + 4
			}
		}
	}
	if size > 8<<10 { // programs on Node refuse a header of more than 16 KiB
		return fmt.Errorf("its header has %d bytes", size)
	}
	if a.header.Get("X-Injected") != "" || strings.Contains(strings.Join(a.header["Set-Cookie"], ""), "X-Injected") {
		return errors.New("a header was injected")
	}
	to := a.header.Get("Location")
	if to == "" {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil {
		return fmt.Errorf("redirects to what is no URL: %w", err)
	}
	if u.Host == "" && u.Scheme == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		if len(to) > 64<<10 {
			return fmt.Errorf("redirects to an address of its own of %d bytes, which it cannot serve", len(to))
		}
		return nil
	}
	for _, known := range []string{b.urls.App, b.urls.Cognito, b.urls.Domain, b.urls.Scalekit, b.urls.IdP, b.urls.Console, "http://localhost:3000", "http://localhost:5173"} {
		if to == known || strings.HasPrefix(to, known+"/") {
			return nil
		}
	}
	return fmt.Errorf("redirects to %.200q, which is nobody the lab knows", to)
}

var errorLine = regexp.MustCompile(`level=ERROR .*`)

// checkLog looks for what must not happen, whatever was answered.
func checkLog(t *testing.T, log, during string, secrets []string) {
	t.Helper()
	for line := range strings.Lines(log) {
		for _, word := range []string{"panic", "superfluous", "http: multiple", "http: wrote more", "invalid WriteHeader"} {
			if strings.Contains(line, word) && !strings.Contains(line, "msg=request") {
				t.Errorf("%s: logged %.2000s", during, line)
			}
		}
		if errorLine.MatchString(line) && !strings.Contains(line, "status=501") && !strings.Contains(line, "status=502") {
			t.Errorf("%s: logged %.1000s", during, line)
		}
		for _, s := range secrets {
			if strings.Contains(line, s) {
				t.Errorf("%s: the log holds the secret %.10s…: %.1000s", during, s, line)
			}
		}
	}
}

// checkRecorded looks at what the lab has kept: it leaves the process by the console.
func (b *bench) checkRecorded() {
	b.t.Helper()
	list, err := b.send(b.get(b.urls.Console, "/api/v1/signins"))
	require.NoError(b.t, err)
	var all struct {
		SignIns []struct{ ID string }
	}
	require.NoError(b.t, json.Unmarshal([]byte(list.body), &all))
	require.NotEmpty(b.t, all.SignIns)
	for _, s := range all.SignIns {
		for _, path := range []string{"/api/v1/signins/", "/signins/"} {
			a, err := b.send(b.get(b.urls.Console, path+s.ID))
			require.NoError(b.t, err)
			require.Equal(b.t, http.StatusOK, a.status)
			require.NotContains(b.t, a.body, "<canary", "a recorded sign-in is shown, not run")
			for _, secret := range secrets(b.lab) {
				require.NotContains(b.t, a.body, secret)
			}
		}
	}
}

// checkComplete fails when the lab has an endpoint that is not in the table: by the fault points of its routes, and by
// the page that lists the console's.
func checkComplete(t *testing.T, b *bench) {
	t.Helper()
	a, err := b.send(b.get(b.urls.Console, "/api/v1/faults"))
	require.NoError(t, err)
	var known struct {
		Points []struct{ Name, Kind string }
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &known))
	points, docs := map[string]bool{}, map[string]bool{}
	for _, e := range endpoints() {
		points[e.point], docs[e.doc] = true, true
	}
	routes := 0
	for _, p := range known.Points {
		if p.Kind == "route" {
			routes++
			require.True(t, points[p.Name], "no case is sent to the route %s: add it to the table", p.Name)
		}
	}
	require.NotZero(t, routes)
	doc, err := os.ReadFile("../../docs/control-api.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| (`(GET|POST|PUT|DELETE) .*?) \\|")
	one := regexp.MustCompile("`((GET|POST|PUT|DELETE) [^`]+)`")
	documented := 0
	for _, r := range row.FindAllStringSubmatch(string(doc), -1) {
		for _, m := range one.FindAllStringSubmatch(r[1], -1) {
			documented++
			require.True(t, docs[m[1]], "no case is sent to %s of the control API: add it to the table", m[1])
		}
	}
	require.Greater(t, documented, 10)
}

// TestHTTP2 sends what a well-behaved client library lets through.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	log := &logged{}
	l := ssolab.Run(t, modes()["names"], func(c *ssolab.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b := newBench(t, l)
	client := l.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, r := range []*request{
		b.get(b.urls.Domain, "/oauth2/authorize", param{"client_id", escaped(canary)}), b.get(b.urls.Cognito, "/%00%0d%0aX-Injected:%20yes/.well-known/jwks.json"),
		b.post(b.urls.Domain, "/oauth2/token", param{"a", strings.Repeat("b", huge)}), b.post(b.urls.Scalekit, "/oauth/token", param{"a", strings.Repeat("b", huge)}),
		b.json(http.MethodPost, b.urls.Cognito, "/", param{"UserPoolId", `"a\u0000\r\nX-Injected: yes"`}), b.get(b.urls.App, "/auth/callback", param{"state", strings.Repeat("a", large)}),
	} {
		req, err := http.NewRequest(r.method, r.base+r.path+"?"+pairs(r.query), strings.NewReader(r.content()))
		require.NoError(t, err)
		for _, h := range r.header {
			req.Header.Set(h.name, h.value)
		}
		req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.DescribeUserPool")
		resp, err := client.Do(req)
		if err != nil { // the stream was reset before all was sent
			require.NotEmpty(t, r.form, "%v", err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Less(t, resp.StatusCode, 500, r.path)
		require.NoError(t, b.checkHeader(badCase{}, answer{status: resp.StatusCode, header: resp.Header, body: string(body)}))
	}
	b.signIn()
	checkLog(t, log.take(), "HTTP/2", secrets(l))
}
