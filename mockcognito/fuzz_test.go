package mockcognito

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/mockcognito/internal/idp"
	"github.com/ssolab/ssolab/mockcognito/internal/userpool"
)

const (
	fuzzClient   = "fuzzclient0000000000000001"
	fuzzCallback = "http://localhost:3000/auth/callback"
	fuzzSecret   = "never0to0be0told0never0to0be0told0never0to0be0told"
)

// fuzzServer is a service whose provider's endpoints are given, so that nothing is called before a person comes back.
func fuzzServer(f *testing.F) *Server {
	const idp = "http://localhost:1"
	s, err := New(Config{URL: "http://localhost:9401", UserPools: []UserPool{{
		ID: DefaultPoolID, Domain: "ssolab",
		Clients: []AppClient{{
			ID: fuzzClient, Secret: fuzzSecret, CallbackURLs: []string{fuzzCallback}, LogoutURLs: []string{"http://localhost:3000/"}, IdentityProviders: []string{"IdP", CognitoProvider},
		}},
		Providers: []IdentityProvider{{
			Name: "IdP", Issuer: idp, ClientID: "upstream", ClientSecret: "another" + fuzzSecret, Identifiers: []string{"example.com"},
			AuthorizeURL: idp + "/a", TokenURL: idp + "/t", AttributesURL: idp + "/u", JWKSURI: idp + "/k",
		}},
	}}})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.kit.Close()) })
	return s
}

// serve answers a request made in memory, and holds against the answer what holds for all.
func (s *Server) serve(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	r.Host = "localhost:9401"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Less(t, w.Code, 500, w.Body.String())
	for name, values := range w.Header() {
		for _, v := range values {
			require.NotContains(t, v, "\x00", name)
			if name != "Location" {
				require.Less(t, len(v), 8<<10, name)
			}
		}
	}
	require.NotContains(t, w.Body.String(), fuzzSecret)
	if w.Code >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/") {
		require.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
	}
	if to := w.Header().Get("Location"); to != "" {
		u, err := url.Parse(to)
		require.NoError(t, err)
		require.Contains(t, []string{"", "localhost:3000", "localhost:1"}, u.Host, "only to the app, to the provider, or to itself")
		if u.Host == "" {
			require.True(t, strings.HasPrefix(to, "/login?") || strings.HasPrefix(to, "/error?"), to)
			require.Less(t, len(to), 3*len(r.URL.RawQuery)+maxOwnQuery)
		}
	}
	return w
}

func request(method, path, rawQuery, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.URL.RawQuery = rawQuery
	return r
}

