package security

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/conformance"
)

func credentialChecks() []conformance.Check {
	return []conformance.Check{
		check("SEC-007", "No endpoint redirects to an address that somebody sent", must, spec,
			rfc("9700", "2.1", "Clients and authorization servers MUST NOT expose URLs that forward the user's browser to arbitrary URIs obtained from a query parameter (open redirectors)"),
			"Compare with a list of whole URLs.", openRedirect, fault("redir.open", "attacker.invalid")),
		check("SEC-011", "iss in the answer to the app, if there is one, is the issuer", should, spec,
			rfc("9207", "2.4", "Clients MUST then decode the value … and compare the result to the issuer identifier of the authorization server where the authorization request was sent to"),
			"Give each issuer a callback of its own: Cognito sends no iss by which an app could tell answers apart.", answerIssuer, fault("authz.iss_wrong", "issuer.invalid")),
		unproven(check("SEC-012", "A request that lost its PKCE challenge on the way brings no tokens", must, spec,
			rfc("9700", "4.8.2", "the authorization server MUST ensure that if there was no code_challenge in the authorization request, a request to the token endpoint containing a code_verifier is rejected"),
			"Send the verifier with every exchange; then a challenge that somebody cut out is noticed.", challengeLost, fault("pkce.unsolicited_verifier_ok", "tokens"))),
		check("SEC-013", "A code of another sign-in is refused", must, spec,
			rfc("9700", "4.5.3.1", "When the attacker attempts to inject an authorization code, the check of the code_verifier fails"),
			"Use PKCE with a verifier of its own for each sign-in.", codeInjection, fault("pkce.verifier_unchecked", "tokens")),
		check("SEC-022", "The implicit flow is off", should, spec,
			rfc("9700", "2.1.2", "clients SHOULD NOT use the implicit grant"),
			"Take the implicit grant off the app client.", implicit, fault("authz.flow_unchecked", "accepted")),
		check("SEC-016", "Token endpoint and userInfo do not let any origin call with credentials", must, advice,
			conformance.Ref{Doc: "Fetch standard", Section: "CORS protocol and credentials", Summary: "with credentials, Access-Control-Allow-Origin names an origin and cannot be *; answering whatever origin asks undoes that"},
			"List the allowed origins, or allow no credentials.", corsCredentials, fault("cors.reflect_any", "credentials")),
		check("SEC-017", "userInfo refuses tokens without signature, and with an HMAC of the public key", must, spec,
			rfc("8725", "3.1", "Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use any other algorithms when performing cryptographic operations"),
			"Take the algorithm from the key, not from the token.", algorithmConfusion, fault("uinfo.hs256_confusion", "HS256")),
		check("SEC-018", "userInfo does not take keys from a token's header", must, spec,
			rfc("8725", "3.10", "blindly following a \"jku\" (JWK set URL) or \"x5u\" (X.509 URL) header, which may contain an arbitrary URL, could result in server-side request forgery (SSRF) attacks"),
			"Take keys from the configured JWK Set only.", ownKey, fault("uinfo.trusts_jwk_header", "jwk")),
		check("SEC-019", "kid is not used as a path or in a query", should, spec,
			rfc("8725", "3.10", "The \"kid\" (key ID) header is used by the relying application to perform key lookup. Applications should ensure that this does not create SQL or LDAP injection vulnerabilities"),
			"Look kid up in a map only.", kidInjection, fault("uinfo.kid_injection", "500")),
		check("SEC-021", "Line breaks in parameters do not split an answer", must, advice,
			rfc("9110", "5.5", "Field values containing CR, LF, or NUL characters are invalid and dangerous"),
			"Refuse control characters, or encode them.", splitting, fault("hdr.crlf", "X-Ssolab-Probe")),
		needs(check("SEC-023", "Client credentials are not taken from the query", must, spec,
			rfc("6749", "2.3.1", "The parameters can only be transmitted in the request-body and MUST NOT be included in the request URI"),
			"Send the credentials in the Authorization header or in the body.", querySecret, fault("token.query_secret", "invalid_grant")), conformance.NeedSecret, conformance.NeedLab), // a real service may log its query
		check("SEC-025", "Scripts of other origins cannot read the authorization endpoint", must, spec,
			rfc("9700", "2.6", "CORS MUST NOT be supported at the authorization endpoint, as the client does not access this endpoint directly"),
			"Leave the CORS headers out: a browser navigates to this endpoint and never fetches it.", corsOnAuthorize, fault("cors.on_authorize", "attacker.invalid")),
	}
}

