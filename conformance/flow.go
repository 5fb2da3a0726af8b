package conformance

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ssolab/ssolab/internal/lab"
)

// Steps of a flow, as named by StepError.
const (
	StepDiscovery = "discovery"
	StepSignIn    = "sign-in"
	StepCallback  = "callback"
	StepExchange  = "exchange"
	StepIDToken   = "id_token"
	StepUserInfo  = "userinfo"
)

// StepError says at which step a flow ended.
type StepError struct {
	Step string
	// Undecided: a host could not be reached, or time ran out; nothing is known about the target.
	Undecided bool
	Err       error
}

// Error names the step.
func (e *StepError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Journey is one sign-in with its evidence. What comes after the step that failed is empty.
type Journey struct {
	Started      time.Time
	Discovery    Discovery
	AuthorizeURL string
	State        string
	Nonce        string
	Verifier     Secret // PKCE
	Visit        *Visit // what the driver saw
	Tokens       *Tokens
	IDToken      *Token
	UserInfo     json.RawMessage // as received
	BackChannel  []Hop           // requests of the flow itself: discovery, token, keys, userInfo
}

// Flow runs sign-ins against a target as a relying party does (authorization code with PKCE).
type Flow struct {
	Target *Target
	Driver SignIn           // nil: an HTTPDriver
	Client *http.Client     // for the back channel; nil: one made from the target
	Now    func() time.Time // to judge times in tokens; nil: the machine's clock
	Rand   io.Reader        // for state, nonce and verifier; nil: crypto/rand

	NoNonce bool       // send no nonce
	NoPKCE  bool       // send no code challenge
	Extra   url.Values // further parameters of the authorization request; they replace the flow's own
}

const (
	backTimeout = 15 * time.Second
	maxDocument = 1 << 20
)

// Run signs in once. The Journey is never nil; an error is a *StepError.
func (f *Flow) Run(ctx context.Context) (*Journey, error) {
	r := &run{Flow: *f, j: &Journey{Visit: &Visit{}}}
	if r.Now == nil {
		r.Now = lab.New(lab.Options{}).Now
	}
	if r.Rand == nil {
		r.Rand = rand.Reader
	}
	if r.Driver == nil {
		r.Driver = &HTTPDriver{}
	}
	r.j.Started = r.Now().UTC()
	if r.Client == nil {
		client, err := f.Target.HTTPClient(backTimeout)
		if err != nil {
			return r.j, &StepError{Step: StepDiscovery, Undecided: true, Err: err}
		}
		defer client.CloseIdleConnections()
		r.Client = client
	}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{StepDiscovery, r.discover}, {StepSignIn, r.signIn}, {StepCallback, r.readCallback}, {StepExchange, r.exchange},
		{StepIDToken, r.verify}, {StepUserInfo, r.userInfo},
	} {
		if err := step.run(ctx); err != nil {
			var unreachable *transportError
			return r.j, &StepError{Step: step.name, Undecided: errors.As(err, &unreachable), Err: err}
		}
	}
	return r.j, nil
}

// transportError marks that no answer came.
type transportError struct{ err error }

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

// run is a flow under way.
type run struct {
	Flow
	j    *Journey
	code string
}

func (r *run) discover(ctx context.Context) error {
	from := strings.TrimSuffix(r.Target.Issuer, "/") + "/.well-known/openid-configuration"
	body, err := r.get(ctx, from)
	if err != nil {
		return err
	}
	d := &r.j.Discovery
	if err := json.Unmarshal(body, d); err != nil {
		return fmt.Errorf("%s is no discovery document: %w", from, err)
	}
	d.Raw = body
	switch {
	case d.Issuer != r.Target.Issuer:
		return fmt.Errorf("the document at %s names the issuer %q, and must name %q", from, d.Issuer, r.Target.Issuer)
	case d.AuthorizationEndpoint == "" || d.TokenEndpoint == "" || d.JWKSURI == "":
		return fmt.Errorf("the document at %s lacks authorization_endpoint, token_endpoint or jwks_uri", from)
	}
	return nil
}

func (r *run) signIn(ctx context.Context) error {
	if err := r.prepare(); err != nil {
		return err
	}
	visit, err := r.Driver.SignIn(ctx, r.j.AuthorizeURL, r.Target)
	if visit != nil {
		r.j.Visit = visit
	}
	var stuck *StuckError
	if err != nil && !errors.As(err, &stuck) {
		return &transportError{err}
	}
	return err
}

