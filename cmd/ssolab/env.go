package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"
)

type envOptions struct{ format string }

var envFormats = []string{"dotenv", "shell", "json"}

func newEnvCmd(io streams) *cobra.Command {
	o := envOptions{}
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the variables an app needs for the running lab",
		Long: `Print the variables of the running lab: issuer, clients and their secrets,
endpoints for the AWS SDKs, Scalekit, console and sample app.

The formats: dotenv for a .env file, shell for eval, json for programs (one
object, name to value). The secrets are the mock's own and open nothing else.`,
		Example: `  ssolab env > .env.local
  eval "$(ssolab env --format shell)"
  ssolab env --format json | jq -r .COGNITO_ISSUER`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEnv(cmd.Context(), io, o) },
	}
	cmd.Flags().StringVar(&o.format, "format", "dotenv", "`FORMAT`: dotenv, shell or json")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(envFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runEnv(ctx context.Context, s streams, o envOptions) error {
	if !slices.Contains(envFormats, o.format) {
		return misuse("", "--format %q must be dotenv, shell or json", o.format)
	}
	lab, err := find(ctx, s)
	if none, ok := errors.AsType[*errNoLab](err); ok {
		return none.misuse()
	}
	text, err := lab.EnvText(ctx, o.format)
	if err != nil {
		return misuse("", "ask the lab: %v", err)
	}
	if o.format == "json" {
		return printJSON(s.Out, json.RawMessage(text))
	}
	return emit(s.Out, text)
}

// printJSON prints a value with one member to a line.
func printJSON(w io.Writer, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return misuse("", "write: %v", err)
	}
	return emit(w, b.String())
}
