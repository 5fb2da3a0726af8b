package userpool_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// fill puts one object of each kind into the pool.
func fill(d *userpool.Draft) {
	precedence := 3
	d.PutDomain(userpool.Domain{Name: "one", ManagedLoginVersion: 2})
	d.PutDomain(userpool.Domain{Name: "auth.example.com", Custom: true})
	d.PutProvider(userpool.IdentityProvider{Name: "IdP", Type: userpool.OIDC, Details: map[string]string{"client_id": "c"}, Identifiers: []string{"example.com"}})
	d.PutClient(userpool.AppClient{ID: "client1", Name: "first", IdentityProviders: []string{"IdP", userpool.CognitoProvider}, CallbackURLs: []string{}})
	d.PutClient(userpool.AppClient{ID: "client0", Name: "second"})
	d.PutResourceServer(userpool.ResourceServer{Identifier: "https://api", Name: "api", Scopes: []userpool.ResourceScope{{Name: "read", Description: "reads"}}})
	d.PutGroup(userpool.Group{Name: "admins", Precedence: &precedence})
	d.PutBranding(userpool.Branding{ID: "b1", ClientID: "client1", Defaults: true})
}

func TestWhatWasMadeIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	w := made(t, func(p *userpool.UserPool) {
		p.Attributes = []userpool.SchemaAttribute{{Name: "custom:team"}, {Name: "email", Required: true}}
		p.Other = map[string]any{"DeviceConfiguration": map[string]any{"ChallengeRequiredOnNewDevice": true}}
	})
	w.edit(fill)
	u := w.user("jane", "email", "jane@example.com")
	_, err := w.pool().Users.Update(t.Context(), "jane", func(u *userpool.User) error {
		u.Join("admins")
		u.Codes = append(u.Codes, userpool.PendingCode{Purpose: userpool.SignUp, Value: "123456", Expires: w.env.Now()})
		return nil
	})
	require.NoError(t, err)
	before := w.pool()
	jane := before.Users.Get("jane")

	w.open()
	after := w.pool()
	require.Equal(t, before.UserPool, after.UserPool)
	require.Equal(t, before.Domains(), after.Domains())
	require.Equal(t, "one", after.Domains()[0].Name, "the prefix comes first")
	require.Equal(t, before.Clients(), after.Clients())
	require.Equal(t, "client1", after.Clients()[0].ID, "the order of making")
	require.Equal(t, before.Providers(), after.Providers())
	require.Equal(t, before.ResourceServers(), after.ResourceServers())
	require.Equal(t, before.Groups(), after.Groups())
	require.Equal(t, before.BrandingOf("client1"), after.BrandingOf("client1"))
	require.Equal(t, []string{"email"}, after.Required())
	require.Equal(t, jane.Codes[0].Value, after.Users.Get("jane").Codes[0].Value)
	require.Equal(t, jane.Groups, after.Users.Get("jane").Groups)
	require.Equal(t, jane.Attributes, after.Users.Find(u.Sub).Attributes)
	require.True(t, jane.Created.Equal(after.Users.Get("jane").Created))

	w.edit(func(d *userpool.Draft) { d.PutClient(userpool.AppClient{ID: "client2"}) })
	require.Equal(t, "client2", w.pool().Clients()[2].ID, "what is made after a restart comes last")
}

func TestSnapshotsNeverChange(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.edit(fill)
	before := w.dir.Snapshot()
	w.edit(func(d *userpool.Draft) {
		d.DeleteProvider("IdP")
		d.DeleteClient("client0")
		p := d.UserPool
		p.Name = "renamed"
		d.SetUserPool(p)
	})
	old, now := before.Pool(poolID), w.pool()
	require.NotNil(t, old.Provider("IdP"))
	require.Equal(t, []string{"IdP", "COGNITO"}, old.Client("client1").IdentityProviders)
	require.NotNil(t, old.Client("client0"))
	require.Equal(t, "test", old.Name)
	require.Nil(t, now.Provider("IdP"))
	require.Nil(t, now.ProviderOfIdentifier("example.com"))
	require.Equal(t, []string{"COGNITO"}, now.Client("client1").IdentityProviders, "a provider that is deleted goes from the clients")
	require.Nil(t, w.dir.Snapshot().PoolOfClient("client0"))
	require.Equal(t, "renamed", now.Name)
	require.Equal(t, old.Created, now.Created)
	p, d := w.dir.Snapshot().Domain("us-east-1", "one")
	require.Equal(t, now, p)
	require.Equal(t, "one", d.Name)
	p, _ = w.dir.Snapshot().Domain("eu-west-1", "one")
	require.Nil(t, p, "a prefix belongs to its region")
	p, _ = w.dir.Snapshot().Domain("eu-west-1", "auth.example.com")
	require.Equal(t, now, p, "a custom domain does not")
}

