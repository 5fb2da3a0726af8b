package mockcognito_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

// refreshed are the answers to a refresh.
func (b *bench) refreshed(token any) answer {
	b.t.Helper()
	s, ok := token.(string)
	require.True(b.t, ok, "no refresh token")
	return b.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s}, "client_id": {clientID}, "client_secret": {secret}})
}

func TestTokenGenerationIsTheLastAndTheOnlyOneOfARefresh(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"V1_0", "V2_0", "V3_0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			f := newFunctions(t)
			b := newBench(t, f.forTriggers("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration:"+version))
			a := b.tokens("scope", "openid email")
			events := f.take()
			require.Equal(t, []string{"PreSignUp_ExternalProvider", "PostConfirmation_ConfirmSignUp", "TokenGeneration_HostedAuth"}, sourcesOf(events))
			goldenEvents(t, "tokens-"+version, events[2:])

			require.Equal(t, http.StatusOK, b.refreshed(a.json["refresh_token"]).status)
			events = f.take()
			goldenEvents(t, "refresh-"+version, events)
			require.Len(t, events, 1)

			require.NotEmpty(t, b.signIn().Query().Get("code"), "by session cookie")
			require.Equal(t, []string{"TokenGeneration_HostedAuth"}, sourcesOf(f.take()))
		})
	}
}

func sourcesOf(list []invocation) []string {
	out := []string{}
	for _, i := range list {
		out = append(out, i.source)
	}
	return out
}

func TestClaimsOfVersion1(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("PreTokenGeneration"))
	f.on("PreTokenGeneration", answers(map[string]any{"claimsOverrideDetails": map[string]any{
		"claimsToAddOrOverride": map[string]any{"plan": "gold", "email": "other@example.com", "sub": "me", "iss": "https://evil.example", "cognito:username": "me"},
		"claimsToSuppress":      []string{"email_verified", "aud"},
		"groupOverrideDetails":  map[string]any{"groupsToOverride": []string{"admins"}, "iamRolesToOverride": []string{"arn:aws:iam::123456789012:role/a"}, "preferredRole": "arn:aws:iam::123456789012:role/a"},
	}}))
	a := b.tokens()
	_, id := part(t, a.json["id_token"], 1)
	_, access := part(t, a.json["access_token"], 1)
	require.Equal(t, "gold", id["plan"])
	require.Equal(t, "other@example.com", id["email"])
	require.NotContains(t, id, "email_verified")
	require.Equal(t, clientID, id["aud"])
	require.Equal(t, b.url+"/"+poolID, id["iss"])
	require.Equal(t, access["sub"], id["sub"])
	require.Equal(t, federatedName, id["cognito:username"])
	require.Equal(t, []any{"admins"}, id["cognito:groups"])
	require.Equal(t, []any{"arn:aws:iam::123456789012:role/a"}, id["cognito:roles"])
	require.Equal(t, "arn:aws:iam::123456789012:role/a", id["cognito:preferred_role"])
	require.Equal(t, []any{"admins"}, access["cognito:groups"], "groups are the one thing that version 1 changes in access tokens")
	require.NotContains(t, access, "plan")

	for name, groups := range map[string]any{"null": nil, "empty": map[string]any{}} {
		f.on("PreTokenGeneration", answers(map[string]any{"claimsOverrideDetails": map[string]any{"groupOverrideDetails": groups}}))
		_, id = part(t, b.tokens().json["id_token"], 1)
		require.NotContains(t, id, "cognito:groups", name)
	}
	f.on("PreTokenGeneration", answers(map[string]any{"claimsOverrideDetails": map[string]any{"claimsToAddOrOverride": map[string]any{"a": "b"}}}))
	_, id = part(t, b.tokens().json["id_token"], 1)
	require.Equal(t, []any{poolID + "_" + provider}, id["cognito:groups"], "what is not named stays")
}

func TestClaimsAndScopesOfVersion2(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("PreTokenGeneration:V2_0"))
	every := map[string]any{"n": 1234567890123456789, "b": true, "list": []any{"a", 1.5}, "object": map[string]any{"k": "v"}}
	f.on("PreTokenGeneration", answers(map[string]any{"claimsAndScopeOverrideDetails": map[string]any{
		"idTokenGeneration": map[string]any{"claimsToAddOrOverride": every, "claimsToSuppress": []string{"given_name"}},
		"accessTokenGeneration": map[string]any{
			"claimsToAddOrOverride": map[string]any{"tenant": map[string]any{"id": 7}, "aud": clientID, "username": "me", "kept": "no"},
			"claimsToSuppress":      []string{"kept", "auth_time"}, "scopesToAdd": []string{"api/read"}, "scopesToSuppress": []string{"email"},
		},
	}}))
	a := b.tokens()
	raw, id := part(t, a.json["id_token"], 1)
	require.Contains(t, raw, `"n":1234567890123456789`, "as it was written")
	require.Equal(t, true, id["b"])
	require.Equal(t, []any{"a", 1.5}, id["list"])
	require.Equal(t, map[string]any{"k": "v"}, id["object"])
	require.NotContains(t, id, "tenant")
	_, access := part(t, a.json["access_token"], 1)
	require.Equal(t, map[string]any{"id": 7.0}, access["tenant"])
	require.Equal(t, "api/read openid", access["scope"])
	require.Equal(t, clientID, access["aud"])
	require.Equal(t, federatedName, access["username"])
	require.Contains(t, access, "auth_time")
	require.NotContains(t, access, "kept", "what is added and suppressed is suppressed")

	f.on("PreTokenGeneration", answers(map[string]any{"claimsAndScopeOverrideDetails": map[string]any{
		"accessTokenGeneration": map[string]any{"claimsToAddOrOverride": map[string]any{"aud": "another"}},
	}}))
	_, access = part(t, b.tokens().json["access_token"], 1)
	require.NotContains(t, access, "aud", "an aud is the client's id, or none")
}

