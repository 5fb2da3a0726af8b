package tenant

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func clientChecks() []check {
	describe := []conformance.Ref{api("DescribeUserPoolClient")}
	return []check{{
		id: "TENANT-019", title: "The app client lists the provider", level: conformance.Must, basis: conformance.Vendor, refs: describe,
		hint: "Tick the provider on the app client.", run: clientHasProvider,
	}, {
		id: "TENANT-020", title: "The app's callback URL is registered exactly as the app sends it", level: conformance.Must, basis: conformance.Vendor,
		refs: append(describe, conformance.Ref{Doc: "RFC 9700", Section: "2.1", Quote: "authorization servers MUST utilize exact string matching"}),
		hint: "Add the URL exactly as the app sends it.", run: callbackRegistered,
	}, {
		id: "TENANT-021", title: "The app's sign-out URL is registered", level: conformance.Should, basis: conformance.Vendor, refs: append(describe, guide("logout-endpoint")),
		hint: "Add the URL.", run: logoutRegistered,
	}, {
		id: "TENANT-022", title: "OAuth is on, the code flow is on, the implicit flow is off", level: conformance.Must, basis: conformance.Vendor,
		refs: append(describe, conformance.Ref{Doc: "RFC 9700", Section: "2.1.2"}), hint: "Enable OAuth and code; switch implicit off.", run: oauthFlows,
	}, {
		id: "TENANT-023", title: "The client's scopes have openid, email and what the app asks for", level: conformance.Must, basis: conformance.Vendor, refs: describe,
		hint: "Tick the scopes, or ask for fewer.", run: clientScopes,
	}, {
		id: "TENANT-024", title: "Callback URLs are https (loopback excepted), without wildcard and fragment", level: conformance.Must, basis: conformance.Spec,
		refs: []conformance.Ref{{Doc: "RFC 9700", Section: "2.1"}, {Doc: "RFC 6749", Section: "3.1.2", Quote: "The endpoint URI MUST NOT include a fragment component."}},
		hint: "Use https and whole URLs.", run: callbackForm,
	}, {
		id: "TENANT-025", title: "Token revocation is on", level: conformance.Should, basis: conformance.Advice, refs: describe,
		hint: "Switch revocation on.", run: revocation,
	}, {
		id: "TENANT-026", title: "PreventUserExistenceErrors is ENABLED", level: conformance.Should, basis: conformance.Vendor, refs: describe,
		hint: "Set it to ENABLED.", run: existenceErrors,
	}, {
		id: "TENANT-027", title: "A client that runs in a browser has no secret, a server's client has one", level: conformance.Should, basis: conformance.Advice,
		refs: []conformance.Ref{{Doc: "RFC 6749", Section: "2.1"}}, hint: "Create a client of the right kind.", run: secretKind,
	}}
}

func setting(c *Client, name, text string) Value {
	return Value{"app client " + c.ClientID + ", " + name, text}
}

func clientHasProvider(x *exam) {
	clients := x.needClients()
	names := []string{x.providerName()}
	place := "target file, provider.identity_provider"
	switch {
	case len(x.Providers) > 0:
		names, place = providerNames(x.needProviders()), "user pool, ProviderName"
	case names[0] == "":
		x.skipf("neither a provider is described nor does the target file name one")
	}
	for _, c := range clients {
		for _, name := range names {
			x.unless(slices.Contains(c.SupportedIdentityProviders, name), func() Finding {
				want := append(slices.Clone(c.SupportedIdentityProviders), name)
				return Finding{
					Subject: "app client " + c.ClientID, Have: setting(c, "SupportedIdentityProviders", listed(c.SupportedIdentityProviders)), Want: Value{place, name},
					Consequence: "the sign-in page answers 401 \"Login option is not available. Please try another one\".",
					Fix:         x.changeClient(c, map[string]any{"SupportedIdentityProviders": want}, "supported_identity_providers", want, "Login pages", "Edit", "Identity providers"),
				}
			})
		}
	}
}

func callbackRegistered(x *exam) {
	c := x.needAppClient()
	uses := x.Target.Client.RedirectURI
	x.unless(slices.Contains(c.CallbackURLs, uses), func() Finding {
		want := append(slices.Clone(c.CallbackURLs), uses)
		fix := x.changeClient(c, map[string]any{"CallbackURLs": want}, "callback_urls", want, "Login pages", "Edit", "Allowed callback URLs")
		if near := difference(uses, c.CallbackURLs); near != "" {
			fix.Note = near + " " + fix.Note
		}
		return Finding{
			Subject: "app client " + c.ClientID, Have: setting(c, "CallbackURLs", listed(c.CallbackURLs)), Want: Value{"target file, client.redirect_uri", uses},
			Consequence: "the browser ends at /error?error=redirect_mismatch&client_id=" + c.ClientID + ", 400 \"An error was encountered with the requested page.\"",
			Fix:         fix,
		}
	})
}

