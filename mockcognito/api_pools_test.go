package mockcognito_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"
)

// A pool made with its name alone: what the service fills in is what Terraform takes for "not set".
func TestDefaultsOfAUserPool(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newPool()
	require.Regexp(t, `^us-east-1_[0-9A-Za-z]{9}$`, id)
	out, err := b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	p := out.UserPool
	require.NotNil(t, p.CreationDate)
	require.WithinDuration(t, b.kit.Env.Now(), *p.LastModifiedDate, 5e9)
	require.Equal(t, "arn:aws:cognito-idp:us-east-1:000000000000:userpool/"+id, *p.Arn)
	require.Equal(t, &types.PasswordPolicyType{
		MinimumLength: aws.Int32(8), RequireLowercase: true, RequireNumbers: true, RequireSymbols: true, RequireUppercase: true, TemporaryPasswordValidityDays: 7,
	}, p.Policies.PasswordPolicy)
	require.Equal(t, []types.AuthFactorType{types.AuthFactorTypePassword}, p.Policies.SignInPolicy.AllowedFirstAuthFactors)
	require.Equal(t, types.DeletionProtectionTypeInactive, p.DeletionProtection)
	require.Equal(t, types.UserPoolMfaTypeOff, p.MfaConfiguration)
	require.Equal(t, &types.EmailConfigurationType{EmailSendingAccount: types.EmailSendingAccountTypeCognitoDefault}, p.EmailConfiguration)
	require.Equal(t, &types.AdminCreateUserConfigType{UnusedAccountValidityDays: 7}, p.AdminCreateUserConfig)
	require.Equal(t, &types.VerificationMessageTemplateType{DefaultEmailOption: types.DefaultEmailOptionTypeConfirmWithCode}, p.VerificationMessageTemplate)
	require.Equal(t, []types.RecoveryOptionType{
		{Name: types.RecoveryOptionNameTypeVerifiedEmail, Priority: aws.Int32(1)}, {Name: types.RecoveryOptionNameTypeVerifiedPhoneNumber, Priority: aws.Int32(2)},
	}, p.AccountRecoverySetting.RecoveryMechanisms)
	require.Equal(t, &types.LambdaConfigType{}, p.LambdaConfig)
	require.Empty(t, p.UserPoolTags)
	require.NotNil(t, p.UserPoolTags)
	require.Zero(t, p.EstimatedNumberOfUsers)
	require.Equal(t, types.UserPoolTierTypeEssentials, p.UserPoolTier)
	require.Len(t, p.SchemaAttributes, 20)
	for name, set := range map[string]any{
		"DeviceConfiguration": p.DeviceConfiguration, "SmsConfiguration": p.SmsConfiguration, "UserPoolAddOns": p.UserPoolAddOns, "UsernameConfiguration": p.UsernameConfiguration,
		"UserAttributeUpdateSettings": p.UserAttributeUpdateSettings,
	} {
		require.Nil(t, set, name)
	}
	require.Nil(t, p.AliasAttributes)
	require.Nil(t, p.AutoVerifiedAttributes)
	require.Nil(t, p.Domain)
	mfa, err := b.sdk().GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, types.UserPoolMfaTypeOff, mfa.MfaConfiguration)
	require.Nil(t, mfa.SoftwareTokenMfaConfiguration)
	require.JSONEq(t, `{"MfaConfiguration":"OFF"}`, b.api("GetUserPoolMfaConfig", `{"UserPoolId":"`+id+`"}`).raw)
}

