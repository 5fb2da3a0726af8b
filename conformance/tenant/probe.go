package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// answer is what a probe came to.
type answer int

const (
	notAnswered answer = iota
	answeredYes
	answeredNo
)

// Probed is what Scalekit told to somebody who has not signed in.
type Probed struct {
	Issuer   string   // of its discovery document
	Requests []string // made, in their order: method and URL without parameters
	Problems []string // why something is not known

	clients   map[string]answer // by client id
	callbacks map[string]answer // by redirect URI
	secret    map[string]answer // by provider name
}

func (p *Probed) client(id string) answer {
	if p == nil {
		return notAnswered
	}
	return p.clients[id]
}

func (p *Probed) callback(uri string) answer {
	if p == nil {
		return notAnswered
	}
	return p.callbacks[uri]
}

// why is the reason of what is not known.
func (p *Probed) why() string {
	if len(p.Problems) == 0 {
		return "Scalekit's answer does not tell"
	}
	return strings.Join(p.Problems, "; ")
}

// invented is what no registration has.
const invented = "ssolab-doctor-invented"

// Probe asks Scalekit what can be known without a sign-in, and puts it into the model: the discovery document, one
// authorization request for each domain of the pool, and the exchange of an invented code with the provider's client
// secret, which Scalekit refuses in one way for a wrong secret and in another for a right one. client must not follow
// redirects.
func (m *Model) Probe(ctx context.Context, client *http.Client) {
	p := &prober{ctx: ctx, client: client, out: &Probed{clients: map[string]answer{}, callbacks: map[string]answer{}, secret: map[string]answer{}}}
	m.Probed = p.out
	issuer := strings.TrimRight(m.scalekit().EnvironmentURL, "/")
	for _, provider := range m.providers() {
		at := issuer
		if at == "" {
			at = strings.TrimRight(provider.ProviderDetails["oidc_issuer"], "/")
		}
		if at == "" {
			p.problem("neither the target file nor the provider has an address of Scalekit")
			continue
		}
		d, err := p.discovery(at)
		if err != nil {
			p.problem("%v", err)
			continue
		}
		p.out.Issuer = d.Issuer
		p.authorization(d.AuthorizationEndpoint, provider, m.domainURLs())
		if strings.TrimRight(provider.ProviderDetails["oidc_issuer"], "/") != strings.TrimRight(d.Issuer, "/") {
			p.problem("the secret is given to nobody but the provider's issuer, and that is not %s (see TENANT-005)", d.Issuer)
			continue
		}
		p.exchange(d.TokenEndpoint, provider, m.domainURLs())
	}
}

type prober struct {
	ctx    context.Context
	client *http.Client
	out    *Probed
}

func (p *prober) problem(format string, args ...any) {
	p.out.Problems = append(p.out.Problems, fmt.Sprintf(format, args...))
}

const maxBody = 1 << 20

// send makes one request. Its errors and what is kept of it have no parameters: they may be secret.
func (p *prober) send(method, target string, form url.Values) (*http.Response, []byte, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	shown, _, _ := strings.Cut(target, "?")
	req, err := http.NewRequestWithContext(p.ctx, method, target, body)
	if err != nil {
		return nil, nil, fmt.Errorf("%s cannot be asked", conformance.MaskURL(shown))
	}
	req.Header.Set("User-Agent", "ssolab-doctor")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	p.out.Requests = append(p.out.Requests, method+" "+conformance.MaskURL(shown))
	resp, err := p.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return nil, nil, fmt.Errorf("%s did not answer: %w", conformance.MaskURL(shown), err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, nil, fmt.Errorf("%s broke off: %w", conformance.MaskURL(shown), err)
	}
	return resp, data, nil
}

type discovery struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
}