// The tokens are made before the code is handed out, so that a function that fails does so at the callback; at a refresh it
// does at the token endpoint.
func TestAFailingTokenGeneration(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		version string
		code    http.HandlerFunc
		want    string
	}{
		"thrown": {"V1_0", throws("no tokens"), "PreTokenGeneration failed with error no tokens."},
		"a claim of version 1 that is no string": {"V1_0", answers(map[string]any{"claimsOverrideDetails": map[string]any{"claimsToAddOrOverride": map[string]any{"tenants": []string{"a"}}}}),
			"Unrecognizable lambda output"},
		"a scope with a space": {"V2_0", answers(map[string]any{"claimsAndScopeOverrideDetails": map[string]any{"accessTokenGeneration": map[string]any{"scopesToAdd": []string{"a b"}}}}),
			"Unrecognizable lambda output"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFunctions(t)
			b := newBench(t, f.forTriggers("PreTokenGeneration:"+tc.version))
			good := b.tokens()
			f.on("PreTokenGeneration", tc.code)
			refusedAtApp(t, b.signIn("prompt", "login"), tc.want)
			refusedAtApp(t, b.signIn(), tc.want)
			a := b.refreshed(good.json["refresh_token"])
			require.Equal(t, http.StatusBadRequest, a.status)
			require.Equal(t, map[string]any{"error": "invalid_request", "error_description": tc.want}, a.json)
		})
	}
}

// machines adds an API, and a client that calls it for itself.
func machines(c *mockcognito.Config) {
	p := &c.UserPools[0]
	p.ResourceServers = []mockcognito.ResourceServer{{Identifier: "api", Scopes: map[string]string{"read": "r", "write": "w"}}}
	p.Clients = append(p.Clients, mockcognito.AppClient{ID: "machine", Secret: secret, Flows: []string{"client_credentials"}, Scopes: []string{"api/read", "api/write"}})
}

func TestTokenGenerationOfClientCredentials(t *testing.T) {
	t.Parallel()
	form := func(metadata string) url.Values {
		q := url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine"}, "client_secret": {secret}, "scope": {"api/write api/read"}}
		if metadata != "" {
			q.Set("aws_client_metadata", metadata)
		}
		return q
	}
	f := newFunctions(t)
	b := newBench(t, f.forTriggers("PreTokenGeneration:V3_0"), machines)
	f.on("PreTokenGeneration", answers(map[string]any{"claimsAndScopeOverrideDetails": map[string]any{"accessTokenGeneration": map[string]any{
		"claimsToAddOrOverride": map[string]any{"customer": 7}, "scopesToSuppress": []string{"api/write"},
	}}}))
	a := b.post("/oauth2/token", form(`{"tenant":"acme"}`))
	require.Equal(t, http.StatusOK, a.status, a.raw)
	_, access := part(t, a.json["access_token"], 1)
	require.EqualValues(t, 7, access["customer"])
	require.Equal(t, "api/read", access["scope"])
	goldenEvents(t, "machine", f.take())

	for _, bad := range []string{`{"tenant":7}`, `[]`, `{`} {
		a = b.post("/oauth2/token", form(bad))
		require.Equal(t, http.StatusBadRequest, a.status, bad)
		require.Equal(t, "invalid_request", a.json["error"], bad)
	}
	require.Empty(t, f.take())
	f.on("PreTokenGeneration", throws("no"))
	require.Equal(t, map[string]any{"error": "invalid_request", "error_description": "PreTokenGeneration failed with error no."}, b.post("/oauth2/token", form("")).json)

	for _, version := range []string{"V1_0", "V2_0"} {
		f := newFunctions(t)
		b := newBench(t, f.forTriggers("PreTokenGeneration:"+version), machines)
		require.Equal(t, http.StatusOK, b.post("/oauth2/token", form("")).status)
		require.Empty(t, f.take(), version)
	}
}
