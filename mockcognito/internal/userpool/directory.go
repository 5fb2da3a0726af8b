package userpool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
)

// Directory is the live state of a Cognito service. It is safe for concurrent use.
type Directory struct {
	env     *lab.Env
	tables  tables
	changed func(*Snapshot)
	outbox  *Outbox
	current atomic.Pointer[Snapshot]

	mu       sync.Mutex // one change of the configuration at a time; guards the fields below
	order    int64
	declared Declaration // of the last Apply
}

// Options are what Open needs.
type Options struct {
	Env   *lab.Env
	Store store.Backend
	// Transient keeps the messages of the Outbox; nil means Store.
	Transient store.Backend
	// Changed is told of each new snapshot before the change that made it is acknowledged. Calls come one after the
	// other; it must not change the directory. nil: nobody is told.
	Changed func(*Snapshot)
}

// tables are where the state is kept. Keys are <pool id>/<name>, but for pools, whose key is the id.
type tables struct {
	pools     store.Table[UserPool]
	domains   store.Table[Domain]
	clients   store.Table[AppClient]
	providers store.Table[IdentityProvider]
	servers   store.Table[ResourceServer]
	groups    store.Table[Group]
	brandings store.Table[Branding]

	users       store.Table[userRecord]
	generations store.Table[int]
}

// Open returns a directory with what the store holds.
func Open(ctx context.Context, o Options) (*Directory, error) {
	if o.Transient == nil {
		o.Transient = o.Store
	}
	d := &Directory{
		env: o.Env, changed: o.Changed, outbox: newOutbox(o.Env, o.Transient),
		tables: tables{
			pools:       store.NewTable[UserPool](o.Store, "cognito.pools"),
			domains:     store.NewTable[Domain](o.Store, "cognito.domains"),
			clients:     store.NewTable[AppClient](o.Store, "cognito.clients"),
			providers:   store.NewTable[IdentityProvider](o.Store, "cognito.providers"),
			servers:     store.NewTable[ResourceServer](o.Store, "cognito.resource_servers"),
			groups:      store.NewTable[Group](o.Store, "cognito.groups"),
			brandings:   store.NewTable[Branding](o.Store, "cognito.brandings"),
			users:       store.NewTable[userRecord](o.Store, "cognito.users"),
			generations: store.NewTable[int](o.Store, "cognito.generations"),
		},
	}
	if d.changed == nil {
		d.changed = func(*Snapshot) {}
	}
	snapshot, err := d.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the user pools: %w", err)
	}
	d.publish(snapshot)
	return d, nil
}

// Snapshot is the configuration as it is now.
func (d *Directory) Snapshot() *Snapshot { return d.current.Load() }

// Outbox holds the messages that the service would have sent.
func (d *Directory) Outbox() *Outbox { return d.outbox }

func (d *Directory) publish(s *Snapshot) {
	d.current.Store(s)
	d.changed(s)
}

// today is the time as the store gives it back.
func (d *Directory) today() time.Time { return d.env.Now().UTC().Round(0) }

func (d *Directory) nextOrder() int64 {
	d.order++
	return d.order
}

