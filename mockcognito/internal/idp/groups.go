package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func groupOperations() map[string]operation {
	name, user := required("GroupName", groupName), required("Username", username)
	settings := Structure{name, poolMember, optional("Description", str(0, 2048)), optional("RoleArn", arn), optional("Precedence", natural)}
	limit, token := optional("Limit", Integer{0, 60}), optional("NextToken", nextToken)
	return map[string]operation{
		"CreateGroup":              {serve: (*call).createGroup, input: settings},
		"GetGroup":                 {serve: (*call).getGroup, input: Structure{name, poolMember}},
		"UpdateGroup":              {serve: (*call).updateGroup, input: settings},
		"ListGroups":               {serve: (*call).listGroups, input: Structure{poolMember, limit, token}},
		"DeleteGroup":              {serve: (*call).deleteGroup, input: Structure{name, poolMember}, noBody: true},
		"ListUsersInGroup":         {serve: (*call).listUsersInGroup, input: Structure{poolMember, name, limit, token}},
		"AdminAddUserToGroup":      {serve: (*call).adminAddUserToGroup, input: Structure{poolMember, user, name}, noBody: true},
		"AdminRemoveUserFromGroup": {serve: (*call).adminRemoveUserFromGroup, input: Structure{poolMember, user, name}, noBody: true},
		"AdminListGroupsForUser":   {serve: (*call).adminListGroupsForUser, input: Structure{user, poolMember, limit, token}},
	}
}

// Limits of groups.
const (
	maxGroups        = 10_000 // of a pool
	maxGroupsPerUser = 100
)

func noGroup() error { return userpool.Errorf(userpool.ResourceNotFound, "Group not found.") }

func describeGroup(g *userpool.Group) object {
	out := object{"GroupName": g.Name, "UserPoolId": g.PoolID, "CreationDate": epoch(g.Created), "LastModifiedDate": epoch(g.Modified)}
	setText(out, "Description", g.Description)
	setText(out, "RoleArn", g.RoleARN)
	if g.Precedence != nil {
		out["Precedence"] = *g.Precedence
	}
	return out
}

func (c *call) createGroup() (object, error) {
	g := userpool.Group{Name: c.in.str("GroupName"), Description: c.in.str("Description"), RoleARN: c.in.str("RoleArn"), Precedence: c.in.integerPtr("Precedence")}
	err := c.edit(func(d *userpool.Draft) error {
		switch {
		case d.Group(g.Name) != nil:
			return userpool.Errorf(userpool.GroupExists, "A group with the name already exists.")
		case len(d.Groups()) >= maxGroups:
			return userpool.Errorf(userpool.LimitExceeded, "A user pool has at most %d groups.", maxGroups) // Unverified: the text
		}
		d.PutGroup(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.group()
}

// group is the answer that shows the group that a request names as it is now.
func (c *call) group() (object, error) {
	p := c.Directory.Snapshot().Pool(c.in.str("UserPoolId"))
	if p == nil || p.Group(c.in.str("GroupName")) == nil {
		return nil, noGroup()
	}
	return object{"Group": describeGroup(p.Group(c.in.str("GroupName")))}, nil
}

func (c *call) getGroup() (object, error) {
	if _, err := c.pool(); err != nil {
		return nil, err
	}
	return c.group()
}

// updateGroup leaves alone what is left out. Unverified: that it does.
func (c *call) updateGroup() (object, error) {
	err := c.edit(func(d *userpool.Draft) error {
		old := d.Group(c.in.str("GroupName"))
		if old == nil {
			return noGroup()
		}
		g := *old
		g.Description, g.RoleARN = c.in.strOr("Description", g.Description), c.in.strOr("RoleArn", g.RoleARN)
		if c.in.has("Precedence") {
			g.Precedence = c.in.integerPtr("Precedence")
		}
		d.PutGroup(g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.group()
}

func (c *call) listGroups() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	return page(c, p.Groups(), "ListGroups/"+p.ID, "Groups", "Limit", 60, describeGroup)
}

func (c *call) deleteGroup() (object, error) {
	return nil, c.edit(func(d *userpool.Draft) error {
		if d.Group(c.in.str("GroupName")) == nil {
			return noGroup()
		}
		d.DeleteGroup(c.in.str("GroupName"))
		return nil
	})
}

func (c *call) listUsersInGroup() (object, error) {
	p, err := c.pool()
	if err != nil {
		return nil, err
	}
	name := c.in.str("GroupName")
	if p.Group(name) == nil {
		return nil, noGroup()
	}
	users, token, err := c.users(p, "ListUsersInGroup/"+p.ID+"/"+name, "Limit", "NextToken", func(u *userpool.User) bool { return u.InGroup(name) })
	if err != nil {
		return nil, err
	}
	out := object{"Users": describeUsers(users, nil)}
	setText(out, "NextToken", token)
	return out, nil
}

func (c *call) adminAddUserToGroup() (object, error) {
	name := c.in.str("GroupName")
	return nil, c.updateUser(func(p *userpool.Pool, u *userpool.User) error {
		switch {
		case p.Group(name) == nil:
			return noGroup()
		case !u.InGroup(name) && len(u.Groups) >= maxGroupsPerUser:
			return userpool.Errorf(userpool.LimitExceeded, "A user is in at most %d groups.", maxGroupsPerUser) // Unverified: the text
		}
		u.Join(name)
		return nil
	})
}

func (c *call) adminRemoveUserFromGroup() (object, error) {
	name := c.in.str("GroupName")
	return nil, c.updateUser(func(p *userpool.Pool, u *userpool.User) error {
		if p.Group(name) == nil {
			return noGroup()
		}
		u.Leave(name)
		return nil
	})
}

func (c *call) adminListGroupsForUser() (object, error) {
	p, u, err := c.user()
	if err != nil {
		return nil, err
	}
	groups := slices.DeleteFunc(p.Groups(), func(g *userpool.Group) bool { return !u.InGroup(g.Name) })
	return page(c, groups, "AdminListGroupsForUser/"+p.ID+"/"+u.Sub, "Groups", "Limit", 60, describeGroup)
}
