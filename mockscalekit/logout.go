package mockscalekit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// logout serves RP-initiated logout (OIDC RP-Initiated Logout §2). It ends the browser's session and that of the hint, forgets
// the browser, and sends it on: to the identity provider's logout first, where the connection asks for that. An expired
// id_token_hint is good enough.
// Unverified: the errors, which are those of zitadel/oidc.
func (e *environment) logout(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	hint, err := e.readHint(q)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "id_token_hint invalid", Err: err}
	}
	uri := q.Get("post_logout_redirect_uri")
	if uri != "" {
		client, err := e.directory.Clients.Get(hint.ClientID)
		organization := &directory.Organization{}
		if o, orgErr := e.directory.Organizations.Get(hint.OrganizationID); orgErr == nil {
			organization = &o
		}
		if err != nil || !allowed(client.PostLogoutRedirectURIs, uri, organization) {
			return oauth2.Errorf(oauth2.InvalidRequest, "post_logout_redirect_uri invalid")
		}
	}
	s, found, err := e.sessionToEnd(r, hint.SessionID)
	if err != nil {
		return err
	}
	if found {
		if err := e.end(ctx, s); err != nil {
			return err
		}
	}
	e.cookies.Clear(w, browserCookie, http.SameSiteLaxMode)
	trace.Note(ctx, "signed out of the environment")
	var p web.Params
	p.AddIf("state", q.Get("state"))
	if uri != "" && len(p) > 0 {
		uri = p.WithQuery(uri)
	}
	if found {
		if location := e.providerLogout(ctx, s, uri); location != "" {
			web.Redirect(w, location)
			return nil
		}
	}
	return e.afterLogout(w, uri)
}

func (e *environment) afterLogout(w http.ResponseWriter, uri string) error {
	if uri == "" {
		return look.Render(w, http.StatusOK, look.Page{Party: "scalekit", Title: "Signed out · Scalekit mock", Strip: e.strip()}, logoutView())
	}
	web.Redirect(w, uri)
	return nil
}

// hint is what an id_token_hint says.
type hint struct {
	ClientID       string `json:"azp"`
	SessionID      string `json:"sid"`
	OrganizationID string `json:"oid"`
}

// readHint reads the hint of a logout request. Its client must be the request's, if that names one.
func (e *environment) readHint(q url.Values) (hint, error) {
	h := hint{ClientID: q.Get("client_id")}
	raw := q.Get("id_token_hint")
	if raw == "" {
		return h, nil
	}
	verified, err := e.verifyOwn(raw)
	if err != nil {
		return h, err
	}
	named := h.ClientID
	if err := json.Unmarshal(verified.Payload, &h); err != nil {
		return h, err
	}
	if named != "" && named != h.ClientID {
		return h, errors.New("issued to " + url.QueryEscape(h.ClientID))
	}
	return h, nil
}

// sessionToEnd is the session of the hint, or of the browser.
func (e *environment) sessionToEnd(r *http.Request, sid string) (envSession, bool, error) {
	if sid != "" {
		s, err := e.sessions.Get(r.Context(), sid)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return s, err == nil, err
		}
	}
	return e.current(r)
}

// providerLogout is the logout URL of the session's identity provider, if its connection asks for that.
func (e *environment) providerLogout(ctx context.Context, s envSession, then string) string {
	c, err := e.directory.Connections.Get(s.ConnectionID)
	if err != nil || c.OIDC == nil || !c.OIDC.IdPLogoutRequired {
		return ""
	}
	up, err := e.upstream(c)
	if err != nil {
		return ""
	}
	provider, err := e.discover(ctx, up)
	if err != nil || provider.EndSessionEndpoint == "" {
		trace.Note(ctx, "the identity provider of "+c.ID+" has no logout")
		return ""
	}
	state := e.kit.Env.Token(24)
	if err := e.flows.Put(ctx, state, flow{ConnectionID: c.ID, RedirectURI: then}, e.now().Add(flowTTL)); err != nil {
		return ""
	}
	return web.Params{
		{"client_id", up.ClientID}, {"post_logout_redirect_uri", e.connectionURL(c, "oidc", "/logout/callback")}, {"state", state},
	}.WithQuery(provider.EndSessionEndpoint)
}

