package mockcognito_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

// valid is a value of each member that operations require.
var valid = map[string]any{
	"UserPoolId": poolID, "ClientId": clientID, "ProviderName": provider, "GroupName": "group", "Username": "jane", "Identifier": "server", "Name": "n",
	"Domain": "ssolab", "ResourceArn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/" + poolID, "Tags": map[string]string{}, "TagKeys": []string{},
	"PoolName": "p", "ClientName": "c", "MaxResults": 10, "ProviderType": "OIDC", "ProviderDetails": map[string]string{}, "IdpIdentifier": "example.com",
	"CustomAttributes": []any{map[string]any{"Name": "x"}}, "ClientSecretId": "s", "UserAttributes": []any{}, "UserAttributeNames": []string{}, "Password": "Passw0rd!",
	"ManagedLoginBrandingId": "11111111-1111-1111-1111-111111111111", "User": map[string]string{"ProviderName": "Cognito", "ProviderAttributeValue": "jane"},
	"DestinationUser": map[string]string{"ProviderName": "Cognito", "ProviderAttributeValue": "jane"},
	"AuthFlow":        "USER_SRP_AUTH", "ChallengeName": "PASSWORD_VERIFIER", "RefreshToken": "a.b.c.d.e", "Token": "a.b.c.d.e", "AccessToken": "a.b.c", "ConfirmationCode": "123456",
	"ProposedPassword": "Passw0rd!", "AttributeName": "email", "Code": "123456", "UserCode": "123456",
	"SourceUser": map[string]string{"ProviderName": provider, "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "x"},
}

// body is a request to an operation with all that it requires, changed by edit.
func body(t *testing.T, op mockcognito.Operation, edit map[string]any) string {
	t.Helper()
	in := map[string]any{}
	for _, member := range op.Members {
		if name, required := cutStar(member); required {
			require.Contains(t, valid, name, op.Name)
			in[name] = valid[name]
		}
	}
	maps.Copy(in, edit)
	b, err := json.Marshal(in)
	require.NoError(t, err)
	return string(b)
}

func cutStar(member string) (string, bool) {
	if n := len(member); member[n-1] == '*' {
		return member[:n-1], true
	}
	return member, false
}

func served() []mockcognito.Operation {
	return slices.DeleteFunc(mockcognito.Operations(), func(op mockcognito.Operation) bool { return op.Instead != "" })
}

func TestEveryOperationWantsItsMembers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, op := range served() {
		n := 0
		for _, member := range op.Members {
			if _, required := cutStar(member); required {
				n++
			}
		}
		if n == 0 {
			continue
		}
		a := b.api(op.Name, "{}")
		require.Equal(t, "InvalidParameterException", a.json["__type"], op.Name)
		require.Regexp(t, fmt.Sprintf("^%d validation errors? detected: Value null at '", n), a.json["message"], op.Name)
	}
}

func TestEveryOperationInAPoolThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const nobody = "us-east-1_Nobody001"
	asked := 0
	for _, op := range served() {
		if !slices.Contains(op.Members, "UserPoolId*") && !slices.Contains(op.Members, "ResourceArn*") {
			continue
		}
		asked++
		a := b.api(op.Name, body(t, op, map[string]any{"UserPoolId": nobody, "ResourceArn": "arn:aws:cognito-idp:us-east-1:000000000000:userpool/" + nobody}))
		require.Equal(t, 400, a.status, op.Name)
		require.Equal(t, "ResourceNotFoundException", a.json["__type"], "%s: %s", op.Name, a.raw)
		require.Contains(t, a.json["message"], nobody, op.Name)
	}
	require.Greater(t, asked, 50)
}

// What a request names within the pool, one at a time.
func TestEveryOperationOnWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.Equal(t, 200, b.api("AdminCreateUser", `{"UserPoolId":"`+poolID+`","Username":"jane"}`).status)
	creates := []string{"AdminCreateUser", "CreateGroup", "CreateIdentityProvider", "CreateResourceServer"}
	// Of a client that hides who is there, and of RevokeToken, for which the model has another class.
	others := map[string]string{
		"SignUp": "", "ConfirmSignUp": "", "ResendConfirmationCode": "", "ForgotPassword": "", "ConfirmForgotPassword": "", "RevokeToken": "UnauthorizedException",
	}
	for _, op := range served() {
		for member, missing := range map[string]struct {
			value any
			class string
		}{
			"ClientId": {"nobody", "ResourceNotFoundException"}, "ProviderName": {"Nobody", "ResourceNotFoundException"}, "GroupName": {"nobody", "ResourceNotFoundException"},
			"Username": {"nobody", "UserNotFoundException"}, "Identifier": {"nobody", "ResourceNotFoundException"}, "IdpIdentifier": {"nobody.example", "ResourceNotFoundException"},
			"ManagedLoginBrandingId": {"22222222-2222-2222-2222-222222222222", "ResourceNotFoundException"}, "ClientSecretId": {"nobody", "ResourceNotFoundException"},
		} {
			if slices.Contains(creates, op.Name) || !slices.Contains(op.Members, member+"*") && !slices.Contains(op.Members, member) {
				continue
			}
			if class, other := others[op.Name]; other {
				if class == "" && member == "Username" {
					continue
				}
				missing.class = firstOf(class, missing.class)
			}
			a := b.api(op.Name, body(t, op, map[string]any{member: missing.value}))
			require.Equal(t, missing.class, a.json["__type"], "%s with unknown %s: %s", op.Name, member, a.raw)
		}
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// An operation by access token that is no token, of another form, an ID token, forged, or old.
func TestEveryOperationWithAnAccessToken(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownUsers)
	signed := b.signedIn("jane")
	header, rest, _ := strings.Cut(*signed.AccessToken, ".")
	claims, _, _ := strings.Cut(rest, ".")
	asked := 0
	for _, op := range served() {
		if !slices.Contains(op.Members, "AccessToken*") && op.Name != "AssociateSoftwareToken" && op.Name != "VerifySoftwareToken" {
			continue
		}
		asked++
		for token, text := range map[string]string{
			"a.b.c": "Invalid Access Token", "abc": "Invalid Access Token", *signed.IdToken: "Invalid Access Token", *signed.RefreshToken: "Invalid Access Token",
			header + "." + claims + ".AAAA": "Could not verify signature for Access Token",
		} {
			a := b.api(op.Name, body(t, op, map[string]any{"AccessToken": token}))
			require.Equal(t, "NotAuthorizedException", a.json["__type"], "%s: %s", op.Name, a.raw)
			require.Equal(t, text, a.json["message"], op.Name)
		}
	}
	require.Greater(t, asked, 10)
}

