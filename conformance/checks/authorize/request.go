package authorize

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

func requestChecks() []conformance.Check {
	plain := check("AUTHZ-015", "The plain challenge method is refused", should, vendor,
		refs(guide("S256 is the only method supported"), practice("2.1.1", "clients SHOULD use PKCE code challenge methods that do not expose the PKCE verifier in the authorization request")),
		"Use S256.", plainMethod, fault("pkce.accept_plain", "accepted"))
	noMethod := check("AUTHZ-016", "A challenge without a method is refused", should, vendor,
		refs(guide("code_challenge needs code_challenge_method")), "Send code_challenge_method=S256; the default of the standard would be plain.",
		noChallengeMethod, fault("pkce.method_default", "accepted"))
	noMethod.Unproven = true
	return []conformance.Check{
		check("AUTHZ-004", "An unknown client_id gives an error page, never a redirect to the given URI", must, spec,
			refs(oauth("4.1.2.1", "If the request fails due to a missing, invalid, or mismatching redirection URI, or if the client identifier is missing or invalid, the authorization server SHOULD inform the resource owner of the error and MUST NOT automatically redirect the user-agent to the invalid redirection URI")),
			"Compare client_id with the app clients of this pool.", unknownClient, fault("authz.redirect_on_bad_client", "the app is sent")),
		check("AUTHZ-005", "An unregistered redirect_uri gives an error page, never a redirect", must, spec,
			refs(oauth("3.1.2.4", "the authorization server … MUST NOT automatically redirect the user-agent to the invalid redirection URI"), core("3.1.2.1", "This URI MUST exactly match one of the Redirection URI values for the Client pre-registered at the OpenID Provider")),
			"Compare the registered callback URLs of the app client with the value sent.", unregisteredRedirect, fault("authz.redirect_any", "accepted"), conformance.Fault{ID: "route.status", At: "cognito.error", Says: "/error answers 500"}),
		check("AUTHZ-006", "redirect_uri is compared exactly", must, spec,
			refs(practice("2.1", "When comparing client redirection URIs against pre-registered URIs, authorization servers MUST utilize exact string matching except for port numbers in localhost redirection URIs of native apps"), core("3.1.2.1", "with the matching performed as described in Section 6.2.1 of [RFC3986] (Simple String Comparison)")),
			"Register every callback URL exactly as the app sends it. If one of the variants is registered too, it is rightly taken.", exactRedirect,
			fault("authz.redirect_prefix", "more path"), fault("authz.redirect_ignore_query", "added query"), fault("authz.redirect_case_fold", "case of the path")),
		check("AUTHZ-007", "A missing redirect_uri is an error", must, vendor,
			refs(guide("redirect_uri is required")), "Always send redirect_uri.", noRedirect, fault("authz.redirect_default", "accepted")),
		check("AUTHZ-008", "A missing response_type is an error, and the app is sent its state with it", must, spec,
			refs(oauth("3.1.1", "If an authorization request is missing the \"response_type\" parameter … the authorization server MUST return an error response as described in Section 4.1.2.1")),
			"Send response_type=code.", noResponseType, fault("authz.default_response_type", "accepted")),
		check("AUTHZ-009", "response_type=id_token is refused", must, vendor,
			refs(guide("response_type is code or token")), "Use response_type=code.", idTokenResponseType, fault("authz.accept_id_token", "accepted")),
		check("AUTHZ-010", "A flow that is not enabled for the client gives unauthorized_client", must, spec,
			refs(oauth("4.1.2.1 unauthorized_client", "The client is not authorized to request an authorization code using this method")),
			"Use response_type=code, or enable the flow on the app client. Cognito says invalid_request and names unauthorized_client in error_description.",
			flowNotEnabled, fault("authz.flow_unchecked", "accepted")),
		check("AUTHZ-011", "A scope that the client may not ask for gives invalid_scope", must, vendor,
			refs(guide("a scope that the client may not ask for is an error"), oauth("4.1.2.1 invalid_scope", "The requested scope is invalid, unknown, or malformed"), oauth("3.3", "The authorization server MAY fully or partially ignore the scope requested by the client")),
			"Allow the scope on the app client or stop asking for it. Cognito says invalid_request and names invalid_scope in error_description.",
			scopeNotAllowed, fault("authz.scope_unchecked", "accepted")),
		plain, noMethod,
		check("AUTHZ-017", "Unknown parameters are ignored", must, spec,
			refs(oauth("3.1", "The authorization server MUST ignore unrecognized request parameters")),
			"Leave the parameter out, or report the server that refuses it.", unknownParameters, fault("authz.reject_unknown", "unknown parameter")),
		check("AUTHZ-025", "The authorization endpoint takes GET only", info, vendor,
			refs(guide("only GET requests are supported"), core("3.1.2.1", "Authorization Servers MUST support the use of the HTTP GET and POST methods")),
			"Use GET. The standard wants POST too; the vendor documents GET alone.", postToAuthorize, fault("authz.post_accepted", "accepted")),
		check("AUTHZ-026", "Parameters that stand twice are refused", should, spec,
			refs(oauth("3.1", "Request and response parameters MUST NOT be included more than once")), "Send every parameter once.",
			duplicateParameters, fault("authz.first_wins", "accepted")),
		check("AUTHZ-027", "An unsigned request object does not decide where the answer goes", info, spec,
			refs(core("6.1", "The request Authorization Request parameter enables OpenID Connect requests to be passed in a single, self-contained parameter"), core("3.1.2.6 request_not_supported", "The OP does not support use of the request parameter")),
			"Do not use request objects here: Cognito ignores them.", requestObject, fault("authz.request_object_trusted", "object.invalid")),
		check("AUTHZ-029", "Error redirects carry error, error_description, error_uri, state and iss only", should, spec,
			refs(oauth("4.1.2.1", "Values for the \"error_description\" parameter MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E")),
			"Show people a text of your own, and log the description.", errorParameters, fault("authz.error_leaks_internal", "exception")),
	}
}

