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
	tab := newTab(t)
	require.NoError(t, tab.Open(srv.URL))
	dir, err := saveEvidence("Test/with a name", tab, srv.URL)
	require.NoError(t, err)
	for file, want := range map[string]string{"screenshot.png": "PNG", "page.html": "the page", "console.log": "said", "trace.json": `{"id":"s"}`} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Contains(t, string(b), want, file)
	}
}
