package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/internal/labcontrol"
)

type checkOptions struct {
	quirks []string
	tlsOptions
	browserOptions
	target   string
	email    string
	format   string
	outs     []string
	only     []string
	skip     []string
	level    string
	readOnly bool
	dryRun   bool
	list     bool
	all      bool
	rate     float64
	budget   int
}

func newCheckCmd(io streams) *cobra.Command {
	o := checkOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Test whether a chain does what it must",
		Long: `Sign in, look at everything that comes back, try what must be refused, and
judge it: every check says which requirement it stands for, what was expected
and observed, and what to do.

The running lab is tested; without one, or with one of --tls, --names,
--tls-port, --ca-dir, --scalekit-environment and --crypto-rsa, a lab is started
for this run alone, with host names and TLS unless flags say otherwise.

With --target a deployment described by a file is tested. Before it begins, the
run says how many sign-ins and requests it makes and what it changes; it never
makes more requests than --budget. --dry-run says that and ends. --read-only
leaves out what changes state.

The report goes to standard output in --format, and to each file of --out in
the format that its name ends with: .txt, .json, .xml (JUnit), .md, .html.

Exit codes: 0 nothing failed, 1 a check failed, 2 something could not be
decided, or misuse.`,
		Example: `  ssolab check
  ssolab check --only TOKEN,DISC-002 --all
  ssolab check --out report.html --out junit.xml
  ssolab check --target staging.yaml --dry-run
  ssolab check --target staging.yaml --read-only --rate 2
  ssolab check --list --level must`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), io, o) },
	}
	f := cmd.Flags()
	o.tlsOptions.addFlags(cmd, 0)
	o.browserOptions.addFlags(cmd)
	f.StringArrayVar(&o.quirks, "quirk", nil, "a lab of its own with this quirk on or off,\nas `ID=on|off`, or with strict-oidc:\nno departure from a standard (repeatable)")
	f.StringVar(&o.target, "target", "", "target `FILE` of another deployment")
	f.StringVar(&o.email, "email", "", "the person's `EMAIL`, instead of the target's\n(of a lab: john@example.com)")
	f.StringVar(&o.format, "format", "text", "`FORM` on standard output: text, json,\njunit, markdown or html")
	f.StringArrayVar(&o.outs, "out", nil, "write the report to `FILE` too (repeatable)")
	f.StringSliceVar(&o.only, "only", nil, "run only these `IDS` and groups")
	f.StringSliceVar(&o.skip, "skip", nil, "leave out these `IDS` and groups")
	f.StringVar(&o.level, "level", "info", "`LEVEL` from which on checks run: must,\nshould or info")
	f.BoolVar(&o.readOnly, "read-only", false, "leave out checks that change state")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	f.BoolVar(&o.list, "list", false, "list the checks")
	f.BoolVar(&o.all, "all", false, "show the checks that passed, too")
	f.Float64Var(&o.rate, "rate", 0, "at most `N` requests per second")
	f.IntVar(&o.budget, "budget", 0, "at most `N` requests in the run (default with\n--target: twice what a lab needs)")
	_ = cmd.MarkFlagFilename("target", "yaml", "yml")
	fixed := func(flag string, values ...string) {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	fixed("format", formatNames()...)
	fixed("level", "must", "should", "info")
	fixed("only", checkNames()...)
	fixed("skip", checkNames()...)
	return cmd
}

func runCheck(ctx context.Context, io streams, o checkOptions) error {
	list, err := o.selected()
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	if o.list {
		return writeOut(io, listed(list))
	}
	if o.target != "" {
		return o.runTarget(ctx, io, list)
	}
	return o.runLab(ctx, io, list)
}

// runTarget tests what a file describes.
func (o checkOptions) runTarget(ctx context.Context, io streams, list []conformance.Check) error {
	target, err := conformance.ReadTarget(o.target)
	if err != nil {
		return badFile(o.target, err)
	}
	if target.Email = cmp.Or(o.email, target.Email); o.email != "" {
		if err := target.Validate(); err != nil {
			return misuse("", "%v", err)
		}
	}
	needs, err := rehearse(ctx, list, target, o.readOnly)
	if err != nil {
		return err
	}
	o.budget = cmp.Or(o.budget, 2*needs.Requests+20)
	plan := needs.text(target, o.budget)
	if o.dryRun {
		return writeOut(io, plan+"\n"+listed(needs.run(list)))
	}
	_, _ = fmt.Fprint(io.Err, plan)
	hc, err := target.HTTPClient(hopTimeout)
	if err != nil {
		return misuse("", "%v", err)
	}
	defer hc.CloseIdleConnections()
	if err := reach(ctx, hc, target); err != nil {
		return err
	}
	return o.test(ctx, io, list, nil, conformance.Options{Target: target, Client: hc, Deviations: checks.Deviations()})
}

