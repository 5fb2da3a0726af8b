package conformance

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page is what a client without scripts finds in a document.
type page struct {
	forms []*form
	base  string // href of the first <base>
}

// form is a form with the fields that are sent when it is submitted untouched by its first submit button.
type form struct {
	id, method, action, enctype string
	fields                      []field
	pressed                     bool // the first submit button has been found
	blankPassword               bool // there is a password field without name and value, which a script would read
}

// field is an entry of a form, with the control that it is of.
type field struct {
	name, value string
	of          *control
}

// control is a form control of the document.
type control struct {
	tag      string // input, button, select or textarea
	attr     map[string]string
	owner    *form // the form that is open; the form attribute is looked up later
	disabled bool
	options  []*option
	text     strings.Builder // of a textarea
}

type option struct {
	attr     map[string]string
	disabled bool
	label    strings.Builder
}

// formParser reads tokens rather than a tree: which form a control belongs to depends on the form tag that is open
// (HTML Living Standard, "form owner"), also where a table or an unclosed element puts the control elsewhere in the
// tree.
type formParser struct {
	page     *page
	controls []*control
	open     *form
	choice   *control // select or textarea that is open
	option   *option
	group    bool   // inside a disabled optgroup
	template int    // depth of templates, whose content is not part of the document
	fieldset []bool // open fieldsets: disabled or not
	legend   int    // depth of legends; a disabled fieldset spares the controls of its legend
}

// parsePage finds the forms of a document. Content for browsers without scripts (noscript) counts.
func parsePage(body []byte) *page {
	p := &formParser{page: &page{}}
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			p.finish()
			return p.page
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "noscript" {
				z.NextIsNotRawText()
			}
			p.start(t.Data, attributes(t))
		case html.EndTagToken:
			p.end(z.Token().Data)
		case html.TextToken:
			p.write(z.Token().Data)
		}
	}
}

func (p *formParser) start(tag string, attr map[string]string) {
	if tag == "template" {
		p.template++
	}
	if p.template > 0 {
		return
	}
	_, disabled := attr["disabled"]
	switch tag {
	case "base":
		if p.page.base == "" {
			p.page.base = attr["href"]
		}
	case "form":
		if p.open == nil { // a form inside a form is no form
			p.open = &form{
				id: attr["id"], action: strings.TrimSpace(attr["action"]),
				method: lower(attr["method"]), enctype: lower(attr["enctype"]),
			}
			p.page.forms = append(p.page.forms, p.open)
		}
	case "fieldset":
		p.fieldset = append(p.fieldset, disabled)
	case "legend":
		p.legend++
	case "input", "button", "select", "textarea":
		c := &control{tag: tag, attr: attr, owner: p.open, disabled: disabled || p.legend == 0 && slices.Contains(p.fieldset, true)}
		p.controls = append(p.controls, c)
		if tag == "select" || tag == "textarea" {
			p.choice, p.option, p.group = c, nil, false
		}
	case "optgroup":
		p.option, p.group = nil, disabled
	case "option":
		if p.choice != nil && p.choice.tag == "select" {
			p.option = &option{attr: attr, disabled: disabled || p.group}
			p.choice.options = append(p.choice.options, p.option)
		}
	}
}

func (p *formParser) end(tag string) {
	if tag == "template" && p.template > 0 {
		p.template--
	}
	if p.template > 0 {
		return
	}
	switch tag {
	case "form":
		p.open = nil
	case "fieldset":
		p.fieldset = p.fieldset[:max(0, len(p.fieldset)-1)]
	case "legend":
		p.legend = max(0, p.legend-1)
	case "optgroup":
		p.option, p.group = nil, false
	case "option":
		p.option = nil
	case "select", "textarea":
		p.choice, p.option = nil, nil
	}
}

func (p *formParser) write(text string) {
	switch {
	case p.template > 0 || p.choice == nil:
	case p.choice.tag == "textarea":
		p.choice.text.WriteString(text)
	case p.option != nil:
		p.option.label.WriteString(text)
	}
}

