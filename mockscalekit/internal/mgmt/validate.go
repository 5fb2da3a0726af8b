package mgmt

import (
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// constraint is what the service's interface definition asks of a field (buf.validate, as published in the vendor's SDKs).
// Lengths are in characters.
type constraint struct {
	required bool
	min, max int // length of a string; max 0: any
	prefix   string
	pattern  string
	email    bool
	defined  bool // an enum's value is one of the defined ones
	pairs    int  // of a map, at most
	items    int  // of a list, at most
	atMost   int  // of a number; 0: any
	key      *constraint
	value    *constraint
}

var (
	anyID    = constraint{min: 1, max: 32}
	orgID    = constraint{required: true, min: 1, max: 32, prefix: "org_"}
	orgRef   = constraint{min: 1, max: 32, prefix: "org_"}
	userID   = constraint{min: 19, max: 25, prefix: "usr_"}
	external = constraint{min: 1, max: 510}
	needed   = constraint{required: true}
	search   = constraint{required: true, min: 3, max: 100}
	metadata = constraint{pairs: 10, key: &constraint{min: 3, max: 25}, value: &constraint{min: 1, max: 256}}
	moreData = constraint{pairs: 20, key: metadata.key, value: metadata.value}
	mapping  = constraint{pairs: 30, key: &constraint{min: 1, max: 100}, value: metadata.value}
)

const slugPattern = `^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$`

// constraints are by message and field, without the common beginning scalekit.v1.
var constraints = map[string]constraint{
	"organizations.CreateOrganizationRequest.organization":     needed,
	"organizations.CreateOrganization.display_name":            {min: 1, max: 200},
	"organizations.CreateOrganization.metadata":                metadata,
	"organizations.CreateOrganization.slug":                    {min: 1, max: 253, pattern: slugPattern},
	"organizations.CreateOrganization.logo_url":                {max: 1024},
	"organizations.UpdateOrganizationRequest.id":               anyID,
	"organizations.UpdateOrganizationRequest.external_id":      {min: 1},
	"organizations.UpdateOrganizationRequest.organization":     needed,
	"organizations.UpdateOrganization.display_name":            {min: 1, max: 200},
	"organizations.UpdateOrganization.metadata":                metadata,
	"organizations.UpdateOrganization.slug":                    {max: 253, pattern: `^$|` + slugPattern},
	"organizations.UpdateOrganization.logo_url":                {max: 1024},
	"organizations.GetOrganizationRequest.id":                  anyID,
	"organizations.GetOrganizationRequest.external_id":         {min: 1},
	"organizations.SearchOrganizationsRequest.query":           search,
	"organizations.SearchOrganizationsRequest.page_size":       {atMost: 30},
	"organizations.DeleteOrganizationRequest.id":               anyID,
	"organizations.DeleteOrganizationRequest.external_id":      {min: 1},
	"organizations.GeneratePortalLinkRequest.id":               orgID,
	"organizations.GetPortalLinkRequest.id":                    orgID,
	"organizations.DeletePortalLinkRequest.id":                 orgID,
	"organizations.DeletePortalLinkByIdRequest.id":             orgID,
	"organizations.DeletePortalLinkByIdRequest.link_id":        {required: true, min: 1, max: 32, prefix: "lnk_"},
	"organizations.UpdateOrganizationSettingsRequest.id":       orgID,
	"organizations.UpdateOrganizationSettingsRequest.settings": needed,

	"domains.CreateDomainRequest.organization_id": anyID,
	"domains.CreateDomainRequest.external_id":     anyID,
	"domains.CreateDomainRequest.domain":          needed,
	"domains.CreateDomain.domain":                 {required: true, min: 4, max: 255},
	"domains.GetDomainRequest.organization_id":    anyID,
	"domains.GetDomainRequest.external_id":        anyID,
	"domains.DeleteDomainRequest.organization_id": anyID,
	"domains.DeleteDomainRequest.external_id":     anyID,
	"domains.ListDomainRequest.organization_id":   anyID,
	"domains.ListDomainRequest.external_id":       anyID,
	"domains.VerifyDomainRequest.organization_id": anyID,
	"domains.VerifyDomainRequest.external_id":     anyID,
	"domains.VerifyDomainRequest.id":              {min: 1, max: 32, prefix: "dom"},

	"connections.CreateConnectionRequest.organization_id":      anyID,
	"connections.CreateConnectionRequest.connection":           needed,
	"connections.CreateConnection.provider":                    {defined: true},
	"connections.CreateConnection.type":                        {defined: true},
	"connections.UpdateConnectionRequest.organization_id":      anyID,
	"connections.UpdateConnectionRequest.id":                   anyID,
	"connections.UpdateConnectionRequest.connection":           needed,
	"connections.UpdateConnection.provider":                    {defined: true},
	"connections.UpdateConnection.type":                        {defined: true},
	"connections.UpdateConnection.attribute_mapping":           mapping,
	"connections.UpdateConnection.key_id":                      {min: 1, max: 300},
	"connections.DeleteConnectionRequest.organization_id":      anyID,
	"connections.DeleteConnectionRequest.id":                   anyID,
	"connections.GetConnectionRequest.organization_id":         anyID,
	"connections.GetConnectionRequest.id":                      anyID,
	"connections.ListConnectionsRequest.organization_id":       anyID,
	"connections.ListConnectionsRequest.domain":                {min: 1, max: 32},
	"connections.ListOrganizationConnectionsRequest.page_size": {atMost: 30},
	"connections.ToggleConnectionRequest.organization_id":      anyID,
	"connections.ToggleConnectionRequest.id":                   anyID,

	"users.CreateUserAndMembershipRequest.organization_id": orgRef,
	"users.CreateUserAndMembershipRequest.user":            needed,
	"users.CreateUser.email":                               {required: true, email: true},
	"users.CreateUser.external_id":                         external,
	"users.CreateUser.metadata":                            moreData,
	"users.UpdateUser.metadata":                            moreData,
	"users.UpdateUserRequest.id":                           userID,
	"users.UpdateUserRequest.external_id":                  external,
	"users.UpdateUserRequest.user":                         needed,
	"users.GetUserRequest.id":                              {min: 1, max: 32, prefix: "usr_"},
	"users.GetUserRequest.external_id":                     external,
	"users.DeleteUserRequest.id":                           userID,
	"users.DeleteUserRequest.external_id":                  external,
	"users.ListOrganizationUsersRequest.organization_id":   orgRef,
	"users.ListOrganizationUsersRequest.page_size":         {atMost: 100},
	"users.ListUsersRequest.page_size":                     {atMost: 100},
	"users.SearchUsersRequest.query":                       search,
	"users.SearchUsersRequest.page_size":                   {atMost: 30},
	"users.SearchOrganizationUsersRequest.organization_id": orgRef,
	"users.SearchOrganizationUsersRequest.query":           search,
	"users.SearchOrganizationUsersRequest.page_size":       {atMost: 30},
	"users.CreateMembershipRequest.organization_id":        orgRef,
	"users.CreateMembershipRequest.membership":             needed,
	"users.CreateMembershipRequest.id":                     userID,
	"users.CreateMembershipRequest.external_id":            external,
	"users.UpdateMembershipRequest.organization_id":        orgRef,
	"users.UpdateMembershipRequest.id":                     userID,
	"users.UpdateMembershipRequest.external_id":            external,
	"users.UpdateMembershipRequest.membership":             needed,
	"users.DeleteMembershipRequest.organization_id":        orgRef,
	"users.DeleteMembershipRequest.id":                     userID,
	"users.DeleteMembershipRequest.external_id":            external,
	"users.ResendInviteRequest.organization_id":            orgRef,
	"users.ListUserRolesRequest.organization_id":           orgRef,
	"users.AssignUserRolesRequest.organization_id":         orgRef,
	"users.RemoveUserRoleRequest.organization_id":          orgRef,
	"users.ListUserPermissionsRequest.organization_id":     orgRef,

	"clients.CreateClientRequest.client":                      needed,
	"clients.UpdateClientRequest.client":                      needed,
	"clients.UpdateClientSecretRequest.secret":                needed,
	"clients.UpdateClientSecret.status":                       {defined: true},
	"clients.CreateOrganizationClientRequest.client":          needed,
	"clients.CreateOrganizationClientRequest.organization_id": orgRef,
	"clients.UpdateOrganizationClientRequest.client":          needed,
}

// patterns are compiled when they are first needed.
var patterns sync.Map

func matches(pattern, s string) bool {
	re, ok := patterns.Load(pattern)
	if !ok {
		re, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return re.(*regexp.Regexp).MatchString(s)
}

// validate checks a request against the constraints; the error names every field that breaks one.
func validate(m proto.Message) error {
	var found []Violation
	walk(m.ProtoReflect(), "", &found)
	if len(found) == 0 {
		return nil
	}
	text := "validation error:"
	for _, v := range found {
		text += "\n - " + v.Field + ": " + v.Description + " [" + v.Constraint + "]"
	}
	return &Error{Code: connect.CodeInvalidArgument, Message: text, Violations: found}
}

func walk(m protoreflect.Message, place string, found *[]Violation) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		path := place + string(fd.Name())
		c, constrained := constraints[strings.TrimPrefix(string(fd.FullName()), "scalekit.v1.")]
		if set := m.Has(fd); constrained && (set || !fd.HasPresence()) {
			c.check(fd, m.Get(fd), path, found)
		} else if constrained && c.required {
			violate(found, path, "value is required", "required")
		}
		if fd.Kind() == protoreflect.MessageKind && !fd.IsMap() && m.Has(fd) {
			if !fd.IsList() {
				walk(m.Get(fd).Message(), path+".", found)
				continue
			}
			for j, list := 0, m.Get(fd).List(); j < list.Len(); j++ {
				walk(list.Get(j).Message(), path+"["+strconv.Itoa(j)+"].", found)
			}
		}
	}
}

