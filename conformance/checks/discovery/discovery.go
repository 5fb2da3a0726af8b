// Package discovery checks the metadata and the keys that an issuer publishes (OpenID Connect Discovery 1.0, RFC 8414,
// RFC 7517): once for the user pool, once for the Scalekit environment.
package discovery

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// issuer is one of the two that are checked.
type issuer struct {
	variant string
	url     func(*conformance.Target) string
	needs   []conformance.Need
	fault   func(id string) conformance.Fault // at this issuer's point
}

func issuers() []issuer {
	at := func(document, keys string) func(string) conformance.Fault {
		return func(id string) conformance.Fault {
			point := document
			if strings.HasPrefix(id, "jwks.") {
				point = keys
			}
			return conformance.Fault{ID: id, At: point}
		}
	}
	return []issuer{
		{"cognito", func(t *conformance.Target) string { return t.Issuer }, nil, at("cognito.discovery.document", "cognito.keys.document")},
		{"scalekit", func(t *conformance.Target) string { return t.Scalekit.EnvironmentURL }, []conformance.Need{conformance.NeedScalekit}, at("scalekit.discovery.document", "scalekit.keys.document")},
	}
}

// Checks returns the checks of both issuers.
func Checks() []conformance.Check {
	var out []conformance.Check
	for _, i := range issuers() {
		out = append(out, i.checks()...)
	}
	return out
}

