package idp

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
	"github.com/ssolab/ssolab/internal/saml"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// Steps of the sign-in pages.
const (
	stepPassword = "password" // and, with the quirk idp-mfa-one-step, the code beside it
	stepCode     = "code"
	stepPush     = "push"
	stepExpired  = "expired"
	stepConsent  = "consent"
)

// signinPage is the data of pages/signin.html.
type signinPage struct {
	Action, RequestID, Provider string
	Words                       words
	Organization                string
	Step                        string
	Username, Password, Code    string
	AskCode, Known              bool
	Number, Approve             string
	Problem                     string
	Outcomes                    []OutcomeInfo
	Outcome                     Outcome
}

func (p signinPage) heading() string {
	switch p.Step {
	case stepCode:
		return "Verify it is you"
	case stepPush:
		return "Approve on your phone"
	case stepExpired:
		return "Your password has expired"
	case stepConsent:
		return p.Organization + " asks for your data"
	}
	return p.Words.Heading + " to " + p.Organization
}

// login serves the sign-in pages of the providers with a character.
func (p provider) login(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, req, app, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return p.renderSignin(w, r, http.StatusOK, req, app, req.LoginHint, "")
	}
	step := p.passwordStep
	switch req.Step {
	case stepCode:
		step = p.codeStep
	case stepPush:
		step = p.pushStep
	case stepExpired:
		step = p.expiredStep
	case stepConsent:
		step = p.consentStep
	}
	problem, err := step(ctx, &req, v)
	if err != nil {
		return err
	}
	username := req.Who
	if username == "" {
		username = strings.TrimSpace(v.Get("username"))
	}
	if problem != "" {
		trace.Note(ctx, "asked again: "+problem)
		if err := p.keep(ctx, req); err != nil {
			return err
		}
		return p.renderSignin(w, r, http.StatusUnauthorized, req, app, username, problem)
	}
	return p.goOn(w, r, req, app)
}

// goOn asks for what is still missing, or ends the sign-in.
func (p provider) goOn(w http.ResponseWriter, r *http.Request, req request, app Application) error {
	ctx := r.Context()
	who, err := p.person(ctx, req.Who)
	if err != nil {
		return err
	}
	if who.Email == "" {
		return refuse("invalid_request", "", "The person was deleted during the sign-in. Start again from the application.")
	}
	switch o := p.outcomeOf(req, who); o {
	case Success, NoEmail, ForeignEmail:
	case ExpiredPassword:
		if !req.Changed {
			return p.ask(w, r, req, app, stepExpired)
		}
	case NeedsConsent:
	case MFADenied, ConsentDenied, NotAssigned, Denied, AccountLocked, AccountDisabled, NotCompleted, ServerError:
		return p.refused(w, r, req, app, o)
	}
	if len(req.Methods) < 2 && who.factor() != NoMFA {
		if who.factor() == Push {
			req.Number = fmt.Sprintf("%02d", p.kit.Env.Bytes(1)[0]%90+10)
			return p.ask(w, r, req, app, stepPush)
		}
		return p.ask(w, r, req, app, stepCode)
	}
	asks, err := p.asksConsent(ctx, who, app)
	if err != nil {
		return err
	}
	if (asks || req.Outcome == NeedsConsent) && !req.Agreed {
		return p.ask(w, r, req, app, stepConsent)
	}
	return p.end(w, r, req, app, who)
}

// outcomeOf is how the sign-in ends: as was chosen or ordered, or as the person's state says.
func (p provider) outcomeOf(req request, who Person) Outcome {
	switch {
	case req.Outcome != Success:
		return req.Outcome
	case who.State == Locked:
		return AccountLocked
	case who.State == Disabled:
		return AccountDisabled
	case who.State == PasswordExpired:
		return ExpiredPassword
	case who.Unassigned:
		return NotAssigned
	}
	return Success
}

// ask keeps the request at a step and shows its page.
func (p provider) ask(w http.ResponseWriter, r *http.Request, req request, app Application, step string) error {
	req.Step = step
	if err := p.keep(r.Context(), req); err != nil {
		return err
	}
	return p.renderSignin(w, r, http.StatusOK, req, app, req.Who, "")
}

