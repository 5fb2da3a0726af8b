package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ssolab/ssolab/conformance"
)

// Driver signs in with a browser. It implements conformance.SignIn: pages of the identity provider are served by the
// target's idp.steps. The redirect_uri is not requested: the browser is stopped on its way there.
type Driver struct {
	// Tab signs in. Its cookies stay, so a second sign-in meets the sessions of the first.
	Tab *Tab
	// Optional is how long a step marked optional waits for its element. Default 2 s.
	Optional time.Duration
}

var _ conformance.SignIn = (*Driver)(nil)

// SignIn implements conformance.SignIn.
func (d *Driver) SignIn(ctx context.Context, authorizeURL string, target *conformance.Target) (*conformance.Visit, error) {
	v := &visit{callback: target.Client.RedirectURI, reached: make(chan struct{}), byID: map[network.RequestID]int{}}
	ctx, cancel := d.bound(ctx)
	defer cancel()
	stop, err := d.watch(ctx, v)
	if err != nil {
		return v.result(), err
	}
	defer stop()
	loads := chromedp.Events(ctx, page.LoadEventFired)
	loaded := make(chan struct{}, 64)
	go func() {
		for _, err := range loads {
			if err != nil {
				return
			}
			select {
			case loaded <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	if err := chromedp.Do(ctx, chromedp.Navigate(authorizeURL)); err != nil && !v.done() {
		return v.result(), fmt.Errorf("open the authorization endpoint: %w", err)
	}
	if err = d.steps(ctx, v, target); err != nil {
		return v.result(), err
	}
	err = d.arrive(ctx, v, loaded)
	return v.result(), err
}

// SignOut ends the session at Cognito and stops on the way to the target's logout_uri, which is not requested.
func (d *Driver) SignOut(ctx context.Context, target *conformance.Target) error {
	v := &visit{callback: target.Client.LogoutURI, reached: make(chan struct{}), byID: map[network.RequestID]int{}}
	ctx, cancel := d.bound(ctx)
	defer cancel()
	stop, err := d.watch(ctx, v)
	if err != nil {
		return err
	}
	defer stop()
	q := url.Values{"client_id": {target.Client.ID}, "logout_uri": {target.Client.LogoutURI}}
	if err := chromedp.Do(ctx, chromedp.Navigate(target.Domain+"/logout?"+q.Encode())); err != nil && !v.done() {
		return fmt.Errorf("open /logout: %w", err)
	}
	if !v.done() {
		return d.stuck(ctx, v, "sign-out did not lead to "+target.Client.LogoutURI, nil)
	}
	return nil
}

// bound makes a context that acts on the tab and ends with the caller's.
func (d *Driver) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithTimeout(d.Tab.ctx, 2*d.Tab.timeout)
	stop := context.AfterFunc(ctx, cancel)
	return own, func() { stop(); cancel() }
}

// watch records the requests of the tab's document and catches the one to the callback.
func (d *Driver) watch(ctx context.Context, v *visit) (stop func(), err error) {
	if err := chromedp.Listen(ctx, v.note); err != nil {
		return nil, fmt.Errorf("listen to the browser: %w", err)
	}
	paused := chromedp.Events(ctx, fetch.RequestPaused)
	if _, err := chromedp.Call(ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{
		URLPattern: urlPattern(v.callback), ResourceType: network.ResourceTypeDocument, RequestStage: fetch.RequestStageRequest,
	}}}); err != nil {
		return nil, fmt.Errorf("watch for the callback: %w", err)
	}
	go func() {
		for e, err := range paused {
			if err != nil {
				return
			}
			v.arrive(e.Request.URL + e.Request.URLFragment)
			_, _ = chromedp.Call(ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
				RequestID: e.RequestID, ResponseCode: 200, Body: []byte("<!doctype html><title>Callback</title><p>The sign-in has reached the application."),
				ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/html"}},
			})
		}
	}()
	return func() { _, _ = call(d.Tab, fetch.Disable, struct{}{}) }, nil
}

