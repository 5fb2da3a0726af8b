package mockcognito_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

func TestDefaultsOfAnAppClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newPool()
	out, err := b.sdk().CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &id, ClientName: aws.String("c")})
	require.NoError(t, err)
	c := out.UserPoolClient
	require.Regexp(t, `^[0-9a-z]{26}$`, *c.ClientId)
	require.Equal(t, &types.UserPoolClientType{
		UserPoolId: &id, ClientId: c.ClientId, ClientName: aws.String("c"), CreationDate: c.CreationDate, LastModifiedDate: c.LastModifiedDate,
		RefreshTokenValidity: 30, AllowedOAuthFlowsUserPoolClient: aws.Bool(false), EnableTokenRevocation: aws.Bool(true),
		EnablePropagateAdditionalUserContextData: aws.Bool(false), AuthSessionValidity: aws.Int32(3),
	}, c)
	read, err := b.sdk().DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: &id, ClientId: c.ClientId})
	require.NoError(t, err)
	require.Equal(t, c, read.UserPoolClient)
}

// everyClientSetting is a client of the bench's pool with all that can be set at once.
func everyClientSetting() *cip.CreateUserPoolClientInput {
	return &cip.CreateUserPoolClientInput{
		UserPoolId: aws.String(poolID), ClientName: aws.String("all"), GenerateSecret: true,
		RefreshTokenValidity: 2, AccessTokenValidity: aws.Int32(10), IdTokenValidity: aws.Int32(600),
		TokenValidityUnits: &types.TokenValidityUnitsType{AccessToken: "minutes", IdToken: "seconds", RefreshToken: "hours"},
		ReadAttributes:     []string{"email", "email_verified", "sub"}, WriteAttributes: []string{"email", "name"},
		ExplicitAuthFlows:          []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"},
		SupportedIdentityProviders: []string{"COGNITO", provider}, CallbackURLs: []string{callback, "myapp://cb", "https://app.example.com/cb"},
		LogoutURLs: []string{"http://localhost:3000/"}, DefaultRedirectURI: aws.String(callback), AllowedOAuthFlows: []types.OAuthFlowType{"code", "implicit"},
		AllowedOAuthScopes: []string{"openid", "email", "aws.cognito.signin.user.admin"}, AllowedOAuthFlowsUserPoolClient: true,
		AnalyticsConfiguration:     &types.AnalyticsConfigurationType{ApplicationId: aws.String("abc123"), UserDataShared: true},
		PreventUserExistenceErrors: "ENABLED", EnableTokenRevocation: aws.Bool(false), EnablePropagateAdditionalUserContextData: aws.Bool(true),
		AuthSessionValidity: aws.Int32(15), RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: aws.Int32(30)},
	}
}

func TestEverySettingOfAnAppClientComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in := everyClientSetting()
	made, err := b.sdk().CreateUserPoolClient(t.Context(), in)
	require.NoError(t, err)
	out, err := b.sdk().DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: in.UserPoolId, ClientId: made.UserPoolClient.ClientId})
	require.NoError(t, err)
	c := out.UserPoolClient
	require.Equal(t, made.UserPoolClient, c)
	require.Regexp(t, `^[0-9a-z]{52}$`, *c.ClientSecret)
	require.Equal(t, &types.UserPoolClientType{
		UserPoolId: in.UserPoolId, ClientId: c.ClientId, ClientName: in.ClientName, ClientSecret: c.ClientSecret, CreationDate: c.CreationDate, LastModifiedDate: c.LastModifiedDate,
		RefreshTokenValidity: in.RefreshTokenValidity, AccessTokenValidity: in.AccessTokenValidity, IdTokenValidity: in.IdTokenValidity, TokenValidityUnits: in.TokenValidityUnits,
		ReadAttributes: in.ReadAttributes, WriteAttributes: in.WriteAttributes, ExplicitAuthFlows: in.ExplicitAuthFlows, SupportedIdentityProviders: in.SupportedIdentityProviders,
		CallbackURLs: in.CallbackURLs, LogoutURLs: in.LogoutURLs, DefaultRedirectURI: in.DefaultRedirectURI, AllowedOAuthFlows: in.AllowedOAuthFlows, AllowedOAuthScopes: in.AllowedOAuthScopes,
		AllowedOAuthFlowsUserPoolClient: aws.Bool(true), AnalyticsConfiguration: in.AnalyticsConfiguration, PreventUserExistenceErrors: in.PreventUserExistenceErrors,
		EnableTokenRevocation: in.EnableTokenRevocation, EnablePropagateAdditionalUserContextData: in.EnablePropagateAdditionalUserContextData,
		AuthSessionValidity: in.AuthSessionValidity, RefreshTokenRotation: in.RefreshTokenRotation,
	}, c)

	// A script that sends callback URLs alone switches OAuth off.
	_, err = b.sdk().UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{UserPoolId: in.UserPoolId, ClientId: c.ClientId, CallbackURLs: []string{callback}})
	require.NoError(t, err)
	out, err = b.sdk().DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: in.UserPoolId, ClientId: c.ClientId})
	require.NoError(t, err)
	require.Equal(t, &types.UserPoolClientType{
		UserPoolId: in.UserPoolId, ClientId: c.ClientId, ClientName: in.ClientName, ClientSecret: c.ClientSecret, CreationDate: c.CreationDate, LastModifiedDate: out.UserPoolClient.LastModifiedDate,
		RefreshTokenValidity: 30, CallbackURLs: []string{callback}, AllowedOAuthFlowsUserPoolClient: aws.Bool(false), EnableTokenRevocation: aws.Bool(true),
		EnablePropagateAdditionalUserContextData: aws.Bool(false), AuthSessionValidity: aws.Int32(3),
	}, out.UserPoolClient)
}

