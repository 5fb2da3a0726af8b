package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/conformance/tenant"
	"github.com/ssolab/ssolab/conformance/tenant/live"
)

type doctorOptions struct {
	target string

	from  string
	files [4][]string // user pool, clients, providers, domains

	pool      string
	clients   []string
	providers []string
	endpoint  string

	probe     bool
	iamPolicy bool
	json      bool
	format    string
	outs      []string
}

// doctorFileFlags are the flags that name one description each, in the order of doctorOptions.files.
var doctorFileFlags = [4]string{"user-pool", "user-pool-client", "identity-provider", "user-pool-domain"}

func newDoctorCmd(io streams) *cobra.Command {
	o := doctorOptions{}
	cmd := &cobra.Command{
		Use:   "doctor (--from DIR | --pool ID) [--target FILE]",
		Short: "Examine a user pool's configuration for what breaks sign-ins",
		Long: `Read the configuration of a user pool and tell what breaks sign-ins: both
values, what a person sees, and the fix as console path, AWS CLI command and
Terraform attribute. Nothing is changed and nobody signs in. What could not be
known is said, with the reason.

The configuration is read from files that "aws cognito-idp describe-user-pool",
"describe-user-pool-client", "describe-identity-provider" and
"describe-user-pool-domain" have printed, or live with --pool by the same four
operations, which read only; --iam-policy prints the policy they need.
Credentials, AWS_PROFILE, AWS_ENDPOINT_URL and AWS_CA_BUNDLE work as in the AWS
CLI; the region is that of the pool's id.

The target file says what the app uses (redirect and sign-out URL, scopes, name
of the provider) and what is known of Scalekit: scalekit.domains,
scalekit.callback_urls, scalekit.connections. With --probe Scalekit is asked
too, without a sign-in: its discovery document, an authorization request for
each domain of the pool, and the exchange of an invented code with the client
secret that Cognito has. Secrets are never printed.

Exit codes: 0 nothing that breaks sign-ins, 1 findings, 2 could not be decided.`,
		Example: `  ssolab doctor --from describe/ --target staging.yaml
  ssolab doctor --pool eu-north-1_Ab12Cd34E --target staging.yaml --probe
  ssolab doctor --pool eu-north-1_Ab12Cd34E --iam-policy`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), io, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "target `FILE`: what the app uses, and what\nis known of Scalekit")
	f.StringVar(&o.from, "from", "", "`DIR` with descriptions (*.json), told apart\nby their content")
	for i, name := range doctorFileFlags {
		f.StringArrayVar(&o.files[i], name, nil, "`FILE` with the output of\naws cognito-idp describe-"+name)
		_ = cmd.MarkFlagFilename(name, "json")
	}
	f.StringVar(&o.pool, "pool", "", "user pool `ID` to read live")
	f.StringArrayVar(&o.clients, "client", nil, "app client `ID` to read live; repeatable\n(default: the target file's)")
	f.StringArrayVar(&o.providers, "provider", nil, "provider `NAME` to read live; repeatable\n(default: the target file's and the clients')")
	f.StringVar(&o.endpoint, "endpoint-url", "", "`URL` of the user pools API")
	f.BoolVar(&o.probe, "probe", false, "ask Scalekit what it tells without a sign-in")
	f.BoolVar(&o.iamPolicy, "iam-policy", false, "print the policy that reading --pool needs,\nand do nothing else")
	f.BoolVar(&o.json, "json", false, "print one JSON document")
	f.StringVar(&o.format, "format", "text", "`FORM` on standard output: text, json,\njunit, markdown or html")
	f.StringArrayVar(&o.outs, "out", nil, "write the report to `FILE` too, in the format\nthat its name ends with (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("target", "yaml", "yml")
	_ = cmd.MarkFlagDirname("from")
	return cmd
}

