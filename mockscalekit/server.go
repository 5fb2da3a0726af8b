package mockscalekit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"sync"

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
	kit     *party.Kit
	ownsKit bool
	env     *environment
	idp     *identityProviders

	changing sync.Mutex // one Reload or Reset at a time; guards cfg
	cfg      Config
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
	s.kit, s.cfg = cfg.Kit, cfg
	ctx := context.Background()
	if s.env, err = newEnvironment(ctx, cfg, pages); err != nil {
		return nil, fmt.Errorf("the scalekit environment: %w", err)
	}
	s.idp = newIdentityProviders(cfg.Kit, cfg.IdPURL, pages, newApplications(s.env))
	if err := s.apply(ctx, cfg); err != nil {
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
func (s *Server) Kit() *party.Kit { return s.kit }

// Reload replaces the configuration while the server runs: what is declared differently, anew or not at all any more changes in
// one step; what the management API made, sessions, codes and people that were added stay. The kit and the URLs must be the
// same. After an error nothing has changed.
func (s *Server) Reload(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("scalekit configuration: %w", err)
	}
	cfg.Kit = s.kit
	cfg = cfg.withDefaults()
	s.changing.Lock()
	defer s.changing.Unlock()
	if cfg.URL != s.cfg.URL || cfg.IdPURL != s.cfg.IdPURL {
		return fmt.Errorf("reload the scalekit environment: its URLs are %s and %s, and stay while it runs", s.cfg.URL, s.cfg.IdPURL)
	}
	if err := s.apply(ctx, cfg); err != nil {
		return err
	}
	s.cfg = cfg
	return nil
}

// apply reconciles the directory and the people with a configuration.
func (s *Server) apply(ctx context.Context, cfg Config) error {
	if err := s.env.directory.Apply(ctx, cfg.Environment.declaration()); err != nil {
		return fmt.Errorf("apply the configuration to the scalekit environment: %w", err)
	}
	if err := s.idp.seed(ctx, cfg.Environment.People); err != nil {
		return fmt.Errorf("apply the configuration to the identity providers: %w", err)
	}
	s.env.configure(cfg.Environment)
	return nil
}

// Reset puts everything back to what the configuration says. It expects the tables of sign-ins under way to have been cleared
// by the owner of the store.
func (s *Server) Reset(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.env.directory.Reset(ctx, s.cfg.Environment.declaration()); err != nil {
		return fmt.Errorf("reset the scalekit environment: %w", err)
	}
	return s.apply(ctx, s.cfg)
}

// Close frees the kit if the server made it for itself.
func (s *Server) Close() error {
	if !s.ownsKit {
		return nil
	}
	return s.kit.Close()
}

// params reads the parameters of a request from its query, or from its body when it is a POST.
func params(r *http.Request) (form map[string][]string, err error) {
	if r.Method == http.MethodPost {
		return web.Form(r)
	}
	return web.Query(r)
}
