package mockcognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

func TestSignUpByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	out, err := b.sdk().SignUp(t.Context(), &cip.SignUpInput{
		ClientId: aws.String(nativeID), Username: aws.String("mary"), Password: aws.String(ownPassword),
		UserAttributes: attribute("email", "mary@example.com", "given_name", "Mary"), ClientMetadata: map[string]string{"a": "b"},
	})
	require.NoError(t, err)
	require.False(t, out.UserConfirmed)
	require.Regexp(t, `^[0-9a-f-]{36}$`, *out.UserSub)
	require.Equal(t, &types.CodeDeliveryDetailsType{Destination: aws.String("m***@e***"), DeliveryMedium: "EMAIL", AttributeName: aws.String("email")}, out.CodeDeliveryDetails)
	_, err = b.initiate(nativeID, "mary", ownPassword)
	refused(t, err, "UserNotConfirmedException", "User is not confirmed.")

	again, err := b.sdk().ResendConfirmationCode(t.Context(), &cip.ResendConfirmationCodeInput{ClientId: aws.String(nativeID), Username: aws.String("mary")})
	require.NoError(t, err)
	require.Equal(t, "m***@e***", *again.CodeDeliveryDetails.Destination)
	confirm := func(code string) error {
		_, err := b.sdk().ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: aws.String(nativeID), Username: aws.String("mary"), ConfirmationCode: &code})
		return err
	}
	refused(t, confirm("x"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	require.NoError(t, confirm(b.newestMessage().Code))
	refused(t, confirm("x"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	signed := b.signedIn("mary")
	require.Equal(t, true, claimsOf(t, signed.IdToken)["email_verified"])

	_, err = b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(nativeID), Username: aws.String("mary"), Password: aws.String(ownPassword)})
	refused(t, err, "UsernameExistsException", "User already exists")
	_, err = b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(nativeID), Username: aws.String("a"), Password: aws.String("weak")})
	refused(t, err, "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	for body, message := range map[string]string{
		`{}`: "2 validation errors detected: Value null at 'clientId' failed to satisfy constraint: Member must not be null; Value null at 'username' failed to satisfy constraint: Member must not be null",
		`{"ClientId":"` + nativeID + `","Username":"a b","Password":"` + ownPassword + `"}`: `1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`,
		`{"ClientId":"` + nativeID + `","Username":"a","UserAttributes":[{"Value":"x"}]}`:   "1 validation error detected: Value null at 'userAttributes.1.member.name' failed to satisfy constraint: Member must not be null",
	} {
		a := b.api("SignUp", body)
		require.Equal(t, message, a.json["message"])
		require.Equal(t, "InvalidParameterException", a.json["__type"])
	}
}

func TestConfirmationByAnAdministrator(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	_, err := b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(nativeID), Username: aws.String("mary"), Password: aws.String(ownPassword)})
	require.NoError(t, err)
	confirm := func(name string) error {
		_, err := b.sdk().AdminConfirmSignUp(t.Context(), &cip.AdminConfirmSignUpInput{UserPoolId: aws.String(poolID), Username: &name})
		return err
	}
	require.NoError(t, confirm("mary"))
	refused(t, confirm("mary"), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	refused(t, confirm("nobody"), "UserNotFoundException", "User does not exist.")
	b.signedIn("mary")
}

func TestForgottenPasswordByTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	forgot := func(client, name string) (*types.CodeDeliveryDetailsType, error) {
		out, err := b.sdk().ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: &client, Username: &name})
		if err != nil {
			return nil, err
		}
		return out.CodeDeliveryDetails, nil
	}
	confirm := func(client, name, code, clear string) error {
		_, err := b.sdk().ConfirmForgotPassword(t.Context(), &cip.ConfirmForgotPasswordInput{ClientId: &client, Username: &name, ConfirmationCode: &code, Password: &clear})
		return err
	}
	sent, err := forgot(nativeID, "jane")
	require.NoError(t, err)
	require.Equal(t, &types.CodeDeliveryDetailsType{Destination: aws.String("j***@e***"), DeliveryMedium: "EMAIL", AttributeName: aws.String("email")}, sent)
	code := b.newestMessage().Code
	refused(t, confirm(nativeID, "jane", "x", "Another0!"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	refused(t, confirm(nativeID, "jane", code, "weak"), "InvalidPasswordException", "")
	require.NoError(t, confirm(nativeID, "jane", code, "Another0!"))
	refused(t, confirm(nativeID, "jane", code, "Another0!"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	_, err = b.initiate(nativeID, "jane", "Another0!")
	require.NoError(t, err)

	_, err = forgot(nativeID, "nobody")
	refused(t, err, "UserNotFoundException", "User does not exist.")
	first, err := forgot(hidingID, "nobody")
	require.NoError(t, err)
	second, err := forgot(hidingID, "nobody")
	require.NoError(t, err)
	require.Equal(t, first, second)
	refused(t, confirm(hidingID, "nobody", "x", "Another0!"), "CodeMismatchException", "Invalid verification code provided, please try again.")

	_, err = b.sdk().AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String("jane")})
	require.NoError(t, err)
	_, err = b.initiate(nativeID, "jane", "Another0!")
	refused(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	require.NoError(t, confirm(nativeID, "jane", b.newestMessage().Code, ownPassword))
	b.signedIn("jane")
	_, err = b.sdk().AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String("new")})
	refused(t, err, "NotAuthorizedException", "User password cannot be reset in the current state.")
}

func TestMessagesKeepCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	_, err := b.sdk().ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(nativeID), Username: aws.String("jane")})
	require.NoError(t, err)
	m := b.newestMessage()
	require.Equal(t, []string{poolID, "jane", "EMAIL", "jane@example.com", "forgot-password"}, []string{m.PoolID, m.Username, m.Medium, m.Destination, m.Purpose})
	require.Regexp(t, `^[0-9]{6}$`, m.Code)
	require.Contains(t, m.Body, m.Code)
}
