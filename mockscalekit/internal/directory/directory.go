package directory

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
)

// Directory is the live state of one environment. It is safe for concurrent use.
type Directory struct {
	Clients       *Collection[Client]
	Organizations *Collection[Organization]
	Connections   *Collection[Connection]
	Domains       *Collection[Domain]
	Users         *Collection[User]
	Roles         *Collection[Role]
	Attributes    *Collection[Attribute]

	env        *lab.Env
	production bool
	digests    store.Table[digest]

	writing sync.Mutex                             // one writer at a time; guards the drafts, observers and what a write has collected
	after   map[string]func(context.Context) error // what to store, by table and key: the last word on each
	events  []Event
	touched map[string]bool // organizations whose view is to be made anew
	reborn  map[string]bool // declared organizations that Apply makes

	observing sync.Mutex // guards observers and keeps events in order
	observers []Observer

	mu         sync.RWMutex     // guards the live side of the tables
	routes     *table[string]   // lower-case name of a domain that routes → its id
	byExternal *table[string]   // organizations
	bySlug     *table[string]   // organizations
	byEmail    *table[string]   // users, lower case
	byUserExt  *table[string]   // users
	byRole     *table[string]   // roles by name
	members    *table[[]string] // organization → ids of its domains and connections, in no order
	views      *table[*View]    // by organization; "" is the environment
	declared   *table[string]   // kind/id → digest of its declaration
	keys       []string         // of the attributes, in order
}

// Options says where a directory keeps its data.
type Options struct {
	Env        *lab.Env
	Store      store.Backend
	Name       string // of the environment among those of the store: names its tables
	Production bool   // ids of clients begin with prd_
}

// View is an organization with what routes to it and through it, as of one moment. The view "" is the environment, with its
// social connections. It must not be changed.
type View struct {
	Organization Organization
	Domains      []Domain
	Connections  []Connection
}

// Open returns the directory that the store holds, empty in an empty store.
func Open(ctx context.Context, o Options) (*Directory, error) {
	d := &Directory{
		env: o.Env, production: o.Production, touched: map[string]bool{}, after: map[string]func(context.Context) error{},
		digests: store.NewTable[digest](o.Store, tableName(o.Name, "declared")),
		routes:  newTable[string](), byExternal: newTable[string](), bySlug: newTable[string](),
		byEmail: newTable[string](), byUserExt: newTable[string](), byRole: newTable[string](), members: newTable[[]string](),
		views: newTable[*View](), declared: newTable[string](),
	}
	d.Roles = newCollection(d, o, roleSchema())
	d.Attributes = newCollection(d, o, attributeSchema())
	d.Clients = newCollection(d, o, clientSchema())
	d.Organizations = newCollection(d, o, organizationSchema())
	d.Connections = newCollection(d, o, connectionSchema())
	d.Domains = newCollection(d, o, domainSchema())
	d.Users = newCollection(d, o, userSchema())
	return d, d.load(ctx)
}

func tableName(environment, kind string) string { return "scalekit." + environment + "." + kind }

// collections are in the order in which objects refer to each other: what is referred to comes first.
func (d *Directory) collections() []kindOf {
	return []kindOf{d.Roles, d.Attributes, d.Clients, d.Organizations, d.Connections, d.Domains, d.Users}
}

// kindOf is what Directory does with a Collection of any type.
type kindOf interface {
	load(ctx context.Context) error
	finish(commit bool)
	forget(ctx context.Context) error
	remove(id string) error
	name() Kind
}

// load reads the store.
func (d *Directory) load(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	for _, c := range d.collections() {
		if err := c.load(ctx); err != nil {
			d.finish(false)
			return err
		}
	}
	err := d.digests.Scan(ctx, func(key string, v digest) error {
		d.declared.put(key, v.SHA256)
		return nil
	})
	if err != nil {
		d.finish(false)
		return err
	}
	d.touched[""] = true
	d.finish(true)
	return nil
}

// write runs f, the body of one change, and commits it: to the store, then to memory, then to the observers. If f or the
// store fails nothing changes in memory.
//
// The store has no transaction over several records. A write that fails half-way leaves in the store what came before; the
// next start loads it, and Apply reconciles what is declared.
func (d *Directory) write(ctx context.Context, f func() error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	err := f()
	if err == nil {
		err = d.save(ctx)
	}
	events := d.finish(err == nil)
	if err == nil {
		d.tell(ctx, events)
	}
	return err
}

// save stores what a write has collected, much of it at once: a backend that writes to disk puts what comes together into one
// transaction.
func (d *Directory) save(ctx context.Context) error {
	const atOnce = 256
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, store := range d.after {
		group.Go(func() error { return store(ctx) })
	}
	return group.Wait()
}

// finish makes the draft live, or forgets it.
func (d *Directory) finish(commit bool) []Event {
	if commit {
		for id := range d.touched {
			d.draftView(id)
		}
	}
	listed := len(d.Attributes.objects.draft) == 0 || !commit
	d.mu.Lock()
	for _, c := range d.collections() {
		c.finish(commit)
	}
	for _, t := range []*table[string]{d.routes, d.byExternal, d.bySlug, d.byEmail, d.byUserExt, d.byRole, d.declared} {
		end(t, commit)
	}
	end(d.members, commit)
	end(d.views, commit)
	d.mu.Unlock()
	if !listed {
		keys := []string{}
		for _, a := range d.Attributes.List(nil) {
			keys = append(keys, a.Key)
		}
		d.mu.Lock()
		d.keys = keys
		d.mu.Unlock()
	}
	events := d.events
	d.events = nil
	clear(d.after)
	clear(d.touched)
	return events
}

