//go:build awscli

package interop_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
)

// aws makes one call by the AWS CLI and answers what it prints.
func (s *shell) aws(args string) string {
	s.t.Helper()
	return strings.TrimSpace(s.run(`aws --endpoint-url "$AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER" --output text cognito-idp ` + args))
}

// refusedBy makes a call that fails, and wants the class of the error in what the CLI says.
func (s *shell) refusedBy(class, args string) {
	s.t.Helper()
	cmd := s.command(`aws --endpoint-url "$AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER" cognito-idp ` + args)
	said, err := cmd.CombinedOutput()
	require.Error(s.t, err, "%s", said)
	require.Contains(s.t, string(said), "An error occurred ("+class+")")
}

// The AWS CLI makes a set-up from nothing, a program signs in through it, an administrator does what administrators do, and
// all of it is deleted again.
func TestTheAWSCLIFromNothing(t *testing.T) {
	t.Parallel()
	s, env := newShell(t), variables(ssolab.Run(t))
	for _, name := range []string{"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SCALEKIT_CLIENT_ID", "SCALEKIT_CLIENT_SECRET", "SCALEKIT_ENVIRONMENT_URL"} {
		s.env = append(s.env, name+"="+env[name])
	}
	s.env = append(s.env, "AWS_DEFAULT_REGION="+env["AWS_REGION"])

	pool := s.aws(`create-user-pool --pool-name acme --query UserPool.Id`)
	s.env = append(s.env, "POOL="+pool)
	s.aws(`create-user-pool-domain --user-pool-id $POOL --domain acme`)
	require.Equal(t, "ACTIVE", s.aws(`describe-user-pool-domain --domain acme --query DomainDescription.Status`))
	s.aws(`create-resource-server --user-pool-id $POOL --identifier ` + apiServer + ` --name Acme --scopes ScopeName=read,ScopeDescription=Read`)
	s.aws(`create-identity-provider --user-pool-id $POOL --provider-name ` + madeProvider + ` --provider-type OIDC \
		--provider-details "client_id=$SCALEKIT_CLIENT_ID,client_secret=$SCALEKIT_CLIENT_SECRET,oidc_issuer=$SCALEKIT_ENVIRONMENT_URL,authorize_scopes=openid email profile,attributes_request_method=GET" \
		--attribute-mapping email=email,given_name=given_name,family_name=family_name`)
	made := &made{
		pool: pool, provider: madeProvider, callback: madeCallback,
		issuer: env["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] + "/" + pool,
	}
	made.app = s.aws(`create-user-pool-client --user-pool-id $POOL --client-name app --generate-secret --supported-identity-providers ` + madeProvider + ` \
		--callback-urls ` + madeCallback + ` --allowed-o-auth-flows-user-pool-client --allowed-o-auth-flows code \
		--allowed-o-auth-scopes openid email profile ` + apiServer + `/read --query UserPoolClient.ClientId`)
	s.env = append(s.env, "CLIENT="+made.app)
	made.secret = s.aws(`describe-user-pool-client --user-pool-id $POOL --client-id $CLIENT --query UserPoolClient.ClientSecret`)

	p := made.program(t, "profile", apiServer+"/read")
	got, err := p.signIn(newBrowser(http.DefaultTransport), "john@example.com", oidc.Nonce("n"))
	require.NoError(t, err)
	username, _ := got.userInfo["username"].(string)
	s.env = append(s.env, "WHO="+username)
	s.administer(made, p, got)

	s.refusedBy("InvalidParameterException", `delete-user-pool --user-pool-id $POOL`) // it has a domain
	s.aws(`delete-user-pool-client --user-pool-id $POOL --client-id $CLIENT`)
	s.aws(`delete-identity-provider --user-pool-id $POOL --provider-name ` + madeProvider)
	s.aws(`delete-resource-server --user-pool-id $POOL --identifier ` + apiServer)
	s.aws(`delete-user-pool-domain --user-pool-id $POOL --domain acme`)
	s.aws(`delete-user-pool --user-pool-id $POOL`)
	s.refusedBy("ResourceNotFoundException", `describe-user-pool --user-pool-id $POOL`)
}

func (s *shell) administer(m *made, p *program, got *signedIn) {
	t := s.t
	t.Helper()
	require.Equal(t, got.userInfo["username"], s.aws(`list-users --user-pool-id $POOL --filter 'email = "john@example.com"' --query Users[0].Username`))
	require.Equal(t, "EXTERNAL_PROVIDER", s.aws(`admin-get-user --user-pool-id $POOL --username "$WHO" --query UserStatus`))
	s.aws(`create-group --user-pool-id $POOL --group-name admins --precedence 1`)
	s.aws(`admin-add-user-to-group --user-pool-id $POOL --username "$WHO" --group-name admins`)
	s.aws(`admin-update-user-attributes --user-pool-id $POOL --username "$WHO" --user-attributes Name=family_name,Value=Changed`)
	refreshed, err := p.refresh(got.token.RefreshToken)
	require.NoError(t, err)
	require.Contains(t, p.groupsOf(t, refreshed), "admins")
	s.aws(`admin-disable-user --user-pool-id $POOL --username "$WHO"`)
	_, err = p.refresh(got.token.RefreshToken)
	require.Error(t, err, "a disabled user's tokens are refused")
	s.aws(`admin-enable-user --user-pool-id $POOL --username "$WHO"`)
	mac := hmac.New(sha256.New, []byte(m.secret))
	mac.Write([]byte(fmt.Sprint(got.userInfo["username"]) + m.app))
	s.env = append(s.env, "REFRESH="+got.token.RefreshToken, "SECRET="+m.secret, "HASH="+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	idToken, err := p.verifier.Verify(p.ctx, s.aws(`initiate-auth --client-id $CLIENT --auth-flow REFRESH_TOKEN_AUTH \
		--auth-parameters "REFRESH_TOKEN=$REFRESH,SECRET_HASH=$HASH" --query AuthenticationResult.IdToken`))
	require.NoError(t, err)
	require.Equal(t, got.idToken.Subject, idToken.Subject)
	s.aws(`revoke-token --token "$REFRESH" --client-id $CLIENT --client-secret "$SECRET"`)
	_, err = p.refresh(got.token.RefreshToken)
	require.Error(t, err, "it was revoked")
	s.aws(`admin-delete-user --user-pool-id $POOL --username "$WHO"`)
	s.refusedBy("UserNotFoundException", `admin-get-user --user-pool-id $POOL --username "$WHO"`)
}
