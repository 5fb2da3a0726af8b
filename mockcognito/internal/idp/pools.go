package idp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

var (
	verifiedAttribute = enum("phone_number", "email")
	boundsText        = str(0, 131072)

	passwordPolicyType = Structure{
		optional("MinimumLength", Integer{6, 99}), optional("RequireUppercase", flag), optional("RequireLowercase", flag), optional("RequireNumbers", flag),
		optional("RequireSymbols", flag), optional("PasswordHistorySize", Integer{0, 24}), optional("TemporaryPasswordValidityDays", Integer{0, 365}),
	}
	policiesType = Structure{
		optional("PasswordPolicy", passwordPolicyType),
		optional("SignInPolicy", Structure{optional("AllowedFirstAuthFactors", List{Of: enum("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"), Min: 1, Max: 4})}),
	}
	versionedLambda = func(versions ...string) Structure {
		return Structure{required("LambdaVersion", enum(versions...)), required("LambdaArn", arn)}
	}
	lambdaConfigType = Structure{
		optional("PreSignUp", arn), optional("CustomMessage", arn), optional("PostConfirmation", arn), optional("PreAuthentication", arn),
		optional("PostAuthentication", arn), optional("DefineAuthChallenge", arn), optional("CreateAuthChallenge", arn), optional("VerifyAuthChallengeResponse", arn),
		optional("PreTokenGeneration", arn), optional("UserMigration", arn), optional("PreTokenGenerationConfig", versionedLambda("V1_0", "V2_0", "V3_0")),
		optional("CustomSMSSender", versionedLambda("V1_0")), optional("CustomEmailSender", versionedLambda("V1_0")), optional("KMSKeyID", arn),
		optional("InboundFederation", versionedLambda("V1_0")),
	}
	verificationTemplateType = Structure{
		optional("SmsMessage", message), optional("EmailMessage", emailMessage), optional("EmailSubject", emailSubject),
		optional("EmailMessageByLink", emailMessage), optional("EmailSubjectByLink", emailSubject), optional("DefaultEmailOption", enum("CONFIRM_WITH_LINK", "CONFIRM_WITH_CODE")),
	}
	emailConfigurationType = Structure{
		optional("SourceArn", arn), optional("ReplyToEmailAddress", Text{Pattern: matching(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+@[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)}),
		optional("EmailSendingAccount", enum("COGNITO_DEFAULT", "DEVELOPER")), optional("From", anyString), optional("ConfigurationSet", str(1, 64).like(matching(`^[a-zA-Z0-9_-]+$`))),
	}
	smsConfigurationType = Structure{required("SnsCallerArn", arn), optional("ExternalId", anyString), optional("SnsRegion", str(5, 32))}
	messageTemplateType  = Structure{
		optional("SMSMessage", str(6, 140)), optional("EmailMessage", emailMessage), optional("EmailSubject", emailSubject),
	}
	adminCreateUserType = Structure{
		optional("AllowAdminCreateUserOnly", flag), optional("UnusedAccountValidityDays", Integer{0, 365}), optional("InviteMessageTemplate", messageTemplateType),
	}
	schemaAttributeType = Structure{
		optional("Name", str(1, 20).like(namePattern)), optional("AttributeDataType", enum("String", "Number", "DateTime", "Boolean")),
		optional("DeveloperOnlyAttribute", flag), optional("Mutable", flag), optional("Required", flag),
		optional("NumberAttributeConstraints", Structure{optional("MinValue", boundsText), optional("MaxValue", boundsText)}),
		optional("StringAttributeConstraints", Structure{optional("MinLength", boundsText), optional("MaxLength", boundsText)}),
	}
	recoveryType = Structure{optional("RecoveryMechanisms", List{Of: Structure{
		required("Priority", Integer{1, 2}), required("Name", enum("verified_email", "verified_phone_number", "admin_only")),
	}, Min: 1, Max: 2})}
	addOnsType = Structure{
		required("AdvancedSecurityMode", enum("OFF", "AUDIT", "ENFORCED")),
		optional("AdvancedSecurityAdditionalFlows", Structure{optional("CustomAuthMode", enum("AUDIT", "ENFORCED"))}),
	}

	// poolSettings are what CreateUserPool and UpdateUserPool share.
	poolSettings = Structure{
		optional("Policies", policiesType), optional("DeletionProtection", enum("ACTIVE", "INACTIVE")), optional("LambdaConfig", lambdaConfigType),
		optional("AutoVerifiedAttributes", listOf(verifiedAttribute)), optional("SmsVerificationMessage", message), optional("EmailVerificationMessage", emailMessage),
		optional("EmailVerificationSubject", emailSubject), optional("VerificationMessageTemplate", verificationTemplateType), optional("SmsAuthenticationMessage", message),
		optional("MfaConfiguration", enum("OFF", "ON", "OPTIONAL")),
		optional("UserAttributeUpdateSettings", Structure{optional("AttributesRequireVerificationBeforeUpdate", listOf(verifiedAttribute))}),
		optional("DeviceConfiguration", Structure{optional("ChallengeRequiredOnNewDevice", flag), optional("DeviceOnlyRememberedOnUserPrompt", flag)}),
		optional("EmailConfiguration", emailConfigurationType), optional("SmsConfiguration", smsConfigurationType), optional("UserPoolTags", tags),
		optional("AdminCreateUserConfig", adminCreateUserType), optional("UserPoolAddOns", addOnsType), optional("AccountRecoverySetting", recoveryType),
		optional("UserPoolTier", enum("LITE", "ESSENTIALS", "PLUS")), optional("IssuerConfiguration", Structure{optional("Type", enum("ORIGINAL", "UPDATED"))}),
	}
)

func poolOperations() map[string]operation {
	return map[string]operation{
		"CreateUserPool": {serve: (*call).createUserPool, input: slices.Concat(Structure{
			required("PoolName", userPoolName), optional("AliasAttributes", listOf(enum("phone_number", "email", "preferred_username"))),
			optional("UsernameAttributes", listOf(verifiedAttribute)), optional("Schema", List{Of: schemaAttributeType, Min: 1, Max: 50}),
			optional("UsernameConfiguration", Structure{required("CaseSensitive", flag)}),
		}, poolSettings)},
		"DescribeUserPool":    {serve: (*call).describeUserPool, input: Structure{poolMember}},
		"UpdateUserPool":      {serve: (*call).updateUserPool, input: slices.Concat(Structure{poolMember, optional("PoolName", userPoolName)}, poolSettings)},
		"ListUserPools":       {serve: (*call).listUserPools, input: Structure{optional("NextToken", nextToken), required("MaxResults", Integer{1, 60})}},
		"DeleteUserPool":      {serve: (*call).deleteUserPool, input: Structure{poolMember}, noBody: true},
		"AddCustomAttributes": {serve: (*call).addCustomAttributes, input: Structure{poolMember, required("CustomAttributes", List{Of: schemaAttributeType, Min: 1, Max: 25})}},
	}
}

// poolIDLetters is how many letters and digits follow the region in a pool's id.
const poolIDLetters = 9

// maxPools is how many user pools an account has at most.
const maxPools = 1000

func (c *call) createUserPool() (object, error) {
	p := userpool.UserPool{
		ID:   c.home() + "_" + randomText(c.Env.Bytes, alphanumeric, poolIDLetters),
		Name: c.in.str("PoolName"), AliasAttributes: c.in.list("AliasAttributes"), UsernameAttributes: c.in.list("UsernameAttributes"),
	}
	if len(p.AliasAttributes) > 0 && len(p.UsernameAttributes) > 0 {
		return nil, userpool.Errorf(userpool.InvalidParameter, "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	if conf := c.in.structure("UsernameConfiguration"); conf != nil {
		p.UsernameCase = userpool.CaseSensitive
		if !conf.boolOr("CaseSensitive", true) {
			p.UsernameCase = userpool.CaseInsensitive
		}
	}
	var err error
	if p.Attributes, err = schemaFrom(c.in.structs("Schema"), nil, false); err != nil {
		return nil, err
	}
	if err := applySettings(&p, c.in); err != nil {
		return nil, err
	}
	if p.MFAMode() != userpool.MFAOff && p.Other["SmsConfiguration"] == nil {
		return nil, userpool.Errorf(userpool.InvalidParameter, "SMS configuration and Auto verification for phone_number are required when MFA is required/optional")
	}
	if len(c.now.Pools()) >= maxPools {
		return nil, userpool.Errorf(userpool.LimitExceeded, "An account has at most %d user pools.", maxPools) // Unverified: the text
	}
	if err := c.Directory.CreatePool(c.ctx, p); err != nil {
		return nil, err
	}
	return object{"UserPool": describePool(c.Directory.Snapshot().Pool(p.ID))}, nil
}

func (c *call) describeUserPool() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return object{"UserPool": describePool(p)}, nil
}

// updateUserPool sets every setting that is left out to its default; what was decided when the pool was made stays.
func (c *call) updateUserPool() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		old := d.UserPool
		p := userpool.UserPool{
			Name: c.in.strOr("PoolName", old.Name), AliasAttributes: old.AliasAttributes, UsernameAttributes: old.UsernameAttributes, UsernameCase: old.UsernameCase,
			Attributes: old.Attributes, FixedSubs: old.FixedSubs, SMSMFA: old.SMSMFA, SoftwareTokenMFA: old.SoftwareTokenMFA, EmailMFA: old.EmailMFA, WebAuthn: old.WebAuthn,
		}
		if err := applySettings(&p, c.in); err != nil {
			return err
		}
		d.SetUserPool(p)
		return nil
	})
}

