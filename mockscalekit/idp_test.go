package mockscalekit_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // TOTP is defined with it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockscalekit"
)

func TestSimulatorPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newBrowser(t).get(s.authorizeURL())
	require.Equal(t, http.StatusOK, p.status)
	require.Regexp(t, `^`+regexp.QuoteMeta(s.idp)+`/login\?authRequestID=req_\d+$`, p.url.String())
	for id, want := range map[string]string{
		"sim-app-name": "ssolab (ssolab)", "sim-env-url": s.env, "sim-client-id": clientID, "sim-redirect-uri": callback,
		"sim-scenario": "login", "sim-email": "john", "sim-domain": "example.com", "sim-given-name": "John", "sim-family-name": "Doe",
		"sim-attr-name-0": "", "sim-attr-value-2": "", "sim-error-invalid_credentials": "invalid_credentials",
		"mock-strip": "mock IdP simulator · Test Organization · not a real identity provider",
	} {
		require.Equal(t, want, byTestID(t, p, id), id)
	}
	unknown := newBrowser(t).get(s.authorizeURL("login_hint", "ada.lovelace@example.org"))
	require.Equal(t, []string{"ada.lovelace", "example.org", "Ada", "Lovelace"}, []string{
		byTestID(t, unknown, "sim-email"), byTestID(t, unknown, "sim-domain"), byTestID(t, unknown, "sim-given-name"), byTestID(t, unknown, "sim-family-name"),
	})
}

