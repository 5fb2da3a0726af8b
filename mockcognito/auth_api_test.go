package mockcognito_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

// Claim for claim what a sign-in by the API brings: no scopes but the API's own, no at_hash, no version, an event_id.
func TestTokensOfASignInByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	out, err := b.initiate(nativeID, "jane", ownPassword)
	require.NoError(t, err)
	require.Empty(t, out.ChallengeName)
	require.Nil(t, out.Session)
	got := out.AuthenticationResult
	require.Equal(t, "Bearer", *got.TokenType)
	require.EqualValues(t, 3600, got.ExpiresIn)
	require.Len(t, strings.Split(*got.RefreshToken, "."), 5)

	id, access := claimsOf(t, got.IdToken), claimsOf(t, got.AccessToken)
	user, err := b.sdk().AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String("jane")})
	require.NoError(t, err)
	sub := attributesOf(user.UserAttributes)["sub"]
	now := float64(b.kit.Env.Now().Unix())
	for _, claims := range []map[string]any{id, access} {
		for _, name := range []string{"jti", "origin_jti", "event_id"} {
			require.Regexp(t, `^[0-9a-f-]{36}$`, claims[name], name)
		}
		require.Equal(t, id["event_id"], claims["event_id"])
		require.Equal(t, id["origin_jti"], claims["origin_jti"])
		require.InDelta(t, now, claims["auth_time"], 5)
		require.InDelta(t, claims["iat"], claims["auth_time"], 5)
		require.InDelta(t, now+3600, claims["exp"], 5)
	}
	drop := func(claims map[string]any) map[string]any {
		for _, name := range []string{"jti", "origin_jti", "event_id", "auth_time", "iat", "exp"} {
			delete(claims, name)
		}
		return claims
	}
	require.Equal(t, map[string]any{
		"sub": sub, "iss": b.url + "/" + poolID, "client_id": nativeID, "token_use": "access", "scope": "aws.cognito.signin.user.admin",
		"username": "jane", "cognito:groups": []any{"staff"},
	}, drop(access))
	require.Equal(t, map[string]any{
		"sub": sub, "iss": b.url + "/" + poolID, "aud": nativeID, "token_use": "id", "cognito:username": "jane", "cognito:groups": []any{"staff"},
		"email": "jane@example.com", "email_verified": true, "given_name": "Jane",
	}, drop(id), "custom:plan is not among what a client without a list reads")
}

func TestSignInsThatFail(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	for name, c := range map[string]struct{ client, user, clear, class, text string }{
		"wrong password":   {nativeID, "jane", "x", "NotAuthorizedException", "Incorrect username or password."},
		"nobody":           {nativeID, "nobody", ownPassword, "UserNotFoundException", "User does not exist."},
		"nobody, hidden":   {hidingID, "nobody", ownPassword, "NotAuthorizedException", "Incorrect username or password."},
		"flow not allowed": {minimalID, "jane", ownPassword, "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"},
		"unknown client":   {"nobody", "jane", ownPassword, "ResourceNotFoundException", "User pool client nobody does not exist."},
		"no SECRET_HASH":   {secretID, "jane", ownPassword, "NotAuthorizedException", "Client " + secretID + " is configured with secret but SECRET_HASH was not received"},
	} {
		_, err := b.initiate(c.client, c.user, c.clear)
		refused(t, err, c.class, c.text)
		require.NotContains(t, err.Error(), ownPassword, name)
	}
	_, err := b.initiate(hidingID, strings.Repeat("a", 40<<10), ownPassword)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	admin := func(flow types.AuthFlowType, client string) error {
		_, err := b.sdk().AdminInitiateAuth(t.Context(), &cip.AdminInitiateAuthInput{
			UserPoolId: aws.String(poolID), ClientId: &client, AuthFlow: flow, AuthParameters: map[string]string{"USERNAME": "jane", "PASSWORD": ownPassword},
		})
		return err
	}
	refused(t, admin(types.AuthFlowTypeAdminUserPasswordAuth, minimalID), "InvalidParameterException", "ADMIN_USER_PASSWORD_AUTH flow not enabled for this client")
	refused(t, admin(types.AuthFlowTypeUserPasswordAuth, nativeID), "InvalidParameterException", "Initiate Auth method not supported.")
	require.NoError(t, admin(types.AuthFlowTypeAdminUserPasswordAuth, nativeID))
	require.NoError(t, admin(types.AuthFlowTypeAdminNoSrpAuth, nativeID))

	for body, want := range map[string]string{
		`{"ClientId":"` + nativeID + `","AuthFlow":"MAGIC"}`:                                                                        "1 validation error detected: Value 'MAGIC' at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: [USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_PASSWORD_AUTH"}`:                                                           "Missing required parameter USERNAME",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"jane"}}`:                      "Missing required parameter PASSWORD",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_SRP_AUTH","AuthParameters":{"USERNAME":"jane"}}`:                           "Missing required parameter SRP_A",
		`{"ClientId":"` + nativeID + `","AuthFlow":"REFRESH_TOKEN_AUTH"}`:                                                           "Missing required parameter REFRESH_TOKEN",
		`{"ClientId":"` + nativeID + `","AuthFlow":"CUSTOM_AUTH","AuthParameters":{"USERNAME":"jane"}}`:                             "Custom auth lambda trigger is not configured for the user pool.",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_AUTH","AuthParameters":{"USERNAME":"jane"},"Session":"x"}`:                 "1 validation error detected: Value at 'session' failed to satisfy constraint: Member must have length greater than or equal to 20",
		`{"ClientId":"` + nativeID + `","AuthFlow":"ADMIN_USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"jane"}}`:                "Initiate Auth method not supported.",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"jane","PASSWORD":["abc"]}}`:   "Start of list found where not expected",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":"abc"}`:                                    "STRING_VALUE can not be converted to a map",
		`{"ClientId":"` + nativeID + `","AuthFlow":"USER_PASSWORD_AUTH","UserContextData":{"IpAddress":["a"]},"AuthParameters":{}}`: "Start of list found where not expected",
	} {
		a := b.api("InitiateAuth", body)
		require.Equal(t, 400, a.status)
		require.Equal(t, want, a.json["message"])
	}
}

