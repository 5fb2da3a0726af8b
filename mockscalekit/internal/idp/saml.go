package idp

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

const (
	responseTTL = 5 * time.Minute
	clockLeeway = time.Minute // NotBefore lies so far back, for service providers whose clock is late
)

// metadataDocument serves the metadata that administrators hand to the service provider.
func (p provider) metadataDocument(w http.ResponseWriter, _ *http.Request) error {
	key, err := p.samlKey()
	if err != nil {
		return err
	}
	raw, err := saml.IdPMetadata{
		EntityID: p.url + p.entityID, Certificates: []*x509.Certificate{key.Certificate},
		SSO:           map[string]string{saml.BindingRedirect: p.url + p.sso, saml.BindingPost: p.url + p.sso},
		NameIDFormats: []string{saml.NameIDEmail, saml.NameIDPersistent},
	}.Encode()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(raw)
	return nil
}

// samlRequest takes an AuthnRequest by redirect or by POST.
func (p provider) samlRequest(w http.ResponseWriter, r *http.Request) error {
	received, err := readSAMLRequest(r)
	if err != nil {
		return refuse("invalid_saml_request", "", "This identity provider cannot read the SAML request. Send an AuthnRequest by HTTP-Redirect or HTTP-POST.").Because(err)
	}
	app, ok := p.apps.ByEntityID(received.Issuer)
	switch {
	case !ok || app.Provider != p.name:
		return refuse("invalid_saml_request", "", "This identity provider knows no service provider \""+received.Issuer+"\". The entity id of the connection is another one than that of the application here.")
	case received.ACS != "" && received.ACS != app.ACS:
		return refuse("invalid_acs_url", "", "This identity provider refused the assertion consumer service \""+received.ACS+"\". Registered: "+app.ACS+".")
	}
	if app.RequestKey != nil {
		if err := received.Verify(app.RequestKey, p.kit.Env.Now()); err != nil {
			return refuse("invalid_saml_request", "", "The application wants its requests signed, and the signature of this one does not verify.").Because(err)
		}
	}
	hint := received.Subject
	if hint == "" {
		hint = r.URL.Query().Get("login_hint") // as Okta and Entra take it beside the request
	}
	req := request{Protocol: SAML, ConnectionID: app.ConnectionID, LoginHint: hint, SAMLRequest: received.ID, RelayState: received.RelayState}
	if received.ForceAuthn {
		req.Prompt = []string{"login"}
	}
	if received.IsPassive {
		req.Prompt = []string{"none"}
	}
	return p.begin(w, r, req, app)
}

func readSAMLRequest(r *http.Request) (*saml.Received, error) {
	if r.Method != http.MethodPost {
		return saml.ReadRedirect(r.URL.RawQuery)
	}
	form, err := web.Form(r)
	if err != nil {
		return nil, err
	}
	return saml.ReadPost(form.Get("SAMLRequest"), form.Get("RelayState"))
}

// begin answers from a session, or opens the sign-in page.
func (p provider) begin(w http.ResponseWriter, r *http.Request, req request, app Application) error {
	done, err := p.answerFromSession(w, r, req, app)
	if err != nil || done {
		return err
	}
	location, err := p.open(r.Context(), req)
	if err != nil {
		return err
	}
	web.Redirect(w, location)
	return nil
}

// openApp begins a sign-in at the identity provider: the tile of an application. Over SAML the answer is one that nobody asked
// for; over OpenID Connect there is none, so the environment is told to begin (OIDC Core §4).
func (p provider) openApp(w http.ResponseWriter, r *http.Request) error {
	app, ok := p.apps.ByConnection(r.PathValue("connection"))
	if !ok || app.Provider != p.name || app.Protocol != SAML {
		return refuse("invalid_request", "", "This identity provider has no application of the connection \""+r.PathValue("connection")+"\" that can be opened here. Sign in from the application.")
	}
	q, err := web.Query(r)
	if err != nil {
		return refuse("invalid_request", "", "The parameters cannot be read.").Because(err)
	}
	req := request{Protocol: SAML, ConnectionID: app.ConnectionID, LoginHint: q.Get("login_hint"), RelayState: q.Get("RelayState"), Unsolicited: true}
	return p.begin(w, r, req, app)
}

// respond sends the browser to the assertion consumer service with a signed response.
func (p provider) respond(ctx context.Context, w http.ResponseWriter, req request, app Application, who profile) error {
	now := p.kit.Env.Now()
	c := p.claimer(who, app, req.Methods, "", now)
	authnContext := saml.ContextPassword
	if len(req.Methods) > 1 {
		authnContext = saml.ContextTimeSync
	}
	r := p.response(req, app, now)
	r.Status = saml.Status{Code: saml.StatusSuccess}
	r.Assertion = &saml.Assertion{
		ID: p.samlID(), Issuer: p.url + p.entityID, IssueInstant: now, NameID: p.nameID(c),
		Recipient: app.ACS, InResponseTo: req.SAMLRequest, ConfirmedUntil: now.Add(responseTTL),
		NotBefore: now.Add(-clockLeeway), NotOnOrAfter: now.Add(responseTTL), Audiences: []string{app.EntityID},
		AuthnInstant: who.AuthTime, SessionIndex: p.samlID(), AuthnContext: authnContext, Attributes: p.statement(c),
	}
	trace.Note(ctx, "signed in "+who.username()+" as subject "+r.Assertion.NameID.Value)
	return p.postResponse(ctx, w, req, app, r)
}

