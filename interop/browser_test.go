package interop_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// browser follows redirects, keeps cookies and submits the first form of each page as it stands.
type browser struct {
	client *http.Client
	pages  int // forms submitted
}

func newBrowser(transport http.RoundTripper) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{client: &http.Client{
		Transport: transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// follow goes from an address to the callback, whose parameters it returns.
func (b *browser) follow(from, callback string) (url.Values, error) {
	request, err := http.NewRequest(http.MethodGet, from, nil)
	for range 30 {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(request.URL.String(), callback) {
			return request.URL.Query(), nil
		}
		request, err = b.step(request)
	}
	return nil, fmt.Errorf("did not come to %s in 30 requests", callback)
}

func (b *browser) step(request *http.Request) (*http.Request, error) {
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if location, err := response.Location(); err == nil {
		return http.NewRequest(http.MethodGet, location.String(), nil)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s: %s", request.URL.Path, response.Status, body)
	}
	b.pages++
	return submit(request.URL, string(body))
}

// submit makes the request of the first form on a page.
func submit(page *url.URL, body string) (*http.Request, error) {
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	form := first(root, "form")
	if form == nil {
		return nil, fmt.Errorf("no form on %s", page)
	}
	target, err := page.Parse(attribute(form, "action"))
	if err != nil {
		return nil, err
	}
	fields := url.Values{}
	pressed := false
	for n := range form.Descendants() {
		name := attribute(n, "name")
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "input":
			switch attribute(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					fields.Add(name, attribute(n, "value"))
				}
			case "submit", "button", "reset":
			default:
				fields.Add(name, attribute(n, "value"))
			}
		case n.Data == "textarea" && n.FirstChild != nil:
			fields.Add(name, n.FirstChild.Data)
		case n.Data == "select":
			fields.Add(name, selected(n))
		case n.Data == "button" && !pressed && attribute(n, "type") != "button":
			pressed = true
			if name != "" {
				fields.Add(name, attribute(n, "value"))
			}
		}
	}
	fields.Del("")
	if strings.EqualFold(attribute(form, "method"), "post") {
		request, err := http.NewRequest(http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return request, err
	}
	target.RawQuery = fields.Encode()
	return http.NewRequest(http.MethodGet, target.String(), nil)
}

func selected(list *html.Node) string {
	chosen := ""
	for n := range list.Descendants() {
		if n.Type == html.ElementNode && n.Data == "option" && (chosen == "" || has(n, "selected")) {
			chosen = attribute(n, "value")
		}
	}
	return chosen
}

func first(root *html.Node, tag string) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
