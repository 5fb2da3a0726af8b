package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
)

func noVariables(string) string { return "" }

func TestABadLabFileReportsEverything(t *testing.T) {
	t.Parallel()
	const file = "../../internal/labfile/testdata/bad/thirty.yaml"
	r := cli(t, nil, "up", "--config", file)
	want, err := os.ReadFile("../../internal/labfile/testdata/thirty.txt")
	require.NoError(t, err)
	problems := strings.ReplaceAll(string(want), "testdata/bad/thirty.yaml", file)
	require.Equal(t, result{code: exitMisuse, err: "ssolab: " + file + " has 30 problems:\n" + problems}, r)
}

func TestSignInToALabOfAFile(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		var err error
		*c, err = labfile.Read("testdata/vendor.yaml", ssolab.Config{}, noVariables)
		require.NoError(t, err)
	})
	r := cli(t, at(lab), "login", "--email", "ada@acme.test", "--json")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, `"username": "ScalekitOIDC123_conn_1;0b0e6a52-0000-4000-8000-000000000001"`)
}

func TestDocumentedLabFileIsValid(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/ssolab-yaml.md")
	require.NoError(t, err)
	blocks := strings.Split(string(doc), "```yaml\n")
	require.Greater(t, len(blocks), 1)
	for _, b := range blocks[1:] {
		text, _, _ := strings.Cut(b, "```")
		_, err := labfile.Parse("docs", []byte(text), ssolab.Config{}, func(string) string { return "a0secret0of0more0than024characters" })
		require.NoError(t, err)
	}
}

// configOf is what up makes of its flags, its variables and a file.
func configOf(t *testing.T, env map[string]string, args ...string) ssolab.Config {
	t.Helper()
	var o *labOptions
	cmd := newUpCmd(streams{Out: io.Discard, Err: io.Discard, Getenv: func(name string) string { return env[name] }})
	o = &labOptions{}
	cmd.ResetFlags()
	o.addFlags(cmd, ssolab.DefaultPortBase, defaultTLSPort)
	require.NoError(t, cmd.ParseFlags(args))
	cfg, err := o.labConfig(streams{Err: io.Discard, Getenv: func(name string) string { return env[name] }})
	require.NoError(t, err)
	return cfg
}

// A flag goes before its variable, the variable before the file, the file before the default: shown for each that has all
// of them.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		flag, file, fileValue, envValue, flagValue string
		get                                        func(ssolab.Config) any
		byDefault, byFile, byEnv, byFlag           any
	}{
		{"port-base", "listen: {port_base: %s}", "9500", "9600", "9700", func(c ssolab.Config) any { return c.PortBase }, 9400, 9500, 9600, 9700},
		{"names", "listen: {names: %s}", "vendor", "localhost", "vendor", func(c ssolab.Config) any { return c.Names }, "", "vendor", "localhost", "vendor"},
		{"tls", "listen: {tls: %s}", "true", "false", "true", func(c ssolab.Config) any { return c.TLS }, false, true, false, true},
		{"tls-port", "listen: {names: vendor, tls_port: %s}", "1", "2", "3", func(c ssolab.Config) any { return c.TLSPort }, 9443, 1, 2, 3},
		{"bind", "listen: {bind: [%s]}", "10.0.0.1", "10.0.0.2 10.0.0.3", "10.0.0.4", func(c ssolab.Config) any { return strings.Join(c.Bind, " ") }, "", "10.0.0.1", "10.0.0.2 10.0.0.3", "10.0.0.4"},
		{"scalekit-environment", "listen: {scalekit_environment: %s}", "a", "b", "c", func(c ssolab.Config) any { return c.ScalekitEnvironment }, "", "a", "b", "c"},
		{"ca-dir", "listen: {tls: true, ca_dir: %s}", "ca1", filepath.Join(dir, "ca2"), filepath.Join(dir, "ca3"), func(c ssolab.Config) any { return filepath.Base(c.CADir) }, ".", "ca1", "ca2", "ca3"},
		{"data", "data: %s", "d1", filepath.Join(dir, "d2"), filepath.Join(dir, "d3"), func(c ssolab.Config) any { return c.Data }, "", filepath.Join(dir, "d1"), filepath.Join(dir, "d2"), filepath.Join(dir, "d3")},
		{"empty", "empty: %s", "true", "false", "true", func(c ssolab.Config) any { return c.Empty }, false, true, false, true},
		{"quirk", "quirks: {unrequested-nonce: %s}", "off", "unrequested-nonce=on", "unrequested-nonce=off", func(c ssolab.Config) any { on, ok := c.Quirks["unrequested-nonce"]; return []bool{on, ok} }, []bool{false, false}, []bool{false, true}, []bool{true, true}, []bool{false, true}},
		// Lists of the main client's URLs add up; the ones given first come first, as the first is the lab's own.
		{"callback", "callbacks: [%s]", "http://localhost/1", "http://localhost/2 http://localhost/3", "http://localhost/4", func(c ssolab.Config) any { return strings.Join(c.Callbacks, " ") }, "", "http://localhost/1", "http://localhost/2 http://localhost/3 http://localhost/1", "http://localhost/4 http://localhost/1"},
		{"signout", "sign_outs: [%s]", "http://localhost/1", "http://localhost/2", "http://localhost/4", func(c ssolab.Config) any { return strings.Join(c.SignOuts, " ") }, "", "http://localhost/1", "http://localhost/2 http://localhost/1", "http://localhost/4 http://localhost/1"},
	} {
		t.Run(c.flag, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, c.flag+".yaml")
			require.NoError(t, os.WriteFile(file, []byte(strings.Replace(c.file, "%s", c.fileValue, 1)), 0o600))
			env := map[string]string{variableOf(c.flag): c.envValue}
			flags := []string{"--config", file, "--" + c.flag + "=" + c.flagValue}
			if c.flag == "ca-dir" || c.flag == "tls-port" { // they say nothing of a lab without TLS, or names
				flags = append(flags, "--names", "vendor")
			}
			require.Equal(t, c.byDefault, c.get(configOf(t, nil)))
			require.Equal(t, c.byFile, c.get(configOf(t, nil, "--config", file)))
			require.Equal(t, c.byFile, c.get(configOf(t, map[string]string{"SSOLAB_CONFIG": file})), "the file by its variable")
			require.Equal(t, c.byEnv, c.get(configOf(t, env, "--config", file)))
			require.Equal(t, c.byFlag, c.get(configOf(t, env, flags...)))
		})
	}
}

