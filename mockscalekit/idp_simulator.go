package mockscalekit

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/trace"
)

// Scenarios of the simulator, as values of the field "scenario".
const (
	scenarioLogin        = "login"
	scenarioIdPInitiated = "idp_initiated"
	scenarioError        = "error"
)

// simErrors are the choices of the scenario Error.
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

// simPage is the data of pages/sim.html.
type simPage struct {
	RequestID             string
	App                   shownApp
	Organization          string
	Local                 string
	Domains               []option
	GivenName, FamilyName string
	Attributes            []attribute
	Errors                []simError
	Problem               string
}

// HasAttributes tells whether a row is filled in.
func (p simPage) HasAttributes() bool {
	return slices.ContainsFunc(p.Attributes, func(a attribute) bool { return a.Name != "" })
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
func (p idp) simulator(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, req, client, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		page, err := p.simPage(r, req, client)
		if err != nil {
			return err
		}
		return p.renderSim(w, http.StatusOK, page)
	}
	switch v.Get("scenario") {
	case scenarioError:
		i := slices.IndexFunc(simErrors(), func(e simError) bool { return e.Value == v.Get("error") })
		chosen := simErrors()[max(i, 0)]
		return p.fail(ctx, req, chosen.Code, chosen.Label)
	}
	who, problem := simProfile(v)
	if problem != "" {
		trace.Note(ctx, "asked again: "+problem)
		page := simPageOf(req, client, v)
		page.Problem = problem
		return p.renderSim(w, http.StatusBadRequest, page)
	}
	known, err := p.person(ctx, who.Email)
	if err != nil {
		return err
	}
	who.Subject = p.subject(client.ConnectionID, who.Email, known)
	if v.Get("scenario") == scenarioIdPInitiated {
		return p.initiate(w, r, req, who)
	}
	return p.finish(w, r, req, who)
}

// simProfile reads the person of the form, or says what is wrong with it.
func simProfile(v url.Values) (who idpProfile, problem string) {
	local, domain := strings.TrimSpace(v.Get("email")), strings.ToLower(v.Get("domain"))
	if l, d := splitEmail(local); d != "" && d == domain { // typed in full
		local = l
	}
	switch {
	case local == "":
		return who, "Enter the part of the e-mail address before the @."
	case !localPart(local) || !domainName(domain):
		return who, fmt.Sprintf("%s@%s is no e-mail address. Enter the part before the @ and choose the domain beside it.", local, domain)
	}
	who = idpProfile{
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

// simPage is the page as it first stands: submitting it signs in the person of the login hint.
func (p idp) simPage(r *http.Request, req idpRequest, client registration) (simPage, error) {
	local, domain := splitEmail(req.LoginHint)
	who, err := p.person(r.Context(), req.LoginHint)
	if err != nil {
		return simPage{}, err
	}
	if who.Email == "" {
		who.GivenName, who.FamilyName = namesOf(local)
	}
	page := newSimPage(req, client, domain)
	page.Local, page.GivenName, page.FamilyName = local, who.GivenName, who.FamilyName
	for _, name := range slices.Sorted(maps.Keys(who.Attributes)) {
		page.Attributes = append(page.Attributes, attribute{Name: name, Value: who.Attributes[name]})
	}
	page.pad()
	return page, nil
}

// simPageOf is the page with what was entered.
func simPageOf(req idpRequest, client registration, v url.Values) simPage {
	page := newSimPage(req, client, v.Get("domain"))
	page.Local, page.GivenName, page.FamilyName = v.Get("email"), v.Get("given_name"), v.Get("family_name")
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
func newSimPage(req idpRequest, client registration, domain string) simPage {
	domains := slices.Clone(client.Domains)
	if len(domains) == 0 {
		domains = []string{"example.com", "example.org"}
	}
	if domainName(domain) && !slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		domains = append(domains, domain)
	}
	page := simPage{RequestID: req.ID, App: req.App, Organization: client.Organization, Errors: simErrors()}
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

func (p idp) renderSim(w http.ResponseWriter, status int, page simPage) error {
	return p.pages.Render(w, status, "sim", look.Page{
		Party: "idp", Title: "IdP Simulator", Width: "wide", Strip: p.strip(page.Organization), Body: page,
	})
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
