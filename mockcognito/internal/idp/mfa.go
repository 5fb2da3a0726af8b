package idp

import (
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func mfaOperations() map[string]operation {
	return map[string]operation{
		"GetUserPoolMfaConfig": {serve: (*call).getUserPoolMfaConfig, input: Structure{poolMember}},
		"SetUserPoolMfaConfig": {serve: (*call).setUserPoolMfaConfig, input: Structure{
			poolMember, optional("SmsMfaConfiguration", Structure{optional("SmsAuthenticationMessage", message), optional("SmsConfiguration", smsConfigurationType)}),
			optional("SoftwareTokenMfaConfiguration", Structure{optional("Enabled", flag)}),
			optional("EmailMfaConfiguration", Structure{optional("Message", emailMessage), optional("Subject", Text{Pattern: linePattern})}),
			optional("MfaConfiguration", enum("OFF", "ON", "OPTIONAL")),
			optional("WebAuthnConfiguration", Structure{
				optional("RelyingPartyId", str(1, 127)), optional("UserVerification", enum("required", "preferred")),
				optional("FactorConfiguration", enum("SINGLE_FACTOR", "MULTI_FACTOR_WITH_USER_VERIFICATION")),
			}),
		}},
	}
}

func (c *call) getUserPoolMfaConfig() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return describeMFA(&p.UserPool), nil
}

// setUserPoolMfaConfig replaces all of the configuration.
func (c *call) setUserPoolMfaConfig() (object, error) {
	err := c.edit(func(d *userpool.Draft) error {
		p := d.UserPool
		p.MFA = userpool.MFAMode(c.in.strOr("MfaConfiguration", string(userpool.MFAOff)))
		if p.MFAMode() == userpool.MFAOff && (c.in.has("SmsMfaConfiguration") || c.in.structure("SoftwareTokenMfaConfiguration").boolOr("Enabled", false) || c.in.has("EmailMfaConfiguration")) {
			return userpool.Errorf(userpool.InvalidParameter, "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
		}
		p.SMSMFA, p.SoftwareTokenMFA, p.EmailMFA = nil, nil, nil
		if in := c.in.structure("SmsMfaConfiguration"); in != nil {
			p.SMSMFA = &userpool.SMSMFA{Message: in.str("SmsAuthenticationMessage"), Configuration: in.plain("SmsConfiguration")}
			if p.SMSMFA.Configuration != nil { // DescribeUserPool answers it too
				p.Other = merged(p.Other, "SmsConfiguration", p.SMSMFA.Configuration)
			}
		}
		if in := c.in.structure("SoftwareTokenMfaConfiguration"); in != nil {
			on := in.boolOr("Enabled", false)
			p.SoftwareTokenMFA = &on
		}
		if in := c.in.structure("EmailMfaConfiguration"); in != nil {
			if p.Tier == "LITE" {
				return userpool.Errorf(featureUnavailable, "E-mail MFA is not available in the LITE tier.") // Unverified: the text
			}
			p.EmailMFA = &userpool.EmailMFA{Message: in.str("Message"), Subject: in.str("Subject")}
		}
		p.WebAuthn = c.in.plain("WebAuthnConfiguration")
		d.SetUserPool(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return describeMFA(&c.Directory.Snapshot().Pool(c.in.str("UserPoolId")).UserPool), nil
}

// merged is m with one more entry; m does not change.
func merged(m map[string]any, name string, value any) map[string]any {
	out := make(map[string]any, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	out[name] = value
	return out
}

func describeMFA(p *userpool.UserPool) object {
	out := object{"MfaConfiguration": string(p.MFAMode())}
	if p.SMSMFA != nil {
		sms := object{}
		setText(sms, "SmsAuthenticationMessage", p.SMSMFA.Message)
		setObject(sms, "SmsConfiguration", p.SMSMFA.Configuration)
		out["SmsMfaConfiguration"] = sms
	}
	if p.SoftwareTokenMFA != nil {
		out["SoftwareTokenMfaConfiguration"] = object{"Enabled": *p.SoftwareTokenMFA}
	}
	if p.EmailMFA != nil {
		email := object{}
		setText(email, "Message", p.EmailMFA.Message)
		setText(email, "Subject", p.EmailMFA.Subject)
		out["EmailMfaConfiguration"] = email
	}
	setObject(out, "WebAuthnConfiguration", p.WebAuthn)
	return out
}
