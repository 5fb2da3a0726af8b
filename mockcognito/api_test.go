package mockcognito_test

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

func (b *bench) api(operation, body string) answer {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.url+"/", strings.NewReader(body))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	return b.do(req)
}

func TestDescribeOperations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.api("DescribeUserPool", `{"UserPoolId":"`+poolID+`","MemberOfANewerSDK":1}`)
	require.Equal(t, 200, a.status, a.raw)
	require.Equal(t, "application/x-amz-json-1.1", a.header.Get("Content-Type"))
	require.NotEmpty(t, a.header.Get("X-Amzn-Requestid"))
	pool := a.json["UserPool"].(map[string]any)
	require.Equal(t, poolID, pool["Id"])
	require.Equal(t, "ssolab", pool["Domain"])
	require.Regexp(t, `"CreationDate":\d{10}(\.\d{1,3})?,`, a.raw)
	for _, name := range []string{"LastModifiedDate", "Policies", "LambdaConfig", "AdminCreateUserConfig", "Arn", "UserPoolTier"} {
		require.Contains(t, pool, name)
	}
	require.NotContains(t, pool, "UsernameConfiguration")
	schema := pool["SchemaAttributes"].([]any)
	require.Len(t, schema, 20)
	require.Contains(t, schema, map[string]any{"Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": true, "Required": false, "StringAttributeConstraints": map[string]any{"MinLength": "0", "MaxLength": "2048"}})

	a = b.api("DescribeUserPoolClient", `{"UserPoolId":"`+poolID+`","ClientId":"`+clientID+`"}`)
	client := a.json["UserPoolClient"].(map[string]any)
	require.Equal(t, secret, client["ClientSecret"])
	require.Equal(t, []any{callback}, client["CallbackURLs"])
	require.Equal(t, []any{provider}, client["SupportedIdentityProviders"])
	require.NotContains(t, client, "ReadAttributes")
	a = b.api("DescribeUserPoolClient", `{"UserPoolId":"`+poolID+`","ClientId":"`+publicID+`"}`)
	require.NotContains(t, a.json["UserPoolClient"], "ClientSecret")

	a = b.api("DescribeIdentityProvider", `{"UserPoolId":"`+poolID+`","ProviderName":"`+provider+`"}`)
	idp := a.json["IdentityProvider"].(map[string]any)
	require.Equal(t, map[string]any{
		"client_id": "skc_1", "client_secret": "test_secret", "authorize_scopes": "openid email profile", "attributes_request_method": "GET",
		"oidc_issuer": b.upstream.url, "attributes_url_add_attributes": "false",
	}, idp["ProviderDetails"])
	require.Equal(t, "sub", idp["AttributeMapping"].(map[string]any)["username"])

	a = b.api("DescribeUserPoolDomain", `{"Domain":"ssolab"}`)
	require.Equal(t, "ACTIVE", a.json["DomainDescription"].(map[string]any)["Status"])
	require.JSONEq(t, `{"DomainDescription":{}}`, b.api("DescribeUserPoolDomain", `{"Domain":"nobody"}`).raw)
}

