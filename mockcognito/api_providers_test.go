package mockcognito_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

// details are those of an OIDC provider at the bench's upstream.
func (b *bench) details(pairs ...string) map[string]string {
	out := map[string]string{
		"client_id": "skc_1", "client_secret": "test_secret", "authorize_scopes": "openid email", "attributes_request_method": "GET", "oidc_issuer": b.upstream.url,
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if out[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(out, pairs[i])
		}
	}
	return out
}

func TestAnIdentityProviderComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client, pool, name := t.Context(), b.sdk(), aws.String(poolID), aws.String("Second")
	in := &cip.CreateIdentityProviderInput{
		UserPoolId: pool, ProviderName: name, ProviderType: "OIDC", ProviderDetails: b.details(),
		AttributeMapping: map[string]string{"email": "email", "name": "given_name"}, IdpIdentifiers: []string{"z.example", "a.example"},
	}
	made, err := client.CreateIdentityProvider(ctx, in)
	require.NoError(t, err)
	read, err := client.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: pool, ProviderName: name})
	require.NoError(t, err)
	require.Equal(t, made.IdentityProvider, read.IdentityProvider)
	want := maps.Clone(in.ProviderDetails)
	want["attributes_url_add_attributes"] = "false"
	require.Equal(t, want, read.IdentityProvider.ProviderDetails)
	require.Equal(t, map[string]string{"email": "email", "name": "given_name", "username": "sub"}, read.IdentityProvider.AttributeMapping)
	require.Equal(t, in.IdpIdentifiers, read.IdentityProvider.IdpIdentifiers, "an ordered list")
	require.Equal(t, types.IdentityProviderTypeTypeOidc, read.IdentityProvider.ProviderType)

	// An update leaves alone what is left out.
	_, err = client.UpdateIdentityProvider(ctx, &cip.UpdateIdentityProviderInput{UserPoolId: pool, ProviderName: name, IdpIdentifiers: []string{"b.example"}})
	require.NoError(t, err)
	_, err = client.UpdateIdentityProvider(ctx, &cip.UpdateIdentityProviderInput{UserPoolId: pool, ProviderName: name, ProviderDetails: b.details("client_secret", "rotated")})
	require.NoError(t, err)
	read, err = client.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: pool, ProviderName: name})
	require.NoError(t, err)
	require.Equal(t, "rotated", read.IdentityProvider.ProviderDetails["client_secret"])
	require.Equal(t, []string{"b.example"}, read.IdentityProvider.IdpIdentifiers)
	require.Equal(t, "given_name", read.IdentityProvider.AttributeMapping["name"])
	by, err := client.GetIdentityProviderByIdentifier(ctx, &cip.GetIdentityProviderByIdentifierInput{UserPoolId: pool, IdpIdentifier: aws.String("b.example")})
	require.NoError(t, err)
	require.Equal(t, *name, *by.IdentityProvider.ProviderName)
	_, err = client.GetIdentityProviderByIdentifier(ctx, &cip.GetIdentityProviderByIdentifierInput{UserPoolId: pool, IdpIdentifier: aws.String("z.example")})
	refused(t, err, "ResourceNotFoundException", "z.example")

	var names []string
	pages := cip.NewListIdentityProvidersPaginator(client, &cip.ListIdentityProvidersInput{UserPoolId: pool, MaxResults: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, p := range page.Providers {
			names = append(names, *p.ProviderName)
		}
	}
	require.Equal(t, []string{provider, "Second"}, names)
}

