package scalekit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"github.com/ssolab/ssolab/conformance"
)

// outside are the checks of what comes to the environment without being asked for, or badly: tokens of strangers, refusals of
// identity providers, sign-ins that began there, and values in pages.
func outside() []conformance.Check {
	onLab := func(c conformance.Check) conformance.Check {
		c.Needs = append(c.Needs, conformance.NeedFaults)
		return c
	}
	return []conformance.Check{
		check("SK-024", "UserInfo refuses bad tokens with 401", conformance.Must, conformance.Spec,
			conformance.Ref{Doc: "RFC 6750", Section: "3.1", Quote: "The access token provided is expired, revoked, malformed, or invalid for other reasons. The resource SHOULD respond with the HTTP 401 (Unauthorized) status code"},
			"A fault of the service: report it.", badBearers, fault("sk.userinfo_open", "status 200")),
		onLab(check("SK-025", "A refusal of the identity provider comes to the redirect URI with error, error_description and state", conformance.Must, conformance.Vendor,
			vendor(errorsPage, "errors are sent to the redirect URI as error and error_description"),
			"The list of errors says what the code means; a page of the service leaves the person without a way on.", refusedUpstream,
			fault("sk.error_page_only", "no error"))),
		onLab(check("SK-026", "A sign-in that an identity provider began comes as a signed token of short life, which is no sign-in yet", conformance.Should, conformance.Vendor,
			vendor("IdP-initiated SSO", "idp_initiated_login is a signed token; the application verifies it and begins a sign-in with what it says"),
			"Verify signature, issuer and expiry, and begin at Cognito with its login_hint; never take it for a sign-in.", idpInitiated,
			fault("sk.idp_init_unsigned", "signature"), fault("sk.idp_init_long", "lives"))),
		onLab(check("SK-028", "The simulator's page escapes the hint, and each of its fields has a label", conformance.Should, conformance.Advice,
			conformance.Ref{Doc: "RFC 6749", Section: "10.14", Quote: "The authorization server and client MUST sanitize (and validate when possible) any value received -- in particular, the value of the \"state\" and \"redirect_uri\" parameters"},
			"Escape on output; label the fields, or people with a screen reader cannot sign in.", simulatorPage,
			fault("page.xss_simulator", "element of the page"), fault("page.sim_unlabelled", "has no label"))),
	}
}

func badBearers(t *conformance.T) {
	e := t.ScalekitJourney()
	endpoint := t.ScalekitDiscovery().UserInfoEndpoint
	if endpoint == "" {
		t.Skip("the discovery document names no userinfo_endpoint")
	}
	headers := map[string]string{"no token": "", "a token that is none": "Bearer ssolab-check", "a token with another signature": ""}
	if e.Tokens != nil && len(e.Tokens.AccessToken) > 20 {
		raw := e.Tokens.AccessToken.Reveal()
		headers["a token with another signature"] = "Bearer " + raw[:len(raw)-12] + strings.Repeat("A", 12)
		headers["an ID token"] = "Bearer " + e.Tokens.IDToken.Reveal()
	} else {
		delete(headers, "a token with another signature")
	}
	for what, value := range headers {
		req := t.Request(http.MethodGet, endpoint, nil)
		if value != "" {
			req.Header.Set("Authorization", value)
		}
		resp := t.Do(req)
		t.Expect(resp.Status == http.StatusUnauthorized, "status 401 for "+what, "status %d for %s", resp.Status, what)
	}
}

func refusedUpstream(t *conformance.T) {
	works(t)
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "idp.refuses"}, func() { a = t.ScalekitSignIn() })
	t.Require(a.Params.Get("error") != "", "error at Cognito's callback", "no error there: %s", ending(a))
	t.Expect(a.Params.Get("error_description") != "", "an error_description", "none")
	t.Expect(a.Params.Get("state") == a.State, "the state "+a.State, "%q", a.Params.Get("state"))
	t.Expect(a.Params.Get("code") == "", "no code", "a code")
}

// idpInitiated lets the identity provider answer as if it had begun. The lab has no initiate-login URL, so that the token comes
// to the first callback.
func idpInitiated(t *conformance.T) {
	e := t.ScalekitJourney()
	var a *conformance.Authorization
	t.WithFault(conformance.Fault{ID: "idp.begins"}, func() { a = t.ScalekitSignIn() })
	raw := conformance.Secret(a.Params.Get("idp_initiated_login"))
	t.Require(raw != "", "idp_initiated_login", "none: %s", ending(a))
	t.Expect(a.Params.Get("code") == "", "no code beside it", "a code")
	token := conformance.ReadToken(raw.Reveal())
	t.Require(token != nil, "a JSON Web Token", "something else")
	err := e.VerifySignature(raw)
	t.Expect(err == nil, "a signature that verifies", "signature: %v", err)
	claims := token.ClaimSet()
	life := seconds(claims["exp"]) - seconds(claims["iat"])
	t.Expect(life > 0 && life <= 600, "a life of minutes", "it lives for %d s", life)
	t.Expect(claims["iss"] == strings.TrimSuffix(t.Target().Scalekit.EnvironmentURL, "/"), "the environment's URL as iss", "iss %v", claims["iss"])
	hinted, _ := claims["login_hint"].(string)
	t.Expect(strings.EqualFold(hinted, t.Target().Email), "login_hint "+t.Target().Email, "%v", claims["login_hint"])
	for name, prefix := range map[string]string{"organization_id": "org_", "connection_id": "conn_"} {
		id, _ := claims[name].(string)
		t.Expect(strings.HasPrefix(id, prefix), name+" "+prefix+"…", "%v", claims[name])
	}
}

// seconds is a time of a token, 0 if it is none.
func seconds(v any) int64 {
	number, _ := v.(json.Number)
	n, _ := number.Int64() // what is no number has no life
	return n
}

// probe is an element that no page has.
const probe = `"'><ssolab-probe a=1>`

var live = regexp.MustCompile(`(?i)<ssolab-probe\b`)

func simulatorPage(t *conformance.T) {
	resp := answer(t, func(q url.Values) { q.Set("login_hint", probe+"@"+domain(t)) })
	for range 3 {
		if to := resp.Location(); to != nil {
			resp = t.Get(to.String())
		}
	}
	if resp.Status != http.StatusOK || !strings.Contains(string(resp.Body), "<form") {
		t.Skip("there is no page with a form: status %d", resp.Status)
	}
	t.Expect(!live.Match(resp.Body), "the hint escaped", "it makes an element of the page")
	doc, err := html.Parse(strings.NewReader(string(resp.Body)))
	if err != nil {
		t.Undecided(err)
	}
	for _, name := range unlabelled(doc) {
		t.Expect(false, "a label for each field", "%s has no label", name)
	}
}

// unlabelled are the names of fields without a label: by for, around it, or aria-label.
func unlabelled(doc *html.Node) []string {
	labelled := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" && attribute(n, "for") != "" {
			labelled[attribute(n, "for")] = true
		}
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" && n.Data != "select" && n.Data != "textarea" {
			continue
		}
		switch attribute(n, "type") {
		case "hidden", "submit", "button", "reset", "image":
			continue
		}
		if !labelled[attribute(n, "id")] && attribute(n, "aria-label") == "" && attribute(n, "aria-labelledby") == "" && !within(n, "label") {
			out = append(out, attribute(n, "name"))
		}
	}
	return out
}

func within(n *html.Node, element string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == html.ElementNode && p.Data == element {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
