package interop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab"
)

// vendorsClient is the client of aws-sdk-go-v2, made from the variables of `ssolab env` as its documentation has it.
func vendorsClient(t *testing.T, env map[string]string) *cip.Client {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(env["AWS_REGION"]),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], "")))
	require.NoError(t, err)
	return cip.NewFromConfig(cfg, func(o *cip.Options) { o.BaseEndpoint = aws.String(env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]) })
}

// made is a set-up that a test has made by the user pools API.
type made struct {
	client           *cip.Client
	pool, app        string
	secret, provider string
	issuer           string
	callback         string
}

const (
	madeProvider = "ScalekitOIDC123"
	madeCallback = "http://localhost:3000/auth/callback"
	apiServer    = "https://api.acme.test"
)

// fromNothing makes a pool, its domain, a resource server, an OIDC provider that is the lab's Scalekit environment, and an
// app client.
func fromNothing(t *testing.T, env map[string]string) *made {
	t.Helper()
	ctx, client := t.Context(), vendorsClient(t, env)
	pool, err := client.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("acme")})
	require.NoError(t, err)
	id := pool.UserPool.Id
	_, err = client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: id, Domain: aws.String("acme")})
	require.NoError(t, err)
	_, err = client.CreateResourceServer(ctx, &cip.CreateResourceServerInput{
		UserPoolId: id, Identifier: aws.String(apiServer), Name: aws.String("Acme"),
		Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("Read things")}},
	})
	require.NoError(t, err)
	_, err = client.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{
		UserPoolId: id, ProviderName: aws.String(madeProvider), ProviderType: types.IdentityProviderTypeTypeOidc,
		ProviderDetails: map[string]string{
			"client_id": env["SCALEKIT_CLIENT_ID"], "client_secret": env["SCALEKIT_CLIENT_SECRET"], "oidc_issuer": env["SCALEKIT_ENVIRONMENT_URL"],
			"authorize_scopes": "openid email profile", "attributes_request_method": "GET",
		},
		AttributeMapping: map[string]string{"email": "email", "given_name": "given_name", "family_name": "family_name", "username": "sub"},
		IdpIdentifiers:   []string{"example.com"},
	})
	require.NoError(t, err)
	app, err := client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: id, ClientName: aws.String("app"), GenerateSecret: true, SupportedIdentityProviders: []string{madeProvider},
		CallbackURLs: []string{madeCallback}, LogoutURLs: []string{"http://localhost:3000/"}, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{types.OAuthFlowTypeCode}, AllowedOAuthScopes: []string{"openid", "email", "profile", apiServer + "/read"},
	})
	require.NoError(t, err)
	return &made{
		client: client, pool: *id, app: *app.UserPoolClient.ClientId, secret: *app.UserPoolClient.ClientSecret, provider: madeProvider,
		issuer: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] + "/" + *id, callback: madeCallback,
	}
}

// program is the app of the set-up.
func (m *made) program(t *testing.T, scopes ...string) *program {
	t.Helper()
	p, transport, err := newProgram(t.Context(), map[string]string{
		"COGNITO_ISSUER": m.issuer, "COGNITO_IDENTITY_PROVIDER": m.provider, "COGNITO_CLIENT_ID": m.app, "COGNITO_CLIENT_SECRET": m.secret, "COGNITO_REDIRECT_URI": m.callback,
	}, false)
	t.Cleanup(transport.CloseIdleConnections)
	require.NoError(t, err)
	p.config.Scopes = append(p.config.Scopes, scopes...)
	return p
}

// refusedAs wants an error of the user pools API of that class.
func refusedAs(t *testing.T, err error, class string) {
	t.Helper()
	var e smithy.APIError
	require.ErrorAs(t, err, &e)
	require.Equal(t, class, e.ErrorCode(), e.ErrorMessage())
}

// refresh is a refresh as x/oauth2 makes it.
func (p *program) refresh(token string) (*oauth2.Token, error) {
	return p.config.TokenSource(p.ctx, &oauth2.Token{RefreshToken: token}).Token()
}

// groupsOf are the groups in a verified ID token of an answer.
func (p *program) groupsOf(t *testing.T, token *oauth2.Token) []string {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := p.verifier.Verify(p.ctx, raw)
	require.NoError(t, err)
	var claims struct {
		Groups []string `json:"cognito:groups"`
	}
	require.NoError(t, id.Claims(&claims))
	return claims.Groups
}

// The vendor's SDK for Go makes a set-up from nothing, a program signs in through it, an administrator does what
// administrators do, and all of it is deleted again.
func TestTheVendorsSDKFromNothing(t *testing.T) {
	t.Parallel()
	env := variables(ssolab.Run(t))
	m := fromNothing(t, env)
	p := m.program(t, "profile", apiServer+"/read")
	got, err := p.signIn(newBrowser(http.DefaultTransport), "john@example.com", oidc.Nonce("n"))
	require.NoError(t, err)
	require.Equal(t, "john@example.com", got.userInfo["email"])
	require.Equal(t, "John", got.userInfo["given_name"])
	username, _ := got.userInfo["username"].(string)
	require.True(t, strings.HasPrefix(username, madeProvider+"_conn_"), username)
	require.Equal(t, []string{m.pool + "_" + madeProvider}, p.groupsOf(t, got.token))

	t.Run("administer", func(t *testing.T) { administer(t, m, p, got, username) })
	m.clearAway(t)
}

