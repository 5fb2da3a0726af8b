package mockscalekit

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// provision finds the user of full-stack mode whom an identity provider has signed in, or makes one, and their membership of
// the connection's organization.
// Unverified: the codes for who may not come in.
func (e *environment) provision(ctx context.Context, c directory.Connection, s session) (session, error) {
	email := s.Who.text("email")
	jit := c.OIDC == nil || !c.OIDC.JITDisabled
	user, err := e.directory.UserByEmail(email)
	switch {
	case errors.Is(err, directory.ErrNotFound) && !jit:
		return s, refuse("unauthorized", "%s has no account, and the connection %s makes none. Add the user, or turn just-in-time provisioning on.", email, c.ID)
	case errors.Is(err, directory.ErrNotFound):
		user, err = e.signUp(ctx, email, profileOf(s.Who), c.OrganizationID)
	case err == nil:
		user, err = e.admit(ctx, user, c, jit, profileOf(s.Who))
	}
	if err != nil {
		return s, err
	}
	s.UserID, s.OrganizationID = user.ID, c.OrganizationID
	claims := claimsOfUser(user)
	for name, value := range s.Who.Claims { // custom attributes travel as in modular mode
		if !slices.Contains(profileClaims(), name) {
			claims[name] = value
		}
	}
	s.Who.Claims = claims
	return s, nil
}

// admit checks that a user may come in through a connection and brings the profile up to date.
func (e *environment) admit(ctx context.Context, user directory.User, c directory.Connection, jit bool, profile directory.Profile) (directory.User, error) {
	if user.Inactive {
		return user, refuse("user_not_active", "The user %s is inactive. Activate the account.", user.Email)
	}
	m, member := user.Membership(c.OrganizationID)
	switch {
	case member && m.Status == directory.Inactive:
		return user, refuse("user_not_active", "The membership of %s in %s is inactive. Activate it.", user.Email, c.OrganizationID)
	case !member && c.OrganizationID != "" && !jit:
		return user, refuse("unauthorized", "%s is no member of %s, and the connection %s adds none. Add the membership, or turn just-in-time provisioning on.", user.Email, c.OrganizationID, c.ID)
	}
	sync := c.OIDC == nil || !c.OIDC.SyncProfileDisabled
	return e.directory.Users.Update(ctx, user.ID, func(u *directory.User) error {
		u.LastLogin = e.now().UTC()
		if sync {
			u.Profile.GivenName, u.Profile.FamilyName, u.Profile.Name = profile.GivenName, profile.FamilyName, profile.Name
		}
		for i := range u.Memberships {
			if u.Memberships[i].OrganizationID == c.OrganizationID {
				u.Memberships[i].Status = directory.Active // an invitation is accepted by coming
			}
		}
		if !member && c.OrganizationID != "" {
			u.Memberships = append(u.Memberships, e.newMembership(c.OrganizationID))
		}
		return nil
	})
}

func (e *environment) newMembership(organizationID string) directory.Membership {
	m := directory.Membership{OrganizationID: organizationID}
	for _, r := range e.directory.Roles.List(func(r *directory.Role) bool { return r.Default }) {
		m.Roles = append(m.Roles, r.Name)
	}
	return m
}

// signUp makes a user, as a member of an organization unless that is empty.
func (e *environment) signUp(ctx context.Context, email string, profile directory.Profile, organizationID string) (directory.User, error) {
	profile.EmailVerified = true
	u := directory.User{Email: email, Profile: profile, LastLogin: e.now().UTC()}
	if organizationID != "" {
		u.Memberships = []directory.Membership{e.newMembership(organizationID)}
	}
	user, err := e.directory.Users.Create(ctx, u)
	if err != nil {
		return user, err
	}
	e.happened(ctx, "user.signup", organizationID, user.ID, "email", email)
	trace.Note(ctx, "made the user "+user.ID+" for "+email)
	return user, nil
}

// profileOf is a user's profile as the identity provider described the person.
func profileOf(who identity) directory.Profile {
	p := directory.Profile{
		GivenName: who.text("given_name"), FamilyName: who.text("family_name"), Name: who.text("name"),
		Locale: who.text("locale"), Picture: who.text("picture"), PreferredUsername: who.text("preferred_username"),
	}
	if p.Name == "" {
		p.Name = strings.TrimSpace(p.GivenName + " " + p.FamilyName)
	}
	return p
}

// claimsOfUser describes a user of full-stack mode.
func claimsOfUser(u directory.User) map[string]any {
	claims := map[string]any{"email": u.Email}
	for name, value := range map[string]string{
		"given_name": u.Profile.GivenName, "family_name": u.Profile.FamilyName, "name": u.Profile.Name, "locale": u.Profile.Locale,
		"picture": u.Profile.Picture, "preferred_username": u.Profile.PreferredUsername,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	if u.Profile.EmailVerified {
		claims["email_verified"] = true
	}
	return claims
}
