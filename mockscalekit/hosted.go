package mockscalekit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// hosted is a sign-in at the pages of the environment itself, which full-stack mode has: an e-mail address, a code that is
// sent there, and, for who belongs to several organizations, which one.
//
//	identify ──► code ──► organization ──► client
//	    │                      ▲
//	    └──► identity provider ┘ (the domain of the address has a connection, or a social provider is chosen)
//
// Unverified: the pages; that they exist and fall to a one-time code is documented.
type hosted struct {
	ID     string
	Step   string
	Flow   flow
	SignUp bool

	Email     string
	GivenName string
	LastName  string
	Code      string
	Sent      time.Time
	Tries     int

	Session session // whose organization is to be chosen
}

// Steps of the hosted pages.
const (
	stepIdentify     = "identify"
	stepCode         = "code"
	stepOrganization = "organization"
)

const (
	hostedTTL   = time.Hour
	otpTTL      = 10 * time.Minute
	maxOTPTries = 5
)

// passwordless is the connection of the hosted pages' one-time codes, as amr names it.
func (e *environment) passwordless() string { return derivedID("conn", e.id, "passwordless") }

// belongsToHostedLogin tells whether a request that could not be routed goes to the hosted pages, as is documented for a domain
// without connection, rather than back with an error.
func belongsToHostedLogin(err error) bool {
	refused, ok := errors.AsType[*loginError](err)
	return ok && slices.Contains([]string{"domain_not_found", "invalid_connection_selector", "no_configured_connections", "no_active_connections"}, refused.Code)
}

// beginHosted opens a sign-in at the hosted pages.
func (e *environment) beginHosted(ctx context.Context, f flow, v url.Values) (string, error) {
	f.OrganizationID = v.Get("organization_id")
	h := hosted{ID: e.kit.Env.Token(24), Step: stepIdentify, Flow: f, SignUp: f.prompts("create"), Email: v.Get("login_hint")}
	path := "/a/auth/login"
	if h.SignUp {
		path = "/a/auth/signup"
	}
	if err := e.hosted.Put(ctx, h.ID, h, e.now().Add(hostedTTL)); err != nil {
		return "", err
	}
	return web.Params{{"request", h.ID}}.WithQuery(e.url + path), nil
}

// hostedLogin serves the pages.
func (e *environment) hostedLogin(w http.ResponseWriter, r *http.Request) error {
	q, err := params(r)
	if err != nil {
		return refuse("invalid_request", "The form cannot be read.").Because(err)
	}
	v := url.Values(q)
	h, err := e.hosted.Get(r.Context(), v.Get("request"))
	if errors.Is(err, store.ErrNotFound) {
		return refuse("invalid_request", "This sign-in page was used already, has expired or never was. Start again from the application.")
	}
	if err != nil {
		return err
	}
	if !oauth2.SameSecret(e.cookies.Get(r, browserCookie), h.Flow.Browser) {
		return refuse("invalid_request", "This sign-in began in another browser: the cookie %s%s is missing or another one. Start again from the application, in one browser.", browserCookie, e.cookies.Suffix)
	}
	if r.Method != http.MethodPost {
		return e.renderHosted(w, r, http.StatusOK, h, "")
	}
	step := e.identifyStep
	switch h.Step {
	case stepCode:
		step = e.codeStep
	case stepOrganization:
		step = e.organizationStep
	}
	location, problem, err := step(r.Context(), &h, v)
	switch {
	case err != nil:
		_ = e.hosted.Delete(r.Context(), h.ID) // it would expire anyway
		return h.Flow.to().Send(err)
	case problem != "":
		trace.Note(r.Context(), "asked again: "+problem)
		return e.renderHosted(w, r, http.StatusUnauthorized, h, problem)
	case location != "":
		web.Redirect(w, location)
		return nil
	}
	if err := e.hosted.Put(r.Context(), h.ID, h, e.now().Add(hostedTTL)); err != nil {
		return err
	}
	return e.renderHosted(w, r, http.StatusOK, h, "")
}

