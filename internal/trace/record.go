package trace

import (
	"bytes"
	"context"
	"hash/maphash"
	"io"
	"net/http"
	"net/http/httptrace"
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

// active is the exchange that is being served. What it holds beside the constants is guarded by the recorder's mutex.
type active struct {
	r        *Recorder
	endpoint Endpoint
	started  time.Time
	seq      uint64
	from     Party
	signIn   string
	notes    []string
	failure  string
}

// scratch is the memory that recording an exchange takes; what is kept of it is copied out.
type scratch struct {
	packed, response []byte
}

// Handler records the requests that next serves.
func (r *Recorder) Handler(e Endpoint, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodOptions {
			next.ServeHTTP(w, req)
			return
		}
		begun := time.Now() //nolint:forbidigo // a duration of the machine, not a time of the lab
		memory := r.memory.Get().(*scratch)
		a := &active{r: r, endpoint: e, started: r.o.Now()}
		body := captureRequest(req)
		memory.packed = appendRequest(memory.packed[:0], req, body)
		r.begin(a, req, body)
		rec := &responseRecorder{ResponseWriter: w, body: memory.response[:0]}
		completed := false
		defer func() {
			memory.response = rec.body
			did := answer{status: rec.status, duration: time.Since(begun), header: w.Header()}
			if did.status == 0 {
				if did.dropped = !completed; completed {
					did.status = http.StatusOK
				}
			}
			r.end(a, memory, did)
			r.memory.Put(memory)
		}()
		next.ServeHTTP(rec, req.WithContext(context.WithValue(req.Context(), activeKey{}, a)))
		completed = true
	})
}

// answer is what became of a request.
type answer struct {
	status   int
	duration time.Duration
	header   http.Header
	dropped  bool // the connection was closed instead
}

// captureRequest reads the head of a body, so that its codes and tokens can be looked up before it is served.
func captureRequest(req *http.Request) []byte {
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	var head []byte
	if n := req.ContentLength; n >= 0 && n <= maxBody {
		head = make([]byte, n)
		got, _ := io.ReadFull(req.Body, head)
		head = head[:got]
	} else {
		head, _ = io.ReadAll(io.LimitReader(req.Body, maxBody))
	}
	req.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), req.Body), req.Body}
	return head
}

func (r *Recorder) begin(a *active, req *http.Request, body []byte) {
	strong, state := requestKeys(req, body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	a.seq = r.seq
	e := a.endpoint
	caller, called := r.calls[req.RemoteAddr]
	delete(r.calls, req.RemoteAddr) // the connection may carry another call next, or its port another caller
	var s *signIn
	switch {
	case called:
		a.from = caller.from
		s = r.byID[caller.signIn]
	case e.Channel == Front:
		a.from = Browser
	default:
		a.from = App
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
	a.signIn = s.ID
	// Registered on the way in already: a call made while serving, and the party that receives it, may carry them.
	r.remember(s, strong)
	if state != "" {
		r.remember(s, []string{state})
	}
}

func (r *Recorder) end(a *active, memory *scratch, did answer) {
	keys := responseKeys(did.header.Get("Location"), memory.response)
	memory.packed = appendAnswer(memory.packed, a, did, memory.response)
	r.mu.Lock()
	defer r.mu.Unlock()
	if did.dropped {
		a.failure = "the connection was closed without an answer"
	}
	memory.packed = appendRemarks(memory.packed, a)
	h := hop{seq: a.seq, to: a.endpoint.Party, channel: a.endpoint.Channel, point: a.endpoint.Point, packed: bytes.Clone(memory.packed)}
	if s := r.byID[a.signIn]; s != nil {
		r.remember(s, keys)
		s.Updated = r.o.Now()
		if size := len(h.packed); len(s.hops) < keepHops && s.bytes+size <= keepBytes {
			s.hops = append(s.hops, h)
			s.bytes += size
			r.bytes += size
			r.evict()
		}
	} else {
		a.signIn = ""
		r.keepLoose(h)
	}
	r.emit(a.endpoint.Point, a.signIn, did.status)
}

// keepLoose keeps an exchange of no sign-in, and drops the oldest ones where there are too many or too large ones.
func (r *Recorder) keepLoose(h hop) {
	r.loose = append(r.loose, h)
	total := 0
	for i := len(r.loose) - 1; i >= 0; i-- {
		if total += len(r.loose[i].packed); len(r.loose)-i > keepLoose || total > keepBytes {
			r.loose = slices.Delete(r.loose, 0, i+1)
			return
		}
	}
}

// begunAt tells whether a request at point begins anew: the sign-in has been there, and not just left it for another
// page of the same party.
func (s *signIn) begunAt(point string) bool {
	i := slices.IndexFunc(s.hops, func(h hop) bool { return h.point == point })
	if i < 0 {
		return false
	}
	last := s.hops[len(s.hops)-1]
	return last.to != s.hops[i].to || last.point == point
}

func (r *Recorder) newSignIn() *signIn {
	now := r.o.Now()
	s := &signIn{SignIn: SignIn{ID: r.o.ID(), Started: now, Updated: now, Outcome: Open}}
	r.order = append(r.order, s)
	r.byID[s.ID] = s
	r.evict()
	return s
}

// evict drops the oldest sign-ins while there are too many, or too many bytes of them.
func (r *Recorder) evict() {
	for len(r.order) > r.o.Keep || len(r.order) > 1 && r.bytes > r.o.KeepBytes {
		old := r.order[0]
		r.order = slices.Delete(r.order, 0, 1)
		r.bytes -= old.bytes
		delete(r.byID, old.ID)
		for _, k := range old.keys {
			if r.byKey[k] == old {
				delete(r.byKey, k)
			}
		}
	}
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

// responseRecorder keeps the status and the first bytes of a body that is no page.
type responseRecorder struct {
	http.ResponseWriter
	status int
	body   []byte
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
	if room := maxBody - len(w.body); room > 0 && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		w.body = append(w.body, b[:min(room, len(b))]...)
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
