package mgmt

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/commons"
	pb "github.com/ssolab/ssolab/mockscalekit/internal/proto/scalekit/v1/users"
)

func (a *API) users() []rpc {
	const (
		service    = "users.UserService/"
		ofOrg      = "organizations/{organization_id}/users"
		membership = "memberships/organizations/{organization_id}/users"
		byID       = "/{id}"
		byExternal = ":external/{external_id}"
	)
	return []rpc{
		unary(service+"CreateUserAndMembership", a.createUser, create(ofOrg, "user")),
		unary(service+"GetUser", a.getUser, get("users"+byID), get("users"+byExternal)),
		unary(service+"ListUsers", a.listUsers, get("users")),
		unary(service+"SearchUsers", a.searchUsers, get("users:search")),
		unary(service+"ListOrganizationUsers", a.listOrganizationUsers, get(ofOrg)),
		unary(service+"SearchOrganizationUsers", a.searchOrganizationUsers, get(ofOrg+":search")),
		unary(service+"UpdateUser", a.updateUser, patch("users"+byID, "user"), patch("users"+byExternal, "user")),
		unary(service+"DeleteUser", a.deleteUser, remove("users"+byID), remove("users"+byExternal)),
		unary(service+"CreateMembership", a.createMembership, create(membership+byID, "membership"), create(membership+byExternal, "membership")),
		unary(service+"UpdateMembership", a.updateMembership, patch(membership+byID, "membership"), patch(membership+byExternal, "membership")),
		unary(service+"DeleteMembership", a.deleteMembership, remove(membership+byID), remove(membership+byExternal)),
		unary(service+"ResendInvite", a.resendInvite, patch("invites/organizations/{organization_id}/users/{id}/resend", "*")),
		unary(service+"ListUserRoles", a.listUserRoles, get(ofOrg+"/{user_id}/roles")),
		unary(service+"AssignUserRoles", a.assignUserRoles, create(ofOrg+"/{user_id}/roles", "roles")),
		unary(service+"RemoveUserRole", a.removeUserRole, remove(ofOrg+"/{user_id}/roles/{role_name}")),
		unary(service+"ListUserPermissions", a.listUserPermissions, get(ofOrg+"/{user_id}/permissions")),
	}
}

// user returns the user that a request names.
func (a *API) user(r identified) (directory.User, error) {
	switch {
	case r.GetId() != "":
		return a.Directory.Users.Get(r.GetId())
	case r.GetExternalId() != "":
		return a.Directory.UserByExternalID(r.GetExternalId())
	}
	return directory.User{}, Errorf(connect.CodeInvalidArgument, "the request names no user: it has neither its id nor its external_id")
}

// inviteLifetime is how long an invitation is good for. Unverified.
const inviteLifetime = 30 * 24 * time.Hour

