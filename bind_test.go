package ssolab_test

import (
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// A lab listens on loopback only, unless it is told of more addresses.
func TestBind(t *testing.T) {
	t.Parallel()
	const other = "127.0.0.2" // loopback too, but not one that a lab takes by itself
	for name, c := range map[string]struct {
		bind []string
		want bool
	}{
		"loopback": {nil, false}, "loopback named": {[]string{"127.0.0.1", "::1"}, false},
		"all": {[]string{"0.0.0.0"}, true}, "one more": {[]string{other}, true}, "one of all": {[]string{other, "0.0.0.0"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, func(cfg *ssolab.Config) { cfg.Bind = c.bind })
			u, err := url.Parse(l.URLs().Cognito)
			require.NoError(t, err)
			for host, want := range map[string]bool{"127.0.0.1": true, other: c.want} {
				resp, err := http.Get("http://" + net.JoinHostPort(host, u.Port()) + "/us-east-1_SsoLab001/.well-known/openid-configuration")
				if !want {
					require.Error(t, err, host)
					continue
				}
				require.NoError(t, err, host)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusOK, resp.StatusCode)
			}
		})
	}
	_, err := ssolab.New(ssolab.Config{Bind: []string{"lo", "127.0.0.1:80"}})
	require.ErrorContains(t, err, `bind[0]: "lo" is no IP address`)
	require.ErrorContains(t, err, `bind[1]: "127.0.0.1:80" is no IP address`)
}