// identifyStep takes the e-mail address, or the choice of a social provider.
func (e *environment) identifyStep(ctx context.Context, h *hosted, v url.Values) (location, problem string, err error) {
	if id := v.Get("connection"); id != "" {
		_, c, err := e.directory.OfConnection(id)
		if err != nil || c.OrganizationID != "" || !c.Active() {
			return "", "This way to sign in is not there any more. Choose another.", nil
		}
		location, err = e.toProvider(ctx, h.Flow, c, "")
		return location, "", err
	}
	email := strings.TrimSpace(v.Get("email"))
	local, domain := splitEmail(email)
	if !localPart(local) || !domainName(domain) {
		return "", "Enter a whole e-mail address, such as name@example.com.", nil
	}
	h.Email, h.GivenName, h.LastName = email, limited(v.Get("given_name")), limited(v.Get("family_name"))
	if c, err := e.routeDomain(ctx, domain, email+" by domain "+domain); err == nil && !h.SignUp {
		location, err = e.toProvider(ctx, h.Flow, c, email)
		return location, "", err
	}
	h.Step, h.Code, h.Sent, h.Tries = stepCode, e.otp(), e.now(), 0
	trace.Note(ctx, "sent a one-time code to "+email+"; the page shows it, since this mock sends no mail")
	return "", "", nil
}

func limited(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 256 {
		return string(r[:256])
	}
	return s
}

// otp is a code of six digits.
func (e *environment) otp() string {
	b := e.kit.Env.Bytes(4)
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return fmt.Sprintf("%06d", n%1_000_000)
}

// codeStep takes the one-time code.
func (e *environment) codeStep(ctx context.Context, h *hosted, v url.Values) (location, problem string, err error) {
	if e.now().Sub(h.Sent) >= otpTTL || h.Tries >= maxOTPTries {
		h.Step = stepIdentify
		if err := e.hosted.Put(ctx, h.ID, *h, e.now().Add(hostedTTL)); err != nil {
			return "", "", err
		}
		return "", "The code is not good any more. Ask for another.", nil
	}
	if !oauth2.SameSecret(strings.TrimSpace(v.Get("code")), h.Code) {
		h.Tries++
		if err := e.hosted.Put(ctx, h.ID, *h, e.now().Add(hostedTTL)); err != nil {
			return "", "", err
		}
		return "", "The code is wrong. Enter the one that was sent to " + h.Email + ".", nil
	}
	user, err := e.hostedUser(ctx, h)
	if err != nil {
		return "", "", err
	}
	h.Session = session{
		ID: e.kit.Env.Sonyflake("ses"), ConnectionID: e.passwordless(), UserID: user.ID,
		Who: identity{Subject: user.ID, Claims: claimsOfUser(user)},
	}
	return e.chooseOrganization(ctx, h, user)
}

// hostedUser is the user with the address that was shown to be theirs; a new one is signed up, into the organizations that take
// everybody of the address's domain.
func (e *environment) hostedUser(ctx context.Context, h *hosted) (directory.User, error) {
	user, err := e.directory.UserByEmail(h.Email)
	if errors.Is(err, directory.ErrNotFound) {
		profile := directory.Profile{GivenName: h.GivenName, FamilyName: h.LastName, Name: strings.TrimSpace(h.GivenName + " " + h.LastName)}
		if user, err = e.signUp(ctx, h.Email, profile, ""); err != nil {
			return user, err
		}
	}
	if err != nil {
		return user, err
	}
	if user.Inactive {
		return user, refuse("user_not_active", "The user %s is inactive. Activate the account.", user.Email)
	}
	_, domain := splitEmail(h.Email)
	open := e.directory.Domains.List(func(m *directory.Domain) bool {
		return m.Name == domain && m.Type == directory.AllowedEmailDomain && m.Verified()
	})
	return e.directory.Users.Update(ctx, user.ID, func(u *directory.User) error {
		u.LastLogin = e.now().UTC()
		for i := range u.Memberships {
			if u.Memberships[i].Status == directory.PendingInvite {
				u.Memberships[i].Status = directory.Active
			}
		}
		for _, m := range open {
			if _, member := u.Membership(m.OrganizationID); !member {
				u.Memberships = append(u.Memberships, e.newMembership(m.OrganizationID))
			}
		}
		return nil
	})
}