// applySettings writes the settings that CreateUserPool and UpdateUserPool share into a pool that has none.
func applySettings(p *userpool.UserPool, in members) error {
	if policies := in.structure("Policies"); policies != nil {
		p.PasswordPolicy = passwordPolicyFrom(policies.structure("PasswordPolicy"))
		p.SignInPolicy = policies.structure("SignInPolicy").list("AllowedFirstAuthFactors")
	}
	p.DeletionProtection = in.str("DeletionProtection") == "ACTIVE"
	p.Lambda = lambdaFrom(in.structure("LambdaConfig"))
	p.AutoVerified = in.list("AutoVerifiedAttributes")
	p.SMSVerificationMessage, p.SMSAuthenticationMessage = in.str("SmsVerificationMessage"), in.str("SmsAuthenticationMessage")
	p.EmailVerificationMessage, p.EmailVerificationSubject = in.str("EmailVerificationMessage"), in.str("EmailVerificationSubject")
	t := in.structure("VerificationMessageTemplate")
	p.Verification = userpool.VerificationTemplate{
		SMSMessage: t.str("SmsMessage"), EmailMessage: t.str("EmailMessage"), EmailSubject: t.str("EmailSubject"),
		EmailMessageByLink: t.str("EmailMessageByLink"), EmailSubjectByLink: t.str("EmailSubjectByLink"), DefaultEmailOption: t.str("DefaultEmailOption"),
	}
	p.MFA = userpool.MFAMode(in.str("MfaConfiguration"))
	p.VerifyBeforeUpdate = in.structure("UserAttributeUpdateSettings").list("AttributesRequireVerificationBeforeUpdate")
	a := in.structure("AdminCreateUserConfig")
	p.AdminCreateUser = userpool.AdminCreateUser{Only: a.boolOr("AllowAdminCreateUserOnly", false), UnusedAccountValidity: a.integerPtr("UnusedAccountValidityDays")}
	if m := a.structure("InviteMessageTemplate"); m != nil {
		p.AdminCreateUser.Invite = &userpool.MessageTemplate{SMSMessage: m.str("SMSMessage"), EmailMessage: m.str("EmailMessage"), EmailSubject: m.str("EmailSubject")}
	}
	for _, m := range in.structure("AccountRecoverySetting").structs("RecoveryMechanisms") {
		p.AccountRecovery = append(p.AccountRecovery, userpool.RecoveryOption{Priority: m.integer("Priority"), Name: m.str("Name")})
	}
	if len(p.AccountRecovery) == 2 && p.AccountRecovery[0].Priority == p.AccountRecovery[1].Priority {
		return userpool.Errorf(userpool.InvalidParameter, "Account Recovery Setting cannot use the same priority twice.") // Unverified: the text
	}
	p.Tags = maps.Clone(in.strings("UserPoolTags"))
	p.Tier, p.Issuer = in.str("UserPoolTier"), userpool.IssuerType(in.structure("IssuerConfiguration").str("Type"))
	p.Other = map[string]any{}
	for _, name := range withoutEffect {
		if o := in.plain(name); o != nil {
			p.Other[name] = o
		}
	}
	return checkTier(p)
}

