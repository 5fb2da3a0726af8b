package ssolab_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// ownLab is a lab with a pool of one client, and edits.
func ownLab(edit ...func(*ssolab.Config)) ssolab.Config {
	c := ssolab.Config{UserPools: []mockcognito.UserPool{{
		ID: "us-east-1_Own", Domain: "own",
		Clients:   []mockcognito.AppClient{{ID: "one", CallbackURLs: []string{"http://localhost:3000/cb"}, IdentityProviders: []string{"Router"}}},
		Providers: []mockcognito.IdentityProvider{{Name: "Router", Scopes: "openid email", Identifiers: []string{"example.com"}, AttributeMapping: map[string]string{"email": "email"}}},
	}}}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func run(t *testing.T, cfg ssolab.Config) *ssolab.Lab {
	t.Helper()
	return ssolab.Run(t, func(c *ssolab.Config) { *c = cfg })
}

func changesOf(t *testing.T, l *ssolab.Lab, cfg ssolab.Config) []string {
	t.Helper()
	done, err := l.Reload(t.Context(), cfg)
	require.NoError(t, err)
	var out []string
	for _, c := range done.Changes {
		out = append(out, c.Op+" "+c.What)
	}
	return out
}

// A reload changes what is declared and nothing else: the browser's session, the app's refresh token and the sub of a person
// who signs in again stay.
func TestAReloadLosesNobody(t *testing.T) {
	t.Parallel()
	l := run(t, ownLab())
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	journey := signInWith(t, l, jar)
	cfg := ownLab(func(c *ssolab.Config) {
		p := &c.UserPools[0]
		p.Clients[0].Name = "Renamed"
		p.Clients = append(p.Clients, mockcognito.AppClient{ID: "two", CallbackURLs: []string{"http://localhost:3000/cb"}, IdentityProviders: []string{"Router"}})
		p.Groups = []mockcognito.Group{{Name: "staff"}}
		p.Users = []mockcognito.User{{Username: "ada", Password: "Correct-horse-1"}}
		c.UserPools = append(c.UserPools, mockcognito.UserPool{ID: "us-east-1_More", Clients: []mockcognito.AppClient{{ID: "more"}}})
		c.Scalekit.People = append(mockscalekit.DefaultEnvironment().People[1:], mockscalekit.Person{Email: "ada@example.com", GivenName: "Ada"})
		c.Quirks = map[string]bool{"userinfo-string-booleans": false}
	})
	require.Equal(t, []string{
		"added user pool us-east-1_More", "changed app client one", "added app client two", "added group staff", "added user ada", "added app client more",
		"added person ada@example.com", "removed person john@example.com", "changed quirk userinfo-string-booleans",
	}, changesOf(t, l, cfg))
	require.Empty(t, changesOf(t, l, cfg), "once is enough")

	status, answer := refresh(t, l, string(journey.Tokens.RefreshToken))
	require.Equal(t, http.StatusOK, status, answer)
	tokens := exchange(t, l, browse(t, jar, l, nil))
	_, info := get(t, l.URLs().Domain+"/oauth2/userInfo", tokens["access_token"].(string))
	require.Contains(t, info, `"email_verified":false`, "the quirk is off")
	require.Contains(t, l.Emails(), "ada@example.com")
	require.Contains(t, string(signIn(t, l, "ada@example.com", "openid", "email").UserInfo), "ada@example.com")
	status, page := get(t, l.URLs().App, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "ada@example.com", "the sample app knows whom to try")

	require.NoError(t, l.Reset(t.Context()))
	require.Equal(t, []string{"changed quirk userinfo-string-booleans"}, slices.DeleteFunc(changesOf(t, l, ownLab()), func(s string) bool { return !strings.Contains(s, "quirk") }), "a reset goes back to what was declared last")
}

// What is wrong is told whole, and nothing is changed by half: neither by a mistake nor by what an API has made.
func TestAReloadThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	l := run(t, ownLab())
	journey := signIn(t, l, "john@example.com", "openid", "email")
	_, err := l.Reload(t.Context(), ownLab(func(c *ssolab.Config) {
		c.UserPools[0].Clients[0].CallbackURLs = []string{"/relative"}
		c.Scalekit.Organizations = []mockscalekit.Organization{{ID: "acme"}}
	}))
	require.ErrorContains(t, err, "callback_urls[0]")
	require.ErrorContains(t, err, "organizations[0]")
	_, err = l.Reload(t.Context(), ownLab(func(c *ssolab.Config) { c.Faults = []ssolab.FaultRule{{Fault: "no.such"}} }))
	require.ErrorContains(t, err, `faults[0]: unknown fault "no.such"`)

	api := apiOf(l)
	made, err := api.CreateUserPoolClient(t.Context(), &cognitoidentityprovider.CreateUserPoolClientInput{UserPoolId: aws.String("us-east-1_Own"), ClientName: aws.String("by the API")})
	require.NoError(t, err)
	_, err = l.Reload(t.Context(), ownLab(func(c *ssolab.Config) {
		c.UserPools[0].Clients = append(c.UserPools[0].Clients, mockcognito.AppClient{ID: *made.UserPoolClient.ClientId})
		c.Scalekit.Organizations = []mockscalekit.Organization{} // Scalekit comes first, and has to go back
	}))
	require.ErrorContains(t, err, "was made by the user pools API and is not declared")
	require.Equal(t, string(journey.UserInfo), string(signIn(t, l, "john@example.com", "openid", "email").UserInfo))
	require.Empty(t, changesOf(t, l, ownLab()), "nothing has changed")
	_, err = api.DescribeUserPoolClient(t.Context(), &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: aws.String("us-east-1_Own"), ClientId: made.UserPoolClient.ClientId})
	require.NoError(t, err, "what the API made stays")
}

