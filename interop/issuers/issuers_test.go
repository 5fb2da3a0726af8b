package issuers

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

var (
	ssolab = flag.String("ssolab", "", "the ssolab `binary`")
	update = flag.Bool("update", false, "write the page, for review")
)

const (
	page     = "../../docs/other-issuers.md"
	callback = "https://app.invalid/callback"
	logout   = "https://app.invalid/"
	secret   = "a-secret-for-this-test"
)

// pair is a certificate for 127.0.0.1 that trusts itself, and its files.
func pair(t *testing.T) (cert tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ssolab interop"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, certFile, keyFile
}

// zitadel serves the example of zitadel/oidc.
func zitadel(t *testing.T) (issuer, ca, steps string) {
	t.Helper()
	cert, certFile, _ := pair(t)
	first, second := storage.WebClient("first", secret, callback), storage.WebClient("second", secret, callback)
	storage.RegisterClients(first, second)
	var handler http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	store := storage.NewStorage(storage.NewUserStore(server.URL))
	handler = exampleop.SetupServer(server.URL, store, slog.New(slog.DiscardHandler), false)
	return server.URL, certFile, `
    - {fill: "input[name=username]", value: test-user2}
    - {fill: "input[name=password]", value: verysecure}`
}

// oidcProvider serves npm oidc-provider.
func oidcProvider(t *testing.T) (issuer, ca, steps string) {
	t.Helper()
	_, certFile, keyFile := pair(t)
	cmd := exec.CommandContext(t.Context(), "node", "issuer.mjs")
	cmd.Dir = "../node"
	cmd.Env = append(os.Environ(), "CERT="+certFile, "KEY="+keyFile, "CALLBACK="+callback, "LOGOUT="+logout, "SECRET="+secret)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start(), "is Node installed, and has npm ci been run in interop/node?")
	t.Cleanup(func() {
		_ = input.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "https://") {
			go func() {
				for lines.Scan() {
				}
			}()
			return lines.Text(), certFile, `
    - {fill: "input[name=password]", value: any}`
		}
	}
	require.Fail(t, "oidc-provider did not start", messages.String())
	return "", "", ""
}

// verdict is what the tester says of a check.
type verdict struct {
	ID, Variant, Title, Level, Basis, Verdict, Reason string
	Findings                                          []struct{ Expected, Observed string }
	Refs                                              []struct{ Doc, Section, Quote, Summary string }
}

// examine runs the tester and returns what it says.
func examine(t *testing.T, issuer, ca, scopes, steps string) []verdict {
	t.Helper()
	target := filepath.Join(t.TempDir(), "target.yaml")
	require.NoError(t, os.WriteFile(target, fmt.Appendf(nil, `kind: openid-provider
issuer: %s
client: {id: first, secret: %s, redirect_uri: %s, scopes: [%s]}
other_client: {id: second, secret: %s, redirect_uri: %s}
email: john@example.com
ca_file: %s
idp:
  steps:%s
`, issuer, secret, callback, scopes, secret, callback, ca, steps), 0o600))
	cmd := exec.CommandContext(t.Context(), *ssolab, "check", "--target", target, "--format", "json")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() > 2) {
		require.NoError(t, err, errs.String())
	}
	require.NotContains(t, out.String(), secret)
	var report struct{ Results []verdict }
	require.NoError(t, json.Unmarshal(out.Bytes(), &report), errs.String())
	return report.Results
}

// issuers are in the order of the page's columns.
var issuers = []struct {
	name, title, scopes string
	start               func(*testing.T) (issuer, ca, steps string)
}{
	{"oidc-provider", "npm `oidc-provider` 9.13.3", "openid, email", oidcProvider},
	{"zitadel", "example server of `zitadel/oidc` 3.52.0", "openid, email, offline_access", zitadel}, // the last brings refresh tokens
}

// TestOtherIssuers holds what the tester says against the page: every check that is about any OpenID provider, and no
// crash, no undecided check.
func TestOtherIssuers(t *testing.T) {
	require.NotEmpty(t, *ssolab, "give the binary: -args -ssolab bin/ssolab")
	var columns [][]verdict
	for _, i := range issuers {
		issuer, ca, steps := i.start(t)
		list := examine(t, issuer, ca, i.scopes, steps)
		for _, v := range list {
			require.NotEqual(t, "error", v.Verdict, "%s %s: %s", i.name, v.ID, v.Reason)
		}
		columns = append(columns, list)
	}
	got := write(columns)
	if *update {
		require.NoError(t, os.WriteFile(page, got, 0o644))
	}
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "review the difference, then: make interop UPDATE=1")
}

// write makes the page.
func write(columns [][]verdict) []byte {
	var b bytes.Buffer
	b.WriteString("<!-- Generated by make interop UPDATE=1. -->\n\n# Other OpenID providers\n\n")
	b.WriteString("What `ssolab check` says of OpenID providers that share no code with the lab, as they are installed, by a target file with\n" +
		"`kind: openid-provider`. Checks of what a vendor documents are left out, and checks that need a lab or Scalekit. `make interop` runs\n" +
		"them and compares: a check that finds fault with them is either right, or wrong about the standard, and both are worth knowing.\n\n")
	b.WriteString("| check | requirement |")
	for _, i := range issuers {
		b.WriteString(" " + i.title + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(issuers)) + "\n")
	for row, v := range columns[0] {
		if !slices.ContainsFunc(columns, func(list []verdict) bool { return applies(list[row]) }) {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s (%s) |", v.ID, cell(v.Title), v.Level)
		for _, list := range columns {
			b.WriteString(" " + cell(list[row].says()) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## What the findings rest on\n\n")
	for row, v := range columns[0] {
		if !slices.ContainsFunc(columns, func(list []verdict) bool { return list[row].Verdict == "fail" || list[row].Verdict == "warn" }) {
			continue
		}
		fmt.Fprintf(&b, "* %s:", v.ID)
		for _, r := range v.Refs {
			says := ""
			switch {
			case r.Quote != "":
				says = ", “" + r.Quote + "”"
			case r.Summary != "":
				says = ", in short, " + r.Summary
			}
			b.WriteString(strings.TrimRight(" "+r.Doc+" "+r.Section, " ") + says + ";")
		}
		b.Truncate(b.Len() - 1)
		b.WriteString("\n")
	}
	return b.Bytes()
}

// applies tells whether the check looked at the issuer, or would have if a step before it had worked.
func applies(v verdict) bool {
	return v.Verdict != "skip" || !strings.HasPrefix(v.Reason, "needs ") && !strings.HasPrefix(v.Reason, "it ") && !strings.HasPrefix(v.Reason, "the target file names")
}

var variable = regexp.MustCompile(`https://127\.0\.0\.1:\d+|/interaction/[\w-]+`)

// says is the verdict and why, without what differs from run to run.
func (v verdict) says() string {
	var why []string
	for _, f := range v.Findings {
		why = append(why, f.Observed+" (expected: "+f.Expected+")")
	}
	if len(why) == 0 && v.Reason != "" {
		why = []string{v.Reason}
	}
	text := variable.ReplaceAllStringFunc(strings.Join(why, "; "), func(s string) string {
		if strings.HasPrefix(s, "https") {
			return "<issuer>"
		}
		return "/interaction/…"
	})
	if text == "" {
		return v.Verdict
	}
	return "**" + v.Verdict + "**: " + text
}

func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(s)
}
