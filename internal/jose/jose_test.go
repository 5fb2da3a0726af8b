package jose_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/jose"
	"github.com/ssolab/ssolab/internal/rsafast"
)

func rsaKey(t testing.TB, id string) *jose.Key {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return &jose.Key{ID: id, Algorithm: jose.RS256, Private: k}
}

func ecKey(t testing.TB, id string) *jose.Key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return &jose.Key{ID: id, Algorithm: jose.ES256, Private: k}
}

func keySet(t testing.TB, keys ...*jose.Key) *gojose.JSONWebKeySet {
	t.Helper()
	list := []jose.Object{}
	for _, k := range keys {
		o, err := k.JWK("kty", "crv", "x", "y", "kid", "use", "alg", "n", "e")
		require.NoError(t, err)
		list = append(list, o)
	}
	b, err := jose.Object{{Name: "keys", Value: list}}.Encode()
	require.NoError(t, err)
	set, err := jose.ParseKeySet(b)
	require.NoError(t, err)
	return set
}

func draft(key *jose.Key) *jose.Draft {
	return &jose.Draft{
		Header: jose.Object{{Name: "kid", Value: key.ID}, {Name: "alg", Value: key.Algorithm}},
		Claims: jose.Object{{Name: "sub", Value: "john"}, {Name: "iss", Value: "https://a/b?c&d"}},
		Key:    key,
	}
}

func part(t testing.TB, token string, i int) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	require.NoError(t, err)
	return string(b)
}

func TestSignaturesVerifyElsewhere(t *testing.T) {
	t.Parallel()
	eight, err := rsafast.GenerateKey(rand.Reader)
	require.NoError(t, err)
	fast, err := jose.NewRSAKey("f", eight)
	require.NoError(t, err)
	require.IsType(t, &rsafast.Signer{}, fast.Private)
	for _, key := range []*jose.Key{rsaKey(t, "r"), fast, ecKey(t, "e")} {
		for range 20 { // an ES256 half may begin with zeros, which must stay
			token, err := draft(key).Sign()
			require.NoError(t, err)
			parsed, err := gojose.ParseSignedCompact(token, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(key.Algorithm)})
			require.NoError(t, err)
			payload, err := parsed.Verify(key.Private.Public())
			require.NoError(t, err)
			require.JSONEq(t, `{"sub":"john","iss":"https://a/b?c&d"}`, string(payload))
			v, err := jose.Verify(token, keySet(t, key), jose.RS256, jose.ES256)
			require.NoError(t, err)
			require.Equal(t, key.ID, v.KeyID)
			require.Equal(t, key.Algorithm, v.Algorithm)
		}
	}
}

func TestHeaderAndClaimsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	d := draft(rsaKey(t, "k"))
	token, err := d.Sign()
	require.NoError(t, err)
	require.Equal(t, `{"kid":"k","alg":"RS256"}`, part(t, token, 0))
	require.Equal(t, `{"sub":"john","iss":"https://a/b?c&d"}`, part(t, token, 1), "compact, nothing escaped for HTML")
	d.EscapeSlashes = true
	token, err = d.Sign()
	require.NoError(t, err)
	require.Equal(t, `{"sub":"john","iss":"https:\/\/a\/b?c&d"}`, part(t, token, 1))
	_, err = jose.Verify(token, keySet(t, d.Key), jose.RS256)
	require.NoError(t, err)
}

