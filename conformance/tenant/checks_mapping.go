package tenant

import (
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func mappingChecks() []check {
	flow := guide("cognito-user-pools-oidc-flow")
	return []check{{
		id: "TENANT-014", title: "The e-mail address is mapped", level: conformance.Must, basis: conformance.Vendor, refs: []conformance.Ref{flow},
		hint: "Map email to email.", run: mapsEmail,
	}, {
		id: "TENANT-015", title: "email_verified is mapped", level: conformance.Should, basis: conformance.Advice, refs: []conformance.Ref{flow},
		hint: "Map email_verified, or treat addresses as unverified.", run: mapsVerified,
	}, {
		id: "TENANT-016", title: "username is mapped from sub", level: conformance.Must, basis: conformance.Vendor, refs: []conformance.Ref{flow},
		hint: "Map username to sub: names that change break accounts.", run: mapsUsername,
	}, {
		id: "TENANT-017", title: "Every required attribute of the pool has a mapping", level: conformance.Must, basis: conformance.Vendor, refs: []conformance.Ref{api("DescribeUserPool"), flow},
		hint: "Map it; whether an attribute is required cannot be changed after the pool was made.", run: mapsRequired,
	}, {
		id: "TENANT-018", title: "Every mapped attribute is mutable, and the app client may write it", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{guide("cognito-user-pools-specifying-attribute-mapping"), api("DescribeUserPoolClient")},
		hint: "Make the attribute mutable (a new pool) and writable for the client.", run: mappedWritable,
	}}
}

func mapping(p *Provider, attribute string) Value {
	return Value{"provider " + p.ProviderName + ", AttributeMapping, " + attribute, given(p.AttributeMapping[attribute])}
}

func mapsEmail(x *exam) {
	for _, p := range x.needProviders() {
		consequence := "the user has no email: the claim is missing from the ID token and from userInfo."
		if x.Pool != nil && x.Pool.required("email") {
			consequence = "the app's callback gets error=invalid_request with \"attributes required: [email]\"."
		}
		x.unless(p.AttributeMapping["email"] == "email", func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: mapping(p, "email"), Want: Value{"Scalekit, claim of the address", "email"},
				Consequence: consequence, Fix: x.changeMapping(p, map[string]string{"email": "email"}),
			}
		})
	}
}

func mapsVerified(x *exam) {
	for _, p := range x.needProviders() {
		x.unless(p.AttributeMapping["email_verified"] == "email_verified", func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: mapping(p, "email_verified"), Want: Value{"Scalekit, claim, where the customer's IdP gives it", "email_verified"},
				Consequence: "email_verified is false for everybody; an app or a linking trigger that insists on it refuses them.",
				Fix:         x.changeMapping(p, map[string]string{"email_verified": "email_verified"}),
			}
		})
	}
}

func mapsUsername(x *exam) {
	for _, p := range x.needProviders() {
		x.unless(p.AttributeMapping["username"] == "sub", func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: mapping(p, "username"), Want: Value{"Scalekit, claim that never changes", "sub"},
				Consequence: "a person whose " + given(p.AttributeMapping["username"]) + " changes becomes another user, with another sub at the app.",
				Fix:         x.changeMapping(p, map[string]string{"username": "sub"}),
			}
		})
	}
}

// scalekitClaims are the claims of Scalekit that a required attribute may be mapped from.
var scalekitClaims = map[string]string{
	"given_name": "given_name", "family_name": "family_name", "name": "given_name", "preferred_username": "preferred_username",
	"picture": "picture", "locale": "locale", "email": "email",
}

func mapsRequired(x *exam) {
	pool := x.needPool()
	providers := x.needProviders()
	x.ok()
	for _, p := range providers {
		var missing []string
		for _, a := range pool.SchemaAttributes {
			if a.Required && a.Name != "sub" && a.Name != "email" && p.AttributeMapping[a.Name] == "" { // email: TENANT-014
				missing = append(missing, a.Name)
			}
		}
		if len(missing) == 0 {
			continue
		}
		entries, unknown := map[string]string{}, ""
		for _, name := range missing {
			if entries[name] = scalekitClaims[name]; entries[name] == "" {
				entries[name] = name
				unknown += " Scalekit is not known to send a claim for " + name + ": register it as a custom attribute there, or make a pool in which it is not required."
			}
		}
		fix := x.changeMapping(p, entries)
		fix.Note += unknown
		x.find(Finding{
			Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", AttributeMapping", "nothing for " + strings.Join(missing, ", ")},
			Want:        Value{"user pool, SchemaAttributes, Required", strings.Join(missing, ", ")},
			Consequence: "the app's callback gets error=invalid_request with \"attributes required: [" + strings.Join(missing, ", ") + "]\".",
			Fix:         fix,
		})
	}
}

