package directory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

func at() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func open(t testing.TB, backend store.Backend) *directory.Directory {
	t.Helper()
	d, err := directory.Open(t.Context(), directory.Options{Env: lab.New(lab.Options{Now: at}), Store: backend, Name: "test"})
	require.NoError(t, err)
	return d
}

func empty(t testing.TB) (*directory.Directory, store.Backend) {
	t.Helper()
	backend := memory.New(at)
	return open(t, backend), backend
}

func declaration() directory.Declaration {
	return directory.Declaration{
		Clients: []directory.Client{{ID: "skc_60040666000000001", Name: "app", RedirectURIs: []string{"https://app.test/cb"}, Secrets: []directory.Secret{secret("test_one")}}},
		Organizations: []directory.Organization{
			{ID: "org_60040666100000001", DisplayName: "Test Organization", ExternalID: "test"},
			{ID: "org_60040666100000002", DisplayName: "Megasoft", ExternalID: "mega", Metadata: map[string]string{"tier": "gold"}},
		},
		Connections: []directory.Connection{
			{ID: "conn_2", OrganizationID: "org_60040666100000001", Provider: directory.Okta, Type: directory.OIDC, Status: directory.Draft},
			{ID: "conn_1", OrganizationID: "org_60040666100000001", Provider: directory.IDPSimulator, Type: directory.OIDC, Status: directory.Completed, Enabled: true},
		},
		Domains: []directory.Domain{
			{ID: "dom_1", OrganizationID: "org_60040666100000001", Name: "Example.com"},
			{ID: "dom_2", OrganizationID: "org_60040666100000002", Name: "megasoft.org"},
			{ID: "dom_3", OrganizationID: "org_60040666100000002", Name: "pending.test", Status: directory.Pending, Method: directory.ByDNS},
			{ID: "dom_4", OrganizationID: "org_60040666100000002", Name: "allowed.test", Type: directory.AllowedEmailDomain},
		},
		Users: []directory.User{{
			ID: "usr_1", Email: "John@megasoft.org", Memberships: []directory.Membership{{OrganizationID: "org_60040666100000002", Roles: []string{"admin"}}},
		}},
		Roles:      []directory.Role{{ID: "role_1", Name: "admin", Permissions: []string{"read", "write"}}},
		Attributes: []directory.Attribute{{Key: "sub", Fixed: true}, {Key: "department"}},
	}
}

func secret(value string) directory.Secret {
	s := directory.NewSecret(value)
	s.ID, s.Origin = "sks_1", directory.Declared
	return s
}

func declared(t testing.TB) (*directory.Directory, store.Backend) {
	t.Helper()
	d, backend := empty(t)
	require.NoError(t, d.Apply(t.Context(), declaration()))
	return d, backend
}

func TestRouting(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	v, err := d.OfDomain(" EXAMPLE.com")
	require.NoError(t, err)
	require.Equal(t, "Test Organization", v.Organization.DisplayName)
	require.Len(t, v.Connections, 2)
	require.Equal(t, "conn_2", v.Connections[0].ID, "in the order of the declaration")
	require.Len(t, v.Domains, 1)
	for _, name := range []string{"sub.example.com", "com", "", "pending.test", "allowed.test"} {
		_, err := d.OfDomain(name)
		require.ErrorIs(t, err, directory.ErrNotFound, name)
	}
	v, c, err := d.OfConnection("conn_1")
	require.NoError(t, err)
	require.Equal(t, "org_60040666100000001", v.Organization.ID)
	require.True(t, c.Active())
	names, total := d.RoutingDomains(1)
	require.Equal(t, []string{"example.com"}, names)
	require.Equal(t, 2, total)

	o, err := d.OrganizationByExternalID("mega")
	require.NoError(t, err)
	require.Equal(t, directory.US, o.Region)
	u, err := d.UserByEmail("JOHN@megasoft.ORG")
	require.NoError(t, err)
	m, ok := u.Membership(o.ID)
	require.True(t, ok)
	require.Equal(t, directory.Active, m.Status)
	r, err := d.RoleByName("admin")
	require.NoError(t, err)
	require.Equal(t, []string{"read", "write"}, r.Permissions)
}

