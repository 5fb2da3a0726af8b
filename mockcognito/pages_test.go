package mockcognito_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

func TestSignInOnTheLoginPage(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	v := b.asks().signsIn("jane", "wrong").refused("NotAuthorizedException", "Incorrect username or password.")
	require.Equal(t, "jane", v.text("cognito-username"))
	require.NotContains(t, v.page.body, "wrong", "no password comes back")
	v.signsIn("nobody", ownPassword).refused("NotAuthorizedException", "has no user \"nobody\"")
	before := b.kit.Env.Now().Unix()
	claims := v.signsIn("jane", ownPassword).claims()
	require.Equal(t, "jane", claims["cognito:username"])
	require.Equal(t, "jane@example.com", claims["email"])
	require.Equal(t, true, claims["email_verified"])
	require.Equal(t, "app-nonce", claims["nonce"])
	require.Equal(t, []any{"staff"}, claims["cognito:groups"])
	require.NotContains(t, claims, "identities")
	require.GreaterOrEqual(t, claims["auth_time"].(float64), float64(before))
	require.EqualValues(t, 2, part2(t, b, "jane")["version"], "a token of the domain's, not of the API's")
}

// part2 are the claims of an access token of another sign-in, by the session of the first.
func part2(t *testing.T, b *bench, _ string) map[string]any {
	t.Helper()
	v := b.asks()
	a := b.post("/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {pagesID}, "code": {v.at.Query().Get("code")}, "redirect_uri": {callback}})
	require.Equal(t, 200, a.status, a.raw)
	_, claims := part(t, a.json["access_token"], 1)
	return claims
}

// The session of a sign-in on the pages lasts an hour, as those of federated sign-ins do, and is not extended by its use.
func TestSessionOfAnOwnUser(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	first := b.asks().signsIn("jane", ownPassword).claims()
	b.kit.Env.Advance(40 * time.Minute)
	require.Equal(t, first["auth_time"], b.asks().claims()["auth_time"], "silent")
	v := b.visits("/login?" + params("client_id", pagesID, "identity_provider", "", "login_hint", "")).sees("cognito-continue")
	require.Equal(t, "Continue as jane", v.text("cognito-continue"))
	require.Equal(t, first["auth_time"], v.submits("cognito-continue").claims()["auth_time"])
	v = b.visits("/login?" + params("client_id", pagesID, "identity_provider", "", "login_hint", "")).follows("cognito-different-user")
	v.sees("cognito-password")
	b.asks("prompt", "login").sees("cognito-password")
	b.asks("identity_provider", provider).claims() // another way of signing in is not served by that session
	b.browser = newBrowser(t)
	b.asks().signsIn("jane", ownPassword).claims()
	b.kit.Env.Advance(time.Hour)
	b.asks().sees("cognito-login")
}

func TestSignUpOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages, func(c *mockConfig) {
		c.UserPools[0].Attributes = append(c.UserPools[0].Attributes, mockAttribute{Name: "given_name", Required: true})
	})
	v := b.asks().follows("cognito-to-sign-up").sees("cognito-sign-up")
	fill := func(name, clear, again string) *visitor {
		return v.submits("cognito-submit", "cognito-username", name, "cognito-attribute-email", "mary@example.com", "cognito-attribute-given_name", "Mary", "cognito-password", clear, "cognito-password-again", again)
	}
	fill("mary", ownPassword, "other").refused("InvalidPasswordException", "The passwords are not the same.")
	require.Equal(t, "mary@example.com", v.text("cognito-attribute-email"))
	fill("mary", "short", "short").refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	fill("ma ry", ownPassword, ownPassword).refused("InvalidParameterException", "no spaces")
	fill("jane", ownPassword, ownPassword).refused("UsernameExistsException", "User already exists")
	fill("mary", ownPassword, ownPassword).sees("cognito-confirm")
	require.Contains(t, v.text("cognito-confirm"), "m***@e***")
	require.Equal(t, "mary", v.text("cognito-username"))
	first := b.newestMessage()
	require.Equal(t, []string{"sign-up", "mary@example.com"}, []string{first.Purpose, first.Destination})
	v.submits("cognito-submit", "cognito-code", "0").refused("CodeMismatchException", "Invalid verification code provided, please try again.")
	v.submits("cognito-resend").sees("cognito-notice")
	v.submits("cognito-submit", "cognito-code", first.Code).refused("CodeMismatchException", "Invalid verification code")
	claims := v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()
	require.Equal(t, "mary", claims["cognito:username"])
	require.Equal(t, true, claims["email_verified"])
	require.Equal(t, "Mary", part2Claims(b)["given_name"])
}

