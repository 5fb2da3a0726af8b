package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary knows of itself.
type build struct {
	Version string `json:"version"` // of the module; "dev" for a build from a working copy
	Commit  string `json:"commit"`  // of version control; empty when unknown
	Dirty   bool   `json:"dirty"`   // there were changes that are not committed
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func version() build {
	b := build{Version: "dev", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	return b
}

func newVersionCmd(io streams) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version, the commit it was built from, and the Go release.

With --json: {"version":…,"commit":…,"dirty":…,"go":…,"os":…,"arch":…}`,
		Example: "  ssolab version\n  ssolab version --json",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runVersion(io, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return cmd
}

func runVersion(io streams, asJSON bool) error {
	b := version()
	if asJSON {
		return json.NewEncoder(io.Out).Encode(b)
	}
	commit := b.Commit
	if len(commit) > 12 {
		commit = commit[:12]
	}
	if b.Dirty {
		commit += "+changes"
	}
	if commit != "" {
		commit = " " + commit
	}
	_, err := fmt.Fprintf(io.Out, "ssolab %s%s (%s, %s/%s)\n", b.Version, commit, b.Go, b.OS, b.Arch)
	return err
}
