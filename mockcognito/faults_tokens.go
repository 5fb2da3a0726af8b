package mockcognito

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// Points of the two tokens.
const (
	pointIDToken     = "cognito.id_token"
	pointAccessToken = "cognito.access_token"
)

// tokenPoints are where tokens are signed.
func tokenPoints() []fault.Point {
	return []fault.Point{
		{Name: pointIDToken, Kind: fault.Token, Description: "the ID token"},
		{Name: pointAccessToken, Kind: fault.Token, Description: "the access token"},
	}
}

// tokenFaults are those of the ID token and the access token.
func (s *Server) tokenFaults() []fault.Fault {
	return slices.Concat(idTokenForm(), s.idTokenIssue(), idTokenTimes(), idTokenPerson(), accessTokenFaults())
}

const (
	hourSeconds = 3600 // seconds
	nobodyID    = "00000000-0000-0000-0000-000000000000"
)

// setClaim is a change of one claim.
func setClaim(name string, value any) func(*jose.Draft) {
	return func(d *jose.Draft) { d.Claims.Set(name, value) }
}

// dropClaim is a change that takes a claim away.
func dropClaim(name string) func(*jose.Draft) {
	return func(d *jose.Draft) { d.Claims.Delete(name) }
}

// afterIssue is a change of claims to that many seconds after iat.
func afterIssue(seconds int64, names ...string) func(*jose.Draft) {
	return func(d *jose.Draft) {
		iat, ok := d.Claims.Get("iat").(int64)
		for _, name := range names {
			if ok {
				d.Claims.Set(name, iat+seconds)
			}
		}
	}
}

func badSignature(d *jose.Draft)   { d.After = flipSignature }
func unpublishedKey(d *jose.Draft) { d.Header.Set("kid", "unpublished") }

// idTokenForm are faults of header, signature and serialisation.
func idTokenForm() []fault.Fault {
	id := func(name, title string, change func(*jose.Draft)) fault.Fault {
		return claim(pointIDToken, "idt."+name, title, change)
	}
	return []fault.Fault{
		id("bad_sig", "The ID token's signature does not verify", badSignature),
		id("kid_unknown", "The ID token names a key that is not published", unpublishedKey),
		id("alg_none", "The ID token says alg none and has no signature", func(d *jose.Draft) {
			d.Header.Set("alg", "none")
			d.After = func(compact string) string { return compact[:strings.LastIndexByte(compact, '.')+1] }
		}),
		id("alg_hs256", "The ID token is signed with HS256, the public key as the secret", func(d *jose.Draft) {
			d.Header.Set("alg", jose.HS256)
			key := d.Key
			d.After = func(compact string) string { return signWithPublic(compact, key) }
		}),
		id("padded", "The ID token's signature has base64 padding", func(d *jose.Draft) {
			d.After = func(compact string) string {
				return compact + strings.Repeat("=", -len(compact[strings.LastIndexByte(compact, '.')+1:])&3)
			}
		}),
		id("dup_claim", "The ID token has aud twice", func(d *jose.Draft) {
			d.Claims = append(d.Claims, jose.Member{Name: "aud", Value: d.Claims.Get("aud")})
		}),
	}
}

// signWithPublic replaces the signature by an HMAC whose secret is the PEM of the public key: the classic confusion.
func signWithPublic(compact string, key *jose.Key) string {
	der, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	if err != nil {
		return compact
	}
	i := strings.LastIndexByte(compact, '.')
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(compact[:i]))
	return compact[:i+1] + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// idTokenIssue are faults of who issued the ID token to whom.
func (s *Server) idTokenIssue() []fault.Fault {
	id := func(name, title string, change func(*jose.Draft)) fault.Fault {
		return claim(pointIDToken, "idt."+name, title, change)
	}
	return []fault.Fault{
		id("iss_other", "The ID token has another issuer", setClaim("iss", "https://issuer.invalid")),
		id("iss_domain", "The ID token's issuer is the user pool's domain", func(d *jose.Draft) {
			for _, p := range s.live().list {
				if d.Claims.Get("iss") == p.issuer {
					d.Claims.Set("iss", p.domainURL)
					return
				}
			}
		}),
		id("aud_other", "The ID token is for another client", setClaim("aud", "anotherclient")),
		id("aud_extra", "The ID token is for another client too and has no azp", func(d *jose.Draft) {
			d.Claims.Set("aud", []any{d.Claims.Get("aud"), "anotherclient"})
		}),
		id("nonce_wrong", "The ID token carries another nonce", setClaim("nonce", "not-the-nonce-of-this-request")),
		id("nonce_missing", "The ID token carries no nonce", dropClaim("nonce")),
		id("nonce_invented", "The ID token carries a nonce that nobody asked for", func(d *jose.Draft) {
			if !d.Claims.Has("nonce") {
				d.Claims.Set("nonce", "invented")
			}
		}),
		id("at_hash_wrong", "The ID token's at_hash is that of another access token", setClaim("at_hash", jose.HalfHash("another access token"))),
		id("token_use_access", "The ID token says that it is an access token", setClaim("token_use", "access")),
		id("jti_repeated", "All ID tokens have the same jti", setClaim("jti", nobodyID)),
	}
}

