//go:build !unix

package main

// hangups: this system has no such signal; "ssolab reload" does the same.
func hangups(func()) (requests <-chan struct{}, stop func()) { return nil, func() {} }