// withoutEffect are settings that are stored and answered, and change nothing in this service.
var withoutEffect = []string{"DeviceConfiguration", "EmailConfiguration", "SmsConfiguration", "UserPoolAddOns"}

// checkTier refuses what a lower feature plan does not have.
func checkTier(p *userpool.UserPool) error {
	mode, _ := p.Other["UserPoolAddOns"].(map[string]any)
	switch {
	case p.Tier == "LITE" && len(p.SignInPolicy) > 0 && !slices.Equal(p.SignInPolicy, []string{"PASSWORD"}):
		return userpool.Errorf(featureUnavailable, "Choice-based sign-in is not available in the LITE tier.") // Unverified: the text
	case p.Tier != "" && p.Tier != "PLUS" && mode["AdvancedSecurityMode"] != nil && mode["AdvancedSecurityMode"] != "OFF":
		return userpool.Errorf(featureUnavailable, "Threat protection is not available in the %s tier.", p.Tier) // Unverified: the text
	}
	return nil
}

// passwordPolicyFrom fills in what a given policy leaves out: a requirement is then off.
func passwordPolicyFrom(in members) *userpool.PasswordPolicy {
	if in == nil {
		return nil
	}
	p := &userpool.PasswordPolicy{
		MinimumLength: in.integer("MinimumLength"), Uppercase: in.boolOr("RequireUppercase", false), Lowercase: in.boolOr("RequireLowercase", false),
		Numbers: in.boolOr("RequireNumbers", false), Symbols: in.boolOr("RequireSymbols", false),
		HistorySize: in.integer("PasswordHistorySize"), TemporaryValidityDays: in.integer("TemporaryPasswordValidityDays"),
	}
	if p.MinimumLength == 0 {
		p.MinimumLength = userpool.DefaultPasswordPolicy().MinimumLength
	}
	if p.TemporaryValidityDays == 0 { // the service takes 0 for not set
		p.TemporaryValidityDays = userpool.DefaultPasswordPolicy().TemporaryValidityDays
	}
	return p
}

