package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/oauth2"
	"github.com/ssolab/ssolab/internal/oidc"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// returned is a person back from an identity provider, the state accepted.
type returned struct {
	state  upstreamState
	pool   *pool
	client *appClient
	idp    *provider
	origin string
}

// idpResponse is GET /oauth2/idpresponse, and POST for providers with response_mode=form_post.
//
//	state ─► code for tokens ─► keys ─► signature, iss, aud, exp ─► userInfo ─► merge ─► map ─► user ─► session ─► code
func (s *Server) idpResponse(w http.ResponseWriter, r *http.Request) error {
	var q url.Values
	var err error
	if r.Method == http.MethodPost {
		q, err = web.Form(r)
	} else {
		q, err = web.Query(r)
	}
	if err != nil {
		return badEncoding(err)
	}
	back, err := s.acceptState(w, r, q)
	if err != nil {
		return err
	}
	return back.returned(s.finishFederated(w, r, q, back))
}

// finishFederated is what follows once the state is accepted: what fails now is told to the app.
func (s *Server) finishFederated(w http.ResponseWriter, r *http.Request, q url.Values, back *returned) error {
	ctx := r.Context()
	if code := q.Get("error"); code != "" {
		// Unverified: how a refusal at the authorize stage is worded; relayed as it came.
		return back.fail(oauth2.Code(code), q.Get("error_description"), fmt.Sprintf("Identity provider %s refused: %s %s", back.idp.Name, code, q.Get("error_description")), nil)
	}
	claims, err := s.claimsOf(ctx, back, q.Get("code"))
	if _, function := errors.AsType[*userpool.Error](err); function {
		return err
	}
	if err != nil {
		return back.upstreamFailure(err)
	}
	u, err := s.signInFederated(ctx, back, claims)
	if _, refused := errors.AsType[*errUpstream](err); refused {
		return back.upstreamFailure(err)
	}
	if err != nil {
		return err
	}
	if err := s.startSession(ctx, w, back.pool, u, back.idp.Name); err != nil {
		return err
	}
	trace.Annotate(ctx, func(si *trace.SignIn) {
		si.Username, si.Email = u.Username, firstNonEmpty(u.Attributes.Get("email"), si.Email)
	})
	st := back.state
	state, hasState := back.appState()
	resource := ""
	if len(st.V) > 0 {
		resource = st.V[0]
	}
	return s.issue(ctx, w, issueRequest{
		pool: back.pool, client: back.client, user: u, redirectURI: st.RedirectURI, responseType: st.ResponseType, scopes: st.Scopes,
		state: state, hasState: hasState, nonce: st.Nonce, challenge: st.Challenge, authTime: s.kit.Env.Now(), resource: resource,
	})
}

// acceptState checks that this answer belongs to a sign-in that we began, in this browser, not long ago, and that no
// answer to it came before. What fails cannot be trusted to lead to an app.
func (s *Server) acceptState(w http.ResponseWriter, r *http.Request, q url.Values) (*returned, error) {
	ctx := r.Context()
	key, err := s.stateKey()
	if err != nil {
		return nil, err
	}
	raw := q.Get("state")
	st, authentic, err := parseState(raw, key)
	if err != nil {
		return nil, invalidState(describeState(raw))
	}
	p := s.live().pools[st.UserPoolID]
	if p == nil || p.domainURL == "" || p.Client(st.ClientID) == nil || p.Provider(st.ProviderName) == nil {
		return nil, invalidState("The state names a pool, client or provider that does not exist any more.")
	}
	now := s.kit.Env.Now()
	browser := p.cookies.Get(r, cookieCSRFState)
	if browser == "" {
		browser = p.cookies.Get(r, cookieCSRFOld)
	}
	s.setXSRFOf(w, r, p)
	s.clearCSRFState(w, p)
	err = s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.idpresponse.state_authentic", Run: func() error {
			if !authentic {
				return invalidState("The state that came back was changed on its way: its authentication code does not match.")
			}
			return nil
		}},
		fault.Check{Point: "cognito.idpresponse.state_age", Run: func() error {
			switch age := now.Sub(time.Unix(st.Created, 0)); {
			case age >= flowMemory, age >= flowLifetime && !s.managedLogin(r, p):
				return invalidState(fmt.Sprintf("The person took %s at the identity provider; Cognito waits 5 minutes. Start again at the app.", age.Round(time.Second)))
			case age >= flowLifetime:
				return &expiredAttempt{p, st, age}
			}
			return nil
		}},
		fault.Check{Point: "cognito.idpresponse.state_unused", Run: func() error {
			f, err := s.flows.Take(ctx, st.ID)
			if errors.Is(err, store.ErrNotFound) {
				return invalidState("This answer of the identity provider was used before (back button, reload, prefetch). Start again at the app.")
			}
			if err != nil {
				return err
			}
			return s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.state_browser", Run: func() error {
				if browser == "" || !oauth2.SameSecret(browser, f.Browser) {
					return invalidState("The browser that came back is not the one that was sent out: its csrf-state cookie is missing or another one. Causes: blocked cookies, another browser or an embedded web view, a later sign-in in another tab.")
				}
				return nil
			}})
		}},
	)
	if err != nil {
		return nil, err
	}
	scheme, _, _ := strings.Cut(p.domainURL, "://")
	return &returned{state: st, pool: p, client: p.Client(st.ClientID), idp: p.Provider(st.ProviderName), origin: scheme + "://" + st.Host}, nil
}

