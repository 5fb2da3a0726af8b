package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"hash/maphash"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxBody  = 16 << 10 // bytes of each body that are kept
	maxValue = 16 << 10 // bytes of an address, a header value or a note that are kept
)

// Endpoint describes an endpoint to the recorder.
type Endpoint struct {
	Party   Party
	Point   string
	Channel Channel
	Starts  bool // a front-channel request here that belongs to no open sign-in begins one
}

type activeKey struct{}

type active struct {
	r  *Recorder
	ex Exchange
}

// Handler records the requests that next serves.
func (r *Recorder) Handler(e Endpoint, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodOptions {
			next.ServeHTTP(w, req)
			return
		}
		begun := time.Now() //nolint:forbidigo // a duration of the machine, not a time of the lab
		a := &active{r: r, ex: Exchange{
			To: e.Party, Channel: e.Channel, Point: e.Point, Started: r.o.Now(),
			Method: req.Method, URL: absoluteURL(req), RequestHeader: headers(req.Header),
		}}
		a.ex.RequestBody = captureRequest(req)
		r.begin(e, a, req)
		rec := &responseRecorder{ResponseWriter: w}
		completed := false
		defer func() {
			a.ex.Duration = time.Since(begun)
			a.ex.Status = rec.status
			switch {
			case !completed && rec.status == 0:
				a.ex.Failure = "the connection was closed without an answer"
			case rec.status == 0:
				a.ex.Status = http.StatusOK
			}
			a.ex.ResponseHeader = headers(w.Header())
			a.ex.ResponseBody = rec.body.String()
			r.end(a)
		}()
		next.ServeHTTP(rec, req.WithContext(context.WithValue(req.Context(), activeKey{}, a)))
		completed = true
	})
}

// captureRequest reads a form, which is small, so that its codes and tokens can be looked up before it is served.
func captureRequest(req *http.Request) string {
	if req.Body == nil || req.Body == http.NoBody {
		return ""
	}
	head, _ := io.ReadAll(io.LimitReader(req.Body, maxBody))
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), req.Body), req.Body}
	return string(head)
}

func (r *Recorder) begin(e Endpoint, a *active, req *http.Request) {
	strong, state := requestKeys(req, a.ex.RequestBody)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	a.ex.Seq = r.seq
	caller, called := r.calls[req.RemoteAddr]
	delete(r.calls, req.RemoteAddr) // the connection may carry another call next, or its port another caller
	var s *signIn
	switch {
	case called:
		a.ex.From = caller.from
		s = r.byID[caller.signIn]
	case e.Channel == Front:
		a.ex.From = Browser
	default:
		a.ex.From = App
	}
	if s == nil {
		s = r.find(strong)
	}
	if s == nil && state != "" {
		// Apps may use one state for many sign-ins, so a state alone does not lead back to where one has been before.
		if s = r.find([]string{state}); s != nil && e.Starts && s.begunAt(e.Point) {
			s = nil
		}
	}
	if e.Starts && (s == nil || s.Outcome != Open) {
		s = r.newSignIn()
	}
	if s == nil {
		return
	}
	a.ex.SignIn = s.ID
	// Registered on the way in already: a call made while serving, and the party that receives it, may carry them.
	r.remember(s, strong)
	if state != "" {
		r.remember(s, []string{state})
	}
}

func (r *Recorder) end(a *active) {
	keys := responseKeys(&a.ex)
	r.mu.Lock()
	defer r.mu.Unlock()
	a.ex.clip()
	if s := r.byID[a.ex.SignIn]; s != nil {
		r.remember(s, keys)
		s.Updated = r.o.Now()
		if size := a.ex.size(); len(s.Hops) < keepHops && s.bytes+size <= keepBytes {
			s.Hops = append(s.Hops, a.ex)
			s.bytes += size
		}
	} else {
		a.ex.SignIn = ""
		r.loose = append(r.loose, a.ex)
		if len(r.loose) > keepLoose {
			r.loose = slices.Delete(r.loose, 0, len(r.loose)-keepLoose)
		}
	}
	r.emit(a.ex.Point, a.ex.SignIn, a.ex.Status)
}

// clip shortens what is longer than anything a sign-in needs. What is looked up has been looked up before.
func (ex *Exchange) clip() {
	short := func(s *string) {
		if len(*s) > maxValue {
			*s = strings.Clone((*s)[:maxValue]) + "…"
		}
	}
	short(&ex.URL)
	short(&ex.Failure)
	for _, list := range [][]Header{ex.RequestHeader, ex.ResponseHeader} {
		for i := range list {
			short(&list[i].Value)
		}
	}
	for i := range ex.Notes {
		short(&ex.Notes[i])
	}
}

// size is about how many bytes an exchange holds.
func (ex *Exchange) size() int {
	n := len(ex.URL) + len(ex.RequestBody) + len(ex.ResponseBody) + len(ex.Failure)
	for _, list := range [][]Header{ex.RequestHeader, ex.ResponseHeader} {
		for _, h := range list {
			n += len(h.Name) + len(h.Value)
		}
	}
	for _, note := range ex.Notes {
		n += len(note)
	}
	return n
}

