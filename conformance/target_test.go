package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

func TestReadTarget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "secret", "from a file\n")
	write(t, dir, "password", "hunter2")
	file := write(t, dir, "target.yaml", `
issuer: https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_AbCdEf123
domain: https://acme.auth.eu-north-1.amazoncognito.com
client:
  id: "4ab5"
  secret_file: secret
  redirect_uri: http://localhost:3000/auth/callback
  scopes: [openid, email]
  logout_uri: http://localhost:3000/
provider: {identity_provider: ScalekitIdPRouter}
scalekit: {environment_url: https://acme.scalekit.dev}
email: jo@acme.example
idp:
  steps:
    - wait: "#username"
    - fill: "#username"
      value: "{{local}} of {{domain}}, {{email}}"
    - fill: "#password"
      value: {file: password}
    - click: "button[type=submit]"
      optional: true
resolve: {acme.scalekit.dev: 127.0.0.1}
`)
	target, err := conformance.ReadTarget(file)
	require.NoError(t, err)
	require.NoError(t, target.Validate())
	require.Equal(t, "from a file", target.Client.Secret.Reveal())
	steps := target.IdP.Steps
	name, selector := steps[3].Action()
	require.Equal(t, []string{"click", "button[type=submit]"}, []string{name, selector})
	require.True(t, steps[3].Optional)
	require.Equal(t, "jo of acme.example, jo@acme.example", steps[1].Value.Expand(target.Email, time.Time{}))
	require.Equal(t, "hunter2", steps[2].Value.Expand(target.Email, time.Time{}))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "target", target, "client", target.Client, "step", steps[2])
	text, err := json.Marshal(target)
	require.NoError(t, err)
	for _, printed := range []string{log.String(), string(text), fmt.Sprintf("%v %+v %#v %s", target, *target, target.Client.Secret, steps[2].Value)} {
		require.NotContains(t, printed, "from a file")
		require.NotContains(t, printed, "hunter2")
	}
}

func TestATargetReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := conformance.ParseTarget("target.yaml", []byte(`isuer: x
domain: acme.auth
client:
  secret: abc
  secret_env: SSOLAB_TEST_UNSET
  redirect_uri: /callback
  scopes: [email, "a b"]
  auth: basic
provider: {identity_provider: A, idp_identifier: b}
scalekit:
  client_secret_env: SSOLAB_TEST_UNSET
email: john
app_url: 3000
ca_file: nowhere.pem
resolve: {a: b}
idp:
  steps:
    - fill: "#a"
    - click: "#b"
      wait: "#c"
    - click: "#b"
      value: x
    - fill: "#a"
      value: "{{mail}}"
    - fill: "#a"
      value: {file: nowhere}
`))
	require.Equal(t, strings.Split(strings.TrimSpace(`
target.yaml:1:1: unknown key "isuer"; did you mean "issuer"?
target.yaml:1:1: issuer: is missing
target.yaml:2:1: domain: "acme.auth" must be an http or https URL without query and fragment
target.yaml:3:1: client.id: is missing
target.yaml:4:3: client.secret: is given more than once; give it directly, by _env or by _file
target.yaml:6:3: client.redirect_uri: "/callback" must be an absolute URL without fragment
target.yaml:7:3: client.scopes: openid is missing; without it there is no ID token
target.yaml:7:19: client.scopes[1]: "a b" must be one scope; write each as an item of its own
target.yaml:8:3: client.auth: "basic" must be client_secret_basic, client_secret_post or none
target.yaml:9:1: provider: give identity_provider or idp_identifier, not both
target.yaml:10:1: scalekit.client_secret: the environment variable SSOLAB_TEST_UNSET is not set
target.yaml:12:1: email: "john" must have the form name@domain
target.yaml:13:10: app_url: is a number, and must be a string; write it in quotes: "3000"
target.yaml:14:1: ca_file: read ca_file: open nowhere.pem: no such file or directory
target.yaml:15:11: resolve.a: "b" must be an IP address or host:port
target.yaml:18:7: idp.steps[0]: fill needs a value
target.yaml:19:7: idp.steps[1]: must have exactly one of fill, select, click and wait; has 2
target.yaml:21:7: idp.steps[2]: click takes no value
target.yaml:23:7: idp.steps[3]: value: "{{mail}}" is not known; known: {{email}}, {{local}}, {{domain}}
target.yaml:26:7: idp.steps[4].value: read the secret: open nowhere: no such file or directory
`), "\n"), strings.Split(err.Error(), "\n"))
}

func TestAMissingFile(t *testing.T) {
	t.Parallel()
	_, err := conformance.ReadTarget(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorContains(t, err, "none.yaml: no such file")
}

func TestHTTPClientResolvesAndTrusts(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Host) }))
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600))
	addr := strings.TrimPrefix(s.URL, "https://")
	_, port, _ := strings.Cut(addr, ":")
	for _, resolve := range []map[string]string{
		{"example.com": addr}, {"example.com:" + port: addr}, {"example.com": "127.0.0.1"},
	} {
		target := &conformance.Target{CAFile: ca, Resolve: resolve}
		c, err := target.HTTPClient(10 * time.Second)
		require.NoError(t, err)
		resp, err := c.Get("https://example.com:" + port + "/")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		c.CloseIdleConnections()
	}
}

func TestMaskURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://a/b?code=1&state=2#id_token=x&y=z": "https://a/b?code=…&state=2#id_token=…&y=z",
		"https://u:p@a/b":        "https://(secret)@a/b",
		"https://a/b@c?c%6fde=1": "https://a/b@c?c%6fde=…",
		"/b?code=":               "/b?code=",
	} {
		require.Equal(t, want, conformance.MaskURL(in))
	}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
