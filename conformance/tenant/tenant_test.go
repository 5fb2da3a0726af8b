package tenant_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/conformance/tenant"
)

// canaries are the secrets of the fixtures.
var canaries = []string{"canary0of0the0app0client", "live_canaryOfTheProvider"}

type object = map[string]any

// fixture is the clean configuration, to be broken.
type fixture struct {
	pool, client, provider, domain object
	target                         *conformance.Target
}

func load(t *testing.T) *fixture {
	t.Helper()
	target, err := conformance.ReadTarget("testdata/target.yaml")
	require.NoError(t, err)
	read := func(file, member string) object {
		data, err := os.ReadFile(filepath.Join("testdata/clean", file))
		require.NoError(t, err)
		var o map[string]object
		require.NoError(t, json.Unmarshal(data, &o))
		return o[member]
	}
	return &fixture{read("user-pool.json", "UserPool"), read("app-client.json", "UserPoolClient"), read("provider.json", "IdentityProvider"), read("domain.json", "DomainDescription"), target}
}

func (f *fixture) details() object { return f.provider["ProviderDetails"].(object) }
func (f *fixture) mapping() object { return f.provider["AttributeMapping"].(object) }

// attribute is an entry of the schema.
func (f *fixture) attribute(name string) object {
	for _, a := range f.pool["SchemaAttributes"].([]any) {
		if a.(object)["Name"] == name {
			return a.(object)
		}
	}
	return nil
}

func (f *fixture) model(t *testing.T) *tenant.Model {
	t.Helper()
	dir := t.TempDir()
	for member, o := range map[string]object{"UserPool": f.pool, "UserPoolClient": f.client, "IdentityProvider": f.provider, "DomainDescription": f.domain} {
		if o == nil {
			continue
		}
		data, err := json.Marshal(object{member: o})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, member+".json"), data, 0o600))
	}
	m, err := tenant.ReadDir(dir)
	require.NoError(t, err)
	m.Target = f.target
	return m
}

// examine returns the report as it is printed in JSON too, which holds no canary.
func examine(t *testing.T, m *tenant.Model) *tenant.Report {
	t.Helper()
	r := tenant.NewReport(m, "ssolab test", "test", nil)
	for _, v := range []any{r, r.Conformance(m.Target), m.Clients, m.Providers} {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		for _, canary := range canaries {
			require.NotContains(t, string(data), canary)
		}
	}
	for _, canary := range canaries {
		for _, p := range m.Providers {
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", p, *p, *p), canary)
		}
		for _, c := range m.Clients {
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, *c, *c), canary)
		}
	}
	return r
}

// red are the ids of the checks with findings.
func red(r *tenant.Report) []string {
	out := []string{}
	for _, res := range r.Results {
		if len(res.Findings) > 0 {
			out = append(out, res.ID)
		}
	}
	return out
}

func result(t *testing.T, r *tenant.Report, id string) tenant.Result {
	t.Helper()
	for _, res := range r.Results {
		if res.ID == id {
			return res
		}
	}
	require.Fail(t, "no result of "+id)
	return tenant.Result{}
}

func TestCleanPair(t *testing.T) {
	t.Parallel()
	r := examine(t, load(t).model(t))
	require.Empty(t, red(r))
	require.Zero(t, r.Summary.ExitCode())
	skipped := map[string]string{}
	for _, res := range r.Results {
		if res.Verdict == conformance.Skip {
			skipped[res.ID] = res.Reason
		} else {
			require.Equal(t, conformance.Pass, res.Verdict, res.ID+" "+res.Reason)
		}
	}
	require.Len(t, skipped, 2)
	require.Contains(t, skipped["TENANT-009"], "nothing was asked of Scalekit (--probe)")
	require.Contains(t, skipped["TENANT-031"], "in Scalekit's dashboard only")
}