func (p *prober) discovery(issuer string) (*discovery, error) {
	at := issuer + "/.well-known/openid-configuration"
	resp, data, err := p.send(http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	d := &discovery{}
	if resp.StatusCode != http.StatusOK || json.Unmarshal(data, d) != nil || d.Issuer == "" {
		return nil, fmt.Errorf("%s answered %d without a discovery document", at, resp.StatusCode)
	}
	return d, nil
}

// authorization asks once with a redirect URI that nobody registered, for comparison, and once for each domain.
func (p *prober) authorization(endpoint string, provider *Provider, domains []string) {
	id := provider.ProviderDetails["client_id"]
	if endpoint == "" || id == "" {
		p.problem("Scalekit's discovery document has no authorization_endpoint, or the provider no client_id")
		return
	}
	refused, ok := p.authorize(endpoint, id, "https://"+invented+".invalid"+idpResponse)
	if !ok {
		return
	}
	if refused.code == "invalid_client" {
		p.out.clients[id] = answeredNo
		return
	}
	for _, base := range domains {
		uri := base + idpResponse
		got, ok := p.authorize(endpoint, id, uri)
		switch {
		case !ok:
		case got.code == "invalid_redirect_uri" || got == refused && got.status >= 400:
			p.out.callbacks[uri] = answeredNo
		case got.code == "invalid_client":
			p.out.clients[id] = answeredNo
		case got.status >= 300 && got.status < 400 || got != refused:
			p.out.clients[id], p.out.callbacks[uri] = answeredYes, answeredYes
		}
	}
	if refused.code == "invalid_redirect_uri" && p.out.clients[id] == notAnswered {
		p.out.clients[id] = answeredYes // it knows which redirect URIs the client has
	}
}

// outcome is what tells two answers to an authorization request apart.
type outcome struct {
	status int
	code   string
}

func (p *prober) authorize(endpoint, clientID, redirectURI string) (outcome, bool) {
	q := url.Values{"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {"openid email"}, "state": {invented}}
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	resp, data, err := p.send(http.MethodGet, endpoint+separator+q.Encode(), nil)
	if err != nil {
		p.problem("%v", err)
		return outcome{}, false
	}
	if resp.StatusCode >= 500 {
		p.problem("%s answered %d", endpoint, resp.StatusCode)
		return outcome{}, false
	}
	out := outcome{status: resp.StatusCode}
	if to, err := resp.Location(); err == nil {
		if strings.HasPrefix(to.String(), redirectURI) {
			return out, true // sent to the redirect URI: it is trusted, whatever the error
		}
		out.code = knownCode(to.Query().Get("error"))
	}
	if out.code == "" && resp.StatusCode >= 400 {
		out.code = knownCode(string(data))
	}
	return out, true
}

// knownCode finds the codes that decide in an error code or a page.
func knownCode(text string) string {
	codes := []string{"invalid_redirect_uri", "invalid_client"}
	i := slices.IndexFunc(codes, func(c string) bool { return strings.Contains(text, c) })
	if i < 0 {
		return ""
	}
	return codes[i]
}

// exchange asks for tokens with an invented code, as Cognito asks: the secret stands in the form (client_secret_post).
func (p *prober) exchange(endpoint string, provider *Provider, domains []string) {
	if provider.Secret == "" || endpoint == "" || len(domains) == 0 {
		return
	}
	resp, data, err := p.send(http.MethodPost, endpoint, url.Values{
		"grant_type": {"authorization_code"}, "redirect_uri": {domains[0] + idpResponse}, "client_id": {provider.ProviderDetails["client_id"]},
		"client_secret": {provider.Secret.Reveal()}, "code": {invented},
	})
	if err != nil {
		p.problem("%v", err)
		return
	}
	var body struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(data, &body) // an answer that is no JSON tells nothing
	switch body.Error {
	case "invalid_grant":
		p.out.secret[provider.ProviderName] = answeredYes
	case "invalid_client":
		p.out.secret[provider.ProviderName] = answeredNo
	default:
		p.problem("%s answered %d with the error %q to an invented code", endpoint, resp.StatusCode, shortCode(body.Error))
	}
}

// shortCode keeps what looks like an error code.
func shortCode(s string) string {
	if len(s) > 40 || strings.ContainsFunc(s, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return "…"
	}
	return s
}
