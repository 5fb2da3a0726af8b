package live_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/tenant"
	"github.com/ssolab/ssolab/conformance/tenant/live"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// dummy are credentials that the lab takes like any others.
var dummy = []func(*config.LoadOptions) error{config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("ssolab", "ssolab", ""))}

// setUp is a lab that may be configured wrong, and what an app and a person know of it.
type setUp struct {
	pool   mockcognito.UserPool
	env    mockscalekit.Environment
	target *conformance.Target
}

func (s *setUp) client() *mockcognito.AppClient          { return &s.pool.Clients[0] }
func (s *setUp) provider() *mockcognito.IdentityProvider { return &s.pool.Providers[0] }

// examine starts the lab, reads its configuration live, asks its Scalekit, and examines both. before edits the
// configuration, after what is said in the target.
func examine(t *testing.T, before, after func(*setUp)) (*tenant.Report, []live.Call) {
	t.Helper()
	s := &setUp{pool: mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})}
	if before != nil {
		before(s)
	}
	lab := ssolab.Run(t, func(c *ssolab.Config) { c.UserPools, c.Scalekit = []mockcognito.UserPool{s.pool}, s.env })
	s.target = &conformance.Target{
		Issuer: lab.URLs().Issuer, Domain: lab.URLs().Domain, Email: "john@example.com",
		Client: conformance.Client{
			ID: s.client().ID, Secret: conformance.Secret(s.client().Secret), RedirectURI: lab.Variable("COGNITO_REDIRECT_URI"), LogoutURI: lab.URLs().App + "/",
			Scopes: []string{"openid", "email"},
		},
		Provider: conformance.Provider{IdentityProvider: mockcognito.DefaultProviderName},
		Scalekit: conformance.Scalekit{EnvironmentURL: lab.URLs().Scalekit, Domains: []string{"example.com", "example.org", "megasoft.org"}},
	}
	if after != nil {
		after(s)
	}
	m, calls, err := live.Read(t.Context(), live.Options{
		Pool: s.pool.ID, Clients: []string{s.target.Client.ID}, Providers: []string{s.target.Provider.IdentityProvider}, Endpoint: lab.URLs().Cognito, Load: dummy,
	})
	require.NoError(t, err)
	m.Target = s.target
	client, err := s.target.HTTPClient(10 * time.Second)
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	m.Probe(t.Context(), client)
	r := tenant.NewReport(m, "ssolab test", "AWS API", nil)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	for _, secret := range []string{lab.Variable("COGNITO_CLIENT_SECRET"), lab.Variable("SCALEKIT_CLIENT_SECRET")} {
		require.NotEmpty(t, secret)
		require.NotContains(t, string(data), secret)
	}
	return r, calls
}

func red(r *tenant.Report) []string {
	out := []string{}
	for _, res := range r.Results {
		if len(res.Findings) > 0 {
			out = append(out, res.ID)
		}
	}
	return out
}

func TestHealthyLab(t *testing.T) {
	t.Parallel()
	r, calls := examine(t, nil, nil)
	require.Empty(t, red(r))
	for _, res := range r.Results {
		require.NotEqual(t, conformance.Errored, res.Verdict, res.ID+" "+res.Reason)
		switch res.ID {
		case "TENANT-005", "TENANT-008", "TENANT-009", "TENANT-010":
			require.Equal(t, conformance.Pass, res.Verdict, res.ID+" "+res.Reason)
		}
	}
	require.Equal(t, []live.Call{
		{Operation: "DescribeUserPool", Name: mockcognito.DefaultPoolID, Status: 200},
		{Operation: "DescribeUserPoolClient", Name: mockcognito.DefaultClientID, Status: 200},
		{Operation: "DescribeIdentityProvider", Name: mockcognito.DefaultProviderName, Status: 200},
		{Operation: "DescribeUserPoolDomain", Name: mockcognito.DefaultDomain, Status: 200},
	}, calls)
	require.Len(t, r.Requests, 4) // discovery, a comparison, one domain, the secret
	for _, request := range r.Requests {
		require.NotContains(t, request, "?")
	}
}

