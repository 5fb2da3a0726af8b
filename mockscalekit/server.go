package mockscalekit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/web"
)

//go:embed pages/*.html
var pageFiles embed.FS

// signingKeyName and idpKeyName are the names of the private keys in the lab's Env.
const (
	signingKeyName = "scalekit/signing"
	idpKeyName     = "idp/signing"
)

// Server is a Scalekit environment and the identity providers behind it.
type Server struct {
	cfg     Config
	ownsKit bool
	env     *environment
	idp     *identityProviders
}

// New returns a server in its configured state, or everything that is wrong with cfg.
func New(cfg Config) (*Server, error) {
	s := &Server{ownsKit: cfg.Kit == nil}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("scalekit configuration: %w", err)
	}
	cfg = cfg.withDefaults()
	files, err := fs.Sub(pageFiles, "pages")
	if err != nil {
		return nil, err
	}
	pages := look.MustParse(files, nil)
	cfg.Kit.Faults.Declare(faultPoints(), faults())
	s.cfg = cfg
	s.env = newEnvironment(cfg, pages)
	s.idp = newIdentityProviders(cfg.Kit, cfg.IdPURL, pages)
	if err := s.Reset(context.Background()); err != nil {
		return nil, err
	}
	cfg.Kit.Env.Keys().Prepare(signingKeyName)
	return s, nil
}

// Environment serves the Scalekit environment.
func (s *Server) Environment() http.Handler { return s.env.surface }

// IdP serves the identity providers.
func (s *Server) IdP() http.Handler { return s.idp.surface }

// Kit is the kit the server was given or made for itself.
func (s *Server) Kit() *party.Kit { return s.cfg.Kit }

// Reset writes the configured clients, organizations and people into the store, over what is there. It expects the
// tables of sign-ins under way to have been cleared by the owner of the store.
func (s *Server) Reset(ctx context.Context) error {
	if err := s.env.seed(ctx, s.cfg.Environment); err != nil {
		return fmt.Errorf("seed the scalekit environment: %w", err)
	}
	if err := s.idp.seed(ctx, s.registrations(), s.cfg.Environment.People); err != nil {
		return fmt.Errorf("seed the identity providers: %w", err)
	}
	return nil
}

// Close frees the kit if the server made it for itself.
func (s *Server) Close() error {
	if !s.ownsKit {
		return nil
	}
	return s.cfg.Kit.Close()
}

// registrations is what each organization's administrator has entered at the identity provider: one OIDC application
// per connection.
func (s *Server) registrations() []registration {
	var out []registration
	for _, o := range s.cfg.Environment.Organizations {
		var domains []string
		for _, d := range o.Domains {
			if d.Type == OrganizationDomain {
				domains = append(domains, d.Name)
			}
		}
		for _, c := range o.Connections {
			out = append(out, registration{
				ClientID: upstreamClientID(c), Provider: c.Provider, ConnectionID: c.ID,
				Organization: o.DisplayName, Domains: domains, RedirectURI: s.env.callbackURL(c.ID),
			})
		}
	}
	return out
}

// params reads the parameters of a request from its query, or from its body when it is a POST.
func params(r *http.Request) (form map[string][]string, err error) {
	if r.Method == http.MethodPost {
		return web.Form(r)
	}
	return web.Query(r)
}
