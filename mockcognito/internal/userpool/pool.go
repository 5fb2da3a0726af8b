package userpool

import (
	"fmt"
	"strings"
	"time"
)

// Origin says where an object of the configuration comes from.
type Origin string

// Origins.
const (
	Declared Origin = "declared" // the lab's configuration; Apply owns it
	ByAPI    Origin = "api"      // the user pools API; Apply leaves it alone
)

// Meta is what every object of the configuration has.
type Meta struct {
	Origin   Origin
	Order    int64 // position in lists; grows with each object that is made
	Created  time.Time
	Modified time.Time
}

// UserPool holds the settings of a pool. An empty value is one that was not set; what the service fills in then is
// answered by the methods. Settings that have no effect in this service are kept in Other.
type UserPool struct {
	Meta
	ID   string // <region>_<letters and digits>
	Name string

	PasswordPolicy     *PasswordPolicy
	SignInPolicy       []string // AllowedFirstAuthFactors
	DeletionProtection bool
	Lambda             LambdaConfig
	AutoVerified       []string // email, phone_number
	AliasAttributes    []string // email, phone_number, preferred_username
	UsernameAttributes []string // email, phone_number: what a user name is made of
	UsernameCase       CaseRule
	Attributes         []SchemaAttribute // deviations from the standard schema, and custom attributes

	SMSVerificationMessage   string
	EmailVerificationMessage string
	EmailVerificationSubject string
	SMSAuthenticationMessage string
	Verification             VerificationTemplate

	MFA                MFAMode
	SMSMFA             *SMSMFA
	SoftwareTokenMFA   *bool // nil: not set
	EmailMFA           *EmailMFA
	WebAuthn           map[string]any
	VerifyBeforeUpdate []string // AttributesRequireVerificationBeforeUpdate; nil: not set, which empty is not

	AdminCreateUser AdminCreateUser
	AccountRecovery []RecoveryOption // nil: the service's default
	Tags            map[string]string
	Tier            string            // LITE, ESSENTIALS, PLUS; empty: ESSENTIALS
	Issuer          IssuerType        // empty: not set, which means ORIGINAL
	Other           map[string]any    // members of the API that have no effect here, as they were given
	FixedSubs       map[string]string // user name → sub of the first profile made under it
}

// CaseRule says whether the case of user names counts.
type CaseRule string

// Case rules. The zero value is what a pool made by the API without UsernameConfiguration has: case counts.
const (
	CaseSensitive   CaseRule = "sensitive"
	CaseInsensitive CaseRule = "insensitive"
)

// MFAMode is whether a second factor is asked for.
type MFAMode string

// MFA modes; the zero value is MFAOff.
const (
	MFAOff      MFAMode = "OFF"
	MFAOn       MFAMode = "ON"
	MFAOptional MFAMode = "OPTIONAL"
)

// IssuerType is which host the issuer is on.
type IssuerType string

// Issuer types.
const (
	IssuerOriginal IssuerType = "ORIGINAL" // cognito-idp.<region>.amazonaws.com
	IssuerUpdated  IssuerType = "UPDATED"  // issuer-cognito-idp.<region>.amazonaws.com
)

// PasswordPolicy is what a password must be like.
type PasswordPolicy struct {
	MinimumLength         int // 6–99; 0: 8
	Uppercase             bool
	Lowercase             bool
	Numbers               bool
	Symbols               bool
	HistorySize           int // passwords that may not be used again, 0–24
	TemporaryValidityDays int // 0–365
}

// DefaultPasswordPolicy is the service's.
func DefaultPasswordPolicy() PasswordPolicy {
	return PasswordPolicy{MinimumLength: 8, Uppercase: true, Lowercase: true, Numbers: true, Symbols: true, TemporaryValidityDays: 7}
}

// LambdaConfig names the functions of a pool's triggers, by their ARNs.
type LambdaConfig struct {
	Triggers  map[string]string            // PreSignUp, PostConfirmation, … → ARN
	Versioned map[string]VersionedFunction // PreTokenGenerationConfig, InboundFederation, CustomSMSSender, CustomEmailSender
	KMSKeyID  string
}

// VersionedFunction is a trigger with the version of its event.
type VersionedFunction struct{ Version, ARN string }

// VerificationTemplate words the messages that verify an attribute.
type VerificationTemplate struct {
	SMSMessage, EmailMessage, EmailSubject, EmailMessageByLink, EmailSubjectByLink string
	DefaultEmailOption                                                             string // CONFIRM_WITH_CODE (default), CONFIRM_WITH_LINK
}

// SMSMFA words the text message of the second factor.
type SMSMFA struct {
	Message       string
	Configuration map[string]any // SmsConfiguration, which has no effect
}

// EmailMFA words the e-mail of the second factor.
type EmailMFA struct{ Message, Subject string }

// AdminCreateUser says how users are made by an administrator.
type AdminCreateUser struct {
	Only                  bool // nobody can sign up by himself
	UnusedAccountValidity *int // days; superseded by the password policy's
	Invite                *MessageTemplate
}

// MessageTemplate words an invitation.
type MessageTemplate struct{ SMSMessage, EmailMessage, EmailSubject string }

// RecoveryOption is a way to recover an account.
type RecoveryOption struct {
	Priority int
	Name     string // verified_email, verified_phone_number, admin_only
}

// Region is the region that the pool's id begins with.
func (p *UserPool) Region() string {
	region, _, _ := strings.Cut(p.ID, "_")
	return region
}

// CaseInsensitive tells whether user names are compared, and shown, in lower case.
func (p *UserPool) CaseInsensitive() bool { return p.UsernameCase == CaseInsensitive }

// ARN is the pool's name as a resource of an account.
func (p *UserPool) ARN(account string) string {
	return fmt.Sprintf("arn:aws:cognito-idp:%s:%s:userpool/%s", p.Region(), account, p.ID)
}

// Passwords is the policy in force.
func (p *UserPool) Passwords() PasswordPolicy {
	if p.PasswordPolicy == nil {
		return DefaultPasswordPolicy()
	}
	return *p.PasswordPolicy
}

// MFAMode is the mode in force.
func (p *UserPool) MFAMode() MFAMode {
	if p.MFA == "" {
		return MFAOff
	}
	return p.MFA
}
