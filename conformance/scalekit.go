package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// IdPResponse is the callback that Cognito has at an identity provider: /oauth2/idpresponse on the host of the
// authorization endpoint.
func (t *T) IdPResponse() string {
	return t.DomainOrigin() + "/oauth2/idpresponse"
}

// DomainOrigin is scheme and host of Cognito's authorization endpoint.
func (t *T) DomainOrigin() string {
	u, err := url.Parse(t.Discovery().AuthorizationEndpoint)
	if err != nil || u.Host == "" {
		t.Skip("the authorization_endpoint is no URL (see DISC-004)")
	}
	return u.Scheme + "://" + u.Host
}

// SignInAt runs the front channel of an authorization request at any issuer, in a browser without sessions, until it is
// sent to redirectURI, which is not requested.
func (t *T) SignInAt(authorizeURL, redirectURI string) *Authorization {
	target := *t.Target()
	target.Client.RedirectURI = redirectURI
	a := &Authorization{URL: authorizeURL, Client: target.Client}
	if err := t.run.drive(t.ctx, t.run.open(), a, &target); err != nil {
		t.Undecided(err)
	}
	t.keep(a)
	return a
}

// GoOn opens a URL in the browser of an authorization, and goes on as a browser would until it is sent to the target's
// callback.
func (t *T) GoOn(a *Authorization, from string) *Authorization {
	target := *t.Target()
	next := &Authorization{URL: from, Client: target.Client}
	if err := t.run.drive(t.ctx, a.driver, next, &target); err != nil {
		t.Undecided(err)
	}
	t.keep(next)
	return next
}

// ScalekitDiscovery is the discovery document of the Scalekit environment, read once. Without a usable one the check is
// skipped.
func (t *T) ScalekitDiscovery() *Discovery {
	e := t.shared("scalekit discovery", func(ctx context.Context, e *Evidence, send sender) error {
		resp, err := send(http.MethodGet, strings.TrimSuffix(t.Target().Scalekit.EnvironmentURL, "/")+"/.well-known/openid-configuration", nil)
		if err != nil {
			return err
		}
		d := &Discovery{Raw: resp.Body}
		if resp.Status == http.StatusOK && json.Unmarshal(resp.Body, d) == nil {
			e.Discovery = d
		}
		return nil
	})
	if e.Discovery == nil || e.Discovery.AuthorizationEndpoint == "" || e.Discovery.TokenEndpoint == "" {
		t.Skip("the Scalekit environment has no discovery document with authorization_endpoint and token_endpoint (see DISC-001)")
	}
	return e.Discovery
}

// ScalekitURL is the URL of an authorization request at the Scalekit environment as Cognito's would be, with a nonce
// beside it; edit may change its parameters.
func (t *T) ScalekitURL(edit ...func(url.Values)) string {
	d := t.ScalekitDiscovery()
	q := url.Values{
		"client_id": {t.scalekitClient().ID}, "redirect_uri": {t.IdPResponse()}, "scope": {"openid email profile"}, "response_type": {"code"},
		"state": {random()}, "nonce": {random()}, "login_hint": {t.Target().Email},
	}
	for _, f := range edit {
		f(q)
	}
	return withQuery(d.AuthorizationEndpoint, q)
}

// scalekitClient is Cognito's client at the environment; without an id the check is skipped.
func (t *T) scalekitClient() Client {
	s := t.Target().Scalekit
	if s.ClientID == "" {
		t.Skip("the target names no scalekit.client_id")
	}
	return Client{ID: s.ClientID, Secret: s.ClientSecret, Auth: AuthPost}
}

// ScalekitSignIn signs the target's person in at the Scalekit environment, without Cognito, in a browser of its own.
func (t *T) ScalekitSignIn(edit ...func(url.Values)) *Authorization {
	a := t.SignInAt(t.ScalekitURL(edit...), t.IdPResponse())
	if u, err := url.Parse(a.URL); err == nil {
		a.State, a.Nonce = u.Query().Get("state"), u.Query().Get("nonce")
	}
	return a
}

