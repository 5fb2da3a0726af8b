package mockscalekit

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// session is what tokens are made of. One is kept for every access token that lives, hence the short names.
type session struct {
	ID             string   `json:"i"` // ses_…
	OrganizationID string   `json:"o,omitempty"`
	ConnectionID   string   `json:"c"`
	UserID         string   `json:"u,omitempty"` // in full-stack mode
	Scopes         []string `json:"p"`
	Methods        []string `json:"m,omitempty"` // that the identity provider named
	Who            identity `json:"w"`
}

// subject is the sub that clients see.
func (s session) subject() string {
	if s.UserID != "" {
		return s.UserID
	}
	return s.ConnectionID + ";" + s.Who.Subject
}

// identity is a person as the identity provider described them.
type identity struct {
	Subject string         `json:"s"` // at the identity provider
	Claims  map[string]any `json:"k"` // profile claims and custom attributes
}

func (i identity) text(name string) string {
	s, _ := i.Claims[name].(string)
	return s
}

// envSession is a session of a browser at the environment. Full-stack mode has them.
// Unverified: their cookie, and that there are none in modular mode.
type envSession struct {
	session
	Browser  string
	Clients  []string // that have tokens of it
	IDTokens bool     // the connection's identity provider is to be told of a logout
	Expires  time.Time
}

func (e *environment) keepsSessions() bool {
	return e.fullStack() || e.quirk("scalekit-modular-session")
}

// keep stores the session of a browser, in the place of the one before.
func (e *environment) keep(ctx context.Context, f flow, s session) error {
	if !e.keepsSessions() || f.Browser == "" {
		return nil
	}
	expires := e.now().Add(e.conf().SessionTTL)
	kept := envSession{session: s, Browser: f.Browser, Clients: []string{f.ClientID}, Expires: expires}
	if err := e.sessions.Put(ctx, s.ID, kept, expires); err != nil {
		return err
	}
	return e.browsers.Put(ctx, f.Browser, s.ID, expires)
}

// current returns the session of a browser.
func (e *environment) current(r *http.Request) (envSession, bool, error) {
	if !e.keepsSessions() {
		return envSession{}, false, nil
	}
	browser, err := e.browser(r)
	if err != nil || browser == "" {
		return envSession{}, false, err
	}
	sid, err := e.browsers.Get(r.Context(), browser)
	if errors.Is(err, store.ErrNotFound) {
		return envSession{}, false, nil
	}
	if err != nil {
		return envSession{}, false, err
	}
	s, err := e.sessions.Get(r.Context(), sid)
	if errors.Is(err, store.ErrNotFound) {
		return s, false, nil
	}
	return s, err == nil, err
}

// reusable finds the session of the browser if it answers the request: nobody is to be asked anew, and the session is of the
// connection, organization or person that the request means.
func (e *environment) reusable(r *http.Request, f flow, c directory.Connection, v url.Values) (envSession, bool, error) {
	if f.prompts("login") || f.prompts("create") || f.prompts("select_account") {
		return envSession{}, false, nil
	}
	s, ok, err := e.current(r)
	if err != nil || !ok {
		return s, false, err
	}
	if hint := v.Get("login_hint"); hint != "" && !strings.EqualFold(hint, s.Who.text("email")) {
		return s, false, nil
	}
	if !e.fullStack() {
		return s, c.ID == s.ConnectionID, nil
	}
	user, err := e.directory.Users.Get(s.UserID)
	if err != nil || user.Inactive {
		return s, false, nil // who is gone has no session
	}
	wanted := v.Get("organization_id")
	if wanted == "" && c.ID != "" && c.ID != s.ConnectionID {
		wanted = c.OrganizationID
	}
	if wanted != "" && wanted != s.OrganizationID {
		m, member := user.Membership(wanted)
		if !member || m.Status != directory.Active {
			return s, false, nil
		}
		s.OrganizationID = wanted
	}
	return s, true, nil
}

// resume answers an authorization request from a session.
func (e *environment) resume(ctx context.Context, f flow, s envSession) (string, error) {
	s.Scopes = f.Scopes
	if !slices.Contains(s.Clients, f.ClientID) {
		err := e.sessions.Update(ctx, s.ID, func(v *envSession) (*envSession, error) {
			if v != nil {
				v.Clients = append(v.Clients, f.ClientID)
			}
			return v, nil
		})
		if err != nil {
			return "", err
		}
	}
	trace.Note(ctx, "answered from the session "+s.ID+" of "+s.Who.text("email"))
	return e.giveCode(ctx, f, s.session)
}

// finish ends a sign-in: the person is known. It keeps the session and answers where the browser goes.
func (e *environment) finish(ctx context.Context, f flow, s session) (string, error) {
	s.Scopes = f.Scopes
	if err := e.keep(ctx, f, s); err != nil {
		return "", err
	}
	e.happened(ctx, "user.login", s.OrganizationID, s.UserID, "client_id", f.ClientID, "connection_id", s.ConnectionID, "email", s.Who.text("email"), "sid", s.ID)
	return e.giveCode(ctx, f, s)
}

const codeTTL = 10 * time.Minute // https://docs.scalekit.com/authenticate/fsa/complete-login/

// grant is what a code stands for.
type grant struct {
	ClientID        string
	RedirectURI     string
	Nonce           string
	CodeChallenge   string
	ChallengeMethod string `json:",omitempty"`
	Expires         time.Time
	session
}

// giveCode sends the browser back to the client with a code.
func (e *environment) giveCode(ctx context.Context, f flow, s session) (string, error) {
	code := e.kit.Env.Token(48)
	now := e.now()
	g := grant{
		ClientID: f.ClientID, RedirectURI: f.RedirectURI, Nonce: f.Nonce, CodeChallenge: f.CodeChallenge, ChallengeMethod: f.ChallengeMethod,
		Expires: now.Add(codeTTL), session: s,
	}
	if err := e.codes.Put(ctx, code, g, now.Add(2*codeTTL)); err != nil {
		return "", err
	}
	trace.Annotate(ctx, func(t *trace.SignIn) {
		t.Email = s.Who.text("email")
		if direct(t, f.ClientID) {
			t.Outcome = trace.Code
		}
	})
	p := web.Params{{"code", code}}
	p.AddIf("state", f.State)
	return p.WithQuery(f.RedirectURI), nil
}

// direct tells whether the application of a sign-in is a client of Scalekit itself, with no Cognito between: then nobody
// named an app client before.
func direct(s *trace.SignIn, clientID string) bool {
	return s.Outcome != trace.Failed && s.ClientID == clientID
}

// end ends a session: its refresh tokens are worth nothing any more, and the clients that asked for it are told.
func (e *environment) end(ctx context.Context, s envSession) error {
	if err := e.sessions.Delete(ctx, s.ID); err != nil {
		return err
	}
	if err := e.browsers.Delete(ctx, s.Browser); err != nil {
		return err
	}
	e.happened(ctx, "user.logout", s.OrganizationID, s.UserID, "sid", s.ID, "email", s.Who.text("email"))
	return e.tellClients(ctx, s)
}