// respondError says over SAML that nobody was signed in.
func (p provider) respondError(ctx context.Context, w http.ResponseWriter, req request, app Application, status saml.Status) error {
	r := p.response(req, app, p.kit.Env.Now())
	r.Status = status
	return p.postResponse(ctx, w, req, app, r)
}

func (p provider) response(req request, app Application, now time.Time) saml.Response {
	return saml.Response{ID: p.samlID(), Issuer: p.url + p.entityID, IssueInstant: now, Destination: app.ACS, InResponseTo: req.SAMLRequest}
}

// samlID is an id that begins with a letter or _, as xs:ID wants.
func (p provider) samlID() string { return "_" + strings.ReplaceAll(p.kit.Env.UUID(), "-", "") }

// postPage is the data of postView.
type postPage struct {
	ACS, SAMLResponse, RelayState string
}

// submitScript presses the button for people whose browser runs scripts.
const submitScript = "document.forms[0].requestSubmit()"

func (p provider) postResponse(ctx context.Context, w http.ResponseWriter, req request, app Application, r saml.Response) error {
	encoded, err := p.encodeResponse(ctx, r)
	if err != nil {
		return err
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "idp", Title: "Back to " + app.Name, Strip: p.strip(app.Name), Script: submitScript},
		postView(postPage{ACS: app.ACS, SAMLResponse: encoded, RelayState: req.RelayState}))
}

// encodeResponse writes and signs a response. Faults change it before, as a document, and after, as XML.
func (p provider) encodeResponse(ctx context.Context, r saml.Response) (string, error) {
	key, err := p.samlKey()
	if err != nil {
		return "", err
	}
	doc := draft(r)
	p.kit.Faults.Document(ctx, "idp.saml_response", &doc)
	r = redraft(r, doc)
	sign := p.signs(key)
	switch doc.Get("signing_key") {
	case "none":
		sign = saml.Sign{}
	case "another":
		other, err := p.anotherKey()
		if err != nil {
			return "", err
		}
		sign = p.signs(other)
	}
	raw, err := r.Encode(sign)
	if err != nil {
		return "", err
	}
	signed := jose.Object{{Name: "xml", Value: string(raw)}}
	p.kit.Faults.Document(ctx, "idp.saml_response.signed", &signed)
	if xml, ok := signed.Get("xml").(string); ok {
		raw = []byte(xml)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// anotherKey is a key that no metadata has.
func (p provider) anotherKey() (*saml.Key, error) {
	private, err := p.kit.Env.Keys().ECDSA("idp/another")
	if err != nil {
		return nil, err
	}
	return saml.NewKey(private, "another identity provider")
}

// draft is what faults may change of a response.
func draft(r saml.Response) jose.Object {
	doc := jose.Object{
		{Name: "issuer", Value: r.Issuer}, {Name: "destination", Value: r.Destination}, {Name: "in_response_to", Value: r.InResponseTo},
		{Name: "issued", Value: r.IssueInstant.Unix()}, {Name: "status", Value: r.Status.Code}, {Name: "sub_status", Value: r.Status.Sub}, {Name: "signing_key", Value: "own"},
	}
	if a := r.Assertion; a != nil {
		doc.Set("audience", a.Audiences[0])
		doc.Set("recipient", a.Recipient)
		doc.Set("not_before", a.NotBefore.Unix())
		doc.Set("not_on_or_after", a.NotOnOrAfter.Unix())
		doc.Set("name_id", a.NameID.Value)
		doc.Set("assertion_id", a.ID)
	}
	return doc
}

// redraft takes over what faults have changed.
func redraft(r saml.Response, doc jose.Object) saml.Response {
	text := func(name string) string { s, _ := doc.Get(name).(string); return s }
	at := func(name string) time.Time {
		if n, ok := doc.Get(name).(int64); ok {
			return time.Unix(n, 0).UTC()
		}
		return time.Time{}
	}
	r.Issuer, r.Destination, r.InResponseTo, r.IssueInstant = text("issuer"), text("destination"), text("in_response_to"), at("issued")
	r.Status.Code, r.Status.Sub = text("status"), text("sub_status")
	if r.Assertion != nil {
		a := *r.Assertion
		a.Issuer, a.Audiences, a.Recipient, a.InResponseTo = r.Issuer, []string{text("audience")}, text("recipient"), r.InResponseTo
		a.NotBefore, a.NotOnOrAfter, a.ConfirmedUntil = at("not_before"), at("not_on_or_after"), at("not_on_or_after")
		a.NameID.Value, a.ID = text("name_id"), text("assertion_id")
		r.Assertion = &a
	}
	return r
}
