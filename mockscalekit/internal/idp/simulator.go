package idp

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// Scenarios of the simulator, as values of the field "scenario".
const (
	scenarioLogin        = "login"
	scenarioIdPInitiated = "idp_initiated"
	scenarioError        = "error"
)

// simulator is the IdP simulator of a development environment. It lets anybody in, and knows neither a full name nor whether an
// address was verified.
func simulator() character {
	return character{
		name: Simulator, title: "IdP simulator",
		authorize: "/authorize", token: "/token", userinfo: "/userinfo", keys: "/keys", algorithm: jose.ES256,
		subject: func(connectionID, email string) string { return uuid("subject", connectionID, strings.ToLower(email)) },
		idToken: func(c *claimer) jose.Object {
			return append(jose.Object{{Name: "at_hash", Value: jose.HalfHash(c.access)}}, simulatorProfile(c)...)
		},
		userInfo: func(c *claimer) jose.Object {
			o := simulatorProfile(c)
			c.custom(&o, c.Groups)
			return o
		},
	}
}

func simulatorProfile(c *claimer) jose.Object {
	o := jose.Object{}
	set(&o, "email", c.Email)
	set(&o, "given_name", c.GivenName)
	set(&o, "family_name", c.FamilyName)
	set(&o, "preferred_username", c.Username)
	return o
}

// simErrors are the choices of the scenario Error, with the code and the one that the quirk simulator-own-error-codes makes of it.
// Unverified: the codes; the page of the real simulator is known, its answers are not.
func simErrors() []simError {
	return []simError{
		{"invalid_credentials", "Invalid user credentials", oauth2.AccessDenied},
		{"user_not_found", "User not found", oauth2.AccessDenied},
		{"server_error", "Server error", oauth2.ServerError},
	}
}

type simError struct {
	Value, Label string
	Code         oauth2.Code
}

// simPage is the data of simView.
type simPage struct {
	RequestID             string
	App                   shown
	Organization          string
	Scenario              string
	Local                 string
	Domains               []option
	GivenName, FamilyName string
	Attributes            []attribute
	Errors                []simError
	Error                 string
	Problem               string
}

// HasAttributes tells whether a row is filled in.
func (p simPage) HasAttributes() bool {
	return slices.ContainsFunc(p.Attributes, func(a attribute) bool { return a.Name != "" })
}

// Chosen tells whether an error is the one that was chosen, the first one to begin with.
func (p simPage) Chosen(i int, value string) bool {
	return p.Error == value || p.Error == "" && i == 0
}

type option struct {
	Value    string
	Selected bool
}

type attribute struct {
	Index       int
	Name, Value string
}

const (
	emptyAttributeRows = 3
	maxAttributeRows   = 20
	maxFieldLength     = 256 // characters of a name or an attribute
)

// simulator serves the simulator's page and takes its form.
func (p provider) simulator(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, req, app, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		page, err := p.simPage(r, req, app)
		if err != nil {
			return err
		}
		return p.renderSim(w, http.StatusOK, page)
	}
	if v.Get("add_attribute") != "" { // rows are added without a script
		return p.renderSim(w, http.StatusOK, simPageOf(req, app, v))
	}
	if v.Get("scenario") == scenarioError {
		return p.simulateError(ctx, req, v.Get("error"))
	}
	who, problem := simProfile(v)
	if problem != "" {
		trace.Note(ctx, "asked again: "+problem)
		page := simPageOf(req, app, v)
		page.Problem = problem
		return p.renderSim(w, http.StatusBadRequest, page)
	}
	return p.simulate(w, r, req, app, who, v.Get("scenario") == scenarioIdPInitiated)
}

// simulate signs the person of the form in, unless something else was ordered for them.
func (p provider) simulate(w http.ResponseWriter, r *http.Request, req request, app Application, who profile, initiated bool) error {
	ctx := r.Context()
	known, err := p.person(ctx, who.Email)
	if err != nil {
		return err
	}
	order, err := p.takeOrder(ctx, who.Email)
	if err != nil {
		return err
	}
	req.Who, req.Outcome, req.Unsolicited = who.Email, order, initiated
	switch order {
	case Success, NeedsConsent, ExpiredPassword: // the simulator has neither consent nor passwords
	case NoEmail, ForeignEmail:
		changed := p.describe(Person{Email: who.Email}, app, who.AuthTime, order)
		who.Name, who.Email = changed.Name, changed.Email
	default:
		v := standard(order)
		if err := p.take(ctx, req); err != nil {
			return err
		}
		if order == NotCompleted {
			return p.sendNothing(w, req)
		}
		return req.answer().Send(refuse(string(v.Code), v.Message, "The identity provider was told to refuse "+req.Who+": "+v.Message+"."))
	}
	who.Subject = p.simSubject(app.ConnectionID, req.Who, known)
	if err := p.take(ctx, req); err != nil {
		return err
	}
	return p.giveCode(ctx, w, req, who)
}

// simSubject is the subject of a person at a connection: a new one each time with the quirk, the configured one, or one that
// follows from both.
func (p provider) simSubject(connectionID, email string, known Person) string {
	switch {
	case p.kit.Quirks.On("idp-random-subject"):
		return p.kit.Env.UUID()
	case known.Subject != "":
		return known.Subject
	}
	return p.subject(connectionID, email)
}