// everySetting is a pool with all that can be set at once.
func everySetting() *cip.CreateUserPoolInput {
	const arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
	return &cip.CreateUserPoolInput{
		PoolName: aws.String("all, of it = @work"), AliasAttributes: []types.AliasAttributeType{"email", "preferred_username"},
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)},
		Schema: []types.SchemaAttributeType{
			{Name: aws.String("email"), AttributeDataType: "String", Required: aws.Bool(true), Mutable: aws.Bool(true)},
			{Name: aws.String("team"), AttributeDataType: "String", Mutable: aws.Bool(false), StringAttributeConstraints: &types.StringAttributeConstraintsType{MinLength: aws.String("1"), MaxLength: aws.String("20")}},
			{Name: aws.String("years"), AttributeDataType: "Number", Mutable: aws.Bool(true), NumberAttributeConstraints: &types.NumberAttributeConstraintsType{MinValue: aws.String("0"), MaxValue: aws.String("50")}},
			{Name: aws.String("plain")},
		},
		Policies: &types.UserPoolPolicyType{
			PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(10), RequireNumbers: true, PasswordHistorySize: aws.Int32(3), TemporaryPasswordValidityDays: 2},
			SignInPolicy:   &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "EMAIL_OTP"}},
		},
		DeletionProtection: "ACTIVE", AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		LambdaConfig: &types.LambdaConfigType{
			PreSignUp: aws.String(arn), PostConfirmation: aws.String(arn), KMSKeyID: aws.String("arn:aws:kms:us-east-1:000000000000:key/k"),
			PreTokenGenerationConfig: &types.PreTokenGenerationVersionConfigType{LambdaArn: aws.String(arn), LambdaVersion: "V2_0"},
			InboundFederation:        &types.InboundFederationLambdaType{LambdaArn: aws.String(arn), LambdaVersion: "V1_0"},
		},
		SmsVerificationMessage: aws.String("Code {####}"), EmailVerificationMessage: aws.String("Your code is {####}"), EmailVerificationSubject: aws.String("A code"),
		SmsAuthenticationMessage: aws.String("MFA {####}"), MfaConfiguration: "OPTIONAL",
		VerificationMessageTemplate: &types.VerificationMessageTemplateType{DefaultEmailOption: "CONFIRM_WITH_LINK", EmailMessageByLink: aws.String("{##Click##}"), EmailSubjectByLink: aws.String("Click")},
		UserAttributeUpdateSettings: &types.UserAttributeUpdateSettingsType{AttributesRequireVerificationBeforeUpdate: []types.VerifiedAttributeType{}},
		DeviceConfiguration:         &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true},
		EmailConfiguration:          &types.EmailConfigurationType{ReplyToEmailAddress: aws.String("help@example.com")},
		SmsConfiguration:            &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::000000000000:role/sms"), ExternalId: aws.String("x"), SnsRegion: aws.String("us-east-1")},
		UserPoolTags:                map[string]string{"env": "test"},
		AdminCreateUserConfig: &types.AdminCreateUserConfigType{
			AllowAdminCreateUserOnly: true, UnusedAccountValidityDays: 2,
			InviteMessageTemplate: &types.MessageTemplateType{EmailMessage: aws.String("{username} {####}"), EmailSubject: aws.String("Welcome"), SMSMessage: aws.String("{username} {####}")},
		},
		UserPoolAddOns:         &types.UserPoolAddOnsType{AdvancedSecurityMode: "OFF"},
		AccountRecoverySetting: &types.AccountRecoverySettingType{RecoveryMechanisms: []types.RecoveryOptionType{{Name: "admin_only", Priority: aws.Int32(1)}}},
		UserPoolTier:           "PLUS", IssuerConfiguration: &types.IssuerConfigurationType{Type: "UPDATED"},
	}
}