// Each misconfiguration is found by its check and no other, with both values, what a person sees, and the fix.
func TestMisconfigurations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit func(f *fixture)
		id   string
		also []string // further ids that are red
		says []string // in the finding
		not  []string
	}{
		"another pool's issuer": {func(f *fixture) {
			f.target.Issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-north-1_Ab12Cd34E"
		}, "TENANT-001", nil, []string{"eu-west-1", "https://cognito-idp.eu-north-1.amazonaws.com/eu-north-1_Ab12Cd34E"}, nil},
		"issuer type UPDATED":    {func(f *fixture) { f.pool["IssuerConfiguration"] = object{"Type": "UPDATED"} }, "TENANT-001", nil, []string{"https://issuer-cognito-idp.eu-north-1"}, nil},
		"client of another pool": {func(f *fixture) { f.client["UserPoolId"] = "eu-north-1_Other" }, "TENANT-001", nil, []string{"eu-north-1_Other"}, nil},
		"no domain":              {func(f *fixture) { delete(f.pool, "Domain"); f.domain = nil }, "TENANT-002", nil, []string{"create-user-pool-domain", "--managed-login-version 2", "aws_cognito_user_pool_domain"}, nil},
		"domain not active":      {func(f *fixture) { f.domain["Status"] = "FAILED" }, "TENANT-002", nil, []string{"FAILED", "describe-user-pool-domain --region eu-north-1"}, nil},
		"another domain": {func(f *fixture) {
			f.target.Domain = "https://acme.auth.eu-north-1.amazoncognito.com"
			f.target.Scalekit.CallbackURLs = append(f.target.Scalekit.CallbackURLs, "https://acme.auth.eu-north-1.amazoncognito.com/oauth2/idpresponse")
		}, "TENANT-002", nil, []string{"https://acme-login.auth"}, nil},
		"SAML provider": {func(f *fixture) { f.provider["ProviderType"] = "SAML" }, "TENANT-003", nil, []string{"SAML", `provider_type = "OIDC"`}, nil},
		"provider's case": {func(f *fixture) { f.target.Provider.IdentityProvider = "scalekitIdPRouter" }, "TENANT-004", nil,
			[]string{"scalekitIdPRouter", "ScalekitIdPRouter", "Login option is not available. Please try another one", "case only"}, nil},
		"provider of the example app": {func(f *fixture) { f.target.Provider.IdentityProvider = "ScalekitOIDC123" }, "TENANT-004", nil, []string{"list-identity-providers"}, []string{"case only"}},
		"issuer with a slash": {func(f *fixture) { f.details()["oidc_issuer"] = "https://acme.scalekit.com/" }, "TENANT-005", nil,
			[]string{`"https://acme.scalekit.com/"`, "Bad id_token issuer https://acme.scalekit.com", "the slash at the end only", "update-identity-provider", `"oidc_issuer": "https://acme.scalekit.com"`,
				`"client_secret": "'"${SCALEKIT_CLIENT_SECRET:?`, `provider_details = { oidc_issuer = "https://acme.scalekit.com" }`, `"authorize_scopes": "openid email profile"`}, []string{"attributes_url_add_attributes"}},
		"another environment's issuer": {func(f *fixture) { f.details()["oidc_issuer"] = "https://other.scalekit.com" }, "TENANT-005", nil, []string{"Bad id_token issuer https://acme.scalekit.com"}, nil},
		"scope openid alone":           {func(f *fixture) { f.details()["authorize_scopes"] = "openid" }, "TENANT-006", nil, []string{`"openid"`, "attributes required: [email]", `"authorize_scopes": "openid email profile"`}, nil},
		"scopes without openid":        {func(f *fixture) { f.details()["authorize_scopes"] = "email" }, "TENANT-006", nil, []string{"no ID token"}, nil},
		"request method":               {func(f *fixture) { f.details()["attributes_request_method"] = "PUT" }, "TENANT-007", nil, []string{`"attributes_request_method": "GET"`}, nil},
		"client id mistyped":           {func(f *fixture) { f.details()["client_id"] = "prd_skc_6004066600000001" }, "TENANT-008", nil, []string{"prd_skc_60040666000000001", "invalid_client"}, nil},
		"callback not at Scalekit": {func(f *fixture) {
			f.target.Scalekit.CallbackURLs = []string{"https://acme-login.auth.eu-north-1.amazoncognito.com/oauth2/idpresponse/"}
		}, "TENANT-010", nil, []string{"Allowed callback URLs: add https://acme-login.auth", "invalid_redirect_uri"}, nil},
		"custom domain not at Scalekit": {func(f *fixture) { f.pool["CustomDomain"] = "login.acme.example" }, "TENANT-010", nil, []string{"https://login.acme.example/oauth2/idpresponse"}, nil},
		"domain without identifier": {func(f *fixture) { f.target.Scalekit.Domains = append(f.target.Scalekit.Domains, "new.example") }, "TENANT-011", nil,
			[]string{"new.example", `--idp-identifiers '["acme.example","megasoft.org","new.example"]'`, `idp_identifiers = ["acme.example", "megasoft.org", "new.example"]`}, nil},
		"stale identifier": {func(f *fixture) { f.target.Scalekit.Domains = []string{"acme.example"} }, "TENANT-012", nil, []string{"megasoft.org", `--idp-identifiers '["acme.example"]'`}, nil},
		"too long a domain": {func(f *fixture) {
			long := strings.Repeat("a", 40) + ".example"
			f.target.Scalekit.Domains = append(f.target.Scalekit.Domains, long)
			f.provider["IdpIdentifiers"] = append(f.provider["IdpIdentifiers"].([]any), long)
		}, "TENANT-013", nil, []string{"at most 40 characters"}, nil},
		"email not mapped": {func(f *fixture) { delete(f.mapping(), "email") }, "TENANT-014", nil,
			[]string{"attributes required: [email]", `--attribute-mapping '{"email":"email","email_verified":"email_verified","family_name":"family_name","given_name":"given_name","username":"sub"}'`}, nil},
		"email mapped from elsewhere": {func(f *fixture) { f.mapping()["email"] = "upn"; f.attribute("email")["Required"] = false }, "TENANT-014", nil, []string{"upn", "the claim is missing"}, nil},
		"email_verified not mapped":   {func(f *fixture) { delete(f.mapping(), "email_verified") }, "TENANT-015", nil, []string{`attribute_mapping = { email_verified = "email_verified" }`}, nil},
		"username from email":         {func(f *fixture) { f.mapping()["username"] = "email" }, "TENANT-016", nil, []string{"becomes another user"}, nil},
		"required and not mapped":     {func(f *fixture) { f.attribute("name")["Required"] = true }, "TENANT-017", nil, []string{"attributes required: [name]", `"name":"given_name"`}, nil},
		"immutable":                   {func(f *fixture) { f.attribute("email")["Mutable"] = false }, "TENANT-018", nil, []string{"user.email: Attribute cannot be updated.", "mutable = true", "new pool"}, nil},
		"not writable": {func(f *fixture) { f.client["WriteAttributes"] = []any{"email", "family_name"} }, "TENANT-018", nil,
			[]string{"given_name", `write_attributes = ["email", "family_name", "given_name"]`, "update-user-pool-client"}, nil},
		"custom attribute, no permissions": {func(f *fixture) { f.mapping()["custom:plan"] = "plan" }, "TENANT-018", nil, []string{"custom:plan", `"given_name"`}, nil},
		"not in the schema": {func(f *fixture) {
			f.mapping()["custom:unknown"] = "x"
			f.client["WriteAttributes"] = []any{"email", "family_name", "given_name", "custom:unknown"}
		}, "TENANT-018", nil,
			[]string{"Attribute does not exist in the schema"}, nil},
		"provider not on the client": {func(f *fixture) { f.client["SupportedIdentityProviders"] = []any{"COGNITO"} }, "TENANT-019", nil,
			[]string{"Login option is not available. Please try another one", `supported_identity_providers = ["COGNITO", "ScalekitIdPRouter"]`, "update-user-pool-client --region eu-north-1 \\\n  --cli-input-json '{"}, nil},
		"callback with a slash": {func(f *fixture) { f.target.Client.RedirectURI += "/" }, "TENANT-020", nil,
			[]string{"/error?error=redirect_mismatch&client_id=k6tana1l8b0bvhk9gfijkurr6", "the slash at the end only", `"https://app.acme.example/auth/callback/"`,
				`"RefreshTokenValidity": 5`, `"AllowedOAuthScopes": [`, `"ExplicitAuthFlows": [`, `"TokenValidityUnits": {`, `"ClientName": "Acme web"`, "callback_urls = ["}, []string{"ClientSecret\"", "CreationDate"}},
		"sign-out URL": {func(f *fixture) { f.client["LogoutURLs"] = []any{"https://app.acme.example"} }, "TENANT-021", nil, []string{"&logout_uri=https%3A%2F%2Fapp.acme.example%2F", "logout_urls"}, nil},
		"OAuth off":    {func(f *fixture) { f.client["AllowedOAuthFlowsUserPoolClient"] = false }, "TENANT-022", nil, []string{"/error?error=invalid_request", `"AllowedOAuthFlowsUserPoolClient": true`}, nil},
		"no code flow": {func(f *fixture) { f.client["AllowedOAuthFlows"] = []any{"client_credentials"} }, "TENANT-022", nil, []string{"unauthorized_client", `allowed_oauth_flows = ["client_credentials", "code"]`}, nil},
		"implicit on":  {func(f *fixture) { f.client["AllowedOAuthFlows"] = []any{"code", "implicit"} }, "TENANT-022", nil, []string{`allowed_oauth_flows = ["code"]`, "SHOULD"}, nil},
		"scope not ticked": {func(f *fixture) { f.client["AllowedOAuthScopes"] = []any{"openid", "email"} }, "TENANT-023", nil,
			[]string{"invalid_scope", `allowed_oauth_scopes = ["openid", "email", "profile"]`}, nil},
		"offline_access": {func(f *fixture) { f.target.Client.Scopes = append(f.target.Client.Scopes, "offline_access") }, "TENANT-023", nil, []string{"Cognito knows no offline_access"}, nil},
		"http callback": {func(f *fixture) {
			f.client["CallbackURLs"] = append(f.client["CallbackURLs"].([]any), "http://app.acme.example/cb")
		}, "TENANT-024", nil, []string{"in clear", `"https://app.acme.example/cb"`}, nil},
		"wildcard callback": {func(f *fixture) {
			f.client["CallbackURLs"] = append(f.client["CallbackURLs"].([]any), "https://*.acme.example/cb")
		}, "TENANT-024", nil, []string{"the star matches nothing"}, nil},
		"revocation off":              {func(f *fixture) { f.client["EnableTokenRevocation"] = false }, "TENANT-025", nil, []string{"enable_token_revocation = true"}, nil},
		"existence errors":            {func(f *fixture) { delete(f.client, "PreventUserExistenceErrors") }, "TENANT-026", nil, []string{"LEGACY", `prevent_user_existence_errors = "ENABLED"`}, nil},
		"browser app with a secret":   {func(f *fixture) { f.target.Client.Secret = "" }, "TENANT-027", nil, []string{"invalid_client_secret", `"GenerateSecret": false`, "generate_secret = false"}, []string{`"ClientId"`}},
		"server app without a secret": {func(f *fixture) { delete(f.client, "ClientSecret") }, "TENANT-027", nil, []string{`"GenerateSecret": true`}, nil},
		"self sign-up": {func(f *fixture) {
			f.pool["AdminCreateUserConfig"].(object)["AllowAdminCreateUserOnly"] = false
			f.client["SupportedIdentityProviders"] = []any{"COGNITO", "ScalekitIdPRouter"}
		}, "TENANT-028", nil, []string{"update-user-pool --region", `"AllowAdminCreateUserOnly": true`, `"PasswordPolicy": {`, `"UserPoolId": "eu-north-1_Ab12Cd34E"`}, []string{"SchemaAttributes\"", "UnusedAccountValidityDays"}},
		"connection disabled": {func(f *fixture) { *f.target.Scalekit.Connections[0].Enabled = false }, "TENANT-030", nil, []string{"no_active_connections", "disabled"}, nil},
		"connection not finished": {func(f *fixture) {
			f.target.Scalekit.Connections[0].Status = "IN_PROGRESS"
			f.target.Scalekit.ConnectionID = "conn_60040666217971987"
		}, "TENANT-030", nil, []string{"connection_not_active", "IN_PROGRESS"}, nil},
		"development client in production": {func(f *fixture) { f.details()["client_id"] = "skc_1"; f.target.Scalekit.ClientID = "skc_1" }, "TENANT-032", nil, []string{"skc_1, development"}, nil},
		"development issuer in production": {func(f *fixture) {
			f.details()["oidc_issuer"], f.target.Scalekit.EnvironmentURL = "https://acme-dev.scalekit.dev", "https://acme-dev.scalekit.dev"
			f.details()["client_id"], f.target.Scalekit.ClientID = "skc_1", "skc_1"
		}, "TENANT-032", nil, []string{"stage=production", "IdP simulator"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := load(t)
			c.edit(f)
			r := examine(t, f.model(t))
			require.Equal(t, append([]string{c.id}, c.also...), red(r))
			res := result(t, r, c.id)
			finding := res.Findings[0]
			text := strings.Join([]string{string(finding.Level), finding.Subject, finding.Have.String(), finding.Want.String(), finding.Consequence, finding.Fix.String()}, "\n")
			for _, says := range c.says {
				require.Contains(t, text, says)
			}
			for _, not := range c.not {
				require.NotContains(t, text, not)
			}
			for _, value := range []string{finding.Have.Place, finding.Have.Text, finding.Want.Place, finding.Want.Text, finding.Fix.Console} {
				require.NotEmpty(t, value)
			}
			want := conformance.Fail
			if finding.Level == conformance.Should {
				want = conformance.Warn
			}
			require.Equal(t, want, res.Verdict)
		})
	}
}

