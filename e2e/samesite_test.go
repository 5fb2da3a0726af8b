package e2e_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
)

// The sign-in ends as it does at AWS when the browser that comes back cannot show its csrf-state cookie.
func requireInvalidState(t *testing.T, p *e2e.Person, lab *ssolab.Lab) {
	t.Helper()
	page := p.SeesError("cognito")
	require.Equal(t, "Invalid state", page.Code)
	require.Contains(t, page.Text, "An error was encountered with the requested page.")
	require.Equal(t, http.StatusBadRequest, p.Status())
	require.Equal(t, lab.URLs().Domain+"/error?error=Invalid%20state", p.URL().String())
	s := latest(t, lab)
	require.Equal(t, "failed", s.Outcome)
	require.Contains(t, s.Failure, "csrf-state cookie is missing")
}

func TestALostStateCookie(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		p.LosesCookies(lab.URLs().Domain, "csrf-state")
		sim.Submits()
		requireInvalidState(t, p, lab)
		p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator().Submits().SeesClaims()
	})
}

func TestBlockedCookies(t *testing.T) {
	inNamedForms(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		domain, err := url.Parse(lab.URLs().Domain)
		require.NoError(t, err)
		b := newBrowser(t, func() (*e2e.Browser, error) { return f.start(lab, domain.Hostname()) })
		p := person(t, newTab(t, b), lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		require.Empty(t, p.SameSite(lab.URLs().Domain))
		sim.Submits()
		requireInvalidState(t, p, lab)
	})
}

// An identity provider that answers by form_post comes back with a POST from another site. The csrf-state cookie is made for
// that (SameSite=None). As Lax, which is what a proxy or a browser's policy may make of it, it stays behind, and only where
// the parties are sites of their own: between two ports of localhost the browser sees no other site and sends it.
func TestSameSiteOfTheStateCookie(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		t.Run("none", func(t *testing.T) {
			t.Parallel()
			lab := f.lab(t)
			p := f.visitor(t, lab)
			sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
			if f.names != "" {
				require.Equal(t, "None", p.SameSite(lab.URLs().Domain)["csrf-state"])
			}
			p.Rewrites(lab.URLs().Scalekit+"/sso/", byPost)
			sim.Submits().Follows("form-post").SeesClaims()
		})
		t.Run("lax", func(t *testing.T) {
			t.Parallel()
			lab := f.lab(t)
			p := f.visitor(t, lab)
			sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
			// csrf-state-legacy too: Chromium sends a cookie that says nothing of SameSite with a POST from another site
			// for two minutes.
			p.MakesLax(lab.URLs().Domain, "csrf-state")
			for name, sameSite := range p.SameSite(lab.URLs().Domain) {
				require.Equal(t, "Lax", sameSite, name)
			}
			p.Rewrites(lab.URLs().Scalekit+"/sso/", byPost)
			sim.Submits().Follows("form-post")
			if f.names == "" {
				p.SeesClaims() // plain is kinder than AWS
				return
			}
			requireInvalidState(t, p, lab)
		})
	})
}

// byPost makes a redirect with parameters a form with the same parameters (OAuth 2.0 Form Post Response Mode). The form waits
// for a click instead of a script.
func byPost(a *e2e.Answer) {
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		return
	}
	var b strings.Builder
	for name, values := range to.Query() {
		fmt.Fprintf(&b, `<input type=hidden name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
	}
	to.RawQuery = ""
	a.Status, a.Header = http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	a.Body = fmt.Sprintf(`<!doctype html><title>Form post</title><form method=post action="%s">%s<button data-testid="form-post">Continue</button></form>`, html.EscapeString(to.String()), &b)
}
