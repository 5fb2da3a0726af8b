package mockcognito

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

func (s *Server) showForgot(w http.ResponseWriter, _ *http.Request, req *pageRequest) error {
	return s.renderForgot(w, req, said{})
}

func (s *Server) renderForgot(w http.ResponseWriter, req *pageRequest, what said) error {
	label := usernameLabel(req.pool.Pool)
	return s.renderForm(w, req, formBody{
		TestID: "cognito-forgot-password", Title: "Forgot your password?", Lead: "Enter your " + strings.ToLower(label[:1]) + label[1:] + ", and a code to reset the password will be sent to you.",
		Action: req.address(pageForgot), Said: what, Submit: "Reset my password",
		Fields: []field{{ID: "username", Name: "username", Label: label, Value: firstNonEmpty(req.form.Get("username"), req.loginHint), Autocomplete: "username", TestID: "cognito-username", Required: true}},
		Links:  []link{{"Back to sign in", req.address(pageLogin), "cognito-to-login"}},
	})
}

// forgotForm sends the code, or seems to.
func (s *Server) forgotForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	name := req.form.Get("username")
	err := badUsername(name)
	var sent *signin.Delivery
	if err == nil {
		sent, err = s.engine.ForgotPassword(r.Context(), req.caller(), name)
	}
	if err != nil {
		return s.refused(r, err, func(what said) error { return s.renderForgot(w, req, what) })
	}
	return s.toPage(w, r, req, attempt{Page: pageReset, Username: name, Sent: sent.Destination})
}

func (s *Server) showReset(w http.ResponseWriter, _ *http.Request, req *pageRequest) error {
	return s.renderReset(w, req, req.saidFor(pageReset))
}

func (s *Server) renderReset(w http.ResponseWriter, req *pageRequest, what said) error {
	body := formBody{
		TestID: "cognito-reset-password", Title: "Reset your password", Lead: "Enter the code that was sent to you, and a new password.", Action: req.address(pageReset), Said: what,
		Submit: "Change password", Mock: noMail,
		Links: []link{{"Send a new code", req.address(pageForgot), "cognito-forgot-again"}, {"Back to sign in", req.address(pageLogin), "cognito-to-login"}},
	}
	if a := req.attempt; a.Page == pageReset && a.Username != "" {
		if a.Sent != "" {
			body.Lead = "A code to reset the password was sent to " + a.Sent + "."
		}
		body.Fields = []field{knownName(a.Username)}
	} else {
		body.Fields = []field{{ID: "username", Name: "username", Label: usernameLabel(req.pool.Pool), Value: req.form.Get("username"), Autocomplete: "username", TestID: "cognito-username", Required: true}}
	}
	body.Fields = append(body.Fields, codeField("Code"), passwordField("New password", req.pool.Pool), againField("Confirm new password"))
	return s.renderForm(w, req, body)
}

func (s *Server) resetForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	name := req.form.Get("username")
	err := badUsername(name)
	if err == nil {
		err = samePasswords(req)
	}
	if err == nil {
		err = s.engine.ConfirmForgotPassword(r.Context(), req.caller(), name, req.form.Get("code"), req.form.Get("password"))
	}
	if err != nil {
		return s.refused(r, err, func(what said) error { return s.renderReset(w, req, what) })
	}
	req.attempt.Username = name
	return s.toLoginWith(w, r, req, said{Text: "Your password was changed. Sign in with it.", Code: "password_changed"})
}

// showNewPassword asks who was made by an administrator for a password of his own, and for required attributes.
func (s *Server) showNewPassword(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	if req.attempt.Challenge != signin.NewPasswordRequired {
		return s.lost(w, r, req)
	}
	return s.renderNewPassword(w, req, req.saidFor(pagePassword))
}

// wantedAttributes are those that NEW_PASSWORD_REQUIRED asks for.
func (a attempt) wantedAttributes() []string {
	var list []string
	if json.Unmarshal([]byte(a.Parameters["requiredAttributes"]), &list) != nil {
		return nil
	}
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], "userAttributes.")
	}
	slices.Sort(list)
	return list
}

func (s *Server) renderNewPassword(w http.ResponseWriter, req *pageRequest, what said) error {
	fields := []field{knownName(req.attempt.Username), passwordField("New password", req.pool.Pool), againField("Confirm new password")}
	for _, name := range req.attempt.wantedAttributes() {
		f := attributeInput(name, req.form.Get(attributeField(name)))
		f.Required = true
		fields = append(fields, f)
	}
	return s.renderForm(w, req, formBody{
		TestID: "cognito-new-password-required", Title: "Change password", Lead: "Choose a password of your own to go on.", Action: req.address(pagePassword), Said: what,
		Fields: fields, Submit: "Change password", Links: []link{{"Back to sign in", req.address(pageLogin), "cognito-to-login"}},
	})
}

func (s *Server) newPasswordForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	a := req.attempt
	if a.Challenge != signin.NewPasswordRequired || a.ID != req.form.Get("attempt") {
		return s.lost(w, r, req)
	}
	if err := samePasswords(req); err != nil {
		return s.refused(r, err, func(what said) error { return s.renderNewPassword(w, req, what) })
	}
	in := map[string]string{"USERNAME": a.Username, "NEW_PASSWORD": req.form.Get("password")}
	for _, name := range a.wantedAttributes() {
		in["userAttributes."+name] = req.form.Get(attributeField(name))
	}
	step, err := s.engine.Respond(r.Context(), req.caller(), a.Challenge, a.Session, in)
	switch {
	case err == nil:
		return s.goOn(w, r, req, a.Username, step)
	case over(err):
		return s.overAgain(w, r, req, err)
	}
	return s.refused(r, err, func(what said) error { return s.renderNewPassword(w, req, what) })
}

// samePasswords wants a password typed the same twice.
func samePasswords(req *pageRequest) error {
	if req.form.Get("password") != req.form.Get("confirm_password") {
		return userpool.Errorf(userpool.InvalidPassword, "The passwords are not the same.") // the real pages say so by script
	}
	return nil
}
