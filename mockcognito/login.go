package mockcognito

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// loginBody is what the login page shows.
type loginBody struct {
	Client    string
	Said      said // above the choices
	Continue  *choice
	Different string // address of "Sign in as a different user?"
	Choices   []choice
	EmailBox  bool
	Params    []hidden
	Form      bool   // user name and password of the pool's own directory
	Name      string // what its user names are: Username, Email …
	CSRF      string
	LoginHint string
	Forgot    string // address of the page for a forgotten password
	SignUp    string // address of the sign-up page; empty: users do not sign up by themselves
	Classic   bool   // the hosted UI, not managed login
}

type choice struct {
	Name   string
	Label  string
	Params []hidden
}

type hidden struct{ Name, Value string }

// login is GET /login: the pool's sign-in page. A request that came here because of its provider is answered 401.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	q, err := web.Query(r)
	if err != nil {
		return badEncoding(err)
	}
	csrf := s.setXSRF(w, r, q.Get("client_id"))
	req, err := s.trustedLogin(r, q)
	if err != nil {
		return err
	}
	return req.returned(s.showLogin(w, r, q, req, csrf))
}

// trustedLogin is trustedRequest for the login page, where an unknown client has another address.
func (s *Server) trustedLogin(r *http.Request, q url.Values) (*authorizationRequest, error) {
	if clientID := q.Get("client_id"); s.clientMissing(r, clientID) {
		return nil, &pageError{query: query("error", "Client does not exist"), explain: fmt.Sprintf("No user pool of this service has an app client %q. Compare client_id with the app clients of the pool.", clientID)}
	}
	return s.trustedRequest(r, q)
}

func (s *Server) clientMissing(r *http.Request, clientID string) bool {
	_, client := s.clientOf(r, clientID)
	return client == nil
}

// showLogin decides what the login page offers, and shows it.
func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, q url.Values, req *authorizationRequest, csrf string) error {
	ctx := r.Context()
	if err := s.checkRequest(ctx, q, req); err != nil {
		return err
	}
	if err := s.branded(r, req); err != nil {
		return err
	}
	if s.managedLogin(r, req.pool) {
		s.setLanguage(w, req, q.Get("lang"))
	}
	body := s.loginBody(r, q, req, csrf)
	status := http.StatusOK
	switch email := q.Get("idp_email"); {
	case email != "":
		idp := s.providerOfEmail(req, email)
		if idp != nil {
			web.Redirect(w, "/oauth2/authorize?"+withProvider(q, idp.Name, email).Encode())
			return nil
		}
		status, body.Said = http.StatusUnauthorized, notOffered(fmt.Sprintf("No identity provider of user pool %s that app client %s may use has the domain of %q among its identifiers.", req.pool.ID, req.client.ID, email))
	case (req.provider != "" || req.identifier != "") && !req.ownDirectory():
		if idp, explain := req.resolve(); idp == nil {
			status, body.Said = http.StatusUnauthorized, notOffered(explain)
		}
	}
	req.pool.cookies.SetQuoted(w, cookieFL, "W10=", http.SameSiteLaxMode)
	if a, ok := s.currentAttempt(r, req.pool); ok { // the login page begins anew
		s.endAttempt(w, r, req.pool)
		if body.Said.Text == "" {
			body.Said = a.Said
		}
		body.LoginHint = firstNonEmpty(a.Username, body.LoginHint)
		if a.Said.Code == "provider_unavailable" {
			status = http.StatusUnauthorized
		}
	}
	s.fillChoices(r, req, q, &body)
	if body.Said.Explain != "" {
		trace.Fail(ctx, body.Said.Explain)
	}
	return s.renderLogin(w, status, req, body)
}

// unavailable is the real service's text.
const unavailable = "Login option is not available. Please try another one"

func notOffered(explain string) said {
	return said{Text: unavailable, Code: "provider_unavailable", Explain: explain, Bad: true}
}

