package tenant

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ssolab/ssolab/conformance"
)

// Limits of CreateIdentityProvider: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html.
const (
	maxIdentifiers = 50
	maxIdentifier  = 40
)

func providerChecks() []check {
	return []check{{
		id: "TENANT-003", title: "The identity provider exists and its type is OIDC", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{api("DescribeIdentityProvider")}, hint: "Create the provider as OIDC.", run: providerExists,
	}, {
		id: "TENANT-004", title: "The name that the app asks for is the provider's name, including case", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{guide("authorization-endpoint"), scalekitDocs("aws-cognito")}, hint: "Copy the name from the console; case matters.", run: providerNameSame,
	}, {
		id: "TENANT-005", title: "oidc_issuer is the issuer that Scalekit states", level: conformance.Must, basis: conformance.Spec,
		refs: []conformance.Ref{{Doc: "OpenID Connect Discovery 1.0", Section: "4.3", Quote: "The issuer value returned MUST be identical to the Issuer URL"}, guide("cognito-user-pools-oidc-idp")},
		hint: "Set the issuer to exactly the string that Scalekit's discovery document states.", run: issuerSame,
	}, {
		id: "TENANT-006", title: "authorize_scopes has openid and email", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{guide("cognito-user-pools-oidc-idp"), scalekitDocs("aws-cognito")}, hint: "Set the authorized scopes to openid email profile.", run: providerScopes,
	}, {
		id: "TENANT-007", title: "attributes_request_method is GET or POST", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{guide("cognito-user-pools-oidc-idp")}, hint: "Set the attribute request method to GET.", run: requestMethod,
	}, {
		id: "TENANT-011", title: "Every domain of the organizations is among the provider's identifiers", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{scalekitDocs("aws-cognito"), api("CreateIdentityProvider")}, hint: "Add the domain to the provider's identifiers.", run: identifiersComplete,
	}, {
		id: "TENANT-012", title: "No identifier lacks an organization", level: conformance.Should, basis: conformance.Advice,
		hint: "Remove the identifier, or add the organization.", run: identifiersStale,
	}, {
		id: "TENANT-013", title: "No identifier belongs to two providers, and the limits are kept", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{api("CreateIdentityProvider")}, hint: "Keep each domain with one provider; a provider takes 50.", run: identifierLimits,
	}}
}

func providerExists(x *exam) {
	for _, u := range x.Unread {
		if u.Operation != "DescribeIdentityProvider" {
			continue
		}
		if !u.Missing {
			x.unknownf("the provider %s could not be read: %s", u.Name, u.Reason)
			continue
		}
		if len(x.providers()) > 0 {
			x.ok() // there is one, of another name: TENANT-004
			continue
		}
		name := u.Name
		x.find(Finding{
			Subject: "provider " + name, Have: Value{"DescribeIdentityProvider", u.Reason}, Want: Value{x.whoAsks(name), name},
			Consequence: "the sign-in page answers 401 \"Login option is not available. Please try another one\".",
			Fix: Fix{
				Console: x.consolePath("Social and external providers", "Add an identity provider", "OpenID Connect (OIDC)"),
				CLI: aws(x.poolID(), "create-identity-provider", "--provider-name", shell(name), "--provider-type", "OIDC",
					"--provider-details", `'{"client_id":"'"${SCALEKIT_CLIENT_ID:?set it}"'","client_secret":"'"${`+secretVariable+`:?set it}"'","oidc_issuer":"'"${SCALEKIT_ENVIRONMENT_URL:?set it}"'","authorize_scopes":"openid email profile","attributes_request_method":"GET"}'`,
					"--attribute-mapping", shell(`{"email":"email","email_verified":"email_verified","username":"sub"}`)),
				Terraform: tfProvider + `: provider_name = ` + hcl(name) + `, provider_type = "OIDC"`,
				Note:      "then tick the provider on the app client (TENANT-019).",
			},
		})
	}
	for _, p := range x.Providers {
		x.unless(p.ProviderType == "OIDC" || p.ProviderName != x.providerName() && x.providerName() != "", func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: Value{"DescribeIdentityProvider, ProviderType", given(p.ProviderType)}, Want: Value{"Scalekit speaks OpenID Connect", "OIDC"},
				Consequence: "the browser is not sent to Scalekit's /oauth/authorize.",
				Fix: Fix{Console: x.consolePath("Social and external providers", "Add an identity provider", "OpenID Connect (OIDC)"), Terraform: terraform(tfProvider, "provider_type", "OIDC"),
					Note: "the type of a provider cannot be changed: create one of the type OIDC. Users of the old one stay behind: they are tied to its name."},
			}
		})
	}
	if len(x.Providers) == 0 {
		x.skipf("no identity provider is described (aws cognito-idp describe-identity-provider)")
	}
}

// whoAsks says where a provider's name was taken from.
func (x *exam) whoAsks(name string) string {
	if x.providerName() == name {
		return "target file, provider.identity_provider"
	}
	return "the app's configuration"
}

