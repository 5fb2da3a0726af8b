package badinput_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// patience is how long an answer may take.
const patience = 5 * time.Second

// param is a parameter, a header line or a member of a JSON object; the value is written as it is.
type param struct{ name, value string }

// request is what is sent, and how.
type request struct {
	base    string // of the party
	method  string
	path    string // as written
	query   []param
	rawTail string // appended to the query as it is
	version string
	header  []param
	form    []param
	members []param // of a JSON object; values are JSON
	body    string  // instead of form and members
	length  string  // Content-Length as written; "" is the body's, "-" none

	raw       string // instead of all of the above
	halfClose bool   // nothing more will come after the request
	hangUp    bool   // the client does not wait for an answer
	stream    bool   // the answer has no end: read its first line
}

func pairs(list []param) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.name + "=" + p.value
	}
	return strings.Join(parts, "&")
}

func object(list []param) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = fmt.Sprintf("%q:%s", p.name, p.value)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// clone is a request whose lists are its own.
func (r *request) clone() *request {
	c := *r
	c.query, c.header, c.form, c.members = slices.Clone(r.query), slices.Clone(r.header), slices.Clone(r.form), slices.Clone(r.members)
	return &c
}

// set replaces a header.
func (r *request) set(name, value string) {
	for i := range r.header {
		if r.header[i].name == name {
			r.header[i].value = value
			return
		}
	}
	r.header = append(r.header, param{name, value})
}

func (r *request) drop(name string) {
	var kept []param
	for _, h := range r.header {
		if h.name != name {
			kept = append(kept, h)
		}
	}
	r.header = kept
}

func (r *request) content() string {
	switch {
	case r.body != "":
		return r.body
	case r.members != nil:
		return object(r.members)
	}
	return pairs(r.form)
}

func (r *request) bytes(host string) []byte {
	if r.raw != "" {
		return []byte(strings.ReplaceAll(r.raw, "HOST", host))
	}
	var b bytes.Buffer
	target := r.path
	if q := pairs(r.query) + r.rawTail; q != "" {
		target += "?" + q
	}
	version := r.version
	if version == "" {
		version = "HTTP/1.1"
	}
	fmt.Fprintf(&b, "%s %s %s\r\nHost: %s\r\nConnection: close\r\n", r.method, target, version, host)
	body := r.content()
	for _, h := range r.header {
		fmt.Fprintf(&b, "%s: %s\r\n", h.name, h.value)
	}
	switch {
	case r.length == "-":
	case r.length != "":
		fmt.Fprintf(&b, "Content-Length: %s\r\n", r.length)
	case body != "" || r.method == http.MethodPost || r.method == http.MethodPut:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.Bytes()
}

// answer is what came back.
type answer struct {
	closed bool // the connection ended without one
	status int
	header http.Header
	body   string
}

// wire sends to a lab.
type wire struct {
	lab   *ssolab.Lab
	hosts map[string]string
	roots *x509.CertPool
	tls   tls.ClientSessionCache
}

func newWire(t *testing.T, l *ssolab.Lab) *wire {
	w := &wire{lab: l, hosts: l.Resolve(), roots: x509.NewCertPool(), tls: tls.NewLRUClientSessionCache(16)}
	if pem := l.CA(); pem != nil {
		require.True(t, w.roots.AppendCertsFromPEM(pem))
	}
	return w
}

func (w *wire) dial(base string) (net.Conn, string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, "", err
	}
	at := u.Host
	if to, ok := w.hosts[at]; ok {
		at = to
	}
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		return nil, "", err
	}
	if u.Scheme == "https" {
		c = tls.Client(c, &tls.Config{RootCAs: w.roots, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, ClientSessionCache: w.tls})
	}
	return c, u.Host, c.SetDeadline(time.Now().Add(patience))
}

// errHang says that no answer came in time.
var errHang = errors.New("no answer in time")

// send writes a request and reads the answer to it. It never reads and writes one after the other: a server that has
// seen enough answers while the rest is still on its way.
func (w *wire) send(r *request) (answer, error) {
	c, host, err := w.dial(r.base)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = c.Close() }()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = c.Write(r.bytes(host)) // the server may have closed; what it answered counts
		if half, ok := c.(interface{ CloseWrite() error }); ok && r.halfClose {
			_ = half.CloseWrite()
		}
	}()
	if r.hangUp {
		<-written
		return answer{closed: true}, nil
	}
	a, err := read(bufio.NewReader(c), r)
	if err != nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			return a, errHang
		}
		return answer{closed: true}, nil
	}
	return a, nil
}

func read(from *bufio.Reader, r *request) (answer, error) {
	for {
		resp, err := http.ReadResponse(from, &http.Request{Method: r.method})
		if err != nil {
			return answer{}, err
		}
		if resp.StatusCode == http.StatusContinue {
			continue
		}
		a := answer{status: resp.StatusCode, header: resp.Header}
		if r.stream && resp.StatusCode == http.StatusOK {
			line := make([]byte, 1)
			_, err := resp.Body.Read(line)
			a.body = string(line)
			return a, err
		}
		b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
		a.body = string(b)
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			return a, err
		}
		return a, nil // a reset after the answer: the server did not want the rest of the request
	}
}