func TestSimulatorForm(t *testing.T) {
	t.Parallel()
	s := start(t)
	claims := func(edits ...string) map[string]any {
		b := newBrowser(t)
		p := b.submit(b.get(s.authorizeURL()), edits...)
		require.True(t, p.atApp, p.body)
		return claimsOf(t, s.redeem(p.url.Query().Get("code")).json(t)["id_token"])
	}
	john := claims()
	require.Equal(t, johnSub, john["sub"])
	c := claims("email", "ada", "domain", "example.org", "given_name", "<em>Ada</em>", "family_name", "",
		"attr_name_0", "department", "attr_value_0", "R&D", "attr_name_1", "sub", "attr_value_1", "x", "attr_name_2", "iss", "attr_value_2", "y")
	require.Equal(t, "ada@example.org", c["email"])
	require.Equal(t, "<em>Ada</em>", c["given_name"])
	require.NotContains(t, c, "family_name")
	require.NotContains(t, c, "email_verified")
	require.NotContains(t, c, "name")
	require.Equal(t, "R&D", c["department"])
	require.Equal(t, s.env, c["iss"], "a custom attribute cannot take the protocol's names")
	require.Regexp(t, `^`+testConn+`;[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, c["sub"])
	require.Equal(t, c["sub"], claims("email", "Ada", "domain", "example.org")["sub"], "the subject is stable, whatever the case")

	require.NoError(t, s.kit.Quirks.Switch("idp-random-subject", true))
	require.NotEqual(t, claims()["sub"], claims()["sub"])
}

func TestSimulatorAsksAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	p := b.submit(b.get(s.authorizeURL()), "email", "", "given_name", `<em title="x">`)
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Equal(t, "Enter the part of the e-mail address before the @.", byTestID(t, p, "sim-problem"))
	require.Equal(t, `<em title="x">`, byTestID(t, p, "sim-given-name"))
	require.NotContains(t, p.body, "<em")
	p = b.submit(p, "email", "a b")
	require.Contains(t, byTestID(t, p, "sim-problem"), "no e-mail address")
	p = b.submit(p, "email", "ada", "attr_value_0", "value without key")
	require.Contains(t, byTestID(t, p, "sim-problem"), "has no key")
	used := p
	p = b.submit(p, "attr_name_0", "department", "email", "")
	p = b.submit(p, "email", "ada@example.com")
	require.True(t, p.atApp, p.body)

	p = b.submit(used)
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Contains(t, byTestID(t, p, "error-sentence"), "used already")
}

func TestSimulatorErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	for kind, want := range map[string][2]string{
		"invalid_credentials": {"access_denied", "Invalid user credentials"},
		"user_not_found":      {"access_denied", "User not found"},
		"server_error":        {"server_error", "Server error"},
	} {
		b := newBrowser(t)
		p := b.submit(b.get(s.authorizeURL()), "scenario", "error", "error", kind)
		require.True(t, p.atApp, p.body)
		q := p.url.Query()
		require.Equal(t, want, [2]string{q.Get("error"), q.Get("error_description")})
		require.Equal(t, "the-state-of-the-app", q.Get("state"))
	}
}

// A person whose e-mail is in none of the organization's domains is kept out after the sign-in.
func TestForeignDomain(t *testing.T) {
	t.Parallel()
	s := start(t)
	q := s.signIn("connection_id", testConn, "login_hint", "eve@foreign.test")
	require.Equal(t, "invalid_user_domain", q.Get("error"))
	require.Equal(t, "User's domain not allowed for this SSO connection", q.Get("error_description"))
}

func TestRegisteredAttributesOnly(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *mockscalekit.Config) {
		c.Environment.Attributes = []string{"department"}
		c.Environment.People[0].Attributes = map[string]string{"department": "Sales", "team": "North"}
	})
	c := claimsOf(t, s.redeem(s.signIn().Get("code")).json(t)["id_token"])
	require.Equal(t, "Sales", c["department"])
	require.NotContains(t, c, "team")
}

func TestOktaInOneStep(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := newBrowser(t)
	p := b.get(s.authorizeURL("login_hint", "john@megasoft.org"))
	require.Equal(t, "john@megasoft.org", byTestID(t, p, "idp-username"))
	require.Equal(t, code(t, johnSecret, fixed()), byTestID(t, p, "idp-code"))
	wrong := b.submit(p, "password", "wrong")
	require.Equal(t, http.StatusUnauthorized, wrong.status)
	require.Contains(t, byTestID(t, wrong, "idp-problem"), "wrong password")
	wrong = b.submit(wrong, "code", "000000")
	require.Contains(t, byTestID(t, wrong, "idp-problem"), "code is wrong")
	p = b.submit(wrong)
	require.True(t, p.atApp, p.body)
	tokens := s.redeem(p.url.Query().Get("code")).json(t)
	c := claimsOf(t, tokens["id_token"])
	require.Regexp(t, `^`+oktaConn+`;00u[0-9a-zA-Z]{17}$`, c["sub"])
	require.Equal(t, true, c["email_verified"])
	require.Equal(t, "John Megasoft", c["name"])
	require.Equal(t, "John", c["given_name"])
	require.Equal(t, "john@megasoft.org", c["preferred_username"])
}

func TestOktaInTwoSteps(t *testing.T) {
	t.Parallel()
	s := start(t)
	require.NoError(t, s.kit.Quirks.Switch("idp-mfa-one-step", false))
	password := mockscalekit.DefaultEnvironment().People[3].Password
	toCode := func() (*browser, page) {
		b := newBrowser(t)
		p := b.get(s.authorizeURL("login_hint", "john@megasoft.org"))
		require.Empty(t, byTestID(t, p, "idp-password"))
		require.NotContains(t, p.body, "idp-code")
		p = b.submit(p, "password", password)
		require.Equal(t, http.StatusOK, p.status)
		require.Empty(t, byTestID(t, p, "idp-code"))
		return b, p
	}
	b, p := toCode()
	now := s.kit.Env.Now()
	require.Contains(t, byTestID(t, b.submit(p, "code", code(t, johnSecret, now.Add(-time.Minute))), "idp-problem"), "too old")
	require.True(t, b.submit(p, "code", code(t, johnSecret, now.Add(-30*time.Second))).atApp, "one step of skew is allowed")

	b, p = toCode()
	require.Contains(t, byTestID(t, b.submit(p, "code", code(t, johnSecret, now.Add(-30*time.Second))), "idp-problem"), "used already")
	require.True(t, b.submit(p, "code", code(t, johnSecret, now), "username", "jane@example.com").atApp, "the password's person stays")

	b, p = toCode()
	require.Contains(t, byTestID(t, b.submit(p, "code", code(t, johnSecret, now)), "idp-problem"), "used already")
	s.kit.Env.Advance(30 * time.Second)
	require.True(t, b.submit(p, "code", code(t, johnSecret, s.kit.Env.Now())).atApp)
}

// code computes a TOTP code from RFC 6238, apart from the code under test.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	at4 := sum[sum[19]&15:]
	return fmt.Sprintf("%06d", (uint32(at4[0]&0x7f)<<24|uint32(at4[1])<<16|uint32(at4[2])<<8|uint32(at4[3]))%1_000_000)
}

// RFC 6238, appendix B, cut to six digits.
func TestTOTPVector(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	require.Equal(t, "287082", code(t, secret, time.Unix(59, 0)))
	require.Equal(t, "081804", code(t, secret, time.Unix(1111111109, 0)))
}

func TestIdPTokenEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.idp+"/token", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(testConn, "wrong")
	require.Equal(t, http.StatusUnauthorized, do(t, req).status)
	require.Equal(t, http.StatusUnauthorized, fetch(t, s.idp+"/userinfo").status)
	require.Equal(t, s.idp, fetch(t, s.idp+"/.well-known/openid-configuration").json(t)["issuer"])
	require.Equal(t, s.idp+"/okta", fetch(t, s.idp+"/okta/.well-known/openid-configuration").json(t)["issuer"])
	require.Contains(t, fetch(t, s.idp+"/keys").body, `"alg":"ES256"`)
	require.Equal(t, http.StatusNotFound, fetch(t, s.idp+"/nothing").status)
}
