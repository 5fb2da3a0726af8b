package mgmt_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/mgmt"
)

func TestREST(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	status, body := f.rest("POST", "/api/v1/organizations", `{"display_name":"Acme","external_id":"a/b c","metadata":{"plan":"pro"},"unknown":1}`)
	require.Equal(t, 201, status)
	o := body["organization"].(map[string]any)
	require.Equal(t, "Acme", o["display_name"])
	require.Regexp(t, `^\d{4}-\d\d-\d\dT.*Z$`, o["create_time"])
	id := o["id"].(string)

	status, body = f.rest("GET", "/api/v1/organizations:external/a%2Fb%20c", "")
	require.Equal(t, 200, status, "an id of the team's own is escaped in the path")
	require.Equal(t, id, body["organization"].(map[string]any)["id"])
	status, body = f.rest("GET", "/api/v1/organizations?page_size=1&ignored=x", "")
	require.Equal(t, 200, status)
	require.Len(t, body["organizations"], 1)
	require.EqualValues(t, 2, body["total_size"])
	require.NotEmpty(t, body["next_page_token"])
	require.Equal(t, "", body["prev_page_token"])
	status, _ = f.rest("PATCH", "/api/v1/organizations/"+id, `{"display_name":"Acme Inc."}`)
	require.Equal(t, 200, status)
	status, body = f.rest("PATCH", "/api/v1/organizations/"+id+"/settings", `{"features":[{"name":"sso","enabled":true}]}`)
	require.Equal(t, 200, status)
	require.Equal(t, []any{map[string]any{"name": "sso", "enabled": true}}, body["organization"].(map[string]any)["settings"].(map[string]any)["features"])
	status, body = f.rest("PUT", "/api/v1/organizations/"+id+"/portal_links?features=sso&features=dir_sync", "")
	require.Equal(t, 200, status)
	require.Contains(t, body["link"].(map[string]any)["location"], "dir_sync-sso")

	status, body = f.rest("POST", "/api/v1/organizations/"+id+"/connections", `{"provider":"IDP_SIMULATOR","type":"OIDC"}`)
	require.Equal(t, 201, status)
	conn := body["connection"].(map[string]any)["id"].(string)
	status, body = f.rest("PATCH", "/api/v1/organizations/"+id+"/connections/"+conn+":enable", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"enabled": true}, body)
	status, body = f.rest("GET", "/api/v1/connections?organization_id="+id, "")
	require.Equal(t, 200, status)
	require.Len(t, body["connections"], 1)
	status, body = f.rest("GET", "/api/v1/organizations/-/connections", "")
	require.Equal(t, 200, status)
	require.Len(t, body["connections"], 1, "of all organizations")

	status, body = f.rest("POST", "/api/v1/organizations/"+id+"/domains", `{"domain":"acme.example"}`)
	require.Equal(t, 201, status)
	require.Equal(t, "VERIFIED", body["domain"].(map[string]any)["verification_status"])
	status, body = f.rest("GET", "/api/v1/organizations/"+id+"/domains?page_size=5&page_number=0&domain_type=ORGANIZATION_DOMAIN", "")
	require.Equal(t, 200, status)
	require.Len(t, body["domains"], 1)
	require.EqualValues(t, 5, body["page_size"])

	status, body = f.rest("POST", "/api/v1/organizations/"+id+"/users?send_invitation_email=false", `{"email":"ada@acme.example"}`)
	require.Equal(t, 201, status)
	u := body["user"].(map[string]any)
	require.Equal(t, "ACTIVE", u["memberships"].([]any)[0].(map[string]any)["membership_status"])
	status, body = f.rest("POST", "/api/v1/organizations/"+id+"/users/"+u["id"].(string)+"/roles", `[{"role_name":"admin"}]`)
	require.Equal(t, 201, status)
	require.Len(t, body["roles"], 2)
	status, body = f.rest("DELETE", "/api/v1/users/"+u["id"].(string), "")
	require.Equal(t, 200, status)
	require.Empty(t, body)

	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"POST", "/api/v1/organizations", `{"display_name":`, 400, ""},
		{"POST", "/api/v1/organizations", `{"display_name":7}`, 400, "displayName"},
		{"POST", "/api/v1/organizations", ``, 400, "value is required"},
		{"POST", "/api/v1/organizations", `{"display_name":"Other","external_id":"a/b c"}`, 409, "external"},
		{"GET", "/api/v1/organizations?page_size=many", ``, 400, `parsing field "page_size": "many"`},
		{"GET", "/api/v1/organizations?page_size=%zz", ``, 400, "malformed"},
		{"GET", "/api/v1/organizations/org_404", ``, 404, "org_404"},
		{"GET", "/api/v1/organizations/" + id + "/domains?domain_type=NONE", ``, 400, "domain_type"},
		{"PATCH", "/api/v1/organizations/" + id, strings.Repeat("x", 65<<10), 429, "larger"},
		{"GET", "/api/v1/", ``, 501, "does not model"},
	} {
		status, body := f.rest(c.method, c.path, c.body)
		require.Equal(t, c.status, status, c.path)
		require.Contains(t, body["message"], c.message)
		require.NotContains(t, body["message"], "\u00a0")
	}
}

// No answer is an internal error, whatever bytes a method is called with.
func FuzzRPC(f *testing.F) {
	f.Add("application/grpc", []byte{0, 0, 0, 0, 2, 10, 0})
	f.Add("application/json", []byte(`{"organization":{"displayName":"x"}}`))
	f.Add("application/proto", []byte{10, 3, 34, 1, 65})
	f.Add("application/grpc-web+json", []byte("\x00\x00\x00\x00\x02{}"))
	env := lab.New(lab.Options{})
	dir, err := directory.Open(context.Background(), directory.Options{Env: env, Store: memory.New(env.Now), Name: "fuzz"})
	if err != nil {
		f.Fatal(err)
	}
	api := mgmt.New(mgmt.Options{
		Directory: dir, Env: env, URL: "https://env.example", MaxBody: 64 << 10, Portal: portal{},
		Authorize: func(context.Context, string) error { return nil },
	})
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		for _, path := range []string{orgService + "CreateOrganization", connService + "UpdateConnection", userService + "CreateUserAndMembership"} {
			r := httptest.NewRequest(http.MethodPost, "/scalekit.v1."+path, bytes.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			api.ServeRPC(w, r)
			// connect-go calls bytes that are no frames internal, as other servers do.
			internal := w.Header().Get("Grpc-Status") == "13" && !strings.HasPrefix(w.Header().Get("Grpc-Message"), "protocol error")
			if w.Code >= 500 && w.Code != http.StatusNotImplemented || internal {
				t.Fatalf("%s answered %d %v %s", path, w.Code, w.Header(), w.Body)
			}
		}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/organizations", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		api.ServeREST(w, r)
		if w.Code >= 500 {
			t.Fatalf("REST answered %d %s", w.Code, w.Body)
		}
	})
}