func TestEveryFlagHasItsVariable(t *testing.T) {
	t.Parallel()
	cmd := newUpCmd(streams{})
	for _, name := range labVariables {
		require.NotNil(t, cmd.Flags().Lookup(name), name)
	}
	doc, err := os.ReadFile("../../docs/cli.md")
	require.NoError(t, err)
	require.Contains(t, string(doc), "SSOLAB_PORT_BASE")
	r := cli(t, map[string]string{"SSOLAB_PORT_BASE": "many"}, "up")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, `SSOLAB_PORT_BASE="many": --port-base does not take that: `)
}

func TestInit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "lab.yaml")
	r := cli(t, nil, "init", "--schema", file)
	require.Equal(t, result{out: "wrote " + file + "\n  ssolab up --config " + file + "   starts it\n  " + pad("ssolab reload", len("ssolab up --config "+file)) + "   has the running lab read it again\n"}, r)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "# yaml-language-server: $schema=ssolab.schema.json\n"+labfile.Starter(), string(text))
	schema, err := os.ReadFile(filepath.Join(dir, "ssolab.schema.json"))
	require.NoError(t, err)
	require.True(t, json.Valid(schema))
	_, err = labfile.Read(file, ssolab.Config{}, noVariables)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	require.Equal(t, result{code: exitMisuse, err: "ssolab: " + file + " is there already\nhint: --force overwrites it; another name writes another file\n"}, cli(t, nil, "init", file))
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	require.Zero(t, cli(t, nil, "init", "--force", "--minimal", file).code)
	text, err = os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, labfile.Minimal(), string(text))
	require.Equal(t, result{out: labfile.Minimal()}, cli(t, nil, "init", "--minimal", "-"))
	require.Contains(t, cli(t, nil, "init", "--schema", "-").err, "--schema writes a file beside")
	require.Contains(t, cli(t, nil, "init", filepath.Join(dir, "none", "x.yaml")).err, "no such file or directory")
}

const smallLab = `
user_pools:
  - id: us-east-1_Small
    domain: small
    clients:
      - {id: one, secret: aaaaaaaaaaaaaaaaaaaaaaaa, callback_urls: ["http://localhost:3000/cb"], identity_providers: [Router]}
    providers:
      - {name: Router, identifiers: [example.com]}
`

