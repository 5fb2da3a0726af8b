package conformance

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const handshakeTimeout = 10 * time.Second

// Handshake makes a TLS connection to host:port, reached and trusted as the run's client does, and closes it. edit may
// change the configuration. Where the client's ways are not known the check is skipped.
func (t *T) Handshake(host string, edit func(*tls.Config)) error {
	transport, ok := t.run.client.Transport.(*http.Transport)
	if !ok {
		t.Skip("this run's client does not tell how it makes connections")
	}
	if err := t.run.spend(t.ctx, 1); err != nil {
		t.Undecided(err)
	}
	dial := transport.DialContext
	if dial == nil {
		dial = (&net.Dialer{Timeout: handshakeTimeout}).DialContext
	}
	conn, err := dial(t.ctx, "tcp", host)
	if err != nil {
		t.Undecided(err)
	}
	defer func() { _ = conn.Close() }()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if transport.TLSClientConfig != nil {
		config = transport.TLSClientConfig.Clone()
	}
	config.ServerName, _, err = net.SplitHostPort(host)
	if err != nil {
		t.Undecided(err)
	}
	edit(config)
	t.seen++
	ctx, cancel := context.WithTimeout(t.ctx, handshakeTimeout)
	defer cancel()
	return tls.Client(conn, config).HandshakeContext(ctx)
}
