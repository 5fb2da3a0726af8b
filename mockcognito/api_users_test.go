package mockcognito_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

// messages are those that s would have sent.
func (b *bench) messages(s *mockcognito.Server) []mockcognito.Message {
	b.t.Helper()
	list, err := s.Messages(b.t.Context())
	require.NoError(b.t, err)
	return list
}

func TestAFederatedUserAsAnAdministratorSeesHim(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	b.tokens()
	name := provider + "_" + subject
	u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
	require.NoError(t, err)
	require.Equal(t, name, *u.Username)
	require.Equal(t, types.UserStatusTypeExternalProvider, u.UserStatus)
	require.True(t, u.Enabled)
	require.NotNil(t, u.UserCreateDate)
	require.NotNil(t, u.UserLastModifiedDate)
	got := attributesOf(u.UserAttributes)
	require.Equal(t, "john@example.com", got["email"])
	require.Equal(t, "false", got["email_verified"])
	var identities []map[string]any
	require.NoError(t, json.Unmarshal([]byte(got["identities"]), &identities))
	require.Equal(t, []map[string]any{{"userId": subject, "providerName": provider, "providerType": "OIDC", "issuer": nil, "primary": true, "dateCreated": identities[0]["dateCreated"]}}, identities)
	require.IsType(t, 1.0, identities[0]["dateCreated"])
	sub := got["sub"]
	bySub, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &sub})
	require.NoError(t, err)
	require.Equal(t, u.UserAttributes, bySub.UserAttributes)

	// Unmapped attributes that an administrator sets stay; mapped ones are overwritten at the next sign-in.
	_, err = client.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{UserPoolId: pool, Username: &name, UserAttributes: attribute("nickname", "Jack", "given_name", "Jack")})
	require.NoError(t, err)
	b.tokens("prompt", "login")
	u, err = client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
	require.NoError(t, err)
	require.Equal(t, "Jack", attributesOf(u.UserAttributes)["nickname"])
	require.Equal(t, "John", attributesOf(u.UserAttributes)["given_name"])

	_, err = client.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: pool, Username: &sub})
	require.NoError(t, err)
	_, err = client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
	refused(t, err, "UserNotFoundException", "User does not exist.")
	_, claims := part(t, b.tokens().json["id_token"], 1)
	require.NotEqual(t, sub, claims["sub"], "who signs in again has another sub")
}

func TestADisabledUserCannotSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client, pool, name := t.Context(), b.sdk(), aws.String(poolID), aws.String(provider+"_"+subject)
	tokens := b.tokens()
	refresh := func() answer {
		return b.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "client_secret": {secret}, "refresh_token": {tokens.json["refresh_token"].(string)}})
	}
	_, err := client.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: pool, Username: name})
	require.NoError(t, err)
	require.Equal(t, "invalid_grant", refresh().json["error"])
	require.Equal(t, 401, b.userInfo(tokens.json["access_token"].(string)).status)
	u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: name})
	require.NoError(t, err)
	require.False(t, u.Enabled)
	_, err = client.AdminEnableUser(ctx, &cip.AdminEnableUserInput{UserPoolId: pool, Username: name})
	require.NoError(t, err)
	require.Equal(t, 200, refresh().status)
	require.Equal(t, 200, b.userInfo(tokens.json["access_token"].(string)).status)
}

