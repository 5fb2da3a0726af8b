package tenant

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/conformance"
)

// Model is what is known of a user pool and of what stands around it.
type Model struct {
	Pool      *UserPool
	Clients   []*Client
	Providers []*Provider
	Domains   []Domain
	Unread    []Unread // what was asked for and not answered

	Target *conformance.Target // what the app uses, and what the person knows of Scalekit; may be nil
	Probed *Probed             // what Scalekit told without a sign-in; nil: it was not asked
}

// Unread is a description that could not be had.
type Unread struct {
	Operation string // DescribeUserPool
	Name      string // of the pool, the client, the provider or the domain
	Missing   bool   // it does not exist; otherwise it could not be asked for
	Reason    string
}

// ReadDir reads every *.json file of a directory. All that is wrong is reported at once.
func ReadDir(dir string) (*Model, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the descriptions: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".json") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no *.json file", dir)
	}
	return ReadFiles(files...)
}

// ReadFiles reads descriptions as `aws cognito-idp describe-…` prints them, told apart by their content. All that is
// wrong is reported at once.
func ReadFiles(files ...string) (*Model, error) {
	m := &Model{}
	var errs []error
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("read a description: %w", err))
			continue
		}
		errs = append(errs, m.Add(file, data))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, nil
}

// kinds are the top-level members that tell descriptions apart, with the commands that print them.
func kinds() map[string]string {
	return map[string]string{
		"UserPool": "describe-user-pool", "UserPoolClient": "describe-user-pool-client",
		"IdentityProvider": "describe-identity-provider", "DomainDescription": "describe-user-pool-domain",
	}
}

// Add takes one description: the JSON that `aws cognito-idp describe-…` prints, or that the API answers. name stands in
// errors.
func (m *Model) Add(name string, data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return Problem{File: name, Message: err.Error()}
	}
	var kind []string
	for member := range kinds() {
		if _, ok := o[member]; ok {
			kind = append(kind, member)
		}
	}
	if len(kind) != 1 {
		return Problem{File: name, Message: "must be the output of one aws cognito-idp describe-… command: an object with one of UserPool, UserPoolClient, IdentityProvider, DomainDescription"}
	}
	d := &decoder{file: name}
	m.take(d, kind[0], o[kind[0]])
	return errors.Join(d.problems...)
}

func (m *Model) take(d *decoder, kind string, v any) {
	into := func(p any) { d.value(kind, v, reflect.ValueOf(p).Elem()) }
	if v == nil {
		d.bad(kind, v, "an object")
		return
	}
	raw, _ := v.(map[string]any)
	switch kind {
	case "UserPool":
		p := &UserPool{raw: raw}
		into(p)
		d.required(kind+".Id", p.ID)
		if m.Pool != nil && m.Pool.ID != p.ID {
			d.problems = append(d.problems, Problem{d.file, kind + ".Id", fmt.Sprintf("is %s, and another description is of the pool %s; give one pool", p.ID, m.Pool.ID)})
			return
		}
		m.Pool = p
	case "UserPoolClient":
		c := &Client{raw: raw}
		into(c)
		delete(raw, "ClientSecret")
		d.required(kind+".ClientId", c.ClientID)
		m.Clients = append(m.Clients, c)
	case "IdentityProvider":
		p := &Provider{}
		into(p)
		p.keepSecrets()
		d.required(kind+".ProviderName", p.ProviderName)
		m.Providers = append(m.Providers, p)
	case "DomainDescription":
		var domain Domain
		into(&domain)
		if domain.Domain == "" { // the service describes a domain that is not there so
			m.Unread = append(m.Unread, Unread{Operation: "DescribeUserPoolDomain", Missing: true, Reason: "the description is empty: no pool has the domain that was asked for"})
			return
		}
		m.Domains = append(m.Domains, domain)
	}
}

// poolID is the pool's id as far as anything tells it.
func (m *Model) poolID() string {
	switch {
	case m.Pool != nil:
		return m.Pool.ID
	case len(m.Clients) > 0:
		return m.Clients[0].UserPoolID
	case len(m.Providers) > 0:
		return m.Providers[0].UserPoolID
	}
	for _, u := range m.Unread {
		if u.Operation == "DescribeUserPool" {
			return u.Name
		}
	}
	return ""
}

// appClient is the client that the app uses; nil: not told, or not described.
func (m *Model) appClient() *Client {
	if m.Target == nil {
		return nil
	}
	i := slices.IndexFunc(m.Clients, func(c *Client) bool { return c.ClientID == m.Target.Client.ID })
	if i < 0 {
		return nil
	}
	return m.Clients[i]
}

// clients are those that a general check looks at: the app's, or all where the target does not tell.
func (m *Model) clients() []*Client {
	if c := m.appClient(); c != nil {
		return []*Client{c}
	}
	return m.Clients
}

// providerName is the name that the app asks for; empty: not told.
func (m *Model) providerName() string {
	if m.Target == nil {
		return ""
	}
	return m.Target.Provider.IdentityProvider
}

// providers are those that a check looks at: the one that the app asks for, whatever the case, or all OIDC ones.
func (m *Model) providers() []*Provider {
	want := m.providerName()
	var exact, same, all []*Provider
	for _, p := range m.Providers {
		if p.ProviderType != "OIDC" && p.ProviderType != "" {
			continue
		}
		all = append(all, p)
		if p.ProviderName == want {
			exact = append(exact, p)
		} else if strings.EqualFold(p.ProviderName, want) {
			same = append(same, p)
		}
	}
	switch {
	case len(exact) > 0:
		return exact
	case len(same) > 0:
		return same
	}
	return all
}

// scalekit is what the person knows of it; zero: nothing.
func (m *Model) scalekit() conformance.Scalekit {
	if m.Target == nil {
		return conformance.Scalekit{}
	}
	return m.Target.Scalekit
}

// domainURLs are the base URLs that people may come in by, the app's first.
func (m *Model) domainURLs() []string {
	var out []string
	if m.Target != nil && m.Target.Domain != "" {
		out = append(out, strings.TrimSuffix(m.Target.Domain, "/"))
		if isLab(m.Target.Domain) { // the names of the pool's domains are not in use
			return out
		}
	}
	for _, d := range m.Domains {
		out = append(out, "https://"+d.host())
	}
	if m.Pool != nil {
		for _, name := range []string{m.Pool.Domain, m.Pool.CustomDomain} {
			if name != "" {
				out = append(out, "https://"+domainHost(name, region(m.Pool.ID)))
			}
		}
	}
	var unique []string
	for _, u := range out {
		if !slices.Contains(unique, u) {
			unique = append(unique, u)
		}
	}
	return unique
}
