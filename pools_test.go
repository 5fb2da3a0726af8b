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

// A pool, domain, provider and client made by the vendor's SDK while the lab runs, in every mode: listener, certificates,
// routing and Scalekit's allowed callbacks follow at once, under the prefix and under a custom domain.
func TestADomainMadeWhileTheLabRunsSignsIn(t *testing.T) {
	t.Parallel()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := ssolab.Run(t, edit)
			ctx, httpClient := t.Context(), l.HTTPClient()
			client := cip.New(cip.Options{
				Region: "us-east-1", BaseEndpoint: aws.String(l.Variable("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER")), HTTPClient: httpClient,
				Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1,
			})
			pool, err := client.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("made")})
			require.NoError(t, err)
			id := pool.UserPool.Id
			before := len(l.Resolve())
			_, err = client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: id, Domain: aws.String("fresh")})
			require.NoError(t, err)
			_, err = client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: id, Domain: aws.String("auth.fresh.example"), CustomDomainConfig: &types.CustomDomainConfigType{
				CertificateArn: aws.String("arn:aws:acm:us-east-1:000000000000:certificate/c"),
			}})
			require.NoError(t, err)
			if name == "names localhost" || name == "names vendor" {
				require.Len(t, l.Resolve(), before+2)
			}
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
			tg := &conformance.Target{
				Issuer: l.URLs().Cognito + "/" + *id, Email: "john@example.com", Provider: conformance.Provider{IdentityProvider: "Fresh"},
				Client: conformance.Client{ID: *app.UserPoolClient.ClientId, Secret: conformance.Secret(*app.UserPoolClient.ClientSecret), RedirectURI: "http://localhost:3000/cb", Scopes: []string{"openid", "email"}},
			}
			journey, err := (&conformance.Flow{Target: tg, Client: httpClient, Driver: &conformance.HTTPDriver{Client: httpClient}}).Run(ctx)
			require.NoError(t, err)
			require.Contains(t, string(journey.UserInfo), `"username":"Fresh_conn_`)
			require.NotEmpty(t, l.SignIns(), "and it is in the trace")

			if name == "plain" || name == "tls" {
				return
			}
			noRedirects := l.HTTPClient()
			noRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			port := l.URLs().App[len("https://app.localhost"):]
			start := "/oauth2/authorize?response_type=code&client_id=" + *app.UserPoolClient.ClientId + "&redirect_uri=http://localhost:3000/cb&identity_provider=Fresh&login_hint=john@example.com"
			resp, err := noRedirects.Get("https://auth.fresh.example" + port + start)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			resp, err = noRedirects.Get(resp.Header.Get("Location"))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, http.StatusFound, resp.StatusCode, "Scalekit takes the custom domain's callback")

			_, err = client.DeleteUserPoolDomain(ctx, &cip.DeleteUserPoolDomainInput{UserPoolId: id, Domain: aws.String("auth.fresh.example")})
			require.NoError(t, err)
			_, err = l.HTTPClient().Get("https://auth.fresh.example" + port + start)
			require.Error(t, err, "a domain that is deleted is served no more")
		})
	}
}
