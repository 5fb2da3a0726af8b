package mockcognito_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The SDKs check some constraints themselves and send nothing, so these go over the wire as they are.
func TestConstraintsInTheServicesWords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const id = `"UserPoolId":"` + poolID + `"`
	for name, tc := range map[string]struct{ operation, body, message string }{
		"missing":                               {"CreateUserPool", `{}`, "1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
		"null is absent":                        {"CreateUserPool", `{"PoolName":null}`, "1 validation error detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
		"pattern":                               {"CreateUserPool", `{"PoolName":"a/b"}`, `1 validation error detected: Value 'a/b' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`},
		"too short":                             {"CreateUserPool", `{"PoolName":""}`, `2 validation errors detected: Value '' at 'poolName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`},
		"too long":                              {"CreateUserPool", `{"PoolName":"` + strings.Repeat("a", 129) + `"}`, "1 validation error detected: Value '" + strings.Repeat("a", 129) + "' at 'poolName' failed to satisfy constraint: Member must have length less than or equal to 128"},
		"enum":                                  {"CreateUserPool", `{"PoolName":"p","MfaConfiguration":"SOMETIMES"}`, "1 validation error detected: Value 'SOMETIMES' at 'mfaConfiguration' failed to satisfy constraint: Member must satisfy enum value set: [OFF, ON, OPTIONAL]"},
		"nested range":                          {"CreateUserPool", `{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":5}}}`, "1 validation error detected: Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6"},
		"required within an optional structure": {"CreateUserPool", `{"PoolName":"p","UsernameConfiguration":{}}`, "1 validation error detected: Value null at 'usernameConfiguration.caseSensitive' failed to satisfy constraint: Member must not be null"},
		"element of a list of structures":       {"CreateUserPool", `{"PoolName":"p","Schema":[{"Name":"ok"},{"Name":""}]}`, `2 validation errors detected: Value '' at 'schema.2.member.name' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'schema.2.member.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"element of a list of words":            {"CreateUserPoolClient", `{` + id + `,"ClientName":"c","ExplicitAuthFlows":["ADMIN_NO_SRP"]}`, "1 validation error detected: Value '[ADMIN_NO_SRP]' at 'explicitAuthFlows' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY, USER_PASSWORD_AUTH, ALLOW_ADMIN_USER_PASSWORD_AUTH, ALLOW_CUSTOM_AUTH, ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH]]"},
		"list with spaces":                      {"CreateUserPoolClient", `{` + id + `,"ClientName":"c","CallbackURLs":["https://a b"]}`, `1 validation error detected: Value '[https://a b]' at 'callbackURLs' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+]`},
		"too many":                              {"CreateUserPoolClient", `{` + id + `,"ClientName":"c","AllowedOAuthFlows":["code","code","code","code"]}`, "1 validation error detected: Value '[code, code, code, code]' at 'allowedOAuthFlows' failed to satisfy constraint: Member must have length less than or equal to 3"},
		"secrets are not repeated":              {"CreateUserPoolClient", `{` + id + `,"ClientName":"c","ClientSecret":"short!"}`, `2 validation errors detected: Value at 'clientSecret' failed to satisfy constraint: Member must have length greater than or equal to 24; Value at 'clientSecret' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+`},
		"user names are not repeated":           {"AdminGetUser", `{` + id + `,"Username":"a b"}`, `1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`},
		"attribute of a list":                   {"AdminUpdateUserAttributes", `{` + id + `,"Username":"u","UserAttributes":[{"Name":"n","Value":"` + strings.Repeat("v", 2049) + `"},{"Value":"x"}]}`, "2 validation errors detected: Value at 'userAttributes.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048; Value null at 'userAttributes.2.member.name' failed to satisfy constraint: Member must not be null"},
		"map":                                   {"TagResource", `{"ResourceArn":"arn:aws:cognito-idp:us-east-1:000000000000:userpool/x","Tags":{"":"v"}}`, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]"},
		"several":                               {"CreateResourceServer", `{"UserPoolId":"x"}`, "3 validation errors detected: Value 'x' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+; Value null at 'identifier' failed to satisfy constraint: Member must not be null; Value null at 'name' failed to satisfy constraint: Member must not be null"},
		"number out of range":                   {"ListUserPools", `{"MaxResults":61}`, "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := b.api(tc.operation, tc.body)
			require.Equal(t, 400, a.status)
			require.Equal(t, "InvalidParameterException", a.json["__type"], a.raw)
			require.Equal(t, tc.message, a.json["message"])
		})
	}
}

func TestWrongTypesAreSerializationExceptions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, message := range map[string]string{
		`{"PoolName":5}`:                                                        "NUMBER_VALUE can not be converted to a String",
		`{"PoolName":true}`:                                                     "TRUE_VALUE can not be converted to a String",
		`{"PoolName":["p"]}`:                                                    "Start of list found where not expected",
		`{"PoolName":{"p":1}}`:                                                  "Start of structure or map found where not expected.",
		`{"PoolName":"p","AliasAttributes":"email"}`:                            "STRING_VALUE can not be converted to a list",
		`{"PoolName":"p","UserPoolTags":"x"}`:                                   "STRING_VALUE can not be converted to a map",
		`{"PoolName":"p","UserPoolTags":{"a":1}}`:                               "NUMBER_VALUE can not be converted to a String",
		`{"PoolName":"p","Policies":"strict"}`:                                  "STRING_VALUE can not be converted to a structure",
		`{"PoolName":"p","Schema":[1]}`:                                         "NUMBER_VALUE can not be converted to a structure",
		`{"PoolName":"p","UsernameConfiguration":{"CaseSensitive":"no"}}`:       "STRING_VALUE can not be converted to a Boolean",
		`{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":"8"}}}`:  "STRING_VALUE can not be converted to an Integer",
		`{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":1e40}}}`: "1e40 can not be converted to an Integer",
		`[]`: "Start of list found where not expected", `"x"`: "STRING_VALUE can not be converted to a structure", `{"PoolName":"p"} {}`: "goes on", `{"PoolName"`: "", "\xff": "",
	} {
		a := b.api("CreateUserPool", body)
		require.Equal(t, 400, a.status, body)
		require.Equal(t, "SerializationException", a.json["__type"], "%s: %s", body, a.raw)
		require.Contains(t, a.json["message"], message, body)
	}
}

// Types go before constraints, unknown members are ignored, an empty body is {}.
func TestRequestsAsSDKsSendThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, "SerializationException", b.api("CreateUserPool", `{"PoolName":"","MfaConfiguration":1}`).json["__type"])
	require.Equal(t, 200, b.api("CreateUserPool", `{"PoolName":"p","MemberOf2031":{"x":[1]},"Policies":{"Also":"unknown"}}`).status)
	require.Equal(t, "InvalidParameterException", b.api("CreateUserPool", "  ").json["__type"])
	require.Equal(t, 200, b.api("ListUserPools", `{"MaxResults":60.7}`).status, "a fraction is cut off")
}

