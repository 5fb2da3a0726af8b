package badinput_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab"
	"github.com/ssolab/ssolab/conformance"
	"github.com/ssolab/ssolab/mockcognito"
	"github.com/ssolab/ssolab/mockscalekit"
)

// shape is a form that an error of an endpoint may take.
type shape string

const (
	oauthJSON shape = "OAuth JSON"           // RFC 6749 §5.2
	awsJSON   shape = "AWS JSON"             // __type and message
	apiJSON   shape = "control API JSON"     // error and hint
	page      shape = "page with an error"   // for a person, with a hook for tests
	plain     shape = "a line of plain text" // the edge, or a bearer endpoint
)

// endpoint is a row of the table.
type endpoint struct {
	party   string
	point   string // fault point of its route; console's routes have none
	doc     string // console: the request as docs/control-api.md writes it
	build   func(b *bench) *request
	errors  []shape
	secrets bool // its answers hold secrets: that is what it is for
	waits   bool // answers when something happens
}

func (e endpoint) name(r *request) string {
	target := r.header
	for _, h := range target {
		if h.name == "X-Amz-Target" {
			return r.method + " " + r.path + " " + h.value[strings.LastIndexByte(h.value, '.')+1:]
		}
	}
	return r.method + " " + r.path
}

// bench is a lab with what is needed to get past the first check of an endpoint.
type bench struct {
	t   *testing.T
	lab *ssolab.Lab
	*wire
	urls    ssolab.URLs
	journey *conformance.Journey // a sign-in that succeeded
	target  *conformance.Target
	browser *http.Client // without cookies
}

func newBench(t *testing.T, l *ssolab.Lab) *bench {
	b := &bench{t: t, lab: l, wire: newWire(t, l), urls: l.URLs(), browser: l.HTTPClient()}
	t.Cleanup(b.browser.CloseIdleConnections)
	b.target = &conformance.Target{
		Issuer: b.urls.Issuer, Domain: b.urls.Domain, Email: "john@example.com", Resolve: l.Resolve(),
		Client: conformance.Client{
			ID: l.Variable("COGNITO_CLIENT_ID"), Secret: conformance.Secret(l.Variable("COGNITO_CLIENT_SECRET")),
			RedirectURI: l.Variable("COGNITO_REDIRECT_URI"), Scopes: []string{"openid", "email"},
		},
		Provider: conformance.Provider{IdentityProvider: l.Variable("COGNITO_IDENTITY_PROVIDER")},
	}
	if pem := l.CA(); pem != nil {
		b.target.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		require.NoError(t, os.WriteFile(b.target.CAFile, pem, 0o600))
	}
	b.signIn()
	return b
}

// signIn shows that the lab still does what it is for.
func (b *bench) signIn() {
	b.t.Helper()
	journey, err := (&conformance.Flow{Target: b.target}).Run(b.t.Context())
	require.NoError(b.t, err)
	b.journey = journey
}

// visit follows the front channel from a URL for some redirects, and returns where the next one leads and the cookies.
func (b *bench) visit(from string, redirects int) (*url.URL, http.CookieJar) {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	client := *b.browser
	client.Jar, client.CheckRedirect = jar, func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	to, err := url.Parse(from)
	require.NoError(b.t, err)
	for range redirects {
		resp, err := client.Get(to.String())
		require.NoError(b.t, err)
		require.NoError(b.t, resp.Body.Close())
		next, err := resp.Location()
		require.NoError(b.t, err, "%s answered %s", to, resp.Status)
		to = next
	}
	return to, jar
}

func cookieHeader(jar http.CookieJar, base string) param {
	u, err := url.Parse(base)
	if err != nil {
		return param{}
	}
	var parts []string
	for _, c := range jar.Cookies(u) {
		parts = append(parts, c.Name+"="+c.Value)
	}
	return param{"Cookie", strings.Join(parts, "; ")}
}

// queryOf are the parameters of a URL, in their order and as written.
func queryOf(u *url.URL) []param {
	var out []param
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if name, value, ok := strings.Cut(part, "="); ok {
			out = append(out, param{name, value})
		}
	}
	return out
}

func (b *bench) authorizeParams() []param {
	return []param{
		{"client_id", b.target.Client.ID}, {"redirect_uri", url.QueryEscape(b.target.Client.RedirectURI)}, {"response_type", "code"}, {"scope", "openid+email"},
		{"state", "some-state"}, {"nonce", "some-nonce"}, {"code_challenge", strings.Repeat("a", 43)}, {"code_challenge_method", "S256"},
		{"identity_provider", b.target.Provider.IdentityProvider}, {"login_hint", "john%40example.com"}, {"lang", "en"},
	}
}

