package mockcognito_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// functions serves a pool's triggers by the Lambda API, a function for each, of that trigger's name. One that a test gives
// no code answers the event as it came.
type functions struct {
	t   *testing.T
	url string

	mu     sync.Mutex // guards the fields below
	code   map[string]http.HandlerFunc
	events []invocation
}

// invocation is an event that a function got.
type invocation struct {
	function string
	source   string
	event    map[string]any
	raw      []byte
}

func newFunctions(t *testing.T) *functions {
	t.Helper()
	f := &functions{t: t, code: map[string]http.HandlerFunc{}}
	srv := httptest.NewServer(http.HandlerFunc(f.invoke))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *functions) invoke(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/") // "", 2015-03-31, functions, <name>, invocations
	body, err := io.ReadAll(r.Body)
	if err != nil || len(parts) != 5 || r.Method != http.MethodPost {
		http.Error(w, "no invocation", http.StatusBadRequest)
		return
	}
	got := invocation{function: parts[3], raw: body}
	if err := json.Unmarshal(body, &got.event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	got.source, _ = got.event["triggerSource"].(string)
	f.mu.Lock()
	f.events = append(f.events, got)
	code := f.code[got.function]
	f.mu.Unlock()
	if code == nil {
		_, _ = w.Write(body)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	code(w, r)
}

// on gives the function of a trigger its code.
func (f *functions) on(trigger string, code http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.code[trigger] = code
}

// answers is code that fills the event's response in.
func answers(response any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		event["response"] = response
		writeJSON(w, http.StatusOK, event)
	}
}

// throws is code that ends in an error with that message.
func throws(message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		writeJSON(w, http.StatusOK, map[string]any{"errorMessage": message, "errorType": "Error"})
	}
}

// says is code that answers that text, be it an event or not.
func says(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// take returns the events since the last call.
func (f *functions) take() []invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.events
	f.events = nil
	return out
}

// forTriggers are the pool's functions for those triggers, each of the trigger's name; PreTokenGeneration may have a version
// behind a colon.
func (f *functions) forTriggers(names ...string) func(*mockcognito.Config) {
	return func(c *mockcognito.Config) {
		c.Lambda.Endpoint = f.url
		p := &c.UserPools[0]
		p.Triggers = map[string]mockcognito.Trigger{}
		for _, name := range names {
			name, version, _ := strings.Cut(name, ":")
			p.Triggers[name] = mockcognito.Trigger{Function: name, Version: version}
		}
	}
}

// federated are the triggers that a federated sign-in may set off.
var federated = []string{"InboundFederation", "PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration"}

// impatient makes functions time out soon.
func impatient(c *mockcognito.Config) { c.Lambda.Timeout = 200 * time.Millisecond }

// changing is what differs from run to run in an event.
var changing = []struct {
	of  *regexp.Regexp
	new string
}{
	{regexp.MustCompile(`http://(localhost|127\.0\.0\.1):[0-9]+`), "http://idp.example"},
	{regexp.MustCompile(`(\\"dateCreated\\":)[0-9]+`), "${1}1700000000000"},
	{regexp.MustCompile(`"(exp|iat)": "[0-9]+"`), `"$1": "1700000000"`},
	{regexp.MustCompile(`"id_token": "[^"]+"`), `"id_token": "(the ID token)"`},
	{regexp.MustCompile(`"sub": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`), `"sub": "807c593c-d0c1-709c-598f-633ec61bcc8b"`},
}

// goldenEvents compares events with testdata/triggers/<name>-<n>-<source>.json.
func goldenEvents(t *testing.T, name string, list []invocation) {
	t.Helper()
	for i, got := range list {
		var indented bytes.Buffer
		require.NoError(t, json.Indent(&indented, got.raw, "", "  "))
		indented.WriteByte('\n')
		text := indented.String()
		for _, c := range changing {
			text = c.of.ReplaceAllString(text, c.new)
		}
		file := filepath.Join("testdata", "triggers", name+"-"+string(rune('1'+i))+"-"+got.source+".json")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), text, file)
	}
}

// refusedAtApp wants the app to be told why a sign-in failed.
func refusedAtApp(t *testing.T, back *url.URL, description string) {
	t.Helper()
	q := back.Query()
	require.Equal(t, "invalid_request", q.Get("error"), back.String())
	require.Equal(t, description, q.Get("error_description"))
	require.Equal(t, "app-state", q.Get("state"))
	require.Empty(t, q.Get("code"))
}
