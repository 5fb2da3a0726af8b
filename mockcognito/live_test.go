package mockcognito_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
)

// named is a service with a host name for each region and domain, asked without a network.
func named(t *testing.T, pools ...mockcognito.UserPool) (*mockcognito.Server, mockcognito.Config, func(host, path string) (int, string)) {
	t.Helper()
	kit := party.NewKit(lab.New(lab.Options{Keys: fixedKeys{}}), quirk.NewSet(mockcognito.Quirks()), nil)
	t.Cleanup(func() { require.NoError(t, kit.Close()) })
	cfg := mockcognito.Config{
		Kit: kit, URL: "https://cognito-idp.us-east-1.test", UserPools: pools,
		Addresses: mockcognito.Addresses{
			API: func(region string) string { return "https://cognito-idp." + region + ".test" },
			Issuer: func(region string, updated bool) string {
				if updated {
					return "https://issuer-cognito-idp." + region + ".test"
				}
				return "https://cognito-idp." + region + ".test"
			},
			PrefixDomain: func(region, prefix string) string { return "https://" + prefix + ".auth." + region + ".test" },
			CustomDomain: func(host string) string { return "https://" + host },
		},
	}
	s, err := mockcognito.New(cfg)
	require.NoError(t, err)
	return s, cfg, func(host, path string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "https://"+host+path, nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		body, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		return w.Code, string(body)
	}
}

func TestReloadServesDomainsAndIssuersAtOnce(t *testing.T) {
	t.Parallel()
	p := testPool("https://idp.test")
	s, cfg, get := named(t, p)
	authorize := "/oauth2/authorize?" + params()
	status, _ := get("ssolab.auth.us-east-1.test", authorize)
	require.NotEqual(t, http.StatusNotFound, status)
	status, body := get("other.auth.us-east-1.test", authorize)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, body, "are on ssolab.auth.us-east-1.test")

	p.Domain, p.CustomDomains, p.UpdatedIssuer = "other", []string{"auth.example.com"}, true
	second := mockcognito.UserPool{ID: "eu-west-1_Second001", Domain: "second", Clients: []mockcognito.AppClient{{ID: "secondclient"}}}
	cfg.UserPools = []mockcognito.UserPool{p, second}
	require.NoError(t, s.Reload(t.Context(), cfg))
	for host, want := range map[string]bool{"ssolab.auth.us-east-1.test": false, "other.auth.us-east-1.test": true, "auth.example.com": true, "second.auth.eu-west-1.test": true} {
		status, _ := get(host, authorize)
		require.Equal(t, want, status != http.StatusNotFound, host)
		require.Equal(t, want, s.ServesHost(host), host)
	}
	require.Equal(t, []string{
		"auth.example.com", "cognito-idp.eu-west-1.test", "cognito-idp.us-east-1.test", "issuer-cognito-idp.us-east-1.test", "other.auth.us-east-1.test", "second.auth.eu-west-1.test",
	}, s.Hosts())
	require.True(t, s.ServesHost("cognito-idp.ap-southeast-2.test"), "the API is in every region")
	require.False(t, s.ServesHost("cognito-idp.ap-southeast-2.elsewhere"))
	_, body = get("issuer-cognito-idp.us-east-1.test", "/"+poolID+"/.well-known/openid-configuration")
	require.Contains(t, body, `"authorization_endpoint":"https://other.auth.us-east-1.test/oauth2/authorize"`)
	require.Contains(t, body, `"issuer":"https://issuer-cognito-idp.us-east-1.test/`+poolID+`"`)

	cfg.UserPools[0].Clients[0].Secret = "short"
	require.ErrorContains(t, s.Reload(t.Context(), cfg), "user_pools[0].clients[0].secret")
	require.True(t, s.ServesHost("other.auth.us-east-1.test"), "a declaration with a problem changes nothing")
}

func TestAPoolWithoutADomainHasNoOAuthEndpoints(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Domain = "" })
	p := b.get("/oauth2/authorize?" + params())
	require.Equal(t, http.StatusFound, p.status)
	require.Equal(t, "/error", p.location.Path)
	require.Contains(t, b.get(p.location.String()).body, "has no domain")
	doc := b.get("/" + poolID + "/.well-known/openid-configuration").body
	require.NotContains(t, doc, "endpoint\"")
	require.Contains(t, doc, `"jwks_uri"`)
}
