package console_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// elements returns the elements of a page with that data-testid.
func elements(t *testing.T, page, id string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var out []*html.Node
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "data-testid" && a.Val == id {
				out = append(out, n)
			}
		}
	}
	return out
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestHomePage(t *testing.T) {
	t.Parallel()
	b := start(t)
	empty := b.get("/")
	require.Len(t, elements(t, empty.body, "console-page"), 1)
	require.Contains(t, text(elements(t, empty.body, "signins")[0]), "None yet")

	id := b.signIn(secret)
	b.signIn("wrong-secret-of-the-client")
	page := b.get("/").body
	require.Contains(t, text(elements(t, page, "party-cognito")[0]), b.party.URL)
	rows := elements(t, page, "signin-row")
	require.Len(t, rows, 2)
	require.Contains(t, text(rows[0]), "failed Cognito does not accept the client's secret <b>.")
	require.Contains(t, text(rows[1]), "john@example.com client completed 2")
	require.Contains(t, page, `href="/signins/`+id+`"`)
	require.Contains(t, page, `href="http://localhost:9403/auth/login?email=john%40example.com"`)

	variables := elements(t, page, "variable")
	require.Len(t, variables, 3)
	for _, v := range variables {
		hidden := false
		for n := range v.Descendants() {
			hidden = hidden || n.Data == "details"
		}
		require.Equal(t, strings.Contains(text(v), secret), hidden, "secrets, and only they, are hidden")
	}
}

func TestPagesWorkUnderTheirOwnPolicy(t *testing.T) {
	t.Parallel()
	b := start(t)
	id := b.signIn("wrong-secret-of-the-client")
	for _, path := range []string{"/", "/signins/" + id} {
		a := b.get(path)
		policy := a.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "script-src 'sha256-")
		require.NotContains(t, policy, "unsafe")
		root, err := html.Parse(strings.NewReader(a.body))
		require.NoError(t, err)
		for n := range root.Descendants() {
			for _, attr := range n.Attr {
				require.NotEqual(t, "style", attr.Key, path)
				require.False(t, strings.HasPrefix(attr.Key, "on"), "%s %s", path, attr.Key)
			}
		}
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	b := start(t)
	page := b.get("/signins/" + b.signIn(secret)).body
	require.Len(t, elements(t, page, "signin-page"), 1)
	hops := elements(t, page, "hop")
	require.Len(t, hops, 2)
	require.Contains(t, text(hops[0]), "GET /authorize")
	require.Contains(t, text(hops[0]), "login_hint john@example.com", "parameters are decoded")
	require.Contains(t, text(hops[1]), "the client is who it says")
	require.Contains(t, text(elements(t, page, "token-claims")[0]), `"email": "john@example.com"`)
	require.Contains(t, text(hops[1]), "Opaque")
	require.NotContains(t, page, "of failed")
}

func TestSequence(t *testing.T) {
	t.Parallel()
	b := start(t)
	page := b.get("/signins/" + b.signIn("wrong-secret-of-the-client")).body
	require.Contains(t, text(elements(t, page, "failure")[0]), "does not accept")
	_, svg, ok := strings.Cut(page, "<svg")
	require.True(t, ok)
	svg, _, ok = strings.Cut("<svg"+svg, "</svg>")
	require.True(t, ok)
	svg += "</svg>"
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF, "the drawing is well-formed XML")
			break
		}
	}
	require.Contains(t, svg, "<title")
	require.Contains(t, svg, "<desc")
	require.Equal(t, 5, strings.Count(svg, `class="life"`))
	require.Equal(t, 2, strings.Count(svg, `class="arrow"`))
	require.Contains(t, svg, `<g class="front browser">`)
	require.Contains(t, svg, `<g class="back app failed">`)
	require.Contains(t, svg, `class="said"`)
	require.Contains(t, svg, "POST /token 400")
	require.Contains(t, svg, `href="#hop-2"`)
	require.NotContains(t, svg, "secret <b>")
}

func TestOtherPages(t *testing.T) {
	t.Parallel()
	b := start(t)
	for path, status := range map[string]int{"/signins/none": http.StatusNotFound, "/nothing": http.StatusNotFound} {
		a := b.get(path)
		require.Equal(t, status, a.StatusCode)
		require.Len(t, elements(t, a.body, "console-error"), 1)
	}
	a := b.do(http.MethodPost, "/", "")
	require.Equal(t, http.StatusMethodNotAllowed, a.StatusCode)
	require.Len(t, elements(t, a.body, "console-error"), 1)
	require.Equal(t, http.StatusOK, b.get("/signins/"+b.signIn(secret)+"?x").StatusCode)
	require.Contains(t, b.get("/signins/latest").body, "signin-page")
}
