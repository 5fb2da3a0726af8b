package mockscalekit

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
)

// samlFlow is what a sign-in over SAML remembers of its request.
type samlFlow struct {
	RequestID    string
	EntityID     string   // of the identity provider
	Certificates [][]byte // of the identity provider, DER
	SSOURL       string
	Post         bool   // the request goes by POST
	Hint         string // login_hint, which goes beside the request
}

const (
	samlLeeway     = time.Minute      // by which clocks may differ
	maxResponseAge = 10 * time.Minute // of a response since it was issued
)

// samlEntityID is the entity id of a connection as a service provider, which is where its metadata is too.
func (e *environment) samlEntityID(c directory.Connection) string {
	if c.SAML != nil && c.SAML.SPEntityID != "" {
		return c.SAML.SPEntityID
	}
	return e.connectionURL(c, "saml", "")
}

// samlACS is the assertion consumer service of a connection.
func (e *environment) samlACS(c directory.Connection) string {
	switch {
	case c.SAML != nil && c.SAML.SPAssertionURL != "":
		return c.SAML.SPAssertionURL
	case e.quirk("scalekit-saml-acs-is-entity"):
		return e.connectionURL(c, "saml", "")
	}
	return e.connectionURL(c, "saml", "/callback")
}

// makeSAMLKey is the environment's signing key with a certificate.
func (e *environment) makeSAMLKey() (*saml.Key, error) {
	key, err := e.signingKey()
	if err != nil {
		return nil, err
	}
	return saml.NewKey(key.Private, "ssolab "+e.id)
}

// samlMetadata serves the metadata of a connection for the identity provider's administrator.
func (e *environment) samlMetadata(w http.ResponseWriter, r *http.Request) error {
	c, err := e.samlConnection(r)
	if err != nil {
		return err
	}
	key, err := e.samlKey()
	if err != nil {
		return err
	}
	m := saml.SPMetadata{EntityID: e.samlEntityID(c), ACS: e.samlACS(c), Certificate: key.Certificate, NameIDFormat: nameIDFormat(c), WantAssertionsSigned: true}
	m.RequestsSigned = c.SAML != nil && c.SAML.WantRequestSigned
	raw, err := m.Encode()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(raw)
	return nil
}

func (e *environment) samlConnection(r *http.Request) (directory.Connection, error) {
	_, c, err := e.directory.OfConnection(r.PathValue("connection"))
	if err != nil || c.Type != directory.SAML {
		return c, refuse("invalid_connection_id", "The environment has no SAML connection %q. Copy the id of a SAML connection of this environment.", r.PathValue("connection")).Because(err)
	}
	return c, nil
}

func nameIDFormat(c directory.Connection) string {
	if c.SAML == nil {
		return ""
	}
	return map[string]string{
		"UNSPECIFIED": saml.NameIDUnspecified, "EMAIL": saml.NameIDEmail, "TRANSIENT": saml.NameIDTransient, "PERSISTENT": saml.NameIDPersistent,
	}[c.SAML.NameIDFormat]
}

// samlProvider is what a connection knows of its identity provider: from its metadata, or as it was entered.
func (e *environment) samlProvider(ctx context.Context, c directory.Connection) (*samlFlow, error) {
	conf := c.SAML
	if conf == nil {
		conf = &directory.SAMLConfig{}
	}
	metadataURL := conf.IdPMetadataURL
	if metadataURL == "" && c.IdP != "" {
		metadataURL = idp.MetadataURL(e.idpURL, c.IdP)
	}
	f := &samlFlow{}
	post := conf.SSORequestBinding == directory.HTTPPost
	if metadataURL != "" {
		m, err := e.fetchMetadata(ctx, metadataURL)
		if err != nil {
			return nil, refuse("invalid_saml_metadata", "Scalekit could not use the SAML metadata at %s: %v. Check the URL, and what it serves.", metadataURL, err).Because(err)
		}
		f.EntityID, f.SSOURL = m.EntityID, m.SSO[saml.BindingRedirect]
		if post || f.SSOURL == "" {
			f.SSOURL, post = m.SSO[saml.BindingPost], true
		}
		for _, certificate := range m.Certificates {
			f.Certificates = append(f.Certificates, certificate.Raw)
		}
	}
	if conf.IdPEntityID != "" {
		f.EntityID = conf.IdPEntityID
	}
	if conf.IdPSSOURL != "" {
		f.SSOURL = conf.IdPSSOURL
	}
	for _, entered := range conf.IdPCertificates {
		certificate, err := saml.ParseCertificate(entered.PEM)
		if err != nil {
			return nil, refuse("invalid_saml_metadata", "A certificate of the connection %s cannot be read: %v. Enter it again.", c.ID, err).Because(err)
		}
		f.Certificates = append(f.Certificates, certificate.Raw)
	}
	f.Post = post
	if f.EntityID == "" || f.SSOURL == "" || len(f.Certificates) == 0 {
		return nil, refuse("invalid_saml_metadata", "The SAML connection %s lacks the identity provider's entity id, its sign-on URL or its certificate. Enter its metadata.", c.ID)
	}
	return f, nil
}

