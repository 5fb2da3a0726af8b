package look_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/look"
)

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

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "<p>"+templ.EscapeString(s)+"</p>")
		return err
	})
}

func TestRenderPolicyNamesWhatStandsInThePage(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	require.NoError(t, look.Render(w, http.StatusTeapot, look.Page{
		Party: "cognito", Title: "A & B", Strip: "mock", Script: "if (1 < 2) { window.x = '</b>'; }",
	}, text("<script>x</script>")))
	html := w.Body.String()
	require.Equal(t, http.StatusTeapot, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, html, `data-party="cognito"`)
	require.Contains(t, html, `<main class="card"><p>&lt;script&gt;x&lt;/script&gt;</p></main>`)
	require.Contains(t, html, "<title>A &amp; B</title>")
	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "style-src "+hash(between(t, html, "<style>", "</style>")))
	require.Contains(t, policy, "script-src "+hash(between(t, html, "<script>", "</script>")))
	require.NotContains(t, policy, "form-action")
	require.NotContains(t, policy, "unsafe")
}

func TestRenderWithoutScriptAllowsNone(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	require.NoError(t, look.Render(w, http.StatusOK, look.Page{Width: "wide"}, text("")))
	require.NotContains(t, w.Header().Get("Content-Security-Policy"), "script-src")
	require.NotContains(t, w.Body.String(), "mock-strip")
}

// A page that cannot be made writes nothing.
func TestRenderReportsItsContent(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	broken := templ.ComponentFunc(func(context.Context, io.Writer) error { return errors.New("broken") })
	require.ErrorContains(t, look.Render(w, http.StatusOK, look.Page{Title: "A"}, broken), `render "A": broken`)
	require.Empty(t, w.Body.String())
	require.Empty(t, w.Header())
}