func (i issuer) checks() []conformance.Check {
	disc := func(section, quote string) conformance.Ref {
		return conformance.Ref{Doc: "OpenID Connect Discovery 1.0", Section: section, Quote: quote}
	}
	jwk := func(section, quote string) conformance.Ref {
		return conformance.Ref{Doc: "RFC 7517", Section: section, Quote: quote}
	}
	check := func(id, title string, level conformance.Level, basis conformance.Basis, ref conformance.Ref, hint string, run func(*conformance.T), faults ...conformance.Fault) conformance.Check {
		return conformance.Check{
			ID: id, Variant: i.variant, Title: title, Level: level, Basis: basis, Refs: []conformance.Ref{ref}, Needs: i.needs, Hint: hint, Faults: faults,
			Run: func(_ context.Context, t *conformance.T) { run(t) },
		}
	}
	says := func(f conformance.Fault, text string) conformance.Fault { f.Says = text; return f }
	route := "scalekit.discovery"
	if i.variant == "cognito" {
		route = "cognito.discovery"
	}
	keysRoute := strings.Replace(route, "discovery", "keys", 1)
	list := []conformance.Check{
		check("DISC-001", "Discovery document is served as JSON with status 200", conformance.Must, conformance.Spec,
			disc("4.2", "A successful response MUST use the 200 OK HTTP status code and return a JSON object using the application/json content type"),
			"Compare the URL tried with the issuer: typical causes are a wrong region or pool id, or an issuer with a trailing slash.", i.served,
			conformance.Fault{ID: "route.status", At: route, Params: map[string]string{"status": "500"}, Says: "500"},
			conformance.Fault{ID: "route.html", At: route, Says: "text/html"}),
		check("DISC-002", "issuer in the document equals the issuer used to fetch it, byte for byte", conformance.Must, conformance.Spec,
			disc("4.3", "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix to /.well-known/openid-configuration"),
			"Configure exactly the issuer that the document names, without normalising either.", i.issuerMatches,
			says(i.fault("disc.issuer_trailing_slash"), "/\""), says(i.fault("disc.issuer_other"), "issuer.invalid")),
		check("DISC-003", "Required metadata is present", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "OpenID Connect Discovery 1.0", Section: "3", Summary: "issuer, authorization_endpoint, token_endpoint, jwks_uri, response_types_supported, subject_types_supported and id_token_signing_alg_values_supported are REQUIRED"},
			"Tell the provider which members are missing; strict clients refuse the document.", i.requiredMembers,
			says(i.fault("disc.drop_member"), "token_endpoint")),
		check("DISC-004", "Metadata members have the right JSON types", conformance.Must, conformance.Spec,
			disc("3 response_types_supported", "JSON array containing a list of the OAuth 2.0 response_type values that this OP supports"), "Strict clients refuse the whole document.", i.memberTypes,
			says(i.fault("disc.scalar_for_array"), "response_types_supported")),
		check("DISC-005", "All endpoints use https and carry no fragment", conformance.Must, conformance.Spec,
			disc("3", "This URL MUST use the https scheme"), "Put TLS in front of the issuer; a lab is started with --names localhost for that.", i.endpointsSecure,
			says(i.fault("disc.http_endpoint"), "http://plain.invalid")),
		check("DISC-006", "RS256 is among the ID token algorithms", conformance.Must, conformance.Spec,
			disc("3", "The algorithm RS256 MUST be included"), "Cognito signs with RS256, and accepts it from an identity provider.", i.algorithms,
			says(i.fault("disc.alg_es256_only"), "RS256")),
		check("DISC-007", "code is a supported response type", conformance.Must, conformance.Spec,
			disc("3", "Dynamic OpenID Providers MUST support the code, id_token, and the id_token token Response Type values"), "Enable the authorization code flow on the provider.",
			i.contains("response_types_supported", "code", true), says(i.fault("disc.no_code"), "code")),
		check("DISC-008", "scopes_supported lists openid", conformance.Should, conformance.Spec,
			disc("3", "The server MUST support the openid scope value"), "Ask for openid anyway, and report the gap to the provider.",
			i.contains("scopes_supported", "openid", false), says(i.fault("disc.no_openid_scope"), "openid")),
		check("DISC-009", "subject_types_supported lists public", conformance.Must, conformance.Vendor,
			disc("3", "Valid types include pairwise and public"), "public is what Cognito and Scalekit issue; correct the metadata.",
			i.contains("subject_types_supported", "public", true), says(i.fault("disc.subject_types_empty"), "public")),
		check("DISC-010", "JWK Set is served and has at least one usable key", conformance.Must, conformance.Spec,
			jwk("5.1", "The value of the \"keys\" parameter is an array of JWK values"), "Fetch jwks_uri from the server that runs the app, proxies included.", i.keysServed,
			says(i.fault("jwks.empty"), "no key"), conformance.Fault{ID: "route.status", At: keysRoute, Params: map[string]string{"status": "503"}, Says: "503"}),
		check("DISC-011", "Each key has a unique kid, kty, use=sig and a matching alg", conformance.Must, conformance.Spec,
			jwk("4.5", "When \"kid\" values are used within a JWK Set, different keys within the JWK Set SHOULD use distinct \"kid\" values"),
			"Give each key its own kid; clients select by it.", i.keyMembers,
			says(i.fault("jwks.no_kid"), "no kid"), says(i.fault("jwks.dup_kid"), "twice"), says(i.fault("jwks.use_enc"), "enc")),
		check("DISC-012", "No private key material is published", conformance.Must, conformance.Spec,
			jwk("9.2", "Private and symmetric keys MUST be protected from disclosure to unintended parties"), "Treat the key as burnt and rotate it.", i.noPrivate,
			says(i.fault("jwks.leak_private"), "\"d\"")),
		check("DISC-013", "RSA keys are at least 2048 bits with a sane exponent", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "RFC 7518", Section: "3.3", Quote: "A key of size 2048 bits or larger MUST be used with these algorithms"},
			"Replace the key by RSA of 2048 bits or more.", i.keySizes, says(i.fault("jwks.rsa_1024"), "1024")),
		check("DISC-015", "Document and keys are stable over two reads", conformance.Info, conformance.Advice,
			conformance.Ref{Doc: "good practice"}, "Two nodes disagree: compare the instances behind the load balancer.", i.stable,
			says(i.fault("disc.flapping"), "differs")),
		check("DISC-018", "PKCE methods are advertised and include S256", conformance.Info, conformance.Spec,
			conformance.Ref{Doc: "RFC 8414", Section: "2 code_challenge_methods_supported", Quote: "JSON array containing a list of Proof Key for Code Exchange (PKCE) [RFC7636] code challenge methods supported by this authorization server"},
			"Cognito supports S256 without advertising it; tell the client library to use PKCE.", i.pkce, says(i.fault("disc.pkce_plain_only"), "plain")),
	}
	if i.variant == "cognito" {
		list = append(list,
			check("DISC-016", "The client authentication method in use is advertised", conformance.Should, conformance.Spec,
				disc("3 token_endpoint_auth_methods_supported", "JSON array containing a list of Client Authentication methods supported by this Token Endpoint"),
				"Change the client's method to one of those listed.", i.authMethod, says(i.fault("disc.auth_methods_other"), "client_secret_basic")),
			check("DISC-017", "userinfo, revocation and end-session endpoints are on the user pool's domain", conformance.Should, conformance.Vendor,
				conformance.Ref{Doc: "Amazon Cognito developer guide", Section: "user pool endpoints", Summary: "the OAuth endpoints are on the user pool's domain, the issuer is not"},
				"A custom domain changes the endpoints, never the issuer.", i.endpointHosts, says(i.fault("disc.endpoint_foreign_host"), "elsewhere.invalid")),
			check("DISC-019", "Scripts of other origins can read discovery document and keys", conformance.Info, conformance.Advice,
				conformance.Ref{Doc: "Fetch standard", Section: "Access-Control-Allow-Origin", Quote: "Indicates whether the response can be shared"},
				"A browser app that reads them itself needs the header; else read them on the server.", i.crossOrigin,
				conformance.Fault{ID: "disc.no_cors", Says: "no Access-Control-Allow-Origin"}),
			check("DISC-020", "An unknown pool gives an error and no document", conformance.Info, conformance.Vendor,
				conformance.Ref{Doc: "observation"}, "Check region and pool id; an answer for every path hides typing errors.", i.unknownPool,
				conformance.Fault{ID: "disc.wildcard_pool", At: route, Says: "document"}))
	}
	return list
}