func invalidState(explain string) error {
	return &pageError{query: "error=Invalid%20state", explain: explain}
}

func describeState(raw string) string {
	if raw == "" {
		return "The answer has no state: a sign-in that did not begin at /oauth2/authorize (IdP-initiated, or a bookmark). Start at the app; for an IdP-initiated sign-in send the browser to /oauth2/authorize with identity_provider and login_hint."
	}
	return "The state that came back is not one of Cognito's, or was cut short on its way."
}

// claimsOf exchanges the code and returns the person's claims: the ID token's, then what userInfo adds to them.
func (s *Server) claimsOf(ctx context.Context, back *returned, code string) (map[string]any, error) {
	if code == "" {
		return nil, &errUpstream{back.idp.Name + " Error - no code in the response", errors.New("no code")}
	}
	ep, err := s.endpointsOf(ctx, back.idp)
	if err != nil {
		return nil, err
	}
	tokens, tokenResponse, err := s.exchange(ctx, back.idp, ep, back.origin+"/oauth2/idpresponse", code)
	if err != nil {
		return nil, err
	}
	claims, err := s.checkIDToken(ctx, back.idp, ep, tokens.IDToken)
	if err != nil {
		return nil, err
	}
	more, failed := s.upstreamUserInfo(ctx, back.idp, ep, tokens.AccessToken)
	err = s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.userinfo", Run: func() error { return failed }})
	if err != nil {
		return nil, err
	}
	merged, err := s.merge(ctx, claims, more)
	if err != nil {
		return nil, err
	}
	// The provider's tokens can be mapped like claims.
	merged["id_token"], merged["access_token"] = tokens.IDToken, tokens.AccessToken
	claims, err = s.inboundFederation(ctx, back, merged, providerAnswers{tokenResponse, claims, more})
	if err != nil {
		return nil, err
	}
	return s.claimsAsMapped(ctx, claims), nil
}

// claimsAsMapped lets a fault change what the provider said.
func (s *Server) claimsAsMapped(ctx context.Context, claims map[string]any) map[string]any {
	var doc jose.Object
	s.kit.Faults.Document(ctx, "cognito.idpresponse.claims", &doc)
	for _, member := range doc {
		claims[member.Name] = member.Value
	}
	return claims
}

// merge joins the claims of the ID token, which win, with those of userInfo.
func (s *Server) merge(ctx context.Context, idToken, userInfo map[string]any) (map[string]any, error) {
	claims := maps.Clone(idToken)
	maps.Copy(claims, userInfo)
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.merge", Run: func() error {
		maps.Copy(claims, idToken)
		return nil
	}})
	return claims, err
}