func providerNameSame(x *exam) {
	want := x.providerName()
	if want == "" {
		x.skipf("the name that the app asks for is not told (--target, provider.identity_provider)")
	}
	if len(x.Providers) == 0 {
		x.skipf("no identity provider is described (aws cognito-idp describe-identity-provider)%s", x.because("DescribeIdentityProvider"))
	}
	names := providerNames(x.Providers)
	if x.ok(); slices.Contains(names, want) {
		return
	}
	near := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, want) })
	have := strings.Join(names, ", ")
	note := "change identity_provider in the app; a provider cannot be renamed, and one made anew has new users."
	if near >= 0 {
		have = names[near]
		note = "the two differ in case only; " + note
	}
	x.find(Finding{
		Subject: "the app's provider name", Have: Value{"target file, provider.identity_provider", want}, Want: Value{"user pool, ProviderName", have},
		Consequence: "the sign-in page answers 401 \"Login option is not available. Please try another one\".",
		Fix: Fix{Console: x.consolePath("Social and external providers") + " (copy the name)", CLI: aws(x.poolID(), "list-identity-providers", "--query", "'Providers[].ProviderName'"),
			Terraform: tfProvider + ": provider_name", Note: note},
	})
}

func issuerSame(x *exam) {
	for _, p := range x.needProviders() {
		have := p.ProviderDetails["oidc_issuer"]
		want, place := x.scalekitIssuer()
		if want == "" {
			x.unknownf("the issuer that Scalekit states: give scalekit.environment_url in the target file, or --probe")
			want, place = strings.TrimRight(have, "/"), "Cognito takes an issuer without a slash at its end"
		}
		if x.ok(); have == want {
			continue
		}
		consequence := fmt.Sprintf("discovery fails, or the app's callback gets error=invalid_request with \"Bad id_token issuer %s\".", strings.TrimRight(want, "/"))
		note := "two different issuers: compare the environments, .scalekit.dev is development and .scalekit.com production; a custom domain replaces both."
		if strings.TrimRight(have, "/") == strings.TrimRight(want, "/") {
			note = "they differ in the slash at the end only; the comparison is of strings."
		}
		fix := x.changeDetails(p, "oidc_issuer", want)
		fix.Note = note + " " + fix.Note
		x.find(Finding{
			Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", oidc_issuer", quoted(have)}, Want: Value{place, quoted(want)},
			Consequence: consequence, Fix: fix,
		})
	}
}

// scalekitIssuer is the issuer by Scalekit's own word, or by the target file.
func (x *exam) scalekitIssuer() (issuer, place string) {
	if x.Probed != nil && x.Probed.Issuer != "" {
		return x.Probed.Issuer, "Scalekit, discovery document, issuer"
	}
	return strings.TrimSuffix(x.scalekit().EnvironmentURL, "/"), "target file, scalekit.environment_url"
}

func providerScopes(x *exam) {
	for _, p := range x.needProviders() {
		scopes := strings.Fields(p.ProviderDetails["authorize_scopes"])
		var missing []string
		for _, s := range []string{"openid", "email"} {
			if !slices.Contains(scopes, s) {
				missing = append(missing, s)
			}
		}
		consequence := "Scalekit sends no email, so users have none."
		switch {
		case slices.Contains(missing, "openid"):
			consequence = "Scalekit gives no ID token, so every sign-in ends in an error at the app's callback."
		case x.Pool != nil && x.Pool.required("email"):
			consequence = "Scalekit sends no email, and the app's callback gets error=invalid_request with \"attributes required: [email]\"."
		}
		x.unless(len(missing) == 0, func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", authorize_scopes", quoted(p.ProviderDetails["authorize_scopes"])}, Want: Value{"Scalekit documentation", `"openid email profile"`},
				Consequence: consequence, Fix: x.changeDetails(p, "authorize_scopes", "openid email profile"),
			}
		})
	}
}

func requestMethod(x *exam) {
	for _, p := range x.needProviders() {
		method := p.ProviderDetails["attributes_request_method"]
		x.unless(method == "GET" || method == "POST", func() Finding {
			return Finding{
				Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", attributes_request_method", quoted(method)}, Want: Value{"userInfo endpoint", "GET or POST"},
				Consequence: "Cognito cannot ask Scalekit's userInfo, and attributes that only stand there are missing.",
				Fix:         x.changeDetails(p, "attributes_request_method", "GET"),
			}
		})
	}
	x.unknownf("whether userInfo answers to this method: that needs a sign-in")
}

// scalekitDomains ends the check where the organizations' domains are not told.
func (x *exam) scalekitDomains() []string {
	domains := x.scalekit().Domains
	if len(domains) == 0 {
		x.skipf("the domains of Scalekit's organizations are not told (scalekit.domains in the target file)")
	}
	return domains
}