// Of a documented organization both id and time of creation are public.
func TestAnIDTellsWhenItWasMade(t *testing.T) {
	t.Parallel()
	d, _ := empty(t)
	require.NoError(t, d.Apply(t.Context(), directory.Declaration{Organizations: []directory.Organization{
		{ID: "org_64444217115541813", DisplayName: "documented"}, {ID: "org_acme", DisplayName: "named"}, {ID: "org_999999999999999999", DisplayName: "from the future"},
	}}))
	for id, want := range map[string]time.Time{
		"org_64444217115541813": time.Date(2025, 3, 20, 13, 55, 46, 690e6, time.UTC), "org_acme": at(), "org_999999999999999999": at(),
	} {
		o, err := d.Organizations.Get(id)
		require.NoError(t, err)
		require.Equal(t, want, o.Created, id)
	}
}

func TestAttributeKeys(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	require.Equal(t, []string{"sub", "department"}, d.AttributeKeys())
	_, err := d.Attributes.Create(t.Context(), directory.Attribute{Key: "badge"})
	require.NoError(t, err)
	require.NoError(t, d.Attributes.Delete(t.Context(), "department"))
	require.Equal(t, []string{"sub", "badge"}, d.AttributeKeys())
	require.Equal(t, []string{"sub", "badge"}, open(t, backend).AttributeKeys())
}

func TestSocialConnectionsAreTheEnvironments(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	c, err := d.Connections.Create(t.Context(), directory.Connection{Provider: directory.GitHub, Type: directory.OAuth})
	require.NoError(t, err)
	v, err := d.View("")
	require.NoError(t, err)
	require.Equal(t, []directory.Connection{c}, v.Connections)
}

func TestVerifyingADomainRoutes(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	verify := func(id string) error {
		_, err := d.Domains.Update(t.Context(), id, func(m *directory.Domain) error {
			m.Status = directory.Verified
			return nil
		})
		return err
	}
	require.NoError(t, verify("dom_3"))
	v, err := d.OfDomain("pending.test")
	require.NoError(t, err)
	require.Equal(t, "Megasoft", v.Organization.DisplayName)

	other, err := d.Domains.Create(t.Context(), directory.Domain{OrganizationID: "org_60040666100000001", Name: "pending.test", Status: directory.Pending})
	require.NoError(t, err, "two may try")
	err = verify(other.ID)
	require.ErrorIs(t, err, directory.ErrConflict, "one gets it")
	require.ErrorContains(t, err, "org_60040666100000002")
	still, err := d.Domains.Get(other.ID)
	require.NoError(t, err)
	require.Equal(t, directory.Pending, still.Status)
	v, err = d.OfDomain("pending.test")
	require.NoError(t, err)
	require.Equal(t, "Megasoft", v.Organization.DisplayName)
}

func TestCreateFillsIn(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	m, err := d.Domains.Create(t.Context(), directory.Domain{OrganizationID: "org_60040666100000002", Name: " New.Test "})
	require.NoError(t, err)
	require.Regexp(t, `^dom_\d{18}$`, m.ID)
	require.Equal(t, "new.test", m.Name)
	require.Equal(t, directory.Verified, m.Status)
	require.Equal(t, directory.ByAdmin, m.Method)
	require.Equal(t, "scalekit-domain-verification", m.TXTRecordKey)
	require.NotEmpty(t, m.TXTRecordSecret)
	require.Equal(t, directory.API, m.Origin)
	require.Equal(t, at(), m.Created.Truncate(time.Second))
	c, err := d.Clients.Create(t.Context(), directory.Client{Name: "robot", OrganizationID: "org_60040666100000002", Secrets: []directory.Secret{directory.NewSecret("test_abcdefgh")}})
	require.NoError(t, err)
	require.Regexp(t, `^m2morg_\d+$`, c.ID)
	require.Regexp(t, `^sks_\d+$`, c.Secrets[0].ID)
	require.Equal(t, "efgh", c.Secrets[0].Suffix)
	id, ok := c.Authenticates("test_abcdefgh", at())
	require.True(t, ok)
	require.Equal(t, c.Secrets[0].ID, id)
	_, ok = c.Authenticates("test_abcdefgi", at())
	require.False(t, ok)
}

