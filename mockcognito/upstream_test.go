package mockcognito_test

import (
	"compress/gzip"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito"
)

func TestCallsToAProviderHaveTheCapturedHeaders(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.signIn()
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys", "/userinfo"} {
		requests, _ := b.upstream.requests(path)
		require.NotEmpty(t, requests, path)
		for _, r := range requests {
			require.Equal(t, "Amazon/Cognito", r.Header.Get("User-Agent"), path)
			require.Equal(t, []string{"gzip,deflate"}, r.Header.Values("Accept-Encoding"), path)
			require.Equal(t, "HTTP/1.1", r.Proto, path)
		}
	}
}

func TestCompressedAnswersOfAProvider(t *testing.T) {
	t.Parallel()
	for name, compress := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(func(u *upstream) {
				u.jwks = func(w http.ResponseWriter) bool {
					w.Header().Set("Content-Encoding", name)
					z := compress(w)
					_ = json.NewEncoder(z).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &u.key.PublicKey, KeyID: "k1"}}})
					_ = z.Close()
					return true
				}
			})
			require.NotEmpty(t, b.signIn().Query().Get("code"))
		})
	}
}

// The provider's keys are behind a chain of redirects.
func TestRedirectsOfTheProvider(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{1: true, 20: true, 21: false} {
		t.Run(fmt.Sprintf("%d redirects", n), func(t *testing.T) {
			t.Parallel()
			var b *bench
			chain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				left := 0
				_, _ = fmt.Sscanf(r.URL.Path, "/%d", &left)
				to := b.upstream.url + "/keys"
				if left > 1 {
					to = fmt.Sprintf("/%d", left-1)
				}
				http.Redirect(w, r, to, http.StatusFound)
			}))
			t.Cleanup(chain.Close)
			b = newBench(t, func(c *mockcognito.Config) {
				idp := &c.UserPools[0].Providers[0]
				idp.AuthorizeURL, idp.TokenURL, idp.AttributesURL = idp.Issuer+"/authorize", idp.Issuer+"/token", idp.Issuer+"/userinfo"
				idp.JWKSURI = fmt.Sprintf("%s/%d", chain.URL, n)
			})
			require.Equal(t, ok, b.signIn().Query().Has("code"))
		})
	}
}

func TestUpstreamAlgorithms(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(func(u *upstream) {
				u.sign = func(c map[string]any) string {
					if alg == jose.ES256 {
						return signWith(u.t, alg, ec, "e1", c)
					}
					return signWith(u.t, alg, u.key, "k1", c)
				}
				u.jwks = func(w http.ResponseWriter) bool {
					writeJSON(w, 200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &u.key.PublicKey, KeyID: "k1"}, {Key: &ec.PublicKey, KeyID: "e1"}}})
					return true
				}
			})
			require.NotEmpty(t, b.signIn().Query().Get("code"))
		})
	}
}

func TestUserInfoIsAskedThoughTheIDTokenHasAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.upstream.change(func(u *upstream) {
		u.claims = map[string]any{"sub": subject, "email": "john@example.com", "given_name": "John", "family_name": "Doe", "email_verified": true}
	})
	b.signIn()
	requests, _ := b.upstream.requests("/userinfo")
	require.Len(t, requests, 1)
}

func TestAudienceMayBeAList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.upstream.change(func(u *upstream) { u.claims["aud"] = []string{"other", "skc_1"} })
	require.NotEmpty(t, b.signIn().Query().Get("code"))
}

// Unverified: the real service is not known to look at these.
func TestWhatIsNotVerified(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*upstream){
		"at_hash":           func(u *upstream) { u.claims["at_hash"] = "wrong" },
		"azp":               func(u *upstream) { u.claims["azp"] = "another-client" },
		"iat in the future": func(u *upstream) { u.claims["iat"] = 9999999999 },
		"nbf in the future": func(u *upstream) { u.claims["nbf"] = 9999999999 },
		"nonce":             func(u *upstream) { u.claims["nonce"] = "nobody-asked" },
		"sub of userInfo":   func(u *upstream) { u.userinfo["sub"] = "somebody else" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.upstream.change(spoil)
			_, claims := part(t, b.tokens().json["id_token"], 1)
			require.Equal(t, provider+"_"+subject, claims["cognito:username"], "the ID token says who it is")
		})
	}
}

// Of several defects the one that is looked at first is told.
func TestOrderOfVerification(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *mockcognito.Config) {
		c.UserPools[0].Attributes = []mockcognito.Attribute{{Name: "birthdate", Required: true}}
	})
	foreign, err := fixedKeys{}.RSA("foreign")
	require.NoError(t, err)
	tokenError := func(w http.ResponseWriter) bool {
		writeJSON(w, 400, map[string]string{"error": "invalid_grant"})
		return true
	}
	b.upstream.change(func(u *upstream) {
		u.token, u.userinfo = tokenError, nil
		u.jwks = func(w http.ResponseWriter) bool { panic(http.ErrAbortHandler) }
		u.sign = func(c map[string]any) string { return signWith(u.t, jose.RS256, foreign, "k1", c) }
		u.claims = map[string]any{"sub": subject, "iss": "https://other.example", "aud": "other", "exp": 1}
	})
	for _, step := range []struct {
		want string
		mend func(*upstream)
	}{
		{provider + " Error - 400 invalid_grant", func(u *upstream) { u.token = nil }},
		{"Connection reset", func(u *upstream) { u.jwks = nil }},
		{`invalid_token_signature: signature does not verify: kid "k1"`, func(u *upstream) { u.sign = nil }},
		{"Bad id_token issuer https://other.example", func(u *upstream) { delete(u.claims, "iss") }},
		{"Bad id_token audience", func(u *upstream) { delete(u.claims, "aud") }},
		{"Bad id_token expired", func(u *upstream) { delete(u.claims, "exp") }},
		{provider + " Error - 500 error getting userInfo", func(u *upstream) { u.userinfo = map[string]any{"email": "john@example.com"} }},
		{"attributes required: [birthdate]", func(*upstream) {}},
	} {
		require.Equal(t, step.want, b.refusal())
		b.upstream.change(step.mend)
	}
	require.Nil(t, b.users().Get(provider+"_"+subject), "no failure leaves a profile behind")
}

// A person who was refused has no session, and the app's next request begins anew.
func TestAFailedSignInLeavesNoSession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.upstream.change(func(u *upstream) { u.claims["iss"] = "https://other.example" })
	p := b.signIn()
	require.Equal(t, "invalid_request", p.Query().Get("error"))
	require.Empty(t, b.cookie("cognito"))
	require.Equal(t, "/authorize", b.authorize().location.Path)
}

// Failures of a sign-in of the implicit flow stand in the fragment.
func TestProviderFailureOfTheImplicitFlow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.upstream.change(func(u *upstream) { u.claims["iss"] = "https://other.example" })
	u := b.signIn("client_id", "implicit", "response_type", "token")
	require.Empty(t, u.RawQuery)
	q, err := url.ParseQuery(u.EscapedFragment())
	require.NoError(t, err)
	require.Equal(t, url.Values{"error_description": {"Bad id_token issuer https://other.example"}, "state": {"app-state"}, "error": {"invalid_request"}}, q)
	require.True(t, strings.HasPrefix(u.EscapedFragment(), "error_description=Bad+id_token+issuer+https%3A%2F%2Fother.example&state=app-state&error="), u.EscapedFragment())
}
