package mockcognito

import (
	"github.com/ssolab/ssolab/internal/fault"
	"github.com/ssolab/ssolab/internal/jose"
)

// tokenPoints are where tokens are signed.
func tokenPoints() []fault.Point {
	return []fault.Point{
		{Name: "cognito.id_token", Kind: fault.Token, Description: "the ID token"},
		{Name: "cognito.access_token", Kind: fault.Token, Description: "the access token"},
	}
}

// tokenFaults are those of the ID token and the access token.
func tokenFaults() []fault.Fault {
	return []fault.Fault{
		claim("cognito.id_token", "idt.kid_unknown", "The ID token names a key that is not published", func(d *jose.Draft) { d.Header.Set("kid", "unpublished") }),
		claim("cognito.id_token", "idt.iss_other", "The ID token has another issuer", func(d *jose.Draft) { d.Claims.Set("iss", "https://issuer.invalid") }),
		claim("cognito.id_token", "idt.aud_other", "The ID token is for another client", func(d *jose.Draft) { d.Claims.Set("aud", "anotherclient") }),
		claim("cognito.id_token", "idt.expired", "The ID token expired an hour ago", func(d *jose.Draft) {
			if iat, ok := d.Claims.Get("iat").(int64); ok {
				d.Claims.Set("exp", iat-3600)
			}
		}),
		claim("cognito.id_token", "idt.nonce_other", "The ID token carries another nonce", func(d *jose.Draft) { d.Claims.Set("nonce", "not-the-nonce-of-this-request") }),
		claim("cognito.id_token", "idt.bad_signature", "The ID token's signature does not verify", func(d *jose.Draft) { d.After = flipSignature }),
	}
}
