package idp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Tokens makes, checks and ends tokens for operations.
type Tokens interface {
	// Issue makes the tokens of a user who has signed in. source is what the pre token generation trigger is told.
	Issue(ctx context.Context, c signin.Caller, u *userpool.User, source string) (Issued, error)
	// Refresh makes new tokens for a refresh token of the app client. check may refuse when the user is known and nothing
	// has changed.
	Refresh(ctx context.Context, c signin.Caller, token string, check func(*userpool.User) error) (Issued, error)
	// Revoke ends a refresh token and what was issued with it; one that is unknown is as good as ended.
	Revoke(ctx context.Context, c signin.Caller, token string) error
	// Access tells whose an access token is that may call this API in a region; "" is any.
	Access(ctx context.Context, region, token string) (signin.Caller, *userpool.User, error)
	// IsRefreshToken tells whether a token looks like a refresh token.
	IsRefreshToken(token string) bool
}

// Issued are tokens as they are answered.
type Issued struct {
	AccessToken, IDToken string
	RefreshToken         string // empty: none
	ExpiresIn            int    // of the access token, in seconds
}

// Members of the operations for users.
var (
	accessToken  = Text{Pattern: matching(`[A-Za-z0-9-_=.]+`), Sensitive: true}
	secretHash   = str(1, 128).like(matching(`[\w+=/]+`)).secret()
	session      = str(20, 2048).secret()
	code         = str(1, 2048).like(matching(`[\S]+`)).secret()
	secretString = Text{Sensitive: true}
	responses    = Map{Key: Text{}, Value: secretString}
	analytics    = optional("AnalyticsMetadata", Structure{optional("AnalyticsEndpointId", anyString)})
	userContext  = optional("UserContextData", Structure{optional("IpAddress", anyString), optional("EncodedData", anyString)})
	adminContext = optional("ContextData", Structure{
		required("IpAddress", anyString), required("ServerName", anyString), required("ServerPath", anyString), optional("EncodedData", anyString),
		required("HttpHeaders", listOf(Structure{optional("headerName", anyString), optional("headerValue", anyString)})),
	})
	clientMetadata = optional("ClientMetadata", metadata)
	tokenMember    = required("AccessToken", accessToken)
)

// clientCaller is the app client that a request names, and its pool.
func (c *call) clientCaller() (signin.Caller, error) {
	id := c.in.str("ClientId")
	p := c.now.PoolOfClient(id)
	if p == nil || c.region != "" && p.Region() != c.region {
		return signin.Caller{}, noClient(id)
	}
	return signin.Caller{Pool: p, Client: p.Client(id), Metadata: c.in.strings("ClientMetadata")}, nil
}

// adminCaller is an administrator who asks, in the pool that a request names, and with its app client if it names one.
func (c *call) adminCaller() (signin.Caller, error) {
	p, err := c.pool()
	if err != nil {
		return signin.Caller{}, err
	}
	caller := signin.Caller{Pool: p, Admin: true, Metadata: c.in.strings("ClientMetadata")}
	if id := c.in.str("ClientId"); id != "" {
		if caller.Client = p.Client(id); caller.Client == nil {
			return caller, noClient(id)
		}
	}
	return caller, nil
}

// publicCaller is clientCaller after the SecretHash of the request was checked.
func (c *call) publicCaller() (signin.Caller, error) {
	caller, err := c.clientCaller()
	if err == nil {
		err = checkSecretHash(caller.Client, c.in.str("Username"), c.in.str("SecretHash"))
	}
	return caller, err
}

// tokenCaller is the user whose access token a request has, and the app client that it was issued to.
func (c *call) tokenCaller() (signin.Caller, *userpool.User, error) {
	caller, u, err := c.Tokens.Access(c.ctx, c.region, c.in.str("AccessToken"))
	caller.Metadata = c.in.strings("ClientMetadata")
	return caller, u, err
}

// checkSecretHash wants base64(HMAC-SHA256(secret, username + client id)) from a client that has a secret.
func checkSecretHash(client *userpool.AppClient, username, hash string) error {
	switch {
	case !client.Confidential() && hash == "":
		return nil
	case hash == "":
		return userpool.Errorf(signin.NotAuthorized, "Client %s is configured with secret but SECRET_HASH was not received", client.ID)
	case !hashes(client, username, hash):
		return userpool.Errorf(signin.NotAuthorized, "Unable to verify secret hash for client %s", client.ID)
	}
	return nil
}

// hashes tells whether hash is that of a secret of the client's for the name.
func hashes(client *userpool.AppClient, username, hash string) bool {
	got, err := base64.StdEncoding.DecodeString(hash)
	if err != nil {
		return false
	}
	found := false
	for _, s := range client.Secrets {
		mac := hmac.New(sha256.New, []byte(s.Value))
		mac.Write([]byte(username + client.ID))
		if hmac.Equal(mac.Sum(nil), got) {
			found = true
		}
	}
	return found
}
