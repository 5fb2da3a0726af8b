package idp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ssolab/ssolab/internal/store"
)

// Person is someone an identity provider knows. The simulator lets anybody in; a person given here has fixed values.
type Person struct {
	Email      string
	GivenName  string
	FamilyName string
	Subject    string            // at the identity provider; default derived from the connection and the e-mail
	Password   string            // for identity providers that ask for one
	TOTPSecret string            // base32; for identity providers with MFA
	Attributes map[string]string // custom attributes, released by name
	Groups     []string          // names
	MFA        string            // TOTP, Push or NoMFA; default TOTP with a TOTPSecret, else NoMFA
	State      string            // Active (default), Locked, Disabled or PasswordExpired
	Unassigned bool              // no application is assigned to the person
	Consent    bool              // the person is asked for consent at the first sign-in to an application
}

func (p Person) stateWord() string {
	word := cmp.Or(p.State, Active)
	if p.Unassigned {
		word += ", not assigned"
	}
	return word
}

// Second factors and states of people.
const (
	TOTP  = "totp"
	Push  = "push"
	NoMFA = "none"

	Active          = "active"
	Locked          = "locked"
	Disabled        = "disabled"
	PasswordExpired = "password_expired"
)

// Check reports what is wrong with a person's second factor, state and secret.
func (p Person) Check() error {
	var errs []error
	if p.TOTPSecret != "" {
		if _, err := totpKey(p.TOTPSecret); err != nil {
			errs = append(errs, errors.New("totp_secret: is not base32")) // the value stays out: it is a secret
		}
	}
	if !slices.Contains([]string{"", TOTP, Push, NoMFA}, p.MFA) {
		errs = append(errs, fmt.Errorf("mfa: %q is not one of %s, %s, %s", p.MFA, TOTP, Push, NoMFA))
	}
	if p.MFA == TOTP && p.TOTPSecret == "" {
		errs = append(errs, errors.New("mfa: totp needs a totp_secret"))
	}
	if !slices.Contains([]string{"", Active, Locked, Disabled, PasswordExpired}, p.State) {
		errs = append(errs, fmt.Errorf("state: %q is not one of %s, %s, %s, %s", p.State, Active, Locked, Disabled, PasswordExpired))
	}
	return errors.Join(errs...)
}

func (p Person) factor() string {
	switch {
	case p.MFA != "":
		return p.MFA
	case p.TOTPSecret != "":
		return TOTP
	}
	return NoMFA
}

// kept is a person as the store has them.
type kept struct {
	Person
	Declared string `json:",omitempty"` // digest of the declaration; empty: made by the API
}

// errNobody says that there is no such person.
var errNobody = errors.New("no such person")

// Apply reconciles the declared people: who is declared anew or differently becomes what is declared; what the API did to the
// others stays; who is not declared any more goes; whom the API made stays.
func (p *Party) Apply(ctx context.Context, declared []Person) error {
	seen := map[string]bool{}
	for _, who := range declared {
		b, err := json.Marshal(who)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(b)
		key, mark := personKey(who.Email), hex.EncodeToString(digest[:8])
		seen[key] = true
		old, err := p.people.Get(ctx, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err != nil || old.Declared != mark {
			if err := p.people.Put(ctx, key, kept{who, mark}, time.Time{}); err != nil {
				return err
			}
		}
	}
	var gone []string
	err := p.people.Scan(ctx, func(key string, who kept) error {
		if who.Declared != "" && !seen[key] {
			gone = append(gone, key)
		}
		return nil
	})
	for _, key := range gone {
		err = errors.Join(err, p.people.Delete(ctx, key))
	}
	return err
}

func personKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// person returns somebody by e-mail, or a Person without an e-mail.
func (p *Party) person(ctx context.Context, email string) (Person, error) {
	who, err := p.people.Get(ctx, personKey(email))
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrKeyTooLong) {
		return Person{}, nil
	}
	return who.Person, err
}

// People lists who is known, by e-mail.
func (p *Party) People(ctx context.Context) ([]Person, error) {
	var out []Person
	err := p.people.Scan(ctx, func(_ string, who kept) error {
		out = append(out, who.Person)
		return nil
	})
	return out, err
}

// PutPerson makes somebody known, or other than they were.
func (p *Party) PutPerson(ctx context.Context, who Person) error {
	if err := who.Check(); err != nil {
		return err
	}
	return p.people.Update(ctx, personKey(who.Email), func(old *kept) (*kept, error) {
		next := kept{Person: who}
		if old != nil {
			next.Declared = old.Declared
		}
		return &next, nil
	})
}

// DeletePerson makes somebody unknown.
func (p *Party) DeletePerson(ctx context.Context, email string) error {
	if who, err := p.person(ctx, email); err != nil || who.Email == "" {
		return errors.Join(err, fmt.Errorf("%w: %q", errNobody, email))
	}
	return p.people.Delete(ctx, personKey(email))
}

// setState changes the state of a person; nobody is not changed.
func (p *Party) setState(ctx context.Context, email, state, password string) error {
	err := p.people.Update(ctx, personKey(email), func(old *kept) (*kept, error) {
		if old == nil {
			return nil, errNobody
		}
		old.State = state
		if password != "" {
			old.Password = password
		}
		return old, nil
	})
	if errors.Is(err, errNobody) {
		return nil
	}
	return err
}