func TestAnswersWithoutOutput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const id = `"UserPoolId":"` + poolID + `"`
	require.Equal(t, 200, b.api("AdminCreateUser", `{`+id+`,"Username":"jane"}`).status)
	empty := b.api("AdminEnableUser", `{`+id+`,"Username":"jane"}`)
	require.Equal(t, "{}", empty.raw)
	none := b.api("AdminDeleteUser", `{`+id+`,"Username":"jane"}`)
	require.Empty(t, none.raw)
	for _, a := range []answer{empty, none} {
		require.Equal(t, 200, a.status)
		require.Equal(t, "application/x-amz-json-1.1", a.header.Get("Content-Type"))
		require.Regexp(t, `^[0-9a-f-]{36}$`, a.header.Get("X-Amzn-Requestid"))
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
	}
}

func TestPreflightOfTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	req, err := http.NewRequest(http.MethodOptions, b.url+"/", nil)
	require.NoError(t, err)
	req.Header.Set("Origin", "http://localhost:5173")
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-target,x-amz-user-agent")
	a := b.do(req)
	require.Equal(t, 200, a.status)
	require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "content-type,x-amz-target,x-amz-user-agent", a.header.Get("Access-Control-Allow-Headers"))
	require.Contains(t, a.header.Get("Access-Control-Allow-Methods"), "POST")
}