func TestSecretsEnd(t *testing.T) {
	t.Parallel()
	s := directory.NewSecret("test_x")
	s.Expires = at()
	_, ok := directory.Client{Secrets: []directory.Secret{s}}.Authenticates("test_x", at())
	require.False(t, ok, "expired")
	s.Expires, s.Inactive = time.Time{}, true
	_, ok = directory.Client{Secrets: []directory.Secret{s}}.Authenticates("test_x", at())
	require.False(t, ok, "inactive")
	_, ok = directory.Client{}.Authenticates("", at())
	require.False(t, ok, "no secret is not the empty secret")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const org = "org_60040666100000002"
	for name, c := range map[string]struct {
		do   func(ctx context.Context, d *directory.Directory) error
		want error
	}{
		"organization without name": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Organizations.Create(ctx, directory.Organization{})
			return err
		}, directory.ErrInvalid},
		"region": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Organizations.Create(ctx, directory.Organization{DisplayName: "x", Region: "MARS"})
			return err
		}, directory.ErrInvalid},
		"external id taken": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Organizations.Create(ctx, directory.Organization{DisplayName: "x", ExternalID: "mega"})
			return err
		}, directory.ErrConflict},
		"id taken": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Organizations.Create(ctx, directory.Organization{ID: org, DisplayName: "x"})
			return err
		}, directory.ErrConflict},
		"no such organization": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Connections.Create(ctx, directory.Connection{OrganizationID: "org_1", Provider: directory.Okta, Type: directory.SAML})
			return err
		}, directory.ErrInvalid},
		"provider": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Connections.Create(ctx, directory.Connection{OrganizationID: org, Provider: "KEYCLOAK", Type: directory.SAML})
			return err
		}, directory.ErrInvalid},
		"empty mapping": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Connections.Create(ctx, directory.Connection{OrganizationID: org, Provider: directory.Okta, Type: directory.SAML, AttributeMapping: map[string]string{"email": ""}})
			return err
		}, directory.ErrInvalid},
		"domain name": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Domains.Create(ctx, directory.Domain{OrganizationID: org, Name: "a@b"})
			return err
		}, directory.ErrInvalid},
		"public domain": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Domains.Create(ctx, directory.Domain{OrganizationID: org, Name: "GMail.com"})
			return err
		}, directory.ErrInvalid},
		"domain taken": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Domains.Create(ctx, directory.Domain{OrganizationID: org, Name: "example.com"})
			return err
		}, directory.ErrConflict},
		"e-mail": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Users.Create(ctx, directory.User{Email: "nobody"})
			return err
		}, directory.ErrInvalid},
		"e-mail taken": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Users.Create(ctx, directory.User{Email: "john@Megasoft.org"})
			return err
		}, directory.ErrConflict},
		"member twice": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Users.Create(ctx, directory.User{Email: "a@b.test", Memberships: []directory.Membership{{OrganizationID: org}, {OrganizationID: org}}})
			return err
		}, directory.ErrConflict},
		"role taken": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Roles.Create(ctx, directory.Role{Name: "admin"})
			return err
		}, directory.ErrConflict},
		"fixed attribute": {func(ctx context.Context, d *directory.Directory) error { return d.Attributes.Delete(ctx, "sub") }, directory.ErrInvalid},
		"delete nothing":  {func(ctx context.Context, d *directory.Directory) error { return d.Domains.Delete(ctx, "dom_0") }, directory.ErrNotFound},
		"update nothing": {func(ctx context.Context, d *directory.Directory) error {
			_, err := d.Domains.Update(ctx, "dom_0", func(*directory.Domain) error { return nil })
			return err
		}, directory.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, backend := declared(t)
			var seen []directory.Event
			d.Observe(func(_ context.Context, e directory.Event) { seen = append(seen, e) })
			require.ErrorIs(t, c.do(t.Context(), d), c.want)
			require.Empty(t, seen)
			require.Equal(t, snapshot(d), snapshot(open(t, backend)), "nothing was written")
			_, fresh := declared(t)
			require.Equal(t, counts(snapshot(open(t, fresh))), counts(snapshot(d)))
		})
	}
}

// snapshot is everything there is.
func snapshot(d *directory.Directory) map[string]any {
	out := map[string]any{
		"clients": d.Clients.List(nil), "organizations": d.Organizations.List(nil), "connections": d.Connections.List(nil),
		"domains": d.Domains.List(nil), "users": d.Users.List(nil), "roles": d.Roles.List(nil), "attributes": d.Attributes.List(nil),
	}
	for _, o := range d.Organizations.List(nil) {
		if v, err := d.View(o.ID); err == nil {
			out["view "+o.ID] = *v
		}
	}
	names, _ := d.RoutingDomains(1000)
	out["routes"] = names
	return out
}

