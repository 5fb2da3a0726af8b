package signin

import (
	"context"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Triggers are the functions that a pool runs at points of a sign-up or sign-in (its Lambda triggers).
type Triggers interface {
	// Run runs the pool's function for the event and writes what it answers into the event; ran is false if the pool has
	// none. An error is what the request is answered with: UserLambdaValidationException for one that the function throws
	// (Thrown), UnexpectedLambdaException for one that fails otherwise, InvalidLambdaResponseException for an answer that
	// is none.
	//
	// PreSignUp, PreAuthentication and UserMigration run before anything has changed, and an error leaves it so.
	// PostConfirmation runs when the user is confirmed, and PostAuthentication when all factors are proven: the error
	// reaches the caller and takes nothing back.
	Run(ctx context.Context, e Event) (ran bool, err error)
}

// NoTriggers are the functions of pools that have none.
type NoTriggers struct{}

// Run implements Triggers.
func (NoTriggers) Run(context.Context, Event) (bool, error) { return false, nil }

// Thrown is the answer to a request whose function throws an error with that message.
func Thrown(t Trigger, message string) error {
	return userpool.Errorf(UserLambdaValidation, "%s failed with error %s.", t, message)
}

// Trigger is a point at which a pool may have a function, by its name in LambdaConfig. That of VerifyAuthChallenge
// is VerifyAuthChallengeResponse.
type Trigger string

// Event is what a function is run with: one of the structures below. Those of its fields that are said to be answered are
// the function's to write.
type Event interface {
	// Common is what all events have.
	Common() *Base
}

// Base is what all events have.
type Base struct {
	Trigger    Trigger
	Source     string // triggerSource: PreSignUp_SignUp, …
	Pool       *userpool.Pool
	ClientID   string
	Username   string
	Attributes map[string]string // userAttributes
	Metadata   map[string]string // clientMetadata; nil: there is none
}

// Common implements Event.
func (b *Base) Common() *Base { return b }

// The events. Sources: InboundFederation_ExternalProvider; PreSignUp_SignUp, _AdminCreateUser, _ExternalProvider; PostConfirmation_ConfirmSignUp,
// _ConfirmForgotPassword; PreAuthentication_Authentication; PostAuthentication_Authentication;
// TokenGeneration_Authentication, _NewPasswordChallenge, _HostedAuth, _RefreshTokens, _ClientCredentials;
// DefineAuthChallenge_Authentication; CreateAuthChallenge_Authentication; VerifyAuthChallengeResponse_Authentication;
// UserMigration_Authentication, _ForgotPassword; CustomMessage_SignUp, _AdminCreateUser, _ResendCode, _ForgotPassword,
// _UpdateUserAttribute, _VerifyUserAttribute, _Authentication.
type (
	// InboundFederation runs when somebody comes back from an identity provider, before anything is mapped. Answered: Mapped,
	// which takes the place of all that the provider brought; nil: nothing does.
	InboundFederation struct {
		Base
		Provider, ProviderType    string
		Tokens, IDToken, UserInfo map[string]string // tokenResponse, claims of the ID token, answer of userInfo
		Mapped                    map[string]string // userAttributesToMap
	}

	// PreSignUp runs before a user is made. Answered: the three switches.
	PreSignUp struct {
		Base
		Validation                                    map[string]string // validationData
		AutoConfirm, AutoVerifyEmail, AutoVerifyPhone bool
	}

	// PostConfirmation runs after a sign-up was confirmed, or a forgotten password set anew.
	PostConfirmation struct{ Base }

	// PreAuthentication runs before a password is looked at.
	PreAuthentication struct {
		Base
		Validation   map[string]string
		UserNotFound bool // nobody has the name, which the app client hides
	}

	// PostAuthentication runs after all factors were proven.
	PostAuthentication struct {
		Base
		NewDevice bool // newDeviceUsed
	}

	// PreTokenGeneration runs before tokens are made. Answered: the overrides.
	PreTokenGeneration struct {
		Base
		Groups    GroupConfiguration
		Scopes    []string // of events of version 2 and 3
		Overrides TokenOverrides
	}

	// DefineAuthChallenge decides how a custom authentication goes on. Answered: one of ChallengeName, IssueTokens, Fail.
	DefineAuthChallenge struct {
		Base
		Session       []ChallengeResult
		UserNotFound  bool
		ChallengeName string
		IssueTokens   bool
		Fail          bool // failAuthentication
	}

	// CreateAuthChallenge makes a CUSTOM_CHALLENGE. Answered: the parameters for the client, those for verifying the answer,
	// and the name (challengeMetadata) under which the result is in the next sessions.
	CreateAuthChallenge struct {
		Base
		ChallengeName     string
		Session           []ChallengeResult
		UserNotFound      bool
		Public, Private   map[string]string
		ChallengeMetadata string
	}

	// VerifyAuthChallenge looks at an answer. Answered: Correct.
	VerifyAuthChallenge struct {
		Base
		Private      map[string]string
		Answer       string
		UserNotFound bool
		Correct      bool
	}

	// UserMigration may bring a user that the pool does not have, at a sign-in by password or when a password is said to be
	// forgotten. Answered: NewAttributes (nil: nobody) and what comes behind it. No message welcomes a migrated user, whatever
	// messageAction says.
	UserMigration struct {
		Base
		Password      string // empty when it was forgotten
		Validation    map[string]string
		NewAttributes map[string]string // userAttributes
		FinalStatus   userpool.Status   // CONFIRMED, RESET_REQUIRED; empty: RESET_REQUIRED
		ForceAlias    bool              // forceAliasCreation
	}

	// CustomMessage words a message. The parameters stand for the code and the user name in it. Answered: the texts; empty
	// ones are the pool's.
	CustomMessage struct {
		Base
		CodeParameter, UsernameParameter     string
		SMSMessage, EmailMessage, EmailTitle string
	}
)

// GroupConfiguration are a user's groups and their roles.
type GroupConfiguration struct {
	Groups, Roles []string
	PreferredRole string
}

// TokenOverrides are changes to tokens.
type TokenOverrides struct {
	ID, Access                    ClaimOverrides
	ScopesToAdd, ScopesToSuppress []string
	Groups                        *GroupConfiguration // nil: as they are
}

// ClaimOverrides are changes to the claims of a token.
type ClaimOverrides struct {
	Set      map[string]any
	Suppress []string
}

// ChallengeResult is a challenge of a custom authentication that was answered.
type ChallengeResult struct {
	Name     string // CUSTOM_CHALLENGE, PASSWORD_VERIFIER, SRP_A
	Correct  bool
	Metadata string // challengeMetadata
}

// The triggers.
const (
	TriggerInboundFederation   Trigger = "InboundFederation"
	TriggerPreSignUp           Trigger = "PreSignUp"
	TriggerPostConfirmation    Trigger = "PostConfirmation"
	TriggerPreAuthentication   Trigger = "PreAuthentication"
	TriggerPostAuthentication  Trigger = "PostAuthentication"
	TriggerPreTokenGeneration  Trigger = "PreTokenGeneration"
	TriggerDefineAuthChallenge Trigger = "DefineAuthChallenge"
	TriggerCreateAuthChallenge Trigger = "CreateAuthChallenge"
	TriggerVerifyAuthChallenge Trigger = "VerifyAuthChallengeResponse"
	TriggerUserMigration       Trigger = "UserMigration"
	TriggerCustomMessage       Trigger = "CustomMessage"
)

// Source names what sets a trigger off: TokenGeneration_… for PreTokenGeneration, <trigger>_… for the others.
func (t Trigger) Source(what string) string {
	if t == TriggerPreTokenGeneration {
		return "TokenGeneration_" + what
	}
	return string(t) + "_" + what
}

// EventAttributes are a user's attributes as events show them.
func EventAttributes(u *userpool.User) map[string]string {
	out := u.Attributes.Map()
	out["sub"], out["cognito:user_status"] = u.Sub, string(u.Status)
	if len(u.Identities) > 0 {
		out["identities"] = u.IdentitiesJSON()
	}
	return out
}

// NewBase is the base of an event about a user; nil is one who is not there.
func NewBase(t Trigger, what string, c Caller, u *userpool.User, username string) Base {
	b := Base{Trigger: t, Source: t.Source(what), Pool: c.Pool, Username: username, Metadata: c.Metadata, Attributes: map[string]string{}}
	if c.Client != nil {
		b.ClientID = c.Client.ID
	}
	if u != nil {
		b.Username, b.Attributes = u.Username, EventAttributes(u)
	}
	return b
}
