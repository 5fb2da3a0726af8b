package trace

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"time"
)

// Outgoing returns a RoundTripper that records the calls of a party to a server outside of the lab, where nobody else does.
// e is that server's endpoint. Calls made while a request is served belong to its sign-in.
func (r *Recorder) Outgoing(from Party, e Endpoint, base http.RoundTripper) http.RoundTripper {
	return outgoing{r: r, from: from, endpoint: e, base: base}
}

type outgoing struct {
	r        *Recorder
	from     Party
	endpoint Endpoint
	base     http.RoundTripper
}

// RoundTrip implements http.RoundTripper. The duration is that to the answer's header.
func (o outgoing) RoundTrip(req *http.Request) (*http.Response, error) {
	begun := time.Now() //nolint:forbidigo // a duration of the machine, not a time of the lab
	a := &active{r: o.r, endpoint: o.endpoint, started: o.r.o.Now(), from: o.from, signIn: ID(req.Context())}
	memory := o.r.memory.Get().(*scratch)
	defer o.r.memory.Put(memory)
	memory.packed = appendRequest(memory.packed[:0], withHost(req), sentBody(req))
	o.r.mu.Lock()
	o.r.seq++
	a.seq = o.r.seq
	o.r.mu.Unlock()

	resp, err := o.base.RoundTrip(req)
	did := answer{duration: time.Since(begun)}
	memory.response = memory.response[:0]
	if err != nil {
		a.failure = "no answer: " + err.Error()
		o.r.end(a, memory, did)
		return resp, err
	}
	did.status, did.header = resp.StatusCode, resp.Header
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	rest := io.Reader(resp.Body)
	if err != nil { // the caller reads to the same end
		rest = failing{err}
		a.failure = "the answer broke off: " + err.Error()
	}
	memory.response = append(memory.response, head...)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), resp.Body}
	o.r.end(a, memory, did)
	return resp, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// withHost is req as its receiver would see it.
func withHost(req *http.Request) *http.Request {
	seen := *req
	if seen.Host == "" {
		seen.Host = req.URL.Host
	}
	if req.URL.Scheme == "https" {
		seen.TLS = &tls.ConnectionState{}
	}
	return &seen
}

// sentBody is the head of what a request sends, where it can be read twice.
func sentBody(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer func() { _ = body.Close() }()
	head, _ := io.ReadAll(io.LimitReader(body, maxBody))
	return head
}
