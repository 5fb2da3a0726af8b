package mockscalekit

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// environments are all environments of a server: one surface, and the Host of a request says whose it is.
type environments struct {
	list    []*environment // the first answers on every other host
	byHost  map[string]*environment
	surface *web.Surface
}

func newEnvironments(k *party.Kit, list []*environment) *environments {
	all := &environments{list: list, byHost: map[string]*environment{}}
	for _, e := range list {
		for _, base := range []string{e.url, e.oldURL} {
			if u, err := url.Parse(base); err == nil {
				all.byHost[strings.ToLower(u.Host)] = e
			}
		}
	}
	all.mount(k)
	return all
}

// of returns the environment that a request is for.
func (s *environments) of(r *http.Request) *environment {
	if len(s.list) > 1 {
		if e, ok := s.byHost[strings.ToLower(r.Host)]; ok {
			return e
		}
	}
	return s.list[0]
}

// serve and present hand a request to its environment.
func (s *environments) serve(f func(*environment, http.ResponseWriter, *http.Request) error) web.Endpoint {
	return func(w http.ResponseWriter, r *http.Request) error { return f(s.of(r), w, r) }
}

func (s *environments) present(f func(*environment, http.ResponseWriter, *http.Request, error)) web.Presenter {
	return func(w http.ResponseWriter, r *http.Request, err error) { f(s.of(r), w, r, err) }
}

// mount is the map of an environment.
func (s *environments) mount(k *party.Kit) {
	both, post := []string{http.MethodGet, http.MethodPost}, []string{http.MethodPost}
	page := s.present((*environment).presentLogin)
	s.surface = &web.Surface{
		Party: trace.Scalekit, Trace: k.Trace, Faults: k.Faults, Log: k.Log,
		NotFound: s.notFound,
		MethodNotAllowed: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeOAuth(w, http.StatusMethodNotAllowed, "invalid_request", err.Error())
		},
	}
	routes := append(s.managementRoutes(), s.portalRoutes()...)
	s.surface.Mount(append(routes,
		web.Route{Path: "/.well-known/openid-configuration", Point: "scalekit.discovery", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).discovery)},
		web.Route{Path: "/.well-known/oauth-authorization-server", Point: "scalekit.discovery", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).discovery)},
		web.Route{Path: "/keys", Point: "scalekit.keys", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).keys)},
		web.Route{Methods: both, Path: "/oauth/authorize", Point: "scalekit.authorize", Channel: trace.Front, Starts: true, Present: page, Serve: s.serve((*environment).authorize)},
		web.Route{Path: "/sso/v1/oidc/{connection}/callback", Point: "scalekit.callback", Channel: trace.Front, Present: page, Serve: s.serve((*environment).callback)},
		web.Route{Path: "/sso/v1/oauth/{connection}/callback", Point: "scalekit.callback", Channel: trace.Front, Present: page, Serve: s.serve((*environment).callback)},
		web.Route{Path: "/sso/v1/oidc/{connection}/test", Point: "scalekit.test", Channel: trace.Front, Starts: true, Present: page, Serve: s.serve((*environment).testConnection)},
		web.Route{Path: "/sso/v1/saml/{connection}", Point: "scalekit.saml_metadata", Channel: trace.Back, Present: page, Serve: s.serve((*environment).samlMetadata)},
		web.Route{Methods: post, Path: "/sso/v1/saml/{connection}", Point: "scalekit.saml_callback", Channel: trace.Front, Starts: true, Present: page, Serve: s.serve((*environment).samlCallback)},
		web.Route{Methods: post, Path: "/sso/v1/saml/{connection}/callback", Point: "scalekit.saml_callback", Channel: trace.Front, Starts: true, Present: page, Serve: s.serve((*environment).samlCallback)},
		web.Route{Path: "/sso/v1/saml/{connection}/request", Point: "scalekit.saml_request", Channel: trace.Front, Present: page, Serve: s.serve((*environment).samlRequest)},
		web.Route{Path: "/sso/v1/saml/{connection}/test", Point: "scalekit.test", Channel: trace.Front, Starts: true, Present: page, Serve: s.serve((*environment).testConnection)},
		web.Route{Path: "/sso/v1/oidc/{connection}/logout/callback", Point: "scalekit.logout_callback", Channel: trace.Front, Present: page, Serve: s.serve((*environment).logoutCallback)},
		web.Route{Methods: post, Path: "/sso/v1/oidc/{connection}/backchannel-logout", Point: "scalekit.backchannel_logout", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).backChannelLogout)},
		web.Route{Methods: both, Path: "/a/auth/login", Point: "scalekit.login", Channel: trace.Front, Present: page, Serve: s.serve((*environment).hostedLogin)},
		web.Route{Methods: both, Path: "/a/auth/signup", Point: "scalekit.signup", Channel: trace.Front, Present: page, Serve: s.serve((*environment).hostedLogin)},
		web.Route{Methods: post, Path: "/oauth/token", Point: "scalekit.token", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).token)},
		web.Route{Methods: both, Path: "/userinfo", Point: "scalekit.userinfo", Channel: trace.Back, Present: presentBearer, Serve: s.serve((*environment).userinfo)},
		web.Route{Methods: post, Path: "/oauth/introspect", Point: "scalekit.introspect", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).introspect)},
		web.Route{Methods: post, Path: "/revoke", Point: "scalekit.revoke", Channel: trace.Back, Present: presentOAuth, Serve: s.serve((*environment).revoke)},
		web.Route{Path: "/oidc/logout", Point: "scalekit.logout", Channel: trace.Front, Present: presentOAuth, Serve: s.serve((*environment).logout)},
	)...)
}

// notFound serves every other path: services of the management API that are not modelled answer in its own way.
func (s *environments) notFound(w http.ResponseWriter, r *http.Request) error {
	if isManagement(r.URL.Path) && r.Method == http.MethodPost {
		s.of(r).management.ServeRPC(w, r)
		return nil
	}
	return notModelled(w, r)
}

// notModelled answers every other path, so that nobody takes the mock's silence for the service's.
func notModelled(w http.ResponseWriter, r *http.Request) error {
	status, code := http.StatusNotFound, "not_found"
	for _, prefix := range []string{"/api/", "/scalekit.v1.", "/oauth/", "/revoke", "/sso/", "/magicLink/", "/a/", "/ui/", "/resources/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			status, code = http.StatusNotImplemented, "not_implemented"
		}
	}
	writeOAuth(w, status, code, "this Scalekit mock does not model "+r.Method+" "+r.URL.Path)
	return nil
}
