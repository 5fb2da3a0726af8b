package userpool

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
	"unique"

	"github.com/ssolab/ssolab/internal/lab"
)

// Status is where a user stands.
type Status string

// Statuses.
const (
	Unconfirmed         Status = "UNCONFIRMED"
	Confirmed           Status = "CONFIRMED"
	ResetRequired       Status = "RESET_REQUIRED"
	ForceChangePassword Status = "FORCE_CHANGE_PASSWORD"
	ExternalProvider    Status = "EXTERNAL_PROVIDER" // made by a sign-in through an identity provider
)

// Limits of the service model, in characters.
const (
	MaxUsername       = 128
	MaxAttributeValue = 2048
)

// User is a profile of a pool. One that a Users hands out never changes and must not be changed; Users.Update works on
// a copy.
type User struct {
	Username   string
	Sub        string
	Status     Status
	Disabled   bool
	Attributes Attributes    // strings, booleans too; without sub and identities
	Groups     []string      // in the order of joining
	Identities []Identity    // how the user signs in through identity providers; the primary one made the profile
	Password   *Password     // nil: none, as of a federated user
	MFA        *MFA          // nil: nothing set up
	Codes      []PendingCode // sent and not used yet
	Created    time.Time
	Modified   time.Time

	// SignOuts counts global sign-outs; what was issued before the last one, at SignedOut, is good no more.
	SignOuts  int
	SignedOut time.Time
}

// Attribute is a name with its value.
type Attribute struct{ Name, Value string }

// Attributes are in the order of lists: the standard ones as in the schema, then the others by name.
type Attributes []Attribute

func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// Get returns the value of an attribute, "" when there is none.
func (a Attributes) Get(name string) string {
	value, _ := a.Lookup(name)
	return value
}

// Lookup returns the value of an attribute and whether there is one.
func (a Attributes) Lookup(name string) (string, bool) {
	for i := range a {
		if a[i].Name == name {
			return a[i].Value, true
		}
	}
	return "", false
}

// With is a with the attribute set. a does not change.
func (a Attributes) With(name, value string) Attributes {
	i, found := slices.BinarySearchFunc(a, name, func(x Attribute, name string) int { return compareNames(x.Name, name) })
	entry := Attribute{unique.Make(name).Value(), value}
	if !found {
		return slices.Insert(slices.Clip(slices.Clone(a)), i, entry)
	}
	out := slices.Clone(a)
	out[i] = entry
	return out
}

// Without is a without the attribute. a does not change.
func (a Attributes) Without(name string) Attributes {
	return slices.DeleteFunc(slices.Clone(a), func(x Attribute) bool { return x.Name == name })
}

// AttributesOf are the attributes of a map.
func AttributesOf(m map[string]string) Attributes {
	out := make(Attributes, 0, len(m))
	for name, value := range m {
		out = append(out, Attribute{unique.Make(name).Value(), value})
	}
	slices.SortFunc(out, func(a, b Attribute) int { return compareNames(a.Name, b.Name) })
	return out
}

// Map is a as a map.
func (a Attributes) Map() map[string]string {
	out := make(map[string]string, len(a))
	for _, x := range a {
		out[x.Name] = x.Value
	}
	return out
}

// Identity is a way to sign in through an identity provider.
type Identity struct {
	Provider string
	Type     string // provider type
	Subject  string // at the provider, in its own case
	Issuer   string // of a SAML provider; empty otherwise
	Primary  bool   // made the profile; false for one that was linked to it
	Created  time.Time
	// Attribute is the claim by whose value a linked identity is recognized; empty: the subject.
	Attribute string
}

// MFA are a user's second factors.
type MFA struct {
	Preferred  string   // SOFTWARE_TOKEN_MFA, SMS_MFA, EMAIL_OTP; empty: none
	Enabled    []string // the same words
	TOTPSecret string   // base32; empty: no authenticator
	Verified   bool     // the authenticator has shown a right code
	LastPeriod int64    // of the last code that was taken, in periods since 1970: each is taken once
	Pending    string   // secret of an authenticator that was associated and has not shown a code yet
}

// PendingCode is a code that was sent to a user.
type PendingCode struct {
	Purpose   Purpose
	Attribute string // that it verifies, if it does
	Value     string
	New       string // value that the attribute gets with it, where verification comes before the update
	Expires   time.Time
	Wrong     int // how often another was tried
}