func set(name, value string) func(url.Values) {
	return func(q url.Values) { q.Set(name, value) }
}

func del(name string) func(url.Values) {
	return func(q url.Values) { q.Del(name) }
}

// noScope is a scope that no client may ask for.
const noScope = "openid ssolab-check/not-allowed"

func unknownClient(t *conformance.T) {
	o := ask(t, conformance.Variant{}, set("client_id", "ssolabchecknobodysclient00"))
	t.Require(!o.app, "no redirect to the redirect_uri of a client that does not exist", "%s", o)
	t.Require(o.ownError(t), "an error page", "%s", o)
}

func unregisteredRedirect(t *conformance.T) {
	o := ask(t, conformance.Variant{}, set("redirect_uri", "https://attacker.invalid/callback"))
	t.Require(o.to == nil || o.to.Hostname() != "attacker.invalid", "no redirect to an unregistered URI", "the browser is sent to attacker.invalid")
	t.Require(o.ownError(t), "an error page for a redirect_uri that is not registered", "%s", o)
	if o.own {
		page := t.Get(o.to.String())
		t.Expect(page.MediaType() == "text/html" && page.Status < http.StatusInternalServerError, "a page that says what is wrong", "%s answers %d with %q", o.to.Path, page.Status, page.Header.Get("Content-Type"))
	}
}

func exactRedirect(t *conformance.T) {
	registered := t.Target().Client.RedirectURI
	u, err := url.Parse(registered)
	if err != nil || u.Host == "" {
		t.Skip("client.redirect_uri %q has no host to vary", registered)
	}
	healthy(t, conformance.Variant{})
	origin, path := u.Scheme+"://"+u.Host, strings.TrimPrefix(registered, u.Scheme+"://"+u.Host)
	path, _, _ = strings.Cut(path, "?")
	last := path[strings.LastIndex(path, "/")+1:]
	slash := registered + "/"
	if trimmed := strings.TrimSuffix(registered, "/"); trimmed != registered {
		slash = trimmed
	}
	variants := []struct{ name, value string }{
		{"trailing slash", slash},
		{"more path", strings.TrimSuffix(registered, "/") + "/extra"},
		{"added query", registered + "?ssolab=1"},
		{"dot segments", origin + "/x/.." + path},
		{"user before the host", u.Scheme + "://user@" + u.Host + path},
		{"registered host as the user of another", origin + "@attacker.invalid" + path},
	}
	if host := u.Hostname(); host != "localhost" && net.ParseIP(host) == nil { // else a native app may choose its port
		variants = append(variants, struct{ name, value string }{"other port", u.Scheme + "://" + host + ":8999" + path})
	}
	if upper := strings.ToUpper(path); upper != path {
		variants = append(variants, struct{ name, value string }{"case of the path", origin + upper})
	}
	if last != "" {
		variants = append(variants, struct{ name, value string }{"encoded slash", origin + strings.TrimSuffix(path, "/"+last) + "%2F" + last})
	}
	for _, v := range variants {
		o := ask(t, conformance.Variant{}, set("redirect_uri", v.value))
		t.Expect(o.ownError(t), "an error page for every redirect_uri but "+registered, "with %s (%s): %s", v.name, v.value, o)
	}
}

func noRedirect(t *conformance.T) {
	o := ask(t, conformance.Variant{}, del("redirect_uri"))
	t.Require(o.ownError(t), "an error page without redirect_uri", "%s", o)
}

func noResponseType(t *conformance.T) {
	o := ask(t, conformance.Variant{State: "state-of-AUTHZ-008"}, del("response_type"))
	if !o.app {
		t.Require(o.ownError(t), "an error without response_type", "%s", o)
		return
	}
	t.Require(o.refusal(), "an error without response_type", "%s", o)
	t.Expect(conformance.OneOf(o.params.Get("error"), "invalid_request", "unsupported_response_type"), "invalid_request", "%s", o)
	t.Expect(o.params.Get("state") == "state-of-AUTHZ-008", "the state that was sent", "state %q", o.params.Get("state"))
}

