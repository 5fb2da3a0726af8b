package idp

// What to do instead of an operation that is not modelled.
const (
	insteadNothing    = "Nothing in a sign-in through an identity provider needs it."
	insteadDevices    = "Remembered devices are not modelled; leave DeviceConfiguration out."
	insteadMFA        = "The service has given it up for SetUserMFAPreference and AdminSetUserMFAPreference, which are here."
	insteadPasskeys   = "Passkeys are not modelled; sign in by password, or by a code that USER_AUTH sends."
	insteadProtection = "Threat protection is not modelled."
	insteadImport     = "Make users with AdminCreateUser, or list them in the lab file."
	insteadBranding   = "The pages keep their look; CreateManagedLoginBranding takes UseCognitoProvidedValues."
	insteadReplicas   = "A lab has each pool in one region."
)

// unsupported are the operations of the API that are known by name, with what to do instead. Those that operations() has
// come first.
var unsupported = map[string]string{
	"AdminForgetDevice": insteadDevices, "AdminGetDevice": insteadDevices, "AdminListDevices": insteadDevices, "AdminUpdateDeviceStatus": insteadDevices,
	"ConfirmDevice": insteadDevices, "ForgetDevice": insteadDevices, "GetDevice": insteadDevices, "ListDevices": insteadDevices, "UpdateDeviceStatus": insteadDevices,

	"AdminSetUserSettings": insteadMFA, "SetUserSettings": insteadMFA,
	"CompleteWebAuthnRegistration": insteadPasskeys, "DeleteWebAuthnCredential": insteadPasskeys, "ListWebAuthnCredentials": insteadPasskeys, "StartWebAuthnRegistration": insteadPasskeys,

	"AdminListUserAuthEvents": insteadProtection, "AdminUpdateAuthEventFeedback": insteadProtection, "DescribeRiskConfiguration": insteadProtection,
	"SetRiskConfiguration": insteadProtection, "UpdateAuthEventFeedback": insteadProtection,

	"CreateUserImportJob": insteadImport, "DescribeUserImportJob": insteadImport, "GetCSVHeader": insteadImport, "ListUserImportJobs": insteadImport,
	"StartUserImportJob": insteadImport, "StopUserImportJob": insteadImport,

	"GetLogDeliveryConfiguration": insteadNothing, "SetLogDeliveryConfiguration": insteadNothing, "GetSigningCertificate": insteadNothing,
	"CreateTerms": insteadNothing, "DeleteTerms": insteadNothing, "DescribeTerms": insteadNothing, "ListTerms": insteadNothing, "UpdateTerms": insteadNothing,

	"SetUICustomization": insteadBranding,

	"CreateUserPoolReplica": insteadReplicas, "DeleteUserPoolReplica": insteadReplicas, "ListUserPoolReplicas": insteadReplicas, "UpdateUserPoolReplica": insteadReplicas,
}