func (e *environment) fetchMetadata(ctx context.Context, from string) (*saml.IdPMetadata, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	raw, err := e.fetch(req)
	if err != nil {
		return nil, err
	}
	return saml.ParseIdPMetadata(raw)
}

// toSAMLProvider sends the browser to the identity provider of a SAML connection with an AuthnRequest.
func (e *environment) toSAMLProvider(ctx context.Context, f flow, c directory.Connection, hint string) (string, error) {
	provider, err := e.samlProvider(ctx, c)
	if err != nil {
		return "", err
	}
	provider.RequestID, provider.Hint = "_"+strings.ReplaceAll(e.kit.Env.UUID(), "-", ""), hint
	f.SAML = provider
	state := e.kit.Env.Token(24)
	if err := e.flows.Put(ctx, state, f, e.now().Add(flowTTL)); err != nil {
		return "", err
	}
	e.happened(ctx, "authentication.pending", c.OrganizationID, state, "client_id", f.ClientID, "connection_id", c.ID)
	if provider.Post {
		return web.Params{{"state", state}}.WithQuery(e.connectionURL(c, "saml", "/request")), nil
	}
	key, err := e.requestKey(c)
	if err != nil {
		return "", err
	}
	location, err := e.authnRequest(f, c).Redirect(state, key)
	if err != nil || hint == "" {
		return location, err
	}
	return web.Params{{"login_hint", hint}}.WithQuery(location), nil
}

func (e *environment) authnRequest(f flow, c directory.Connection) saml.AuthnRequest {
	return saml.AuthnRequest{
		ID: f.SAML.RequestID, Issuer: e.samlEntityID(c), IssueInstant: e.now(), Destination: f.SAML.SSOURL, ACS: e.samlACS(c),
		NameIDFormat: nameIDFormat(c), ForceAuthn: f.prompts("login") || c.SAML != nil && c.SAML.ForceAuthn,
	}
}

// requestKey signs requests where the connection wants that.
func (e *environment) requestKey(c directory.Connection) (*saml.Key, error) {
	if c.SAML == nil || !c.SAML.WantRequestSigned {
		return nil, nil
	}
	return e.samlKey()
}

// samlRequestPage is the data of samlRequestView.
type samlRequestPage struct{ SSOURL, Request, RelayState string }

// samlRequest serves the page that posts an AuthnRequest, where the identity provider takes no redirect.
func (e *environment) samlRequest(w http.ResponseWriter, r *http.Request) error {
	c, err := e.samlConnection(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	f, err := e.flows.Get(r.Context(), state)
	if err != nil || f.SAML == nil || f.ConnectionID != c.ID {
		return refuse("invalid_saml_request", "There is no sign-in that this request belongs to. Start again from the application.").Because(err)
	}
	key, err := e.requestKey(c)
	if err != nil {
		return f.to().Send(err)
	}
	raw, err := e.authnRequest(f, c).Encode(key)
	if err != nil {
		return f.to().Send(err)
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "scalekit", Title: "To the identity provider", Strip: e.strip(), Script: submitScript},
		samlRequestView(samlRequestPage{SSOURL: f.SAML.SSOURL, Request: base64.StdEncoding.EncodeToString(raw), RelayState: state}))
}

