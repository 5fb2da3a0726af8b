//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups are the signals that ask a lab to read its file again. One that comes because the terminal was closed does not: the
// lab then ends, as it would without being asked.
func hangups(end func()) (requests <-chan struct{}, stop func()) {
	signals, out, done := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	atTerminal := hasTerminal()
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-done:
				return
			case <-signals:
			}
			if atTerminal && !hasTerminal() {
				end()
				return
			}
			select {
			case out <- struct{}{}:
			case <-done:
				return
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(done) }
}

// hasTerminal tells whether the process has a controlling terminal.
func hasTerminal() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = tty.Close()
	return true
}
