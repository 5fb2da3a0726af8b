package mockcognito_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

func TestGetUser(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	out, err := b.getUser(signed.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "jane", *out.Username)
	got := attributesOf(out.UserAttributes)
	require.Equal(t, "sub", *out.UserAttributes[0].Name)
	delete(got, "sub")
	require.Equal(t, map[string]string{"email": "jane@example.com", "email_verified": "true", "given_name": "Jane"}, got, "what the client may read")
	factors, err := b.sdk().GetUserAuthFactors(t.Context(), &cip.GetUserAuthFactorsInput{AccessToken: signed.AccessToken})
	require.NoError(t, err)
	require.Equal(t, []types.AuthFactorType{types.AuthFactorTypePassword}, factors.ConfiguredUserAuthFactors)

	b.kit.Env.Advance(time.Hour)
	_, err = b.getUser(signed.AccessToken)
	refused(t, err, "NotAuthorizedException", "Access Token has expired")
	signed = b.signedIn("jane")
	disable := &cip.AdminDisableUserInput{UserPoolId: aws.String(poolID), Username: aws.String("jane")}
	_, err = b.sdk().AdminDisableUser(t.Context(), disable)
	require.NoError(t, err)
	_, err = b.getUser(signed.AccessToken)
	refused(t, err, "NotAuthorizedException", "User is disabled.")
	_, err = b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(nativeID), RefreshToken: signed.RefreshToken})
	refused(t, err, "NotAuthorizedException", "User is disabled.")
	_, err = b.initiate(nativeID, "jane", ownPassword)
	refused(t, err, "NotAuthorizedException", "User is disabled.")
}

func TestGlobalSignOutOfOnesOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	first, second := b.signedIn("jane"), b.signedIn("jane")
	_, err := b.sdk().GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: first.AccessToken})
	require.NoError(t, err)
	for _, signed := range []*types.AuthenticationResultType{first, second} {
		_, err = b.getUser(signed.AccessToken)
		refused(t, err, "NotAuthorizedException", "Access Token has been revoked")
		_, err = b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(nativeID), RefreshToken: signed.RefreshToken})
		refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	}
	third := b.signedIn("jane")
	_, err = b.getUser(third.AccessToken)
	require.NoError(t, err, "who signs in again")
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	_, err := b.sdk().DeleteUser(t.Context(), &cip.DeleteUserInput{AccessToken: signed.AccessToken})
	require.NoError(t, err)
	_, err = b.getUser(signed.AccessToken)
	refused(t, err, "UserNotFoundException", "User does not exist.")
	_, err = b.sdk().GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(nativeID), RefreshToken: signed.RefreshToken})
	refused(t, err, "UserNotFoundException", "User does not exist.")
	_, err = b.initiate(nativeID, "jane", ownPassword)
	refused(t, err, "UserNotFoundException", "User does not exist.")
}

func TestChangePasswordByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	change := func(from, to string) error {
		_, err := b.sdk().ChangePassword(t.Context(), &cip.ChangePasswordInput{AccessToken: signed.AccessToken, PreviousPassword: &from, ProposedPassword: &to})
		return err
	}
	refused(t, change("wrong", "Another0!"), "NotAuthorizedException", "Incorrect username or password.")
	refused(t, change(ownPassword, "weak"), "InvalidPasswordException", "")
	require.NoError(t, change(ownPassword, "Another0!"))
	_, err := b.initiate(nativeID, "jane", "Another0!")
	require.NoError(t, err)
	_, err = b.getUser(signed.AccessToken)
	require.NoError(t, err, "a changed password signs nobody out")
}

func TestAttributesOfOnesOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	update := func(pairs ...string) (*cip.UpdateUserAttributesOutput, error) {
		return b.sdk().UpdateUserAttributes(t.Context(), &cip.UpdateUserAttributesInput{AccessToken: signed.AccessToken, UserAttributes: attribute(pairs...)})
	}
	out, err := update("given_name", "Janet")
	require.NoError(t, err)
	require.Empty(t, out.CodeDeliveryDetailsList)
	out, err = update("email", "janet@example.com")
	require.NoError(t, err)
	require.Equal(t, "j***@e***", *out.CodeDeliveryDetailsList[0].Destination)
	_, err = update("custom:plan", "platinum")
	refused(t, err, "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	_, err = update("email_verified", "true")
	refused(t, err, "NotAuthorizedException", "A client attempted to write unauthorized attribute")

	verify := func(name, code string) error {
		_, err := b.sdk().VerifyUserAttribute(t.Context(), &cip.VerifyUserAttributeInput{AccessToken: signed.AccessToken, AttributeName: &name, Code: &code})
		return err
	}
	refused(t, verify("email", "x"), "CodeMismatchException", "")
	sent, err := b.sdk().GetUserAttributeVerificationCode(t.Context(), &cip.GetUserAttributeVerificationCodeInput{AccessToken: signed.AccessToken, AttributeName: aws.String("email")})
	require.NoError(t, err)
	require.Equal(t, "email", *sent.CodeDeliveryDetails.AttributeName)
	require.NoError(t, verify("email", b.newestMessage().Code))
	user, err := b.getUser(signed.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "true", attributesOf(user.UserAttributes)["email_verified"])

	// An administrator's change makes a code for the old address worthless.
	_, err = b.sdk().GetUserAttributeVerificationCode(t.Context(), &cip.GetUserAttributeVerificationCodeInput{AccessToken: signed.AccessToken, AttributeName: aws.String("email")})
	require.NoError(t, err)
	code := b.newestMessage().Code
	_, err = b.sdk().AdminUpdateUserAttributes(t.Context(), &cip.AdminUpdateUserAttributesInput{UserPoolId: aws.String(poolID), Username: aws.String("jane"), UserAttributes: attribute("email", "third@example.com")})
	require.NoError(t, err)
	refused(t, verify("email", code), "ExpiredCodeException", "")

	_, err = b.sdk().DeleteUserAttributes(t.Context(), &cip.DeleteUserAttributesInput{AccessToken: signed.AccessToken, UserAttributeNames: []string{"given_name"}})
	require.NoError(t, err)
	user, err = b.getUser(signed.AccessToken)
	require.NoError(t, err)
	require.NotContains(t, attributesOf(user.UserAttributes), "given_name")
}

// setMFA sets what second factors the pool has.
func (b *bench) setMFA(mode types.UserPoolMfaType) {
	b.t.Helper()
	_, err := b.sdk().SetUserPoolMfaConfig(b.t.Context(), &cip.SetUserPoolMfaConfigInput{
		UserPoolId: aws.String(poolID), MfaConfiguration: mode, SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		EmailMfaConfiguration: &types.EmailMfaConfigType{Subject: aws.String("Code"), Message: aws.String("It is {####}")},
	})
	require.NoError(b.t, err)
}

func TestSoftwareTokenByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	_, err := b.sdk().AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: signed.AccessToken})
	refused(t, err, "SoftwareTokenMFANotFoundException", "Software Token MFA is not enabled by the userPool.")
	b.setMFA(types.UserPoolMfaTypeOptional)
	made, err := b.sdk().AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: signed.AccessToken})
	require.NoError(t, err)
	require.Nil(t, made.Session)
	prefer := func() error {
		_, err := b.sdk().SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{AccessToken: signed.AccessToken, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true}})
		return err
	}
	refused(t, prefer(), "InvalidParameterException", "User has not verified software token mfa")
	verify := func(code *string) (*cip.VerifySoftwareTokenOutput, error) {
		return b.sdk().VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{AccessToken: signed.AccessToken, UserCode: code, FriendlyDeviceName: aws.String("phone")})
	}
	code := authenticatorCode(t, *made.SecretCode, b.kit.Env.Now())
	_, err = verify(authenticatorCode(t, *made.SecretCode, b.kit.Env.Now().Add(time.Hour)))
	refused(t, err, "EnableSoftwareTokenMFAException", "Code mismatch")
	verified, err := verify(code)
	require.NoError(t, err)
	require.Equal(t, types.VerifySoftwareTokenResponseTypeSuccess, verified.Status)
	require.NoError(t, prefer())
	user, err := b.getUser(signed.AccessToken)
	require.NoError(t, err)
	require.Equal(t, "SOFTWARE_TOKEN_MFA", *user.PreferredMfaSetting)
	require.Equal(t, []string{"SOFTWARE_TOKEN_MFA"}, user.UserMFASettingList)

	out, err := b.initiate(nativeID, "jane", ownPassword)
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeSoftwareTokenMfa, out.ChallengeName)
	_, err = b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", *code)
	refused(t, err, "ExpiredCodeException", "Your software token has already been used once.")
	b.kit.Env.Advance(time.Minute)
	done, err := b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "jane", "SOFTWARE_TOKEN_MFA_CODE", *authenticatorCode(t, *made.SecretCode, b.kit.Env.Now()))
	require.NoError(t, err)
	require.NotNil(t, done.AuthenticationResult)

	for body, text := range map[string]string{
		`{}`: "Exactly one of AccessToken and Session must be given.",
		`{"AccessToken":"a.b.c","Session":"aaaaaaaaaaaaaaaaaaaaaaaa"}`: "Exactly one of AccessToken and Session must be given.",
		`{"Session":"aaaaaaaaaaaaaaaaaaaaaaaa"}`:                       "Invalid session for the user.",
	} {
		require.Equal(t, text, b.api("AssociateSoftwareToken", body).json["message"])
	}
	require.Contains(t, b.api("VerifySoftwareToken", `{"UserCode":"12345x"}`).json["message"], "'userCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9]+")
}

