package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="

// receiver is a team's endpoint.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex // guards the fields below
	statuses []int      // of the next answers; then 204
	got      []received
}

type received struct {
	header http.Header
	body   map[string]any
	raw    []byte
}

func newReceiver(t *testing.T, statuses ...int) *receiver {
	t.Helper()
	r := &receiver{statuses: statuses}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		one := received{header: req.Header, raw: raw}
		_ = json.Unmarshal(raw, &one.body)
		r.mu.Lock()
		defer r.mu.Unlock()
		status := http.StatusNoContent
		if len(r.statuses) > 0 {
			status, r.statuses = r.statuses[0], r.statuses[1:]
		}
		r.got = append(r.got, one)
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) received() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func (r *receiver) types() (list []string) {
	for _, one := range r.received() {
		list = append(list, one.body["type"].(string))
	}
	return list
}

type fixture struct {
	env        *lab.Env
	dir        *directory.Directory
	dispatcher *webhook.Dispatcher
}

func newFixture(t *testing.T, endpoints ...webhook.Endpoint) *fixture {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	env := lab.New(lab.Options{Now: func() time.Time { return now }})
	dir, err := directory.Open(t.Context(), directory.Options{Env: env, Store: memory.New(env.Now), Name: "test"})
	require.NoError(t, err)
	transport := &http.Transport{}
	d := webhook.New(env, "env_1", &http.Client{Transport: transport}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { d.Close(); transport.CloseIdleConnections() })
	d.SetEndpoints(endpoints)
	dir.Observe(d.Observe)
	require.NoError(t, dir.Apply(t.Context(), directory.Declaration{Organizations: []directory.Organization{{ID: "org_1", DisplayName: "Declared"}}}))
	return &fixture{env, dir, d}
}

func (f *fixture) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, f.dispatcher.Idle(ctx))
}

func TestDeliveryIsSigned(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	f := newFixture(t, webhook.Endpoint{URL: r.URL + "/hook", Secret: secret})
	require.Empty(t, f.dispatcher.Deliveries(), "what is declared is no event")
	o, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Acme", ExternalID: "ext"})
	require.NoError(t, err)
	f.idle(t)
	got := r.received()
	require.Len(t, got, 1)
	body := got[0].body
	require.Equal(t, "1", body["spec_version"])
	require.Equal(t, "organization.created", body["type"])
	require.Equal(t, "Organization", body["object"])
	require.Equal(t, "env_1", body["environment_id"])
	require.Equal(t, o.ID, body["organization_id"])
	require.Equal(t, "Organization Created", body["display_name"])
	require.Equal(t, "2026-03-01T12:00:00.123456Z", body["occurred_at"])
	require.Equal(t, "Acme", body["data"].(map[string]any)["display_name"])
	require.Regexp(t, `^\{"spec_version":"1","id":"evt_\d+","type":`, string(got[0].raw))

	at, err := strconv.ParseInt(got[0].header.Get("webhook-timestamp"), 10, 64)
	require.NoError(t, err)
	require.Equal(t, f.env.Now().Unix(), at)
	require.Equal(t, body["id"], got[0].header.Get("webhook-id"))
	want, err := webhook.Sign(secret, got[0].header.Get("webhook-id"), time.Unix(at, 0), got[0].raw)
	require.NoError(t, err)
	require.Equal(t, want, got[0].header.Get("webhook-signature"))
	kept := f.dispatcher.Deliveries()
	require.Len(t, kept, 1)
	require.Equal(t, webhook.Delivered, kept[0].State)
	require.Equal(t, 204, kept[0].Attempts[0].Status)
}

// The value of the specification's own example (https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme").
func TestSignatureOfTheSpecification(t *testing.T) {
	t.Parallel()
	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

func TestRetriesFollowTheLabsClock(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, 500, 404, 302)
	f := newFixture(t, webhook.Endpoint{URL: r.URL, Secret: secret})
	_, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Acme"})
	require.NoError(t, err)
	f.idle(t)
	require.Len(t, r.received(), 1)
	for i, wait := range []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute} {
		f.env.Advance(wait)
		f.idle(t)
		require.Len(t, r.received(), i+2)
	}
	d := f.dispatcher.Deliveries()[0]
	require.Equal(t, webhook.Delivered, d.State)
	require.Len(t, d.Attempts, 4)
	ids := map[string]bool{}
	for _, one := range r.received() {
		ids[one.header.Get("webhook-id")] = true
	}
	require.Len(t, ids, 1, "every attempt has the same id")
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, 500, 500, 500, 500)
	f := newFixture(t, webhook.Endpoint{URL: r.URL, Secret: secret})
	_, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Acme"})
	require.NoError(t, err)
	for range 5 {
		f.idle(t)
		f.env.Advance(10 * time.Minute)
	}
	d := f.dispatcher.Deliveries()[0]
	require.Equal(t, webhook.Failed, d.State)
	require.Len(t, r.received(), 4)
	require.True(t, f.dispatcher.Again(d.ID))
	f.idle(t)
	require.Equal(t, webhook.Delivered, f.dispatcher.Deliveries()[0].State)
	require.False(t, f.dispatcher.Again("evt_404"))
}

