package trigger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// required are the members of an event that an answer must have: a function returns the event that it was given.
var required = []string{"version", "triggerSource", "region", "userPoolId", "userName", "callerContext", "request", "response"}

// readAnswer writes what a function answered into the event.
func readAnswer(e signin.Event, version string, answer []byte) error {
	var members map[string]json.RawMessage
	if err := decode(answer, &members); err != nil {
		return err
	}
	if members == nil {
		return errors.New("it is null, and not the event")
	}
	for _, name := range required {
		if _, have := members[name]; !have {
			return fmt.Errorf("it has no %s; return the event that the function was given, with response filled in", name)
		}
	}
	response := members["response"]
	switch e := e.(type) {
	case *signin.InboundFederation:
		return inboundAnswer(e, response)
	case *signin.PreSignUp:
		var r preSignUpResponse
		err := decode(response, &r)
		e.AutoConfirm, e.AutoVerifyEmail, e.AutoVerifyPhone = r.Confirm, r.VerifyEmail, r.VerifyPhone
		return err
	case *signin.PreTokenGeneration:
		if version == "V1_0" {
			return claimsAnswer(e, response)
		}
		return scopesAnswer(e, response)
	case *signin.CustomMessage:
		var r messageResponse
		err := decode(response, &r)
		e.SMSMessage, e.EmailMessage, e.EmailTitle = text(r.SMS), text(r.Email), text(r.Subject)
		return err
	case *signin.UserMigration:
		return migrationAnswer(e, response)
	case *signin.DefineAuthChallenge, *signin.CreateAuthChallenge, *signin.VerifyAuthChallenge:
		return challengeAnswer(e, response)
	}
	return decode(response, &map[string]any{}) // nothing in it is looked at
}

// decode reads one JSON value and nothing behind it. Numbers stay as they were written.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the JSON")
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// inboundAnswer: an empty map keeps what the provider brought, another one takes its place.
func inboundAnswer(e *signin.InboundFederation, response []byte) error {
	var r inboundResponse
	if err := decode(response, &r); err != nil {
		return err
	}
	if len(r.Map) > 0 {
		e.Mapped = r.Map
	}
	return nil
}

func migrationAnswer(e *signin.UserMigration, response []byte) error {
	var r migrationResponse
	if err := decode(response, &r); err != nil {
		return err
	}
	switch status := userpool.Status(text(r.Status)); status {
	case "", userpool.Confirmed, userpool.ResetRequired:
		e.FinalStatus = status
	default:
		return fmt.Errorf("finalUserStatus is %q, and neither CONFIRMED nor RESET_REQUIRED", status)
	}
	e.NewAttributes, e.ForceAlias = r.Attributes, r.ForceAlias != nil && *r.ForceAlias
	return nil
}

func challengeAnswer(e signin.Event, response []byte) error {
	var r struct {
		Name     *string `json:"challengeName"`
		Tokens   *bool   `json:"issueTokens"`
		Fail     *bool   `json:"failAuthentication"`
		Public   texts   `json:"publicChallengeParameters"`
		Private  texts   `json:"privateChallengeParameters"`
		Metadata *string `json:"challengeMetadata"`
		Correct  *bool   `json:"answerCorrect"`
	}
	if err := decode(response, &r); err != nil {
		return err
	}
	switch e := e.(type) {
	case *signin.DefineAuthChallenge:
		e.ChallengeName, e.IssueTokens, e.Fail = text(r.Name), r.Tokens != nil && *r.Tokens, r.Fail != nil && *r.Fail
	case *signin.CreateAuthChallenge:
		e.Public, e.Private, e.ChallengeMetadata = r.Public, r.Private, text(r.Metadata)
	case *signin.VerifyAuthChallenge:
		e.Correct = r.Correct != nil && *r.Correct
	}
	return nil
}

// present is a member of a response that is replaced by what the function answers, null too, and left alone where the
// function does not name it.
type present struct {
	have   bool
	groups groups
}

// UnmarshalJSON implements json.Unmarshaler. It is called for null, too.
func (p *present) UnmarshalJSON(b []byte) error {
	p.have = true
	return json.Unmarshal(b, &p.groups)
}

// configuration are the groups that take the place of the user's: none, where the function answers none.
func (p present) configuration() *signin.GroupConfiguration {
	if !p.have {
		return nil
	}
	return &signin.GroupConfiguration{Groups: p.groups.Groups, Roles: p.groups.Roles, PreferredRole: text(p.groups.PreferredRole)}
}

// claimsAnswer is version 1: claims of the ID token, which are strings, and groups of both.
func claimsAnswer(e *signin.PreTokenGeneration, response []byte) error {
	var r struct {
		Details *struct {
			Set      texts    `json:"claimsToAddOrOverride"`
			Suppress []string `json:"claimsToSuppress"`
			Groups   present  `json:"groupOverrideDetails"`
		} `json:"claimsOverrideDetails"`
	}
	if err := decode(response, &r); err != nil || r.Details == nil {
		return err
	}
	e.Overrides.ID = signin.ClaimOverrides{Set: anyOf(r.Details.Set), Suppress: r.Details.Suppress}
	e.Overrides.Groups = r.Details.Groups.configuration()
	return nil
}

func anyOf(claims texts) map[string]any {
	out := map[string]any{}
	for name, value := range claims {
		out[name] = value
	}
	return out
}

// claims are what versions 2 and 3 change in one token.
type claims struct {
	Set            map[string]any `json:"claimsToAddOrOverride"`
	Suppress       []string       `json:"claimsToSuppress"`
	ScopesAdd      []string       `json:"scopesToAdd"`
	ScopesSuppress []string       `json:"scopesToSuppress"`
}

func (c *claims) overrides() signin.ClaimOverrides {
	if c == nil {
		return signin.ClaimOverrides{}
	}
	set := maps.Clone(c.Set)
	maps.DeleteFunc(set, func(_ string, v any) bool { return v == nil }) // Unverified: that null adds nothing
	return signin.ClaimOverrides{Set: set, Suppress: c.Suppress}
}

// scopesAnswer is version 2 and 3: claims of any JSON in both tokens, scopes, groups.
func scopesAnswer(e *signin.PreTokenGeneration, response []byte) error {
	var r struct {
		Details *struct {
			ID     *claims `json:"idTokenGeneration"`
			Access *claims `json:"accessTokenGeneration"`
			Groups present `json:"groupOverrideDetails"`
		} `json:"claimsAndScopeOverrideDetails"`
	}
	if err := decode(response, &r); err != nil || r.Details == nil {
		return err
	}
	e.Overrides = signin.TokenOverrides{ID: r.Details.ID.overrides(), Access: r.Details.Access.overrides(), Groups: r.Details.Groups.configuration()}
	if a := r.Details.Access; a != nil {
		e.Overrides.ScopesToAdd, e.Overrides.ScopesToSuppress = a.ScopesAdd, a.ScopesSuppress
	}
	if slices.ContainsFunc(e.Overrides.ScopesToAdd, func(s string) bool { return s == "" || strings.ContainsAny(s, " \t\r\n") }) {
		return fmt.Errorf("scopesToAdd is %q; a scope has no space in it", e.Overrides.ScopesToAdd)
	}
	return nil
}
