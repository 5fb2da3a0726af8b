package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// selfOperations are those of a user who is signed in, by his access token.
func selfOperations() map[string]operation {
	only := Structure{tokenMember}
	return map[string]operation{
		"GetUser":            {serve: (*call).getUser, input: only},
		"GetUserAuthFactors": {serve: (*call).getUserAuthFactors, input: only},
		"GlobalSignOut":      {serve: (*call).globalSignOut, input: only},
		"DeleteUser":         {serve: (*call).deleteUser, input: only, noBody: true},
		"ChangePassword":     {serve: (*call).changePassword, input: Structure{optional("PreviousPassword", password), required("ProposedPassword", password), tokenMember}},
		"UpdateUserAttributes": {serve: (*call).updateUserAttributes, input: Structure{
			required("UserAttributes", listOf(attributeType)), tokenMember, clientMetadata,
		}},
		"DeleteUserAttributes":             {serve: (*call).deleteUserAttributes, input: Structure{required("UserAttributeNames", listOf(attributeName)), tokenMember}},
		"GetUserAttributeVerificationCode": {serve: (*call).getUserAttributeVerificationCode, input: Structure{tokenMember, required("AttributeName", attributeName), clientMetadata}},
		"VerifyUserAttribute":              {serve: (*call).verifyUserAttribute, input: Structure{tokenMember, required("AttributeName", attributeName), required("Code", code)}},
	}
}

// getUser shows a user what the app client may read of him.
func (c *call) getUser() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(attributes(u, nil), func(a attributeOut) bool {
		return a.Name != "sub" && a.Name != "identities" && !caller.Client.CanRead(a.Name)
	})
	out := object{"Username": u.Username, "UserAttributes": shown}
	setFactors(out, u)
	return out, nil
}

// setFactors adds the second factors of a user to an answer.
func setFactors(out object, u *userpool.User) {
	if u.MFA != nil {
		setText(out, "PreferredMfaSetting", u.MFA.Preferred)
		setList(out, "UserMFASettingList", u.MFA.Enabled)
	}
}

// getUserAuthFactors shows a user the first factors that he can sign in by.
func (c *call) getUserAuthFactors() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	out := object{"Username": u.Username}
	setFactors(out, u)
	setList(out, "ConfiguredUserAuthFactors", signin.ConfiguredFactors(caller.Pool, u))
	return out, nil
}

func (c *call) globalSignOut() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	_, err = caller.Pool.Users.Update(c.ctx, u.Username, c.signOut)
	return nil, err
}

// signOut ends what was issued to a user so far.
func (c *call) signOut(u *userpool.User) error {
	u.SignOuts++
	u.SignedOut = c.Env.Now().UTC().Round(0)
	return nil
}

func (c *call) deleteUser() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	_, err = caller.Pool.Users.Delete(c.ctx, u.Username)
	return nil, err
}

func (c *call) changePassword() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.ChangePassword(c.ctx, caller, u, c.in.str("PreviousPassword"), c.in.str("ProposedPassword"))
}

func (c *call) updateUserAttributes() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	list, err := c.Engine.UpdateAttributes(c.ctx, caller, u, c.given("UserAttributes"))
	if err != nil {
		return nil, err
	}
	return object{"CodeDeliveryDetailsList": deliveries(list)}, nil
}

func (c *call) deleteUserAttributes() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.DeleteAttributes(c.ctx, caller, u, c.in.list("UserAttributeNames"))
}

func (c *call) getUserAttributeVerificationCode() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return delivered(c.Engine.SendVerification(c.ctx, caller, u, c.in.str("AttributeName")))
}

func (c *call) verifyUserAttribute() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.VerifyAttribute(c.ctx, caller, u, c.in.str("AttributeName"), c.in.str("Code"))
}
