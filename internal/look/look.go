// Package look is how every page of a lab looks: one layout, one stylesheet, one colour per party.
//
//	x.templ ─► make pages ─► x_templ.go: func xView(data) templ.Component ─► Render ─► layout, policy
//
// Pages are templ components (https://templ.guide), compiled: the linker drops what a template engine that reads its
// templates while it runs would keep. They work without JavaScript and load nothing: the stylesheet stands in the page
// and the Content-Security-Policy names its hash.
package look

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
)

//go:embed look.css
var stylesheet string

// Stylesheet is the CSS of every page, for pages that are written to a file.
func Stylesheet() string { return stylesheet }

// Page is what every page tells the layout.
type Page struct {
	Party  string // colours the page: app, cognito, scalekit, idp, console
	Title  string
	Strip  string // the quiet line that says what mock is speaking, e.g. "mock Cognito · pool us-east-1_SsoLab001 · not AWS"
	Width  string // "card" (default) or "wide"
	Script string // a trusted inline script, or empty

	FrameAncestors []string // the origins whose pages may show this one in a frame; none unless given
}

// Render writes a page around its content. The policy has no form-action: the redirects behind a sign-in form cross four
// origins, and browsers hold the whole chain against it.
func Render(w http.ResponseWriter, status int, page Page, content templ.Component) error {
	if page.Width == "" {
		page.Width = "card"
	}
	var out bytes.Buffer
	out.Grow(len(stylesheet) + 8<<10) // most pages
	if err := layout(page, content).Render(context.Background(), &out); err != nil {
		return fmt.Errorf("render %q: %w", page.Title, err)
	}
	policy := "default-src 'none'; style-src " + styleHash + "; img-src 'self' data:; base-uri 'none'; frame-ancestors "
	if len(page.FrameAncestors) == 0 {
		policy += "'none'"
	} else {
		policy += strings.Join(page.FrameAncestors, " ")
	}
	if page.Script != "" {
		policy += "; script-src " + hash(page.Script) + "; connect-src 'self'"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html;charset=UTF-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
	return nil
}

var styleHash = hash(stylesheet)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
