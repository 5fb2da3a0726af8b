package idp

// What to do instead of an operation that is not modelled.
const (
	insteadNothing    = "Nothing in a sign-in through an identity provider needs it."
	insteadDevices    = "Remembered devices are not modelled; leave DeviceConfiguration out."
	insteadLater      = "Sign in through the domain's pages, or make the user with AdminCreateUser and AdminSetUserPassword."
	insteadProtection = "Threat protection is not modelled."
	insteadImport     = "Make users with AdminCreateUser, or list them in the lab file."
	insteadBranding   = "The pages keep their look; CreateManagedLoginBranding takes UseCognitoProvidedValues."
	insteadReplicas   = "A lab has each pool in one region."
)

// unsupported are the operations of the API that are known by name, with what to do instead. Those that operations() has
// come first.
var unsupported = map[string]string{
	"AdminConfirmSignUp": insteadLater, "AdminInitiateAuth": insteadLater, "AdminResetUserPassword": insteadLater,
	"AdminRespondToAuthChallenge": insteadLater, "ChangePassword": insteadLater, "ConfirmForgotPassword": insteadLater, "ConfirmSignUp": insteadLater,
	"DeleteUser": insteadLater, "DeleteUserAttributes": insteadLater, "ForgotPassword": insteadLater, "GetTokensFromRefreshToken": insteadLater,
	"GetUser": insteadLater, "GetUserAttributeVerificationCode": insteadLater, "GlobalSignOut": insteadLater, "InitiateAuth": insteadLater,
	"ResendConfirmationCode": insteadLater, "RespondToAuthChallenge": insteadLater, "RevokeToken": insteadLater, "SignUp": insteadLater,
	"UpdateUserAttributes": insteadLater, "VerifyUserAttribute": insteadLater,

	"AdminForgetDevice": insteadDevices, "AdminGetDevice": insteadDevices, "AdminListDevices": insteadDevices, "AdminUpdateDeviceStatus": insteadDevices,
	"ConfirmDevice": insteadDevices, "ForgetDevice": insteadDevices, "GetDevice": insteadDevices, "ListDevices": insteadDevices, "UpdateDeviceStatus": insteadDevices,

	"AdminSetUserMFAPreference": insteadLater, "AdminSetUserSettings": insteadLater, "AssociateSoftwareToken": insteadLater,
	"GetUserAuthFactors": insteadLater, "SetUserMFAPreference": insteadLater, "SetUserSettings": insteadLater, "VerifySoftwareToken": insteadLater,
	"CompleteWebAuthnRegistration": insteadLater, "DeleteWebAuthnCredential": insteadLater, "ListWebAuthnCredentials": insteadLater, "StartWebAuthnRegistration": insteadLater,

	"AdminListUserAuthEvents": insteadProtection, "AdminUpdateAuthEventFeedback": insteadProtection, "DescribeRiskConfiguration": insteadProtection,
	"SetRiskConfiguration": insteadProtection, "UpdateAuthEventFeedback": insteadProtection,

	"CreateUserImportJob": insteadImport, "DescribeUserImportJob": insteadImport, "GetCSVHeader": insteadImport, "ListUserImportJobs": insteadImport,
	"StartUserImportJob": insteadImport, "StopUserImportJob": insteadImport,

	"GetLogDeliveryConfiguration": insteadNothing, "SetLogDeliveryConfiguration": insteadNothing, "GetSigningCertificate": insteadNothing,
	"CreateTerms": insteadNothing, "DeleteTerms": insteadNothing, "DescribeTerms": insteadNothing, "ListTerms": insteadNothing, "UpdateTerms": insteadNothing,

	"SetUICustomization": insteadBranding,

	"CreateUserPoolReplica": insteadReplicas, "DeleteUserPoolReplica": insteadReplicas, "ListUserPoolReplicas": insteadReplicas, "UpdateUserPoolReplica": insteadReplicas,
}
