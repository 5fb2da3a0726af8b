package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// A restart over the same store finds the same, and the same declaration changes nothing.
func TestRestart(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	_, err := d.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Made by API"})
	require.NoError(t, err)
	before := snapshot(d)
	again := open(t, backend)
	require.Equal(t, before, snapshot(again))
	var seen []directory.Event
	again.Observe(func(_ context.Context, e directory.Event) { seen = append(seen, e) })
	require.NoError(t, again.Apply(t.Context(), declaration()))
	require.Equal(t, before, snapshot(again))
	require.Empty(t, seen)
	next, err := again.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Made later"})
	require.NoError(t, err)
	all := again.Organizations.List(nil)
	require.Equal(t, next, all[len(all)-1], "in the order they were made")
}

// What the API did to a declared object stays while its declaration does.
func TestApplyLeavesTheAPIsChanges(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	ctx := t.Context()
	_, err := d.Connections.Update(ctx, "conn_1", func(c *directory.Connection) error { c.Enabled = false; return nil })
	require.NoError(t, err)
	require.NoError(t, d.Domains.Delete(ctx, "dom_2"))
	made, err := d.Connections.Create(ctx, directory.Connection{OrganizationID: "org_60040666100000002", Provider: directory.Okta, Type: directory.SAML})
	require.NoError(t, err)
	require.NoError(t, d.Apply(ctx, declaration()))
	c, err := d.Connections.Get("conn_1")
	require.NoError(t, err)
	require.False(t, c.Enabled)
	_, err = d.Domains.Get("dom_2")
	require.ErrorIs(t, err, directory.ErrNotFound)
	_, err = d.Connections.Get(made.ID)
	require.NoError(t, err)

	changed := declaration()
	changed.Connections[1].UIButtonTitle = "Sign in"
	require.NoError(t, d.Apply(ctx, changed))
	c, err = d.Connections.Get("conn_1")
	require.NoError(t, err)
	require.True(t, c.Enabled, "a changed declaration holds whole")
	require.Equal(t, "Sign in", c.UIButtonTitle)
}

func TestApplyAddsChangesAndRemoves(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	ctx := t.Context()
	made, err := d.Organizations.Create(ctx, directory.Organization{DisplayName: "Made by API"})
	require.NoError(t, err)
	_, err = d.Clients.Update(ctx, "skc_60040666000000001", func(c *directory.Client) error {
		c.Secrets = append(c.Secrets, directory.NewSecret("test_made_by_api"))
		return nil
	})
	require.NoError(t, err)

	next := declaration()
	next.Organizations = append(next.Organizations[:1:1], directory.Organization{ID: "org_3", DisplayName: "Third", ExternalID: "mega"}) // Megasoft's external id moves
	next.Domains = []directory.Domain{{ID: "dom_9", OrganizationID: "org_3", Name: "megasoft.org"}, next.Domains[0]}
	next.Users = nil
	next.Clients[0].Secrets = []directory.Secret{secret("test_two")}
	var seen []string
	d.Observe(func(_ context.Context, e directory.Event) {
		require.Equal(t, directory.Declared, e.By)
		seen = append(seen, fmt.Sprint(e.Kind, " ", e.Action, " ", e.ID))
	})
	require.NoError(t, d.Apply(ctx, next))
	require.Equal(t, []string{
		"user deleted usr_1", "domain deleted dom_2", "domain deleted dom_3", "domain deleted dom_4", "organization deleted org_60040666100000002",
		"client updated skc_60040666000000001", "organization created org_3", "domain created dom_9",
	}, seen)
	v, err := d.OfDomain("megasoft.org")
	require.NoError(t, err)
	require.Equal(t, "Third", v.Organization.DisplayName)
	_, err = d.Organizations.Get(made.ID)
	require.NoError(t, err)
	c, err := d.Clients.Get("skc_60040666000000001")
	require.NoError(t, err)
	for value, good := range map[string]bool{"test_one": false, "test_two": true, "test_made_by_api": true} {
		_, ok := c.Authenticates(value, at())
		require.Equal(t, good, ok, value)
	}
	require.Equal(t, snapshot(d), snapshot(open(t, backend)))
}

func TestApplyExchangesNames(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	next := declaration()
	next.Organizations[0].ExternalID, next.Organizations[1].ExternalID = next.Organizations[1].ExternalID, next.Organizations[0].ExternalID
	next.Domains[0].Name, next.Domains[1].Name = next.Domains[1].Name, next.Domains[0].Name
	require.NoError(t, d.Apply(t.Context(), next))
	v, err := d.OfDomain("megasoft.org")
	require.NoError(t, err)
	require.Equal(t, "Test Organization", v.Organization.DisplayName)
	require.Equal(t, "mega", v.Organization.ExternalID)
	require.Equal(t, snapshot(d), snapshot(open(t, backend)))
}

