package fault_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// plan has one point of each kind, and one fault for each but the generic route faults.
func plan() *fault.Plan {
	p := fault.NewPlan()
	p.Declare([]fault.Point{
		{Name: "op.token", Kind: fault.Route},
		{Name: "op.other", Kind: fault.Route},
		{Name: "op.discovery.document", Kind: fault.Document},
		{Name: "op.id_token", Kind: fault.Token},
		{Name: "op.signature", Kind: fault.Step},
		{Name: "op.audience", Kind: fault.Step},
	}, []fault.Fault{
		{
			ID: "doc.issuer", Points: []string{"op.discovery.document"}, Defaults: fault.Params{"issuer": "https://other"},
			Document: func(doc *jose.Object, p fault.Params) { doc.Set("issuer", p["issuer"]) },
		},
		{
			ID: "token.no_sub", Points: []string{"op.id_token"},
			Token: func(d *jose.Draft, _ fault.Params) { d.Claims.Delete("sub") },
		},
		{ID: "skip.signature", Points: []string{"op.signature"}, Skip: true},
	})
	return p
}

func add(t *testing.T, p *fault.Plan, r fault.Rule) fault.Rule {
	t.Helper()
	r, err := p.Add(r)
	require.NoError(t, err)
	return r
}

func serve(p *fault.Plan, point string, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.Wrap(point, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, _ = io.WriteString(w, "served "+r.Form.Get("code"))
	})).ServeHTTP(w, req)
	return w
}

func post(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestWithoutRulesNothingHappens(t *testing.T) {
	t.Parallel()
	p := plan()
	w := serve(p, "op.token", post(url.Values{"code": {"c"}}))
	require.Equal(t, "served c", w.Body.String())
	doc := jose.Object{{Name: "issuer", Value: "https://own"}}
	p.Document(t.Context(), "op.discovery.document", &doc)
	require.Equal(t, "https://own", doc.Get("issuer"))
}

func TestRouteFaults(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{Fault: "route.status", At: "op.token", Params: fault.Params{"status": "503"}})
	require.Equal(t, 503, serve(p, "op.token", post(nil)).Code)
	require.Equal(t, 200, serve(p, "op.other", post(nil)).Code)
	p.Reset()
	add(t, p, fault.Rule{Fault: "route.status", At: "op.token", Params: fault.Params{"status": "teapot"}})
	require.Equal(t, 500, serve(p, "op.token", post(nil)).Code, "a status that is none falls back")
	p.Reset()
	add(t, p, fault.Rule{Fault: "route.html", At: "op.token"})
	w := serve(p, "op.token", post(nil))
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	require.Contains(t, w.Body.String(), "Maintenance")
	p.Reset()
	add(t, p, fault.Rule{Fault: "route.drop", At: "op.token"})
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { serve(p, "op.token", post(nil)) })
}

func TestDelay(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{Fault: "route.delay", At: "op.token", Params: fault.Params{"delay": "1ns"}, Times: 1})
	require.Equal(t, "served ", serve(p, "op.token", post(nil)).Body.String())
	add(t, p, fault.Rule{Fault: "route.delay", At: "op.token", Params: fault.Params{"delay": "1h"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := serve(p, "op.token", post(nil).WithContext(ctx))
	require.Empty(t, w.Body.String(), "a caller that gives up is not served")
}

func TestDocumentTokenAndStep(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{Fault: "doc.issuer", Params: fault.Params{"issuer": "https://evil"}})
	add(t, p, fault.Rule{Fault: "token.no_sub"})
	add(t, p, fault.Rule{Fault: "skip.signature"})
	doc := jose.Object{{Name: "issuer", Value: "https://own"}}
	p.Document(t.Context(), "op.discovery.document", &doc)
	require.Equal(t, "https://evil", doc.Get("issuer"))
	d := &jose.Draft{Claims: jose.Object{{Name: "sub", Value: "s"}, {Name: "aud", Value: "a"}}}
	p.Token(t.Context(), "op.id_token", d)
	require.False(t, d.Claims.Has("sub"))
	require.True(t, d.Claims.Has("aud"))
	p.Token(t.Context(), "op.access_token", d)
	require.True(t, d.Claims.Has("aud"), "another point is left alone")

	bad, ran := errors.New("bad"), 0
	check := func(point string, err error) fault.Check {
		return fault.Check{Point: point, Run: func() error { ran++; return err }}
	}
	require.NoError(t, p.Run(t.Context(), check("op.signature", bad), check("op.audience", nil)))
	require.Equal(t, 1, ran)
	require.ErrorIs(t, p.Run(t.Context(), check("op.audience", bad), check("op.audience", nil)), bad)
	require.Equal(t, 2, ran, "checks end at the first that fails")
}

func TestMatchAndTimes(t *testing.T) {
	t.Parallel()
	p := plan()
	r := add(t, p, fault.Rule{Fault: "route.status", At: "op.token", Match: map[string]string{"client_id": "web"}, Times: 2})
	basic := post(url.Values{"code": {"c"}})
	basic.SetBasicAuth("web", "secret")
	query := httptest.NewRequest(http.MethodGet, "/token?client_id=web", nil)
	require.Equal(t, 200, serve(p, "op.token", post(url.Values{"client_id": {"other"}})).Code)
	require.Equal(t, "served c", serve(p, "op.token", post(url.Values{"code": {"c"}})).Body.String(), "a body that was matched on can still be read")
	require.Equal(t, 500, serve(p, "op.token", basic).Code, "client_id also by HTTP Basic")
	require.Equal(t, 500, serve(p, "op.token", query).Code)
	require.Equal(t, 200, serve(p, "op.token", post(url.Values{"client_id": {"web"}})).Code, "it acted twice")
	require.Equal(t, 2, p.Rules()[0].Fired)
	require.Equal(t, r.ID, p.Rules()[0].ID)
}

func TestMatchNeedsARequest(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{Fault: "token.no_sub", Match: map[string]string{"client_id": "web"}})
	d := &jose.Draft{Claims: jose.Object{{Name: "sub", Value: "s"}}}
	p.Token(t.Context(), "op.id_token", d)
	require.True(t, d.Claims.Has("sub"))
	w := httptest.NewRecorder()
	p.Wrap("op.token", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		p.Token(r.Context(), "op.id_token", d)
	})).ServeHTTP(w, post(url.Values{"client_id": {"web"}}))
	require.False(t, d.Claims.Has("sub"))
}