// steps does what the target says a person does at the identity provider, until the callback is reached.
func (d *Driver) steps(ctx context.Context, v *visit, target *conformance.Target) error {
	for i, s := range target.IdP.Steps {
		if v.done() {
			return nil
		}
		action, selector := s.Action()
		wait := d.Tab.timeout
		if s.Optional {
			if wait = d.Optional; wait == 0 {
				wait = 2 * time.Second
			}
		}
		if err := d.await(ctx, v, selector, wait); err != nil {
			if v.done() {
				return nil
			}
			if s.Optional && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
				continue
			}
			return d.stuck(ctx, v, fmt.Sprintf("step %d of idp.steps found no %s", i+1, selector), err)
		}
		value := s.Value.Expand(target.Email)
		var err error
		switch action {
		case "fill":
			err = d.Tab.fill(selector, value)
		case "select":
			err = d.Tab.choose(selector, value)
		case "click":
			err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		}
		if err != nil && !v.done() {
			return d.stuck(ctx, v, fmt.Sprintf("step %d of idp.steps could not %s %s", i+1, action, selector), err)
		}
	}
	return nil
}

// await waits until an element is visible, an error page shows or the callback is reached.
func (d *Driver) await(ctx context.Context, v *visit, selector string, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	go func() {
		select {
		case <-v.reached:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(selector+", [data-error]"))); err != nil {
		return err
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q) !== null`, selector)))
	if err == nil && !found {
		err = errors.New("the page tells of an error")
	}
	return err
}

// arrive waits for the callback, and gives up at a page that tells of an error.
func (d *Driver) arrive(ctx context.Context, v *visit, loaded <-chan struct{}) error {
	for {
		if v.done() {
			return nil
		}
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && document.querySelector("[data-error]") !== null`)); err == nil && ok && !v.done() {
			return d.stuck(ctx, v, "the page refuses", nil)
		}
		select {
		case <-v.reached:
			return nil
		case <-loaded:
		case <-ctx.Done():
			return d.stuck(context.WithoutCancel(ctx), v, "the sign-in went no further", ctx.Err())
		}
	}
}

// stuck says where the browser stands and what the page says.
func (d *Driver) stuck(ctx context.Context, v *visit, reason string, cause error) error {
	if cause != nil && ctx.Err() != nil {
		return fmt.Errorf("%s: %w", reason, cause)
	}
	code, _ := d.Tab.attribute("[data-error]", "data-error")
	text, err := d.Tab.text("[data-error]")
	if err != nil {
		text, _ = d.Tab.text("body")
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	if code != "" {
		reason += ": " + code
	}
	if text != "" {
		reason += fmt.Sprintf(": %q", text)
	}
	where, _ := d.Tab.URL()
	return &conformance.StuckError{Reason: reason, URL: conformance.MaskURL(where), Status: v.lastStatus(), Code: code}
}

// visit is what a browser saw on one sign-in.
type visit struct {
	callback string
	reached  chan struct{} // closed when the callback is reached

	mu   sync.Mutex // guards the fields below
	at   string
	hops []conformance.Hop
	byID map[network.RequestID]int // request → its last hop
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

func (v *visit) lastStatus() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.hops) == 0 {
		return 0
	}
	return v.hops[len(v.hops)-1].Status
}

func (v *visit) result() *conformance.Visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	hops := slices.DeleteFunc(slices.Clone(v.hops), func(h conformance.Hop) bool { return v.at != "" && h.URL == v.at })
	return &conformance.Visit{Callback: v.at, Hops: hops}
}

// note records the requests for documents. It runs inside the loop that reads from the browser.
func (v *visit) note(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type != network.ResourceTypeDocument {
			return
		}
		if i, ok := v.byID[e.RequestID]; ok && e.RedirectResponse != nil {
			v.hops[i].Status = int(e.RedirectResponse.Status)
			v.hops[i].Location = e.Request.URL + e.Request.URLFragment
		}
		h := conformance.Hop{Method: e.Request.Method, URL: e.Request.URL + e.Request.URLFragment}
		for _, entry := range e.Request.PostDataEntries {
			h.Fields = append(h.Fields, fieldNames(string(entry.Bytes))...)
		}
		v.byID[e.RequestID] = len(v.hops)
		v.hops = append(v.hops, h)
	case *network.EventResponseReceived:
		if i, ok := v.byID[e.RequestID]; ok {
			v.hops[i].Status = int(e.Response.Status)
		}
	}
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

func evaluateInt(script string) chromedp.Action[int] { return chromedp.Evaluate[int](script) }