func TestPublicKeysKeepTheirOrder(t *testing.T) {
	t.Parallel()
	o, err := rsaKey(t, "k").JWK("alg", "e", "kid", "kty", "n", "use", "unknown")
	require.NoError(t, err)
	b, err := json.Marshal(o)
	require.NoError(t, err)
	require.Regexp(t, `^\{"alg":"RS256","e":"AQAB","kid":"k","kty":"RSA","n":"[\w-]{342}","use":"sig"\}$`, string(b))
	o, err = ecKey(t, "k").JWK("kty", "crv", "x", "y")
	require.NoError(t, err)
	b, err = json.Marshal(o)
	require.NoError(t, err)
	require.Regexp(t, `^\{"kty":"EC","crv":"P-256","x":"[\w-]{43}","y":"[\w-]{43}"\}$`, string(b))
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	key, other := rsaKey(t, "k"), rsaKey(t, "k")
	set := keySet(t, key)
	good, err := draft(key).Sign()
	require.NoError(t, err)
	forged, err := draft(other).Sign()
	require.NoError(t, err)
	enc := base64.RawURLEncoding.EncodeToString
	pieces := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"empty":                  {"", jose.ErrMalformed},
		"two parts":              {pieces[0] + "." + pieces[1], jose.ErrMalformed},
		"four parts":             {good + ".x", jose.ErrMalformed},
		"not base64url":          {"*." + pieces[1] + "." + pieces[2], jose.ErrMalformed},
		"header is no object":    {enc([]byte("[]")) + "." + pieces[1] + "." + pieces[2], jose.ErrMalformed},
		"alg none":               {enc([]byte(`{"alg":"none","kid":"k"}`)) + "." + pieces[1] + ".", jose.ErrAlgorithm},
		"alg none, signature":    {enc([]byte(`{"alg":"none","kid":"k"}`)) + "." + pieces[1] + "." + pieces[2], jose.ErrAlgorithm},
		"alg nOnE":               {enc([]byte(`{"alg":"nOnE","kid":"k"}`)) + "." + pieces[1] + ".", jose.ErrAlgorithm},
		"alg not accepted":       {enc([]byte(`{"alg":"HS256","kid":"k"}`)) + "." + pieces[1] + "." + pieces[2], jose.ErrAlgorithm},
		"no alg":                 {enc([]byte(`{"kid":"k"}`)) + "." + pieces[1] + "." + pieces[2], jose.ErrAlgorithm},
		"unknown kid":            {enc([]byte(`{"alg":"RS256","kid":"z"}`)) + "." + pieces[1] + "." + pieces[2], jose.ErrUnknownKey},
		"no kid":                 {enc([]byte(`{"alg":"RS256"}`)) + "." + pieces[1] + "." + pieces[2], jose.ErrUnknownKey},
		"another's key":          {forged, jose.ErrSignature},
		"changed claims":         {pieces[0] + "." + enc([]byte(`{"sub":"eve"}`)) + "." + pieces[2], jose.ErrSignature},
		"truncated signature":    {good[:len(good)-4], jose.ErrSignature},
		"no signature":           {pieces[0] + "." + pieces[1] + ".", jose.ErrSignature},
		"signed by alg confused": {confused(t, key), jose.ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := jose.Verify(c.token, set, jose.RS256)
			require.ErrorIs(t, err, c.want)
		})
	}
	_, err = jose.Verify(good, set, jose.RS256)
	require.NoError(t, err)
}

// confused signs with HS256 under the bytes of the public key, the classic confusion of RFC 8725 §2.1.
func confused(t *testing.T, key *jose.Key) string {
	t.Helper()
	n := key.Private.Public().(*rsa.PublicKey).N.Bytes()
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.HS256, Key: n}, (&gojose.SignerOptions{}).WithHeader("kid", key.ID))
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(`{"sub":"eve"}`))
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

func TestVerifyTriesEveryKeyOfThatID(t *testing.T) {
	t.Parallel()
	stale, key := rsaKey(t, "same"), rsaKey(t, "same")
	token, err := draft(key).Sign()
	require.NoError(t, err)
	_, err = jose.Verify(token, keySet(t, stale, key), jose.RS256)
	require.NoError(t, err)
}

func TestVerifyHMAC(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef0123456789abcdef")
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.HS256, Key: secret}, nil)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(`{"sub":"john"}`))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	v, err := jose.VerifyHMAC(token, secret)
	require.NoError(t, err)
	require.JSONEq(t, `{"sub":"john"}`, string(v.Payload))
	_, err = jose.VerifyHMAC(token, []byte("another secret of thirty-two by."))
	require.ErrorIs(t, err, jose.ErrSignature)
	rs, err := draft(rsaKey(t, "k")).Sign()
	require.NoError(t, err)
	_, err = jose.VerifyHMAC(rs, secret)
	require.ErrorIs(t, err, jose.ErrAlgorithm)
}

func TestPeekVerifiesNothing(t *testing.T) {
	t.Parallel()
	token, err := draft(rsaKey(t, "k")).Sign()
	require.NoError(t, err)
	v, err := jose.Peek(token[:len(token)-8], jose.RS256)
	require.NoError(t, err)
	require.Equal(t, "k", v.KeyID)
	_, err = jose.Peek(token, jose.ES256)
	require.ErrorIs(t, err, jose.ErrAlgorithm)
}

func TestFaultsChangeADraft(t *testing.T) {
	t.Parallel()
	key := rsaKey(t, "k")
	d := draft(key)
	d.Claims.Set("sub", "eve")
	d.After = func(s string) string { return s + "x" }
	token, err := d.Sign()
	require.NoError(t, err)
	require.Contains(t, part(t, token[:len(token)-1], 1), "eve")
	_, err = jose.Verify(token, keySet(t, key), jose.RS256)
	require.Error(t, err)
}

type odd struct{ crypto.Signer }

func (odd) Public() crypto.PublicKey { return "odd" }

func TestUnsupportedKey(t *testing.T) {
	t.Parallel()
	key := &jose.Key{ID: "k", Algorithm: "X", Private: odd{}}
	_, err := key.JWK("kty")
	require.ErrorContains(t, err, "unsupported")
	_, err = draft(key).Sign()
	require.ErrorContains(t, err, "cannot sign")
	d := draft(rsaKey(t, "k"))
	d.Claims.Set("bad", make(chan int))
	_, err = d.Sign()
	require.ErrorContains(t, err, `member "bad"`)
}

