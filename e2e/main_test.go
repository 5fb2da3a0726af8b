package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
)

var targetFile = flag.String("target", "", "run the journeys against the endpoints of this target `file`, and nothing else; relative to this directory or to the module's")

// shared is the browser of the suite: started by the first test that needs it, one process for all of them. Each test
// has a tab with cookies of its own.
var shared = struct {
	once sync.Once
	b    *e2e.Browser
	err  error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.b != nil {
		shared.b.Close()
	}
	os.Exit(code)
}

func newTab(t *testing.T) *e2e.Tab {
	t.Helper()
	shared.once.Do(func() { shared.b, shared.err = e2e.StartBrowser(e2e.BrowserOptions{}) })
	require.NoError(t, shared.err)
	tab, err := shared.b.NewTab()
	require.NoError(t, err)
	t.Cleanup(tab.Close)
	return tab
}

// visitor is a person in front of a tab; if the test fails, what they see is kept.
func visitor(t *testing.T, lab *ssolab.Lab) *e2e.Person {
	t.Helper()
	tab := newTab(t)
	keepEvidence(t, tab, lab.URLs().Console)
	return e2e.NewPerson(t, tab)
}

// keepEvidence saves, if the test fails, the screenshot, the DOM, the console log and the lab's newest sign-in.
func keepEvidence(t *testing.T, tab *e2e.Tab, consoleURL string) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		dir, err := saveEvidence(t.Name(), tab, consoleURL)
		if err != nil {
			t.Logf("evidence of this failure is incomplete: %v", err)
		}
		t.Logf("screenshot, DOM, console log and trace of this failure: %s", dir)
	})
}

func saveEvidence(name string, tab *e2e.Tab, consoleURL string) (string, error) {
	base := os.Getenv("SSOLAB_E2E_DIR")
	if base == "" {
		base = filepath.Join(os.TempDir(), "ssolab-e2e")
	}
	dir := filepath.Join(base, strings.NewReplacer("/", "-", " ", "-").Replace(name))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return dir, err
	}
	var problems []string
	save := func(file string, data []byte, err error) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), data, 0o600)
		}
		if err != nil {
			problems = append(problems, file+": "+err.Error())
		}
	}
	png, err := tab.Screenshot()
	save("screenshot.png", png, err)
	where, _ := tab.URL()
	dom, err := tab.DOM()
	save("page.html", []byte("<!-- "+where+" -->\n"+dom), err)
	save("console.log", []byte(strings.Join(tab.Console(), "\n")+"\n"), nil)
	if consoleURL != "" {
		body, err := fetch(consoleURL + "/api/v1/signins/latest")
		save("trace.json", body, err)
	}
	if len(problems) > 0 {
		return dir, fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return dir, nil
}

func fetch(address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: HTTP %d", address, resp.StatusCode)
	}
	return body, err
}

// variables are what the lab tells an app, by name.
func variables(lab *ssolab.Lab) map[string]string {
	out := map[string]string{}
	for _, v := range lab.Variables() {
		out[v.Name] = v.Value
	}
	return out
}

// latest is the lab's record of the newest sign-in.
func latest(t *testing.T, lab *ssolab.Lab) signIn {
	t.Helper()
	body, err := fetch(lab.URLs().Console + "/api/v1/signins/latest")
	require.NoError(t, err)
	var s signIn
	require.NoError(t, json.Unmarshal(body, &s))
	return s
}

type signIn struct {
	Email   string
	Outcome string
	Failure string
	Hops    []struct {
		From, To, Point string
		Status          int
		Location        string
	}
}

func (s signIn) points() []string {
	var out []string
	for _, h := range s.Hops {
		out = append(out, h.Point)
	}
	return out
}

// onlyWithOwnLab tells whether the scenarios that need a lab of their own are to run: with -target, they are not.
func onlyWithOwnLab(t *testing.T) bool {
	t.Helper()
	if *targetFile != "" {
		t.Log("left out: with -target, only the journeys that a target can serve are run")
		return false
	}
	return true
}