// document reads the metadata; where there is none the check is skipped, for DISC-001 says so.
func (i issuer) document(t *conformance.T) map[string]any {
	resp := t.Get(i.location(t))
	doc := resp.Object()
	if resp.Status != http.StatusOK || doc == nil {
		t.Skip("there is no discovery document (see DISC-001)")
	}
	return doc
}

func (i issuer) location(t *conformance.T) string {
	return strings.TrimSuffix(i.url(t.Target()), "/") + "/.well-known/openid-configuration"
}

func (i issuer) served(t *conformance.T) {
	resp := t.Get(i.location(t))
	t.Require(resp.Status == http.StatusOK, "status 200 at "+i.location(t), "status %d", resp.Status)
	t.Require(resp.MediaType() == "application/json", "content type application/json", "%q", resp.Header.Get("Content-Type"))
	t.Require(resp.Object() != nil, "a JSON object", "%.80q", string(resp.Body))
}

func (i issuer) issuerMatches(t *conformance.T) {
	got, _ := i.document(t)["issuer"].(string)
	want := i.url(t.Target())
	t.Require(got == want, fmt.Sprintf("%q", want), "%q, which differs at character %d", got, firstDifference(got, want)+1)
}

func firstDifference(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func (i issuer) requiredMembers(t *conformance.T) {
	doc := i.document(t)
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"} {
		t.Expect(doc[name] != nil, "a member "+name, "no %s", name)
	}
}

func (i issuer) memberTypes(t *conformance.T) {
	for name, value := range i.document(t) {
		switch {
		case strings.HasSuffix(name, "_supported") && !strings.HasSuffix(name, "_parameter_supported"):
			if _, boolean := value.(bool); boolean {
				continue
			}
			t.Expect(stringList(value) != nil, name+" is an array of strings", "%s is %T", name, value)
		case strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" || name == "issuer":
			s, _ := value.(string)
			u, err := url.Parse(s)
			t.Expect(err == nil && u.IsAbs() && u.Host != "", name+" is an absolute URL", "%s is %v", name, value)
		}
	}
}