func (b *bench) authorizeURL(email string) string {
	list := b.authorizeParams()
	for i := range list {
		if list[i].name == "login_hint" {
			list[i].value = email
		}
	}
	return b.urls.Domain + "/oauth2/authorize?" + pairs(list)
}

func (b *bench) get(base, path string, query ...param) *request {
	return &request{base: base, method: http.MethodGet, path: path, query: query}
}

func (b *bench) post(base, path string, form ...param) *request {
	return &request{
		base: base, method: http.MethodPost, path: path, form: form,
		header: []param{{"Content-Type", "application/x-www-form-urlencoded"}},
	}
}

func (b *bench) json(method, base, path string, members ...param) *request {
	return &request{base: base, method: method, path: path, members: members, header: []param{{"Content-Type", "application/json"}}}
}

func (b *bench) bearer(r *request) *request {
	r.header = append(r.header, param{"Authorization", "Bearer " + b.journey.Tokens.AccessToken.Reveal()})
	return r
}

func endpoints() []endpoint {
	var all []endpoint
	all = append(all, cognitoFront()...)
	all = append(all, cognitoBack()...)
	all = append(all, scalekit()...)
	all = append(all, management()...)
	all = append(all, identityProviders()...)
	all = append(all, sampleApp()...)
	return append(all, console()...)
}

func cognitoFront() []endpoint {
	row := func(point string, build func(b *bench) *request) endpoint {
		return endpoint{party: "cognito", point: point, build: build, errors: []shape{page, plain}}
	}
	// back is the return from the identity provider, with a state that is good for one try.
	back := func(b *bench, more ...param) ([]param, param) {
		to, jar := b.visit(b.authorizeURL("john%40example.com"), 1)
		return append(more, param{"state", url.QueryEscape(to.Query().Get("state"))}), cookieHeader(jar, b.urls.Domain)
	}
	// own are the parameters of a client that signs the pool's own users in, and ownForm a form of one of its pages.
	own := func(b *bench) []param {
		list := b.authorizeParams()[:8]
		list[0].value, list[1].value = mockcognito.DefaultNoIdPID, url.QueryEscape("http://localhost:3000/auth/callback")
		return list
	}
	ownForm := func(b *bench, path string, fields ...param) *request {
		token := strings.Repeat("c", 36)
		r := b.post(b.urls.Domain, path, append([]param{{"_csrf", token}}, fields...)...)
		r.query = own(b)
		port := b.urls.Domain[strings.LastIndexByte(b.urls.Domain, ':')+1:]
		r.header = append(r.header, param{"Cookie", "XSRF-TOKEN=" + token + "; XSRF-TOKEN-" + port + "=" + token})
		return r
	}
	login := func(b *bench) *request {
		r := b.get(b.urls.Domain, "/login", b.authorizeParams()...)
		r.query = append(r.query, param{"idp_email", "nobody%40nowhere.example"})
		return r
	}
	return []endpoint{
		row("cognito.authorize", func(b *bench) *request { return b.get(b.urls.Domain, "/oauth2/authorize", b.authorizeParams()...) }),
		row("cognito.authorize", func(b *bench) *request {
			return b.get(b.urls.Domain, "/authorize", append(b.authorizeParams(), param{"idp_identifier", "example.com"}, param{"prompt", "none"}, param{"resource", "https%3A%2F%2Fapi.example"})...)
		}),
		row("cognito.idpresponse", func(b *bench) *request {
			query, cookie := back(b, param{"code", "no-such-code"})
			r := b.get(b.urls.Domain, "/oauth2/idpresponse", query...)
			r.header = append(r.header, cookie)
			return r
		}),
		row("cognito.idpresponse", func(b *bench) *request {
			form, cookie := back(b, param{"error", "access_denied"}, param{"error_description", "no"})
			r := b.post(b.urls.Domain, "/oauth2/idpresponse", form...)
			r.header = append(r.header, cookie)
			return r
		}),
		row("cognito.login", login),
		row("cognito.login_form", func(b *bench) *request {
			r := ownForm(b, "/login", param{"username", "john"}, param{"password", hunter})
			r.query = b.authorizeParams()
			return r
		}),
		row("cognito.login_form", func(b *bench) *request {
			return ownForm(b, "/login", param{"username", "john"}, param{"password", hunter})
		}),
		row("cognito.account", func(b *bench) *request { return b.get(b.urls.Domain, "/signup", own(b)...) }),
		row("cognito.account", func(b *bench) *request { return b.get(b.urls.Domain, "/mfa", own(b)...) }),
		row("cognito.account_form", func(b *bench) *request {
			return ownForm(b, "/signup", param{"username", "jo"}, param{"password", hunter}, param{"confirm_password", hunter}, param{"requiredAttributes%5Bemail%5D", "a%40b.example"})
		}),
		row("cognito.account_form", func(b *bench) *request {
			return ownForm(b, "/confirm", param{"username", "john"}, param{"code", "123456"})
		}),
		row("cognito.account_form", func(b *bench) *request { return ownForm(b, "/forgotPassword", param{"username", "john"}) }),
		row("cognito.account_form", func(b *bench) *request {
			return ownForm(b, "/confirmforgotPassword", param{"username", "john"}, param{"code", "123456"}, param{"password", hunter}, param{"confirm_password", hunter})
		}),
		row("cognito.account_form", func(b *bench) *request {
			return ownForm(b, "/mfa", param{"attempt", "a"}, param{"factor", "EMAIL_OTP"}, param{"code", "1"})
		}),
		row("cognito.logout", func(b *bench) *request {
			return b.get(b.urls.Domain, "/logout", param{"client_id", b.target.Client.ID}, param{"logout_uri", url.QueryEscape(b.urls.App + "/")})
		}),
		row("cognito.logout", func(b *bench) *request { return b.get(b.urls.Domain, "/logout", b.authorizeParams()...) }),
		row("cognito.error", func(b *bench) *request {
			return b.get(b.urls.Domain, "/error", param{"error", "redirect_mismatch"}, param{"error_description", "a"}, param{"client_id", "a"})
		}),
	}
}

