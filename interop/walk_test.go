//go:build awscli

package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
)

// shell is a terminal with ssolab and the AWS CLI, in a directory of its own.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	binary := os.Getenv("SSOLAB_BIN")
	require.NotEmpty(t, binary, "SSOLAB_BIN is the ssolab binary; make interop sets it")
	_, err := exec.LookPath("aws")
	require.NoError(t, err, "the AWS CLI, Debian's awscli")
	dir := t.TempDir()
	// As the guide says: version 1 would fetch each parameter that is a URL.
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".aws"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".aws", "config"), []byte("[default]\ncli_follow_urlparam = false\n"), 0o600))
	return &shell{t, dir, []string{
		"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "NO_COLOR=1",
	}}
}

// run follows commands to their end and answers what they print.
func (s *shell) run(script string) string {
	s.t.Helper()
	cmd := s.command(script)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(s.t, cmd.Run(), "%s\n%s", &errs, &out)
	return out.String()
}

func (s *shell) command(script string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// terminal follows commands that run until they are interrupted, and returns when the lab that they start is ready. The
// commands of s find that lab from then on.
func (s *shell) terminal(script string) {
	s.t.Helper()
	cmd := s.command(script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that an interrupt reaches all of them, as Ctrl-C does
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	s.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if console, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "export SSOLAB_CONSOLE_URL="); ok {
			s.env = append(s.env, "SSOLAB_CONSOLE_URL="+console)
		}
		if strings.Contains(lines.Text(), "Ctrl-C") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	_ = cmd.Wait()
	require.Fail(s.t, "the lab did not start", errs.String())
}

// variables are those that `ssolab env` prints.
func (s *shell) variables() map[string]string {
	s.t.Helper()
	var out map[string]string
	require.NoError(s.t, json.Unmarshal([]byte(s.run("ssolab env --format json")), &out))
	return out
}

// freePorts is the first of five consecutive ports that nobody had.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		base := min(first.Addr().(*net.TCPAddr).Port, 65500)
		require.NoError(t, first.Close())
		free := 0
		for port := base; port < base+5; port++ {
			if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
				require.NoError(t, l.Close())
				free++
			}
		}
		if free == 5 {
			return base
		}
	}
	require.Fail(t, "there are no five free ports")
	return 0
}

// described is what the user pools API answers of a provider and a client, without what differs from pool to pool.
func described(tf *terraform, pool, client string) (provider, app object) {
	provider = tf.call("DescribeIdentityProvider", object{"UserPoolId": pool, "ProviderName": "ScalekitIdPRouter"})["IdentityProvider"].(object)
	app = tf.call("DescribeUserPoolClient", object{"UserPoolId": pool, "ClientId": client})["UserPoolClient"].(object)
	lifetime := func(kind string) float64 {
		units, _ := app["TokenValidityUnits"].(object)
		seconds := map[any]float64{"minutes": 60, "hours": 3600, "days": 86400}[units[kind+"Token"]]
		return app[kind+"TokenValidity"].(float64) * seconds
	}
	app["lifetimes"] = []float64{lifetime("Access"), lifetime("Id"), lifetime("Refresh")}
	ids := []string{"UserPoolId", "ClientId", "ClientSecret", "CreationDate", "LastModifiedDate", "TokenValidityUnits", "AccessTokenValidity", "IdTokenValidity", "RefreshTokenValidity"}
	return without(provider, ids...), without(app, ids...)
}

// docs/guide.md as it stands: from an empty lab to a sign-in by the AWS CLI, by Terraform's calls and by the lab file, which
// all make the same of the forms' fields.
func TestTheGuideIsWalked(t *testing.T) {
	t.Parallel()
	p, s := readGuide(t), newShell(t)
	s.env = append(s.env, "SSOLAB_PORT_BASE=0")
	s.terminal(p.blocks["sh"][0])
	env := s.variables()
	require.NotContains(t, env, "COGNITO_ISSUER", "it is empty")
	tf := newTerraform(t, env)
	require.Empty(t, tf.call("ListUserPools", object{"MaxResults": 60})["UserPools"])

	out := s.run(strings.Join(p.blocks["sh"][1:], "\n") + "\necho \"pool $POOL\"")
	require.Contains(t, out, "signed in as ada@acme.test")
	require.Contains(t, out, `"custom:department": "Research"`)
	require.Contains(t, out, `"UserStatus": "EXTERNAL_PROVIDER"`, "and list-users knows her")
	_, pool, _ := strings.Cut(strings.TrimSpace(out), "\npool ")
	var client struct{ UserPoolClient struct{ ClientId string } }
	content, err := os.ReadFile(filepath.Join(s.dir, "client.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &client))
	provider, app := described(tf, pool, client.UserPoolClient.ClientId)

	t.Run("terraform", func(t *testing.T) {
		tf.t = t
		tf.apply(p.blocks["hcl"][0])
		require.Empty(t, tf.plan(p.blocks["hcl"][0]))
		r := tf.state["aws_cognito_user_pool_client.app"]
		m := &made{
			pool: r.ids["UserPoolId"], app: r.ids["ClientId"], secret: r.exported["client_secret"], provider: "ScalekitIdPRouter", callback: madeCallback,
			issuer: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] + "/" + r.ids["UserPoolId"],
		}
		got, err := m.program(t, "profile").signIn(newBrowser(http.DefaultTransport), "ada@acme.test", oidc.Nonce("n"))
		require.NoError(t, err)
		require.Equal(t, "Ada", got.userInfo["given_name"])
		sameProvider, sameApp := described(tf, m.pool, m.app)
		require.Equal(t, provider, sameProvider)
		require.Equal(t, app, sameApp)
	})
	t.Run("lab file", func(t *testing.T) {
		s, base := newShell(t), freePorts(t)
		moved := strings.NewReplacer("localhost:9401", fmt.Sprint("localhost:", base+1), "localhost:9402", fmt.Sprint("localhost:", base+2)).Replace(p.blocks["yaml"][0])
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "whole.yaml"), []byte(moved), 0o600))
		s.env = append(s.env, fmt.Sprint("SSOLAB_PORT_BASE=", base))
		s.terminal("ssolab up --config whole.yaml")
		require.Contains(t, s.run("ssolab login --email ada@acme.test --scope 'openid email profile'"), `"custom:department": "Research"`)
		env := s.variables()
		sameProvider, sameApp := described(newTerraform(t, env), env["COGNITO_USER_POOL_ID"], env["COGNITO_CLIENT_ID"])
		ofScalekit := []string{"client_id", "client_secret", "oidc_issuer"} // another lab's, with a client of its own
		sameProvider["ProviderDetails"] = without(sameProvider["ProviderDetails"].(object), ofScalekit...)
		provider["ProviderDetails"] = without(provider["ProviderDetails"].(object), ofScalekit...)
		require.Equal(t, provider, sameProvider)
		for _, name := range []string{"CallbackURLs", "LogoutURLs"} { // the sample app's come to the main client's
			require.Subset(t, sameApp[name], app[name])
			sameApp[name] = app[name]
		}
		require.Equal(t, app, sameApp)
	})
}
