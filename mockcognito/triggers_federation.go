package mockcognito

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/signin"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// The Lambda triggers of a federated sign-in, in their order. Pre token generation is the tokens' (mint).
//
//	first:      InboundFederation ─► mapping ─► PreSignUp ─► (the user is stored) ─► PostConfirmation
//	returning:  InboundFederation ─► mapping ─► (the user is updated) ─► PreAuthentication ─► PostAuthentication
//
// Unverified: that the mapped attributes of somebody who returns are written before PreAuthentication, and that a sign-in by
// session cookie runs none of these.

// providerAnswers are what an identity provider said.
type providerAnswers struct {
	tokenResponse     []byte
	idToken, userInfo map[string]any
}

// inboundFederation lets the pool's function decide what the provider brought; merged is that without one. The subject
// stays in any case: it is who this is.
func (s *Server) inboundFederation(ctx context.Context, back *returned, merged map[string]any, of providerAnswers) (map[string]any, error) {
	if back.pool.Lambda.Versioned["InboundFederation"].ARN == "" {
		return merged, nil
	}
	var response map[string]any
	if err := json.Unmarshal(of.tokenResponse, &response); err != nil {
		return nil, fmt.Errorf("token response: %w", err)
	}
	base := signin.NewBase(signin.TriggerInboundFederation, "ExternalProvider", back.caller(), nil, "")
	event := &signin.InboundFederation{Base: base, Provider: back.idp.Name, ProviderType: back.idp.Type}
	event.Username, _ = merged["sub"].(string) // Unverified: the bare subject; so it stands in tests of two published functions
	for _, part := range []struct {
		into *map[string]string
		from map[string]any
	}{{&event.Tokens, response}, {&event.IDToken, of.idToken}, {&event.UserInfo, of.userInfo}} {
		*part.into = map[string]string{}
		for name, value := range part.from {
			if value == nil {
				continue
			}
			text, err := flatten(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			(*part.into)[name] = text
		}
	}
	if _, err := s.engine.Triggers().Run(ctx, event); err != nil {
		return nil, err
	}
	if event.Mapped == nil {
		return merged, nil
	}
	trace.Note(ctx, fmt.Sprintf("userAttributesToMap takes the place of what %s said: %s", back.idp.Name, quoteAll(sortedKeys(event.Mapped))))
	claims := map[string]any{"sub": merged["sub"]}
	for name, value := range event.Mapped {
		if name != "sub" {
			claims[name] = value
		}
	}
	return claims, nil
}

// caller is the app client that the person came from.
func (b *returned) caller() signin.Caller { return signin.Caller{Pool: b.pool.Pool, Client: b.client} }

// afterFederated runs the functions that come once the user is stored.
func (s *Server) afterFederated(ctx context.Context, back *returned, u *user, made bool) error {
	caller := back.caller()
	events := []signin.Event{
		&signin.PreAuthentication{Base: signin.NewBase(signin.TriggerPreAuthentication, "Authentication", caller, u, "")},
		&signin.PostAuthentication{Base: signin.NewBase(signin.TriggerPostAuthentication, "Authentication", caller, u, "")},
	}
	if made {
		events = []signin.Event{&signin.PostConfirmation{Base: signin.NewBase(signin.TriggerPostConfirmation, "ConfirmSignUp", caller, u, "")}}
	}
	for _, event := range events {
		if _, err := s.engine.Triggers().Run(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// newcomer is the profile of a person who signs in for the first time as it will be made, after the pool's function had
// its say; nil: there is a profile already.
func (s *Server) newcomer(ctx context.Context, back *returned, identity userpool.Identity, username string, claim func(string) string, changes map[string]string) (*user, error) {
	p := back.pool
	if p.Users.ByIdentity(identity.Provider, identity.Subject, claim) != nil {
		return nil, nil
	}
	u := &user{Username: username, Status: userpool.ExternalProvider}
	if s.kit.Quirks.On(quirkUnverifiedEmail) {
		u.Attributes = userpool.Attributes{{Name: "email_verified", Value: "false"}}
	}
	if err := s.apply(ctx, p, u, changes, true); err != nil {
		return nil, err
	}
	if err := s.engine.PreSignUp(ctx, back.caller(), "ExternalProvider", u); err != nil {
		return nil, err
	}
	if linked := p.Users.ByIdentity(identity.Provider, identity.Subject, claim); linked != nil && s.kit.Quirks.On(quirkJustLinked) {
		return nil, &errUpstream{"Already found an entry for username " + username, fmt.Errorf("the pre sign-up function linked the identity to %s during this sign-in; the next one succeeds", linked.Username)}
	}
	return u, nil
}