// createUser makes a user who is a member at once, or, where an invitation is sent, once it has been accepted. A person who is
// a user already gets the membership. Unverified: the default of send_invitation_email, on.
func (a *API) createUser(ctx context.Context, r *pb.CreateUserAndMembershipRequest) (*pb.CreateUserAndMembershipResponse, error) {
	o, err := a.Directory.Organizations.Get(r.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	in := r.GetUser()
	m, err := a.newMembership(o.ID, in.GetMembership(), r.SendInvitationEmail == nil || r.GetSendInvitationEmail())
	if err != nil {
		return nil, err
	}
	u := directory.User{
		Email: in.GetEmail(), ExternalID: in.GetExternalId(), Metadata: in.GetMetadata(), Memberships: []directory.Membership{m},
		Profile: newProfile(in.GetUserProfile()),
	}
	u, err = a.Directory.Users.Create(ctx, u)
	return &pb.CreateUserAndMembershipResponse{User: a.userOut(u)}, err
}

func (a *API) newMembership(organizationID string, in *pb.CreateMembership, invite bool) (directory.Membership, error) {
	m := directory.Membership{
		OrganizationID: organizationID, Status: directory.Active, Metadata: in.GetMetadata(), InviterEmail: in.GetInviterEmail(),
	}
	var err error
	if m.Roles, err = a.roleNames(in.GetRoles()); err != nil {
		return m, err
	}
	if invite {
		now := a.Env.Now().UTC().Truncate(time.Microsecond)
		m.Status, m.Invited, m.InviteExpires = directory.PendingInvite, now, now.Add(inviteLifetime)
	}
	return m, nil
}

// roleNames resolves roles that are named by name or id; without any it is the default roles.
func (a *API) roleNames(roles []*commons.Role) ([]string, error) {
	var names []string
	if len(roles) == 0 {
		for _, r := range a.Directory.Roles.List(func(r *directory.Role) bool { return r.Default }) {
			names = append(names, r.Name)
		}
		return names, nil
	}
	for _, r := range roles {
		name, err := a.roleName(r.GetId(), r.GetName())
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func (a *API) roleName(id, name string) (string, error) {
	if name != "" {
		_, err := a.Directory.RoleByName(name)
		return name, err
	}
	r, err := a.Directory.Roles.Get(id)
	return r.Name, err
}

func newProfile(in *pb.CreateUserProfile) directory.Profile {
	return directory.Profile{
		GivenName: either(in.GetGivenName(), in.GetFirstName()), FamilyName: either(in.GetFamilyName(), in.GetLastName()), Name: in.GetName(),
		Locale: in.GetLocale(), PhoneNumber: in.GetPhoneNumber(), PreferredUsername: in.GetPreferredUsername(), Picture: in.GetPicture(),
		Gender: in.GetGender(), Groups: in.GetGroups(), Metadata: in.GetMetadata(), CustomAttributes: in.GetCustomAttributes(),
	}
}

// either is the first of two names of one thing that has a value.
func either(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

func (a *API) getUser(_ context.Context, r *pb.GetUserRequest) (*pb.GetUserResponse, error) {
	u, err := a.user(r)
	return &pb.GetUserResponse{User: a.userOut(u)}, err
}

func (a *API) listUsers(_ context.Context, r *pb.ListUsersRequest) (*pb.ListUsersResponse, error) {
	all := a.Directory.Users.List(nil)
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.ListUsersResponse{Users: each(items, a.userOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

// found tells whether a user is one that the query looks for.
func found(u *directory.User, query string) bool {
	return contains(query, u.ID, u.Email, u.ExternalID, u.Profile.Name, u.Profile.GivenName, u.Profile.FamilyName)
}

func (a *API) searchUsers(_ context.Context, r *pb.SearchUsersRequest) (*pb.SearchUsersResponse, error) {
	all := a.Directory.Users.List(func(u *directory.User) bool { return found(u, r.GetQuery()) })
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.SearchUsersResponse{Users: each(items, a.userOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

// members are the users of an organization that match.
func (a *API) members(organizationID string, match func(*directory.User) bool) ([]directory.User, error) {
	if _, err := a.Directory.Organizations.Get(organizationID); err != nil {
		return nil, err
	}
	return a.Directory.Users.List(func(u *directory.User) bool {
		_, member := u.Membership(organizationID)
		return member && match(u)
	}), nil
}

func (a *API) listOrganizationUsers(_ context.Context, r *pb.ListOrganizationUsersRequest) (*pb.ListOrganizationUsersResponse, error) {
	all, err := a.members(r.GetOrganizationId(), func(*directory.User) bool { return true })
	if err != nil {
		return nil, err
	}
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.ListOrganizationUsersResponse{Users: each(items, a.userOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

func (a *API) searchOrganizationUsers(_ context.Context, r *pb.SearchOrganizationUsersRequest) (*pb.SearchOrganizationUsersResponse, error) {
	all, err := a.members(r.GetOrganizationId(), func(u *directory.User) bool { return found(u, r.GetQuery()) })
	if err != nil {
		return nil, err
	}
	items, next, prev, err := page(all, r.GetPageSize(), r.GetPageToken())
	return &pb.SearchOrganizationUsersResponse{Users: each(items, a.userOut), TotalSize: uint32(len(all)), NextPageToken: next, PrevPageToken: prev}, err
}

// updateUser changes the members that the request has.
func (a *API) updateUser(ctx context.Context, r *pb.UpdateUserRequest) (*pb.UpdateUserResponse, error) {
	u, err := a.user(r)
	if err != nil {
		return nil, err
	}
	in := r.GetUser()
	u, err = a.Directory.Users.Update(ctx, u.ID, func(u *directory.User) error {
		set(&u.ExternalID, in.ExternalId)
		if len(in.GetMetadata()) > 0 {
			u.Metadata = in.GetMetadata()
		}
		changeProfile(&u.Profile, in.GetUserProfile())
		return nil
	})
	return &pb.UpdateUserResponse{User: a.userOut(u)}, err
}

func set(into *string, v *string) {
	if v != nil {
		*into = *v
	}
}

func changeProfile(p *directory.Profile, in *pb.UpdateUserProfile) {
	if in == nil {
		return
	}
	set(&p.GivenName, in.FirstName)
	set(&p.FamilyName, in.LastName)
	set(&p.GivenName, in.GivenName)
	set(&p.FamilyName, in.FamilyName)
	set(&p.Name, in.Name)
	set(&p.Locale, in.Locale)
	set(&p.PhoneNumber, in.PhoneNumber)
	set(&p.PreferredUsername, in.PreferredUsername)
	set(&p.Picture, in.Picture)
	set(&p.Gender, in.Gender)
	if len(in.GetGroups()) > 0 {
		p.Groups = in.GetGroups()
	}
	if len(in.GetMetadata()) > 0 {
		p.Metadata = in.GetMetadata()
	}
	if len(in.GetCustomAttributes()) > 0 {
		p.CustomAttributes = in.GetCustomAttributes()
	}
}

func (a *API) deleteUser(ctx context.Context, r *pb.DeleteUserRequest) (*emptypb.Empty, error) {
	u, err := a.user(r)
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, a.Directory.Users.Delete(ctx, u.ID)
}

func (a *API) createMembership(ctx context.Context, r *pb.CreateMembershipRequest) (*pb.CreateMembershipResponse, error) {
	u, err := a.user(r)
	if err != nil {
		return nil, err
	}
	if _, err := a.Directory.Organizations.Get(r.GetOrganizationId()); err != nil {
		return nil, err
	}
	m, err := a.newMembership(r.GetOrganizationId(), r.GetMembership(), r.SendInvitationEmail == nil || r.GetSendInvitationEmail())
	if err != nil {
		return nil, err
	}
	u, err = a.Directory.Users.Update(ctx, u.ID, func(u *directory.User) error {
		if _, member := u.Membership(m.OrganizationID); member {
			return Errorf(connect.CodeAlreadyExists, "the user %s already exists in organization %s", u.ID, m.OrganizationID)
		}
		u.Memberships = append(u.Memberships, m)
		return nil
	})
	return &pb.CreateMembershipResponse{User: a.userOut(u)}, err
}

// membership changes a user's membership of an organization by f.
func (a *API) membership(ctx context.Context, userID, organizationID string, f func(*directory.Membership) error) (directory.User, error) {
	return a.Directory.Users.Update(ctx, userID, func(u *directory.User) error {
		i := slices.IndexFunc(u.Memberships, func(m directory.Membership) bool { return m.OrganizationID == organizationID })
		if i < 0 {
			return Errorf(connect.CodeNotFound, "the user %s is no member of organization %s", userID, organizationID)
		}
		return f(&u.Memberships[i])
	})
}

func (a *API) updateMembership(ctx context.Context, r *pb.UpdateMembershipRequest) (*pb.UpdateMembershipResponse, error) {
	u, err := a.user(r)
	if err != nil {
		return nil, err
	}
	in := r.GetMembership()
	u, err = a.membership(ctx, u.ID, r.GetOrganizationId(), func(m *directory.Membership) (err error) {
		if len(in.GetRoles()) > 0 {
			m.Roles, err = a.roleNames(in.GetRoles())
		}
		if len(in.GetMetadata()) > 0 {
			m.Metadata = in.GetMetadata()
		}
		return err
	})
	return &pb.UpdateMembershipResponse{User: a.userOut(u)}, err
}

// deleteMembership ends a membership; with cascade, a user who is then a member of no organization goes too.
func (a *API) deleteMembership(ctx context.Context, r *pb.DeleteMembershipRequest) (*emptypb.Empty, error) {
	u, err := a.user(r)
	if err != nil {
		return nil, err
	}
	if _, member := u.Membership(r.GetOrganizationId()); !member {
		return nil, Errorf(connect.CodeNotFound, "the user %s is no member of organization %s", u.ID, r.GetOrganizationId())
	}
	if r.GetCascade() && len(u.Memberships) == 1 {
		return &emptypb.Empty{}, a.Directory.Users.Delete(ctx, u.ID)
	}
	_, err = a.Directory.Users.Update(ctx, u.ID, func(u *directory.User) error {
		u.Memberships = slices.DeleteFunc(u.Memberships, func(m directory.Membership) bool { return m.OrganizationID == r.GetOrganizationId() })
		return nil
	})
	return &emptypb.Empty{}, err
}

func (a *API) resendInvite(ctx context.Context, r *pb.ResendInviteRequest) (*pb.ResendInviteResponse, error) {
	var sent directory.Membership
	_, err := a.membership(ctx, r.GetId(), r.GetOrganizationId(), func(m *directory.Membership) error {
		if m.Status != directory.PendingInvite && m.Status != directory.InviteExpired {
			return Errorf(connect.CodeFailedPrecondition, "the user %s has no invitation to organization %s that is open", r.GetId(), r.GetOrganizationId())
		}
		now := a.Env.Now().UTC().Truncate(time.Microsecond)
		m.Status, m.InviteExpires, m.InviteResent = directory.PendingInvite, now.Add(inviteLifetime), now
		m.InvitesResent++
		sent = *m
		return nil
	})
	return &pb.ResendInviteResponse{Invite: &pb.Invite{
		OrganizationId: r.GetOrganizationId(), UserId: r.GetId(), InviterEmail: optional(sent.InviterEmail), Status: sent.Status,
		CreatedAt: stamp(sent.Invited), ExpiresAt: stamp(sent.InviteExpires), ResentAt: stamp(sent.InviteResent), ResentCount: int32(sent.InvitesResent),
	}}, err
}

// member returns a membership of a user.
func (a *API) member(userID, organizationID string) (directory.Membership, error) {
	u, err := a.Directory.Users.Get(userID)
	if err != nil {
		return directory.Membership{}, err
	}
	m, ok := u.Membership(organizationID)
	if !ok {
		return m, Errorf(connect.CodeNotFound, "the user %s is no member of organization %s", userID, organizationID)
	}
	return m, nil
}

func (a *API) rolesOut(names []string) []*commons.Role {
	out := make([]*commons.Role, 0, len(names))
	for _, name := range names {
		role := &commons.Role{Name: name}
		if r, err := a.Directory.RoleByName(name); err == nil {
			role.Id, role.DisplayName = r.ID, r.DisplayName
		}
		out = append(out, role)
	}
	return out
}

func (a *API) listUserRoles(_ context.Context, r *pb.ListUserRolesRequest) (*pb.ListUserRolesResponse, error) {
	m, err := a.member(r.GetUserId(), r.GetOrganizationId())
	return &pb.ListUserRolesResponse{Roles: a.rolesOut(m.Roles)}, err
}

func (a *API) assignUserRoles(ctx context.Context, r *pb.AssignUserRolesRequest) (*pb.AssignUserRolesResponse, error) {
	var names []string
	for _, role := range r.GetRoles() {
		name, err := a.roleName(role.GetId(), role.GetRoleName())
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	var all []string
	_, err := a.membership(ctx, r.GetUserId(), r.GetOrganizationId(), func(m *directory.Membership) error {
		for _, name := range names {
			if !slices.Contains(m.Roles, name) {
				m.Roles = append(m.Roles, name)
			}
		}
		all = m.Roles
		return nil
	})
	return &pb.AssignUserRolesResponse{Roles: a.rolesOut(all)}, err
}

func (a *API) removeUserRole(ctx context.Context, r *pb.RemoveUserRoleRequest) (*emptypb.Empty, error) {
	_, err := a.membership(ctx, r.GetUserId(), r.GetOrganizationId(), func(m *directory.Membership) error {
		if !slices.Contains(m.Roles, r.GetRoleName()) {
			return Errorf(connect.CodeNotFound, "the user %s has no role %q in organization %s", r.GetUserId(), r.GetRoleName(), r.GetOrganizationId())
		}
		m.Roles = slices.DeleteFunc(m.Roles, func(name string) bool { return name == r.GetRoleName() })
		return nil
	})
	return &emptypb.Empty{}, err
}

// listUserPermissions are those of the roles that the user has in the organization.
func (a *API) listUserPermissions(_ context.Context, r *pb.ListUserPermissionsRequest) (*pb.ListUserPermissionsResponse, error) {
	m, err := a.member(r.GetUserId(), r.GetOrganizationId())
	if err != nil {
		return nil, err
	}
	out := &pb.ListUserPermissionsResponse{}
	for _, name := range a.permissions(m.Roles) {
		out.Permissions = append(out.Permissions, &pb.Permission{Name: name})
	}
	return out, nil
}

func (a *API) permissions(roles []string) []string {
	var names []string
	for _, name := range roles {
		if r, err := a.Directory.RoleByName(name); err == nil {
			names = append(names, r.Permissions...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (a *API) userOut(u directory.User) *pb.User {
	p := u.Profile
	out := &pb.User{
		Id: u.ID, EnvironmentId: a.EnvironmentID, CreateTime: stamp(u.Created), UpdateTime: stamp(u.Updated), Email: u.Email,
		ExternalId: optional(u.ExternalID), Metadata: maps.Clone(u.Metadata), LastLoginTime: stamp(u.LastLogin),
		UserProfile: &commons.UserProfile{
			Id: p.ID, GivenName: p.GivenName, FamilyName: p.FamilyName, FirstName: p.GivenName, LastName: p.FamilyName,
			Name: either(p.Name, strings.TrimSpace(p.GivenName+" "+p.FamilyName)), Locale: p.Locale, EmailVerified: p.EmailVerified,
			PhoneNumber: p.PhoneNumber, PhoneNumberVerified: p.PhoneNumberVerified, PreferredUsername: p.PreferredUsername, Picture: p.Picture,
			Gender: p.Gender, Groups: p.Groups, Metadata: maps.Clone(p.Metadata), CustomAttributes: maps.Clone(p.CustomAttributes),
		},
	}
	now := a.Env.Now()
	for _, m := range u.Memberships {
		status := m.Status
		if status == directory.PendingInvite && !m.InviteExpires.IsZero() && !now.Before(m.InviteExpires) {
			status = directory.InviteExpired
		}
		member := &commons.OrganizationMembership{
			OrganizationId: m.OrganizationID, JoinTime: stamp(m.Joined), MembershipStatus: commons.MembershipStatus(commons.MembershipStatus_value[status]),
			Roles: a.rolesOut(m.Roles), Metadata: maps.Clone(m.Metadata), InviterEmail: optional(m.InviterEmail), CreatedAt: stamp(m.Invited),
			ExpiresAt: stamp(m.InviteExpires), Permissions: a.permissions(m.Roles),
		}
		if o, err := a.Directory.Organizations.Get(m.OrganizationID); err == nil {
			member.Name, member.DisplayName = optional(o.DisplayName), optional(o.DisplayName)
		}
		out.Memberships = append(out.Memberships, member)
	}
	return out
}