// runLab tests the running lab, or one of its own.
func (o checkOptions) runLab(ctx context.Context, io streams, list []conformance.Check) error {
	if o.dryRun {
		return writeOut(io, "A lab is tested: its sign-ins, clock and faults are used, and put back.\n\n"+listed(list))
	}
	like := ssolab.Config{}
	if !o.given("tls") && !o.given("names") {
		like.Names = ssolab.NamesLocalhost
	}
	var err error
	if like.Quirks, err = withQuirks(nil, o.quirks); err != nil {
		return err
	}
	lab, stop, err := findOrStart(ctx, io, &o.tlsOptions, like, "this run")
	if err != nil {
		return err
	}
	defer stop()
	target, err := labcontrol.Target(ctx, lab.Client, o.email)
	if err != nil {
		return misuse("", "the lab at %s cannot be tested: %v", lab.url, err)
	}
	hc, err := lab.browser(ctx, target)
	if err != nil {
		return err
	}
	defer hc.CloseIdleConnections()
	now, err := labcontrol.Clock(ctx, lab.Client)
	if err != nil {
		return misuse("", "%v", err)
	}
	quirks, err := lab.Quirks(ctx)
	if err != nil {
		return misuse("", "%v", err)
	}
	var off []string
	for _, q := range quirks {
		if !q.On {
			off = append(off, q.ID)
		}
	}
	network, err := lab.Network(ctx)
	if err != nil {
		return misuse("", "%v", err)
	}
	return o.test(ctx, io, list, []byte(network.CA), conformance.Options{
		Target: target, Client: hc, Control: labcontrol.New(lab.Client), Now: now, Deviations: checks.Deviations(), QuirksOff: off,
	})
}

// test runs the checks, writes the reports and gives the exit code.
func (o checkOptions) test(ctx context.Context, io streams, list []conformance.Check, ca []byte, options conformance.Options) error {
	driver, stop, err := o.drivers(io, options.Target, ca, options.Now)
	if err != nil {
		return err
	}
	defer stop()
	options.Driver = driver
	bar := progressOn(io.Err)
	options.ReadOnly, options.Budget, options.Rate = o.readOnly, o.budget, o.rate
	options.Version = version().Version
	options.Progress = func(done, total int, r conformance.Result) {
		bar.show(fmt.Sprintf("%d/%d %s %s", done, total, r.ID, r.Variant))
	}
	bar.show(fmt.Sprintf("0/%d", len(list)))
	r, err := conformance.Run(ctx, list, options)
	bar.clear()
	if err != nil {
		return misuse("", "the run did not end: %v", err)
	}
	if err := o.keep(io, r); err != nil {
		return err
	}
	if err := o.write(io, r); err != nil {
		return err
	}
	switch code := r.Summary.ExitCode(); {
	case code == exitFailed:
		return &exitError{Code: code, Message: "failed: " + strings.Join(ids(r, conformance.Fail), ", "), Hint: `"ssolab explain ID" has the whole text of a check`}
	case code != 0:
		return &exitError{Code: code, Message: "could not be decided: " + strings.Join(ids(r, conformance.Errored), ", ")}
	}
	return nil
}

func ids(r *conformance.Report, v conformance.Verdict) []string {
	var out []string
	for _, res := range r.Results {
		if res.Verdict == v && !slices.Contains(out, res.ID) {
			out = append(out, res.ID)
		}
	}
	return out
}

