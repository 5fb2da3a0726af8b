package labcontrol_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/labcontrol"
)

func TestControl(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	c := labcontrol.New(client.New(lab.URLs().Console, nil))
	before, err := c.Now(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Advance(t.Context(), 3600))
	after, err := c.Now(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 3600, after-before, 5)
	clock, err := labcontrol.Clock(t.Context(), client.New(lab.URLs().Console, nil))
	require.NoError(t, err)
	require.WithinDuration(t, lab.Now(), clock(), 5*time.Second)
	require.NoError(t, c.Advance(t.Context(), -3600))

	status := func() int {
		resp, err := http.Get(lab.URLs().Issuer + "/.well-known/openid-configuration")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	remove, err := c.AddFault(t.Context(), conformance.Fault{ID: "route.status", At: "cognito.discovery", Params: map[string]string{"status": "503"}}, 1)
	require.NoError(t, err)
	require.Equal(t, []int{503, 200}, []int{status(), status()}, "it acts once")
	require.NoError(t, remove(t.Context()))
	require.Error(t, remove(t.Context()))
	_, err = c.AddFault(t.Context(), conformance.Fault{ID: "none"}, 0)
	require.ErrorContains(t, err, "none")
}

// A sign-in to what Target describes, by the client of HTTPClient, in both kinds of lab; and its hops are seen.
func TestTarget(t *testing.T) {
	t.Parallel()
	for name, names := range map[string]string{"ports": "", "localhost": ssolab.NamesLocalhost, "vendor": ssolab.NamesVendor} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = names })
			c := client.New(lab.URLs().Console, nil)
			target, err := labcontrol.Target(t.Context(), c, "")
			require.NoError(t, err)
			u := lab.URLs()
			require.Equal(t, []string{u.Issuer, u.Domain, u.Scalekit, u.App, labcontrol.DefaultEmail, u.App + "/"},
				[]string{target.Issuer, target.Domain, target.Scalekit.EnvironmentURL, target.AppURL, target.Email, target.Client.LogoutURI})
			require.Equal(t, lab.Variable("COGNITO_PUBLIC_CLIENT_ID"), target.OtherClient.ID)
			require.Equal(t, lab.Variable("SCALEKIT_CLIENT_SECRET"), target.Scalekit.ClientSecret.Reveal())
			hc, err := labcontrol.HTTPClient(t.Context(), c, target, 10*time.Second)
			require.NoError(t, err)
			t.Cleanup(hc.CloseIdleConnections)
			flow := conformance.Flow{Target: target, Client: hc, Now: lab.Now, Driver: &conformance.HTTPDriver{Client: hc}}
			_, err = flow.Run(t.Context())
			require.NoError(t, err)
			hops, err := labcontrol.New(c).(conformance.Observer).Hops(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, hops)
		})
	}
}

func TestNoLab(t *testing.T) {
	t.Parallel()
	c := client.New("http://127.0.0.1:1", nil)
	_, err := labcontrol.Target(t.Context(), c, "")
	require.ErrorContains(t, err, "ask the lab for its variables")
	_, err = labcontrol.Clock(t.Context(), c)
	require.ErrorContains(t, err, "ask the lab for its time")
	_, err = labcontrol.HTTPClient(t.Context(), c, &conformance.Target{}, time.Second)
	require.ErrorContains(t, err, "ask the lab for its network")
	_, err = labcontrol.New(c).(conformance.Observer).Hops(t.Context())
	require.Error(t, err)
}
