package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
)

// Declaration is the configuration that a lab declares.
type Declaration struct{ Pools []DeclaredPool }

// DeclaredPool is a pool with what is in it.
type DeclaredPool struct {
	Settings        UserPool
	Domains         []Domain
	Clients         []AppClient
	Providers       []IdentityProvider
	ResourceServers []ResourceServer
	Groups          []Group
	Brandings       []Branding
	Users           []DeclaredUser
}

// DeclaredUser is a user who is made where there is none of that name; one who is there is left alone.
type DeclaredUser struct {
	User
	Clear string // password; empty: none
}

// Apply brings the declared part of the configuration into the declared form: what lacks is made, what differs is
// replaced, what was declared before and is no more is deleted, a pool with all that is in it. What was made by the API
// is left alone; a declaration that would have to replace it is refused as a whole, with every such place named. Users
// are made, never changed or deleted.
func (d *Directory) Apply(ctx context.Context, decl Declaration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.apply(ctx, d.current.Load(), decl); err != nil {
		return err
	}
	d.declared = decl
	return nil
}

func (d *Directory) apply(ctx context.Context, from *Snapshot, decl Declaration) error {
	if err := conflicts(from, decl); err != nil {
		return err
	}
	pools := maps.Clone(from.pools)
	if pools == nil {
		pools = map[string]*Pool{}
	}
	var drafts []*Draft
	declared := map[string]bool{}
	for _, p := range decl.Pools {
		declared[p.Settings.ID] = true
		draft := d.declare(from.Pool(p.Settings.ID), p)
		drafts = append(drafts, draft)
		pools[draft.ID] = draft.Pool
	}
	for _, p := range from.ordered {
		if p.Origin == Declared && !declared[p.ID] {
			if err := d.deletePool(ctx, p); err != nil {
				return err
			}
			delete(pools, p.ID)
		}
	}
	for _, draft := range drafts {
		if err := draft.write(ctx); err != nil {
			return err
		}
		draft.derive()
	}
	d.publish(newSnapshot(pools))
	for i, draft := range drafts {
		for _, u := range decl.Pools[i].Users {
			if err := d.declareUser(ctx, draft.Pool, u); err != nil {
				return fmt.Errorf("user %s of pool %s: %w", u.Username, draft.ID, err)
			}
		}
	}
	return nil
}

// declare is the draft that brings a pool, or a new one for nil, into its declared form.
func (d *Directory) declare(p *Pool, decl DeclaredPool) *Draft {
	var draft *Draft
	if p == nil {
		draft = d.newPool(decl.Settings, Declared)
	} else {
		draft = d.draft(p, Declared)
		if !same(decl.Settings, p.UserPool) {
			draft.SetUserPool(decl.Settings)
		}
	}
	reconcile(draft.providers, decl.Providers, draft.PutProvider, draft.DeleteProvider)
	reconcile(draft.servers, decl.ResourceServers, draft.PutResourceServer, draft.DeleteResourceServer)
	reconcile(draft.clients, decl.Clients, draft.PutClient, draft.DeleteClient)
	reconcile(draft.domains, decl.Domains, draft.PutDomain, draft.DeleteDomain)
	reconcile(draft.groups, decl.Groups, draft.PutGroup, draft.DeleteGroup)
	// A style that the API has made for a client goes before the declared one: a client has one.
	styles := slices.DeleteFunc(slices.Clone(decl.Brandings), func(b Branding) bool {
		have := draft.BrandingOf(b.ClientID)
		return have != nil && have.Origin == ByAPI
	})
	reconcile(draft.brandings, styles, draft.PutBranding, draft.DeleteBranding)
	return draft
}

// declarable is an object of a declaration.
type declarable[T any] interface {
	*T
	meta() *Meta
	name() string
}

