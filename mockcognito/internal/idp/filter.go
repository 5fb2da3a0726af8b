package idp

import (
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// A filter of ListUsers is one condition: name = "value" or name ^= "prefix". Spaces around the operator may be left out,
// a quote within the value stands behind a backslash. The empty filter is everybody.
//
// Case counts for username and status only.

// parseFilter returns what a filter keeps; nil for everybody.
func parseFilter(filter string) (func(*userpool.User) bool, error) {
	filter = strings.TrimSpace(filter)
	if filter == "" {
		return nil, nil
	}
	name, prefix, value, ok := splitFilter(filter)
	if !ok {
		return nil, userpool.Errorf(userpool.InvalidParameter, "Error while parsing filter.")
	}
	get, fold := filterAttribute(name)
	if get == nil {
		return nil, userpool.Errorf(userpool.InvalidParameter, "Invalid search attribute: %s", name)
	}
	same := func(have string) bool { return have == value }
	switch {
	case prefix && fold:
		same = func(have string) bool { return len(have) >= len(value) && strings.EqualFold(have[:len(value)], value) }
	case prefix:
		same = func(have string) bool { return strings.HasPrefix(have, value) }
	case fold:
		same = func(have string) bool { return strings.EqualFold(have, value) }
	}
	return func(u *userpool.User) bool {
		have, ok := get(u)
		return ok && same(have)
	}, nil
}

// filterAttribute reads what a filter may name, and tells whether its case is ignored.
func filterAttribute(name string) (get func(*userpool.User) (string, bool), fold bool) {
	switch name {
	case "username":
		return func(u *userpool.User) (string, bool) { return u.Username, true }, false
	case "sub":
		return func(u *userpool.User) (string, bool) { return u.Sub, true }, true
	case "cognito:user_status":
		return func(u *userpool.User) (string, bool) { return string(u.Status), true }, true
	case "status":
		return func(u *userpool.User) (string, bool) {
			if u.Disabled {
				return "Disabled", true
			}
			return "Enabled", true
		}, false
	case "email", "phone_number", "name", "given_name", "family_name", "preferred_username":
		return func(u *userpool.User) (string, bool) { return u.Attributes.Lookup(name) }, true
	}
	return nil, false
}

// splitFilter takes a filter apart.
func splitFilter(filter string) (name string, prefix bool, value string, ok bool) {
	quote := strings.IndexByte(filter, '"')
	if quote < 0 {
		return "", false, "", false
	}
	left := strings.TrimSpace(filter[:quote])
	left, ok = strings.CutSuffix(left, "=")
	if !ok {
		return "", false, "", false
	}
	left, prefix = strings.CutSuffix(left, "^")
	name = strings.TrimSpace(left)
	value, rest, ok := quoted(filter[quote+1:])
	return name, prefix, value, ok && rest == "" && name != "" && !strings.ContainsAny(name, " \t=^")
}

// quoted reads up to the closing quote.
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), strings.TrimSpace(s[i+1:]), true
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
