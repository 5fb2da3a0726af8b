//go:build !unix

package main

import (
	"os"
	"syscall"
)

// passedOn are the signals that run gives to its command.
func passedOn() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
