package ssolab_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/internal/store/bolt"
)

// startOn starts a lab on ports where it can be started again.
func startOn(t *testing.T, portBase int, dir string) *ssolab.Lab {
	t.Helper()
	l, err := ssolab.New(ssolab.Config{PortBase: portBase, Data: dir, Version: "1.2.3"})
	require.NoError(t, err)
	require.NoError(t, l.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// freePorts is the first of five consecutive ports that nobody has.
func freePorts(t *testing.T) int {
	t.Helper()
	for range 50 {
		first, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		base := first.Addr().(*net.TCPAddr).Port
		require.NoError(t, first.Close())
		l, err := ssolab.New(ssolab.Config{PortBase: min(base, 65500)})
		require.NoError(t, err)
		if err := l.Start(t.Context()); err == nil {
			require.NoError(t, l.Close())
			return min(base, 65500)
		}
	}
	require.Fail(t, "there are no five free ports")
	return 0
}

// browse follows redirects with cookies up to the app's callback, and returns that.
func browse(t *testing.T, jar http.CookieJar, l *ssolab.Lab, extra url.Values) *url.URL {
	t.Helper()
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), l.Variable("COGNITO_REDIRECT_URI")) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	q := url.Values{"response_type": {"code"}, "client_id": {l.Variable("COGNITO_CLIENT_ID")}, "redirect_uri": {l.Variable("COGNITO_REDIRECT_URI")}, "scope": {"openid email"}, "state": {"s"}}
	for name, values := range extra {
		q[name] = values
	}
	resp, err := client.Get(l.URLs().Domain + "/oauth2/authorize?" + q.Encode())
	require.NoError(t, err)
	defer resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		return resp.Request.URL // a page that waits for somebody
	}
	return at
}

func refresh(t *testing.T, l *ssolab.Lab, token string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URLs().Domain+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(l.Variable("COGNITO_CLIENT_ID"), l.Variable("COGNITO_CLIENT_SECRET"))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	return resp.StatusCode, answer
}

func get(t *testing.T, url, bearer string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// exchange takes the tokens for the code of a callback.
func exchange(t *testing.T, l *ssolab.Lab, at *url.URL) map[string]any {
	t.Helper()
	require.NotEmpty(t, at.Query().Get("code"), at.String())
	form := url.Values{"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {l.Variable("COGNITO_REDIRECT_URI")}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URLs().Domain+"/oauth2/token", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(l.Variable("COGNITO_CLIENT_ID"), l.Variable("COGNITO_CLIENT_SECRET"))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var tokens map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&tokens))
	require.Equal(t, http.StatusOK, resp.StatusCode, tokens)
	return tokens
}

// A lab that is started again on its data directory goes on: whoever was signed in still is, in the browser and in the app.
func TestARestartLosesNobody(t *testing.T) {
	t.Parallel()
	dir, base := filepath.Join(t.TempDir(), "data"), freePorts(t)
	first := startOn(t, base, dir)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	journey := signInWith(t, first, jar)
	refreshToken, accessToken := string(journey.Tokens.RefreshToken), string(journey.Tokens.AccessToken)
	_, keys := get(t, first.URLs().Issuer+"/.well-known/jwks.json", "")
	_, scalekitKeys := get(t, first.URLs().Scalekit+"/keys", "")
	status, _ := refresh(t, first, refreshToken)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, first.Close())

	again := startOn(t, base, dir)
	_, keysAgain := get(t, again.URLs().Issuer+"/.well-known/jwks.json", "")
	require.Equal(t, keys, keysAgain)
	_, scalekitKeysAgain := get(t, again.URLs().Scalekit+"/keys", "")
	require.Equal(t, scalekitKeys, scalekitKeysAgain)
	status, info := get(t, again.URLs().Domain+"/oauth2/userInfo", accessToken)
	require.Equal(t, http.StatusOK, status, "a token of before is good")
	require.JSONEq(t, string(journey.UserInfo), info)
	status, answer := refresh(t, again, refreshToken)
	require.Equal(t, http.StatusOK, status, answer)
	tokens := exchange(t, again, browse(t, jar, again, nil)) // the browser's session: no form was asked for
	_, info = get(t, again.URLs().Domain+"/oauth2/userInfo", tokens["access_token"].(string))
	require.JSONEq(t, string(journey.UserInfo), info)
}

// What was revoked, signed out or had expired stays so.
func TestARestartBringsNothingBack(t *testing.T) {
	t.Parallel()
	dir, base := t.TempDir(), freePorts(t)
	first := startOn(t, base, dir)
	journey := signIn(t, first, "john@example.com", "openid", "email")
	kept := signIn(t, first, "enterpriseuser@example.org", "openid", "email")
	form := url.Values{"token": {string(journey.Tokens.RefreshToken)}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, first.URLs().Domain+"/oauth2/revoke", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(first.Variable("COGNITO_CLIENT_ID"), first.Variable("COGNITO_CLIENT_SECRET"))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, first.Close())

	second := startOn(t, base, dir)
	status, answer := refresh(t, second, string(journey.Tokens.RefreshToken))
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "invalid_grant", answer["error"])
	status, _ = get(t, second.URLs().Domain+"/oauth2/userInfo", string(journey.Tokens.AccessToken))
	require.Equal(t, http.StatusUnauthorized, status, "it was revoked")
	status, _ = get(t, second.URLs().Domain+"/oauth2/userInfo", string(kept.Tokens.AccessToken))
	require.Equal(t, http.StatusOK, status)
	second.Advance(2 * time.Hour)
	before := second.Now()
	require.NoError(t, second.Close())

	again := startOn(t, base, dir)
	require.WithinRange(t, again.Now(), before, before.Add(time.Minute), "the lab's time goes on")
	status, _ = get(t, again.URLs().Domain+"/oauth2/userInfo", string(kept.Tokens.AccessToken))
	require.Equal(t, http.StatusUnauthorized, status, "it had expired by the lab's clock")
	status, _ = refresh(t, again, string(kept.Tokens.RefreshToken))
	require.Equal(t, http.StatusOK, status)

	require.NoError(t, again.Reset(t.Context()))
	require.NoError(t, again.Close())
	last := startOn(t, base, dir)
	require.WithinRange(t, last.Now(), before.Add(-2*time.Hour), before.Add(-2*time.Hour).Add(time.Minute), "reset put the clock back")
	status, _ = refresh(t, last, string(kept.Tokens.RefreshToken))
	require.Equal(t, http.StatusBadRequest, status, "and forgot everybody")
}

