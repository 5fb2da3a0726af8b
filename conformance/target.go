package conformance

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

// Ways a client authenticates at the token endpoint (OpenID Connect Core 1.0 section 9).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
)

// What the issuer of a target is.
const (
	KindCognito = "cognito"
	// KindOther is any OpenID provider: only what a standard or good practice asks for is checked of it.
	KindOther = "openid-provider"
)

// Target describes a deployment of the chain and one person who can sign in to it. It is written as a YAML file with
// the keys of the tags below; ReadTarget reads one.
type Target struct {
	Kind   string `yaml:"kind"`   // KindCognito (default) or KindOther
	Issuer string `yaml:"issuer"` // issuer of the user pool
	Domain string `yaml:"domain"` // base URL of the user pool's domain, for /logout and /login; optional
	Client Client `yaml:"client"` // app client to sign in with
	// OtherClient is a second app client of the pool, for checks that a code or a token belongs to one client only.
	OtherClient Client `yaml:"other_client"`
	// UnfederatedClient is an app client of the pool on which the provider is not enabled, for the check that it is refused
	// there.
	UnfederatedClient Client   `yaml:"unfederated_client"`
	Provider          Provider `yaml:"provider"` // which identity provider is asked for
	Scalekit          Scalekit `yaml:"scalekit"` // optional
	Email             string   `yaml:"email"`    // sent as login_hint
	IdP               IdP      `yaml:"idp"`      // how this person signs in at the identity provider
	AppURL            string   `yaml:"app_url"`  // the application under test; optional

	CAFile  string            `yaml:"ca_file"` // PEM certificates trusted beside the system's
	Resolve map[string]string `yaml:"resolve"` // host or host:port → IP address or address:port to dial instead
}

// Client is an app client.
type Client struct {
	ID          string   `yaml:"id"`
	Secret      Secret   `yaml:"secret"`      // empty: a public client. Give one of the three
	SecretEnv   string   `yaml:"secret_env"`  // name of an environment variable that holds the secret
	SecretFile  string   `yaml:"secret_file"` // file that holds the secret, relative to the target file
	Auth        string   `yaml:"auth"`        // AuthBasic (default with a secret), AuthPost or AuthNone
	RedirectURI string   `yaml:"redirect_uri"`
	Scopes      []string `yaml:"scopes"` // default openid
	LogoutURI   string   `yaml:"logout_uri"`
	// AccessTokenValidity and IDTokenValidity are the client's settings; 0: not told.
	AccessTokenValidity time.Duration `yaml:"access_token_validity"`
	IDTokenValidity     time.Duration `yaml:"id_token_validity"`
}

// Provider selects an identity provider in the authorization request; one of the two, or neither.
type Provider struct {
	IdentityProvider string `yaml:"identity_provider"` // its name in the user pool
	IdPIdentifier    string `yaml:"idp_identifier"`
}

// Scalekit is the Scalekit environment behind the user pool.
type Scalekit struct {
	EnvironmentURL   string `yaml:"environment_url"`
	ClientID         string `yaml:"client_id"`
	ClientSecret     Secret `yaml:"client_secret"`
	ClientSecretEnv  string `yaml:"client_secret_env"`
	ClientSecretFile string `yaml:"client_secret_file"`
	OrganizationID   string `yaml:"organization_id"`
	ConnectionID     string `yaml:"connection_id"`

	// What the person knows of its settings, for checks that cannot ask.
	Domains      []string     `yaml:"domains"`       // of all organizations
	CallbackURLs []string     `yaml:"callback_urls"` // allowed for the client
	Connections  []Connection `yaml:"connections"`
}

// Connection is one of Scalekit's.
type Connection struct {
	ID       string `yaml:"id"`
	Enabled  *bool  `yaml:"enabled"`  // default true
	Status   string `yaml:"status"`   // DRAFT, IN_PROGRESS or COMPLETED; empty: not told
	Provider string `yaml:"provider"` // OKTA, GOOGLE …
}

// Active tells whether a sign-in can use the connection.
func (c Connection) Active() bool {
	return (c.Enabled == nil || *c.Enabled) && (c.Status == "" || c.Status == "COMPLETED")
}

// problems are what is wrong with what is told of Scalekit.
func (s Scalekit) problems() []problem {
	var out []problem
	bad := func(path, format string, args ...any) {
		out = append(out, problem{"scalekit." + path, fmt.Sprintf(format, args...)})
	}
	for i, d := range s.Domains {
		if d == "" || strings.ContainsAny(d, "@/: ") {
			bad(fmt.Sprintf("domains[%d]", i), "%q must be a domain, such as example.com", d)
		}
	}
	for i, raw := range s.CallbackURLs {
		if scheme, rest, ok := strings.Cut(raw, "://"); !ok || scheme == "" || rest == "" || strings.Contains(raw, "#") {
			bad(fmt.Sprintf("callback_urls[%d]", i), "%q must be an absolute URL without fragment", raw)
		}
	}
	for i, c := range s.Connections {
		if c.ID == "" {
			bad(fmt.Sprintf("connections[%d].id", i), "is missing")
		}
		if !slices.Contains([]string{"", "DRAFT", "IN_PROGRESS", "COMPLETED"}, c.Status) {
			bad(fmt.Sprintf("connections[%d].status", i), "%q must be DRAFT, IN_PROGRESS or COMPLETED", c.Status)
		}
	}
	return out
}