// A federated user has no password: the answer is the one to a wrong password.
func TestFederatedUsersHaveNoPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	b.signIn()
	for _, client := range []string{nativeID, hidingID} {
		for _, clear := range []string{"x", ownPassword} {
			_, err := b.initiate(client, provider+"_"+subject, clear)
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
		}
	}
}

func TestNewPasswordByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	out, err := b.initiate(nativeID, "new", ownPassword)
	require.NoError(t, err)
	require.Nil(t, out.AuthenticationResult)
	require.Equal(t, types.ChallengeNameTypeNewPasswordRequired, out.ChallengeName)
	require.Equal(t, map[string]string{"USER_ID_FOR_SRP": "new", "requiredAttributes": "[]", "userAttributes": `{"email":"new@example.com"}`}, out.ChallengeParameters)
	_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "new", "NEW_PASSWORD", "short")
	refused(t, err, "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	done, err := b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "new", "NEW_PASSWORD", "Another0!")
	require.NoError(t, err)
	require.Equal(t, "new", claimsOf(t, done.AuthenticationResult.IdToken)["cognito:username"])
	_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "new", "NEW_PASSWORD", "Another0!")
	refused(t, err, "NotAuthorizedException", "Invalid session for the user.")
	_, err = b.initiate(nativeID, "new", "Another0!")
	require.NoError(t, err)

	// The same by an administrator.
	_, err = b.sdk().AdminSetUserPassword(t.Context(), &cip.AdminSetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String("jane"), Password: aws.String("Tempor4ry!")})
	require.NoError(t, err)
	begun, err := b.sdk().AdminInitiateAuth(t.Context(), &cip.AdminInitiateAuthInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "jane", "PASSWORD": "Tempor4ry!"},
	})
	require.NoError(t, err)
	ended, err := b.sdk().AdminRespondToAuthChallenge(t.Context(), &cip.AdminRespondToAuthChallengeInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(nativeID), ChallengeName: begun.ChallengeName, Session: begun.Session, ChallengeResponses: map[string]string{"USERNAME": "jane", "NEW_PASSWORD": "Another0!"},
	})
	require.NoError(t, err)
	require.NotNil(t, ended.AuthenticationResult)
	_, err = b.sdk().AdminRespondToAuthChallenge(t.Context(), &cip.AdminRespondToAuthChallengeInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String("nobody"), ChallengeName: begun.ChallengeName, ChallengeResponses: map[string]string{},
	})
	refused(t, err, "ResourceNotFoundException", "User pool client nobody does not exist.")
}