func TestRefusedIdentityProviders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	for name, tc := range map[string]struct {
		edit        func(*cip.CreateIdentityProviderInput)
		class, text string
	}{
		"name taken":            {func(in *cip.CreateIdentityProviderInput) { in.ProviderName = aws.String(provider) }, "DuplicateProviderException", provider},
		"the pool's own":        {func(in *cip.CreateIdentityProviderInput) { in.ProviderName = aws.String("Cognito") }, "DuplicateProviderException", "Cognito"},
		"two letters":           {func(in *cip.CreateIdentityProviderInput) { in.ProviderName = aws.String("ab") }, "InvalidParameterException", "providerName"},
		"underscore at the end": {func(in *cip.CreateIdentityProviderInput) { in.ProviderName = aws.String("abc_") }, "InvalidParameterException", "providerName"},
		"SAML":                  {func(in *cip.CreateIdentityProviderInput) { in.ProviderType = "SAML" }, "UnsupportedIdentityProviderException", "SAML"},
		"no client id":          {func(in *cip.CreateIdentityProviderInput) { in.ProviderDetails = b.details("client_id", "") }, "InvalidParameterException", "client_id"},
		"unknown detail":        {func(in *cip.CreateIdentityProviderInput) { in.ProviderDetails = b.details("acr_values", "x") }, "InvalidParameterException", "acr_values"},
		"no openid":             {func(in *cip.CreateIdentityProviderInput) { in.ProviderDetails = b.details("authorize_scopes", "email") }, "InvalidParameterException", "openid"},
		"method": {func(in *cip.CreateIdentityProviderInput) {
			in.ProviderDetails = b.details("attributes_request_method", "PUT")
		}, "InvalidParameterException", "PUT"},
		"trailing slash": {func(in *cip.CreateIdentityProviderInput) {
			in.ProviderDetails = b.details("oidc_issuer", b.upstream.url+"/")
		}, "InvalidParameterException", "trailing slash"},
		"nobody there": {func(in *cip.CreateIdentityProviderInput) {
			in.ProviderDetails = b.details("oidc_issuer", b.upstream.url+"/nobody")
		}, "InvalidParameterException", "Unable to contact well-known endpoint"},
		"odd port": {func(in *cip.CreateIdentityProviderInput) {
			in.ProviderDetails = b.details("oidc_issuer", "https://idp.example.com:8443")
		}, "InvalidParameterException", "443"},
		"two endpoints of four": {func(in *cip.CreateIdentityProviderInput) {
			in.ProviderDetails = b.details("authorize_url", "https://i/a", "token_url", "https://i/t")
		}, "InvalidParameterException", "2 members"},
		"mapping to nothing": {func(in *cip.CreateIdentityProviderInput) { in.AttributeMapping = map[string]string{"custom:x": "x"} }, "InvalidParameterException", "custom:x"},
		"identifier taken":   {func(in *cip.CreateIdentityProviderInput) { in.IdpIdentifiers = []string{"example.com"} }, "InvalidParameterException", "example.com"},
		"identifier twice":   {func(in *cip.CreateIdentityProviderInput) { in.IdpIdentifiers = []string{"x.example", "x.example"} }, "InvalidParameterException", "x.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &cip.CreateIdentityProviderInput{UserPoolId: aws.String(poolID), ProviderName: aws.String("Second"), ProviderType: "OIDC", ProviderDetails: b.details()}
			tc.edit(in)
			_, err := client.CreateIdentityProvider(ctx, in)
			refused(t, err, tc.class, tc.text)
		})
	}
	for _, call := range []func() error{
		func() error {
			_, err := client.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: aws.String(poolID), ProviderName: aws.String("Nobody")})
			return err
		},
		func() error {
			_, err := client.UpdateIdentityProvider(ctx, &cip.UpdateIdentityProviderInput{UserPoolId: aws.String(poolID), ProviderName: aws.String("Nobody")})
			return err
		},
		func() error {
			_, err := client.DeleteIdentityProvider(ctx, &cip.DeleteIdentityProviderInput{UserPoolId: aws.String(poolID), ProviderName: aws.String("Nobody")})
			return err
		},
	} {
		refused(t, call(), "ResourceNotFoundException", "Identity provider Nobody does not exist.")
	}
}

