package interop_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// settings of a Terraform configuration that has all kinds of objects; what the second apply changes stands in
// acmeChanged.
const acme = `
resource "aws_cognito_user_pool" "acme" {
  name                     = "acme"
  alias_attributes         = ["preferred_username"]
  auto_verified_attributes = ["email"]
  deletion_protection      = "INACTIVE"
  tags                     = { team = "login", stage = "test" }
  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = false
    require_uppercase                = true
    temporary_password_validity_days = 3
  }
  schema {
    name                = "email"
    attribute_data_type = "String"
    required            = true
    mutable             = true
    string_attribute_constraints {
      min_length = "0"
      max_length = "2048"
    }
  }
  schema {
    name                = "department"
    attribute_data_type = "String"
    mutable             = true
    string_attribute_constraints {}
  }
  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
  admin_create_user_config { allow_admin_create_user_only = true }
  username_configuration { case_sensitive = false }
  user_attribute_update_settings { attributes_require_verification_before_update = ["email"] }
  verification_message_template { default_email_option = "CONFIRM_WITH_CODE" }
}

resource "aws_cognito_user_pool" "plain" { name = "plain" }

resource "aws_cognito_user_pool_domain" "acme" {
  domain       = "acme"
  user_pool_id = aws_cognito_user_pool.acme.id
}

resource "aws_cognito_resource_server" "api" {
  user_pool_id = aws_cognito_user_pool.acme.id
  identifier   = "https://api.acme.test"
  name         = "Acme"
  scope {
    scope_name        = "read"
    scope_description = "Read things"
  }
}

resource "aws_cognito_identity_provider" "scalekit" {
  user_pool_id  = aws_cognito_user_pool.acme.id
  provider_name = "ScalekitIdPRouter"
  provider_type = "OIDC"
  provider_details = {
    client_id                     = var.scalekit_client_id
    client_secret                 = var.scalekit_client_secret
    oidc_issuer                   = var.scalekit_environment_url
    authorize_scopes              = "openid email profile"
    attributes_request_method     = "GET"
    attributes_url_add_attributes = "false"
  }
  attribute_mapping = { email = "email", given_name = "given_name", username = "sub" }
  idp_identifiers   = ["megasoft.org", "example.com"]
}

resource "aws_cognito_user_pool_client" "app" {
  user_pool_id                         = aws_cognito_user_pool.acme.id
  name                                 = "app"
  generate_secret                      = true
  supported_identity_providers         = [aws_cognito_identity_provider.scalekit.provider_name]
  callback_urls                        = ["http://localhost:3000/auth/callback", "https://app.acme.test/auth/callback"]
  logout_urls                          = ["http://localhost:3000/"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email", "profile", "https://api.acme.test/read"]
  access_token_validity                = 5
  refresh_token_validity               = 1
  token_validity_units {
    access_token  = "minutes"
    id_token      = "hours"
    refresh_token = "days"
  }
}

resource "aws_cognito_user_pool_client" "plain" {
  user_pool_id = aws_cognito_user_pool.acme.id
  name         = "plain"
}

resource "aws_cognito_user_group" "admins" {
  user_pool_id = aws_cognito_user_pool.acme.id
  name         = "admins"
  description  = "Administrators"
  precedence   = 1
}

resource "aws_cognito_user" "ada" {
  user_pool_id = aws_cognito_user_pool.acme.id
  username     = "ada"
  password     = "Correct-horse-1"
  attributes   = { email = "ada@acme.test", email_verified = "true" }
}

resource "aws_cognito_user_in_group" "ada" {
  user_pool_id = aws_cognito_user_pool.acme.id
  username     = aws_cognito_user.ada.username
  group_name   = aws_cognito_user_group.admins.name
}
`

// acmeChanged is acme with something of each kind changed.
func acmeChanged() string {
	return strings.NewReplacer(
		`minimum_length                   = 12`, `minimum_length                   = 16`,
		`stage = "test"`, `owner = "jo"`,
		`string_attribute_constraints {}
  }`, `string_attribute_constraints {}
  }
  schema {
    name                = "level"
    attribute_data_type = "Number"
    mutable             = true
    number_attribute_constraints {
      min_value = "1"
      max_value = "9"
    }
  }`,
		`  username_configuration`, `  mfa_configuration = "OPTIONAL"
  software_token_mfa_configuration { enabled = true }
  username_configuration`,
		`domain       = "acme"`, `domain       = "acme"
  managed_login_version = 2`,
		`"Read things"
  }`, `"Read all"
  }
  scope {
    scope_name        = "write"
    scope_description = "Write things"
  }`,
		`given_name = "given_name"`, `name = "given_name"`,
		`"https://app.acme.test/auth/callback"]`, `"https://app2.acme.test/auth/callback"]
  enable_token_revocation = false
  refresh_token_rotation {
    feature                    = "ENABLED"
    retry_grace_period_seconds = 10
  }`,
		`precedence   = 1`, `precedence   = 3`,
		`email = "ada@acme.test", email_verified = "true"`, `email = "ada@acme.example", email_verified = "true", name = "Ada"`,
		`password     = "Correct-horse-1"`, `password     = "Correct-horse-2-two"
  enabled = false`,
	).Replace(acme)
}