func cognitoBack() []endpoint {
	row := func(point string, build func(b *bench) *request, errors ...shape) endpoint {
		return endpoint{party: "cognito", point: point, build: build, errors: errors}
	}
	preflight := func(path string) endpoint {
		return row("cognito.preflight", func(b *bench) *request {
			r := b.get(b.urls.Domain, path)
			r.method, r.header = http.MethodOptions, []param{{"Origin", "https://spa.example"}, {"Access-Control-Request-Method", "POST"}}
			return r
		}, plain)
	}
	operation := func(name string, secrets bool, members ...param) endpoint {
		return endpoint{party: "cognito", point: "cognito.api", secrets: secrets, errors: []shape{awsJSON}, build: func(b *bench) *request {
			r := b.json(http.MethodPost, b.urls.Cognito, "/", members...)
			r.header = []param{{"Content-Type", "application/x-amz-json-1.1"}, {"X-Amz-Target", "AWSCognitoIdentityProviderService." + name}}
			return r
		}}
	}
	pool := param{"UserPoolId", `"us-east-1_SsoLab001"`}
	app := param{"ClientId", `"ssolabpublic00000000000001"`}
	client := func(b *bench) []param { return []param{{"client_id", b.target.Client.ID}, {"client_secret", hunter}} }
	return []endpoint{
		row("cognito.discovery", func(b *bench) *request {
			return b.get(b.urls.Cognito, "/us-east-1_SsoLab001/.well-known/openid-configuration", param{"a", "b"})
		}, awsJSON),
		row("cognito.keys", func(b *bench) *request { return b.get(b.urls.Cognito, "/us-east-1_SsoLab001/.well-known/jwks.json") }, awsJSON),
		row("cognito.token", func(b *bench) *request {
			return b.post(b.urls.Domain, "/oauth2/token", append(client(b), param{"grant_type", "authorization_code"}, param{"code", "no-such-code"},
				param{"redirect_uri", "a"}, param{"code_verifier", "b"})...)
		}, oauthJSON),
		row("cognito.token", func(b *bench) *request {
			r := b.post(b.urls.Domain, "/oauth2/token", param{"grant_type", "refresh_token"}, param{"refresh_token", b.journey.Tokens.RefreshToken.Reveal()}, param{"client_id", b.target.Client.ID}, param{"scope", "openid"})
			req := http.Request{Header: http.Header{}}
			req.SetBasicAuth(b.target.Client.ID, b.target.Client.Secret.Reveal())
			r.header = append(r.header, param{"Authorization", req.Header.Get("Authorization")})
			return r
		}, oauthJSON),
		row("cognito.userinfo", func(b *bench) *request { return b.bearer(b.get(b.urls.Domain, "/oauth2/userInfo", param{"a", "b"})) }, oauthJSON),
		row("cognito.revoke", func(b *bench) *request {
			return b.post(b.urls.Domain, "/oauth2/revoke", append(client(b), param{"token", hunter})...)
		}, oauthJSON),
		row("cognito.other_method", func(b *bench) *request {
			return b.get(b.urls.Domain, "/oauth2/token", param{"grant_type", "authorization_code"}, param{"code", "no-such-code"})
		}, plain),
		row("cognito.other_method", func(b *bench) *request {
			return b.post(b.urls.Domain, "/oauth2/userInfo", param{"access_token", hunter})
		}, plain),
		preflight("/oauth2/token"), preflight("/oauth2/userInfo"), preflight("/oauth2/revoke"), preflight("/"),
		operation("DescribeUserPool", false, pool),
		operation("DescribeUserPoolClient", true, pool, param{"ClientId", `"ssolabclient00000000000001"`}),
		operation("DescribeUserPoolDomain", false, param{"Domain", `"ssolab"`}),
		operation("DescribeIdentityProvider", true, pool, param{"ProviderName", `"ScalekitIdPRouter"`}),
		operation("AdminCreateUser", false, pool, param{"Username", `"john"`}), operation("NoSuch<canary>Operation", false, pool),
		operation("InitiateAuth", false, app, param{"AuthFlow", `"USER_PASSWORD_AUTH"`}, param{"AuthParameters", `{"USERNAME":"john","PASSWORD":"` + hunter + `"}`}),
		operation("InitiateAuth", false, app, param{"AuthFlow", `"USER_SRP_AUTH"`}, param{"AuthParameters", `{"USERNAME":"john","SRP_A":"00ff"}`}, param{"Session", `"` + hunter + `"`}),
		operation("RespondToAuthChallenge", false, app, param{"ChallengeName", `"NEW_PASSWORD_REQUIRED"`}, param{"Session", `"` + hunter + `"`}, param{"ChallengeResponses", `{"USERNAME":"john","NEW_PASSWORD":"` + hunter + `"}`}),
		operation("SignUp", false, app, param{"Username", `"john"`}, param{"Password", `"` + hunter + `"`}, param{"UserAttributes", `[{"Name":"email","Value":"a@b.example"}]`}),
		operation("GetUser", false, param{"AccessToken", `"` + hunter + `"`}),
	}
}