// loginBody is the login page before it is decided what it offers.
func (s *Server) loginBody(r *http.Request, q url.Values, req *authorizationRequest, csrf string) loginBody {
	body := loginBody{
		Client: req.client.Name, CSRF: csrf, LoginHint: req.loginHint, Params: carry(q, "identity_provider", "idp_identifier"), Classic: !s.managedLogin(r, req.pool),
		Name: usernameLabel(req.pool.Pool), Forgot: req.address(pageForgot),
	}
	if !req.pool.AdminCreateUser.Only {
		body.SignUp = req.address(pageSignUp)
	}
	return body
}

// fillChoices decides what the page offers: the session's provider once more; else one button per provider, or an
// e-mail box when there are several and every one has identifiers; and the form of the pool's own directory.
func (s *Server) fillChoices(r *http.Request, req *authorizationRequest, q url.Values, body *loginBody) {
	var enabled []*provider
	for _, name := range req.client.IdentityProviders {
		if idp := req.pool.Provider(name); idp != nil {
			enabled = append(enabled, idp)
		}
	}
	if se, ok := s.currentSession(r, req.pool); ok && body.Said.Text == "" && slices.Contains(req.client.IdentityProviders, se.Provider) && !q.Has("different_user") && !asksAgain(req, se.Provider) {
		body.Continue = &choice{Name: se.Provider, Label: "Continue with " + se.Provider, Params: append(slices.Clone(body.Params), hidden{"identity_provider", se.Provider})}
		if se.Provider == CognitoProvider {
			body.Continue.Label = "Continue as " + se.Username
		}
		different := cloneValues(q)
		different.Set("different_user", "true")
		body.Different = pageLogin + "?" + different.Encode()
		return
	}
	body.Form = req.signsOwnUsersIn()
	identified := !slices.ContainsFunc(enabled, func(p *provider) bool { return len(p.Identifiers) == 0 })
	if len(enabled) > 1 && identified {
		body.EmailBox = true
		return
	}
	for _, idp := range enabled {
		params := append(slices.Clone(body.Params), hidden{"identity_provider", idp.Name})
		if q.Has("different_user") {
			params = append(params, hidden{"prompt", "login"})
		}
		body.Choices = append(body.Choices, choice{Name: idp.Name, Label: "Continue with " + idp.Name, Params: params})
	}
}

// asksAgain tells whether a session of the pool's own directory would be of no use: the app wants the password again.
func asksAgain(req *authorizationRequest, provider string) bool {
	return provider == CognitoProvider && slices.Contains(req.prompt, "login")
}

// signsOwnUsersIn tells whether the app client has the pool's own directory among its providers.
func (req *authorizationRequest) signsOwnUsersIn() bool {
	return slices.Contains(req.client.IdentityProviders, CognitoProvider)
}

// usernameLabel is what a pool's user names are to a person.
func usernameLabel(p *userpool.Pool) string {
	email, phone := slices.Contains(p.UsernameAttributes, "email"), slices.Contains(p.UsernameAttributes, "phone_number")
	switch {
	case email && phone:
		return "Email or phone number"
	case email:
		return "Email"
	case phone:
		return "Phone number"
	}
	return "Username"
}

// providerOfEmail resolves the e-mail box: the domain is one of the provider's identifiers.
func (s *Server) providerOfEmail(req *authorizationRequest, email string) *provider {
	_, domain, ok := strings.Cut(email, "@")
	if !ok {
		return nil
	}
	idp := req.pool.ProviderOfIdentifier(strings.ToLower(domain)) // Unverified: whether case counts
	if idp == nil || !slices.Contains(req.client.IdentityProviders, idp.Name) {
		return nil
	}
	return idp
}

func withProvider(q url.Values, provider, email string) web.Params {
	var out web.Params
	for _, h := range carry(q, "identity_provider", "idp_identifier", "idp_email", "login_hint") {
		out.Add(h.Name, h.Value)
	}
	out.Add("identity_provider", provider)
	out.Add("login_hint", email)
	return out
}

