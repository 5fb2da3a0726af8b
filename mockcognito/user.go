package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// signInFederated makes or updates the profile of a person who came through a provider: mapped attributes are written
// at every sign-in, what a claim does not bring stays as it was. An identity that was linked to a profile is that
// profile's.
func (s *Server) signInFederated(ctx context.Context, back *returned, claims map[string]any) (*user, error) {
	p, idp := back.pool, back.idp
	subject, _ := claims["sub"].(string)
	username := p.Users.Fold(idp.Name + "_" + subject)
	if n := utf8.RuneCountInString(username); n > userpool.MaxUsername {
		// Unverified: the text for an over-long user name.
		return nil, &errUpstream{"1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128", fmt.Errorf("%s has %d characters", username, n)}
	}
	mapped, err := mapClaims(idp.AttributeMapping, claims)
	if err != nil {
		return nil, err
	}
	group := userpool.FederatedGroup(p.ID, idp.Name)
	sub := func(username string, generation int) string { return p.Sub(username, idp.Name, subject, generation) }
	claim := func(name string) string { value, _ := flatten(claims[name]); return value }
	u, made, err := p.Users.SignIn(ctx, userpool.Identity{Provider: idp.Name, Type: idp.Type, Subject: subject}, username, claim, sub, func(u *user, made bool) error {
		if made {
			u.Attributes = userpool.Attributes{{Name: "email_verified", Value: "false"}}
			u.Join(group.Name)
		}
		return p.apply(u, mapped, made)
	})
	if userpool.IsCode(err, userpool.UsernameExists) {
		return nil, &errUpstream{"Already found an entry for username " + username, err}
	}
	if err != nil {
		return nil, err
	}
	if !made {
		trace.Note(ctx, fmt.Sprintf("found the user %s of this identity and wrote the mapped attributes again", u.Username))
		return u, nil
	}
	trace.Note(ctx, fmt.Sprintf("made the federated user %s with sub %s", u.Username, u.Sub))
	if p.Group(group.Name) != nil {
		return u, nil
	}
	return u, s.directory.Edit(ctx, p.ID, func(d *userpool.Draft) error {
		if d.Group(group.Name) == nil {
			d.PutGroup(group)
		}
		return nil
	})
}

// apply writes the mapped attributes into u, or says why the pool refuses them.
func (p *pool) apply(u *user, mapped map[string]string, made bool) error {
	for _, name := range sortedKeys(mapped) {
		value := mapped[name]
		entry, _ := p.Attribute(name)
		if old, have := u.Attributes.Lookup(name); have && !made && entry.Immutable && old != "" {
			return &errUpstream{fmt.Sprintf("user.%s: Attribute cannot be updated.\n ", name), errors.New("the attribute is immutable in the pool's schema, which only a new pool can change")}
		}
		if utf8.RuneCountInString(value) > userpool.MaxAttributeValue {
			return &errUpstream{fmt.Sprintf("Invalid user attributes: %s: String must be no longer than %d characters.", name, userpool.MaxAttributeValue), errors.New("too long")}
		}
		u.Attributes = u.Attributes.With(name, value)
	}
	var missing []string
	for _, name := range p.Required() {
		if u.Attributes.Get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return &errUpstream{"attributes required: [" + strings.Join(missing, ", ") + "]", errors.New("the provider sent no such claim, or the provider's attribute mapping does not name it; add the scope or the mapping")}
	}
	return nil
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

// identities is the ID-token claim: an array in which primary and dateCreated are strings.
func identities(u *user) []jose.Object {
	out := make([]jose.Object, len(u.Identities))
	for i, identity := range u.Identities {
		out[i] = identityObject(identity, fmt.Sprint(identity.Primary), fmt.Sprint(identity.Created.UnixMilli()))
	}
	return out
}

// identitiesAttribute is the attribute of the same name: a string of JSON with booleans and numbers.
func identitiesAttribute(u *user) (string, error) {
	list := make([]jose.Object, len(u.Identities))
	for i, identity := range u.Identities {
		list[i] = identityObject(identity, identity.Primary, identity.Created.UnixMilli())
	}
	b, err := json.Marshal(list)
	return string(b), err
}

func identityObject(i userpool.Identity, primary, created any) jose.Object {
	var issuer any // null but for SAML, whose entity id it is
	if i.Issuer != "" {
		issuer = i.Issuer
	}
	return jose.Object{
		{Name: "userId", Value: i.Subject}, {Name: "providerName", Value: i.Provider}, {Name: "providerType", Value: i.Type},
		{Name: "issuer", Value: issuer}, {Name: "primary", Value: primary}, {Name: "dateCreated", Value: created},
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