func idTokenResponseType(t *conformance.T) {
	o := ask(t, conformance.Variant{}, set("response_type", "id_token"))
	t.Require(o.refusal() || o.ownError(t), "an error for response_type=id_token", "%s", o)
}

func flowNotEnabled(t *conformance.T) {
	o := ask(t, conformance.Variant{NoPKCE: true}, set("response_type", "token"))
	if !t.OnLab() && !o.refusal() && !o.ownError(t) {
		t.Skip("response_type=token is accepted: whether the implicit flow is enabled on this client, or not looked at, cannot be told from outside (see TENANT-022)")
	}
	t.Require(o.refusal(), "an error for response_type=token", "%s", o)
	if !offersToken(t) { // the server does not have the flow, for no client
		t.Require(o.says("unauthorized_client") || o.says("unsupported_response_type"), "unauthorized_client or unsupported_response_type", "%s", o)
		return
	}
	t.Require(o.says("unauthorized_client"), "unauthorized_client", "%s", o)
}

func scopeNotAllowed(t *conformance.T) {
	o := ask(t, conformance.Variant{Scopes: noScope})
	t.Require(o.refusal(), "an error for a scope that the client may not ask for", "%s", o)
	if !o.says("invalid_scope") {
		healthy(t, conformance.Variant{})
	}
	t.Require(o.says("invalid_scope"), "invalid_scope", "%s", o)
}

func plainMethod(t *conformance.T) {
	o := ask(t, conformance.Variant{}, set("code_challenge_method", "plain"))
	t.Require(o.refusal() || o.ownError(t), "an error for code_challenge_method=plain", "%s", o)
}

func noChallengeMethod(t *conformance.T) {
	o := ask(t, conformance.Variant{}, del("code_challenge_method"))
	t.Require(o.refusal() || o.ownError(t), "an error for a code_challenge without code_challenge_method", "%s", o)
}

func unknownParameters(t *conformance.T) {
	healthy(t, conformance.Variant{})
	o := ask(t, conformance.Variant{Extra: url.Values{"extra": {"foobar"}, "display": {"page"}, "ui_locales": {"se"}, "claims_locales": {"se"}, "acr_values": {"1"}}})
	t.Require(!o.refusal() && o.resp.Status < http.StatusBadRequest && (!o.own || !o.to.Query().Has("error")),
		"extra, display, ui_locales, claims_locales and acr_values change nothing", "%s", o)
}

func postToAuthorize(t *conformance.T) {
	target, query, _ := strings.Cut(t.AuthorizeURL(conformance.Variant{}), "?")
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Undecided(err)
	}
	o := decide(t, t.Post(target, form))
	if o.resp.Status >= http.StatusBadRequest || o.own && o.to.Query().Has("error") {
		t.Infof("POST is answered with %s", o)
		return
	}
	t.Require(false, "POST is refused, as only GET is documented", "%s", o)
}

func duplicateParameters(t *conformance.T) {
	healthy(t, conformance.Variant{})
	for _, name := range []string{"client_id", "redirect_uri", "scope"} {
		o := ask(t, conformance.Variant{}, func(q url.Values) { q.Add(name, q.Get(name)) })
		t.Expect(o.refusal() || o.ownError(t), "an error when "+name+" stands twice", "%s", o)
	}
}

// requestObject asks for something that ends in an error at the app, which shows where answers go.
func requestObject(t *conformance.T) {
	if o := ask(t, conformance.Variant{Scopes: noScope}); !o.refusal() {
		t.Skip("the request that would end in an error at the app does not (%s; see AUTHZ-011)", o)
	}
	object, err := json.Marshal(map[string]string{"client_id": t.Target().Client.ID, "redirect_uri": "https://object.invalid/callback", "response_type": "code"})
	if err != nil {
		t.Undecided(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	o := ask(t, conformance.Variant{Scopes: noScope}, set("request", part([]byte(`{"alg":"none"}`))+"."+part(object)+"."))
	t.Require(o.to == nil || o.to.Hostname() != "object.invalid", "the answer at the registered redirect_uri, or a refusal", "the answer goes to %v", o.to)
	t.Infof("with a request object: %s", o)
}

func errorParameters(t *conformance.T) {
	o := ask(t, conformance.Variant{Scopes: noScope})
	if !o.refusal() {
		t.Skip("the request that would end in an error at the app does not (%s; see AUTHZ-011)", o)
	}
	for name, values := range o.params {
		t.Expect(conformance.OneOf(name, "error", "error_description", "error_uri", "state", "iss"), "no other parameter", "a parameter %s", name)
		t.Expect(len(values) == 1, "each parameter once", "%s stands %d times", name, len(values))
	}
	for _, name := range []string{"error", "error_description"} {
		odd := strings.IndexFunc(o.params.Get(name), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
		t.Expect(odd < 0, name+" of printable ASCII without \" and \\", "%q", o.params.Get(name))
	}
}
