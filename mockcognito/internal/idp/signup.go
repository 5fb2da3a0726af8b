package idp

import (
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func signUpOperations() map[string]operation {
	name, hash := required("Username", username), optional("SecretHash", secretHash)
	return map[string]operation{
		"SignUp": {serve: (*call).signUp, input: Structure{
			clientMember, hash, name, optional("Password", password), optional("UserAttributes", listOf(attributeType)), optional("ValidationData", listOf(attributeType)), analytics, userContext, clientMetadata,
		}},
		"ConfirmSignUp": {serve: (*call).confirmSignUp, input: Structure{
			clientMember, hash, name, required("ConfirmationCode", code), optional("ForceAliasCreation", flag), analytics, userContext, clientMetadata, optional("Session", session),
		}},
		"ResendConfirmationCode": {serve: (*call).resendConfirmationCode, input: Structure{clientMember, hash, userContext, name, analytics, clientMetadata}},
		"ForgotPassword":         {serve: (*call).forgotPassword, input: Structure{clientMember, hash, userContext, name, analytics, clientMetadata}},
		"ConfirmForgotPassword": {serve: (*call).confirmForgotPassword, input: Structure{
			clientMember, hash, name, required("ConfirmationCode", code), required("Password", password), analytics, userContext, clientMetadata,
		}},
		"AdminConfirmSignUp":     {serve: (*call).adminConfirmSignUp, input: Structure{poolMember, name, clientMetadata}},
		"AdminResetUserPassword": {serve: (*call).adminResetUserPassword, input: Structure{poolMember, name, clientMetadata}},
	}
}

func (c *call) signUp() (object, error) {
	caller, err := c.publicCaller()
	if err != nil {
		return nil, err
	}
	caller.Validation = c.given("ValidationData")
	made, err := c.Engine.SignUp(c.ctx, caller, signin.Registration{Username: c.in.str("Username"), Password: c.in.str("Password"), Attributes: c.given("UserAttributes")})
	if err != nil {
		return nil, err
	}
	out := object{"UserConfirmed": made.User.Status == userpool.Confirmed, "UserSub": made.User.Sub}
	if made.Delivery != nil {
		out["CodeDeliveryDetails"] = delivery(made.Delivery)
	}
	setText(out, "Session", made.Session)
	return out, nil
}

func (c *call) confirmSignUp() (object, error) {
	caller, err := c.publicCaller()
	if err != nil {
		return nil, err
	}
	session, err := c.Engine.ConfirmSignUp(c.ctx, caller, signin.Confirmation{
		Username: c.in.str("Username"), Code: c.in.str("ConfirmationCode"), ForceAlias: c.in.boolOr("ForceAliasCreation", false), Session: c.in.str("Session"),
	})
	if err != nil {
		return nil, err
	}
	out := object{}
	setText(out, "Session", session)
	return out, nil
}

// delivered answers with where a code went.
func delivered(d *signin.Delivery, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	return object{"CodeDeliveryDetails": delivery(d)}, nil
}

func (c *call) resendConfirmationCode() (object, error) {
	caller, err := c.publicCaller()
	if err != nil {
		return nil, err
	}
	return delivered(c.Engine.ResendConfirmationCode(c.ctx, caller, c.in.str("Username")))
}

func (c *call) forgotPassword() (object, error) {
	caller, err := c.publicCaller()
	if err != nil {
		return nil, err
	}
	return delivered(c.Engine.ForgotPassword(c.ctx, caller, c.in.str("Username")))
}

func (c *call) confirmForgotPassword() (object, error) {
	caller, err := c.publicCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.ConfirmForgotPassword(c.ctx, caller, c.in.str("Username"), c.in.str("ConfirmationCode"), c.in.str("Password"))
}

func (c *call) adminConfirmSignUp() (object, error) {
	caller, err := c.adminCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.AdminConfirmSignUp(c.ctx, caller, c.in.str("Username"))
}

func (c *call) adminResetUserPassword() (object, error) {
	caller, err := c.adminCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.AdminResetUserPassword(c.ctx, caller, c.in.str("Username"))
}
