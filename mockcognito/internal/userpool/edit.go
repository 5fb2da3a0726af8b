package userpool

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// Draft is a pool's configuration while it is being changed by Edit. Its methods change the draft alone; the pool is
// changed when all of it has been written.
type Draft struct {
	*Pool
	dir    *Directory
	origin Origin
	now    time.Time
	writes []func(context.Context) error
}

// Edit changes the configuration of one pool in one step: f works on a draft, which takes effect when the store has
// accepted it. If f answers an error nothing changes and that error is returned. f must not change the directory.
//
// A change of several records is written one after the other. Should the store refuse one in the midst, the change is not
// in effect and the error says so; what was written before it takes effect at the next Open, made whole there.
func (d *Directory) Edit(ctx context.Context, poolID string, f func(*Draft) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.current.Load()
	p := current.Pool(poolID)
	if p == nil {
		return noPool(poolID)
	}
	draft := d.draft(p, ByAPI)
	if err := f(draft); err != nil {
		return err
	}
	if err := draft.write(ctx); err != nil {
		return err
	}
	draft.derive()
	d.publish(current.with(poolID, draft.Pool))
	return nil
}

func noPool(id string) error {
	return Errorf(ResourceNotFound, "User pool %s does not exist.", id)
}

// draft copies p; the objects are shared, as they never change.
func (d *Directory) draft(p *Pool, origin Origin) *Draft {
	c := *p
	c.domains, c.clients, c.providers = maps.Clone(p.domains), maps.Clone(p.clients), maps.Clone(p.providers)
	c.servers, c.groups, c.brandings = maps.Clone(p.servers), maps.Clone(p.groups), maps.Clone(p.brandings)
	return &Draft{Pool: &c, dir: d, origin: origin, now: d.today()}
}

