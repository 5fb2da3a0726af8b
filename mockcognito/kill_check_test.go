package mockcognito_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// checker reads a service's state by its API.
type checker struct {
	*onFile
	t *testing.T
}

func (c *checker) call(operation string, in map[string]any) map[string]any {
	c.t.Helper()
	status, out, err := c.api(operation, in)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, status, "%s %v: %v", operation, in, out)
	return out
}

// list reads all pages.
func (c *checker) list(operation string, in map[string]any, member string) []map[string]any {
	c.t.Helper()
	in = maps.Clone(in)
	var out []map[string]any
	for {
		page := c.call(operation, in)
		list, _ := page[member].([]any)
		for _, one := range list {
			out = append(out, one.(map[string]any))
		}
		for _, token := range []string{"NextToken", "PaginationToken"} {
			delete(in, token)
			if page[token] != nil {
				in[token] = page[token]
			}
		}
		if in["NextToken"] == nil && in["PaginationToken"] == nil {
			return out
		}
	}
}

func attributesIn(user map[string]any) map[string]string {
	out := map[string]string{}
	for _, member := range []string{"UserAttributes", "Attributes"} {
		list, _ := user[member].([]any)
		for _, one := range list {
			a := one.(map[string]any)
			out[a["Name"].(string)], _ = a["Value"].(string)
		}
	}
	return out
}

// user is a user, or nil.
func (c *checker) user(pool, name string) map[string]any {
	status, out, err := c.api("AdminGetUser", map[string]any{"UserPoolId": pool, "Username": name})
	require.NoError(c.t, err)
	if status != http.StatusOK {
		require.Equal(c.t, "UserNotFoundException", out["__type"])
		return nil
	}
	return out
}

func (c *checker) groupsOf(pool, user string) []string {
	var out []string
	for _, g := range c.list("AdminListGroupsForUser", map[string]any{"UserPoolId": pool, "Username": user}, "Groups") {
		out = append(out, g["GroupName"].(string))
	}
	return out
}

// has tells whether something is there.
func (c *checker) has(pool, kind, name string) bool {
	in := map[string]any{"UserPoolId": pool}
	operation, member, key := "ListUserPoolClients", "UserPoolClients", "ClientName"
	switch kind {
	case "group":
		operation, member, key = "ListGroups", "Groups", "GroupName"
	case "provider":
		operation, member, key = "ListIdentityProviders", "Providers", "ProviderName"
	case "domain":
		description, _ := c.call("DescribeUserPoolDomain", map[string]any{"Domain": name})["DomainDescription"].(map[string]any)
		return description["UserPoolId"] == pool
	}
	return slices.ContainsFunc(c.list(operation, in, member), func(o map[string]any) bool { return o[key] == name })
}

// whole sees that what is in a pool fits together: no user without his sub or alias, no membership of a group that is not
// there, no client of a provider that is not there.
func (c *checker) whole(pool string) {
	t := c.t
	in := map[string]any{"UserPoolId": pool}
	described := c.call("DescribeUserPool", in)["UserPool"].(map[string]any)
	users := c.list("ListUsers", in, "Users")
	require.EqualValues(t, len(users), described["EstimatedNumberOfUsers"])
	groups, providers := c.list("ListGroups", in, "Groups"), c.list("ListIdentityProviders", in, "Providers")
	for _, u := range users {
		name, attributes := u["Username"].(string), attributesIn(u)
		require.Equal(t, name+"@"+described["Name"].(string)+".test", attributes["email"])
		for _, calledBy := range []string{name, attributes["sub"], attributes["email"]} {
			require.Equal(t, name, c.user(pool, calledBy)["Username"], calledBy)
		}
		if nickname := attributes["nickname"]; nickname != "" {
			require.True(t, strings.HasSuffix(nickname, " of "+described["Name"].(string)+" "), "half of a value: %q", nickname)
			require.Len(t, nickname, len(nickname)/40*40)
		}
		for _, g := range c.groupsOf(pool, name) {
			require.True(t, slices.ContainsFunc(groups, func(have map[string]any) bool { return have["GroupName"] == g }), "%s is in no group %s", name, g)
		}
	}
	for _, client := range c.list("ListUserPoolClients", in, "UserPoolClients") {
		got := c.call("DescribeUserPoolClient", map[string]any{"UserPoolId": pool, "ClientId": client["ClientId"]})["UserPoolClient"].(map[string]any)
		names, _ := got["SupportedIdentityProviders"].([]any)
		for _, name := range names {
			require.True(t, slices.ContainsFunc(providers, func(p map[string]any) bool { return p["ProviderName"] == name }), "a client of the provider %s, which is gone", name)
		}
	}
}
