package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// tlsLab starts a lab with a CA on disk.
func tlsLab(t *testing.T, edit func(*ssolab.Config)) (*ssolab.Lab, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ca")
	return ssolab.Run(t, func(c *ssolab.Config) {
		c.CADir = dir
		edit(c)
	}), dir
}

// The console of a lab with --tls speaks https. A command that knows its CA finds it, also when it is told http.
func TestCommandsFindALabWithTLS(t *testing.T) {
	t.Parallel()
	lab, dir := tlsLab(t, func(c *ssolab.Config) { c.TLS = true })
	console := lab.URLs().Console
	require.True(t, strings.HasPrefix(console, "https://"))
	for name, env := range map[string]map[string]string{
		"file":      {consoleVariable: console, caVariable: filepath.Join(dir, "ca.pem")},
		"directory": {consoleVariable: console, "SSOLAB_CA_DIR": dir},
		"as http":   {consoleVariable: "http" + strings.TrimPrefix(console, "https"), "SSOLAB_CA_DIR": dir},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := cli(t, env, "health")
			require.Zero(t, r.code, r.err)
			require.Contains(t, r.out, " at "+console+"\n")
			require.Contains(t, cli(t, env, "env").out, "COGNITO_ISSUER="+lab.URLs().Issuer+"\n")
			r = cli(t, env, "login", "--email", "john@example.com", "--json")
			require.Zero(t, r.code, r.err)
			require.JSONEq(t, wantJohn, string(loginJSON(t, r).UserInfo))
		})
	}
	for _, at := range []string{console, "http" + strings.TrimPrefix(console, "https")} {
		r := cli(t, map[string]string{consoleVariable: at, "SSOLAB_CA_DIR": t.TempDir()}, "login", "--email", "john@example.com")
		require.Equal(t, exitMisuse, r.code)
		require.Contains(t, r.err, "has a certificate of a CA that is not known here")
		require.Contains(t, r.err, "hint: SSOLAB_CA_FILE names its certificate")
	}
	r := cli(t, map[string]string{consoleVariable: console, caVariable: "testdata/none"}, "health")
	require.Contains(t, r.err, "no such file")
}

// login needs neither a hosts entry nor a variable: the console says where the names are and whom to trust.
func TestLoginFindsNames(t *testing.T) {
	t.Parallel()
	for _, names := range []string{ssolab.NamesLocalhost, ssolab.NamesVendor} {
		lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = names })
		r := cli(t, map[string]string{consoleVariable: lab.URLs().Console, "SSOLAB_CA_DIR": t.TempDir()}, "login", "--email", "john@example.com", "--json")
		require.Zero(t, r.code, r.err)
		report := loginJSON(t, r)
		require.JSONEq(t, wantJohn, string(report.UserInfo))
		require.Equal(t, lab.URLs().Issuer, report.Issuer)
	}
}

func TestLoginStartsALabAsAskedFor(t *testing.T) {
	t.Parallel()
	running := ssolab.Run(t)
	for _, flags := range []string{"--tls", "--names vendor --scalekit-environment acme --crypto-rsa"} {
		env := at(running)
		env["SSOLAB_CA_DIR"] = filepath.Join(t.TempDir(), "none")
		r := cli(t, env, append([]string{"login", "--email", "john@example.com", "--json"}, strings.Fields(flags)...)...)
		require.Zero(t, r.code, r.err)
		require.Contains(t, r.err, "started one on free ports")
		require.True(t, strings.HasPrefix(loginJSON(t, r).Issuer, "https://"))
		require.Equal(t, strings.Contains(flags, "acme"), strings.Contains(r.out, "https://acme.scalekit.dev:"))
		require.NoDirExists(t, env["SSOLAB_CA_DIR"], "the CA of a lab for one sign-in is in memory")
	}
}

func TestUpTableOfALabWithNames(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*ssolab.Config){
		"tls":       func(c *ssolab.Config) { c.TLS = true },
		"localhost": func(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost },
		"vendor":    func(c *ssolab.Config) { c.Names, c.ScalekitEnvironment = ssolab.NamesVendor, "acme" },
	} {
		lab, dir := tlsLab(t, edit)
		own := upTable(lab, palette{}, func(string) string { return "" })
		usual := upTable(lab, palette{}, func(name string) string { return map[string]string{"SSOLAB_CA_DIR": dir}[name] })
		require.Contains(t, own, "ca env --format shell --ca-dir "+dir)
		require.NotContains(t, usual, "--ca-dir")
		require.Contains(t, usual, lab.URLs().Scalekit)
		require.Contains(t, usual, lab.URLs().Domain)
		require.Equal(t, name != "tls", strings.Contains(usual, "ssolab hosts add"))
		require.Equal(t, name == "tls", strings.Contains(own, "export SSOLAB_CA_FILE="+dir))
		for line := range strings.Lines(strings.ReplaceAll(usual, dir, "/home/someone/.config/ssolab/ca")) {
			if !strings.HasPrefix(line, "  COGNITO_") { // a variable is one line, to be copied
				require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), screen, line)
			}
		}
	}
}

func TestUpTakesFlagsOverTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lab.yaml")
	require.NoError(t, os.WriteFile(file, []byte("listen: {names: vendor, tls_port: 443, port_base: 9500, scalekit_environment: acme}\n"), 0o600))
	parse := func(args ...string) ssolab.Config {
		t.Helper()
		var o upOptions
		o.addFlags(&cobra.Command{Use: "up"}, ssolab.DefaultPortBase, defaultTLSPort)
		require.NoError(t, o.flags.Parse(args))
		cfg, err := o.labConfig(streams{Err: io.Discard, Getenv: func(name string) string { return map[string]string{"SSOLAB_CA_DIR": "/ca"}[name] }})
		require.NoError(t, err)
		return cfg
	}
	look := func(c ssolab.Config) []any {
		return []any{c.TLS, c.Names, c.TLSPort, c.PortBase, c.ScalekitEnvironment, c.CADir, c.TwoPrimeKeys}
	}
	require.Equal(t, []any{false, "", 9443, 9400, "", "/ca", false}, look(parse()))
	require.Equal(t, []any{true, "", 9443, 9400, "", "/ca", true}, look(parse("--tls", "--crypto-rsa")))
	require.Equal(t, []any{false, "vendor", 9443, 9400, "", "/ca", false}, look(parse("--names", "vendor")))
	require.Equal(t, []any{false, "vendor", 443, 9500, "acme", "/ca", false}, look(parse("--config", file)))
	require.Equal(t, []any{false, "localhost", 0, 0, "x", "/own", false},
		look(parse("--config", file, "--names", "localhost", "--tls-port", "0", "--port-base", "0", "--scalekit-environment", "x", "--ca-dir", "/own")))
}

func TestRunGivesTheCA(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ca")
	r := cli(t, nil, "run", "--tls", "--ca-dir", dir, "--", "sh", "-c", `echo "$NODE_EXTRA_CA_CERTS $SSL_CERT_FILE"; head -1 "$SSL_CERT_FILE"`)
	require.Zero(t, r.code, r.err)
	require.Equal(t, dir+"/ca.pem "+dir+"/bundle.pem\n-----BEGIN CERTIFICATE-----\n", r.out)
}

func TestATLSPortThatCannotBeHad(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	r := cli(t, nil, "up", "--names", "localhost", "--port-base", "0", "--tls-port", port, "--ca-dir", t.TempDir())
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "the lab needs port "+port+", which process "+strconv.Itoa(os.Getpid()))
	require.Contains(t, r.err, `hint: "--tls-port 9543" takes another port`)

	err = portTaken(&ssolab.PortError{Party: "TLS port", Addr: "localhost:443", Err: &os.SyscallError{Syscall: "bind", Err: syscall.EACCES}})
	var exit *exitError
	require.ErrorAs(t, err, &exit)
	require.Contains(t, exit.Message, "the lab needs port 443")
	require.Contains(t, exit.Message, "permission denied")
	require.Contains(t, lowPorts("linux", 443), "ip_unprivileged_port_start=443 ")
	require.Contains(t, lowPorts("linux", 443), "sudo setcap cap_net_bind_service=+ep")
	require.NotContains(t, lowPorts("darwin", 443), "setcap")
	require.Contains(t, lowPorts("darwin", 443), "--tls-port 9443")
}

func TestCA(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ca")
	env := map[string]string{"SSOLAB_CA_DIR": dir}
	file := filepath.Join(dir, "ca.pem")
	require.Equal(t, result{out: file + "\n"}, cli(t, env, "ca", "path"))
	first, err := os.ReadFile(file)
	require.NoError(t, err)
	bundle := filepath.Join(dir, "bundle.pem")
	require.Equal(t, "SSOLAB_CA_FILE="+file+"\nNODE_EXTRA_CA_CERTS="+file+"\nSSL_CERT_FILE="+bundle+"\nAWS_CA_BUNDLE="+bundle+"\nREQUESTS_CA_BUNDLE="+bundle+"\nCURL_CA_BUNDLE="+bundle+"\n",
		cli(t, env, "ca", "env").out)
	require.Contains(t, cli(t, env, "ca", "env", "--format", "shell").out, "export NODE_EXTRA_CA_CERTS='"+file+"'\n")
	require.Contains(t, cli(t, env, "ca", "env", "--format", "json").out, "\n  \"NODE_EXTRA_CA_CERTS\": \""+file+"\",\n")
	require.FileExists(t, bundle)

	r := cli(t, env, "ca", "create")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "there is a CA in "+dir+" already\nhint: --force replaces it; then browsers")
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, first, again)
	r = cli(t, env, "ca", "create", "--force")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, "must be told to trust this one")
	again, err = os.ReadFile(file)
	require.NoError(t, err)
	require.NotEqual(t, first, again)
	other := filepath.Join(t.TempDir(), "x")
	require.Regexp(t, `^`+other+`/ca.pem\nvalid until \d{4}-\d\d-\d\d\n$`, cli(t, env, "ca", "create", "--ca-dir", other).out)

	require.NoError(t, os.Truncate(filepath.Join(dir, "ca-key.pem"), 10))
	r = cli(t, env, "ca", "path")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "ssolab ca create --force")
}