func TestAChangeThatTheStoreRefusesIsNone(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.edit(fill)
	w.user("jane", "email", "jane@example.com")
	before, seen := w.dir.Snapshot(), w.seen.Load()
	w.backend.broken.Store(true)
	ctx := t.Context()
	require.ErrorIs(t, w.dir.Edit(ctx, poolID, func(d *userpool.Draft) error { d.DeleteClient("client1"); return nil }), errDisk)
	require.ErrorIs(t, w.dir.CreatePool(ctx, userpool.UserPool{ID: "us-east-1_Other"}), errDisk)
	require.ErrorIs(t, w.dir.DeletePool(ctx, poolID, func(*userpool.Pool) error { return nil }), errDisk)
	users := w.pool().Users
	_, err := users.Update(ctx, "jane", func(u *userpool.User) error { u.Disabled = true; return nil })
	require.ErrorIs(t, err, errDisk)
	_, err = w.pool().CreateUser(ctx, userpool.User{Username: "joe"}, nil)
	require.ErrorIs(t, err, errDisk)
	_, err = users.Delete(ctx, "jane")
	require.ErrorIs(t, err, errDisk)
	require.Same(t, before, w.dir.Snapshot())
	require.Equal(t, seen, w.seen.Load())
	require.False(t, users.Get("jane").Disabled)
	require.Nil(t, users.Get("joe"))
	require.Equal(t, 1, users.Len())
}

func TestAnErrorOfTheEditChangesNothing(t *testing.T) {
	t.Parallel()
	w := made(t)
	before := w.dir.Snapshot()
	err := w.dir.Edit(t.Context(), poolID, func(d *userpool.Draft) error {
		fill(d)
		return userpool.Errorf(userpool.InvalidParameter, "no")
	})
	require.True(t, userpool.IsCode(err, userpool.InvalidParameter))
	require.Same(t, before, w.dir.Snapshot())
	w.open()
	require.Empty(t, w.pool().Clients())
	require.True(t, userpool.IsCode(w.dir.Edit(t.Context(), "us-east-1_None", nil), userpool.ResourceNotFound))
}

func TestADeletedPoolLeavesNothing(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.edit(fill)
	w.user("jane")
	users := w.pool().Users
	refused := userpool.Errorf(userpool.InvalidParameter, "has a domain")
	require.Equal(t, refused, w.dir.DeletePool(t.Context(), poolID, func(*userpool.Pool) error { return refused }))
	require.NoError(t, w.dir.DeletePool(t.Context(), poolID, func(*userpool.Pool) error { return nil }))
	require.Nil(t, w.dir.Snapshot().Pool(poolID))
	require.Nil(t, w.dir.Snapshot().PoolOfClient("client1"))
	for _, table := range []string{"pools", "domains", "clients", "providers", "resource_servers", "groups", "brandings", "users", "generations"} {
		require.NoError(t, w.backend.Scan(t.Context(), "cognito."+table, func(key string, _ store.Record) error { return fmt.Errorf("left: %s %s", table, key) }))
	}
	require.Nil(t, users.Get("jane"))
	_, err := users.Create(t.Context(), userpool.User{Username: "late"}, func(u *userpool.User, _ int) error { u.Sub = "s"; return nil })
	require.True(t, userpool.IsCode(err, userpool.ResourceNotFound), "a request that came late changes nothing: %v", err)
}

// What a change that was interrupted has left is dropped at the next start.
func TestOrphansAreDropped(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.edit(fill)
	u := w.user("jane")
	_, err := w.pool().Users.Update(t.Context(), "jane", func(u *userpool.User) error { u.Join("admins"); return nil })
	require.NoError(t, err)
	require.NoError(t, w.backend.Delete(t.Context(), "cognito.providers", poolID+"/IdP"))
	require.NoError(t, w.backend.Delete(t.Context(), "cognito.groups", poolID+"/admins"))
	w.open()
	require.Equal(t, []string{"COGNITO"}, w.pool().Client("client1").IdentityProviders)
	require.Empty(t, w.pool().Users.Find(u.Sub).Groups)

	require.NoError(t, w.backend.Delete(t.Context(), "cognito.pools", poolID))
	w.open()
	require.Empty(t, w.dir.Snapshot().Pools())
	for _, table := range []string{"domains", "clients", "users", "brandings"} {
		require.NoError(t, w.backend.Scan(t.Context(), "cognito."+table, func(key string, _ store.Record) error { return fmt.Errorf("left: %s %s", table, key) }))
	}
}

func TestConcurrentChangesAndReads(t *testing.T) {
	t.Parallel()
	w := made(t)
	w.edit(fill)
	const n = 40
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			name := fmt.Sprintf("client-%02d", i)
			w.edit(func(d *userpool.Draft) { d.PutClient(userpool.AppClient{ID: name}) })
			require.NotNil(t, w.pool().Client(name), "what was acknowledged is there")
		})
		group.Go(func() {
			u := w.user(fmt.Sprintf("user-%02d", i), "email", fmt.Sprintf("u%02d@example.com", i))
			for range 5 {
				_, err := w.pool().Users.Update(t.Context(), u.Username, func(u *userpool.User) error {
					u.Attributes = u.Attributes.With("nickname", u.Attributes.Get("nickname")+"x")
					return nil
				})
				require.NoError(t, err)
			}
		})
		group.Go(func() {
			page, _ := w.pool().Users.List(userpool.Position{}, 60, func(u *userpool.User) bool { return u.Attributes.Get("email") != "" })
			for _, u := range page {
				require.NotEmpty(t, u.Username)
			}
			_ = w.dir.Snapshot().PoolOfClient("client1").Client("client1").CanRead("email")
		})
	}
	group.Wait()
	require.Len(t, w.pool().Clients(), n+2)
	require.Equal(t, n, w.pool().Users.Len())
	require.Equal(t, "xxxxx", w.pool().Users.Get("user-07").Attributes.Get("nickname"), "no change is lost")
	w.open()
	require.Equal(t, "xxxxx", w.pool().Users.Get("user-07").Attributes.Get("nickname"))
}
