package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ssolab/ssolab/internal/fault"
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
	if err := checkUsername(username); err != nil {
		return nil, err
	}
	changes, err := s.mappedAttributes(ctx, back, claims)
	if err != nil {
		return nil, err
	}
	group := userpool.FederatedGroup(p.ID, idp.Name)
	sub := func(username string, generation int) string { return p.Sub(username, idp.Name, subject, generation) }
	claim := func(name string) string { value, _ := flatten(claims[name]); return value }
	identity := userpool.Identity{Provider: idp.Name, Type: idp.Type, Subject: subject}
	if p.Users.LinkedInOtherCase(identity, claim) {
		return nil, &errUpstream{"Invalid ProviderName/Username combination", fmt.Errorf("a link names the subject %q in another case; link the subject as the provider sends it", subject)}
	}
	draft, err := s.newcomer(ctx, back, identity, username, claim, changes)
	if err != nil {
		return nil, err
	}
	u, made, err := p.Users.SignIn(ctx, identity, username, claim, sub, func(u *user, made bool) error {
		switch {
		case u.Disabled:
			return &errUpstream{"User is disabled.", fmt.Errorf("user %s is disabled", u.Username)} // Unverified: this text
		case !made:
			return s.apply(ctx, p, u, changes, false)
		case draft == nil: // the profile was deleted since it was looked for
			return &errUpstream{"User does not exist.", fmt.Errorf("the profile of %s was deleted during the sign-in", username)} // Unverified: this text
		}
		u.Attributes = slices.Clone(draft.Attributes)
		u.Join(group.Name)
		return nil
	})
	if userpool.IsCode(err, userpool.UsernameExists) {
		return nil, &errUpstream{"Already found an entry for username " + username, err}
	}
	if err != nil {
		return nil, err
	}
	if !made {
		trace.Note(ctx, fmt.Sprintf("found the user %s of this identity and wrote the mapped attributes again", u.Username))
		return s.nowOf(ctx, back, u, false)
	}
	trace.Note(ctx, fmt.Sprintf("made the federated user %s with sub %s", u.Username, u.Sub))
	if p.Group(group.Name) == nil {
		err = s.directory.Edit(ctx, p.ID, func(d *userpool.Draft) error {
			if d.Group(group.Name) == nil {
				d.PutGroup(group)
			}
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return s.nowOf(ctx, back, u, true)
}

// nowOf is the user after the functions that follow a sign-in have run; they may have changed it by the API.
func (s *Server) nowOf(ctx context.Context, back *returned, u *user, made bool) (*user, error) {
	if err := s.afterFederated(ctx, back, u, made); err != nil {
		return nil, err
	}
	now := back.pool.Users.Get(u.Username)
	if now == nil {
		return nil, &errUpstream{"User does not exist.", fmt.Errorf("the profile of %s was deleted during the sign-in", u.Username)} // Unverified: this text
	}
	return now, nil
}

// checkUsername holds a user name against the service's model. Unverified: that a sign-in gets the API's text.
func checkUsername(username string) error {
	const text = "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must "
	switch n := utf8.RuneCountInString(username); {
	case n > userpool.MaxUsername:
		return &errUpstream{text + "have length less than or equal to 128", fmt.Errorf("%s has %d characters", username, n)}
	case !isUsername(username):
		return &errUpstream{text + `satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`, fmt.Errorf("the provider's subject makes the user name %q", username)}
	}
	return nil
}

// mappedAttributes are the attributes that the provider's claims bring. One that the client cannot write is left out: so
// says the guide; the API reference says that it throws.
func (s *Server) mappedAttributes(ctx context.Context, back *returned, claims map[string]any) (map[string]string, error) {
	var mapping map[string]string
	err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.mapping", Run: func() error {
		mapping = back.idp.AttributeMapping
		return nil
	}})
	if err != nil {
		return nil, err
	}
	out, err := mapClaims(mapping, claims)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(out) {
		if back.client.CanWrite(name) {
			continue
		}
		if !s.kit.Quirks.On(quirkUnwritableSkipped) {
			return nil, &errUpstream{fmt.Sprintf("Invalid user attributes: %s: A client attempted to write unauthorized attribute", name), fmt.Errorf("app client %s has no write access to it", back.client.ID)}
		}
		trace.Note(ctx, fmt.Sprintf("left out the mapped attribute %s: app client %s has no write access to it", name, back.client.ID))
		delete(out, name)
	}
	return out, nil
}

