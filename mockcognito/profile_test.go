package mockcognito_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// users are the directory of the bench's pool.
func (b *bench) users() *userpool.Users {
	return b.server.Directory().Snapshot().Pool(poolID).Users
}

func (b *bench) edit(f func(d *userpool.Draft)) {
	b.t.Helper()
	require.NoError(b.t, b.server.Directory().Edit(b.t.Context(), poolID, func(d *userpool.Draft) error { f(d); return nil }))
}

// claims are those of the ID token of a sign-in in a new browser.
func (b *bench) claims(pairs ...string) map[string]any {
	b.t.Helper()
	b.browser = newBrowser(b.t)
	_, claims := part(b.t, b.tokens(pairs...).json["id_token"], 1)
	return claims
}

// refusal is the error_description of a sign-in in a new browser.
func (b *bench) refusal(pairs ...string) string {
	b.t.Helper()
	b.browser = newBrowser(b.t)
	q := b.signIn(pairs...).Query()
	require.Equal(b.t, "invalid_request", q.Get("error"), q)
	return q.Get("error_description")
}

// withLocalUser declares jane, a user of the pool's own.
func withLocalUser(c *mockcognito.Config) {
	c.UserPools[0].Users = []mockcognito.User{{Username: "jane", Attributes: map[string]string{"email": "jane@example.com", "email_verified": "true"}}}
}

// link links an identity to jane, as AdminLinkProviderForUser does.
func (b *bench) link(i userpool.Identity) {
	b.t.Helper()
	i.Provider, i.Type, i.Created = provider, userpool.OIDC, b.kit.Env.Now()
	_, err := b.users().Update(b.t.Context(), "jane", func(u *userpool.User) error {
		u.Identities = append(u.Identities, i)
		return nil
	})
	require.NoError(b.t, err)
}

func TestStatusOfAFederatedUser(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	u := b.users().Get(provider + "_" + subject)
	require.NotNil(t, u)
	require.Equal(t, userpool.ExternalProvider, u.Status)
	require.Nil(t, u.Password, "there is nothing that a sign-in with a password could compare")
	require.Equal(t, []string{poolID + "_" + provider}, u.Groups)
	require.NotNil(t, b.server.Directory().Snapshot().Pool(poolID).Group(poolID+"_"+provider), "the group was made")
}

func TestADeletedProfileComesBackWithAnotherSub(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.claims()["sub"]
	require.Equal(t, first, b.claims()["sub"])
	_, err := b.users().Delete(t.Context(), provider+"_"+subject)
	require.NoError(t, err)
	second := b.claims()["sub"]
	require.NotEqual(t, first, second)
	require.Equal(t, second, b.claims()["sub"])
}

func TestSubjectsThatDifferInCase(t *testing.T) {
	t.Parallel()
	for name, insensitive := range map[string]bool{"case counts": false, "case does not count": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].CaseInsensitive = insensitive })
			first := b.claims()["sub"]
			b.upstream.change(func(u *upstream) { u.claims["sub"] = strings.ToUpper(subject) })
			if insensitive {
				require.Equal(t, "Already found an entry for username "+strings.ToLower(provider+"_"+subject), b.refusal(), "one user name cannot be two people's")
				return
			}
			require.NotEqual(t, first, b.claims()["sub"])
		})
	}
}

func TestCaseInsensitivePoolsLowerAddresses(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].CaseInsensitive = true
		c.UserPools[0].Providers[0].AttributeMapping["preferred_username"] = "login"
	})
	b.upstream.change(func(u *upstream) { u.userinfo["email"], u.userinfo["login"] = "John@Example.COM", "JohnD" })
	a := b.tokens("scope", "openid")
	_, claims := part(t, a.json["id_token"], 1)
	require.Equal(t, "john@example.com", claims["email"])
	require.Equal(t, "johnd", claims["preferred_username"])
	require.Equal(t, "John", claims["given_name"], "other attributes keep their case")
	require.Equal(t, "john@example.com", b.userInfo(a.json["access_token"].(string)).json["email"])
}

func TestUnmappedClaimsAreDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Providers[0].AttributeMapping = nil })
	claims := b.claims("scope", "openid")
	require.NotContains(t, claims, "email", "asking the provider for email and profile alone puts nothing into the profile")
	require.NotContains(t, claims, "given_name")
	require.Equal(t, false, claims["email_verified"])
}

func TestAMappingAddedLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	require.NotContains(t, b.claims("scope", "openid"), "nickname")
	b.edit(func(d *userpool.Draft) {
		idp := *d.Provider(provider)
		idp.AttributeMapping = map[string]string{"username": "sub", "nickname": "given_name"}
		d.PutProvider(idp)
	})
	claims := b.claims("scope", "openid")
	require.Equal(t, "John", claims["nickname"])
	require.Equal(t, "john@example.com", claims["email"], "what is mapped no more stays as it was")
}

