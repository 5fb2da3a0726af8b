package userpool

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// Users is the directory of one pool. Reading neither waits for the store nor decodes; a change is written to the store
// before it is seen. It is safe for concurrent use.
type Users struct {
	poolID      string
	table       store.Table[userRecord]
	generations store.Table[int]
	now         func() time.Time

	turns turns // of those who change something

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
	u := &Users{poolID: p.ID, table: d.tables.users, generations: d.tables.generations, now: d.env.Now, rules: rulesOf(p), turns: newTurns()}
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
	defer us.turns.alone()()
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
	defer us.turns.alone()()
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

// LinkAttributes are the claims by which identities at a provider are recognized.
func (us *Users) LinkAttributes(provider string) []string {
	us.mu.RLock()
	defer us.mu.RUnlock()
	var out []string
	for by := range us.linkedBy {
		if by.provider == provider {
			out = append(out, by.attribute)
		}
	}
	return out
}

// WithIdentity returns a user with an identity that matches, or nil.
func (us *Users) WithIdentity(match func(Identity) bool) *User {
	us.mu.RLock()
	defer us.mu.RUnlock()
	for _, u := range us.ordered {
		if slices.ContainsFunc(u.Identities, match) {
			return u
		}
	}
	return nil
}

// Today is the time, as dates of users are kept.
func (us *Users) Today() time.Time { return us.today() }

// today is the time as the store gives it back.
func (us *Users) today() time.Time { return us.now().UTC().Round(0) }

func (us *Users) key(username string) string {
	return us.poolID + "/" + us.rules.fold(username)
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
