package userpool

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/store"
)

// Users is the directory of one pool. Reading neither waits for the store nor decodes; a change is written to the store
// before it is seen. It is safe for concurrent use.
type Users struct {
	poolID      string
	table       store.Table[userRecord]
	generations store.Table[int]
	now         func() time.Time

	writing sync.Mutex // held during a change, the store's part included

	mu         sync.RWMutex // guards the fields below; never held while the store is asked
	rules      rules
	gone       bool // the pool was deleted
	byName     map[string]*User
	bySub      map[string]*User
	byAlias    map[aliasKey]*User
	byIdentity map[identityKey]*User
	linkedBy   map[identityKey]int // provider and claim → identities that are recognized by that claim
	// linkedFolded counts linked identities by provider and subject in lower case.
	linkedFolded map[identityKey]int
	ordered      []*User // by Created, then by user name
}

// rules are the settings of the pool that say by what a user is found.
type rules struct {
	caseInsensitive bool
	aliases         []string // attributes that sign a user in when they are verified
	names           []string // attributes that user names are made of
}

type aliasKey struct{ attribute, value string }

type identityKey struct{ provider, attribute, value string }

func rulesOf(p *UserPool) rules {
	return rules{caseInsensitive: p.CaseInsensitive(), aliases: p.AliasAttributes, names: p.UsernameAttributes}
}

func newUsers(d *Directory, p *UserPool) *Users {
	u := &Users{poolID: p.ID, table: d.tables.users, generations: d.tables.generations, now: d.env.Now, rules: rulesOf(p)}
	u.empty()
	return u
}

func (us *Users) empty() {
	us.byName, us.bySub = map[string]*User{}, map[string]*User{}
	us.byAlias, us.byIdentity, us.linkedBy, us.ordered = map[aliasKey]*User{}, map[identityKey]*User{}, map[identityKey]int{}, nil
	us.linkedFolded = map[identityKey]int{}
}

// setRules takes over changed settings.
func (us *Users) setRules(p *UserPool) {
	us.writing.Lock()
	defer us.writing.Unlock()
	us.mu.Lock()
	defer us.mu.Unlock()
	next := rulesOf(p)
	if next.caseInsensitive == us.rules.caseInsensitive && slices.Equal(next.aliases, us.rules.aliases) && slices.Equal(next.names, us.rules.names) {
		return
	}
	all := us.ordered
	us.rules = next
	us.empty()
	for _, u := range all {
		us.add(u)
	}
}

// close ends the directory: nobody is in it, and changes are refused.
func (us *Users) close() {
	us.writing.Lock()
	defer us.writing.Unlock()
	us.mu.Lock()
	defer us.mu.Unlock()
	us.gone = true
	us.empty()
}

// fold is a user name or alias in the form in which it is compared.
func (r rules) fold(name string) string {
	if r.caseInsensitive {
		return strings.ToLower(name)
	}
	return name
}

// Fold is a user name in the form in which the pool compares and shows it.
func (us *Users) Fold(name string) string {
	us.mu.RLock()
	defer us.mu.RUnlock()
	return us.rules.fold(name)
}

// Len is how many users there are.
func (us *Users) Len() int {
	us.mu.RLock()
	defer us.mu.RUnlock()
	return len(us.ordered)
}

// Get returns the user of that name, or nil.
func (us *Users) Get(username string) *User {
	us.mu.RLock()
	defer us.mu.RUnlock()
	return us.byName[us.rules.fold(username)]
}

// Find returns the user of that name, sub, or alias, or nil: what the service takes where it asks for a user name.
func (us *Users) Find(name string) *User {
	us.mu.RLock()
	defer us.mu.RUnlock()
	folded := us.rules.fold(name)
	if u := us.byName[folded]; u != nil {
		return u
	}
	if u := us.bySub[name]; u != nil {
		return u
	}
	for _, attribute := range []string{"email", "phone_number", "preferred_username"} {
		if u := us.byAlias[aliasKey{attribute, folded}]; u != nil {
			return u
		}
	}
	return nil
}

// ByIdentity returns the user whose identity it is at the provider, or nil. An identity may be linked by the value of
// a claim, so that claims are asked for where there are such links.
func (us *Users) ByIdentity(provider, subject string, claim func(name string) string) *User {
	us.mu.RLock()
	defer us.mu.RUnlock()
	if u := us.byIdentity[identityKey{provider, "", subject}]; u != nil || claim == nil {
		return u
	}
	for by := range us.linkedBy {
		if by.provider != provider {
			continue
		}
		if u := us.byIdentity[identityKey{provider, by.attribute, claim(by.attribute)}]; u != nil {
			return u
		}
	}
	return nil
}

