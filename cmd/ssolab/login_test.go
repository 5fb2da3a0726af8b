package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

func loginJSON(t *testing.T, r result) loginReport {
	t.Helper()
	var report loginReport
	require.NoError(t, json.Unmarshal([]byte(r.out), &report), r.out+r.err)
	return report
}

// wantJohn is userInfo for scope "openid email", field for field and type for type.
const wantJohn = `{"sub":"807c593c-d0c1-709c-598f-633ec61bcc8b","email_verified":"false","email":"john@example.com",
	"username":"ScalekitIdPRouter_conn_60040666217971987;a2c49d97-d36f-460f-97c2-87eb295095af"}`

func TestLoginShowsEveryHop(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	r := cli(t, at(lab), "login", "--email", "john@example.com")
	require.Zero(t, r.code, r.err)
	require.Empty(t, r.err)
	hops, tokens, _ := strings.Cut(stable(lab, r.out), "\nID token, signed with key …\n")
	golden(t, "login.txt", hops)
	require.Contains(t, tokens, `"cognito:username": "ScalekitIdPRouter_conn_60040666217971987;`)
	require.Contains(t, tokens, "\naccess token\n")
	require.Contains(t, tokens, "\nTrace: http://console")
	require.Contains(t, tokens, "\n✓ signed in as john@example.com\n")
	for line := range strings.Lines(r.out) {
		if regexp.MustCompile(`^ *\d+  `).MatchString(line) {
			require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), screen, line)
		}
	}
}

// stable replaces what differs from run to run.
func stable(lab *ssolab.Lab, out string) string {
	u := lab.URLs()
	for name, url := range map[string]string{"cognito": u.Cognito, "scalekit": u.Scalekit, "app": u.App, "idp": u.IdP, "console": u.Console} {
		host := strings.TrimPrefix(url, "http://")
		out = strings.ReplaceAll(out, host, fmt.Sprintf("%-*s", len(host), name)[:len(host)])
	}
	return regexp.MustCompile(`signed with key \S+`).ReplaceAllString(out, "signed with key …")
}

func TestLoginJSON(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	for _, c := range []struct {
		name, client string
		args         []string
	}{
		{"main", "ssolabclient00000000000001", nil},
		{"public", "ssolabpublic00000000000001", []string{"--client", "public"}},
	} {
		r := cli(t, at(lab), append([]string{"login", "--email", "john@example.com", "--json"}, c.args...)...)
		require.Zero(t, r.code, r.err)
		got := loginJSON(t, r)
		require.True(t, got.OK)
		require.JSONEq(t, wantJohn, string(got.UserInfo))
		require.Equal(t, []string{c.client, "openid email", "john@example.com", lab.URLs().Issuer}, []string{got.ClientID, got.Scope, got.Email, got.Issuer})
		require.Contains(t, string(got.IDToken.Claims), `"identities"`)
		require.Contains(t, string(got.AccessToken.Claims), `"token_use": "access"`)
		require.EqualValues(t, 3600, got.ExpiresIn)
		require.Nil(t, got.Error)
		require.Empty(t, got.Tokens)
		require.Regexp(t, `/signins/\S+$`, got.Trace)
		var seen []string
		for _, h := range got.Hops {
			seen = append(seen, h.From+" "+h.To+" "+h.Channel)
			require.NotRegexp(t, `[?&]code=[0-9a-f]{8}-`, h.URL)
		}
		require.Contains(t, seen, "cognito scalekit back")
		require.Contains(t, seen, "scalekit idp back")
		require.Contains(t, seen, "browser idp front")
	}
}

func TestLoginTokensAndScope(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	r := cli(t, at(lab), "login", "--email", "john@megasoft.org", "--scope", "openid  profile", "--tokens", "--json")
	require.Zero(t, r.code, r.err)
	got := loginJSON(t, r)
	require.Equal(t, "openid profile", got.Scope)
	require.Contains(t, string(got.UserInfo), `"given_name": "John"`)
	require.Regexp(t, `"access_token":\s*"eyJ`, string(got.Tokens))
}

