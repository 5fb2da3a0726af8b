package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/ssolab/ssolab/internal/lab"
)

// SignIn is a driver: it takes a person from the authorization request to the application's callback.
type SignIn interface {
	// SignIn opens authorizeURL and goes on, as a browser would, until it is sent to the target's redirect_uri, which
	// it does not request. The Visit is never nil: on an error it holds what was seen until then. A page that leads
	// nowhere is a *StuckError; any other error means that a host could not be reached or ctx has ended.
	SignIn(ctx context.Context, authorizeURL string, target *Target) (*Visit, error)
}

// Planter is a driver whose browser can be given a cookie before it begins, as if it had it from an earlier visit.
type Planter interface {
	Plant(at *url.URL, cookie *http.Cookie) error
}

// Visit is what a driver saw.
type Visit struct {
	Callback string // the URL at the redirect_uri with its parameters; empty: never reached
	Hops     []Hop
}

// Hop is one request of a browser and its answer.
type Hop struct {
	Method   string   // GET or POST
	URL      string   // as requested, with all parameters
	Fields   []string // names of the form fields in the body
	Status   int
	Location string // as received
	Title    string // of the page, or what it says is wrong
	// Cookies are those that the answer sets or deletes; nil where the driver cannot see them.
	Cookies []Cookie
	// Page is the HTML of a page, for what must not stand in it; empty where the driver does not keep it.
	Page Secret
}

// Cookie is a Set-Cookie of an answer. Its value is never shown.
type Cookie struct {
	Name     string
	Deleted  bool // it expires in the past
	Value    Secret
	Domain   string // as sent; empty: for the answering host alone
	SameSite string // "Strict", "Lax" or "None"; empty: not said
	Secure   bool
	HTTPOnly bool
}

// StuckError says why a sign-in went no further.
type StuckError struct {
	Reason string // a sentence
	URL    string // of the page, masked
	Status int    // of its answer; 0: none
	Code   string // the page's data-error, if it has one
	Files  []File // what shows how it looked, of drivers with a browser; free of secrets
}

// File is evidence that a report does not hold, such as a screenshot.
type File struct {
	Name string // "screenshot.png"
	Data []byte
}

// Error is the reason and where.
func (e *StuckError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s (%s)", e.Reason, e.URL)
	}
	return fmt.Sprintf("%s (%s, HTTP %d)", e.Reason, e.URL, e.Status)
}

const (
	maxHops    = 40
	maxPage    = 2 << 20
	hopTimeout = 30 * time.Second
)

// HTTPDriver signs in with plain HTTP: it keeps cookies, follows redirects, and submits the first form of each page
// by its first submit button, with its default values and with what the fill and select steps of the target give for its
// fields. It runs no scripts, and of the steps' selectors it knows those of one element: a type, #id, .class,
// [attribute="value"]. It signs in where submitting pages so signs the person of the login_hint in; elsewhere it says which
// page needs a browser.
type HTTPDriver struct {
	// Client carries the requests. Its redirect policy and jar are replaced. Nil: one made from the target.
	Client *http.Client
	// Jar keeps the cookies of several sign-ins, so that the second meets the sessions of the first. Nil: each sign-in
	// begins without cookies.
	Jar http.CookieJar
	// Seen, if set, is told of each hop as it happens.
	Seen func(Hop)
	// Now is the clock of one-time codes; nil means the machine's.
	Now func() time.Time
}

var (
	_ SignIn  = (*HTTPDriver)(nil)
	_ Planter = (*HTTPDriver)(nil)
)

// Plant implements Planter. The driver must have a Jar.
func (d *HTTPDriver) Plant(at *url.URL, cookie *http.Cookie) error {
	if d.Jar == nil {
		return errors.New("a driver without a cookie jar takes no cookie")
	}
	d.Jar.SetCookies(at, []*http.Cookie{cookie})
	return nil
}

// NewJar returns an empty cookie jar with the rules of a browser.
func NewJar() http.CookieJar {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		panic("cookiejar.New: " + err.Error()) // it has no way to fail
	}
	return jar
}