// load reads the tables. Records whose pool is gone are deleted.
func (d *Directory) load(ctx context.Context) (*Snapshot, error) {
	pools := map[string]*Pool{}
	err := d.tables.pools.Scan(ctx, func(_ string, up UserPool) error {
		p := &Pool{UserPool: up}
		p.Users = newUsers(d, &p.UserPool)
		pools[up.ID] = p
		d.order = max(d.order, up.Order)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		loadTable(ctx, d, d.tables.domains, pools, func(p *Pool, o *Domain) { put(&p.domains, o.Name, o) }),
		loadTable(ctx, d, d.tables.clients, pools, func(p *Pool, o *AppClient) { put(&p.clients, o.ID, o) }),
		loadTable(ctx, d, d.tables.providers, pools, func(p *Pool, o *IdentityProvider) { put(&p.providers, o.Name, o) }),
		loadTable(ctx, d, d.tables.servers, pools, func(p *Pool, o *ResourceServer) { put(&p.servers, o.Identifier, o) }),
		loadTable(ctx, d, d.tables.groups, pools, func(p *Pool, o *Group) { put(&p.groups, o.Name, o) }),
		loadTable(ctx, d, d.tables.brandings, pools, func(p *Pool, o *Branding) { put(&p.brandings, o.ID, o) }),
		d.loadUsers(ctx, pools),
	)
	if err != nil {
		return nil, err
	}
	for _, p := range pools {
		p.dropDangling()
		p.derive()
	}
	return newSnapshot(pools), nil
}

// object is what the tables of the configuration hold.
type object interface {
	Position() int64
	poolID() string
}

func (d *Domain) poolID() string           { return d.PoolID }
func (c *AppClient) poolID() string        { return c.PoolID }
func (p *IdentityProvider) poolID() string { return p.PoolID }
func (r *ResourceServer) poolID() string   { return r.PoolID }
func (g *Group) poolID() string            { return g.PoolID }
func (b *Branding) poolID() string         { return b.PoolID }

func loadTable[T any, P interface {
	*T
	object
}](ctx context.Context, d *Directory, table store.Table[T], pools map[string]*Pool, into func(*Pool, P)) error {
	var orphans []string
	err := table.Scan(ctx, func(key string, v T) error {
		o := P(&v)
		d.order = max(d.order, o.Position())
		if p := pools[o.poolID()]; p != nil {
			into(p, o)
		} else {
			orphans = append(orphans, key)
		}
		return nil
	})
	for _, key := range orphans {
		err = errors.Join(err, table.Delete(ctx, key))
	}
	return err
}

func (d *Directory) loadUsers(ctx context.Context, pools map[string]*Pool) error {
	var orphans []string
	err := d.tables.users.Scan(ctx, func(key string, r userRecord) error {
		if p := pools[r.PoolID]; p != nil {
			p.Users.load(r.user())
		} else {
			orphans = append(orphans, key)
		}
		return nil
	})
	for _, key := range orphans {
		err = errors.Join(err, d.tables.users.Delete(ctx, key))
	}
	return err
}

func put[T any](m *map[string]T, key string, v T) {
	if *m == nil {
		*m = map[string]T{}
	}
	(*m)[key] = v
}

// dropDangling takes out what an interrupted change has left: references of app clients to providers that are gone, and
// styles of clients that are gone.
func (p *Pool) dropDangling() {
	for id, c := range p.clients {
		if kept := p.existing(c.IdentityProviders); len(kept) != len(c.IdentityProviders) {
			changed := *c
			changed.IdentityProviders = kept
			p.clients[id] = &changed
		}
	}
	for id, b := range p.brandings {
		if p.clients[b.ClientID] == nil {
			delete(p.brandings, id)
		}
	}
	p.Users.dropGroups(func(name string) bool { return p.groups[name] != nil })
}

// existing are those of the names that are the pool's providers', or COGNITO.
func (p *Pool) existing(names []string) []string {
	if names == nil {
		return nil
	}
	out := make([]string, 0, len(names))
	for _, name := range names {
		if name == CognitoProvider || p.providers[name] != nil {
			out = append(out, name)
		}
	}
	return out
}

// Reset forgets everything that was made or changed since the start and goes back to what was declared last.
func (d *Directory) Reset(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.current.Load().ordered {
		p.Users.close()
	}
	if err := d.clear(ctx); err != nil {
		return fmt.Errorf("reset the user pools: %w", err)
	}
	return d.apply(ctx, newSnapshot(nil), d.declared)
}

// clear empties the tables; the owner of the store may have done so already.
func (d *Directory) clear(ctx context.Context) error {
	return errors.Join(
		clearTable(ctx, d.tables.users, ""), clearTable(ctx, d.tables.generations, ""),
		clearTable(ctx, d.tables.brandings, ""), clearTable(ctx, d.tables.groups, ""), clearTable(ctx, d.tables.servers, ""),
		clearTable(ctx, d.tables.providers, ""), clearTable(ctx, d.tables.clients, ""), clearTable(ctx, d.tables.domains, ""),
		clearTable(ctx, d.tables.pools, ""), d.outbox.clear(ctx),
	)
}

// clearTable deletes the records whose key begins with prefix.
func clearTable[T any](ctx context.Context, table store.Table[T], prefix string) error {
	var keys []string
	err := table.Keys(ctx, func(key string) error {
		if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
			keys = append(keys, key)
		}
		return nil
	})
	var deletions errgroup.Group // at the same time: so they share what waiting for a disk costs
	deletions.SetLimit(64)
	for _, key := range keys {
		deletions.Go(func() error { return table.Delete(ctx, key) })
	}
	return errors.Join(err, deletions.Wait())
}

// noExpiry is how long the records are kept.
var noExpiry time.Time