// A lab that is configured wrong is found out through the API, and by asking its Scalekit.
func TestMisconfiguredLabs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after func(*setUp)
		want          []string
		says          string // in the first finding
	}{
		"no domain": {func(s *setUp) { s.pool.Domain = "" }, nil, []string{"TENANT-002"}, "create-user-pool-domain"},
		"no provider": {func(s *setUp) {
			s.pool.Providers = nil
			s.client().IdentityProviders = []string{"COGNITO"}
			s.pool.Clients = s.pool.Clients[:1]
		}, nil, []string{"TENANT-003", "TENANT-019", "TENANT-028"}, "create-identity-provider"},
		"provider's case": {nil, func(s *setUp) { s.target.Provider.IdentityProvider = "scalekitidprouter" }, []string{"TENANT-004"}, "ScalekitIdPRouter"},
		"another issuer": {func(s *setUp) {
			p := s.provider()
			p.Issuer, p.ClientID, p.ClientSecret = "https://acme.scalekit.invalid", "skc_60040666000000001", "test_x"
		}, nil, []string{"TENANT-005"}, "Bad id_token issuer"},
		"provider's scopes":       {func(s *setUp) { s.provider().Scopes = "openid" }, nil, []string{"TENANT-006"}, "openid email profile"},
		"missing identifier":      {nil, func(s *setUp) { s.target.Scalekit.Domains = append(s.target.Scalekit.Domains, "new.example") }, []string{"TENANT-011"}, "new.example"},
		"email not mapped":        {func(s *setUp) { delete(s.provider().AttributeMapping, "email") }, nil, []string{"TENANT-014"}, `"email":"email"`},
		"verified not mapped":     {func(s *setUp) { delete(s.provider().AttributeMapping, "email_verified") }, nil, []string{"TENANT-015"}, `"email_verified":"email_verified"`},
		"required attribute":      {func(s *setUp) { s.pool.Attributes = []mockcognito.Attribute{{Name: "nickname", Required: true}} }, nil, []string{"TENANT-017"}, "attributes required: [nickname]"},
		"immutable attribute":     {func(s *setUp) { s.pool.Attributes = []mockcognito.Attribute{{Name: "email", Immutable: true}} }, nil, []string{"TENANT-018"}, "user.email: Attribute cannot be updated."},
		"provider not on client":  {func(s *setUp) { s.client().IdentityProviders = []string{"COGNITO"} }, nil, []string{"TENANT-019", "TENANT-028"}, "Login option is not available"},
		"callback not registered": {nil, func(s *setUp) { s.target.Client.RedirectURI += "/" }, []string{"TENANT-020"}, "redirect_mismatch"},
		"sign-out not registered": {nil, func(s *setUp) { s.target.Client.LogoutURI += "bye" }, []string{"TENANT-021"}, "logout_uri="},
		"OAuth off":               {func(s *setUp) { s.client().DisableOAuth = true }, nil, []string{"TENANT-022"}, "/error?error=invalid_request"},
		"implicit flow":           {func(s *setUp) { s.client().Flows = []string{"code", "implicit"} }, nil, []string{"TENANT-022"}, `allowed_oauth_flows = ["code"]`},
		"client's scopes":         {func(s *setUp) { s.client().Scopes = []string{"openid"} }, nil, []string{"TENANT-023"}, "invalid_scope"},
		"revocation off":          {func(s *setUp) { s.client().DisableTokenRevocation = true }, nil, []string{"TENANT-025"}, "/oauth2/revoke"},
		"browser app, secret":     {nil, func(s *setUp) { s.target.Client.Secret = "" }, []string{"TENANT-027"}, "invalid_client_secret"},
		"callback not at Scalekit": {func(s *setUp) {
			s.env = mockscalekit.DefaultEnvironment("https://app.invalid/auth/callback")
		}, nil, []string{"TENANT-010"}, "Scalekit, answer to an authorization request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := examine(t, c.before, c.after)
			require.Equal(t, c.want, red(r))
			for _, res := range r.Results {
				if res.ID == c.want[0] {
					f := res.Findings[0]
					require.Contains(t, strings.Join([]string{f.Have.String(), f.Want.String(), f.Consequence, f.Fix.String()}, "\n"), c.says)
				}
			}
		})
	}
}

// byName is the SDK's own client, which finds the lab's host names.
func byName(lab *ssolab.Lab) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		dial := tr.DialContext
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dial(ctx, network, cmp.Or(lab.Resolve()[addr], addr))
		}
	})
}

// A lab with the vendor's names on a port of its own, read over TLS.
func TestLabWithNames(t *testing.T) {
	t.Parallel()
	for _, names := range []string{ssolab.NamesLocalhost, ssolab.NamesVendor} {
		lab := ssolab.Run(t, func(c *ssolab.Config) { c.Names = names })
		client := lab.HTTPClient()
		defer client.CloseIdleConnections()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		m, _, err := live.Read(t.Context(), live.Options{
			Pool: mockcognito.DefaultPoolID, Clients: []string{mockcognito.DefaultClientID}, Endpoint: lab.URLs().Cognito,
			Load: append([]func(*config.LoadOptions) error{config.WithHTTPClient(byName(lab)), config.WithCustomCABundle(bytes.NewReader(lab.CA()))}, dummy...),
		})
		require.NoError(t, err)
		m.Target = &conformance.Target{
			Issuer: lab.URLs().Issuer, Domain: lab.URLs().Domain, Provider: conformance.Provider{IdentityProvider: mockcognito.DefaultProviderName},
			Client: conformance.Client{ID: mockcognito.DefaultClientID, Secret: "x", RedirectURI: lab.Variable("COGNITO_REDIRECT_URI")},
		}
		m.Probe(t.Context(), client)
		r := tenant.NewReport(m, "ssolab test", "AWS API", nil)
		require.Empty(t, red(r), names)
		require.Zero(t, r.Summary.Error)
	}
}