func part2Claims(b *bench) map[string]any {
	return b.asks("scope", "openid profile").claims()
}

// Who confirms without having proven the password in that browser is confirmed, and not signed in.
func TestConfirmationInAnotherBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	b.asks().follows("cognito-to-sign-up").submits("cognito-submit", "cognito-username", "mary", "cognito-attribute-email", "mary@example.com", "cognito-password", ownPassword, "cognito-password-again", ownPassword).sees("cognito-confirm")
	code := b.newestMessage().Code
	b.browser = newBrowser(t)
	v := b.visits("/confirm?" + params("client_id", pagesID, "identity_provider", "", "login_hint", "")).sees("cognito-confirm")
	v.submits("cognito-submit", "cognito-username", "mary", "cognito-code", code).sees("cognito-login").sees("cognito-notice")
	require.Equal(t, "mary", v.text("cognito-username"))
	require.Equal(t, "mary", v.signsIn("mary", ownPassword).claims()["cognito:username"])
}

// Who signs in before the sign-up was confirmed is asked for the code, and goes on behind it.
func TestSignInBeforeTheConfirmation(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	_, err := b.sdk().SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(nativeID), Username: aws.String("mary"), Password: aws.String(ownPassword), UserAttributes: attribute("email", "mary@example.com")})
	require.NoError(t, err)
	v := b.asks().signsIn("mary", "wrong").refused("NotAuthorizedException", "Incorrect username or password.")
	v.signsIn("mary", ownPassword).sees("cognito-confirm")
	require.Equal(t, "mary", v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()["cognito:username"])
}

func TestPoolsWithoutSignUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages, func(c *mockConfig) { c.UserPools[0].NoSignUp = true })
	require.Nil(t, b.asks().sees("cognito-login").find("cognito-to-sign-up"))
	v := b.visits("/signup?"+params("client_id", pagesID, "identity_provider", "", "login_hint", "")).refused("NotAuthorizedException", "SignUp is not permitted for this user pool")
	require.Nil(t, v.find("cognito-submit"))
}

func TestResetOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	v := b.asks().follows("cognito-forgot").submits("cognito-submit", "cognito-username", "jane").sees("cognito-reset-password")
	require.Contains(t, v.text("cognito-reset-password"), "j***@e***")
	fill := func(code, clear string) *visitor {
		return v.submits("cognito-submit", "cognito-code", code, "cognito-password", clear, "cognito-password-again", clear)
	}
	code := b.newestMessage().Code
	fill("0", "Another0!").refused("CodeMismatchException", "")
	fill(code, "weak").refused("InvalidPasswordException", "")
	fill(code, "Another0!").sees("cognito-login").sees("cognito-notice")
	require.Equal(t, "jane", v.text("cognito-username"))
	v.signsIn("jane", ownPassword).refused("NotAuthorizedException", "")
	require.Equal(t, "jane", v.signsIn("jane", "Another0!").claims()["cognito:username"])

	// For a name that nobody has, the client's pages do as if.
	b.browser = newBrowser(t)
	sent := len(messages(b))
	v = b.asks().follows("cognito-forgot").submits("cognito-submit", "cognito-username", "nobody").sees("cognito-reset-password")
	require.Len(t, messages(b), sent)
	v.submits("cognito-submit", "cognito-code", "123456", "cognito-password", "Another0!", "cognito-password-again", "Another0!").refused("CodeMismatchException", "")

	// A password that an administrator reset leads to the same page.
	_, err := b.sdk().AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: aws.String(poolID), Username: aws.String("jane")})
	require.NoError(t, err)
	v = b.asks().signsIn("jane", "Another0!").sees("cognito-reset-password")
	v.submits("cognito-submit", "cognito-code", b.newestMessage().Code, "cognito-password", ownPassword, "cognito-password-again", ownPassword).sees("cognito-login")
	require.Equal(t, "jane", v.signsIn("jane", ownPassword).claims()["cognito:username"])
}

