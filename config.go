package ssolab

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// DefaultPortBase is the first port of a lab started by the command: console 9400, Cognito 9401, Scalekit 9402,
// sample app 9403, identity providers 9404.
const DefaultPortBase = 9400

// Config describes a lab. The zero value is the default lab on free ports.
type Config struct {
	PortBase int // first of five consecutive ports on 127.0.0.1 and ::1; 0 takes free ones

	// Bind lists IP addresses to listen on beside the loopback ones; 0.0.0.0 and :: are all of this machine. Who reaches
	// the lab may read its secrets and change it, so it is loopback alone unless this says otherwise.
	Bind []string

	// TLS speaks https on those ports. Names is the production-like mode: every party has a host name of its own on one
	// TLS port, TLSPort (0 takes a free one), and the console keeps its plain port beside it.
	TLS     bool
	Names   string // "", NamesLocalhost or NamesVendor
	TLSPort int
	// CADir is where the CA for TLS is kept; empty makes one for this lab alone, in memory.
	CADir string
	// ScalekitEnvironment is the first label of the Scalekit environment's vendor name; default "ssolab".
	ScalekitEnvironment string

	// Lambda says where the functions of the user pools' Lambda triggers are reached.
	Lambda mockcognito.Lambda
	// UserPools are Cognito's; nil means the default lab's. Custom domains are given as host names. A provider without an issuer is connected to this lab's
	// Scalekit environment, with the credentials of its first client.
	UserPools []mockcognito.UserPool
	// Scalekit is the environment; its zero value is the default lab's. A client without redirect URIs gets those of
	// this lab's user pools and sample app.
	Scalekit mockscalekit.Environment

	Callbacks []string // callback URLs added to the main app client, the first of the first pool
	SignOuts  []string // sign-out URLs added to it

	// Empty declares nothing but what is given here: what is nil is none, not the default lab's. Scalekit keeps its default
	// client, without which nobody could reach its API. It is for those who make everything by the APIs.
	Empty bool

	// Data is a directory that keeps what a restart must not lose: users, what the APIs made, sessions, refresh tokens, keys
	// and how far the clock was moved. Empty keeps all of it in memory.
	Data string

	Quirks map[string]bool // switches that differ from their defaults
	Faults []FaultRule     // faults that are on from the start

	// Source reads the configuration again for a reload by the control API; nil: the lab has nothing to read again.
	Source func() (Config, error)

	Log *slog.Logger // nil means discard
	// TwoPrimeKeys makes RSA keys of two primes and signs with crypto/rsa. The default, eight primes, signs in a tenth of the
	// time and verifies everywhere alike.
	TwoPrimeKeys bool

	Now     func() time.Time // base of the lab's clock; nil means the machine's
	Version string           // reported by the console
	// UpstreamTimeout bounds Cognito's calls to identity providers; 0 means 5 s.
	UpstreamTimeout time.Duration

	limits limits // zero: the usual ones
}

var dnsLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Validate reports every problem of the configuration, each with its place.
func (c Config) Validate() error {
	var errs []error
	if c.PortBase < 0 || c.PortBase > 65535-len(partyNames) {
		errs = append(errs, fmt.Errorf("port base: %d is outside of 0–%d", c.PortBase, 65535-len(partyNames)))
	}
	for i, u := range c.Callbacks {
		if err := mockcognito.CheckRedirectURL(u); err != nil {
			errs = append(errs, fmt.Errorf("callbacks[%d]: %w", i, err))
		}
	}
	for i, u := range c.SignOuts {
		if err := mockcognito.CheckRedirectURL(u); err != nil {
			errs = append(errs, fmt.Errorf("sign-outs[%d]: %w", i, err))
		}
	}
	quirks := c.quirkSet()
	for id, on := range c.Quirks {
		if err := quirks.Switch(id, on); err != nil {
			errs = append(errs, fmt.Errorf("quirks: %w", err))
		}
	}
	for i, a := range c.Bind {
		if _, err := netip.ParseAddr(a); err != nil {
			errs = append(errs, fmt.Errorf("bind[%d]: %q is no IP address", i, a))
		}
	}
	if c.Names != "" && c.Names != NamesLocalhost && c.Names != NamesVendor {
		errs = append(errs, fmt.Errorf("names: %q is neither %s nor %s", c.Names, NamesLocalhost, NamesVendor))
	}
	if c.TLSPort < 0 || c.TLSPort > 65535 {
		errs = append(errs, fmt.Errorf("TLS port: %d is outside of 0–65535", c.TLSPort))
	}
	if c.ScalekitEnvironment != "" && !dnsLabel.MatchString(c.ScalekitEnvironment) {
		errs = append(errs, fmt.Errorf("scalekit environment: %q is no DNS label: a-z, 0-9 and -, not at the ends", c.ScalekitEnvironment))
	}
	if c.UserPools != nil && len(c.UserPools) == 0 && !c.Empty {
		errs = append(errs, errors.New("user_pools: empty; a lab has at least one"))
	}
	for i, p := range c.UserPools {
		if len(p.Clients) == 0 {
			errs = append(errs, fmt.Errorf("user_pools[%d].clients: empty; a pool has at least one", i))
		}
	}
	// The real addresses are known when the lab listens; these have the same form.
	plan := c.plan(c.layoutAt([len(partyNames)]int{9400, 9401, 9402, 9403, 9404}, 9443))
	errs = append(errs, c.withoutSecret(plan),
		mockscalekit.Config{URL: plan.urls.Scalekit, IdPURL: plan.urls.IdP, Environment: plan.env}.Validate(),
		mockcognito.Config{URL: plan.urls.Cognito, UserPools: plan.pools, Lambda: c.Lambda}.Validate())
	return errors.Join(errs...)
}

