package ssolab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
)

// listeners are groups on 127.0.0.1, ::1 and what Config.Bind adds, with the same port: one for each party, or the
// console's and one with TLS for all.
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
	addresses := cfg.addresses()
	open := func(party string, port int, into *[]net.Listener) error {
		pair, err := listenOn(ctx, addresses, port)
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

// addresses are where a lab listens, IPv4 first: the loopback addresses or all, and then those that Config.Bind names. The
// loopback ones are always among them, as the parties reach each other there.
func (c Config) addresses() []netip.Addr {
	out := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	for _, a := range c.Bind {
		addr, err := netip.ParseAddr(a)
		switch {
		case err != nil || slices.Contains(out, addr): // Validate has refused the first
		case addr == netip.IPv4Unspecified():
			out[0] = addr
		case addr == netip.IPv6Unspecified():
			out[1] = addr
		default:
			out = append(out, addr)
		}
	}
	return slices.DeleteFunc(out, func(a netip.Addr) bool { // one that all covers already
		return a.Is4() && a != out[0] && out[0].IsUnspecified() || a.Is6() && a != out[1] && out[1].IsUnspecified()
	})
}

// listenOn opens one port on each address; 0 looks for one that is free on all. A machine without IPv6 goes without ::1.
func listenOn(ctx context.Context, addresses []netip.Addr, port int) ([]net.Listener, error) {
	const tries = 20
	for try := 1; ; try++ {
		open, err := tryListen(ctx, addresses, port)
		if err == nil {
			return open, nil
		}
		for _, l := range open {
			_ = l.Close()
		}
		if port != 0 || try == tries || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
}

func tryListen(ctx context.Context, addresses []netip.Addr, port int) ([]net.Listener, error) {
	var lc net.ListenConfig
	var open []net.Listener
	for i, a := range addresses {
		network := "tcp4"
		if a.Is6() {
			network = "tcp6"
		}
		l, err := lc.Listen(ctx, network, net.JoinHostPort(a.String(), strconv.Itoa(port)))
		switch {
		case err == nil:
			open = append(open, l)
			port = l.Addr().(*net.TCPAddr).Port
		case i == 1 && a == netip.IPv6Loopback() && !errors.Is(err, syscall.EADDRINUSE):
		default:
			return open, err
		}
	}
	return open, nil
}
