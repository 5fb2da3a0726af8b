package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/localca"
)

type upOptions struct {
	labOptions
	json bool
}

func newUpCmd(io streams) *cobra.Command {
	o := upOptions{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the lab and run it until interrupted",
		Long: `Start the lab: console, Cognito, Scalekit, sample app and identity providers, on
five consecutive ports of this machine. Print where they are, and the variables
an app needs. Ctrl-C stops it.

With --names every party has a host name of its own, https on one port, and
cookies as the real services set them: localhost gives names that browsers
know, vendor those of AWS and Scalekit. The console keeps its plain port. How
programs find the names and trust the lab's CA: "ssolab hosts", "ssolab ca".

The lab file (ssolab init writes one) declares everything. Flags go before
variables of the environment (SSOLAB_PORT_BASE for --port-base, and so for all
but --json), these before the file, the file before defaults. The file is read
again on "ssolab reload" and on the signal HUP.

With --json one line of JSON is printed when the lab is ready:
{"urls":{"console":…,"cognito":…,"issuer":…,"domain":…,"scalekit":…,"app":…,
"idp":…},"emails":[…],"variables":{…}}`,
		Example: `  ssolab up
  ssolab up --callback http://localhost:8080/login/callback
  ssolab up --port-base 9500
  ssolab up --names vendor --tls-port 443
  ssolab up --config ssolab.yaml --verbose`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUp(cmd.Context(), io, &o) },
	}
	o.addFlags(cmd, ssolab.DefaultPortBase, defaultTLSPort)
	cmd.Flags().BoolVar(&o.json, "json", false, "print one line of JSON instead of the table")
	return cmd
}

func runUp(ctx context.Context, io streams, o *upOptions) error {
	cfg, err := o.labConfig(io)
	if err != nil {
		return err
	}
	lab, err := start(ctx, cfg)
	if err != nil {
		return err
	}
	if o.json {
		err = writeUpJSON(io.Out, lab)
	} else {
		_, err = io.Out.Write([]byte(upTable(lab, paletteFor(io.Out, io.Getenv), io.Getenv)))
	}
	if err != nil {
		_ = lab.Close()
		return misuse("", "write: %v", err)
	}
	wait(ctx, io, lab, o.config)
	if err := lab.Close(); err != nil {
		return misuse("", "stop the lab: %v", err)
	}
	return nil
}

// wait returns when the lab is to end. Until then a hangup has it read its file again; without a file it ends by one.
func wait(ctx context.Context, io streams, lab *ssolab.Lab, file string) {
	if file == "" {
		<-ctx.Done()
		return
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	requests, stop := hangups(end)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-requests:
			onHangup(ctx, io.Err, io.Getenv, lab, file)
		}
	}
}