// logoutCallback receives the browser back from an identity provider's logout.
func (e *environment) logoutCallback(w http.ResponseWriter, r *http.Request) error {
	f, err := e.flows.Take(r.Context(), r.URL.Query().Get("state"))
	if err != nil || f.ConnectionID != r.PathValue("connection") {
		return refuse("invalid_request", "Scalekit does not know the state of this answer: it was changed, was used already, or is older than an hour.")
	}
	return e.afterLogout(w, f.RedirectURI)
}

// backChannelLogout serves OIDC Back-Channel Logout §2.5: an identity provider says that a person's session there has ended.
func (e *environment) backChannelLogout(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, err := web.Form(r)
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "error parsing form", Err: err}
	}
	c, err := e.directory.Connections.Get(r.PathValue("connection"))
	if err != nil {
		return oauth2.Errorf(oauth2.InvalidRequest, "connection unknown")
	}
	subject, err := e.verifyLogoutToken(ctx, c, form.Get("logout_token"))
	if err != nil {
		return &oauth2.Error{Code: oauth2.InvalidRequest, Description: "logout_token invalid", Err: err}
	}
	var ended []envSession
	err = e.sessions.Scan(ctx, func(_ string, s envSession) error {
		if s.ConnectionID == c.ID && s.Who.Subject == subject {
			ended = append(ended, s)
		}
		return nil
	})
	for _, s := range ended {
		err = errors.Join(err, e.end(ctx, s))
	}
	if err != nil {
		return err
	}
	web.NoStore(w)
	w.WriteHeader(http.StatusOK)
	return nil
}

// backChannelEvent is the member of events that makes a token a logout token (OIDC Back-Channel Logout §2.4).
const backChannelEvent = "http://schemas.openid.net/event/backchannel-logout"

// verifyLogoutToken checks a logout token (OIDC Back-Channel Logout §2.6) and returns its subject.
func (e *environment) verifyLogoutToken(ctx context.Context, c directory.Connection, token string) (string, error) {
	up, err := e.upstream(c)
	if err != nil {
		return "", err
	}
	provider, err := e.discover(ctx, up)
	if err != nil {
		return "", err
	}
	unverified, err := jose.Peek(token, jose.ES256, jose.RS256)
	if err != nil {
		return "", err
	}
	if err := e.verifySignature(ctx, provider.JWKSURI, token); err != nil {
		return "", err
	}
	var claims struct {
		Issuer   string         `json:"iss"`
		Subject  string         `json:"sub"`
		Audience oidc.Audience  `json:"aud"`
		Issued   int64          `json:"iat"`
		Nonce    *string        `json:"nonce"`
		Events   map[string]any `json:"events"`
	}
	if err := json.Unmarshal(unverified.Payload, &claims); err != nil {
		return "", err
	}
	_, isLogout := claims.Events[backChannelEvent]
	age := e.now().Sub(time.Unix(claims.Issued, 0))
	switch {
	case claims.Issuer != up.Issuer, !claims.Audience.Contains(up.ClientID):
		return "", errors.New("it is of another issuer or for another client")
	case !isLogout, claims.Nonce != nil, claims.Subject == "":
		return "", errors.New("it is no logout token about a person")
	case age > 5*time.Minute || age < -time.Minute:
		return "", errors.New("it is too old, or of the future")
	}
	return claims.Subject, nil
}

// tellClients posts a logout token to the back-channel logout URL of each client of a session. One that cannot be told does
// not keep the session alive.
func (e *environment) tellClients(ctx context.Context, s envSession) error {
	for _, id := range s.Clients {
		client, err := e.directory.Clients.Get(id)
		if err != nil {
			continue
		}
		for _, uri := range client.BackChannelLogoutURIs {
			token, err := e.sign(ctx, "scalekit.logout_token", jose.Object{
				{Name: "iss", Value: e.url}, {Name: "sub", Value: s.subject()}, {Name: "aud", Value: []string{id}},
				{Name: "exp", Value: e.now().Add(2 * time.Minute).Unix()}, {Name: "iat", Value: e.now().Unix()},
				{Name: "jti", Value: e.kit.Env.Sonyflake("tkn")}, {Name: "sid", Value: s.ID},
				{Name: "events", Value: map[string]any{backChannelEvent: map[string]any{}}},
			})
			if err != nil {
				return err
			}
			if err := e.postLogoutToken(ctx, uri, token); err != nil {
				trace.Note(ctx, "could not tell "+uri+" of the logout: "+err.Error())
			}
		}
	}
	return nil
}

func (e *environment) postLogoutToken(ctx context.Context, uri, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return errors.New("it answered " + resp.Status)
	}
	return nil
}
