package mockscalekit_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockscalekit"
)

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	cfg := mockscalekit.Config{
		URL: "http://localhost:9402/", IdPURL: "localhost",
		Environment: mockscalekit.Environment{
			ID: "e1", Mode: "sideways", Kind: "test", IDTokenTTL: -1, CustomURL: "auth.test", AccessTokenClaims: map[string]string{"sid": "x"},
			Clients: []mockscalekit.Client{
				{ID: "skc_1", RedirectURIs: []string{"https://*.acme.test/cb", "https://*.com/cb", "https://a.*.acme.test/cb", "http://a.test/cb?x=1", "/relative", "https://{{org_slug}}.acme.test/" + strings.Repeat("x", 256), "https://{{org_slug.acme.test/"}, InitiateLoginURI: "/x", BackChannelLogoutURI: "http://a.test/?x"},
				{ID: "skc_1"}, {ID: "app"},
				{ID: "prd_skc_2", RedirectURIs: []string{"http://localhost/cb"}},
			},
			Organizations: []mockscalekit.Organization{
				{ID: "org_1", ExternalID: "1", Slug: "a", Region: "MARS", Domains: []mockscalekit.Domain{{Name: "a.test"}, {Name: "user@b.test"}, {Name: "c.test", Type: "x", Status: "y"}}},
				{ID: "org_2", ExternalID: "1", Slug: "a", Domains: []mockscalekit.Domain{{Name: "A.test"}}, Connections: []mockscalekit.Connection{{ID: "c1", Provider: "PING", Status: "GONE"}}},
			},
			Connections: []mockscalekit.Connection{{ID: "c2", AttributeMapping: map[string]string{"email": ""}}},
			Roles:       []mockscalekit.Role{{Name: "admin"}, {}, {Name: "admin"}},
			Users: []mockscalekit.User{
				{Email: "u@a.test", ExternalID: "7", Memberships: []mockscalekit.Membership{{Organization: "org_1", Roles: []string{"admin", "owner"}}, {Organization: "org_9"}, {Organization: "org_1"}}},
				{ID: "u2", Email: "U@a.test", ExternalID: "7"},
			},
			Webhooks: []mockscalekit.Webhook{{URL: "ftp://a.test", Secret: "hush", Events: []string{"user.login", "no.such"}}, {URL: "ftp://a.test"}},
			People:   []mockscalekit.Person{{Email: "nobody"}, {Email: "a@a.test", TOTPSecret: "!secret!"}, {Email: "A@a.test"}},
		},
	}
	cfg.More = []mockscalekit.Environment{{
		ID: "e1", URL: "http://localhost:9402/", Kind: mockscalekit.Production, People: []mockscalekit.Person{},
		Clients:       []mockscalekit.Client{{ID: "skc_1", RedirectURIs: []string{"http://app.test/cb"}}},
		Organizations: []mockscalekit.Organization{{ID: "org_1", Connections: []mockscalekit.Connection{{ID: "conn_1"}}}},
	}}
	err := cfg.Validate()
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	for _, place := range []string{
		"url", "idp_url", "environment.id", "environment.mode", "environment.kind", "environment.id_token_ttl", "environment.custom_url", "environment.access_token_claims.sid",
		"environment.clients[0].redirect_uris[6]", "environment.clients[0].initiate_login_uri", "environment.clients[0].back_channel_logout_uri",
		"more[0].url", "more[0]", "more[0].people", "more[0].clients[0].id", "more[0].clients[0].redirect_uris[0]", "more[0].organizations[0].connections[0].provider",
		"environment.clients[0].redirect_uris[1]", "environment.clients[0].redirect_uris[2]", "environment.clients[0].redirect_uris[3]",
		"environment.clients[0].redirect_uris[4]", "environment.clients[0].redirect_uris[5]",
		"environment.webhooks[0].url", "environment.webhooks[0].secret", "environment.webhooks[0].events[1]", "environment.webhooks[1].url",
		"environment.clients[1].id", "environment.clients[2].id", "environment.clients[3].redirect_uris[0]",
		"environment.organizations[0].domains[1]", "environment.organizations[0].domains[2].type", "environment.organizations[0].domains[2].status",
		"environment.organizations[1].domains[0]", "environment.organizations[1].connections[0].id",
		"environment.organizations[1].connections[0].provider", "environment.organizations[1].connections[0].status",
		"environment.organizations[0].region", "environment.organizations[1].external_id", "environment.organizations[1].slug",
		"environment.connections[0].id", "environment.connections[0].attribute_mapping.email", "environment.roles[1].name", "environment.roles[2].name",
		"environment.users[0].memberships[0].roles[1]", "environment.users[0].memberships[1].organization", "environment.users[0].memberships[2].organization",
		"environment.users[1].email", "environment.users[1].id", "environment.users[1].external_id",
		"environment.people[0].email", "environment.people[1].totp_secret", "environment.people[2].email",
	} {
		found := false
		for _, line := range lines {
			found = found || strings.HasPrefix(line, place+": ")
		}
		require.True(t, found, "nothing about %s in:\n%v", place, err)
	}
	require.NotContains(t, err.Error(), "redirect_uris[0]: \"https://*.acme")
	require.NotContains(t, err.Error(), "!secret!")
	_, err = mockscalekit.New(cfg)
	require.Error(t, err)
}

// Neither secrets nor passwords nor codes reach the log.
func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	kit := party.NewKit(lab.New(lab.Options{Now: fixed, Keys: sharedKeys()}), quirk.NewSet(mockscalekit.Quirks()),
		slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { _ = kit.Close() })
	env := mockscalekit.DefaultEnvironment(callback)
	server, err := mockscalekit.New(mockscalekit.Config{Kit: kit, URL: "http://env.test", IdPURL: "http://idp.test", Environment: env})
	require.NoError(t, err)
	post := func(h http.Handler, path string, form url.Values) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	post(server.Environment(), "/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {env.Clients[0].Secret}, "code": {"the-secret-code"}})
	post(server.IdP(), "/okta/login", url.Values{"authRequestID": {"req_1"}, "password": {env.People[3].Password}})
	require.NotEmpty(t, log.String())
	for _, secret := range []string{env.Clients[0].Secret, env.People[3].Password, "the-secret-code"} {
		require.NotContains(t, log.String(), secret)
	}
}