// A lab reads its file again when it is told, by the command and by the signal; people who are signed in stay so, and a file
// with mistakes changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ssolab.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	write(smallLab)
	u := startUp(t, "--config", file)
	env := map[string]string{consoleVariable: u.urls["console"]}
	j, err := u.flow("john@example.com").Run(t.Context())
	require.NoError(t, err)

	require.Equal(t, result{out: "reloaded: nothing has changed\n"}, cli(t, env, "reload"))
	changed := strings.Replace(smallLab, "    providers:", "      - {id: two, callback_urls: [\"http://localhost:3000/cb\"], identity_providers: [Router]}\n    providers:", 1) +
		"people:\n  - {email: ada@example.com, given_name: Ada}\nlisten: {port_base: 9500}\nquirks: {unrequested-nonce: off}\n"
	write(changed)
	require.Equal(t, result{out: `reloaded: 7 changes
  + app client two
  + person ada@example.com
  - person john@example.com
  - person jane@example.com
  - person enterpriseuser@example.org
  - person john@megasoft.org
  ~ quirk unrequested-nonce
`}, cli(t, env, "reload"), "the port is a flag's")
	status, answer := u.refresh(t, string(j.Tokens.RefreshToken))
	require.Equal(t, http.StatusOK, status, answer)

	write(strings.Replace(changed, "names", "name", 1) + "colour: blue\npeople: []\n")
	r := cli(t, env, "reload")
	require.Equal(t, exitMisuse, r.code)
	require.Equal(t, "ssolab: "+file+" has 2 problems:\n"+file+":14:1: unknown key \"colour\"; known: listen, data, empty, callbacks, sign_outs, user_pools, lambda, scalekit, people, quirks, faults\n"+
		file+":15:1: people: is given twice; the first is in line 10\nhint: Nothing was changed.\n", r.err)
	require.Contains(t, cli(t, env, "login", "--email", "ada@example.com", "--client", "public").out, "ada@example.com", "the client of before is there")

	write(smallLab)
	until := listen(t, u.errs)
	require.NoError(t, u.cmd.Process.Signal(syscall.SIGHUP))
	said := until("~ quirk unrequested-nonce\n")
	require.Contains(t, said, "ssolab: "+file+" read again: 7 changes\n")
	require.Contains(t, said, "  - app client two\n")
	write("colour: blue\n")
	require.NoError(t, u.cmd.Process.Signal(syscall.SIGHUP))
	require.Contains(t, until("goes on as it was\n"), "ssolab: "+file+`:1:1: unknown key "colour"`)
	status, answer = u.refresh(t, string(j.Tokens.RefreshToken))
	require.Equal(t, http.StatusOK, status, answer)
}

func TestReloadAsJSON(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		c.Source = func() (ssolab.Config, error) { return ssolab.Config{Names: ssolab.NamesVendor}, nil }
	})
	require.JSONEq(t, `{"changes":[],"restart":["listen.names"]}`, cli(t, at(lab), "reload", "--json").out)
	require.Equal(t, result{out: "reloaded: nothing has changed\n  listen.names counts at the next start\n"}, cli(t, at(lab), "reload"))
	other := ssolab.Run(t)
	require.Equal(t, result{code: exitMisuse, err: "ssolab: this lab has no file to read again\nhint: Start it with \"ssolab up --config FILE\".\n"}, cli(t, at(other), "reload"))
}

func TestUpWithoutPools(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		c.Empty, c.Source = true, func() (ssolab.Config, error) { return *c, nil }
	})
	table := upTable(lab, palette{}, noVariables)
	require.Contains(t, table, "no pool yet")
	require.Contains(t, table, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER="+lab.URLs().Cognito)
	require.Contains(t, table, "SCALEKIT_CLIENT_SECRET=")
	require.Contains(t, table, "ssolab reload  read the lab file again")
	require.NotContains(t, table, "E-mails")
	var b bytes.Buffer
	require.NoError(t, writeUpJSON(&b, lab))
	require.True(t, json.Valid(b.Bytes()))
	for line := range strings.Lines(table) {
		require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), screen, line)
	}
}

// What a variable says counts when the command runs: here, that the data are to be in what is no directory.
func TestVariablesCountForTheCommands(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, args := range [][]string{{"up", "--port-base", "0"}, {"run", "--", "true"}} {
		r := cli(t, map[string]string{"SSOLAB_DATA": file}, args...)
		require.Equal(t, exitMisuse, r.code, args)
		require.Contains(t, r.err, file, args)
	}
}
