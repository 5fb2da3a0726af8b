package mockscalekit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

// identityProviders is the IdP party: every identity provider of the lab, on one origin.
type identityProviders struct {
	kit     *party.Kit
	url     string
	pages   *look.Pages
	surface *web.Surface

	apps      *applications
	people    store.Table[Person]     // by lower-case e-mail
	requests  store.Table[idpRequest] // by authRequestID
	codes     store.Table[idpCode]    // by code
	tokens    store.Table[idpProfile] // by access token
	usedCodes store.Table[time.Time]  // by person and TOTP counter
}

// idpRequest is a sign-in under way at an identity provider.
type idpRequest struct {
	ID            string
	ClientID      string
	RedirectURI   string
	State         string
	Nonce         string
	CodeChallenge string
	LoginHint     string
	App           shownApp

	PasswordOf string // the person whose password was given, where the code is asked for on another page
	Offered    int64  // the TOTP counter filled in on the page, 0 for none
}

// shownApp is what the simulator shows of the application; the environment tells it.
type shownApp struct{ Name, EnvironmentURL, ClientID, RedirectURI string }

// idpCode is what a code of an identity provider stands for.
type idpCode struct {
	ClientID      string
	RedirectURI   string
	Nonce         string
	CodeChallenge string
	AuthTime      time.Time
	Profile       idpProfile
}

// idpProfile is a person as an identity provider describes them. One is kept for every access token that lives, hence the
// short names.
type idpProfile struct {
	Subject    string            `json:"s"`
	Email      string            `json:"e"`
	GivenName  string            `json:"g,omitempty"`
	FamilyName string            `json:"f,omitempty"`
	Attributes map[string]string `json:"a,omitempty"`
}

// idp is one identity provider: its place below the origin and its manners.
type idp struct {
	*identityProviders
	kind   string // IDPSimulator or Okta
	issuer string
	api    string // prefix of the paths of the endpoints
}

// issuerOf is the issuer of the identity provider of a kind.
func issuerOf(base, kind string) string {
	if kind == Okta {
		return base + "/okta"
	}
	return base
}

func newIdentityProviders(k *party.Kit, base string, pages *look.Pages, apps *applications) *identityProviders {
	p := &identityProviders{
		kit: k, url: base, pages: pages, apps: apps,
		people:    store.NewTable[Person](k.Store, "idp.people"),
		requests:  store.NewTable[idpRequest](k.Transient, "idp.requests"),
		codes:     store.NewTable[idpCode](k.Transient, "idp.codes"),
		tokens:    store.NewTable[idpProfile](k.Transient, "idp.tokens"),
		usedCodes: store.NewTable[time.Time](k.Transient, "idp.used_codes"),
	}
	simulator := idp{identityProviders: p, kind: IDPSimulator, issuer: issuerOf(base, IDPSimulator)}
	okta := idp{identityProviders: p, kind: Okta, issuer: issuerOf(base, Okta), api: "/okta/oauth2/v1"}
	p.surface = &web.Surface{
		Party: trace.IdP, Trace: k.Trace, Faults: k.Faults, Log: k.Log,
		NotFound: func(w http.ResponseWriter, r *http.Request) error {
			writeOAuth(w, http.StatusNotFound, "not_found", "these identity providers do not model "+r.Method+" "+r.URL.Path)
			return nil
		},
		MethodNotAllowed: func(w http.ResponseWriter, _ *http.Request, err error) {
			writeOAuth(w, http.StatusMethodNotAllowed, "invalid_request", err.Error())
		},
	}
	p.surface.Mount(append(simulator.routes("/login"), okta.routes("/okta/login")...)...)
	return p
}

