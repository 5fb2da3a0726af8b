package trigger

import (
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
)

// event is what a function is given, in the order of measured ones.
type event struct {
	Version       string `json:"version"`
	TriggerSource string `json:"triggerSource"`
	Region        string `json:"region"`
	UserPoolID    string `json:"userPoolId"`
	UserName      string `json:"userName"`
	CallerContext caller `json:"callerContext"`
	Request       any    `json:"request"`
	Response      any    `json:"response"`
}

type caller struct {
	SDKVersion string `json:"awsSdkVersion"`
	ClientID   string `json:"clientId"`
}

// What measured events have where nothing is known of the caller: requests of administrators name no app client.
const (
	unknownSDK = "aws-sdk-unknown-unknown"
	noClient   = "CLIENT_ID_NOT_APPLICABLE"
)

// machine is the user name of a token that is for no user.
const machine = "ClientCredentials"

func newEvent(e signin.Event, version string) event {
	b := e.Common()
	out := event{
		Version: version[1:2], TriggerSource: b.Source, Region: b.Pool.Region(), UserPoolID: b.Pool.ID, UserName: b.Username,
		CallerContext: caller{unknownSDK, b.ClientID},
	}
	if out.CallerContext.ClientID == "" {
		out.CallerContext.ClientID = noClient
	}
	if b.Source == signin.TriggerPreTokenGeneration.Source("ClientCredentials") {
		out.UserName = machine
	}
	out.Request, out.Response = parts(e, version)
	return out
}

type (
	texts map[string]string
	empty struct{}
)

// user is what the requests of most events have. Absent metadata is left out, as the service does.
type user struct {
	Attributes texts `json:"userAttributes"`
}

type metadata struct {
	Client texts `json:"clientMetadata,omitempty"`
}

type groups struct {
	Groups        []string `json:"groupsToOverride"`
	Roles         []string `json:"iamRolesToOverride"`
	PreferredRole *string  `json:"preferredRole"`
}

type result struct {
	Name     string  `json:"challengeName"`
	Result   bool    `json:"challengeResult"`
	Metadata *string `json:"challengeMetadata"`
}

// parts are the request and the empty response of an event.
func parts(e signin.Event, version string) (request, response any) {
	b := e.Common()
	of, with := user{some(b.Attributes)}, metadata{b.Metadata}
	switch e := e.(type) {
	case *signin.InboundFederation:
		return inboundRequest{e.Provider, e.ProviderType, inboundAttributes{e.Tokens, e.IDToken, e.UserInfo}}, inboundResponse{texts{}}
	case *signin.PreSignUp:
		return validated{of, some(e.Validation), with, nil}, preSignUpResponse{}
	case *signin.PostConfirmation:
		return described{of, with}, empty{}
	case *signin.PreAuthentication:
		return validated{of, some(e.Validation), with, hint(e.UserNotFound)}, empty{}
	case *signin.PostAuthentication:
		return struct {
			user
			NewDevice bool `json:"newDeviceUsed"`
			metadata
		}{of, e.NewDevice, with}, empty{}
	case *signin.PreTokenGeneration:
		return tokenParts(e, version, of, with)
	case *signin.CustomMessage:
		return messageRequest{of, e.CodeParameter, "{##Click Here##}", e.UsernameParameter, with}, messageResponse{}
	case *signin.UserMigration:
		return struct {
			Password   string `json:"password,omitempty"`
			Validation texts  `json:"validationData"`
			metadata
		}{e.Password, some(e.Validation), with}, migrationResponse{}
	default:
		return challengeParts(e, of, with)
	}
}

// tokenParts are those of PreTokenGeneration, whose version 2 and 3 know scopes.
func tokenParts(e *signin.PreTokenGeneration, version string, of user, with metadata) (request, response any) {
	g := groups{list(e.Groups.Groups), list(e.Groups.Roles), nil}
	if e.Groups.PreferredRole != "" {
		g.PreferredRole = &e.Groups.PreferredRole
	}
	if version == "V1_0" {
		return struct {
				user
				Groups groups `json:"groupConfiguration"`
				metadata
			}{of, g, with}, struct {
				Details *struct{} `json:"claimsOverrideDetails"`
			}{}
	}
	return struct {
			user
			Groups groups   `json:"groupConfiguration"`
			Scopes []string `json:"scopes"`
			metadata
		}{of, g, list(e.Scopes), with}, struct {
			Details *struct{} `json:"claimsAndScopeOverrideDetails"`
		}{}
}