// Signing out everywhere ends what was issued, at once and in the same second, and nothing that comes after it.
func TestAdminUserGlobalSignOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	pool, name := aws.String(poolID), aws.String(provider+"_"+subject)
	refresh := func(a answer) string {
		b := b.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "client_secret": {secret}, "refresh_token": {a.json["refresh_token"].(string)}})
		return fmt.Sprint(b.status, b.json["error"])
	}
	first := b.tokens()
	pending := b.signIn().Query().Get("code")
	for range 2 {
		_, err := b.sdk().AdminUserGlobalSignOut(t.Context(), &cip.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: name})
		require.NoError(t, err)
		require.Equal(t, "400invalid_grant", strings.ReplaceAll(refresh(first), " ", ""))
		a := b.userInfo(first.json["access_token"].(string))
		require.Equal(t, 401, a.status)
		require.Contains(t, a.header.Get("WWW-Authenticate"), "globally signed out")
		if pending != "" {
			late := b.exchange(pending)
			require.Equal(t, 200, late.status)
			require.Equal(t, 401, b.userInfo(late.json["access_token"].(string)).status, "what was granted before is over")
			pending = ""
		}
		second := b.tokens() // by the session, which stays
		require.Equal(t, 200, b.userInfo(second.json["access_token"].(string)).status)
		require.Equal(t, "200<nil>", strings.ReplaceAll(refresh(second), " ", ""))
		first = second
	}
	_, err := b.sdk().AdminUserGlobalSignOut(t.Context(), &cip.AdminUserGlobalSignOutInput{UserPoolId: pool, Username: aws.String("nobody")})
	refused(t, err, "UserNotFoundException", "User does not exist.")
}

