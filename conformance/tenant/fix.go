package tenant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// clientSettings are the members that UpdateUserPoolClient takes. It resets those that a request leaves out, hence a
// command carries every one that the description has.
var clientSettings = []string{
	"AccessTokenValidity", "AllowedOAuthFlows", "AllowedOAuthFlowsUserPoolClient", "AllowedOAuthScopes", "AnalyticsConfiguration",
	"AuthSessionValidity", "CallbackURLs", "ClientId", "ClientName", "DefaultRedirectURI", "EnablePropagateAdditionalUserContextData",
	"EnableTokenRevocation", "ExplicitAuthFlows", "IdTokenValidity", "LogoutURLs", "PreventUserExistenceErrors", "ReadAttributes",
	"RefreshTokenRotation", "RefreshTokenValidity", "SupportedIdentityProviders", "TokenValidityUnits", "UserPoolId", "WriteAttributes",
}

// clientFacts are members of a description that are no settings.
var clientFacts = []string{"ClientSecret", "CreationDate", "LastModifiedDate"}

// poolSettings are the same of UpdateUserPool, which resets too.
var poolSettings = []string{
	"AccountRecoverySetting", "AdminCreateUserConfig", "AutoVerifiedAttributes", "DeletionProtection", "DeviceConfiguration",
	"EmailConfiguration", "EmailVerificationMessage", "EmailVerificationSubject", "IssuerConfiguration", "KeyConfiguration", "LambdaConfig",
	"MfaConfiguration", "Policies", "SmsAuthenticationMessage", "SmsConfiguration", "SmsVerificationMessage", "UserAttributeUpdateSettings",
	"UserPoolAddOns", "UserPoolTags", "UserPoolTier", "VerificationMessageTemplate",
}

var poolFacts = []string{
	"AliasAttributes", "Arn", "CreationDate", "CustomDomain", "Domain", "EmailConfigurationFailure", "EstimatedNumberOfUsers", "Id",
	"LastModifiedDate", "Name", "SchemaAttributes", "SmsConfigurationFailure", "Status", "UsernameAttributes", "UsernameConfiguration",
}