// SignIn implements SignIn.
func (d *HTTPDriver) SignIn(ctx context.Context, authorizeURL string, target *Target) (*Visit, error) {
	v := &Visit{}
	callback, err := url.Parse(target.Client.RedirectURI)
	if err != nil {
		return v, fmt.Errorf("parse redirect_uri: %w", err)
	}
	client, done, err := d.client(target)
	if err != nil {
		return v, err
	}
	defer done()
	now := d.Now
	if now == nil {
		now = lab.New(lab.Options{}).Now
	}
	s := &session{client: client, callback: callback, visit: v, seen: d.Seen, pages: map[string]bool{}, target: target, now: now}
	next := submission{method: http.MethodGet, url: authorizeURL}
	for range maxHops {
		to, err := s.step(ctx, next)
		if err != nil || v.Callback != "" {
			return v, err
		}
		next = to
	}
	return v, &StuckError{Reason: fmt.Sprintf("gave up after %d hops without reaching %s", maxHops, target.Client.RedirectURI), URL: MaskURL(next.url)}
}

func (d *HTTPDriver) client(target *Target) (c *http.Client, done func(), err error) {
	done = func() {}
	base := d.Client
	if base == nil {
		if base, err = target.HTTPClient(hopTimeout); err != nil {
			return nil, done, err
		}
		done = base.CloseIdleConnections
	}
	own := *base
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if own.Jar = d.Jar; own.Jar == nil {
		own.Jar = NewJar()
	}
	return &own, done, nil
}

// session is one sign-in under way.
type session struct {
	client   *http.Client
	callback *url.URL
	visit    *Visit
	seen     func(Hop)
	pages    map[string]bool // forms already submitted
	target   *Target         // for its steps
	now      func() time.Time
}

// fill types into a form what the target's steps give for its fields.
func (s *session) fill(f *form) {
	for _, step := range s.target.IdP.Steps {
		name, text := step.Action()
		if name != "fill" && name != "select" {
			continue
		}
		if sel, ok := parseSelector(text); ok {
			f.fill(sel, step.Value.Expand(s.target.Email, s.now()))
		}
	}
}

