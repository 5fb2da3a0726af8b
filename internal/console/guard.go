package console

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/web"
)

// guard lets through what this machine's own programs and the console's own pages send.
type guard struct {
	hosts   []string // values of Host that are the console's
	origins []string // the same as origins
	cross   *http.CrossOriginProtection
}

// newGuard lets through the console's URL under every loopback name, and further URLs as they are.
func newGuard(base string, further ...string) (*guard, error) {
	g := &guard{cross: http.NewCrossOriginProtection()}
	if err := g.allow(base, "localhost", "127.0.0.1", "::1"); err != nil {
		return nil, err
	}
	for _, other := range further {
		if err := g.allow(other); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// allow adds a URL, and what it is when its host has one of the other names.
func (g *guard) allow(base string, names ...string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("URL is %q, not an absolute http or https URL", base)
	}
	for _, name := range append([]string{u.Hostname()}, names...) {
		host := name
		switch {
		case u.Port() != "":
			host = net.JoinHostPort(name, u.Port())
		case strings.Contains(name, ":"):
			host = "[" + name + "]"
		}
		host = strings.ToLower(host)
		g.hosts = append(g.hosts, host)
		g.origins = append(g.origins, u.Scheme+"://"+host)
	}
	return nil
}

// wrap refuses requests for another host, whoever sends them: a name that an attacker's DNS points at this machine
// makes the attacker's page same-origin with the console. Writes are refused from pages of other origins too.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ssolab", "mock")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		if !slices.Contains(g.hosts, strings.ToLower(r.Host)) {
			refuse(w, fmt.Sprintf("the console does not answer for the host %q", r.Host), "Ask for one of: "+strings.Join(slices.Compact(slices.Clone(g.hosts)), ", ")+".")
			return
		}
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead
		if origin := r.Header.Get("Origin"); !safe && origin != "" && !slices.Contains(g.origins, strings.ToLower(origin)) {
			refuse(w, fmt.Sprintf("a page of %q may not change the lab", origin), "Send the request from a program, without an Origin header, or from the console's own pages.")
			return
		}
		if err := g.cross.Check(r); err != nil {
			refuse(w, "a page of another origin may not change the lab", "Send the request from a program, or from the console's own pages.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, message, hint string) {
	web.NoStore(w)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = web.JSON(w, http.StatusForbidden, contentJSON, errorBody{Error: message, Hint: hint}) // strings always encode
}
