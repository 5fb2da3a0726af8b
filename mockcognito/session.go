package mockcognito

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/trace"
)

// Cookies of a domain. Session values are opaque ids into the store.
const (
	cookieSession   = "cognito"
	cookieXSRF      = "XSRF-TOKEN"
	cookieCSRFState = "csrf-state"
	cookieCSRFOld   = "csrf-state-legacy" // the same for browsers that reject SameSite=None
	cookieFL        = "cognito-fl"        // of the login page; an empty JSON list in base64
)

// sessionLifetime is fixed; reuse does not extend it.
const sessionLifetime = time.Hour

// session is a person signed in at a domain.
type session struct {
	PoolID   string    `json:"p"`
	Username string    `json:"u"`
	Sub      string    `json:"s"`
	Provider string    `json:"i"` // how the person signed in; COGNITO for the pool's own directory
	AuthTime time.Time `json:"t"`
}

// startSession sets the session cookie. It is a new one at each sign-in.
func (s *Server) startSession(ctx context.Context, w http.ResponseWriter, p *pool, u *user, provider string) error {
	id := s.kit.Env.Token(24)
	now := s.kit.Env.Now()
	err := s.sessions.Put(ctx, id, session{PoolID: p.ID, Username: u.Username, Sub: u.Sub, Provider: provider, AuthTime: now}, now.Add(sessionLifetime))
	if err != nil {
		return err
	}
	p.cookies.Set(w, cookieSession, id, sessionLifetime, http.SameSiteLaxMode)
	return nil
}

// currentSession returns the session of the request's cookie. One that we did not issue, or that is over, is none.
func (s *Server) currentSession(r *http.Request, p *pool) (session, bool) {
	id := p.cookies.Get(r, cookieSession)
	if id == "" {
		return session{}, false
	}
	se, err := s.sessions.Get(r.Context(), id)
	return se, err == nil && se.PoolID == p.ID
}

// endSession deletes the session and its cookie.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request, p *pool) error {
	id := p.cookies.Get(r, cookieSession)
	if id == "" {
		return nil
	}
	return s.kit.Faults.Run(r.Context(),
		fault.Check{Point: "cognito.logout.cookie", Run: func() error {
			p.cookies.Clear(w, cookieSession, http.SameSiteLaxMode)
			return nil
		}},
		fault.Check{Point: "cognito.logout.session", Run: func() error { return s.sessions.Delete(r.Context(), id) }},
	)
}

// reuseSession answers with a code at once when the browser has a session that serves the request: of the same
// authentication method, through a provider that the client may use, and not waived by prompt=login.
func (s *Server) reuseSession(ctx context.Context, w http.ResponseWriter, r *http.Request, req *authorizationRequest) (bool, error) {
	if slices.Contains(req.prompt, "login") {
		return false, nil
	}
	se, ok := s.currentSession(r, req.pool)
	if !ok || !slices.Contains(req.client.IdentityProviders, se.Provider) {
		return false, nil
	}
	if req.provider != "" && req.provider != se.Provider {
		return false, nil
	}
	if idp := req.pool.ProviderOfIdentifier(req.identifier); req.identifier != "" && (idp == nil || idp.Name != se.Provider) {
		return false, nil
	}
	if age, err := strconv.Atoi(req.maxAge); err == nil && !s.kit.Quirks.On(quirkMaxAgeIgnored) && s.kit.Env.Now().Sub(se.AuthTime) > time.Duration(age)*time.Second {
		return false, nil
	}
	u := req.pool.Users.Get(se.Username)
	if u == nil || u.Sub != se.Sub || u.Disabled {
		return false, nil // the profile was deleted or disabled since
	}
	trace.Note(ctx, fmt.Sprintf("reused the session of %s from %s: no identity provider was asked, and login_hint changes nothing", u.Username, se.AuthTime.UTC().Format(time.RFC3339)))
	err := s.issue(ctx, w, issueRequest{
		pool: req.pool, client: req.client, user: u, redirectURI: req.redirectURI, responseType: req.responseType, scopes: req.scopes,
		state: req.state, hasState: req.hasState, nonce: req.nonce, challenge: req.challenge, authTime: se.AuthTime, resource: req.resource,
	})
	return true, err
}

// setXSRF gives an answer of the domain of that client its XSRF-TOKEN cookie.
func (s *Server) setXSRF(w http.ResponseWriter, r *http.Request, clientID string) string {
	p, _ := s.clientOf(r, clientID)
	if p == nil {
		p = s.poolOfHost(r)
	}
	if p == nil {
		return ""
	}
	return s.setXSRFOf(w, r, p)
}

// poolOfHost is the pool whose domain the request came to; nil where one origin serves several.
func (s *Server) poolOfHost(r *http.Request) *pool {
	now := s.live()
	if now.hosts.combined {
		return nil
	}
	return now.pools[now.hosts.domains[r.Host]]
}

// setXSRFOf gives each answer of a pool's domain its XSRF-TOKEN cookie.
func (s *Server) setXSRFOf(w http.ResponseWriter, r *http.Request, p *pool) string {
	token := p.cookies.Get(r, cookieXSRF)
	if len(token) != 36 {
		token = s.kit.Env.UUID()
	}
	p.cookies.Set(w, cookieXSRF, token, 0, http.SameSiteLaxMode)
	return token
}
