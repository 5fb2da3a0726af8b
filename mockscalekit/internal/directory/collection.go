package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// Collection is all objects of one kind.
type Collection[T any] struct {
	d       *Directory
	schema  schema[T]
	table   store.Table[T]
	objects *table[*T]
	last    int64 // order of the newest object that the API made; the writer's
}

// schema is what is particular to a kind.
type schema[T any] struct {
	kind   Kind
	plural string // names the table of the store
	id     func(*T) *string
	meta   func(*T) *Meta
	org    func(*T) string // the organization it belongs to; nil: none
	prefix func(d *Directory, v *T) string
	check  func(d *Directory, v *T) error                 // fills in defaults; refuses what is not valid
	enter  func(d *Directory, v *T) error                 // into the indexes; refuses what is taken
	exit   func(d *Directory, v *T)                       // out of the indexes
	cut    func(d *Directory, id string, by Origin) error // deletes what cannot be without it
	keep   func(old, declared *T)                         // what a changed declaration leaves as it is
}

var never time.Time // an expiry

// apiOrder is above the places of declared objects.
const apiOrder = 1 << 32

func newCollection[T any](d *Directory, o Options, s schema[T]) *Collection[T] {
	return &Collection[T]{d: d, schema: s, table: store.NewTable[T](o.Store, tableName(o.Name, s.plural)), objects: newTable[*T](), last: apiOrder}
}

// Get returns an object, or ErrNotFound. It must not be changed.
func (c *Collection[T]) Get(id string) (T, error) {
	c.d.mu.RLock()
	v, ok := c.objects.live[id]
	c.d.mu.RUnlock()
	if !ok {
		var zero T
		return zero, c.missing(id)
	}
	return *v, nil
}

func (c *Collection[T]) missing(id string) error {
	return refuse(ErrNotFound, "no %s %q", c.schema.kind, id)
}

// List returns the objects that match, in order; a nil match is all. They must not be changed.
func (c *Collection[T]) List(match func(*T) bool) []T {
	c.d.mu.RLock()
	var found []*T
	for _, v := range c.objects.live {
		if match == nil || match(v) {
			found = append(found, v)
		}
	}
	c.d.mu.RUnlock()
	slices.SortFunc(found, func(a, b *T) int {
		return compare(*c.schema.meta(a), *c.schema.meta(b), *c.schema.id(a), *c.schema.id(b))
	})
	out := make([]T, len(found))
	for i, v := range found {
		out[i] = *v
	}
	return out
}

// Len is how many objects there are.
func (c *Collection[T]) Len() int {
	c.d.mu.RLock()
	defer c.d.mu.RUnlock()
	return len(c.objects.live)
}