// keep copies the settings of a description, and names the members that are neither settings nor facts.
func keep(raw map[string]any, settings, facts []string) (kept map[string]any, unknown []string) {
	kept = map[string]any{}
	for name, v := range raw {
		switch {
		case v == nil || slices.Contains(facts, name):
		case slices.Contains(settings, name):
			kept[name] = v
		default:
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return kept, unknown
}

// carries says what a whole command carries, and what it may lose.
func carries(command, of string, unknown []string) string {
	note := command + " resets every setting that it is not given, so this carries all of " + of + " as described; a change made since then would be undone."
	if len(unknown) > 0 {
		note += " Not carried, because this version does not know them: " + strings.Join(unknown, ", ") + "; look them up before you run it."
	}
	return note
}

// updateClient is the whole update-user-pool-client command with changes to the description.
func updateClient(c *Client, set map[string]any) (command, note string) {
	settings, unknown := keep(c.raw, clientSettings, clientFacts)
	maps.Copy(settings, set)
	return aws(c.UserPoolID, "update-user-pool-client", "--cli-input-json", shell(indented(settings))), carries("update-user-pool-client", "the client's settings", unknown)
}

// updatePool is the whole update-user-pool command with changes to the description.
func updatePool(p *UserPool, set map[string]any) (command, note string) {
	settings, unknown := keep(p.raw, poolSettings, poolFacts)
	settings["UserPoolId"] = p.ID
	maps.Copy(settings, set)
	return aws(p.ID, "update-user-pool", "--cli-input-json", shell(indented(settings))), carries("update-user-pool", "the pool's settings", unknown)
}

// secretVariable is where commands take the provider's secret from.
const secretVariable = "SCALEKIT_CLIENT_SECRET"

// updateProvider is the update-identity-provider command with changes to ProviderDetails, all of which it carries; the
// secret comes from a variable of the shell.
func updateProvider(p *Provider, set map[string]string) (command, note string) {
	details := maps.Clone(p.ProviderDetails)
	if details == nil {
		details = map[string]string{}
	}
	delete(details, "attributes_url_add_attributes") // read-only
	maps.Copy(details, set)
	const mark = "@secret@"
	details["client_secret"] = mark
	text := strings.Replace(shell(indented(details)), mark, `'"${`+secretVariable+`:?set it to the client secret at Scalekit}"'`, 1)
	return aws(p.UserPoolID, "update-identity-provider", "--provider-name", shell(p.ProviderName), "--provider-details", text),
		"--provider-details replaces all details, so this carries all of them; the secret is taken from the variable " + secretVariable + "."
}

// updateMapping is the same for the attribute mapping; an entry without claim is taken out.
func updateMapping(p *Provider, entries map[string]string) string {
	mapping := maps.Clone(p.AttributeMapping)
	if mapping == nil {
		mapping = map[string]string{}
	}
	maps.Copy(mapping, entries)
	maps.DeleteFunc(mapping, func(_, claim string) bool { return claim == "" })
	return aws(p.UserPoolID, "update-identity-provider", "--provider-name", shell(p.ProviderName), "--attribute-mapping", shell(compact(mapping)))
}

// updateIdentifiers is the same for the identifiers.
func updateIdentifiers(p *Provider, identifiers []string) string {
	if identifiers == nil {
		identifiers = []string{}
	}
	return aws(p.UserPoolID, "update-identity-provider", "--provider-name", shell(p.ProviderName), "--idp-identifiers", shell(compact(identifiers)))
}

// aws is a command line for the pool, on several lines. --cli-input-json names the pool itself.
func aws(poolID, operation string, args ...string) string {
	lines := []string{"aws cognito-idp " + operation}
	if r := region(poolID); r != "" {
		lines[0] += " --region " + r
	}
	if !slices.Contains(args, "--cli-input-json") && operation != "describe-user-pool-domain" {
		lines[0] += " --user-pool-id " + poolID
	}
	for i := 0; i < len(args); i += 2 {
		lines = append(lines, "  "+args[i]+" "+args[i+1])
	}
	return strings.Join(lines, " \\\n")
}

// shell quotes a word for a POSIX shell.
func shell(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func encode(v any, indent string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil { // values that came from JSON
		return "{}"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func indented(v any) string { return encode(v, "  ") }
func compact(v any) string  { return encode(v, "") }

// terraform is a resource with one attribute.
func terraform(resource, attribute string, value any) string {
	return fmt.Sprintf("%s: %s = %s", resource, attribute, hcl(value))
}

// hcl writes a value in Terraform's syntax.
func hcl(v any) string {
	switch v := v.(type) {
	case map[string]string:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, fmt.Sprintf("%s = %s", hclKey(name), hcl(v[name])))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []string:
		var parts []string
		for _, s := range v {
			parts = append(parts, hcl(s))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(compact(v))
	}
	return fmt.Sprint(v)
}

func hclKey(name string) string {
	if strings.ContainsAny(name, ":.") {
		return compact(name)
	}
	return name
}

const (
	tfClient   = "aws_cognito_user_pool_client"
	tfProvider = "aws_cognito_identity_provider"
	tfPool     = "aws_cognito_user_pool"
	tfDomain   = "aws_cognito_user_pool_domain"
)

// consolePath leads to a place in the pool's pages of the AWS console.
func (m *Model) consolePath(steps ...string) string {
	pool := m.poolID()
	if m.Pool != nil && m.Pool.Name != "" {
		pool = m.Pool.Name
	}
	return strings.Join(append([]string{"Amazon Cognito", "User pools", pool}, steps...), " > ")
}

func (m *Model) providerPath(p *Provider, steps ...string) string {
	return m.consolePath(append([]string{"Social and external providers", p.ProviderName}, steps...)...)
}

func (m *Model) clientPath(c *Client, steps ...string) string {
	name := c.ClientName
	if name == "" {
		name = c.ClientID
	}
	return m.consolePath(append([]string{"App clients", name}, steps...)...)
}

// changeClient is the fix of one setting of an app client.
func (m *Model) changeClient(c *Client, set map[string]any, tfAttribute string, tfValue any, steps ...string) Fix {
	return (&change{client: c, set: set}).fix(Fix{Console: m.clientPath(c, steps...), Terraform: terraform(tfClient, tfAttribute, tfValue)})
}

// changeDetails is the fix of one of a provider's details.
func (m *Model) changeDetails(p *Provider, name, value string) Fix {
	return (&change{provider: p, of: ofDetails, set: map[string]any{name: value}}).fix(Fix{
		Console: m.providerPath(p, "Identity provider information", "Edit"), Terraform: terraform(tfProvider, "provider_details", map[string]string{name: value}),
	})
}

// changeMapping is the fix of entries of a provider's attribute mapping; no claim takes the entry out.
func (m *Model) changeMapping(p *Provider, entries map[string]string) Fix {
	set, out := map[string]any{}, []string{}
	for attribute, claim := range entries {
		set[attribute] = claim
		if claim == "" {
			out = append(out, attribute)
		}
	}
	fix := Fix{Console: m.providerPath(p, "Attribute mapping", "Edit"), Terraform: terraform(tfProvider, "attribute_mapping", entries)}
	if len(out) > 0 {
		fix.Terraform = tfProvider + ": attribute_mapping without " + strings.Join(out, ", ")
	}
	return (&change{provider: p, of: ofMapping, set: set}).fix(fix)
}

// changeIdentifiers is the fix of a provider's identifiers.
func (m *Model) changeIdentifiers(p *Provider, want []string) Fix {
	return (&change{provider: p, of: ofIdentifiers, set: map[string]any{"IdpIdentifiers": want}}).fix(Fix{
		Console: m.providerPath(p, "Identity provider information", "Edit", "Identifiers"), Terraform: terraform(tfProvider, "idp_identifiers", want),
	})
}
