package mockscalekit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

// callback receives the answer of an OpenID provider.
func (e *environment) callback(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := web.Query(r)
	if err != nil {
		return refuse("invalid_request", "The answer of the identity provider cannot be read.").Because(err)
	}
	if q.Get("state") == "" && q.Get("idp_initiated") == "true" {
		return e.unsolicited(w, r, q)
	}
	f, err := e.takeFlow(r, q.Get("state"))
	if err != nil {
		return err
	}
	view, connection, err := e.directory.OfConnection(f.ConnectionID)
	if err != nil {
		err = refuse("invalid_connection_id", "The connection %s was deleted while somebody signed in through it.", f.ConnectionID).Because(err)
		return f.to().Send(err)
	}
	s, err := e.identify(ctx, f, view, connection, q)
	return e.identified(w, r, f, connection, s, err)
}

// identified goes on with a sign-in in which the identity provider has answered.
func (e *environment) identified(w http.ResponseWriter, r *http.Request, f flow, c directory.Connection, s session, err error) error {
	ctx := r.Context()
	if f.Test != "" {
		return e.renderTest(w, r, c, s, err)
	}
	if err == nil && e.fullStack() && c.OrganizationID != "" {
		s, err = e.provision(ctx, c, s)
	}
	location := ""
	switch {
	case err == nil && e.fullStack() && c.OrganizationID == "":
		location, err = e.socialUser(ctx, f, s)
	case err == nil:
		location, err = e.finish(ctx, f, s)
	}
	if err != nil {
		e.happened(ctx, "authentication.failed", c.OrganizationID, "", "client_id", f.ClientID, "connection_id", c.ID, "error", refusal.As(err).Code)
		return f.to().Send(err)
	}
	web.Redirect(w, location)
	return nil
}

// socialUser goes on, after a social connection, as after a one-time code: the address is known to be the person's.
func (e *environment) socialUser(ctx context.Context, f flow, s session) (string, error) {
	h := hosted{ID: e.kit.Env.Token(24), Flow: f, Email: s.Who.text("email"), GivenName: s.Who.text("given_name"), LastName: s.Who.text("family_name")}
	user, err := e.hostedUser(ctx, &h)
	if err != nil {
		return "", err
	}
	h.Session = s
	h.Session.UserID, h.Session.Who.Claims = user.ID, claimsOfUser(user)
	if err := e.hosted.Put(ctx, h.ID, h, e.now().Add(hostedTTL)); err != nil {
		return "", err
	}
	location, _, err := e.chooseOrganization(ctx, &h, user)
	if location != "" || err != nil {
		return location, err
	}
	if err := e.hosted.Put(ctx, h.ID, h, e.now().Add(hostedTTL)); err != nil {
		return "", err
	}
	return web.Params{{"request", h.ID}}.WithQuery(e.url + "/a/auth/login"), nil
}

// takeFlow consumes the state; without a good one there is no client to answer to, so a failure is a page.
func (e *environment) takeFlow(r *http.Request, state string) (flow, error) {
	f, err := e.flows.Take(r.Context(), state)
	if errors.Is(err, store.ErrNotFound) {
		return f, refuse("invalid_request", "Scalekit does not know the state of this answer: it was changed, was used already, or is older than an hour. Start again from the application.")
	}
	if err != nil {
		return f, err
	}
	if got := r.PathValue("connection"); got != f.ConnectionID {
		return f, refuse("invalid_connection_id", "The answer came to the callback of %s, but this sign-in began at %s. Register the callback URL of the right connection at the identity provider.", got, f.ConnectionID)
	}
	if !oauth2.SameSecret(e.cookies.Get(r, browserCookie), f.Browser) {
		return f, refuse("invalid_request", "This sign-in began in another browser: the cookie %s%s is missing or another one. Start again from the application, in one browser.", browserCookie, e.cookies.Suffix)
	}
	return f, nil
}