func scalekit() []endpoint {
	row := func(point string, build func(b *bench) *request, errors ...shape) endpoint {
		return endpoint{party: "scalekit", point: point, build: build, errors: append(errors, oauthJSON)} // what is not modelled is told in JSON
	}
	authorize := func(b *bench, email string) []param {
		return []param{
			{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, {"redirect_uri", url.QueryEscape(b.urls.Domain + "/oauth2/idpresponse")}, {"response_type", "code"},
			{"scope", "openid+email+profile"}, {"state", "some-state"}, {"nonce", "n"}, {"login_hint", email}, {"code_challenge", strings.Repeat("a", 43)}, {"code_challenge_method", "S256"},
		}
	}
	callback := func(b *bench, more ...param) *request {
		to, jar := b.visit(b.urls.Scalekit+"/oauth/authorize?"+pairs(authorize(b, "john%40example.com")), 1)
		r := b.get(b.urls.Scalekit, "/sso/v1/oidc/conn_60040666217971987/callback", append(more, param{"state", to.Query().Get("state")})...)
		r.header = append(r.header, cookieHeader(jar, b.urls.Scalekit))
		return r
	}
	at := func(path string) func(b *bench) *request {
		return func(b *bench) *request { return b.get(b.urls.Scalekit, path, param{"a", "b"}) }
	}
	// In full-stack mode a domain without connection leads to the hosted pages; in modular mode there is no such request.
	hosted := func(b *bench, method, path, prompt string, form ...param) *request {
		to, jar := b.visit(b.urls.Scalekit+"/oauth/authorize?"+pairs(append(authorize(b, "a%40nowhere.test"), param{"prompt", prompt})), 1)
		fields := append([]param{{"request", to.Query().Get("request")}}, form...)
		r := b.get(b.urls.Scalekit, path, fields...)
		if method == http.MethodPost {
			r = b.post(b.urls.Scalekit, path, fields...)
		}
		r.header = append(r.header, cookieHeader(jar, b.urls.Scalekit))
		return r
	}
	samlCallback := func(b *bench, path string, asked bool) *request {
		message := url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0"><samlp:Status><samlp:StatusCode Value="x"/></samlp:Status></samlp:Response>`)))
		fields := []param{{"SAMLResponse", message}, {"RelayState", "a"}}
		if !asked {
			return b.post(b.urls.Scalekit, path, fields...)
		}
		to, jar := b.visit(b.urls.Scalekit+"/oauth/authorize?"+pairs(append(authorize(b, "ann%40saml.test"), param{"connection_id", "conn_saml"})), 1)
		fields[1].value = to.Query().Get("RelayState")
		r := b.post(b.urls.Scalekit, path, fields...)
		r.header = append(r.header, cookieHeader(jar, b.urls.Scalekit))
		return r
	}
	credentials := func(b *bench, path string) *request {
		return b.post(b.urls.Scalekit, path, param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, param{"client_secret", hunter}, param{"token", hunter})
	}
	return []endpoint{
		row("scalekit.discovery", at("/.well-known/openid-configuration")), row("scalekit.discovery", at("/.well-known/oauth-authorization-server")), row("scalekit.keys", at("/keys")),
		row("scalekit.authorize", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/oauth/authorize", authorize(b, "john%40example.com")...)
		}, page),
		row("scalekit.authorize", func(b *bench) *request {
			return b.post(b.urls.Scalekit, "/oauth/authorize", append(authorize(b, "a"), param{"connection_id", "conn_60040666217971987"}, param{"organization_id", "a"}, param{"domain", "b"}, param{"prompt", "login"})...)
		}, page),
		row("scalekit.authorize", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/oauth/authorize", append(authorize(b, "a"), param{"provider", "google"})...)
		}, page),
		row("scalekit.callback", func(b *bench) *request { return callback(b, param{"code", "no-such-code"}) }, page),
		row("scalekit.callback", func(b *bench) *request {
			return callback(b, param{"error", "access_denied"}, param{"error_description", "no"})
		}, page),
		row("scalekit.token", func(b *bench) *request {
			return b.post(b.urls.Scalekit, "/oauth/token", param{"grant_type", "authorization_code"}, param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, param{"client_secret", hunter},
				param{"code", "no-such-code"}, param{"redirect_uri", "a"}, param{"code_verifier", "b"})
		}),
		row("scalekit.token", func(b *bench) *request {
			return b.post(b.urls.Scalekit, "/oauth/token", param{"grant_type", "refresh_token"}, param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, param{"client_secret", hunter},
				param{"refresh_token", "no-such-token"}, param{"scope", "openid"})
		}),
		row("scalekit.token", func(b *bench) *request {
			return b.post(b.urls.Scalekit, "/oauth/token", param{"grant_type", "client_credentials"}, param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, param{"client_secret", hunter}, param{"scope", "openid"})
		}),
		row("scalekit.callback", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/oidc/conn_60040666217971987/callback", param{"idp_initiated", "true"}, param{"code", "no-such-code"}, param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")})
		}, page),
		row("scalekit.callback", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/oauth/conn_60040666217971987/callback", param{"state", "a"}, param{"code", "b"})
		}, page),
		row("scalekit.test", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/oidc/conn_60040666217971987/test", param{"login_hint", "john%40example.com"})
		}, page),
		row("scalekit.test", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/saml/conn_saml/test", param{"login_hint", "john%40example.com"})
		}, page),
		row("scalekit.saml_metadata", at("/sso/v1/saml/conn_saml"), page),
		row("scalekit.saml_request", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/saml/conn_saml/request", param{"state", "a"})
		}, page),
		row("scalekit.saml_callback", func(b *bench) *request { return samlCallback(b, "/sso/v1/saml/conn_saml/callback", true) }, page),
		row("scalekit.saml_callback", func(b *bench) *request { return samlCallback(b, "/sso/v1/saml/conn_saml", false) }, page),
		row("scalekit.logout_callback", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/sso/v1/oidc/conn_60040666217971987/logout/callback", param{"state", "a"})
		}, page),
		row("scalekit.backchannel_logout", func(b *bench) *request {
			return b.post(b.urls.Scalekit, "/sso/v1/oidc/conn_60040666217971987/backchannel-logout", param{"logout_token", "a.b.c"})
		}),
		row("scalekit.login", func(b *bench) *request { return hosted(b, http.MethodGet, "/a/auth/login", "") }, page),
		row("scalekit.login", func(b *bench) *request {
			return hosted(b, http.MethodPost, "/a/auth/login", "", param{"email", "a%40nowhere.test"}, param{"connection", ""}, param{"code", "123456"}, param{"organization", "org_1"})
		}, page),
		row("scalekit.signup", func(b *bench) *request { return hosted(b, http.MethodGet, "/a/auth/signup", "create") }, page),
		row("scalekit.signup", func(b *bench) *request {
			return hosted(b, http.MethodPost, "/a/auth/signup", "create", param{"email", "a%40nowhere.test"}, param{"given_name", "a"}, param{"family_name", "b"})
		}, page),
		row("scalekit.introspect", func(b *bench) *request { return credentials(b, "/oauth/introspect") }),
		row("scalekit.revoke", func(b *bench) *request { return credentials(b, "/revoke") }),
		row("scalekit.userinfo", func(b *bench) *request { return b.bearer(b.get(b.urls.Scalekit, "/userinfo", param{"a", "b"})) }, plain),
		row("scalekit.userinfo", func(b *bench) *request { return b.post(b.urls.Scalekit, "/userinfo", param{"access_token", hunter}) }, plain),
		row("scalekit.logout", func(b *bench) *request {
			return b.get(b.urls.Scalekit, "/oidc/logout", param{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, param{"id_token_hint", "a.b.c"}, param{"post_logout_redirect_uri", "a"}, param{"state", "b"})
		}),
		row("", at("/nowhere")),
	}
}

