package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func resourceServerOperations() map[string]operation {
	settings := Structure{
		poolMember, required("Identifier", resourceServerID), required("Name", str(1, 256).like(wordPattern)),
		optional("Scopes", listOf(Structure{
			required("ScopeName", str(1, 256).like(matching(`[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+`))), required("ScopeDescription", str(1, 256)),
		}).atMost(100)),
	}
	one := Structure{poolMember, required("Identifier", resourceServerID)}
	return map[string]operation{
		"CreateResourceServer":   {serve: (*call).createResourceServer, input: settings},
		"DescribeResourceServer": {serve: (*call).describeResourceServer, input: one},
		"UpdateResourceServer":   {serve: (*call).updateResourceServer, input: settings},
		"ListResourceServers":    {serve: (*call).listResourceServers, input: Structure{poolMember, optional("MaxResults", Integer{1, 50}), optional("NextToken", nextToken)}},
		"DeleteResourceServer":   {serve: (*call).deleteResourceServer, input: one, noBody: true},
	}
}

// maxResourceServers is how many resource servers a pool has at most.
const maxResourceServers = 25

// resourceServer is what a request says a resource server is. A scope stands once.
func (c *call) resourceServer() (userpool.ResourceServer, error) {
	r := userpool.ResourceServer{Identifier: c.in.str("Identifier"), Name: c.in.str("Name")}
	for _, s := range c.in.structs("Scopes") {
		scope := userpool.ResourceScope{Name: s.str("ScopeName"), Description: s.str("ScopeDescription")}
		if slices.ContainsFunc(r.Scopes, func(have userpool.ResourceScope) bool { return have.Name == scope.Name }) {
			return r, userpool.Errorf(userpool.InvalidParameter, "Scope %s is given more than once.", scope.Name) // Unverified: the text
		}
		r.Scopes = append(r.Scopes, scope)
	}
	return r, nil
}

func (c *call) createResourceServer() (object, error) {
	r, err := c.resourceServer()
	if err != nil {
		return nil, err
	}
	err = c.edit(func(d *userpool.Draft) error {
		switch {
		case d.ResourceServer(r.Identifier) != nil:
			return userpool.Errorf(userpool.InvalidParameter, "A resource server already exists with the identifier %s.", r.Identifier)
		case len(d.ResourceServers()) >= maxResourceServers:
			return userpool.Errorf(userpool.LimitExceeded, "A user pool has at most %d resource servers.", maxResourceServers) // Unverified: the text
		}
		d.PutResourceServer(r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.describeResourceServerNow()
}

func noResourceServer(identifier string) error {
	return userpool.Errorf(userpool.ResourceNotFound, "Resource server %s does not exist.", identifier)
}

func (c *call) describeResourceServerNow() (object, error) {
	p := c.Directory.Snapshot().Pool(c.in.str("UserPoolId"))
	if p == nil || p.ResourceServer(c.in.str("Identifier")) == nil {
		return nil, noResourceServer(c.in.str("Identifier"))
	}
	return object{"ResourceServer": describeServer(p.ResourceServer(c.in.str("Identifier")))}, nil
}

func describeServer(r *userpool.ResourceServer) object {
	out := object{"UserPoolId": r.PoolID, "Identifier": r.Identifier, "Name": r.Name}
	scopes := []object{}
	for _, s := range r.Scopes {
		scopes = append(scopes, object{"ScopeName": s.Name, "ScopeDescription": s.Description})
	}
	if len(scopes) > 0 {
		out["Scopes"] = scopes
	}
	return out
}

func (c *call) describeResourceServer() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return c.describeResourceServerNow()
}

func (c *call) updateResourceServer() (object, error) {
	r, err := c.resourceServer()
	if err != nil {
		return nil, err
	}
	err = c.edit(func(d *userpool.Draft) error {
		if d.ResourceServer(r.Identifier) == nil {
			return noResourceServer(r.Identifier)
		}
		d.PutResourceServer(r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.describeResourceServerNow()
}

func (c *call) listResourceServers() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return page(c, p.ResourceServers(), "ListResourceServers/"+p.ID, "ResourceServers", "MaxResults", 50, describeServer)
}

func (c *call) deleteResourceServer() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.ResourceServer(c.in.str("Identifier")) == nil {
			return noResourceServer(c.in.str("Identifier"))
		}
		d.DeleteResourceServer(c.in.str("Identifier"))
		return nil
	})
}