// FuzzAuthorize sends parameters to the endpoints that a browser visits.
func FuzzAuthorize(f *testing.F) {
	s := fuzzServer(f)
	good := url.Values{
		"client_id": {fuzzClient}, "redirect_uri": {fuzzCallback}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"a b"}, "nonce": {"n"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "identity_provider": {"IdP"}, "login_hint": {"john@example.com"},
	}
	for _, change := range [][2]string{{"", ""}, {"redirect_uri", "//evil.example"}, {"response_type", "token"}, {"scope", "openid\x00 x"}, {"prompt", "none"}, {"resource", ":"}, {"idp_email", "a@example.com"}, {"logout_uri", "http://localhost:3000/"}} {
		q := cloneValues(good)
		q.Set(change[0], change[1])
		f.Add(uint8(len(change[0])), q.Encode(), "")
	}
	f.Add(uint8(1), good.Encode()+"&client_id=b&%zz;", "a=b")
	f.Add(uint8(2), "error=%3Cb%3E&error_description=%00", "")
	paths := []string{"/oauth2/authorize", "/login", "/error", "/logout", "/authorize"}
	f.Fuzz(func(t *testing.T, where uint8, rawQuery, form string) {
		method, path := http.MethodGet, paths[int(where)%len(paths)]
		if path == "/login" && form != "" {
			method = http.MethodPost
		}
		r := request(method, path, rawQuery, form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := s.serve(t, r)
		q, err := url.ParseQuery(rawQuery)
		if err != nil {
			require.Equal(t, http.StatusBadRequest, w.Code, "what cannot be parsed is refused, not guessed")
			return
		}
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		if to.Host == "localhost:3000" && q.Get("logout_uri") == "" { // an answer to the app: it repeats the state and says what is wrong
			back := to.Query()
			if to.Fragment != "" {
				back, err = url.ParseQuery(to.Fragment)
				require.NoError(t, err)
			}
			require.Equal(t, q.Get("state"), back.Get("state"))
			require.NotEmpty(t, back.Get("error"))
		}
	})
}

// FuzzState parses what comes back from a provider. Only what this service sealed is authentic.
func FuzzState(f *testing.F) {
	key := []byte("0123456789abcdef0123456789abcdef")
	appState := "a state"
	sealed, err := sealState(upstreamState{UserPoolID: "p", ClientID: "c", Scopes: []string{"openid"}, State: &appState, V: []string{}}, key)
	require.NoError(f, err)
	parts := strings.Split(sealed, ".")
	for _, seed := range []string{
		sealed, "", "..4", sealed + ".", parts[0] + "." + parts[1] + ".5", parts[1] + "." + parts[0] + ".4", pack([]byte("null")) + "." + parts[1] + ".4", pack([]byte(`{"a":1}`)) + "." + pack(nil) + ".4",
		pack([]byte(strings.Repeat(" ", maxStateJSON+1))) + "." + parts[1] + ".4", parts[0][:len(parts[0])/2] + "." + parts[1] + ".4", strings.Repeat("A", maxStateLength+1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		st, authentic, err := parseState(raw, key)
		if err != nil {
			require.ErrorIs(t, err, errState)
			return
		}
		if authentic {
			require.Equal(t, parts[0], strings.Split(raw, ".")[0], "nobody else can seal")
		}
		if st.State != nil && !utf8.ValidString(*st.State) {
			return // JSON cannot carry it
		}
		again, err := sealState(st, key)
		require.NoError(t, err)
		if len(again) > maxStateLength {
			return
		}
		back, authentic, err := parseState(again, key)
		require.NoError(t, err)
		require.True(t, authentic)
		require.Equal(t, mustJSON(t, st), mustJSON(t, back))
	})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// FuzzSealedState seals what an app may send and reads it back.
func FuzzSealedState(f *testing.F) {
	key := []byte("0123456789abcdef0123456789abcdef")
	f.Add("state", "nonce", "openid email", int64(1))
	f.Add("", "\x00\xff", "  ", int64(-1))
	f.Fuzz(func(t *testing.T, state, nonce, scope string, created int64) {
		// JSON is text: what is not UTF-8 comes back as U+FFFD, as from any service that holds its parameters in strings.
		state, nonce, scope = strings.ToValidUTF8(state, ""), strings.ToValidUTF8(nonce, ""), strings.ToValidUTF8(scope, "")
		st := upstreamState{UserPoolID: "p", State: &state, Nonce: nonce, Scopes: strings.Fields(scope), Created: created, V: []string{nonce}}
		sealed, err := sealState(st, key)
		require.NoError(t, err)
		back, authentic, err := parseState(sealed, key)
		if err != nil { // longer than any address
			require.True(t, len(sealed) > maxStateLength || len(mustJSON(t, st)) > maxStateJSON, "%v", err)
			return
		}
		require.True(t, authentic)
		require.Equal(t, mustJSON(t, st), mustJSON(t, back))
		_, authentic, err = parseState(sealed, []byte("another key of thirty-two bytes."))
		require.NoError(t, err)
		require.False(t, authentic)
	})
}

// FuzzCookies sends a browser's cookies to the endpoints that look at them.
func FuzzCookies(f *testing.F) {
	s := fuzzServer(f)
	q := url.Values{"client_id": {fuzzClient}, "redirect_uri": {fuzzCallback}, "response_type": {"code"}, "state": {"s"}}.Encode()
	for _, seed := range []string{"", "cognito-9401=a", "XSRF-TOKEN-9401=" + strings.Repeat("<", 36), `cognito-9401="; csrf-state-9401=`, "=;;;", "cognito-9401=\x00\r\n", "cognito-9401=a; cognito-9401=b"} {
		f.Add(uint8(0), seed)
		f.Add(uint8(1), seed)
		f.Add(uint8(2), seed)
	}
	paths := []string{"/login", "/logout", "/oauth2/authorize", "/oauth2/idpresponse"}
	f.Fuzz(func(t *testing.T, where uint8, cookie string) {
		r := request(http.MethodGet, paths[int(where)%len(paths)], q, "")
		r.Header["Cookie"] = []string{cookie}
		w := s.serve(t, r)
		_, signedIn := s.currentSession(r, s.live().pools[DefaultPoolID])
		require.False(t, signedIn, "no cookie that the service did not give out is a session")
		if to, err := url.Parse(w.Header().Get("Location")); err == nil {
			require.Empty(t, to.Query().Get("code"))
		}
		for _, c := range w.Result().Cookies() { //nolint:bodyclose // of a recorder
			require.NoError(t, c.Valid())
		}
	})
}

// FuzzUserInfo sends tokens. None of them is one of the service's, so none is accepted.
func FuzzUserInfo(f *testing.F) {
	s := fuzzServer(f)
	for _, seed := range []string{"", "Bearer", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJmdXp6Y2xpZW50MDAwMDAwMDAwMDAwMDAwMSJ9.", "Basic YTpi", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjFlNDAwfQ.AA", "bearer \xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		r := request(http.MethodGet, "/oauth2/userInfo", "", "")
		r.Header["Authorization"] = []string{authorization}
		w := s.serve(t, r)
		require.Contains(t, []int{400, 401}, w.Code)
		var e struct {
			Error string `json:"error"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
		require.Contains(t, []string{"invalid_request", "invalid_token"}, e.Error)
	})
}

// FuzzTokenForm sends bodies to the token endpoint. Without the secret there are no tokens.
func FuzzTokenForm(f *testing.F) {
	s := fuzzServer(f)
	f.Add("grant_type=authorization_code&client_id="+fuzzClient+"&client_secret=x&code=a&redirect_uri=b", "")
	f.Add("grant_type=refresh_token&refresh_token=a.b.c.d.e", "Basic ZnV6emNsaWVudDAwMDAwMDAwMDAwMDAwMDE6eA==")
	f.Add("%zz;&a=b&a=c", "Basic JXp6Og==")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		if strings.Contains(body, fuzzSecret) {
			return
		}
		for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
			r := request(http.MethodPost, path, "", body)
			r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
			r.Header["Authorization"] = []string{authorization}
			w := s.serve(t, r)
			require.Contains(t, []int{400, 401}, w.Code)
			require.Contains(t, w.Body.String(), `"error":"`)
		}
	})
}

// FuzzAPI sends bodies to the user pools API.
func FuzzAPI(f *testing.F) {
	s := fuzzServer(f)
	s.api.Reachable = func(context.Context, string) error { return nil } // nobody is called
	names := append(idp.Operations(), "InitiateAuth", "NoSuchOperation", "")
	for i, seed := range []string{`{"UserPoolId":"us-east-1_SsoLab001"}`, `{"UserPoolId":"us-east-1_SsoLab001","ClientId":"x","ProviderName":"IdP"}`, `{"Domain":"ssolab"}`, "null", "[]", `{"UserPoolId":1}`, `{"UserPoolId":"\u0000\r\n"}`, "", "\xff"} {
		f.Add(uint8(i), seed)
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		name := names[int(which)%len(names)]
		if strings.Contains(name, "IdentityProvider") || strings.Contains(name, "UserPoolClient") {
			for _, known := range []string{fuzzClient, "IdP", "example.com"} { // who knows them gets their secrets
				body = strings.ReplaceAll(body, known, "")
			}
		}
		r := request(http.MethodPost, "/", "", body)
		r.Header.Set("X-Amz-Target", idp.Target(name))
		w := s.serve(t, r)
		if w.Code == http.StatusOK {
			require.True(t, json.Valid(w.Body.Bytes()))
			return
		}
		require.Equal(t, http.StatusBadRequest, w.Code)
		var e struct {
			Type string `json:"__type"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e))
		require.Regexp(t, `^[A-Z][A-Za-z]+Exception$`, e.Type)
		require.NotEqual(t, "InternalErrorException", e.Type)
		require.Equal(t, e.Type+":", w.Header().Get("X-Amzn-Errortype"))
	})
}

// FuzzClaims maps what a provider says of a person.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{`{"email":"a@b","email_verified":true}`, `{"email":["a","b c"],"n":1e400}`, `{"email":{"a":[null]}}`, "null", "[]", `{"email":null}`} {
		f.Add([]byte(seed))
	}
	s, err := New(Config{URL: "http://localhost:1"})
	if err != nil {
		f.Fatal(err)
	}
	p := s.live().first()
	f.Fuzz(func(t *testing.T, document []byte) {
		claims, err := decodeClaims(document)
		if err != nil {
			return
		}
		mapped, err := mapClaims(map[string]string{"email": "email", "name": "n", "username": "sub"}, claims)
		if err == nil {
			u := &user{}
			err = s.apply(t.Context(), p, u, mapped, true)
			require.NotContains(t, mapped, "username")
			for _, a := range u.Attributes {
				require.LessOrEqual(t, utf8.RuneCountInString(a.Value), userpool.MaxAttributeValue)
			}
		}
		if err != nil {
			_, known := errors.AsType[*errUpstream](err)
			require.True(t, known, "%v", err)
		}
	})
}
