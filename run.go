package ssolab

import (
	"context"
)

// TB is what Run needs of a *testing.T, *testing.B or *testing.F.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Run starts a lab on free ports for a test, which closes it at its end. Each edit may change the configuration. A lab
// that does not start ends the test.
func Run(tb TB, edit ...func(*Config)) *Lab {
	tb.Helper()
	var cfg Config
	for _, f := range edit {
		f(&cfg)
	}
	l, err := New(cfg)
	if err != nil {
		tb.Fatalf("ssolab: %v", err)
	}
	if err := l.Start(context.Background()); err != nil {
		tb.Fatalf("ssolab: %v", err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Fatalf("ssolab: close: %v", err)
		}
	})
	return l
}
