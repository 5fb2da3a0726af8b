package mockcognito

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// usernameForm is what a user name may look like, as in the model of the user pools API.
var usernameForm = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$`)

// badUsername refuses a name that no user has.
func badUsername(name string) error {
	if usernameForm.MatchString(name) {
		return nil
	}
	return userpool.Errorf(userpool.InvalidParameter, "Username must have 1 to 128 letters, digits and other characters, and no spaces.") // Unverified: the text
}

// attributeField is the name of a field for an attribute.
func attributeField(name string) string { return "requiredAttributes[" + name + "]" }

// signUpAttributes are the attributes that the sign-up page asks for: those that the pool requires, and the addresses to
// which it sends codes, which the person may leave empty.
func signUpAttributes(p *userpool.Pool) []string {
	var out []string
	for _, name := range userpool.StandardAttributes() {
		asked := slices.Contains(p.Required(), name) || slices.Contains(p.AutoVerified, name)
		if asked && !(len(p.UsernameAttributes) == 1 && p.UsernameAttributes[0] == name) {
			out = append(out, name)
		}
	}
	return out
}

// attributeLabel is an attribute's name for a person: given_name is Given name.
func attributeLabel(name string) string {
	words := strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// attributeInput is the field for an attribute.
func attributeInput(name, value string) field {
	f := field{ID: name, Name: attributeField(name), Label: attributeLabel(name), Value: value, TestID: "cognito-attribute-" + name}
	switch name {
	case "email":
		f.Type, f.Autocomplete = "email", "email"
	case "phone_number":
		f.Type, f.Autocomplete, f.Hint = "tel", "tel", "With the country's code: +14155550100."
	case "given_name":
		f.Autocomplete = "given-name"
	case "family_name":
		f.Autocomplete = "family-name"
	case "name":
		f.Autocomplete = "name"
	case "birthdate":
		f.Hint = "As in 1990-12-31."
	}
	return f
}

func (s *Server) showSignUp(w http.ResponseWriter, _ *http.Request, req *pageRequest) error {
	return s.renderSignUp(w, req, said{})
}

func (s *Server) renderSignUp(w http.ResponseWriter, req *pageRequest, what said) error {
	if req.pool.AdminCreateUser.Only {
		what = said{Text: "SignUp is not permitted for this user pool", Code: string(signin.NotAuthorized), Bad: true, Explain: "Users of this pool are made by an administrator: AdminCreateUserConfig has AllowAdminCreateUserOnly."}
		return s.renderForm(w, req, formBody{TestID: "cognito-sign-up", Title: "Sign up", Said: what, Links: []link{{"Sign in", req.address(pageLogin), "cognito-to-login"}}})
	}
	name := field{ID: "username", Name: "username", Label: usernameLabel(req.pool.Pool), Value: req.form.Get("username"), Autocomplete: "username", TestID: "cognito-username", Required: true}
	if name.Label == "Email" {
		name.Type, name.Autocomplete = "email", "email"
	}
	fields := []field{name}
	for _, attribute := range signUpAttributes(req.pool.Pool) {
		f := attributeInput(attribute, req.form.Get(attributeField(attribute)))
		f.Required = slices.Contains(req.pool.Required(), attribute)
		fields = append(fields, f)
	}
	fields = append(fields, passwordField("Password", req.pool.Pool), againField("Confirm password"))
	return s.renderForm(w, req, formBody{
		TestID: "cognito-sign-up", Title: "Sign up", Lead: "Create an account for " + req.client.Name, Action: req.address(pageSignUp), Said: what,
		Fields: fields, Submit: "Sign up", Links: []link{{"Have an account already? Sign in", req.address(pageLogin), "cognito-to-login"}},
	})
}

// signUpForm makes the user, who then confirms the sign-up, or is signed in at once where nothing is to be confirmed.
func (s *Server) signUpForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	ctx, name := r.Context(), req.form.Get("username")
	err := badUsername(name)
	if err == nil {
		err = samePasswords(req)
	}
	var made *signin.Registered
	if err == nil {
		registration := signin.Registration{Username: name, Password: req.form.Get("password"), Attributes: map[string]string{}}
		for _, attribute := range signUpAttributes(req.pool.Pool) {
			registration.Attributes[attribute] = req.form.Get(attributeField(attribute))
		}
		made, err = s.engine.SignUp(ctx, req.caller(), registration)
	}
	if err != nil {
		return s.refused(r, err, func(what said) error { return s.renderSignUp(w, req, what) })
	}
	trace.Note(ctx, fmt.Sprintf("user %s has signed up, status %s", made.User.Username, made.User.Status))
	if made.User.Status == userpool.Confirmed {
		return s.resume(w, r, req, name)
	}
	a := attempt{Page: pageConfirm, Username: name, Proven: made.User.Sub}
	if made.Delivery != nil {
		a.Sent = made.Delivery.Destination
	}
	return s.toPage(w, r, req, a)
}

// resume goes on with the sign-in of a user whose password is known to be right.
func (s *Server) resume(w http.ResponseWriter, r *http.Request, req *pageRequest, name string) error {
	step, err := s.engine.Resume(r.Context(), req.caller(), name)
	if err == nil {
		return s.goOn(w, r, req, name, step)
	}
	what, ok := refusal(err)
	if !ok {
		return err
	}
	req.attempt.Username = name
	return s.toLoginWith(w, r, req, what)
}

// showConfirm asks for the code that confirms a sign-up. Who comes by the address alone types the user name too.
func (s *Server) showConfirm(w http.ResponseWriter, _ *http.Request, req *pageRequest) error {
	return s.renderConfirm(w, req, req.saidFor(pageConfirm))
}

func (s *Server) renderConfirm(w http.ResponseWriter, req *pageRequest, what said) error {
	body := formBody{
		TestID: "cognito-confirm", Title: "Confirm your account", Action: req.address(pageConfirm), Said: what, Submit: "Confirm account",
		Lead:  "Enter the code that was sent to you.",
		Links: []link{{"Back to sign in", req.address(pageLogin), "cognito-to-login"}},
	}
	a := req.attempt
	if a.Page == pageConfirm && a.Username != "" {
		if a.Sent != "" {
			body.Lead = "A code was sent to " + a.Sent + "."
		}
		body.Fields = []field{knownName(a.Username)}
		body.Other = &otherForm{Action: req.address(pageResend), Label: "Send a new code", TestID: "cognito-resend"}
	} else {
		body.Fields = []field{{ID: "username", Name: "username", Label: usernameLabel(req.pool.Pool), Value: req.form.Get("username"), Autocomplete: "username", TestID: "cognito-username", Required: true}}
	}
	body.Fields = append(body.Fields, codeField("Confirmation code"))
	body.Mock = noMail
	return s.renderForm(w, req, body)
}

func (s *Server) confirmForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	name := req.form.Get("username")
	err := badUsername(name)
	if err == nil {
		_, err = s.engine.ConfirmSignUp(r.Context(), req.caller(), signin.Confirmation{Username: name, Code: req.form.Get("code")})
	}
	if err != nil {
		return s.refused(r, err, func(what said) error { return s.renderConfirm(w, req, what) })
	}
	// Who proved the password in this browser is signed in; others have only shown that they can read the mail.
	if u := req.pool.Users.Find(name); u != nil && req.attempt.Proven == u.Sub {
		return s.resume(w, r, req, name)
	}
	req.attempt.Username = name
	return s.toLoginWith(w, r, req, said{Text: "Your account is confirmed. Sign in.", Code: "confirmed"})
}

func (s *Server) resendForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	a := req.attempt
	if a.Page != pageConfirm || a.Username == "" {
		return s.lost(w, r, req)
	}
	sent, err := s.engine.ResendConfirmationCode(r.Context(), req.caller(), a.Username)
	if err != nil {
		return s.refused(r, err, func(what said) error { return s.renderConfirm(w, req, what) })
	}
	a.Sent, a.Said = sent.Destination, said{Text: "A new code was sent.", Code: "sent"}
	return s.toPage(w, r, req, a)
}