// A whole set-up by the API in a pool of its own, and a sign-in through it.
func TestASetUpMadeByTheAPISignsIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	id := b.newPool(func(in *cip.CreateUserPoolInput) {
		in.Schema = []types.SchemaAttributeType{{Name: aws.String("team"), Mutable: aws.Bool(true)}}
	})
	_, err := client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: &id, Domain: aws.String("fresh")})
	require.NoError(t, err)
	_, err = client.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{
		UserPoolId: &id, ProviderName: aws.String("Fresh"), ProviderType: "OIDC", ProviderDetails: b.details(), AttributeMapping: map[string]string{"email": "email", "custom:team": "given_name"},
	})
	require.NoError(t, err)
	made, err := client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: &id, ClientName: aws.String("app"), GenerateSecret: true, SupportedIdentityProviders: []string{"Fresh"}, CallbackURLs: []string{callback},
		AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthScopes: []string{"openid", "email", "profile"},
		ReadAttributes: []string{"email", "custom:team"}, WriteAttributes: []string{"email", "custom:team"},
	})
	require.NoError(t, err)
	app := made.UserPoolClient
	to := b.signIn("client_id", *app.ClientId, "identity_provider", "Fresh", "scope", "openid")
	a := b.exchange(to.Query().Get("code"), "client_id", *app.ClientId, "client_secret", *app.ClientSecret)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	_, claims := part(t, a.json["id_token"], 1)
	require.Equal(t, b.url+"/"+id, claims["iss"])
	require.Equal(t, []any{id + "_Fresh"}, claims["cognito:groups"])
	require.NotEmpty(t, claims["custom:team"])

	// The service has made the provider's group, and its users outlive the provider.
	group, err := client.GetGroup(ctx, &cip.GetGroupInput{UserPoolId: &id, GroupName: aws.String(id + "_Fresh")})
	require.NoError(t, err)
	require.Contains(t, *group.Group.Description, "Autogenerated")
	_, err = client.DeleteIdentityProvider(ctx, &cip.DeleteIdentityProviderInput{UserPoolId: &id, ProviderName: aws.String("Fresh")})
	require.NoError(t, err)
	read, err := client.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: &id, ClientId: app.ClientId})
	require.NoError(t, err)
	require.Empty(t, read.UserPoolClient.SupportedIdentityProviders)
	users, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Len(t, users.Users, 1)
}