func TestEveryOperationOfTheModelIsKnown(t *testing.T) {
	t.Parallel()
	var names, refused []string
	for _, op := range mockcognito.Operations() {
		names = append(names, op.Name)
		if op.Instead != "" {
			refused = append(refused, op.Name)
		}
	}
	require.Len(t, names, 126, "122 operations of the service's model, and four of replicas")
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), 126)
	b := newBench(t)
	for _, name := range refused {
		require.Equal(t, "UnsupportedOperationException", b.api(name, "{}").json["__type"], name)
	}
}

func TestGroupsInPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 5 {
		require.Equal(t, 200, b.api("CreateGroup", fmt.Sprintf(`{"UserPoolId":"%s","GroupName":"g%d"}`, poolID, i)).status)
	}
	first := b.api("ListGroups", `{"UserPoolId":"`+poolID+`","Limit":3}`)
	require.Len(t, first.json["Groups"], 3)
	second := b.api("ListGroups", fmt.Sprintf(`{"UserPoolId":"%s","NextToken":%q}`, poolID, first.json["NextToken"]))
	require.Len(t, second.json["Groups"], 2)
	require.NotContains(t, second.json, "NextToken")
}

// 10,000 users: no list takes long, whatever it filters by.
func BenchmarkListUsers(b *testing.B) {
	s := crowded(b, 10_000)
	for name, in := range map[string]string{
		"first page":             `{"UserPoolId":"` + poolID + `"}`,
		"one by e-mail":          `{"UserPoolId":"` + poolID + `","Filter":"email = \"user9999@example.com\""}`,
		"prefix that nobody has": `{"UserPoolId":"` + poolID + `","Filter":"family_name ^= \"zz\""}`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if status := s("ListUsers", in); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if status := s("AdminGetUser", `{"UserPoolId":"`+poolID+`","Username":"user-5000"}`); status != 200 {
				b.Fatal(status)
			}
		}
	})
}

func TestQuotasOfTheAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		p := &c.UserPools[0]
		for i := len(p.Clients); i < 1000; i++ {
			p.Clients = append(p.Clients, mockcognito.AppClient{ID: fmt.Sprint("client", i)})
		}
		for i := len(p.Providers); i < 300; i++ {
			idp := p.Providers[0]
			idp.Name, idp.Identifiers = fmt.Sprint("Provider", i), nil
			p.Providers = append(p.Providers, idp)
		}
		for i := range 25 {
			p.ResourceServers = append(p.ResourceServers, mockcognito.ResourceServer{Identifier: fmt.Sprint("server", i)})
		}
		for i := range 50 {
			p.Attributes = append(p.Attributes, mockAttribute{Name: fmt.Sprint("custom:a", i)})
		}
		user := mockcognito.User{Username: "jane"}
		for i := range 101 {
			p.Groups = append(p.Groups, mockcognito.Group{Name: fmt.Sprint("g", i)})
			if i < 100 {
				user.Groups = append(user.Groups, fmt.Sprint("g", i))
			}
		}
		p.Users = append(p.Users, user)
		p.CustomDomains = []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com"}
	})
	details, err := json.Marshal(b.details())
	require.NoError(t, err)
	const id = `{"UserPoolId":"` + poolID + `",`
	for body, operation := range map[string]string{
		id + `"ClientName":"one too many"}`: "CreateUserPoolClient",
		id + `"ProviderName":"Another","ProviderType":"OIDC","ProviderDetails":` + string(details) + `}`:                            "CreateIdentityProvider",
		id + `"Identifier":"another","Name":"n"}`:                                                                                   "CreateResourceServer",
		id + `"Username":"jane","GroupName":"g100"}`:                                                                                "AdminAddUserToGroup",
		id + `"Domain":"e.example.com","CustomDomainConfig":{"CertificateArn":"arn:aws:acm:us-east-1:000000000000:certificate/c"}}`: "CreateUserPoolDomain",
	} {
		a := b.api(operation, body)
		require.Equal(t, "LimitExceededException", a.json["__type"], "%s: %s", operation, a.raw)
	}
	require.Equal(t, 200, b.api("AdminAddUserToGroup", id+`"Username":"jane","GroupName":"g99"}`).status, "he is in it already")
	a := b.api("AddCustomAttributes", id+`"CustomAttributes":[{"Name":"x"}]}`)
	require.Equal(t, "InvalidParameterException", a.json["__type"], a.raw)

	b = newBench(t, func(c *mockConfig) {
		for i := 1; i < 1000; i++ {
			c.UserPools = append(c.UserPools, mockcognito.UserPool{ID: fmt.Sprintf("us-east-1_Pool%05d", i)})
		}
	})
	require.Equal(t, "LimitExceededException", b.api("CreateUserPool", `{"PoolName":"p"}`).json["__type"])
}
