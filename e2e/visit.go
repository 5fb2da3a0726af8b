package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/ssolab/ssolab/conformance"
)

// visit is what a browser saw on one sign-in.
type visit struct {
	callback string
	reached  chan struct{} // closed when the callback is reached

	mu        sync.Mutex // guards the fields below
	at        string
	exchanges []*exchange
	byID      map[network.RequestID][]*exchange // a request and its redirects
	answers   map[network.RequestID]int         // of these, how many answers' headers came
}

// exchange is one request of the browser, for a document or for what belongs to one.
type exchange struct {
	document     bool
	method, url  string
	begun        time.Time
	took         time.Duration
	request      map[string]string
	form         string
	status       int
	statusText   string
	response     http.Header
	location     string
	title, page  string
	failed       string
	monotonicSec float64
}

func newVisit(callback string) *visit {
	return &visit{callback: callback, reached: make(chan struct{}), byID: map[network.RequestID][]*exchange{}, answers: map[network.RequestID]int{}}
}

func (v *visit) done() bool {
	select {
	case <-v.reached:
		return true
	default:
		return false
	}
}

func (v *visit) arrive(at string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.at == "" {
		v.at = at
		close(v.reached)
	}
}

// lastDocument is the newest request for a document; nil before any.
func (v *visit) lastDocument() *exchange {
	for _, x := range slices.Backward(v.exchanges) {
		if x.document {
			return x
		}
	}
	return nil
}

func (v *visit) lastStatus() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.lastDocument(); x != nil {
		return x.status
	}
	return 0
}

// saw notes what a page holds, once it has loaded.
func (v *visit) saw(at, title, html string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.lastDocument(); x != nil && withoutFragment(x.url) == withoutFragment(at) && x.page == "" {
		x.title, x.page = title, html
	}
}

func withoutFragment(raw string) string {
	base, _, _ := strings.Cut(raw, "#")
	return base
}

// result is the visit as the checks see it: the requests for documents.
func (v *visit) result() *conformance.Visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := &conformance.Visit{Callback: v.at}
	for _, x := range v.exchanges {
		if !x.document || v.at != "" && x.url == v.at {
			continue
		}
		h := conformance.Hop{Method: x.method, URL: x.url, Fields: fieldNames(x.form), Status: x.status, Location: x.location, Title: x.title, Page: conformance.Secret(x.page)}
		if x.response != nil {
			h.Cookies = conformance.ReadCookies(x.response)
		}
		out.Hops = append(out.Hops, h)
	}
	return out
}

// note records the browser's requests. It runs inside the loop that reads from the browser.
func (v *visit) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		v.sent(e)
	case *network.EventResponseReceivedExtraInfo:
		if n := v.answers[e.RequestID]; n < len(v.byID[e.RequestID]) {
			v.byID[e.RequestID][n].response = headersOf(e.Headers)
		}
		v.answers[e.RequestID]++
	case *network.EventResponseReceived:
		if x := v.last(e.RequestID); x != nil {
			x.answered(e.Response, e.Timestamp.Float64())
		}
	case *network.EventLoadingFailed:
		if x := v.last(e.RequestID); x != nil {
			x.failed = e.ErrorText
		}
	}
}

func (v *visit) sent(e *network.EventRequestWillBeSent) {
	if x := v.last(e.RequestID); x != nil && e.RedirectResponse != nil {
		x.answered(e.RedirectResponse, e.Timestamp.Float64())
		x.location = e.Request.URL + e.Request.URLFragment
	}
	x := &exchange{
		document: e.Type == network.ResourceTypeDocument, method: e.Request.Method, url: e.Request.URL + e.Request.URLFragment,
		begun: time.UnixMicro(int64(e.WallTime.Float64() * 1e6)).UTC(), monotonicSec: e.Timestamp.Float64(), request: map[string]string{},
	}
	for name, value := range e.Request.Headers {
		x.request[name] = fmt.Sprint(value)
	}
	for _, entry := range e.Request.PostDataEntries {
		x.form += string(entry.Bytes)
	}
	v.byID[e.RequestID] = append(v.byID[e.RequestID], x)
	v.exchanges = append(v.exchanges, x)
	if early := v.answers[e.RequestID]; early > len(v.byID[e.RequestID]) {
		v.answers[e.RequestID] = len(v.byID[e.RequestID])
	}
}

