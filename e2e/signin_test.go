package e2e_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJohnFromEmailToClaims(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		require.Equal(t, "john@example.com", sim.Email(), "the login hint travelled the whole chain")
		claims := sim.Submits().SeesClaims()
		require.Equal(t, "john@example.com", claims.SignedInAs())
		require.Equal(t, map[string]any{
			"sub": "807c593c-d0c1-709c-598f-633ec61bcc8b", "email_verified": "false", "email": "john@example.com",
			"username": "ScalekitIdPRouter_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af",
		}, claims.UserInfo())
		require.Equal(t, "john@example.com", claims.Claim("email"))
		token := claims.IDToken()
		require.Equal(t, lab.URLs().Issuer, token["iss"])
		require.Equal(t, variables(lab)["COGNITO_CLIENT_ID"], token["aud"])
		require.Equal(t, claims.UserInfo()["sub"], token["sub"])
		require.NotEmpty(t, token["nonce"])

		s := latest(t, lab)
		require.Equal(t, "completed", s.Outcome)
		require.Equal(t, "john@example.com", s.Email)
		require.Empty(t, s.Failure)
		for _, point := range []string{
			"app.login", "cognito.authorize", "scalekit.authorize", "idp.authorize", "idp.login", "scalekit.callback",
			"scalekit.token", "scalekit.keys", "app.callback", "cognito.token",
		} {
			require.Contains(t, s.points(), point)
		}
		trace := claims.OpensTrace()
		require.Equal(t, len(s.Hops), trace.Hops(), "the console shows every hop")
		require.Positive(t, p.OpensConsole(lab.URLs().Console).SignIns())
	})
}

func TestEnterpriseUserOfAnotherDomain(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("enterpriseuser@example.org").SeesSimulator()
		require.Equal(t, "enterpriseuser@example.org", sim.Email())
		require.Equal(t, "enterpriseuser@example.org", sim.Submits().SeesClaims().SignedInAs())
	})
}

func TestMegasoftSignsInAtOkta(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		okta := p.OpensApp(lab.URLs().App).SignsInAs("john@megasoft.org").SeesOkta()
		require.Equal(t, "john@megasoft.org", okta.Username())
		okta.TypesPassword("not the password").Submits().SeesOkta() // refused, and may try again

		claims := p.OpensApp(lab.URLs().App).SignsInAs("john@megasoft.org").SeesOkta().Submits().SeesClaims()
		require.Equal(t, "john@megasoft.org", claims.SignedInAs())
		require.Contains(t, claims.UserInfo()["username"], "ScalekitIdPRouter_")
	})
}

func TestTheSecondSignInIsSilentUntilSignOut(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		first := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator().Submits().SeesClaims().UserInfo()

		// The app's login again: Cognito's cookie answers, nobody is asked.
		p.Goes(lab.URLs().App + "/auth/login?" + url.Values{"email": {"john@example.com"}}.Encode())
		require.Equal(t, first, p.SeesClaims().UserInfo())
		require.NotContains(t, latest(t, lab).points(), "scalekit.authorize")

		// Signed out, the simulator asks again.
		p.SeesClaims().SignsOut()
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		require.Equal(t, first, sim.Submits().SeesClaims().UserInfo(), "the same person has the same sub")
	})
}

func TestSomebodyNewWithAwkwardNames(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		login := p.OpensApp(lab.URLs().App)
		p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) { q.Set("scope", "openid email profile") })
		claims := login.SignsInAs("new.person@example.com").SeesSimulator().Names("Ada <em>", "Lovelace & Co").Submits().SeesClaims()
		require.Equal(t, "new.person@example.com", claims.SignedInAs())
		require.Equal(t, "Ada <em>", claims.IDToken()["given_name"])
		require.Equal(t, "Lovelace & Co", claims.IDToken()["family_name"])
	})
}

func TestAnUnknownDomain(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		page := p.OpensApp(lab.URLs().App).SignsInAs("someone@nowhere.example").SeesError("app")
		require.Equal(t, "domain_not_found", page.Code)
		require.Contains(t, page.Text, "No domain specified for the SSO connection(s)")
		require.Equal(t, "failed", latest(t, lab).Outcome)
		require.Contains(t, latest(t, lab).Failure, "nowhere.example")
	})
}

func TestAWrongProviderName(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		login := p.OpensApp(lab.URLs().App)
		p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) { q.Set("identity_provider", "ScalekitIdpRouter") })
		page := login.SignsInAs("john@example.com").SeesError("cognito")
		require.Contains(t, page.Text, "Login option is not available")
	})
}

func TestAnUnregisteredCallback(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		login := p.OpensApp(lab.URLs().App)
		p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) { q.Set("redirect_uri", lab.URLs().App+"/auth/callback/") })
		page := login.SignsInAs("john@example.com").SeesError("cognito")
		require.Equal(t, "redirect_mismatch", page.Code)
		require.Equal(t, "redirect_mismatch", p.URL().Query().Get("error"))
	})
}

func TestAChangedState(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		p.Meddles(lab.URLs().App+"/auth/callback", func(q url.Values) { q.Set("state", q.Get("state")+"x") })
		require.Equal(t, "state_mismatch", sim.Submits().SeesError("app").Code)
	})
}

func TestAChangedStateOfTheProvider(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		sim := p.OpensApp(lab.URLs().App).SignsInAs("john@example.com").SeesSimulator()
		p.Meddles(lab.URLs().Domain+"/oauth2/idpresponse", func(q url.Values) { q.Set("state", q.Get("state")+"x") })
		require.NotEmpty(t, sim.Submits().SeesError("cognito").Code)
	})
}

func TestAWrongVerifier(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		login := p.OpensApp(lab.URLs().App)
		p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) {
			q.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
		})
		page := login.SignsInAs("john@example.com").SeesSimulator().Submits().SeesError("app")
		require.Contains(t, page.Text, "invalid_grant")
		require.Equal(t, "failed", latest(t, lab).Outcome)
	})
}

func TestWithoutProviderCognitoAsks(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t)
		p := f.visitor(t, lab)
		login := p.OpensApp(lab.URLs().App)
		p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) { q.Del("identity_provider") })
		sim := login.SignsInAs("john@example.com").SeesCognitoLogin().Chooses("ScalekitIdPRouter").SeesSimulator()
		require.Equal(t, "john@example.com", sim.Submits().SeesClaims().SignedInAs())
	})
}
