package report_test

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/checks"
	"github.com/ssolab/ssolab/conformance/report"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/labcontrol"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

const (
	canaryClient   = "canary0client0secret0aaaaaaaaaaaa"
	canaryScalekit = "test_canary0scalekit0bbbbbbbbbbbb"
	canaryPassword = "canary-password-cccc"
	canaryTOTP     = "MNQW4YLSPFRWC3TBOJ4WGYLOMFZHSY3B" // base32
	canaryWrong    = "canary0wrong0secret0dddddddddddd"
)

// canaryLab is a production-like lab in which every credential is a canary.
func canaryLab(t *testing.T, more ...func(*ssolab.Config)) *ssolab.Lab {
	pool := mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})
	for i := range pool.Clients {
		if pool.Clients[i].Secret != "" {
			pool.Clients[i].Secret = canaryClient
		}
	}
	env := mockscalekit.DefaultEnvironment()
	for i := range env.Clients {
		env.Clients[i].Secret, env.Clients[i].RedirectURIs = canaryScalekit, nil
	}
	for i := range env.People {
		env.People[i].Password, env.People[i].TOTPSecret = canaryPassword, canaryTOTP
	}
	return ssolab.Run(t, append(more, func(c *ssolab.Config) {
		c.Names, c.UserPools, c.Scalekit = ssolab.NamesLocalhost, []mockcognito.UserPool{pool}, env
	})...)
}

// run runs every check on a lab.
func run(t *testing.T, lab *ssolab.Lab, email string, edit func(*conformance.Target)) *conformance.Report {
	t.Helper()
	c := client.New(lab.URLs().Console, nil)
	target, err := labcontrol.Target(t.Context(), c, email)
	require.NoError(t, err)
	edit(target)
	hc, err := labcontrol.HTTPClient(t.Context(), c, target, 10*time.Second)
	require.NoError(t, err)
	t.Cleanup(hc.CloseIdleConnections)
	r, err := conformance.Run(t.Context(), checks.All(), conformance.Options{
		Target: target, Client: hc, Control: labcontrol.New(c), Now: lab.Now, Deviations: checks.Deviations(),
	})
	require.NoError(t, err)
	return r
}

// No credential, code or token stands in any format, whether all is well or nothing works.
func TestNoSecretInAnyFormat(t *testing.T) {
	t.Parallel()
	healthy := run(t, canaryLab(t), "john@megasoft.org", func(*conformance.Target) {})
	require.Positive(t, healthy.Summary.Pass)
	require.NotEmpty(t, healthy.Journeys)
	reports := map[string]*conformance.Report{
		"healthy":      healthy,
		"wrong secret": run(t, canaryLab(t), "john@example.com", func(t *conformance.Target) { t.Client.Secret = canaryWrong }),
		"broken endpoints": run(t, canaryLab(t, func(c *ssolab.Config) {
			c.Faults = []ssolab.FaultRule{{Fault: "route.html", At: "cognito.token"}, {Fault: "disc.drop_member", At: "scalekit.discovery.document"}}
		}), "john@example.com", func(*conformance.Target) {}),
	}
	patterns := map[string]*regexp.Regexp{ // by a text that is in every match, since looking for that is fast
		"Basic ":         regexp.MustCompile(`^Basic [A-Za-z0-9+/]{24}`),
		"Authorization:": regexp.MustCompile(`^Authorization: \w+ \w`),
		"eyJ":            regexp.MustCompile(`^eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}`),
		"?code=":         regexp.MustCompile(`^.code=[A-Za-z0-9]`),
		"&code=":         regexp.MustCompile(`^.code=[A-Za-z0-9]`),
		";code=":         regexp.MustCompile(`^.code=[A-Za-z0-9]`),
		`_token":`:       regexp.MustCompile(`^_token":\s*"[A-Za-z0-9]`),
		"ookie: ":        regexp.MustCompile(`^ookie: \w+=\w`),
		"code_verifier=": regexp.MustCompile(`^code_verifier=\w`),
	}
	for name, r := range reports {
		for _, f := range report.Formats() {
			out := string(written(t, f, r))
			for _, canary := range []string{canaryClient, canaryScalekit, canaryPassword, canaryTOTP, canaryWrong} {
				for _, form := range []string{canary, url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary))} {
					require.False(t, strings.Contains(out, form), "%s, %s: %s", name, f, form)
				}
			}
			for text, pattern := range patterns {
				for rest := out; ; rest = rest[len(text):] {
					i := strings.Index(rest, text)
					if i < 0 {
						break
					}
					rest = rest[i:]
					require.False(t, pattern.MatchString(rest), "%s, %s: %q", name, f, rest[:min(len(rest), 120)])
				}
			}
		}
	}
}

// The search above would find a secret: what a check says stands in every format.
func TestASecretWouldBeFound(t *testing.T) {
	t.Parallel()
	r := fixed()
	r.Results[0].Findings[0].Observed = canaryClient
	for _, f := range report.Formats() {
		require.Contains(t, string(written(t, f, r)), canaryClient, f)
	}
}
