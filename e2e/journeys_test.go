package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/e2e"
)

// TestJourneys runs the journeys against labs of its own.
func TestJourneys(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		target := describe(t, lab, "john@example.com", `click: '[data-testid="sim-submit"]'`)
		journeys{target: target, lab: lab, tab: func(t *testing.T) *e2e.Tab { return f.tab(t, lab) }}.run(t)
	})
}

// TestJourneysOfATarget runs the journeys against the target of -target, and without it against another lab in each form,
// known to the suite by a file alone: other ports and another CA, which the file names; another person, an identity
// provider with other pages.
func TestJourneysOfATarget(t *testing.T) {
	if *targetFile != "" {
		t.Parallel()
		target, err := conformance.ReadTarget(locate(*targetFile))
		require.NoError(t, err)
		journeys{target: target, tab: ownBrowser(t, target)}.run(t)
		return
	}
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t, func(c *ssolab.Config) {
			c.CADir = ""
			c.Quirks = map[string]bool{"idp-sessions": false} // so that whether somebody is asked is up to Cognito and Scalekit
		})
		target := describe(t, lab, "john@megasoft.org", `click: '[data-testid="idp-submit"]'`)
		journeys{target: target, lab: lab, tab: ownBrowser(t, target)}.run(t)
	})
}

// ownBrowser starts a browser that knows of a target what its file says, and returns what opens its tabs.
func ownBrowser(t *testing.T, target *conformance.Target) func(*testing.T) *e2e.Tab {
	t.Helper()
	options, err := e2e.OptionsFor(target)
	require.NoError(t, err)
	b := newBrowser(t, func() (*e2e.Browser, error) {
		browsers.Lock()
		defer browsers.Unlock()
		return e2e.StartBrowser(options)
	})
	return func(t *testing.T) *e2e.Tab { return newTab(t, b) }
}

// locate finds a file named from this directory or from the module's.
func locate(file string) string {
	if _, err := os.Stat(file); err != nil && !filepath.IsAbs(file) {
		return filepath.Join("..", file)
	}
	return file
}

// describe writes a target file for a lab and reads it back: what the journeys know of the lab is what it says.
func describe(t *testing.T, lab *ssolab.Lab, email, step string) *conformance.Target {
	t.Helper()
	return describeIn(t, t.TempDir(), lab, email, step)
}

// describeIn is describe in a directory that may hold files which steps name. Further steps follow the first as in YAML.
func describeIn(t *testing.T, dir string, lab *ssolab.Lab, email, step string) *conformance.Target {
	t.Helper()
	v := variables(lab)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(v["COGNITO_CLIENT_SECRET"]+"\n"), 0o600))
	file := filepath.Join(dir, "target.yaml")
	reached := ""
	if ca := lab.CA(); ca != nil {
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(file), "ca.pem"), ca, 0o600))
		reached = "ca_file: ca.pem\n"
	}
	if resolve := lab.Resolve(); len(resolve) > 0 {
		reached += "resolve:\n"
		for _, host := range slices.Sorted(maps.Keys(resolve)) {
			reached += fmt.Sprintf("  %q: %q\n", host, resolve[host])
		}
	}
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `issuer: %s
domain: %s
client:
  id: %s
  secret_file: %s
  redirect_uri: http://localhost:3000/auth/callback
  logout_uri: http://localhost:3000/
  scopes: [openid, email]
provider:
  identity_provider: %s
email: %s
idp:
  steps:
    - %s
%s`, v["COGNITO_ISSUER"], v["COGNITO_DOMAIN_URL"], v["COGNITO_CLIENT_ID"], secret, v["COGNITO_IDENTITY_PROVIDER"], email, step, reached), 0o600))
	target, err := conformance.ReadTarget(file)
	require.NoError(t, err)
	return target
}

// journeys are what a person and an application do with a target.
type journeys struct {
	target *conformance.Target
	lab    *ssolab.Lab // nil: a target of which nothing is known but its file
	tab    func(*testing.T) *e2e.Tab
}