func runDoctor(ctx context.Context, io streams, o doctorOptions) error {
	if o.json {
		o.format = string(report.FormatJSON)
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.iamPolicy {
		return o.printPolicy(io)
	}
	var target *conformance.Target
	if o.target != "" {
		var err error
		if target, err = conformance.ReadTarget(o.target); err != nil {
			return badFile(o.target, err)
		}
	}
	model, source, calls, err := o.read(ctx, target)
	if err != nil {
		return err
	}
	model.Target = target
	if o.probe {
		if err := probe(ctx, model, target); err != nil {
			return err
		}
	}
	r := tenant.NewReport(model, "ssolab "+version().Version, source, calls)
	for _, file := range o.outs {
		format, _ := report.FormatOf(file)
		text, err := doctorReport(r, target, format, palette{})
		if err == nil {
			err = os.WriteFile(file, text, 0o644)
		}
		if err != nil {
			return misuse("", "write the report: %v", err)
		}
	}
	text, err := doctorReport(r, target, report.Format(o.format), paletteFor(io.Out, io.Getenv))
	if err == nil {
		_, err = io.Out.Write(text)
	}
	if err != nil {
		return misuse("", "write: %v", err)
	}
	switch code := r.Summary.ExitCode(); code {
	case exitFailed:
		return &exitError{Code: code, Message: fmt.Sprintf("%s of the configuration break sign-ins", plural(r.Summary.Fail, "check"))}
	case exitMisuse:
		return misuse("", "%s could not be decided", plural(r.Summary.Error, "check"))
	}
	return nil
}

// doctorReport is the report in a format: text and JSON have members of their own, the others are those of ssolab check.
func doctorReport(r *tenant.Report, target *conformance.Target, format report.Format, p palette) ([]byte, error) {
	switch format {
	case report.FormatText:
		return doctorText(r, p), nil
	case report.FormatJSON:
		return doctorJSON(r)
	}
	var b bytes.Buffer
	err := report.Write(&b, format, r.Conformance(target))
	return b.Bytes(), err
}

// doctorFiles are all files that single flags name.
func (o doctorOptions) doctorFiles() []string {
	var out []string
	for _, list := range o.files {
		out = append(out, list...)
	}
	return out
}

func (o doctorOptions) check() error {
	files := len(o.doctorFiles()) > 0
	sources := 0
	for _, given := range []bool{o.from != "", files, o.pool != ""} {
		if given {
			sources++
		}
	}
	switch {
	case o.iamPolicy && o.pool == "":
		return misuse("", "--iam-policy needs the pool: add --pool ID")
	case sources == 0:
		return misuse(`save what "aws cognito-idp describe-user-pool …" prints and give its folder with --from, or read live with --pool ID`, "there is nothing to examine")
	case sources > 1:
		return misuse("", "give one of --from, single files (--%s …), and --pool", doctorFileFlags[0])
	case o.pool == "" && (len(o.clients) > 0 || len(o.providers) > 0 || o.endpoint != ""):
		return misuse("", "--client, --provider and --endpoint-url are for reading live, with --pool")
	case o.pool != "" && (!strings.Contains(o.pool, "_") || strings.HasPrefix(o.pool, "_")):
		return misuse("", "--pool %q is no user pool id; the form is <region>_<letters and digits>", o.pool)
	}
	return checkFormats(o.format, o.outs)
}

func (o doctorOptions) printPolicy(io streams) error {
	policy, err := live.Policy(o.pool)
	if err != nil {
		return misuse("", "%v", err)
	}
	if _, err := fmt.Fprint(io.Out, policy); err != nil {
		return misuse("", "write: %v", err)
	}
	return nil
}

// read makes the model from files or live; source and calls say how.
func (o doctorOptions) read(ctx context.Context, target *conformance.Target) (m *tenant.Model, source string, calls []string, err error) {
	switch {
	case o.from != "":
		m, err = tenant.ReadDir(o.from)
		source = "files in " + o.from
	case o.pool == "":
		m, err = tenant.ReadFiles(o.doctorFiles()...)
		source = "files " + strings.Join(o.doctorFiles(), ", ")
	default:
		return o.readLive(ctx, target)
	}
	if err != nil {
		return nil, "", nil, misuse("", "%v", err)
	}
	return m, source, nil, nil
}

func (o doctorOptions) readLive(ctx context.Context, target *conformance.Target) (*tenant.Model, string, []string, error) {
	in := live.Options{Pool: o.pool, Clients: o.clients, Providers: o.providers, Endpoint: o.endpoint}
	if target != nil {
		if len(in.Clients) == 0 {
			in.Clients = []string{target.Client.ID}
		}
		if len(in.Providers) == 0 && target.Provider.IdentityProvider != "" {
			in.Providers = []string{target.Provider.IdentityProvider}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	m, made, err := live.Read(ctx, in)
	if err != nil {
		return nil, "", nil, misuse(fmt.Sprintf("ssolab doctor --pool %s --iam-policy prints the permissions that reading needs", o.pool), "the user pool could not be read: %v", err)
	}
	var calls []string
	for _, c := range made {
		calls = append(calls, fmt.Sprintf("%s %s: %d", c.Operation, c.Name, c.Status))
	}
	source := "AWS API"
	if o.endpoint != "" {
		source += " at " + o.endpoint
	}
	return m, source, calls, nil
}

// Limits of time for reading the configuration, and for each request to Scalekit.
const (
	readTimeout  = time.Minute
	probeTimeout = 10 * time.Second
)

// probe asks Scalekit, by the network that the target file describes.
func probe(ctx context.Context, m *tenant.Model, target *conformance.Target) error {
	network := target
	if network == nil {
		network = &conformance.Target{}
	}
	var client *http.Client
	client, err := network.HTTPClient(probeTimeout)
	if err != nil {
		return misuse("", "%v", err)
	}
	defer client.CloseIdleConnections()
	m.Probe(ctx, client)
	return nil
}

func doctorJSON(r *tenant.Report) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(r)
	return b.Bytes(), err
}

// verdictWord is a verdict as it stands in text, with its colour.
func verdictWord(p palette, v conformance.Verdict) string {
	word := pad(strings.ToUpper(string(v)), 5)
	switch v {
	case conformance.Fail, conformance.Errored:
		return p.bad(word)
	case conformance.Warn:
		return p.paint("33", word)
	case conformance.Pass:
		return p.good(word)
	}
	return p.bold(word)
}

// doctorText is the report for a terminal: findings first, then what could not be known, then the sums.
func doctorText(r *tenant.Report, p palette) []byte {
	var b bytes.Buffer
	head := func(name, text string) { b.WriteString(labelled(p, "", name, text)) }
	head("user pool", r.Pool)
	head("clients", orNone(r.Clients))
	head("providers", orNone(r.Providers))
	head("read from", r.Source)
	if len(r.Calls) > 0 {
		head("AWS calls", fmt.Sprintf("%d: %s", len(r.Calls), strings.Join(r.Calls, ", ")))
	}
	if len(r.Requests) > 0 {
		head("Scalekit", fmt.Sprintf("%d: %s", len(r.Requests), strings.Join(r.Requests, ", ")))
	}
	var unknown []tenant.Result
	printed := map[string]string{} // command → the check that it was printed for
	for _, res := range r.Results {
		switch res.Verdict {
		case conformance.Skip:
			unknown = append(unknown, res)
		case conformance.Pass:
		default:
			writeDoctorResult(&b, p, res, printed)
		}
	}
	if len(unknown) > 0 {
		b.WriteString("\n" + p.bold("Not known") + "\n")
		for _, res := range unknown {
			b.WriteString(labelled(p, "", res.ID, res.Reason))
		}
	}
	s := r.Summary
	fmt.Fprintf(&b, "\n%d checks: %d passed, %d failed, %d warned, %d not known, %d undecided, %d for information\n", s.Total, s.Pass, s.Fail, s.Warn, s.Skip, s.Error, s.Info)
	return b.Bytes()
}

func writeDoctorResult(b *bytes.Buffer, p palette, res tenant.Result, printed map[string]string) {
	fmt.Fprintf(b, "\n%s %s  %s\n", verdictWord(p, res.Verdict), res.ID, p.bold(res.Title))
	if res.Reason != "" {
		b.WriteString(labelled(p, "  ", "reason", res.Reason))
	}
	for i, f := range res.Findings {
		if i > 0 {
			b.WriteString("\n")
		}
		for _, part := range []struct{ name, text string }{
			{"what", f.Subject + " [" + string(f.Level) + "]"}, {"have", f.Have.String()}, {"want", f.Want.String()}, {"so", f.Consequence},
			{"console", f.Fix.Console}, {"mind", f.Fix.Note},
		} {
			if part.text != "" {
				b.WriteString(labelled(p, "  ", part.name, part.text))
			}
		}
		writeCode(b, p, "terraform", f.Fix.Terraform)
		if at, before := printed[f.Fix.CLI]; before {
			b.WriteString(labelled(p, "  ", "aws cli", "the command of "+at+", above"))
			continue
		}
		if f.Fix.CLI != "" {
			printed[f.Fix.CLI] = res.ID
		}
		writeCode(b, p, "aws cli", f.Fix.CLI)
	}
	for _, note := range res.Notes {
		b.WriteString(labelled(p, "  ", "note", note))
	}
}

// writeCode writes lines as they are, to be copied.
func writeCode(b *bytes.Buffer, p palette, name, text string) {
	if text == "" {
		return
	}
	b.WriteString("  " + p.dim(name) + "\n")
	for line := range strings.Lines(text) {
		b.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
	}
}

// labelled is a name and a text that is wrapped beside it.
func labelled(p palette, indent, name, text string) string {
	column := indent + pad(name, 12)
	lines := wrap(strings.Fields(text), strings.Repeat(" ", len(column)), " ", screenWidth)
	if lines == "" {
		return column + "\n"
	}
	return indent + p.dim(pad(name, 12)) + lines[len(column):]
}

// screenWidth is the columns that text is wrapped to.
const screenWidth = 100

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
