package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
)

type hostsOptions struct {
	file        string
	names       string
	config      string
	environment string
}

func newHostsCmd(io streams) *cobra.Command {
	o := &hostsOptions{}
	cmd := &cobra.Command{
		Use:   "hosts",
		Short: "The lab's names in the hosts file",
		Long: `Programs find the host names of a lab with --names by entries in the hosts file.
They stand in a block between "` + hostsBegin + `" and "` + hostsEnd + `"; nothing
else in the file is touched.

The names are those of the running lab, or of the lab that --names and --config
describe. While vendor names are in the file, the real services of these names
cannot be reached from this machine.`,
		Example: `  ssolab hosts print
  sudo ssolab hosts add
  sudo ssolab hosts add --names vendor --config ssolab.yaml
  sudo ssolab hosts remove`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	sub := func(use, short, long, example string, named bool, run func(context.Context, streams, hostsOptions) error) *cobra.Command {
		c := &cobra.Command{
			Use: use, Short: short, Long: long, Example: example, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), io, *o) },
		}
		if use != "print" {
			c.Flags().StringVar(&o.file, "file", hostsFile(runtime.GOOS, io.Getenv), "hosts `FILE`")
		}
		if named {
			c.Flags().StringVar(&o.names, "names", "", "`NAMES` of a lab that need not run:\nlocalhost or vendor")
			c.Flags().StringVar(&o.config, "config", "", "its lab `FILE` (default: the default lab)")
			c.Flags().StringVar(&o.environment, "scalekit-environment", "", "first `LABEL` of Scalekit's vendor name\n(default ssolab)")
			_ = c.MarkFlagFilename("config", "yaml", "yml")
			_ = c.RegisterFlagCompletionFunc("names", cobra.FixedCompletions(nameModes, cobra.ShellCompDirectiveNoFileComp))
		}
		return c
	}
	cmd.AddCommand(
		sub("print", "Print the block", "Print the block that add would write.", "  ssolab hosts print --names vendor", true, runHostsPrint),
		sub("add", "Put the block into the hosts file, in place of an older one",
			"Put the block into the hosts file, in place of an older one. Needs the right to\nwrite the file; without it, the block and the command that has it are printed.",
			"  sudo ssolab hosts add\n  ssolab hosts add --file ./hosts --names localhost", true, runHostsAdd),
		sub("remove", "Take the block out of the hosts file", "Take the block out of the hosts file.", "  sudo ssolab hosts remove", false, runHostsRemove),
	)
	return cmd
}

func hostsFile(system string, getenv func(string) string) string {
	if system == "windows" {
		return filepath.Join(cmp.Or(getenv("SystemRoot"), `C:\Windows`), "System32", "drivers", "etc", "hosts")
	}
	return "/etc/hosts"
}

// hostNames are the names that the block is for.
func (o hostsOptions) hostNames(ctx context.Context, io streams) ([]string, error) {
	if o.names == "" && o.config == "" && o.environment == "" {
		return runningNames(ctx, io)
	}
	cfg := ssolab.Config{}
	if o.config != "" {
		var err error
		if cfg, err = labfile.Read(o.config, cfg, io.Getenv); err != nil {
			return nil, badFile(o.config, err)
		}
	}
	cfg.Names, cfg.ScalekitEnvironment = cmp.Or(o.names, cfg.Names), cmp.Or(o.environment, cfg.ScalekitEnvironment)
	if cfg.Names == "" {
		return nil, misuse("", "--names localhost or --names vendor is missing, and the lab file has no listen.names")
	}
	if err := cfg.Validate(); err != nil {
		return nil, misuse("", "%v", err)
	}
	return cfg.Hosts(), nil
}