// withoutSecret tells that the client which providers without an issuer sign in with has no secret. It gives them one in
// plan, so that their own check does not report what follows from that.
func (c Config) withoutSecret(plan plan) error {
	if len(plan.env.Clients) == 0 || plan.env.Clients[0].Secret != "" {
		return nil
	}
	var err error
	for i, p := range plan.pools {
		for j := range p.Providers {
			if idp := &p.Providers[j]; idp.Issuer == plan.urls.Scalekit && idp.ClientSecret == "" {
				idp.ClientSecret = "missing"
				err = fmt.Errorf("environment.clients[0].secret: missing; user_pools[%d].providers[%d], which has no issuer of its own, signs in as this client, and Cognito needs a secret", i, j)
			}
		}
	}
	return err
}

// plan is a lab's configuration at its addresses.
type plan struct {
	layout layout
	urls   URLs
	env    mockscalekit.Environment
	pools  []mockcognito.UserPool
	lambda mockcognito.Lambda
}

func (c Config) plan(l layout) plan {
	pools := slices.Clone(c.UserPools)
	if pools == nil && !c.Empty {
		pools = []mockcognito.UserPool{mockcognito.DefaultUserPool(mockcognito.IdentityProvider{})}
	}
	var first *mockcognito.UserPool
	if len(pools) > 0 {
		first = &pools[0]
	} else {
		pools = []mockcognito.UserPool{} // nil would be the service's default
	}
	p := plan{layout: l, urls: l.urls(first), lambda: c.Lambda}
	p.env = c.scalekit(p.urls, l, pools)
	p.pools = c.userPools(p.urls, p.env, pools)
	return p
}

func (c Config) quirkSet() *quirk.Set {
	return quirk.NewSet(mockcognito.Quirks(), mockscalekit.Quirks())
}

// idpResponsePath is where a domain of Cognito's takes the answers of identity providers.
const idpResponsePath = "/oauth2/idpresponse"

// idpResponses are the addresses at which Cognito's domains take the answers of identity providers. A loopback address
// has several names, and Cognito uses the one that the browser came in on.
func idpResponses(l layout, pools []mockcognito.UserPool) []string {
	var out []string
	for _, p := range pools {
		for _, base := range l.domainURLs(p) {
			out = with(out, base+idpResponsePath)
		}
	}
	if l.names == "" {
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			out = with(out, fmt.Sprintf("%s://%s:%d%s", l.scheme, host, l.ports[partyCognito], idpResponsePath))
		}
	}
	return out
}

// scalekit is the environment with what depends on the lab's addresses filled in.
func (c Config) scalekit(u URLs, l layout, pools []mockcognito.UserPool) mockscalekit.Environment {
	callbacks := append(idpResponses(l, pools), u.App+"/auth/callback", "http://localhost:3000/auth/callback")
	env := c.Scalekit
	standard := mockscalekit.DefaultEnvironment(callbacks...)
	env.Name, env.Mode = cmp.Or(env.Name, standard.Name), cmp.Or(env.Mode, standard.Mode)
	if env.Attributes == nil {
		env.Attributes = standard.Attributes
	}
	if env.Clients == nil {
		env.Clients = standard.Clients
	}
	if c.Empty {
		standard.Organizations, standard.People = []mockscalekit.Organization{}, []mockscalekit.Person{}
	}
	if env.Organizations == nil {
		env.Organizations = standard.Organizations
	}
	if env.People == nil {
		env.People = standard.People
	}
	env.Clients = slices.Clone(env.Clients)
	for i := range env.Clients {
		if env.Clients[i].RedirectURIs == nil {
			env.Clients[i].RedirectURIs = callbacks
		}
	}
	return env
}

// userPools are the pools with what depends on the lab's addresses filled in.
func (c Config) userPools(u URLs, env mockscalekit.Environment, pools []mockcognito.UserPool) []mockcognito.UserPool {
	upstream := mockcognito.IdentityProvider{Issuer: u.Scalekit}
	if len(env.Clients) > 0 {
		upstream.ClientID, upstream.ClientSecret = env.Clients[0].ID, env.Clients[0].Secret
	}
	for i := range pools {
		pools[i].Providers = slices.Clone(pools[i].Providers)
		for j := range pools[i].Providers {
			if p := &pools[i].Providers[j]; p.Issuer == "" {
				p.Issuer, p.ClientID, p.ClientSecret = upstream.Issuer, upstream.ClientID, upstream.ClientSecret
			}
		}
		pools[i].Clients = slices.Clone(pools[i].Clients)
		for j := range pools[i].Clients {
			client := &pools[i].Clients[j]
			if client.ID == mockcognito.DefaultNoIdPID {
				continue
			}
			client.CallbackURLs = with(client.CallbackURLs, u.App+"/auth/callback")
			client.LogoutURLs = with(client.LogoutURLs, u.App+"/")
			if i == 0 && j == 0 {
				client.CallbackURLs = with(client.CallbackURLs, c.Callbacks...)
				client.LogoutURLs = with(client.LogoutURLs, c.SignOuts...)
			}
		}
	}
	return pools
}

// with returns list and what it lacks of more.
func with(list []string, more ...string) []string {
	out := slices.Clone(list)
	for _, s := range more {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// FaultRule switches on a way to go wrong; docs/faults.md lists them.
type FaultRule = fault.Rule
