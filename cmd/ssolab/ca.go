package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/localca"
)

type caOptions struct {
	dir    string
	format string // of env
	force  bool   // of create
}

func newCACmd(io streams) *cobra.Command {
	o := &caOptions{}
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "The certificate authority of labs with TLS",
		Long: `Labs with TLS have certificates of a CA that is made at first use and kept for
you: in $SSOLAB_CA_DIR, or in ssolab/ca of your configuration directory. Its key
is yours alone to read and is never served. Nobody trusts it until told to.`,
		Example: `  ssolab ca path
  eval "$(ssolab ca env --format shell)"
  ssolab ca create --force`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&o.dir, "ca-dir", "", "`DIR` of the CA, instead of the default one")
	_ = cmd.MarkPersistentFlagDirname("ca-dir")

	path := &cobra.Command{
		Use: "path", Short: "Print where the certificate is",
		Long: `Print the file with the CA's certificate, for browsers and programs to trust.
The CA is made if there is none.`,
		Example: "  curl --cacert \"$(ssolab ca path)\" https://localhost:9401/",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runCAPath(io, *o) },
	}
	env := &cobra.Command{
		Use: "env", Short: "Print the variables that make programs trust it",
		Long: `Print variables by which programs find their roots. NODE_EXTRA_CA_CERTS names
the certificate; SSL_CERT_FILE, AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE and
CURL_CA_BUNDLE name a bundle of the system's roots and it. The CA is made if
there is none.`,
		Example: `  eval "$(ssolab ca env --format shell)"
  ssolab ca env >> .env.local`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runCAEnv(io, *o) },
	}
	env.Flags().StringVar(&o.format, "format", "dotenv", "`FORMAT`: dotenv, shell or json")
	_ = env.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(envFormats, cobra.ShellCompDirectiveNoFileComp))
	create := &cobra.Command{
		Use: "create", Short: "Make a new CA",
		Long: `Make the CA. One that is there is replaced only with --force: then whoever
trusted the old one must be told to trust the new one, and running labs must be
started again.`,
		Example: "  ssolab ca create\n  ssolab ca create --force",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return runCACreate(io, *o) },
	}
	create.Flags().BoolVar(&o.force, "force", false, "replace a CA that is there")
	cmd.AddCommand(path, env, create)
	return cmd
}

func (o caOptions) open(io streams) (*localca.CA, error) {
	dir, err := caDir(io, o.dir)
	if err != nil {
		return nil, err
	}
	ca, err := localca.Open(dir, nil)
	if err != nil {
		return nil, misuse("", "%v", err)
	}
	return ca, nil
}

func runCAPath(s streams, o caOptions) error {
	ca, err := o.open(s)
	if err != nil {
		return err
	}
	return emit(s.Out, ca.Path()+"\n")
}

func runCAEnv(s streams, o caOptions) error {
	if !slices.Contains(envFormats, o.format) {
		return misuse("", "--format %q must be dotenv, shell or json", o.format)
	}
	ca, err := o.open(s)
	if err != nil {
		return err
	}
	bundle, err := ca.WriteBundle()
	if err != nil {
		return misuse("", "%v", err)
	}
	var list []console.Variable
	var members object
	for _, v := range ca.Variables(bundle) {
		list = append(list, console.Variable{Name: v.Name, Value: v.Value})
		members = append(members, member{v.Name, v.Value})
	}
	switch o.format {
	case "dotenv":
		return emit(s.Out, console.Dotenv(list))
	case "shell":
		return emit(s.Out, console.Shell(list))
	}
	return printJSON(s.Out, members)
}

func runCACreate(s streams, o caOptions) error {
	dir, err := caDir(s, o.dir)
	if err != nil {
		return err
	}
	ca, err := localca.Create(dir, o.force, nil)
	switch {
	case errors.Is(err, localca.ErrExists):
		return misuse("--force replaces it; then browsers and programs that trust it must be told to trust the new one, and running labs be started again",
			"there is a CA in %s already", dir)
	case err != nil:
		return misuse("", "%v", err)
	}
	text := fmt.Sprintf("%s\nvalid until %s\n", ca.Path(), ca.NotAfter().UTC().Format(time.DateOnly))
	if _, err := ca.WriteBundle(); err != nil {
		return misuse("", "%v", err)
	}
	if o.force {
		text += "Whoever trusted the one before must be told to trust this one. Start running labs again.\n"
	}
	return emit(s.Out, text)
}

// emit writes a result.
func emit(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return misuse("", "write: %v", err)
	}
	return nil
}