func counts(s map[string]any) string {
	return fmt.Sprint(len(s), len(s["clients"].([]directory.Client)), len(s["domains"].([]directory.Domain)), len(s["users"].([]directory.User)), s["routes"])
}

func TestDeletingAnOrganization(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	const org = "org_60040666100000002"
	_, err := d.Clients.Create(t.Context(), directory.Client{Name: "robot", OrganizationID: org})
	require.NoError(t, err)
	var seen []string
	d.Observe(func(_ context.Context, e directory.Event) {
		seen = append(seen, fmt.Sprint(e.Kind, " ", e.Action, " ", e.OrganizationID, " ", e.By))
	})
	require.NoError(t, d.Organizations.Delete(t.Context(), org))
	require.Equal(t, "organization deleted "+org+" api", seen[len(seen)-1])
	require.Len(t, seen, 6, "three domains, a client, a membership: %v", seen)
	_, err = d.OfDomain("megasoft.org")
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = d.View(org)
	require.ErrorIs(t, err, directory.ErrNotFound)
	u, err := d.UserByEmail("john@megasoft.org")
	require.NoError(t, err)
	require.Empty(t, u.Memberships)
	require.Equal(t, 1, d.Clients.Len())
	require.Equal(t, snapshot(d), snapshot(open(t, backend)))
}

func TestReadersKeepWhatTheyWereGiven(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	const org = "org_60040666100000002"
	given := map[string]string{"tier": "silver"}
	before, err := d.Organizations.Get(org)
	require.NoError(t, err)
	_, err = d.Organizations.Update(t.Context(), org, func(o *directory.Organization) error {
		o.Metadata["tier"] = "spoilt"
		o.Metadata = given
		o.ID, o.Origin, o.Created = "org_1", directory.API, time.Time{}
		return nil
	})
	require.NoError(t, err)
	given["tier"] = "changed later"
	require.Equal(t, "gold", before.Metadata["tier"])
	after, err := d.Organizations.Get(org)
	require.NoError(t, err)
	require.Equal(t, "silver", after.Metadata["tier"])
	require.Equal(t, directory.Declared, after.Origin)
	require.Equal(t, before.Created, after.Created)
	failed := errors.New("changed its mind")
	_, err = d.Organizations.Update(t.Context(), org, func(o *directory.Organization) error {
		o.DisplayName = "other"
		return failed
	})
	require.ErrorIs(t, err, failed)
	again, err := d.Organizations.Get(org)
	require.NoError(t, err)
	require.Equal(t, after, again)
}

func TestOccurrences(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	var seen []directory.Event
	d.Observe(func(_ context.Context, e directory.Event) { seen = append(seen, e) })
	d.Happened(t.Context(), directory.Event{Name: "user.login", Kind: directory.KindUser, ID: "usr_1"})
	require.Len(t, seen, 1)
	require.Equal(t, directory.Occurred, seen[0].Action)
	require.Equal(t, at(), seen[0].At)
}

// Many writers and readers: every write is whole, and no view is ever half of one.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	const org, writers, rounds = "org_60040666100000001", 8, 20
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				v, err := d.OfDomain("example.com")
				if err != nil || v.Organization.ID != org {
					t.Errorf("routed to %v, %v", v, err)
					return
				}
				for _, m := range v.Domains {
					if m.OrganizationID != org {
						t.Errorf("a foreign domain: %v", m)
					}
				}
				d.Domains.List(nil)
			}
		})
	}
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			for j := range rounds {
				m, err := d.Domains.Create(context.Background(), directory.Domain{OrganizationID: org, Name: fmt.Sprintf("d%d-%d.test", i, j)})
				if err == nil && j%2 == 0 {
					err = d.Domains.Delete(context.Background(), m.ID)
				}
				if err == nil {
					_, err = d.Organizations.Update(context.Background(), org, func(o *directory.Organization) error {
						if o.Metadata == nil {
							o.Metadata = map[string]string{}
						}
						o.Metadata["n"] += "x"
						return nil
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	group.Wait()
	v, err := d.View(org)
	require.NoError(t, err)
	require.Len(t, v.Domains, 1+writers*rounds/2)
	require.Len(t, v.Organization.Metadata["n"], writers*rounds, "no update was lost")
	require.Equal(t, snapshot(d), snapshot(open(t, backend)))
}
