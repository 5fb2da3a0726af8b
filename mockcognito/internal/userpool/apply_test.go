package userpool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func declaration() userpool.Declaration {
	return userpool.Declaration{Pools: []userpool.DeclaredPool{{
		Settings:  userpool.UserPool{ID: poolID, Name: "declared"},
		Domains:   []userpool.Domain{{Name: "one", ManagedLoginVersion: 2}},
		Clients:   []userpool.AppClient{{ID: "declared1", Scopes: []string{"openid"}, Secrets: []userpool.ClientSecret{{ID: "s", Value: "secret"}}}, {ID: "declared2"}},
		Providers: []userpool.IdentityProvider{{Name: "IdP", Type: userpool.OIDC, Details: map[string]string{"client_id": "c"}}},
		Groups:    []userpool.Group{{Name: "admins"}},
		Users:     []userpool.DeclaredUser{{User: userpool.User{Username: "jane", Status: userpool.Confirmed, Groups: []string{"admins"}}, Clear: "Passw0rd!"}},
	}, {
		Settings: userpool.UserPool{ID: "eu-west-1_Second001", Name: "second"},
		Clients:  []userpool.AppClient{{ID: "second"}},
	}}}
}

func TestApplyMakesChangesAndDeletesWhatIsDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.dir.Apply(t.Context(), declaration()))
	require.Equal(t, "declared", w.pool().Name)
	require.Equal(t, []string{poolID, "eu-west-1_Second001"}, []string{w.dir.Snapshot().Pools()[0].ID, w.dir.Snapshot().Pools()[1].ID})
	require.True(t, w.pool().Users.Get("jane").Password.Matches("Passw0rd!"))
	require.Equal(t, []string{"admins"}, w.pool().Users.Get("jane").Groups)

	// The API makes more, changes what was declared, and people sign in.
	w.edit(func(d *userpool.Draft) {
		d.PutClient(userpool.AppClient{ID: "made"})
		changed := *d.Client("declared1")
		changed.Scopes = nil
		d.PutClient(changed)
		d.DeleteProvider("IdP")
	})
	require.Equal(t, userpool.Declared, w.pool().Client("declared1").Origin, "who changes an object does not become its maker")
	joe := w.user("joe")
	_, err := w.pool().Users.Update(t.Context(), "jane", func(u *userpool.User) error { u.Disabled = true; return nil })
	require.NoError(t, err)
	untouched := w.pool().Client("declared2")
	w.later()

	next := declaration()
	next.Pools = next.Pools[:1]
	next.Pools[0].Settings.Name = "renamed"
	next.Pools[0].Domains = []userpool.Domain{{Name: "two"}}
	next.Pools[0].Groups = nil
	require.NoError(t, w.dir.Apply(t.Context(), next))
	p := w.pool()
	require.Equal(t, "renamed", p.Name)
	require.True(t, p.Modified.After(p.Created))
	require.Equal(t, []string{"openid"}, p.Client("declared1").Scopes, "as declared again")
	require.Same(t, untouched, p.Client("declared2"), "what is as declared is not written again")
	require.NotNil(t, p.Provider("IdP"))
	require.NotNil(t, p.Client("made"), "what the API made stays")
	require.Nil(t, p.Domain("one"))
	require.NotNil(t, p.Domain("two"))
	require.Nil(t, p.Group("admins"))
	require.Empty(t, p.Users.Get("jane").Groups, "nobody is in a group that is gone")
	require.True(t, p.Users.Get("jane").Disabled, "users stay as they are")
	require.Equal(t, joe.Sub, p.Users.Get("joe").Sub)
	require.Nil(t, w.dir.Snapshot().Pool("eu-west-1_Second001"))

	// The same after a restart: nothing to do.
	w.open()
	before := w.dir.Snapshot().Pool(poolID).Client("declared1")
	require.NoError(t, w.dir.Apply(t.Context(), next))
	require.Same(t, before, w.pool().Client("declared1"))
}