func TestResourceServers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client, pool, id := t.Context(), b.sdk(), aws.String(poolID), aws.String("https://api.example.com")
	in := &cip.CreateResourceServerInput{
		UserPoolId: pool, Identifier: id, Name: aws.String("API"),
		Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("reads")}, {ScopeName: aws.String("write"), ScopeDescription: aws.String("writes")}},
	}
	made, err := client.CreateResourceServer(ctx, in)
	require.NoError(t, err)
	require.Equal(t, &types.ResourceServerType{UserPoolId: pool, Identifier: id, Name: in.Name, Scopes: in.Scopes}, made.ResourceServer)
	_, err = client.CreateResourceServer(ctx, in)
	refused(t, err, "InvalidParameterException", "already exists")
	_, err = client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("m"), GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{"client_credentials"}, AllowedOAuthScopes: []string{"https://api.example.com/read"}})
	require.NoError(t, err)
	_, err = client.UpdateResourceServer(ctx, &cip.UpdateResourceServerInput{UserPoolId: pool, Identifier: id, Name: aws.String("renamed")})
	require.NoError(t, err)
	read, err := client.DescribeResourceServer(ctx, &cip.DescribeResourceServerInput{UserPoolId: pool, Identifier: id})
	require.NoError(t, err)
	require.Equal(t, &types.ResourceServerType{UserPoolId: pool, Identifier: id, Name: aws.String("renamed")}, read.ResourceServer)
	in.Scopes[1].ScopeName = aws.String("read")
	in.Identifier = aws.String("other")
	_, err = client.CreateResourceServer(ctx, in)
	refused(t, err, "InvalidParameterException", "more than once")
	in.Scopes = nil
	_, err = client.CreateResourceServer(ctx, in)
	require.NoError(t, err)
	page, err := client.ListResourceServers(ctx, &cip.ListResourceServersInput{UserPoolId: pool, MaxResults: aws.Int32(1)})
	require.NoError(t, err)
	require.Equal(t, *id, *page.ResourceServers[0].Identifier)
	page, err = client.ListResourceServers(ctx, &cip.ListResourceServersInput{UserPoolId: pool, MaxResults: aws.Int32(50), NextToken: page.NextToken})
	require.NoError(t, err)
	require.Equal(t, "other", *page.ResourceServers[0].Identifier)
	require.Nil(t, page.NextToken)
	_, err = client.DeleteResourceServer(ctx, &cip.DeleteResourceServerInput{UserPoolId: pool, Identifier: id})
	require.NoError(t, err)
	for _, call := range []func() error{
		func() error {
			_, err := client.DescribeResourceServer(ctx, &cip.DescribeResourceServerInput{UserPoolId: pool, Identifier: id})
			return err
		},
		func() error {
			_, err := client.UpdateResourceServer(ctx, &cip.UpdateResourceServerInput{UserPoolId: pool, Identifier: id, Name: aws.String("n")})
			return err
		},
		func() error {
			_, err := client.DeleteResourceServer(ctx, &cip.DeleteResourceServerInput{UserPoolId: pool, Identifier: id})
			return err
		},
	} {
		refused(t, call(), "ResourceNotFoundException", *id)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		c.UserPools[0].Users = []mockcognito.User{{Username: "jane"}, {Username: "joe"}, {Username: "jim"}}
	})
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	const admin, reader = "arn:aws:iam::000000000000:role/admin", "arn:aws:iam::000000000000:role/reader"
	create := func(name, role string, precedence *int32) error {
		in := &cip.CreateGroupInput{UserPoolId: pool, GroupName: &name, Precedence: precedence}
		if role != "" {
			in.RoleArn, in.Description = &role, aws.String("of "+name)
		}
		_, err := client.CreateGroup(ctx, in)
		return err
	}
	require.NoError(t, create("admins", admin, aws.Int32(1)))
	require.NoError(t, create("readers", reader, aws.Int32(0)))
	require.NoError(t, create("plain", "", nil))
	refused(t, create("plain", "", nil), "GroupExistsException", "A group with the name already exists.")
	g, err := client.GetGroup(ctx, &cip.GetGroupInput{UserPoolId: pool, GroupName: aws.String("readers")})
	require.NoError(t, err)
	require.Equal(t, int32(0), *g.Group.Precedence, "zero is not none")
	g, err = client.GetGroup(ctx, &cip.GetGroupInput{UserPoolId: pool, GroupName: aws.String("plain")})
	require.NoError(t, err)
	require.Equal(t, &types.GroupType{GroupName: aws.String("plain"), UserPoolId: pool, CreationDate: g.Group.CreationDate, LastModifiedDate: g.Group.LastModifiedDate}, g.Group)
	updated, err := client.UpdateGroup(ctx, &cip.UpdateGroupInput{UserPoolId: pool, GroupName: aws.String("plain"), Description: aws.String("d"), Precedence: aws.Int32(9)})
	require.NoError(t, err)
	require.Equal(t, int32(9), *updated.Group.Precedence)

	join := func(user, group string) error {
		_, err := client.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{UserPoolId: pool, Username: &user, GroupName: &group})
		return err
	}
	for _, user := range []string{"jane", "joe", "jim", "jane"} {
		require.NoError(t, join(user, "admins"))
	}
	require.NoError(t, join("jane", "plain"))
	refused(t, join("nobody", "plain"), "UserNotFoundException", "User does not exist.")
	refused(t, join("jane", "nobody"), "ResourceNotFoundException", "Group not found.")
	names := func(user string) []string {
		var out []string
		pages := cip.NewAdminListGroupsForUserPaginator(client, &cip.AdminListGroupsForUserInput{UserPoolId: pool, Username: &user, Limit: aws.Int32(1)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			require.NoError(t, err)
			for _, g := range page.Groups {
				out = append(out, *g.GroupName)
			}
		}
		return out
	}
	require.Equal(t, []string{"admins", "plain"}, names("jane"))
	var members []string
	pages := cip.NewListUsersInGroupPaginator(client, &cip.ListUsersInGroupInput{UserPoolId: pool, GroupName: aws.String("admins"), Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		require.NoError(t, err)
		for _, u := range page.Users {
			members = append(members, *u.Username)
		}
	}
	slices.Sort(members)
	require.Equal(t, []string{"jane", "jim", "joe"}, members)

	_, err = client.AdminRemoveUserFromGroup(ctx, &cip.AdminRemoveUserFromGroupInput{UserPoolId: pool, Username: aws.String("jane"), GroupName: aws.String("plain")})
	require.NoError(t, err)
	require.Equal(t, []string{"admins"}, names("jane"))
	_, err = client.DeleteGroup(ctx, &cip.DeleteGroupInput{UserPoolId: pool, GroupName: aws.String("admins")})
	require.NoError(t, err)
	require.Empty(t, names("jane"))
	require.NoError(t, create("admins", "", nil))
	require.Empty(t, names("jane"), "a group that is made again is empty")
	_, err = client.DeleteGroup(ctx, &cip.DeleteGroupInput{UserPoolId: pool, GroupName: aws.String("nobody")})
	refused(t, err, "ResourceNotFoundException", "Group not found.")

	// Roles reach the ID token; the group of lowest precedence gives the preferred one.
	_, err = client.UpdateGroup(ctx, &cip.UpdateGroupInput{UserPoolId: pool, GroupName: aws.String("admins"), RoleArn: aws.String(admin), Precedence: aws.Int32(1)})
	require.NoError(t, err)
	b.tokens()
	john := provider + "_" + subject
	require.NoError(t, join(john, "admins"))
	require.NoError(t, join(john, "readers"))
	_, claims := part(t, b.tokens().json["id_token"], 1)
	require.Equal(t, []any{poolID + "_" + provider, "admins", "readers"}, claims["cognito:groups"])
	require.Equal(t, []any{admin, reader}, claims["cognito:roles"])
	require.Equal(t, reader, claims["cognito:preferred_role"])
	_, err = client.UpdateGroup(ctx, &cip.UpdateGroupInput{UserPoolId: pool, GroupName: aws.String("admins"), Precedence: aws.Int32(0)})
	require.NoError(t, err)
	_, claims = part(t, b.tokens().json["id_token"], 1)
	require.NotContains(t, claims, "cognito:preferred_role", "two of the same precedence prefer none")
}

func TestManagedLoginBranding(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	declared, err := client.DescribeManagedLoginBrandingByClient(ctx, &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: pool, ClientId: aws.String(clientID)})
	require.NoError(t, err, "a declared client has the service's own look")
	require.True(t, declared.ManagedLoginBranding.UseCognitoProvidedValues)
	_, err = client.CreateManagedLoginBranding(ctx, &cip.CreateManagedLoginBrandingInput{UserPoolId: pool, ClientId: aws.String(clientID), UseCognitoProvidedValues: true})
	refused(t, err, "ManagedLoginBrandingExistsException", clientID)

	app, err := client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("c")})
	require.NoError(t, err)
	id := app.UserPoolClient.ClientId
	_, err = client.DescribeManagedLoginBrandingByClient(ctx, &cip.DescribeManagedLoginBrandingByClientInput{UserPoolId: pool, ClientId: id})
	refused(t, err, "ResourceNotFoundException", "branding")
	made, err := client.CreateManagedLoginBranding(ctx, &cip.CreateManagedLoginBrandingInput{UserPoolId: pool, ClientId: id, UseCognitoProvidedValues: true})
	require.NoError(t, err)
	style := made.ManagedLoginBranding.ManagedLoginBrandingId
	require.Regexp(t, `^[0-9a-f-]{36}$`, *style)
	read, err := client.DescribeManagedLoginBranding(ctx, &cip.DescribeManagedLoginBrandingInput{UserPoolId: pool, ManagedLoginBrandingId: style})
	require.NoError(t, err)
	require.Equal(t, made.ManagedLoginBranding.UseCognitoProvidedValues, read.ManagedLoginBranding.UseCognitoProvidedValues)
	a := b.api("UpdateManagedLoginBranding", `{"UserPoolId":"`+poolID+`","ManagedLoginBrandingId":"`+*style+`","Settings":{"categories":{"form":{"n":1}}}}`)
	require.Equal(t, 200, a.status, a.raw)
	require.Contains(t, a.raw, `"Settings":{"categories":{"form":{"n":1}}}`)
	a = b.api("UpdateManagedLoginBranding", `{"UserPoolId":"`+poolID+`","ManagedLoginBrandingId":"`+*style+`","UseCognitoProvidedValues":true,"Settings":{}}`)
	require.Equal(t, "InvalidParameterException", a.json["__type"])
	_, err = client.DeleteManagedLoginBranding(ctx, &cip.DeleteManagedLoginBrandingInput{UserPoolId: pool, ManagedLoginBrandingId: style})
	require.NoError(t, err)
	_, err = client.DescribeManagedLoginBranding(ctx, &cip.DescribeManagedLoginBrandingInput{UserPoolId: pool, ManagedLoginBrandingId: style})
	refused(t, err, "ResourceNotFoundException", "branding")

	look, err := client.GetUICustomization(ctx, &cip.GetUICustomizationInput{UserPoolId: pool, ClientId: id})
	require.NoError(t, err)
	require.Equal(t, &types.UICustomizationType{UserPoolId: pool, ClientId: id}, look.UICustomization)
}
