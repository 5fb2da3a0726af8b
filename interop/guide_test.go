package interop_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page is docs/guide.md: its blocks of code by their language, and the rows of its tables.
type page struct {
	blocks map[string][]string
	rows   [][]string
}

func readGuide(t *testing.T) page {
	t.Helper()
	text, err := os.ReadFile("../docs/guide.md")
	require.NoError(t, err)
	p := page{blocks: map[string][]string{}}
	language := ""
	var block strings.Builder
	for line := range strings.Lines(string(text)) {
		switch {
		case language == "" && strings.HasPrefix(line, "```"):
			language = strings.TrimSpace(strings.TrimPrefix(line, "```"))
			require.NotEmpty(t, language, "a block says what it is")
			block.Reset()
		case language != "" && strings.TrimSpace(line) == "```":
			p.blocks[language] = append(p.blocks[language], block.String())
			language = ""
		case language != "":
			block.WriteString(line)
		case strings.HasPrefix(line, "| "):
			p.rows = append(p.rows, strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"))
		}
	}
	require.Empty(t, language)
	return p
}

var code = regexp.MustCompile("`([^`]+)`")

// Each field of the tables is in the blocks that a test follows, so that no row says what nobody has tried.
func TestEveryFieldOfTheGuideIsFollowed(t *testing.T) {
	t.Parallel()
	p := readGuide(t)
	require.Len(t, p.blocks["hcl"], 1)
	require.Len(t, p.blocks["yaml"], 1)
	commands, terraform, file := strings.Join(p.blocks["sh"], "\n"), p.blocks["hcl"][0], p.blocks["yaml"][0]
	fields := 0
	for _, row := range p.rows {
		if len(row) < 2 || strings.HasPrefix(strings.TrimSpace(row[0]), "---") || !strings.Contains(row[1], "`") {
			continue
		}
		fields++
		for column, cell := range row {
			for _, found := range code.FindAllStringSubmatch(cell, -1) {
				checkField(t, row[0], found[1], []string{"", file, commands, terraform}[column])
			}
		}
	}
	require.Greater(t, fields, 30)
	for _, name := range []string{
		"provider name", "Client ID", "Client secret", "Authorized scopes", "Identifiers", "Attribute request method", "issuer URL", "Attribute mapping",
		"allowed callback URLs", "Allowed sign-out URLs", "Identity providers", "OAuth grant types", "OpenID Connect scopes", "Allowed callback URLs", "Organization: domains",
		"Connection: identity provider", "User attributes",
	} {
		require.True(t, slices.ContainsFunc(p.rows, func(row []string) bool { return strings.Contains(row[0], name) }), name)
	}
}

// checkField sees that the last name of a field is a key, an option or an argument in the text.
func checkField(t *testing.T, row, field, in string) {
	t.Helper()
	words := strings.Fields(field)
	last := words[len(words)-1]
	key := strings.TrimSuffix(last[strings.LastIndex(last, ".")+1:], "[]")
	pattern := `(?m)(^|[\s",{])` + regexp.QuoteMeta(key) + `"?(:|\s*=|\s*\{)`
	switch {
	case strings.HasPrefix(last, "SCALEKIT_"), strings.HasPrefix(last, "/"): // a variable, a path
		return
	case strings.HasPrefix(last, "--"):
		pattern = `(?s)` + words[0] + ` .*` + last + ` `
	}
	require.True(t, regexp.MustCompile(pattern).MatchString(in), "%s: %s is not in the block", row, field)
}