func lambdaFrom(in members) userpool.LambdaConfig {
	out := userpool.LambdaConfig{KMSKeyID: in.str("KMSKeyID")}
	for name, v := range in {
		switch v := v.(type) {
		case string:
			if name == "KMSKeyID" {
				continue
			}
			if out.Triggers == nil {
				out.Triggers = map[string]string{}
			}
			out.Triggers[name] = v
		case members:
			if out.Versioned == nil {
				out.Versioned = map[string]userpool.VersionedFunction{}
			}
			out.Versioned[name] = userpool.VersionedFunction{Version: v.str("LambdaVersion"), ARN: v.str("LambdaArn")}
		}
	}
	return out
}

// schemaFrom reads attributes of a request; onlyCustom: a standard one is none that may be given.
func schemaFrom(in []members, have []userpool.SchemaAttribute, onlyCustom bool) ([]userpool.SchemaAttribute, error) {
	out := slices.Clone(have)
	for _, m := range in {
		a := userpool.SchemaAttribute{
			Name: m.str("Name"), DataType: m.str("AttributeDataType"), DeveloperOnly: m.boolOr("DeveloperOnlyAttribute", false),
			Immutable: !m.boolOr("Mutable", true), Required: m.boolOr("Required", false),
			StringLength: boundsFrom(m.structure("StringAttributeConstraints"), "MinLength", "MaxLength"),
			NumberRange:  boundsFrom(m.structure("NumberAttributeConstraints"), "MinValue", "MaxValue"),
		}
		standard := userpool.IsStandard(a.Name)
		switch {
		case a.Name == "":
			return nil, userpool.Errorf(userpool.InvalidParameter, "Invalid schema: an attribute has no name.") // Unverified: the text
		case standard && onlyCustom:
			return nil, userpool.Errorf(userpool.InvalidParameter, "custom:%s: Existing attribute already has name %s.", a.Name, a.Name)
		case !standard:
			if a.Required {
				return nil, userpool.Errorf(userpool.InvalidParameter, "Required custom attributes are not supported currently.")
			}
			a.Name = "custom:" + strings.TrimPrefix(a.Name, "custom:")
			if a.DeveloperOnly {
				a.Name = "dev:" + a.Name
			}
		}
		if slices.ContainsFunc(out, func(o userpool.SchemaAttribute) bool { return o.Name == a.Name }) {
			return nil, userpool.Errorf(userpool.InvalidParameter, "%s: Existing attribute already has name %s.", a.Name, a.Name)
		}
		out = append(out, a)
	}
	custom := 0
	for _, a := range out {
		if a.Custom() {
			custom++
		}
	}
	if custom > 50 {
		return nil, userpool.Errorf(userpool.InvalidParameter, "A user pool has at most 50 custom attributes.") // Unverified: the text
	}
	return out, nil
}