// reconcile deletes what is declared no more, and puts what lacks or differs.
func reconcile[T any, P declarable[T]](have map[string]P, want []T, put func(T), drop func(string)) {
	wanted := map[string]bool{}
	for i := range want {
		wanted[P(&want[i]).name()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if have[name].meta().Origin == Declared && !wanted[name] {
			drop(name)
		}
	}
	for i := range want {
		old := have[P(&want[i]).name()]
		if old == nil || !same(want[i], *old) {
			put(want[i])
		}
	}
}

func (d *Domain) name() string           { return d.Name }
func (c *AppClient) name() string        { return c.ID }
func (p *IdentityProvider) name() string { return p.Name }
func (r *ResourceServer) name() string   { return r.Identifier }
func (g *Group) name() string            { return g.Name }
func (b *Branding) name() string         { return b.ID }

// same compares two objects but for what the directory sets itself.
func same[T any](want, have T) bool {
	w, h := reflect.ValueOf(&want).Elem(), reflect.ValueOf(&have).Elem()
	for _, field := range []string{"Meta", "PoolID"} {
		if f := w.FieldByName(field); f.IsValid() {
			f.SetZero()
			h.FieldByName(field).SetZero()
		}
	}
	return reflect.DeepEqual(want, have)
}

// conflicts are the places where a declaration meets what the API has made.
func conflicts(from *Snapshot, decl Declaration) error {
	var errs []error
	made := func(place, what, name string) {
		errs = append(errs, fmt.Errorf("%s: %s %q was made by the user pools API and is not declared; delete it there, or declare another", place, what, name))
	}
	for i, p := range decl.Pools {
		place := fmt.Sprintf("user_pools[%d]", i)
		have := from.Pool(p.Settings.ID)
		if have != nil && have.Origin == ByAPI {
			made(place, "user pool", p.Settings.ID)
			continue
		}
		for _, c := range p.Clients {
			if in := from.PoolOfClient(c.ID); in != nil && in.clients[c.ID].Origin == ByAPI {
				made(place, "app client", c.ID)
			}
		}
		for _, dom := range p.Domains {
			if in, d := from.Domain(p.Settings.Region(), dom.Name); in != nil && d.Origin == ByAPI {
				made(place, "domain", dom.Name)
			}
		}
		if have == nil {
			continue
		}
		for _, idp := range p.Providers {
			if o := have.providers[idp.Name]; o != nil && o.Origin == ByAPI {
				made(place, "identity provider", idp.Name)
			}
		}
		for _, r := range p.ResourceServers {
			if o := have.servers[r.Identifier]; o != nil && o.Origin == ByAPI {
				made(place, "resource server", r.Identifier)
			}
		}
		for _, g := range p.Groups {
			if o := have.groups[g.Name]; o != nil && o.Origin == ByAPI {
				made(place, "group", g.Name)
			}
		}
	}
	return errors.Join(errs...)
}

// declareUser makes a declared user.
func (d *Directory) declareUser(ctx context.Context, p *Pool, decl DeclaredUser) error {
	if p.Users.Find(decl.Username) != nil {
		return nil
	}
	_, err := p.CreateUser(ctx, decl.User, func(u *User) (err error) {
		if decl.Clear != "" {
			u.Password, err = d.NewPassword(p, u, decl.Clear)
		}
		return err
	})
	return err
}

// NewPassword is the record of a password that is set now for a user of p.
func (d *Directory) NewPassword(p *Pool, u *User, clear string) (*Password, error) {
	return NewPassword(d.env.Bytes(passwordSalt), p.ID, u.Username, clear, p.Passwords(), u.Password, d.today())
}

// CreateUser makes a user of the pool's own. In a pool with UsernameAttributes the name is an attribute, and the user's
// own name is the sub. finish, which may be nil, sees the user with its final name.
func (p *Pool) CreateUser(ctx context.Context, u User, finish func(*User) error) (*User, error) {
	if len(p.UsernameAttributes) > 0 {
		attribute, err := p.usernameAttribute(u.Username)
		if err != nil {
			return nil, err
		}
		u.Attributes = u.Attributes.With(attribute, u.Username)
	}
	return p.Users.Create(ctx, u, func(u *User, generation int) error {
		u.Sub = p.Sub(u.Username, CognitoProvider, u.Username, generation)
		if len(p.UsernameAttributes) > 0 {
			u.Username = u.Sub
		}
		if finish == nil {
			return nil
		}
		return finish(u)
	})
}

// usernameAttribute is the attribute that a name is the value of, in a pool with UsernameAttributes.
func (p *Pool) usernameAttribute(name string) (string, error) {
	email, phone := slices.Contains(p.UsernameAttributes, "email"), slices.Contains(p.UsernameAttributes, "phone_number")
	switch {
	case email && emailForm.MatchString(name):
		return "email", nil
	case phone && phoneForm.MatchString(name):
		return "phone_number", nil
	case email && phone:
		return "", Errorf(InvalidParameter, "Username should be either an email or a phone number.")
	case email:
		return "", Errorf(InvalidParameter, "Username should be an email.")
	}
	return "", Errorf(InvalidParameter, "Username should be a phone number.")
}

// Forms of the two attributes that can be names, as far as the service looks at them.
var (
	emailForm = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	phoneForm = regexp.MustCompile(`^\+[0-9]{1,15}$`)
)
