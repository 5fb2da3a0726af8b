package yamlfile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/yamlfile"
)

type (
	colour  string
	code    string
	percent int
	life    int64
	hidden  string
)

func (colour) Rule() yamlfile.Rule { return yamlfile.Rule{Enum: []string{"red", "green", "blue"}} }
func (code) Rule() yamlfile.Rule {
	return yamlfile.Rule{Pattern: "[A-Z]+", Without: "BAD", MaxLength: 6, Want: "up to six capitals, not BAD"}
}
func (percent) Rule() yamlfile.Rule { return yamlfile.Rule{Min: 1, Max: 100} }
func (life) Rule() yamlfile.Rule {
	return yamlfile.Rule{Duration: true, Min: int64(time.Minute), Max: int64(48 * time.Hour)}
}
func (hidden) Rule() yamlfile.Rule {
	return yamlfile.Rule{Pattern: "[0-9]+", Want: "digits", Private: true}
}

type part struct {
	Name   string  `yaml:"name,required" doc:"what it is called"`
	Left   string  `yaml:"left"`
	Right  string  `yaml:"right"`
	Strict bool    `yaml:"strict" default:"false"`
	Share  percent `yaml:"share"`
}

func (part) Shape() yamlfile.Shape {
	return yamlfile.Shape{
		Needs: map[string][]string{"share": {"left"}}, Excludes: [][]string{{"left", "right"}},
		Never: []yamlfile.Never{{Key: "strict", If: "name", Begins: "x-", Reason: "not for x-"}},
	}
}

type ruled struct {
	Colour  colour          `yaml:"colour"`
	Codes   []code          `yaml:"codes" min:"1" unique:"true"`
	Life    life            `yaml:"life"`
	TTL     time.Duration   `yaml:"ttl"`
	Hidden  hidden          `yaml:"hidden"`
	Parts   []part          `yaml:"parts"`
	ByCode  map[code]string `yaml:"by_code"`
	Counter int             `yaml:"counter"`
}

func TestRules(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"colour: green\ncodes: [A, BC]\nlife: 24h\nhidden: '12'\nttl: 1h30m\nparts: [{name: a, left: b, share: 100}, {name: x-a}]\nby_code: {A: x}\ncounter: 0x10": "",
		"colour: gren":       `1:9: colour: is "gren", and must be red, green or blue; did you mean "green"?`,
		"colour: purple":     `1:9: colour: is "purple", and must be red, green or blue`,
		"codes: [a]":         `1:9: codes[0]: is "a", and must be up to six capitals, not BAD`,
		"codes: [ABADB]":     `1:9: codes[0]: is "ABADB", and must be`,
		"codes: [ABCDEFG]":   `codes[0]: is "ABCDEFG", and must be`,
		"codes: []":          `1:1: codes: is empty, and must have at least 1; leave the key out for the default`,
		"codes: [A, B, A]":   `codes[2]: is the same as codes[0]`,
		"life: 30s":          `1:7: life: is 30s, and must be a duration from 1m to 48h`,
		"life: 3d":           `1:7: life: is 72h, and must be a duration from 1m to 48h`,
		"ttl: -5m":           `1:6: ttl: is a string, and must be a duration such as "5m" or "72h"`,
		"ttl: 9999999h":      `must be a duration such as`,
		"hidden: s3cret":     `1:9: hidden: is no good value, and must be digits`,
		"parts: [{left: a}]": `1:9: parts[0].name: is missing`,
		"parts: [{name: a, left: b, share: 101}]": `1:35: parts[0].share: is 101, and must be a whole number from 1 to 100`,
		"parts: [{name: a, share: 1}]":            `1:19: parts[0].share: needs left beside it`,
		"parts: [{name: a, left: b, right: c}]":   `1:28: parts[0].right: does not go with left`,
		"parts: [{name: x-a, strict: true}]":      `1:21: parts[0].strict: not for x-`,
		"by_code: {a: x}":                         `1:11: by_code.a: is "a", and must be up to six capitals`,
		"counter: 1.5":                            `1:10: counter: is a number, and must be a whole number`,
	} {
		var r ruled
		doc := yamlfile.Decode("f", []byte(in), &r)
		if want == "" {
			require.NoError(t, doc.Err())
			require.Equal(t, 90*time.Minute, r.TTL)
			require.Equal(t, 16, r.Counter)
			require.Equal(t, map[code]string{"A": "x"}, r.ByCode)
			continue
		}
		require.ErrorContains(t, doc.Err(), want, in)
		require.Len(t, doc.Err().(yamlfile.Problems), 1, in)
		require.NotContains(t, doc.Err().Error(), "s3cret")
		require.Equal(t, !strings.Contains(want, "must be a duration from"), doc.Broken(), "a schema says it: %s", in)
	}
}

func TestDurationsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "2h5s": 2*time.Hour + 5*time.Second, "1.5h": 90 * time.Minute,
		"250ms": 250 * time.Millisecond, "30d": 720 * time.Hour, "'0'": 0, "999999h": 999999 * time.Hour,
	} {
		var r ruled
		require.NoError(t, yamlfile.Decode("f", []byte("ttl: "+in), &r).Err(), in)
		require.Equal(t, want, r.TTL, in)
	}
}

func TestTheSchemaSaysTheRules(t *testing.T) {
	t.Parallel()
	b, err := yamlfile.Schema[ruled]("title", "what it is", func(defs map[string]any) { defs["colour"].(map[string]any)["description"] = "a colour" })
	require.NoError(t, err)
	var s struct {
		Title       string
		Properties  map[string]map[string]any
		Defs        map[string]map[string]any `json:"$defs"`
		AllowsOther bool                      `json:"additionalProperties"`
	}
	require.NoError(t, json.Unmarshal(b, &s))
	require.Equal(t, "title", s.Title)
	require.False(t, s.AllowsOther)
	require.Equal(t, map[string]any{"$ref": "#/$defs/colour"}, s.Properties["colour"])
	require.Equal(t, map[string]any{"type": "array", "items": map[string]any{"$ref": "#/$defs/code"}, "minItems": 1.0, "uniqueItems": true}, s.Properties["codes"])
	require.Equal(t, map[string]any{"type": "string", "enum": []any{"red", "green", "blue"}, "description": "a colour"}, s.Defs["colour"])
	require.Equal(t, map[string]any{"type": "string", "pattern": "^(?:[A-Z]+)$", "not": map[string]any{"pattern": "BAD"}, "maxLength": 6.0, "description": "up to six capitals, not BAD"}, s.Defs["code"])
	require.Equal(t, []any{"name"}, s.Defs["part"]["required"])
	require.Equal(t, map[string]any{"share": []any{"left"}}, s.Defs["part"]["dependentRequired"])
	require.Len(t, s.Defs["part"]["allOf"], 2)
	require.Equal(t, map[string]any{"$ref": "#/$defs/code"}, s.Properties["by_code"]["propertyNames"])
}

func TestKeys(t *testing.T) {
	t.Parallel()
	keys := yamlfile.Keys[ruled]()
	var paths []string
	for _, k := range keys {
		paths = append(paths, k.Path)
	}
	require.Equal(t, []string{"colour", "codes", "life", "ttl", "hidden", "parts", "parts[].name", "parts[].left", "parts[].right", "parts[].strict", "parts[].share", "by_code", "counter"}, paths)
	require.Equal(t, yamlfile.Key{Path: "parts[].name", Kind: "string", Doc: "what it is called", Required: true}, keys[6])
	require.Equal(t, yamlfile.Key{Path: "parts[].strict", Kind: "`true` or `false`", Default: "false"}, keys[9])
	require.Equal(t, "duration, 1m–48h", keys[2].Kind)
	require.Equal(t, "1–100", keys[10].Kind)
	require.Equal(t, "`red`, `green` or `blue`", keys[0].Kind)
}
