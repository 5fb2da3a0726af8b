package idp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

const (
	requestTTL = time.Hour   // how long the sign-in page may stand open
	codeTTL    = time.Minute // RFC 6749 §4.1.2 allows up to ten minutes; identity providers give less
	tokenTTL   = time.Hour
)

// request is a sign-in under way at an identity provider.
type request struct {
	ID           string
	Provider     string
	Protocol     string
	ConnectionID string
	LoginHint    string
	Prompt       []string `json:",omitempty"`

	RedirectURI   string `json:",omitempty"` // OIDC
	State         string `json:",omitempty"`
	Nonce         string `json:",omitempty"`
	CodeChallenge string `json:",omitempty"`
	Scopes        string `json:",omitempty"`
	App           shown

	SAMLRequest string `json:",omitempty"` // id of the AuthnRequest; empty: nobody asked
	RelayState  string `json:",omitempty"`
	Unsolicited bool   `json:",omitempty"`

	// What was shown so far.
	Who     string   `json:",omitempty"` // e-mail of the person whose password was given
	Methods []string `json:",omitempty"` // how it was made sure
	Step    string   `json:",omitempty"`
	Outcome Outcome  `json:",omitempty"` // chosen on the page, or ordered
	Changed bool     `json:",omitempty"` // a new password was set
	Agreed  bool     `json:",omitempty"` // consent was given
	Offered int64    `json:",omitempty"` // the TOTP counter filled in on the page
	Number  string   `json:",omitempty"` // of a push
	Pushed  string   `json:",omitempty"` // what the phone said
}

// shown is what the simulator shows of the application; the environment tells it.
type shown struct{ Name, EnvironmentURL, ClientID, RedirectURI string }

// open keeps a request and sends the browser to the sign-in page.
func (p provider) open(ctx context.Context, req request) (string, error) {
	req.ID, req.Provider = p.kit.Env.Sonyflake("req"), p.name
	if err := p.requests.Put(ctx, req.ID, req, p.kit.Env.Now().Add(requestTTL)); err != nil {
		return "", err
	}
	return web.Params{{"authRequestID", req.ID}}.WithQuery(p.url + p.loginPath()), nil
}

// form reads what came to a sign-in page: its parameters, and the request and application that they belong to.
func (p provider) form(r *http.Request) (v url.Values, req request, app Application, err error) {
	v, err = parameters(r)
	if err != nil {
		return nil, req, app, refuse("invalid_request", "", "The form cannot be read.").Because(err)
	}
	req, err = p.requests.Get(r.Context(), v.Get("authRequestID"))
	if err != nil {
		return v, req, app, gone(err)
	}
	app, ok := p.apps.ByConnection(req.ConnectionID)
	if !ok || req.Provider != p.name {
		return v, req, app, refuse("invalid_request", "", "This sign-in belongs to another identity provider, or its application was deleted. Start again from the application.")
	}
	return v, req, app, nil
}

// keep stores what a step has changed in a request.
func (p provider) keep(ctx context.Context, req request) error {
	err := p.requests.Update(ctx, req.ID, func(old *request) (*request, error) {
		if old == nil {
			return nil, gone(store.ErrNotFound)
		}
		return &req, nil
	})
	return gone(err)
}

// take consumes a request: it is answered once.
func (p provider) take(ctx context.Context, req request) error {
	_, err := p.requests.Take(ctx, req.ID)
	return gone(err)
}

// profile is a person as an identity provider describes them. One is kept for every access token that lives, hence the
// short names.
type profile struct {
	Subject    string            `json:"s"`
	Email      string            `json:"e,omitempty"`
	Name       string            `json:"u,omitempty"` // user name, if it is not the e-mail
	GivenName  string            `json:"g,omitempty"`
	FamilyName string            `json:"f,omitempty"`
	Attributes map[string]string `json:"a,omitempty"`
	Groups     []string          `json:"r,omitempty"`
	AuthTime   time.Time         `json:"t,omitzero"`
	Connection string            `json:"c,omitempty"`

	Username string    `json:"-"`
	Issued   time.Time `json:"-"`
}

func (w profile) fullName() string { return strings.TrimSpace(w.GivenName + " " + w.FamilyName) }

// username is what the person signs in with.
func (w profile) username() string {
	if w.Name != "" {
		return w.Name
	}
	return w.Email
}

// answer is where an OIDC request wants its answer.
func (req request) answer() refusal.Target {
	return refusal.Target{RedirectURI: req.RedirectURI, State: req.State}
}
