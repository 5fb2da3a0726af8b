package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Declaration is what the configuration says an environment has. Every object has its id. Origin and Order are Apply's.
type Declaration struct {
	Clients       []Client
	Organizations []Organization
	Connections   []Connection
	Domains       []Domain
	Users         []User
	Roles         []Role
	Attributes    []Attribute
}

// digest is what is kept of a declaration: enough to see that it changed.
type digest struct{ SHA256 string }

// Apply reconciles the declared objects with d, in one step: either all of it is done, or, with an error, nothing.
//
// An object whose declaration is new or has changed becomes what is declared. One whose declaration is the same as at the last
// Apply stays as it is, with what the API changed, and deleted if the API deleted it. One that is not declared any more is
// deleted, with what cannot be without it. Objects that the API made are left alone, unless one of the same id is declared now.
func (d *Directory) Apply(ctx context.Context, decl Declaration) error {
	return d.write(ctx, func() error { return d.apply(decl) })
}

// Reset forgets everything, what the API made too, and applies decl.
func (d *Directory) Reset(ctx context.Context, decl Declaration) error {
	return d.write(ctx, func() error {
		for _, c := range slices.Backward(d.collections()) {
			if err := c.forget(ctx); err != nil {
				return err
			}
		}
		for key := range d.declared.live {
			d.undeclare(key)
		}
		d.touched[""] = true
		return d.apply(decl)
	})
}

func (d *Directory) apply(decl Declaration) error {
	plans := []plan{
		planFor(d.Roles, decl.Roles), planFor(d.Attributes, decl.Attributes), planFor(d.Clients, decl.Clients),
		planFor(d.Organizations, decl.Organizations), planFor(d.Connections, decl.Connections), planFor(d.Domains, decl.Domains),
		planFor(d.Users, decl.Users),
	}
	kept := map[string]bool{}
	d.reborn = map[string]bool{}
	for _, p := range plans {
		keys, err := p.compare()
		if err != nil {
			return err
		}
		for _, key := range keys {
			kept[key] = true
		}
	}
	if err := d.removeUndeclared(kept); err != nil {
		return err
	}
	for _, p := range plans { // first out of the indexes, so that two objects can exchange a name
		p.lift()
	}
	for _, p := range plans {
		if err := p.place(); err != nil {
			return err
		}
	}
	return nil
}

// removeUndeclared deletes what was declared and is not any more: what refers to others first.
func (d *Directory) removeUndeclared(kept map[string]bool) error {
	old := slices.Sorted(maps.Keys(d.declared.live))
	for _, c := range slices.Backward(d.collections()) {
		for _, key := range old {
			kind, id, _ := strings.Cut(key, "/")
			if Kind(kind) != c.name() || kept[key] {
				continue
			}
			if _, still := d.declared.see(key); !still {
				continue
			}
			if err := c.remove(id); err != nil {
				return err
			}
			d.undeclare(key)
		}
	}
	return nil
}

func (d *Directory) declare(key, sum string) {
	d.declared.put(key, sum)
	d.after["declared/"+key] = func(ctx context.Context) error { return d.digests.Put(ctx, key, digest{sum}, never) }
}

func (d *Directory) undeclare(key string) {
	d.declared.drop(key)
	d.after["declared/"+key] = func(ctx context.Context) error { return d.digests.Delete(ctx, key) }
}

// plan is what Apply does with one kind.
type plan interface {
	compare() (keys []string, err error) // finds what has changed
	lift()                               // takes what will be replaced out of the indexes
	place() error                        // puts the declared objects in
}

type planOf[T any] struct {
	c     *Collection[T]
	want  []T
	steps []step[T]
}

type step[T any] struct {
	v       *T
	old     *T // nil: there is none
	changed bool
}

func planFor[T any](c *Collection[T], want []T) plan { return &planOf[T]{c: c, want: want} }

func (p *planOf[T]) compare() ([]string, error) {
	d := p.c.d
	var keys []string
	for i := range p.want {
		v, err := p.c.copy(&p.want[i])
		if err != nil {
			return nil, err
		}
		*p.c.schema.meta(v) = Meta{}
		id := *p.c.schema.id(v)
		if id == "" {
			return nil, refuse(ErrInvalid, "a declared %s has no id", p.c.schema.kind)
		}
		sum, err := digestOf(v)
		if err != nil {
			return nil, err
		}
		key := string(p.c.schema.kind) + "/" + id
		keys = append(keys, key)
		before, declared := d.declared.see(key)
		old, exists := p.c.objects.see(id)
		*p.c.schema.meta(v) = Meta{Origin: Declared, Order: int64(i)}
		switch {
		case !declared || before != sum || !exists && p.c.schema.org != nil && d.reborn[p.c.schema.org(v)]:
			if !exists {
				d.reborn[id] = true
			}
			d.declare(key, sum)
			if exists && p.c.schema.keep != nil {
				p.c.schema.keep(old, v)
			}
			p.steps = append(p.steps, step[T]{v: v, old: old, changed: true})
		case exists && p.c.schema.meta(old).Order != int64(i): // another place in the declaration
			moved, err := p.c.copy(old)
			if err != nil {
				return nil, err
			}
			p.c.schema.meta(moved).Order = int64(i)
			p.steps = append(p.steps, step[T]{v: moved, old: old})
		}
	}
	return keys, nil
}

func (p *planOf[T]) lift() {
	for i, s := range p.steps {
		if s.old == nil {
			continue
		}
		if current, ok := p.c.objects.see(*p.c.schema.id(s.old)); ok { // it may have gone with its organization
			p.steps[i].old = current
			p.c.exit(current)
		} else {
			p.steps[i].old = nil
		}
	}
}

func (p *planOf[T]) place() error {
	for _, s := range p.steps {
		meta := p.c.schema.meta(s.v)
		now := p.c.d.now()
		action := Created
		if s.old != nil {
			action, meta.Created = Updated, p.c.schema.meta(s.old).Created
		} else {
			meta.Created = bornAt(*p.c.schema.id(s.v), now)
		}
		if s.changed {
			meta.Updated = now
		}
		v, err := p.c.enter(s.v)
		if err != nil {
			return fmt.Errorf("%s %s: %w", p.c.schema.kind, *p.c.schema.id(s.v), err)
		}
		if s.changed {
			p.c.d.events = append(p.c.d.events, p.c.event(action, s.old, v, Declared))
		}
	}
	return nil
}

// remove deletes an object that was declared; one that went with its organization, or that the API deleted, is gone already.
func (c *Collection[T]) remove(id string) error {
	v, ok := c.objects.see(id)
	if !ok || c.schema.meta(v).Origin != Declared {
		return nil
	}
	return c.drop(id, Declared)
}

func digestOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a declaration: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
