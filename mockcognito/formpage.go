package mockcognito

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// formBody is a page with one form.
type formBody struct {
	TestID    string
	Title     string
	Lead      string
	Said      said
	Action    string // empty: there is nothing to send
	CSRF      string
	Attempt   string
	Fields    []field
	Options   []option
	Secret    string        // of an authenticator, to be typed
	SecretURL templ.SafeURL // the same for an app on this device
	Submit    string
	Other     *otherForm
	Links     []link
	Mock      string // the mock's own sentence
	Classic   bool   // the hosted UI, not managed login
}

type field struct {
	ID, Name, Label, Type, Value, Autocomplete, Hint, TestID string
	Numeric, Required, ReadOnly                              bool
}

type option struct {
	Value, Label, TestID string
	Chosen               bool
}

type link struct{ Label, Address, TestID string }

// otherForm is a second thing to do on a page, which takes no input.
type otherForm struct{ Action, Label, TestID string }

// noMail is where a code is that a person waits for in vain.
const noMail = "This mock sends no mail. The code is in the lab's log, on its console, and in the control API under messages."

func codeField(label string) field {
	return field{ID: "code", Name: "code", Label: label, Autocomplete: "one-time-code", Numeric: true, Required: true, TestID: "cognito-code"}
}

// knownName shows the user name that the form is about, and lets password managers see it.
func knownName(name string) field {
	return field{ID: "username", Name: "username", Label: "Account", Value: name, Autocomplete: "username", ReadOnly: true, TestID: "cognito-username"}
}

func passwordField(label string, p *userpool.Pool) field {
	return field{ID: "password", Name: "password", Label: label, Type: "password", Autocomplete: "new-password", Hint: policyText(p.Passwords()), Required: true, TestID: "cognito-password"}
}

func againField(label string) field {
	return field{ID: "confirm_password", Name: "confirm_password", Label: label, Type: "password", Autocomplete: "new-password", Required: true, TestID: "cognito-password-again"}
}

// policyText says what a password has to be like.
func policyText(p userpool.PasswordPolicy) string {
	minimum := p.MinimumLength
	if minimum == 0 {
		minimum = userpool.DefaultPasswordPolicy().MinimumLength
	}
	var wants []string
	for _, class := range []struct {
		wanted bool
		words  string
	}{{p.Lowercase, "a lower case letter"}, {p.Uppercase, "an upper case letter"}, {p.Numbers, "a digit"}, {p.Symbols, "a symbol"}} {
		if class.wanted {
			wants = append(wants, class.words)
		}
	}
	text := fmt.Sprintf("At least %d characters", minimum)
	switch n := len(wants); {
	case n == 1:
		text += ", with " + wants[0]
	case n > 1:
		text += ", with " + strings.Join(wants[:n-1], ", ") + " and " + wants[n-1]
	}
	return text + "."
}

// saidFor is what the attempt has to say on a page, which it says until the attempt goes on.
func (req *pageRequest) saidFor(page string) said {
	if req.attempt.Page != page {
		return said{}
	}
	return req.attempt.Said
}

// refused shows a form again with what the service says of it.
func (s *Server) refused(r *http.Request, err error, show func(said) error) error {
	what, ok := refusal(err)
	if !ok {
		return err
	}
	trace.Fail(r.Context(), sentence(what.Explain, what.Text))
	return show(what)
}

func (s *Server) renderForm(w http.ResponseWriter, req *pageRequest, body formBody) error {
	body.CSRF, body.Attempt, body.Classic = req.csrf, req.attempt.ID, req.classic
	return look.Render(w, http.StatusOK, look.Page{Party: "cognito", Title: body.Title + " · mock Cognito", Strip: s.strip(req.pool), Width: width(body.Classic)}, formView(body))
}

// width is the layout's: the hosted UI has a look of its own.
func width(classic bool) string {
	if classic {
		return "card classic"
	}
	return "card"
}
