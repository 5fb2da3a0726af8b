package ssolab_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// target describes a lab to the conformance package, which knows nothing of it.
func target(l *ssolab.Lab, email string, scopes ...string) *conformance.Target {
	return &conformance.Target{
		Issuer: l.URLs().Issuer, Domain: l.URLs().Domain, Email: email,
		Client: conformance.Client{
			ID: l.Variable("COGNITO_CLIENT_ID"), Secret: conformance.Secret(l.Variable("COGNITO_CLIENT_SECRET")),
			RedirectURI: l.Variable("COGNITO_REDIRECT_URI"), Scopes: scopes,
		},
		Provider: conformance.Provider{IdentityProvider: l.Variable("COGNITO_IDENTITY_PROVIDER")},
	}
}

func signIn(t *testing.T, l *ssolab.Lab, email string, scopes ...string) *conformance.Journey {
	t.Helper()
	journey, err := (&conformance.Flow{Target: target(l, email, scopes...)}).Run(t.Context())
	require.NoError(t, err)
	return journey
}

func TestDefaultLabSignsJohnIn(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t)
	journey := signIn(t, l, "john@example.com", "openid", "email")
	require.Equal(t, `{"sub":"807c593c-d0c1-709c-598f-633ec61bcc8b","email_verified":"false","email":"john@example.com","username":"ScalekitIdPRouter_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af"}`, string(journey.UserInfo))
}

func TestEverybodyOfTheDefaultLabCanSignIn(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t)
	for _, email := range append(l.Emails(), "somebody.new@example.org") {
		var info map[string]string
		require.NoError(t, json.Unmarshal(signIn(t, l, email, "openid", "email", "profile").UserInfo, &info), email)
		require.Equal(t, email, info["email"])
		require.NotEmpty(t, info["given_name"])
		require.Equal(t, info["given_name"], info["name"], "name is mapped from given_name")
	}
}

func TestTheSamePersonIsTheSameInEveryLab(t *testing.T) {
	t.Parallel()
	one := signIn(t, ssolab.Run(t), "enterpriseuser@example.org", "openid", "email")
	other := signIn(t, ssolab.Run(t), "enterpriseuser@example.org", "openid", "email")
	require.Equal(t, string(one.UserInfo), string(other.UserInfo))
}

func TestVariablesAreTheContract(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t)
	var names []string
	for _, v := range l.Variables() {
		names = append(names, v.Name)
		require.NotEmpty(t, v.Value, v.Name)
	}
	require.Equal(t, []string{
		"COGNITO_ISSUER", "COGNITO_DOMAIN_URL", "COGNITO_USER_POOL_ID", "COGNITO_CLIENT_ID", "COGNITO_CLIENT_SECRET",
		"COGNITO_PUBLIC_CLIENT_ID", "COGNITO_IDENTITY_PROVIDER", "COGNITO_REDIRECT_URI", "AWS_REGION",
		"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SCALEKIT_ENVIRONMENT_URL",
		"SCALEKIT_CLIENT_ID", "SCALEKIT_CLIENT_SECRET", "SSOLAB_CONSOLE_URL", "SSOLAB_APP_URL",
	}, names)
	require.Equal(t, "us-east-1_SsoLab001", l.Variable("COGNITO_USER_POOL_ID"))
	require.Equal(t, "ssolabclient00000000000001", l.Variable("COGNITO_CLIENT_ID"))
	require.Equal(t, l.URLs().App+"/auth/callback", l.Variable("COGNITO_REDIRECT_URI"))
}

func TestCallbackAndSignOutAreAddedToTheMainClient(t *testing.T) {
	t.Parallel()
	const callback, signOut = "http://localhost:8080/cb", "http://localhost:8080/bye"
	l := ssolab.Run(t, func(c *ssolab.Config) { c.Callbacks, c.SignOuts = []string{callback}, []string{signOut} })
	require.Equal(t, callback, l.Variable("COGNITO_REDIRECT_URI"))
	signIn(t, l, "john@example.com", "openid", "email")
	require.Equal(t, signOut, location(t, l.URLs().Domain+"/logout?client_id="+l.Variable("COGNITO_CLIENT_ID")+"&logout_uri="+signOut))
}

