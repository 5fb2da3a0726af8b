package mockcognito

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// faultPoints are the points beside the routes, which the surface declares itself.
func faultPoints() []fault.Point {
	return slices.Concat(frontPoints(), federationPoints(), endpointPoints(), tokenPoints(), logoutPoints())
}

// faults are the ways in which this service goes wrong on request.
func (s *Server) faults() []fault.Fault {
	return slices.Concat(s.discoveryFaults(), s.frontFaults(), s.federationFaults(), s.endpointFaults(), s.tokenFaults(), s.logoutFaults())
}

// discoveryFaults are those of the issuer that only this service has; package fault holds the rest.
func (s *Server) discoveryFaults() []fault.Fault {
	return []fault.Fault{{
		ID: "disc.wildcard_pool", Title: "Any pool id has a discovery document", Points: []string{"cognito.discovery"},
		Route: func(next http.Handler, _ fault.Params) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if now := s.live(); now.pools[r.PathValue("pool")] == nil && now.first() != nil {
					r.SetPathValue("pool", now.first().ID)
				}
				next.ServeHTTP(w, r)
			})
		},
	}}
}

// skip is a fault that leaves a check out.
func skip(id, title string, points ...string) fault.Fault {
	return fault.Fault{ID: id, Title: title, Points: points, Skip: true}
}

// claim is a fault that changes a token before it is signed.
func claim(point, id, title string, change func(*jose.Draft)) fault.Fault {
	return fault.Fault{ID: id, Title: title, Points: []string{point}, Token: func(d *jose.Draft, _ fault.Params) { change(d) }}
}

// document is a fault that changes a JSON answer before it is written.
func document(point, id, title string, change func(*jose.Object)) fault.Fault {
	return fault.Fault{ID: id, Title: title, Points: []string{point}, Document: func(o *jose.Object, _ fault.Params) { change(o) }}
}

// flipSignature changes one bit of a compact JWS's signature.
func flipSignature(compact string) string {
	i := strings.LastIndexByte(compact, '.') + 1
	replacement := byte('A')
	if compact[i] == 'A' {
		replacement = 'B'
	}
	return compact[:i] + string(replacement) + compact[i+1:]
}

// rewriteLocation is a route fault that changes the redirect of an answer.
func rewriteLocation(change func(*url.URL)) func(http.Handler, fault.Params) http.Handler {
	return fault.ChangeLocation(func(to *url.URL, _ *http.Request) { change(to) })
}
