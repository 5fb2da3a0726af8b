package mockcognito_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofUsers are the operations of sign-in and of users themselves, which have tests of their own.
var ofUsers = []string{"Auth", "SignUp", "Password", "Token", "Device", "MFA", "Verif", "Confirm", "Challenge", "SignOut", "UserSettings", "GetUser", "DeleteUser", "UserAttributes", "ResendConfirmationCode"}

// Every operation on what an administrator makes: a life of each thing from its creation to its deletion, with the member
// that each answer has to have.
func TestEveryOperationOfAnAdministratorSucceeds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	details, err := json.Marshal(b.details())
	require.NoError(t, err)
	pool, user, group := poolID, "", ""
	ids := strings.NewReplacer()
	asked := map[string]bool{}
	call := func(operation, members, answer string) map[string]any {
		t.Helper()
		asked[operation] = true
		a := b.api(operation, `{"UserPoolId":"`+pool+`"`+user+group+ids.Replace(members)+`}`)
		require.Equal(t, 200, a.status, "%s: %s", operation, a.raw)
		if answer == "" {
			require.Contains(t, []string{"", "{}"}, strings.TrimSpace(a.raw), operation)
			return nil
		}
		require.Contains(t, a.json, answer, operation)
		out, _ := a.json[answer].(map[string]any)
		return out
	}
	pool = call("CreateUserPool", `,"PoolName":"p"`, "UserPool")["Id"].(string)
	arn := `,"ResourceArn":"arn:aws:cognito-idp:us-east-1:000000000000:userpool/` + pool + `"`
	call("DescribeUserPool", ``, "UserPool")
	call("UpdateUserPool", `,"PoolName":"q"`, "")
	call("ListUserPools", `,"MaxResults":1`, "UserPools")
	call("AddCustomAttributes", `,"CustomAttributes":[{"Name":"x"}]`, "")
	call("SetUserPoolMfaConfig", `,"MfaConfiguration":"OFF"`, "MfaConfiguration")
	call("GetUserPoolMfaConfig", ``, "MfaConfiguration")
	call("TagResource", arn+`,"Tags":{"a":"b"}`, "")
	call("ListTagsForResource", arn, "Tags")
	call("UntagResource", arn+`,"TagKeys":["a"]`, "")
	call("CreateUserPoolDomain", `,"Domain":"made"`, "ManagedLoginVersion")
	call("DescribeUserPoolDomain", `,"Domain":"made"`, "DomainDescription")
	call("UpdateUserPoolDomain", `,"Domain":"made","ManagedLoginVersion":2`, "ManagedLoginVersion")
	call("CreateIdentityProvider", `,"ProviderName":"Idp","ProviderType":"OIDC","IdpIdentifiers":["a.test"],"ProviderDetails":`+string(details), "IdentityProvider")
	call("DescribeIdentityProvider", `,"ProviderName":"Idp"`, "IdentityProvider")
	call("UpdateIdentityProvider", `,"ProviderName":"Idp","AttributeMapping":{"email":"email"}`, "IdentityProvider")
	call("GetIdentityProviderByIdentifier", `,"IdpIdentifier":"a.test"`, "IdentityProvider")
	call("ListIdentityProviders", ``, "Providers")
	call("CreateResourceServer", `,"Identifier":"s","Name":"n"`, "ResourceServer")
	call("DescribeResourceServer", `,"Identifier":"s"`, "ResourceServer")
	call("UpdateResourceServer", `,"Identifier":"s","Name":"m"`, "ResourceServer")
	call("ListResourceServers", ``, "ResourceServers")
	call("DeleteResourceServer", `,"Identifier":"s"`, "")
	client := call("CreateUserPoolClient", `,"ClientName":"c","GenerateSecret":true`, "UserPoolClient")["ClientId"].(string)
	ids = strings.NewReplacer("CLIENT", client)
	call("DescribeUserPoolClient", `,"ClientId":"CLIENT"`, "UserPoolClient")
	call("UpdateUserPoolClient", `,"ClientId":"CLIENT","ClientName":"d"`, "UserPoolClient")
	call("ListUserPoolClients", ``, "UserPoolClients")
	secretID := call("AddUserPoolClientSecret", `,"ClientId":"CLIENT"`, "ClientSecretDescriptor")["ClientSecretId"].(string)
	call("ListUserPoolClientSecrets", `,"ClientId":"CLIENT"`, "ClientSecrets")
	call("DeleteUserPoolClientSecret", `,"ClientId":"CLIENT","ClientSecretId":"`+secretID+`"`, "")
	call("GetUICustomization", ``, "UICustomization")
	branding := call("CreateManagedLoginBranding", `,"ClientId":"CLIENT","UseCognitoProvidedValues":true`, "ManagedLoginBranding")["ManagedLoginBrandingId"].(string)
	ids = strings.NewReplacer("CLIENT", client, "BRANDING", branding)
	call("DescribeManagedLoginBranding", `,"ManagedLoginBrandingId":"BRANDING"`, "ManagedLoginBranding")
	call("DescribeManagedLoginBrandingByClient", `,"ClientId":"CLIENT"`, "ManagedLoginBranding")
	call("UpdateManagedLoginBranding", `,"ManagedLoginBrandingId":"BRANDING","UseCognitoProvidedValues":true`, "ManagedLoginBranding")
	call("DeleteManagedLoginBranding", `,"ManagedLoginBrandingId":"BRANDING"`, "")

	group = `,"GroupName":"g"`
	call("CreateGroup", ``, "Group")
	call("GetGroup", ``, "Group")
	call("UpdateGroup", `,"Precedence":1`, "Group")
	user = `,"Username":"jane"`
	call("AdminCreateUser", `,"MessageAction":"SUPPRESS"`, "User")
	call("AdminGetUser", ``, "Username")
	call("ListUsers", ``, "Users")
	call("AdminAddUserToGroup", ``, "")
	call("AdminListGroupsForUser", ``, "Groups")
	call("ListUsersInGroup", ``, "Users")
	call("ListGroups", ``, "Groups")
	call("AdminRemoveUserFromGroup", ``, "")
	call("AdminUpdateUserAttributes", `,"UserAttributes":[{"Name":"name","Value":"Jane"}]`, "")
	call("AdminDeleteUserAttributes", `,"UserAttributeNames":["name"]`, "")
	call("AdminSetUserPassword", `,"Password":"Correct-horse-1","Permanent":true`, "")
	call("AdminDisableUser", ``, "")
	call("AdminEnableUser", ``, "")
	call("AdminUserGlobalSignOut", ``, "")
	call("AdminLinkProviderForUser", `,"DestinationUser":{"ProviderName":"Cognito","ProviderAttributeValue":"jane"},"SourceUser":{"ProviderName":"Idp","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"s"}`, "")
	call("AdminDisableProviderForUser", `,"User":{"ProviderName":"Idp","ProviderAttributeName":"Cognito_Subject","ProviderAttributeValue":"s"}`, "")
	call("AdminDeleteUser", ``, "")
	call("DeleteGroup", ``, "")
	call("DeleteUserPoolClient", `,"ClientId":"CLIENT"`, "")
	call("DeleteIdentityProvider", `,"ProviderName":"Idp"`, "")
	call("DeleteUserPoolDomain", `,"Domain":"made"`, "")
	call("DeleteUserPool", ``, "")

	for _, op := range served() {
		ofUser := false
		for _, word := range ofUsers {
			ofUser = ofUser || strings.Contains(op.Name, word)
		}
		require.True(t, asked[op.Name] || ofUser, "%s is served, and no call of it succeeds here", op.Name)
	}
}
