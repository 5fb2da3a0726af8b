package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// testid selects the element with that data-testid.
func testid(id string) string { return fmt.Sprintf(`[data-testid=%q]`, id) }

// TB is what the pages need of a testing.TB: a verb that cannot be done ends the scenario.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Person drives a tab as a person does. Each method that leads to a page checks that it is that page.
type Person struct {
	tb  TB
	tab *Tab
}

// NewPerson returns someone in front of a tab.
func NewPerson(tb TB, tab *Tab) *Person { return &Person{tb, tab} }

func (p *Person) must(err error) {
	p.tb.Helper()
	if err != nil {
		p.tb.Fatalf("%v", err)
	}
}

func (p *Person) open(address string) {
	p.tb.Helper()
	p.must(p.tab.Open(address))
}

func (p *Person) leave(id string) {
	p.tb.Helper()
	p.must(p.tab.leave(testid(id)))
}

func (p *Person) fill(id, value string) {
	p.tb.Helper()
	p.must(p.tab.fill(testid(id), value))
}

func (p *Person) text(id string) string {
	p.tb.Helper()
	s, err := p.tab.text(testid(id))
	p.must(err)
	return s
}

// at ends the scenario unless the page has the element; it then says what the page says instead.
func (p *Person) at(id string) {
	p.tb.Helper()
	ok, err := p.tab.has(testid(id))
	p.must(err)
	if ok {
		return
	}
	where, _ := p.tab.URL()
	code, _ := p.tab.attribute("[data-error]", "data-error")
	body, _ := p.tab.text("body")
	p.tb.Fatalf("this is not the page %q but %s; it says %s: %s", id, where, code, strings.Join(strings.Fields(body), " "))
}

// URL is the address of the page.
func (p *Person) URL() *url.URL {
	p.tb.Helper()
	raw, err := p.tab.URL()
	p.must(err)
	u, err := url.Parse(raw)
	p.must(err)
	return u
}

// Goes to an address that leads to no page in particular.
func (p *Person) Goes(address string) {
	p.tb.Helper()
	p.open(address)
}

// Meddles rewrites the address of the first page under prefix that the browser goes to from now on.
func (p *Person) Meddles(prefix string, change func(q url.Values)) {
	p.tb.Helper()
	_, err := p.tab.Meddle(prefix, func(u *url.URL) {
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
	})
	p.must(err)
}

// Rewrites changes the first answer under prefix that the browser gets from now on, until stop.
func (p *Person) Rewrites(prefix string, change func(*Answer)) (stop func()) {
	p.tb.Helper()
	stop, err := p.tab.Rewrite(prefix, change)
	p.must(err)
	return stop
}

// LosesCookies deletes the cookies of an address whose names begin with prefix; there must be one.
func (p *Person) LosesCookies(address, prefix string) {
	p.tb.Helper()
	n, err := p.tab.Forget(address, prefix)
	p.must(err)
	if n == 0 {
		p.tb.Fatalf("the browser has no cookie %s of %s", prefix, address)
	}
}

// MakesLax turns the cookies of an address whose names begin with prefix into SameSite=Lax, as a proxy on their way or a
// browser's policy may; there must be one.
func (p *Person) MakesLax(address, prefix string) {
	p.tb.Helper()
	n, err := p.tab.Relabel(address, prefix, network.CookieSameSiteLax)
	p.must(err)
	if n == 0 {
		p.tb.Fatalf("the browser has no cookie %s of %s", prefix, address)
	}
}

// SameSite is what each of the cookies of an address says of SameSite, by name; nothing where it says nothing.
func (p *Person) SameSite(address string) map[string]string {
	p.tb.Helper()
	cookies, err := p.tab.Cookies(address)
	p.must(err)
	out := map[string]string{}
	for _, c := range cookies {
		out[c.Name] = string(c.SameSite)
	}
	return out
}

// Follows clicks on what has that test id, and goes wherever it leads.
func (p *Person) Follows(id string) *Person {
	p.tb.Helper()
	p.at(id)
	p.leave(id)
	return p
}

