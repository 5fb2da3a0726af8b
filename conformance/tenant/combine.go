package tenant

import (
	"maps"
	"slices"
	"strings"
)

// change is what a fix changes. Commands replace whole settings, so those of several findings about one thing would undo
// each other: combine makes them one.
type change struct {
	client   *Client   // of an app client, or
	provider *Provider // of a provider:
	of       string    // details, mapping or identifiers
	set      map[string]any
}

const (
	ofDetails     = "details"
	ofMapping     = "mapping"
	ofIdentifiers = "identifiers"
)

func (c *change) sameThing(d *change) bool {
	return d != nil && c.client == d.client && c.provider == d.provider && c.of == d.of
}

// base is the list that a setting is now; nil for what is no list.
func (c *change) base(name string) []string {
	if c.of == ofIdentifiers {
		return c.provider.IdpIdentifiers
	}
	if c.client == nil {
		return nil
	}
	list, _ := c.client.raw[name].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// merge adds what d changes. Of lists all additions and removals are kept, else what c changes goes first.
func (c *change) merge(d *change) {
	for name, theirs := range d.set {
		ours, both := c.set[name]
		if !both {
			c.set[name] = theirs
			continue
		}
		a, isList := ours.([]string)
		b, isToo := theirs.([]string)
		if !isList || !isToo {
			continue
		}
		base := c.base(name)
		var out []string
		for _, s := range slices.Concat(a, b) {
			removed := slices.Contains(base, s) && (!slices.Contains(a, s) || !slices.Contains(b, s))
			if !removed && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		c.set[name] = out
	}
}

// command is the whole command, with what it carries.
func (c *change) command() (command, note string) {
	switch {
	case c.client != nil:
		return updateClient(c.client, c.set)
	case c.of == ofDetails:
		return updateProvider(c.provider, texts(c.set))
	case c.of == ofMapping:
		return updateMapping(c.provider, texts(c.set)), "--attribute-mapping replaces the whole mapping, so this carries all of it."
	}
	list, _ := c.set["IdpIdentifiers"].([]string)
	return updateIdentifiers(c.provider, list), "--idp-identifiers replaces the whole list, so this carries all of it."
}

func texts(set map[string]any) map[string]string {
	out := map[string]string{}
	for name, v := range set {
		out[name], _ = v.(string)
	}
	return out
}

// fix finishes a fix by the command for its change.
func (c *change) fix(f Fix) Fix {
	f.change = c
	var note string
	f.CLI, note = c.command()
	f.Note = strings.TrimSpace(f.Note + " " + note)
	return f
}

// combine gives the findings about one thing one command that makes all their changes.
func combine(results []Result) {
	type place struct {
		id  string
		fix *Fix
	}
	var all []place
	for i := range results {
		for j := range results[i].Findings {
			if f := &results[i].Findings[j].Fix; f.change != nil {
				all = append(all, place{results[i].ID, f})
			}
		}
	}
	for _, p := range all {
		own := p.fix.change
		whole := &change{client: own.client, provider: own.provider, of: own.of, set: maps.Clone(own.set)}
		var others []string
		for _, q := range all {
			if q.fix == p.fix || !own.sameThing(q.fix.change) {
				continue
			}
			whole.merge(q.fix.change)
			if q.id != p.id && !slices.Contains(others, q.id) {
				others = append(others, q.id)
			}
		}
		p.fix.CLI, _ = whole.command()
		if len(others) > 0 {
			p.fix.Note += " It makes the changes of " + strings.Join(others, ", ") + " too."
		}
	}
}