func TestRefusedAppClients(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		c.UserPools[0].Attributes = []mockAttribute{{Name: "email", Required: true}}
	})
	ctx, client := t.Context(), b.sdk()
	for name, tc := range map[string]struct {
		edit        func(*cip.CreateUserPoolClientInput)
		class, text string
	}{
		"OAuth without flows": {func(in *cip.CreateUserPoolClientInput) { in.AllowedOAuthFlowsUserPoolClient = true }, "InvalidOAuthFlowException", "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."},
		"OAuth without callback": {func(in *cip.CreateUserPoolClientInput) {
			in.AllowedOAuthFlowsUserPoolClient, in.AllowedOAuthFlows, in.AllowedOAuthScopes = true, []types.OAuthFlowType{"code"}, []string{"openid"}
		}, "InvalidOAuthFlowException", "CallbackURLs"},
		"machines and people": {func(in *cip.CreateUserPoolClientInput) {
			in.AllowedOAuthFlows = []types.OAuthFlowType{"client_credentials", "code"}
		}, "InvalidOAuthFlowException", "client_credentials flow can not be selected along with code flow or implicit flow."},
		"machines without secret": {func(in *cip.CreateUserPoolClientInput) {
			in.AllowedOAuthFlows = []types.OAuthFlowType{"client_credentials"}
		}, "InvalidOAuthFlowException", "does not have a client secret"},
		"machines with openid": {func(in *cip.CreateUserPoolClientInput) {
			in.AllowedOAuthFlows, in.AllowedOAuthScopes, in.GenerateSecret = []types.OAuthFlowType{"client_credentials"}, []string{"openid"}, true
		}, "InvalidOAuthFlowException", "openid"},
		"unknown scope":          {func(in *cip.CreateUserPoolClientInput) { in.AllowedOAuthScopes = []string{"openid", "api/read"} }, "ScopeDoesNotExistException", "api/read"},
		"scope without openid":   {func(in *cip.CreateUserPoolClientInput) { in.AllowedOAuthScopes = []string{"email"} }, "InvalidParameterException", "openid"},
		"http callback":          {func(in *cip.CreateUserPoolClientInput) { in.CallbackURLs = []string{"http://app.example.com/cb"} }, "InvalidParameterException", "http"},
		"callback with fragment": {func(in *cip.CreateUserPoolClientInput) { in.CallbackURLs = []string{"https://app.example.com/cb#f"} }, "InvalidParameterException", "fragment"},
		"relative sign-out":      {func(in *cip.CreateUserPoolClientInput) { in.LogoutURLs = []string{"/bye"} }, "InvalidParameterException", "/bye"},
		"default is no callback": {func(in *cip.CreateUserPoolClientInput) {
			in.CallbackURLs, in.DefaultRedirectURI = []string{callback}, aws.String(callback+"/")
		}, "InvalidParameterException", "DefaultRedirectURI"},
		"unknown provider":             {func(in *cip.CreateUserPoolClientInput) { in.SupportedIdentityProviders = []string{"Nobody"} }, "InvalidParameterException", "The provider Nobody does not exist for User Pool " + poolID},
		"reads what is not there":      {func(in *cip.CreateUserPoolClientInput) { in.ReadAttributes = []string{"custom:x"} }, "InvalidParameterException", "Invalid read attributes specified while creating a client"},
		"writes what is verified":      {func(in *cip.CreateUserPoolClientInput) { in.WriteAttributes = []string{"email", "email_verified"} }, "InvalidParameterException", "Invalid write attributes specified while creating a client"},
		"cannot write what's required": {func(in *cip.CreateUserPoolClientInput) { in.WriteAttributes = []string{"name"} }, "InvalidParameterException", "Invalid write attributes"},
		"validity too short": {func(in *cip.CreateUserPoolClientInput) {
			in.AccessTokenValidity, in.TokenValidityUnits = aws.Int32(4), &types.TokenValidityUnitsType{AccessToken: "minutes"}
		}, "InvalidParameterException", "Invalid range for token validity."},
		"validity too long": {func(in *cip.CreateUserPoolClientInput) { in.IdTokenValidity = aws.Int32(25) }, "InvalidParameterException", "Invalid range for token validity."},
		"refresh validity":  {func(in *cip.CreateUserPoolClientInput) { in.RefreshTokenValidity = 3651 }, "InvalidParameterException", "Invalid range for token validity."},
		"old and new flows": {func(in *cip.CreateUserPoolClientInput) {
			in.ExplicitAuthFlows = []types.ExplicitAuthFlowsType{"USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"}
		}, "InvalidParameterException", "ALLOW_"},
		"refreshing two ways": {func(in *cip.CreateUserPoolClientInput) {
			in.ExplicitAuthFlows, in.RefreshTokenRotation = []types.ExplicitAuthFlowsType{"ALLOW_REFRESH_TOKEN_AUTH"}, &types.RefreshTokenRotationType{Feature: "ENABLED"}
		}, "InvalidParameterException", "rotation"},
		"two secrets at once": {func(in *cip.CreateUserPoolClientInput) {
			in.GenerateSecret, in.ClientSecret = true, aws.String("an0own0secret0of0twenty4chars")
		}, "InvalidParameterException", "GenerateSecret"},
		"unknown pool": {func(in *cip.CreateUserPoolClientInput) { in.UserPoolId = aws.String("us-east-1_Nobody001") }, "ResourceNotFoundException", "us-east-1_Nobody001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &cip.CreateUserPoolClientInput{UserPoolId: aws.String(poolID), ClientName: aws.String("c")}
			tc.edit(in)
			_, err := client.CreateUserPoolClient(ctx, in)
			refused(t, err, tc.class, tc.text)
		})
	}
	_, err := client.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String("nobody")})
	refused(t, err, "ResourceNotFoundException", "User pool client nobody does not exist.")
	_, err = client.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String(clientID), ReadAttributes: []string{"custom:x"}})
	refused(t, err, "InvalidParameterException", "while updating a client")
	_, err = client.DeleteUserPoolClient(ctx, &cip.DeleteUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String("nobody")})
	refused(t, err, "ResourceNotFoundException", "nobody")
}

func TestAppClientsInPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var got []string
	pages := cip.NewListUserPoolClientsPaginator(b.sdk(), &cip.ListUserPoolClientsInput{UserPoolId: aws.String(poolID), MaxResults: aws.Int32(4)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, c := range page.UserPoolClients {
			got = append(got, *c.ClientId)
		}
	}
	require.Equal(t, []string{clientID, publicID, "norevoke", "nocallback", "nooauth", "implicit", "few"}, got)
	require.JSONEq(t, `{"UserPoolClients":[{"ClientId":"`+clientID+`","ClientName":"`+clientID+`","UserPoolId":"`+poolID+`"}],"NextToken":"x"}`,
		replaceToken(b.api("ListUserPoolClients", `{"UserPoolId":"`+poolID+`","MaxResults":1}`).json))
}

func TestADeletedClientCanDoNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tokens := b.tokens()
	_, err := b.sdk().DeleteUserPoolClient(t.Context(), &cip.DeleteUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String(clientID)})
	require.NoError(t, err)
	require.Equal(t, "/error", b.authorize().location.Path)
	a := b.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "client_secret": {secret}, "refresh_token": {tokens.json["refresh_token"].(string)}})
	require.Equal(t, "invalid_client", a.json["error"])
	require.Equal(t, 401, b.userInfo(tokens.json["access_token"].(string)).status)
}

