package e2e_test

import (
	"flag"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
	"github.com/ssolab/ssolab/mockscalekit"
)

var everyOutcome = flag.Bool("every", false, "with every outcome at every identity provider over every protocol")

const (
	directClient = "skc_60040666000000002"
	directSecret = "test_of_the_direct_application"
)

// directApp is an application at Scalekit without Cognito, of go-oidc and x/oauth2.
type directApp struct {
	*httptest.Server
	lab *ssolab.Lab
}

func newDirectApp(t *testing.T) *directApp {
	t.Helper()
	a := &directApp{}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *directApp) callback() string { return a.URL + "/callback" }

// address is where a sign-in at the application begins, with parameters of the authorization request.
func (a *directApp) address(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return a.URL + "/login?" + q.Encode()
}

func (a *directApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	show := func(id, code, text string) {
		fmt.Fprintf(w, `<!doctype html><title>app</title><p data-testid=%q data-error=%q>%s</p>`, id, code, html.EscapeString(text))
	}
	ctx := oidc.ClientContext(r.Context(), a.lab.HTTPClient())
	provider, err := oidc.NewProvider(ctx, a.lab.URLs().Scalekit)
	if err != nil {
		show("direct-error", "discovery", err.Error())
		return
	}
	config := oauth2.Config{ClientID: directClient, ClientSecret: directSecret, Endpoint: provider.Endpoint(), RedirectURL: a.callback(), Scopes: []string{"openid", "email", "profile"}}
	q := r.URL.Query()
	switch {
	case r.URL.Path == "/login":
		var options []oauth2.AuthCodeOption
		for name := range q {
			options = append(options, oauth2.SetAuthURLParam(name, q.Get(name)))
		}
		http.Redirect(w, r, config.AuthCodeURL("the-state", options...), http.StatusFound)
	case q.Get("state") != "the-state":
		show("direct-error", "state", q.Get("state"))
	case q.Get("error") != "":
		show("direct-error", q.Get("error"), q.Get("error_description"))
	default:
		token, err := config.Exchange(ctx, q.Get("code"))
		if err != nil {
			show("direct-error", "exchange", err.Error())
			return
		}
		raw, _ := token.Extra("id_token").(string)
		verified, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID, Now: a.lab.Now}).Verify(ctx, raw)
		if err != nil {
			show("direct-error", "id_token", err.Error())
			return
		}
		var claims struct{ Email string }
		_ = verified.Claims(&claims) // an address that is none is shown as none
		show("direct-page", "", claims.Email)
	}
}

// everyIdP adds an organization for each identity provider and protocol, with its own domain and its own Ann.
func everyIdP(callback string) func(*ssolab.Config) {
	return func(c *ssolab.Config) {
		c.Scalekit = mockscalekit.DefaultEnvironment()
		c.Scalekit.Clients[0].RedirectURIs = nil // Cognito's and the sample app's
		c.Scalekit.Clients = append(c.Scalekit.Clients, mockscalekit.Client{ID: directClient, Secret: directSecret, Name: "direct", RedirectURIs: []string{callback}})
		for name, provider := range map[string]string{"okta": mockscalekit.Okta, "entra": mockscalekit.MicrosoftAD, "google": mockscalekit.Google, "plain": mockscalekit.Custom} {
			for _, protocol := range []string{mockscalekit.OIDC, mockscalekit.SAML} {
				key := strings.ToLower(name + protocol)
				c.Scalekit.Organizations = append(c.Scalekit.Organizations, mockscalekit.Organization{
					ID: "org_" + key, DisplayName: key, Domains: []mockscalekit.Domain{{Name: key + ".test"}},
					Connections: []mockscalekit.Connection{{ID: "conn_" + key, Provider: provider, Type: protocol}},
				})
				c.Scalekit.People = append(c.Scalekit.People, mockscalekit.Person{
					Email: "ann@" + key + ".test", GivenName: "Ann", FamilyName: "Lee", Password: "ann-has-a-password", TOTPSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
				})
			}
		}
	}
}

const (
	signedIn = ""
	stays    = "stays" // at the identity provider
)

