package badinput_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/require"
)

const (
	gatewayJSON shape = "gRPC gateway JSON" // code as a number, message, details
	connectJSON shape = "Connect JSON"      // code as a word, message
)

// managementToken gives access to Scalekit's management API.
func (b *bench) managementToken() param {
	b.t.Helper()
	resp, err := b.browser.PostForm(b.urls.Scalekit+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {b.lab.Variable("SCALEKIT_CLIENT_ID")}, "client_secret": {b.lab.Variable("SCALEKIT_CLIENT_SECRET")},
	})
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(b.t, json.NewDecoder(resp.Body).Decode(&tokens))
	require.NotEmpty(b.t, tokens.AccessToken)
	return param{"Authorization", "Bearer " + tokens.AccessToken}
}

const testOrganization = "org_60040666100000001"

// portalCookie is an administrator at the portal of the test organization.
func (b *bench) portalCookie() param {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPut, b.urls.Scalekit+"/api/v1/organizations/"+testOrganization+"/portal_links?features=sso", nil)
	require.NoError(b.t, err)
	token := b.managementToken()
	req.Header.Set(token.name, token.value)
	resp, err := b.browser.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	var made struct {
		Link struct {
			Location string `json:"location"`
		} `json:"link"`
	}
	require.NoError(b.t, json.NewDecoder(resp.Body).Decode(&made))
	_, jar := b.visit(made.Link.Location, 1)
	return cookieHeader(jar, b.urls.Scalekit)
}

// management are Scalekit's management API and the admin portal.
func management() []endpoint {
	api := func(build func(b *bench) *request, errors ...shape) endpoint {
		return endpoint{party: "scalekit", point: "scalekit.api", errors: append(errors, oauthJSON), build: func(b *bench) *request {
			r := build(b)
			r.header = append(r.header, b.managementToken())
			return r
		}}
	}
	rest := func(method, path string, members ...param) endpoint {
		return api(func(b *bench) *request { return b.json(method, b.urls.Scalekit, "/api/v1/"+path, members...) }, gatewayJSON)
	}
	list := func(path string, query ...param) endpoint {
		return api(func(b *bench) *request { return b.get(b.urls.Scalekit, "/api/v1/"+path, query...) }, gatewayJSON)
	}
	call := func(method string, members ...param) endpoint {
		return api(func(b *bench) *request {
			return b.json(http.MethodPost, b.urls.Scalekit, "/scalekit.v1."+method, members...)
		}, connectJSON)
	}
	portal := func(build func(b *bench) *request) endpoint {
		return endpoint{party: "scalekit", point: "scalekit.portal", errors: []shape{page, oauthJSON}, build: func(b *bench) *request {
			r := build(b)
			r.header = append(r.header, b.portalCookie())
			return r
		}}
	}
	show := func(path string) endpoint {
		return portal(func(b *bench) *request { return b.get(b.urls.Scalekit, "/ui/admin-portal"+path, param{"a", "b"}) })
	}
	send := func(path string, form ...param) endpoint {
		return portal(func(b *bench) *request { return b.post(b.urls.Scalekit, "/ui/admin-portal"+path, form...) })
	}
	unknown := call("roles.RolesService/ListRoles", param{"pageSize", "1"})
	unknown.point = ""
	return []endpoint{
		rest(http.MethodPost, "organizations", param{"display_name", `"Bad input"`}, param{"external_id", `"badinput"`}, param{"metadata", `{"plan":"pro"}`}),
		rest(http.MethodPatch, "organizations/org_404", param{"display_name", `"x"`}),
		rest(http.MethodPatch, "organizations/"+testOrganization+"/connections/conn_404:enable"),
		rest(http.MethodPost, "organizations/"+testOrganization+"/domains", param{"domain", `"example.com"`}, param{"domain_type", `"ORGANIZATION_DOMAIN"`}),
		rest(http.MethodPost, "organizations/"+testOrganization+"/users", param{"email", `"no address"`}, param{"user_profile", `{"given_name":"a"}`}),
		rest(http.MethodDelete, "clients/skc_404"),
		list("organizations", param{"page_size", "10"}, param{"page_token", ""}), list("connections", param{"organization_id", testOrganization}, param{"include", "all"}),
		list("organizations/"+testOrganization+"/domains", param{"page_size", "1"}, param{"page_number", "0"}, param{"domain_type", "ORGANIZATION_DOMAIN"}),
		list("roles", param{"a", "b"}),
		call("organizations.OrganizationService/ListOrganization", param{"pageSize", "1"}, param{"pageToken", `""`}),
		call("connections.ConnectionService/UpdateConnection", param{"organizationId", `"` + testOrganization + `"`}, param{"id", `"conn_404"`}, param{"connection", `{"oidcConfig":{"issuer":"a"}}`}),
		call("organizations.OrganizationService/NoSuchMethod", param{"a", "1"}), unknown,
		{party: "scalekit", point: "scalekit.portal", errors: []shape{page, oauthJSON}, build: func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/magicLink/"+strings.Repeat("0", 36), param{"a", "b"})
		}},
		show(""), show("/connections/conn_60040666217971987"),
		send("/connections", param{"provider", "OKTA"}, param{"type", "NONE"}),
		send("/connections/conn_404", param{"action", "save"}, param{"issuer", "a"}, param{"client_id", "b"}, param{"client_secret", "c"}, param{"ours_0", "d"}, param{"theirs_0", "e"}),
		send("/domains", param{"domain", "example.com"}), send("/domains/dom_404", param{"action", "found"}),
	}
}
