package federation

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

const (
	mapping = "specifying attribute mappings"
	tokens  = "understanding the ID token"
)

// person are the checks of the profile that a sign-in makes.
func person() []conformance.Check {
	username := check("FED-029", "The user name is the provider's name, an underscore and the provider's sub", conformance.Must, conformance.Vendor,
		aws(mapping, "the user name of a federated user is made of the provider's name and its sub, and nothing else can be mapped to it"),
		"Do not build on the form of user names: key on sub.", userName,
		fault("fed.username_is_email", "@"))
	username.Unproven = true
	immutable := needs(check("FED-031", "A change of an immutable attribute gives an error that names it", conformance.Should, conformance.Vendor,
		aws(mapping, "mapped attributes must be mutable; a sign-in that would change an immutable one fails"),
		"Make mapped attributes mutable, which only a new user pool can.", immutableAttribute,
		fault("fed.immutable_overwritten", "a code")), conformance.NeedFaults)
	immutable.Unproven = true
	return []conformance.Check{
		check("FED-027", "What the provider says of the person reaches the profile", conformance.Must, conformance.Vendor,
			aws(mapping, "mapped claims become attributes of the profile"),
			"Compare the provider's attribute mapping with the claims it sends, and its scopes.", mapped,
			fault("fed.mapping_ignored", "no email")),
		needs(check("FED-028", "A missing required attribute is told to the app", conformance.Must, conformance.Vendor,
			aws(mapping, "each required attribute needs a mapping and a value, or the sign-in fails"),
			"Map the attribute, and ask the provider for the scope that brings it.", requiredAttribute,
			fault("fed.required_attr_ignored", "a code")), conformance.NeedFaults),
		username,
		needs(check("FED-030", "A second sign-in is the same user, with what the provider says now", conformance.Must, conformance.Vendor,
			aws(mapping, "mapped attributes are written at every sign-in; the profile is found by the provider's sub"),
			"Connections that are made anew at Scalekit bring a new sub, and so a new user. Map nothing changeable to the user name.", secondSignIn,
			fault("fed.new_user_each_time", "another sub"), fault("fed.attr_not_updated", "family_name")), conformance.NeedFaults),
		immutable,
		check("FED-032", "The ID token tells by which provider the person came", conformance.Should, conformance.Vendor,
			aws(tokens, "identities lists provider, type and the person's id there"),
			"Read identities to show it; it is no key.", identities,
			fault("idt.no_identities", "no identities")),
	}
}

// claims are those of an ID token that these checks read.
type claims struct {
	Subject    string     `json:"sub"`
	Email      string     `json:"email"`
	FamilyName string     `json:"family_name"`
	Username   string     `json:"cognito:username"`
	Identities []identity `json:"identities"`
}

// identity is how the person is known to a provider.
type identity struct {
	UserID       string `json:"userId"`
	ProviderName string `json:"providerName"`
	ProviderType string `json:"providerType"`
}

func read(t *conformance.T, token *conformance.Token) claims {
	var c claims
	if err := json.Unmarshal(token.Claims, &c); err != nil {
		t.Skip("the ID token's claims have other types than expected (see IDT-020): %v", err)
	}
	return c
}

// signIn is a sign-in of its own through the provider, with all names, redeemed. Without tokens it is skipped.
func signIn(t *conformance.T) claims {
	g := t.Grant(conformance.Variant{Fresh: true, Scopes: withProfile(t)})
	if g.IDToken == nil {
		t.Skip("the sign-in brought no ID token that can be read (see TOKEN-001)")
	}
	return read(t, g.IDToken)
}

// withProfile are the target's scopes and profile, which releases the names.
func withProfile(t *conformance.T) string {
	scopes := slices.Clone(t.Target().Client.Scopes)
	if !slices.Contains(scopes, "profile") {
		scopes = append(scopes, "profile")
	}
	return strings.Join(scopes, " ")
}

