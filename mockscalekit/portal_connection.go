package mockscalekit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// portalCreateConnection makes a connection and leads to its page.
func (e *environment) portalCreateConnection(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	form, err := portalForm(r)
	if err != nil {
		return err
	}
	c, err := e.directory.Connections.Create(r.Context(), directory.Connection{
		OrganizationID: p.session.OrganizationID, Provider: form.Get("provider"), Type: form.Get("type"), ConfigurationType: directory.Discovery,
	})
	if err != nil {
		if err := e.say(r.Context(), p, "The connection was not made: "+err.Error()+".", ""); err != nil {
			return err
		}
		web.Redirect(w, e.url+portalPath)
		return nil
	}
	web.Redirect(w, e.url+portalPath+"/connections/"+c.ID)
	return nil
}

// portalConnectionPage is the data of portalConnectionView.
type portalConnectionPage struct {
	Organization directory.Organization
	Connection   directory.Connection
	Provider     string
	Ours         []named // what the administrator enters at the identity provider
	Fields       []portalField
	Mapping      []mappingRow
	TestURL      string
	LabProvider  bool // a provider of the lab can be used
	Said, Event  string
}

func (p portalConnectionPage) action() string { return portalPath + "/connections/" + p.Connection.ID }

func (p portalConnectionPage) protocol() string {
	if p.Connection.Type == directory.SAML {
		return "SAML 2.0"
	}
	return "OpenID Connect"
}

// passOrWarn is the class of what is done or not yet.
func passOrWarn(done bool) string {
	if done {
		return "pass"
	}
	return "warn"
}

func enabledOrOff(c directory.Connection) string {
	if c.Enabled {
		return "enabled"
	}
	return "off"
}

type named struct{ Name, Value string }

// portalField is a setting that the administrator copies from the identity provider.
type portalField struct {
	Name, Label, Value, Hint string
	Secret, Long             bool
}

type mappingRow struct {
	Index        int
	Ours, Theirs string
}

func (m mappingRow) field(side string) string  { return fmt.Sprintf("%s_%d", side, m.Index) }
func (m mappingRow) testID(side string) string { return fmt.Sprintf("portal-%s-%d", side, m.Index) }
func (m mappingRow) label(before, after string) string {
	return fmt.Sprintf("%s %d %s", before, m.Index, after)
}

func (e *environment) portalConnectionOf(r *http.Request, p portalRequest) (directory.Connection, error) {
	c, err := e.directory.Connections.Get(r.PathValue("connection"))
	if err != nil || c.OrganizationID != p.session.OrganizationID {
		return c, &portalError{http.StatusNotFound, "The organization has no such connection.", err}
	}
	return c, nil
}

func (e *environment) portalConnection(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	c, err := e.portalConnectionOf(r, p)
	if err != nil {
		return err
	}
	said, err := e.said(r.Context(), p)
	if err != nil {
		return err
	}
	page := portalConnectionPage{
		Organization: p.view.Organization, Connection: c, Provider: portalProvider(c.Provider), Said: said.Said, Event: said.Event,
		TestURL: e.connectionURL(c, strings.ToLower(c.Type), "/test"), LabProvider: c.IdP == "",
	}
	if c.Type == directory.SAML {
		page.Ours = []named{
			{"Entity ID (audience)", e.samlEntityID(c)}, {"Assertion consumer service URL", e.samlACS(c)}, {"Metadata URL", e.connectionURL(c, "saml", "")},
		}
		page.Fields = samlFields(c.SAML)
	} else {
		page.Ours = []named{{"Redirect URI", e.callbackURL(c)}}
		page.Fields = oidcFields(c.OIDC)
	}
	for i, name := range append(slices.Sorted(maps.Keys(c.AttributeMapping)), "", "") {
		page.Mapping = append(page.Mapping, mappingRow{i, name, c.AttributeMapping[name]})
	}
	return e.renderPortal(w, page.Provider+" of "+p.view.Organization.DisplayName, portalConnectionView(page))
}

func oidcFields(o *directory.OIDCConfig) []portalField {
	if o == nil {
		o = &directory.OIDCConfig{}
	}
	secret := "Never shown again."
	if o.ClientSecret != "" {
		secret = "There is one. Leave this empty to keep it."
	}
	return []portalField{
		{Name: "issuer", Label: "Issuer URL", Value: o.Issuer, Hint: "Its discovery document is read at every sign-in."},
		{Name: "client_id", Label: "Client ID", Value: o.ClientID},
		{Name: "client_secret", Label: "Client secret", Hint: secret, Secret: true},
	}
}

func samlFields(s *directory.SAMLConfig) []portalField {
	if s == nil {
		s = &directory.SAMLConfig{}
	}
	certificate := ""
	if len(s.IdPCertificates) > 0 {
		certificate = s.IdPCertificates[0].PEM
	}
	return []portalField{
		{Name: "metadata_url", Label: "Metadata URL", Value: s.IdPMetadataURL, Hint: "Or fill in the three below."},
		{Name: "entity_id", Label: "Identity provider's entity ID", Value: s.IdPEntityID},
		{Name: "sso_url", Label: "Single sign-on URL", Value: s.IdPSSOURL},
		{Name: "certificate", Label: "Signing certificate", Value: certificate, Hint: "PEM, or its base64 alone.", Long: true},
	}
}