func violate(found *[]Violation, field, description, id string) {
	*found = append(*found, Violation{field, description, id})
}

// check applies a constraint to a value. The sentences are those of protovalidate, by which the service checks.
func (c constraint) check(fd protoreflect.FieldDescriptor, v protoreflect.Value, path string, found *[]Violation) {
	switch {
	case fd.IsMap():
		if n := v.Map().Len(); c.pairs > 0 && n > c.pairs {
			violate(found, path, fmt.Sprintf("map must be at most %d entries", c.pairs), "map.max_pairs")
		}
		v.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			place := path + "[" + strconv.Quote(key.String()) + "]"
			c.key.text(key.String(), place, found)
			c.value.text(value.String(), place, found)
			return true
		})
	case fd.IsList():
		if n := v.List().Len(); c.items > 0 && n > c.items {
			violate(found, path, fmt.Sprintf("value must contain no more than %d item(s)", c.items), "repeated.max_items")
		}
	case fd.Kind() == protoreflect.StringKind:
		c.text(v.String(), path, found)
	case fd.Kind() == protoreflect.EnumKind:
		if c.defined && fd.Enum().Values().ByNumber(v.Enum()) == nil {
			violate(found, path, "value must be one of the defined enum values", "enum.defined_only")
		}
	case fd.Kind() == protoreflect.Uint32Kind:
		if c.atMost > 0 && v.Uint() > uint64(c.atMost) {
			violate(found, path, fmt.Sprintf("value must be less than or equal to %d", c.atMost), "uint32.lte")
		}
	}
}

func (c *constraint) text(s, path string, found *[]Violation) {
	switch n := utf8.RuneCountInString(s); {
	case c.required && s == "":
		violate(found, path, "value is required", "required")
	case n < c.min:
		violate(found, path, fmt.Sprintf("value length must be at least %d characters", c.min), "string.min_len")
	case c.max > 0 && n > c.max:
		violate(found, path, fmt.Sprintf("value length must be at most %d characters", c.max), "string.max_len")
	case c.prefix != "" && !strings.HasPrefix(s, c.prefix):
		violate(found, path, "value does not have prefix `"+c.prefix+"`", "string.prefix")
	case c.pattern != "" && !matches(c.pattern, s):
		violate(found, path, "value does not match regex pattern `"+c.pattern+"`", "string.pattern")
	case c.email && !isEmail(s):
		violate(found, path, "value must be a valid email address", "string.email")
	}
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}
