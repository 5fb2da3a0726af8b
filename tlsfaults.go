package ssolab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/ssolab/ssolab/internal/fault"
)

// Points of the listeners with TLS.
const (
	pointTLSVersion     = "lab.tls.version"
	pointTLSCertificate = "lab.tls.certificate"
	pointTLSRequired    = "lab.tls.required"
)

// declareTLSFaults adds what can go wrong before a party sees a request.
func declareTLSFaults(plan *fault.Plan) {
	plan.Declare([]fault.Point{
		{Name: pointTLSVersion, Kind: fault.Step, Description: "TLS below 1.2 is refused"},
		{Name: pointTLSCertificate, Kind: fault.Step, Description: "the certificate is for the host that was asked for"},
		{Name: pointTLSRequired, Kind: fault.Step, Description: "requests without TLS are not served where TLS is spoken"},
	}, []fault.Fault{
		{ID: "tls.old", Title: "TLS 1.0 and 1.1 are taken", Points: []string{pointTLSVersion}, Skip: true},
		{ID: "tls.wrong_host", Title: "The certificate is for another host", Points: []string{pointTLSCertificate}, Skip: true},
		{ID: "tls.plain_http", Title: "Requests without TLS are served too", Points: []string{pointTLSRequired}, Skip: true},
	})
}

// keeps tells whether no fault leaves the step out.
func (l *Lab) keeps(point string) bool {
	kept := false
	_ = l.kit.Faults.Run(context.Background(), fault.Check{Point: point, Run: func() error { kept = true; return nil }}) // which does not fail
	return kept
}

// tlsConfig serves the lab's names, and goes wrong where a fault says so.
func (l *Lab) tlsConfig() *tls.Config {
	config := l.ca.TLSConfig(l.serves)
	right := config.GetCertificate
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !l.keeps(pointTLSCertificate) {
			return l.ca.Certificate("another-host.invalid")
		}
		return right(hello)
	}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if l.keeps(pointTLSVersion) {
			return nil, nil // the usual one
		}
		old := config.Clone()
		old.MinVersion, old.GetConfigForClient = tls.VersionTLS10, nil
		return old, nil
	}
	return config
}

// plainToo is a listener with TLS that, under a fault, serves requests without it.
type plainToo struct {
	net.Listener
	lab   *Lab
	plain *http.Server
}

// Accept implements net.Listener.
func (p plainToo) Accept() (net.Conn, error) {
	c, err := p.Listener.Accept()
	if err != nil || p.lab.keeps(pointTLSRequired) {
		return c, err
	}
	return &sniffed{Conn: c, plain: p.plain}, nil
}

// sniffed looks at the first byte of a connection. One that begins no TLS record is served as it is.
type sniffed struct {
	net.Conn
	plain *http.Server
	begun bool
}

// recordHandshake is the first byte of a TLS connection (RFC 8446 §5.1).
const recordHandshake = 22

// Read implements net.Conn.
func (s *sniffed) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if s.begun || n == 0 {
		return n, err
	}
	s.begun = true
	if b[0] == recordHandshake {
		return n, err
	}
	one := &oneConn{conn: &replayed{Conn: s.Conn, head: append([]byte(nil), b[:n]...)}, addr: s.LocalAddr(), closed: make(chan struct{})}
	_ = s.plain.Serve(one) // until the connection is closed
	return 0, io.EOF
}

// replayed reads head again before the rest.
type replayed struct {
	net.Conn
	head []byte
}

// Read implements net.Conn.
func (r *replayed) Read(b []byte) (int, error) {
	if len(r.head) > 0 {
		n := copy(b, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	return r.Conn.Read(b)
}

// oneConn is a listener with one connection, which ends when that is closed.
type oneConn struct {
	conn   net.Conn
	addr   net.Addr
	once   sync.Once
	taken  bool
	closed chan struct{}
}

// Accept implements net.Listener. Its server calls it from one goroutine.
func (o *oneConn) Accept() (net.Conn, error) {
	if !o.taken {
		o.taken = true
		return closing{o.conn, o}, nil
	}
	<-o.closed
	return nil, errors.New("the connection has ended")
}

// Close implements net.Listener.
func (o *oneConn) Close() error {
	o.once.Do(func() { close(o.closed) })
	return nil
}

// Addr implements net.Listener.
func (o *oneConn) Addr() net.Addr { return o.addr }

// closing ends its listener when it is closed.
type closing struct {
	net.Conn
	of *oneConn
}

// Close implements net.Conn.
func (c closing) Close() error {
	_ = c.of.Close()
	return c.Conn.Close()
}