// carry lists the request's parameters, sorted, without some.
func carry(q url.Values, without ...string) []hidden {
	without = append(without, "different_user")
	var out []hidden
	for _, name := range sortedKeys(q) {
		if !slices.Contains(without, name) {
			out = append(out, hidden{name, q.Get(name)})
		}
	}
	return out
}

func cloneValues(q url.Values) url.Values {
	out := url.Values{}
	for name, values := range q {
		out[name] = slices.Clone(values)
	}
	return out
}

// loginForm is POST /login: user name and password of the pool's own directory.
func (s *Server) loginForm(w http.ResponseWriter, r *http.Request, req *pageRequest) error {
	ctx, name := r.Context(), req.form.Get("username")
	trace.Annotate(ctx, func(si *trace.SignIn) { si.ClientID, si.Provider = req.client.ID, CognitoProvider })
	step, err := s.passwordStep(r, req, name)
	switch {
	case err == nil:
		return s.goOn(w, r, req, name, step)
	case userpool.IsCode(err, signin.UserNotConfirmed):
		return s.toPage(w, r, req, attempt{Page: pageConfirm, Username: name, Proven: req.pool.Users.Find(name).Sub})
	case userpool.IsCode(err, signin.PasswordResetRequired):
		return s.toPage(w, r, req, attempt{Page: pageReset, Username: name, Said: said{Text: "Password reset required for the user", Code: string(signin.PasswordResetRequired)}})
	}
	what, ok := refusal(err)
	if !ok {
		return err
	}
	what.Explain = s.explainPassword(req, name)
	trace.Fail(ctx, sentence(what.Explain, what.Text))
	req.loginHint = name
	body := s.loginBody(r, req.q, req.authorizationRequest, req.csrf)
	body.Said = what
	s.fillChoices(r, req.authorizationRequest, req.q, &body)
	return s.renderLogin(w, http.StatusOK, req.authorizationRequest, body)
}

// passwordStep looks at the password, if the app client signs the pool's own users in.
func (s *Server) passwordStep(r *http.Request, req *pageRequest, name string) (*signin.Step, error) {
	if !req.signsOwnUsersIn() {
		return nil, userpool.Errorf(signin.NotAuthorized, "Incorrect username or password.")
	}
	return s.engine.Password(r.Context(), req.caller(), name, req.form.Get("password"))
}

// explainPassword says what a refused password does not: whether there is such a user, and one with a password.
func (s *Server) explainPassword(req *pageRequest, name string) string {
	u := req.pool.Users.Find(name)
	switch {
	case !req.signsOwnUsersIn():
		return req.noOwnUsers()
	case u == nil:
		return fmt.Sprintf("User pool %s has no user %q. Sign up, make one with AdminCreateUser, or list one in the lab file.", req.pool.ID, name)
	case u.Password == nil:
		return fmt.Sprintf("User %q has no password (status %s).", u.Username, u.Status)
	}
	return ""
}

// noBranding is managed login for an app client that has no style.
type noBranding struct{ clientID string }

func (e *noBranding) Error() string {
	return fmt.Sprintf("App client %s has no style for managed login, as is so for clients that the API made. Give it one with CreateManagedLoginBranding, or set the domain's ManagedLoginVersion to 1.", e.clientID)
}

// pagesUnavailable is the real service's text.
const pagesUnavailable = "Login pages unavailable. Please contact an administrator."

// languagePattern is what a lang parameter may look like.
var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// cookieLanguage keeps the language of the pages.
const cookieLanguage = "lang"

// setLanguage keeps the language that the app asked for. The pages of the mock are in English whatever it is.
func (s *Server) setLanguage(w http.ResponseWriter, req *authorizationRequest, lang string) {
	if languagePattern.MatchString(lang) {
		req.pool.cookies.Set(w, cookieLanguage, lang, 0, http.SameSiteLaxMode)
	}
}

func (s *Server) renderLogin(w http.ResponseWriter, status int, req *authorizationRequest, body loginBody) error {
	return look.Render(w, status, look.Page{Party: "cognito", Title: "Sign in · mock Cognito", Strip: s.strip(req.pool), Width: width(body.Classic)}, loginView(body))
}
