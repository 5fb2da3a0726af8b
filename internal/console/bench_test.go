package console_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ssolab/ssolab/internal/console"
	"github.com/ssolab/ssolab/internal/console/client"
	"github.com/ssolab/ssolab/internal/lab"
	"github.com/ssolab/ssolab/internal/party"
	"github.com/ssolab/ssolab/internal/quirk"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
)

const (
	secret = "the-secret-of-the-client-0123456789"
	// {"alg":"none"} and {"sub":"1","email":"john@example.com"}, with a signature that must not leave the process
	token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZW1haWwiOiJqb2huQGV4YW1wbGUuY29tIn0.c2lnbmF0dXJlLXRoYXQtc3RheXM"
)

// bench is a console beside one party that can be signed in to.
type bench struct {
	t      *testing.T
	kit    *party.Kit
	srv    *httptest.Server
	party  *httptest.Server
	client *client.Client
}

func start(t *testing.T, edit ...func(*console.Config)) *bench {
	t.Helper()
	quirks := quirk.NewSet([]quirk.Quirk{{ID: "odd-one", Party: "cognito", Description: "Something odd.", Default: true}})
	b := &bench{t: t, kit: party.NewKit(lab.New(lab.Options{}), quirks, nil)}
	t.Cleanup(func() { require.NoError(t, b.kit.Close()) })
	b.party = httptest.NewServer(b.surface())
	t.Cleanup(b.party.Close)
	b.srv = httptest.NewUnstartedServer(nil)
	c := console.Config{
		Kit: b.kit, URL: "http://" + b.srv.Listener.Addr().String(), Version: "1.2.3",
		Info: func() console.Info {
			return console.Info{
				Parties:   []console.PartyInfo{{Name: "Cognito", Party: "cognito", URL: b.party.URL, Description: "The pool."}, {Name: "Sample app", Party: "app", URL: "http://localhost:9403"}},
				Variables: []console.Variable{{Name: "COGNITO_CLIENT_ID", Value: "client"}, {Name: "COGNITO_CLIENT_SECRET", Value: secret, Secret: true}, {Name: "A_SENTENCE", Value: `it's "$5"`}},
				Emails:    []string{"john@example.com"},
			}
		},
	}
	for _, f := range edit {
		f(&c)
	}
	h, err := console.New(c)
	require.NoError(t, err)
	b.srv.Config.Handler = h
	b.srv.Start()
	t.Cleanup(b.srv.Close)
	b.client = client.New(b.srv.URL, b.srv.Client())
	return b
}

// surface is a party with a front-channel endpoint that hands out a code and a token endpoint.
func (b *bench) surface() http.Handler {
	s := &web.Surface{Party: trace.Cognito, Trace: b.kit.Trace, Faults: b.kit.Faults}
	s.Mount(
		web.Route{Path: "/authorize", Point: "cognito.authorize", Channel: trace.Front, Starts: true, Serve: func(w http.ResponseWriter, r *http.Request) error {
			trace.Annotate(r.Context(), func(s *trace.SignIn) {
				s.Email, s.ClientID, s.Outcome = r.URL.Query().Get("login_hint"), "client", trace.Code
			})
			web.Redirect(w, "http://localhost:9403/auth/callback?code=a-code-nobody-may-see&state=a-state")
			return nil
		}},
		web.Route{Methods: []string{http.MethodPost}, Path: "/token", Point: "cognito.token", Channel: trace.Back, Serve: func(w http.ResponseWriter, r *http.Request) error {
			if r.FormValue("client_secret") != secret {
				trace.Fail(r.Context(), "Cognito does not accept the client's secret <b>.")
				return web.JSON(w, http.StatusBadRequest, "application/json", map[string]string{"error": "invalid_client"})
			}
			trace.Note(r.Context(), "the client is who it says")
			trace.Annotate(r.Context(), func(s *trace.SignIn) { s.Outcome = trace.Completed })
			return web.JSON(w, http.StatusOK, "application/json", map[string]string{"id_token": token, "access_token": "an-opaque-access-token", "token_type": "Bearer"})
		}},
	)
	return s
}

// signIn drives one sign-in and returns its id.
func (b *bench) signIn(clientSecret string) string {
	b.t.Helper()
	hc := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := hc.Get(b.party.URL + "/authorize?login_hint=john%40example.com&client_id=client&state=a-state")
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	resp, err = hc.PostForm(b.party.URL+"/token", map[string][]string{"grant_type": {"authorization_code"}, "code": {"a-code-nobody-may-see"}, "client_secret": {clientSecret}})
	require.NoError(b.t, err)
	require.NoError(b.t, resp.Body.Close())
	list := b.kit.Trace.SignIns()
	require.NotEmpty(b.t, list)
	return list[0].ID
}

type answer struct {
	*http.Response
	body string
}

var style = regexp.MustCompile(`(?s)<style>.*</style>`) // it makes failures unreadable

func (b *bench) do(method, path, body string, edit ...func(*http.Request)) answer {
	b.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, b.srv.URL+path, r)
	require.NoError(b.t, err)
	for _, f := range edit {
		f(req)
	}
	resp, err := b.srv.Client().Do(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return answer{resp, style.ReplaceAllString(string(out), "")}
}

func (b *bench) get(path string, edit ...func(*http.Request)) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", edit...)
}

// requireRefusal wants the JSON error with its two members, and both to say something.
func requireRefusal(t *testing.T, a answer, status int, contains string) {
	t.Helper()
	require.Equal(t, status, a.StatusCode, a.body)
	require.Equal(t, "application/json", a.Header.Get("Content-Type"))
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	var e map[string]string
	require.NoError(t, json.Unmarshal([]byte(a.body), &e), a.body)
	require.Len(t, e, 2)
	require.Contains(t, e["error"], contains)
	require.NotEmpty(t, e["hint"])
}