func TestSetUpOfAnAuthenticatorDuringASignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	b.setMFA(types.UserPoolMfaTypeOn)
	_, err := b.sdk().AdminDeleteUserAttributes(t.Context(), &cip.AdminDeleteUserAttributesInput{UserPoolId: aws.String(poolID), Username: aws.String("jane"), UserAttributeNames: []string{"email"}})
	require.NoError(t, err)
	out, err := b.initiate(nativeID, "jane", ownPassword)
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeMfaSetup, out.ChallengeName)
	require.Equal(t, `["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, out.ChallengeParameters["MFAS_CAN_SETUP"])
	made, err := b.sdk().AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{Session: out.Session})
	require.NoError(t, err)
	verified, err := b.sdk().VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{Session: made.Session, UserCode: authenticatorCode(t, *made.SecretCode, b.kit.Env.Now())})
	require.NoError(t, err)
	done, err := b.respond(nativeID, out.ChallengeName, verified.Session, "USERNAME", "jane")
	require.NoError(t, err)
	require.NotNil(t, done.AuthenticationResult)
}

func TestFactorsByAnAdministrator(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	b.setMFA(types.UserPoolMfaTypeOptional)
	prefer := func(name string) error {
		_, err := b.sdk().AdminSetUserMFAPreference(t.Context(), &cip.AdminSetUserMFAPreferenceInput{
			UserPoolId: aws.String(poolID), Username: &name, EmailMfaSettings: &types.EmailMfaSettingsType{Enabled: true, PreferredMfa: true},
		})
		return err
	}
	refused(t, prefer("nobody"), "UserNotFoundException", "User does not exist.")
	require.NoError(t, prefer("jane"))
	user, err := b.sdk().AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: aws.String(poolID), Username: aws.String("jane")})
	require.NoError(t, err)
	require.Equal(t, []string{"EMAIL_OTP"}, user.UserMFASettingList)
	out, err := b.initiate(nativeID, "jane", ownPassword)
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeEmailOtp, out.ChallengeName)
	require.Equal(t, "j***@e***", out.ChallengeParameters["CODE_DELIVERY_DESTINATION"])
	require.Equal(t, "It is "+b.newestMessage().Code, b.newestMessage().Body)
	done, err := b.respond(nativeID, out.ChallengeName, out.Session, "USERNAME", "jane", "EMAIL_OTP_CODE", b.newestMessage().Code)
	require.NoError(t, err)
	require.NotNil(t, done.AuthenticationResult)
}

// USER_AUTH, as an app offers it that lets its users choose.
func TestChoiceByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	id := b.newPool(func(in *cip.CreateUserPoolInput) {
		in.AutoVerifiedAttributes = []types.VerifiedAttributeType{"email"}
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "EMAIL_OTP"}}}
	})
	client, err := b.sdk().CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: &id, ClientName: aws.String("app"), ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_AUTH"}})
	require.NoError(t, err)
	clientID := client.UserPoolClient.ClientId
	up, err := b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: clientID, Username: aws.String("mary"), UserAttributes: attribute("email", "mary@example.com")})
	require.NoError(t, err)
	require.NotNil(t, up.Session)
	confirmed, err := b.sdk().ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: clientID, Username: aws.String("mary"), ConfirmationCode: aws.String(b.newestMessage().Code), Session: up.Session})
	require.NoError(t, err)
	begin := func(session *string, parameters map[string]string) *cip.InitiateAuthOutput {
		parameters["USERNAME"] = "mary"
		out, err := b.sdk().InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: clientID, AuthFlow: types.AuthFlowTypeUserAuth, AuthParameters: parameters, Session: session})
		require.NoError(t, err)
		return out
	}
	require.NotNil(t, begin(confirmed.Session, map[string]string{}).AuthenticationResult, "at once after the sign-up")

	out := begin(nil, map[string]string{})
	require.Equal(t, types.ChallengeNameTypeSelectChallenge, out.ChallengeName)
	require.Equal(t, []types.ChallengeNameType{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}, out.AvailableChallenges)
	chosen, err := b.respond(*clientID, out.ChallengeName, out.Session, "USERNAME", "mary", "ANSWER", "EMAIL_OTP")
	require.NoError(t, err)
	require.Equal(t, types.ChallengeNameTypeEmailOtp, chosen.ChallengeName)
	done, err := b.respond(*clientID, chosen.ChallengeName, chosen.Session, "USERNAME", "mary", "EMAIL_OTP_CODE", b.newestMessage().Code)
	require.NoError(t, err)
	require.NotNil(t, done.AuthenticationResult)
	require.Equal(t, types.ChallengeNameTypeEmailOtp, begin(nil, map[string]string{"PREFERRED_CHALLENGE": "EMAIL_OTP"}).ChallengeName)
}
