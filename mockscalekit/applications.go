package mockscalekit

import (
	"context"
	"sync"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// applications is what the organizations' administrators have entered at the identity providers of the lab: one application for
// each connection. It follows the directory, so an application is there as soon as its connection is.
type applications struct {
	env *environment

	mu       sync.RWMutex      // guards byClient
	byClient map[string]string // client id at the identity provider → connection
}

func newApplications(env *environment) *applications {
	a := &applications{env: env, byClient: map[string]string{}}
	for _, c := range env.directory.Connections.List(nil) {
		a.enter(c)
	}
	env.directory.Observe(func(_ context.Context, e directory.Event) {
		if c, ok := e.After.(directory.Connection); ok {
			a.enter(c)
		}
	})
	return a
}

func (a *applications) enter(c directory.Connection) {
	if c.IdP == "" {
		return
	}
	a.mu.Lock()
	a.byClient[upstreamClientID(c)] = c.ID
	a.mu.Unlock()
}

// application is an OIDC application at an identity provider.
type registration struct {
	ClientID     string
	Provider     string
	ConnectionID string
	Organization string
	Domains      []string
	RedirectURI  string
}

// find returns the application with that client id.
func (a *applications) find(clientID string) (registration, bool) {
	a.mu.RLock()
	id, ok := a.byClient[clientID]
	a.mu.RUnlock()
	if !ok {
		return registration{}, false
	}
	view, c, err := a.env.directory.OfConnection(id)
	if err != nil { // deleted since
		return registration{}, false
	}
	r := registration{
		ClientID: clientID, Provider: c.Provider, ConnectionID: c.ID, Organization: view.Organization.DisplayName,
		RedirectURI: a.env.callbackURL(c.ID),
	}
	for _, d := range view.Domains {
		if d.Type == directory.OrganizationDomain {
			r.Domains = append(r.Domains, d.Name)
		}
	}
	return r, true
}
