package ssolab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// listeners are pairs on 127.0.0.1 and ::1 with the same port: one for each party, or the console's and one with TLS
// for all.
type listeners struct {
	parties [len(partyNames)][]net.Listener
	tls     []net.Listener
}

func portOf(pair []net.Listener) int {
	if len(pair) == 0 {
		return 0
	}
	return pair[0].Addr().(*net.TCPAddr).Port
}

func (l listeners) ports() (out [len(partyNames)]int) {
	for party, pair := range l.parties {
		out[party] = portOf(pair)
	}
	return out
}

func (l listeners) tlsPort() int { return portOf(l.tls) }

// Close closes all of them.
func (l listeners) Close() error {
	var errs []error
	for _, pair := range append(l.parties[:], l.tls) {
		for _, listener := range pair {
			errs = append(errs, listener.Close())
		}
	}
	return errors.Join(errs...)
}

func listenAll(ctx context.Context, cfg Config) (listeners, error) {
	var all listeners
	open := func(party string, port int, into *[]net.Listener) error {
		pair, err := listenPair(ctx, port)
		if err != nil {
			return errors.Join(&PortError{Party: party, Addr: fmt.Sprintf("localhost:%d", port), Err: err}, all.Close())
		}
		*into = pair
		return nil
	}
	for party := range all.parties {
		if cfg.Names != "" && party != partyConsole {
			continue
		}
		port := 0
		if cfg.PortBase > 0 {
			port = cfg.PortBase + party
		}
		if err := open(partyNames[party], port, &all.parties[party]); err != nil {
			return listeners{}, err
		}
	}
	if cfg.Names != "" {
		if err := open("TLS port", cfg.TLSPort, &all.tls); err != nil {
			return listeners{}, err
		}
	}
	return all, nil
}

// listenPair opens one port on both loopback addresses; 0 looks for one that is free on both. A machine without IPv6
// gets the first alone.
func listenPair(ctx context.Context, port int) ([]net.Listener, error) {
	const tries = 20
	var lc net.ListenConfig
	for try := 1; ; try++ {
		four, err := lc.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return nil, err
		}
		six, err := lc.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(four.Addr().(*net.TCPAddr).Port)))
		switch {
		case err == nil:
			return []net.Listener{four, six}, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return []net.Listener{four}, nil
		}
		_ = four.Close()
		if port != 0 || try == tries {
			return nil, err
		}
	}
}
