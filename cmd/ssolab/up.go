package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
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

With --json one line of JSON is printed when the lab is ready:
{"urls":{"console":…,"cognito":…,"issuer":…,"domain":…,"scalekit":…,"app":…,
"idp":…},"emails":[…],"variables":{…}}`,
		Example: `  ssolab up
  ssolab up --callback http://localhost:8080/login/callback
  ssolab up --port-base 9500
  ssolab up --config ssolab.yaml --verbose`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runUp(cmd.Context(), io, o) },
	}
	o.addFlags(cmd, ssolab.DefaultPortBase)
	cmd.Flags().BoolVar(&o.json, "json", false, "print one line of JSON instead of the table")
	return cmd
}

func runUp(ctx context.Context, io streams, o upOptions) error {
	cfg, err := o.labConfig(io.Err)
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
		_, err = io.Out.Write([]byte(upTable(lab, paletteFor(io.Out, io.Getenv))))
	}
	if err != nil {
		_ = lab.Close()
		return misuse("", "write: %v", err)
	}
	<-ctx.Done()
	if err := lab.Close(); err != nil {
		return misuse("", "stop the lab: %v", err)
	}
	return nil
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

const screen = 80 // columns

// upTable is what a person reads after ssolab up.
func upTable(lab *ssolab.Lab, p palette) string {
	var b strings.Builder
	u := lab.URLs()
	b.WriteString(p.bold("ssolab is running.") + " Everything here is a mock on this machine, not AWS.\n\n")
	for _, row := range []struct{ party, url, what string }{
		{"app", u.App, "sample app: sign in here"},
		{"cognito", u.Cognito, "user pool " + lab.Variable("COGNITO_USER_POOL_ID")},
		{"scalekit", u.Scalekit, "environment: routes by e-mail domain"},
		{"idp", u.IdP, "simulator and other identity providers"},
		{"console", u.Console, "every sign-in, hop by hop"},
	} {
		b.WriteString("  " + p.party(row.party, pad(partyTitle(row.party), 9)) + " " + pad(row.url, 22) + "  " + p.dim(row.what) + "\n")
	}
	b.WriteString("\n" + p.bold("E-mails to try") + "\n" + wrap(lab.Emails(), "  ", "  ", screen))
	b.WriteString("\n" + p.bold("Variables for your app") + "\n")
	for _, v := range lab.Variables() {
		if slices.Contains(forApps, v.Name) {
			fmt.Fprintf(&b, "  %s=%s\n", v.Name, v.Value)
		}
	}
	b.WriteString("\n" + p.bold("From another terminal") + "\n")
	if u.Console != defaultConsole {
		b.WriteString("  export " + consoleVariable + "=" + u.Console + "\n")
	}
	b.WriteString("  ssolab env    all variables, as .env, shell or JSON\n")
	b.WriteString("  ssolab login  one sign-in without a browser, every hop shown\n")
	b.WriteString("\nStop the lab with Ctrl-C.\n")
	return b.String()
}
