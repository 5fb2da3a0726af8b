package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes. They are a contract.
const (
	exitFailed = 1 // a sign-in or a check failed
	exitMisuse = 2 // misuse, or it could not be decided
)

// streams is what a command has of the process around it.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Console  string // where a lab is looked for unless SSOLAB_CONSOLE_URL says so; empty: the default
}

// exitError ends the command with a code. An empty Message prints nothing.
type exitError struct {
	Code    int
	Message string
	Hint    string // what to do next
}

// Error implements error.
func (e *exitError) Error() string { return e.Message }

// misuse is an error with exit code 2.
func misuse(hint, format string, args ...any) error {
	return &exitError{Code: exitMisuse, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, io streams) int {
	root := newRootCmd(io)
	root.SetArgs(append([]string{}, args...)) // cobra takes nil for the arguments of the process
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*exitError](err)
	if !ok {
		e = &exitError{Code: exitMisuse, Message: err.Error(), Hint: fmt.Sprintf("%q shows what it takes", cmd.CommandPath()+" --help")}
	}
	if e.Message != "" {
		_, _ = fmt.Fprintln(io.Err, "ssolab: "+e.Message)
	}
	if e.Hint != "" {
		_, _ = fmt.Fprintln(io.Err, "hint: "+e.Hint)
	}
	return e.Code
}

func newRootCmd(io streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "ssolab",
		Short: "The whole enterprise sign-in chain on one machine",
		Long: `ssolab plays every party of an enterprise sign-in on this machine, offline:

  browser ─► your app ─► Amazon Cognito ─► Scalekit ─► the customer's IdP

All of it is a mock. Nothing is sent anywhere else.

Exit codes: 0 all is well, 1 a sign-in or a check failed, 2 misuse or not
decided. "ssolab run" exits with the code of its command.

NO_COLOR turns colours off. SSOLAB_CONSOLE_URL says where the lab is that
check, env, health, hosts, login and reload
ask; the default is ` + defaultConsole + `.
For a lab with --tls, SSOLAB_CA_FILE names the certificate of its CA unless that
is the default one, "ssolab ca path".`,
		Example: `  ssolab up                               start the lab
  ssolab login --email john@example.com   one sign-in, every hop shown
  ssolab run -- npm test                  tests against a lab of their own
  ssolab check                            every check, with what to do`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	root.AddCommand(newUpCmd(io), newInitCmd(io), newReloadCmd(io), newEnvCmd(io), newRunCmd(io), newLoginCmd(io), newCheckCmd(io), newExplainCmd(io), newDoctorCmd(io), newHealthCmd(io), newCACmd(io), newHostsCmd(io), newVersionCmd(io), newCompletionCmd(io))
	root.SetHelpCommand(&cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("unknown command %q", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	})
	return root
}
