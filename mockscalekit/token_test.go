package mockscalekit_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/oauth2"
)

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	code := s.signIn().Get("code")
	for _, c := range []struct {
		edits             []string
		status            int
		code, description string
	}{
		{[]string{"grant_type", ""}, 400, "invalid_request", "grant_type missing"},
		{[]string{"grant_type", "refresh_token"}, 400, "unsupported_grant_type", "refresh_token not supported"},
		{[]string{"grant_type", "password"}, 400, "unsupported_grant_type", "password not supported"},
		{[]string{"grant_type", "client_credentials", "client_id", "skc_public", "client_secret", ""}, 400, "unauthorized_client", "client_credentials needs a client with a secret"},
		{[]string{"client_secret", "wrong"}, 401, "invalid_client", "invalid client_id / client_secret"},
		{[]string{"client_secret", ""}, 401, "invalid_client", "invalid client_id / client_secret"},
		{[]string{"client_id", "skc_unknown"}, 401, "invalid_client", "invalid client_id / client_secret"},
		{[]string{"client_id", "skc_inactive", "client_secret", "test_x"}, 401, "invalid_client", "invalid client_id / client_secret"},
		{[]string{"code", ""}, 400, "invalid_request", "code missing"},
		{[]string{"code", "unknown"}, 400, "invalid_grant", "invalid code"},
		{[]string{"client_id", "skc_wild", "client_secret", "test_y"}, 400, "invalid_grant", "invalid code"},
		{[]string{"redirect_uri", callback + "/"}, 400, "invalid_grant", "redirect_uri does not correspond"},
		{[]string{"redirect_uri", ""}, 400, "invalid_grant", "redirect_uri does not correspond"},
		{[]string{"code_verifier", "unexpected"}, 400, "invalid_request", "code_verifier unexpectedly provided"},
	} {
		a := s.redeem(code, c.edits...)
		require.Equal(t, c.status, a.status, "%v: %s", c.edits, a.body)
		require.JSONEq(t, `{"error":"`+c.code+`","error_description":"`+c.description+`"}`, a.body)
	}
	require.Equal(t, http.StatusOK, s.redeem(code).status, "a wrong request leaves the code alone")
	require.Equal(t, "invalid_grant", s.redeem(code).json(t)["error"])

	req := s.tokenRequest(code)
	req.Header.Set("Content-Type", "application/json")
	require.Equal(t, "invalid_request", do(t, req).json(t)["error"])
}

// A client's own token, as documented, and as a machine client of an organization gets it.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.redeem("", "grant_type", "client_credentials", "redirect_uri", "")
	require.Regexp(t, `^\{"access_token":"[^"]+","token_type":"Bearer","expires_in":86399,"scope":"openid"\}$`, a.body)
	iat := fixed().Unix()
	require.Regexp(t, "^"+regexp.QuoteMeta(fmt.Sprintf(`{"iss":"%s","sub":"%s","aud":["%s"],"exp":%d,"iat":%d,"nbf":%d,"client_id":"%s","jti":"`, s.env, clientID, clientID, iat+86400, iat, iat, clientID))+
		`tkn_\d+","scope":"openid"\}$`, part(t, a.json(t)["access_token"], 1))
	require.Equal(t, http.StatusUnauthorized, s.userinfo(a.json(t)["access_token"].(string)).status, "it is nobody's")
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	s := start(t)
	request := func(id, secret string, edits ...string) answer {
		req := s.tokenRequest(s.signIn().Get("code"), edits...)
		req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		return do(t, req)
	}
	require.Equal(t, 200, request(clientID, s.secret(), "client_id", "", "client_secret", "").status)
	require.Equal(t, 200, request(clientID, s.secret(), "client_secret", "").status)
	require.Equal(t, 401, request(clientID, s.secret(), "client_id", "another", "client_secret", "").status)
	wrong := request(clientID, "wrong", "client_secret", "")
	require.Equal(t, 401, wrong.status)
	require.NotEmpty(t, wrong.header.Get("WWW-Authenticate"))
	both := request(clientID, s.secret())
	require.Equal(t, "client authentication must not use more than one method", both.json(t)["error_description"])

	req := s.tokenRequest(s.signIn().Get("code"))
	req.Header.Set("Authorization", "Bearer an-old-token-of-the-sdk")
	require.Equal(t, 200, do(t, req).status)
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	s := start(t, crowded)
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	for _, public := range []bool{false, true} {
		auth := []string{"code_challenge", oauth2.ChallengeS256(verifier), "code_challenge_method", "S256"}
		var post []string
		if public {
			auth, post = append(auth, "client_id", "skc_public"), []string{"client_id", "skc_public", "client_secret", ""}
		}
		code := s.signIn(auth...).Get("code")
		require.Equal(t, "code_verifier required", s.redeem(code, post...).json(t)["error_description"])
		require.Equal(t, "invalid code_verifier", s.redeem(code, append(post, "code_verifier", "wrong")...).json(t)["error_description"])
		require.Equal(t, 200, s.redeem(code, append(post, "code_verifier", verifier)...).status)
	}
}

func TestCodeIsUsedOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	s := start(t)
	code := s.signIn().Get("code")
	var won atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		req := s.tokenRequest(code)
		group.Go(func() {
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load())
}
