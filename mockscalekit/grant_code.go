package mockscalekit

import (
	"context"
	"errors"
	"net/url"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// grantCode serves the grant authorization_code (RFC 6749 §4.1.3).
func (e *environment) grantCode(ctx context.Context, client directory.Client, form url.Values) (jose.Object, error) {
	g, err := e.redeemCode(ctx, client, form)
	if err != nil {
		return nil, err
	}
	doc, err := e.issue(ctx, g, form.Get("code"))
	if err != nil {
		return nil, err
	}
	trace.Annotate(ctx, func(s *trace.SignIn) {
		if direct(s, client.ID) {
			s.Outcome = trace.Completed
		}
	})
	e.happened(ctx, "authentication.succeeded", g.OrganizationID, g.ID, "client_id", client.ID, "connection_id", g.ConnectionID, "email", g.Who.text("email"))
	return doc, nil
}

// redeemCode checks a code against the request and then consumes it (RFC 6749 §4.1.3, RFC 7636 §4.6): a request that
// is wrong otherwise leaves the code alone.
func (e *environment) redeemCode(ctx context.Context, client directory.Client, form url.Values) (grant, error) {
	code := form.Get("code")
	if code == "" {
		return grant{}, oauth2.Errorf(oauth2.InvalidRequest, "code missing")
	}
	g, err := e.codes.Get(ctx, code)
	if errors.Is(err, store.ErrNotFound) || err == nil && g.ClientID != client.ID {
		return g, oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
	}
	if err != nil {
		return g, err
	}
	return g, e.kit.Faults.Run(ctx,
		fault.Check{Point: "scalekit.token.code_age", Run: func() error {
			if !e.now().Before(g.Expires) {
				return oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
			}
			return nil
		}},
		fault.Check{Point: "scalekit.token.redirect_uri", Run: func() error {
			if form.Get("redirect_uri") != g.RedirectURI {
				return oauth2.Errorf(oauth2.InvalidGrant, "redirect_uri does not correspond")
			}
			return nil
		}},
		fault.Check{Point: "scalekit.token.pkce", Run: func() error {
			return checkVerifier(form.Get("code_verifier"), g.CodeChallenge, g.ChallengeMethod)
		}},
		fault.Check{Point: "scalekit.token.single_use", Run: func() error {
			_, err := e.codes.Take(ctx, code)
			if errors.Is(err, store.ErrNotFound) {
				return oauth2.Errorf(oauth2.InvalidGrant, "invalid code")
			}
			return err
		}},
	)
}

// checkVerifier compares a code_verifier with the challenge of the authorization request (RFC 7636 §4.6).
func checkVerifier(verifier, challenge, method string) error {
	switch {
	case challenge == "" && verifier != "":
		return oauth2.Errorf(oauth2.InvalidRequest, "code_verifier unexpectedly provided")
	case challenge != "" && verifier == "":
		return oauth2.Errorf(oauth2.InvalidRequest, "code_verifier required")
	case challenge == "":
		return nil
	case method == oauth2.MethodPlain && oauth2.SameSecret(verifier, challenge):
		return nil
	case method != oauth2.MethodPlain && oauth2.VerifyS256(verifier, challenge):
		return nil
	}
	return oauth2.Errorf(oauth2.InvalidGrant, "invalid code_verifier")
}
