package signin

import (
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The classes that this package's rules answer, beside those of userpool.
const (
	CodeMismatch             userpool.Code = "CodeMismatchException"
	EnableSoftwareToken      userpool.Code = "EnableSoftwareTokenMFAException"
	ExpiredCode              userpool.Code = "ExpiredCodeException"
	FeatureUnavailableInTier userpool.Code = "FeatureUnavailableInTierException"
	InvalidLambdaResponse    userpool.Code = "InvalidLambdaResponseException"
	NotAuthorized            userpool.Code = "NotAuthorizedException"
	PasswordResetRequired    userpool.Code = "PasswordResetRequiredException"
	SoftwareTokenMFANotFound userpool.Code = "SoftwareTokenMFANotFoundException"
	UnexpectedLambda         userpool.Code = "UnexpectedLambdaException"
	UserLambdaValidation     userpool.Code = "UserLambdaValidationException"
	UserNotConfirmed         userpool.Code = "UserNotConfirmedException"
	TooManyFailedAttempts    userpool.Code = "TooManyFailedAttemptsException"
	MFAMethodNotFound        userpool.Code = "MFAMethodNotFoundException"
	InvalidPoolConfiguration userpool.Code = "InvalidUserPoolConfigurationException"
	UnsupportedOperation     userpool.Code = "UnsupportedOperationException"
	incorrectPassword                      = "Incorrect username or password."
	invalidSession                         = "Invalid session for the user."
	expiredSession                         = "Invalid session for the user, session is expired."
	wrongVerificationCode                  = "Invalid verification code provided, please try again."
	expiredVerificationCode                = "Invalid code provided, please request a code again."
	attemptsExceeded                       = "Attempt limit exceeded, please try after some time."
	wrongSecondFactor                      = "Invalid code received for user"
	noContact                              = "Cannot reset password for the user as there is no registered/verified email or phone_number"
)

func notAuthorized(text string) error { return userpool.Errorf(NotAuthorized, "%s", text) }

func invalid(format string, args ...any) error {
	return userpool.Errorf(userpool.InvalidParameter, format, args...)
}

func missing(parameter string) error { return invalid("Missing required parameter %s", parameter) }

// noUser is the answer for a name that nobody has, where the app client hides nobody.
func noUser() error { return userpool.Errorf(userpool.UserNotFound, "User does not exist.") }

// wrongPassword is the answer to a wrong password, and for a name that nobody has where the app client hides that.
func wrongPassword() error { return notAuthorized(incorrectPassword) }

func disabled() error { return notAuthorized("User is disabled.") }