func TestApplyInAnotherOrder(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	next := declaration()
	next.Connections[0], next.Connections[1] = next.Connections[1], next.Connections[0]
	require.NoError(t, d.Apply(t.Context(), next))
	v, err := d.OfDomain("example.com")
	require.NoError(t, err)
	require.Equal(t, "conn_1", v.Connections[0].ID)
}

// An organization that comes back brings with it what is declared below it.
func TestApplyBringsAnOrganizationBackWhole(t *testing.T) {
	t.Parallel()
	d, _ := declared(t)
	ctx := t.Context()
	require.NoError(t, d.Organizations.Delete(ctx, "org_60040666100000001"))
	require.NoError(t, d.Apply(ctx, declaration()))
	_, err := d.OfDomain("example.com")
	require.ErrorIs(t, err, directory.ErrNotFound, "deleted by the API, and its declaration is the same")
	next := declaration()
	next.Organizations[0].DisplayName = "Back"
	require.NoError(t, d.Apply(ctx, next))
	v, err := d.OfDomain("example.com")
	require.NoError(t, err)
	require.Equal(t, "Back", v.Organization.DisplayName)
	require.Len(t, v.Connections, 2)
}

func TestApplyIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	ctx := t.Context()
	_, err := d.Domains.Create(ctx, directory.Domain{OrganizationID: "org_60040666100000002", Name: "wanted.test"})
	require.NoError(t, err)
	before := snapshot(d)
	next := declaration()
	next.Organizations[0].DisplayName = "Changed"
	next.Domains = append(next.Domains, directory.Domain{ID: "dom_9", OrganizationID: "org_60040666100000001", Name: "wanted.test"})
	err = d.Apply(ctx, next)
	require.ErrorIs(t, err, directory.ErrConflict)
	require.ErrorContains(t, err, "domain dom_9: the domain wanted.test is taken by organization org_60040666100000002")
	require.Equal(t, before, snapshot(d))
	require.Equal(t, before, snapshot(open(t, backend)))
	require.NoError(t, d.Apply(ctx, declaration()), "and nothing is left of it")
	require.Equal(t, before, snapshot(d))
}

func TestReset(t *testing.T) {
	t.Parallel()
	d, backend := declared(t)
	ctx := t.Context()
	fresh := counts(snapshot(d))
	_, err := d.Organizations.Create(ctx, directory.Organization{DisplayName: "Made by API"})
	require.NoError(t, err)
	require.NoError(t, d.Domains.Delete(ctx, "dom_1"))
	require.NoError(t, d.Reset(ctx, declaration()))
	require.Equal(t, fresh, counts(snapshot(d)))
	require.Equal(t, snapshot(d), snapshot(open(t, backend)))
	require.NoError(t, d.Reset(ctx, directory.Declaration{}))
	require.Zero(t, d.Organizations.Len())
	_, err = d.OfDomain("example.com")
	require.ErrorIs(t, err, directory.ErrNotFound)
}

// broken refuses to store domains.
type broken struct{ store.Backend }

var errDisk = errors.New("no space left")

func (b broken) Put(ctx context.Context, table, key string, r store.Record) error {
	if table == "scalekit.test.domains" {
		return errDisk
	}
	return b.Backend.Put(ctx, table, key, r)
}

func TestWhatCannotBeStoredIsNotSeen(t *testing.T) {
	t.Parallel()
	d := open(t, broken{memory.New(at)})
	require.ErrorIs(t, d.Apply(t.Context(), declaration()), errDisk)
	require.Zero(t, d.Organizations.Len())
	next := declaration()
	next.Domains = nil
	require.NoError(t, d.Apply(t.Context(), next))
	_, err := d.Domains.Create(t.Context(), directory.Domain{OrganizationID: "org_60040666100000001", Name: "a.test"})
	require.ErrorIs(t, err, errDisk)
	require.Zero(t, d.Domains.Len())
}

// BenchmarkRouting shows that a domain is found in constant time: organizations × 3 domains.
func BenchmarkRouting(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("organizations=%d", n), func(b *testing.B) {
			d, _ := empty(b)
			var decl directory.Declaration
			for i := range n {
				org := fmt.Sprintf("org_%d", i)
				decl.Organizations = append(decl.Organizations, directory.Organization{ID: org, DisplayName: org})
				decl.Connections = append(decl.Connections, directory.Connection{ID: fmt.Sprintf("conn_%d", i), OrganizationID: org, Provider: directory.Okta, Type: directory.OIDC, Status: directory.Completed, Enabled: true})
				for j := range 3 {
					decl.Domains = append(decl.Domains, directory.Domain{ID: fmt.Sprintf("dom_%d_%d", i, j), OrganizationID: org, Name: fmt.Sprintf("d%d.o%d.test", j, i)})
				}
			}
			require.NoError(b, d.Apply(context.Background(), decl))
			wanted := fmt.Sprintf("d2.o%d.test", n-1)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := d.OfDomain(wanted); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
