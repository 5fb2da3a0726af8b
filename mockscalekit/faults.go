package mockscalekit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// faultPoints are the points of both parties beside their routes.
func faultPoints() []fault.Point {
	points := []fault.Point{
		{Name: "scalekit.discovery.document", Kind: fault.Document, Description: "the environment's discovery document"},
		{Name: "scalekit.keys.document", Kind: fault.Document, Description: "the environment's JWK Set"},
		{Name: "scalekit.token.response", Kind: fault.Document, Description: "the environment's token response"},
		{Name: "scalekit.userinfo.document", Kind: fault.Document, Description: "the environment's userinfo"},
		{Name: "scalekit.id_token", Kind: fault.Token, Description: "an ID token of the environment"},
		{Name: "scalekit.access_token", Kind: fault.Token, Description: "an access token of the environment"},
		{Name: "scalekit.client_token", Kind: fault.Token, Description: "an access token that the environment gives a client for itself"},
		{Name: "scalekit.logout_token", Kind: fault.Token, Description: "a logout token of the environment"},
		{Name: "scalekit.idp_initiated_login", Kind: fault.Token, Description: "the token of a sign-in that an identity provider began"},
		{Name: "idp.discovery.document", Kind: fault.Document, Description: "an identity provider's discovery document"},
		{Name: "idp.keys.document", Kind: fault.Document, Description: "an identity provider's JWK Set"},
		{Name: "idp.userinfo.document", Kind: fault.Document, Description: "an identity provider's userinfo"},
		{Name: "idp.id_token", Kind: fault.Token, Description: "an ID token of an identity provider"},
		{Name: "idp.saml_response", Kind: fault.Document, Description: "a SAML response of an identity provider before it is signed"},
		{Name: "idp.saml_response.signed", Kind: fault.Document, Description: "the XML of a SAML response of an identity provider"},
	}
	points = append(points, issuerPoints()...)
	for _, s := range slices.Concat(steps(), issuerSteps()) {
		points = append(points, fault.Point{Name: s[0], Kind: fault.Step, Description: s[1]})
	}
	return points
}

// steps are the checks that can be left out.
func steps() [][2]string {
	return [][2]string{
		{"scalekit.idp_token.signature", "the environment verifies the signature of the identity provider's ID token"},
		{"scalekit.idp_token.issuer", "the environment compares iss of the identity provider's ID token"},
		{"scalekit.idp_token.audience", "the environment looks for its client id in aud of the identity provider's ID token"},
		{"scalekit.idp_token.expiry", "the environment checks exp of the identity provider's ID token"},
		{"scalekit.idp_token.nonce", "the environment compares nonce of the identity provider's ID token with the one sent"},
		{"scalekit.idp_token.subject", "the environment wants a sub in the identity provider's ID token"},
		{"scalekit.idp_userinfo.subject", "the environment compares sub of the identity provider's userinfo with the ID token's"},
		{"scalekit.saml.signature", "the environment verifies the signature of a SAML response"},
		{"scalekit.saml.issuer", "the environment compares the issuer of a SAML response"},
		{"scalekit.saml.destination", "the environment compares the destination of a SAML response"},
		{"scalekit.saml.recipient", "the environment compares the recipient of an assertion"},
		{"scalekit.saml.in_response_to", "the environment compares the request that a SAML response answers"},
		{"scalekit.saml.response_age", "the environment refuses old SAML responses"},
		{"scalekit.saml.expiry", "the environment refuses expired assertions"},
		{"scalekit.saml.audience", "the environment looks for its entity id among the audiences"},
		{"scalekit.saml.subject", "the environment wants a subject in an assertion"},
		{"scalekit.saml.replay", "the environment refuses an assertion that was used"},
		{"scalekit.user_domain", "the environment wants the e-mail to be in a domain of the organization"},
		{"scalekit.token.redirect_uri", "the token endpoint compares redirect_uri with the authorization request's"},
		{"scalekit.token.pkce", "the token endpoint verifies code_verifier"},
		{"scalekit.token.single_use", "the token endpoint consumes the code"},
	}
}

// faults are the ways to go wrong of both parties: "upstream" is the environment as Cognito sees it, "idp" the identity
// provider as the environment sees it.
func faults() []fault.Fault {
	list := []fault.Fault{{
		ID: "upstream.token_error", Title: "The environment's token endpoint answers with an error",
		Points: []string{"scalekit.token"}, Defaults: fault.Params{"error": "invalid_grant", "description": "invalid code", "status": "400"},
		Route: func(_ http.Handler, p fault.Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				status, err := strconv.Atoi(p["status"])
				if err != nil || status < 400 || status > 599 {
					status = http.StatusBadRequest
				}
				writeOAuth(w, status, p["error"], p["description"])
			})
		},
	}, {
		ID: "upstream.token_no_id_token", Title: "The environment's token response has no ID token", Points: []string{"scalekit.token.response"},
		Document: func(doc *jose.Object, _ fault.Params) { doc.Delete("id_token") },
	}}
	var skips []string
	for _, s := range slices.Concat(steps(), issuerSteps()) {
		skips = append(skips, s[0])
	}
	list = append(list, fault.Fault{ID: "scalekit.skip", Title: "The environment leaves checks out; name one in \"at\", or all are", Points: skips, Skip: true})
	list = append(list, documentFaults("upstream", "scalekit", "The environment")...)
	list = append(list, documentFaults("idp", "idp", "The identity provider")...)
	list = append(list, tokenFaults("upstream", "scalekit.id_token", "The environment")...)
	list = append(list, issuerFaults()...)
	list = append(list, samlFaults()...)
	list = append(list, personFaults()...)
	return append(list, tokenFaults("idp", "idp.id_token", "The identity provider")...)
}

