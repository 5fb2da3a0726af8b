package labfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/mockcognito"
)

const withTriggers = `
lambda:
  endpoint: http://127.0.0.1:3001
  functions: {pre: "http://localhost:9001/pre"}
  timeout: 30s
user_pools:
  - id: us-east-1_Pool00001
    triggers:
      inbound_federation: {function: f1}
      pre_sign_up: {url: "http://localhost:9000/"}
      post_confirmation: {function: f2}
      pre_authentication: {function: f3}
      post_authentication: {function: f4}
      pre_token_generation: {function: f5, version: V3_0}
      define_auth_challenge: {function: f6}
      create_auth_challenge: {function: f7}
      verify_auth_challenge_response: {function: f8}
      user_migration: {function: f9}
      custom_message: {function: f10}
    clients: [{id: client}]
`

func TestTriggersOfALabFile(t *testing.T) {
	t.Parallel()
	cfg, err := labfile.Parse("ssolab.yaml", []byte(withTriggers), ssolab.Config{}, noVariables)
	require.NoError(t, err)
	require.Equal(t, mockcognito.Lambda{Endpoint: "http://127.0.0.1:3001", Functions: map[string]string{"pre": "http://localhost:9001/pre"}, Timeout: 30 * time.Second}, cfg.Lambda)
	require.Equal(t, map[string]mockcognito.Trigger{
		"InboundFederation": {Function: "f1"}, "PreSignUp": {URL: "http://localhost:9000/"}, "PostConfirmation": {Function: "f2"},
		"PreAuthentication": {Function: "f3"}, "PostAuthentication": {Function: "f4"}, "PreTokenGeneration": {Function: "f5", Version: "V3_0"},
		"DefineAuthChallenge": {Function: "f6"}, "CreateAuthChallenge": {Function: "f7"}, "VerifyAuthChallengeResponse": {Function: "f8"},
		"UserMigration": {Function: "f9"}, "CustomMessage": {Function: "f10"},
	}, cfg.UserPools[0].Triggers)
	require.Len(t, cfg.UserPools[0].Triggers, len(mockcognito.TriggerNames()))

	for _, wrong := range [][2]string{
		{"{function: f1}", "{}"}, {"{function: f1}", `{function: f1, url: "http://localhost:9000/"}`}, {"version: V3_0", "version: V4_0"}, {"timeout: 30s", "timeout: 1ms"},
		{"endpoint: http://127.0.0.1:3001", "endpoint: 127.0.0.1:3001"}, {"pre_sign_up:", "pre_signup:"},
	} {
		_, err := labfile.Parse("ssolab.yaml", []byte(strings.Replace(withTriggers, wrong[0], wrong[1], 1)), ssolab.Config{}, noVariables)
		require.Error(t, err, wrong[1])
	}
}