// Status is the HTTP status of the page.
func (p *Person) Status() int {
	p.tb.Helper()
	n, err := run(p.tab, evaluateInt(`performance.getEntriesByType("navigation")[0].responseStatus`))
	p.must(err)
	return n
}

// LoginPage is the sample app's own login page.
type LoginPage struct{ *Person }

// OpensApp goes to the sample app.
func (p *Person) OpensApp(appURL string) LoginPage {
	p.tb.Helper()
	p.open(appURL)
	return p.SeesLoginPage()
}

// SeesLoginPage says that this is the sample app's login page.
func (p *Person) SeesLoginPage() LoginPage {
	p.tb.Helper()
	p.at("app-page")
	p.at("sign-in")
	return LoginPage{p}
}

// SignsInAs types an e-mail and continues to wherever that leads.
func (l LoginPage) SignsInAs(email string) *Person {
	l.tb.Helper()
	l.fill("email", email)
	l.leave("sign-in")
	return l.Person
}

// SimulatorPage is the IdP simulator.
type SimulatorPage struct{ *Person }

// SeesSimulator says that this is the IdP simulator.
func (p *Person) SeesSimulator() SimulatorPage {
	p.tb.Helper()
	p.at("sim-page")
	return SimulatorPage{p}
}

// Email is the e-mail that is filled in.
func (s SimulatorPage) Email() string {
	s.tb.Helper()
	return s.text("sim-email") + "@" + s.text("sim-domain")
}

// Names types a first and a last name.
func (s SimulatorPage) Names(given, family string) SimulatorPage {
	s.tb.Helper()
	s.fill("sim-given-name", given)
	s.fill("sim-family-name", family)
	return s
}

// Submits submits the form as it stands.
func (s SimulatorPage) Submits() *Person {
	s.tb.Helper()
	s.leave("sim-submit")
	return s.Person
}

// OktaPage is the sign-in page of the Okta-like identity provider.
type OktaPage struct{ *Person }

// SeesOkta says that this is the Okta-like identity provider.
func (p *Person) SeesOkta() OktaPage {
	p.tb.Helper()
	p.at("idp-page")
	return OktaPage{p}
}

// Username is the user name that is filled in.
func (o OktaPage) Username() string {
	o.tb.Helper()
	return o.text("idp-username")
}

// TypesPassword replaces the password.
func (o OktaPage) TypesPassword(password string) OktaPage {
	o.tb.Helper()
	o.fill("idp-password", password)
	return o
}

// Submits submits the form as it stands.
func (o OktaPage) Submits() *Person {
	o.tb.Helper()
	o.leave("idp-submit")
	return o.Person
}

// ClaimsPage is the sample app's page of someone signed in.
type ClaimsPage struct{ *Person }

// SeesClaims says that this is the sample app's page of someone signed in.
func (p *Person) SeesClaims() ClaimsPage {
	p.tb.Helper()
	p.at("claims-page")
	return ClaimsPage{p}
}

// SignedInAs is the person the app greets.
func (c ClaimsPage) SignedInAs() string {
	c.tb.Helper()
	return c.text("signed-in-as")
}

// Claim is a claim of userInfo as shown in the table.
func (c ClaimsPage) Claim(name string) string {
	c.tb.Helper()
	return c.text("userinfo-" + name)
}

// UserInfo is what userInfo answered.
func (c ClaimsPage) UserInfo() map[string]any { c.tb.Helper(); return c.object("userinfo") }

// IDToken are the claims of the ID token.
func (c ClaimsPage) IDToken() map[string]any { c.tb.Helper(); return c.object("id-token") }

func (c ClaimsPage) object(id string) map[string]any {
	c.tb.Helper()
	var out map[string]any
	c.must(json.Unmarshal([]byte(c.text(id)), &out))
	return out
}

// OpensTrace follows the link to what happened.
func (c ClaimsPage) OpensTrace() SignInPage {
	c.tb.Helper()
	c.leave("trace-link")
	c.at("signin-page")
	c.at("sequence")
	return SignInPage(c)
}