// What the API changes counts from the next request on.
func TestAClientsSettingsAreLive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.sdk().UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(clientID), CallbackURLs: []string{callback}, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email"}, SupportedIdentityProviders: []string{provider},
		AccessTokenValidity: aws.Int32(5), TokenValidityUnits: &types.TokenValidityUnitsType{AccessToken: "minutes"}, ReadAttributes: []string{"email", "email_verified"},
	})
	require.NoError(t, err)
	a := b.tokens("scope", "openid")
	require.EqualValues(t, 300, a.json["expires_in"])
	_, claims := part(t, a.json["id_token"], 1)
	require.NotContains(t, claims, "given_name", "it may not read that")
	require.Equal(t, "john@example.com", claims["email"])
	require.Contains(t, b.authorize("scope", "openid profile").raw, "error_description=invalid_scope")
	b.kit.Env.Advance(6 * time.Minute)
	require.Equal(t, 401, b.userInfo(a.json["access_token"].(string)).status)
}

func TestTwoSecretsOfAClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	pool, id := aws.String(poolID), aws.String(clientID)
	list := func() []types.ClientSecretDescriptorType {
		out, err := client.ListUserPoolClientSecrets(ctx, &cip.ListUserPoolClientSecretsInput{UserPoolId: pool, ClientId: id})
		require.NoError(t, err)
		return out.ClientSecrets
	}
	exchange := func(secret string) int {
		return b.exchange(b.signIn().Query().Get("code"), "client_secret", secret).status
	}
	require.Len(t, list(), 1)
	require.Nil(t, list()[0].ClientSecretValue)
	require.NotNil(t, list()[0].ClientSecretCreateDate)

	b.kit.Env.Advance(time.Hour)
	added, err := client.AddUserPoolClientSecret(ctx, &cip.AddUserPoolClientSecretInput{UserPoolId: pool, ClientId: id})
	require.NoError(t, err)
	second := *added.ClientSecretDescriptor.ClientSecretValue
	require.Regexp(t, `^[0-9a-z]{52}$`, second)
	require.Equal(t, 200, exchange(secret))
	require.Equal(t, 200, exchange(second))
	require.Equal(t, 400, exchange("another0secret0of0twenty4chars"))
	_, err = client.AddUserPoolClientSecret(ctx, &cip.AddUserPoolClientSecretInput{UserPoolId: pool, ClientId: id})
	refused(t, err, "LimitExceededException", "2 client secrets")

	old := list()[0].ClientSecretId
	require.True(t, list()[1].ClientSecretCreateDate.After(*list()[0].ClientSecretCreateDate))
	_, err = client.DeleteUserPoolClientSecret(ctx, &cip.DeleteUserPoolClientSecretInput{UserPoolId: pool, ClientId: id, ClientSecretId: old})
	require.NoError(t, err)
	require.Equal(t, 400, exchange(secret))
	require.Equal(t, 200, exchange(second))
	_, err = client.DeleteUserPoolClientSecret(ctx, &cip.DeleteUserPoolClientSecretInput{UserPoolId: pool, ClientId: id, ClientSecretId: old})
	refused(t, err, "ResourceNotFoundException", *old)
	_, err = client.DeleteUserPoolClientSecret(ctx, &cip.DeleteUserPoolClientSecretInput{UserPoolId: pool, ClientId: id, ClientSecretId: list()[0].ClientSecretId})
	refused(t, err, "InvalidParameterException", "last client secret")

	own, err := client.AddUserPoolClientSecret(ctx, &cip.AddUserPoolClientSecretInput{UserPoolId: pool, ClientId: id, ClientSecret: aws.String("an0own0secret0of0twenty4chars")})
	require.NoError(t, err)
	require.Nil(t, own.ClientSecretDescriptor.ClientSecretValue, "the caller knows it")
	require.Equal(t, 200, exchange("an0own0secret0of0twenty4chars"))
	_, err = client.AddUserPoolClientSecret(ctx, &cip.AddUserPoolClientSecretInput{UserPoolId: pool, ClientId: aws.String(publicID)})
	refused(t, err, "InvalidParameterException", "has no client secret")
}