// idTokenTimes are faults of the times in the ID token.
func idTokenTimes() []fault.Fault {
	id := func(name, title string, change func(*jose.Draft)) fault.Fault {
		return claim(pointIDToken, "idt."+name, title, change)
	}
	return []fault.Fault{
		id("expired", "The ID token expired an hour ago", afterIssue(-hourSeconds, "exp")),
		id("exp_ms", "The ID token's exp is in milliseconds", func(d *jose.Draft) {
			if exp, ok := d.Claims.Get("exp").(int64); ok {
				d.Claims.Set("exp", exp*1000)
			}
		}),
		id("exp_string", "The ID token's exp is a string", func(d *jose.Draft) {
			d.Claims.Set("exp", claimText(d.Claims.Get("exp")))
		}),
		id("no_iat", "The ID token has no iat", dropClaim("iat")),
		id("iat_future", "The ID token is issued in an hour", func(d *jose.Draft) {
			afterIssue(2*hourSeconds, "exp")(d)
			afterIssue(hourSeconds, "iat")(d)
		}),
		id("auth_time_future", "The ID token's auth_time is an hour after its iat", afterIssue(hourSeconds, "auth_time")),
	}
}

// idTokenPerson are faults of what the ID token says of the person.
func idTokenPerson() []fault.Fault {
	id := func(name, title string, change func(*jose.Draft)) fault.Fault {
		return claim(pointIDToken, "idt."+name, title, change)
	}
	return []fault.Fault{
		id("no_sub", "The ID token has no sub", dropClaim("sub")),
		id("no_username", "The ID token has no cognito:username", dropClaim("cognito:username")),
		id("username_other", "The ID token's cognito:username is another person's", setClaim("cognito:username", "somebody_else")),
		id("email_other", "The ID token has another person's address", setClaim("email", "somebody.else@example.net")),
		id("email_verified_string", "The ID token's email_verified is a string", func(d *jose.Draft) {
			d.Claims.Set("email_verified", claimText(d.Claims.Get("email_verified")))
		}),
		id("email_verified_always_true", "The ID token's email_verified is true whatever the profile says", setClaim("email_verified", true)),
		id("overshare", "The ID token has claims of scopes that were not granted", func(d *jose.Draft) {
			d.Claims.Set("phone_number", "+15555550100")
			d.Claims.Set("family_name", "Doe")
		}),
	}
}

// accessTokenFaults are those of the access token.
func accessTokenFaults() []fault.Fault {
	access := func(name, title string, change func(*jose.Draft)) fault.Fault {
		return claim(pointAccessToken, "at."+name, title, change)
	}
	return []fault.Fault{
		access("bad_sig", "The access token's signature does not verify", badSignature),
		access("kid_unknown", "The access token names a key that is not published", unpublishedKey),
		access("iss_other", "The access token has another issuer", setClaim("iss", "https://issuer.invalid")),
		access("expired", "The access token expired an hour ago", afterIssue(-hourSeconds, "exp")),
		access("ttl_ignored", "The access token lives ten hours, whatever the client's setting", afterIssue(10*hourSeconds, "exp")),
		access("token_use_id", "The access token says that it is an ID token", setClaim("token_use", "id")),
		access("client_id_other", "The access token is another client's", setClaim("client_id", "anotherclient")),
		access("aud_other", "The access token is for an API that was not asked for", setClaim("aud", "https://api.invalid")),
		access("scope_widened", "The access token has a scope that was not granted", func(d *jose.Draft) {
			d.Claims.Set("scope", claimText(d.Claims.Get("scope"))+" aws.cognito.signin.user.admin")
		}),
		access("sub_other", "The access token is another person's by its sub", setClaim("sub", nobodyID)),
		access("no_username", "The access token has no username", dropClaim("username")),
		access("email_inside", "The access token has the person's address", setClaim("email", "john@example.com")),
		access("jti_repeated", "All access tokens have the same jti", setClaim("jti", nobodyID)),
	}
}

// claimText is a claim's value as a string.
func claimText(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