// A retry goes by what is declared by then: to nobody when the endpoint has gone, with the new secret when it has another.
func TestRetriesFollowTheDeclaration(t *testing.T) {
	t.Parallel()
	gone, stays := newReceiver(t, 500), newReceiver(t, 500)
	f := newFixture(t, webhook.Endpoint{URL: gone.URL, Secret: secret}, webhook.Endpoint{URL: stays.URL, Secret: secret})
	_, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Acme"})
	require.NoError(t, err)
	f.idle(t)
	const other = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
	f.dispatcher.SetEndpoints([]webhook.Endpoint{{URL: stays.URL, Secret: other}})
	f.env.Advance(5 * time.Second)
	f.idle(t)
	require.Len(t, gone.received(), 1)
	require.Len(t, stays.received(), 2)
	last := stays.received()[1]
	at, err := strconv.ParseInt(last.header.Get("webhook-timestamp"), 10, 64)
	require.NoError(t, err)
	want, err := webhook.Sign(other, last.header.Get("webhook-id"), time.Unix(at, 0), last.raw)
	require.NoError(t, err)
	require.Equal(t, want, last.header.Get("webhook-signature"))
	states := map[string]webhook.State{}
	for _, d := range f.dispatcher.Deliveries() {
		states[d.Endpoint] = d.State
	}
	require.Equal(t, map[string]webhook.State{gone.URL: webhook.Failed, stays.URL: webhook.Delivered}, states)
}

func TestUnreachableEndpointIsKeptForLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t, webhook.Endpoint{URL: "http://127.0.0.1:1/nobody", Secret: secret})
	_, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Acme"})
	require.NoError(t, err)
	f.idle(t)
	d := f.dispatcher.Deliveries()[0]
	require.Equal(t, webhook.Pending, d.State)
	require.Zero(t, d.Attempts[0].Status)
	require.NotEmpty(t, d.Attempts[0].Error)
}

func TestEventsOfSSO(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	only := newReceiver(t)
	f := newFixture(t, webhook.Endpoint{URL: r.URL, Secret: secret}, webhook.Endpoint{URL: only.URL, Secret: secret, Events: []string{"organization.sso_enabled"}})
	ctx := t.Context()
	c, err := f.dir.Connections.Create(ctx, directory.Connection{OrganizationID: "org_1", Provider: directory.Okta, Type: directory.OIDC, Status: directory.Completed})
	require.NoError(t, err)
	f.idle(t)
	toggle := func(on bool) {
		_, err := f.dir.Connections.Update(ctx, c.ID, func(c *directory.Connection) error { c.Enabled = on; return nil })
		require.NoError(t, err)
		f.idle(t)
	}
	toggle(true)
	toggle(true)
	toggle(false)
	require.NoError(t, f.dir.Connections.Delete(ctx, c.ID))
	f.idle(t)
	d, err := f.dir.Domains.Create(ctx, directory.Domain{OrganizationID: "org_1", Name: "acme.example", Status: directory.Pending, Method: directory.ByDNS})
	require.NoError(t, err)
	f.idle(t)
	_, err = f.dir.Domains.Update(ctx, d.ID, func(d *directory.Domain) error { d.Status = directory.Verified; return nil })
	require.NoError(t, err)
	f.idle(t)
	u, err := f.dir.Users.Create(ctx, directory.User{Email: "ada@acme.example", Memberships: []directory.Membership{{OrganizationID: "org_1"}}})
	require.NoError(t, err)
	f.idle(t)
	_, err = f.dir.Users.Update(ctx, u.ID, func(u *directory.User) error { u.Memberships = nil; return nil })
	require.NoError(t, err)
	f.idle(t)
	f.dir.Happened(ctx, directory.Event{Name: "user.login", Kind: directory.KindUser, ID: u.ID, OrganizationID: "org_1", Details: map[string]string{"email": u.Email}})
	f.idle(t)
	require.Equal(t, []string{
		"organization.sso_created", "organization.sso_enabled", "organization.sso_disabled", "organization.sso_deleted",
		"organization.domain_created", "organization.domain_dns_verification_success",
		"user.organization_membership_created", "user.organization_membership_deleted", "user.login",
	}, r.types())
	require.Equal(t, []string{"organization.sso_enabled"}, only.types())
	data := only.received()[0].body["data"].(map[string]any)
	require.Equal(t, map[string]any{"id": c.ID, "organization_id": "org_1", "connection_type": "OIDC", "provider": "OKTA", "enabled": true, "status": "COMPLETED"}, data)
}

func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	places := func(e webhook.Endpoint) (list []string) {
		e.Check(func(place, _ string) { list = append(list, place) })
		return list
	}
	require.Empty(t, places(webhook.Endpoint{URL: "https://shop.example/hook", Secret: secret, Events: []string{"organization.created"}}))
	require.Equal(t, []string{"url", "secret", "events[1]"}, places(webhook.Endpoint{URL: "shop.example", Secret: "plain", Events: []string{"user.login", "no.such"}}))
	require.Equal(t, []string{"url", "secret"}, places(webhook.Endpoint{URL: "ftp://shop.example", Secret: "whsec_%"}))
}