// An app's own database stays valid: a profile that is made again after a reset has the sub it had.
func TestKeysStayWhenALabIsReset(t *testing.T) {
	t.Parallel()
	l := ssolab.Run(t, func(c *ssolab.Config) { c.Data = t.TempDir() })
	_, keys := get(t, l.URLs().Issuer+"/.well-known/jwks.json", "")
	before := signIn(t, l, "john@example.com", "openid", "email")
	require.NoError(t, l.Reset(t.Context()))
	_, after := get(t, l.URLs().Issuer+"/.well-known/jwks.json", "")
	require.Equal(t, keys, after)
	require.Equal(t, string(before.UserInfo), string(signIn(t, l, "john@example.com", "openid", "email").UserInfo))
}

func TestADataDirectoryInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := ssolab.Run(t, func(c *ssolab.Config) { c.Data = dir })
	other, err := ssolab.New(ssolab.Config{Data: dir})
	require.NoError(t, err)
	err = other.Start(t.Context())
	require.ErrorContains(t, err, "the data directory "+dir+" is in use by process ")
	require.ErrorContains(t, err, "the lab at "+l.URLs().Console)
	requireHint(t, err, "--data")
}

func requireHint(t *testing.T, err error, want string) {
	t.Helper()
	var hinted interface{ Hint() string }
	require.True(t, errors.As(err, &hinted))
	require.Contains(t, hinted.Hint(), want)
}

func TestADamagedDataDirectoryIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, bolt.FileName)
	require.NoError(t, os.WriteFile(path, []byte("not a lab's"), 0o600))
	l, err := ssolab.New(ssolab.Config{Data: dir})
	require.NoError(t, err)
	err = l.Start(t.Context())
	require.ErrorContains(t, err, path+" is damaged: ")
	requireHint(t, err, "mv "+path)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "not a lab's", string(content))
}

// A start that fails lets go of the directory.
func TestAFailedStartReleasesTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	l, err := ssolab.New(ssolab.Config{Data: dir, PortBase: taken.Addr().(*net.TCPAddr).Port})
	require.NoError(t, err)
	var port *ssolab.PortError
	require.ErrorAs(t, l.Start(context.Background()), &port)
	ssolab.Run(t, func(c *ssolab.Config) { c.Data = dir })
}

// signInWith signs john in with a browser's cookies.
func signInWith(t *testing.T, l *ssolab.Lab, jar http.CookieJar) *conformance.Journey {
	t.Helper()
	flow := &conformance.Flow{Target: target(l, "john@example.com", "openid", "email"), Driver: &conformance.HTTPDriver{Jar: jar}}
	journey, err := flow.Run(t.Context())
	require.NoError(t, err)
	return journey
}