func administer(t *testing.T, m *made, p *program, got *signedIn, username string) {
	ctx, client := t.Context(), m.client
	user, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &m.pool, Username: &username})
	require.NoError(t, err)
	require.Equal(t, types.UserStatusTypeExternalProvider, user.UserStatus)
	found, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: &m.pool, Filter: aws.String(`sub = "` + got.idToken.Subject + `"`)})
	require.NoError(t, err)
	require.Len(t, found.Users, 1)
	require.Equal(t, username, *found.Users[0].Username)

	_, err = client.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: &m.pool, GroupName: aws.String("admins"), Precedence: aws.Int32(1)})
	require.NoError(t, err)
	_, err = client.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{UserPoolId: &m.pool, Username: &username, GroupName: aws.String("admins")})
	require.NoError(t, err)
	refreshed, err := p.refresh(got.token.RefreshToken)
	require.NoError(t, err)
	require.Contains(t, p.groupsOf(t, refreshed), "admins", "the next token has the group")

	_, err = client.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{
		UserPoolId: &m.pool, Username: &username, UserAttributes: []types.AttributeType{{Name: aws.String("family_name"), Value: aws.String("Changed")}},
	})
	require.NoError(t, err)
	info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(refreshed))
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, info.Claims(&claims))
	require.Equal(t, "Changed", claims["family_name"])

	_, err = client.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: &m.pool, Username: &username})
	require.NoError(t, err)
	_, err = p.refresh(got.token.RefreshToken)
	require.Error(t, err, "a disabled user's tokens are refused")
	_, err = client.AdminEnableUser(ctx, &cip.AdminEnableUserInput{UserPoolId: &m.pool, Username: &username})
	require.NoError(t, err)
	_, err = p.refresh(got.token.RefreshToken)
	require.NoError(t, err)

	tokens, err := client.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{RefreshToken: &got.token.RefreshToken, ClientId: &m.app, ClientSecret: &m.secret})
	require.NoError(t, err)
	idToken, err := p.verifier.Verify(p.ctx, *tokens.AuthenticationResult.IdToken)
	require.NoError(t, err)
	require.Equal(t, got.idToken.Subject, idToken.Subject)
	_, err = client.RevokeToken(ctx, &cip.RevokeTokenInput{Token: &got.token.RefreshToken, ClientId: &m.app, ClientSecret: &m.secret})
	require.NoError(t, err)
	_, err = client.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{RefreshToken: &got.token.RefreshToken, ClientId: &m.app, ClientSecret: &m.secret})
	refusedAs(t, err, "NotAuthorizedException")
	_, err = p.refresh(got.token.RefreshToken)
	require.Error(t, err, "it was revoked")
	again, err := p.signIn(newBrowser(http.DefaultTransport), "john@example.com", oidc.Nonce("n"))
	require.NoError(t, err)
	_, err = client.AdminUserGlobalSignOut(ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: &m.pool, Username: &username})
	require.NoError(t, err)
	_, err = p.refresh(again.token.RefreshToken)
	require.Error(t, err, "everybody of that name is signed out")

	_, err = client.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: &m.pool, Username: &username})
	require.NoError(t, err)
	_, err = client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &m.pool, Username: &username})
	refusedAs(t, err, "UserNotFoundException")
	anew, err := p.signIn(newBrowser(http.DefaultTransport), "john@example.com", oidc.Nonce("n"))
	require.NoError(t, err)
	require.NotEqual(t, got.idToken.Subject, anew.idToken.Subject, "a profile that is made again has another sub")
}

// clearAway deletes the set-up in the order that the service asks for, and sees that each thing is gone.
func (m *made) clearAway(t *testing.T) {
	t.Helper()
	ctx, client := t.Context(), m.client
	_, err := client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: &m.pool})
	refusedAs(t, err, "InvalidParameterException") // it has a domain

	_, err = client.DeleteUserPoolClient(ctx, &cip.DeleteUserPoolClientInput{UserPoolId: &m.pool, ClientId: &m.app})
	require.NoError(t, err)
	_, err = client.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: &m.pool, ClientId: &m.app})
	refusedAs(t, err, "ResourceNotFoundException")
	_, err = client.DeleteIdentityProvider(ctx, &cip.DeleteIdentityProviderInput{UserPoolId: &m.pool, ProviderName: &m.provider})
	require.NoError(t, err)
	_, err = client.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: &m.pool, ProviderName: &m.provider})
	refusedAs(t, err, "ResourceNotFoundException")
	_, err = client.DeleteResourceServer(ctx, &cip.DeleteResourceServerInput{UserPoolId: &m.pool, Identifier: aws.String(apiServer)})
	require.NoError(t, err)
	_, err = client.DescribeResourceServer(ctx, &cip.DescribeResourceServerInput{UserPoolId: &m.pool, Identifier: aws.String(apiServer)})
	refusedAs(t, err, "ResourceNotFoundException")
	_, err = client.DeleteUserPoolDomain(ctx, &cip.DeleteUserPoolDomainInput{UserPoolId: &m.pool, Domain: aws.String("acme")})
	require.NoError(t, err)
	domain, err := client.DescribeUserPoolDomain(ctx, &cip.DescribeUserPoolDomainInput{Domain: aws.String("acme")})
	require.NoError(t, err)
	require.Empty(t, domain.DomainDescription.Status)
	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: &m.pool})
	require.NoError(t, err)
	_, err = client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &m.pool})
	refusedAs(t, err, "ResourceNotFoundException")
	resp, err := http.Get(m.issuer + "/.well-known/openid-configuration")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NotEqual(t, http.StatusOK, resp.StatusCode, "the issuer is gone with it")
}
