package tenant

import (
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func environmentChecks() []check {
	return []check{{
		id: "TENANT-008", title: "The provider's client_id exists at Scalekit", level: conformance.Must, basis: conformance.Vendor, refs: []conformance.Ref{guide("cognito-user-pools-oidc-idp")},
		hint: "Copy the id from Scalekit.", run: upstreamClient,
	}, {
		id: "TENANT-009", title: "Scalekit accepts the client secret that Cognito has", level: conformance.Must, basis: conformance.Spec,
		refs: []conformance.Ref{{Doc: "RFC 6749", Section: "2.3.1"}, {Doc: "RFC 6749", Section: "5.2"}}, hint: "After a rotation give the new secret to the provider.", run: upstreamSecret,
	}, {
		id: "TENANT-010", title: "/oauth2/idpresponse of every domain is an allowed callback at Scalekit", level: conformance.Must, basis: conformance.Vendor,
		refs: []conformance.Ref{guide("cognito-user-pools-oidc-idp"), scalekitDocs("redirects")}, hint: "Prefix and custom domain need an entry each.", run: upstreamCallback,
	}, {
		id: "TENANT-030", title: "Scalekit has an active connection", level: conformance.Must, basis: conformance.Vendor, refs: []conformance.Ref{scalekitDocs("sso-integration-errors")},
		hint: "Finish, test and enable the connection.", run: connectionActive,
	}, {
		id: "TENANT-031", title: "The organization's domain is verified", level: conformance.Should, basis: conformance.Vendor, refs: []conformance.Ref{scalekitDocs("organization-domains")},
		hint: "Finish the verification of the domain.", run: func(x *exam) {
			x.skipf("the verification of domains is seen in Scalekit's dashboard only (Organizations > the organization > Domains)")
		},
	}, {
		id: "TENANT-032", title: "Development and production are not mixed", level: conformance.Must, basis: conformance.Advice, refs: []conformance.Ref{scalekitDocs("aws-cognito")},
		hint: "Use the production environment in production pools, with its own client.", run: stages,
	}}
}

func upstreamClient(x *exam) {
	for _, p := range x.needProviders() {
		have := p.ProviderDetails["client_id"]
		known := x.scalekit().ClientID
		probe := x.Probed.client(have)
		wrong := func(want Value) {
			value := known
			if value == "" {
				value = "SCALEKIT_CLIENT_ID"
			}
			x.find(Finding{
				Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", client_id", quoted(have)}, Want: want,
				Consequence: "Scalekit shows an error page instead of a sign-in (invalid_client: the client application is not recognized); Cognito and the app hear nothing.",
				Fix:         x.changeDetails(p, "client_id", value),
			})
		}
		switch {
		case probe == answeredNo:
			wrong(Value{"Scalekit, answer to an authorization request", "the client is not known"})
		case known != "" && known != have:
			wrong(Value{"target file, scalekit.client_id", quoted(known)})
		case probe == answeredYes || known == have && known != "":
			x.ok()
		case probe == notAnswered && x.Probed != nil:
			x.unknownf("whether the client exists: %s", x.Probed.why())
		default:
			x.unknownf("whether %s exists at Scalekit: give scalekit.client_id in the target file, or --probe", have)
		}
	}
}

