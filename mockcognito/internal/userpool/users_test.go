package userpool_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func TestUsersAreFoundByNameSubAndAlias(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pool     func(*userpool.UserPool)
		finds    []string
		findsNot []string
	}{
		"case counts":    {func(p *userpool.UserPool) {}, []string{"Jane"}, []string{"jane", "jane@example.com", "Nick"}},
		"case is folded": {func(p *userpool.UserPool) { p.UsernameCase = userpool.CaseInsensitive }, []string{"jane", "Jane", "JANE"}, []string{"jane@example.com"}},
		"aliases": {func(p *userpool.UserPool) {
			p.AliasAttributes = []string{"email", "phone_number", "preferred_username"}
		},
			[]string{"Jane", "Jane@example.com", "Nick"}, []string{"jane@example.com", "+15550100"}},
		"folded aliases": {func(p *userpool.UserPool) {
			p.AliasAttributes, p.UsernameCase = []string{"email"}, userpool.CaseInsensitive
		}, []string{"jane", "JANE@example.com"}, []string{"Nick"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := made(t, tc.pool)
			u := w.user("Jane", "email", "Jane@example.com", "email_verified", "true", "phone_number", "+15550100", "preferred_username", "Nick")
			for _, by := range append(tc.finds, u.Sub) {
				require.Same(t, u, w.pool().Users.Find(by), by)
			}
			for _, by := range append(tc.findsNot, "", strings.ToUpper(u.Sub)) {
				require.Nil(t, w.pool().Users.Find(by), by)
			}
		})
	}
}

func TestUsernameAttributes(t *testing.T) {
	t.Parallel()
	w := made(t, func(p *userpool.UserPool) { p.UsernameAttributes = []string{"email"} })
	u := w.user("jane@example.com")
	require.Equal(t, u.Sub, u.Username)
	require.Equal(t, "jane@example.com", u.Attributes.Get("email"))
	require.Same(t, u, w.pool().Users.Find("jane@example.com"))
	_, err := w.pool().CreateUser(t.Context(), userpool.User{Username: "jane"}, nil)
	require.EqualError(t, err, "InvalidParameterException: Username should be an email.")
	_, err = w.pool().CreateUser(t.Context(), userpool.User{Username: "jane@example.com"}, nil)
	require.Error(t, err, "the address is taken")
	_, err = w.pool().Users.Delete(t.Context(), "jane@example.com")
	require.NoError(t, err)
	again := w.user("jane@example.com")
	require.NotEqual(t, u.Sub, again.Sub, "a profile that is made again has another sub")
	w.open()
	require.Equal(t, again.Sub, w.pool().Users.Find("jane@example.com").Sub)
}

