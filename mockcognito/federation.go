package mockcognito

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// flow is one sign-in under way at an identity provider. The state carries what it needs; the stored flow makes it
// single-use and binds it to a browser.
type flow struct {
	Browser string // value of the csrf-state cookie
}

// flowLifetime is how long a person has at the identity provider; who comes later is asked to sign in again. The record
// is kept for flowMemory, so that a late answer is told from a repeated one; after that the state is no one's.
// Unverified: where the real service draws the line between the two, both of which are known of it.
const (
	flowLifetime = 5 * time.Minute
	flowMemory   = 2 * flowLifetime
)

// endpoints are where a provider is spoken to.
type endpoints struct {
	authorize, token, userInfo, jwks string
}

type discovered struct {
	endpoints
	until time.Time
}

// discoveryLifetime is within the minute that the real service takes to notice changes of a provider.
const discoveryLifetime = time.Minute

// A nonce that Cognito makes is of 128 random bytes, 171 characters in base64url.
const (
	madeNonceBytes = 128
	madeNonce      = 171
)

const maxAnswer = 1 << 20 // bytes of an identity provider's answer that are read

// errUpstream is a failure of the way to an identity provider, with the text that the app gets.
type errUpstream struct {
	description string
	err         error
}

func (e *errUpstream) Error() string { return e.description + ": " + e.err.Error() }
func (e *errUpstream) Unwrap() error { return e.err }

// redirectToProvider sends the browser to an external OIDC provider. Order of the parameters as captured from the real
// service; no PKCE and no nonce go upstream, and the scopes are the provider's, not the app's.
func (s *Server) redirectToProvider(w http.ResponseWriter, r *http.Request, req *authorizationRequest, idp *provider) error {
	ctx := r.Context()
	ep, err := s.endpointsOf(ctx, idp)
	if err != nil {
		return req.upstreamFailure(idp, err)
	}
	origin := s.origin(r, req.pool)
	st := upstreamState{
		UserPoolID: req.pool.ID, ProviderName: idp.Name, ClientID: req.client.ID, RedirectURI: req.redirectURI,
		ResponseType: req.responseType, ProviderType: idp.Type, Scopes: req.scopes,
		Challenge: req.challenge, Method: req.method, Nonce: req.nonce, Host: hostOf(origin), Created: s.kit.Env.Now().Unix(),
		ID: s.kit.Env.UUID(), V: []string{},
	}
	if req.hasState {
		st.State = &req.state
	}
	if req.resource != "" {
		st.V = append(st.V, req.resource)
	}
	if st.Nonce == "" && s.kit.Quirks.On(quirkUnrequestedNonce) {
		st.Nonce = s.kit.Env.Token(madeNonceBytes)
		trace.Note(ctx, "the app sent no nonce, so Cognito made one; the ID token of this sign-in will carry it")
	}
	key, err := s.stateKey()
	if err != nil {
		return err
	}
	state, err := sealState(st, key)
	if err != nil {
		return err
	}
	browser := s.kit.Env.Token(18)
	if err := s.flows.Put(ctx, st.ID, flow{Browser: browser}, s.kit.Env.Now().Add(flowMemory)); err != nil {
		return err
	}
	s.setCSRFState(w, req.pool, browser)

	params := web.Params{
		{"client_id", idp.ClientID()},
		{"redirect_uri", origin + "/oauth2/idpresponse"},
		{"scope", idp.Scopes()},
		{"response_type", "code"},
		{"state", state},
	}
	params.AddIf("login_hint", req.loginHint) // Unverified: the position of login_hint and prompt
	params.AddIf("prompt", strings.Join(req.prompt, " "))
	trace.Note(ctx, fmt.Sprintf("on to identity provider %s at %s", idp.Name, hostOf(ep.authorize)))
	web.Redirect(w, params.WithQuery(ep.authorize))
	return nil
}

func (s *Server) setCSRFState(w http.ResponseWriter, p *pool, value string) {
	p.cookies.Set(w, cookieCSRFState, value, flowLifetime, http.SameSiteNoneMode)
	if p.cookies.Secure {
		p.cookies.Set(w, cookieCSRFOld, value, flowLifetime, 0)
	}
}

func (s *Server) clearCSRFState(w http.ResponseWriter, p *pool) {
	p.cookies.Clear(w, cookieCSRFState, http.SameSiteNoneMode)
	if p.cookies.Secure {
		p.cookies.Clear(w, cookieCSRFOld, 0)
	}
}

// origin is the base URL that the browser came in on: the pool's domain, or a custom one. On loopback a lab answers to
// several names of one port, and the cookies are with the one in use.
func (s *Server) origin(r *http.Request, p *pool) string {
	now := s.live()
	scheme, host, _ := strings.Cut(p.domainURL, "://")
	switch {
	case r.Host == host:
		return p.domainURL
	case !now.hosts.combined && now.hosts.of(r, p):
		return scheme + "://" + r.Host
	}
	_, wantPort, _ := net.SplitHostPort(host)
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port == wantPort && loopback(hostname(r.Host)) && loopback(hostname(host)) {
		return scheme + "://" + r.Host
	}
	return p.domainURL
}

