package look

import (
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/a-h/templ"
)

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
	base := template.New("layout").Funcs(funcs)
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

// Render writes a page of Parse.
func (p *Pages) Render(w http.ResponseWriter, status int, name string, page Page) error {
	t, ok := p.byName[name]
	if !ok {
		return fmt.Errorf("no page %q", name)
	}
	var content strings.Builder
	if err := t.ExecuteTemplate(&content, "content", page); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return Render(w, status, page, templ.Raw(content.String()))
}