// checkIDToken verifies the provider's ID token as far as the real service is known to (OIDC Core §3.1.3.7).
// Unverified: that nonce, at_hash, azp, iat and nbf are not looked at, and that no clock skew is allowed.
func (s *Server) checkIDToken(ctx context.Context, idp *provider, ep endpoints, token string) (map[string]any, error) {
	var payload []byte
	var std struct {
		Issuer   string        `json:"iss"`
		Subject  string        `json:"sub"`
		Audience oidc.Audience `json:"aud"`
		Expires  json.Number   `json:"exp"`
	}
	payload, err := unverifiedPayload(token)
	if err != nil {
		return nil, &errUpstream{"invalid_token_signature: " + err.Error(), err}
	}
	if err := json.Unmarshal(payload, &std); err != nil {
		return nil, &errUpstream{"Bad id_token", err} // Unverified: this text
	}
	err = s.kit.Faults.Run(ctx,
		fault.Check{Point: "cognito.idpresponse.alg", Run: func() error {
			if !unsigned(token) {
				return nil // its algorithm is the next step's
			}
			_, err := jose.Peek(token, upstreamAlgorithms...)
			if err == nil {
				err = errors.New("the signature is empty")
			}
			return &errUpstream{fmt.Sprintf("invalid_token_signature: %v", err), err} // Unverified: this text
		}},
		fault.Check{Point: "cognito.idpresponse.signature", Run: func() error {
			if unsigned(token) {
				return nil // the step before has refused it
			}
			verified, err := s.verifyIDToken(ctx, idp, ep, token)
			if err == nil {
				trace.Note(ctx, fmt.Sprintf("verified the ID token of %s: %s with key %s", idp.Name, verified.Algorithm, verified.KeyID))
			}
			return err
		}},
		fault.Check{Point: "cognito.idpresponse.iss", Run: func() error {
			if std.Issuer != idp.Issuer() {
				return &errUpstream{"Bad id_token issuer " + std.Issuer, fmt.Errorf("configured is %q", idp.Issuer())}
			}
			return nil
		}},
		fault.Check{Point: "cognito.idpresponse.aud", Run: func() error {
			if !std.Audience.Contains(idp.ClientID()) {
				return &errUpstream{"Bad id_token audience", fmt.Errorf("aud is %q, expected %q", std.Audience, idp.ClientID())} // Unverified: this text
			}
			return nil
		}},
		fault.Check{Point: "cognito.idpresponse.exp", Run: func() error {
			exp, err := std.Expires.Float64()
			if err != nil || !s.kit.Env.Now().Before(time.Unix(int64(exp), 0)) {
				return &errUpstream{"Bad id_token expired", fmt.Errorf("exp is %q", std.Expires)} // Unverified: this text
			}
			return nil
		}},
		fault.Check{Point: "cognito.idpresponse.sub", Run: func() error {
			if std.Subject == "" {
				return &errUpstream{"Bad id_token sub", errors.New("the ID token has no sub")} // Unverified: this text
			}
			return nil
		}},
	)
	if err != nil {
		return nil, err
	}
	return decodeClaims(payload)
}

// unsigned tells whether a JWT has no signature, as with alg none (RFC 7519 §6.1).
func unsigned(token string) bool { return strings.HasSuffix(token, ".") }

// fail is an error for the app that began the sign-in.
func (b *returned) fail(code oauth2.Code, description, explain string, cause error) error {
	state, hasState := b.appState()
	return &appError{
		redirectURI: b.state.RedirectURI, fragment: b.state.ResponseType == "token", state: state, hasState: hasState,
		code: code, description: description, explain: explain, err: cause,
	}
}

// returned is err as it is told to the app: an internal failure becomes server_error (RFC 6749 §4.1.2.1).
func (b *returned) returned(err error) error {
	if err == nil || presentable(err) {
		return err
	}
	if e, ok := errors.AsType[*userpool.Error](err); ok { // a function of the pool refused
		return b.fail(oauth2.InvalidRequest, e.Message, "Cognito refused the sign-in: "+e.Message, err)
	}
	return b.fail(oauth2.ServerError, "", "mock Cognito failed: "+err.Error(), err)
}

func (b *returned) appState() (state string, sent bool) {
	if b.state.State == nil {
		return "", false
	}
	return *b.state.State, true
}

func (b *returned) upstreamFailure(err error) error {
	description := err.Error()
	if e, ok := errors.AsType[*errUpstream](err); ok {
		description = e.description
	}
	explain := fmt.Sprintf("Cognito could not finish the sign-in with %s: %v.", b.idp.Name, err)
	return b.fail(oauth2.InvalidRequest, description, explain, err)
}
