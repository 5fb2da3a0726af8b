package mockcognito

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// loginBody is what the login page shows.
type loginBody struct {
	Client    string
	Error     string // above the choices
	Code      string // machine-readable, for data-error
	Explain   string // the mock's own sentence
	Continue  *choice
	Different url.Values // parameters of "Sign in as a different user?"
	Choices   []choice
	EmailBox  bool
	Params    []hidden
	Form      bool // user name and password of the pool's own directory
	CSRF      string
	LoginHint string
}

type choice struct {
	Name   string
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
	if s.managedLogin(r, req.pool) {
		if req.pool.BrandingOf(req.client.ID) == nil {
			return &noBranding{req.client.ID}
		}
		s.setLanguage(w, req, q.Get("lang"))
	}
	body := loginBody{Client: req.client.Name, CSRF: csrf, LoginHint: req.loginHint, Params: carry(q, "identity_provider", "idp_identifier")}
	status := http.StatusOK
	switch email := q.Get("idp_email"); {
	case email != "":
		idp := s.providerOfEmail(req, email)
		if idp != nil {
			web.Redirect(w, "/oauth2/authorize?"+withProvider(q, idp.Name, email).Encode())
			return nil
		}
		status, body.Error, body.Code = http.StatusUnauthorized, unavailable, "provider_unavailable"
		body.Explain = fmt.Sprintf("No identity provider of user pool %s that app client %s may use has the domain of %q among its identifiers.", req.pool.ID, req.client.ID, email)
	case (req.provider != "" || req.identifier != "") && !req.ownDirectory():
		if idp, explain := req.resolve(); idp == nil {
			status, body.Error, body.Code, body.Explain = http.StatusUnauthorized, unavailable, "provider_unavailable", explain
		}
	}
	req.pool.cookies.SetQuoted(w, cookieFL, "W10=", http.SameSiteLaxMode)
	if explain := s.notice(w, r, req.pool); explain != "" && body.Error == "" {
		body.Error, body.Code, body.Explain = somethingWrong, "something_went_wrong", explain
	}
	s.fillChoices(r, req, q, &body)
	if body.Explain != "" {
		trace.Fail(ctx, body.Explain)
	}
	return s.renderLogin(w, status, req, body)
}

// unavailable is the real service's text.
const unavailable = "Login option is not available. Please try another one"

// fillChoices decides what the page offers: the session's provider once more; else one button per provider, or an
// e-mail box when there are several and every one has identifiers; and the form of the pool's own directory.
func (s *Server) fillChoices(r *http.Request, req *authorizationRequest, q url.Values, body *loginBody) {
	var enabled []*provider
	for _, name := range req.client.IdentityProviders {
		if idp := req.pool.Provider(name); idp != nil {
			enabled = append(enabled, idp)
		}
	}
	if se, ok := s.currentSession(r, req.pool); ok && body.Code == "" && slices.Contains(req.client.IdentityProviders, se.Provider) && !q.Has("different_user") {
		body.Continue = &choice{Name: se.Provider, Params: append(slices.Clone(body.Params), hidden{"identity_provider", se.Provider})}
		different := cloneValues(q)
		different.Set("different_user", "true")
		body.Different = different
		return
	}
	body.Form = slices.Contains(req.client.IdentityProviders, CognitoProvider)
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
		body.Choices = append(body.Choices, choice{Name: idp.Name, Params: params})
	}
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

// loginForm is POST /login, the pool's own directory. A lab's directory has no users with a password yet, so the
// answer is the one for a user who does not exist.
func (s *Server) loginForm(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return badEncoding(err)
	}
	form, err := web.Form(r)
	if err != nil {
		return &bareError{status: http.StatusBadRequest, text: "Bad Request", explain: err.Error()}
	}
	req, err := s.trustedRequest(r, q)
	if err != nil {
		return err
	}
	if err := s.checkRequest(ctx, q, req); err != nil {
		return err
	}
	cookie := req.pool.cookies.Get(r, cookieXSRF)
	err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.login.csrf", Run: func() error {
		if cookie == "" || !oauth2.SameSecret(cookie, form.Get("_csrf")) {
			return &bareError{status: http.StatusForbidden, text: "Forbidden", explain: "The _csrf field is not the XSRF-TOKEN cookie's value: the cookie was lost, or the form did not come from this page."}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	body := loginBody{
		Client: req.client.Name, CSRF: cookie, LoginHint: form.Get("username"), Params: carry(q), Form: true,
		Error: "Incorrect username or password.", Code: "incorrect_username_or_password",
		Explain: fmt.Sprintf("User pool %s has no user %q with a password: the people of this lab sign in through identity provider(s) %s.", req.pool.ID, form.Get("username"), quoteAll(names(req.pool.Providers()))),
	}
	trace.Fail(ctx, body.Explain)
	return s.renderLogin(w, http.StatusOK, req, body)
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
	return look.Render(w, status, look.Page{Party: "cognito", Title: "Sign in · mock Cognito", Strip: s.strip(req.pool)}, loginView(body))
}