func TestAPIErrors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tc := range map[string]struct{ operation, body, class, message string }{
		"unknown operation":       {"DescribeUnicorn", `{}`, "UnknownOperationException", `"DescribeUnicorn"`},
		"known, not modelled":     {"ListDevices", `{}`, "UnsupportedOperationException", "ListDevices"},
		"malformed JSON":          {"DescribeUserPool", `{"UserPoolId":`, "SerializationException", ""},
		"wrong type":              {"DescribeUserPool", `{"UserPoolId":5}`, "SerializationException", ""},
		"empty body":              {"DescribeUserPool", ``, "InvalidParameterException", "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null"},
		"two violations":          {"DescribeUserPoolClient", `{"UserPoolId":"x","ClientId":"a b"}`, "InvalidParameterException", "2 validation errors detected: Value 'x' at 'userPoolId'"},
		"unknown pool":            {"DescribeUserPool", `{"UserPoolId":"us-east-1_Nobody1"}`, "ResourceNotFoundException", "User pool us-east-1_Nobody1 does not exist."},
		"unknown client":          {"DescribeUserPoolClient", `{"UserPoolId":"` + poolID + `","ClientId":"nobody"}`, "ResourceNotFoundException", "User pool client nobody does not exist."},
		"unknown provider":        {"DescribeIdentityProvider", `{"UserPoolId":"` + poolID + `","ProviderName":"Nobody"}`, "ResourceNotFoundException", "Identity provider Nobody does not exist."},
		"domain without its name": {"DescribeUserPoolDomain", `{}`, "InvalidParameterException", "'domain'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := b.api(tc.operation, tc.body)
			require.Equal(t, 400, a.status)
			require.Equal(t, tc.class+":", a.header.Get("X-Amzn-Errortype"))
			require.Equal(t, tc.class, a.json["__type"])
			require.Contains(t, a.json["message"], tc.message)
		})
	}
	req, err := http.NewRequest(http.MethodPost, b.url+"/", strings.NewReader("{}"))
	require.NoError(t, err)
	require.Equal(t, "UnknownOperationException", b.do(req).json["__type"])
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := mockcognito.New(mockcognito.Config{URL: "http://localhost:1/", UserPools: []mockcognito.UserPool{{
		ID: "nopool", Domain: "aws-sso",
		Attributes: []mockcognito.Attribute{{Name: "colour"}, {Name: "custom:a", Required: true}},
		Clients: []mockcognito.AppClient{{
			ID: "a b", Secret: "short", CallbackURLs: []string{"http://example.com/cb", "/relative", "https://x/#f"},
			Scopes: []string{"a b"}, Flows: []string{"hybrid"}, IdentityProviders: []string{"Nobody"},
		}},
		Providers: []mockcognito.IdentityProvider{
			{Name: "x", Issuer: "https://issuer/", Scopes: "email", AttributesRequestMethod: "PUT", Identifiers: []string{"a/b"}, TokenURL: "https://issuer/token"},
			{Name: "x", Issuer: "https://issuer", ClientID: "c", ClientSecret: "s"},
		},
	}}})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.GreaterOrEqual(t, len(lines), 20, err.Error())
	for _, want := range []string{
		"url: ", "user_pools[0].id: ", "user_pools[0].domain: ", "user_pools[0].attributes[0].name: ", "user_pools[0].attributes[1].required: ",
		"user_pools[0].clients[0].id: ", "user_pools[0].clients[0].secret: ", "user_pools[0].clients[0].callback_urls[0]: ", "user_pools[0].clients[0].callback_urls[1]: ",
		"user_pools[0].clients[0].callback_urls[2]: ", "user_pools[0].clients[0].scopes[0]: ", "user_pools[0].clients[0].flows[0]: ", "user_pools[0].clients[0].identity_providers[0]: ",
		"user_pools[0].providers[0].name: ", "user_pools[0].providers[0].issuer: ", "user_pools[0].providers[0].client_id: ", "user_pools[0].providers[0].client_secret: ",
		"user_pools[0].providers[0].scopes: ", "user_pools[0].providers[0].attributes_request_method: ", "user_pools[0].providers[0].identifiers[0]: ", "user_pools[0].providers[0]: ",
		"user_pools[0].providers[1].name: ",
	} {
		require.Contains(t, err.Error(), want)
	}
	require.NotContains(t, err.Error(), "short", "no secret in an error")
}

func TestUnsupportedOperationsSayWhatToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, instead := range map[string]string{
		"ListDevices": "DeviceConfiguration", "StartWebAuthnRegistration": "USER_AUTH", "SetUserSettings": "SetUserMFAPreference", "ListUserPoolReplicas": "one region", "SetUICustomization": "CreateManagedLoginBranding",
		"CreateUserImportJob": "AdminCreateUser",
	} {
		a := b.api(name, "{}")
		require.Equal(t, 400, a.status, name)
		require.Equal(t, "UnsupportedOperationException", a.json["__type"], name)
		require.Contains(t, a.json["message"], name)
		require.Contains(t, a.json["message"], instead, name)
	}
}

func TestErrorsFitIntoAHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, id := range map[string]string{"control characters": `\u0000\u001b\r\nX-Injected: yes\u007f`, "long": strings.Repeat("ä", 20<<10)} {
		req, err := http.NewRequest(http.MethodPost, b.url+"/", strings.NewReader(`{"UserPoolId":"`+id+`"}`))
		require.NoError(t, err)
		req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService.DescribeUserPool")
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err, name)
		p := b.read(resp)
		require.Equal(t, 400, p.status, name)
		require.Empty(t, p.header.Get("X-Injected"), name)
		message := p.header.Get("X-Amzn-Errormessage")
		require.Regexp(t, `^[12] validation errors? detected: `, message, name)
		require.Less(t, len(message), 2<<10, name)
		require.NotContains(t, message, "\x00", name)
		require.True(t, utf8.ValidString(message), name)
	}
}