// end answers the application: somebody is signed in.
func (p provider) end(w http.ResponseWriter, r *http.Request, req request, app Application, who Person) error {
	ctx := r.Context()
	if err := p.take(ctx, req); err != nil {
		return err
	}
	now := p.kit.Env.Now()
	if err := p.remember(w, r, p.name, session{Email: who.Email, Methods: req.Methods, AuthTime: now}); err != nil {
		return err
	}
	return p.answer(ctx, w, req, app, p.describe(who, app, now, req.Outcome))
}

// describe is what an identity provider says of a person.
func (p provider) describe(who Person, app Application, at time.Time, o Outcome) profile {
	out := profile{
		Subject: who.Subject, Email: who.Email, GivenName: who.GivenName, FamilyName: who.FamilyName, Attributes: who.Attributes, Groups: who.Groups,
		AuthTime: at, Connection: app.ConnectionID,
	}
	if out.Subject == "" {
		out.Subject = p.subject(app.ConnectionID, who.Email)
	}
	switch o {
	case NoEmail:
		out.Name, out.Email = who.Email, ""
	case ForeignEmail:
		out.Name, out.Email = who.Email, strings.SplitN(who.Email, "@", 2)[0]+"@elsewhere.test"
	}
	return out
}

// refused ends a sign-in badly, in the provider's own way.
func (p provider) refused(w http.ResponseWriter, r *http.Request, req request, app Application, o Outcome) error {
	ctx := r.Context()
	v := p.verdict(o, req.Protocol)
	if v.Stay {
		if err := p.take(ctx, req); err != nil {
			return err
		}
		trace.Fail(ctx, "The identity provider kept "+req.Who+" at its page: "+v.Message)
		return p.renderStopped(w, http.StatusForbidden, app, req, "You cannot sign in", v.Message)
	}
	if err := p.take(ctx, req); err != nil {
		return err
	}
	trace.Note(ctx, fmt.Sprintf("refused %s: %s", req.Who, o))
	if req.Protocol == SAML {
		status := saml.Status{Code: saml.StatusResponder, Sub: v.SAMLCode, Message: v.Message}
		if o == NotCompleted {
			status.Sub = saml.StatusAuthnFailed
		}
		return p.respondError(ctx, w, req, app, status)
	}
	if o == NotCompleted {
		return p.sendNothing(w, req)
	}
	return req.answer().Send(refuse(string(v.Code), v.Message, fmt.Sprintf("The identity provider refused %s: %s. %s.", req.Who, v.Code, v.Message)))
}