// stringList is an array of strings, or nil.
func stringList(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	out := []string{}
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil
		}
		out = append(out, s)
	}
	return out
}

func endpoints(doc map[string]any) map[string]*url.URL {
	out := map[string]*url.URL{}
	for name, value := range doc {
		if s, ok := value.(string); ok && (strings.HasSuffix(name, "_endpoint") || name == "jwks_uri") {
			if u, err := url.Parse(s); err == nil {
				out[name] = u
			}
		}
	}
	return out
}

func (i issuer) endpointsSecure(t *conformance.T) {
	plain := 0
	for name, u := range endpoints(i.document(t)) {
		t.Expect(u.Fragment == "", name+" without fragment", "%s is %s", name, u)
		if u.Scheme == "https" {
			continue
		}
		if t.OnLab() && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1") {
			plain++
			continue
		}
		t.Expect(false, name+" with https", "%s is %s", name, u)
	}
	if plain > 0 {
		t.Infof("%d endpoints speak http on localhost, as a lab in plain mode does", plain)
	}
}

func (i issuer) algorithms(t *conformance.T) {
	algs := stringList(i.document(t)["id_token_signing_alg_values_supported"])
	t.Expect(slices.Contains(algs, "RS256"), "RS256 in id_token_signing_alg_values_supported", "%q", algs)
	t.Expect(!slices.Contains(algs, "none"), "no \"none\"", "%q", algs)
}

// contains expects a value in an array; a missing array is a finding only if it is required.
func (i issuer) contains(member, value string, required bool) func(*conformance.T) {
	return func(t *conformance.T) {
		raw, there := i.document(t)[member]
		if !there && !required {
			t.Infof("there is no %s", member)
			return
		}
		t.Require(slices.Contains(stringList(raw), value), value+" in "+member, "%v", raw)
	}
}

func (i issuer) keys(t *conformance.T) []map[string]any {
	target, _ := i.document(t)["jwks_uri"].(string)
	if target == "" {
		t.Skip("the document has no jwks_uri (see DISC-003)")
	}
	var set struct{ Keys []map[string]any }
	resp := t.Get(target)
	if resp.Status != http.StatusOK || json.Unmarshal(resp.Body, &set) != nil {
		t.Skip("there is no JWK Set (see DISC-010)")
	}
	return set.Keys
}

func (i issuer) keysServed(t *conformance.T) {
	target, _ := i.document(t)["jwks_uri"].(string)
	if target == "" {
		t.Skip("the document has no jwks_uri (see DISC-003)")
	}
	resp := t.Get(target)
	t.Require(resp.Status == http.StatusOK, "status 200 at "+target, "status %d", resp.Status)
	keys, _ := resp.Object()["keys"].([]any)
	t.Require(len(keys) > 0, "at least one key", "no key in %.80q", string(resp.Body))
}

func (i issuer) keyMembers(t *conformance.T) {
	seen := map[string]bool{}
	for n, k := range i.keys(t) {
		kid, _ := k["kid"].(string)
		t.Expect(kid != "", "a kid in each key", "key %d has no kid", n+1)
		t.Expect(!seen[kid], "a kid of its own for each key", "kid %q stands twice", kid)
		seen[kid] = true
		t.Expect(k["kty"] != nil, "a kty in each key", "key %q has none", kid)
		t.Expect(k["use"] == nil || k["use"] == "sig", "use \"sig\"", "key %q has use %q", kid, k["use"])
		alg, _ := k["alg"].(string)
		t.Expect(alg == "" || k["kty"] != "RSA" || strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS"), "an alg that goes with the kty", "key %q is %v with %v", kid, k["kty"], alg)
	}
}

func (i issuer) noPrivate(t *conformance.T) {
	for _, k := range i.keys(t) {
		for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			t.Expect(k[member] == nil, "public members only", "key %q publishes %q", k["kid"], member)
		}
	}
}