func TestBothLoopbackNamesServeASignIn(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t)
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		other := strings.Replace(l.URLs().Domain, "localhost", host, 1)
		to := location(t, other+"/oauth2/authorize?response_type=code&client_id="+l.Variable("COGNITO_CLIENT_ID")+"&redirect_uri="+l.Variable("COGNITO_REDIRECT_URI")+"&identity_provider=ScalekitIdPRouter&login_hint=john@example.com")
		to = location(t, to)
		require.Contains(t, to, l.URLs().IdP+"/", "Scalekit takes the callback of %s", host)
	}
}

func location(t *testing.T, from string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(from)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusFound, resp.StatusCode, from)
	return resp.Header.Get("Location")
}

func TestResetForgetsPeopleAndPutsSwitchesBack(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.Faults = []ssolab.FaultRule{{Fault: "idt.nonce_wrong", Match: map[string]string{"client_id": "nobody"}}}
	})
	signIn(t, l, "john@example.com", "openid")
	_, err := l.AddFault(ssolab.FaultRule{Fault: "jwks.empty", At: "cognito.keys.document"})
	require.NoError(t, err)
	l.Advance(time.Hour)
	_, err = (&conformance.Flow{Target: target(l, "john@example.com", "openid")}).Run(t.Context())
	require.Error(t, err)
	require.NoError(t, l.Reset(t.Context()))
	signIn(t, l, "john@example.com", "openid")
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(l.URLs().Console, "http://"))
	require.NoError(t, err)
	var base int
	_, err = fmt.Sscan(port, &base)
	require.NoError(t, err)
	second, err := ssolab.New(ssolab.Config{PortBase: base})
	require.NoError(t, err)
	err = second.Start(t.Context())
	var taken *ssolab.PortError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, "console", taken.Party)
	require.Equal(t, "localhost:"+port, taken.Addr)
	require.NoError(t, second.Close())
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	l, err := ssolab.New(ssolab.Config{})
	require.NoError(t, err)
	require.NoError(t, l.Close(), "before it started")
	require.NoError(t, l.Start(context.Background()))
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	_, err = http.Get(l.URLs().Issuer)
	require.Error(t, err)
}

func TestConfigProblemsAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := ssolab.New(ssolab.Config{
		PortBase: 70000, Callbacks: []string{"http://example.com/cb"}, SignOuts: []string{"x"}, Quirks: map[string]bool{"gravity": false},
		UserPools: []mockcognito.UserPool{{ID: "x"}}, Scalekit: mockscalekit.Environment{Mode: "sideways"},
	})
	require.Error(t, err)
	for _, want := range []string{"port base", "callbacks[0]", "sign-outs[0]", "gravity", "user_pools[0].id", "sideways"} {
		require.Contains(t, err.Error(), want)
	}
}

func TestAPoolOfOnesOwn(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) {
		c.UserPools = []mockcognito.UserPool{{
			ID: "eu-north-1_6m0O668r5", Domain: "megasoft",
			Clients:   []mockcognito.AppClient{{ID: "k6tana1l8b0bvhk9gfijkurr6", CallbackURLs: []string{"http://localhost:3000/auth/callback"}, IdentityProviders: []string{"ScalekitOIDC123"}}},
			Providers: []mockcognito.IdentityProvider{{Name: "ScalekitOIDC123", Scopes: "openid email", AttributeMapping: map[string]string{"email": "email"}}},
		}}
	})
	require.Equal(t, "eu-north-1", l.Variable("AWS_REGION"))
	require.Equal(t, "k6tana1l8b0bvhk9gfijkurr6", l.Variable("COGNITO_PUBLIC_CLIENT_ID"))
	journey := signIn(t, l, "jane@example.com", "openid", "email")
	require.Contains(t, string(journey.UserInfo), `"username":"ScalekitOIDC123_conn_60040666217971987;`)
}

func ExampleRun() {
	t := new(testing.T) // the test's own
	lab := ssolab.Run(t)
	defer func() { _ = lab.Close() }()
	fmt.Println(lab.Variable("COGNITO_CLIENT_ID"), lab.Variable("COGNITO_USER_POOL_ID"))
	// Output: ssolabclient00000000000001 us-east-1_SsoLab001
}