func (s *Server) stateKey() ([]byte, error) { return s.kit.Env.Keys().Secret("cognito/state") }

func (req *authorizationRequest) upstreamFailure(idp *provider, err error) error {
	description := idp.Name + " Error - " + err.Error()
	if e, ok := errors.AsType[*errUpstream](err); ok {
		description = e.description
	}
	fail, _ := errors.AsType[*appError](req.fail(oauth2.InvalidRequest, description, fmt.Sprintf("Cognito could not use identity provider %s: %v. Check oidc_issuer and that Cognito can reach it.", idp.Name, err)))
	fail.err = err
	return fail
}

// endpointsOf returns the provider's endpoints: the configured ones, or those that its issuer publishes.
func (s *Server) endpointsOf(ctx context.Context, idp *provider) (endpoints, error) {
	if idp.Manual() {
		return endpoints{idp.Details["authorize_url"], idp.Details["token_url"], idp.Details["attributes_url"], idp.Details["jwks_uri"]}, nil
	}
	if err := s.allowedUpstream(idp.Issuer()); err != nil {
		return endpoints{}, err
	}
	now := s.kit.Env.Now()
	s.mu.Lock()
	known, ok := s.discovered[idp.Issuer()]
	s.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.endpoints, nil
	}
	var doc oidc.ProviderMetadata
	if err := s.getJSON(ctx, idp.Issuer()+"/.well-known/openid-configuration", &doc); err != nil {
		return endpoints{}, fmt.Errorf("discovery: %w", err)
	}
	if doc.Issuer != idp.Issuer() {
		return endpoints{}, fmt.Errorf("discovery: the document names the issuer %q, configured is %q", doc.Issuer, idp.Issuer())
	}
	ep := endpoints{doc.AuthorizationEndpoint, doc.TokenEndpoint, doc.UserInfoEndpoint, doc.JWKSURI}
	for name, u := range map[string]string{"authorization_endpoint": ep.authorize, "token_endpoint": ep.token, "userinfo_endpoint": ep.userInfo, "jwks_uri": ep.jwks} {
		if err := s.allowedUpstream(u); err != nil {
			return endpoints{}, fmt.Errorf("discovery: %s: %w", name, err)
		}
	}
	s.mu.Lock()
	s.discovered[idp.Issuer()] = discovered{ep, now.Add(discoveryLifetime)}
	s.mu.Unlock()
	return ep, nil
}

// allowedUpstream applies the real service's rule for identity providers, https on port 443 or http-less 80, except
// that a quirk of the lab lets loopback through.
func (s *Server) allowedUpstream(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is no absolute URL", raw)
	}
	if s.kit.Quirks.On(quirkLoopbackIssuer) && (loopback(u.Hostname()) || slices.Contains(s.cfg.TrustedUpstreams, u.Host)) {
		return nil
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" && u.Port() != "80" {
		return fmt.Errorf("%q is not https on port 443 or 80", raw)
	}
	return nil
}

// exchange posts the code to the provider's token endpoint: client_secret_post only, parameters in the captured order. It
// returns the answer as it came, too.
func (s *Server) exchange(ctx context.Context, idp *provider, ep endpoints, redirectURI, code string) (*oidc.TokenResponse, []byte, error) {
	secret, sent := "", redirectURI+"/elsewhere"
	err := s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.idpresponse.client_auth", Run: func() error { secret = idp.ClientSecret(); return nil }},
		fault.Check{Point: "cognito.idpresponse.token_redirect_uri", Run: func() error { sent = redirectURI; return nil }},
	)
	if err != nil {
		return nil, nil, err
	}
	body := web.Params{{"grant_type", oauth2.GrantAuthorizationCode}, {"redirect_uri", sent}, {"client_id", idp.ClientID()}}
	body.AddIf("client_secret", secret)
	body = append(body, web.Params{{"code", code}}...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ep.token, strings.NewReader(body.Encode()))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answer, err := s.call(req)
	if err != nil {
		return nil, nil, transportError(err, "Timeout occurred in calling IdP token endpoint")
	}
	if status != http.StatusOK {
		return nil, nil, tokenEndpointError(idp, status, answer)
	}
	var tokens oidc.TokenResponse
	if err := json.Unmarshal(answer, &tokens); err != nil || tokens.IDToken == "" {
		return nil, nil, &errUpstream{fmt.Sprintf("%s Error - %d error getting token", idp.Name, status), errors.New("the answer holds no ID token")}
	}
	return &tokens, answer, nil
}

// tokenEndpointError is what the app is told of an IdP's refusal.
func tokenEndpointError(idp *provider, status int, answer []byte) error {
	var oauthErr struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(answer, &oauthErr) != nil || oauthErr.Error == "" {
		return &errUpstream{fmt.Sprintf("%s Error - %d error getting token", idp.Name, status), fmt.Errorf("status %d without an OAuth error", status)}
	}
	description := strings.TrimSpace(fmt.Sprintf("%s Error - %d %s %s", idp.Name, status, oauthErr.Error, oauthErr.Description))
	return &errUpstream{description, fmt.Errorf("the token endpoint of %s answered %d %s", idp.Name, status, oauthErr.Error)}
}

