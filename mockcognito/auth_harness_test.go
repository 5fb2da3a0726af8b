package mockcognito_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

const (
	nativeID  = "native00000000000000000001" // public, with every flow; hides nobody
	hidingID  = "hiding00000000000000000001" // public, with every flow
	secretID  = "secretclient00000000000001" // confidential, with every flow
	rotateID  = "rotating000000000000000001" // public, rotates refresh tokens
	minimalID = "minimal0000000000000000001" // public, without flows of its own

	ownPassword = "Passw0rd!"
)

var everyFlow = []string{
	"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
}

// ownUsers adds users of the pool's own, and app clients for them.
func ownUsers(c *mockConfig) {
	p := &c.UserPools[0]
	p.AutoVerified = []string{"email"}
	p.Attributes = append(p.Attributes, mockAttribute{Name: "custom:plan"})
	p.Groups = append(p.Groups, mockcognito.Group{Name: "staff"})
	native := mockcognito.AppClient{ID: nativeID, ExplicitAuthFlows: everyFlow, ShowUserExistence: true, DisableOAuth: true}
	hiding, confidential, rotating, minimal := native, native, native, native
	hiding.ID, hiding.ShowUserExistence = hidingID, false
	confidential.ID, confidential.Secret = secretID, secret
	rotating.ID, rotating.RotateRefreshTokens, rotating.ExplicitAuthFlows = rotateID, true, []string{"ALLOW_USER_PASSWORD_AUTH"}
	minimal.ID, minimal.ExplicitAuthFlows = minimalID, nil
	p.Clients = append(p.Clients, native, hiding, confidential, rotating, minimal)
	p.Users = append(p.Users,
		mockcognito.User{Username: "jane", Password: ownPassword, Groups: []string{"staff"}, Attributes: map[string]string{
			"email": "jane@example.com", "email_verified": "true", "given_name": "Jane", "custom:plan": "gold",
		}},
		mockcognito.User{Username: "new", Password: ownPassword, Temporary: true, Attributes: map[string]string{"email": "new@example.com"}},
	)
}

// initiate begins a sign-in by name and password.
func (b *bench) initiate(client, name, clear string) (*cip.InitiateAuthOutput, error) {
	return b.sdk().InitiateAuth(b.t.Context(), &cip.InitiateAuthInput{
		ClientId: &client, AuthFlow: types.AuthFlowTypeUserPasswordAuth, AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": clear},
	})
}

// signedIn signs a user in by the API.
func (b *bench) signedIn(name string) *types.AuthenticationResultType {
	b.t.Helper()
	out, err := b.initiate(nativeID, name, ownPassword)
	require.NoError(b.t, err)
	require.NotNil(b.t, out.AuthenticationResult)
	return out.AuthenticationResult
}

// respond answers a challenge; responses are name and value by turns.
func (b *bench) respond(client string, challenge types.ChallengeNameType, session *string, responses ...string) (*cip.RespondToAuthChallengeOutput, error) {
	in := map[string]string{}
	for i := 0; i+1 < len(responses); i += 2 {
		in[responses[i]] = responses[i+1]
	}
	return b.sdk().RespondToAuthChallenge(b.t.Context(), &cip.RespondToAuthChallengeInput{ClientId: &client, ChallengeName: challenge, Session: session, ChallengeResponses: in})
}

// getUser reads the user of an access token.
func (b *bench) getUser(token *string) (*cip.GetUserOutput, error) {
	return b.sdk().GetUser(b.t.Context(), &cip.GetUserInput{AccessToken: token})
}

func (b *bench) newestMessage() mockcognito.Message {
	b.t.Helper()
	list, err := b.server.Messages(b.t.Context())
	require.NoError(b.t, err)
	require.NotEmpty(b.t, list)
	return list[0]
}

// hashFor is SECRET_HASH of the confidential client.
func hashFor(name string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(name + secretID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// claimsOf are the claims of a token, unverified.
func claimsOf(t *testing.T, token *string) map[string]any {
	t.Helper()
	require.NotNil(t, token)
	_, claims := part(t, *token, 1)
	return claims
}

// authenticatorCode is what an authenticator shows (RFC 6238).
func authenticatorCode(t *testing.T, secret string, at time.Time) *string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	require.NoError(t, binary.Write(mac, binary.BigEndian, at.Unix()/30))
	sum := mac.Sum(nil)
	return aws.String(fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000))
}