// badIdPs are the identity providers of the bench: connections to them are added to the lab.
func badIdPs(c *ssolab.Config) {
	c.Scalekit = mockscalekit.DefaultEnvironment()
	c.Scalekit.Clients = nil
	for name, provider := range map[string]string{"entra": mockscalekit.MicrosoftAD, "google": mockscalekit.Google, "plain": mockscalekit.Custom, "saml": mockscalekit.Okta} {
		protocol := mockscalekit.OIDC
		if name == "saml" {
			protocol = mockscalekit.SAML
		}
		c.Scalekit.Organizations = append(c.Scalekit.Organizations, mockscalekit.Organization{
			ID: "org_" + name, DisplayName: name, Domains: []mockscalekit.Domain{{Name: name + ".test"}},
			Connections: []mockscalekit.Connection{{ID: "conn_" + name, Provider: provider, Type: protocol}},
		})
		c.Scalekit.People = append(c.Scalekit.People, mockscalekit.Person{Email: "ann@" + name + ".test", Password: "ann-has-a-password"})
	}
}

func identityProviders() []endpoint {
	var all []endpoint
	row := func(point string, build func(b *bench) *request, errors ...shape) {
		all = append(all, endpoint{party: "idp", point: point, build: build, errors: append(errors, oauthJSON)})
	}
	at := func(path string) func(b *bench) *request {
		return func(b *bench) *request { return b.get(b.urls.IdP, path, param{"a", "b"}) }
	}
	scalekitAuthorize := func(b *bench, connection, email string) string {
		return b.urls.Scalekit + "/oauth/authorize?" + pairs([]param{
			{"client_id", b.lab.Variable("SCALEKIT_CLIENT_ID")}, {"redirect_uri", url.QueryEscape(b.urls.Domain + "/oauth2/idpresponse")}, {"response_type", "code"},
			{"scope", "openid"}, {"connection_id", connection}, {"login_hint", email},
		})
	}
	for _, idp := range []struct{ connection, email, login string }{
		{"conn_60040666217971987", "john%40example.com", "/login"}, {"conn_60040666200000002", "john%40megasoft.org", "/okta/login"},
		{"conn_entra", "ann%40entra.test", "/entra/login"}, {"conn_google", "ann%40google.test", "/google/login"}, {"conn_plain", "ann%40plain.test", "/plain/login"},
	} {
		row("idp.authorize", func(b *bench) *request {
			to, _ := b.visit(scalekitAuthorize(b, idp.connection, idp.email), 1)
			return b.get(b.urls.IdP, to.Path, queryOf(to)...)
		}, page)
		underWay := func(b *bench) string { // a sign-in under way
			to, _ := b.visit(scalekitAuthorize(b, idp.connection, idp.email), 2)
			return to.Query().Get("authRequestID")
		}
		row("idp.login", func(b *bench) *request {
			return b.get(b.urls.IdP, idp.login, param{"authRequestID", underWay(b)})
		}, page)
		row("idp.login", func(b *bench) *request {
			form := []param{{"authRequestID", underWay(b)}, {"username", idp.email}, {"password", hunter}, {"code", "123456"}, {"outcome", "denied"}, {"push", "deny"}, {"consent", "deny"},
				{"new_password", hunter}, {"repeat_password", hunter}}
			if idp.login == "/login" {
				form = []param{{"authRequestID", underWay(b)}, {"scenario", "login"}, {"email", "john"}, {"domain", "example.com"}, {"given_name", "a"}, {"family_name", "b"},
					{"attr_name_0", "c"}, {"attr_value_0", "d"}, {"error", "server_error"}, {"add_attribute", ""}}
			}
			return b.post(b.urls.IdP, idp.login, form...)
		}, page)
	}
	row("idp.login", func(b *bench) *request { // past the password, in any of the further steps
		to, _ := b.visit(scalekitAuthorize(b, "conn_plain", "ann%40plain.test"), 2)
		id := to.Query().Get("authRequestID")
		_, err := b.send(b.post(b.urls.IdP, "/plain/login", param{"authRequestID", id}, param{"username", "ann%40plain.test"}, param{"password", "ann-has-a-password"}, param{"outcome", "consent"}))
		require.NoError(b.t, err)
		return b.post(b.urls.IdP, "/plain/login", param{"authRequestID", id}, param{"consent", "maybe"})
	}, page)
	for _, api := range []struct{ discovery, keys, token, userinfo string }{
		{"", "/keys", "/token", "/userinfo"}, {"/okta", "/okta/oauth2/v1/keys", "/okta/oauth2/v1/token", "/okta/oauth2/v1/userinfo"}, {"/google", "/google/oauth2/v3/certs", "/google/token", "/google/v1/userinfo"},
	} {
		row("idp.discovery", at(api.discovery+"/.well-known/openid-configuration"))
		row("idp.keys", at(api.keys))
		row("idp.token", func(b *bench) *request {
			return b.post(b.urls.IdP, api.token, param{"grant_type", "authorization_code"}, param{"client_id", "conn_60040666217971987"}, param{"client_secret", hunter},
				param{"code", "a"}, param{"redirect_uri", "b"}, param{"code_verifier", "c"})
		})
		row("idp.userinfo", func(b *bench) *request { return b.bearer(b.get(b.urls.IdP, api.userinfo, param{"a", "b"})) }, plain)
		row("idp.userinfo", func(b *bench) *request { return b.post(b.urls.IdP, api.userinfo, param{"access_token", hunter}) }, plain)
	}
	row("idp.home", at("/"), page)
	row("idp.logout", func(b *bench) *request {
		return b.get(b.urls.IdP, "/okta/oauth2/v1/logout", param{"client_id", "a"}, param{"post_logout_redirect_uri", "b"}, param{"state", "c"})
	}, page)
	row("idp.apps", at("/okta/apps"), page)
	row("idp.app", func(b *bench) *request {
		return b.get(b.urls.IdP, "/okta/apps/conn_saml", param{"RelayState", "a"}, param{"login_hint", "ann%40saml.test"})
	}, page)
	row("idp.saml_metadata", at("/okta/app/scalekit/sso/saml/metadata"), page)
	sso := func(b *bench) []param {
		to, _ := b.visit(scalekitAuthorize(b, "conn_saml", "ann%40saml.test"), 1)
		return queryOf(to)
	}
	row("idp.saml_sso", func(b *bench) *request { return b.get(b.urls.IdP, "/okta/app/scalekit/sso/saml", sso(b)...) }, page)
	row("idp.saml_sso", func(b *bench) *request { return b.post(b.urls.IdP, "/okta/app/scalekit/sso/saml", sso(b)...) }, page)
	return all
}