// keysOf fetches the provider's keys: for every ID token, without a cache, as the real service does. What was fetched
// last is remembered all the same, for a fault that leaves the fetching out.
func (s *Server) keysOf(ctx context.Context, ep endpoints) ([]byte, error) {
	s.mu.Lock()
	raw := s.lastKeys[ep.jwks]
	s.mu.Unlock()
	fetch := func() error {
		var fresh json.RawMessage
		if err := s.getJSON(ctx, ep.jwks, &fresh); err != nil {
			return transportError(err, "Timeout in calling jwks uri")
		}
		raw = fresh
		s.mu.Lock()
		s.lastKeys[ep.jwks] = fresh
		s.mu.Unlock()
		return nil
	}
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.keys", Run: fetch})
	if err == nil && raw == nil {
		err = fetch()
	}
	return raw, err
}

// upstreamUserInfo asks the provider's userInfo endpoint with the configured method.
func (s *Server) upstreamUserInfo(ctx context.Context, idp *provider, ep endpoints, accessToken string) (map[string]any, error) {
	method := http.MethodPost
	if idp.RequestMethod() == method {
		method = http.MethodGet
	}
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.userinfo_method", Run: func() error {
		method = idp.RequestMethod()
		return nil
	}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, ep.userInfo, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	status, answer, err := s.call(req)
	if err != nil {
		return nil, transportError(err, "Read timed out")
	}
	if status != http.StatusOK {
		// Unverified: the text for a userInfo endpoint that refuses.
		return nil, &errUpstream{fmt.Sprintf("%s Error - %d error getting userInfo", idp.Name, status), fmt.Errorf("userInfo answered %d", status)}
	}
	return decodeClaims(answer)
}

func (s *Server) getJSON(ctx context.Context, target string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	status, answer, err := s.call(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d", target, status)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	return nil
}

// call sends a request with the headers that the real service's carry.
func (s *Server) call(req *http.Request) (int, []byte, error) {
	req.Header.Set("User-Agent", "Amazon/Cognito")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip,deflate")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := decompressed(resp)
	if err != nil {
		return 0, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	return resp.StatusCode, b, err
}

// decompressed undoes the coding of an answer (RFC 9110 §8.4.1), since asking for one by hand leaves that to us.
func decompressed(resp *http.Response) (io.Reader, error) {
	switch strings.ToLower(resp.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip":
		return gzip.NewReader(resp.Body)
	case "deflate":
		return zlib.NewReader(resp.Body)
	}
	return resp.Body, nil
}

// maxRedirects is how many redirects are followed on the way to an identity provider.
const maxRedirects = 20

// followUpstream decides on a redirect of an identity provider's endpoint: each step is held to the rules for endpoints.
func (s *Server) followUpstream(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return s.allowedUpstream(req.URL.String())
}

// transportError names what a person can act on: a time-out, or a connection that broke.
func transportError(err error, timeout string) error {
	if _, ok := errors.AsType[*errUpstream](err); ok {
		return err
	}
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return &errUpstream{timeout, err}
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return &errUpstream{"Connection reset", err}
	}
	return &errUpstream{err.Error(), err}
}

// verifyIDToken checks the signature of the provider's ID token and returns its claims, unchecked. Asymmetric
// algorithms need a kid that the provider publishes; HMAC uses the client secret.
func (s *Server) verifyIDToken(ctx context.Context, idp *provider, ep endpoints, token string) (*jose.Verified, error) {
	raw, err := s.keysOf(ctx, ep)
	if err != nil {
		return nil, err
	}
	peeked, err := jose.Peek(token, upstreamAlgorithms...)
	if err != nil {
		return nil, &errUpstream{"invalid_token_signature: " + err.Error(), err} // Unverified: this text
	}
	if strings.HasPrefix(peeked.Algorithm, "HS") {
		verified, err := jose.VerifyHMAC(token, []byte(idp.ClientSecret()))
		if err != nil {
			return nil, &errUpstream{"invalid_token_signature: Error when verifying Symmetric MAC", err}
		}
		return verified, nil
	}
	if peeked.KeyID == "" {
		err := errors.New("the ID token names no key (kid)")
		return nil, &errUpstream{"invalid_token_signature: " + err.Error(), err} // Unverified: this text
	}
	keys, err := jose.ParseKeySet(raw)
	if err != nil {
		return nil, &errUpstream{"invalid_token_signature: " + err.Error(), err}
	}
	verified, err := jose.Verify(token, keys, upstreamAlgorithms...)
	if err != nil {
		return nil, &errUpstream{"invalid_token_signature: " + err.Error(), err} // Unverified: the text for asymmetric keys
	}
	return verified, nil
}

// upstreamAlgorithms are the families that the real service documents: RSA, EC, HMAC.
var upstreamAlgorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", jose.HS256}

// decodeClaims keeps numbers as they were written.
func decodeClaims(b []byte) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return claims, nil
}