func TestUsersMadeByAnAdministrator(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		c.UserPools[0].AliasAttributes = []string{"email"}
		c.UserPools[0].Attributes = []mockAttribute{{Name: "email", Required: true}, {Name: "custom:team"}, {Name: "custom:id", Immutable: true}}
	})
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	create := func(name string, edit ...func(*cip.AdminCreateUserInput)) (*types.UserType, error) {
		in := &cip.AdminCreateUserInput{UserPoolId: pool, Username: &name, UserAttributes: attribute("email", name+"@example.com")}
		for _, f := range edit {
			f(in)
		}
		out, err := client.AdminCreateUser(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.User, nil
	}
	u, err := create("jane", func(in *cip.AdminCreateUserInput) {
		in.UserAttributes = attribute("email", "jane@example.com", "email_verified", "true", "custom:id", "7")
	})
	require.NoError(t, err)
	require.Equal(t, types.UserStatusTypeForceChangePassword, u.UserStatus)
	require.True(t, u.Enabled)
	got := attributesOf(u.Attributes)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-70[0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{12}$`, got["sub"])
	require.Equal(t, map[string]string{"sub": got["sub"], "email": "jane@example.com", "email_verified": "true", "custom:id": "7"}, got)
	byAlias, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: aws.String("jane@example.com")})
	require.NoError(t, err)
	require.Equal(t, "jane", *byAlias.Username)

	for name, tc := range map[string]struct {
		user        string
		edit        func(*cip.AdminCreateUserInput)
		class, text string
	}{
		"taken": {"jane", func(*cip.AdminCreateUserInput) {}, "UsernameExistsException", "User account already exists"},
		"alias taken": {"eve", func(in *cip.AdminCreateUserInput) {
			in.UserAttributes = attribute("email", "jane@example.com", "email_verified", "true")
		}, "AliasExistsException", "An account with the email already exists."},
		"like an alias": {"eve@example.com", func(*cip.AdminCreateUserInput) {}, "InvalidParameterException", "Username cannot be of email format, since user pool is configured for email alias."},
		"required":      {"eve", func(in *cip.AdminCreateUserInput) { in.UserAttributes = nil }, "InvalidParameterException", "Attributes did not conform to the schema: email: The attribute is required"},
		"not in the schema": {"eve", func(in *cip.AdminCreateUserInput) {
			in.UserAttributes = attribute("email", "e@example.com", "custom:x", "1")
		}, "InvalidParameterException", "user.custom:x: Attribute does not exist in the schema."},
		"sub": {"eve", func(in *cip.AdminCreateUserInput) {
			in.UserAttributes = attribute("email", "e@example.com", "sub", "1")
		}, "InvalidParameterException", "user.sub: Attribute cannot be updated."},
		"no address": {"eve", func(in *cip.AdminCreateUserInput) { in.UserAttributes = attribute("email", "nowhere") }, "InvalidParameterException", "Invalid email address format."},
		"no number": {"eve", func(in *cip.AdminCreateUserInput) {
			in.UserAttributes = attribute("email", "e@example.com", "phone_number", "555")
		}, "InvalidParameterException", "Invalid phone number format."},
		"weak password":    {"eve", func(in *cip.AdminCreateUserInput) { in.TemporaryPassword = aws.String("password") }, "InvalidPasswordException", "Password did not conform with policy: Password must have numeric characters"},
		"resend to nobody": {"eve", func(in *cip.AdminCreateUserInput) { in.MessageAction = "RESEND" }, "UserNotFoundException", "User does not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := create(tc.user, tc.edit)
			refused(t, err, tc.class, tc.text)
		})
	}

	// ForceAliasCreation moves the alias, but not for a user who cannot be made.
	_, err = create("jane", func(in *cip.AdminCreateUserInput) {
		in.UserAttributes, in.ForceAliasCreation = attribute("email", "jane@example.com", "email_verified", "true"), true
	})
	refused(t, err, "UsernameExistsException", "User account already exists")
	byAlias, err = client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: aws.String("jane@example.com")})
	require.NoError(t, err)
	require.Equal(t, "true", attributesOf(byAlias.UserAttributes)["email_verified"])
	_, err = create("eve", func(in *cip.AdminCreateUserInput) {
		in.UserAttributes, in.ForceAliasCreation = attribute("email", "jane@example.com", "email_verified", "true"), true
	})
	require.NoError(t, err)
	byAlias, err = client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: aws.String("jane@example.com")})
	require.NoError(t, err)
	require.Equal(t, "eve", *byAlias.Username)
	jane, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: aws.String("jane")})
	require.NoError(t, err)
	require.Equal(t, "false", attributesOf(jane.UserAttributes)["email_verified"])
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	p := testPool("https://idp.test")
	s, cfg, _ := named(t, p)
	b := &bench{t: t, kit: cfg.Kit, url: serveIt(t, s)}
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	create := func(name string, edit func(*cip.AdminCreateUserInput)) error {
		in := &cip.AdminCreateUserInput{UserPoolId: pool, Username: &name, UserAttributes: attribute("email", name+"@example.com", "phone_number", "+15550100")}
		edit(in)
		_, err := client.AdminCreateUser(ctx, in)
		return err
	}
	require.NoError(t, create("quiet", func(in *cip.AdminCreateUserInput) { in.MessageAction = "SUPPRESS" }))
	require.Empty(t, b.messages(s))
	require.NoError(t, create("jane", func(in *cip.AdminCreateUserInput) { in.DesiredDeliveryMediums = []types.DeliveryMediumType{"EMAIL"} }))
	list := b.messages(s)
	require.Len(t, list, 1)
	require.Equal(t, "jane@example.com", list[0].Destination)
	require.Equal(t, "EMAIL", list[0].Medium)
	require.Equal(t, "invitation", list[0].Purpose)
	require.Equal(t, "Your username is jane and temporary password is "+list[0].Code+". ", list[0].Body)
	require.GreaterOrEqual(t, len(list[0].Code), 8)

	b.kit.Env.Advance(time.Minute)
	require.NoError(t, create("jane", func(in *cip.AdminCreateUserInput) {
		in.MessageAction, in.TemporaryPassword = "RESEND", aws.String("An0ther!one")
	}))
	list = b.messages(s)
	require.Len(t, list, 2)
	require.Equal(t, "An0ther!one", list[0].Code, "newest first")
	require.Equal(t, "SMS", list[0].Medium)
	require.Empty(t, list[0].Subject)
	_, err := client.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: aws.String("jane"), Password: aws.String("Passw0rd!"), Permanent: true})
	require.NoError(t, err)
	refused(t, create("jane", func(in *cip.AdminCreateUserInput) { in.MessageAction = "RESEND" }), "UnsupportedUserStateException", "Resend not possible. jane status is not FORCE_CHANGE_PASSWORD")
	b.kit.Env.Advance(8 * 24 * time.Hour)
	require.Empty(t, b.messages(s), "old messages go")
}

func TestUsernamesThatAreAddresses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, client := t.Context(), b.sdk()
	id := b.newPool(func(in *cip.CreateUserPoolInput) {
		in.UsernameAttributes, in.UsernameConfiguration = []types.UsernameAttributeType{"email"}, &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)}
	})
	out, err := client.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &id, Username: aws.String("Jane@Example.com")})
	require.NoError(t, err)
	got := attributesOf(out.User.Attributes)
	require.Equal(t, got["sub"], *out.User.Username)
	for _, name := range []string{"jane@example.com", "JANE@example.com", got["sub"]} {
		u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &id, Username: &name})
		require.NoError(t, err, name)
		require.Equal(t, got["sub"], *u.Username)
	}
	_, err = client.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &id, Username: aws.String("jane@example.com")})
	require.Error(t, err)
	_, err = client.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &id, Username: aws.String("jane")})
	refused(t, err, "InvalidParameterException", "Username should be an email.")
}

func TestSettingAPassword(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) { c.UserPools[0].Users = []mockcognito.User{{Username: "jane"}} })
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	set := func(user, password string, permanent bool) error {
		_, err := client.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &user, Password: &password, Permanent: permanent})
		return err
	}
	status := func(user string) types.UserStatusType {
		u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &user})
		require.NoError(t, err)
		return u.UserStatus
	}
	require.NoError(t, set("jane", "Passw0rd!", false))
	require.Equal(t, types.UserStatusTypeForceChangePassword, status("jane"))
	require.NoError(t, set("jane", "Passw0rd!", true))
	require.Equal(t, types.UserStatusTypeConfirmed, status("jane"))
	refused(t, set("jane", "short", true), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	refused(t, set("nobody", "Passw0rd!", true), "UserNotFoundException", "User does not exist.")
	b.tokens()
	federated := provider + "_" + subject
	require.NoError(t, set(federated, "Passw0rd!", true))
	require.Equal(t, types.UserStatusTypeConfirmed, status(federated), "a federated profile with a password is confirmed")
	b.tokens()
	require.Equal(t, types.UserStatusTypeConfirmed, status(federated))

	_, err := client.UpdateUserPool(ctx, &cip.UpdateUserPoolInput{UserPoolId: pool, Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(6), PasswordHistorySize: aws.Int32(1)}}})
	require.NoError(t, err)
	require.NoError(t, set("jane", "simple", true))
	refused(t, set("jane", "simple", true), "PasswordHistoryPolicyViolationException", "previously been used")
	refused(t, set("jane", "Passw0rd!", true), "PasswordHistoryPolicyViolationException", "previously been used")
}

func TestAttributesOfAUser(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		c.UserPools[0].Attributes = []mockAttribute{{Name: "name", Required: true}, {Name: "birthdate", Immutable: true}, {Name: "custom:team"}}
		c.UserPools[0].Users = []mockcognito.User{{Username: "jane", Attributes: map[string]string{"name": "Jane", "email": "j@example.com", "email_verified": "true", "birthdate": "2000-01-01"}}}
	})
	ctx, client, pool, jane := t.Context(), b.sdk(), aws.String(poolID), aws.String("jane")
	update := func(pairs ...string) error {
		_, err := client.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{UserPoolId: pool, Username: jane, UserAttributes: attribute(pairs...)})
		return err
	}
	remove := func(names ...string) error {
		_, err := client.AdminDeleteUserAttributes(ctx, &cip.AdminDeleteUserAttributesInput{UserPoolId: pool, Username: jane, UserAttributeNames: names})
		return err
	}
	read := func() map[string]string {
		u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: jane})
		require.NoError(t, err)
		got := attributesOf(u.UserAttributes)
		delete(got, "sub")
		return got
	}
	require.NoError(t, update("email", "new@example.com", "custom:team", "red"))
	require.Equal(t, map[string]string{"name": "Jane", "birthdate": "2000-01-01", "email": "new@example.com", "email_verified": "false", "custom:team": "red"}, read())
	require.NoError(t, update("email", "newer@example.com", "email_verified", "true"))
	require.Equal(t, "true", read()["email_verified"])
	require.NoError(t, update("custom:team", ""))
	require.NotContains(t, read(), "custom:team", "a blank value deletes")
	require.NoError(t, update("nickname", "J"))
	require.NoError(t, remove("nickname"))
	require.NotContains(t, read(), "nickname")
	before := read()
	for text, err := range map[string]error{
		"user.birthdate: Attribute cannot be updated.\n":            update("nickname", "x", "birthdate", "2001-01-01"),
		"user.identities: Attribute cannot be updated.\n":           update("identities", "[]"),
		"user.sub: Attribute cannot be updated.\n":                  update("sub", "x"),
		"user.custom:none: Attribute does not exist in the schema.": update("custom:none", "x"),
		"Attribute value for email_verified must be true or false.": update("email_verified", "yes"),
		"user.name: A required attribute cannot be deleted.":        update("name", ""),
		"user.name: A required attribute cannot be deleted.\n":      remove("name"),
		"user.birthdate: Attribute cannot be updated.":              remove("birthdate"),
		"user.none: Attribute does not exist in the schema.":        remove("none"),
	} {
		require.Error(t, err, text)
		refused(t, err, "InvalidParameterException", text)
	}
	require.Equal(t, before, read(), "nothing is done in part")
}

func TestListUsersFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		c.UserPools[0].Attributes = []mockAttribute{{Name: "custom:team"}}
		c.UserPools[0].Users = []mockcognito.User{
			{Username: "Jane", Password: "Passw0rd!", Attributes: map[string]string{"email": "Jane@Example.com", "given_name": "Jane", "family_name": `O"Hara\`, "phone_number": "+15550100", "name": "Jane O"}},
			{Username: "joe", Temporary: true, Attributes: map[string]string{"email": "joe@example.com", "given_name": "Joe", "preferred_username": "joey", "custom:team": "red"}},
			{Username: "jim", Attributes: map[string]string{"email": "jim@other.example"}},
		}
	})
	ctx, client, pool := t.Context(), b.sdk(), aws.String(poolID)
	_, err := client.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: pool, Username: aws.String("jim")})
	require.NoError(t, err)
	sub := func(name string) string {
		u, err := client.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: pool, Username: &name})
		require.NoError(t, err)
		return attributesOf(u.UserAttributes)["sub"]
	}
	for filter, want := range map[string]string{
		``: "Jane jim joe", `  `: "Jane jim joe",
		`username = "Jane"`: "Jane", `username = "jane"`: "", `username ^= "j"`: "jim joe", `username="joe"`: "joe",
		`email = "jane@example.com"`: "Jane", `email ^= "J"`: "Jane jim joe", `email^="jane@"`: "Jane", `email ^= ""`: "Jane jim joe",
		`given_name = "JOE"`: "joe", `name ^= "jane "`: "Jane", `phone_number ^= "+1555"`: "Jane", `preferred_username = "Joey"`: "joe",
		`family_name = "O\"Hara\\"`: "Jane", `cognito:user_status = "confirmed"`: "Jane jim", `cognito:user_status ^= "FORCE"`: "joe",
		`status = "Enabled"`: "Jane joe", `status = "Disabled"`: "jim", `status = "disabled"`: "", `sub = "` + sub("joe") + `"`: "joe", `sub ^= "` + sub("jim")[:8] + `"`: "jim",
		`given_name = ""`: "",
	} {
		out, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: pool, Filter: &filter})
		require.NoError(t, err, filter)
		require.Equal(t, want, usernames(out.Users), filter)
	}
	for _, filter := range []string{`email`, `email = x`, `email = "x`, `email = "x" and name = "y"`, `email == "x"`, `= "x"`, `email > "x"`, `email =* "x"`} {
		_, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: pool, Filter: &filter})
		require.Error(t, err, filter)
		refused(t, err, "InvalidParameterException", "filter")
	}
	for _, name := range []string{"custom:team", "nickname", "enabled", "email_verified"} {
		_, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: pool, Filter: aws.String(name + ` = "x"`)})
		refused(t, err, "InvalidParameterException", "Invalid search attribute: "+name)
	}

	out, err := client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: pool, AttributesToGet: []string{"email", "custom:team"}, Filter: aws.String(`username = "joe"`)})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"email": "joe@example.com", "custom:team": "red"}, attributesOf(out.Users[0].Attributes))
	_, err = client.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: pool, AttributesToGet: []string{"custom:none"}})
	refused(t, err, "InvalidParameterException", "One or more requested attributes do not exist in user pool.")
}