// challengeParts are those of the three triggers of a custom authentication.
func challengeParts(e signin.Event, of user, with metadata) (request, response any) {
	switch e := e.(type) {
	case *signin.DefineAuthChallenge:
		return struct {
				user
				Session []result `json:"session"`
				metadata
				NotFound *bool `json:"userNotFound,omitempty"`
			}{of, results(e.Session), with, hint(e.UserNotFound)}, struct {
				Name   *string `json:"challengeName"`
				Tokens *bool   `json:"issueTokens"`
				Fail   *bool   `json:"failAuthentication"`
			}{}
	case *signin.CreateAuthChallenge:
		return struct {
				user
				Name    string   `json:"challengeName"`
				Session []result `json:"session"`
				metadata
				NotFound *bool `json:"userNotFound,omitempty"`
			}{of, e.ChallengeName, results(e.Session), with, hint(e.UserNotFound)}, struct {
				Public   texts   `json:"publicChallengeParameters"`
				Private  texts   `json:"privateChallengeParameters"`
				Metadata *string `json:"challengeMetadata"`
			}{}
	case *signin.VerifyAuthChallenge:
		return struct {
				user
				Private texts  `json:"privateChallengeParameters"`
				Answer  string `json:"challengeAnswer"`
				metadata
				NotFound *bool `json:"userNotFound,omitempty"`
			}{of, e.Private, e.Answer, with, hint(e.UserNotFound)}, struct {
				Correct *bool `json:"answerCorrect"`
			}{}
	}
	return empty{}, empty{}
}

type (
	described struct {
		user
		metadata
	}
	validated struct {
		user
		Validation texts `json:"validationData"`
		metadata
		NotFound *bool `json:"userNotFound,omitempty"`
	}
	preSignUpResponse struct {
		Confirm     bool `json:"autoConfirmUser"`
		VerifyEmail bool `json:"autoVerifyEmail"`
		VerifyPhone bool `json:"autoVerifyPhone"`
	}
	inboundRequest struct {
		Name       string            `json:"providerName"`
		Type       string            `json:"providerType"`
		Attributes inboundAttributes `json:"attributes"`
	}
	inboundAttributes struct {
		Tokens   texts `json:"tokenResponse,omitempty"`
		IDToken  texts `json:"idToken,omitempty"`
		UserInfo texts `json:"userInfo,omitempty"`
	}
	inboundResponse struct {
		Map texts `json:"userAttributesToMap"`
	}
	messageRequest struct {
		user
		Code     string `json:"codeParameter"`
		Link     string `json:"linkParameter"`
		Username string `json:"usernameParameter"`
		metadata
	}
	messageResponse struct {
		SMS     *string `json:"smsMessage"`
		Email   *string `json:"emailMessage"`
		Subject *string `json:"emailSubject"`
	}
	migrationResponse struct {
		Attributes texts    `json:"userAttributes"`
		Status     *string  `json:"finalUserStatus"`
		Action     *string  `json:"messageAction"`
		Media      []string `json:"desiredDeliveryMediums"`
		ForceAlias *bool    `json:"forceAliasCreation"`
	}
)

// some is a map that is there, though it may be empty.
func some(m map[string]string) texts {
	if m == nil {
		return texts{}
	}
	return m
}

func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}

// hint tells a function that nobody has the name, and is left out where somebody has.
func hint(notFound bool) *bool {
	if notFound {
		return &notFound
	}
	return nil
}

func results(session []signin.ChallengeResult) []result {
	out := []result{}
	for _, r := range session {
		next := result{Name: r.Name, Result: r.Correct}
		if r.Metadata != "" {
			next.Metadata = &r.Metadata
		}
		out = append(out, next)
	}
	return out
}
