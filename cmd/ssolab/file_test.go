package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

func TestABadLabFileReportsEverything(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "up", "--config", "testdata/bad.yaml")
	require.Equal(t, exitMisuse, r.code)
	require.Empty(t, r.out)
	require.GreaterOrEqual(t, strings.Count(r.err, "testdata/bad.yaml:"), 20)
	require.NotContains(t, r.err, "short") // a secret is not repeated
	golden(t, "bad.txt", r.err)
}

func TestALabFile(t *testing.T) {
	t.Parallel()
	cfg, err := readLabFile("testdata/vendor.yaml", ssolab.Config{})
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

func TestEveryKeyOfALabFile(t *testing.T) {
	t.Parallel()
	cfg, err := parseLabFile("all.yaml", []byte(`
listen: {tls: true, names: vendor, tls_port: 443, port_base: 9500, scalekit_environment: acme}
user_pools:
  - id: us-east-1_All
    name: all
    domain: all
    custom_domains: [auth.acme.test]
    updated_issuer: true
    case_insensitive: true
    attributes: [{name: "custom:plan", required: false, immutable: true}]
    subs: {Router_1: 11111111-1111-1111-1111-111111111111}
    clients:
      - {id: c1, name: one, callback_urls: ["myapp://cb"], scopes: [openid], flows: [code], identity_providers: [COGNITO, Router],
         read_attributes: [email], access_token_validity: 1h, id_token_validity: 1h, refresh_token_validity: 24h,
         token_revocation: false, oauth: false, write_attributes: ["custom:plan"], rotate_refresh_tokens: true, rotation_grace: 10s, branding: false}
    managed_login_version: 1
    resource_servers: [{identifier: api, name: API, scopes: {read: Read}}]
    groups: [{name: staff, description: Staff, role_arn: "arn:aws:iam::000000000000:role/staff", precedence: 1}]
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
  session_ttl: 24h
  access_token_claims: {plan: gold}
  attributes: [badge]
  connections: [{id: conn_2, attribute_mapping: {email: mail}}]
  roles: [{name: admin, display_name: Admin, permissions: [read], default: true}]
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
  - {email: a@acme.test, password: p, totp_secret: JBSWY3DPEHPK3PXP, attributes: {plan: gold}}
quirks: {idp-random-subject: on, unrequested-nonce: off}
`), ssolab.Config{})
	require.NoError(t, err)
	pool := cfg.UserPools[0]
	require.Equal(t, []any{true, "vendor", 443, 9500, "acme"}, []any{cfg.TLS, cfg.Names, cfg.TLSPort, cfg.PortBase, cfg.ScalekitEnvironment})
	require.True(t, pool.UpdatedIssuer)
	require.Equal(t, []string{"auth.acme.test"}, pool.CustomDomains)
	require.True(t, pool.CaseInsensitive && pool.Attributes[0].Immutable && pool.Clients[0].DisableOAuth && pool.Clients[0].DisableTokenRevocation)
	require.Equal(t, "https://a/4", pool.Providers[0].JWKSURI)
	require.Equal(t, 1, pool.ManagedLoginVersion)
	require.Equal(t, []mockcognito.ResourceServer{{Identifier: "api", Name: "API", Scopes: map[string]string{"read": "Read"}}}, pool.ResourceServers)
	require.Equal(t, 1, *pool.Groups[0].Precedence)
	require.True(t, pool.Clients[0].NoBranding && pool.Clients[0].RotateRefreshTokens)
	require.Equal(t, []string{"custom:plan"}, pool.Clients[0].WriteAttributes)
	require.Equal(t, mockscalekit.Connection{ID: "conn_1", Provider: "OKTA", Status: "DRAFT", Disabled: true}, cfg.Scalekit.Organizations[0].Connections[0])
	require.Equal(t, mockscalekit.Domain{ID: "dom_1", Name: "acme.test", Type: "ALLOWED_EMAIL_DOMAIN", Status: "PENDING"}, cfg.Scalekit.Organizations[0].Domains[0])
	require.True(t, cfg.Scalekit.Clients[0].Inactive)
	env := cfg.Scalekit
	require.Equal(t, []any{"env_1", "development", "full-stack", time.Hour, 5 * time.Minute, 24 * time.Hour, map[string]string{"plan": "gold"}, "http://localhost/out"},
		[]any{env.ID, env.Kind, env.Mode, env.IDTokenTTL, env.AccessTokenTTL, env.SessionTTL, env.AccessTokenClaims, env.Clients[0].BackChannelLogoutURI})
	org := cfg.Scalekit.Organizations[0]
	require.Equal(t, []any{"acme", "EU", map[string]string{"tier": "gold"}, map[string]bool{"sso": true, "dir_sync": false}}, []any{org.Slug, org.Region, org.Metadata, org.Features})
	require.Equal(t, []string{"badge"}, cfg.Scalekit.Attributes)
	require.Equal(t, []mockscalekit.Connection{{ID: "conn_2", AttributeMapping: map[string]string{"email": "mail"}}}, cfg.Scalekit.Connections)
	require.Equal(t, []mockscalekit.Role{{Name: "admin", DisplayName: "Admin", Permissions: []string{"read"}, Default: true}}, cfg.Scalekit.Roles)
	require.Equal(t, []mockscalekit.User{{
		ID: "usr_1", Email: "u@acme.test", GivenName: "U", FamilyName: "V", ExternalID: "9", Inactive: true, Metadata: map[string]string{"a": "b"},
		Memberships: []mockscalekit.Membership{{Organization: "org_1", Roles: []string{"admin"}}},
	}}, cfg.Scalekit.Users)
	require.Equal(t, map[string]string{"plan": "gold"}, cfg.Scalekit.People[0].Attributes)
	require.Equal(t, map[string]bool{"idp-random-subject": true, "unrequested-nonce": false}, cfg.Quirks)
}

func TestALabFileThatSaysLittle(t *testing.T) {
	t.Parallel()
	cfg, err := parseLabFile("empty.yaml", nil, ssolab.Config{PortBase: 9400, TLSPort: 9443})
	require.NoError(t, err)
	require.Equal(t, ssolab.Config{PortBase: 9400, TLSPort: 9443}, cfg, "what is left out is the default")
	for in, want := range map[string]string{
		"user_pools: []":                      "needs at least one user pool",
		"user_pools: [{id: us-east-1_A}]":     "has no app client",
		"scalekit: {clients: []}":             "needs at least one client",
		"listen: {names: aws}":                `f.yaml:1:10: listen.names: "aws" is neither localhost nor vendor`,
		"listen: {tls_port: 70000}":           "f.yaml:1:10: listen.tls_port: 70000 is outside",
		"listen: {port_base: -1}":             "f.yaml:1:10: listen.port_base: -1 is outside",
		"listen: {scalekit_environment: A.b}": "listen.scalekit_environment: \"A.b\" is no DNS label",
		"user_pools: [{id: us-east-1_A, custom_domains: [\"https://a.test\"], clients: [{id: c}]}]": "user_pools[0].custom_domains[0]: \"https://a.test\" must be a host name",
		"quirks: {idp-random-subject: perhaps}":                                                     `f.yaml:1:30: quirks.idp-random-subject: is "perhaps", and must be on or off`,
	} {
		_, err := parseLabFile("f.yaml", []byte(in), ssolab.Config{})
		require.ErrorContains(t, err, want)
	}
}

func TestSignInToALabOfAFile(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t, func(c *ssolab.Config) {
		var err error
		*c, err = readLabFile("testdata/vendor.yaml", ssolab.Config{})
		require.NoError(t, err)
	})
	r := cli(t, at(lab), "login", "--email", "ada@acme.test", "--json")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, `"username": "ScalekitOIDC123_conn_1;0b0e6a52-0000-4000-8000-000000000001"`)
}

func TestDocumentedLabFileIsValid(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/ssolab-yaml.md")
	require.NoError(t, err)
	blocks := strings.Split(string(doc), "```yaml\n")
	require.Greater(t, len(blocks), 1)
	for _, b := range blocks[1:] {
		text, _, _ := strings.Cut(b, "```")
		_, err := parseLabFile("docs", []byte(text), ssolab.Config{})
		require.NoError(t, err)
	}
}