// write writes the report to standard output and to the files.
func (o checkOptions) write(io streams, r *conformance.Report) error {
	for _, file := range o.outs {
		format, _ := report.FormatOf(file)
		var b bytes.Buffer
		if err := report.Write(&b, format, r); err != nil {
			return misuse("", "write %s: %v", file, err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			return misuse("", "write the report: %v", err)
		}
	}
	var err error
	if f := report.Format(o.format); f == report.FormatText {
		width, _ := strconv.Atoi(io.Getenv("COLUMNS"))
		err = report.Text(io.Out, r, report.TextOptions{Width: width, Color: paletteFor(io.Out, io.Getenv).on, All: o.all})
	} else {
		err = report.Write(io.Out, f, r)
	}
	if err != nil {
		return misuse("", "write: %v", err)
	}
	return nil
}

func writeOut(io streams, text string) error {
	if _, err := fmt.Fprint(io.Out, text); err != nil {
		return misuse("", "write: %v", err)
	}
	return nil
}

// validate finds what is wrong with the flags before anything is asked for.
func (o checkOptions) validate() error {
	switch {
	case o.email != "" && !strings.Contains(strings.Trim(o.email, "@"), "@"):
		return misuse("", "--email %q must have the form name@domain", o.email)
	case o.rate < 0 || o.budget < 0:
		return misuse("", "--rate and --budget must not be negative")
	case o.target != "" && (o.anyGiven() || len(o.quirks) > 0):
		return misuse("", "--target is another deployment; --%s are for labs", strings.Join(append(slices.Clone(lookFlags), "quirk"), ", --"))
	}
	return checkFormats(o.format, o.outs)
}

// formatNames are the formats of reports.
func formatNames() []string {
	var out []string
	for _, f := range report.Formats() {
		out = append(out, string(f))
	}
	return out
}

// checkFormats finds what is wrong with --format and --out.
func checkFormats(format string, outs []string) error {
	if !slices.Contains(report.Formats(), report.Format(format)) {
		return misuse("", "--format %q must be text, json, junit, markdown or html", format)
	}
	for _, file := range outs {
		if _, ok := report.FormatOf(file); !ok {
			return misuse("", "--out %q must end with .txt, .json, .xml (JUnit), .md or .html", file)
		}
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return misuse("", "--out %q: there is no folder %s", file, filepath.Dir(file))
		}
	}
	return nil
}

