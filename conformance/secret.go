package conformance

import (
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const masked = "(secret)"

// Secret is a value that is never printed, logged or marshalled. Reveal gives it away.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return `conformance.Secret("` + s.String() + `")` }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoding/json and others.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// secretParams are parameters whose values are not written out.
var secretParams = []string{
	"access_token", "client_secret", "code", "code_verifier", "id_token", "id_token_hint", "password", "refresh_token",
	"SAMLRequest", "SAMLResponse", "idp_initiated_login", "token",
}

// MaskURL replaces the values of codes, tokens and secrets in the query and the fragment of a URL, and the password of
// its user, so that it can be shown.
func MaskURL(raw string) string {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	base, query, hasQuery := strings.Cut(rest, "?")
	if scheme, after, ok := strings.Cut(base, "://"); ok {
		host, _, _ := strings.Cut(after, "/")
		if i := strings.LastIndex(host, "@"); i >= 0 {
			base = scheme + "://" + masked + host[i:] + strings.TrimPrefix(after, host)
		}
	}
	if hasQuery {
		base += "?" + maskQuery(query)
	}
	if hasFragment {
		base += "#" + maskQuery(fragment)
	}
	return base
}

var address = regexp.MustCompile(`https?://[^\s"'<>]+`)

// MaskText is MaskURL for every address in a text.
func MaskText(text string) string { return address.ReplaceAllStringFunc(text, MaskURL) }

func maskQuery(raw string) string {
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(name)
		if ok && value != "" && (err != nil || slices.Contains(secretParams, decoded)) {
			parts[i] = name + "=…"
		}
	}
	return strings.Join(parts, "&")
}
