package mockcognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"html"
	"net/http"
	"net/url"
	"strings"

	jose4 "github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/web"
)

// everyRoute are the route points of the issuer and the domain.
func everyRoute() []string {
	return []string{
		"cognito.discovery", "cognito.keys", "cognito.authorize", "cognito.idpresponse", "cognito.login", "cognito.login_form",
		"cognito.logout", "cognito.error", "cognito.token", "cognito.userinfo", "cognito.revoke",
	}
}

// browserFaults are those of headers, cookies and pages.
func (s *Server) browserFaults() []fault.Fault {
	at := func(points []string, id, title string, change func(h http.Header, r *http.Request)) fault.Fault {
		return fault.Fault{ID: id, Title: title, Points: points, Route: changeAnswer(func(a *answer, r *http.Request) { change(a.Header(), r) })}
	}
	cookies := func(id, title string, change func(line string) string) fault.Fault {
		return at([]string{"cognito.authorize", "cognito.login", "cognito.idpresponse"}, id, title, func(h http.Header, _ *http.Request) {
			for i, line := range h["Set-Cookie"] {
				h["Set-Cookie"][i] = change(line)
			}
		})
	}
	pages := []string{"cognito.login", "cognito.error"}
	return []fault.Fault{
		skip("http.no_limits", "A request of any size is read", "cognito.body_limit"),
		cookies("cookie.no_secure", "Cookies lack Secure", func(line string) string { return strings.ReplaceAll(line, "; Secure", "") }),
		cookies("cookie.no_httponly", "Cookies lack HttpOnly", func(line string) string { return strings.ReplaceAll(line, "; HttpOnly", "") }),
		cookies("cookie.samesite_none", "Cookies go along with requests of any site", func(line string) string {
			return strings.ReplaceAll(line, "; SameSite=Lax", "; SameSite=None")
		}),
		at([]string{"cognito.idpresponse"}, "session.not_kept", "A sign-in leaves no session", func(h http.Header, _ *http.Request) { dropSession(h) }),
		route("cognito.idpresponse", "session.fixation", "A sign-in takes over the session id that the browser came with", s.fixSession),
		at(everyRoute(), "hdr.no_nosniff", "Answers lack X-Content-Type-Options", func(h http.Header, _ *http.Request) { h.Del("X-Content-Type-Options") }),
		at(everyRoute(), "hdr.no_hsts", "Answers lack Strict-Transport-Security", func(h http.Header, _ *http.Request) { h.Del("Strict-Transport-Security") }),
		at([]string{"cognito.discovery", "cognito.keys"}, "disc.no_cors", "Scripts of other origins cannot read discovery document and keys", func(h http.Header, _ *http.Request) {
			h.Del("Access-Control-Allow-Origin")
		}),
		at(pages, "hdr.framable", "Other sites may frame the pages", func(h http.Header, _ *http.Request) {
			h.Del("X-Frame-Options")
			h.Set("Content-Security-Policy", strings.ReplaceAll(h.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors *"))
		}),
		at(pages, "hdr.referrer_unsafe", "Pages send their whole address along as Referer", func(h http.Header, _ *http.Request) { h.Set("Referrer-Policy", "unsafe-url") }),
		at([]string{"cognito.authorize", "cognito.logout"}, "hdr.crlf", "Line breaks in parameters become lines of the answer's head", splitAnswer),
		at([]string{"cognito.authorize"}, "cors.on_authorize", "Scripts of any origin may read the authorization endpoint", allowOrigin),
		at([]string{"cognito.preflight", "cognito.token", "cognito.userinfo"}, "cors.reflect_any", "Scripts of any origin may call with credentials", allowOrigin),
		{
			ID: "page.third_party_asset", Title: "Pages load an image from another host", Points: pages,
			Route: changeAnswer(func(a *answer, _ *http.Request) {
				a.appendToBody(`<img src="https://tracker.invalid/pixel.gif" alt="">`)
			}),
		},
		route("cognito.login", "page.xss_login_hint", "The login page writes login_hint as it came", unescape("login_hint")),
		route("cognito.error", "page.xss_error", "The error page writes error and error_description as they came", unescape("error", "error_description")),
		route("cognito.error", "page.stacktrace", "The error page shows a stack trace", changeAnswer(func(a *answer, _ *http.Request) {
			a.appendToBody("<pre>goroutine 17 [running]:\nmain.serve(0xc000112000)\n\t/srv/app/main.go:42 +0x1b</pre>")
		})),
		route("cognito.logout", "redir.open", "Sign-out redirects to any logout_uri", changeAnswer(func(a *answer, r *http.Request) {
			if to := r.URL.Query().Get("logout_uri"); to != "" {
				a.Header().Set("Location", to)
				a.status = http.StatusFound
			}
		})),
		{
			ID: "authz.token_in_url", Title: "The access token stands in the address of the app's callback", Points: []string{"cognito.idpresponse", "cognito.authorize"},
			Route: fault.ChangeLocation(func(to *url.URL, r *http.Request) {
				q := to.Query()
				if g, err := s.codes.Get(r.Context(), q.Get("code")); err == nil {
					q.Set("access_token", g.Tokens.AccessToken)
					to.RawQuery = q.Encode()
				}
			}),
		},
	}
}

// changeAnswer is rewriteAnswer with the request.
func changeAnswer(change func(*answer, *http.Request)) wrapper {
	return func(next http.Handler, p fault.Params) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewriteAnswer(func(a *answer) { change(a, r) })(next, p).ServeHTTP(w, r)
		})
	}
}

// appendToBody puts markup at the end of a page's body.
func (a *answer) appendToBody(markup string) {
	if page := a.body.String(); strings.Contains(page, "</body>") {
		a.replace([]byte(strings.Replace(page, "</body>", markup+"</body>", 1)))
	}
}