// begunAt tells whether a request at point begins anew: the sign-in has been there, and not just left it for another
// page of the same party.
func (s *signIn) begunAt(point string) bool {
	i := slices.IndexFunc(s.Hops, func(ex Exchange) bool { return ex.Point == point })
	if i < 0 {
		return false
	}
	last := s.Hops[len(s.Hops)-1]
	return last.To != s.Hops[i].To || last.Point == point
}

func (r *Recorder) newSignIn() *signIn {
	now := r.o.Now()
	s := &signIn{SignIn: SignIn{ID: r.o.ID(), Started: now, Updated: now, Outcome: Open}}
	r.order = append(r.order, s)
	r.byID[s.ID] = s
	if len(r.order) > r.o.Keep {
		old := r.order[0]
		r.order = slices.Delete(r.order, 0, 1)
		delete(r.byID, old.ID)
		for _, k := range old.keys {
			if r.byKey[k] == old {
				delete(r.byKey, k)
			}
		}
	}
	return s
}

func (r *Recorder) find(values []string) *signIn {
	for _, v := range values {
		if s := r.byKey[maphash.String(r.seed, v)]; s != nil {
			return s
		}
	}
	return nil
}

func (r *Recorder) remember(s *signIn, values []string) {
	for _, v := range values {
		k := maphash.String(r.seed, v)
		if r.byKey[k] != s && len(s.keys) < keepKeys {
			r.byKey[k] = s
			s.keys = append(s.keys, k)
		}
	}
}

// Names of parameters whose values are handed out once, or at least to one person only.
var strongNames = []string{"code", "authRequestID", "access_token", "refresh_token", "id_token", "token", "id_token_hint", "idp_initiated_login"}

const minStrong = 12 // shorter values are not unguessable, so they join nothing

func strongValues(q url.Values) []string {
	var out []string
	for _, name := range strongNames {
		if v := q.Get(name); len(v) >= minStrong {
			out = append(out, v)
		}
	}
	return out
}

func requestKeys(req *http.Request, body string) (strong []string, state string) {
	q := req.URL.Query()
	strong, state = strongValues(q), q.Get("state")
	if isForm(req.Header.Get("Content-Type")) {
		if form, err := url.ParseQuery(body); err == nil {
			strong = append(strong, strongValues(form)...)
			if state == "" {
				state = form.Get("state")
			}
		}
	}
	if scheme, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") && len(token) >= minStrong {
		strong = append(strong, token)
	}
	return strong, state
}

func responseKeys(ex *Exchange) []string {
	var out []string
	for _, h := range ex.ResponseHeader {
		if h.Name != "Location" {
			continue
		}
		u, err := url.Parse(h.Value)
		if err != nil {
			continue
		}
		for _, raw := range []string{u.RawQuery, u.Fragment} {
			q, err := url.ParseQuery(raw)
			if err != nil {
				continue
			}
			out = append(out, strongValues(q)...)
			if state := q.Get("state"); state != "" {
				out = append(out, state)
			}
		}
	}
	if strings.HasPrefix(ex.ResponseBody, "{") && strings.Contains(ex.ResponseBody, `_token"`) {
		var tokens struct {
			AccessToken  string `json:"access_token"`
			RefreshToken string `json:"refresh_token"`
			IDToken      string `json:"id_token"`
		}
		if json.Unmarshal([]byte(ex.ResponseBody), &tokens) == nil {
			for _, t := range []string{tokens.AccessToken, tokens.RefreshToken, tokens.IDToken} {
				if len(t) >= minStrong {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

func absoluteURL(req *http.Request) string {
	scheme := "http"
	if req.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + req.Host + req.URL.RequestURI()
}

func headers(h http.Header) []Header {
	out := make([]Header, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			out = append(out, Header{name, v})
		}
	}
	slices.SortFunc(out, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// responseRecorder keeps the status and the first bytes of a body that is no page.
type responseRecorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *responseRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseRecorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if room := maxBody - w.body.Len(); room > 0 && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		w.body.Write(b[:min(room, len(b))])
	}
	return w.ResponseWriter.Write(b)
}

// Transport returns a RoundTripper that tells the recorder who calls, and for which sign-in, so that the server at
// the other end files the exchange under the same one. It needs HTTP/1.1, where a connection carries one call at a time.
func (r *Recorder) Transport(from Party, base http.RoundTripper) http.RoundTripper {
	return transport{r: r, from: from, base: base}
}

type transport struct {
	r    *Recorder
	from Party
	base http.RoundTripper
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := call{from: t.from, signIn: ID(req.Context())}
	var local string
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		t.r.mu.Lock()
		defer t.r.mu.Unlock()
		local = info.Conn.LocalAddr().String()
		t.r.calls[local] = c
	}})
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	t.r.mu.Lock()
	delete(t.r.calls, local) // the other end may not be a party of this lab
	t.r.mu.Unlock()
	return resp, err
}