func apiOf(l *ssolab.Lab) *cognitoidentityprovider.Client {
	return cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: l.Variable("AWS_REGION"), BaseEndpoint: aws.String(l.URLs().Cognito), Credentials: credentials.NewStaticCredentialsProvider("ssolab", "ssolab", ""),
	})
}

// Faults that are declared follow their declaration; those of the control API stay.
func TestAReloadAndFaults(t *testing.T) {
	t.Parallel()
	slow := ssolab.FaultRule{ID: "declared", Fault: "route.status", At: "cognito.discovery", Params: map[string]string{"status": "503"}}
	l := run(t, ownLab(func(c *ssolab.Config) { c.Faults = []ssolab.FaultRule{slow} }))
	discovery := l.URLs().Issuer + "/.well-known/openid-configuration"
	status, _ := get(t, discovery, "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	own, err := l.AddFault(ssolab.FaultRule{ID: "own", Fault: "route.status", At: "cognito.keys", Params: map[string]string{"status": "500"}})
	require.NoError(t, err)
	require.Equal(t, []string{"changed faults"}, changesOf(t, l, ownLab()))
	status, _ = get(t, discovery, "")
	require.Equal(t, http.StatusOK, status)
	status, _ = get(t, l.URLs().Issuer+"/.well-known/jwks.json", "")
	require.Equal(t, http.StatusInternalServerError, status)
	_, err = l.Reload(t.Context(), ownLab(func(c *ssolab.Config) {
		c.Faults = []ssolab.FaultRule{{ID: own.ID, Fault: "route.drop", At: "cognito.keys"}}
	}))
	require.ErrorContains(t, err, `there is a rule "own" already`)
}

func TestWhatNeedsARestartIsTold(t *testing.T) {
	t.Parallel()
	l := run(t, ownLab())
	done, err := l.Reload(t.Context(), ownLab(func(c *ssolab.Config) {
		c.PortBase, c.Names, c.Data, c.Bind = 9500, ssolab.NamesVendor, "/elsewhere", []string{"0.0.0.0"}
	}))
	require.NoError(t, err)
	require.Equal(t, []string{"data", "listen.bind", "listen.names", "listen.port_base"}, done.Restart)
	require.True(t, strings.HasPrefix(l.URLs().Domain, "http://localhost:"), "the lab is where it was")
	signIn(t, l, "john@example.com", "openid", "email")
}

func TestAReloadOfTheSource(t *testing.T) {
	t.Parallel()
	var next error
	cfg := ownLab()
	cfg.Source = func() (ssolab.Config, error) { return ownLab(), next }
	l := run(t, cfg)
	require.True(t, l.CanReload())
	done, err := l.ReloadSource(t.Context())
	require.NoError(t, err)
	require.Empty(t, done.Changes)
	next = errors.New("no such file")
	_, err = l.ReloadSource(t.Context())
	require.ErrorIs(t, err, next)
	require.False(t, run(t, ownLab()).CanReload())
}

// A lab that declares nothing: the APIs make what there is, and its variables and sample app follow.
func TestAnEmptyLab(t *testing.T) {
	t.Parallel()
	l := run(t, ssolab.Config{Empty: true, Data: t.TempDir()})
	require.Empty(t, l.Emails())
	require.Empty(t, l.URLs().Issuer)
	require.Empty(t, l.Variable("COGNITO_CLIENT_ID"))
	require.NotEmpty(t, l.Variable("SCALEKIT_CLIENT_SECRET"))
	require.Equal(t, "us-east-1", l.Variable("AWS_REGION"))
	status, page := get(t, l.URLs().App, "")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, page, "Make a user pool with a domain and an app client")
	status, _ = get(t, l.URLs().Console, "")
	require.Equal(t, http.StatusOK, status)

	ctx, api := context.Background(), apiOf(l)
	pool, err := api.CreateUserPool(ctx, &cognitoidentityprovider.CreateUserPoolInput{PoolName: aws.String("mine")})
	require.NoError(t, err)
	client, err := api.CreateUserPoolClient(ctx, &cognitoidentityprovider.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: aws.String("app"), GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid", "email"},
		CallbackURLs: []string{l.URLs().App + "/auth/callback"}, SupportedIdentityProviders: []string{"COGNITO"},
	})
	require.NoError(t, err)
	_, err = api.CreateUserPoolDomain(ctx, &cognitoidentityprovider.CreateUserPoolDomainInput{UserPoolId: pool.UserPool.Id, Domain: aws.String("mine")})
	require.NoError(t, err)
	require.Equal(t, *pool.UserPool.Id, l.Variable("COGNITO_USER_POOL_ID"))
	require.Equal(t, *client.UserPoolClient.ClientSecret, l.Variable("COGNITO_CLIENT_SECRET"))
	require.True(t, strings.HasSuffix(l.Variable("COGNITO_ISSUER"), "/"+*pool.UserPool.Id))
	status, _ = get(t, l.URLs().App, "")
	require.Equal(t, http.StatusOK, status, "the sample app signs in with it now")

	resp, err := http.Get(l.URLs().Console + "/api/v1/env")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), *client.UserPoolClient.ClientId)
}