// The client secret that Cognito has is tried with an invented code; an id that Scalekit does not know shows too.
func TestProbes(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	id, secret := lab.Variable("SCALEKIT_CLIENT_ID"), lab.Variable("SCALEKIT_CLIENT_SECRET")
	for name, c := range map[string]struct {
		id, secret string
		want       []string
	}{
		"right":          {id, secret, []string{}},
		"stale secret":   {id, "test_canaryOfAnOldSecret", []string{"TENANT-009"}},
		"unknown client": {"skc_6", secret, []string{"TENANT-008"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &tenant.Model{Target: &conformance.Target{Domain: lab.URLs().Domain}}
			require.NoError(t, m.Add("provider", []byte(`{"IdentityProvider":{"UserPoolId":"us-east-1_SsoLab001","ProviderName":"ScalekitIdPRouter","ProviderType":"OIDC","ProviderDetails":{
				"client_id":"`+c.id+`","client_secret":"`+c.secret+`","oidc_issuer":"`+lab.URLs().Scalekit+`","authorize_scopes":"openid email","attributes_request_method":"GET"},
				"AttributeMapping":{"email":"email","email_verified":"email_verified","username":"sub"}}}`)))
			client, err := m.Target.HTTPClient(10 * time.Second)
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			m.Probe(t.Context(), client)
			r := tenant.NewReport(m, "ssolab test", "files", nil)
			require.Equal(t, c.want, red(r))
			data, err := json.Marshal([]any{r, r.Conformance(m.Target), m})
			require.NoError(t, err)
			require.NotContains(t, string(data), c.secret)
		})
	}
}

// A Scalekit that does not answer leaves checks undecided, it does not fail them.
func TestProbeOfADeadHost(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	m := &tenant.Model{Target: &conformance.Target{Domain: "https://login.acme.example"}}
	require.NoError(t, m.Add("provider", []byte(`{"IdentityProvider":{"ProviderName":"Scalekit","ProviderType":"OIDC","ProviderDetails":{"client_id":"skc_1","client_secret":"test_x","oidc_issuer":"`+dead.URL+`"}}}`)))
	client, err := m.Target.HTTPClient(time.Second)
	require.NoError(t, err)
	m.Probe(t.Context(), client)
	for _, res := range tenant.Examine(m) {
		switch res.ID {
		case "TENANT-008", "TENANT-009", "TENANT-010":
			require.Equal(t, conformance.Skip, res.Verdict, res.ID)
			require.Contains(t, res.Reason, "did not answer", res.ID)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	read := func(pool string, clients ...string) (*tenant.Model, []live.Call, error) {
		return live.Read(t.Context(), live.Options{Pool: pool, Clients: clients, Endpoint: lab.URLs().Cognito, Load: dummy})
	}
	m, calls, err := read("us-east-1_Nobody1", "x")
	require.NoError(t, err)
	require.Len(t, calls, 1)
	r := tenant.NewReport(m, "", "", nil)
	require.Equal(t, []string{"TENANT-001"}, red(r))
	require.Contains(t, r.Results[0].Findings[0].Have.Text, "ResourceNotFoundException: User pool us-east-1_Nobody1 does not exist.")

	m, _, err = read(mockcognito.DefaultPoolID, "nobody")
	require.NoError(t, err)
	for _, res := range tenant.Examine(m) {
		if res.ID == "TENANT-019" {
			require.Contains(t, res.Reason, "User pool client nobody does not exist.")
		}
	}

	refused := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"AccessDeniedException","Message":"not authorized to perform: cognito-idp:DescribeUserPool"}`))
	}))
	defer refused.Close()
	_, _, err = live.Read(t.Context(), live.Options{Pool: mockcognito.DefaultPoolID, Endpoint: refused.URL, Load: dummy})
	require.ErrorContains(t, err, "AccessDeniedException")

	_, _, err = live.Read(t.Context(), live.Options{Pool: "pool"})
	require.ErrorContains(t, err, "no user pool id")
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	for pool, arn := range map[string]string{
		"eu-north-1_Ab12Cd34E": "arn:aws:cognito-idp:eu-north-1:*:userpool/eu-north-1_Ab12Cd34E",
		"us-gov-west-1_X":      "arn:aws-us-gov:cognito-idp:us-gov-west-1:*:userpool/us-gov-west-1_X",
	} {
		text, err := live.Policy(pool)
		require.NoError(t, err)
		require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
			{"Sid":"ReadUserPool","Effect":"Allow","Action":["cognito-idp:DescribeIdentityProvider","cognito-idp:DescribeUserPool","cognito-idp:DescribeUserPoolClient"],"Resource":"`+arn+`"},
			{"Sid":"ReadDomain","Effect":"Allow","Action":["cognito-idp:DescribeUserPoolDomain"],"Resource":"*"}]}`, text)
	}
	_, err := live.Policy("x")
	require.Error(t, err)
}
