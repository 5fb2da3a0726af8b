package ssolab_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/mockcognito"
)

// A sign-in that a function refuses, after Scalekit has given Cognito its tokens, has failed: for the app and in the trace.
func TestARefusalByAFunctionIsAFailedSignIn(t *testing.T) {
	t.Parallel()
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		require.NoError(t, json.NewEncoder(w).Encode(map[string]string{"errorType": "Error", "errorMessage": "not invited"}))
	}))
	t.Cleanup(function.Close)
	l := ssolab.Run(t, func(c *ssolab.Config) {
		pool := mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})
		pool.Triggers = map[string]mockcognito.Trigger{"PreSignUp": {URL: function.URL}}
		c.UserPools = []mockcognito.UserPool{pool}
	})
	client := l.HTTPClient()
	_, err := (&conformance.Flow{Target: target(l, "john@example.com", "openid", "email"), Client: client, Driver: &conformance.HTTPDriver{Client: client}}).Run(t.Context())
	require.ErrorContains(t, err, "PreSignUp failed with error not invited.")

	all := l.SignIns()
	require.Len(t, all, 1)
	require.Equal(t, "failed", all[0].Outcome)
	require.Contains(t, all[0].Failure, "PreSignUp failed with error not invited.")
}