// The calls that Terraform makes for a configuration, and what it reads back: a second plan is empty, also after a change
// of everything, and a destroy leaves nothing.
func TestTerraformsCallSequences(t *testing.T) {
	t.Parallel()
	env := variables(ssolab.Run(t))
	tf := newTerraform(t, env)
	before := tf.call("ListUserPools", map[string]any{"MaxResults": 60})

	tf.apply(acme)
	require.Empty(t, tf.plan(acme), "the second plan")
	require.NotEmpty(t, tf.plan(acmeChanged()), "a plan that cannot fail shows nothing")
	app := tf.state["aws_cognito_user_pool_client.app"]
	m := &made{
		pool: app.ids["UserPoolId"], app: app.ids["ClientId"], secret: app.exported["client_secret"], provider: "ScalekitIdPRouter", callback: madeCallback,
		issuer: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] + "/" + app.ids["UserPoolId"],
	}
	got, err := m.program(t, "profile").signIn(newBrowser(http.DefaultTransport), "john@example.com", oidc.Nonce("n"))
	require.NoError(t, err)
	require.Equal(t, "John", got.userInfo["given_name"])
	require.Empty(t, tf.plan(acme), "a user who signs in is no change, nor is his group")

	tf.calls = nil
	tf.apply(acmeChanged())
	require.Subset(t, tf.calls, []string{
		"UpdateUserPool", "SetUserPoolMfaConfig", "AddCustomAttributes", "TagResource", "UntagResource", "UpdateUserPoolDomain", "UpdateResourceServer", "UpdateIdentityProvider",
		"UpdateUserPoolClient", "UpdateGroup", "AdminUpdateUserAttributes", "AdminSetUserPassword", "AdminDisableUser",
	})
	require.Empty(t, tf.plan(acmeChanged()), "the plan after a change")
	tf.apply(acmeChanged())
	require.Empty(t, tf.plan(acmeChanged()))

	tf.destroy()
	require.Equal(t, before, tf.call("ListUserPools", map[string]any{"MaxResults": 60}))
}

// terraform makes the calls of the aws provider for a configuration and keeps its state. A reply that the provider would
// stumble over ends the test.
type terraform struct {
	t        *testing.T
	endpoint string
	vars     map[string]string
	state    map[string]*resource
	calls    []string // operations, in their order
}

func newTerraform(t *testing.T, env map[string]string) *terraform {
	return &terraform{t: t, endpoint: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"], state: map[string]*resource{}, vars: map[string]string{
		"var.scalekit_client_id": env["SCALEKIT_CLIENT_ID"], "var.scalekit_client_secret": env["SCALEKIT_CLIENT_SECRET"], "var.scalekit_environment_url": env["SCALEKIT_ENVIRONMENT_URL"],
	}}
}

// object is a JSON object of the API.
type object = map[string]any

