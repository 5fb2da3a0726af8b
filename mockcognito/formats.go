package mockcognito

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

// Formats of the service's model, without its regular expressions: their counted repetitions and classes of Unicode make
// half a megabyte and some milliseconds of every start.

// isPoolID is ^[a-z]{2}(-[a-z]+)+-[0-9]+_[0-9a-zA-Z]+$, of at most 55 characters.
func isPoolID(s string) bool {
	region, name, ok := strings.Cut(s, "_")
	if !ok || len(s) > 55 || !only(name, 1, 55, isLetterOrDigit) {
		return false
	}
	parts := strings.Split(region, "-")
	last := len(parts) - 1
	if last < 2 || len(parts[0]) != 2 || !only(parts[last], 1, 55, isDigit) {
		return false
	}
	for _, part := range parts[:last] {
		if !only(part, 1, 55, isLower) {
			return false
		}
	}
	return true
}

// isClientID is ^[\w+]{1,128}$.
func isClientID(s string) bool { return only(s, 1, 128, isWordOrPlus) }

// isClientSecret is ^[\w+]{24,64}$.
func isClientSecret(s string) bool { return only(s, 24, 64, isWordOrPlus) }

// isDomainPrefix is ^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$.
func isDomainPrefix(s string) bool {
	return only(s, 1, 63, func(c rune) bool { return isLower(c) || isDigit(c) || c == '-' }) && s[0] != '-' && s[len(s)-1] != '-'
}

// isProviderName is ^[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+$, of 3 to 32 characters.
func isProviderName(s string) bool {
	if n := utf8.RuneCountInString(s); n < 3 || n > 32 {
		return false
	}
	for i, c := range []rune(s) {
		if i == 1 && !isVisible(c) || i != 1 && (c == '_' || unicode.Is(unicode.Z, c)) {
			return false
		}
	}
	return true
}

// isUsername is ^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$, of at most 128 characters: no white space.
func isUsername(s string) bool { return only(s, 1, userpool.MaxUsername, isVisible) }

// isIdentifier is ^[\w\s+=.@-]{1,40}$.
func isIdentifier(s string) bool {
	return only(s, 1, 40, func(c rune) bool { return isWordOrPlus(c) || strings.ContainsRune("\t\n\f\r =.@-", c) })
}

// isScope is ^[\x21\x23-\x5B\x5D-\x7E]{1,256}$.
func isScope(s string) bool {
	return only(s, 1, 256, func(c rune) bool { return c > ' ' && c < 0x7f && c != '"' && c != '\\' })
}

// only tells whether s has from least to most characters, all of them allowed.
func only(s string, least, most int, allowed func(rune) bool) bool {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return false
	}
	return strings.IndexFunc(s, func(c rune) bool { return !allowed(c) }) < 0
}

func isLower(c rune) bool { return c >= 'a' && c <= 'z' }
func isDigit(c rune) bool { return c >= '0' && c <= '9' }

func isLetterOrDigit(c rune) bool { return isLower(c) || isDigit(c) || c >= 'A' && c <= 'Z' }

func isWordOrPlus(c rune) bool { return isLetterOrDigit(c) || c == '_' || c == '+' }

func isVisible(c rune) bool {
	return unicode.In(c, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P)
}