func boundsFrom(in members, low, high string) *userpool.Bounds {
	if in == nil {
		return nil
	}
	return &userpool.Bounds{Min: in.str(low), Max: in.str(high)}
}

// describePool is UserPoolType: what was set, and what the service fills in.
func describePool(p *userpool.Pool) object {
	out := object{
		"Id": p.ID, "Name": p.Name, "Arn": p.ARN(Account), "CreationDate": epoch(p.Created), "LastModifiedDate": epoch(p.Modified),
		"Policies": policies(&p.UserPool), "DeletionProtection": "INACTIVE", "MfaConfiguration": string(p.MFAMode()), "EstimatedNumberOfUsers": p.Users.Len(),
		"UserPoolTier": firstOf(p.Tier, "ESSENTIALS"), "LambdaConfig": describeLambda(p.Lambda), "UserPoolTags": tagsOf(&p.UserPool),
		"AdminCreateUserConfig": adminCreateUser(&p.UserPool), "VerificationMessageTemplate": verification(p.Verification),
		"AccountRecoverySetting": recovery(p.AccountRecovery), "SchemaAttributes": schema(&p.UserPool),
		"EmailConfiguration": object{"EmailSendingAccount": "COGNITO_DEFAULT"},
	}
	if p.DeletionProtection {
		out["DeletionProtection"] = "ACTIVE"
	}
	for name, value := range p.Other {
		if name == "EmailConfiguration" {
			merged := object{"EmailSendingAccount": "COGNITO_DEFAULT"}
			maps.Copy(merged, value.(map[string]any))
			value = merged
		}
		out[name] = value
	}
	setList(out, "AutoVerifiedAttributes", p.AutoVerified)
	setList(out, "AliasAttributes", p.AliasAttributes)
	setList(out, "UsernameAttributes", p.UsernameAttributes)
	setText(out, "SmsVerificationMessage", p.SMSVerificationMessage)
	setText(out, "EmailVerificationMessage", p.EmailVerificationMessage)
	setText(out, "EmailVerificationSubject", p.EmailVerificationSubject)
	setText(out, "SmsAuthenticationMessage", p.SMSAuthenticationMessage)
	if p.VerifyBeforeUpdate != nil {
		out["UserAttributeUpdateSettings"] = object{"AttributesRequireVerificationBeforeUpdate": p.VerifyBeforeUpdate}
	}
	if p.UsernameCase != "" {
		out["UsernameConfiguration"] = object{"CaseSensitive": !p.CaseInsensitive()}
	}
	if p.Issuer != "" {
		out["IssuerConfiguration"] = object{"Type": string(p.Issuer)}
	}
	for _, d := range p.Domains() {
		name := "Domain"
		if d.Custom {
			name = "CustomDomain"
		}
		if out[name] == nil {
			out[name] = d.Name
		}
	}
	return out
}

