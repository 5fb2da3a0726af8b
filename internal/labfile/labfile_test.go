package labfile_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/internal/yamlfile"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

func noVariables(string) string { return "" }

// certificate is one of an identity provider, of P-256, made for these tests.
const certificate = "MIIBfjCCASOgAwIBAgIUDyCU44LO2v0yXm3xTg0OGrtSXJ8wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIaWRwLnRlc3QwIBcNMjYxMTI1MTQzMzQxWhgPMjEyNjExMDExNDMz" +
	"NDFaMBMxETAPBgNVBAMMCGlkcC50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElgw2+Vghqk+/rdaZg4bvncm7QOQWeTqRmKHd37fZQpfsUlQNMAnr2Fuw7w32zocv" +
	"f3w1x0dXZw7c+Eoj0ArxFaNTMFEwHQYDVR0OBBYEFJcyLXdWP5iJOxXMbHGR4KSL+zR5MB8GA1UdIwQYMBaAFJcyLXdWP5iJOxXMbHGR4KSL+zR5MA8GA1UdEwEB/wQFMAMB" +
	"Af8wCgYIKoZIzj0EAwIDSQAwRgIhAMwXQ0GPaRRn0DpRWZk0kBXY1W478W/2SWoaTcCd/EzmAiEA2fs2sjtFI2Kk0oB5AqmsANto6bV3XltjH31b0HTaFpk="

func TestALabFile(t *testing.T) {
	t.Parallel()
	cfg, err := labfile.Read("testdata/good/vendor.yaml", ssolab.Config{}, noVariables)
	require.NoError(t, err)
	require.Equal(t, ssolab.Config{
		UserPools: []mockcognito.UserPool{{
			ID: "eu-north-1_6m0O668r5", Domain: "vendor-example",
			Clients: []mockcognito.AppClient{{
				ID: "6hf2kq1p0vendorexample0001", Secret: "vendor0example0secret0000000000001",
				CallbackURLs: []string{"http://localhost:3000/auth/callback"}, LogoutURLs: []string{"http://localhost:3000/"},
				IdentityProviders: []string{"ScalekitOIDC123"}, IDTokenValidity: 5 * time.Minute,
			}},
			Providers: []mockcognito.IdentityProvider{{
				Name: "ScalekitOIDC123", Scopes: "openid email profile", Identifiers: []string{"acme.test"},
				AttributeMapping: map[string]string{"email": "email", "given_name": "given_name", "name": "given_name"},
			}},
		}},
		Scalekit: mockscalekit.Environment{
			Organizations: []mockscalekit.Organization{{
				ID: "org_1", DisplayName: "Acme", Domains: []mockscalekit.Domain{{Name: "acme.test"}},
				Connections: []mockscalekit.Connection{{ID: "conn_1", Provider: mockscalekit.IDPSimulator}},
			}},
			People: []mockscalekit.Person{{
				Email: "ada@acme.test", GivenName: "Ada", FamilyName: "Lovelace", Subject: "0b0e6a52-0000-4000-8000-000000000001",
			}},
		},
		Quirks: map[string]bool{"allow-loopback-issuer": true},
	}, cfg)
}

// uncomment takes the # away from each line that is a key as a comment.
func uncomment(text string) string {
	return regexp.MustCompile(`(?m)^(\s*)#([^ \n])`).ReplaceAllString(text, "$1$2")
}

// full is the starter with every key in use, but for those that exclude each other.
func full() string {
	text := uncomment(labfile.Starter())
	return strings.NewReplacer(
		"    username_attributes: [email]  # or alias_attributes\n", "    alias_attributes: [email]\n",
	).Replace(text)
}

// The starter declares what the lab is without a file: nothing changes when one is reloaded with it.
func TestTheStarterIsTheDefaultLab(t *testing.T) {
	t.Parallel()
	cfg, err := labfile.Parse("ssolab.yaml", []byte(labfile.Starter()), ssolab.Config{}, noVariables)
	require.NoError(t, err)
	lab := ssolab.Run(t)
	before := lab.Variables()
	done, err := lab.Reload(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, done.Changes)
	require.Empty(t, done.Restart)
	require.Equal(t, before, lab.Variables())
}

