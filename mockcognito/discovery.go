package mockcognito

import (
	"net/http"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/web"
)

// discovery serves the issuer's metadata (OIDC Discovery §4), compact and in alphabetical order as the real service
// does. It lacks code_challenge_methods_supported though S256 works.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) error {
	p := s.live().pools[r.PathValue("pool")]
	if p == nil {
		return noPool(r.PathValue("pool"))
	}
	doc := p.metadata(!s.kit.Quirks.On(quirkPKCENotAdvertised))
	s.kit.Faults.Document(r.Context(), "cognito.discovery.document", &doc)
	return s.publish(w, doc)
}

// metadata is the discovery document.
// Unverified: that a pool without a domain publishes no endpoints, and that one with two publishes those of its prefix.
func (p *pool) metadata(pkce bool) jose.Object {
	var doc jose.Object
	endpoint := func(name, path string) {
		if p.domainURL != "" {
			doc.Set(name, p.domainURL+path)
		}
	}
	endpoint("authorization_endpoint", "/oauth2/authorize")
	if pkce {
		doc.Set("code_challenge_methods_supported", []string{oauth2.MethodS256})
	}
	endpoint("end_session_endpoint", "/logout")
	doc.Set("id_token_signing_alg_values_supported", []string{jose.RS256})
	doc.Set("issuer", p.issuer)
	doc.Set("jwks_uri", p.issuer+"/.well-known/jwks.json")
	doc.Set("response_types_supported", []string{"code", "token"})
	endpoint("revocation_endpoint", "/oauth2/revoke")
	doc.Set("scopes_supported", []string{"openid", "email", "phone", "profile"})
	doc.Set("subject_types_supported", []string{"public"})
	endpoint("token_endpoint", "/oauth2/token")
	doc.Set("token_endpoint_auth_methods_supported", []string{"client_secret_basic", "client_secret_post"})
	endpoint("userinfo_endpoint", "/oauth2/userInfo")
	return doc
}

// jwks serves the two public keys of a pool (RFC 7517), members in the vendor's order.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) error {
	p := s.live().pools[r.PathValue("pool")]
	if p == nil {
		return noPool(r.PathValue("pool"))
	}
	keys, err := p.keys.signing()
	if err != nil {
		return err
	}
	var list []jose.Object
	for _, k := range []*jose.Key{keys.id, keys.access} {
		jwk, err := k.JWK("alg", "e", "kid", "kty", "n", "use")
		if err != nil {
			return err
		}
		list = append(list, jwk)
	}
	doc := jose.Object{{Name: "keys", Value: list}}
	s.kit.Faults.Document(r.Context(), "cognito.keys.document", &doc)
	return s.publish(w, doc)
}

func (s *Server) publish(w http.ResponseWriter, doc jose.Object) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return web.JSON(w, http.StatusOK, "application/json", doc)
}

// preflight answers CORS preflights of browser apps (Fetch standard §3.2.2); the real service allows every origin.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusOK)
	return nil
}
