package mockscalekit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"connectrpc.com/connect"
	"github.com/a-h/templ"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/mgmt"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

// The admin portal is where an organization's administrator sets single sign-on up, led there by a link
// (https://docs.scalekit.com/guides/admin-portal/):
//
//	PUT …/portal_links ─► link, to be opened once within a minute ─► /magicLink/{uuid} ─► session of six hours ─► /ui/admin-portal
//	     connections: make, set up, test, enable │ domains: add, verify
//
// Unverified: the pages, and their addresses behind the link.

const (
	portalLinkLifetime    = time.Minute
	portalSessionLifetime = 6 * time.Hour
	portalCookie          = "ssolab-scalekit-portal"
	portalPath            = "/ui/admin-portal"
)

// portalLink is a link that was not opened yet, under the last part of its address.
type portalLink struct {
	ID             string
	OrganizationID string
	Features       []string
	Expires        time.Time
}

// portalSession is an administrator at the portal, under the value of the cookie.
type portalSession struct {
	OrganizationID string
	Features       []string
	Event          string // for the page that the portal is embedded in; told once
	Said           string // shown once
}

// portalLinks is the portal as the management API uses it.
type portalLinks struct{ e *environment }

func (p portalLinks) Link(ctx context.Context, organizationID string, features []string) (mgmt.Link, error) {
	l := portalLink{ID: p.e.kit.Env.Sonyflake("lnk"), OrganizationID: organizationID, Features: features, Expires: p.e.now().Add(portalLinkLifetime).UTC()}
	if len(l.Features) == 0 {
		o, err := p.e.directory.Organizations.Get(organizationID)
		if err != nil {
			return mgmt.Link{}, err
		}
		for _, f := range o.Features {
			if f.Enabled {
				l.Features = append(l.Features, f.Name)
			}
		}
	}
	key := p.e.kit.Env.UUID()
	return p.out(key, l), p.e.portalLinks.Put(ctx, key, l, l.Expires)
}

func (p portalLinks) out(key string, l portalLink) mgmt.Link {
	return mgmt.Link{ID: l.ID, Location: p.e.url + "/magicLink/" + key, Expires: l.Expires}
}

func (p portalLinks) Links(ctx context.Context, organizationID string) ([]mgmt.Link, error) {
	var out []mgmt.Link
	err := p.e.portalLinks.Scan(ctx, func(key string, l portalLink) error {
		if l.OrganizationID == organizationID {
			out = append(out, p.out(key, l))
		}
		return nil
	})
	return out, err
}

func (p portalLinks) Revoke(ctx context.Context, organizationID, id string) error {
	var keys []string
	err := p.e.portalLinks.Scan(ctx, func(key string, l portalLink) error {
		if l.OrganizationID == organizationID && (id == "" || l.ID == id) {
			keys = append(keys, key)
		}
		return nil
	})
	if err == nil && id != "" && len(keys) == 0 {
		return mgmt.Errorf(connect.CodeNotFound, "organization %s has no portal link %q", organizationID, id)
	}
	for _, key := range keys {
		err = errors.Join(err, p.e.portalLinks.Delete(ctx, key))
	}
	return err
}

// portalRoutes are the portal's pages.
func (s *environments) portalRoutes() []web.Route {
	page := s.present((*environment).presentPortal)
	post := []string{http.MethodPost}
	cross := http.NewCrossOriginProtection()
	form := func(f func(*environment, http.ResponseWriter, *http.Request, portalRequest) error) web.Endpoint {
		return s.serve(func(e *environment, w http.ResponseWriter, r *http.Request) error {
			if err := cross.Check(r); err != nil {
				return &portalError{http.StatusForbidden, "This form was sent from another site. Open the portal again by a link of its own.", err}
			}
			return e.inPortal(w, r, f)
		})
	}
	show := func(f func(*environment, http.ResponseWriter, *http.Request, portalRequest) error) web.Endpoint {
		return s.serve(func(e *environment, w http.ResponseWriter, r *http.Request) error { return e.inPortal(w, r, f) })
	}
	const connection, domain = portalPath + "/connections/{connection}", portalPath + "/domains/{domain}"
	return []web.Route{
		{Path: "/magicLink/{link}", Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: s.serve((*environment).openPortal)},
		{Path: portalPath, Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: show((*environment).portalHome)},
		{Methods: post, Path: portalPath + "/connections", Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: form((*environment).portalCreateConnection)},
		{Path: connection, Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: show((*environment).portalConnection)},
		{Methods: post, Path: connection, Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: form((*environment).portalChangeConnection)},
		{Methods: post, Path: portalPath + "/domains", Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: form((*environment).portalAddDomain)},
		{Methods: post, Path: domain, Point: "scalekit.portal", Channel: trace.Front, Silent: true, Present: page, Serve: form((*environment).portalChangeDomain)},
	}
}

