package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// labOptions are the flags of commands that start a lab.
type labOptions struct {
	tlsOptions
	portBase  int
	bind      []string
	config    string
	data      string
	empty     bool
	callbacks []string
	signOuts  []string
	quirks    []string
	lambda    string
	verbose   bool
	logFormat string
}

func (o *labOptions) addFlags(cmd *cobra.Command, portBase, tlsPort int) {
	f := cmd.Flags()
	o.tlsOptions.addFlags(cmd, tlsPort)
	f.IntVar(&o.portBase, "port-base", portBase, "first of five `PORT`s; 0: free")
	f.StringArrayVar(&o.bind, "bind", nil, "listen on `ADDR` beside loopback, 0.0.0.0\nfor all (repeatable); who reaches the lab\nmay read its secrets and change it")
	f.StringVar(&o.config, "config", "", "lab `FILE` (default: the default lab)")
	f.StringVar(&o.data, "data", "", "keep users, tokens and keys in `DIR`\n(default: in memory, until it stops)")
	f.BoolVar(&o.empty, "empty", false, "no pools, organizations and people but\nthe lab file's: make them by the APIs")
	f.StringArrayVar(&o.callbacks, "callback", nil, "add a callback `URL` to the main app\nclient (repeatable)")
	f.StringArrayVar(&o.signOuts, "signout", nil, "add a sign-out `URL` to the main app\nclient (repeatable)")
	f.StringArrayVar(&o.quirks, "quirk", nil, "turn a quirk on or off, as `ID=on|off`, or\nstrict-oidc for no departure from the\nstandards (repeatable)")
	f.StringVar(&o.lambda, "lambda-endpoint", "", "base `URL` of the Lambda API that serves\nthe functions of triggers")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request to standard error")
	f.StringVar(&o.logFormat, "log-format", "text", "`FORM` of log: text or json")
	_ = cmd.MarkFlagDirname("data")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// labVariables are the flags that a variable of the environment stands for: SSOLAB_ and the flag's name. Lists are separated
// by spaces.
var labVariables = []string{
	"bind", "ca-dir", "callback", "config", "crypto-rsa", "data", "empty", "lambda-endpoint", "log-format", "names", "port-base", "quirk", "scalekit-environment",
	"signout", "tls", "tls-port", "verbose",
}

func variableOf(flag string) string {
	return "SSOLAB_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromVariables gives the flags that are not on the command line the values of their variables.
func (o *labOptions) fromVariables(io streams) error {
	if o.flags == nil {
		return nil
	}
	for _, name := range labVariables {
		value := io.Getenv(variableOf(name))
		if value == "" || o.flags.Changed(name) {
			continue
		}
		values := []string{value}
		if o.flags.Lookup(name).Value.Type() == "stringArray" {
			values = strings.Fields(value)
		}
		for _, v := range values {
			if err := o.flags.Set(name, v); err != nil {
				return misuse("", "%s=%q: --%s does not take that: %v", variableOf(name), value, name, cause(err))
			}
		}
	}
	return nil
}

// labConfig is the lab's configuration, or what is wrong with it.
func (o *labOptions) labConfig(io streams) (ssolab.Config, error) {
	if err := o.fromVariables(io); err != nil {
		return ssolab.Config{}, err
	}
	cfg, err := o.read(io)
	if err != nil {
		return cfg, badFile(o.config, err)
	}
	if o.config != "" {
		cfg.Source = func() (ssolab.Config, error) { return o.read(io) }
	}
	return cfg, nil
}

// read makes the configuration: the flags' defaults, over them the file, over it the flags and variables that were given.
func (o *labOptions) read(io streams) (ssolab.Config, error) {
	cfg := ssolab.Config{PortBase: o.portBase, TLSPort: o.tlsPort}
	if o.config != "" {
		var err error
		if cfg, err = labfile.Read(o.config, cfg, io.Getenv); err != nil {
			return cfg, err
		}
	}
	if o.given("port-base") {
		cfg.PortBase = o.portBase
	}
	if o.given("empty") {
		cfg.Empty = o.empty
	}
	if o.given("bind") {
		cfg.Bind = o.bind
	}
	if o.given("lambda-endpoint") {
		cfg.Lambda.Endpoint = o.lambda
	}
	if err := o.apply(&cfg); err != nil {
		return cfg, err
	}
	if err := o.directories(io, &cfg); err != nil {
		return cfg, err
	}
	cfg.Callbacks, cfg.SignOuts = append(o.callbacks, cfg.Callbacks...), append(o.signOuts, cfg.SignOuts...)
	cfg.Version = version().Version
	var err error
	if cfg.Quirks, err = withQuirks(cfg.Quirks, o.quirks); err != nil {
		return cfg, err
	}
	cfg.Log, err = o.logger(io)
	return cfg, err
}

// directories makes the paths of directories absolute: they are told to other programs.
func (o *labOptions) directories(io streams, cfg *ssolab.Config) error {
	if o.given("data") {
		cfg.Data = o.data
	}
	var err error
	if cfg.Data != "" {
		if cfg.Data, err = filepath.Abs(cfg.Data); err != nil {
			return misuse("", "%v", err)
		}
	}
	if cfg.TLS || cfg.Names != "" {
		cfg.CADir, err = caDir(io, cfg.CADir)
	}
	return err
}

func (o *labOptions) logger(io streams) (*slog.Logger, error) {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	switch handler := (&slog.HandlerOptions{Level: level}); o.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(io.Err, handler)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(io.Err, handler)), nil
	}
	return nil, misuse("", "--log-format %q must be text or json", o.logFormat)
}