func (j journeys) run(t *testing.T) {
	for name, journey := range map[string]func(*testing.T, *e2e.Driver){
		"from e-mail to claims, again in silence, and asked again after sign-out": j.wholeDay,
		"a wrong provider name":    j.wrongProvider,
		"an unregistered callback": j.unregisteredCallback,
		"a changed state":          j.changedState,
		"a wrong verifier":         j.wrongVerifier,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab := j.tab(t)
			console := ""
			if j.lab != nil {
				console = j.lab.URLs().Console
			}
			keepEvidence(t, tab, console)
			journey(t, &e2e.Driver{Tab: tab})
		})
	}
}

// flow runs one sign-in with changes of the authorization request.
func (j journeys) flow(t *testing.T, driver conformance.SignIn, extra url.Values) (*conformance.Journey, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	return (&conformance.Flow{Target: j.target, Driver: driver, Extra: extra}).Run(ctx)
}

func (j journeys) wholeDay(t *testing.T, d *e2e.Driver) {
	first, err := j.flow(t, d, nil)
	require.NoError(t, err)
	require.Equal(t, j.target.Email, claim(t, first, "email"))
	require.True(t, asked(first), "at the first sign-in a page is shown: %v", first.Visit.Hops)

	second, err := j.flow(t, d, nil)
	require.NoError(t, err)
	require.False(t, asked(second), "at the second sign-in nobody is asked: %v", second.Visit.Hops)
	require.Equal(t, claim(t, first, "sub"), claim(t, second, "sub"))

	if j.target.Domain == "" || j.target.Client.LogoutURI == "" {
		return // the file says nothing of signing out
	}
	require.NoError(t, d.SignOut(t.Context(), j.target))
	third, err := j.flow(t, d, nil)
	require.NoError(t, err)
	require.Equal(t, claim(t, first, "sub"), claim(t, third, "sub"))
	if j.lab != nil { // elsewhere the identity provider may have a session of its own
		require.True(t, asked(third), "after sign-out a page is shown: %v", third.Visit.Hops)
	}
}

func (j journeys) wrongProvider(t *testing.T, d *e2e.Driver) {
	_, err := j.flow(t, d, url.Values{"identity_provider": {"NoSuchProvider"}, "idp_identifier": nil})
	var stuck *conformance.StuckError
	require.ErrorAs(t, err, &stuck)
	if j.lab != nil {
		require.Contains(t, stuck.Reason, "Login option is not available")
	}
}

func (j journeys) unregisteredCallback(t *testing.T, d *e2e.Driver) {
	_, err := j.flow(t, d, url.Values{"redirect_uri": {"https://unregistered.example/callback"}})
	var stuck *conformance.StuckError
	require.ErrorAs(t, err, &stuck)
	require.Contains(t, stuck.URL, "redirect_mismatch")
	require.Equal(t, http.StatusBadRequest, stuck.Status)
}

// tampering changes the state on the way back.
type tampering struct{ inner conformance.SignIn }

func (s tampering) SignIn(ctx context.Context, authorizeURL string, target *conformance.Target) (*conformance.Visit, error) {
	v, err := s.inner.SignIn(ctx, authorizeURL, target)
	v.Callback = strings.Replace(v.Callback, "state=", "state=x", 1)
	return v, err
}

func (j journeys) changedState(t *testing.T, d *e2e.Driver) {
	_, err := j.flow(t, tampering{d}, nil)
	var step *conformance.StepError
	require.ErrorAs(t, err, &step)
	require.Equal(t, conformance.StepCallback, step.Step)
	require.ErrorContains(t, err, "state")
}

func (j journeys) wrongVerifier(t *testing.T, d *e2e.Driver) {
	_, err := j.flow(t, d, url.Values{"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}})
	var step *conformance.StepError
	require.ErrorAs(t, err, &step)
	require.Equal(t, conformance.StepExchange, step.Step)
	require.ErrorContains(t, err, "invalid_grant")
}

func claim(t *testing.T, j *conformance.Journey, name string) any {
	t.Helper()
	var info map[string]any
	require.NoError(t, json.Unmarshal(j.UserInfo, &info))
	return info[name]
}

// asked tells whether a page was shown on the way.
func asked(j *conformance.Journey) bool {
	for _, h := range j.Visit.Hops {
		if h.Status == http.StatusOK {
			return true
		}
	}
	return false
}
