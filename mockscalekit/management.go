package mockscalekit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
	"github.com/ssolab/ssolab/mockscalekit/internal/mgmt"
)

// newManagement is the environment's management API over its directory.
func newManagement(e *environment) *mgmt.API {
	return mgmt.New(mgmt.Options{
		Directory: e.directory, Env: e.kit.Env, EnvironmentID: e.id, URL: e.url, Production: e.production, SimulatorIdP: idp.Simulator,
		MaxBody: web.MaxBody, Authorize: e.authorizeManagement, Portal: portalLinks{e}, Effective: e.effective,
	})
}

// managementRoutes are where the management API is mounted. Its calls are part of no sign-in, so they are not traced. A service
// that is not modelled is no route: notModelled serves it.
func (s *environments) managementRoutes() []web.Route {
	rpc := s.serve(func(e *environment, w http.ResponseWriter, r *http.Request) error {
		e.management.ServeRPC(w, r)
		return nil
	})
	rest := s.serve(func(e *environment, w http.ResponseWriter, r *http.Request) error {
		e.management.ServeREST(w, r)
		return nil
	})
	routes := []web.Route{{
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		Path:    "/api/v1/{path...}", Point: "scalekit.api", Channel: trace.Back, Silent: true, Serve: rest,
	}}
	for _, service := range mgmt.Services() {
		routes = append(routes, web.Route{
			Methods: []string{http.MethodPost}, Path: "/" + service + "/{method}", Point: "scalekit.api", Channel: trace.Back, Silent: true, Serve: rpc,
		})
	}
	return routes
}

// authorizeManagement takes the access tokens that clients of the environment get by client_credentials: no person's, and no
// machine client's of an organization.
func (e *environment) authorizeManagement(_ context.Context, token string) error {
	verified, err := e.verifyOwn(token)
	if err != nil {
		return err
	}
	var c struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		ClientID string `json:"client_id"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(verified.Payload, &c); err != nil {
		return err
	}
	client, err := e.directory.Clients.Get(c.ClientID)
	switch {
	case c.Issuer != e.url:
		return errors.New("the token is of another issuer")
	case c.Expires <= e.now().Unix():
		return errors.New("the token has expired")
	case c.Subject != c.ClientID:
		return errors.New("the token is a person's; get one by client_credentials")
	case err != nil:
		return err
	case client.Inactive || client.OrganizationID != "":
		return errors.New("the client may not use the management API")
	}
	return nil
}

// effective fills in what the administrator of a lab's identity provider would have entered.
func (e *environment) effective(c directory.Connection) directory.Connection {
	switch {
	case c.IdP == "":
		return c
	case c.Type == directory.SAML && c.SAML == nil:
		c.SAML = &directory.SAMLConfig{
			IdPMetadataURL: idp.MetadataURL(e.idpURL, c.IdP), IdPEntityID: idp.EntityID(e.idpURL, c.IdP), IdPSSOURL: idp.SSOURL(e.idpURL, c.IdP),
			SSORequestBinding: directory.HTTPRedirect,
		}
		return c
	case c.Type != directory.OIDC || c.OIDC != nil:
		return c
	}
	up, err := e.upstream(c)
	if err != nil {
		return c
	}
	c.OIDC = &directory.OIDCConfig{
		Issuer: up.Issuer, DiscoveryEndpoint: up.Issuer + "/.well-known/openid-configuration", ClientID: up.ClientID, ClientSecret: up.Secret,
		Scopes: []string{"openid", "profile", "email"}, TokenAuthType: directory.BasicAuth,
	}
	return c
}

// isManagement tells whether a path is one of the management API over gRPC.
func isManagement(path string) bool { return strings.HasPrefix(path, "/scalekit.v1.") }