// identify redeems the identity provider's code and verifies what it says.
func (e *environment) identify(ctx context.Context, f flow, view *directory.View, c directory.Connection, q url.Values) (session, error) {
	if code := q.Get("error"); code != "" {
		return session{}, e.refusedByProvider(c, code, q.Get("error_description"))
	}
	if q.Get("code") == "" {
		return session{}, refuse("authentication_not_completed", "The identity provider of %s answered with neither a code nor an error. Look at what it shows, and sign in again.", c.ID)
	}
	s, err := e.redeemUpstream(ctx, c, f.Provider, q.Get("code"), f.UpstreamVerifier, f.UpstreamNonce)
	if err != nil {
		return s, err
	}
	return s, e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.user_domain", Run: func() error { return checkDomain(view, s.Who.text("email")) }})
}

// refusedByProvider hands an identity provider's error on.
// Unverified: with its own code and description.
func (e *environment) refusedByProvider(c directory.Connection, code, description string) error {
	sentence := fmt.Sprintf("The identity provider of %s refused: %s (%s). What it says decides what to do.", c.ID, code, description)
	if e.quirk("scalekit-idp-error-replaced") {
		return &loginError{Code: "authentication_not_completed", Description: describe("authentication_not_completed"), Sentence: sentence}
	}
	return &loginError{Code: code, Description: description, Sentence: sentence}
}

// redeemUpstream turns a code of a connection's OpenID provider into a session.
func (e *environment) redeemUpstream(ctx context.Context, c directory.Connection, provider oidc.ProviderMetadata, code, verifier, nonce string) (session, error) {
	s := session{ID: e.kit.Env.Sonyflake("ses"), OrganizationID: c.OrganizationID, ConnectionID: c.ID}
	up, err := e.upstream(c)
	if err != nil {
		return s, err
	}
	tokens, err := e.redeem(ctx, up, provider.TokenEndpoint, code, verifier)
	if err != nil {
		return s, refuse("failed_to_exchange_token", "Scalekit could not exchange the identity provider's code: %v. Check client id, secret and callback URL at the identity provider.", err).Because(err)
	}
	claims, err := e.verifyIDToken(ctx, up, provider.JWKSURI, tokens.IDToken, nonce)
	if err != nil {
		return s, refuse("invalid_id_token", "Scalekit refused the ID token of %s: %v. Check what that identity provider issues for the client %s.", up.Issuer, err, up.ClientID).Because(err)
	}
	s.Methods = texts(claims["amr"])
	s.Who, err = e.describePerson(ctx, c, provider.UserInfoEndpoint, tokens.AccessToken, claims)
	return s, err
}

