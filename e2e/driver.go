package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	// Wait is how long a step waits for its element, Optional how long one does that is marked so. Default 30 s and 2 s.
	Wait, Optional time.Duration
	// Now is the clock of one-time codes; nil means the machine's.
	Now func() time.Time
	// Person says that somebody sits in front of the browser: what idp.steps do not do, or cannot, is left to them for
	// as long as this. Asked is told when the browser waits for them.
	Person time.Duration
	Asked  func(what string)
}

var (
	_ conformance.SignIn  = (*Driver)(nil)
	_ conformance.Planter = (*Driver)(nil)
)

// Close closes the tab.
func (d *Driver) Close() error {
	d.Tab.Close()
	return nil
}

// Plant implements conformance.Planter.
func (d *Driver) Plant(at *url.URL, c *http.Cookie) error {
	_, err := call(d.Tab, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: at.String(), Path: c.Path, Secure: &c.Secure, HTTPOnly: &c.HttpOnly})
	if err != nil {
		return fmt.Errorf("give the browser a cookie: %w", err)
	}
	return nil
}

// SignIn implements conformance.SignIn.
func (d *Driver) SignIn(ctx context.Context, authorizeURL string, target *conformance.Target) (*conformance.Visit, error) {
	v := newVisit(target.Client.RedirectURI)
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
			d.look(ctx, v)
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
	if err = d.steps(ctx, v, target); err == nil {
		err = d.arrive(ctx, v, loaded, target)
	}
	if stuck, ok := errors.AsType[*conformance.StuckError](err); ok {
		stuck.Files = d.evidence(v, target)
	}
	return v.result(), err
}

// look notes the page that has loaded.
func (d *Driver) look(ctx context.Context, v *visit) {
	type page struct{ URL, Title, HTML string }
	p, err := chromedp.Run(ctx, chromedp.Evaluate[page](`({URL: location.href, Title: document.title, HTML: document.documentElement.outerHTML})`))
	if err == nil { // else the next page is on its way
		v.saw(p.URL, p.Title, p.HTML)
	}
}

// evidence is what the browser shows and has sent, without secrets.
func (d *Driver) evidence(v *visit, target *conformance.Target) []conformance.File {
	files := d.Tab.Files(target.Secrets())
	if har, err := v.har("ssolab"); err == nil {
		files = append(files, conformance.File{Name: "requests.har", Data: []byte(scrub(string(har), target.Secrets()))})
	}
	return files
}

// SignOut ends the session at Cognito and stops on the way to the target's logout_uri, which is not requested.
func (d *Driver) SignOut(ctx context.Context, target *conformance.Target) error {
	v := newVisit(target.Client.LogoutURI)
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
	own, cancel := context.WithTimeout(d.Tab.ctx, 2*d.Tab.timeout+d.Person)
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
			if d.Person == 0 { // nobody needs to see a page, which would take the browser a process of its own
				_, _ = chromedp.Call(ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonAborted})
				continue
			}
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
		wait := cmp.Or(d.Wait, d.Tab.timeout)
		if s.Optional || d.Person > 0 {
			wait = cmp.Or(d.Optional, 2*time.Second)
		}
		found, err := d.await(ctx, v, s, wait)
		switch {
		case v.done():
			return nil
		case err == nil:
		case s.Optional && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			continue
		case d.Person > 0 && ctx.Err() == nil && !errors.Is(err, errRefused):
			return nil // who sits there goes on
		default:
			return d.stuck(ctx, v, fmt.Sprintf("step %d of idp.steps found nothing to %s", i+1, s), err)
		}
		if err := d.act(ctx, s, found, target); err != nil && !v.done() {
			return d.stuck(ctx, v, fmt.Sprintf("step %d of idp.steps could not %s", i+1, s), err)
		}
	}
	return nil
}

// act does a step with the element that was found.
func (d *Driver) act(ctx context.Context, s conformance.Step, element string, target *conformance.Target) error {
	now := d.Now
	if now == nil {
		now = time.Now
	}
	value := s.Value.Expand(target.Email, now())
	switch name, _ := s.Action(); name {
	case "fill":
		return d.Tab.fill(element, value)
	case "select":
		return d.Tab.choose(element, value)
	case "click":
		return chromedp.Do(ctx, chromedp.Click(chromedp.CSS(element)))
	}
	return nil
}

// errRefused says that a page tells of an error instead of going on.
var errRefused = errors.New("the page tells of an error")

// await waits until a step's element is visible, an error page shows or the callback is reached, and returns a selector of
// that element alone.
func (d *Driver) await(ctx context.Context, v *visit, s conformance.Step, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	go func() {
		select {
		case <-v.reached:
			cancel()
		case <-ctx.Done():
		}
	}()
	_, selector := s.Action()
	script := fmt.Sprintf(`(() => {
		const said = e => (e.innerText || e.value || e.getAttribute("aria-label") || "").replace(/\s+/g, " ").trim().toLowerCase();
		const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
		const text = %q.replace(/\s+/g, " ").trim().toLowerCase();
		const found = [...document.querySelectorAll(%q)].find(e => shown(e) && (text === "" || said(e) === text));
		if (found) {
			document.querySelectorAll("[data-ssolab-step]").forEach(e => e.removeAttribute("data-ssolab-step"));
			found.setAttribute("data-ssolab-step", "");
			return "[data-ssolab-step]";
		}
		return document.querySelector("[data-error]") ? "error" : "";
	})()`, s.Text, selector)
	for {
		found, err := chromedp.Run(ctx, chromedp.Poll[string](script, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0)))
		switch {
		case err == nil && found == "error":
			return "", errRefused
		case err == nil:
			return found, nil
		}
		again := time.NewTimer(20 * time.Millisecond) // polling does not outlive a page
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return "", ctx.Err()
		}
	}
}

// arrive waits for the callback, and gives up at a page that tells of an error.
func (d *Driver) arrive(ctx context.Context, v *visit, loaded <-chan struct{}, target *conformance.Target) error {
	asked := false
	for {
		if v.done() {
			return nil
		}
		refused, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && document.querySelector("[data-error]") !== null`))
		if err == nil && (refused || v.lastStatus() >= http.StatusBadRequest) && !v.done() {
			return d.stuck(ctx, v, "the page refuses", nil)
		}
		if d.Person > 0 && !asked && d.Asked != nil && !v.done() {
			asked = true
			d.Asked("finish the sign-in of " + target.Email + " in the browser")
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