// Primary is the identity that made the profile, or nil.
func (u *User) Primary() *Identity {
	for i := range u.Identities {
		if u.Identities[i].Primary {
			return &u.Identities[i]
		}
	}
	return nil
}

// Federated tells whether a sign-in through an identity provider made the profile.
func (u *User) Federated() bool { return u.Primary() != nil }

// InGroup tells whether the user is a member.
func (u *User) InGroup(name string) bool { return slices.Contains(u.Groups, name) }

// Join makes the user a member.
func (u *User) Join(group string) {
	if !u.InGroup(group) {
		u.Groups = append(slices.Clip(u.Groups), group)
	}
}

// Leave ends a membership.
func (u *User) Leave(group string) {
	u.Groups = slices.DeleteFunc(slices.Clone(u.Groups), func(have string) bool { return have == group })
}

// clone is a copy that can be changed. Attributes are shared: they are replaced, never written into.
func (u *User) clone() *User {
	c := *u
	c.Groups, c.Identities, c.Codes = slices.Clone(u.Groups), slices.Clone(u.Identities), slices.Clone(u.Codes)
	if u.MFA != nil {
		m := *u.MFA
		m.Enabled = slices.Clone(m.Enabled)
		c.MFA = &m
	}
	return &c
}

// Sub is the sub of a profile: derived, so that the same person gets the same one in every run on every machine, and
// another one after each deletion. provider and subject are those of a federated profile; a user of the pool's own has
// CognitoProvider and the user name.
func (p *UserPool) Sub(username, provider, subject string, generation int) string {
	if fixed := p.FixedSubs[username]; fixed != "" && generation == 0 {
		return fixed
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", p.ID, provider, subject, generation))
	sum[6] = 0x70 // the service's subs look like UUIDs whose third group begins with 70, without a variant
	return lab.FormatUUID(sum[:])
}

// userRecord is a user in the store.
type userRecord struct {
	PoolID     string            `json:"p"`
	Username   string            `json:"u"`
	Sub        string            `json:"s"`
	Status     Status            `json:"t"`
	Disabled   bool              `json:"d,omitempty"`
	Attributes map[string]string `json:"a,omitempty"`
	Groups     []string          `json:"g,omitempty"`
	Identities []Identity        `json:"i,omitempty"`
	Password   *Password         `json:"w,omitempty"`
	MFA        *MFA              `json:"m,omitempty"`
	Codes      []PendingCode     `json:"c,omitempty"`
	Created    time.Time         `json:"n"`
	Modified   time.Time         `json:"l"`
	SignOuts   int               `json:"o,omitempty"`
	SignedOut  *time.Time        `json:"e,omitempty"`
}

func (u *User) record(poolID string) userRecord {
	r := userRecord{
		PoolID: poolID, Username: u.Username, Sub: u.Sub, Status: u.Status, Disabled: u.Disabled, Attributes: u.Attributes.Map(),
		Groups: u.Groups, Identities: u.Identities, Password: u.Password, MFA: u.MFA, Codes: u.Codes, Created: u.Created, Modified: u.Modified,
		SignOuts: u.SignOuts,
	}
	if u.SignOuts > 0 {
		at := u.SignedOut
		r.SignedOut = &at
	}
	return r
}

func (r *userRecord) user() *User {
	u := &User{
		Username: r.Username, Sub: r.Sub, Status: Status(unique.Make(string(r.Status)).Value()), Disabled: r.Disabled, Attributes: AttributesOf(r.Attributes),
		Groups: r.Groups, Identities: r.Identities, Password: r.Password, MFA: r.MFA, Codes: r.Codes, Created: r.Created, Modified: r.Modified,
		SignOuts: r.SignOuts,
	}
	if r.SignedOut != nil {
		u.SignedOut = *r.SignedOut
	}
	for i := range u.Groups {
		u.Groups[i] = unique.Make(u.Groups[i]).Value()
	}
	for i := range u.Identities {
		u.Identities[i].Provider, u.Identities[i].Type = unique.Make(u.Identities[i].Provider).Value(), unique.Make(u.Identities[i].Type).Value()
	}
	return u
}