// chooseOrganization ends the sign-in in the one organization that it can be for, or asks. Who belongs to none gets one of
// their own.
func (e *environment) chooseOrganization(ctx context.Context, h *hosted, user directory.User) (location, problem string, err error) {
	choices := activeMemberships(user)
	switch {
	case h.Flow.OrganizationID != "" && !slices.Contains(choices, h.Flow.OrganizationID):
		return "", "", refuse("unauthorized", "%s is no active member of %s. Add the membership, or leave organization_id out.", user.Email, h.Flow.OrganizationID)
	case h.Flow.OrganizationID != "":
		choices = []string{h.Flow.OrganizationID}
	case len(choices) == 0:
		_, domain := splitEmail(user.Email)
		o, err := e.directory.Organizations.Create(ctx, directory.Organization{DisplayName: domain})
		if err != nil {
			return "", "", err
		}
		_, err = e.directory.Users.Update(ctx, user.ID, func(u *directory.User) error {
			u.Memberships = append(u.Memberships, e.newMembership(o.ID))
			return nil
		})
		if err != nil {
			return "", "", err
		}
		choices = []string{o.ID}
	case len(choices) > 1:
		h.Step = stepOrganization
		return "", "", nil
	}
	return e.endHosted(ctx, h, choices[0])
}

func activeMemberships(u directory.User) []string {
	var out []string
	for _, m := range u.Memberships {
		if m.Status == directory.Active {
			out = append(out, m.OrganizationID)
		}
	}
	return out
}

// organizationStep takes the choice.
func (e *environment) organizationStep(ctx context.Context, h *hosted, v url.Values) (location, problem string, err error) {
	user, err := e.directory.Users.Get(h.Session.UserID)
	if err != nil {
		return "", "", refuse("user_not_active", "The user %s was deleted during the sign-in.", h.Email).Because(err)
	}
	chosen := v.Get("organization")
	if !slices.Contains(activeMemberships(user), chosen) {
		return "", "Choose one of the organizations.", nil
	}
	return e.endHosted(ctx, h, chosen)
}

func (e *environment) endHosted(ctx context.Context, h *hosted, organizationID string) (location, problem string, err error) {
	if _, err := e.hosted.Take(ctx, h.ID); err != nil {
		return "", "", refuse("invalid_request", "This sign-in was ended already, in another tab. Start again from the application.").Because(err)
	}
	h.Session.OrganizationID = organizationID
	trace.Note(ctx, "signed in "+h.Email+" as "+h.Session.UserID+" in "+organizationID)
	location, err = e.finish(ctx, h.Flow, h.Session)
	return location, "", err
}

// hostedPage is the data of hostedView.
type hostedPage struct {
	Action        string
	RequestID     string
	Step          string
	SignUp        bool
	Environment   string
	Email         string
	GivenName     string
	LastName      string
	Code          string
	Problem       string
	Social        []directory.Connection
	Organizations []directory.Organization
}

func (e *environment) renderHosted(w http.ResponseWriter, r *http.Request, status int, h hosted, problem string) error {
	page := hostedPage{
		Action: r.URL.Path, RequestID: h.ID, Step: h.Step, SignUp: h.SignUp, Environment: e.conf().Name,
		Email: h.Email, GivenName: h.GivenName, LastName: h.LastName, Code: h.Code, Problem: problem,
	}
	title := "Sign in"
	if h.SignUp {
		title = "Sign up"
	}
	switch h.Step {
	case stepIdentify:
		if view, err := e.directory.View(""); err == nil {
			page.Social = slices.DeleteFunc(slices.Clone(view.Connections), func(c directory.Connection) bool { return !c.Active() })
		}
	case stepOrganization:
		user, err := e.directory.Users.Get(h.Session.UserID)
		if err != nil {
			return h.Flow.to().Send(refuse("user_not_active", "The user %s was deleted during the sign-in.", h.Email).Because(err))
		}
		for _, id := range activeMemberships(user) {
			if o, err := e.directory.Organizations.Get(id); err == nil {
				page.Organizations = append(page.Organizations, o)
			}
		}
	}
	return look.Render(w, status, look.Page{Party: "scalekit", Title: title + " · " + page.Environment, Strip: e.strip()}, hostedView(page))
}