// withCustom adds a mutable custom attribute that the main client reads and writes.
func withCustom(claim string) func(*mockcognito.Config) {
	return func(c *mockcognito.Config) {
		pool := &c.UserPools[0]
		pool.Attributes = append(pool.Attributes, mockcognito.Attribute{Name: "custom:x"})
		pool.Providers[0].AttributeMapping["custom:x"] = claim
		all := append([]string{"custom:x"}, userpool.StandardAttributes()...)
		pool.Clients[0].ReadAttributes, pool.Clients[0].WriteAttributes = all, all
	}
}

func TestMappedTokens(t *testing.T) {
	t.Parallel()
	t.Run("access token", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "upstream-access-token", newBench(t, withCustom("access_token")).claims("scope", "openid")["custom:x"])
	})
	t.Run("ID token", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 2, strings.Count(newBench(t, withCustom("id_token")).claims("scope", "openid")["custom:x"].(string), "."))
	})
	t.Run("too long", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, withCustom("id_token"))
		b.upstream.change(func(u *upstream) { u.claims["padding"] = strings.Repeat("x", 2048) })
		require.Equal(t, "Invalid user attributes: custom:x: String must be no longer than 2048 characters.", b.refusal())
	})
}

func TestMappedAttributeThatIsNotInTheSchema(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.edit(func(d *userpool.Draft) {
		idp := *d.Provider(provider)
		idp.AttributeMapping = map[string]string{"username": "sub", "custom:missing": "given_name"}
		d.PutProvider(idp)
		client := *d.Client(clientID)
		client.WriteAttributes = []string{"custom:missing"}
		d.PutClient(client)
	})
	require.Equal(t, "Invalid user attributes: custom:missing: Attribute does not exist in the schema.\n ", b.refusal())
}

func TestUnwritableAttribute(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Clients[0].WriteAttributes = []string{"email", "email_verified"}
	})
	claims := b.claims("scope", "openid")
	require.Equal(t, "john@example.com", claims["email"])
	require.NotContains(t, claims, "given_name", "left out without a word")
	require.NoError(t, b.kit.Quirks.Switch("unwritable-attributes-skipped", false))
	require.Equal(t, "Invalid user attributes: family_name: A client attempted to write unauthorized attribute", b.refusal())
}

func TestCustomAttributesNeedAccess(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		read, write bool
		want        any
	}{
		"read and write": {true, true, "John"},
		"read only":      {true, false, nil},
		"write only":     {false, true, nil},
		"by default":     {false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, withCustom("given_name"), func(c *mockcognito.Config) {
				if !tc.read {
					c.UserPools[0].Clients[0].ReadAttributes = nil
				}
				if !tc.write {
					c.UserPools[0].Clients[0].WriteAttributes = nil
				}
			})
			require.Equal(t, tc.want, b.claims("scope", "openid")["custom:x"])
		})
	}
}

func TestEmailVerified(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		claim any
		want  bool
	}{
		"not sent": {nil, false}, "true": {true, true}, "false": {false, false}, "a string": {"true", true}, "another string": {"yes", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(func(u *upstream) { u.userinfo["email_verified"] = tc.claim })
			require.Equal(t, tc.want, b.claims()["email_verified"])
		})
	}
	t.Run("not mapped", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, func(c *mockcognito.Config) { delete(c.UserPools[0].Providers[0].AttributeMapping, "email_verified") })
		b.upstream.change(func(u *upstream) { u.userinfo["email_verified"] = true })
		require.Equal(t, false, b.claims()["email_verified"])
	})
}

func TestLinkedSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t, withLocalUser)
	jane := b.users().Get("jane")
	b.link(userpool.Identity{Subject: subject})
	claims := b.claims()
	require.Equal(t, jane.Sub, claims["sub"], "the local profile")
	require.Equal(t, "jane", claims["cognito:username"])
	require.Equal(t, "john@example.com", claims["email"], "the mapping overwrites")
	require.NotContains(t, claims, "cognito:groups", "no member of the provider's group")
	identity := claims["identities"].([]any)[0].(map[string]any)
	require.Equal(t, "false", identity["primary"])
	require.Equal(t, subject, identity["userId"])
	require.Nil(t, b.users().Get(provider+"_"+subject), "no profile of its own")
}

