package mockscalekit

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// route selects the connection: provider before connection_id, organization_id, domain and login_hint. The first one
// present decides; a bad one fails the request and the next is not tried
// (https://docs.scalekit.com/sso/guides/authorization-url/).
func (e *environment) route(ctx context.Context, v url.Values) (directory.Connection, error) {
	_, hinted := splitEmail(v.Get("login_hint"))
	domain := firstNonEmpty(v.Get("domain"), v.Get("domain_hint")) // the SDKs send both, with one value
	switch {
	case v.Get("provider") != "":
		return e.routeProvider(ctx, v.Get("provider"))
	case v.Get("connection_id") != "":
		return e.routeConnection(ctx, v.Get("connection_id"))
	case v.Get("organization_id") != "":
		return e.routeOrganization(ctx, v.Get("organization_id"))
	case domain != "":
		return e.routeDomain(ctx, domain, "the domain "+domain)
	case hinted != "":
		return e.routeDomain(ctx, hinted, v.Get("login_hint")+" by domain "+hinted)
	}
	return directory.Connection{}, refuse("invalid_connection_selector",
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

// routeProvider serves the selector of social connections, which belong to the environment.
// Unverified: the codes.
func (e *environment) routeProvider(ctx context.Context, name string) (directory.Connection, error) {
	known := map[string]string{
		"google": directory.Google, "microsoft": directory.Microsoft, "github": directory.GitHub, "gitlab": directory.GitLab,
		"linkedin": directory.LinkedIn, "salesforce": directory.Salesforce,
	}
	provider, ok := known[name]
	if !ok {
		return directory.Connection{}, refuse("invalid_request", "Scalekit knows no provider %q. Known: %s.", name, listed(slices.Sorted(maps.Keys(known))))
	}
	view, err := e.directory.View("")
	if err != nil {
		return directory.Connection{}, err
	}
	of := slices.DeleteFunc(slices.Clone(view.Connections), func(c directory.Connection) bool { return c.Provider != provider })
	if len(of) == 0 {
		return directory.Connection{}, refuse("no_configured_connections", "The environment has no social connection to %s. Add one, or leave provider out.", name)
	}
	i := slices.IndexFunc(of, func(c directory.Connection) bool { return e.readConnection(ctx, c).Active() })
	if i < 0 {
		return directory.Connection{}, refuse("no_active_connections", "The social connection %s to %s is %s. Complete and enable it.", of[0].ID, name, condition(of[0]))
	}
	trace.Note(ctx, "routed by provider to "+of[i].ID)
	return of[i], nil
}

func (e *environment) routeConnection(ctx context.Context, id string) (directory.Connection, error) {
	view, c, err := e.directory.OfConnection(id)
	if err != nil {
		return c, refuse("invalid_connection_id", "The environment has no connection %q. Copy the id of a connection of this environment.", id).Because(err)
	}
	c = e.readConnection(ctx, c)
	err = e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.connection_active", Run: func() error {
		if !c.Active() {
			return refuse("connection_not_active", "The connection %s of %s is %s. Enable it.", id, view.Organization.DisplayName, condition(c))
		}
		return nil
	}})
	if err != nil {
		return c, err
	}
	trace.Note(ctx, "routed by connection_id to "+c.ID+" ("+view.Organization.DisplayName+")")
	return c, nil
}

func (e *environment) routeOrganization(ctx context.Context, id string) (directory.Connection, error) {
	view, err := e.directory.View(id)
	if err != nil {
		return directory.Connection{}, refuse("invalid_organization_id", "The environment has no organization %q. Copy the id of an organization of this environment.", id).Because(err)
	}
	c, err := e.firstActive(ctx, view)
	if err == nil {
		trace.Note(ctx, "routed by organization_id to "+c.ID+" ("+view.Organization.DisplayName+")")
	}
	return c, err
}

// routeDomain finds the organization with that verified domain of type ORGANIZATION_DOMAIN
// (https://docs.scalekit.com/authenticate/manage-users-orgs/organization-domains/).
func (e *environment) routeDomain(ctx context.Context, domain, what string) (directory.Connection, error) {
	view, err := e.directory.OfDomain(domain)
	if err != nil {
		code := "domain_not_found"
		if e.quirk("scalekit-unrouted-selector-error") {
			code = "invalid_connection_selector"
		}
		return directory.Connection{}, refuse(code,
			"Scalekit could not route %s: no organization has the verified domain %q. Domains that route: %s. Use one of these, or add and verify the domain.",
			what, strings.ToLower(strings.TrimSpace(domain)), e.routingDomains()).Because(err)
	}
	c, err := e.firstActive(ctx, view)
	if err == nil {
		trace.Note(ctx, "routed "+what+" to "+c.ID+" ("+view.Organization.DisplayName+")")
	}
	return c, err
}

// routingDomains names some of the domains that would do.
func (e *environment) routingDomains() string {
	const some = 10
	names, total := e.directory.RoutingDomains(some)
	if total > some {
		return fmt.Sprintf("%s and %d more", listed(names), total-some)
	}
	return listed(names)
}

func (e *environment) firstActive(ctx context.Context, view *directory.View) (directory.Connection, error) {
	o := view.Organization
	if len(view.Connections) == 0 {
		return directory.Connection{}, refuse("no_configured_connections", "The organization %s (%s) has no SSO connection. Add one.", o.DisplayName, o.ID)
	}
	connections := mapped(view.Connections, func(c directory.Connection) directory.Connection { return e.readConnection(ctx, c) })
	chosen := connections[0]
	err := e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.connection_active", Run: func() error {
		if i := slices.IndexFunc(connections, directory.Connection.Active); i >= 0 {
			chosen = connections[i]
			return nil
		}
		var all []string
		for _, c := range connections {
			all = append(all, c.ID+" is "+condition(c))
		}
		return refuse("no_active_connections", "No SSO connection of the organization %s (%s) is active: %s. Complete and enable one.",
			o.DisplayName, o.ID, listed(all))
	}})
	return chosen, err
}

// readConnection is a connection as routing reads it, at a point of its own for faults.
func (e *environment) readConnection(ctx context.Context, c directory.Connection) directory.Connection {
	doc := jose.Object{{Name: "id", Value: c.ID}, {Name: "enabled", Value: c.Enabled}, {Name: "status", Value: c.Status}}
	e.kit.Faults.Document(ctx, "scalekit.connection", &doc)
	if enabled, ok := doc.Get("enabled").(bool); ok {
		c.Enabled = enabled
	}
	if status, ok := doc.Get("status").(string); ok {
		c.Status = status
	}
	return c
}

func condition(c directory.Connection) string {
	if !c.Enabled {
		return "disabled"
	}
	return strings.ToLower(strings.ReplaceAll(c.Status, "_", " "))
}