// usernames are sorted, as users made in one instant have no order among them.
func usernames(list []types.UserType) string {
	var out []string
	for _, u := range list {
		out = append(out, *u.Username)
	}
	return strings.Join(sorted(out), " ")
}

func TestListUsersInPages(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockConfig) {
		for i := range 150 {
			c.UserPools[0].Users = append(c.UserPools[0].Users, mockcognito.User{Username: fmt.Sprintf("user-%03d", i), Attributes: map[string]string{"given_name": fmt.Sprint("g", i%2)}})
		}
	})
	count := func(in *cip.ListUsersInput) (users, pages int) {
		in.UserPoolId = aws.String(poolID)
		seen := map[string]bool{}
		p := cip.NewListUsersPaginator(b.sdk(), in)
		for p.HasMorePages() {
			page, err := p.NextPage(t.Context())
			require.NoError(t, err)
			pages++
			for _, u := range page.Users {
				require.False(t, seen[*u.Username], "twice: %s", *u.Username)
				seen[*u.Username] = true
			}
		}
		return len(seen), pages
	}
	users, pages := count(&cip.ListUsersInput{})
	require.Equal(t, 150, users)
	require.Equal(t, 3, pages, "60 at most")
	users, pages = count(&cip.ListUsersInput{Limit: aws.Int32(25), Filter: aws.String(`given_name = "g1"`)})
	require.Equal(t, 75, users)
	require.Equal(t, 3, pages)

	first, err := b.sdk().ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(1)})
	require.NoError(t, err)
	_, err = b.sdk().ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(1), Filter: aws.String(`given_name = "g1"`), PaginationToken: first.PaginationToken})
	refused(t, err, "InvalidParameterException", "Invalid pagination token")
}

