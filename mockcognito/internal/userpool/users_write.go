package userpool

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/store"
)

// Create enters a user. Its name is folded, its dates are set; finish gives it its sub, which depends on how often a
// profile of that name was deleted before, and may change the name.
func (us *Users) Create(ctx context.Context, u User, finish func(u *User, generation int) error) (*User, error) {
	var out *User
	err := us.turns.take(func() (*turn, error) {
		made := u
		out = &made
		return us.create(ctx, out, finish)
	})
	return out, err
}

// create plans to enter a user.
func (us *Users) create(ctx context.Context, u *User, finish func(u *User, generation int) error) (*turn, error) {
	u.Username = us.rules.fold(u.Username)
	u.Created = us.today()
	u.Modified = u.Created
	generation, err := us.generations.Get(ctx, us.key(u.Username))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err := finish(u, generation); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(u.Username) > MaxUsername {
		return nil, Errorf(InvalidParameter, "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to %d", MaxUsername)
	}
	if err := us.free(nil, u); err != nil {
		return nil, err
	}
	return &turn{
		keys: us.keysOf(u), write: func() error { return us.put(ctx, u) },
		done: func() { us.enter(func() { us.add(u) }) },
	}, nil
}

func (us *Users) put(ctx context.Context, u *User) error {
	return us.table.Put(ctx, us.key(u.Username), u.record(us.poolID), noExpiry)
}

func (us *Users) enter(change func()) {
	us.mu.Lock()
	defer us.mu.Unlock()
	change()
}

// nameKey and subKey are what a user has in a turn, beside aliases and identities.
type (
	nameKey string
	subKey  string
)

func (us *Users) nameKey(username string) nameKey { return nameKey(us.rules.fold(username)) }

// keysOf is what nobody else may have.
func (us *Users) keysOf(u *User) []any {
	keys := []any{us.nameKey(u.Username), subKey(u.Sub)}
	for _, key := range us.rules.aliasesOf(u) {
		keys = append(keys, key)
	}
	for _, i := range u.Identities {
		keys = append(keys, i.key())
	}
	return keys
}

// free tells why u cannot be entered in the place of old: somebody else has its name, an alias or an identity. The caller
// has its turn, so that nothing changes meanwhile.
func (us *Users) free(old, u *User) error {
	taken := func(by *User) bool { return by != nil && by != old }
	switch {
	case us.gone:
		return noPool(us.poolID)
	case taken(us.byName[us.rules.fold(u.Username)]), taken(us.bySub[u.Sub]):
		return Errorf(UsernameExists, "User account already exists")
	}
	for _, key := range us.rules.aliasesOf(u) {
		if taken(us.byAlias[key]) {
			return Errorf(AliasExists, "An account with the %s already exists.", aliasWord(key.attribute))
		}
	}
	for _, i := range u.Identities {
		if taken(us.byIdentity[i.key()]) {
			return Errorf(AliasExists, "The identity %s of provider %s belongs to another user already.", i.Subject, i.Provider)
		}
	}
	return nil
}

func aliasWord(attribute string) string {
	switch attribute {
	case "phone_number":
		return "phone number"
	case "preferred_username":
		return "preferred username"
	}
	return attribute
}

// Update changes the user found by name (the user name, sub or an alias) in one step: f works on a copy, which takes
// effect when the store has accepted it. If f answers an error nothing changes and that error is returned. Name, sub and
// date of creation stay as they are. f may run again, when another change has come before this one.
func (us *Users) Update(ctx context.Context, name string, f func(*User) error) (*User, error) {
	var out *User
	err := us.turns.take(func() (*turn, error) {
		old := us.Find(name)
		if old == nil {
			return nil, errUserNotFound
		}
		return us.change(ctx, old, &out, f)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// change plans to put another in the place of old, which it enters into out.
func (us *Users) change(ctx context.Context, old *User, out **User, f func(*User) error) (*turn, error) {
	if us.turns.taken(us.nameKey(old.Username)) {
		return nil, nil // somebody else changes it; f sees what comes of that
	}
	u := old.clone()
	if err := f(u); err != nil {
		return nil, err
	}
	u.Username, u.Sub, u.Created, u.Modified = old.Username, old.Sub, old.Created, us.today()
	if err := us.free(old, u); err != nil {
		return nil, err
	}
	*out = u
	return &turn{
		keys: us.keysOf(u), write: func() error { return us.put(ctx, u) },
		done: func() { us.enter(func() { us.replace(old, u) }) },
	}, nil
}

// SignIn finds the profile of an identity, or makes one under that user name, and changes it by f, in one step. made
// tells f, which may run again, and the caller whether it is new. claim, which may be nil, answers the claims by which identities are linked.
func (us *Users) SignIn(ctx context.Context, i Identity, username string, claim func(string) string, sub func(username string, generation int) string, f func(u *User, made bool) error) (u *User, made bool, err error) {
	err = us.turns.take(func() (*turn, error) {
		old := us.ByIdentity(i.Provider, i.Subject, claim)
		if made = old == nil; !made {
			return us.change(ctx, old, &u, func(u *User) error { return f(u, false) })
		}
		if us.turns.taken(i.key()) {
			return nil, nil // the same person signs in twice at a time
		}
		i.Primary, i.Created = true, us.today()
		u = &User{Username: username, Status: ExternalProvider, Identities: []Identity{i}}
		if err := f(u, true); err != nil {
			return nil, err
		}
		return us.create(ctx, u, func(u *User, generation int) error {
			u.Sub = sub(u.Username, generation)
			return nil
		})
	})
	if err != nil {
		return nil, made, err
	}
	return u, made, nil
}

// calledBy is the name under which the user was made: its own, or the attribute that stands for it.
func (r rules) calledBy(u *User) string {
	for _, attribute := range r.names {
		if value := u.Attributes.Get(attribute); value != "" && !u.Federated() {
			return value
		}
	}
	return u.Username
}

// Delete deletes the user found by name. A profile made again under that name has another sub.
func (us *Users) Delete(ctx context.Context, name string) (*User, error) {
	var out *User
	err := us.turns.take(func() (*turn, error) {
		u := us.Find(name)
		if u == nil {
			return nil, errUserNotFound
		}
		out = u
		return &turn{
			keys: us.keysOf(u), write: func() error { return us.erase(ctx, u) },
			done: func() { us.enter(func() { us.remove(u) }) },
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// erase counts the deletion before it deletes, so that one that is interrupted gives no sub twice.
func (us *Users) erase(ctx context.Context, u *User) error {
	err := us.generations.Update(ctx, us.key(us.rules.calledBy(u)), func(n *int) (*int, error) {
		next := 1
		if n != nil {
			next = *n + 1
		}
		return &next, nil
	})
	if err != nil {
		return err
	}
	return us.table.Delete(ctx, us.key(u.Username))
}

// leave ends everybody's membership of a group.
func (us *Users) leave(ctx context.Context, group string) error {
	us.turns.alone()() // who is joining just now has joined
	us.mu.RLock()
	all := slices.Clone(us.ordered)
	us.mu.RUnlock()
	for _, u := range all {
		if !u.InGroup(group) {
			continue
		}
		_, err := us.Update(ctx, u.Username, func(u *User) error { u.Leave(group); return nil })
		if err != nil && !errors.Is(err, errUserNotFound) { // deleted meanwhile
			return err
		}
	}
	return nil
}
