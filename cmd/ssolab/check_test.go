package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/conformance/report"
)

// checkTarget writes a target file of a lab. An issuer replaces the lab's, more is added at the end.
func checkTarget(t *testing.T, lab *ssolab.Lab, issuer, more string) string {
	t.Helper()
	u := lab.URLs()
	if issuer == "" {
		issuer = u.Issuer
	}
	file := filepath.Join(t.TempDir(), "target.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `issuer: %s
domain: %s
client:
  id: %s
  secret: %s
  redirect_uri: http://localhost:3000/auth/callback
  scopes: [openid, email]
provider: {identity_provider: ScalekitIdPRouter}
scalekit: {environment_url: %s}
email: john@example.com
%s`, issuer, u.Domain, lab.Variable("COGNITO_CLIENT_ID"), lab.Variable("COGNITO_CLIENT_SECRET"), u.Scalekit, more), 0o600))
	return file
}

func TestCheckStartsALab(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "check", "--only", "disc")
	require.Zero(t, r.code, r.out+r.err)
	require.Regexp(t, `^no lab answers at http://127\.0\.0\.1:\d+: started one on free ports for this run\n$`, r.err)
	require.Regexp(t, `issuer +https://cognito-idp\.us-east-1\.localhost:\d+/us-east-1_SsoLab001\n`, r.out)
	require.Regexp(t, `\n✓ \d+ checks: 1 known deviation, \d+ passed\n`, r.out)
	require.NotContains(t, r.out, "DISC-001")
	all := cli(t, nil, "check", "--only", "DISC-001,DISC-002", "--all", "--skip", "DISC-002", "--tls")
	require.Zero(t, all.code, all.out+all.err)
	require.Contains(t, all.out, "✓ PASS       DISC-001 scalekit ")
	require.NotContains(t, all.out, "DISC-002")
	require.Regexp(t, `issuer +https://localhost:\d+/`, all.out)
}

// Every check, on a running lab of each kind: nothing that is not listed.
func TestCheckARunningLab(t *testing.T) {
	t.Parallel()
	for name, names := range map[string]string{"ports": "", "names": ssolab.NamesLocalhost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = names })
			r := cli(t, at(lab), "check", "--format", "json")
			require.Zero(t, r.code, r.err)
			require.Empty(t, r.err)
			var got conformance.Report
			require.NoError(t, json.Unmarshal([]byte(r.out), &got))
			require.Equal(t, []any{"lab", lab.URLs().Issuer, len(checks.All())}, []any{got.Target.Kind, got.Target.Issuer, got.Summary.Total})
			for _, res := range got.Results {
				if res.ID == "SEC-003" { // a browser heeds HSTS for no host of these
					require.Equal(t, conformance.Skip, res.Verdict)
					continue
				}
				unexpected := []conformance.Verdict{conformance.Fail, conformance.Errored, conformance.Warn, conformance.Skip}
				require.NotContains(t, unexpected, res.Verdict, "%s %s: %s", res.ID, res.Variant, res.Message())
			}
		})
	}
}

func TestCheckThatFails(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		c.Faults = []ssolab.FaultRule{{Fault: "disc.issuer_other", At: "cognito.discovery.document"}}
	})
	dir := t.TempDir()
	args := []string{"check", "--only", "DISC-002"}
	for _, name := range []string{"r.txt", "r.json", "r.xml", "r.md", "r.html"} {
		args = append(args, "--out", filepath.Join(dir, name))
	}
	r := cli(t, at(lab), args...)
	require.Equal(t, exitFailed, r.code)
	require.Equal(t, "ssolab: failed: DISC-002\nhint: \"ssolab explain ID\" has the whole text of a check\n", r.err)
	require.Contains(t, r.out, "✕ FAIL       DISC-002 cognito ")
	for _, want := range []string{"requirement  MUST by OpenID Connect Discovery 1.0 4.3", "expected ", "observed ", "issuer.invalid", "fix "} {
		require.Contains(t, r.out, want)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return b
	}
	require.True(t, json.Valid(read("r.json")))
	require.NoError(t, xml.Unmarshal(read("r.xml"), new(any)))
	require.Contains(t, string(read("r.xml")), `<failure type="MUST"`)
	require.Contains(t, string(read("r.md")), "### ✕ ssolab check: 1 failed, 1 passed")
	require.Contains(t, string(read("r.html")), `id="DISC-002-cognito"`)
	require.Contains(t, string(read("r.txt")), "✓ PASS       DISC-002 scalekit")
}