// submitScript presses the button for people whose browser runs scripts.
const submitScript = "document.forms[0].requestSubmit()"

// samlCallback serves the assertion consumer service.
func (e *environment) samlCallback(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return refuse("invalid_saml_form_params", "The SAML response cannot be read: it is no form, or too large. Send it by HTTP-POST.").Because(err)
	}
	c, err := e.samlConnection(r)
	if err != nil {
		return err
	}
	if name := web.Duplicate(form, "SAMLResponse", "RelayState"); name != "" {
		return refuse("invalid_saml_form_params", "The parameter %s stands in the form more than once. Send it once.", name)
	}
	f, err := e.flows.Get(ctx, form.Get("RelayState"))
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrKeyTooLong):
		return e.samlUnsolicited(w, r, c, form)
	case err != nil:
		return err
	case f.SAML == nil:
		return refuse("invalid_saml_form_params", "The RelayState of this answer belongs to a sign-in that is not one over SAML. Start again from the application.")
	}
	if f, err = e.takeFlow(r, form.Get("RelayState")); err != nil {
		return err
	}
	s, err := e.identifySAML(ctx, f.SAML, c, form)
	return e.identified(w, r, f, c, s, err)
}

// samlUnsolicited serves a response that nobody asked for: a sign-in that began at the identity provider. What it has for a
// RelayState is for the application.
func (e *environment) samlUnsolicited(w http.ResponseWriter, r *http.Request, c directory.Connection, form url.Values) error {
	ctx := r.Context()
	if m, err := saml.Parse(form.Get("SAMLResponse")); err == nil {
		if u, err := m.Unverified(); err == nil && u.InResponseTo != "" {
			return refuse("invalid_saml_response", "Scalekit does not know the request that this SAML response answers: it was answered already, is older than an hour, or the RelayState was changed. Start again from the application.")
		}
	}
	to, err := e.initiateLoginURL("", c)
	if err != nil {
		return err
	}
	s, err := e.identifyUnsolicitedSAML(ctx, c, form)
	return e.answerUnsolicited(w, r, c, s, to, form.Get("RelayState"), err)
}

func (e *environment) identifyUnsolicitedSAML(ctx context.Context, c directory.Connection, form url.Values) (session, error) {
	switch {
	case !c.Active():
		return session{}, refuse("connection_not_active", "The connection %s is %s. Enable it.", c.ID, condition(c))
	case c.SAML != nil && c.SAML.IdPInitiatedOff:
		return session{}, refuse("invalid_saml_response", "The connection %s takes no sign-ins that begin at the identity provider. Turn allow_idp_initiated_login on.", c.ID)
	}
	provider, err := e.samlProvider(ctx, c)
	if err != nil {
		return session{}, err
	}
	return e.identifySAML(ctx, provider, c, form)
}

// identifySAML verifies a SAML response and turns it into a session.
func (e *environment) identifySAML(ctx context.Context, provider *samlFlow, c directory.Connection, form url.Values) (session, error) {
	s := session{ID: e.kit.Env.Sonyflake("ses"), OrganizationID: c.OrganizationID, ConnectionID: c.ID}
	if form.Get("SAMLResponse") == "" {
		return s, refuse("invalid_saml_form_params", "The form has no SAMLResponse. Let the identity provider answer by HTTP-POST.")
	}
	m, err := saml.Parse(form.Get("SAMLResponse"))
	if err != nil {
		return s, malformed(err)
	}
	unverified, err := m.Unverified()
	if err != nil {
		return s, malformed(err)
	}
	if unverified.Status.Code != saml.StatusSuccess {
		return s, samlRefusal(c, unverified.Status)
	}
	r, err := e.verifySAML(ctx, m, unverified, provider)
	if err != nil {
		return s, err
	}
	if r.Assertion == nil {
		return s, refuse("invalid_saml_response", "The SAML response has no assertion that can be read; encrypted ones are not modelled. Let the identity provider send it in the clear.")
	}
	if err := e.checkSAML(ctx, r, provider, c); err != nil {
		return s, err
	}
	trace.Note(ctx, "verified the IdP's SAML response: signature, issuer, destination, recipient, audience, times, request, replay")
	s.Who = e.describeSAML(c, *r.Assertion)
	s.Methods = samlMethods(r.Assertion.AuthnContext)
	if s.Who.text("email") == "" {
		return s, refuse("mandatory_attribute_missing", "The identity provider gave no e-mail for %s. Let it release an attribute email.", s.Who.Subject)
	}
	view, err := e.directory.View(c.OrganizationID)
	if err != nil {
		return s, err
	}
	return s, e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.user_domain", Run: func() error { return checkDomain(view, s.Who.text("email")) }})
}

