package trace

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzScan compares with net/url wherever that takes the whole of a query.
func FuzzScan(f *testing.F) {
	f.Add("code=abcdefghijklmnop&state=s&id_token=%2B%20x+y")
	f.Add("state=&state=second&%63ode=encoded-name-and-value&token")
	f.Add("code=%zz&state=a;b&=&&code")
	f.Fuzz(func(t *testing.T, raw string) {
		var got parameters
		got.scan(raw)
		want, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		if want["state"] == nil || want.Get("state") != "" { // an empty first value gives way to the next
			require.Equal(t, want.Get("state"), got.state)
		}
		for i, name := range strongNames {
			if want[name] == nil || want.Get(name) != "" {
				require.Equal(t, want.Get(name), got.strong[i], name)
			}
		}
	})
}

func TestKeysOfAnAnswer(t *testing.T) {
	t.Parallel()
	const a, r, i = "access-token-0001", "refresh-token-001", "id-token-00000001"
	for body, want := range map[string][]string{
		`{"access_token":"` + a + `","refresh_token" : "` + r + `","id_token":` + "\n" + `"` + i + `"}`: {a, r, i},
		`{"id_token":"short","access_token":"` + a + `"}`:                                               {a},
		`{"id_token":null,"refresh_token":7,"access_token":["` + a + `"]}`:                              nil,
		`{"access_token":"` + a + `\u0041"}`:                                                            nil,
		`{"access_token":"` + a:                                                                         nil,
		`{"access_token"`:                                                                               nil,
		`["access_token":"` + a + `"]`:                                                                  nil,
		``:                                                                                              nil,
	} {
		require.Equal(t, want, responseKeys("", []byte(body)), body)
	}
	for location, want := range map[string][]string{
		"http://app/cb?code=code-value-000001&state=s": {"code-value-000001", "s"},
		"http://app/cb#state=s&id_token=" + i:          {i, "s"},
		"/login?authRequestID=request-0000001#":        {"request-0000001"},
		"http://app/cb":                                nil,
		"?code=%zz&state=still":                        {"still"},
		"":                                             nil,
	} {
		require.Equal(t, want, responseKeys(location, nil), location)
	}
}

// What is packed comes back, whatever it is.
func TestPackedExchange(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("l", maxValue+1)
	req := httptest.NewRequest(http.MethodPut, "http://host:1/p%20a?q=é&l="+long, nil)
	req.Header = http.Header{"B": {"2", "1", ""}, "A": {"\x00é"}, "Long": {long}}
	a := &active{
		endpoint: Endpoint{Party: Cognito, Point: "p", Channel: Back}, seq: 7, from: App, started: time.Unix(-5, 17),
		notes: []string{"", "note", long}, failure: "refused",
	}
	did := answer{status: 302, duration: 3 * time.Second, header: http.Header{"Location": {"x"}}}
	packed := appendRemarks(appendAnswer(appendRequest(nil, req, []byte("body\xff")), a, did, []byte("answer")), a)
	got := hop{seq: a.seq, to: Cognito, channel: Back, point: "p", packed: packed}.exchange("s")
	cut := long[:maxValue] + "…"
	require.Equal(t, Exchange{
		Seq: 7, SignIn: "s", From: App, To: Cognito, Channel: Back, Point: "p", Started: time.Unix(-5, 17), Duration: 3 * time.Second,
		Method: "PUT", URL: ("http://host:1/p%20a?q=é&l=" + long)[:maxValue] + "…",
		RequestHeader: []Header{{"A", "\x00é"}, {"B", "2"}, {"B", "1"}, {"B", ""}, {"Long", cut}}, RequestBody: "body\xff",
		Status: 302, ResponseHeader: []Header{{"Location", "x"}}, ResponseBody: "answer", Notes: []string{"", "note", cut}, Failure: "refused",
	}, got)
	empty := hop{packed: appendRemarks(appendAnswer(appendRequest(nil, httptest.NewRequest("GET", "/", nil), nil), &active{}, answer{}, nil), &active{})}.exchange("")
	require.Nil(t, empty.Notes)
	require.Empty(t, empty.RequestHeader)
	_, err := json.Marshal(empty.View())
	require.NoError(t, err)
}

// All sign-ins together are bounded by bytes, the newest is kept in any case.
func TestKeptBytesOfAll(t *testing.T) {
	t.Parallel()
	n := 0
	r := NewRecorder(Options{Now: time.Now, KeepBytes: 100 << 10, ID: func() string { n++; return string(rune('a' + n - 1)) }})
	h := r.Handler(Endpoint{Party: Cognito, Point: "start", Channel: Front, Starts: true}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 10<<10))
	}))
	for i := range 20 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/?state="+string(rune('a'+i)), nil))
	}
	var ids []string
	for _, s := range r.SignIns() {
		ids = append(ids, s.ID)
	}
	require.Equal(t, strings.Split("tsrqponml", ""), ids)
	require.LessOrEqual(t, r.bytes, 100<<10)
	for range 30 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/?state=new&code=the-one-code-01", nil))
	}
	require.Len(t, r.order, 1, "one sign-in that is larger than the bound drops the others and stays")
	require.Len(t, r.order[0].hops, 30)
	require.Equal(t, r.order[0].bytes, r.bytes)
	require.Len(t, r.byID, 1)
}
