package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

const (
	maxSteps = 30
	maxPage  = 2 << 20
)

// browser follows redirects, keeps cookies and submits the first form of each page as it stands.
type browser struct{ client *http.Client }

func newBrowser() *browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &browser{&http.Client{
		Jar: jar, Timeout: 15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// follow goes from an address to the callback, which it does not request, and returns the callback's parameters.
func (b *browser) follow(ctx context.Context, from, callback string) (url.Values, error) {
	next, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	for range maxSteps {
		if err != nil {
			return nil, err
		}
		if address, _, _ := strings.Cut(next.URL.String(), "?"); address == callback {
			return next.URL.Query(), nil
		}
		next, err = b.step(next)
	}
	return nil, fmt.Errorf("%s was not reached in %d requests", callback, maxSteps)
}

// step sends a request and returns the one that its answer leads to.
func (b *browser) step(request *http.Request) (*http.Request, error) {
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if to, err := response.Location(); err == nil {
		return http.NewRequestWithContext(request.Context(), http.MethodGet, to.String(), nil)
	}
	at := request.URL.Host + request.URL.Path
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", at, response.Status)
	}
	page, err := html.Parse(io.LimitReader(response.Body, maxPage))
	if err != nil {
		return nil, err
	}
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			return submit(request, n)
		}
	}
	return nil, fmt.Errorf("%s has no form", at)
}

// submit makes the request of a form whose first button is pressed.
func submit(page *http.Request, form *html.Node) (*http.Request, error) {
	action, err := page.URL.Parse(attribute(form, "action"))
	if err != nil {
		return nil, err
	}
	fields, pressed := url.Values{}, false
	for n := range form.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		value := attribute(n, "value")
		switch kind := attribute(n, "type"); {
		case n.Data == "select":
			value = chosen(n)
		case n.Data == "textarea" && n.FirstChild != nil:
			value = n.FirstChild.Data
		case n.Data == "textarea":
		case n.Data == "input" && (kind == "checkbox" || kind == "radio"):
			if !has(n, "checked") {
				continue
			}
		case n.Data == "button" && kind != "button" || n.Data == "input" && kind == "submit":
			if pressed {
				continue
			}
			pressed = true
		case n.Data != "input":
			continue
		}
		if name := attribute(n, "name"); name != "" {
			fields.Add(name, value)
		}
	}
	if !strings.EqualFold(attribute(form, "method"), http.MethodPost) {
		action.RawQuery = fields.Encode()
		return http.NewRequestWithContext(page.Context(), http.MethodGet, action.String(), nil)
	}
	request, err := http.NewRequestWithContext(page.Context(), http.MethodPost, action.String(), strings.NewReader(fields.Encode()))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, err
}

// chosen is the value of a list's selected option, or of its first.
func chosen(list *html.Node) string {
	value, any := "", false
	for n := range list.Descendants() {
		if n.Type != html.ElementNode || n.Data != "option" || any && !has(n, "selected") {
			continue
		}
		value, any = attribute(n, "value"), true
	}
	return value
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
