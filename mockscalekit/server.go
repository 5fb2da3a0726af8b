package mockscalekit

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/idp"
)

// signingKeyName is the name of the first environment's private key in the lab's Env.
const signingKeyName = "scalekit/signing"

// Server is a Scalekit environment and the identity providers behind it.
type Server struct {
	kit     *party.Kit
	ownsKit bool
	envs    *environments
	idp     *idp.Party

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
	cfg.Kit.Faults.Declare(faultPoints(), faults())
	s.kit, s.cfg = cfg.Kit, cfg
	ctx := context.Background()
	var list []*environment
	for _, env := range cfg.all() {
		e, err := newEnvironment(ctx, cfg, env)
		if err != nil {
			return nil, fmt.Errorf("the scalekit environment %s: %w", env.ID, err)
		}
		list = append(list, e)
	}
	s.envs = newEnvironments(cfg.Kit, list)
	var err error
	s.idp, err = idp.New(idp.Config{Kit: cfg.Kit, URL: cfg.IdPURL, Applications: newApplications(list)})
	if err != nil {
		return nil, fmt.Errorf("the identity providers: %w", err)
	}
	if err := s.apply(ctx, cfg); err != nil {
		return nil, err
	}
	for _, e := range list {
		cfg.Kit.Env.Keys().Prepare(e.keyName())
	}
	for _, e := range list {
		for _, c := range e.directory.Connections.List(nil) {
			if c.IdP != "" && c.IdP != idp.Simulator {
				s.idp.Prepare(c.IdP)
			}
		}
	}
	return s, nil
}

// Environment serves the Scalekit environments.
func (s *Server) Environment() http.Handler { return s.envs.surface }

// IdP serves the identity providers.
func (s *Server) IdP() http.Handler { return s.idp }

// NextSignIn decides how the next sign-ins of a person at any identity provider end; zero times takes an order back.
func (s *Server) NextSignIn(ctx context.Context, email string, o Outcome, times int) error {
	return s.idp.Order(ctx, email, o, times)
}

// Outcomes lists how a sign-in can be ordered to end.
func Outcomes() []OutcomeInfo { return idp.Outcomes() }

// People lists who is known to the identity providers.
func (s *Server) People(ctx context.Context) ([]Person, error) { return s.idp.People(ctx) }

// PutPerson makes somebody known to the identity providers, or other than they were.
func (s *Server) PutPerson(ctx context.Context, who Person) error { return s.idp.PutPerson(ctx, who) }

// DeletePerson makes somebody unknown to the identity providers.
func (s *Server) DeletePerson(ctx context.Context, email string) error {
	return s.idp.DeletePerson(ctx, email)
}

// SignOut ends every session of a person at the identity providers, which tell the environments.
func (s *Server) SignOut(ctx context.Context, email string) error { return s.idp.SignOut(ctx, email) }

// Kit is the kit the server was given or made for itself.
func (s *Server) Kit() *party.Kit { return s.kit }

// Reload replaces the configuration while the server runs: what is declared differently, anew or not at all any more changes in
// one step for each environment; what the management API made, sessions, codes and people that were added stay. The kit and the URLs must be the
// same. After an error nothing has changed.
func (s *Server) Reload(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("scalekit configuration: %w", err)
	}
	cfg.Kit = s.kit
	cfg = cfg.withDefaults()
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.cfg.sameAddresses(cfg); err != nil {
		return fmt.Errorf("reload the scalekit environment: %w", err)
	}
	if err := s.apply(ctx, cfg); err != nil {
		return err
	}
	s.cfg = cfg
	return nil
}

// apply reconciles the directory and the people with a configuration.
func (s *Server) apply(ctx context.Context, cfg Config) error {
	for i, env := range cfg.all() {
		if err := s.envs.list[i].apply(ctx, env); err != nil {
			return err
		}
	}
	if err := s.idp.Apply(ctx, cfg.Environment.People); err != nil {
		return fmt.Errorf("apply the configuration to the identity providers: %w", err)
	}
	return nil
}

// Reset puts everything back to what the configuration says. It expects the tables of sign-ins under way to have been cleared
// by the owner of the store.
func (s *Server) Reset(ctx context.Context) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	for i, env := range s.cfg.all() {
		if err := s.envs.list[i].directory.Reset(ctx, env.declaration()); err != nil {
			return fmt.Errorf("reset the scalekit environment %s: %w", env.ID, err)
		}
		s.envs.list[i].webhooks.Reset()
	}
	return s.apply(ctx, s.cfg)
}

// Close ends the delivery of webhooks, and frees the kit if the server made it for itself.
func (s *Server) Close() error {
	for _, e := range s.envs.list {
		e.webhooks.Close()
	}
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