func (i issuer) keySizes(t *conformance.T) {
	for _, k := range i.keys(t) {
		if k["kty"] != "RSA" {
			continue
		}
		n, _ := k["n"].(string)
		modulus, err := base64.RawURLEncoding.DecodeString(n)
		if !t.Expect(err == nil && len(modulus) > 0, "n in base64url without padding", "key %q: %v", k["kid"], err) {
			continue
		}
		t.Expect(modulus[0] != 0, "n without leading zero bytes", "key %q begins with one", k["kid"])
		bits := new(big.Int).SetBytes(modulus).BitLen()
		t.Expect(bits >= 2048, "2048 bits or more", "key %q has %d", k["kid"], bits)
		t.Expect(k["e"] == "AQAB", "the exponent 65537 (AQAB)", "key %q has %v", k["kid"], k["e"])
	}
}

func (i issuer) stable(t *conformance.T) {
	first, second := i.document(t), i.document(t)
	t.Expect(reflect.DeepEqual(first, second), "the same document twice", "the second differs")
	t.Expect(reflect.DeepEqual(i.keys(t), i.keys(t)), "the same keys twice", "the second set differs")
}

func (i issuer) pkce(t *conformance.T) {
	raw, there := i.document(t)["code_challenge_methods_supported"]
	t.Require(there, "code_challenge_methods_supported with S256", "no such member")
	t.Require(slices.Contains(stringList(raw), "S256"), "S256", "%v", raw)
}

func (i issuer) authMethod(t *conformance.T) {
	want := t.Target().Client.Auth
	if want == "" {
		if want = conformance.AuthBasic; t.Target().Client.Secret == "" {
			t.Skip("the client is public: there is no method to compare")
		}
	}
	raw, there := i.document(t)["token_endpoint_auth_methods_supported"]
	methods := stringList(raw)
	if !there {
		methods = []string{conformance.AuthBasic} // the default of the standard
	}
	t.Require(slices.Contains(methods, want), want+" in token_endpoint_auth_methods_supported", "%q", methods)
}

func (i issuer) endpointHosts(t *conformance.T) {
	if t.Target().Domain == "" {
		t.Skip("the target file names no domain")
	}
	domain, err := url.Parse(t.Target().Domain)
	if err != nil {
		t.Undecided(err)
	}
	found := endpoints(i.document(t))
	for _, name := range []string{"userinfo_endpoint", "revocation_endpoint", "end_session_endpoint"} {
		if u := found[name]; u != nil {
			t.Expect(u.Host == domain.Host, name+" on "+domain.Host, "%s is %s", name, u)
		} else {
			t.Infof("there is no %s", name)
		}
	}
}

func (i issuer) crossOrigin(t *conformance.T) {
	const app = "https://app.example"
	places := []string{i.location(t)}
	if keys, _ := i.document(t)["jwks_uri"].(string); keys != "" {
		places = append(places, keys)
	}
	for _, place := range places {
		req := t.Request(http.MethodGet, place, nil)
		req.Header.Set("Origin", app)
		allowed := t.Do(req).Header.Get("Access-Control-Allow-Origin")
		said := "Access-Control-Allow-Origin " + allowed
		if allowed == "" {
			said = "no Access-Control-Allow-Origin"
		}
		t.Expect(allowed == "*" || allowed == app, "Access-Control-Allow-Origin of * or the app's origin at "+place, "%s", said)
	}
}

func (i issuer) unknownPool(t *conformance.T) {
	base, _, ok := strings.Cut(i.url(t.Target()), "_")
	if !ok {
		t.Skip("the issuer does not end with a user pool id")
	}
	resp := t.Get(base + "_Nobody0000/.well-known/openid-configuration")
	t.Require(resp.Status >= 400 && resp.Object()["issuer"] == nil, "an error for a pool that does not exist", "status %d with a document", resp.Status)
}
