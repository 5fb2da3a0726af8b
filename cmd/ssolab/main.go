// Command ssolab plays a whole enterprise sign-in chain on this machine: an app, Amazon Cognito, Scalekit and the
// customers' identity providers.
//
//	main ─► execute(args, streams) ─► cobra ─► runX(ctx, opts) ─► exit code
//
// Results go to standard output, everything else to standard error. Exit codes: 0 all is well; 1 a sign-in or a check
// failed; 2 misuse, or it could not be decided. run exits with its command's code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := execute(ctx, os.Args[1:], streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(code)
}
