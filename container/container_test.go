package container_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/ssolab/ssolab/conformance"
)

const (
	parties   = 5        // ports of a lab
	maxImage  = 25 << 20 // bytes
	readyIn   = 10 * time.Second
	stoppedIn = 5 * time.Second // the engine kills after ten
	user      = "65532"
)

// image is the one that is tested: $SSOLAB_IMAGE, or ssolab as "make image" builds it.
func image() string {
	if name := os.Getenv("SSOLAB_IMAGE"); name != "" {
		return name
	}
	return "ssolab"
}

// freePorts is the first of five consecutive ports of 127.0.0.1 that are free. The issuer has the port in it, so the
// numbers must be known before the lab starts, and be the same inside and out.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 50 {
		base, ok := tryPorts(t)
		if ok {
			return base
		}
	}
	require.FailNow(t, "no five consecutive ports are free")
	return 0
}

func tryPorts(t *testing.T) (base int, ok bool) {
	first, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer first.Close()
	base = first.Addr().(*net.TCPAddr).Port
	for port := base + 1; port < base+parties; port++ {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return 0, false
		}
		defer l.Close()
	}
	return base, true
}

// lab is a running container.
type lab struct {
	*testcontainers.DockerContainer
	console string
	ready   time.Duration // from the order to start it until it answered
	own     time.Duration // of that, since the engine had started the process
}

// start runs the image as docs/container.md says, with as few rights as it needs.
func start(t *testing.T, base int) *lab {
	t.Helper()
	ctx := t.Context()
	l := &lab{console: fmt.Sprintf("http://localhost:%d", base)}
	bindings, exposed := network.PortMap{}, []string{}
	for port := base; port < base+parties; port++ {
		spec := strconv.Itoa(port) + "/tcp"
		exposed = append(exposed, spec)
		bindings[network.MustParsePort(spec)] = []network.PortBinding{{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: strconv.Itoa(port)}}
	}
	c, err := testcontainers.Run(ctx, image(),
		testcontainers.WithCmd("up", "--bind", "0.0.0.0", "--port-base", strconv.Itoa(base)),
		testcontainers.WithEnv(map[string]string{"SSOLAB_CONSOLE_URL": l.console}),
		testcontainers.WithExposedPorts(exposed...),
		testcontainers.WithHostConfigModifier(func(h *dockercontainer.HostConfig) {
			h.PortBindings, h.ReadonlyRootfs = bindings, true
			h.CapDrop, h.SecurityOpt = []string{"ALL"}, []string{"no-new-privileges:true"}
		}),
		testcontainers.WithNoStart(),
	)
	testcontainers.CleanupContainer(t, c)
	require.NoError(t, err)
	l.DockerContainer = c
	started := time.Now()
	require.NoError(t, c.Start(ctx))
	health := wait.ForHTTP("/api/v1/health").WithPort(exposed[0]).WithPollInterval(5 * time.Millisecond).WithStartupTimeout(readyIn)
	require.NoError(t, health.WaitUntilReady(ctx, c))
	l.ready = time.Since(started)
	answered := time.Now()
	state, err := c.State(ctx)
	require.NoError(t, err)
	began, err := time.Parse(time.RFC3339Nano, state.StartedAt)
	require.NoError(t, err)
	l.own = answered.Sub(began)
	return l
}

// engine is Docker's own client, for what testcontainers does not tell.
func engine(t *testing.T) *testcontainers.DockerClient {
	t.Helper()
	c, err := testcontainers.NewDockerClientWithOpts(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// variables asks the lab from outside, as an app's set-up would.
func (l *lab) variables(t *testing.T) map[string]string {
	t.Helper()
	resp, err := http.Get(l.console + "/api/v1/env?format=json")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := map[string]string{}
	require.NoError(t, json.Unmarshal(body, &out))
	return out
}

// signIn signs in from the host.
func (l *lab) signIn(ctx context.Context, env map[string]string, email string) (*conformance.Journey, error) {
	return (&conformance.Flow{Target: &conformance.Target{
		Issuer: env["COGNITO_ISSUER"], Domain: env["COGNITO_DOMAIN_URL"], Email: email,
		Client: conformance.Client{
			ID: env["COGNITO_CLIENT_ID"], Secret: conformance.Secret(env["COGNITO_CLIENT_SECRET"]),
			RedirectURI: env["COGNITO_REDIRECT_URI"], Scopes: []string{"openid", "email"},
		},
		Provider: conformance.Provider{IdentityProvider: env["COGNITO_IDENTITY_PROVIDER"]},
	}}).Run(ctx)
}

func TestImage(t *testing.T) {
	t.Parallel()
	got, err := engine(t).ImageInspect(t.Context(), image())
	require.NoError(t, err, `"make image" builds it`)
	t.Logf("image: %.1f MB (at most %d)", float64(got.Size)/(1<<20), maxImage>>20)
	require.LessOrEqual(t, got.Size, int64(maxImage))
	require.Equal(t, user+":"+user, got.Config.User)
	require.Equal(t, []string{"CMD", "/ssolab", "health"}, got.Config.Healthcheck.Test)
	require.Equal(t, []string{"/ssolab"}, []string(got.Config.Entrypoint))
	require.Contains(t, got.Config.ExposedPorts, "9400/tcp")
}

// A browser and an app on the host sign in through the ports of the container.
func TestSignIn(t *testing.T) {
	t.Parallel()
	base := freePorts(t)
	l := start(t, base)
	t.Logf("ready %d ms after the order to start it, %d ms after the process was there", l.ready.Milliseconds(), l.own.Milliseconds())
	env := l.variables(t)
	require.Equal(t, fmt.Sprintf("http://localhost:%d/us-east-1_SsoLab001", base+1), env["COGNITO_ISSUER"])
	for _, email := range []string{"john@example.com", "john@megasoft.org"} {
		journey, err := l.signIn(t.Context(), env, email)
		require.NoError(t, err, email)
		var info struct{ Email, Username string }
		require.NoError(t, json.Unmarshal(journey.UserInfo, &info))
		require.Equal(t, email, info.Email)
		require.Regexp(t, `^ScalekitIdPRouter_conn_\d+;`, info.Username)
	}
}

// The lab needs no root and no place to write, its health check works, and it ends when it is told to.
func TestProcess(t *testing.T) {
	t.Parallel()
	l := start(t, freePorts(t))
	docker := engine(t)
	top, err := docker.ContainerTop(t.Context(), l.GetContainerID(), client.ContainerTopOptions{Arguments: []string{"-eo", "uid,pid,args"}})
	require.NoError(t, err)
	require.Len(t, top.Processes, 1, "the lab alone")
	require.Equal(t, user, top.Processes[0][slices.Index(top.Titles, "UID")])

	code, _, err := l.Exec(t.Context(), []string{"/ssolab", "health"})
	require.NoError(t, err)
	require.Zero(t, code)
	changed, err := docker.ContainerDiff(t.Context(), l.GetContainerID(), client.ContainerDiffOptions{})
	require.NoError(t, err)
	require.Empty(t, changed.Changes)

	req, err := http.NewRequest(http.MethodGet, l.console+"/api/v1/env", nil)
	require.NoError(t, err)
	req.Host = "lab.example:9400"
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode, "the console keeps its guard")

	began := time.Now()
	require.NoError(t, l.Stop(t.Context(), nil))
	took := time.Since(began)
	t.Logf("stopped %d ms after SIGTERM", took.Milliseconds())
	require.Less(t, took, stoppedIn)
	state, err := l.State(t.Context())
	require.NoError(t, err)
	require.Zero(t, state.ExitCode)
}