func malformed(err error) error {
	return refuse("malformed_saml_response", "Scalekit cannot read the SAML response: %v. Look at what the identity provider sends.", err).Because(err)
}

// samlRefusal is what the application is told when the identity provider signed nobody in.
// Unverified: which status becomes which code.
func samlRefusal(c directory.Connection, status saml.Status) error {
	code := "invalid_status"
	switch {
	case status.Sub == saml.StatusRequestDenied:
		code = "access_denied"
	case status.Sub == saml.StatusAuthnFailed:
		code = "authentication_not_completed"
	case status.Sub == saml.StatusNoPassive:
		code = "user_login_required"
	case status.Code == saml.StatusRequester || status.Code == saml.StatusVersionMismatch:
		code = "invalid_saml_request"
	}
	return refuse(code, "The identity provider of %s answered with status %s %s: %s. What it says decides what to do.", c.ID, status.Code, status.Sub, status.Message)
}

// verifySAML checks the signature and returns what was signed.
func (e *environment) verifySAML(ctx context.Context, m *saml.Message, unverified *saml.Response, provider *samlFlow) (*saml.Response, error) {
	var certificates []*x509.Certificate
	for _, der := range provider.Certificates {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	r := unverified
	err := e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.saml.signature", Run: func() (err error) {
		r, err = m.Verify(certificates, e.now())
		switch {
		case errors.Is(err, saml.ErrMalformed):
			return malformed(err)
		case err != nil:
			return refuse("signature_validation_failed", "Scalekit refused the signature of the SAML response: %v. Compare the certificate in the connection with the identity provider's.", err).Because(err)
		}
		return nil
	}})
	return r, err
}

// checkSAML checks that a response is the right one (saml-profiles-2.0-os §4.1.4.3).
// Unverified: which of the documented codes stands for which failure.
func (e *environment) checkSAML(ctx context.Context, r *saml.Response, provider *samlFlow, c directory.Connection) error {
	a, now, acs, entityID := r.Assertion, e.now(), e.samlACS(c), e.samlEntityID(c)
	check := func(point, code string, ok func() bool, format string, args ...any) fault.Check {
		return fault.Check{Point: "scalekit.saml." + point, Run: func() error {
			if ok() {
				return nil
			}
			return refuse(code, "Scalekit refused the SAML response: "+format+".", args...)
		}}
	}
	return e.kit.Faults.Run(ctx,
		check("issuer", "invalid_saml_response", func() bool {
			return a.Issuer == provider.EntityID && (r.Issuer == "" || r.Issuer == provider.EntityID)
		}, "its issuer is %q, expected %q", a.Issuer, provider.EntityID),
		check("destination", "invalid_acs_url", func() bool { return r.Destination == "" || r.Destination == acs }, "its destination is %q, expected %q", r.Destination, acs),
		check("recipient", "invalid_assertion_url", func() bool { return a.Recipient == acs }, "its recipient is %q, expected %q", a.Recipient, acs),
		check("in_response_to", "invalid_saml_response", func() bool {
			return r.InResponseTo == provider.RequestID && (a.InResponseTo == "" || a.InResponseTo == provider.RequestID)
		}, "it answers the request %q, not %q", r.InResponseTo, provider.RequestID),
		check("response_age", "response_expired", func() bool {
			return now.Before(r.IssueInstant.Add(maxResponseAge)) && now.Add(samlLeeway).After(r.IssueInstant)
		}, "it was issued at %s, it is %s", r.IssueInstant.Format(time.RFC3339), now.UTC().Format(time.RFC3339)),
		check("expiry", "assertion_expired", func() bool { return within(a, now) },
			"its assertion is good from %s to %s, it is %s", a.NotBefore.Format(time.RFC3339), earliest(a.NotOnOrAfter, a.ConfirmedUntil).Format(time.RFC3339), now.UTC().Format(time.RFC3339)),
		check("audience", "invalid_saml_response", func() bool { return slices.Contains(a.Audiences, entityID) }, "its audience is %q, expected %q", a.Audiences, entityID),
		check("subject", "invalid_saml_response", func() bool { return a.NameID.Value != "" }, "it names nobody"),
		fault.Check{Point: "scalekit.saml.replay", Run: func() error { return e.useAssertion(ctx, c, a) }},
	)
}