// What is set is answered as it was set, so that a second plan of Terraform is empty, at creation and afterwards.
func TestEverySettingOfAUserPoolComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in := everySetting()
	made, err := b.sdk().CreateUserPool(t.Context(), in)
	require.NoError(t, err)
	out, err := b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: made.UserPool.Id})
	require.NoError(t, err)
	p := out.UserPool
	require.Equal(t, made.UserPool, p)
	require.Equal(t, in.PoolName, p.Name)
	require.Equal(t, in.AliasAttributes, p.AliasAttributes)
	require.Equal(t, in.UsernameConfiguration, p.UsernameConfiguration)
	require.Equal(t, in.Policies, p.Policies)
	require.Equal(t, in.DeletionProtection, p.DeletionProtection)
	require.Equal(t, in.AutoVerifiedAttributes, p.AutoVerifiedAttributes)
	require.Equal(t, in.LambdaConfig, p.LambdaConfig)
	require.Equal(t, in.SmsVerificationMessage, p.SmsVerificationMessage)
	require.Equal(t, in.EmailVerificationMessage, p.EmailVerificationMessage)
	require.Equal(t, in.EmailVerificationSubject, p.EmailVerificationSubject)
	require.Equal(t, in.SmsAuthenticationMessage, p.SmsAuthenticationMessage)
	require.Equal(t, in.MfaConfiguration, p.MfaConfiguration)
	require.Equal(t, in.VerificationMessageTemplate, p.VerificationMessageTemplate)
	require.Equal(t, in.UserAttributeUpdateSettings, p.UserAttributeUpdateSettings, "an empty list is not an absent one")
	require.Equal(t, in.DeviceConfiguration, p.DeviceConfiguration)
	require.Equal(t, &types.EmailConfigurationType{ReplyToEmailAddress: aws.String("help@example.com"), EmailSendingAccount: "COGNITO_DEFAULT"}, p.EmailConfiguration)
	require.Equal(t, in.SmsConfiguration, p.SmsConfiguration)
	require.Equal(t, in.UserPoolTags, p.UserPoolTags)
	require.Equal(t, in.AdminCreateUserConfig, p.AdminCreateUserConfig)
	require.Equal(t, in.UserPoolAddOns, p.UserPoolAddOns)
	require.Equal(t, in.AccountRecoverySetting, p.AccountRecoverySetting)
	require.Equal(t, in.UserPoolTier, p.UserPoolTier)
	require.Equal(t, in.IssuerConfiguration, p.IssuerConfiguration)
	schema := map[string]types.SchemaAttributeType{}
	for _, a := range p.SchemaAttributes {
		schema[*a.Name] = a
	}
	require.True(t, *schema["email"].Required)
	require.Equal(t, "custom:team", *schema["custom:team"].Name)
	require.False(t, *schema["custom:team"].Mutable)
	require.Equal(t, in.Schema[1].StringAttributeConstraints, schema["custom:team"].StringAttributeConstraints)
	require.Equal(t, in.Schema[2].NumberAttributeConstraints, schema["custom:years"].NumberAttributeConstraints)
	require.Equal(t, &types.StringAttributeConstraintsType{MinLength: aws.String("0"), MaxLength: aws.String("2048")}, schema["custom:plain"].StringAttributeConstraints)

	require.Contains(t, b.get("/"+*p.Id+"/.well-known/openid-configuration").body, `"issuer":"`)
}

func TestUpdateSetsWhatIsLeftOutToItsDefault(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made, err := b.sdk().CreateUserPool(t.Context(), everySetting())
	require.NoError(t, err)
	id := made.UserPool.Id
	b.kit.Env.Advance(1e9)
	_, err = b.sdk().UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{UserPoolId: id, AutoVerifiedAttributes: []types.VerifiedAttributeType{"phone_number"}})
	require.NoError(t, err)
	out, err := b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: id})
	require.NoError(t, err)
	p := out.UserPool
	require.Equal(t, []types.VerifiedAttributeType{"phone_number"}, p.AutoVerifiedAttributes)
	require.True(t, p.LastModifiedDate.After(*p.CreationDate))
	require.Equal(t, *made.UserPool.CreationDate, *p.CreationDate)
	require.Equal(t, made.UserPool.Name, p.Name)
	require.Equal(t, made.UserPool.SchemaAttributes, p.SchemaAttributes, "what was decided at creation stays")
	require.Equal(t, made.UserPool.AliasAttributes, p.AliasAttributes)
	require.Equal(t, made.UserPool.UsernameConfiguration, p.UsernameConfiguration)
	require.Equal(t, types.DeletionProtectionTypeInactive, p.DeletionProtection)
	require.Equal(t, &types.LambdaConfigType{}, p.LambdaConfig)
	require.Equal(t, int32(8), *p.Policies.PasswordPolicy.MinimumLength)
	require.Nil(t, p.DeviceConfiguration)
	require.Nil(t, p.IssuerConfiguration)
	require.Nil(t, p.SmsVerificationMessage)
	require.Empty(t, p.UserPoolTags)
	require.Equal(t, types.UserPoolTierTypeEssentials, p.UserPoolTier)
	_, err = b.sdk().UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{UserPoolId: id, PoolName: aws.String("renamed")})
	require.NoError(t, err)
	out, err = b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: id})
	require.NoError(t, err)
	require.Equal(t, "renamed", *out.UserPool.Name)
}