func upstreamSecret(x *exam) {
	for _, p := range x.needProviders() {
		if p.Secret == "" {
			x.unknownf("the secret of %s: the description has none", p.ProviderName)
			continue
		}
		if x.Probed == nil {
			x.unknownf("whether Scalekit takes the secret of %s: nothing was asked of Scalekit (--probe)", p.ProviderName)
			continue
		}
		if x.Probed.client(p.ProviderDetails["client_id"]) == answeredNo {
			x.unknownf("whether Scalekit takes the secret of %s: it does not know the client (see TENANT-008)", p.ProviderName)
			continue
		}
		switch x.Probed.secret[p.ProviderName] {
		case answeredYes:
			x.ok()
		case answeredNo:
			fix := x.changeDetails(p, "client_id", p.ProviderDetails["client_id"])
			fix.Terraform = tfProvider + ": provider_details = { client_secret = var.scalekit_client_secret }"
			fix.Note = "put the secret that is valid now at Scalekit into the variable. " + fix.Note
			x.find(Finding{
				Subject: "provider " + p.ProviderName, Have: Value{"provider " + p.ProviderName + ", client_secret", "(secret)"}, Want: Value{"Scalekit, token endpoint, answer to an invented code", "invalid_client, not invalid_grant"},
				Consequence: "after signing in at Scalekit the app's callback gets error=invalid_request with \"" + p.ProviderName + " Error - 401 …\".",
				Fix:         fix,
			})
		default:
			x.unknownf("whether Scalekit takes the secret of %s: %s", p.ProviderName, x.Probed.why())
		}
	}
}

// idpResponse is the path of a domain that takes an identity provider's answer.
const idpResponse = "/oauth2/idpresponse"

func upstreamCallback(x *exam) {
	urls := x.domainURLs()
	if len(urls) == 0 {
		x.skipf("the pool's domains are not known: describe the pool, or give domain in the target file")
	}
	registered := x.scalekit().CallbackURLs
	for _, base := range urls {
		uri := base + idpResponse
		answer := x.Probed.callback(uri)
		have := Value{"target file, scalekit.callback_urls", listed(registered)}
		switch {
		case answer == answeredNo:
			have = Value{"Scalekit, answer to an authorization request", "an error page: the redirect URI is not allowed"}
		case answer == answeredYes || slices.ContainsFunc(registered, func(r string) bool { return matchesCallback(r, uri) }):
			x.ok()
			continue
		case len(registered) == 0 && x.Probed != nil:
			x.unknownf("whether %s is allowed at Scalekit: %s", uri, x.Probed.why())
			continue
		case len(registered) == 0:
			x.unknownf("whether %s is allowed at Scalekit: give scalekit.callback_urls in the target file, or --probe", uri)
			continue
		}
		x.find(Finding{
			Subject: "Scalekit, allowed callback URLs", Have: have, Want: Value{"Cognito sends people back to", uri},
			Consequence: "people who come in by " + base + " end at an error page of Scalekit (invalid_redirect_uri: Redirect URI is not part of the pre-approved list of redirect URIs); Cognito is never called.",
			Fix:         Fix{Console: "Scalekit dashboard > Authentication > Redirects > Allowed callback URLs: add " + uri, Note: "this is a setting of Scalekit: neither AWS nor its Terraform provider has it."},
		})
	}
}

// matchesCallback compares as Scalekit does: exactly, but for one star in the left-most label of the host
// (https://docs.scalekit.com/guides/dashboard/redirects/).
func matchesCallback(pattern, uri string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == uri
	}
	if len(uri) <= len(before)+len(after) || !strings.HasPrefix(uri, before) || !strings.HasSuffix(uri, after) {
		return false
	}
	return !strings.ContainsAny(uri[len(before):len(uri)-len(after)], "./:@?#")
}

func connectionActive(x *exam) {
	sk := x.scalekit()
	if len(sk.Connections) == 0 {
		x.skipf("Scalekit's connections are not told (scalekit.connections in the target file)")
	}
	var active, all []string
	for _, c := range sk.Connections {
		state := "enabled"
		if c.Enabled != nil && !*c.Enabled {
			state = "disabled"
		}
		if c.Status != "" {
			state += ", " + c.Status
		}
		all = append(all, c.ID+" ("+state+")")
		if c.Active() && (sk.ConnectionID == "" || sk.ConnectionID == c.ID) {
			active = append(active, c.ID)
		}
	}
	code, want := "no_active_connections: There are no active SSO connections configured to process the single sign-on request", "one that is enabled and COMPLETED"
	if sk.ConnectionID != "" {
		code, want = "connection_not_active: The configured connection is not active", sk.ConnectionID+" enabled and COMPLETED"
	}
	x.unless(len(active) > 0, func() Finding {
		return Finding{
			Subject: "Scalekit, connections", Have: Value{"target file, scalekit.connections", listed(all)}, Want: Value{"a sign-in", want},
			Consequence: "Scalekit sends people back with " + code + ".",
			Fix:         Fix{Console: "Scalekit dashboard > Organizations > the organization > Single sign-on > the connection > Test, then Enable", Note: "this is a setting of Scalekit: neither AWS nor its Terraform provider has it."},
		}
	})
	if len(active) > 1 {
		x.notef("%d connections are active: %s. Where an organization has several, Scalekit takes the first; which belong to one organization is not told.", len(active), strings.Join(active, ", "))
	}
}

