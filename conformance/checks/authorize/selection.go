package authorize

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func selectionChecks() []conformance.Check {
	unknown := check("AUTHZ-020", "An unknown provider name fails visibly and leads to no other provider", must, vendor,
		refs(guide("identity_provider is the name of a provider of the user pool, compared exactly")),
		"Compare identity_provider with the names of the pool's providers; case counts.", unknownProvider, fault("authz.provider_fallback", "scalekit"))
	unknown.Unproven = true
	notEnabled := check("AUTHZ-021", "A provider that is not enabled on the app client is refused", must, vendor,
		refs(conformance.Ref{Doc: "Amazon Cognito user pools API", Section: "UpdateUserPoolClient", Summary: "SupportedIdentityProviders are the providers that the app client can use"}),
		"Enable the provider on the app client that needs it, and on no other.", providerOfOthers, fault("authz.provider_not_enforced", "redirected to"))
	notEnabled.Needs = []conformance.Need{conformance.NeedUnfederated}
	return []conformance.Check{
		check("AUTHZ-018", "identity_provider leads straight to that provider, without a sign-in page", must, vendor,
			refs(guide("with identity_provider the browser is redirected to the provider at once")), "Compare the name with the provider's in the user pool; case counts.",
			byName, fault("authz.show_login_page", "/login")),
		check("AUTHZ-019", "idp_identifier selects the provider that has that identifier", must, vendor,
			refs(guide("idp_identifier redirects to the provider that has the identifier, without its name being known")),
			"Add the domain to the identifiers of the provider.", byIdentifier, fault("authz.identifier_ignored", "/login")),
		unknown, notEnabled,
		check("AUTHZ-022", "prompt=none without a session gives login_required and shows no page", must, spec,
			refs(core("3.1.2.1 none", "The Authorization Server MUST NOT display any authentication or consent user interface pages. An error is returned if an End-User is not already authenticated")),
			"prompt needs managed login: the classic hosted UI does not look at it.", promptNone, fault("authz.prompt_none_page", "accepted")),
		check("AUTHZ-023", "prompt=login asks again although a session exists", must, spec,
			refs(core("3.1.2.1 login", "The Authorization Server SHOULD prompt the End-User for reauthentication. If it cannot reauthenticate the End-User, it MUST return an error")),
			"prompt needs managed login: the classic hosted UI does not look at it.", promptLogin, fault("authz.prompt_login_ignored", "at once")),
		check("AUTHZ-024", "An existing session signs in silently", should, vendor,
			refs(guide("a browser with a session of the same provider gets its answer without a page")),
			"Look for cookies of the user pool's domain that are blocked or lost.", silent, fault("session.not_kept", "again")),
	}
}

// leaves expects that the request goes to a provider: away from this host, and not to the app.
func leaves(t *conformance.T, o outcome, why string) {
	if o.refusal() {
		healthy(t, conformance.Variant{})
	}
	t.Require(o.to != nil && !o.app && !o.own, "a redirect to the identity provider for "+why, "%s", whereTo(o))
	t.Expect(o.params.Get("client_id") != "" && o.params.Get("response_type") != "" || o.params.Get("SAMLRequest") != "",
		"an authorization request at the identity provider", "the browser is sent to %s", conformance.MaskURL(o.to.String()))
}

// whereTo is the outcome with the path on the own host.
func whereTo(o outcome) string {
	if o.own {
		return "the browser is sent to " + o.to.Path + " of the same host"
	}
	return o.String()
}

func byName(t *conformance.T) {
	name := t.Target().Provider.IdentityProvider
	if name == "" {
		t.Skip("the target file names no provider.identity_provider")
	}
	leaves(t, ask(t, conformance.Variant{}), "identity_provider="+name)
}

func byIdentifier(t *conformance.T) {
	identifier := t.Target().Provider.IdPIdentifier
	if identifier == "" && !t.OnLab() {
		t.Skip("the target file names no provider.idp_identifier")
	}
	if identifier == "" {
		_, identifier, _ = strings.Cut(t.Target().Email, "@")
	}
	leaves(t, ask(t, conformance.Variant{}, del("identity_provider"), set("idp_identifier", identifier)), "idp_identifier="+identifier)
}

func unknownProvider(t *conformance.T) {
	o := ask(t, conformance.Variant{}, del("idp_identifier"), set("identity_provider", "SsolabNobody"))
	t.Require(o.refusal() || o.to == nil || o.own, "no redirect to a provider for a name that does not exist", "%s", o)
	t.Require(o.refusal() || o.ownError(t), "an error that the person can see", "%s leads to a page without one", o)
}

// providerOfOthers asks for the provider as an app client that may not use it. What the client is answered instead, an
// error or a login page, is the vendor's choice.
func providerOfOthers(t *conformance.T) {
	name, client := t.Target().Provider.IdentityProvider, t.Target().UnfederatedClient
	if name == "" {
		t.Skip("the target file names no provider.identity_provider")
	}
	if plain := ask(t, conformance.Variant{}); plain.to == nil || plain.own || plain.app {
		t.Skip("identity_provider=%s leads nowhere for the app client that may use it (%s; see AUTHZ-018)", name, whereTo(plain))
	}
	o := ask(t, conformance.Variant{}, set("client_id", client.ID), set("redirect_uri", client.RedirectURI), del("scope"))
	elsewhere := o.to != nil && !o.own && !samePlace(o.to, client.RedirectURI)
	t.Require(!elsewhere, "no redirect to "+name+" for app client "+client.ID, "the browser is redirected to %s", conformance.MaskURL(fmt.Sprint(o.to)))
}

func promptNone(t *conformance.T) {
	o := ask(t, conformance.Variant{State: "state-of-AUTHZ-022"}, set("prompt", "none"))
	t.Require(o.refusal(), "login_required at the app, since there is no session", "%s", o)
	if !o.says("login_required") {
		healthy(t, conformance.Variant{})
	}
	t.Expect(conformance.OneOf(o.params.Get("error"), "login_required", "interaction_required"), "login_required", "%s", o)
	t.Expect(o.params.Get("state") == "state-of-AUTHZ-022", "the state that was sent", "state %q", o.params.Get("state"))
}

// signedIn makes sure that the person of the run has a session.
func signedIn(t *conformance.T) {
	t.Journey(conformance.Variant{}).Authorization.Code(t)
}

func promptLogin(t *conformance.T) {
	signedIn(t)
	if !t.Authorize(conformance.Variant{}).Silent() {
		t.Skip("there is no session that would sign in silently (see AUTHZ-024)")
	}
	a := t.Authorize(conformance.Variant{Extra: url.Values{"prompt": {"login"}}})
	t.Require(!a.Silent(), "another sign-in for prompt=login", "the app was answered at once, from the session")
	if a.Params.Get("code") == "" {
		t.Infof("the sign-in for prompt=login began and did not end with a code")
	}
}

func silent(t *conformance.T) {
	signedIn(t)
	a := t.Authorize(conformance.Variant{})
	t.Require(a.Silent(), "a code at once, from the session of the sign-in before", "the person was asked again: %d hops", hops(a))
	t.Expect(a.Params.Get("code") != "", "a code", "the app was sent no code")
}

func hops(a *conformance.Authorization) int {
	if a.Visit == nil {
		return 0
	}
	return len(a.Visit.Hops)
}
