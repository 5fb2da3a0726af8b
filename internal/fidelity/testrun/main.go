// Command testrun runs `go test -json` with its arguments, shows the run as go test does, and fails it when a test that
// the ledger of fidelity names did not run or was skipped:
//
//	go run ./internal/fidelity/testrun [-whole] -count=1 ./...
//
// With -whole every package of the ledger must have been tested; without, only what was tested is looked at.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/ssolab/ssolab/internal/fidelity"
)

const module = "github.com/ssolab/ssolab"

func main() {
	args := os.Args[1:]
	whole := len(args) > 0 && args[0] == "-whole"
	if whole {
		args = args[1:]
	}
	ok, err := run(whole, args, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run reports whether all tests passed and the ledger's were among them.
func run(whole bool, args []string, w io.Writer) (ok bool, err error) {
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json"}, args)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	seen, shown := fidelity.NewRun(module), fidelity.NewPrinter(w)
	err = fidelity.ReadEvents(out, func(e fidelity.Event) {
		seen.Record(e)
		shown.Print(e)
	})
	if err != nil {
		_ = cmd.Process.Kill()
	}
	exited := cmd.Wait()
	if err != nil {
		return false, err
	}
	if _, isExit := errors.AsType[*exec.ExitError](exited); exited != nil && !isExit {
		return false, exited
	}
	missing := seen.Missing(fidelity.Entries(), whole)
	for _, sentence := range missing {
		fmt.Fprintln(w, "fidelity:", sentence)
	}
	ok = exited == nil && !shown.Failed() && len(missing) == 0
	if !ok {
		fmt.Fprintln(w, "FAIL")
	}
	return ok, nil
}