func logoutRegistered(x *exam) {
	c := x.needAppClient()
	uses := x.Target.Client.LogoutURI
	if uses == "" {
		x.skipf("the app's sign-out URL is not told (client.logout_uri in the target file)")
	}
	x.unless(slices.Contains(c.LogoutURLs, uses), func() Finding {
		want := append(slices.Clone(c.LogoutURLs), uses)
		fix := x.changeClient(c, map[string]any{"LogoutURLs": want}, "logout_urls", want, "Login pages", "Edit", "Allowed sign-out URLs")
		if near := difference(uses, c.LogoutURLs); near != "" {
			fix.Note = near + " " + fix.Note
		}
		return Finding{
			Subject: "app client " + c.ClientID, Have: setting(c, "LogoutURLs", listed(c.LogoutURLs)), Want: Value{"target file, client.logout_uri", uses},
			Consequence: "signing out ends at /error?client_id=" + c.ClientID + "&logout_uri=" + url.QueryEscape(uses) + " with 400, and the person stays signed in.",
			Fix:         fix,
		}
	})
}

// difference says in what the URL differs from a registered one that is much like it.
func difference(uses string, registered []string) string {
	for _, r := range registered {
		a, errA := url.Parse(uses)
		b, errB := url.Parse(r)
		if errA != nil || errB != nil {
			continue
		}
		only := func(what string) string { return r + " is registered and differs in " + what + " only." }
		switch {
		case strings.TrimSuffix(uses, "/") == strings.TrimSuffix(r, "/"):
			return only("the slash at the end")
		case strings.EqualFold(uses, r):
			return only("case")
		case a.Host == b.Host && a.Path == b.Path && a.Scheme != b.Scheme:
			return only("the scheme")
		case a.Hostname() == b.Hostname() && a.Path == b.Path && a.Scheme == b.Scheme:
			return only("the port")
		case a.Path == b.Path && strings.TrimPrefix(a.Host, "www.") == strings.TrimPrefix(b.Host, "www."):
			return only("www.")
		case a.Host == b.Host && a.Scheme == b.Scheme:
			return only("the path")
		}
	}
	return ""
}

func oauthFlows(x *exam) {
	for _, c := range x.needClients() {
		x.ok()
		steps := []string{"Login pages", "Edit", "OAuth 2.0 grant types"}
		flows := c.AllowedOAuthFlows
		code := slices.Contains(flows, "code")
		want := flows
		if !code {
			want = append(slices.Clone(flows), "code")
		}
		switch {
		case !c.AllowedOAuthFlowsUserPoolClient:
			change := map[string]any{"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": want}
			x.find(Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "AllowedOAuthFlowsUserPoolClient", "false"), Want: Value{"sign-in by the OAuth endpoints", "true"},
				Consequence: "the browser ends at /error?error=invalid_request, 400 \"An error was encountered with the requested page.\"",
				Fix:         x.changeClient(c, change, "allowed_oauth_flows_user_pool_client", true, steps...),
			})
		case !code:
			x.find(Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "AllowedOAuthFlows", listed(flows)), Want: Value{"response_type=code", "code"},
				Consequence: "the app's callback gets error=invalid_request with \"unauthorized_client\".",
				Fix:         x.changeClient(c, map[string]any{"AllowedOAuthFlows": want}, "allowed_oauth_flows", want, steps...),
			})
		}
		if slices.Contains(flows, "implicit") {
			without := slices.DeleteFunc(slices.Clone(want), func(f string) bool { return f == "implicit" })
			x.find(Finding{
				Level: conformance.Should, Subject: "app client " + c.ClientID, Have: setting(c, "AllowedOAuthFlows", listed(flows)), Want: Value{"RFC 9700 2.1.2", "code without implicit"},
				Consequence: "whoever changes response_type to token gets access tokens into the address bar, the history and logs.",
				Fix:         x.changeClient(c, map[string]any{"AllowedOAuthFlows": without}, "allowed_oauth_flows", without, steps...),
			})
		}
	}
}

func clientScopes(x *exam) {
	for _, c := range x.needClients() {
		need, place := []string{"openid", "email"}, "a sign-in with an address"
		if x.Target != nil && c.ClientID == x.Target.Client.ID {
			place = "target file, client.scopes, and openid and email"
			for _, s := range x.Target.Client.Scopes {
				if !slices.Contains(need, s) {
					need = append(need, s)
				}
			}
		}
		missing := slices.DeleteFunc(slices.Clone(need), func(s string) bool { return slices.Contains(c.AllowedOAuthScopes, s) })
		x.unless(len(missing) == 0, func() Finding {
			want := append(slices.Clone(c.AllowedOAuthScopes), missing...)
			fix := x.changeClient(c, map[string]any{"AllowedOAuthScopes": want}, "allowed_oauth_scopes", want, "Login pages", "Edit", "OpenID Connect scopes")
			if slices.Contains(missing, "offline_access") {
				fix.Note = "Cognito knows no offline_access: take it out of the app's scopes; refresh tokens come without it. " + fix.Note
			}
			return Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "AllowedOAuthScopes", listed(c.AllowedOAuthScopes)), Want: Value{place, listed(need)},
				Consequence: "an app that asks for " + strings.Join(missing, " or ") + " gets error=invalid_request with \"invalid_scope\" at its callback, before any sign-in page.",
				Fix:         fix,
			}
		})
	}
}