// within tells whether an assertion is good now. One without an end is good for ever, and so it is not.
func within(a *saml.Assertion, now time.Time) bool {
	end := earliest(a.NotOnOrAfter, a.ConfirmedUntil)
	return !end.IsZero() && now.Before(end.Add(samlLeeway)) && (a.NotBefore.IsZero() || !now.Add(samlLeeway).Before(a.NotBefore))
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// useAssertion uses an assertion up: its id is good once.
func (e *environment) useAssertion(ctx context.Context, c directory.Connection, a *saml.Assertion) error {
	errUsed := errors.New("used")
	key := c.ID + "|" + a.ID
	err := e.assertions.Update(ctx, key, func(used *time.Time) (*time.Time, error) {
		if used != nil && e.now().Before(*used) {
			return nil, errUsed
		}
		until := earliest(a.NotOnOrAfter, a.ConfirmedUntil).Add(samlLeeway)
		return &until, nil
	})
	if errors.Is(err, errUsed) || errors.Is(err, store.ErrKeyTooLong) {
		return refuse("invalid_saml_response", "Scalekit refused the SAML response: its assertion %q was used already. Sign in again.", a.ID)
	}
	return err
}

// samlNames are the names under which identity providers release what Scalekit knows under one name.
func samlNames() map[string][]string {
	const ws = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	return map[string][]string{
		"email":       {"email", "Email", "mail", "emailAddress", ws + "emailaddress", "urn:oid:0.9.2342.19200300.100.1.3"},
		"given_name":  {"given_name", "givenName", "firstName", "first_name", "FirstName", ws + "givenname", "urn:oid:2.5.4.42"},
		"family_name": {"family_name", "familyName", "lastName", "last_name", "LastName", "sn", ws + "surname", "urn:oid:2.5.4.4"},
		"name":        {"name", "displayName", "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241"},
		"groups":      {"groups", "memberOf", "isMemberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"},
	}
}

// describeSAML makes a user's attributes of an assertion, as normalize does of claims.
func (e *environment) describeSAML(c directory.Connection, a saml.Assertion) identity {
	said := map[string]any{}
	aliases := samlNames()
	for _, name := range append(slices.Clone(e.directory.AttributeKeys()), profileClaims()...) {
		names := append([]string{name}, aliases[name]...)
		if mapped := c.AttributeMapping[name]; mapped != "" {
			names = []string{mapped}
		}
		for _, alias := range names {
			if values := a.Attribute(alias); len(values) == 1 && name != "groups" {
				said[name] = values[0]
				break
			} else if len(values) > 0 {
				said[name] = values
				break
			}
		}
	}
	if said["email"] == nil && (a.NameID.Format == saml.NameIDEmail || strings.Contains(a.NameID.Value, "@")) {
		said["email"] = a.NameID.Value
	}
	if said["preferred_username"] == nil && said["email"] != nil {
		said["preferred_username"] = said["email"]
	}
	plain := c
	plain.AttributeMapping = nil // done above
	return identity{Subject: a.NameID.Value, Claims: e.normalize(plain, said, nil)}
}

// samlMethods are the authentication methods (RFC 8176) that a context of authentication stands for.
func samlMethods(context string) []string {
	switch context {
	case saml.ContextTimeSync:
		return []string{"pwd", "otp", "mfa"}
	case saml.ContextPassword:
		return []string{"pwd"}
	}
	return nil
}