// finish gives every control to its form, in the order of the document.
func (p *formParser) finish() {
	byID := map[string]*form{}
	for _, f := range p.page.forms {
		if _, dup := byID[f.id]; f.id != "" && !dup {
			byID[f.id] = f
		}
	}
	for _, c := range p.controls {
		owner := c.owner
		if id, named := c.attr["form"]; named {
			owner = byID[id]
		}
		if owner != nil && !c.disabled {
			owner.add(c)
		}
	}
}

// add constructs the entries of one control (HTML Living Standard, "constructing the form data set").
func (f *form) add(c *control) {
	name := c.attr["name"]
	switch c.tag {
	case "textarea":
		f.append(c, name, strings.TrimPrefix(strings.TrimPrefix(c.text.String(), "\r"), "\n"))
	case "select":
		for _, value := range c.selected() {
			f.append(c, name, value)
		}
	case "button":
		if kind := lower(c.attr["type"]); kind != "button" && kind != "reset" {
			f.press(c.attr)
		}
	case "input":
		f.input(c)
	}
}

func (f *form) input(c *control) {
	attr := c.attr
	name, value := attr["name"], attr["value"]
	switch lower(attr["type"]) {
	case "button", "reset":
	case "file": // nothing chosen: left out, as by a browser that sends an empty file
	case "submit":
		f.press(attr)
	case "image":
		if !f.pressed {
			prefix := ""
			if name != "" {
				prefix = name + "."
			}
			f.press(map[string]string{"formaction": attr["formaction"], "formmethod": attr["formmethod"], "formenctype": attr["formenctype"]})
			f.fields = append(f.fields, field{name: prefix + "x", value: "0"}, field{name: prefix + "y", value: "0"})
		}
	case "checkbox", "radio":
		if _, checked := attr["checked"]; checked {
			if _, given := attr["value"]; !given {
				value = "on"
			}
			f.append(nil, name, value)
		}
	case "password":
		f.blankPassword = f.blankPassword || value == "" && name == ""
		f.append(c, name, value)
	default:
		f.append(c, name, value)
	}
}

// press uses a submit button, if it is the first.
func (f *form) press(attr map[string]string) {
	if f.pressed {
		return
	}
	f.pressed = true
	f.append(nil, attr["name"], attr["value"])
	for name, into := range map[string]*string{"formaction": &f.action, "formmethod": &f.method, "formenctype": &f.enctype} {
		if v := strings.TrimSpace(attr[name]); v != "" {
			*into = v
		}
	}
	f.method, f.enctype = lower(f.method), lower(f.enctype)
}

// append adds an entry; of is the control, if a person can type or choose its value.
func (f *form) append(of *control, name, value string) {
	if name != "" {
		f.fields = append(f.fields, field{name, value, of})
	}
}

// asksForPassword tells whether a password is left to be typed.
func (f *form) asksForPassword() bool {
	return f.blankPassword || slices.ContainsFunc(f.fields, func(fd field) bool {
		return fd.of != nil && fd.value == "" && lower(fd.of.attr["type"]) == "password"
	})
}

// fill types a value into the fields that a selector finds, and tells whether there was one.
func (f *form) fill(s selector, value string) bool {
	found := false
	for i, fd := range f.fields {
		if fd.of != nil && s.matches(fd.of.tag, fd.of.attr) && lower(fd.of.attr["type"]) != "hidden" {
			f.fields[i].value, found = value, true
		}
	}
	return found
}

// selected are the values a select sends: those marked, or the first that can be chosen where one must be.
func (c *control) selected() []string {
	_, multiple := c.attr["multiple"]
	var marked []string
	for _, o := range c.options {
		if _, ok := o.attr["selected"]; ok && !o.disabled {
			marked = append(marked, o.value())
		}
	}
	switch {
	case multiple:
		return marked
	case len(marked) > 0:
		return marked[len(marked)-1:] // the last one wins
	case c.attr["size"] != "" && c.attr["size"] != "1":
		return nil // a list box may have nothing chosen
	}
	for _, o := range c.options {
		if !o.disabled {
			return []string{o.value()}
		}
	}
	return nil
}

func (o *option) value() string {
	if v, ok := o.attr["value"]; ok {
		return v
	}
	return strings.Join(strings.Fields(o.label.String()), " ")
}

// first returns the first form that is sent somewhere.
func (p *page) first() *form {
	for _, f := range p.forms {
		if f.method != "dialog" {
			return f
		}
	}
	return nil
}