func writeUpJSON(w io.Writer, lab *ssolab.Lab) error {
	u := lab.URLs()
	b, err := json.Marshal(struct {
		URLs      map[string]string `json:"urls"`
		Emails    []string          `json:"emails"`
		Variables object            `json:"variables"`
	}{
		map[string]string{
			"console": u.Console, "cognito": u.Cognito, "issuer": u.Issuer, "domain": u.Domain, "scalekit": u.Scalekit, "app": u.App, "idp": u.IdP,
		},
		lab.Emails(), objectOf(lab.Variables()),
	})
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// forApps are the variables that the table shows; they are what an app is set up by.
var forApps = []string{
	"COGNITO_ISSUER", "COGNITO_DOMAIN_URL", "COGNITO_CLIENT_ID", "COGNITO_CLIENT_SECRET", "COGNITO_IDENTITY_PROVIDER", "COGNITO_REDIRECT_URI",
}

// forTools are those of a lab without an app client: what makes one by the APIs needs them.
var forTools = []string{
	"AWS_REGION", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"SCALEKIT_ENVIRONMENT_URL", "SCALEKIT_CLIENT_ID", "SCALEKIT_CLIENT_SECRET",
}

const screen = 80 // columns

// upTable is what a person reads after ssolab up.
func upTable(lab *ssolab.Lab, p palette, getenv func(string) string) string {
	var b strings.Builder
	u := lab.URLs()
	b.WriteString(p.bold("ssolab is running.") + " Everything here is a mock on this machine, not AWS.\n\n")
	writeParties(&b, lab, p)
	if emails := lab.Emails(); len(emails) > 0 {
		b.WriteString("\n" + p.bold("E-mails to try") + "\n" + wrap(emails, "  ", "  ", screen))
	}
	wanted := forApps
	if lab.Variable("COGNITO_CLIENT_ID") == "" {
		wanted = forTools
	}
	b.WriteString("\n" + p.bold("Variables for your app") + "\n")
	for _, v := range lab.Variables() {
		if slices.Contains(wanted, v.Name) {
			fmt.Fprintf(&b, "  %s=%s\n", v.Name, v.Value)
		}
	}
	writeTrust(&b, lab, p, getenv)
	writeKept(&b, lab, p)
	b.WriteString("\n" + p.bold("From another terminal") + "\n")
	if u.Console != defaultConsole && "https"+strings.TrimPrefix(defaultConsole, "http") != u.Console {
		b.WriteString("  export " + consoleVariable + "=" + u.Console + "\n")
	}
	if ca := lab.Variable(caVariable); strings.HasPrefix(u.Console, "https:") && !isDefaultCA(ca, getenv) {
		b.WriteString("  export " + caVariable + "=" + ca + "\n")
	}
	b.WriteString("  ssolab env     all variables, as .env, shell or JSON\n")
	b.WriteString("  ssolab login   one sign-in without a browser, every hop shown\n")
	if lab.CanReload() {
		b.WriteString("  ssolab reload  read the lab file again\n")
	}
	b.WriteString("\nStop the lab with Ctrl-C.\n")
	return b.String()
}

// writeParties lists where the parties are. What each is stands beside it where there is room.
func writeParties(b *strings.Builder, lab *ssolab.Lab, p palette) {
	u := lab.URLs()
	type row struct{ party, url, what, short string }
	rows := []row{
		{"app", u.App, "sample app: sign in here", "sign in here"},
		{"cognito", u.Cognito, "user pool " + cmp.Or(lab.Variable("COGNITO_USER_POOL_ID"), "API: no pool yet"), "user pools"},
		{"scalekit", u.Scalekit, "environment: routes by e-mail domain", "routing"},
		{"idp", u.IdP, "simulator and other identity providers", "simulator"},
		{"console", u.Console, "every sign-in, hop by hop", "every hop"},
	}
	if u.Domain != u.Cognito && u.Domain != "" {
		rows = slices.Insert(rows, 2, row{"cognito", u.Domain, "domain of the user pool", "its domain"})
	}
	width := 0
	for _, r := range rows {
		width = max(width, len(r.url))
	}
	room := screen - (2 + 9 + 1 + width + 2)
	long := !slices.ContainsFunc(rows, func(r row) bool { return len(r.what) > room })
	for _, r := range rows {
		line := "  " + p.party(r.party, pad(partyTitle(r.party), 9)) + " "
		if !long {
			r.what = r.short
		}
		if len(r.what) > room {
			b.WriteString(line + r.url + "\n")
			continue
		}
		b.WriteString(line + pad(r.url, width) + "  " + p.dim(r.what) + "\n")
	}
}

// writeTrust says what programs need before they reach a lab with TLS.
func writeTrust(b *strings.Builder, lab *ssolab.Lab, p palette, getenv func(string) string) {
	ca := lab.Variable(caVariable)
	if ca == "" {
		return
	}
	flag := ""
	if !isDefaultCA(ca, getenv) {
		flag = " --ca-dir " + filepath.Dir(ca)
	}
	title := "Before programs reach it"
	if len(lab.Resolve()) > 0 {
		title = "Before a browser or a program reaches it"
	}
	b.WriteString("\n" + p.bold(title) + "\n")
	if len(lab.Resolve()) > 0 {
		sudo := "sudo ssolab hosts add   "
		if lab.URLs().Console != defaultConsole {
			sudo = "sudo -E ssolab hosts add" // with the console's variable, which stands below
		}
		b.WriteString("  " + sudo + " the names, into /etc/hosts; \"hosts remove\" undoes it\n")
	}
	line := "eval \"$(ssolab ca env --format shell" + flag + ")\""
	b.WriteString("  " + line + "\n")
	b.WriteString("                           programs trust the lab's CA; browsers must be told:\n")
	b.WriteString("  " + ca + "\n")
}

// writeKept says what the lab has brought along from before.
func writeKept(b *strings.Builder, lab *ssolab.Lab, p palette) {
	if lab.DataDir() != "" {
		b.WriteString("\n" + p.bold("Kept for the next start") + "\n  users, tokens and keys in " + lab.DataDir() + "\n")
	}
	if offset := lab.ClockOffset(); offset != 0 {
		b.WriteString("\n" + p.bold("The lab's clock") + "\n  is " + ahead(offset) + " this machine's, as it was left. Back to it:\n" +
			"  curl -d '{\"reset\":true}' " + lab.URLs().Console + "/api/v1/clock\n")
	}
}

func ahead(offset time.Duration) string {
	if offset < 0 {
		return (-offset).String() + " behind"
	}
	return offset.String() + " ahead of"
}

func isDefaultCA(file string, getenv func(string) string) bool {
	dir, err := localca.DefaultDir(getenv)
	return err == nil && filepath.Join(dir, localca.CertificateFile) == file
}
