package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
)

var (
	targetFile = flag.String("target", "", "run the journeys against the endpoints of this target `file`, and nothing else; relative to this directory or to the module's")
	onlyForm   = flag.String("form", "", "run the scenarios in this `form` of the lab alone: plain, localhost or vendor (default: in all three)")
)

// form is a way in which the parties of a lab are reached. It has one browser process, started by the first test that
// needs it; each test has a tab with cookies of its own, and a lab of its own whose CA is that of the suite.
type form struct {
	name  string // and the value of ssolab.Config.Names, except for plain
	names string

	once    sync.Once
	browser *e2e.Browser
	err     error
}

var (
	plain     = &form{name: "plain"}
	localhost = &form{name: "localhost", names: ssolab.NamesLocalhost}
	vendor    = &form{name: "vendor", names: ssolab.NamesVendor}
	forms     = []*form{localhost, vendor, plain}
	// browsers is held while browsers are started: one after the other, each takes a processor for itself.
	browsers sync.Mutex
	caDir    string // of the CA of the suite
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runSuite(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runSuite(m *testing.M) (code int, err error) {
	if *onlyForm != "" && !slices.ContainsFunc(forms, func(f *form) bool { return f.name == *onlyForm }) {
		return 2, fmt.Errorf("-form %q is none of plain, localhost and vendor", *onlyForm)
	}
	if caDir, err = os.MkdirTemp("", "ssolab-e2e-ca-"); err != nil {
		return 2, err
	}
	defer os.RemoveAll(caDir)
	defer func() {
		for _, f := range forms {
			if f.browser != nil {
				f.browser.Close()
			}
		}
	}()
	return m.Run(), nil
}

// inEveryForm runs a scenario that needs labs of its own in each form. With -target there is nothing to run.
func inEveryForm(t *testing.T, scenario func(t *testing.T, f *form)) {
	t.Helper()
	inForms(t, forms, scenario)
}

// inNamedForms is inEveryForm for what only parties with host names show.
func inNamedForms(t *testing.T, scenario func(t *testing.T, f *form)) {
	t.Helper()
	inForms(t, []*form{localhost, vendor}, scenario)
}

func inForms(t *testing.T, in []*form, scenario func(t *testing.T, f *form)) {
	t.Helper()
	t.Parallel()
	if *targetFile != "" {
		t.Log("left out: with -target, only the journeys that a target can serve are run")
		return
	}
	for _, f := range in {
		if *onlyForm != "" && *onlyForm != f.name {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			scenario(t, f)
		})
	}
}

// lab starts a lab in this form.
func (f *form) lab(t *testing.T, edit ...func(*ssolab.Config)) *ssolab.Lab {
	t.Helper()
	return ssolab.Run(t, append([]func(*ssolab.Config){func(c *ssolab.Config) { c.Names, c.CADir = f.names, caDir }}, edit...)...)
}

// start starts a browser that finds a lab's parties and trusts the CA of the suite. Labs of one form differ in their ports
// alone, so it finds those of all of them.
func (f *form) start(lab *ssolab.Lab, noCookies ...string) (*e2e.Browser, error) {
	o := e2e.BrowserOptions{Resolve: map[string]string{}, NoCookies: noCookies}
	if f.names != "" {
		o.TrustedKeys = []string{lab.CAKeyHash()}
		for host := range lab.Resolve() {
			name, _, err := net.SplitHostPort(host)
			if err != nil {
				return nil, err
			}
			o.Resolve[name] = "127.0.0.1"
		}
	}
	browsers.Lock()
	defer browsers.Unlock()
	return e2e.StartBrowser(o)
}

// tab opens a tab of the form's browser.
func (f *form) tab(t *testing.T, lab *ssolab.Lab) *e2e.Tab {
	t.Helper()
	f.once.Do(func() { f.browser, f.err = f.start(lab) })
	require.NoError(t, f.err)
	return newTab(t, f.browser)
}

// visitor is a person in front of a tab; if the test fails, what they see is kept.
func (f *form) visitor(t *testing.T, lab *ssolab.Lab) *e2e.Person {
	t.Helper()
	return person(t, f.tab(t, lab), lab)
}

func person(t *testing.T, tab *e2e.Tab, lab *ssolab.Lab) *e2e.Person {
	t.Helper()
	keepEvidence(t, tab, lab.URLs().Console)
	return e2e.NewPerson(t, tab)
}

func newTab(t *testing.T, b *e2e.Browser) *e2e.Tab {
	t.Helper()
	tab, err := b.NewTab()
	require.NoError(t, err)
	t.Cleanup(tab.Close)
	return tab
}

// newBrowser starts a browser for this test alone.
func newBrowser(t *testing.T, start func() (*e2e.Browser, error)) *e2e.Browser {
	t.Helper()
	b, err := start()
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
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
