package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// asCommand makes the test binary behave as ssolab, for the tests that need a process.
const asCommand = "SSOLAB_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// result is what a command line came to.
type result struct {
	code     int
	out, err string
}

// nowhere is an address that nothing listens on: the port is taken, but not served, for the length of the test.
func nowhere(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	return "http://127.0.0.1:" + strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
}

func cli(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := execute(t.Context(), args, streams{
		In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(name string) string { return env[name] }, Console: nowhere(t),
	})
	return result{code, out.String(), errs.String()}
}

func at(l *ssolab.Lab) map[string]string {
	return map[string]string{consoleVariable: l.URLs().Console}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test -update writes it")
	require.Equal(t, string(want), got)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "up", "init", "reload", "env", "run", "login", "check", "explain", "doctor", "health", "ca", "ca path", "ca env", "ca create", "hosts", "hosts print", "hosts add", "hosts remove", "version", "completion"} {
		t.Run("ssolab "+name, func(t *testing.T) {
			t.Parallel()
			args := append(strings.Fields(name), "--help")
			r := cli(t, nil, args...)
			require.Equal(t, result{out: r.out}, r)
			require.Contains(t, r.out, "Examples:\n")
			for line := range strings.Lines(r.out) {
				require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), screen, line)
			}
			golden(t, "help/"+strings.Join(append([]string{"ssolab"}, strings.Fields(name)...), "-")+".txt", r.out)
			require.Equal(t, r, cli(t, nil, append([]string{"help"}, strings.Fields(name)...)...))
		})
	}
	require.Equal(t, cli(t, nil, "--help"), cli(t, nil))
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"upp":                                     `unknown command "upp"`,
		"up --nope":                               "ssolab: unknown flag: --nope\nhint: \"ssolab up --help\" shows what it takes\n",
		"up extra":                                `unknown command "extra" for "ssolab up"`,
		"up --port-base x":                        `invalid argument "x"`,
		"up --port-base 70000":                    "port base: 70000 is outside",
		"up --callback http://example.com/cb":     `callbacks[0]: "http://example.com/cb" is http`,
		"up --quirk allow-loopback-issuer":        "must have the form id=on or id=off",
		"up --quirk perfect=on":                   `unknown quirk "perfect"; known: `,
		"up --tls-port 443":                       "--tls-port is the port of a lab with --names\nhint: add",
		"up --names aws":                          `names: "aws" is neither localhost nor vendor`,
		"up --names vendor --tls-port 70000":      "TLS port: 70000 is outside",
		"up --scalekit-environment A":             `scalekit environment: "A" is no DNS label`,
		"login --target t.yaml --email a@b --tls": "--target is another deployment; --tls, --names",
		"doctor":                                        `hint: save what "aws cognito-idp describe-user-pool …" prints`,
		"doctor --from x --pool us-east-1_x":            "give one of --from, single files (--user-pool …), and --pool",
		"doctor --from x --client y":                    "are for reading live, with --pool",
		"doctor --pool x":                               `--pool "x" is no user pool id`,
		"doctor --iam-policy":                           "--iam-policy needs the pool",
		"doctor --from testdata/none":                   "no such file",
		"ca env --format xml":                           "must be dotenv, shell or json",
		"hosts print":                                   `or say where it is with SSOLAB_CONSOLE_URL; "--names vendor" needs none`,
		"hosts print --names aws":                       `names: "aws" is neither localhost nor vendor`,
		"hosts print --config testdata/vendor.yaml":     "--names localhost or --names vendor is missing, and the lab file has no listen.names",
		"hosts add --names vendor --file testdata/none": "testdata/none: no such file",
		"up --log-format xml":                           "must be text or json",
		"up --config testdata/none.yaml":                "testdata/none.yaml: no such file",
		"env --format xml":                              "must be dotenv, shell or json",
		"env":                                           "hint: start it with \"ssolab up\", or say where it is with SSOLAB_CONSOLE_URL\n",
		"health":                                        "no lab answers at http://127.0.0.1:",
		"run":                                           "a command is missing",
		"login":                                         "--email is missing",
		"login --email john":                            "must have the form name@domain",
		"login --email a@b --client x":                  "must be main or public",
		"login --email a@b --scope email":               "must have openid",
		"login --target t.yaml --client public":         "a target file names its own",
		"login --target testdata/none.yaml":             "none.yaml: no such file",
		"completion tcsh":                               "tcsh",
		"help nothing":                                  `unknown command "nothing"`,
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			r := cli(t, nil, strings.Fields(args)...)
			require.Equal(t, exitMisuse, r.code)
			require.Empty(t, r.out)
			require.Contains(t, r.err, want)
			require.True(t, strings.HasPrefix(r.err, "ssolab: "), r.err)
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^ssolab \S+.* \(go1\.\S+, \w+/\w+\)\n$`, cli(t, nil, "version").out)
	var b build
	require.NoError(t, json.Unmarshal([]byte(cli(t, nil, "version", "--json").out), &b))
	require.Equal(t, version(), b)
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range completionShells {
		r := cli(t, nil, "completion", shell)
		require.Zero(t, r.code)
		require.Contains(t, r.out, "ssolab")
	}
	require.Contains(t, cli(t, nil, "__complete", "env", "--format", "").out, "dotenv\nshell\njson\n")
}

func TestEnv(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	var dotenv, shell strings.Builder
	for _, v := range lab.Variables() {
		dotenv.WriteString(v.Name + "=" + v.Value + "\n")
		shell.WriteString("export " + v.Name + "='" + v.Value + "'\n")
	}
	require.Equal(t, result{out: dotenv.String()}, cli(t, at(lab), "env"))
	require.Equal(t, result{out: shell.String()}, cli(t, at(lab), "env", "--format", "shell"))
	var got map[string]string
	require.NoError(t, json.Unmarshal([]byte(cli(t, at(lab), "env", "--format", "json").out), &got))
	require.Len(t, got, len(lab.Variables()))
	require.Equal(t, lab.URLs().Issuer, got["COGNITO_ISSUER"])
}

func TestHealth(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.Version = "1.2.3" })
	require.Equal(t, result{out: "ok: ssolab 1.2.3 at " + lab.URLs().Console + "\n"}, cli(t, at(lab), "health"))
	require.JSONEq(t, `{"status":"ok","version":"1.2.3","url":"`+lab.URLs().Console+`"}`, cli(t, at(lab), "health", "--json").out)
	other := cli(t, map[string]string{consoleVariable: lab.URLs().App}, "health")
	require.Equal(t, exitMisuse, other.code)
	require.Contains(t, other.err, "is no lab")
	require.Contains(t, other.err, "unset SSOLAB_CONSOLE_URL")
}

func TestUp(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, w := io.Pipe()
	done := make(chan error, 1)
	o := upOptions{labOptions: labOptions{logFormat: "text", callbacks: []string{"http://localhost:8080/cb"}}}
	go func() {
		err := runUp(ctx, streams{Out: w, Err: io.Discard, Getenv: func(string) string { return "" }}, &o)
		_ = w.Close()
		done <- err
	}()
	table := readUntil(t, out, "Ctrl-C.")
	for line := range strings.Lines(table) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), screen, line)
	}
	for _, want := range []string{"sample app: sign in here", "john@example.com", "COGNITO_REDIRECT_URI=http://localhost:8080/cb", "export SSOLAB_CONSOLE_URL="} {
		require.Contains(t, table, want)
	}
	require.NotContains(t, table, "\x1b")
	stop()
	require.NoError(t, <-done)
}

func TestUpTableInColour(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	table := upTable(lab, palette{on: true}, noVariables)
	for party, code := range map[string]string{"app      ": "36", "Cognito  ": "33", "Scalekit ": "35", "IdP      ": "34"} {
		require.Contains(t, table, "\x1b["+code+"m"+party+"\x1b[0m")
	}
	require.False(t, paletteFor(&bytes.Buffer{}, func(string) string { return "" }).on)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null))
}

// process starts ssolab as a process of its own and gives its standard output.
func process(t *testing.T, args ...string) (*exec.Cmd, io.Reader, *bytes.Buffer) {
	t.Helper()
	var errs bytes.Buffer
	cmd, out := processWith(t, &errs, args...)
	return cmd, out, &errs
}

// processWith starts it with that standard error.
func processWith(t *testing.T, errs io.Writer, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, out
}

func TestUpEndsOnASignal(t *testing.T) {
	t.Parallel()
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			cmd, out, errs := process(t, "up", "--port-base", "0", "--json")
			line := readUntil(t, out, "\n")
			var up struct {
				URLs      map[string]string
				Emails    []string
				Variables map[string]string
			}
			require.NoError(t, json.Unmarshal([]byte(line), &up))
			require.Equal(t, up.URLs["issuer"], up.Variables["COGNITO_ISSUER"])
			require.Contains(t, up.Emails, "john@example.com")
			resp, err := http.Get(up.URLs["issuer"] + "/.well-known/openid-configuration")
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusOK, resp.StatusCode)
			require.NoError(t, cmd.Process.Signal(s))
			require.NoError(t, cmd.Wait(), errs.String())
			require.Empty(t, errs.String())
			_, err = http.Get(up.URLs["console"])
			require.Error(t, err)
		})
	}
}

func TestATakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	port := l.Addr().(*net.TCPAddr).Port
	r := cli(t, nil, "up", "--port-base", strconv.Itoa(port))
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "the console needs port "+strconv.Itoa(port)+", which process "+strconv.Itoa(os.Getpid())+" (")
	require.Contains(t, r.err, "address already in use\nhint: \"--port-base 9500\" takes")
}

func TestPortOwner(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	put := func(path, content string) {
		full := filepath.Join(proc, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(content), 0o644))
	}
	put("net/tcp", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		"   0: 0100007F:24B8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0\n")
	put("net/tcp6", "   0: 00000000000000000000000001000000:24B8 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0\n")
	put("41/comm", "other\n")
	put("42/comm", "node server\n")
	for fd, to := range map[string]string{"41/fd/3": "socket:[11]", "42/fd/7": "socket:[22]"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(proc, fd)), 0o755))
		require.NoError(t, os.Symlink(to, filepath.Join(proc, fd)))
	}
	pid, name, ok := portOwner(proc, 9400)
	require.Equal(t, []any{42, "node server", true}, []any{pid, name, ok})
	_, _, ok = portOwner(proc, 9401)
	require.False(t, ok)
	_, _, ok = portOwner(filepath.Join(proc, "none"), 9400)
	require.False(t, ok)
}

// listen reads r to its end. What it returns waits for a text, behind what was waited for before.
func listen(t *testing.T, r io.Reader) func(text string) string {
	t.Helper()
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text() + "\n"
		}
	}()
	return func(text string) string {
		t.Helper()
		var b strings.Builder
		for late := time.After(30 * time.Second); !strings.Contains(b.String(), text); {
			select {
			case line, ok := <-lines:
				require.True(t, ok, "it ended and did not print: "+text)
				b.WriteString(line)
			case <-late:
				require.FailNow(t, "it did not print in 30 s: "+text)
			}
		}
		return b.String()
	}
}

// readUntil reads until the text has come, and throws away what comes after it: once for each reader.
func readUntil(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		var b strings.Builder
		in := bufio.NewReader(r)
		for !strings.Contains(b.String(), text) {
			c, err := in.ReadByte()
			if err != nil {
				break
			}
			b.WriteByte(c)
		}
		got <- b.String()
		_, _ = io.Copy(io.Discard, in)
	}()
	select {
	case s := <-got:
		require.Contains(t, s, text)
		return s
	case <-time.After(30 * time.Second):
		require.FailNow(t, "it did not print in 30 s: "+text)
		return ""
	}
}
