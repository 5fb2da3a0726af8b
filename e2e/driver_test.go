package e2e_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/e2e"
)

// passwordAndCode are what a person of Megasoft types, with elements picked by what they say.
const passwordAndCode = `fill: "#password"
      value: {file: password}
    - click: button
      text: " sign  IN "
    - wait: label
      text: Code from the authenticator app
    - fill: "input[name=code]"
      value: {totp_file: seed}
    - {click: button, text: Verify}`

// A sign-in with password and one-time code, as the target file says and nobody has filled in.
func TestStepsByTextAndOneTimeCode(t *testing.T) {
	t.Parallel()
	if *targetFile != "" {
		t.Log("left out: with -target, only the journeys that a target can serve are run")
		return
	}
	f := localhost
	lab := f.lab(t, func(c *ssolab.Config) { c.Quirks = map[string]bool{"idp-mfa-one-step": false} })
	dir := t.TempDir()
	for name, content := range map[string]string{"password": "correct-horse-battery", "seed": "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content+"\n"), 0o600))
	}
	target := describeIn(t, dir, lab, "john@megasoft.org", passwordAndCode)
	driver := &e2e.Driver{Tab: f.tab(t, lab), Now: lab.Now}
	flow := conformance.Flow{Target: target, Driver: driver, Client: lab.HTTPClient(), Now: lab.Now}
	journey, err := flow.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "john@megasoft.org", claim(t, journey, "email"))
}

// What is left of a sign-in that got stuck: how it looked, and what the browser sent, without any secret.
func TestEvidenceOfAStuckSignIn(t *testing.T) {
	t.Parallel()
	if *targetFile != "" {
		t.Log("left out: with -target, only the journeys that a target can serve are run")
		return
	}
	f := localhost
	lab := f.lab(t, func(c *ssolab.Config) { c.Quirks = map[string]bool{"idp-mfa-one-step": false} })
	dir := t.TempDir()
	const canary = "canary-of-a-wrong-password"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password"), []byte(canary), 0o600))
	target := describeIn(t, dir, lab, "john@megasoft.org", `fill: "#password"
      value: {file: password}
    - {click: button, text: Sign in}
    - {wait: "[data-error], [role=alert]"}
    - {click: "#no-such-element", optional: true}
    - {click: a, text: not on this page}`)
	tab := f.tab(t, lab)
	q := url.Values{
		"response_type": {"code"}, "client_id": {target.Client.ID}, "redirect_uri": {target.Client.RedirectURI}, "scope": {"openid email"},
		"identity_provider": {target.Provider.IdentityProvider}, "login_hint": {target.Email}, "state": {"s"},
	}
	driver := &e2e.Driver{Tab: tab, Wait: 3 * time.Second, Optional: 100 * time.Millisecond}
	visit, err := driver.SignIn(t.Context(), target.Domain+"/oauth2/authorize?"+q.Encode(), target)
	var stuck *conformance.StuckError
	require.ErrorAs(t, err, &stuck)
	require.Contains(t, stuck.Reason, `step 5 of idp.steps found nothing to click a with the text "not on this page"`)
	require.NotEmpty(t, visit.Hops)
	require.NotEmpty(t, visit.Hops[0].Cookies, "cookies of the first answer")
	files := map[string]string{}
	for _, file := range stuck.Files {
		files[file.Name] = string(file.Data)
		require.NotContains(t, string(file.Data), canary, file.Name)
		for _, secret := range target.Secrets() {
			require.NotContains(t, string(file.Data), secret.Reveal(), file.Name)
		}
	}
	require.Contains(t, files["screenshot.png"], "PNG")
	require.Contains(t, files["page.html"], "idp-page")
	require.Contains(t, files, "console.log")
	var har struct {
		Log struct {
			Version string
			Entries []struct {
				Request struct {
					Method, URL string
					PostData    struct {
						Params []struct{ Name, Value string }
					}
				}
				Response struct {
					Status  int
					Headers []struct{ Name, Value string }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(files["requests.har"]), &har))
	require.Equal(t, "1.2", har.Log.Version)
	posted, cookies := false, 0
	for _, e := range har.Log.Entries {
		for _, p := range e.Request.PostData.Params {
			posted = posted || p.Name == "password"
			require.Equal(t, "…", p.Value)
		}
		for _, h := range e.Response.Headers {
			if h.Name == "Set-Cookie" || h.Name == "set-cookie" {
				cookies++
				require.Contains(t, h.Value, "=…;")
			}
		}
	}
	require.True(t, posted, "the form is in it, without its values")
	require.NotZero(t, cookies)
}