func TestRefusedUserPools(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	client, ctx := b.sdk(), t.Context()
	create := func(edit func(*cip.CreateUserPoolInput)) error {
		in := &cip.CreateUserPoolInput{PoolName: aws.String("p")}
		edit(in)
		_, err := client.CreateUserPool(ctx, in)
		return err
	}
	refused(t, create(func(in *cip.CreateUserPoolInput) {
		in.AliasAttributes, in.UsernameAttributes = []types.AliasAttributeType{"email"}, []types.UsernameAttributeType{"email"}
	}), "InvalidParameterException", "Only one of the aliasAttributes or usernameAttributes")
	refused(t, create(func(in *cip.CreateUserPoolInput) {
		in.Schema = []types.SchemaAttributeType{{Name: aws.String("x"), Required: aws.Bool(true)}}
	}), "InvalidParameterException", "Required custom attributes are not supported currently.")
	refused(t, create(func(in *cip.CreateUserPoolInput) {
		in.Schema = []types.SchemaAttributeType{{Name: aws.String("x")}, {Name: aws.String("x")}}
	}), "InvalidParameterException", "already has name custom:x")
	refused(t, create(func(in *cip.CreateUserPoolInput) { in.MfaConfiguration = "ON" }), "InvalidParameterException", "SMS configuration")
	refused(t, create(func(in *cip.CreateUserPoolInput) {
		in.UserPoolTier, in.UserPoolAddOns = "LITE", &types.UserPoolAddOnsType{AdvancedSecurityMode: "ENFORCED"}
	}), "FeatureUnavailableInTierException", "LITE")

	nobody := aws.String("us-east-1_Nobody001")
	_, err := client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: nobody})
	refused(t, err, "ResourceNotFoundException", "User pool us-east-1_Nobody001 does not exist.")
	_, err = client.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: nobody})
	refused(t, err, "ResourceNotFoundException", "does not exist")
	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: nobody})
	refused(t, err, "ResourceNotFoundException", "does not exist")

	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: aws.String(poolID)})
	refused(t, err, "InvalidParameterException", "User pool cannot be deleted. It has a domain configured that should be deleted first.")
	id := b.newPool(func(in *cip.CreateUserPoolInput) { in.DeletionProtection = "ACTIVE" })
	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: &id})
	refused(t, err, "InvalidParameterException", "deletion protection is activated")
	_, err = client.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: &id, DeletionProtection: "INACTIVE"})
	require.NoError(t, err)
	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	_, err = client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
	refused(t, err, "ResourceNotFoundException", "does not exist")
	require.Equal(t, http.StatusBadRequest, b.get("/"+id+"/.well-known/jwks.json").status)
}

func TestUserPoolsOfARegionInPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var want []string
	for i := range 7 {
		want = append(want, b.newPool(func(in *cip.CreateUserPoolInput) { in.PoolName = aws.String(fmt.Sprint("pool ", i)) }))
	}
	elsewhere, err := b.sdk("eu-west-3").CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("elsewhere")})
	require.NoError(t, err)
	require.Regexp(t, "^eu-west-3_", *elsewhere.UserPool.Id)

	var got []string
	pages := cip.NewListUserPoolsPaginator(b.sdk(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(3)})
	n := 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		for _, p := range page.UserPools {
			got = append(got, *p.Id)
			require.NotNil(t, p.LastModifiedDate)
		}
		if n == 0 { // what is deleted meanwhile is not answered, what is left neither twice nor never
			_, err := b.sdk().DeleteUserPool(t.Context(), &cip.DeleteUserPoolInput{UserPoolId: &want[1]})
			require.NoError(t, err)
		}
	}
	require.Equal(t, 3, n)
	require.Equal(t, append([]string{poolID}, want...), got)

	_, err = b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: elsewhere.UserPool.Id})
	refused(t, err, "ResourceNotFoundException", "does not exist")
	_, err = b.sdk("eu-west-3").DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: elsewhere.UserPool.Id})
	require.NoError(t, err)
	out, err := b.sdk("eu-west-3").ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(60)})
	require.NoError(t, err)
	require.Len(t, out.UserPools, 1)

	out, err = b.sdk().ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)})
	require.NoError(t, err)
	for _, token := range []string{"x", *out.NextToken + "x", "a.b"} {
		_, err = b.sdk().ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1), NextToken: &token})
		refused(t, err, "InvalidParameterException", "Invalid pagination token")
	}
	_, err = b.sdk().ListUserPoolClients(t.Context(), &cip.ListUserPoolClientsInput{UserPoolId: aws.String(poolID), NextToken: out.NextToken})
	refused(t, err, "InvalidParameterException", "Invalid pagination token")
}

