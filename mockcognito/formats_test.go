package mockcognito

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// format is a function beside the service model's regular expression and the numbers of characters it goes with.
type format struct {
	name        string
	is          func(string) bool
	pattern     *regexp.Regexp
	least, most int
}

func formats() []format {
	return []format{
		{"pool id", isPoolID, regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+_[0-9a-zA-Z]+$`), 1, 55},
		{"client id", isClientID, regexp.MustCompile(`^[\w+]{1,128}$`), 1, 128},
		{"client secret", isClientSecret, regexp.MustCompile(`^[\w+]{24,64}$`), 24, 64},
		{"domain prefix", isDomainPrefix, regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`), 1, 63},
		{"provider name", isProviderName, regexp.MustCompile(`^[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+$`), 3, 32},
		{"user name", isUsername, regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`), 1, 128},
		{"identifier", isIdentifier, regexp.MustCompile(`^[\w\s+=.@-]{1,40}$`), 1, 40},
		{"scope", isScope, regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,256}$`), 1, 256},
	}
}

// want is what the service's model says of s.
func (f format) want(s string) bool {
	n := len([]rune(s))
	return n >= f.least && n <= f.most && f.pattern.MatchString(s)
}

// formatExamples reach both sides of each boundary.
func formatExamples() []string {
	out := []string{
		"", "a", "-", "a-", "-a", "a-b", "us-east-1_SsoLab001", "us-gov-east-1_a", "us-1_a", "u-east-1_a", "usa-east-1_a", "us-east-1_", "us-east-1_a_b",
		"us-east-_a", "us-east_a", "us--1_a", "US-east-1_a", "us-east-1_é", "us-east-1a_b", "us-east-1\n_a", "us-east-1_a\n", "_", "a_b", "ab_", "abc", "a b", "a\u00a0b",
		"a\x00b", "a\u200bb", "äöü", "éa\u2028", "日本語", "a\xffb", "\xff\xfe\xfd", "ab\nc", "\nab", "a\tb", "a\vb", "a+b=c.d@e-f", `a"b`, `a\b`, "a~!b", "a\x7fb", "openid",
	}
	for _, n := range []int{23, 24, 25, 32, 33, 39, 40, 41, 54, 55, 56, 62, 63, 64, 65, 127, 128, 129, 255, 256, 257} {
		out = append(out, strings.Repeat("a", n), strings.Repeat("é", n), strings.Repeat("-", n), "us-east-1_"+strings.Repeat("a", n-10))
	}
	return out
}

func TestFormatsAreTheModels(t *testing.T) {
	t.Parallel()
	for _, f := range formats() {
		seen := map[bool]int{}
		for _, s := range formatExamples() {
			require.Equal(t, f.want(s), f.is(s), "%s %q", f.name, s)
			seen[f.want(s)]++
		}
		require.Len(t, seen, 2, "%s: both good and bad examples", f.name)
	}
}

func FuzzFormats(f *testing.F) {
	for _, s := range formatExamples() {
		f.Add(s)
	}
	list := formats()
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range list {
			require.Equal(t, format.want(s), format.is(s), "%s %q", format.name, s)
		}
	})
}
