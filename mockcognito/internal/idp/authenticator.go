package idp

import (
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// factorMembers are the second factors of a preference, by their members.
var factorMembers = map[string]string{
	"SMSMfaSettings": signin.SMSMFA, "SoftwareTokenMfaSettings": signin.SoftwareTokenMFA, "EmailMfaSettings": signin.EmailOTP,
}

func authenticatorOperations() map[string]operation {
	setting := Structure{optional("Enabled", flag), optional("PreferredMfa", flag)}
	settings := Structure{optional("SMSMfaSettings", setting), optional("SoftwareTokenMfaSettings", setting), optional("EmailMfaSettings", setting)}
	return map[string]operation{
		"AssociateSoftwareToken": {serve: (*call).associateSoftwareToken, input: Structure{optional("AccessToken", accessToken), optional("Session", session)}},
		"VerifySoftwareToken": {serve: (*call).verifySoftwareToken, input: Structure{
			optional("AccessToken", accessToken), optional("Session", session), required("UserCode", str(6, 6).like(matching(`[0-9]+`)).secret()), optional("FriendlyDeviceName", anyString),
		}},
		"SetUserMFAPreference":      {serve: (*call).setUserMFAPreference, input: append(settings[:3:3], tokenMember)},
		"AdminSetUserMFAPreference": {serve: (*call).adminSetUserMFAPreference, input: append(settings[:3:3], required("Username", username), poolMember)},
	}
}

// eitherOf wants an access token or a session.
func (c *call) eitherOf() error {
	if c.in.has("AccessToken") == c.in.has("Session") {
		return userpool.Errorf(userpool.InvalidParameter, "Exactly one of AccessToken and Session must be given.") // Unverified: the text
	}
	return nil
}

func (c *call) associateSoftwareToken() (object, error) {
	if err := c.eitherOf(); err != nil {
		return nil, err
	}
	if c.in.has("Session") {
		secret, next, err := c.Engine.AssociateInSession(c.ctx, c.in.str("Session"))
		return object{"SecretCode": secret, "Session": next}, err
	}
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	secret, err := c.Engine.AssociateSoftwareToken(c.ctx, caller, u)
	return object{"SecretCode": secret}, err
}

func (c *call) verifySoftwareToken() (object, error) {
	if err := c.eitherOf(); err != nil {
		return nil, err
	}
	if c.in.has("Session") {
		next, err := c.Engine.VerifyInSession(c.ctx, c.in.str("Session"), c.in.str("UserCode"))
		return object{"Status": "SUCCESS", "Session": next}, err
	}
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return object{"Status": "SUCCESS"}, c.Engine.VerifySoftwareToken(c.ctx, caller, u, c.in.str("UserCode"))
}

// preferences are the settings of a request.
func (c *call) preferences() map[string]*signin.Preference {
	out := map[string]*signin.Preference{}
	for member, factor := range factorMembers {
		if in := c.in.structure(member); in != nil {
			out[factor] = &signin.Preference{Enabled: in.boolOr("Enabled", false), Preferred: in.boolOr("PreferredMfa", false)}
		}
	}
	return out
}

func (c *call) setUserMFAPreference() (object, error) {
	caller, u, err := c.tokenCaller()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.SetMFAPreference(c.ctx, caller.Pool, u.Username, c.preferences())
}

func (c *call) adminSetUserMFAPreference() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return nil, c.Engine.SetMFAPreference(c.ctx, p, c.in.str("Username"), c.preferences())
}