func TestMFAConfiguration(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.newPool()
	sms := &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::000000000000:role/sms")}
	in := &cip.SetUserPoolMfaConfigInput{
		UserPoolId: &id, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		SmsMfaConfiguration:   &types.SmsMfaConfigType{SmsAuthenticationMessage: aws.String("MFA {####}"), SmsConfiguration: sms},
		EmailMfaConfiguration: &types.EmailMfaConfigType{Message: aws.String("MFA {####}"), Subject: aws.String("MFA")},
		WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("auth.example.com"), UserVerification: "required"},
	}
	set, err := b.sdk().SetUserPoolMfaConfig(t.Context(), in)
	require.NoError(t, err)
	got, err := b.sdk().GetUserPoolMfaConfig(t.Context(), &cip.GetUserPoolMfaConfigInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, in.MfaConfiguration, got.MfaConfiguration)
	require.Equal(t, in.SoftwareTokenMfaConfiguration, got.SoftwareTokenMfaConfiguration)
	require.Equal(t, in.SmsMfaConfiguration, got.SmsMfaConfiguration)
	require.Equal(t, in.EmailMfaConfiguration, got.EmailMfaConfiguration)
	require.Equal(t, in.WebAuthnConfiguration, got.WebAuthnConfiguration)
	require.Equal(t, set.SmsMfaConfiguration, got.SmsMfaConfiguration)
	pool, err := b.sdk().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, types.UserPoolMfaTypeOptional, pool.UserPool.MfaConfiguration)
	require.Equal(t, sms, pool.UserPool.SmsConfiguration)

	in.MfaConfiguration = "OFF"
	_, err = b.sdk().SetUserPoolMfaConfig(t.Context(), in)
	refused(t, err, "InvalidParameterException", "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
	_, err = b.sdk().SetUserPoolMfaConfig(t.Context(), &cip.SetUserPoolMfaConfigInput{UserPoolId: &id, MfaConfiguration: "OFF"})
	require.NoError(t, err)
	require.JSONEq(t, `{"MfaConfiguration":"OFF"}`, b.api("GetUserPoolMfaConfig", `{"UserPoolId":"`+id+`"}`).raw)
}

func TestCustomAttributesAndTags(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	id := b.newPool()
	add := func(a ...types.SchemaAttributeType) error {
		_, err := client.AddCustomAttributes(ctx, &cip.AddCustomAttributesInput{UserPoolId: &id, CustomAttributes: a})
		return err
	}
	require.NoError(t, add(types.SchemaAttributeType{Name: aws.String("one"), AttributeDataType: "String"}, types.SchemaAttributeType{Name: aws.String("two"), DeveloperOnlyAttribute: aws.Bool(true)}))
	refused(t, add(types.SchemaAttributeType{Name: aws.String("one")}), "InvalidParameterException", "custom:one: Existing attribute already has name custom:one.")
	refused(t, add(types.SchemaAttributeType{Name: aws.String("email")}), "InvalidParameterException", "email")
	out, err := client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, "custom:one", *out.UserPool.SchemaAttributes[20].Name)
	require.Equal(t, "dev:custom:two", *out.UserPool.SchemaAttributes[21].Name)

	_, err = client.TagResource(ctx, &cip.TagResourceInput{ResourceArn: out.UserPool.Arn, Tags: map[string]string{"a": "1", "b": "2"}})
	require.NoError(t, err)
	_, err = client.UntagResource(ctx, &cip.UntagResourceInput{ResourceArn: out.UserPool.Arn, TagKeys: []string{"a", "z"}})
	require.NoError(t, err)
	tags, err := client.ListTagsForResource(ctx, &cip.ListTagsForResourceInput{ResourceArn: out.UserPool.Arn})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "2"}, tags.Tags)
	out, err = client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "2"}, out.UserPool.UserPoolTags)
	_, err = client.ListTagsForResource(ctx, &cip.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Nobody001")})
	refused(t, err, "ResourceNotFoundException", "us-east-1_Nobody001")
	_, err = client.TagResource(ctx, &cip.TagResourceInput{ResourceArn: aws.String("arn:aws:sns:us-east-1:000000000000:topic"), Tags: map[string]string{}})
	refused(t, err, "InvalidParameterException", "ARN of a user pool")
}

