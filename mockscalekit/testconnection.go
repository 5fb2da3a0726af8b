package mockscalekit

import (
	"encoding/json"
	"net/http"

	"github.com/ssolab/ssolab/internal/look"
	"github.com/ssolab/ssolab/internal/trace"
	"github.com/ssolab/ssolab/internal/web"
	"github.com/ssolab/ssolab/mockscalekit/internal/directory"
	"github.com/ssolab/ssolab/mockscalekit/internal/refusal"
)

// testConnection serves a connection's test_connection_uri: a sign-in through the connection, active or not, whose end is a page
// that says what came of it.
// Unverified: the page.
func (e *environment) testConnection(w http.ResponseWriter, r *http.Request) error {
	_, c, err := e.directory.OfConnection(r.PathValue("connection"))
	if err != nil {
		return refuse("invalid_connection_id", "The environment has no connection %q. Copy the id of a connection of this environment.", r.PathValue("connection")).Because(err)
	}
	f := flow{Test: e.kit.Env.Sonyflake("test")}
	if f.Browser, err = e.bindBrowser(w, r, c.Type == directory.SAML); err != nil {
		return err
	}
	location, err := e.toProvider(r.Context(), f, c, r.URL.Query().Get("login_hint"))
	if err != nil {
		return err
	}
	web.Redirect(w, location)
	return nil
}

// testPage is the data of testView.
type testPage struct {
	Connection directory.Connection
	Subject    string
	Claims     string
	Refusal    *loginError
}

func (e *environment) renderTest(w http.ResponseWriter, r *http.Request, c directory.Connection, s session, err error) error {
	page := testPage{Connection: c}
	if err != nil {
		page.Refusal = refusal.As(err)
		trace.Fail(r.Context(), page.Refusal.Sentence)
	} else {
		claims, err := json.MarshalIndent(s.Who.Claims, "", "  ")
		if err != nil {
			return err
		}
		page.Subject, page.Claims = s.subject(), string(claims)
		trace.Note(r.Context(), "the test of "+c.ID+" succeeded for "+s.Who.text("email"))
	}
	return look.Render(w, http.StatusOK, look.Page{Party: "scalekit", Title: "Connection test", Width: "wide", Strip: e.strip()}, testView(page))
}
