package fault

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strconv"
	"sync/atomic"

	"github.com/ssolab/ssolab/internal/jose"
)

// Discovery returns the faults of a discovery document. A rule names the point, since more than one party has one.
func Discovery() []Fault {
	set := func(id, title, member string, value any) Fault {
		return Fault{ID: id, Title: title, Document: func(o *jose.Object, _ Params) { o.Set(member, value) }}
	}
	var reads atomic.Int64
	return []Fault{
		{ID: "disc.issuer_trailing_slash", Title: "The discovery document's issuer ends with a slash", Document: func(o *jose.Object, _ Params) {
			if issuer, ok := o.Get("issuer").(string); ok {
				o.Set("issuer", issuer+"/")
			}
		}},
		set("disc.issuer_other", "The discovery document names another issuer", "issuer", "https://issuer.invalid"),
		{ID: "disc.drop_member", Title: "The discovery document lacks a member", Defaults: Params{"member": "token_endpoint"}, Document: func(o *jose.Object, p Params) { o.Delete(p["member"]) }},
		set("disc.scalar_for_array", "response_types_supported is a string", "response_types_supported", "code"),
		set("disc.http_endpoint", "An endpoint has http", "token_endpoint", "http://plain.invalid/token"),
		set("disc.alg_es256_only", "ID tokens are said to be signed with ES256 only", "id_token_signing_alg_values_supported", []string{"ES256"}),
		set("disc.no_code", "code is no supported response type", "response_types_supported", []string{"token"}),
		set("disc.no_openid_scope", "openid is no supported scope", "scopes_supported", []string{"email"}),
		set("disc.subject_types_empty", "No subject type is supported", "subject_types_supported", []string{}),
		set("disc.pkce_plain_only", "PKCE is advertised with plain only", "code_challenge_methods_supported", []string{"plain"}),
		set("disc.auth_methods_other", "Only private_key_jwt is advertised for the token endpoint", "token_endpoint_auth_methods_supported", []string{"private_key_jwt"}),
		set("disc.endpoint_foreign_host", "userinfo_endpoint is on another host", "userinfo_endpoint", "https://elsewhere.invalid/oauth2/userInfo"),
		{ID: "disc.flapping", Title: "The discovery document is another one at each read", Document: func(o *jose.Object, _ Params) {
			o.Set("ssolab_instance", strconv.FormatInt(reads.Add(1), 10))
		}},
	}
}

// KeySet returns the faults of a JWK Set.
func KeySet() []Fault {
	first := func(id, title string, change func(*jose.Object)) Fault {
		return Fault{ID: id, Title: title, Document: func(o *jose.Object, _ Params) {
			if keys, ok := o.Get("keys").([]jose.Object); ok && len(keys) > 0 {
				keys[0] = keys[0].Clone()
				change(&keys[0])
			}
		}}
	}
	return []Fault{
		{ID: "jwks.empty", Title: "The JWK Set has no key", Document: func(o *jose.Object, _ Params) { o.Set("keys", []any{}) }},
		first("jwks.no_kid", "A key has no kid", func(k *jose.Object) { k.Delete("kid") }),
		first("jwks.use_enc", "A key is for encryption", func(k *jose.Object) { k.Set("use", "enc") }),
		first("jwks.leak_private", "A private member is published", func(k *jose.Object) { k.Set("d", "AQAB") }),
		first("jwks.rsa_1024", "A key has 1024 bits", func(k *jose.Object) {
			if key, err := rsa.GenerateKey(rand.Reader, 1024); err == nil {
				k.Set("n", base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
			}
		}),
		{ID: "jwks.dup_kid", Title: "Two keys have one kid", Document: func(o *jose.Object, _ Params) {
			if keys, ok := o.Get("keys").([]jose.Object); ok && len(keys) > 0 {
				o.Set("keys", append(keys[:len(keys):len(keys)], keys[0]))
			}
		}},
	}
}