// portalError is shown as a page.
type portalError struct {
	status   int
	sentence string
	err      error
}

func (p *portalError) Error() string { return p.sentence }
func (p *portalError) Unwrap() error { return p.err }

func (e *environment) presentPortal(w http.ResponseWriter, r *http.Request, err error) {
	p, ok := errors.AsType[*portalError](err)
	if !ok {
		e.kit.Log.ErrorContext(r.Context(), "internal failure", "path", r.URL.Path, "error", err)
		p = &portalError{status: http.StatusInternalServerError, sentence: "The mock's portal failed; see its log."}
	}
	page := look.Page{
		Party: "scalekit", Title: "Admin portal · Scalekit mock", Strip: e.strip(),
	}
	refusal.Show(w, page, p.status, "The portal cannot be shown", p.sentence)
}

// openPortal opens a link: it is used up, and the browser gets a session.
func (e *environment) openPortal(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	l, err := e.portalLinks.Take(ctx, r.PathValue("link"))
	if errors.Is(err, store.ErrNotFound) {
		return &portalError{http.StatusNotFound, "This link was opened before, taken back, or is older than a minute. Ask for another one.", err}
	}
	if err != nil {
		return err
	}
	id := e.kit.Env.Token(24)
	if err := e.portalSessions.Put(ctx, id, portalSession{OrganizationID: l.OrganizationID, Features: l.Features}, e.now().Add(portalSessionLifetime)); err != nil {
		return err
	}
	e.cookies.Set(w, portalCookie, id, portalSessionLifetime, http.SameSiteNoneMode) // the portal may be embedded
	web.Redirect(w, e.url+portalPath)
	return nil
}

// portalRequest is a request of an administrator.
type portalRequest struct {
	session portalSession
	id      string // of the session
	view    *directory.View
}

// inPortal serves f to an administrator who has a session.
func (e *environment) inPortal(w http.ResponseWriter, r *http.Request, f func(*environment, http.ResponseWriter, *http.Request, portalRequest) error) error {
	id := e.cookies.Get(r, portalCookie)
	se, err := e.portalSessions.Get(r.Context(), id)
	if id == "" || errors.Is(err, store.ErrNotFound) {
		return &portalError{http.StatusUnauthorized, "There is no portal session in this browser, or it is over after six hours. Ask for another link.", err}
	}
	if err != nil {
		return err
	}
	view, err := e.directory.View(se.OrganizationID)
	if err != nil {
		return &portalError{http.StatusNotFound, "The organization of this portal was deleted.", err}
	}
	return f(e, w, r, portalRequest{session: se, id: id, view: view})
}

// say keeps a sentence, and perhaps an event, for the next page.
func (e *environment) say(ctx context.Context, p portalRequest, sentence, event string) error {
	return e.portalSessions.Update(ctx, p.id, func(s *portalSession) (*portalSession, error) {
		if s == nil {
			return nil, store.ErrNotFound
		}
		s.Said, s.Event = sentence, event
		return s, nil
	})
}

// said returns what the last request left to be shown, once.
func (e *environment) said(ctx context.Context, p portalRequest) (portalSession, error) {
	if p.session.Said == "" && p.session.Event == "" {
		return p.session, nil
	}
	return p.session, e.say(ctx, p, "", "")
}

// portalForm reads a form's fields.
func portalForm(r *http.Request) (url.Values, error) {
	v, err := web.Form(r)
	if err != nil {
		return nil, &portalError{http.StatusBadRequest, "The form cannot be read. Send it from the portal's page.", err}
	}
	return v, nil
}

// portalScript tells the page that embeds the portal what happened (https://docs.scalekit.com/reference/ui-events/).
const portalScript = `const told = document.querySelector('[data-ui-event]'); if (told && window.parent !== window) window.parent.postMessage(JSON.parse(told.dataset.uiEvent), '*');`