// selected are the checks that --only, --skip and --level leave.
func (o checkOptions) selected() ([]conformance.Check, error) {
	ranks := map[string]int{"must": 0, "should": 1, "info": 2}
	most, ok := ranks[strings.ToLower(o.level)]
	if !ok {
		return nil, misuse("", "--level %q must be must, should or info", o.level)
	}
	known := checkNames()
	for flag, names := range map[string][]string{"only": o.only, "skip": o.skip} {
		for _, name := range names {
			if !slices.Contains(known, strings.ToUpper(strings.TrimSpace(name))) {
				return nil, misuse(didYouMean(closest(name, known)), "--%s %q is no check and no group", flag, name)
			}
		}
	}
	var out []conformance.Check
	for _, c := range checks.All() {
		named := func(names []string) bool {
			return slices.ContainsFunc(names, func(n string) bool {
				n = strings.ToUpper(strings.TrimSpace(n))
				return n == c.ID || n == c.Group()
			})
		}
		if (len(o.only) == 0 || named(o.only)) && !named(o.skip) && ranks[strings.ToLower(string(c.Level))] <= most {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, misuse(`"ssolab check --list" shows all`, "--only, --skip and --level leave no check")
	}
	return out, nil
}

// checkNames are the ids and the groups, in the order of the checks.
func checkNames() []string {
	var groups, out []string
	for _, c := range checks.All() {
		if !slices.Contains(groups, c.Group()) {
			groups = append(groups, c.Group())
		}
		if !slices.Contains(out, c.ID) {
			out = append(out, c.ID)
		}
	}
	return append(groups, out...)
}

// listed writes checks a line each.
func listed(list []conformance.Check) string {
	width := 0
	for _, c := range list {
		width = max(width, len(strings.TrimSpace(c.ID+" "+c.Variant)))
	}
	var b strings.Builder
	for _, c := range list {
		writes := ""
		if slices.Contains(c.Needs, conformance.NeedWrite) {
			writes = " (changes state)"
		}
		fmt.Fprintf(&b, "%s  %-6s  %s%s\n", pad(strings.TrimSpace(c.ID+" "+c.Variant), width), c.Level, c.Title, writes)
	}
	fmt.Fprintf(&b, "%d checks\n", len(list))
	return b.String()
}

// rehearsal is what a run costs, counted on a lab of its own.
type rehearsal struct {
	Requests, SignIns int
	skipped           map[string]bool // by id and variant
	writes            []conformance.Check
}

// rehearse runs the checks against a lab that offers what the target does, and counts. Nothing is sent to the target.
func rehearse(ctx context.Context, list []conformance.Check, real *conformance.Target, readOnly bool) (rehearsal, error) {
	out := rehearsal{skipped: map[string]bool{}}
	own, err := start(ctx, ssolab.Config{Names: ssolab.NamesLocalhost})
	if err != nil {
		return out, err
	}
	defer func() { _ = own.Close() }()
	lab, err := ask(ctx, own.URLs().Console, false, nil)
	if err != nil {
		return out, misuse("", "the lab just started does not answer: %v", cause(err))
	}
	t, err := labcontrol.Target(ctx, lab.Client, "")
	if err != nil {
		return out, misuse("", "%v", err)
	}
	likeTarget(t, real)
	hc, err := lab.browser(ctx, t)
	if err != nil {
		return out, err
	}
	defer hc.CloseIdleConnections()
	r, err := conformance.Run(ctx, list, conformance.Options{Target: t, Client: hc, ReadOnly: readOnly})
	if err != nil {
		return out, misuse("", "the rehearsal on a lab did not end: %v", err)
	}
	out.Requests, out.SignIns = r.Requests, r.SignIns
	for i, res := range r.Results {
		if needless := res.Verdict == conformance.Skip && strings.HasPrefix(res.Reason, "needs "); needless {
			out.skipped[res.ID+" "+res.Variant] = true
		} else if slices.Contains(list[i].Needs, conformance.NeedWrite) {
			out.writes = append(out.writes, list[i])
		}
	}
	return out, nil
}

// likeTarget takes from a lab's target what the real one does not have.
func likeTarget(t, real *conformance.Target) {
	t.Kind = real.Kind
	if real.OtherClient.ID == "" {
		t.OtherClient = conformance.Client{}
	}
	if real.UnfederatedClient.ID == "" {
		t.UnfederatedClient = conformance.Client{}
	}
	if real.Client.AccessTokenValidity == 0 {
		t.Client.AccessTokenValidity = 0
	}
	if real.Client.Secret == "" {
		if t.OtherClient.ID == "" {
			t.Client.Secret = "" // stays confidential at the lab: its exchanges fail, and cost no less
		} else {
			t.Client, t.OtherClient = t.OtherClient, t.Client
		}
	}
	if real.Domain == "" {
		t.Domain = ""
	}
	if real.Scalekit.EnvironmentURL == "" {
		t.Scalekit = conformance.Scalekit{}
	}
	if real.Scalekit.ClientID == "" {
		t.Scalekit.ClientID = ""
	}
	if real.Scalekit.ClientSecret == "" {
		t.Scalekit.ClientSecret = ""
	}
	if real.Client.LogoutURI == "" {
		t.Client.LogoutURI = ""
	}
}

func (r rehearsal) run(list []conformance.Check) []conformance.Check {
	return slices.DeleteFunc(slices.Clone(list), func(c conformance.Check) bool { return r.skipped[c.ID+" "+c.Variant] })
}

// text says what a run will do.
func (r rehearsal) text(t *conformance.Target, budget int) string {
	var b strings.Builder
	times := map[int]string{0: "Does not sign in", 1: "Signs in once"}[r.SignIns]
	if times == "" {
		times = fmt.Sprintf("Signs in %d times", r.SignIns)
	}
	fmt.Fprintf(&b, "Target %s\n%s as %s, with about %d requests (counted on a lab), %d at most.\n", t.Issuer, times, t.Email, r.Requests, budget)
	if len(r.skipped) > 0 {
		fmt.Fprintf(&b, "Skipped, since the target does not offer what they need: %d.\n", len(r.skipped))
	}
	if len(r.writes) == 0 {
		b.WriteString("Nothing is changed but the sessions of this person.\n")
		return b.String()
	}
	var names []string
	for _, c := range r.writes {
		names = append(names, c.ID)
	}
	b.WriteString("Changes state (sessions are ended, tokens revoked; --read-only leaves it out):\n")
	b.WriteString(wrap(slices.Compact(names), "  ", " ", screen))
	return b.String()
}

// reach asks the target for a first answer, so that an address that does not answer is one error, not one per check.
func reach(ctx context.Context, hc *http.Client, t *conformance.Target) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(t.Issuer, "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return misuse("", "%v", err)
	}
	resp, err := hc.Do(req)
	if err == nil {
		return resp.Body.Close()
	}
	hint := "is the issuer right, and is the host reachable from here?"
	if text := err.Error(); strings.Contains(text, "x509:") || strings.Contains(text, "tls:") {
		hint = "a certificate of your own CA is trusted with ca_file in the target file"
		if strings.Contains(text, "expired") {
			hint = "renew the certificate, or set the clock of this machine"
		}
	}
	if errors.Is(err, context.Canceled) {
		return misuse("", "interrupted")
	}
	return misuse(hint, "the target cannot be reached: %v", err)
}