// SignsOut signs out of the app and of Cognito.
func (c ClaimsPage) SignsOut() LoginPage {
	c.tb.Helper()
	c.leave("sign-out")
	return c.SeesLoginPage()
}

// ConsolePage is the lab's console.
type ConsolePage struct{ *Person }

// OpensConsole goes to the lab's console.
func (p *Person) OpensConsole(consoleURL string) ConsolePage {
	p.tb.Helper()
	p.open(consoleURL)
	p.at("console-page")
	return ConsolePage{p}
}

// SignIns is how many sign-ins are listed.
func (c ConsolePage) SignIns() int {
	c.tb.Helper()
	return c.count("signin-row")
}

// SignInPage is the console's page of one sign-in.
type SignInPage struct{ *Person }

// Hops is how many hops are drawn.
func (s SignInPage) Hops() int {
	s.tb.Helper()
	return s.count("hop")
}

func (p *Person) count(id string) int {
	p.tb.Helper()
	n, err := run(p.tab, evaluateInt(fmt.Sprintf(`document.querySelectorAll(%q).length`, testid(id))))
	p.must(err)
	return n
}

// CognitoLoginPage is Cognito's managed login.
type CognitoLoginPage struct{ *Person }

// SeesCognitoLogin says that this is Cognito's managed login.
func (p *Person) SeesCognitoLogin() CognitoLoginPage {
	p.tb.Helper()
	p.at("cognito-login")
	return CognitoLoginPage{p}
}

// Chooses continues with an identity provider of the pool.
func (c CognitoLoginPage) Chooses(provider string) *Person {
	c.tb.Helper()
	c.leave("cognito-idp-" + provider)
	return c.Person
}

// TypesEmail lets Cognito find the provider by the domain of an e-mail.
func (c CognitoLoginPage) TypesEmail(email string) *Person {
	c.tb.Helper()
	c.fill("cognito-email", email)
	c.leave("cognito-email-submit")
	return c.Person
}

// SignsIn types the name and password of a user of the pool's own.
func (c CognitoLoginPage) SignsIn(name, password string) *Person {
	c.tb.Helper()
	return c.SeesPage("cognito-login").Fills(map[string]string{"username": name, "password": password})
}

// ToSignUp follows the link to the sign-up page.
func (c CognitoLoginPage) ToSignUp() CognitoPage {
	c.tb.Helper()
	return c.Follows("cognito-to-sign-up").SeesPage("cognito-sign-up")
}

// Forgets follows the link for a forgotten password.
func (c CognitoLoginPage) Forgets() CognitoPage {
	c.tb.Helper()
	return c.Follows("cognito-forgot").SeesPage("cognito-forgot-password")
}

// CognitoPage is a page of Cognito's with a form.
type CognitoPage struct{ *Person }

// SeesPage says that this is the page with that test id.
func (p *Person) SeesPage(id string) CognitoPage {
	p.tb.Helper()
	p.at(id)
	return CognitoPage{p}
}

// Says is what an element of the page says.
func (c CognitoPage) Says(id string) string {
	c.tb.Helper()
	return c.text(id)
}

// Fills types into fields, by what follows cognito- in their test ids, and submits the form.
func (c CognitoPage) Fills(fields map[string]string) *Person {
	c.tb.Helper()
	for _, id := range slices.Sorted(maps.Keys(fields)) {
		c.fill("cognito-"+id, fields[id])
	}
	c.leave("cognito-submit")
	return c.Person
}

// ErrorPage is any party's page of an error.
type ErrorPage struct {
	*Person
	Code string // its data-error
	Text string // all it says
}

// SeesError says that this page of that party ("app" or "cognito") tells of an error.
func (p *Person) SeesError(party string) ErrorPage {
	p.tb.Helper()
	p.at(party + "-error")
	code, err := p.tab.attribute(testid(party+"-error"), "data-error")
	p.must(err)
	body, err := p.tab.text("body")
	p.must(err)
	return ErrorPage{p, code, strings.Join(strings.Fields(body), " ")}
}

func evaluateInt(script string) chromedp.Action[int] { return chromedp.Evaluate[int](script) }