func documentFaults(area, party, who string) []fault.Fault {
	return []fault.Fault{{
		ID: area + ".discovery_issuer_other", Title: who + "'s discovery document names another issuer",
		Points: []string{party + ".discovery.document"}, Defaults: fault.Params{"issuer": "https://other.example"},
		Document: func(doc *jose.Object, p fault.Params) { doc.Set("issuer", p["issuer"]) },
	}, {
		ID: area + ".jwks_empty", Title: who + "'s JWK Set has no key", Points: []string{party + ".keys.document"},
		Document: func(doc *jose.Object, _ fault.Params) { doc.Set("keys", []jose.Object{}) },
	}, {
		ID: area + ".userinfo_sub_other", Title: who + "'s userinfo is about somebody else", Points: []string{party + ".userinfo.document"},
		Defaults: fault.Params{"sub": "somebody-else"},
		Document: func(doc *jose.Object, p fault.Params) { doc.Set("sub", p["sub"]) },
	}, {
		ID: area + ".userinfo_claim", Title: who + "'s userinfo has another claim, or lacks it if the value is empty", Points: []string{party + ".userinfo.document"},
		Defaults: fault.Params{"claim": "family_name", "value": ""},
		Document: func(doc *jose.Object, p fault.Params) { setClaim(doc, p) },
	}, {
		ID: area + ".userinfo_no_email", Title: who + "'s userinfo has no e-mail", Points: []string{party + ".userinfo.document"},
		Document: func(doc *jose.Object, _ fault.Params) { doc.Delete("email") },
	}}
}

func tokenFaults(area, point, who string) []fault.Fault {
	token := func(id, title string, defaults fault.Params, change func(d *jose.Draft, p fault.Params)) fault.Fault {
		return fault.Fault{ID: area + "." + id, Title: who + "'s ID token " + title, Points: []string{point}, Defaults: defaults, Token: change}
	}
	return []fault.Fault{
		token("idt_bad_signature", "has a signature that does not verify", nil, func(d *jose.Draft, _ fault.Params) { d.After = spoilSignature }),
		token("idt_wrong_iss", "has another issuer", fault.Params{"iss": "https://other.example"}, func(d *jose.Draft, p fault.Params) { d.Claims.Set("iss", p["iss"]) }),
		token("idt_wrong_aud", "is for another client", fault.Params{"aud": "another-client"}, func(d *jose.Draft, p fault.Params) { d.Claims.Set("aud", []string{p["aud"]}) }),
		token("idt_expired", "has expired", fault.Params{"ago": "1h"}, expire),
		token("idt_claim", "has another claim, or lacks it if the value is empty", fault.Params{"claim": "family_name", "value": ""}, func(d *jose.Draft, p fault.Params) { setClaim(&d.Claims, p) }),
		token("idt_no_sub", "has no sub", nil, func(d *jose.Draft, _ fault.Params) { d.Claims.Delete("sub") }),
		token("idt_wrong_nonce", "has another nonce", fault.Params{"nonce": "another-nonce"}, func(d *jose.Draft, p fault.Params) { d.Claims.Set("nonce", p["nonce"]) }),
		token("idt_alg_none", "is not signed, and says alg none", nil, func(d *jose.Draft, _ fault.Params) {
			d.Header.Set("alg", "none")
			d.Header.Delete("kid")
			d.After = func(compact string) string { return compact[:strings.LastIndexByte(compact, '.')+1] }
		}),
	}
}

// setClaim sets or deletes a claim.
func setClaim(doc *jose.Object, p fault.Params) {
	if p["value"] == "" {
		doc.Delete(p["claim"])
		return
	}
	doc.Set(p["claim"], p["value"])
}

// spoilSignature changes a character in the middle of the signature, where all its bits count.
func spoilSignature(compact string) string {
	i := strings.LastIndexByte(compact, '.') + (len(compact)-strings.LastIndexByte(compact, '.'))/2
	other := "A"
	if compact[i] == 'A' {
		other = "B"
	}
	return compact[:i] + other + compact[i+1:]
}

// expire moves iat and exp into the past, keeping the token's life where it can.
func expire(d *jose.Draft, p fault.Params) {
	ago, err := time.ParseDuration(p["ago"])
	if err != nil {
		ago = time.Hour
	}
	issued, expires := seconds(d.Claims.Get("iat")), seconds(d.Claims.Get("exp"))
	if issued == 0 {
		return
	}
	past := issued - int64(ago/time.Second)
	d.Claims.Set("exp", past)
	d.Claims.Set("iat", past-(expires-issued))
}

func seconds(v any) int64 {
	n, _ := v.(int64)
	return n
}
