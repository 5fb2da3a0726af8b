package mockscalekit

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// route selects the connection: provider before connection_id, organization_id, domain and login_hint. The first one
// present decides; a bad one fails the request and the next is not tried
// (https://docs.scalekit.com/sso/guides/authorization-url/).
func (e *environment) route(ctx context.Context, v url.Values) (Organization, Connection, error) {
	_, hinted := splitEmail(v.Get("login_hint"))
	domain := firstNonEmpty(v.Get("domain"), v.Get("domain_hint")) // the SDKs send both, with one value
	switch {
	case v.Get("provider") != "":
		return e.routeProvider(v.Get("provider"))
	case v.Get("connection_id") != "":
		return e.routeConnection(ctx, v.Get("connection_id"))
	case v.Get("organization_id") != "":
		return e.routeOrganization(ctx, v.Get("organization_id"))
	case domain != "":
		return e.routeDomain(ctx, domain, "the domain "+domain)
	case hinted != "":
		return e.routeDomain(ctx, hinted, v.Get("login_hint")+" by domain "+hinted)
	}
	return Organization{}, Connection{}, refuse("invalid_connection_selector",
		"The request names no connection: it has no organization_id, connection_id, domain or provider, and no login_hint with a domain. Send one of them.")
}

func firstNonEmpty(values ...string) string {
	for _, s := range values {
		if s != "" {
			return s
		}
	}
	return ""
}

// routeProvider serves the selector of social connections.
// Unverified: the codes. Social connections are not modelled, so there is never one.
func (e *environment) routeProvider(name string) (Organization, Connection, error) {
	known := []string{"google", "microsoft", "github", "gitlab", "linkedin", "salesforce"}
	if !slices.Contains(known, name) {
		return Organization{}, Connection{}, refuse("invalid_request", "Scalekit knows no provider %q. Known: %s.", name, listed(known))
	}
	return Organization{}, Connection{}, refuse("no_configured_connections",
		"The environment has no connection to %s: this mock does not model social connections. Leave provider out.", name)
}

func (e *environment) routeConnection(ctx context.Context, id string) (Organization, Connection, error) {
	o, c, err := e.findConnection(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return o, c, refuse("invalid_connection_id", "The environment has no connection %q. Copy the id of a connection of this environment.", id)
	case err != nil:
		return o, c, err
	}
	c = e.settings(ctx, c)
	err = e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.connection_active", Run: func() error {
		if !c.active() {
			return refuse("connection_not_active", "The connection %s of %s is %s. Enable it.", id, o.DisplayName, c.condition())
		}
		return nil
	}})
	if err != nil {
		return o, c, err
	}
	trace.Note(ctx, "routed by connection_id to "+c.ID+" ("+o.DisplayName+")")
	return o, c, nil
}

func (e *environment) routeOrganization(ctx context.Context, id string) (Organization, Connection, error) {
	o, err := e.organizations.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return o, Connection{}, refuse("invalid_organization_id", "The environment has no organization %q. Copy the id of an organization of this environment.", id)
	}
	if err != nil {
		return o, Connection{}, err
	}
	c, err := e.firstActive(ctx, o)
	if err == nil {
		trace.Note(ctx, "routed by organization_id to "+c.ID+" ("+o.DisplayName+")")
	}
	return o, c, err
}

// routeDomain compares whole domains without regard to case: a sub-domain is another domain. Only verified domains of
// type ORGANIZATION_DOMAIN route (https://docs.scalekit.com/authenticate/manage-users-orgs/organization-domains/).
// Unverified: the code for a domain nobody has.
func (e *environment) routeDomain(ctx context.Context, domain, what string) (Organization, Connection, error) {
	domain = strings.ToLower(strings.TrimSpace(domain))
	var all []string
	o, _, err := e.findOrganization(ctx, func(o Organization) (Connection, bool) {
		for _, d := range o.Domains {
			if d.Type != OrganizationDomain || d.Status != Verified {
				continue
			}
			all = append(all, d.Name)
			if strings.ToLower(d.Name) == domain {
				return Connection{}, true
			}
		}
		return Connection{}, false
	})
	if errors.Is(err, store.ErrNotFound) {
		return o, Connection{}, refuse("domain_not_found",
			"Scalekit could not route %s: no organization has the verified domain %q. Domains that route: %s. Use one of these, or add and verify the domain.",
			what, domain, listed(all))
	}
	if err != nil {
		return o, Connection{}, err
	}
	c, err := e.firstActive(ctx, o)
	if err == nil {
		trace.Note(ctx, "routed "+what+" to "+c.ID+" ("+o.DisplayName+")")
	}
	return o, c, err
}

func (e *environment) firstActive(ctx context.Context, o Organization) (Connection, error) {
	if len(o.Connections) == 0 {
		return Connection{}, refuse("no_configured_connections", "The organization %s (%s) has no SSO connection. Add one.", o.DisplayName, o.ID)
	}
	connections := mapped(o.Connections, func(c Connection) Connection { return e.settings(ctx, c) })
	chosen := connections[0]
	err := e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.connection_active", Run: func() error {
		if i := slices.IndexFunc(connections, Connection.active); i >= 0 {
			chosen = connections[i]
			return nil
		}
		var all []string
		for _, c := range connections {
			all = append(all, c.ID+" is "+c.condition())
		}
		return refuse("no_active_connections", "No SSO connection of the organization %s (%s) is active: %s. Complete and enable one.",
			o.DisplayName, o.ID, listed(all))
	}})
	return chosen, err
}

// settings are those of a connection that can be changed while it is in use.
func (e *environment) settings(ctx context.Context, c Connection) Connection {
	doc := jose.Object{{Name: "id", Value: c.ID}, {Name: "enabled", Value: !c.Disabled}, {Name: "status", Value: c.Status}}
	e.kit.Faults.Document(ctx, "scalekit.connection", &doc)
	if enabled, ok := doc.Get("enabled").(bool); ok {
		c.Disabled = !enabled
	}
	if status, ok := doc.Get("status").(string); ok {
		c.Status = status
	}
	return c
}

func (c Connection) active() bool { return !c.Disabled && c.Status == Completed }

func (c Connection) condition() string {
	if c.Disabled {
		return "disabled"
	}
	return strings.ToLower(c.Status)
}