func end[V any](t *table[V], commit bool) {
	if commit {
		t.flush()
	} else {
		t.discard()
	}
}

// draftView puts together what an organization consists of.
func (d *Directory) draftView(id string) {
	v := &View{}
	if id != "" {
		o, ok := d.Organizations.objects.see(id)
		if !ok {
			d.views.drop(id)
			return
		}
		v.Organization = *o
	}
	members, _ := d.members.see(id)
	for _, m := range members {
		if c, ok := d.Connections.objects.see(m); ok {
			v.Connections = append(v.Connections, *c)
		} else if domain, ok := d.Domains.objects.see(m); ok {
			v.Domains = append(v.Domains, *domain)
		}
	}
	slices.SortFunc(v.Connections, func(a, b Connection) int { return compare(a.Meta, b.Meta, a.ID, b.ID) })
	slices.SortFunc(v.Domains, func(a, b Domain) int { return compare(a.Meta, b.Meta, a.ID, b.ID) })
	d.views.put(id, v)
}

// join and leave keep the list of what belongs to an organization.
func (d *Directory) join(organizationID, id string) {
	members, _ := d.members.see(organizationID)
	d.members.put(organizationID, append(slices.Clone(members), id))
	d.touched[organizationID] = true
}

func (d *Directory) leave(organizationID, id string) {
	members, _ := d.members.see(organizationID)
	left := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == id })
	if len(left) == 0 {
		d.members.drop(organizationID)
	} else {
		d.members.put(organizationID, left)
	}
	d.touched[organizationID] = true
}

// View returns an organization with its domains and connections; the id "" is the environment's own.
func (d *Directory) View(organizationID string) (*View, error) {
	d.mu.RLock()
	v, ok := d.views.live[organizationID]
	d.mu.RUnlock()
	if !ok {
		return nil, refuse(ErrNotFound, "no organization %q", organizationID)
	}
	return v, nil
}

// OfDomain returns the organization that a domain routes to. The whole name is compared, without regard to case: a sub-domain
// is another domain.
func (d *Directory) OfDomain(name string) (*View, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	d.mu.RLock()
	defer d.mu.RUnlock()
	if id, ok := d.routes.live[name]; ok {
		return d.views.live[d.Domains.objects.live[id].OrganizationID], nil
	}
	return nil, refuse(ErrNotFound, "no organization has the verified domain %q", name)
}

// OfConnection returns a connection and the organization it belongs to, or the environment's own view.
func (d *Directory) OfConnection(id string) (*View, Connection, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c, ok := d.Connections.objects.live[id]
	if !ok {
		return nil, Connection{}, refuse(ErrNotFound, "no connection %q", id)
	}
	return d.views.live[c.OrganizationID], *c, nil
}

// RoutingDomains are the names of at most n domains that route, sorted, and how many there are.
func (d *Directory) RoutingDomains(n int) (names []string, total int) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for name := range d.routes.live {
		names = append(names, name)
	}
	total = len(names)
	slices.Sort(names)
	return names[:min(n, total)], total
}

// AttributeKeys are the keys of the list of SSO attributes, in order. They must not be changed.
func (d *Directory) AttributeKeys() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.keys
}

// OrganizationByExternalID returns the organization that the team knows by that id.
func (d *Directory) OrganizationByExternalID(id string) (Organization, error) {
	return byIndex(d, d.byExternal, d.Organizations, id, "no organization with the external id %q", id)
}

// UserByEmail returns the user with that address, compared without regard to case.
func (d *Directory) UserByEmail(email string) (User, error) {
	return byIndex(d, d.byEmail, d.Users, strings.ToLower(email), "no user %q", email)
}

// UserByExternalID returns the user that the team knows by that id.
func (d *Directory) UserByExternalID(id string) (User, error) {
	return byIndex(d, d.byUserExt, d.Users, id, "no user with the external id %q", id)
}

// RoleByName returns the role of that name.
func (d *Directory) RoleByName(name string) (Role, error) {
	return byIndex(d, d.byRole, d.Roles, name, "no role %q", name)
}

func byIndex[T any](d *Directory, index *table[string], c *Collection[T], key, format string, args ...any) (T, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if id, ok := index.live[key]; ok {
		return *c.objects.live[id], nil
	}
	var zero T
	return zero, refuse(ErrNotFound, format, args...)
}

func compare(a, b Meta, idA, idB string) int {
	switch {
	case a.Order != b.Order:
		return int(min(max(a.Order-b.Order, -1), 1))
	case !a.Created.Equal(b.Created):
		return a.Created.Compare(b.Created)
	}
	return strings.Compare(idA, idB)
}

// now is when a write happens: whole microseconds, which the store keeps.
func (d *Directory) now() time.Time { return d.env.Now().UTC().Truncate(time.Microsecond) }