// unescape writes parameters into a page as they came.
func unescape(parameters ...string) wrapper {
	return changeAnswer(func(a *answer, r *http.Request) {
		q, page := r.URL.Query(), a.body.String()
		for _, name := range parameters {
			escaped := strings.ReplaceAll(html.EscapeString(q.Get(name)), "+", "&#43;")
			if escaped != "" {
				page = strings.ReplaceAll(page, escaped, q.Get(name))
			}
		}
		a.replace([]byte(page))
	})
}

func allowOrigin(h http.Header, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// splitAnswer does what a server does that writes its head unchecked; net/http does not let line breaks through.
func splitAnswer(h http.Header, r *http.Request) {
	for _, values := range r.URL.Query() {
		for _, value := range values {
			if _, line, ok := strings.Cut(value, "\r\n"); ok {
				if name, content, ok := strings.Cut(line, ":"); ok {
					h.Set(strings.TrimSpace(name), strings.TrimSpace(content))
				}
			}
		}
	}
}

func isSession(line string) bool {
	name, _, _ := strings.Cut(line, "=")
	return name == cookieSession || strings.HasPrefix(name, cookieSession+"-")
}

func dropSession(h http.Header) {
	var rest []string
	for _, line := range h["Set-Cookie"] {
		if !isSession(line) {
			rest = append(rest, line)
		}
	}
	h["Set-Cookie"] = rest
}

// fixSession puts the new session under the id that the browser sent.
func (s *Server) fixSession(next http.Handler, p fault.Params) http.Handler {
	return changeAnswer(func(a *answer, r *http.Request) {
		for i, line := range a.Header()["Set-Cookie"] {
			if !isSession(line) {
				continue
			}
			pair, attributes, _ := strings.Cut(line, ";")
			name, id, _ := strings.Cut(pair, "=")
			old, err := r.Cookie(name)
			if err != nil {
				continue
			}
			ctx := context.WithoutCancel(r.Context())
			if se, err := s.sessions.Take(ctx, id); err == nil && s.sessions.Put(ctx, old.Value, se, s.kit.Env.Now().Add(sessionLifetime)) == nil {
				a.Header()["Set-Cookie"][i] = name + "=" + old.Value + ";" + attributes
			}
		}
	})(next, p)
}

// craftedFaults are those of tokens that somebody made, and of credentials in the wrong place.
func (s *Server) craftedFaults() []fault.Fault {
	return []fault.Fault{
		route("cognito.userinfo", "uinfo.hs256_confusion", "userInfo takes a token signed with HS256 and the public key as the secret", s.takeCrafted(s.signedWithPublicKey)),
		route("cognito.userinfo", "uinfo.trusts_jwk_header", "userInfo takes a token signed with the key in its own header", s.takeCrafted(signedWithOwnKey)),
		route("cognito.userinfo", "uinfo.kid_injection", "userInfo looks for a token's kid in files and tables", kidAsPath),
		route("cognito.token", "token.query_secret", "Client credentials are taken from the query", editRequest(func(r *http.Request) {
			if q := r.URL.Query(); q.Get("client_secret") != "" {
				r.SetBasicAuth(url.QueryEscape(q.Get("client_id")), url.QueryEscape(q.Get("client_secret")))
			}
		})),
	}
}

// takeCrafted signs a token anew that convinces, so that the endpoint takes it.
func (s *Server) takeCrafted(convinces func(p *pool, token string) bool) wrapper {
	return editRequest(func(r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		payload, err := unverifiedPayload(token)
		if err != nil {
			return
		}
		var claims map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(payload)))
		decoder.UseNumber()
		if decoder.Decode(&claims) != nil {
			return
		}
		clientID, _ := claims["client_id"].(string)
		p, _ := s.live().client(clientID)
		if p == nil || !convinces(p, token) {
			return
		}
		keys, err := p.keys.signing()
		if err != nil {
			return
		}
		d := &jose.Draft{Header: header(keys.access), Key: keys.access}
		for name, value := range claims {
			d.Claims.Set(name, value)
		}
		if signed, err := d.Sign(); err == nil {
			r.Header.Set("Authorization", "Bearer "+signed)
		}
	})
}

// signedWithPublicKey tells whether a token's HMAC was made with a published key in PEM (RFC 8725 §2.1).
func (s *Server) signedWithPublicKey(p *pool, token string) bool {
	keys, err := p.keys.signing()
	if err != nil {
		return false
	}
	i := strings.LastIndexByte(token, '.')
	for _, k := range keys.set.Keys {
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil {
			return false
		}
		mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		mac.Write([]byte(token[:i]))
		if token[i+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// signedWithOwnKey tells whether a token verifies with the key that it carries (RFC 8725 §3.10).
func signedWithOwnKey(_ *pool, token string) bool {
	jws, err := jose4.ParseSignedCompact(token, []jose4.SignatureAlgorithm{jose4.RS256})
	if err != nil || jws.Signatures[0].Protected.JSONWebKey == nil {
		return false
	}
	_, err = jws.Verify(jws.Signatures[0].Protected.JSONWebKey)
	return err == nil
}

// kidAsPath answers what a server does that looks a kid up where it should not.
func kidAsPath(next http.Handler, _ fault.Params) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
		b, err := base64.RawURLEncoding.DecodeString(head)
		var h struct {
			KeyID string `json:"kid"`
		}
		if err == nil && json.Unmarshal(b, &h) == nil && strings.ContainsAny(h.KeyID, "'.") {
			_ = web.JSON(w, http.StatusInternalServerError, jsonType, map[string]string{"message": "open /srv/keys/" + h.KeyID + ": no such file or directory"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