// prepare makes the authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
func (r *run) prepare() error {
	var verifier string
	for _, into := range []*string{&r.j.State, &r.j.Nonce, &verifier} {
		b := make([]byte, 32)
		if _, err := io.ReadFull(r.Rand, b); err != nil {
			return fmt.Errorf("read randomness: %w", err)
		}
		*into = base64.RawURLEncoding.EncodeToString(b)
	}
	c := r.Target.Client
	scopes := c.Scopes
	if len(scopes) == 0 {
		scopes = []string{"openid"}
	}
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURI}, "scope": {strings.Join(scopes, " ")},
		"state": {r.j.State}, "login_hint": {r.Target.Email},
	}
	if r.NoNonce {
		r.j.Nonce = ""
	} else {
		q.Set("nonce", r.j.Nonce)
	}
	if !r.NoPKCE {
		r.j.Verifier = Secret(verifier)
		sum := sha256.Sum256([]byte(verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	if p := r.Target.Provider; p.IdentityProvider != "" {
		q.Set("identity_provider", p.IdentityProvider)
	} else if p.IdPIdentifier != "" {
		q.Set("idp_identifier", p.IdPIdentifier)
	}
	for name, values := range r.Extra {
		q[name] = values
	}
	u, err := url.Parse(r.j.Discovery.AuthorizationEndpoint)
	if err != nil {
		return fmt.Errorf("authorization_endpoint: %w", err)
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	r.j.AuthorizeURL = u.String()
	return nil
}

// readCallback follows RFC 6749 section 4.1.2: the answer is taken only if state is ours.
func (r *run) readCallback(context.Context) error {
	u, err := url.Parse(r.j.Visit.Callback)
	if err != nil {
		return fmt.Errorf("the callback is no URL: %w", err)
	}
	q := u.Query()
	if q.Get("error") == "" && q.Get("code") == "" {
		if fragment, err := url.ParseQuery(u.Fragment); err == nil && fragment.Get("error") != "" {
			q = fragment
		}
	}
	if code := q.Get("error"); code != "" {
		return fmt.Errorf("the app was sent the error %q", oauthError{code, q.Get("error_description")}.String())
	}
	if got := q.Get("state"); got != r.j.State {
		return fmt.Errorf("the app was sent the state %q, and had sent %q", got, r.j.State)
	}
	if r.code = q.Get("code"); r.code == "" {
		return errors.New("the app was sent neither a code nor an error")
	}
	return nil
}

// exchange follows RFC 6749 section 4.1.3 and 2.3.1.
func (r *run) exchange(ctx context.Context) error {
	c := r.Target.Client
	form := url.Values{"grant_type": {"authorization_code"}, "code": {r.code}, "redirect_uri": {c.RedirectURI}}
	if r.j.Verifier != "" {
		form.Set("code_verifier", r.j.Verifier.Reveal())
	}
	basic := c.Secret != "" && c.Auth != AuthPost
	if !basic {
		form.Set("client_id", c.ID)
	}
	if c.Auth == AuthPost {
		form.Set("client_secret", c.Secret.Reveal())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.j.Discovery.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		req.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret.Reveal()))
	}
	body, err := r.do(req)
	if err != nil {
		return err
	}
	t := &Tokens{}
	if err := json.Unmarshal(body, t); err != nil {
		return fmt.Errorf("the answer of the token endpoint cannot be read: %w", err)
	}
	t.raw = body
	r.j.Tokens = t
	switch {
	case t.AccessToken == "":
		return errors.New("the answer of the token endpoint has no access_token")
	case !strings.EqualFold(t.TokenType, "Bearer"):
		return fmt.Errorf("the token_type is %q, and must be Bearer", t.TokenType)
	}
	return nil
}

func (r *run) verify(ctx context.Context) error {
	if r.j.Tokens.IDToken == "" {
		return errors.New("the answer of the token endpoint has no id_token")
	}
	body, err := r.get(ctx, r.j.Discovery.JWKSURI)
	if err != nil {
		return err
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(body, &keys); err != nil {
		return fmt.Errorf("%s is no JWK Set: %w", r.j.Discovery.JWKSURI, err)
	}
	r.j.IDToken, err = verifyIDToken(r.j.Tokens.IDToken.Reveal(), &keys, expected{
		issuer: r.j.Discovery.Issuer, clientID: r.Target.Client.ID, nonce: r.j.Nonce, now: r.Now(),
		accessToken: r.j.Tokens.AccessToken.Reveal(), algs: r.j.Discovery.SigningAlgs,
	})
	return err
}

// userInfo follows OpenID Connect Core 1.0 section 5.3; its sub must be that of the ID token (5.3.2).
func (r *run) userInfo(ctx context.Context) error {
	if r.j.Discovery.UserInfoEndpoint == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.j.Discovery.UserInfoEndpoint, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.j.Tokens.AccessToken.Reveal())
	body, err := r.do(req)
	if err != nil {
		return err
	}
	var info, id struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return fmt.Errorf("the answer of userInfo cannot be read: %w", err)
	}
	r.j.UserInfo = body
	if err := json.Unmarshal(r.j.IDToken.Claims, &id); err != nil {
		return fmt.Errorf("read the ID token: %w", err)
	}
	if info.Subject != id.Subject {
		return fmt.Errorf("the sub of userInfo is %q, and must be that of the ID token, %q", info.Subject, id.Subject)
	}
	return nil
}

func (r *run) get(ctx context.Context, from string) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	return r.do(req)
}

// do makes a call of the back channel, which must answer 200.
func (r *run) do(req *http.Request) (json.RawMessage, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ssolab")
	resp, err := r.Client.Do(req)
	if err != nil {
		return nil, &transportError{unwrapURL(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument))
	if err != nil {
		return nil, &transportError{fmt.Errorf("read %s: %w", MaskURL(req.URL.String()), err)}
	}
	r.j.BackChannel = append(r.j.BackChannel, Hop{
		Method: req.Method, URL: req.URL.String(), Status: resp.StatusCode, Location: resp.Header.Get("Location"),
	})
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	var oe oauthError
	said := shorten(strings.TrimSpace(string(body)))
	if json.Unmarshal(body, &oe) == nil && oe.Code != "" {
		said = oe.String()
	} else if challenge := resp.Header.Get("WWW-Authenticate"); challenge != "" && said == "" {
		said = challenge
	}
	return nil, fmt.Errorf("%s %s answered %d: %q", req.Method, MaskURL(req.URL.String()), resp.StatusCode, said)
}
