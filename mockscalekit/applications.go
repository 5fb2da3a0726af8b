package mockscalekit

import (
	"context"
	"slices"
	"sync"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
)

// applications is what the organizations' administrators have entered at the identity providers of the lab: one application for
// each connection. It follows the directories, so an application is there as soon as its connection is.
type applications struct {
	envs []*environment

	mu     sync.RWMutex     // guards the fields below
	ids    map[string]place // by client id at the identity provider, by SAML entity id, and by connection
	places []place
}

// place is where an application comes from.
type place struct {
	env        *environment
	connection string
}

var _ idp.Applications = (*applications)(nil)

func newApplications(list []*environment) *applications {
	a := &applications{envs: list, ids: map[string]place{}}
	for _, env := range list {
		for _, c := range env.directory.Connections.List(nil) {
			a.enter(env, c)
		}
		env.directory.Observe(func(_ context.Context, e directory.Event) {
			if c, ok := e.After.(directory.Connection); ok {
				a.enter(env, c)
			}
		})
	}
	return a
}

func (a *applications) enter(env *environment, c directory.Connection) {
	if c.IdP == "" {
		return
	}
	at := place{env, c.ID}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(a.places, at) {
		a.places = append(a.places, at)
	}
	a.ids[c.ID] = at
	if c.Type == directory.SAML {
		a.ids[env.samlEntityID(c)] = at
	} else {
		a.ids[idp.ClientID(c.IdP, c.ID)] = at
	}
}

// ByClientID implements idp.Applications.
func (a *applications) ByClientID(id string) (idp.Application, bool) { return a.find(id) }

// ByEntityID implements idp.Applications.
func (a *applications) ByEntityID(id string) (idp.Application, bool) { return a.find(id) }

// ByConnection implements idp.Applications.
func (a *applications) ByConnection(id string) (idp.Application, bool) { return a.find(id) }

func (a *applications) find(id string) (idp.Application, bool) {
	a.mu.RLock()
	at, ok := a.ids[id]
	a.mu.RUnlock()
	if !ok {
		return idp.Application{}, false
	}
	return at.application()
}

// At implements idp.Applications.
func (a *applications) At(provider string) []idp.Application {
	a.mu.RLock()
	places := slices.Clone(a.places)
	a.mu.RUnlock()
	var out []idp.Application
	for _, at := range places {
		if app, ok := at.application(); ok && app.Provider == provider {
			out = append(out, app)
		}
	}
	return out
}

// application is that of a connection as it is now; there is none of one that was deleted or leads elsewhere.
func (at place) application() (idp.Application, bool) {
	view, c, err := at.env.directory.OfConnection(at.connection)
	if err != nil || c.IdP == "" {
		return idp.Application{}, false
	}
	app := idp.Application{Provider: c.IdP, Protocol: idp.OIDC, ConnectionID: c.ID, Name: view.Organization.DisplayName}
	if app.Name == "" {
		app.Name = at.env.conf().Name
	}
	for _, d := range view.Domains {
		if d.Type == directory.OrganizationDomain {
			app.Domains = append(app.Domains, d.Name)
		}
	}
	if c.Type != directory.SAML {
		app.RedirectURI = at.env.callbackURL(c)
		app.PostLogoutURI, app.BackChannel = at.env.connectionURL(c, "oidc", "/logout/callback"), at.env.connectionURL(c, "oidc", "/backchannel-logout")
		return app, true
	}
	app.Protocol, app.EntityID, app.ACS = idp.SAML, at.env.samlEntityID(c), at.env.samlACS(c)
	if c.SAML != nil && c.SAML.WantRequestSigned {
		key, err := at.env.samlKey()
		if err != nil {
			return app, false
		}
		app.RequestKey = key.Certificate
	}
	return app, true
}
