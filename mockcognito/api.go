package mockcognito

import (
	"context"
	"net/http"

	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// newAPI is the user pools API over the service's directory.
func (s *Server) newAPI() *idp.Service {
	return &idp.Service{
		Directory: s.directory, Env: s.kit.Env, Engine: s.engine, Tokens: apiTokens{s}, Region: s.region, RegionOf: s.regionOfHost, Reachable: s.reachable,
	}
}

// Operation is an operation of the user pools API that this service knows.
type Operation struct {
	Name    string
	Members []string // of its input; * is behind those that are required
	Instead string   // what to do instead, of an operation that is refused; empty for one that is served
}

// Operations are the operations of the user pools API: those that are served, then those that are refused, each sorted by
// name.
func Operations() []Operation {
	var out []Operation
	for _, name := range idp.Operations() {
		op := Operation{Name: name}
		for _, m := range idp.Input(name) {
			if m.Required {
				m.Name += "*"
			}
			op.Members = append(op.Members, m.Name)
		}
		out = append(out, op)
	}
	refused := idp.Refused()
	for _, name := range sortedKeys(refused) {
		out = append(out, Operation{Name: name, Instead: refused[name]})
	}
	return out
}

// presentAPI shows errors of the user pools API, and of the documents under an issuer, in AWS JSON.
func (s *Server) presentAPI(w http.ResponseWriter, r *http.Request, err error) {
	if !idp.IsOurs(err) {
		s.kit.Log.ErrorContext(r.Context(), "internal failure", "path", r.URL.Path, "error", err)
	}
	s.api.Present(w, r, err)
}

func noPool(id string) error {
	return userpool.Errorf(userpool.ResourceNotFound, "User pool %s does not exist.", id)
}

// regionOfHost is the region whose user pools API is at a host, with its port; empty where one host serves all.
func (s *Server) regionOfHost(host string) string {
	region := regionPattern.FindString(host)
	if region == "" || hostOf(s.cfg.Addresses.API(region)) != host {
		return ""
	}
	return region
}

// reachable says why the metadata of an identity provider cannot be had, as the API asks when a provider is set up.
func (s *Server) reachable(ctx context.Context, issuer string) error {
	if err := s.allowedUpstream(issuer); err != nil {
		return err
	}
	var doc oidc.ProviderMetadata
	return s.getJSON(ctx, issuer+"/.well-known/openid-configuration", &doc)
}