func TestTimesUnderConcurrency(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{Fault: "route.status", At: "op.token", Times: 5})
	var mu sync.Mutex
	var group sync.WaitGroup
	refused := 0
	for range 40 {
		group.Go(func() {
			if serve(p, "op.token", post(nil)).Code == 500 {
				mu.Lock()
				refused++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	require.Equal(t, 5, refused)
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	p := plan()
	add(t, p, fault.Rule{ID: "mine", Fault: "token.no_sub"})
	for name, c := range map[string]struct {
		rule fault.Rule
		want string
	}{
		"unknown fault":     {fault.Rule{Fault: "nothing"}, `unknown fault "nothing"; known: disc.alg_es256_only`},
		"no point":          {fault.Rule{Fault: "route.drop"}, `name one in "at"`},
		"unknown point":     {fault.Rule{Fault: "route.drop", At: "op.nothing"}, `unknown point "op.nothing"; known: op.audience`},
		"point of a kind":   {fault.Rule{Fault: "route.drop", At: "op.id_token"}, `does not act at "op.id_token", a token point`},
		"point not its own": {fault.Rule{Fault: "skip.signature", At: "op.audience"}, `does not act at "op.audience"`},
		"unknown parameter": {fault.Rule{Fault: "doc.issuer", Params: fault.Params{"iss": "x"}}, `no parameter "iss"; it has: issuer`},
		"negative times":    {fault.Rule{Fault: "token.no_sub", Times: -1}, "times is -1"},
		"id twice":          {fault.Rule{ID: "mine", Fault: "token.no_sub"}, `a rule "mine" already`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := p.Add(c.rule)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestRemoveAndList(t *testing.T) {
	t.Parallel()
	p := plan()
	one := add(t, p, fault.Rule{Fault: "token.no_sub", Fired: 7})
	two := add(t, p, fault.Rule{Fault: "doc.issuer"})
	require.Zero(t, one.Fired)
	require.NotEqual(t, one.ID, two.ID)
	require.Len(t, p.Rules(), 2)
	require.True(t, p.Remove(one.ID))
	require.False(t, p.Remove(one.ID))
	require.Equal(t, []fault.Rule{two}, p.Rules())
	p.Reset()
	require.Empty(t, p.Rules())
	var ids, points []string
	for _, f := range p.Faults() {
		ids = append(ids, f.ID)
	}
	for _, pt := range p.Points() {
		points = append(points, pt.Name)
	}
	require.IsIncreasing(t, ids)
	require.Subset(t, ids, []string{"doc.issuer", "route.delay", "route.drop", "route.html", "route.status", "skip.signature", "token.no_sub", "disc.issuer_other", "jwks.empty"})
	require.Equal(t, []string{"op.audience", "op.discovery.document", "op.id_token", "op.other", "op.signature", "op.token"}, points)
	kinds := map[fault.Kind]string{fault.Route: "route", fault.Document: "doc disc jwks", fault.Token: "token", fault.Step: "skip"}
	for _, f := range p.Faults() {
		require.Contains(t, kinds[f.Kind()], strings.Split(f.ID, ".")[0])
	}
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { plan().Declare([]fault.Point{{Name: "op.token"}}, nil) })
	require.Panics(t, func() { plan().Declare(nil, fault.Generic()) })
}

func BenchmarkNoRule(b *testing.B) {
	p := plan()
	d := &jose.Draft{}
	b.ReportAllocs()
	for b.Loop() {
		p.Token(b.Context(), "op.id_token", d)
	}
}