// A restart over the same store: what the API made is there, what it changed of declared objects is as declared again.
func TestARestartKeepsWhatTheAPIMade(t *testing.T) {
	t.Parallel()
	p := testPool("https://idp.test")
	s, cfg, _ := named(t, p)
	b := &bench{t: t, kit: cfg.Kit, url: serveIt(t, s)}
	ctx := t.Context()
	id := b.newPool()
	_, err := b.sdk().CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: &id, Domain: aws.String("fresh")})
	require.NoError(t, err)
	_, err = b.sdk().AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &id, Username: aws.String("jane")})
	require.NoError(t, err)
	_, err = b.sdk().UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: aws.String(poolID), ClientId: aws.String(clientID)})
	require.NoError(t, err)
	before := b.api("DescribeUserPool", `{"UserPoolId":"`+id+`"}`).raw
	janeBefore := b.api("AdminGetUser", `{"UserPoolId":"`+id+`","Username":"jane"}`).raw

	cfg.Kit = restarted(t, cfg.Kit)
	again, err := mockcognito.New(cfg)
	require.NoError(t, err)
	b = &bench{t: t, kit: cfg.Kit, url: serveIt(t, again)}
	require.Equal(t, before, b.api("DescribeUserPool", `{"UserPoolId":"`+id+`"}`).raw)
	require.Equal(t, janeBefore, b.api("AdminGetUser", `{"UserPoolId":"`+id+`","Username":"jane"}`).raw)
	require.True(t, again.ServesHost("fresh.auth.us-east-1.test"))
	require.Contains(t, b.api("DescribeUserPoolClient", `{"UserPoolId":"`+poolID+`","ClientId":"`+clientID+`"}`).raw, callback)

	require.NoError(t, again.Reset(ctx))
	require.Equal(t, http.StatusBadRequest, b.api("DescribeUserPool", `{"UserPoolId":"`+id+`"}`).status)
	require.False(t, again.ServesHost("fresh.auth.us-east-1.test"))
}
