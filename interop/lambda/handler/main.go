// Command handler is a Lambda function as teams write them: with aws-lambda-go and its event types. It serves every trigger
// of a user pool that those types know, and adds each event that it gets to the file that EVENTS names.
//
// An event is taken strictly: a member that the vendor's type does not have is an error, which the sign-in then shows. What is
// returned has gone through the vendor's type both ways, as in a team's own function.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(handle) }

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var head events.CognitoEventUserPoolsHeader
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	if err := record(raw); err != nil {
		return nil, err
	}
	trigger, _, _ := strings.Cut(head.TriggerSource, "_")
	serve := map[string]func(context.Context, json.RawMessage) (any, error){
		"InboundFederation": inbound, "PreSignUp": preSignUp, "PostConfirmation": as[events.CognitoEventUserPoolsPostConfirmation],
		"PreAuthentication": preAuthentication, "PostAuthentication": as[events.CognitoEventUserPoolsPostAuthentication],
		"DefineAuthChallenge": define, "CreateAuthChallenge": create, "VerifyAuthChallengeResponse": verify,
		"UserMigration": migrate, "CustomMessage": message,
	}[trigger]
	if trigger == "TokenGeneration" {
		serve = tokens1
		if head.Version != "1" {
			serve = tokens2
		}
	}
	if serve == nil {
		return nil, fmt.Errorf("no type for %s", head.TriggerSource)
	}
	return serve(ctx, raw)
}

func record(raw []byte) error {
	f, err := os.OpenFile(os.Getenv("EVENTS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(bytes.Clone(raw), '\n'))
	return errors.Join(err, f.Close())
}

// strictly reads an event into the vendor's type.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// as reads an event strictly and returns it.
func as[T any](_ context.Context, raw json.RawMessage) (any, error) {
	var event T
	err := strictly(raw, &event)
	return event, err
}

func inbound(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsInboundFederation
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	event.Response.UserAttributesToMap = map[string]string{}
	for name, value := range event.Request.Attributes.UserInfo {
		event.Response.UserAttributesToMap[name] = value
	}
	for name, value := range event.Request.Attributes.IDToken {
		event.Response.UserAttributesToMap[name] = value
	}
	event.Response.UserAttributesToMap["family_name"] = "of " + event.Request.ProviderName
	return event, nil
}

func preSignUp(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsPreSignup
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	switch email := event.Request.UserAttributes["email"]; {
	case strings.HasPrefix(email, "refused"):
		return nil, errors.New("not invited")
	case strings.HasPrefix(email, "panic"):
		panic("a bug")
	}
	event.Response.AutoConfirmUser, event.Response.AutoVerifyEmail = true, true
	return event, nil
}

func preAuthentication(ctx context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsPreAuthentication
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	if event.UserName == "slow" {
		<-ctx.Done() // the function's own time-out
		select {}
	}
	return event, nil
}

func tokens1(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsPreTokenGen
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	event.Response.ClaimsOverrideDetails = events.ClaimsOverrideDetails{
		ClaimsToAddOrOverride: map[string]string{"tenant": "acme"}, GroupOverrideDetails: event.Request.GroupConfiguration,
	}
	return event, nil
}

func tokens2(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsPreTokenGenV2_0
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	details := &event.Response.ClaimsAndScopeOverrideDetails
	details.GroupOverrideDetails = event.Request.GroupConfiguration
	details.IDTokenGeneration.ClaimsToAddOrOverride = map[string]any{"tenant": map[string]any{"id": 7}}
	details.AccessTokenGeneration.ClaimsToAddOrOverride = map[string]any{"tenant": 7}
	details.AccessTokenGeneration.ScopesToAdd = []string{"acme/" + event.TriggerSource}
	return event, nil
}

func define(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsDefineAuthChallenge
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	session := event.Request.Session
	if len(session) > 0 && session[len(session)-1].ChallengeResult {
		event.Response.IssueTokens = true
	} else {
		event.Response.ChallengeName = "CUSTOM_CHALLENGE"
	}
	return event, nil
}

func create(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsCreateAuthChallenge
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	event.Response.PublicChallengeParameters = map[string]string{"question": "pet?"}
	event.Response.PrivateChallengeParameters = map[string]string{"answer": "rex"}
	return event, nil
}

func verify(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsVerifyAuthChallenge
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	event.Response.AnswerCorrect = event.Request.ChallengeAnswer == event.Request.PrivateChallengeParameters["answer"]
	return event, nil
}

func migrate(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsMigrateUser
	if err := strictly(raw, &event); err != nil {
		return nil, err
	}
	event.UserAttributes = map[string]string{"email": event.UserName + "@example.com", "email_verified": "true"}
	event.FinalUserStatus, event.MessageAction = "CONFIRMED", "SUPPRESS"
	return event, nil
}

// message takes linkParameter too, which the vendor's type lacks.
func message(_ context.Context, raw json.RawMessage) (any, error) {
	var event events.CognitoEventUserPoolsCustomMessage
	if err := json.Unmarshal(raw, &event); err != nil {
		return nil, err
	}
	event.Response.EmailSubject, event.Response.EmailMessage = "Hello", "Code "+event.Request.CodeParameter
	return event, nil
}