// ScalekitRedeem exchanges a code of the Scalekit environment; edit may change the form. Without the client's secret the
// check is skipped.
func (t *T) ScalekitRedeem(code string, edit ...func(url.Values)) *Response {
	return t.Post(t.ScalekitDiscovery().TokenEndpoint, t.scalekitForm(code, edit...))
}

func (t *T) scalekitForm(code string, edit ...func(url.Values)) url.Values {
	client := t.scalekitClient()
	if client.Secret == "" {
		t.Skip("the target gives no secret for scalekit.client_id")
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {t.IdPResponse()},
		"client_id": {client.ID}, "client_secret": {client.Secret.Reveal()},
	}
	for _, f := range edit {
		f(form)
	}
	return form
}

// ScalekitJourney is the evidence of one sign-in at the Scalekit environment, shared by all checks of the run. Without a
// code the check is skipped.
func (t *T) ScalekitJourney() *Evidence {
	d := t.ScalekitDiscovery()
	e := t.shared("scalekit journey", func(ctx context.Context, e *Evidence, send sender) (err error) {
		e.Discovery, e.Authorization = d, t.ScalekitSignIn()
		code := e.Authorization.Params.Get("code")
		if code == "" {
			return nil
		}
		if e.Keys, e.keysErr = send(http.MethodGet, d.JWKSURI, nil); fatal(ctx, e.keysErr) {
			return e.keysErr
		}
		if e.Token, err = send(http.MethodPost, d.TokenEndpoint, t.scalekitForm(code)); err != nil {
			return err
		}
		tokens := &Tokens{raw: e.Token.Body}
		if e.Token.Status == http.StatusOK && json.Unmarshal(e.Token.Body, &looseTokens{tokens}) == nil {
			e.Tokens, e.IDToken = tokens, ReadToken(tokens.IDToken.Reveal())
		}
		return nil
	})
	e.Authorization.Code(t)
	return e
}

// VerifyIDToken follows OpenID Connect Core 1.0 section 3.1.3.7 for the ID token of a sign-in, with the keys that came
// with it.
func (t *T) VerifyIDToken(e *Evidence, issuer, clientID string) error {
	var keys jose.JSONWebKeySet
	if e.Keys == nil || json.Unmarshal(e.Keys.Body, &keys) != nil {
		return errors.New("there is no JWK Set to verify it with")
	}
	_, err := verifyIDToken(e.Tokens.IDToken.Reveal(), &keys, expected{
		issuer: issuer, clientID: clientID, nonce: e.Authorization.Nonce, now: t.run.o.Now(), accessToken: e.Tokens.AccessToken.Reveal(),
	})
	return err
}

type sender func(method, target string, form url.Values) (*Response, error)

// shared makes or recalls evidence under a name. What ends the check while it is made is not remembered.
func (t *T) shared(name string, collect func(context.Context, *Evidence, sender) error) *Evidence {
	s, ok := t.run.journeys[name]
	if !ok {
		s.evidence = &Evidence{}
		s.err = collect(t.ctx, s.evidence, func(method, target string, form url.Values) (*Response, error) {
			req, err := http.NewRequestWithContext(t.ctx, method, target, strings.NewReader(form.Encode()))
			if err != nil {
				return nil, fmt.Errorf("%s cannot be requested: %w", MaskURL(target), err)
			}
			req.Header.Set("User-Agent", "ssolab-check")
			if form != nil {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			resp, exchange, err := t.run.send(t.ctx, t.run.client, req)
			s.exchanges = append(s.exchanges, exchange)
			return resp, err
		})
		t.run.journeys[name] = s
	}
	t.exchanges = append(t.exchanges, s.exchanges...)
	if s.err != nil {
		t.Undecided(s.err)
	}
	t.seen++
	return s.evidence
}