// Two providers cannot have one identifier.
func TestIdentifierOfTwoProviders(t *testing.T) {
	t.Parallel()
	m := load(t).model(t)
	require.NoError(t, m.Add("other.json", []byte(`{"IdentityProvider":{"UserPoolId":"eu-north-1_Ab12Cd34E","ProviderName":"Okta","ProviderType":"OIDC","IdpIdentifiers":["Megasoft.org","own.example"]}}`)))
	r := examine(t, m)
	require.Equal(t, []string{"TENANT-013"}, red(r))
	require.Contains(t, result(t, r, "TENANT-013").Findings[0].Fix.CLI, `--provider-name Okta \`+"\n"+`  --idp-identifiers '["own.example"]'`)
}

// Commands replace whole settings: one that repairs one finding must not undo the repair of another.
func TestCommandsDoNotUndoEachOther(t *testing.T) {
	t.Parallel()
	f := load(t)
	f.details()["oidc_issuer"], f.details()["authorize_scopes"] = "https://acme.scalekit.com/", "openid"
	delete(f.mapping(), "email_verified")
	f.attribute("name")["Required"] = true
	f.client["CallbackURLs"] = []any{"http://app.acme.example/cb", "http://localhost:3000/auth/callback"}
	f.client["EnableTokenRevocation"] = false
	f.target.Scalekit.Domains = []string{"acme.example", "new.example"}
	r := examine(t, f.model(t))
	require.Equal(t, []string{"TENANT-005", "TENANT-006", "TENANT-011", "TENANT-012", "TENANT-015", "TENANT-017", "TENANT-020", "TENANT-024", "TENANT-025"}, red(r))
	for ids, says := range map[[3]string][]string{
		{"TENANT-005", "TENANT-006"}:               {`"oidc_issuer": "https://acme.scalekit.com"`, `"authorize_scopes": "openid email profile"`},
		{"TENANT-011", "TENANT-012"}:               {`'["acme.example","new.example"]'`},
		{"TENANT-015", "TENANT-017"}:               {`"email_verified":"email_verified"`, `"name":"given_name"`},
		{"TENANT-020", "TENANT-024", "TENANT-025"}: {`"https://app.acme.example/cb"`, `"https://app.acme.example/auth/callback"`, `"EnableTokenRevocation": true`},
	} {
		for i, id := range ids {
			if id == "" {
				continue
			}
			fix := result(t, r, id).Findings[0].Fix
			for _, text := range says {
				require.Contains(t, fix.CLI, text, id)
			}
			require.NotContains(t, fix.CLI, `"http://app.acme.example/cb"`)
			require.Contains(t, fix.Note, "It makes the changes of "+ids[1-min(i, 1)], id)
		}
	}
}

// What the input does not tell is a skip with its reason.
func TestNothingIsPassedUnseen(t *testing.T) {
	t.Parallel()
	f := load(t)
	f.client, f.provider, f.domain, f.target = nil, nil, nil, nil
	r := examine(t, f.model(t))
	require.Empty(t, red(r))
	for _, res := range r.Results {
		switch res.ID {
		case "TENANT-001", "TENANT-002", "TENANT-029":
			require.Equal(t, conformance.Pass, res.Verdict, res.ID)
		default:
			require.Equal(t, conformance.Skip, res.Verdict, res.ID)
			require.NotEmpty(t, res.Reason, res.ID)
		}
	}
	require.Contains(t, result(t, r, "TENANT-001").Notes[0], "--target")
	require.Contains(t, result(t, r, "TENANT-002").Notes[0], "the status of the domain acme-login")
}

func TestTriggersAreListed(t *testing.T) {
	t.Parallel()
	f := load(t)
	f.pool["LambdaConfig"] = object{"PreSignUp": "arn:aws:lambda:eu-north-1:1:function:pre", "PreTokenGenerationConfig": object{"LambdaVersion": "V2_0", "LambdaArn": "arn:aws:lambda:eu-north-1:1:function:token"}}
	res := result(t, examine(t, f.model(t)), "TENANT-029")
	require.Equal(t, conformance.Informed, res.Verdict)
	require.Len(t, res.Notes, 2)
	require.Contains(t, res.Notes[0], `function:pre. It can refuse a sign-in (the app sees "PreSignUp failed with error …")`)
}

// A setting that this version does not know is not lost silently.
func TestUnknownSettingsAreNamed(t *testing.T) {
	t.Parallel()
	f := load(t)
	f.client["SettingOfTomorrow"] = "x"
	f.client["AllowedOAuthFlows"] = []any{}
	fix := result(t, examine(t, f.model(t)), "TENANT-022").Findings[0].Fix
	require.Contains(t, fix.Note, "Not carried, because this version does not know them: SettingOfTomorrow")
}

func TestWrongTypesHaveFileAndPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.json": `{"UserPoolClient":{"ClientId":5,"CallbackURLs":["x",1],"AllowedOAuthFlowsUserPoolClient":"yes","ClientSecret":["canary"],"New":{}}}`,
		"b.json": `{"UserPool":{"SchemaAttributes":[{"Name":"x","Mutable":1}]}}`,
		"c.json": `{"Users":[]}`,
		"d.json": "{\n  \"UserPool\" {}}",
		"e.json": `{"DomainDescription":{"Domain":"x","ManagedLoginVersion":1.5}}`,
		"f.json": `[]`,
		"g.json": `{"IdentityProvider":null}`,
		"h.json": "\ufeff" + `{"IdentityProvider":{"ProviderName":"X","AttributeMapping":{"email":false}}}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	_, err := tenant.ReadDir(dir)
	require.Error(t, err)
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	require.Equal(t, strings.Join([]string{
		"a.json: UserPoolClient.ClientId: is a number, and must be a string",
		"a.json: UserPoolClient.ClientSecret: is an array, and must be a string",
		"a.json: UserPoolClient.CallbackURLs[1]: is a number, and must be a string",
		"a.json: UserPoolClient.AllowedOAuthFlowsUserPoolClient: is a string, and must be true or false",
		"b.json: UserPool.SchemaAttributes[0].Mutable: is a number, and must be true or false",
		"b.json: UserPool.Id: is missing",
		"c.json: must be the output of one aws cognito-idp describe-… command: an object with one of UserPool, UserPoolClient, IdentityProvider, DomainDescription",
		"d.json: line 2, column 14: no JSON: invalid character '{' after object key",
		"e.json: DomainDescription.ManagedLoginVersion: is a number, and must be a whole number",
		"f.json: is an array, and must be an object",
		"g.json: IdentityProvider: is null, and must be an object",
		"h.json: AttributeMapping.email",
	}[:11], "\n"), got[:strings.LastIndex(got, "\nh.json")])
	require.Contains(t, got, "h.json: IdentityProvider.AttributeMapping.email: is a boolean, and must be a string")

	_, err = tenant.ReadDir(t.TempDir())
	require.ErrorContains(t, err, "has no *.json file")
	_, err = tenant.ReadFiles("testdata/none.json")
	require.ErrorContains(t, err, "no such file")
	m, err := tenant.ReadFiles("testdata/clean/user-pool.json")
	require.NoError(t, err)
	require.ErrorContains(t, m.Add("x", []byte(`{"UserPool":{"Id":"eu-north-1_Other"}}`)), "give one pool")
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range tenant.Catalogue() {
		require.False(t, seen[c.ID], c.ID)
		seen[c.ID] = true
		require.Regexp(t, `^TENANT-\d{3}$`, c.ID)
		require.NotEmpty(t, c.Title)
		require.NotEmpty(t, c.Hint)
	}
	require.Len(t, seen, 32)
}
