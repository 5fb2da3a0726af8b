package ssolab_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/mockcognito"
)

// modes are the ways in which a lab can be reached.
var modes = map[string]func(*ssolab.Config){
	"plain":           func(*ssolab.Config) {},
	"tls":             func(c *ssolab.Config) { c.TLS = true },
	"names localhost": func(c *ssolab.Config) { c.Names = ssolab.NamesLocalhost },
	"names vendor":    func(c *ssolab.Config) { c.Names = ssolab.NamesVendor },
}

func TestEveryModeSignsIn(t *testing.T) {
	t.Parallel()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, edit)
			client := l.HTTPClient()
			flow := conformance.Flow{Target: target(l, "john@example.com", "openid", "email"), Client: client, Driver: &conformance.HTTPDriver{Client: client}}
			journey, err := flow.Run(t.Context())
			require.NoError(t, err)
			require.Contains(t, string(journey.UserInfo), `"sub":"807c593c-d0c1-709c-598f-633ec61bcc8b"`)
			for _, hop := range journey.Visit.Hops {
				require.Equal(t, name != "plain", strings.HasPrefix(hop.URL, "https://"), hop.URL)
			}
		})
	}
}

func TestVendorNames(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, modes["names vendor"])
	u := l.URLs()
	port := u.Scalekit[strings.LastIndex(u.Scalekit, ":"):]
	require.Equal(t, "https://cognito-idp.us-east-1.amazonaws.com"+port+"/us-east-1_SsoLab001", u.Issuer)
	require.Equal(t, "https://ssolab.auth.us-east-1.amazoncognito.com"+port, u.Domain)
	require.Equal(t, "https://ssolab.scalekit.dev"+port, u.Scalekit)
	require.Equal(t, "https://oidc.scalekit.dev"+port, u.IdP)

	client := l.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	get := func(target string) *http.Response {
		resp, err := client.Get(target)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp
	}
	require.Equal(t, 2, get(u.Issuer+"/.well-known/openid-configuration").ProtoMajor)
	for _, wrong := range []string{
		u.Domain + "/us-east-1_SsoLab001/.well-known/openid-configuration", u.Domain + "/us-east-1_SsoLab001/.well-known/jwks.json",
		u.Cognito + "/oauth2/authorize", u.Cognito + "/oauth2/userInfo", u.Cognito + "/login",
	} {
		require.Equal(t, http.StatusNotFound, get(wrong).StatusCode, wrong)
	}
	resp := get(u.Domain + "/oauth2/authorize?response_type=code&client_id=ssolabclient00000000000001&redirect_uri=" + u.App + "/auth/callback&identity_provider=ScalekitIdPRouter")
	cookies := resp.Header.Values("Set-Cookie")
	require.Len(t, cookies, 3)
	require.Regexp(t, `^XSRF-TOKEN=[0-9a-f-]{36}; Path=/; HttpOnly; Secure; SameSite=Lax$`, cookies[0])
	require.Regexp(t, `^csrf-state=[\w-]+; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=None$`, cookies[1])
	require.Regexp(t, `^csrf-state-legacy=[\w-]+; Path=/; Max-Age=300; HttpOnly; Secure$`, cookies[2])
	require.Equal(t, "max-age=31536000 ; includeSubDomains", resp.Header.Get("Strict-Transport-Security"))
}

func TestHSTSIsNeverSentForLocalhost(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"tls", "names localhost"} {
		l := ssolab.Run(t, modes[mode])
		for _, u := range []string{l.URLs().Domain, l.URLs().Issuer, l.URLs().Scalekit, l.URLs().App, l.URLs().IdP, l.URLs().Console} {
			resp, err := l.HTTPClient().Get(u)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Empty(t, resp.Header.Get("Strict-Transport-Security"), u)
		}
	}
}

func TestConsoleAnswersUnderItsNameToo(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, modes["names localhost"])
	port := l.URLs().App[strings.LastIndex(l.URLs().App, ":"):]
	for _, base := range []string{l.URLs().Console, "https://console.localhost" + port} {
		resp, err := l.HTTPClient().Get(base + "/api/v1/health")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode, base)
	}
}

func TestUnknownHostIsMisdirected(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, modes["names localhost"])
	req, err := http.NewRequest(http.MethodGet, l.URLs().App, nil)
	require.NoError(t, err)
	req.Host = "elsewhere.example"
	resp, err := l.HTTPClient().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
}

// Two pools in two regions, one with a custom domain and one with the UPDATED issuer: each domain serves its own pool.
func TestPoolsDomainsAndIssuers(t *testing.T) {
	t.Parallel()
	pool := func(id, domain, client string) mockcognito.UserPool {
		return mockcognito.UserPool{
			ID: id, Domain: domain,
			Clients:   []mockcognito.AppClient{{ID: client, CallbackURLs: []string{"http://localhost:3000/cb"}, IdentityProviders: []string{"Scalekit"}}},
			Providers: []mockcognito.IdentityProvider{{Name: "Scalekit", Scopes: "openid email", AttributeMapping: map[string]string{"email": "email"}}},
		}
	}
	one, two := pool("eu-north-1_Aaaaaaaaa", "one", "clientone"), pool("us-west-2_Bbbbbbbbb", "two", "clienttwo")
	two.UpdatedIssuer = true
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.Names, c.UserPools = ssolab.NamesVendor, []mockcognito.UserPool{one, two}
	})
	port := l.URLs().App[strings.LastIndex(l.URLs().App, ":"):]
	client := l.HTTPClient()
	run := func(issuer, clientID string) (*conformance.Journey, error) {
		tg := &conformance.Target{
			Issuer: issuer, Email: "john@example.com", Provider: conformance.Provider{IdentityProvider: "Scalekit"},
			Client: conformance.Client{ID: clientID, RedirectURI: "http://localhost:3000/cb", Scopes: []string{"openid", "email"}},
		}
		return (&conformance.Flow{Target: tg, Client: client, Driver: &conformance.HTTPDriver{Client: client}}).Run(t.Context())
	}
	first, err := run("https://cognito-idp.eu-north-1.amazonaws.com"+port+"/eu-north-1_Aaaaaaaaa", "clientone")
	require.NoError(t, err)
	second, err := run("https://issuer-cognito-idp.us-west-2.amazonaws.com"+port+"/us-west-2_Bbbbbbbbb", "clienttwo")
	require.NoError(t, err)
	require.NotEqual(t, string(first.UserInfo), string(second.UserInfo), "each pool has a profile of its own")
	_, err = run("https://cognito-idp.eu-north-1.amazonaws.com"+port+"/eu-north-1_Aaaaaaaaa", "clienttwo")
	require.Error(t, err, "a domain serves its own pool only")
}

func TestCustomDomain(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.Names, c.TLSPort = ssolab.NamesVendor, 0
		p := mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})
		p.CustomDomains = []string{"auth.megasoft.example"}
		c.UserPools = []mockcognito.UserPool{p}
	})
	port := l.URLs().App[strings.LastIndex(l.URLs().App, ":"):]
	client := l.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get("https://auth.megasoft.example" + port + "/oauth2/authorize?response_type=code&client_id=ssolabclient00000000000001&redirect_uri=http://localhost:3000/auth/callback&identity_provider=ScalekitIdPRouter&login_hint=john@example.com")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	to, err := resp.Location()
	require.NoError(t, err)
	require.Equal(t, "https://auth.megasoft.example"+port+"/oauth2/idpresponse", to.Query().Get("redirect_uri"), "the host that the browser came in on")
	resp, err = client.Get(to.String())
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusFound, resp.StatusCode, "Scalekit knows the custom domain's callback")
}
