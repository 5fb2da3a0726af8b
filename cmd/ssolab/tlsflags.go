package main

import (
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/localca"
)

// defaultTLSPort is where ssolab up serves all names.
const defaultTLSPort = 9443

// tlsOptions are the flags that say how the parties of a lab are reached, and with what keys.
type tlsOptions struct {
	tls         bool
	names       string
	tlsPort     int
	caDir       string
	environment string
	cryptoRSA   bool

	flags *pflag.FlagSet // of the command; nil: every option counts as given
}

// lookFlags are those of a lab's own, in the order of help.
var lookFlags = []string{"tls", "names", "tls-port", "ca-dir", "scalekit-environment", "crypto-rsa"}

func (o *tlsOptions) addFlags(cmd *cobra.Command, tlsPort int) {
	f := cmd.Flags()
	o.flags = f
	f.BoolVar(&o.tls, "tls", false, "speak https on the ports")
	f.StringVar(&o.names, "names", "", "a host `NAME` per party, with TLS:\nlocalhost or vendor")
	f.IntVar(&o.tlsPort, "tls-port", tlsPort, "`PORT` of all names; 0: free")
	f.StringVar(&o.caDir, "ca-dir", "", "`DIR` of the CA (default: \"ssolab ca path\")")
	f.StringVar(&o.environment, "scalekit-environment", "", "first `LABEL` of Scalekit's vendor name\n(default ssolab)")
	f.BoolVar(&o.cryptoRSA, "crypto-rsa", false, "sign with Go's crypto/rsa, two-prime keys")
	_ = cmd.MarkFlagDirname("ca-dir")
	_ = cmd.RegisterFlagCompletionFunc("names", cobra.FixedCompletions(nameModes, cobra.ShellCompDirectiveNoFileComp))
}

var nameModes = []string{ssolab.NamesLocalhost, ssolab.NamesVendor}

// given tells whether a flag stands on the command line.
func (o *tlsOptions) given(flag string) bool { return o.flags == nil || o.flags.Changed(flag) }

// anyGiven tells whether a lab of another kind than the default one is asked for.
func (o *tlsOptions) anyGiven() bool {
	return o.flags != nil && (slices.ContainsFunc(lookFlags, o.flags.Changed) || o.flags.Changed("quirk"))
}

// apply puts what was given over cfg.
func (o *tlsOptions) apply(cfg *ssolab.Config) error {
	if o.given("tls") {
		cfg.TLS = o.tls
	}
	if o.given("names") {
		cfg.Names = o.names
	}
	if o.given("tls-port") {
		cfg.TLSPort = o.tlsPort
	}
	if o.given("scalekit-environment") {
		cfg.ScalekitEnvironment = o.environment
	}
	if o.given("ca-dir") {
		cfg.CADir = o.caDir
	}
	cfg.TwoPrimeKeys = o.cryptoRSA
	if o.flags != nil && o.flags.Changed("tls-port") && cfg.Names == "" {
		return misuse(`add "--names localhost" or "--names vendor"; without names the parties are on the ports of --port-base`, "--tls-port is the port of a lab with --names")
	}
	return nil
}

// caDir is where the user's CA is, unless a directory is given. It is absolute: its path is given to other programs.
func caDir(io streams, given string) (string, error) {
	dir := given
	if dir == "" {
		var err error
		if dir, err = localca.DefaultDir(io.Getenv); err != nil {
			return "", misuse("--ca-dir says where, too", "%v", err)
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", misuse("", "%v", err)
	}
	return abs, nil
}