func (v *visit) last(id network.RequestID) *exchange {
	if chain := v.byID[id]; len(chain) > 0 {
		return chain[len(chain)-1]
	}
	return nil
}

func (x *exchange) answered(r *network.Response, at float64) {
	x.status, x.statusText = int(r.Status), r.StatusText
	x.took = time.Duration((at - x.monotonicSec) * float64(time.Second))
	if x.response == nil {
		x.response = headersOf(r.Headers)
	}
}

// headersOf reads headers of which several of one name come in one entry.
func headersOf(from network.Headers) http.Header {
	out := http.Header{}
	for name, value := range from {
		for line := range strings.SplitSeq(fmt.Sprint(value), "\n") {
			out.Add(name, line)
		}
	}
	return out
}

func fieldNames(form string) []string {
	var out []string
	for pair := range strings.SplitSeq(form, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && decoded != "" {
			out = append(out, decoded)
		}
	}
	return out
}

// har writes the visit in the HTTP Archive format, version 1.2, without credentials, cookies' values, codes, tokens and
// the values of forms.
func (v *visit) har(tool string) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	entries := []harEntry{}
	for _, x := range v.exchanges {
		entries = append(entries, x.har())
	}
	return json.MarshalIndent(map[string]any{"log": map[string]any{
		"version": "1.2", "creator": map[string]string{"name": tool, "version": "1"}, "entries": entries,
	}}, "", "  ")
}

type harEntry struct {
	Started  time.Time      `json:"startedDateTime"`
	Time     float64        `json:"time"` // milliseconds
	Request  map[string]any `json:"request"`
	Response map[string]any `json:"response"`
	Cache    struct{}       `json:"cache"`
	Timings  map[string]any `json:"timings"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (x *exchange) har() harEntry {
	address := conformance.MaskURL(x.url)
	milliseconds := float64(x.took.Microseconds()) / 1000
	request := map[string]any{
		"method": x.method, "url": address, "httpVersion": "", "cookies": []harPair{}, "headers": []harPair{}, "queryString": queryOf(address), "headersSize": -1, "bodySize": len(x.form),
	}
	var headers []harPair
	for name, value := range x.request {
		headers = append(headers, harPair{name, conformance.MaskHeader(name, value)})
	}
	request["headers"] = sorted(headers)
	if x.form != "" {
		params := []harPair{}
		for _, name := range fieldNames(x.form) {
			params = append(params, harPair{name, "…"})
		}
		request["postData"] = map[string]any{"mimeType": "application/x-www-form-urlencoded", "params": params, "text": ""}
	}
	headers = nil
	for name, values := range x.response {
		for _, value := range values {
			headers = append(headers, harPair{name, conformance.MaskHeader(name, value)})
		}
	}
	text := x.statusText
	if x.failed != "" {
		text = x.failed
	}
	response := map[string]any{
		"status": x.status, "statusText": text, "httpVersion": "", "cookies": []harPair{}, "headers": sorted(headers), "redirectURL": conformance.MaskURL(x.location),
		"headersSize": -1, "bodySize": -1, "content": map[string]any{"size": len(x.page), "mimeType": x.response.Get("Content-Type")},
	}
	return harEntry{Started: x.begun, Time: milliseconds, Request: request, Response: response, Timings: map[string]any{"send": 0, "wait": milliseconds, "receive": 0}}
}

func sorted(list []harPair) []harPair {
	slices.SortFunc(list, func(a, b harPair) int {
		return strings.Compare(strings.ToLower(a.Name+a.Value), strings.ToLower(b.Name+b.Value))
	})
	if list == nil {
		return []harPair{}
	}
	return list
}

func queryOf(address string) []harPair {
	out := []harPair{}
	u, err := url.Parse(address)
	if err != nil {
		return out
	}
	for name, values := range u.Query() {
		for _, value := range values {
			out = append(out, harPair{name, value})
		}
	}
	return sorted(out)
}