const otherLines = "127.0.0.1 localhost\n# a comment\n10.0.0.1\tdb db.test   # ssolab begin is not at the start\n"

func TestHostsBlockAndTheRest(t *testing.T) {
	t.Parallel()
	block, other := hostsBlock([]string{"a.test", "b.test"}), hostsBlock([]string{"c.test"})
	require.Equal(t, "# ssolab begin\n127.0.0.1 a.test\n::1 a.test\n127.0.0.1 b.test\n::1 b.test\n# ssolab end", block)
	for name, text := range map[string]string{
		"usual": otherLines, "empty": "", "no last line end": strings.TrimSuffix(otherLines, "\n"), "windows": strings.ReplaceAll(otherLines, "\n", "\r\n"),
		"empty lines": "\n\n" + otherLines + "\n\n", "one line, no end": "x",
	} {
		with, err := withBlock(text, block)
		require.NoError(t, err, name)
		require.Contains(t, with, block)
		again, err := withBlock(with, block)
		require.NoError(t, err)
		require.Equal(t, with, again)
		replaced, err := withBlock(with, other)
		require.NoError(t, err)
		require.Equal(t, strings.Replace(with, block, other, 1), replaced)
		for _, w := range []string{with, replaced, text} {
			without, err := withoutBlock(w)
			require.NoError(t, err)
			require.Equal(t, text, without, name)
		}
	}
	with, err := withBlock(otherLines, block)
	require.NoError(t, err)
	without, err := withoutBlock(with + "192.0.2.1 later\n")
	require.NoError(t, err)
	require.Equal(t, otherLines+"192.0.2.1 later\n", without)
	for text, want := range map[string]string{
		"# ssolab begin\n127.0.0.1 a\n":                                "without \"# ssolab end\" after it",
		"a\n# ssolab end\n":                                            "line 2 has \"# ssolab end\" without",
		"# ssolab begin\n# ssolab begin\n# ssolab end\n":               "line 2 begins a second block",
		"# ssolab begin\n# ssolab end\n# ssolab begin\n# ssolab end\n": "line 3 begins a second block",
		"# ssolab begin\n# ssolab end\n127.0.0.1 a\n# ssolab end\n":    "line 4 has",
	} {
		_, err := withBlock(text, block)
		require.ErrorContains(t, err, want)
		_, err = withoutBlock(text)
		require.ErrorContains(t, err, want)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = ssolab.NamesVendor })
	file := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(file, []byte(otherLines), 0o664))
	require.NoError(t, os.Chmod(file, 0o664))
	printed := cli(t, at(lab), "hosts", "print")
	require.Zero(t, printed.code, printed.err)
	for _, host := range []string{"cognito-idp.us-east-1.amazonaws.com", "ssolab.auth.us-east-1.amazoncognito.com", "ssolab.scalekit.dev", "oidc.scalekit.dev", "app.localhost"} {
		require.Contains(t, printed.out, "\n127.0.0.1 "+host+"\n::1 "+host+"\n")
	}
	require.Equal(t, printed, cli(t, nil, "hosts", "print", "--names", "vendor"), "the same without a running lab")

	added := cli(t, at(lab), "hosts", "add", "--file", file)
	require.Zero(t, added.code, added.err)
	require.Contains(t, added.out, "names are in "+file)
	require.Contains(t, added.out, "the real services of these names cannot be reached")
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, otherLines+printed.out, string(content))
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o664), info.Mode().Perm())
	require.Contains(t, cli(t, at(lab), "hosts", "add", "--file", file).out, "already")
	r := cli(t, nil, "hosts", "add", "--file", file, "--names", "localhost")
	require.Zero(t, r.code, r.err)
	require.NotContains(t, r.out, "real services")
	require.Contains(t, cli(t, nil, "hosts", "remove", "--file", file).out, "are out of "+file)
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, otherLines, string(content))
	require.Contains(t, cli(t, nil, "hosts", "remove", "--file", file).out, "has no block of ssolab")

	half := otherLines + "# ssolab begin\n127.0.0.1 a.test\n"
	require.NoError(t, os.WriteFile(file, []byte(half), 0o600))
	for _, verb := range [][]string{{"add", "--names", "vendor"}, {"remove"}} {
		r := cli(t, nil, append(append([]string{"hosts"}, verb...), "--file", file)...)
		require.Equal(t, exitMisuse, r.code)
		require.Contains(t, r.err, "nothing was changed\nhint: put these lines right by hand")
	}
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, half, string(content))

	plain := ssolab.Run(t)
	r = cli(t, at(plain), "hosts", "print")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "has no names of its own")
}

func TestHostsOfALabFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lab.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
listen: {names: vendor, scalekit_environment: acme}
user_pools:
  - {id: eu-north-1_6m0O668r5, domain: acme, custom_domains: [auth.acme.test], clients: [{id: c}]}
  - {id: us-west-2_Abc, domain: west, updated_issuer: true, clients: [{id: d}]}
`), 0o600))
	out := cli(t, nil, "hosts", "print", "--config", file).out
	for _, host := range []string{
		"cognito-idp.eu-north-1.amazonaws.com", "acme.auth.eu-north-1.amazoncognito.com", "auth.acme.test",
		"issuer-cognito-idp.us-west-2.amazonaws.com", "west.auth.us-west-2.amazoncognito.com", "acme.scalekit.dev",
	} {
		require.Contains(t, out, "127.0.0.1 "+host+"\n")
	}
}

func TestHostsFileThatIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "hosts"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(file, []byte(otherLines), 0o644))
	require.NoError(t, os.Symlink(file, link))
	busy := func(string, string) error { return &os.LinkError{Op: "rename", Err: syscall.EBUSY} }
	require.ErrorIs(t, replaceFile(file, "new", busy), syscall.EBUSY)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is left over")
	require.NoError(t, overwrite(file, "short\n"))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "short\n", string(content))

	changed, err := changeFile(link, func(text string) (string, error) { return text + "more\n", nil })
	require.NoError(t, err)
	require.True(t, changed)
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "short\nmore\n", string(content))
	_, err = os.Readlink(link)
	require.NoError(t, err, "a link stays a link")
	failed := errors.New("no")
	_, err = changeFile(file, func(string) (string, error) { return "", failed })
	require.ErrorIs(t, err, failed)
}

func TestHostsWithoutPermission(t *testing.T) {
	t.Parallel()
	o := hostsOptions{file: "/etc/hosts"}
	io := streams{Getenv: func(name string) string { return map[string]string{consoleVariable: "http://localhost:9500"}[name] }}
	err := o.notWritten(io, "add", hostsBlock([]string{"a.test"}), &os.PathError{Op: "open", Path: "/etc/hosts", Err: syscall.EACCES})
	var exit *exitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, exitMisuse, exit.Code)
	require.Equal(t, "/etc/hosts cannot be written: permission denied", exit.Message)
	self, err := os.Executable()
	require.NoError(t, err)
	require.Equal(t, "run: sudo env SSOLAB_CONSOLE_URL=http://localhost:9500 "+self+" hosts add\nor add these lines yourself:\n"+
		"# ssolab begin\n127.0.0.1 a.test\n::1 a.test\n# ssolab end", exit.Hint)
	o = hostsOptions{file: "/my hosts", names: "vendor", config: "lab.yaml"}
	require.Equal(t, "sudo "+self+" hosts add --names vendor --config lab.yaml --file '/my hosts'", o.asRoot(io, "add"))
	require.Equal(t, "sudo "+self+" hosts remove --file '/my hosts'", o.asRoot(io, "remove"))
	require.Equal(t, `C:\Windows`, strings.TrimSuffix(filepath.Dir(hostsFile("windows", func(string) string { return "" })), "/System32/drivers/etc"))
}

func TestUpEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out, w := io.Pipe()
	done := make(chan error, 1)
	o := upOptions{labOptions: labOptions{logFormat: "text", tlsOptions: tlsOptions{names: ssolab.NamesLocalhost, caDir: t.TempDir()}}}
	go func() {
		err := runUp(ctx, streams{Out: w, Err: io.Discard, Getenv: func(string) string { return "" }}, &o)
		_ = w.Close()
		done <- err
	}()
	require.Contains(t, readUntil(t, out, "Ctrl-C."), "https://app.localhost:")
	stop()
	require.NoError(t, <-done)
}
