package mockscalekit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// oktaPage is the data of pages/okta.html.
type oktaPage struct {
	RequestID    string
	Organization string
	Username     string
	Password     string
	Code         string
	AskPassword  bool
	AskCode      bool
	Problem      string
}

// okta serves the sign-in page of the Okta-like provider: password, then a code of an authenticator app. With the quirk
// idp-mfa-one-step both are on one page and filled in for a known person.
func (p idp) okta(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, req, client, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return p.renderOkta(w, r, http.StatusOK, req, client, req.LoginHint, "")
	}
	username := strings.TrimSpace(v.Get("username"))
	if req.PasswordOf != "" {
		username = req.PasswordOf
	}
	who, err := p.person(ctx, username)
	if err != nil {
		return err
	}
	if req.PasswordOf == "" {
		if who.Password == "" || !oauth2.SameSecret(v.Get("password"), who.Password) {
			return p.askAgain(w, r, req, client, username, "Unable to sign in: unknown username or wrong password. Check both and try again.")
		}
		if who.TOTPSecret != "" && !p.oneStep() {
			req.PasswordOf = who.Email
			if err := p.keep(ctx, req); err != nil {
				return err
			}
			return p.renderOkta(w, r, http.StatusOK, req, client, username, "")
		}
	}
	if who.TOTPSecret != "" {
		problem, err := p.checkCode(ctx, req, who, strings.TrimSpace(v.Get("code")))
		if err != nil {
			return err
		}
		if problem != "" {
			return p.askAgain(w, r, req, client, username, problem)
		}
	}
	return p.finish(w, r, req, idpProfile{
		Subject: p.subject(client.ConnectionID, who.Email, who), Email: who.Email,
		GivenName: who.GivenName, FamilyName: who.FamilyName, Attributes: who.Attributes,
	})
}

func (p idp) oneStep() bool { return p.kit.Quirks.On("idp-mfa-one-step") }

func (p idp) askAgain(w http.ResponseWriter, r *http.Request, req idpRequest, client registration, username, problem string) error {
	trace.Note(r.Context(), "asked again: "+problem)
	return p.renderOkta(w, r, http.StatusUnauthorized, req, client, username, problem)
}

// checkCode verifies a TOTP code and says what is wrong with it. A code is good once; the one that the page itself
// filled in belongs to this request alone and does not use it up for others.
func (p idp) checkCode(ctx context.Context, req idpRequest, who Person, code string) (problem string, err error) {
	key, err := totpKey(who.TOTPSecret)
	if err != nil {
		return "", err
	}
	counter, ok := verifyTOTP(key, code, p.kit.Env.Now())
	if !ok {
		return "The code is wrong or too old. Enter the code that the authenticator app shows now.", nil
	}
	if counter == req.Offered {
		return "", nil
	}
	errUsed := errors.New("used")
	name := fmt.Sprintf("%s|%d", strings.ToLower(who.Email), counter)
	err = p.usedCodes.Update(ctx, name, func(used *time.Time) (*time.Time, error) {
		if used != nil {
			return nil, errUsed
		}
		now := p.kit.Env.Now()
		return &now, nil
	})
	if errors.Is(err, errUsed) {
		return "The code was used already. Wait until the authenticator app shows the next one.", nil
	}
	return "", err
}

// keep stores what a step has changed in the request.
func (p idp) keep(ctx context.Context, req idpRequest) error {
	err := p.requests.Update(ctx, req.ID, func(old *idpRequest) (*idpRequest, error) {
		if old == nil {
			return nil, store.ErrNotFound
		}
		return &req, nil
	})
	return gone(err)
}

func (p idp) renderOkta(w http.ResponseWriter, r *http.Request, status int, req idpRequest, client registration, username, problem string) error {
	page := oktaPage{
		RequestID: req.ID, Organization: client.Organization, Username: username, Problem: problem,
		AskPassword: req.PasswordOf == "", AskCode: req.PasswordOf != "" || p.oneStep(),
	}
	if p.oneStep() {
		who, err := p.person(r.Context(), username)
		if err != nil {
			return err
		}
		page.Password = who.Password
		if who.TOTPSecret != "" {
			key, err := totpKey(who.TOTPSecret)
			if err != nil {
				return err
			}
			req.Offered = totpCounter(p.kit.Env.Now())
			if err := p.keep(r.Context(), req); err != nil {
				return err
			}
			page.Code = totp(key, req.Offered)
		}
	}
	return p.pages.Render(w, status, "okta", look.Page{
		Party: "idp", Title: "Sign in · " + client.Organization, Strip: p.strip(client.Organization), Body: page,
	})
}
