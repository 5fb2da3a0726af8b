package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/jose"
)

func knownRefusal(err error) bool {
	for _, want := range []error{jose.ErrMalformed, jose.ErrAlgorithm, jose.ErrUnknownKey, jose.ErrSignature} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// FuzzToken reads tokens in every way there is. What one way refuses, it refuses for a known reason, and a token that
// verifies says what peeking at it said.
func FuzzToken(f *testing.F) {
	key := ecKey(f, "k")
	set := keySet(f, key)
	good, err := draft(key).Sign()
	require.NoError(f, err)
	enc := base64.RawURLEncoding.EncodeToString
	for _, seed := range []string{
		good, good + ".", good[:len(good)-1], "", "..", "a.b.c.d.e", enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(`{}`)) + ".", enc([]byte(`{"alg":"ES256","kid":"k","crit":["x"],"x":1}`)) + ".e30.AA",
		enc([]byte(`{"alg":"HS256"}`)) + ".e30.AA", enc([]byte(`{"alg":"ES256","alg":"none"}`)) + ".e30.AA", enc([]byte(`{"alg":1}`)) + ".e30.AA", enc([]byte(strings.Repeat("[", 20_000))) + ".e30.AA",
		enc([]byte(`{"alg":"ES256","jwk":{"kty":"EC"},"b64":false}`)) + ".e30.AA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		peeked, peekErr := jose.Peek(token, jose.ES256, jose.RS256)
		if peekErr != nil {
			require.True(t, knownRefusal(peekErr), "%v", peekErr)
		}
		verified, err := jose.Verify(token, set, jose.ES256, jose.RS256)
		if err != nil {
			require.True(t, knownRefusal(err), "%v", err)
		} else {
			require.NoError(t, peekErr)
			require.Equal(t, peeked, verified)
			require.JSONEq(t, `{"sub":"john","iss":"https://a/b?c&d"}`, string(verified.Payload), "only what was signed verifies")
		}
		_, err = jose.VerifyHMAC(token, []byte("0123456789abcdef0123456789abcdef"))
		require.True(t, err != nil && knownRefusal(err), "nobody knows this secret: %v", err)
	})
}

// FuzzKeySet reads JWK Sets of others: what it takes can be used without a panic.
func FuzzKeySet(f *testing.F) {
	for _, seed := range []string{`{"keys":[]}`, `{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","kid":"k"}]}`, `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":"k"}]}`, `{"keys":[{"kty":"oct","k":"AA","kid":"k"}]}`, "null", `{"keys":null}`, `{"keys":[null]}`} {
		f.Add(seed)
	}
	token, err := draft(rsaKey(f, "k")).Sign()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, document string) {
		set, err := jose.ParseKeySet([]byte(document))
		if err != nil {
			return
		}
		_, err = jose.Verify(token, set, jose.RS256, jose.ES256)
		require.True(t, err != nil && knownRefusal(err), "%v", err)
	})
}

// FuzzObject writes an object, compares it with what encoding/json makes of a struct, and reads it back.
func FuzzObject(f *testing.F) {
	f.Add("name", "value", int64(1))
	f.Add("<&>\u2028", "\x00\"\\/", int64(-1))
	f.Fuzz(func(t *testing.T, name, value string, number int64) {
		theirs, err := json.Marshal(struct {
			S string
			N int64
			L []string
			O []map[string]string
		}{value, number, []string{value, ""}, []map[string]string{{"v": value}, nil}})
		require.NoError(t, err)
		ours, err := json.Marshal(jose.Object{
			{Name: "S", Value: value}, {Name: "N", Value: number}, {Name: "L", Value: []string{value, ""}},
			{Name: "O", Value: []any{jose.Object{{Name: "v", Value: value}}, nil}},
		})
		require.NoError(t, err)
		require.Equal(t, string(theirs), string(ours))

		name, value = strings.ToValidUTF8(name, ""), strings.ToValidUTF8(value, "")
		o := jose.Object{{Name: name, Value: value}, {Name: name + "n", Value: number}}
		b, err := o.Encode()
		require.NoError(t, err)
		var back map[string]any
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, value, back[name])
		require.InDelta(t, float64(number), back[name+"n"], 0)
	})
}
