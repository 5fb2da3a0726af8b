package interop_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/stretchr/testify/require"
)

// ofMFA are the settings of a user pool that SetUserPoolMfaConfig sets.
var ofMFA = []string{"MfaConfiguration", "SoftwareTokenMfaConfiguration", "SmsAuthenticationMessage", "SmsConfiguration", "EmailMfaConfiguration", "WebAuthnConfiguration"}

// create makes a resource as the provider does.
func (tf *terraform) create(r *resource) {
	tf.t.Helper()
	text := func(member string) string { return fmt.Sprint(r.config[member]) }
	ids := func(names ...string) map[string]string {
		out := map[string]string{}
		for _, name := range names {
			out[name] = text(name)
		}
		return out
	}
	r.exported = map[string]string{}
	switch r.kind {
	case "aws_cognito_user_pool":
		pool := tf.call("CreateUserPool", without(r.config, "MfaConfiguration", "SoftwareTokenMfaConfiguration"))["UserPool"].(object)
		r.ids = map[string]string{"UserPoolId": pool["Id"].(string)}
		r.exported = map[string]string{"id": pool["Id"].(string), "arn": pool["Arn"].(string)}
		tf.setMFA(r, r.config)
	case "aws_cognito_user_pool_domain":
		r.ids = ids("Domain", "UserPoolId")
		tf.call("CreateUserPoolDomain", r.config)
		require.Equal(tf.t, "ACTIVE", tf.domain(r)["Status"], "Terraform waits for it")
	case "aws_cognito_resource_server":
		r.ids = ids("UserPoolId", "Identifier")
		tf.call("CreateResourceServer", r.config)
	case "aws_cognito_identity_provider":
		r.ids, r.exported["provider_name"] = ids("UserPoolId", "ProviderName"), text("ProviderName")
		tf.call("CreateIdentityProvider", r.config)
	case "aws_cognito_user_pool_client":
		r.created = tf.call("CreateUserPoolClient", r.config)["UserPoolClient"].(object)
		r.ids = map[string]string{"UserPoolId": text("UserPoolId"), "ClientId": r.created["ClientId"].(string)}
		r.exported["id"] = r.ids["ClientId"]
		r.exported["client_secret"], _ = r.created["ClientSecret"].(string)
	case "aws_cognito_user_group":
		r.ids, r.exported["name"] = ids("UserPoolId", "GroupName"), text("GroupName")
		tf.call("CreateGroup", r.config)
	case "aws_cognito_user":
		r.ids, r.exported["username"] = ids("UserPoolId", "Username"), text("Username")
		tf.call("AdminCreateUser", with(r.ids, object{"UserAttributes": attributeList(r.config["UserAttributes"])}))
		tf.setUser(r, r.config)
	case "aws_cognito_user_in_group":
		r.ids = ids("UserPoolId", "Username", "GroupName")
		tf.call("AdminAddUserToGroup", r.ids)
	}
}

func attributeList(attributes any) []object {
	out := []object{}
	m, _ := attributes.(object)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, object{"Name": name, "Value": m[name]})
	}
	return out
}

func (tf *terraform) domain(r *resource) object {
	return tf.call("DescribeUserPoolDomain", object{"Domain": r.ids["Domain"]})["DomainDescription"].(object)
}

// setMFA makes the call for MFA, which the provider leaves out where there is none.
func (tf *terraform) setMFA(r *resource, config object) {
	if mode := config["MfaConfiguration"]; mode != nil && mode != "OFF" || config["WebAuthnConfiguration"] != nil {
		tf.call("SetUserPoolMfaConfig", with(r.ids, pick(config, "MfaConfiguration", "SoftwareTokenMfaConfiguration")))
	}
}

func (tf *terraform) setUser(r *resource, config object) {
	if config["Enabled"] == false {
		tf.call("AdminDisableUser", r.ids)
	}
	if password := config["Password"]; password != nil {
		tf.call("AdminSetUserPassword", with(r.ids, object{"Password": password, "Permanent": true}))
	}
}

// update makes a resource what config says.
func (tf *terraform) update(r *resource, config object) {
	tf.t.Helper()
	changed := object{}
	for name, v := range config {
		if !reflect.DeepEqual(v, r.config[name]) {
			changed[name] = v
		}
	}
	switch r.kind {
	case "aws_cognito_user_pool":
		tf.updatePool(r, config, changed)
	case "aws_cognito_user_pool_domain":
		tf.call("UpdateUserPoolDomain", config)
	case "aws_cognito_resource_server":
		tf.call("UpdateResourceServer", config)
	case "aws_cognito_identity_provider":
		tf.call("UpdateIdentityProvider", with(r.ids, pick(changed, "ProviderDetails", "AttributeMapping", "IdpIdentifiers")))
	case "aws_cognito_user_pool_client":
		known := without(r.created, "CreationDate", "LastModifiedDate", "ClientSecret")
		maps.Copy(known, without(config, "GenerateSecret"))
		r.created = tf.call("UpdateUserPoolClient", known)["UserPoolClient"].(object)
	case "aws_cognito_user_group":
		tf.call("UpdateGroup", config)
	case "aws_cognito_user":
		tf.call("AdminUpdateUserAttributes", with(r.ids, object{"UserAttributes": attributeList(config["UserAttributes"])}))
		tf.setUser(r, changed)
	}
}