// Every key of the starter can be used, and there is none that it does not show.
func TestTheStarterShowsEveryKey(t *testing.T) {
	t.Parallel()
	for _, text := range []string{full(), uncomment(labfile.Starter())} {
		_, err := labfile.Parse("ssolab.yaml", []byte(text), ssolab.Config{}, variables)
		require.NoError(t, err)
	}
	for _, key := range labfile.Keys() {
		name := key.Path[strings.LastIndex(key.Path, ".")+1:]
		require.Regexp(t, `(?m)(^|[\s{#-])`+name+`:`, labfile.Starter()+"alias_attributes: temporary_password:", key.Path)
	}
	_, err := labfile.Parse("ssolab.yaml", []byte(labfile.Minimal()), ssolab.Config{}, noVariables)
	require.NoError(t, err)
	for line := range strings.Lines(labfile.Starter() + labfile.Minimal()) {
		require.LessOrEqual(t, len(line), 132, line)
		require.NotContains(t, line, "\t")
	}
}

func TestEveryKeyReachesTheLab(t *testing.T) {
	t.Parallel()
	cfg, err := labfile.Parse("/etc/lab/all.yaml", []byte(`
listen: {tls: true, names: vendor, tls_port: 443, port_base: 9500, bind: [0.0.0.0], ca_dir: ca, scalekit_environment: acme}
data: data
empty: true
callbacks: [http://localhost:1/cb]
sign_outs: [http://localhost:1/]
user_pools:
  - id: us-east-1_All
    name: all
    domain: all
    custom_domains: [auth.acme.test]
    managed_login_version: 1
    updated_issuer: true
    case_insensitive: true
    alias_attributes: [email]
    auto_verified: [email]
    mfa: OPTIONAL
    no_sign_up: true
    password_policy: {minimum_length: 6, symbols: false}
    attributes: [{name: "custom:plan", required: false, immutable: true}]
    subs: {Router_1: 11111111-1111-1111-1111-111111111111}
    resource_servers: [{identifier: "https://api", name: API, scopes: {read: Read}}]
    groups: [{name: admins, description: d, role_arn: arn, precedence: 0}]
    users:
      - {username: ada, password: Abcdef1, attributes: {email: a@b.test, "custom:plan": gold}, groups: [admins]}
      - {username: bob, temporary_password: Abcdef1}
    clients:
      - {id: c1, name: one, callback_urls: ["myapp://cb"], default_redirect_uri: "myapp://cb", scopes: [openid], flows: [code], identity_providers: [COGNITO, Router],
         read_attributes: [email], write_attributes: [name], explicit_auth_flows: [ALLOW_USER_AUTH], show_user_existence: true,
         access_token_validity: 1h, id_token_validity: 1h, refresh_token_validity: 10d, rotate_refresh_tokens: true, rotation_grace: 5s,
         branding: false, token_revocation: false, oauth: false}
    providers:
      - {name: Router, issuer: "https://acme.scalekit.dev", client_id: skc_1, client_secret: s, attributes_request_method: POST,
         authorize_url: "https://a/1", token_url: "https://a/2", attributes_url: "https://a/3", jwks_uri: "https://a/4"}
scalekit:
  name: all
  id: env_1
  kind: development
  mode: full-stack
  id_token_ttl: 1h
  access_token_ttl: 5m
  session_ttl: 1d
  access_token_claims: {plan: gold}
  attributes: [badge]
  connections:
    - {id: conn_2, attribute_mapping: {email: mail}, provider: OKTA, type: SAML, title: Go, idp: plain, old_host: true,
       saml: {idp_entity_id: e, idp_certificates: [], idp_name_id_format: EMAIL, idp_sso_request_binding: HTTP_POST, force_authn: true, want_request_signed: true,
              default_redirect_uri: "http://d.test/", allow_idp_initiated_login: false, sp_entity_id: s, sp_assertion_url: "http://a.test/"}}
    - {id: conn_3, provider: CUSTOM, saml: {idp_metadata_url: "http://m.test/", idp_sso_url: "http://o.test/"}, type: SAML}
    - {id: conn_4, provider: CUSTOM,
       oidc: {issuer: "http://i.test", discovery_endpoint: "http://i.test/d", authorize_uri: "http://1.test", token_uri: "http://2.test", user_info_uri: "http://3.test", jwks_uri: "http://4.test",
              client_id: c, client_secret: s, scopes: [openid], token_auth_type: URL_PARAMS, pkce_enabled: false, idp_logout_required: true,
              sync_user_profile_on_login: false, jit_provisioning_with_sso_enabled: false}}
  roles: [{name: admin, display_name: Admin, permissions: [read], default: true}]
  webhooks:
    - {url: "http://localhost:3000/hook?a=b", secret: whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=, events: [organization.sso_enabled]}
    - {url: "https://acme.test/hook"}
  users:
    - {id: usr_1, email: u@acme.test, given_name: U, family_name: V, external_id: "9", inactive: true, metadata: {a: b}, memberships: [{organization: org_1, roles: [admin]}]}
  clients:
    - {id: skc_2, secret: test_1, name: two, redirect_uris: ["http://localhost/cb"], post_logout_redirect_uris: ["http://localhost/"],
       initiate_login_uri: "http://localhost/login", back_channel_logout_uri: "http://localhost/out", inactive: true}
  organizations:
    - id: org_1
      external_id: "17"
      slug: acme
      region: EU
      metadata: {tier: gold}
      features: {sso: on, dir_sync: off}
      domains: [{id: dom_1, name: acme.test, type: ALLOWED_EMAIL_DOMAIN, status: PENDING}]
      connections: [{id: conn_1, provider: OKTA, status: DRAFT, disabled: true}]
people:
  - {email: a@acme.test, password: p, totp_secret: JBSWY3DPEHPK3PXP, attributes: {plan: gold}, groups: [staff], mfa: push, state: locked, unassigned: true, consent: true}
quirks: {idp-random-subject: on, unrequested-nonce: off}
faults: [{id: slow, fault: route.delay, at: cognito.token, match: {client_id: c1}, times: 2, params: {delay: 1s}}]
`), ssolab.Config{}, noVariables)
	require.NoError(t, err)
	zero := 0
	require.Equal(t, ssolab.Config{
		TLS: true, Names: "vendor", TLSPort: 443, PortBase: 9500, Bind: []string{"0.0.0.0"}, CADir: "/etc/lab/ca", ScalekitEnvironment: "acme",
		Data: "/etc/lab/data", Empty: true, Callbacks: []string{"http://localhost:1/cb"}, SignOuts: []string{"http://localhost:1/"},
		UserPools: []mockcognito.UserPool{{
			ID: "us-east-1_All", Name: "all", Domain: "all", CustomDomains: []string{"auth.acme.test"}, ManagedLoginVersion: 1, UpdatedIssuer: true,
			CaseInsensitive: true, AliasAttributes: []string{"email"}, AutoVerified: []string{"email"}, MFA: "OPTIONAL", NoSignUp: true,
			PasswordPolicy:  &mockcognito.PasswordPolicy{MinimumLength: 6, Uppercase: true, Lowercase: true, Numbers: true},
			Attributes:      []mockcognito.Attribute{{Name: "custom:plan", Immutable: true}},
			Subs:            map[string]string{"Router_1": "11111111-1111-1111-1111-111111111111"},
			ResourceServers: []mockcognito.ResourceServer{{Identifier: "https://api", Name: "API", Scopes: map[string]string{"read": "Read"}}},
			Groups:          []mockcognito.Group{{Name: "admins", Description: "d", RoleARN: "arn", Precedence: &zero}},
			Users: []mockcognito.User{
				{Username: "ada", Password: "Abcdef1", Attributes: map[string]string{"email": "a@b.test", "custom:plan": "gold"}, Groups: []string{"admins"}},
				{Username: "bob", Password: "Abcdef1", Temporary: true},
			},
			Clients: []mockcognito.AppClient{{
				ID: "c1", Name: "one", CallbackURLs: []string{"myapp://cb"}, DefaultRedirectURI: "myapp://cb", Scopes: []string{"openid"}, Flows: []string{"code"},
				IdentityProviders: []string{"COGNITO", "Router"}, ReadAttributes: []string{"email"}, WriteAttributes: []string{"name"},
				ExplicitAuthFlows: []string{"ALLOW_USER_AUTH"}, ShowUserExistence: true, RotateRefreshTokens: true, RotationGrace: 5 * time.Second,
				AccessTokenValidity: time.Hour, IDTokenValidity: time.Hour, RefreshTokenValidity: 240 * time.Hour, DisableTokenRevocation: true, DisableOAuth: true, NoBranding: true,
			}},
			Providers: []mockcognito.IdentityProvider{{
				Name: "Router", Issuer: "https://acme.scalekit.dev", ClientID: "skc_1", ClientSecret: "s", AttributesRequestMethod: "POST",
				AuthorizeURL: "https://a/1", TokenURL: "https://a/2", AttributesURL: "https://a/3", JWKSURI: "https://a/4",
			}},
		}},
		Scalekit: mockscalekit.Environment{
			ID: "env_1", Name: "all", Kind: "development", Mode: "full-stack", IDTokenTTL: time.Hour, AccessTokenTTL: 5 * time.Minute, SessionTTL: 24 * time.Hour,
			AccessTokenClaims: map[string]string{"plan": "gold"}, Attributes: []string{"badge"},
			Connections: []mockscalekit.Connection{
				{ID: "conn_2", AttributeMapping: map[string]string{"email": "mail"}, Provider: "OKTA", Type: "SAML", Title: "Go", IdP: "plain", OldHost: true, SAML: &mockscalekit.SAMLConfig{
					IdPEntityID: "e", IdPCertificates: []mockscalekit.Certificate{}, NameIDFormat: "EMAIL", SSORequestBinding: "HTTP_POST", ForceAuthn: true, WantRequestSigned: true,
					DefaultRedirectURI: "http://d.test/", IdPInitiatedOff: true, SPEntityID: "s", SPAssertionURL: "http://a.test/",
				}},
				{ID: "conn_3", Provider: "CUSTOM", Type: "SAML", SAML: &mockscalekit.SAMLConfig{IdPMetadataURL: "http://m.test/", IdPSSOURL: "http://o.test/"}},
				{ID: "conn_4", Provider: "CUSTOM", OIDC: &mockscalekit.OIDCConfig{
					Issuer: "http://i.test", DiscoveryEndpoint: "http://i.test/d", AuthorizeURI: "http://1.test", TokenURI: "http://2.test", UserInfoURI: "http://3.test", JWKSURI: "http://4.test",
					ClientID: "c", ClientSecret: "s", Scopes: []string{"openid"}, TokenAuthType: "URL_PARAMS", PKCEDisabled: true, IdPLogoutRequired: true, SyncProfileDisabled: true, JITDisabled: true,
				}},
			},
			Roles: []mockscalekit.Role{{Name: "admin", DisplayName: "Admin", Permissions: []string{"read"}, Default: true}},
			Users: []mockscalekit.User{{
				ID: "usr_1", Email: "u@acme.test", GivenName: "U", FamilyName: "V", ExternalID: "9", Inactive: true, Metadata: map[string]string{"a": "b"},
				Memberships: []mockscalekit.Membership{{Organization: "org_1", Roles: []string{"admin"}}},
			}},
			Webhooks: []mockscalekit.Webhook{
				{URL: "http://localhost:3000/hook?a=b", Secret: "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=", Events: []string{"organization.sso_enabled"}},
				{URL: "https://acme.test/hook"},
			},
			Clients: []mockscalekit.Client{{
				ID: "skc_2", Secret: "test_1", Name: "two", RedirectURIs: []string{"http://localhost/cb"}, PostLogoutRedirectURIs: []string{"http://localhost/"},
				InitiateLoginURI: "http://localhost/login", BackChannelLogoutURI: "http://localhost/out", Inactive: true,
			}},
			Organizations: []mockscalekit.Organization{{
				ID: "org_1", ExternalID: "17", Slug: "acme", Region: "EU", Metadata: map[string]string{"tier": "gold"}, Features: map[string]bool{"sso": true, "dir_sync": false},
				Domains:     []mockscalekit.Domain{{ID: "dom_1", Name: "acme.test", Type: "ALLOWED_EMAIL_DOMAIN", Status: "PENDING"}},
				Connections: []mockscalekit.Connection{{ID: "conn_1", Provider: "OKTA", Status: "DRAFT", Disabled: true}},
			}},
			People: []mockscalekit.Person{{Email: "a@acme.test", Password: "p", TOTPSecret: "JBSWY3DPEHPK3PXP", Attributes: map[string]string{"plan": "gold"}, Groups: []string{"staff"}, MFA: "push", State: "locked", Unassigned: true, Consent: true}},
		},
		Quirks: map[string]bool{"idp-random-subject": true, "unrequested-nonce": false},
		Faults: []ssolab.FaultRule{{ID: "slow", Fault: "route.delay", At: "cognito.token", Match: map[string]string{"client_id": "c1"}, Times: 2, Params: map[string]string{"delay": "1s"}}},
	}, cfg)
}

