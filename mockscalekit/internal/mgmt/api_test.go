package mgmt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store/memory"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/mgmt"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/clients"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/connections"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/domains"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/errdetails"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/organizations"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/users"
)

const token = "good-token"

// fixture is the API of an environment on a server that speaks HTTP/1.1, HTTP/2 and h2c.
type fixture struct {
	*testing.T
	dir    *directory.Directory
	env    *lab.Env
	server *httptest.Server
}

type portal struct{}

func (portal) Link(_ context.Context, organizationID string, features []string) (mgmt.Link, error) {
	return mgmt.Link{ID: "lnk_1", Location: "https://env.example/magicLink/" + organizationID + "-" + strings.Join(features, "-"), Expires: time.Unix(1000, 0)}, nil
}

func (portal) Links(context.Context, string) ([]mgmt.Link, error) {
	return []mgmt.Link{{ID: "lnk_1", Location: "https://env.example/magicLink/x"}}, nil
}

func (portal) Revoke(_ context.Context, _, id string) error {
	if id == "lnk_404" {
		return mgmt.Errorf(connect.CodeNotFound, "no link %q", id)
	}
	return nil
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	env := lab.New(lab.Options{})
	backend := memory.New(env.Now)
	dir, err := directory.Open(t.Context(), directory.Options{Env: env, Store: backend, Name: "test"})
	require.NoError(t, err)
	require.NoError(t, dir.Apply(t.Context(), directory.Declaration{
		Organizations: []directory.Organization{{ID: "org_1", DisplayName: "Declared"}},
		Roles: []directory.Role{
			{ID: "role_1", Name: "admin", DisplayName: "Admin", Permissions: []string{"users:write", "users:read"}},
			{ID: "role_2", Name: "member", DisplayName: "Member", Permissions: []string{"users:read"}, Default: true},
		},
	}))
	api := mgmt.New(mgmt.Options{
		Directory: dir, Env: env, EnvironmentID: "env_1", URL: "https://env.example", SimulatorIdP: "idp_simulator", MaxBody: 64 << 10, Portal: portal{},
		Authorize: func(_ context.Context, got string) error {
			if got != token {
				return errors.New("wrong token")
			}
			return nil
		},
	})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			api.ServeREST(w, r)
		} else {
			api.ServeRPC(w, r)
		}
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return &fixture{T: t, dir: dir, env: env, server: server}
}

// call calls a method by gRPC over HTTP/1.1, as the vendor's Go SDK does.
func call[Req, Res any](f *fixture, method string, req *Req, options ...connect.ClientOption) (*Res, error) {
	f.Helper()
	return callAs[Req, Res](f, http.DefaultClient, token, method, req, append(options, connect.WithGRPC())...)
}

func callAs[Req, Res any](f *fixture, client *http.Client, token, method string, req *Req, options ...connect.ClientOption) (*Res, error) {
	f.Helper()
	c := connect.NewClient[Req, Res](client, f.server.URL+"/scalekit.v1."+method, options...)
	request := connect.NewRequest(req)
	if token != "" {
		request.Header().Set("Authorization", "Bearer "+token)
	}
	answer, err := c.CallUnary(f.Context(), request)
	if err != nil {
		return nil, err
	}
	return answer.Msg, nil
}

// must is call for what has to succeed.
func must[Res, Req any](f *fixture, method string, req *Req) *Res {
	f.Helper()
	answer, err := call[Req, Res](f, method, req)
	require.NoError(f, err)
	return answer
}

// refused returns the code of a call that fails, and its error code.
func refused[Req any](f *fixture, method string, req *Req) *connect.Error {
	f.Helper()
	_, err := call[Req, emptypb.Empty](f, method, req)
	var e *connect.Error
	require.ErrorAs(f, err, &e)
	return e
}

func infoOf(t *testing.T, e *connect.Error) *errdetails.ErrorInfo {
	t.Helper()
	require.Len(t, e.Details(), 1)
	require.Equal(t, "scalekit.v1.errdetails.ErrorInfo", e.Details()[0].Type())
	v, err := e.Details()[0].Value()
	require.NoError(t, err)
	return v.(*errdetails.ErrorInfo)
}

// rest sends a request to the REST paths and returns status and decoded body.
func (f *fixture) rest(method, path, body string) (int, map[string]any) {
	f.Helper()
	return f.restAs(token, method, path, body)
}