func TestEncryptCompactIsReadElsewhere(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	header := `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`
	for _, payload := range []string{"", "x", strings.Repeat("refresh ", 200)} {
		token, err := jose.EncryptCompact([]byte(header), []byte(payload), &key.PublicKey)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(token, "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ."), "the header's bytes are kept: %s", token)
		parsed, err := gojose.ParseEncryptedCompact(token, []gojose.KeyAlgorithm{gojose.RSA_OAEP}, []gojose.ContentEncryption{gojose.A256GCM})
		require.NoError(t, err)
		opened, err := parsed.Decrypt(key)
		require.NoError(t, err)
		require.Equal(t, payload, string(opened))
		again, err := jose.EncryptCompact([]byte(header), []byte(payload), &key.PublicKey)
		require.NoError(t, err)
		require.NotEqual(t, token, again)
	}
}

func TestHalfHash(t *testing.T) {
	t.Parallel()
	// OIDC Core Appendix A.4: the example response's code and the c_hash of its ID token; A.3: access token and at_hash.
	require.Equal(t, "LDktKdoQak3Pk0cnXxCltA", jose.HalfHash("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"))
	require.Equal(t, "77QmUPtjPfzWtF2AnpK9RQ", jose.HalfHash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"))
}

func TestObject(t *testing.T) {
	t.Parallel()
	o := jose.Object{{Name: "z", Value: 1}, {Name: "a", Value: "<&>"}}
	o.Set("m", true)
	o.Set("z", 2)
	c := o.Clone()
	c.Set("z", 3)
	o.Delete("nothing")
	require.Equal(t, 2, o.Get("z"))
	require.Nil(t, o.Get("nothing"))
	require.True(t, o.Has("m"))
	require.False(t, o.Has("nothing"))
	b, err := o.Encode()
	require.NoError(t, err)
	require.Equal(t, `{"z":2,"a":"<&>","m":true}`, string(b))
	o.Delete("a")
	b, err = o.Encode()
	require.NoError(t, err)
	require.Equal(t, `{"z":2,"m":true}`, string(b))
	b, err = jose.Object(nil).Encode()
	require.NoError(t, err)
	require.Equal(t, `{}`, string(b))
	b, err = jose.Object{{Name: "inner", Value: jose.Object{{Name: "b", Value: nil}, {Name: "a", Value: 1.5}}}}.Encode()
	require.NoError(t, err)
	require.Equal(t, `{"inner":{"b":null,"a":1.5}}`, string(b))
}

// Whatever a member holds, it is written as encoding/json writes it.
func TestObjectValues(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		nil, "", "plain", `"\/<&>`, "é\u2028\n\x00\xff", true, false, 0, -7, int64(1) << 62, uint8(3), 1.5, json.Number("12.0"), json.RawMessage(`{"a": [1]}`),
		[]string(nil), []string{}, []string{"a", "é"}, []any{1, "x", nil}, map[string]int{"b": 1, "a": 2}, time.Unix(0, 0).UTC(), []byte("x"),
		jose.Object(nil), jose.Object{{Name: `"`, Value: []jose.Object{{}, nil}}}, []jose.Object(nil), []jose.Object{}, struct{ A *int }{},
	} {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(map[string]any{"v": v}))
		got, err := jose.Object{{Name: "v", Value: v}}.Encode()
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(want.String()), string(got))
	}
	_, err := jose.Object{{Name: "outer", Value: []jose.Object{{{Name: "inner", Value: make(chan int)}}}}}.Encode()
	require.ErrorContains(t, err, `member "outer": member "inner"`)
}

func TestParseKeySetRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "[]", `{"keys":"x"}`, `{"keys":[{"kty":"RSA","n":"","e":""}]}`, "<html>"} {
		_, err := jose.ParseKeySet([]byte(s))
		require.Error(t, err, s)
	}
	set, err := jose.ParseKeySet([]byte(`{"keys":[]}`))
	require.NoError(t, err)
	require.Empty(t, set.Keys)
}

func FuzzVerify(f *testing.F) {
	key := ecKey(f, "k")
	set := keySet(f, key)
	good, err := draft(key).Sign()
	require.NoError(f, err)
	f.Add(good)
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		v, err := jose.Verify(token, set, jose.ES256)
		if err == nil {
			require.Contains(t, string(v.Payload), "john", "only what was signed verifies")
			return
		}
		known := false
		for _, want := range []error{jose.ErrMalformed, jose.ErrAlgorithm, jose.ErrUnknownKey, jose.ErrSignature} {
			known = known || strings.Contains(err.Error(), want.Error())
		}
		require.True(t, known, "%v", err)
	})
}
