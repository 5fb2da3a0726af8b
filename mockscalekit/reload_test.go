package mockscalekit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockscalekit"
)

func (s *setup) config(edits ...func(*mockscalekit.Config)) mockscalekit.Config {
	cfg := mockscalekit.Config{URL: s.env, IdPURL: s.idp, Environment: mockscalekit.DefaultEnvironment(callback)}
	for _, edit := range edits {
		edit(&cfg)
	}
	return cfg
}

// A reload changes what is declared while sign-ins go on.
func TestReload(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	open := b.get(s.authorizeURL())
	require.NoError(t, s.server.Reload(t.Context(), s.config(func(c *mockscalekit.Config) {
		c.Environment.Organizations[1].Domains = []mockscalekit.Domain{{Name: "moved.test"}}
		c.Environment.Organizations = append(c.Environment.Organizations, mockscalekit.Organization{
			ID: "org_new", DisplayName: "New", Domains: []mockscalekit.Domain{{Name: "new.test"}}, Connections: []mockscalekit.Connection{{ID: "conn_new"}},
		})
		c.Environment.People = append(c.Environment.People, mockscalekit.Person{Email: "ann@new.test", GivenName: "Ann", Attributes: map[string]string{"badge": "7"}})
		c.Environment.Attributes = []string{"badge"}
	})))
	require.True(t, b.submit(open).atApp, "a sign-in under way is not disturbed")
	require.Equal(t, "conn_new", connectionOf(t, s, "login_hint", "ann@new.test"))
	require.Equal(t, oktaConn, connectionOf(t, s, "login_hint", "a@moved.test"))
	require.Contains(t, fetch(t, s.authorizeURL("login_hint", "a@megasoft.org")).header.Get("Location"), "error=domain_not_found")
	claims := claimsOf(t, s.redeem(s.signIn("login_hint", "ann@new.test").Get("code")).json(t)["id_token"])
	require.Equal(t, "Ann", claims["given_name"])
	require.Equal(t, "7", claims["badge"])

	require.NoError(t, s.server.Reload(t.Context(), s.config()))
	require.Contains(t, fetch(t, s.authorizeURL("login_hint", "ann@new.test")).header.Get("Location"), "error=domain_not_found")
	require.Equal(t, oktaConn, connectionOf(t, s, "login_hint", "a@megasoft.org"))
}

// A configuration that cannot be taken leaves everything as it was.
func TestReloadRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, edit := range map[string]func(*mockscalekit.Config){
		"invalid":     func(c *mockscalekit.Config) { c.Environment.Organizations[0].ID = "x" },
		"another URL": func(c *mockscalekit.Config) { c.URL = "http://elsewhere.test" },
		"taken twice": func(c *mockscalekit.Config) {
			c.Environment.Organizations[0].ExternalID, c.Environment.Organizations[1].ExternalID = "a", "a"
			c.Environment.Organizations[0].DisplayName = "Changed"
		},
	} {
		require.Error(t, s.server.Reload(t.Context(), s.config(edit)), name)
		require.Equal(t, testConn, connectionOf(t, s))
		require.Equal(t, oktaConn, connectionOf(t, s, "login_hint", "a@megasoft.org"))
	}
}

// A server over a store that another one left routes as that one did.
func TestRestartOverTheSameStore(t *testing.T) {
	t.Parallel()
	s := start(t)
	kit := party.NewKit(lab.New(lab.Options{Now: fixed, Keys: sharedKeys()}), quirk.NewSet(mockscalekit.Quirks()), nil)
	t.Cleanup(func() { _ = kit.Close() })
	kit.Store = s.kit.Store
	cfg := s.config()
	cfg.Kit = kit
	_, err := mockscalekit.New(cfg)
	require.NoError(t, err)
	require.Equal(t, testConn, connectionOf(t, s))
}