func callbackForm(x *exam) {
	for _, c := range x.needClients() {
		x.ok()
		for _, raw := range c.CallbackURLs {
			problem := urlProblem(raw)
			if problem == "" {
				continue
			}
			want := slices.DeleteFunc(slices.Clone(c.CallbackURLs), func(s string) bool { return s == raw })
			if u, err := url.Parse(raw); err == nil && u.Scheme == "http" && !strings.ContainsAny(raw, "*#") {
				want = append(want, "https"+strings.TrimPrefix(raw, "http"))
			}
			x.find(Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "CallbackURLs", raw), Want: Value{"RFC 9700 2.1, RFC 6749 3.1.2", "a whole https URL, or http at loopback"},
				Consequence: problem,
				Fix:         x.changeClient(c, map[string]any{"CallbackURLs": want}, "callback_urls", want, "Login pages", "Edit", "Allowed callback URLs"),
			})
		}
	}
}

func urlProblem(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme == "":
		return "it is no URL, so no sign-in can end there."
	case strings.Contains(raw, "*"):
		return "Cognito compares whole strings: the star matches nothing, and the browser ends at /error?error=redirect_mismatch&client_id=…"
	case strings.Contains(raw, "#"):
		return "the fragment never reaches the server, and the URL that the app sends does not match: /error?error=redirect_mismatch&client_id=…"
	case u.Scheme == "http" && !isLocal(raw):
		return "the code of a sign-in crosses the network in clear."
	}
	return ""
}

func revocation(x *exam) {
	for _, c := range x.needClients() {
		if c.EnableTokenRevocation == nil {
			x.unknownf("EnableTokenRevocation of %s: the description does not have it", c.ClientID)
			continue
		}
		x.unless(*c.EnableTokenRevocation, func() Finding {
			return Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "EnableTokenRevocation", "false"), Want: Value{"a sign-out that ends access", "true"},
				Consequence: "/oauth2/revoke answers 400 invalid_request, and a stolen refresh token works until it expires.",
				Fix:         x.changeClient(c, map[string]any{"EnableTokenRevocation": true}, "enable_token_revocation", true, "App client information", "Edit", "Enable token revocation"),
			}
		})
	}
	x.unknownf("whether the lives of tokens follow a policy: none is given")
}

func existenceErrors(x *exam) {
	for _, c := range x.needClients() {
		x.unless(c.PreventUserExistenceErrors == "ENABLED", func() Finding {
			have := c.PreventUserExistenceErrors
			if have == "" {
				have = "nothing, which is LEGACY"
			}
			return Finding{
				Subject: "app client " + c.ClientID, Have: setting(c, "PreventUserExistenceErrors", have), Want: Value{"Amazon Cognito developer guide", "ENABLED"},
				Consequence: "sign-in and password recovery tell a stranger which addresses have a local user (UserNotFoundException).",
				Fix: x.changeClient(c, map[string]any{"PreventUserExistenceErrors": "ENABLED"}, "prevent_user_existence_errors", "ENABLED",
					"App client information", "Edit", "Prevent user existence errors"),
			}
		})
	}
}

func secretKind(x *exam) {
	c := x.needAppClient()
	declared := x.Target.Client
	public := declared.Secret == "" && declared.SecretEnv == "" && declared.SecretFile == ""
	x.ok()
	kind := Fix{
		Console: x.consolePath("App clients", "Create app client"), Note: "whether a client has a secret cannot be changed: create one of the right kind with the same settings, and give the app its id.",
	}
	create, _ := keep(c.raw, clientSettings, append(clientFacts, "ClientId"))
	create["GenerateSecret"] = !public
	kind.CLI = aws(c.UserPoolID, "create-user-pool-client", "--cli-input-json", shell(indented(create)))
	kind.Terraform = terraform(tfClient, "generate_secret", !public)
	switch {
	case public && c.ClientSecret != "":
		x.find(Finding{
			Subject: "app client " + c.ClientID, Have: setting(c, "ClientSecret", "there is one"), Want: Value{"target file, client without secret", "a public client"},
			Consequence: "the token endpoint answers 400 {\"error\":\"invalid_client\",\"error_description\":\"invalid_client_secret\"}; a secret put into a browser is none.",
			Fix:         kind,
		})
	case !public && c.ClientSecret == "":
		x.find(Finding{
			Subject: "app client " + c.ClientID, Have: setting(c, "ClientSecret", "there is none"), Want: Value{"target file, client with secret", "a confidential client"},
			Consequence: "the token endpoint answers 400 {\"error\":\"invalid_client\"} to an app that authenticates.",
			Fix:         kind,
		})
	}
}
