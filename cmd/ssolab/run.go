package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
)

// Exit codes of a shell for commands that do not start.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitBySignal      = 128 // plus the signal's number
)

type runOptions struct {
	labOptions
	command []string
	signals <-chan os.Signal // what is passed on to the command; nil: what this process gets
}

func newRunCmd(io streams) *cobra.Command {
	o := runOptions{}
	cmd := &cobra.Command{
		Use:   "run [flags] -- CMD [ARG…]",
		Short: "Run a command against a lab of its own",
		Long: `Start a lab on free ports, run CMD with the lab's variables in its environment
(those of "ssolab env"), stop the lab, and exit with CMD's code: 127 when there
is no such command, 126 when it cannot be executed, 128 and the number of the
signal that ended it. Signals are passed on to CMD; an interrupt typed at a
terminal reaches it anyway.`,
		Example: `  ssolab run -- npm test
  ssolab run --callback http://localhost:3000/api/cb -- npx playwright test
  ssolab run --tls -- python -m pytest
  ssolab run -- sh -c 'curl -s $COGNITO_ISSUER/.well-known/jwks.json'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New(`a command is missing; write it after "--"`)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.command = args
			return runRun(cmd.Context(), io, &o)
		},
	}
	cmd.Flags().SetInterspersed(false)
	o.addFlags(cmd, 0, 0)
	return cmd
}

func runRun(ctx context.Context, io streams, o *runOptions) error {
	path, err := exec.LookPath(o.command[0])
	if err != nil {
		return notStarted(o.command[0], err)
	}
	cfg, err := o.labConfig(io)
	if err != nil {
		return err
	}
	if o.signals == nil {
		signals := make(chan os.Signal, 8)
		signal.Notify(signals, passedOn()...)
		defer signal.Stop(signals)
		o.signals = signals
	}
	lab, err := start(ctx, cfg)
	if err != nil {
		return err
	}
	runErr := supervise(command(path, o.command[1:], io, lab), o.signals, isTerminal(io.In))
	if err := lab.Close(); err != nil {
		_, _ = fmt.Fprintf(io.Err, "ssolab: stop the lab: %v\n", err)
	}
	return runErr
}

// command is CMD with the variables over those of this process. It does not end with the context: a signal is passed on
// and CMD decides.
func command(path string, args []string, io streams, lab *ssolab.Lab) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = io.In, io.Out, io.Err
	cmd.Env = os.Environ()
	for _, v := range lab.Variables() {
		cmd.Env = append(cmd.Env, v.Name+"="+v.Value)
	}
	return cmd
}

// supervise runs cmd, passes signals on, and returns its end as an exit code.
func supervise(cmd *exec.Cmd, signals <-chan os.Signal, terminal bool) error {
	if err := cmd.Start(); err != nil {
		return notStarted(cmd.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == os.Interrupt && terminal {
				continue // the terminal has sent it to the whole group
			}
			_ = cmd.Process.Signal(s) // it may have ended meanwhile
		case err := <-ended:
			return exitOf(err)
		}
	}
}

func exitOf(err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return misuse("", "run the command: %v", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &exitError{Code: exitBySignal + int(status.Signal())}
	}
	return &exitError{Code: exit.ExitCode()}
}

func notStarted(name string, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return &exitError{Code: exitNotFound, Message: fmt.Sprintf("%s: there is no such command", name), Hint: `the command and its arguments stand after "--", each as a word of its own`}
	}
	return &exitError{Code: exitNotExecutable, Message: fmt.Sprintf("%s: cannot be executed: %v", name, cause(err))}
}