// step makes one request and returns what its answer leads to, or sets the visit's callback.
func (s *session) step(ctx context.Context, req submission) (submission, error) {
	r, err := http.NewRequestWithContext(ctx, req.method, req.url, bytes.NewReader(req.body))
	if err != nil {
		return submission{}, &StuckError{Reason: "an answer led to an address that cannot be requested: " + err.Error(), URL: MaskURL(req.url)}
	}
	if req.contentType != "" {
		r.Header.Set("Content-Type", req.contentType)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("User-Agent", "ssolab")
	resp, err := s.client.Do(r)
	if err != nil && strings.Contains(err.Error(), "failed to parse Location header") { // net/http reads it in any case
		s.visit.Hops = append(s.visit.Hops, Hop{Method: req.method, URL: req.url})
		return submission{}, &StuckError{Reason: "the answer redirects to what is no URL", URL: MaskURL(req.url)}
	}
	if err != nil {
		return submission{}, unwrapURL(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return submission{}, fmt.Errorf("read %s: %w", MaskURL(req.url), err)
	}
	hop := Hop{Method: req.method, URL: req.url, Fields: req.fields, Status: resp.StatusCode, Location: resp.Header.Get("Location"), Cookies: ReadCookies(resp.Header)}
	if hop.Location == "" && isHTML(resp) {
		_, hop.Title = complaint(body)
		hop.Page = Secret(body)
	}
	s.visit.Hops = append(s.visit.Hops, hop)
	if s.seen != nil {
		s.seen(hop)
	}
	if isRedirect(resp.StatusCode) && hop.Location != "" {
		return s.redirect(req, resp.StatusCode, r.URL, hop.Location)
	}
	return s.page(resp, r.URL, body)
}

func (s *session) redirect(req submission, status int, at *url.URL, location string) (submission, error) {
	to, err := at.Parse(location)
	if err != nil {
		return submission{}, &StuckError{Reason: fmt.Sprintf("the Location %q is no URL", location), URL: MaskURL(at.String()), Status: status}
	}
	if to.Fragment == "" { // RFC 9110 section 10.2.2
		to.Fragment, to.RawFragment = at.Fragment, at.RawFragment
	}
	if s.isCallback(to) {
		s.visit.Callback = to.String()
		return submission{}, nil
	}
	if to.Scheme != "http" && to.Scheme != "https" {
		return submission{}, &StuckError{
			Reason: fmt.Sprintf("redirected to %s, which is not the redirect_uri %s", MaskURL(to.String()), s.callback),
			URL:    MaskURL(at.String()), Status: status,
		}
	}
	next := submission{method: http.MethodGet, url: to.String()}
	if status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect {
		next = req
		next.url = to.String()
	}
	return next, nil
}

// isCallback tells whether u is the redirect_uri, with parameters added.
func (s *session) isCallback(u *url.URL) bool {
	if !strings.EqualFold(u.Scheme, s.callback.Scheme) || !strings.EqualFold(u.Host, s.callback.Host) ||
		u.Opaque != s.callback.Opaque || u.EscapedPath() != s.callback.EscapedPath() &&
		strings.TrimSuffix(u.EscapedPath(), "/")+strings.TrimSuffix(s.callback.EscapedPath(), "/") != "" {
		return false
	}
	own, got := s.callback.Query(), u.Query()
	for name, values := range own {
		if len(got[name]) < len(values) || !slices.Equal(got[name][:len(values)], values) {
			return false
		}
	}
	return true
}

// page finds what to do on a page: submit its first form, or say why that leads nowhere.
func (s *session) page(resp *http.Response, at *url.URL, body []byte) (submission, error) {
	stuck := func(format string, args ...any) error {
		code, text := "", ""
		if isHTML(resp) {
			code, text = complaint(body)
		} else if resp.Header.Get("Content-Type") != "" {
			text = shorten(strings.TrimSpace(string(body)))
		}
		reason := fmt.Sprintf(format, args...)
		switch {
		case code != "" && text != "":
			reason += fmt.Sprintf(": %s: %q", code, text)
		case code+text != "":
			reason += fmt.Sprintf(": %q", code+text)
		}
		return &StuckError{Reason: reason, URL: MaskURL(at.String()), Status: resp.StatusCode, Code: code}
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return submission{}, stuck("the page refuses")
	}
	p := parsePage(body)
	f := p.first()
	if f == nil {
		return submission{}, stuck("the page has no form to submit")
	}
	s.fill(f)
	if f.asksForPassword() {
		return submission{}, stuck("the page asks for a password, which no fill step of the target gives that plain HTTP understands")
	}
	if key := f.signature(at); s.pages[key] {
		return submission{}, stuck("the page came again after its form was submitted")
	} else {
		s.pages[key] = true
	}
	next, err := p.submit(f, at)
	if err != nil {
		return submission{}, stuck("the form's action %q is no URL", f.action)
	}
	to, err := url.Parse(next.url)
	if err == nil && s.isCallback(to) && next.method == http.MethodGet {
		s.visit.Callback = next.url
		return submission{}, nil
	}
	if err == nil && s.isCallback(to) {
		return submission{}, stuck("the answer is posted to the redirect_uri (response_mode form_post), which is not read here")
	}
	return next, nil
}

// ReadCookies reads what an answer's headers do to a browser's cookies. An Expires before 1971 is in the past by anybody's
// clock.
func ReadCookies(h http.Header) []Cookie {
	resp := http.Response{Header: h}
	sameSite := map[http.SameSite]string{http.SameSiteStrictMode: "Strict", http.SameSiteLaxMode: "Lax", http.SameSiteNoneMode: "None"}
	out := []Cookie{}
	for _, c := range resp.Cookies() {
		out = append(out, Cookie{
			Name: c.Name, Deleted: c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Year() < 1971,
			Value: Secret(c.Value), Domain: c.Domain, SameSite: sameSite[c.SameSite], Secure: c.Secure, HTTPOnly: c.HttpOnly,
		})
	}
	return out
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func isHTML(resp *http.Response) bool {
	t := strings.ToLower(resp.Header.Get("Content-Type"))
	return strings.HasPrefix(t, "text/html") || strings.HasPrefix(t, "application/xhtml+xml")
}

// unwrapURL keeps the query out of errors of the HTTP client.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("%s %s: %w", strings.ToUpper(u.Op), MaskURL(u.URL), u.Err)
	}
	return err
}
