package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

type healthOptions struct{ json bool }

func newHealthCmd(io streams) *cobra.Command {
	o := healthOptions{}
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Tell whether a lab answers",
		Long: `Ask the running lab whether it is ready: exit code 0 when it is, 2 when no lab
answers. A container's health check can use it.`,
		Example: `  ssolab health
  SSOLAB_CONSOLE_URL=http://localhost:9500 ssolab health --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runHealth(cmd.Context(), io, o) },
	}
	cmd.Flags().BoolVar(&o.json, "json", false, `print {"status":"ok","version":…,"url":…}`)
	return cmd
}

func runHealth(ctx context.Context, io streams, o healthOptions) error {
	lab, err := find(ctx, io)
	if none, ok := errors.AsType[*errNoLab](err); ok {
		return none.misuse()
	}
	if o.json {
		err = json.NewEncoder(io.Out).Encode(object{{"status", lab.health.Status}, {"version", lab.health.Version}, {"url", lab.url}})
	} else {
		_, err = fmt.Fprintf(io.Out, "ok: ssolab %s at %s\n", lab.health.Version, lab.url)
	}
	if err != nil {
		return misuse("", "write: %v", err)
	}
	return nil
}