func splitEmail(email string) (local, domain string) {
	i := strings.LastIndex(email, "@")
	if i < 0 {
		return email, ""
	}
	return email[:i], email[i+1:]
}

// ReadTarget reads a target file and resolves the secrets it names. All that is wrong is reported at once.
func ReadTarget(path string) (*Target, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read target: %w", err)
	}
	return ParseTarget(path, data)
}

// ParseTarget is ReadTarget with the content at hand; files it names are relative to the directory of name.
func ParseTarget(name string, data []byte) (*Target, error) {
	t := &Target{}
	doc := yamlfile.Decode(name, data, t)
	if t.CAFile != "" {
		t.CAFile = beside(name, t.CAFile)
	}
	for _, p := range append(t.problems(), t.resolveSecrets(name)...) {
		doc.Problem(p.path, "%s", p.message)
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

// Validate reports everything that is wrong with a target, one line each. A target from ReadTarget is valid.
func (t *Target) Validate() error {
	var errs []error
	for _, p := range t.problems() {
		errs = append(errs, errors.New(p.path+": "+p.message))
	}
	return errors.Join(errs...)
}

// String names the target without its secrets.
func (t *Target) String() string {
	return fmt.Sprintf("%s, client %s, %s", t.Issuer, t.Client.ID, t.Email)
}

// LogValue names the target without its secrets.
func (t *Target) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", t.Issuer), slog.String("client_id", t.Client.ID), slog.String("email", t.Email))
}

// HTTPClient returns a client that trusts ca_file and dials by resolve. It does not follow redirects; timeout bounds
// each call. Its idle connections are the caller's to close.
func (t *Target) HTTPClient(timeout time.Duration) (*http.Client, error) {
	tr := &http.Transport{
		Proxy: http.ProxyFromEnvironment, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: timeout,
	}
	dialer := &net.Dialer{Timeout: timeout}
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, t.dialAddr(addr))
	}
	if t.CAFile != "" {
		pool, err := roots(t.CAFile)
		if err != nil {
			return nil, err
		}
		tr.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Transport: tr, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func (t *Target) dialAddr(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	to, ok := t.Resolve[addr]
	if !ok {
		to, ok = t.Resolve[host]
	}
	switch {
	case !ok:
		return addr
	case net.ParseIP(to) != nil:
		return net.JoinHostPort(to, port)
	}
	return to
}

func roots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file %s holds no PEM certificate", file)
	}
	return pool, nil
}

type problem struct{ path, message string }

// problems are what is wrong with the values themselves; paths are those of the file.
func (t *Target) problems() []problem {
	var out []problem
	bad := func(path, format string, args ...any) { out = append(out, problem{path, fmt.Sprintf(format, args...)}) }
	for _, u := range []struct {
		path, value string
		required    bool
	}{
		{"issuer", t.Issuer, true}, {"domain", t.Domain, false}, {"scalekit.environment_url", t.Scalekit.EnvironmentURL, false},
		{"app_url", t.AppURL, false},
	} {
		if u.value == "" && u.required {
			bad(u.path, "is missing")
		} else if u.value != "" && !isBaseURL(u.value) {
			bad(u.path, "%q must be an http or https URL without query and fragment", u.value)
		}
	}
	if !slices.Contains([]string{"", KindCognito, KindOther}, t.Kind) {
		bad("kind", "%q must be %s or %s", t.Kind, KindCognito, KindOther)
	}
	if local, domain := splitEmail(t.Email); t.Email == "" {
		bad("email", "is missing")
	} else if local == "" || domain == "" {
		bad("email", "%q must have the form name@domain", t.Email)
	}
	if t.Provider.IdentityProvider != "" && t.Provider.IdPIdentifier != "" {
		bad("provider", "give identity_provider or idp_identifier, not both")
	}
	for _, host := range slices.Sorted(maps.Keys(t.Resolve)) {
		to := t.Resolve[host]
		if _, _, err := net.SplitHostPort(to); err != nil && net.ParseIP(to) == nil {
			bad("resolve."+host, "%q must be an IP address or host:port", to)
		}
	}
	if t.CAFile != "" {
		if _, err := roots(t.CAFile); err != nil {
			bad("ca_file", "%s", err)
		}
	}
	out = append(out, t.Scalekit.problems()...)
	out = append(out, t.Client.problems("client.")...)
	if t.OtherClient.given() {
		out = append(out, t.OtherClient.problems("other_client.")...)
	}
	if t.UnfederatedClient.given() {
		out = append(out, t.UnfederatedClient.problems("unfederated_client.")...)
	}
	for i, s := range t.IdP.Steps {
		if message := s.problem(); message != "" {
			bad(fmt.Sprintf("idp.steps[%d]", i), "%s", message)
		}
	}
	return out
}