func TestDomains(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	id := b.newPool()
	create := func(pool, domain, certificate string) (*cip.CreateUserPoolDomainOutput, error) {
		in := &cip.CreateUserPoolDomainInput{UserPoolId: &pool, Domain: &domain}
		if certificate != "" {
			in.CustomDomainConfig = &types.CustomDomainConfigType{CertificateArn: &certificate}
		}
		return client.CreateUserPoolDomain(ctx, in)
	}
	const certificate = "arn:aws:acm:us-east-1:000000000000:certificate/c"
	out, err := create(id, "fresh", "")
	require.NoError(t, err)
	require.Nil(t, out.CloudFrontDomain)
	require.Equal(t, int32(1), *out.ManagedLoginVersion)
	out, err = create(id, "auth.example.com", certificate)
	require.NoError(t, err)
	require.Regexp(t, `^d[0-9a-v]{13}\.cloudfront\.net$`, *out.CloudFrontDomain)

	describe := func(domain string) *types.DomainDescriptionType {
		out, err := client.DescribeUserPoolDomain(ctx, &cip.DescribeUserPoolDomainInput{Domain: &domain})
		require.NoError(t, err)
		return out.DomainDescription
	}
	d := describe("fresh")
	require.Equal(t, types.DomainStatusTypeActive, d.Status)
	require.Equal(t, id, *d.UserPoolId)
	require.Nil(t, d.CustomDomainConfig.CertificateArn)
	require.Equal(t, certificate, *describe("auth.example.com").CustomDomainConfig.CertificateArn)
	require.Equal(t, &types.DomainDescriptionType{}, describe("nobody"))
	pool, err := client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
	require.Equal(t, "fresh", *pool.UserPool.Domain)
	require.Equal(t, "auth.example.com", *pool.UserPool.CustomDomain)

	for name, tc := range map[string]struct{ pool, domain, certificate, text string }{
		"taken":          {b.newPool(), "fresh", "", "Domain already associated with another user pool."},
		"a second":       {id, "another", "", "User pool already has a domain configured."},
		"reserved":       {b.newPool(), "my-cognito", "", "Domain cannot contain reserved word: cognito"},
		"dots":           {b.newPool(), "a.b", "", "CustomDomainConfig"},
		"no host name":   {b.newPool(), "nodots", certificate, "not a valid custom domain"},
		"other region's": {b.newPool(), "login.example.com", "arn:aws:acm:eu-west-1:000000000000:certificate/c", "us-east-1"},
	} {
		_, err := create(tc.pool, tc.domain, tc.certificate)
		require.Error(t, err, name)
		refused(t, err, "InvalidParameterException", tc.text)
	}
	lite := b.newPool(func(in *cip.CreateUserPoolInput) { in.UserPoolTier = "LITE" })
	_, err = client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: &lite, Domain: aws.String("lite"), ManagedLoginVersion: aws.Int32(2)})
	refused(t, err, "FeatureUnavailableInTierException", "LITE")

	updated, err := client.UpdateUserPoolDomain(ctx, &cip.UpdateUserPoolDomainInput{UserPoolId: &id, Domain: aws.String("fresh"), ManagedLoginVersion: aws.Int32(2)})
	require.NoError(t, err)
	require.Equal(t, int32(2), *updated.ManagedLoginVersion)
	require.Equal(t, int32(2), *describe("fresh").ManagedLoginVersion)
	_, err = client.UpdateUserPoolDomain(ctx, &cip.UpdateUserPoolDomainInput{UserPoolId: &lite, Domain: aws.String("fresh")})
	refused(t, err, "InvalidParameterException", "No such domain or user pool exists.")
	_, err = client.DeleteUserPoolDomain(ctx, &cip.DeleteUserPoolDomainInput{UserPoolId: &lite, Domain: aws.String("fresh")})
	refused(t, err, "InvalidParameterException", "No such domain or user pool exists.")
	for _, domain := range []string{"fresh", "auth.example.com"} {
		_, err = client.DeleteUserPoolDomain(ctx, &cip.DeleteUserPoolDomainInput{UserPoolId: &id, Domain: &domain})
		require.NoError(t, err)
		require.Equal(t, &types.DomainDescriptionType{}, describe(domain))
	}
	_, err = client.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: &id})
	require.NoError(t, err)
}
