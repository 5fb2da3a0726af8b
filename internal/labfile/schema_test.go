package labfile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// beyond is all that a schema cannot say of a lab file, and the program says: what refers from one place to another, what
// counts over the whole file, ranges of durations, and forms that no pattern has.
var beyond = []*regexp.Regexp{
	// names that are taken
	regexp.MustCompile(`is taken by |is there already|is an identifier of the pool already|is the same as faults\[`),
	// references to what is not there
	regexp.MustCompile(`^the pool has no (provider|group) |is no attribute of the pool|^there is no (organization|role) |is none of the callback URLs|signs in as this client`),
	// rules over several values
	regexp.MustCompile(`lacks openid|a production client allows neither|speaks OpenID Connect and is the lab's|leads? to an identity provider elsewhere|^is not what the settings are for|^totp needs a totp_secret|^needs idp_entity_id and |Password did not conform|or is there already`),
	// quotas
	regexp.MustCompile(`a (pool|provider|client|resource server) has at most `),
	// ranges and forms beyond a pattern
	regexp.MustCompile(`and must be a duration from |is no IP address|is no certificate|is outside of`),
	// what stands elsewhere
	regexp.MustCompile(`^the environment variable |no such file or directory|^what is there is no good value`),
	// faults by their catalogue: where they act and with what
	regexp.MustCompile(`^fault "`),
	// YAML itself, which a schema never sees
	regexp.MustCompile(`is given twice|^the alias |^tags such as|merge keys|second document|lead in a circle|nests too deep`),
}

// judges are the program and the validator.
type judges struct {
	reader *yamlfile.Reader
	schema *jsonschema.Schema
}

func newJudges(t testing.TB) judges {
	t.Helper()
	text, err := labfile.Schema()
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("ssolab.schema.json", doc))
	schema, err := c.Compile("ssolab.schema.json")
	require.NoError(t, err)
	return judges{yamlfile.NewReader(), schema}
}

func variables(name string) string {
	return map[string]string{"SCALEKIT_SECRET": "s", "IDP_CERTIFICATE": certificate}[name]
}

// agree compares what program and schema say of a file, and that what the program alone refuses is one of beyond.
func (j judges) agree(t testing.TB, value any, text []byte, what string) (accepted bool) {
	t.Helper()
	broken, err := labfile.Examine(j.reader, text, variables)
	refusal := j.schema.Validate(value)
	if broken != (refusal != nil) {
		require.Failf(t, "program and schema differ", "program: %v\nschema: %v\n%s", err, refusal, what[:min(200, len(what))])
	}
	if broken || err == nil {
		return err == nil
	}
	for _, p := range err.(yamlfile.Problems) {
		if !slices.ContainsFunc(beyond, func(r *regexp.Regexp) bool { return r.MatchString(p.Message) }) {
			require.Failf(t, "the schema could say this", "%s\n%v", what, p)
		}
	}
	return false
}

// toJSON is a YAML file as the schema's validator takes it.
func toJSON(t testing.TB, text string) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal([]byte(text), &v))
	return plainJSON(t, v)
}

func plainJSON(t testing.TB, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	return out
}

// The same files, good and bad, through the program and through a validator that we did not write.
func TestSchemaAndProgramAgreeOnFiles(t *testing.T) {
	t.Parallel()
	j := newJudges(t)
	for _, text := range []string{labfile.Starter(), labfile.Minimal(), full(), "{}"} {
		require.True(t, j.agree(t, toJSON(t, text), []byte(text), text))
	}
	for folder, want := range map[string]bool{"good": true, "bad": false} {
		files, err := filepath.Glob("testdata/" + folder + "/*.yaml")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.Equal(t, want, j.agree(t, toJSON(t, string(text)), text, name), name)
		}
	}
}

// wrongs are values that take the place of each value of a file in turn.
func wrongs(old any) []any {
	out := []any{
		nil, true, json.Number("7"), json.Number("-1"), json.Number("70000"), json.Number("1.5"), json.Number("8.0"), "", "x", "ä b", "on", "999h", "http://example.com/cb",
		"myapp://cb", strings.Repeat("a", 2100), []any{}, []any{"x"}, map[string]any{}, map[string]any{"env": "SCALEKIT_SECRET"},
	}
	if list, ok := old.([]any); ok && len(list) > 0 {
		out = append(out, append(slices.Clone(list), list[0]))
	}
	if text, ok := old.(string); ok && text != "" {
		out = append(out, text+"!", " "+text, strings.ToUpper(text), text+text)
	}
	return out
}

// trimmed leaves one of each mapping in a list: what holds for it holds for its like.
func trimmed(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = trimmed(v[key])
		}
	case []any:
		if _, ok := v[0].(map[string]any); ok {
			v = v[:1]
		}
		for i := range v {
			v[i] = trimmed(v[i])
		}
		return v
	}
	return v
}

// walk calls change for each place of a tree with a function that puts another value there; nil with drop takes it out.
func walk(path string, v any, put func(any), visit func(path string, v any, put func(any))) {
	if path != "" {
		visit(path, v, put)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(path+"."+key, v[key], func(to any) { v[key] = to }, visit)
		}
	case []any:
		for i := range v {
			walk(fmt.Sprintf("%s[%d]", path, i), v[i], func(to any) { v[i] = to }, visit)
		}
	}
}

// Every value of a file that has every key is replaced by others, every key is left out, another one is added to every
// mapping: thousands of files, on each of which program and schema agree.
func TestSchemaAndProgramAgreeOnEveryChange(t *testing.T) {
	t.Parallel()
	j := newJudges(t)
	whole := trimmed(toJSON(t, full())).(map[string]any)
	delete(whole, "faults") // a lab is asked for their catalogue, which takes its time; TestSchemaAndProgramAgreeOnFiles has them
	files, accepted := 0, 0
	for section, content := range whole { // each alone: that takes less time
		tree := map[string]any{section: content}
		try := func(what string) {
			text, err := json.Marshal(tree)
			require.NoError(t, err)
			files++
			if j.agree(t, tree, text, what) {
				accepted++
			}
		}
		walk("", tree, nil, func(path string, v any, put func(any)) {
			for _, wrong := range wrongs(v) {
				put(wrong)
				try(fmt.Sprintf("%s = %v", path, wrong))
			}
			put(v)
			mapping, ok := v.(map[string]any)
			if !ok {
				return
			}
			for _, key := range slices.Sorted(maps.Keys(mapping)) {
				old := mapping[key]
				delete(mapping, key)
				try(path + "." + key + " left out")
				mapping[key] = old
			}
			mapping["colour"] = "blue"
			try(path + ".colour = blue")
			delete(mapping, "colour")
		})
	}
	t.Logf("%d files, %d of them accepted", files, accepted)
	require.Greater(t, files, 4000)
	require.Greater(t, accepted, 200)
}
