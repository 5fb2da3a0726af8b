package mockcognito

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// logout is GET /logout. It ends the domain's session, not the one at the identity provider, and revokes no token. It is
// not the RP-initiated logout of OpenID Connect: it takes logout_uri, and no id_token_hint.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return badEncoding(err)
	}
	if (q.Has("id_token_hint") || q.Has("post_logout_redirect_uri")) && !s.kit.Quirks.On(quirkOwnLogout) {
		return s.rpLogout(w, r, q)
	}
	clientID, logoutURI, redirectURI := q.Get("client_id"), q.Get("logout_uri"), q.Get("redirect_uri")
	s.setXSRF(w, r, clientID)
	p, client := s.clientOf(r, clientID)
	if client == nil {
		return &pageError{query: query("error", "invalid_request", "client_id", clientID), explain: s.noClient(clientID)}
	}
	switch {
	case logoutURI != "":
		err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.logout.logout_uri", Run: func() error {
			if slices.Contains(client.LogoutURLs, logoutURI) {
				return nil
			}
			return &pageError{pool: p, query: query("client_id", clientID, "logout_uri", logoutURI), explain: fmt.Sprintf(
				"Cognito refused the sign-out URL %q. Registered: %s. Register it, or use one of them; in a lab, start it with --signout %s.", logoutURI, quoteAll(client.LogoutURLs), logoutURI)}
		}})
		if err != nil {
			return err
		}
		if err := s.endSession(w, r, p); err != nil {
			return err
		}
		trace.Note(ctx, "ended the session at Cognito; the identity provider's own session goes on")
		web.Redirect(w, logoutURI)
		return nil
	case redirectURI == "":
		return &pageError{pool: p, query: query("error", "Required String parameter 'redirect_uri' is not present", "client_id", clientID), explain: "Send logout_uri, one of the app client's sign-out URLs, or redirect_uri with response_type to sign in again."}
	case !slices.Contains(client.CallbackURLs, redirectURI):
		return &pageError{pool: p, query: query("error", "redirect_mismatch", "client_id", clientID), explain: explainRedirect(redirectURI, client.CallbackURLs)}
	}
	if err := s.endSession(w, r, p); err != nil {
		return err
	}
	params := web.Params{{"client_id", clientID}, {"redirect_uri", redirectURI}}
	params.AddIf("response_type", q.Get("response_type"))
	params.AddIf("state", q.Get("state"))
	scope := q.Get("scope")
	if scope == "" {
		scope = strings.Join(client.Scopes, " ")
	}
	params.Add("scope", scope)
	params.AddIf("nonce", q.Get("nonce"))
	to := params.Encode()
	if len(to) > maxOwnQuery {
		return &bareError{status: http.StatusRequestURITooLong, text: "Request-URI Too Long", explain: fmt.Sprintf("The address of the login page would have %d bytes, most of them state and nonce. Send shorter ones.", len(to))}
	}
	web.Redirect(w, "/login?"+to)
	return nil
}

// rpLogout is OpenID Connect RP-Initiated Logout 1.0 §2, which the real service does not have: the client is told by
// client_id or by the ID token, and the browser is sent on to one of the client's sign-out URLs only.
func (s *Server) rpLogout(w http.ResponseWriter, r *http.Request, q url.Values) error {
	clientID, to := q.Get("client_id"), q.Get("post_logout_redirect_uri")
	refuse := func(explain string) error {
		return &pageError{query: query("error", "invalid_request", "client_id", clientID), explain: explain}
	}
	if hint := q.Get("id_token_hint"); hint != "" {
		audience, err := s.hinted(r, hint)
		if err != nil || clientID != "" && clientID != audience {
			return refuse("id_token_hint is no ID token of this service for the client.")
		}
		clientID = audience
	}
	p, client := s.clientOf(r, clientID)
	if client == nil {
		return refuse("Neither client_id nor id_token_hint names an app client.")
	}
	if to != "" && !slices.Contains(client.LogoutURLs, to) {
		return refuse(fmt.Sprintf("The sign-out URL %q is not registered. Registered: %s.", to, quoteAll(client.LogoutURLs)))
	}
	if err := s.endSession(w, r, p); err != nil {
		return err
	}
	if to == "" {
		return look.Render(w, http.StatusOK, look.Page{Party: "cognito", Title: "Signed out · mock Cognito", Strip: s.strip(p)}, signedOutView())
	}
	var params web.Params
	params.AddIf("state", q.Get("state"))
	if len(params) > 0 {
		to = params.WithQuery(to)
	}
	web.Redirect(w, to)
	return nil
}

// hinted is the client of an ID token of this service, be it expired.
func (s *Server) hinted(r *http.Request, token string) (string, error) {
	payload, err := unverifiedPayload(token)
	if err != nil {
		return "", err
	}
	var claims struct {
		Audience string `json:"aud"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	p, client := s.clientOf(r, claims.Audience)
	if client == nil {
		return "", errors.New("no such client")
	}
	keys, err := p.keys.signing()
	if err != nil {
		return "", err
	}
	_, err = jose.Verify(token, keys.set, jose.RS256)
	return client.ID, err
}