// endings are how each outcome of a sign-in ends, by identity provider and protocol: signed in, an error that the application is
// told, or at a page of the identity provider.
func endings() map[string]map[string]string {
	refusals := []string{"denied", "not_assigned", "locked", "disabled", "mfa_denied"}
	all := map[string]map[string]string{}
	for key, codes := range map[string]string{
		"oktaoidc": "access_denied access_denied stays stays stays", "oktasaml": "stays stays stays stays stays",
		"entraoidc": "stays stays stays stays stays", "entrasaml": "stays stays stays stays stays",
		"googleoidc": "stays stays stays stays stays", "googlesaml": "stays stays stays stays stays",
		"plainoidc": "access_denied access_denied access_denied access_denied access_denied",
		"plainsaml": "access_denied access_denied authentication_not_completed authentication_not_completed authentication_not_completed",
	} {
		all[key] = map[string]string{
			"": signedIn, "password_expired": signedIn, "consent": signedIn, "consent_denied": "access_denied", "foreign_email": "invalid_user_domain",
			"not_completed": "authentication_not_completed", "no_email": "mandatory_attribute_missing", "server_error": "server_error",
		}
		if strings.HasSuffix(key, "saml") {
			all[key]["server_error"] = "invalid_status"
		}
		for i, code := range strings.Fields(codes) {
			all[key][refusals[i]] = code
		}
	}
	return all
}

// onlyPlain runs a scenario in the plain form alone: what it shows is the same in each.
func onlyPlain(t *testing.T, scenario func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	if *targetFile != "" || *onlyForm != "" && *onlyForm != plain.name {
		t.Log("left out: with -target or another -form")
		return
	}
	scenario(t)
}

// Ann signs in at each identity provider over each protocol, through Cognito and directly; with each outcome somewhere, and
// with every outcome everywhere with -every, which takes minutes.
func TestEveryIdentityProviderAndOutcome(t *testing.T) {
	onlyPlain(t, func(t *testing.T) {
		app := newDirectApp(t)
		lab := plain.lab(t, everyIdP(app.callback()))
		app.lab = lab
		table := endings()
		for i, key := range slices.Sorted(maps.Keys(table)) {
			outcomes := table[key]
			require.Len(t, outcomes, len(mockscalekit.Outcomes())+1, "each outcome has a row")
			if !*everyOutcome { // success, and two others, so that each has its turn somewhere
				all := slices.Sorted(maps.Keys(outcomes))
				others := []string{all[1+2*i%12], all[1+(2*i+1)%12]}
				maps.DeleteFunc(outcomes, func(o, _ string) bool { return o != "" && !slices.Contains(others, o) })
			}
			for _, way := range []string{"Cognito", "direct"} {
				t.Run(key+" "+way, func(t *testing.T) {
					t.Parallel()
					for _, outcome := range slices.Sorted(maps.Keys(outcomes)) {
						tab := plain.tab(t, lab)
						p := person(t, tab, lab)
						got := signAnnIn(p, lab, app, way, "ann@"+key+".test", outcome)
						require.Equal(t, outcomes[outcome], got, "%s, outcome %q", key, outcome)
						tab.Close()
					}
				})
			}
		}
	})
}

// signAnnIn is an error code, stays or signedIn.
func signAnnIn(p *e2e.Person, lab *ssolab.Lab, app *directApp, way, email, outcome string) string {
	good, bad := "direct-page", "direct-error"
	if way == "Cognito" {
		good, bad = "claims-page", "app-error"
		p.OpensApp(lab.URLs().App).SignsInAs(email)
	} else {
		p.Goes(app.address("login_hint", email))
	}
	end := p.SignsInAtIdP(outcome, good, bad)
	switch {
	case end.Page == "idp-stopped":
		return stays
	case end.Page == good && way == "direct" && p.Reads(good) != email:
		return "somebody else: " + p.Reads(good)
	case end.Page == good && way == "Cognito" && p.SeesClaims().SignedInAs() != email:
		return "somebody else"
	}
	return end.Code
}
