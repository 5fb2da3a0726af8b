package mockcognito_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

func identity(provider, attribute, value string) *types.ProviderUserIdentifierType {
	return &types.ProviderUserIdentifierType{ProviderName: &provider, ProviderAttributeName: &attribute, ProviderAttributeValue: &value}
}

func (b *bench) linkByAPI(user string, source *types.ProviderUserIdentifierType) error {
	b.t.Helper()
	_, err := b.sdk().AdminLinkProviderForUser(b.t.Context(), &cip.AdminLinkProviderForUserInput{
		UserPoolId: aws.String(poolID), DestinationUser: identity("Cognito", "", user), SourceUser: source,
	})
	return err
}

func (b *bench) unlinkByAPI(user *types.ProviderUserIdentifierType) error {
	b.t.Helper()
	_, err := b.sdk().AdminDisableProviderForUser(b.t.Context(), &cip.AdminDisableProviderForUserInput{UserPoolId: aws.String(poolID), User: user})
	return err
}

func (b *bench) adminGet(user string) (*cip.AdminGetUserOutput, map[string]string) {
	b.t.Helper()
	u, err := b.sdk().AdminGetUser(b.t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: &user})
	require.NoError(b.t, err)
	return u, attributesOf(u.UserAttributes)
}

// withJane is a pool with a user of its own and a few more.
func withJane(c *mockConfig) {
	c.UserPools[0].Attributes = []mockAttribute{{Name: "custom:id", Immutable: true}}
	c.UserPools[0].Users = []mockcognito.User{{Username: "jane", Password: "Passw0rd!", Attributes: map[string]string{"nickname": "J", "given_name": "Jane"}}, {Username: "joe"}}
}

func TestALinkedIdentityLandsOnTheProfile(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]*types.ProviderUserIdentifierType{
		"by subject": identity(provider, "Cognito_Subject", subject),
		"by claim":   identity(provider, "email", "john@example.com"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, withJane)
			_, before := b.adminGet("jane")
			require.NoError(t, b.linkByAPI("jane", source))
			for range 2 {
				_, claims := part(t, b.tokens("prompt", "login").json["id_token"], 1)
				require.Equal(t, before["sub"], claims["sub"])
				require.Equal(t, "jane", claims["cognito:username"])
				require.NotContains(t, claims, "cognito:groups", "a linked user is not in the provider's group")
			}
			u, after := b.adminGet("jane")
			require.Equal(t, types.UserStatusTypeConfirmed, u.UserStatus)
			require.Equal(t, "John", after["given_name"], "mapped attributes are overwritten")
			require.Equal(t, "J", after["nickname"])
			var identities []map[string]any
			require.NoError(t, json.Unmarshal([]byte(after["identities"]), &identities))
			require.Len(t, identities, 1)
			require.Equal(t, false, identities[0]["primary"])

			require.NoError(t, b.unlinkByAPI(source))
			_, claims := part(t, b.tokens("prompt", "login").json["id_token"], 1)
			require.NotEqual(t, before["sub"], claims["sub"], "without the link he has a profile of his own")
			_, after = b.adminGet("jane")
			require.NotContains(t, after, "identities")
			refused(t, b.linkByAPI("jane", identity(provider, "Cognito_Subject", subject)), "InvalidParameterException", "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link")
		})
	}
}

func TestRefusedLinks(t *testing.T) {
	t.Parallel()
	b := newBench(t, withJane)
	bySubject := func(s string) *types.ProviderUserIdentifierType { return identity(provider, "Cognito_Subject", s) }
	refused(t, b.linkByAPI("nobody", bySubject("x")), "UserNotFoundException", "User does not exist.")
	refused(t, b.linkByAPI("jane", identity("Nobody", "Cognito_Subject", "x")), "InvalidParameterException", "Nobody")
	refused(t, b.linkByAPI("jane", identity(provider, "phone_number", "x")), "InvalidParameterException", "phone_number")
	refused(t, b.linkByAPI("jane", bySubject("")), "InvalidParameterException", "required")
	require.NoError(t, b.linkByAPI("jane", bySubject("s1")))
	refused(t, b.linkByAPI("jane", bySubject("s1")), "InvalidParameterException", "SourceUser is already linked to DestinationUser")
	refused(t, b.linkByAPI("joe", bySubject("s1")), "AliasExistsException", "s1")
	for i := range 4 {
		require.NoError(t, b.linkByAPI("jane", bySubject(fmt.Sprint("more-", i))))
	}
	refused(t, b.linkByAPI("jane", bySubject("one too many")), "LimitExceededException", "5")

	refused(t, b.unlinkByAPI(bySubject("nobody")), "UserNotFoundException", "User does not exist.")
	_, err := b.sdk().AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: aws.String(poolID), Username: aws.String("fixed"), UserAttributes: attribute("custom:id", "7")})
	require.NoError(t, err)
	refused(t, b.linkByAPI("fixed", bySubject("s9")), "InvalidParameterException", "custom:id")
}

func TestLinksByAtMostFiveClaims(t *testing.T) {
	t.Parallel()
	b := newBench(t, withJane, func(c *mockConfig) {
		c.UserPools[0].Providers[0].AttributeMapping = map[string]string{"email": "c1", "name": "c2", "nickname": "c3", "given_name": "c4", "family_name": "c5", "locale": "c6"}
	})
	for i := range 5 {
		require.NoError(t, b.linkByAPI("jane", identity(provider, fmt.Sprint("c", i+1), "v")))
	}
	refused(t, b.linkByAPI("joe", identity(provider, "c6", "v")), "LimitExceededException", "5 attributes")
	require.NoError(t, b.linkByAPI("joe", identity(provider, "c5", "another")), "of a claim that is in use already there may be more")
}

// The profile that a first sign-in made can be the destination as well; it is named by its identity.
func TestLinkingToAFederatedProfile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.tokens()
	_, err := b.sdk().AdminLinkProviderForUser(t.Context(), &cip.AdminLinkProviderForUserInput{
		UserPoolId: aws.String(poolID), DestinationUser: identity(provider, "", subject), SourceUser: identity(provider, "Cognito_Subject", "another"),
	})
	require.NoError(t, err)
	_, attributes := b.adminGet(provider + "_" + subject)
	var identities []map[string]any
	require.NoError(t, json.Unmarshal([]byte(attributes["identities"]), &identities))
	require.Equal(t, []any{true, false}, []any{identities[0]["primary"], identities[1]["primary"]})
	require.Equal(t, "another", identities[1]["userId"])
}

func TestDisablingPasswordSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, withJane)
	require.NotNil(t, b.users().Get("jane").Password)
	require.NoError(t, b.unlinkByAPI(identity("Cognito", "Cognito_Subject", "jane")))
	require.Nil(t, b.users().Get("jane").Password)
	refused(t, b.unlinkByAPI(identity("Cognito", "Cognito_Subject", "nobody")), "UserNotFoundException", "User does not exist.")
}