// notWritten are mapped names that need no permission to write.
var notWritten = []string{"username", "sub", "email_verified", "phone_number_verified", "identities"}

func mappedWritable(x *exam) {
	providers := x.needProviders()
	if x.Pool == nil {
		x.unknownf("whether the mapped attributes are mutable: the user pool is not described")
	}
	for _, p := range providers {
		for _, name := range slices.Sorted(maps.Keys(p.AttributeMapping)) {
			if name == "username" || x.Pool == nil {
				continue
			}
			a, found := x.Pool.attribute(name)
			switch {
			case !found && len(x.Pool.SchemaAttributes) > 0:
				x.find(notInSchema(x, p, name))
			case found && a.Mutable != nil && !*a.Mutable:
				x.find(immutable(x, p, name))
			default:
				x.ok()
			}
		}
	}
	for _, c := range x.clients() {
		for _, p := range providers {
			if slices.Contains(c.SupportedIdentityProviders, p.ProviderName) {
				x.writable(c, p)
			}
		}
	}
	if len(x.clients()) == 0 {
		x.unknownf("what app clients may write: none is described")
	}
}

func notInSchema(x *exam, p *Provider, name string) Finding {
	fix := x.changeMapping(p, map[string]string{name: ""})
	fix.Note = "this takes the mapping out; to keep it, add the attribute to the pool first (add-custom-attributes). " + fix.Note
	return Finding{
		Subject: "provider " + p.ProviderName, Have: mapping(p, name), Want: Value{"user pool, SchemaAttributes", "no " + name},
		Consequence: "the sign-in ends with \"Invalid user attributes: " + name + ": Attribute does not exist in the schema\".", Fix: fix,
	}
}

func immutable(x *exam, p *Provider, name string) Finding {
	fix := x.changeMapping(p, map[string]string{name: ""})
	fix.Terraform = tfPool + ": schema { name = " + hcl(strings.TrimPrefix(name, "custom:")) + ", mutable = true } (a new pool), or attribute_mapping without " + name
	fix.Note = "mutability cannot be changed after the pool was made. The command takes the mapping out; to keep it, map to a new attribute that is mutable, or make a new pool. " + fix.Note
	return Finding{
		Subject: "attribute " + name, Have: Value{"user pool, SchemaAttributes, " + name + ", Mutable", "false"}, Want: mapping(p, name),
		Consequence: "the first sign-in works, from the second on the app's callback gets error=invalid_request with \"user." + name + ": Attribute cannot be updated.\"", Fix: fix,
	}
}

// writable compares what a client may write with what its provider maps.
func (x *exam) writable(c *Client, p *Provider) {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(p.AttributeMapping)) {
		standard := c.WriteAttributes == nil && !strings.HasPrefix(name, "custom:")
		if !standard && !slices.Contains(c.WriteAttributes, name) && !slices.Contains(notWritten, name) {
			missing = append(missing, name)
		}
	}
	x.ok()
	if len(missing) == 0 {
		return
	}
	have := c.WriteAttributes
	if have == nil {
		have = []string{"standard attributes (not given)"}
	}
	want := slices.Clone(c.WriteAttributes)
	if c.WriteAttributes == nil && x.Pool != nil {
		for _, a := range x.Pool.SchemaAttributes {
			if !strings.Contains(a.Name, ":") && !slices.Contains(notWritten, a.Name) && a.Name != "updated_at" {
				want = append(want, a.Name)
			}
		}
		want = append(want, "updated_at")
	}
	want = append(want, missing...)
	x.find(Finding{
		Subject: "app client " + c.ClientID, Have: Value{"app client " + c.ClientID + ", WriteAttributes", listed(have)}, Want: Value{"provider " + p.ProviderName + ", AttributeMapping", strings.Join(missing, ", ")},
		Consequence: "the value never arrives, or the sign-in ends in an error; the vendor's pages tell both.",
		Fix:         x.changeClient(c, map[string]any{"WriteAttributes": want}, "write_attributes", want, "Attribute permissions", "Edit"),
	})
}