// passwordStep checks user name and password, and the code where it is asked for on the same page.
func (p provider) passwordStep(ctx context.Context, req *request, v url.Values) (problem string, err error) {
	if chosen := Outcome(v.Get("outcome")); chosen != Success && known(chosen) {
		req.Outcome = chosen
	}
	who, err := p.person(ctx, v.Get("username"))
	if err != nil {
		return "", err
	}
	if who.Email == "" || who.Password == "" || !oauth2.SameSecret(v.Get("password"), who.Password) {
		return p.words.Wrong, nil
	}
	if p.oneStep() && who.factor() == TOTP {
		if problem, err := p.checkCode(ctx, *req, who, v.Get("code")); problem != "" || err != nil {
			return problem, err
		}
		req.Methods = []string{"pwd", "otp", "mfa"}
	} else {
		req.Methods = []string{"pwd"}
	}
	req.Who = who.Email
	if req.Outcome == Success {
		if req.Outcome, err = p.takeOrder(ctx, who.Email); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (p *Party) oneStep() bool { return p.kit.Quirks.On("idp-mfa-one-step") }

// codeStep checks the code of an authenticator app.
func (p provider) codeStep(ctx context.Context, req *request, v url.Values) (problem string, err error) {
	who, err := p.person(ctx, req.Who)
	if err != nil {
		return "", err
	}
	if problem, err := p.checkCode(ctx, *req, who, v.Get("code")); problem != "" || err != nil {
		return problem, err
	}
	req.Methods = []string{"pwd", "otp", "mfa"}
	return "", nil
}

// checkCode verifies a TOTP code and says what is wrong with it. A code is good once; the one that the page itself
// filled in belongs to this request alone and does not use it up for others.
func (p *Party) checkCode(ctx context.Context, req request, who Person, code string) (problem string, err error) {
	key, err := totpKey(who.TOTPSecret)
	if err != nil {
		return "", err
	}
	counter, ok := verifyTOTP(key, strings.TrimSpace(code), p.kit.Env.Now())
	if !ok {
		return "The code is wrong or too old. Enter the code that the authenticator app shows now.", nil
	}
	if counter == req.Offered {
		return "", nil
	}
	errUsed := errors.New("used")
	err = p.usedCodes.Update(ctx, fmt.Sprintf("%s|%d", personKey(who.Email), counter), func(used *time.Time) (*time.Time, error) {
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

// Answers of the phone.
const (
	pushApprove = "approve"
	pushDeny    = "deny"
)

// pushStep looks what the phone said. The page has the phone's two buttons beside it.
func (p provider) pushStep(_ context.Context, req *request, v url.Values) (problem string, err error) {
	switch v.Get("push") {
	case pushApprove:
		req.Methods = []string{"pwd", "swk", "mfa"}
	case pushDeny:
		req.Outcome = MFADenied
	default:
		return "The phone has not answered yet. Approve there, then go on here.", nil
	}
	return "", nil
}

// expiredStep takes a new password.
func (p provider) expiredStep(ctx context.Context, req *request, v url.Values) (problem string, err error) {
	next := v.Get("new_password")
	switch {
	case next != v.Get("repeat_password"):
		return "The two new passwords are not the same.", nil
	case len([]rune(next)) < 8 || len(next) > 256:
		return "A password has at least 8 characters, and not too many.", nil
	}
	req.Changed = true
	return "", p.setState(ctx, req.Who, Active, next)
}

// asksConsent tells whether the person has to agree that the application is told about them.
func (p provider) asksConsent(ctx context.Context, who Person, app Application) (bool, error) {
	if !who.Consent {
		return false, nil
	}
	_, err := p.consents.Get(ctx, consentKey(who.Email, app))
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func consentKey(email string, app Application) string {
	return personKey(email) + "|" + app.ConnectionID
}

// consentStep takes the person's answer.
func (p provider) consentStep(ctx context.Context, req *request, v url.Values) (problem string, err error) {
	if v.Get("consent") != "allow" {
		req.Outcome = ConsentDenied
		return "", nil
	}
	req.Agreed = true
	app, ok := p.apps.ByConnection(req.ConnectionID)
	if !ok {
		return "", nil
	}
	return "", p.consents.Put(ctx, consentKey(req.Who, app), p.kit.Env.Now(), time.Time{})
}

// renderSignin shows the page of a step.
func (p provider) renderSignin(w http.ResponseWriter, r *http.Request, status int, req request, app Application, username, problem string) error {
	page := signinPage{
		Action: p.loginPath(), RequestID: req.ID, Provider: p.name, Words: p.words, Organization: app.Name, Step: req.Step, Username: username,
		Number: req.Number, Problem: problem, Outcomes: Outcomes(), Outcome: req.Outcome,
	}
	if page.Step == "" {
		page.Step = stepPassword
	}
	who, err := p.person(r.Context(), username)
	if err != nil {
		return err
	}
	page.Known = who.Email != ""
	if p.oneStep() {
		page.AskCode = page.Step == stepPassword && (who.factor() == TOTP || !page.Known)
		page.Password = who.Password
		if who.factor() == TOTP && slices.Contains([]string{stepPassword, stepCode}, page.Step) {
			if page.Code, err = p.offerCode(r.Context(), req, who); err != nil {
				return err
			}
		}
	}
	return look.Render(w, status, look.Page{Party: "idp", Title: p.words.Heading + " · " + app.Name, Strip: p.strip(app.Name)}, signinView(page))
}

// offerCode is the code that the authenticator app shows now, for the page to fill in.
func (p provider) offerCode(ctx context.Context, req request, who Person) (string, error) {
	key, err := totpKey(who.TOTPSecret)
	if err != nil {
		return "", err
	}
	req.Offered = totpCounter(p.kit.Env.Now())
	return totp(key, req.Offered), p.keep(ctx, req)
}

// stoppedPage is the data of stoppedView.
type stoppedPage struct {
	Heading, Message, Organization string
	Code                           string
}

// renderStopped shows that the person goes no further.
func (p provider) renderStopped(w http.ResponseWriter, status int, app Application, req request, heading, message string) error {
	code := ""
	if status >= 400 {
		code = string(req.Outcome)
	}
	return look.Render(w, status, look.Page{Party: "idp", Title: heading, Strip: p.strip(app.Name)},
		stoppedView(stoppedPage{Heading: heading, Message: message, Organization: app.Name, Code: code}))
}