// simulateError sends the browser back with an error (OIDC Core §3.1.2.6).
func (p provider) simulateError(ctx context.Context, req request, kind string) error {
	if err := p.take(ctx, req); err != nil {
		return err
	}
	i := slices.IndexFunc(simErrors(), func(e simError) bool { return e.Value == kind })
	chosen := simErrors()[max(i, 0)]
	code := string(chosen.Code)
	if p.kit.Quirks.On("simulator-own-error-codes") {
		code = chosen.Value
	}
	return req.answer().Send(refuse(code, chosen.Label, "The identity provider was told to answer with an error: "+chosen.Label+". Choose the scenario User Login via SSO to sign in."))
}

// sendNothing sends the browser back with neither a code nor an error.
func (p provider) sendNothing(w http.ResponseWriter, req request) error {
	q := web.Params{}
	q.AddIf("state", req.State)
	web.Redirect(w, q.WithQuery(req.RedirectURI))
	return nil
}

// simProfile reads the person of the form, or says what is wrong with it.
func simProfile(v url.Values) (who profile, problem string) {
	local, domain := strings.TrimSpace(v.Get("email")), strings.ToLower(v.Get("domain"))
	if l, d := directory.SplitEmail(local); d != "" && d == domain { // typed in full
		local = l
	}
	switch {
	case local == "":
		return who, "Enter the part of the e-mail address before the @."
	case !directory.LocalPart(local) || !directory.DomainName(domain):
		return who, fmt.Sprintf("%s@%s is no e-mail address. Enter the part before the @ and choose the domain beside it.", local, domain)
	}
	who = profile{
		Email: local + "@" + domain, GivenName: strings.TrimSpace(v.Get("given_name")), FamilyName: strings.TrimSpace(v.Get("family_name")),
		Attributes: map[string]string{},
	}
	texts := []string{who.GivenName, who.FamilyName}
	for i := range maxAttributeRows {
		name := strings.TrimSpace(v.Get(fmt.Sprintf("attr_name_%d", i)))
		value := v.Get(fmt.Sprintf("attr_value_%d", i))
		switch {
		case name != "":
			who.Attributes[name] = value
			texts = append(texts, name, value)
		case value != "":
			return who, fmt.Sprintf("The attribute value %q has no key. Give it one, or empty the row.", value)
		}
	}
	if slices.ContainsFunc(texts, func(s string) bool { return utf8.RuneCountInString(s) > maxFieldLength }) {
		return who, fmt.Sprintf("Names and attributes have at most %d characters. Shorten the longest.", maxFieldLength)
	}
	return who, ""
}

// simPage is the page as it first stands: submitting it signs in the person of the login hint. The real one fills in nothing;
// the quirk simulator-prefill is a convenience.
func (p provider) simPage(r *http.Request, req request, app Application) (simPage, error) {
	local, domain := directory.SplitEmail(req.LoginHint)
	page := newSimPage(req, app, domain)
	if p.kit.Quirks.On("simulator-prefill") {
		who, err := p.person(r.Context(), req.LoginHint)
		if err != nil {
			return simPage{}, err
		}
		if who.Email == "" {
			who.GivenName, who.FamilyName = namesOf(local)
		}
		page.Local, page.GivenName, page.FamilyName = local, who.GivenName, who.FamilyName
		for _, name := range slices.Sorted(maps.Keys(who.Attributes)) {
			page.Attributes = append(page.Attributes, attribute{Name: name, Value: who.Attributes[name]})
		}
	}
	page.pad()
	return page, nil
}

// simPageOf is the page with what was entered.
func simPageOf(req request, app Application, v url.Values) simPage {
	page := newSimPage(req, app, v.Get("domain"))
	page.Local, page.GivenName, page.FamilyName = v.Get("email"), v.Get("given_name"), v.Get("family_name")
	page.Scenario, page.Error = v.Get("scenario"), v.Get("error")
	for i := range maxAttributeRows {
		a := attribute{Name: v.Get(fmt.Sprintf("attr_name_%d", i)), Value: v.Get(fmt.Sprintf("attr_value_%d", i))}
		if a.Name != "" || a.Value != "" {
			page.Attributes = append(page.Attributes, a)
		}
	}
	page.pad()
	return page
}

// newSimPage offers the domains of the organization. The hinted one is there even if it is none of them: the person
// asked for is the one who signs in, and the environment says what is wrong.
func newSimPage(req request, app Application, domain string) simPage {
	domains := slices.Clone(app.Domains)
	if len(domains) == 0 {
		domains = []string{"example.com", "example.org"}
	}
	if directory.DomainName(domain) && !slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		domains = append(domains, domain)
	}
	page := simPage{RequestID: req.ID, App: req.App, Organization: app.Name, Errors: simErrors(), Scenario: scenarioLogin}
	for _, d := range domains {
		page.Domains = append(page.Domains, option{d, strings.EqualFold(d, domain)})
	}
	return page
}

// pad adds empty rows, so that attributes can be added without a script.
func (p *simPage) pad() {
	for range emptyAttributeRows {
		p.Attributes = append(p.Attributes, attribute{})
	}
	p.Attributes = p.Attributes[:min(len(p.Attributes), maxAttributeRows)]
	for i := range p.Attributes {
		p.Attributes[i].Index = i
	}
}

func (p provider) renderSim(w http.ResponseWriter, status int, page simPage) error {
	return look.Render(w, status, look.Page{Party: "idp", Title: "IdP Simulator", Width: "wide", Strip: p.strip(page.Organization)}, simView(page))
}

// namesOf guesses names from the local part of an e-mail: ada.lovelace is Ada Lovelace, ada is Ada User.
func namesOf(local string) (given, family string) {
	words := strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return "", ""
	}
	given, family = capital(words[0]), "User"
	if len(words) > 1 {
		family = capital(words[len(words)-1])
	}
	return given, family
}

func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