// updatePool sends all that is configured, but for what has calls of its own.
func (tf *terraform) updatePool(r *resource, config, changed object) {
	if pick(changed, ofMFA...); len(pick(changed, ofMFA...)) > 0 {
		tf.setMFA(r, config)
	}
	fixed := []string{"Schema", "AliasAttributes", "UsernameAttributes", "UsernameConfiguration", "PoolName", "SoftwareTokenMfaConfiguration"}
	if len(without(changed, slices.Concat(fixed, ofMFA)...)) > 0 {
		tf.call("UpdateUserPool", with(r.ids, without(config, fixed...)))
	}
	var added []any
	for _, attribute := range listOf(config["Schema"]) {
		if !slices.ContainsFunc(listOf(r.config["Schema"]), func(have any) bool { return reflect.DeepEqual(have, attribute) }) {
			added = append(added, attribute)
		}
	}
	if len(added) > 0 {
		tf.call("AddCustomAttributes", with(r.ids, object{"CustomAttributes": added}))
	}
	tf.updateTags(r, config)
}

func (tf *terraform) updateTags(r *resource, config object) {
	arn := r.exported["arn"]
	before, _ := r.config["UserPoolTags"].(object)
	after, _ := config["UserPoolTags"].(object)
	gone := []string{}
	for key := range before {
		if after[key] == nil {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		tf.call("UntagResource", object{"ResourceArn": arn, "TagKeys": gone})
	}
	if !reflect.DeepEqual(before, after) && len(after) > 0 {
		tf.call("TagResource", object{"ResourceArn": arn, "Tags": after})
	}
	if before != nil || after != nil {
		require.Empty(tf.t, different("Tags", after, tf.call("ListTagsForResource", object{"ResourceArn": arn})["Tags"]))
	}
}

// read reads a resource back and answers how it differs from its configuration.
func (tf *terraform) read(r *resource) []string {
	tf.t.Helper()
	switch r.kind {
	case "aws_cognito_user_pool":
		return tf.readPool(r)
	case "aws_cognito_user_pool_domain":
		return different("", r.config, tf.domain(r))
	case "aws_cognito_resource_server":
		return different("", r.config, tf.call("DescribeResourceServer", r.ids)["ResourceServer"])
	case "aws_cognito_identity_provider":
		got := tf.call("DescribeIdentityProvider", r.ids)["IdentityProvider"].(object)
		out := different("", r.config, got)
		for _, name := range []string{"ProviderDetails", "AttributeMapping"} { // key for key, and nothing else
			if !reflect.DeepEqual(r.config[name], got[name]) {
				out = append(out, fmt.Sprintf("%s: %v, read %v", name, r.config[name], got[name]))
			}
		}
		return out
	case "aws_cognito_user_pool_client":
		got := tf.call("DescribeUserPoolClient", r.ids)["UserPoolClient"].(object)
		if !reflect.DeepEqual(r.created, got) {
			return []string{fmt.Sprintf("the answer to a change was %v, read is %v", r.created, got)}
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			if list, ok := got[name].([]any); ok && len(list) == 0 {
				return []string{name + " is an empty list where nothing is set"}
			}
		}
		return different("", without(r.config, "GenerateSecret"), got)
	case "aws_cognito_user_group":
		return different("", r.config, tf.call("GetGroup", r.ids)["Group"])
	case "aws_cognito_user":
		return tf.readUser(r)
	case "aws_cognito_user_in_group":
		for _, g := range listOf(tf.call("AdminListGroupsForUser", without(with(r.ids), "GroupName"))["Groups"]) {
			if g.(object)["GroupName"] == r.ids["GroupName"] {
				return nil
			}
		}
		return []string{"is not a member"}
	}
	return []string{"unknown kind"}
}

func (tf *terraform) readPool(r *resource) []string {
	got := tf.call("DescribeUserPool", r.ids)["UserPool"].(object)
	mfa := tf.call("GetUserPoolMfaConfig", r.ids)
	for _, name := range []string{"CreationDate", "LastModifiedDate", "Policies"} {
		require.NotNil(tf.t, got[name], "the provider crashes without %s", name)
	}
	out := different("", without(r.config, "PoolName", "Schema", "MfaConfiguration", "SoftwareTokenMfaConfiguration"), got)
	out = append(out, different("", pick(r.config, "MfaConfiguration", "SoftwareTokenMfaConfiguration"), mfa)...)
	out = append(out, different("name", r.config["PoolName"], got["Name"])...)
	for _, name := range []string{"DeviceConfiguration", "SmsConfiguration", "UserPoolAddOns", "UsernameConfiguration", "AliasAttributes", "UsernameAttributes", "AutoVerifiedAttributes"} {
		if r.config[name] == nil && got[name] != nil {
			out = append(out, name+" is not configured and is read")
		}
	}
	if r.config["MfaConfiguration"] == nil && !reflect.DeepEqual(mfa, object{"MfaConfiguration": "OFF"}) {
		out = append(out, fmt.Sprintf("MFA is not configured and is read as %v", mfa))
	}
	if r.config["UserPoolTags"] == nil && len(got["UserPoolTags"].(object)) > 0 {
		out = append(out, "tags")
	}
	return append(out, schemaDifferences(listOf(r.config["Schema"]), listOf(got["SchemaAttributes"]))...)
}

// schemaDifferences compares as the provider does: attributes that are configured, and custom ones.
func schemaDifferences(want, got []any) []string {
	var out []string
	left := map[string]object{}
	for _, a := range got {
		left[a.(object)["Name"].(string)] = a.(object)
	}
	for _, a := range want {
		o := maps.Clone(a.(object))
		name := o["Name"].(string)
		if left["custom:"+name] != nil {
			name = "custom:" + name
		}
		o["Name"] = name
		if o["AttributeDataType"] == "String" && o["StringAttributeConstraints"] == nil {
			o["StringAttributeConstraints"] = object{"MinLength": "0", "MaxLength": "2048"}
		}
		out = append(out, different("schema "+name, o, left[name])...)
		delete(left, name)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		if strings.HasPrefix(name, "custom:") {
			out = append(out, "schema "+name+" is not configured and is read")
		}
	}
	return out
}

func (tf *terraform) readUser(r *resource) []string {
	got := tf.call("AdminGetUser", r.ids)
	for _, name := range []string{"UserCreateDate", "UserLastModifiedDate"} {
		require.NotNil(tf.t, got[name], "the provider crashes without %s", name)
	}
	read := object{}
	for _, a := range listOf(got["UserAttributes"]) {
		if name := a.(object)["Name"].(string); name != "sub" {
			read[name] = a.(object)["Value"]
		}
	}
	out := different("attributes", r.config["UserAttributes"], read)
	enabled, given := r.config["Enabled"]
	if !given {
		enabled = true
	}
	return append(out, different("enabled", enabled, got["Enabled"])...)
}

// destroy deletes all, in the provider's way.
func (tf *terraform) destroy() {
	tf.t.Helper()
	for _, kind := range slices.Backward(order) {
		for address, r := range tf.state {
			if r.kind != kind {
				continue
			}
			switch kind {
			case "aws_cognito_user_pool":
				tf.call("DeleteUserPool", r.ids)
				_, class := tf.ask("DeleteUserPool", r.ids)
				require.Equal(tf.t, "ResourceNotFoundException", class, "which counts as done")
			case "aws_cognito_user_pool_domain":
				tf.call("DeleteUserPoolDomain", r.ids)
				require.NotContains(tf.t, tf.domain(r), "Status", "Terraform waits for that")
			case "aws_cognito_resource_server":
				tf.call("DeleteResourceServer", r.ids)
			case "aws_cognito_identity_provider":
				tf.call("DeleteIdentityProvider", r.ids)
			case "aws_cognito_user_pool_client":
				tf.call("DeleteUserPoolClient", r.ids)
			case "aws_cognito_user_group":
				tf.call("DeleteGroup", r.ids)
			case "aws_cognito_user":
				tf.call("AdminDeleteUser", r.ids)
			case "aws_cognito_user_in_group":
				tf.call("AdminRemoveUserFromGroup", r.ids)
			}
			delete(tf.state, address)
		}
	}
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// different is how what is read differs from what is wanted; what is not wanted does not count. Lists are sets, but for
// that of identifiers.
func different(path string, want, got any) []string {
	switch want := want.(type) {
	case object:
		have, _ := got.(object)
		var out []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			out = append(out, different(strings.TrimPrefix(path+"."+name, "."), want[name], have[name])...)
		}
		return out
	case []any:
		have := slices.Clone(listOf(got))
		want = slices.Clone(want)
		if path != "IdpIdentifiers" {
			for _, list := range [][]any{want, have} {
				sort.Slice(list, func(i, j int) bool { return fmt.Sprint(list[i]) < fmt.Sprint(list[j]) })
			}
		}
		if !reflect.DeepEqual(want, have) {
			return []string{fmt.Sprintf("%s: %v, read %v", path, want, have)}
		}
		return nil
	}
	if !reflect.DeepEqual(want, got) {
		return []string{fmt.Sprintf("%s: %v, read %v", path, want, got)}
	}
	return nil
}
