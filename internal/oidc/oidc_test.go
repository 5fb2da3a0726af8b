package oidc_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/oidc"
)

func TestAudience(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]oidc.Audience{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}, `[]`: {}, `null`: {""}} {
		var got oidc.Audience
		require.NoError(t, json.Unmarshal([]byte(in), &got), in)
		if in != `null` {
			require.Equal(t, want, got, in)
		}
		require.Equal(t, in == `"a"` || in == `["a","b"]`, got.Contains("a"), in)
		require.False(t, got.Contains("c"))
	}
	for _, in := range []string{`1`, `{}`, `[1]`, `true`} {
		var got oidc.Audience
		require.Error(t, json.Unmarshal([]byte(in), &got), in)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"openid", "email"}, oidc.Scopes(" openid  email openid "))
	require.Empty(t, oidc.Scopes(""))
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	var m oidc.ProviderMetadata
	require.NoError(t, json.Unmarshal([]byte(`{"issuer":"i","authorization_endpoint":"a","token_endpoint":"t","userinfo_endpoint":"u","jwks_uri":"j","end_session_endpoint":"e","more":1}`), &m))
	require.Equal(t, oidc.ProviderMetadata{Issuer: "i", AuthorizationEndpoint: "a", TokenEndpoint: "t", UserInfoEndpoint: "u", JWKSURI: "j", EndSessionEndpoint: "e"}, m)
}