// ask makes a call. class is the error's, if it is one.
func (tf *terraform) ask(operation string, in any) (out object, class string) {
	tf.t.Helper()
	tf.calls = append(tf.calls, operation)
	body, err := json.Marshal(in)
	require.NoError(tf.t, err)
	req, err := http.NewRequestWithContext(tf.t.Context(), http.MethodPost, tf.endpoint+"/", bytes.NewReader(body))
	require.NoError(tf.t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tf.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(tf.t, err)
	if len(answer) > 0 {
		require.NoError(tf.t, json.Unmarshal(answer, &out))
	}
	if resp.StatusCode != http.StatusOK {
		return out, fmt.Sprint(out["__type"])
	}
	return out, ""
}

// call makes a call that succeeds.
func (tf *terraform) call(operation string, in any) object {
	tf.t.Helper()
	out, class := tf.ask(operation, in)
	require.Empty(tf.t, class, "%s: %v", operation, out)
	return out
}

// resource is one object of the state.
type resource struct {
	kind, name string
	config     object            // as configured, in the API's names
	ids        map[string]string // members that name it in requests
	exported   map[string]string // what others may refer to
	created    object            // what the answer to its creation said, for kinds whose state is made of that
}

// order is that of creation.
var order = []string{
	"aws_cognito_user_pool", "aws_cognito_user_pool_domain", "aws_cognito_resource_server", "aws_cognito_identity_provider", "aws_cognito_user_pool_client",
	"aws_cognito_user_group", "aws_cognito_user", "aws_cognito_user_in_group",
}

// resources are those of a configuration in the order of creation.
func (tf *terraform) resources(text string) []*block {
	tf.t.Helper()
	body, err := parseHCL(text)
	require.NoError(tf.t, err)
	out := body.blocks["resource"]
	require.NotEmpty(tf.t, out)
	for _, b := range out {
		require.Contains(tf.t, order, b.labels[0])
	}
	slices.SortStableFunc(out, func(a, b *block) int {
		return cmp.Compare(slices.Index(order, a.labels[0]), slices.Index(order, b.labels[0]))
	})
	return out
}

// apply creates what is not there, and updates what is configured differently.
func (tf *terraform) apply(text string) {
	tf.t.Helper()
	for _, b := range tf.resources(text) {
		want := &resource{kind: b.labels[0], name: b.labels[1], config: tf.configOf(b)}
		address := want.kind + "." + want.name
		have := tf.state[address]
		switch {
		case have == nil:
			tf.create(want)
			tf.state[address] = want
		case !reflect.DeepEqual(have.config, want.config):
			tf.update(have, want.config)
			have.config = want.config
		}
		require.Empty(tf.t, tf.read(tf.state[address]), "what %s came to", address)
	}
}

// plan is what an apply would change: what is configured differently from what was, and what was and is read differently.
func (tf *terraform) plan(text string) []string {
	tf.t.Helper()
	var out []string
	seen := map[string]bool{}
	for _, b := range tf.resources(text) {
		address := b.labels[0] + "." + b.labels[1]
		seen[address] = true
		r := tf.state[address]
		if r == nil {
			out = append(out, "create "+address)
			continue
		}
		planned := *r
		planned.config = tf.configOf(b)
		for _, difference := range tf.read(&planned) {
			out = append(out, address+": "+difference)
		}
		if r.kind == "aws_cognito_user" && r.config["Password"] != planned.config["Password"] {
			out = append(out, address+": password")
		}
	}
	for address := range tf.state {
		if !seen[address] {
			out = append(out, "destroy "+address)
		}
	}
	return out
}

// configOf is a resource block in the API's names, with references resolved.
func (tf *terraform) configOf(b *block) object {
	out := object{}
	kind := b.labels[0]
	for name, v := range b.args {
		put(out, memberOf(kind, name), tf.resolve(v))
	}
	for name, inner := range b.blocks {
		put(out, memberOf(kind, name), tf.blockOf(name, inner))
	}
	return out
}

// lists are the block types that may stand several times.
var lists = map[string]string{"schema": "Schema", "recovery_mechanism": "RecoveryMechanisms", "scope": "Scopes"}

func (tf *terraform) blockOf(name string, blocks []*block) any {
	var out []any
	for _, b := range blocks {
		o := object{}
		for name, v := range b.args {
			o[memberName(name)] = tf.resolve(v)
		}
		for name, inner := range b.blocks {
			if v := tf.blockOf(name, inner); !reflect.DeepEqual(v, object{}) { // an empty block is not sent
				o[cmp.Or(lists[name], memberName(name))] = v
			}
		}
		out = append(out, o)
	}
	if lists[name] != "" {
		return out
	}
	require.Len(tf.t, out, 1, name)
	return out[0]
}

func (tf *terraform) resolve(v any) any {
	switch v := v.(type) {
	case reference:
		if value, ok := tf.vars[string(v)]; ok {
			return value
		}
		parts := strings.Split(string(v), ".")
		require.Len(tf.t, parts, 3, v)
		r := tf.state[parts[0]+"."+parts[1]]
		require.NotNil(tf.t, r, "%s is not there yet", v)
		require.Contains(tf.t, r.exported, parts[2], v)
		return r.exported[parts[2]]
	case []any:
		out := []any{}
		for _, one := range v {
			out = append(out, tf.resolve(one))
		}
		return out
	case map[string]any:
		out := object{}
		for k, one := range v {
			out[k] = tf.resolve(one)
		}
		return out
	}
	return v
}

// members are the arguments whose names in the API do not follow from theirs.
var members = map[string]string{
	"aws_cognito_user_pool.name": "PoolName", "aws_cognito_user_pool.password_policy": "Policies.PasswordPolicy", "aws_cognito_user_pool.sign_in_policy": "Policies.SignInPolicy",
	"aws_cognito_user_pool.tags": "UserPoolTags", "aws_cognito_user_pool_client.name": "ClientName", "aws_cognito_user_group.name": "GroupName",
	"aws_cognito_resource_server.scope": "Scopes", "aws_cognito_user.attributes": "UserAttributes",
}

func memberOf(kind, argument string) string {
	return cmp.Or(members[kind+"."+argument], memberName(argument))
}

func memberName(argument string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(argument, "_") {
		switch word {
		case "urls":
			word = "URLs"
		case "oauth":
			word = "OAuth"
		case "uri":
			word = "URI"
		default:
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		out.WriteString(word)
	}
	return out.String()
}

// put sets a member, which may be one of a structure.
func put(o object, path string, v any) {
	outer, inner, nested := strings.Cut(path, ".")
	if !nested {
		o[path] = v
		return
	}
	if o[outer] == nil {
		o[outer] = object{}
	}
	o[outer].(object)[inner] = v
}

// with is a request about an object: its names, and more.
func with(ids map[string]string, more ...object) object {
	out := object{}
	for k, v := range ids {
		out[k] = v
	}
	for _, m := range more {
		maps.Copy(out, m)
	}
	return out
}

// without is o without some members.
func without(o object, names ...string) object {
	out := maps.Clone(o)
	for _, name := range names {
		delete(out, name)
	}
	return out
}

// pick is the part of o that has these members.
func pick(o object, names ...string) object {
	out := object{}
	for _, name := range names {
		if v, ok := o[name]; ok {
			out[name] = v
		}
	}
	return out
}