// Lives that an app client can give its ID and access tokens (Amazon Cognito user pools API, UpdateUserPoolClient).
const (
	minValidity = 5 * time.Minute
	maxValidity = 24 * time.Hour
)

// given tells whether anything of the client was written down.
func (c Client) given() bool {
	return c.ID != "" || c.Secret != "" || c.SecretEnv != "" || c.SecretFile != "" || c.RedirectURI != "" || c.Auth != "" || c.Scopes != nil
}

// problems are what is wrong with the client that stands at prefix.
func (c Client) problems(prefix string) []problem {
	var out []problem
	bad := func(path, format string, args ...any) {
		out = append(out, problem{prefix + path, fmt.Sprintf(format, args...)})
	}
	if c.ID == "" {
		bad("id", "is missing")
	}
	u, err := url.Parse(c.RedirectURI)
	switch {
	case c.RedirectURI == "":
		bad("redirect_uri", "is missing")
	case err != nil || u.Scheme == "" || strings.Contains(c.RedirectURI, "#"):
		bad("redirect_uri", "%q must be an absolute URL without fragment", c.RedirectURI)
	}
	if c.LogoutURI != "" {
		if u, err := url.Parse(c.LogoutURI); err != nil || u.Scheme == "" {
			bad("logout_uri", "%q must be an absolute URL", c.LogoutURI)
		}
	}
	if c.Scopes != nil && !slices.Contains(c.Scopes, "openid") {
		bad("scopes", "openid is missing; without it there is no ID token")
	}
	for name, validity := range map[string]time.Duration{"access_token_validity": c.AccessTokenValidity, "id_token_validity": c.IDTokenValidity} {
		if validity != 0 && (validity < minValidity || validity > maxValidity) {
			bad(name, "%s must be from 5m to 24h", validity)
		}
	}
	for i, s := range c.Scopes {
		if s == "" || strings.ContainsAny(s, " \t\n") {
			bad(fmt.Sprintf("scopes[%d]", i), "%q must be one scope; write each as an item of its own", s)
		}
	}
	hasSecret := c.Secret != "" || c.SecretEnv != "" || c.SecretFile != ""
	switch {
	case !slices.Contains([]string{"", AuthBasic, AuthPost, AuthNone}, c.Auth):
		bad("auth", "%q must be %s, %s or %s", c.Auth, AuthBasic, AuthPost, AuthNone)
	case c.Auth == AuthNone && hasSecret:
		bad("auth", "is %s, yet the client has a secret", AuthNone)
	case c.Auth != AuthNone && c.Auth != "" && !hasSecret:
		bad("auth", "is %s, and the client has no secret", c.Auth)
	}
	return out
}

// resolveSecrets reads the variables and files that hold secrets.
func (t *Target) resolveSecrets(name string) []problem {
	var out []problem
	read := func(path string, into *Secret, env, file string) {
		given := 0
		for _, s := range []string{into.Reveal(), env, file} {
			if s != "" {
				given++
			}
		}
		if given > 1 {
			out = append(out, problem{path, "is given more than once; give it directly, by _env or by _file"})
			return
		}
		value, err := secretFrom(name, env, file)
		if err != nil {
			out = append(out, problem{path, err.Error()})
		} else if value != "" {
			*into = value
		}
	}
	read("client.secret", &t.Client.Secret, t.Client.SecretEnv, t.Client.SecretFile)
	read("other_client.secret", &t.OtherClient.Secret, t.OtherClient.SecretEnv, t.OtherClient.SecretFile)
	read("unfederated_client.secret", &t.UnfederatedClient.Secret, t.UnfederatedClient.SecretEnv, t.UnfederatedClient.SecretFile)
	sk := &t.Scalekit
	read("scalekit.client_secret", &sk.ClientSecret, sk.ClientSecretEnv, sk.ClientSecretFile)
	for i := range t.IdP.Steps {
		v := &t.IdP.Steps[i].Value
		path := fmt.Sprintf("idp.steps[%d].value", i)
		read(path, &v.secret, cmp.Or(v.Env, v.TOTPEnv), cmp.Or(v.File, v.TOTPFile))
		if v.oneTime() && v.secret != "" {
			if _, err := readSeed(v.secret); err != nil {
				out = append(out, problem{path, err.Error()})
			}
		}
	}
	return out
}

func secretFrom(name, env, file string) (Secret, error) {
	switch {
	case env != "":
		value := os.Getenv(env)
		if value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", env)
		}
		return Secret(value), nil
	case file != "":
		data, err := os.ReadFile(beside(name, file))
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if value == "" {
			return "", fmt.Errorf("the file %s is empty", file)
		}
		return Secret(value), nil
	}
	return "", nil
}

// beside makes a path relative to the directory of the file called name.
func beside(name, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(name), path)
}

func isBaseURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}
