package mockcognito

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// factorLabels name second factors to a person.
var factorLabels = map[string]string{
	signin.SoftwareTokenMFA: "Authenticator app", signin.EmailOTP: "E-mail", signin.SMSMFA: "Text message",
}

// choices are the factors that a challenge lets the person choose of.
func (a attempt) choices() []string {
	var list []string
	for _, name := range []string{"MFAS_CAN_CHOOSE", "MFAS_CAN_SETUP"} {
		if a.Parameters[name] != "" && json.Unmarshal([]byte(a.Parameters[name]), &list) == nil {
			return list
		}
	}
	return nil
}

// beginSetUp takes the first step of a set-up that leaves no choice: an authenticator's secret is made.
func (s *Server) beginSetUp(ctx context.Context, a attempt) (attempt, error) {
	if !slices.Equal(a.choices(), []string{signin.SoftwareTokenMFA}) {
		return a, nil
	}
	return s.associate(ctx, a)
}

func (s *Server) associate(ctx context.Context, a attempt) (attempt, error) {
	secret, next, err := s.engine.AssociateInSession(ctx, a.Session)
	a.Secret, a.Session = secret, next
	return a, err
}

// showMFA shows what a second factor needs next: a code, a choice, or its set-up.
func (s *Server) showMFA(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	if !slices.Contains([]string{signin.SoftwareTokenMFA, signin.EmailOTP, signin.SMSMFA, signin.SelectMFAType, signin.MFASetup}, req.attempt.Challenge) {
		return s.lost(w, r, req)
	}
	return s.renderMFA(w, req, req.saidFor(pageMFA))
}

func (s *Server) renderMFA(w http.ResponseWriter, req *pageRequest, what said) error {
	a := req.attempt
	body := formBody{Action: req.address(pageMFA), Said: what, Submit: "Sign in", Links: []link{{"Back to sign in", req.address(pageLogin), "cognito-to-login"}}}
	switch {
	case a.Challenge == signin.SelectMFAType:
		body.TestID, body.Title, body.Lead, body.Submit = "cognito-mfa-select", "Choose how to sign in", "Your account has several second factors.", "Next"
		body.Options = factorOptions(a.choices())
	case a.Challenge == signin.MFASetup && a.Secret != "":
		body.TestID, body.Title, body.Lead = "cognito-mfa-setup", "Set up an authenticator app", "Add this key to an authenticator app, then enter the code that it shows."
		body.Secret, body.SecretURL = a.Secret, otpauth(req.pool.Name, a.Username, a.Secret)
		body.Fields = []field{codeField("Code from the app")}
	case a.Challenge == signin.MFASetup:
		body.TestID, body.Title, body.Lead, body.Submit = "cognito-mfa-setup-select", "Set up a second factor", "This sign-in needs a second factor.", "Next"
		body.Options = factorOptions(a.choices())
		if slices.Contains(a.choices(), signin.EmailOTP) {
			f := attributeInput("email", req.form.Get(attributeField("email")))
			f.Hint = "For codes by e-mail."
			body.Fields = []field{f}
		}
	case a.Challenge == signin.SoftwareTokenMFA:
		body.TestID, body.Title, body.Lead = "cognito-mfa", "Enter the code", "Enter the code that your authenticator app shows."
		body.Fields = []field{codeField("Code")}
	default:
		body.TestID, body.Title, body.Lead, body.Mock = "cognito-mfa", "Enter the code", "A code was sent to "+a.Sent+".", noMail
		body.Fields = []field{codeField("Code")}
	}
	return s.renderForm(w, req, body)
}

func factorOptions(factors []string) []option {
	out := make([]option, len(factors))
	for i, f := range factors {
		out[i] = option{Value: f, Label: factorLabels[f], Chosen: i == 0, TestID: "cognito-factor-" + f}
	}
	return out
}

// otpauth is the address by which an authenticator on the same device takes the key over (Key URI format).
func otpauth(issuer, name, secret string) templ.SafeURL {
	q := url.Values{"secret": {secret}, "issuer": {issuer}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + name, RawQuery: q.Encode()}
	return templ.SafeURL(u.String()) // the scheme is ours and the rest is escaped
}

func (s *Server) mfaForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	a := req.attempt
	if a.ID != req.form.Get("attempt") {
		return s.lost(w, r, req)
	}
	step, next, err := s.answerMFA(r.Context(), req)
	switch {
	case err == nil && step != nil:
		return s.goOn(w, r, req, a.Username, step)
	case err == nil:
		return s.toPage(w, r, req, next)
	case over(err):
		return s.overAgain(w, r, req, err)
	}
	return s.refused(r, err, func(what said) error { return s.renderMFA(w, req, what) })
}

// answerMFA answers the challenge with what the form has. Without a step the sign-in goes on with the attempt that it
// returns.
func (s *Server) answerMFA(ctx context.Context, req *pageRequest) (*signin.Step, attempt, error) {
	a, code := req.attempt, req.form.Get("code")
	in := map[string]string{"USERNAME": a.Username}
	switch a.Challenge {
	case signin.SoftwareTokenMFA, signin.EmailOTP, signin.SMSMFA:
		in[a.Challenge+"_CODE"] = code
	case signin.SelectMFAType:
		in["ANSWER"] = req.form.Get("factor")
	case signin.MFASetup:
		if a.Secret == "" && req.form.Get("factor") == signin.SoftwareTokenMFA && slices.Contains(a.choices(), signin.SoftwareTokenMFA) {
			next, err := s.associate(ctx, a)
			return nil, next, err
		}
		if a.Secret == "" {
			if in["EMAIL"] = req.form.Get(attributeField("email")); in["EMAIL"] == "" {
				return nil, a, userpool.Errorf(userpool.InvalidParameter, "Enter an e-mail address.")
			}
			break
		}
		next, err := s.engine.VerifyInSession(ctx, a.Session, code)
		if err != nil {
			return nil, a, err
		}
		a.Session = next
	default:
		return nil, a, userpool.Errorf(signin.NotAuthorized, "%s", "Invalid session for the user.")
	}
	step, err := s.engine.Respond(ctx, req.caller(), a.Challenge, a.Session, in)
	return step, a, err
}

// overAgain begins again at the login page when a challenge cannot be answered any more.
func (s *Server) overAgain(w http.ResponseWriter, r *http.Request, req *pageRequest, err error) error {
	what, _ := refusal(err)
	what.Explain = fmt.Sprintf("The sign-in of %q is over (%s); it begins again.", req.attempt.Username, what.Code)
	return s.toLoginWith(w, r, req, what)
}