func TestALabFileThatSaysLittle(t *testing.T) {
	t.Parallel()
	base := ssolab.Config{PortBase: 9400, TLSPort: 9443}
	cfg, err := labfile.Parse("empty.yaml", nil, base, noVariables)
	require.NoError(t, err)
	require.Equal(t, base, cfg, "what is left out is the default")
}

func TestSecretsStandElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("from0a0file0with024letters\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "short.txt"), []byte("short\n"), 0o600))
	read := func(secret string) (ssolab.Config, error) {
		text := "user_pools:\n  - id: us-east-1_A\n    clients:\n      - id: c\n        secret: " + secret + "\n"
		return labfile.Parse(filepath.Join(dir, "lab.yaml"), []byte(text), ssolab.Config{}, func(name string) string {
			return map[string]string{"GOOD": "from0a0variable024letters", "BAD": "s3cr3t!"}[name]
		})
	}
	for in, want := range map[string]string{
		"plain0secret0of0more0than024": "plain0secret0of0more0than024", "{env: GOOD}": "from0a0variable024letters", "{file: secret.txt}": "from0a0file0with024letters",
	} {
		cfg, err := read(in)
		require.NoError(t, err, in)
		require.Equal(t, want, cfg.UserPools[0].Clients[0].Secret)
	}
	for in, want := range map[string]string{
		"{env: NONE}":              "lab.yaml:5:9: user_pools[0].clients[0].secret: the environment variable NONE is not set, or empty",
		"{env: BAD}":               "what is there is no good value; it must be a client secret: 24–64 letters",
		"{file: none.txt}":         "none.txt: no such file",
		"{file: short.txt}":        "what is there is no good value",
		"{}":                       "must have one of env or file",
		"{env: GOOD, file: a}":     "must have one of env or file",
		"{env: 'a b'}":             "must be the name of an environment variable",
		"{variable: GOOD}":         `unknown key "variable"`,
		"s3cr3t!":                  "is no good value, and must be a client secret",
		"[plain0secret0of024char]": "is a list, and must be a mapping",
	} {
		_, err := read(in)
		require.ErrorContains(t, err, want, in)
		require.NotContains(t, err.Error(), "s3cr3t!", "a secret is not repeated")
		require.NotContains(t, err.Error(), ": short")
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

// Thirty mistakes, each of another kind, are thirty problems with line and column, in the order of the file.
func TestThirtyMistakes(t *testing.T) {
	t.Parallel()
	_, err := labfile.Read("testdata/bad/thirty.yaml", ssolab.Config{}, noVariables)
	var problems yamlfile.Problems
	require.ErrorAs(t, err, &problems)
	got := err.Error() + "\n"
	if *update {
		require.NoError(t, os.WriteFile("testdata/thirty.txt", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/thirty.txt")
	require.NoError(t, err, "go test -update writes it")
	require.Equal(t, string(want), got)
	require.Len(t, problems, 30)
	for i, p := range problems {
		require.Positive(t, p.Line)
		require.Positive(t, p.Column)
		require.NotEmpty(t, p.Message)
		if i > 0 {
			require.GreaterOrEqual(t, p.Line, problems[i-1].Line)
		}
	}
	require.NotContains(t, got, "not base32", "a secret is not repeated")
	require.NotContains(t, got, `"short"`)
}