// submission is a request that a page leads to.
type submission struct {
	method, url string
	contentType string
	body        []byte
	fields      []string // names of what is sent, for the record
}

// submit makes the request of a form on the page at pageURL.
func (p *page) submit(f *form, pageURL *url.URL) (submission, error) {
	base := pageURL
	if p.base != "" {
		if b, err := pageURL.Parse(p.base); err == nil {
			base = b
		}
	}
	action := pageURL // an empty action is the document itself, whatever the base
	if f.action != "" {
		var err error
		if action, err = base.Parse(f.action); err != nil {
			return submission{}, err
		}
	}
	to := *action
	to.Fragment = ""
	s := submission{method: "GET"}
	for _, fd := range f.fields {
		s.fields = append(s.fields, fd.name)
	}
	if f.method != "post" {
		to.RawQuery, to.ForceQuery = f.urlEncoded(), false
		s.url = to.String()
		return s, nil
	}
	s.method, s.url = "POST", to.String()
	if f.enctype == "multipart/form-data" {
		s.contentType, s.body = f.multipart()
		return s, nil
	}
	s.contentType, s.body = "application/x-www-form-urlencoded", []byte(f.urlEncoded())
	return s, nil
}

// urlEncoded keeps the order of the document, which url.Values does not.
func (f *form) urlEncoded() string {
	pairs := make([]string, len(f.fields))
	for i, fd := range f.fields {
		pairs[i] = url.QueryEscape(fd.name) + "=" + url.QueryEscape(newlines(fd.value))
	}
	return strings.Join(pairs, "&")
}

func (f *form) multipart() (contentType string, body []byte) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, fd := range f.fields {
		_ = w.WriteField(fd.name, newlines(fd.value)) // a bytes.Buffer does not fail
	}
	_ = w.Close()
	return w.FormDataContentType(), out.Bytes()
}

// newlines are CRLF in a form that is sent.
func newlines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}

// signature tells two pages apart: where the form goes and which fields it has, whatever their values.
func (f *form) signature(pageURL *url.URL) string {
	names := make([]string, len(f.fields))
	for i, fd := range f.fields {
		names[i] = fd.name
	}
	action, _, _ := strings.Cut(f.action, "?")
	return pageURL.Host + pageURL.Path + " " + f.method + " " + action + " " + strings.Join(names, ",")
}

func attributes(t html.Token) map[string]string {
	attr := make(map[string]string, len(t.Attr))
	for _, a := range t.Attr {
		if _, dup := attr[a.Key]; !dup {
			attr[a.Key] = a.Val
		}
	}
	return attr
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// complaint is what a page says is wrong: the code of its data-error attribute and the sentence with it, else what is
// marked as an alert or an error, else its heading or title. All may be empty.
func complaint(body []byte) (code, text string) {
	root, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		return "", ""
	}
	var marked, heading, title string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "data-error" && a.Val != "" && code == "":
				code, text = a.Val, textOf(n)
			case marked == "" && (a.Key == "role" && a.Val == "alert" || a.Key == "class" && slices.ContainsFunc(strings.Fields(strings.ToLower(a.Val)), isErrorClass)):
				marked = textOf(n)
			}
		}
		switch {
		case n.Data == "h1" && heading == "":
			heading = textOf(n)
		case n.Data == "title" && title == "":
			title = textOf(n)
		}
	}
	for _, s := range []string{text, marked, heading, title, textOf(root)} {
		if s != "" {
			return code, shorten(s)
		}
	}
	return code, ""
}

func isErrorClass(class string) bool {
	return strings.Contains(class, "error") || strings.Contains(class, "alert") || class == "invalid-feedback"
}

func textOf(n *html.Node) string {
	inline := []string{"a", "b", "code", "em", "i", "kbd", "mark", "q", "small", "span", "strong", "u"}
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
		case n.Type == html.ElementNode && slices.Contains([]string{"script", "style", "template", "option"}, n.Data):
			return
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		if n.Type == html.ElementNode && !slices.Contains(inline, n.Data) {
			out.WriteString(" ")
		}
	}
	walk(n)
	return strings.Join(strings.Fields(out.String()), " ")
}

func shorten(s string) string {
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