// Create adds an object made by the API and returns it with its id and times. An id that is given is kept.
// ErrInvalid and ErrConflict say why not.
func (c *Collection[T]) Create(ctx context.Context, v T) (T, error) {
	var made *T
	err := c.d.write(ctx, func() (err error) {
		c.last++
		*c.schema.meta(&v) = Meta{Origin: API, Order: c.last}
		made, err = c.insert(&v, API)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return *made, nil
}

// Update changes an object: f is given a copy to change as it likes, but for its id and Meta. An error of f is returned and
// nothing changes.
func (c *Collection[T]) Update(ctx context.Context, id string, f func(v *T) error) (T, error) {
	var made *T
	err := c.d.write(ctx, func() error {
		old, ok := c.objects.see(id)
		if !ok {
			return c.missing(id)
		}
		v, err := c.copy(old)
		if err != nil {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
		*c.schema.id(v), *c.schema.meta(v) = id, *c.schema.meta(old)
		made, err = c.replace(old, v, API)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return *made, nil
}

// Delete takes an object out, with everything that cannot be without it.
func (c *Collection[T]) Delete(ctx context.Context, id string) error {
	return c.d.write(ctx, func() error { return c.delete(id, API) })
}

// copy is a deep copy, as the store would give it back.
func (c *Collection[T]) copy(v *T) (*T, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a %s: %w", c.schema.kind, err)
	}
	out := new(T)
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", c.schema.kind, err)
	}
	return out, nil
}

// insert drafts a new object.
func (c *Collection[T]) insert(v *T, by Origin) (*T, error) {
	id, meta := c.schema.id(v), c.schema.meta(v)
	if *id == "" {
		*id = c.d.env.Sonyflake(c.schema.prefix(c.d, v))
	}
	if _, taken := c.objects.see(*id); taken {
		return nil, refuse(ErrConflict, "there is a %s %q already", c.schema.kind, *id)
	}
	now := c.d.now()
	if meta.Created.IsZero() {
		meta.Created = bornAt(*id, now)
	}
	meta.Updated = now
	v, err := c.enter(v)
	if err != nil {
		return nil, err
	}
	c.d.events = append(c.d.events, c.event(Created, nil, v, by))
	return v, nil
}

// replace drafts another object in the place of old.
func (c *Collection[T]) replace(old, v *T, by Origin) (*T, error) {
	c.exit(old)
	meta := c.schema.meta(v)
	meta.Created, meta.Updated = c.schema.meta(old).Created, c.d.now()
	v, err := c.enter(v)
	if err != nil {
		return nil, err
	}
	c.d.events = append(c.d.events, c.event(Updated, old, v, by))
	return v, nil
}

// enter checks a copy of v and drafts it.
func (c *Collection[T]) enter(v *T) (*T, error) {
	v, err := c.copy(v)
	if err != nil {
		return nil, err
	}
	if err := c.schema.check(c.d, v); err != nil {
		return nil, err
	}
	if err := c.admit(v); err != nil {
		return nil, err
	}
	id := *c.schema.id(v)
	c.d.after[c.schema.plural+"/"+id] = func(ctx context.Context) error { return c.table.Put(ctx, id, *v, never) }
	return v, nil
}

// admit puts an object that was checked into the draft and its indexes.
func (c *Collection[T]) admit(v *T) error {
	if c.schema.enter != nil {
		if err := c.schema.enter(c.d, v); err != nil {
			return err
		}
	}
	id := *c.schema.id(v)
	if c.schema.org != nil {
		c.d.join(c.schema.org(v), id)
	}
	c.touch(id)
	c.objects.put(id, v)
	return nil
}

// touch has the view of an organization made anew.
func (c *Collection[T]) touch(id string) {
	if c.schema.kind == KindOrganization {
		c.d.touched[id] = true
	}
}

// exit takes an object out of the indexes.
func (c *Collection[T]) exit(v *T) {
	if c.schema.exit != nil {
		c.schema.exit(c.d, v)
	}
	if c.schema.org != nil {
		c.d.leave(c.schema.org(v), *c.schema.id(v))
	}
}

func (c *Collection[T]) delete(id string, by Origin) error {
	v, ok := c.objects.see(id)
	if !ok {
		return c.missing(id)
	}
	if a, ok := any(v).(*Attribute); ok && a.Fixed {
		return refuse(ErrInvalid, "the attribute %s is fixed and stays", id)
	}
	return c.drop(id, by)
}

// drop drafts the deletion of an object that is there.
func (c *Collection[T]) drop(id string, by Origin) error {
	v, _ := c.objects.see(id)
	if c.schema.cut != nil {
		if err := c.schema.cut(c.d, id, by); err != nil {
			return err
		}
	}
	c.exit(v)
	c.objects.drop(id)
	c.touch(id)
	c.d.after[c.schema.plural+"/"+id] = func(ctx context.Context) error { return c.table.Delete(ctx, id) }
	c.d.events = append(c.d.events, c.event(Deleted, v, nil, by))
	return nil
}

func (c *Collection[T]) event(action Action, before, after *T, by Origin) Event {
	e := Event{Action: action, Kind: c.schema.kind, By: by, At: c.d.now()}
	about := after
	if before != nil {
		e.Before = *before
		about = before
	}
	if after != nil {
		e.After = *after
		about = after
	}
	e.ID = *c.schema.id(about)
	switch {
	case c.schema.kind == KindOrganization:
		e.OrganizationID = e.ID
	case c.schema.org != nil:
		e.OrganizationID = c.schema.org(about)
	}
	return e
}

// load drafts what the store holds.
func (c *Collection[T]) load(ctx context.Context) error {
	return c.table.Scan(ctx, func(_ string, v T) error {
		if meta := c.schema.meta(&v); meta.Order > c.last {
			c.last = meta.Order
		}
		return c.admit(&v)
	})
}

func (c *Collection[T]) finish(commit bool) { end(c.objects, commit) }

func (c *Collection[T]) name() Kind { return c.schema.kind }

// forget drafts the deletion of everything.
func (c *Collection[T]) forget(ctx context.Context) error {
	for id := range c.objects.live {
		v, ok := c.objects.see(id)
		if !ok {
			continue
		}
		c.exit(v)
		c.objects.drop(id)
		c.touch(id)
		c.d.after[c.schema.plural+"/"+id] = func(ctx context.Context) error { return c.table.Delete(ctx, id) }
	}
	c.last = apiOrder
	return ctx.Err()
}

// bornAt is when an id was made, which a Sonyflake tells: centiseconds since 2024 in its upper bits. An id of another form was
// made now.
func bornAt(id string, now time.Time) time.Time {
	n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '_')+1:], 10, 64)
	if err != nil || n>>24 == 0 {
		return now
	}
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n>>24) * 10 * time.Millisecond)
	if at.After(now) {
		return now
	}
	return at
}