func TestLoginThatFails(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	r := cli(t, at(lab), "login", "--email", "john@nowhere.test", "--json")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.err, "ssolab: the sign-in failed: callback: the app was sent the error")
	got := loginJSON(t, r)
	require.False(t, got.OK)
	require.Equal(t, "callback", got.Error.Step)
	require.True(t, got.Error.Decided)
	require.Condition(t, func() bool {
		for _, h := range got.Hops {
			if h.To == "scalekit" && strings.Contains(h.Failure, "nowhere.test") {
				return true
			}
		}
		return false
	}, "the hop that failed says why")
	text := cli(t, at(lab), "login", "--email", "john@nowhere.test")
	require.Equal(t, exitFailed, text.code)
	require.Contains(t, text.out, "302 ✗\n     Scalekit could not route")
	require.Contains(t, text.out, "✗ not signed in")
}

func TestLoginFollowsTheLabsClock(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	lab.Advance(1000 * 60 * 60 * 1e9) // 1000 h: by the machine's clock the tokens come from the future
	r := cli(t, at(lab), "login", "--email", "jane@example.com")
	require.Zero(t, r.code, r.err)
}

func TestLoginWithoutALabStartsOne(t *testing.T) {
	t.Parallel()
	r := cli(t, nil, "login", "--email", "john@example.com", "--json")
	require.Zero(t, r.code, r.err)
	require.Regexp(t, `^no lab answers at http://127\.0\.0\.1:\d+: started one on free ports for this sign-in\n$`, r.err)
	require.JSONEq(t, wantJohn, string(loginJSON(t, r).UserInfo))
}

func TestLoginToANamedLabThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := cli(t, map[string]string{consoleVariable: nowhere(t)}, "login", "--email", "john@example.com")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "connection refused\nhint: start it with \"ssolab up\", or unset SSOLAB_CONSOLE_URL\n")
}

func TestLoginToATarget(t *testing.T) {
	t.Parallel()
	lab := ssolab.Run(t)
	file := filepath.Join(t.TempDir(), "target.yaml")
	write := func(issuer string) {
		u := lab.URLs()
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
issuer: %s
domain: %s
client:
  id: %s
  secret: %s
  redirect_uri: http://localhost:3000/auth/callback
  scopes: [openid, email]
provider: {identity_provider: ScalekitIdPRouter}
scalekit: {environment_url: %s}
email: john@example.com
`, issuer, u.Domain, lab.Variable("COGNITO_CLIENT_ID"), lab.Variable("COGNITO_CLIENT_SECRET"), u.Scalekit), 0o600))
	}
	write(lab.URLs().Issuer)
	r := cli(t, nil, "login", "--target", file, "--json")
	require.Zero(t, r.code, r.err)
	got := loginJSON(t, r)
	require.JSONEq(t, wantJohn, string(got.UserInfo))
	require.Empty(t, got.Trace)
	var seen []string
	for _, h := range got.Hops {
		seen = append(seen, h.From+"-"+h.To)
	}
	require.Equal(t, []string{
		"app-cognito", "browser-cognito", "browser-scalekit", "browser-idp", "browser-idp", "browser-idp", "browser-scalekit", "browser-cognito",
		"browser-app", "app-cognito", "app-cognito", "app-cognito",
	}, seen)

	r = cli(t, nil, "login", "--target", file, "--email", "jane@example.com", "--scope", "openid")
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, "signed in as jane@example.com")

	write(nowhere(t) + "/us-east-1_X")
	r = cli(t, nil, "login", "--target", file, "--json")
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, "could not be decided: discovery: GET http://127.0.0.1:")
	require.False(t, loginJSON(t, r).Error.Decided)

	write("not a url")
	r = cli(t, nil, "login", "--target", file)
	require.Equal(t, exitMisuse, r.code)
	require.Contains(t, r.err, file+":2:1: issuer: ")
}