func (e *environment) renderPortal(w http.ResponseWriter, title string, content templ.Component) error {
	return look.Render(w, http.StatusOK, look.Page{
		Party: "scalekit", Title: title + " · Scalekit mock", Width: "wide", Strip: e.strip(), Script: portalScript, FrameAncestors: e.portalFramers(),
	}, content)
}

// portalFramers are the origins that may embed the portal: those of the allowed callback URLs.
func (e *environment) portalFramers() []string {
	var out []string
	for _, c := range e.directory.Clients.List(nil) {
		for _, raw := range c.RedirectURIs {
			if u, err := url.Parse(raw); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !slices.Contains(out, u.Scheme+"://"+u.Host) {
				out = append(out, u.Scheme+"://"+u.Host)
			}
		}
	}
	return out
}

// portalHome is the data of portalHomeView.
type portalHome struct {
	Organization directory.Organization
	Connections  []directory.Connection
	Domains      []directory.Domain
	Providers    []providerName
	Said, Event  string
	SSO          bool
}

type providerName struct{ Value, Name string }

// providerNames are the providers that the portal offers, by their names.
var providerNames = []providerName{
	{directory.Okta, "Okta"}, {directory.MicrosoftAD, "Microsoft Entra ID"}, {directory.Google, "Google Workspace"}, {directory.OneLogin, "OneLogin"},
	{directory.PingIdentity, "Ping Identity"}, {directory.JumpCloud, "JumpCloud"}, {directory.ADFS, "AD FS"}, {directory.Auth0, "Auth0"}, {directory.Custom, "Another one"},
}

// Label is the provider's name.
func portalProvider(value string) string {
	for _, p := range providerNames {
		if p.Value == value {
			return p.Name
		}
	}
	if value == directory.IDPSimulator {
		return "IdP Simulator"
	}
	return value
}

func (e *environment) portalHome(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	said, err := e.said(r.Context(), p)
	if err != nil {
		return err
	}
	return e.renderPortal(w, "Single sign-on of "+p.view.Organization.DisplayName, portalHomeView(portalHome{
		Organization: p.view.Organization, Connections: p.view.Connections, Domains: p.view.Domains, Providers: providerNames,
		Said: said.Said, Event: said.Event, SSO: len(p.session.Features) == 0 || slices.Contains(p.session.Features, "sso"),
	}))
}

func (e *environment) portalAddDomain(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	form, err := portalForm(r)
	if err != nil {
		return err
	}
	d, err := e.directory.Domains.Create(r.Context(), directory.Domain{
		OrganizationID: p.session.OrganizationID, Name: form.Get("domain"), Type: directory.OrganizationDomain, Status: directory.Pending, Method: directory.ByDNS,
	})
	said := "The domain " + d.Name + " was added. It routes once it is verified."
	if err != nil {
		said = "The domain was not added: " + err.Error() + "."
	}
	if err := e.say(r.Context(), p, said, ""); err != nil {
		return err
	}
	web.Redirect(w, e.url+portalPath)
	return nil
}

// portalChangeDomain verifies a domain, with what a look-up in the DNS would find chosen by the administrator, or deletes it.
func (e *environment) portalChangeDomain(w http.ResponseWriter, r *http.Request, p portalRequest) error {
	form, err := portalForm(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	d, err := e.directory.Domains.Get(r.PathValue("domain"))
	if err != nil || d.OrganizationID != p.session.OrganizationID {
		return &portalError{http.StatusNotFound, "The organization has no such domain.", err}
	}
	said := ""
	switch action := form.Get("action"); action {
	case "found", "missing":
		status := map[string]string{"found": directory.Verified, "missing": directory.Failed}[action]
		_, err = e.directory.Domains.Update(ctx, d.ID, func(d *directory.Domain) error { d.Status = status; return nil })
		said = "The domain " + d.Name + " is now " + status + "."
	case "delete":
		err, said = e.directory.Domains.Delete(ctx, d.ID), "The domain "+d.Name+" was deleted."
	default:
		return &portalError{http.StatusBadRequest, "The form asks for an action that there is not.", nil}
	}
	if err != nil {
		said = "Nothing was changed: " + err.Error() + "."
	}
	if err := e.say(ctx, p, said, ""); err != nil {
		return err
	}
	web.Redirect(w, e.url+portalPath)
	return nil
}
