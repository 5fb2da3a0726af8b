package idp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// browser is who is signed in in one browser, by identity provider.
type browser struct {
	At map[string]session
}

// session is a person's session at one identity provider.
type session struct {
	Email    string
	Methods  []string
	AuthTime time.Time
}

const (
	cookieName = "ssolab-idp"
	sessionTTL = 12 * time.Hour
)

// sessionOf returns the browser's session at an identity provider. The simulator keeps none.
func (p *Party) sessionOf(r *http.Request, name string) (session, bool, error) {
	id := p.cookies.Get(r, cookieName)
	if id == "" || name == Simulator || !p.kit.Quirks.On("idp-sessions") {
		return session{}, false, nil
	}
	b, err := p.sessions.Get(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrKeyTooLong) {
		return session{}, false, nil
	}
	s, ok := b.At[name]
	return s, ok, err
}

// remember keeps a session of the browser.
func (p *Party) remember(w http.ResponseWriter, r *http.Request, name string, s session) error {
	if name == Simulator || !p.kit.Quirks.On("idp-sessions") {
		return nil
	}
	ctx := r.Context()
	id := p.cookies.Get(r, cookieName)
	b, err := p.sessions.Get(ctx, id)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrKeyTooLong) {
			return err
		}
		id, b = p.kit.Env.Token(18), browser{}
		p.cookies.Set(w, cookieName, id, 0, http.SameSiteNoneMode)
	}
	if b.At == nil {
		b.At = map[string]session{}
	}
	b.At[name] = s
	return p.sessions.Put(ctx, id, b, p.kit.Env.Now().Add(sessionTTL))
}

// forget ends the browser's session at one identity provider.
func (p *Party) forget(r *http.Request, name string) error {
	id := p.cookies.Get(r, cookieName)
	err := p.sessions.Update(r.Context(), id, func(b *browser) (*browser, error) {
		if b != nil {
			delete(b.At, name)
		}
		return b, nil
	})
	if errors.Is(err, store.ErrKeyTooLong) {
		return nil
	}
	return err
}

// answerFromSession answers a request of an application when the browser has a session and nothing asks for more: another person
// hinted at, a prompt, a policy, an ordered outcome.
func (p provider) answerFromSession(w http.ResponseWriter, r *http.Request, req request, app Application) (bool, error) {
	ctx := r.Context()
	s, ok, err := p.sessionOf(r, p.name)
	if err != nil {
		return false, err
	}
	hinted := req.LoginHint != "" && !strings.EqualFold(req.LoginHint, s.Email)
	usable := ok && !hinted && !slices.Contains(req.Prompt, "login") && !slices.Contains(req.Prompt, "select_account")
	if usable {
		who, err := p.person(ctx, s.Email)
		if err != nil {
			return false, err
		}
		orders, err := p.orders.Get(ctx, personKey(s.Email))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		asksConsent, err := p.asksConsent(ctx, who, app)
		if err != nil {
			return false, err
		}
		if who.Email != "" && (who.State == "" || who.State == Active) && !who.Unassigned && orders.Outcome == Success && !asksConsent {
			req.Methods = s.Methods
			trace.Note(ctx, "answered from the session of "+s.Email+" at the identity provider")
			return true, p.answer(ctx, w, req, app, p.describe(who, app, s.AuthTime, Success))
		}
	}
	if slices.Contains(req.Prompt, "none") {
		return true, p.nobody(ctx, w, req, app)
	}
	return false, nil
}

// nobody answers a request that must not ask.
func (p provider) nobody(ctx context.Context, w http.ResponseWriter, req request, app Application) error {
	if req.Protocol == SAML {
		return p.respondError(ctx, w, req, app, saml.Status{Code: saml.StatusResponder, Sub: saml.StatusNoPassive})
	}
	return req.answer().Send(refuse(string(oauth2.LoginRequired), "Nobody is signed in", "The request says prompt=none, but nobody is signed in at the identity provider."))
}

// answer ends a sign-in well.
func (p provider) answer(ctx context.Context, w http.ResponseWriter, req request, app Application, who profile) error {
	if req.Protocol == SAML {
		return p.respond(ctx, w, req, app, who)
	}
	return p.giveCode(ctx, w, req, who)
}
