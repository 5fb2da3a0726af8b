package mockscalekit

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/web"
)

// issuerPoints are those of the environment's authorization endpoint beside its route.
func issuerPoints() []fault.Point {
	return []fault.Point{{Name: "scalekit.connection", Kind: fault.Document, Description: "a connection's settings, as routing reads them"}}
}

// issuerSteps are the checks of the environment as an OpenID provider that can be left out.
func issuerSteps() [][2]string {
	return [][2]string{
		{"scalekit.authorize.redirect_uri", "the authorization endpoint wants a registered redirect_uri"},
		{"scalekit.connection_active", "routing leaves inactive connections out"},
		{"scalekit.token.client_secret", "the token endpoint compares the client secret"},
		{"scalekit.token.code_age", "the token endpoint refuses a code older than 10 minutes"},
	}
}

// issuerFaults are the ways in which the environment is a bad OpenID provider: "sk" names the fault by the check that
// finds it, "upstream" spoils what a client gets.
func issuerFaults() []fault.Fault {
	skip := func(id, title, point string) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{point}, Skip: true}
	}
	return slices.Concat(routingFaults(), rotationFaults(), []fault.Fault{
		skip("sk.redirect_any", "The environment takes any redirect_uri", "scalekit.authorize.redirect_uri"),
		skip("sk.inactive_used", "The environment uses inactive connections", "scalekit.connection_active"),
		skip("sk.secret_unchecked", "The environment takes any client secret", "scalekit.token.client_secret"),
		skip("sk.code_reusable", "A code of the environment can be used again", "scalekit.token.single_use"),
		skip("sk.code_any_redirect", "The environment's token endpoint does not compare redirect_uri", "scalekit.token.redirect_uri"),
		skip("sk.code_never_expires", "A code of the environment can be used late", "scalekit.token.code_age"),
		{
			ID: "sk.redirect_on_bad_client", Title: "The environment redirects to anywhere for a client it does not know", Points: []string{"scalekit.authorize"},
			Route: func(next http.Handler, _ fault.Params) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					next.ServeHTTP(&pageToRedirect{ResponseWriter: w, to: r.URL.Query().Get("redirect_uri")}, r)
				})
			},
		}, {
			ID: "sk.state_limit", Title: "The environment cuts state after 500 characters", Points: []string{"scalekit.callback"},
			Route: fault.ChangeLocation(func(to *url.URL, _ *http.Request) {
				if q := to.Query(); len(q.Get("state")) > 500 {
					q.Set("state", q.Get("state")[:500])
					to.RawQuery = q.Encode()
				}
			}),
		}, {
			ID: "upstream.connection_disabled", Title: "Every connection of the environment is disabled", Points: []string{"scalekit.connection"},
			Document: func(doc *jose.Object, _ fault.Params) { doc.Set("enabled", false) },
		},
	})
}

// routingFaults change which connection a request leads to.
func routingFaults() []fault.Fault {
	at := func(id, title string, route func(http.Handler, fault.Params) http.Handler) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: []string{"scalekit.authorize"}, Route: route}
	}
	change := func(id, title string, f func(q url.Values)) fault.Fault { return at(id, title, fault.ChangeQuery(f)) }
	const anybody = "john@example.com"
	return []fault.Fault{
		change("sk.hint_ignored", "The environment does not look at login_hint", func(q url.Values) { q.Del("login_hint") }),
		change("sk.domain_fallback", "The environment sends everybody to one connection", func(q url.Values) { q.Set("login_hint", anybody) }),
		change("sk.selector_default", "The environment picks a connection when none is named", func(q url.Values) {
			if !q.Has("login_hint") {
				q.Set("login_hint", anybody)
			}
		}),
		change("sk.id_unchecked", "The environment ignores ids, and takes anybody's connection instead", func(q url.Values) {
			if q.Has("connection_id") || q.Has("organization_id") {
				q.Del("connection_id")
				q.Del("organization_id")
				q.Set("login_hint", anybody)
			}
		}),
		change("sk.domain_suffix_match", "A sub-domain leads where its parent does", func(q url.Values) {
			if local, domain := splitEmail(q.Get("login_hint")); strings.Count(domain, ".") > 1 {
				_, parent, _ := strings.Cut(domain, ".")
				q.Set("login_hint", local+"@"+parent)
			}
		}),
		at("sk.domain_case", "The environment compares domains with regard to case", refuseHint("domain_not_found", func(_, domain string) bool {
			return domain != strings.ToLower(domain)
		})),
		at("sk.simulator_off", "The environment has no IdP simulator", refuseHint("no_active_connections", func(_, domain string) bool {
			return slices.Contains([]string{"example.com", "example.org"}, strings.ToLower(domain))
		})),
	}
}

// rotationFaults are, together, a key of the environment that replaces the one before.
func rotationFaults() []fault.Fault {
	const kid = "snk_60040665999999999"
	return []fault.Fault{{
		ID: "upstream.idt_new_key", Title: "The environment's ID token names a new key", Points: []string{"scalekit.id_token"},
		Token: func(d *jose.Draft, _ fault.Params) { d.Header.Set("kid", kid) },
	}, {
		ID: "upstream.jwks_new_key", Title: "The environment's JWK Set has a new key beside the old one", Points: []string{"scalekit.keys.document"},
		Document: func(doc *jose.Object, _ fault.Params) {
			keys, _ := doc.Get("keys").([]jose.Object)
			for _, k := range keys {
				fresh := k.Clone()
				fresh.Set("kid", kid)
				keys = append(keys, fresh)
			}
			doc.Set("keys", keys)
		},
	}}
}

// refuseHint sends those whose login_hint is meant back with an error, where they would be sent on.
func refuseHint(code string, meant func(local, domain string) bool) func(http.Handler, fault.Params) http.Handler {
	return fault.ChangeLocation(func(to *url.URL, r *http.Request) {
		q := r.URL.Query()
		at := strings.LastIndexByte(q.Get("login_hint"), '@')
		if at < 0 || !meant(q.Get("login_hint")[:at], q.Get("login_hint")[at+1:]) {
			return
		}
		p := web.Params{{"error", code}, {"error_description", describe(code)}}
		p.AddIf("state", q.Get("state"))
		if back, err := url.Parse(p.WithQuery(q.Get("redirect_uri"))); err == nil {
			*to = *back
		}
	})
}

// pageToRedirect turns a page that says 400 into a redirect.
type pageToRedirect struct {
	http.ResponseWriter
	to string
}

func (w *pageToRedirect) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *pageToRedirect) WriteHeader(status int) {
	if status == http.StatusBadRequest && w.to != "" {
		w.Header().Set("Location", web.Params{{"error", "invalid_client"}}.WithQuery(w.to))
		status = http.StatusFound
	}
	w.ResponseWriter.WriteHeader(status)
}