func TestApplyRefusesToReplaceWhatTheAPIMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.dir.CreatePool(t.Context(), userpool.UserPool{ID: poolID, Name: "made"}))
	require.NoError(t, w.dir.CreatePool(t.Context(), userpool.UserPool{ID: "us-east-1_Made00002"}))
	require.NoError(t, w.dir.Edit(t.Context(), "us-east-1_Made00002", func(d *userpool.Draft) error {
		d.PutClient(userpool.AppClient{ID: "declared1"})
		d.PutDomain(userpool.Domain{Name: "one"})
		return nil
	}))
	before := w.dir.Snapshot()
	err := w.dir.Apply(t.Context(), declaration())
	require.ErrorContains(t, err, `user_pools[0]: user pool "`+poolID+`" was made by the user pools API`)
	next := declaration()
	next.Pools[0].Settings.ID = "us-east-1_Third0001"
	err = w.dir.Apply(t.Context(), next)
	require.ErrorContains(t, err, `app client "declared1"`)
	require.ErrorContains(t, err, `domain "one"`)
	require.Same(t, before, w.dir.Snapshot(), "nothing is done in part")
}

func TestAStyleThatTheAPIMadeStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	decl := declaration()
	decl.Pools[0].Brandings = []userpool.Branding{{ID: "b1", ClientID: "declared1", Defaults: true}}
	require.NoError(t, w.dir.Apply(t.Context(), decl))
	w.edit(func(d *userpool.Draft) {
		d.DeleteBranding("b1")
		d.PutBranding(userpool.Branding{ID: "b2", ClientID: "declared1", Settings: map[string]any{"a": "b"}})
	})
	for range 2 {
		require.NoError(t, w.dir.Apply(t.Context(), decl))
		require.Equal(t, "b2", w.pool().BrandingOf("declared1").ID)
		require.Nil(t, w.pool().Branding("b1"), "a client has one style")
		w.open()
	}
}

func TestAClientMayMoveFromPoolToPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.dir.Apply(t.Context(), declaration()))
	next := declaration()
	next.Pools[1].Clients, next.Pools[0].Clients = next.Pools[0].Clients, next.Pools[1].Clients
	require.NoError(t, w.dir.Apply(t.Context(), next))
	require.Equal(t, "eu-west-1_Second001", w.dir.Snapshot().PoolOfClient("declared1").ID)
	require.Equal(t, poolID, w.dir.Snapshot().PoolOfClient("second").ID)
	require.Nil(t, w.pool().Client("declared1"))
}

func TestResetGoesBackToWhatIsDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.dir.Apply(t.Context(), declaration()))
	sub := w.pool().Users.Get("jane").Sub
	require.NoError(t, w.dir.CreatePool(t.Context(), userpool.UserPool{ID: "us-east-1_Made00001"}))
	w.edit(func(d *userpool.Draft) { d.PutClient(userpool.AppClient{ID: "made"}); d.DeleteClient("declared1") })
	w.user("joe")
	_, err := w.pool().Users.Delete(t.Context(), "jane")
	require.NoError(t, err)
	old := w.pool().Users
	require.NoError(t, w.dir.Outbox().Send(t.Context(), userpool.Message{Username: "joe", Code: "123456"}))

	require.NoError(t, w.dir.Reset(t.Context()))
	for range 2 { // and the same after a restart
		require.Len(t, w.dir.Snapshot().Pools(), 2)
		require.Nil(t, w.pool().Client("made"))
		require.NotNil(t, w.pool().Client("declared1"))
		require.Nil(t, w.pool().Users.Get("joe"))
		require.Equal(t, sub, w.pool().Users.Get("jane").Sub, "deletions are forgotten too")
		messages, err := w.dir.Outbox().List(t.Context())
		require.NoError(t, err)
		require.Empty(t, messages)
		w.open()
	}
	_, err = old.Update(t.Context(), "joe", func(*userpool.User) error { return nil })
	require.True(t, userpool.IsCode(err, userpool.UserNotFound))
}
