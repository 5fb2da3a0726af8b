package e2e_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/e2e"
)

func TestFindBrowser(t *testing.T) {
	t.Parallel()
	path := func(names ...string) func(string) (string, error) {
		return func(name string) (string, error) {
			if slices.Contains(names, name) {
				return "/usr/bin/" + filepath.Base(name), nil
			}
			return "", errors.New("not found")
		}
	}
	env := func(value string) func(string) string { return func(string) string { return value } }
	got, err := e2e.FindBrowser(env("/opt/chrome"), path("/opt/chrome", "chromium"))
	require.NoError(t, err)
	require.Equal(t, "/usr/bin/chrome", got)
	got, err = e2e.FindBrowser(env(""), path("google-chrome", "chromium"))
	require.NoError(t, err)
	require.Equal(t, "/usr/bin/chromium", got, "in a fixed order")
	_, err = e2e.FindBrowser(env("/opt/none"), path("chromium"))
	require.ErrorContains(t, err, `SSOLAB_BROWSER is "/opt/none"`, "what was asked for is not replaced in silence")
	_, err = e2e.FindBrowser(env(""), path())
	require.ErrorContains(t, err, "apt-get install chromium")
	require.ErrorContains(t, err, "SSOLAB_BROWSER")
}

func TestEvidenceOfAFailure(t *testing.T) {
	t.Setenv("SSOLAB_E2E_DIR", t.TempDir())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/signins/latest" {
			_, _ = w.Write([]byte(`{"id":"s"}`))
			return
		}
		_, _ = w.Write([]byte(`<title>t</title><p>the page</p><script>console.warn("said")</script>`))
	}))
	t.Cleanup(srv.Close)
	tab := plain.tab(t, nil)
	require.NoError(t, tab.Open(srv.URL))
	dir, err := saveEvidence("Test/with a name", tab, srv.URL)
	require.NoError(t, err)
	for file, want := range map[string]string{"screenshot.png": "PNG", "page.html": "the page", "console.log": "said", "trace.json": `{"id":"s"}`} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Contains(t, string(b), want, file)
	}
}

func TestNoOtherCAIsTrusted(t *testing.T) {
	inNamedForms(t, func(t *testing.T, f *form) {
		tab := f.tab(t, f.lab(t))
		other := f.lab(t, func(c *ssolab.Config) { c.CADir = "" })
		require.ErrorContains(t, tab.Open(other.URLs().App), "ERR_CERT_AUTHORITY_INVALID")
	})
}

func TestOptionsForATarget(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost })
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, lab.CA(), 0o600))
	resolve := map[string]string{"a.example": "127.0.0.1", "b.example:443": "127.0.0.1:9443"}
	got, err := e2e.OptionsFor(&conformance.Target{CAFile: file, Resolve: resolve})
	require.NoError(t, err)
	require.Equal(t, e2e.BrowserOptions{Resolve: resolve, TrustedKeys: []string{lab.CAKeyHash()}}, got)
	_, err = e2e.OptionsFor(&conformance.Target{CAFile: file + ".none"})
	require.ErrorContains(t, err, "ca_file")
	got, err = e2e.OptionsFor(&conformance.Target{})
	require.NoError(t, err)
	require.Zero(t, got)
}