// apply writes the mapped attributes into u, or says why the pool refuses them.
func (s *Server) apply(ctx context.Context, p *pool, u *user, changes map[string]string, made bool) error {
	if !made {
		known := changes
		changes = nil
		err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.update", Run: func() error { changes = known; return nil }})
		if err != nil {
			return err
		}
	}
	schema := s.schemaOf(ctx, p)
	for _, name := range sortedKeys(changes) {
		value := changes[name]
		if p.UsernameCase == userpool.CaseInsensitive && (name == "email" || name == "preferred_username") {
			value = strings.ToLower(value)
		}
		err := s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.immutable", Run: func() error {
			if !made && schema.immutable(name) && u.Attributes.Get(name) != "" {
				return &errUpstream{fmt.Sprintf("user.%s: Attribute cannot be updated.\n ", name), errors.New("the attribute is immutable in the pool's schema, which only a new pool can change")}
			}
			return nil
		}})
		if err != nil {
			return err
		}
		if err := schema.check(name, value); err != nil {
			return err
		}
		u.Attributes = u.Attributes.With(name, value)
	}
	return s.kit.Faults.Run(ctx, fault.Check{Point: "cognito.idpresponse.required", Run: func() error { return schema.complete(u) }})
}

// signInSchema is the pool's schema as a sign-in is held to it.
type signInSchema struct {
	pool *pool
	// of faults: further attributes that are required, or immutable
	alsoRequired, alsoImmutable string
}

// schemaOf is the pool's schema; a fault may make an attribute required or immutable.
func (s *Server) schemaOf(ctx context.Context, p *pool) signInSchema {
	var doc jose.Object
	s.kit.Faults.Document(ctx, "cognito.schema", &doc)
	required, _ := doc.Get("required").(string)
	immutable, _ := doc.Get("immutable").(string)
	return signInSchema{p, required, immutable}
}

func (s signInSchema) immutable(name string) bool {
	entry, _ := s.pool.Attribute(name)
	return entry.Immutable || name == s.alsoImmutable
}

// check holds a value against the schema's entry.
func (s signInSchema) check(name, value string) error {
	refuse := func(format string, args ...any) error {
		reason := fmt.Sprintf(format, args...)
		return &errUpstream{fmt.Sprintf("Invalid user attributes: %s: %s", name, reason), errors.New(reason)}
	}
	entry, have := s.pool.Attribute(name)
	if !have {
		return refuse("Attribute does not exist in the schema.\n ")
	}
	longest, shortest := userpool.MaxAttributeValue, 0
	if b := entry.StringLength; b != nil {
		if n, err := strconv.Atoi(b.Max); err == nil && b.Max != "" {
			longest = min(longest, n)
		}
		if n, err := strconv.Atoi(b.Min); err == nil && b.Min != "" {
			shortest = n
		}
	}
	switch n := utf8.RuneCountInString(value); {
	case n > longest:
		return refuse("String must be no longer than %d characters.", longest)
	case n < shortest:
		return refuse("String must be at least %d characters long.", shortest) // Unverified: this text
	}
	return nil
}

// complete tells what a profile lacks.
func (s signInSchema) complete(u *user) error {
	required := s.pool.Required()
	if s.alsoRequired != "" {
		required = append(slices.Clone(required), s.alsoRequired)
	}
	var missing []string
	for _, name := range required {
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
		var issuer any // null but for SAML, whose entity id it is
		if identity.Issuer != "" {
			issuer = identity.Issuer
		}
		out[i] = jose.Object{
			{Name: "userId", Value: identity.Subject}, {Name: "providerName", Value: identity.Provider}, {Name: "providerType", Value: identity.Type},
			{Name: "issuer", Value: issuer}, {Name: "primary", Value: fmt.Sprint(identity.Primary)}, {Name: "dateCreated", Value: fmt.Sprint(identity.Created.UnixMilli())},
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