func (f *fixture) restAs(token, method, path, body string) (int, map[string]any) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), method, f.server.URL+path, strings.NewReader(body))
	require.NoError(f, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(f, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	require.NoError(f, err)
	require.Equal(f, "application/json", resp.Header.Get("Content-Type"))
	var out map[string]any
	require.NoError(f, json.Unmarshal(b, &out), string(b))
	return resp.StatusCode, out
}

const (
	orgService  = "organizations.OrganizationService/"
	connService = "connections.ConnectionService/"
	domService  = "domains.DomainService/"
	userService = "users.UserService/"
	cliService  = "clients.ClientService/"
)

func ptr[T any](v T) *T { return &v }

func TestTokenIsNeeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, given := range map[string]string{"Token empty": "", "Token invalid": "bad"} {
		_, err := callAs[organizations.ListOrganizationsRequest, organizations.ListOrganizationsResponse](f, http.DefaultClient, given,
			orgService+"ListOrganization", &organizations.ListOrganizationsRequest{}, connect.WithGRPC())
		var e *connect.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, connect.CodeUnauthenticated, e.Code())
		require.Equal(t, name, e.Message())
		require.Equal(t, "UNAUTHENTICATED", infoOf(t, e).GetErrorCode())

		status, body := f.restAs(given, "GET", "/api/v1/organizations", "")
		require.Equal(t, 401, status)
		require.Equal(t, map[string]any{
			"code": 16.0, "message": name,
			"details": []any{map[string]any{"@type": "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo", "error_code": "UNAUTHENTICATED"}},
		}, body)
	}
}

func TestEveryProtocolIsSpoken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	h2c := &http.Transport{Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(h2c.CloseIdleConnections)
	for name, c := range map[string]struct {
		client  *http.Client
		options []connect.ClientOption
	}{
		"gRPC over HTTP/1.1": {http.DefaultClient, []connect.ClientOption{connect.WithGRPC()}},
		"gRPC over h2c":      {&http.Client{Transport: h2c}, []connect.ClientOption{connect.WithGRPC()}},
		"gRPC-Web":           {http.DefaultClient, []connect.ClientOption{connect.WithGRPCWeb()}},
		"Connect":            {http.DefaultClient, nil},
		"Connect JSON":       {http.DefaultClient, []connect.ClientOption{connect.WithProtoJSON()}},
		"gzip":               {http.DefaultClient, []connect.ClientOption{connect.WithGRPC(), connect.WithSendGzip()}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := callAs[organizations.GetOrganizationRequest, organizations.GetOrganizationResponse](f, c.client, token, orgService+"GetOrganization",
				&organizations.GetOrganizationRequest{Identities: &organizations.GetOrganizationRequest_Id{Id: "org_1"}}, c.options...)
			require.NoError(t, err)
			require.Equal(t, "Declared", got.GetOrganization().GetDisplayName())

			_, err = callAs[organizations.GetOrganizationRequest, organizations.GetOrganizationResponse](f, c.client, token, orgService+"GetOrganization",
				&organizations.GetOrganizationRequest{Identities: &organizations.GetOrganizationRequest_Id{Id: "org_2"}}, c.options...)
			require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
			require.Equal(t, "NOT_FOUND", infoOf(t, err.(*connect.Error)).GetErrorCode())
		})
	}
}

func TestOtherServicesAreUnimplemented(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, method := range []string{"directories.DirectoryService/ListDirectories", orgService + "NoSuchMethod", "roles.RolesService/CreateRole"} {
		e := refused(f, method, &emptypb.Empty{})
		require.Equal(t, connect.CodeUnimplemented, e.Code())
		require.Contains(t, e.Message(), "scalekit.v1."+method)
	}
	status, body := f.rest("GET", "/api/v1/roles", "")
	require.Equal(t, 501, status)
	require.Contains(t, body["message"], "GET /api/v1/roles")
	status, body = f.rest("DELETE", "/api/v1/connections", "")
	require.Equal(t, 501, status)
	require.Equal(t, "Method Not Allowed", body["message"])
}

func TestOrganizationsLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	made := must[organizations.CreateOrganizationResponse](f, orgService+"CreateOrganization", &organizations.CreateOrganizationRequest{
		Organization: &organizations.CreateOrganization{DisplayName: "Acme", ExternalId: ptr("ext-1"), Slug: ptr("acme"), Metadata: map[string]string{"plan": "pro"}},
	}).GetOrganization()
	require.Regexp(t, `^org_\d{18}$`, made.GetId())
	require.Equal(t, "US", made.GetRegionCode().String())
	require.NotZero(t, made.GetCreateTime().GetSeconds())

	byExternal := must[organizations.GetOrganizationResponse](f, orgService+"GetOrganizationByExternalId", &organizations.GetOrganizationRequest{
		Identities: &organizations.GetOrganizationRequest_ExternalId{ExternalId: "ext-1"},
	})
	require.Equal(t, made.GetId(), byExternal.GetOrganization().GetId())

	e := refused(f, orgService+"CreateOrganization", &organizations.CreateOrganizationRequest{Organization: &organizations.CreateOrganization{DisplayName: "Other", ExternalId: ptr("ext-1")}})
	require.Equal(t, connect.CodeAlreadyExists, e.Code())
	require.Contains(t, e.Message(), "external")

	of := &organizations.UpdateOrganizationRequest_Id{Id: made.GetId()}
	updated := must[organizations.UpdateOrganizationResponse](f, orgService+"UpdateOrganization", &organizations.UpdateOrganizationRequest{
		Identities: of, Organization: &organizations.UpdateOrganization{DisplayName: ptr("Acme Inc.")},
	}).GetOrganization()
	require.Equal(t, "Acme Inc.", updated.GetDisplayName())
	require.Equal(t, "ext-1", updated.GetExternalId(), "what the request leaves out stays")
	require.Equal(t, map[string]string{"plan": "pro"}, updated.GetMetadata())
	updated = must[organizations.UpdateOrganizationResponse](f, orgService+"UpdateOrganization", &organizations.UpdateOrganizationRequest{
		Identities: of, Organization: &organizations.UpdateOrganization{DisplayName: ptr("ignored")}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"external_id"}},
	}).GetOrganization()
	require.Equal(t, "Acme Inc.", updated.GetDisplayName(), "not in the mask")
	require.Nil(t, updated.ExternalId, "in the mask and not in the request: emptied")

	settings := must[organizations.GetOrganizationResponse](f, orgService+"UpdateOrganizationSettings", &organizations.UpdateOrganizationSettingsRequest{
		Id: made.GetId(), Settings: &organizations.OrganizationSettings{Features: []*organizations.OrganizationSettingsFeature{{Name: "sso", Enabled: true}}},
	}).GetOrganization().GetSettings().GetFeatures()
	require.Len(t, settings, 1)
	require.True(t, settings[0].GetEnabled())

	link := must[organizations.GeneratePortalLinkResponse](f, orgService+"GeneratePortalLink", &organizations.GeneratePortalLinkRequest{
		Id: made.GetId(), Sso: ptr(true), Features: []organizations.Feature{organizations.Feature_sso, organizations.Feature_dir_sync},
	}).GetLink()
	require.Equal(t, "https://env.example/magicLink/"+made.GetId()+"-dir_sync-sso", link.GetLocation())
	require.EqualValues(t, 1000, link.GetExpireTime().GetSeconds())

	must[emptypb.Empty](f, orgService+"DeleteOrganization", &organizations.DeleteOrganizationRequest{Identities: &organizations.DeleteOrganizationRequest_Id{Id: made.GetId()}})
	e = refused(f, orgService+"GetOrganization", &organizations.GetOrganizationRequest{Identities: &organizations.GetOrganizationRequest_Id{Id: made.GetId()}})
	require.Equal(t, connect.CodeNotFound, e.Code())
}

func TestConstraintsAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := refused(f, orgService+"CreateOrganization", &organizations.CreateOrganizationRequest{Organization: &organizations.CreateOrganization{
		DisplayName: strings.Repeat("x", 201), Slug: ptr("Not A Slug"), Metadata: map[string]string{"ab": ""},
	}})
	require.Equal(t, connect.CodeInvalidArgument, e.Code())
	require.Contains(t, e.Message(), "validation error:\n - organization.display_name: value length must be at most 200 characters [string.max_len]")
	var got []string
	for _, v := range infoOf(t, e).GetValidationErrorInfo().GetFieldViolations() {
		got = append(got, v.GetField()+" "+v.GetConstraint())
	}
	require.Equal(t, []string{
		"organization.display_name string.max_len", `organization.metadata["ab"] string.min_len`, `organization.metadata["ab"] string.min_len`,
		"organization.slug string.pattern",
	}, got, "the key of the metadata is too short, and so is its value")

	for method, req := range map[string]*connections.GetConnectionRequest{"GetConnection": {OrganizationId: strings.Repeat("o", 33), Id: "conn_1"}} {
		require.Equal(t, connect.CodeInvalidArgument, refused(f, connService+method, req).Code())
	}
	require.Contains(t, refused(f, orgService+"CreateOrganization", &organizations.CreateOrganizationRequest{}).Message(), "organization: value is required [required]")
	require.Contains(t, refused(f, orgService+"GeneratePortalLink", &organizations.GeneratePortalLinkRequest{Id: "dom_1"}).Message(), "id: value does not have prefix `org_` [string.prefix]")
	require.Contains(t, refused(f, userService+"CreateUserAndMembership", &users.CreateUserAndMembershipRequest{OrganizationId: "org_1", User: &users.CreateUser{Email: "x"}}).Message(), "user.email: value must be a valid email address")
	require.Contains(t, refused(f, orgService+"SearchOrganization", &organizations.SearchOrganizationsRequest{Query: "abc", PageSize: 31}).Message(), "page_size: value must be less than or equal to 30 [uint32.lte]")
	require.Equal(t, connect.CodeInvalidArgument, refused(f, orgService+"GetOrganization", &organizations.GetOrganizationRequest{}).Code(), "neither id nor external_id")
}

func TestListsAreCutIntoPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 24 {
		_, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: fmt.Sprintf("Org %02d", i)})
		require.NoError(t, err)
	}
	var seen []string
	var prev []string
	token := ""
	for {
		got := must[organizations.ListOrganizationsResponse](f, orgService+"ListOrganization", &organizations.ListOrganizationsRequest{PageToken: token})
		require.EqualValues(t, 25, got.GetTotalSize())
		for _, o := range got.GetOrganizations() {
			seen = append(seen, o.GetDisplayName())
		}
		prev = append(prev, got.GetPrevPageToken())
		if token = got.GetNextPageToken(); token == "" {
			break
		}
	}
	require.Len(t, seen, 25)
	require.Equal(t, "Declared", seen[0])
	require.Equal(t, "Org 23", seen[24])
	require.Len(t, prev, 3)
	require.Empty(t, prev[0])
	back := must[organizations.ListOrganizationsResponse](f, orgService+"ListOrganization", &organizations.ListOrganizationsRequest{PageToken: prev[2]})
	require.Equal(t, "Org 09", back.GetOrganizations()[0].GetDisplayName())
	for _, bad := range []string{"x", "cGFnZTotMQ", "%%%"} {
		require.Equal(t, connect.CodeInvalidArgument, refused(f, orgService+"ListOrganization", &organizations.ListOrganizationsRequest{PageToken: bad}).Code())
	}
	found := must[organizations.SearchOrganizationsResponse](f, orgService+"SearchOrganization", &organizations.SearchOrganizationsRequest{Query: "oRG 1"})
	require.EqualValues(t, 10, found.GetTotalSize())
}

func TestConnectionsLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	make := func(provider connections.ConnectionProvider, kind connections.ConnectionType) *connections.Connection {
		return must[connections.CreateConnectionResponse](f, connService+"CreateConnection", &connections.CreateConnectionRequest{
			OrganizationId: "org_1", Connection: &connections.CreateConnection{Provider: provider, Type: kind},
		}).GetConnection()
	}
	toggle := func(on bool, id string) *connections.ToggleConnectionResponse {
		method := map[bool]string{true: "EnableConnection", false: "DisableConnection"}[on]
		return must[connections.ToggleConnectionResponse](f, connService+method, &connections.ToggleConnectionRequest{OrganizationId: "org_1", Id: id})
	}
	c := make(connections.ConnectionProvider_OKTA, connections.ConnectionType_OIDC)
	require.Equal(t, connections.ConnectionStatus_DRAFT, c.GetStatus())
	require.Equal(t, "https://env.example/sso/v1/oidc/"+c.GetId()+"/test", c.GetTestConnectionUri())
	require.Equal(t, "https://env.example/sso/v1/oidc/"+c.GetId()+"/callback", c.GetOidcConfig().GetRedirectUri())
	require.False(t, toggle(true, c.GetId()).GetEnabled())
	require.Contains(t, toggle(true, c.GetId()).GetErrorMessage(), "DRAFT")

	config := &connections.OIDCConnectionConfig{Issuer: wrapperspb.String("https://acme.okta.example"), ClientId: wrapperspb.String("id"), PkceEnabled: wrapperspb.Bool(false)}
	change := func(in *connections.UpdateConnection) *connections.Connection {
		return must[connections.UpdateConnectionResponse](f, connService+"UpdateConnection", &connections.UpdateConnectionRequest{OrganizationId: "org_1", Id: c.GetId(), Connection: in}).GetConnection()
	}
	c = change(&connections.UpdateConnection{Settings: &connections.UpdateConnection_OidcConfig{OidcConfig: config}})
	require.Equal(t, connections.ConnectionStatus_IN_PROGRESS, c.GetStatus(), "the secret is missing")
	c = change(&connections.UpdateConnection{
		Settings:         &connections.UpdateConnection_OidcConfig{OidcConfig: &connections.OIDCConnectionConfig{ClientSecret: wrapperspb.String("very secret"), Scopes: []connections.OIDCScope{connections.OIDCScope_openid}}},
		AttributeMapping: map[string]string{"department": "dept"},
	})
	require.Equal(t, connections.ConnectionStatus_COMPLETED, c.GetStatus())
	require.Equal(t, "https://acme.okta.example", c.GetOidcConfig().GetIssuer().GetValue())
	require.False(t, c.GetOidcConfig().GetPkceEnabled().GetValue())
	require.Nil(t, c.GetOidcConfig().GetClientSecret(), "never shown again")
	require.True(t, toggle(true, c.GetId()).GetEnabled())

	must[domains.CreateDomainResponse](f, domService+"CreateDomain", &domains.CreateDomainRequest{
		Identities: &domains.CreateDomainRequest_OrganizationId{OrganizationId: "org_1"}, Domain: &domains.CreateDomain{Domain: "Acme.example"},
	})
	draft := make(connections.ConnectionProvider_CUSTOM, connections.ConnectionType_SAML)
	list := func(r *connections.ListConnectionsRequest) (ids []string) {
		for _, c := range must[connections.ListConnectionsResponse](f, connService+"ListConnections", r).GetConnections() {
			require.Equal(t, []string{"acme.example"}, c.GetDomains())
			require.Equal(t, "Declared", c.GetOrganizationName())
			ids = append(ids, c.GetId())
		}
		return ids
	}
	require.Equal(t, []string{c.GetId()}, list(&connections.ListConnectionsRequest{OrganizationId: ptr("org_1")}), "as the Node SDK asks: only those that are on")
	require.Equal(t, []string{c.GetId(), draft.GetId()}, list(&connections.ListConnectionsRequest{OrganizationId: ptr("org_1"), Include: ptr("all")}), "as the Go SDK asks")
	require.Equal(t, []string{c.GetId()}, list(&connections.ListConnectionsRequest{Domain: ptr("acme.example")}))
	require.Equal(t, connect.CodeNotFound, refused(f, connService+"ListConnections", &connections.ListConnectionsRequest{Domain: ptr("other.example")}).Code())

	require.False(t, toggle(false, c.GetId()).GetEnabled())
	require.Empty(t, list(&connections.ListConnectionsRequest{OrganizationId: ptr("org_1")}))
	simulator := make(connections.ConnectionProvider_IDP_SIMULATOR, connections.ConnectionType_OIDC)
	require.Equal(t, connections.ConnectionStatus_COMPLETED, simulator.GetStatus())
	require.False(t, simulator.GetEnabled())

	for _, kind := range []connections.ConnectionType{connections.ConnectionType_OAUTH, connections.ConnectionType_PASSWORDLESS, connections.ConnectionType_INVALID, 77} {
		e := refused(f, connService+"CreateConnection", &connections.CreateConnectionRequest{OrganizationId: "org_1", Connection: &connections.CreateConnection{Type: kind}})
		require.Equal(t, connect.CodeInvalidArgument, e.Code(), kind)
	}
	require.Equal(t, connect.CodeNotFound, refused(f, connService+"GetConnection", &connections.GetConnectionRequest{OrganizationId: "org_9", Id: c.GetId()}).Code(), "another organization's")
	must[emptypb.Empty](f, connService+"DeleteConnection", &connections.DeleteConnectionRequest{OrganizationId: "org_1", Id: c.GetId()})
	require.Equal(t, connect.CodeNotFound, refused(f, connService+"GetConnection", &connections.GetConnectionRequest{OrganizationId: "org_1", Id: c.GetId()}).Code())
}

func TestDomainsLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	of := &domains.CreateDomainRequest_OrganizationId{OrganizationId: "org_1"}
	d := must[domains.CreateDomainResponse](f, domService+"CreateDomain", &domains.CreateDomainRequest{Identities: of, Domain: &domains.CreateDomain{Domain: "acme.example"}}).GetDomain()
	require.Equal(t, domains.VerificationStatus_VERIFIED, d.GetVerificationStatus())
	require.Equal(t, domains.VerificationMethod_ADMIN, d.GetVerificationMethod())
	require.Equal(t, domains.DomainType_ORGANIZATION_DOMAIN, d.GetDomainType())
	require.Equal(t, "env_1", d.GetEnvironmentId())
	require.Equal(t, "scalekit-domain-verification", d.GetTxtRecordKey())
	email := must[domains.CreateDomainResponse](f, domService+"CreateDomain", &domains.CreateDomainRequest{
		Identities: of, Domain: &domains.CreateDomain{Domain: "mail.example", DomainType: domains.DomainType_ALLOWED_EMAIL_DOMAIN},
	}).GetDomain()
	require.Equal(t, domains.VerificationMethod_NOT_APPLICABLE, email.GetVerificationMethod())

	for name, code := range map[string]connect.Code{"acme.example": connect.CodeAlreadyExists, "gmail.com": connect.CodeInvalidArgument, "no spaces.example": connect.CodeInvalidArgument, "x": connect.CodeInvalidArgument} {
		require.Equal(t, code, refused(f, domService+"CreateDomain", &domains.CreateDomainRequest{Identities: of, Domain: &domains.CreateDomain{Domain: name}}).Code(), name)
	}
	all := &domains.ListDomainRequest{Identities: &domains.ListDomainRequest_OrganizationId{OrganizationId: "org_1"}, PageSize: wrapperspb.Int32(1), PageNumber: wrapperspb.Int32(1)}
	got := must[domains.ListDomainResponse](f, domService+"ListDomains", all)
	require.Len(t, got.GetDomains(), 1)
	require.Equal(t, "mail.example", got.GetDomains()[0].GetDomain())
	all.PageSize, all.PageNumber, all.DomainType = nil, nil, domains.DomainType_ORGANIZATION_DOMAIN
	require.Len(t, must[domains.ListDomainResponse](f, domService+"ListDomains", all).GetDomains(), 1)
	all.PageNumber = wrapperspb.Int32(1 << 30)
	require.Empty(t, must[domains.ListDomainResponse](f, domService+"ListDomains", all).GetDomains())
	all.PageSize = wrapperspb.Int32(-1)
	require.Equal(t, connect.CodeInvalidArgument, refused(f, domService+"ListDomains", all).Code())

	pending, err := f.dir.Domains.Create(t.Context(), directory.Domain{OrganizationID: "org_1", Name: "dns.example", Status: directory.Pending, Method: directory.ByDNS})
	require.NoError(t, err)
	require.True(t, must[domains.VerifyDomainResponse](f, domService+"VerifyDomain", &domains.VerifyDomainRequest{
		Identities: &domains.VerifyDomainRequest_OrganizationId{OrganizationId: "org_1"}, Id: pending.ID,
	}).GetVerified())
	must[emptypb.Empty](f, domService+"DeleteDomain", &domains.DeleteDomainRequest{Identities: &domains.DeleteDomainRequest_OrganizationId{OrganizationId: "org_1"}, Id: d.GetId()})
	require.Equal(t, connect.CodeNotFound, refused(f, domService+"GetDomain", &domains.GetDomainRequest{
		Identities: &domains.GetDomainRequest_OrganizationId{OrganizationId: "org_1"}, Id: d.GetId(),
	}).Code())
}

func TestUsersLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := must[users.CreateUserAndMembershipResponse](f, userService+"CreateUserAndMembership", &users.CreateUserAndMembershipRequest{
		OrganizationId: "org_1", SendInvitationEmail: ptr(false),
		User: &users.CreateUser{Email: "ada@acme.example", ExternalId: ptr("e-1"), UserProfile: &users.CreateUserProfile{FirstName: "Ada", FamilyName: "Lovelace"}},
	}).GetUser()
	require.Regexp(t, `^usr_\d{18}$`, u.GetId())
	require.Equal(t, "Ada Lovelace", u.GetUserProfile().GetName())
	require.Equal(t, "Ada", u.GetUserProfile().GetGivenName())
	require.Equal(t, "ACTIVE", u.GetMemberships()[0].GetMembershipStatus().String())
	require.Equal(t, "member", u.GetMemberships()[0].GetRoles()[0].GetName(), "the default role")
	require.Equal(t, []string{"users:read"}, u.GetMemberships()[0].GetPermissions())

	require.Equal(t, connect.CodeAlreadyExists, refused(f, userService+"CreateUserAndMembership", &users.CreateUserAndMembershipRequest{
		OrganizationId: "org_1", User: &users.CreateUser{Email: "ADA@acme.example"},
	}).Code())
	byID := &users.UpdateUserRequest_Id{Id: u.GetId()}
	changed := must[users.UpdateUserResponse](f, userService+"UpdateUser", &users.UpdateUserRequest{Identities: byID, User: &users.UpdateUser{
		UserProfile: &users.UpdateUserProfile{PhoneNumber: ptr("+431"), CustomAttributes: map[string]string{"department": "R&D"}},
	}}).GetUser()
	require.Equal(t, "Ada", changed.GetUserProfile().GetGivenName())
	require.Equal(t, "+431", changed.GetUserProfile().GetPhoneNumber())
	require.Equal(t, "R&D", changed.GetUserProfile().GetCustomAttributes()["department"])

	roles := must[users.AssignUserRolesResponse](f, userService+"AssignUserRoles", &users.AssignUserRolesRequest{OrganizationId: "org_1", UserId: u.GetId(), Roles: []*users.AssignRoleRequest{{RoleName: "admin"}}})
	require.Len(t, roles.GetRoles(), 2)
	permissions := must[users.ListUserPermissionsResponse](f, userService+"ListUserPermissions", &users.ListUserPermissionsRequest{OrganizationId: "org_1", UserId: u.GetId()}).GetPermissions()
	require.Len(t, permissions, 2)
	must[emptypb.Empty](f, userService+"RemoveUserRole", &users.RemoveUserRoleRequest{OrganizationId: "org_1", UserId: u.GetId(), RoleName: "admin"})
	require.Len(t, must[users.ListUserRolesResponse](f, userService+"ListUserRoles", &users.ListUserRolesRequest{OrganizationId: "org_1", UserId: u.GetId()}).GetRoles(), 1)
	require.Equal(t, connect.CodeNotFound, refused(f, userService+"AssignUserRoles", &users.AssignUserRolesRequest{OrganizationId: "org_1", UserId: u.GetId(), Roles: []*users.AssignRoleRequest{{RoleName: "king"}}}).Code())

	o, err := f.dir.Organizations.Create(t.Context(), directory.Organization{DisplayName: "Second"})
	require.NoError(t, err)
	two := must[users.CreateMembershipResponse](f, userService+"CreateMembership", &users.CreateMembershipRequest{
		OrganizationId: o.ID, Identities: &users.CreateMembershipRequest_ExternalId{ExternalId: "e-1"}, Membership: &users.CreateMembership{InviterEmail: ptr("boss@acme.example")},
	}).GetUser()
	require.Len(t, two.GetMemberships(), 2)
	require.Equal(t, "PENDING_INVITE", two.GetMemberships()[1].GetMembershipStatus().String())
	invite := must[users.ResendInviteResponse](f, userService+"ResendInvite", &users.ResendInviteRequest{OrganizationId: o.ID, Id: u.GetId()}).GetInvite()
	require.EqualValues(t, 1, invite.GetResentCount())
	require.Equal(t, connect.CodeFailedPrecondition, refused(f, userService+"ResendInvite", &users.ResendInviteRequest{OrganizationId: "org_1", Id: u.GetId()}).Code())
	f.env.Advance(31 * 24 * time.Hour)
	expired := must[users.GetUserResponse](f, userService+"GetUser", &users.GetUserRequest{Identities: &users.GetUserRequest_Id{Id: u.GetId()}}).GetUser()
	require.Equal(t, "INVITE_EXPIRED", expired.GetMemberships()[1].GetMembershipStatus().String())

	require.Len(t, must[users.ListOrganizationUsersResponse](f, userService+"ListOrganizationUsers", &users.ListOrganizationUsersRequest{OrganizationId: o.ID}).GetUsers(), 1)
	require.Len(t, must[users.SearchUsersResponse](f, userService+"SearchUsers", &users.SearchUsersRequest{Query: "love"}).GetUsers(), 1)
	require.Empty(t, must[users.SearchOrganizationUsersResponse](f, userService+"SearchOrganizationUsers", &users.SearchOrganizationUsersRequest{OrganizationId: o.ID, Query: "nobody"}).GetUsers())
	must[emptypb.Empty](f, userService+"DeleteMembership", &users.DeleteMembershipRequest{OrganizationId: o.ID, Identities: &users.DeleteMembershipRequest_Id{Id: u.GetId()}})
	require.Len(t, must[users.ListUsersResponse](f, userService+"ListUsers", &users.ListUsersRequest{}).GetUsers()[0].GetMemberships(), 1)
	must[emptypb.Empty](f, userService+"DeleteMembership", &users.DeleteMembershipRequest{OrganizationId: "org_1", Identities: &users.DeleteMembershipRequest_Id{Id: u.GetId()}, Cascade: ptr(true)})
	require.Equal(t, connect.CodeNotFound, refused(f, userService+"GetUser", &users.GetUserRequest{Identities: &users.GetUserRequest_Id{Id: u.GetId()}}).Code())
}

func TestClientsLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := must[clients.CreateClientResponse](f, cliService+"CreateClient", &clients.CreateClientRequest{Client: &clients.CreateClient{Name: "Shop", PostLoginUris: []string{"https://shop.example/cb"}}}).GetClient()
	require.Regexp(t, `^skc_\d{18}$`, c.GetId())
	secret := must[clients.CreateClientSecretResponse](f, cliService+"CreateClientSecret", &clients.CreateClientSecretRequest{ClientId: c.GetId()})
	require.Regexp(t, `^test_`, secret.GetPlainSecret())
	kept, err := f.dir.Clients.Get(c.GetId())
	require.NoError(t, err)
	_, ok := kept.Authenticates(secret.GetPlainSecret(), f.env.Now())
	require.True(t, ok, "the secret works")
	off := must[clients.UpdateClientSecretResponse](f, cliService+"UpdateClientSecret", &clients.UpdateClientSecretRequest{
		ClientId: c.GetId(), SecretId: secret.GetSecret().GetId(), Secret: &clients.UpdateClientSecret{Status: clients.ClientSecretStatus_INACTIVE},
	})
	require.Equal(t, clients.ClientSecretStatus_INACTIVE, off.GetSecret().GetStatus())
	kept, err = f.dir.Clients.Get(c.GetId())
	require.NoError(t, err)
	_, ok = kept.Authenticates(secret.GetPlainSecret(), f.env.Now())
	require.False(t, ok)
	changed := must[clients.UpdateClientResponse](f, cliService+"UpdateClient", &clients.UpdateClientRequest{ClientId: c.GetId(), Client: &clients.UpdateClient{InitiateLoginUri: ptr("https://shop.example/init")}}).GetClient()
	require.Equal(t, "https://shop.example/init", changed.GetInitiateLoginUri())
	require.Equal(t, []string{"https://shop.example/cb"}, changed.GetPostLoginUris())
	must[emptypb.Empty](f, cliService+"DeleteClientSecret", &clients.DeleteClientSecretRequest{ClientId: c.GetId(), SecretId: secret.GetSecret().GetId()})
	require.Empty(t, must[clients.GetClientResponse](f, cliService+"GetClient", &clients.GetClientRequest{ClientId: c.GetId()}).GetClient().GetSecrets())
	require.EqualValues(t, 1, must[clients.ListClientsResponse](f, cliService+"ListClient", &clients.ListClientsRequest{}).GetTotalSize())

	m := must[clients.CreateOrganizationClientResponse](f, cliService+"CreateOrganizationClient", &clients.CreateOrganizationClientRequest{
		OrganizationId: "org_1", Client: &clients.OrganizationClient{Name: "Robot", Scopes: []string{"read"}, Expiry: 600, CustomClaims: []*clients.CustomClaim{{Key: "tier", Value: "gold"}}},
	})
	require.Regexp(t, `^m2morg_\d{18}$`, m.GetClient().GetClientId())
	require.Len(t, m.GetClient().GetSecrets(), 1)
	require.EqualValues(t, 600, m.GetClient().GetExpiry())
	require.NotEmpty(t, m.GetPlainSecret())
	more := must[clients.CreateOrganizationClientSecretResponse](f, cliService+"CreateOrganizationClientSecret", &clients.CreateOrganizationClientSecretRequest{OrganizationId: "org_1", ClientId: m.GetClient().GetClientId()})
	must[emptypb.Empty](f, cliService+"DeleteOrganizationClientSecret", &clients.DeleteOrganizationClientSecretRequest{OrganizationId: "org_1", ClientId: m.GetClient().GetClientId(), SecretId: more.GetSecret().GetId()})
	updated := must[clients.UpdateOrganizationClientResponse](f, cliService+"UpdateOrganizationClient", &clients.UpdateOrganizationClientRequest{OrganizationId: "org_1", ClientId: m.GetClient().GetClientId(), Client: &clients.OrganizationClient{Description: "beeps"}})
	require.Equal(t, "beeps", updated.GetClient().GetDescription())
	require.Equal(t, []string{"read"}, updated.GetClient().GetScopes())
	require.Len(t, must[clients.ListOrganizationClientsResponse](f, cliService+"ListOrganizationClients", &clients.ListOrganizationClientsRequest{OrganizationId: "org_1"}).GetClients(), 1)
	require.Equal(t, connect.CodeNotFound, refused(f, cliService+"GetClient", &clients.GetClientRequest{ClientId: m.GetClient().GetClientId()}).Code(), "it belongs to an organization")
	must[emptypb.Empty](f, cliService+"DeleteOrganizationClient", &clients.DeleteOrganizationClientRequest{OrganizationId: "org_1", ClientId: m.GetClient().GetClientId()})
	must[emptypb.Empty](f, cliService+"DeleteClient", &clients.DeleteClientRequest{ClientId: c.GetId()})
}
