package yamlfile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

type word struct {
	Text string
	Env  string `yaml:"env"`
}

func (w *word) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("is empty")
	}
	w.Text = string(b)
	return nil
}

type item struct {
	ID     string        `yaml:"id"`
	On     *bool         `yaml:"on"`
	TTL    time.Duration `yaml:"ttl"`
	Word   word          `yaml:"word"`
	Hidden string        `yaml:"-"`
}

type root struct {
	Items []item            `yaml:"items"`
	Words map[string]string `yaml:"words"`
	Port  int               `yaml:"port"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var r root
	doc := yamlfile.Decode("a.yaml", []byte(`
# a comment
port: 12
words: {a: b, "c d": 'e'}
items:
  - &one
    id: "007"
    on: false
    ttl: 5m
    word: plain
  - *one
  - id: |
      two
      lines
    word: {env: HOME}
`), &r)
	require.NoError(t, doc.Err())
	off := false
	one := item{ID: "007", On: &off, TTL: 5 * time.Minute, Word: word{Text: "plain"}}
	require.Equal(t, root{
		Port: 12, Words: map[string]string{"a": "b", "c d": "e"},
		Items: []item{one, one, {ID: "two\nlines\n", Word: word{Env: "HOME"}}},
	}, r)
	require.True(t, doc.Has("items[2].word.env"))
	require.False(t, doc.Has("items[2].ttl"))
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	var r root
	doc := yamlfile.Decode("a.yaml", []byte(`port: many
prot: 1
items:
  - id: 7
    on: "yes"
    ttl: 5
    word: ""
    hidden: x
    id: again
  - just a word
  - id:
  - *nowhere
words: [a]
`), &r)
	doc.Problem("items[1].id", "is missing")
	doc.Problem("items[0].ttl", "is short")
	want := []string{
		`a.yaml:1:7: port: is a string, and must be a whole number`,
		`a.yaml:2:1: unknown key "prot"; did you mean "port"?`,
		`a.yaml:4:9: items[0].id: is a number, and must be a string; write it in quotes: "7"`,
		`a.yaml:5:9: items[0].on: is a string, and must be true or false`,
		`a.yaml:6:5: items[0].ttl: is short`,
		`a.yaml:6:10: items[0].ttl: is a number, and must be a duration such as "5m" or "72h"`,
		`a.yaml:7:11: items[0].word: is empty`,
		`a.yaml:8:5: unknown key "hidden" in items[0]; known: id, on, ttl, word`,
		`a.yaml:9:5: items[0].id: is given twice; the first is in line 4`,
		`a.yaml:10:5: items[1]: is a string, and must be a mapping`,
		`a.yaml:10:5: items[1].id: is missing`,
		`a.yaml:11:5: items[2].id: has no value; give one or remove the key`,
		`a.yaml:12:5: items[3]: the alias *nowhere has no anchor before it`,
		`a.yaml:13:8: words: is a list, and must be a mapping`,
	}
	require.Equal(t, want, strings.Split(doc.Err().Error(), "\n"))
}

func TestWholeFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"empty":         {"", ""},
		"only comments": {"# nothing\n", ""},
		"syntax":        {"items: [", "a.yaml:1:8:"},
		"two documents": {"port: 1\n---\nport: 2\n", "a.yaml:3:"},
		"not a mapping": {"- a\n", "a.yaml:1:1: is a list, and must be a mapping"},
		"tag":           {"port: !!str 1\n", "tags such as !!str are not read"},
		"merge":         {"items:\n  - &a\n    id: x\n  - <<: *a\n", "merge keys (<<) are not read"},
		"circle":        {"items: &a\n  - *a\n", "a.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r root
			err := yamlfile.Decode("a.yaml", []byte(c.in), &r).Err()
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"items:\n  - id: a\n", "a: &x [*x]\n", "? b\n: c\n", "words: {a: |\n  x\n}", "- !!str a\n---\n", "<<: *a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r root
		if err := yamlfile.Decode("a.yaml", data, &r).Err(); err != nil {
			require.NotEmpty(t, err.Error())
		}
	})
}
