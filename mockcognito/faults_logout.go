package mockcognito

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/web"
)

// logoutPoints are those of the sign-out endpoint.
func logoutPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.logout.logout_uri", Kind: fault.Step, Description: "logout_uri is registered"},
		{Name: "cognito.logout.session", Kind: fault.Step, Description: "the domain's session is deleted"},
		{Name: "cognito.logout.cookie", Kind: fault.Step, Description: "the session's cookie is deleted"},
	}
}

// logoutFaults are those of the sign-out endpoint.
func (s *Server) logoutFaults() []fault.Fault {
	route := func(id, title string, wrap func(http.Handler, fault.Params) http.Handler) fault.Fault {
		return fault.Fault{ID: "logout." + id, Title: title, Points: []string{"cognito.logout"}, Route: wrap}
	}
	// instead answers requests that it likes itself.
	instead := func(answer func(http.ResponseWriter, *http.Request, url.Values) bool) func(http.Handler, fault.Params) http.Handler {
		return func(next http.Handler, _ fault.Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !answer(w, r, r.URL.Query()) {
					next.ServeHTTP(w, r)
				}
			})
		}
	}
	return []fault.Fault{
		skip("logout.open_redirect", "Any logout_uri is followed", "cognito.logout.logout_uri"),
		skip("logout.session_kept", "Sign-out leaves the session and its cookie as they are", "cognito.logout.session", "cognito.logout.cookie"),
		skip("logout.cookie_kept", "Sign-out leaves the session's cookie in the browser", "cognito.logout.cookie"),
		route("client_unchecked", "Sign-out takes any client_id", s.anyLogoutClient),
		route("relogin_drops_params", "Sign-out with redirect_uri forgets state and scope on the way to the login page", rewriteLocation(func(u *url.URL) {
			if u.Path == "/login" {
				q := u.Query()
				q.Del("state")
				q.Del("scope")
				u.RawQuery = q.Encode()
			}
		})),
		route("claims_upstream_ended", "Sign-out goes on to the identity provider, as if it ended the session there too", rewriteLocation(func(u *url.URL) {
			if u.Path != "/login" && u.Path != "/error" {
				*u = *s.upstreamLogout(u.String())
			}
		})),
		route("no_redirect", "Sign-out ends at a page of its own", func(next http.Handler, _ fault.Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&staying{ResponseWriter: w}, r) })
		}),
		route("error_without_session", "Sign-out fails when nobody is signed in", instead(func(w http.ResponseWriter, r *http.Request, q url.Values) bool {
			p, _ := s.clientOf(r, q.Get("client_id"))
			if p == nil || p.cookies.Get(r, cookieSession) != "" {
				return false
			}
			web.Redirect(w, "/error?error=no_session")
			return true
		})),
		route("pli_unregistered_followed", "Sign-out follows any post_logout_redirect_uri", instead(func(w http.ResponseWriter, _ *http.Request, q url.Values) bool {
			to := q.Get("post_logout_redirect_uri")
			if to == "" {
				return false
			}
			web.Redirect(w, to)
			return true
		})),
	}
}

// anyLogoutClient serves a request of an unknown client as that of one that has registered its logout_uri.
func (s *Server) anyLogoutClient(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		now := s.live()
		if _, known := now.client(q.Get("client_id")); known == nil {
			for _, p := range now.list {
				for _, c := range p.Clients() {
					if slices.Contains(c.LogoutURLs, q.Get("logout_uri")) {
						q.Set("client_id", c.ID)
					}
				}
			}
			r = r.Clone(r.Context())
			r.URL.RawQuery = q.Encode()
		}
		next.ServeHTTP(w, r)
	})
}

// upstreamLogout is where the first provider would end its session, with the way back.
func (s *Server) upstreamLogout(back string) *url.URL {
	for _, p := range s.live().list {
		for _, idp := range p.Providers() {
			if u, err := url.Parse(strings.TrimSuffix(idp.Issuer(), "/") + "/oidc/logout"); err == nil {
				u.RawQuery = url.Values{"post_logout_redirect_uri": {back}}.Encode()
				return u
			}
		}
	}
	return &url.URL{Path: "/error"}
}

// staying turns a redirect to the app into a page.
type staying struct {
	http.ResponseWriter
	stays bool
}

func (w *staying) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *staying) WriteHeader(status int) {
	h := w.Header()
	if location := h.Get("Location"); location != "" && !strings.HasPrefix(location, "/") {
		h.Del("Location")
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.ResponseWriter.WriteHeader(http.StatusOK)
		_, _ = w.ResponseWriter.Write([]byte("<!doctype html><title>Signed out</title><p>You have signed out."))
		w.stays = true
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *staying) Write(b []byte) (int, error) {
	if w.stays {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
