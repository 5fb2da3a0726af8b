package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/conformance"
)

func TestDuplicate(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`: "", `{"a":1,"b":2}`: "", `{"a":1,"a":1}`: "a", `{"o":{"b":1,"b":2}}`: "b", `{"l":[1,{"c":1,"d":[],"c":{}}]}`: "c",
		`{"a":{"x":1},"b":{"x":1}}`: "", `{"a":1,"\u0061":2}`: "a", `[`: "", ``: "", `"text"`: "", `{"a":`: "",
	} {
		require.Equal(t, want, conformance.Duplicate(json.RawMessage(raw)), raw)
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	enc := base64.RawURLEncoding.EncodeToString
	header, claims := enc([]byte(`{"alg":"RS256"}`)), enc([]byte(`{"sub":"1"}`))
	for raw, want := range map[string]string{
		header + "." + claims + ".c2ln":                           "",
		header + "." + claims + ".":                               "",
		header + "." + claims:                                     "2 parts",
		header + "." + claims + ".c2ln.x":                         "4 parts",
		header + "." + claims + ".c2k=":                           "a signature with padding",
		header + "=." + claims + ".c2ln":                          "a header with padding",
		header + ".a b.c2ln":                                      "a payload that is no base64url",
		header + "." + enc([]byte(`[]`)) + ".c2ln":                "a payload that is no JSON object",
		header + "." + enc([]byte(`null`)) + ".c2ln":              "a payload that is no JSON object",
		header + "." + enc([]byte(`{} {}`)) + ".c2ln":             "a payload that is no JSON object",
		header + "." + enc([]byte(`{"sub":1,"sub":2}`)) + ".c2ln": `a payload with "sub" twice`,
		enc([]byte(`{"alg":1,"alg":1}`)) + "." + claims + ".":     `a header with "alg" twice`,
	} {
		got := conformance.Compact(conformance.Secret(raw))
		if want == "" {
			require.Empty(t, got, raw)
			continue
		}
		require.Contains(t, got, want, raw)
	}
}

func TestAtHash(t *testing.T) {
	t.Parallel()
	// The example of OpenID Connect Core 1.0, appendix A.3.
	require.Equal(t, "77QmUPtjPfzWtF2AnpK9RQ", conformance.AtHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"))
	require.Empty(t, conformance.AtHash("none", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"))
	require.Empty(t, conformance.AtHash("HS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"))
}