func TestLinkByAttribute(t *testing.T) {
	t.Parallel()
	b := newBench(t, withLocalUser)
	b.link(userpool.Identity{Subject: "john@example.com", Attribute: "email"})
	require.Equal(t, "jane", b.claims()["cognito:username"])
	b.upstream.change(func(u *upstream) { u.userinfo["email"] = "other@example.com" })
	require.Equal(t, provider+"_"+subject, b.claims()["cognito:username"])
}

func TestLinkOfAnotherCase(t *testing.T) {
	t.Parallel()
	const mixed = "conn_1;AbCdEf"
	for name, tc := range map[string]struct {
		insensitive bool
		linked      string
		want        string // user name, or nothing for a refusal
	}{
		"as the provider sends it":          {true, mixed, "jane"},
		"the folded one":                    {true, strings.ToLower(mixed), ""},
		"the folded one, where case counts": {false, strings.ToLower(mixed), provider + "_" + mixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, withLocalUser, func(c *mockcognito.Config) { c.UserPools[0].CaseInsensitive = tc.insensitive })
			b.upstream.change(func(u *upstream) { u.claims["sub"] = mixed })
			b.link(userpool.Identity{Subject: tc.linked})
			if tc.want == "" {
				require.Equal(t, "Invalid ProviderName/Username combination", b.refusal())
				return
			}
			require.Equal(t, tc.want, b.claims()["cognito:username"])
		})
	}
}

func TestOrphansOfADeletedProvider(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	b.edit(func(d *userpool.Draft) { d.DeleteProvider(provider) })
	require.NotNil(t, b.users().Get(provider+"_"+subject), "the profile stays")
	p := b.authorize()
	require.Equal(t, "/login", p.location.Path, "and nobody gets in to it, not even by a session")
	require.Equal(t, http.StatusUnauthorized, b.get(p.location.String()).status)
}

func TestTwoProvidersTwoProfiles(t *testing.T) {
	t.Parallel()
	b := newBench(t, withSecondProvider)
	first, second := b.claims(), b.claims("identity_provider", "SecondIdP")
	require.Equal(t, first["email"], second["email"])
	require.NotEqual(t, first["sub"], second["sub"])
	require.Equal(t, "SecondIdP_"+subject, second["cognito:username"])
	require.Equal(t, []any{poolID + "_SecondIdP"}, second["cognito:groups"])
}

func TestRolesOfGroups(t *testing.T) {
	t.Parallel()
	number := func(n int) *int { return &n }
	const a, z = "arn:aws:iam::000000000000:role/a", "arn:aws:iam::000000000000:role/z"
	for name, tc := range map[string]struct {
		groups    []mockcognito.Group
		roles     []any
		preferred any
	}{
		"no role":      {[]mockcognito.Group{{Name: "g"}}, nil, nil},
		"one":          {[]mockcognito.Group{{Name: "g", RoleARN: a, Precedence: number(1)}}, []any{a}, a},
		"lowest first": {[]mockcognito.Group{{Name: "g", RoleARN: z, Precedence: number(2)}, {Name: "h", RoleARN: a, Precedence: number(1)}}, []any{z, a}, a},
		"tied":         {[]mockcognito.Group{{Name: "g", RoleARN: z, Precedence: number(1)}, {Name: "h", RoleARN: a, Precedence: number(1)}}, []any{z, a}, nil},
		"same role":    {[]mockcognito.Group{{Name: "g", RoleARN: a, Precedence: number(1)}, {Name: "h", RoleARN: a, Precedence: number(1)}}, []any{a}, a},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Groups = tc.groups })
			b.signIn()
			_, err := b.users().Update(t.Context(), provider+"_"+subject, func(u *userpool.User) error {
				for _, g := range tc.groups {
					u.Join(g.Name)
				}
				return nil
			})
			require.NoError(t, err)
			claims := b.claims()
			require.Len(t, claims["cognito:groups"], 1+len(tc.groups))
			if tc.roles == nil {
				require.NotContains(t, claims, "cognito:roles")
			} else {
				require.Equal(t, tc.roles, claims["cognito:roles"])
			}
			require.Equal(t, tc.preferred, claims["cognito:preferred_role"])
		})
	}
}

func TestAddressIsAnObject(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) { c.UserPools[0].Providers[0].AttributeMapping["address"] = "place" })
	b.upstream.change(func(u *upstream) { u.userinfo["place"] = "1 Main St" })
	a := b.tokens("scope", "openid")
	_, claims := part(t, a.json["id_token"], 1)
	require.Equal(t, map[string]any{"formatted": "1 Main St"}, claims["address"])
	require.Equal(t, "1 Main St", b.userInfo(a.json["access_token"].(string)).json["address"], "userInfo has strings only")
}
