package ssolab_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
)

// cognitoSDK is the vendor's client for a lab.
func cognitoSDK(l *ssolab.Lab) *cip.Client {
	return cip.New(cip.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(l.Variable("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER")), HTTPClient: l.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1,
	})
}

// setUpByAPI makes a pool with a domain, a provider that is the lab's Scalekit, and a client; what signs in to it.
func setUpByAPI(t *testing.T, l *ssolab.Lab) (poolID string, target *conformance.Target) {
	t.Helper()
	ctx, client := t.Context(), cognitoSDK(l)
	pool, err := client.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("made")})
	require.NoError(t, err)
	id := pool.UserPool.Id
	_, err = client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: id, Domain: aws.String("fresh")})
	require.NoError(t, err)
	_, err = client.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{
		UserPoolId: id, ProviderName: aws.String("Fresh"), ProviderType: "OIDC", AttributeMapping: map[string]string{"email": "email"},
		ProviderDetails: map[string]string{
			"client_id": l.Variable("SCALEKIT_CLIENT_ID"), "client_secret": l.Variable("SCALEKIT_CLIENT_SECRET"), "oidc_issuer": l.URLs().Scalekit,
			"authorize_scopes": "openid email profile", "attributes_request_method": "GET",
		},
	})
	require.NoError(t, err)
	app, err := client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: id, ClientName: aws.String("app"), GenerateSecret: true, SupportedIdentityProviders: []string{"Fresh"}, CallbackURLs: []string{"http://localhost:3000/cb"},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"},
	})
	require.NoError(t, err)
	return *id, &conformance.Target{
		Issuer: l.URLs().Cognito + "/" + *id, Email: "john@example.com", Provider: conformance.Provider{IdentityProvider: "Fresh"},
		Client: conformance.Client{ID: *app.UserPoolClient.ClientId, Secret: conformance.Secret(*app.UserPoolClient.ClientSecret), RedirectURI: "http://localhost:3000/cb", Scopes: []string{"openid", "email"}},
	}
}

func signInTo(t *testing.T, l *ssolab.Lab, target *conformance.Target) *conformance.Journey {
	t.Helper()
	client := l.HTTPClient()
	journey, err := (&conformance.Flow{Target: target, Client: client, Driver: &conformance.HTTPDriver{Client: client}}).Run(t.Context())
	require.NoError(t, err)
	return journey
}

// What the vendor's SDK makes while the lab runs signs in at once, in every mode: listener, certificates, routing and
// Scalekit's allowed callbacks follow, under the prefix and under a custom domain.
func TestADomainMadeWhileTheLabRunsSignsIn(t *testing.T) {
	t.Parallel()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, edit)
			before := len(l.Resolve())
			id, target := setUpByAPI(t, l)
			require.Contains(t, string(signInTo(t, l, target).UserInfo), `"username":"Fresh_conn_`)
			require.NotEmpty(t, l.SignIns(), "and it is in the trace")
			if name == "plain" || name == "tls" {
				return
			}
			require.Len(t, l.Resolve(), before+1)

			const custom = "auth.fresh.example"
			client := cognitoSDK(l)
			_, err := client.CreateUserPoolDomain(t.Context(), &cip.CreateUserPoolDomainInput{UserPoolId: &id, Domain: aws.String(custom), CustomDomainConfig: &types.CustomDomainConfigType{
				CertificateArn: aws.String("arn:aws:acm:us-east-1:000000000000:certificate/c"),
			}})
			require.NoError(t, err)
			port := l.URLs().App[len("https://app.localhost"):]
			start := "https://" + custom + port + "/oauth2/authorize?response_type=code&client_id=" + target.Client.ID + "&redirect_uri=http://localhost:3000/cb&identity_provider=Fresh&login_hint=john@example.com"
			next := func(from string) string {
				client := l.HTTPClient()
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				resp, err := client.Get(from)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusFound, resp.StatusCode, from)
				return resp.Header.Get("Location")
			}
			require.Contains(t, next(next(start)), l.URLs().IdP, "Scalekit takes the custom domain's callback")

			_, err = client.DeleteUserPoolDomain(t.Context(), &cip.DeleteUserPoolDomainInput{UserPoolId: &id, Domain: aws.String(custom)})
			require.NoError(t, err)
			_, err = l.HTTPClient().Get(start)
			require.Error(t, err, "a domain that is deleted is served no more")
		})
	}
}

func TestASetUpMadeByTheAPISurvivesARestart(t *testing.T) {
	t.Parallel()
	dir, ports := t.TempDir(), freePorts(t)
	l := startOn(t, ports, dir)
	_, target := setUpByAPI(t, l)
	before := signInTo(t, l, target)
	require.NoError(t, l.Close())

	l = startOn(t, ports, dir)
	require.Equal(t, string(before.UserInfo), string(signInTo(t, l, target).UserInfo))
	require.NoError(t, l.Reset(t.Context()))
	client := l.HTTPClient()
	_, err := (&conformance.Flow{Target: target, Client: client, Driver: &conformance.HTTPDriver{Client: client}}).Run(t.Context())
	require.Error(t, err, "a reset goes back to what is declared")
}