func (d *Draft) write(ctx context.Context) error {
	for _, w := range d.writes {
		if err := w(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot is the configuration of the service before this change.
func (d *Draft) Snapshot() *Snapshot { return d.dir.current.Load() }

// set puts an object into a map of the draft and into its table.
func set[T any, P interface {
	*T
	stamp(*Meta, Origin, func() int64, time.Time)
	meta() *Meta
}](d *Draft, m *map[string]P, table store.Table[T], name string, o T) {
	var old *Meta
	if have := (*m)[name]; have != nil {
		old = have.meta()
	}
	p := P(&o)
	p.stamp(old, d.origin, d.dir.nextOrder, d.now)
	put(m, name, p)
	key := d.ID + "/" + name
	d.writes = append(d.writes, func(ctx context.Context) error { return table.Put(ctx, key, *p, noExpiry) })
}

func (m *Meta) meta() *Meta { return m }

// drop takes an object out of a map of the draft and out of its table.
func drop[T, P any](d *Draft, m map[string]P, table store.Table[T], name string) {
	delete(m, name)
	key := d.ID + "/" + name
	d.writes = append(d.writes, func(ctx context.Context) error { return table.Delete(ctx, key) })
}

// SetUserPool replaces the settings. Id, origin and dates stay.
func (d *Draft) SetUserPool(p UserPool) {
	old := d.UserPool.Meta
	p.ID = d.ID
	p.stamp(&old, d.origin, d.dir.nextOrder, d.now)
	d.UserPool = p
	users := d.Users
	d.writes = append(d.writes, func(ctx context.Context) error {
		if err := d.dir.tables.pools.Put(ctx, p.ID, p, noExpiry); err != nil {
			return err
		}
		users.setRules(&p)
		return nil
	})
}

// PutDomain makes or replaces a domain.
func (d *Draft) PutDomain(o Domain) {
	o.PoolID = d.ID
	set(d, &d.domains, d.dir.tables.domains, o.Name, o)
}

// DeleteDomain deletes a domain.
func (d *Draft) DeleteDomain(name string) { drop(d, d.domains, d.dir.tables.domains, name) }

// PutClient makes or replaces an app client.
func (d *Draft) PutClient(o AppClient) {
	o.PoolID = d.ID
	set(d, &d.clients, d.dir.tables.clients, o.ID, o)
}

// DeleteClient deletes an app client and the style of its pages.
func (d *Draft) DeleteClient(id string) {
	drop(d, d.clients, d.dir.tables.clients, id)
	if b := d.BrandingOf(id); b != nil {
		d.DeleteBranding(b.ID)
	}
}

// PutProvider makes or replaces an identity provider.
func (d *Draft) PutProvider(o IdentityProvider) {
	o.PoolID = d.ID
	set(d, &d.providers, d.dir.tables.providers, o.Name, o)
}

// DeleteProvider deletes an identity provider, which goes from the app clients that had it too. Its users stay.
func (d *Draft) DeleteProvider(name string) {
	drop(d, d.providers, d.dir.tables.providers, name)
	for _, c := range ordered(d.clients) {
		if slices.Contains(c.IdentityProviders, name) {
			changed := *c
			changed.IdentityProviders = slices.DeleteFunc(slices.Clone(c.IdentityProviders), func(have string) bool { return have == name })
			d.PutClient(changed)
		}
	}
}

// PutResourceServer makes or replaces a resource server.
func (d *Draft) PutResourceServer(o ResourceServer) {
	o.PoolID = d.ID
	set(d, &d.servers, d.dir.tables.servers, o.Identifier, o)
}

// DeleteResourceServer deletes a resource server.
func (d *Draft) DeleteResourceServer(identifier string) {
	drop(d, d.servers, d.dir.tables.servers, identifier)
}

// PutGroup makes or replaces a group.
func (d *Draft) PutGroup(o Group) {
	o.PoolID = d.ID
	set(d, &d.groups, d.dir.tables.groups, o.Name, o)
}

// DeleteGroup deletes a group; its users are members no more.
func (d *Draft) DeleteGroup(name string) {
	drop(d, d.groups, d.dir.tables.groups, name)
	users := d.Users
	d.writes = append(d.writes, func(ctx context.Context) error { return users.leave(ctx, name) })
}

// PutBranding makes or replaces a style.
func (d *Draft) PutBranding(o Branding) {
	o.PoolID = d.ID
	set(d, &d.brandings, d.dir.tables.brandings, o.ID, o)
}

// DeleteBranding deletes a style.
func (d *Draft) DeleteBranding(id string) { drop(d, d.brandings, d.dir.tables.brandings, id) }

// CreatePool makes a pool without anything in it.
func (d *Directory) CreatePool(ctx context.Context, p UserPool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.current.Load()
	if current.Pool(p.ID) != nil {
		return Errorf(InvalidParameter, "User pool %s exists already.", p.ID)
	}
	draft := d.newPool(p, ByAPI)
	if err := draft.write(ctx); err != nil {
		return err
	}
	draft.derive()
	d.publish(current.with(p.ID, draft.Pool))
	return nil
}

func (d *Directory) newPool(p UserPool, origin Origin) *Draft {
	now := d.today()
	p.stamp(nil, origin, d.nextOrder, now)
	pool := &Pool{UserPool: p}
	pool.Users = newUsers(d, &p)
	draft := &Draft{Pool: pool, dir: d, origin: origin, now: now}
	draft.writes = []func(context.Context) error{func(ctx context.Context) error { return d.tables.pools.Put(ctx, p.ID, p, noExpiry) }}
	return draft
}

// DeletePool deletes a pool with all that is in it.
func (d *Directory) DeletePool(ctx context.Context, id string, check func(*Pool) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.current.Load()
	p := current.Pool(id)
	if p == nil {
		return noPool(id)
	}
	if err := check(p); err != nil {
		return err
	}
	if err := d.deletePool(ctx, p); err != nil {
		return err
	}
	d.publish(current.with(id, nil))
	return nil
}

// deletePool deletes the records of a pool, its own first: should the rest be interrupted, Open drops it.
func (d *Directory) deletePool(ctx context.Context, p *Pool) error {
	if err := d.tables.pools.Delete(ctx, p.ID); err != nil {
		return err
	}
	p.Users.close()
	prefix := p.ID + "/"
	return errors.Join(
		clearTable(ctx, d.tables.domains, prefix), clearTable(ctx, d.tables.clients, prefix), clearTable(ctx, d.tables.providers, prefix),
		clearTable(ctx, d.tables.servers, prefix), clearTable(ctx, d.tables.groups, prefix), clearTable(ctx, d.tables.brandings, prefix),
		clearTable(ctx, d.tables.users, prefix), clearTable(ctx, d.tables.generations, prefix),
	)
}