// portalChangeConnection saves, enables, disables or deletes a connection.
func (e *environment) portalChangeConnection(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	form, err := portalForm(r)
	if err != nil {
		return err
	}
	c, err := e.portalConnectionOf(r, p)
	if err != nil {
		return err
	}
	ctx := r.Context()
	to := e.url + portalPath + "/connections/" + c.ID
	said, event := "", ""
	switch form.Get("action") {
	case "save":
		said, err = e.portalSave(ctx, c, form)
	case "lab":
		_, err = e.directory.Connections.Update(ctx, c.ID, func(c *directory.Connection) error {
			c.IdP, c.OIDC, c.SAML = IdPOf(c.Provider), nil, nil // what was entered would go before the lab's
			c.Status = c.Progress()
			return nil
		})
		said = "The connection uses the lab's identity provider. Test it, then enable it."
	case "enable", "disable":
		said, event, err = e.portalToggle(ctx, c, form.Get("action") == "enable")
	case "delete":
		to = e.url + portalPath
		err, said = e.directory.Connections.Delete(ctx, c.ID), "The connection "+c.ID+" was deleted."
	default:
		return &portalError{http.StatusBadRequest, "The form asks for an action that there is not.", nil}
	}
	if err != nil {
		said = "Nothing was changed: " + err.Error() + "."
	}
	if err := e.say(ctx, p, said, event); err != nil {
		return err
	}
	web.Redirect(w, to)
	return nil
}

func (e *environment) portalSave(ctx context.Context, c directory.Connection, form url.Values) (string, error) {
	c, err := e.directory.Connections.Update(ctx, c.ID, func(c *directory.Connection) error {
		switch {
		case c.IdP != "": // the page has no fields for them
		case c.Type == directory.SAML:
			if err := saveSAML(c, form); err != nil {
				return err
			}
		default:
			saveOIDC(c, form)
		}
		c.AttributeMapping = map[string]string{}
		for i := range 40 { // more rows than a mapping may have, so that too many are said
			ours, theirs := form.Get(fmt.Sprintf("ours_%d", i)), form.Get(fmt.Sprintf("theirs_%d", i))
			if ours != "" {
				c.AttributeMapping[ours] = theirs
			}
		}
		c.Status = c.Progress()
		if c.Status != directory.Completed {
			c.Enabled = false
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if c.Status == directory.Completed {
		return "Saved. Nothing is missing: test the connection, then enable it.", nil
	}
	return "Saved. The connection is " + c.Status + ": fill in the rest.", nil
}

func saveOIDC(c *directory.Connection, form url.Values) {
	o := directory.OIDCConfig{TokenAuthType: directory.URLParams}
	if c.OIDC != nil {
		o = *c.OIDC
	}
	o.Issuer, o.ClientID = strings.TrimSpace(form.Get("issuer")), strings.TrimSpace(form.Get("client_id"))
	if secret := form.Get("client_secret"); secret != "" {
		o.ClientSecret = secret
	}
	c.OIDC = &o
}

func saveSAML(c *directory.Connection, form url.Values) error {
	s := directory.SAMLConfig{SSORequestBinding: directory.HTTPRedirect}
	if c.SAML != nil {
		s = *c.SAML
	}
	s.IdPMetadataURL, s.IdPEntityID, s.IdPSSOURL = strings.TrimSpace(form.Get("metadata_url")), strings.TrimSpace(form.Get("entity_id")), strings.TrimSpace(form.Get("sso_url"))
	s.IdPCertificates = nil
	if text := strings.TrimSpace(form.Get("certificate")); text != "" {
		certificate, err := directory.ReadCertificate(text)
		if err != nil {
			return fmt.Errorf("the certificate cannot be read: %w", err)
		}
		s.IdPCertificates = []directory.Certificate{certificate}
	}
	c.SAML = &s
	return nil
}

// portalToggle switches a connection on or off, with the event that the embedding page is told
// (https://docs.scalekit.com/reference/ui-events/).
func (e *environment) portalToggle(ctx context.Context, c directory.Connection, on bool) (said, event string, err error) {
	if on && c.Status != directory.Completed {
		return "The connection is " + c.Status + " and cannot be enabled yet: fill in the rest.", "", nil
	}
	c, err = e.directory.Connections.Update(ctx, c.ID, func(c *directory.Connection) error { c.Enabled = on; return nil })
	if err != nil {
		return "", "", err
	}
	type data struct {
		ConnectionType string `json:"connection_type"`
		ID             string `json:"id"`
		Type           string `json:"type"`
		Provider       string `json:"provider"`
		Enabled        bool   `json:"enabled"`
	}
	kind, message := "ORGANIZATION_SSO_DISABLED", "Single sign-on was disabled"
	said = "Nobody can sign in through the connection any more."
	if on {
		kind, message, said = "ORGANIZATION_SSO_ENABLED", "Single sign-on was enabled", "The connection is enabled: people of the organization's domains sign in through it."
	}
	b, err := json.Marshal(struct {
		EventType      string `json:"event_type"`
		Object         string `json:"object"`
		OrganizationID string `json:"organization_id"`
		Message        string `json:"message"`
		Data           data   `json:"data"`
	}{kind, "connection", c.OrganizationID, message, data{"SSO", c.ID, c.Type, c.Provider, c.Enabled}})
	return said, string(b), err
}
