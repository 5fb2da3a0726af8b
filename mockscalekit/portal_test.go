package mockscalekit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/ssolab/ssolab/mockscalekit"
)

// managed calls the management API of an environment over REST.
type managed struct {
	*setup
	token string
}

func manage(s *setup) *managed {
	s.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {s.secret()}}
	req, err := http.NewRequest(http.MethodPost, s.env+"/oauth/token", strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return &managed{s, do(s.t, req).json(s.t)["access_token"].(string)}
}

func (m *managed) call(method, path, body string, status int) map[string]any {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.env+"/api/v1/"+path, strings.NewReader(body))
	require.NoError(m.t, err)
	req.Header.Set("Authorization", "Bearer "+m.token)
	a := do(m.t, req)
	require.Equal(m.t, status, a.status, a.body)
	return a.json(m.t)
}

func (m *managed) portal(organization string) string {
	m.t.Helper()
	return m.call(http.MethodPut, "organizations/"+organization+"/portal_links?features=sso", "", 200)["link"].(map[string]any)["location"].(string)
}

const testOrg, megasoftOrg = "org_60040666100000001", "org_60040666100000002"

func TestManagementTakesClientTokensOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := manage(s)
	require.Len(t, m.call(http.MethodGet, "organizations", "", 200)["organizations"], 2)
	person := s.redeem(s.signIn().Get("code")).json(t)["access_token"].(string)
	(&managed{s, person}).call(http.MethodGet, "organizations", "", 401)
	machine := m.call(http.MethodPost, "organizations/"+testOrg+"/clients", `{"name":"Robot"}`, 201)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {machine["client"].(map[string]any)["client_id"].(string)}, "client_secret": {machine["plain_secret"].(string)}}
	req, err := http.NewRequest(http.MethodPost, s.env+"/oauth/token", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	robot := do(t, req).json(t)["access_token"].(string)
	(&managed{s, robot}).call(http.MethodGet, "organizations", "", 401)
	s.kit.Env.Advance(24 * time.Hour)
	m.call(http.MethodGet, "organizations", "", 401)
}

// What the management API makes is what the issuer routes by.
func TestManagementChangesRouting(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := manage(s)
	org := m.call(http.MethodPost, "organizations", `{"display_name":"Acme"}`, 201)["organization"].(map[string]any)["id"].(string)
	m.call(http.MethodPost, "organizations/"+org+"/domains", `{"domain":"acme.example"}`, 201)
	authorize := s.authorizeURL("login_hint", "ada@acme.example")
	require.Equal(t, "no_configured_connections", newBrowser(t).get(authorize).url.Query().Get("error"))
	conn := m.call(http.MethodPost, "organizations/"+org+"/connections", `{"provider":"IDP_SIMULATOR","type":"OIDC"}`, 201)["connection"].(map[string]any)["id"].(string)
	require.Equal(t, "no_active_connections", newBrowser(t).get(authorize).url.Query().Get("error"))
	m.call(http.MethodPatch, "organizations/"+org+"/connections/"+conn+":enable", "", 200)
	b := newBrowser(t)
	p := b.submit(b.get(authorize))
	require.True(t, p.atApp, p.body)
	require.NotEmpty(t, p.url.Query().Get("code"))
	m.call(http.MethodDelete, "organizations/"+org, "", 200)
	require.Equal(t, "domain_not_found", newBrowser(t).get(authorize).url.Query().Get("error"))
}

func TestPortalLinkOpensOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := manage(s)
	link := m.portal(testOrg)
	require.Regexp(t, `^`+s.env+`/magicLink/[0-9a-f-]{36}$`, link)
	b := newBrowser(t)
	p := b.get(link)
	require.Equal(t, 200, p.status)
	require.Contains(t, p.body, "Single sign-on of Test Organization")
	require.Equal(t, 404, newBrowser(t).get(link).status, "it was opened before")
	require.Equal(t, 401, newBrowser(t).get(s.env+"/ui/admin-portal").status, "another browser")

	late := m.portal(testOrg)
	s.kit.Env.Advance(time.Minute)
	require.Equal(t, 404, newBrowser(t).get(late).status)
	require.Equal(t, 200, b.get(s.env+"/ui/admin-portal").status)
	s.kit.Env.Advance(6 * time.Hour)
	require.Equal(t, 401, b.get(s.env+"/ui/admin-portal").status, "six hours are over")

	m = manage(s)
	taken := m.portal(testOrg)
	links := m.call(http.MethodGet, "organizations/"+testOrg+"/portal_links", "", 200)["links"].([]any)
	require.Len(t, links, 1)
	id := links[0].(map[string]any)["id"].(string)
	require.Regexp(t, `^lnk_\d+$`, id)
	m.call(http.MethodDelete, "organizations/"+testOrg+"/portal_links/"+id, "", 200)
	m.call(http.MethodDelete, "organizations/"+testOrg+"/portal_links/"+id, "", 404)
	require.Equal(t, 404, newBrowser(t).get(taken).status, "taken back")
}

// press submits the form that has a button of a test id.
func (b *browser) press(p page, button string, edits ...string) page {
	b.t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	require.NoError(b.t, err)
	pressed := find(doc, func(n *html.Node) bool { return attr(n, "data-testid") == button })
	require.NotNil(b.t, pressed, "no %s in %s", button, p.body)
	form := pressed
	for form.Data != "form" {
		form = form.Parent
	}
	values := url.Values{}
	if name := attr(pressed, "name"); name != "" {
		values.Set(name, attr(pressed, "value"))
	}
	find(form, func(n *html.Node) bool {
		switch {
		case n.Data == "input" && attr(n, "name") != "":
			values.Set(attr(n, "name"), attr(n, "value"))
		case n.Data == "select":
			values.Set(attr(n, "name"), selected(n))
		}
		return false
	})
	for i := 0; i < len(edits); i += 2 {
		values.Set(edits[i], edits[i+1])
	}
	action, err := url.Parse(attr(form, "action"))
	require.NoError(b.t, err)
	return b.arrive(b.client.PostForm(p.url.ResolveReference(action).String(), values))
}

func TestPortalSetsUpAConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := manage(s)
	org := m.call(http.MethodPost, "organizations", `{"display_name":"Acme"}`, 201)["organization"].(map[string]any)["id"].(string)
	b := newBrowser(t)
	p := b.get(m.portal(org))
	p = b.press(p, "portal-add-domain", "domain", "acme.example")
	require.Contains(t, p.body, "scalekit-domain-verification.acme.example")
	authorize := s.authorizeURL("login_hint", "ada@acme.example")
	require.Equal(t, "domain_not_found", newBrowser(t).get(authorize).url.Query().Get("error"), "it is not verified yet")
	p = b.press(p, "portal-domain-missing")
	require.Contains(t, byTestID(t, p, "portal-said"), "FAILED")
	p = b.press(p, "portal-domain-found")
	require.Contains(t, byTestID(t, p, "portal-said"), "VERIFIED")
	p = b.press(p, "portal-add-domain", "domain", "gmail.com")
	require.Contains(t, byTestID(t, p, "portal-said"), "public domain")

	p = b.press(p, "portal-add", "provider", "OKTA", "type", "OIDC")
	require.Equal(t, "DRAFT", byTestID(t, p, "portal-status"))
	require.Contains(t, p.body, "/callback")
	p = b.press(p, "portal-enable")
	require.Contains(t, byTestID(t, p, "portal-said"), "cannot be enabled yet")
	p = b.press(p, "portal-save", "issuer", "https://acme.okta.example", "client_id", "the-client", "client_secret", "the-secret", "ours_0", "department", "theirs_0", "dept")
	require.Equal(t, "COMPLETED", byTestID(t, p, "portal-status"))
	require.NotContains(t, p.body, "the-secret")
	require.Contains(t, p.body, `value="dept"`)
	p = b.press(p, "portal-use-lab")
	require.Contains(t, byTestID(t, p, "portal-said"), "lab's identity provider")
	p = b.press(p, "portal-enable")
	require.Equal(t, "enabled", byTestID(t, p, "portal-enabled"))
	var event map[string]any
	doc, err := html.Parse(strings.NewReader(p.body))
	require.NoError(t, err)
	told := find(doc, func(n *html.Node) bool { return has(n, "data-ui-event") })
	require.NoError(t, json.Unmarshal([]byte(attr(told, "data-ui-event")), &event))
	require.Equal(t, "ORGANIZATION_SSO_ENABLED", event["event_type"])
	require.Equal(t, org, event["organization_id"])
	require.Equal(t, "OKTA", event["data"].(map[string]any)["provider"])
	require.NotContains(t, b.get(p.url.String()).body, "portal-said", "it is told once")

	test := newBrowser(t)
	require.Contains(t, test.get(s.env+"/sso/v1/oidc/"+p.url.Path[strings.LastIndex(p.url.Path, "/")+1:]+"/test").body, "okta")
	require.Equal(t, 200, newBrowser(t).get(authorize).status, "at the identity provider")
	p = b.press(b.get(p.url.String()), "portal-disable")
	require.Equal(t, "off", byTestID(t, p, "portal-enabled"))
	p = b.press(p, "portal-delete")
	require.Contains(t, p.body, "There is no connection yet")
}

func TestPortalShowsNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := manage(s)
	b := newBrowser(t)
	b.get(m.portal(testOrg))
	require.Equal(t, 404, b.get(s.env+"/ui/admin-portal/connections/"+oktaConn).status)
	post := func(path string, header ...string) int {
		req, err := http.NewRequest(http.MethodPost, s.env+"/ui/admin-portal/"+path, strings.NewReader("action=disable"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		return b.arrive(b.client.Do(req)).status
	}
	require.Equal(t, 404, post("connections/"+oktaConn))
	require.Equal(t, 404, post("domains/dom_60040666150000003"))
	require.Equal(t, 403, post("connections/"+testConn, "Sec-Fetch-Site", "cross-site"))
	require.Equal(t, 200, post("connections/"+testConn))
	csp := fetch(t, s.env+"/ui/admin-portal").header.Get("Content-Security-Policy")
	require.Contains(t, csp, "frame-ancestors 'none'", "an error page")
	req, err := http.NewRequest(http.MethodGet, s.env+"/ui/admin-portal", nil)
	require.NoError(t, err)
	resp, err := b.client.Do(req)
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Contains(t, resp.Header.Get("Content-Security-Policy"), "frame-ancestors http://app.test", "origins of allowed callback URLs may embed the portal")
}

func TestWebhooksOfTheEnvironment(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	told := make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var event struct {
			Type        string `json:"type"`
			Environment string `json:"environment_id"`
		}
		_ = json.Unmarshal(b, &event)
		mu.Lock()
		got = append(got, event.Type+" "+event.Environment[:4])
		mu.Unlock()
		told <- struct{}{}
	}))
	t.Cleanup(receiver.Close)
	s := start(t, func(c *mockscalekit.Config) { c.Environment.Webhooks = []mockscalekit.Webhook{{URL: receiver.URL}} })
	t.Cleanup(func() { _ = s.server.Close() })
	m := manage(s)
	m.call(http.MethodPatch, "organizations/"+megasoftOrg+"/connections/"+oktaConn+":disable", "", 200)
	select {
	case <-told:
	case <-time.After(20 * time.Second):
		t.Fatal("no webhook came")
	}
	mu.Lock()
	require.Equal(t, []string{"organization.sso_disabled env_"}, got)
	mu.Unlock()
	require.Regexp(t, `^whsec_`, s.server.Webhooks()[0].Secret)
	require.Len(t, s.server.WebhookDeliveries(), 1)
}