func TestSessionsEndWithTheClientsValidity(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	_, err := b.sdk().UpdateUserPoolClient(t.Context(), &cip.UpdateUserPoolClientInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(nativeID), AuthSessionValidity: aws.Int32(15), ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"},
	})
	require.NoError(t, err)
	for advance, text := range map[time.Duration]string{15*time.Minute - time.Second: "", 15 * time.Minute: "Invalid session for the user, session is expired."} {
		out, err := b.initiate(nativeID, "new", ownPassword)
		require.NoError(t, err)
		b.kit.Env.Advance(advance)
		_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "new")
		if text == "" {
			text = "Missing required parameter NEW_PASSWORD"
		}
		require.ErrorContains(t, err, text)
	}
}

func TestSecretHash(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	sign := func(hash string) (*cip.InitiateAuthOutput, error) {
		return b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{
			ClientId: aws.String(secretID), AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "jane", "PASSWORD": ownPassword, "SECRET_HASH": hash},
		})
	}
	for _, hash := range []string{"x", "QUJD", hashFor("new")} {
		_, err := sign(hash)
		refused(t, err, "NotAuthorizedException", "Unable to verify secret hash for client "+secretID)
	}
	out, err := sign(hashFor("jane"))
	require.NoError(t, err)
	// A second secret works beside the first one until one is deleted.
	added, err := b.sdk().AddUserPoolClientSecret(t.Context(), &cip.AddUserPoolClientSecretInput{UserPoolId: aws.String(poolID), ClientId: aws.String(secretID)})
	require.NoError(t, err)
	require.NotEmpty(t, *added.ClientSecretDescriptor.ClientSecretValue)
	_, err = sign(hashFor("jane"))
	require.NoError(t, err)
	// A public client that sends one has got it from nowhere.
	_, err = b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{
		ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "jane", "PASSWORD": ownPassword, "SECRET_HASH": hashFor("jane")},
	})
	refused(t, err, "NotAuthorizedException", "Unable to verify secret hash for client "+nativeID)

	refresh := func(hash string) error {
		_, err := b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{
			ClientId: aws.String(secretID), AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": *out.AuthenticationResult.RefreshToken, "SECRET_HASH": hash},
		})
		return err
	}
	refused(t, refresh("x"), "NotAuthorizedException", "SecretHash does not match for the client: "+secretID)
	refused(t, refresh(hashFor("jane@example.com")), "NotAuthorizedException", "SecretHash does not match for the client: "+secretID)
	require.NoError(t, refresh(hashFor("jane")))

	signUp := func(hash *string) error {
		_, err := b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(secretID), SecretHash: hash, Username: aws.String("mary"), Password: aws.String(ownPassword)})
		return err
	}
	refused(t, signUp(nil), "NotAuthorizedException", "Client "+secretID+" is configured with secret but SECRET_HASH was not received")
	refused(t, signUp(aws.String("QUJD")), "NotAuthorizedException", "Unable to verify secret hash for client "+secretID)
	require.NoError(t, signUp(aws.String(hashFor("mary"))))
}

func TestRefreshByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	refresh := func(client, token string) (*cip.InitiateAuthOutput, error) {
		return b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": token}})
	}
	get := func(client, token string, secret *string) (*cip.GetTokensFromRefreshTokenOutput, error) {
		return b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: &client, RefreshToken: &token, ClientSecret: secret})
	}
	b.kit.Env.Advance(10 * time.Minute)
	first, err := refresh(nativeID, *signed.RefreshToken)
	require.NoError(t, err)
	second, err := get(nativeID, *signed.RefreshToken, nil)
	require.NoError(t, err)
	for _, again := range []*types.AuthenticationResultType{first.AuthenticationResult, second.AuthenticationResult} {
		require.Nil(t, again.RefreshToken)
		old, now := claimsOf(t, signed.AccessToken), claimsOf(t, again.AccessToken)
		for _, name := range []string{"origin_jti", "auth_time", "event_id", "scope", "sub"} {
			require.Equal(t, old[name], now[name], name)
		}
		require.NotEqual(t, old["jti"], now["jti"])
		require.InDelta(t, old["iat"].(float64)+600, now["iat"], 30, "the lab's clock runs on between the two")
		require.Equal(t, "jane@example.com", claimsOf(t, again.IdToken)["email"])
	}
	_, err = refresh(nativeID, "a.b.c.d.e")
	refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
	_, err = refresh(hidingID, *signed.RefreshToken)
	refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
	_, err = get(secretID, *signed.RefreshToken, nil)
	refused(t, err, "NotAuthorizedException", "Client "+secretID+" is configured with secret but ClientSecret was not received")
	_, err = get(secretID, *signed.RefreshToken, aws.String(strings.Repeat("x", 50)))
	refused(t, err, "NotAuthorizedException", "Unable to verify the secret of client "+secretID)
	b.kit.Env.Advance(30 * 24 * time.Hour)
	_, err = get(nativeID, *signed.RefreshToken, nil)
	refused(t, err, "NotAuthorizedException", "Refresh Token has expired")
	b.kit.Env.Advance(48 * time.Hour)
	_, err = get(nativeID, *signed.RefreshToken, nil)
	refused(t, err, "NotAuthorizedException", "Invalid Refresh Token")
}

func TestRotationByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	out, err := b.initiate(rotateID, "jane", ownPassword)
	require.NoError(t, err)
	old := out.AuthenticationResult.RefreshToken
	_, err = b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: aws.String(rotateID), AuthFlow: types.AuthFlowTypeRefreshTokenAuth, AuthParameters: map[string]string{"REFRESH_TOKEN": *old}})
	refused(t, err, "InvalidParameterException", "REFRESH_TOKEN_AUTH flow not enabled for this client")
	get := func(token *string) (*cip.GetTokensFromRefreshTokenOutput, error) {
		return b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(rotateID), RefreshToken: token})
	}
	next, err := get(old)
	require.NoError(t, err)
	require.NotNil(t, next.AuthenticationResult.RefreshToken)
	_, err = get(old)
	refused(t, err, "RefreshTokenReuseException", "Refresh token has been reused.")
	_, err = get(next.AuthenticationResult.RefreshToken)
	require.NoError(t, err)
}

// A refresh token of the domain's token endpoint is good for the API, and the other way round.
func TestRefreshTokensOfBothWays(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	federated := b.tokens().json
	out, err := b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(clientID), ClientSecret: aws.String(secret), RefreshToken: aws.String(federated["refresh_token"].(string))})
	require.NoError(t, err)
	require.EqualValues(t, 2, claimsOf(t, out.AuthenticationResult.AccessToken)["version"])
	_, err = b.getUser(out.AuthenticationResult.AccessToken)
	refused(t, err, "NotAuthorizedException", "Access Token does not have required scopes")
}

func TestRevokeToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed, other := b.signedIn("jane"), b.signedIn("jane")
	revoke := func(client string, token *string, secret *string) error {
		_, err := b.sdk().RevokeToken(t.Context(), &cip.RevokeTokenInput{ClientId: &client, Token: token, ClientSecret: secret})
		return err
	}
	refused(t, revoke(nativeID, signed.AccessToken, nil), "UnsupportedTokenTypeException", "")
	refused(t, revoke("nobody", signed.RefreshToken, nil), "UnauthorizedException", "User pool client nobody does not exist.")
	refused(t, revoke(secretID, signed.RefreshToken, nil), "UnauthorizedException", "")
	refused(t, revoke("norevoke", signed.RefreshToken, aws.String(secret)), "UnsupportedOperationException", "")
	require.NoError(t, revoke(hidingID, signed.RefreshToken, nil), "another client's token is as good as an unknown one")
	_, err := b.getUser(signed.AccessToken)
	require.NoError(t, err)

	require.NoError(t, revoke(nativeID, signed.RefreshToken, nil))
	require.NoError(t, revoke(nativeID, signed.RefreshToken, nil))
	_, err = b.getUser(signed.AccessToken)
	refused(t, err, "NotAuthorizedException", "Access Token has been revoked")
	_, err = b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(nativeID), RefreshToken: signed.RefreshToken})
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	_, err = b.getUser(other.AccessToken)
	require.NoError(t, err, "another sign-in's")
}

// A region's API knows the pools and sessions of that region alone.
func TestAnotherRegion(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	_, err := b.sdk("eu-west-1").AdminInitiateAuth(t.Context(), &cip.AdminInitiateAuthInput{
		UserPoolId: aws.String(poolID), ClientId: aws.String(nativeID), AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": "jane", "PASSWORD": ownPassword},
	})
	refused(t, err, "ResourceNotFoundException", "User pool "+poolID+" does not exist.")
	_, err = b.getUser(signed.AccessToken)
	require.NoError(t, err, "an unsigned request on a host of no region's")
}
