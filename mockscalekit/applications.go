package mockscalekit

import (
	"context"
	"sync"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// applications is what the organizations' administrators have entered at the identity providers of the lab: one application for
// each connection. It follows the directories, so an application is there as soon as its connection is.
type applications struct {
	mu       sync.RWMutex           // guards byClient
	byClient map[string]application // by client id at the identity provider
}

// application is where an application comes from.
type application struct {
	env        *environment
	connection string
}

func newApplications(list []*environment) *applications {
	a := &applications{byClient: map[string]application{}}
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
	a.mu.Lock()
	a.byClient[upstreamClientID(c)] = application{env, c.ID}
	a.mu.Unlock()
}

// registration is an OIDC application at an identity provider.
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
	of, ok := a.byClient[clientID]
	a.mu.RUnlock()
	if !ok {
		return registration{}, false
	}
	view, c, err := of.env.directory.OfConnection(of.connection)
	if err != nil { // deleted since
		return registration{}, false
	}
	r := registration{
		ClientID: clientID, Provider: c.Provider, ConnectionID: c.ID, Organization: view.Organization.DisplayName,
		RedirectURI: of.env.callbackURL(c),
	}
	for _, d := range view.Domains {
		if d.Type == directory.OrganizationDomain {
			r.Domains = append(r.Domains, d.Name)
		}
	}
	return r, true
}
