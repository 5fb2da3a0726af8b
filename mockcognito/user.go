package mockcognito

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/store"
	"github.com/ssolab/ssolab/internal/trace"
)

// user is a profile of a pool. Attributes are strings, booleans too, as the service stores them.
type user struct {
	Username   string
	Sub        string
	Provider   string // that made the profile
	Subject    string // at the provider, in its own case
	Attributes map[string]string
	Groups     []string
	Disabled   bool
	Created    time.Time
	Modified   time.Time
	Linked     time.Time // when the identity was joined to the profile
}

// maxUsername and maxAttribute are the service model's limits, in characters.
const (
	maxUsername  = 128
	maxAttribute = 2048
)

func userKey(p *pool, username string) string {
	if p.CaseInsensitive {
		username = strings.ToLower(username)
	}
	return p.ID + "/" + username
}

// signInFederated makes or updates the profile of a person who came through a provider: mapped attributes are written
// at every sign-in, what a claim does not bring stays as it was.
func (s *Server) signInFederated(ctx context.Context, back *returned, claims map[string]any) (*user, error) {
	p, idp := back.pool, back.idp
	subject, _ := claims["sub"].(string)
	username := idp.Name + "_" + subject
	if p.CaseInsensitive {
		username = strings.ToLower(username)
	}
	if n := utf8.RuneCountInString(username); n > maxUsername {
		// Unverified: the text for an over-long user name.
		return nil, &errUpstream{"1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128", fmt.Errorf("%s has %d characters", username, n)}
	}
	mapped, err := mapClaims(idp.AttributeMapping, claims)
	if err != nil {
		return nil, err
	}
	generation, err := s.generation(ctx, p, username)
	if err != nil {
		return nil, err
	}
	var out *user
	made := false
	err = s.users.Update(ctx, userKey(p, username), func(u *user) (*user, error) {
		made = u == nil
		now := s.kit.Env.Now()
		if made {
			u = &user{
				Username: username, Provider: idp.Name, Subject: subject, Created: now, Linked: now,
				Attributes: map[string]string{"email_verified": "false"}, Groups: []string{p.ID + "_" + idp.Name},
			}
			u.Sub = p.sub(u, generation)
		}
		if err := p.apply(u, mapped, made); err != nil {
			return nil, err
		}
		u.Modified = now
		out = u
		return u, nil
	})
	if err != nil {
		return nil, err
	}
	if made {
		trace.Note(ctx, fmt.Sprintf("made the federated user %s with sub %s", out.Username, out.Sub))
	} else {
		trace.Note(ctx, fmt.Sprintf("found the federated user %s and wrote the mapped attributes again", out.Username))
	}
	return out, nil
}

// apply writes the mapped attributes into u, or says why the pool refuses them.
func (p *pool) apply(u *user, mapped map[string]string, made bool) error {
	for _, name := range sortedKeys(mapped) {
		value := mapped[name]
		if old, have := u.Attributes[name]; have && !made && p.attribute(name).Immutable && old != "" {
			return &errUpstream{fmt.Sprintf("user.%s: Attribute cannot be updated.\n ", name), errors.New("the attribute is immutable in the pool's schema, which only a new pool can change")}
		}
		if utf8.RuneCountInString(value) > maxAttribute {
			return &errUpstream{fmt.Sprintf("Invalid user attributes: %s: String must be no longer than %d characters.", name, maxAttribute), errors.New("too long")}
		}
		u.Attributes[name] = value
	}
	var missing []string
	for _, a := range p.Attributes {
		if a.Required && u.Attributes[a.Name] == "" {
			missing = append(missing, a.Name)
		}
	}
	if len(missing) > 0 {
		return &errUpstream{"attributes required: [" + strings.Join(missing, ", ") + "]", errors.New("the provider sent no such claim, or the provider's attribute mapping does not name it; add the scope or the mapping")}
	}
	return nil
}

// generation is how often a profile of that user name was deleted: a profile made again gets another sub, as in the
// real service.
func (s *Server) generation(ctx context.Context, p *pool, username string) (int, error) {
	n, err := s.generations.Get(ctx, userKey(p, username))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// sub is derived, so that the same person gets the same one in every run on every machine.
func (p *pool) sub(u *user, generation int) string {
	if fixed := p.Subs[u.Username]; fixed != "" && generation == 0 {
		return fixed
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", p.ID, u.Provider, u.Subject, generation))
	sum[6] = 0x70 // the service's subs look like UUIDs whose third group begins with 70, without a variant
	return lab.FormatUUID(sum[:])
}

// mapClaims applies a provider's attribute mapping to claims. username is not an attribute.
func mapClaims(mapping map[string]string, claims map[string]any) (map[string]string, error) {
	out := map[string]string{}
	for attribute, claim := range mapping {
		if attribute == "username" {
			continue
		}
		value, have := claims[claim]
		if !have || value == nil {
			continue
		}
		text, err := flatten(value)
		if err != nil {
			return nil, &errUpstream{fmt.Sprintf("Invalid user attributes: %s: %v", attribute, err), err}
		}
		out[attribute] = text
	}
	return out, nil
}

// flatten writes a claim as an attribute's string; several values become "[a, b]", each form-URL-encoded.
func flatten(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case bool:
		if v {
			return "true", nil
		}
		return "false", nil
	case json.Number:
		return v.String(), nil
	case []any:
		parts := make([]string, len(v))
		for i, element := range v {
			text, err := flatten(element)
			if err != nil {
				return "", err
			}
			parts[i] = formEncode(text)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	}
	b, err := json.Marshal(value)
	return string(b), err
}

// formEncode leaves alphanumerics and . - * _ as they are; a space becomes +.
func formEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(".-*_", c) >= 0:
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// attributeNames are the names of the user's attributes: the standard ones in the schema's order, then custom ones.
func (u *user) attributeNames() []string {
	var out []string
	for _, name := range standardAttributes {
		if _, have := u.Attributes[name]; have {
			out = append(out, name)
		}
	}
	for _, name := range sortedKeys(u.Attributes) {
		if !slices.Contains(standardAttributes, name) {
			out = append(out, name)
		}
	}
	return out
}

// identities is the ID-token claim: an array in which primary and dateCreated are strings.
func (u *user) identities() []jose.Object {
	return []jose.Object{{
		{Name: "userId", Value: u.Subject},
		{Name: "providerName", Value: u.Provider},
		{Name: "providerType", Value: "OIDC"},
		{Name: "issuer", Value: nil},
		{Name: "primary", Value: "true"},
		{Name: "dateCreated", Value: fmt.Sprint(u.Linked.UnixMilli())},
	}}
}

// identitiesAttribute is the attribute of the same name: a string of JSON with a boolean and a number.
func (u *user) identitiesAttribute() (string, error) {
	b, err := json.Marshal([]jose.Object{{
		{Name: "userId", Value: u.Subject},
		{Name: "providerName", Value: u.Provider},
		{Name: "providerType", Value: "OIDC"},
		{Name: "issuer", Value: nil},
		{Name: "primary", Value: true},
		{Name: "dateCreated", Value: u.Linked.UnixMilli()},
	}})
	return string(b), err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
