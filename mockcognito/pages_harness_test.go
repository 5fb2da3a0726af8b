package mockcognito_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/ssolab/ssolab/mockcognito"
)

const pagesID = "pages000000000000000000001" // public, signs the pool's own users and federated ones in

// ownPages adds an app client whose login page has a form, and those of ownUsers.
func ownPages(c *mockConfig) {
	ownUsers(c)
	p := &c.UserPools[0]
	p.Clients = append(p.Clients, mockcognito.AppClient{
		ID: pagesID, Name: "Pages", CallbackURLs: []string{callback}, LogoutURLs: []string{"http://localhost:3000/"}, IdentityProviders: []string{"COGNITO", provider},
		ExplicitAuthFlows: everyFlow,
	})
}

// visitor is a person in front of the pages, without scripts.
type visitor struct {
	*bench
	t    *testing.T
	at   *url.URL
	page page
}

// visits goes to an address and follows its redirects on the domain.
func (b *bench) visits(address string) *visitor {
	b.t.Helper()
	v := &visitor{bench: b, t: b.t}
	if strings.HasPrefix(address, "/") {
		address = b.url + address
	}
	v.load(http.MethodGet, address, nil)
	return v
}

// asks begins a sign-in of the app client of the pages.
func (b *bench) asks(pairs ...string) *visitor {
	b.t.Helper()
	return b.visits("/oauth2/authorize?" + params(append([]string{"client_id", pagesID, "identity_provider", "", "login_hint", ""}, pairs...)...))
}

func (v *visitor) load(method, address string, form url.Values) {
	v.t.Helper()
	for range 10 {
		req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
		require.NoError(v.t, err)
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := v.browser.Do(req)
		require.NoError(v.t, err)
		v.at, v.page = req.URL, v.read(resp)
		if v.page.location == nil {
			return
		}
		method, address, form = http.MethodGet, v.page.location.String(), nil
		if strings.HasPrefix(address, callback) {
			v.at = v.page.location
			return
		}
	}
	v.t.Fatal("redirected too often")
}

func (v *visitor) node(root *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			return n
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (v *visitor) document() *html.Node {
	v.t.Helper()
	root, err := html.Parse(strings.NewReader(v.page.body))
	require.NoError(v.t, err)
	return root
}

// find is the element with that data-testid, or nil.
func (v *visitor) find(id string) *html.Node {
	v.t.Helper()
	return v.node(v.document(), func(n *html.Node) bool { return attr(n, "data-testid") == id })
}

// sees says that the page has that test id.
func (v *visitor) sees(id string) *visitor {
	v.t.Helper()
	require.NotNil(v.t, v.find(id), "not the page %s but %s, %d: %s", id, v.at, v.page.status, v.page.body[strings.Index(v.page.body, "<body>")+1:])
	return v
}

// text is what an element says, or the value of a field.
func (v *visitor) text(id string) string {
	v.t.Helper()
	v.sees(id)
	n := v.find(id)
	if n.Data == "input" {
		return attr(n, "value")
	}
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// follows a link.
func (v *visitor) follows(id string) *visitor {
	v.t.Helper()
	v.sees(id)
	to, err := v.at.Parse(attr(v.find(id), "href"))
	require.NoError(v.t, err)
	v.load(http.MethodGet, to.String(), nil)
	return v
}

// submits presses the button with that test id, after typing: test ids and values by turns. A radio button is chosen by
// "checked".
func (v *visitor) submits(button string, typed ...string) *visitor {
	v.t.Helper()
	v.sees(button)
	root := v.document()
	pressed := v.node(root, func(n *html.Node) bool { return attr(n, "data-testid") == button })
	form := pressed.Parent
	for form.Data != "form" {
		form = form.Parent
	}
	fields := url.Values{}
	value := func(n *html.Node) (string, bool) {
		for i := 0; i+1 < len(typed); i += 2 {
			if typed[i] == attr(n, "data-testid") {
				return typed[i+1], true
			}
		}
		return "", false
	}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" {
			continue
		}
		text, given := value(n)
		switch {
		case attr(n, "type") == "radio":
			if given {
				fields.Set(attr(n, "name"), attr(n, "value"))
			}
		case given:
			fields.Set(attr(n, "name"), text)
		default:
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	for i := 0; i+1 < len(typed); i += 2 {
		require.NotNil(v.t, v.find(typed[i]), "no field %s on %s", typed[i], v.at)
	}
	to, err := v.at.Parse(attr(form, "action"))
	require.NoError(v.t, err)
	if attr(form, "method") == "get" {
		to.RawQuery = fields.Encode()
		v.load(http.MethodGet, to.String(), nil)
		return v
	}
	v.load(http.MethodPost, to.String(), fields)
	return v
}

// signsIn types a name and a password on the login page.
func (v *visitor) signsIn(name, clear string) *visitor {
	v.t.Helper()
	return v.sees("cognito-login").submits("cognito-submit", "cognito-username", name, "cognito-password", clear)
}

// refused says that the page shows that error of that class.
func (v *visitor) refused(class, text string) *visitor {
	v.t.Helper()
	v.sees("cognito-error")
	require.Equal(v.t, class, attr(v.find("cognito-error"), "data-error"))
	require.Contains(v.t, v.text("cognito-error"), text)
	return v
}

// claims exchanges the code that the app has been handed.
func (v *visitor) claims() map[string]any {
	v.t.Helper()
	require.True(v.t, strings.HasPrefix(v.at.String(), callback), "at %s, %d: %s", v.at, v.page.status, v.page.body)
	require.Equal(v.t, "app-state", v.at.Query().Get("state"))
	code := v.at.Query().Get("code")
	require.NotEmpty(v.t, code, v.at.String())
	a := v.post("/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {pagesID}, "code": {code}, "redirect_uri": {callback}})
	require.Equal(v.t, 200, a.status, a.raw)
	_, claims := part(v.t, a.json["id_token"], 1)
	return claims
}
