package look_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/look"
)

func files(content string) fstest.MapFS {
	return fstest.MapFS{
		"_part.html": {Data: []byte(`{{define "part"}}<b>part</b>{{end}}`)},
		"page.html":  {Data: []byte(content)},
	}
}

func between(t *testing.T, s, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, from)
	require.True(t, ok, "no %q", from)
	inside, _, ok := strings.Cut(rest, to)
	require.True(t, ok, "no %q", to)
	return inside
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestRenderPolicyNamesWhatStandsInThePage(t *testing.T) {
	t.Parallel()
	pages, err := look.Parse(files(`{{define "content"}}{{template "part"}}<p>{{.Body}}</p>{{end}}`), nil)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	require.NoError(t, pages.Render(w, http.StatusTeapot, "page", look.Page{
		Party: "cognito", Title: "A & B", Strip: "mock", Script: "if (1 < 2) { window.x = '</b>'; }", Body: "<script>x</script>",
	}))
	html := w.Body.String()
	require.Equal(t, http.StatusTeapot, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, html, `data-party="cognito"`)
	require.Contains(t, html, `<main class="card">`)
	require.Contains(t, html, "<title>A &amp; B</title>")
	require.Contains(t, html, `<b>part</b><p>&lt;script&gt;x&lt;/script&gt;</p>`)
	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "style-src "+hash(between(t, html, "<style>", "</style>")))
	require.Contains(t, policy, "script-src "+hash(between(t, html, "<script>", "</script>")))
	require.NotContains(t, policy, "form-action")
	require.NotContains(t, policy, "unsafe")
}

func TestRenderWithoutScriptAllowsNone(t *testing.T) {
	t.Parallel()
	pages := look.MustParse(files(`{{define "content"}}{{end}}`), nil)
	w := httptest.NewRecorder()
	require.NoError(t, pages.Render(w, http.StatusOK, "page", look.Page{Width: "wide"}))
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "script-src")
	require.NotContains(t, w.Body.String(), "mock-strip")
	require.Error(t, pages.Render(w, http.StatusOK, "missing", look.Page{}))
}

func TestParseReportsBrokenTemplates(t *testing.T) {
	t.Parallel()
	_, err := look.Parse(files(`{{define "content"}}`), nil)
	require.ErrorContains(t, err, "page.html")
	require.Panics(t, func() { look.MustParse(files(`{{`), nil) })
}