func runningNames(ctx context.Context, io streams) ([]string, error) {
	lab, err := find(ctx, io)
	if none, ok := errors.AsType[*errNoLab](err); ok {
		e, _ := errors.AsType[*exitError](none.misuse())
		e.Hint += `; "--names vendor" needs none`
		return nil, e
	}
	network, err := lab.Network(ctx)
	if err != nil {
		return nil, misuse("", "ask the lab for its network: %v", err)
	}
	var names []string
	for addr := range maps.Keys(network.Resolve) {
		if host, _, err := net.SplitHostPort(addr); err == nil {
			names = append(names, host)
		}
	}
	if len(names) == 0 {
		return nil, misuse(`start it with "--names localhost" or "--names vendor"`, "the lab at %s has no names of its own: its parties are on ports of localhost", lab.url)
	}
	slices.Sort(names)
	return names, nil
}

func runHostsPrint(ctx context.Context, io streams, o hostsOptions) error {
	names, err := o.hostNames(ctx, io)
	if err != nil {
		return err
	}
	return emit(io.Out, hostsBlock(names)+"\n")
}

func runHostsAdd(ctx context.Context, io streams, o hostsOptions) error {
	names, err := o.hostNames(ctx, io)
	if err != nil {
		return err
	}
	block := hostsBlock(names)
	changed, err := changeFile(o.file, func(text string) (string, error) { return withBlock(text, block) })
	switch {
	case err != nil:
		return o.notWritten(io, "add", block, err)
	case !changed:
		return emit(io.Out, fmt.Sprintf("%s has the lab's %d names already\n", o.file, len(names)))
	}
	text := fmt.Sprintf("%d names are in %s\n", len(names), o.file)
	if slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, ".localhost") }) {
		text += "Until \"ssolab hosts remove\" the real services of these names cannot be reached.\n"
	}
	return emit(io.Out, text)
}

func runHostsRemove(_ context.Context, io streams, o hostsOptions) error {
	changed, err := changeFile(o.file, withoutBlock)
	switch {
	case err != nil:
		return o.notWritten(io, "remove", "", err)
	case !changed:
		return emit(io.Out, o.file+" has no block of ssolab\n")
	}
	return emit(io.Out, "the lab's names are out of "+o.file+"\n")
}

// notWritten says why the file is as it was, and what to do.
func (o hostsOptions) notWritten(io streams, verb, block string, err error) error {
	if _, file := errors.AsType[*fs.PathError](err); !file {
		return misuse("put these lines right by hand, and run the command again", "%s: %v; nothing was changed", o.file, err)
	}
	if !notPermitted(err) {
		return misuse("", "%s: %v", o.file, cause(err))
	}
	hint := "run: " + o.asRoot(io, verb)
	if block != "" {
		hint += "\nor add these lines yourself:\n" + block
	}
	return misuse(hint, "%s cannot be written: %v", o.file, cause(err))
}

// asRoot is the same command for who may write the file. sudo leaves the environment behind, and knows few directories.
func (o hostsOptions) asRoot(io streams, verb string) string {
	words := []string{"sudo"}
	given := o.names != "" || o.config != "" || o.environment != ""
	if verb == "add" && !given {
		var set []string
		for _, name := range []string{consoleVariable, caVariable} {
			if value := io.Getenv(name); value != "" {
				set = append(set, name+"="+value)
			}
		}
		if len(set) > 0 {
			words = append(append(words, "env"), set...)
		}
	}
	self, err := os.Executable()
	if err != nil {
		self = "ssolab"
	}
	words = append(words, self, "hosts", verb)
	for _, flag := range []struct{ name, value string }{{"names", o.names}, {"config", o.config}, {"scalekit-environment", o.environment}} {
		if flag.value != "" && verb == "add" {
			words = append(words, "--"+flag.name, flag.value)
		}
	}
	if o.file != hostsFile(runtime.GOOS, io.Getenv) {
		words = append(words, "--file", o.file)
	}
	for i, w := range words {
		words[i] = quoted(w)
	}
	return strings.Join(words, " ")
}

// quoted is a word as a POSIX shell reads it back.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