func identifiersComplete(x *exam) {
	providers := x.needProviders()
	var all []string
	for _, p := range providers {
		all = append(all, p.IdpIdentifiers...)
	}
	var missing []string
	for _, d := range x.scalekitDomains() {
		if !slices.ContainsFunc(all, func(id string) bool { return strings.EqualFold(id, d) }) {
			missing = append(missing, d)
		}
	}
	if x.ok(); len(missing) == 0 {
		return
	}
	p := providers[0]
	want := append(slices.Clone(p.IdpIdentifiers), missing...)
	fix := x.changeIdentifiers(p, want)
	if len(want) > maxIdentifiers {
		fix.Note += fmt.Sprintf(" That is %d: a provider takes %d; connect Scalekit by a second provider for the rest, or leave identifiers out and send identity_provider with login_hint.", len(want), maxIdentifiers)
	}
	x.find(Finding{
		Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", IdpIdentifiers", listed(all)}, Want: Value{"Scalekit, domains of the organizations (target file, scalekit.domains)", listed(missing) + " too"},
		Consequence: "people of " + listed(missing) + " are not routed by idp_identifier nor by the e-mail box of the sign-in page: 401 \"Login option is not available. Please try another one\". An app that sends identity_provider and login_hint is not touched.",
		Fix:         fix,
	})
}

func identifiersStale(x *exam) {
	providers := x.needProviders()
	domains := x.scalekitDomains()
	x.ok()
	for _, p := range providers {
		var stale, rest []string
		for _, id := range p.IdpIdentifiers {
			if slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(id, d) }) {
				rest = append(rest, id)
			} else {
				stale = append(stale, id)
			}
		}
		if len(stale) == 0 {
			continue
		}
		fix := x.changeIdentifiers(p, rest)
		fix.Note = "or add the organization's domain at Scalekit. " + fix.Note
		x.find(Finding{
			Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", IdpIdentifiers", listed(stale)}, Want: Value{"Scalekit, domains of the organizations (target file, scalekit.domains)", listed(domains)},
			Consequence: "people of " + listed(stale) + " are sent to Scalekit, which answers domain_not_found or shows its own sign-in page.",
			Fix:         fix,
		})
	}
}

func identifierLimits(x *exam) {
	if len(x.Providers) == 0 {
		x.needProviders()
	}
	x.ok()
	owner := map[string]*Provider{}
	for _, p := range x.Providers {
		x.identifiersOf(p)
		for _, id := range p.IdpIdentifiers {
			first, taken := owner[strings.ToLower(id)]
			if !taken {
				owner[strings.ToLower(id)] = p
				continue
			}
			if first.ProviderName == p.ProviderName {
				continue // the same description twice
			}
			rest := slices.DeleteFunc(slices.Clone(p.IdpIdentifiers), func(s string) bool { return s == id })
			fix := x.changeIdentifiers(p, rest)
			fix.Note = "keep it with one of the two; this takes it from " + p.ProviderName + ". " + fix.Note
			x.find(Finding{
				Subject: "identifier " + id, Have: Value{"provider " + p.ProviderName + ", IdpIdentifiers", id}, Want: Value{"provider " + first.ProviderName + ", IdpIdentifiers", id + " is there already"},
				Consequence: "people of " + id + " may be sent to the wrong provider.",
				Fix:         fix,
			})
		}
	}
	x.othersUndescribed()
}

func (x *exam) identifiersOf(p *Provider) {
	n := len(p.IdpIdentifiers)
	long := slices.DeleteFunc(slices.Concat(p.IdpIdentifiers, x.scalekit().Domains), func(s string) bool { return utf8.RuneCountInString(s) <= maxIdentifier })
	if n > maxIdentifiers || len(long) > 0 {
		have, want := fmt.Sprintf("%d identifiers", n), fmt.Sprintf("at most %d", maxIdentifiers)
		if len(long) > 0 {
			have, want = listed(long), fmt.Sprintf("at most %d characters each", maxIdentifier)
		}
		x.find(Finding{
			Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", IdpIdentifiers", have}, Want: Value{"limit of the service", want},
			Consequence: "the domain cannot be an identifier, so its people are not routed by their address.",
			Fix: Fix{Console: x.providerPath(p, "Identity provider information", "Edit", "Identifiers"), Terraform: tfProvider + ": idp_identifiers",
				Note: "let the app send identity_provider and login_hint, which need no identifiers."},
		})
	}
}

// othersUndescribed says which providers of the clients were not seen.
func (x *exam) othersUndescribed() {
	var others []string
	for _, c := range x.Clients {
		for _, name := range c.SupportedIdentityProviders {
			if name != "COGNITO" && !slices.Contains(providerNames(x.Providers), name) && !slices.Contains(others, name) {
				others = append(others, name)
			}
		}
	}
	if len(others) > 0 {
		x.unknownf("the identifiers of %s, which app clients name: no description", listed(others))
	}
	x.unknownf("identifiers of providers that no description names")
}

// hostOf is the host of a URL, in lower case.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
