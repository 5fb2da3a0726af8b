package mockscalekit

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
)

// idpInitiatedTTL is the life of the token that tells an application of a sign-in begun by an identity provider.
const idpInitiatedTTL = 5 * time.Minute

// unsolicited serves the answer of an identity provider that nobody asked for. OpenID Connect has no such thing; the IdP
// simulator has the scenario, and its hop to the environment is the mock's own.
func (e *environment) unsolicited(w http.ResponseWriter, r *http.Request, q url.Values) error {
	ctx := r.Context()
	view, c, err := e.directory.OfConnection(r.PathValue("connection"))
	if err != nil || c.Provider != IDPSimulator {
		return refuse("invalid_connection_id", "There is no connection %q to an IdP simulator. Begin at the application.", r.PathValue("connection"))
	}
	to, err := e.initiateLoginURL(q.Get("client_id"), c)
	if err != nil {
		return err
	}
	s, err := e.identifyUnsolicited(ctx, view, c, q)
	return e.answerUnsolicited(w, r, c, s, to, "", err)
}

func (e *environment) identifyUnsolicited(ctx context.Context, view *directory.View, c directory.Connection, q url.Values) (session, error) {
	if !c.Active() {
		return session{}, refuse("connection_not_active", "The connection %s is %s. Enable it.", c.ID, condition(c))
	}
	up, err := e.upstream(c)
	if err != nil {
		return session{}, err
	}
	provider, err := e.discover(ctx, up)
	if err != nil {
		return session{}, err
	}
	return e.identify(ctx, flow{Provider: provider}, view, c, q)
}

// initiateLoginURL is where a sign-in begun by an identity provider is sent: the initiate-login URL of the client, or of the
// first client that has one; without any the first callback URL, as was seen.
func (e *environment) initiateLoginURL(clientID string, c directory.Connection) (string, error) {
	clients := e.directory.Clients.List(func(c *directory.Client) bool {
		return !c.Inactive && c.OrganizationID == "" && (clientID == "" || c.ID == clientID)
	})
	for _, client := range clients {
		if len(client.InitiateLoginURIs) > 0 {
			return client.InitiateLoginURIs[0], nil
		}
	}
	if c.SAML != nil && c.SAML.DefaultRedirectURI != "" {
		return c.SAML.DefaultRedirectURI, nil
	}
	for _, client := range clients {
		if len(client.RedirectURIs) > 0 {
			return client.RedirectURIs[0], nil
		}
	}
	return "", refuse("invalid_redirect_uri", "No client has an initiate-login URL or a callback URL, so nobody can be told of this sign-in. Give one to a client.")
}

// answerUnsolicited sends the browser to the application with a token that says who wants to sign in; the application begins
// again with it (https://docs.scalekit.com/sso/guides/idp-init-sso/). Errors go to the same URL.
func (e *environment) answerUnsolicited(w http.ResponseWriter, r *http.Request, c directory.Connection, s session, to, relayState string, err error) error {
	ctx := r.Context()
	answer := target{RedirectURI: to}
	if err == nil && e.fullStack() && c.OrganizationID != "" {
		s, err = e.provision(ctx, c, s)
	}
	if err != nil {
		return answer.Send(err)
	}
	if e.fullStack() { // the environment goes on by itself: the application's own sign-in finds a session
		if err := e.keepUnsolicited(w, r, s); err != nil {
			return answer.Send(err)
		}
	}
	now := e.now()
	claims := jose.Object{
		{Name: "organization_id", Value: c.OrganizationID},
		{Name: "connection_id", Value: c.ID},
		{Name: "login_hint", Value: s.Who.text("email")},
		{Name: "exp", Value: now.Add(idpInitiatedTTL).Unix()},
		{Name: "nbf", Value: now.Unix()},
		{Name: "iat", Value: now.Unix()},
		{Name: "iss", Value: e.url},
	}
	if relayState != "" {
		claims.Set("relay_state", relayState)
	}
	token, err := e.sign(ctx, "scalekit.idp_initiated_login", claims)
	if err != nil {
		return answer.Send(err)
	}
	trace.Annotate(ctx, func(t *trace.SignIn) { t.Email = s.Who.text("email") })
	trace.Note(ctx, "told the application that "+s.Who.text("email")+" wants to sign in, from "+c.ID)
	web.Redirect(w, web.Params{{"idp_initiated_login", token}}.WithQuery(to))
	return nil
}

func (e *environment) keepUnsolicited(w http.ResponseWriter, r *http.Request, s session) error {
	browser, err := e.bindBrowser(w, r, false)
	if err != nil {
		return err
	}
	return e.keep(r.Context(), flow{Browser: browser}, s)
}