func sampleApp() []endpoint {
	row := func(point string, build func(b *bench) *request) endpoint {
		return endpoint{party: "app", point: point, build: build, errors: []shape{page}}
	}
	callback := func(b *bench, more ...param) *request {
		to, jar := b.visit(b.urls.App+"/auth/login", 1)
		r := b.get(b.urls.App, "/auth/callback", append(more, param{"state", to.Query().Get("state")})...)
		r.header = append(r.header, cookieHeader(jar, b.urls.App))
		return r
	}
	return []endpoint{
		row("app.home", func(b *bench) *request { return b.get(b.urls.App, "/", param{"a", "b"}) }),
		row("app.login", func(b *bench) *request { return b.get(b.urls.App, "/auth/login", param{"email", "john%40example.com"}) }),
		row("app.callback", func(b *bench) *request { return callback(b, param{"code", "no-such-code"}) }),
		row("app.callback", func(b *bench) *request {
			return callback(b, param{"error", "invalid_request"}, param{"error_description", "no"})
		}),
		row("app.logout", func(b *bench) *request { return b.get(b.urls.App, "/auth/logout", param{"a", "b"}) }),
		row("app.logout", func(b *bench) *request { return b.post(b.urls.App, "/auth/logout", param{"a", "b"}) }),
	}
}

