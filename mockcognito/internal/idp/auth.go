package idp

import (
	"slices"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// challengeNames is ChallengeNameType.
var challengeNames = []string{
	"SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SELECT_MFA_TYPE", "MFA_SETUP", "PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE",
	"DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER", "ADMIN_NO_SRP_AUTH", "NEW_PASSWORD_REQUIRED", "SMS_OTP", "PASSWORD", "WEB_AUTHN", "PASSWORD_SRP",
}

func authOperations() map[string]operation {
	flow := required("AuthFlow", enum("USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH"))
	initiate := Structure{flow, optional("AuthParameters", responses), clientMetadata, clientMember, analytics, optional("Session", session)}
	respond := Structure{clientMember, required("ChallengeName", enum(challengeNames...)), optional("Session", session), optional("ChallengeResponses", responses), analytics, clientMetadata}
	return map[string]operation{
		"InitiateAuth":                {serve: (*call).initiateAuth, input: slices.Concat(initiate, Structure{userContext})},
		"AdminInitiateAuth":           {serve: (*call).adminInitiateAuth, input: slices.Concat(Structure{poolMember}, initiate, Structure{adminContext})},
		"RespondToAuthChallenge":      {serve: (*call).respondToAuthChallenge, input: slices.Concat(respond, Structure{userContext})},
		"AdminRespondToAuthChallenge": {serve: (*call).adminRespondToAuthChallenge, input: slices.Concat(Structure{poolMember}, respond, Structure{adminContext})},
		"GetTokensFromRefreshToken": {serve: (*call).getTokensFromRefreshToken, input: Structure{
			required("RefreshToken", accessToken), clientMember, optional("ClientSecret", clientSecret), optional("DeviceKey", str(1, 55).like(matching(`[\w-]+_[0-9a-f-]+`))), clientMetadata,
		}},
		"RevokeToken": {serve: (*call).revokeToken, input: Structure{required("Token", accessToken), clientMember, optional("ClientSecret", clientSecret)}},
	}
}

func (c *call) initiateAuth() (object, error) {
	caller, err := c.clientCaller()
	if err != nil {
		return nil, err
	}
	return c.initiate(caller)
}

func (c *call) adminInitiateAuth() (object, error) {
	caller, err := c.adminCaller()
	if err != nil {
		return nil, err
	}
	return c.initiate(caller)
}

// initiate begins a sign-in, or refreshes. ClientMetadata reaches those triggers alone that run before the user is known to
// be who he says, as their validation data.
func (c *call) initiate(caller signin.Caller) (object, error) {
	flow, in := c.in.str("AuthFlow"), c.in.strings("AuthParameters")
	if flow == signin.FlowRefresh || flow == signin.FlowRefreshOld {
		return c.refreshByFlow(caller, flow, in)
	}
	if err := signin.AllowFlow(caller, flow); err != nil {
		return nil, err
	}
	if in["USERNAME"] != "" {
		if err := checkSecretHash(caller.Client, in["USERNAME"], in["SECRET_HASH"]); err != nil {
			return nil, err
		}
	}
	caller.Validation, caller.Metadata = caller.Metadata, nil
	step, err := c.Engine.Initiate(c.ctx, caller, flow, in, c.in.str("Session"))
	return c.step(caller, step, err)
}

func (c *call) respondToAuthChallenge() (object, error) {
	caller, err := c.clientCaller()
	if err != nil {
		return nil, err
	}
	return c.respond(caller)
}

func (c *call) adminRespondToAuthChallenge() (object, error) {
	caller, err := c.adminCaller()
	if err != nil {
		return nil, err
	}
	return c.respond(caller)
}

func (c *call) respond(caller signin.Caller) (object, error) {
	in := c.in.strings("ChallengeResponses")
	if in["USERNAME"] != "" {
		if err := checkSecretHash(caller.Client, in["USERNAME"], in["SECRET_HASH"]); err != nil {
			return nil, err
		}
	}
	step, err := c.Engine.Respond(c.ctx, caller, c.in.str("ChallengeName"), c.in.str("Session"), in)
	return c.step(caller, step, err)
}

// step answers with the challenge that comes next, or with tokens.
func (c *call) step(caller signin.Caller, step *signin.Step, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	if step.User != nil {
		issued, err := c.Tokens.Issue(c.ctx, caller, step.User, step.Source)
		if err != nil {
			return nil, err
		}
		return object{"ChallengeParameters": object{}, "AuthenticationResult": result(issued)}, nil
	}
	out := object{"ChallengeName": step.Challenge, "ChallengeParameters": step.Parameters}
	setText(out, "Session", step.Session)
	setList(out, "AvailableChallenges", step.Available)
	return out, nil
}

// result is AuthenticationResultType.
func result(t Issued) object {
	out := object{"AccessToken": t.AccessToken, "ExpiresIn": t.ExpiresIn, "TokenType": "Bearer", "IdToken": t.IDToken}
	setText(out, "RefreshToken", t.RefreshToken)
	return out
}

// refreshByFlow is REFRESH_TOKEN_AUTH. SECRET_HASH is made with the user's own name, which the client has from a token.
func (c *call) refreshByFlow(caller signin.Caller, flow string, in map[string]string) (object, error) {
	if err := signin.AllowFlow(caller, flow); err != nil {
		return nil, err
	}
	if r := caller.Client.Rotation; r != nil && r.Enabled {
		return nil, userpool.Errorf(userpool.InvalidParameter, "%s flow not enabled for this client", flow) // Unverified: the text
	}
	if in["REFRESH_TOKEN"] == "" {
		return nil, userpool.Errorf(userpool.InvalidParameter, "Missing required parameter REFRESH_TOKEN")
	}
	caller.Metadata = nil // which this flow does not hand on
	issued, err := c.Tokens.Refresh(c.ctx, caller, in["REFRESH_TOKEN"], func(u *userpool.User) error {
		if !caller.Client.Confidential() || hashes(caller.Client, u.Username, in["SECRET_HASH"]) {
			return nil
		}
		return userpool.Errorf(signin.NotAuthorized, "SecretHash does not match for the client: %s", caller.Client.ID)
	})
	if err != nil {
		return nil, err
	}
	return object{"ChallengeParameters": object{}, "AuthenticationResult": result(issued)}, nil
}

// getTokensFromRefreshToken refreshes with the client's secret in clear, and rotates if the client does.
func (c *call) getTokensFromRefreshToken() (object, error) {
	caller, err := c.clientCaller()
	if err != nil {
		return nil, err
	}
	if err := checkClientSecret(caller.Client, c.in.str("ClientSecret"), signin.NotAuthorized); err != nil {
		return nil, err
	}
	issued, err := c.Tokens.Refresh(c.ctx, caller, c.in.str("RefreshToken"), nil)
	if err != nil {
		return nil, err
	}
	return object{"AuthenticationResult": result(issued)}, nil
}

// checkClientSecret wants the secret of a client that has one. Unverified: the texts.
func checkClientSecret(client *userpool.AppClient, secret string, class userpool.Code) error {
	switch {
	case !client.Confidential() && secret == "":
		return nil
	case secret == "":
		return userpool.Errorf(class, "Client %s is configured with secret but ClientSecret was not received", client.ID)
	case !client.HasSecret(secret):
		return userpool.Errorf(class, "Unable to verify the secret of client %s", client.ID)
	}
	return nil
}

// Error classes of RevokeToken.
const (
	unauthorized         userpool.Code = "UnauthorizedException"
	unsupportedTokenType userpool.Code = "UnsupportedTokenTypeException"
)

// revokeToken ends a refresh token, and for this service the access tokens that were issued with it. The model gives this
// operation no ResourceNotFoundException.
func (c *call) revokeToken() (object, error) {
	caller, err := c.clientCaller()
	if err != nil {
		return nil, userpool.Errorf(unauthorized, "User pool client %s does not exist.", c.in.str("ClientId"))
	}
	token := c.in.str("Token")
	if err := checkClientSecret(caller.Client, c.in.str("ClientSecret"), unauthorized); err != nil {
		return nil, err
	}
	switch {
	case !caller.Client.TokenRevocation:
		return nil, userpool.Errorf(unsupportedOperation, "Token revocation is not enabled for this client.") // Unverified: the text
	case !c.Tokens.IsRefreshToken(token):
		return nil, userpool.Errorf(unsupportedTokenType, "Unsupported token type: only refresh tokens can be revoked.") // Unverified: the text
	}
	return nil, c.Tokens.Revoke(c.ctx, caller, token)
}

// delivery is CodeDeliveryDetailsType.
func delivery(d *signin.Delivery) object {
	return object{"Destination": d.Destination, "DeliveryMedium": d.Medium, "AttributeName": d.Attribute}
}

func deliveries(list []*signin.Delivery) []object {
	out := make([]object, len(list))
	for i, d := range list {
		out[i] = delivery(d)
	}
	return out
}