// attacks are addresses of an attacker as filters have let them through.
func attacks(registered string) []string {
	u, err := url.Parse(registered)
	if err != nil || u.Host == "" {
		u = &url.URL{Scheme: "https", Host: "app.invalid"}
	}
	return []string{
		"https://attacker.invalid/", "//attacker.invalid/", `\\attacker.invalid/`, "https:attacker.invalid/", "/%2f%2fattacker.invalid/",
		u.Scheme + "://" + u.Hostname() + "@attacker.invalid/", u.Scheme + "://" + u.Hostname() + ".attacker.invalid/",
		"https://attacker\u3002invalid/",
	}
}

// toAttacker tells whether a browser that is sent there ends at the attacker's host.
func toAttacker(resp *conformance.Response) bool {
	raw := strings.NewReplacer(`\`, "/", "\t", "", "\r", "", "\n", "", "\u3002", ".").Replace(resp.Header.Get("Location"))
	if raw == "" {
		return false
	}
	if rest, ok := strings.CutPrefix(raw, "https:"); ok && !strings.HasPrefix(rest, "/") {
		raw = "https://" + rest // as browsers read it
	}
	u, err := resp.Request.URL.Parse(raw)
	return err == nil && (u.Hostname() == "attacker.invalid" || strings.HasSuffix(u.Hostname(), ".attacker.invalid"))
}

func openRedirect(t *conformance.T) {
	client := t.Target().Client
	logout := t.Discovery().EndSessionEndpoint
	if logout == "" {
		u := domain(t)
		u.Path = "/logout"
		logout = u.String()
	}
	signOut := func(q url.Values) string { q.Set("client_id", client.ID); return logout + "?" + q.Encode() }
	for name, address := range map[string]func(attack string) string{
		"redirect_uri of the authorization endpoint": func(attack string) string {
			return t.AuthorizeURL(conformance.Variant{}, func(q url.Values) { q.Set("redirect_uri", attack) })
		},
		"logout_uri of the sign-out endpoint": func(attack string) string { return signOut(url.Values{"logout_uri": {attack}}) },
		"redirect_uri of the sign-out endpoint": func(attack string) string {
			return signOut(url.Values{"redirect_uri": {attack}, "response_type": {"code"}})
		},
	} {
		for _, attack := range attacks(client.RedirectURI) {
			resp, err := t.Try(nil, t.Request(http.MethodGet, address(attack), nil))
			if err != nil && strings.Contains(err.Error(), "Location header") {
				t.Expect(false, "no redirect to an address that is not registered", "%s with %q: %v", name, attack, err)
				continue
			}
			if err != nil {
				t.Undecided(err)
			}
			t.Expect(!toAttacker(resp), "no redirect to an address that is not registered", "%s with %q redirects to %s", name, attack, resp.Header.Get("Location"))
		}
	}
}

func answerIssuer(t *conformance.T) {
	a := t.Journey(conformance.Variant{}).Authorization
	a.Code(t)
	got := a.Params.Get("iss")
	if got == "" {
		t.Infof("the answer has no iss: an app with several issuers tells them apart by callback only")
		return
	}
	t.Require(got == t.Target().Issuer, "iss "+t.Target().Issuer, "%s", got)
}

// challengeLost is what an attacker gets by taking code_challenge out of a request: the app sends its verifier all the same.
func challengeLost(t *conformance.T) {
	a := t.Authorize(conformance.Variant{NoPKCE: true})
	resp := t.Redeem(a, a.Code(t), func(form url.Values) { form.Set("code_verifier", "verifier-of-SEC-012-verifier-of-SEC-012-0123") })
	refused(t, "the verifier of a request that lost its challenge", resp)
}

// codeInjection hands the code of one sign-in to another, as an attacker with a stolen code does.
func codeInjection(t *conformance.T) {
	stolen, own := t.Authorize(conformance.Variant{}), t.Authorize(conformance.Variant{})
	own.Code(t)
	refused(t, "the code of another sign-in", t.Redeem(own, stolen.Code(t)))
}

func refused(t *conformance.T, what string, resp *conformance.Response) {
	t.Require(conformance.ReadTokens(resp) == nil, "no tokens for "+what, "tokens, with status %d", resp.Status)
	t.Journey(conformance.Variant{}).RequireTokens(t) // the endpoint works otherwise
	t.Expect(resp.Status >= http.StatusBadRequest && resp.Status < http.StatusInternalServerError, "a refusal of "+what, "status %d", resp.Status)
}

// implicit asks for a token at the authorization endpoint; nobody signs in.
func implicit(t *conformance.T) {
	ask := func(responseType string) *url.URL {
		return t.Get(t.AuthorizeURL(conformance.Variant{NoPKCE: true}, func(q url.Values) { q.Set("response_type", responseType) })).Location()
	}
	answered := func(to *url.URL) bool {
		return to == nil || to.Query().Has("error") || strings.Contains(to.Fragment, "error=")
	}
	if to := ask("code"); answered(to) {
		t.Skip("a request with response_type=code is refused too (see AUTHZ-001)")
	}
	to := ask("token")
	t.Require(answered(to), "an error for response_type=token", "it is accepted: the browser is sent on to %s", locationHost(to))
}

func locationHost(to *url.URL) string {
	if to == nil {
		return "nowhere"
	}
	return to.Scheme + "://" + to.Host + to.Path
}

func corsCredentials(t *conformance.T) {
	d := t.Discovery()
	for _, endpoint := range []string{d.TokenEndpoint, d.UserInfoEndpoint} {
		if endpoint == "" {
			continue
		}
		for _, origin := range []string{"https://attacker.invalid", "null"} {
			resp := do(t, http.MethodOptions, endpoint, header("Origin", origin), header("Access-Control-Request-Method", "POST"), header("Access-Control-Request-Headers", "authorization"))
			allowed := resp.Header.Get("Access-Control-Allow-Origin")
			t.Expect(resp.Header.Get("Access-Control-Allow-Credentials") != "true" || allowed != "*" && allowed != origin,
				"no credentials for every origin", "%s allows %q with credentials", resp.Request.URL.Path, allowed)
		}
	}
}

func corsOnAuthorize(t *conformance.T) {
	target := t.AuthorizeURL(conformance.Variant{})
	for _, resp := range []*conformance.Response{
		do(t, http.MethodGet, target, header("Origin", "https://attacker.invalid")),
		do(t, http.MethodOptions, target, header("Origin", "https://attacker.invalid"), header("Access-Control-Request-Method", "GET")),
	} {
		got := resp.Header.Get("Access-Control-Allow-Origin")
		t.Expect(got == "", "no Access-Control-Allow-Origin", "%s is answered with %q", resp.Request.Method, got)
	}
}

// splitting asks for a redirect that repeats state, with a line break in it.
func splitting(t *conformance.T) {
	const name = "X-Ssolab-Probe"
	bad := "state\r\n" + name + ": 1"
	for _, target := range []string{
		t.AuthorizeURL(conformance.Variant{Scopes: "openid ssolab-check/not-allowed", State: bad}),
		t.AuthorizeURL(conformance.Variant{}, func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"\r\n"+name+": 1") }),
	} {
		resp := t.Get(target)
		t.Expect(resp.Header.Get(name) == "", "no header of the sender's own", "the answer has a header %s", name)
		t.Expect(!strings.ContainsAny(resp.Header.Get("Location"), "\r\n"), "an encoded Location", "line breaks in it")
	}
}

// querySecret sends the client's credentials in the query with a code that nobody issued: whoever gets as far as the
// code has taken them.
func querySecret(t *conformance.T) {
	client := t.Target().Client
	target := t.Discovery().TokenEndpoint + "?" + url.Values{"client_id": {client.ID}, "client_secret": {client.Secret.Reveal()}}.Encode()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {"00000000-0000-4000-8000-000000000000"}, "redirect_uri": {client.RedirectURI}}
	t.Journey(conformance.Variant{}).RequireTokens(t) // the endpoint works otherwise
	resp := t.Post(target, form)
	code, _ := resp.OAuthError()
	t.Require(resp.Status >= http.StatusBadRequest && code != "invalid_grant", "a refusal of the client", "status %d %s: the credentials were taken", resp.Status, code)
}

// crafting is a genuine access token to make others of.
type crafting struct {
	t       *conformance.T
	header  map[string]any
	payload json.RawMessage
	keys    jose.JSONWebKeySet
}

func craft(t *conformance.T) crafting {
	if t.Discovery().UserInfoEndpoint == "" {
		t.Skip("there is no userinfo_endpoint")
	}
	e := t.Journey(conformance.Variant{})
	e.RequireUserInfo(t)
	token := e.RequireAccessToken(t)
	c := crafting{t: t, header: map[string]any{}, payload: token.Claims}
	if json.Unmarshal(token.Header, &c.header) != nil || e.Keys == nil || json.Unmarshal(e.Keys.Body, &c.keys) != nil {
		t.Skip("the access token's header or the JWK Set cannot be read (see AT-001, DISC-010)")
	}
	return c
}

// with writes a token of the genuine claims with changed headers, signed by sign.
func (c crafting) with(sign func(input string) []byte, headers map[string]any) string {
	h := maps.Clone(c.header)
	maps.Copy(h, headers)
	b, err := json.Marshal(h)
	if err != nil {
		c.t.Undecided(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64(b) + "." + b64(c.payload)
	return input + "." + b64(sign(input))
}

// ask shows a token to userInfo.
func (c crafting) ask(token string) *conformance.Response {
	return do(c.t, http.MethodGet, c.t.Discovery().UserInfoEndpoint, header("Authorization", "Bearer "+token))
}

func (c crafting) refuses(name, token string) {
	resp := c.ask(token)
	c.t.Expect(resp.Status >= http.StatusBadRequest && resp.Status < http.StatusInternalServerError, "a refusal of a token "+name, "userInfo answers %d to a token %s", resp.Status, name)
}

func algorithmConfusion(t *conformance.T) {
	c := craft(t)
	c.refuses("with alg none and no signature", c.with(func(string) []byte { return nil }, map[string]any{"alg": "none"}))
	for _, k := range c.keys.Keys {
		if k.KeyID != c.header["kid"] {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil {
			t.Undecided(err)
		}
		secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		for _, s := range [][]byte{secret, []byte(strings.TrimSpace(string(secret)))} {
			c.refuses("with HS256 and the public key as its secret", c.with(func(input string) []byte {
				mac := hmac.New(sha256.New, s)
				mac.Write([]byte(input))
				return mac.Sum(nil)
			}, map[string]any{"alg": "HS256"}))
		}
	}
}

// signer is a key of nobody's.
func signer(t *conformance.T) (sign func(string) []byte, public map[string]any) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Undecided(err)
	}
	b, err := json.Marshal(jose.JSONWebKey{Key: &key.PublicKey, KeyID: "ssolab-check", Algorithm: "RS256", Use: "sig"})
	if err != nil || json.Unmarshal(b, &public) != nil {
		t.Undecided(err)
	}
	return func(input string) []byte {
		sum := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Undecided(err)
		}
		return signature
	}, public
}

// ownKey names keys in the header; the addresses resolve nowhere, so that one that is followed fails in its own way.
func ownKey(t *conformance.T) {
	c := craft(t)
	sign, public := signer(t)
	for name, headers := range map[string]map[string]any{
		"signed with the key in its own jwk header": {"jwk": public, "kid": "ssolab-check"},
		"with a jku header":                         {"jku": "https://attacker.invalid/keys", "kid": "ssolab-check"},
		"with an x5u header":                        {"x5u": "https://attacker.invalid/chain.pem", "kid": "ssolab-check"},
	} {
		c.refuses(name, c.with(sign, headers))
	}
}

func kidInjection(t *conformance.T) {
	c := craft(t)
	sign, _ := signer(t)
	for _, kid := range []string{"../../../../dev/null", "' OR '1'='1", "x' UNION SELECT 'ssolab"} {
		c.refuses("with kid "+kid, c.with(sign, map[string]any{"kid": kid}))
	}
}