// stageOfHost is "development", "production" or empty.
func stageOfHost(host string) string {
	switch {
	case strings.HasSuffix(host, ".scalekit.dev"):
		return "development"
	case strings.HasSuffix(host, ".scalekit.com"):
		return "production"
	}
	return ""
}

// stageOfClient reads the prefix of a Scalekit client id.
// Unverified: observed prefixes, not documented ones.
func stageOfClient(id string) string {
	switch {
	case strings.HasPrefix(id, "prd_skc_"):
		return "production"
	case strings.HasPrefix(id, "skc_"):
		return "development"
	}
	return ""
}

// stageOfPool reads the tags that people give.
func stageOfPool(p *UserPool) (stage, tag string) {
	if p == nil {
		return "", ""
	}
	for _, name := range slices.Sorted(maps.Keys(p.UserPoolTags)) {
		switch strings.ToLower(name) {
		case "stage", "env", "environment", "deployment":
		default:
			continue
		}
		switch strings.ToLower(p.UserPoolTags[name]) {
		case "prod", "production", "prd", "live":
			return "production", name + "=" + p.UserPoolTags[name]
		case "dev", "development", "test", "staging", "stage", "sandbox", "qa":
			return "development", name + "=" + p.UserPoolTags[name]
		}
	}
	return "", ""
}

func stages(x *exam) {
	for _, p := range x.needProviders() {
		issuer, id := p.ProviderDetails["oidc_issuer"], p.ProviderDetails["client_id"]
		stage := stageOfHost(hostOf(issuer))
		if stage == "" {
			x.unknownf("the stage of %s: neither .scalekit.dev nor .scalekit.com", given(issuer))
			continue
		}
		have := Value{"provider " + p.ProviderName + ", oidc_issuer", issuer + ", " + stage}
		x.ok()
		if other := stageOfClient(id); other != "" && other != stage {
			fix := x.changeDetails(p, "client_id", "SCALEKIT_CLIENT_ID")
			fix.Note = "put the client id of that environment in place of SCALEKIT_CLIENT_ID, and its secret into the variable. " + fix.Note
			x.find(Finding{
				Subject: "provider " + p.ProviderName, Have: have, Want: Value{"provider " + p.ProviderName + ", client_id", id + ", " + other},
				Consequence: "Scalekit shows an error page instead of a sign-in (invalid_client: the client application is not recognized).", Fix: fix,
			})
		}
		switch of, tag := stageOfPool(x.Pool); {
		case of == "":
			x.unknownf("the stage of the pool: it has no tag stage, env, environment or deployment")
		case of != stage:
			fix := x.changeDetails(p, "oidc_issuer", "https://ENVIRONMENT.scalekit."+map[string]string{"production": "com", "development": "dev"}[of])
			fix.Note = "put the environment's name in place of ENVIRONMENT; client id and secret are that environment's too. " + fix.Note
			x.find(Finding{
				Subject: "provider " + p.ProviderName, Have: have, Want: Value{"user pool, UserPoolTags", tag + ", " + of},
				Consequence: "people sign in by another stage's connections: in a development environment anybody passes the IdP simulator as any address.", Fix: fix,
			})
		}
	}
}