func messages(b *bench) []mockcognito.Message {
	list, err := b.server.Messages(b.t.Context())
	require.NoError(b.t, err)
	return list
}

func TestNewPasswordOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages, func(c *mockConfig) {
		c.UserPools[0].Attributes = append(c.UserPools[0].Attributes, mockAttribute{Name: "family_name", Required: true})
		for i := range c.UserPools[0].Users {
			c.UserPools[0].Users[i].Attributes["family_name"] = "Doe"
		}
	})
	_, err := b.sdk().AdminCreateUser(t.Context(), &cip.AdminCreateUserInput{UserPoolId: aws.String(poolID), Username: aws.String("mary"), TemporaryPassword: aws.String(ownPassword), UserAttributes: attribute("email", "mary@example.com")})
	if err != nil { // the pool wants it at once
		refused(t, err, "InvalidParameterException", "")
	}
	v := b.asks().signsIn("new", ownPassword).sees("cognito-new-password-required")
	fill := func(clear, again string) *visitor {
		return v.submits("cognito-submit", "cognito-password", clear, "cognito-password-again", again)
	}
	fill("Another0!", "Another1!").refused("InvalidPasswordException", "not the same")
	fill("weak", "weak").refused("InvalidPasswordException", "Password did not conform with policy")
	require.Equal(t, "new", fill("Another0!", "Another0!").claims()["cognito:username"])
	b.browser = newBrowser(t)
	require.Equal(t, "new", b.asks().signsIn("new", "Another0!").claims()["cognito:username"])
}

func TestAuthenticatorOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	b.setMFA(types.UserPoolMfaTypeOn)
	_, err := b.sdk().AdminDeleteUserAttributes(t.Context(), &cip.AdminDeleteUserAttributesInput{UserPoolId: aws.String(poolID), Username: aws.String("jane"), UserAttributeNames: []string{"email"}})
	require.NoError(t, err)
	v := b.asks().signsIn("jane", ownPassword).sees("cognito-mfa-setup-select")
	v.submits("cognito-submit", "cognito-factor-SOFTWARE_TOKEN_MFA", "checked").sees("cognito-mfa-setup")
	secret := v.text("cognito-secret")
	link, err := url.Parse(attr(v.find("cognito-secret-link"), "href"))
	require.NoError(t, err)
	require.Equal(t, []string{"otpauth", "totp", secret}, []string{link.Scheme, link.Host, link.Query().Get("secret")})
	v.submits("cognito-submit", "cognito-code", "000000").refused("EnableSoftwareTokenMFAException", "Code mismatch")
	require.Equal(t, secret, v.text("cognito-secret"), "the same authenticator")
	require.Equal(t, "jane", v.submits("cognito-submit", "cognito-code", *authenticatorCode(t, secret, b.kit.Env.Now())).claims()["cognito:username"])

	b.browser = newBrowser(t)
	v = b.asks().signsIn("jane", ownPassword).sees("cognito-mfa")
	v.submits("cognito-submit", "cognito-code", *authenticatorCode(t, secret, b.kit.Env.Now())).refused("ExpiredCodeException", "already been used once")
	v.submits("cognito-submit", "cognito-code", "000000").refused("CodeMismatchException", "Invalid code received for user")
	b.kit.Env.Advance(time.Minute)
	require.Equal(t, "jane", v.submits("cognito-submit", "cognito-code", *authenticatorCode(t, secret, b.kit.Env.Now())).claims()["cognito:username"])
}

func TestCodeByMailOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	b.setMFA(types.UserPoolMfaTypeOn)
	v := b.asks().signsIn("jane", ownPassword).sees("cognito-mfa")
	require.Contains(t, v.text("cognito-mfa"), "j***@e***")
	require.Equal(t, "second-factor", b.newestMessage().Purpose)
	v.submits("cognito-submit", "cognito-code", "0").refused("CodeMismatchException", "")
	require.Equal(t, "jane", v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()["cognito:username"])

	// Set up during a sign-in, by somebody who has no address yet.
	_, err := b.sdk().AdminDeleteUserAttributes(t.Context(), &cip.AdminDeleteUserAttributesInput{UserPoolId: aws.String(poolID), Username: aws.String("jane"), UserAttributeNames: []string{"email"}})
	require.NoError(t, err)
	b.browser = newBrowser(t)
	v = b.asks().signsIn("jane", ownPassword).sees("cognito-mfa-setup-select")
	v.submits("cognito-submit", "cognito-factor-EMAIL_OTP", "checked").refused("InvalidParameterException", "Enter an e-mail address.")
	v.submits("cognito-submit", "cognito-factor-EMAIL_OTP", "checked", "cognito-attribute-email", "jane2@example.com").sees("cognito-mfa")
	require.Equal(t, "jane2@example.com", v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()["email"])
}

func TestChoiceOfFactorsOnThePages(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	b.setMFA(types.UserPoolMfaTypeOptional)
	signed := b.signedIn("jane")
	made, err := b.sdk().AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{AccessToken: signed.AccessToken})
	require.NoError(t, err)
	_, err = b.sdk().VerifySoftwareToken(t.Context(), &cip.VerifySoftwareTokenInput{AccessToken: signed.AccessToken, UserCode: authenticatorCode(t, *made.SecretCode, b.kit.Env.Now())})
	require.NoError(t, err)
	_, err = b.sdk().SetUserMFAPreference(t.Context(), &cip.SetUserMFAPreferenceInput{
		AccessToken: signed.AccessToken, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true}, EmailMfaSettings: &types.EmailMfaSettingsType{Enabled: true},
	})
	require.NoError(t, err)
	v := b.asks().signsIn("jane", ownPassword).sees("cognito-mfa-select")
	v.submits("cognito-submit", "cognito-factor-EMAIL_OTP", "checked").sees("cognito-mfa")
	require.Equal(t, "jane", v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()["cognito:username"])
}

// A sign-in that took too long, that another tab replaced, or that is only an address, begins again.
func TestPagesThatNothingIsUnderWayFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	query := params("client_id", pagesID, "identity_provider", "", "login_hint", "")
	for _, path := range []string{"/mfa", "/changePassword"} {
		b.visits(path+"?"+query).sees("cognito-login").refused("something_went_wrong", "Something went wrong")
	}
	v := b.asks().signsIn("new", ownPassword).sees("cognito-new-password-required")
	other := b.asks().signsIn("new", ownPassword).sees("cognito-new-password-required") // another tab
	v.submits("cognito-submit", "cognito-password", "Another0!", "cognito-password-again", "Another0!").refused("something_went_wrong", "")
	_ = other
	v = b.asks().signsIn("new", ownPassword).sees("cognito-new-password-required")
	b.kit.Env.Advance(4 * time.Minute)
	v.submits("cognito-submit", "cognito-password", "Another0!", "cognito-password-again", "Another0!").sees("cognito-login").refused("NotAuthorizedException", "Invalid session for the user, session is expired.")
	// Loading a page again sends nothing twice.
	v = b.asks().signsIn("new", ownPassword).sees("cognito-new-password-required")
	v.load(http.MethodGet, v.at.String(), nil)
	v.sees("cognito-new-password-required")
}