// verifyIDToken checks an identity provider's ID token (OIDC Core §3.1.3.7) and returns its claims.
func (e *environment) verifyIDToken(ctx context.Context, up upstream, jwksURI, token, nonce string) (map[string]any, error) {
	unverified, err := jose.Peek(token, jose.ES256, jose.RS256)
	if err != nil {
		return nil, err
	}
	var c struct {
		Issuer   string        `json:"iss"`
		Subject  string        `json:"sub"`
		Audience oidc.Audience `json:"aud"`
		Expires  float64       `json:"exp"`
		Nonce    string        `json:"nonce"`
	}
	if err := json.Unmarshal(unverified.Payload, &c); err != nil {
		return nil, fmt.Errorf("its claims cannot be read: %w", err)
	}
	now := e.now()
	err = e.kit.Faults.Run(ctx,
		fault.Check{Point: "scalekit.idp_token.signature", Run: func() error {
			return e.verifySignature(ctx, jwksURI, token)
		}},
		fault.Check{Point: "scalekit.idp_token.issuer", Run: func() error {
			return expect(c.Issuer == up.Issuer, "iss is %q, expected %q", c.Issuer, up.Issuer)
		}},
		fault.Check{Point: "scalekit.idp_token.audience", Run: func() error {
			return expect(c.Audience.Contains(up.ClientID), "aud is %q, expected %q", c.Audience, up.ClientID)
		}},
		fault.Check{Point: "scalekit.idp_token.expiry", Run: func() error {
			expires := time.Unix(int64(c.Expires), 0).UTC()
			return expect(now.Before(expires), "it expired at %s, it is %s", expires.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}},
		fault.Check{Point: "scalekit.idp_token.nonce", Run: func() error {
			return expect(oauth2.SameSecret(c.Nonce, nonce), "nonce is not the one sent")
		}},
		fault.Check{Point: "scalekit.idp_token.subject", Run: func() error { return expect(c.Subject != "", "it has no sub") }},
	)
	if err != nil {
		return nil, err
	}
	trace.Note(ctx, "verified the IdP's ID token with key "+unverified.KeyID+" ("+unverified.Algorithm+"): signature, iss, aud, exp, nonce")
	var claims map[string]any
	err = json.Unmarshal(unverified.Payload, &claims)
	return claims, err
}

// texts are the strings of an array of JSON.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// describePerson reads userinfo, whose subject must be the ID token's (OIDC Core §5.3.4), and joins it with the ID
// token, whose claims win.
func (e *environment) describePerson(ctx context.Context, c directory.Connection, endpoint, accessToken string, idToken map[string]any) (identity, error) {
	subject, _ := idToken["sub"].(string)
	who := identity{Subject: subject}
	var info map[string]any
	err := e.get(ctx, endpoint, accessToken, &info)
	if err == nil {
		err = e.kit.Faults.Run(ctx, fault.Check{Point: "scalekit.idp_userinfo.subject", Run: func() error {
			return expect(info["sub"] == subject, "userinfo is about %v, the ID token about %q", info["sub"], subject)
		}})
	}
	if err != nil {
		return who, refuse("user_info_retrieve_failed", "Scalekit could not use the identity provider's userinfo: %v. Check the userinfo endpoint and its access token.", err).Because(err)
	}
	who.Claims = e.normalize(c, idToken, info)
	if who.text("email") == "" {
		return who, refuse("mandatory_attribute_missing", "The identity provider gave no e-mail for %s. Let it release the claim email.", subject)
	}
	return who, nil
}

// normalize makes a user's attributes of what the identity provider said: the profile of both documents
// (https://docs.scalekit.com/sso/guides/user-profile-details/) and the custom attributes that are registered in the
// environment's list, without the names that are Scalekit's own.
func (e *environment) normalize(c directory.Connection, idToken, info map[string]any) map[string]any {
	said := func(name string) any {
		if mapped := c.AttributeMapping[name]; mapped != "" {
			name = mapped
		}
		if value, ok := idToken[name]; ok {
			return value
		}
		return info[name]
	}
	out := map[string]any{}
	add := func(name string) {
		if value := said(name); value != nil && value != "" && value != false { // email_verified is left out when false
			out[name] = value
		}
	}
	for _, key := range e.directory.AttributeKeys() {
		if !slices.Contains(reservedClaims(), key) {
			add(key)
		}
	}
	for _, name := range profileClaims() {
		add(name)
	}
	return out
}

func profileClaims() []string {
	return []string{"email", "email_verified", "name", "given_name", "family_name", "preferred_username", "locale", "picture"}
}

// reservedClaims are names a custom attribute cannot take: those documented as such, and the protocol's own.
func reservedClaims() []string {
	return []string{
		"roles", "permissions", "sub", "oid", "sid",
		"iss", "aud", "exp", "iat", "nbf", "jti", "amr", "azp", "client_id", "nonce", "at_hash", "c_hash",
	}
}

// checkDomain keeps a person out whose e-mail is in none of the organization's domains, if it has any.
func checkDomain(o *directory.View, email string) error {
	_, domain := splitEmail(email)
	var all []string
	for _, d := range o.Domains {
		if d.Verified() {
			all = append(all, d.Name)
		}
	}
	if len(all) == 0 || slices.Contains(all, domain) {
		return nil
	}
	return refuse("invalid_user_domain", "%s signed in at the identity provider of %s, whose domains are %s. Sign in with one of these, or add the domain to the organization.",
		email, o.Organization.DisplayName, listed(all))
}
