package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Meddle changes the first request for a document whose address begins with prefix: the browser is sent to the changed
// address instead, as if somebody on the way had rewritten it. It lasts until stop is called. A tab has one Meddle or
// Rewrite at a time.
func (t *Tab) Meddle(prefix string, change func(*url.URL)) (stop func(), err error) {
	return t.intercept(prefix, fetch.RequestStageRequest, func(ctx context.Context, e *fetch.EventRequestPaused) error {
		u, err := url.Parse(e.Request.URL)
		if err != nil {
			return err
		}
		change(u)
		_, err = chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: 302,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Location", Value: u.String()}},
		})
		return err
	})
}

// Answer is what a server answered, and what the browser gets instead. Cookies are not in it: the browser has taken them
// already.
type Answer struct {
	Status int
	Header http.Header
	Body   string // of redirects always empty
}

// Rewrite changes the first answer to a request for a document whose address begins with prefix, as a proxy on the way
// could. It lasts until stop is called. A tab has one Meddle or Rewrite at a time.
func (t *Tab) Rewrite(prefix string, change func(*Answer)) (stop func(), err error) {
	return t.intercept(prefix, fetch.RequestStageResponse, func(ctx context.Context, e *fetch.EventRequestPaused) error {
		a := Answer{Status: int(e.ResponseStatusCode), Header: http.Header{}}
		for _, h := range e.ResponseHeaders {
			for value := range strings.SplitSeq(h.Value, "\n") { // several of one name may come in one entry
				a.Header.Add(h.Name, value)
			}
		}
		if a.Status < 300 || a.Status > 399 {
			body, err := chromedp.Call(ctx, fetch.GetResponseBody, fetch.GetResponseBodyParams{RequestID: e.RequestID})
			if err != nil {
				return err
			}
			a.Body = string(body.Body)
		}
		change(&a)
		var headers []*fetch.HeaderEntry
		for name, values := range a.Header {
			for _, value := range values {
				headers = append(headers, &fetch.HeaderEntry{Name: name, Value: value})
			}
		}
		_, err := chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: int64(a.Status), ResponseHeaders: headers, Body: []byte(a.Body),
		})
		return err
	})
}

// intercept hands the first such document to act and lets all others pass. One on which act fails passes as it is.
func (t *Tab) intercept(prefix string, stage fetch.RequestStage, act func(context.Context, *fetch.EventRequestPaused) error) (stop func(), err error) {
	ctx, cancel := context.WithCancel(t.ctx)
	paused := chromedp.Events(ctx, fetch.RequestPaused)
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{
		URLPattern: urlPattern(prefix), ResourceType: network.ResourceTypeDocument, RequestStage: stage,
	}}}); err != nil {
		cancel()
		return nil, fmt.Errorf("watch for %s: %w", prefix, err)
	}
	go func() {
		acted := false
		for e, err := range paused {
			if err != nil {
				return
			}
			if !acted {
				acted = true
				if act(ctx, &e) == nil {
					continue
				}
			}
			_, _ = chromedp.Call(ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
		}
	}()
	return func() {
		_, _ = call(t, fetch.Disable, cdp.Empty{})
		cancel()
	}, nil
}

// urlPattern matches every address that begins with prefix.
func urlPattern(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`).Replace(prefix) + "*"
}

// Cookies are the cookies that the browser has for an address and would send to it on a visit of its own site.
func (t *Tab) Cookies(address string) ([]*network.Cookie, error) {
	got, err := call(t, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	if err != nil {
		return nil, fmt.Errorf("read the cookies of %s: %w", address, err)
	}
	return got.Cookies, nil
}

// Forget deletes the cookies of an address whose names begin with prefix, and tells how many there were.
func (t *Tab) Forget(address, prefix string) (int, error) {
	cookies, err := t.Cookies(address)
	n := 0
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		n++
		if _, err := call(t, network.DeleteCookies, network.DeleteCookiesParams{Name: c.Name, URL: address}); err != nil {
			return n, fmt.Errorf("delete the cookie %s: %w", c.Name, err)
		}
	}
	return n, err
}

// Relabel gives the cookies of an address whose names begin with prefix another SameSite, and tells how many there were.
// They then live until the tab is closed.
func (t *Tab) Relabel(address, prefix string, sameSite network.CookieSameSite) (int, error) {
	cookies, err := t.Cookies(address)
	n := 0
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		n++
		if _, err := call(t, network.SetCookie, network.SetCookieParams{
			Name: c.Name, Value: c.Value, URL: address, Path: c.Path, Secure: &c.Secure, HTTPOnly: &c.HTTPOnly, SameSite: sameSite,
		}); err != nil {
			return n, fmt.Errorf("relabel the cookie %s: %w", c.Name, err)
		}
	}
	return n, err
}
