package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunExitsWithTheCommandsCode(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, []byte("not a program"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\x7fELF"), 0o700))
	for name, c := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"zero":           {[]string{"true"}, 0, ""},
		"seven":          {[]string{"sh", "-c", "exit 7"}, 7, ""},
		"flags of CMD":   {[]string{"sh", "-c", "exit $1", "x", "3"}, 3, ""},
		"killed":         {[]string{"sh", "-c", "kill -TERM $$"}, 128 + 15, ""},
		"not found":      {[]string{"ssolab-no-such-command"}, 127, "ssolab: ssolab-no-such-command: there is no such command\nhint: "},
		"no such path":   {[]string{"./no/such"}, 127, "ssolab: ./no/such: there is no such command\nhint: "},
		"not executable": {[]string{plain}, 126, plain + ": cannot be executed: permission denied\n"},
		"no program":     {[]string{empty}, 126, empty + ": cannot be executed: exec format error\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := cli(t, nil, append([]string{"run", "--"}, c.args...)...)
			require.Equal(t, c.code, r.code, r.err)
			require.Contains(t, r.err, c.err)
			require.Equal(t, c.err == "", r.err == "")
		})
	}
}

func TestRunSetsTheVariables(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "run", "--callback", "http://localhost:8080/cb", "sh", "-c", `echo "$COGNITO_REDIRECT_URI"; echo "$COGNITO_ISSUER"; echo "$PATH" >&2`)
	require.Zero(t, r.code, r.err)
	lines := strings.Split(r.out, "\n")
	require.Equal(t, "http://localhost:8080/cb", lines[0])
	require.Regexp(t, `^http://localhost:\d+/us-east-1_SsoLab001$`, lines[1])
	require.Equal(t, os.Getenv("PATH")+"\n", r.err)
}

func TestRunPassesSignalsOn(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal)
	out, w := io.Pipe()
	var errs bytes.Buffer
	done := make(chan error, 1)
	o := runOptions{
		labOptions: labOptions{logFormat: "text"}, signals: signals,
		command: []string{"sh", "-c", `trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done`},
	}
	go func() {
		done <- runRun(t.Context(), streams{Out: w, Err: &errs, Getenv: func(string) string { return "" }}, &o)
		_ = w.Close()
	}()
	readUntil(t, out, "ready\n")
	signals <- syscall.SIGTERM
	err := <-done
	var exit *exitError
	require.ErrorAs(t, err, &exit, errs.String())
	require.Equal(t, 5, exit.Code)
}

func TestRunAsAProcess(t *testing.T) {
	t.Parallel()
	cmd, out, errs := process(t, "run", "--", "sh", "-c", `trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done`)
	readUntil(t, out, "ready\n")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, cmd.Wait())
	require.Equal(t, 6, cmd.ProcessState.ExitCode(), errs.String())
}