func console() []endpoint {
	pageRow := func(path string) endpoint {
		return endpoint{party: "console", build: func(b *bench) *request { return b.get(b.urls.Console, path, param{"a", "b"}) }, errors: []shape{page}, secrets: path == "/"}
	}
	api := func(doc string, build func(b *bench) *request) endpoint {
		return endpoint{party: "console", doc: doc, build: build, errors: []shape{apiJSON}}
	}
	get := func(doc, path string, query ...param) endpoint {
		return api(doc, func(b *bench) *request { return b.get(b.urls.Console, "/api/v1/"+path, query...) })
	}
	send := func(doc, method, path string, members ...param) endpoint {
		return api(doc, func(b *bench) *request { return b.json(method, b.urls.Console, "/api/v1/"+path, members...) })
	}
	env, events, stream := get("GET env", "env", param{"format", "dotenv"}), get("GET events", "events", param{"after", "0"}, param{"timeout", "1ms"}, param{"name", "signin.*"}), get("GET events/stream", "events/stream", param{"after", "0"}, param{"name", "*"})
	env.secrets, events.waits = true, true
	streaming := stream.build
	stream.build = func(b *bench) *request { r := streaming(b); r.stream = true; return r }
	// A rule that never matches, and is gone before the next case.
	add := send("POST faults", http.MethodPost, "faults", param{"fault", `"route.html"`}, param{"at", `"cognito.error"`}, param{"match", `{"never":"never"}`},
		param{"times", "1"}, param{"params", "{}"}, param{"id", `"badinput"`})
	adding := add.build
	add.build = func(b *bench) *request {
		_, err := b.send(b.json(http.MethodDelete, b.urls.Console, "/api/v1/faults"))
		require.NoError(b.t, err)
		return adding(b)
	}
	return []endpoint{
		pageRow("/"), pageRow("/signins/latest"), pageRow("/signins/none"),
		get("GET health", "health", param{"a", "b"}), env, get("GET messages", "messages", param{"to", "john%40example.com"}), get("GET signins", "signins"), get("GET signins/{id}", "signins/latest"), get("GET signins/{id}", "signins/none"), get("GET faults", "faults"),
		add, send("DELETE faults/{id}", http.MethodDelete, "faults/none"), send("DELETE faults", http.MethodDelete, "faults"),
		get("GET quirks", "quirks"), get("GET network", "network"), send("PUT quirks/{id}", http.MethodPut, "quirks/unrequested-nonce", param{"on", "true"}),
		get("GET webhooks", "webhooks"), send("POST webhooks/{id}/again", http.MethodPost, "webhooks/evt_404/again"),
		get("GET clock", "clock"), send("POST clock", http.MethodPost, "clock", param{"advance", `"0s"`}), send("POST clock", http.MethodPost, "clock", param{"reset", "true"}),
		events, stream, send("POST reset", http.MethodPost, "reset"), send("POST reload", http.MethodPost, "reload"),
	}
}

// shapeOf tells which error an answer is.
func shapeOf(a answer) (shape, error) {
	contentType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	switch {
	case contentType == "text/html" && (strings.Contains(a.body, `data-error="`) || strings.Contains(a.body, `role="alert"`) || strings.Contains(a.body, `data-testid="error`)):
		return page, nil
	case contentType == "text/plain" && a.body != "":
		return plain, nil
	case strings.HasSuffix(contentType, "json") || contentType == "application/x-amz-json-1.1":
		var o struct {
			Type  string `json:"__type"`
			Error string `json:"error"`
			Hint  string `json:"hint"`
			Code  any    `json:"code"`
		}
		if err := json.Unmarshal([]byte(a.body), &o); err != nil {
			return "", fmt.Errorf("the body is no JSON object: %w", err)
		}
		switch {
		case o.Type != "":
			return awsJSON, nil
		case o.Hint != "" && o.Error != "":
			return apiJSON, nil
		case o.Error != "":
			return oauthJSON, nil
		}
		switch o.Code.(type) {
		case float64:
			return gatewayJSON, nil
		case string:
			return connectJSON, nil
		}
	}
	return "", fmt.Errorf("no error of a known form: %q %.200q", a.header.Get("Content-Type"), a.body)
}