func TestCheckATarget(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	file := checkTarget(t, lab, "", "")
	r := cli(t, nil, "check", "--target", file, "--only", "DISC,TOKEN-001", "--format", "json")
	require.NotEqual(t, exitMisuse, r.code, r.err)
	require.Regexp(t, `(?m)^Signs in once as john@example\.com, with about \d+ requests \(counted on a lab\), \d+ at most\.$`, r.err)
	var got conformance.Report
	require.NoError(t, json.Unmarshal([]byte(r.out), &got))
	require.Equal(t, "real", got.Target.Kind)
	require.NotContains(t, r.out, lab.Variable("COGNITO_CLIENT_SECRET"))
	require.Zero(t, got.Summary.Error)

	over := cli(t, nil, "check", "--target", file, "--only", "DISC", "--budget", "1")
	require.Equal(t, exitMisuse, over.code)
	require.Contains(t, over.out, "the request budget of this run is used up")
	require.Contains(t, over.err, "ssolab: could not be decided: DISC-")
}

// A dry run asks the target for nothing: there is none.
func TestCheckDryRun(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	file := checkTarget(t, lab, nowhere(t)+"/us-east-1_X", "")
	r := cli(t, nil, "check", "--target", file, "--dry-run")
	require.Zero(t, r.code, r.err)
	require.Regexp(t, `^Target http://127\.0\.0\.1:\d+/us-east-1_X\nSigns in \d+ times as `, r.out)
	require.Contains(t, r.out, "Skipped, since the target does not offer what they need: ")
	require.Contains(t, r.out, "DISC-001 cognito")
	quiet := cli(t, nil, "check", "--target", file, "--dry-run", "--read-only")
	require.Zero(t, quiet.code, quiet.err)
	require.Contains(t, quiet.out, "Nothing is changed but the sessions of this person.")
	require.NotContains(t, quiet.out, "(changes state)")
	require.Contains(t, cli(t, at(lab), "check", "--dry-run").out, "A lab is tested")
}

func TestCheckThatCannotBeDecided(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	r := cli(t, nil, "check", "--only", "DISC", "--target", checkTarget(t, lab, nowhere(t)+"/us-east-1_X", ""))
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "ssolab: the target cannot be reached: ")
	require.Contains(t, r.err, "connection refused\nhint: is the issuer right")
	require.Empty(t, r.out)

	url, ca := expired(t)
	r = cli(t, nil, "check", "--only", "DISC", "--target", checkTarget(t, lab, url+"/us-east-1_X", "ca_file: "+ca+"\n"))
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "certificate has expired")
	require.Contains(t, r.err, "hint: renew the certificate")

	file := filepath.Join(t.TempDir(), "broken.yaml")
	require.NoError(t, os.WriteFile(file, []byte("issuer: here\nclient: {id: x, colour: red}\nemail: 7\n"), 0o600))
	r = cli(t, nil, "check", "--target", file)
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "problems:\n")
	for _, place := range []string{":1:1: ", ":2:17: ", ":3:"} {
		require.Contains(t, r.err, file+place)
	}
}

// expired serves with a certificate of yesterday, and names its file.
func expired(t *testing.T) (url, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "expired"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return server.URL, ca
}

func TestCheckList(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "check", "--list", "--level", "must")
	require.Zero(t, r.code)
	require.Contains(t, r.out, "DISC-001 cognito ")
	require.NotContains(t, r.out, " SHOULD ")
	require.Contains(t, cli(t, nil, "__complete", "check", "--only", "DISC-00").out, "DISC-001\n")
	require.Contains(t, cli(t, nil, "__complete", "check", "--format", "").out, "junit\n")
}