// badFile says what is wrong with a file, one line each as compilers do.
func badFile(path string, err error) error {
	problems, ok := errors.AsType[yamlfile.Problems](err)
	_, said := errors.AsType[*exitError](err)
	switch {
	case said:
		return err
	case !ok:
		return misuse("", "%v", err)
	case len(problems) == 1:
		return misuse("", "%v", problems)
	}
	return misuse("", "%s has %d problems:\n%v", path, len(problems), problems)
}

// start starts a lab. Its errors say what to do.
func start(ctx context.Context, cfg ssolab.Config) (*ssolab.Lab, error) {
	lab, err := ssolab.New(cfg)
	if err != nil {
		return nil, misuse("", "the lab cannot be set up so:\n%v", err)
	}
	if err := lab.Start(ctx); err != nil {
		if taken, ok := errors.AsType[*ssolab.PortError](err); ok {
			return nil, portTaken(taken)
		}
		if hinted, ok := errors.AsType[interface {
			error
			Hint() string
		}](err); ok {
			return nil, misuse(hinted.Hint(), "%v", hinted)
		}
		return nil, misuse("", "start the lab: %v", err)
	}
	return lab, nil
}

func portTaken(e *ssolab.PortError) error {
	port, _ := strconv.Atoi(e.Addr[strings.LastIndex(e.Addr, ":")+1:])
	what, hint := "the "+partyTitle(e.Party), `"--port-base 9500" takes 9500 to 9504 instead, "--port-base 0" any free ports`
	if e.Party == "TLS port" {
		what, hint = "the lab", `"--tls-port 9543" takes another port for TLS, "--tls-port 0" any free one`
		if errors.Is(e.Err, fs.ErrPermission) {
			hint = lowPorts(runtime.GOOS, port)
		}
	}
	holder := ""
	if pid, name, ok := portOwner("/proc", port); ok {
		holder = fmt.Sprintf(", which process %d (%s) holds", pid, name)
	}
	return misuse(hint, "%s needs port %d%s: %v", what, port, holder, cause(e.Err))
}

// lowPorts says how a port that only the administrator may open is had.
func lowPorts(system string, port int) string {
	ways := []string{"one of these lets it:"}
	if system == "linux" {
		ways = append(ways,
			`sudo setcap cap_net_bind_service=+ep "$(command -v ssolab)"   for this program`,
			fmt.Sprintf("sudo sysctl net.ipv4.ip_unprivileged_port_start=%d        until the next boot", port))
	} else {
		ways = append(ways, "sudo ssolab …   with --ca-dir, so that the CA stays yours")
	}
	ways = append(ways, "--tls-port 9443   another port, which then stands in every URL")
	return strings.Join(ways, "\n  ")
}

// cause is the innermost error, without the addresses around it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// withQuirks adds the switches of --quirk flags to those of a lab file.
func withQuirks(switches map[string]bool, flags []string) (map[string]bool, error) {
	for _, q := range flags {
		id, value, given := strings.Cut(q, "=")
		on, ok := map[string]bool{"on": true, "off": false}[value]
		if !given && id == quirk.StrictOIDC { // a preset is asked for by its name
			on, ok = true, true
		}
		if !ok || id == "" {
			return switches, misuse("", "--quirk %q must have the form id=on or id=off", q)
		}
		if switches == nil {
			switches = map[string]bool{}
		}
		switches[id] = on
	}
	return switches, nil
}
