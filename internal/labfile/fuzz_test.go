package labfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/internal/labfile"
	"github.com/ssolab/ssolab/internal/yamlfile"
)

// FuzzLabFile parses lab files. A refusal says where; a file that is taken makes a lab. Program and schema agree.
func FuzzLabFile(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	require.NoError(f, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, seed := range []string{
		"", "listen: {names: vendor, tls_port: 443}", "user_pools: []", "quirks: {idp-random-subject: on}", "people: [{email: a@b.example, totp_secret: JBSWY3DPEHPK3PXP}]",
		"user_pools: [{id: us-east-1_A, clients: [{id: a, access_token_validity: 99999999h}]}]", "scalekit: {clients: [{id: skc_1, redirect_uris: ['https://*.a.b/']}]}",
		"a: &a\n  b: *a\n", "user_pools: &p [*p]", strings.Repeat("- ", 500), "people:\n  - email: \"\\0@\\x7f\"\n", labfile.Starter(), labfile.Minimal(), full(),
		"empty: true", "data: x", "faults: [{fault: route.delay, at: cognito.token, times: 3}]", "user_pools: [{id: us-east-1_A, clients: [{id: a, secret: {env: HOME}}]}]",
	} {
		f.Add(seed)
	}
	var j judges
	f.Fuzz(func(t *testing.T, text string) {
		if j.schema == nil {
			j = newJudges(t)
		}
		cfg, err := labfile.Parse("lab.yaml", []byte(text), ssolab.Config{}, noVariables)
		if err != nil {
			var problems yamlfile.Problems
			require.True(t, errors.As(err, &problems), "%T %v", err, err)
			for _, p := range problems {
				require.NotEmpty(t, p.Message)
			}
		} else {
			_, err = ssolab.New(cfg)
			require.NoError(t, err, "a file that is taken makes a lab")
		}
		if value, ok := seenBySchema(text); ok {
			j.agree(t, value, []byte(text), text)
		}
	})
}

// seenBySchema is a file as an editor's schema sees it; false for what is wrong with the YAML, or only YAML has.
func seenBySchema(text string) (any, bool) {
	if strings.ContainsAny(text, "&*!<?\x00") || strings.Contains(text, "---") || strings.Contains(text, "...") {
		return nil, false // anchors, tags, merge keys, complex keys, several documents
	}
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return nil, false
	}
	if v == nil {
		v = map[string]any{} // an empty file
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	return out, err == nil
}
