// Package look is how every page of a lab looks: one layout, one stylesheet, one colour per party.
//
// A party parses its own templates with Parse; each file defines "content" for the layout. Pages work without
// JavaScript and load nothing: the stylesheet stands in the page and the Content-Security-Policy names its hash.
package look

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed look.css
var stylesheet string

//go:embed layout.html
var layout string

// Stylesheet is the CSS of every page, for pages that are written to a file.
func Stylesheet() string { return stylesheet }

// Page is what every page tells the layout.
type Page struct {
	Party  string // colours the page: app, cognito, scalekit, idp, console
	Title  string
	Strip  string // the quiet line that says what mock is speaking, e.g. "mock Cognito · pool us-east-1_SsoLab001 · not AWS"
	Width  string // "card" (default) or "wide"
	Script string // a trusted inline script, or empty
	Body   any    // the page's own data, .Body in its template
}

// Pages are the parsed templates of one party.
type Pages struct {
	byName map[string]*template.Template
}

// Parse reads the templates *.html in files; each is a page named after its file, and defines "content". A file whose
// name begins with an underscore is shared by all of them.
func Parse(files fs.FS, funcs template.FuncMap) (*Pages, error) {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, err
	}
	var shared []string
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			shared = append(shared, name)
		}
	}
	base := template.New("layout").Funcs(template.FuncMap{
		"css": func() template.CSS { return template.CSS(stylesheet) }, //nolint:gosec // our own constant
		"js":  func(s string) template.JS { return template.JS(s) },    //nolint:gosec // scripts are constants of the party
	}).Funcs(funcs)
	if base, err = base.Parse(layout); err != nil {
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	pages := &Pages{byName: map[string]*template.Template{}}
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			continue
		}
		t := template.Must(base.Clone())
		if t, err = t.ParseFS(files, append(shared, name)...); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		pages.byName[strings.TrimSuffix(name, ".html")] = t
	}
	return pages, nil
}

// MustParse is Parse for embedded templates.
func MustParse(files fs.FS, funcs template.FuncMap) *Pages {
	pages, err := Parse(files, funcs)
	if err != nil {
		panic(err)
	}
	return pages
}

var styleHash = hash(stylesheet)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Render writes a page. The policy has no form-action: the redirects behind a sign-in form cross four origins, and
// browsers hold the whole chain against it.
func (p *Pages) Render(w http.ResponseWriter, status int, name string, page Page) error {
	t, ok := p.byName[name]
	if !ok {
		return fmt.Errorf("no page %q", name)
	}
	if page.Width == "" {
		page.Width = "card"
	}
	var out bytes.Buffer
	out.Grow(len(stylesheet) + 8<<10) // most pages
	if err := t.ExecuteTemplate(&out, "layout", page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	policy := "default-src 'none'; style-src " + styleHash + "; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
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
