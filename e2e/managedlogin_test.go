package e2e_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/e2e"
	"github.com/ssolab/ssolab/mockcognito"
)

const ownPassword = "Passw0rd!"

// ownUsers lets the sample app's client sign users of the pool's own in, beside the provider.
func ownUsers(c *ssolab.Config) {
	p := mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})
	p.AutoVerified = []string{"email"}
	p.Clients[0].IdentityProviders = append(p.Clients[0].IdentityProviders, mockcognito.CognitoProvider)
	p.Users = append(p.Users, mockcognito.User{Username: "jane", Password: ownPassword, Attributes: map[string]string{"email": "jane@example.net", "email_verified": "true"}})
	c.UserPools = []mockcognito.UserPool{p}
}

// asks sends the person to the login page of the pool, as the sample app does but for the provider.
func asks(p *e2e.Person, lab *ssolab.Lab) e2e.CognitoLoginPage {
	p.Meddles(lab.URLs().Domain+"/oauth2/authorize", func(q url.Values) {
		q.Del("identity_provider")
		q.Del("idp_identifier")
	})
	p.OpensApp(lab.URLs().App).SignsInAs("john@example.com")
	return p.SeesCognitoLogin()
}

// code is what was mailed last, by the control API.
func code(t *testing.T, lab *ssolab.Lab) string {
	t.Helper()
	resp, err := lab.HTTPClient().Get(lab.URLs().Console + "/api/v1/messages")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var got struct{ Messages []struct{ Code string } }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&got))
	require.NotEmpty(t, got.Messages)
	return got.Messages[0].Code
}

// now is the lab's time.
func now(lab *ssolab.Lab) time.Time { return time.Now().Add(lab.ClockOffset()) }

func TestFromSignUpToClaims(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t, ownUsers)
		p := f.visitor(t, lab)
		asks(p, lab).ToSignUp().Fills(map[string]string{"username": "mary", "attribute-email": "mary@example.net", "password": ownPassword, "password-again": ownPassword})
		p.SeesPage("cognito-confirm").Fills(map[string]string{"code": code(t, lab)})
		token := p.SeesClaims().IDToken()
		require.Equal(t, "mary", token["cognito:username"])
		require.Equal(t, "mary@example.net", token["email"])
		require.Equal(t, true, token["email_verified"])
		require.NotContains(t, token, "identities")
	})
}

func TestSecondFactorsInABrowser(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t, ownUsers, func(c *ssolab.Config) { c.UserPools[0].MFA = "ON" })
		p := f.visitor(t, lab)
		asks(p, lab).SignsIn("jane", ownPassword)
		secret := p.SeesPage("cognito-mfa-setup").Says("cognito-secret")
		p.SeesPage("cognito-mfa-setup").Fills(map[string]string{"code": authenticator(t, secret, now(lab))})
		require.Equal(t, "jane", p.SeesClaims().IDToken()["cognito:username"])

		another := f.visitor(t, lab)
		lab.Advance(time.Minute)
		asks(another, lab).SignsIn("jane", ownPassword)
		another.SeesPage("cognito-mfa").Fills(map[string]string{"code": "000000"})
		require.Equal(t, "CodeMismatchException", another.SeesError("cognito").Code)
		another.SeesPage("cognito-mfa").Fills(map[string]string{"code": authenticator(t, secret, now(lab))})
		require.Equal(t, "jane", another.SeesClaims().IDToken()["cognito:username"])
	})
}

// authenticator is what an authenticator shows (RFC 6238).
func authenticator(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

func TestResetOfAPasswordInABrowser(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t, ownUsers)
		p := f.visitor(t, lab)
		asks(p, lab).SignsIn("jane", "wrong")
		require.Equal(t, "NotAuthorizedException", p.SeesError("cognito").Code)
		p.SeesCognitoLogin().Forgets().Fills(map[string]string{"username": "jane"})
		p.SeesPage("cognito-reset-password").Fills(map[string]string{"code": code(t, lab), "password": "Another0!", "password-again": "Another0!"})
		p.SeesCognitoLogin().SignsIn("jane", "Another0!")
		require.Equal(t, "jane", p.SeesClaims().IDToken()["cognito:username"])
	})
}

// The provider's button is beside the form, and leads through the whole chain.
func TestProviderButtonBesideTheForm(t *testing.T) {
	inEveryForm(t, func(t *testing.T, f *form) {
		lab := f.lab(t, ownUsers)
		p := f.visitor(t, lab)
		login := asks(p, lab)
		login.SeesPage("cognito-login").Says("cognito-submit")
		login.Chooses(mockcognito.DefaultProviderName).SeesSimulator().Submits()
		require.Contains(t, p.SeesClaims().IDToken()["cognito:username"], mockcognito.DefaultProviderName+"_")
	})
}
