package webhook

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// displayNames are what the types are called, by type (https://docs.scalekit.com/apis/#webhooks).
var displayNames = map[string]string{
	"organization.created": "Organization Created", "organization.updated": "Organization Updated", "organization.deleted": "Organization Deleted",
	"organization.sso_created": "SSO Connection Created", "organization.sso_deleted": "SSO Connection Deleted",
	"organization.sso_enabled": "SSO Connection Enabled", "organization.sso_disabled": "SSO Connection Disabled",
	"organization.domain_created": "Domain Created", "organization.domain_deleted": "Domain Deleted",
	"organization.domain_dns_verification_success": "Domain DNS Verification Success",
	"organization.domain_dns_verification_failed":  "Domain DNS Verification Failed",
	"user.signup": "User Signup", "user.login": "User Login", "user.logout": "User Logout",
	"user.organization_invitation": "User Invitation", "user.organization_membership_created": "Organization Membership Created",
	"user.organization_membership_updated": "Organization Membership Updated", "user.organization_membership_deleted": "Organization Membership Deleted",
	"role.created": "Role Created", "role.updated": "Role Updated", "role.deleted": "Role Deleted",
}

// Types are all types of events, sorted.
func Types() []string { return slices.Sorted(maps.Keys(displayNames)) }

// event is what an endpoint is told, without its envelope.
type event struct {
	Type         string
	Object       string
	Organization string
	Data         map[string]any
}

// body is the event in its envelope, with the members in the documented order.
func (e event) body(id, environmentID string, of directory.Event) ([]byte, error) {
	return json.Marshal(struct {
		SpecVersion    string         `json:"spec_version"`
		ID             string         `json:"id"`
		Type           string         `json:"type"`
		Object         string         `json:"object"`
		EnvironmentID  string         `json:"environment_id"`
		OccurredAt     string         `json:"occurred_at"`
		OrganizationID string         `json:"organization_id,omitempty"`
		Data           map[string]any `json:"data"`
		DisplayName    string         `json:"display_name"`
	}{"1", id, e.Type, e.Object, environmentID, of.At.UTC().Format(time.RFC3339Nano), e.Organization, e.Data, displayNames[e.Type]})
}

// eventsOf are the events that a change in the directory, or something that happened, amounts to.
func eventsOf(e directory.Event) []event {
	switch e.Kind {
	case directory.KindOrganization:
		return organizationEvents(e)
	case directory.KindConnection:
		return connectionEvents(e)
	case directory.KindDomain:
		return domainEvents(e)
	case directory.KindUser:
		return userEvents(e)
	case directory.KindRole:
		return roleEvents(e)
	}
	return nil
}

// latest is the object after the change, or, when it was deleted, before.
func latest[T any](e directory.Event) (T, bool) {
	if v, ok := e.After.(T); ok {
		return v, true
	}
	v, ok := e.Before.(T)
	return v, ok
}

func organizationEvents(e directory.Event) []event {
	o, ok := latest[directory.Organization](e)
	if !ok {
		return nil
	}
	data := map[string]any{"id": o.ID, "display_name": o.DisplayName, "region_code": o.Region, "create_time": o.Created.Format(time.RFC3339Nano), "update_time": o.Updated.Format(time.RFC3339Nano)}
	if o.ExternalID != "" {
		data["external_id"] = o.ExternalID
	}
	if len(o.Metadata) > 0 {
		data["metadata"] = o.Metadata
	}
	return []event{{"organization." + string(e.Action), "Organization", o.ID, data}}
}

// connectionEvents tell of connections of organizations; a change tells only whether people can now sign in or not.
func connectionEvents(e directory.Event) []event {
	c, ok := latest[directory.Connection](e)
	if !ok || c.OrganizationID == "" {
		return nil
	}
	data := map[string]any{"id": c.ID, "organization_id": c.OrganizationID, "connection_type": c.Type, "provider": c.Provider}
	made := event{Object: "Connection", Organization: c.OrganizationID, Data: data}
	switch before, _ := e.Before.(directory.Connection); {
	case e.Action == directory.Created:
		made.Type = "organization.sso_created"
	case e.Action == directory.Deleted:
		made.Type = "organization.sso_deleted"
	case e.Action == directory.Updated && before.Enabled != c.Enabled:
		if made.Type = "organization.sso_disabled"; c.Enabled {
			made.Type = "organization.sso_enabled"
		}
		data["enabled"], data["status"] = c.Enabled, c.Status
	default:
		return nil
	}
	return []event{made}
}

func domainEvents(e directory.Event) []event {
	d, ok := latest[directory.Domain](e)
	if !ok {
		return nil
	}
	data := map[string]any{"id": d.ID, "domain": d.Name, "organization_id": d.OrganizationID, "domain_type": d.Type, "verification_status": d.Status, "verification_method": d.Method}
	made := event{Object: "Organization", Organization: d.OrganizationID, Data: data}
	switch before, _ := e.Before.(directory.Domain); {
	case e.Action == directory.Created:
		made.Type = "organization.domain_created"
	case e.Action == directory.Deleted:
		made.Type = "organization.domain_deleted"
	case e.Action == directory.Updated && d.Method == directory.ByDNS && before.Status != d.Status && d.Verified():
		made.Type = "organization.domain_dns_verification_success"
	case e.Action == directory.Updated && d.Method == directory.ByDNS && before.Status != d.Status && d.Status == directory.Failed:
		made.Type = "organization.domain_dns_verification_failed"
	default:
		return nil
	}
	return []event{made}
}

// userEvents tell of users, of what they did, and of their memberships.
func userEvents(e directory.Event) []event {
	u, ok := latest[directory.User](e)
	data := map[string]any{"id": e.ID}
	if ok {
		data = map[string]any{"id": u.ID, "email": u.Email, "first_name": u.Profile.GivenName, "last_name": u.Profile.FamilyName}
	}
	if e.Action == directory.Occurred {
		for name, value := range e.Details {
			data[name] = value
		}
		if displayNames[e.Name] == "" {
			return nil
		}
		return []event{{e.Name, "User", e.OrganizationID, data}}
	}
	if !ok {
		return nil
	}
	before, _ := e.Before.(directory.User)
	after, _ := e.After.(directory.User)
	var out []event
	member := func(kind string, m directory.Membership) {
		membership := map[string]any{"user": data, "organization_id": m.OrganizationID, "membership_status": m.Status, "roles": m.Roles}
		out = append(out, event{"user.organization_" + kind, "OrgMembership", m.OrganizationID, membership})
	}
	for _, m := range after.Memberships {
		switch old, had := before.Membership(m.OrganizationID); {
		case !had:
			member("membership_created", m)
			if m.Status == directory.PendingInvite {
				member("invitation", m)
			}
		case old.Status != m.Status || !slices.Equal(old.Roles, m.Roles) || !maps.Equal(old.Metadata, m.Metadata):
			member("membership_updated", m)
		}
	}
	for _, m := range before.Memberships {
		if _, still := after.Membership(m.OrganizationID); !still {
			member("membership_deleted", m)
		}
	}
	return out
}

func roleEvents(e directory.Event) []event {
	r, ok := latest[directory.Role](e)
	if !ok {
		return nil
	}
	return []event{{"role." + string(e.Action), "Role", "", map[string]any{"id": r.ID, "name": r.Name, "display_name": r.DisplayName}}}
}