// Every form is taken from this browser's own page only.
func TestFormsOfOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	query := params("client_id", pagesID, "identity_provider", "", "login_hint", "")
	cookie := b.visits("/login?" + query).text("cognito-login")
	require.NotEmpty(t, cookie)
	for _, path := range []string{"/login", "/signup", "/confirm", "/resendcode", "/forgotPassword", "/confirmforgotPassword", "/changePassword", "/mfa"} {
		for _, csrf := range []string{"", "00000000-0000-4000-8000-000000000000"} {
			req, err := http.NewRequest(http.MethodPost, b.url+path+"?"+query, strings.NewReader(url.Values{"_csrf": {csrf}, "username": {"jane"}, "password": {ownPassword}}.Encode()))
			require.NoError(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := b.browser.Do(req)
			require.NoError(t, err)
			require.Equal(t, http.StatusForbidden, b.read(resp).status, path)
		}
		require.Equal(t, http.StatusMethodNotAllowed, doMethod(t, b, http.MethodPut, path+"?"+query), path)
	}
}

func doMethod(t *testing.T, b *bench, method, path string) int {
	t.Helper()
	req, err := http.NewRequest(method, b.url+path, nil)
	require.NoError(t, err)
	resp, err := b.browser.Do(req)
	require.NoError(t, err)
	return b.read(resp).status
}

// A client without the pool's own directory has no such pages.
func TestPagesOfAClientWithoutOwnUsers(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	for _, path := range []string{"/signup", "/forgotPassword", "/confirm"} {
		v := b.visits(path+"?"+params("identity_provider", "", "login_hint", "")).sees("cognito-login").refused("provider_unavailable", "Login option is not available. Please try another one")
		require.Equal(t, http.StatusUnauthorized, v.page.status)
		require.Nil(t, v.find("cognito-password"))
		require.NotNil(t, v.find("cognito-idp-"+provider))
	}
	v := b.visits("/signup?client_id=nobody&redirect_uri=" + url.QueryEscape(callback))
	v.sees("cognito-error")
	require.Equal(t, http.StatusBadRequest, v.page.status)
}

// Pools whose user names are addresses ask for an address, once.
func TestPagesOfAPoolWhoseNamesAreAddresses(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages, func(c *mockConfig) {
		c.UserPools[0].UsernameAttributes, c.UserPools[0].Users = []string{"email"}, nil
	})
	v := b.asks().follows("cognito-to-sign-up").sees("cognito-sign-up")
	require.Nil(t, v.find("cognito-attribute-email"))
	require.Equal(t, "email", attr(v.find("cognito-username"), "type"))
	v.submits("cognito-submit", "cognito-username", "mary@example.com", "cognito-password", ownPassword, "cognito-password-again", ownPassword).sees("cognito-confirm")
	claims := v.submits("cognito-submit", "cognito-code", b.newestMessage().Code).claims()
	require.Equal(t, "mary@example.com", claims["email"])
	require.Equal(t, claims["sub"], claims["cognito:username"])
}

// The two looks have the same forms.
func TestBothLooks(t *testing.T) {
	t.Parallel()
	for _, version := range []int{1, 2} {
		b := newBench(t, ownPages, func(c *mockConfig) { c.UserPools[0].ManagedLoginVersion = version })
		v := b.asks()
		require.Equal(t, version == 1, strings.Contains(v.page.body, `<main class="card classic">`))
		require.Equal(t, version == 1, strings.Contains(b.visits("/signup?"+params("client_id", pagesID, "identity_provider", "", "login_hint", "")).page.body, `<main class="card classic">`))
		require.Equal(t, "jane", v.signsIn("jane", ownPassword).claims()["cognito:username"])
	}
}

// What is typed is text on the page.
func TestPagesEscapeWhatIsTyped(t *testing.T) {
	t.Parallel()
	b := newBench(t, ownPages)
	const typed = `"><em>x</em>`
	for _, v := range []*visitor{
		b.asks("login_hint", typed, "state", typed).sees("cognito-login"),
		b.asks().signsIn(typed, "x").sees("cognito-error"),
		b.asks().follows("cognito-to-sign-up").submits("cognito-submit", "cognito-username", typed, "cognito-attribute-email", typed, "cognito-password", typed, "cognito-password-again", typed).sees("cognito-error"),
		b.asks().follows("cognito-forgot").submits("cognito-submit", "cognito-username", typed).sees("cognito-reset-password"),
	} {
		require.NotContains(t, v.page.body, "<em>")
	}
}