func mapped(t *conformance.T) {
	if !slices.Contains(t.Target().Client.Scopes, "email") {
		t.Skip("the target's client does not ask for the scope email")
	}
	got := read(t, t.Journey(fresh()).RequireIDToken(t)).Email
	t.Require(got != "", "the address that the provider knows, in email", "no email in the ID token")
	if want := t.Target().Email; want != "" {
		t.Expect(strings.EqualFold(got, want), "email "+want, "%q", got)
	}
}

// requiredAttribute signs in to a pool that requires an address, by a provider that tells none.
func requiredAttribute(t *conformance.T) {
	t.Journey(fresh()).Authorization.Code(t)
	// Somebody new: a profile that has the attribute from before lacks nothing.
	_, domain, _ := strings.Cut(t.Target().Email, "@")
	v := conformance.Variant{Fresh: true, Extra: url.Values{"login_hint": {"without-mail@" + domain}}}
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "pool.required_attribute"}, func() {
		t.WithFault(conformance.Fault{ID: "upstream.idt_claim", Params: map[string]string{"claim": "email"}}, func() {
			t.WithFault(conformance.Fault{ID: "upstream.userinfo_claim", Params: map[string]string{"claim": "email"}}, func() { a = t.Authorize(v) })
		})
	})
	namesAttribute(t, a, "email")
}

// immutableAttribute signs in twice to a pool whose family_name cannot be changed.
func immutableAttribute(t *conformance.T) {
	signIn(t)
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "pool.immutable_attribute"}, func() {
		t.WithFault(otherName("Immutable"), func() { a = t.Authorize(fresh()) })
	})
	namesAttribute(t, a, "family_name")
	signIn(t) // and puts the name back where it was changed
}

func otherName(name string) conformance.Fault {
	return conformance.Fault{ID: "upstream.idt_claim", Params: map[string]string{"claim": "family_name", "value": name}}
}

func namesAttribute(t *conformance.T, a *conformance.Authorization, name string) {
	t.Require(a.Params.Get("code") == "", "an error that names "+name, "a code")
	t.Expect(a.Params.Get("error") != "" && strings.Contains(a.Params.Get("error_description"), name), "an error at the app that names "+name, "%s", ending(a))
}

func userName(t *conformance.T) {
	name := t.Target().Provider.IdentityProvider
	if name == "" {
		t.Skip("the target file names no provider.identity_provider")
	}
	c := read(t, t.Journey(fresh()).RequireIDToken(t))
	if len(c.Identities) == 0 {
		t.Skip("the ID token has no identities to compare with (see FED-032)")
	}
	if !strings.HasPrefix(strings.ToLower(c.Username), strings.ToLower(name)+"_") && !strings.Contains(c.Username, "@") {
		t.Infof("the user name %q is not made of the provider's: a local user to whom the identity is linked", c.Username)
		return
	}
	want := name + "_" + c.Identities[0].UserID
	t.Require(strings.EqualFold(c.Username, want), "cognito:username "+want, "%q", c.Username)
}

// secondSignIn signs in before and after the provider knows another name of the person.
func secondSignIn(t *conformance.T) {
	const other = "Of-Another-Name"
	first := signIn(t)
	var second claims
	t.WithFault(otherName(other), func() { second = signIn(t) })
	t.Expect(second.Subject == first.Subject, "the sub of the first sign-in, "+first.Subject, "another sub, %q", second.Subject)
	t.Expect(second.FamilyName == other, "family_name "+other, "family_name %q", second.FamilyName)
	signIn(t) // puts the name back
}

func identities(t *conformance.T) {
	c := read(t, t.Journey(fresh()).RequireIDToken(t))
	t.Require(len(c.Identities) > 0, "identities", "no identities in the ID token")
	for _, i := range c.Identities {
		t.Expect(i.UserID != "" && i.ProviderName != "" && i.ProviderType != "", "userId, providerName and providerType", "%+v", i)
	}
	if want := t.Target().Provider.IdentityProvider; want != "" {
		t.Expect(slices.ContainsFunc(c.Identities, func(i identity) bool { return i.ProviderName == want }), "an identity of "+want, "%+v", c.Identities)
	}
}
