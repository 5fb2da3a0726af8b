package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
)

// FuzzBody sends bodies and queries to the control API. It refuses with a sentence and a hint, and what it takes it
// answers as JSON.
func FuzzBody(f *testing.F) {
	kit := party.NewKit(lab.New(lab.Options{}), quirk.NewSet([]quirk.Quirk{{ID: "q", Party: "p", Description: "d"}}), nil)
	handler, err := console.New(console.Config{Kit: kit, URL: "http://localhost:9400"})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, kit.Close()) })
	targets := []struct{ method, path string }{
		{http.MethodPost, "/api/v1/faults"}, {http.MethodPut, "/api/v1/quirks/q"}, {http.MethodPost, "/api/v1/clock"}, {http.MethodPost, "/api/v1/reset"}, {http.MethodGet, "/api/v1/env"},
		{http.MethodDelete, "/api/v1/faults/x"}, {http.MethodPut, "/api/v1/quirks/none"}, {http.MethodGet, "/api/v1/events"},
	}
	for i, seed := range []string{
		`{"fault":"route.drop","at":"p","times":1,"match":{"a":"b"},"params":{}}`, `{"on":true}`, `{"advance":"1h"}`, "", `{"advance":"-9223372036854775808ns"}`, `{"reset":true,"advance":"1s"}`, "null", "[]", `{"on":1}`,
		`{"times":1e400}`, `{"times":9223372036854775808}`, "{} {}", `{"FAULT":"a"}`, `{"a":1,"a":2}`, "\xff", `{"fault":"\ud800"}`,
	} {
		f.Add(uint8(i), seed, "format=shell")
	}
	f.Add(uint8(7), "", "timeout=0s&after=18446744073709551616")
	f.Fuzz(func(t *testing.T, which uint8, body, rawQuery string) {
		to := targets[int(which)%len(targets)]
		if to.path == "/api/v1/events" {
			rawQuery += "&timeout=0s" // the first one counts, and a wait is not what is tested
			if !strings.HasPrefix(rawQuery, "timeout=0s") {
				rawQuery = "timeout=0s&" + rawQuery
			}
		}
		r := httptest.NewRequest(to.method, to.path, strings.NewReader(body))
		r.URL.RawQuery, r.Host = rawQuery, "localhost:9400"
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, w.Body.String())
		if w.Code == http.StatusNoContent || w.Code == http.StatusOK {
			if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				require.True(t, json.Valid(w.Body.Bytes()))
			}
		} else {
			var e struct{ Error, Hint string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), w.Body.String())
			require.NotEmpty(t, e.Error)
			require.NotEmpty(t, e.Hint)
		}
		require.LessOrEqual(t, kit.Env.Offset().Abs().Hours(), 20*365*24.0, "the clock stays where tokens can say the time")
		for _, q := range kit.Quirks.List() {
			require.Equal(t, "q", q.ID)
		}
		kit.Faults.Reset()
	})
}