// LinkedInOtherCase tells whether nobody has the identity, but a link of a pool that ignores case names its subject in
// another case: the link was made by the folded user name, and identities are compared with case.
func (us *Users) LinkedInOtherCase(i Identity, claim func(name string) string) bool {
	if us.ByIdentity(i.Provider, i.Subject, claim) != nil {
		return false
	}
	us.mu.RLock()
	defer us.mu.RUnlock()
	return us.rules.caseInsensitive && us.linkedFolded[identityKey{i.Provider, "", strings.ToLower(i.Subject)}] > 0
}

// aliasesOf are what else than the name the user is found by. A federated profile claims none: two providers may bring
// the same e-mail.
func (r rules) aliasesOf(u *User) []aliasKey {
	if u.Status == ExternalProvider {
		return nil
	}
	var out []aliasKey
	for _, attribute := range r.names {
		if value := u.Attributes.Get(attribute); value != "" {
			out = append(out, aliasKey{attribute, r.fold(value)})
		}
	}
	for _, attribute := range r.aliases {
		value := u.Attributes.Get(attribute)
		if value == "" || attribute != "preferred_username" && u.Attributes.Get(attribute+"_verified") != "true" {
			continue
		}
		out = append(out, aliasKey{attribute, r.fold(value)})
	}
	return out
}

func (i Identity) key() identityKey { return identityKey{i.Provider, i.Attribute, i.Subject} }

// join and part keep the index of identities. The caller holds mu.
func (us *Users) join(u *User) {
	for _, i := range u.Identities {
		us.byIdentity[i.key()] = u
		switch {
		case i.Attribute != "":
			us.linkedBy[identityKey{i.Provider, i.Attribute, ""}]++
		case !i.Primary:
			us.linkedFolded[identityKey{i.Provider, "", strings.ToLower(i.Subject)}]++
		}
	}
}

func (us *Users) part(u *User) {
	for _, i := range u.Identities {
		delete(us.byIdentity, i.key())
		switch {
		case i.Attribute != "":
			countDown(us.linkedBy, identityKey{i.Provider, i.Attribute, ""})
		case !i.Primary:
			countDown(us.linkedFolded, identityKey{i.Provider, "", strings.ToLower(i.Subject)})
		}
	}
}

func countDown(counts map[identityKey]int, key identityKey) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

func compareUsers(a, b *User) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Username, b.Username))
}

// add enters u into the indexes. The caller holds mu.
func (us *Users) add(u *User) {
	us.byName[us.rules.fold(u.Username)] = u
	us.bySub[u.Sub] = u
	for _, key := range us.rules.aliasesOf(u) {
		us.byAlias[key] = u
	}
	us.join(u)
	at, _ := slices.BinarySearchFunc(us.ordered, u, compareUsers)
	us.ordered = slices.Insert(us.ordered, at, u)
}

// remove takes u out of the indexes. The caller holds mu.
func (us *Users) remove(u *User) {
	delete(us.byName, us.rules.fold(u.Username))
	delete(us.bySub, u.Sub)
	for _, key := range us.rules.aliasesOf(u) {
		if us.byAlias[key] == u {
			delete(us.byAlias, key)
		}
	}
	us.part(u)
	if at, found := slices.BinarySearchFunc(us.ordered, u, compareUsers); found {
		us.ordered = slices.Delete(us.ordered, at, at+1)
	}
}

// replace puts u in the place of old. The caller holds mu.
func (us *Users) replace(old, u *User) {
	for _, key := range us.rules.aliasesOf(old) {
		if us.byAlias[key] == old {
			delete(us.byAlias, key)
		}
	}
	us.part(old)
	us.byName[us.rules.fold(u.Username)], us.bySub[u.Sub] = u, u
	for _, key := range us.rules.aliasesOf(u) {
		us.byAlias[key] = u
	}
	us.join(u)
	if at, found := slices.BinarySearchFunc(us.ordered, old, compareUsers); found {
		us.ordered[at] = u
	}
}

// load enters a user that the store holds.
func (us *Users) load(u *User) {
	us.mu.Lock()
	defer us.mu.Unlock()
	us.add(u)
}

// dropGroups ends memberships of groups that do not exist.
func (us *Users) dropGroups(exists func(string) bool) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range slices.Clone(us.ordered) {
		if slices.ContainsFunc(u.Groups, func(g string) bool { return !exists(g) }) {
			c := u.clone()
			c.Groups = slices.DeleteFunc(c.Groups, func(g string) bool { return !exists(g) })
			us.replace(u, c)
		}
	}
}

// today is the time as the store gives it back.
func (us *Users) today() time.Time { return us.now().UTC().Round(0) }

func (us *Users) key(username string) string {
	return us.poolID + "/" + us.rules.fold(username)
}