func TestCheckMisuse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--only DISC-0002":                  `--only "DISC-0002" is no check and no group` + "\nhint: did you mean DISC-002",
		"--skip NOPE":                       `--skip "NOPE" is no check and no group`,
		"--only DISC --skip disc":           "leave no check",
		"--level may":                       "must be must, should or info",
		"--format pdf":                      "must be text, json, junit, markdown or html",
		"--out report.pdf":                  "must end with .txt, .json, .xml (JUnit), .md or .html",
		"--out none/report.html":            "there is no folder none",
		"--email john":                      "must have the form name@domain",
		"--rate -1":                         "must not be negative",
		"--target testdata/none.yaml":       "none.yaml: no such file",
		"--target t.yaml --names localhost": "--target is another deployment",
		"extra":                             `unknown command "extra"`,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			r := cli(t, nil, append([]string{"check"}, strings.Fields(args)...)...)
			require.Equal(t, exitMisuse, r.code)
			require.Empty(t, r.out)
			require.Contains(t, r.err, want)
		})
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for what, want := range map[string][]string{
		"disc-002":                              {"DISC-002 cognito  ", "DISC-002 scalekit  ", "requirement   MUST by OpenID Connect Discovery", "red for       disc.issuer_other at cognito.discovery.document", "fix "},
		"DISC":                                  {"discovery and keys", "DISC-015 scalekit"},
		"disc.issuer_other":                     {"a fault", "found by      DISC-002 cognito", "POST /api/v1/faults"},
		"unrequested-nonce":                     {"a quirk of Cognito, on by default", "171 characters", "--quirk unrequested-nonce=on|off"},
		"DISC-018":                              {"deviation     Cognito supports S256 without advertising it"},
		"redirect_mismatch":                     {"compared byte for", "sources "},
		"https://x/error?error=Invalid%20state": {"Invalid state  an error of Cognito"},
		"attributes+required%3A+%5Bemail%5D":    {"attributes required"},
		"user.email: Attribute cannot be updated.":              {"immutable"},
		"Login option is not available. Please try":             {"case-sensitive"},
		"Bad id_token issuer https://x.scalekit.com":            {"oidc_issuer"},
		"error=invalid_request&error_description=invalid_scope": {"not ticked for the app"},
		"invalid_client_secret":                                 {"confidential app client"},
		"invalid_redirect":                                      {"redirect_uri is not that of the authorization request"},
		"nonce mismatch":                                        {"unrequested-nonce"},
		"domain_not_found":                                      {"Domains match exactly"},
		"invalid_grant":                                         {"StrictMode"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := cli(t, nil, "explain", what)
			require.Zero(t, r.code, r.err)
			for _, text := range want {
				require.Contains(t, r.out, text)
			}
			for line := range strings.Lines(r.out) {
				if strings.HasPrefix(line, " ") && !strings.Contains(line, "://") {
					require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), screen, line)
				}
			}
		})
	}
	r := cli(t, nil, "explain", "unrequested-nonse")
	require.Equal(t, result{code: exitMisuse, err: "ssolab: nothing is known of \"unrequested-nonse\"\nhint: did you mean unrequested-nonce?\n"}, r)
	require.Equal(t, exitMisuse, cli(t, nil, "explain", "zzzzzzzzzzzzzzzzzz").code)
	require.Equal(t, exitMisuse, cli(t, nil, "explain").code)
	require.Contains(t, cli(t, nil, "__complete", "explain", "DISC-00").out, "DISC-001\n")
}

// Whatever has a name has a text, and every fault that a check names exists.
func TestExplainKnowsAll(t *testing.T) {
	t.Parallel()
	e, err := newExplainer(palette{})
	require.NoError(t, err)
	names := e.names()
	for _, name := range names {
		require.NotEmpty(t, e.explain(name), name)
	}
	for _, c := range checks.All() {
		require.NotEmpty(t, report.GroupTitle(c.Group()), c.ID)
		for _, f := range c.Faults {
			require.True(t, slices.Contains(names, f.ID), "%s names the fault %s, which does not exist", c.ID, f.ID)
		}
	}
	for _, w := range wildErrors() {
		require.NotEmpty(t, w.Says, w.Cause)
		for _, text := range append([]string{w.From, w.Seen, w.Cause, w.Cure}, w.Sources...) {
			require.NotEmpty(t, text, w.Says[0])
		}
		require.NotEmpty(t, w.Sources, w.Says[0])
	}
}

// With a browser the verdicts are those of plain HTTP; what a failed sign-in looked like is kept, without secrets.
func TestCheckWithABrowser(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost })
	only := "AUTHZ-001,AUTHZ-024,TOKEN-001,SEC-002,SEC-015,SEC-024,LOGOUT-001,FED-013"
	verdicts := func(more ...string) map[string]conformance.Verdict {
		r := cli(t, at(lab), append([]string{"check", "--only", only, "--format", "json"}, more...)...)
		require.Zero(t, r.code, r.err+r.out)
		var got conformance.Report
		require.NoError(t, json.Unmarshal([]byte(r.out), &got))
		out := map[string]conformance.Verdict{}
		for _, res := range got.Results {
			out[res.ID+" "+res.Variant] = res.Verdict
		}
		return out
	}
	require.Equal(t, verdicts(), verdicts("--browser"))

	_, err := lab.AddFault(ssolab.FaultRule{Fault: "route.status", At: "idp.login"})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "evidence")
	r := cli(t, at(lab), "check", "--only", "AUTHZ-001,TOKEN-001", "--browser", "--evidence", dir)
	require.Equal(t, exitFailed, r.code, r.err+r.out)
	require.Contains(t, r.err, "evidence of AUTHZ-001: "+filepath.Join(dir, "AUTHZ-001"))
	require.Contains(t, strings.Join(strings.Fields(r.out), " "), "screenshot, page and requests are in")
	for _, name := range []string{"screenshot.png", "page.html", "console.log", "requests.har"} {
		content, err := os.ReadFile(filepath.Join(dir, "AUTHZ-001", name))
		require.NoError(t, err)
		require.NotEmpty(t, content)
		require.NotContains(t, string(content), lab.Variable("COGNITO_CLIENT_SECRET"))
	}
	require.NoDirExists(t, filepath.Join(dir, "TOKEN-001"), "a skipped check has no evidence of its own")
}