// routes is the map of one identity provider.
func (p idp) routes(login string) []web.Route {
	wellKnown := strings.TrimPrefix(p.issuer, p.url) + "/.well-known/openid-configuration"
	both := []string{http.MethodGet, http.MethodPost}
	serveLogin := p.simulator
	if p.kind == Okta {
		serveLogin = p.okta
	}
	return []web.Route{
		{Path: wellKnown, Point: "idp.discovery", Channel: trace.Back, Present: presentOAuth, Serve: p.discovery},
		{Path: p.api + "/keys", Point: "idp.keys", Channel: trace.Back, Present: presentOAuth, Serve: p.keys},
		{Path: p.api + "/authorize", Point: "idp.authorize", Channel: trace.Front, Present: p.presentPage, Serve: p.authorize(login)},
		{Methods: both, Path: login, Point: "idp.login", Channel: trace.Front, Present: p.presentPage, Serve: serveLogin},
		{Methods: []string{http.MethodPost}, Path: p.api + "/token", Point: "idp.token", Channel: trace.Back, Present: presentOAuth, Serve: p.token},
		{Methods: both, Path: p.api + "/userinfo", Point: "idp.userinfo", Channel: trace.Back, Present: presentBearer, Serve: p.userinfo},
	}
}

// seed writes the people.
func (p *identityProviders) seed(ctx context.Context, people []Person) error {
	for _, who := range people {
		if err := p.people.Put(ctx, strings.ToLower(who.Email), who, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// person returns somebody by e-mail, or a Person without an e-mail.
func (p *identityProviders) person(ctx context.Context, email string) (Person, error) {
	who, err := p.people.Get(ctx, strings.ToLower(email))
	if errors.Is(err, store.ErrNotFound) {
		return Person{}, nil
	}
	return who, err
}

// signingKey is the P-256 key of every identity provider of the lab; its id follows from it.
func (p *identityProviders) signingKey() (*jose.Key, error) {
	private, err := p.kit.Env.Keys().ECDSA(idpKeyName)
	if err != nil {
		return nil, err
	}
	public, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	return &jose.Key{ID: "idp-" + hex.EncodeToString(sum[:8]), Algorithm: jose.ES256, Private: private}, nil
}

// subject returns the subject of a person at a connection: the configured one, else one that follows from both.
func (p idp) subject(connectionID, email string, who Person) string {
	switch {
	case p.kind == IDPSimulator && p.kit.Quirks.On("idp-random-subject"):
		return p.kit.Env.UUID()
	case who.Subject != "":
		return who.Subject
	case p.kind == Okta:
		return "00u" + alphanumeric("subject", connectionID, strings.ToLower(email))
	}
	sum := sha256.Sum256([]byte("subject\x00" + connectionID + "\x00" + strings.ToLower(email)))
	sum[6] = sum[6]&0x0f | 0x40 // looks like a random UUID (RFC 9562 §5.4)
	sum[8] = sum[8]&0x3f | 0x80
	return lab.FormatUUID(sum[:])
}

// alphanumeric returns the 17 letters and digits after the prefix of an Okta id, made from values.
func alphanumeric(values ...string) string {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	sum := sha256.Sum256([]byte(strings.Join(values, "\x00")))
	out := make([]byte, 17)
	for i := range out {
		out[i] = alphabet[int(sum[i])%len(alphabet)]
	}
	return string(out)
}

// presentPage shows an error of an identity provider's own endpoints.
func (p idp) presentPage(w http.ResponseWriter, r *http.Request, err error) {
	page := look.Page{Party: "idp", Title: "Sign-in stopped · identity provider mock", Strip: p.strip("")}
	presentLoginError(w, r, p.kit, p.pages, page, err)
}

// form reads what came to a sign-in page: its parameters, and the request and client that they belong to.
func (p idp) form(r *http.Request) (v url.Values, req idpRequest, client registration, err error) {
	q, err := params(r)
	if err != nil {
		return nil, req, client, refuse("invalid_request", "The form cannot be read.").because(err)
	}
	v = url.Values(q)
	req, client, err = p.request(r.Context(), v.Get("authRequestID"))
	return v, req, client, err
}

func (p idp) strip(organization string) string {
	what := "mock IdP simulator"
	if p.kind == Okta {
		what = "mock Okta-like identity provider"
	}
	if organization != "" {
		what += " · " + organization
	}
	return what + " · not a real identity provider"
}