func TestNamesAndAliasesAreUnique(t *testing.T) {
	t.Parallel()
	w := made(t, func(p *userpool.UserPool) { p.AliasAttributes = []string{"email"} })
	w.user("jane", "email", "a@example.com", "email_verified", "true")
	w.user("joe", "email", "a@example.com") // not verified: no alias
	ctx := t.Context()
	_, err := w.pool().CreateUser(ctx, userpool.User{Username: "jane"}, nil)
	require.True(t, userpool.IsCode(err, userpool.UsernameExists))
	_, err = w.pool().Users.Update(ctx, "joe", func(u *userpool.User) error {
		u.Attributes = u.Attributes.With("email_verified", "true")
		return nil
	})
	require.True(t, userpool.IsCode(err, userpool.AliasExists), "%v", err)
	require.Empty(t, w.pool().Users.Get("joe").Attributes.Get("email_verified"))
	_, err = w.pool().Users.Update(ctx, "jane", func(u *userpool.User) error { u.Attributes = u.Attributes.Without("email"); return nil })
	require.NoError(t, err)
	require.Nil(t, w.pool().Users.Find("a@example.com"), "an alias that is given up is free")
	_, err = w.pool().Users.Update(ctx, "joe", func(u *userpool.User) error {
		u.Attributes = u.Attributes.With("email_verified", "true")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "joe", w.pool().Users.Find("a@example.com").Username)
}

func signIn(w *world, subject string, claims map[string]string) (*userpool.User, bool, error) {
	w.t.Helper()
	p := w.pool()
	return p.Users.SignIn(w.t.Context(), userpool.Identity{Provider: "IdP", Type: userpool.OIDC, Subject: subject}, "IdP_"+subject,
		func(name string) string { return claims[name] },
		func(username string, generation int) string { return p.Sub(username, "IdP", subject, generation) },
		func(u *userpool.User, made bool) error {
			if claims["email"] == "" {
				return userpool.Errorf(userpool.InvalidParameter, "no e-mail")
			}
			u.Attributes = u.Attributes.With("email", claims["email"])
			return nil
		})
}

func TestFederatedSignIn(t *testing.T) {
	t.Parallel()
	w := made(t)
	u, first, err := signIn(w, "Sub-1", map[string]string{"email": "a@example.com"})
	require.NoError(t, err)
	require.True(t, first)
	require.Equal(t, "IdP_Sub-1", u.Username)
	require.Equal(t, userpool.ExternalProvider, u.Status)
	require.Equal(t, "Sub-1", u.Primary().Subject)
	w.later()
	again, first, err := signIn(w, "Sub-1", map[string]string{"email": "b@example.com"})
	require.NoError(t, err)
	require.False(t, first)
	require.Equal(t, u.Sub, again.Sub)
	require.Equal(t, "b@example.com", again.Attributes.Get("email"))
	require.True(t, again.Modified.After(again.Created))
	require.Equal(t, "a@example.com", u.Attributes.Get("email"), "what was handed out does not change")
	_, _, err = signIn(w, "Sub-2", nil)
	require.Error(t, err)
	require.Equal(t, 1, w.pool().Users.Len(), "a refused sign-in makes nobody")
	_, err = w.pool().Users.Delete(t.Context(), u.Username)
	require.NoError(t, err)
	other, _, err := signIn(w, "Sub-1", map[string]string{"email": "a@example.com"})
	require.NoError(t, err)
	require.NotEqual(t, u.Sub, other.Sub)
}

func TestLinkedIdentities(t *testing.T) {
	t.Parallel()
	w := made(t)
	jane := w.user("jane")
	link := func(name string, i userpool.Identity) error {
		_, err := w.pool().Users.Update(t.Context(), name, func(u *userpool.User) error {
			u.Identities = append(u.Identities, i)
			return nil
		})
		return err
	}
	require.NoError(t, link("jane", userpool.Identity{Provider: "IdP", Type: userpool.OIDC, Subject: "s1"}))
	require.NoError(t, link("jane", userpool.Identity{Provider: "IdP", Type: userpool.OIDC, Subject: "j@example.com", Attribute: "email"}))
	w.user("joe")
	require.True(t, userpool.IsCode(link("joe", userpool.Identity{Provider: "IdP", Subject: "s1"}), userpool.AliasExists))
	for range 2 {
		for subject, email := range map[string]string{"s1": "x@example.com", "unknown": "j@example.com"} {
			u, first, err := signIn(w, subject, map[string]string{"email": email})
			require.NoError(t, err)
			require.False(t, first, subject)
			require.Equal(t, jane.Sub, u.Sub, subject)
			require.Equal(t, userpool.Confirmed, u.Status)
		}
		w.open()
	}
	_, err := w.pool().Users.Update(t.Context(), "jane", func(u *userpool.User) error { u.Identities = u.Identities[:1]; return nil })
	require.NoError(t, err)
	u, first, err := signIn(w, "unknown", map[string]string{"email": "j@example.com"})
	require.NoError(t, err)
	require.True(t, first, "the link by e-mail is gone")
	require.NotEqual(t, jane.Sub, u.Sub)
}

func TestListsInPages(t *testing.T) {
	t.Parallel()
	w := made(t)
	for i := range 25 {
		if i%10 == 0 {
			w.later()
		}
		w.user(fmt.Sprintf("user-%02d", 24-i), "given_name", fmt.Sprintf("g%d", i%2))
	}
	users := w.pool().Users
	var all []string
	pages := 0
	for at := (userpool.Position{}); ; pages++ {
		page, next := users.List(at, 10, nil)
		for _, u := range page {
			all = append(all, u.Username)
		}
		if next == nil {
			break
		}
		// Whoever is deleted or made meanwhile does not shift the pages.
		if pages == 0 {
			_, err := users.Delete(t.Context(), page[3].Username)
			require.NoError(t, err)
		}
		at = *next
	}
	require.Equal(t, 2, pages)
	require.Len(t, all, 25)
	require.Len(t, uniqueStrings(all), 25)
	match := func(u *userpool.User) bool { return u.Attributes.Get("given_name") == "g0" }
	page, next := users.List(userpool.Position{}, 60, match)
	require.Nil(t, next)
	full, next := users.List(userpool.Position{}, len(page), match)
	require.Nil(t, next, "a full last page is the last")
	require.Equal(t, page, full)
}

func uniqueStrings(list []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range list {
		out[s] = true
	}
	return out
}

// Reading is fast enough with 10,000 users that nothing needs a database.
func BenchmarkUsers(b *testing.B) {
	const n = 10_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w := benchWorld(b)
	for i := range n {
		u := userpool.User{Username: fmt.Sprintf("IdP_conn_60040666217971987;%032x", i), Status: userpool.ExternalProvider, Identities: []userpool.Identity{{Provider: "IdP", Type: userpool.OIDC, Subject: fmt.Sprintf("conn_60040666217971987;%032x", i), Primary: true}}}
		u.Attributes = userpool.AttributesOf(map[string]string{"email": fmt.Sprintf("user%d@example.com", i), "given_name": fmt.Sprintf("Given%d", i), "family_name": "Family", "email_verified": "true", "name": "Name"})
		u.Groups = []string{poolID + "_IdP"}
		_, err := w.CreateUser(b.Context(), u, nil)
		require.NoError(b, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perUser := float64(after.HeapAlloc-before.HeapAlloc) / n
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if w.Users.Get("IdP_conn_60040666217971987;00000000000000000000000000001388") == nil {
				b.Fatal("not found")
			}
		}
		b.ReportMetric(perUser, "B/user")
	})
	b.Run("list all filtered", func(b *testing.B) {
		for b.Loop() {
			if page, _ := w.Users.List(userpool.Position{}, 60, func(u *userpool.User) bool { return u.Attributes.Get("given_name") == "Given9999" }); len(page) != 1 {
				b.Fatal("not found")
			}
		}
	})
}