func firstOf(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

func policies(p *userpool.UserPool) object {
	policy := p.Passwords()
	o := object{
		"MinimumLength": policy.MinimumLength, "RequireUppercase": policy.Uppercase, "RequireLowercase": policy.Lowercase, "RequireNumbers": policy.Numbers,
		"RequireSymbols": policy.Symbols, "TemporaryPasswordValidityDays": policy.TemporaryValidityDays,
	}
	if policy.HistorySize > 0 {
		o["PasswordHistorySize"] = policy.HistorySize
	}
	factors := p.SignInPolicy
	if len(factors) == 0 {
		factors = []string{"PASSWORD"}
	}
	return object{"PasswordPolicy": o, "SignInPolicy": object{"AllowedFirstAuthFactors": factors}}
}

func describeLambda(l userpool.LambdaConfig) object {
	out := object{}
	for name, arn := range l.Triggers {
		out[name] = arn
	}
	for name, f := range l.Versioned {
		out[name] = object{"LambdaVersion": f.Version, "LambdaArn": f.ARN}
	}
	setText(out, "KMSKeyID", l.KMSKeyID)
	return out
}

func tagsOf(p *userpool.UserPool) map[string]string {
	if p.Tags == nil {
		return map[string]string{}
	}
	return p.Tags
}

func adminCreateUser(p *userpool.UserPool) object {
	days := p.Passwords().TemporaryValidityDays
	if p.AdminCreateUser.UnusedAccountValidity != nil {
		days = *p.AdminCreateUser.UnusedAccountValidity
	}
	out := object{"AllowAdminCreateUserOnly": p.AdminCreateUser.Only, "UnusedAccountValidityDays": days}
	if m := p.AdminCreateUser.Invite; m != nil {
		invite := object{}
		setText(invite, "SMSMessage", m.SMSMessage)
		setText(invite, "EmailMessage", m.EmailMessage)
		setText(invite, "EmailSubject", m.EmailSubject)
		out["InviteMessageTemplate"] = invite
	}
	return out
}

func verification(t userpool.VerificationTemplate) object {
	out := object{"DefaultEmailOption": firstOf(t.DefaultEmailOption, "CONFIRM_WITH_CODE")}
	setText(out, "SmsMessage", t.SMSMessage)
	setText(out, "EmailMessage", t.EmailMessage)
	setText(out, "EmailSubject", t.EmailSubject)
	setText(out, "EmailMessageByLink", t.EmailMessageByLink)
	setText(out, "EmailSubjectByLink", t.EmailSubjectByLink)
	return out
}

func recovery(options []userpool.RecoveryOption) object {
	if options == nil {
		options = []userpool.RecoveryOption{{Priority: 1, Name: "verified_email"}, {Priority: 2, Name: "verified_phone_number"}}
	}
	list := make([]object, len(options))
	for i, o := range options {
		list[i] = object{"Priority": o.Priority, "Name": o.Name}
	}
	return object{"RecoveryMechanisms": list}
}

// schema lists every standard attribute and the pool's own.
func schema(p *userpool.UserPool) []object {
	all := p.Schema()
	out := make([]object, len(all))
	for i, a := range all {
		out[i] = object{"Name": a.Name, "AttributeDataType": a.DataType, "DeveloperOnlyAttribute": a.DeveloperOnly, "Mutable": !a.Immutable, "Required": a.Required}
		bounds(out[i], "StringAttributeConstraints", "MinLength", "MaxLength", a.StringLength)
		bounds(out[i], "NumberAttributeConstraints", "MinValue", "MaxValue", a.NumberRange)
	}
	return out
}

func bounds(o object, name, low, high string, b *userpool.Bounds) {
	if b == nil {
		return
	}
	limits := object{}
	setText(limits, low, b.Min)
	setText(limits, high, b.Max)
	o[name] = limits
}

func (c *call) listUserPools() (object, error) {
	home := c.home()
	here := slices.DeleteFunc(slices.Clone(c.now.Pools()), func(p *userpool.Pool) bool { return p.Region() != home })
	return page(c, here, "ListUserPools/"+home, "UserPools", "MaxResults", 60, func(p *userpool.Pool) object {
		return object{"Id": p.ID, "Name": p.Name, "LambdaConfig": describeLambda(p.Lambda), "CreationDate": epoch(p.Created), "LastModifiedDate": epoch(p.Modified)}
	})
}

func (c *call) deleteUserPool() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return nil, c.Directory.DeletePool(c.ctx, c.in.str("UserPoolId"), func(p *userpool.Pool) error {
		switch {
		case len(p.Domains()) > 0:
			return userpool.Errorf(userpool.InvalidParameter, "User pool cannot be deleted. It has a domain configured that should be deleted first.")
		case p.DeletionProtection:
			return userpool.Errorf(userpool.InvalidParameter, "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
		}
		return nil
	})
}

func (c *call) addCustomAttributes() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		p := d.UserPool
		attributes, err := schemaFrom(c.in.structs("CustomAttributes"), p.Attributes, true)
		if err != nil {
			return err
		}
		p.Attributes = attributes
		d.SetUserPool(p)
		return nil
	})
}

// Alphabets of the service's ids.
const (
	lowerAlphanumeric = "0123456789abcdefghijklmnopqrstuvwxyz"
	alphanumeric      = lowerAlphanumeric + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// randomText is n characters of an alphabet, each as likely as the other.
func randomText(random func(n int) []byte, alphabet string, n int) string {
	var b strings.Builder
	limit := byte(256 / len(alphabet) * len(alphabet) % 256) // 0: every byte will do
	for b.Len() < n {
		for _, r := range random(2 * n) {
			if (limit == 0 || r < limit) && b.Len() < n {
				b.WriteByte(alphabet[int(r)%len(alphabet)])
			}
		}
	}
	return b.String()
}

// plural counts things in a sentence.
func plural(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