// Create enters a user. Its name is folded, its dates are set; finish gives it its sub, which depends on how often a
// profile of that name was deleted before, and may change the name.
func (us *Users) Create(ctx context.Context, u User, finish func(u *User, generation int) error) (*User, error) {
	us.writing.Lock()
	defer us.writing.Unlock()
	return us.create(ctx, &u, finish)
}

func (us *Users) create(ctx context.Context, u *User, finish func(u *User, generation int) error) (*User, error) {
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
	if err := us.table.Put(ctx, us.key(u.Username), u.record(us.poolID), noExpiry); err != nil {
		return nil, err
	}
	us.mu.Lock()
	defer us.mu.Unlock()
	us.add(u)
	return u, nil
}

// free tells why u cannot be entered in the place of old: somebody else has its name, an alias or an identity. The caller
// holds writing, so that nothing changes meanwhile.
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
// date of creation stay as they are.
func (us *Users) Update(ctx context.Context, name string, f func(*User) error) (*User, error) {
	us.writing.Lock()
	defer us.writing.Unlock()
	old := us.Find(name)
	if old == nil {
		return nil, errUserNotFound
	}
	return us.change(ctx, old, f)
}

func (us *Users) change(ctx context.Context, old *User, f func(*User) error) (*User, error) {
	u := old.clone()
	if err := f(u); err != nil {
		return nil, err
	}
	u.Username, u.Sub, u.Created, u.Modified = old.Username, old.Sub, old.Created, us.today()
	if err := us.free(old, u); err != nil {
		return nil, err
	}
	if err := us.table.Put(ctx, us.key(u.Username), u.record(us.poolID), noExpiry); err != nil {
		return nil, err
	}
	us.mu.Lock()
	defer us.mu.Unlock()
	us.replace(old, u)
	return u, nil
}

// SignIn finds the profile of an identity, or makes one under that user name, and changes it by f, in one step. made
// tells f and the caller whether it is new. claim, which may be nil, answers the claims by which identities are linked.
func (us *Users) SignIn(ctx context.Context, i Identity, username string, claim func(string) string, sub func(username string, generation int) string, f func(u *User, made bool) error) (u *User, made bool, err error) {
	us.writing.Lock()
	defer us.writing.Unlock()
	if old := us.ByIdentity(i.Provider, i.Subject, claim); old != nil {
		u, err := us.change(ctx, old, func(u *User) error { return f(u, false) })
		return u, false, err
	}
	i.Primary, i.Created = true, us.today()
	u = &User{Username: username, Status: ExternalProvider, Identities: []Identity{i}}
	if err := f(u, true); err != nil {
		return nil, true, err
	}
	u, err = us.create(ctx, u, func(u *User, generation int) error {
		u.Sub = sub(u.Username, generation)
		return nil
	})
	return u, true, err
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
	us.writing.Lock()
	defer us.writing.Unlock()
	u := us.Find(name)
	if u == nil {
		return nil, errUserNotFound
	}
	err := us.generations.Update(ctx, us.key(us.rules.calledBy(u)), func(n *int) (*int, error) {
		next := 1
		if n != nil {
			next = *n + 1
		}
		return &next, nil
	})
	if err != nil {
		return nil, err
	}
	if err := us.table.Delete(ctx, us.key(u.Username)); err != nil {
		return nil, err
	}
	us.mu.Lock()
	defer us.mu.Unlock()
	us.remove(u)
	return u, nil
}

// leave ends everybody's membership of a group.
func (us *Users) leave(ctx context.Context, group string) error {
	us.writing.Lock()
	defer us.writing.Unlock()
	us.mu.RLock()
	all := slices.Clone(us.ordered)
	us.mu.RUnlock()
	for _, u := range all {
		if !u.InGroup(group) {
			continue
		}
		if _, err := us.change(ctx, u, func(u *User) error { u.Leave(group); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Position is a place in a list of users; the zero value is its beginning.
type Position struct {
	Created int64 // nanoseconds since 1970
	Name    string
}

// List returns up to limit users that match, in the order in which they were made, from behind a position; and the
// position behind the last of them if there are more. A nil match is everybody.
func (us *Users) List(after Position, limit int, match func(*User) bool) (page []*User, next *Position) {
	us.mu.RLock()
	defer us.mu.RUnlock()
	start := 0
	if after != (Position{}) {
		start, _ = slices.BinarySearchFunc(us.ordered, after, func(u *User, p Position) int {
			if c := cmp.Or(cmp.Compare(u.Created.UnixNano(), p.Created), cmp.Compare(u.Username, p.Name)); c != 0 {
				return c
			}
			return -1 // behind it
		})
	}
	for _, u := range us.ordered[start:] {
		if match != nil && !match(u) {
			continue
		}
		if len(page) == limit {
			last := page[limit-1]
			return page, &Position{last.Created.UnixNano(), last.Username}
		}
		page = append(page, u)
	}
	return page, nil
}
